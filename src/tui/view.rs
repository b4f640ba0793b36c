//! Drawing: a frame is a function of the model. Only what is visible is built.
//!
//! ```text
//!  title ───────────────────────────── verdict, version, time
//!  banner (only when something is assumed)
//! ┌ Targets ┐┌ Chain ────────┐┌ Why ── Certificate ── Handshake ── PEM ┐
//! │         ││ root          ││ lines of the pane                      │
//! │         ││ └ leaf        ││                                        │
//! └─────────┘└───────────────┘└────────────────────────────────────────┘
//!  dates of the chain (only when another time is judged)
//!  status, or keys
//! ```

mod chain;
mod footer;
mod frame;
mod input;
mod journal;
mod overlay;
mod sidebar;
mod strip;
mod trust;
mod what_if;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::areas::{self, Areas};
use super::line::{Line, Meaning};
use super::model::{Focus, Model, Overlay, Pane, Place, State};
use super::theme::Look;
use crate::inspect::{Inspection, Outcome};
use crate::text;

pub use overlay::{box_of, page_width};
pub use sidebar::targets_offset;

/// Draws the model.
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    let area = frame.area();
    draw(model, area, frame.buffer_mut());
}

/// Draws the model into a buffer of `area`'s size.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let areas = areas::areas(model);
    if areas.too_small {
        put(
            buffer,
            area,
            0,
            &Line::of(Meaning::Plain, "too small"),
            model.look,
        );
        return;
    }
    title(model, areas.title, buffer);
    if let Some(words) = areas::banner(model) {
        let line = Line::of(
            Meaning::Warn,
            format!(" {} {words}", model.look.glyphs.warn),
        );
        put(buffer, areas.banner, 0, &line, model.look);
    }
    if !areas.targets_box.is_empty() {
        sidebar::draw(model, &areas, buffer);
    }
    if !areas.tree_box.is_empty() {
        chain::draw(model, &areas, buffer);
    }
    if !areas.pane_box.is_empty() {
        pane(model, &areas, buffer);
    }
    if !areas.strip.is_empty() {
        strip::draw(model, areas.strip, buffer);
    }
    footer::draw(model, areas.footer, buffer);
    for layer in &model.overlays {
        overlay::draw(model, layer, area, buffer);
    }
    // What was just said is never hidden.
    if model.status.is_some() && !model.overlays.is_empty() {
        footer::draw(model, areas.footer, buffer);
    }
    if model.look.glyphs.is_ascii() {
        to_ascii(buffer);
    }
}

/// Turns typographic signs into their plain cousins, and what has none into question marks, column
/// by column: a terminal without Unicode would lose count of its columns.
fn to_ascii(buffer: &mut Buffer) {
    let mut wide = false;
    for cell in &mut buffer.content {
        if std::mem::take(&mut wide) {
            cell.set_symbol("?");
            continue;
        }
        if cell.symbol().is_ascii() {
            continue;
        }
        let plain = match cell.symbol() {
            "“" | "”" | "„" => "\"",
            "‘" | "’" => "'",
            "…" => "~",
            "–" | "—" | "‐" => "-",
            "·" | "•" => ".",
            "×" => "x",
            "↑" => "^",
            "↓" => "v",
            "←" => "<",
            "→" => ">",
            symbol => {
                wide = text::width(symbol) > 1;
                "?"
            }
        };
        cell.set_symbol(plain);
    }
}

/// Writes one line at row `y` of an area, cut to its width.
fn put(buffer: &mut Buffer, area: Rect, y: u16, line: &Line, look: Look) {
    put_at(buffer, area, 0, y, line, look);
}

fn put_at(buffer: &mut Buffer, area: Rect, x: u16, y: u16, line: &Line, look: Look) {
    if y >= area.height {
        return;
    }
    let end = area.x + area.width;
    let mut x = area.x + x;
    for span in &line.spans {
        if x >= end {
            return;
        }
        let room = usize::from(end - x);
        let shown = text::clip(&span.text, room);
        let style = look.style(span.meaning);
        x = write(buffer, x, area.y + y, &shown, room, style);
    }
}

/// Writes text and gives the column after it. Plain text goes into its cells without being looked at for
/// clusters: that is what a frame costs most.
fn write(buffer: &mut Buffer, x: u16, y: u16, shown: &str, room: usize, style: Style) -> u16 {
    if !text::is_plain(shown) {
        return buffer.set_stringn(x, y, shown, room, style).0;
    }
    let mut at = x;
    for character in shown.chars().take(room) {
        let Some(cell) = buffer.cell_mut((at, y)) else {
            break;
        };
        cell.set_char(character).set_style(style);
        at += 1;
    }
    at
}

fn title(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(session) = model.session() else {
        put(
            buffer,
            area,
            0,
            &Line::of(Meaning::Strong, " whycert")
                .and(Meaning::Muted, "  why does this certificate fail?"),
            model.look,
        );
        return;
    };
    let (badge, extra) = match session.inspection() {
        Some(inspection) => (badge(inspection, model.look, area.width), facts(inspection)),
        None => (
            Line::of(Meaning::Accent, waiting_word(session)),
            String::new(),
        ),
    };
    let badge_width = text::width(&badge.text());
    let extra_width = text::width(&extra);
    let width = usize::from(area.width);
    let show_extra = !extra.is_empty() && width > 40 + badge_width + extra_width;
    let right = badge_width + 1 + if show_extra { extra_width + 2 } else { 0 };
    let many = model.sessions.len();
    let count = if many > 1 {
        format!(" {}/{many}", model.current + 1)
    } else {
        String::new()
    };
    let name = if width >= 60 { " whycert  " } else { " " };
    let room = width.saturating_sub(right + text::width(name) + text::width(&count) + 1);
    let title = session.title();
    let mut left = Line::of(Meaning::Accent, name)
        .and(Meaning::Strong, text::clip(&title, room))
        .and(Meaning::Muted, count);
    // A session that has a name of its own (lab) says where it is as well.
    let address = text::safe(&session.entry.target.typed);
    let spare = room.saturating_sub(text::width(&title) + 3);
    if session.entry.label.is_some() && spare >= 16 {
        left = left.and(Meaning::Muted, format!("  {}", text::clip(&address, spare)));
    }
    put(buffer, area, 0, &left, model.look);
    let mut line = badge;
    if show_extra {
        line = line.and(Meaning::Muted, format!("  {extra}"));
    }
    let x = u16::try_from(width.saturating_sub(right)).unwrap_or(0);
    put_at(buffer, area, x, 0, &line, model.look);
}

fn waiting_word(session: &super::model::Session) -> String {
    match &session.state {
        State::Waiting { stages, .. } => stages
            .last()
            .map_or("starting", |(s, _)| s.waiting())
            .to_owned(),
        _ => "queued".to_owned(),
    }
}

fn badge(inspection: &Inspection, look: Look, width: u16) -> Line {
    let glyphs = look.glyphs;
    if let Some(list) = &inspection.list {
        let words = text::count(list.certificates, "certificate");
        return Line::of(
            Meaning::Plain,
            format!("{} list of {words}", glyphs.neutral),
        );
    }
    let clients = inspection.grid.as_ref().map(|grid| grid.rejected());
    let rejected = clients.filter(|(no, _)| *no > 0);
    match inspection.outcome {
        Outcome::Trusted | Outcome::TrustedIf => {
            let pretended = inspection.outcome == Outcome::TrustedIf;
            let line = match pretended {
                true => Line::of(Meaning::Warn, format!("{} trusted, pretended", glyphs.warn)),
                false => Line::of(Meaning::Good, format!("{} trusted", glyphs.good)),
            };
            match rejected {
                Some((no, all)) if width >= 72 => line.and(
                    Meaning::Warn,
                    format!(", rejected by {no} of {all} clients"),
                ),
                Some((no, all)) if !pretended => {
                    line.and(Meaning::Warn, format!(", not by {no}/{all}"))
                }
                _ => line,
            }
        }
        Outcome::Untrusted => {
            let words = match rejected {
                Some((no, all)) if width >= 60 => format!("rejected by {no} of {all} clients"),
                Some((no, all)) => format!("{no} of {all} reject"),
                None => "not trusted".to_owned(),
            };
            Line::of(Meaning::Bad, format!("{} {words}", glyphs.bad))
        }
        Outcome::NoCertificate => Line::of(Meaning::Bad, format!("{} no certificate", glyphs.bad)),
        Outcome::Unreachable => Line::of(Meaning::Bad, format!("{} not reached", glyphs.bad)),
    }
}

fn facts(inspection: &Inspection) -> String {
    let mut parts = Vec::new();
    if let Some(version) = &inspection.capture.session.version {
        parts.push(version.clone());
    }
    if inspection.capture.target.endpoint().is_some() {
        parts.push(millis(inspection.took));
    }
    parts.join("  ")
}

fn pane(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Pane && uncovered(model);
    if areas.bare {
        frame::rule(buffer, areas.tabs, focused, model.look);
    } else {
        frame::draw(buffer, areas.pane_box, "", focused, model.look);
    }
    for (x, width, pane, word) in tabs(areas) {
        let chosen = pane == model.pane;
        let meaning = if chosen {
            Meaning::Strong
        } else {
            Meaning::Muted
        };
        let style = if chosen {
            model
                .look
                .style(meaning)
                .patch(model.look.border(focused))
                .add_modifier(ratatui::style::Modifier::UNDERLINED)
        } else {
            model.look.style(meaning)
        };
        let shown = format!(" {word} ");
        buffer.set_stringn(
            x,
            areas.tabs.y,
            &shown,
            usize::from(width),
            model.look.style(Meaning::Muted),
        );
        buffer.set_stringn(
            x + 1,
            areas.tabs.y,
            word,
            usize::from(width.saturating_sub(2)),
            style,
        );
    }
    let Some(session) = model.session() else {
        return;
    };
    let place = session.place(model.pane);
    lines(model, &session.lines, place, focused, areas.pane, buffer);
    let around = if areas.bare {
        areas.tabs
    } else {
        areas.pane_box
    };
    frame::scrolled(
        buffer,
        around,
        place.offset,
        usize::from(areas.pane.height),
        session.lines.len(),
        model.look,
    );
}

/// Nothing lies over the panes; the search line lies below them.
fn uncovered(model: &Model) -> bool {
    let search = |layer: &Overlay| matches!(layer, Overlay::Search { .. });
    model.overlays.iter().all(search)
}

/// `4 ms`, `1.5 s`.
fn millis(took: std::time::Duration) -> String {
    match took.as_millis() {
        ms @ 0..10_000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    }
}

/// Lines from a place on, the selected one marked when the pane has the focus.
fn lines(
    model: &Model,
    lines: &[Line],
    place: Place,
    focused: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let height = usize::from(area.height);
    let needle = model.search.to_lowercase();
    for (index, line) in lines.iter().enumerate().skip(place.offset).take(height) {
        let y = u16::try_from(index - place.offset).unwrap_or(0);
        put(buffer, area, y, line, model.look);
        let row = Rect {
            y: area.y + y,
            height: 1,
            ..area
        };
        if focused && index == place.line {
            buffer.set_style(row, model.look.selection(true));
        }
        highlight(buffer, row, &needle, model.look);
    }
}

/// Marks what the search found in a drawn row.
fn highlight(buffer: &mut Buffer, row: Rect, needle: &str, look: Look) {
    if needle.is_empty() || row.height == 0 {
        return;
    }
    // The row as text, with the column of each character.
    let mut text = String::new();
    let mut columns = Vec::new();
    for x in row.x..row.x + row.width {
        let Some(cell) = buffer.cell((x, row.y)) else {
            return;
        };
        let lower = cell.symbol().to_lowercase();
        columns.extend(std::iter::repeat_n(x, lower.len()));
        text.push_str(&lower);
    }
    let spots: Vec<(u16, u16)> = text
        .match_indices(needle)
        .filter_map(|(at, found)| {
            let last = at + found.len().saturating_sub(1);
            Some((*columns.get(at)?, *columns.get(last)?))
        })
        .collect();
    for (from, to) in spots {
        let spot = Rect::new(from, row.y, to - from + 1, 1);
        buffer.set_style(spot, look.found());
    }
}

/// Column, width, pane and word of each tab; short words where the long ones do not fit.
fn tabs(areas: &Areas) -> Vec<(u16, u16, Pane, &'static str)> {
    let end = areas.tabs.x + areas.tabs.width.saturating_sub(1);
    let wanted: usize = Pane::ALL.iter().map(|p| p.title().len() + 3).sum();
    let long = wanted < usize::from(areas.tabs.width) && !areas.bare;
    let mut x = areas.tabs.x + 1;
    let mut out = Vec::new();
    for pane in Pane::ALL {
        let word = if long {
            pane.title()
        } else {
            pane.short_title()
        };
        let width = u16::try_from(word.len() + 2)
            .unwrap_or(0)
            .min(end.saturating_sub(x));
        if width > 2 {
            out.push((x, width, pane, word));
        }
        x += width + 1;
    }
    out
}

/// The index of the tab at a column.
pub fn tab_at(model: &Model, x: u16) -> Option<u8> {
    let areas = areas::areas(model);
    let hit = tabs(&areas)
        .into_iter()
        .position(|(from, width, ..)| x >= from && x < from + width)?;
    u8::try_from(hit).ok()
}
