//! PEM read leniently, as it comes in the wild: any text around it, BOM, CRLF, indentation, quoted in a
//! mail, UTF-16, one line with literal `\n`; and DER, one certificate or several.

use std::borrow::Cow;

use data_encoding::{BASE64, Specification};

use super::flaw;

/// What a file of certificates held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// DER of each certificate, in order.
    pub certificates: Vec<Vec<u8>>,
    /// What a `TRUSTED CERTIFICATE` block of OpenSSL has after its certificate (empty for most), with the
    /// place of the certificate in the list.
    pub trailers: Vec<(usize, Vec<u8>)>,
    /// Parts that could not be read, safe to display: where and why.
    pub notes: Vec<String>,
    /// Its blocks in order, as programs meet them that read less leniently. None for what is not PEM as
    /// it stands: DER, UTF-16, base64 alone.
    pub blocks: Vec<Block>,
}

/// One block of PEM, from its BEGIN line on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// What its BEGIN line says.
    pub label: Label,
    /// Where its BEGIN line stands.
    pub begins: Begins,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
    /// The place of its certificate in [`Decoded::certificates`].
    pub certificate: Option<usize>,
}

/// What a BEGIN line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `CERTIFICATE`.
    Certificate,
    /// `X509 CERTIFICATE`, the old name.
    X509,
    /// `TRUSTED CERTIFICATE`, OpenSSL's own.
    Trusted,
    /// Something else, such as a key.
    NoCertificate,
}

/// Where a BEGIN line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At the beginning of a line, alone in it.
    Line,
    /// The same, after a byte-order mark.
    Mark,
    /// Behind the END of the block before, in one line: two files joined without a line end.
    Joined,
    /// After white space, a quotation mark or words.
    Inside,
}

/// What is wrong with a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// The text ends before an END line.
    NoEnd {
        /// What stands there is a whole certificate nevertheless.
        whole: bool,
    },
    /// The next block begins before an END line.
    NextBegins {
        /// What stands before it is a whole certificate.
        whole: bool,
        /// Where among its letters the padding begins, if it has some.
        padding: Option<usize>,
    },
    /// Something stands behind its END, in the same line.
    EndNotAlone,
    /// Nothing stands between.
    Empty,
    /// What is between is not base64: this letter, at this place among the letters.
    Letter(usize, u8),
    /// Letters are missing: their number is none of base64.
    Length,
    /// The base64 holds the beginning of a certificate.
    Cut,
    /// The base64 holds something else.
    Other,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
pub(super) const DASHES: &[u8] = b"-----";

/// Reads PEM with any text around it, or DER.
pub fn decode(bytes: &[u8]) -> Decoded {
    let text = unwrapped(bytes);
    let mut out = Decoded::default();
    if find(&text, BEGIN).is_some() {
        blocks(&text, &mut out);
        match &text {
            Cow::Owned(_) => out.blocks.clear(),
            Cow::Borrowed(rest) if rest.len() < bytes.len() => marked(&mut out.blocks, rest),
            Cow::Borrowed(_) => {}
        }
    } else if text.first() == Some(&0x30) {
        ders(&text, &mut out);
    } else if let Some(der) = bare_base64(&text) {
        ders(&der, &mut out);
    }
    out
}

/// What an answer without certificates holds, in words that are safe to display.
pub fn looks_like_words(bytes: &[u8]) -> String {
    format!("it holds no certificate: {}", looks_like(bytes, &[]))
}

/// What a file without certificates looks like, in words.
pub(super) fn looks_like(bytes: &[u8], notes: &[String]) -> String {
    if let Some(first) = notes.first() {
        return first.clone();
    }
    let start = String::from_utf8_lossy(bytes.get(..256).unwrap_or(bytes)).to_lowercase();
    if bytes.is_empty() {
        "it is empty".to_owned()
    } else if start.contains("<html") || start.contains("<!doctype") {
        "a web page; the download may have failed".to_owned()
    } else if bytes.starts_with(b"PK\x03\x04") {
        "a ZIP archive; unpack it first".to_owned()
    } else if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        "a Java keystore; export the certificate with keytool -exportcert -rfc".to_owned()
    } else if bytes.first() == Some(&0x30) {
        "ASN.1 data that is no certificate (a key, a PKCS#12 file or a request)".to_owned()
    } else if std::str::from_utf8(bytes).is_ok() {
        "text without a line “-----BEGIN CERTIFICATE-----”".to_owned()
    } else {
        "binary data that is no DER".to_owned()
    }
}

/// Without byte-order mark, from UTF-16, and with literal `\n` turned into line ends.
fn unwrapped(bytes: &[u8]) -> Cow<'_, [u8]> {
    let utf16 = |big: bool, body: &[u8]| -> Vec<u8> {
        body.chunks_exact(2)
            .filter_map(|pair| match (big, pair) {
                (true, [0, c]) | (false, [c, 0]) => Some(*c),
                _ => None,
            })
            .collect()
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(false, rest)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(true, rest)),
        _ if find(bytes, b"-----\\n").is_some() => {
            let text = String::from_utf8_lossy(bytes)
                .replace("\\r", "")
                .replace("\\n", "\n");
            Cow::Owned(text.into_bytes())
        }
        _ => Cow::Borrowed(bytes),
    }
}

fn blocks(text: &[u8], out: &mut Decoded) {
    let mut at = 0;
    while let Some(begin) = text.get(at..).and_then(|t| find(t, BEGIN)).map(|p| p + at) {
        let rest = text.get(begin + BEGIN.len()..).unwrap_or_default();
        let Some(label_end) = find(rest.get(..80).unwrap_or(rest), DASHES) else {
            out.notes.push(format!(
                "line {}: a BEGIN line without its five dashes",
                line(text, begin)
            ));
            at = begin + BEGIN.len();
            continue;
        };
        let label = rest.get(..label_end).unwrap_or_default();
        let body_start = begin + BEGIN.len() + label_end + DASHES.len();
        let body = text.get(body_start..).unwrap_or_default();
        let next_begin = find(body, BEGIN).unwrap_or(body.len());
        let end = find(body.get(..next_begin).unwrap_or(body), END);
        let content = body.get(..end.unwrap_or(next_begin)).unwrap_or_default();
        if end.is_none() {
            out.notes.push(format!(
                "line {}: a block without its END line",
                line(text, begin)
            ));
        }
        let before = out.certificates.len();
        block(label, content, || line(text, begin), out);
        let ending = end.and_then(|end| body.get(end + END.len()..));
        let begins = begins(text, begin, content);
        out.blocks.push(Block {
            label: match label {
                b"CERTIFICATE" => Label::Certificate,
                b"X509 CERTIFICATE" => Label::X509,
                b"TRUSTED CERTIFICATE" => Label::Trusted,
                _ => Label::NoCertificate,
            },
            begins,
            flaw: flaw::of(
                label,
                begins,
                content,
                ending,
                next_begin == body.len(),
                out.certificates.get(before),
            ),
            certificate: Some(before).filter(|_| out.certificates.len() == before + 1),
        });
        at = body_start + end.map_or(next_begin, |e| e + END.len());
    }
}

/// A block that begins the text stands after the byte-order mark that was taken off.
fn marked(blocks: &mut [Block], text: &[u8]) {
    if let Some(first) = blocks.first_mut().filter(|_| text.starts_with(BEGIN)) {
        first.begins = Begins::Mark;
    }
}

fn begins(text: &[u8], begin: usize, content: &[u8]) -> Begins {
    let before = text.get(..begin).unwrap_or_default();
    let behind = content.split(|&b| b == b'\n').next().unwrap_or_default();
    let alone = content.contains(&b'\n') && behind.trim_ascii().is_empty();
    match before {
        _ if !alone => Begins::Inside,
        [] | [.., b'\n'] => Begins::Line,
        [.., b'-', b'-', b'-', b'-', b'-'] => Begins::Joined,
        _ => Begins::Inside,
    }
}

fn block(label: &[u8], content: &[u8], line: impl Fn() -> usize, out: &mut Decoded) {
    match label {
        b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => match base64(content) {
            Some(der) => {
                let mut der = der;
                if label.starts_with(b"TRUSTED") {
                    let after = der.split_off(element(&der).unwrap_or(der.len()));
                    out.trailers.push((out.certificates.len(), after));
                }
                out.certificates.push(der);
            }
            None => out.notes.push(format!(
                "line {}: the certificate is not valid base64",
                line()
            )),
        },
        b"PKCS7" | b"CMS" => match base64(content).map(|der| from_pkcs7(&der)) {
            Some(found) if !found.is_empty() => out.certificates.extend(found),
            _ => out.notes.push(format!(
                "line {}: a PKCS#7 block without certificates",
                line()
            )),
        },
        label if label.ends_with(b"PRIVATE KEY") => {
            out.notes
                .push(format!("line {}: a private key; it was not read", line()));
        }
        // Parameters, requests, revocation lists: not certificates, and no fault.
        _ => {}
    }
}

pub(super) fn base64(content: &[u8]) -> Option<Vec<u8>> {
    let mut clean = Vec::with_capacity(content.len());
    // Headers of old PEM (Proc-Type: …) and comments end before the first line of pure base64.
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', content).chain([content.len()]) {
        let part = unquoted(content.get(start..end).unwrap_or_default());
        start = end + 1;
        if memchr::memchr(b':', part).is_none() {
            clean.extend_from_slice(part);
        }
    }
    while clean.last() == Some(&b'=') {
        clean.pop();
    }
    if clean.is_empty() {
        return None;
    }
    lenient().decode(&clean).ok().or_else(|| {
        // White space within lines is rare, and is looked for only when it is in the way.
        clean.retain(|b| !b.is_ascii_whitespace());
        lenient().decode(&clean).ok()
    })
}

/// A line without white space around it and without the signs that mails put before what they quote.
fn unquoted(mut line: &[u8]) -> &[u8] {
    line = line.trim_ascii();
    while let [b'>' | b'|', rest @ ..] = line {
        line = rest.trim_ascii_start();
    }
    line
}

/// Standard base64 without padding, trailing bits ignored.
fn lenient() -> &'static data_encoding::Encoding {
    static ENCODING: std::sync::LazyLock<data_encoding::Encoding> =
        std::sync::LazyLock::new(|| {
            let mut spec = Specification::new();
            spec.symbols
                .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
            spec.check_trailing_bits = false;
            spec.encoding().unwrap_or(BASE64)
        });
    &ENCODING
}

/// A whole file that is nothing but base64.
fn bare_base64(text: &[u8]) -> Option<Vec<u8>> {
    let plain = text
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"+/=".contains(b));
    let der = if plain && text.len() > 64 {
        base64(text)
    } else {
        None
    };
    der.filter(|der| der.first() == Some(&0x30))
}

/// One certificate after the other, or PKCS#7.
fn ders(bytes: &[u8], out: &mut Decoded) {
    let found = from_pkcs7(bytes);
    if !found.is_empty() {
        out.certificates.extend(found);
        return;
    }
    let mut rest = bytes;
    while rest.first() == Some(&0x30) {
        let Some(length) = element(rest) else {
            // Cut off: shown as far as it goes, if it begins like a certificate at all.
            if is_certificate_like(rest) {
                out.notes.push(format!(
                    "byte {}: the certificate is cut off",
                    bytes.len() - rest.len()
                ));
                out.certificates.push(rest.to_vec());
            }
            return;
        };
        let (one, after) = rest.split_at(length);
        if is_certificate_like(one) {
            out.certificates.push(one.to_vec());
        }
        rest = after;
    }
    if !rest.is_empty() && !out.certificates.is_empty() {
        out.notes.push(format!(
            "{} bytes after the last certificate are none",
            rest.len()
        ));
    }
}

/// A certificate is a SEQUENCE that begins with a SEQUENCE; a key begins with an INTEGER.
pub(super) fn is_certificate_like(der: &[u8]) -> bool {
    let header = header(der).unwrap_or(2);
    der.get(header) == Some(&0x30)
}

/// The certificates of a degenerate SignedData (RFC 2315 section 9): the [0] inside of it.
fn from_pkcs7(der: &[u8]) -> Vec<Vec<u8>> {
    const SIGNED_DATA: &[u8] = &[0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let Some(at) = der.get(..64).and_then(|head| find(head, SIGNED_DATA)) else {
        return Vec::new();
    };
    let inside = |bytes: &[u8]| {
        header(bytes)
            .and_then(|h| bytes.get(h..))
            .map(<[u8]>::to_vec)
    };
    let explicit = der.get(at + SIGNED_DATA.len()..).unwrap_or_default();
    let Some(mut rest) = inside(explicit).and_then(|b| inside(&b)) else {
        return Vec::new();
    };
    // version, digestAlgorithms, contentInfo, then [0] certificates
    for _ in 0..3 {
        let Some(length) = element(&rest) else {
            return Vec::new();
        };
        rest.drain(..length);
    }
    if rest.first() != Some(&0xa0) {
        return Vec::new();
    }
    let Some(mut list) = inside(&rest) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    while list.first() == Some(&0x30) {
        let Some(length) = element(&list) else { break };
        found.push(list.drain(..length).collect());
    }
    found
}

/// Length of the header of a DER element.
fn header(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        0..=0x80 => Some(2),
        n => Some(2 + usize::from(n & 0x7f)),
    }
}

/// Length of a whole DER element; `None` when it is cut off.
pub(super) fn element(bytes: &[u8]) -> Option<usize> {
    let header = header(bytes)?;
    let length = match bytes.get(1)? {
        n @ 0..=0x7f => usize::from(*n),
        0x80 => return None,
        _ => bytes
            .get(2..header)
            .filter(|d| d.len() <= 4)?
            .iter()
            .fold(0, |n, d| (n << 8) | usize::from(*d)),
    };
    let whole = header.checked_add(length)?;
    (whole <= bytes.len()).then_some(whole)
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

fn line(text: &[u8], at: usize) -> usize {
    text.iter().take(at).filter(|&&b| b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Vec<u8> {
        webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].to_vec()
    }

    fn pem(der: &[u8]) -> String {
        let body = BASE64.encode(der);
        let lines: Vec<&str> = body
            .as_bytes()
            .chunks(64)
            .map(|c| std::str::from_utf8(c).unwrap())
            .collect();
        format!(
            "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
            lines.join("\n")
        )
    }

    #[test]
    fn pem_comes_in_many_coats() {
        let plain = pem(&root());
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(plain.bytes().flat_map(|b| [b, 0]))
            .collect();
        for coat in [
            plain.clone().into_bytes(),
            format!("\u{feff}{plain}").into_bytes(),
            plain.replace('\n', "\r\n").into_bytes(),
            plain
                .lines()
                .map(|l| format!("    {l}\n"))
                .collect::<String>()
                .into_bytes(),
            format!("subject=x\n{plain}\nverify ok\n").into_bytes(),
            plain.trim_end().replace('\n', "\\n").into_bytes(),
            utf16,
            BASE64.encode(&root()).into_bytes(),
            root(),
        ] {
            let decoded = decode(&coat);
            assert_eq!(
                decoded.certificates,
                [root()],
                "{:?}",
                String::from_utf8_lossy(&coat[..40])
            );
            assert_eq!(decoded.notes, Vec::<String>::new());
        }
    }

    #[test]
    fn keys_are_noted_and_never_read() {
        let text = format!(
            "{}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            pem(&root())
        );
        let decoded = decode(text.as_bytes());
        assert_eq!(decoded.certificates.len(), 1);
        let lines = pem(&root()).lines().count();
        assert_eq!(
            decoded.notes,
            [format!(
                "line {}: a private key; it was not read",
                lines + 1
            )]
        );
    }

    #[test]
    fn a_missing_end_is_noted_with_its_line() {
        let cut = pem(&root()).replace("-----END CERTIFICATE-----\n", "");
        let decoded = decode(format!("x\n{cut}{}", pem(&root())).as_bytes());
        assert_eq!(decoded.certificates.len(), 2);
        assert_eq!(decoded.notes, ["line 2: a block without its END line"]);
    }

    #[test]
    fn ders_follow_each_other() {
        let two = [root(), root()].concat();
        assert_eq!(decode(&two).certificates.len(), 2);
    }

    #[test]
    fn rubbish_is_no_certificate_and_never_panics() {
        for bytes in [
            &b""[..],
            b"hello",
            b"\x30",
            b"\x30\x84\xff\xff\xff\xff",
            b"-----BEGIN ",
            b"-----BEGIN CERTIFICATE-----",
        ] {
            assert!(decode(bytes).certificates.len() <= 1);
            assert!(!looks_like(bytes, &[]).is_empty());
        }
    }
}
