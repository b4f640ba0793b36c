//! Trusting one certificate, safely and reversibly, on a ladder whose least invasive rung comes first.
//!
//! [`plan()`] says exactly what would be written and run, whom that reaches and whom not, or a [`Refusal`]
//! says why it would not help and what does. [`apply()`] keeps what stood there, notes it in a journal
//! first, and writes each file whole or not at all. [`prove`] asks new processes of the real clients what
//! came of it. [`undo()`] puts back exactly what stood there, or takes out our part where others changed
//! the file since. A run that was killed is taken back by the next one.
//!
//! Turning verification off is not a rung, and certifi is never edited in place.

use std::path::Path;
use std::sync::Arc;

use crate::capture::Capture;
use crate::cert::Certificate;
use crate::save::SaveError;

mod apply;
mod ask;
mod bundle;
mod catch;
mod checkpoint;
mod file;
mod journal;
mod place;
mod plan;
pub mod prove;
mod reach;
mod roots;
mod run;
mod rung;
mod rungs;
mod step;
mod tool;
mod undo;
mod usage;

pub use apply::apply;
pub use ask::letter;
pub use bundle::{Refreshed, refresh};
pub use file::State;
pub use journal::{Asking, Entry, FileRecord, Kept, Progress, Record, Said};
pub use place::Place;
pub use plan::{plan, plan_here};
pub use reach::Turn;
pub use roots::Roots;
pub use run::{RunError, run};
pub use rung::Rung;
pub use step::{Change, Inverse, Part, Step};
pub use tool::said;
pub use undo::{Standing, list, undo};
pub use usage::{Effect, Shell, UsageLine, server_lines, usage_lines};

/// What would be done, and what it means. Made by [`plan()`]. All words are safe to display.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The rung.
    pub rung: Rung,
    /// The certificate that would be trusted.
    pub certificate: Arc<Certificate>,
    /// What would be written and run, in order; empty when the person does it.
    pub steps: Vec<Step>,
    /// What stays with the files that are there already, one sentence each; the steps have their names.
    pub stays: Vec<String>,
    /// What it allows, in one sentence.
    pub scope: String,
    /// Whom it reaches, one sentence each.
    pub affects: Vec<String>,
    /// Whom it does not reach, one sentence each.
    pub spares: Vec<String>,
    /// What to know before saying yes, one sentence each.
    pub warnings: Vec<String>,
    /// How it is undone, in one sentence.
    pub undo: String,
    /// Lines to copy: how to use it, or what to do by hand.
    pub lines: Vec<String>,
    /// How the verdict of each client turns, as predicted.
    pub turns: Vec<Turn>,
    /// Only root may do it.
    pub needs_root: bool,
    /// Written from the tool's documentation, and not tried on such a machine.
    pub untried: bool,
    /// Variables under which programs see it.
    pub variables: Vec<(String, String)>,
    /// The target whose failure this cures.
    pub target: String,
    /// The id of the finding that it cures; empty when there is none.
    pub finding: String,
    pub(crate) uses_bundle: bool,
    roots: Option<roots::Rooted>,
    pub(crate) capture: Arc<Capture>,
}

impl Plan {
    /// The files that change.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.steps.iter().flat_map(Step::changes)
    }

    /// The commands that are run.
    pub fn commands(&self) -> impl Iterator<Item = &[String]> {
        self.steps.iter().filter_map(|step| match step {
            Step::Run { command, .. } => Some(command.as_slice()),
            Step::Files { .. } => None,
        })
    }

    /// This user may not do it.
    pub fn is_forbidden(&self) -> bool {
        self.needs_root && !file::is_root()
    }

    /// The command line that does it as root.
    pub fn as_root(&self) -> String {
        let sha256 = crate::text::hex(&self.certificate.sha256);
        format!(
            "sudo whycert trust {} --certificate {} --rung {} --yes --sha256 {sha256}",
            crate::text::shell_quote(&self.target),
            sha256.get(..16).unwrap_or(&sha256),
            self.rung.id()
        )
    }

    /// The last four characters of the SHA-256, which a person types to say yes.
    pub fn last_four(&self) -> String {
        let all = crate::text::hex(&self.certificate.sha256);
        all.chars().skip(all.len().saturating_sub(4)).collect()
    }
}

/// Why trusting a certificate would not help, and what does. Both are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Refusal {
    /// Why not, in one sentence.
    pub reason: String,
    /// What to do instead, in one sentence.
    pub instead: String,
}

fn refuse(reason: impl Into<String>, instead: impl Into<String>) -> Refusal {
    Refusal {
        reason: reason.into(),
        instead: instead.into(),
    }
}

/// Why something could not be done. The words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrustError {
    #[error("there is no home folder to keep anything in")]
    NoHome,
    #[error("another whycert is changing what is trusted at this moment")]
    Busy,
    #[error("only root may do this")]
    NeedsRoot,
    #[error("{path} cannot be read: {words}")]
    Unreadable { path: String, words: String },
    #[error("the journal {path} is damaged: {words}")]
    Journal { path: String, words: String },
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("{path} is not changed: {why}")]
    Planted { path: String, why: String },
    #[error("{path} was changed since the plan was shown")]
    Changed { path: String },
    #[error("{path} was not put back: {why}")]
    Entangled { path: String, why: String },
    #[error("“{command}” failed: {words}")]
    Command { command: String, words: String },
    #[error("nothing that you trusted is called {typed}")]
    Unknown { typed: String },
    #[error("{typed} names more than one: {}", ids.join(", "))]
    Ambiguous { typed: String, ids: Vec<String> },
    #[error("“{typed}” is no id: use what “whycert trust list” shows, at least four hex digits")]
    NotAnId { typed: String },
}

impl From<TrustError> for Refusal {
    fn from(error: TrustError) -> Self {
        let instead = match &error {
            TrustError::Planted { .. } => "Put a plain file in a folder of your own in its place.",
            TrustError::Busy => "Wait a moment and try again.",
            TrustError::Command { .. } => {
                "Nothing was changed. Try the command yourself to see more."
            }
            _ => "Nothing was changed. Put that right, and try again.",
        };
        refuse(format!("{error}."), instead)
    }
}

fn shown(path: &Path) -> String {
    crate::text::safe(&path.to_string_lossy()).into_owned()
}
