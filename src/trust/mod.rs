//! Trusting one certificate, safely and reversibly: the rung of the user's own bundle.
//!
//! A [`Plan`] says what would be written and what it means, or a [`Refusal`] says why that would not
//! help and what does. [`apply`] writes it whole or not at all, keeps the previous bundle, notes it in
//! a journal, and judges again against what is then on disk. [`remove`] undoes it.
//!
//! The bundle holds the public roots **plus** what was added, because most programs that are given a
//! bundle use it *instead of* the public roots. Nothing else on the machine is touched, and turning
//! verification off is never offered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::capture::Capture;
use crate::cert::Certificate;
use crate::inspect::{Inspection, Options};
use crate::moment::Moment;
use crate::save::SaveError;
use crate::store::user_bundle_path;

mod bundle;
mod journal;
mod plan;
mod usage;

pub use bundle::Bundle;
pub use plan::plan;
pub use usage::{Effect, Shell, UsageLine, usage_lines};

/// What would be written, and what it means. Made by [`plan`].
#[derive(Clone, Debug)]
pub struct Plan {
    /// The certificate that would be trusted.
    pub certificate: Arc<Certificate>,
    /// The bundle that would be written.
    pub bundle: PathBuf,
    /// What it allows, in one sentence. Safe to display.
    pub scope: String,
    /// What to know before saying yes, one sentence each. Safe to display.
    pub warnings: Vec<String>,
    /// The target whose failure this cures, safe to display.
    pub target: String,
    /// The id of the finding that it cures; empty when there is none.
    pub finding: String,
    pub(super) public_roots: Vec<Arc<[u8]>>,
    capture: Arc<Capture>,
    options: Options,
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

/// What [`apply`] did, and what came of it.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The bundle as written.
    pub bundle: PathBuf,
    /// The previous bundle, when there was one.
    pub backup: Option<PathBuf>,
    /// The same capture judged again, now against the bundle as read back from disk.
    pub inspection: Inspection,
}

impl Applied {
    /// The bundle now makes the target trusted.
    pub fn cured(&self) -> bool {
        self.inspection.verdicts.first().is_some_and(|v| v.accepted)
    }
}

/// One certificate in the user's bundle.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Entry {
    /// SHA-256 of the certificate, hex.
    pub sha256: String,
    /// Its subject in RFC 4514 form, safe to display.
    pub subject: String,
    /// Last second of its validity, RFC 3339; empty when it could not be read.
    pub not_after: String,
    /// When it was added, RFC 3339.
    pub added: String,
    /// The target whose failure it cured, safe to display.
    pub target: String,
    /// The id of the finding it cured.
    pub finding: String,
    /// The bundle it was written to.
    pub bundle: PathBuf,
    /// SHA-256 of the bundle before, hex; empty when there was none.
    pub bundle_before: String,
    /// SHA-256 of the bundle after, hex.
    pub bundle_after: String,
    /// When it was removed again, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<String>,
}

/// Why the bundle could not be read or written. The words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrustError {
    #[error("there is no home folder to keep a bundle in")]
    NoHome,
    #[error("another whycert is changing the bundle at this moment")]
    Busy,
    #[error("{path} cannot be read: {words}")]
    Unreadable { path: String, words: String },
    #[error("the journal {path} is damaged: {words}")]
    Journal { path: String, words: String },
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("it is in your bundle already")]
    AlreadyThere,
    #[error("nothing that you added has a SHA-256 that starts with {prefix}")]
    Unknown { prefix: String },
    #[error("{count} added certificates have a SHA-256 that starts with {prefix}")]
    Ambiguous { prefix: String, count: usize },
    #[error("“{prefix}” is no start of a SHA-256: use at least four hex digits")]
    NotAFingerprint { prefix: String },
}

/// Carries out a plan on the user's bundle.
///
/// # Errors
/// [`TrustError`]; the bundle is untouched then.
pub fn apply(plan: &Plan) -> Result<Applied, TrustError> {
    Bundle::at(&plan.bundle).apply(plan, Moment::now())
}

/// What the user's bundle holds beside the public roots, oldest first.
///
/// # Errors
/// When the journal cannot be read.
pub fn list() -> Result<Vec<Entry>, TrustError> {
    of_user()?.list()
}

/// Takes out of the user's bundle what was added under this start of a SHA-256 (hex, colons allowed).
///
/// # Errors
/// When nothing, or more than one thing, matches; when the bundle cannot be written.
pub fn remove(prefix: &str) -> Result<Entry, TrustError> {
    of_user()?.remove(prefix, Moment::now())
}

fn of_user() -> Result<Bundle, TrustError> {
    user_bundle_path()
        .map(|path| Bundle::at(&path))
        .ok_or(TrustError::NoHome)
}

fn shown(path: &Path) -> String {
    crate::text::safe(&path.to_string_lossy()).into_owned()
}
