//! What only this machine can explain about names, clocks and local servers.

use std::net::IpAddr;
use std::sync::Arc;

use whycert::capture::{Capture, Failure, Outcome as Ended, Seen, Session, Speaks};
use whycert::diagnosis::Further;
use whycert::inspect::{self, Options};
use whycert::moment::Moment;
use whycert::net::Stage;
use whycert::text::Untrusted;

use crate::support::machine::{Place, SITE, capture, command, evidence, finding, inspected, lacks};
use crate::support::mint::{self, Minted, NOW};

#[test]
fn near_names_are_explained_and_names_that_lead_here_come_first() {
    let root = Minted::root(mint::ca("Public Root"));
    let place = Place::trusting(&[&root]);
    let why = |typed: &str, names: &[&str]| {
        let mut params = mint::server(&["placeholder.test"]);
        params.subject_alt_names = names
            .iter()
            .map(|n| rcgen::SanType::DnsName((*n).try_into().unwrap()))
            .collect();
        let leaf = root.issue(params);
        inspected(capture(typed, &[&leaf]), &place.stores(&[]))
    };
    for (typed, names, words) in [
        (
            "https://site.test",
            &["*.site.test"],
            "*.site.test covers the names below site.test, not site.test itself",
        ),
        (
            "https://a.b.site.test",
            &["*.site.test"],
            "a wildcard such as *.site.test stands for one label only",
        ),
        (
            "https://www.site.test",
            &["site.test"],
            "site.test and www.site.test are two names, and only one is listed",
        ),
    ] {
        let seen = why(typed, names);
        assert_eq!(evidence(finding(&seen, "name.mismatch"), "why not"), words);
    }
    let seen = why("https://192.0.2.7", &["192.0.2.7"]);
    assert!(
        evidence(finding(&seen, "name.ip-not-in-san"), "why not").contains("listed as a DNS name")
    );

    let mut seen = why("https://wrong.test", &["one.test", "two.test"]);
    let before = finding(&seen, "name.mismatch");
    command(before, "whycert https://one.test:443 --connect wrong.test");
    command(before, "192.0.2.7 one.test two.test");
    command(before, "--resolve-names");
    let here: IpAddr = "192.0.2.7".parse().unwrap();
    let elsewhere: IpAddr = "198.51.100.1".parse().unwrap();
    seen.further = Arc::new(Further {
        resolved: vec![
            ("one.test".to_owned(), vec![elsewhere]),
            ("two.test".to_owned(), vec![here]),
        ],
        ..Further::default()
    });
    let seen = inspect::reassess(&seen, &Options::default(), NOW);
    let after = finding(&seen, "name.mismatch");
    assert_eq!(
        after.fixes[0].command.as_deref(),
        Some("whycert https://two.test:443")
    );
    let answers: Vec<&str> = after
        .evidence
        .iter()
        .filter(|e| e.label == "resolver")
        .map(|e| e.value.as_str())
        .collect();
    assert_eq!(
        answers,
        [
            "one.test resolves to 198.51.100.1",
            "two.test resolves to this very address"
        ]
    );
}

/// A look that found plain HTTP.
fn plain(typed: &str, answer: &str) -> Capture {
    let mut plain = capture(typed, &[]);
    plain.seen_by = Seen::Nothing;
    plain.session = Session::default();
    plain.first_bytes = answer.as_bytes().to_vec();
    plain.outcome = Ended::Failed {
        stage: Stage::Handshake,
        failure: Failure::NotTls {
            speaks: Speaks::Http,
            first_line: Untrusted::new(answer.lines().next().unwrap()),
        },
    };
    plain
}

#[test]
fn local_servers_are_known_and_the_openai_client_gets_its_address() {
    let stores = Place::trusting(&[]).stores(&[]);
    let seen = inspected(
        plain(
            "https://localhost:11434",
            "HTTP/1.1 400 Bad Request\r\n\r\n",
        ),
        &stores,
    );
    let http = finding(&seen, "tls.plain-http");
    assert_eq!(
        evidence(http, "server"),
        "usually Ollama, by its port 11434"
    );
    command(http, "OpenAI(base_url=\"http://localhost:11434/v1\")");
    let seen = inspected(
        plain(
            "https://[::1]:9999",
            "HTTP/1.1 200 OK\r\nServer: llama.cpp\r\n\r\n",
        ),
        &stores,
    );
    let http = finding(&seen, "tls.plain-http");
    assert_eq!(
        evidence(http, "server"),
        "llama.cpp's llama-server, by its answer “Server: llama.cpp”"
    );
    command(http, "OpenAI(base_url=\"http://[::1]:9999/v1\")");
    command(http, "--ssl-cert-file");
    let mut nobody = capture("https://localhost:11434", &[]);
    nobody.outcome = Ended::Failed {
        stage: Stage::Connecting,
        failure: Failure::Refused,
    };
    let seen = inspected(nobody, &stores);
    command(finding(&seen, "net.refused"), "ollama serve");
}

#[test]
fn a_servers_own_date_tells_of_the_clock() {
    let stores = Place::trusting(&[]).stores(&[]);
    let answer = |date: &str| format!("HTTP/1.1 400 Bad Request\r\nDate: {date}\r\n\r\n");
    // The test's now is 24 Nov 2026 00:00:00.
    let seen = inspected(
        plain(
            "https://localhost:1",
            &answer("Sat, 21 Nov 2026 00:00:00 GMT"),
        ),
        &stores,
    );
    let clock = finding(&seen, "cert.clock-suspect");
    assert_eq!(
        clock.summary,
        "This machine's clock is 3 days ahead of the server's: one of them is wrong."
    );
    let seen = inspected(
        plain(
            "https://localhost:1",
            &answer("Tue, 24 Nov 2026 00:03:00 GMT"),
        ),
        &stores,
    );
    lacks(&seen, "cert.clock-suspect");
}

#[test]
fn a_log_that_signed_tomorrow_gives_the_clock_away() {
    let root = Minted::root(mint::ca("Public Root"));
    let mut params = mint::server(&["www.site.example.org"]);
    // One SCT of version 1, logged three days after the test's now (RFC 6962, section 3.3).
    let at = (NOW.unix() + 3 * 86_400) * 1000;
    let mut sct = vec![0];
    sct.extend_from_slice(&[7; 32]);
    sct.extend_from_slice(&at.to_be_bytes());
    sct.extend_from_slice(&[0, 0, 4, 3, 0, 2, 0xab, 0xcd]);
    let mut list = u16::try_from(sct.len()).unwrap().to_be_bytes().to_vec();
    list.extend_from_slice(&sct);
    let mut value = u16::try_from(list.len()).unwrap().to_be_bytes().to_vec();
    value.extend_from_slice(&list);
    let mut octets = vec![4, u8::try_from(value.len()).unwrap()];
    octets.extend_from_slice(&value);
    params
        .custom_extensions
        .push(rcgen::CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2],
            octets,
        ));
    let leaf = root.issue(params);
    let place = Place::trusting(&[&root]);
    let seen = inspected(capture(SITE, &[&leaf]), &place.stores(&[]));
    let clock = finding(&seen, "cert.clock-suspect");
    assert!(
        clock.summary.starts_with("A public log has signed a time"),
        "{}",
        clock.summary
    );
    assert_eq!(
        evidence(clock, "logged at"),
        Moment::from_unix(NOW.unix() + 3 * 86_400).long()
    );
    assert!(evidence(clock, "all of the chain is valid").starts_with("from "));
}
