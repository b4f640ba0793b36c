//! What is set on this machine that changes whom programs trust: variables of the environment and keys of
//! the tools' configuration files, each with what it names, for whom it counts, and what overrides it.
//!
//! [`Environment::read`] looks at the machine once; the value it makes is data that rules judge.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use super::known::{Holds, KNOWN, Known};
use super::machine::Machine;
use super::reading::{self, Pool, Reading};
use super::{Anchor, Dialect, StoreKind, TrustStore, dialect, java, system, tools};
use crate::capture::pem::{self, Flaw};
use crate::cert::Certificate;
use crate::text::{self, Untrusted};

/// Everything in effect.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Variables first, then the keys of configuration files; both in the order of the table.
    pub settings: Vec<Setting>,
    /// The system's OpenSSL finds anchors in its own file.
    pub openssl_file: bool,
    /// The system's OpenSSL finds anchors in its own folder.
    pub openssl_folder: bool,
}

/// One variable or key that is set.
#[derive(Clone, Debug)]
pub struct Setting {
    /// What it is and for whom it counts.
    pub known: &'static Known,
    /// Where it is set.
    pub place: Place,
    /// It counts for this address or host only.
    pub only_for: Option<Untrusted>,
    /// Its value as written.
    pub value: Untrusted,
    /// What was found there.
    pub found: Found,
    /// Settings that win over this one, each for the programs that follow both.
    pub overridden: Vec<Override>,
}

/// Another setting that wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Its title.
    pub by: String,
    /// For which programs.
    pub programs: Vec<&'static str>,
}

/// Where a setting is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the environment.
    Variable,
    /// In this file, at this line (from 1).
    File {
        /// Which.
        path: PathBuf,
        /// Where in it.
        line: usize,
    },
}

/// What a setting names.
#[derive(Clone, Debug)]
pub enum Found {
    /// An empty value: nothing.
    Nothing,
    /// No path, but a word that leaves verification on.
    Word,
    /// A value that turns verification off.
    Off,
    /// A path at which nothing is.
    Missing(PathBuf),
    /// Something that cannot be read, or holds no certificate: why, safe to display; and as programs meet it.
    Unreadable(PathBuf, String, Unusable),
    /// Certificates.
    Anchors(Arc<TrustStore>),
}

/// How programs meet a file of which nothing can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// A folder.
    Folder,
    /// No access.
    Denied,
    /// No program reads a certificate in it; these complain about a damaged block.
    Empty(Vec<(Dialect, Flaw)>),
}

impl Unusable {
    /// What stands in the way of reading it at all.
    pub(super) fn of(path: &Path) -> Self {
        let denied = |e: std::io::Error| e.kind() == std::io::ErrorKind::PermissionDenied;
        if path.is_dir() {
            Self::Folder
        } else if std::fs::File::open(path).is_err_and(denied) {
            Self::Denied
        } else {
            Self::Empty(Vec::new())
        }
    }
}

impl Environment {
    /// Looks at this machine's variables and configuration files. What cannot be read is said in
    /// [`Setting::found`].
    pub(super) fn read(machine: &Machine, pool: &Pool) -> Self {
        let mut reader = Reader {
            machine,
            pool,
            known: HashMap::new(),
        };
        let mut settings: Vec<Setting> = KNOWN
            .iter()
            .filter(|known| known.is_variable())
            .filter_map(|known| reader.variable(known))
            .collect();
        for written in tools::written(machine) {
            settings.extend(reader.written(written));
        }
        override_each_other(&mut settings);
        let openssl = system::openssl_halves(machine);
        Self {
            settings,
            openssl_file: openssl.0,
            openssl_folder: openssl.1,
        }
    }

    /// Everything but what has this name, and what wins over what then; `None` when nothing has it.
    pub fn without(&self, name: &str) -> Option<Self> {
        let mut left = self.clone();
        left.settings.retain(|s| s.known.name != name);
        if left.settings.len() == self.settings.len() {
            return None;
        }
        override_each_other(&mut left.settings);
        Some(left)
    }

    /// A variable that is set.
    pub fn variable(&self, name: &str) -> Option<&Setting> {
        self.settings
            .iter()
            .find(|s| s.place == Place::Variable && s.known.name == name)
    }

    /// What is set, by name: variables as they are called, keys of configuration files as `tool:key`
    /// (`git:http.sslCAInfo`). What is limited to another host than this one is left out; of two settings
    /// with one name the one that counts is taken. Paths are as programs find them, with the home in full.
    pub fn values(&self, host: Option<&str>) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        // What is limited to this host wins over what counts for all.
        let mut settings: Vec<&Setting> = self.settings.iter().collect();
        settings.sort_by_key(|s| s.only_for.is_none());
        for setting in settings {
            if let Some(only) = &setting.only_for
                && host.is_none_or(|host| !only.raw().contains(host))
            {
                continue;
            }
            let name = setting.known.name.replacen(' ', ":", 1);
            let value = match (&setting.found, &setting.place) {
                (Found::Missing(path) | Found::Unreadable(path, ..), Place::File { .. }) => {
                    path.to_string_lossy().into_owned()
                }
                (Found::Anchors(store), Place::File { .. }) => store.path.as_ref().map_or_else(
                    || setting.value.raw().to_owned(),
                    |path| path.to_string_lossy().into_owned(),
                ),
                _ => setting.value.raw().to_owned(),
            };
            out.entry(name).or_insert(value);
        }
        out
    }

    /// Programs that a setting makes trust nothing but what it names, on this machine.
    pub fn replaced(&self, setting: &Setting) -> Vec<&'static str> {
        let known = setting.known;
        let half = self.other_half_stays(&known.name);
        let half = known.half.iter().filter(|_| !half);
        known
            .replaces
            .iter()
            .chain(half)
            .map(String::as_str)
            .collect()
    }

    /// Programs that trust what a setting names beside their own roots, on this machine.
    pub fn added(&self, setting: &Setting) -> Vec<&'static str> {
        let known = setting.known;
        let half = self.other_half_stays(&known.name);
        let half = known.half.iter().filter(|_| half);
        known.adds.iter().chain(half).map(String::as_str).collect()
    }

    /// OpenSSL still reads its own folder when only a file is set, and its own file when only a folder is.
    fn other_half_stays(&self, name: &str) -> bool {
        let set = |name| {
            self.variable(name)
                .is_some_and(|s| !matches!(s.found, Found::Nothing))
        };
        match name {
            "SSL_CERT_DIR" | "curl capath" => !set("SSL_CERT_FILE") && self.openssl_file,
            _ => !set("SSL_CERT_DIR") && self.openssl_folder,
        }
    }
}

impl Setting {
    /// `SSL_CERT_FILE`, or `http.sslCAInfo in ~/.gitconfig, line 3`. Safe to display.
    pub fn title(&self) -> String {
        let only = self
            .only_for
            .as_ref()
            .map_or_else(String::new, |url| format!(" for {url}"));
        match &self.place {
            Place::Variable => self.known.name.clone(),
            Place::File { path, line } => format!(
                "{}{only} in {}, line {line}",
                self.known.name,
                text::safe(&path.to_string_lossy())
            ),
        }
    }

    /// The anchors it names.
    pub fn anchors(&self) -> Option<&TrustStore> {
        match &self.found {
            Found::Anchors(store) => Some(store),
            _ => None,
        }
    }

    /// This certificate is among the anchors it names.
    pub fn holds(&self, certificate: &Certificate) -> bool {
        self.anchors().is_some_and(|store| store.holds(certificate))
    }

    /// How many of the anchors it names are public roots.
    pub fn public_roots(&self) -> usize {
        self.anchors().map_or(0, |store| {
            store
                .anchors
                .iter()
                .filter(|a| PUBLIC.contains(a.der.as_ref()))
                .count()
        })
    }

    /// The command that takes it back; `None` when a line of a file must be removed by hand.
    pub fn undo(&self) -> Option<String> {
        match self.place {
            Place::Variable => Some(format!("unset {}", self.known.name)),
            Place::File { .. } => self.known.undo.clone().filter(|_| self.only_for.is_none()),
        }
    }
}

/// Mozilla's roots, to tell a bundle of public roots from a bundle of private ones.
static PUBLIC: LazyLock<HashSet<&'static [u8]>> = LazyLock::new(|| {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(AsRef::as_ref)
        .collect()
});

/// Finds who wins where two settings count for the same programs: the ones that the table says, and of
/// two with the same name the first, as files are read in that order.
fn override_each_other(settings: &mut [Setting]) {
    let found: Vec<Vec<Override>> = settings
        .iter()
        .enumerate()
        .map(|(place, loser)| {
            settings
                .iter()
                .enumerate()
                .filter(|(other, winner)| {
                    let counts = !matches!(winner.found, Found::Nothing);
                    let same = winner.known.name == loser.known.name;
                    let first = same && *other < place && winner.only_for == loser.only_for;
                    let beats =
                        winner.only_for.is_none() && winner.known.beats.contains(&loser.known.name);
                    counts && (first || beats)
                })
                .map(|(_, winner)| {
                    let known = winner.known;
                    let only = &known.beats_for;
                    let all = only.is_empty() || known.name == loser.known.name;
                    let concerned = |p: &&str| {
                        known.programs().any(|w| w == *p) && (all || only.iter().any(|o| o == p))
                    };
                    Override {
                        by: winner.title(),
                        programs: loser.known.programs().filter(concerned).collect(),
                    }
                })
                .collect()
        })
        .collect();
    for (setting, overridden) in settings.iter_mut().zip(found) {
        setting.overridden = overridden;
    }
}

/// Follows settings to what they name, each path once.
struct Reader<'m> {
    machine: &'m Machine,
    pool: &'m Pool,
    known: HashMap<PathBuf, Found>,
}

impl Reader<'_> {
    fn variable(&mut self, known: &'static Known) -> Option<Setting> {
        let value = self.machine.variable(&known.name)?;
        let shown = value.to_string_lossy();
        let path = PathBuf::from(value);
        Some(Setting {
            known,
            place: Place::Variable,
            only_for: None,
            found: self.follow(known, &shown, path),
            value: Untrusted::new(shown),
            overridden: Vec::new(),
        })
    }

    fn written(&mut self, written: tools::Written) -> Option<Setting> {
        let known = Known::named(written.name)?;
        let beside = written.file.parent();
        let path = self
            .machine
            .meant(&written.value, beside.filter(|_| written.relative));
        Some(Setting {
            known,
            found: self.follow(known, &written.value, path),
            place: Place::File {
                path: written.file,
                line: written.line,
            },
            only_for: written.only_for.map(Untrusted::new),
            value: Untrusted::new(written.value),
            overridden: Vec::new(),
        })
    }

    fn follow(&mut self, known: &Known, value: &str, path: PathBuf) -> Found {
        let lower = value.trim().to_lowercase();
        let off = known
            .off
            .iter()
            .any(|off| *off == lower || (off == "*" && !lower.is_empty()));
        match known.holds {
            _ if off => Found::Off,
            Holds::Switch | Holds::Words => Found::Word,
            _ if value.is_empty() => Found::Nothing,
            Holds::FileOrSwitch if !value.contains(['/', '\\', '.']) => Found::Word,
            Holds::File | Holds::FileOrSwitch => self.path(path, false),
            Holds::FileOrFolder => {
                let folder = path.is_dir();
                self.path(path, folder)
            }
            Holds::Folders => self.folders(value),
            Holds::Inline => self.inline(value),
            Holds::JavaOptions => self.java_options(value),
        }
    }

    fn path(&mut self, path: PathBuf, folder: bool) -> Found {
        if let Some(found) = self.known.get(&path) {
            return found.clone();
        }
        let mut reading = Reading::default();
        let found = if !path.exists() {
            Found::Missing(path.clone())
        } else if folder {
            reading.folder(self.pool, &path);
            reading.unusable = Some(Unusable::Folder);
            found_in(reading, &path)
        } else {
            reading.file(self.pool, &path);
            reading.one_file = true;
            found_in(reading, &path)
        };
        self.known.insert(path, found.clone());
        found
    }

    fn folders(&mut self, value: &str) -> Found {
        let paths: Vec<PathBuf> = std::env::split_paths(value).collect();
        match paths.as_slice() {
            [] => Found::Nothing,
            [one] => self.path(one.clone(), true),
            [first, ..] if paths.iter().all(|p| !p.exists()) => Found::Missing(first.clone()),
            [first, ..] => {
                let mut reading = Reading::default();
                for path in &paths {
                    reading.folder(self.pool, path);
                }
                reading.unusable = Some(Unusable::Folder);
                found_in(reading, first)
            }
        }
    }

    fn inline(&self, value: &str) -> Found {
        let decoded = pem::decode(value.as_bytes());
        let readers = dialect::readers(&decoded);
        let unread = dialect::words(&decoded, &readers);
        let spoilt = dialect::spoilt(&decoded);
        let anchors = self.pool.keep(decoded.certificates);
        let reading = Reading {
            uses: super::reading::uses(&anchors, &decoded.trailers),
            anchors,
            problems: decoded.notes,
            readers,
            unread,
            spoilt,
            ..Reading::default()
        };
        found_in(reading, Path::new(""))
    }

    /// `-Djavax.net.ssl.trustStore=FILE` among options; without it the value changes no trust.
    fn java_options(&mut self, value: &str) -> Found {
        let option = |name: &str| {
            value
                .split_whitespace()
                .find_map(|word| word.trim_matches(['"', '\'']).strip_prefix(name))
        };
        let Some(path) = option("-Djavax.net.ssl.trustStore=") else {
            return Found::Word;
        };
        let path = PathBuf::from(path);
        if path.as_os_str() == "NONE" {
            return Found::Word;
        }
        if !path.exists() {
            return Found::Missing(path);
        }
        let password = option("-Djavax.net.ssl.trustStorePassword=");
        match reading::read_bounded(&path) {
            Ok(bytes) => {
                let read = java::read(&bytes, password);
                let reading = Reading {
                    anchors: self.pool.keep(read.certificates),
                    problems: read.problems,
                    ..Reading::default()
                };
                found_in(reading, &path)
            }
            Err(why) => {
                let met = Unusable::of(&path);
                Found::Unreadable(path, why, met)
            }
        }
    }
}

fn found_in(mut reading: Reading, path: &Path) -> Found {
    if reading.anchors.is_empty() {
        let why = reading.problems.first().map_or_else(
            || "no certificate in it".to_owned(),
            |p| without(&text::safe(&path.to_string_lossy()), p),
        );
        let met = reading.unusable.take();
        let met = met.unwrap_or(Unusable::Empty(reading.spoilt));
        return Found::Unreadable(path.to_owned(), why, met);
    }
    unique(&mut reading.anchors);
    let title = text::safe(&path.to_string_lossy()).into_owned();
    let place = Some(path.to_owned());
    let store = reading.store(StoreKind::Setting, &title, &title, place);
    match &store.unread {
        Some(why) if store.is_read_by_nobody() => {
            let met = Unusable::Empty(store.spoilt.clone());
            Found::Unreadable(path.to_owned(), without(&title, why), met)
        }
        _ => Found::Anchors(Arc::new(store)),
    }
}

/// A problem without the file at its beginning.
fn without(shown: &str, problem: &str) -> String {
    let rest = problem.strip_prefix(shown);
    let rest = rest.and_then(|rest| rest.strip_prefix(": "));
    rest.unwrap_or(problem).to_owned()
}

/// The pool keeps each certificate once, so that equal ones are at the same place.
fn unique(anchors: &mut Vec<Anchor>) {
    let mut seen = HashSet::new();
    anchors.retain(|a| seen.insert(Arc::as_ptr(&a.der)));
}
