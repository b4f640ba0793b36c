//! The judge: each fault of a path is named on its certificate, OpenSSL refuses the same, lists of
//! revoked certificates count, and overloaded graphs end.

mod encodings;
mod held;
mod overload;
mod paths;
mod revocation;
mod staples;
mod unasked;
mod uses;
mod verify;

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints,
    SerialNumber,
};
use whycert::cert::Certificate;
use whycert::chain::{Chain, NodeId};
use whycert::judge::{
    self, Answer, Facts, Policy, ProfileRule, Purpose, Question, ReasonKind, StepState, StrictRule,
};
use whycert::store::Stores;
use whycert::target::Host;

use crate::support::mint::{Minted, NOW, ca, dated, server};
use crate::support::{peer, store};

const HOST: &str = "www.lab.test";

/// A server named [`HOST`], now.
fn question() -> Question {
    Question {
        name: Some(Host::Name {
            ascii: HOST.to_owned(),
            unicode: HOST.to_owned(),
        }),
        purpose: Some(Purpose::Server),
        ..Question::at(NOW)
    }
}

fn graph(sent: &[&[u8]], stores: &Stores) -> Chain {
    let sent: Vec<Arc<Certificate>> = sent
        .iter()
        .map(|der| Arc::new(Certificate::read(der.to_vec())))
        .collect();
    Chain::build(&sent, false, stores)
}

fn answer(sent: &[&[u8]], anchors: &[&[u8]], question: &Question, policy: &Policy) -> Answer {
    let stores = store(anchors);
    let chain = graph(sent, &stores);
    judge::ask(&chain, &stores.0[0], question, policy, &Facts::default()).unwrap()
}

/// Ids of the reasons, each with the certificate's place in the path.
fn reasons(answer: &Answer) -> Vec<(&'static str, Option<usize>)> {
    let place = |node: NodeId| answer.path.iter().position(|&n| n == node);
    answer
        .failures
        .iter()
        .map(|r| (r.kind.id(), r.node.and_then(place)))
        .collect()
}

/// Root, issuing CA and server, each as a test wants it.
struct Line {
    root: CertificateParams,
    issuing: CertificateParams,
    leaf: CertificateParams,
}

struct MintedLine {
    root: Minted,
    issuing: Minted,
    leaf: Minted,
}

impl Line {
    fn new() -> Self {
        Self {
            root: ca("Root"),
            issuing: ca("Issuing"),
            leaf: server(&[HOST]),
        }
    }

    fn mint(self) -> MintedLine {
        let root = Minted::root(self.root);
        let issuing = root.issue(self.issuing);
        let leaf = issuing.issue(self.leaf);
        MintedLine {
            root,
            issuing,
            leaf,
        }
    }
}

impl MintedLine {
    fn sent(&self) -> [&[u8]; 2] {
        [&self.leaf.der, &self.issuing.der]
    }

    fn ask(&self, question: &Question) -> Answer {
        answer(
            &self.sent(),
            &[&self.root.der],
            question,
            &Policy::default(),
        )
    }
}

fn constraints(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> NameConstraints {
    NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: excluded,
    }
}

fn extension(oid: &[u64], critical: bool, content: &[u8]) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

const POLICIES: &[u64] = &[2, 5, 29, 32];
const POLICY_CONSTRAINTS: &[u64] = &[2, 5, 29, 36];
const INHIBIT_ANY: &[u64] = &[2, 5, 29, 54];
/// SEQUENCE { SEQUENCE { OID 1.2.3.4 } }
const POLICY_A: &[u8] = &[0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 4];
/// SEQUENCE { SEQUENCE { OID 1.2.3.5 } }
const POLICY_B: &[u8] = &[0x30, 7, 0x30, 5, 6, 3, 0x2a, 3, 5];
/// SEQUENCE { SEQUENCE { anyPolicy } }
const ANY_POLICY: &[u8] = &[0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
/// SEQUENCE { [0] 0 }: an explicit policy is demanded from here on.
const EXPLICIT: &[u8] = &[0x30, 3, 0x80, 1, 0];

/// A way to spoil a line, and what must be said: the reason and the place in the path.
struct Fault {
    what: &'static str,
    spoil: fn(&mut Line),
    says: (&'static str, usize),
}

const FAULTS: &[Fault] = &[
    Fault {
        what: "leaf expired",
        spoil: |l| l.leaf = dated(l.leaf.clone(), -30, -1),
        says: ("expired", 0),
    },
    Fault {
        what: "leaf of tomorrow",
        spoil: |l| l.leaf = dated(l.leaf.clone(), 1, 30),
        says: ("not-yet-valid", 0),
    },
    Fault {
        what: "intermediate expired",
        spoil: |l| l.issuing = dated(l.issuing.clone(), -30, -1),
        says: ("expired", 1),
    },
    Fault {
        what: "root expired",
        spoil: |l| l.root = dated(l.root.clone(), -300, -1),
        says: ("expired", 2),
    },
    Fault {
        what: "other name",
        spoil: |l| l.leaf = server(&["other.lab.test"]),
        says: ("name-mismatch", 0),
    },
    Fault {
        what: "intermediate is no CA",
        spoil: |l| l.issuing.is_ca = IsCa::ExplicitNoCa,
        says: ("not-a-ca", 1),
    },
    Fault {
        what: "intermediate without basic constraints",
        spoil: |l| l.issuing.is_ca = IsCa::NoCa,
        says: ("not-a-ca", 1),
    },
    Fault {
        what: "intermediate may not sign",
        spoil: |l| l.issuing.key_usages = vec![KeyUsagePurpose::CrlSign],
        says: ("no-cert-sign", 1),
    },
    Fault {
        what: "root may not sign",
        spoil: |l| l.root.key_usages = vec![KeyUsagePurpose::CrlSign],
        says: ("no-cert-sign", 2),
    },
    Fault {
        what: "path length of the root",
        spoil: |l| l.root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)),
        says: ("path-too-long", 2),
    },
    Fault {
        what: "leaf for clients",
        spoil: |l| l.leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        says: ("not-for-servers", 0),
    },
    Fault {
        what: "intermediate for clients",
        spoil: |l| l.issuing.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        says: ("not-for-servers", 1),
    },
    Fault {
        what: "root for clients",
        spoil: |l| l.root.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        says: ("not-for-servers", 2),
    },
    Fault {
        what: "a policy listed twice",
        spoil: |l| {
            let twice = [&[0x30, 14], &POLICY_A[2..], &POLICY_A[2..]].concat();
            l.leaf
                .custom_extensions
                .push(extension(POLICIES, false, &twice));
        },
        says: ("policy", 0),
    },
    Fault {
        what: "unknown critical extension",
        spoil: |l| {
            l.leaf
                .custom_extensions
                .push(extension(&[1, 2, 3, 4], true, &[5, 0]))
        },
        says: ("unknown-critical-extension", 0),
    },
    Fault {
        what: "DNS name not permitted",
        spoil: |l| {
            l.issuing.name_constraints = Some(constraints(
                vec![GeneralSubtree::DnsName("elsewhere.test".to_owned())],
                vec![],
            ))
        },
        says: ("name-constraint", 1),
    },
    Fault {
        what: "DNS name excluded by the root",
        spoil: |l| {
            l.root.name_constraints = Some(constraints(
                vec![],
                vec![GeneralSubtree::DnsName("lab.test".to_owned())],
            ))
        },
        says: ("name-constraint", 2),
    },
    Fault {
        what: "directory name not permitted",
        spoil: |l| {
            let mut name = DistinguishedName::new();
            name.push(DnType::OrganizationName, "Elsewhere");
            l.issuing.name_constraints = Some(constraints(
                vec![GeneralSubtree::DirectoryName(name)],
                vec![],
            ));
        },
        says: ("name-constraint", 1),
    },
    Fault {
        what: "an explicit policy is demanded and the leaf has none",
        spoil: |l| {
            l.issuing
                .custom_extensions
                .push(extension(POLICY_CONSTRAINTS, true, EXPLICIT))
        },
        says: ("policy", 0),
    },
    Fault {
        what: "the leaf's policy is not the CA's",
        spoil: |l| {
            l.issuing
                .custom_extensions
                .push(extension(POLICIES, false, POLICY_A));
            l.issuing
                .custom_extensions
                .push(extension(POLICY_CONSTRAINTS, true, EXPLICIT));
            l.leaf
                .custom_extensions
                .push(extension(POLICIES, false, POLICY_B));
        },
        says: ("policy", 0),
    },
    Fault {
        what: "anyPolicy is inhibited",
        spoil: |l| {
            l.issuing
                .custom_extensions
                .push(extension(POLICIES, false, POLICY_A));
            l.issuing
                .custom_extensions
                .push(extension(POLICY_CONSTRAINTS, true, EXPLICIT));
            l.issuing
                .custom_extensions
                .push(extension(INHIBIT_ANY, true, &[2, 1, 0]));
            l.leaf
                .custom_extensions
                .push(extension(POLICIES, false, ANY_POLICY));
        },
        says: ("policy", 0),
    },
];

#[test]
fn each_fault_is_named_on_its_certificate_and_nothing_else() {
    for fault in FAULTS {
        let mut line = Line::new();
        (fault.spoil)(&mut line);
        let line = line.mint();
        let answer = line.ask(&question());
        assert!(!answer.accepted, "{}", fault.what);
        assert_eq!(
            reasons(&answer),
            [(fault.says.0, Some(fault.says.1))],
            "{}",
            fault.what
        );
        let check = answer.failures[0].kind.check();
        let node = answer.failures[0].node.unwrap();
        let mut steps = answer.steps.iter();
        let stopped = steps.any(|s| (s.check, s.node, s.state) == (check, node, StepState::Failed));
        assert!(stopped, "{}", fault.what);
    }
}

/// OpenSSL is asked with the same inputs: what is refused here it refuses too.
#[test]
fn openssl_refuses_each_of_these_faults() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let pem = |ders: &[&[u8]]| -> String {
        ders.iter()
            .map(|der| whycert::cert::pem::encode(der))
            .collect()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let asked = |line: &MintedLine| {
        let mut command = crate::support::programs::clean(&openssl);
        command
            .args(["verify", "-no-CApath", "-no-CAstore", "-x509_strict"])
            .args(["-policy_check", "-purpose", "sslserver"])
            .args(["-verify_hostname", HOST])
            .args(["-attime", &NOW.unix().to_string()])
            .arg("-CAfile")
            .arg(file("root.pem", pem(&[&line.root.der])))
            .arg("-untrusted")
            .arg(file("issuing.pem", pem(&[&line.issuing.der])))
            .arg(file("leaf.pem", pem(&[&line.leaf.der])));
        command.output().unwrap()
    };
    let good = asked(&Line::new().mint());
    assert!(
        good.status.success(),
        "{}",
        String::from_utf8_lossy(&good.stderr)
    );
    for fault in FAULTS {
        let mut line = Line::new();
        (fault.spoil)(&mut line);
        assert!(!asked(&line.mint()).status.success(), "{}", fault.what);
    }
}

#[test]
fn a_sound_line_is_accepted_with_every_check_passed() {
    let mut line = Line::new();
    line.issuing.name_constraints = Some(constraints(
        vec![GeneralSubtree::DnsName("lab.test".to_owned())],
        vec![GeneralSubtree::IpAddress(CidrSubnet::V4(
            [10, 0, 0, 0],
            [255, 0, 0, 0],
        ))],
    ));
    line.issuing
        .custom_extensions
        .push(extension(POLICIES, false, POLICY_A));
    line.issuing
        .custom_extensions
        .push(extension(POLICY_CONSTRAINTS, true, EXPLICIT));
    line.leaf
        .custom_extensions
        .push(extension(POLICIES, false, POLICY_A));
    let answer = line.mint().ask(&question());
    assert_eq!(reasons(&answer), []);
    assert_eq!(answer.path.len(), 3);
    for check in [
        "signature",
        "dates",
        "name",
        "key",
        "basic-constraints",
        "name-constraints",
    ] {
        assert!(
            answer
                .steps
                .iter()
                .any(|s| s.check == check && s.state == StepState::Passed),
            "{check}"
        );
    }
}

#[test]
fn a_client_is_asked_for_as_a_client() {
    let mut line = Line::new();
    line.leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let line = line.mint();
    let as_client = Question {
        purpose: Some(Purpose::Client),
        ..question()
    };
    assert!(line.ask(&as_client).accepted);
    let servers = Line::new().mint().ask(&as_client);
    assert_eq!(reasons(&servers), [("not-for-clients", Some(0))]);
    let webpki = answer(
        &line.sent(),
        &[&line.root.der],
        &question(),
        &Policy::webpki(),
    );
    assert_eq!(reasons(&webpki)[0], ("not-for-servers", Some(0)));
}

#[test]
fn depth_is_limited_when_asked() {
    let line = Line::new().mint();
    for (most, accepted) in [(0, false), (1, true)] {
        let question = Question {
            max_depth: Some(most),
            ..question()
        };
        let answer = line.ask(&question);
        assert_eq!(answer.accepted, accepted);
        if !accepted {
            assert_eq!(reasons(&answer), [("too-deep", Some(0))]);
        }
    }
}

#[test]
fn what_strict_verifiers_mind_is_told_apart() {
    let mut line = Line::new();
    line.leaf.use_authority_key_identifier_extension = false;
    line.leaf.extended_key_usages.clear();
    let line = line.mint();
    let stores = store(&[&line.root.der]);
    let chain = graph(&line.sent(), &stores);
    let verdict = judge::judge(&chain, &stores, &question(), &Facts::default()).remove(0);
    assert!(verdict.accepted);
    let kinds: Vec<&ReasonKind> = verdict.profile.iter().map(|r| &r.kind).collect();
    assert_eq!(
        kinds,
        [
            &ReasonKind::Strict(StrictRule::NoAuthorityKeyId),
            &ReasonKind::Profile(ProfileRule::NoUsage),
        ]
    );
    assert!(
        verdict
            .profile
            .iter()
            .all(|r| Some(r.node) == Some(chain.leaf))
    );
    let strict = Policy {
        strict: true,
        ..Policy::default()
    };
    let answer = answer(&line.sent(), &[&line.root.der], &question(), &strict);
    assert_eq!(reasons(&answer), [("strict", Some(0))]);
    let sound = Line::new().mint();
    let stores = store(&[&sound.root.der]);
    let chain = graph(&sound.sent(), &stores);
    assert_eq!(
        judge::judge(&chain, &stores, &question(), &Facts::default())[0].profile,
        []
    );
}

#[test]
fn a_self_signed_leaf_is_its_own_issuer_whatever_root_has_its_key() {
    let key = KeyPair::generate().unwrap();
    let copy = KeyPair::try_from(key.serialize_der()).unwrap();
    let mut old = ca("Root");
    old.subject_alt_names = server(&[HOST]).subject_alt_names;
    old.serial_number = Some(SerialNumber::from(1));
    let mut new = ca("Root");
    new.serial_number = Some(SerialNumber::from(2));
    let leaf = old.self_signed(&key).unwrap().der().to_vec();
    let root = new.self_signed(&copy).unwrap().der().to_vec();
    let answer = answer(&[&leaf], &[&root], &question(), &Policy::default());
    assert_eq!(reasons(&answer), [("self-signed-leaf", Some(0))]);
    assert_eq!(answer.path.len(), 1);
}
