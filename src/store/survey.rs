//! Every store of this machine, read beside each other on threads. This is the second phase: the stores
//! that decide are loaded before it, and nothing waits for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::machine::Machine;
use super::reading::Pool;
use super::settings::{Found, Place};
use super::{
    Dialect, Environment, StoreKind, Stores, TrustStore, java, load, node, nss, python, system,
};
use crate::text;

/// Stores listed at most.
pub const MOST_STORES: usize = 500;
/// Threads that read.
const MOST_THREADS: usize = 8;

/// What this machine trusts, program by program.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Every store found, those that decide first.
    pub stores: Vec<Arc<TrustStore>>,
    /// Stores beyond [`MOST_STORES`], which were not read.
    pub not_read: usize,
    /// Variables and configuration in effect.
    pub environment: Arc<Environment>,
    /// How long it took.
    pub took: Duration,
}

/// One store to be read.
enum Job {
    OpenSsl(system::OpenSsl, &'static str),
    Python(python::Bundle),
    Java(PathBuf, Vec<PathBuf>),
    Node(PathBuf),
    Nss(nss::Profile),
}

impl Survey {
    /// Finds and reads them all. Blocking.
    pub fn of(machine: &Machine, given: &[PathBuf]) -> Self {
        let began = Instant::now();
        let pool = Pool::default();
        let mut jobs = jobs(machine);
        let (deciding, read) = std::thread::scope(|scope| {
            let deciding = scope.spawn(|| load::load(given, machine, &pool));
            let not_read = jobs.len().saturating_sub(MOST_STORES);
            jobs.truncate(MOST_STORES);
            let read = read_all(&jobs, machine, &pool);
            (deciding.join().unwrap_or_default(), (read, not_read))
        });
        let (read, not_read) = read;
        let environment = deciding
            .environment_in_effect()
            .cloned()
            .unwrap_or_default();
        let mut stores = deciding.0;
        stores.extend(named_by_settings(&environment, &stores));
        stores.extend(read.into_iter().map(Arc::new));
        Self {
            stores,
            not_read,
            environment,
            took: began.elapsed(),
        }
    }

    /// The stores as a set to judge with; the first still decides.
    pub fn stores(&self) -> Stores {
        Stores::of(self.stores.clone()).in_environment(self.environment.clone())
    }
}

fn jobs(machine: &Machine) -> Vec<Job> {
    let mut jobs = Vec::new();
    if let Some(build) = system::openssl(machine) {
        jobs.push(Job::OpenSsl(build, "OpenSSL's default"));
    }
    for build in system::other_openssls(machine) {
        jobs.push(Job::OpenSsl(build, "another OpenSSL's default"));
    }
    jobs.extend(python::found(machine).into_iter().map(Job::Python));
    jobs.extend(node::found(machine).into_iter().map(Job::Node));
    // Distributions link the stores of all Javas to one file.
    let mut javas: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
    for (home, file) in java::found(machine) {
        let real = file.canonicalize().unwrap_or(file);
        let homes = javas.entry(real).or_default();
        let home = home.canonicalize().unwrap_or(home);
        if !homes.contains(&home) {
            homes.push(home);
        }
    }
    jobs.extend(
        javas
            .into_iter()
            .map(|(file, homes)| Job::Java(file, homes)),
    );
    jobs.extend(nss::found(machine).into_iter().map(Job::Nss));
    jobs
}

/// Reads every job on a few threads; the order of the jobs stays.
fn read_all(jobs: &[Job], machine: &Machine, pool: &Pool) -> Vec<TrustStore> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MOST_THREADS)
        .min(jobs.len());
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(jobs.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { break };
                    let store = job.read(machine, pool);
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((place, store));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, store)| store).collect()
}

impl Job {
    fn read(&self, machine: &Machine, pool: &Pool) -> TrustStore {
        match self {
            Self::OpenSsl(build, title) => {
                let shown = text::safe(&build.folder.to_string_lossy()).into_owned();
                system::openssl_store(build, &format!("openssl:{shown}"), title, pool)
            }
            Self::Python(bundle) => python::store(bundle, machine, pool),
            Self::Java(file, homes) => java::store(file, homes, pool),
            Self::Node(program) => node::store(program, machine),
            Self::Nss(profile) => nss::store(profile, pool),
        }
    }
}

/// The files that variables and configuration name, each once, with all that name it. What the deciding
/// stores have read already is not repeated.
fn named_by_settings(environment: &Environment, known: &[Arc<TrustStore>]) -> Vec<Arc<TrustStore>> {
    let mut named: BTreeMap<PathBuf, (Vec<String>, Vec<String>, TrustStore)> = BTreeMap::new();
    for setting in &environment.settings {
        let title = match setting.place {
            Place::Variable => setting.known.name.clone(),
            Place::File { .. } => setting.title(),
        };
        let (path, mut store) = match &setting.found {
            Found::Anchors(store) => {
                let path = store.path.clone().unwrap_or_default();
                let copy = store.read_as(Dialect::Any, StoreKind::Setting, "", "");
                (path, copy)
            }
            Found::Missing(path) => (path.clone(), problem(path, "nothing is there")),
            Found::Unreadable(path, why, _) => (path.clone(), problem(path, why)),
            Found::Nothing | Found::Word | Found::Off => continue,
        };
        let users = setting.known.programs().map(str::to_owned);
        let entry = named.entry(path).or_insert_with(|| {
            store.id.clear();
            (Vec::new(), Vec::new(), store)
        });
        entry.0.push(title);
        for user in users {
            if !entry.1.contains(&user) {
                entry.1.push(user);
            }
        }
    }
    named
        .into_iter()
        .filter(|(path, (names, ..))| {
            let only_openssl = names
                .iter()
                .all(|n| n == "SSL_CERT_FILE" || n == "SSL_CERT_DIR");
            let environment = known.iter().any(|s| s.kind == StoreKind::Environment);
            let system = known
                .iter()
                .any(|s| s.kind == StoreKind::System && s.path.as_ref() == Some(path));
            !(only_openssl && environment || system)
        })
        .map(|(path, (names, users, mut store))| {
            store.id = format!("setting:{}", text::safe(&path.to_string_lossy()));
            store.title = names.join(", ");
            Arc::new(store.used_by(users.iter().map(String::as_str)))
        })
        .collect()
}

fn problem(path: &std::path::Path, why: &str) -> TrustStore {
    let shown = text::safe(&path.to_string_lossy()).into_owned();
    TrustStore::new(
        StoreKind::Setting,
        "",
        "",
        Some(path.to_owned()),
        Vec::new(),
        vec![format!("{shown}: {why}")],
    )
}
