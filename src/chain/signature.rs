//! Does this signature verify with that key? One table over the crypto provider, and `rare` for what
//! it leaves; no crypto of ours.
//!
//! What the provider cannot do is said, never guessed: a signature that cannot be checked is not a
//! bad one (and not a good one either).

use aws_lc_rs::signature as alg;
use aws_lc_rs::signature::{UnparsedPublicKey, VerificationAlgorithm};

use super::{SignatureCheck, rare};
use crate::cert::{Certificate, Hash, KeyKind, SignatureAlgorithm};

/// Checks `child`'s signature with `issuer`'s key.
pub(super) fn check(child: &Certificate, issuer: &Certificate) -> SignatureCheck {
    match child.der.get(child.tbs.clone()) {
        Some(signed) => verify(signed, &child.signature_algorithm, &child.signature, issuer),
        None => SignatureCheck::CannotCheck("the certificate is cut off".to_owned()),
    }
}

/// Checks a signature over `signed` (a certificate's or a revocation list's) with `issuer`'s key.
pub(crate) fn verify(
    signed: &[u8],
    by: &SignatureAlgorithm,
    signature: &[u8],
    issuer: &Certificate,
) -> SignatureCheck {
    let spki = issuer.der.get(issuer.spki.clone()).unwrap_or_default();
    if signed.is_empty() || spki.is_empty() || signature.is_empty() {
        return SignatureCheck::CannotCheck("the signed part could not be found".to_owned());
    }
    let Some(key) = key_octets(spki) else {
        return SignatureCheck::CannotCheck("the issuer's key could not be read".to_owned());
    };
    if !is_within_limits(by, issuer) {
        return SignatureCheck::Bad;
    }
    match algorithm(by, issuer) {
        Ok(algorithm) => match UnparsedPublicKey::new(algorithm, key).verify(signed, signature) {
            Ok(()) => SignatureCheck::Verified,
            Err(_) => SignatureCheck::Bad,
        },
        Err(SignatureCheck::CannotCheck(why)) => {
            match rare::holds(signed, by, signature, (issuer, key)) {
                Some(true) => SignatureCheck::Verified,
                Some(false) => SignatureCheck::Bad,
                None => SignatureCheck::CannotCheck(why),
            }
        }
        Err(answer) => answer,
    }
}

/// Why the provider alone cannot check this signature, whatever `rare` makes of it; `None` when it can.
pub(super) fn unusual(child: &Certificate, issuer: &Certificate) -> Option<String> {
    match algorithm(&child.signature_algorithm, issuer) {
        Err(SignatureCheck::CannotCheck(why)) => Some(why),
        _ => None,
    }
}

const RSA_SHA1: &str = "1.2.840.113549.1.1.5";
pub(super) const RSA_PSS: &str = "1.2.840.113549.1.1.10";
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
    by: &SignatureAlgorithm,
    issuer: &Certificate,
) -> Result<&'static dyn VerificationAlgorithm, SignatureCheck> {
    let cannot = |why: String| Err(SignatureCheck::CannotCheck(why));
    let name = &by.name;
    let oid = by.oid.as_str();
    match &issuer.key.kind {
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }
            if !(1024..=8192).contains(&issuer.key.bits) =>
        {
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
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } if oid == RSA_PSS && !is_usual(by) => {
            cannot("RSA-PSS with unusual parameters".to_owned())
        }
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } if oid == RSA_PSS => match by.hash {
            Some(Hash::Sha256) => Ok(&alg::RSA_PSS_2048_8192_SHA256),
            Some(Hash::Sha384) => Ok(&alg::RSA_PSS_2048_8192_SHA384),
            Some(Hash::Sha512) => Ok(&alg::RSA_PSS_2048_8192_SHA512),
            _ => cannot("RSA-PSS with an unusual hash".to_owned()),
        },
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
            (_, oid) if is_of_other_keys(oid) => Err(SignatureCheck::Bad),
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

/// Signatures that no key on a curve makes, as far as they are known: RSA, Ed25519 and Ed448, DSA,
/// ML-DSA. Others (SM2, GOST) may well be of such a key.
fn is_of_other_keys(oid: &str) -> bool {
    [
        "1.2.840.113549.1.1.",
        "1.3.101.",
        "1.2.840.10040.",
        "2.16.840.1.101.3.4.3.",
    ]
    .iter()
    .any(|family| oid.starts_with(family))
}

fn is_elliptic(oid: &str) -> bool {
    oid.starts_with("1.2.840.10045.4.") || oid == ED25519
}

/// One hash for all, and a salt as long as it, which is all the provider verifies (RFC 4055 section 3.1).
fn is_usual(by: &SignatureAlgorithm) -> bool {
    by.pss.is_some_and(|pss| {
        let length = match pss.hash {
            Hash::Sha256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
            _ => return false,
        };
        pss.mask == pss.hash && pss.salt == length && pss.trailer == 1
    })
}

/// A key for RSA-PSS alone may say what its signatures are like: the two hashes, and the shortest salt
/// (RFC 4055 section 1.2). Everybody who reads such keys holds signatures to that.
fn is_within_limits(by: &SignatureAlgorithm, issuer: &Certificate) -> bool {
    let (Some(limits), Some(pss)) = (issuer.key.pss, by.pss) else {
        return true;
    };
    pss.hash == limits.hash
        && pss.mask == limits.mask
        && pss.salt >= limits.salt
        && pss.trailer == limits.trailer
}

/// The content of the SubjectPublicKeyInfo's BIT STRING.
pub(crate) fn key_octets(spki: &[u8]) -> Option<&[u8]> {
    use x509_parser::prelude::FromDer;
    let (_, info) = x509_parser::x509::SubjectPublicKeyInfo::from_der(spki).ok()?;
    let start = spki.len().checked_sub(info.subject_public_key.data.len())?;
    spki.get(start..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cert::Pss;

    /// A certificate of a key for RSA-PSS without limits, signed with SHA-256 and a salt of 20.
    fn certificate() -> Certificate {
        let table = include_str!("../../tests/data/signatures.tsv");
        let row = table
            .lines()
            .find_map(|l| l.strip_prefix("psskey-salt20\t"));
        let der = data_encoding::BASE64.decode(row.unwrap().as_bytes());
        Certificate::read(der.unwrap())
    }

    #[test]
    fn a_key_may_limit_its_signatures() {
        let child = certificate();
        let with = |hash, mask, salt| {
            let mut issuer = certificate();
            let trailer = 1;
            issuer.key.pss = Some(Pss {
                hash,
                mask,
                salt,
                trailer,
            });
            check(&child, &issuer)
        };
        let sha256 = Hash::Sha256;
        assert_eq!(check(&child, &certificate()), SignatureCheck::Verified);
        assert_eq!(with(sha256, sha256, 20), SignatureCheck::Verified);
        assert_eq!(with(sha256, sha256, 21), SignatureCheck::Bad);
        assert_eq!(with(Hash::Sha384, sha256, 20), SignatureCheck::Bad);
        assert_eq!(with(sha256, Hash::Sha384, 20), SignatureCheck::Bad);
    }
}
