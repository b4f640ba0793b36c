//! A certificate as a tree of labelled fields: the one description that the Certificate pane, the
//! text format and the explanations share. The parts of extensions are in `parts.rs`, what each field
//! means in `explain.rs`.

use std::ops::Range;

use super::asn1::{BIT_STRING, Element, Elements, INTEGER, SEQUENCE};
use super::name::{self, Name};
use super::parts;
use super::{Certificate, Key, KeyKind, PointForm, SignatureAlgorithm};
use crate::moment::{Moment, span};
use crate::text;

pub use super::explain::{Explanation, TABLE, explain};

/// One field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Stable id for the explanation, such as `extension.key-usage`.
    pub id: &'static str,
    /// Label on screen.
    pub label: String,
    /// Value in one line, safe to display; empty for a group.
    pub value: String,
    /// Marked critical (extensions only).
    pub critical: bool,
    /// Where it lies in the DER; `None` when it is computed or could not be found.
    pub range: Option<Range<usize>>,
    /// Parts.
    pub children: Vec<Field>,
}

impl Field {
    /// A field with a value.
    pub(super) fn leaf(
        id: &'static str,
        label: impl Into<String>,
        value: impl Into<String>,
        range: Option<Range<usize>>,
    ) -> Self {
        let (label, value) = (label.into(), value.into());
        Self {
            id,
            label,
            value,
            critical: false,
            range,
            children: Vec::new(),
        }
    }

    /// A field with parts.
    pub(super) fn group(
        id: &'static str,
        label: impl Into<String>,
        range: Option<Range<usize>>,
        children: Vec<Field>,
    ) -> Self {
        Self {
            children,
            ..Self::leaf(id, label, "", range)
        }
    }
}

/// Bytes shown of a long value; the rest is counted.
const SHOWN: usize = 24;

/// Bytes in hex; long ones are cut, and the cut is said.
pub(super) fn bytes(raw: &[u8]) -> String {
    match raw.get(..SHOWN) {
        Some(first) if raw.len() > SHOWN + 8 => format!(
            "{}… ({} in all)",
            text::hex_colon(first),
            text::count(raw.len(), "byte")
        ),
        _ if raw.is_empty() => "(empty)".to_owned(),
        _ => text::hex_colon(raw),
    }
}

/// All fields of a certificate.
pub fn fields(certificate: &Certificate) -> Vec<Field> {
    let places = Places::of(certificate);
    let mut all = vec![
        distinguished(
            "subject.name",
            "Subject",
            &certificate.subject,
            places.subject,
        ),
        distinguished("issuer.name", "Issuer", &certificate.issuer, places.issuer),
        validity(certificate, &places),
        public_key(certificate),
    ];
    if !certificate.extensions.is_empty() {
        let list = certificate.extensions.iter();
        let children = list
            .map(|e| parts::extension(&certificate.der, e))
            .collect();
        all.push(Field::group(
            "certificate.extensions",
            "Extensions",
            None,
            children,
        ));
    }
    for (id, label) in [
        (&certificate.issuer_unique_id, "Issuer unique identifier"),
        (&certificate.subject_unique_id, "Subject unique identifier"),
    ] {
        if let Some(id) = id {
            all.push(Field::leaf("certificate.unique-id", label, bytes(id), None));
        }
    }
    all.push(Field::leaf(
        "certificate.serial-number",
        "Serial number",
        serial(&certificate.serial),
        places.serial.map(|e| e.range()),
    ));
    let version = match certificate.version {
        Some(version) => version.to_string(),
        None => "(not readable)".to_owned(),
    };
    let place = places.version.map(|e| e.range());
    all.push(Field::leaf(
        "certificate.version",
        "Version",
        version,
        place,
    ));
    all.push(signature(certificate, &places));
    all.push(fingerprints(certificate));
    all
}

/// The serial number in hex, with its sign.
fn serial(content: &[u8]) -> String {
    match content {
        [] => "(not readable)".to_owned(),
        [first, ..] if first & 0x80 != 0 => {
            format!("{} (negative)", text::hex_colon(content))
        }
        [0, rest @ ..] if !rest.is_empty() => text::hex_colon(rest),
        _ => text::hex_colon(content),
    }
}

/// A name, one field for each attribute, in encoded order.
fn distinguished(
    id: &'static str,
    label: &'static str,
    name: &Name,
    place: Option<Element<'_>>,
) -> Field {
    let range = place.map(|e| e.range());
    if name.rdns.iter().all(Vec::is_empty) {
        let value = if name.der.is_empty() {
            "(not readable)"
        } else {
            "(empty)"
        };
        return Field::leaf(id, label, value, range);
    }
    let mut ranges = place
        .map(|e| name::attribute_ranges(&e))
        .into_iter()
        .flatten();
    let attributes = name.rdns.iter().flatten().map(|attribute| {
        let (id, title) = attribute_title(attribute.oid.as_str());
        let label = match title {
            Some(title) => title.to_owned(),
            None => attribute.oid.attribute(),
        };
        Field::leaf(id, label, attribute.value.to_string(), ranges.next())
    });
    let attributes = attributes.collect();
    Field::group(id, label, range, attributes)
}

/// Explanation and label of an attribute type; `None` when only its short name or number is known.
fn attribute_title(oid: &str) -> (&'static str, Option<&'static str>) {
    match oid {
        "2.5.4.3" => ("name.common-name", Some("Common name")),
        "2.5.4.5" => ("name.serial-number", Some("Serial number of the subject")),
        "2.5.4.6" => ("name.country", Some("Country")),
        "2.5.4.7" => ("name.locality", Some("Locality")),
        "2.5.4.8" => ("name.state", Some("State or province")),
        "2.5.4.10" => ("name.organization", Some("Organisation")),
        "2.5.4.11" => ("name.organizational-unit", Some("Organisational unit")),
        "0.9.2342.19200300.100.1.25" => ("name.domain-component", Some("Domain component")),
        "1.2.840.113549.1.9.1" => ("name.email", Some("E-mail address")),
        _ => ("name.attribute", None),
    }
}

fn validity(certificate: &Certificate, places: &Places<'_>) -> Field {
    let mut times = places.validity.map(|v| v.inside()).into_iter().flatten();
    let time = |moment: Option<Moment>| match moment {
        Some(m) if m == crate::moment::NO_EXPIRY => format!("never ({})", m.rfc3339()),
        // To the second, and short enough for a narrow pane.
        Some(m) => m.rfc3339().replace('T', " ").replace('Z', " UTC"),
        None => "(not readable)".to_owned(),
    };
    let mut children = vec![
        Field::leaf(
            "validity.not-before",
            "Not before",
            time(certificate.not_before),
            times.next().map(|e| e.range()),
        ),
        Field::leaf(
            "validity.not-after",
            "Not after",
            time(certificate.not_after),
            times.next().map(|e| e.range()),
        ),
    ];
    if let (Some(first), Some(last)) = (certificate.not_before, certificate.not_after) {
        // Both ends are part of the validity (RFC 5280 section 4.1.2.5).
        let length = first.until(last).saturating_add(1);
        let value = if length > 0 {
            span(length)
        } else {
            "none: it ends before it begins".to_owned()
        };
        children.push(Field::leaf("validity.length", "Length", value, None));
    }
    Field::group(
        "certificate.validity",
        "Validity",
        places.validity.map(|e| e.range()),
        children,
    )
}

fn public_key(certificate: &Certificate) -> Field {
    let key = &certificate.key;
    let range = (!certificate.spki.is_empty()).then(|| certificate.spki.clone());
    let mut children = vec![Field::leaf("key.algorithm", "Algorithm", key.title(), None)];
    if key.bits > 0 {
        children.push(Field::leaf(
            "key.size",
            "Size",
            text::count(key.bits as usize, "bit"),
            None,
        ));
    }
    if let KeyKind::Ec { curve } = &key.kind {
        children.push(Field::leaf("key.curve", "Curve", text::safe(curve), None));
    }
    children.extend(key_value(certificate, key));
    for fault in &key.faults {
        let words = format!("It {}.", fault.words());
        children.push(Field::leaf("key.fault", "Fault", words, None));
    }
    if let Some(pin) = certificate.spki_sha256 {
        let pin = format!("sha256//{}", data_encoding::BASE64.encode(&pin));
        children.push(Field::leaf("key.pin", "Pin", pin, None));
    }
    Field::group("certificate.public-key", "Public key", range, children)
}

/// The numbers of the key itself.
fn key_value(certificate: &Certificate, key: &Key) -> Vec<Field> {
    let mut children = Vec::new();
    if let KeyKind::Rsa { exponent } | KeyKind::RsaPss { exponent } = key.kind {
        let exponent = match exponent {
            0 => "(not readable, or more than 64 bits)".to_owned(),
            n => n.to_string(),
        };
        children.push(Field::leaf("key.exponent", "Exponent", exponent, None));
        children.push(Field::leaf(
            "key.modulus",
            "Modulus",
            bytes(&key.modulus),
            None,
        ));
        return children;
    }
    let bits = certificate
        .der
        .get(certificate.spki.clone())
        .and_then(|spki| Element::read(spki, certificate.spki.start))
        .and_then(|spki| spki.inside().find(|e| e.tag == BIT_STRING));
    if let Some(bits) = bits {
        let octets = bits.content.get(1..).unwrap_or_default();
        let form = match key.point {
            Some(PointForm::Compressed) => " (compressed)",
            Some(PointForm::Hybrid) => " (hybrid)",
            Some(PointForm::Infinity) => " (the point at infinity)",
            Some(PointForm::Invalid) => " (no point of the curve)",
            Some(PointForm::Uncompressed) | None => "",
        };
        let value = format!("{}{form}", bytes(octets));
        children.push(Field::leaf("key.value", "Value", value, Some(bits.range())));
    }
    children
}

fn signature(certificate: &Certificate, places: &Places<'_>) -> Field {
    let named = |algorithm: &SignatureAlgorithm| {
        let hash = match algorithm.hash {
            Some(hash) if algorithm.name == "rsassaPss" => format!(" with {}", hash.title()),
            _ => String::new(),
        };
        format!("{}{hash}", text::safe(&algorithm.name))
    };
    let children = vec![
        Field::leaf(
            "signature.algorithm",
            "Algorithm",
            named(&certificate.signature_algorithm),
            places.outer_algorithm.map(|e| e.range()),
        ),
        Field::leaf(
            "signature.inner-algorithm",
            "Algorithm in the signed part",
            named(&certificate.inner_signature_algorithm),
            places.inner_algorithm.map(|e| e.range()),
        ),
        Field::leaf(
            "signature.value",
            "Value",
            bytes(&certificate.signature),
            places.signature.map(|e| e.range()),
        ),
    ];
    Field::group("certificate.signature", "Signature", None, children)
}

fn fingerprints(certificate: &Certificate) -> Field {
    let whole = Some(0..certificate.der.len());
    let (sha256, sha1) = (&certificate.sha256, &certificate.sha1);
    let children = vec![
        Field::leaf(
            "fingerprint.sha256",
            "SHA-256",
            text::hex_colon(sha256),
            whole.clone(),
        ),
        Field::leaf("fingerprint.sha1", "SHA-1", text::hex_colon(sha1), whole),
        Field::leaf(
            "fingerprint.size",
            "Size",
            text::count(certificate.der.len(), "byte"),
            None,
        ),
    ];
    Field::group("certificate.fingerprints", "Fingerprints", None, children)
}

/// Where the fields lie, by the same walk that reads them.
#[derive(Default)]
struct Places<'a> {
    version: Option<Element<'a>>,
    serial: Option<Element<'a>>,
    inner_algorithm: Option<Element<'a>>,
    issuer: Option<Element<'a>>,
    validity: Option<Element<'a>>,
    subject: Option<Element<'a>>,
    outer_algorithm: Option<Element<'a>>,
    signature: Option<Element<'a>>,
}

impl<'a> Places<'a> {
    fn of(certificate: &'a Certificate) -> Self {
        let tbs = certificate
            .der
            .get(certificate.tbs.clone())
            .and_then(|tbs| Element::read_cut(tbs, certificate.tbs.start));
        let Some(tbs) = tbs else {
            return Self::default();
        };
        let mut parts = tbs.inside();
        let mut after = Elements::new(
            certificate
                .der
                .get(certificate.tbs.end..)
                .unwrap_or_default(),
            certificate.tbs.end,
        );
        let mut next = |tag| parts.next().filter(|e| e.tag == tag);
        let first = next(0xa0);
        let serial = match first {
            Some(_) => next(INTEGER),
            None => {
                // No version: the walk begins with the serial number.
                parts = tbs.inside();
                parts.next().filter(|e| e.tag == INTEGER)
            }
        };
        let mut next = |tag| parts.next().filter(|e| e.tag == tag);
        Self {
            version: first,
            serial,
            inner_algorithm: next(SEQUENCE),
            issuer: next(SEQUENCE),
            validity: next(SEQUENCE),
            subject: next(SEQUENCE),
            outer_algorithm: after.take_tag(SEQUENCE),
            signature: after.take_tag(BIT_STRING),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk<'f>(fields: &'f [Field], visit: &mut impl FnMut(&'f Field)) {
        for field in fields {
            visit(field);
            walk(&field.children, visit);
        }
    }

    /// Ids are written in these two files as literals with a dot.
    fn ids_in_source() -> std::collections::BTreeSet<&'static str> {
        [include_str!("fields.rs"), include_str!("parts.rs")]
            .into_iter()
            .flat_map(|source| source.split("#[cfg(test)]").take(1))
            .flat_map(|source| source.split('"').skip(1).step_by(2))
            .filter(|literal| {
                literal.contains('.')
                    && literal.starts_with(|c: char| c.is_ascii_lowercase())
                    && literal
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
            })
            .collect()
    }

    #[test]
    fn every_field_is_explained_and_every_explanation_has_a_field() {
        let used = ids_in_source();
        let explained: std::collections::BTreeSet<_> = TABLE.iter().map(|e| e.id).collect();
        assert!(used.len() > 60, "the source is read wrongly: {used:?}");
        assert_eq!(explained.len(), TABLE.len(), "an id stands twice");
        let orphans: Vec<_> = used.symmetric_difference(&explained).collect();
        assert!(orphans.is_empty(), "{orphans:?}");
    }

    #[test]
    fn fields_of_every_mozilla_root_lie_inside_of_it_and_are_explained() {
        for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let certificate = Certificate::read(der.to_vec());
            let all = fields(&certificate);
            walk(&all, &mut |field| {
                assert!(explain(field.id).is_some(), "{}", field.id);
                assert!(
                    !field.value.is_empty() || !field.children.is_empty(),
                    "{field:?}"
                );
                if let Some(range) = &field.range {
                    assert!(der.get(range.clone()).is_some_and(|b| !b.is_empty()));
                }
            });
            let place = |id: &str| {
                let mut found = None;
                walk(&all, &mut |f| {
                    found = found.take().or((f.id == id).then(|| f.range.clone()))
                });
                found.flatten()
            };
            // What lies there is what is said: the serial number's INTEGER, the name's SEQUENCE.
            let at = place("certificate.serial-number").unwrap();
            assert!(der[at].ends_with(&certificate.serial));
            assert_eq!(
                &der[place("subject.name").unwrap()],
                certificate.subject.der
            );
            assert_eq!(&der[place("issuer.name").unwrap()], certificate.issuer.der);
            assert!(der[place("signature.value").unwrap()].ends_with(&certificate.signature));
        }
    }

    #[test]
    fn long_bytes_are_cut_and_it_is_said() {
        assert_eq!(bytes(&[]), "(empty)");
        assert_eq!(bytes(&[1, 0xab]), "01:AB");
        assert!(bytes(&[7; 500]).ends_with("07… (500 bytes in all)"));
    }

    #[test]
    fn serials_show_their_sign() {
        assert_eq!(serial(&[0, 0x80]), "80");
        assert_eq!(serial(&[0]), "00");
        assert_eq!(serial(&[0x80]), "80 (negative)");
    }
}
