//! Reading the stores of this machine. Everything is bounded: a store is at most [`MOST_BYTES`] and
//! [`MOST_FILES`]; what is cut is a problem of that store.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;

use super::{Anchor, StoreKind, Stores, TrustStore};
use crate::capture::pem;
use crate::text;

/// A store file larger than this is not read.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// Of a folder, at most this many files are read.
const MOST_FILES: usize = 4096;

/// Where Linux and BSD distributions keep the bundle, in the order OpenSSL builds look for it.
#[cfg(not(any(windows, target_os = "macos")))]
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
    "/etc/openssl/certs/ca-certificates.crt",
    "/data/data/com.termux/files/usr/etc/tls/cert.pem",
];

pub(super) fn load(given: &[PathBuf]) -> Stores {
    let mut stores: Vec<Arc<TrustStore>> = Vec::new();
    if !given.is_empty() {
        stores.push(Arc::new(given_files(given)));
    }
    let system = Arc::new(system());
    if let Some(environment) = environment(&system) {
        stores.push(Arc::new(environment));
    }
    stores.push(system);
    stores.push(Arc::new(mozilla()));
    if let Some(bundle) = user_bundle_path().filter(|p| p.exists()) {
        let mut reading = Reading::default();
        reading.file(&bundle);
        stores.push(Arc::new(reading.store(
            StoreKind::Bundle,
            "bundle",
            "my bundle".to_owned(),
            Some(bundle),
        )));
    }
    Stores(stores)
}

/// Where `whycert trust` keeps the user's bundle; `None` when there is no home.
pub fn user_bundle_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy()
        .ok()
        .map(|s| s.data_dir().join("whycert").join("bundle.pem"))
}

fn given_files(files: &[PathBuf]) -> TrustStore {
    let mut reading = Reading::default();
    for file in files {
        reading.file(file);
    }
    let names: Vec<String> = files
        .iter()
        .map(|f| text::safe(&f.to_string_lossy()).into_owned())
        .collect();
    reading.store(
        StoreKind::Given,
        "ca",
        format!("--ca {}", names.join(", ")),
        files.first().cloned(),
    )
}

/// `SSL_CERT_FILE` and `SSL_CERT_DIR`: what programs built on OpenSSL read instead of the system's
/// file and folder. `None` when neither is set.
fn environment(system: &TrustStore) -> Option<TrustStore> {
    let file = std::env::var_os("SSL_CERT_FILE");
    let folder = std::env::var_os("SSL_CERT_DIR");
    if file.is_none() && folder.is_none() {
        return None;
    }
    let mut reading = Reading::default();
    let mut names = Vec::new();
    let path = file.as_ref().map(PathBuf::from);
    if let Some(path) = &path {
        names.push(format!(
            "SSL_CERT_FILE={}",
            text::safe(&path.to_string_lossy())
        ));
        if system.path.as_ref() == Some(path) {
            reading.anchors.clone_from(&system.anchors);
        } else {
            reading.file(path);
        }
    }
    if let Some(folders) = &folder {
        names.push(format!(
            "SSL_CERT_DIR={}",
            text::safe(&folders.to_string_lossy())
        ));
        for folder in std::env::split_paths(folders) {
            reading.folder(&folder);
        }
    }
    let path = path.or_else(|| folder.map(PathBuf::from));
    Some(reading.store(StoreKind::Environment, "environment", names.join(" "), path))
}

#[cfg(not(any(windows, target_os = "macos")))]
fn system() -> TrustStore {
    let mut reading = Reading::default();
    let path = BUNDLES.iter().map(PathBuf::from).find(|p| p.exists());
    match &path {
        Some(path) => reading.file(path),
        None => reading.problems.push(
            "no bundle of the operating system was found; install the package ca-certificates"
                .to_owned(),
        ),
    }
    reading.store(StoreKind::System, "system", "system store".to_owned(), path)
}

#[cfg(any(windows, target_os = "macos"))]
fn system() -> TrustStore {
    let loaded = rustls_native_certs::load_native_certs();
    let reading = Reading {
        anchors: loaded
            .certs
            .iter()
            .map(|c| Anchor {
                der: Arc::from(c.as_ref()),
            })
            .collect(),
        problems: loaded
            .errors
            .iter()
            .map(|e| text::safe(&e.to_string()).into_owned())
            .collect(),
        ..Reading::default()
    };
    reading.store(StoreKind::System, "system", "system store".to_owned(), None)
}

fn mozilla() -> TrustStore {
    let anchors = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|c| Anchor {
            der: Arc::from(c.as_ref()),
        });
    TrustStore::new(
        StoreKind::Mozilla,
        "mozilla",
        "Mozilla's roots",
        None,
        anchors.collect(),
        Vec::new(),
    )
}

/// A store while it is being read.
#[derive(Default)]
struct Reading {
    anchors: Vec<Anchor>,
    problems: Vec<String>,
    seen: HashSet<OsString>,
}

impl Reading {
    fn store(self, kind: StoreKind, id: &str, title: String, path: Option<PathBuf>) -> TrustStore {
        TrustStore::new(kind, id, &title, path, self.anchors, self.problems)
    }

    fn file(&mut self, path: &Path) {
        let shown = text::safe(&path.to_string_lossy()).into_owned();
        let bytes = match read_bounded(path) {
            Ok(bytes) => bytes,
            Err(why) => return self.problems.push(format!("{shown}: {why}")),
        };
        let decoded = pem::decode(&bytes);
        if decoded.certificates.is_empty() {
            self.problems.push(format!("{shown}: no certificate in it"));
        }
        self.problems.extend(
            decoded
                .notes
                .into_iter()
                .map(|note| format!("{shown}: {note}")),
        );
        self.anchors
            .extend(decoded.certificates.into_iter().map(|der| Anchor {
                der: Arc::from(der),
            }));
    }

    /// The files OpenSSL would find in a hashed folder: eight hex digits, a dot, a number.
    fn folder(&mut self, path: &Path) {
        let shown = text::safe(&path.to_string_lossy()).into_owned();
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(why) => return self.problems.push(format!("{shown}: {why}")),
        };
        let known: HashSet<Arc<[u8]>> = self.anchors.iter().map(|a| a.der.clone()).collect();
        let before = self.anchors.len();
        let mut names: Vec<OsString> = entries
            .filter_map(Result::ok)
            .map(|e| e.file_name())
            .filter(|n| is_hashed(&n.to_string_lossy()))
            .collect();
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
                self.file(&path.join(name));
            }
        }
        let mut index = 0;
        self.anchors.retain(|a| {
            index += 1;
            index <= before || !known.contains(&a.der)
        });
    }
}

fn is_hashed(name: &str) -> bool {
    name.split_once('.').is_some_and(|(hash, number)| {
        hash.len() == 8
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, String> {
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
    fn a_missing_file_is_a_problem_of_its_store() {
        let store = given_files(&[PathBuf::from("/nonexistent/ca.pem")]);
        assert!(store.anchors.is_empty());
        assert_eq!(store.problems.len(), 1);
        assert!(
            store.problems[0].starts_with("/nonexistent/ca.pem: "),
            "{:?}",
            store.problems
        );
    }

    #[test]
    fn mozilla_holds_its_roots() {
        let store = mozilla();
        assert!(store.anchors.len() > 100);
    }
}
