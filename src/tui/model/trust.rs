//! The state of the trust dialog.

use tui_input::Input;

use crate::chain::NodeId;
use crate::trust::prove::Applied;
use crate::trust::{Plan, Refusal, Rung};

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
