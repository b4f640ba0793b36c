//! PHP's configuration.

use std::path::PathBuf;

use super::{Found, pair};
use crate::store::machine::{Machine, folders_in};

/// The command line's, of each version that is there, and what Debian puts beside it.
pub(super) fn php_files(machine: &Machine) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = machine.path("PHPRC").into_iter().collect();
    let mut versions = folders_in(&machine.at("/etc/php"));
    versions.sort();
    folders.extend(versions.into_iter().rev().map(|v| v.join("cli")));
    folders.extend([machine.at("/etc"), machine.at("/etc/php")]);
    folders.extend([machine.at("/usr/local/etc/php")]);
    let mut files = Vec::new();
    for folder in folders {
        let added = std::fs::read_dir(folder.join("conf.d"))
            .into_iter()
            .flatten();
        let mut added: Vec<PathBuf> = added.filter_map(|e| Some(e.ok()?.path())).collect();
        added.retain(|f| f.extension().is_some_and(|e| e == "ini"));
        // The last one counts.
        added.sort();
        files.extend(added.into_iter().rev());
        files.push(folder.join("php.ini"));
    }
    files
}

/// One line of it.
pub(super) fn php(line: &str) -> Option<Found> {
    // A php.ini has thousands of lines.
    let keys = [
        ("openssl.cafile", "php openssl.cafile"),
        ("curl.cainfo", "php curl.cainfo"),
    ];
    let known = keys.iter().find(|(key, _)| line.starts_with(key));
    let &(wanted, name) = known?;
    let (key, value) = pair(line, &['='])?;
    if key != wanted {
        return None;
    }
    (!value.is_empty()).then_some((name, value, None))
}
