//! A file that is a list of certificates (a store, a bundle of anchors) and not the chain of one server:
//! what can be said of it as a whole.

use super::Inspection;
use crate::chain::Chain;
use crate::moment::{DAY, Moment};
use crate::text;

/// Days before the end of its validity in which a certificate counts as soon to expire.
const SOON: i64 = 30;

/// Counts over the certificates of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// All of them, each counted once.
    pub certificates: usize,
    /// Past their validity.
    pub expired: usize,
    /// Before their validity.
    pub not_yet: usize,
    /// Valid, for less than 30 days more.
    pub soon: usize,
    /// Neither a CA nor signed by itself.
    pub no_ca: usize,
    /// With a defect in their encoding or against RFC 5280.
    pub defective: usize,
}

impl List {
    /// `None` for what is no list.
    pub(super) fn of(chain: &Chain, at: Moment) -> Option<Self> {
        if !chain.presentation.bundle {
            return None;
        }
        let mut list = Self::default();
        let sent = chain.nodes.iter().filter(|node| node.is_sent());
        for certificate in sent.filter_map(|node| node.certificate.as_ref()) {
            list.certificates += 1;
            list.no_ca += usize::from(!certificate.is_ca() && !certificate.is_self_issued());
            list.defective += usize::from(!certificate.defects.is_empty());
            match (certificate.not_before, certificate.not_after) {
                (_, Some(end)) if end < at => list.expired += 1,
                (Some(start), _) if at < start => list.not_yet += 1,
                (_, Some(end)) if at.until(end) < SOON * DAY => list.soon += 1,
                _ => {}
            }
        }
        Some(list)
    }

    /// What the list holds, in short sentences.
    pub fn sentences(&self) -> Vec<String> {
        let mut parts = Vec::new();
        let mut tell = |count: usize, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        tell(self.expired, "expired");
        tell(self.not_yet, "not valid yet");
        tell(self.soon, "ending within 30 days");
        tell(self.no_ca, "neither a CA nor signed by itself");
        tell(self.defective, "with a defect");
        let state = match parts.is_empty() {
            true => "Each is a CA or signed itself, and none is out of its dates.".to_owned(),
            false => format!("Among them: {}.", parts.join(", ")),
        };
        vec![
            format!(
                "A list of {}, not the chain of one server.",
                text::count(self.certificates, "certificate")
            ),
            state,
        ]
    }
}

impl Inspection {
    /// A list of certificates, not the chain of one server; no client is asked about it.
    pub fn is_list(&self) -> bool {
        self.list.is_some()
    }
}
