//! The trust anchors of this machine, each store with where it comes from and what could not be read;
//! and the variables and configuration that change which program reads which.
//!
//! Looking up is pure; only [`Stores::load`] and [`Survey::of`] look at the machine. Nothing here judges,
//! nothing is run, and nothing is written.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::capture::pem::Flaw;
use crate::cert::{Certificate, Name};
use crate::moment::Moment;

mod dialect;
mod java;
mod known;
mod load;
mod machine;
mod mozilla;
mod node;
mod nss;
mod profiles;
mod python;
mod reading;
mod settings;
mod sqlite;
mod subject;
mod survey;
mod system;
mod tools;
mod uses;

use dialect::Readers;

pub use dialect::Dialect;
pub use known::{Holds, Known, Meaning, known};
pub use load::user_bundle_path;
pub use machine::Machine;
pub use nss::{Profile as BrowserDatabase, found as browser_databases, trust as nss_trust};
pub use python::prefixes as python_prefixes;
pub use settings::{Environment, Found, Override, Place, Setting, Unusable};
pub use survey::{MOST_STORES, Survey};
pub use uses::Uses;

/// One set of anchors that some clients use.
#[derive(Debug)]
pub struct TrustStore {
    /// Which one.
    pub kind: StoreKind,
    /// The stable name in JSON: `ca`, `environment`, `system`, `mozilla`, `bundle`, `lab`; the others are
    /// a kind and a path, such as `certifi:/usr/lib/python3/dist-packages`.
    pub id: String,
    /// For people: `system store`, `Mozilla's roots`, `--ca corp.pem`. Safe to display.
    pub title: String,
    /// The file or folder read, if any.
    pub path: Option<PathBuf>,
    /// Its anchors, whole certificates, in the order found.
    pub anchors: Vec<Anchor>,
    /// What could not be read, in words that are safe to display.
    pub problems: Vec<String>,
    /// When the file was last written; for Mozilla's, the day of the compiled-in list.
    pub modified: Option<Moment>,
    /// Which clients use it, safe to display.
    pub used_by: Vec<String>,
    /// Why its anchors cannot be listed although it is in order. Safe to display.
    pub hidden: Option<String>,
    /// Its anchors are hidden, and are those of this kind of store.
    pub same_as: Option<StoreKind>,
    /// What else is good to know of it, safe to display.
    pub notes: Vec<String>,
    /// It is one file of certificates with just these anchors.
    pub one_file: bool,
    /// Why not every program reads all of its files as they are written, and which do not. Safe to display.
    pub unread: Option<String>,
    /// Anchors from `TRUSTED CERTIFICATE` blocks, with what they are for.
    uses: Vec<(Arc<[u8]>, Uses)>,
    /// Anchors that not every program reads, with who does.
    readers: Vec<(Arc<[u8]>, Readers)>,
    /// What programs complain about in its file.
    spoilt: Vec<(Dialect, Flaw)>,
    by_subject: HashMap<u64, Vec<u32>>,
}

/// Kinds of stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StoreKind {
    /// Given with `--ca`.
    Given,
    /// The file and folder that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
    Environment,
    /// The operating system's.
    System,
    /// Mozilla's list, compiled in.
    Mozilla,
    /// The user's own bundle made by `whycert trust`.
    Bundle,
    /// The file and folder that a build of OpenSSL reads by itself.
    OpenSsl,
    /// A bundle that a Python package brings along.
    Python,
    /// The roots compiled into a Node.
    Node,
    /// The trust store of a Java.
    Java,
    /// A certificate database of Firefox or Chromium.
    Nss,
    /// A file that a variable or a tool's configuration names.
    Setting,
}

impl StoreKind {
    /// One of those that are loaded first and may decide; the others are what single programs use.
    pub fn may_decide(self) -> bool {
        matches!(
            self,
            Self::Given | Self::Environment | Self::System | Self::Mozilla | Self::Bundle
        )
    }

    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Environment => "environment",
            Self::System => "system",
            Self::Mozilla => "mozilla",
            Self::Bundle => "bundle",
            Self::OpenSsl => "openssl",
            Self::Python => "python",
            Self::Node => "node",
            Self::Java => "java",
            Self::Nss => "nss",
            Self::Setting => "setting",
        }
    }
}

/// One anchor: a whole certificate.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Its DER.
    pub der: Arc<[u8]>,
}

/// Stores in the order they are shown; the first is the one that decides the outcome. With them, the
/// environment they were found in, when there is one.
#[derive(Clone, Debug, Default)]
pub struct Stores(pub Vec<Arc<TrustStore>>, Option<Arc<Environment>>);

impl TrustStore {
    /// A store of these anchors, indexed by subject. Bytes in which no subject can be found stay in
    /// `anchors` but are never a candidate.
    pub fn new(
        kind: StoreKind,
        id: &str,
        title: &str,
        path: Option<PathBuf>,
        anchors: Vec<Anchor>,
        problems: Vec<String>,
    ) -> Self {
        let mut by_subject: HashMap<u64, Vec<u32>> = HashMap::with_capacity(anchors.len());
        for (i, anchor) in anchors.iter().enumerate() {
            if let (Some(key), Ok(i)) = (subject::of_certificate(&anchor.der), u32::try_from(i)) {
                by_subject.entry(key).or_default().push(i);
            }
        }
        Self {
            kind,
            id: id.to_owned(),
            title: title.to_owned(),
            path,
            anchors,
            problems,
            modified: None,
            used_by: Vec::new(),
            hidden: None,
            same_as: None,
            notes: Vec::new(),
            one_file: false,
            unread: None,
            uses: Vec::new(),
            readers: Vec::new(),
            spoilt: Vec::new(),
            by_subject,
        }
    }

    /// The same, used by these clients.
    #[must_use]
    pub fn used_by<'w>(mut self, who: impl IntoIterator<Item = &'w str>) -> Self {
        self.used_by = who.into_iter().map(str::to_owned).collect();
        self
    }

    /// Anchors whose subject may equal `name`; a superset, to be compared by [`Name::matches`].
    pub fn candidates(&self, name: &Name) -> impl Iterator<Item = &Anchor> {
        self.by_subject
            .get(&subject::key(&name.der))
            .into_iter()
            .flatten()
            .filter_map(|&i| self.anchors.get(i as usize))
    }

    /// This very certificate is an anchor here.
    pub fn holds(&self, certificate: &Certificate) -> bool {
        self.candidates(&certificate.subject)
            .any(|a| a.der == certificate.der)
    }

    /// The same under another name, with the anchors that programs find which read files in this way.
    fn read_as(&self, dialect: Dialect, kind: StoreKind, id: &str, title: &str) -> Self {
        let mut anchors = self.anchors.clone();
        anchors.retain(|anchor| self.is_shown(&anchor.der, dialect));
        let mut problems = self.problems.clone();
        if anchors.len() < self.anchors.len() {
            problems.extend(self.unread.clone());
        }
        let mut copy = Self::new(kind, id, title, self.path.clone(), anchors, problems);
        copy.modified = self.modified;
        copy.one_file = self.one_file;
        copy.unread.clone_from(&self.unread);
        copy.uses.clone_from(&self.uses);
        copy.readers.clone_from(&self.readers);
        copy.spoilt.clone_from(&self.spoilt);
        copy
    }

    /// A program that reads files in this way finds this anchor in those of the store.
    pub fn shows(&self, certificate: &Certificate, dialect: Dialect) -> bool {
        self.is_shown(&certificate.der, dialect)
    }

    fn is_shown(&self, der: &[u8], dialect: Dialect) -> bool {
        let of = self.readers.iter().find(|(known, _)| **known == *der);
        of.is_none_or(|(_, readers)| readers.has(dialect))
    }

    /// Such a program finds any anchor in it, if it has some.
    pub fn is_read_by(&self, dialect: Dialect) -> bool {
        self.readers.is_empty()
            || self.readers.iter().any(|(_, readers)| readers.has(dialect))
            || self.has_plain()
    }

    /// What such a program complains about in its file.
    pub fn spoilt_for(&self, dialect: Dialect) -> Option<Flaw> {
        let of = self.spoilt.iter().find(|(known, _)| *known == dialect);
        of.map(|(_, flaw)| *flaw)
    }

    /// It has anchors, and no program at all reads one of them.
    pub fn is_read_by_nobody(&self) -> bool {
        let somebody = |readers: &Readers| dialect::everybody().any(|d| readers.has(d));
        !self.readers.is_empty()
            && !self.readers.iter().any(|(_, readers)| somebody(readers))
            && !self.has_plain()
    }

    /// An anchor that every program reads.
    fn has_plain(&self) -> bool {
        let partly = |anchor: &Anchor| self.readers.iter().any(|(der, _)| *der == anchor.der);
        self.anchors.iter().any(|anchor| !partly(anchor))
    }

    /// What this anchor is for, where its file says so in OpenSSL's own way, which other libraries do
    /// not read.
    pub fn uses(&self, certificate: &Certificate) -> Option<&Uses> {
        let found = self.uses.iter().find(|(der, _)| *der == certificate.der);
        found.map(|(_, uses)| uses)
    }

    /// An anchor here has this name, and this key identifier as far as both say one.
    pub fn has_issuer(&self, name: &Name, key: Option<&[u8]>) -> bool {
        self.candidates(name)
            .map(|a| Certificate::read(a.der.clone()))
            .any(|c| {
                c.subject.matches(name)
                    && (key.is_none() || c.subject_key_id().is_none() || c.subject_key_id() == key)
            })
    }
}

impl Stores {
    /// Loads the stores of this machine; `given` are the files of `--ca`, which then decide. What
    /// cannot be read becomes a problem of its store. Blocking.
    pub fn load(given: &[PathBuf]) -> Self {
        Self::load_on(&Machine::this(), given)
    }

    /// The same on a machine that is not asked but given.
    pub fn load_on(machine: &Machine, given: &[PathBuf]) -> Self {
        load::load(given, machine, &reading::Pool::default())
    }

    /// The anchors of one file, PEM or a keystore of Java; what could not be read is a problem of it.
    /// Blocking.
    pub fn of_file(path: &std::path::Path) -> TrustStore {
        let pool = reading::Pool::default();
        if java::is_keystore(path) {
            return java::store(path, &[], &pool);
        }
        let mut reading = reading::Reading::default();
        reading.file(&pool, path);
        let shown = crate::text::safe(&path.to_string_lossy()).into_owned();
        reading.store(StoreKind::Setting, &shown, &shown, Some(path.to_owned()))
    }

    /// One store alone.
    pub fn only(store: TrustStore) -> Self {
        Self::of(vec![Arc::new(store)])
    }

    /// These stores, the first of which decides, without an environment.
    pub fn of(stores: Vec<Arc<TrustStore>>) -> Self {
        Self(stores, None)
    }

    /// The same stores, found in this environment.
    #[must_use]
    pub fn in_environment(mut self, environment: Arc<Environment>) -> Self {
        self.1 = Some(environment);
        self
    }

    /// The variables and configuration in effect; `None` for stores that belong to no machine, such as
    /// the lab's.
    pub fn environment(&self) -> Option<&Environment> {
        self.1.as_deref()
    }

    /// With the anchors of every file and folder that variables and configuration name.
    #[must_use]
    pub fn with_settings(&self) -> Self {
        let mut all = self.clone();
        let settings = self.1.iter().flat_map(|e| &e.settings);
        for setting in settings {
            if let Found::Anchors(store) = &setting.found
                && !all.0.iter().any(|s| Arc::ptr_eq(s, store))
            {
                all.0.push(store.clone());
            }
        }
        all
    }

    fn environment_in_effect(&self) -> Option<&Arc<Environment>> {
        self.1.as_ref()
    }

    /// The same as if this variable or setting were not there; `None` when it is not.
    pub fn without_setting(&self, name: &str) -> Option<Self> {
        let environment = self.1.as_ref()?;
        let left = environment.without(name)?;
        let mut stores = self.0.clone();
        if matches!(name, "SSL_CERT_FILE" | "SSL_CERT_DIR") {
            let place = stores.iter().position(|s| s.kind == StoreKind::Environment);
            stores.retain(|s| s.kind != StoreKind::Environment);
            if let (Some(place), Some(store)) = (place, load::environment_left(&left)) {
                stores.insert(place, Arc::new(store));
            }
        }
        Some(Self(stores, Some(Arc::new(left))))
    }

    /// The store whose verdict decides the outcome.
    pub fn deciding(&self) -> Option<&TrustStore> {
        self.0.first().map(Arc::as_ref)
    }

    /// The store that was given instead of all others (`--ca`, the lab's), if it decides.
    pub fn given(&self) -> Option<&TrustStore> {
        self.deciding().filter(|s| s.kind == StoreKind::Given)
    }

    /// The database of this browser, such as `Firefox`; one that is no snap or flatpak before those. Not of
    /// a profile with which it does not start by itself.
    pub fn of_browser(&self, browser: &str) -> Option<&TrustStore> {
        let all = || self.0.iter().map(Arc::as_ref);
        let of = |is: &dyn Fn(&str) -> bool| {
            all().find(|s| {
                let mut users = s.used_by.iter();
                s.kind == StoreKind::Nss && users.any(|who| who != nss::OTHER_PROFILE && is(who))
            })
        };
        of(&|who| who.starts_with(browser) && !who.contains(" as a "))
            .or_else(|| of(&|who| who.starts_with(browser)))
    }

    /// The public roots of this machine: the system's, else Mozilla's that are compiled in.
    pub fn public_roots(&self) -> Vec<Arc<[u8]>> {
        let of = |kind| {
            let mut all = self.0.iter();
            all.find(|store| store.kind == kind && !store.anchors.is_empty())
        };
        match of(StoreKind::System).or_else(|| of(StoreKind::Mozilla)) {
            Some(store) => store.anchors.iter().map(|a| a.der.clone()).collect(),
            None => webpki_root_certs::TLS_SERVER_ROOT_CERTS
                .iter()
                .map(|der| Arc::from(der.as_ref()))
                .collect(),
        }
    }

    /// The store with this id. For a family of which a machine may have several, such as `certifi`,
    /// `openssl` or `java`, the first one, unless only its program knows its anchors.
    pub fn by_id(&self, id: &str) -> Option<&TrustStore> {
        let of_family = |s: &&TrustStore| {
            let rest = s.id.strip_prefix(id);
            rest.is_some_and(|rest| rest.starts_with(':')) && s.hidden.is_none()
        };
        let all = || self.0.iter().map(Arc::as_ref);
        all().find(|s| s.id == id).or_else(|| all().find(of_family))
    }
}
