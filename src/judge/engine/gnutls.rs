//! GnuTLS. What was sent is put in order, cut below the first certificate that is trusted, and
//! verified from the top down; the first certificate with a fault ends it, with every flag that it
//! earned. Purpose, name and stapling are looked at whatever the chain.
//!
//! Of the policy it reads `extended_key_usage` (ignored or not), `must_staple`, `name_check`,
//! `least_rsa_bits` and what [`name::accepts`] reads.

use super::{Answer, Input, sent};
use crate::cert::{Certificate, KeyKind, oid};
use crate::chain::{KeyIdMatch, NameMatch, NodeId, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{ExtendedKeyUsage, NameCheck};
use crate::judge::{Purpose, Reason, ReasonKind, facts, name};

/// Certificates of a chain at most (GnuTLS's default).
const MOST_CERTIFICATES: usize = 16;

/// Extensions that GnuTLS knows beside those that path validation processes.
const KNOWN: [&str; 2] = ["2.5.29.35", "2.5.29.14"];

/// GnuTLS's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let list = ordered(input);
    let Some(&leaf) = list.first() else {
        return Answer {
            failures: vec![Reason {
                kind: ReasonKind::NoCertificate,
                node: None,
            }],
            ..Answer::default()
        };
    };
    let (path, mut failures) = verify(input, &list);
    failures.extend(beside(input, leaf));
    if let (Some(wanted), Some(certificate)) = (&input.question.name, input.chain.certificate(leaf))
        && (input.policy.name_check == NameCheck::Inside
            || input.policy.name_check == NameCheck::Afterwards && failures.is_empty())
        && !name::accepts(certificate, wanted, input.policy)
    {
        failures.push(Reason::on(
            leaf,
            ReasonKind::NameMismatch {
                wanted: facts::host(wanted),
                presented: name::presented(certificate, 8),
            },
        ));
    }
    Answer {
        accepted: failures.is_empty(),
        path,
        failures,
        ..Answer::default()
    }
}

/// `issuer` fits by name and key identifier.
fn fits(input: &Input<'_>, child: NodeId, issuer: NodeId) -> bool {
    let link = input.chain.link(child, issuer);
    link.is_some_and(|l| l.name != NameMatch::Different && l.key_id != KeyIdMatch::Different)
}

fn is_self_issued(input: &Input<'_>, id: NodeId) -> bool {
    let certificate = input.chain.certificate(id);
    certificate.is_some_and(|c| c.is_self_issued())
}

/// What was sent, from the leaf up; what does not belong is left out.
fn ordered(input: &Input<'_>) -> Vec<NodeId> {
    let list = sent(input.chain);
    let mut path: Vec<NodeId> = list.iter().copied().take(1).collect();
    while let Some(&top) = path.last() {
        if path.len() >= MOST_CERTIFICATES || is_self_issued(input, top) {
            break;
        }
        let next = list
            .iter()
            .copied()
            .find(|&id| !path.contains(&id) && fits(input, top, id));
        match next {
            Some(id) => path.push(id),
            None => break,
        }
    }
    path
}

fn verify(input: &Input<'_>, list: &[NodeId]) -> (Vec<NodeId>, Vec<Reason>) {
    let Some(&last) = list.last() else {
        return (Vec::new(), Vec::new());
    };
    // A trusted certificate that was sent ends the chain, and its own issuer need not be known.
    let list: Vec<NodeId> = match list.iter().skip(1).position(|&id| input.anchors.holds(id)) {
        Some(at) => list.iter().copied().take(at + 2).collect(),
        None => list.to_vec(),
    };
    let top = list.last().copied().unwrap_or(last);
    let of = |wanted: fn(&Certificate) -> &crate::cert::Name| -> Vec<NodeId> {
        input
            .anchors
            .iter()
            .filter(|&a| {
                let pair = (input.chain.certificate(top), input.chain.certificate(a));
                matches!(pair, (Some(t), Some(c)) if wanted(t).matches(&c.subject))
            })
            .collect()
    };
    let issuers = of(|c| &c.issuer);
    let (path, reasons) = against(input, &list, &issuers);
    if !reasons.iter().any(|r| asks_again(&r.kind)) {
        return (path, reasons);
    }
    // A signer that is old or unknown: perhaps the last certificate itself is trusted under its name.
    let same = of(|c| &c.subject);
    let (other, found) = against(input, &list, &same);
    if found.iter().any(|r| asks_again(&r.kind)) {
        (path, reasons)
    } else {
        (other, found)
    }
}

fn asks_again(kind: &ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::MissingIssuer
            | ReasonKind::UnknownRoot
            | ReasonKind::SelfSignedLeaf
            | ReasonKind::Expired { .. }
            | ReasonKind::WeakHash(_)
            | ReasonKind::WeakKey { .. }
    )
}

/// Verifies `list` against these trusted certificates.
fn against(input: &Input<'_>, list: &[NodeId], trusted: &[NodeId]) -> (Vec<NodeId>, Vec<Reason>) {
    let mut list = list.to_vec();
    let mut sent_root = None;
    if list.len() > 1
        && let Some(&top) = list.last()
        && is_self_issued(input, top)
    {
        sent_root = list.pop();
    }
    // Cut below the first certificate whose name and key are trusted.
    let place = list.iter().enumerate().find_map(|(i, &id)| {
        let found = trusted.iter().find(|&&a| same_key(input, id, a))?;
        Some((i, *found))
    });
    if let Some((i, anchor)) = place {
        if let Some(kind) = time(input, anchor) {
            let path = list.iter().copied().take(i).chain([anchor]).collect();
            return (path, vec![Reason::on(anchor, kind)]);
        }
        list.truncate(i);
        if list.is_empty() {
            return (vec![anchor], Vec::new());
        }
    }
    let mut path = list.clone();
    let Some(&last) = list.last() else {
        return (path, Vec::new());
    };
    let candidates: Vec<NodeId> = trusted
        .iter()
        .copied()
        .filter(|&a| fits(input, last, a))
        .collect();
    let valid = candidates.iter().find(|&&a| time(input, a).is_none());
    let issuer = valid.or_else(|| candidates.first()).copied();
    path.extend(issuer.or(sent_root));
    let mut left = MOST_COMPARISONS;
    for depth in (0..list.len()).rev() {
        let Some(&id) = list.get(depth) else { continue };
        let above = match depth + 1 == list.len() {
            true => issuer,
            false => list.get(depth + 1).copied(),
        };
        let top = depth + 1 == list.len();
        let kinds = one(input, &path, depth, id, above, top, &mut left);
        if !kinds.is_empty() {
            return (path, kinds.into_iter().map(|k| Reason::on(id, k)).collect());
        }
    }
    (path, Vec::new())
}

fn same_key(input: &Input<'_>, a: NodeId, b: NodeId) -> bool {
    let pair = (input.chain.certificate(a), input.chain.certificate(b));
    let (Some(one), Some(other)) = pair else {
        return false;
    };
    one.der == other.der
        || one.subject.matches(&other.subject)
            && one.spki_sha256.is_some()
            && one.spki_sha256 == other.spki_sha256
}

fn time(input: &Input<'_>, id: NodeId) -> Option<ReasonKind> {
    let certificate = input.chain.certificate(id)?;
    facts::dates(certificate, input.question.at)
}

/// Every flag that one certificate earns below `above`.
fn one(
    input: &Input<'_>,
    path: &[NodeId],
    depth: usize,
    id: NodeId,
    above: Option<NodeId>,
    top: bool,
    left: &mut usize,
) -> Vec<ReasonKind> {
    let mut kinds = Vec::new();
    let Some(certificate) = input.chain.certificate(id) else {
        return kinds;
    };
    let Some(above) = above else {
        kinds.push(match input.chain.is_self_signed(id) {
            true if depth == 0 => ReasonKind::SelfSignedLeaf,
            true => ReasonKind::UnknownRoot,
            false => ReasonKind::MissingIssuer,
        });
        kinds.extend(time(input, id));
        return kinds;
    };
    if let Some(issuer) = input.chain.certificate(above) {
        kinds.extend(signer(input, path, depth, issuer, top));
        kinds.extend(time(input, above));
    }
    let known = |oid: &str| KNOWN.contains(&oid);
    let critical = certificate
        .extensions
        .iter()
        .find(|e| e.critical && !known(e.oid.as_str()) && !facts::is_processed(e));
    if let Some(extension) = critical {
        kinds.push(ReasonKind::UnknownCriticalExtension {
            oid: extension.oid.title(),
        });
    }
    if let Some(hash) = facts::weak_hash(certificate) {
        kinds.push(ReasonKind::WeakHash(hash));
    } else {
        let link = input.chain.link(id, above);
        if !link.is_some_and(|l| l.signature == SignatureCheck::Verified) {
            kinds.push(ReasonKind::BadSignature);
        }
    }
    let key = &certificate.key;
    if matches!(key.kind, KeyKind::Rsa { .. } | KeyKind::RsaPss { .. })
        && key.bits < input.policy.least_rsa_bits
    {
        kinds.push(ReasonKind::WeakKey { bits: key.bits });
    }
    for &issuer in path.iter().skip(depth + 1) {
        let Some(issuer) = input.chain.certificate(issuer) else {
            continue;
        };
        match constraints::violation(issuer, certificate, true, left) {
            Ok(None) => {}
            Ok(Some((name, detail))) => {
                kinds.push(ReasonKind::NameConstraint { name, detail });
                break;
            }
            Err(_) => kinds.push(ReasonKind::BudgetSpent),
        }
    }
    kinds.extend(time(input, id));
    kinds
}

/// What stands against the signer: a CA, allowed to sign, with room below it. A trusted signer that
/// says nothing about being a CA is taken as one.
fn signer(
    input: &Input<'_>,
    path: &[NodeId],
    depth: usize,
    issuer: &Certificate,
    trusted: bool,
) -> Vec<ReasonKind> {
    let mut kinds = Vec::new();
    if issuer.version == Some(1) && trusted {
        return kinds;
    }
    match issuer.basic_constraints() {
        None if trusted => {}
        Some((true, length)) => {
            let below = path
                .iter()
                .take(depth + 1)
                .skip(1)
                .filter_map(|&id| input.chain.certificate(id))
                .filter(|c| !c.is_self_issued())
                .count();
            if let Some(allowed) = length
                && below > allowed as usize
            {
                kinds.push(ReasonKind::PathTooLong { allowed });
            }
        }
        _ => kinds.push(ReasonKind::NotACa),
    }
    if facts::lacks_cert_sign(issuer) {
        kinds.push(ReasonKind::NoCertSign);
    }
    kinds
}

/// Purpose and stapling, whatever the chain.
fn beside(input: &Input<'_>, leaf: NodeId) -> Vec<Reason> {
    let mut kinds = Vec::new();
    let Some(certificate) = input.chain.certificate(leaf) else {
        return Vec::new();
    };
    if input.policy.extended_key_usage != ExtendedKeyUsage::Ignored {
        match input.question.purpose {
            Some(Purpose::Server) => kinds.extend(
                facts::lacks_purpose(certificate, oid::KP_SERVER_AUTH, true)
                    .map(|usages| ReasonKind::NotForServers { usages }),
            ),
            Some(Purpose::Client) => kinds.extend(
                facts::lacks_purpose(certificate, oid::KP_CLIENT_AUTH, true)
                    .map(|usages| ReasonKind::NotForClients { usages }),
            ),
            None => {}
        }
    }
    if input.policy.must_staple
        && facts::must_staple(certificate)
        && input.facts.stapled.is_none()
    {
        kinds.push(ReasonKind::MustStaple);
    }
    kinds.into_iter().map(|kind| Reason::on(leaf, kind)).collect()
}
