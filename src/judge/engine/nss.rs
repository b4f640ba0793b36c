//! mozilla::pkix, Firefox's verifier.
//!
//! From the leaf up: what stands against the leaf itself waits until a path was found; what stands
//! against an issuer ends that branch at once. A branch's signature is checked once the path above it
//! holds. Where several candidates failed in different ways, the issuer is called unknown. A leaf is
//! never trusted as it stands. Names are compared byte by byte, the host name comes last.
//!
//! Of the policy it reads `any_extended_key_usage`, `extended_key_usage`, `least_rsa_bits`,
//! `must_staple`, `name_check`.

use super::ground::{Ground, dates, same_bytes};
use super::{Answer, Input, steps};
use crate::cert::{Certificate, Hash, KeyKind, oid};
use crate::chain::NodeId;
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{ExtendedKeyUsage, NameCheck};
use crate::judge::{Purpose, Reason, ReasonKind, facts, name, policies};

/// Intermediates at most.
const MOST_INTERMEDIATES: usize = 6;
/// Steps of the search at most.
const MOST_STEPS: usize = 2_000;

/// What Firefox answers.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer {
            failures: vec![Reason {
                kind: ReasonKind::NoCertificate,
                node: None,
            }],
            ..Answer::default()
        };
    };
    let mut verify = Verify {
        ground: Ground::of(input),
        steps: 0,
        comparisons: MOST_COMPARISONS,
        tried: vec![leaf],
    };
    let (path, failure) = match verify.build(&[leaf]) {
        Ok(path) => {
            let failure = verify.afterwards(leaf).map(|kind| Reason::on(leaf, kind));
            (path, failure)
        }
        Err(reason) => (verify.tried.clone(), Some(verify.named(leaf, reason))),
    };
    let failures: Vec<Reason> = failure.into_iter().collect();
    Answer {
        accepted: failures.is_empty(),
        steps: steps::of(input, &path, &failures),
        path,
        failures,
        spoken: None,
    }
}

struct Verify<'a> {
    ground: Ground<'a>,
    steps: usize,
    comparisons: usize,
    /// The longest path that was tried, for people.
    tried: Vec<NodeId>,
}

impl<'a> Verify<'a> {
    /// BuildForward: lengthens `path` to an anchor.
    fn build(&mut self, path: &[NodeId]) -> Result<Vec<NodeId>, Reason> {
        let Some(&top) = path.last() else {
            return Err(self.ground.unanchored(path));
        };
        let leaf = path.len() == 1;
        if path.len() > self.tried.len() {
            self.tried = path.to_vec();
        }
        let Some(certificate) = self.ground.certificate(top) else {
            return Err(Reason::on(top, ReasonKind::MissingIssuer));
        };
        if let Some(kind) = unparsable(certificate) {
            return Err(Reason::on(top, kind));
        }
        let own = self.independent(
            certificate,
            path.len() - 1,
            !leaf && self.ground.is_anchor(top),
        );
        let waiting = match (own, leaf) {
            (Some(kind), false) => return Err(Reason::on(top, kind)),
            (own, _) => own,
        };
        if !leaf && self.ground.is_anchor(top) {
            return match self.policies(path) {
                Some(reason) => Err(reason),
                None => Ok(path.to_vec()),
            };
        }
        if path.len() > MOST_INTERMEDIATES + 1 {
            return Err(Reason::on(top, ReasonKind::MissingIssuer));
        }
        let mut result: Option<Result<Vec<NodeId>, Reason>> = None;
        for issuer in self.candidates(top) {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return Err(Reason {
                    kind: ReasonKind::BudgetSpent,
                    node: None,
                });
            }
            if self.repeats(path, issuer) {
                continue;
            }
            match self.candidate(path, top, issuer) {
                Ok(found) => {
                    result = Some(Ok(found));
                    break;
                }
                Err(reason) => {
                    let other = |before: &Reason| before.kind.id() != reason.kind.id();
                    result = Some(Err(match &result {
                        Some(Err(before)) if other(before) => {
                            Reason::on(top, ReasonKind::MissingIssuer)
                        }
                        _ => reason,
                    }));
                }
            }
        }
        let found = result.unwrap_or_else(|| Err(Reason::on(top, ReasonKind::MissingIssuer)))?;
        match waiting {
            Some(kind) => Err(Reason::on(top, kind)),
            None => Ok(found),
        }
    }

    fn candidate(
        &mut self,
        path: &[NodeId],
        child: NodeId,
        issuer: NodeId,
    ) -> Result<Vec<NodeId>, Reason> {
        self.constraints(path, issuer)?;
        let mut longer = path.to_vec();
        longer.push(issuer);
        let found = self.build(&longer)?;
        let weak = self
            .ground
            .certificate(child)
            .and_then(|c| c.signature_algorithm.hash)
            .filter(|h| matches!(h, Hash::Md2 | Hash::Md5 | Hash::Sha1));
        if let Some(hash) = weak {
            return Err(Reason::on(child, ReasonKind::WeakHash(hash)));
        }
        match self.ground.signature(child, issuer) {
            Ok(()) => Ok(found),
            Err(kind) => {
                self.tried = found;
                Err(Reason::on(child, kind))
            }
        }
    }

    /// Anchors before what was sent.
    fn candidates(&self, child: NodeId) -> Vec<NodeId> {
        let mut found: Vec<NodeId> = self
            .ground
            .issuers_by_bytes(child)
            .iter()
            .map(|l| l.issuer)
            .collect();
        found.sort_by_key(|&id| !self.ground.is_anchor(id));
        found
    }

    /// Name and key are on the path already.
    fn repeats(&self, path: &[NodeId], issuer: NodeId) -> bool {
        let Some(new) = self.ground.certificate(issuer) else {
            return true;
        };
        path.iter()
            .filter_map(|&id| self.ground.certificate(id))
            .any(|c| c.spki_sha256 == new.spki_sha256 && same_bytes(&c.subject, &new.subject))
    }

    /// CheckIssuerIndependentProperties, in its order.
    fn independent(&self, c: &Certificate, below: usize, anchor: bool) -> Option<ReasonKind> {
        let input = self.ground.input;
        let leaf = below == 0;
        match &c.key.kind {
            KeyKind::Rsa { .. } if c.key.bits < input.policy.least_rsa_bits => {
                return Some(ReasonKind::WeakKey { bits: c.key.bits });
            }
            KeyKind::Ec { curve } if !matches!(curve.as_str(), "P-256" | "P-384" | "P-521") => {
                let why = format!("its curve {} is not supported", crate::text::safe(curve));
                return Some(ReasonKind::BadKey(why));
            }
            _ => {}
        }
        if !leaf && facts::lacks_cert_sign(c) {
            return Some(ReasonKind::NoCertSign);
        }
        match (leaf, c.basic_constraints()) {
            (true, Some((true, _))) => return Some(ReasonKind::CaAsLeaf),
            (false, Some((true, Some(allowed)))) => {
                if below.saturating_sub(1) > usize::try_from(allowed).unwrap_or(usize::MAX) {
                    return Some(ReasonKind::PathTooLong { allowed });
                }
            }
            (false, None) if c.version == Some(1) => {
                if !anchor {
                    let why = "only an anchor may be a CA of version 1".to_owned();
                    return Some(ReasonKind::Version { version: 1, why });
                }
            }
            (false, None | Some((false, _))) => return Some(ReasonKind::NotACa),
            _ => {}
        }
        if input.policy.extended_key_usage != ExtendedKeyUsage::Ignored {
            let any = input.policy.any_extended_key_usage;
            let kind = match input.question.purpose {
                Some(Purpose::Server) => facts::lacks_purpose(c, oid::KP_SERVER_AUTH, any)
                    .map(|usages| ReasonKind::NotForServers { usages }),
                Some(Purpose::Client) => facts::lacks_purpose(c, oid::KP_CLIENT_AUTH, any)
                    .map(|usages| ReasonKind::NotForClients { usages }),
                None => None,
            };
            if kind.is_some() {
                return kind;
            }
        }
        dates(c, input.question.at)
    }

    fn constraints(&mut self, path: &[NodeId], issuer: NodeId) -> Result<(), Reason> {
        let Some(upper) = self.ground.certificate(issuer) else {
            return Ok(());
        };
        for &id in path {
            let Some(lower) = self.ground.certificate(id) else {
                continue;
            };
            match constraints::violation(upper, lower, false, &mut self.comparisons) {
                Ok(None) => {}
                Ok(Some((name, detail))) => {
                    return Err(Reason::on(
                        issuer,
                        ReasonKind::NameConstraint { name, detail },
                    ));
                }
                Err(constraints::Spent) => {
                    return Err(Reason::on(issuer, ReasonKind::BudgetSpent));
                }
            }
        }
        Ok(())
    }

    fn policies(&self, path: &[NodeId]) -> Option<Reason> {
        let below: Vec<&Certificate> = path
            .iter()
            .take(path.len().saturating_sub(1))
            .filter_map(|&id| self.ground.certificate(id))
            .collect();
        let (place, why) = policies::fault(&below)?;
        Some(Reason::on(*path.get(place)?, ReasonKind::Policy(why)))
    }

    /// An unknown issuer that is the leaf itself has a name of its own.
    fn named(&self, leaf: NodeId, reason: Reason) -> Reason {
        let self_signed = self
            .ground
            .certificate(leaf)
            .is_some_and(|c| same_bytes(&c.subject, &c.issuer))
            && self.ground.input.chain.is_self_signed(leaf);
        match reason.kind {
            ReasonKind::MissingIssuer if self_signed => {
                Reason::on(leaf, ReasonKind::SelfSignedLeaf)
            }
            _ => reason,
        }
    }

    /// Staple, then name.
    fn afterwards(&self, leaf: NodeId) -> Option<ReasonKind> {
        let input = self.ground.input;
        let certificate = self.ground.certificate(leaf)?;
        if input.policy.must_staple
            && facts::must_staple(certificate)
            && input.facts.stapled.is_none()
        {
            return Some(ReasonKind::MustStaple);
        }
        let wanted = input.question.name.as_ref()?;
        if input.policy.name_check == NameCheck::Never
            || name::accepts(certificate, wanted, input.policy)
        {
            return None;
        }
        Some(match name::find(certificate, wanted) {
            name::NameAnswer::OnlyCommonName => ReasonKind::NameOnlyInCommonName {
                wanted: facts::host(wanted),
            },
            _ => ReasonKind::NameMismatch {
                wanted: facts::host(wanted),
                presented: name::presented(certificate, 8),
            },
        })
    }
}

/// What its parser refuses, and critical extensions that it does not know.
fn unparsable(c: &Certificate) -> Option<ReasonKind> {
    let mut kinds = facts::unreadable(c).into_iter();
    let broken = kinds.find(|k| !matches!(k, ReasonKind::Version { .. }));
    broken.or_else(|| {
        facts::unknown_critical(c).map(|oid| ReasonKind::UnknownCriticalExtension { oid })
    })
}
