//! Resolving and connecting: every address is tried, families interleaved and staggered (RFC 8305),
//! and every attempt is kept.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::{Attempt, AttemptResult, Family, Stage, Trouble};
use crate::target::Host;
use crate::text;

/// The next address is tried when the last has not answered for this long (RFC 8305 section 8).
const STAGGER: Duration = Duration::from_millis(250);
/// Addresses tried at most.
const MOST_ADDRESSES: usize = 16;

/// A connection.
#[derive(Debug)]
pub struct Dialed {
    /// The stream, without delay for small writes.
    pub stream: TcpStream,
    /// Its other end.
    pub peer: SocketAddr,
}

/// What one dial took, whatever came of it.
#[derive(Debug, Default)]
pub struct Trace {
    /// Attempts in order of their start.
    pub attempts: Vec<Attempt>,
    /// Time in each stage.
    pub timings: Vec<(Stage, Duration)>,
}

/// Resolves and connects. `limit` is for each of the two stages.
///
/// # Errors
/// The stage that stopped it and why.
pub async fn dial(
    host: &Host,
    port: u16,
    family: Family,
    limit: Duration,
    trace: &mut Trace,
    progress: &(dyn Fn(Stage) + Send + Sync),
) -> Result<Dialed, (Stage, Trouble)> {
    let began = Instant::now();
    let addresses = match host {
        Host::Ip(ip) => vec![*ip],
        Host::Name { ascii, .. } => {
            progress(Stage::Resolving);
            let found = resolve(ascii, port, limit).await;
            trace.timings.push((Stage::Resolving, began.elapsed()));
            found.map_err(|trouble| (Stage::Resolving, trouble))?
        }
    };
    let addresses: Vec<SocketAddr> = interleave(addresses, family)
        .into_iter()
        .map(|ip| SocketAddr::new(ip, port))
        .collect();
    if addresses.is_empty() {
        return Err((Stage::Resolving, Trouble::NoAddressOfFamily));
    }
    progress(Stage::Connecting);
    let connecting = Instant::now();
    let first = trace.attempts.len();
    let result = connect(&addresses, limit, trace).await;
    let now = connecting.elapsed();
    for attempt in trace.attempts.iter_mut().skip(first) {
        if attempt.result == AttemptResult::Abandoned {
            attempt.took = now.saturating_sub(attempt.began);
        }
    }
    trace
        .timings
        .push((Stage::Connecting, connecting.elapsed()));
    result.map_err(|trouble| (Stage::Connecting, trouble))
}

/// Asks the system's resolver for every address of a name, each once, in its order.
///
/// # Errors
/// When there is none, or no answer in time.
pub async fn resolve(name: &str, port: u16, limit: Duration) -> Result<Vec<IpAddr>, Trouble> {
    match timeout(limit, tokio::net::lookup_host((name, port))).await {
        Err(_) => Err(Trouble::TimedOut),
        Ok(Err(error)) => Err(Trouble::NoSuchName {
            words: words(&error),
        }),
        Ok(Ok(found)) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found.map(|a| a.ip()) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            if addresses.is_empty() {
                return Err(Trouble::NoSuchName {
                    words: "no address".to_owned(),
                });
            }
            Ok(addresses)
        }
    }
}

/// IPv6 first, then in turn; the resolver's order within a family is kept.
pub(super) fn interleave(addresses: Vec<IpAddr>, family: Family) -> Vec<IpAddr> {
    let (six, four): (Vec<IpAddr>, Vec<IpAddr>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let six = if family == Family::V4 {
        Vec::new()
    } else {
        six
    };
    let four = if family == Family::V6 {
        Vec::new()
    } else {
        four
    };
    let mut out = Vec::with_capacity(six.len() + four.len());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        match (six.next(), four.next()) {
            (None, None) => break,
            (a, b) => out.extend(a.into_iter().chain(b)),
        }
    }
    out.truncate(MOST_ADDRESSES);
    out
}

pub(super) async fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
    trace: &mut Trace,
) -> Result<Dialed, Trouble> {
    let began = Instant::now();
    let mut running: JoinSet<(usize, Duration, io::Result<TcpStream>)> = JoinSet::new();
    let mut waiting = addresses.iter().copied().enumerate();
    let mut next = waiting.next();
    let deadline = sleep(limit);
    tokio::pin!(deadline);
    let mut last_error: Option<io::Error> = None;
    let first = trace.attempts.len();
    loop {
        if let Some((index, address)) = next.take() {
            trace.attempts.push(Attempt {
                address,
                began: began.elapsed(),
                took: Duration::ZERO,
                result: AttemptResult::Abandoned,
            });
            running.spawn(async move {
                let started = Instant::now();
                let result = TcpStream::connect(address).await;
                (index, started.elapsed(), result)
            });
        }
        let more = waiting.len() > 0;
        tokio::select! {
            () = &mut deadline => {
                for attempt in trace.attempts.iter_mut().skip(first) {
                    if attempt.result == AttemptResult::Abandoned {
                        attempt.took = began.elapsed().saturating_sub(attempt.began);
                        attempt.result = AttemptResult::Failed("no answer".to_owned());
                    }
                }
                return Err(Trouble::TimedOut);
            }
            () = sleep(STAGGER), if more => next = waiting.next(),
            Some(done) = running.join_next() => {
                let Ok((index, took, result)) = done else { continue };
                let attempt = trace.attempts.get_mut(first + index);
                match result {
                    Ok(stream) => {
                        if let Some(attempt) = attempt {
                            attempt.took = took;
                            attempt.result = AttemptResult::Connected;
                        }
                        let peer = stream.peer_addr().or_else(|_| addresses.get(index).copied().ok_or(io::ErrorKind::NotConnected))
                            .map_err(|e| Trouble::Unreachable { words: io::Error::from(e).to_string() })?;
                        let _ = stream.set_nodelay(true);
                        return Ok(Dialed { stream, peer });
                    }
                    Err(error) => {
                        if let Some(attempt) = attempt {
                            attempt.took = took;
                            attempt.result = AttemptResult::Failed(words(&error));
                        }
                        last_error = Some(error);
                        next = waiting.next();
                        if next.is_none() && running.is_empty() {
                            return Err(trouble(last_error));
                        }
                    }
                }
            }
            else => return Err(trouble(last_error)),
        }
    }
}

fn trouble(error: Option<io::Error>) -> Trouble {
    match error {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => Trouble::Refused,
        Some(error) if error.kind() == io::ErrorKind::TimedOut => Trouble::TimedOut,
        Some(error) => Trouble::Unreachable {
            words: words(&error),
        },
        None => Trouble::Unreachable {
            words: "no address could be tried".to_owned(),
        },
    }
}

/// The system's words without the number, safe to display.
pub(super) fn words(error: &io::Error) -> String {
    let shown = error.to_string();
    let plain = shown.split(" (os error").next().unwrap_or(&shown);
    let plain = plain
        .strip_prefix("failed to lookup address information: ")
        .unwrap_or(plain);
    text::safe(plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        let all = vec![ip("1.1.1.1"), ip("2.2.2.2"), ip("::1"), ip("::2")];
        assert_eq!(
            interleave(all.clone(), Family::Any),
            [ip("::1"), ip("1.1.1.1"), ip("::2"), ip("2.2.2.2")]
        );
        assert_eq!(
            interleave(all.clone(), Family::V4),
            [ip("1.1.1.1"), ip("2.2.2.2")]
        );
        assert_eq!(interleave(all, Family::V6), [ip("::1"), ip("::2")]);
    }

    /// An address that drops what is sent to it: a listener whose queue is full. Kept alive by what
    /// is handed back with it.
    #[cfg(target_os = "linux")]
    fn black_hole() -> (SocketAddr, impl Drop) {
        struct Hole(
            #[allow(dead_code)] tokio::net::TcpListener,
            Vec<std::net::TcpStream>,
        );
        impl Drop for Hole {
            fn drop(&mut self) {
                self.1.clear();
            }
        }
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut waiting = Vec::new();
        while let Ok(stream) =
            std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300))
        {
            waiting.push(stream);
            assert!(waiting.len() < 100, "the queue never fills");
        }
        (address, Hole(listener, waiting))
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_black_hole_costs_one_stagger() {
        let (dead, _hole) = black_hole();
        let alive = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = alive.local_addr().unwrap();
        let mut trace = Trace::default();
        let began = Instant::now();
        let limit = Duration::from_secs(20);
        let dialed = connect(&[dead, good], limit, &mut trace).await.unwrap();
        let took = began.elapsed();
        assert_eq!(dialed.peer, good);
        assert!(took >= STAGGER && took < 8 * STAGGER, "{took:?}");
        let results: Vec<&AttemptResult> = trace.attempts.iter().map(|a| &a.result).collect();
        assert_eq!(
            results,
            [&AttemptResult::Abandoned, &AttemptResult::Connected]
        );
        assert!(trace.attempts[1].began >= STAGGER);

        // Nothing but black holes: the time limit, and no longer.
        let mut trace = Trace::default();
        let limit = Duration::from_millis(600);
        let began = Instant::now();
        let trouble = connect(&[dead, dead], limit, &mut trace).await.unwrap_err();
        assert_eq!(trouble, Trouble::TimedOut);
        assert!(began.elapsed() < 4 * limit);
        assert_eq!(trace.attempts.len(), 2);
        assert!(
            trace
                .attempts
                .iter()
                .all(|a| a.result == AttemptResult::Failed("no answer".to_owned()))
        );
    }

    #[tokio::test]
    async fn a_refusal_starts_the_next_address_at_once() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dead = closed.local_addr().unwrap();
        drop(closed);
        let alive = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = alive.local_addr().unwrap();
        let mut trace = Trace::default();
        let dialed = connect(&[dead, good], Duration::from_secs(20), &mut trace).await;
        assert_eq!(dialed.unwrap().peer, good);
        assert!(trace.attempts[1].began < STAGGER);
        assert_eq!(
            trace.attempts[0].result,
            AttemptResult::Failed("Connection refused".to_owned())
        );
    }
}
