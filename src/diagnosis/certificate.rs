//! Rules about single certificates that do not decide today's verdict.

use super::{Case, Finding, Severity, Subject, Who, clip, rule, sentence};
use crate::judge::ReasonKind;
use crate::moment::{DAY, span};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if case.chain.presentation.bundle {
        return found;
    }
    found.extend(expires_soon(case));
    found.extend(ca_as_leaf(case));
    found.extend(defects(case));
    found
}

/// Soon: within two weeks or the last sixth of its life, whichever is shorter.
fn expires_soon(case: &Case<'_>) -> Option<Finding> {
    let leaf = case.chain.leaf?;
    let certificate = case.chain.certificate(leaf)?;
    let (begins, ends) = (certificate.not_before?, certificate.not_after?);
    let left = case.at.until(ends);
    if left < 0 || case.at < begins || left > (14 * DAY).min(begins.until(ends) / 6) {
        return None;
    }
    Some(
        Finding::new(
            &rule::EXPIRES_SOON,
            Subject::Node(leaf),
            format!(
                "{} expires in {}, on {}.",
                sentence(&case.called(leaf)),
                span(left),
                ends.date()
            ),
        )
        .saw("not after", ends.rfc3339())
        .fix(
            Who::ServerOwner,
            "Renew it now, and let renewal run by itself.",
        ),
    )
}

fn ca_as_leaf(case: &Case<'_>) -> Option<Finding> {
    let leaf = case.chain.leaf?;
    let certificate = case.chain.certificate(leaf)?;
    if !certificate.is_ca() || case.capture.target.endpoint().is_none() {
        return None;
    }
    Some(
        Finding::new(
            &rule::CA_AS_LEAF,
            Subject::Node(leaf),
            "The server's own certificate is marked as a CA; Rust programs and Firefox refuse that even when it is trusted.",
        )
        .saw("basic constraints", "CA:TRUE")
        .saw("often made by", "openssl req -x509 without further options")
        .fix_by(
            Who::ServerOwner,
            "Make it again as a server's certificate.",
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 90 -subj /CN=HOST -addext subjectAltName=DNS:HOST -addext basicConstraints=critical,CA:FALSE",
        ),
    )
}

/// Encoding faults of certificates that were sent.
fn defects(case: &Case<'_>) -> Vec<Finding> {
    // A fault that already decides the verdict has its finding from there.
    let judged = |id| {
        case.deciding().is_some_and(|v| {
            v.reasons.iter().any(|r| {
                r.node == Some(id)
                    && matches!(
                        r.kind,
                        ReasonKind::Unreadable(_)
                            | ReasonKind::NoValidity
                            | ReasonKind::AlgorithmMismatch
                            | ReasonKind::ReversedValidity
                    )
            })
        })
    };
    case.chain
        .iter()
        .filter(|(id, node)| node.is_sent() && !judged(*id))
        .filter_map(|(id, node)| {
            let certificate = node.certificate.as_ref()?;
            let first = certificate.defects.first()?;
            let more = certificate.defects.len() - 1;
            let mut finding = Finding::new(
                &rule::BROKEN_ENCODING,
                Subject::Node(id),
                format!(
                    "{} is not encoded as the standard demands ({}): {}",
                    sentence(&case.called(id)),
                    first.field,
                    clip(&first.words)
                ),
            )
            .severity(Severity::Warning);
            for defect in certificate.defects.iter().take(4) {
                finding = finding.saw(defect.field, defect.words.clone());
            }
            if more > 3 {
                finding = finding.saw("and", format!("{} more", more - 3));
            }
            Some(finding.fix(
                Who::ServerOwner,
                "Have it issued again; strict clients refuse such certificates.",
            ))
        })
        .collect()
}
