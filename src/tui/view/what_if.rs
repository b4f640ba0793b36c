//! The menu of what may be assumed, the line for a value, and what is asked before it is asked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay::{choice_row, open};
use super::{input as line_input, put};
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{Choice, Model, Typing, Value, WhatIfMenu};

const WIDTH: u16 = 70;

/// Columns and rows of the menu's inside.
pub(super) fn size(model: &Model, menu: &WhatIfMenu) -> (u16, u16) {
    let rows = match &menu.typing {
        Some(_) => 4,
        None => u16::try_from(menu.choices.len()).unwrap_or(u16::MAX),
    };
    (WIDTH, rows.min(model.size.1.saturating_sub(2)))
}

pub(super) fn draw(model: &Model, menu: &WhatIfMenu, screen: Rect, buffer: &mut Buffer) {
    let (width, rows) = size(model, menu);
    if let Some(typing) = &menu.typing {
        return draw_typing(model, typing, screen, buffer);
    }
    let keys = "↑↓ choose   enter assume or undo   esc close";
    let inner = open(model, screen, width, rows, "What if…", keys, buffer);
    let what_if = model.what_if();
    let shown = usize::from(inner.height);
    let offset = menu.picked.saturating_sub(shown.saturating_sub(1));
    for (index, (words, choice)) in menu.choices.iter().enumerate().skip(offset).take(shown) {
        let assumed = matches!(choice, Choice::Toggle(a) if what_if.holds(a));
        let mark = if assumed { model.look.glyphs.good } else { " " };
        let line = Line::of(Meaning::Warn, format!("{mark} ")).and(Meaning::Plain, words.clone());
        let picked = index == menu.picked;
        choice_row(model, inner, index - offset, &line, picked, true, buffer);
    }
}

fn draw_typing(model: &Model, typing: &Typing, screen: Rect, buffer: &mut Buffer) {
    let (title, hint) = match typing.value {
        Value::Date => (
            "What if it is another day?",
            "2027-01-31, 2027-01-31T12:00:00Z, or a distance from now: +30d, -2h",
        ),
        Value::Host => (
            "What if I asked for another name?",
            "a host name or an address, without a port",
        ),
        Value::File => (
            "What if the server sent the missing one?",
            "a file of certificates, PEM or DER: issuing-ca.pem",
        ),
        Value::Server => (
            "Compare with an unrelated server",
            "a public one; enter connects to it: https://example.com",
        ),
    };
    let keys = "enter do it   esc back";
    let inner = open(model, screen, WIDTH, 4, title, keys, buffer);
    line_input::draw(model, "> ", &typing.input, inner, 0, true, buffer);
    let line = match &typing.wrong {
        Some(wrong) => Line::of(Meaning::Bad, format!("{} ", model.look.glyphs.bad))
            .and(Meaning::Plain, wrong.clone())
            .hanging(2),
        None => Line::of(Meaning::Muted, hint),
    };
    for (y, line) in (2..).zip(wrap(&[line], usize::from(inner.width)).iter().take(2)) {
        put(buffer, inner, y, line, model.look);
    }
}

/// Columns and rows of the inside of what is asked.
pub(super) fn ask_size(model: &Model, lines: &[Line]) -> (u16, u16) {
    let width = 78u16.min(model.size.0.saturating_sub(4));
    let rows = wrap(lines, usize::from(width)).len();
    (width, u16::try_from(rows).unwrap_or(u16::MAX))
}

pub(super) fn draw_ask(
    model: &Model,
    title: &str,
    lines: &[Line],
    screen: Rect,
    buffer: &mut Buffer,
) {
    let (width, rows) = ask_size(model, lines);
    let keys = "enter ask   esc do not";
    let inner = open(model, screen, width, rows, title, keys, buffer);
    for (y, line) in (0..inner.height).zip(&wrap(lines, usize::from(width))) {
        put(buffer, inner, y, line, model.look);
    }
}
