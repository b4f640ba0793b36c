//! What is assumed instead of seen: `--what-if`, `--at`, and the menu `w` on the screen. Data only; what
//! follows from it is computed by [`super::assemble`] from the same capture, chain and stores.

use std::sync::Arc;

use crate::cert::Certificate;
use crate::chain::{Chain, NodeId};
use crate::moment::Moment;
use crate::store::Stores;
use crate::target::Host;
use crate::text;

/// One assumption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// This certificate is trusted.
    Trust(Fingerprint),
    /// The server sent this certificate too (its DER).
    Send(Arc<[u8]>),
    /// It is another moment.
    At(Moment),
    /// Another name was asked for.
    Host(Host),
    /// This variable or setting is not there.
    Unset(String),
    /// This certificate is nowhere: the server did not send it and no store holds it.
    Without(Fingerprint),
}

/// The first digits of a certificate's SHA-256, or all of them: 8 to 64 in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

/// Everything that is assumed, in the order in which it was; empty when nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhatIf(Vec<Assumption>);

impl Fingerprint {
    /// Reads hexadecimal digits, with or without colons; `None` when they are no fingerprint.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: String = typed
            .chars()
            .filter(|c| *c != ':')
            .map(|c| c.to_ascii_lowercase())
            .collect();
        let hex = digits.chars().all(|c| c.is_ascii_hexdigit());
        (hex && (8..=64).contains(&digits.len())).then_some(Self(digits))
    }

    /// The whole fingerprint of a certificate.
    pub fn of(sha256: &[u8; 32]) -> Self {
        Self(text::hex(sha256))
    }

    /// It is the one of this certificate.
    pub fn is_of(&self, sha256: &[u8; 32]) -> bool {
        text::hex(sha256).starts_with(&self.0)
    }

    /// The digits.
    pub fn digits(&self) -> &str {
        &self.0
    }
}

impl Assumption {
    /// The stable name: `trust`, `send`, `at`, `host`, `unset`, `without`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Trust(_) => "trust",
            Self::Send(_) => "send",
            Self::At(_) => "at",
            Self::Host(_) => "host",
            Self::Unset(_) => "unset",
            Self::Without(_) => "without",
        }
    }

    /// The value as `--what-if` takes it, safe to display; for a certificate that is taken to be sent,
    /// its SHA-256.
    pub fn value(&self) -> String {
        match self {
            Self::Trust(fingerprint) | Self::Without(fingerprint) => fingerprint.0.clone(),
            Self::Send(der) => text::hex(&Certificate::read(der.clone()).sha256),
            Self::At(at) => at.rfc3339(),
            Self::Host(host) => text::safe(&host.to_string()).into_owned(),
            Self::Unset(name) => text::safe(name).into_owned(),
        }
    }

    /// As a part of a sentence: `“Example Root” is trusted`. Names come from `chains`, the first that
    /// knows the certificate. Safe to display.
    pub fn words(&self, chains: &[&Chain]) -> String {
        let named = |fingerprint: &Fingerprint| {
            let known = chains.iter().find_map(|c| matching(c, fingerprint));
            known.map_or_else(
                || format!("the certificate {}…", text::clip(&fingerprint.0, 12)),
                |c| quoted(&c),
            )
        };
        match self {
            Self::Trust(fingerprint) => format!("{} is trusted", named(fingerprint)),
            Self::Send(der) => format!(
                "the server sent {}",
                quoted(&Certificate::read(der.clone()))
            ),
            Self::At(at) => format!("it is {}", at.long()),
            Self::Host(host) => format!("{} was asked for", text::safe(&host.to_string())),
            Self::Unset(name) => format!("{} is not set", text::safe(name)),
            Self::Without(fingerprint) => format!("{} is gone", named(fingerprint)),
        }
    }
}

fn quoted(certificate: &Certificate) -> String {
    format!("“{}”", text::clip(&certificate.short_name(), 40))
}

fn matching(chain: &Chain, fingerprint: &Fingerprint) -> Option<Arc<Certificate>> {
    let mut all = chain.nodes.iter().filter_map(|n| n.certificate.as_ref());
    all.find(|c| fingerprint.is_of(&c.sha256)).cloned()
}

impl WhatIf {
    /// Only the time is assumed, if anything.
    pub fn at_moment(at: Option<Moment>) -> Self {
        Self(at.map(Assumption::At).into_iter().collect())
    }

    /// Nothing is assumed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Something else than the time is assumed.
    pub fn is_beyond_time(&self) -> bool {
        self.0.iter().any(|a| !matches!(a, Assumption::At(_)))
    }

    /// The assumptions in order.
    pub fn iter(&self) -> impl Iterator<Item = &Assumption> {
        self.0.iter()
    }

    /// Assumes this as well. There is one time and one name: the last counts.
    pub fn assume(&mut self, assumption: Assumption) {
        match assumption {
            Assumption::At(_) => self.0.retain(|a| !matches!(a, Assumption::At(_))),
            Assumption::Host(_) => self.0.retain(|a| !matches!(a, Assumption::Host(_))),
            _ => self.0.retain(|a| *a != assumption),
        }
        self.0.push(assumption);
    }

    /// Assumes this no more.
    pub fn drop(&mut self, assumption: &Assumption) {
        self.0.retain(|a| a != assumption);
    }

    /// It is now again.
    pub fn drop_time(&mut self) {
        self.0.retain(|a| !matches!(a, Assumption::At(_)));
    }

    /// This very thing is assumed.
    pub fn holds(&self, assumption: &Assumption) -> bool {
        self.0.contains(assumption)
    }

    /// The moment assumed.
    pub fn at(&self) -> Option<Moment> {
        self.0.iter().find_map(|a| match a {
            Assumption::At(at) => Some(*at),
            _ => None,
        })
    }

    /// The name assumed to be asked for.
    pub fn host(&self) -> Option<&Host> {
        self.0.iter().find_map(|a| match a {
            Assumption::Host(host) => Some(host),
            _ => None,
        })
    }

    /// The chain or the stores are other ones under these assumptions, not only what is asked of them.
    pub(super) fn reshapes(&self) -> bool {
        self.0.iter().any(|a| {
            matches!(
                a,
                Assumption::Send(_) | Assumption::Unset(_) | Assumption::Without(_)
            )
        })
    }

    /// The stores without what is taken not to be set.
    pub(super) fn stores(&self, stores: &Stores) -> Stores {
        let unset = self.0.iter().filter_map(|a| match a {
            Assumption::Unset(name) => Some(name),
            _ => None,
        });
        unset.fold(stores.clone(), |stores, name| {
            stores.without_setting(name).unwrap_or(stores)
        })
    }

    /// The certificates that are taken to be sent.
    pub(super) fn sent(&self) -> Vec<Arc<Certificate>> {
        let sent = self.0.iter().filter_map(|a| match a {
            Assumption::Send(der) => Some(Arc::new(Certificate::read(der.clone()))),
            _ => None,
        });
        sent.collect()
    }

    /// Those of `known` that are taken to be nowhere.
    pub(super) fn without<'c>(&self, known: impl Iterator<Item = &'c [u8; 32]>) -> Vec<[u8; 32]> {
        let gone = |sha256: &[u8; 32]| {
            self.0
                .iter()
                .any(|a| matches!(a, Assumption::Without(f) if f.is_of(sha256)))
        };
        known.filter(|sha256| gone(sha256)).copied().collect()
    }

    /// The certificates of the chain that are taken to be trusted.
    pub(super) fn trusted(&self, chain: &Chain) -> Vec<[u8; 32]> {
        let trusted = |sha256: &[u8; 32]| {
            self.0
                .iter()
                .any(|a| matches!(a, Assumption::Trust(f) if f.is_of(sha256)))
        };
        let all = chain.nodes.iter().filter_map(|n| n.certificate.as_ref());
        all.map(|c| c.sha256).filter(trusted).collect()
    }

    /// The nodes that are there or trusted only because that is assumed.
    pub(super) fn nodes(&self, chain: &Chain) -> Vec<NodeId> {
        let trusted = self.trusted(chain);
        chain
            .iter()
            .filter(|(_, n)| {
                n.origin == crate::chain::Origin::Assumed
                    || n.certificate
                        .as_ref()
                        .is_some_and(|c| trusted.contains(&c.sha256))
            })
            .map(|(id, _)| id)
            .collect()
    }

    /// The assumptions that mean nothing here, each with why: a certificate that is not in the chain, a
    /// variable that is not set.
    pub(super) fn idle(&self, chain: &Chain, actual: &Chain, stores: &Stores) -> Vec<String> {
        let idle = self.0.iter().filter_map(|assumption| {
            let words = assumption.words(&[chain, actual]);
            let why = match assumption {
                Assumption::Trust(f) if matching(chain, f).is_none() => {
                    "no certificate of the chain has this SHA-256"
                }
                Assumption::Without(f) => {
                    let leaf = actual.leaf.and_then(|id| actual.certificate(id));
                    if leaf.is_some_and(|c| f.is_of(&c.sha256)) {
                        "the server's own certificate cannot be gone"
                    } else if matching(actual, f).is_none() {
                        "no certificate of the chain has this SHA-256"
                    } else {
                        return None;
                    }
                }
                Assumption::Unset(name) if stores.without_setting(name).is_none() => {
                    "it is not set anyway"
                }
                Assumption::Send(der) => {
                    let known = Certificate::read(der.clone()).sha256;
                    let sent =
                        |n: &crate::chain::Node| matches!(n.origin, crate::chain::Origin::Sent(_));
                    let before = actual.find(&known).and_then(|id| actual.node(id));
                    if before.is_some_and(sent) {
                        "it was sent already"
                    } else if chain.find(&known).is_none_or(|id| !on_path(chain, id)) {
                        "it belongs to no path of this chain"
                    } else {
                        return None;
                    }
                }
                _ => return None,
            };
            Some(format!("{words}: {why}"))
        });
        idle.collect()
    }
}

fn on_path(chain: &Chain, id: NodeId) -> bool {
    chain.paths.iter().any(|path| path.nodes.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let whole = [0xab; 32];
        for typed in ["abababab", "AB:AB:AB:AB", &"ab".repeat(32)] {
            assert!(Fingerprint::parse(typed).unwrap().is_of(&whole), "{typed}");
        }
        for wrong in ["", "ababab", "abababag", &"ab".repeat(33)] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
        assert!(!Fingerprint::parse("abababac").unwrap().is_of(&whole));
    }

    #[test]
    fn there_is_one_time_and_everything_only_once() {
        let mut what_if = WhatIf::default();
        let trust = Assumption::Trust(Fingerprint::of(&[1; 32]));
        what_if.assume(Assumption::At(Moment::from_unix(1)));
        what_if.assume(trust.clone());
        what_if.assume(Assumption::At(Moment::from_unix(2)));
        what_if.assume(trust.clone());
        assert_eq!(what_if.at(), Some(Moment::from_unix(2)));
        assert_eq!(what_if.iter().count(), 2);
        what_if.drop_time();
        assert!(what_if.is_beyond_time());
        what_if.drop(&trust);
        assert!(what_if.is_empty());
    }
}
