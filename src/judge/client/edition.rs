//! A client as it was found on a machine, where that is not quite what was measured for its profile:
//! another Python with the same rules, another OpenSSL below it, line numbers of its own source.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Profile, ProxyUse, file};

/// In what the client found differs from its profile. Names are those of `assets/clients.toml` and
/// `assets/words/`; one that is not known there changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edition {
    /// For people, instead of [`Profile::title`].
    pub title: Option<String>,
    /// How it verifies.
    pub policy: Option<&'static str>,
    /// What its TLS stack offers.
    pub tls: Option<&'static str>,
    /// How it says what its library says.
    pub vocabulary: Option<&'static str>,
    /// How it speaks.
    pub words: Option<&'static str>,
    /// Where its trust comes from.
    pub source: Option<&'static str>,
    /// What it does with a proxy.
    pub proxy: Option<ProxyUse>,
    /// Values for its words, as this very program has them.
    pub values: BTreeMap<String, String>,
    /// Files that it brings along, by the names of stores (`certifi`, `pip-certifi`).
    pub files: BTreeMap<&'static str, PathBuf>,
}

impl Edition {
    /// All names lead to something.
    pub fn is_known(&self) -> bool {
        let tables = file();
        let in_tables = |name: Option<&str>, has: &dyn Fn(&str) -> bool| name.is_none_or(has);
        tables.is_some_and(|file| {
            in_tables(self.policy, &|n| file.policies.contains_key(n))
                && in_tables(self.tls, &|n| file.tls.contains_key(n))
                && in_tables(self.source, &|n| file.sources.contains_key(n))
        }) && super::Speech::of(
            self.vocabulary.unwrap_or("openssl"),
            self.words.unwrap_or("native"),
            &self.values,
        )
        .is_some()
    }
}

impl Profile {
    /// The profile of the client that was found.
    pub(super) fn as_found(&self, edition: &Edition) -> Cow<'_, Self> {
        if *edition == Edition::default() {
            return Cow::Borrowed(self);
        }
        let mut out = self.clone();
        if let Some(file) = file() {
            if let Some(policy) = edition.policy.and_then(|name| file.policies.get(name)) {
                out.policy = policy.clone();
            }
            if let Some(stack) = edition.tls.and_then(|name| file.tls.get(name)) {
                out.stack = stack.clone();
            }
            if let Some(source) = edition.source.and_then(|name| file.sources.get(name)) {
                out.source = source.clone();
            }
        }
        out.proxy = edition.proxy.unwrap_or(out.proxy);
        out.values.extend(edition.values.clone());
        out.speech = out
            .speech
            .with(edition.vocabulary, edition.words, &out.values);
        if let Some(title) = &edition.title {
            out.title.clone_from(title);
        }
        Cow::Owned(out)
    }
}
