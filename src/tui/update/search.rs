//! Searching: rows of the tree by name, lines of the pane by what they show.

use crate::text;
use crate::tui::model::{Focus, Model, Session, State};
use crate::tui::tree::Names;

/// Goes to the next or previous match.
pub(super) fn find(model: &mut Model, forward: bool) {
    if model.search.is_empty() {
        model.say(false, "Nothing is searched for; / starts.");
        return;
    }
    let at = cursor(model);
    let found = with_matches(model, |matches| {
        let next = if forward {
            Some(matches.partition_point(|&m| m <= at)).filter(|&n| n < matches.len())
        } else {
            matches.partition_point(|&m| m < at).checked_sub(1)
        };
        let round = if forward {
            0
        } else {
            matches.len().saturating_sub(1)
        };
        let next = next.unwrap_or(round);
        Some((next, *matches.get(next)?, matches.len()))
    });
    let shown = text::safe(&model.search).into_owned();
    match found {
        Some((next, line, count)) => {
            go_to(model, line);
            let words = format!(
                "“{shown}”: {} of {count}; n and N go on, esc ends it.",
                next + 1
            );
            model.say(true, words);
        }
        None => model.say(false, format!("“{shown}” is not found here.")),
    }
}

/// The search was entered: says how many matches there are.
pub(super) fn entered(model: &mut Model) {
    if model.search.is_empty() {
        return;
    }
    let shown = text::safe(&model.search).into_owned();
    match with_matches(model, |matches| Some(matches.len())) {
        None | Some(0) => model.say(false, format!("“{shown}” is not found here.")),
        Some(count) => {
            let words = if count == 1 { "match" } else { "matches" };
            model.say(
                true,
                format!("“{shown}”: {count} {words}; n and N go on, esc ends it."),
            );
        }
    }
}

/// While the search is typed: stays where it matches, else goes to the first match from here on.
pub(super) fn typed(model: &mut Model) {
    if model.search.is_empty() {
        return;
    }
    let needle = model.search.to_lowercase();
    let at = cursor(model);
    let next = if model.focus == Focus::Pane {
        with_matches(model, |matches| {
            matches
                .iter()
                .find(|&&m| m >= at)
                .or(matches.first())
                .copied()
        })
    } else {
        model
            .session_mut()
            .and_then(|session| names(session)?.first_from(at, &needle))
    };
    if let Some(line) = next {
        go_to(model, line);
    }
}

/// The selected row of the tree, or line of the pane.
fn cursor(model: &Model) -> usize {
    let pane = model.pane;
    model.session().map_or(0, |session| match model.focus {
        Focus::Pane => session.place(pane).line,
        _ => session.row,
    })
}

fn go_to(model: &mut Model, line: usize) {
    let (pane, focus) = (model.pane, model.focus);
    if let Some(session) = model.session_mut() {
        match focus {
            Focus::Pane => session.places.entry(pane).or_default().line = line,
            _ => session.row = line,
        }
    }
    model.refresh();
}

/// Asks about the rows or lines that hold what is searched for, in order.
fn with_matches<T>(model: &mut Model, ask: impl FnOnce(&[usize]) -> Option<T>) -> Option<T> {
    let needle = model.search.to_lowercase();
    let focus = model.focus;
    let session = model.session_mut()?;
    if focus == Focus::Pane {
        let lines = session.lines.iter().enumerate();
        let matches: Vec<usize> = lines
            .filter(|(_, l)| l.text().to_lowercase().contains(&needle))
            .map(|(i, _)| i)
            .collect();
        return ask(&matches);
    }
    ask(names(session)?.matches(&needle))
}

/// The names of the rows, made at the first search.
fn names(session: &mut Session) -> Option<&mut Names> {
    if session.names.is_none()
        && let State::Ready(inspection) = &session.state
    {
        session.names = Some(Names::of(inspection, &session.rows));
    }
    session.names.as_mut()
}
