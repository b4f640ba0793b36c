//! Distinguished names: read with all their parts, compared by RFC 5280 section 7.1, printed by RFC 4514.

use std::fmt::Write;

use super::asn1::{self, Element};
use super::oid::Oid;
use crate::text::{self, Untrusted};

/// A distinguished name with all its RDNs, also multi-valued and empty ones.
#[derive(Clone, Debug, Default)]
pub struct Name {
    /// The name's DER, tag and length included; empty when it could not be found.
    pub der: Vec<u8>,
    /// RDNs in encoded order; each is a set of attributes.
    pub rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a name.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its type.
    pub oid: Oid,
    /// ASN.1 tag of the value as encoded (12 UTF8String, 19 PrintableString, 20 TeletexString…).
    pub tag: u8,
    /// The value as text; hex with a leading `#` (RFC 4514) when it is no string.
    pub value: Untrusted,
    /// The value's content octets.
    pub raw: Vec<u8>,
}

impl Name {
    /// Reads a name; what does not parse inside of it is left out.
    pub fn read(element: &Element<'_>) -> Self {
        let rdns = element
            .inside()
            .map(|rdn| rdn.inside().filter_map(|a| attribute(&a)).collect())
            .collect();
        Self {
            der: element.whole.to_vec(),
            rdns,
        }
    }

    /// Every RDN and attribute in these bytes could be read, and no RDN is empty.
    pub fn is_whole(element: &Element<'_>) -> bool {
        let readable = |attribute: &Element<'_>| {
            let mut parts = attribute.inside();
            parts
                .take_tag(asn1::OID)
                .is_some_and(|o| asn1::is_oid(o.content))
                && parts.next().is_some()
        };
        let mut rdns = element.inside();
        let whole = rdns.by_ref().all(|rdn| {
            let mut attributes = rdn.inside();
            rdn.tag == asn1::SET
                && !rdn.content.is_empty()
                && attributes.by_ref().all(|a| readable(&a))
                && attributes.rest().is_empty()
        });
        whole && rdns.rest().is_empty()
    }

    /// Equal by RFC 5280 section 7.1: case and inner white space folded, encodings ignored.
    pub fn matches(&self, other: &Name) -> bool {
        (!self.der.is_empty() && self.der == other.der) || self.canonical() == other.canonical()
    }

    /// Equal for names that [`Name::matches`], different otherwise.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.der.len());
        for rdn in &self.rdns {
            let mut attributes: Vec<Vec<u8>> = rdn.iter().map(Attribute::canonical).collect();
            attributes.sort_unstable();
            out.extend_from_slice(
                &u32::try_from(attributes.len())
                    .unwrap_or(u32::MAX)
                    .to_be_bytes(),
            );
            for attribute in attributes {
                out.extend_from_slice(
                    &u32::try_from(attribute.len())
                        .unwrap_or(u32::MAX)
                        .to_be_bytes(),
                );
                out.extend_from_slice(&attribute);
            }
        }
        out
    }

    /// Every common name, in order.
    pub fn common_names(&self) -> impl Iterator<Item = &Untrusted> {
        self.attributes("2.5.4.3")
    }

    fn attributes<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = &'a Untrusted> {
        self.rdns
            .iter()
            .flatten()
            .filter(move |a| a.oid.as_str() == oid)
            .map(|a| &a.value)
    }

    /// Common name, else organisational unit, else organisation, else the last attribute of any kind;
    /// `None` for an empty name. Safe to display.
    pub fn short(&self) -> Option<String> {
        ["2.5.4.3", "2.5.4.11", "2.5.4.10"]
            .into_iter()
            .find_map(|oid| self.attributes(oid).find(|v| !v.raw().trim().is_empty()))
            .or_else(|| self.rdns.iter().flatten().last().map(|a| &a.value))
            .map(ToString::to_string)
    }

    /// RFC 4514 form, most specific RDN first; empty for an empty name. Characters that may not reach a
    /// terminal are written as hex pairs of their UTF-8 octets (section 2.4), so that the form is safe
    /// to display and still says exactly what the name is.
    pub fn rfc4514(&self) -> String {
        let mut out = String::with_capacity(self.der.len());
        for rdn in self.rdns.iter().rev().filter(|rdn| !rdn.is_empty()) {
            if !out.is_empty() {
                out.push(',');
            }
            for (index, attribute) in rdn.iter().rev().enumerate() {
                if index > 0 {
                    out.push('+');
                }
                attribute.rfc4514(&mut out);
            }
        }
        out
    }
}

impl Attribute {
    /// The value as it stands in the certificate could be read as text.
    pub fn is_text(&self) -> bool {
        is_string(self.tag)
    }

    /// `CN=value`; a type without a name in RFC 4514 is written with its value's DER in hex.
    fn rfc4514(&self, out: &mut String) {
        let name = self.oid.attribute();
        out.push_str(&name);
        out.push('=');
        if self.is_text() && name != self.oid.as_str() {
            escape(self.value.raw(), out);
            return;
        }
        out.push('#');
        let mut header = vec![self.tag];
        let length = self.raw.len();
        match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => header.push(short),
            _ => {
                let digits = length.to_be_bytes();
                let used = digits.iter().skip_while(|&&d| d == 0);
                header.push(0x80 | u8::try_from(used.clone().count()).unwrap_or(0));
                header.extend(used);
            }
        }
        for part in [&header, &self.raw] {
            out.push_str(&data_encoding::HEXUPPER.encode(part));
        }
    }

    fn canonical(&self) -> Vec<u8> {
        let mut out = self.oid.as_str().as_bytes().to_vec();
        out.push(b'=');
        if !self.is_text() {
            out.push(self.tag);
            out.extend_from_slice(&self.raw);
            return out;
        }
        for (index, word) in self.value.raw().split_whitespace().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word.to_lowercase().as_bytes());
        }
        out
    }
}

fn attribute(element: &Element<'_>) -> Option<Attribute> {
    let mut parts = element.inside();
    let oid = Oid::read(parts.take_tag(asn1::OID)?.content);
    let value = parts.next()?;
    let text = decode(value.tag, value.content).unwrap_or_else(|| {
        let mut hex = "#".to_owned();
        hex.push_str(&text::hex(value.whole));
        hex
    });
    Some(Attribute {
        oid,
        tag: value.tag,
        value: Untrusted::new(text),
        raw: value.content.to_vec(),
    })
}

/// Where the attributes that [`Name::read`] finds lie, in order.
pub(super) fn attribute_ranges(element: &Element<'_>) -> Vec<std::ops::Range<usize>> {
    let attributes = element.inside().flat_map(|rdn| rdn.inside());
    attributes
        .filter(|a| attribute(a).is_some())
        .map(|a| a.range())
        .collect()
}

/// The ASN.1 string kinds.
fn is_string(tag: u8) -> bool {
    matches!(tag, 12 | 18 | 19 | 20 | 22 | 25 | 26 | 27 | 28 | 30)
}

/// A string of one of the ASN.1 kinds; `None` when the tag is no string. Bytes that do not belong to the
/// kind are read as Latin-1, so that nothing is lost.
pub(super) fn decode(tag: u8, content: &[u8]) -> Option<String> {
    let latin1 = || content.iter().copied().map(char::from).collect();
    Some(match tag {
        // UTF8String, NumericString, PrintableString, IA5String, VisibleString
        12 | 18 | 19 | 22 | 26 => {
            std::str::from_utf8(content).map_or_else(|_| latin1(), str::to_owned)
        }
        // TeletexString, GraphicString, GeneralString: Latin-1 in practice
        20 | 25 | 27 => latin1(),
        // BMPString
        30 => {
            let units = content
                .chunks_exact(2)
                .map(|c| u16::from_be_bytes([c[0], c[1]]));
            char::decode_utf16(units)
                .map(|c| c.unwrap_or('\u{fffd}'))
                .collect()
        }
        // UniversalString
        28 => content
            .chunks_exact(4)
            .map(|c| {
                char::from_u32(u32::from_be_bytes([c[0], c[1], c[2], c[3]])).unwrap_or('\u{fffd}')
            })
            .collect(),
        _ => return None,
    })
}

/// Escapes a value as RFC 4514 section 2.4 demands, and what [`text::is_unsafe`] names as well.
fn escape(value: &str, out: &mut String) {
    let last = value.len().saturating_sub(1);
    for (at, c) in value.char_indices() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => {
                out.push('\\');
                out.push(c);
            }
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '#' if at == 0 => out.push_str("\\#"),
            c if text::is_unsafe(c) => {
                let mut octets = [0; 4];
                for octet in c.encode_utf8(&mut octets).bytes() {
                    let _ = write!(out, "\\{octet:02X}");
                }
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(attributes: &[(&str, u8, &[u8])]) -> Name {
        let rdns = attributes
            .iter()
            .map(|(oid, tag, raw)| {
                vec![Attribute {
                    oid: Oid::new(*oid),
                    tag: *tag,
                    value: Untrusted::new(decode(*tag, raw).unwrap_or_default()),
                    raw: raw.to_vec(),
                }]
            })
            .collect();
        Name {
            der: Vec::new(),
            rdns,
        }
    }

    #[test]
    fn names_are_printed_most_specific_first_and_escaped() {
        let n = name(&[
            ("2.5.4.6", 19, b"XX"),
            ("2.5.4.10", 12, b"A, B"),
            ("2.5.4.3", 12, b" x\x1b[31m"),
        ]);
        assert_eq!(n.rfc4514(), "CN=\\ x\\1B[31m,O=A\\, B,C=XX");
        assert_eq!(n.short().as_deref(), Some(" x\\x1b[31m"));
    }

    #[test]
    fn names_match_across_case_space_and_encoding() {
        let a = name(&[("2.5.4.3", 19, b"Example  Root")]);
        let b = name(&[("2.5.4.3", 30, b"\0E\0X\0A\0M\0P\0L\0E\0 \0R\0O\0O\0T")]);
        assert!(a.matches(&b));
        assert!(!a.matches(&name(&[("2.5.4.3", 19, b"Example Root 2")])));
        assert!(!a.matches(&name(&[("2.5.4.11", 19, b"Example Root")])));
    }
}
