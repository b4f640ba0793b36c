//! Reading one certificate (first version: what x509-parser can read).

use std::sync::Arc;

use x509_parser::prelude::*;

use super::extension as ext;
use super::{
    Attribute, Certificate, Defect, Extension, ExtensionValue, Hash, Key, KeyKind, Name, Oid,
    SignatureAlgorithm,
};
use crate::moment::Moment;
use crate::text::Untrusted;

pub(super) fn fill(out: &mut Certificate) {
    let der: Arc<[u8]> = out.der.clone();
    let (rest, c) = match X509Certificate::from_der(&der) {
        Ok(ok) => ok,
        Err(e) => {
            out.defects.push(Defect {
                field: "certificate",
                words: format!("cannot be decoded: {}", crate::text::safe(&e.to_string())),
            });
            return;
        }
    };
    if !rest.is_empty() {
        out.defects.push(Defect {
            field: "certificate",
            words: format!("{} bytes follow its end", rest.len()),
        });
    }
    let range = |part: &[u8]| {
        let start = part.as_ptr() as usize - der.as_ptr() as usize;
        start..start + part.len()
    };
    out.tbs = range(c.tbs_certificate.as_ref());
    out.spki = range(c.public_key().raw);
    out.version = Some(c.version().0 + 1);
    out.serial = c.raw_serial().to_vec();
    out.subject = name(c.subject());
    out.issuer = name(c.issuer());
    out.not_before = Some(Moment::from_unix(c.validity().not_before.timestamp()));
    out.not_after = Some(Moment::from_unix(c.validity().not_after.timestamp()));
    out.signature = c.signature_value.data.to_vec();
    out.signature_algorithm = algorithm(&c.signature_algorithm);
    out.inner_signature_algorithm = algorithm(&c.tbs_certificate.signature);
    out.key = key(c.public_key());
    out.spki_sha256 = Some(sha256(c.public_key().raw));
    out.extensions = c.extensions().iter().map(extension).collect();
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref());
    out
}

fn name(n: &X509Name<'_>) -> Name {
    Name {
        der: n.as_raw().to_vec(),
        rdns: n
            .iter()
            .map(|rdn| {
                rdn.iter()
                    .map(|a| Attribute {
                        oid: Oid::new(a.attr_type().to_id_string()),
                        tag: u8::try_from(a.attr_value().tag().0).unwrap_or(0),
                        value: Untrusted::from_bytes(a.attr_value().data),
                        raw: a.attr_value().data.to_vec(),
                    })
                    .collect()
            })
            .collect(),
    }
}

fn algorithm(a: &AlgorithmIdentifier<'_>) -> SignatureAlgorithm {
    let oid = a.algorithm.to_id_string();
    let (name, hash) = match oid.as_str() {
        "1.2.840.113549.1.1.5" => ("sha1WithRSAEncryption", Some(Hash::Sha1)),
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", Some(Hash::Sha256)),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", Some(Hash::Sha384)),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", Some(Hash::Sha512)),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", Some(Hash::Sha256)),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", Some(Hash::Sha384)),
        "1.2.840.10045.4.3.4" => ("ecdsa-with-SHA512", Some(Hash::Sha512)),
        "1.3.101.112" => ("ED25519", None),
        _ => ("", None),
    };
    let name = if name.is_empty() {
        oid.clone()
    } else {
        name.to_owned()
    };
    SignatureAlgorithm {
        oid: Oid::new(oid.clone()),
        name,
        hash,
        der: oid.into_bytes(),
    }
}

fn key(spki: &SubjectPublicKeyInfo<'_>) -> Key {
    let oid = spki.algorithm.algorithm.to_id_string();
    let curve = spki
        .algorithm
        .parameters
        .as_ref()
        .and_then(|p| p.as_oid().ok())
        .map(|o| o.to_id_string());
    let (kind, bits) = match spki.parsed() {
        Ok(x509_parser::public_key::PublicKey::RSA(rsa)) => (
            KeyKind::Rsa {
                exponent: rsa.try_exponent().unwrap_or(0),
            },
            u32::try_from(rsa.key_size()).unwrap_or(0),
        ),
        Ok(x509_parser::public_key::PublicKey::EC(_)) => match curve.as_deref() {
            Some("1.2.840.10045.3.1.7") => (
                KeyKind::Ec {
                    curve: "P-256".to_owned(),
                },
                256,
            ),
            Some("1.3.132.0.34") => (
                KeyKind::Ec {
                    curve: "P-384".to_owned(),
                },
                384,
            ),
            Some("1.3.132.0.35") => (
                KeyKind::Ec {
                    curve: "P-521".to_owned(),
                },
                521,
            ),
            other => (
                KeyKind::Ec {
                    curve: other.unwrap_or("?").to_owned(),
                },
                0,
            ),
        },
        _ if oid == "1.3.101.112" => (KeyKind::Ed25519, 256),
        _ => (KeyKind::Unknown, 0),
    };
    Key {
        kind,
        bits,
        oid: Oid::new(oid),
    }
}

fn general(n: &x509_parser::extensions::GeneralName<'_>) -> ext::GeneralName {
    use x509_parser::extensions::GeneralName as G;
    match n {
        G::DNSName(s) => ext::GeneralName::Dns(Untrusted::new(*s)),
        G::RFC822Name(s) => ext::GeneralName::Email(Untrusted::new(*s)),
        G::URI(s) => ext::GeneralName::Uri(Untrusted::new(*s)),
        G::IPAddress(b) => match b.len() {
            4 => <[u8; 4]>::try_from(*b)
                .map(|a| ext::GeneralName::Ip(a.into()))
                .unwrap_or(ext::GeneralName::X400(Vec::new())),
            16 => <[u8; 16]>::try_from(*b)
                .map(|a| ext::GeneralName::Ip(a.into()))
                .unwrap_or(ext::GeneralName::X400(Vec::new())),
            _ => ext::GeneralName::Invalid {
                tag: 7,
                raw: b.to_vec(),
            },
        },
        G::DirectoryName(d) => ext::GeneralName::Directory(name(d)),
        _ => ext::GeneralName::X400(Vec::new()),
    }
}

fn extension(e: &X509Extension<'_>) -> Extension {
    use x509_parser::extensions::ParsedExtension as P;
    let value = match e.parsed_extension() {
        P::BasicConstraints(b) => ExtensionValue::BasicConstraints {
            ca: b.ca,
            path_len: b.path_len_constraint,
        },
        P::KeyUsage(k) => ExtensionValue::KeyUsage(ext::KeyUsage(k.flags)),
        P::ExtendedKeyUsage(_) => {
            let mut oids = Vec::new();
            let mut body = e.value.get(2..).unwrap_or_default();
            while let [6, len, rest @ ..] = body {
                let Some((oid, rest)) = rest.split_at_checked(usize::from(*len)) else {
                    break;
                };
                oids.push(Oid::new(
                    x509_parser::der_parser::Oid::new(oid.into()).to_id_string(),
                ));
                body = rest;
            }
            ExtensionValue::ExtendedKeyUsage(oids)
        }
        P::SubjectAlternativeName(s) => {
            ExtensionValue::SubjectAltName(s.general_names.iter().map(general).collect())
        }
        P::SubjectKeyIdentifier(k) => ExtensionValue::SubjectKeyId(k.0.to_vec()),
        P::AuthorityKeyIdentifier(a) => ExtensionValue::AuthorityKeyId {
            key_id: a.key_identifier.as_ref().map(|k| k.0.to_vec()),
            issuer: Vec::new(),
            serial: None,
        },
        P::AuthorityInfoAccess(a) => ExtensionValue::AuthorityInfoAccess(
            a.accessdescs
                .iter()
                .map(|d| ext::AccessDescription {
                    method: Oid::new(d.access_method.to_id_string()),
                    location: general(&d.access_location),
                })
                .collect(),
        ),
        P::NameConstraints(n) => {
            let list = |l: &Option<Vec<x509_parser::extensions::GeneralSubtree<'_>>>| {
                l.iter().flatten().map(|s| general(&s.base)).collect()
            };
            ExtensionValue::NameConstraints {
                permitted: list(&n.permitted_subtrees),
                excluded: list(&n.excluded_subtrees),
            }
        }
        P::ParseError { error } => {
            ExtensionValue::Malformed(crate::text::safe(&error.to_string()).into_owned())
        }
        _ => ExtensionValue::Unknown,
    };
    Extension {
        oid: Oid::new(e.oid.to_id_string()),
        critical: e.critical,
        value,
        raw: e.value.to_vec(),
    }
}
