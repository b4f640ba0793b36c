//! What is known of every variable and setting that changes whom a program trusts: the table
//! `assets/ca-settings.toml`, compiled in.

use std::sync::LazyLock;

use serde::Deserialize;

/// One variable, or one key of a tool's configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// As people write it: `SSL_CERT_FILE`, `git http.sslCAInfo`.
    pub name: String,
    /// What its value is.
    pub holds: Holds,
    /// Programs that then trust nothing else.
    #[serde(default)]
    pub replaces: Vec<String>,
    /// Programs that trust it beside their own roots.
    #[serde(default)]
    pub adds: Vec<String>,
    /// Programs for which it replaces one half of OpenSSL's file and folder, and the other half stays.
    #[serde(default)]
    pub half: Vec<String>,
    /// Programs that might be expected to follow it and do not.
    #[serde(default)]
    pub ignored: Vec<String>,
    /// What happens when the file is missing.
    pub missing: Option<String>,
    /// Values that turn verification off.
    #[serde(default)]
    pub off: Vec<String>,
    /// Settings that no longer count for the same programs.
    #[serde(default)]
    pub beats: Vec<String>,
    /// That is so for these programs only; for all when there is none.
    #[serde(default, rename = "beats-for")]
    pub beats_for: Vec<String>,
    /// The command that takes it back; variables are unset.
    pub undo: Option<String>,
    /// What words in its value change.
    #[serde(default)]
    pub means: Vec<Meaning>,
}

/// What one word in a value changes.
#[derive(Debug, Deserialize)]
pub struct Meaning {
    /// The word.
    pub word: String,
    /// What it does, as a clause without a full stop.
    pub words: String,
}

/// What the value of a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// The path of a file of certificates.
    File,
    /// Paths of hashed folders, separated as in `PATH`.
    Folders,
    /// A file, or one hashed folder.
    FileOrFolder,
    /// A path, or a word such as `true` or `system`.
    FileOrSwitch,
    /// On or off.
    Switch,
    /// The certificates themselves, as PEM.
    Inline,
    /// Options of Java, one of which may name a trust store.
    JavaOptions,
    /// Words of which some change who is trusted.
    Words,
}

/// What is known of a variable or setting of this name.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

#[derive(Debug, Deserialize)]
struct Table {
    setting: Vec<Known>,
}

/// The table. Empty only when the compiled-in file does not parse; a test sees to it that it does.
pub(super) static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    serde_json::from_str::<Table>(include_str!(concat!(env!("OUT_DIR"), "/ca-settings.json")))
        .map(|t| t.setting)
        .unwrap_or_default()
});

impl Known {
    /// It is a variable of the environment, not a key of a file.
    pub fn is_variable(&self) -> bool {
        !self.name.contains(' ')
    }

    /// Everyone who follows it.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        let all = [&self.replaces, &self.half, &self.adds];
        all.into_iter().flatten().map(String::as_str)
    }

    /// The one with this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses_and_is_whole() {
        let table: Table = toml::from_str(include_str!("../../assets/ca-settings.toml")).unwrap();
        assert_eq!(table.setting.len(), KNOWN.len());
        assert!(KNOWN.len() > 50);
        for known in KNOWN.iter() {
            assert_eq!(KNOWN.iter().filter(|k| k.name == known.name).count(), 1);
            for beaten in &known.beats {
                assert!(Known::named(beaten).is_some(), "{beaten}");
            }
            for program in &known.beats_for {
                assert!(known.programs().any(|p| p == program), "{program}");
            }
            match known.holds {
                Holds::Switch => assert!(!known.off.is_empty(), "{}", known.name),
                Holds::Words => assert!(!known.means.is_empty(), "{}", known.name),
                _ => assert!(
                    known.replaces.len() + known.adds.len() + known.half.len() > 0,
                    "{}",
                    known.name
                ),
            }
        }
    }
}
