//! The list of what is trusted.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay::{choice_row, open};
use super::put;
use crate::text;
use crate::trust::prove::{Again, Undone};
use crate::trust::{Entry, Standing};
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{ENTRIES, JournalDialog, Model};

pub(super) fn draw(model: &Model, dialog: &JournalDialog, screen: Rect, buffer: &mut Buffer) {
    let (width, lines) = laid_out(model, dialog);
    let count = dialog.shown();
    let rows = u16::try_from(lines.len() + count + 1).unwrap_or(u16::MAX);
    let keys = match (dialog.busy, dialog.entry()) {
        (false, Some(_)) => "↑↓ choose   enter undo it   esc close",
        _ => "esc close",
    };
    let inner = open(model, screen, width, rows, "Trusted", keys, buffer);
    let all = dialog.all();
    for (row, (at, (entry, standing))) in all
        .iter()
        .enumerate()
        .skip(dialog.first())
        .take(ENTRIES)
        .enumerate()
    {
        let line = entry_line(entry, *standing);
        choice_row(model, inner, row, &line, at == dialog.picked, true, buffer);
    }
    for (index, line) in lines.iter().enumerate() {
        let y = u16::try_from(index + count + usize::from(count > 0)).unwrap_or(u16::MAX);
        put(buffer, inner, y, line, model.look);
    }
}

/// Columns and rows of the dialog's inside.
pub(super) fn size(model: &Model, dialog: &JournalDialog) -> (u16, u16) {
    let (width, lines) = laid_out(model, dialog);
    let rows = lines.len() + dialog.shown() + 1;
    (width, u16::try_from(rows).unwrap_or(u16::MAX))
}

fn entry_line(entry: &Entry, standing: Standing) -> Line {
    let meaning = match standing {
        Standing::Stands => Meaning::Good,
        Standing::Among | Standing::Interrupted => Meaning::Warn,
        Standing::Gone => Meaning::Muted,
    };
    Line::of(Meaning::Muted, format!("{}  ", text::safe(&entry.id)))
        .and(Meaning::Plain, format!("{:<10}", entry.rung.id()))
        .and(
            Meaning::Plain,
            format!("{:<28}", text::clip(&text::safe(&entry.target), 27)),
        )
        .and(meaning, standing.words())
}

fn laid_out(model: &Model, dialog: &JournalDialog) -> (u16, Vec<Line>) {
    let width = 78u16.min(model.size.0.saturating_sub(4));
    (width, wrap(&lines(model, dialog), usize::from(width)))
}

fn lines(model: &Model, dialog: &JournalDialog) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let mut lines = Vec::new();
    match &dialog.undone {
        None => {}
        Some(Err(why)) => lines.extend([
            Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                .and(Meaning::Plain, why.clone())
                .hanging(2),
            Line::blank(),
        ]),
        Some(Ok(undone)) => {
            lines.extend(undone_lines(model, undone));
            lines.push(Line::blank());
        }
    }
    if dialog.busy {
        lines.push(Line::of(Meaning::Muted, "Undoing, and asking the clients…"));
        return lines;
    }
    match &dialog.entries {
        None => lines.push(Line::of(Meaning::Muted, "Reading the journal…")),
        Some(Err(why)) => lines.push(
            Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                .and(Meaning::Plain, why.clone())
                .hanging(2),
        ),
        Some(Ok(all)) if all.is_empty() => lines.push(Line::of(
            Meaning::Muted,
            "Nothing is trusted by way of whycert.",
        )),
        Some(Ok(all)) => {
            let title = format!("{} of {}", dialog.picked + 1, all.len());
            lines.push(Line::of(Meaning::Muted, title));
            lines.extend(dialog.entry().map(entry_lines).unwrap_or_default());
        }
    }
    if dialog.hides_root {
        lines.push(Line::of(
            Meaning::Warn,
            "What root trusted is not for you to read: sudo whycert trust list",
        ));
    }
    lines
}

/// A word before a text, which hangs below itself.
fn told(word: &str, meaning: Meaning, text: impl Into<String>) -> Line {
    Line::of(Meaning::Muted, format!("{word:<9}"))
        .and(meaning, text.into())
        .hanging(9)
}

/// One entry, and what undoing it does.
fn entry_lines(entry: &Entry) -> Vec<Line> {
    let safe = |text: &str| text::safe(text).into_owned();
    let mut lines = vec![
        told("What", Meaning::Strong, safe(&entry.subject)),
        told("SHA-256", Meaning::Code, safe(&entry.sha256)),
        told("Where", Meaning::Plain, entry.rung.title()),
        told(
            "Why",
            Meaning::Plain,
            format!(
                "{} ({}), {}",
                safe(&entry.target),
                safe(&entry.finding),
                safe(&entry.added)
            ),
        ),
    ];
    for (what, object) in entry.undoing() {
        lines.push(told(what, Meaning::Code, object));
    }
    lines
}

fn undone_lines(model: &Model, undone: &Undone) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let mut lines = vec![
        Line::of(Meaning::Good, format!("{} ", glyphs.good))
            .and(
                Meaning::Plain,
                format!("Undone: {}.", undone.entry.rung.title()),
            )
            .hanging(2),
    ];
    if let Again::Asked(turned) = &undone.again {
        for one in turned {
            let meaning = match one.is_as_before() {
                true => Meaning::Plain,
                false => Meaning::Warn,
            };
            lines.push(
                Line::of(Meaning::Muted, format!("{:<21}", one.client)).and(meaning, one.words()),
            );
        }
    }
    lines.push(Line::of(Meaning::Muted, undone.again.words()));
    lines
}
