//! A closer look, when the library could not go on and no certificate was seen: asks in an older way,
//! or finds out which server hangs up on TLS.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::look::{Progress, open, server_name};
use super::{Alert, Capture, Failure, Outcome, Speaks, clear, ending};
use crate::net::starttls::{self, Refused};
use crate::net::{Reach, Stage};
use crate::target::{Endpoint, StartTls};
use crate::text::Untrusted;

/// Our own ClientHello is answered within this, or not at all.
const PROBE: Duration = Duration::from_secs(5);
/// A server that waits for its own protocol answers it within this.
const OWN_PROTOCOL: Duration = Duration::from_secs(2);
/// Bytes read of an answer: enough for a Certificate message of any length that makes sense.
const MOST_ANSWER: usize = 256 * 1024;

/// Looks closer where that may show more.
pub(super) async fn look(
    endpoint: &Endpoint,
    reach: &Reach,
    progress: Progress<'_>,
    capture: &mut Capture,
) {
    let Outcome::Failed { failure, .. } = &capture.outcome else {
        return;
    };
    if !capture.presented.is_empty() {
        return;
    }
    match failure {
        Failure::Alert | Failure::Library(_) | Failure::Truncated | Failure::TooMuchData => {
            if let Some(bytes) = probe(endpoint, reach, progress, capture).await {
                ending::from_clear(capture, &bytes);
                let seen = clear::read(&bytes).alert;
                if let (None, Some(code)) = (&capture.session.alert, seen) {
                    capture.session.alert = Some(Alert::of(code));
                }
            }
        }
        Failure::ClosedAtOnce | Failure::Reset if endpoint.upgrade.is_none() => {
            // These two wait for their own first packet and hang up on any other.
            let ldap = matches!(endpoint.port, 389 | 1389 | 3268 | 3389 | 10389);
            let (speaks, protocol, words) = if ldap {
                let words = "it answers LDAP's request for TLS";
                (Speaks::Ldap, StartTls::Ldap, words)
            } else {
                let words = "it answers PostgreSQL's request for TLS";
                (Speaks::Postgres, StartTls::Postgres, words)
            };
            if speaks_it(endpoint, protocol, reach, progress, capture).await {
                let first_line = Untrusted::new(words);
                capture.fail(Stage::Handshake, Failure::NotTls { speaks, first_line });
            }
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
    getrandom::fill(&mut random).ok()?;
    let hello = clear::client_hello(server_name(endpoint).as_deref(), &random);
    let mut again = Capture::empty(&capture.target);
    let mut stream = open(endpoint, reach, &|_| {}, &mut again).await?;
    progress(Stage::Probing);
    let began = Instant::now();
    let mut bytes = Vec::new();
    let reading = async {
        stream.write_all(&hello).await?;
        let mut chunk = [0; 16 * 1024];
        while bytes.len() < MOST_ANSWER {
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
    let _ = timeout(reach.timeout.min(PROBE), reading).await;
    capture.spent(Stage::Probing, began.elapsed());
    (!bytes.is_empty()).then_some(bytes)
}

/// The server answers this protocol's request for TLS, with yes or no; nothing else would.
async fn speaks_it(
    endpoint: &Endpoint,
    protocol: StartTls,
    reach: &Reach,
    progress: Progress<'_>,
    capture: &mut Capture,
) -> bool {
    let mut again = Capture::empty(&capture.target);
    let Some(mut stream) = open(endpoint, reach, &|_| {}, &mut again).await else {
        return false;
    };
    progress(Stage::Probing);
    let began = Instant::now();
    let limit = reach.timeout.min(OWN_PROTOCOL);
    let asked = timeout(limit, starttls::upgrade(stream.as_mut(), protocol)).await;
    capture.spent(Stage::Probing, began.elapsed());
    match asked {
        Ok(Ok(())) => true,
        Ok(Err(Refused::Words(words))) => match protocol {
            StartTls::Postgres => words.raw().starts_with("N:"),
            _ => words.raw().starts_with("LDAP result"),
        },
        _ => false,
    }
}
