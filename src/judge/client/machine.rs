//! What was found on a machine, as clients meet it: [`store::Environment`] gives the variables and
//! settings, and the stores that were read stand for the names of [`super::Source`]. One truth: nothing
//! is read here a second time.

use std::path::Path;
use std::sync::Arc;

use super::Profile;
use super::edition::Edition;
use super::peer::Peer;
use super::source::{InEffect, NamedFile, SeenSettings};
use super::trouble::FileTrouble;
use crate::judge::Engine;
use crate::store::{self, Dialect, Found, Holds, Place, StoreKind, Stores, TrustStore};
use crate::target::Host;

impl SeenSettings {
    /// The variables and settings that count for this endpoint: those that a file keeps for another
    /// address are left out. Paths are those that were followed, so `~` and relative ones are resolved.
    pub fn of(found: &store::Environment, peer: Option<&Peer>) -> Self {
        let mut out = Self::default();
        for setting in &found.settings {
            if matches!(setting.found, Found::Nothing) {
                continue;
            }
            let only = setting.only_for.as_ref();
            if only.is_some_and(|only| !concerns(only.raw(), peer)) {
                continue;
            }
            let name = match setting.place {
                Place::Variable => setting.known.name.clone(),
                // `git http.sslCAInfo` is `git:http.sslCAInfo` for clients.
                Place::File { .. } => setting.known.name.replacen(' ', ":", 1),
            };
            let followed = match (&setting.found, setting.known.holds) {
                (_, Holds::JavaOptions) => None,
                (Found::Missing(path) | Found::Unreadable(path, ..), _) => Some(path.as_path()),
                (Found::Anchors(store), _) => store.path.as_deref(),
                _ => None,
            };
            let value = match followed.filter(|path| !path.as_os_str().is_empty()) {
                Some(path) => path.to_string_lossy().into_owned(),
                None => setting.value.raw().to_owned(),
            };
            // Of several files the first counts; one that is for this very address goes before.
            if only.is_some() {
                out.0.insert(name, value);
            } else {
                out.0.entry(name).or_insert(value);
            }
        }
        out
    }
}

/// A setting for one address, such as `https://git.example.com/`, counts for this endpoint.
fn concerns(only: &str, peer: Option<&Peer>) -> bool {
    let Some(peer) = peer else { return false };
    let rest = only.split_once("://").map_or(only, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && port.parse::<u16>().is_ok() => {
            (host, port.parse().ok())
        }
        _ => (place, None),
    };
    let same = match &peer.host {
        Host::Name { ascii, .. } => {
            ascii.eq_ignore_ascii_case(host)
                || host.strip_prefix("*.").is_some_and(|below| {
                    ascii
                        .split_once('.')
                        .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(below))
                })
        }
        Host::Ip(ip) => host.trim_matches(['[', ']']) == ip.to_string(),
    };
    same && port.unwrap_or(443) == peer.port
}

/// What a file in effect holds.
pub(super) enum Named<'a> {
    /// Anchors.
    Store(&'a TrustStore),
    /// Nothing that could be read here.
    Trouble(FileTrouble),
    /// Nobody has looked.
    Unknown,
}

/// The file or folder that a variable or setting names, for a client that reads it in this way.
pub(super) fn named<'a>(file: &NamedFile, stores: &'a Stores, dialect: Dialect) -> Named<'a> {
    let file = file.path.as_path();
    let settings = stores.environment().map(|e| e.settings.as_slice());
    for setting in settings.unwrap_or_default() {
        match &setting.found {
            Found::Anchors(store) if store.path.as_deref() == Some(file) => {
                return Named::Store(store);
            }
            Found::Missing(path) if path == file => return Named::Trouble(FileTrouble::Missing),
            Found::Unreadable(path, _, what) if path == file => {
                return Named::Trouble(FileTrouble::of_unusable(what, dialect));
            }
            _ => {}
        }
    }
    let mut all = stores.0.iter();
    match all.find(|s| s.path.as_deref() == Some(file)) {
        Some(store) if store.anchors.is_empty() => Named::Trouble(FileTrouble::NotPem),
        Some(store) => Named::Store(store),
        None => Named::Unknown,
    }
}

/// How a client reads files of certificates.
pub(super) fn dialect(profile: &Profile) -> Dialect {
    let by_engine = match profile.policy.engine {
        Engine::Rfc5280 | Engine::Openssl => Dialect::Openssl,
        Engine::Boringssl => Dialect::Boringssl,
        Engine::Gnutls => Dialect::Gnutls,
        Engine::Go => Dialect::Go,
        Engine::Webpki => Dialect::Rustls,
        // Their roots are in a database or a trust store of their own, made from what is given.
        Engine::Java | Engine::Chromium | Engine::Nss => Dialect::Any,
    };
    profile.source.dialect.unwrap_or(by_engine)
}

/// The store's title, with what is wrong with its file.
pub(super) fn title(store: &TrustStore, trouble: Option<FileTrouble>) -> String {
    match trouble {
        Some(what) => format!("{} ({})", store.title, what.words()),
        None => store.title.clone(),
    }
}

/// The stores that a source's name leads to, and whether they are those very ones: a store that cannot
/// be read, or was not looked for, is stood in for by one that is much like it. `brought` is the file that
/// this very program brings along for it.
pub(super) fn resolve<'a>(
    name: &str,
    brought: Option<&Path>,
    stores: &'a Stores,
) -> (Vec<&'a TrustStore>, bool) {
    if let Some(file) = brought {
        let its = |s: &&TrustStore| s.path.as_deref() == Some(file);
        let all = || stores.0.iter().map(Arc::as_ref).filter(its);
        let own = all().find(|s| s.id.split(':').next() == Some(name));
        if let Some(store) = own.or_else(|| all().next()) {
            return (vec![store], true);
        }
    } else if let Some(store) = stores.by_id(name) {
        return (vec![store], true);
    }
    let all = || stores.0.iter().map(Arc::as_ref);
    let of = |kind: StoreKind| all().find(|s| s.kind == kind);
    let or_mozilla = |found: Option<&'a TrustStore>| match found {
        Some(store) => (vec![store], true),
        None => (of(StoreKind::Mozilla).into_iter().collect(), false),
    };
    let or_system = |found: Option<&'a TrustStore>, exact: bool| match found {
        Some(store) => (vec![store], true),
        None => (of(StoreKind::System).into_iter().collect(), exact),
    };
    match name {
        "system" => or_system(of(StoreKind::System), true),
        // The system's bundle is what OpenSSL's own file and folder hold, unless they were surveyed.
        "openssl" => or_system(of(StoreKind::OpenSsl), true),
        "java" => or_system(of(StoreKind::Java), false),
        "windows" | "apple" => or_system(None, false),
        "mozilla" => or_mozilla(of(StoreKind::Mozilla)),
        "node" => match of(StoreKind::Node) {
            Some(node) if node.same_as == Some(StoreKind::OpenSsl) => {
                or_system(of(StoreKind::OpenSsl), true)
            }
            _ => or_mozilla(None),
        },
        "chromium" | "firefox" => {
            let (mut found, _) = or_mozilla(None);
            let browser = if name == "firefox" {
                "Firefox"
            } else {
                "Chromium"
            };
            found.extend(stores.of_browser(browser));
            (found, false)
        }
        // Those of [`super::source::BROUGHT`] are much like Mozilla's.
        _ => or_mozilla(None),
    }
}

/// The stores in effect that are no files of variables and settings, and whether one is only assumed.
pub(super) fn own_stores<'a>(
    in_effect: &InEffect,
    edition: &Edition,
    stores: &'a Stores,
) -> (Vec<&'a TrustStore>, bool) {
    let mut found: Vec<&TrustStore> = Vec::new();
    let mut assumed = false;
    for name in &in_effect.stores {
        let brought = edition.files.get(name.as_str());
        let (named, exact) = resolve(name, brought.map(std::path::PathBuf::as_path), stores);
        assumed |= !exact;
        found.extend(named);
    }
    (found, assumed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Host;

    #[test]
    fn a_setting_for_one_address_counts_there_only() {
        let host = Host::Name {
            ascii: "git.example.test".to_owned(),
            unicode: "git.example.test".to_owned(),
        };
        let mut peer = Peer::modern(host, 443);
        for only in [
            "https://git.example.test/",
            "https://git.example.test:443",
            "git.example.test",
            "https://*.example.test/path",
            "https://me@git.example.test/",
        ] {
            assert!(concerns(only, Some(&peer)), "{only}");
        }
        for only in ["https://example.test/", "https://git.example.test:8443/"] {
            assert!(!concerns(only, Some(&peer)), "{only}");
        }
        peer.port = 8443;
        assert!(concerns("https://git.example.test:8443/", Some(&peer)));
        assert!(!concerns("https://git.example.test/", Some(&peer)));
        assert!(!concerns("https://git.example.test/", None));
    }
}
