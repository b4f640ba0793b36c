//! The parts of an extension as fields.

use std::ops::Range;

use super::asn1::{self, Element};
use super::extension::{Extension, ExtensionValue, GeneralName, KeyUsage, Sct};
use super::fields::{Field, bytes};
use super::name;
use super::oid::{self, Oid};
use crate::text;

/// One extension, with the certificate's DER to say where its parts lie.
pub(super) fn extension(der: &[u8], extension: &Extension) -> Field {
    let id = id(extension);
    let title = title(&extension.oid);
    let ranges = Ranges::of(der, extension);
    let mut field = match single(&extension.value) {
        Some(value) => Field::leaf(id, title, value, None),
        None => Field::group(id, title, None, children(id, extension, &ranges)),
    };
    for fault in &extension.faults {
        // A fault needs a place below: the value moves down beside it.
        if field.children.is_empty() {
            let value = std::mem::take(&mut field.value);
            field.children.push(Field::leaf(id, "Value", value, None));
        }
        let fault = Field::leaf("extension.fault", "Fault", format!("{fault}."), None);
        field.children.push(fault);
    }
    if field.value.is_empty() && field.children.is_empty() {
        field.value = "(empty)".to_owned();
    }
    field.critical = extension.critical;
    field.range = Some(extension.range.clone());
    field
}

/// With a capital first letter, unless it is only a number.
fn title(oid: &Oid) -> String {
    let title = oid.title();
    let mut chars = title.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => "(no type)".to_owned(),
    }
}

fn id(extension: &Extension) -> &'static str {
    if let ExtensionValue::Malformed(_) = extension.value {
        return "extension.malformed";
    }
    match extension.oid.as_str() {
        "2.5.29.9" => "extension.subject-directory-attributes",
        "2.5.29.14" => "extension.subject-key-identifier",
        "2.5.29.15" => "extension.key-usage",
        "2.5.29.16" => "extension.private-key-usage-period",
        "2.5.29.17" => "extension.subject-alternative-names",
        "2.5.29.18" => "extension.issuer-alternative-names",
        "2.5.29.19" => "extension.basic-constraints",
        "2.5.29.30" => "extension.name-constraints",
        "2.5.29.31" => "extension.crl-distribution-points",
        "2.5.29.32" => "extension.certificate-policies",
        "2.5.29.33" => "extension.policy-mappings",
        "2.5.29.35" => "extension.authority-key-identifier",
        "2.5.29.36" => "extension.policy-constraints",
        "2.5.29.37" => "extension.extended-key-usage",
        "2.5.29.46" => "extension.freshest-crl",
        "2.5.29.54" => "extension.inhibit-any-policy",
        "1.3.6.1.5.5.7.1.1" => "extension.authority-information-access",
        "1.3.6.1.5.5.7.1.3" => "extension.qualified-statements",
        "1.3.6.1.5.5.7.1.11" => "extension.subject-information-access",
        "1.3.6.1.5.5.7.1.24" => "extension.tls-features",
        "1.3.6.1.4.1.11129.2.4.2" => "extension.signed-certificate-timestamps",
        "1.3.6.1.4.1.11129.2.4.3" => "extension.precertificate-poison",
        "2.16.840.1.113730.1.1" | "2.16.840.1.113730.1.13" => "extension.netscape",
        other if other.starts_with("1.3.6.1.4.1.311.") => "extension.microsoft",
        _ => "extension.unknown",
    }
}

/// Extensions of one value, which need no parts.
fn single(value: &ExtensionValue) -> Option<String> {
    Some(match value {
        ExtensionValue::SubjectKeyId(id) => bytes(id),
        ExtensionValue::InhibitAnyPolicy(skip) => skipped(*skip),
        ExtensionValue::CtPoison => "this is no certificate, but the draft of one".to_owned(),
        ExtensionValue::NetscapeComment(comment) => comment.to_string(),
        ExtensionValue::NetscapeCertType(bits) => format!("bits {bits:08b}"),
        _ => return None,
    })
}

fn children(id: &'static str, extension: &Extension, ranges: &Ranges) -> Vec<Field> {
    match &extension.value {
        ExtensionValue::BasicConstraints { ca, path_len } => basic_constraints(*ca, *path_len),
        ExtensionValue::KeyUsage(usage) => key_usage(*usage),
        ExtensionValue::ExtendedKeyUsage(usages) => usages
            .iter()
            .enumerate()
            .map(|(index, usage)| {
                let (id, value) = (purpose(usage), with_number(usage));
                Field::leaf(id, "", value, ranges.part(index))
            })
            .collect(),
        ExtensionValue::SubjectAltName(names) | ExtensionValue::IssuerAltName(names) => names
            .iter()
            .enumerate()
            .map(|(index, name)| general_name(name, ranges.part(index)))
            .collect(),
        ExtensionValue::AuthorityKeyId {
            key_id,
            issuer,
            serial,
        } => authority_key_id(key_id.as_deref(), issuer, serial.as_deref()),
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => {
            let list = |id, label, names: &[GeneralName]| {
                let names = names.iter().map(|n| constraint(id, n)).collect();
                Field::group(id, label, None, names)
            };
            [
                list("name-constraints.permitted", "Permitted", permitted),
                list("name-constraints.excluded", "Excluded", excluded),
            ]
            .into_iter()
            .filter(|f| !f.children.is_empty())
            .collect()
        }
        ExtensionValue::CertificatePolicies(policies) => {
            let mut list = Vec::new();
            for (index, policy) in policies.iter().enumerate() {
                let value = with_number(&policy.oid);
                list.push(Field::leaf(
                    "policy.identifier",
                    "Policy",
                    value,
                    ranges.part(index),
                ));
                for text in &policy.qualifiers {
                    let text = text.to_string();
                    list.push(Field::leaf("policy.qualifier", "Says", text, None));
                }
            }
            list
        }
        ExtensionValue::PolicyMappings(pairs) => pairs
            .iter()
            .enumerate()
            .map(|(index, (from, to))| {
                let value = format!("{} means {}", from.title(), to.title());
                Field::leaf(id, "Mapping", value, ranges.part(index))
            })
            .collect(),
        ExtensionValue::PolicyConstraints {
            require_explicit,
            inhibit_mapping,
        } => [
            ("Policy required", require_explicit),
            ("No mapping", inhibit_mapping),
        ]
        .into_iter()
        .filter_map(|(label, skip)| Some(Field::leaf(id, label, skipped((*skip)?), None)))
        .collect(),
        ExtensionValue::AuthorityInfoAccess(list) | ExtensionValue::SubjectInfoAccess(list) => list
            .iter()
            .enumerate()
            .map(|(index, access)| {
                let id = match access.method.as_str() {
                    oid::AD_OCSP => "access.ocsp",
                    oid::AD_CA_ISSUERS => "access.ca-issuers",
                    _ => "access.other",
                };
                let label = title(&access.method);
                Field::leaf(id, label, access.location.to_string(), ranges.part(index))
            })
            .collect(),
        ExtensionValue::CrlDistributionPoints(_) | ExtensionValue::FreshestCrl(_) => {
            distribution_points(id, extension)
        }
        ExtensionValue::SignedCertificateTimestamps(list) => list.iter().map(timestamp).collect(),
        ExtensionValue::TlsFeature(features) => features
            .iter()
            .enumerate()
            .map(|(index, feature)| {
                let value = match feature {
                    5 => "5: a stapled OCSP answer is a must".to_owned(),
                    17 => "17: stapled OCSP answers for the whole chain are a must".to_owned(),
                    other => other.to_string(),
                };
                Field::leaf(id, "Feature", value, ranges.part(index))
            })
            .collect(),
        ExtensionValue::Malformed(why) => vec![
            Field::leaf(
                id,
                "Could not be read",
                format!("{}.", text::safe(why)),
                None,
            ),
            Field::leaf(
                id,
                "Bytes",
                bytes(&extension.raw),
                Some(extension.range.clone()),
            ),
        ],
        _ => unknown(id, extension),
    }
}

/// A value that is not decoded: its bytes, and the text in it when it is one string.
fn unknown(id: &'static str, extension: &Extension) -> Vec<Field> {
    let mut list = Vec::new();
    let text = Element::read(&extension.raw, 0)
        .filter(|e| e.whole.len() == extension.raw.len())
        .and_then(|e| name::decode(e.tag, e.content));
    if let Some(text) = text {
        list.push(Field::leaf(id, "Text", text::safe(&text), None));
    }
    list.push(Field::leaf(
        id,
        "Bytes",
        bytes(&extension.raw),
        Some(extension.range.clone()),
    ));
    list
}

fn basic_constraints(ca: bool, path_len: Option<u32>) -> Vec<Field> {
    let word = if ca { "yes" } else { "no" };
    let mut list = vec![Field::leaf("basic-constraints.ca", "CA", word, None)];
    let length = match path_len {
        Some(0) => Some("0: no further CA below it".to_owned()),
        Some(n) => Some(format!(
            "{n}: at most {} below it",
            text::count(n as usize, "further CA")
        )),
        None if ca => Some("no limit".to_owned()),
        None => None,
    };
    list.extend(
        length.map(|l| Field::leaf("basic-constraints.path-length", "Path length", l, None)),
    );
    list
}

fn key_usage(usage: KeyUsage) -> Vec<Field> {
    [
        ("key-usage.digital-signature", "digital signature"),
        (
            "key-usage.non-repudiation",
            "non-repudiation (content commitment)",
        ),
        ("key-usage.key-encipherment", "key encipherment"),
        ("key-usage.data-encipherment", "data encipherment"),
        ("key-usage.key-agreement", "key agreement"),
        ("key-usage.certificate-sign", "certificate signing"),
        ("key-usage.crl-sign", "CRL signing"),
        ("key-usage.encipher-only", "encipher only"),
        ("key-usage.decipher-only", "decipher only"),
    ]
    .into_iter()
    .enumerate()
    .filter(|(bit, _)| usage.has(1 << bit))
    .map(|(_, (id, title))| Field::leaf(id, "", title, None))
    .collect()
}

fn purpose(usage: &Oid) -> &'static str {
    match usage.as_str() {
        oid::KP_SERVER_AUTH => "purpose.server",
        oid::KP_CLIENT_AUTH => "purpose.client",
        oid::ANY_EXTENDED_KEY_USAGE => "purpose.any",
        "1.3.6.1.5.5.7.3.9" => "purpose.ocsp",
        _ => "purpose.other",
    }
}

/// `any policy (2.5.29.32.0)`, or the number alone when it has no name here.
fn with_number(oid: &Oid) -> String {
    let title = oid.title();
    if title == oid.as_str() {
        title
    } else {
        format!("{title} ({oid})")
    }
}

fn authority_key_id(
    key_id: Option<&[u8]>,
    issuer: &[GeneralName],
    serial: Option<&[u8]>,
) -> Vec<Field> {
    let mut list = Vec::new();
    if let Some(key) = key_id {
        let key = bytes(key);
        list.push(Field::leaf("authority.key", "Key identifier", key, None));
    }
    for name in issuer {
        let name = name.to_string();
        list.push(Field::leaf(
            "authority.issuer",
            "Issuer of the issuer",
            name,
            None,
        ));
    }
    if let Some(serial) = serial {
        let serial = bytes(serial);
        list.push(Field::leaf(
            "authority.serial",
            "Serial number of the issuer",
            serial,
            None,
        ));
    }
    list
}

fn general_name(name: &GeneralName, range: Option<Range<usize>>) -> Field {
    let (id, label) = match name {
        GeneralName::Dns(_) => ("alternative-name.dns", "DNS"),
        GeneralName::Ip(_) | GeneralName::IpRange { .. } => ("alternative-name.ip", "IP address"),
        GeneralName::Email(_) => ("alternative-name.email", "E-mail"),
        GeneralName::Uri(_) => ("alternative-name.uri", "URI"),
        GeneralName::Directory(_) => ("alternative-name.directory", "Directory name"),
        GeneralName::RegisteredId(_) => ("alternative-name.other", "Registered ID"),
        GeneralName::Other { .. } => ("alternative-name.other", "Other name"),
        GeneralName::X400(_) => ("alternative-name.other", "X.400 address"),
        GeneralName::EdiParty(_) => ("alternative-name.other", "EDI party"),
        GeneralName::Invalid { .. } => ("alternative-name.invalid", "Unreadable name"),
    };
    Field::leaf(id, label, name_value(name), range)
}

fn name_value(name: &GeneralName) -> String {
    match name {
        GeneralName::Other { oid, raw } => {
            let text = Element::read(raw, 0).and_then(|e| name::decode(e.tag, e.content));
            match text {
                Some(text) => format!("{oid}: {}", text::safe(&text)),
                None => format!("{oid}: {}", bytes(raw)),
            }
        }
        GeneralName::Invalid { raw, .. } => bytes(raw),
        // An empty constraint has a meaning: every name of its form.
        other => match other.to_string() {
            value if value.is_empty() => "(empty)".to_owned(),
            value => value,
        },
    }
}

fn constraint(id: &'static str, name: &GeneralName) -> Field {
    Field {
        id,
        ..general_name(name, None)
    }
}

/// How many certificates further down a policy rule begins to count.
fn skipped(certificates: u32) -> String {
    match certificates {
        0 => "from this certificate on".to_owned(),
        n => format!("after {}", text::count(n as usize, "further certificate")),
    }
}

/// Every distribution point with its addresses, reasons and indirect issuer (RFC 5280 section 4.2.1.13).
fn distribution_points(id: &'static str, extension: &Extension) -> Vec<Field> {
    let Some(list) = Element::read(&extension.raw, 0) else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    let addresses = match &extension.value {
        ExtensionValue::CrlDistributionPoints(names) | ExtensionValue::FreshestCrl(names) => {
            names.as_slice()
        }
        _ => &[],
    };
    for address in addresses {
        let value = name_value(address);
        fields.push(Field::leaf("crl.address", "Address", value, None));
    }
    for part in list.inside().flat_map(|point| point.inside()) {
        match part.tag {
            0x81 => {
                let only = format!("only for some reasons ({})", bytes(part.content));
                fields.push(Field::leaf(id, "Reasons", only, None));
            }
            0xa2 => fields.push(Field::leaf(
                id,
                "CRL issuer",
                "another than the certificate's own",
                None,
            )),
            0xa0 if part.inside().next().is_some_and(|n| n.tag == 0xa1) => fields.push(
                Field::leaf(id, "Name", "relative to the CRL issuer's name", None),
            ),
            _ => {}
        }
    }
    fields
}

fn timestamp(sct: &Sct) -> Field {
    let hash = match sct.hash {
        4 => "SHA-256",
        5 => "SHA-384",
        6 => "SHA-512",
        _ => "an unknown hash",
    };
    let signer = match sct.signature_kind {
        1 => "RSA",
        3 => "ECDSA",
        _ => "an unknown signature",
    };
    let version = match sct.version {
        0 => "1".to_owned(),
        other => format!("unknown ({other})"),
    };
    Field::group(
        "timestamp.promise",
        "Timestamp",
        None,
        vec![
            Field::leaf("timestamp.promise", "Version", version, None),
            Field::leaf("timestamp.log", "Log", text::hex_colon(&sct.log_id), None),
            Field::leaf("timestamp.time", "Time", sct.at.rfc3339(), None),
            Field::leaf(
                "timestamp.signature",
                "Signature",
                format!("{signer} with {hash}, {}", bytes(&sct.signature)),
                None,
            ),
        ],
    )
}

/// Where the elements of the SEQUENCE inside of an extension lie.
struct Ranges(Vec<Range<usize>>);

impl Ranges {
    fn of(der: &[u8], extension: &Extension) -> Self {
        let list = der
            .get(extension.range.clone())
            .and_then(|whole| Element::read(whole, extension.range.start))
            .and_then(|e| e.inside().find(|part| part.tag == asn1::OCTET_STRING))
            .and_then(|octets| octets.inside().next());
        Self(match list {
            Some(list) if list.tag == asn1::SEQUENCE => list.inside().map(|e| e.range()).collect(),
            _ => Vec::new(),
        })
    }

    fn part(&self, index: usize) -> Option<Range<usize>> {
        self.0.get(index).cloned()
    }
}
