//! Input lines: what is typed, scrolled so that the cursor is in sight.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use super::put;
use crate::text;
use crate::tui::line::{Line, Meaning};
use crate::tui::model::Model;

/// Draws an input after its prompt at row `y` of an area.
pub(super) fn draw(
    model: &Model,
    prompt: &str,
    input: &Input,
    area: Rect,
    y: u16,
    focused: bool,
    buffer: &mut Buffer,
) {
    let room = usize::from(area.width)
        .saturating_sub(text::width(prompt))
        .max(1);
    // What is typed may hold anything: it is shown escaped, and the cursor stands where that ends.
    let typed: String = input.value().chars().take(input.cursor()).collect();
    let cursor = text::width(&text::safe(&typed));
    let shown = text::safe(input.value());
    let (value, skipped) = from_column(&shown, (cursor + 1).saturating_sub(room));
    let line = Line::of(Meaning::Accent, prompt).and(Meaning::Plain, text::clip(value, room));
    put(buffer, area, y, &line, model.look);
    if focused {
        let at = text::width(prompt) + cursor.saturating_sub(skipped);
        let x = area.x.saturating_add(u16::try_from(at).unwrap_or(0));
        if x < area.x + area.width
            && let Some(cell) = buffer.cell_mut((x, area.y + y))
        {
            cell.modifier.insert(Modifier::REVERSED);
        }
    }
}

/// The text from the first cluster on that begins at `column` or after it, and where that is.
fn from_column(text: &str, column: usize) -> (&str, usize) {
    let mut used = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        if used >= column {
            return (text.get(at..).unwrap_or(""), used);
        }
        used += text::width(cluster);
    }
    ("", used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrolling_counts_columns_and_keeps_clusters_whole() {
        assert_eq!(from_column("abcdef", 2), ("cdef", 2));
        assert_eq!(from_column("漢字x", 1), ("字x", 2));
        assert_eq!(from_column("e\u{301}a", 1), ("a", 1));
        assert_eq!(from_column("ab", 9), ("", 2));
    }
}
