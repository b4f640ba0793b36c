//! What OpenSSL notes about one certificate when it first looks at its extensions.

use super::super::ground::{Family, Ground, fits_key_id};
use crate::cert::asn1::{Element, Elements};
use crate::cert::extension::KeyUsage;
use crate::cert::name::Attribute;
use crate::cert::{
    Certificate, Extension, ExtensionValue, GeneralName, Hash, KeyKind, Oid, TimeForm, oid,
};
use crate::chain::NodeId;
use crate::judge::{Purpose, ReasonKind, facts};
use crate::moment::Moment;

/// Extensions that may be critical.
const SUPPORTED: &[&str] = &[
    "2.16.840.1.113730.1.1",
    "2.5.29.15",
    "2.5.29.17",
    "2.5.29.19",
    "2.5.29.32",
    "2.5.29.31",
    "2.5.29.37",
    "1.3.6.1.5.5.7.1.7",
    "1.3.6.1.5.5.7.1.8",
    "1.3.6.1.5.5.7.48.1.5",
    "2.5.29.36",
    "1.3.6.1.5.5.7.1.14",
    "2.5.29.30",
    "2.5.29.33",
    "2.5.29.54",
];

/// Extensions whose value it reads at once: a broken or repeated one makes the certificate invalid.
const READ: &[&str] = &[
    "2.5.29.19",
    "2.5.29.15",
    "2.5.29.37",
    "2.16.840.1.113730.1.1",
    "2.5.29.14",
    "2.5.29.35",
    "2.5.29.17",
    "2.5.29.30",
    "2.5.29.31",
];

const PROXY_CERT_INFO: &str = "1.3.6.1.5.5.7.1.14";
const ALTERNATIVE_NAMES: &[&str] = &["2.5.29.17", "2.5.29.18"];
const COMMON_NAME: &str = "2.5.4.3";
const NETSCAPE_CERT_TYPE: &str = "2.16.840.1.113730.1.1";
const NETSCAPE_SSL_CLIENT: u8 = 0x80;
const NETSCAPE_SSL_SERVER: u8 = 0x40;
const NETSCAPE_SSL_CA: u8 = 0x04;
const NETSCAPE_ANY_CA: u8 = 0x07;
const KEY_AGREEMENT: u16 = 1 << 4;
/// Server Gated Crypto, Microsoft's and Netscape's: as good as serverAuth.
const GATED_CRYPTO: &[&str] = &["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"];

/// One certificate in OpenSSL's eyes.
pub(super) struct Traits<'a> {
    pub(super) certificate: &'a Certificate,
}

impl<'a> Traits<'a> {
    pub(super) fn of(ground: Ground<'a>, id: NodeId) -> Self {
        static EMPTY: std::sync::OnceLock<Certificate> = std::sync::OnceLock::new();
        let certificate = ground
            .certificate(id)
            .unwrap_or_else(|| EMPTY.get_or_init(|| Certificate::read(Vec::new())));
        Self { certificate }
    }

    /// EXFLAG_PROXY: it has the extension proxyCertInfo (RFC 3820).
    pub(super) fn is_proxy(&self) -> bool {
        let mut all = self.certificate.extensions.iter();
        all.any(|e| e.oid.as_str() == PROXY_CERT_INFO)
    }

    /// The subject of a proxy certificate is its issuer's with one common name more.
    pub(super) fn follows_proxy_name(&self) -> bool {
        let (subject, issuer) = (&self.certificate.subject, &self.certificate.issuer);
        let Some((last, before)) = subject.rdns.split_last() else {
            return false;
        };
        let same = |a: &Attribute, b: &Attribute| a.oid == b.oid && a.raw == b.raw;
        let equal = |(a, b): (&Vec<Attribute>, &Vec<Attribute>)| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        };
        let is_common_name = matches!(last.as_slice(), [one] if one.oid.as_str() == COMMON_NAME);
        is_common_name
            && !before.is_empty()
            && before.len() == issuer.rdns.len()
            && before.iter().zip(&issuer.rdns).all(equal)
    }

    /// A proxy certificate must be no CA, and have no alternative names.
    fn is_senseless_proxy(&self) -> bool {
        let c = self.certificate;
        let has_names = |e: &Extension| ALTERNATIVE_NAMES.contains(&e.oid.as_str());
        let is_ca = matches!(c.basic_constraints(), Some((true, _)));
        self.is_proxy() && (is_ca || c.extensions.iter().any(has_names))
    }

    /// EXFLAG_INVALID: an extension cannot be read, or makes no sense.
    pub(super) fn is_invalid(&self) -> bool {
        if self.is_senseless_proxy() {
            return true;
        }
        let c = self.certificate;
        let read = |e: &&Extension| READ.contains(&e.oid.as_str());
        c.extensions.iter().filter(read).any(|e| {
            let twice = c.extensions.iter().filter(|o| o.oid == e.oid).count() > 1;
            twice
                || match &e.value {
                    ExtensionValue::Malformed(_) => true,
                    ExtensionValue::KeyUsage(usage) => usage.0 == 0,
                    ExtensionValue::SubjectAltName(names) => names.iter().any(is_broken),
                    ExtensionValue::NameConstraints {
                        permitted,
                        excluded,
                    } => permitted.iter().chain(excluded).any(is_broken),
                    ExtensionValue::AuthorityKeyId { issuer, .. } => issuer.iter().any(is_broken),
                    ExtensionValue::CrlDistributionPoints(_) => has_point_nowhere(&e.raw),
                    _ => false,
                }
        })
    }

    /// EXFLAG_SI.
    pub(super) fn is_self_issued(&self) -> bool {
        self.certificate.is_self_issued()
    }

    /// EXFLAG_SS: by names, key identifiers and algorithms; the signature is not verified.
    pub(super) fn is_self_signed(&self) -> bool {
        self.is_self_issued()
            && !self.is_invalid()
            && self.fits_key_id(self)
            && self.fits_algorithm(self)
    }

    /// This certificate likely issued `child` (X509_check_issued without key usage).
    pub(super) fn likely_issued(&self, child: &Self) -> bool {
        self.certificate.subject.matches(&child.certificate.issuer)
            && !self.is_invalid()
            && !child.is_invalid()
            && self.fits_key_id(child)
            && self.fits_algorithm(child)
    }

    fn fits_key_id(&self, child: &Self) -> bool {
        fits_key_id(self.certificate, child.certificate)
    }

    fn fits_algorithm(&self, child: &Self) -> bool {
        // In no list of pairs (`crypto/objects/obj_xref.txt`): such a certificate has no issuer. Seen with
        // 3.0, 3.5 and 3.6.
        if facts::cut_hash(child.certificate).is_some() {
            return false;
        }
        match (
            Family::of_key(self.certificate),
            Family::of_signature(child.certificate),
        ) {
            (Some(Family::Rsa), Some(Family::Rsa | Family::RsaPss)) => true,
            (Some(key), Some(signature)) => key == signature,
            _ => false,
        }
    }

    pub(super) fn algorithms_differ(&self) -> bool {
        let c = self.certificate;
        c.signature_algorithm.der != c.inner_signature_algorithm.der
    }

    pub(super) fn unknown_critical(&self) -> Option<String> {
        let list = &self.certificate.extensions;
        list.iter()
            .find(|e| e.critical && !SUPPORTED.contains(&e.oid.as_str()))
            .map(|e| e.oid.title())
    }

    pub(super) fn has_ca_flag(&self) -> bool {
        matches!(self.certificate.basic_constraints(), Some((true, _)))
    }

    pub(super) fn path_length(&self) -> Option<u32> {
        self.certificate.basic_constraints().and_then(|(_, n)| n)
    }

    /// X509_check_ca: 0 none, 1 a CA, 3 a root of version 1, 4 key usage alone, 5 Netscape's word.
    pub(super) fn ca(&self) -> u8 {
        let c = self.certificate;
        if facts::lacks_cert_sign(c) {
            return 0;
        }
        match c.basic_constraints() {
            Some((ca, _)) => u8::from(ca),
            None if c.version == Some(1) && self.is_self_signed() => 3,
            None if c.key_usage().is_some() => 4,
            None if self.netscape().is_some_and(|n| n & NETSCAPE_ANY_CA != 0) => 5,
            None => 0,
        }
    }

    /// Why it is none.
    pub(super) fn not_a_ca(&self) -> ReasonKind {
        match facts::lacks_cert_sign(self.certificate) && self.has_ca_flag() {
            true => ReasonKind::NoCertSign,
            false => ReasonKind::NotACa,
        }
    }

    fn netscape(&self) -> Option<u8> {
        let list = &self.certificate.extensions;
        list.iter()
            .find(|e| e.oid.as_str() == NETSCAPE_CERT_TYPE)
            .and_then(|e| match e.value {
                ExtensionValue::NetscapeCertType(bits) => Some(bits),
                _ => None,
            })
    }

    /// X509_check_purpose for TLS. `anyExtendedKeyUsage` stands for nothing here.
    pub(super) fn fits(&self, purpose: Purpose, issuer: bool) -> bool {
        let c = self.certificate;
        let (wanted, netscape, bits) = match purpose {
            Purpose::Server => (
                oid::KP_SERVER_AUTH,
                NETSCAPE_SSL_SERVER,
                KeyUsage::DIGITAL_SIGNATURE | KeyUsage::KEY_ENCIPHERMENT | KEY_AGREEMENT,
            ),
            Purpose::Client => (
                oid::KP_CLIENT_AUTH,
                NETSCAPE_SSL_CLIENT,
                KeyUsage::DIGITAL_SIGNATURE | KEY_AGREEMENT,
            ),
        };
        let usage_fits = c.extended_key_usage().is_none_or(|usages| {
            usages.iter().any(|u| {
                let gated = purpose == Purpose::Server && GATED_CRYPTO.contains(&u.as_str());
                u.as_str() == wanted || gated
            })
        });
        if !usage_fits {
            return false;
        }
        if issuer {
            return match self.ca() {
                0 => false,
                5 => self.netscape().is_some_and(|n| n & NETSCAPE_SSL_CA != 0),
                _ => true,
            };
        }
        self.netscape().is_none_or(|n| n & netscape != 0)
            && c.key_usage().is_none_or(|usage| usage.0 & bits != 0)
    }

    pub(super) fn usages(&self) -> Vec<String> {
        let usages = self.certificate.extended_key_usage().unwrap_or_default();
        usages.iter().map(Oid::title).collect()
    }

    /// OpenSSL counts the last second as over.
    pub(super) fn dates(&self, at: Moment) -> Option<ReasonKind> {
        // Only whole seconds in UTC are compared.
        let odd = [TimeForm::NoSeconds, TimeForm::Fraction, TimeForm::NotUtc];
        if facts::has_odd_time(self.certificate, &odd) {
            return Some(ReasonKind::NoValidity);
        }
        match (self.certificate.not_before, self.certificate.not_after) {
            (Some(not_before), _) if at < not_before => {
                Some(ReasonKind::NotYetValid { not_before })
            }
            (Some(_), Some(not_after)) if at >= not_after => {
                Some(ReasonKind::Expired { not_after })
            }
            (Some(_), Some(_)) => None,
            _ => Some(ReasonKind::NoValidity),
        }
    }

    /// Bits of security of its key.
    pub(super) fn key_bits(&self) -> u32 {
        let bits = self.certificate.key.bits;
        // Keys that agree and do not sign: a leaf may have one.
        match self.certificate.key.oid.as_str() {
            X25519 => return 128,
            X448 => return 224,
            _ => {}
        }
        if Family::of_key(self.certificate).is_none() {
            return 0;
        }
        match &self.certificate.key.kind {
            KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } => rsa_strength(bits),
            KeyKind::Dsa => match bits {
                0..1024 => 56,
                1024..2048 => 80,
                2048..3072 => 112,
                3072..7680 => 128,
                7680..15360 => 192,
                _ => 256,
            },
            KeyKind::Ec { .. } => match bits {
                0..160 => bits / 2,
                160..224 => 80,
                224..256 => 112,
                256..384 => 128,
                384..512 => 192,
                _ => 256,
            },
            KeyKind::Ed25519 => 128,
            KeyKind::Ed448 => 224,
            KeyKind::MlDsa { level } => match level {
                44 => 128,
                65 => 192,
                _ => 256,
            },
            KeyKind::Unknown => 0,
        }
    }

    /// Bits of security of the signature on it, by its hash.
    pub(super) fn signature_bits(&self) -> u32 {
        match self.certificate.signature_algorithm.hash {
            Some(Hash::Md2 | Hash::Md5) => 39,
            Some(Hash::Sha1) => 63,
            Some(Hash::Sha224) => 112,
            Some(Hash::Sha256) => 128,
            Some(Hash::Sha384) => 192,
            Some(Hash::Sha512) => 256,
            None => match Family::of_signature(self.certificate) {
                Some(Family::Ed25519) => 128,
                Some(Family::Ed448) => 224,
                Some(Family::MlDsa) => 128,
                _ => 0,
            },
        }
    }
}

const X25519: &str = "1.3.101.110";
const X448: &str = "1.3.101.111";

/// Bits of security of an RSA key, by the formula of SP 800-56B, appendix D, rounded to a multiple of
/// eight: 2047 bits are as good as 2048.
fn rsa_strength(bits: u32) -> u32 {
    let most = match bits {
        0..8 => return 0,
        2048 => return 112,
        3072 => return 128,
        8..=7680 => 192,
        7681..=15360 => 256,
        _ => 1200,
    };
    let x = f64::from(bits) * std::f64::consts::LN_2;
    let strength = (1.923 * (x * x.ln().powi(2)).cbrt() - 4.69) / std::f64::consts::LN_2;
    let eighths = (0..=most / 8).rev();
    eighths
        .map(|n| n * 8)
        .find(|&n| f64::from(n) <= strength + 4.0)
        .unwrap_or(0)
}

/// Not the structure of a GeneralName; an address of a wrong length is one.
fn is_broken(name: &GeneralName) -> bool {
    match name {
        GeneralName::Invalid { tag, .. } => *tag != 7,
        GeneralName::EdiParty(content) => !is_edi_party(content),
        _ => false,
    }
}

/// A distribution point without a place and without an issuer.
fn has_point_nowhere(raw: &[u8]) -> bool {
    let points = Element::read(raw, 0);
    points.iter().flat_map(Element::inside).any(|point| {
        let mut parts = point.inside();
        !parts.any(|p| p.tag == 0xa0 || (p.tag == 0xa2 && !p.content.is_empty()))
    })
}

/// EDIPartyName, RFC 5280 section 4.2.1.6: an assigner if it likes, and a party, which are
/// DirectoryStrings.
fn is_edi_party(content: &[u8]) -> bool {
    let mut parts = Elements::new(content, 0);
    let is_string = |part: &Element<'_>| {
        let mut inside = part.inside();
        let string = inside.next();
        string.is_some_and(|s| matches!(s.tag, 12 | 19 | 20 | 28 | 30)) && inside.rest().is_empty()
    };
    let assigner = parts.take_tag(0xa0);
    let party = parts.take_tag(0xa1);
    assigner.is_none_or(|part| is_string(&part))
        && party.is_some_and(|part| is_string(&part))
        && parts.rest().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seen with OpenSSL 3.0: leaves with such keys pass level 2, others of unknown kinds do not.
    #[test]
    fn keys_that_only_agree_have_their_strength() {
        for (oid, bits) in [(X25519, 128), (X448, 224), ("1.2.3", 0)] {
            let mut certificate = Certificate::read(Vec::new());
            certificate.key.oid = Oid::new(oid);
            let traits = Traits {
                certificate: &certificate,
            };
            assert_eq!(traits.key_bits(), bits, "{oid}");
        }
    }
}
