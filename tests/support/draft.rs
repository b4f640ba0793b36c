//! Certificates written byte by byte, for what no certificate library agrees to make. Their signature
//! is a placeholder: they are for reading, not for trusting.

/// Parts of a certificate, each the DER of its field; change one and [`Draft::der`] it.
#[derive(Clone)]
pub struct Draft {
    /// `[0]` with the version; empty for version 1.
    pub version: Vec<u8>,
    pub serial: Vec<u8>,
    pub algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub validity: Vec<u8>,
    pub subject: Vec<u8>,
    pub key: Vec<u8>,
    /// DER of each extension; none leaves the whole list out.
    pub extensions: Vec<Vec<u8>>,
}

/// One element in DER.
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        n @ 0..=0x7f => out.push(n as u8),
        n => {
            let digits: Vec<u8> = n
                .to_be_bytes()
                .into_iter()
                .skip_while(|&b| b == 0)
                .collect();
            out.push(0x80 | digits.len() as u8);
            out.extend(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A SEQUENCE.
pub fn seq(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// Content of an OBJECT IDENTIFIER.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|a| a.parse().unwrap()).collect();
    let mut out = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut digits = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            digits.insert(0, 0x80 | (rest & 0x7f) as u8);
            rest >>= 7;
        }
        out.extend(digits);
    }
    tlv(6, &out)
}

/// One RDN of one attribute: type, string tag, value.
pub fn rdn(attribute: &str, tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x31, &seq(&[&oid(attribute), &tlv(tag, value)]))
}

/// An extension.
pub fn extension(dotted: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let flag: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    seq(&[&oid(dotted), flag, &tlv(4, value)])
}

impl Draft {
    /// A certificate without fault, in the year 2026, for `draft.example`.
    pub fn new() -> Self {
        let name = |cn: &[u8]| seq(&[&rdn("2.5.4.6", 19, b"XX"), &rdn("2.5.4.3", 12, cn)]);
        // The base point of P-256: a point that is surely on the curve.
        let point = "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5";
        let point = data_encoding::HEXUPPER.decode(point.as_bytes()).unwrap();
        let ec = seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]);
        Self {
            version: tlv(0xa0, &tlv(2, &[2])),
            serial: tlv(2, &[0x12, 0x34]),
            algorithm: seq(&[&oid("1.2.840.10045.4.3.2")]),
            issuer: name(b"Draft CA"),
            validity: seq(&[&tlv(23, b"260101000000Z"), &tlv(23, b"261231235959Z")]),
            subject: name(b"draft.example"),
            key: seq(&[&ec, &tlv(3, &[&[0][..], &point].concat())]),
            extensions: vec![extension(
                "2.5.29.17",
                false,
                &seq(&[&tlv(0x82, b"draft.example")]),
            )],
        }
    }

    /// The signed part.
    pub fn tbs(&self) -> Vec<u8> {
        let extensions = match self.extensions.as_slice() {
            [] => Vec::new(),
            list => tlv(0xa3, &tlv(0x30, &list.concat())),
        };
        seq(&[
            &self.version,
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.key,
            &extensions,
        ])
    }

    /// The whole certificate.
    pub fn der(&self) -> Vec<u8> {
        let signature = seq(&[&tlv(2, &[0x11; 32]), &tlv(2, &[0x22; 32])]);
        let signature = tlv(3, &[&[0][..], &signature].concat());
        seq(&[&self.tbs(), &self.algorithm, &signature])
    }
}
