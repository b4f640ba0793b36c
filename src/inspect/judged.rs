//! The chain with all that is known of it, and every verdict on it: of the stores, of single clients, of
//! all clients of this machine. Every verdict of an inspection comes from here, for any moment and under
//! any assumption.

use std::sync::Arc;

use super::{Inspection, Options};
use crate::capture::Capture;
use crate::cert::Certificate;
use crate::chain::{Beyond, Chain};
use crate::diagnosis::Further;
use crate::judge::client::{self, ClientVerdict, Grid, Peer};
use crate::judge::{self, Purpose, Question, Verdict};
use crate::moment::Moment;
use crate::store::Stores;
use crate::target::Endpoint;

/// The chain of everything that was sent, is taken to be sent, or was fetched.
pub(super) fn build(
    capture: &Capture,
    stores: &Stores,
    further: &Further,
    options: &Options,
    without: &[[u8; 32]],
) -> Chain {
    let read = |der: &Arc<[u8]>| Arc::new(Certificate::read(der.clone()));
    let presented: Vec<Arc<Certificate>> = capture.presented.iter().map(read).collect();
    let fetched: Vec<(String, Arc<Certificate>)> = further
        .fetched
        .iter()
        .flat_map(|one| {
            let got = one.got.as_deref().unwrap_or_default();
            got.iter().map(|der| (one.address.clone(), read(der)))
        })
        .collect();
    // A file's certificates may stand in any order.
    let any_order = capture.target.endpoint().is_none() && !options.leaf_first;
    Chain::build_with(
        &presented,
        any_order,
        stores,
        &Beyond {
            assumed: &options.what_if.sent(),
            fetched: &fetched,
            without,
        },
    )
}

/// What is asked of a chain: name, time, purpose, what is taken to be trusted.
pub(super) fn question(
    capture: &Capture,
    chain: &Chain,
    options: &Options,
    now: Moment,
) -> Question {
    let what_if = &options.what_if;
    let name = what_if.host().or(options.name.as_ref()).cloned();
    let name = name.or_else(|| capture.target.endpoint().map(Endpoint::verified));
    Question {
        // Only an endpoint (or a file that a host is named for) is surely a server.
        purpose: options.purpose.or(name.as_ref().map(|_| Purpose::Server)),
        name,
        at: what_if.at().unwrap_or(now),
        pretend: what_if.trusted(chain),
        max_depth: options.max_depth,
        crls: options.crls.clone(),
    }
}

/// The verdicts of the stores, and of the clients that are asked about the deciding one.
pub(super) fn verdicts(
    chain: &Chain,
    stores: &Stores,
    options: &Options,
    question: &Question,
) -> (Vec<Verdict>, Vec<ClientVerdict>) {
    if chain.leaf.is_none() {
        return (Vec::new(), Vec::new());
    }
    let compared = match stores.deciding() {
        Some(store) => {
            let facts = judge::Facts::default();
            let ask = client::Ask {
                chain,
                direct: None,
                question,
                peer: None,
                facts: &facts,
                trusted: client::Trusted::Given {
                    store,
                    trouble: None,
                },
            };
            client::verdicts_of(options.clients.iter().copied(), &ask)
        }
        None => Vec::new(),
    };
    (judge::judge(chain, stores, question), compared)
}

/// The grid of clients for an inspection, by what is asked and assumed there. `chain` is the one with the
/// anchors of all these stores, when it is known already.
pub(super) fn grid(
    inspection: &Inspection,
    stores: Stores,
    surveyed: bool,
    chain: Option<Chain>,
) -> Grid {
    let options = &inspection.asked;
    let chain = chain.unwrap_or_else(|| {
        if stores.0.len() == inspection.stores.0.len() {
            return inspection.chain.clone();
        }
        build(
            &inspection.capture,
            &stores,
            &inspection.further,
            options,
            &[],
        )
    });
    grid_at(inspection, chain, stores, surveyed, inspection.at)
}

fn grid_at(
    inspection: &Inspection,
    chain: Chain,
    stores: Stores,
    surveyed: bool,
    at: Moment,
) -> Grid {
    let (capture, options) = (&inspection.capture, &inspection.asked);
    let peer = Peer::of(capture);
    let suite = capture.session.cipher_suite.as_deref().unwrap_or_default();
    let facts = judge::Facts {
        stapled: capture.session.ocsp_staple.as_deref().map(Arc::from),
        static_rsa: suite.starts_with("TLS_RSA_WITH"),
    };
    // What clients said, they said of what is, not of what is assumed.
    let measured = match options.what_if.is_empty() {
        true => options.measured.as_slice(),
        false => &[],
    };
    let question = Question {
        at,
        ..question(capture, &chain, options, at)
    };
    let asked = client::Asked {
        question: &question,
        peer: peer.as_ref(),
        facts: &facts,
        installed: &options.installed,
        measured,
    };
    Grid::of(chain, stores, surveyed, &asked)
}

/// One that accepts or rejects: a store or a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Voice {
    pub(super) id: String,
    /// Safe to display.
    pub(super) title: String,
    pub(super) accepts: bool,
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

fn voices(verdicts: &[Verdict], compared: &[ClientVerdict], grid: Option<&Grid>) -> Vec<Voice> {
    let stores = verdicts.iter().map(|v| Voice {
        id: v.store.clone(),
        title: v.store_title.clone(),
        accepts: v.accepted,
    });
    let client = |c: &ClientVerdict, accepts: bool| Voice {
        id: c.client.id.clone(),
        title: c.client.title.clone(),
        accepts,
    };
    let compared = compared.iter().map(|c| client(c, c.accepted));
    let rows = grid.map_or(&[][..], |grid| grid.rows.as_slice());
    let rows = rows
        .iter()
        .map(|row| client(&row.predicted, row.accepted()));
    stores.chain(compared).chain(rows).collect()
}

impl Inspection {
    /// Everyone who accepts or rejects.
    pub(super) fn voices(&self) -> Vec<Voice> {
        voices(&self.verdicts, &self.compared, self.grid.as_deref())
    }

    /// The same at another moment, and whether the one that decides accepts then.
    pub(super) fn voices_at(&self, at: Moment) -> (Vec<Voice>, bool) {
        let question = Question {
            at,
            ..question(&self.capture, &self.chain, &self.asked, at)
        };
        let (verdicts, compared) = verdicts(&self.chain, &self.stores, &self.asked, &question);
        let grid = self.grid.as_ref().map(|grid| {
            let (chain, stores) = (grid.chain.clone(), grid.stores.clone());
            grid_at(self, chain, stores, grid.surveyed, at)
        });
        let decides = decides(&self.asked, &verdicts, &compared);
        (voices(&verdicts, &compared, grid.as_ref()), decides)
    }

    /// The one that decides accepts.
    pub(super) fn decided(&self) -> bool {
        decides(&self.asked, &self.verdicts, &self.compared)
    }

    /// The verdicts that the assumptions turn.
    pub fn changed(&self) -> Vec<Changed> {
        let Some(actual) = &self.actual else {
            return Vec::new();
        };
        let before = actual.voices();
        self.voices()
            .into_iter()
            .filter(|now| {
                let was = before.iter().find(|was| was.id == now.id);
                was.is_some_and(|was| was.accepts != now.accepts)
            })
            .map(|now| Changed {
                id: now.id,
                title: now.title,
                accepts: now.accepts,
            })
            .collect()
    }

    /// What is assumed, as parts of a sentence, safe to display.
    pub fn assumed(&self) -> Vec<String> {
        let mut chains = vec![&self.chain];
        chains.extend(self.actual.iter().map(|a| &a.chain));
        let what_if = &self.asked.what_if;
        what_if.iter().map(|a| a.words(&chains)).collect()
    }
}

/// Whether the verdict that is the outcome accepts.
pub(super) fn decides(options: &Options, verdicts: &[Verdict], compared: &[ClientVerdict]) -> bool {
    match options.decides {
        Some(id) => compared.iter().any(|c| c.client.id == id && c.accepted),
        None => verdicts.first().is_some_and(|v| v.accepted),
    }
}
