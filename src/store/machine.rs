//! Where this machine keeps things: its variables, the home folder, the folder that one stands in.
//!
//! The one place of this room that asks the process for them; tests make a [`Machine`] of their own,
//! whose files lie below another root.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The machine as programs on it see it.
#[derive(Clone, Debug)]
pub struct Machine {
    /// What absolute paths of the system are below: `/`, or a folder made by a test.
    pub root: PathBuf,
    /// The home folder.
    pub home: Option<PathBuf>,
    /// The folder that one stands in, whose project files count.
    pub current: Option<PathBuf>,
    variables: BTreeMap<OsString, OsString>,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        Self {
            root: PathBuf::from("/"),
            home: etcetera::home_dir().ok(),
            current: std::env::current_dir().ok(),
            variables: std::env::vars_os().collect(),
        }
    }

    /// Another one: system files below `root`, a home, and these variables.
    pub fn other<'v>(
        root: &Path,
        home: &Path,
        variables: impl IntoIterator<Item = (&'v str, OsString)>,
    ) -> Self {
        Self {
            root: root.to_owned(),
            home: Some(home.to_owned()),
            current: None,
            variables: variables
                .into_iter()
                .map(|(name, value)| (OsString::from(name), value))
                .collect(),
        }
    }

    /// The value of a variable, also an empty one.
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    /// A variable that names a path; not when it is empty.
    pub(super) fn path(&self, name: &str) -> Option<PathBuf> {
        self.variable(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    }

    /// A path of the system: absolute, with `/` as its first character.
    pub fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// A path below the home folder.
    pub(super) fn in_home(&self, path: &str) -> Option<PathBuf> {
        self.home.as_ref().map(|home| home.join(path))
    }

    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub fn config(&self) -> Option<PathBuf> {
        self.path("XDG_CONFIG_HOME")
            .or_else(|| self.in_home(".config"))
    }

    /// `$XDG_DATA_HOME`, else `~/.local/share`.
    pub fn data(&self) -> Option<PathBuf> {
        self.path("XDG_DATA_HOME")
            .or_else(|| self.in_home(".local/share"))
    }

    /// Files called `name` in the folders of `PATH`, in their order.
    pub fn programs(&self, name: &str) -> Vec<PathBuf> {
        let path = self.variable("PATH").unwrap_or_default();
        std::env::split_paths(path)
            .map(|folder| folder.join(name))
            .filter(|file| file.is_file())
            .collect()
    }

    /// What a configuration file means by a path: `~` is the home, and what is relative is so to `beside`.
    pub(super) fn meant(&self, typed: &str, beside: Option<&Path>) -> PathBuf {
        if let (Some(rest), Some(home)) = (typed.strip_prefix("~/"), &self.home) {
            return home.join(rest);
        }
        match beside {
            Some(folder) => folder.join(typed),
            None => PathBuf::from(typed),
        }
    }
}

/// The folders in `folder`, sorted by name; none when it cannot be read.
pub(super) fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .collect();
    found.sort();
    found
}
