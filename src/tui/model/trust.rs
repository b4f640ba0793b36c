//! The state of the trust dialog, and of the list of what is trusted.

use tui_input::Input;

use crate::chain::NodeId;
use crate::trust::prove::{Applied, Undone};
use crate::trust::{Entry, Plan, Refusal, Rung, Standing};

/// The trust dialog.
#[derive(Debug)]
pub struct TrustDialog {
    /// The certificate.
    pub node: NodeId,
    /// Its name.
    pub title: String,
    /// The rung, by its place in [`Rung::ALL`].
    pub picked: usize,
    /// Already pretended, so that the first choice takes it back.
    pub pretended: bool,
    /// What the rung would do, once planned.
    pub plan: Option<Result<Plan, Refusal>>,
    /// The last four characters of the SHA-256 are being typed, to agree.
    pub agreeing: Option<Input>,
    /// A public server is asked too.
    pub public: bool,
    /// It is being carried out.
    pub busy: bool,
    /// What it did.
    pub applied: Option<Result<Applied, String>>,
}

/// So many rungs are in sight.
pub(crate) const RUNGS: usize = 5;

impl TrustDialog {
    /// The rung that is picked.
    pub fn rung(&self) -> Rung {
        Rung::ALL.get(self.picked).copied().unwrap_or(Rung::Pretend)
    }

    /// The first rung in sight.
    pub fn first(&self) -> usize {
        self.picked
            .saturating_sub(RUNGS / 2)
            .min(Rung::ALL.len() - RUNGS)
    }
}

/// The list of what is trusted.
#[derive(Debug, Default)]
pub struct JournalDialog {
    /// What is in the journal, the newest first, or why it cannot be read; `None` until it is read.
    pub entries: Option<Result<Vec<(Entry, Standing)>, String>>,
    /// Root keeps another journal, which this user may not read.
    pub hides_root: bool,
    /// Which of them.
    pub picked: usize,
    /// One is being undone.
    pub busy: bool,
    /// What came of the last that was undone.
    pub undone: Option<Result<Undone, String>>,
}

/// So many entries are in sight.
pub(crate) const ENTRIES: usize = 5;

impl JournalDialog {
    /// All that was read.
    pub fn all(&self) -> &[(Entry, Standing)] {
        match &self.entries {
            Some(Ok(all)) => all,
            _ => &[],
        }
    }

    /// The entry that is picked.
    pub fn entry(&self) -> Option<&Entry> {
        self.all().get(self.picked).map(|(entry, _)| entry)
    }

    /// How many are in sight.
    pub fn shown(&self) -> usize {
        self.all().len().min(ENTRIES)
    }

    /// The first in sight.
    pub fn first(&self) -> usize {
        self.picked
            .saturating_sub(ENTRIES / 2)
            .min(self.all().len().saturating_sub(ENTRIES))
    }
}
