//! The chain as a tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{frame, highlight, put, put_at, uncovered};
use crate::chain::{Node, NodeId, Origin};
use crate::inspect::Inspection;
use crate::text;
use crate::tui::areas::Areas;
use crate::tui::line::{Line, Meaning};
use crate::tui::model::{Focus, Model};
use crate::tui::theme::Glyphs;
use crate::tui::tree::{self, Mark, Row};

/// Columns from which a row has room for where it comes from and its time left.
const ROOMY: u16 = 44;

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Tree && uncovered(model);
    if !areas.bare {
        frame::draw(buffer, areas.tree_box, "Chain", focused, model.look);
    }
    let Some(session) = model.session() else {
        return;
    };
    let Some(inspection) = session.inspection() else {
        return;
    };
    let height = usize::from(areas.tree.height);
    let needle = model.search.to_lowercase();
    let rows = session.rows.iter().enumerate();
    for (at, row) in rows.skip(session.row_offset).take(height) {
        let y = u16::try_from(at - session.row_offset).unwrap_or(0);
        draw_row(model, inspection, row, areas.tree, y, buffer);
        let place = Rect {
            y: areas.tree.y + y,
            height: 1,
            ..areas.tree
        };
        if at == session.row {
            buffer.set_style(place, model.look.selection(focused));
            if !areas.bare {
                frame::here(buffer, areas.tree_box, place.y, model.look);
            }
        }
        highlight(buffer, place, &needle, model.look);
    }
    if !areas.bare {
        frame::scrolled(
            buffer,
            areas.tree_box,
            session.row_offset,
            height,
            session.rows.len(),
            model.look,
        );
    }
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
        let heading = Line::of(Meaning::Muted, "also sent, on no path:");
        put(buffer, area, y, &heading, model.look);
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
    let mut line = branches(row, glyphs).and(meaning, format!("{symbol} "));
    if row.folded {
        line = line.and(Meaning::Accent, format!("{} ", glyphs.folded));
    }
    let width = usize::from(area.width);
    let room = width.saturating_sub(text::width(&line.text()));
    let name = node.title();
    let tail = tail(inspection, id, node, area.width >= ROOMY);
    // Bad news is always told; anything else only where the name keeps its room.
    let fits = text::width(&name) + text::width(&tail.text) + 2 <= room;
    let told = fits || (tail.pressing && text::width(&tail.text) + 10 <= room);
    let tail = tail.shown(told);
    let tail_width = text::width(&tail.text());
    let gap = if tail_width == 0 { 0 } else { 2 };
    let name_meaning = if node.is_ghost() {
        Meaning::Muted
    } else {
        Meaning::Plain
    };
    let name_room = room.saturating_sub(tail_width + gap);
    line = line.and(name_meaning, text::clip(&name, name_room));
    put(buffer, area, y, &line, model.look);
    let x = u16::try_from(width.saturating_sub(tail_width)).unwrap_or(0);
    put_at(buffer, area, x, y, &tail, model.look);
}

/// Rails of ancestors that go on, then the branch to this row.
fn branches(row: &Row, glyphs: &Glyphs) -> Line {
    let mut line = Line::default();
    if row.depth == 0 {
        return line;
    }
    let rails: String = (1..row.depth)
        .map(|level| {
            if row.rails & (1 << level) == 0 {
                "  "
            } else {
                glyphs.rail
            }
        })
        .collect();
    line = line.and(Meaning::Muted, rails);
    if row.broken {
        line.and(Meaning::Bad, glyphs.broken)
    } else if row.last {
        line.and(Meaning::Muted, glyphs.branch)
    } else {
        line.and(Meaning::Muted, glyphs.fork)
    }
}

/// What stands at the right end of a row.
struct Tail {
    text: String,
    meaning: Meaning,
    pressing: bool,
}

impl Tail {
    fn shown(self, told: bool) -> Line {
        if told && !self.text.is_empty() {
            Line::of(self.meaning, self.text)
        } else {
            Line::default()
        }
    }
}

fn tail(inspection: &Inspection, id: NodeId, node: &Node, roomy: bool) -> Tail {
    if node.is_ghost() {
        return Tail {
            text: "missing".to_owned(),
            meaning: Meaning::Warn,
            pressing: true,
        };
    }
    let time = tree::validity(inspection, id);
    if tree::is_pressing(inspection, id) {
        return Tail {
            text: time,
            meaning: Meaning::Warn,
            pressing: true,
        };
    }
    if inspection.pretended.contains(&id) {
        let text = match node.origin {
            Origin::Assumed => "as if sent",
            _ => "as if trusted",
        };
        return Tail {
            text: text.to_owned(),
            meaning: Meaning::Warn,
            pressing: true,
        };
    }
    if node.is_fetched() {
        return Tail {
            text: "fetched".to_owned(),
            meaning: Meaning::Accent,
            pressing: true,
        };
    }
    let place = match (node.is_sent(), node.anchored_in.is_empty()) {
        (false, _) => tree::origin(inspection, id),
        (true, false) => "in a store".to_owned(),
        (true, true) => String::new(),
    };
    let text = match (place.is_empty(), roomy) {
        (true, _) => time,
        (false, true) => format!("{place}, {time}"),
        (false, false) => "in store".to_owned(),
    };
    Tail {
        text,
        meaning: Meaning::Muted,
        pressing: false,
    }
}
