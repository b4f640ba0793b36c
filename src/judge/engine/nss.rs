//! mozilla::pkix as Firefox uses it. Issuers are tried by name alone; what is wrong with an issuer is
//! reported before what is wrong with the leaf; when several issuers are wrong in different ways, the
//! answer is "unknown issuer". A self-signed leaf with an unknown issuer has a code of its own.
//!
//! Of the policy it reads `stapled`, `name_check` and `least_rsa_bits`. Revocation that Firefox would ask
//! for over the network is not known here.

use std::collections::HashSet;

use super::{Answer, Input, ground, sent};
use crate::cert::asn1::{Element, OCTET_STRING};
use crate::cert::ocsp::CertStatus;
use crate::cert::{Certificate, KeyKind, oid};
use crate::chain::{NameMatch, NodeId, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{NameCheck, Stapled};
use crate::judge::staple;
use crate::judge::{Purpose, Reason, ReasonKind, StapleFault, facts, name};
use crate::moment::DAY;

/// Intermediates at most.
const MOST_INTERMEDIATES: usize = 6;
/// An answer holds at most so long, and a day when it does not say when the next is due.
const LONGEST_ANSWER: i64 = 10 * DAY;
/// Clocks may be wrong by so much.
const SLOP: i64 = DAY;
/// Steps of the search at most.
const MOST_STEPS: usize = 20_000;

/// Firefox's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer::without_certificate();
    };
    let mut search = Search {
        input,
        sent: sent(input.chain).into_iter().collect(),
        comparisons: MOST_COMPARISONS,
        steps: MOST_STEPS,
        deepest: vec![leaf],
    };
    let mut path = vec![leaf];
    let found = search.forward(&mut path);
    let fault = match found {
        Ok(()) => afterwards(input, leaf),
        Err(reason) => Some(self_signed(input, leaf, reason)),
    };
    Answer {
        accepted: fault.is_none(),
        failures: fault.into_iter().collect(),
        path: if found_path(&path) {
            path
        } else {
            search.deepest
        },
        ..Answer::default()
    }
}

fn found_path(path: &[NodeId]) -> bool {
    path.len() > 1
}

/// Firefox tells a self-signed leaf from other unknown issuers.
fn self_signed(input: &Input<'_>, leaf: NodeId, reason: Reason) -> Reason {
    let unknown = matches!(
        reason.kind,
        ReasonKind::MissingIssuer | ReasonKind::UnknownRoot
    );
    if unknown && input.chain.is_self_signed(leaf) {
        Reason::on(leaf, ReasonKind::SelfSignedLeaf)
    } else {
        reason
    }
}

/// The feature extension, then the name.
fn afterwards(input: &Input<'_>, leaf: NodeId) -> Option<Reason> {
    let certificate = input.chain.certificate(leaf)?;
    if input.policy.stapled == Stapled::Judged
        && certificate.must_staple()
        && input.facts.lacks_stapled()
    {
        return Some(Reason::on(leaf, ReasonKind::MustStaple));
    }
    let wanted = input.question.name.as_ref()?;
    let refused = input.policy.name_check != NameCheck::Never
        && !name::accepts(certificate, wanted, input.policy);
    refused.then(|| Reason::on(leaf, facts::name_mismatch(certificate, wanted)))
}

/// certificatePolicies: no policy is asked for, so it stays closed.
const POLICIES: &str = "2.5.29.32";
/// The list of timestamps, critical or not: only the OCTET STRING around it is opened.
const TIMESTAMPS: &str = "1.3.6.1.4.1.11129.2.4.2";

/// What keeps a certificate from being opened.
fn unopened(certificate: &Certificate) -> Option<ReasonKind> {
    if let Some(oid) = facts::unknown_critical_but(certificate, &[TIMESTAMPS]) {
        return Some(ReasonKind::UnknownCriticalExtension { oid });
    }
    let wrapped = facts::extension(certificate, TIMESTAMPS).is_none_or(|e| {
        let list = Element::read(&e.raw, 0);
        list.is_some_and(|l| l.tag == OCTET_STRING && l.whole.len() == e.raw.len())
    });
    if !wrapped {
        let why = "the list of timestamps is no OCTET STRING".to_owned();
        return Some(ReasonKind::Unreadable(why));
    }
    facts::unreadable_but(certificate, &[POLICIES, TIMESTAMPS])
        .into_iter()
        .next()
        .filter(|kind| !matches!(kind, ReasonKind::Version { .. }))
}

struct Search<'a> {
    input: &'a Input<'a>,
    sent: HashSet<NodeId>,
    comparisons: usize,
    steps: usize,
    deepest: Vec<NodeId>,
}

impl Search<'_> {
    /// Goes up from the last certificate of `path`; on success `path` is whole.
    fn forward(&mut self, path: &mut Vec<NodeId>) -> Result<(), Reason> {
        let Some(&id) = path.last() else {
            return Ok(());
        };
        let is_leaf = path.len() == 1;
        let Some(certificate) = self.input.chain.certificate(id).cloned() else {
            return Err(Reason::on(id, ReasonKind::MissingIssuer));
        };
        // What cannot be read, and critical extensions, are found when the certificate is opened.
        if let Some(kind) = unopened(&certificate) {
            return Err(Reason::on(id, kind));
        }
        let trusted = !is_leaf && self.input.anchors.holds(id);
        let below = path.len().saturating_sub(2);
        let own = self.alone(&certificate, is_leaf, trusted, below);
        let deferred = match own {
            // An anchor that is shown as a server's certificate is refused at once.
            Some(ReasonKind::CaAsLeaf) if self.input.anchors.holds(id) => {
                return Err(Reason::on(id, ReasonKind::CaAsLeaf));
            }
            Some(kind) if is_leaf => Some(Reason::on(id, kind)),
            Some(kind) => return Err(Reason::on(id, kind)),
            None => None,
        };
        if trusted {
            return Ok(());
        }
        if path.len() > MOST_INTERMEDIATES + 1 {
            return Err(Reason::on(id, ReasonKind::MissingIssuer));
        }
        self.issuers(path, id)?;
        if is_leaf
            && !matches!(&deferred, Some(r) if matches!(r.kind, ReasonKind::Expired { .. }))
            && let Some(kind) = self.stapled(path, &certificate)
        {
            return Err(Reason::on(id, kind));
        }
        match deferred {
            Some(reason) => Err(reason),
            None => Ok(()),
        }
    }

    /// What the stapled answer says against the leaf: VerifyEncodedOCSPResponse. The signature comes
    /// before all else that was signed.
    fn stapled(&self, path: &[NodeId], leaf: &Certificate) -> Option<ReasonKind> {
        let response = self.input.facts.stapled.as_ref()?;
        if self.input.policy.stapled != Stapled::Judged {
            return None;
        }
        let issuer = self.input.chain.certificate(*path.get(1)?)?;
        let at = self.input.question.at;
        let fault = |fault| Some(ReasonKind::BadStaple(fault));
        let basic = match staple::read(response) {
            Ok(basic) => basic,
            Err(why) => return fault(why),
        };
        if let Err(why) = staple::authentic(response, basic, issuer, at) {
            return fault(why);
        }
        let Some(single) = staple::about(basic, leaf, issuer) else {
            return fault(StapleFault::OtherCertificate);
        };
        let this_update = single.this_update;
        if this_update > at.plus(SLOP) {
            return fault(StapleFault::NotYetValid { this_update });
        }
        let until = match single.next_update {
            Some(next) => next.min(this_update.plus(LONGEST_ANSWER)),
            None => this_update.plus(DAY),
        };
        match &single.status {
            CertStatus::Revoked { at, why } => Some(ReasonKind::Revoked {
                at: *at,
                why: (*why).to_owned(),
            }),
            CertStatus::Unknown => fault(StapleFault::UnknownCertificate),
            CertStatus::Good if at > until.plus(SLOP) => fault(StapleFault::Expired { until }),
            CertStatus::Good => None,
        }
    }

    /// Tries all issuers; the error is the one that they share.
    fn issuers(&mut self, path: &mut Vec<NodeId>, child: NodeId) -> Result<(), Reason> {
        let unknown = Reason::on(child, ReasonKind::MissingIssuer);
        let chain = self.input.chain;
        let fitting = chain.issuers(child);
        let fitting = fitting.filter(|link| link.name != NameMatch::Different);
        let mut candidates: Vec<NodeId> = fitting.map(|link| link.issuer).collect();
        // Its database takes no root with a key that it does not know.
        let held = |id: NodeId| {
            self.input.anchors.holds(id)
                && !chain.certificate(id).is_some_and(|c| ground::is_edwards(c))
        };
        candidates.retain(|&id| held(id) || self.sent.contains(&id));
        // Anchors first, then the others as they were sent, which is the order of their numbers.
        candidates.sort_unstable_by_key(|&id| (!self.input.anchors.holds(id), id));
        let mut shared: Option<Reason> = None;
        for candidate in candidates {
            if path.contains(&candidate) {
                continue;
            }
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                return Err(Reason::on(child, ReasonKind::BudgetSpent));
            }
            path.push(candidate);
            if path.len() > self.deepest.len() {
                self.deepest.clone_from(path);
            }
            let result = self.candidate(path, child, candidate);
            match result {
                Ok(()) => return Ok(()),
                Err(reason) => {
                    path.truncate(
                        path.iter()
                            .position(|&n| n == candidate)
                            .unwrap_or(path.len()),
                    );
                    shared = Some(match shared {
                        None => reason,
                        Some(earlier) if earlier.kind.id() == reason.kind.id() => earlier,
                        Some(_) => unknown.clone(),
                    });
                }
            }
        }
        Err(shared.unwrap_or(unknown))
    }

    /// Name constraints, then everything above, then the signature.
    fn candidate(
        &mut self,
        path: &mut Vec<NodeId>,
        child: NodeId,
        candidate: NodeId,
    ) -> Result<(), Reason> {
        let place = path.len().saturating_sub(1);
        if let (Some(upper), Some(lower)) = (
            self.input.chain.certificate(candidate),
            self.input.chain.certificate(child),
        ) && let Some(demanded) = upper.tls_features()
            && lower.tls_features() != Some(demanded)
        {
            return Err(Reason::on(child, ReasonKind::TlsFeature));
        }
        if let Some(issuer) = self.input.chain.certificate(candidate) {
            if ground::has_odd_constraints(issuer) {
                let why = "its name constraints have bounds, or no name";
                return Err(Reason::on(
                    candidate,
                    ReasonKind::Unreadable(why.to_owned()),
                ));
            }
            for (depth, &id) in path.iter().take(place).enumerate() {
                let Some(certificate) = self.input.chain.certificate(id) else {
                    continue;
                };
                if depth > 0 && certificate.is_self_issued() {
                    continue;
                }
                match constraints::violation(issuer, certificate, true, &mut self.comparisons) {
                    Ok(None) => {}
                    Ok(Some(kind)) => return Err(Reason::on(id, kind)),
                    Err(_) => return Err(Reason::on(id, ReasonKind::BudgetSpent)),
                }
            }
        }
        self.forward(path)?;
        let link = self.input.chain.link(child, candidate);
        let unchecked = match link.map(|link| &link.signature) {
            Some(SignatureCheck::Verified) => return Ok(()),
            // What is not known here, such as RSA-PSS with another salt, Firefox does not know either.
            Some(SignatureCheck::CannotCheck(why)) => Some(why.clone()),
            _ => None,
        };
        let weak = self
            .input
            .chain
            .certificate(child)
            .and_then(|c| facts::weak_hash(c));
        Err(Reason::on(
            child,
            match (weak, unchecked) {
                (Some(hash), _) => ReasonKind::WeakHash(hash),
                (None, Some(why)) => ReasonKind::UncheckedSignature(why),
                (None, None) => ReasonKind::BadSignature,
            },
        ))
    }

    /// What does not depend on the issuer; dates last.
    fn alone(
        &self,
        certificate: &Certificate,
        is_leaf: bool,
        trusted: bool,
        below: usize,
    ) -> Option<ReasonKind> {
        let key = &certificate.key;
        let small = matches!(key.kind, KeyKind::Rsa { .. } | KeyKind::RsaPss { .. })
            && key.bits < self.input.policy.least_rsa_bits;
        if small {
            return Some(ReasonKind::WeakKey { bits: key.bits });
        }
        if !is_leaf && ground::is_edwards(certificate) {
            let why = "it is of a kind that Firefox does not know";
            return Some(ReasonKind::BadKey(why.to_owned()));
        }
        if !is_leaf && !ground::has_common_curve(certificate) {
            return Some(ground::other_curve());
        }
        if !trusted && let Some(hash) = facts::weak_hash(certificate) {
            return Some(ReasonKind::WeakHash(hash));
        }
        if !is_leaf && facts::lacks_cert_sign(certificate) {
            return Some(ReasonKind::NoCertSign);
        }
        self.basic_constraints(certificate, is_leaf, trusted, below)
            .or_else(|| self.purpose(certificate))
            .or_else(|| facts::dates(certificate, self.input.question.at))
    }

    fn basic_constraints(
        &self,
        certificate: &Certificate,
        is_leaf: bool,
        trusted: bool,
        below: usize,
    ) -> Option<ReasonKind> {
        match certificate.basic_constraints() {
            Some((true, _)) if is_leaf => Some(ReasonKind::CaAsLeaf),
            _ if is_leaf => None,
            Some((true, Some(allowed))) if below > allowed as usize => {
                Some(ReasonKind::PathTooLong { allowed })
            }
            Some((true, _)) => None,
            // An old root could not say that it is a CA.
            None if trusted && certificate.version == Some(1) => None,
            _ => Some(ReasonKind::NotACa),
        }
    }

    /// Of trusted roots too.
    fn purpose(&self, certificate: &Certificate) -> Option<ReasonKind> {
        match self.input.question.purpose? {
            Purpose::Client => facts::lacks_purpose(certificate, oid::KP_CLIENT_AUTH, false)
                .map(|usages| ReasonKind::NotForClients { usages }),
            Purpose::Server => facts::lacks_purpose(certificate, oid::KP_SERVER_AUTH, false)
                .map(|usages| ReasonKind::NotForServers { usages }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    use super::*;

    /// Seen with Firefox ESR 153.
    #[test]
    fn policies_and_timestamps_stay_closed() {
        let opens = |oid: &str, critical: bool, value: &[u8]| {
            let arcs: Vec<u64> = oid.split('.').map(|arc| arc.parse().unwrap()).collect();
            let mut extension = CustomExtension::from_oid_content(&arcs, value.to_vec());
            extension.set_criticality(critical);
            let mut params = CertificateParams::default();
            params.custom_extensions.push(extension);
            let minted = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            unopened(&Certificate::read(minted.der().to_vec())).is_none()
        };
        assert!(opens(TIMESTAMPS, true, &[4, 2, 0, 0]));
        assert!(!opens(TIMESTAMPS, true, &[4, 0, 0]), "a byte too many");
        assert!(opens(POLICIES, false, &[5, 0]));
        assert!(opens(POLICIES, true, &[5, 0]));
        assert!(opens(POLICIES, false, &[0x30, 0]));
        assert!(!opens("1.2.3.4", true, &[5, 0]));
    }
}
