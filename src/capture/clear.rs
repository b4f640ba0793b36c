//! The part of a TLS ≤ 1.2 handshake that is not encrypted: ServerHello and Certificate, read from the
//! bytes received; and a small ClientHello of our own for servers that the TLS library cannot talk to.

use std::sync::Arc;

use tls_parser::TlsCipherSuite;

use super::MOST_CERTIFICATES;

/// What the clear part showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clear {
    /// `TLS 1.0`…
    pub(super) version: Option<String>,
    /// IANA name of the suite.
    pub(super) suite: Option<String>,
    /// Certificates in order.
    pub(super) certificates: Vec<Arc<[u8]>>,
    /// How many more there were.
    pub(super) not_kept: usize,
    /// A fatal alert: its code.
    pub(super) alert: Option<u8>,
    /// The group of the key exchange.
    pub(super) group: Option<String>,
    /// Bits of the prime of a key exchange in a finite field.
    pub(super) dh_bits: Option<u32>,
    /// The ServerHello, of TLS 1.2 or older, knows RFC 5746.
    pub(super) secure_renegotiation: Option<bool>,
    /// The ALPN protocol chosen; in TLS 1.3 it is encrypted.
    pub(super) alpn: Option<Vec<u8>>,
    /// Stapled OCSP response.
    pub(super) staple: Option<Vec<u8>>,
    /// A client certificate is asked for, from these authorities.
    pub(super) authorities: Option<Vec<Vec<u8>>>,
    /// ServerHelloDone was seen: nothing more comes.
    pub(super) done: bool,
}

/// Reads records from the start of a connection. Never fails; what does not parse ends the reading.
pub(super) fn read(bytes: &[u8]) -> Clear {
    let mut clear = Clear::default();
    let mut handshake = Vec::new();
    let mut rest = bytes;
    while let [kind, 3, _, high, low, body @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let (fragment, after) = body.split_at_checked(length).unwrap_or((body, &[]));
        match kind {
            22 => handshake.extend_from_slice(fragment),
            21 => {
                if let [2, code] = fragment {
                    clear.alert = Some(*code);
                }
                break;
            }
            // ChangeCipherSpec: from here on everything is encrypted.
            _ => break,
        }
        rest = after;
    }
    messages(&handshake, &mut clear);
    clear
}

fn messages(mut bytes: &[u8], clear: &mut Clear) {
    while let [kind, a, b, c, body @ ..] = bytes {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some((message, rest)) = body.split_at_checked(length) else {
            return;
        };
        match kind {
            2 => server_hello(message, clear),
            11 => certificates(message, clear),
            12 => server_key_exchange(message, clear),
            13 => certificate_request(message, clear),
            14 => clear.done = true,
            // CertificateStatus (RFC 6066, section 8): type 1, three bytes of length, the response.
            22 => {
                if let [1, _, _, _, response @ ..] = message {
                    clear.staple = Some(response.to_vec());
                }
            }
            _ => {}
        }
        bytes = rest;
    }
}

fn server_hello(message: &[u8], clear: &mut Clear) {
    let Some([major, minor]) = message.first_chunk() else {
        return;
    };
    clear.version = Some(version(*major, *minor));
    let Some(session) = message.get(34) else {
        return;
    };
    let at = 35 + usize::from(*session);
    let Some(&[high, low]) = message.get(at..at + 2) else {
        return;
    };
    let id = u16::from(high) << 8 | u16::from(low);
    clear.suite = Some(
        TlsCipherSuite::from_id(id)
            .map_or_else(|| format!("0x{id:04x}"), |suite| suite.name.to_owned()),
    );
    // After the compression method, two bytes of length and the extensions.
    let mut rest = message.get(at + 5..).unwrap_or_default();
    // Every hello sent from here asks for it.
    clear.secure_renegotiation = Some(false);
    while let [a, b, high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let Some((body, next)) = after.split_at_checked(length) else {
            return;
        };
        match (u16::from(*a) << 8 | u16::from(*b), body) {
            (16, [_, _, _, protocol @ ..]) => clear.alpn = Some(protocol.to_vec()),
            (43, &[3, 4]) => clear.version = Some("TLS 1.3".to_owned()),
            (0xff01, _) => clear.secure_renegotiation = Some(true),
            (51, &[high, low, ..]) => clear.group = Some(group(high, low)),
            _ => {}
        }
        rest = next;
    }
    if clear.version.as_deref() == Some("TLS 1.3") {
        clear.secure_renegotiation = None;
    }
}

/// Named as the TLS library names it.
fn group(high: u8, low: u8) -> String {
    format!(
        "{:?}",
        rustls::NamedGroup::from(u16::from(high) << 8 | u16::from(low))
    )
}

/// ECDHE: curve type 3 and the curve. DHE begins with its prime instead, and has no name.
fn server_key_exchange(message: &[u8], clear: &mut Clear) {
    let suite = clear.suite.as_deref().unwrap_or_default();
    match message {
        [3, high, low, ..] if suite.contains("ECDHE") => clear.group = Some(group(*high, *low)),
        [high, low, rest @ ..] if suite.starts_with("TLS_DHE_") => {
            let length = usize::from(*high) << 8 | usize::from(*low);
            let prime = rest.get(..length).unwrap_or_default();
            let zeros = prime.iter().take_while(|b| **b == 0).count();
            let first = prime.get(zeros).map_or(0, |b| b.leading_zeros());
            let bits = u32::try_from((prime.len() - zeros) * 8).unwrap_or(u32::MAX);
            clear.dh_bits = (bits > 0).then(|| bits.saturating_sub(first));
        }
        _ => {}
    }
}

/// Certificate types, from TLS 1.2 on signature algorithms, and the authorities (RFC 5246, section 7.4.4).
fn certificate_request(message: &[u8], clear: &mut Clear) {
    let Some((types, rest)) = message.split_first() else {
        return;
    };
    let mut rest = rest.get(usize::from(*types)..).unwrap_or_default();
    if clear.version.as_deref() == Some("TLS 1.2")
        && let [high, low, after @ ..] = rest
    {
        let length = usize::from(*high) << 8 | usize::from(*low);
        rest = after.get(length..).unwrap_or_default();
    }
    let mut names = Vec::new();
    rest = rest.get(2..).unwrap_or_default();
    while let [high, low, after @ ..] = rest {
        let length = usize::from(*high) << 8 | usize::from(*low);
        let Some((name, next)) = after.split_at_checked(length) else {
            break;
        };
        names.push(name.to_vec());
        rest = next;
    }
    clear.authorities = Some(names);
}

fn version(major: u8, minor: u8) -> String {
    match (major, minor) {
        (3, 0) => "SSL 3.0".to_owned(),
        (3, 1) => "TLS 1.0".to_owned(),
        (3, 2) => "TLS 1.1".to_owned(),
        (3, 3) => "TLS 1.2".to_owned(),
        (a, b) => format!("version {a}.{b}"),
    }
}

fn certificates(message: &[u8], clear: &mut Clear) {
    let mut rest = message.get(3..).unwrap_or_default();
    while let [a, b, c, body @ ..] = rest {
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some((der, after)) = body.split_at_checked(length) else {
            return;
        };
        if clear.certificates.len() < MOST_CERTIFICATES {
            clear.certificates.push(Arc::from(der));
        } else {
            clear.not_kept += 1;
        }
        rest = after;
    }
}

/// Suites offered, in the order that gets a certificate from the most servers: ECDHE, DHE, static RSA.
/// None is anonymous, pre-shared or without encryption.
const SUITES: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc009, 0xc013, 0xc00a, 0xc014, 0xc023, 0xc027,
    0xc024, 0xc028, 0xc008, 0xc012, 0xc007, 0xc011, 0x009e, 0x009f, 0xccaa, 0x0033, 0x0039, 0x0067,
    0x006b, 0x0016, 0x0032, 0x0038, 0x0013, 0x009c, 0x009d, 0x002f, 0x0035, 0x003c, 0x003d, 0x000a,
    0x0005, 0x0004, 0x0041, 0x0084, 0x00ff,
];

/// A ClientHello for TLS 1.2 and older. `random` is 32 bytes.
pub(super) fn client_hello(server_name: Option<&str>, random: &[u8; 32]) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(name) = server_name {
        let entry = [&[0][..], &prefixed(name.as_bytes())].concat();
        extension(&mut extensions, 0, &prefixed(&entry));
    }
    // Groups: x25519, P-256, P-384, P-521, x448, secp256k1 and three of Brainpool.
    extension(
        &mut extensions,
        10,
        &words(&[29, 23, 24, 25, 30, 22, 26, 27, 28]),
    );
    extension(&mut extensions, 11, &[1, 0]);
    let schemes = [
        0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,
        0x0401, 0x0501, 0x0601, 0x0402, 0x0303, 0x0301, 0x0203, 0x0201, 0x0202,
    ];
    extension(&mut extensions, 13, &words(&schemes));
    let mut body = vec![3, 3];
    body.extend_from_slice(random);
    body.push(0);
    body.extend(words(SUITES));
    body.extend_from_slice(&[1, 0]);
    body.extend(prefixed(&extensions));
    let mut message = vec![1, 0];
    message.extend(prefixed(&body));
    let mut record = vec![22, 3, 1];
    record.extend(prefixed(&message));
    record
}

fn extension(out: &mut Vec<u8>, id: u16, body: &[u8]) {
    out.extend_from_slice(&id.to_be_bytes());
    out.extend(prefixed(body));
}

/// With its length before it in two bytes.
fn prefixed(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], body].concat()
}

fn words(list: &[u16]) -> Vec<u8> {
    prefixed(
        &list
            .iter()
            .flat_map(|w| w.to_be_bytes())
            .collect::<Vec<u8>>(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flight() -> Vec<u8> {
        let mut hello = vec![3, 1];
        hello.extend_from_slice(&[7; 32]);
        hello.extend_from_slice(&[0, 0x00, 0x2f, 0]);
        let certificate = [0, 0, 9, 0, 0, 2, 1, 2, 0, 0, 1, 3];
        let mut messages = vec![2, 0, 0, u8::try_from(hello.len()).unwrap()];
        messages.extend_from_slice(&hello);
        messages.extend_from_slice(&[11, 0, 0, 12]);
        messages.extend_from_slice(&certificate);
        messages.extend_from_slice(&[14, 0, 0, 0]);
        // In two records, cut in the middle of a message.
        let (one, two) = messages.split_at(20);
        let record = |body: &[u8]| [&[22, 3, 1][..], &prefixed(body)].concat();
        [record(one), record(two)].concat()
    }

    #[test]
    fn a_flight_in_pieces_is_read() {
        let clear = read(&flight());
        assert_eq!(clear.version.as_deref(), Some("TLS 1.0"));
        assert_eq!(clear.suite.as_deref(), Some("TLS_RSA_WITH_AES_128_CBC_SHA"));
        assert_eq!(clear.certificates.len(), 2);
        assert!(clear.done);
    }

    #[test]
    fn cut_off_flights_never_panic() {
        let flight = flight();
        for end in 0..flight.len() {
            let clear = read(&flight[..end]);
            assert!(!clear.done);
        }
    }

    #[test]
    fn alerts_are_read() {
        assert_eq!(read(&[21, 3, 1, 0, 2, 2, 70]).alert, Some(70));
    }

    #[test]
    fn our_hello_has_the_lengths_it_says() {
        let hello = client_hello(Some("localhost"), &[1; 32]);
        assert_eq!(
            usize::from(hello[3]) << 8 | usize::from(hello[4]),
            hello.len() - 5
        );
        assert_eq!(
            usize::from(hello[7]) << 8 | usize::from(hello[8]),
            hello.len() - 9
        );
    }
}
