//! Chain, judge and diagnosis together: certificates in, findings out. OpenSSL judges the same files.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{BasicConstraints, IsCa, KeyPair, KeyUsagePurpose};
use whycert::capture::{Capture, Possession, Seen, Session};
use whycert::chain::{Origin, PathEnd};
use whycert::inspect::{self, Assumption, Fingerprint, Inspection, Options, Outcome, WhatIf};
use whycert::moment::Moment;
use whycert::target::Target;

use crate::support::mint::{self, Minted, NOW, ca, dated, server};
use crate::support::{peer, store};

/// A finished look at `https://www.lab.test` that showed these certificates.
fn capture(presented: &[&[u8]]) -> Capture {
    capture_of("https://www.lab.test", presented)
}

fn capture_of(typed: &str, presented: &[&[u8]]) -> Capture {
    Capture {
        presented: presented.iter().map(|der| Arc::from(*der)).collect(),
        seen_by: Seen::Handshake,
        session: Session {
            possession: Possession::Proved,
            ..Session::default()
        },
        ..Capture::empty(&Target::parse(typed).unwrap())
    }
}

fn inspected(presented: &[&[u8]], anchors: &[&[u8]]) -> Inspection {
    inspect::assemble(
        Arc::new(capture(presented)),
        &store(anchors),
        &Options::default(),
        NOW,
    )
}

fn rules(inspection: &Inspection) -> Vec<&'static str> {
    inspection.findings.iter().map(|f| f.rule.id).collect()
}

struct Family {
    root: Minted,
    intermediate: Minted,
    leaf: Minted,
}

fn family() -> Family {
    let root = Minted::root(ca("Test Root"));
    let intermediate = root.issue(ca("Test Issuing CA"));
    let leaf = intermediate.issue(server(&["www.lab.test"]));
    Family {
        root,
        intermediate,
        leaf,
    }
}

#[test]
fn a_healthy_chain_is_trusted_without_findings() {
    let f = family();
    let seen = inspected(&[&f.leaf.der, &f.intermediate.der], &[&f.root.der]);
    assert_eq!(rules(&seen), Vec::<&str>::new());
    assert_eq!(seen.outcome, Outcome::Trusted);
    assert_eq!(seen.verdicts[0].path.len(), 3);
    assert_eq!(seen.chain.paths.len(), 1);
    assert_eq!(seen.chain.paths[0].end, PathEnd::SelfSigned);
}

#[test]
fn without_proof_of_the_key_nothing_is_trusted() {
    let f = family();
    for possession in [
        Possession::NotReached,
        Possession::Failed("bad".to_owned()),
        Possession::CannotCheck("odd".to_owned()),
    ] {
        let mut capture = capture(&[&f.leaf.der, &f.intermediate.der]);
        capture.session.possession = possession;
        let seen = inspect::assemble(
            Arc::new(capture),
            &store(&[&f.root.der]),
            &Options::default(),
            NOW,
        );
        assert_eq!(seen.outcome, Outcome::Untrusted);
    }
}

#[test]
fn a_missing_intermediate_is_a_ghost_with_its_name() {
    let f = family();
    let seen = inspected(&[&f.leaf.der], &[&f.root.der]);
    assert_eq!(rules(&seen), ["chain.missing-issuer"]);
    let ghost = seen.chain.nodes.iter().find(|n| n.is_ghost()).unwrap();
    assert_eq!(ghost.title(), "Test Issuing CA");
    assert!(seen.findings[0].summary.contains("Test Issuing CA"));
    assert!(!seen.findings[0].fixes.is_empty());
}

#[test]
fn a_root_that_nobody_holds_is_told_from_a_missing_intermediate() {
    let f = family();
    let sent = inspected(&[&f.leaf.der, &f.intermediate.der, &f.root.der], &[]);
    assert_eq!(rules(&sent), ["chain.unknown-root"]);
    let not_sent = inspected(&[&f.leaf.der, &f.intermediate.der], &[]);
    assert_eq!(rules(&not_sent), ["chain.unknown-root"]);
    assert_eq!(not_sent.outcome, Outcome::Untrusted);
}

#[test]
fn every_reason_is_named_not_the_first() {
    let root = Minted::root(ca("Test Root"));
    let intermediate = root.issue(dated(ca("Test Issuing CA"), -700, -5));
    let leaf = intermediate.issue(dated(server(&["other.lab.test"]), -60, -2));
    let seen = inspected(&[&leaf.der, &intermediate.der], &[]);
    let mut found = rules(&seen);
    found.sort_unstable();
    assert_eq!(
        found,
        [
            "cert.expired",
            "cert.expired",
            "chain.unknown-root",
            "name.mismatch"
        ]
    );
}

#[test]
fn order_duplicates_strangers_and_the_root_are_noticed() {
    let f = family();
    let anchors: [&[u8]; 1] = [&f.root.der];
    let other = Minted::root(ca("Stranger"));
    for (sent, expected) in [
        (
            vec![&f.leaf, &f.intermediate, &f.intermediate],
            vec!["chain.duplicate"],
        ),
        (
            vec![&f.leaf, &f.intermediate, &other],
            vec!["chain.unrelated"],
        ),
        (
            vec![&f.leaf, &f.intermediate, &f.root],
            vec!["chain.redundant-root"],
        ),
        (
            vec![&f.leaf, &f.root, &f.intermediate],
            vec!["chain.out-of-order", "chain.redundant-root"],
        ),
    ] {
        let sent: Vec<&[u8]> = sent.iter().map(|m| m.der.as_slice()).collect();
        let seen = inspected(&sent, &anchors);
        assert_eq!(rules(&seen), expected);
        assert_eq!(seen.outcome, Outcome::Trusted);
    }
}

#[test]
fn two_certificates_of_one_name_are_kept_apart() {
    let f = family();
    let impostor = Minted::root(ca("Test Issuing CA"));
    let seen = inspected(
        &[&f.leaf.der, &impostor.der, &f.intermediate.der],
        &[&f.root.der],
    );
    assert_eq!(seen.outcome, Outcome::Trusted);
    assert_eq!(
        seen.chain
            .nodes
            .iter()
            .filter(|n| n.title() == "Test Issuing CA")
            .count(),
        2
    );
    assert!(
        seen.chain
            .links
            .iter()
            .any(|l| l.signature == whycert::chain::SignatureCheck::Bad)
    );
}

#[test]
fn cross_signs_are_siblings_and_the_good_path_wins() {
    let old = Minted::root(dated(ca("Old Root"), -4000, -20));
    let new = Minted::root(ca("New Root"));
    let cross = old.issue_with(
        ca("New Root"),
        KeyPair::from_pem(&new.key.serialize_pem()).unwrap(),
    );
    let intermediate = new.issue(ca("Test Issuing CA"));
    let leaf = intermediate.issue(server(&["www.lab.test"]));
    let seen = inspected(
        &[&leaf.der, &intermediate.der, &cross.der],
        &[&new.der, &old.der],
    );
    assert_eq!(rules(&seen), ["chain.expired-cross-sign"]);
    assert_eq!(seen.outcome, Outcome::Trusted);
    assert!(seen.chain.paths.len() >= 2);
    // The cross-signed certificate itself has expired, and its root is nowhere: it helps nobody any more.
    let late = old.issue_with(
        dated(ca("New Root"), -3000, -30),
        KeyPair::from_pem(&new.key.serialize_pem()).unwrap(),
    );
    let seen = inspected(&[&leaf.der, &intermediate.der, &late.der], &[&new.der]);
    assert_eq!(rules(&seen), ["chain.expired-cross-sign"]);
    assert_eq!(
        seen.findings[0].summary,
        "The server also sends “New Root” as signed by CN=Old Root, and that certificate has expired; old clients take that path and fail, current ones find the root “New Root” itself."
    );
    let old_only = inspected(&[&leaf.der, &intermediate.der, &cross.der], &[&old.der]);
    assert_eq!(old_only.outcome, Outcome::Untrusted);
    assert!(
        rules(&old_only).contains(&"cert.expired"),
        "{:?}",
        rules(&old_only)
    );
}

#[test]
fn a_pinned_self_signed_leaf_is_trusted_and_an_issued_one_is_not() {
    let mut params = server(&["www.lab.test"]);
    params.is_ca = IsCa::ExplicitNoCa;
    let alone = Minted::root(params);
    let seen = inspected(&[&alone.der], &[]);
    assert_eq!(rules(&seen), ["leaf.self-signed"]);
    let pinned = inspected(&[&alone.der], &[&alone.der]);
    assert_eq!((pinned.outcome, rules(&pinned)), (Outcome::Trusted, vec![]));
    let f = family();
    let issued = inspected(&[&f.leaf.der], &[&f.leaf.der]);
    assert_eq!(issued.outcome, Outcome::Untrusted);
}

#[test]
fn a_self_signed_ca_as_server_is_trusted_with_a_warning() {
    let mut params = server(&["www.lab.test"]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
    ];
    let alone = Minted::root(params);
    let seen = inspected(&[&alone.der], &[&alone.der]);
    assert_eq!(
        (seen.outcome, rules(&seen)),
        (Outcome::Trusted, vec!["leaf.ca-as-server"])
    );
    assert!(seen.verdicts[0].webpki.is_err());
}

#[test]
fn pretending_trust_changes_the_verdict_and_says_so() {
    let f = family();
    let capture = Arc::new(capture(&[&f.leaf.der, &f.intermediate.der, &f.root.der]));
    let plain = inspect::assemble(capture, &store(&[]), &Options::default(), NOW);
    assert_eq!(plain.outcome, Outcome::Untrusted);
    let root = plain
        .chain
        .nodes
        .iter()
        .find(|n| n.title() == "Test Root")
        .unwrap();
    let mut pretend = Options::default();
    let print = Fingerprint::of(&root.certificate.as_ref().unwrap().sha256);
    pretend.what_if.assume(Assumption::Trust(print));
    let again = inspect::reassess(&plain, &pretend, NOW);
    assert_eq!(again.outcome, Outcome::TrustedIf);
    assert_eq!(again.outcome.exit_code(), 1);
    assert!(again.verdicts[0].pretended);
    assert_eq!(again.pretended.len(), 1);
}

#[test]
fn the_time_is_an_argument() {
    let f = family();
    let capture = Arc::new(capture(&[&f.leaf.der, &f.intermediate.der]));
    let later = Options {
        what_if: WhatIf::at_moment(Some(NOW.plus(61 * 86_400))),
        ..Options::default()
    };
    let seen = inspect::assemble(capture, &store(&[&f.root.der]), &later, NOW);
    assert_eq!(rules(&seen), ["cert.expired"]);
    assert!(seen.at_given);
}

#[test]
fn a_clock_far_off_is_suspected_before_the_certificates() {
    let f = family();
    let capture = Arc::new(capture(&[&f.leaf.der, &f.intermediate.der]));
    let long_ago = Moment::from_unix(0);
    let seen = inspect::assemble(
        capture,
        &store(&[&f.root.der]),
        &Options::default(),
        long_ago,
    );
    assert_eq!(seen.findings[0].rule.id, "cert.clock-suspect");
}

#[test]
fn a_loop_of_certificates_ends() {
    let a_key = KeyPair::generate().unwrap();
    let b = Minted::root(ca("B"));
    let a = b.issue_with(ca("A"), a_key);
    let b_by_a = a.issue_with(ca("B"), KeyPair::from_pem(&b.key.serialize_pem()).unwrap());
    let a_by_b = b_by_a.issue_with(ca("A"), KeyPair::from_pem(&a.key.serialize_pem()).unwrap());
    let leaf = a.issue(server(&["www.lab.test"]));
    let seen = inspected(&[&leaf.der, &a_by_b.der, &b_by_a.der], &[]);
    assert_eq!(seen.outcome, Outcome::Untrusted);
}

#[test]
fn many_cas_of_one_name_and_key_end_within_the_budget() {
    let root = Minted::root(ca("Same"));
    let pem = root.key.serialize_pem();
    let mut sent = vec![root.issue(server(&["www.lab.test"])).der];
    for _ in 0..40 {
        sent.push(
            root.issue_with(ca("Same"), KeyPair::from_pem(&pem).unwrap())
                .der,
        );
    }
    let sent: Vec<&[u8]> = sent.iter().map(Vec::as_slice).collect();
    let seen = inspected(&sent, &[]);
    assert_eq!(seen.outcome, Outcome::Untrusted);
    assert!(
        seen.chain
            .nodes
            .iter()
            .all(|n| !matches!(&n.origin, Origin::Store(s) if s.is_empty()))
    );
}

/// Each case with the exit of `openssl verify`: the two must agree on accept and reject.
#[test]
fn openssl_agrees_on_accept_and_reject() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let f = family();
    let mut no_ca = ca("Test Issuing CA");
    no_ca.is_ca = IsCa::ExplicitNoCa;
    let mut short = ca("Test Root");
    short.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let short = Minted::root(short);
    let mut limited = ca("Limited CA");
    limited.name_constraints = Some(rcgen::NameConstraints {
        permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("elsewhere.test".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let mut client_only = server(&["www.lab.test"]);
    client_only.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let with = |intermediate: rcgen::CertificateParams, root: &Minted| {
        let intermediate = root.issue(intermediate);
        let leaf = intermediate.issue(server(&["www.lab.test"]));
        vec![leaf.der, intermediate.der]
    };
    let deep = {
        let one = short.issue(ca("Level 1"));
        vec![one.issue(server(&["www.lab.test"])).der, one.der]
    };
    let cases = [
        (
            "healthy",
            vec![f.leaf.der.clone(), f.intermediate.der.clone()],
            f.root.der.clone(),
        ),
        ("missing", vec![f.leaf.der.clone()], f.root.der.clone()),
        ("not-a-ca", with(no_ca, &f.root), f.root.der.clone()),
        ("path-length", deep, short.der.clone()),
        (
            "name-constraint",
            with(limited, &f.root),
            f.root.der.clone(),
        ),
        (
            "expired-intermediate",
            with(dated(ca("Old CA"), -90, -1), &f.root),
            f.root.der.clone(),
        ),
        (
            "client-only",
            vec![
                f.intermediate.issue(client_only).der,
                f.intermediate.der.clone(),
            ],
            f.root.der.clone(),
        ),
        (
            "wrong-name",
            vec![
                f.intermediate.issue(server(&["x.test"])).der,
                f.intermediate.der.clone(),
            ],
            f.root.der.clone(),
        ),
    ];
    for (name, chain, root) in cases {
        let sent: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        let ours = inspected(&sent, &[&root]).outcome == Outcome::Trusted;
        let theirs = openssl_accepts(&openssl, folder.path(), &sent, &root);
        assert_eq!(ours, theirs, "{name}");
        assert_eq!(ours, name == "healthy", "{name}");
    }
}

fn openssl_accepts(openssl: &Path, folder: &Path, chain: &[&[u8]], root: &[u8]) -> bool {
    let write = |name: &str, ders: &[&[u8]]| {
        let path = folder.join(name);
        let text: String = ders
            .iter()
            .map(|der| whycert::cert::pem::encode(der))
            .collect();
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut command = Command::new(openssl);
    command
        .args([
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            "www.lab.test",
            "-no-CApath",
            "-no-CAstore",
        ])
        .args(["-attime", &mint::NOW.unix().to_string(), "-CAfile"])
        .arg(write("root.pem", &[root]))
        .arg("-untrusted")
        .arg(write("chain.pem", chain))
        .arg(write("leaf.pem", &chain[..1]));
    command.output().unwrap().status.success()
}
