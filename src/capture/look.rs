//! The order of looking: dial, proxy, STARTTLS, handshake; and when that fails, a closer look.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::handshake::{self, Ask, Record};
use super::tee::{Received, Tee};
use super::{Capture, Failure, Outcome, ProxyFailure, Seen, closer, ending, file};
use crate::net::dial::{self, Trace};
use crate::net::starttls::{self, Refused};
use crate::net::{Reach, Route, Stage, Stream, Trouble, proxy};
use crate::target::{Endpoint, Host, ServerNameChoice, Source, Target};
use crate::text::Untrusted;

/// The progress of a look, told to whoever waits.
pub(super) type Progress<'a> = &'a (dyn Fn(Stage) + Send + Sync);

impl Capture {
    /// Of this target nothing was seen yet.
    pub fn empty(target: &Target) -> Self {
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

    pub(super) fn fail(&mut self, stage: Stage, failure: Failure) {
        self.outcome = Outcome::Failed { stage, failure };
    }

    /// Time spent in a stage; a stage that is gone through again is added up.
    pub(super) fn spent(&mut self, stage: Stage, took: Duration) {
        match self.timings.iter_mut().find(|(s, _)| *s == stage) {
            Some((_, all)) => *all += took,
            None => self.timings.push((stage, took)),
        }
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
    capture.spent(Stage::ReadingFile, began.elapsed());
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
    capture.spent(Stage::Handshake, began.elapsed());
    if is_alert(&result, 120) {
        // No protocol in common: the certificate can be seen without ALPN.
        ask.alpn = false;
        if let Some(stream) = open(endpoint, reach, progress, capture).await {
            progress(Stage::Handshake);
            *received.lock().unwrap_or_else(PoisonError::into_inner) = Received::default();
            let began = Instant::now();
            result = shake(stream, &ask, &record, &received, reach.timeout).await;
            capture.spent(Stage::Handshake, began.elapsed());
        }
    }
    ending::take_record(capture, &record, &received);
    match result {
        Ok(Ok(session)) => ending::finished(session, capture),
        Ok(Err(error)) => ending::failed(endpoint, &error, &received, capture),
        Err(_) => ending::timed_out(endpoint, &received, capture),
    }
    capture.session.server_name = ask.server_name;
    closer::look(endpoint, reach, progress, capture).await;
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
pub(super) async fn open(
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
    for (stage, took) in trace.timings {
        capture.spent(stage, took);
    }
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
            capture.spent(Stage::Proxy, began.elapsed());
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
        capture.spent(Stage::Upgrading, began.elapsed());
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
/// The name for SNI; `None` when none is asked for or the name cannot be sent (RFC 6066 allows no
/// addresses).
pub(super) fn server_name(endpoint: &Endpoint) -> Option<String> {
    let name = match (&endpoint.server_name, &endpoint.host) {
        (ServerNameChoice::Omitted, _) | (ServerNameChoice::Host, Host::Ip(_)) => return None,
        (ServerNameChoice::Named(name), _) => name,
        (ServerNameChoice::Host, Host::Name { ascii, .. }) => ascii,
    };
    handshake::is_sendable(name).then(|| name.clone())
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
