//! Single certificates in GnuTLS's eyes: what it does not import, which critical extensions it knows,
//! purposes, and host names.

use super::super::ground::{Family, same_bytes};
use crate::cert::asn1::Element;
use crate::cert::{
    Certificate, Extension, ExtensionValue, GeneralName, Hash, Name, Oid, TimeForm, oid,
};
use crate::judge::{Purpose, ReasonKind, facts};
use crate::target::Host;
use crate::text;

/// Extensions that may be critical.
const SUPPORTED: &[&str] = &[
    "1.3.6.1.5.5.7.1.1",
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.16",
    "2.5.29.17",
    "2.5.29.18",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.35",
    "2.5.29.37",
    "2.5.29.54",
    "1.3.6.1.5.5.7.1.14",
    "1.3.6.1.5.5.7.1.24",
];

/// Old usages of CAs that stand for servers.
const OBSOLETE_SERVER: &[&str] = &["2.16.840.1.113730.4.1", "2.16.840.1.113733.1.8.1"];

/// Both names are of the same attributes with the same texts, whatever types their strings have.
pub(super) fn same_name(one: &Name, other: &Name) -> bool {
    let attributes = |name: &Name| -> Vec<Vec<(Oid, String)>> {
        let rdns = name.rdns.iter();
        rdns.map(|rdn| {
            let parts = rdn.iter();
            parts
                .map(|a| (a.oid.clone(), a.value.raw().to_owned()))
                .collect()
        })
        .collect()
    };
    same_bytes(one, other) || (!one.rdns.is_empty() && attributes(one) == attributes(other))
}

/// GnuTLS has a number for the algorithm of the signature; RSA-PSS has one with three hashes.
pub(super) fn knows_signature(certificate: &Certificate) -> bool {
    let hash = certificate.signature_algorithm.hash;
    match Family::of_signature(certificate) {
        None => false,
        Some(Family::RsaPss) => {
            matches!(hash, Some(Hash::Sha256 | Hash::Sha384 | Hash::Sha512))
        }
        Some(_) => true,
    }
}

/// One of an algorithm without a number is refused without a word of why.
pub(super) fn as_told(kind: ReasonKind, certificate: &Certificate) -> ReasonKind {
    match kind {
        ReasonKind::UncheckedSignature(_) if !knows_signature(certificate) => {
            let name = &certificate.signature_algorithm.name;
            let algorithm = text::safe(name).into_owned();
            ReasonKind::UnsupportedSignature { algorithm }
        }
        kind => kind,
    }
}

/// The extension is there, and GnuTLS cannot decode it.
pub(super) fn is_unreadable(certificate: &Certificate, oid: &str) -> bool {
    facts::extension(certificate, oid).is_some_and(Extension::is_unreadable)
}

/// _gnutls_check_key_purpose; `any` counts for leaves only.
pub(super) fn fits(certificate: &Certificate, purpose: Purpose, any: bool) -> bool {
    if is_unreadable(certificate, "2.5.29.37") {
        return false;
    }
    let Some(usages) = certificate.extended_key_usage().filter(|u| !u.is_empty()) else {
        return true;
    };
    let wanted = match purpose {
        Purpose::Server => oid::KP_SERVER_AUTH,
        Purpose::Client => oid::KP_CLIENT_AUTH,
    };
    usages.iter().any(|u| {
        u.as_str() == wanted
            || (any && u.as_str() == oid::ANY_EXTENDED_KEY_USAGE)
            || (purpose == Purpose::Server
                && certificate.is_ca()
                && OBSOLETE_SERVER.contains(&u.as_str()))
    })
}

/// gnutls_x509_crt_check_hostname2 and gnutls_x509_crt_check_ip. One common name counts when there is
/// neither a DNS name nor an address nor a URI.
pub(in crate::judge::engine) fn has_name(certificate: &Certificate, wanted: &Host) -> bool {
    let alternative = certificate.subject_alt_names();
    let ascii = match wanted {
        Host::Ip(ip) => {
            return alternative
                .iter()
                .any(|n| matches!(n, GeneralName::Ip(own) if own == ip));
        }
        Host::Name { ascii, .. } => ascii,
    };
    let mut has_names = false;
    for name in alternative {
        match name {
            GeneralName::Dns(n) => {
                has_names = true;
                if pattern_matches(n.raw(), ascii) {
                    return true;
                }
            }
            GeneralName::Ip(_) | GeneralName::Uri(_) | GeneralName::Invalid { tag: 7, .. } => {
                has_names = true;
            }
            _ => {}
        }
    }
    if has_names || !fits(certificate, Purpose::Server, true) {
        return false;
    }
    let mut names = certificate.subject.common_names();
    match (names.next(), names.next()) {
        (Some(only), None) => pattern_matches(only.raw(), ascii),
        _ => false,
    }
}

/// A wildcard may begin a name of three labels or more and stands for one label, or the end of one.
fn pattern_matches(pattern: &str, host: &str) -> bool {
    let printable = pattern.bytes().all(|b| (0x20..0x7f).contains(&b));
    if pattern.is_empty() || !printable {
        return false;
    }
    let Some(rest) = pattern.strip_prefix('*') else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let mut dots = pattern.match_indices('.').map(|(i, _)| i);
    let (Some(first), Some(last)) = (dots.next(), pattern.rfind('.')) else {
        return false;
    };
    if first == last || last + 1 == pattern.len() {
        return false;
    }
    let label = host.split('.').next().unwrap_or_default();
    (0..=label.len())
        .filter_map(|i| host.get(i..))
        .any(|tail| tail.eq_ignore_ascii_case(rest))
}

pub(super) fn unknown_critical(certificate: &Certificate) -> Option<String> {
    let list = &certificate.extensions;
    list.iter()
        .find(|e| e.critical && !SUPPORTED.contains(&e.oid.as_str()))
        .map(|e| e.oid.title())
}

/// What GnuTLS does not import.
pub(super) fn unparsable(c: &Certificate) -> Option<ReasonKind> {
    if c.tbs.is_empty() || c.spki.is_empty() {
        return Some(ReasonKind::Unreadable(
            "its structure could not be read".to_owned(),
        ));
    }
    if Element::read(&c.der, 0).is_none_or(|whole| whole.whole.len() < c.der.len()) {
        let why = "there is more than the certificate".to_owned();
        return Some(ReasonKind::Unreadable(why));
    }
    if c.signature_algorithm.der != c.inner_signature_algorithm.der {
        return Some(ReasonKind::AlgorithmMismatch);
    }
    if facts::has_odd_time(c, &[TimeForm::Fraction, TimeForm::NotUtc]) {
        return Some(ReasonKind::NoValidity);
    }
    if let Some(version @ (1 | 2)) = c.version
        && !c.extensions.is_empty()
    {
        let why = "only version 3 has extensions".to_owned();
        return Some(ReasonKind::Version { version, why });
    }
    if let Some(oid) = facts::duplicate_extension(c) {
        return Some(ReasonKind::DuplicateExtension { oid });
    }
    let broken = c.extensions.iter().any(|e| match &e.value {
        _ if e.oid.as_str() == "2.5.29.17" && e.is_unreadable() => true,
        ExtensionValue::SubjectAltName(list) => list.iter().any(|n| match n {
            GeneralName::Invalid { tag, .. } => *tag != 7,
            GeneralName::Dns(n) | GeneralName::Email(n) | GeneralName::Uri(n) => n.raw().is_empty(),
            _ => false,
        }),
        _ => false,
    });
    broken.then(|| ReasonKind::Unreadable("its alternative names could not be read".to_owned()))
}
