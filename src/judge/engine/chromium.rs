//! Chromium's own verifier. A path to an anchor is looked for; the faults of the best one are gathered,
//! and one code stands for all: invalid before unknown authority before name before dates.
//!
//! It walks as our own rules do and then chooses among the reasons. Of the policy it reads what
//! [`super::rfc5280`] reads. Missing issuers that Chromium would fetch are not fetched here.

use super::{Answer, Input, sent};
use crate::judge::{Reason, ReasonKind, facts, name};

/// Chromium's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let mut answer = super::rfc5280(input);
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
        let kept = input.anchors.holds(id) || certificate.is_self_issued();
        let hash = facts::weak_hash(certificate).filter(|_| !kept)?;
        Some(Reason::on(id, ReasonKind::WeakHash(hash)))
    });
    answer.failures.retain(|r| {
        !is_name(&r.kind)
            && !is_minor(&r.kind)
            // Without an anchor nothing else of the path is judged.
            && (!unknown || is_authority(&r.kind) || is_date(&r.kind))
    });
    if let Some(reason) = weak
        && !answer.failures.contains(&reason)
    {
        answer.failures.push(reason);
    }
    if let (Some(wanted), Some(leaf)) = (&input.question.name, input.chain.leaf)
        && let Some(certificate) = input.chain.certificate(leaf)
        && !name::accepts(certificate, wanted, input.policy)
    {
        answer
            .failures
            .push(Reason::on(leaf, facts::name_mismatch(certificate, wanted)));
    }
    answer.failures.sort_by_key(|r| rank(&r.kind));
    answer.accepted = answer.failures.is_empty();
    answer
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
