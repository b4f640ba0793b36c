//! Public keys and signature algorithms.

use super::asn1::{self, BIT_STRING, Element, SEQUENCE};
use super::oid::Oid;

/// A certificate's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The algorithm.
    pub kind: KeyKind,
    /// Size in bits: modulus of RSA, field of a curve; 0 when unknown.
    pub bits: u32,
    /// The algorithm identifier's OID.
    pub oid: Oid,
}

/// Kinds of public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KeyKind {
    /// `exponent` is 0 when it has more than eight bytes.
    Rsa { exponent: u64 },
    /// An RSA key that may only make PSS signatures.
    RsaPss { exponent: u64 },
    /// Named curve, by its usual name (`P-256`) or dotted OID.
    Ec { curve: String },
    Ed25519,
    Ed448,
    Dsa,
    /// `level` is 44, 65 or 87.
    MlDsa { level: u16 },
    Unknown,
}

/// A signature algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureAlgorithm {
    /// Its OID.
    pub oid: Oid,
    /// Usual name, as OpenSSL has it (`ecdsa-with-SHA256`), or the dotted OID.
    pub name: String,
    /// The hash, when the algorithm names one.
    pub hash: Option<Hash>,
    /// DER of the whole AlgorithmIdentifier.
    pub der: Vec<u8>,
}

/// Hash functions in signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Hash {
    Md2,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// `SHA-1`, `SHA-256`…
    pub fn title(self) -> &'static str {
        match self {
            Self::Md2 => "MD2",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }
}

impl Key {
    /// `RSA 2048 bits`, `EC P-256`, `Ed25519`… Safe to display.
    pub fn title(&self) -> String {
        match &self.kind {
            KeyKind::Rsa { .. } => format!("RSA {} bits", self.bits),
            KeyKind::RsaPss { .. } => format!("RSA-PSS {} bits", self.bits),
            KeyKind::Ec { curve } => format!("EC {}", crate::text::safe(curve)),
            KeyKind::Ed25519 => "Ed25519".to_owned(),
            KeyKind::Ed448 => "Ed448".to_owned(),
            KeyKind::Dsa => format!("DSA {} bits", self.bits),
            KeyKind::MlDsa { level } => format!("ML-DSA-{level}"),
            KeyKind::Unknown => format!("unknown ({})", self.oid.algorithm()),
        }
    }
}

impl SignatureAlgorithm {
    /// Before anything was read.
    pub(super) fn unknown() -> Self {
        Self { oid: Oid::new(""), name: "unknown".to_owned(), hash: None, der: Vec::new() }
    }
}

/// Reads an AlgorithmIdentifier of a signature.
pub(super) fn signature_algorithm(element: &Element<'_>) -> SignatureAlgorithm {
    let mut parts = element.inside();
    let dotted = parts.take(asn1::OID).and_then(|o| asn1::dotted(o.content)).unwrap_or_default();
    let hash = match dotted.as_str() {
        "1.2.840.113549.1.1.10" => Some(pss_hash(parts.next().as_ref())),
        other => hash_of(other),
    };
    let oid = Oid::new(dotted);
    SignatureAlgorithm { name: oid.algorithm(), oid, hash, der: element.whole.to_vec() }
}

fn hash_of(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.2.840.113549.1.1.2" => Hash::Md2,
        "1.2.840.113549.1.1.4" => Hash::Md5,
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" | "1.3.14.3.2.29" => Hash::Sha1,
        "1.2.840.113549.1.1.14" | "1.2.840.10045.4.3.1" => Hash::Sha224,
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" | "2.16.840.1.101.3.4.3.2" => Hash::Sha256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Hash::Sha384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Hash::Sha512,
        _ => return None,
    })
}

/// The hash in RSASSA-PSS parameters; SHA-1 is the default (RFC 4055 section 3.1).
fn pss_hash(parameters: Option<&Element<'_>>) -> Hash {
    let named = parameters
        .and_then(|p| p.inside().take(0xa0))
        .and_then(|t| t.inside().take(SEQUENCE))
        .and_then(|a| a.inside().take(asn1::OID))
        .and_then(|o| asn1::dotted(o.content));
    match named.as_deref() {
        Some("2.16.840.1.101.3.4.2.1") => Hash::Sha256,
        Some("2.16.840.1.101.3.4.2.2") => Hash::Sha384,
        Some("2.16.840.1.101.3.4.2.3") => Hash::Sha512,
        Some("2.16.840.1.101.3.4.2.4") => Hash::Sha224,
        _ => Hash::Sha1,
    }
}

/// Reads a SubjectPublicKeyInfo.
pub(super) fn public_key(spki: &Element<'_>) -> Key {
    let mut parts = spki.inside();
    let algorithm = parts.take(SEQUENCE);
    let mut of_algorithm = algorithm.map(|a| a.inside());
    let dotted = of_algorithm
        .as_mut()
        .and_then(|a| a.take(asn1::OID))
        .and_then(|o| asn1::dotted(o.content))
        .unwrap_or_default();
    let parameters = of_algorithm.as_mut().and_then(Iterator::next);
    let bits = parts.take(BIT_STRING).and_then(|b| b.content.split_first().map(|(_, key)| key)).unwrap_or_default();
    let (kind, size) = match dotted.as_str() {
        "1.2.840.113549.1.1.1" => rsa(bits, |exponent| KeyKind::Rsa { exponent }),
        "1.2.840.113549.1.1.10" => rsa(bits, |exponent| KeyKind::RsaPss { exponent }),
        "1.2.840.10045.2.1" => curve(parameters.as_ref()),
        "1.3.101.112" => (KeyKind::Ed25519, 256),
        "1.3.101.113" => (KeyKind::Ed448, 448),
        "1.2.840.10040.4.1" => (KeyKind::Dsa, parameters.map_or(0, |p| p.inside().next().map_or(0, |n| size(n.content)))),
        "2.16.840.1.101.3.4.3.17" => (KeyKind::MlDsa { level: 44 }, 10_496),
        "2.16.840.1.101.3.4.3.18" => (KeyKind::MlDsa { level: 65 }, 15_616),
        "2.16.840.1.101.3.4.3.19" => (KeyKind::MlDsa { level: 87 }, 20_736),
        _ => (KeyKind::Unknown, 0),
    };
    Key { kind, bits: size, oid: Oid::new(dotted) }
}

fn rsa(key: &[u8], kind: impl Fn(u64) -> KeyKind) -> (KeyKind, u32) {
    let mut numbers = Element::read(key, 0).map(|e| e.inside());
    let modulus = numbers.as_mut().and_then(Iterator::next).map_or(&[][..], |m| m.content);
    let exponent = numbers.as_mut().and_then(Iterator::next).map_or(&[][..], |e| e.content);
    let digits: Vec<u8> = exponent.iter().copied().skip_while(|&b| b == 0).collect();
    let exponent = if digits.len() > 8 { 0 } else { digits.iter().fold(0, |n, &d| (n << 8) | u64::from(d)) };
    (kind(exponent), size(modulus))
}

/// Bits of a positive INTEGER.
fn size(content: &[u8]) -> u32 {
    let digits = content.iter().skip_while(|&&b| b == 0);
    let first = digits.clone().next().map_or(0, |b| 8 - b.leading_zeros());
    u32::try_from(digits.count().saturating_sub(1)).unwrap_or(0).saturating_mul(8) + first
}

fn curve(parameters: Option<&Element<'_>>) -> (KeyKind, u32) {
    let Some(dotted) = parameters.filter(|p| p.tag == asn1::OID).and_then(|p| asn1::dotted(p.content)) else {
        return (KeyKind::Ec { curve: "explicit parameters".to_owned() }, 0);
    };
    let (name, bits) = match dotted.as_str() {
        "1.2.840.10045.3.1.1" => ("P-192", 192),
        "1.3.132.0.33" => ("P-224", 224),
        "1.2.840.10045.3.1.7" => ("P-256", 256),
        "1.3.132.0.34" => ("P-384", 384),
        "1.3.132.0.35" => ("P-521", 521),
        "1.3.132.0.10" => ("secp256k1", 256),
        "1.3.36.3.3.2.8.1.1.7" => ("brainpoolP256r1", 256),
        "1.3.36.3.3.2.8.1.1.11" => ("brainpoolP384r1", 384),
        "1.3.36.3.3.2.8.1.1.13" => ("brainpoolP512r1", 512),
        _ => (dotted.as_str(), 0),
    };
    (KeyKind::Ec { curve: name.to_owned() }, bits)
}
