//! The stores that decide, read before anything else: `--ca`, `SSL_CERT_FILE`, the system's, Mozilla's
//! and the user's own bundle. Everything is bounded; what is cut is a problem of that store.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use etcetera::BaseStrategy;

use super::machine::Machine;
use super::reading::{Pool, Reading};
use super::settings::{Environment, Found};
use super::{Dialect, StoreKind, Stores, TrustStore, mozilla, system};
use crate::text;

pub(super) fn load(given: &[PathBuf], machine: &Machine, pool: &Pool) -> Stores {
    let mut stores: Vec<Arc<TrustStore>> = Vec::new();
    if !given.is_empty() {
        stores.push(Arc::new(given_files(given, pool)));
    }
    let system = Arc::new(system::store(machine, pool));
    if let Some(environment) = environment(machine, pool) {
        stores.push(Arc::new(environment));
    }
    stores.push(system);
    stores.push(Arc::new(mozilla::store()));
    if let Some(bundle) = user_bundle_path().filter(|p| p.exists()) {
        let mut reading = Reading::default();
        reading.file(pool, &bundle);
        stores.push(Arc::new(
            reading
                .store(StoreKind::Bundle, "bundle", "my bundle", Some(bundle))
                .used_by(["programs that a variable points to it"]),
        ));
    }
    let environment = Environment::read(machine, pool);
    Stores::of(stores).in_environment(Arc::new(environment))
}

/// Where `whycert trust` keeps the user's bundle; `None` when there is no home.
pub fn user_bundle_path() -> Option<PathBuf> {
    etcetera::choose_base_strategy()
        .ok()
        .map(|s| s.data_dir().join("whycert").join("bundle.pem"))
}

fn given_files(files: &[PathBuf], pool: &Pool) -> TrustStore {
    let mut reading = Reading::default();
    for file in files {
        reading.file(pool, file);
    }
    let names: Vec<String> = files
        .iter()
        .map(|f| text::safe(&f.to_string_lossy()).into_owned())
        .collect();
    let path = files.first();
    reading.one_file = files.len() == 1;
    reading
        .store(
            StoreKind::Given,
            "ca",
            &format!("--ca {}", names.join(", ")),
            path.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.clone())),
        )
        .used_by(["this run of whycert"])
}

/// The store of the one of `SSL_CERT_FILE` and `SSL_CERT_DIR` that is still set.
pub(super) fn environment_left(left: &Environment) -> Option<TrustStore> {
    let setting = ["SSL_CERT_FILE", "SSL_CERT_DIR"]
        .into_iter()
        .find_map(|name| left.variable(name))?;
    let title = format!("{}={}", setting.known.name, setting.value);
    let (kind, id) = (StoreKind::Environment, "environment");
    let without = |path: &Path, why: &str| {
        let (path, problems) = (Some(path.to_owned()), vec![why.to_owned()]);
        TrustStore::new(kind, id, &title, path, Vec::new(), problems)
    };
    let store = match &setting.found {
        Found::Anchors(store) => store.read_as(Dialect::Openssl, kind, id, &title),
        Found::Missing(path) => without(path, "it does not exist"),
        Found::Unreadable(path, why, _) => without(path, why),
        Found::Nothing | Found::Word | Found::Off => {
            TrustStore::new(kind, id, &title, None, Vec::new(), Vec::new())
        }
    };
    Some(store.used_by([OPENSSL_KIND]))
}

/// Who reads the two variables.
const OPENSSL_KIND: &str = "OpenSSL programs, Go, httpx and most Rust programs";

/// `SSL_CERT_FILE` and `SSL_CERT_DIR`: what programs built on OpenSSL read instead of the system's
/// file and folder. `None` when neither is set.
fn environment(machine: &Machine, pool: &Pool) -> Option<TrustStore> {
    let file = machine.variable("SSL_CERT_FILE");
    let folder = machine.variable("SSL_CERT_DIR");
    if file.is_none() && folder.is_none() {
        return None;
    }
    let mut reading = Reading::default();
    let mut names = Vec::new();
    let path = file.map(PathBuf::from);
    if let Some(path) = &path {
        names.push(format!(
            "SSL_CERT_FILE={}",
            text::safe(&path.to_string_lossy())
        ));
        reading.file(pool, path);
    }
    if let Some(folders) = folder {
        names.push(format!(
            "SSL_CERT_DIR={}",
            text::safe(&folders.to_string_lossy())
        ));
        for folder in std::env::split_paths(folders) {
            reading.folder(pool, &folder);
        }
    }
    let path = path.or_else(|| folder.map(PathBuf::from));
    let title = names.join(" ");
    let (kind, id) = (StoreKind::Environment, "environment");
    let whole = reading.store(kind, id, &title, path);
    let store = whole.read_as(Dialect::Openssl, kind, id, &title);
    Some(store.used_by([OPENSSL_KIND]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_a_problem_of_its_store() {
        let store = given_files(&[PathBuf::from("/nonexistent/ca.pem")], &Pool::default());
        assert!(store.anchors.is_empty());
        assert_eq!(store.problems.len(), 1);
        assert!(
            store.problems[0].starts_with("/nonexistent/ca.pem: "),
            "{:?}",
            store.problems
        );
    }
}
