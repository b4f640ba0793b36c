//! Every key, in one table. Footer, help page, palette and README come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Command {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Fold,
    Unfold,
    Toggle,
    Enter,
    NextPane,
    PreviousPane,
    Pane(u8),
    NextTarget,
    PreviousTarget,
    Open,
    Reconnect,
    Search,
    NextMatch,
    PreviousMatch,
    Export,
    ExportMenu,
    Copy,
    CopyMenu,
    Ask,
    Trust,
    Trusted,
    Public,
    Forget,
    WhatIf,
    Stores,
    Fetch,
    Names,
    Compare,
    DayBack,
    DayOn,
    WeekBack,
    WeekOn,
    DateBack,
    DateOn,
    Now,
    Flip,
    Zoom,
    Mouse,
    Help,
    Palette,
    Close,
    Suspend,
    Quit,
    Interrupt,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// What it does.
    pub command: Command,
    /// Keys as written on screen, separated by spaces.
    pub keys: &'static str,
    /// One or two words for the footer; empty when it does not stand there.
    pub short: &'static str,
    /// A full phrase for help and README.
    pub help: &'static str,
    /// Which group of the help page.
    pub group: Group,
}

/// Groups of the help page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Group {
    Moving,
    Looking,
    Doing,
    Time,
    Leaving,
}

impl Group {
    /// All, in order.
    pub const ALL: [Self; 5] = [
        Self::Moving,
        Self::Looking,
        Self::Doing,
        Self::Time,
        Self::Leaving,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Moving => "Moving",
            Self::Looking => "Looking",
            Self::Doing => "Doing",
            Self::Time => "Another time",
            Self::Leaving => "Leaving",
        }
    }
}

macro_rules! bindings {
    ($($group:ident $command:expr, $keys:literal, $short:literal, $help:literal;)*) => {
        /// The table, in the order of footer and help.
        pub const BINDINGS: &[Binding] = &[$(Binding {
            command: $command, keys: $keys, short: $short, help: $help, group: Group::$group,
        }),*];
    };
}

bindings! {
    Moving Command::Down, "↓ j", "", "next row or line";
    Moving Command::Up, "↑ k", "", "previous row or line";
    Moving Command::PageDown, "PgDn ctrl-d", "", "a page down";
    Moving Command::PageUp, "PgUp ctrl-u", "", "a page up";
    Moving Command::Top, "Home g", "", "first row or line";
    Moving Command::Bottom, "End G", "", "last row or line";
    Moving Command::Fold, "← h", "", "fold the row, or go to the one above it";
    Moving Command::Unfold, "→ l", "", "unfold the row";
    Moving Command::Toggle, "space", "", "fold or unfold";
    Moving Command::NextPane, "tab", "pane", "next pane; the chain is the first";
    Moving Command::PreviousPane, "shift-tab", "", "previous pane";
    Moving Command::NextTarget, "]", "target", "next target";
    Moving Command::PreviousTarget, "[", "", "previous target";
    Looking Command::Enter, "enter", "explain", "open what the line leads to: a lesson, an explanation";
    Looking Command::Pane(0), "1", "", "pane Why";
    Looking Command::Pane(1), "5", "", "pane Clients: who accepts it, who rejects it, in which words";
    Looking Command::Pane(2), "2", "", "pane Certificate";
    Looking Command::Pane(3), "3", "", "pane Handshake";
    Looking Command::Pane(4), "4", "", "pane PEM";
    Looking Command::Stores, "s", "", "the trust stores of this machine: whose they are, and which hold this chain";
    Looking Command::Search, "/", "search", "search in the pane or the chain";
    Looking Command::NextMatch, "n", "", "next match";
    Looking Command::PreviousMatch, "N", "", "previous match";
    Looking Command::Zoom, "z", "", "give the chain or the pane the whole width, or take it back";
    Looking Command::Flip, "v", "", "draw the chain with the root or the leaf first";
    Doing Command::Export, "e", "export", "write the selected certificate to a PEM file here";
    Doing Command::ExportMenu, "E", "", "choose what to export, in which format, under which name";
    Doing Command::Copy, "y", "copy", "copy the selected certificate as PEM";
    Doing Command::CopyMenu, "Y", "", "choose what to copy";
    Doing Command::Ask, "a", "ask", "ask the clients of this machine themselves; their commands are shown first";
    Doing Command::Trust, "t", "trust", "trust the selected certificate, by the smallest step that helps";
    Doing Command::Trusted, "T", "", "what you trusted: each with how it is undone, and undo it";
    Doing Command::Public, "p", "", "in the trust dialog: ask a public server too whether it still passes";
    Doing Command::WhatIf, "w", "what if", "what if: assume something else here, and see what follows";
    Doing Command::Forget, "W", "", "assume nothing any more";
    Doing Command::Fetch, "f", "fetch", "fetch the issuers that the server did not send";
    Doing Command::Names, "d", "", "ask the resolver where the certificate's names lead";
    Doing Command::Compare, "u", "", "look at an unrelated server too: does the same CA sign for it?";
    Doing Command::Open, "o", "open", "inspect another target";
    Doing Command::Reconnect, "r", "again", "connect and look again";
    Doing Command::Mouse, "m", "", "give the mouse to the terminal, to select text, or take it back";
    Doing Command::Palette, ":", "commands", "find any command by name";
    Doing Command::Help, "? f1", "help", "this page";
    Time Command::DayBack, "<", "", "judge for a day earlier";
    Time Command::DayOn, ">", "day", "judge for a day later";
    Time Command::WeekBack, "{", "", "judge for a week earlier";
    Time Command::WeekOn, "}", "", "judge for a week later";
    Time Command::DateBack, "(", "", "go back to the date before on which something of the chain begins or ends";
    Time Command::DateOn, ")", "", "go on to the next date on which something of the chain begins or ends";
    Time Command::Now, "=", "", "judge for now again";
    Leaving Command::Close, "esc", "", "close what is open; stop asking the clients";
    Leaving Command::Quit, "q", "quit", "close what is open, or quit";
    Leaving Command::Interrupt, "ctrl-c", "", "quit at once, from anywhere";
    Leaving Command::Suspend, "ctrl-z", "", "stop until the shell continues";
}

/// The commands of the footer, the most useful first; the last two always stay.
pub const FOOTER: &[Command] = &[
    Command::NextPane,
    Command::NextTarget,
    Command::Enter,
    Command::Export,
    Command::Copy,
    Command::Ask,
    Command::Trust,
    Command::WhatIf,
    Command::Open,
    Command::Reconnect,
    Command::Search,
    Command::Palette,
    Command::Help,
    Command::Quit,
];

/// The command of a key, outside of input lines.
pub fn command(key: KeyEvent) -> Option<Command> {
    let name = name(key)?;
    BINDINGS
        .iter()
        .find(|b| b.keys.split(' ').any(|k| k == name))
        .map(|b| b.command)
}

/// The row of a command.
pub fn binding(command: Command) -> Option<&'static Binding> {
    BINDINGS.iter().find(|b| b.command == command)
}

/// The first key of a command as written on screen.
pub fn key_of(command: Command) -> &'static str {
    binding(command)
        .and_then(|b| b.keys.split(' ').next())
        .unwrap_or("")
}

/// A key as the table writes it; `None` for keys that have no name there.
pub fn name(key: KeyEvent) -> Option<String> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    let plain = match key.code {
        KeyCode::Up => "↑",
        KeyCode::Down => "↓",
        KeyCode::Left => "←",
        KeyCode::Right => "→",
        KeyCode::PageUp => "PgUp",
        KeyCode::PageDown => "PgDn",
        KeyCode::Home => "Home",
        KeyCode::End => "End",
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => "shift-tab",
        KeyCode::BackTab => "shift-tab",
        KeyCode::Tab => "tab",
        KeyCode::Enter => "enter",
        KeyCode::Esc => "esc",
        KeyCode::F(1) => "f1",
        KeyCode::Char(' ') => "space",
        KeyCode::Char(c) if ctrl => return Some(format!("ctrl-{}", c.to_ascii_lowercase())),
        KeyCode::Char(c) => return Some(c.to_string()),
        _ => return None,
    };
    Some(plain.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_key_has_two_meanings() {
        let mut seen = HashSet::new();
        for key in BINDINGS.iter().flat_map(|b| b.keys.split(' ')) {
            assert!(seen.insert(key), "{key}");
        }
    }

    #[test]
    fn keys_find_their_commands() {
        let plain = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        assert_eq!(command(plain('e')), Some(Command::Export));
        assert_eq!(
            command(KeyEvent::new(KeyCode::Char('E'), KeyModifiers::SHIFT)),
            Some(Command::ExportMenu)
        );
        assert_eq!(
            command(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            Some(Command::Interrupt)
        );
        assert_eq!(command(plain('~')), None);
    }
}
