//! Rules about what an accepted chain does that some verifiers refuse: strict ones, and those that
//! hold certificates to all of the standard's profile.

use super::{Case, Finding, Subject, Who, rule, sentence};
use crate::chain::NodeId;
use crate::judge::{ProfileRule, ReasonKind};

/// One finding of each kind for each certificate of the accepted path. A chain that is refused anyway
/// has graver findings.
pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let Some(verdict) = case.deciding().filter(|v| v.accepted) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for &node in &verdict.path {
        let mut strict = Vec::new();
        let mut other = Vec::new();
        for reason in verdict.profile.iter().filter(|r| r.node == Some(node)) {
            match &reason.kind {
                ReasonKind::Strict(_) => strict.push(reason.kind.clone()),
                ReasonKind::Profile(rule) if !told_elsewhere(case, node, *rule) => {
                    other.push(reason.kind.clone());
                }
                _ => {}
            }
        }
        found.extend(finding(case, node, &strict));
        found.extend(finding(case, node, &other));
    }
    found
}

/// Faults of encoding, and CA marks, have findings of their own on certificates that were sent.
fn told_elsewhere(case: &Case<'_>, node: NodeId, rule: ProfileRule) -> bool {
    let sent = case
        .chain
        .node(node)
        .is_some_and(crate::chain::Node::is_sent);
    let endpoint = case.capture.target.endpoint().is_some();
    match rule {
        ProfileRule::Serial(_) | ProfileRule::OddExtension => sent,
        ProfileRule::CaAsLeaf => endpoint,
        _ => false,
    }
}

/// The finding of one certificate that breaks these rules, all strict ones or none.
pub(super) fn finding(case: &Case<'_>, node: NodeId, broken: &[ReasonKind]) -> Option<Finding> {
    let words: Vec<String> = broken.iter().filter_map(words).collect();
    let first = words.first()?;
    let strict = broken.iter().any(|k| matches!(k, ReasonKind::Strict(_)));
    let called = sentence(&case.called(node));
    let (rule, who, names) = if strict {
        (
            &rule::STRICT,
            "strict clients refuse that",
            "Python 3.13 and later, and what is built on its ssl module",
        )
    } else {
        (
            &rule::PROFILE,
            "a few verifiers refuse that",
            "linters of public CAs, pyca/cryptography and other strict libraries",
        )
    };
    let mut finding = Finding::new(
        rule,
        Subject::Node(node),
        format!("{called} {first}; {who}."),
    );
    for more in words.iter().skip(1) {
        finding = finding.saw("it also", more.clone());
    }
    Some(finding.saw("who refuses", names).fix(
        Who::ServerOwner,
        "Have it issued again with the extensions that RFC 5280 demands.",
    ))
}

fn words(kind: &ReasonKind) -> Option<String> {
    match kind {
        ReasonKind::Strict(rule) => Some(rule.words().to_owned()),
        ReasonKind::Profile(rule) => Some(rule.words()),
        _ => None,
    }
}
