//! Extensions in the form of `openssl x509 -text`.

use std::net::IpAddr;

use crate::cert::asn1::{self, Element, Elements};
use crate::cert::{Extension, ExtensionValue, GeneralName, Name, Oid};
use crate::moment::Moment;
use crate::text::{self, Untrusted};

use super::{Page, day, one_line};

/// Names of extensions, as OpenSSL has them.
const EXTENSIONS: &[(&str, &str)] = &[
    ("2.5.29.14", "X509v3 Subject Key Identifier"),
    ("2.5.29.15", "X509v3 Key Usage"),
    ("2.5.29.16", "X509v3 Private Key Usage Period"),
    ("2.5.29.17", "X509v3 Subject Alternative Name"),
    ("2.5.29.18", "X509v3 Issuer Alternative Name"),
    ("2.5.29.19", "X509v3 Basic Constraints"),
    ("2.5.29.30", "X509v3 Name Constraints"),
    ("2.5.29.31", "X509v3 CRL Distribution Points"),
    ("2.5.29.32", "X509v3 Certificate Policies"),
    ("2.5.29.33", "X509v3 Policy Mappings"),
    ("2.5.29.35", "X509v3 Authority Key Identifier"),
    ("2.5.29.36", "X509v3 Policy Constraints"),
    ("2.5.29.37", "X509v3 Extended Key Usage"),
    ("2.5.29.46", "X509v3 Freshest CRL"),
    ("2.5.29.54", "X509v3 Inhibit Any Policy"),
    ("1.3.6.1.5.5.7.1.1", "Authority Information Access"),
    ("1.3.6.1.5.5.7.1.11", "Subject Information Access"),
    ("1.3.6.1.5.5.7.1.24", "TLS Feature"),
    ("1.3.6.1.4.1.11129.2.4.2", "CT Precertificate SCTs"),
    ("1.3.6.1.4.1.11129.2.4.3", "CT Precertificate Poison"),
    ("2.16.840.1.113730.1.1", "Netscape Cert Type"),
    ("2.16.840.1.113730.1.13", "Netscape Comment"),
];

/// Names of purposes, access methods and policies, as OpenSSL has them.
const OIDS: &[(&str, &str)] = &[
    ("1.3.6.1.5.5.7.3.1", "TLS Web Server Authentication"),
    ("1.3.6.1.5.5.7.3.2", "TLS Web Client Authentication"),
    ("1.3.6.1.5.5.7.3.3", "Code Signing"),
    ("1.3.6.1.5.5.7.3.4", "E-mail Protection"),
    ("1.3.6.1.5.5.7.3.8", "Time Stamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSP Signing"),
    ("2.5.29.37.0", "Any Extended Key Usage"),
    ("1.3.6.1.5.5.7.48.1", "OCSP"),
    ("1.3.6.1.5.5.7.48.2", "CA Issuers"),
    ("2.5.29.32.0", "X509v3 Any Policy"),
];

const KEY_USAGES: [&str; 9] = [
    "Digital Signature",
    "Non Repudiation",
    "Key Encipherment",
    "Data Encipherment",
    "Key Agreement",
    "Certificate Sign",
    "CRL Sign",
    "Encipher Only",
    "Decipher Only",
];

const NETSCAPE_TYPES: [&str; 8] = [
    "SSL Client",
    "SSL Server",
    "S/MIME",
    "Object Signing",
    "Unused",
    "SSL CA",
    "S/MIME CA",
    "Object Signing CA",
];

/// Its name, whether it is critical, and its value below.
pub(super) fn extension(page: &mut Page, extension: &Extension) {
    let oid = extension.oid.as_str();
    let name = EXTENSIONS.iter().find(|(known, _)| *known == oid);
    let name = name.map_or(oid, |(_, name)| name);
    let critical = if extension.critical { " critical" } else { "" };
    page.line(12, format!("{name}:{critical}"));
    let start = page.0.len();
    body(page, extension);
    if page.0.len() == start {
        page.line(16, "<EMPTY>");
    }
}

fn body(page: &mut Page, extension: &Extension) {
    let one = |page: &mut Page, words: String| page.line(16, words);
    match &extension.value {
        ExtensionValue::BasicConstraints { ca, path_len } => {
            let ca = if *ca { "CA:TRUE" } else { "CA:FALSE" };
            let length = path_len.map_or(String::new(), |n| format!(", pathlen:{n}"));
            one(page, format!("{ca}{length}"));
        }
        ExtensionValue::KeyUsage(bits) => {
            let set = KEY_USAGES
                .iter()
                .enumerate()
                .filter(|(i, _)| bits.has(1 << i));
            one(
                page,
                set.map(|(_, name)| *name).collect::<Vec<_>>().join(", "),
            );
        }
        ExtensionValue::ExtendedKeyUsage(oids) => {
            one(page, oids.iter().map(oid).collect::<Vec<_>>().join(", "));
        }
        ExtensionValue::SubjectAltName(names) | ExtensionValue::IssuerAltName(names) => {
            one(
                page,
                names.iter().map(general).collect::<Vec<_>>().join(", "),
            );
        }
        ExtensionValue::SubjectKeyId(id) => one(page, text::hex_colon(id)),
        ExtensionValue::AuthorityKeyId {
            key_id,
            issuer,
            serial,
        } => {
            let alone = issuer.is_empty() && serial.is_none();
            if let Some(id) = key_id {
                let label = if alone { "" } else { "keyid:" };
                one(page, format!("{label}{}", text::hex_colon(id)));
            }
            for name in issuer {
                one(page, general(name));
            }
            if let Some(serial) = serial {
                // As an unsigned number: without the octet that keeps it positive.
                let digits = match serial.as_slice() {
                    [0, rest @ ..] if !rest.is_empty() => rest,
                    all => all,
                };
                one(page, format!("serial:{}", text::hex_colon(digits)));
            }
        }
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => {
            for (label, names) in [("Permitted:", permitted), ("Excluded:", excluded)] {
                if !names.is_empty() {
                    page.line(16, label);
                    names
                        .iter()
                        .for_each(|name| page.line(18, written_out(name)));
                }
            }
        }
        ExtensionValue::CertificatePolicies(_) => policies(page, &extension.raw),
        ExtensionValue::PolicyMappings(pairs) => {
            let pairs: Vec<String> = pairs
                .iter()
                .map(|(a, b)| format!("{}:{}", oid(a), oid(b)))
                .collect();
            one(page, pairs.join(", "));
        }
        ExtensionValue::PolicyConstraints {
            require_explicit,
            inhibit_mapping,
        } => {
            let explicit = require_explicit.map(|n| format!("Require Explicit Policy:{n}"));
            let inhibit = inhibit_mapping.map(|n| format!("Inhibit Policy Mapping:{n}"));
            one(
                page,
                explicit
                    .into_iter()
                    .chain(inhibit)
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }
        ExtensionValue::InhibitAnyPolicy(n) => one(page, n.to_string()),
        ExtensionValue::AuthorityInfoAccess(list) | ExtensionValue::SubjectInfoAccess(list) => {
            for access in list {
                one(
                    page,
                    format!("{} - {}", oid(&access.method), general(&access.location)),
                );
            }
        }
        ExtensionValue::CrlDistributionPoints(names) | ExtensionValue::FreshestCrl(names) => {
            points(page, &extension.raw, names);
        }
        ExtensionValue::SignedCertificateTimestamps(_) => timestamps(page, &extension.raw),
        ExtensionValue::TlsFeature(features) => {
            let name = |n: &u16| match n {
                5 => "status_request".to_owned(),
                17 => "status_request_v2".to_owned(),
                n => n.to_string(),
            };
            one(
                page,
                features.iter().map(name).collect::<Vec<_>>().join(", "),
            );
        }
        ExtensionValue::CtPoison => one(page, "NULL".to_owned()),
        ExtensionValue::NetscapeComment(comment) => one(page, comment.to_string()),
        ExtensionValue::Malformed(why) => {
            one(page, format!("<cannot be read: {}>", text::safe(why)));
            page.hex(16, 18, &extension.raw);
        }
        ExtensionValue::NetscapeCertType(bits) => {
            let set = NETSCAPE_TYPES.iter().enumerate();
            let set = set.filter(|(i, _)| bits & (0x80 >> i) != 0);
            one(
                page,
                set.map(|(_, name)| *name).collect::<Vec<_>>().join(", "),
            );
        }
        ExtensionValue::Unknown => page.hex(16, 18, &extension.raw),
    }
}

fn oid(oid: &Oid) -> String {
    let known = OIDS.iter().find(|(known, _)| *known == oid.as_str());
    known.map_or_else(|| oid.to_string(), |(_, name)| (*name).to_owned())
}

fn general(name: &GeneralName) -> String {
    match name {
        GeneralName::Dns(name) => format!("DNS:{name}"),
        GeneralName::Ip(ip) => format!("IP Address:{}", address(*ip)),
        GeneralName::IpRange { address: ip, mask } => {
            format!("IP Address:{}/{}", address(*ip), address(*mask))
        }
        GeneralName::Email(email) => format!("email:{email}"),
        GeneralName::Uri(uri) => format!("URI:{uri}"),
        GeneralName::Directory(name) => format!("DirName:{}", slashed(name)),
        GeneralName::RegisteredId(id) => format!("Registered ID:{id}"),
        GeneralName::Other { oid, raw } => format!("othername: {oid}::{}", text::hex(raw)),
        GeneralName::X400(_) => "X400Name:<unsupported>".to_owned(),
        GeneralName::EdiParty(_) => "EdiPartyName:<unsupported>".to_owned(),
        GeneralName::Invalid { raw, .. } => format!("<invalid>:{}", text::hex(raw)),
    }
}

/// As in distribution points and name constraints, where directory names are written out as elsewhere.
fn written_out(name: &GeneralName) -> String {
    match name {
        GeneralName::Directory(name) => format!("DirName:{}", one_line(name, " = ")),
        GeneralName::IpRange { address: ip, mask } => {
            format!("IP:{}/{}", address(*ip), address(*mask))
        }
        name => general(name),
    }
}

/// `/C=FR/O=x`, the older form that lists of names keep.
fn slashed(name: &Name) -> String {
    let attributes = name.rdns.iter().flatten();
    attributes
        .map(|a| format!("/{}={}", a.oid.attribute(), a.value))
        .collect()
}

/// IPv6 with all eight groups.
fn address(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let groups: Vec<String> = ip.segments().iter().map(|g| format!("{g:X}")).collect();
            groups.join(":")
        }
    }
}

/// Each distribution point with its names; `names` are those of all, in order.
fn points(page: &mut Page, raw: &[u8], names: &[GeneralName]) {
    let mut names = names.iter();
    for point in inside(raw) {
        let full = Elements::new(point.content, 0)
            .find(|e| e.tag == 0xa0)
            .and_then(|name| name.inside().find(|e| e.tag == 0xa0));
        let Some(full) = full else { continue };
        page.line(16, "Full Name:");
        for name in names.by_ref().take(full.inside().count()) {
            page.line(18, written_out(name));
        }
    }
    // What the walk above did not find is shown all the same.
    names.for_each(|name| page.line(18, written_out(name)));
}

fn policies(page: &mut Page, raw: &[u8]) {
    const CPS: &str = "1.3.6.1.5.5.7.2.1";
    for policy in inside(raw) {
        let mut parts = policy.inside();
        let id = parts
            .take_tag(asn1::OID)
            .and_then(|e| asn1::dotted(e.content));
        let id = id.map_or("<cannot be read>".to_owned(), |id| oid(&Oid::new(id)));
        page.line(16, format!("Policy: {id}"));
        for qualifier in parts.next().iter().flat_map(Element::inside) {
            let mut parts = qualifier.inside();
            let kind = parts
                .take_tag(asn1::OID)
                .and_then(|e| asn1::dotted(e.content));
            let Some(what) = parts.next() else { continue };
            if kind.as_deref() == Some(CPS) {
                page.line(18, format!("CPS: {}", words(&what)));
                continue;
            }
            page.line(18, "User Notice:");
            for text in what.inside().filter(|e| e.tag != asn1::SEQUENCE) {
                page.line(20, format!("Explicit Text: {}", words(&text)));
            }
        }
    }
}

/// A string of a type that certificates use.
fn words(element: &Element<'_>) -> Untrusted {
    const BMP: u8 = 0x1e;
    if element.tag == BMP {
        let units = element.content.chunks_exact(2);
        let units: Vec<u16> = units
            .map(|u| u.iter().fold(0, |n, b| (n << 8) | u16::from(*b)))
            .collect();
        return Untrusted::new(String::from_utf16_lossy(&units));
    }
    Untrusted::from_bytes(element.content)
}

/// The elements of the outermost SEQUENCE.
fn inside(raw: &[u8]) -> Elements<'_> {
    let whole = Element::read(raw, 0).map_or(&[][..], |e| e.content);
    Elements::new(whole, 0)
}

/// The list of RFC 6962 section 3.3.
fn timestamps(page: &mut Page, raw: &[u8]) {
    let list = Element::read(raw, 0).map_or(&[][..], |e| e.content);
    let mut rest = vector(&mut { list }).unwrap_or_default();
    while let Some(mut sct) = vector(&mut rest) {
        if timestamp(page, &mut sct).is_none() {
            page.line(16, "<a timestamp that cannot be read>");
        }
    }
}

fn timestamp(page: &mut Page, sct: &mut &[u8]) -> Option<()> {
    let version = *take(sct, 1)?.first()?;
    let log = take(sct, 32)?;
    let at = take(sct, 8)?
        .iter()
        .fold(0u64, |n, b| (n << 8) | u64::from(*b));
    let extensions = vector(sct)?;
    let algorithm = take(sct, 2)?;
    let signature = vector(sct)?;
    let moment = Moment::from_unix(i64::try_from(at / 1000).ok()?);
    let when = moment.calendar();
    page.line(16, "Signed Certificate Timestamp:");
    page.line(
        20,
        format!("Version   : v{} (0x{version:x})", u16::from(version) + 1),
    );
    let upper = |bytes: &[u8]| text::hex_colon(bytes);
    for (i, row) in log.chunks(16).enumerate() {
        let label = if i == 0 {
            "Log ID    : "
        } else {
            "            "
        };
        let colon = if i == 0 { ":" } else { "" };
        page.line(20, format!("{label}{}{colon}", upper(row)));
    }
    let clock = format!(
        "{:02}:{:02}:{:02}.{:03}",
        when.hour(),
        when.minute(),
        when.second(),
        at % 1000
    );
    page.line(
        20,
        format!("Timestamp : {} {clock} {} GMT", day(moment), when.year()),
    );
    let none = extensions.is_empty();
    page.line(
        20,
        format!(
            "Extensions: {}",
            if none {
                "none".to_owned()
            } else {
                upper(extensions)
            }
        ),
    );
    let algorithm = match algorithm {
        [4, 3] => "ecdsa-with-SHA256".to_owned(),
        [4, 1] => "sha256WithRSAEncryption".to_owned(),
        other => text::hex(other),
    };
    page.line(20, format!("Signature : {algorithm}"));
    let rows = signature.chunks(16).count();
    for (i, row) in signature.chunks(16).enumerate() {
        let colon = if i + 1 < rows { ":" } else { "" };
        page.line(32, format!("{}{colon}", upper(row)));
    }
    Some(())
}

fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(n)?;
    *bytes = rest;
    Some(taken)
}

/// Bytes behind their length in two octets.
fn vector<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take(bytes, 2)?
        .iter()
        .fold(0, |n, b| (n << 8) | usize::from(*b));
    take(bytes, length)
}
