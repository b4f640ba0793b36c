//! The trust anchors of this machine, each store with where it comes from and what could not be
//! read. Looking up is pure; loading is in `load`. Nothing here judges.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::cert::{Certificate, Name};

mod load;
mod subject;

pub use load::user_bundle_path;

/// One set of anchors that some clients use.
#[derive(Debug)]
pub struct TrustStore {
    /// Which one.
    pub kind: StoreKind,
    /// The stable name in JSON: `ca`, `environment`, `system`, `mozilla`, `bundle`, `lab`.
    pub id: String,
    /// For people: `system store`, `Mozilla's roots`, `--ca corp.pem`. Safe to display.
    pub title: String,
    /// The file or folder read, if any.
    pub path: Option<PathBuf>,
    /// Its anchors, whole certificates, in the order found.
    pub anchors: Vec<Anchor>,
    /// What could not be read, in words that are safe to display.
    pub problems: Vec<String>,
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
            by_subject,
        }
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
}

impl Stores {
    /// Loads the stores of this machine; `given` are the files of `--ca`, which then decide. What
    /// cannot be read becomes a problem of its store. Blocking.
    pub fn load(given: &[PathBuf]) -> Self {
        load::load(given)
    }

    /// One store alone.
    pub fn only(store: TrustStore) -> Self {
        Self(vec![Arc::new(store)])
    }

    /// The store whose verdict decides the outcome.
    pub fn deciding(&self) -> Option<&TrustStore> {
        self.0.first().map(Arc::as_ref)
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

    /// The store with this id.
    pub fn by_id(&self, id: &str) -> Option<&TrustStore> {
        self.0.iter().map(Arc::as_ref).find(|s| s.id == id)
    }
}
