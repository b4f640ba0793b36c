//! What is assumed, what that changes, and when the verdict turns by itself, as parts of the report.

use crate::inspect::{Inspection, events};
use crate::text;

use super::layout::{Block, Section};
use super::report::title_of;

/// Clients and stores named in one sentence at most.
const NAMED: usize = 6;

/// The assumptions and what they change; empty when nothing is assumed but the time.
pub(super) fn section(inspection: &Inspection) -> Section {
    let mut blocks = Vec::new();
    if let Some(actual) = inspection.actual.as_deref() {
        let mut facts: Vec<(String, String)> = inspection
            .assumed()
            .into_iter()
            .map(|words| ("assumed".to_owned(), words))
            .collect();
        let idle = inspection.idle.iter().cloned();
        facts.extend(idle.map(|why| ("without effect".to_owned(), why)));
        let changed = inspection.changed();
        for one in &changed {
            let turn = if one.accepts {
                "rejects → would accept"
            } else {
                "accepts → would reject"
            };
            facts.push((one.title.clone(), turn.to_owned()));
        }
        if changed.is_empty() {
            facts.push(("changes".to_owned(), "no verdict".to_owned()));
        }
        facts.push((
            "without the assumptions".to_owned(),
            actual.outcome.id().to_owned(),
        ));
        blocks.push(Block::Facts(facts));
        blocks.push(Block::Words(
            "Nothing was changed on this machine or on the server.".to_owned(),
        ));
    }
    Section {
        heading: "What if",
        blocks,
    }
}

/// The next date on which a verdict turns, and for whom, in one sentence.
pub(super) fn next_change(inspection: &Inspection) -> Option<String> {
    let turn = events::next_turn(inspection)?;
    let verb = if turn.event.begins {
        "becomes valid"
    } else {
        "expires"
    };
    let mut who = Vec::new();
    for (names, word) in [(&turn.lost, "reject"), (&turn.gained, "accept")] {
        if names.is_empty() {
            continue;
        }
        let shown: Vec<String> = names.iter().take(NAMED).cloned().collect();
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let word = if names.len() == 1 {
            format!("{word}s")
        } else {
            word.to_owned()
        };
        who.push(format!("{}{more} {word}", text::list_and(&shown)));
    }
    Some(format!(
        "Next change: {} ({}), when “{}” {verb}; from then on {}.",
        turn.event.at.long(),
        turn.event.at.relative(inspection.at),
        text::clip(&title_of(&inspection.chain, turn.event.node), 60),
        who.join(", "),
    ))
}
