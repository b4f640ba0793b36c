//! Boxes: border, title, and how far a list is scrolled.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::tui::line::Meaning;
use crate::tui::theme::Look;

/// A box with a title in its top border.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, title: &str, focused: bool, look: Look) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let [
        horizontal,
        vertical,
        top_left,
        top_right,
        bottom_left,
        bottom_right,
    ] = look.glyphs.frame;
    let style = look.border(focused);
    let (right, bottom) = (area.x + area.width - 1, area.y + area.height - 1);
    for x in area.x + 1..right {
        sign(buffer, (x, area.y), horizontal, style);
        sign(buffer, (x, bottom), horizontal, style);
    }
    for y in area.y + 1..bottom {
        sign(buffer, (area.x, y), vertical, style);
        sign(buffer, (right, y), vertical, style);
    }
    sign(buffer, (area.x, area.y), top_left, style);
    sign(buffer, (right, area.y), top_right, style);
    sign(buffer, (area.x, bottom), bottom_left, style);
    sign(buffer, (right, bottom), bottom_right, style);
    if !title.is_empty() && area.width > 6 {
        let shown = format!(
            " {} ",
            crate::text::clip(title, usize::from(area.width) - 6)
        );
        let style = if focused {
            style
        } else {
            look.style(Meaning::Muted)
        };
        buffer.set_stringn(
            area.x + 1,
            area.y,
            shown,
            usize::from(area.width) - 2,
            style,
        );
    }
}

/// One sign of the frame in one cell.
fn sign(buffer: &mut Buffer, at: (u16, u16), symbol: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut(at) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// Marks the selected row on the left border of its box.
pub(super) fn here(buffer: &mut Buffer, area: Rect, y: u16, look: Look) {
    if y > area.y && y + 1 < area.y + area.height {
        sign(buffer, (area.x, y), look.glyphs.here, look.border(true));
    }
}

/// A horizontal line, where a box has no room.
pub(super) fn rule(buffer: &mut Buffer, area: Rect, focused: bool, look: Look) {
    let [horizontal, ..] = look.glyphs.frame;
    for x in area.x..area.x + area.width {
        sign(buffer, (x, area.y), horizontal, look.border(focused));
    }
}

/// In the bottom border: `12-30 of 200`, when not everything is shown.
pub(super) fn scrolled(
    buffer: &mut Buffer,
    area: Rect,
    offset: usize,
    height: usize,
    count: usize,
    look: Look,
) {
    if count <= height || area.height == 0 {
        return;
    }
    let shown = format!(
        " {}-{} of {count} ",
        offset + 1,
        (offset + height).min(count)
    );
    let width = u16::try_from(shown.len()).unwrap_or(u16::MAX);
    if width + 2 > area.width {
        return;
    }
    let x = area.x + area.width - 1 - width;
    buffer.set_string(
        x,
        area.y + area.height - 1,
        shown,
        look.style(Meaning::Muted),
    );
}
