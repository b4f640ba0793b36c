//! A drawn buffer as SVG, for the pictures in README and lessons. Deterministic.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

use super::theme::Theme;

const CELL_WIDTH: usize = 9;
const CELL_HEIGHT: usize = 19;
const PAD: usize = 12;
/// Ink and paper.
#[derive(Clone, Copy)]
struct Sheet {
    ink: &'static str,
    paper: &'static str,
}

const DARK: Sheet = Sheet {
    ink: "#d7dce4",
    paper: "#161a21",
};
const LIGHT: Sheet = Sheet {
    ink: "#1f2430",
    paper: "#fbfbfc",
};

/// The picture: one `<text>` for each run of one style, stretched to its columns; lines of boxes are
/// drawn, so that no font can tear them. On light paper for the light theme.
pub fn svg(buffer: &Buffer, theme: Theme) -> String {
    let sheet = if theme == Theme::Light { LIGHT } else { DARK };
    let paper = sheet.paper;
    let area = buffer.area;
    let (width, height) = (
        usize::from(area.width) * CELL_WIDTH + 2 * PAD,
        usize::from(area.height) * CELL_HEIGHT + 2 * PAD,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace\" font-size=\"15\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{paper}\"/>\n"
    );
    for y in 0..area.height {
        let mut x = 0;
        while x < area.width {
            let Some(first) = buffer.cell((area.x + x, area.y + y)) else {
                break;
            };
            let mut text = String::new();
            let start = x;
            while x < area.width {
                let Some(cell) = buffer.cell((area.x + x, area.y + y)) else {
                    break;
                };
                if !same_style(cell, first) {
                    break;
                }
                text.push_str(cell.symbol());
                x += u16::try_from(crate::text::width(cell.symbol()).max(1)).unwrap_or(1);
            }
            run(
                &mut out,
                sheet,
                first,
                &text,
                usize::from(start),
                usize::from(y),
                usize::from(x - start),
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

fn same_style(a: &Cell, b: &Cell) -> bool {
    (a.fg, a.bg, a.modifier) == (b.fg, b.bg, b.modifier)
}

fn run(
    out: &mut String,
    sheet: Sheet,
    cell: &Cell,
    text: &str,
    x: usize,
    y: usize,
    columns: usize,
) {
    let (mut fg, mut bg) = (
        color(cell.fg).unwrap_or_else(|| sheet.ink.to_owned()),
        color(cell.bg),
    );
    if cell.modifier.contains(Modifier::REVERSED) {
        let swapped = bg.unwrap_or_else(|| sheet.paper.to_owned());
        bg = Some(fg);
        fg = swapped;
    }
    let (left, top, wide) = (
        PAD + x * CELL_WIDTH,
        PAD + y * CELL_HEIGHT,
        columns * CELL_WIDTH,
    );
    if let Some(bg) = bg {
        let _ = writeln!(
            out,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{CELL_HEIGHT}\" fill=\"{bg}\"/>"
        );
    }
    let opacity = if cell.modifier.contains(Modifier::DIM) {
        " opacity=\"0.65\""
    } else {
        ""
    };
    lines(out, text, (left, top), &format!("stroke=\"{fg}\"{opacity}"));
    let text: String = text
        .chars()
        .map(|c| if strokes(c).is_empty() { c } else { ' ' })
        .collect();
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    if cell.modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    style.push_str(opacity);
    if cell.modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    let _ = writeln!(
        out,
        "<text x=\"{left}\" y=\"{}\" textLength=\"{wide}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{fg}\"{style}>{}</text>",
        top + 14,
        escape(&text)
    );
}

/// Draws the box lines of a run.
fn lines(out: &mut String, text: &str, (left, top): (usize, usize), style: &str) {
    let (middle, centre) = (CELL_WIDTH as f32 / 2.0, CELL_HEIGHT as f32 / 2.0);
    let mut path = String::new();
    let mut x = left as f32;
    let y = top as f32;
    for c in text.chars() {
        for direction in strokes(c) {
            let (dx, dy) = match direction {
                Stroke::Left => (-middle, 0.0),
                Stroke::Right => (middle, 0.0),
                Stroke::Up => (0.0, -centre),
                Stroke::Down => (0.0, centre),
            };
            let _ = write!(path, "M{} {}l{dx} {dy}", x + middle, y + centre);
        }
        x += (CELL_WIDTH * crate::text::width(c.encode_utf8(&mut [0; 4]))) as f32;
    }
    if !path.is_empty() {
        let _ = writeln!(out, "<path d=\"{path}\" {style}/>");
    }
}

/// From the middle of a cell towards one of its sides.
#[derive(Clone, Copy)]
enum Stroke {
    Left,
    Right,
    Up,
    Down,
}

/// What a character of a box is made of; nothing for any other character.
fn strokes(c: char) -> &'static [Stroke] {
    use Stroke::{Down, Left, Right, Up};
    match c {
        '─' => &[Left, Right],
        '│' => &[Up, Down],
        '┌' => &[Right, Down],
        '┐' => &[Left, Down],
        '└' => &[Right, Up],
        '┘' => &[Left, Up],
        '├' => &[Up, Down, Right],
        _ => &[],
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn color(color: Color) -> Option<String> {
    let hex = match color {
        Color::Reset => return None,
        Color::Rgb(r, g, b) => return Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Green | Color::LightGreen => "#72d58a",
        Color::Red | Color::LightRed => "#ff7b72",
        Color::Yellow | Color::LightYellow => "#e8c468",
        Color::Blue | Color::LightBlue => "#79b8ff",
        Color::Magenta | Color::LightMagenta => "#c9a5f5",
        Color::Cyan | Color::LightCyan => "#7fd6d6",
        Color::Black => "#161a21",
        Color::DarkGray => "#6b7484",
        _ => return None,
    };
    Some(hex.to_owned())
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn text_is_escaped_and_wide_glyphs_take_two_columns() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 8, 1));
        buffer.set_string(0, 0, "<漢>", Style::new().fg(Color::Red));
        let picture = svg(&buffer, Theme::Dark);
        assert!(picture.contains("&lt;漢&gt;"), "{picture}");
        assert!(picture.contains("textLength=\"36\""), "{picture}");
    }
}
