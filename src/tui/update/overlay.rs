//! What lies over the screen: opening it, its keys, its input lines.

use ratatui::layout::Position;
use tui_input::{Input, InputRequest};

use super::command::{self, moved};
use super::{export, further, journal, search, trust, what_if};
use crate::cert::fields;
use crate::diagnosis::lesson;
use crate::diagnosis::pasted::Pasted;
use crate::inspect::Ask;
use crate::target::Target;
use crate::trust::Rung;
use crate::tui::keymap::Command;
use crate::tui::line::Line;
use crate::tui::message::{Edit, Effect};
use crate::tui::model::{Model, Overlay, Place, RUNGS, Session};
use crate::tui::{Entry, pages};

/// Longest text an input line takes, in characters.
const LONGEST: usize = 4096;

/// The topmost overlay takes typed characters.
pub fn is_typing(model: &Model) -> bool {
    match model.overlays.last() {
        Some(Overlay::Open { .. } | Overlay::Search { .. } | Overlay::Palette { .. }) => true,
        Some(Overlay::Export(choice)) => choice.field == 2,
        Some(Overlay::Trust(dialog)) => dialog.agreeing.is_some(),
        Some(Overlay::WhatIf(menu)) => menu.typing.is_some(),
        _ => false,
    }
}

/// A command while something lies over the screen.
pub(super) fn run(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::Close => close(model),
        Command::Quit if !is_typing(model) => close(model),
        Command::Enter => return accept(model),
        Command::Public => trust::toggle_public(model),
        Command::Trusted if trust::is_done(model) => return journal::open(model),
        Command::Copy if trust::is_done(model) => return trust::copy(model),
        Command::Copy => return super::clients::copy_offered(model),
        Command::Up => return stepped(model, -1),
        Command::Down => return stepped(model, 1),
        Command::PageUp => return stepped(model, -10),
        Command::PageDown => return stepped(model, 10),
        Command::Top => return stepped(model, i64::MIN / 2),
        Command::Bottom => return stepped(model, i64::MAX / 2),
        Command::NextPane => field(model, 1),
        Command::PreviousPane => field(model, -1),
        Command::Fold => sideways(model, -1),
        Command::Unfold => sideways(model, 1),
        _ => {}
    }
    Vec::new()
}

/// Closes the topmost overlay; the input line of an empty session stays, as there is nothing below.
fn close(model: &mut Model) {
    let alone = model.sessions.is_empty() && model.overlays.len() == 1;
    if alone && matches!(model.overlays.last(), Some(Overlay::Open { .. })) {
        model.say(true, "Type a host, a URL or a file; ctrl-c quits.");
        return;
    }
    match model.overlays.pop() {
        Some(Overlay::Search { .. }) => {
            model.search.clear();
            model.refresh();
        }
        // A step back: from the line to the menu.
        Some(Overlay::WhatIf(mut menu)) if menu.typing.is_some() && !menu.choices.is_empty() => {
            menu.typing = None;
            model.overlays.push(Overlay::WhatIf(menu));
        }
        _ => {}
    }
}

/// Another rung needs another plan.
fn stepped(model: &mut Model, lines: i64) -> Vec<Effect> {
    step(model, lines);
    trust::replan(model)
}

fn step(model: &mut Model, lines: i64) {
    let height = usize::from(model.size.1).saturating_sub(2);
    let width = usize::from(crate::tui::view::page_width(model));
    let history = model.history.len();
    match model.overlays.last_mut() {
        Some(Overlay::Page {
            lines: all, place, ..
        }) => {
            let count = crate::tui::line::wrap(all, width).len();
            let last = count.saturating_sub(height);
            place.offset = moved(place.offset, lines, last);
            place.line = place.offset;
        }
        Some(Overlay::Offer(offer)) => {
            let count = crate::tui::line::wrap(&offer.lines, width).len();
            offer.place.offset = moved(offer.place.offset, lines, count.saturating_sub(height));
        }
        Some(Overlay::Open { picked, .. }) if history > 0 => {
            *picked = match (*picked, lines < 0) {
                (None, true) => None,
                (None, false) => Some(0),
                (Some(0), true) => None,
                (Some(at), _) => Some(moved(at, lines, history - 1)),
            };
        }
        Some(Overlay::Palette { input, picked }) => {
            let last = pages::palette(input.value()).len().saturating_sub(1);
            *picked = moved(*picked, lines, last);
        }
        Some(Overlay::Export(choice)) => {
            match choice.field {
                0 => choice.what = moved(choice.what, lines, choice.whats.len().saturating_sub(1)),
                1 => {
                    choice.format =
                        moved(choice.format, lines, choice.formats.len().saturating_sub(1))
                }
                _ => {}
            }
            export::suggest_name(model);
        }
        Some(Overlay::Copy { picked, entries }) => {
            *picked = moved(*picked, lines, entries.len().saturating_sub(1));
        }
        Some(Overlay::Trust(dialog)) if !dialog.busy && dialog.applied.is_none() => {
            let picked = moved(dialog.picked, lines, Rung::ALL.len() - 1);
            trust::choose(dialog, picked);
        }
        Some(Overlay::Journal(dialog)) if !dialog.busy => {
            dialog.picked = moved(dialog.picked, lines, dialog.all().len().saturating_sub(1));
        }
        Some(Overlay::WhatIf(menu)) if menu.typing.is_none() => {
            menu.picked = moved(menu.picked, lines, menu.choices.len().saturating_sub(1));
        }
        _ => {}
    }
}

/// A click: outside closes, on a choice picks it, on the picked one does it.
pub(super) fn click(model: &mut Model, position: Position) -> Vec<Effect> {
    let Some((outer, first)) = crate::tui::view::box_of(model) else {
        return Vec::new();
    };
    if !outer.contains(position) {
        close(model);
        return Vec::new();
    }
    let Some(row) = usize::from(position.y - outer.y).checked_sub(1 + first) else {
        return Vec::new();
    };
    let inside = usize::from(outer.height.saturating_sub(2));
    if row + first >= inside {
        return Vec::new();
    }
    if pick(model, row, inside) {
        return accept(model);
    }
    export::suggest_name(model);
    trust::replan(model)
}

/// Picks the choice in a row below the first; true when it was picked already.
fn pick(model: &mut Model, row: usize, inside: usize) -> bool {
    let history = model.history.len();
    match model.overlays.last_mut() {
        Some(Overlay::Open { picked, .. }) => {
            let offset = picked.unwrap_or(0).saturating_sub(9);
            let at = offset + row;
            at < history && picked.replace(at) == Some(at)
        }
        Some(Overlay::Palette { input, picked }) => {
            let offset = picked.saturating_sub(inside.saturating_sub(3));
            let at = offset + row;
            at < pages::palette(input.value()).len() && std::mem::replace(picked, at) == at
        }
        Some(Overlay::Copy { picked, entries }) => {
            row < entries.len() && std::mem::replace(picked, row) == row
        }
        Some(Overlay::WhatIf(menu)) if menu.typing.is_none() => {
            let at = row + menu.picked.saturating_sub(inside.saturating_sub(1));
            at < menu.choices.len() && std::mem::replace(&mut menu.picked, at) == at
        }
        Some(Overlay::Trust(dialog)) => {
            let at = dialog.first() + row;
            if row >= RUNGS || dialog.busy || dialog.applied.is_some() {
                return false;
            }
            let again = dialog.picked == at;
            trust::choose(dialog, at);
            again
        }
        // Nothing is undone by a click either.
        Some(Overlay::Journal(dialog)) if !dialog.busy && row < dialog.shown() => {
            dialog.picked = dialog.first() + row;
            false
        }
        // Nothing is written by a click: enter does that, when all three are chosen.
        Some(Overlay::Export(choice)) => {
            let formats = choice.whats.len() + 1;
            if row < choice.whats.len() {
                (choice.field, choice.what) = (0, row);
            } else if (formats..formats + choice.formats.len()).contains(&row) {
                (choice.field, choice.format) = (1, row - formats);
            } else if row == formats + choice.formats.len() + 1 {
                choice.field = 2;
            }
            false
        }
        _ => false,
    }
}

/// The wheel over an overlay.
pub(super) fn scroll(model: &mut Model, lines: i32) -> Vec<Effect> {
    stepped(model, i64::from(lines))
}

fn field(model: &mut Model, step: i64) {
    if let Some(Overlay::Export(choice)) = model.overlays.last_mut() {
        let next = i64::try_from(choice.field).unwrap_or(0) + step;
        choice.field = usize::try_from(next.rem_euclid(3)).unwrap_or(0);
    }
}

fn sideways(model: &mut Model, by: i64) {
    if let Some(Overlay::Export(choice)) = model.overlays.last()
        && choice.field < 2
    {
        field(model, by);
    }
}

/// Enter.
fn accept(model: &mut Model) -> Vec<Effect> {
    match model.overlays.pop() {
        Some(Overlay::Open { input, picked, .. }) => {
            let typed = match picked.and_then(|at| model.history.get(at)) {
                Some(earlier) => earlier.clone(),
                None => input.value().trim().to_owned(),
            };
            match Target::parse(&typed) {
                Ok(target) => return open_target(model, target),
                Err(wrong) => {
                    // Not every terminal tells what is pasted from what is typed.
                    if let Some(effects) = paste_error(model, &typed) {
                        return effects;
                    }
                    let wrong = Some((wrong.problem, wrong.hint));
                    model.overlays.push(Overlay::Open {
                        input,
                        picked: None,
                        wrong,
                    });
                }
            }
        }
        Some(Overlay::Search { input }) => {
            model.search = input.value().to_owned();
            search::entered(model);
        }
        Some(Overlay::Palette { input, picked }) => {
            if let Some(binding) = pages::palette(input.value()).get(picked) {
                return command::run(model, binding.command);
            }
        }
        Some(Overlay::Export(choice)) => return export::chosen(model, &choice),
        Some(Overlay::Copy {
            picked,
            mut entries,
        }) => {
            if picked < entries.len() {
                let (what, text) = entries.swap_remove(picked);
                return vec![Effect::Copy { what, text }];
            }
        }
        Some(Overlay::Trust(dialog)) => return trust::accept(model, dialog),
        Some(Overlay::Journal(dialog)) => return journal::accept(model, dialog),
        Some(Overlay::Offer(offer)) => return super::clients::accept(model, offer.ways),
        Some(Overlay::WhatIf(menu)) => return what_if::accept(model, menu),
        Some(Overlay::Before { ask, .. }) => return further::ask(model, *ask),
        Some(Overlay::Page { .. }) | None => {}
    }
    Vec::new()
}

fn open_target(model: &mut Model, target: Target) -> Vec<Effect> {
    let typed = target.typed.clone();
    model.history.retain(|t| *t != typed);
    model.history.insert(0, typed.clone());
    model.sessions.push(Session::of(Entry {
        target,
        label: None,
        story: None,
    }));
    let last = model.sessions.len() - 1;
    command::show(model, last);
    vec![Effect::Remember(typed)]
}

/// Opens the copy menu.
pub(super) fn open_copy(model: &mut Model) {
    let entries = model
        .inspection()
        .cloned()
        .map(|i| pages::copy_entries(&i, model.selected()))
        .unwrap_or_default();
    if entries.is_empty() {
        model.say(false, "There is nothing to copy yet.");
    } else {
        model.overlays.push(Overlay::Copy { picked: 0, entries });
    }
}

/// Opens the lesson of a rule.
pub(super) fn open_lesson(model: &mut Model, id: &'static str) {
    match lesson::lesson(id) {
        Some(lesson) => {
            let title = lesson.title.to_owned();
            let lines = pages::lesson(&lesson);
            model.overlays.push(Overlay::Page {
                title,
                lines,
                place: Place::default(),
            });
        }
        None => model.say(false, format!("There is no lesson for {id}.")),
    }
}

/// The title of the page of stores.
const STORES: &str = "Trust stores";

/// Opens the page of the stores of this machine.
pub(super) fn open_stores(model: &mut Model) {
    let lines = pages::stores(model);
    model.overlays.push(Overlay::Page {
        title: STORES.to_owned(),
        lines,
        place: Place::default(),
    });
}

/// More became known of the stores: their page, where it is open, says it.
pub(super) fn renew_stores(model: &mut Model) {
    let is_open = |o: &Overlay| matches!(o, Overlay::Page { title, .. } if title == STORES);
    let Some(place) = model.overlays.iter().position(is_open) else {
        return;
    };
    let fresh = pages::stores(model);
    if let Some(Overlay::Page { lines, .. }) = model.overlays.get_mut(place) {
        *lines = fresh;
    }
}

/// Opens the explanation of a field.
pub(super) fn open_explanation(model: &mut Model, id: &str) {
    match fields::explain(id) {
        Some(explanation) => {
            let lines = pages::explanation(explanation);
            model.overlays.push(Overlay::Page {
                title: "What is this?".to_owned(),
                lines,
                place: Place::default(),
            });
        }
        None => model.say(false, "There is no explanation for this field."),
    }
}

/// An edit of the input line in focus.
pub(super) fn edit(model: &mut Model, edit: Edit) {
    let request = match edit {
        Edit::Insert(c) if c.is_control() => return,
        Edit::Insert(c) => InputRequest::InsertChar(c),
        Edit::Backspace => InputRequest::DeletePrevChar,
        Edit::Delete => InputRequest::DeleteNextChar,
        Edit::Left => InputRequest::GoToPrevChar,
        Edit::Right => InputRequest::GoToNextChar,
        Edit::Start => InputRequest::GoToStart,
        Edit::End => InputRequest::GoToEnd,
        Edit::DeleteWord => InputRequest::DeletePrevWord,
        Edit::Clear => InputRequest::DeleteLine,
    };
    match model.overlays.last_mut() {
        Some(Overlay::Open {
            input,
            picked,
            wrong,
        }) => {
            *picked = None;
            *wrong = None;
            change(input, request);
        }
        Some(Overlay::Search { input }) => {
            change(input, request);
            model.search = input.value().to_owned();
            search::typed(model);
        }
        Some(Overlay::Palette { input, picked }) => {
            *picked = 0;
            change(input, request);
        }
        Some(Overlay::WhatIf(menu)) => {
            if let Some(typing) = &mut menu.typing {
                typing.wrong = None;
                change(&mut typing.input, request);
            }
        }
        Some(Overlay::Export(choice)) if choice.field == 2 => {
            choice.edited = true;
            change(&mut choice.name, request);
        }
        Some(Overlay::Trust(dialog)) => {
            if let Some(typed) = &mut dialog.agreeing {
                change(typed, request);
            }
        }
        _ => {}
    }
}

fn change(input: &mut Input, request: InputRequest) {
    if matches!(request, InputRequest::InsertChar(_)) && input.value().chars().count() >= LONGEST {
        return;
    }
    input.handle(request);
}

/// Pasted text: an error of some program is explained, and the one server that it names looked at; else it
/// goes into the input line in focus, without line ends, or becomes a new target.
pub(super) fn paste(model: &mut Model, pasted: &str) -> Vec<Effect> {
    let for_target = match model.overlays.last() {
        None => true,
        Some(Overlay::Open { input, .. }) => input.value().is_empty(),
        _ => false,
    };
    if for_target && let Some(effects) = paste_error(model, pasted) {
        return effects;
    }
    let line: String = pasted
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if model.overlays.is_empty() {
        model.overlays.push(Overlay::Open {
            input: Input::default(),
            picked: None,
            wrong: None,
        });
    }
    for c in line.trim().chars() {
        edit(model, Edit::Insert(c));
    }
    Vec::new()
}

/// Explains a known error on a page, with its server below; `None` when the text is none.
fn paste_error(model: &mut Model, text: &str) -> Option<Vec<Effect>> {
    let pasted = Pasted::read(text);
    let lines = pages::pasted(&pasted)?;
    let target = pasted
        .place()
        .and_then(|place| Target::parse(&place.typed()).ok());
    let effects = match target {
        Some(target) => {
            model.overlays.clear();
            open_target(model, target)
        }
        None => Vec::new(),
    };
    model.overlays.push(Overlay::Page {
        title: "What this error means".to_owned(),
        lines,
        place: Place::default(),
    });
    Some(effects)
}

/// Opens the page that says what is about to be asked on the network.
pub(super) fn open_ask(model: &mut Model, title: &'static str, lines: Vec<Line>, ask: Ask) {
    model.overlays.push(Overlay::Before {
        title,
        lines,
        ask: Box::new(ask),
    });
}
