//! Node's roots are compiled into each `node` program; no file holds them, and only that program can list
//! them. So each one found is named, with the command that asks it; nothing is run here.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::machine::{Machine, folders_in};
use super::{StoreKind, TrustStore};
use crate::text;

/// Every `node` program, the one that `PATH` finds first.
pub(super) fn found(machine: &Machine) -> Vec<PathBuf> {
    let program = if cfg!(windows) { "node.exe" } else { "node" };
    let mut files = machine.programs(program);
    let nvm = machine.path("NVM_DIR").or_else(|| machine.in_home(".nvm"));
    let volta = machine
        .path("VOLTA_HOME")
        .or_else(|| machine.in_home(".volta"));
    let fnm = machine
        .path("FNM_DIR")
        .or_else(|| machine.data().map(|d| d.join("fnm")));
    let parents = [
        nvm.map(|p| p.join("versions/node")),
        volta.map(|p| p.join("tools/image/node")),
        machine.in_home(".asdf/installs/nodejs"),
        machine.data().map(|d| d.join("mise/installs/node")),
    ];
    for version in parents.iter().flatten().flat_map(|p| folders_in(p)) {
        files.push(version.join("bin").join(program));
    }
    for version in fnm
        .iter()
        .flat_map(|p| folders_in(&p.join("node-versions")))
    {
        files.push(version.join("installation/bin").join(program));
    }
    let mut seen = HashSet::new();
    files.retain(|file| {
        file.is_file() && seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone()))
    });
    files
}

/// What is known of one `node`.
pub(super) fn store(node: &Path, machine: &Machine) -> TrustStore {
    let shown = text::safe(&node.to_string_lossy()).into_owned();
    let mut store = TrustStore::new(
        StoreKind::Node,
        &format!("node:{shown}"),
        "Node's built-in roots",
        Some(node.to_owned()),
        Vec::new(),
        Vec::new(),
    )
    .used_by([format!("{shown}, and npm, pnpm and yarn with it").as_str()]);
    store.modified = super::reading::modified(node);
    if uses_openssl(node, machine) {
        store.same_as = Some(StoreKind::OpenSsl);
        store.hidden = Some(
            "this build reads the system's OpenSSL file and folder instead of a list of its own"
                .to_owned(),
        );
    } else {
        store.hidden = Some(format!(
            "compiled into this program, a copy of Mozilla's list of its time; ask it: {} -p 'tls.rootCertificates.length'",
            text::shell_quote(&shown)
        ));
    }
    store
}

/// Debian's and Fedora's builds keep Node in a shared library and use the system's OpenSSL store.
fn uses_openssl(node: &Path, machine: &Machine) -> bool {
    if !node.starts_with(machine.at("/usr/bin")) {
        return false;
    }
    let arch = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    [arch.as_str(), "/usr/lib64", "/usr/lib"]
        .iter()
        .any(|folder| {
            std::fs::read_dir(machine.at(folder)).is_ok_and(|entries| {
                entries
                    .filter_map(Result::ok)
                    .any(|e| e.file_name().to_string_lossy().starts_with("libnode.so"))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_is_named_once_and_says_how_to_be_asked() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("home/.nvm/versions/node/v22.1.0/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("node"), "").unwrap();
        let machine = Machine::other(
            folder.path(),
            &folder.path().join("home"),
            [("PATH", bin.clone().into_os_string())],
        );
        let found = found(&machine);
        assert_eq!(found.len(), 1);
        let store = store(&found[0], &machine);
        assert!(store.anchors.is_empty());
        assert!(
            store
                .hidden
                .as_ref()
                .unwrap()
                .contains("tls.rootCertificates")
        );
        assert!(store.problems.is_empty());
    }
}
