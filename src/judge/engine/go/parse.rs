//! What Go's x509.ParseCertificate refuses, and what it leaves unhandled.

use std::net::IpAddr;

use super::names;
use crate::cert::asn1::{Element, Elements, SEQUENCE};
use crate::cert::extension::boolean_fault;
use crate::cert::{
    Certificate, Extension, ExtensionValue, GeneralName, KeyFault, KeyKind, PointForm, TimeForm,
};
use crate::judge::{Policy, ReasonKind, SerialFault, StrictRule, facts};

/// Curves that Go knows.
const CURVES: &[&str] = &["P-224", "P-256", "P-384", "P-521"];

/// Why Go does not parse the certificate.
pub(super) fn fault(c: &Certificate, policy: &Policy) -> Option<ReasonKind> {
    let unreadable = |why: String| Some(ReasonKind::Unreadable(why));
    if c.tbs.is_empty() || c.spki.is_empty() {
        return unreadable("x509: malformed certificate".to_owned());
    }
    if c.signature_algorithm.der != c.inner_signature_algorithm.der {
        return Some(ReasonKind::AlgorithmMismatch);
    }
    match c.version {
        Some(1..=3) => {}
        Some(version) => {
            let why = "there is no such version".to_owned();
            return Some(ReasonKind::Version { version, why });
        }
        None => return unreadable("x509: malformed version".to_owned()),
    }
    match c.serial.first() {
        None => return Some(ReasonKind::Serial(SerialFault::Missing)),
        Some(_) if facts::padded_serial(c).is_some() => return facts::padded_serial(c),
        Some(first) if first & 0x80 != 0 && !policy.negative_serials => {
            return Some(ReasonKind::Serial(SerialFault::Negative));
        }
        Some(_) => {}
    }
    if facts::has_odd_time(c, &[TimeForm::Fraction]) {
        return unreadable("x509: malformed GeneralizedTime".to_owned());
    }
    if c.not_before.is_none() || c.not_after.is_none() {
        return unreadable("x509: malformed validity".to_owned());
    }
    let structure = c.defects.iter().find(|d| {
        matches!(
            d.field,
            "certificate" | "tbsCertificate" | "signatureValue" | "validity" | "signature"
        )
    });
    if let Some(defect) = structure {
        return unreadable(format!("x509: malformed certificate ({})", defect.words));
    }
    if let Some(why) = key(c) {
        return unreadable(why);
    }
    // Only version 3 has extensions; others are not looked at.
    if c.version != Some(3) {
        return None;
    }
    if let Some(oid) = duplicate(c) {
        return Some(ReasonKind::DuplicateExtension { oid });
    }
    let mapped = || {
        let found = c.extensions.iter().find_map(maps_version_4);
        found.filter(|_| policy.refuses_mapped_addresses)
    };
    let malformed = c.extensions.iter().find_map(extension);
    let malformed = malformed.or_else(|| unreadable(mapped()?.to_owned()));
    malformed.or_else(|| match facts::repeats_policy(c) {
        true => unreadable("x509: invalid certificate policies".to_owned()),
        false => None,
    })
}

/// A distribution point has a name that is relative to an issuer, where Go reads whole ones only.
fn names_relatively(points: &[u8]) -> bool {
    let Some(points) = Element::read(points, 0) else {
        return false;
    };
    points.inside().any(|point| {
        let name = point.inside().take_tag(0xa0);
        name.is_some_and(|name| name.inside().next().is_none_or(|n| n.tag != 0xa0))
    })
}

/// Go names the extension by its number.
fn duplicate(c: &Certificate) -> Option<String> {
    facts::duplicate_extension(c)?;
    let list = &c.extensions;
    list.iter()
        .enumerate()
        .find(|(i, e)| list.iter().take(*i).any(|earlier| earlier.oid == e.oid))
        .map(|(_, e)| e.oid.as_str().to_owned())
}

fn key(c: &Certificate) -> Option<String> {
    let has = |fault| c.key.faults.contains(&fault);
    match &c.key.kind {
        KeyKind::Rsa { .. } => {
            if has(KeyFault::Empty) || has(KeyFault::Unreadable) {
                Some("x509: invalid RSA public key".to_owned())
            } else if has(KeyFault::NegativeModulus) {
                Some("x509: invalid RSA modulus".to_owned())
            } else if has(KeyFault::NegativeExponent) {
                Some("x509: invalid RSA public exponent".to_owned())
            } else if has(KeyFault::NoNull) {
                Some("x509: RSA key missing NULL parameters".to_owned())
            } else {
                None
            }
        }
        KeyKind::Ec { .. } if c.key.explicit_parameters => {
            Some("x509: invalid ECDSA parameters".to_owned())
        }
        KeyKind::Ec { curve } if !CURVES.contains(&curve.as_str()) => {
            Some("x509: unsupported elliptic curve".to_owned())
        }
        KeyKind::Ec { .. } if c.key.point != Some(PointForm::Uncompressed) => {
            Some("x509: failed to unmarshal elliptic curve point".to_owned())
        }
        _ => None,
    }
}

fn extension(e: &Extension) -> Option<ReasonKind> {
    let unreadable = |why: &str| Some(ReasonKind::Unreadable(why.to_owned()));
    let malformed = matches!(e.value, ExtensionValue::Malformed(_));
    match (e.oid.as_str(), &e.value) {
        (_, _) if e.faults.contains(&boolean_fault::CRITICAL) => {
            unreadable("x509: malformed extension critical field")
        }
        ("2.5.29.19", _) if e.has_odd_boolean() => unreadable("x509: invalid basic constraints"),
        ("2.5.29.15", _) if malformed => unreadable("x509: invalid key usage"),
        ("2.5.29.19", _) if malformed => unreadable("x509: invalid basic constraints"),
        ("2.5.29.17", _) if malformed => unreadable("x509: invalid subject alternative names"),
        ("2.5.29.17", ExtensionValue::SubjectAltName(list)) => list
            .iter()
            .find_map(alternative)
            .map(ReasonKind::Unreadable),
        ("2.5.29.30", _) if e.is_unreadable() => {
            unreadable("x509: invalid NameConstraints extension")
        }
        (
            "2.5.29.30",
            ExtensionValue::NameConstraints {
                permitted,
                excluded,
            },
        ) => {
            if permitted.is_empty() && excluded.is_empty() {
                return unreadable("x509: empty name constraints extension");
            }
            permitted
                .iter()
                .chain(excluded)
                .find_map(base)
                .map(ReasonKind::Unreadable)
        }
        ("2.5.29.31", _) if malformed => unreadable("x509: invalid CRL distribution points"),
        ("2.5.29.31", _) if names_relatively(&e.raw) => {
            unreadable("x509: invalid CRL distribution point")
        }
        ("2.5.29.35", _) if malformed => unreadable("x509: invalid authority key identifier"),
        ("2.5.29.35", _) if e.critical => {
            Some(ReasonKind::Strict(StrictRule::AuthorityKeyIdCritical))
        }
        ("2.5.29.37", _) if malformed => unreadable("x509: invalid extended key usages"),
        ("2.5.29.14", _) if malformed => unreadable("x509: invalid subject key identifier"),
        ("2.5.29.14", _) if e.critical => {
            Some(ReasonKind::Strict(StrictRule::SubjectKeyIdCritical))
        }
        ("2.5.29.32", _) if malformed => unreadable("x509: invalid certificate policies"),
        ("2.5.29.33", _) if malformed => unreadable("x509: invalid policy mappings extension"),
        ("2.5.29.36", _) if !is_policy_constraints(&e.raw) => {
            unreadable("x509: invalid policy constraints extension")
        }
        ("2.5.29.54", _) if malformed => unreadable("x509: invalid inhibit any policy extension"),
        ("1.3.6.1.5.5.7.1.1", _) if malformed => unreadable("x509: invalid authority info access"),
        ("1.3.6.1.5.5.7.1.1", _) if e.critical => {
            unreadable("x509: authority info access incorrectly marked critical")
        }
        _ => None,
    }
}

fn alternative(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Email(n) if !n.raw().is_ascii() => {
            Some("x509: SAN rfc822Name is malformed".to_owned())
        }
        GeneralName::Dns(n) if !n.raw().is_ascii() => {
            Some("x509: SAN dNSName is malformed".to_owned())
        }
        GeneralName::Uri(n) if !n.raw().is_ascii() => {
            Some("x509: SAN uniformResourceIdentifier is malformed".to_owned())
        }
        GeneralName::Uri(n) if !is_uri(n.raw()) => Some(format!(
            "x509: cannot parse URI \"{}\"",
            crate::text::safe(&crate::text::clip(n.raw(), 120))
        )),
        GeneralName::Invalid { tag: 7, raw } => Some(format!(
            "x509: cannot parse IP address of length {}",
            raw.len()
        )),
        _ => None,
    }
}

/// net/url parses it, and its host is a domain.
fn is_uri(uri: &str) -> bool {
    if uri.bytes().any(|b| b < 0x20 || b == 0x7f) || uri.starts_with(':') {
        return false;
    }
    let before_colon = uri.split(['/', '?', '#']).next().unwrap_or_default();
    let scheme = before_colon.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    match scheme {
        // A colon in the first segment that ends no scheme.
        Some(scheme) if !is_scheme(scheme) => return false,
        _ => {}
    }
    let Some((_, rest)) = uri.split_once("://") else {
        return true;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    let after_host = match host_and_port.rfind(']') {
        Some(end) => host_and_port.get(end + 1..).unwrap_or_default(),
        None => host_and_port
            .find(':')
            .map_or("", |i| host_and_port.get(i..).unwrap_or_default()),
    };
    let port_is_sound = after_host.is_empty()
        || after_host
            .strip_prefix(':')
            .is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    let host = names::host_of(uri);
    port_is_sound
        && !host_and_port.contains([' ', '<', '>', '"', '\\', '^', '`', '{', '|', '}'])
        && (host.is_empty() || host.starts_with('[') || names::labels(host).is_some())
}

fn base(name: &GeneralName) -> Option<String> {
    let shown = |raw: &str| crate::text::safe(&crate::text::clip(raw, 120)).into_owned();
    let domain = |raw: &str| names::labels(raw.strip_prefix('.').unwrap_or(raw)).is_some();
    match name {
        GeneralName::Dns(n) if !n.raw().is_ascii() => {
            Some("x509: invalid constraint value: not an IA5String".to_owned())
        }
        GeneralName::Dns(n) if !domain(n.raw()) => Some(format!(
            "x509: failed to parse dnsName constraint \"{}\"",
            shown(n.raw())
        )),
        GeneralName::Email(n) => {
            let sound = match n.raw().contains('@') {
                true => names::mailbox(n.raw()).is_some(),
                false => domain(n.raw()),
            };
            (!sound).then(|| {
                format!(
                    "x509: failed to parse rfc822Name constraint \"{}\"",
                    shown(n.raw())
                )
            })
        }
        GeneralName::Uri(n) if n.raw().parse::<IpAddr>().is_ok() => Some(format!(
            "x509: failed to parse URI constraint \"{}\": cannot be IP address",
            shown(n.raw())
        )),
        GeneralName::Uri(n) if !domain(n.raw()) => Some(format!(
            "x509: failed to parse URI constraint \"{}\"",
            shown(n.raw())
        )),
        GeneralName::IpRange { mask, .. } => {
            let whole = match mask {
                IpAddr::V4(m) => {
                    u32::from(*m).leading_ones() + u32::from(*m).trailing_zeros() >= 32
                }
                IpAddr::V6(m) => {
                    u128::from(*m).leading_ones() + u128::from(*m).trailing_zeros() >= 128
                }
            };
            (!whole).then(|| "x509: IP constraint contained invalid mask".to_owned())
        }
        GeneralName::Invalid { tag: 7, raw } => Some(format!(
            "x509: IP constraint contained value of length {}",
            raw.len()
        )),
        _ => None,
    }
}

/// A sequence in which the two numbers, where they stand at their places, are such that Go reads them; what
/// else there is it does not look at.
fn is_policy_constraints(raw: &[u8]) -> bool {
    let Some(mut parts) = Elements::new(raw, 0).take_tag(SEQUENCE).map(|s| s.inside()) else {
        return false;
    };
    [0x80, 0x81].into_iter().all(|tag| {
        let number = parts.take_tag(tag);
        number.is_none_or(|n| matches!(n.content.len(), 1..=8) && is_shortest(n.content))
    })
}

/// No octet in front that says nothing.
fn is_shortest(number: &[u8]) -> bool {
    !matches!(number, [0, next, ..] if next & 0x80 == 0)
        && !matches!(number, [0xff, next, ..] if next & 0x80 != 0)
}

/// `::ffff:0:0/96` among the names or the constraints; Go reads it as an address of version 4 (RFC 4291,
/// section 2.5.5.2).
fn maps_version_4(e: &Extension) -> Option<&'static str> {
    let is_mapped = |ip: &IpAddr| matches!(ip, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some());
    match &e.value {
        ExtensionValue::SubjectAltName(list) => list
            .iter()
            .any(|n| matches!(n, GeneralName::Ip(ip) if is_mapped(ip)))
            .then_some("x509: SAN iPAddress contains IPv4-mapped IPv6 address"),
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => permitted
            .iter()
            .chain(excluded)
            .any(|n| matches!(n, GeneralName::IpRange { address, .. } if is_mapped(address)))
            .then_some("x509: IP constraint contained IPv4-mapped IPv6 address"),
        _ => None,
    }
}

/// The first critical extension that it does not handle, by its title.
pub(super) fn unhandled_critical(c: &Certificate) -> Option<String> {
    if c.version != Some(3) {
        return None;
    }
    let handled = |e: &Extension| match (e.oid.as_str(), &e.value) {
        ("2.5.29.15" | "2.5.29.19" | "2.5.29.31" | "2.5.29.35" | "2.5.29.37" | "2.5.29.14", _) => {
            true
        }
        ("2.5.29.32" | "2.5.29.33" | "2.5.29.36" | "2.5.29.54", _) => true,
        ("2.5.29.17", ExtensionValue::SubjectAltName(list)) => list.iter().any(|n| {
            matches!(
                n,
                GeneralName::Dns(_)
                    | GeneralName::Ip(_)
                    | GeneralName::Email(_)
                    | GeneralName::Uri(_)
            )
        }),
        (
            "2.5.29.30",
            ExtensionValue::NameConstraints {
                permitted,
                excluded,
            },
        ) => permitted.iter().chain(excluded).all(|b| {
            matches!(
                b,
                GeneralName::Dns(_)
                    | GeneralName::IpRange { .. }
                    | GeneralName::Email(_)
                    | GeneralName::Uri(_)
            )
        }),
        _ => false,
    };
    c.extensions
        .iter()
        .find(|e| e.critical && !handled(e))
        .map(|e| e.oid.title())
}
