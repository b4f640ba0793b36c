//! Java's PKIX (sun.security.validator and SunCertPathBuilder), as TLS clients call it.
//!
//! What was sent is taken in its order. A leaf that is trusted passes as it stands; a certificate that
//! is trusted, or has name and key of one that is, ends the path. When the last one's issuer is
//! trusted and signed it, the path is validated from the top down and the first fault is the error;
//! otherwise a path is searched, and all that is said of failure is that none was found. Neither dates
//! nor constraints of an anchor count, but one of version 3 must be a CA. Then the leaf's usages, then
//! its name.
//!
//! Of the policy it reads `anchor_dates`, `anchor_constraints`, `common_name`, `extended_key_usage`,
//! `leaf_key_usage`, `least_rsa_bits`, `name_check`, `partial_wildcards`, `sha1`.

use super::ground::{Ground, dates};
use super::{Answer, Input, steps};
use crate::cert::extension::KeyUsage;
use crate::cert::{Certificate, Hash, KeyKind, Oid, oid};
use crate::chain::{NodeId, Origin, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{CommonName, ExtendedKeyUsage, NameCheck, Sha1};
use crate::judge::{Purpose, Reason, ReasonKind, facts, name, policies};

/// Steps of the search at most.
const MOST_STEPS: usize = 2_000;

/// Extensions that are resolved when critical.
const RESOLVED: &[&str] = &[
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.54",
    "2.16.840.1.113730.1.1",
];

/// What Java answers.
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
    let (path, mut failures) = verify.path(leaf);
    if failures.is_empty() {
        failures.extend(verify.usage(leaf).map(|kind| Reason::on(leaf, kind)));
    }
    if failures.is_empty() && input.policy.name_check != NameCheck::Never {
        failures.extend(verify.name(leaf).map(|kind| Reason::on(leaf, kind)));
    }
    Answer {
        accepted: failures.is_empty(),
        steps: steps::of(input, &path, &failures),
        path,
        failures,
        spoken: None,
    }
}

#[derive(Clone, Copy)]
struct Verify<'a> {
    ground: Ground<'a>,
}

impl<'a> Verify<'a> {
    fn certificate(self, id: NodeId) -> Option<&'a Certificate> {
        self.ground.certificate(id)
    }

    /// PKIXValidator.engineValidate.
    fn path(self, leaf: NodeId) -> (Vec<NodeId>, Vec<Reason>) {
        if self.ground.is_anchor(leaf) {
            return (vec![leaf], Vec::new());
        }
        let mut list = vec![leaf];
        let mut ordered = true;
        for id in self.in_order(leaf) {
            let follows = list
                .last()
                .is_some_and(|&child| self.names_issuer(child, id));
            if !follows {
                ordered = false;
                break;
            }
            list.push(id);
            if self.is_trusted(id) {
                break;
            }
        }
        if !ordered {
            return self.search(leaf);
        }
        let Some(&last) = list.last() else {
            return (list, Vec::new());
        };
        if list.len() > 1 && self.is_trusted(last) {
            list.pop();
            return self.validate(list);
        }
        let signed = self.anchors_of(last).into_iter().any(|anchor| {
            matches!(
                self.ground
                    .input
                    .chain
                    .link(last, anchor)
                    .map(|l| &l.signature),
                Some(SignatureCheck::Verified)
            )
        });
        match signed {
            true => self.validate(list),
            false => self.search(leaf),
        }
    }

    /// What was sent, each as often and in the order as it was.
    fn in_order(self, leaf: NodeId) -> Vec<NodeId> {
        let mut sent: Vec<(usize, NodeId)> = Vec::new();
        for (id, node) in self.ground.input.chain.iter() {
            if let Origin::Sent(positions) = &node.origin {
                sent.extend(positions.iter().map(|&p| (p, id)));
            }
        }
        sent.sort_unstable();
        let first = sent.iter().position(|&(_, id)| id == leaf);
        sent.iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != first)
            .map(|(_, &(_, id))| id)
            .collect()
    }

    fn names_issuer(self, child: NodeId, issuer: NodeId) -> bool {
        match (self.certificate(child), self.certificate(issuer)) {
            (Some(lower), Some(upper)) => lower.issuer.matches(&upper.subject),
            _ => false,
        }
    }

    /// An anchor, or name and key of one.
    fn is_trusted(self, id: NodeId) -> bool {
        self.ground.is_anchor(id)
            || self.certificate(id).is_some_and(|c| {
                self.ground
                    .input
                    .anchors
                    .iter()
                    .filter_map(|a| self.certificate(a))
                    .any(|a| {
                        a.spki_sha256.is_some()
                            && a.spki_sha256 == c.spki_sha256
                            && a.subject.matches(&c.subject)
                    })
            })
    }

    fn anchors_of(self, child: NodeId) -> Vec<NodeId> {
        self.ground
            .input
            .anchors
            .iter()
            .filter(|&anchor| self.names_issuer(child, anchor))
            .collect()
    }

    /// Validates below every anchor of the right name; the last error stands.
    fn validate(self, list: Vec<NodeId>) -> (Vec<NodeId>, Vec<Reason>) {
        let Some(&last) = list.last() else {
            return (list, Vec::new());
        };
        let mut answer = None;
        for anchor in self.anchors_of(last) {
            let mut path = list.clone();
            path.push(anchor);
            let failure = self.fault(&path);
            let good = failure.is_none();
            answer = Some((path, failure.into_iter().collect()));
            if good {
                break;
            }
        }
        answer.unwrap_or_else(|| {
            let reason = self.ground.unanchored(&list);
            (list, vec![reason])
        })
    }

    /// The builder: any path that validates.
    fn search(self, leaf: NodeId) -> (Vec<NodeId>, Vec<Reason>) {
        let mut steps = 0;
        let mut stack = vec![vec![leaf]];
        while let Some(path) = stack.pop() {
            let Some(&top) = path.last() else { continue };
            for link in self.ground.issuers(top).into_iter().rev() {
                steps += 1;
                if steps > MOST_STEPS {
                    let kind = ReasonKind::BudgetSpent;
                    return (vec![leaf], vec![Reason { kind, node: None }]);
                }
                if path.contains(&link.issuer) || link.signature != SignatureCheck::Verified {
                    continue;
                }
                let mut longer = path.clone();
                longer.push(link.issuer);
                if self.ground.is_anchor(link.issuer) {
                    if self.fault(&longer).is_none() {
                        return (longer, Vec::new());
                    }
                } else {
                    stack.push(longer);
                }
            }
        }
        // The longest way up without an anchor is what a person looks at.
        let mut path = vec![leaf];
        while let Some(&top) = path.last()
            && let Some(next) = self
                .ground
                .issuers(top)
                .into_iter()
                .map(|l| l.issuer)
                .find(|id| !path.contains(id) && !self.ground.is_anchor(*id))
        {
            path.push(next);
        }
        let reason = self.ground.unanchored(&path);
        (path, vec![reason])
    }

    /// The first fault of a path that ends at an anchor, from the top down.
    fn fault(self, path: &[NodeId]) -> Option<Reason> {
        let policy = self.ground.input.policy;
        let at = self.ground.input.question.at;
        let anchor = *path.last()?;
        let root = self.certificate(anchor)?;
        if root.version == Some(3) && !root.is_ca() {
            return Some(Reason::on(anchor, ReasonKind::NotACa));
        }
        if policy.anchor_dates
            && let Some(kind) = dates(root, at)
        {
            return Some(Reason::on(anchor, kind));
        }
        let mut most = match root.basic_constraints() {
            Some((_, Some(allowed))) if policy.anchor_constraints => {
                usize::try_from(allowed).unwrap_or(usize::MAX)
            }
            _ => usize::MAX,
        };
        let mut left = MOST_COMPARISONS;
        for depth in (0..path.len().saturating_sub(1)).rev() {
            let (&id, &issuer) = (path.get(depth)?, path.get(depth + 1)?);
            let certificate = self.certificate(id)?;
            let fail = |kind| Some(Reason::on(id, kind));
            if let Some(kind) = self.algorithm(certificate) {
                return fail(kind);
            }
            if depth > 0 && facts::lacks_cert_sign(certificate) {
                return fail(ReasonKind::NoCertSign);
            }
            if depth > 0 {
                if certificate.version != Some(3) || !certificate.is_ca() {
                    return fail(ReasonKind::NotACa);
                }
                if !certificate.is_self_issued() {
                    if most == 0 {
                        let above = path.iter().skip(depth + 1).find_map(|&id| {
                            let (_, allowed) = self.certificate(id)?.basic_constraints()?;
                            Some(Reason::on(
                                id,
                                ReasonKind::PathTooLong { allowed: allowed? },
                            ))
                        });
                        return above.or_else(|| fail(ReasonKind::PathTooLong { allowed: 0 }));
                    }
                    most = most.saturating_sub(1);
                }
                if let Some((_, Some(allowed))) = certificate.basic_constraints() {
                    most = most.min(usize::try_from(allowed).unwrap_or(usize::MAX));
                }
            }
            if (depth == 0 || !certificate.is_self_issued())
                && let Some(reason) = self.constrained(path, depth, certificate, &mut left)
            {
                return Some(reason);
            }
            if let Some(kind) = dates(certificate, at) {
                return fail(kind);
            }
            if let Err(kind) = self.ground.signature(id, issuer) {
                return fail(kind);
            }
            let unknown = certificate
                .extensions
                .iter()
                .find(|e| e.critical && !RESOLVED.contains(&e.oid.as_str()));
            if let Some(extension) = unknown {
                let oid = extension.oid.title();
                return fail(ReasonKind::UnknownCriticalExtension { oid });
            }
        }
        let below: Vec<&Certificate> = path
            .iter()
            .take(path.len().saturating_sub(1))
            .filter_map(|&id| self.certificate(id))
            .collect();
        let (place, why) = policies::fault(&below)?;
        Some(Reason::on(*path.get(place)?, ReasonKind::Policy(why)))
    }

    fn constrained(
        self,
        path: &[NodeId],
        depth: usize,
        certificate: &Certificate,
        left: &mut usize,
    ) -> Option<Reason> {
        let policy = self.ground.input.policy;
        let last = path.len().saturating_sub(1);
        let cn = depth == 0 && policy.common_name != CommonName::Never;
        for (above, &id) in path.iter().enumerate().skip(depth + 1) {
            if above == last && !policy.anchor_constraints {
                continue;
            }
            match constraints::violation(self.certificate(id)?, certificate, cn, left) {
                Ok(None) => {}
                Ok(Some((name, detail))) => {
                    return Some(Reason::on(id, ReasonKind::NameConstraint { name, detail }));
                }
                Err(constraints::Spent) => return Some(Reason::on(id, ReasonKind::BudgetSpent)),
            }
        }
        None
    }

    /// jdk.certpath.disabledAlgorithms, as it is for private roots.
    fn algorithm(self, certificate: &Certificate) -> Option<ReasonKind> {
        let policy = self.ground.input.policy;
        match certificate.signature_algorithm.hash {
            Some(hash @ (Hash::Md2 | Hash::Md5)) => return Some(ReasonKind::WeakHash(hash)),
            Some(Hash::Sha1) if policy.sha1 == Sha1::Refused => {
                return Some(ReasonKind::WeakHash(Hash::Sha1));
            }
            _ => {}
        }
        let bits = certificate.key.bits;
        let weak = match certificate.key.kind {
            KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } => bits < policy.least_rsa_bits,
            KeyKind::Ec { .. } => bits > 0 && bits < 224,
            KeyKind::Dsa => bits > 0 && bits < 1024,
            _ => false,
        };
        weak.then_some(ReasonKind::WeakKey { bits })
    }

    /// EndEntityChecker.
    fn usage(self, leaf: NodeId) -> Option<ReasonKind> {
        let input = self.ground.input;
        let certificate = self.certificate(leaf)?;
        if input.policy.extended_key_usage != ExtendedKeyUsage::Ignored
            && let Some(purpose) = input.question.purpose
        {
            let wanted = match purpose {
                Purpose::Server => oid::KP_SERVER_AUTH,
                Purpose::Client => oid::KP_CLIENT_AUTH,
            };
            let usages = certificate.extended_key_usage();
            let fits = usages.is_none_or(|usages| {
                usages
                    .iter()
                    .any(|u| u.as_str() == wanted || u.as_str() == oid::ANY_EXTENDED_KEY_USAGE)
            });
            if !fits {
                let usages = usages.unwrap_or_default().iter().map(Oid::title).collect();
                return Some(match purpose {
                    Purpose::Server => ReasonKind::NotForServers { usages },
                    Purpose::Client => ReasonKind::NotForClients { usages },
                });
            }
        }
        if !input.policy.leaf_key_usage {
            return None;
        }
        let (bit, wanted) = match input.facts.static_rsa {
            true => (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
            false => (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
        };
        let lacks = certificate.key_usage().is_some_and(|u| !u.has(bit));
        lacks.then_some(ReasonKind::KeyUsageForbids { wanted })
    }

    fn name(self, leaf: NodeId) -> Option<ReasonKind> {
        let input = self.ground.input;
        let (wanted, certificate) = (input.question.name.as_ref()?, self.certificate(leaf)?);
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
