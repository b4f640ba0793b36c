//! A certificate as `openssl x509 -text` prints it, for people and scripts that know that form.
//!
//! Names are in UTF-8 and without spaces around `=`, as OpenSSL 3.2 and later print them. What cannot
//! be read is marked in angle brackets; extensions without a form of their own are shown as hex.

use std::fmt::Write;

use crate::cert::asn1::Element;
use crate::cert::key::{Hash, Pss, SignatureAlgorithm};
use crate::cert::{Certificate, KeyKind, Name};
use crate::moment::Moment;
use crate::text;

mod extension;

use extension::extension;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Lines, each with its indentation.
struct Page(String);

impl Page {
    fn line(&mut self, indent: usize, words: impl AsRef<str>) {
        let words = words.as_ref();
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{:indent$}{words}", "");
    }

    /// Hex pairs, so many a line; all lines but the last end with the colon.
    fn hex(&mut self, indent: usize, each: usize, bytes: &[u8]) {
        let rows = bytes.chunks(each).count();
        for (i, row) in bytes.chunks(each).enumerate() {
            let colon = if i + 1 < rows { ":" } else { "" };
            self.line(indent, format!("{}{colon}", pairs(row)));
        }
    }
}

fn pairs(bytes: &[u8]) -> String {
    text::hex_colon(bytes).to_ascii_lowercase()
}

/// The whole text of one certificate, safe to display.
pub(super) fn text(certificate: &Certificate) -> String {
    let mut page = Page(String::with_capacity(4_096));
    page.line(0, "Certificate:");
    page.line(4, "Data:");
    match certificate.version {
        Some(version @ 1..) => page.line(8, format!("Version: {version} (0x{:x})", version - 1)),
        _ => page.line(8, "Version: <cannot be read>"),
    }
    serial(&mut page, &certificate.serial);
    let inner = &certificate.inner_signature_algorithm;
    let name = text::safe(&inner.name);
    page.line(8, format!("Signature Algorithm: {name}"));
    pss(&mut page, inner);
    page.line(8, format!("Issuer: {}", one_line(&certificate.issuer, "=")));
    page.line(8, "Validity");
    page.line(12, format!("Not Before: {}", date(certificate.not_before)));
    page.line(12, format!("Not After : {}", date(certificate.not_after)));
    page.line(
        8,
        format!("Subject: {}", one_line(&certificate.subject, "=")),
    );
    key(&mut page, certificate);
    for (label, id) in [
        ("Issuer Unique ID", &certificate.issuer_unique_id),
        ("Subject Unique ID", &certificate.subject_unique_id),
    ] {
        if let Some(id) = id {
            page.line(8, format!("{label}:"));
            page.hex(12, 18, id);
        }
    }
    if !certificate.extensions.is_empty() {
        page.line(8, "X509v3 extensions:");
        for one in &certificate.extensions {
            extension(&mut page, one);
        }
    }
    let outer = text::safe(&certificate.signature_algorithm.name);
    page.line(4, format!("Signature Algorithm: {outer}"));
    page.line(4, "Signature Value:");
    pss(&mut page, &certificate.signature_algorithm);
    page.hex(8, 18, &certificate.signature);
    page.0
}

/// The parameters of RSASSA-PSS, indented as OpenSSL 3 does.
fn pss(page: &mut Page, algorithm: &SignatureAlgorithm) {
    let Some(pss) = algorithm.pss else {
        return;
    };
    let name = |hash: Hash| hash.title().replace('-', "").to_ascii_lowercase();
    let default = |is: bool| if is { " (default)" } else { "" };
    let hash = default(pss.hash == Hash::Sha1);
    page.line(8, format!("Hash Algorithm: {}{hash}", name(pss.hash)));
    let mask = default(pss.mask == Hash::Sha1);
    page.line(
        8,
        format!("Mask Algorithm: mgf1 with {}{mask}", name(pss.mask)),
    );
    let salt = default(pss.salt == 20);
    page.line(9, format!("Salt Length: 0x{:02X}{salt}", pss.salt));
    let trailer = default(pss.trailer == 1);
    page.line(8, format!("Trailer Field: 0x{:02X}{trailer}", pss.trailer));
}

/// What an RSA-PSS key demands of its signatures.
fn restrictions(page: &mut Page, pss: Option<Pss>) {
    let Some(pss) = pss else {
        return page.line(16, "No PSS parameter restrictions");
    };
    let name = |hash: Hash| match hash {
        Hash::Sha1 => "SHA1".to_owned(),
        other => other.title().replacen("SHA-", "SHA2-", 1),
    };
    let default = |is: bool| if is { " (default)" } else { "" };
    page.line(16, "PSS parameter restrictions:");
    let hash = default(pss.hash == Hash::Sha1);
    page.line(18, format!("Hash Algorithm: {}{hash}", name(pss.hash)));
    let mask = default(pss.mask == Hash::Sha1);
    page.line(
        18,
        format!("Mask Algorithm: MGF1 with {}{mask}", name(pss.mask)),
    );
    let salt = default(pss.salt == 20);
    page.line(18, format!("Minimum Salt Length: {}{salt}", pss.salt));
    let trailer = default(pss.trailer == 1);
    page.line(18, format!("Trailer Field: 0x{:x}{trailer}", pss.trailer));
}

fn serial(page: &mut Page, octets: &[u8]) {
    let negative = octets.first().is_some_and(|b| b & 0x80 != 0);
    let mut magnitude: Vec<u8> = octets.to_vec();
    if negative {
        // Two's complement: invert and add one.
        let mut carry = true;
        for octet in magnitude.iter_mut().rev() {
            let (sum, over) = (!*octet).overflowing_add(u8::from(carry));
            (*octet, carry) = (sum, over);
        }
    }
    let zeros = magnitude.iter().take_while(|b| **b == 0).count();
    let digits = magnitude.get(zeros..).unwrap_or_default();
    let small = (digits.len() <= 8)
        .then(|| digits.iter().fold(0u64, |n, b| (n << 8) | u64::from(*b)))
        .filter(|n| i64::try_from(*n).is_ok());
    let sign = if negative { "-" } else { "" };
    match small {
        Some(n) => page.line(8, format!("Serial Number: {sign}{n} ({sign}0x{n:x})")),
        None => {
            let note = if negative { " (Negative)" } else { "" };
            page.line(8, "Serial Number:");
            page.line(12, format!("{}{note}", pairs(digits)));
        }
    }
}

fn date(moment: Option<Moment>) -> String {
    let Some(moment) = moment else {
        return "<cannot be read>".to_owned();
    };
    let at = moment.calendar();
    format!(
        "{} {:02}:{:02}:{:02} {} GMT",
        day(moment),
        at.hour(),
        at.minute(),
        at.second(),
        at.year()
    )
}

fn day(moment: Moment) -> String {
    let at = moment.calendar();
    let month = MONTHS.get(usize::from(u8::from(at.month())) - 1).copied();
    format!("{} {:>2}", month.unwrap_or_default(), at.day())
}

/// In the order encoded, as `CN=x, O=y + OU=z`.
fn one_line(name: &Name, equals: &str) -> String {
    let rdns = name.rdns.iter().filter(|rdn| !rdn.is_empty());
    let rdns: Vec<String> = rdns
        .map(|rdn| {
            let attributes: Vec<String> = rdn
                .iter()
                .map(|a| format!("{}{equals}{}", a.oid.attribute(), value(a.value.raw())))
                .collect();
            attributes.join(" + ")
        })
        .collect();
    rdns.join(", ")
}

/// Quoted where a separator would be misread, with the rest escaped as in RFC 2253.
fn value(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let last = raw.chars().count().saturating_sub(1);
    let mut quote = false;
    for (i, c) in raw.chars().enumerate() {
        quote |= matches!(c, ',' | '+' | '<' | '>' | ';')
            || (c == ' ' && (i == 0 || i == last))
            || (c == '#' && i == 0);
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if text::is_unsafe(c) => {
                for octet in c.to_string().bytes() {
                    out.push_str(&format!("\\{octet:02X}"));
                }
            }
            c => out.push(c),
        }
    }
    if quote { format!("\"{out}\"") } else { out }
}

fn key(page: &mut Page, certificate: &Certificate) {
    let key = &certificate.key;
    page.line(8, "Subject Public Key Info:");
    page.line(12, format!("Public Key Algorithm: {}", key.oid.algorithm()));
    match &key.kind {
        KeyKind::Rsa { exponent } | KeyKind::RsaPss { exponent } => {
            page.line(16, format!("Public-Key: ({} bit)", key.bits));
            page.line(16, "Modulus:");
            let mut modulus = key.modulus.clone();
            if modulus.first().is_some_and(|b| b & 0x80 != 0) {
                modulus.insert(0, 0);
            }
            page.hex(20, 15, &modulus);
            page.line(16, format!("Exponent: {exponent} (0x{exponent:x})"));
            if matches!(key.kind, KeyKind::RsaPss { .. }) {
                restrictions(page, key.pss);
            }
            return;
        }
        KeyKind::Ed25519 | KeyKind::Ed448 | KeyKind::MlDsa { .. } => {
            page.line(16, format!("{} Public-Key:", key.oid.algorithm()));
        }
        _ => page.line(16, format!("Public-Key: ({} bit)", key.bits)),
    }
    page.line(16, "pub:");
    page.hex(20, 15, public_key(certificate));
    if let KeyKind::Ec { curve } = &key.kind {
        let (name, nist) = match curve.as_str() {
            "P-192" => ("prime192v1", true),
            "P-224" => ("secp224r1", true),
            "P-256" => ("prime256v1", true),
            "P-384" => ("secp384r1", true),
            "P-521" => ("secp521r1", true),
            other => (other, false),
        };
        page.line(16, format!("ASN1 OID: {}", text::safe(name)));
        if nist {
            page.line(16, format!("NIST CURVE: {curve}"));
        }
    }
}

/// The content of the BIT STRING in SubjectPublicKeyInfo, without its count of unused bits.
fn public_key(certificate: &Certificate) -> &[u8] {
    let spki = certificate.der.get(certificate.spki.clone());
    spki.and_then(|bytes| Element::read(bytes, 0))
        .and_then(|info| info.inside().nth(1))
        .and_then(|bits| bits.content.get(1..))
        .unwrap_or_default()
}
