//! Meanings to styles, and the glyphs for Unicode and ASCII terminals.

use ratatui::style::{Color, Modifier, Style};

use super::line::Meaning;

/// How the screen looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Which colours.
    pub theme: Theme,
    /// Unicode or ASCII drawing.
    pub glyphs: &'static Glyphs,
}

/// Sets of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The terminal's own sixteen colours, chosen to be readable on light and dark.
    #[default]
    Terminal,
    /// For dark backgrounds, 24-bit.
    Dark,
    /// For light backgrounds, 24-bit.
    Light,
    /// No colour: bold, underlined, reversed.
    Mono,
}

/// What lines and marks are drawn with.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Glyphs {
    pub good: &'static str,
    pub bad: &'static str,
    pub warn: &'static str,
    pub note: &'static str,
    pub missing: &'static str,
    pub neutral: &'static str,
    pub branch: &'static str,
    /// A branch with siblings below it.
    pub fork: &'static str,
    pub rail: &'static str,
    pub broken: &'static str,
    pub folded: &'static str,
    pub unfolded: &'static str,
    pub bar: &'static str,
    pub rest: &'static str,
    pub today: &'static str,
    pub waiting: &'static str,
    pub cursor: &'static str,
    pub ellipsis: &'static str,
    /// On the border beside the selected row.
    pub here: &'static str,
    /// Horizontal, vertical, then the corners: top left, top right, bottom left, bottom right.
    pub frame: [&'static str; 6],
}

/// For terminals with Unicode.
pub static UNICODE: Glyphs = Glyphs {
    good: "✓",
    bad: "✗",
    warn: "!",
    note: "·",
    missing: "◌",
    neutral: "○",
    branch: "└ ",
    fork: "├ ",
    rail: "│ ",
    broken: "└╴",
    folded: "▸",
    unfolded: "▾",
    bar: "━",
    rest: "─",
    today: "◆",
    waiting: "…",
    cursor: "▌",
    ellipsis: "…",
    here: "▌",
    frame: ["─", "│", "┌", "┐", "└", "┘"],
};

/// For everything else.
pub static ASCII: Glyphs = Glyphs {
    good: "+",
    bad: "x",
    warn: "!",
    note: ".",
    missing: "?",
    neutral: "o",
    branch: "`-",
    fork: "|-",
    rail: "| ",
    broken: "`:",
    folded: ">",
    unfolded: "v",
    bar: "=",
    rest: "-",
    today: "#",
    waiting: "...",
    cursor: "|",
    ellipsis: "~",
    here: ">",
    frame: ["-", "|", "+", "+", "+", "+"],
};

impl Glyphs {
    /// Drawn with ASCII only.
    pub fn is_ascii(&self) -> bool {
        self.rail.is_ascii()
    }
}

impl Look {
    /// The style of a meaning.
    pub fn style(self, meaning: Meaning) -> Style {
        let plain = Style::new();
        match self.theme {
            Theme::Mono => match meaning {
                Meaning::Plain | Meaning::Muted => plain,
                Meaning::Strong | Meaning::Bad | Meaning::Warn | Meaning::Good => {
                    plain.add_modifier(Modifier::BOLD)
                }
                Meaning::Accent | Meaning::Code => plain.add_modifier(Modifier::UNDERLINED),
            },
            theme => {
                let style = match color(theme, meaning) {
                    Some(color) => plain.fg(color),
                    None => plain,
                };
                match meaning {
                    Meaning::Strong | Meaning::Bad | Meaning::Good => {
                        style.add_modifier(Modifier::BOLD)
                    }
                    Meaning::Muted if theme == Theme::Terminal => style.add_modifier(Modifier::DIM),
                    _ => style,
                }
            }
        }
    }

    /// A selected row; `focused` when keys go there.
    pub fn selection(self, focused: bool) -> Style {
        match (self.theme, focused) {
            (Theme::Dark, true) => Style::new()
                .bg(Color::Rgb(0x2b, 0x3b, 0x55))
                .add_modifier(Modifier::BOLD),
            (Theme::Dark, false) => Style::new().bg(Color::Rgb(0x26, 0x2a, 0x33)),
            (Theme::Light, true) => Style::new()
                .bg(Color::Rgb(0xd5, 0xe3, 0xfa))
                .add_modifier(Modifier::BOLD),
            (Theme::Light, false) => Style::new().bg(Color::Rgb(0xec, 0xee, 0xf2)),
            // One colour for the whole row, or each piece would become a block of its own.
            (_, true) => Style::new()
                .fg(Color::Reset)
                .add_modifier(Modifier::REVERSED)
                .remove_modifier(Modifier::DIM),
            (_, false) => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// Text that the search found.
    pub fn found(self) -> Style {
        match self.theme {
            Theme::Mono => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            Theme::Terminal => Style::new().fg(Color::Black).bg(Color::Yellow),
            Theme::Dark => Style::new().bg(Color::Rgb(0x6b, 0x55, 0x12)),
            Theme::Light => Style::new().bg(Color::Rgb(0xff, 0xe3, 0x94)),
        }
    }

    /// Borders; `focused` when keys go there.
    pub fn border(self, focused: bool) -> Style {
        if focused {
            self.style(Meaning::Accent)
                .remove_modifier(Modifier::UNDERLINED)
                .add_modifier(Modifier::BOLD)
        } else {
            self.style(Meaning::Muted)
        }
    }
}

fn color(theme: Theme, meaning: Meaning) -> Option<Color> {
    let rgb = |n: u32| Some(Color::from_u32(n));
    match (theme, meaning) {
        (_, Meaning::Plain | Meaning::Strong) => None,
        (Theme::Terminal | Theme::Mono, meaning) => match meaning {
            Meaning::Good => Some(Color::Green),
            Meaning::Warn => Some(Color::Yellow),
            Meaning::Bad => Some(Color::Red),
            Meaning::Accent => Some(Color::Blue),
            Meaning::Code => Some(Color::Magenta),
            _ => None,
        },
        (Theme::Dark, Meaning::Muted) => rgb(0x008a_93a5),
        (Theme::Dark, Meaning::Good) => rgb(0x0072_d58a),
        (Theme::Dark, Meaning::Warn) => rgb(0x00e8_c468),
        (Theme::Dark, Meaning::Bad) => rgb(0x00ff_7b72),
        (Theme::Dark, Meaning::Accent) => rgb(0x0079_b8ff),
        (Theme::Dark, Meaning::Code) => rgb(0x00c9_a5f5),
        (Theme::Light, Meaning::Muted) => rgb(0x0057_606a),
        (Theme::Light, Meaning::Good) => rgb(0x001a_6e34),
        (Theme::Light, Meaning::Warn) => rgb(0x007d_4e00),
        (Theme::Light, Meaning::Bad) => rgb(0x00b3_1d28),
        (Theme::Light, Meaning::Accent) => rgb(0x0009_50ae),
        (Theme::Light, Meaning::Code) => rgb(0x0064_39c0),
    }
}
