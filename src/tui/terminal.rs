//! The terminal: taken, given back, whatever happens. Restored after panic, error, signal and
//! suspension; nothing else in the program writes to it.

use std::io::{self, BufWriter, Stdout, Write};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen,
};
use crossterm::{cursor, execute, queue};
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use super::Wake;

/// A frame is written at once: so much is kept until it is whole.
const FRAME_BYTES: usize = 64 * 1024;

/// Frames and clipboard sequences are written whole: who writes holds this.
static WRITING: Mutex<()> = Mutex::new(());

fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a control sequence between two frames.
///
/// # Errors
/// When the terminal is gone.
pub(super) fn write_between_frames(sequence: &str) -> io::Result<()> {
    let _whole = writing();
    let mut out = io::stdout().lock();
    out.write_all(sequence.as_bytes())?;
    out.flush()
}

/// Holds the terminal; gives it back when dropped.
pub(super) struct Guard {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
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
        match whole_frames() {
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
        let _whole = writing();
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(render)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        io::Write::flush(self.terminal.backend_mut())
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
    #[cfg(unix)]
    pub(super) fn resume(&mut self, mouse: bool) -> io::Result<()> {
        take(mouse)?;
        // A new one knows nothing of what is drawn, so that its first frame is whole. (Clearing the old
        // one would ask the terminal where its cursor is, and the answer goes to the thread that reads.)
        self.terminal = whole_frames()?;
        execute!(io::stdout(), terminal::Clear(terminal::ClearType::All))
    }
}

fn whole_frames() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    let out = BufWriter::with_capacity(FRAME_BYTES, io::stdout());
    Terminal::new(CrosstermBackend::new(out))
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
    use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};
    let mut signals =
        signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT, SIGCONT, SIGTSTP])?;
    let sender = sender.clone();
    std::thread::spawn(move || {
        for signal in signals.forever() {
            let wake = match signal {
                SIGCONT => Wake::Continued,
                SIGTSTP => Wake::Suspend,
                _ => Wake::End,
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
