//! `whycert explain` on errors that people paste: measured texts of real clients, hostile texts, and the
//! binary over real sockets.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Stdio;

use proptest::strategy::Strategy;
use whycert::diagnosis::pasted::{Level, Pasted};
use whycert::diagnosis::rule::RULES;
use whycert::tui::message::{Effect, Message};
use whycert::tui::model::Overlay;

use crate::headless::{Bench, Seen, see, see_with_input};
use crate::support::driven::{Driven, healthy};
use crate::support::{peer, programs};

/// The rules that fit a measured category; `None`: the category says nothing about TLS.
fn fitting(category: &str) -> Option<&'static [&'static str]> {
    Some(match category {
        "untrusted" => &["chain.unknown-root", "chain.missing-issuer"],
        "selfsigned-in-chain" => &["chain.unknown-root"],
        "selfsigned" => &["leaf.self-signed"],
        "hostname" => &[
            "name.mismatch",
            "name.ip-not-in-san",
            "name.common-name-only",
        ],
        "expired" => &["cert.expired"],
        "notyet" => &["cert.not-yet-valid"],
        "purpose" => &["leaf.not-for-servers", "chain.not-a-ca"],
        "not-a-ca" => &["chain.not-a-ca"],
        "pathlen" => &["chain.path-length"],
        "name-constraints" => &["chain.name-constraint"],
        "critical-ext" => &["cert.unknown-critical-extension"],
        "strict" => &["cert.strict-profile"],
        "cert-parse" => &["cert.broken-encoding"],
        "weak-sig" => &["crypto.weak-hash"],
        "weak-key" => &["crypto.weak-key"],
        "bad-signature" => &["chain.bad-signature"],
        "must-staple" => &["cert.must-staple"],
        "revoked" => &["cert.revoked"],
        "ca-file" => &["env.file-missing", "env.no-certificate"],
        "client-cert" => &["tls.client-certificate"],
        "tls-version" | "legacy-renego" => &["tls.old-version"],
        "alert" => &["tls.alert", "tls.client-certificate"],
        // GnuTLS calls a connection that is closed in the handshake “handshake failed” too.
        "handshake-failure" => &["tls.alert", "tls.closed-at-once"],
        "plaintext" => &["tls.plain-http", "tls.not-tls"],
        "eof-reset" => &["tls.closed-at-once", "tls.reset"],
        "timeout" => &["net.timed-out", "tls.silent"],
        "refused" => &["net.refused"],
        "dns" => &["net.no-such-name"],
        "proxy" => &["proxy.authentication", "proxy.refused", "proxy.unreachable"],
        // Texts that leave the reason open: any cause fits, but one must be named.
        "verify-failed" | "cert-invalid" => {
            &["chain.unknown-root", "cert.strict-profile", "name.mismatch"]
        }
        "other" | "client-policy" => return None,
        unknown => panic!("a category that no rule is known for: {unknown}"),
    })
}

/// Texts of the measurement that are about no certificate, no TLS and no connection: they are not to be
/// recognised.
const NOT_TLS: &[&str] = &[
    "WARNING: Could not save SSL session data for socket",
    "unsupported URI https://",
    "Can't locate Regexp/IPv6.pm",
    "500 Can't connect to",
];

#[test]
fn every_measured_text_is_recognised_with_a_fitting_cause() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pasted.tsv");
    let file = std::fs::read_to_string(path).unwrap();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut rows = 0;
    for line in file.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [category, client, class, text, cause] = columns.as_slice() else {
            panic!("{line:?}");
        };
        rows += 1;
        // As a person pastes it: the text alone; the text with its cause; the whole with its class.
        let text = &text.replace(" | ", "\n");
        let pastes = [
            ("text", text.clone()),
            ("text and cause", format!("{text}\n{cause}")),
            ("whole", format!("{class}: {text}\n{cause}")),
        ];
        for (how, pasted) in pastes {
            if pasted.trim().is_empty() {
                continue;
            }
            let read = Pasted::read(&pasted);
            let Some(error) = read.error() else {
                if NOT_TLS.iter().any(|known| text.contains(known)) && fitting(category).is_none() {
                    *counts.entry("not about TLS").or_default() += 1;
                } else {
                    faults.push(format!(
                        "{client}, {category}, {how}: not recognised: {pasted:?}"
                    ));
                }
                continue;
            };
            let level = match error.level {
                Level::Exact => "exact",
                Level::General => "general",
                Level::Wrapper => "wrapper",
            };
            *counts.entry(level).or_default() += 1;
            let causes = read.causes();
            if let Some(rules) = fitting(category)
                && !rules.iter().any(|rule| causes.contains(rule))
            {
                faults.push(format!(
                    "{client}, {category}, {how}: {} causes {causes:?}: {pasted:?}",
                    error.id
                ));
            }
        }
    }
    eprintln!("{rows} measured texts, each pasted in up to three ways: {counts:?}");
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(rows > 1000, "{rows}");
    let count = |level: &str| counts.get(level).copied().unwrap_or(0);
    // The reason is named wherever the client prints it.
    assert!(count("exact") * 100 >= 85 * 3 * rows, "{counts:?}");
    assert!(count("not about TLS") <= 12, "{counts:?}");
}

/// Wherever a client prints the server's name or port, it is found, and no other server is.
#[test]
fn the_server_is_found_in_every_measured_text_that_names_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pasted.tsv");
    let file = std::fs::read_to_string(path).unwrap();
    let (mut named, mut with_port, mut faults) = (0, 0, Vec::new());
    for line in file.lines().filter(|l| !l.starts_with('#')).skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let text = columns[3].replace(" | ", "\n");
        if !text.contains("{HOST}") {
            continue;
        }
        named += 1;
        // In brackets it was an IPv6 address.
        let filled = text
            .replace("[{HOST}]", "[2001:db8::7]")
            .replace("{HOST}", "api.internal.test")
            .replace("{PORT}", "8443")
            .replace("{ADDR}", "192.0.2.7");
        let typed: Vec<String> = Pasted::read(&filled)
            .places
            .iter()
            .map(|place| place.typed())
            .collect();
        with_port += usize::from(typed.iter().any(|t| t.ends_with(":8443")));
        let right = [
            "api.internal.test",
            "api.internal.test:8443",
            "[2001:db8::7]",
            "[2001:db8::7]:8443",
        ];
        let bare: Vec<&str> = typed
            .iter()
            .map(|t| {
                t.trim_start_matches("https://")
                    .trim_start_matches("http://")
            })
            .collect();
        if bare.len() != 1 || !right.contains(&bare[0]) {
            faults.push(format!("{}: {typed:?}: {filled:?}", columns[1]));
        }
    }
    eprintln!("{named} measured texts name the server, {with_port} its port as well");
    assert!(
        faults.is_empty(),
        "{} of {named}:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(named > 300 && with_port > 200, "{named} {with_port}");
}

/// Texts that nobody could be made to print on the measuring machine: from the makers' documentation.
#[test]
fn errors_of_other_systems_are_known() {
    for (text, rule) in [
        (
            "schannel: next InitializeSecurityContext failed: SEC_E_UNTRUSTED_ROOT (0x80090325) - The certificate chain was issued by an authority that is not trusted.",
            "chain.unknown-root",
        ),
        ("0x80090325", "chain.unknown-root"),
        ("0x800B0109", "chain.unknown-root"),
        ("-2146762487", "chain.unknown-root"),
        (
            "schannel: next InitializeSecurityContext failed: Unknown error (0x80092012) - The revocation function was unable to check revocation for the certificate.",
            "cert.revocation-unknown",
        ),
        (
            "schannel: SNI or certificate check failed: SEC_E_WRONG_PRINCIPAL (0x80090322) - The target principal name is incorrect.",
            "name.mismatch",
        ),
        (
            "WinHttpSendRequest: 12175: A security error occurred",
            "tls.handshake",
        ),
        ("Error 12029", "net.refused"),
        (
            "CFNetwork SSLHandshake failed (-9807)",
            "chain.unknown-root",
        ),
        (
            "NSURLConnection/CFURLConnection HTTP load failed (kCFStreamErrorDomainSSL, -9813)",
            "chain.unknown-root",
        ),
        ("-9814", "cert.expired"),
        (
            "Error Domain=NSURLErrorDomain Code=-1202 \"The certificate for this server is invalid.\"",
            "chain.unknown-root",
        ),
        (
            "x509: “localhost” certificate is not trusted",
            "chain.unknown-root",
        ),
        (
            "x509: “localhost” certificate is not standards compliant",
            "cert.strict-profile",
        ),
        (
            "psql: error: connection to server at \"db.test\" (192.0.2.1), port 5432 failed: server does not support SSL, but SSL was required",
            "tls.starttls-refused",
        ),
        (
            "server certificate for \"a.test\" does not match host name \"b.test\"",
            "name.mismatch",
        ),
        (
            "ERROR 2026 (HY000): SSL connection error: error:0A000086:SSL routines::certificate verify failed",
            "chain.unknown-root",
        ),
        (
            "ERROR 2026 (HY000): TLS/SSL error: self-signed certificate in certificate chain",
            "chain.unknown-root",
        ),
        (
            "System.Net.Http.HttpRequestException: The SSL connection could not be established, see inner exception. ---> System.Security.Authentication.AuthenticationException: The remote certificate is invalid because of errors in the certificate chain: UntrustedRoot",
            "chain.unknown-root",
        ),
        (
            "The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch",
            "name.mismatch",
        ),
        (
            "Cannot determine the frame size or a corrupted frame was received.",
            "tls.plain-http",
        ),
        (
            "The request was aborted: Could not create SSL/TLS secure channel.",
            "tls.old-version",
        ),
        (
            "Error response from daemon: Get \"https://registry.test/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
            "chain.unknown-root",
        ),
        (
            "http: TLS handshake error from 10.0.0.1:4711: remote error: tls: bad certificate",
            "chain.unknown-root",
        ),
        ("NET::ERR_CERT_AUTHORITY_INVALID", "chain.unknown-root"),
        ("MOZILLA_PKIX_ERROR_MITM_DETECTED", "proxy.re-signed"),
        (
            "SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:SSL alert number 48",
            "tls.client-certificate",
        ),
        ("npm ERR! code SELF_SIGNED_CERT_IN_CHAIN", "proxy.re-signed"),
        (
            "java.security.InvalidAlgorithmParameterException: the trustAnchors parameter must be non-empty",
            "env.file-missing",
        ),
        (
            "terraform: Error: Failed to query available provider packages: x509: certificate has expired or is not yet valid",
            "cert.expired",
        ),
    ] {
        let read = Pasted::read(text);
        assert!(read.causes().contains(&rule), "{text}: {:?}", read.error());
    }
}

#[test]
fn hostile_texts_do_no_harm() {
    let mut binary: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    binary.extend_from_slice(b"\ncertificate has expired");
    let bench = Bench::with(&[]);
    let escapes =
        "\u{1b}]0;evil\u{7}\u{1b}[2J\u{202e}certificate has expired https://ev\u{202e}il.test";
    for (input, known) in [
        (binary.as_slice(), true),
        (escapes.as_bytes(), true),
        (&b"x ".repeat(700_000)[..], false),
        (&b"https://".repeat(130_000)[..], false),
        (&b"a*".repeat(500_000)[..], false),
    ] {
        let seen = see_with_input(&mut bench.command(&["explain", "-", "--offline"]), input);
        assert_eq!(seen.code, if known { 0 } else { 3 }, "{seen:?}");
        let odd = |c: char| c != '\n' && whycert::text::is_unsafe(c);
        assert!(
            !seen.out.contains(odd) && !seen.err.contains(odd),
            "{seen:?}"
        );
    }
    let seen = see_with_input(&mut bench.command(&["explain", "-", "--offline"]), &binary);
    assert!(seen.out.contains("the middle was left out"), "{seen:?}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    /// Whatever is pasted, between the marks that the reader looks for: no panic, and no server that is no host.
    #[test]
    fn any_text_can_be_pasted(parts in proptest::collection::vec(
        proptest::prop_oneof![
            "\\PC{0,12}",
            "[\u{0}-\u{9f}]{0,6}",
            proptest::sample::select(vec![
                "https://", "host='", "', port=", "[", "]", ":", "@", "://", "dial tcp ", "not ", "\u{1b}[", "\u{1b}]",
                "certificate is valid for ", "altnames: host: ", ". is not in", "::1", "error 12175", "漢", "\\n", "\\\"",
            ]).prop_map(str::to_owned),
        ],
        0..40,
    )) {
        let text = parts.concat();
        let read = Pasted::read(&text);
        for place in &read.places {
            let typed = place.typed();
            proptest::prop_assert!(whycert::target::Target::parse(&typed).is_ok(), "{typed:?} of {text:?}");
            proptest::prop_assert!(!typed.contains(whycert::text::is_unsafe), "{typed:?}");
        }
    }
}

fn explained(bench: &Bench, text: &str, more: &[&str]) -> Seen {
    let mut arguments = vec!["explain", text];
    arguments.extend(more);
    see(&mut bench.command(&arguments))
}

#[test]
fn the_server_that_the_text_names_is_looked_at() {
    let bench = Bench::with(&["expired", "plain-http"]);
    let port = bench.port("expired").to_string();
    let text = format!(
        "requests.exceptions.SSLError: HTTPSConnectionPool(host='localhost', port={port}): Max retries exceeded with \
         url: /?token=s3cr3t (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] \
         certificate verify failed: certificate has expired (_ssl.c:1006)')))"
    );
    let root = bench.root.to_string_lossy().into_owned();
    let seen = explained(&bench, &text, &["--ca", &root]);
    assert_eq!(seen.code, 1, "{seen:?}");
    for part in [
        "requests (Python): certificate has expired",
        "cert.expired",
        &format!("Looking at localhost:{port} now"),
        "The look finds one of these causes: cert.expired.",
        "Not trusted: localhost",
    ] {
        assert!(seen.out.contains(part), "{part}: {}", seen.out);
    }
    assert!(!seen.out.contains("s3cr3t"), "{}", seen.out);

    let seen = explained(&bench, &text, &["--offline"]);
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(!seen.out.contains("Not trusted") && !seen.out.contains("Looking at"));
    assert!(
        seen.out
            .contains(&format!("whycert inspect localhost:{port}"))
    );

    let target = bench.target("plain-http").to_owned();
    let seen = explained(
        &bench,
        "[SSL: WRONG_VERSION_NUMBER] wrong version number",
        &["--target", &target],
    );
    assert_eq!(seen.code, 1, "{seen:?}");
    assert!(
        seen.out.contains("of these causes: tls.plain-http."),
        "{}",
        seen.out
    );
}

#[test]
fn nobody_is_contacted_who_is_not_named() {
    let bench = Bench::with(&[]);
    for (text, said) in [
        (
            "curl: (60) SSL certificate problem: certificate has expired More details here: https://curl.se/docs/sslcerts.html",
            "names no server",
        ),
        (
            "https://a.test and https://b.test: certificate has expired",
            "names several servers, and none was contacted",
        ),
    ] {
        let seen = explained(&bench, text, &[]);
        assert_eq!(seen.code, 0, "{seen:?}");
        assert!(seen.out.contains(said), "{}", seen.out);
        assert!(!seen.out.contains("Looking at"), "{}", seen.out);
    }
}

#[test]
fn words_pipes_dashes_and_rules_are_all_taken() {
    let bench = Bench::with(&[]);
    let words = ["explain", "certificate", "has", "expired"];
    assert!(see(&mut bench.command(&words)).out.contains("cert.expired"));
    let dash =
        "- Status: The certificate is NOT trusted. The certificate chain uses expired certificate.";
    let seen = explained(&bench, dash, &["--offline"]);
    assert!(seen.out.contains("cert.expired"), "{seen:?}");
    let seen = explained(&bench, "-9813", &[]);
    assert!(seen.out.contains("chain.unknown-root"), "{seen:?}");
    for arguments in [&["explain"][..], &["explain", "-"]] {
        let seen = see_with_input(&mut bench.command(arguments), b"fatal: CERT_HAS_EXPIRED\n");
        assert_eq!(
            (seen.code, seen.out.contains("cert.expired")),
            (0, true),
            "{seen:?}"
        );
    }
    let seen = see(bench.command(&["explain"]).stdin(Stdio::null()));
    assert_eq!(
        (seen.code, seen.out.lines().count()),
        (0, RULES.len()),
        "{seen:?}"
    );
    let seen = explained(&bench, "chain.missing-issuer", &[]);
    assert!(seen.out.contains("(error)") && seen.code == 0, "{seen:?}");
}

#[test]
fn an_unknown_text_is_said_to_be_unknown_with_the_nearest() {
    let bench = Bench::with(&[]);
    let seen = explained(
        &bench,
        "Error: unable to get the locale issuer certificat",
        &[],
    );
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(seen.out.contains("does not guess"), "{}", seen.out);
    assert!(
        seen.out
            .contains("“unable to get local issuer certificate”"),
        "{}",
        seen.out
    );
    let seen = explained(&bench, "the flux capacitor is misaligned", &[]);
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(
        seen.out.contains("Nothing that it knows is like it"),
        "{}",
        seen.out
    );
}

/// What real programs of this machine print about a lab server leads to the right cause.
#[test]
fn what_programs_here_print_is_understood() {
    let bench = Bench::with(&["expired", "self-signed", "plain-http"]);
    let root = bench.root.to_string_lossy().into_owned();
    let mut asked: HashMap<&str, usize> = HashMap::new();
    for (scenario, cause) in [
        ("expired", "cert.expired"),
        ("self-signed", "leaf.self-signed"),
        ("plain-http", "tls.plain-http"),
    ] {
        let port = bench.port(scenario);
        let url = format!("https://localhost:{port}/");
        let python = format!(
            "import ssl,urllib.request as u;u.urlopen('{url}',context=ssl.create_default_context(cafile='{root}'),timeout=9)"
        );
        let connect = format!("localhost:{port}");
        for (program, arguments) in [
            (
                "curl",
                vec!["-sS", "--noproxy", "*", "--cacert", &root, &url],
            ),
            ("python3", vec!["-c", &python]),
            (
                "openssl",
                vec![
                    "s_client",
                    "-connect",
                    &connect,
                    "-CAfile",
                    &root,
                    "-verify_return_error",
                ],
            ),
        ] {
            let Some(path) = peer(program) else { continue };
            let output = programs::clean(path)
                .args(arguments)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let printed = String::from_utf8_lossy(&output.stderr).into_owned();
            let read = Pasted::read(&printed);
            assert!(
                read.causes().contains(&cause),
                "{program}, {scenario}: {printed}: {read:?}"
            );
            *asked.entry(program).or_default() += 1;
        }
    }
    eprintln!("asked: {asked:?}");
}

#[test]
fn an_error_typed_into_the_input_line_is_explained_too() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("o");
    for c in "curl: (60) SSL certificate problem: certificate has expired".chars() {
        driven.press(&c.to_string());
    }
    driven.press("<enter>");
    let screen = driven.screen();
    assert!(screen.contains("What this error means"), "{screen}");
    // What is neither a target nor an error is a slip.
    driven.press("<esc>ohello you<enter>");
    assert!(
        driven.screen().contains("there is a space"),
        "{}",
        driven.screen()
    );
}

#[test]
fn an_error_pasted_into_the_screen_is_explained_and_its_server_looked_at() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.send(Message::Paste(
        "curl: (60) SSL certificate problem: certificate has expired\nhttps://me:pw@api.internal:8443/\u{1b}[2J".to_owned(),
    ));
    assert!(matches!(
        driven.model.overlays.last(),
        Some(Overlay::Page { .. })
    ));
    let screen = driven.screen();
    assert!(
        screen.contains("What this error means") && screen.contains("certificate has expired"),
        "{screen}"
    );
    assert!(!screen.contains("pw@"), "{screen}");
    let asked: Vec<String> = driven
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Inspect { target, .. } => Some(target.typed.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        asked.last().map(String::as_str),
        Some("https://api.internal:8443")
    );
    driven.press("<esc>");
    assert!(driven.model.overlays.is_empty());

    // Without a server, nothing is opened.
    let before = driven.effects.len();
    driven.send(Message::Paste("CERT_HAS_EXPIRED".to_owned()));
    assert!(driven.screen().contains("names no server"));
    assert_eq!(driven.effects.len(), before);
}
