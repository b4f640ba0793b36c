//! Rules about the OCSP answer that a server staples. That the certificate is revoked is a reason
//! against the path, and has its finding from there.

use super::{Case, Finding, Subject, Who, rule, sentence};
use crate::capture::Seen;
use crate::cert::ocsp::ResponseStatus;
use crate::chain::NodeId;
use crate::judge::{Says, StapleFault};

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let Some(leaf) = case.chain.leaf else {
        return Vec::new();
    };
    let demanded = case
        .chain
        .certificate(leaf)
        .is_some_and(|c| c.must_staple());
    let found = match case.staple.map(|staple| &staple.says) {
        Some(Says::Nothing(fault)) => Some(bad(case, leaf, fault, demanded)),
        Some(Says::Good | Says::Revoked { .. }) => None,
        // Only this handshake asked for an answer.
        None if demanded && case.capture.seen_by == Seen::Handshake => Some(missing(case, leaf)),
        None => None,
    };
    found.into_iter().collect()
}

/// Demanded, and not there.
pub(super) fn missing(case: &Case<'_>, leaf: NodeId) -> Finding {
    Finding::new(
        &rule::MUST_STAPLE,
        Subject::Node(leaf),
        format!(
            "{} demands a stapled OCSP answer, and the server staples none.",
            sentence(&case.called(leaf))
        ),
    )
    .saw(
        "who refuses",
        "Firefox and programs with GnuTLS (wget, git on Debian); others only when told to look (curl --cert-status)",
    )
    .fix(Who::ServerOwner, "Turn on OCSP stapling in the server.")
    .fix(
        Who::ServerOwner,
        "If the CA answers no more, have the certificate issued again without that demand.",
    )
}

/// There, and no good.
pub(super) fn bad(case: &Case<'_>, leaf: NodeId, fault: &StapleFault, demanded: bool) -> Finding {
    let finding = Finding::new(
        &rule::BAD_STAPLE,
        Subject::Node(leaf),
        format!(
            "The OCSP answer that the server staples for {} {}.",
            case.called(leaf),
            fault.words()
        ),
    )
    .saw("who refuses", who_refuses(fault, demanded))
    .saw_some(
        "and",
        demanded.then_some("the certificate demands an answer that holds"),
    );
    let finding = match fault {
        StapleFault::Expired { .. } | StapleFault::Refused(ResponseStatus::TryLater | ResponseStatus::InternalError) => finding.fix(
            Who::ServerOwner,
            "Let the server get a fresh answer from its CA: reload it, and look whether it can reach the CA's address.",
        ),
        StapleFault::NotYetValid { .. } => finding
            .fix_by(Who::You, "Check the clock of this machine.", "date -u")
            .fix(Who::ServerOwner, "Let the server get a fresh answer from its CA."),
        StapleFault::OtherCertificate => finding.fix(
            Who::ServerOwner,
            "Reload the server, or delete the file of its old answer: it belongs to the certificate before.",
        ),
        StapleFault::UnknownCertificate | StapleFault::Refused(_) => finding.fix(
            Who::ServerOwner,
            "Ask the CA why its responder does not answer for this certificate; until then, turn stapling off.",
        ),
        StapleFault::Malformed(_)
        | StapleFault::NotAllowed(_)
        | StapleFault::BadSignature
        | StapleFault::Unchecked(_) => finding.fix(
            Who::ServerOwner,
            "Let the server get a fresh answer from the CA that issued the certificate.",
        ),
    };
    match demanded {
        true => finding,
        false => finding.fix(
            Who::ServerOwner,
            "If no good answer is to be had, turn stapling off: without one, all clients go on.",
        ),
    }
}

/// As measured: GnuTLS minds neither errors of the responder nor answers of a later time.
fn who_refuses(fault: &StapleFault, demanded: bool) -> &'static str {
    match fault {
        StapleFault::Refused(_) if !demanded => {
            "Firefox; others only when told to look (curl --cert-status)"
        }
        StapleFault::UnknownCertificate => {
            "Firefox; others only when told to look (curl --cert-status)"
        }
        StapleFault::NotYetValid { .. } => {
            "Firefox, from a day on; others only when told to look (curl --cert-status)"
        }
        StapleFault::Expired { .. } => {
            "programs with GnuTLS (wget, git on Debian), and Firefox from a day on; others only when told to look (curl --cert-status)"
        }
        _ => {
            "Firefox and programs with GnuTLS (wget, git on Debian); others only when told to look (curl --cert-status)"
        }
    }
}
