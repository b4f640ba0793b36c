//! What a file says an anchor may be used for: the data that OpenSSL's `TRUSTED CERTIFICATE` has after
//! its certificate. Other libraries do not read such a block at all.

use crate::cert::asn1::{self, Element, Elements};
use crate::cert::oid;

/// OpenSSL's `X509_CERT_AUX`: a list of uses that are trusted, and one of those that are rejected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// When there is a list, what is not in it is not trusted.
    trusted: Option<Vec<Box<str>>>,
    rejected: Vec<Box<str>>,
}

/// `reject [0]`.
const REJECT: u8 = 0xa0;

impl Uses {
    /// Reads what follows the certificate. What cannot be read is trusted for nothing, as OpenSSL does
    /// not read such a block.
    pub(super) fn read(after: &[u8]) -> Self {
        if after.is_empty() {
            return Self::default();
        }
        let none = Self {
            trusted: Some(Vec::new()),
            rejected: Vec::new(),
        };
        let Some(whole) = Element::read(after, 0).filter(|e| e.tag == asn1::SEQUENCE) else {
            return none;
        };
        let mut parts = whole.inside();
        let trusted = parts.take_tag(asn1::SEQUENCE).map(|e| oids(e.inside()));
        let rejected = parts.take_tag(REJECT).map(|e| oids(e.inside()));
        let rejected = rejected.unwrap_or_default();
        Self { trusted, rejected }
    }

    /// The anchor may be used for this purpose (the OID of an extended key usage).
    pub fn allow(&self, purpose: &str) -> bool {
        let trusted = self.trusted.as_deref();
        !has(&self.rejected, purpose) && trusted.is_none_or(|list| has(list, purpose))
    }

    /// It may be, and its file says so.
    pub fn name(&self, purpose: &str) -> bool {
        self.trusted.is_some() && self.allow(purpose)
    }
}

fn has(list: &[Box<str>], purpose: &str) -> bool {
    list.iter()
        .any(|u| u.as_ref() == purpose || u.as_ref() == oid::ANY_EXTENDED_KEY_USAGE)
}

fn oids(list: Elements<'_>) -> Vec<Box<str>> {
    list.filter(|e| e.tag == asn1::OID)
        .filter_map(|e| asn1::dotted(e.content))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    const CLIENT: [u8; 10] = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, content.len() as u8], content].concat()
    }

    #[test]
    fn rejected_uses_win_over_trusted_ones() {
        let allowed = |after: &[u8]| {
            let uses = Uses::read(after);
            [oid::KP_SERVER_AUTH, oid::KP_CLIENT_AUTH].map(|purpose| uses.allow(purpose))
        };
        let trust = element(0x30, &SERVER);
        let reject = element(REJECT, &CLIENT);
        let any = element(REJECT, &[6, 4, 0x55, 0x1d, 0x25, 0]);
        let both = [trust.clone(), element(REJECT, &SERVER)].concat();
        assert_eq!(allowed(&[]), [true, true]);
        assert_eq!(allowed(&element(0x30, &[])), [true, true]);
        assert_eq!(allowed(&element(0x30, &trust)), [true, false]);
        assert_eq!(allowed(&element(0x30, &reject)), [true, false]);
        assert_eq!(allowed(&element(0x30, &any)), [false, false]);
        assert_eq!(allowed(&element(0x30, &both)), [false, false]);
        assert_eq!(allowed(&[0x31, 0]), [false, false], "not what it should be");
    }
}
