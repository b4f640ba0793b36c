//! The dates of the chain as bars, with the moment judged for: shown while that is not now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{put, put_at};
use crate::chain::NodeId;
use crate::inspect::{Inspection, events};
use crate::moment::{DAY, Moment, NO_EXPIRY};
use crate::text;
use crate::tui::line::{Line, Meaning};
use crate::tui::model::Model;

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(inspection) = model.inspection() else {
        return;
    };
    let keys = "  < > day  { } week  ( ) date  = now";
    let at = format!(
        " {} {} ({})",
        model.look.glyphs.today,
        inspection.at.long(),
        inspection.at.relative(model.now)
    );
    let mut line = Line::of(Meaning::Accent, at.clone());
    if text::width(&at) + text::width(keys) <= usize::from(area.width) {
        line = line.and(Meaning::Muted, keys);
    }
    put(buffer, area, 0, &line, model.look);
    if area.height < 3 {
        return;
    }
    let path: Vec<NodeId> = inspection
        .chain
        .paths
        .first()
        .map(|p| p.nodes.iter().rev().copied().collect())
        .unwrap_or_default();
    let scale = Scale::of(inspection, model.now);
    let known = path
        .into_iter()
        .filter(|&id| inspection.chain.certificate(id).is_some());
    let bars = area.height.saturating_sub(2);
    for (y, id) in (1..=bars).zip(known) {
        bar(model, inspection, &scale, id, area, y, buffer);
    }
    put(
        buffer,
        area,
        area.height - 1,
        &next(model, inspection),
        model.look,
    );
}

/// The span of time that the bars show.
struct Scale {
    from: Moment,
    to: Moment,
}

impl Scale {
    /// Around now, the moment judged for, and the dates of the chain next to both; whole lives of roots
    /// would press everything else into one column.
    fn of(inspection: &Inspection, now: Moment) -> Self {
        let dates = events::events(&inspection.chain);
        let mut points = vec![now, inspection.at];
        for point in [now, inspection.at] {
            points.extend(dates.iter().rev().map(|e| e.at).find(|at| *at <= point));
            points.extend(dates.iter().map(|e| e.at).find(|at| *at > point));
        }
        let from = points.iter().min().copied().unwrap_or(now);
        let to = points.iter().max().copied().unwrap_or(now);
        let margin = (from.until(to) / 20).max(DAY);
        Self {
            from: from.plus(-margin),
            to: to.plus(margin),
        }
    }

    /// The column of a moment, cut to the ends.
    fn column(&self, at: Moment, width: u16) -> u16 {
        let whole = i128::from(self.from.until(self.to).max(1));
        let part = i128::from(self.from.until(at)).clamp(0, whole);
        let last = i128::from(width.saturating_sub(1));
        u16::try_from(part * last / whole).unwrap_or(0)
    }
}

fn bar(
    model: &Model,
    inspection: &Inspection,
    scale: &Scale,
    id: NodeId,
    area: Rect,
    y: u16,
    buffer: &mut Buffer,
) {
    let Some(certificate) = inspection.chain.certificate(id) else {
        return;
    };
    let (Some(from), Some(to)) = (certificate.not_before, certificate.not_after) else {
        return;
    };
    let glyphs = model.look.glyphs;
    let label = (area.width / 4).clamp(10, 30);
    let tail = if area.width >= 60 { 19 } else { 0 };
    let width = area.width.saturating_sub(label + tail + 2);
    if width < 8 {
        return;
    }
    let valid = (from..=to).contains(&inspection.at);
    let meaning = if valid { Meaning::Good } else { Meaning::Bad };
    let name = certificate.short_name();
    let name = text::clip(&name, usize::from(label) - 1).into_owned();
    put_at(
        buffer,
        area,
        1,
        y,
        &Line::of(Meaning::Plain, name),
        model.look,
    );
    let (first, last) = (scale.column(from, width), scale.column(to, width));
    for x in 0..width {
        let inside = (first..=last).contains(&x) && to >= scale.from && from <= scale.to;
        let (symbol, meaning) = if inside {
            (glyphs.bar, meaning)
        } else {
            (glyphs.rest, Meaning::Muted)
        };
        put_at(
            buffer,
            area,
            label + 1 + x,
            y,
            &Line::of(meaning, symbol),
            model.look,
        );
    }
    for (moment, symbol, meaning) in [
        (model.now, glyphs.frame[1], Meaning::Muted),
        (inspection.at, glyphs.today, Meaning::Accent),
    ] {
        let x = label + 1 + scale.column(moment, width);
        put_at(buffer, area, x, y, &Line::of(meaning, symbol), model.look);
    }
    let end = match to {
        NO_EXPIRY => "no end".to_owned(),
        _ if inspection.at < from => format!("from {}", from.date()),
        _ => format!("until {}", to.date()),
    };
    let end = Line::of(if valid { Meaning::Muted } else { Meaning::Bad }, end);
    put_at(buffer, area, label + width + 2, y, &end, model.look);
}

/// What comes next, and for whom.
fn next(model: &Model, inspection: &Inspection) -> Line {
    let turn = model.session().and_then(|s| s.turn.as_ref());
    let Some(turn) = turn else {
        return Line::of(
            Meaning::Muted,
            " None of the later dates of this chain changes a verdict.",
        );
    };
    let title = inspection
        .chain
        .node(turn.event.node)
        .map(crate::chain::Node::title);
    let title = title.unwrap_or_default();
    let verb = if turn.event.begins { "begins" } else { "ends" };
    // What happens before whom it concerns: the end of the line is what a narrow screen cuts.
    let who = |names: &[String], word: &str| match names {
        [] => None,
        [one] => Some(format!("{word} by {}", text::clip(one, 24))),
        [one, rest @ ..] => Some(format!(
            "{word} by {} and {} more",
            text::clip(one, 24),
            rest.len()
        )),
    };
    let parts: Vec<String> = [who(&turn.lost, "rejected"), who(&turn.gained, "accepted")]
        .into_iter()
        .flatten()
        .collect();
    Line::of(Meaning::Muted, " Next ")
        .and(Meaning::Strong, turn.event.at.date())
        .and(
            Meaning::Plain,
            format!(
                ": “{}” {verb}, then {}",
                text::clip(&title, 28),
                text::list_and(&parts)
            ),
        )
}
