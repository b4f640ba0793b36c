//! Go's crypto/x509: Certificate.Verify, as its TLS clients call it (Go 1.24 to 1.27).
//!
//! Certificates that it does not parse never get that far. Then the leaf's own critical extensions,
//! dates and name; only then chains are built, roots before intermediates, every candidate's signature
//! checked (at most a hundred), and what stands against a candidate ends that branch. The error is that
//! of the last branch that had one; when no branch had any, "unknown authority". At the end every chain
//! must allow the purpose, its root too. Since 1.26 names are held against constraints only then, and
//! the first error of that kind is the one that is told.
//!
//! Of the policy it reads `constraints_last`, `extended_key_usage`, `least_rsa_bits`, `name_check`.

use super::ground::{Ground, same_bytes};
use super::{Answer, Input};
use crate::cert::{Certificate, ExtensionValue, Hash, Oid, oid};
use crate::chain::{KeyIdMatch, NodeId};
use crate::judge::policy::{ExtendedKeyUsage, NameCheck};
use crate::judge::{Purpose, Reason, ReasonKind, facts, policies};

mod names;
mod parse;

/// Signatures checked at most.
const MOST_SIGNATURES: usize = 100;

/// What Go answers.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer::without_certificate();
    };
    let ground = Ground::of(input);
    // crypto/tls parses everything that was sent.
    for id in std::iter::once(leaf).chain(ground.sent()) {
        if let Some(kind) = ground
            .certificate(id)
            .and_then(|c| parse::fault(c, input.policy))
        {
            return refused(vec![leaf], vec![Reason::on(id, kind)]);
        }
    }
    let mut verify = Verify {
        ground,
        signatures: 0,
        chains: Vec::new(),
    };
    verify.run(leaf)
}

fn refused(path: Vec<NodeId>, failures: Vec<Reason>) -> Answer {
    Answer {
        path,
        failures,
        ..Answer::default()
    }
}

/// One run.
struct Verify<'a> {
    ground: Ground<'a>,
    signatures: usize,
    chains: Vec<Vec<NodeId>>,
}

/// An error and the path it is about.
struct Refusal {
    path: Vec<NodeId>,
    /// The first is what is printed; hints about candidates follow.
    reasons: Vec<Reason>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Leaf,
    Intermediate,
    Root,
}

impl<'a> Verify<'a> {
    fn run(&mut self, leaf: NodeId) -> Answer {
        let input = self.ground.input;
        let own = self.valid(leaf, Role::Leaf, &[]).err().or_else(|| {
            (input.policy.name_check != NameCheck::Never)
                .then(|| self.name(leaf))
                .flatten()
        });
        if let Some(kind) = own {
            return refused(self.likely_path(leaf), vec![Reason::on(leaf, kind)]);
        }
        if self.ground.is_anchor(leaf) {
            self.chains.push(vec![leaf]);
        } else {
            let refusal = self.build(&[leaf]);
            if self.chains.is_empty() {
                let refusal = refusal.unwrap_or_else(|| Refusal {
                    path: vec![leaf],
                    reasons: vec![Reason::on(leaf, ReasonKind::MissingIssuer)],
                });
                return refused(refusal.path, refusal.reasons);
            }
        }
        let mut first: Option<(Vec<NodeId>, Reason)> = None;
        for chain in &self.chains {
            let against = (self.policy(chain).or_else(|| self.purpose(chain)))
                .or_else(|| self.constraints(chain));
            match against {
                None => {
                    return Answer {
                        accepted: true,
                        path: chain.clone(),
                        ..Answer::default()
                    };
                }
                Some(reason) => {
                    let constrains =
                        |r: &Reason| matches!(r.kind, ReasonKind::NameConstraint { .. });
                    let told = first.as_ref();
                    if told.is_none_or(|(_, told)| constrains(&reason) && !constrains(told)) {
                        first = Some((chain.clone(), reason));
                    }
                }
            }
        }
        let (path, reason) =
            first.unwrap_or_else(|| (vec![leaf], Reason::on(leaf, ReasonKind::MissingIssuer)));
        refused(path, vec![reason])
    }

    /// The path that a person would expect to see beside an error about the leaf alone.
    fn likely_path(&self, leaf: NodeId) -> Vec<NodeId> {
        let paths = &self.ground.input.chain.paths;
        paths
            .first()
            .map_or_else(|| vec![leaf], |p| p.nodes.clone())
    }

    /// Certificate.isValid.
    fn valid(&self, id: NodeId, role: Role, below: &[NodeId]) -> Result<(), ReasonKind> {
        let Some(c) = self.ground.certificate(id) else {
            return Err(ReasonKind::MissingIssuer);
        };
        if let Some(oid) = parse::unhandled_critical(c) {
            return Err(ReasonKind::UnknownCriticalExtension { oid });
        }
        if let Some(kind) = super::ground::dates(c, self.ground.input.question.at) {
            return Err(kind);
        }
        if role != Role::Leaf && !self.ground.input.policy.constraints_last {
            let lower: Vec<&Certificate> = below
                .iter()
                .filter_map(|&id| self.ground.certificate(id))
                .collect();
            names::check(c, &lower)?;
        }
        let constraints = c.basic_constraints();
        if role == Role::Intermediate && !matches!(constraints, Some((true, _))) {
            return Err(ReasonKind::NotACa);
        }
        if let Some((_, Some(allowed))) = constraints
            && below.len().saturating_sub(1) > usize::try_from(allowed).unwrap_or(usize::MAX)
        {
            return Err(ReasonKind::PathTooLong { allowed });
        }
        Ok(())
    }

    fn name(&self, leaf: NodeId) -> Option<ReasonKind> {
        let input = self.ground.input;
        let wanted = input.question.name.as_ref()?;
        let certificate = self.ground.certificate(leaf)?;
        if names::matches(certificate, wanted, !input.policy.constraints_last) {
            return None;
        }
        Some(facts::wrong_name(certificate, wanted))
    }

    /// Certificate.buildChains: adds what it finds to `chains`, and answers with the error of this
    /// branch.
    fn build(&mut self, path: &[NodeId]) -> Option<Refusal> {
        let top = *path.last()?;
        let before = self.chains.len();
        let mut hints: Vec<Reason> = Vec::new();
        let mut error: Option<Refusal> = None;
        let newer = self.ground.input.policy.constraints_last;
        for (role, candidate) in self.parents(top) {
            let is_there = path.contains(&candidate) || self.already_in(candidate, path);
            // Since 1.26 these count too.
            if is_there && !newer {
                continue;
            }
            let with = |reasons: Vec<Reason>| {
                let mut longer = path.to_vec();
                longer.push(candidate);
                Refusal {
                    path: longer,
                    reasons,
                }
            };
            self.signatures += 1;
            if self.signatures > MOST_SIGNATURES {
                error = Some(with(vec![Reason {
                    kind: ReasonKind::BudgetSpent,
                    node: None,
                }]));
                if newer {
                    break;
                }
                continue;
            }
            if is_there {
                continue;
            }
            if let Err(reason) = self.signature(top, candidate) {
                hints.push(reason);
                continue;
            }
            if let Err(kind) = self.valid(candidate, role, path) {
                let reason = Reason::on(candidate, kind);
                hints.push(reason.clone());
                error = Some(with(vec![reason]));
                continue;
            }
            let mut longer = path.to_vec();
            longer.push(candidate);
            error = match role {
                Role::Intermediate => {
                    let above = self.build(&longer);
                    if newer && spent(above.as_ref()) {
                        error = above;
                        break;
                    }
                    above
                }
                _ => {
                    self.chains.push(longer);
                    None
                }
            };
        }
        if self.chains.len() > before {
            return None;
        }
        Some(error.unwrap_or_else(|| self.unknown_authority(path, top, hints)))
    }

    /// UnknownAuthorityError with its hint: the first candidate that could not be used, and why.
    fn unknown_authority(&self, path: &[NodeId], top: NodeId, hints: Vec<Reason>) -> Refusal {
        let mut path = path.to_vec();
        let mut reasons = vec![Reason::on(top, self.ground.unanchored(&path).kind)];
        if let Some(hint) = hints.into_iter().next() {
            // The candidate is shown above its child.
            let candidate = match hint.node {
                Some(node) if node != top => Some(node),
                _ => self.ground.issuers_by_bytes(top).first().map(|l| l.issuer),
            };
            path.extend(candidate.filter(|id| !path.contains(id)));
            reasons.push(hint);
        }
        Refusal { path, reasons }
    }

    /// Roots first; among each, those whose key identifiers agree first.
    fn parents(&self, child: NodeId) -> Vec<(Role, NodeId)> {
        let links = self.ground.issuers_by_bytes(child);
        let mut found = Vec::new();
        for role in [Role::Root, Role::Intermediate] {
            let mut of_role: Vec<_> = links
                .iter()
                .filter(|l| match role {
                    Role::Root => self.ground.is_anchor(l.issuer),
                    _ => {
                        self.ground.is_sent(l.issuer)
                            && Some(l.issuer) != self.ground.input.chain.leaf
                    }
                })
                // A root that does not parse never gets into the pool.
                .filter(|l| {
                    let certificate = self.ground.certificate(l.issuer);
                    let policy = self.ground.input.policy;
                    certificate.is_some_and(|c| parse::fault(c, policy).is_none())
                })
                .collect();
            of_role.sort_by_key(|l| match l.key_id {
                KeyIdMatch::Same => 0,
                KeyIdMatch::Absent if self.both_absent(child, l.issuer) => 0,
                KeyIdMatch::Absent => 1,
                KeyIdMatch::Different => 2,
            });
            found.extend(of_role.iter().map(|l| (role, l.issuer)));
        }
        found
    }

    fn both_absent(&self, child: NodeId, issuer: NodeId) -> bool {
        let none = |key_id: Option<&[u8]>| key_id.is_none_or(<[u8]>::is_empty);
        self.ground
            .certificate(child)
            .is_some_and(|c| none(c.authority_key_id()))
            && self
                .ground
                .certificate(issuer)
                .is_some_and(|c| none(c.subject_key_id()))
    }

    /// Subject, key and alternative names are those of a certificate that is on the path already.
    fn already_in(&self, candidate: NodeId, path: &[NodeId]) -> bool {
        let Some(new) = self.ground.certificate(candidate) else {
            return true;
        };
        let names = |c: &'a Certificate| facts::extension(c, "2.5.29.17").map(|e| &e.raw);
        path.iter()
            .filter_map(|&id| self.ground.certificate(id))
            .any(|c| {
                same_bytes(&c.subject, &new.subject)
                    && c.spki_sha256 == new.spki_sha256
                    && names(c) == names(new)
            })
    }

    /// Certificate.CheckSignatureFrom.
    fn signature(&self, child: NodeId, parent: NodeId) -> Result<(), Reason> {
        let (Some(lower), Some(upper)) = (
            self.ground.certificate(child),
            self.ground.certificate(parent),
        ) else {
            return Err(Reason::on(child, ReasonKind::MissingIssuer));
        };
        let constraints = upper.basic_constraints();
        if (upper.version == Some(3) && constraints.is_none())
            || matches!(constraints, Some((false, _)))
        {
            return Err(Reason::on(parent, ReasonKind::NotACa));
        }
        if facts::lacks_cert_sign(upper) && upper.key_usage().is_some_and(|u| u.0 != 0) {
            return Err(Reason::on(parent, ReasonKind::NoCertSign));
        }
        let algorithm = &lower.signature_algorithm;
        if let Some(hash @ (Hash::Md2 | Hash::Md5 | Hash::Sha1)) = algorithm.hash {
            return Err(Reason::on(child, ReasonKind::WeakHash(hash)));
        }
        if upper.key.bits < self.ground.input.policy.least_rsa_bits
            && matches!(upper.key.kind, crate::cert::KeyKind::Rsa { .. })
        {
            let bits = upper.key.bits;
            return Err(Reason::on(parent, ReasonKind::WeakKey { bits }));
        }
        // Go reads no key that is for RSA-PSS alone: "algorithm unimplemented".
        if matches!(upper.key.kind, crate::cert::KeyKind::RsaPss { .. }) {
            let why = "Go reads no key that is for RSA-PSS alone".to_owned();
            return Err(Reason::on(child, ReasonKind::UncheckedSignature(why)));
        }
        self.ground
            .signature(child, parent)
            .map_err(|kind| Reason::on(child, kind))
    }

    /// checkChainConstraints, since Go 1.26.
    fn constraints(&self, chain: &[NodeId]) -> Option<Reason> {
        if !self.ground.input.policy.constraints_last {
            return None;
        }
        let certificates: Vec<&Certificate> = chain
            .iter()
            .filter_map(|&id| self.ground.certificate(id))
            .collect();
        let (place, kind) = names::check_chain(&certificates).err()?;
        Some(Reason::on(*chain.get(place)?, kind))
    }

    /// policiesValid, since Go 1.24.
    fn policy(&self, chain: &[NodeId]) -> Option<Reason> {
        let below: Vec<&Certificate> = chain
            .iter()
            .take(chain.len().saturating_sub(1))
            .filter_map(|&id| self.ground.certificate(id))
            .collect();
        let (place, why) = policies::fault(&below)?;
        Some(Reason::on(*chain.get(place)?, ReasonKind::Policy(why)))
    }

    /// checkChainForKeyUsage: from the root down, every certificate that names usages must name this
    /// one.
    fn purpose(&self, chain: &[NodeId]) -> Option<Reason> {
        let input = self.ground.input;
        if input.policy.extended_key_usage == ExtendedKeyUsage::Ignored {
            return None;
        }
        let wanted = match input.question.purpose? {
            Purpose::Server => oid::KP_SERVER_AUTH,
            Purpose::Client => oid::KP_CLIENT_AUTH,
        };
        let lacking = |id: &NodeId| {
            let usages = self.ground.certificate(*id)?.extended_key_usage()?;
            let fits = usages.is_empty()
                || usages
                    .iter()
                    .any(|u| u.as_str() == wanted || u.as_str() == oid::ANY_EXTENDED_KEY_USAGE);
            (!fits).then(|| (*id, usages.iter().map(Oid::title).collect::<Vec<_>>()))
        };
        let (id, usages) = chain.iter().rev().find_map(lacking)?;
        Some(Reason::on(
            id,
            match input.question.purpose? {
                Purpose::Server => ReasonKind::NotForServers { usages },
                Purpose::Client => ReasonKind::NotForClients { usages },
            },
        ))
    }
}

/// The search ended because too many signatures were checked.
fn spent(refusal: Option<&Refusal>) -> bool {
    refusal
        .and_then(|r| r.reasons.first())
        .is_some_and(|r| r.kind == ReasonKind::BudgetSpent)
}

/// The certificate's name constraints, if it has any.
fn constraints(
    certificate: &Certificate,
) -> Option<(&[crate::cert::GeneralName], &[crate::cert::GeneralName])> {
    certificate.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => Some((permitted.as_slice(), excluded.as_slice())),
        _ => None,
    })
}
