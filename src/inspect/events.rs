//! When will it change, and for whom? The dates of the chain in order, and the next one at which some
//! verdict turns. Pure.

use super::changed::{Judge, accepted_by};
use super::{Inspection, Matter, ground, judged};
use crate::chain::{Chain, NodeId};
use crate::moment::{Moment, NO_EXPIRY};

/// A date of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The first second at which it counts.
    pub at: Moment,
    /// Whose date.
    pub node: NodeId,
    /// The validity begins; else it has ended.
    pub begins: bool,
}

/// The next date at which a verdict turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The date that turns it.
    pub event: Event,
    /// The outcome becomes trusted (or would, where something is assumed).
    pub accepted: bool,
    /// The outcome itself turns, not only the verdict of some.
    pub decides: bool,
    /// Stores and clients that accept until then, safe to display.
    pub lost: Vec<String>,
    /// Stores and clients that accept from then on, safe to display.
    pub gained: Vec<String>,
}

/// Dates looked at, at most, when the next turn is looked for.
const MOST_EVENTS: usize = 24;

/// The dates of all certificates on any path, in order.
pub fn events(chain: &Chain) -> Vec<Event> {
    let mut nodes: Vec<NodeId> = chain.paths.iter().flat_map(|p| p.nodes.clone()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let mut events: Vec<Event> = nodes
        .into_iter()
        .filter_map(|node| Some((node, chain.certificate(node)?)))
        .flat_map(|(node, certificate)| {
            let begins = certificate.not_before.map(|at| Event {
                at,
                node,
                begins: true,
            });
            // The last second is valid still (RFC 5280, section 4.1.2.5).
            let ends = certificate.not_after.filter(|at| *at != NO_EXPIRY);
            let ends = ends.map(|at| Event {
                at: at.plus(1),
                node,
                begins: false,
            });
            begins.into_iter().chain(ends)
        })
        .collect();
    events.sort_unstable();
    events
}

/// The first date after the one judged for at which the outcome or the verdict of a store or client
/// turns; `None` when there is none among the next dates of the chain.
pub fn next_turn(inspection: &Inspection) -> Option<Turn> {
    let now = inspection.accepted_by();
    let outcome = decided(inspection, &inspection.verdicts, &inspection.compared);
    let facts = ground::facts(&inspection.capture);
    let mut last = None;
    let later = events(&inspection.chain)
        .into_iter()
        .filter(|e| e.at > inspection.at)
        .take(MOST_EVENTS);
    for event in later {
        // Several dates may fall on one second.
        if last == Some(event.at) {
            continue;
        }
        last = Some(event.at);
        let matter = Matter {
            capture: &inspection.capture,
            chain: &inspection.chain,
            stores: &inspection.stores,
            ground: inspection.ground(),
            further: &inspection.further,
            facts: &facts,
            name: inspection.name.as_ref(),
        };
        let judged = judged(matter, &inspection.asked, event.at);
        let (verdicts, compared) = (judged.verdicts, judged.compared);
        let then = accepted_by(&verdicts, &compared, judged.grid.as_ref());
        let differs = |a: &(Judge, String, bool)| now.iter().any(|b| b.0 == a.0 && b.2 != a.2);
        if !then.iter().any(differs) {
            continue;
        }
        let after = decided(inspection, &verdicts, &compared);
        let differ = |from: &[(Judge, String, bool)], to: &[(Judge, String, bool)]| {
            from.iter()
                .filter(|a| a.2 && to.iter().any(|b| b.0 == a.0 && !b.2))
                .map(|a| a.1.clone())
                .collect()
        };
        return Some(Turn {
            event,
            accepted: after,
            decides: after != outcome,
            lost: differ(&now, &then),
            gained: differ(&then, &now),
        });
    }
    None
}

fn decided(
    inspection: &Inspection,
    verdicts: &[crate::judge::Verdict],
    compared: &[crate::judge::client::ClientVerdict],
) -> bool {
    match inspection.asked.decides {
        Some(id) => compared.iter().any(|c| c.client.id == id && c.accepted),
        None => verdicts.first().is_some_and(|v| v.accepted),
    }
}
