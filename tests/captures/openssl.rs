//! `openssl s_server` as the server: versions, suites, keys, chains, staples, alerts; and `whycert
//! inspect` beside `openssl s_client`.

use std::path::{Path, PathBuf};
use std::process::Command;

use whycert::capture::{Failure, Outcome as Ended, Possession, Seen};
use whycert::inspect::{Inspection, Outcome};
use whycert::target::ServerNameChoice;

use super::{Family, Look, failure, ids, presented};
use crate::support::programs::{SServer, clean, peer, run, whycert};

/// Certificate and key for localhost made by openssl with this kind of key; `cert.pem`, `key.pem`.
fn own(openssl: &Path, key: &[&str], more: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut command = clean(openssl);
    command
        .args([
            "req",
            "-x509",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=localhost",
        ])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(key)
        .args(more)
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder.path());
    run(&mut command);
    folder
}

fn der(openssl: &Path, file: &Path) -> Vec<u8> {
    let mut command = clean(openssl);
    command.args(["x509", "-outform", "DER", "-in"]).arg(file);
    let output = command.output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// A server with the family's leaf and chain.
fn family_server(openssl: &Path, family: &Family, more: &[&str]) -> SServer {
    std::fs::copy(family.path("leaf.pem"), family.path("cert.pem")).unwrap();
    let usual = ["-cert_chain", "issuing.pem"];
    let args: Vec<&str> = if more.contains(&"-cert_chain") {
        more.to_vec()
    } else {
        usual.iter().chain(more).copied().collect()
    };
    SServer::start(openssl, family.folder.path(), &args)
}

fn session(inspection: &Inspection) -> (Option<&str>, Option<&str>, Option<&str>) {
    let session = &inspection.capture.session;
    (
        session.version.as_deref(),
        session.cipher_suite.as_deref(),
        session.group.as_deref(),
    )
}

#[test]
fn versions_suites_and_groups_are_told() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    for (args, version, suite, group) in [
        (
            &[
                "-tls1_3",
                "-ciphersuites",
                "TLS_AES_128_GCM_SHA256",
                "-groups",
                "P-384",
            ][..],
            "TLS 1.3",
            "TLS_AES_128_GCM_SHA256",
            "secp384r1",
        ),
        (
            &[
                "-tls1_3",
                "-ciphersuites",
                "TLS_CHACHA20_POLY1305_SHA256",
                "-groups",
                "X25519",
            ],
            "TLS 1.3",
            "TLS_CHACHA20_POLY1305_SHA256",
            "X25519",
        ),
        (
            &[
                "-tls1_3",
                "-ciphersuites",
                "TLS_AES_256_GCM_SHA384",
                "-groups",
                "P-521",
            ],
            "TLS 1.3",
            "TLS_AES_256_GCM_SHA384",
            "secp521r1",
        ),
        (
            &[
                "-tls1_2",
                "-cipher",
                "ECDHE-ECDSA-AES256-GCM-SHA384",
                "-groups",
                "P-256",
            ],
            "TLS 1.2",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "secp256r1",
        ),
    ] {
        let server = family_server(&openssl, &family, args);
        let seen = Look::at(server.port).trusting(&family.root.der).inspect();
        assert_eq!(session(&seen), (Some(version), Some(suite), Some(group)));
        assert_eq!(seen.outcome, Outcome::Trusted, "{:?}", seen.findings);
        assert_eq!(ids(&seen), Vec::<&str>::new());
        assert_eq!(
            presented(&seen.capture),
            [&family.leaf.der[..], &family.issuing.der]
        );
        assert_eq!(seen.capture.session.possession, Possession::Proved);
        assert_eq!(
            seen.capture.session.server_name.as_deref(),
            Some("localhost")
        );
        let stages: Vec<&str> = seen.capture.timings.iter().map(|(s, _)| s.id()).collect();
        assert_eq!(stages, ["resolve", "connect", "handshake"]);
        assert!(seen.capture.timings.iter().all(|(_, took)| !took.is_zero()));
    }
}

#[test]
fn the_chain_comes_as_sent() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    let all = [
        super::pem(&family.root.der),
        super::pem(&family.issuing.der),
        super::pem(&family.issuing.der),
    ]
    .concat();
    std::fs::write(family.path("muddle.pem"), all).unwrap();
    let expected = [
        &family.leaf.der[..],
        &family.root.der,
        &family.issuing.der,
        &family.issuing.der,
    ];
    for version in ["-tls1_2", "-tls1_3"] {
        let server = family_server(&openssl, &family, &[version, "-cert_chain", "muddle.pem"]);
        let seen = Look::at(server.port).trusting(&family.root.der).inspect();
        assert_eq!(presented(&seen.capture), expected);
        let mut found = ids(&seen);
        found.sort_unstable();
        assert_eq!(
            found,
            [
                "chain.duplicate",
                "chain.out-of-order",
                "chain.redundant-root"
            ]
        );
        assert_eq!(seen.outcome, Outcome::Trusted);
    }
    // The leaf alone.
    std::fs::copy(family.path("leaf.pem"), family.path("cert.pem")).unwrap();
    let server = SServer::start(&openssl, family.folder.path(), &[]);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(presented(&seen.capture), [&family.leaf.der[..]]);
    assert_eq!(ids(&seen), ["chain.missing-issuer"]);
}

#[test]
fn servers_without_current_suites_are_seen_all_the_same() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let folder = own(&openssl, &["-newkey", "rsa:2048"], &[]);
    let certificate = der(&openssl, &folder.path().join("cert.pem"));
    for (args, version, suite) in [
        (
            &["-tls1_2", "-cipher", "AES128-GCM-SHA256"][..],
            "TLS 1.2",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
        ),
        (
            &["-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"],
            "TLS 1.2",
            "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        ),
        (
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"],
            "TLS 1.2",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        ),
        (
            &["-tls1_1", "-cipher", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"],
            "TLS 1.1",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        ),
        (
            &["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"],
            "TLS 1.0",
            "TLS_RSA_WITH_AES_128_CBC_SHA",
        ),
    ] {
        let server = SServer::start(&openssl, folder.path(), args);
        let seen = Look::at(server.port).now().trusting(&certificate).inspect();
        assert_eq!(
            seen.capture.seen_by,
            Seen::Clear,
            "{args:?} {:?}",
            seen.capture.outcome
        );
        assert_eq!(presented(&seen.capture), [&certificate[..]]);
        let (seen_version, seen_suite, _) = session(&seen);
        assert_eq!((seen_version, seen_suite), (Some(version), Some(suite)));
        assert_eq!(ids(&seen), ["tls.old-version"], "{args:?}");
        assert_eq!(failure(&seen), &Failure::Alert);
        assert_eq!(seen.outcome, Outcome::Untrusted);
        assert!(
            seen.capture.timings.iter().any(|(s, _)| s.id() == "probe"),
            "{:?}",
            seen.capture.timings
        );
    }
}

#[test]
fn keys_of_every_kind_are_seen() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let ec = |curve| format!("ec_paramgen_curve:{curve}");
    let (p521, p384) = (ec("P-521"), ec("P-384"));
    for (key, args, rules) in [
        (
            &["-newkey", "ec", "-pkeyopt", p384.as_str()][..],
            &[][..],
            &[][..],
        ),
        (
            &["-newkey", "ec", "-pkeyopt", p521.as_str()],
            &["-tls1_3"],
            &[],
        ),
        (&["-newkey", "ed25519"], &["-tls1_3"], &[]),
        (&["-newkey", "ed25519"], &["-tls1_2"], &[]),
        (&["-newkey", "rsa:3072"], &["-tls1_2"], &[]),
        (
            &[
                "-newkey",
                "rsa:2048",
                "-sha256",
                "-sigopt",
                "rsa_padding_mode:pss",
            ],
            &[],
            // Its salt is as long as it can be, which the verifiers of Rust programs do not take.
            &["chain.verifiers-disagree"],
        ),
        (
            &["-newkey", "rsa:1024"],
            &["-tls1_2", "-cipher", "DEFAULT:@SECLEVEL=0"],
            &["crypto.weak-key"],
        ),
        // OpenSSL finds a curve for the key in TLS 1.2 only where P-521 is offered as a group.
        (
            &["-newkey", "ec", "-pkeyopt", p521.as_str()],
            &["-tls1_2"],
            &[],
        ),
    ] {
        let folder = own(&openssl, key, &[]);
        let certificate = der(&openssl, &folder.path().join("cert.pem"));
        let server = SServer::start(&openssl, folder.path(), args);
        let seen = Look::at(server.port).now().trusting(&certificate).inspect();
        assert_eq!(
            presented(&seen.capture),
            [&certificate[..]],
            "{key:?} {args:?} {:?}",
            seen.capture.outcome
        );
        assert_eq!(ids(&seen), rules, "{key:?} {args:?} {:?}", seen.findings);
        if rules.is_empty() || rules == ["chain.verifiers-disagree"] {
            assert_eq!(
                seen.capture.session.possession,
                Possession::Proved,
                "{key:?} {args:?}"
            );
            assert_eq!(seen.outcome, Outcome::Trusted);
        }
    }
}

#[test]
fn keys_that_nobody_can_check_here_are_still_shown() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    for (key, args) in [
        (&["-newkey", "ed448"][..], &["-tls1_3"][..]),
        (&["-newkey", "ed448"], &["-tls1_2"]),
        (
            &["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
            &["-tls1_3"],
        ),
        (
            &["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
            &["-tls1_2"],
        ),
        (
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
            &["-tls1_2"],
        ),
        (
            &[
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:brainpoolP256r1",
            ],
            &["-tls1_2"],
        ),
    ] {
        let folder = own(&openssl, key, &[]);
        let certificate = der(&openssl, &folder.path().join("cert.pem"));
        let server = SServer::start(&openssl, folder.path(), args);
        let seen = Look::at(server.port).inspect();
        assert_eq!(
            presented(&seen.capture),
            [&certificate[..]],
            "{key:?} {args:?} {:?}",
            seen.capture.outcome
        );
        assert!(
            !matches!(seen.capture.session.possession, Possession::Failed(_)),
            "{key:?} {args:?}"
        );
        assert!(!ids(&seen).contains(&"tls.old-version"), "{key:?} {args:?}");
    }
}

#[test]
fn a_staple_is_kept() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    // An OCSP response that says "unauthorized" (RFC 6960, section 4.2.1): complete in five bytes.
    let staple = [0x30, 0x03, 0x0a, 0x01, 0x06];
    std::fs::write(family.path("staple.der"), staple).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let server = family_server(&openssl, &family, &[version, "-status_file", "staple.der"]);
        let seen = Look::at(server.port).trusting(&family.root.der).inspect();
        assert_eq!(
            seen.capture.session.ocsp_staple.as_deref(),
            Some(&staple[..])
        );
    }
}

#[test]
fn a_demand_for_a_client_certificate_is_told_with_its_authorities() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    for (version, alert) in [
        ("-tls1_2", "handshake_failure"),
        ("-tls1_3", "certificate_required"),
    ] {
        let server = family_server(
            &openssl,
            &family,
            &[version, "-Verify", "1", "-CAfile", "root.pem"],
        );
        let seen = Look::at(server.port).trusting(&family.root.der).inspect();
        let session = &seen.capture.session;
        let auth = session.client_auth.as_ref().expect("it asked");
        assert!(auth.required, "{version}");
        assert_eq!(auth.authorities.len(), 1);
        assert!(String::from_utf8_lossy(&auth.authorities[0]).contains("Capture Root"));
        assert_eq!(session.alert.as_ref().map(|a| a.name.as_str()), Some(alert));
        assert!(
            session.version.is_some() && session.cipher_suite.is_some() && session.group.is_some(),
            "{session:?}"
        );
        assert_eq!(
            presented(&seen.capture),
            [&family.leaf.der[..], &family.issuing.der]
        );
        assert_eq!(ids(&seen), ["tls.client-certificate"]);
        assert_eq!(session.possession, Possession::Proved);
        assert_eq!(
            seen.outcome,
            Outcome::Trusted,
            "the server's own certificate is good"
        );

        // Asked for, not demanded.
        let server = family_server(
            &openssl,
            &family,
            &[version, "-verify", "1", "-CAfile", "root.pem"],
        );
        let seen = Look::at(server.port).trusting(&family.root.der).inspect();
        let auth = seen.capture.session.client_auth.as_ref().expect("it asked");
        assert!(!auth.required, "{version}");
        assert_eq!(ids(&seen), ["tls.client-certificate"]);
        assert_eq!(seen.findings[0].severity.id(), "note");
        assert_eq!(seen.capture.outcome, Ended::Complete);
    }
}

#[test]
fn without_a_protocol_in_common_the_certificate_is_still_seen() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    let server = family_server(&openssl, &family, &["-alpn", "acme-tls/1"]);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(seen.capture.outcome, Ended::Complete);
    assert_eq!(presented(&seen.capture).len(), 2);
    assert!(seen.capture.session.alpn.is_none());
    let server = family_server(&openssl, &family, &["-alpn", "http/1.1"]);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(
        seen.capture.session.alpn.as_ref().map(|a| a.raw()),
        Some("http/1.1")
    );
}

#[test]
fn a_server_that_is_strict_about_names_says_so() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    let other = family
        .issuing
        .issue(crate::support::mint::server(&["other.test"]));
    std::fs::write(family.path("other.pem"), super::pem(&other.der)).unwrap();
    std::fs::write(family.path("other.key"), other.key.serialize_pem()).unwrap();
    let server = family_server(
        &openssl,
        &family,
        &[
            "-servername",
            "other.test",
            "-servername_fatal",
            "-cert2",
            "other.pem",
            "-key2",
            "other.key",
        ],
    );
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(ids(&seen), ["tls.alert"]);
    let alert = seen.capture.session.alert.as_ref().unwrap();
    assert_eq!(
        (alert.code, alert.name.as_str()),
        (112, "unrecognized_name")
    );

    // With its name the other certificate, without a name the first one.
    let seen = Look::at(server.port)
        .server_name(ServerNameChoice::Named("other.test".to_owned()))
        .trusting(&family.root.der)
        .inspect();
    assert_eq!(
        seen.capture.session.server_name.as_deref(),
        Some("other.test")
    );
    assert_eq!(presented(&seen.capture)[0], &other.der[..]);
    let seen = Look::at(server.port)
        .server_name(ServerNameChoice::Omitted)
        .trusting(&family.root.der)
        .inspect();
    assert_eq!(seen.capture.session.server_name, None);
    assert_eq!(presented(&seen.capture)[0], &family.leaf.der[..]);
}

/// OpenSSL's name of a suite as IANA's.
fn iana(openssl: &Path, name: &str) -> String {
    let table = run(clean(openssl).args(["ciphers", "-stdname", "ALL:@SECLEVEL=0"]));
    table
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (standard, _, own) = (words.next()?, words.next()?, words.next()?);
            (own == name).then(|| standard.to_owned())
        })
        .next()
        .unwrap_or_else(|| panic!("{name} is in no table"))
}

fn s_client(openssl: &Path, port: u16) -> (Vec<String>, String, String) {
    let mut command = clean(openssl);
    command
        .args([
            "s_client",
            "-showcerts",
            "-servername",
            "localhost",
            "-connect",
        ])
        .arg(format!("127.0.0.1:{port}"))
        .stdin(std::process::Stdio::null());
    let output = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
    let mut certificates = Vec::new();
    let mut rest = output.as_str();
    // The leaf is printed a second time after "Server certificate".
    while let Some(begin) = rest.find("-----BEGIN CERTIFICATE-----") {
        let before = &rest[..begin];
        let end = rest.find("-----END CERTIFICATE-----\n").unwrap() + 26;
        if !before.contains("Server certificate") {
            certificates.push(rest[begin..end].to_owned());
        }
        rest = &rest[end..];
    }
    let line = output
        .lines()
        .find_map(|l| l.strip_prefix("New, "))
        .expect("a session");
    let (version, cipher) = line.split_once(", Cipher is ").unwrap();
    (
        certificates,
        version.replace("TLSv", "TLS "),
        iana(openssl, cipher),
    )
}

#[test]
fn whycert_and_s_client_see_the_same() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let family = Family::new();
    let home = tempfile::tempdir().unwrap();
    let root: PathBuf = family.folder.path().join("root.pem");
    for args in [
        &["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"][..],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
    ] {
        let server = family_server(&openssl, &family, args);
        let mut command: Command = whycert(home.path());
        command
            .args(["inspect", "--format", "json", "--ca"])
            .arg(&root)
            .arg(format!("https://localhost:{}", server.port));
        let output = command.output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let sent: Vec<&str> = json["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["origin"] == "sent")
            .map(|c| c["pem"].as_str().unwrap())
            .collect();
        let (certificates, version, cipher) = s_client(&openssl, server.port);
        assert_eq!(certificates.len(), 2);
        assert_eq!(sent, certificates);
        assert_eq!(json["session"]["version"], version);
        assert_eq!(json["session"]["cipher_suite"], cipher);
    }
}
