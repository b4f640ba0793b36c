//! Our own walk: every check of RFC 5280 section 6 that real clients make, on every candidate path,
//! with every reason against it.

use super::{Anchors, Answer, Input};
use crate::cert::{Certificate, ExtensionValue, Hash, KeyKind, extension::KeyUsage, oid};
use crate::chain::{Chain, NodeId, Path, PathEnd, SignatureCheck};
use crate::judge::constraints;
use crate::judge::name::{self, NameAnswer};
use crate::judge::{Question, Reason, ReasonKind};
use crate::target::Host;

pub(super) fn judge(input: &Input<'_>) -> Answer {
    let walked = walk(input.chain, input.anchors, input.question);
    Answer {
        accepted: walked.reasons.is_empty(),
        path: walked.path,
        failures: walked.reasons,
        steps: Vec::new(),
        spoken: None,
    }
}

/// The best path and what stands against it.
struct Walked {
    path: Vec<NodeId>,
    reasons: Vec<Reason>,
}

/// Walks every candidate path and keeps the best: one without reasons, else one that reaches an
/// anchor, else the one with the fewest.
fn walk(chain: &Chain, anchors: &Anchors, question: &Question) -> Walked {
    let Some(leaf) = chain.leaf else {
        return Walked {
            path: Vec::new(),
            reasons: vec![Reason {
                kind: ReasonKind::NoCertificate,
                node: None,
            }],
        };
    };
    if is_pinned(chain, anchors, question) {
        let reasons = check(chain, question, &[leaf], true);
        return Walked {
            path: vec![leaf],
            reasons,
        };
    }
    let mut best: Option<(bool, usize, Walked)> = None;
    for path in &chain.paths {
        let (nodes, anchored) = cut_at_anchor(chain, anchors, question, path);
        let mut reasons = check(chain, question, &nodes, anchored);
        if !anchored {
            reasons.insert(0, unanchored(chain, &nodes, path.end));
        }
        if reasons.is_empty() {
            return Walked {
                path: nodes,
                reasons,
            };
        }
        let better = best
            .as_ref()
            .is_none_or(|(b, n, _)| (!anchored, reasons.len()) < (!*b, *n));
        if better {
            best = Some((
                anchored,
                reasons.len(),
                Walked {
                    path: nodes,
                    reasons,
                },
            ));
        }
    }
    match best {
        Some((_, _, mut walked)) => {
            if chain.cut {
                walked.reasons.push(Reason {
                    kind: ReasonKind::BudgetSpent,
                    node: None,
                });
            }
            walked
        }
        None => Walked {
            path: vec![leaf],
            reasons: vec![Reason {
                kind: ReasonKind::BudgetSpent,
                node: Some(leaf),
            }],
        },
    }
}

/// The leaf itself is an anchor, and it signed itself: trusted as it stands, as OpenSSL and most
/// others do. A leaf that someone else issued is not an anchor for most clients.
fn is_pinned(chain: &Chain, anchors: &Anchors, question: &Question) -> bool {
    chain
        .leaf
        .is_some_and(|leaf| is_anchor(chain, anchors, question, leaf) && chain.is_self_signed(leaf))
}

fn is_anchor(_: &Chain, anchors: &Anchors, _: &Question, id: NodeId) -> bool {
    anchors.holds(id)
}

/// The path up to the first issuer that is an anchor of this store.
fn cut_at_anchor(
    chain: &Chain,
    anchors: &Anchors,
    question: &Question,
    path: &Path,
) -> (Vec<NodeId>, bool) {
    let anchor = path
        .nodes
        .iter()
        .skip(1)
        .position(|&id| is_anchor(chain, anchors, question, id));
    match anchor {
        Some(index) => (path.nodes.iter().copied().take(index + 2).collect(), true),
        None => (path.nodes.clone(), false),
    }
}

fn unanchored(chain: &Chain, nodes: &[NodeId], end: PathEnd) -> Reason {
    let top = nodes.last().copied();
    let kind = match end {
        PathEnd::SelfSigned if nodes.len() == 1 => ReasonKind::SelfSignedLeaf,
        PathEnd::SelfSigned | PathEnd::Anchor => ReasonKind::UnknownRoot,
        // A lone leaf says nothing about what is above it; above a CA, most likely its root.
        PathEnd::Missing => match nodes.len() {
            0..=2 => ReasonKind::MissingIssuer,
            n if below_names_addresses(chain, nodes, n) => ReasonKind::MissingIssuer,
            _ => ReasonKind::UnknownRoot,
        },
    };
    Reason { kind, node: top }
}

/// The certificate below the ghost says where its issuer can be had, and that issuer is not a root
/// by name: another intermediate is missing.
fn below_names_addresses(chain: &Chain, nodes: &[NodeId], n: usize) -> bool {
    nodes
        .get(n - 2)
        .and_then(|&id| chain.certificate(id))
        .is_some_and(|c| {
            !c.ca_issuers().is_empty()
                && !c
                    .issuer
                    .short()
                    .is_some_and(|n| n.to_ascii_lowercase().contains("root"))
        })
}

/// Every reason against these certificates, gravest kinds first as they are met from the leaf up.
fn check(chain: &Chain, question: &Question, nodes: &[NodeId], anchored: bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let last = nodes.len().saturating_sub(1);
    for (depth, &id) in nodes.iter().enumerate() {
        let Some(certificate) = chain.certificate(id) else {
            continue;
        };
        let is_anchor = anchored && depth == last;
        let mut add = |kind| {
            reasons.push(Reason {
                kind,
                node: Some(id),
            })
        };
        readable(certificate, &mut add);
        dates(certificate, question, &mut add);
        if depth == 0 {
            leaf(certificate, question, &mut add);
        } else {
            issuer(
                certificate,
                is_anchor,
                non_self_issued(chain, nodes, depth),
                &mut add,
            );
        }
        if !is_anchor || depth == 0 {
            purpose(certificate, depth == 0, question.name.is_some(), &mut add);
        }
        if !is_anchor {
            strength_of_signature(certificate, chain.is_self_signed(id), &mut add);
        }
        critical_extensions(certificate, &mut add);
        strength_of_key(certificate, &mut add);
        if let Some(&above) = nodes.get(depth + 1) {
            link(chain, id, above, &mut add);
        }
    }
    name_constraints(chain, nodes, &mut reasons);
    reasons
}

fn readable(certificate: &Certificate, add: &mut impl FnMut(ReasonKind)) {
    if certificate.tbs.is_empty() || certificate.spki.is_empty() {
        add(ReasonKind::Unreadable(
            "its structure could not be read".to_owned(),
        ));
    }
    if certificate.signature_algorithm.der != certificate.inner_signature_algorithm.der {
        add(ReasonKind::AlgorithmMismatch);
    }
    for extension in &certificate.extensions {
        // A broken extension that decides something must not be read as absent.
        let decides = extension.critical || DECIDING.contains(&extension.oid.as_str());
        if let ExtensionValue::Malformed(why) = &extension.value
            && decides
        {
            add(ReasonKind::Unreadable(format!(
                "extension {}: {why}",
                extension.oid
            )));
        }
    }
}

/// Key usage, alternative names, basic constraints, name constraints, extended key usage.
const DECIDING: &[&str] = &[
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.37",
];

fn dates(certificate: &Certificate, question: &Question, add: &mut impl FnMut(ReasonKind)) {
    let (Some(not_before), Some(not_after)) = (certificate.not_before, certificate.not_after)
    else {
        return add(ReasonKind::NoValidity);
    };
    if not_after < not_before {
        add(ReasonKind::ReversedValidity);
    } else if question.at > not_after {
        add(ReasonKind::Expired { not_after });
    } else if question.at < not_before {
        add(ReasonKind::NotYetValid { not_before });
    }
}

fn leaf(certificate: &Certificate, question: &Question, add: &mut impl FnMut(ReasonKind)) {
    let Some(wanted) = &question.name else { return };
    match name::find(certificate, wanted) {
        NameAnswer::Matches => {}
        NameAnswer::OnlyCommonName => add(ReasonKind::NameOnlyInCommonName {
            wanted: shown(wanted),
        }),
        NameAnswer::Mismatch => {
            add(ReasonKind::NameMismatch {
                wanted: shown(wanted),
                presented: name::presented(certificate, 8),
            });
        }
    }
}

fn shown(host: &Host) -> String {
    match host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name { .. } => host.to_string(),
    }
}

/// `below` counts the intermediates under this issuer that are not self-issued (section 4.2.1.9).
fn issuer(
    certificate: &Certificate,
    is_anchor: bool,
    below: usize,
    add: &mut impl FnMut(ReasonKind),
) {
    match certificate.basic_constraints() {
        Some((true, Some(allowed))) if below > allowed as usize => {
            add(ReasonKind::PathTooLong { allowed })
        }
        Some((true, _)) => {}
        Some((false, _)) => add(ReasonKind::NotACa),
        // Old roots have no extensions at all; clients take them as anchors.
        None if is_anchor => {}
        None => add(ReasonKind::NotACa),
    }
    if certificate
        .key_usage()
        .is_some_and(|usage| !usage.has(KeyUsage::KEY_CERT_SIGN))
    {
        add(ReasonKind::NoCertSign);
    }
}

fn non_self_issued(chain: &Chain, nodes: &[NodeId], depth: usize) -> usize {
    nodes
        .iter()
        .take(depth)
        .skip(1)
        .filter(|&&id| chain.certificate(id).is_some_and(|c| !c.is_self_issued()))
        .count()
}

/// Extended key usage: the leaf must allow servers, and so must every intermediate that limits it.
fn purpose(
    certificate: &Certificate,
    is_leaf: bool,
    for_server: bool,
    add: &mut impl FnMut(ReasonKind),
) {
    let Some(usages) = certificate.extended_key_usage() else {
        return;
    };
    // A file of certificates may be meant for anything; only an endpoint is surely a server.
    if is_leaf && !for_server {
        return;
    }
    let fits = usages.iter().any(|u| {
        matches!(
            u.as_str(),
            oid::KP_SERVER_AUTH | oid::ANY_EXTENDED_KEY_USAGE
        )
    });
    if !fits {
        add(ReasonKind::NotForServers {
            usages: usages.iter().map(oid::Oid::title).collect(),
        });
    }
}

fn strength_of_signature(
    certificate: &Certificate,
    self_signed: bool,
    add: &mut impl FnMut(ReasonKind),
) {
    // Nobody relies on the signature of a self-signed certificate.
    if self_signed {
        return;
    }
    if let Some(hash @ (Hash::Md2 | Hash::Md5 | Hash::Sha1)) = certificate.signature_algorithm.hash
    {
        add(ReasonKind::WeakHash(hash));
    }
}

fn strength_of_key(certificate: &Certificate, add: &mut impl FnMut(ReasonKind)) {
    let bits = certificate.key.bits;
    let weak = match certificate.key.kind {
        KeyKind::Rsa { exponent } | KeyKind::RsaPss { exponent } => {
            bits < 2048 || exponent < 3 || exponent % 2 == 0
        }
        KeyKind::Ec { .. } => bits > 0 && bits < 224,
        KeyKind::Dsa => true,
        _ => false,
    };
    if weak {
        add(ReasonKind::WeakKey { bits });
    }
}

/// Extensions that are processed here or by section 6; any other critical one means refusal.
const PROCESSED: &[&str] = &[
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.35",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.46",
    "2.5.29.54",
    "1.3.6.1.5.5.7.1.1",
    "1.3.6.1.5.5.7.1.24",
];

fn critical_extensions(certificate: &Certificate, add: &mut impl FnMut(ReasonKind)) {
    for extension in certificate.extensions.iter().filter(|e| e.critical) {
        if !PROCESSED.contains(&extension.oid.as_str()) {
            add(ReasonKind::UnknownCriticalExtension {
                oid: extension.oid.title(),
            });
        }
    }
}

fn link(chain: &Chain, child: NodeId, issuer: NodeId, add: &mut impl FnMut(ReasonKind)) {
    let Some(link) = chain.link(child, issuer) else {
        return;
    };
    if chain.node(issuer).is_some_and(crate::chain::Node::is_ghost) {
        return;
    }
    match &link.signature {
        SignatureCheck::Verified => {}
        SignatureCheck::Bad => add(ReasonKind::BadSignature),
        SignatureCheck::CannotCheck(why) => add(ReasonKind::UncheckedSignature(why.clone())),
        SignatureCheck::NotChecked => add(ReasonKind::UncheckedSignature(
            "too many candidates to check them all".to_owned(),
        )),
    }
}

fn name_constraints(chain: &Chain, nodes: &[NodeId], reasons: &mut Vec<Reason>) {
    for (depth, &id) in nodes.iter().enumerate().skip(1) {
        let Some(issuer) = chain.certificate(id) else {
            continue;
        };
        for (below, &lower) in nodes.iter().enumerate().take(depth) {
            let Some(certificate) = chain.certificate(lower) else {
                continue;
            };
            // Self-issued intermediates are exempt (section 6.1.3 (b)).
            if below > 0 && certificate.is_self_issued() {
                continue;
            }
            if let Some((name, detail)) = constraints::violation(issuer, certificate, below == 0) {
                reasons.push(Reason {
                    kind: ReasonKind::NameConstraint { name, detail },
                    node: Some(id),
                });
            }
        }
    }
}
