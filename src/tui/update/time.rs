//! Another time: the moment judged for moves by days, weeks, or to the next date of the chain.

use super::what_if::reassess;
use crate::inspect::Assumption;
use crate::inspect::events;
use crate::moment::{Moment, NO_EXPIRY};
use crate::text;
use crate::tui::model::Model;

/// Moves the moment judged for.
pub(super) fn shift(model: &mut Model, seconds: i64) {
    let Some(at) = model.inspection().map(|i| i.at) else {
        model.say(false, "There is nothing to judge yet.");
        return;
    };
    go_to(model, at.plus(seconds));
}

pub(super) fn go_to(model: &mut Model, at: Moment) {
    let first = Moment::from_unix(-62_167_219_200);
    let at = at.clamp(first, NO_EXPIRY.plus(-1));
    let mut what_if = model.what_if();
    what_if.assume(Assumption::At(at));
    if let Some(session) = model.session_mut() {
        session.what_if = Some(what_if);
    }
    reassess(model);
}

/// Goes to the date after or before, on which something of the chain begins or ends.
pub(super) fn jump(model: &mut Model, forward: bool) {
    let Some(inspection) = model.inspection().cloned() else {
        model.say(false, "There is nothing to judge yet.");
        return;
    };
    let dates = events::events(&inspection.chain);
    let next = if forward {
        dates.iter().find(|e| e.at > inspection.at)
    } else {
        dates.iter().rev().find(|e| e.at < inspection.at)
    };
    let Some(event) = next else {
        let side = if forward { "later" } else { "earlier" };
        model.say(true, format!("The chain has no {side} date."));
        return;
    };
    go_to(model, event.at);
    let title = inspection
        .chain
        .node(event.node)
        .map(|n| text::clip(&n.title(), 40).into_owned());
    let verb = if event.begins {
        "is valid from"
    } else {
        "has expired by"
    };
    let words = format!(
        "“{}” {verb} {}.",
        title.unwrap_or_default(),
        event.at.long()
    );
    model.say(true, words);
}

/// `=`.
pub(super) fn now(model: &mut Model) {
    let mut what_if = model.what_if();
    what_if.drop_time();
    if let Some(session) = model.session_mut() {
        session.what_if = Some(what_if);
    }
    reassess(model);
    model.say(true, "Judged for now again.");
}
