//! Signatures that the crypto provider does not check, by libraries that do: DSA, MD5 and SHA-224 with
//! RSA, RSA keys below 1024 bits, RSA-PSS with any salt, and curves that few use. Slower, and asked only
//! for what the provider leaves. That a signature holds does not make its algorithm a good one: who
//! refuses it goes on refusing it.

use aws_lc_rs::digest;
use dsa::signature::hazmat::PrehashVerifier;
use md5::Md5;
use rsa::BoxedUint;
use rsa::pkcs8::AssociatedOid;
use rsa::sha2::digest::FixedOutputReset;
use rsa::sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use rsa::{Pkcs1v15Sign, pss::Pss};
use sha1::Sha1;

use crate::cert::asn1::{Element, INTEGER, SEQUENCE};
use crate::cert::{Certificate, Hash, KeyKind, SignatureAlgorithm};

/// RSA moduli that are tried, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 384..=8_192;

/// Primes of DSA keys that are tried, in bits.
const DSA_BITS: std::ops::RangeInclusive<u32> = 512..=4_096;

/// Whether `signature` over `signed` is of `issuer`'s key; `None` when that is not known here either.
/// `key` is the content of its key's BIT STRING.
pub(super) fn holds(
    signed: &[u8],
    by: &SignatureAlgorithm,
    signature: &[u8],
    (issuer, key): (&Certificate, &[u8]),
) -> Option<bool> {
    let oid = by.oid.as_str();
    let kind = &issuer.key.kind;
    match kind {
        KeyKind::Rsa { exponent } | KeyKind::RsaPss { exponent } => {
            let is_pss = oid == super::signature::RSA_PSS;
            let is_plain = oid.starts_with("1.2.840.113549.1.1.") && !is_pss;
            if !is_pss && (!is_plain || matches!(kind, KeyKind::RsaPss { .. })) {
                return None;
            }
            let with = Rsa {
                modulus: &issuer.key.modulus,
                exponent: *exponent,
                by,
                signed,
                signature,
            };
            match by.hash? {
                Hash::Md2 => None,
                Hash::Md5 => with.holds::<Md5>(),
                Hash::Sha1 => with.holds::<Sha1>(),
                Hash::Sha224 => with.holds::<Sha224>(),
                Hash::Sha256 => with.holds::<Sha256>(),
                Hash::Sha384 => with.holds::<Sha384>(),
                Hash::Sha512 => with.holds::<Sha512>(),
            }
        }
        KeyKind::Dsa => {
            let hash = match oid {
                "1.2.840.10040.4.3" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                "2.16.840.1.101.3.4.3.1" => &digest::SHA224,
                "2.16.840.1.101.3.4.3.2" => &digest::SHA256,
                _ => return None,
            };
            dsa(
                digest::digest(hash, signed).as_ref(),
                signature,
                (issuer, key),
            )
        }
        KeyKind::Ec { curve } if oid.starts_with("1.2.840.10045.4.") => {
            let hash = match by.hash? {
                Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
                Hash::Sha224 => &digest::SHA224,
                Hash::Sha256 => &digest::SHA256,
                Hash::Sha384 => &digest::SHA384,
                Hash::Sha512 => &digest::SHA512,
                Hash::Md2 | Hash::Md5 => return None,
            };
            ecdsa(curve, key, digest::digest(hash, signed).as_ref(), signature)
        }
        _ => None,
    }
}

/// A signature with RSA.
struct Rsa<'a> {
    modulus: &'a [u8],
    exponent: u64,
    by: &'a SignatureAlgorithm,
    signed: &'a [u8],
    signature: &'a [u8],
}

impl Rsa<'_> {
    fn holds<D>(&self) -> Option<bool>
    where
        D: Digest + AssociatedOid + FixedOutputReset,
    {
        let modulus = BoxedUint::from_be_slice_vartime(self.modulus);
        let exponent = BoxedUint::from(self.exponent);
        let key = rsa::PublicKey::new_with_size_limits(modulus, exponent, RSA_BITS).ok()?;
        let hash = D::digest(self.signed);
        let answer = match self.by.pss {
            None => key.verify(Pkcs1v15Sign::new::<D>(), &hash, self.signature),
            // The library makes the mask with the hash of the message, as nearly everybody does.
            Some(pss) if pss.mask == pss.hash && pss.trailer == 1 => {
                let salt = usize::try_from(pss.salt).ok()?;
                key.verify(Pss::<D>::new_with_salt(salt), &hash, self.signature)
            }
            Some(_) => return None,
        };
        Some(answer.is_ok())
    }
}

/// FIPS 186-4, section 4.7. Parameters that are not in the key itself are those of the certificate above
/// (RFC 3279, section 2.3.2): they are not looked for.
fn dsa(hash: &[u8], signature: &[u8], (issuer, key): (&Certificate, &[u8])) -> Option<bool> {
    let spki = Element::read(issuer.der.get(issuer.spki.clone())?, 0)?;
    let mut algorithm = spki.inside().take_tag(SEQUENCE)?.inside().skip(1);
    let mut parameters = algorithm.next().filter(|p| p.tag == SEQUENCE)?.inside();
    let mut parameter = || Some(digits(parameters.take_tag(INTEGER)?.content));
    let (p, q, g) = (parameter()?, parameter()?, parameter()?);
    let y = Element::read(key, 0).filter(|y| y.tag == INTEGER)?;
    let y = digits(y.content);
    let wide = |n: &[u8]| u32::try_from(8 * n.len()).ok();
    let (of_p, of_q) = (wide(p)?, wide(q)?);
    if !DSA_BITS.contains(&of_p) || !(160..=256).contains(&of_q) {
        return None;
    }
    // The library wants numbers of the same width.
    let is_below_p = |n: &[u8]| (n.len(), n) < (p.len(), p);
    if !is_below_p(g) || !is_below_p(y) {
        return None;
    }
    let number = |n: &[u8], bits| BoxedUint::from_be_slice(n, bits).ok();
    let (p, q, g) = (number(p, of_p)?, number(q, of_q)?, number(g, of_p)?);
    let parameters = dsa::Components::from_components_unchecked(p, q, g).ok()?;
    let key = dsa::VerifyingKey::from_components(parameters, number(y, of_p)?).ok()?;
    let signature = pair(signature).and_then(|(r, s)| {
        let (r, s) = (number(digits(r), of_q)?, number(digits(s), of_q)?);
        dsa::Signature::from_components(r, s)
    });
    Some(signature.is_some_and(|s| key.verify_prehash(hash, &s).is_ok()))
}

/// SEC 1, section 4.1.4, on curves that the provider does not have.
fn ecdsa(curve: &str, key: &[u8], hash: &[u8], signature: &[u8]) -> Option<bool> {
    macro_rules! on {
        ($curve:ty, $octets:literal) => {{
            // The library refuses a hash that is much shorter than the curve's numbers.
            if hash.len() < $octets / 2 {
                return None;
            }
            let key = ecdsa::VerifyingKey::<$curve>::from_sec1_bytes(key).ok()?;
            let fixed = pair(signature).and_then(|pair| fixed::<$octets>(pair));
            let signature =
                fixed.and_then(|both| ecdsa::Signature::<$curve>::from_slice(&both).ok());
            Some(signature.is_some_and(|s| key.verify_prehash(hash, &s).is_ok()))
        }};
    }
    match curve {
        "P-192" => on!(p192::NistP192, 24),
        "P-224" => on!(p224::NistP224, 28),
        "brainpoolP256r1" => on!(bp256::BrainpoolP256r1, 32),
        "brainpoolP384r1" => on!(bp384::BrainpoolP384r1, 48),
        _ => None,
    }
}

/// The two numbers of a DSA or ECDSA signature.
fn pair(signature: &[u8]) -> Option<(&[u8], &[u8])> {
    let outer = Element::read(signature, 0)
        .filter(|e| e.tag == SEQUENCE && e.whole.len() == signature.len())?;
    let mut parts = outer.inside();
    let (r, s) = (parts.take_tag(INTEGER)?, parts.take_tag(INTEGER)?);
    let positive = |n: &[u8]| n.first().is_some_and(|b| b & 0x80 == 0);
    let whole = parts.rest().is_empty() && positive(r.content) && positive(s.content);
    whole.then_some((r.content, s.content))
}

/// Both numbers in so many octets each, one after the other.
fn fixed<const OCTETS: usize>((r, s): (&[u8], &[u8])) -> Option<Vec<u8>> {
    let mut both = Vec::with_capacity(2 * OCTETS);
    for number in [r, s] {
        let digits = digits(number);
        let padding = OCTETS.checked_sub(digits.len())?;
        both.resize(both.len() + padding, 0);
        both.extend_from_slice(digits);
    }
    Some(both)
}

/// A number without zeros in front.
fn digits(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&b| b == 0).count();
    number.get(zeros..).unwrap_or_default()
}
