//! Go's crypto/x509, as crypto/tls calls it: every certificate sent must parse; the leaf's critical
//! extensions, dates and name come first; then every chain is built, roots before intermediates and
//! matching key identifiers first, within a budget of signature checks; extended key usage is looked
//! at last, over whole chains.
//!
//! Of the policy it reads `name_check`.

use super::{Answer, Input, sent};
use crate::cert::{Certificate, oid};
use crate::chain::{KeyIdMatch, NameMatch, NodeId, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::NameCheck;
use crate::judge::{Purpose, Reason, ReasonKind, SerialFault, StrictRule, facts, name, policies};

/// Go's own limit of signature checks.
const MOST_SIGNATURES: u32 = 100;
/// Chains kept at most; Go has no such limit of its own, but its budget allows no more.
const MOST_CHAINS: usize = 100;

/// Go's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let list = sent(input.chain);
    let Some(&leaf) = list.first() else {
        return Answer {
            failures: vec![Reason {
                kind: ReasonKind::NoCertificate,
                node: None,
            }],
            ..Answer::default()
        };
    };
    let mut verifier = Verifier {
        input,
        sent: list,
        signatures: 0,
        comparisons: MOST_COMPARISONS,
        hint_path: Vec::new(),
    };
    match verifier.verify(leaf) {
        Ok(path) => Answer {
            accepted: true,
            path,
            ..Answer::default()
        },
        Err(fault) => Answer {
            path: match fault.hint {
                Some(_) => verifier.hint_path,
                None => fault.path,
            },
            failures: std::iter::once(fault.reason).chain(fault.hint).collect(),
            ..Answer::default()
        },
    }
}

/// An error, and the first candidate issuer that could not be used.
struct Fault {
    reason: Reason,
    hint: Option<Reason>,
    path: Vec<NodeId>,
}

impl Fault {
    fn on(id: NodeId, kind: ReasonKind, path: &[NodeId]) -> Self {
        Self {
            reason: Reason::on(id, kind),
            hint: None,
            path: path.to_vec(),
        }
    }
}

/// What a certificate is in the chain that is built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Leaf,
    Intermediate,
    Root,
}

struct Verifier<'a> {
    input: &'a Input<'a>,
    sent: Vec<NodeId>,
    signatures: u32,
    comparisons: usize,
    hint_path: Vec<NodeId>,
}

impl<'a> Verifier<'a> {
    fn certificate(&self, id: NodeId) -> Option<&'a Certificate> {
        self.input.chain.certificate(id).map(AsRef::as_ref)
    }

    fn verify(&mut self, leaf: NodeId) -> Result<Vec<NodeId>, Fault> {
        let start = [leaf];
        for &id in &self.sent {
            if let Some(kind) = self.certificate(id).and_then(unparsable) {
                return Err(Fault::on(id, kind, &start));
            }
        }
        if let Some(kind) = self.valid(leaf, Role::Leaf, &[]) {
            return Err(Fault::on(leaf, kind, &start));
        }
        if let (Some(wanted), Some(certificate)) =
            (&self.input.question.name, self.certificate(leaf))
            && self.input.policy.name_check != NameCheck::Never
            && !name::accepts(certificate, wanted, self.input.policy)
        {
            let kind = ReasonKind::NameMismatch {
                wanted: facts::host(wanted),
                presented: name::presented(certificate, 8),
            };
            return Err(Fault::on(leaf, kind, &start));
        }
        let chains = if self.input.anchors.holds(leaf) {
            vec![vec![leaf]]
        } else {
            self.build(&start)?
        };
        let mut other: Option<ReasonKind> = None;
        for chain in &chains {
            match self.whole(chain) {
                None => return Ok(chain.clone()),
                Some(kind) => other = Some(kind),
            }
        }
        let path = chains.first().cloned().unwrap_or_else(|| start.to_vec());
        let kind = other.unwrap_or(ReasonKind::MissingIssuer);
        Err(Fault::on(leaf, kind, &path))
    }

    /// What only a whole chain tells: policies, then extended key usage from the root down.
    fn whole(&self, chain: &[NodeId]) -> Option<ReasonKind> {
        let below: Vec<&Certificate> = chain
            .iter()
            .take(chain.len().saturating_sub(1).max(1))
            .filter_map(|&id| self.certificate(id))
            .collect();
        if let Some((_, why)) = policies::fault(&below) {
            return Some(ReasonKind::Policy(why));
        }
        let (wanted, is_client) = match self.input.question.purpose? {
            Purpose::Client => (oid::KP_CLIENT_AUTH, true),
            Purpose::Server => (oid::KP_SERVER_AUTH, false),
        };
        let usages = chain
            .iter()
            .filter_map(|&id| self.certificate(id))
            .find_map(|c| facts::lacks_purpose(c, wanted, true))?;
        Some(match is_client {
            true => ReasonKind::NotForClients { usages },
            false => ReasonKind::NotForServers { usages },
        })
    }

    /// All chains from the last certificate of `current` up.
    fn build(&mut self, current: &[NodeId]) -> Result<Vec<Vec<NodeId>>, Fault> {
        let Some(&child) = current.last() else {
            return Ok(Vec::new());
        };
        let mut chains = Vec::new();
        let mut error: Option<Fault> = None;
        let mut hint: Option<Reason> = None;
        let roots: Vec<NodeId> = self.input.anchors.iter().collect();
        let others: Vec<NodeId> = self.sent.iter().copied().skip(1).collect();
        let candidates = self
            .parents(child, &roots)
            .into_iter()
            .map(|id| (Role::Root, id))
            .chain(
                self.parents(child, &others)
                    .into_iter()
                    .map(|id| (Role::Intermediate, id)),
            );
        for (role, candidate) in candidates {
            if self.already(candidate, current) || chains.len() >= MOST_CHAINS {
                continue;
            }
            self.signatures += 1;
            if self.signatures > MOST_SIGNATURES {
                error = Some(Fault::on(child, ReasonKind::BudgetSpent, current));
                continue;
            }
            let mut longer = current.to_vec();
            longer.push(candidate);
            if let Some(reason) = self.signed_by(child, candidate) {
                if hint.is_none() {
                    hint = Some(reason);
                    self.hint_path.clone_from(&longer);
                }
                continue;
            }
            if let Some(kind) = self.valid(candidate, role, current) {
                error = Some(Fault::on(candidate, kind, &longer));
                continue;
            }
            error = None;
            if role == Role::Root {
                chains.push(longer);
                continue;
            }
            match self.build(&longer) {
                Ok(found) => chains.extend(found),
                Err(fault) => error = Some(fault),
            }
        }
        if !chains.is_empty() {
            return Ok(chains);
        }
        Err(error.unwrap_or_else(|| Fault {
            reason: Reason::on(child, ReasonKind::MissingIssuer),
            hint,
            path: current.to_vec(),
        }))
    }

    /// Candidates of the right name: those of the right key identifier first, of a different one last.
    fn parents(&self, child: NodeId, pool: &[NodeId]) -> Vec<NodeId> {
        let mut found: Vec<(u8, NodeId)> = Vec::new();
        for &id in pool {
            let Some(link) = self.input.chain.link(child, id) else {
                continue;
            };
            if link.name != NameMatch::Same || found.iter().any(|&(_, known)| known == id) {
                continue;
            }
            let both_absent = link.key_id == KeyIdMatch::Absent
                && self.certificate(child).is_some_and(|c| c.authority_key_id().is_none())
                && self.certificate(id).is_some_and(|c| c.subject_key_id().is_none());
            let rank = match link.key_id {
                KeyIdMatch::Same => 0,
                KeyIdMatch::Absent if both_absent => 0,
                KeyIdMatch::Absent => 1,
                KeyIdMatch::Different => 2,
            };
            found.push((rank, id));
        }
        found.sort_by_key(|&(rank, _)| rank);
        found.into_iter().map(|(_, id)| id).collect()
    }

    /// A certificate of this name, key and alternative names stands in the chain.
    fn already(&self, candidate: NodeId, current: &[NodeId]) -> bool {
        let Some(one) = self.certificate(candidate) else {
            return true;
        };
        let names = |c: &Certificate| facts::extension(c, "2.5.29.17").map(|e| e.raw.clone());
        current
            .iter()
            .filter_map(|&id| self.certificate(id))
            .any(|c| {
                c.subject.der == one.subject.der
                    && c.spki_sha256 == one.spki_sha256
                    && names(c) == names(one)
            })
    }

    /// Why `candidate` cannot have signed `child`.
    fn signed_by(&self, child: NodeId, candidate: NodeId) -> Option<Reason> {
        let issuer = self.certificate(candidate)?;
        let limits = issuer.basic_constraints();
        let no_ca = match limits {
            None => issuer.version == Some(3),
            Some((ca, _)) => !ca,
        };
        if no_ca {
            return Some(Reason::on(candidate, ReasonKind::NotACa));
        }
        if facts::lacks_cert_sign(issuer) {
            return Some(Reason::on(candidate, ReasonKind::NoCertSign));
        }
        let certificate = self.certificate(child)?;
        if let Some(hash) = facts::weak_hash(certificate) {
            return Some(Reason::on(child, ReasonKind::WeakHash(hash)));
        }
        match &self.input.chain.link(child, candidate)?.signature {
            SignatureCheck::Verified => None,
            SignatureCheck::Bad => Some(Reason::on(child, ReasonKind::BadSignature)),
            SignatureCheck::CannotCheck(why) if why.contains("key") => {
                Some(Reason::on(child, ReasonKind::BadSignature))
            }
            SignatureCheck::CannotCheck(why) => {
                Some(Reason::on(child, ReasonKind::UncheckedSignature(why.clone())))
            }
            SignatureCheck::NotChecked => Some(Reason::on(child, ReasonKind::BudgetSpent)),
        }
    }

    /// What stands against a certificate in its role above `current`.
    fn valid(&mut self, id: NodeId, role: Role, current: &[NodeId]) -> Option<ReasonKind> {
        let certificate = self.certificate(id)?;
        if let Some(oid) = facts::unknown_critical(certificate) {
            return Some(ReasonKind::UnknownCriticalExtension { oid });
        }
        let at = self.input.question.at;
        match (certificate.not_before, certificate.not_after) {
            (Some(not_before), _) if at < not_before => {
                return Some(ReasonKind::NotYetValid { not_before });
            }
            (_, Some(not_after)) if at > not_after => {
                return Some(ReasonKind::Expired { not_after });
            }
            _ => {}
        }
        if role != Role::Leaf {
            for &below in current {
                let Some(one) = self.certificate(below) else {
                    continue;
                };
                if facts::extension(one, "2.5.29.17").is_none() {
                    continue;
                }
                match constraints::violation(certificate, one, false, &mut self.comparisons) {
                    Ok(None) => {}
                    Ok(Some((name, detail))) => {
                        return Some(ReasonKind::NameConstraint { name, detail });
                    }
                    Err(_) => return Some(ReasonKind::BudgetSpent),
                }
            }
        }
        if role == Role::Intermediate && !certificate.is_ca() {
            return Some(ReasonKind::NotACa);
        }
        match certificate.basic_constraints() {
            Some((_, Some(allowed)))
                if role != Role::Leaf && current.len().saturating_sub(1) > allowed as usize =>
            {
                Some(ReasonKind::PathTooLong { allowed })
            }
            _ => None,
        }
    }
}

/// What Go's parser refuses.
fn unparsable(certificate: &Certificate) -> Option<ReasonKind> {
    let critical = |oid: &str| facts::extension(certificate, oid).is_some_and(|e| e.critical);
    if critical("2.5.29.35") {
        return Some(ReasonKind::Strict(StrictRule::AuthorityKeyIdCritical));
    }
    if critical("2.5.29.14") {
        return Some(ReasonKind::Strict(StrictRule::SubjectKeyIdCritical));
    }
    if certificate.serial.first().is_some_and(|&b| b & 0x80 != 0) {
        return Some(ReasonKind::Serial(SerialFault::Negative));
    }
    facts::unreadable(certificate).into_iter().next()
}
