//! What one client trusts: the stores and files that its settings lead to, and what is wrong with a file.

use std::path::PathBuf;

use super::Profile;
use super::edition::Edition;
use super::machine::{self, Named};
use super::source::{GIVEN_FILE, InEffect};
use super::trouble::FileTrouble;
use super::verdict::{Ask, Trusted};
use crate::store::{Dialect, TrustStore};
use crate::text;

/// What one client trusts here.
pub(super) struct Trust<'a> {
    /// Each with how its files are read.
    pub(super) stores: Vec<(&'a TrustStore, Dialect)>,
    pub(super) in_effect: InEffect,
    pub(super) title: String,
    pub(super) assumed: bool,
    /// What the client may say about a file.
    pub(super) trouble: Option<FileTrouble>,
    /// What names that file.
    pub(super) named_by: String,
    pub(super) file: Option<PathBuf>,
}

/// What this client trusts, in this edition.
pub(super) fn trust<'a>(profile: &Profile, edition: &Edition, ask: &Ask<'a>) -> Trust<'a> {
    match ask.trusted {
        Trusted::Given { store, trouble } => given(store, trouble, machine::dialect(profile)),
        Trusted::Handed {
            store,
            stores,
            hashed_folder,
        } => {
            let usual = machine::dialect(profile);
            let Some(in_effect) = profile.source.when_handed(hashed_folder) else {
                return given(store, FileTrouble::of_store(store, usual), usual);
            };
            let named = in_effect.files.first();
            let dialect = named.and_then(|file| file.dialect).unwrap_or(usual);
            let trouble = FileTrouble::of_store(store, dialect);
            let (own, assumed) = machine::own_stores(&in_effect, edition, stores);
            let mut titles: Vec<String> = own.iter().map(|s| s.title.clone()).collect();
            titles.push(machine::title(store, trouble));
            let mut found: Vec<_> = own.into_iter().map(|store| (store, usual)).collect();
            found.push((store, dialect));
            let quiet = named.and_then(|file| file.quiet);
            let named_by = named.map_or_else(String::new, |file| file.by.clone());
            Trust {
                title: titles.join(" + "),
                in_effect: InEffect {
                    why: format!("given by {}", in_effect.why),
                    ..in_effect
                },
                stores: found,
                assumed,
                trouble: trouble.filter(|trouble| !trouble.is_silent(quiet)),
                named_by,
                file: Some(handed_file(store)),
            }
        }
        Trusted::Machine {
            stores,
            settings,
            hashed_folder,
        } => {
            let in_effect = profile.source.in_effect(settings, hashed_folder);
            let usual = machine::dialect(profile);
            let (own, mut assumed) = machine::own_stores(&in_effect, edition, stores);
            let mut titles: Vec<String> = own.iter().map(|s| s.title.clone()).collect();
            let mut found: Vec<_> = own.into_iter().map(|store| (store, usual)).collect();
            let mut trouble = None;
            let mut at_fault = None;
            for file in &in_effect.files {
                let dialect = file.dialect.unwrap_or(usual);
                let met = match machine::named(file, stores, dialect) {
                    Named::Store(store) => {
                        let met = FileTrouble::of_store(store, dialect);
                        titles.push(machine::title(store, met));
                        found.push((store, dialect));
                        met
                    }
                    Named::Trouble(what) => {
                        let shown = text::safe(&file.path.to_string_lossy()).into_owned();
                        titles.push(format!("{shown} ({})", what.words()));
                        Some(what)
                    }
                    Named::Unknown => {
                        assumed = true;
                        None
                    }
                };
                if let Some(met) = met.filter(|met| !met.is_silent(file.quiet)) {
                    trouble = Some(met);
                    at_fault = Some(file);
                }
            }
            let named = at_fault.or(in_effect.files.first());
            Trust {
                file: named.map(|file| file.path.clone()),
                named_by: named.map_or_else(String::new, |file| file.by.clone()),
                stores: found,
                title: titles.join(" + "),
                assumed,
                trouble,
                in_effect,
            }
        }
    }
}

/// What a client trusts that is given this store and nothing else.
fn given(store: &TrustStore, trouble: Option<FileTrouble>, dialect: Dialect) -> Trust<'_> {
    let is_read = !trouble.is_some_and(FileTrouble::is_of_no_use);
    Trust {
        stores: is_read.then_some((store, dialect)).into_iter().collect(),
        in_effect: InEffect {
            why: "given".to_owned(),
            replaced: true,
            ..InEffect::default()
        },
        title: machine::title(store, trouble),
        assumed: false,
        trouble,
        named_by: String::new(),
        file: Some(store.path.clone().unwrap_or_else(|| handed_file(store))),
    }
}

/// The file in which a client gets these roots.
fn handed_file(store: &TrustStore) -> PathBuf {
    let own = store.path.clone().filter(|_| store.one_file);
    own.unwrap_or_else(|| PathBuf::from(GIVEN_FILE))
}
