//! Anchors whose file says what they are for (`BEGIN TRUSTED CERTIFICATE`): OpenSSL obeys, and so does
//! whycert; libraries that do not read such a block do not trust it.

use std::path::Path;

use data_encoding::BASE64_MIME;
use serde_json::Value;
use tempfile::TempDir;
use whycert::cert::pem;

use super::{HOST, Line, MintedLine};
use crate::support::mint::{Minted, NOW, ca, server};
use crate::support::peer;
use crate::support::programs::{self, clean};
use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, IsCa, KeyPair};

const SERVER: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT: &[u8] = &[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2];

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A block of OpenSSL's, with uses that are trusted and such that are rejected.
fn trusted(der: &[u8], trusted: &[u8], rejected: &[u8]) -> String {
    let mut settings = Vec::new();
    if !trusted.is_empty() {
        settings.extend(element(0x30, trusted));
    }
    if !rejected.is_empty() {
        settings.extend(element(0xa0, rejected));
    }
    let text = BASE64_MIME.encode(&[der, &element(0x30, &settings)].concat());
    let label = "TRUSTED CERTIFICATE-----";
    format!(
        "-----BEGIN {label}\n{}\n-----END {label}\n",
        text.trim_end()
    )
}

fn folder(line: &MintedLine, roots: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("leaf.pem", &pem::encode(&line.leaf.der));
    write("issuing.pem", &pem::encode(&line.issuing.der));
    let chain = pem::encode(&line.leaf.der) + &pem::encode(&line.issuing.der);
    write("chain.pem", &chain);
    write("roots.pem", roots);
    folder
}

fn report(home: &Path) -> Value {
    let output = programs::whycert(home)
        .current_dir(home)
        .args(["verify", "--chain", "chain.pem", "--roots", "roots.pem"])
        .args(["--host", HOST, "--at", &NOW.rfc3339(), "--format", "json"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn verdict<'a>(report: &'a Value, client: &str) -> &'a Value {
    let mut all = report["verdicts"].as_array().unwrap().iter();
    all.find(|v| v["client"] == client).unwrap()
}

#[test]
fn an_anchor_is_trusted_only_for_the_uses_that_its_file_names() {
    let line = Line::new().mint();
    let root = &line.root.der;
    let plain = pem::encode(root);
    for (what, roots, accepted) in [
        ("trusted for servers", trusted(root, SERVER, &[]), true),
        ("trusted for clients", trusted(root, CLIENT, &[]), false),
        ("rejected for servers", trusted(root, &[], SERVER), false),
        ("rejected for clients", trusted(root, &[], CLIENT), true),
        ("both", trusted(root, SERVER, SERVER), false),
        (
            "plain before",
            plain.clone() + &trusted(root, &[], SERVER),
            true,
        ),
        (
            "an intermediate that is rejected",
            plain + &trusted(&line.issuing.der, &[], SERVER),
            false,
        ),
    ] {
        let folder = folder(&line, &roots);
        let report = report(folder.path());
        for client in ["rfc5280", "openssl"] {
            let verdict = verdict(&report, client);
            assert_eq!(verdict["accepted"], accepted, "{what}: {client}\n{verdict}");
            if !accepted {
                assert_eq!(verdict["reasons"][0]["id"], "held-for-other-use", "{what}");
            }
        }
        if !accepted {
            assert_eq!(
                verdict(&report, "openssl")["message"],
                "certificate rejected"
            );
        }
        let Some(openssl) = peer("openssl") else {
            continue;
        };
        let arguments = [
            "verify",
            "-purpose",
            "sslserver",
            "-x509_strict",
            "-no-CApath",
        ];
        let output = clean(&openssl)
            .current_dir(folder.path())
            .args(arguments)
            .args(["-attime", &NOW.unix().to_string(), "-CAfile", "roots.pem"])
            .args(["-untrusted", "issuing.pem", "leaf.pem"])
            .output()
            .unwrap();
        assert_eq!(output.status.success(), accepted, "{what}: {output:?}");
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            words.contains("certificate rejected"),
            !accepted,
            "{what}: {words}"
        );
    }
}

/// OpenSSL builds one path and looks no further; the RFC's rules take any, but none through another
/// certificate of the CA that is refused.
#[test]
fn another_path_around_an_anchor_for_other_uses_will_do() {
    let again = |of: &Minted| KeyPair::from_pem(&of.key.serialize_pem()).unwrap();
    let other = Minted::root(ca("Other Root"));
    let old = Minted::root(ca("Old Root"));
    let cross = other.issue_with(ca("Old Root"), again(&old));
    let issuing = old.issue(ca("Issuing"));
    let reissued = other.issue_with(ca("Issuing"), again(&issuing));
    let leaf = issuing.issue(server(&[HOST]));
    let folder = tempfile::tempdir().unwrap();
    let refused = trusted(&old.der, &[], SERVER);
    let both = refused.clone() + &pem::encode(&other.der);
    for (above, roots, accepted) in [
        (&reissued, &refused, false),
        (&reissued, &both, true),
        (&cross, &both, false),
    ] {
        let sent = [&leaf, &issuing, above].map(|m| pem::encode(&m.der));
        std::fs::write(folder.path().join("chain.pem"), sent.concat()).unwrap();
        std::fs::write(folder.path().join("roots.pem"), roots).unwrap();
        let report = report(folder.path());
        let rfc = verdict(&report, "rfc5280");
        assert_eq!(rfc["accepted"], accepted, "{rfc}");
        let openssl = verdict(&report, "openssl");
        assert_eq!(openssl["accepted"], false, "{openssl}");
    }
}

/// An intermediate that its file trusts for servers: OpenSSL asks for no root above it, nor for its own
/// usage. The RFC's rules go along only as far as OpenSSL at its strictest, and ask for its usage.
#[test]
fn an_anchor_that_its_file_names_for_this_use_stands_for_itself() {
    let root = Minted::root(ca("Root"));
    let issuing = |client_only: bool, is_critical: bool| {
        let mut params = ca("Issuing");
        if client_only {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }
        if !is_critical {
            params.is_ca = IsCa::NoCa;
            let plain =
                CustomExtension::from_oid_content(&[2, 5, 29, 19], vec![0x30, 3, 1, 1, 255]);
            params.custom_extensions.push(plain);
        }
        root.issue(params)
    };
    for (issuing, strictest, rfc) in [
        (issuing(false, true), true, true),
        (issuing(true, true), true, false),
        (issuing(false, false), false, false),
    ] {
        let leaf = issuing.issue(server(&[HOST]));
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
        };
        write("chain.pem", &pem::encode(&leaf.der));
        write("roots.pem", &trusted(&issuing.der, SERVER, &[]));
        let report = report(folder.path());
        let by = |client| verdict(&report, client)["accepted"].as_bool().unwrap();
        assert_eq!(
            (by("curl8-openssl"), by("rfc5280")),
            (true, rfc),
            "{report}"
        );
        let Some(program) = peer("openssl") else {
            continue;
        };
        for (flag, accepted) in [("-check_ss_sig", true), ("-x509_strict", strictest)] {
            let output = clean(&program)
                .current_dir(folder.path())
                .args(["verify", "-purpose", "sslserver", "-no-CApath", flag])
                .args(["-attime", &NOW.unix().to_string()])
                .args(["-CAfile", "roots.pem", "chain.pem"])
                .output()
                .unwrap();
            assert_eq!(output.status.success(), accepted, "{flag} {output:?}");
        }
    }
}

#[test]
fn libraries_that_do_not_read_such_a_block_do_not_trust_it() {
    let line = Line::new().mint();
    let folder = folder(&line, &trusted(&line.root.der, SERVER, &[]));
    let report = report(folder.path());
    for client in ["go", "gnutls", "rustls"] {
        assert_eq!(verdict(&report, client)["accepted"], false, "{client}");
    }
}
