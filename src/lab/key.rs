//! Keys of the lab, minted at start and never written anywhere, and what they sign. Small RSA keys
//! and SHA-1 are here because old servers have them; the crypto provider rightly refuses to make them.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use aws_lc_rs::{digest, rsa as provider_rsa};
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};
use yasna::DERWriter;
use yasna::models::ObjectIdentifier;

use super::LabError;

/// A key; clones share it.
#[derive(Clone)]
pub(super) struct Key {
    spki: Arc<[u8]>,
    private: Private,
}

#[derive(Clone)]
enum Private {
    Ecdsa(Arc<EcdsaKeyPair>, Arc<[u8]>),
    Rsa(Arc<rsa::PrivateKey>),
}

/// How a certificate is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureKind {
    EcdsaSha256,
    RsaSha1,
    RsaSha256,
    /// RSA with SHA-512 cut to 256 bits, which hardly anyone uses.
    RsaSha512Cut,
}

impl Key {
    /// A fresh key on P-256, made in a fraction of a millisecond.
    pub(super) fn p256() -> Result<Self, LabError> {
        let fail = |_| LabError::minting("a P-256 key");
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(fail)?;
        let pkcs8 = pair.to_pkcs8v1().map_err(fail)?;
        let spki = yasna::construct_der(|writer| {
            writer.write_sequence(|parts| {
                parts.next().write_sequence(|algorithm| {
                    let mut oid = |parts: &[u64]| {
                        algorithm
                            .next()
                            .write_oid(&ObjectIdentifier::from_slice(parts));
                    };
                    oid(&[1, 2, 840, 10045, 2, 1]);
                    oid(&[1, 2, 840, 10045, 3, 1, 7]);
                });
                let point = pair.public_key().as_ref();
                parts.next().write_bitvec_bytes(point, point.len() * 8);
            });
        });
        Ok(Self {
            spki: spki.into(),
            private: Private::Ecdsa(Arc::new(pair), pkcs8.as_ref().into()),
        })
    }

    /// A fresh RSA key of 2048 bits: about 0.1 s.
    pub(super) fn rsa_2048() -> Result<Self, LabError> {
        let fail = || LabError::minting("an RSA key of 2048 bits");
        let pair = provider_rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| fail())?;
        let pkcs8 = pair.as_der().map_err(|_| fail())?;
        Self::rsa(rsa::PrivateKey::from_pkcs8_der(pkcs8.as_ref()).map_err(|_| fail())?)
    }

    /// A fresh RSA key of 1024 bits, which the provider refuses to make: about 0.2 s.
    pub(super) fn rsa_1024() -> Result<Self, LabError> {
        let key = rsa::PrivateKey::new(&mut rand::rng(), 1024)
            .map_err(|_| LabError::minting("an RSA key of 1024 bits"))?;
        Self::rsa(key)
    }

    fn rsa(key: rsa::PrivateKey) -> Result<Self, LabError> {
        let spki = key
            .to_public_key()
            .to_public_key_der()
            .map_err(|_| LabError::minting("an RSA key"))?;
        Ok(Self {
            spki: spki.as_bytes().into(),
            private: Private::Rsa(Arc::new(key)),
        })
    }

    /// Its SubjectPublicKeyInfo in DER.
    pub(super) fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The octets of its point; RSA keys have none.
    pub(super) fn point(&self) -> Result<&[u8], LabError> {
        match &self.private {
            Private::Ecdsa(pair, _) => Ok(pair.public_key().as_ref()),
            Private::Rsa(_) => Err(LabError::minting("a hash of an RSA key")),
        }
    }

    /// How it signs unless a recipe says otherwise.
    pub(super) fn usual(&self) -> SignatureKind {
        match self.private {
            Private::Ecdsa(..) => SignatureKind::EcdsaSha256,
            Private::Rsa(_) => SignatureKind::RsaSha256,
        }
    }

    fn sign(&self, kind: SignatureKind, message: &[u8]) -> Result<Vec<u8>, LabError> {
        let fail = || LabError::minting("a signature");
        match (&self.private, kind) {
            (Private::Ecdsa(pair, _), SignatureKind::EcdsaSha256) => pair
                .sign(&SystemRandom::new(), message)
                .map(|s| s.as_ref().to_vec())
                .map_err(|_| fail()),
            (Private::Rsa(key), _) => sign_rsa(key, kind, message).ok_or_else(fail),
            (Private::Ecdsa(..), _) => Err(fail()),
        }
    }

    /// SIGNED of X.509 (RFC 5280, section 4.1): what is signed, the algorithm, the signature.
    pub(super) fn signed(&self, kind: SignatureKind, tbs: &[u8]) -> Result<Vec<u8>, LabError> {
        let signature = self.sign(kind, tbs)?;
        Ok(yasna::construct_der(|writer| {
            writer.write_sequence(|parts| {
                parts.next().write_der(tbs);
                kind.write(parts.next());
                parts
                    .next()
                    .write_bitvec_bytes(&signature, signature.len() * 8);
            });
        }))
    }

    /// For serving with rustls.
    pub(super) fn signing_key(&self) -> Result<Arc<dyn SigningKey>, LabError> {
        match &self.private {
            Private::Ecdsa(_, pkcs8) => {
                let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.to_vec()));
                rustls::crypto::aws_lc_rs::sign::any_ecdsa_type(&der)
                    .map_err(|_| LabError::minting("a key to serve"))
            }
            Private::Rsa(key) => Ok(Arc::new(RsaSigning(key.clone()))),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

impl SignatureKind {
    /// Its AlgorithmIdentifier.
    pub(super) fn write(self, writer: DERWriter<'_>) {
        let oid: &[u64] = match self {
            Self::EcdsaSha256 => &[1, 2, 840, 10045, 4, 3, 2],
            Self::RsaSha1 => &[1, 2, 840, 113_549, 1, 1, 5],
            Self::RsaSha256 => &[1, 2, 840, 113_549, 1, 1, 11],
            Self::RsaSha512Cut => &[1, 2, 840, 113_549, 1, 1, 16],
        };
        writer.write_sequence(|parts| {
            parts.next().write_oid(&ObjectIdentifier::from_slice(oid));
            match self {
                Self::EcdsaSha256 => {}
                Self::RsaSha1 | Self::RsaSha256 | Self::RsaSha512Cut => parts.next().write_null(),
            }
        });
    }
}

/// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
fn sign_rsa(key: &rsa::PrivateKey, kind: SignatureKind, message: &[u8]) -> Option<Vec<u8>> {
    /// DigestInfo up to the hash (RFC 8017, section 9.2, note 1).
    const SHA1: &[u8] = &[
        0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14,
    ];
    const SHA256: &[u8] = &[
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    const SHA512_CUT: &[u8] = &[
        0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x06,
        0x05, 0x00, 0x04, 0x20,
    ];
    let (prefix, algorithm) = match kind {
        SignatureKind::RsaSha1 => (SHA1, &digest::SHA1_FOR_LEGACY_USE_ONLY),
        SignatureKind::RsaSha256 => (SHA256, &digest::SHA256),
        SignatureKind::RsaSha512Cut => (SHA512_CUT, &digest::SHA512_256),
        SignatureKind::EcdsaSha256 => return None,
    };
    let hash = digest::digest(algorithm, message);
    let info = [prefix, hash.as_ref()].concat();
    key.sign(Pkcs1v15Sign::new_unprefixed(), &info).ok()
}

/// Serves a key that the provider refuses to load. TLS 1.2 only: TLS 1.3 would need RSA-PSS.
#[derive(Debug)]
struct RsaSigning(Arc<rsa::PrivateKey>);

impl SigningKey for RsaSigning {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered
            .contains(&SignatureScheme::RSA_PKCS1_SHA256)
            .then(|| Box::new(RsaSigner(self.0.clone())) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

#[derive(Debug)]
struct RsaSigner(Arc<rsa::PrivateKey>);

impl Signer for RsaSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        sign_rsa(&self.0, SignatureKind::RsaSha256, message)
            .ok_or_else(|| rustls::Error::General("signing failed".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::RSA_PKCS1_SHA256
    }
}
