//! Whom a rung reaches: the verdict of each client before and after, as predicted from its rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::inspect::Inspection;
use crate::judge::Question;
use crate::judge::client::{self, Ask, ClientVerdict, SeenSettings, Trusted};
use crate::judge::engine::Facts;
use crate::store::{Anchor, Machine, StoreKind, Stores, TrustStore};
use crate::target::Endpoint;

use super::rungs::Case;

/// How the verdict of one client turns. Predicted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The client.
    pub client: &'static str,
    /// Whether it accepts now.
    pub before: bool,
    /// Whether it accepts afterwards.
    pub after: bool,
    /// What it then still says, safe to display; empty when it accepts.
    pub says: String,
}

/// What clients see after a rung, beside what they see now.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    variables: Vec<(String, String)>,
    file: Option<(PathBuf, Vec<Arc<[u8]>>)>,
    also: Vec<&'static str>,
    /// Only clients whose ids begin so see it; `None`: all.
    only: Option<&'static [&'static str]>,
}

impl World {
    /// Variables and settings that name a file with the public roots and the certificate.
    pub fn variables(variables: &[(String, String)], file: &Path, case: &Case<'_>) -> Self {
        let mut ders = case.public_roots.to_vec();
        ders.push(case.certificate.der.clone());
        Self {
            variables: variables.to_vec(),
            file: Some((file.to_owned(), ders)),
            also: Vec::new(),
            only: None,
        }
    }

    /// Only clients whose ids begin so see it.
    pub fn only(mut self, ids: &'static [&'static str]) -> Self {
        self.only = Some(ids);
        self
    }

    fn is_seen_by(&self, id: &str) -> bool {
        self.only
            .is_none_or(|ids| ids.iter().any(|known| id.starts_with(known)))
    }

    /// The store of this name holds the certificate too.
    pub fn add_to(&mut self, id: &'static str) {
        if !self.also.contains(&id) {
            self.also.push(id);
        }
    }
}

/// How the clients turn that see it.
pub(super) fn turns(
    inspection: &Inspection,
    machine: &Machine,
    world: &World,
    certificate: &Arc<[u8]>,
) -> Vec<Turn> {
    let chain = &inspection.chain;
    if chain.leaf.is_none() || (world.variables.is_empty() && world.also.is_empty()) {
        return Vec::new();
    }
    let name = inspection.capture.target.endpoint().map(Endpoint::verified);
    let question = Question {
        purpose: name.as_ref().map(|_| crate::judge::Purpose::Server),
        name,
        at: inspection.at,
        pretend: Vec::new(),
        max_depth: None,
        crls: Vec::new(),
    };
    let facts = Facts::default();
    let before = settings(machine, &[]);
    let after = settings(machine, &world.variables);
    let stores = with(world, &inspection.stores, certificate);
    let hashed_folder = hashed(machine);
    let verdicts = |stores: &Stores, settings: &SeenSettings| -> Vec<ClientVerdict> {
        client::verdicts(&Ask {
            chain,
            direct: None,
            question: &question,
            peer: None,
            facts: &facts,
            trusted: Trusted::Machine {
                stores,
                settings,
                hashed_folder,
            },
        })
    };
    let earlier: BTreeMap<String, bool> = verdicts(&inspection.stores, &before)
        .into_iter()
        .map(|verdict| (verdict.client.id.clone(), verdict.accepted))
        .collect();
    let mut out: Vec<Turn> = verdicts(&stores, &after)
        .into_iter()
        .filter(|verdict| world.is_seen_by(&verdict.client.id))
        .map(|verdict| Turn {
            client: &verdict.client.title,
            before: earlier.get(&verdict.client.id).copied().unwrap_or(false),
            after: verdict.accepted,
            says: verdict.message,
        })
        .collect();
    out.sort_by_key(|turn| turn.client);
    out
}

/// The variables that clients read, as they are, and these.
fn settings(machine: &Machine, more: &[(String, String)]) -> SeenSettings {
    let mut out = BTreeMap::new();
    for profile in client::profiles() {
        for over in &profile.source.overrides {
            if let Some(value) = machine.variable(&over.name) {
                out.insert(over.name.clone(), value.to_string_lossy().into_owned());
            }
        }
    }
    out.extend(more.iter().cloned());
    SeenSettings(out)
}

/// The stores as they will be.
fn with(world: &World, stores: &Stores, certificate: &Arc<[u8]>) -> Stores {
    let mut all: Vec<Arc<TrustStore>> = stores.0.clone();
    let anchors = |ders: &[Arc<[u8]>]| ders.iter().map(|der| Anchor { der: der.clone() }).collect();
    for id in &world.also {
        let base = match stores.by_id(id) {
            Some(store) => store.anchors.iter().map(|a| a.der.clone()).collect(),
            None => stores.public_roots(),
        };
        let kind = stores
            .by_id(id)
            .map_or(StoreKind::Setting, |store| store.kind);
        let path = stores.by_id(id).and_then(|store| store.path.clone());
        let mut ders: Vec<Arc<[u8]>> = base;
        ders.push(certificate.clone());
        let store = TrustStore::new(kind, id, id, path, anchors(&ders), Vec::new());
        all.retain(|known| known.id != *id);
        all.push(Arc::new(store));
    }
    if let Some((path, ders)) = &world.file {
        let store = TrustStore::new(
            StoreKind::Setting,
            "trusted-now",
            "the bundle",
            Some(path.clone()),
            anchors(ders),
            Vec::new(),
        );
        all.retain(|known| known.path.as_deref() != Some(path));
        all.push(Arc::new(store));
    }
    Stores::of(all)
}

/// The system has a folder of hashed certificates beside its bundle.
fn hashed(machine: &Machine) -> bool {
    let Ok(entries) = std::fs::read_dir(machine.at("/etc/ssl/certs")) else {
        return false;
    };
    entries
        .filter_map(Result::ok)
        .any(|entry| entry.path().extension().is_some_and(|e| e == "0"))
}
