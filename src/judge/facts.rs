//! Facts about single certificates that several engines judge by. Each answers one question and knows
//! nothing of paths, stores or clients.

use crate::cert::{Certificate, Hash};
use crate::target::Host;

/// Extensions that path validation processes, or that may be critical without changing it; any other
/// critical one means refusal (RFC 5280, section 4.2).
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

/// The first critical extension that nobody here processes, by its title.
pub(super) fn unknown_critical(certificate: &Certificate) -> Option<String> {
    certificate
        .extensions
        .iter()
        .find(|e| e.critical && !PROCESSED.contains(&e.oid.as_str()))
        .map(|e| e.oid.title())
}

/// The signature's algorithm is one that rustls-webpki with aws-lc-rs verifies.
pub(super) fn webpki_knows(certificate: &Certificate) -> bool {
    !matches!(
        certificate.signature_algorithm.hash,
        Some(Hash::Md2 | Hash::Md5 | Hash::Sha1 | Hash::Sha224)
    )
}

/// A host as sentences name it.
pub(super) fn host(host: &Host) -> String {
    match host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name { .. } => host.to_string(),
    }
}
