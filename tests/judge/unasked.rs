//! What a client looks at and whycert does not is said among its checks, as unknown.

use std::sync::Arc;

use whycert::cert::OcspResponse;
use whycert::judge::client::by_id;
use whycert::judge::{self, Answer, Facts, ReasonKind};

use super::{HOST, Line, extension, graph, question, store};

/// The checks that are left out, each with its words.
fn unknown(answer: &Answer) -> Vec<(&'static str, String)> {
    let steps = answer.steps.iter();
    steps
        .filter(|s| s.is_left_out())
        .map(|s| (s.check, s.evidence.clone()))
        .collect()
}

/// Asks the engine of this client; `whole` sends the issuing CA too.
fn ask(line: Line, client: &str, facts: &Facts, whole: bool) -> Answer {
    let line = line.mint();
    let stores = store(&[&line.root.der]);
    let sent = line.sent();
    let chain = graph(if whole { &sent } else { &sent[..1] }, &stores);
    let policy = &by_id(client).unwrap().policy;
    judge::ask(&chain, &stores.0[0], &question(), policy, facts).unwrap()
}

fn with(oid: &[u64], content: &[u8]) -> Line {
    let mut line = Line::new();
    line.leaf.custom_extensions = vec![extension(oid, false, content)];
    line
}

#[test]
fn an_issuer_that_a_client_would_fetch_is_named() {
    let url = "http://ca.lab.test/i.crt";
    let mut access = vec![0x30, 0x26, 0x30, 0x24, 0x06, 0x08];
    access.extend([0x2b, 6, 1, 5, 5, 7, 0x30, 2, 0x86, 0x18]);
    access.extend(url.bytes());
    let line = || with(&[1, 3, 6, 1, 5, 5, 7, 1, 1], &access);
    for client in ["chromium", "schannel", "apple"] {
        let answer = ask(line(), client, &Facts::default(), false);
        assert!(!answer.accepted, "{client}");
        let unknown = unknown(&answer);
        assert_eq!(unknown.len(), 1, "{client}: {unknown:?}");
        assert_eq!(unknown[0].0, "issuer-fetch");
        assert!(unknown[0].1.contains(url), "{unknown:?}");
    }
    for client in ["firefox", "go", "openssl"] {
        let answer = ask(line(), client, &Facts::default(), false);
        assert!(!answer.accepted && unknown(&answer).is_empty(), "{client}");
    }
}

#[test]
fn a_stapled_answer_and_revocation_that_are_not_read_are_said() {
    let stapled = Facts {
        stapled: Some(Arc::new(OcspResponse::read(vec![0x30, 0]))),
        ..Facts::default()
    };
    let checks = |client: &str, facts: &Facts| -> Vec<&'static str> {
        let answer = ask(Line::new(), client, facts, true);
        assert!(answer.accepted, "{client}: {:?}", answer.failures);
        unknown(&answer)
            .into_iter()
            .map(|(check, _)| check)
            .collect()
    };
    for client in ["schannel", "apple"] {
        assert_eq!(
            checks(client, &stapled),
            ["stapled-answer", "revocation"],
            "{client}"
        );
    }
    assert_eq!(checks("chromium", &stapled), ["revocation"]);
    for client in ["schannel", "chromium", "firefox"] {
        assert_eq!(
            checks(client, &Facts::default()),
            ["revocation"],
            "{client}"
        );
    }
    for client in ["go", "openssl", "rustls", "rfc5280"] {
        assert!(checks(client, &stapled).is_empty(), "{client}");
    }
}

#[test]
fn files_do_not_show_whether_a_demanded_answer_is_stapled() {
    let line = || with(&[1, 3, 6, 1, 5, 5, 7, 1, 24], &[0x30, 3, 2, 1, 5]);
    let offline = Facts {
        offline: true,
        ..Facts::default()
    };
    for client in ["gnutls", "firefox"] {
        let seen = ask(line(), client, &Facts::default(), true);
        let first = seen.failures.first().map(|r| &r.kind);
        assert_eq!(first, Some(&ReasonKind::MustStaple), "{client} for {HOST}");
        let answer = ask(line(), client, &offline, true);
        assert!(answer.accepted, "{client}: {:?}", answer.failures);
        assert_eq!(unknown(&answer)[0].0, "must-staple", "{client}");
    }
}
