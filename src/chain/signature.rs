//! Does this signature verify with that key? One table over the crypto provider; no crypto of ours.
//!
//! What the provider cannot do is said, never guessed: a signature that cannot be checked is not a
//! bad one (and not a good one either).

use aws_lc_rs::signature as alg;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};

use super::SignatureCheck;
use crate::cert::{Certificate, Hash, KeyKind};

/// Checks `child`'s signature with `issuer`'s key.
pub(super) fn check(child: &Certificate, issuer: &Certificate) -> SignatureCheck {
    let (Some(tbs), Some(spki)) = (
        child.der.get(child.tbs.clone()),
        issuer.der.get(issuer.spki.clone()),
    ) else {
        return SignatureCheck::CannotCheck("the certificate is cut off".to_owned());
    };
    if tbs.is_empty() || spki.is_empty() || child.signature.is_empty() {
        return SignatureCheck::CannotCheck("the signed part could not be found".to_owned());
    }
    let Some(key) = public_key(spki) else {
        return SignatureCheck::CannotCheck("the issuer's key could not be read".to_owned());
    };
    let algorithm = match algorithm(child, issuer) {
        Ok(algorithm) => algorithm,
        Err(answer) => return answer,
    };
    match UnparsedPublicKey::new(algorithm, key).verify(tbs, &child.signature) {
        Ok(()) => SignatureCheck::Verified,
        Err(_) if is_pss(child) && !usual_salt(child) => {
            SignatureCheck::CannotCheck("RSA-PSS with an unusual salt length".to_owned())
        }
        Err(_) => SignatureCheck::Bad,
    }
}

const RSA_SHA1: &str = "1.2.840.113549.1.1.5";
const RSA_PSS: &str = "1.2.840.113549.1.1.10";
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";
const RSA_SHA384: &str = "1.2.840.113549.1.1.12";
const RSA_SHA512: &str = "1.2.840.113549.1.1.13";
const ECDSA_SHA1: &str = "1.2.840.10045.4.1";
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
const ECDSA_SHA384: &str = "1.2.840.10045.4.3.3";
const ECDSA_SHA512: &str = "1.2.840.10045.4.3.4";
const ED25519: &str = "1.3.101.112";

/// The provider's algorithm for this signature and key, or the answer when there is none.
fn algorithm(
    child: &Certificate,
    issuer: &Certificate,
) -> Result<&'static dyn VerificationAlgorithm, SignatureCheck> {
    let cannot = |why: String| Err(SignatureCheck::CannotCheck(why));
    let name = &child.signature_algorithm.name;
    let oid = child.signature_algorithm.oid.as_str();
    match &issuer.key.kind {
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } if issuer.key.bits < 1024 => {
            cannot(format!("an RSA key of {} bits", issuer.key.bits))
        }
        KeyKind::Rsa { .. } if oid == RSA_SHA1 => {
            Ok(&alg::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        KeyKind::Rsa { .. } if oid == RSA_SHA256 => {
            Ok(&alg::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
        }
        KeyKind::Rsa { .. } if oid == RSA_SHA384 => Ok(&alg::RSA_PKCS1_2048_8192_SHA384),
        KeyKind::Rsa { .. } if oid == RSA_SHA512 => {
            Ok(&alg::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
        }
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } if oid == RSA_PSS => {
            match child.signature_algorithm.hash {
                Some(Hash::Sha256) => Ok(&alg::RSA_PSS_2048_8192_SHA256),
                Some(Hash::Sha384) => Ok(&alg::RSA_PSS_2048_8192_SHA384),
                Some(Hash::Sha512) => Ok(&alg::RSA_PSS_2048_8192_SHA512),
                _ => cannot("RSA-PSS with an unusual hash".to_owned()),
            }
        }
        KeyKind::Ec { curve } => match (curve.as_str(), oid) {
            ("P-256", ECDSA_SHA256) => Ok(&alg::ECDSA_P256_SHA256_ASN1),
            ("P-256", ECDSA_SHA384) => Ok(&alg::ECDSA_P256_SHA384_ASN1),
            ("P-256", ECDSA_SHA512) => Ok(&alg::ECDSA_P256_SHA512_ASN1),
            ("P-256", ECDSA_SHA1) => Ok(&alg::ECDSA_P256_SHA1_ASN1),
            ("P-384", ECDSA_SHA256) => Ok(&alg::ECDSA_P384_SHA256_ASN1),
            ("P-384", ECDSA_SHA384) => Ok(&alg::ECDSA_P384_SHA384_ASN1),
            ("P-384", ECDSA_SHA512) => Ok(&alg::ECDSA_P384_SHA512_ASN1),
            ("P-521", ECDSA_SHA256) => Ok(&alg::ECDSA_P521_SHA256_ASN1),
            ("P-521", ECDSA_SHA384) => Ok(&alg::ECDSA_P521_SHA384_ASN1),
            ("P-521", ECDSA_SHA512) => Ok(&alg::ECDSA_P521_SHA512_ASN1),
            ("P-521", ECDSA_SHA1) => Ok(&alg::ECDSA_P521_SHA1_ASN1),
            ("secp256k1", ECDSA_SHA256) => Ok(&alg::ECDSA_P256K1_SHA256_ASN1),
            (_, oid) if !oid.starts_with("1.2.840.10045.4.") => Err(SignatureCheck::Bad),
            _ => cannot(format!(
                "{name} with a key on the curve {}",
                crate::text::safe(curve)
            )),
        },
        KeyKind::Ed25519 if oid == ED25519 => Ok(&alg::ED25519),
        // Key and signature are of different families: it cannot verify, whatever the bytes are.
        KeyKind::Rsa { .. } if is_elliptic(oid) => Err(SignatureCheck::Bad),
        KeyKind::Ed25519 if oid.starts_with("1.2.840.") => Err(SignatureCheck::Bad),
        _ => cannot(format!("{} is not supported here", crate::text::safe(name))),
    }
}

fn is_elliptic(oid: &str) -> bool {
    oid.starts_with("1.2.840.10045.4.") || oid == ED25519
}

fn is_pss(child: &Certificate) -> bool {
    child.signature_algorithm.oid.as_str() == RSA_PSS
}

/// The salt is as long as the hash, which is all the provider verifies (RFC 4055 section 3.1).
fn usual_salt(child: &Certificate) -> bool {
    let length = match child.signature_algorithm.hash {
        Some(Hash::Sha256) => 32,
        Some(Hash::Sha384) => 48,
        Some(Hash::Sha512) => 64,
        _ => return false,
    };
    // saltLength is [2] EXPLICIT INTEGER, the only field with that tag.
    child
        .signature_algorithm
        .der
        .windows(5)
        .any(|w| w == [0xa2, 3, 2, 1, length])
}

/// The content of the SubjectPublicKeyInfo's BIT STRING.
fn public_key(spki: &[u8]) -> Option<&[u8]> {
    use x509_parser::prelude::FromDer;
    let (_, info) = x509_parser::x509::SubjectPublicKeyInfo::from_der(spki).ok()?;
    let start = spki.len().checked_sub(info.subject_public_key.data.len())?;
    spki.get(start..)
}
