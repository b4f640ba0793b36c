//! The engines against the implementations they emulate: `openssl verify`, `certtool --verify` and Go's
//! crypto/x509 judge the same small chains, and must say the same in the same words.
//!
//! `certtool` knows only the present, so these chains are minted around the clock's time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
};
use time::{Duration, OffsetDateTime};
use whycert::cert::{Certificate, pem};
use whycert::chain::Chain;
use whycert::judge::client::{self, Ask, Trusted};
use whycert::judge::{self, Facts, Policy, Purpose, Question};
use whycert::moment::Moment;
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::Host;

use crate::support::mint::{self, Minted};
use crate::support::programs::{clean, peer, run};

const HOST: &str = "www.lab.test";

/// What is sent, leaf first, and what is trusted.
struct Case {
    name: &'static str,
    sent: Vec<Vec<u8>>,
    roots: Vec<Vec<u8>>,
}

fn days(mut params: CertificateParams, from: i64, to: i64) -> CertificateParams {
    params.not_before = OffsetDateTime::now_utc() + Duration::days(from);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(to);
    params
}

fn ca(name: &str) -> CertificateParams {
    days(mint::ca(name), -365, 3650)
}

fn leaf() -> CertificateParams {
    days(mint::server(&[HOST]), -30, 60)
}

/// Root, issuing CA and server, spoiled in one way or two.
fn line(name: &'static str, spoil: impl Fn(&mut [CertificateParams; 3])) -> Case {
    let mut params = [ca("Root"), ca("Issuing"), leaf()];
    spoil(&mut params);
    let [root, issuing, leaf] = params;
    let root = Minted::root(root);
    let issuing = root.issue(issuing);
    let leaf = issuing.issue(leaf);
    Case {
        name,
        sent: vec![leaf.der, issuing.der],
        roots: vec![root.der],
    }
}

fn without_anchor(mut case: Case) -> Case {
    case.roots = vec![Minted::root(ca("Someone else")).der];
    case
}

fn names(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> Option<NameConstraints> {
    Some(NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: excluded,
    })
}

fn dns(name: &str) -> Vec<GeneralSubtree> {
    vec![GeneralSubtree::DnsName(name.to_owned())]
}

fn unknown_critical() -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    extension.set_criticality(true);
    extension
}

fn cases() -> Vec<Case> {
    let mut all = vec![
        line("in order", |_| {}),
        line("leaf expired", |p| p[2] = days(p[2].clone(), -30, -1)),
        line("leaf of tomorrow", |p| p[2] = days(p[2].clone(), 1, 30)),
        line("intermediate expired", |p| {
            p[1] = days(p[1].clone(), -30, -1)
        }),
        line("root expired", |p| p[0] = days(p[0].clone(), -30, -1)),
        line("other name", |p| {
            p[2] = days(mint::server(&["other.lab.test"]), -30, 60)
        }),
        line("wildcard", |p| {
            p[2] = days(mint::server(&["*.lab.test"]), -30, 60)
        }),
        line("other name, expired", |p| {
            p[2] = days(mint::server(&["other.lab.test"]), -30, -1);
        }),
        line("no CA", |p| p[1].is_ca = IsCa::ExplicitNoCa),
        line("no basic constraints", |p| p[1].is_ca = IsCa::NoCa),
        line("may not sign", |p| {
            p[1].key_usages = vec![KeyUsagePurpose::CrlSign]
        }),
        line("root may not sign", |p| {
            p[0].key_usages = vec![KeyUsagePurpose::CrlSign]
        }),
        line("path length", |p| {
            p[0].is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        }),
        line("path length without key usage", |p| {
            p[0].is_ca = IsCa::Ca(BasicConstraints::Constrained(3));
            p[0].key_usages.clear();
        }),
        line("CA without key usage", |p| p[1].key_usages.clear()),
        line("leaf that may sign", |p| {
            p[2].key_usages = vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::KeyCertSign,
            ];
        }),
        line("leaf without key identifier", |p| {
            p[2].use_authority_key_identifier_extension = false;
        }),
        line("for clients", |p| {
            p[2].extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
        line("for anything", |p| {
            p[2].extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
        }),
        line("intermediate for clients", |p| {
            p[1].extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        }),
        line("unknown critical extension", |p| {
            p[2].custom_extensions.push(unknown_critical());
        }),
        line("unknown critical extension above", |p| {
            p[1].custom_extensions.push(unknown_critical());
        }),
        line("name permitted", |p| {
            p[1].name_constraints = names(dns("lab.test"), vec![])
        }),
        line("name not permitted", |p| {
            p[1].name_constraints = names(dns("elsewhere.test"), vec![]);
        }),
        line("name excluded by the root", |p| {
            p[0].name_constraints = names(vec![], dns("lab.test"));
        }),
        line("address not permitted", |p| {
            let net = CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0]);
            p[1].name_constraints = names(vec![GeneralSubtree::IpAddress(net)], vec![]);
            p[2] = days(mint::server(&[HOST, "192.0.2.1"]), -30, 60);
        }),
        line("name excluded, expired", |p| {
            p[1].name_constraints = names(vec![], dns("lab.test"));
            p[2] = days(p[2].clone(), -30, -1);
        }),
        line("CA as server", |p| {
            p[2].is_ca = IsCa::Ca(BasicConstraints::Unconstrained)
        }),
        without_anchor(line("unknown root", |_| {})),
        without_anchor(line("unknown root, expired", |p| {
            p[2] = days(p[2].clone(), -30, -1);
        })),
        without_anchor(line("unknown root, other name", |p| {
            p[2] = days(mint::server(&["other.lab.test"]), -30, 60);
        })),
    ];
    all.extend(graphs());
    all
}

/// Chains of another shape than three in a line.
fn graphs() -> Vec<Case> {
    let root = Minted::root(ca("Root"));
    let issuing = root.issue(ca("Issuing"));
    let server = issuing.issue(leaf());
    let own = Minted::root(leaf());
    let other = Minted::root(ca("Other"));
    let again = || KeyPair::from_pem(&issuing.key.serialize_pem()).unwrap();
    let cross = other.issue_with(ca("Issuing"), again());
    let expired = root.issue_with(days(ca("Issuing"), -300, -1), again());
    // The same name, and another key: key identifiers tell them apart, or nothing does.
    let rekeyed = Minted::root(ca("Root"));
    let bare = |name| {
        let mut params = ca(name);
        params.use_authority_key_identifier_extension = false;
        params
    };
    let blind = root.issue({
        let mut params = leaf();
        params.use_authority_key_identifier_extension = false;
        params
    });
    let unrelated = Minted::root(bare("Unrelated"));
    let ders = |list: &[&Minted]| list.iter().map(|m| m.der.clone()).collect::<Vec<_>>();
    let case = |name, sent: &[&Minted], roots: &[&Minted]| Case {
        name,
        sent: ders(sent),
        roots: ders(roots),
    };
    vec![
        case("leaf alone", &[&server], &[&root]),
        case("root sent too", &[&server, &issuing, &root], &[&root]),
        case("unknown root sent", &[&server, &issuing, &root], &[&other]),
        case(
            "in disorder",
            &[&server, &root, &unrelated, &issuing],
            &[&root],
        ),
        case("sent twice", &[&server, &issuing, &issuing], &[&root]),
        case("signed by itself", &[&own], &[&root]),
        case("signed by itself and trusted", &[&own], &[&own]),
        case(
            "intermediate trusted alone",
            &[&server, &issuing],
            &[&issuing],
        ),
        case("cross-signed", &[&server, &cross, &issuing], &[&root]),
        case(
            "cross-signed by the trusted one",
            &[&server, &issuing, &cross],
            &[&other],
        ),
        case(
            "expired one first",
            &[&server, &expired, &issuing],
            &[&root],
        ),
        case("only the expired one", &[&server, &expired], &[&root]),
        case("root with a new key", &[&server, &issuing], &[&rekeyed]),
        case(
            "both roots of one name",
            &[&server, &issuing],
            &[&rekeyed, &root],
        ),
        case("new key, no identifier", &[&blind], &[&rekeyed]),
    ]
}

/// Each PEM file of a case.
fn write(folder: &Path, case: &Case) -> [PathBuf; 3] {
    let files = ["chain.pem", "rest.pem", "roots.pem"].map(|name| folder.join(name));
    let text = |list: &[Vec<u8>]| list.iter().map(|der| pem::encode(der)).collect::<String>();
    std::fs::write(&files[0], text(&case.sent)).unwrap();
    std::fs::write(&files[1], text(&case.sent[1..])).unwrap();
    std::fs::write(&files[2], text(&case.roots)).unwrap();
    files
}

/// A case as whycert sees it.
struct Seen {
    stores: Stores,
    chain: Chain,
    question: Question,
}

impl Seen {
    fn of(case: &Case, at: Moment) -> Self {
        let anchors = case.roots.iter().map(|der| Anchor {
            der: Arc::from(der.as_slice()),
        });
        let stores = Stores::only(TrustStore::new(
            StoreKind::Given,
            "test",
            "the test's roots",
            None,
            anchors.collect(),
            Vec::new(),
        ));
        let sent: Vec<Arc<Certificate>> = case
            .sent
            .iter()
            .map(|der| Arc::new(Certificate::read(der.clone())))
            .collect();
        Self {
            chain: Chain::build(&sent, false, &stores),
            stores,
            question: Question {
                name: Some(Host::Name {
                    ascii: HOST.to_owned(),
                    unicode: HOST.to_owned(),
                }),
                purpose: Some(Purpose::Server),
                ..Question::at(at)
            },
        }
    }

    /// What the plain profile of an implementation says: `ok`, or its words.
    fn words(&self, id: &str) -> String {
        let verdict = client::verdict(
            client::by_id(id).unwrap(),
            &Ask {
                chain: &self.chain,
                direct: None,
                question: &self.question,
                peer: None,
                facts: &Facts::default(),
                trusted: Trusted::Given {
                    store: &self.stores.0[0],
                    trouble: None,
                },
            },
        )
        .unwrap();
        match verdict.accepted {
            true => "ok".to_owned(),
            false => verdict.message,
        }
    }

    /// `ok`, or the id of the first reason.
    fn reason(&self, policy: &Policy) -> String {
        let facts = Facts::default();
        let store = &self.stores.0[0];
        let answer = judge::ask(&self.chain, store, &self.question, policy, &facts).unwrap();
        let first = answer.failures.first();
        first.map_or_else(|| "ok".to_owned(), |r| r.kind.id().to_owned())
    }
}

/// Asks a peer about every case and shows all differences at once.
fn compare(
    who: &str,
    ask: impl Fn(&Case, &[PathBuf; 3], Moment) -> String,
    ours: impl Fn(&Seen) -> String,
) {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        let files = write(folder.path(), &case);
        let at = Moment::now();
        let theirs = ask(&case, &files, at);
        let ours = ours(&Seen::of(&case, at));
        if theirs != ours {
            wrong.push(format!(
                "{}:\n  it says   {theirs}\n  we say    {ours}",
                case.name
            ));
        }
    }
    assert!(wrong.is_empty(), "{who}\n{}", wrong.join("\n"));
}

/// The first error of `openssl verify`, or `ok`.
fn openssl(
    program: &Path,
    more: &[&str],
    [chain, rest, roots]: &[PathBuf; 3],
    at: Moment,
) -> String {
    let mut command = clean(program);
    command
        .args(["verify", "-purpose", "sslserver", "-verify_hostname", HOST])
        .args([
            "-no-CApath",
            "-no-CAstore",
            "-attime",
            &at.unix().to_string(),
        ])
        .args(more)
        .arg("-CAfile")
        .arg(roots);
    // An empty file is an error.
    if rest.metadata().is_ok_and(|m| m.len() > 0) {
        command.arg("-untrusted").arg(rest);
    }
    let output = command.arg(chain).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    match text.lines().find_map(|l| l.split_once("lookup: ")) {
        Some((_, first)) => first.to_owned(),
        None if output.status.success() => "ok".to_owned(),
        None => text.into_owned(),
    }
}

#[test]
fn openssl_says_the_same() {
    let Some(program) = peer("openssl") else {
        return;
    };
    compare(
        "openssl verify -x509_strict",
        |_, files, at| openssl(&program, &["-x509_strict"], files, at),
        |seen| seen.words("openssl"),
    );
}

/// Flags of `openssl verify`, and the policy they stand for.
#[test]
fn openssl_accepts_the_same_with_other_flags() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let strict = client::by_id("openssl").unwrap().policy.clone();
    let lax = Policy {
        strict: false,
        ..strict
    };
    let partial = Policy {
        partial_chain: true,
        ..lax.clone()
    };
    let level = Policy {
        security_level: 2,
        ..lax.clone()
    };
    for (flags, policy) in [
        (&[][..], lax),
        (&["-partial_chain"][..], partial),
        (&["-auth_level", "2"][..], level),
    ] {
        let word = |accepted: bool| if accepted { "accepted" } else { "refused" }.to_owned();
        compare(
            &format!("openssl verify {}", flags.join(" ")),
            |_, files, at| word(openssl(&program, flags, files, at) == "ok"),
            |seen| word(seen.reason(&policy) == "ok"),
        );
    }
}

#[test]
fn gnutls_says_the_same() {
    let Some(certtool) = peer("certtool") else {
        return;
    };
    let ask = |case: &Case, [chain, _, roots]: &[PathBuf; 3], _| {
        // certtool does not take a trusted certificate for its own issuer; TLS clients do.
        if case.name == "signed by itself and trusted" {
            return "ok".to_owned();
        }
        let output = clean(&certtool)
            .args(["--verify", "--verify-purpose=1.3.6.1.5.5.7.3.1"])
            .arg(format!("--verify-hostname={HOST}"))
            .arg("--load-ca-certificate")
            .arg(roots)
            .arg("--infile")
            .arg(chain)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let said = text
            .lines()
            .find_map(|l| l.split_once("Chain verification output: "));
        match said {
            Some((_, words)) if words.starts_with("Verified.") => "ok".to_owned(),
            Some((_, words)) => words.trim_start_matches("Not verified. ").trim().to_owned(),
            None => format!("{text}{}", String::from_utf8_lossy(&output.stderr)),
        }
    };
    compare("certtool --verify", ask, |seen| seen.words("gnutls"));
}

#[test]
fn go_says_the_same() {
    let Some(go) = peer("go") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("verify");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/engines/verify.go");
    run(clean(&go)
        .env("HOME", folder.path())
        .env("GOFLAGS", "")
        .env("GO111MODULE", "off")
        .env("CGO_ENABLED", "0")
        .arg("build")
        .arg("-o")
        .arg(&program)
        .arg(source));
    let ask = |_: &Case, [chain, _, roots]: &[PathBuf; 3], at: Moment| {
        let mut command = clean(&program);
        command
            .arg(chain)
            .arg(roots)
            .args([HOST, &at.unix().to_string()]);
        run(&mut command).trim().to_owned()
    };
    // 1.26 looks at name constraints later than those before it.
    let version = run(clean(&go).arg("version"));
    let minor = version.split("go1.").nth(1).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    let profile = match minor {
        Some(26..) => "go",
        _ => "go125",
    };
    compare("Go", ask, |seen| seen.words(profile));
}
