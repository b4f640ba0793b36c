//! The last line: what was just said, the search line, or the keys that matter here.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{overlay, put};
use crate::text;
use crate::tui::keymap::{self, Command, FOOTER};
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{Focus, Model, Overlay, Status};

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    if let Some(Overlay::Search { input }) = model.overlays.last() {
        overlay::draw_line(model, "/", input, area, buffer);
        return;
    }
    if let Some(status) = &model.status {
        said(model, status, area, buffer);
        return;
    }
    if let Some(words) = model.asks() {
        let words = format!(" {words}{}", model.look.glyphs.waiting);
        put(
            buffer,
            area,
            0,
            &Line::of(Meaning::Accent, words),
            model.look,
        );
        return;
    }
    let mut line = Line::of(Meaning::Plain, " ");
    let width = usize::from(area.width);
    let hints = hints(model);
    // Help and quit are last and always stay.
    let always: usize = hints.iter().rev().take(2).map(columns).sum();
    let mut used = 1;
    for (at, hint) in hints.iter().enumerate() {
        let last = at + 2 >= hints.len();
        let reserved = if last { 0 } else { always };
        if used + columns(hint) + reserved > width + 2 {
            continue;
        }
        line = line
            .and(Meaning::Accent, hint.0)
            .and(Meaning::Muted, format!(" {}  ", hint.1));
        used += columns(hint);
    }
    put(buffer, area, 0, &line, model.look);
}

/// What was just said, whole: when one line does not hold it, it lies over the lines above.
fn said(model: &Model, status: &Status, area: Rect, buffer: &mut Buffer) {
    let (symbol, meaning) = if status.good {
        (model.look.glyphs.good, Meaning::Good)
    } else {
        (model.look.glyphs.bad, Meaning::Bad)
    };
    let line = Line::of(meaning, format!(" {symbol} "))
        .and(Meaning::Plain, status.text.clone())
        .hanging(3);
    let lines = wrap(&[line], usize::from(area.width));
    let rows = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .min(MOST_ROWS)
        .min(area.y + 1);
    let place = Rect {
        y: area.y + area.height - rows,
        height: rows,
        ..area
    };
    for y in place.y..place.y + place.height {
        for x in place.x..place.x + place.width {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    for (y, line) in (0..rows).zip(&lines) {
        put(buffer, place, y, line, model.look);
    }
}

/// Rows that a status takes at most.
const MOST_ROWS: u16 = 4;

fn columns(hint: &(&str, &str)) -> usize {
    text::width(hint.0) + text::width(hint.1) + 3
}

/// Keys and words, the most useful here first.
fn hints(model: &Model) -> Vec<(&'static str, &'static str)> {
    let arrows = if model.look.glyphs.is_ascii() {
        "j/k"
    } else {
        "↑↓"
    };
    let mut out = vec![(arrows, "move")];
    for &command in FOOTER {
        let Some(binding) = keymap::binding(command) else {
            continue;
        };
        let word = match (command, model.focus) {
            (Command::Enter, Focus::Tree) => "details",
            (Command::Enter, Focus::Targets) => "look",
            (Command::NextTarget, _) if model.sessions.len() < 2 => continue,
            _ => binding.short,
        };
        out.push((keymap::key_of(command), word));
    }
    out
}
