//! What a client looks at and whycert does not: said beside its checks, so that nobody takes the
//! prediction for more than it is.

use super::{Answer, Input, Step, StepState};
use crate::judge::ReasonKind;
use crate::judge::policy::{Engine, Policy, Stapled};
use crate::text;

/// The checks of this page, as in [`Step::check`].
pub(super) const CHECKS: [&str; 4] = [
    "issuer-fetch",
    "stapled-answer",
    "must-staple",
    "revocation",
];

/// Adds what was not looked at and could turn this answer.
pub(super) fn add(input: &Input<'_>, answer: &mut Answer) {
    let Some(leaf) = input.chain.leaf else {
        return;
    };
    let mut add = |check, evidence: String| {
        answer.steps.push(Step {
            check,
            node: leaf,
            state: StepState::Unknown,
            evidence,
        });
    };
    if !answer.accepted {
        if let Some(url) = unfetched(input, &answer.failures, &answer.path) {
            add(
                "issuer-fetch",
                format!(
                    "this client would get the missing issuer from {url}; whycert does not have it, \
                     so with it this client may accept"
                ),
            );
        }
        return;
    }
    let policy = input.policy;
    if input.facts.stapled.is_some() && policy.stapled == Stapled::Unpredicted {
        add(
            "stapled-answer",
            "the server stapled an OCSP answer, and what this client makes of it is not predicted"
                .to_owned(),
        );
    } else if input.facts.offline
        && policy.stapled == Stapled::Judged
        && input
            .chain
            .certificate(leaf)
            .is_some_and(|c| c.must_staple())
    {
        add(
            "must-staple",
            "it demands a stapled OCSP answer, and files do not show whether the server staples one"
                .to_owned(),
        );
    }
    if input.question.crls.is_empty() && asks_for_revocation(policy) {
        add(
            "revocation",
            "this client may ask for revocation itself or have lists of its own; whycert did not ask"
                .to_owned(),
        );
    }
}

/// Browsers and platforms: CRLSets, CRLite, OCSP.
fn asks_for_revocation(policy: &Policy) -> bool {
    matches!(policy.engine, Engine::Chromium | Engine::Nss)
}

/// Where a client that fetches would get the issuer that is missing.
fn unfetched(
    input: &Input<'_>,
    failures: &[crate::judge::Reason],
    path: &[crate::chain::NodeId],
) -> Option<String> {
    let is_missing = failures
        .iter()
        .any(|r| matches!(r.kind, ReasonKind::MissingIssuer | ReasonKind::UnknownRoot));
    if !input.policy.fetches_issuers || !is_missing {
        return None;
    }
    let top = path
        .iter()
        .rev()
        .find_map(|&id| input.chain.certificate(id))?;
    let url = top.ca_issuers().first()?.to_string();
    Some(text::safe(&text::clip(&url, 120)).into_owned())
}
