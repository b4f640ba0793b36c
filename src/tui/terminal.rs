//! The terminal: taken, given back, whatever happens. Restored after panic, error, signal and
//! suspension; nothing else in the program writes to it.

use std::io::{self, Stdout, Write};
use std::sync::mpsc::Sender;

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{cursor, execute};
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::Wake;

/// Holds the terminal; gives it back when dropped.
pub(super) struct Guard {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Guard {
    /// Raw mode, alternate screen, mouse, bracketed paste; and a panic hook that undoes them first.
    pub(super) fn enter() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let _ = give_back();
            before(info);
        }));
        take(true)?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        match terminal {
            Ok(terminal) => Ok(Self { terminal }),
            Err(error) => {
                let _ = give_back();
                Err(error)
            }
        }
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        terminal::size()
    }

    /// Draws a frame; only what changed is written.
    pub(super) fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render).map(|_| ())
    }

    /// Takes the mouse, or gives it to the terminal for selecting text.
    pub(super) fn mouse(&mut self, on: bool) -> io::Result<()> {
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives the terminal back and stops this process until the shell continues it.
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            give_back()?;
            rustix::process::kill_process(
                rustix::process::getpid(),
                rustix::process::Signal::STOP,
            )?;
            // Here again: continued. The signal thread sends the message that redraws.
        }
        Ok(())
    }

    /// Takes the terminal again after a suspension.
    pub(super) fn resume(&mut self, mouse: bool) -> io::Result<()> {
        take(mouse)?;
        self.terminal.clear()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = give_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    terminal::enable_raw_mode()?;
    let entered = execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    );
    let entered = entered.and_then(|()| {
        if mouse {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            Ok(())
        }
    });
    if entered.is_err() {
        let _ = give_back();
    }
    entered
}

/// Undoes [`take`], every part of it, even when one fails.
fn give_back() -> io::Result<()> {
    let mut out = io::stdout();
    let left = execute!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let raw = terminal::disable_raw_mode();
    out.flush()?;
    left.and(raw)
}

/// A thread that sleeps in the terminal's event queue.
pub(super) fn read_events(sender: Sender<Wake>) {
    std::thread::spawn(move || {
        loop {
            let wake = match crossterm::event::read() {
                Ok(event) => Wake::Terminal(event),
                // The terminal went away.
                Err(_) => Wake::End,
            };
            let end = matches!(wake, Wake::End);
            if sender.send(wake).is_err() || end {
                return;
            }
        }
    });
}

/// A thread that sleeps until a signal asks to end or the shell continues us.
#[cfg(unix)]
pub(super) fn hear_signals(sender: &Sender<Wake>) -> io::Result<()> {
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT])?;
    let sender = sender.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let wake = if signal == SIGCONT {
                Wake::Continued
            } else {
                Wake::End
            };
            if sender.send(wake).is_err() {
                return;
            }
        }
    });
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn hear_signals(_sender: &Sender<Wake>) -> io::Result<()> {
    Ok(())
}
