//! What lies over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tui_input::Input;

use super::{frame, input as line_input, journal, put, trust, what_if};
use crate::text;
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{ExportChoice, Model, Overlay};
use crate::tui::{keymap, pages};

/// Columns for the text of a page.
pub fn page_width(model: &Model) -> u16 {
    model.size.0.saturating_sub(4).min(92)
}

/// A page of lines, scrolled, with the keys that work on it below.
fn page(
    model: &Model,
    title: &str,
    lines: &[Line],
    offset: usize,
    keys: &str,
    screen: Rect,
    buffer: &mut Buffer,
) {
    let width = page_width(model);
    let all = wrap(lines, usize::from(width));
    let height = u16::try_from(all.len()).unwrap_or(u16::MAX);
    let inner = open(model, screen, width, height, title, keys, buffer);
    let shown = usize::from(inner.height);
    for (y, line) in (0..inner.height).zip(all.iter().skip(offset)) {
        put(buffer, inner, y, line, model.look);
    }
    frame::scrolled(buffer, outer(inner), offset, shown, all.len(), model.look);
}

pub(super) fn draw(model: &Model, overlay: &Overlay, screen: Rect, buffer: &mut Buffer) {
    match overlay {
        Overlay::Page {
            title,
            lines,
            place,
        } => {
            let keys = "↑↓ scroll   esc close";
            page(model, title, lines, place.offset, keys, screen, buffer);
        }
        Overlay::Offer(offer) => {
            let keys = match (offer.ways.is_empty(), &offer.copy) {
                (false, _) => "enter ask   ↑↓ scroll   esc do not",
                (true, Some(_)) => "y copy its words   ↑↓ scroll   esc close",
                (true, None) => "↑↓ scroll   esc close",
            };
            let offset = offer.place.offset;
            page(
                model,
                &offer.title,
                &offer.lines,
                offset,
                keys,
                screen,
                buffer,
            );
        }
        Overlay::Open {
            input,
            picked,
            wrong,
        } => draw_open(model, input, *picked, wrong.as_ref(), screen, buffer),
        // The search line is the footer, so that what it finds stays in sight.
        Overlay::Search { .. } => {}
        Overlay::Palette { input, picked } => draw_palette(model, input, *picked, screen, buffer),
        Overlay::Export(choice) => draw_export(model, choice, screen, buffer),
        Overlay::Copy { picked, entries } => {
            let rows = u16::try_from(entries.len()).unwrap_or(u16::MAX);
            let inner = open(
                model,
                screen,
                COPY_WIDTH,
                rows,
                "Copy",
                "enter copy   esc close",
                buffer,
            );
            for (index, (what, value)) in entries.iter().enumerate() {
                let first = value.lines().next().unwrap_or("");
                let line =
                    Line::of(Meaning::Plain, format!("{what:<28}")).and(Meaning::Muted, first);
                choice_row(model, inner, index, &line, index == *picked, true, buffer);
            }
        }
        Overlay::Trust(dialog) => trust::draw(model, dialog, screen, buffer),
        Overlay::Journal(dialog) => journal::draw(model, dialog, screen, buffer),
        Overlay::WhatIf(menu) => what_if::draw(model, menu, screen, buffer),
        Overlay::Before { title, lines, .. } => {
            what_if::draw_ask(model, title, lines, screen, buffer)
        }
    }
}

/// Clears a box in the middle of the screen and draws its frame; what is inside of it.
pub(super) fn open(
    model: &Model,
    screen: Rect,
    width: u16,
    height: u16,
    title: &str,
    keys: &str,
    buffer: &mut Buffer,
) -> Rect {
    let area = centered(screen, width, height);
    for y in area.y..area.y + area.height {
        for x in area.x..area.x + area.width {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    frame::draw(buffer, area, title, true, model.look);
    // A page that is scrolled says in the same border how far.
    let counter = if height + 2 > area.height { COUNTER } else { 0 };
    let room = usize::from(area.width).saturating_sub(4 + counter);
    if let Some(keys) = fitting(keys, room) {
        buffer.set_string(
            area.x + 1,
            area.y + area.height - 1,
            format!(" {keys} "),
            model.look.style(Meaning::Muted),
        );
    }
    Rect::new(
        area.x + 2,
        area.y + 1,
        area.width.saturating_sub(4),
        area.height.saturating_sub(2),
    )
}

/// Columns kept for `1-8 of 272` beside the keys of a box.
const COUNTER: usize = 13;

/// As many of the keys of a box as the columns hold. Arrows go first, everybody tries them; then those in
/// the middle. The last, which leaves the box, stays longest.
fn fitting(keys: &str, columns: usize) -> Option<String> {
    const GAP: &str = "   ";
    let mut hints: Vec<&str> = keys.split(GAP).collect();
    loop {
        let shown = hints.join(GAP);
        if text::width(&shown) <= columns {
            return (!shown.is_empty()).then_some(shown);
        }
        let shorter = hints.join(" ");
        if hints.len() == 2 && text::width(&shorter) <= columns {
            return Some(shorter);
        }
        let place = match (hints.iter().position(|h| h.starts_with('↑')), hints.len()) {
            (_, 0 | 1) => return None,
            (Some(arrows), _) => arrows,
            (None, 2) => 0,
            (None, n) => n - 2,
        };
        hints.remove(place);
    }
}

/// The box around an inside of this size, in the middle of the screen and no larger than it.
fn centered(screen: Rect, width: u16, height: u16) -> Rect {
    let width = width.saturating_add(4).min(screen.width);
    let height = height.saturating_add(2).min(screen.height);
    Rect::new(
        screen.x + (screen.width - width) / 2,
        screen.y + (screen.height - height) / 2,
        width,
        height,
    )
}

/// The box of what lies on top, and the row of its inside where its choices begin.
pub fn box_of(model: &Model) -> Option<(Rect, usize)> {
    let screen = Rect::new(0, 0, model.size.0, model.size.1);
    let rows = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let (width, height, first) = match model.overlays.last()? {
        Overlay::Page { lines, .. } => {
            let width = page_width(model);
            (width, rows(wrap(lines, usize::from(width)).len()), 0)
        }
        Overlay::Offer(offer) => {
            let width = page_width(model);
            (width, rows(wrap(&offer.lines, usize::from(width)).len()), 0)
        }
        Overlay::Open { .. } => (
            OPEN_WIDTH,
            history_rows(model) + OPEN_HEAD,
            usize::from(OPEN_HEAD),
        ),
        Overlay::Search { .. } => return None,
        Overlay::Palette { .. } => (PALETTE_WIDTH, palette_rows(screen) + 2, 2),
        Overlay::Export(choice) => (EXPORT_WIDTH, rows(export_rows(choice)), 1),
        Overlay::Copy { entries, .. } => (COPY_WIDTH, rows(entries.len()), 0),
        Overlay::Trust(dialog) => {
            let (width, height) = trust::size(model, dialog);
            (width, height, 1)
        }
        Overlay::Journal(dialog) => {
            let (width, height) = journal::size(model, dialog);
            (width, height, 0)
        }
        Overlay::WhatIf(menu) => {
            let (width, height) = what_if::size(model, menu);
            (width, height, 0)
        }
        Overlay::Before { lines, .. } => {
            let (width, height) = what_if::ask_size(model, lines);
            (width, height, 0)
        }
    };
    Some((centered(screen, width, height), first))
}

const OPEN_WIDTH: u16 = 64;
/// Rows of the open dialog above the history.
const OPEN_HEAD: u16 = 5;
const PALETTE_WIDTH: u16 = 70;
const EXPORT_WIDTH: u16 = 74;
const COPY_WIDTH: u16 = 70;

fn history_rows(model: &Model) -> u16 {
    u16::try_from(model.history.len().min(10)).unwrap_or(0)
}

fn palette_rows(screen: Rect) -> u16 {
    screen.height.saturating_sub(6).min(16)
}

fn export_rows(choice: &ExportChoice) -> usize {
    choice.whats.len() + choice.formats.len() + 5
}

fn outer(inner: Rect) -> Rect {
    Rect::new(
        inner.x.saturating_sub(2),
        inner.y.saturating_sub(1),
        inner.width + 4,
        inner.height + 2,
    )
}

pub(super) fn choice_row(
    model: &Model,
    area: Rect,
    y: usize,
    line: &Line,
    picked: bool,
    focused: bool,
    buffer: &mut Buffer,
) {
    let Ok(y) = u16::try_from(y) else { return };
    if y >= area.height {
        return;
    }
    put(buffer, area, y, line, model.look);
    if picked {
        buffer.set_style(
            Rect {
                y: area.y + y,
                height: 1,
                ..area
            },
            model.look.selection(focused),
        );
    }
}

/// An input line in the footer.
pub(super) fn draw_line(
    model: &Model,
    prompt: &str,
    input: &Input,
    area: Rect,
    buffer: &mut Buffer,
) {
    line_input::draw(model, &format!(" {prompt}"), input, area, 0, true, buffer);
}

fn draw_open(
    model: &Model,
    input: &Input,
    picked: Option<usize>,
    wrong: Option<&(String, String)>,
    screen: Rect,
    buffer: &mut Buffer,
) {
    let rows = history_rows(model);
    let inner = open(
        model,
        screen,
        OPEN_WIDTH,
        rows + OPEN_HEAD,
        "Inspect",
        "enter open   ↓ earlier targets   ctrl-c quit",
        buffer,
    );
    line_input::draw(model, "> ", input, inner, 0, picked.is_none(), buffer);
    match wrong {
        Some((problem, hint)) => {
            let problem = Line::of(Meaning::Bad, format!("{} ", model.look.glyphs.bad))
                .and(Meaning::Plain, problem.clone());
            put(buffer, inner, 2, &problem, model.look);
            put(
                buffer,
                inner,
                3,
                &Line::of(Meaning::Muted, "hint: ").and(Meaning::Plain, hint.clone()),
                model.look,
            );
        }
        None => {
            let hint = "A host, host:port, URL or file, such as api.internal:8443 or chain.pem; or the error that a program printed";
            for (y, line) in wrap(&[Line::of(Meaning::Muted, hint)], usize::from(inner.width))
                .iter()
                .enumerate()
                .take(2)
            {
                put(
                    buffer,
                    inner,
                    2 + u16::try_from(y).unwrap_or(0),
                    line,
                    model.look,
                );
            }
        }
    }
    let offset = picked.unwrap_or(0).saturating_sub(9);
    for (index, target) in model
        .history
        .iter()
        .enumerate()
        .skip(offset)
        .take(usize::from(rows))
    {
        let line = Line::of(Meaning::Plain, text::safe(target));
        choice_row(
            model,
            inner,
            5 + index - offset,
            &line,
            picked == Some(index),
            true,
            buffer,
        );
    }
}

fn draw_palette(model: &Model, input: &Input, picked: usize, screen: Rect, buffer: &mut Buffer) {
    let rows = palette_rows(screen);
    let inner = open(
        model,
        screen,
        PALETTE_WIDTH,
        rows + 2,
        "Commands",
        "enter run   esc close",
        buffer,
    );
    line_input::draw(model, "> ", input, inner, 0, true, buffer);
    let matches = pages::palette(input.value());
    if matches.is_empty() {
        put(
            buffer,
            inner,
            2,
            &Line::of(Meaning::Muted, "no command with these words"),
            model.look,
        );
    }
    let offset = picked.saturating_sub(usize::from(rows).saturating_sub(1));
    for (index, binding) in matches
        .iter()
        .enumerate()
        .skip(offset)
        .take(usize::from(rows))
    {
        let key = keymap::key_of(binding.command);
        let line =
            Line::of(Meaning::Accent, format!("{key:<10}")).and(Meaning::Plain, binding.help);
        choice_row(
            model,
            inner,
            2 + index - offset,
            &line,
            index == picked,
            true,
            buffer,
        );
    }
}

fn draw_export(model: &Model, choice: &ExportChoice, screen: Rect, buffer: &mut Buffer) {
    let rows = export_rows(choice);
    let inner = open(
        model,
        screen,
        EXPORT_WIDTH,
        u16::try_from(rows).unwrap_or(20),
        "Export",
        "tab next   ↑↓ choose   enter write   esc close",
        buffer,
    );
    let mut y = 0;
    let heading = |y: usize, words: &str, field: usize, buffer: &mut Buffer| {
        let meaning = if choice.field == field {
            Meaning::Accent
        } else {
            Meaning::Muted
        };
        put(
            buffer,
            inner,
            u16::try_from(y).unwrap_or(0),
            &Line::of(meaning, words),
            model.look,
        );
    };
    heading(y, "What", 0, buffer);
    y += 1;
    for (index, (_, words)) in choice.whats.iter().enumerate() {
        let line = Line::of(Meaning::Plain, format!("  {words}"));
        choice_row(
            model,
            inner,
            y,
            &line,
            index == choice.what,
            choice.field == 0,
            buffer,
        );
        y += 1;
    }
    heading(y, "Format", 1, buffer);
    y += 1;
    for (index, (_, words)) in choice.formats.iter().enumerate() {
        let line = Line::of(Meaning::Plain, format!("  {words}"));
        choice_row(
            model,
            inner,
            y,
            &line,
            index == choice.format,
            choice.field == 1,
            buffer,
        );
        y += 1;
    }
    heading(y, "File", 2, buffer);
    line_input::draw(
        model,
        "> ",
        &choice.name,
        inner,
        u16::try_from(y + 1).unwrap_or(0),
        choice.field == 2,
        buffer,
    );
    put(
        buffer,
        inner,
        u16::try_from(y + 2).unwrap_or(0),
        &Line::of(Meaning::Muted, "An existing file is never overwritten."),
        model.look,
    );
}
