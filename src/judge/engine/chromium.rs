//! Chromium's own verifier. A path to an anchor is looked for; the faults of the best one are gathered,
//! and one code stands for all: invalid before unknown authority before name before dates.
//!
//! It walks as our own rules do and then chooses among the reasons. Of the policy it reads what
//! [`super::rfc5280`] reads. Missing issuers that Chromium would fetch are not fetched here.

use super::{Answer, Input, ground, sent};
use crate::cert::{Certificate, TimeForm};
use crate::chain::NodeId;
use crate::judge::{Reason, ReasonKind, StrictRule, facts, name};

/// Certificates below the anchor at most.
const MOST_BELOW_ANCHOR: usize = 20;

/// Chromium's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    if let Some(answer) = Answer::unread(input, unparsable) {
        return answer;
    }
    let mut answer = super::rfc5280(input);
    answer.failures.retain(|r| !is_old_anchor(input, r));
    for (depth, &id) in answer.path.iter().enumerate() {
        let Some(certificate) = input.chain.certificate(id) else {
            continue;
        };
        // A CA that does not parse is none.
        if depth > 0 && !input.anchors.holds(id) && ground::has_odd_constraints(certificate) {
            answer
                .failures
                .push(Reason::on(id, ReasonKind::MissingIssuer));
        }
        answer
            .failures
            .extend(critical_points(certificate).map(|k| Reason::on(id, k)));
        if !ground::has_common_curve(certificate) {
            answer.failures.push(Reason::on(id, ground::other_curve()));
        }
        answer
            .failures
            .extend(signed_oddly(input, &answer.path, depth).map(|k| Reason::on(id, k)));
    }
    let mut below = answer.path.iter().filter(|&&id| !input.anchors.holds(id));
    if let Some(&id) = below.nth(MOST_BELOW_ANCHOR) {
        answer
            .failures
            .push(Reason::on(id, ReasonKind::MissingIssuer));
    }
    let unknown = answer.failures.iter().any(|r| {
        matches!(
            r.kind,
            ReasonKind::MissingIssuer
                | ReasonKind::UnknownRoot
                | ReasonKind::SelfSignedLeaf
                | ReasonKind::HeldLeafRefused
                | ReasonKind::NoCertificate
                | ReasonKind::BadSignature
        )
    });
    // The algorithms of all signatures are looked at, whatever the path.
    let weak = sent(input.chain).into_iter().find_map(|id| {
        let certificate = input.chain.certificate(id)?;
        // One that is shown as a server's is its own issuer, and its signature counts.
        let shown = Some(id) == input.chain.leaf && certificate.is_ca();
        let kept = (input.anchors.holds(id) || certificate.is_self_issued()) && !shown;
        let hash = facts::weak_hash(certificate).filter(|_| !kept)?;
        Some(Reason::on(id, ReasonKind::WeakHash(hash)))
    });
    // What is wrong already is not asked about: `CheckPathAfterVerification`.
    let revoked = |r: &Reason| matches!(r.kind, ReasonKind::Revoked { .. });
    let is_wrong = |r: &Reason| !is_name(&r.kind) && !is_minor(&r.kind) && !revoked(r);
    if answer.failures.iter().any(is_wrong) {
        answer.failures.retain(|r| !revoked(r));
    }
    let unknown_hash = sent(input.chain).into_iter().find_map(|id| {
        let hash = facts::cut_hash(input.chain.certificate(id)?)?;
        let why = format!("Chromium does not know {hash}");
        Some(Reason::on(id, ReasonKind::UncheckedSignature(why)))
    });
    answer.failures.retain(|r| {
        !is_name(&r.kind)
            && !is_minor(&r.kind)
            // Without an anchor nothing else of the path is judged.
            && (!unknown || is_authority(&r.kind) || is_date(&r.kind))
    });
    for reason in weak.into_iter().chain(unknown_hash) {
        let same = |r: &Reason| r.node == reason.node && r.kind.id() == reason.kind.id();
        if !answer.failures.iter().any(same) {
            answer.failures.push(reason);
        }
    }
    if let (Some(wanted), Some(leaf)) = (&input.question.name, input.chain.leaf)
        && let Some(certificate) = input.chain.certificate(leaf)
        && !name::accepts(certificate, wanted, input.policy)
    {
        answer
            .failures
            .push(Reason::on(leaf, facts::name_mismatch(certificate, wanted)));
    }
    if let Some(leaf) = input.chain.leaf
        && let Some(certificate) = input.chain.certificate(leaf)
        && certificate.subject.rdns.is_empty()
        && facts::extension(certificate, "2.5.29.17").is_some_and(|e| !e.critical)
    {
        let rule = ReasonKind::Strict(StrictRule::AltNameNotCritical);
        answer.failures.push(Reason::on(leaf, rule));
    }
    answer.failures.sort_by_key(|r| rank(&r.kind));
    answer.accepted = answer.failures.is_empty();
    answer
}

/// What ends the handshake, as the stack below does not read it.
fn unparsable(certificate: &Certificate) -> Option<ReasonKind> {
    let version = certificate.version?;
    if version > 3 || version < 3 && !certificate.extensions.is_empty() {
        let why = "extensions belong to version 3, which is the last".to_owned();
        return Some(ReasonKind::Version { version, why });
    }
    let odd = [
        TimeForm::NoSeconds,
        TimeForm::Fraction,
        TimeForm::NotUtc,
        TimeForm::Unreadable,
    ];
    facts::has_odd_time(certificate, &odd).then_some(ReasonKind::NoValidity)
}

/// Signatures by Ed25519 and Ed448 keys are not known; NSS, which keeps the anchors, takes no such root.
fn signed_oddly(input: &Input<'_>, path: &[NodeId], depth: usize) -> Option<ReasonKind> {
    let above = *path.get(depth + 1)?;
    let issuer = input.chain.certificate(above)?;
    ground::is_edwards(issuer).then(|| match input.anchors.holds(above) {
        true => ReasonKind::MissingIssuer,
        false => ReasonKind::UncheckedSignature("Chromium does not know its algorithm".to_owned()),
    })
}

/// A trusted root without basic constraints passes; one that says that it is no CA does not.
fn is_old_anchor(input: &Input<'_>, reason: &Reason) -> bool {
    let anchor = reason.node.filter(|&id| input.anchors.holds(id));
    matches!(reason.kind, ReasonKind::NotACa)
        && anchor
            .and_then(|id| input.chain.certificate(id))
            .is_some_and(|c| c.basic_constraints().is_none())
}

/// Distribution points of lists are not processed.
fn critical_points(certificate: &Certificate) -> Option<ReasonKind> {
    let points = facts::extension(certificate, "2.5.29.31").filter(|e| e.critical)?;
    let oid = points.oid.title();
    Some(ReasonKind::UnknownCriticalExtension { oid })
}

fn rank(kind: &ReasonKind) -> u8 {
    if is_authority(kind) {
        1
    } else if is_name(kind) {
        2
    } else if is_date(kind) {
        3
    } else {
        0
    }
}

fn is_authority(kind: &ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::MissingIssuer
            | ReasonKind::UnknownRoot
            | ReasonKind::SelfSignedLeaf
            | ReasonKind::HeldLeafRefused
            | ReasonKind::NoCertificate
            | ReasonKind::BadSignature
    )
}

fn is_name(kind: &ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. }
    )
}

fn is_date(kind: &ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::Expired { .. } | ReasonKind::NotYetValid { .. } | ReasonKind::ReversedValidity
    )
}

/// What our rules mind and Chromium does not, below private roots.
fn is_minor(kind: &ReasonKind) -> bool {
    matches!(kind, ReasonKind::Serial(_) | ReasonKind::Strict(_))
}
