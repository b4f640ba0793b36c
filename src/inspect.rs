//! The recipe: capture, read, build, judge, diagnose. Makes the one immutable [`Inspection`].

use std::sync::Arc;
use std::time::Duration;

use crate::capture::Capture;
use crate::chain::{Chain, NodeId};
use crate::diagnosis::Finding;
use crate::judge::Verdict;
use crate::moment::Moment;
use crate::net::{Reach, Stage};
use crate::store::Stores;

/// How to inspect; the same for all targets of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How to reach targets.
    pub reach: Reach,
    /// `--at`: judge as of then; `None` means now.
    pub at: Option<Moment>,
    /// SHA-256 of certificates pretended to be trusted.
    pub pretend: Vec<[u8; 32]>,
}

/// The one immutable result, shared by `Arc`.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// What was seen.
    pub capture: Arc<Capture>,
    /// The certificates as a graph.
    pub chain: Chain,
    /// The stores judged against; the first decides the outcome.
    pub stores: Stores,
    /// One per store, in their order.
    pub verdicts: Vec<Verdict>,
    /// Root cause first.
    pub findings: Vec<Finding>,
    /// The whole in one word.
    pub outcome: Outcome,
    /// The time it was judged for.
    pub at: Moment,
    /// `at` was given with `--at` or by the user, and is not the clock's.
    pub at_given: bool,
    /// Certificates pretended to be trusted.
    pub pretended: Vec<NodeId>,
    /// Time from the start to this result.
    pub took: Duration,
}

/// The whole in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the deciding store.
    Trusted,
    /// A certificate was seen, and it is not accepted.
    Untrusted,
    /// The server answered without showing any certificate.
    NoCertificate,
    /// Nothing answered.
    Unreachable,
}

impl Outcome {
    /// The JSON value.
    pub fn id(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
            Self::NoCertificate => "no-certificate",
            Self::Unreachable => "unreachable",
        }
    }

    /// The exit code: 0 trusted, 1 looked and not trusted, 3 could not look.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Trusted => 0,
            Self::Untrusted | Self::NoCertificate => 1,
            Self::Unreachable => 3,
        }
    }
}

/// Told while an inspection runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A stage began.
    Stage(Stage),
}

/// Makes an inspection of a capture: decode, build, judge, diagnose. Pure.
pub fn assemble(
    capture: Arc<Capture>,
    stores: &Stores,
    options: &Options,
    now: Moment,
) -> Inspection {
    let at = options.at.unwrap_or(now);
    Inspection {
        capture,
        chain: Chain::default(),
        stores: stores.clone(),
        verdicts: Vec::new(),
        findings: Vec::new(),
        outcome: Outcome::Unreachable,
        at,
        at_given: options.at.is_some(),
        pretended: Vec::new(),
        took: Duration::ZERO,
    }
}
