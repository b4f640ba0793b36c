//! Findings: what is wrong, for whom, why, and the smallest safe fix; each under a stable rule id.

use crate::chain::NodeId;

pub mod lesson;
pub mod rule;

pub use rule::{RULES, Rule, Severity};

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How grave it is here (a rule's usual severity may be lowered by circumstances).
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// The cause in one plain sentence. Safe to display.
    pub summary: String,
    /// Facts that show it, as label and value. Safe to display.
    pub evidence: Vec<Evidence>,
    /// Ways to repair it, smallest safe one first.
    pub fixes: Vec<Fix>,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The connection or the server as a whole.
    Connection,
    /// One certificate, or the ghost of one.
    Node(NodeId),
    /// A trust store, by id.
    Store(String),
    /// This machine: its clock, its environment.
    Machine,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it is.
    pub label: String,
    /// What was seen.
    pub value: String,
}

/// One way to repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Who can do it.
    pub who: Who,
    /// What to do, as one imperative sentence. Safe to display.
    pub action: String,
    /// A command or line to copy, when there is one. Shell-quoted, safe to display.
    pub command: Option<String>,
}

/// Who can carry out a fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The person before the screen.
    You,
    /// Whoever runs the server.
    ServerOwner,
    /// Whoever runs the network or proxy.
    NetworkOwner,
}
