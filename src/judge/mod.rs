//! Verdicts: is there a path from this leaf to an anchor of this store, for this name, at this time?
//!
//! Two judges are asked and never mixed up: `rustls-webpki` (what Rust clients do) and our own walk,
//! which names **every** reason on the best path instead of the first.

use std::sync::Arc;

use crate::cert::Hash;
use crate::chain::{Chain, NodeId};
use crate::moment::Moment;
use crate::store::{Stores, TrustStore};
use crate::target::Host;

mod constraints;
pub mod name;
mod rust;
mod walk;

/// The answer for one store.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// [`crate::store::TrustStore::id`].
    pub store: String,
    /// [`crate::store::TrustStore::title`], safe to display.
    pub store_title: String,
    /// Both judges accept (see [`Verdict::webpki`] for the one exception, a pinned leaf).
    pub accepted: bool,
    /// The path walked, leaf first: the accepted one, or the best one that failed.
    pub path: Vec<NodeId>,
    /// Every reason of our own walk, gravest first; empty when it accepts.
    pub reasons: Vec<Reason>,
    /// `rustls-webpki`'s answer: `Ok` or its error in words.
    pub webpki: Result<(), String>,
    /// This verdict holds only because something was pretended.
    pub pretended: bool,
}

/// One reason against a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is wrong.
    pub kind: ReasonKind,
    /// The certificate it is about.
    pub node: Option<NodeId>,
}

/// What can be wrong with a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReasonKind {
    /// There is no certificate to judge.
    NoCertificate,
    /// The issuer of `node` was not sent and is in no store.
    MissingIssuer,
    /// The path ends at a root that this store does not hold.
    UnknownRoot,
    /// The leaf signed itself and this store does not hold it.
    SelfSignedLeaf,
    Expired {
        not_after: Moment,
    },
    NotYetValid {
        not_before: Moment,
    },
    /// The validity could not be read.
    NoValidity,
    /// notAfter lies before notBefore.
    ReversedValidity,
    /// No name in the certificate matches; `presented` holds what would.
    NameMismatch {
        wanted: String,
        presented: Vec<String>,
    },
    /// The name stands only in the common name.
    NameOnlyInCommonName {
        wanted: String,
    },
    BadSignature,
    /// The signature could not be checked: why.
    UncheckedSignature(String),
    /// Inner and outer signature algorithm differ.
    AlgorithmMismatch,
    NotACa,
    /// A CA whose KeyUsage lacks keyCertSign.
    NoCertSign,
    PathTooLong {
        allowed: u32,
    },
    NameConstraint {
        name: String,
        detail: String,
    },
    /// The extended key usage lacks serverAuth.
    NotForServers {
        usages: Vec<String>,
    },
    UnknownCriticalExtension {
        oid: String,
    },
    WeakHash(Hash),
    WeakKey {
        bits: u32,
    },
    /// A certificate so broken that it cannot be judged: why.
    Unreadable(String),
    /// The search budget was spent.
    BudgetSpent,
}

impl ReasonKind {
    /// Stable id in JSON, such as `expired`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::MissingIssuer => "missing-issuer",
            Self::UnknownRoot => "unknown-root",
            Self::SelfSignedLeaf => "self-signed-leaf",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not-yet-valid",
            Self::NoValidity => "no-validity",
            Self::ReversedValidity => "reversed-validity",
            Self::NameMismatch { .. } => "name-mismatch",
            Self::NameOnlyInCommonName { .. } => "name-only-in-common-name",
            Self::BadSignature => "bad-signature",
            Self::UncheckedSignature(_) => "unchecked-signature",
            Self::AlgorithmMismatch => "algorithm-mismatch",
            Self::NotACa => "not-a-ca",
            Self::NoCertSign => "no-cert-sign",
            Self::PathTooLong { .. } => "path-too-long",
            Self::NameConstraint { .. } => "name-constraint",
            Self::NotForServers { .. } => "not-for-servers",
            Self::UnknownCriticalExtension { .. } => "unknown-critical-extension",
            Self::WeakHash(_) => "weak-hash",
            Self::WeakKey { .. } => "weak-key",
            Self::Unreadable(_) => "unreadable",
            Self::BudgetSpent => "budget-spent",
        }
    }
}

/// What is asked of a chain.
#[derive(Clone, Debug)]
pub struct Question {
    /// The name or address the certificate must carry; `None` skips the name check (files).
    pub name: Option<Host>,
    /// The moment to judge for.
    pub at: Moment,
    /// SHA-256 of certificates pretended to be anchors.
    pub pretend: Vec<[u8; 32]>,
}

/// Judges the chain against every store.
pub fn judge(chain: &Chain, stores: &Stores, question: &Question) -> Vec<Verdict> {
    stores
        .0
        .iter()
        .map(|store| judge_one(chain, store, question))
        .collect()
}

fn judge_one(chain: &Chain, store: &Arc<TrustStore>, question: &Question) -> Verdict {
    let walked = walk::walk(chain, store, question);
    let webpki = rust::verify(chain, store, question);
    let pinned = walk::is_pinned(chain, store, question);
    let accepted = walked.reasons.is_empty() && (webpki.is_ok() || pinned);
    Verdict {
        store: store.id.clone(),
        store_title: store.title.clone(),
        accepted,
        path: walked.path,
        reasons: walked.reasons,
        webpki,
        pretended: accepted
            && !question.pretend.is_empty()
            && !{
                let plain = Question {
                    pretend: Vec::new(),
                    ..question.clone()
                };
                walk::walk(chain, store, &plain).reasons.is_empty()
            },
    }
}
