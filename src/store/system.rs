//! The operating system's store, and the file and folder that OpenSSL looks at by itself.

use std::path::{Path, PathBuf};

use super::machine::{Machine, folders_in};
use super::reading::{self, Pool, Reading};
use super::{StoreKind, TrustStore};
use crate::text;

/// Where Linux and BSD distributions keep the bundle, in the order OpenSSL builds look for it.
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

/// Where OpenSSL's own folder is, by distribution.
const KNOWN: &[&str] = &[
    "/usr/lib/ssl",
    "/etc/pki/tls",
    "/etc/ssl",
    "/opt/homebrew/etc/openssl@3",
    "/usr/local/etc/openssl@3",
];

/// Who follows the system's bundle.
const FOLLOWERS: &[&str] = &[
    "curl, wget and git",
    "Go",
    "Rust programs that use the system's roots",
    "Deno and Bun when told to",
];

/// The bundle of the operating system.
pub(super) fn bundle(machine: &Machine) -> Option<PathBuf> {
    BUNDLES
        .iter()
        .map(|path| machine.at(path))
        .find(|p| p.exists())
}

/// The operating system's store.
#[cfg(not(any(windows, target_os = "macos")))]
pub(super) fn store(machine: &Machine, pool: &Pool) -> TrustStore {
    let mut reading = Reading::default();
    let path = bundle(machine);
    match &path {
        Some(path) => reading.file(pool, path),
        None => reading.problems.push(
            "no bundle of the operating system was found; install the package ca-certificates"
                .to_owned(),
        ),
    }
    reading
        .store(StoreKind::System, "system", "system store", path)
        .used_by(FOLLOWERS.iter().copied())
}

/// The operating system's store, asked from the system itself.
#[cfg(any(windows, target_os = "macos"))]
pub(super) fn store(_: &Machine, pool: &Pool) -> TrustStore {
    let loaded = rustls_native_certs::load_native_certs();
    let reading = Reading {
        anchors: pool.keep(loaded.certs.iter().map(|c| c.as_ref().to_vec()).collect()),
        problems: loaded
            .errors
            .iter()
            .map(|e| text::safe(&e.to_string()).into_owned())
            .collect(),
        ..Reading::default()
    };
    reading
        .store(StoreKind::System, "system", "system store", None)
        .used_by(FOLLOWERS.iter().copied())
}

/// What one build of OpenSSL reads when no variable says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenSsl {
    /// Its `OPENSSLDIR`.
    pub folder: PathBuf,
    /// Who uses this build.
    pub users: String,
}

impl OpenSsl {
    pub fn file(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    pub fn hashed(&self) -> PathBuf {
        self.folder.join("certs")
    }
}

/// `OPENSSLDIR` of the system's own OpenSSL: as its library says, else where distributions put it.
pub(super) fn openssl(machine: &Machine) -> Option<OpenSsl> {
    const LIBRARIES: &[&str] = &["/usr/lib", "/usr/lib64", "/lib"];
    const NAMES: &[&str] = &["libcrypto.so.3", "libcrypto.so.1.1"];
    let triplet = format!("{}/{}-linux-gnu", LIBRARIES[0], std::env::consts::ARCH);
    let said = std::iter::once(triplet.as_str())
        .chain(LIBRARIES.iter().copied())
        .flat_map(|folder| NAMES.iter().map(move |name| format!("{folder}/{name}")))
        .find_map(|library| directory_in(&machine.at(&library)));
    let folder = match said {
        Some(folder) => machine.at(&folder),
        None => KNOWN
            .iter()
            .map(|path| machine.at(path))
            .find(|folder| folder.join("cert.pem").exists() || folder.join("certs").is_dir())?,
    };
    Some(OpenSsl {
        folder,
        users: "the system's OpenSSL: python3, openssl, ruby, php".to_owned(),
    })
}

/// Builds of OpenSSL that bring their own folder: pyenv's, conda's, Homebrew's on Linux.
pub(super) fn other_openssls(machine: &Machine) -> Vec<OpenSsl> {
    let mut found = Vec::new();
    let pyenv = machine
        .path("PYENV_ROOT")
        .or_else(|| machine.in_home(".pyenv"));
    for version in pyenv.iter().flat_map(|p| folders_in(&p.join("versions"))) {
        found.push(OpenSsl {
            folder: version.join("openssl/ssl"),
            users: format!("Python of {}", shown(&version)),
        });
    }
    if let Some(prefix) = machine.path("CONDA_PREFIX") {
        found.push(OpenSsl {
            users: format!("Python of conda in {}", shown(&prefix)),
            folder: prefix.join("ssl"),
        });
    }
    found.push(OpenSsl {
        folder: machine.at("/home/linuxbrew/.linuxbrew/etc/openssl@3"),
        users: "programs of Homebrew".to_owned(),
    });
    found.push(OpenSsl {
        folder: machine.at("/usr/local/ssl"),
        users: "an OpenSSL built by hand".to_owned(),
    });
    found.retain(|build| build.folder.is_dir());
    found
}

/// The file and the folder of one build of OpenSSL.
pub(super) fn openssl_store(build: &OpenSsl, id: &str, title: &str, pool: &Pool) -> TrustStore {
    let mut reading = Reading::default();
    let (file, folder) = (build.file(), build.hashed());
    if file.exists() {
        reading.file(pool, &file);
    }
    if folder.is_dir() {
        reading.folder(pool, &folder);
    }
    if reading.anchors.is_empty() && reading.problems.is_empty() {
        reading.problems.push(format!(
            "neither {} nor a certificate in {} exists: programs of this build trust nobody",
            shown(&file),
            shown(&folder)
        ));
    }
    reading
        .store(StoreKind::OpenSsl, id, title, Some(build.folder.clone()))
        .used_by([build.users.as_str()])
}

/// Does the system's OpenSSL find anchors in its own file, and in its own folder? Looked up by place only;
/// nothing is read.
pub(super) fn openssl_halves(machine: &Machine) -> (bool, bool) {
    let folders = KNOWN.iter().map(|path| machine.at(path));
    let found = folders.map(|folder| {
        let file = folder
            .join("cert.pem")
            .metadata()
            .is_ok_and(|m| m.len() > 0);
        let hashed = reading::hashed_names(&folder.join("certs")).is_ok_and(|n| !n.is_empty());
        (file, hashed)
    });
    found
        .into_iter()
        .find(|(file, folder)| *file || *folder)
        .unwrap_or((false, false))
}

/// A library states its folder as `OPENSSLDIR: "/usr/lib/ssl"` among its constants.
fn directory_in(library: &Path) -> Option<String> {
    const MARK: &[u8] = b"OPENSSLDIR: \"";
    let bytes = reading::read_bounded(library).ok()?;
    // Constants lie in the last part of a library, and ':' is rare there: looked for from the end.
    let mut end = bytes.len();
    while let Some(at) = bytes.get(..end)?.iter().rposition(|&b| b == b':') {
        let start = at.checked_sub(MARK.len() - 3)?;
        let here = bytes.get(start..)?;
        if here.starts_with(MARK) {
            let value: Vec<u8> = here
                .get(MARK.len()..)?
                .iter()
                .copied()
                .take(256)
                .take_while(|&b| b != b'"' && b != 0)
                .collect();
            return String::from_utf8(value).ok().filter(|v| v.starts_with('/'));
        }
        end = at;
    }
    None
}

fn shown(path: &Path) -> String {
    text::safe(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_says_where_its_folder_is() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libcrypto.so.3");
        let mut bytes = vec![0x7f; 4096];
        bytes.extend_from_slice(b"\0a: b\0OPENSSLDIR: \"/opt/own/ssl\"\0ENGINESDIR: \"/x\"\0");
        std::fs::write(&library, bytes).unwrap();
        assert_eq!(directory_in(&library).as_deref(), Some("/opt/own/ssl"));
        std::fs::write(&library, b"nothing: here").unwrap();
        assert_eq!(directory_in(&library), None);
    }

    #[test]
    fn an_empty_build_is_a_problem_of_its_store() {
        let folder = tempfile::tempdir().unwrap();
        let build = OpenSsl {
            folder: folder.path().to_owned(),
            users: "nobody".to_owned(),
        };
        let store = openssl_store(&build, "openssl", "OpenSSL", &Pool::default());
        assert!(store.anchors.is_empty());
        assert!(
            store.problems[0].contains("trust nobody"),
            "{:?}",
            store.problems
        );
    }
}
