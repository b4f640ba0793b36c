//! The screen, as the Elm architecture: [`model`] (state), [`message`] (what can happen and what may be
//! asked of the world), [`update`] and [`view`] (pure), and this runtime around them.
//!
//! One thread owns the terminal and the model and sleeps until a message comes: from the thread that
//! reads keys, from the one that hears signals, or from the one that works (`effects`). Nothing runs
//! on a timer unless something waits, so an idle screen costs nothing. The first frame is drawn before
//! any network, file or store work begins.

pub mod areas;
mod clipboard;
mod effects;
mod history;
pub mod keymap;
pub mod line;
pub mod message;
pub mod model;
pub mod pages;
mod screenshot;
mod svg;
mod terminal;
pub mod theme;
pub mod tree;
pub mod update;
pub mod view;

use std::mem::ManuallyDrop;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};

use crate::inspect::Options;
use crate::moment::Moment;
use crate::store::Stores;
use crate::target::Target;
use message::{Edit, Effect, Message};
use model::Model;

pub use screenshot::screenshot;

/// One target of a session.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What to inspect.
    pub target: Target,
    /// A name for the sidebar instead of the target, such as a lab scenario's title.
    pub label: Option<String>,
    /// A story to show below the findings (lab).
    pub story: Option<String>,
}

/// Where the trust stores come from.
#[derive(Clone, Debug)]
pub enum StoreSource {
    /// This machine's, with these `--ca` files; loaded after the first frame.
    Machine(Vec<std::path::PathBuf>),
    /// Exactly these (lab).
    Fixed(Stores),
}

/// What a session starts with.
#[derive(Clone, Debug)]
pub struct Start {
    /// Targets; none: begin with the input line.
    pub entries: Vec<Entry>,
    /// How to inspect.
    pub options: Options,
    /// Which stores.
    pub stores: StoreSource,
    /// How it looks.
    pub look: theme::Look,
}

/// Why the screen could not be shown. Words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot use this terminal: {0}")]
pub struct TuiError(pub String);

/// What wakes the loop.
enum Wake {
    Message(Message),
    Terminal(Event),
    /// Terminate, as a signal asked.
    End,
    /// Somebody asks us to stop until we are continued.
    #[cfg(unix)]
    Suspend,
    /// The shell continued us: take the terminal again.
    #[cfg(unix)]
    Continued,
}

/// The clients that are being asked end with the screen.
struct Clients;

impl Drop for Clients {
    fn drop(&mut self) {
        crate::ask::stop();
    }
}

/// How often waiting time is shown anew while something waits.
const BEAT: Duration = Duration::from_millis(500);

/// Runs the screen until the person quits.
///
/// # Errors
/// When the terminal cannot be used.
pub fn run(start: Start) -> Result<(), TuiError> {
    // Dropped last, when the terminal is given back.
    let _clients = Clients;
    let fail = |error: std::io::Error| TuiError(error.to_string());
    let (sender, wakes) = mpsc::channel();
    terminal::hear_signals(&sender).map_err(fail)?;
    let mut terminal = terminal::Guard::enter().map_err(fail)?;
    let size = terminal.size().map_err(fail)?;
    // What has a label of its own, such as a scenario of the lab, was not typed.
    let typed = start.entries.iter().filter(|entry| entry.label.is_none());
    let typed = typed.map(|entry| entry.target.clone()).collect();
    // The program ends with the screen: nobody waits until hundreds of thousands of certificates are freed.
    let mut model = ManuallyDrop::new(Model::new(
        start.entries,
        start.options,
        start.look,
        size,
        Moment::now(),
    ));
    model.refresh();
    terminal
        .draw(|frame| view::view(&model, frame))
        .map_err(fail)?;

    let effects = effects::Worker::start(sender.clone(), start.stores, typed);
    terminal::read_events(sender);
    effects.run_all(update::update(&mut model, Message::Tick(Moment::now())));
    terminal
        .draw(|frame| view::view(&model, frame))
        .map_err(fail)?;
    while let Some(batch) = next_batch(&wakes, model.waits()) {
        model.now = Moment::now();
        for wake in batch {
            let message = match wake {
                Wake::End => return Ok(()),
                #[cfg(unix)]
                Wake::Continued => {
                    terminal.resume(model.mouse).map_err(fail)?;
                    let (columns, rows) = terminal.size().map_err(fail)?;
                    Message::Resized(columns, rows)
                }
                #[cfg(unix)]
                Wake::Suspend => Message::Command(keymap::Command::Suspend),
                Wake::Message(message) => message,
                Wake::Terminal(event) => match translate(&event, &model) {
                    Some(message) => message,
                    None => continue,
                },
            };
            for effect in update::update(&mut model, message) {
                match effect {
                    Effect::Quit => return Ok(()),
                    Effect::Suspend => terminal.suspend().map_err(fail)?,
                    Effect::Mouse(on) => terminal.mouse(on).map_err(fail)?,
                    other => effects.run(other),
                }
            }
        }
        terminal
            .draw(|frame| view::view(&model, frame))
            .map_err(fail)?;
    }
    Ok(())
}

/// Sleeps until something happens, then takes all that has; `None` when nobody can send any more.
/// While something waits, an empty batch comes every [`BEAT`], so that its time is drawn.
fn next_batch(wakes: &Receiver<Wake>, waits: bool) -> Option<Vec<Wake>> {
    let first = if waits {
        match wakes.recv_timeout(BEAT) {
            Ok(wake) => wake,
            Err(RecvTimeoutError::Timeout) => {
                return Some(vec![Wake::Message(Message::Tick(Moment::now()))]);
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    } else {
        wakes.recv().ok()?
    };
    let mut batch = vec![first];
    batch.extend(wakes.try_iter());
    Some(batch)
}

/// What a terminal event means to the model as it is now.
pub fn translate(event: &Event, model: &Model) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => key_message(*key, model),
        Event::Paste(text) => Some(Message::Paste(text.clone())),
        Event::Resize(columns, rows) => Some(Message::Resized(*columns, *rows)),
        Event::Mouse(mouse) => {
            let (x, y) = (mouse.column, mouse.row);
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Message::Click { x, y }),
                MouseEventKind::ScrollDown => Some(Message::Wheel { x, y, lines: 3 }),
                MouseEventKind::ScrollUp => Some(Message::Wheel { x, y, lines: -3 }),
                _ => None,
            }
        }
        _ => None,
    }
}

fn key_message(key: KeyEvent, model: &Model) -> Option<Message> {
    if update::overlay::is_typing(model)
        && let Some(edit) = typed(key)
    {
        return Some(Message::Edit(edit));
    }
    keymap::command(key).map(Message::Command)
}

/// A key as an edit of an input line; `None` for keys that stay commands there.
fn typed(key: KeyEvent) -> Option<Edit> {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Char('c' | 'z') if ctrl => return None,
        KeyCode::Char('a') if ctrl => Edit::Start,
        KeyCode::Char('e') if ctrl => Edit::End,
        KeyCode::Char('w') if ctrl => Edit::DeleteWord,
        KeyCode::Char('u') if ctrl => Edit::Clear,
        KeyCode::Char(c) if !ctrl => Edit::Insert(c),
        KeyCode::Backspace => Edit::Backspace,
        KeyCode::Delete => Edit::Delete,
        KeyCode::Left => Edit::Left,
        KeyCode::Right => Edit::Right,
        KeyCode::Home => Edit::Start,
        KeyCode::End => Edit::End,
        _ => return None,
    })
}

/// Keys for a session without a keyboard: characters, and names in angle brackets (`<enter>`,
/// `<tab>`, `<esc>`, `<down>`, `<ctrl-c>`, `<lt>` for `<`).
///
/// # Errors
/// The name that is not known.
pub fn parse_keys(text: &str) -> Result<Vec<KeyEvent>, String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c != '<' {
            keys.push(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
            continue;
        }
        let Some((name, after)) = rest.split_once('>') else {
            return Err(format!("<{rest}"));
        };
        rest = after;
        let (name, modifiers) = match name.strip_prefix("ctrl-") {
            Some(name) => (name, KeyModifiers::CONTROL),
            None => (name, KeyModifiers::NONE),
        };
        let code = match name {
            "enter" => KeyCode::Enter,
            "tab" => KeyCode::Tab,
            "shift-tab" => KeyCode::BackTab,
            "esc" => KeyCode::Esc,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "backspace" => KeyCode::Backspace,
            "space" => KeyCode::Char(' '),
            "lt" => KeyCode::Char('<'),
            name if name.chars().count() == 1 => KeyCode::Char(name.chars().next().unwrap_or(' ')),
            name => return Err(format!("<{name}>")),
        };
        keys.push(KeyEvent::new(code, modifiers));
    }
    Ok(keys)
}
