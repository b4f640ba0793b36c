//! Findings: what is wrong, for whom, why, and the smallest safe fix; each under a stable rule id.
//!
//! Pure. One file per family of rules; `rule` is the table, `lesson` the page for each.

use std::net::IpAddr;
use std::sync::Arc;

use crate::capture::Capture;
use crate::chain::{Chain, NodeId};
use crate::judge::{Staple, Verdict};
use crate::moment::Moment;
use crate::store::Stores;
use crate::target::Host;

mod certificate;
mod clock;
mod connection;
mod environment;
pub mod interception;
pub mod lesson;
mod local;
mod names;
pub mod pasted;
mod path;
mod presentation;
mod profile;
mod rare;
pub mod rule;
mod session;
mod staple;
mod stores;

pub use rule::{RULES, Rule, Severity};

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How grave it is here (a rule's usual severity may change with the circumstances).
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

impl Who {
    /// `you`, `the server's owner`, `the network's owner`.
    pub fn words(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::ServerOwner => "the server's owner",
            Self::NetworkOwner => "the network's owner",
        }
    }

    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::You => "you",
            Self::ServerOwner => "server-owner",
            Self::NetworkOwner => "network-owner",
        }
    }
}

/// Everything a rule may look at.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// What was seen.
    pub capture: &'a Capture,
    /// The certificates.
    pub chain: &'a Chain,
    /// The stores; the first decides.
    pub stores: &'a Stores,
    /// One verdict per store, in their order.
    pub verdicts: &'a [Verdict],
    /// The stapled answer, if there is one, and what it says.
    pub staple: Option<&'a Staple>,
    /// The name that the certificate must carry.
    pub name: Option<&'a Host>,
    /// The moment judged for.
    pub at: Moment,
    /// `at` was chosen, it is not the clock's.
    pub at_given: bool,
    /// What was asked beyond the server itself.
    pub further: &'a Further,
}

/// Answers to questions that go beyond the server itself, and are asked only when the user wishes it.
#[derive(Clone, Debug, Default)]
pub struct Further {
    /// Names that the certificate is for, with the addresses to which each resolves.
    pub resolved: Vec<(String, Vec<IpAddr>)>,
    /// Another server, which should have nothing in common with this one.
    pub other: Option<Other>,
    /// What was asked for where certificates say that their issuer is, in order.
    pub fetched: Vec<Fetched>,
    /// The same server without the proxy of the environment, as clients see it that do not use one.
    pub direct: Option<Arc<Capture>>,
}

impl PartialEq for Further {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.direct, &other.direct) {
            (Some(mine), Some(its)) => Arc::ptr_eq(mine, its),
            (mine, its) => mine.is_none() && its.is_none(),
        };
        same && (&self.resolved, &self.other, &self.fetched)
            == (&other.resolved, &other.other, &other.fetched)
    }
}

impl Eq for Further {}

/// One answer to the question where a missing issuer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The address that a certificate names for its issuer, safe to display.
    pub address: String,
    /// The certificate that was wanted, safe to display.
    pub wanted: String,
    /// The certificates that came, or why none of use did, and what to do next. Safe to display.
    pub got: Result<Vec<Arc<[u8]>>, String>,
}

/// What another server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// What was typed for it, safe to display.
    pub typed: String,
    /// Its certificates as sent.
    pub presented: Vec<Arc<[u8]>>,
}

/// All findings, root cause first: errors before warnings before notes, and within one severity the
/// connection before the certificates before the stores.
pub fn diagnose(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = connection::findings(case);
    findings.extend(path::findings(case));
    findings.extend(certificate::findings(case));
    findings.extend(staple::findings(case));
    findings.extend(profile::findings(case));
    findings.extend(presentation::findings(case));
    findings.extend(interception::findings(case, &findings));
    let environment = environment::findings(case);
    findings.extend(stores::findings(case, &environment));
    findings.extend(environment);
    interception::leaked_keys(case, &mut findings);
    findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
    findings
}

impl Finding {
    fn new(rule: &'static Rule, subject: Subject, summary: impl Into<String>) -> Self {
        Self {
            rule,
            severity: rule.severity,
            subject,
            summary: summary.into(),
            evidence: Vec::new(),
            fixes: Vec::new(),
        }
    }

    fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    fn saw(mut self, label: &str, value: impl Into<String>) -> Self {
        self.evidence.push(Evidence {
            label: label.to_owned(),
            value: value.into(),
        });
        self
    }

    fn saw_some(self, label: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.saw(label, value),
            None => self,
        }
    }

    fn fix(mut self, who: Who, action: impl Into<String>) -> Self {
        self.fixes.push(Fix {
            who,
            action: action.into(),
            command: None,
        });
        self
    }

    fn fix_by(mut self, who: Who, action: impl Into<String>, command: impl Into<String>) -> Self {
        self.fixes.push(Fix {
            who,
            action: action.into(),
            command: Some(command.into()),
        });
        self
    }
}

impl Case<'_> {
    /// What was typed, quoted for a shell and safe to display.
    fn typed(&self) -> String {
        crate::text::shell_quote(&crate::text::safe(&self.capture.target.typed))
    }

    /// The name of a node in quotes: `“Example Root”`.
    fn quoted(&self, id: NodeId) -> String {
        format!(
            "“{}”",
            self.chain
                .node(id)
                .map_or_else(|| "?".to_owned(), |n| clip(&n.title()))
        )
    }

    /// `the server's certificate “…”`, `the intermediate “…”`, `the root “…”`.
    fn called(&self, id: NodeId) -> String {
        format!("{} {}", self.role(id), self.quoted(id))
    }

    /// What part a node plays.
    fn role(&self, id: NodeId) -> &'static str {
        if self.chain.leaf == Some(id) {
            return if self.capture.target.endpoint().is_some() {
                "the server's certificate"
            } else {
                "the certificate"
            };
        }
        match self.chain.certificate(id) {
            Some(c) if c.is_self_issued() => "the root",
            Some(_) => "the intermediate",
            None => "the issuer",
        }
    }

    /// The verdict that decides.
    fn deciding(&self) -> Option<&Verdict> {
        self.verdicts.first()
    }
}

/// Names on screen are cut to a length that leaves the sentence readable.
fn clip(text: &str) -> String {
    crate::text::clip(text, 60).into_owned()
}

/// First letter in upper case, for the start of a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
