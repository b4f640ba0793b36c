//! Stapled OCSP answers: what is made of them here against what gnutls-cli 3.7 and Firefox 153 made of
//! the same ones over TLS 1.3 (`tests/data/staples.tsv`).

use std::sync::Arc;

use data_encoding::BASE64;
use whycert::cert::ocsp::ResponseStatus;
use whycert::cert::{Certificate, OcspResponse};
use whycert::chain::Chain;
use whycert::judge::client::{self, Ask, ClientVerdict, Trusted, by_id};
use whycert::judge::{self, Facts, Purpose, Question, ReasonKind, Says, Staple, StapleFault};
use whycert::moment::{DAY, Moment};
use whycert::store::Stores;
use whycert::target::Host;

use super::{Line, extension, graph, store};

const TABLE: &str = include_str!("../data/staples.tsv");

/// One measured answer.
struct Row {
    chain: &'static str,
    name: &'static str,
    answer: Option<Arc<OcspResponse>>,
    gnutls: &'static str,
    firefox: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().filter_map(|l| l.strip_prefix("staple\t"));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [chain, name, answer, gnutls, firefox] = cells[..] else {
                panic!("{line}")
            };
            let der = BASE64.decode(answer.as_bytes()).unwrap();
            Row {
                chain,
                name,
                answer: (!der.is_empty()).then(|| Arc::new(OcspResponse::read(der))),
                gnutls,
                firefox,
            }
        })
        .collect()
}

/// The chain of this name, the store that holds its root, and the moment of the measurement.
fn set(name: &str) -> (Chain, Stores, Moment) {
    let line = |start: String| TABLE.lines().find_map(|l| l.strip_prefix(&start)).unwrap();
    let root = BASE64.decode(line("root\t".to_owned()).as_bytes()).unwrap();
    let stores = store(&[&root]);
    let sent: Vec<Arc<Certificate>> = line(format!("chain\t{name}\t"))
        .split(' ')
        .map(|der| Arc::new(Certificate::read(BASE64.decode(der.as_bytes()).unwrap())))
        .collect();
    let at = sent[0].not_before.unwrap().plus(10 * DAY + 60);
    (Chain::build(&sent, false, &stores), stores, at)
}

fn question(at: Moment) -> Question {
    Question {
        name: Some(Host::Name {
            ascii: "localhost".to_owned(),
            unicode: "localhost".to_owned(),
        }),
        purpose: Some(Purpose::Server),
        ..Question::at(at)
    }
}

fn row(chain: &str, name: &str) -> Row {
    let mut rows = rows().into_iter();
    rows.find(|r| r.chain == chain && r.name == name).unwrap()
}

/// What this client says of a chain with this answer.
fn said(id: &str, chain: &str, answer: Option<Arc<OcspResponse>>) -> ClientVerdict {
    let (chain, stores, at) = set(chain);
    let facts = Facts {
        stapled: answer,
        ..Facts::default()
    };
    let ask = Ask {
        chain: &chain,
        direct: None,
        question: &question(at),
        peer: None,
        facts: &facts,
        trusted: Trusted::Given {
            store: &stores.0[0],
            trouble: None,
        },
    };
    client::verdicts_of([by_id(id).unwrap()], &ask).remove(0)
}

/// By the rules that Chromium 156 and IO::Socket::SSL 2.081 showed with answers like these.
#[test]
fn chromium_and_perl_refuse_what_an_answer_calls_revoked() {
    for row in rows().into_iter().filter(|row| row.chain == "leaf") {
        let perl = match row.name {
            "revoked" | "revoked-noreason" | "revoked-expired" | "delegated-revoked" => {
                "certificate status is revoked at"
            }
            "unknown" => "certificate status is unknown at",
            _ => "",
        };
        let chromium = match row.name {
            "revoked" | "revoked-noreason" | "delegated-revoked" => "ERR_CERT_REVOKED",
            _ => "",
        };
        for (id, words) in [("perl-lwp", perl), ("chromium", chromium)] {
            let verdict = said(id, row.chain, row.answer.clone());
            assert_eq!(verdict.accepted, words.is_empty(), "{id} {}", row.name);
            assert!(verdict.message.contains(words), "{id} {}", row.name);
        }
    }
}

#[test]
fn gnutls_and_firefox_say_what_they_were_seen_to_say() {
    let mut differ = Vec::new();
    let rows = rows();
    assert!(rows.len() > 100);
    for row in rows {
        for (id, measured) in [("gnutls-cli", row.gnutls), ("firefox", row.firefox)] {
            let verdict = said(id, row.chain, row.answer.clone());
            let same = verdict.accepted == measured.is_empty()
                && (measured.is_empty() || verdict.message.contains(measured));
            if !same {
                differ.push(format!(
                    "{} {} {id}: {:?}, not {measured:?}",
                    row.chain, row.name, verdict.message
                ));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn answers_say_what_openssl_reads_in_them() {
    let says = |name: &str| {
        let (chain, _, at) = set("leaf");
        Staple::of(&chain, &row("leaf", name).answer.unwrap(), at)
            .unwrap()
            .says
    };
    for name in [
        "good",
        "good-name",
        "good256",
        "delegated",
        "nonext",
        "long",
        "issuer-cert",
    ] {
        assert_eq!(says(name), Says::Good, "{name}");
    }
    for (name, reason) in [
        ("revoked", "key compromise"),
        ("revoked-noreason", ""),
        ("revoked-expired", ""),
        ("delegated-revoked", "key compromise"),
    ] {
        let Says::Revoked { at: Some(_), why } = says(name) else {
            panic!("{name}")
        };
        assert_eq!(why, reason, "{name}");
    }
    for (name, id) in [
        ("expired", "expired"),
        ("nonext-30d", "expired"),
        ("future", "not-yet-valid"),
        ("unknown", "unknown-certificate"),
        ("other", "other-certificate"),
        ("badsig", "bad-signature"),
        ("revoked-badsig", "bad-signature"),
        ("delegated-noeku", "signer-not-allowed"),
        ("delegated-foreign", "signer-not-allowed"),
        ("revoked-foreign", "signer-not-allowed"),
        ("delegated-expired", "signer-not-allowed"),
        ("delegated-nocert", "signer-not-allowed"),
        ("by-root", "signer-not-allowed"),
        ("trylater", "refused"),
    ] {
        assert_eq!(says(name).id(), id, "{name}");
    }
    assert_eq!(
        says("trylater"),
        Says::Nothing(StapleFault::Refused(ResponseStatus::TryLater))
    );
}

#[test]
fn only_an_answer_of_the_issuer_revokes() {
    let verdict = |name: &str| {
        let (chain, stores, at) = set("leaf");
        let facts = Facts {
            stapled: row("leaf", name).answer,
            ..Facts::default()
        };
        judge::judge(&chain, &stores, &question(at), &facts).remove(0)
    };
    let revoked = verdict("revoked");
    assert!(!revoked.accepted);
    assert!(matches!(
        revoked.reasons[0].kind,
        ReasonKind::Revoked { .. }
    ));
    // Forged, or of a stranger: it says nothing.
    for name in [
        "revoked-badsig",
        "revoked-foreign",
        "good",
        "expired",
        "other",
    ] {
        assert!(verdict(name).accepted, "{name}");
    }
}

#[test]
fn openssl_and_go_look_at_no_answer() {
    let (chain, stores, at) = set("leaf");
    let facts = Facts {
        stapled: row("leaf", "revoked").answer,
        ..Facts::default()
    };
    for (client, accepts) in [("openssl", true), ("go", true), ("rfc5280", false)] {
        let policy = &by_id(client).unwrap().policy;
        let answer = judge::ask(&chain, &stores.0[0], &question(at), policy, &facts).unwrap();
        assert_eq!(answer.accepted, accepts, "{client}: {:?}", answer.failures);
    }
}

#[test]
fn no_bytes_are_too_odd_to_be_read() {
    let good = row("leaf", "delegated").answer.unwrap().der.clone();
    assert!(OcspResponse::read(good.clone()).fault.is_none());
    let (chain, _, at) = set("leaf");
    for cut in 0..good.len() {
        assert!(OcspResponse::read(good[..cut].to_vec()).fault.is_some());
    }
    for place in 0..good.len() {
        for bit in [1u8, 0x80] {
            let mut bent = good.to_vec();
            bent[place] ^= bit;
            let bent = Arc::new(OcspResponse::read(bent));
            let says = Staple::of(&chain, &bent, at).unwrap().says;
            // Where the certificate of the signer is bent outside of what counts, it may still hold.
            assert_ne!(says.id(), "revoked", "at {place}");
        }
    }
    let longer = [&good[..], &[0, 0]].concat();
    assert_eq!(
        OcspResponse::read(longer).fault,
        Some("has bytes after its end")
    );
}

/// Measured: `certtool --verify` says "violates the signer's constraints", Firefox
/// `MOZILLA_PKIX_ERROR_REQUIRED_TLS_FEATURE_MISSING`.
#[test]
fn features_of_a_ca_are_demanded_of_all_below_it() {
    let status_request = || extension(&[1, 3, 6, 1, 5, 5, 7, 1, 24], false, &[0x30, 3, 2, 1, 5]);
    let answer = |client: &str, leaf_too: bool| {
        let mut line = Line::new();
        line.issuing.custom_extensions = vec![status_request()];
        if leaf_too {
            line.leaf.custom_extensions = vec![status_request()];
        }
        let line = line.mint();
        let stores = store(&[&line.root.der]);
        let chain = graph(&line.sent(), &stores);
        let offline = Facts {
            offline: true,
            ..Facts::default()
        };
        let policy = &by_id(client).unwrap().policy;
        judge::ask(&chain, &stores.0[0], &super::question(), policy, &offline).unwrap()
    };
    for client in ["gnutls", "firefox"] {
        let lacks = answer(client, false);
        assert_eq!(lacks.failures[0].kind, ReasonKind::TlsFeature, "{client}");
        assert!(answer(client, true).accepted, "{client}");
    }
    for client in ["openssl", "go", "rfc5280", "chromium"] {
        assert!(answer(client, false).accepted, "{client}");
    }
}
