//! Settings of this machine and programs that re-sign connections, as findings.

use std::path::Path;
use std::sync::Arc;

use rcgen::DnType;
use whycert::cert::Certificate;
use whycert::diagnosis::{Further, Other, Severity, Who, interception};
use whycert::inspect::{self, Options, Outcome};
use whycert::target::{Endpoint, ServerNameChoice, Source, StartTls, Target};

use crate::support::machine::{
    Place, SITE, capture, command, evidence, finding, inspected, lacks, site,
};
use crate::support::mint::{self, Minted, NOW};

#[test]
fn a_setting_that_took_the_public_roots_away_is_found_where_it_matters() {
    let public = Minted::root(mint::ca("Public Root"));
    let private = Minted::root(mint::ca("Private Root"));
    let place = Place::trusting(&[&public]);
    let leaf = site(&public);
    let one = place.pem_of(&private);
    let seen = inspected(
        capture(SITE, &[&leaf]),
        &place.stores(&[("REQUESTS_CA_BUNDLE", &one)]),
    );
    assert_eq!(seen.outcome, Outcome::Trusted);
    let replaced = finding(&seen, "env.replaced-roots");
    assert!(
        replaced.summary.starts_with(
            "REQUESTS_CA_BUNDLE gives some programs 1 certificate in place of the public roots"
        ),
        "{}",
        replaced.summary
    );
    assert!(evidence(replaced, "refuse").contains("Python requests"));
    assert!(!evidence(replaced, "refuse").contains("pip from 24.2"));
    command(replaced, "unset REQUESTS_CA_BUNDLE");
    // A file that leads to this server's root hurts nobody here; one that only adds never does.
    let same = place.pem_of(&public);
    for variables in [("REQUESTS_CA_BUNDLE", &same), ("NODE_EXTRA_CA_CERTS", &one)] {
        let stores = place.stores(&[(variables.0, variables.1.as_path())]);
        let seen = inspected(capture(SITE, &[&leaf]), &stores);
        let of_settings = seen
            .findings
            .iter()
            .filter(|f| f.rule.id.starts_with("env."));
        assert_eq!(
            of_settings.count(),
            0,
            "{variables:?}: {:#?}",
            seen.findings
        );
    }
}

#[test]
fn a_root_that_only_some_programs_have_is_named() {
    let private = Minted::root(mint::ca("Private Root"));
    let place = Place::trusting(&[]);
    let one = place.pem_of(&private);
    let leaf = site(&private);
    for presented in [vec![&leaf], vec![&leaf, &private]] {
        let seen = inspected(
            capture(SITE, &presented),
            &place.stores(&[("NODE_EXTRA_CA_CERTS", &one)]),
        );
        assert_eq!(seen.outcome, Outcome::Untrusted);
        let some = finding(&seen, "env.only-for-some");
        assert_eq!(some.severity, Severity::Note);
        assert!(
            some.summary
                .starts_with("NODE_EXTRA_CA_CERTS holds what is missing here: Node;"),
            "{}",
            some.summary
        );
        assert!(evidence(some, "do not follow it").contains("Python"));
        command(some, &format!("--ca {}", one.display()));
        // The root cause stays the first.
        assert_ne!(seen.findings[0].rule.id, "env.only-for-some");
    }
    // The root is on this machine: that file is the smallest fix, and the root is no mere name.
    let middle = private.issue(mint::ca("Private CA"));
    let below = middle.issue(mint::server(&["www.site.example.org"]));
    let seen = inspected(
        capture(SITE, &[&below, &middle]),
        &place.stores(&[("REQUESTS_CA_BUNDLE", &one)]),
    );
    let cause = finding(&seen, "chain.unknown-root");
    assert_eq!(
        evidence(cause, "root"),
        "not sent; REQUESTS_CA_BUNDLE names a file that has it"
    );
    let first = &cause.fixes[0];
    assert!(
        first
            .action
            .starts_with("Give your client the file that REQUESTS_CA_BUNDLE names"),
        "{}",
        first.action
    );
    let line = first.command.as_deref().unwrap();
    assert!(line.ends_with(&format!("--ca {}", one.display())), "{line}");
    let without = inspected(capture(SITE, &[&below, &middle]), &place.stores(&[]));
    let cause = finding(&without, "chain.unknown-root");
    assert_eq!(evidence(cause, "root"), "not sent, known only by name");
    // Another root helps nobody.
    let other = place.pem_of(&Minted::root(mint::ca("Other Root")));
    lacks(
        &inspected(
            capture(SITE, &[&leaf]),
            &place.stores(&[("NODE_EXTRA_CA_CERTS", &other)]),
        ),
        "env.only-for-some",
    );
}

#[test]
fn the_right_setting_that_another_overrides_is_named() {
    let private = Minted::root(mint::ca("Private Root"));
    let other = Minted::root(mint::ca("Other Root"));
    let place = Place::trusting(&[]);
    let (right, wrong) = (place.pem_of(&private), place.pem_of(&other));
    let leaf = site(&private);
    let stores = place.stores(&[("CURL_CA_BUNDLE", &right), ("REQUESTS_CA_BUNDLE", &wrong)]);
    let seen = inspected(capture(SITE, &[&leaf]), &stores);
    let beaten = finding(&seen, "env.overridden");
    assert_eq!(
        beaten.summary,
        "CURL_CA_BUNDLE holds the root that is missing, and REQUESTS_CA_BUNDLE overrides it."
    );
    let stores = place.stores(&[("CURL_CA_BUNDLE", &right), ("REQUESTS_CA_BUNDLE", &right)]);
    lacks(
        &inspected(capture(SITE, &[&leaf]), &stores),
        "env.overridden",
    );
}

#[test]
fn settings_that_name_nothing_and_switches_are_found() {
    let public = Minted::root(mint::ca("Public Root"));
    let place = Place::trusting(&[&public]);
    let leaf = site(&public);
    let empty = place.write("empty.pem", "");
    place.write(
        "home/.gitconfig",
        "[http]\n\tsslVerify = false\n[http \"https://other.test\"]\n\tsslCAInfo = /gone.pem\n",
    );
    let stores = place.stores(&[
        ("NODE_EXTRA_CA_CERTS", Path::new("/nonexistent/ca.pem")),
        ("AWS_CA_BUNDLE", &empty),
    ]);
    let seen = inspected(capture(SITE, &[&leaf]), &stores);
    let missing = finding(&seen, "env.file-missing");
    assert_eq!(
        missing.summary,
        "NODE_EXTRA_CA_CERTS names /nonexistent/ca.pem, and nothing is there."
    );
    assert_eq!(
        evidence(missing, "what happens"),
        "Node warns once and goes on without it"
    );
    let unreadable = finding(&seen, "env.no-certificate");
    assert!(unreadable.summary.starts_with("AWS_CA_BUNDLE names "));
    let off = finding(&seen, "env.verification-off");
    assert!(
        off.summary.starts_with("git http.sslVerify in "),
        "{}",
        off.summary
    );
    command(off, "git config --global --unset http.sslVerify");
    // A file is judged whatever is set here.
    let mut of_file = capture(SITE, &[&leaf]);
    of_file.target = Target::parse("./chain.pem").unwrap();
    let seen = inspected(of_file, &stores);
    assert!(
        !seen.findings.iter().any(|f| f.rule.id.starts_with("env.")),
        "{:#?}",
        seen.findings
    );
}

#[test]
fn a_wrong_ssl_cert_file_is_told_once() {
    let public = Minted::root(mint::ca("Public Root"));
    let place = Place::trusting(&[&public]);
    let leaf = site(&public);
    let seen = inspected(
        capture(SITE, &[&leaf]),
        &place.stores(&[("SSL_CERT_FILE", Path::new("/nonexistent/ca.pem"))]),
    );
    finding(&seen, "env.file-missing");
    lacks(&seen, "store.unreadable");
}

#[test]
fn a_file_that_programs_cannot_read_trusts_nobody() {
    let private = Minted::root(mint::ca("Private Root"));
    let place = Place::trusting(&[]);
    let leaf = site(&private);
    let file = place.pem_of(&private);
    let pem = std::fs::read(&file).unwrap();
    let seen_with = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        let stores = place.stores(&[("SSL_CERT_FILE", &file)]);
        inspected(capture(SITE, &[&leaf]), &stores)
    };
    assert_eq!(seen_with(&pem).outcome, Outcome::Trusted);
    // DER, and one damaged block behind a good one.
    let cut = [&pem, &pem[..pem.len() / 2]].concat();
    for bytes in [private.der.to_vec(), cut] {
        let seen = seen_with(&bytes);
        assert_ne!(seen.outcome, Outcome::Trusted);
        finding(&seen, "env.no-certificate");
        lacks(&seen, "store.unreadable");
    }
    // OpenSSL skips a byte-order mark, others skip the certificate behind it.
    let marked = [b"\xef\xbb\xbf", pem.as_slice()].concat();
    let seen = seen_with(&marked);
    assert_eq!(seen.outcome, Outcome::Trusted);
    let told = finding(&seen, "env.no-certificate");
    assert!(
        evidence(told, "problem").contains("Go programs"),
        "{told:?}"
    );
    lacks(&seen, "store.unreadable");
}

/// The root of a company's proxy.
fn inspecting(name: &str, organisation: &str) -> Minted {
    let mut params = mint::ca(name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, organisation);
    Minted::root(params)
}

#[test]
fn inspection_that_the_machine_accepts_is_named() {
    let root = inspecting("Zscaler Root CA", "Zscaler Inc.");
    let place = Place::trusting(&[&root]);
    let leaf = site(&root);
    let seen = inspected(capture(SITE, &[&leaf]), &place.stores(&[]));
    assert_eq!(seen.outcome, Outcome::Trusted);
    let resigned = finding(&seen, "proxy.re-signed");
    assert_eq!(resigned.severity, Severity::Warning);
    assert_eq!(
        resigned.summary,
        "The TLS-inspecting proxy Zscaler seems to have re-signed this connection: the chain ends at its CA “Zscaler Root CA”."
    );
    assert_eq!(
        evidence(resigned, "its root"),
        "in this machine's stores and not among Mozilla's roots"
    );
    command(
        resigned,
        "whycert export https://www.site.example.org --what root -o inspection-root.pem",
    );
    // The same where nobody trusts it: an error, and the file must come from the company.
    let seen = inspected(
        capture(SITE, &[&leaf, &root]),
        &Place::trusting(&[]).stores(&[]),
    );
    let resigned = finding(&seen, "proxy.re-signed");
    assert_eq!(resigned.severity, Severity::Error);
    assert!(resigned.fixes[0].action.contains("Ask your IT department"));
    lacks(&seen, "chain.unknown-root");
}

#[test]
fn a_proxy_of_unknown_name_is_found_by_its_signs() {
    let root = Minted::root(mint::ca("Example Corp Root"));
    let place = Place::trusting(&[&root]);
    let fresh = root.issue(mint::dated(mint::server(&["api.site.example.org"]), 0, 30));
    let typed = "https://api.site.example.org";
    let seen = inspected(capture(typed, &[&fresh]), &place.stores(&[]));
    // Enough to ask, not enough to say.
    let maybe = finding(&seen, "proxy.re-signed");
    assert_eq!(maybe.severity, Severity::Note);
    assert!(
        maybe.summary.contains("may have made this certificate"),
        "{}",
        maybe.summary
    );
    command(maybe, "--compare https://example.com");
    // The same CA for an unrelated server says it.
    let with_other = |signer: &Minted| {
        let mut seen = inspected(capture(typed, &[&fresh]), &place.stores(&[]));
        let other = signer.issue(mint::server(&["example.com"]));
        seen.further = Arc::new(Further {
            other: Some(Other {
                typed: "https://example.com".to_owned(),
                presented: vec![Arc::from(other.der)],
            }),
            ..Further::default()
        });
        inspect::reassess(&seen, &Options::default(), NOW)
    };
    let sure = with_other(&root);
    let resigned = finding(&sure, "proxy.re-signed");
    assert_eq!(resigned.severity, Severity::Warning);
    assert_eq!(
        evidence(resigned, "same CA"),
        "https://example.com is signed by it as well"
    );
    // Another CA there leaves it at the question.
    let unsure = with_other(&Minted::root(mint::ca("Real Public Root")));
    assert_eq!(finding(&unsure, "proxy.re-signed").severity, Severity::Note);
    // A server of one's own network is no public site, and an old certificate is not minted on the way.
    let own = root.issue(mint::dated(mint::server(&["git.corp"]), 0, 30));
    lacks(
        &inspected(capture("https://git.corp", &[&own]), &place.stores(&[])),
        "proxy.re-signed",
    );
    lacks(
        &inspected(capture(SITE, &[&site(&root)]), &place.stores(&[])),
        "proxy.re-signed",
    );
}

#[test]
fn debugging_proxies_and_antivirus_are_told_apart() {
    for (name, organisation, words) in [
        ("mitmproxy", "mitmproxy", "The debugging proxy mitmproxy"),
        (
            "DO_NOT_TRUST_FiddlerRoot",
            "DO_NOT_TRUST",
            "The debugging proxy Fiddler",
        ),
        (
            "Charles Proxy CA (26 May 2023, host)",
            "XK72 Ltd",
            "The debugging proxy Charles Proxy",
        ),
        (
            "PortSwigger CA",
            "PortSwigger",
            "The debugging proxy Burp Suite",
        ),
        (
            "AVG Web/Mail Shield Root",
            "AVG Web/Mail Shield",
            "The antivirus program AVG",
        ),
        (
            "ESET SSL Filter CA",
            "ESET, spol. s r. o.",
            "The antivirus program ESET",
        ),
        (
            "Superfish, Inc.",
            "Superfish, Inc.",
            "The malicious program Superfish",
        ),
    ] {
        let root = inspecting(name, organisation);
        let leaf = site(&root);
        let seen = inspected(
            capture(SITE, &[&leaf, &root]),
            &Place::trusting(&[]).stores(&[]),
        );
        let resigned = finding(&seen, "proxy.re-signed");
        assert!(resigned.summary.starts_with(words), "{}", resigned.summary);
    }
}

#[test]
fn a_leaked_key_is_known_by_its_fingerprint() {
    let root = Minted::root(mint::ca("Anything"));
    let mut certificate = Certificate::read(root.der);
    assert_eq!(interception::denied(&certificate), None);
    certificate.sha1 = [
        0xc8, 0x64, 0x48, 0x48, 0x69, 0xd4, 0x1d, 0x2b, 0x0d, 0x32, 0x31, 0x9c, 0x5a, 0x62, 0xf9,
        0x31, 0x5a, 0xaf, 0x2c, 0xbd,
    ];
    assert_eq!(
        interception::denied(&certificate),
        Some("Superfish (Lenovo)")
    );
    // In a chain it is told first, and nobody is advised to trust it.
    let root = Minted::root(mint::ca("Anything"));
    let stores = Place::trusting(&[]).stores(&[]);
    let mut seen = inspected(capture(SITE, &[&site(&root), &root]), &stores);
    assert!(finding(&seen, "chain.unknown-root").fixes.len() > 1);
    let node = seen
        .chain
        .nodes
        .iter_mut()
        .find(|n| n.title() == "Anything");
    node.unwrap().certificate = Some(Arc::new(certificate));
    let seen = inspect::reassess(&seen, &Options::default(), NOW);
    assert_eq!(seen.findings[0].rule.id, "proxy.leaked-key");
    let unknown = finding(&seen, "chain.unknown-root");
    assert!(
        unknown.fixes.iter().all(|f| f.who != Who::You),
        "{unknown:#?}"
    );
}

#[test]
fn makers_that_are_no_proxies_are_named_with_what_helps() {
    let root = inspecting("mkcert me@laptop", "mkcert development CA");
    let leaf = site(&root);
    let seen = inspected(capture(SITE, &[&leaf]), &Place::trusting(&[]).stores(&[]));
    let cause = &seen.findings[0];
    assert_eq!(evidence(cause, "made by"), "mkcert");
    assert_eq!(
        cause.fixes[0].command.as_deref(),
        Some("whycert https://www.site.example.org --ca \"$(mkcert -CAROOT)/rootCA.pem\"")
    );

    let mut params = mint::server(&["anything.traefik.default"]);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "TRAEFIK DEFAULT CERT");
    let default = Minted::root(params);
    let seen = inspected(
        capture("https://anything.traefik.default", &[&default]),
        &Place::trusting(&[]).stores(&[]),
    );
    let cause = finding(&seen, "leaf.self-signed");
    assert_eq!(evidence(cause, "made by"), "Traefik's default certificate");
    assert!(cause.fixes[0].action.contains("do not trust the default"));
}

#[test]
fn a_proxy_that_leaves_its_root_out_is_named_all_the_same() {
    let root = inspecting("Zscaler Root CA", "Zscaler Inc.");
    let middle = root.issue(mint::ca("Zscaler Intermediate Root CA (zscalerthree.net)"));
    let leaf = site(&middle);
    let stores = Place::trusting(&[]).stores(&[]);
    let seen = inspected(capture(SITE, &[&leaf, &middle]), &stores);
    finding(&seen, "proxy.re-signed");
    lacks(&seen, "chain.missing-issuer");
}

#[test]
fn a_hosts_file_is_offered_only_for_names() {
    let public = Minted::root(mint::ca("Public Root"));
    let place = Place::trusting(&[&public]);
    let offered = |names: &[&str]| {
        let seen = inspected(
            capture(SITE, &[&public.issue(mint::server(names))]),
            &place.stores(&[]),
        );
        let fixes = finding(&seen, "name.mismatch").fixes.clone();
        let line = fixes.iter().find(|f| f.action.contains("hosts file"));
        line.map(|f| f.command.clone().unwrap())
    };
    assert_eq!(offered(&["localhost", "127.0.0.1"]), None);
    assert_eq!(
        offered(&["api.example.org", "10.0.0.7"]).as_deref(),
        Some("192.0.2.7 api.example.org")
    );
}

#[test]
fn the_line_for_another_name_reaches_the_same_server() {
    let public = Minted::root(mint::ca("Public Root"));
    let place = Place::trusting(&[&public]);
    let first = |names: &[&str], change: fn(&mut Endpoint)| {
        let mut made = capture(SITE, &[&public.issue(mint::server(names))]);
        if let Source::Endpoint(endpoint) = &mut made.target.source {
            change(endpoint);
        }
        let seen = inspected(made, &place.stores(&[]));
        let fix = finding(&seen, "name.mismatch").fixes[0].clone();
        (fix.action, fix.command.unwrap())
    };
    assert_eq!(
        first(&["api.test"], |_| ()).1,
        "whycert https://api.test:443 --connect www.site.example.org"
    );
    let connected = first(&["api.test"], |e| {
        let there = Target::parse("10.0.0.7").unwrap();
        e.connect = Some((there.endpoint().unwrap().host.clone(), Some(8443)));
    });
    assert_eq!(
        connected.1,
        "whycert https://api.test:443 --connect 10.0.0.7:8443"
    );
    let mail = first(&["mail.test"], |e| e.upgrade = Some(StartTls::Smtp));
    assert_eq!(
        mail.1,
        "whycert mail.test:443 --starttls smtp --connect www.site.example.org"
    );
    // The host that was typed is named; only an option asked for another name.
    let mut made = capture(SITE, &[&site(&public)]);
    if let Source::Endpoint(endpoint) = &mut made.target.source {
        endpoint.server_name = ServerNameChoice::Named("other.test".to_owned());
    }
    let seen = inspected(made, &place.stores(&[]));
    let fix = &finding(&seen, "name.mismatch").fixes[0];
    assert_eq!(
        fix.action,
        "Ask for the name it is for: www.site.example.org."
    );
    let line = fix.command.as_deref();
    assert_eq!(line, Some("whycert https://www.site.example.org:443"));
}
