//! git's configuration: sections with addresses, and files that include others.

use std::path::{Path, PathBuf};

use super::{MOST_DEPTH, Written, pair, text_of};
use crate::store::machine::Machine;

/// Its files, from the system's to the repository's.
pub(super) fn git_files(machine: &Machine) -> Vec<PathBuf> {
    let mut files = vec![
        machine
            .path("GIT_CONFIG_SYSTEM")
            .unwrap_or_else(|| machine.at("/etc/gitconfig")),
    ];
    match machine.path("GIT_CONFIG_GLOBAL") {
        Some(file) => files.push(file),
        None => {
            files.extend(machine.config().map(|c| c.join("git/config")));
            files.extend(machine.in_home(".gitconfig"));
        }
    }
    let mut folder = machine.current.as_deref();
    while let Some(here) = folder {
        let file = here.join(".git/config");
        if file.is_file() {
            files.push(file);
            break;
        }
        folder = here.parent();
    }
    files
}

/// Reads one, and those that it includes.
pub(super) fn git(machine: &Machine, file: &Path, depth: usize, out: &mut Vec<Written>) {
    let Some(text) = text_of(file) else { return };
    let mut section = String::new();
    let mut url = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with(['#', ';']) {
            continue;
        }
        let mut rest = line;
        if let Some((name, after)) = line.strip_prefix('[').and_then(|l| l.split_once(']')) {
            let (base, sub) = name.split_once('"').unwrap_or((name, ""));
            section = base.trim().to_lowercase();
            url = sub.strip_suffix('"').map(str::to_owned);
            rest = after.trim();
        }
        let Some((key, value)) = pair(rest, &['=']).or_else(|| {
            // A key alone means true.
            let alone = rest.chars().all(char::is_alphanumeric) && !rest.is_empty();
            alone.then(|| (rest.to_owned(), "true".to_owned()))
        }) else {
            continue;
        };
        let key = key.to_lowercase();
        if section == "include" && key == "path" && depth < MOST_DEPTH {
            git(
                machine,
                &machine.meant(&value, file.parent()),
                depth + 1,
                out,
            );
        }
        let name = match (section.as_str(), key.as_str()) {
            ("http", "sslcainfo") => "git http.sslCAInfo",
            ("http", "sslcapath") => "git http.sslCAPath",
            ("http", "sslverify") => "git http.sslVerify",
            _ => continue,
        };
        out.push(Written {
            name,
            value,
            only_for: url.clone(),
            file: file.to_owned(),
            line: number + 1,
            relative: false,
        });
    }
}
