//! Reading a certificate: a tolerant walk, so that what is broken in one place does not hide the rest.

use std::sync::Arc;

use aws_lc_rs::digest;

use super::asn1::{self, BIT_STRING, Element, Elements, GENERALIZED_TIME, INTEGER, OCTET_STRING, SEQUENCE, UTC_TIME};
use super::{
    Certificate, Defect, Extension, ExtensionValue, Key, KeyKind, Name, Oid, SignatureAlgorithm, extension, key,
};
use crate::moment::Moment;

/// Extensions read at most; more is a defect.
const MOST_EXTENSIONS: usize = 200;

impl Certificate {
    /// Reads one certificate. Never fails: see [`Certificate::defects`].
    pub fn read(der: impl Into<Arc<[u8]>>) -> Self {
        let der: Arc<[u8]> = der.into();
        let mut out = Self {
            sha256: sha256(&der),
            sha1: sha1(&der),
            spki_sha256: None,
            version: None,
            serial: Vec::new(),
            subject: Name::default(),
            issuer: Name::default(),
            not_before: None,
            not_after: None,
            key: Key { kind: KeyKind::Unknown, bits: 0, oid: Oid::new("") },
            signature_algorithm: SignatureAlgorithm::unknown(),
            inner_signature_algorithm: SignatureAlgorithm::unknown(),
            signature: Vec::new(),
            extensions: Vec::new(),
            defects: Vec::new(),
            tbs: 0..0,
            spki: 0..0,
            der,
        };
        let bytes = out.der.clone();
        certificate(&mut out, &bytes);
        out
    }

    fn defect(&mut self, field: &'static str, words: impl Into<String>) {
        self.defects.push(Defect { field, words: words.into() });
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

fn certificate(out: &mut Certificate, bytes: &[u8]) {
    let Some(whole) = Element::read(bytes, 0).filter(|e| e.tag == SEQUENCE) else {
        // Cut off in the middle: what lies inside may still be readable.
        out.defect("certificate", "It is no DER certificate, or it is cut off.");
        if let Some(inner) = bytes.get(4..) {
            body(out, Elements::new(inner, 4));
        }
        return;
    };
    let after = bytes.len() - whole.whole.len();
    if after > 0 {
        out.defect("certificate", format!("{} after its end.", crate::text::count(after, "byte")));
    }
    if !whole.minimal {
        out.defect("certificate", "Its length is not encoded in the shortest form, as DER demands.");
    }
    body(out, whole.inside());
}

fn body(out: &mut Certificate, mut parts: Elements<'_>) {
    match parts.take(SEQUENCE) {
        Some(tbs) => {
            out.tbs = tbs.range();
            to_be_signed(out, tbs.inside());
        }
        None => return out.defect("tbsCertificate", "The signed part could not be read."),
    }
    match parts.take(SEQUENCE) {
        Some(algorithm) => out.signature_algorithm = key::signature_algorithm(&algorithm),
        None => out.defect("signatureAlgorithm", "The signature algorithm could not be read."),
    }
    match parts.take(BIT_STRING) {
        Some(bits) => {
            match bits.content.split_first() {
                Some((0, signature)) => out.signature = signature.to_vec(),
                Some((unused, signature)) => {
                    out.signature = signature.to_vec();
                    out.defect("signatureValue", format!("It claims {unused} unused bits."));
                }
                None => out.defect("signatureValue", "It is empty."),
            };
        }
        None => out.defect("signatureValue", "The signature could not be read."),
    }
    if !parts.rest().is_empty() {
        out.defect("certificate", "There is more inside than a certificate has.");
    }
    if !out.signature_algorithm.der.is_empty()
        && !out.inner_signature_algorithm.der.is_empty()
        && out.signature_algorithm.der != out.inner_signature_algorithm.der
    {
        out.defect("signatureAlgorithm", "It differs from the algorithm named in the signed part.");
    }
}

fn to_be_signed(out: &mut Certificate, mut parts: Elements<'_>) {
    version(out, &mut parts);
    match parts.take(INTEGER) {
        Some(serial) => self::serial(out, serial.content),
        None => out.defect("serialNumber", "The serial number could not be read."),
    }
    match parts.take(SEQUENCE) {
        Some(algorithm) => out.inner_signature_algorithm = key::signature_algorithm(&algorithm),
        None => return out.defect("signature", "The inner signature algorithm could not be read."),
    }
    match parts.take(SEQUENCE) {
        Some(name) => {
            out.issuer = self::name(out, "issuer", &name);
            if out.issuer.rdns.is_empty() {
                out.defect("issuer", "The issuer's name is empty.");
            }
        }
        None => return out.defect("issuer", "The issuer's name could not be read."),
    }
    match parts.take(SEQUENCE) {
        Some(validity) => {
            let mut times = validity.inside();
            out.not_before = times.next().and_then(|t| time(out, "validity.notBefore", &t));
            out.not_after = times.next().and_then(|t| time(out, "validity.notAfter", &t));
        }
        None => return out.defect("validity", "The validity could not be read."),
    }
    match parts.take(SEQUENCE) {
        Some(name) => out.subject = self::name(out, "subject", &name),
        None => return out.defect("subject", "The subject could not be read."),
    }
    match parts.take(SEQUENCE) {
        Some(spki) => {
            out.spki = spki.range();
            out.spki_sha256 = Some(sha256(spki.whole));
            out.key = key::public_key(&spki);
            if out.key.bits == 0 && out.key.kind != KeyKind::Unknown {
                out.defect("subjectPublicKeyInfo", "The public key could not be read.");
            }
        }
        None => return out.defect("subjectPublicKeyInfo", "The public key could not be read."),
    }
    for tag in [0x81, 0xa1, 0x82, 0xa2] {
        if parts.take(tag).is_some() && out.version == Some(1) {
            out.defect("uniqueID", "Version 1 certificates have no unique identifiers.");
        }
    }
    if let Some(list) = parts.take(0xa3) {
        if out.version != Some(3) {
            out.defect("extensions", "Only version 3 certificates have extensions.");
        }
        extensions(out, &list);
    }
    if !parts.rest().is_empty() {
        out.defect("tbsCertificate", "There is something in the signed part that does not belong there.");
    }
}

fn version(out: &mut Certificate, parts: &mut Elements<'_>) {
    let Some(tagged) = parts.take(0xa0) else {
        out.version = Some(1);
        return;
    };
    match tagged.inside().next().and_then(|v| asn1::small(v.content)) {
        Some(0) => {
            out.version = Some(1);
            out.defect("version", "Version 1 is the default and may not be written.");
        }
        Some(n) => {
            out.version = Some(n.saturating_add(1));
            if n > 2 {
                out.defect("version", format!("There is no version {} of certificates.", u64::from(n) + 1));
            }
        }
        None => out.defect("version", "The version could not be read."),
    }
}

fn serial(out: &mut Certificate, content: &[u8]) {
    out.serial = content.to_vec();
    match content {
        [] => out.defect("serialNumber", "It is empty."),
        [0] => out.defect("serialNumber", "It is zero; it must be positive."),
        [first, ..] if first & 0x80 != 0 => out.defect("serialNumber", "It is negative; it must be positive."),
        [0, second, ..] if second & 0x80 == 0 => {
            out.defect("serialNumber", "It is not encoded in the shortest form, as DER demands.");
        }
        _ if content.len() > 20 => {
            out.defect("serialNumber", format!("It has {} octets; at most 20 are allowed.", content.len()));
        }
        _ => {}
    }
}

/// A name, with a defect when a part of it does not parse.
fn name(out: &mut Certificate, field: &'static str, element: &Element<'_>) -> Name {
    let name = Name::read(element);
    let mut whole = true;
    let mut rdns = element.inside();
    for rdn in rdns.by_ref() {
        let mut attributes = rdn.inside();
        let count = attributes.by_ref().count();
        whole &= attributes.rest().is_empty() && count > 0;
    }
    whole &= rdns.rest().is_empty();
    let read: usize = name.rdns.iter().map(Vec::len).sum();
    let there: usize = element.inside().map(|rdn| rdn.inside().count()).sum();
    if !whole || read != there {
        out.defect(field, "A part of the name is empty or could not be read.");
    }
    name
}

/// UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5).
fn time(out: &mut Certificate, field: &'static str, element: &Element<'_>) -> Option<Moment> {
    let text = element.content;
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            // 50 to 99 are of the last century.
            let year = number(year).unwrap_or(-1);
            (if year < 0 { year } else if year >= 50 { 1900 + year } else { 2000 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (number(year).unwrap_or(-1), rest)
        }
        _ => {
            out.defect(field, "It is no time.");
            return None;
        }
    };
    let part = |at: usize| rest.get(at..at + 2).and_then(number);
    let (Some(month), Some(day), Some(hour), Some(minute)) = (part(0), part(2), part(4), part(6)) else {
        out.defect(field, "The time could not be read.");
        return None;
    };
    let (second, zone) = match rest.get(8..) {
        Some(b"Z") => {
            out.defect(field, "The time has no seconds.");
            (0, &b"Z"[..])
        }
        Some(tail) => (part(8).unwrap_or(-1), tail.get(2..).unwrap_or_default()),
        None => (-1, &[][..]),
    };
    let sane = year >= 0
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && (0..=23).contains(&hour)
        && (0..=59).contains(&minute)
        && (0..=60).contains(&second);
    if !sane {
        out.defect(field, "The time could not be read.");
        return None;
    }
    let offset = match zone {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), digits @ ..] if digits.len() == 4 => {
            out.defect(field, "The time is not in UTC, as it must be.");
            let hours = digits.get(..2).and_then(number)?;
            let minutes = digits.get(2..).and_then(number)?;
            let seconds = (hours * 60 + minutes) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => {
            out.defect(field, "The time is not in the form the standard demands.");
            0
        }
    };
    if (element.tag == GENERALIZED_TIME) != (year >= 2050 || year < 1950) {
        out.defect(field, "The time has the wrong type for its year.");
    }
    Some(Moment::from_unix(days_from_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset))
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, d| d.is_ascii_digit().then(|| n * 10 + i64::from(d - b'0')))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March here, so that the
/// leap day is the last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn extensions(out: &mut Certificate, list: &Element<'_>) {
    let Some(sequence) = list.inside().next().filter(|e| e.tag == SEQUENCE) else {
        return out.defect("extensions", "The extensions could not be read.");
    };
    let mut parts = sequence.inside();
    for element in parts.by_ref().take(MOST_EXTENSIONS) {
        match one_extension(&element) {
            Some(extension) => {
                if let ExtensionValue::Malformed(why) = &extension.value {
                    let words = format!("The extension “{}” could not be read: {why}.", extension.oid.title());
                    out.defects.push(Defect { field: "extensions", words });
                }
                if out.extensions.iter().any(|e| e.oid == extension.oid) {
                    let words = format!("The extension “{}” is there twice.", extension.oid.title());
                    out.defects.push(Defect { field: "extensions", words });
                }
                out.extensions.push(extension);
            }
            None => out.defect("extensions", "An extension could not be read."),
        }
    }
    if !parts.rest().is_empty() {
        out.defect("extensions", "Not all extensions could be read.");
    }
}

fn one_extension(element: &Element<'_>) -> Option<Extension> {
    let mut parts = element.inside();
    let oid = Oid::new(asn1::dotted(parts.take(asn1::OID)?.content)?);
    let critical = parts.take(asn1::BOOLEAN).is_some_and(|b| b.content.first().is_some_and(|&v| v != 0));
    let value = parts.take(OCTET_STRING)?;
    Some(Extension {
        value: extension::decode(oid.as_str(), value.content),
        oid,
        critical,
        raw: value.content.to_vec(),
        range: element.range(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Vec<u8> {
        webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].to_vec()
    }

    #[test]
    fn every_mozilla_root_reads_without_loss() {
        for der in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let c = Certificate::read(der.to_vec());
            assert!(c.not_before.is_some() && c.not_after.is_some(), "{}", c.short_name());
            assert!(c.key.bits >= 256, "{}", c.short_name());
            assert!(c.is_self_issued());
            assert!(!c.signature.is_empty());
            let ours: Vec<&Defect> = c.defects.iter().filter(|d| d.field != "serialNumber").collect();
            assert!(ours.is_empty(), "{}: {ours:?}", c.short_name());
        }
    }

    #[test]
    fn cut_or_changed_bytes_never_panic_and_keep_their_fingerprint() {
        let der = root();
        for end in 0..der.len() {
            let c = Certificate::read(der[..end].to_vec());
            assert!(!c.defects.is_empty());
            assert_eq!(c.sha256, sha256(&der[..end]));
        }
        for at in 0..der.len() {
            let mut changed = der.clone();
            changed[at] ^= 0x55;
            let _ = Certificate::read(changed);
        }
    }

    #[test]
    fn trailing_bytes_are_a_defect() {
        let mut der = root();
        der.extend_from_slice(&[1, 2]);
        let c = Certificate::read(der);
        assert_eq!(c.defects[0].words, "2 bytes after its end.");
        assert!(c.not_after.is_some());
    }

    #[test]
    fn days_are_counted_from_the_epoch() {
        assert_eq!(days_from_epoch(1970, 1, 1), 0);
        assert_eq!(days_from_epoch(2000, 3, 1), 11_017);
        assert_eq!(days_from_epoch(9999, 12, 31), 2_932_896);
        assert_eq!(days_from_epoch(0, 1, 1), -719_528);
    }
}
