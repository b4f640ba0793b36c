//! Drawing: a frame is a function of the model. Only what is visible is built.
//!
//! ```text
//!  title ───────────────────────────── verdict, version, time
//!  banner (only when something is pretended or another time is judged)
//! ┌ Targets ┐┌ Chain ────────┐┌ Why ── Certificate ── Handshake ── PEM ┐
//! │         ││ root          ││ lines of the pane                      │
//! │         ││ └ leaf        ││                                        │
//! └─────────┘└───────────────┘└────────────────────────────────────────┘
//!  status, or keys
//! ```

mod frame;
mod overlay;
mod sidebar;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::areas::{self, Areas};
use super::keymap::{self, BINDINGS};
use super::line::{Line, Meaning};
use super::model::{Focus, Model, Pane, Place, State};
use super::theme::Look;
use super::tree::{self, Mark, Row};
use crate::inspect::{Inspection, Outcome};
use crate::text;

pub use overlay::page_width;
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
        chain(model, &areas, buffer);
    }
    if !areas.pane_box.is_empty() {
        pane(model, &areas, buffer);
    }
    footer(model, areas.footer, buffer);
    for layer in &model.overlays {
        overlay::draw(model, layer, area, buffer);
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
        let (next, _) = buffer.set_stringn(
            x,
            area.y + y,
            shown.as_ref(),
            room,
            look.style(span.meaning),
        );
        x = next;
    }
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
        Some(inspection) => (badge(inspection, model.look), facts(inspection)),
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
    let left = Line::of(Meaning::Accent, name)
        .and(Meaning::Strong, text::clip(&session.title(), room))
        .and(Meaning::Muted, count);
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

fn badge(inspection: &Inspection, look: Look) -> Line {
    let glyphs = look.glyphs;
    let pretended = inspection.verdicts.first().is_some_and(|v| v.pretended);
    match inspection.outcome {
        Outcome::Trusted if pretended => {
            Line::of(Meaning::Warn, format!("{} trusted, pretended", glyphs.warn))
        }
        Outcome::Trusted => Line::of(Meaning::Good, format!("{} trusted", glyphs.good)),
        Outcome::Untrusted => Line::of(Meaning::Bad, format!("{} not trusted", glyphs.bad)),
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
        parts.push(format!("{} ms", inspection.took.as_millis()));
    }
    parts.join("  ")
}

fn chain(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Tree && model.overlays.is_empty();
    frame::draw(buffer, areas.tree_box, "Chain", focused, model.look);
    let Some(session) = model.session() else {
        return;
    };
    let Some(inspection) = session.inspection() else {
        return;
    };
    if session.rows.is_empty() {
        put(
            buffer,
            areas.tree,
            0,
            &Line::of(Meaning::Muted, "no certificate"),
            model.look,
        );
        return;
    }
    let height = usize::from(areas.tree.height);
    for (y, row) in session
        .rows
        .iter()
        .enumerate()
        .skip(session.row_offset)
        .take(height)
    {
        let line_y = u16::try_from(y - session.row_offset).unwrap_or(0);
        draw_row(model, inspection, row, areas.tree, line_y, buffer);
        if y == session.row {
            let row_area = Rect {
                y: areas.tree.y + line_y,
                height: 1,
                ..areas.tree
            };
            buffer.set_style(row_area, model.look.selection(focused));
        }
    }
    frame::scrolled(
        buffer,
        areas.tree_box,
        session.row_offset,
        height,
        session.rows.len(),
        model.look,
    );
}

fn draw_row(
    model: &Model,
    inspection: &Inspection,
    row: &Row,
    area: Rect,
    y: u16,
    buffer: &mut Buffer,
) {
    let glyphs = model.look.glyphs;
    let Some(id) = row.node else {
        put(
            buffer,
            area,
            y,
            &Line::of(Meaning::Muted, "also sent, on no path:"),
            model.look,
        );
        return;
    };
    let Some(node) = inspection.chain.node(id) else {
        return;
    };
    let (symbol, meaning) = match tree::mark(inspection, id) {
        Mark::Good => (glyphs.good, Meaning::Good),
        Mark::Warn => (glyphs.warn, Meaning::Warn),
        Mark::Bad => (glyphs.bad, Meaning::Bad),
        Mark::Missing => (glyphs.missing, Meaning::Warn),
        Mark::Neutral => (glyphs.neutral, Meaning::Muted),
    };
    let mut line = Line::default();
    if row.depth > 0 {
        let branch = if row.broken {
            glyphs.broken
        } else {
            glyphs.branch
        };
        let branch_meaning = if row.broken {
            Meaning::Bad
        } else {
            Meaning::Muted
        };
        line = line
            .and(Meaning::Muted, "  ".repeat(row.depth - 1))
            .and(branch_meaning, branch);
    }
    line = line.and(meaning, format!("{symbol} "));
    if row.folded {
        line = line.and(Meaning::Accent, format!("{} ", glyphs.folded));
    }
    let origin = tree::origin(inspection, id);
    let left = tree::validity(inspection, id);
    let anchored = !node.is_ghost() && !node.anchored_in.is_empty() && node.is_sent();
    let mut tail = if origin == "sent" || origin == "in the file" {
        String::new()
    } else {
        origin
    };
    if anchored {
        tail = "in store".to_owned();
    }
    let tail = match (tail.is_empty(), left.is_empty()) {
        (true, _) => left,
        (false, true) => tail,
        (false, false) if area.width >= 40 => format!("{tail}, {left}"),
        (false, false) => tail,
    };
    let used = text::width(&line.text());
    let width = usize::from(area.width);
    // The name has the right of way: the tail stands only where it leaves the name twelve columns.
    let name = node.title();
    let wanted = text::width(&name).min(width.saturating_sub(used));
    let room_for_tail = width.saturating_sub(used + wanted.max(12.min(text::width(&name))) + 2);
    let tail = if text::width(&tail) <= room_for_tail.max(width / 3) {
        tail
    } else {
        String::new()
    };
    let tail_width = if tail.is_empty() {
        0
    } else {
        text::width(&tail) + 2
    };
    let name_room = width.saturating_sub(used + tail_width);
    let name_meaning = if node.is_ghost() {
        Meaning::Muted
    } else {
        Meaning::Plain
    };
    line = line.and(name_meaning, text::clip(&name, name_room));
    put(buffer, area, y, &line, model.look);
    if !tail.is_empty() {
        let x = u16::try_from(width.saturating_sub(text::width(&tail))).unwrap_or(0);
        put_at(
            buffer,
            area,
            x,
            y,
            &Line::of(Meaning::Muted, tail),
            model.look,
        );
    }
}

fn pane(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Pane && model.overlays.is_empty();
    frame::draw(buffer, areas.pane_box, "", focused, model.look);
    for (x, width, pane) in tabs(areas) {
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
        let shown = format!(" {} ", pane.title());
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
            pane.title(),
            usize::from(width.saturating_sub(2)),
            style,
        );
    }
    let Some(session) = model.session() else {
        return;
    };
    let place = session.place(model.pane);
    lines(model, &session.lines, place, focused, areas.pane, buffer);
    frame::scrolled(
        buffer,
        areas.pane_box,
        place.offset,
        usize::from(areas.pane.height),
        session.lines.len(),
        model.look,
    );
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
        let matched = !needle.is_empty() && line.text().to_lowercase().contains(&needle);
        if focused && index == place.line {
            buffer.set_style(row, model.look.selection(true));
        } else if matched {
            buffer.set_style(row, model.look.selection(false));
        }
    }
}

/// Column, width and pane of each tab.
fn tabs(areas: &Areas) -> Vec<(u16, u16, Pane)> {
    let mut x = areas.tabs.x + 1;
    let end = areas.tabs.x + areas.tabs.width.saturating_sub(1);
    let mut out = Vec::new();
    for pane in Pane::ALL {
        let width = u16::try_from(pane.title().len() + 2)
            .unwrap_or(0)
            .min(end.saturating_sub(x));
        if width > 2 {
            out.push((x, width, pane));
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
        .position(|(from, width, _)| x >= from && x < from + width)?;
    u8::try_from(hit).ok()
}

fn footer(model: &Model, area: Rect, buffer: &mut Buffer) {
    if let Some(status) = &model.status {
        let (symbol, meaning) = if status.good {
            (model.look.glyphs.good, Meaning::Good)
        } else {
            (model.look.glyphs.bad, Meaning::Bad)
        };
        let line =
            Line::of(meaning, format!(" {symbol} ")).and(Meaning::Plain, status.text.clone());
        put(buffer, area, 0, &line, model.look);
        return;
    }
    let mut line = Line::of(Meaning::Plain, " ");
    let mut used = 1;
    let move_hint = [("↑↓", "move")];
    let rows = BINDINGS
        .iter()
        .filter(|b| !b.short.is_empty())
        .map(|b| (keymap::key_of(b.command), b.short));
    let width = usize::from(area.width);
    for (key, word) in move_hint.into_iter().chain(rows) {
        let piece = text::width(key) + text::width(word) + 3;
        // Help and quit always stay: they are last in the table.
        let reserved = if word == "help" || word == "quit" {
            0
        } else {
            16
        };
        if used + piece + reserved > width {
            continue;
        }
        line = line
            .and(Meaning::Accent, key)
            .and(Meaning::Muted, format!(" {word}  "));
        used += piece;
    }
    put(buffer, area, 0, &line, model.look);
}
