//! The clients that whycert knows, as data: `assets/clients.toml`.
//!
//! A [`Profile`] says how one client verifies ([`Policy`]), what its TLS stack offers ([`Stack`]), which
//! store it reads ([`Source`]) and with which tables it speaks. [`verdicts`] asks all of them about one
//! chain. Nothing here reads variables, files or the clock: they are arguments.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use super::Policy;
use super::words::Speech;

mod edition;
mod grid;
mod machine;
mod peer;
mod shared;
mod source;
mod stack;
mod trouble;
mod trust;
mod verdict;

pub use edition::Edition;
pub use grid::{
    Asked, ClientRow, Difference, Grid, Installed, KEY_NOT_PROVED, Measured, Said, same_words,
};
pub use peer::{
    Afterwards, FirstAnswer, KeyExchange, Limits, Peer, Proxy, ProxyAnswer, Reach, Version,
};
pub use source::{
    Does, GIVEN_FILE, Handed, InEffect, NO_CERTIFICATES, NamedFile, Override, Quiet, SeenSettings,
    Source,
};
pub use stack::{Met, Stack};
pub use trouble::FileTrouble;
pub use verdict::{Ask, ClientVerdict, Direct, Kind, Trusted, verdict, verdicts, verdicts_of};

/// One client in the versions that were measured.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Stable id: `curl8-openssl`.
    pub id: String,
    /// Other ids by which it can be asked for: `python313`.
    pub also: Vec<String>,
    /// For people: `curl 8 (OpenSSL 3.5)`.
    pub title: String,
    /// What it belongs to.
    pub family: Family,
    /// Only an implementation's rules, no program: for `whycert verify --client`.
    pub plain: bool,
    /// The versions measured.
    pub versions: Vec<String>,
    /// Programs by which it is found on a machine; empty when it is a library of other programs.
    pub programs: Vec<String>,
    /// The module or package to look for inside that program.
    pub module: Option<String>,
    /// How its facts are known.
    pub basis: Basis,
    /// How it verifies.
    pub policy: Policy,
    /// How it verifies when its default store is overridden, where that differs.
    pub overridden: Option<Policy>,
    /// What its TLS stack offers.
    pub stack: Stack,
    /// Which store it reads.
    pub source: Source,
    /// What it does with a proxy that the environment names.
    pub proxy: ProxyUse,
    /// The variables in which it looks for one.
    pub proxy_variables: Vec<String>,
    /// Values for its words.
    pub values: BTreeMap<String, String>,
    /// What it does with host names that some clients refuse.
    pub quirks: Quirks,
    /// The tables it speaks with.
    pub speech: Speech,
}

/// Families of clients, for grouping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Family {
    Rfc5280,
    Openssl,
    Gnutls,
    Python,
    Node,
    Rustls,
    Go,
    Java,
    Browser,
    Dotnet,
    /// The operating system's own: Windows, Apple.
    Platform,
}

/// How the facts of a profile are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// These versions were measured.
    #[default]
    Measured,
    /// From documentation and source; not measured.
    Documentation,
}

/// What a client does with a proxy that the environment names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyUse {
    /// It asks the proxy for a tunnel.
    #[default]
    Honoured,
    /// It connects directly.
    Ignored,
    /// Honoured, except for addresses of this machine.
    NotForLoopback,
    /// Honoured, except for `localhost` and addresses of this machine in the URL.
    NotForLocalhost,
    /// It sends the request to the proxy in clear: there is no TLS to verify.
    InClear,
}

/// Host names with which some clients do odd things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Quirks {
    /// A host name with an underscore.
    pub underscore: Underscore,
    /// An IPv6 address as host.
    pub ipv6: Ipv6Literal,
}

/// What a client does with an underscore in a host name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Underscore {
    /// Nothing special.
    #[default]
    Fine,
    /// The URL is refused before anything is sent.
    UrlRefused,
    /// The name check fails whatever the certificate says.
    NameRefused,
}

/// What a client does with an IPv6 address as host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ipv6Literal {
    /// Nothing special.
    #[default]
    Fine,
    /// It looks the bracketed address up as a name, in vain.
    LookedUp,
    /// The name check fails whatever the certificate says.
    NameRefused,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    policies: HashMap<String, Policy>,
    tls: HashMap<String, Stack>,
    sources: HashMap<String, Source>,
    client: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Row {
    id: String,
    #[serde(default)]
    also: Vec<String>,
    title: String,
    family: Family,
    #[serde(default)]
    plain: bool,
    versions: Vec<String>,
    #[serde(default)]
    programs: Vec<String>,
    module: Option<String>,
    #[serde(default)]
    source: Basis,
    policy: String,
    tls: String,
    source_of_trust: String,
    vocabulary: String,
    words: String,
    #[serde(default)]
    proxy: ProxyUse,
    proxy_variables: Option<Vec<String>>,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(default)]
    quirks: Quirks,
    when_overridden: Option<WhenOverridden>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhenOverridden {
    policy: String,
}

const FILE: &str = include_str!("../../../assets/clients.toml");

/// All clients, in the order of the file. A row that names something unknown is left out; a test sees
/// to it that there is none.
pub fn profiles() -> &'static [Profile] {
    static PROFILES: OnceLock<Vec<Profile>> = OnceLock::new();
    PROFILES.get_or_init(|| {
        let Some(file) = file() else {
            return Vec::new();
        };
        file.client
            .iter()
            .filter_map(|row| profile(file, row))
            .collect()
    })
}

/// The tables that profiles are made of.
fn file() -> Option<&'static File> {
    static READ: OnceLock<Option<File>> = OnceLock::new();
    READ.get_or_init(|| toml::from_str(FILE).ok()).as_ref()
}

/// The client with this id, or with this other id.
pub fn by_id(id: &str) -> Option<&'static Profile> {
    let goes_by = |p: &&Profile| p.id == id || p.also.iter().any(|other| other == id);
    profiles().iter().find(goes_by)
}

fn profile(file: &File, row: &Row) -> Option<Profile> {
    let overridden = match &row.when_overridden {
        Some(when) => Some(file.policies.get(&when.policy)?.clone()),
        None => None,
    };
    Some(Profile {
        id: row.id.clone(),
        also: row.also.clone(),
        title: row.title.clone(),
        family: row.family,
        plain: row.plain,
        versions: row.versions.clone(),
        programs: row.programs.clone(),
        module: row.module.clone(),
        basis: row.source,
        policy: file.policies.get(&row.policy)?.clone(),
        overridden,
        stack: file.tls.get(&row.tls)?.clone(),
        source: file.sources.get(&row.source_of_trust)?.clone(),
        proxy: row.proxy,
        proxy_variables: row.proxy_variables.clone().unwrap_or_else(|| {
            let usual = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
            usual.map(str::to_owned).into()
        }),
        values: row.values.clone(),
        quirks: row.quirks,
        speech: Speech::of(&row.vocabulary, &row.words, &row.values)?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_row_of_the_file_is_a_profile() {
        let file: File = toml::from_str(FILE).unwrap();
        let ids: HashSet<&str> = profiles().iter().map(|p| p.id.as_str()).collect();
        for row in &file.client {
            assert!(
                ids.contains(row.id.as_str()),
                "{} names something unknown",
                row.id
            );
        }
        assert_eq!(ids.len(), file.client.len(), "an id stands twice");
        for other in profiles().iter().flat_map(|p| &p.also) {
            assert!(!ids.contains(other.as_str()), "{other} is another's id");
        }
        let others = profiles().iter().flat_map(|p| &p.also);
        let all: HashSet<&String> = others.clone().collect();
        assert_eq!(all.len(), others.count(), "another id stands twice");
    }

    #[test]
    fn every_setting_that_a_client_follows_can_be_found_on_a_machine() {
        let file: File = toml::from_str(FILE).unwrap();
        for (source, named) in file
            .sources
            .iter()
            .flat_map(|(s, t)| t.overrides.iter().map(move |o| (s, &o.name)))
        {
            let name = named.replacen(':', " ", 1);
            assert!(
                crate::store::known(&name).is_some(),
                "{source}: nobody looks for {named}"
            );
        }
    }

    /// What they refuse together the RFC's verdict refuses as well.
    #[test]
    fn the_verifiers_that_decide_together_are_those_of_the_profiles() {
        assert_eq!(by_id("go").unwrap().policy, Policy::go());
        assert_eq!(by_id("rustls").unwrap().policy, Policy::webpki());
    }

    #[test]
    fn every_table_of_the_file_is_used() {
        /// Used by editions alone, when such a client is found; that they are there is tested with those.
        const FOUND: [&str; 2] = ["go122", "perl-with-file"];
        let file: File = toml::from_str(FILE).unwrap();
        let used =
            |pick: fn(&Row) -> &str| -> HashSet<&str> { file.client.iter().map(pick).collect() };
        let policies = used(|r| &r.policy);
        let later: HashSet<&str> = file
            .client
            .iter()
            .filter_map(|r| r.when_overridden.as_ref())
            .map(|w| w.policy.as_str())
            .collect();
        for name in file.policies.keys() {
            assert!(
                policies.contains(name.as_str())
                    || later.contains(name.as_str())
                    || FOUND.contains(&name.as_str()),
                "{name}"
            );
        }
        let stacks = used(|r| &r.tls);
        assert!(file.tls.keys().all(|n| stacks.contains(n.as_str())));
        let sources = used(|r| &r.source_of_trust);
        let mut names = file.sources.keys().map(String::as_str);
        assert!(names.all(|n| sources.contains(n) || FOUND.contains(&n)));
    }
}
