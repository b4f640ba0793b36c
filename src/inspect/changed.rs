//! Which verdicts the assumptions turn.

use std::path::PathBuf;

use crate::chain::Chain;
use crate::judge::Verdict;
use crate::judge::client::{ClientVerdict, Grid};

use super::{Ground, Inspection};

/// What is judged: a store or client by its id, and of several programs of one client which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judge {
    id: String,
    program: Option<PathBuf>,
}

/// Stores and clients with their ids, their titles, and whether they accept, by prediction: what clients
/// said themselves was said of the world as it is.
pub(super) fn accepted_by(
    verdicts: &[Verdict],
    compared: &[ClientVerdict],
    grid: Option<&Grid>,
) -> Vec<(Judge, String, bool)> {
    let plain = |id: &String| Judge {
        id: id.clone(),
        program: None,
    };
    let of_store = |v: &Verdict| (plain(&v.store), v.store_title.clone(), v.accepted);
    let of_client = |c: &ClientVerdict| (plain(&c.client.id), c.client.title.clone(), c.accepted);
    let stores = verdicts.iter().map(of_store);
    match grid {
        Some(grid) => {
            let clients = grid.rows.iter().map(|row| {
                let program = row.installed.as_ref().map(|i| i.program.clone());
                let judge = Judge {
                    program,
                    ..plain(&row.client().id)
                };
                (judge, row.title().to_owned(), row.predicted.accepted)
            });
            stores.chain(clients).collect()
        }
        None => stores.chain(compared.iter().map(of_client)).collect(),
    }
}

/// A verdict that is another one under the assumptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The store's or client's id.
    pub id: String,
    /// Its title, safe to display.
    pub title: String,
    /// It accepts with the assumptions and rejects without; else the other way round.
    pub accepts: bool,
}

impl Inspection {
    /// The verdicts that the assumptions turn.
    pub fn changed(&self) -> Vec<Changed> {
        let Some(actual) = &self.actual else {
            return Vec::new();
        };
        let before = actual.accepted_by();
        self.accepted_by()
            .into_iter()
            .filter(|(id, _, accepts)| {
                let was = before.iter().find(|(was, ..)| was == id);
                was.is_some_and(|(.., was)| was != accepts)
            })
            .map(|(judge, title, accepts)| Changed {
                id: judge.id,
                title,
                accepts,
            })
            .collect()
    }

    pub(super) fn accepted_by(&self) -> Vec<(Judge, String, bool)> {
        accepted_by(&self.verdicts, &self.compared, self.grid.as_deref())
    }

    /// What is assumed, as parts of a sentence, safe to display.
    pub fn assumed(&self) -> Vec<String> {
        let mut chains = vec![&self.chain, self.widest()];
        let actual = self.actual.as_deref();
        chains.extend(actual.into_iter().flat_map(|a| [&a.chain, a.widest()]));
        let what_if = &self.asked.what_if;
        what_if.iter().map(|a| a.words(&chains)).collect()
    }

    /// The same without any assumption.
    pub(super) fn actually(&self) -> &Self {
        self.actual.as_deref().unwrap_or(self)
    }

    /// The chain with the anchors of all stores that are known.
    pub(super) fn widest(&self) -> &Chain {
        self.grid.as_deref().map_or(&self.chain, |grid| &grid.chain)
    }

    /// What its grid stands on.
    pub(super) fn ground(&self) -> Option<Ground> {
        self.grid.as_deref().map(|grid| Ground {
            chain: grid.chain.clone(),
            stores: grid.stores.clone(),
            surveyed: grid.surveyed,
        })
    }
}
