//! Graphs made to keep a verifier busy: the goal is 100 ms for each, from the bytes to the findings. Run
//! with `cargo bench --bench pathological`.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    NameConstraints,
};
use whycert::capture::{Capture, Seen};
use whycert::inspect::{self, Options};
use whycert::moment::Moment;
use whycert::store::Stores;
use whycert::target::Target;

/// Certificates beside the leaf.
const MANY: usize = 10_000;
/// CAs that each sign for each other.
const MESH: usize = 60;

fn named(name: &str, is_ca: bool) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["www.lab.test".to_owned()]).expect("names");
    params.distinguished_name.push(DnType::CommonName, name);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.subject_alt_names.clear();
    }
    params
}

/// `subject` with the key `own`, signed by the name `issuer` with the key `by`.
fn signed(subject: CertificateParams, own: &KeyPair, issuer: &str, by: &KeyPair) -> Vec<u8> {
    let issuer = Issuer::new(named(issuer, true), by);
    let made = subject.signed_by(own, &issuer).expect("signed");
    made.der().to_vec()
}

fn capture(presented: Vec<Vec<u8>>) -> Arc<Capture> {
    let target = Target::parse("./chain.pem").expect("a file");
    Arc::new(Capture {
        presented: presented.into_iter().map(Arc::from).collect(),
        seen_by: Seen::File,
        ..Capture::empty(&target)
    })
}

fn pathological(criterion: &mut Criterion) {
    let key = || KeyPair::generate().expect("a key");
    let (leaf, by, other) = (key(), key(), key());
    let of_one_name = (0..MANY).map(|i| signed(named("I", true), &by, &format!("X{i}"), &other));
    let line = (0..MANY).map(|i| {
        signed(
            named(&format!("L{i}"), true),
            &by,
            &format!("L{}", i + 1),
            &by,
        )
    });
    let keys: Vec<KeyPair> = (0..MESH).map(|_| key()).collect();
    let ca = |i: usize| format!("M{i}");
    let pairs = (0..MESH).flat_map(|i| (0..MESH).map(move |j| (i, j)));
    let mesh = pairs
        .filter(|(i, j)| i != j)
        .map(|(i, j)| signed(named(&ca(i), true), &keys[i], &ca(j), &keys[j]));
    let subtrees = |zone: &str| -> Vec<GeneralSubtree> {
        let names = (0..MANY).map(|i| format!("{zone}{i}.test"));
        names.map(GeneralSubtree::DnsName).collect()
    };
    let mut bomb = named("B", true);
    bomb.name_constraints = Some(NameConstraints {
        permitted_subtrees: subtrees("p"),
        excluded_subtrees: subtrees("e"),
    });
    let names: Vec<String> = (0..MANY).map(|i| format!("n{i}.test")).collect();
    let many_names = CertificateParams::new(names).expect("names");

    let with_leaf = |issuer: &str, key: &KeyPair, above: Vec<Vec<u8>>| {
        let mut all = vec![signed(named("leaf", false), &leaf, issuer, key)];
        all.extend(above);
        capture(all)
    };
    let cases = [
        (
            "10,000 cross-signs of one CA",
            with_leaf("I", &by, of_one_name.collect()),
        ),
        ("a line of 10,000 CAs", with_leaf("L0", &by, line.collect())),
        (
            "60 CAs that all sign for each other",
            with_leaf("M0", &keys[0], mesh.collect()),
        ),
        (
            "10,000 names under 20,000 constraints",
            capture(vec![
                signed(many_names, &leaf, "B", &by),
                signed(bomb, &by, "X", &other),
            ]),
        ),
    ];
    let mut group = criterion.benchmark_group("pathological");
    group.sample_size(10);
    for (name, capture) in &cases {
        for grid in [false, true] {
            let options = Options {
                grid,
                ..Options::default()
            };
            let stores = Stores::default();
            let clients = if grid { ", all clients" } else { "" };
            group.bench_function(format!("{name}{clients}"), |bencher| {
                bencher.iter(|| {
                    let capture = Arc::clone(capture);
                    black_box(inspect::assemble(capture, &stores, &options, Moment::now()))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, pathological);
criterion_main!(benches);
