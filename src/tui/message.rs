//! All that can happen, and all that may be asked of the world.

use std::path::PathBuf;
use std::sync::Arc;

use super::keymap::Command;
use super::model::CopyRoute;
use crate::ask::Way;
use crate::chain::NodeId;
use crate::diagnosis::Further;
use crate::export::{Format, What};
use crate::inspect::{Ask, Inspection, Options};
use crate::judge::client::{Installed, Measured};
use crate::moment::Moment;
use crate::net::Stage;
use crate::store::{Stores, Survey};
use crate::target::Target;
use crate::trust::prove::{Applied, Undone};
use crate::trust::{Entry, Plan, Refusal, Rung, Standing};

/// A background job. Answers to jobs that the model no longer holds are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// All that can happen.
#[derive(Clone, Debug)]
pub enum Message {
    // ── the person ──
    /// A command, from a key, the palette or the mouse.
    Command(Command),
    /// An edit of the input line in focus.
    Edit(Edit),
    /// Text was pasted.
    Paste(String),
    /// The left button went down on a cell.
    Click {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
    },
    /// The wheel turned over a cell; positive is down.
    Wheel {
        /// Column.
        x: u16,
        /// Row.
        y: u16,
        /// Lines.
        lines: i32,
    },
    /// The terminal has this size now, columns and rows.
    Resized(u16, u16),

    // ── the world's answers ──
    /// Time passed while something waits.
    Tick(Moment),
    /// A stage of an inspection began.
    Stage {
        /// Which inspection.
        job: JobId,
        /// Which stage.
        stage: Stage,
    },
    /// An inspection is done.
    Inspected {
        /// Which.
        job: JobId,
        /// Its result.
        inspection: Arc<Inspection>,
    },
    /// A question beyond the server is answered.
    Further {
        /// Which.
        job: JobId,
        /// All that is known further.
        further: Box<Further>,
    },
    /// The certificates of a file that the server is to be taken to send, or why there are none (safe
    /// to display).
    Read {
        /// The job that asked.
        job: JobId,
        /// Their DER.
        result: Result<Vec<Arc<[u8]>>, String>,
    },
    /// The stores are loaded.
    Stores(Stores),
    /// Every store of this machine is read.
    Surveyed(Box<Survey>),
    /// The clients of this machine were looked for.
    Installed(Vec<Installed>),
    /// A client was asked.
    Asked {
        /// Which round of questions.
        job: JobId,
        /// What came of it.
        measured: Box<Measured>,
    },
    /// Targets typed in earlier sessions, newest first.
    History(Vec<String>),
    /// A file was written, or why not.
    Saved {
        /// What it holds.
        what: What,
        /// In which format.
        format: Format,
        /// Its path, or words that are safe to display.
        result: Result<PathBuf, String>,
    },
    /// Text was copied: which way, or why not.
    Copied {
        /// What, in words: `PEM`, `SHA-256`.
        what: String,
        /// The way it went.
        result: Result<CopyRoute, String>,
    },
    /// A plan to trust a certificate on a rung, or why it is refused.
    Planned(Rung, Box<Result<Plan, Refusal>>),
    /// A plan was carried out and proved, or why not.
    Trusted(Box<Result<Applied, String>>),
    /// The journal was read.
    Listed {
        /// What is in it, oldest first, or why it cannot be read.
        entries: Result<Vec<(Entry, Standing)>, String>,
        /// Root keeps another, which this user may not read.
        hides_root: bool,
    },
    /// An entry was undone and its clients asked again, or why not.
    Undone(Box<Result<Undone, String>>),
}

/// An edit of an input line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Edit {
    Insert(char),
    Backspace,
    Delete,
    Left,
    Right,
    Start,
    End,
    DeleteWord,
    Clear,
}

/// All that may be asked of the world.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Inspect a target.
    Inspect {
        /// The job that answers.
        job: JobId,
        /// What.
        target: Box<Target>,
        /// How.
        options: Box<Options>,
    },
    /// Look for the clients of this machine.
    FindClients,
    /// Ask clients of this machine.
    Ask {
        /// The job that answers.
        job: JobId,
        /// How each is asked.
        ways: Vec<Way>,
    },
    /// Ask a question that goes beyond the server.
    Further {
        /// The job that answers.
        job: JobId,
        /// About this inspection.
        inspection: Arc<Inspection>,
        /// What.
        ask: Box<Ask>,
    },
    /// Read the certificates of a file.
    Read {
        /// The job that answers.
        job: JobId,
        /// The file as typed.
        path: PathBuf,
    },
    /// Forget a job and stop what it does.
    Cancel(JobId),
    /// End every client that is being asked.
    CallOff,
    /// Remember a target for later sessions.
    Remember(String),
    /// Write an export to a file that does not exist yet.
    Save {
        /// Of this inspection.
        inspection: Arc<Inspection>,
        /// What.
        what: What,
        /// In which format.
        format: Format,
        /// File name; a suffix is added when it is taken.
        name: String,
    },
    /// Copy text to the clipboard.
    Copy {
        /// What it is, in words.
        what: String,
        /// The text.
        text: String,
    },
    /// Plan to trust a certificate on a rung.
    Plan {
        /// Of this inspection.
        inspection: Arc<Inspection>,
        /// Which certificate.
        node: NodeId,
        /// Which rung.
        rung: Rung,
    },
    /// Carry a plan out and prove it.
    Trust {
        /// What.
        plan: Box<Plan>,
        /// Ask a public server too.
        public: bool,
    },
    /// Read the journal of what is trusted.
    List,
    /// Undo the entry with this id.
    Undo(String),
    /// Turn mouse capture on or off.
    Mouse(bool),
    /// Give the terminal back and stop until the shell continues us.
    Suspend,
    /// End.
    Quit,
}
