//! What clients refuse that others accept, each measured with the program itself: Chromium and Firefox of
//! Debian 12 with the root in their database, OpenJDK 17, Temurin 25, Bun 1.3 and Deno 2.9 with the root
//! given to them.
//!
//! `tests/data/verify/paths`: made with OpenSSL, for `a.test`, valid in January 2027. `NAME.pem` is what the
//! server sends, `NAME.root.pem` what is trusted.

use std::path::Path;

use serde_json::Value;

use crate::support::programs;

/// The clients asked.
const CLIENTS: [&str; 6] = [
    "bun",
    "chromium",
    "deno",
    "firefox",
    "java17-url",
    "java25-url",
];

/// The files, and who refuses them.
const REFUSED: &[(&str, &[&str])] = &[
    ("depth19", &["deno", "firefox", "java17-url", "java25-url"]),
    (
        "depth20",
        &["chromium", "deno", "firefox", "java17-url", "java25-url"],
    ),
    // A root, and an intermediate, with an Ed25519 key.
    ("ed", &["chromium", "firefox"]),
    ("edint", &["chromium", "firefox"]),
    ("emptysan", &["chromium", "deno", "firefox", "java25-url"]),
    // On secp256k1.
    ("k1", &CLIENTS),
    ("k1int", &CLIENTS),
    (
        "p224int",
        &["chromium", "deno", "firefox", "java17-url", "java25-url"],
    ),
    // An empty name is permitted, nothing at all, an empty list, with minimum 0, with minimum 1.
    ("ncdns0", &["java17-url", "java25-url"]),
    ("ncempty", &["chromium", "firefox"]),
    ("ncemptyperm", &["chromium", "firefox"]),
    ("ncmin0", &["bun", "chromium", "deno", "firefox"]),
    ("ncmin1", &CLIENTS),
    // The root's key.
    (
        "rsa512",
        &["chromium", "deno", "firefox", "java17-url", "java25-url"],
    ),
    // A leaf that is its own root and a CA.
    ("sha1self", &["chromium", "deno", "firefox"]),
    ("sha256self", &["deno", "firefox"]),
];

fn verdicts(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify/paths");
    let home = tempfile::tempdir().unwrap();
    let mut whycert = programs::whycert(home.path());
    whycert
        .current_dir(folder)
        .args(["verify", "--chain", &format!("{name}.pem")])
        .args(["--roots", &format!("{name}.root.pem"), "--host", "a.test"])
        .args(["--at", "2027-01-15T00:00:00Z", "--format", "json"]);
    let output = whycert.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(report: &Value, client: &str) -> bool {
    let all = report["verdicts"].as_array().unwrap();
    let one = all.iter().find(|v| v["client"] == client).unwrap();
    one["accepted"] == false
}

#[test]
fn clients_refuse_what_they_were_seen_to_refuse() {
    for (name, by) in REFUSED {
        let report = verdicts(name);
        for client in CLIENTS {
            assert_eq!(
                refused(&report, client),
                by.contains(&client),
                "{name} by {client}"
            );
        }
    }
}

/// Others that were seen: policies that cannot be read (Firefox does not look), and timestamps in a critical
/// extension, which webpki 0.103.17 reads and those of Deno and uv do not.
#[test]
fn extensions_that_only_some_read() {
    let policies = verdicts("polbad");
    for (client, no) in [("bun", true), ("chromium", true), ("java17-url", false)] {
        assert_eq!(refused(&policies, client), no, "policies by {client}");
    }
    let scts = verdicts("sctcrit");
    for (client, no) in [("deno", true), ("uv", true), ("rustls", false)] {
        assert_eq!(refused(&scts, client), no, "timestamps by {client}");
    }
    let nameless = verdicts("nameless");
    for (client, no) in [
        ("java17-url", true),
        ("java25-url", true),
        ("chromium", false),
        ("bun", false),
    ] {
        assert_eq!(refused(&nameless, client), no, "no name by {client}");
    }
}

/// Roots and signatures of kinds that few check. Measured with GnuTLS 3.7.9, Go 1.19, OpenJDK 17, Bun 1.4 and
/// curl with OpenSSL 3.0; Chromium and Firefox by their sources.
#[test]
fn rare_signatures_are_checked_by_few() {
    let asked = [
        "bun",
        "chromium",
        "curl7-openssl",
        "firefox",
        "gnutls-cli",
        "go124",
        "java17-url",
    ];
    for (name, by) in [
        ("dsaroot", "bun chromium firefox go124"),
        ("sha224", "chromium firefox go124"),
        // RSA-PSS with SHA-256 and 20 octets of salt.
        ("psssalt", "bun chromium firefox gnutls-cli go124"),
        (
            "p192root",
            "bun chromium curl7-openssl firefox go124 java17-url",
        ),
    ] {
        let report = verdicts(name);
        let refusing = asked.into_iter().filter(|c| refused(&report, c));
        assert_eq!(refusing.collect::<Vec<_>>().join(" "), by, "{name}");
    }
}

/// A serial number with an octet that says nothing. Measured with curl and Python on OpenSSL 3.0, Go 1.19, Bun 1.4,
/// Firefox 153, Chromium 148 and GnuTLS 3.7.9; `rustls` is the library itself.
#[test]
fn padded_serial_numbers_are_no_der() {
    for name in ["serialzero", "serialff"] {
        let report = verdicts(name);
        for (client, refuses) in [
            ("rfc5280", true),
            ("openssl", true),
            ("curl7-openssl", true),
            ("python313-urllib", true),
            ("go124", true),
            ("bun", true),
            ("firefox", true),
            ("gnutls-cli", false),
            ("chromium", false),
            ("rustls", false),
        ] {
            assert_eq!(refused(&report, client), refuses, "{name} by {client}");
        }
    }
}
