//! Lists of revoked certificates.

use std::sync::Arc;

use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyUsagePurpose, RevocationReason,
    RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;
use whycert::cert::{Certificate, pem};
use whycert::judge::client::by_id;
use whycert::judge::{Answer, Crl, ListFault, Policy, Question, ReasonKind, StepState};
use whycert::moment::DAY;

use super::{Line, answer, question, reasons};
use crate::support::mint::{Minted, NOW, ca};
use crate::support::peer;
use crate::support::programs::clean;

fn at(days: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW.unix() + days * DAY).unwrap()
}

/// A list of `issuer`, of yesterday, that names these serial numbers.
fn list(issuer: &Minted, revoked: &[&Minted], next_in_days: i64) -> Arc<Crl> {
    let params = CertificateRevocationListParams {
        this_update: at(-10),
        next_update: at(next_in_days),
        crl_number: SerialNumber::from(7),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|minted| RevokedCertParams {
                serial_number: SerialNumber::from_slice(
                    &Certificate::read(minted.der.clone()).serial,
                ),
                revocation_time: at(-5),
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    // rcgen would not sign a list for a CA that may not.
    let mut able = issuer.params.clone();
    able.key_usages = vec![KeyUsagePurpose::CrlSign];
    let issuer = Issuer::from_params(&able, &issuer.key);
    let crl = params.signed_by(&issuer).unwrap();
    Arc::new(Crl::read(Arc::from(crl.der().as_ref())).unwrap())
}

#[test]
fn lists_of_revoked_certificates_count() {
    let line = Line::new().mint();
    let other = Minted::root(ca("Somebody else"));
    let of_leaf = |revoked: &[&Minted], days| list(&line.issuing, revoked, days);
    let ask = |crls: Vec<Arc<Crl>>| line.ask(&Question { crls, ..question() });
    assert!(ask(vec![of_leaf(&[], 5)]).accepted);
    let revoked = ask(vec![of_leaf(&[&line.leaf], 5)]);
    assert_eq!(reasons(&revoked), [("revoked", Some(0))]);
    assert!(matches!(
        &revoked.failures[0].kind,
        ReasonKind::Revoked { why, .. } if why == "key compromise"
    ));
    let of_intermediate = ask(vec![of_leaf(&[], 5), list(&line.root, &[&line.issuing], 5)]);
    assert_eq!(reasons(&of_intermediate), [("revoked", Some(1))]);
    // Out of date: no longer says that a certificate is good, still says that one is revoked.
    assert_eq!(
        reasons(&ask(vec![of_leaf(&[], -1)])),
        [("crl-expired", Some(0))]
    );
    assert_eq!(
        reasons(&ask(vec![of_leaf(&[&line.leaf], -1)])),
        [("revoked", Some(0))]
    );
    // A current list makes up for an old one; a stranger's list says nothing, and then nothing is known.
    assert!(ask(vec![of_leaf(&[], -1), of_leaf(&[], 5)]).accepted);
    let stranger = ask(vec![list(&other, &[&line.leaf], 5)]);
    assert_eq!(reasons(&stranger), [("revocation-unknown", Some(0))]);
    // What the intermediate's issuer did not say stands against nothing, and is shown.
    let of_one = ask(vec![of_leaf(&[], 5)]);
    assert!(
        of_one
            .steps
            .iter()
            .any(|s| s.check == "revocation" && s.state == StepState::Unknown)
    );
    // webpki, asked itself, gives the same answers where it gives one.
    let webpki = |crls: Vec<Arc<Crl>>| {
        let question = Question { crls, ..question() };
        answer(
            &line.sent(),
            &[&line.root.der],
            &question,
            &Policy::webpki(),
        )
    };
    let both = |leaf| vec![leaf, list(&line.root, &[], 5)];
    assert!(webpki(both(of_leaf(&[], 5))).accepted);
    assert_eq!(
        reasons(&webpki(both(of_leaf(&[&line.leaf], 5))))[0],
        ("revoked", Some(0))
    );
    assert_eq!(reasons(&webpki(both(of_leaf(&[], -1))))[0].0, "crl-expired");
    assert_eq!(
        reasons(&webpki(vec![of_leaf(&[], 5)]))[0].0,
        "revocation-unknown"
    );
}

#[test]
fn a_list_that_is_not_its_issuers_is_not_believed() {
    let mut line = Line::new();
    line.issuing.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let line = line.mint();
    let crls = vec![list(&line.issuing, &[&line.leaf], 5)];
    let without_right = line.ask(&Question { crls, ..question() });
    assert_eq!(reasons(&without_right), [("revocation-unknown", Some(0))]);
    // The same name, another key.
    let line = Line::new().mint();
    let forged = Minted::root(ca("Issuing"));
    let answer = line.ask(&Question {
        crls: vec![list(&forged, &[&line.leaf], 5)],
        ..question()
    });
    assert_eq!(reasons(&answer), [("revocation-unknown", Some(0))]);
}

/// Every DER in a folder, by name without its end.
fn folder(path: &str) -> Vec<(String, Vec<u8>)> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut found: Vec<_> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    found.sort();
    found
}

/// What is here of NIST's suite: the certificates and lists about revocation.
struct Pkits {
    certs: Vec<(String, Vec<u8>)>,
    root: Vec<u8>,
    question: Question,
}

impl Pkits {
    fn read() -> Self {
        let mut certs = folder("tests/data/pkits/certs");
        let root = certs
            .iter()
            .position(|(name, _)| name == "TrustAnchorRootCertificate");
        let (_, root) = certs.remove(root.unwrap());
        let mut question = Question::at(whycert::moment::Moment::from_unix(PKITS_TIME));
        question.crls = folder("tests/data/pkits/crls")
            .into_iter()
            .map(|(_, der)| Arc::new(Crl::read(der.into()).unwrap()))
            .collect();
        Self {
            certs,
            root,
            question,
        }
    }

    /// Every leaf with what the suite demands, and what these rules answer when all else is sent.
    fn answers(&self, policy: &Policy) -> Vec<(&str, bool, Answer)> {
        let mut answers = Vec::new();
        for (name, leaf) in &self.certs {
            let valid = name.starts_with("Valid");
            if !valid && !name.starts_with("Invalid") {
                continue;
            }
            let others = self.certs.iter().filter(|(other, _)| other != name);
            let sent: Vec<&[u8]> = std::iter::once(leaf.as_slice())
                .chain(others.map(|(_, der)| der.as_slice()))
                .collect();
            let answer = answer(&sent, &[&self.root], &self.question, policy);
            answers.push((name.as_str(), valid, answer));
        }
        assert!(answers.len() > 40, "{}", answers.len());
        answers
    }
}

/// April 2011.
const PKITS_TIME: i64 = 1_302_825_600;

/// Distribution points, indirect lists, some reasons only, deltas, lists signed with another key:
/// each of NIST's tests ends as it demands, but for one whose list is named relative to another issuer:
/// OpenSSL, Go and webpki refuse it, and so do we.
#[test]
fn pkits_about_lists() {
    let suite = Pkits::read();
    let wrong: Vec<String> = suite
        .answers(&Policy::default())
        .iter()
        .filter(|(name, valid, answer)| {
            let wanted = *valid && *name != "ValidcRLIssuerTest29EE";
            answer.accepted != wanted
        })
        .map(|(name, _, answer)| format!("{name}: {:?}", reasons(answer)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// OpenSSL itself is asked the same: it knows no indirect lists, no deltas, and other texts.
#[test]
fn openssl_reads_lists_as_its_profile_does() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let suite = Pkits::read();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let all: String = suite
        .certs
        .iter()
        .map(|(_, der)| pem::encode(der))
        .collect();
    let lists = suite.question.crls.iter();
    let lists: String = lists
        .map(|crl| pem::encode(&crl.der).replace("CERTIFICATE", "X509 CRL"))
        .collect();
    let (root, all) = (
        file("root.pem", pem::encode(&suite.root)),
        file("all.pem", all),
    );
    let lists = file("lists.pem", lists);
    let policy = &by_id("openssl").unwrap().policy;
    let ask = |name: &str| {
        let (_, der) = suite.certs.iter().find(|(n, _)| n == name).unwrap();
        let mut command = clean(&openssl);
        command
            .args([
                "verify",
                "-no-CApath",
                "-no-CAstore",
                "-crl_check",
                "-x509_strict",
            ])
            .args(["-auth_level", "0", "-attime", &PKITS_TIME.to_string()])
            .arg("-CAfile")
            .arg(&root)
            .arg("-untrusted")
            .arg(&all)
            .arg("-CRLfile")
            .arg(&lists)
            .arg(file("leaf.pem", pem::encode(der)));
        command.output().unwrap()
    };
    // Before April 2026 (3.0.20) it took a delta for a whole list.
    let is_old = ask("InvaliddeltaCRLIndicatorNoBaseTest1EE")
        .status
        .success();
    if is_old {
        println!("skipped: lists that are deltas, with this OpenSSL");
    }
    let mut wrong = Vec::new();
    for (name, _, answer) in suite.answers(policy) {
        if is_old && name.contains("deltaCRL") {
            continue;
        }
        let asked = ask(name);
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        let fault = match answer.failures.first().map(|r| &r.kind) {
            Some(ReasonKind::RevocationUnknown(fault)) => match fault {
                ListFault::OtherScope => "different CRL scope",
                ListFault::NoCrlSign => "key usage does not include CRL signing",
                ListFault::BadSignature => "CRL signature failure",
                ListFault::Critical => "unhandled critical CRL extension",
                ListFault::NotYetValid => "CRL is not yet valid",
                ListFault::NoneCovers | ListFault::Other(_) => "unable to get certificate CRL",
            },
            Some(ReasonKind::Revoked { .. }) => "certificate revoked",
            Some(ReasonKind::CrlExpired { .. }) => "CRL has expired",
            _ => "",
        };
        if asked.status.success() != answer.accepted || !said.contains(fault) {
            wrong.push(format!("{name}: {:?}, OpenSSL: {said}", reasons(&answer)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// GnuTLS keeps one list of an issuer and looks for the number alone; Go does not parse a
/// certificate that names its list relative to an issuer. Measured with GnuTLS 3.7.9 and Go 1.26.
#[test]
fn gnutls_and_go_read_lists_and_points_as_measured() {
    let suite = Pkits::read();
    let policy = |client: &str| &by_id(client).unwrap().policy;
    for (name, accepted) in [
        ("InvalidonlySomeReasonsTest15EE", true),
        ("InvalidonlySomeReasonsTest20EE", true),
        ("InvalidcRLIssuerTest31EE", true),
        ("InvalidcRLIssuerTest32EE", true),
        ("InvaliddeltaCRLTest3EE", true),
        ("InvaliddeltaCRLTest4EE", false),
        ("ValiddeltaCRLTest5EE", false),
        ("ValiddeltaCRLTest7EE", false),
        ("ValiddeltaCRLTest8EE", true),
    ] {
        let of = |wanted: &dyn Fn(&str, &Certificate) -> bool| {
            let mut all = suite.certs.iter();
            all.find(|(name, der)| wanted(name, &Certificate::read(der.clone())))
        };
        let (_, leaf) = of(&|n, _| n == name).unwrap();
        let issuer = Certificate::read(leaf.clone()).issuer;
        let (_, above) = of(&|_, c| c.subject.matches(&issuer)).unwrap();
        let sent = [leaf.as_slice(), above.as_slice()];
        let answer = answer(&sent, &[&suite.root], &suite.question, policy("gnutls"));
        assert_eq!(answer.accepted, accepted, "{name}: {:?}", reasons(&answer));
    }
    for (name, _, answer) in suite.answers(policy("go")) {
        let relative = [
            "ValiddistributionPointTest4EE",
            "ValiddistributionPointTest5EE",
            "InvaliddistributionPointTest6EE",
            "ValidcRLIssuerTest29EE",
        ];
        let said = answer.failures.first().is_some_and(|r| {
            r.kind == ReasonKind::Unreadable("x509: invalid CRL distribution point".to_owned())
        });
        assert_eq!(said, relative.contains(&name), "{name}");
    }
}
