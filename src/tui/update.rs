//! What happens next: `update(&mut Model, Message) -> Vec<Effect>`. Pure: no clock, no I/O.

mod clients;
mod command;
mod export;
mod further;
mod journal;
pub mod overlay;
mod search;
mod time;
mod trust;
mod what_if;

use std::sync::Arc;

use super::areas;
use super::keymap::Command;
use super::message::{Effect, Message};
use super::model::{CopyRoute, Focus, Model, Overlay, State};
use crate::export::{Format, What};
use crate::inspect::{self, Inspection};
use crate::text;

/// Inspections under way at most; the selected target goes first.
pub const SIDE_BY_SIDE: usize = 32;

/// Changes the model for one message and says what the world is to do.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut effects = Vec::new();
    match message {
        Message::Command(command) => {
            model.status = None;
            effects = command::run(model, command);
        }
        Message::Edit(edit) => {
            model.status = None;
            overlay::edit(model, edit);
        }
        Message::Paste(pasted) => effects = overlay::paste(model, &pasted),
        Message::Click { x, y } => effects = click(model, x, y),
        Message::Wheel { x, y, lines } => effects = wheel(model, x, y, lines),
        Message::Resized(columns, rows) => {
            model.size = (columns, rows);
            model.refresh();
        }
        Message::Tick(now) => {
            model.now = now;
            if model.waits() {
                model.refresh();
            }
        }
        Message::Stage { job, stage } => {
            let now = model.now;
            for session in &mut model.sessions {
                if let State::Waiting { job: own, stages } = &mut session.state
                    && *own == job
                {
                    stages.push((stage, now));
                }
            }
            model.refresh();
        }
        Message::Inspected { job, inspection } => inspected(model, job, inspection),
        Message::Further { job, further } => further::asked(model, job, *further),
        Message::Read { job, result } => further::read(model, job, result),
        Message::Stores(stores) => model.stores = Some(stores),
        Message::Surveyed(survey) => clients::surveyed(model, survey),
        Message::Installed(found) => effects = clients::installed(model, found),
        Message::Asked { job, measured } => clients::asked(model, job, *measured),
        Message::History(history) => model.history = history,
        Message::Saved {
            what,
            format,
            result,
        } => saved(model, what, format, result),
        Message::Copied { what, result } => copied(model, &what, result),
        Message::Planned(rung, plan) => {
            if let Some(Overlay::Trust(dialog)) = model.overlays.last_mut()
                && dialog.rung() == rung
            {
                dialog.plan = Some(*plan);
            }
        }
        Message::Listed {
            entries,
            hides_root,
        } => journal::listed(model, entries, hides_root),
        Message::Undone(result) => effects = journal::undone(model, *result),
        Message::Trusted(result) => {
            if let Some(Overlay::Trust(dialog)) = model.overlays.last_mut() {
                dialog.busy = false;
                dialog.applied = Some(*result);
            }
        }
    }
    effects.extend(start_waiting(model));
    effects.extend(clients::freshen(model));
    effects
}

/// Starts queued inspections up to [`SIDE_BY_SIDE`], the one shown first.
fn start_waiting(model: &mut Model) -> Vec<Effect> {
    let under_way = model
        .sessions
        .iter()
        .filter(|s| matches!(s.state, State::Waiting { .. }))
        .count();
    let room = SIDE_BY_SIDE.saturating_sub(under_way);
    let current = model.current;
    let mut queued: Vec<usize> = (0..model.sessions.len())
        .filter(|&i| {
            model
                .sessions
                .get(i)
                .is_some_and(|s| matches!(s.state, State::Queued))
        })
        .collect();
    queued.sort_by_key(|&i| i != current);
    queued.truncate(room);
    let mut effects = Vec::new();
    for index in queued {
        let job = model.fresh_job();
        if let Some(session) = model.sessions.get_mut(index) {
            // What clients said was said of an earlier connection.
            session.measured.clear();
            session.asking = None;
            session.knowledge = 0;
        }
        let options = model.sessions.get(index).map(|s| model.options_of(s));
        if let (Some(session), Some(options)) = (model.sessions.get_mut(index), options) {
            session.beyond = None;
            session.state = State::Waiting {
                job,
                stages: Vec::new(),
            };
            effects.push(Effect::Inspect {
                job,
                target: Box::new(session.entry.target.clone()),
                options: Box::new(options),
            });
        }
    }
    if !effects.is_empty() {
        model.refresh();
    }
    effects
}

fn inspected(model: &mut Model, job: super::message::JobId, inspection: Arc<Inspection>) {
    let now = model.now;
    let found = model
        .sessions
        .iter()
        .position(|s| matches!(&s.state, State::Waiting { job: own, .. } if *own == job));
    let Some(index) = found else { return };
    let shown = index == model.current;
    let flipped = model.flipped;
    let options = model.sessions.get(index).map(|s| model.options_of(s));
    if let (Some(session), Some(options)) = (model.sessions.get_mut(index), options) {
        let inspection = if inspection.asked.what_if == options.what_if {
            inspection
        } else {
            Arc::new(inspect::reassess(&inspection, &options, now))
        };
        session.turn = what_if::turn(&inspection);
        session.plant(&inspection, flipped);
        session.row = guilty_row(&inspection, &session.rows);
        session.state = State::Ready(inspection);
    }
    if shown {
        model.refresh();
    }
}

/// The row to open on: what the first finding is about, else the leaf. For a certificate that is
/// missing it is the one that names it, because that one can be exported at once.
fn guilty_row(inspection: &Inspection, rows: &[super::tree::Row]) -> usize {
    let chain = &inspection.chain;
    let guilty = inspection.findings.first().and_then(|f| match f.subject {
        crate::diagnosis::Subject::Node(id) => Some(id),
        _ => None,
    });
    let node = guilty.and_then(|id| match chain.certificate(id) {
        Some(_) => Some(id),
        None => chain.links.iter().find(|l| l.issuer == id).map(|l| l.child),
    });
    let node = node.or(chain.leaf);
    rows.iter()
        .position(|r| r.node == node && node.is_some())
        .unwrap_or(0)
}

fn saved(
    model: &mut Model,
    what: What,
    format: Format,
    result: Result<std::path::PathBuf, String>,
) {
    match result {
        Ok(path) => {
            let shown = text::safe(&path.to_string_lossy()).into_owned();
            let command = next_command(model, what, format, &text::shell_quote(&shown));
            let next = command.map_or_else(String::new, |c| format!(". Now: {c}"));
            model.say(true, format!("Wrote {shown}{next}"));
        }
        Err(why) => model.say(false, why),
    }
}

/// The command that uses an exported file: what trusts it where that works, else what reads it.
fn next_command(model: &Model, what: What, format: Format, file: &str) -> Option<String> {
    let session = model.session()?;
    let inspection = session.inspection()?;
    let endpoint = session.entry.target.endpoint().is_some();
    let url = text::shell_quote(&text::safe(&session.entry.target.typed));
    // Trusting it works for what signs others, or itself.
    let anchor = match what {
        What::Node(id) => inspection
            .chain
            .certificate(id)
            .is_some_and(|c| c.is_ca() || c.is_self_issued()),
        What::Root | What::RootsPlus(_) => true,
        What::Leaf | What::Chain | What::Repaired => false,
    };
    match format {
        Format::Pem if anchor && endpoint && url.starts_with("https://") => {
            Some(format!("curl --cacert {file} {url}"))
        }
        Format::Pem if matches!(what, What::Chain | What::Repaired) => {
            Some(format!("whycert verify --chain {file}"))
        }
        Format::Pem => Some(format!("openssl x509 -in {file} -noout -text")),
        Format::Der => Some(format!("openssl x509 -inform DER -in {file} -noout -text")),
        Format::Text | Format::Json | Format::Markdown => None,
    }
}

fn copied(model: &mut Model, what: &str, result: Result<CopyRoute, String>) {
    match result {
        Ok(CopyRoute::Desktop) => model.say(true, format!("Copied {what} to the clipboard.")),
        Ok(CopyRoute::Terminal { bytes, tmux }) => {
            let needs = if tmux {
                "; tmux needs allow-passthrough"
            } else {
                ""
            };
            model.say(
                true,
                format!("Sent {what} by OSC 52 ({bytes} bytes): it cannot be confirmed{needs}."),
            );
        }
        Ok(CopyRoute::File(path)) => {
            let shown = text::safe(&path.to_string_lossy()).into_owned();
            model.say(
                true,
                format!("There is no clipboard here; wrote {what} to {shown}"),
            );
        }
        Err(why) => model.say(false, format!("Could not copy {what}: {why}")),
    }
}

fn click(model: &mut Model, x: u16, y: u16) -> Vec<Effect> {
    let position = ratatui::layout::Position::new(x, y);
    model.status = None;
    if !model.overlays.is_empty() {
        return overlay::click(model, position);
    }
    let areas = areas::areas(model);
    if areas.targets.contains(position) {
        model.focus = Focus::Targets;
        let offset = super::view::targets_offset(model, usize::from(areas.targets.height));
        let index = offset + usize::from(y - areas.targets.y);
        if index < model.sessions.len() {
            command::show(model, index);
        }
    } else if areas.tabs.contains(position) {
        if let Some(pane) = super::view::tab_at(model, x) {
            return command::run(model, Command::Pane(pane));
        }
    } else if areas.tree.contains(position) {
        model.focus = Focus::Tree;
        if let Some(session) = model.session_mut() {
            let row = session.row_offset + usize::from(y - areas.tree.y);
            if row < session.rows.len() {
                session.row = row;
            }
        }
        model.refresh();
    } else if areas.pane.contains(position) {
        model.focus = Focus::Pane;
        let pane = model.pane;
        if let Some(session) = model.session_mut() {
            let mut place = session.place(pane);
            let line = place.offset + usize::from(y - areas.pane.y);
            if line < session.lines.len() {
                let again = place.line == line;
                place.line = line;
                session.places.insert(pane, place);
                if again {
                    return command::run(model, Command::Enter);
                }
            }
        }
    }
    Vec::new()
}

fn wheel(model: &mut Model, x: u16, y: u16, lines: i32) -> Vec<Effect> {
    let position = ratatui::layout::Position::new(x, y);
    if !model.overlays.is_empty() {
        return overlay::scroll(model, lines);
    }
    let areas = areas::areas(model);
    let keep = model.focus;
    if areas.tree.contains(position) {
        model.focus = Focus::Tree;
    } else if areas.targets.contains(position) {
        model.focus = Focus::Targets;
    } else if areas.pane_box.contains(position) {
        scroll_pane(model, i64::from(lines), usize::from(areas.pane.height));
        return Vec::new();
    }
    command::move_by(model, i64::from(lines));
    model.focus = keep;
    Vec::new()
}

/// The wheel moves the page, and takes the cursor along only when it would leave the sight.
fn scroll_pane(model: &mut Model, lines: i64, height: usize) {
    let pane = model.pane;
    let Some(session) = model.session_mut() else {
        return;
    };
    let count = session.lines.len();
    let place = session.places.entry(pane).or_default();
    place.offset = command::moved(place.offset, lines, count.saturating_sub(height));
    let last = (place.offset + height).min(count).saturating_sub(1);
    place.line = place.line.clamp(place.offset.min(last), last);
}
