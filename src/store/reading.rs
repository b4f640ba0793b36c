//! Reading files of certificates: bounded, each file once, and what several stores share kept once.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::dialect::{self, Dialect, Readers};
use super::settings::Unusable;
use super::{Anchor, StoreKind, TrustStore, Uses};
use crate::capture::pem::{self, Flaw};
use crate::moment::Moment;
use crate::text;

/// A store file larger than this is not read.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Of a folder, at most this many files are read.
pub(super) const MOST_FILES: usize = 4096;

/// What has been read so far on all threads: a file that two stores name is read once, and an anchor that
/// twenty bundles hold is kept once.
#[derive(Debug, Default)]
pub(super) struct Pool {
    files: Mutex<HashMap<PathBuf, Arc<Contents>>>,
    anchors: Mutex<HashSet<Arc<[u8]>, foldhash::fast::RandomState>>,
}

/// What one file holds.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub anchors: Vec<Anchor>,
    pub uses: Vec<(Arc<[u8]>, Uses)>,
    pub problems: Vec<String>,
    pub modified: Option<Moment>,
    pub readers: Vec<(Arc<[u8]>, Readers)>,
    pub unread: Option<String>,
    pub spoilt: Vec<(Dialect, Flaw)>,
    pub unusable: Option<Unusable>,
}

/// Links to the same file are the same file: by its number where the system has one, since resolving
/// the links of a whole certificate folder takes thousands of calls.
fn identity(path: &Path) -> PathBuf {
    #[cfg(unix)]
    if let Ok(meta) = path.metadata() {
        use std::os::unix::fs::MetadataExt;
        return PathBuf::from(format!("{}:{}", meta.dev(), meta.ino()));
    }
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

impl Pool {
    /// The certificates of a file, PEM or DER.
    pub fn file(&self, path: &Path) -> Arc<Contents> {
        let key = identity(path);
        let known = lock(&self.files).get(&key).cloned();
        if let Some(contents) = known {
            return contents;
        }
        let contents = Arc::new(self.read(path));
        lock(&self.files).insert(key, contents.clone());
        contents
    }

    fn read(&self, path: &Path) -> Contents {
        let modified = modified(path);
        match read_bounded(path) {
            Ok(bytes) => {
                let decoded = pem::decode(&bytes);
                let readers = dialect::readers(&decoded);
                let unread = dialect::words(&decoded, &readers);
                let spoilt = dialect::spoilt(&decoded);
                let mut problems = decoded.notes;
                if decoded.certificates.is_empty() {
                    problems.insert(0, "no certificate in it".to_owned());
                }
                let anchors = self.keep(decoded.certificates);
                Contents {
                    uses: uses(&anchors, &decoded.trailers),
                    anchors,
                    problems,
                    modified,
                    readers,
                    unread,
                    spoilt,
                    unusable: None,
                }
            }
            Err(why) => Contents {
                problems: vec![why],
                unusable: Some(Unusable::of(path)),
                modified,
                ..Contents::default()
            },
        }
    }

    /// Anchors of these certificates, each kept once for all stores.
    pub fn keep(&self, certificates: Vec<Vec<u8>>) -> Vec<Anchor> {
        let mut known = lock(&self.anchors);
        certificates
            .into_iter()
            .map(|der| {
                if let Some(der) = known.get(der.as_slice()) {
                    return Anchor { der: der.clone() };
                }
                let der: Arc<[u8]> = Arc::from(der);
                known.insert(der.clone());
                Anchor { der }
            })
            .collect()
    }
}

/// What the anchors of `TRUSTED CERTIFICATE` blocks are for. One that stood in an ordinary block before
/// is what that says, as in OpenSSL.
pub(super) fn uses(anchors: &[Anchor], trailers: &[(usize, Vec<u8>)]) -> Vec<(Arc<[u8]>, Uses)> {
    let found = trailers.iter().filter_map(|(place, after)| {
        let (before, rest) = anchors.split_at_checked(*place)?;
        let der = &rest.first()?.der;
        let known = before.iter().any(|a| a.der == *der);
        (!known).then(|| (der.clone(), Uses::read(after)))
    });
    found.collect()
}

/// A thread that died while it held the lock left whole entries: they are used.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store while it is being read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub anchors: Vec<Anchor>,
    pub uses: Vec<(Arc<[u8]>, Uses)>,
    pub problems: Vec<String>,
    pub modified: Option<Moment>,
    /// It is one file of certificates.
    pub one_file: bool,
    /// Anchors that not every program reads, with who does.
    pub readers: Vec<(Arc<[u8]>, Readers)>,
    /// Why that is so.
    pub unread: Option<String>,
    /// What programs complain about in its files.
    pub spoilt: Vec<(Dialect, Flaw)>,
    /// Why nothing at all could be read of one.
    pub unusable: Option<Unusable>,
    /// Names in hashed folders read already: OpenSSL takes the first of each.
    pub seen: HashSet<OsString>,
}

impl Reading {
    /// The store of what was read.
    pub fn store(
        self,
        kind: StoreKind,
        id: &str,
        title: &str,
        path: Option<PathBuf>,
    ) -> TrustStore {
        let mut store = TrustStore::new(kind, id, title, path, self.anchors, self.problems);
        store.modified = self.modified;
        store.uses = self.uses;
        store.one_file = self.one_file;
        store.readers = self.readers;
        store.unread = self.unread;
        store.spoilt = self.spoilt;
        store
    }

    /// Adds the certificates of a file.
    pub fn file(&mut self, pool: &Pool, path: &Path) {
        let contents = pool.file(path);
        let shown = text::safe(&path.to_string_lossy()).into_owned();
        for (der, uses) in &contents.uses {
            if !self.anchors.iter().any(|a| a.der == *der) {
                self.uses.push((der.clone(), uses.clone()));
            }
        }
        self.readers_of(&contents);
        if let Some(why) = &contents.unread {
            self.unread.get_or_insert_with(|| format!("{shown}: {why}"));
        }
        self.spoilt.extend_from_slice(&contents.spoilt);
        if self.unusable.is_none() {
            self.unusable.clone_from(&contents.unusable);
        }
        self.anchors.extend(contents.anchors.iter().cloned());
        self.problems
            .extend(contents.problems.iter().map(|p| format!("{shown}: {p}")));
        self.modified = self.modified.max(contents.modified);
    }

    /// Who reads the anchors of one file more: an anchor that stands in several is read by those of each.
    fn readers_of(&mut self, contents: &Contents) {
        if self.readers.is_empty() && contents.readers.is_empty() {
            return;
        }
        for anchor in &contents.anchors {
            let of = |(der, _): &&(Arc<[u8]>, Readers)| *der == anchor.der;
            let here = contents.readers.iter().find(of);
            let here = here.map_or(Readers::ALL, |(_, readers)| *readers);
            let mut known = self.readers.iter_mut();
            if let Some((_, readers)) = known.find(|(der, _)| *der == anchor.der) {
                *readers = readers.and(here);
            } else if here != Readers::ALL && !self.anchors.iter().any(|a| a.der == anchor.der) {
                self.readers.push((anchor.der.clone(), here));
            }
        }
    }

    /// Adds the files OpenSSL would find in a hashed folder: eight hex digits, a dot, a number.
    pub fn folder(&mut self, pool: &Pool, path: &Path) {
        let shown = text::safe(&path.to_string_lossy()).into_owned();
        let mut names = match hashed_names(path) {
            Ok(names) => names,
            Err(why) => return self.problems.push(format!("{shown}: {why}")),
        };
        let known: HashSet<Arc<[u8]>> = self.anchors.iter().map(|a| a.der.clone()).collect();
        let before = self.anchors.len();
        names.sort();
        if names.is_empty() {
            self.problems.push(format!("{shown}: no hashed certificate files in it (OpenSSL reads only names like 1a2b3c4d.0; run “openssl rehash”)"));
        }
        if names.len() > MOST_FILES {
            self.problems.push(format!(
                "{shown}: only the first {MOST_FILES} of {} files were read",
                names.len()
            ));
            names.truncate(MOST_FILES);
        }
        for name in names {
            if self.seen.insert(name.clone()) {
                self.file(pool, &path.join(name));
            }
        }
        let mut index = 0;
        self.anchors.retain(|a| {
            index += 1;
            index <= before || !known.contains(&a.der)
        });
    }
}

/// The names in a folder that OpenSSL would read.
pub(super) fn hashed_names(folder: &Path) -> Result<Vec<OsString>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| text::safe(&e.to_string()).into_owned())?;
    Ok(entries
        .filter_map(Result::ok)
        .map(|e| e.file_name())
        .filter(|n| is_hashed(&n.to_string_lossy()))
        .collect())
}

fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

/// When a file was last written.
pub(super) fn modified(path: &Path) -> Option<Moment> {
    let time = std::fs::metadata(path).ok()?.modified().ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok().map(Moment::from_unix)
}

/// A whole file of at most [`MOST_BYTES`]; else why not, in words that are safe to display.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
    let meta = std::fs::metadata(path).map_err(|e| text::safe(&e.to_string()).into_owned())?;
    if !meta.is_file() {
        return Err("not a file".to_owned());
    }
    if meta.len() > MOST_BYTES {
        return Err(format!(
            "larger than {} MiB; not read",
            MOST_BYTES / 1024 / 1024
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
    std::fs::File::open(path)
        .and_then(|f| f.take(MOST_BYTES).read_to_end(&mut bytes))
        .map_err(|e| text::safe(&e.to_string()).into_owned())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashed_names_are_told_apart() {
        assert!(is_hashed("1a2b3c4d.0"));
        assert!(is_hashed("ABCDEF01.12"));
        for name in [
            "1a2b3c4d",
            "1a2b3c4d.pem",
            "1a2b3c4.0",
            "1a2b3c4g.0",
            "1a2b3c4d.",
        ] {
            assert!(!is_hashed(name), "{name}");
        }
    }

    #[test]
    fn an_anchor_in_two_files_is_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let root = webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].as_ref();
        let pool = Pool::default();
        let mut kept = Vec::new();
        for name in ["a.pem", "b.pem"] {
            let path = folder.path().join(name);
            std::fs::write(&path, crate::cert::pem::encode(root)).unwrap();
            kept.push(pool.file(&path).anchors[0].der.clone());
        }
        assert!(Arc::ptr_eq(&kept[0], &kept[1]));
    }
}
