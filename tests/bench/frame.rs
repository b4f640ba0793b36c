//! Time of a frame and of a key, at 10, 1,000 and 100,000 rows; run with `cargo bench --bench frame`.
//! The screen is drawn into a buffer of 200×60, as the terminal's backend does before it compares.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use whycert::capture::{Capture, Seen};
use whycert::inspect::{self, Options};
use whycert::moment::Moment;
use whycert::store::Stores;
use whycert::target::Target;
use whycert::tui::keymap::Command;
use whycert::tui::message::{Effect, Message};
use whycert::tui::model::Model;
use whycert::tui::theme::{Look, Theme, UNICODE};
use whycert::tui::{Entry, update::update, view};

const SIZE: (u16, u16) = (200, 60);
const ROWS: [usize; 3] = [10, 1_000, 100_000];
const ROOT: &str = include_str!("../data/verify/root.pem");
/// The name inside of it, replaced byte for byte; the signature is then wrong, which no row asks about.
const NAME: &[u8] = b"Example Test Root";

fn certificates(count: usize) -> Vec<Arc<[u8]>> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(ROOT.as_bytes()).expect("a PEM");
    let der = pem.contents;
    let spots: Vec<usize> = (0..der.len() - NAME.len())
        .filter(|&at| &der[at..at + NAME.len()] == NAME)
        .collect();
    (0..count)
        .map(|i| {
            let mut der = der.clone();
            let name = format!("Benchmark {i:07}");
            for &at in &spots {
                der[at..at + NAME.len()].copy_from_slice(name.as_bytes());
            }
            Arc::from(der)
        })
        .collect()
}

/// A model that shows a file of this many certificates.
fn model(count: usize) -> Model {
    let target = Target::parse("./bundle.pem").expect("a file");
    let capture = Capture {
        presented: certificates(count),
        seen_by: Seen::File,
        ..Capture::empty(&target)
    };
    let now = Moment::from_unix(1_795_478_400);
    let options = Options::default();
    let inspection = inspect::assemble(Arc::new(capture), &Stores::default(), &options, now);
    let entry = Entry {
        target,
        label: None,
        story: None,
    };
    let look = Look {
        theme: Theme::Dark,
        glyphs: &UNICODE,
    };
    let mut model = Model::new(vec![entry], options, look, SIZE, now);
    let effects = update(&mut model, Message::Tick(now));
    let job = effects.iter().find_map(|e| match e {
        Effect::Inspect { job, .. } => Some(*job),
        _ => None,
    });
    update(
        &mut model,
        Message::Inspected {
            job: job.expect("an inspection is asked for"),
            inspection: Arc::new(inspection),
        },
    );
    let rows = model.session().map_or(0, |s| s.rows.len());
    assert_eq!(rows, count, "every certificate has a row");
    model
}

fn frames(criterion: &mut Criterion) {
    let mut frame = criterion.benchmark_group("frame");
    frame.measurement_time(Duration::from_secs(3));
    let area = Rect::new(0, 0, SIZE.0, SIZE.1);
    for count in ROWS {
        let mut model = model(count);
        let mut buffer = Buffer::empty(area);
        frame.bench_with_input(BenchmarkId::new("still", count), &(), |bencher, ()| {
            bencher.iter(|| {
                buffer.reset();
                view::draw(&model, area, &mut buffer);
                black_box(&buffer);
            });
        });
        frame.bench_with_input(
            BenchmarkId::new("key down, then frame", count),
            &(),
            |bencher, ()| {
                let mut down = true;
                bencher.iter(|| {
                    let key = if down { Command::PageDown } else { Command::Up };
                    down = !down;
                    update(&mut model, Message::Command(key));
                    buffer.reset();
                    view::draw(&model, area, &mut buffer);
                    black_box(&buffer);
                });
            },
        );
    }
    frame.finish();
    let mut key = criterion.benchmark_group("key to update");
    key.measurement_time(Duration::from_secs(3));
    for count in ROWS {
        let mut model = model(count);
        for (name, command) in [
            ("down", Command::Down),
            ("fold", Command::Toggle),
            ("pane", Command::NextPane),
        ] {
            key.bench_with_input(BenchmarkId::new(name, count), &(), |bencher, ()| {
                bencher.iter(|| black_box(update(&mut model, Message::Command(command))));
            });
        }
    }
    key.finish();
}

fn search(criterion: &mut Criterion) {
    let mut search = criterion.benchmark_group("search");
    search.measurement_time(Duration::from_secs(3));
    for count in ROWS {
        let mut model = model(count);
        model.search = format!("{:07}", count - 1);
        search.bench_with_input(BenchmarkId::new("next match", count), &(), |bencher, ()| {
            bencher.iter(|| black_box(update(&mut model, Message::Command(Command::NextMatch))));
        });
    }
    search.finish();
}

criterion_group!(benches, frames, search);
criterion_main!(benches);
