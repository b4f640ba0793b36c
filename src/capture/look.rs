//! The order of looking: dial, proxy, STARTTLS, handshake; and when that fails, a closer look.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::handshake::{self, Ask, Record};
use super::plaintext::{self, Spoken};
use super::tee::{Received, Tee};
use super::{
    Alert, Capture, Failure, MOST_FIRST_BYTES, Outcome, ProxyFailure, Seen, Speaks, clear, file,
};
use crate::net::dial::{self, Trace};
use crate::net::starttls::{self, Refused};
use crate::net::{Reach, Route, Stage, Stream, Trouble, proxy};
use crate::target::{Endpoint, Host, ServerNameChoice, Source, Target};
use crate::text::Untrusted;

/// The progress of a look, told to whoever waits.
type Progress<'a> = &'a (dyn Fn(Stage) + Send + Sync);

impl Capture {
    fn empty(target: &Target) -> Self {
        Self {
            target: target.clone(),
            route: Route::Direct,
            attempts: Vec::new(),
            peer: None,
            presented: Vec::new(),
            not_kept: 0,
            seen_by: Seen::Nothing,
            session: super::Session::default(),
            outcome: Outcome::Complete,
            timings: Vec::new(),
            first_bytes: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn fail(&mut self, stage: Stage, failure: Failure) {
        self.outcome = Outcome::Failed { stage, failure };
    }
}

/// Looks at a target: connects and shakes hands, or reads the file. Never fails; what went wrong is
/// in [`Capture::outcome`]. `progress` is told when a stage begins. Dropping the future cancels.
pub async fn look(target: &Target, reach: &Reach, progress: Progress<'_>) -> Capture {
    let mut capture = Capture::empty(target);
    match &target.source {
        Source::Endpoint(endpoint) => endpoint_look(endpoint, reach, progress, &mut capture).await,
        Source::File(path) => {
            let path = path.clone();
            file_look(move || file::read(&path), progress, &mut capture).await;
        }
        Source::Stdin => file_look(file::read_stdin, progress, &mut capture).await,
    }
    capture
}

async fn file_look(
    read: impl FnOnce() -> Result<file::Held, Failure> + Send + 'static,
    progress: Progress<'_>,
    capture: &mut Capture,
) {
    progress(Stage::ReadingFile);
    let began = Instant::now();
    let held = tokio::task::spawn_blocking(read).await;
    capture.timings.push((Stage::ReadingFile, began.elapsed()));
    match held.unwrap_or_else(|e| Err(Failure::File(e.to_string()))) {
        Ok(held) => {
            capture.presented = held.certificates;
            capture.notes = held.notes;
            capture.seen_by = Seen::File;
        }
        Err(failure) => capture.fail(Stage::ReadingFile, failure),
    }
}

async fn endpoint_look(
    endpoint: &Endpoint,
    reach: &Reach,
    progress: Progress<'_>,
    capture: &mut Capture,
) {
    let received = Arc::new(Mutex::new(Received::default()));
    let Some(stream) = open(endpoint, reach, progress, capture).await else {
        return;
    };
    progress(Stage::Handshake);
    let mut ask = Ask {
        server_name: server_name(endpoint),
        alpn: endpoint.upgrade.is_none(),
    };
    let record = Arc::new(Mutex::new(Record::default()));
    let began = Instant::now();
    let mut result = shake(stream, &ask, &record, &received, reach.timeout).await;
    capture.timings.push((Stage::Handshake, began.elapsed()));
    if is_alert(&result, 120) {
        // No protocol in common: the certificate can be seen without ALPN.
        ask.alpn = false;
        if let Some(stream) = open(endpoint, reach, progress, capture).await {
            progress(Stage::Handshake);
            *received.lock().unwrap_or_else(PoisonError::into_inner) = Received::default();
            let began = Instant::now();
            result = shake(stream, &ask, &record, &received, reach.timeout).await;
            capture.timings.push((Stage::Handshake, began.elapsed()));
        }
    }
    take_record(capture, &record, &received);
    match result {
        Ok(Ok(session)) => {
            let possession = std::mem::take(&mut capture.session.possession);
            let (ocsp_staple, client_auth) = (
                capture.session.ocsp_staple.take(),
                capture.session.client_auth.take(),
            );
            capture.session = super::Session {
                possession,
                ocsp_staple,
                client_auth,
                ..session
            };
        }
        Ok(Err(error)) => failed(endpoint, &error, &received, capture),
        Err(_) => timed_out(endpoint, &received, capture),
    }
    capture.session.server_name = ask.server_name;
    closer(endpoint, reach, progress, capture).await;
}

type Shaken = Result<Result<super::Session, io::Error>, tokio::time::error::Elapsed>;

async fn shake(
    stream: Box<dyn Stream>,
    ask: &Ask,
    record: &Arc<Mutex<Record>>,
    received: &Arc<Mutex<Received>>,
    limit: Duration,
) -> Shaken {
    let stream: Box<dyn Stream> = Box::new(Tee::new(stream, received.clone()));
    timeout(limit, handshake::shake(stream, ask, record)).await
}

fn is_alert(result: &Shaken, code: u8) -> bool {
    match result {
        Ok(Err(error)) => matches!(
            handshake::tls_error(error),
            Some(rustls::Error::AlertReceived(alert)) if u8::from(*alert) == code
        ),
        _ => false,
    }
}

/// Dials, goes through the proxy, and holds the STARTTLS dialogue.
async fn open(
    endpoint: &Endpoint,
    reach: &Reach,
    progress: Progress<'_>,
    capture: &mut Capture,
) -> Option<Box<dyn Stream>> {
    let (host, port) = match &endpoint.connect {
        Some((host, port)) => (host.clone(), port.unwrap_or(endpoint.port)),
        None => (endpoint.host.clone(), endpoint.port),
    };
    let proxy = match proxy::find(&reach.proxy, &plain(&host), port) {
        Ok(proxy) => proxy,
        Err(trouble) => {
            capture.fail(
                Stage::Proxy,
                Failure::Proxy(ProxyFailure::Answered(trouble)),
            );
            return None;
        }
    };
    let (dial_host, dial_port) = match &proxy {
        Some(proxy) => {
            capture.route = proxy.route.clone();
            let (name, port) = proxy.address();
            (host_of(&name), port)
        }
        None => (host.clone(), port),
    };
    let mut trace = Trace::default();
    let dialed = dial::dial(
        &dial_host,
        dial_port,
        reach.family,
        reach.timeout,
        &mut trace,
        progress,
    )
    .await;
    capture.attempts.extend(trace.attempts);
    capture.timings.extend(trace.timings);
    let dialed = match dialed {
        Ok(dialed) => dialed,
        Err((_, trouble)) if proxy.is_some() => {
            capture.fail(
                Stage::Proxy,
                Failure::Proxy(ProxyFailure::Unreachable(in_words(&trouble))),
            );
            return None;
        }
        Err((stage, trouble)) => {
            capture.fail(stage, reached(trouble));
            return None;
        }
    };
    capture.peer = Some(dialed.peer);
    let mut stream: Box<dyn Stream> = match &proxy {
        None => Box::new(dialed.stream),
        Some(proxy) => {
            progress(Stage::Proxy);
            let began = Instant::now();
            let opened = timeout(
                reach.timeout,
                proxy.open(dialed.stream, &plain(&host), port),
            )
            .await;
            capture.timings.push((Stage::Proxy, began.elapsed()));
            match opened {
                Ok(Ok(stream)) => stream,
                Ok(Err(trouble)) => {
                    capture.fail(
                        Stage::Proxy,
                        Failure::Proxy(ProxyFailure::Answered(trouble)),
                    );
                    return None;
                }
                Err(_) => {
                    capture.fail(Stage::Proxy, Failure::TimedOut);
                    return None;
                }
            }
        }
    };
    if let Some(protocol) = endpoint.upgrade {
        progress(Stage::Upgrading);
        let began = Instant::now();
        let upgraded = timeout(reach.timeout, starttls::upgrade(stream.as_mut(), protocol)).await;
        capture.timings.push((Stage::Upgrading, began.elapsed()));
        let failure = match upgraded {
            Ok(Ok(())) => None,
            Ok(Err(Refused::Words(words))) => Some(Failure::UpgradeRefused { protocol, words }),
            Ok(Err(Refused::Broken(error))) if error.kind() == io::ErrorKind::ConnectionReset => {
                Some(Failure::Reset)
            }
            Ok(Err(Refused::Broken(_))) => Some(Failure::UpgradeRefused {
                protocol,
                words: Untrusted::new("it closed the connection"),
            }),
            Err(_) => Some(Failure::Silent),
        };
        if let Some(failure) = failure {
            capture.fail(Stage::Upgrading, failure);
            return None;
        }
    }
    Some(stream)
}

fn plain(host: &Host) -> String {
    match host {
        Host::Name { ascii, .. } => ascii.clone(),
        Host::Ip(_) => host.to_string(),
    }
}

fn host_of(name: &str) -> Host {
    match name.parse() {
        Ok(ip) => Host::Ip(ip),
        Err(_) => Host::Name {
            ascii: name.to_owned(),
            unicode: name.to_owned(),
        },
    }
}

/// The name for SNI; addresses are never sent (RFC 6066 section 3).
fn server_name(endpoint: &Endpoint) -> Option<String> {
    match (&endpoint.server_name, &endpoint.host) {
        (ServerNameChoice::Omitted, _) => None,
        (ServerNameChoice::Named(name), _) => Some(name.clone()),
        (ServerNameChoice::Host, Host::Name { ascii, .. }) => Some(ascii.clone()),
        (ServerNameChoice::Host, Host::Ip(_)) => None,
    }
}

fn reached(trouble: Trouble) -> Failure {
    match trouble {
        Trouble::NoSuchName { words } => Failure::NoSuchName { words },
        Trouble::NoAddressOfFamily => Failure::NoAddressOfFamily,
        Trouble::Refused => Failure::Refused,
        Trouble::Unreachable { words } => Failure::Unreachable { words },
        Trouble::TimedOut => Failure::TimedOut,
    }
}

fn in_words(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NoSuchName { words } => format!("its name does not resolve ({words})"),
        Trouble::NoAddressOfFamily => "it has no address of the family asked for".to_owned(),
        Trouble::Refused => "nothing listens on its port".to_owned(),
        Trouble::Unreachable { words } => words.clone(),
        Trouble::TimedOut => "no answer in time".to_owned(),
    }
}

fn take_record(
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
    if record.chain.is_empty() {
        from_clear(capture, &received.first);
    } else {
        capture.presented = record.chain;
        capture.not_kept = record.not_kept;
        capture.seen_by = Seen::Handshake;
    }
}

/// Certificates and facts from the clear part of a handshake.
fn from_clear(capture: &mut Capture, bytes: &[u8]) {
    let clear = clear::read(bytes);
    if clear.certificates.is_empty() {
        return;
    }
    capture.presented = clear.certificates;
    capture.not_kept = clear.not_kept;
    capture.seen_by = Seen::Clear;
    capture.session.version = clear.version;
    capture.session.cipher_suite = clear.suite;
}

fn failed(
    endpoint: &Endpoint,
    error: &io::Error,
    received: &Arc<Mutex<Received>>,
    capture: &mut Capture,
) {
    let received = received.lock().unwrap_or_else(PoisonError::into_inner);
    let spoken = plaintext::name(&received.first, endpoint.port);
    let failure = match (handshake::tls_error(error), spoken) {
        _ if received.too_much => Failure::TooMuchData,
        (Some(rustls::Error::AlertReceived(description)), _) => {
            capture.session.alert = Some(handshake::alert(*description));
            if let Some(auth) = &mut capture.session.client_auth {
                auth.required = true;
            }
            Failure::Alert
        }
        (Some(rustls::Error::NoCertificatesPresented), _) => Failure::NoCertificate,
        (_, Spoken::Known(speaks, first_line)) => Failure::NotTls { speaks, first_line },
        (_, Spoken::Unknown) if !received.first.is_empty() => Failure::Garbage,
        (Some(other), _) => Failure::Library(crate::text::safe(&other.to_string()).into_owned()),
        (None, _) if received.total == 0 => match error.kind() {
            io::ErrorKind::UnexpectedEof => Failure::ClosedAtOnce,
            _ => Failure::Reset,
        },
        (None, _) if error.kind() == io::ErrorKind::UnexpectedEof => Failure::Truncated,
        (None, _) => Failure::Reset,
    };
    drop(received);
    capture.fail(Stage::Handshake, failure);
}

fn timed_out(endpoint: &Endpoint, received: &Arc<Mutex<Received>>, capture: &mut Capture) {
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

/// When the library could not go on and no certificate was seen: asks in an older way, or finds out
/// that it is PostgreSQL.
async fn closer(endpoint: &Endpoint, reach: &Reach, progress: Progress<'_>, capture: &mut Capture) {
    let Outcome::Failed { failure, .. } = &capture.outcome else {
        return;
    };
    if !capture.presented.is_empty() {
        return;
    }
    match failure {
        Failure::Alert | Failure::Library(_) | Failure::Truncated => {
            if let Some(bytes) = probe(endpoint, reach, progress, capture).await {
                from_clear(capture, &bytes);
                let name = capture
                    .session
                    .alert
                    .is_none()
                    .then(|| clear::read(&bytes).alert)
                    .flatten();
                if let Some(code) = name {
                    capture.session.alert = Some(Alert {
                        code,
                        name: handshake::alert_name(code),
                    });
                }
            }
        }
        Failure::ClosedAtOnce | Failure::Reset
            if matches!(endpoint.port, 5432 | 5433 | 6432)
                && is_postgres(endpoint, reach, progress, capture).await =>
        {
            let first_line = Untrusted::new("it answers PostgreSQL's request for TLS");
            capture.fail(
                Stage::Handshake,
                Failure::NotTls {
                    speaks: Speaks::Postgres,
                    first_line,
                },
            );
        }
        _ => {}
    }
}

/// Sends our own ClientHello and collects the clear part of the answer.
async fn probe(
    endpoint: &Endpoint,
    reach: &Reach,
    progress: Progress<'_>,
    capture: &mut Capture,
) -> Option<Vec<u8>> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).ok()?;
    let hello = clear::client_hello(server_name(endpoint).as_deref(), &random);
    let mut again = Capture::empty(&capture.target);
    let mut stream = open(endpoint, reach, &|_| {}, &mut again).await?;
    progress(Stage::Probing);
    let began = Instant::now();
    let mut bytes = Vec::new();
    let reading = async {
        stream.write_all(&hello).await?;
        let mut chunk = [0; 16 * 1024];
        while bytes.len() < 256 * 1024 {
            let n = stream.read(&mut chunk).await?;
            let Some(new) = chunk.get(..n).filter(|new| !new.is_empty()) else {
                break;
            };
            bytes.extend_from_slice(new);
            let seen = clear::read(&bytes);
            if seen.done || seen.alert.is_some() {
                break;
            }
        }
        io::Result::Ok(())
    };
    // Whatever came before an error or the limit is what there is to see.
    let _ = timeout(reach.timeout.min(Duration::from_secs(5)), reading).await;
    capture.timings.push((Stage::Probing, began.elapsed()));
    (!bytes.is_empty()).then_some(bytes)
}

/// An SSLRequest is answered with S or N by PostgreSQL, and by nothing else.
async fn is_postgres(
    endpoint: &Endpoint,
    reach: &Reach,
    progress: Progress<'_>,
    capture: &Capture,
) -> bool {
    let mut again = Capture::empty(&capture.target);
    let Some(mut stream) = open(endpoint, reach, &|_| {}, &mut again).await else {
        return false;
    };
    progress(Stage::Probing);
    let limit = reach.timeout.min(Duration::from_secs(2));
    let asked = timeout(
        limit,
        starttls::upgrade(stream.as_mut(), crate::target::StartTls::Postgres),
    )
    .await;
    match asked {
        Ok(Ok(())) => true,
        Ok(Err(Refused::Words(words))) => words.raw().starts_with("N:"),
        _ => false,
    }
}
