//! Public keys and signature algorithms.

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
    Rsa {
        exponent: u64,
    },
    RsaPss {
        exponent: u64,
    },
    /// Named curve, by its usual name (`P-256`) or dotted OID.
    Ec {
        curve: String,
    },
    Ed25519,
    Ed448,
    Dsa,
    /// `ML-DSA-65` and its like.
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
            KeyKind::Unknown => format!("unknown ({})", self.oid),
        }
    }
}
