//! From a file to JSON, without the network: read, decode, build, judge, diagnose, print. Run with
//! `cargo bench --bench report`.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use whycert::export::{self, Format, What};
use whycert::inspect::{self, Options};
use whycert::store::{Anchor, StoreKind, Stores, TrustStore};
use whycert::target::{Source, Target};

fn report(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify");
    let root = std::fs::read(folder.join("root.pem")).expect("test data");
    let (_, root) = x509_parser::pem::parse_x509_pem(&root).expect("a PEM");
    let anchor = Anchor {
        der: root.contents.into(),
    };
    let stores = Stores::only(TrustStore::new(
        StoreKind::Given,
        "bench",
        "the benchmark's store",
        None,
        vec![anchor],
        Vec::new(),
    ));
    let path = folder.join("chain.pem");
    let target = Target {
        typed: path.to_string_lossy().into_owned(),
        source: Source::File(path),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let options = Options::default();
    criterion.bench_function("file to JSON", |bencher| {
        bencher.iter(|| {
            let stores = std::future::ready(stores.clone());
            let looking = inspect::run(&target, &options, stores, &|_| {});
            let inspection = runtime.block_on(looking);
            black_box(export::render(&inspection, What::Chain, Format::Json).expect("JSON"))
        });
    });
}

criterion_group!(benches, report);
criterion_main!(benches);
