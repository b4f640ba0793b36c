//! Carrying effects out: on one thread with its own runtime for the network, on short threads for
//! files, clipboard and signatures. Answers come back as messages.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::clipboard::Clipboard;
use super::history;
use super::message::{Effect, JobId, Message};
use super::{StoreSource, Wake};
use crate::ask;
use crate::inspect::{self, Ask, Inspection, Options};
use crate::store::{Machine, Stores, Survey};
use crate::target::Target;
use crate::trust::TrustError;
use crate::{export, save, trust};

/// Where effects go.
pub(super) struct Worker {
    sender: Sender<Wake>,
    /// The stores that inspections wait for, and the files of `--ca` when they are this machine's.
    stores: Arc<watch::Sender<Option<Stores>>>,
    given: Option<Vec<PathBuf>>,
    network: mpsc::UnboundedSender<Task>,
    clipboard: Arc<Mutex<Clipboard>>,
    history: Arc<Mutex<()>>,
}

enum Task {
    Inspect {
        job: JobId,
        target: Box<Target>,
        options: Box<Options>,
    },
    Further {
        job: JobId,
        inspection: Arc<Inspection>,
        ask: Box<Ask>,
    },
    Cancel(JobId),
}

impl Worker {
    /// Starts the network thread, and one that loads the stores.
    /// `typed` are the targets of the command line, for the history.
    pub(super) fn start(sender: Sender<Wake>, stores: StoreSource, typed: Vec<Target>) -> Self {
        let (network, tasks) = mpsc::unbounded_channel();
        let (loaded, waiting) = watch::channel(None);
        let loaded = Arc::new(loaded);
        let kept = match &stores {
            StoreSource::Fixed(_) => None,
            StoreSource::Machine(given) => Some(given.clone()),
        };
        let (answer, shared) = (sender.clone(), loaded.clone());
        std::thread::spawn(move || {
            let (stores, given) = match stores {
                StoreSource::Fixed(stores) => (stores, None),
                StoreSource::Machine(given) => (Stores::load(&given), Some(given)),
            };
            let _ = answer.send(Wake::Message(Message::Stores(stores.clone())));
            let _ = shared.send(Some(stores));
            if let Some(path) = history::path() {
                history::remember(&path, &typed);
                let _ = answer.send(Wake::Message(Message::History(history::read(&path))));
            }
            // The second phase: nothing waits for it.
            if let Some(given) = given {
                let survey = Survey::of(&Machine::this(), &given);
                let _ = answer.send(Wake::Message(Message::Surveyed(Box::new(survey))));
            }
        });
        let answer = sender.clone();
        std::thread::spawn(move || serve(tasks, &waiting, &answer));
        Self {
            sender,
            stores: loaded,
            given: kept,
            network,
            clipboard: Arc::default(),
            history: Arc::default(),
        }
    }

    /// Carries out several.
    pub(super) fn run_all(&self, effects: Vec<Effect>) {
        effects.into_iter().for_each(|effect| self.run(effect));
    }

    /// Carries out one. Effects on the terminal itself are the runtime's.
    pub(super) fn run(&self, effect: Effect) {
        match effect {
            Effect::Inspect {
                job,
                target,
                options,
            } => {
                let _ = self.network.send(Task::Inspect {
                    job,
                    target,
                    options,
                });
            }
            Effect::Further {
                job,
                inspection,
                ask,
            } => {
                let _ = self.network.send(Task::Further {
                    job,
                    inspection,
                    ask,
                });
            }
            Effect::Read { job, path } => self.answer(move || Message::Read {
                job,
                result: crate::capture::certificates(&path),
            }),
            Effect::Cancel(job) => {
                let _ = self.network.send(Task::Cancel(job));
            }
            Effect::FindClients => {
                self.answer(|| Message::Installed(ask::find(&Machine::this())));
            }
            Effect::Ask { job, ways } => {
                let sender = Mutex::new(self.sender.clone());
                std::thread::spawn(move || {
                    let told = |measured| {
                        if let Ok(sender) = sender.lock() {
                            let measured = Box::new(measured);
                            let _ = sender.send(Wake::Message(Message::Asked { job, measured }));
                        }
                    };
                    ask::ask(&ways, &told);
                });
            }
            Effect::CallOff => {
                std::thread::spawn(ask::call_off);
            }
            Effect::Remember(target) => {
                let lock = self.history.clone();
                std::thread::spawn(move || {
                    let _one_at_a_time = lock.lock();
                    if let (Some(path), Ok(target)) = (history::path(), Target::parse(&target)) {
                        history::remember(&path, &[target]);
                    }
                });
            }
            Effect::Save {
                inspection,
                what,
                format,
                name,
            } => self.answer(move || {
                let result = export::render(&inspection, what, format)
                    .map_err(|e| e.to_string())
                    .and_then(|bytes| {
                        save::save(&PathBuf::from(&name), &bytes).map_err(|e| e.to_string())
                    });
                Message::Saved {
                    what,
                    format,
                    result,
                }
            }),
            Effect::Copy { what, text } => {
                let clipboard = self.clipboard.clone();
                self.answer(move || {
                    let result = match clipboard.lock() {
                        Ok(mut clipboard) => clipboard.copy(&text),
                        Err(_) => Err("the clipboard failed earlier".to_owned()),
                    };
                    Message::Copied { what, result }
                });
            }
            Effect::Plan {
                inspection,
                node,
                rung,
            } => self.answer(move || {
                let plan = trust::plan_here(&inspection, node, rung);
                Message::Planned(rung, Box::new(plan))
            }),
            Effect::Trust { plan, public } => self.change(move || {
                let applied = trust::prove::apply_here(&plan, public);
                Message::Trusted(Box::new(applied.map_err(|e| e.to_string())))
            }),
            Effect::List => self.answer(|| {
                let place = trust::Place::this();
                let listed = place.as_ref().map_err(Clone::clone).and_then(trust::list);
                Message::Listed {
                    entries: listed.map_err(|e| e.to_string()),
                    hides_root: place.is_ok_and(|place| place.hides_root()),
                }
            }),
            Effect::Undo(id) => self.change(move || {
                let undone = trust::prove::undo_here(&id);
                Message::Undone(Box::new(undone.map_err(|error| match error {
                    TrustError::NeedsRoot => {
                        format!("{error}: sudo whycert trust undo {id}")
                    }
                    _ => error.to_string(),
                })))
            }),
            Effect::Mouse(_) | Effect::Suspend | Effect::Quit => {}
        }
    }

    /// The same for what changes who trusts what on this machine: the stores are read again afterwards.
    fn change(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let (sender, stores, given) =
            (self.sender.clone(), self.stores.clone(), self.given.clone());
        std::thread::spawn(move || {
            let _ = sender.send(Wake::Message(work()));
            if let Some(given) = given {
                let fresh = Stores::load(&given);
                stores.send_replace(Some(fresh.clone()));
                let _ = sender.send(Wake::Message(Message::Stores(fresh)));
                let survey = Survey::of(&Machine::this(), &given);
                let _ = sender.send(Wake::Message(Message::Surveyed(Box::new(survey))));
            }
        });
    }

    fn answer(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            let _ = sender.send(Wake::Message(work()));
        });
    }
}

/// The network thread: inspections side by side on one runtime, each of which can be cancelled.
fn serve(
    mut tasks: mpsc::UnboundedReceiver<Task>,
    stores: &watch::Receiver<Option<Stores>>,
    answer: &Sender<Wake>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else { return };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let mut running: HashMap<JobId, AbortHandle> = HashMap::new();
        while let Some(task) = tasks.recv().await {
            match task {
                Task::Cancel(job) => {
                    if let Some(handle) = running.remove(&job) {
                        handle.abort();
                    }
                }
                Task::Further {
                    job,
                    inspection,
                    ask,
                } => {
                    let answer = answer.clone();
                    let handle = tokio::task::spawn_local(async move {
                        let further = Box::new(inspect::ask(&inspection, &ask).await);
                        let _ = answer.send(Wake::Message(Message::Further { job, further }));
                    });
                    running.insert(job, handle.abort_handle());
                }
                Task::Inspect {
                    job,
                    target,
                    options,
                } => {
                    running.retain(|_, handle| !handle.is_finished());
                    let (answer, stores) = (answer.clone(), stores.clone());
                    let handle =
                        tokio::task::spawn_local(look(job, *target, *options, stores, answer));
                    running.insert(job, handle.abort_handle());
                }
            }
        }
    });
}

async fn look(
    job: JobId,
    target: Target,
    options: Options,
    mut stores: watch::Receiver<Option<Stores>>,
    answer: Sender<Wake>,
) {
    let progress = answer.clone();
    let progress = Mutex::new(progress);
    let tell = move |stage| {
        if let Ok(sender) = progress.lock() {
            let _ = sender.send(Wake::Message(Message::Stage { job, stage }));
        }
    };
    let stores = async move {
        let loaded = stores
            .wait_for(Option::is_some)
            .await
            .map(|s| s.clone().unwrap_or_default());
        loaded.unwrap_or_default()
    };
    let inspection = inspect::run(&target, &options, stores, &tell).await;
    let _ = answer.send(Wake::Message(Message::Inspected {
        job,
        inspection: Arc::new(inspection),
    }));
}
