//! A cheap key over a distinguished name, so that a store of hundreds of anchors is indexed without
//! decoding them. Equal names by RFC 5280 section 7.1 have equal keys; the reverse is not promised.

use crate::cert::asn1::Element;

/// The key of the subject of a DER certificate; `None` when none can be found.
pub(super) fn of_certificate(der: &[u8]) -> Option<u64> {
    let tbs = Element::read(der, 0)?.inside().next()?;
    let mut fields = tbs.inside();
    // version [0]?, serialNumber, signature, issuer, validity, subject
    fields.take_tag(0xa0);
    fields.nth(4).map(|subject| key_of(&subject))
}

/// The key of a name, given its DER.
pub(super) fn key(name: &[u8]) -> u64 {
    Element::read(name, 0).map_or_else(|| Fnv::default().0, |name| key_of(&name))
}

fn key_of(name: &Element<'_>) -> u64 {
    let mut hash = Fnv::default();
    let attributes = name.inside().flat_map(|rdn| rdn.inside());
    for text in attributes.filter_map(|attribute| attribute.inside().nth(1)) {
        text.content
            .iter()
            .filter(|b| b.is_ascii_alphanumeric())
            .for_each(|b| hash.add(b.to_ascii_lowercase()));
    }
    hash.0
}

struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(tag: u8, text: &[u8]) -> Vec<u8> {
        let mut value = vec![0x06, 3, 0x55, 4, 3, tag, u8::try_from(text.len()).unwrap()];
        value.extend_from_slice(text);
        let mut out = vec![
            0x30,
            u8::try_from(value.len() + 4).unwrap(),
            0x31,
            u8::try_from(value.len() + 2).unwrap(),
        ];
        out.extend_from_slice(&[0x30, u8::try_from(value.len()).unwrap()]);
        out.extend_from_slice(&value);
        out
    }

    #[test]
    fn names_that_fold_to_the_same_text_share_a_key() {
        let plain = key(&name(0x13, b"Example Root"));
        assert_eq!(plain, key(&name(0x0c, b"example  ROOT ")));
        assert_eq!(
            plain,
            key(&name(0x1e, b"\0E\0x\0a\0m\0p\0l\0e\0 \0R\0o\0o\0t"))
        );
        assert_ne!(plain, key(&name(0x13, b"Example Root 2")));
    }

    #[test]
    fn every_mozilla_root_has_a_subject() {
        for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
            assert!(of_certificate(root).is_some());
        }
    }

    #[test]
    fn cut_off_bytes_have_no_subject() {
        let root = &webpki_root_certs::TLS_SERVER_ROOT_CERTS[0];
        for end in 0..root.len() {
            assert_eq!(of_certificate(&root[..end]), None);
        }
    }
}
