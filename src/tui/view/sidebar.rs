//! The list of targets.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{frame, put};
use crate::diagnosis::Severity;
use crate::inspect::Outcome;
use crate::text;
use crate::tui::areas::Areas;
use crate::tui::line::{Line, Meaning};
use crate::tui::model::{Focus, Model, Session, State};

/// First target shown, so that the current one is in sight.
pub fn targets_offset(model: &Model, height: usize) -> usize {
    let height = height.max(1);
    let count = model.sessions.len();
    model
        .current
        .saturating_sub(height / 2)
        .min(count.saturating_sub(height))
}

pub(super) fn draw(model: &Model, areas: &Areas, buffer: &mut Buffer) {
    let focused = model.focus == Focus::Targets && model.overlays.is_empty();
    frame::draw(buffer, areas.targets_box, "Targets", focused, model.look);
    let height = usize::from(areas.targets.height);
    let offset = targets_offset(model, height);
    for (index, session) in model.sessions.iter().enumerate().skip(offset).take(height) {
        let y = u16::try_from(index - offset).unwrap_or(0);
        put(
            buffer,
            areas.targets,
            y,
            &row(session, usize::from(areas.targets.width), model),
            model.look,
        );
        if index == model.current {
            let row = Rect {
                y: areas.targets.y + y,
                height: 1,
                ..areas.targets
            };
            buffer.set_style(row, model.look.selection(focused));
            frame::here(buffer, areas.targets_box, row.y, model.look);
        }
    }
    frame::scrolled(
        buffer,
        areas.targets_box,
        offset,
        height,
        model.sessions.len(),
        model.look,
    );
}

fn row(session: &Session, width: usize, model: &Model) -> Line {
    let glyphs = model.look.glyphs;
    let (symbol, meaning) = match &session.state {
        State::Queued => (" ", Meaning::Muted),
        State::Waiting { .. } => (glyphs.waiting, Meaning::Accent),
        State::Ready(inspection) => match inspection.outcome {
            // Trusted, with something that deserves a look.
            Outcome::Trusted
                if inspection
                    .findings
                    .first()
                    .is_some_and(|f| f.severity >= Severity::Warning) =>
            {
                (glyphs.warn, Meaning::Warn)
            }
            Outcome::TrustedIf => (glyphs.warn, Meaning::Warn),
            Outcome::Trusted => (glyphs.good, Meaning::Good),
            _ => (glyphs.bad, Meaning::Bad),
        },
    };
    let room = width.saturating_sub(text::width(symbol) + 1);
    Line::of(meaning, format!("{symbol} ")).and(Meaning::Plain, text::clip(&session.title(), room))
}
