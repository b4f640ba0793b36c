//! Targets of earlier sessions: a small file in the person's state folder, newest first.
//!
//! Losing it costs nothing, so no failure here is worth a word: the screen works without.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::target::{Source, Target};
use crate::{save, text};

/// Targets kept.
const MOST: usize = 200;
/// A longer line is not kept.
const LONGEST: usize = 2_048;
/// A larger file is not ours.
const MOST_BYTES: u64 = 1024 * 1024;

/// Where it is kept: `$XDG_STATE_HOME/whycert/history`. `None` when there is no home.
pub(super) fn path() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
    Some(folder.join("whycert").join("history"))
}

/// What is kept, newest first, without lines that are no targets. What cannot be read is no history.
pub(super) fn read(path: &Path) -> Vec<String> {
    let Ok(meta) = std::fs::metadata(path) else {
        return Vec::new();
    };
    if !meta.is_file() || meta.len() > MOST_BYTES {
        return Vec::new();
    }
    let bytes = std::fs::read(path).unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    for line in String::from_utf8_lossy(&bytes).lines() {
        if lines.len() < MOST && fits(line) && !lines.iter().any(|l| l == line) {
            lines.push(line.to_owned());
        }
    }
    lines
}

/// Puts these targets first, in their order, and drops the oldest.
pub(super) fn remember(path: &Path, targets: &[Target]) {
    let mut lines: Vec<String> = targets.iter().filter_map(lasting).collect();
    if lines.is_empty() {
        return;
    }
    lines.extend(read(path));
    let mut kept: Vec<String> = Vec::new();
    for line in lines {
        if kept.len() < MOST && !kept.contains(&line) {
            kept.push(line);
        }
    }
    if let Some(folder) = path.parent()
        && private_folder(folder).is_ok()
    {
        let _ = save::replace(path, (kept.join("\n") + "\n").as_bytes());
    }
}

/// As it can be typed again from anywhere; `None` for standard input and for what would need escaping.
fn lasting(target: &Target) -> Option<String> {
    let line = match &target.source {
        Source::Stdin => return None,
        Source::Endpoint(_) => target.typed.clone(),
        Source::File(file) if file.starts_with("~") => target.typed.clone(),
        Source::File(file) => std::path::absolute(file).ok()?.to_str()?.to_owned(),
    };
    fits(&line).then_some(line)
}

/// One line that is safe to display, and a target.
fn fits(line: &str) -> bool {
    line.len() <= LONGEST && !line.chars().any(text::is_unsafe) && Target::parse(line).is_ok()
}

/// Which servers someone looks at is nobody else's business.
#[cfg(unix)]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(typed: &[&str]) -> Vec<Target> {
        typed.iter().map(|t| Target::parse(t).unwrap()).collect()
    }

    #[test]
    fn the_newest_comes_first_and_nothing_twice() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/whycert/history");
        assert!(read(&file).is_empty());
        remember(&file, &targets(&["a.example", "b.example:1"]));
        remember(&file, &targets(&["https://c.example/x", "a.example"]));
        let expected = ["https://c.example/x", "a.example", "b.example:1"];
        assert_eq!(read(&file), expected);
        remember(&file, &[]);
        assert_eq!(read(&file), expected);
    }

    #[test]
    fn it_is_capped() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("history");
        let typed: Vec<String> = (1..=MOST + 50).map(|i| format!("h:{i}")).collect();
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        remember(&file, &targets(&typed));
        remember(&file, &targets(&["new.example"]));
        let lines = read(&file);
        assert_eq!((lines.len(), lines[0].as_str()), (MOST, "new.example"));
        assert_eq!(lines[MOST - 1], format!("h:{}", MOST - 1));
    }

    #[test]
    fn passwords_standard_input_and_hostile_names_are_not_kept() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("history");
        let mut all = targets(&["https://me:hunter2@h:1/x", "-", "./a\u{1b}]0;x\u{7}.pem"]);
        all.extend(targets(&["./two\nlines.pem"]));
        remember(&file, &all);
        assert_eq!(read(&file), ["https://h:1/x"]);
    }

    #[test]
    fn files_are_kept_by_their_whole_path() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("history");
        remember(&file, &targets(&["chain.pem", "/etc/x.pem", "~/y.pem"]));
        let here = std::env::current_dir().unwrap().join("chain.pem");
        let expected = [here.to_str().unwrap(), "/etc/x.pem", "~/y.pem"];
        assert_eq!(read(&file), expected);
    }

    #[test]
    fn a_damaged_file_is_no_more_than_forgotten() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("history");
        std::fs::write(&file, b"good.example\n\xff\xfe\n\x1b[2J\nhost:99999\n\n").unwrap();
        assert_eq!(read(&file), ["good.example"]);
        std::fs::write(&file, vec![b'a'; 2 * 1024 * 1024]).unwrap();
        assert!(read(&file).is_empty());
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert!(read(&file).is_empty());
        remember(&file, &targets(&["h"]));
        assert!(file.is_dir());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_it() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("whycert/history");
        remember(&file, &targets(&["h"]));
        let mode = |p: &Path| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(file.parent().unwrap()), 0o700);
    }
}
