//! Commands, as keys, mouse and palette give them.

use super::{clients, further, journal, overlay, search, time, trust, what_if};
use crate::export::{self, Format, What};
use crate::inspect::Ask;
use crate::moment::DAY;
use crate::tui::keymap::Command;
use crate::tui::line::Link;
use crate::tui::message::Effect;
use crate::tui::model::{Focus, Model, Overlay, Pane, Place, State, Value};
use crate::tui::{areas, pages};

/// Carries out a command. What lies over the screen gets it first.
pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Interrupt => return vec![Effect::Quit],
        Command::Suspend => return vec![Effect::Suspend],
        _ => {}
    }
    if !model.overlays.is_empty() {
        return overlay::run(model, command);
    }
    match command {
        Command::Quit => return vec![Effect::Quit],
        Command::Up => move_by(model, -1),
        Command::Down => move_by(model, 1),
        Command::PageUp => move_by(model, -page(model)),
        Command::PageDown => move_by(model, page(model)),
        Command::Top => move_by(model, i64::MIN / 2),
        Command::Bottom => move_by(model, i64::MAX / 2),
        Command::Fold => fold(model, true),
        Command::Unfold => fold(model, false),
        Command::Toggle => toggle(model),
        Command::Enter => return enter(model),
        Command::NextPane => next_pane(model, 1),
        Command::PreviousPane => next_pane(model, -1),
        Command::Pane(index) => {
            if let Some(&pane) = Pane::ALL.get(usize::from(index)) {
                model.pane = pane;
                model.focus = Focus::Pane;
                model.refresh();
            }
        }
        Command::NextTarget => step_target(model, 1),
        Command::PreviousTarget => step_target(model, -1),
        Command::Open => {
            model.overlays.push(Overlay::Open {
                input: tui_input::Input::default(),
                picked: None,
                wrong: None,
            });
        }
        Command::Reconnect => return reconnect(model),
        Command::Search => {
            model.overlays.push(Overlay::Search {
                input: tui_input::Input::default(),
            });
        }
        Command::NextMatch => search::find(model, true),
        Command::PreviousMatch => search::find(model, false),
        Command::Export => return export_selected(model),
        Command::ExportMenu => super::export::open(model),
        Command::Copy => return copy_selected(model),
        Command::CopyMenu => overlay::open_copy(model),
        Command::Ask => return clients::open_ask(model),
        Command::Trust => return trust::open(model),
        Command::Trusted => return journal::open(model),
        Command::Public => model.say(false, "p is for the trust dialog: t opens it."),
        Command::WhatIf => what_if::open(model),
        Command::Forget => what_if::forget(model),
        Command::Stores => overlay::open_stores(model),
        Command::Fetch => further::offer(model, Ask::Fetch),
        Command::Names => further::offer(model, Ask::Names),
        Command::Compare => what_if::open_typing(model, Value::Server),
        Command::DayBack => time::shift(model, -DAY),
        Command::DayOn => time::shift(model, DAY),
        Command::WeekBack => time::shift(model, -7 * DAY),
        Command::WeekOn => time::shift(model, 7 * DAY),
        Command::DateBack => time::jump(model, false),
        Command::DateOn => time::jump(model, true),
        Command::Now => time::now(model),
        Command::Flip => {
            model.flipped = !model.flipped;
            model.rebuild_rows();
        }
        Command::Zoom => {
            model.zoomed = !model.zoomed;
            if model.focus == Focus::Targets {
                model.focus = Focus::Pane;
            }
            model.refresh();
        }
        Command::Mouse => {
            model.mouse = !model.mouse;
            let text = if model.mouse {
                "The mouse works here again."
            } else {
                "The mouse is the terminal's: select text with it; m takes it back."
            };
            model.say(true, text);
            return vec![Effect::Mouse(model.mouse)];
        }
        Command::Help => {
            model.overlays.push(Overlay::Page {
                title: "Help".to_owned(),
                lines: pages::help(model.look.glyphs),
                place: Place::default(),
            });
        }
        Command::Palette => {
            model.overlays.push(Overlay::Palette {
                input: tui_input::Input::default(),
                picked: 0,
            });
        }
        Command::Close => {
            // Escape steps back: first out of the search, then out of the enlarged view.
            if !model.search.is_empty() {
                model.search.clear();
            } else if model.zoomed {
                model.zoomed = false;
                model.refresh();
            } else if model.pane == Pane::Clients {
                return clients::call_off(model);
            }
        }
        Command::Interrupt | Command::Suspend => {}
    }
    Vec::new()
}

/// Moves the cursor of what is in focus.
pub(super) fn move_by(model: &mut Model, lines: i64) {
    match model.focus {
        Focus::Targets => {
            let last = model.sessions.len().saturating_sub(1);
            let index = moved(model.current, lines, last);
            show(model, index);
        }
        Focus::Tree => {
            if let Some(session) = model.session_mut() {
                let before = session.row;
                session.row = moved(session.row, lines, session.rows.len().saturating_sub(1));
                if session.row != before {
                    session.places.remove(&Pane::Certificate);
                    session.places.remove(&Pane::Pem);
                }
            }
            model.refresh();
        }
        Focus::Pane => {
            let height = usize::from(areas::areas(model).pane.height);
            let pane = model.pane;
            if let Some(session) = model.session_mut() {
                let count = session.lines.len();
                let place = session.places.entry(pane).or_default();
                place.line = moved(place.line, lines, count.saturating_sub(1));
                place.keep_visible(height, count);
            }
        }
    }
}

/// `at` moved by `lines`, inside `0..=last`.
pub(super) fn moved(at: usize, lines: i64, last: usize) -> usize {
    let at = i64::try_from(at).unwrap_or(i64::MAX);
    let last = i64::try_from(last).unwrap_or(i64::MAX);
    usize::try_from(at.saturating_add(lines).clamp(0, last)).unwrap_or(0)
}

/// Shows another target.
pub(super) fn show(model: &mut Model, index: usize) {
    if index < model.sessions.len() {
        model.current = index;
        model.rebuild_rows();
    }
}

fn page(model: &Model) -> i64 {
    let areas = areas::areas(model);
    let height = match model.focus {
        Focus::Targets => areas.targets.height,
        Focus::Tree => areas.tree.height,
        Focus::Pane => areas.pane.height,
    };
    i64::from(height.saturating_sub(1).max(1))
}

fn fold(model: &mut Model, close: bool) {
    if model.focus == Focus::Pane {
        return fold_field(model, Some(close));
    }
    let Some(session) = model.session_mut() else {
        return;
    };
    let Some(row) = session.rows.get(session.row).cloned() else {
        return;
    };
    let Some(node) = row.node else { return };
    if close && row.parent && !row.folded {
        session.folded.insert(node);
    } else if close {
        let above = session
            .rows
            .iter()
            .take(session.row)
            .rposition(|r| r.depth < row.depth);
        if let Some(above) = above {
            session.row = above;
        }
    } else {
        session.folded.remove(&node);
    }
    model.rebuild_rows();
}

fn toggle(model: &mut Model) {
    if model.focus == Focus::Pane {
        return fold_field(model, None);
    }
    let folded = model
        .session()
        .and_then(|s| s.rows.get(s.row))
        .is_some_and(|r| r.folded);
    fold(model, !folded);
}

/// Folds a group of the Certificate pane; `None` toggles.
fn fold_field(model: &mut Model, close: Option<bool>) {
    let pane = model.pane;
    let Some(session) = model.session_mut() else {
        return;
    };
    let line = session.place(pane).line;
    let Some(Link::Fold(path)) = session.lines.get(line).and_then(|l| l.link.clone()) else {
        return;
    };
    let is_folded = session.folded_fields.contains(&path);
    if close.unwrap_or(!is_folded) {
        session.folded_fields.insert(path);
    } else {
        session.folded_fields.remove(&path);
    }
    model.refresh();
}

fn enter(model: &mut Model) -> Vec<Effect> {
    match model.focus {
        Focus::Targets => model.focus = Focus::Tree,
        Focus::Tree => {
            model.pane = if model.pane == Pane::Why {
                Pane::Certificate
            } else {
                model.pane
            };
            model.focus = Focus::Pane;
            model.refresh();
        }
        Focus::Pane => {
            let line = model.session().map_or(0, |s| s.place(model.pane).line);
            let link = model
                .session()
                .and_then(|s| s.lines.get(line))
                .and_then(|l| l.link.clone());
            match link {
                Some(Link::Lesson(id)) => overlay::open_lesson(model, id),
                Some(Link::Explain(id)) => overlay::open_explanation(model, id),
                Some(Link::Fold(_)) => fold_field(model, None),
                Some(Link::Client(row)) => clients::open_client(model, row),
                Some(Link::Copy(text)) => {
                    return vec![Effect::Copy {
                        what: "the command".to_owned(),
                        text,
                    }];
                }
                None => model.say(true, "Nothing more to open on this line."),
            }
        }
    }
    Vec::new()
}

/// Tab goes round: targets (when there are several), chain, then each pane.
fn next_pane(model: &mut Model, step: i64) {
    let mut stops = vec![];
    if model.sessions.len() > 1 {
        stops.push((Focus::Targets, model.pane));
    }
    stops.push((Focus::Tree, model.pane));
    stops.extend(Pane::ALL.map(|p| (Focus::Pane, p)));
    let here = stops
        .iter()
        .position(|&(focus, pane)| {
            focus == model.focus && (focus != Focus::Pane || pane == model.pane)
        })
        .unwrap_or(0);
    let count = i64::try_from(stops.len()).unwrap_or(1);
    let next = (i64::try_from(here).unwrap_or(0) + step).rem_euclid(count);
    if let Some(&(focus, pane)) = usize::try_from(next).ok().and_then(|n| stops.get(n)) {
        model.focus = focus;
        model.pane = pane;
        model.refresh();
    }
}

fn step_target(model: &mut Model, step: i64) {
    let count = i64::try_from(model.sessions.len()).unwrap_or(0);
    if count < 2 {
        model.say(true, "There is only one target; o opens another.");
        return;
    }
    let next = (i64::try_from(model.current).unwrap_or(0) + step).rem_euclid(count);
    show(model, usize::try_from(next).unwrap_or(0));
}

fn reconnect(model: &mut Model) -> Vec<Effect> {
    let Some(session) = model.session_mut() else {
        return Vec::new();
    };
    let cancelled = match session.state {
        State::Waiting { job, .. } => vec![Effect::Cancel(job)],
        _ => Vec::new(),
    };
    session.state = State::Queued;
    model.refresh();
    cancelled
}

fn export_selected(model: &mut Model) -> Vec<Effect> {
    let (Some(inspection), Some(node)) = (model.inspection().cloned(), model.selected()) else {
        model.say(false, "There is no certificate to export here.");
        return Vec::new();
    };
    if inspection.chain.certificate(node).is_none() {
        model.say(
            false,
            "This certificate is missing: it was not sent, so there is nothing to export. E offers the others.",
        );
        return Vec::new();
    }
    let what = What::Node(node);
    let name = export::file_name(&inspection, what, Format::Pem);
    vec![Effect::Save {
        inspection,
        what,
        format: Format::Pem,
        name,
    }]
}

fn copy_selected(model: &mut Model) -> Vec<Effect> {
    if let Some((what, text)) = clients::words_here(model) {
        return vec![Effect::Copy { what, text }];
    }
    let certificate = model
        .selected()
        .and_then(|id| model.inspection()?.chain.certificate(id).cloned());
    match certificate {
        Some(certificate) => {
            let text = crate::cert::pem::encode(&certificate.der);
            vec![Effect::Copy {
                what: "the PEM".to_owned(),
                text,
            }]
        }
        None => {
            model.say(false, "There is no certificate to copy here.");
            Vec::new()
        }
    }
}
