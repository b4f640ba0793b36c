//! The trust dialog.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay::{choice_row, open};
use super::put;
use crate::text;
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{Model, TrustDialog};

pub(super) fn draw(model: &Model, dialog: &TrustDialog, screen: Rect, buffer: &mut Buffer) {
    let (width, lines) = laid_out(model, dialog);
    let rows = u16::try_from(lines.len() + 4).unwrap_or(u16::MAX);
    let keys = if dialog.applied.is_some() {
        "esc close"
    } else {
        "↑↓ choose   enter do it   esc close"
    };
    let inner = open(model, screen, width, rows, "Trust", keys, buffer);
    let title =
        Line::of(Meaning::Muted, "Trust ").and(Meaning::Strong, text::clip(&dialog.title, 60));
    put(buffer, inner, 0, &title, model.look);
    let pretend = if dialog.pretended {
        "stop pretending"
    } else {
        "pretend, in this session: nothing is written"
    };
    choice_row(
        model,
        inner,
        1,
        &Line::of(Meaning::Plain, format!("  {pretend}")),
        dialog.picked == 0,
        true,
        buffer,
    );
    let bundle = "  add it to my bundle: one file with the public roots and this certificate";
    choice_row(
        model,
        inner,
        2,
        &Line::of(Meaning::Plain, bundle),
        dialog.picked == 1,
        true,
        buffer,
    );
    for (index, line) in lines.iter().enumerate() {
        put(
            buffer,
            inner,
            4 + u16::try_from(index).unwrap_or(u16::MAX - 4),
            line,
            model.look,
        );
    }
}

/// Columns and rows of the dialog's inside.
pub(super) fn size(model: &Model, dialog: &TrustDialog) -> (u16, u16) {
    let (width, lines) = laid_out(model, dialog);
    (width, u16::try_from(lines.len() + 4).unwrap_or(u16::MAX))
}

fn laid_out(model: &Model, dialog: &TrustDialog) -> (u16, Vec<Line>) {
    let width = 78u16.min(model.size.0.saturating_sub(4));
    (width, wrap(&lines(model, dialog), usize::from(width)))
}

fn lines(model: &Model, dialog: &TrustDialog) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    if let Some(applied) = &dialog.applied {
        return match applied {
            Err(why) => vec![
                Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                    .and(Meaning::Plain, why.clone())
                    .hanging(2),
            ],
            Ok(applied) => applied_lines(model, applied),
        };
    }
    if dialog.picked == 0 {
        return vec![Line::of(
            Meaning::Muted,
            "Every verdict is computed again as if this certificate were trusted, and shown as pretended. W takes it back.",
        )];
    }
    match &dialog.plan {
        None => vec![Line::of(Meaning::Muted, "Looking whether that would help…")],
        Some(Err(refusal)) => vec![
            Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                .and(Meaning::Plain, refusal.reason.clone())
                .hanging(2),
            Line::of(Meaning::Muted, "Instead: ")
                .and(Meaning::Plain, refusal.instead.clone())
                .hanging(9),
        ],
        Some(Ok(plan)) => {
            let path = text::safe(&plan.bundle.to_string_lossy()).into_owned();
            let mut lines = vec![
                Line::of(Meaning::Muted, "Writes   ")
                    .and(Meaning::Code, path)
                    .hanging(9),
                Line::of(Meaning::Muted, "SHA-256  ")
                    .and(Meaning::Code, text::hex_colon(&plan.certificate.sha256))
                    .hanging(9),
                Line::of(Meaning::Muted, "Means    ")
                    .and(Meaning::Plain, plan.scope.clone())
                    .hanging(9),
            ];
            for warning in &plan.warnings {
                lines.push(
                    Line::of(Meaning::Warn, format!("{} ", glyphs.warn))
                        .and(Meaning::Plain, warning.clone())
                        .hanging(2),
                );
            }
            lines
        }
    }
}

fn applied_lines(model: &Model, applied: &crate::trust::Applied) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let path = text::safe(&applied.bundle.to_string_lossy()).into_owned();
    let mut lines = vec![
        Line::of(Meaning::Good, format!("{} ", glyphs.good))
            .and(Meaning::Plain, format!("Wrote {path}")),
    ];
    lines.push(if applied.cured() {
        Line::of(Meaning::Good, format!("{} ", glyphs.good)).and(Meaning::Plain, "Judged again against it: trusted now.")
    } else {
        Line::of(Meaning::Bad, format!("{} ", glyphs.bad)).and(Meaning::Plain, "Judged again against it: still not trusted. Remove it with: whycert trust remove SHA256")
    });
    lines.push(Line::of(
        Meaning::Strong,
        "Use it (Y copies from the report, or take a line from here)",
    ));
    for usage in
        crate::trust::usage_lines(&applied.bundle, crate::trust::Shell::from_variable(None))
    {
        lines.push(
            Line::of(Meaning::Muted, format!("{:<17}", usage.program))
                .and(Meaning::Code, usage.line)
                .hanging(17),
        );
    }
    lines
}
