//! What is assumed, what was fetched, and when a verdict turns by itself.

use crate::diagnosis::Fetched;
use crate::inspect::{Inspection, events};

use super::schema::{Assumed, Change, Fetch, Supposed, Turn};

/// What is assumed, and what that changes; `null` when nothing is.
pub(in crate::export) fn supposed(inspection: &Inspection) -> Option<Supposed> {
    let actual = inspection.actual.as_deref()?;
    let what_if = &inspection.asked.what_if;
    Some(Supposed {
        assumed: what_if
            .iter()
            .zip(inspection.assumed())
            .map(|(assumption, message)| Assumed {
                what: assumption.id(),
                value: assumption.value(),
                message,
            })
            .collect(),
        without_effect: inspection.idle.clone(),
        actual_outcome: actual.outcome.id(),
        changed: inspection
            .changed()
            .into_iter()
            .map(|c| Change {
                id: c.id,
                title: c.title,
                before: !c.accepts,
                after: c.accepts,
            })
            .collect(),
    })
}

pub(in crate::export) fn next_change(inspection: &Inspection) -> Option<Turn> {
    let turn = events::next_turn(inspection)?;
    Some(Turn {
        at: turn.event.at.rfc3339(),
        certificate: turn.event.node.0,
        because: if turn.event.begins {
            "begins"
        } else {
            "expires"
        },
        accepted: turn.accepted,
        lost: turn.lost,
        gained: turn.gained,
    })
}

pub(super) fn fetch(one: &Fetched) -> Fetch {
    Fetch {
        address: one.address.clone(),
        wanted: one.wanted.clone(),
        certificates: one.got.as_ref().map_or(0, Vec::len),
        message: one.got.as_ref().err().cloned(),
    }
}
