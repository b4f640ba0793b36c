//! `whycert trust`, on a home that is thrown away: what is refused, what real clients make of the
//! bundle, and that it can be undone.

use std::path::{Path, PathBuf};

use crate::headless::{Bench, Seen, see};
use crate::support::{peer, programs};

fn bundle(bench: &Bench) -> PathBuf {
    bench.home.path().join("data/whycert/bundle.pem")
}

fn add(bench: &Bench, id: &str, certificate: &str, more: &[&str]) -> Seen {
    let mut command = bench.command(&[
        "trust",
        "add",
        bench.target(id),
        "--certificate",
        certificate,
    ]);
    see(command.args(more))
}

fn sha256(bench: &Bench, id: &str, certificate: usize) -> String {
    let seen = see(&mut bench.command(&["inspect", bench.target(id), "--format", "json"]));
    let report = crate::headless::json(&seen);
    report["certificates"][certificate]["sha256"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn certificates(pem: &str) -> usize {
    pem.matches("-----BEGIN CERTIFICATE-----").count()
}

#[test]
fn what_cannot_help_is_refused_with_the_reason() {
    let ids = [
        "expired",
        "healthy",
        "private-root",
        "self-signed",
        "unrelated",
        "plain-http",
        "refused",
    ];
    let bench = Bench::with(&ids);
    for (id, certificate, reason, instead) in [
        ("expired", "0", "expired", "renew"),
        (
            "private-root",
            "0",
            "do not accept such a certificate on its own",
            "certificate 1",
        ),
        ("healthy", "1", "intermediate", "--ca"),
        ("healthy", "2", "is missing", "Ask"),
        ("unrelated", "2", "no part of this failure", "on the path"),
        ("plain-http", "0", "plain HTTP", "whycert inspect"),
        ("refused", "0", "Nothing listens", "whycert inspect"),
    ] {
        let seen = add(&bench, id, certificate, &["--yes"]);
        assert_eq!(
            (seen.code, seen.out.as_str()),
            (3, ""),
            "{id} {certificate}: {seen:?}"
        );
        assert!(
            seen.err.contains(reason),
            "{id} {certificate}: {}",
            seen.err
        );
        let hint = seen.err.lines().last().unwrap();
        assert!(
            hint.starts_with("hint: ") && hint.contains(instead),
            "{id}: {}",
            seen.err
        );
    }
    for certificate in ["9", "zz", "", "abcdef"] {
        let seen = add(&bench, "private-root", certificate, &["--yes"]);
        assert_eq!(seen.code, 2, "{seen:?}");
        assert!(seen.err.contains("--certificate"), "{}", seen.err);
    }
    assert!(!bundle(&bench).exists(), "a refusal writes nothing");
}

#[test]
fn nothing_is_written_without_yes() {
    let bench = Bench::with(&["private-root"]);
    let seen = add(&bench, "private-root", "1", &[]);
    assert_eq!(seen.code, 0, "{seen:?}");
    for words in [
        "Example Home Root",
        &sha256(&bench, "private-root", 1),
        &bundle(&bench).to_string_lossy(),
        "can impersonate every website",
        "Nothing was written. Add --yes",
    ] {
        assert!(seen.out.contains(words), "{words}: {}", seen.out);
    }
    assert!(!bench.home.path().join("data").exists());
    let listed = see(&mut bench.command(&["trust", "list"]));
    assert_eq!(
        (listed.code, listed.out.as_str()),
        (0, "Nothing is added to your bundle.\n")
    );
}

/// What each client says about a URL with this bundle: accepted or not.
fn clients(bundle: Option<&Path>, url: &str) -> Vec<(String, bool)> {
    let mut answers = Vec::new();
    let mut ask = |name: &str, mut command: std::process::Command, variable: &str| {
        if let Some(bundle) = bundle {
            command.env(variable, bundle);
        }
        let seen = see(&mut command);
        // Only a refusal of the certificate counts as one.
        let words = format!("{}{}", seen.out, seen.err);
        assert!(
            seen.code == 0 || words.to_lowercase().contains("certificate"),
            "{name}: {words}"
        );
        answers.push((name.to_owned(), seen.code == 0));
    };
    if let Some(curl) = peer("curl") {
        let mut command = programs::clean(curl);
        command.args(["-sS", "--noproxy", "*", url]);
        ask("curl", command, "CURL_CA_BUNDLE");
    }
    if let Some(python) = peer("python3") {
        let script = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])";
        let mut command = programs::clean(&python);
        command.args(["-c", script, url]);
        ask("Python urllib", command, "SSL_CERT_FILE");
        let there = programs::clean(&python)
            .args(["-c", "import requests"])
            .output()
            .unwrap();
        if there.status.success() {
            let mut command = programs::clean(&python);
            command.args(["-c", "import sys, requests; requests.get(sys.argv[1])", url]);
            ask("Python requests", command, "REQUESTS_CA_BUNDLE");
        } else {
            assert!(
                std::env::var("CI").as_deref() != Ok("true"),
                "Python requests is not installed"
            );
            eprintln!("skipped: Python requests is not installed");
        }
    }
    answers
}

#[test]
fn clients_accept_with_the_bundle_what_they_refused_before() {
    let bench = Bench::with(&["private-root", "wrong-host", "self-signed"]);
    let url = bench.target("private-root");
    for (client, accepted) in clients(None, url) {
        assert!(!accepted, "{client} accepts it without the bundle");
    }
    let seen = add(&bench, "private-root", "1", &["--yes"]);
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(seen.out.contains("is accepted."), "{}", seen.out);
    let path = bundle(&bench);
    for (variable, program) in [
        ("REQUESTS_CA_BUNDLE", "Python requests"),
        ("SSL_CERT_FILE", "Python httpx"),
        ("CURL_CA_BUNDLE", "curl"),
        ("NODE_EXTRA_CA_CERTS", "Node"),
        ("GIT_SSL_CAINFO", "git"),
    ] {
        let line = format!("export {variable}={}", path.display());
        assert!(
            seen.out.contains(&line) && seen.out.contains(program),
            "{variable}: {}",
            seen.out
        );
    }
    for (client, accepted) in clients(Some(&path), url) {
        assert!(accepted, "{client} refuses it with the bundle");
    }
    // Verification was not switched off.
    for id in ["wrong-host", "self-signed"] {
        for (client, accepted) in clients(Some(&path), bench.target(id)) {
            assert!(!accepted, "{client} accepts {id} with the bundle");
        }
    }
}

#[test]
fn the_bundle_holds_the_public_roots_and_ours() {
    let bench = Bench::with(&["private-root"]);
    assert_eq!(add(&bench, "private-root", "1", &["--yes"]).code, 0);
    let text = std::fs::read_to_string(bundle(&bench)).unwrap();
    let public =
        see(&mut bench.command(&["export", bench.target("private-root"), "--what", "roots+1"])).out;
    assert!(certificates(&public) > 50);
    assert_eq!(certificates(&text), certificates(&public));
    let ours =
        see(&mut bench.command(&["export", bench.target("private-root"), "--what", "1"])).out;
    assert!(text.contains(&ours));
    let block = "-----END CERTIFICATE-----\n";
    assert!(public.split_inclusive(block).all(|pem| text.contains(pem)));
    if let Some(openssl) = peer("openssl") {
        let mut command = programs::clean(openssl);
        command
            .args(["storeutl", "-noout", "-certs"])
            .arg(bundle(&bench));
        let seen = see(&mut command);
        assert!(
            seen.out
                .contains(&format!("Total found: {}", certificates(&text))),
            "{}",
            seen.out
        );
    }
}

#[test]
fn removal_restores_the_bytes_before() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    assert_eq!(add(&bench, "self-signed", "0", &["--yes"]).code, 0);
    let before = std::fs::read(bundle(&bench)).unwrap();
    assert_eq!(add(&bench, "private-root", "1", &["--yes"]).code, 0);
    let with_both = std::fs::read(bundle(&bench)).unwrap();
    assert_ne!(before, with_both);
    let root = sha256(&bench, "private-root", 1);

    let listed = see(&mut bench.command(&["trust", "list"])).out;
    assert!(
        listed.contains(&root[..16]) && listed.contains("Example Home Root"),
        "{listed}"
    );
    assert!(listed.contains(bench.target("private-root")), "{listed}");
    assert!(
        listed.contains("Python requests") && listed.contains(&*bundle(&bench).to_string_lossy())
    );

    let again = add(&bench, "private-root", "1", &["--yes"]);
    assert_eq!(again.code, 3);
    assert!(
        again.err.contains("in your bundle already"),
        "{}",
        again.err
    );
    assert_eq!(std::fs::read(bundle(&bench)).unwrap(), with_both);

    let removed = see(&mut bench.command(&["trust", "remove", &root[..8]]));
    assert_eq!(removed.code, 0, "{removed:?}");
    assert!(
        removed.out.contains("Removed") && removed.out.contains("Example Home Root"),
        "{}",
        removed.out
    );
    assert_eq!(std::fs::read(bundle(&bench)).unwrap(), before);
    let listed = see(&mut bench.command(&["trust", "list"])).out;
    assert!(!listed.contains("Example Home Root"), "{listed}");
    for (client, accepted) in clients(Some(&bundle(&bench)), bench.target("private-root")) {
        assert!(!accepted, "{client} still accepts it");
    }
    // Once more: there is nothing to remove.
    let twice = see(&mut bench.command(&["trust", "remove", &root]));
    assert_eq!(twice.code, 3, "{twice:?}");
    assert!(
        twice.err.contains("nothing that you added"),
        "{}",
        twice.err
    );
    assert_eq!(std::fs::read(bundle(&bench)).unwrap(), before);
}

#[test]
fn a_damaged_journal_is_an_error_and_changes_nothing() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    assert_eq!(add(&bench, "private-root", "1", &["--yes"]).code, 0);
    let before = std::fs::read(bundle(&bench)).unwrap();
    let journal = bundle(&bench).with_file_name("journal.json");
    let whole = std::fs::read_to_string(&journal).unwrap();
    let root = sha256(&bench, "private-root", 1);
    for damaged in ["", "{", "[1, 2]", &whole[..whole.len() / 2]] {
        std::fs::write(&journal, damaged).unwrap();
        for seen in [
            see(&mut bench.command(&["trust", "list"])),
            see(&mut bench.command(&["trust", "remove", &root[..8]])),
            add(&bench, "self-signed", "0", &["--yes"]),
        ] {
            assert_eq!(
                (seen.code, seen.out.as_str()),
                (3, ""),
                "{damaged:?}: {seen:?}"
            );
            assert!(
                seen.err.contains("journal") && seen.err.contains("damaged"),
                "{}",
                seen.err
            );
            assert!(seen.err.contains("\nhint: "), "{}", seen.err);
        }
        assert_eq!(std::fs::read(bundle(&bench)).unwrap(), before);
        assert_eq!(std::fs::read_to_string(&journal).unwrap(), damaged);
    }
    std::fs::write(&journal, whole).unwrap();
    assert_eq!(
        see(&mut bench.command(&["trust", "remove", &root[..8]])).code,
        0
    );
}
