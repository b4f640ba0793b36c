//! Which of its profiles a Firefox starts with, as its own files say: `profiles.ini`, and `installs.ini`,
//! which keeps what an older Firefox would have lost.

use std::path::{Path, PathBuf};

/// More of such a file is not read.
const MOST_BYTES: u64 = 1024 * 1024;

/// The folder of the profile that is started without being asked for, from the files in `folder`: that of an
/// installation, if it is a known profile, else the one marked as default, else the only one. `None` when
/// the files are not there or do not say.
///
/// With several installations it is that of the first: which of them runs is not known here.
pub(super) fn default(folder: &Path) -> Option<PathBuf> {
    let profiles = read(&folder.join("profiles.ini"));
    let all: Vec<&Section> = profiles.iter().filter(|s| is_profile(s)).collect();
    let of = |section: &Section| section.value("Path").map(str::to_owned);
    let known = |path: &&str| all.iter().any(|one| one.value("Path") == Some(path));
    let mut installs: Vec<Section> = profiles.iter().filter(|s| is_install(s)).cloned().collect();
    if installs.is_empty() {
        installs = read(&folder.join("installs.ini"));
    }
    let installed = installs
        .iter()
        .filter_map(|section| section.value("Default"))
        .find(known);
    let path = installed
        .map(str::to_owned)
        .or_else(|| {
            let marked = all.iter().find(|one| one.value("Default") == Some("1"));
            marked.and_then(|one| of(one))
        })
        .or_else(|| match all.as_slice() {
            [one] => of(one),
            _ => None,
        })?;
    // An absolute path stays as it is.
    (!path.is_empty()).then(|| folder.join(path))
}

fn is_profile(section: &Section) -> bool {
    let number = section.name.strip_prefix("Profile");
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn is_install(section: &Section) -> bool {
    section.name.starts_with("Install")
}

#[derive(Clone, Debug)]
struct Section {
    name: String,
    values: Vec<(String, String)>,
}

impl Section {
    /// What was written last counts.
    fn value(&self, key: &str) -> Option<&str> {
        let mut values = self.values.iter().rev();
        let (_, value) = values.find(|(name, _)| name == key)?;
        Some(value)
    }
}

fn read(file: &Path) -> Vec<Section> {
    if !file
        .metadata()
        .is_ok_and(|m| m.is_file() && m.len() <= MOST_BYTES)
    {
        return Vec::new();
    }
    let bytes = std::fs::read(file).unwrap_or_default();
    sections(&String::from_utf8_lossy(&bytes))
}

/// Lines that say nothing are passed over, and so is what follows a broken head until the next.
fn sections(text: &str) -> Vec<Section> {
    let mut out: Vec<Section> = Vec::new();
    let mut inside = false;
    for line in text.trim_start_matches('\u{feff}').split(['\r', '\n']) {
        let start = line.trim_start_matches([' ', '\t']);
        if line.starts_with(['#', ';']) || start.is_empty() {
            continue;
        }
        if let Some(head) = start.strip_prefix('[') {
            let name = head
                .split_once(']')
                .filter(|(_, rest)| rest.trim().is_empty());
            inside = name.is_some();
            out.extend(name.map(|(name, _)| Section {
                name: name.to_owned(),
                values: Vec::new(),
            }));
        } else if inside
            && let Some((key, value)) = start.split_once('=')
            && let Some(section) = out.last_mut()
        {
            section.values.push((key.to_owned(), value.to_owned()));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: &str = "[Profile1]\nName=default\nIsRelative=1\nPath=b.default\nDefault=1\n\n\
        [Profile0]\nName=default-release\nIsRelative=1\nPath=c.default-release\n\n[General]\nVersion=2\n";

    fn chosen(profiles: &[u8], installs: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("profiles.ini"), profiles).unwrap();
        std::fs::write(folder.path().join("installs.ini"), installs).unwrap();
        let path = default(folder.path())?;
        let below = path.strip_prefix(folder.path()).unwrap_or(&path);
        Some(below.to_string_lossy().into_owned())
    }

    #[test]
    fn the_profile_of_the_installation_goes_before_the_marked_one() {
        let install = "[Install4F96D1932A9F858E]\r\nDefault=c.default-release\r\nLocked=1\r\n";
        let with = format!("{install}{PROFILES}");
        let release = Some("c.default-release".to_owned());
        assert_eq!(chosen(with.as_bytes(), ""), release);
        let only = "[4F96D1932A9F858E]\nDefault=c.default-release\n";
        assert_eq!(chosen(PROFILES.as_bytes(), only), release);
        // What stands in the first file counts.
        assert_eq!(chosen(with.as_bytes(), "[X]\nDefault=b.default\n"), release);
        // A profile that is none.
        let gone = "[X]\nDefault=gone\n";
        assert_eq!(
            chosen(PROFILES.as_bytes(), gone).as_deref(),
            Some("b.default")
        );
    }

    #[test]
    fn without_it_the_marked_or_the_only_one_counts() {
        assert_eq!(
            chosen(PROFILES.as_bytes(), "").as_deref(),
            Some("b.default")
        );
        assert_eq!(
            chosen(b"[Profile0]\nIsRelative=0\nPath=/srv/fox\n", "").as_deref(),
            Some("/srv/fox")
        );
        assert_eq!(
            chosen(b"[Profile0]\nPath=a\n[Profile1]\nPath=b\n", ""),
            None
        );
    }

    #[test]
    fn broken_files_say_nothing() {
        for text in [
            b"".as_slice(),
            b"\xff\xfe[\0P\0",
            b"[Profile0\nPath=a\nDefault=1\n",
            b"[Profile0] x\nPath=a\nDefault=1\n",
            b"Path=a\nDefault=1\n",
            b"[Profile]\nPath=a\nDefault=1\n",
            b"[Profile0]\nPath=\nDefault=1\n",
            b"[Profile0]\nPath\nDefault\n=\n",
        ] {
            assert_eq!(chosen(text, "[\n=\n"), None, "{text:?}");
        }
        let none = tempfile::tempdir().unwrap();
        assert_eq!(default(none.path()), None);
    }
}
