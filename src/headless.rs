//! Results on standard output, with exit codes; the front end for pipes.
//!
//! Text and Markdown come in the order of the targets, JSON as soon as each is ready. A closed pipe
//! ends the output quietly and changes no exit code. Ctrl-C needs nothing here: the signal ends the
//! process at once, which shells report as 130.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::export::{WIDEST, json, report};
use crate::inspect::{self, Inspection, Options};
use crate::store::{StoreKind, Stores};
use crate::target::Target;

/// At most this many targets are looked at side by side.
const SIDE_BY_SIDE: usize = 64;

/// The exit code for "could not look" and for output that could not be written.
pub const COULD_NOT: u8 = 3;

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A report for people, at most 100 columns wide; `ascii`: nothing but ASCII in its drawing.
    Text {
        /// Draw with ASCII characters only.
        ascii: bool,
    },
    /// One JSON object per line.
    Json,
    /// A report in Markdown.
    Markdown,
}

/// Why a run ended early. Words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The asynchronous runtime did not start.
    #[error("cannot start: {0}")]
    Runtime(String),
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(String),
}

/// Which stores judge.
#[derive(Clone, Debug)]
pub enum Judges {
    /// This machine's, after these `--ca` files; loaded beside the network.
    Machine(Vec<PathBuf>),
    /// The certificates of these files and nothing else.
    Only(Vec<PathBuf>),
    /// Exactly these.
    Fixed(Stores),
}

/// Columns below which a report is not squeezed further.
const NARROWEST: usize = 40;

/// Inspects every target and prints the results; the worst exit code.
///
/// # Errors
/// When the runtime does not start, or standard output cannot be written for another reason than a
/// reader that went away.
pub fn inspect(
    targets: Vec<Target>,
    options: Options,
    judges: Judges,
    format: Format,
) -> Result<u8, Trouble> {
    block_on(async {
        let many = targets.len() > 1;
        let mut printer = Printer::new(format, many);
        let mut worst = 0;
        let mut running = start(targets, options, judges);
        while let Some(done) = running.join_next().await {
            let Ok((place, inspection)) = done else {
                worst = COULD_NOT;
                continue;
            };
            worst = worst.max(inspection.outcome.exit_code());
            if !printer.take(place, &inspection)? {
                break;
            }
        }
        running.abort_all();
        Ok(worst)
    })?
}

/// Inspects one target and hands the result back.
///
/// # Errors
/// When the runtime does not start.
pub fn look(target: Target, options: Options, judges: Judges) -> Result<Inspection, Trouble> {
    block_on(async {
        let mut running = start(vec![target], options, judges);
        match running.join_next().await {
            Some(Ok((_, inspection))) => Ok(inspection),
            Some(Err(error)) => Err(Trouble::Runtime(error.to_string())),
            None => Err(Trouble::Runtime("no task".to_owned())),
        }
    })?
}

/// How wide a report may be: as the terminal that shows it, and at most [`WIDEST`].
pub fn columns() -> usize {
    #[cfg(unix)]
    let terminal = rustix::termios::tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let terminal: Result<usize, ()> = Err(());
    match terminal {
        Ok(columns) if columns > 0 => columns.clamp(NARROWEST, WIDEST),
        _ => WIDEST,
    }
}

/// Writes all of `bytes` to standard output; `false` when the reader went away.
///
/// # Errors
/// When standard output cannot be written for another reason.
pub fn print(bytes: &[u8]) -> Result<bool, Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Trouble::Output(error.to_string())),
    }
}

/// Runs on a runtime of its own, and leaves at once when done: a name that is still being looked up is
/// not waited for.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::Runtime(error.to_string()))?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(done)
}

/// Starts every look, and beside them a thread that loads the stores.
fn start(targets: Vec<Target>, options: Options, judges: Judges) -> JoinSet<(usize, Inspection)> {
    let stores = load(judges);
    let gate = Arc::new(Semaphore::new(SIDE_BY_SIDE));
    let options = Arc::new(options);
    let mut running = JoinSet::new();
    for (place, target) in targets.into_iter().enumerate() {
        let (gate, options, mut stores) = (gate.clone(), options.clone(), stores.clone());
        running.spawn(async move {
            // The gate is never closed; a permit that is refused would only mean one more side by side.
            let _permit = gate.acquire().await;
            let stores = async move {
                // The sender lives until it has sent; an error means that its thread died: no stores.
                let loaded = stores.wait_for(Option::is_some).await;
                loaded.map_or_else(|_| Stores::default(), |s| s.clone().unwrap_or_default())
            };
            let inspection = inspect::run(&target, &options, stores, &|_| {}).await;
            (place, inspection)
        });
    }
    running
}

fn load(judges: Judges) -> watch::Receiver<Option<Stores>> {
    match judges {
        Judges::Fixed(stores) => watch::channel(Some(stores)).1,
        Judges::Machine(given) => beside(move || Stores::load(&given)),
        Judges::Only(given) => beside(move || {
            let mut stores = Stores::load(&given);
            stores.0.retain(|store| store.kind == StoreKind::Given);
            for store in &mut stores.0 {
                // Told by the option that was typed.
                if let Some(store) = Arc::get_mut(store)
                    && let Some(files) = store.title.strip_prefix("--ca ")
                {
                    store.title = format!("--roots {files}");
                }
            }
            stores
        }),
    }
}

/// Reads the stores on a thread of its own, while the network is waited for.
fn beside(read: impl FnOnce() -> Stores + Send + 'static) -> watch::Receiver<Option<Stores>> {
    let (sender, receiver) = watch::channel(None);
    std::thread::spawn(move || sender.send(Some(read())));
    receiver
}

/// Prints results in the order that the format promises.
struct Printer {
    format: Format,
    many: bool,
    next: usize,
    early: std::collections::BTreeMap<usize, String>,
}

impl Printer {
    fn new(format: Format, many: bool) -> Self {
        Self {
            format,
            many,
            next: 0,
            early: std::collections::BTreeMap::new(),
        }
    }

    /// Takes one result; `false` when the reader went away.
    fn take(&mut self, place: usize, inspection: &Inspection) -> Result<bool, Trouble> {
        let text = match self.format {
            Format::Json => return print(json::line(inspection).as_bytes()),
            Format::Text { ascii } => report::text(inspection, ascii, columns()),
            Format::Markdown => report::markdown(inspection),
        };
        self.early.insert(place, text);
        let mut out = String::new();
        while let Some(text) = self.early.remove(&self.next) {
            if self.many && self.next > 0 {
                out.push_str("\n\n");
            }
            out.push_str(&text);
            self.next += 1;
        }
        if out.is_empty() {
            return Ok(true);
        }
        print(out.as_bytes())
    }
}
