//! Every scenario of the lab, inspected over loopback: exactly its rules, a first sentence that names
//! the cause, and a first fix. Foreign judges look at the same servers in `judges`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use whycert::inspect::{self, Inspection, Options, Outcome};
use whycert::lab::{Lab, SCENARIOS, Scenario};
use whycert::net::{ProxyChoice, Reach};
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::Target;

/// Scenarios in which the server never goes on: their tests wait for the time limit.
pub const WAITED_FOR: &[&str] = &["silent", "stalled"];

/// What the first finding's sentence must say.
const SAYS: &[(&str, &str)] = &[
    ("expired", "expired 30 days ago"),
    ("not-yet-valid", "not valid before"),
    ("expires-soon", "expires in "),
    ("clock-suspect", "clock of this machine"),
    ("self-signed", "signed by itself"),
    ("ca-as-server", "marked as a CA"),
    ("private-root", "Example Home Root"),
    ("private-root-not-sent", "Example Works Root"),
    (
        "missing-intermediate",
        "did not send “whycert Lab Issuing CA”",
    ),
    ("issuer-to-fetch", "did not send “whycert Lab Fetchable CA”"),
    ("wrong-order", "wrong order"),
    (
        "wrong-host",
        "shop.example.com and www.example.com, not for localhost",
    ),
    ("ip-without-san", "the address 127.0.0.1"),
    ("common-name-only", "only in its common name"),
    (
        "expired-intermediate",
        "The intermediate “whycert Lab Issuing CA of Yesteryear” expired 2 days ago",
    ),
    (
        "expired-cross-sign",
        "“whycert Lab Old Root”, which has expired",
    ),
    ("re-signed", "Zscaler"),
    ("not-for-servers", "not by servers"),
    ("weak-hash", "SHA-1"),
    ("weak-key", "1024 bits"),
    ("unchecked-signature", "cannot be checked"),
    ("revoked", "was revoked on"),
    ("old-staple", "is out of date since"),
    ("must-staple", "demands a stapled OCSP answer"),
    (
        "critical-extension",
        "unknown extension that is marked critical",
    ),
    ("broken-encoding", "serial"),
    (
        "bad-signature",
        "does not match the key of “whycert Lab Issuing CA”",
    ),
    ("not-a-ca", "without being a CA"),
    ("path-length", "0 intermediates below it"),
    ("name-constraint", "may not sign for localhost"),
    ("duplicate", "sent more than once"),
    ("unrelated", "“Example Press Issuing CA”"),
    (
        "redundant-root",
        "The root “whycert Lab Root” is sent along",
    ),
    ("client-certificate", "demands a certificate from you"),
    (
        "key-not-proved",
        "does not prove that it holds its private key",
    ),
    ("no-certificate", "without sending a certificate"),
    ("old-version", "TLS 1.0"),
    ("alert", "unrecognized_name"),
    ("http-url", "use https://"),
    ("plain-http", "use http://localhost:"),
    ("smtp", "SMTP"),
    ("starttls-refused", "does not start TLS when asked in SMTP"),
    ("ssh", "speaks SSH"),
    ("silent", "says nothing"),
    ("stalled", "did not finish shaking hands in time"),
    ("broken-off", "in the middle of the handshake"),
    ("closed-at-once", "closes it at once"),
    ("reset", "cut the connection"),
    ("garbage", "no protocol known here"),
    ("endless", "keeps sending data"),
    ("refused", "Nothing listens on port"),
    ("no-such-name", "does-not-exist.invalid does not resolve"),
    ("no-file", "cannot be read"),
    ("file-without-certificate", "holds no certificate"),
    (
        "file-with-broken-part",
        "could not be read as a certificate",
    ),
];

/// The lab's roots as the one store.
pub fn store(lab: &Lab) -> Stores {
    let anchors = lab.roots().iter().map(|der| Anchor {
        der: Arc::from(der.as_slice()),
    });
    Stores::only(TrustStore::new(
        StoreKind::Given,
        "lab",
        "the lab's roots",
        None,
        anchors.collect(),
        Vec::new(),
    ))
}

/// Inspects all that a lab serves, side by side.
pub fn inspect_all(lab: &Lab) -> HashMap<&'static str, Inspection> {
    let stores = store(lab);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut running = JoinSet::new();
        for served in lab.running() {
            let (id, stores) = (served.scenario.id, stores.clone());
            let target = Target::parse(&served.target).unwrap();
            let waited_for = WAITED_FOR.contains(&id);
            let options = Options {
                reach: Reach {
                    timeout: Duration::from_secs(if waited_for { 2 } else { 60 }),
                    proxy: ProxyChoice::Direct,
                    ..Reach::default()
                },
                ..Options::default()
            };
            running.spawn(async move {
                let stores = std::future::ready(stores);
                (id, inspect::run(&target, &options, stores, &|_| {}).await)
            });
        }
        running.join_all().await.into_iter().collect()
    })
}

/// Words that the clients were seen to say of these servers of the lab, without those clients.
#[test]
fn clients_say_what_they_were_seen_to_say_of_the_lab() {
    const SEEN: &[(&str, &[(&str, &str)])] = &[
        (
            "unchecked-signature",
            &[
                ("curl7-openssl", "unable to get local issuer certificate"),
                ("node20-https", "unable to verify the first certificate"),
                ("java17-url", "signature algorithm: SHA512/256withRSA"),
                ("chromium", "ERR_CERT_INVALID"),
            ],
        ),
        (
            "bad-signature",
            &[
                (
                    "curl7-openssl",
                    "error:06880006:asn1 encoding routines::EVP lib",
                ),
                ("php-streams", "error:06880006"),
            ],
        ),
        (
            "revoked",
            &[
                ("chromium", "ERR_CERT_REVOKED"),
                ("perl-lwp", "certificate status is revoked"),
                ("curl7-openssl", ""),
            ],
        ),
    ];
    let wanted = |s: &&Scenario| SEEN.iter().any(|(id, _)| *id == s.id);
    let scenarios: Vec<&'static Scenario> = SCENARIOS.iter().filter(wanted).collect();
    let lab = Lab::start(&scenarios, None).unwrap();
    let (stores, inspected) = (store(&lab), inspect_all(&lab));
    for (id, seen) in SEEN {
        let options = Options {
            grid: true,
            ..Options::default()
        };
        let judged = inspect::survey(
            &inspected[id],
            &stores,
            &options,
            whycert::moment::Moment::now(),
        );
        let grid = judged.grid.as_ref().unwrap();
        for (client, words) in *seen {
            let row = grid.rows.iter().find(|r| r.client().id == *client).unwrap();
            let said = &row.predicted;
            assert_eq!(said.accepted, words.is_empty(), "{client} on {id}");
            let all = format!("{} {}", said.message, said.cause);
            assert!(all.contains(words), "{client} on {id}: {all}");
        }
    }
}

fn ids(inspection: &Inspection) -> Vec<&'static str> {
    inspection.findings.iter().map(|f| f.rule.id).collect()
}

/// Two certificates may break the same rule: each rule counts once.
fn sorted(mut ids: Vec<&'static str>) -> Vec<&'static str> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn every_scenario_gives_exactly_its_rules() {
    let all: Vec<&'static Scenario> = SCENARIOS.iter().collect();
    let lab = Lab::start(&all, None).unwrap();
    let seen = inspect_all(&lab);
    let mut wrong = Vec::new();
    for scenario in all {
        let inspection = &seen[scenario.id];
        if sorted(ids(inspection)) != sorted(scenario.expects.to_vec()) {
            wrong.push(format!(
                "{}: expected {:?}, found {:?}\n    {:?}",
                scenario.id,
                scenario.expects,
                ids(inspection),
                inspection.findings,
            ));
            continue;
        }
        let (Some(first), Some(lead)) = (inspection.findings.first(), scenario.expects.first())
        else {
            if inspection.outcome != Outcome::Trusted {
                wrong.push(format!("{}: {:?}", scenario.id, inspection.outcome));
            }
            continue;
        };
        if first.rule.id != *lead {
            wrong.push(format!("{}: {} comes first", scenario.id, first.rule.id));
        }
        let says = SAYS.iter().find(|(id, _)| *id == scenario.id);
        match says {
            None => wrong.push(format!("{}: no sentence is expected of it", scenario.id)),
            Some((_, words)) if !first.summary.contains(words) => {
                wrong.push(format!("{}: says “{}”", scenario.id, first.summary));
            }
            Some(_) => {}
        }
        if first
            .fixes
            .first()
            .is_none_or(|f| f.action.trim().is_empty())
        {
            wrong.push(format!("{}: the first finding has no fix", scenario.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
