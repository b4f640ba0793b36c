//! Chromium's path builder and verifier, for roots that the user added.
//!
//! Paths are searched depth first, anchors before what was sent, key identifiers that agree before
//! those that do not; each complete path is verified as a whole, and the first without fault is taken.
//! The error is the gravest of the best path: nearly every fault of the profile makes the certificate
//! invalid, then comes the unknown issuer, the name, a weak key, the dates.
//!
//! Of the policy it reads `anchor_dates`, `anchor_constraints`, `any_extended_key_usage`,
//! `extended_key_usage`, `least_rsa_bits`, `name_check`, `sha1`, `trailing_dot`, `trusted_leaf`.

use super::ground::{Ground, dates};
use super::{Answer, Input, steps};
use crate::cert::{Certificate, Hash, KeyKind, oid};
use crate::chain::{KeyIdMatch, NodeId};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{ExtendedKeyUsage, NameCheck, Sha1, TrustedLeaf};
use crate::judge::{Purpose, Reason, ReasonKind, facts, name, policies};

/// Steps of the search at most.
const MOST_STEPS: usize = 200;
/// Complete paths that are verified at most.
const MOST_PATHS: usize = 20;

/// What Chromium answers.
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
    let verify = Verify {
        ground: Ground::of(input),
    };
    let (path, mut failures) = verify.search(leaf);
    if input.policy.name_check != NameCheck::Never {
        failures.extend(verify.name(leaf).map(|kind| Reason::on(leaf, kind)));
    }
    failures.sort_by_key(|r| gravity(&r.kind));
    Answer {
        accepted: failures.is_empty(),
        steps: steps::of(input, &path, &failures),
        path,
        failures,
        spoken: None,
    }
}

/// The order in which one error code is chosen among several.
fn gravity(kind: &ReasonKind) -> u8 {
    match kind {
        ReasonKind::MissingIssuer
        | ReasonKind::UnknownRoot
        | ReasonKind::SelfSignedLeaf
        | ReasonKind::BadSignature => 1,
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. } => 2,
        ReasonKind::WeakKey { .. } => 3,
        ReasonKind::Expired { .. } | ReasonKind::NotYetValid { .. } => 4,
        _ => 0,
    }
}

#[derive(Clone, Copy)]
struct Verify<'a> {
    ground: Ground<'a>,
}

impl<'a> Verify<'a> {
    fn search(self, leaf: NodeId) -> (Vec<NodeId>, Vec<Reason>) {
        let policy = self.ground.input.policy;
        if self.ground.is_anchor(leaf) && policy.trusted_leaf != TrustedLeaf::Never {
            return (vec![leaf], self.faults(&[leaf]));
        }
        let mut best: Option<(Vec<NodeId>, Vec<Reason>)> = None;
        let mut longest = vec![leaf];
        let (mut steps, mut complete, mut spent) = (0, 0, false);
        let mut stack = vec![vec![leaf]];
        while let Some(path) = stack.pop() {
            let Some(&top) = path.last() else { continue };
            if top != leaf && self.ground.is_anchor(top) {
                complete += 1;
                let faults = self.faults(&path);
                if faults.is_empty() {
                    return (path, faults);
                }
                let worst = |f: &[Reason]| f.iter().map(|r| gravity(&r.kind)).min();
                // A higher number is a lighter fault.
                if best.as_ref().is_none_or(|(_, b)| worst(&faults) > worst(b)) {
                    best = Some((path, faults));
                }
                if complete >= MOST_PATHS {
                    spent = true;
                    break;
                }
                continue;
            }
            if path.len() > longest.len() {
                longest.clone_from(&path);
            }
            for issuer in self.issuers(top).into_iter().rev() {
                steps += 1;
                if path.contains(&issuer) || self.repeats(&path, issuer) {
                    continue;
                }
                let mut longer = path.clone();
                longer.push(issuer);
                stack.push(longer);
            }
            if steps > MOST_STEPS {
                spent = true;
                break;
            }
        }
        let (path, mut faults) = best.unwrap_or_else(|| {
            let mut faults = vec![self.ground.unanchored(&longest)];
            // Broken hashes are an error of their own, whoever signed.
            faults.extend(longest.iter().filter_map(|&id| {
                let kind = self.broken_hash(self.ground.certificate(id)?)?;
                (!self.ground.input.chain.is_self_signed(id)).then(|| Reason::on(id, kind))
            }));
            (longest, faults)
        });
        if spent {
            faults.push(Reason {
                kind: ReasonKind::BudgetSpent,
                node: None,
            });
        }
        (path, faults)
    }

    fn issuers(self, child: NodeId) -> Vec<NodeId> {
        let mut links = self.ground.issuers(child);
        links.sort_by_key(|l| {
            let key_id = match l.key_id {
                KeyIdMatch::Same => 0,
                KeyIdMatch::Absent => 1,
                KeyIdMatch::Different => 2,
            };
            (key_id == 2, !self.ground.is_anchor(l.issuer), key_id)
        });
        links.iter().map(|l| l.issuer).collect()
    }

    /// Name, key and alternative names are on the path already.
    fn repeats(self, path: &[NodeId], issuer: NodeId) -> bool {
        let Some(new) = self.ground.certificate(issuer) else {
            return true;
        };
        let names = |c: &'a Certificate| facts::extension(c, "2.5.29.17").map(|e| &e.raw);
        path.iter()
            .filter_map(|&id| self.ground.certificate(id))
            .any(|c| {
                c.spki_sha256 == new.spki_sha256
                    && c.subject.matches(&new.subject)
                    && names(c) == names(new)
            })
    }

    /// Everything against a path that ends at an anchor.
    fn faults(self, path: &[NodeId]) -> Vec<Reason> {
        let policy = self.ground.input.policy;
        let at = self.ground.input.question.at;
        let last = path.len().saturating_sub(1);
        let mut faults = Vec::new();
        let mut below: u32 = 0;
        let mut left = MOST_COMPARISONS;
        for (depth, &id) in path.iter().enumerate() {
            let Some(certificate) = self.ground.certificate(id) else {
                continue;
            };
            let anchor = depth == last;
            let mut kinds = facts::unreadable(certificate);
            if (!anchor || policy.anchor_dates)
                && let Some(kind) = dates(certificate, at)
            {
                kinds.push(kind);
            }
            if !anchor {
                kinds.extend(self.broken_hash(certificate));
            }
            kinds.extend(self.weak_key(certificate));
            kinds.extend(
                facts::unknown_critical(certificate)
                    .map(|oid| ReasonKind::UnknownCriticalExtension { oid }),
            );
            if depth > 0 && (!anchor || policy.anchor_constraints) {
                let constraints = certificate.basic_constraints();
                let is_ca = match constraints {
                    Some((ca, _)) => ca,
                    None => anchor,
                };
                if !is_ca {
                    kinds.push(ReasonKind::NotACa);
                }
                if facts::lacks_cert_sign(certificate) {
                    kinds.push(ReasonKind::NoCertSign);
                }
                if let Some((true, Some(allowed))) = constraints
                    && below > allowed
                {
                    kinds.push(ReasonKind::PathTooLong { allowed });
                }
            }
            let nested = matches!(
                policy.extended_key_usage,
                ExtendedKeyUsage::Nested | ExtendedKeyUsage::NestedWithAnchor
            );
            let asked = depth == 0 || (nested && !anchor);
            if asked && policy.extended_key_usage != ExtendedKeyUsage::Ignored {
                kinds.extend(self.purpose(certificate));
            }
            faults.extend(kinds.into_iter().map(|kind| Reason::on(id, kind)));
            if let Some(&issuer) = path.get(depth + 1)
                && let Err(kind) = self.ground.signature(id, issuer)
            {
                faults.push(Reason::on(id, kind));
            }
            if depth > 0 && (!anchor || policy.anchor_constraints) {
                faults.extend(self.constraints(path, depth, certificate, &mut left));
            }
            if depth > 0 && !certificate.is_self_issued() {
                below += 1;
            }
        }
        let lower: Vec<&Certificate> = path
            .iter()
            .take(last)
            .filter_map(|&id| self.ground.certificate(id))
            .collect();
        if let Some((place, why)) = policies::fault(&lower)
            && let Some(&id) = path.get(place)
        {
            faults.push(Reason::on(id, ReasonKind::Policy(why)));
        }
        faults
    }

    fn constraints(
        self,
        path: &[NodeId],
        depth: usize,
        issuer: &Certificate,
        left: &mut usize,
    ) -> Vec<Reason> {
        let mut faults = Vec::new();
        let Some(&id) = path.get(depth) else {
            return faults;
        };
        for (below, &lower) in path.iter().enumerate().take(depth) {
            let Some(certificate) = self.ground.certificate(lower) else {
                continue;
            };
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            match constraints::violation(issuer, certificate, false, left) {
                Ok(None) => {}
                Ok(Some((name, detail))) => {
                    faults.push(Reason::on(id, ReasonKind::NameConstraint { name, detail }));
                }
                Err(constraints::Spent) => {
                    faults.push(Reason::on(id, ReasonKind::BudgetSpent));
                    return faults;
                }
            }
        }
        faults
    }

    fn broken_hash(self, certificate: &Certificate) -> Option<ReasonKind> {
        match certificate.signature_algorithm.hash {
            Some(hash @ (Hash::Md2 | Hash::Md5)) => Some(ReasonKind::WeakHash(hash)),
            Some(Hash::Sha1) if self.ground.input.policy.sha1 == Sha1::Refused => {
                Some(ReasonKind::WeakHash(Hash::Sha1))
            }
            _ => None,
        }
    }

    fn weak_key(self, certificate: &Certificate) -> Option<ReasonKind> {
        let bits = certificate.key.bits;
        match &certificate.key.kind {
            KeyKind::Rsa { .. } if bits < self.ground.input.policy.least_rsa_bits => {
                Some(ReasonKind::WeakKey { bits })
            }
            KeyKind::Ec { curve } if !matches!(curve.as_str(), "P-256" | "P-384" | "P-521") => {
                Some(ReasonKind::BadKey(format!(
                    "its curve {} is not supported",
                    crate::text::safe(curve)
                )))
            }
            KeyKind::Dsa => Some(ReasonKind::BadKey("DSA is not supported".to_owned())),
            _ => None,
        }
    }

    fn purpose(self, certificate: &Certificate) -> Option<ReasonKind> {
        let input = self.ground.input;
        let any = input.policy.any_extended_key_usage;
        Some(match input.question.purpose? {
            Purpose::Server => ReasonKind::NotForServers {
                usages: facts::lacks_purpose(certificate, oid::KP_SERVER_AUTH, any)?,
            },
            Purpose::Client => ReasonKind::NotForClients {
                usages: facts::lacks_purpose(certificate, oid::KP_CLIENT_AUTH, any)?,
            },
        })
    }

    fn name(self, leaf: NodeId) -> Option<ReasonKind> {
        let input = self.ground.input;
        let wanted = input.question.name.as_ref()?;
        let certificate = self.ground.certificate(leaf)?;
        if name::accepts(certificate, wanted, input.policy) {
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
