//! The error codes of Firefox and Chromium.

use super::event::{Event, Rejected};
use crate::cert::KeyKind;
use crate::cert::ocsp::ResponseStatus;
use crate::judge::engine::has_common_curve;
use crate::judge::{Reason, ReasonKind, SerialFault, StapleFault};

/// What Firefox met: NSS and mozilla::pkix codes.
pub(super) fn firefox(rejected: &Rejected<'_>) -> Event {
    let Some(reason) = rejected.first() else {
        return Event::new(["unknown-issuer", "certificate"]);
    };
    let leaf = rejected.is_leaf(reason);
    let code = match &reason.kind {
        ReasonKind::SelfSignedLeaf | ReasonKind::HeldLeafRefused => "self-signed",
        ReasonKind::Expired { .. } | ReasonKind::ReversedValidity if leaf => "expired",
        ReasonKind::Expired { .. } | ReasonKind::ReversedValidity => "expired-issuer",
        ReasonKind::NotYetValid { .. } if leaf => "not-yet-valid",
        ReasonKind::NotYetValid { .. } => "not-yet-valid-issuer",
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. } => "name",
        ReasonKind::BadSignature if foreign_key(rejected, reason) => "key",
        ReasonKind::BadSignature => "signature",
        ReasonKind::UncheckedSignature(_)
        | ReasonKind::UnsupportedSignature { .. }
        | ReasonKind::WeakHash(_) => "weak-hash",
        ReasonKind::WeakKey { .. } => "weak-key",
        ReasonKind::BadKey(_) if has_edwards(rejected, reason) => "key-algorithm",
        ReasonKind::BadKey(_) if has_other_curve(rejected, reason) => "curve",
        ReasonKind::BadKey(_) => "key",
        ReasonKind::NotACa if has_version_1(rejected, reason) => "v1-ca",
        ReasonKind::NotACa => "not-a-ca",
        ReasonKind::CaAsLeaf => "ca-as-leaf",
        ReasonKind::Version { .. } => "v1-ca",
        ReasonKind::NoCertSign | ReasonKind::KeyUsageForbids { .. } => "no-cert-sign",
        ReasonKind::PathTooLong { .. } => "path-length",
        ReasonKind::NameConstraint { .. } => "name-constraint",
        ReasonKind::Policy(_) => "policy",
        ReasonKind::NotForServers { .. } | ReasonKind::NotForClients { .. } => "purpose",
        ReasonKind::MustStaple | ReasonKind::TlsFeature => "must-staple",
        ReasonKind::Revoked { .. } => "revoked",
        ReasonKind::BadStaple(fault) => staple(fault),
        ReasonKind::UnknownCriticalExtension { .. } | ReasonKind::Strict(_) => "critical-extension",
        ReasonKind::DuplicateExtension { .. } | ReasonKind::Unreadable(_) => "bad-der",
        ReasonKind::AlgorithmMismatch => "algorithm-mismatch",
        ReasonKind::Serial(SerialFault::Padded) => "serial-padded",
        ReasonKind::Serial(_) => "serial",
        _ => "unknown-issuer",
    };
    Event::new([code, "certificate"])
}

/// What mozilla::pkix says of a stapled answer.
fn staple(fault: &StapleFault) -> &'static str {
    match fault {
        StapleFault::Malformed(_) => "ocsp-malformed",
        StapleFault::Refused(ResponseStatus::MalformedRequest) => "ocsp-malformed-request",
        StapleFault::Refused(ResponseStatus::InternalError) => "ocsp-server-error",
        StapleFault::Refused(ResponseStatus::TryLater) => "ocsp-try-later",
        StapleFault::Refused(ResponseStatus::SignatureRequired) => "ocsp-needs-signature",
        StapleFault::Refused(ResponseStatus::Unauthorized) => "ocsp-unauthorized",
        StapleFault::Refused(_) => "ocsp-unknown-status",
        StapleFault::OtherCertificate => "ocsp-other-certificate",
        StapleFault::UnknownCertificate => "ocsp-unknown-certificate",
        StapleFault::NotAllowed(_) => "ocsp-signer",
        StapleFault::BadSignature | StapleFault::Unchecked(_) => "ocsp-signature",
        StapleFault::NotYetValid { .. } => "ocsp-future",
        StapleFault::Expired { .. } => "ocsp-old",
    }
}

fn has_edwards(rejected: &Rejected<'_>, reason: &Reason) -> bool {
    let certificate = reason.node.and_then(|id| rejected.certificate(id));
    certificate.is_some_and(|c| matches!(c.key.kind, KeyKind::Ed25519 | KeyKind::Ed448))
}

fn has_other_curve(rejected: &Rejected<'_>, reason: &Reason) -> bool {
    let certificate = reason.node.and_then(|id| rejected.certificate(id));
    certificate.is_some_and(|c| !has_common_curve(c))
}

fn has_version_1(rejected: &Rejected<'_>, reason: &Reason) -> bool {
    let certificate = reason.node.and_then(|id| rejected.certificate(id));
    certificate.is_some_and(|c| c.version == Some(1))
}

/// The signature's algorithm is for another type of key than the issuer has.
fn foreign_key(rejected: &Rejected<'_>, reason: &Reason) -> bool {
    let pair = reason.node.and_then(|id| {
        let issuer = rejected.issuer_of(id)?;
        Some((rejected.certificate(id)?, rejected.certificate(issuer)?))
    });
    pair.is_some_and(|(child, issuer)| {
        let ecdsa = child
            .signature_algorithm
            .name
            .to_lowercase()
            .contains("ecdsa");
        match issuer.key.kind {
            KeyKind::Rsa { .. } => ecdsa,
            KeyKind::Ec { .. } => !ecdsa,
            _ => false,
        }
    })
}

/// What Chromium met: it has one code for most faults of a certificate.
pub(super) fn chromium(rejected: &Rejected<'_>) -> Event {
    let code = match rejected.first().map(|r| &r.kind) {
        Some(ReasonKind::Version { .. } | ReasonKind::NoValidity) => "bad-format",
        None
        | Some(
            ReasonKind::MissingIssuer
            | ReasonKind::UnknownRoot
            | ReasonKind::SelfSignedLeaf
            | ReasonKind::HeldLeafRefused
            | ReasonKind::NoCertificate
            | ReasonKind::BadSignature,
        ) => "authority",
        Some(
            ReasonKind::Expired { .. }
            | ReasonKind::NotYetValid { .. }
            | ReasonKind::ReversedValidity,
        ) => "dates",
        Some(ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. }) => "name",
        Some(ReasonKind::WeakKey { .. }) => "weak-key",
        Some(ReasonKind::Revoked { .. }) => "revoked",
        Some(_) => "invalid",
    };
    Event::new([code, "certificate"])
}
