//! STARTTLS in seven protocols, with Python's `ssl` as the server behind each.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use whycert::capture::{Failure, Seen, Speaks};
use whycert::inspect::Outcome;
use whycert::target::StartTls;

use super::{Family, Look, failure, ids, presented};
use crate::support::programs::{clean, peer};

/// The script `tests/data/servers/starttls.py`; ends when dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(python: &std::path::Path, family: &Family, protocol: &str, refuse: bool) -> Self {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/data/servers/starttls.py"
        );
        let mut child = clean(python)
            .args([script, protocol])
            .args([family.path("chain.pem"), family.path("key.pem")])
            .args(refuse.then_some("refuse"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            port: line.trim().parse().expect("the script prints its port"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const ALL: [StartTls; 7] = [
    StartTls::Smtp,
    StartTls::Imap,
    StartTls::Pop3,
    StartTls::Ftp,
    StartTls::Postgres,
    StartTls::Mysql,
    StartTls::Ldap,
];

#[test]
fn every_dialogue_ends_in_tls() {
    let Some(python) = peer("python3") else {
        return;
    };
    let family = Family::new();
    for protocol in ALL {
        let server = Server::start(&python, &family, protocol.id(), false);
        let seen = Look::at(server.port)
            .starttls(protocol)
            .trusting(&family.root.der)
            .inspect();
        assert_eq!(
            seen.outcome,
            Outcome::Trusted,
            "{protocol:?} {:?}",
            seen.findings
        );
        assert_eq!(ids(&seen), Vec::<&str>::new());
        assert_eq!(seen.capture.seen_by, Seen::Handshake);
        assert_eq!(
            presented(&seen.capture),
            [&family.leaf.der[..], &family.issuing.der]
        );
        let stages: Vec<&str> = seen.capture.timings.iter().map(|(s, _)| s.id()).collect();
        assert_eq!(stages, ["resolve", "connect", "starttls", "handshake"]);
    }
}

#[test]
fn a_refusal_is_told_in_the_servers_words() {
    let Some(python) = peer("python3") else {
        return;
    };
    let family = Family::new();
    for (protocol, words) in [
        (StartTls::Smtp, "454 4.7.0 no TLS today"),
        (StartTls::Imap, "a NO not now"),
        (StartTls::Pop3, "-ERR not here"),
        (StartTls::Ftp, "534 no"),
        (StartTls::Postgres, "N: this server has TLS turned off"),
        (StartTls::Mysql, "this server has TLS turned off"),
        (StartTls::Ldap, "LDAP result 2"),
    ] {
        let server = Server::start(&python, &family, protocol.id(), true);
        let seen = Look::at(server.port).starttls(protocol).inspect();
        assert_eq!(ids(&seen), ["tls.starttls-refused"], "{protocol:?}");
        let Failure::UpgradeRefused { words: said, .. } = failure(&seen) else {
            panic!("{:?}", seen.capture.outcome)
        };
        assert_eq!(said.raw(), words);
    }
}

#[test]
fn the_wrong_dialogue_is_told_in_the_servers_words() {
    let Some(python) = peer("python3") else {
        return;
    };
    let family = Family::new();
    let server = Server::start(&python, &family, "pop3", false);
    let seen = Look::at(server.port).starttls(StartTls::Smtp).inspect();
    let Failure::UpgradeRefused { words, .. } = failure(&seen) else {
        panic!("{:?}", seen.capture.outcome)
    };
    assert_eq!(words.raw(), "+OK POP3 ready");
}

#[test]
fn without_the_dialogue_the_protocol_is_named() {
    let Some(python) = peer("python3") else {
        return;
    };
    let family = Family::new();
    for (protocol, speaks) in [
        (StartTls::Smtp, Speaks::Smtp),
        (StartTls::Imap, Speaks::Imap),
        (StartTls::Pop3, Speaks::Pop3),
        (StartTls::Ftp, Speaks::Ftp),
        // It hangs up on TLS and answers only its own first packet: found out by asking.
        (StartTls::Postgres, Speaks::Postgres),
        (StartTls::Mysql, Speaks::Mysql),
    ] {
        let server = Server::start(&python, &family, protocol.id(), false);
        let seen = Look::at(server.port).inspect();
        let Failure::NotTls { speaks: named, .. } = failure(&seen) else {
            panic!("{protocol:?} {:?}", seen.capture.outcome)
        };
        assert_eq!(*named, speaks);
        assert_eq!(ids(&seen), ["tls.needs-starttls"]);
    }
}
