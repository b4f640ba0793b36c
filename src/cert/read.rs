//! Reading a certificate: a tolerant walk, so that what is broken in one place does not hide the rest.

use std::sync::Arc;

use aws_lc_rs::digest;

use super::asn1::{self, BIT_STRING, Element, Elements, INTEGER, OCTET_STRING, SEQUENCE};
use super::{
    Certificate, Defect, Extension, ExtensionValue, Key, Name, Oid, SignatureAlgorithm, decode,
    key, time,
};
use crate::text;

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
            key: Key::unknown(),
            signature_algorithm: SignatureAlgorithm::unknown(),
            inner_signature_algorithm: SignatureAlgorithm::unknown(),
            signature: Vec::new(),
            issuer_unique_id: None,
            subject_unique_id: None,
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

    pub(super) fn defect(&mut self, field: &'static str, words: impl Into<String>) {
        self.defects.push(Defect {
            field,
            words: words.into(),
        });
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
    let Some(whole) = Element::read_cut(bytes, 0).filter(|e| e.tag == SEQUENCE) else {
        return out.defect("certificate", "It does not begin like a certificate.");
    };
    if whole.header + whole.content.len() > bytes.len() || Element::read(bytes, 0).is_none() {
        out.defect("certificate", "It is cut off: its end is missing.");
    } else {
        let after = bytes.len() - whole.whole.len();
        if after > 0 {
            out.defect(
                "certificate",
                format!("{} after its end.", text::count(after, "byte")),
            );
        }
        if !asn1::is_strict(whole.whole) {
            out.defect(
                "certificate",
                "A length in it is not encoded in the shortest form, as DER demands.",
            );
        }
    }
    body(out, whole.inside());
}

fn body(out: &mut Certificate, mut parts: Elements<'_>) {
    let tbs = match parts.take_tag(SEQUENCE) {
        Some(tbs) => Some(tbs),
        // Cut off within it: its beginning is still there.
        None => Element::read_cut(parts.rest(), parts.offset()).filter(|e| e.tag == SEQUENCE),
    };
    let Some(tbs) = tbs else {
        return out.defect("tbsCertificate", "The signed part could not be read.");
    };
    out.tbs = tbs.range();
    to_be_signed(out, tbs.inside());
    match parts.take_tag(SEQUENCE) {
        Some(algorithm) => out.signature_algorithm = key::signature_algorithm(&algorithm),
        None => out.defect(
            "signatureAlgorithm",
            "The signature algorithm could not be read.",
        ),
    }
    let bits = parts.take_string(BIT_STRING).and_then(|b| asn1::octets(&b));
    match bits.as_deref().map(<[u8]>::split_first) {
        Some(Some((&unused, signature))) => {
            out.signature = signature.to_vec();
            if unused != 0 {
                out.defect("signatureValue", format!("It claims {unused} unused bits."));
            }
        }
        Some(None) => out.defect("signatureValue", "It is empty."),
        None => out.defect("signatureValue", "The signature could not be read."),
    }
    if !parts.rest().is_empty() {
        out.defect(
            "certificate",
            "There is more inside than a certificate has.",
        );
    }
    if !out.signature_algorithm.der.is_empty()
        && !out.inner_signature_algorithm.der.is_empty()
        && out.signature_algorithm.der != out.inner_signature_algorithm.der
    {
        out.defect(
            "signatureAlgorithm",
            "It differs from the algorithm named in the signed part.",
        );
    }
}

/// The next element, which must have this tag. Another one is stepped over, so that what comes after
/// it is still read; an element that is cut off gives what is there.
fn part<'a>(
    out: &mut Certificate,
    parts: &mut Elements<'a>,
    tag: u8,
    field: &'static str,
) -> Option<Element<'a>> {
    if let Some(found) = parts.take_tag(tag) {
        return Some(found);
    }
    let (rest, offset) = (parts.rest(), parts.offset());
    if parts.next().is_some() {
        out.defect(field, "It is of another type than it should be.");
        return None;
    }
    *parts = Elements::new(&[], offset);
    out.defect(field, "It is cut off or missing.");
    Element::read_cut(rest, offset).filter(|e| e.tag == tag)
}

fn to_be_signed(out: &mut Certificate, mut parts: Elements<'_>) {
    version(out, &mut parts);
    if let Some(number) = part(out, &mut parts, INTEGER, "serialNumber") {
        serial(out, number.content);
    }
    if let Some(algorithm) = part(out, &mut parts, SEQUENCE, "signature") {
        out.inner_signature_algorithm = key::signature_algorithm(&algorithm);
    }
    if let Some(issuer) = part(out, &mut parts, SEQUENCE, "issuer") {
        out.issuer = name(out, "issuer", &issuer);
        if out.issuer.rdns.is_empty() {
            out.defect("issuer", "The issuer's name is empty.");
        }
    }
    if let Some(validity) = part(out, &mut parts, SEQUENCE, "validity") {
        let mut times = validity.inside();
        out.not_before = times
            .next()
            .and_then(|t| time::read(out, "validity.notBefore", &t));
        out.not_after = times
            .next()
            .and_then(|t| time::read(out, "validity.notAfter", &t));
        if out.not_before.is_none() && out.not_after.is_none() && validity.content.is_empty() {
            out.defect("validity", "It is empty.");
        }
        if !times.rest().is_empty() {
            out.defect("validity", "There is more in it than two times.");
        }
    }
    if let Some(subject) = part(out, &mut parts, SEQUENCE, "subject") {
        out.subject = name(out, "subject", &subject);
    }
    if let Some(spki) = part(out, &mut parts, SEQUENCE, "subjectPublicKeyInfo") {
        out.spki = spki.range();
        out.spki_sha256 = Some(sha256(spki.whole));
        out.key = key::public_key(&spki);
        for fault in out.key.faults.clone() {
            out.defect(
                "subjectPublicKeyInfo",
                format!("The public key {}.", fault.words()),
            );
        }
    }
    for (constructed, primitive, issuer) in [(0xa1, 0x81, true), (0xa2, 0x82, false)] {
        let Some(id) = parts
            .take_tag(primitive)
            .or_else(|| parts.take_tag(constructed))
        else {
            continue;
        };
        if out.version == Some(1) {
            out.defect(
                "uniqueID",
                "Version 1 certificates have no unique identifiers.",
            );
        }
        let bits = id.content.get(1..).unwrap_or_default().to_vec();
        if issuer {
            out.issuer_unique_id = Some(bits);
        } else {
            out.subject_unique_id = Some(bits);
        }
    }
    let offset = parts.offset();
    let list = match parts.take_tag(0xa3) {
        Some(list) => Some(list),
        // Cut off within the extensions: the first ones are still there.
        None => Element::read_cut(parts.rest(), offset)
            .filter(|e| e.tag == 0xa3 && parts.clone().next().is_none()),
    };
    if let Some(list) = list {
        if out.version != Some(3) {
            out.defect("extensions", "Only version 3 certificates have extensions.");
        }
        extensions(out, &list);
    }
    if !parts.rest().is_empty() {
        out.defect(
            "tbsCertificate",
            "There is something in the signed part that does not belong there.",
        );
    }
}

fn version(out: &mut Certificate, parts: &mut Elements<'_>) {
    let Some(tagged) = parts.take_tag(0xa0) else {
        out.version = Some(1);
        return;
    };
    match tagged.inside().next().and_then(|v| asn1::small(v.content)) {
        Some(0) => {
            out.version = Some(1);
            out.defect(
                "version",
                "Version 1 is the default and may not be written.",
            );
        }
        Some(n) => {
            out.version = Some(n.saturating_add(1));
            if n > 2 {
                out.defect(
                    "version",
                    format!("There is no version {} of certificates.", u64::from(n) + 1),
                );
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
        [first, ..] if first & 0x80 != 0 => {
            out.defect("serialNumber", "It is negative; it must be positive.")
        }
        [0, second, ..] if second & 0x80 == 0 => {
            out.defect(
                "serialNumber",
                "It is not encoded in the shortest form, as DER demands.",
            );
        }
        _ if content.len() > 20 => {
            out.defect(
                "serialNumber",
                format!("It has {} octets; at most 20 are allowed.", content.len()),
            );
        }
        _ => {}
    }
}

/// A name, with a defect when a part of it does not parse.
fn name(out: &mut Certificate, field: &'static str, element: &Element<'_>) -> Name {
    if !Name::is_whole(element) {
        out.defect(field, "A part of the name is empty or could not be read.");
    }
    Name::read(element)
}

fn extensions(out: &mut Certificate, list: &Element<'_>) {
    let inside = list.inside();
    let sequence = Element::read_cut(list.content, inside.offset()).filter(|e| e.tag == SEQUENCE);
    let Some(sequence) = sequence else {
        return out.defect("extensions", "The extensions could not be read.");
    };
    if sequence.content.is_empty() {
        out.defect(
            "extensions",
            "The list of extensions is empty, which is not allowed.",
        );
    }
    if sequence.whole.len() < list.content.len() {
        out.defect(
            "extensions",
            "There is something after the list of extensions.",
        );
    }
    let mut parts = sequence.inside();
    for element in parts.by_ref().take(MOST_EXTENSIONS) {
        let Some(extension) = one_extension(&element) else {
            out.defect("extensions", "An extension could not be read.");
            continue;
        };
        let mut words = Vec::new();
        if let ExtensionValue::Malformed(why) = &extension.value {
            words.push(format!(
                "The extension “{}” could not be read: {why}.",
                extension.oid.title()
            ));
        }
        for fault in &extension.faults {
            words.push(format!(
                "In the extension “{}”: {fault}.",
                extension.oid.title()
            ));
        }
        if out.extensions.iter().any(|e| e.oid == extension.oid) {
            words.push(format!(
                "The extension “{}” is there twice.",
                extension.oid.title()
            ));
        }
        out.defects.extend(words.into_iter().map(|words| Defect {
            field: "extensions",
            words,
        }));
        out.extensions.push(extension);
    }
    if !parts.rest().is_empty() {
        out.defect("extensions", "Not all extensions could be read.");
    }
}

fn one_extension(element: &Element<'_>) -> Option<Extension> {
    let mut parts = element.inside();
    let mut faults = Vec::new();
    let oid = parts.take_tag(asn1::OID)?.content;
    if !asn1::is_oid(oid) {
        faults.push("its type could not be read");
    }
    let oid = Oid::read(oid);
    let critical = match parts.take_tag(asn1::BOOLEAN).map(|b| b.content) {
        None => false,
        Some([0xff]) => true,
        Some([0]) => {
            faults.push("the default “not critical” is written out, which DER forbids");
            false
        }
        Some(other) => {
            faults.push(super::extension::boolean_fault::CRITICAL);
            other.iter().any(|&b| b != 0)
        }
    };
    let element_of_value = parts.take_string(OCTET_STRING)?;
    let value = asn1::octets(&element_of_value)?;
    if !parts.rest().is_empty() {
        faults.push("there is something after its value");
    }
    Some(Extension {
        value: decode::decode(oid.as_str(), &value, &mut faults),
        oid,
        critical,
        raw: value.into_owned(),
        range: element.range(),
        faults,
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
            assert!(
                c.not_before.is_some() && c.not_after.is_some(),
                "{}",
                c.short_name()
            );
            assert!(c.key.bits >= 256, "{}", c.short_name());
            assert!(c.is_self_issued());
            assert!(!c.signature.is_empty());
            // Faults that these roots are known to have.
            let known = [
                "It is zero; it must be positive.",
                "The time has the wrong type for its year.",
            ];
            let others: Vec<&Defect> = c
                .defects
                .iter()
                .filter(|d| !known.contains(&d.words.as_str()))
                .collect();
            assert!(others.is_empty(), "{}: {others:?}", c.short_name());
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
}
