//! Canned bytes that servers send. Servers that use them are in `serve`.

/// What an SSH server says first (RFC 4253, section 4.2).
pub(super) const SSH: &[u8] = b"SSH-2.0-whycert_lab\r\n";

/// Bytes of no protocol.
pub(super) const GARBAGE: &[u8] = &[
    0x9d, 0x01, 0xfe, 0x83, 0xc6, 0x00, 0xb2, 0x97, 0x0b, 0xe1, 0x88, 0xd4, 0x03, 0xfa, 0x91, 0xcd,
    0x80, 0xaf, 0x0c, 0xf3, 0x99, 0x86, 0x1d, 0xee, 0xa7, 0xc2, 0xb8, 0x05, 0x8a, 0xf0, 0xd9, 0x94,
];

/// The fatal alert `unrecognized_name` (RFC 6066, section 3).
pub(super) const UNRECOGNISED_NAME: &[u8] = &[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70];

/// The fatal alert `handshake_failure`.
pub(super) const HANDSHAKE_FAILURE: &[u8] = &[0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x28];

/// A record that announces 122 bytes of ServerHello and holds the first 18 of them.
pub(super) const HALF_SERVER_HELLO: &[u8] = &[
    0x16, 0x03, 0x03, 0x00, 0x7a, 0x02, 0x00, 0x00, 0x76, 0x03, 0x03, 0x5a, 0x11, 0x0c, 0x7e, 0x21,
    0x92, 0x33, 0x48, 0x6b, 0x04, 0x1f, 0xd2,
];

/// A handshake record of a ServerHello that announces 16 MB; [`MORE_OF_ENDLESS`] goes on for ever.
pub(super) const START_OF_ENDLESS: &[u8] = &[
    0x16, 0x03, 0x03, 0x00, 0x06, 0x02, 0xff, 0xff, 0xff, 0x03, 0x03,
];

/// The head of a handshake record of 16,384 bytes.
pub(super) const RECORD_HEAD: &[u8] = &[0x16, 0x03, 0x03, 0x40, 0x00];

/// TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, the one suite of the lab's old server.
const OLD_SUITE: [u8; 2] = [0xc0, 0x09];

/// ServerHello and Certificate of a server that speaks TLS 1.0 only (RFC 2246). The key exchange
/// after it is missing: no current client gets that far.
pub(super) fn tls10(chain: &[&[u8]]) -> Vec<u8> {
    let mut hello = vec![0x03, 0x01];
    hello.extend_from_slice(b"whycert lab speaks only TLS 1.0!");
    hello.push(0);
    hello.extend_from_slice(&OLD_SUITE);
    hello.push(0);
    let mut list = Vec::new();
    for der in chain {
        list.extend(with_length(der));
    }
    let mut out = record(&message(2, &hello));
    out.extend(record(&message(11, &with_length(&list))));
    out
}

/// A ClientHello offers a suite that the old server knows, as one of its pairs of bytes.
pub(super) fn offers_old_suite(client_hello: &[u8]) -> bool {
    // Record head 5, message head 4, version 2, random 32, then the session id.
    let Some(&session) = client_hello.get(43) else {
        return false;
    };
    let at = 44 + usize::from(session);
    let Some(&[high, low]) = client_hello.get(at..at + 2) else {
        return false;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let suites = client_hello.get(at + 2..).unwrap_or_default();
    suites
        .get(..length)
        .unwrap_or(suites)
        .chunks_exact(2)
        .any(|suite| suite == OLD_SUITE)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![kind];
    out.extend(with_length(body));
    out
}

/// Three bytes of length, then the bytes.
fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut out: Vec<u8> = length.into_iter().skip(1).collect();
    out.extend_from_slice(bytes);
    out
}

/// Handshake records of at most 16,384 bytes.
fn record(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 5);
    for part in bytes.chunks(16_384) {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
        out.extend_from_slice(&[0x16, 0x03, 0x01]);
        out.extend_from_slice(&length);
        out.extend_from_slice(part);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_flight_is_framed_as_records_say() {
        let flight = tls10(&[&[0x30; 20_000], &[0x31; 5]]);
        let mut rest = flight.as_slice();
        let mut messages = Vec::new();
        while let [0x16, 3, 1, high, low, after @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            messages.extend_from_slice(&after[..length]);
            rest = &after[length..];
        }
        assert!(rest.is_empty());
        assert_eq!(messages[0], 2);
        let hello = usize::from(messages[3]) + 4;
        assert_eq!(messages[hello], 11);
        assert_eq!(messages.len() - hello, 4 + 3 + 3 + 20_000 + 3 + 5);
    }

    #[test]
    fn only_a_hello_with_the_suite_is_answered() {
        let mut hello = vec![0; 43];
        hello.extend_from_slice(&[0, 0, 4, 0x13, 0x01, 0xc0, 0x09]);
        assert!(offers_old_suite(&hello));
        hello.truncate(48);
        assert!(!offers_old_suite(&hello));
        assert!(!offers_old_suite(b"GET /"));
    }
}
