//! The pane Clients and `whycert clients`: who rejects, in which words, what was measured, what differs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use whycert::capture::{Failure, Outcome};
use whycert::cert::pem;
use whycert::export::{WIDEST, clients as report};
use whycert::inspect::{self, Options};
use whycert::judge::client::{Edition, Installed, Measured, Said};
use whycert::net::Stage;
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::tui::message::{Effect, Message};
use whycert::tui::model::Finding;

use crate::support::driven::{self, Driven, URL, missing_intermediate, with_clients};
use crate::support::machine::{Place, capture, inspected};
use crate::support::mint::{self, Minted};

fn curl() -> Installed {
    Installed {
        client: "curl8-openssl",
        program: PathBuf::from("/usr/bin/curl"),
        version: "curl 8.14.1, OpenSSL 3.5.1".to_owned(),
        same_line: true,
        edition: Edition::default(),
        others: 0,
        unasked: None,
    }
}

fn said(said: Said) -> Measured {
    Measured {
        client: "curl8-openssl",
        program: PathBuf::from("/usr/bin/curl"),
        version: "curl 8.14.1, OpenSSL 3.5.1".to_owned(),
        command: "/usr/bin/curl -sSI https://api.example.test/".to_owned(),
        took: Duration::from_millis(40),
        said,
    }
}

#[test]
fn the_pane_at_every_size() {
    for (columns, rows) in [(40, 10), (80, 24), (120, 40)] {
        let seen = with_clients(&missing_intermediate(), &[curl()], &[]);
        let mut driven = Driven::of(seen, (columns, rows));
        driven.press("5");
        insta::assert_snapshot!(format!("clients_{columns}x{rows}"), driven.screen());
    }
}

#[test]
fn a_row_opens_and_its_words_are_copied() {
    let seen = with_clients(&missing_intermediate(), &[curl()], &[]);
    let mut driven = Driven::of(seen, (100, 40));
    driven.press("5");
    let session = driven.model.session().unwrap();
    let at = session
        .lines
        .iter()
        .position(|l| l.text().contains("curl 8 (OpenSSL"));
    driven.press(&"j".repeat(at.unwrap()));
    driven.press("y");
    let Some(Effect::Copy { text, .. }) = driven.effects.last() else {
        panic!("{:?}", driven.effects.last());
    };
    assert_eq!(
        text,
        "curl: (60) SSL certificate problem: unable to get local issuer certificate"
    );
    driven.press("<enter>");
    insta::assert_snapshot!("client_100x40", driven.screen());
}

#[test]
fn what_differs_from_the_prediction_is_said_first() {
    let seen = with_clients(&missing_intermediate(), &[curl()], &[said(Said::Accepted)]);
    let grid = seen.grid.clone().unwrap();
    let told = report::differences(&grid);
    assert_eq!(
        told,
        ["curl 8 (OpenSSL 3.5) accepts it, and was predicted to reject it."]
    );
    let text = report::text(&seen, WIDEST).unwrap();
    assert!(
        text.lines().nth(2).unwrap().contains("NOT AS PREDICTED"),
        "{text}"
    );
    let json: Value = serde_json::from_str(&report::json(&seen).unwrap()).unwrap();
    let one = json["verdicts"].as_array().unwrap();
    let its = one.iter().find(|v| v["client"] == "curl8-openssl").unwrap();
    assert_eq!(its["kind"], "measured");
    assert_eq!(its["accepted"], true);
    assert_eq!(its["differs"], "verdict");
    assert_eq!(its["predicted"]["accepted"], false);
    for key in [
        "client", "version", "store", "accepted", "kind", "reasons", "message",
    ] {
        assert!(its.get(key).is_some(), "{key}");
    }
    let mut driven = Driven::of(seen, (100, 40));
    driven.press("5");
    assert!(
        driven.screen().contains("Not as predicted: curl 8"),
        "{}",
        driven.screen()
    );

    let words = Said::Rejected {
        message: "curl: (60) something else".to_owned(),
        cause: String::new(),
    };
    let seen = with_clients(&missing_intermediate(), &[curl()], &[said(words)]);
    let told = report::differences(&seen.grid.unwrap());
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("in other words"), "{told:?}");
}

#[test]
fn two_versions_of_one_client_are_told_apart() {
    let second = Installed {
        program: PathBuf::from("/opt/curl/bin/curl"),
        version: "curl 8.14.0, OpenSSL 3.5.0".to_owned(),
        ..curl()
    };
    // Measured both, because rows that say the same for the same reasons are one.
    let of_second = Measured {
        program: second.program.clone(),
        ..said(Said::Accepted)
    };
    let measured = [said(Said::Accepted), of_second.clone()];
    let titles = |installed: &[Installed]| -> Vec<String> {
        let seen = with_clients(&missing_intermediate(), installed, &measured);
        let rows = seen.grid.as_ref().unwrap().rows.clone();
        let here = rows.iter().filter(|row| row.installed.is_some());
        here.map(|row| row.title().to_owned()).collect()
    };
    assert_eq!(titles(&[curl()]), ["curl 8 (OpenSSL 3.5)"]);
    assert_eq!(
        titles(&[curl(), second.clone()]),
        ["curl 8 (OpenSSL 3.5.1)", "curl 8 (OpenSSL 3.5.0)"]
    );
    let same = Installed {
        version: curl().version,
        ..second
    };
    assert_eq!(
        titles(&[curl(), same]),
        [
            "curl 8 (OpenSSL 3.5.1) (/usr/bin/curl)",
            "curl 8 (OpenSSL 3.5.1) (/opt/curl/bin/curl)"
        ]
    );
}

#[test]
fn a_client_that_could_not_be_asked_stays_predicted() {
    let not = said(Said::NotAsked(
        "it did not answer within 15 seconds".to_owned(),
    ));
    let seen = with_clients(&missing_intermediate(), &[curl()], &[not]);
    let json: Value = serde_json::from_str(&report::json(&seen).unwrap()).unwrap();
    let all = json["verdicts"].as_array().unwrap();
    let its = all.iter().find(|v| v["client"] == "curl8-openssl").unwrap();
    assert_eq!(its["kind"], "predicted");
    assert_eq!(its["not_asked"], "it did not answer within 15 seconds");
}

#[test]
fn clients_are_looked_for_once_the_pane_is_seen() {
    let mut driven = Driven::of(missing_intermediate(), (80, 24));
    let looks = |d: &Driven| {
        d.effects
            .iter()
            .filter(|e| matches!(e, Effect::FindClients))
            .count()
    };
    assert_eq!(looks(&driven), 0);
    driven.press("5");
    driven.press("151");
    assert_eq!(looks(&driven), 1);
    assert_eq!(driven.model.finding, Finding::UnderWay { ask: false });
    driven.send(Message::Installed(vec![curl()]));
    assert_eq!(driven.model.finding, Finding::Done);
    assert!(driven.model.overlays.is_empty(), "nobody wanted to ask");
}

#[test]
fn asking_before_the_clients_are_found_shows_the_commands_once_they_are() {
    for (keys, opens) in [("a", true), ("a?", false), ("a1", false)] {
        let seen = with_clients(&missing_intermediate(), &[], &[]);
        let mut driven = Driven::of(seen, (40, 10));
        driven.press(keys);
        driven.send(Message::Installed(vec![curl()]));
        let screen = driven.screen();
        assert_eq!(screen.contains("Ask 1 client?"), opens, "{keys}\n{screen}");
        // The smallest screen names the keys too.
        assert_eq!(
            screen.contains("enter ask   esc do not"),
            opens,
            "{keys}\n{screen}"
        );
        let looks = driven.effects.iter();
        let looks = looks.filter(|e| matches!(e, Effect::FindClients)).count();
        assert_eq!(looks, 1, "{keys}");
        assert!(
            !driven
                .effects
                .iter()
                .any(|e| matches!(e, Effect::Ask { .. })),
            "nothing runs before it was seen"
        );
    }
}

#[test]
fn what_showed_no_certificate_is_not_rejected() {
    let mut capture = driven::capture(URL, &[]);
    capture.outcome = Outcome::Failed {
        stage: Stage::Connecting,
        failure: Failure::Refused,
    };
    let stores = driven::stores(&[]);
    let nothing = inspect::assemble(Arc::new(capture), &stores, &Options::default(), mint::NOW);
    let grid = with_clients(&nothing, &[], &[]).grid.unwrap();
    assert_eq!(report::headline(&grid), "none of 66 clients gets through");
    let grid = with_clients(&missing_intermediate(), &[], &[]).grid;
    assert_eq!(
        report::headline(&grid.unwrap()),
        "rejected by all 66 clients"
    );
}

#[test]
fn escape_stops_asking_and_drops_what_comes_late() {
    let seen = with_clients(&missing_intermediate(), &[], &[]);
    let mut driven = Driven::of(seen, (120, 40));
    driven.press("a");
    driven.send(Message::Installed(vec![curl()]));
    driven.press("<enter>");
    let screen = driven.screen();
    assert!(
        screen.contains("1 client still to answer") && screen.contains("esc stops"),
        "{screen}"
    );
    let Some(Effect::Ask { job, .. }) = driven.effects.last() else {
        panic!("{:?}", driven.effects.last());
    };
    let job = *job;
    driven.press("<esc>");
    assert!(matches!(driven.effects.last(), Some(Effect::CallOff)));
    assert!(!driven.screen().contains("still to answer"));
    assert_eq!(
        driven.status(),
        "No more clients are asked. What answered before stays."
    );
    driven.send(Message::Asked {
        job,
        measured: Box::new(said(Said::Accepted)),
    });
    assert!(driven.model.session().unwrap().measured.is_empty());
    // With nobody to stop, it does what it always did: nothing.
    let before = driven.effects.len();
    driven.press("<esc>");
    assert_eq!(driven.effects.len(), before);
}

#[test]
fn a_root_that_only_requests_was_given_counts_for_requests_alone() {
    let root = Minted::root(mint::ca("Corporate Root"));
    let leaf = root.issue(mint::server(&["api.example.test"]));
    let place = Place::trusting(&[]);
    let file = place.pem_of(&root);
    let survey = place.survey(&[("REQUESTS_CA_BUNDLE", &file)]).stores();
    let seen = inspected(capture(URL, &[&leaf]), &place.stores(&[]));
    let options = Options {
        grid: true,
        ..Options::default()
    };
    let seen = inspect::survey(&seen, &survey, &options, mint::NOW);
    let grid = seen.grid.unwrap();
    let accepts: Vec<&str> = grid
        .rows
        .iter()
        .filter(|row| row.accepted())
        .map(|row| row.client().id.as_str())
        .collect();
    assert!(accepts.contains(&"python311-requests"), "{accepts:?}");
    assert!(!accepts.contains(&"curl8-openssl"), "{accepts:?}");
    assert!(!accepts.contains(&"python313-httpx"), "{accepts:?}");
    let row = grid
        .rows
        .iter()
        .find(|r| r.client().id == "python311-requests")
        .unwrap();
    assert_eq!(row.predicted.store_why, "REQUESTS_CA_BUNDLE");
}

/// Seen with curl 7.88, Python 3.11, Node 20, PHP 8.2, Ruby 3.1, Go 1.25, Bun 1.3, uv, wget, wget2, git and
/// gnutls-cli.
#[test]
fn a_file_that_is_no_plain_pem_counts_only_for_clients_that_read_it() {
    let root = Minted::root(mint::ca("Corporate Root"));
    let leaf = root.issue(mint::server(&["api.example.test"]));
    let place = Place::trusting(&[]);
    let pem = pem::encode(&root.der);
    let indented = pem.replace("-----BEGIN", " -----BEGIN");
    let files: [(&[u8], &[&str]); 4] = [
        (
            pem.as_bytes(),
            &[
                "curl8-openssl",
                "bun",
                "ureq3",
                "wget125",
                "gnutls-cli",
                "curl8-gnutls",
            ],
        ),
        (
            &[b"\xef\xbb\xbf", pem.as_bytes()].concat(),
            &["curl8-openssl", "wget125", "gnutls-cli", "curl8-gnutls"],
        ),
        (
            indented.as_bytes(),
            &["wget125", "gnutls-cli", "curl8-gnutls"],
        ),
        (&root.der, &[]),
    ];
    for (bytes, readers) in files {
        let file = place.write("given", bytes);
        let options = Options {
            grid: true,
            ..Options::default()
        };
        let shown = Arc::new(capture(URL, &[&leaf]));
        let seen = inspect::assemble(shown, &place.given(&file), &options, mint::NOW);
        let told = seen
            .findings
            .iter()
            .find(|f| f.rule.id == "store.unreadable");
        assert_eq!(told.is_some(), readers.len() < 6, "{readers:?}");
        if let Some(told) = told {
            let command = told.fixes[0].command.as_deref().unwrap();
            assert!(command.contains("--what chain -o"), "{command}");
        }
        let grid = seen.grid.unwrap();
        for id in [
            "curl8-openssl",
            "wget125",
            "gnutls-cli",
            "curl8-gnutls",
            "bun",
            "ureq3",
        ] {
            let row = grid.rows.iter().find(|r| r.client().id == id).unwrap();
            assert_eq!(row.accepted(), readers.contains(&id), "{id} {readers:?}");
        }
        // A trust store is made for Java, and browsers take the certificate itself.
        for id in ["java17-url", "firefox"] {
            let row = grid.rows.iter().find(|r| r.client().id == id).unwrap();
            assert!(row.accepted(), "{id} {readers:?}");
        }
        let stores = place.survey(&[("SSL_CERT_FILE", &file)]).stores();
        let seen = inspected(capture(URL, &[&leaf]), &place.stores(&[]));
        let seen = inspect::survey(&seen, &stores, &options, mint::NOW);
        let grid = seen.grid.unwrap();
        for id in ["curl8-openssl", "bun"] {
            let row = grid.rows.iter().find(|r| r.client().id == id).unwrap();
            assert_eq!(row.accepted(), readers.contains(&id), "{id} {readers:?}");
        }
    }
}

#[test]
fn the_page_of_stores_says_which_hold_this_chain_and_what_is_wrong() {
    let root = Minted::root(mint::ca("Corporate Root"));
    let leaf = root.issue(mint::server(&["api.example.test"]));
    let place = Place::trusting(&[]);
    let file = place.pem_of(&root);
    let survey = place.survey(&[
        ("REQUESTS_CA_BUNDLE", &file),
        ("NODE_EXTRA_CA_CERTS", Path::new("/nowhere.pem")),
    ]);
    let seen = inspected(capture(URL, &[&leaf, &root]), &place.stores(&[]));
    let mut driven = Driven::of(seen, (100, 60));
    driven.press("s");
    let before = driven.screen();
    assert!(before.contains("are being read"), "{before}");
    // The page that is open says more as soon as more is known.
    driven.send(Message::Surveyed(Box::new(survey)));
    let after = driven.screen();
    assert!(after.contains("One of them holds something"), "{after}");
    assert!(
        after.contains("✓ Corporate Root, of this chain")
            && after.contains("nothing of this chain"),
        "{after}"
    );
    assert!(after.contains("nothing is at /nowhere.pem"), "{after}");
    driven.press("<esc>");
    let closed = driven.screen();
    assert!(!closed.contains("┌ Trust stores"), "{closed}");
}

#[test]
fn clients_are_asked_with_the_roots_that_were_given() {
    let root = Minted::root(mint::ca("Corporate Root"));
    let leaf = root.issue(mint::server(&["api.example.test"]));
    let given = Stores::only(TrustStore::new(
        StoreKind::Given,
        "given",
        "the roots given",
        None,
        vec![Anchor {
            der: root.der.clone().into(),
        }],
        Vec::new(),
    ));
    let seen = inspected(capture(URL, &[&leaf]), &given);
    let seen = with_clients(&seen, &[curl()], &[]);
    let mut driven = Driven::of(seen, (80, 24));
    driven.send(Message::Installed(vec![curl()]));
    driven.press("a");
    let asks = |driven: &Driven| {
        let mut effects = driven.effects.iter();
        effects.any(|e| matches!(e, Effect::Ask { .. }))
    };
    assert!(!asks(&driven), "nothing runs before it was seen");
    let screen = driven.screen();
    assert!(screen.contains("--cacert given.pem"), "{screen}");
    driven.press("<enter>");
    assert!(asks(&driven));
}
