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
