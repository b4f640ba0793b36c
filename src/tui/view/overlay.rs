//! What lies over the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use tui_input::Input;

use super::{frame, put};
use crate::text;
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{ExportChoice, Model, Overlay, TrustDialog};
use crate::tui::{keymap, pages};

/// Columns for the text of a page.
pub fn page_width(model: &Model) -> u16 {
    model.size.0.saturating_sub(4).min(92)
}

pub(super) fn draw(model: &Model, overlay: &Overlay, screen: Rect, buffer: &mut Buffer) {
    match overlay {
        Overlay::Page {
            title,
            lines,
            place,
        } => {
            let width = page_width(model);
            let all = wrap(lines, usize::from(width));
            let height = screen.height.saturating_sub(2);
            let inner = open(
                model,
                screen,
                width,
                height,
                title,
                "↑↓ scroll   esc close",
                buffer,
            );
            let shown = usize::from(inner.height);
            for (y, line) in all.iter().skip(place.offset).take(shown).enumerate() {
                put(
                    buffer,
                    inner,
                    u16::try_from(y).unwrap_or(0),
                    line,
                    model.look,
                );
            }
            let around = outer(inner);
            frame::scrolled(buffer, around, place.offset, shown, all.len(), model.look);
        }
        Overlay::Open {
            input,
            picked,
            wrong,
        } => draw_open(model, input, *picked, wrong.as_ref(), screen, buffer),
        Overlay::Search { input } => {
            let inner = open(
                model,
                screen,
                60,
                1,
                "Search",
                "enter find   esc close",
                buffer,
            );
            draw_input(model, input, inner, 0, true, buffer);
        }
        Overlay::Palette { input, picked } => draw_palette(model, input, *picked, screen, buffer),
        Overlay::Export(choice) => draw_export(model, choice, screen, buffer),
        Overlay::Copy { picked, entries } => {
            let rows = u16::try_from(entries.len()).unwrap_or(u16::MAX);
            let inner = open(
                model,
                screen,
                60,
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
        Overlay::Trust(dialog) => draw_trust(model, dialog, screen, buffer),
    }
}

/// Clears a box in the middle of the screen and draws its frame; what is inside of it.
fn open(
    model: &Model,
    screen: Rect,
    width: u16,
    height: u16,
    title: &str,
    keys: &str,
    buffer: &mut Buffer,
) -> Rect {
    let width = (width + 4).min(screen.width);
    let height = (height + 2).min(screen.height);
    let area = Rect::new(
        screen.x + (screen.width - width) / 2,
        screen.y + (screen.height - height) / 2,
        width,
        height,
    );
    for y in area.y..area.y + area.height {
        for x in area.x..area.x + area.width {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    frame::draw(buffer, area, title, true, model.look);
    let keys = format!(" {keys} ");
    if usize::from(area.width) > text::width(&keys) + 2 {
        buffer.set_string(
            area.x + 1,
            area.y + area.height - 1,
            keys,
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

fn outer(inner: Rect) -> Rect {
    Rect::new(
        inner.x.saturating_sub(2),
        inner.y.saturating_sub(1),
        inner.width + 4,
        inner.height + 2,
    )
}

fn draw_input(
    model: &Model,
    input: &Input,
    area: Rect,
    y: u16,
    focused: bool,
    buffer: &mut Buffer,
) {
    let room = usize::from(area.width).saturating_sub(2);
    let scroll = input.visual_scroll(room.max(1));
    let value: String = text::safe(input.value()).chars().skip(scroll).collect();
    let line = Line::of(Meaning::Accent, "> ").and(Meaning::Plain, text::clip(&value, room));
    put(buffer, area, y, &line, model.look);
    if focused {
        let at = input
            .visual_cursor()
            .saturating_sub(scroll)
            .min(room.saturating_sub(1));
        let x = area.x + 2 + u16::try_from(at).unwrap_or(0);
        if let Some(cell) = buffer.cell_mut((x, area.y + y)) {
            cell.modifier.insert(Modifier::REVERSED);
        }
    }
}

fn choice_row(
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

fn draw_open(
    model: &Model,
    input: &Input,
    picked: Option<usize>,
    wrong: Option<&(String, String)>,
    screen: Rect,
    buffer: &mut Buffer,
) {
    let rows = u16::try_from(model.history.len().min(10)).unwrap_or(0);
    let inner = open(
        model,
        screen,
        64,
        rows + 5,
        "Inspect",
        "enter open   ↓ earlier targets   ctrl-c quit",
        buffer,
    );
    draw_input(model, input, inner, 0, picked.is_none(), buffer);
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
            let hint =
                "A host, host:port, URL or file: api.internal:8443, https://localhost, chain.pem";
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
    let rows = screen.height.saturating_sub(6).min(16);
    let inner = open(
        model,
        screen,
        70,
        rows + 2,
        "Commands",
        "enter run   esc close",
        buffer,
    );
    draw_input(model, input, inner, 0, true, buffer);
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
    let rows = choice.whats.len() + choice.formats.len() + 6;
    let inner = open(
        model,
        screen,
        74,
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
    draw_input(
        model,
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

fn draw_trust(model: &Model, dialog: &TrustDialog, screen: Rect, buffer: &mut Buffer) {
    let width = 78u16.min(screen.width.saturating_sub(4));
    let lines = wrap(&trust_lines(model, dialog), usize::from(width));
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

fn trust_lines(model: &Model, dialog: &TrustDialog) -> Vec<Line> {
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
