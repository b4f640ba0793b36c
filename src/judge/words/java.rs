//! The errors of Java's PKIX validator and of its host name checker.

use super::event::{Event, Rejected};
use super::names;
use crate::cert::{Hash, KeyKind};
use crate::judge::engine::NAMELESS_ISSUER;
use crate::judge::facts::NETSCAPE_SERVER;
use crate::judge::{ConstraintFault, Reason, ReasonKind, StrictRule};
use crate::target::Host;

/// What Java met.
pub(super) fn event(rejected: &Rejected<'_>) -> Event {
    let Some(reason) = rejected.first() else {
        return Event::new(["path-building", "certificate"]);
    };
    let new_style = rejected
        .profile
        .values
        .get("PREFIX")
        .is_some_and(|p| !p.is_empty());
    let prefix = |alert: &str| {
        if new_style {
            format!("({alert}) ")
        } else {
            String::new()
        }
    };
    let is_anchor = reason.node.is_some_and(|n| rejected.anchors.holds(n));
    match &reason.kind {
        ReasonKind::Expired { not_after } => Event::new(["dates", "certificate"])
            .with("JAVA_DATE_PREFIX", prefix("certificate_expired"))
            .with(
                "JAVA_DATE_CAUSE",
                format!(
                    "java.security.cert.CertificateExpiredException: NotAfter: {}",
                    names::java_time(*not_after)
                ),
            ),
        ReasonKind::NotYetValid { not_before } => Event::new(["dates", "certificate"])
            .with("JAVA_DATE_PREFIX", prefix("bad_certificate"))
            .with(
                "JAVA_DATE_CAUSE",
                format!(
                    "java.security.cert.CertificateNotYetValidException: NotBefore: {}",
                    names::java_time(*not_before)
                ),
            ),
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. } => {
            Event::new(["name", "certificate"]).with("JAVA_MISMATCH", mismatch(rejected))
        }
        // The path was found by names; the trusted certificate's key does not fit.
        ReasonKind::BadSignature if rejected.issuer_is_anchor(reason) => {
            Event::new(["no-anchor", "certificate"])
        }
        ReasonKind::UncheckedSignature(_) if let Some(hash) = rejected.cut_hash(reason) => {
            Event::new(["weak-algorithm", "certificate"])
                .with("JAVA_WEAK_PREFIX", prefix("unsupported_certificate"))
                .with("JAVA_WEAK", format!("signature algorithm: {hash}withRSA"))
        }
        ReasonKind::BadSignature
        | ReasonKind::UncheckedSignature(_)
        | ReasonKind::UnsupportedSignature { .. } => {
            let (alert, cause) = signature(rejected);
            Event::new(["signature", "certificate"])
                .with("JAVA_SIGNATURE_PREFIX", prefix(alert))
                .with("JAVA_SIGNATURE_CAUSE", cause)
        }
        ReasonKind::WeakHash(_) | ReasonKind::WeakKey { .. } => {
            Event::new(["weak-algorithm", "certificate"])
                .with("JAVA_WEAK_PREFIX", prefix("unsupported_certificate"))
                .with("JAVA_WEAK", weak(rejected, reason, new_style))
        }
        ReasonKind::NoCertSign if is_anchor => anchor(
            rejected,
            reason,
            "does not have keyCertSign bit set in KeyUsage extension",
        ),
        ReasonKind::NotACa if is_anchor => anchor(rejected, reason, "is not a CA certificate"),
        ReasonKind::NotACa => Event::new(["not-a-ca", "certificate"]),
        ReasonKind::NoCertSign => Event::new(["no-cert-sign", "certificate"]),
        ReasonKind::PathTooLong { .. } | ReasonKind::TooDeep { .. } => {
            Event::new(["path-length", "certificate"])
        }
        ReasonKind::NameConstraint {
            fault: ConstraintFault::Bounds,
            ..
        } => Event::new(["constraint-bounds", "certificate"]),
        ReasonKind::NameConstraint { .. } => Event::new(["name-constraint", "certificate"]),
        ReasonKind::NotForServers { .. } | ReasonKind::NotForClients { .. } => {
            Event::new(["purpose", "certificate"])
        }
        ReasonKind::Version { .. }
        | ReasonKind::AlgorithmMismatch
        | ReasonKind::DuplicateExtension { .. }
        | ReasonKind::Strict(StrictRule::AltNameNotCritical | StrictRule::EmptySubject) => {
            Event::new(["unparsable", "certificate"])
                .with("JAVA_PARSE_PREFIX", prefix("bad_certificate"))
                .with("JAVA_PARSE_CAUSE", unparsable(&reason.kind))
        }
        ReasonKind::Unreadable(why) if why == NAMELESS_ISSUER => {
            Event::new(["unparsable", "certificate"])
                .with("JAVA_PARSE_PREFIX", prefix("bad_certificate"))
                .with("JAVA_PARSE_CAUSE", unparsable(&reason.kind))
        }
        // Its words for these depend on where it fails.
        ReasonKind::Unreadable(_) => Event::new(["unread"]),
        ReasonKind::Policy(_) => Event::new(["policy", "certificate"]),
        ReasonKind::KeyUsageForbids { wanted } if *wanted == NETSCAPE_SERVER => {
            Event::new(["netscape-type", "certificate"])
        }
        ReasonKind::KeyUsageForbids { .. } => Event::new(["key-usage-leaf", "certificate"]),
        ReasonKind::UnknownCriticalExtension { .. } | ReasonKind::Strict(_) => {
            Event::new(["critical-extension", "certificate"])
        }
        _ => Event::new(["path-building", "certificate"]),
    }
}

/// An anchor that is unfit to be one.
fn anchor(rejected: &Rejected<'_>, reason: &Reason, fault: &str) -> Event {
    let certificate = reason.node.and_then(|n| rejected.certificate(n));
    let name = certificate.map(|c| names::java_name(&c.subject));
    Event::new(["anchor-not-a-ca", "certificate"])
        .with("JAVA_ANCHOR", name.unwrap_or_default())
        .with("JAVA_ANCHOR_FAULT", fault)
}

/// The algorithm that is too weak, and where it stands.
fn weak(rejected: &Rejected<'_>, reason: &Reason, new_style: bool) -> String {
    let certificate = reason.node.and_then(|n| rejected.certificate(n));
    let subject = certificate.map(|c| names::java_name(&c.subject));
    let subject = subject.unwrap_or_default();
    let is_anchor = reason.node.is_some_and(|n| rejected.anchors.holds(n));
    match &reason.kind {
        ReasonKind::WeakKey { bits } if is_anchor && new_style => {
            format!("keysize limits: RSA {bits} bit key.")
        }
        ReasonKind::WeakKey { .. } if is_anchor => {
            let path = &rejected.answer.path;
            let below = path.iter().rev().nth(1);
            let below = below.and_then(|&id| rejected.certificate(id));
            let hash = below.and_then(|c| c.signature_algorithm.hash);
            let hash = hash.map_or("SHA256", java_hash);
            format!("signature algorithm: {hash}withRSA")
        }
        ReasonKind::WeakKey { bits } => {
            format!("keysize limits: RSA {bits} bit key used with certificate: {subject}")
        }
        ReasonKind::WeakHash(hash) if new_style => {
            format!(
                "disabled algorithm: {} used with certificate: {subject}",
                java_hash(*hash)
            )
        }
        ReasonKind::WeakHash(hash) => {
            format!("signature algorithm: {}withRSA", java_hash(*hash))
        }
        _ => String::new(),
    }
}

fn java_hash(hash: Hash) -> &'static str {
    match hash {
        Hash::Md2 => "MD2",
        Hash::Md5 => "MD5",
        Hash::Sha256 => "SHA256",
        Hash::Sha384 => "SHA384",
        Hash::Sha512 => "SHA512",
        _ => "SHA1",
    }
}

/// Why a certificate was not read.
fn unparsable(kind: &ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Version { version: 1, .. } => {
            "java.security.cert.CertificateParsingException: no more data allowed for version 1 certificate"
        }
        ReasonKind::Version { .. } => {
            "java.security.cert.CertificateParsingException: Extensions not allowed in v2 certificate"
        }
        ReasonKind::AlgorithmMismatch => {
            "java.security.cert.CertificateException: Signature algorithm mismatch"
        }
        ReasonKind::DuplicateExtension { .. } => {
            "java.io.IOException: Duplicate extensions not allowed"
        }
        ReasonKind::Unreadable(_) => {
            "java.security.cert.CertificateParsingException: Empty issuer DN not allowed in X509Certificates"
        }
        ReasonKind::Strict(StrictRule::EmptySubject) => {
            "java.security.cert.CertificateParsingException: X.509 Certificate is incomplete: subject field is empty, and SubjectAlternativeName extension is absent"
        }
        _ => {
            "java.security.cert.CertificateParsingException: X.509 Certificate is incomplete: SubjectAlternativeName extension MUST be marked critical when subject field is empty"
        }
    }
}

impl Rejected<'_> {
    /// The issuer is an anchor of the right name whose key identifier is another one.
    fn issuer_is_anchor(&self, reason: &crate::judge::Reason) -> bool {
        let pair = reason.node.and_then(|n| Some((n, self.issuer_of(n)?)));
        pair.is_some_and(|(child, issuer)| {
            let link = self.chain.link(child, issuer);
            self.anchors.holds(issuer)
                && link.is_some_and(|l| l.key_id == crate::chain::KeyIdMatch::Different)
        })
    }
}

fn signature(rejected: &Rejected<'_>) -> (&'static str, String) {
    let child = rejected.first().and_then(|r| r.node);
    let pair = child.and_then(|id| {
        let issuer = rejected.issuer_of(id)?;
        Some((rejected.certificate(id)?, rejected.certificate(issuer)?))
    });
    if let Some((child, issuer)) = pair {
        let ecdsa = child
            .signature_algorithm
            .name
            .to_lowercase()
            .contains("ecdsa");
        match &issuer.key.kind {
            KeyKind::Rsa { .. } if ecdsa => {
                return (
                    "certificate_unknown",
                    "java.security.InvalidKeyException: No installed provider supports this key: sun.security.rsa.RSAPublicKeyImpl".to_owned(),
                );
            }
            KeyKind::Ec { curve } if curve == "secp256k1" => {
                return (
                    "bad_certificate",
                    "java.security.SignatureException: Curve not supported: secp256k1 (1.3.132.0.10)".to_owned(),
                );
            }
            KeyKind::Ec { .. } if !ecdsa => {
                return (
                    "certificate_unknown",
                    "java.security.InvalidKeyException: No installed provider supports this key: sun.security.ec.ECPublicKeyImpl".to_owned(),
                );
            }
            _ => {}
        }
    }
    (
        "bad_certificate",
        "java.security.SignatureException: Signature does not match.".to_owned(),
    )
}

/// `sun.security.util.HostnameChecker`.
fn mismatch(rejected: &Rejected<'_>) -> String {
    let host = rejected.host();
    let Some(leaf) = rejected.leaf() else {
        return format!("No name matching {host} found");
    };
    match &rejected.question.name {
        Some(Host::Ip(_)) if !names::has_alt_names(leaf) => {
            "No subject alternative names present".to_owned()
        }
        Some(Host::Ip(_)) => {
            format!("No subject alternative names matching IP address {host} found")
        }
        _ if !names::dns_names(leaf).is_empty() => {
            format!("No subject alternative DNS name matching {host} found.")
        }
        _ => format!("No name matching {host} found"),
    }
}
