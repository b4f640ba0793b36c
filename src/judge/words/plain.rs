//! The RFC's own rules print nothing; the verdict says what stands against the path.

use super::event::{Event, Rejected};

/// The first reason, by its stable id.
pub(super) fn event(rejected: &Rejected<'_>) -> Event {
    let id = rejected.first().map_or("rejected", |r| r.kind.id());
    Event::new([id, "certificate"])
}
