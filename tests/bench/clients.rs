//! One chain judged by all clients with the stores of this machine, which are read before: the goal is
//! less than 5 ms. Run with `cargo bench --bench clients`.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use whycert::inspect::{self, Options};
use whycert::moment::Moment;
use whycert::store::{Machine, Stores, Survey};
use whycert::target::{Source, Target};

fn clients(criterion: &mut Criterion) {
    let chain = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify/chain.pem");
    let target = Target {
        typed: chain.to_string_lossy().into_owned(),
        source: Source::File(chain),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let plain = Options::default();
    let looking = inspect::run(
        &target,
        &plain,
        std::future::ready(Stores::default()),
        &|_| {},
    );
    let capture = runtime.block_on(looking).capture;
    let machine = Machine::this();
    let survey = Survey::of(&machine, &[]).stores();
    let options = Options {
        grid: true,
        ..Options::default()
    };
    let now = Moment::now();
    let seen = inspect::assemble(Arc::clone(&capture), &Stores::load(&[]), &options, now);
    let count = seen.grid.as_ref().map_or(0, |grid| grid.rows.len());
    criterion.bench_function(
        &format!("{count} clients, chain built and judged"),
        |bencher| {
            bencher.iter(|| black_box(inspect::survey(&seen, &survey, &options, now)));
        },
    );
    criterion.bench_function(&format!("{count} clients, judged again"), |bencher| {
        let seen = inspect::survey(&seen, &survey, &options, now);
        bencher.iter(|| black_box(inspect::reassess(&seen, &options, now)));
    });
}

criterion_group!(benches, clients);
criterion_main!(benches);
