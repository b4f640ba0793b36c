//! Facts about single certificates that several engines judge by. Each answers one question and knows
//! nothing of paths, stores or clients.

use aws_lc_rs::signature as alg;

use super::{Policy, ReasonKind, SerialFault, StrictRule, name};
use crate::cert::extension::KeyUsage;
use crate::cert::{
    Certificate, Extension, ExtensionValue, Hash, KeyFault, KeyKind, Oid, TimeForm, oid,
};
use crate::chain::key_octets;
use crate::moment::Moment;
use crate::target::Host;

/// Extensions that path validation processes. Any other one that is critical means refusal (RFC 5280,
/// section 4.2), also those that the RFC says must not be critical: OpenSSL, Go and webpki agree.
const PROCESSED: &[&str] = &[
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.30",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.37",
    "2.5.29.54",
];

/// What a Netscape certificate type of other uses lacks.
pub(super) const NETSCAPE_SERVER: &str = "SSL server (Netscape's certificate type)";

/// cRLSign of keyUsage.
pub(super) const CRL_SIGN: u16 = 1 << 6;

/// The first critical extension that nobody here processes, by its title.
pub(super) fn unknown_critical(certificate: &Certificate) -> Option<String> {
    unknown_critical_but(certificate, &[])
}

/// The same for a verifier that processes these as well.
pub(super) fn unknown_critical_but(certificate: &Certificate, more: &[&str]) -> Option<String> {
    let processed = |oid: &str| PROCESSED.contains(&oid) || more.contains(&oid);
    certificate
        .extensions
        .iter()
        .find(|e| e.critical && !processed(e.oid.as_str()))
        .map(|e| e.oid.title())
}

/// The extension of this type, the first one.
pub(super) fn extension<'a>(certificate: &'a Certificate, oid: &str) -> Option<&'a Extension> {
    certificate
        .extensions
        .iter()
        .find(|e| e.oid.as_str() == oid)
}

/// The first extension that stands there twice (RFC 5280, section 4.2), by its title.
pub(super) fn duplicate_extension(certificate: &Certificate) -> Option<String> {
    let list = &certificate.extensions;
    list.iter()
        .enumerate()
        .find(|(i, e)| list.iter().take(*i).any(|earlier| earlier.oid == e.oid))
        .map(|(_, e)| e.oid.title())
}

/// A certificate policy is listed twice, which section 4.2.1.4 forbids.
pub(super) fn repeats_policy(certificate: &Certificate) -> bool {
    certificate.extensions.iter().any(|e| match &e.value {
        ExtensionValue::CertificatePolicies(list) => {
            let mut seen = std::collections::BTreeSet::new();
            !list.iter().all(|p| seen.insert(p.oid.as_str()))
        }
        _ => false,
    })
}

const NAME_CONSTRAINTS: &str = "2.5.29.30";

/// What makes the certificate unfit to be judged: structure, encoding, version.
pub(super) fn unreadable(certificate: &Certificate) -> Vec<ReasonKind> {
    unreadable_but(certificate, &[])
}

/// The same for a verifier that does not open these extensions.
pub(super) fn unreadable_but(certificate: &Certificate, unopened: &[&str]) -> Vec<ReasonKind> {
    let mut found = Vec::new();
    if certificate.tbs.is_empty() || certificate.spki.is_empty() {
        found.push(ReasonKind::Unreadable(
            "its structure could not be read".to_owned(),
        ));
        return found;
    }
    // Faults of these fields change what was signed or leave it open to two readings.
    let structure = certificate.defects.iter().find(|d| {
        matches!(
            d.field,
            "certificate" | "tbsCertificate" | "signatureValue" | "validity" | "signature"
        )
    });
    if let Some(defect) = structure {
        found.push(ReasonKind::Unreadable(defect.words.clone()));
    }
    found.extend(padded_serial(certificate));
    if certificate.signature_algorithm.der != certificate.inner_signature_algorithm.der {
        found.push(ReasonKind::AlgorithmMismatch);
    }
    match certificate.version {
        Some(3) => {}
        Some(version @ (1 | 2)) if certificate.extensions.is_empty() => {
            let _ = version;
        }
        Some(version @ (1 | 2)) => found.push(ReasonKind::Version {
            version,
            why: "only version 3 has extensions".to_owned(),
        }),
        Some(version) => found.push(ReasonKind::Version {
            version,
            why: "there is no such version".to_owned(),
        }),
        None => found.push(ReasonKind::Unreadable(
            "its version could not be read".to_owned(),
        )),
    }
    if let Some(oid) = duplicate_extension(certificate) {
        found.push(ReasonKind::DuplicateExtension { oid });
    }
    for extension in &certificate.extensions {
        if extension.has_odd_boolean() {
            let title = extension.oid.title();
            let why = format!("extension {title}: a BOOLEAN is neither 00 nor FF");
            found.push(ReasonKind::Unreadable(why));
        }
        // A broken extension that decides something must not be read as absent.
        let oid = extension.oid.as_str();
        if oid == NAME_CONSTRAINTS
            && extension.is_unreadable()
            && !matches!(extension.value, ExtensionValue::Malformed(_))
        {
            let title = extension.oid.title();
            let why = format!("extension {title}: there is more than its value");
            found.push(ReasonKind::Unreadable(why));
        }
        let decides = extension.critical || PROCESSED.contains(&oid);
        if let ExtensionValue::Malformed(why) = &extension.value
            && decides
            && !unopened.contains(&oid)
        {
            found.push(ReasonKind::Unreadable(format!(
                "extension {}: {why}",
                extension.oid.title()
            )));
        }
    }
    found
}

/// The serial number has an octet in front that says nothing (X.690, section 8.3.2).
pub(super) fn padded_serial(certificate: &Certificate) -> Option<ReasonKind> {
    let padded = match certificate.serial.as_slice() {
        [0, next, ..] => next & 0x80 == 0,
        [0xff, next, ..] => next & 0x80 != 0,
        _ => false,
    };
    padded.then_some(ReasonKind::Serial(SerialFault::Padded))
}

/// One of the times is written in one of these ways.
pub(super) fn has_odd_time(certificate: &Certificate, forms: &[TimeForm]) -> bool {
    certificate.defects.iter().any(|d| {
        matches!(d.field, "validity.notBefore" | "validity.notAfter")
            && forms.iter().any(|form| d.words == form.words())
    })
}

/// What stands against the dates at this moment.
pub(super) fn dates(certificate: &Certificate, at: Moment) -> Option<ReasonKind> {
    let (Some(not_before), Some(not_after)) = (certificate.not_before, certificate.not_after)
    else {
        return Some(ReasonKind::NoValidity);
    };
    if not_after < not_before {
        Some(ReasonKind::ReversedValidity)
    } else if at > not_after {
        Some(ReasonKind::Expired { not_after })
    } else if at < not_before {
        Some(ReasonKind::NotYetValid { not_before })
    } else {
        None
    }
}

/// What stands against the key: its size below the policy's floor, or no good at all.
pub(super) fn key(certificate: &Certificate, policy: &Policy) -> Option<ReasonKind> {
    let key = &certificate.key;
    let bits = key.bits;
    // A missing NULL harms nobody; all other faults leave the key without a clear meaning.
    let fault = key.faults.iter().find(|&&f| f != KeyFault::NoNull);
    if let Some(fault) = fault {
        return Some(ReasonKind::BadKey(format!("it {}", fault.words())));
    }
    if key.kind == KeyKind::Dsa {
        return Some(ReasonKind::BadKey(
            "browsers, Go and Rust programs refuse DSA keys".to_owned(),
        ));
    }
    let weak = match &key.kind {
        KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } => bits < policy.least_rsa_bits,
        KeyKind::Ec { .. } => bits > 0 && bits < 224,
        _ => false,
    };
    if weak {
        return Some(ReasonKind::WeakKey { bits });
    }
    off_curve(certificate).then(|| ReasonKind::BadKey("it is no point of its curve".to_owned()))
}

/// The provider knows the curve and refuses the point.
fn off_curve(certificate: &Certificate) -> bool {
    let KeyKind::Ec { curve } = &certificate.key.kind else {
        return false;
    };
    let algorithm = match curve.as_str() {
        "P-256" => &alg::ECDSA_P256_SHA256_ASN1,
        "P-384" => &alg::ECDSA_P384_SHA384_ASN1,
        "P-521" => &alg::ECDSA_P521_SHA512_ASN1,
        _ => return false,
    };
    let octets = certificate
        .der
        .get(certificate.spki.clone())
        .and_then(key_octets);
    octets.is_none_or(|octets| alg::ParsedPublicKey::new(algorithm, octets).is_err())
}

/// SHA-512 cut to a shorter hash, as Java names it, where RSA signed that: few programs know it.
pub(super) fn cut_hash(certificate: &Certificate) -> Option<&'static str> {
    match certificate.signature_algorithm.oid.as_str() {
        "1.2.840.113549.1.1.15" => Some("SHA512/224"),
        "1.2.840.113549.1.1.16" => Some("SHA512/256"),
        _ => None,
    }
}

/// The signature's hash, when it is broken.
pub(super) fn weak_hash(certificate: &Certificate) -> Option<Hash> {
    match certificate.signature_algorithm.hash {
        Some(hash @ (Hash::Md2 | Hash::Md5 | Hash::Sha1)) => Some(hash),
        _ => None,
    }
}

/// The extended key usages, by their titles, when they lack `wanted`.
pub(super) fn lacks_purpose(
    certificate: &Certificate,
    wanted: &str,
    any: bool,
) -> Option<Vec<String>> {
    let usages = certificate.extended_key_usage()?;
    let fits = usages
        .iter()
        .any(|u| u.as_str() == wanted || (any && u.as_str() == oid::ANY_EXTENDED_KEY_USAGE));
    (!fits).then(|| usages.iter().map(Oid::title).collect())
}

/// KeyUsage is there and lacks keyCertSign.
pub(super) fn lacks_cert_sign(certificate: &Certificate) -> bool {
    certificate
        .key_usage()
        .is_some_and(|usage| !usage.has(KeyUsage::KEY_CERT_SIGN))
}

/// Rules of RFC 5280's profile that this certificate breaks and that only strict verifiers enforce,
/// in the order in which OpenSSL looks. `top` says that it is the last of its path (its own issuer
/// is not looked at), `leaf` that it is the first.
pub(super) fn strict(certificate: &Certificate, leaf: bool, top: bool) -> Vec<StrictRule> {
    let c = certificate;
    let mut broken = Vec::new();
    let ca = c.is_ca();
    // RFC 6818, section 2: the profile does not speak of self-issued end entities.
    if leaf && !ca && c.is_self_issued() {
        return broken;
    }
    let usage = c.key_usage();
    let names = extension(c, "2.5.29.17");
    if matches!(c.basic_constraints(), Some((_, Some(_)))) {
        if !ca {
            broken.push(StrictRule::PathLengthWithoutCa);
        }
        // Without any key usage, too: OpenSSL takes what is absent for nothing allowed here.
        if !usage.is_some_and(|u| u.has(KeyUsage::KEY_CERT_SIGN)) {
            broken.push(StrictRule::PathLengthWithoutCertSign);
        }
    }
    if ca && extension(c, "2.5.29.19").is_some_and(|e| !e.critical) {
        broken.push(StrictRule::BasicConstraintsNotCritical);
    }
    match usage {
        None if ca => broken.push(StrictRule::CaWithoutKeyUsage),
        Some(bits) if !ca && bits.has(KeyUsage::KEY_CERT_SIGN) => {
            broken.push(StrictRule::CertSignWithoutCa)
        }
        _ => {}
    }
    if c.issuer.rdns.is_empty() {
        broken.push(StrictRule::EmptyIssuer);
    }
    if c.subject.rdns.is_empty() {
        if ca || usage.is_some_and(|u| u.has(CRL_SIGN)) || names.is_none() {
            broken.push(StrictRule::EmptySubject);
        }
        if names.is_some_and(|e| !e.critical) {
            broken.push(StrictRule::AltNameNotCritical);
        }
    }
    if names.is_some() && c.subject_alt_names().is_empty() {
        broken.push(StrictRule::EmptyAltName);
    }
    if extension(c, "2.5.29.35").is_some_and(|e| e.critical) {
        broken.push(StrictRule::AuthorityKeyIdCritical);
    }
    if extension(c, "2.5.29.14").is_some_and(|e| e.critical) {
        broken.push(StrictRule::SubjectKeyIdCritical);
    }
    if c.version.is_some_and(|version| version >= 3) {
        if !top && c.authority_key_id().is_none() {
            broken.push(StrictRule::NoAuthorityKeyId);
        }
        if ca && c.subject_key_id().is_none() {
            broken.push(StrictRule::NoSubjectKeyId);
        }
    } else if !c.extensions.is_empty() {
        broken.push(StrictRule::ExtensionsWithoutVersion3);
    }
    broken
}

/// The signature's algorithm is one that rustls-webpki with aws-lc-rs verifies.
pub(super) fn webpki_knows(certificate: &Certificate) -> bool {
    !matches!(
        certificate.signature_algorithm.hash,
        Some(Hash::Md2 | Hash::Md5 | Hash::Sha1 | Hash::Sha224)
    )
}

/// Names of a certificate that a reason shows at most.
const MOST_NAMES: usize = 8;

/// What is said of a certificate without the name that is wanted; apart, when only its common name
/// would do.
pub(super) fn wrong_name(certificate: &Certificate, wanted: &Host) -> ReasonKind {
    match name::find(certificate, wanted) {
        name::NameAnswer::OnlyCommonName => ReasonKind::NameOnlyInCommonName {
            wanted: host(wanted),
        },
        _ => name_mismatch(certificate, wanted),
    }
}

/// What is said of it by those who do not tell the two apart.
pub(super) fn name_mismatch(certificate: &Certificate, wanted: &Host) -> ReasonKind {
    ReasonKind::NameMismatch {
        wanted: host(wanted),
        presented: name::presented(certificate, MOST_NAMES),
    }
}

/// A host as sentences name it.
pub(super) fn host(host: &Host) -> String {
    match host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name { .. } => host.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_stands_against_the_roots_that_browsers_trust() {
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            let root = Certificate::read(root.to_vec());
            let called = root.subject.rfc4514();
            assert_eq!(unreadable(&root), [], "{called}");
            assert_eq!(key(&root, &Policy::default()), None, "{called}");
            assert_eq!(unknown_critical(&root), None, "{called}");
            assert!(!lacks_cert_sign(&root), "{called}");
        }
    }

    #[test]
    fn a_point_off_its_curve_is_no_key() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        let good = Certificate::read(der.clone());
        assert_eq!(super::key(&good, &Policy::default()), None);
        let mut bent = der;
        bent[good.spki.end - 1] ^= 1;
        let bent = Certificate::read(bent);
        assert!(matches!(
            super::key(&bent, &Policy::default()),
            Some(ReasonKind::BadKey(_))
        ));
    }
}
