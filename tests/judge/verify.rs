//! `whycert verify` as a person runs it: whose verdict decides, and what is refused as a mistake.

use std::path::Path;
use std::process::Output;

use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, RevokedCertParams, SerialNumber,
};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;
use whycert::cert::{Certificate, pem};

use super::{HOST, Line, MintedLine};
use crate::support::mint::NOW;
use crate::support::programs;

struct Files {
    folder: TempDir,
    line: MintedLine,
}

impl Files {
    fn of(line: Line) -> Self {
        let line = line.mint();
        let folder = tempfile::tempdir().unwrap();
        let files = Self { folder, line };
        let chain: String = files
            .line
            .sent()
            .iter()
            .map(|der| pem::encode(der))
            .collect();
        files.write("chain.pem", chain.as_bytes());
        files.write("root.pem", pem::encode(&files.line.root.der).as_bytes());
        files
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
    }

    fn verify(&self, more: &[&str]) -> Output {
        let home: &Path = self.folder.path();
        programs::whycert(home)
            .current_dir(home)
            .args(["verify", "--chain", "chain.pem", "--roots", "root.pem"])
            .args(["--host", HOST, "--at", &NOW.rfc3339()])
            .args(more)
            .output()
            .unwrap()
    }

    fn json(&self, more: &[&str]) -> Value {
        let mut arguments = vec!["--format", "json"];
        arguments.extend_from_slice(more);
        serde_json::from_slice(&self.verify(&arguments).stdout).unwrap()
    }
}

fn verdict<'a>(report: &'a Value, client: &str) -> &'a Value {
    report["verdicts"]
        .as_array()
        .unwrap()
        .iter()
        .find(|v| v["client"] == client)
        .unwrap_or_else(|| panic!("no verdict of {client}"))
}

#[test]
fn the_rules_of_the_standard_decide_unless_a_client_is_named() {
    // An intermediate that may not sign: webpki does not look, the standard refuses.
    let mut line = Line::new();
    line.issuing.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    let files = Files::of(line);
    assert_eq!(files.verify(&[]).status.code(), Some(1));
    assert_eq!(
        files.verify(&["--client", "rfc5280"]).status.code(),
        Some(1)
    );
    assert_eq!(files.verify(&["--client", "rustls"]).status.code(), Some(0));
    let all = files.json(&[]);
    assert_eq!(all["outcome"], "untrusted");
    assert_eq!(verdict(&all, "rfc5280")["accepted"], false);
    assert_eq!(verdict(&all, "rfc5280")["reasons"][0]["id"], "no-cert-sign");
    assert_eq!(verdict(&all, "rfc5280")["reasons"][0]["certificate"], 1);
    assert_eq!(verdict(&all, "rustls")["accepted"], true);
    let steps = verdict(&all, "rfc5280")["steps"].as_array().unwrap();
    assert!(
        steps
            .iter()
            .any(|s| s["check"] == "key-usage" && s["state"] == "failed")
    );
    let alone = files.json(&["--client", "rfc5280"]);
    assert_eq!(alone["verdicts"].as_array().unwrap().len(), 1);
}

#[test]
fn purpose_and_depth_are_asked_for() {
    let files = Files::of(Line::new());
    assert_eq!(files.verify(&[]).status.code(), Some(0));
    for (more, code) in [
        (["--purpose", "server"], 0),
        (["--purpose", "client"], 1),
        (["--max-depth", "1"], 0),
        (["--max-depth", "0"], 1),
    ] {
        assert_eq!(files.verify(&more).status.code(), Some(code), "{more:?}");
    }
}

#[test]
fn a_list_of_revoked_certificates_is_read_as_pem_or_der() {
    let files = Files::of(Line::new());
    let serial = Certificate::read(files.line.leaf.der.clone()).serial;
    let at = |days: i64| OffsetDateTime::from_unix_timestamp(NOW.unix() + days * 86_400).unwrap();
    let params = CertificateRevocationListParams {
        this_update: at(-1),
        next_update: at(1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from_slice(&serial),
            revocation_time: at(-1),
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let issuer = Issuer::from_params(&files.line.issuing.params, &files.line.issuing.key);
    let crl = params.signed_by(&issuer).unwrap();
    files.write("list.der", crl.der());
    files.write("list.pem", crl.pem().unwrap().as_bytes());
    for file in ["list.der", "list.pem"] {
        let report = files.json(&["--crl", file]);
        assert_eq!(report["outcome"], "untrusted", "{file}");
        assert_eq!(report["findings"][0]["id"], "cert.revoked", "{file}");
        assert_eq!(report["findings"][0]["certificate"], 0, "{file}");
    }
    let wrong = files.verify(&["--crl", "root.pem"]);
    assert_eq!(wrong.status.code(), Some(3));
    let absent = files.verify(&["--crl", "absent.pem"]);
    assert_eq!(absent.status.code(), Some(2));
}

#[test]
fn an_unknown_client_is_a_mistake_with_a_hint() {
    let files = Files::of(Line::new());
    let seen = files.verify(&["--client", "rustl"]);
    assert_eq!(seen.status.code(), Some(2));
    let words = String::from_utf8(seen.stderr).unwrap();
    assert!(
        words.contains("rustl") && words.contains("hint: did you mean rustls?"),
        "{words}"
    );
}

/// The first certificate is the leaf, also when it is a CA and the next one is not.
#[test]
fn the_first_certificate_is_the_leaf() {
    let mut line = Line::new();
    line.issuing.is_ca = rcgen::IsCa::ExplicitNoCa;
    line.leaf.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let files = Files::of(line);
    let report = files.json(&["--client", "rfc5280"]);
    let reasons = &report["verdicts"][0]["reasons"];
    assert_eq!(reasons[0]["id"], "not-a-ca");
    assert_eq!(reasons[0]["certificate"], 1);
}
