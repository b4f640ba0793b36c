//! One certificate, decoded and owned.
//!
//! Reading never fails: what cannot be decoded is a [`Defect`] of a certificate that still has its
//! DER, its fingerprints and whatever could be read. Nothing here judges a chain or a name.

use std::ops::Range;
use std::sync::Arc;

use crate::moment::Moment;

pub mod asn1;
mod decode;
mod explain;
pub mod extension;
pub mod fields;
pub mod key;
pub mod name;
pub mod ocsp;
pub mod oid;
mod parts;
pub mod pem;
pub mod pkcs7;
mod read;
mod time;

pub use extension::{Extension, ExtensionValue, GeneralName};
pub use key::{Hash, Key, KeyFault, KeyKind, PointForm, Pss, SignatureAlgorithm};
pub use name::{Attribute, Name};
pub use ocsp::OcspResponse;
pub use oid::Oid;
pub use time::TimeForm;

/// One certificate with every field of RFC 5280 that appears in practice.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The bytes as received.
    pub der: Arc<[u8]>,
    /// SHA-256 of `der`.
    pub sha256: [u8; 32],
    /// SHA-1 of `der`.
    pub sha1: [u8; 20],
    /// SHA-256 of the SubjectPublicKeyInfo, the usual pin (RFC 7469).
    pub spki_sha256: Option<[u8; 32]>,
    /// 1, 2 or 3 as people say it (the encoding is one less); other numbers as found plus one.
    pub version: Option<u32>,
    /// Content octets of the serial number, big-endian two's complement, as encoded.
    pub serial: Vec<u8>,
    /// Who the certificate is for.
    pub subject: Name,
    /// Who signed it.
    pub issuer: Name,
    /// First second of validity.
    pub not_before: Option<Moment>,
    /// Last second of validity (inclusive).
    pub not_after: Option<Moment>,
    /// The public key.
    pub key: Key,
    /// The signature algorithm named outside the signed part.
    pub signature_algorithm: SignatureAlgorithm,
    /// The one named inside; RFC 5280, section 4.1.1.2, demands that they are equal.
    pub inner_signature_algorithm: SignatureAlgorithm,
    /// The signature's octets, without the BIT STRING's count of unused bits.
    pub signature: Vec<u8>,
    /// Unique identifier of the issuer (version 2, RFC 5280 section 4.1.2.8), seldom seen.
    pub issuer_unique_id: Option<Vec<u8>>,
    /// Unique identifier of the subject.
    pub subject_unique_id: Option<Vec<u8>>,
    /// All extensions, in order, also unknown and malformed ones.
    pub extensions: Vec<Extension>,
    /// What is wrong with the encoding or could not be read.
    pub defects: Vec<Defect>,
    /// Where the signed part lies in `der`.
    pub tbs: Range<usize>,
    /// Where the SubjectPublicKeyInfo lies in `der`.
    pub spki: Range<usize>,
}

/// Something wrong with one certificate's own encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The field concerned, such as `validity.notAfter` or `extensions`.
    pub field: &'static str,
    /// What is wrong, in one plain sentence, safe to display.
    pub words: String,
}

impl Certificate {
    /// The Subject Alternative Names; empty when there is no such extension or it is malformed.
    pub fn subject_alt_names(&self) -> &[GeneralName] {
        self.extensions
            .iter()
            .find_map(|e| match &e.value {
                ExtensionValue::SubjectAltName(names) => Some(names.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// `Some((ca, pathLen))` from BasicConstraints, `None` without the extension.
    pub fn basic_constraints(&self) -> Option<(bool, Option<u32>)> {
        self.extensions.iter().find_map(|e| match e.value {
            ExtensionValue::BasicConstraints { ca, path_len } => Some((ca, path_len)),
            _ => None,
        })
    }

    /// BasicConstraints says CA:TRUE.
    pub fn is_ca(&self) -> bool {
        matches!(self.basic_constraints(), Some((true, _)))
    }

    /// Subject and issuer are the same name; an empty name too, as OpenSSL, Go and GnuTLS have it, but none
    /// that could not be read. Whether it signed itself is for [`crate::chain`] to say.
    pub fn is_self_issued(&self) -> bool {
        let (subject, issuer) = (&self.subject, &self.issuer);
        let readable = !subject.rdns.is_empty() || subject.der == issuer.der;
        !subject.der.is_empty() && readable && subject.matches(issuer)
    }

    /// KeyUsage bits, when the extension is there.
    pub fn key_usage(&self) -> Option<extension::KeyUsage> {
        self.extensions.iter().find_map(|e| match e.value {
            ExtensionValue::KeyUsage(bits) => Some(bits),
            _ => None,
        })
    }

    /// Extended key usages, when the extension is there.
    pub fn extended_key_usage(&self) -> Option<&[Oid]> {
        self.extensions.iter().find_map(|e| match &e.value {
            ExtensionValue::ExtendedKeyUsage(oids) => Some(oids.as_slice()),
            _ => None,
        })
    }

    /// SubjectKeyIdentifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.iter().find_map(|e| match &e.value {
            ExtensionValue::SubjectKeyId(id) => Some(id.as_slice()),
            _ => None,
        })
    }

    /// The key identifier inside AuthorityKeyIdentifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.extensions.iter().find_map(|e| match &e.value {
            ExtensionValue::AuthorityKeyId { key_id, .. } => key_id.as_deref(),
            _ => None,
        })
    }

    /// The TLS features that it demands of its server (RFC 7633), when the extension is there.
    pub fn tls_features(&self) -> Option<&[u16]> {
        self.extensions.iter().find_map(|e| match &e.value {
            ExtensionValue::TlsFeature(list) => Some(list.as_slice()),
            _ => None,
        })
    }

    /// Its server must staple an OCSP answer.
    pub fn must_staple(&self) -> bool {
        self.tls_features().is_some_and(|list| list.contains(&5))
    }

    /// `caIssuers` addresses of Authority Information Access.
    pub fn ca_issuers(&self) -> Vec<&crate::text::Untrusted> {
        self.extensions
            .iter()
            .filter_map(|e| match &e.value {
                ExtensionValue::AuthorityInfoAccess(list) => Some(list),
                _ => None,
            })
            .flatten()
            .filter(|d| d.method.as_str() == oid::AD_CA_ISSUERS)
            .filter_map(|d| match &d.location {
                GeneralName::Uri(uri) => Some(uri),
                _ => None,
            })
            .collect()
    }

    /// A short name for lists: common name, else organisation, else first alternative name, else the
    /// whole subject, else `(no name)`. Safe to display.
    pub fn short_name(&self) -> String {
        if let Some(name) = self.subject.short() {
            return name;
        }
        match self.subject_alt_names().first() {
            Some(name) => name.to_string(),
            None => "(no name)".to_owned(),
        }
    }

    /// First eight hex digits of the SHA-256, for file names and lists.
    pub fn short_fingerprint(&self) -> String {
        crate::text::hex(&self.sha256[..4])
    }
}
