//! Where a certificate says that its revocation is told, and where a list says that it speaks:
//! distribution points (RFC 5280, sections 4.2.1.13 and 5.2.5), in a form to be compared.

use crate::cert::asn1::{Element, Elements};
use crate::cert::{Certificate, Name};
use crate::judge::facts;
use crate::text;

const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";

/// Every reason of revocation.
pub(super) const ALL_REASONS: u16 = 0x1fe;

/// One distribution point of a certificate.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// Its names, each to be compared as a whole.
    pub(super) names: Vec<String>,
    /// It has names of its own; else they are those of who issues the list.
    pub(super) named: bool,
    /// The reasons that its list tells.
    pub(super) reasons: u16,
    /// Who issues the list, where it is not who issued the certificate.
    pub(super) issuers: Vec<Name>,
}

/// The points of a certificate, and the one that every certificate has: its issuer's own list for all
/// reasons (section 6.3.3).
pub(super) fn of(certificate: &Certificate) -> Vec<Point> {
    let mut points = written(certificate);
    points.push(Point {
        names: vec![directory(&certificate.issuer)],
        named: true,
        reasons: ALL_REASONS,
        issuers: Vec::new(),
    });
    points
}

/// The points that stand in a certificate.
pub(super) fn written(certificate: &Certificate) -> Vec<Point> {
    let extension = facts::extension(certificate, CRL_DISTRIBUTION_POINTS);
    let list = extension.and_then(|e| Element::read(&e.raw, 0));
    list.iter()
        .flat_map(Element::inside)
        .map(|point| read(&point, &certificate.issuer))
        .collect()
}

fn read(point: &Element<'_>, issuer: &Name) -> Point {
    let mut inside = point.inside();
    let named = inside.take_tag(0xa0);
    let reasons = inside
        .take_tag(0x81)
        .map_or(ALL_REASONS, |e| reasons(e.content));
    let issuers: Vec<Name> = inside
        .take_tag(0xa2)
        .map(|names| names.inside().filter_map(|n| directory_name(&n)).collect())
        .unwrap_or_default();
    let is_named = named.is_some();
    let names = match named {
        // RFC 5280 tells CAs not to use names relative to another issuer, and who reads lists (OpenSSL, Go,
        // webpki) does not follow them: taking such a list for an answer would let pass what all refuse.
        Some(named) if !issuers.is_empty() && named.inside().any(|n| n.tag == 0xa1) => Vec::new(),
        Some(named) => names(named.inside(), issuer),
        None => issuers.iter().map(directory).collect(),
    };
    Point {
        names,
        named: is_named,
        reasons,
        issuers,
    }
}

/// The names of a DistributionPointName; one relative to an issuer is made whole.
pub(super) fn names(mut inside: Elements<'_>, issuer: &Name) -> Vec<String> {
    if let Some(full) = inside.take_tag(0xa0) {
        return full.inside().map(|n| general(&n)).collect();
    }
    inside
        .take_tag(0xa1)
        .and_then(|part| below(issuer, part.content))
        .into_iter()
        .collect()
}

/// ReasonFlags, the content of its BIT STRING.
pub(super) fn reasons(content: &[u8]) -> u16 {
    let bits = content.iter().skip(1).take(2).enumerate();
    bits.fold(0, |mask, (octet, byte)| {
        (0..8)
            .filter(|bit| byte & (0x80 >> bit) != 0)
            .fold(mask, |mask, bit| mask | 1 << (octet * 8 + bit))
    }) & ALL_REASONS
}

fn general(name: &Element<'_>) -> String {
    match (name.tag, directory_name(name)) {
        (0x86, _) => format!("uri:{}", String::from_utf8_lossy(name.content)),
        (_, Some(of)) => directory(&of),
        _ => text::hex(name.whole),
    }
}

fn directory_name(name: &Element<'_>) -> Option<Name> {
    (name.tag == 0xa4)
        .then(|| name.inside().next().map(|n| Name::read(&n)))
        .flatten()
}

pub(super) fn directory(name: &Name) -> String {
    format!("name:{}", text::hex(&name.canonical()))
}

/// A relative name under the name it is relative to: the attributes of one more RDN.
fn below(issuer: &Name, attributes: &[u8]) -> Option<String> {
    let mut content = Element::read(&issuer.der, 0)?.content.to_vec();
    content.extend(enclose(0x31, attributes)?);
    let whole = enclose(0x30, &content)?;
    Element::read(&whole, 0).map(|e| directory(&Name::read(&e)))
}

/// The content under this tag, in DER. Names over 64 KB are no names.
fn enclose(tag: u8, content: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(content.len()).ok()?;
    let [high, low] = length.to_be_bytes();
    let mut whole = match length {
        0..128 => vec![tag, low],
        128..256 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    whole.extend_from_slice(content);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_from_the_first_bit() {
        // keyCompromise and cACompromise; then privilegeWithdrawn and aACompromise.
        assert_eq!(reasons(&[5, 0x60]), 0b110);
        assert_eq!(reasons(&[7, 0x01, 0x80]), 0b1_1000_0000);
        assert_eq!(reasons(&[]), 0);
        assert_eq!(reasons(&[0, 0xff, 0xff]), ALL_REASONS);
    }

    #[test]
    fn a_relative_name_is_made_whole() {
        let rdn = |tag: u8, value: &[u8]| {
            let mut attribute = vec![6, 3, 0x55, 4, tag];
            attribute.extend(enclose(0x13, value).unwrap());
            enclose(0x30, &attribute).unwrap()
        };
        let issuer = enclose(0x30, &enclose(0x31, &rdn(10, b"Lab")).unwrap()).unwrap();
        let issuer = Name::read(&Element::read(&issuer, 0).unwrap());
        let part = rdn(3, b"List 1");
        let whole = [
            enclose(0x31, &rdn(10, b"lab")).unwrap(),
            enclose(0x31, &part).unwrap(),
        ]
        .concat();
        let whole = enclose(0x30, &whole).unwrap();
        let whole = Name::read(&Element::read(&whole, 0).unwrap());
        assert_eq!(below(&issuer, &part), Some(directory(&whole)));
    }
}
