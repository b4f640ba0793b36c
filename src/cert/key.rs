//! Public keys and signature algorithms.

use super::asn1::{self, BIT_STRING, Element, Elements, INTEGER, SEQUENCE};
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
    /// RSA's modulus as big-endian octets without leading zeros; empty for other keys.
    pub modulus: Vec<u8>,
    /// How the point of a key on a curve is written; `None` for other keys.
    pub point: Option<PointForm>,
    /// A key on a curve that spells its curve out instead of naming it, which RFC 5480 forbids.
    pub explicit_parameters: bool,
    /// What the signatures of an RSA-PSS key must be like; `None` when it does not say, and for other
    /// keys. The salt is the shortest allowed.
    pub pss: Option<Pss>,
    /// What is wrong with the key itself or with how it is written.
    pub faults: Vec<KeyFault>,
}

/// What can be wrong with a key or with how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// The BIT STRING that holds it claims bits that are no part of it.
    UnusedBits,
    /// There is nothing in it.
    Empty,
    /// The numbers of an RSA key could not be read.
    Unreadable,
    /// RSA keys have NULL as their parameters (RFC 3279, section 2.3.1).
    NoNull,
    /// An RSA modulus below zero.
    NegativeModulus,
    /// An RSA modulus that is no product of odd primes.
    EvenModulus,
    /// An RSA exponent below zero.
    NegativeExponent,
    /// An RSA exponent that does not fit in 64 bits.
    LongExponent,
    /// An RSA exponent that is even, or below 3.
    UselessExponent,
    /// A key on a curve that is spelt out, see [`Key::explicit_parameters`].
    ExplicitParameters,
    /// A key on a curve that is not told.
    NoCurve,
    /// See [`PointForm::Invalid`] and [`PointForm::Infinity`].
    NoPoint,
    /// See [`PointForm::Hybrid`].
    HybridPoint,
    /// A key of fixed length that has another one.
    WrongLength,
}

impl KeyFault {
    /// `has an even modulus`, as the end of a sentence about the public key.
    pub fn words(self) -> &'static str {
        match self {
            Self::UnusedBits => "claims unused bits",
            Self::Empty => "is empty or could not be read",
            Self::Unreadable => "could not be read",
            Self::NoNull => "lacks the NULL that RSA has as its parameters",
            Self::NegativeModulus => "has a negative modulus",
            Self::EvenModulus => "has an even modulus",
            Self::NegativeExponent => "has a negative exponent",
            Self::LongExponent => "has an exponent of more than 64 bits",
            Self::UselessExponent => "has an exponent that gives no protection (even, or below 3)",
            Self::ExplicitParameters => {
                "spells its curve out instead of naming it, which RFC 5480 forbids"
            }
            Self::NoCurve => "does not name its curve",
            Self::NoPoint => "is no point of its curve",
            Self::HybridPoint => "is written in the hybrid form, which RFC 5480 forbids",
            Self::WrongLength => "has the wrong length for its kind",
        }
    }
}

/// How a point is written (SEC 1 section 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointForm {
    /// Both coordinates, the form that everybody reads.
    Uncompressed,
    /// One coordinate and a sign.
    Compressed,
    /// Both coordinates and a sign.
    Hybrid,
    /// The point at infinity, which is no key.
    Infinity,
    /// None of these, or not of the curve's length.
    Invalid,
}

/// Kinds of public keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KeyKind {
    /// `exponent` is 0 when it has more than eight bytes.
    Rsa {
        exponent: u64,
    },
    /// An RSA key that may only make PSS signatures.
    RsaPss {
        exponent: u64,
    },
    /// Named curve, by its usual name (`P-256`) or dotted OID; `explicit parameters` when the key
    /// names none, see [`Key::explicit_parameters`].
    Ec {
        curve: String,
    },
    Ed25519,
    Ed448,
    Dsa,
    /// `level` is 44, 65 or 87.
    MlDsa {
        level: u16,
    },
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
    /// The parameters of RSASSA-PSS.
    pub pss: Option<Pss>,
    /// DER of the whole AlgorithmIdentifier.
    pub der: Vec<u8>,
}

/// Parameters of RSASSA-PSS (RFC 4055 section 3.1); where one is not given, its default is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pss {
    /// The hash of what is signed.
    pub hash: Hash,
    /// The hash of the mask generation function MGF1.
    pub mask: Hash,
    /// Octets of salt; 20 unless given.
    pub salt: u32,
    /// The trailer field; 1 unless given.
    pub trailer: u32,
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
    /// Before anything was read.
    pub(super) fn unknown() -> Self {
        Self {
            kind: KeyKind::Unknown,
            bits: 0,
            oid: Oid::new(""),
            modulus: Vec::new(),
            point: None,
            explicit_parameters: false,
            pss: None,
            faults: Vec::new(),
        }
    }

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
        Self {
            oid: Oid::new(""),
            name: "unknown".to_owned(),
            hash: None,
            pss: None,
            der: Vec::new(),
        }
    }
}

/// Reads an AlgorithmIdentifier of a signature.
pub(crate) fn signature_algorithm(element: &Element<'_>) -> SignatureAlgorithm {
    let mut parts = element.inside();
    let dotted = parts
        .take_tag(asn1::OID)
        .and_then(|o| asn1::dotted(o.content))
        .unwrap_or_default();
    let pss = (&*dotted == "1.2.840.113549.1.1.10").then(|| Pss::read(parts.next().as_ref()));
    let hash = pss.map(|pss| pss.hash).or_else(|| hash_of(&dotted));
    let oid = Oid::new(dotted);
    SignatureAlgorithm {
        name: oid.algorithm(),
        oid,
        hash,
        pss,
        der: element.whole.to_vec(),
    }
}

fn hash_of(oid: &str) -> Option<Hash> {
    Some(match oid {
        "1.2.840.113549.1.1.2" => Hash::Md2,
        "1.2.840.113549.1.1.4" => Hash::Md5,
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3" | "1.3.14.3.2.29" => {
            Hash::Sha1
        }
        "1.2.840.113549.1.1.14" | "1.2.840.10045.4.3.1" => Hash::Sha224,
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" | "2.16.840.1.101.3.4.3.2" => Hash::Sha256,
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Hash::Sha384,
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Hash::Sha512,
        _ => return None,
    })
}

impl Pss {
    fn read(parameters: Option<&Element<'_>>) -> Self {
        let part = |tag: u8| {
            let mut parts = parameters?.inside();
            std::iter::from_fn(|| parts.next()).find(|part| part.tag == tag)
        };
        let algorithm = |tag: u8| part(tag)?.inside().take_tag(SEQUENCE);
        let number = |tag: u8| asn1::small(part(tag)?.inside().take_tag(asn1::INTEGER)?.content);
        let mask = algorithm(0xa1).and_then(|function| {
            let mut parts = function.inside();
            parts.take_tag(asn1::OID)?;
            parts.take_tag(SEQUENCE)
        });
        Self {
            hash: pss_hash(algorithm(0xa0)),
            mask: pss_hash(mask),
            salt: number(0xa2).unwrap_or(20),
            trailer: number(0xa3).unwrap_or(1),
        }
    }
}

/// The hash of an AlgorithmIdentifier in RSASSA-PSS parameters; SHA-1 is the default.
fn pss_hash(algorithm: Option<Element<'_>>) -> Hash {
    let named = algorithm
        .and_then(|a| a.inside().take_tag(asn1::OID))
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
    let mut key = Key::unknown();
    let mut parts = spki.inside();
    let mut of_algorithm = match parts.take_tag(SEQUENCE) {
        Some(algorithm) => algorithm.inside(),
        None => Elements::new(&[], 0),
    };
    let dotted = of_algorithm
        .take_tag(asn1::OID)
        .and_then(|o| asn1::dotted(o.content))
        .unwrap_or_default();
    let parameters = of_algorithm.next();
    let content = parts.take_string(BIT_STRING).and_then(|b| asn1::octets(&b));
    let bits = match content.as_deref().map(<[u8]>::split_first) {
        Some(Some((&unused, bits))) => {
            if unused != 0 {
                key.faults.push(KeyFault::UnusedBits);
            }
            bits
        }
        _ => &[],
    };
    if bits.is_empty() {
        key.faults.push(KeyFault::Empty);
    }
    match &*dotted {
        "1.2.840.113549.1.1.1" => {
            if parameters.is_some_and(|p| p.tag != asn1::NULL) || parameters.is_none() {
                key.faults.push(KeyFault::NoNull);
            }
            let exponent = rsa(&mut key, bits);
            key.kind = KeyKind::Rsa { exponent };
        }
        "1.2.840.113549.1.1.10" => {
            let exponent = rsa(&mut key, bits);
            key.pss = parameters.map(|given| Pss::read(Some(&given)));
            key.kind = KeyKind::RsaPss { exponent };
        }
        "1.2.840.10045.2.1" => curve(&mut key, parameters.as_ref(), bits),
        "1.3.101.112" => fixed(&mut key, KeyKind::Ed25519, 256, bits, 32),
        "1.3.101.113" => fixed(&mut key, KeyKind::Ed448, 448, bits, 57),
        "1.2.840.10040.4.1" => {
            key.kind = KeyKind::Dsa;
            key.bits = parameters
                .and_then(|p| p.inside().next())
                .map_or(0, |n| size(n.content));
        }
        "2.16.840.1.101.3.4.3.17" => {
            fixed(&mut key, KeyKind::MlDsa { level: 44 }, 10_496, bits, 1_312)
        }
        "2.16.840.1.101.3.4.3.18" => {
            fixed(&mut key, KeyKind::MlDsa { level: 65 }, 15_616, bits, 1_952)
        }
        "2.16.840.1.101.3.4.3.19" => {
            fixed(&mut key, KeyKind::MlDsa { level: 87 }, 20_736, bits, 2_592)
        }
        _ => {}
    }
    key.oid = Oid::new(dotted);
    key
}

/// A key that is a string of octets of one length.
fn fixed(key: &mut Key, kind: KeyKind, size: u32, octets: &[u8], length: usize) {
    key.kind = kind;
    key.bits = size;
    if octets.len() != length {
        key.faults.push(KeyFault::WrongLength);
    }
}

/// Reads modulus and exponent (RFC 8017 appendix A.1.1); gives the exponent.
fn rsa(key: &mut Key, octets: &[u8]) -> u64 {
    let Some(mut numbers) = Element::read(octets, 0).map(|e| e.inside()) else {
        key.faults.push(KeyFault::Unreadable);
        return 0;
    };
    let modulus = numbers.take_tag(INTEGER).map_or(&[][..], |m| m.content);
    let exponent = numbers.take_tag(INTEGER).map_or(&[][..], |e| e.content);
    if modulus.is_empty() || exponent.is_empty() {
        key.faults.push(KeyFault::Unreadable);
    }
    if modulus.first().is_some_and(|b| b & 0x80 != 0) {
        key.faults.push(KeyFault::NegativeModulus);
    }
    if modulus.last().is_some_and(|b| b & 1 == 0) {
        key.faults.push(KeyFault::EvenModulus);
    }
    key.modulus = modulus.iter().copied().skip_while(|&b| b == 0).collect();
    key.bits = size(modulus);
    if exponent.first().is_some_and(|b| b & 0x80 != 0) {
        key.faults.push(KeyFault::NegativeExponent);
        return 0;
    }
    let digits = exponent.iter().skip_while(|&&b| b == 0);
    if digits.clone().count() > 8 {
        key.faults.push(KeyFault::LongExponent);
        return 0;
    }
    let exponent = digits.fold(0, |n, &d| (n << 8) | u64::from(d));
    if exponent < 3 || exponent % 2 == 0 {
        key.faults.push(KeyFault::UselessExponent);
    }
    exponent
}

/// Bits of a positive INTEGER.
fn size(content: &[u8]) -> u32 {
    let digits = content.iter().skip_while(|&&b| b == 0);
    let first = digits.clone().next().map_or(0, |b| 8 - b.leading_zeros());
    u32::try_from(digits.count().saturating_sub(1))
        .unwrap_or(0)
        .saturating_mul(8)
        + first
}

/// Reads the curve and looks at the point (RFC 5480 section 2).
fn curve(key: &mut Key, parameters: Option<&Element<'_>>, point: &[u8]) {
    let named = parameters
        .filter(|p| p.tag == asn1::OID)
        .and_then(|p| asn1::dotted(p.content));
    let Some(dotted) = named else {
        key.explicit_parameters = parameters.is_some_and(|p| p.tag == SEQUENCE);
        key.faults.push(if key.explicit_parameters {
            KeyFault::ExplicitParameters
        } else {
            KeyFault::NoCurve
        });
        // The field's prime, in SpecifiedECDomain: version, then FieldID {type, prime}.
        key.bits = parameters
            .and_then(|p| p.inside().nth(1))
            .and_then(|field| field.inside().nth(1))
            .map_or(0, |prime| size(prime.content));
        key.point = Some(point_form(point, 0));
        let curve = "explicit parameters".to_owned();
        key.kind = KeyKind::Ec { curve };
        return;
    };
    let (name, bits) = match &*dotted {
        "1.2.840.10045.3.1.1" => ("P-192", 192),
        "1.3.132.0.33" => ("P-224", 224),
        "1.2.840.10045.3.1.7" => ("P-256", 256),
        "1.3.132.0.34" => ("P-384", 384),
        "1.3.132.0.35" => ("P-521", 521),
        "1.3.132.0.10" => ("secp256k1", 256),
        "1.3.36.3.3.2.8.1.1.7" => ("brainpoolP256r1", 256),
        "1.3.36.3.3.2.8.1.1.11" => ("brainpoolP384r1", 384),
        "1.3.36.3.3.2.8.1.1.13" => ("brainpoolP512r1", 512),
        _ => (&*dotted, 0),
    };
    key.bits = bits;
    let form = point_form(point, bits.div_ceil(8) as usize);
    match form {
        PointForm::Invalid | PointForm::Infinity => key.faults.push(KeyFault::NoPoint),
        PointForm::Hybrid => key.faults.push(KeyFault::HybridPoint),
        PointForm::Compressed | PointForm::Uncompressed => {}
    }
    key.point = Some(form);
    key.kind = KeyKind::Ec {
        curve: name.to_owned(),
    };
}

/// `octets` is the size of a coordinate, 0 when it is not known.
fn point_form(point: &[u8], octets: usize) -> PointForm {
    let Some((&first, rest)) = point.split_first() else {
        return PointForm::Invalid;
    };
    let fits = |coordinates: usize| octets == 0 || rest.len() == coordinates * octets;
    match first {
        0 if rest.is_empty() => PointForm::Infinity,
        2 | 3 if fits(1) => PointForm::Compressed,
        4 if fits(2) => PointForm::Uncompressed,
        6 | 7 if fits(2) => PointForm::Hybrid,
        _ => PointForm::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(der: &[u8]) -> Key {
        public_key(&Element::read(der, 0).unwrap())
    }

    fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Key {
        let part = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
        let numbers = [part(2, modulus), part(2, exponent)].concat();
        let bits = [&[0][..], &part(0x30, &numbers)].concat();
        let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
        read(&part(0x30, &[part(0x30, &oid), part(3, &bits)].concat()))
    }

    #[test]
    fn rsa_keys_that_give_no_protection_are_told() {
        let good = rsa_key(&[0, 0xc1, 0x01], &[1, 0, 1]);
        assert_eq!(good.kind, KeyKind::Rsa { exponent: 65_537 });
        assert_eq!((good.bits, good.faults.as_slice()), (16, &[][..]));
        assert_eq!(good.modulus, [0xc1, 0x01]);
        assert_eq!(rsa_key(&[0x41, 0x02], &[3]).faults, [KeyFault::EvenModulus]);
        assert_eq!(rsa_key(&[0x41, 0x01], &[1]).faults.len(), 1);
        assert_eq!(
            rsa_key(&[0xc1, 0x01], &[3]).faults,
            [KeyFault::NegativeModulus]
        );
        assert_eq!(
            rsa_key(&[0x41, 0x01], &[0x80]).faults,
            [KeyFault::NegativeExponent]
        );
    }

    #[test]
    fn points_have_forms() {
        assert_eq!(point_form(&[4; 65], 32), PointForm::Uncompressed);
        assert_eq!(point_form(&[4; 64], 32), PointForm::Invalid);
        assert_eq!(point_form(&[3; 33], 32), PointForm::Compressed);
        assert_eq!(point_form(&[6; 65], 32), PointForm::Hybrid);
        assert_eq!(point_form(&[0], 32), PointForm::Infinity);
        assert_eq!(point_form(&[], 32), PointForm::Invalid);
    }
}
