//! Which store a client reads, and what made it so: its default, a variable, a configuration file.
//! Variables and settings come in as data.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::store::Dialect;

/// What clients see of their surroundings: variables by their names, settings of configuration files
/// as `program:key` (`git:http.sslCAInfo`), each with its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenSettings(pub BTreeMap<String, String>);

impl SeenSettings {
    /// Nothing is set.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The value, unless it is not set or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }
}

/// Where a client's trust comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Source {
    /// The default store: `system`, `openssl` (its default file and folder), `mozilla` (compiled in),
    /// `certifi`, `pip-certifi`, `node`, `java`, `chromium`, `firefox`, `windows`, `apple`.
    pub store: String,
    /// How it reads a file of certificates, where its engine does not say.
    pub dialect: Option<Dialect>,
    /// Stores read beside it.
    #[serde(default)]
    pub also: Vec<String>,
    /// The default store is a file and a folder, of which one can be replaced without the other.
    #[serde(default)]
    pub folder: bool,
    /// What overrides it, in order of precedence.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// One variable or setting.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Override {
    /// The variable, or `program:key`.
    pub name: String,
    /// It counts only with this value.
    pub value: Option<String>,
    /// It counts only with a value that means yes.
    #[serde(default)]
    pub yes: bool,
    /// It counts only when its value contains this.
    pub contains: Option<String>,
    /// What it does.
    pub does: Does,
    /// What comes after it does not count.
    #[serde(default)]
    pub ends: bool,
    /// It counts only where another setting contains this.
    pub only_with: Option<String>,
    /// When a file that is of no use is passed over without a word.
    pub quiet: Option<Quiet>,
    /// How its file is read, where that is not how the client reads others.
    pub dialect: Option<Dialect>,
}

/// When a file of no use is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quiet {
    /// Whatever is wrong with it.
    Always,
    /// Unless a block in it is damaged.
    UnlessDamaged,
}

/// Values that mean yes.
const YES: &[&str] = &["1", "true", "t", "yes", "y", "on"];

/// What a variable or setting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// The default store is not read.
    Replaces,
    /// Its file is read as well.
    Adds,
    /// Its file is read as well, unless another of this kind was.
    AddsOnce,
    /// Its file takes the place of OpenSSL's default file; the default folder is still read.
    OpensslFile,
    /// Its folder takes the place of the default folder; the default file is still read.
    OpensslFolder,
    /// The system's store takes the place of the default.
    System,
    /// OpenSSL's default file and folder take the place of the default.
    Openssl,
    /// The system's store is read as well.
    AddsSystem,
}

/// The store in effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InEffect {
    /// Stores that are read, by the names of [`Source::store`].
    pub stores: Vec<String>,
    /// Files and folders that are read beside or instead of them.
    pub files: Vec<NamedFile>,
    /// Nothing was overridden.
    pub is_default: bool,
    /// The public roots are no longer read.
    pub replaced: bool,
    /// Why: `default`, or the variables and settings, such as `SSL_CERT_FILE`.
    pub why: String,
}

/// A file or folder in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Where.
    pub path: PathBuf,
    /// The variable or setting that names it.
    pub by: String,
    /// [`Override::quiet`].
    pub quiet: Option<Quiet>,
    /// [`Override::dialect`].
    pub dialect: Option<Dialect>,
}

/// The name of the file in which roots are handed to clients that are no PEM file by themselves.
pub const GIVEN_FILE: &str = "given.pem";

/// How a browser gets roots that it is given.
const IMPORT: &str = "import";

/// The roots that a browser brings along, among [`InEffect::stores`].
pub(super) const BROUGHT: &str = "brought";

/// A place without certificates.
pub const NO_CERTIFICATES: &str = "/dev/null";

/// What a variable or setting is set to when a client is handed a file of roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The file.
    File,
    /// A place without certificates.
    Nothing,
    /// It is taken away.
    Unset,
}

impl Source {
    /// How a client is handed a file of roots in its own way: everything that it follows, with what it is
    /// set to. The roots that it reads by itself are left out where its settings can do that, else the file
    /// comes beside them. Empty when no variable or setting hands it a file.
    pub fn hands(&self) -> Vec<(&Override, Handed)> {
        let first = |does: &[Does]| {
            let gives = |o: &&Override| {
                let plain = o.value.is_none() && !o.yes && o.only_with.is_none();
                plain && does.contains(&o.does)
            };
            self.overrides.iter().find(gives)
        };
        let chosen = first(&[Does::Replaces])
            .or_else(|| first(&[Does::OpensslFile]))
            .or_else(|| first(&[Does::Adds, Does::AddsOnce]));
        let Some(chosen) = chosen else {
            return Vec::new();
        };
        let handed = |one: &Override| match one.does {
            _ if one == chosen => Handed::File,
            // Where an option names the file, variables no longer count.
            Does::OpensslFolder if chosen.name == "SSL_CERT_FILE" => Handed::Nothing,
            _ => Handed::Unset,
        };
        let all = self.overrides.iter();
        all.map(|one| (one, handed(one))).collect()
    }

    /// It keeps what a person trusts in a database of its own, beside the roots that it brings along: the
    /// browsers.
    fn has_database(&self) -> bool {
        matches!(self.store.as_str(), "chromium" | "firefox")
    }

    /// The store that a client reads when it is handed a file of roots so, which is [`GIVEN_FILE`] there; a
    /// browser imports it into an empty database. `None` when it can be handed none.
    pub fn when_handed(&self, hashed_folder: bool) -> Option<InEffect> {
        if self.has_database() {
            return Some(InEffect {
                stores: vec![BROUGHT.to_owned()],
                files: vec![NamedFile {
                    path: PathBuf::from(GIVEN_FILE),
                    by: IMPORT.to_owned(),
                    quiet: None,
                    dialect: None,
                }],
                why: IMPORT.to_owned(),
                ..InEffect::default()
            });
        }
        let mut seen = SeenSettings::empty();
        for (one, handed) in self.hands() {
            let value = match handed {
                Handed::File => format!("{}{GIVEN_FILE}", one.contains.as_deref().unwrap_or("")),
                Handed::Nothing => NO_CERTIFICATES.to_owned(),
                Handed::Unset => continue,
            };
            seen.0.insert(one.name.clone(), value);
        }
        let nothing = seen.0.is_empty();
        let mut out = self.in_effect(&seen, hashed_folder);
        out.files.retain(|file| file.path.as_os_str() == GIVEN_FILE);
        (!nothing).then_some(out)
    }

    /// The store that a client reads with these settings. `hashed_folder`: the system has a folder of
    /// hashed certificates beside its bundle (Debian, Arch, SUSE; not Fedora), so that a variable
    /// that names a file leaves the public roots in place.
    pub fn in_effect(&self, seen: &SeenSettings, hashed_folder: bool) -> InEffect {
        let set: Vec<(&Override, &str)> = self
            .overrides
            .iter()
            .filter_map(|o| Some((o, seen.value(&o.name)?)))
            .filter(|(o, v)| o.value.as_deref().is_none_or(|wanted| wanted == *v))
            .filter(|(o, v)| !o.yes || YES.contains(&v.to_lowercase().as_str()))
            .filter(|(o, v)| o.contains.as_deref().is_none_or(|part| v.contains(part)))
            .collect();
        let has = |word: &String| set.iter().any(|(o, _)| o.contains.as_ref() == Some(word));
        let counts = |o: &Override| o.only_with.as_ref().is_none_or(has);
        let set: Vec<(&Override, &str)> = set.iter().copied().filter(|(o, _)| counts(o)).collect();
        let mut out = InEffect {
            stores: std::iter::once(&self.store)
                .chain(&self.also)
                .cloned()
                .collect(),
            is_default: set.is_empty(),
            why: "default".to_owned(),
            ..InEffect::default()
        };
        let mut why: Vec<&str> = Vec::new();
        let (mut file, mut folder, mut once) = (false, false, false);
        for (one, value) in set {
            let file_of = || NamedFile {
                path: path(value),
                by: one.name.clone(),
                quiet: one.quiet,
                dialect: one.dialect,
            };
            // Only the first of those that replace counts; each half of OpenSSL's default once.
            match one.does {
                Does::Replaces if out.replaced => continue,
                Does::Replaces => {
                    out.replaced = true;
                    out.stores.clear();
                    out.files = vec![file_of()];
                }
                Does::Adds => out.files.push(file_of()),
                Does::AddsOnce if once => continue,
                Does::AddsOnce => {
                    once = true;
                    out.files.push(file_of());
                }
                Does::OpensslFile if file || out.replaced => continue,
                Does::OpensslFile => {
                    file = true;
                    out.files.push(file_of());
                }
                Does::OpensslFolder if folder || out.replaced => continue,
                Does::OpensslFolder => {
                    folder = true;
                    out.files.push(file_of());
                }
                Does::System => out.stores = vec!["system".to_owned()],
                Does::Openssl => out.stores = vec!["openssl".to_owned()],
                Does::AddsSystem => out.stores.push("system".to_owned()),
            }
            why.push(&one.name);
            if one.ends {
                break;
            }
        }
        // Without the other half there are no public roots left.
        if file && (folder || !hashed_folder) {
            out.stores.clear();
            out.replaced = true;
        }
        if !why.is_empty() {
            out.why = why.join(", ");
        }
        out
    }
}

/// The file in a value; `-Djavax.net.ssl.trustStore=FILE` among other options too.
fn path(value: &str) -> PathBuf {
    const OPTION: &str = "-Djavax.net.ssl.trustStore=";
    match value.split_once(OPTION) {
        Some((_, rest)) => PathBuf::from(rest.split_whitespace().next().unwrap_or_default()),
        None => PathBuf::from(value),
    }
}

#[cfg(test)]
mod tests {
    use super::super::by_id;
    use super::*;

    fn seen(pairs: &[(&str, &str)]) -> SeenSettings {
        SeenSettings(
            pairs
                .iter()
                .map(|&(k, v)| (k.to_owned(), v.to_owned()))
                .collect(),
        )
    }

    fn store(client: &str, pairs: &[(&str, &str)], hashed: bool) -> InEffect {
        by_id(client)
            .unwrap()
            .source
            .in_effect(&seen(pairs), hashed)
    }

    fn paths(found: &InEffect) -> Vec<PathBuf> {
        found.files.iter().map(|file| file.path.clone()).collect()
    }

    /// Seen with curl 7.88.1 and 8.23.0.
    #[test]
    fn curls_variables_stop_each_other() {
        let both = [("SSL_CERT_FILE", "/file"), ("SSL_CERT_DIR", "/folder")];
        let old = store("curl7-openssl", &both, true);
        assert_eq!((paths(&old), old.replaced), (vec!["/folder".into()], false));
        // The table of settings says the same to the survey.
        let folder = crate::store::known("SSL_CERT_DIR").unwrap();
        assert_eq!(folder.beats, ["SSL_CERT_FILE"]);
        assert_eq!(folder.beats_for, ["curl before 8.3"]);
        let new = store("curl8-openssl", &both, true);
        assert_eq!(new.files.len(), 2);
        assert!(new.replaced);
        for client in ["curl7-openssl", "curl8-openssl"] {
            let own = [("CURL_CA_BUNDLE", "/own"), both[0], both[1]];
            let own = store(client, &own, true);
            assert_eq!(
                (paths(&own), own.why.as_str()),
                (vec!["/own".into()], "CURL_CA_BUNDLE")
            );
        }
    }

    #[test]
    fn requests_reads_certifi_and_only_its_own_variables() {
        assert!(store("python313-requests", &[("SSL_CERT_FILE", "/a")], true).is_default);
        let one = store(
            "python313-requests",
            &[("CURL_CA_BUNDLE", "/b"), ("REQUESTS_CA_BUNDLE", "/a")],
            true,
        );
        assert!(one.replaced);
        assert_eq!(paths(&one), [PathBuf::from("/a")]);
        assert_eq!(one.why, "REQUESTS_CA_BUNDLE");
    }

    #[test]
    fn a_file_alone_adds_where_there_is_a_hashed_folder() {
        let file = [("SSL_CERT_FILE", "/a")];
        let both = [("SSL_CERT_FILE", "/a"), ("SSL_CERT_DIR", "/d")];
        assert!(!store("python313-urllib", &file, true).replaced);
        assert!(store("python313-urllib", &file, false).replaced);
        assert!(store("python313-urllib", &both, true).replaced);
        assert!(store("python313-httpx", &file, true).replaced);
    }

    #[test]
    fn pip_follows_the_variables_of_requests_before_its_own() {
        let both = [("PIP_CERT", "/a"), ("REQUESTS_CA_BUNDLE", "/b")];
        let old = store("pip23", &both, true);
        assert_eq!(
            (paths(&old), old.replaced),
            (vec![PathBuf::from("/b")], true)
        );
        let new = store("pip26", &both, true);
        assert_eq!(
            (paths(&new), new.replaced),
            (vec![PathBuf::from("/b")], false)
        );
        assert_eq!(
            paths(&store("pip26", &both[..1], true)),
            [PathBuf::from("/a")]
        );
    }

    #[test]
    fn some_variables_add() {
        let extra = store("node24-fetch", &[("NODE_EXTRA_CA_CERTS", "/a")], true);
        assert_eq!(extra.stores, ["node"]);
        assert_eq!(paths(&extra), [PathBuf::from("/a")]);
        let system = store("node24-fetch", &[("NODE_USE_SYSTEM_CA", "1")], true);
        assert_eq!(system.stores, ["node", "system"]);
        assert!(store("node24-fetch", &[("NODE_USE_SYSTEM_CA", "0")], true).is_default);
        let java = store(
            "java17-url",
            &[(
                "JAVA_TOOL_OPTIONS",
                "-Xmx1g -Djavax.net.ssl.trustStore=/t.p12 -Da=b",
            )],
            true,
        );
        assert_eq!(paths(&java), [PathBuf::from("/t.p12")]);
        assert!(
            store(
                "ureq3",
                &[("SSL_CERT_FILE", "/a"), ("CURL_CA_BUNDLE", "/a")],
                true
            )
            .is_default
        );
    }
}
