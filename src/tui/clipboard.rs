//! Copying: to the desktop's clipboard, to the terminal's by OSC 52, or to a file; and the truth about
//! which way it went.

use super::model::CopyRoute;
use super::terminal;
use crate::save;

/// OSC 52 longer than this is cut or dropped by many terminals.
const MOST_OSC_BYTES: usize = 74_994;

/// Ways to copy, as the environment suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// This desktop's clipboard.
    Desktop,
    /// OSC 52, bare.
    Terminal,
    /// OSC 52, wrapped for tmux to pass on.
    Tmux,
    /// OSC 52, wrapped for GNU screen.
    Screen,
}

/// Chooses a way. Over SSH and in containers the desktop here is not the person's.
pub(super) fn way(variable: impl Fn(&str) -> Option<String>) -> Way {
    let set = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    let remote = set("SSH_TTY")
        || set("SSH_CONNECTION")
        || set("container")
        || set("KUBERNETES_SERVICE_HOST");
    let desktop =
        set("WAYLAND_DISPLAY") || set("DISPLAY") || cfg!(any(windows, target_os = "macos"));
    if desktop && !remote {
        Way::Desktop
    } else if set("TMUX") {
        Way::Tmux
    } else if variable("TERM").is_some_and(|t| t.starts_with("screen")) {
        Way::Screen
    } else {
        Way::Terminal
    }
}

/// The desktop's clipboard, opened at the first copy and kept: its content ends with it.
#[derive(Default)]
pub(super) struct Clipboard {
    desktop: Option<arboard::Clipboard>,
}

impl Clipboard {
    /// Copies; tries the next way when one fails.
    pub(super) fn copy(&mut self, text: &str) -> Result<CopyRoute, String> {
        let way = way(|name| std::env::var(name).ok());
        if way == Way::Desktop && self.onto_desktop(text) {
            return Ok(CopyRoute::Desktop);
        }
        // A terminal that calls itself "dumb" or "linux" shows OSC 52 as rubbish or drops it.
        let speaks = std::env::var("TERM").is_ok_and(|t| t != "dumb" && t != "linux");
        let sequence = osc52(text, way);
        if speaks
            && sequence.len() <= MOST_OSC_BYTES
            && terminal::write_between_frames(&sequence).is_ok()
        {
            return Ok(CopyRoute::Terminal {
                bytes: text.len(),
                tmux: way == Way::Tmux,
            });
        }
        let path = std::env::temp_dir().join("whycert-copy.txt");
        save::save(&path, text.as_bytes())
            .map(CopyRoute::File)
            .map_err(|e| e.to_string())
    }

    fn onto_desktop(&mut self, text: &str) -> bool {
        if self.desktop.is_none() {
            self.desktop = arboard::Clipboard::new().ok();
        }
        self.desktop
            .as_mut()
            .is_some_and(|c| c.set_text(text.to_owned()).is_ok())
    }
}

fn osc52(text: &str, way: Way) -> String {
    let body = format!(
        "\x1b]52;c;{}\x07",
        data_encoding::BASE64.encode(text.as_bytes())
    );
    match way {
        Way::Tmux => format!("\x1bPtmux;{}\x1b\\", body.replace('\x1b', "\x1b\x1b")),
        Way::Screen => format!("\x1bP{body}\x1b\\"),
        Way::Desktop | Way::Terminal => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(set: &[(&str, &str)]) -> Way {
        way(|name| {
            set.iter()
                .find(|(n, _)| *n == name)
                .map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_way_follows_the_environment() {
        assert_eq!(chosen(&[("DISPLAY", ":0")]), Way::Desktop);
        assert_eq!(
            chosen(&[("DISPLAY", ":0"), ("SSH_TTY", "/dev/pts/1")]),
            Way::Terminal
        );
        assert_eq!(chosen(&[("SSH_CONNECTION", "x"), ("TMUX", "y")]), Way::Tmux);
        assert_eq!(chosen(&[("TERM", "screen-256color")]), Way::Screen);
        assert_eq!(chosen(&[]), Way::Terminal);
    }

    #[test]
    fn tmux_gets_its_escapes_doubled() {
        assert_eq!(
            osc52("a", Way::Tmux),
            "\x1bPtmux;\x1b\x1b]52;c;YQ==\x07\x1b\\"
        );
        assert_eq!(osc52("a", Way::Terminal), "\x1b]52;c;YQ==\x07");
    }
}
