//! Reaching: other addresses and names than the typed ones, families, cancelling, what a second look
//! sees, and the key share that is offered.

use std::time::{Duration, Instant};

use whycert::capture::Outcome as Ended;
use whycert::inspect::{self, Outcome};
use whycert::lab::{Lab, Scenario};
use whycert::net::{AttemptResult, Family as Addresses, Stage};
use whycert::target::{Host, Scheme, ServerNameChoice, StartTls};

use super::{LOOPBACK, Look, drain, evidence, ids, name, on_runtime, presented, serve};

struct Healthy {
    lab: Lab,
    port: u16,
}

fn healthy() -> Healthy {
    let lab = Lab::start(&[Scenario::named("healthy").unwrap()], None).unwrap();
    let port = lab.running()[0]
        .target
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    Healthy { lab, port }
}

impl Healthy {
    fn look(&self) -> Look {
        Look::at(self.port).now().trusting(&self.lab.roots()[0])
    }
}

#[test]
fn a_post_quantum_share_is_offered_and_taken() {
    let server = healthy();
    let seen = server.look().inspect();
    assert_eq!(
        seen.capture.session.group.as_deref(),
        Some("X25519MLKEM768")
    );
    assert_eq!(seen.capture.session.version.as_deref(), Some("TLS 1.3"));
    assert_eq!(seen.outcome, Outcome::Trusted);
}

#[test]
fn a_second_look_sees_the_certificates_again() {
    let server = healthy();
    let first = server.look().inspect();
    let second = server.look().inspect();
    assert_eq!(presented(&first.capture).len(), 2);
    assert_eq!(presented(&first.capture), presented(&second.capture));
}

#[test]
fn http_typed_where_tls_is_spoken_is_told() {
    let server = healthy();
    let seen = server.look().scheme(Scheme::Http).inspect();
    assert_eq!(ids(&seen), ["tls.http-url"]);
    assert_eq!(seen.findings[0].severity.id(), "warning");
}

#[test]
fn it_reaches_here_and_verifies_there() {
    let server = healthy();
    // The name of a host that does not exist, reached at the lab.
    let elsewhere = || {
        server
            .look()
            .host(name("does-not-exist.invalid"))
            .connect(LOOPBACK, None)
    };
    let seen = elsewhere().inspect();
    assert_eq!(ids(&seen), ["name.mismatch"]);
    assert_eq!(
        seen.capture.session.server_name.as_deref(),
        Some("does-not-exist.invalid")
    );
    assert_eq!(seen.capture.peer.map(|p| p.port()), Some(server.port));

    // The port too.
    let seen = Look::at(443)
        .now()
        .trusting(&server.lab.roots()[0])
        .connect(LOOPBACK, Some(server.port))
        .inspect();
    assert_eq!(seen.outcome, Outcome::Trusted);

    // Another name in the ClientHello is also the one verified; none is sent when none is wanted.
    let seen = elsewhere()
        .server_name(ServerNameChoice::Named("localhost".to_owned()))
        .inspect();
    assert_eq!(seen.outcome, Outcome::Trusted, "{:?}", seen.findings);
    let seen = server
        .look()
        .server_name(ServerNameChoice::Omitted)
        .inspect();
    assert_eq!(seen.capture.session.server_name, None);
    assert_eq!(seen.outcome, Outcome::Trusted);
}

#[test]
fn both_families_are_reached_and_can_be_chosen() {
    let server = healthy();
    let six = Host::Ip("::1".parse().unwrap());
    let seen = server.look().host(LOOPBACK).inspect();
    assert_eq!(seen.outcome, Outcome::Trusted);
    assert_eq!(
        seen.capture.session.server_name, None,
        "addresses are not sent"
    );
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("skipped: this machine has no IPv6 loopback");
        return;
    }
    let seen = server.look().host(six.clone()).inspect();
    assert_eq!(seen.outcome, Outcome::Trusted, "{:?}", seen.findings);
    assert!(seen.capture.peer.unwrap().is_ipv6());

    let seen = server.look().family(Addresses::V4).inspect();
    assert!(seen.capture.peer.unwrap().is_ipv4());
    let seen = server.look().host(six).family(Addresses::V4).inspect();
    assert_eq!(ids(&seen), ["net.no-such-name"]);
    assert!(
        seen.findings[0]
            .summary
            .contains("no address of the family")
    );
}

#[test]
fn a_dead_first_address_costs_next_to_nothing() {
    // localhost is ::1 as well, where nobody listens on this port.
    let port = serve(|stream| drain(&stream));
    let began = Instant::now();
    let seen = Look::at(port).within(Duration::from_secs(1)).inspect();
    assert_eq!(ids(&seen), ["tls.silent"]);
    assert!(began.elapsed() < Duration::from_secs(4));
    let last = seen.capture.attempts.last().unwrap();
    assert_eq!(last.result, AttemptResult::Connected);
    assert!(last.address.is_ipv4());
}

#[test]
fn a_name_that_does_not_exist_is_told_in_the_resolvers_words() {
    let seen = Look::at(443).host(name("does-not-exist.invalid")).inspect();
    assert_eq!(ids(&seen), ["net.no-such-name"]);
    assert!(evidence(&seen, "resolver").is_some_and(|words| !words.is_empty()));
    assert_eq!(seen.outcome, Outcome::Unreachable);
    assert!(matches!(
        seen.capture.outcome,
        Ended::Failed {
            stage: Stage::Resolving,
            ..
        }
    ));
}

/// A server that keeps silent; it tells when a client is gone.
fn silent() -> (u16, tokio::sync::mpsc::UnboundedReceiver<()>) {
    let (gone, told) = tokio::sync::mpsc::unbounded_channel();
    let port = serve(move |stream| {
        let _ = drain(&stream);
        let _ = gone.send(());
        Ok(())
    });
    (port, told)
}

#[test]
fn a_look_is_cancelled_at_any_stage_by_dropping_it() {
    let cases: [(Stage, fn(u16) -> Look); 3] = [
        (Stage::Handshake, |port| Look::at(port).host(LOOPBACK)),
        (Stage::Upgrading, |port| {
            Look::at(port).host(LOOPBACK).starttls(StartTls::Smtp)
        }),
        (Stage::Proxy, |port| {
            Look::at(443).proxy(&format!("http://127.0.0.1:{port}"))
        }),
    ];
    for (wanted, look) in cases {
        let (port, mut gone) = silent();
        let look = look(port);
        let (target, options, stores) = (look.target(), look.options.clone(), look.stores());
        on_runtime(async move {
            let (reached, stage) = tokio::sync::watch::channel(None);
            let progress = move |stage| {
                let _ = reached.send(Some(stage));
            };
            let mut stage = stage;
            {
                let stores = std::future::ready(stores);
                let looking = inspect::run(&target, &options, stores, &progress);
                tokio::select! {
                    seen = looking => panic!("it ended: {:?}", seen.capture.outcome),
                    at = stage.wait_for(|s| *s == Some(wanted)) => drop(at.unwrap()),
                }
            }
            // The look is gone; so is its connection, while the runtime runs on.
            tokio::time::timeout(Duration::from_secs(10), gone.recv())
                .await
                .unwrap_or_else(|_| panic!("{wanted:?} goes on"))
                .unwrap();
        });
    }
}
