//! The bundles that Python packages bring along: certifi of every Python found, the copy inside of pip,
//! and botocore's. None is ever edited here: an upgrade would undo it, and every program of that
//! environment would be concerned.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::machine::{Machine, folders_in};
use super::reading::{Pool, Reading};
use super::{StoreKind, TrustStore, system};
use crate::text;

/// One bundle of one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bundle {
    /// The folder of packages it lies in.
    pub packages: PathBuf,
    /// The bundle; none for certifi of Debian, which points to the system's.
    pub file: Option<PathBuf>,
    pub of: Of,
}

/// Whose bundle it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Certifi,
    Pip,
    Botocore,
}

/// Every bundle, the current environment's first.
pub(super) fn found(machine: &Machine) -> Vec<Bundle> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for packages in places(machine) {
        let real = packages.canonicalize().unwrap_or_else(|_| packages.clone());
        if !seen.insert(real) {
            continue;
        }
        for (of, package) in [
            (Of::Certifi, "certifi"),
            (Of::Pip, "pip/_vendor/certifi"),
            (Of::Botocore, "botocore"),
        ] {
            let file = packages.join(package).join("cacert.pem");
            if file.is_file() {
                out.push(Bundle {
                    packages: packages.clone(),
                    file: Some(file),
                    of,
                });
            } else if of == Of::Certifi && packages.join("certifi/core.py").is_file() {
                out.push(Bundle {
                    packages: packages.clone(),
                    file: None,
                    of,
                });
            }
        }
    }
    out
}

/// Where the Pythons lie that a person here would run: the current environment's, those of `PATH`, those
/// of pyenv.
pub fn prefixes(machine: &Machine) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = Vec::new();
    out.extend(machine.path("VIRTUAL_ENV"));
    out.extend(machine.path("CONDA_PREFIX"));
    for name in [".venv", "venv", "env"] {
        out.extend(machine.current.as_ref().map(|c| c.join(name)));
    }
    let path = machine.variable("PATH").unwrap_or_default();
    out.extend(
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute() && folder.join("python3").is_file())
            .filter_map(|folder| folder.parent().map(Path::to_owned)),
    );
    let pyenv = machine
        .path("PYENV_ROOT")
        .or_else(|| machine.in_home(".pyenv"));
    out.extend(pyenv.map_or_else(Vec::new, |p| folders_in(&p.join("versions"))));
    out
}

/// Folders of packages, in the order in which they matter to the person here.
fn places(machine: &Machine) -> Vec<PathBuf> {
    let mut prefixes = prefixes(machine);
    let below = |parent: Option<PathBuf>, name: &str| -> Vec<PathBuf> {
        parent.map_or_else(Vec::new, |p| folders_in(&p.join(name)))
    };
    for (parent, name) in [
        (machine.path("PIPX_HOME"), "venvs"),
        (machine.data(), "pipx/venvs"),
        (machine.in_home(".local/pipx"), "venvs"),
        (machine.data(), "uv/tools"),
        (machine.data(), "uv/python"),
        (machine.in_home(".cache/pypoetry"), "virtualenvs"),
        (machine.in_home(".local/share"), "virtualenvs"),
        (
            machine
                .path("WORKON_HOME")
                .or_else(|| machine.in_home(".virtualenvs")),
            "",
        ),
    ] {
        prefixes.extend(below(parent, name));
    }
    let homes = [
        "miniconda3",
        "anaconda3",
        "miniforge3",
        "mambaforge",
        "micromamba",
    ]
    .iter()
    .flat_map(|name| {
        [
            machine.in_home(name),
            Some(machine.at(&format!("/opt/{name}"))),
        ]
    })
    .chain([Some(machine.at("/opt/conda"))]);
    for conda in homes.flatten() {
        prefixes.extend(folders_in(&conda.join("envs")));
        prefixes.push(conda);
    }
    prefixes.extend(machine.in_home(".local"));
    for system in [
        "/usr/local",
        "/usr",
        "/opt/homebrew",
        "/home/linuxbrew/.linuxbrew",
    ] {
        prefixes.push(machine.at(system));
    }
    prefixes.extend(folders_in(
        &machine.at("/Library/Frameworks/Python.framework/Versions"),
    ));
    if cfg!(windows) {
        prefixes.extend(below(machine.path("LOCALAPPDATA"), "Programs/Python"));
    }
    let mut out: Vec<PathBuf> = prefixes.iter().flat_map(|p| packages_of(p)).collect();
    for sdk in ["/usr/lib/google-cloud-sdk", "/opt/google-cloud-sdk"] {
        out.push(machine.at(sdk).join("lib/third_party"));
    }
    out.extend(machine.in_home("google-cloud-sdk/lib/third_party"));
    out.retain(|folder| folder.is_dir());
    out
}

/// `lib/python3.N/site-packages` of a prefix, and what Debian, Fedora and Windows call it.
fn packages_of(prefix: &Path) -> Vec<PathBuf> {
    let mut out = vec![prefix.join("Lib/site-packages")];
    for lib in ["lib", "lib64"] {
        let lib = prefix.join(lib);
        let Ok(entries) = std::fs::read_dir(&lib) else {
            continue;
        };
        let mut versions: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .filter(|e| e.file_name().to_string_lossy().starts_with("python"))
            .map(|e| e.path())
            .collect();
        versions.sort();
        for version in versions {
            out.push(version.join("site-packages"));
            out.push(version.join("dist-packages"));
        }
    }
    out
}

/// The store of one bundle.
pub(super) fn store(bundle: &Bundle, machine: &Machine, pool: &Pool) -> TrustStore {
    let shown = text::safe(&bundle.packages.to_string_lossy()).into_owned();
    let mut reading = Reading::default();
    let mut notes = Vec::new();
    let path = match &bundle.file {
        Some(file) => Some(file.clone()),
        None => {
            notes.push(
                "this certifi is a package of the distribution and points to the system's bundle"
                    .to_owned(),
            );
            system::bundle(machine)
        }
    };
    if let Some(path) = &path {
        reading.file(pool, path);
    }
    for (package, words) in [
        (
            "pip_system_certs",
            "pip-system-certs is installed here: requests and pip follow the system's store instead",
        ),
        (
            "certifi_win32",
            "python-certifi-win32 is installed here: requests follows Windows' store instead",
        ),
    ] {
        if bundle.of == Of::Certifi && bundle.packages.join(package).is_dir() {
            notes.push(words.to_owned());
        }
    }
    let (title, id, users) = match bundle.of {
        Of::Certifi => (
            "certifi",
            "certifi",
            "requests, httpx, the OpenAI client and others",
        ),
        Of::Pip => ("pip's own certifi", "pip-certifi", "pip"),
        Of::Botocore => (
            "botocore's bundle",
            "botocore",
            "boto3, only where certifi is missing",
        ),
    };
    let mut store = reading
        .store(StoreKind::Python, &format!("{id}:{shown}"), title, path)
        .used_by([format!("{users} in {shown}").as_str()]);
    store.notes = notes;
    store
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_environment_comes_first_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        let mine = home.join("project/.venv");
        let site = "lib/python3.12/site-packages";
        for prefix in [
            &mine,
            &home.join(".pyenv/versions/3.11.7"),
            &home.join(".local/share/pipx/venvs/httpie"),
        ] {
            let certifi = prefix.join(site).join("certifi");
            std::fs::create_dir_all(&certifi).unwrap();
            std::fs::write(certifi.join("cacert.pem"), "").unwrap();
        }
        let mut machine = Machine::other(
            folder.path(),
            &home,
            [("VIRTUAL_ENV", mine.clone().into_os_string())],
        );
        machine.current = Some(home.join("project"));
        let found = found(&machine);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0].packages, mine.join(site));
    }

    #[test]
    fn certifi_without_a_bundle_points_to_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("usr/lib/python3/dist-packages/certifi")).unwrap();
        std::fs::write(
            root.join("usr/lib/python3/dist-packages/certifi/core.py"),
            "",
        )
        .unwrap();
        std::fs::create_dir_all(root.join("etc/ssl/certs")).unwrap();
        let der = webpki_root_certs::TLS_SERVER_ROOT_CERTS[0].as_ref();
        std::fs::write(
            root.join("etc/ssl/certs/ca-certificates.crt"),
            crate::cert::pem::encode(der),
        )
        .unwrap();
        let machine = Machine::other(root, &root.join("home"), []);
        let found = found(&machine);
        let store = store(&found[0], &machine, &Pool::default());
        assert_eq!(store.anchors.len(), 1);
        assert!(store.notes[0].contains("points to the system's bundle"));
    }
}
