//! Graphs made to overload path building.

use std::time::{Duration, Instant};

use rcgen::{GeneralSubtree, Issuer, KeyIdMethod, KeyPair, SerialNumber};
use whycert::judge::{Answer, Policy};

use super::{HOST, Line, answer, constraints, question, reasons};
use crate::support::mint::{Minted, ca, server};

/// Generous: the bounds are counted in steps; a hang is what this finds.
const LONG: Duration = Duration::from_secs(20);

fn ends(what: &str, sent: &[&[u8]], anchors: &[&[u8]]) -> Answer {
    let began = Instant::now();
    let answer = answer(sent, anchors, &question(), &Policy::default());
    let took = began.elapsed();
    eprintln!("{what}: {took:?}, {:?}", reasons(&answer));
    assert!(took < LONG, "{what}: {took:?}");
    answer
}

#[test]
fn many_cas_of_one_name_and_key_that_lead_nowhere_end() {
    let root = Minted::root(ca("Root"));
    let key = KeyPair::generate().unwrap();
    let copies: Vec<Minted> = (0..35u64)
        .map(|n| {
            let mut params = ca("Twin");
            params.serial_number = Some(SerialNumber::from(n + 1));
            let copy = KeyPair::try_from(key.serialize_der()).unwrap();
            let issuer = Issuer::from_params(&params, &key);
            let der = params.signed_by(&copy, &issuer).unwrap().der().to_vec();
            Minted {
                der,
                params: params.clone(),
                key: copy,
            }
        })
        .collect();
    let leaf = copies[0].issue(server(&[HOST]));
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(copies.iter().map(|c| c.der.as_slice()));
    let refused = ends("35 twins", &sent, &[&root.der]);
    assert!(!refused.accepted);
    // One of them has another parent that leads to the root: it is found among all of them.
    let mut params = ca("Twin");
    params.serial_number = Some(SerialNumber::from(99));
    let way_out = root.issue_with(params, KeyPair::try_from(key.serialize_der()).unwrap());
    sent.push(&way_out.der);
    let accepted = ends("35 twins and a way out", &sent, &[&root.der]);
    assert!(accepted.accepted, "{:?}", reasons(&accepted));
}

#[test]
fn ten_thousand_intermediates_end_and_say_so() {
    let root = Minted::root(ca("Root"));
    let issuing = root.issue(ca("Issuing"));
    let leaf = issuing.issue(server(&[HOST]));
    // Of the issuer's name, with another key each: none of them signed the leaf.
    let key = KeyPair::generate().unwrap();
    let crowd: Vec<Vec<u8>> = (0..10_000u64)
        .map(|n| {
            let mut params = ca("Issuing");
            params.serial_number = Some(SerialNumber::from(n + 1));
            params.key_identifier_method = KeyIdMethod::PreSpecified(n.to_be_bytes().to_vec());
            params.self_signed(&key).unwrap().der().to_vec()
        })
        .collect();
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(crowd.iter().map(Vec::as_slice));
    let refused = ends("a crowd without the issuer", &sent, &[&root.der]);
    assert!(!refused.accepted);
    assert!(
        reasons(&refused).iter().any(|r| r.0 == "budget-spent"),
        "{:?}",
        reasons(&refused)
    );
    // The key identifier leads to the true one, wherever it stands.
    sent.push(&issuing.der);
    let accepted = ends("a crowd with the issuer last", &sent, &[&root.der]);
    assert!(accepted.accepted, "{:?}", reasons(&accepted));
}

#[test]
fn a_ring_of_cas_ends() {
    let root = Minted::root(ca("Root"));
    let names = ["A", "B", "C", "D", "E", "F", "G"];
    let cas: Vec<Minted> = names.iter().map(|n| Minted::root(ca(n))).collect();
    let mut cross = Vec::new();
    for child in &cas {
        for issuer in &cas {
            let key = KeyPair::try_from(child.key.serialize_der()).unwrap();
            cross.push(issuer.issue_with(child.params.clone(), key).der);
        }
    }
    let leaf = cas[0].issue(server(&[HOST]));
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(cross.iter().map(Vec::as_slice));
    assert!(!ends("everyone signs everyone", &sent, &[&root.der]).accepted);
    let key = KeyPair::try_from(cas[6].key.serialize_der()).unwrap();
    let way_out = root.issue_with(cas[6].params.clone(), key);
    sent.push(&way_out.der);
    let found = ends("everyone signs everyone, one way out", &sent, &[&root.der]);
    assert!(found.accepted, "{:?}", reasons(&found));
}

#[test]
fn names_times_constraints_end_and_say_so() {
    let mut line = Line::new();
    let many = |of: &str, n: usize| -> Vec<GeneralSubtree> {
        (0..n)
            .map(|i| GeneralSubtree::DnsName(format!("x{i}.{of}.test")))
            .collect()
    };
    line.issuing.name_constraints = Some(constraints(vec![], many("excluded", 2_000)));
    let names: Vec<String> = (0..2_000)
        .map(|i| format!("n{i}.lab.test"))
        .chain([HOST.to_owned()])
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    line.leaf = server(&names);
    let line = line.mint();
    let answer = ends(
        "2,000 names x 2,000 constraints",
        &line.sent(),
        &[&line.root.der],
    );
    assert_eq!(reasons(&answer), [("budget-spent", Some(1))]);
}

#[test]
fn a_long_chain_is_followed_to_its_root() {
    let root = Minted::root(ca("Root"));
    let mut top = Minted::root(ca("Root"));
    top.der = root.der.clone();
    let mut line = vec![root.issue(ca("CA 0"))];
    for n in 1..40 {
        let next = line[n - 1].issue(ca(&format!("CA {n}")));
        line.push(next);
    }
    let leaf = line[39].issue(server(&[HOST]));
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(line.iter().map(|c| c.der.as_slice()));
    let answer = ends("40 intermediates", &sent, &[&root.der]);
    assert!(answer.accepted, "{:?}", reasons(&answer));
    let webpki = super::answer(&sent, &[&root.der], &question(), &Policy::webpki());
    assert_eq!(reasons(&webpki)[0].0, "too-deep");
}

/// Sixteen CAs of one name, each issued by the next: more pairs than signatures are checked.
#[test]
fn a_long_line_of_one_name_is_followed_by_its_key_identifiers() {
    let root = Minted::root(ca("Root"));
    let mut line = vec![root.issue(ca("Issuing"))];
    for _ in 1..16 {
        let next = line[line.len() - 1].issue(ca("Issuing"));
        line.push(next);
    }
    let leaf = line[15].issue(server(&[HOST]));
    let mut sent: Vec<&[u8]> = vec![&leaf.der];
    sent.extend(line.iter().map(|minted| minted.der.as_slice()));
    let accepted = ends("sixteen of one name", &sent, &[&root.der]);
    assert!(accepted.accepted, "{:?}", reasons(&accepted));
    assert_eq!(accepted.path.len(), 18);
}
