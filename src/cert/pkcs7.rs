//! Certificates in PKCS#7 (RFC 2315, section 9.1): the `certs-only` SignedData that CAs serve as `.p7c`.
//! Only the certificates are read; nothing in it is verified, and nothing needs to be.

use super::asn1::{Element, OID, SEQUENCE};

/// 1.2.840.113549.1.7.2, signedData.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// `[0]`, constructed.
const CONTEXT_0: u8 = 0xa0;

/// The DER of each certificate, in order and at most `most`; empty when the bytes are no SignedData.
/// BER's indefinite lengths around the certificates are fine.
pub fn certificates(bytes: &[u8], most: usize) -> Vec<Vec<u8>> {
    certificate_set(bytes)
        .map(|set| {
            set.inside()
                .filter(|one| one.tag == SEQUENCE)
                .take(most)
                .map(|one| one.whole.to_vec())
                .collect()
        })
        .unwrap_or_default()
}

/// ContentInfo → `[0]` → SignedData → `[0]` certificates.
fn certificate_set(bytes: &[u8]) -> Option<Element<'_>> {
    let outer = Element::read(bytes, 0).filter(|e| e.tag == SEQUENCE)?;
    let mut parts = outer.inside();
    parts.take_tag(OID).filter(|e| e.content == SIGNED_DATA)?;
    let signed = parts.take_tag(CONTEXT_0)?.inside().take_tag(SEQUENCE)?;
    // version, digestAlgorithms and contentInfo stand before it.
    signed.inside().skip(3).find(|e| e.tag == CONTEXT_0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag, 0x82];
        out.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        out.extend(content);
        out
    }

    fn signed(certificates: &[u8]) -> Vec<u8> {
        let oid = [&[OID, 9], SIGNED_DATA].concat();
        let head = [2u8, 1, 1, 0x31, 0, 0x30, 0];
        let data = tlv(SEQUENCE, &[&head[..], certificates].concat());
        tlv(SEQUENCE, &[oid, tlv(CONTEXT_0, &data)].concat())
    }

    #[test]
    fn certificates_are_taken_out_in_order() {
        let one = [0x30, 1, 7];
        let two = [0x30, 2, 8, 8];
        let set = tlv(CONTEXT_0, &[&one[..], &two].concat());
        assert_eq!(certificates(&signed(&set), 9), [one.to_vec(), two.to_vec()]);
        assert_eq!(certificates(&signed(&set), 1), [one.to_vec()]);
    }

    #[test]
    fn indefinite_lengths_are_read() {
        let one = [0x30, 1, 7];
        let set = [&[CONTEXT_0, 0x80][..], &one, &[0, 0]].concat();
        assert_eq!(certificates(&signed(&set), 9), [one.to_vec()]);
    }

    #[test]
    fn anything_else_holds_none() {
        let whole = signed(&tlv(CONTEXT_0, &[0x30, 1, 7]));
        for cut in 0..whole.len() {
            assert_eq!(
                certificates(&whole[..cut], 9),
                Vec::<Vec<u8>>::new(),
                "{cut}"
            );
        }
        assert!(certificates(b"<html>", 9).is_empty());
        assert!(certificates(&signed(&[]), 9).is_empty());
    }
}
