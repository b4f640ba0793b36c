//! How a handshake ended, named: what the library, the socket and the first bytes received say
//! together.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::handshake::{self, Record};
use super::plaintext::{self, Spoken};
use super::tee::Received;
use super::{
    Alert, Capture, ClientAuth, Failure, MOST_FIRST_BYTES, ProxyFailure, Seen, Session, clear,
};
use crate::net::{ProxyTrouble, Route, Stage};
use crate::target::Endpoint;
use crate::text::{self, Untrusted};

/// Moves what the verifier and the tee saw into the capture.
pub(super) fn take_record(
    capture: &mut Capture,
    record: &Arc<Mutex<Record>>,
    received: &Arc<Mutex<Received>>,
) {
    let record = std::mem::take(&mut *handshake::lock(record));
    let received = received.lock().unwrap_or_else(PoisonError::into_inner);
    capture.first_bytes = received
        .first
        .get(..MOST_FIRST_BYTES)
        .unwrap_or(&received.first)
        .to_vec();
    capture.session.possession = record.possession;
    capture.session.ocsp_staple = record.staple;
    capture.session.client_auth = record.client_auth;
    if !record.chain.is_empty() {
        capture.presented = record.chain;
        capture.not_kept = record.not_kept;
        capture.seen_by = Seen::Handshake;
    }
    from_clear(capture, &received.first);
}

/// Certificates and facts from the clear part of a handshake; what is known already stays.
pub(super) fn from_clear(capture: &mut Capture, bytes: &[u8]) {
    let clear = clear::read(bytes);
    if capture.presented.is_empty() && !clear.certificates.is_empty() {
        capture.presented = clear.certificates;
        capture.not_kept = clear.not_kept;
        capture.seen_by = Seen::Clear;
        // What came with these certificates counts, not what an earlier attempt was told.
        capture.session.version = None;
        capture.session.cipher_suite = None;
        capture.session.group = None;
        capture.session.dh_bits = None;
        capture.session.secure_renegotiation = None;
    }
    let session = &mut capture.session;
    let fill = |known: &mut Option<String>, seen: Option<String>| {
        if known.is_none() {
            *known = seen;
        }
    };
    fill(&mut session.version, clear.version);
    fill(&mut session.cipher_suite, clear.suite);
    fill(&mut session.group, clear.group);
    session.dh_bits = session.dh_bits.or(clear.dh_bits);
    session.secure_renegotiation = session.secure_renegotiation.or(clear.secure_renegotiation);
    if session.alpn.is_none() {
        session.alpn = clear.alpn.as_deref().map(Untrusted::from_bytes);
    }
    if session.ocsp_staple.is_none() {
        session.ocsp_staple = clear.staple;
    }
    if session.client_auth.is_none() {
        session.client_auth = clear.authorities.map(|authorities| ClientAuth {
            authorities,
            required: false,
        });
    }
}

/// The handshake finished: the library's facts, and what only the verifier saw.
pub(super) fn finished(session: Session, capture: &mut Capture) {
    let seen = std::mem::take(&mut capture.session);
    capture.session = Session {
        possession: seen.possession,
        ocsp_staple: seen.ocsp_staple,
        client_auth: seen.client_auth,
        dh_bits: seen.dh_bits,
        secure_renegotiation: seen.secure_renegotiation,
        ..session
    };
}

/// The library or the socket reported an error.
pub(super) fn failed(
    endpoint: &Endpoint,
    error: &io::Error,
    received: &Arc<Mutex<Received>>,
    capture: &mut Capture,
) {
    use rustls::{Error, InvalidMessage};
    let received = received.lock().unwrap_or_else(PoisonError::into_inner);
    let spoken = plaintext::name(&received.first, endpoint.port);
    // A socket that the peer has closed answers a write with "broken pipe".
    let closed = matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe
    );
    let failure = match (handshake::tls_error(error), spoken) {
        _ if received.too_much => Failure::TooMuchData,
        (Some(Error::AlertReceived(description)), _) => {
            capture.session.alert = Some(Alert::of((*description).into()));
            Failure::Alert
        }
        (Some(Error::NoCertificatesPresented), _) => Failure::NoCertificate,
        (_, Spoken::Known(..) | Spoken::Unknown) if is_page_of_proxy(capture, &received.first) => {
            Failure::Proxy(ProxyFailure::Answered(ProxyTrouble::NotAProxy(
                Untrusted::new(page(&received.first)),
            )))
        }
        (_, Spoken::Known(speaks, first_line)) => Failure::NotTls { speaks, first_line },
        (_, Spoken::Unknown) if !received.first.is_empty() => Failure::Garbage,
        (Some(Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge)), _) => {
            Failure::TooMuchData
        }
        (Some(other), _) => Failure::Library(text::safe(&other.to_string()).into_owned()),
        (None, _) if received.total == 0 && closed => Failure::ClosedAtOnce,
        (None, _) if closed => Failure::Truncated,
        (None, _) => Failure::Reset,
    };
    drop(received);
    // Whoever ends the handshake after asking for a certificate and getting none wanted one.
    if matches!(
        failure,
        Failure::Alert | Failure::Truncated | Failure::Reset
    ) && let Some(auth) = &mut capture.session.client_auth
    {
        auth.required = true;
    }
    capture.fail(Stage::Handshake, failure);
}

/// The time limit passed.
pub(super) fn timed_out(
    endpoint: &Endpoint,
    received: &Arc<Mutex<Received>>,
    capture: &mut Capture,
) {
    let received = received.lock().unwrap_or_else(PoisonError::into_inner);
    let failure = match plaintext::name(&received.first, endpoint.port) {
        _ if received.total == 0 => Failure::Silent,
        Spoken::Known(speaks, first_line) => Failure::NotTls { speaks, first_line },
        Spoken::Unknown => Failure::Garbage,
        Spoken::Tls => Failure::TimedOut,
    };
    drop(received);
    capture.fail(Stage::Handshake, failure);
}

/// A proxy that says 200 and then shows a page of its own. The server's side of the tunnel would have
/// begun with a status line or with TLS.
fn is_page_of_proxy(capture: &Capture, first: &[u8]) -> bool {
    matches!(capture.route, Route::Proxy { .. }) && first.trim_ascii_start().starts_with(b"<")
}

fn page(bytes: &[u8]) -> String {
    let line: Vec<u8> = bytes.trim_ascii_start().iter().copied().take(200).collect();
    format!("200, and then a page: {}", String::from_utf8_lossy(&line))
}
