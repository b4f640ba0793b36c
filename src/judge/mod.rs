//! Verdicts: is there a path from this leaf to an anchor of this store, for this name, at this time?
//!
//! A client's verifier is an engine ([`engine`]) with the switches of a [`Policy`]; what it answers is
//! an [`Answer`] in [`Reason`]s. [`judge`] gives the verdict by the RFC's own rules for every store,
//! with **every** reason on the best path, and beside it what `rustls-webpki` says; the two are never
//! mixed up.

use std::sync::Arc;

use crate::cert::{Certificate, oid};
use crate::chain::{Chain, NodeId};
use crate::moment::Moment;
use crate::store::{Dialect, StoreKind, Stores, TrustStore};
use crate::target::Host;

pub mod client;
mod constraints;
mod crl;
pub mod engine;
mod facts;
pub mod name;
mod points;
mod policies;
pub mod policy;
mod profile;
mod reason;
mod revocation;
pub mod staple;
pub mod words;

pub use crl::{Crl, Entry};
pub use engine::{Anchors, Answer, Facts, Hold, Input, Step, StepState};
pub use policy::{Engine, Policy};
pub use profile::ProfileRule;
pub use reason::{
    ConstraintFault, ListFault, PolicyFault, Reason, ReasonKind, SerialFault, StrictRule,
};
pub use staple::{Says, Staple, StapleFault};

/// The answer for one store.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// [`crate::store::TrustStore::id`].
    pub store: String,
    /// [`crate::store::TrustStore::title`], safe to display.
    pub store_title: String,
    /// Accepted by the rules of RFC 5280 with current floors; what webpki says stands beside it.
    pub accepted: bool,
    /// The path walked, leaf first: the accepted one, or the best one that failed.
    pub path: Vec<NodeId>,
    /// Every reason of our own walk, gravest first; empty when it accepts.
    pub reasons: Vec<Reason>,
    /// `rustls-webpki`'s answer: `Ok` or its error in words.
    pub webpki: Result<(), String>,
    /// What is behind its error, on the certificate that it is about.
    pub webpki_reason: Option<Reason>,
    /// Rules of the profile that the path breaks and that only strict verifiers enforce
    /// ([`ReasonKind::Strict`], [`ReasonKind::Profile`]).
    pub profile: Vec<Reason>,
    /// What was checked on the path, with evidence.
    pub steps: Vec<Step>,
    /// This verdict holds only because something was pretended.
    pub pretended: bool,
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
    /// What the leaf is used for; `None` leaves its extended key usage alone (a file may be meant for
    /// anything).
    pub purpose: Option<Purpose>,
    /// At most so many intermediates between leaf and anchor.
    pub max_depth: Option<u32>,
    /// Lists of revoked certificates; when there are any, one must cover the leaf.
    pub crls: Vec<Arc<Crl>>,
}

/// What the leaf is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server shows it.
    Server,
    /// A TLS client shows it.
    Client,
}

impl Question {
    /// Only the time is asked for: no name, no purpose.
    pub fn at(at: Moment) -> Self {
        Self {
            name: None,
            at,
            pretend: Vec::new(),
            purpose: None,
            max_depth: None,
            crls: Vec::new(),
        }
    }
}

/// Judges the chain against every store, by the rules of RFC 5280 ([`Policy::default`]).
pub fn judge(chain: &Chain, stores: &Stores, question: &Question, facts: &Facts) -> Vec<Verdict> {
    // The RFC's own rules fetch nothing.
    let chain = chain.unfetched();
    stores
        .0
        .iter()
        .map(|store| judge_one(chain, store, question, facts))
        .collect()
}

/// The answer of one client that trusts `store` (and what the question pretends). `None` when its
/// engine is not written.
pub fn ask(
    chain: &Chain,
    store: &TrustStore,
    question: &Question,
    policy: &Policy,
    facts: &Facts,
) -> Option<Answer> {
    let chain = policy.sees(chain);
    let anchors = anchors(chain, &[(store, dialect(store))], question, policy);
    engine::ask(&Input {
        chain,
        anchors: &anchors,
        question,
        policy,
        facts,
    })
}

/// How the RFC's verdict reads a store: what is given to this program (`--ca`), whole; all others as
/// OpenSSL reads them.
fn dialect(store: &TrustStore) -> Dialect {
    match store.kind {
        StoreKind::Given => Dialect::Any,
        _ => Dialect::Openssl,
    }
}

/// The anchors that a client of this policy finds in its stores, the files of each read in its way; the
/// first store that holds one speaks.
fn anchors(
    chain: &Chain,
    stores: &[(&TrustStore, Dialect)],
    question: &Question,
    policy: &Policy,
) -> Anchors {
    Anchors::of(chain, |c| {
        if question.pretend.contains(&c.sha256) {
            return Hold::Anchor;
        }
        let mut holds = stores
            .iter()
            .filter(|(s, dialect)| s.shows(c, *dialect))
            .map(|(s, _)| held(s, c, question, policy));
        holds.find(|&h| h != Hold::No).unwrap_or(Hold::No)
    })
}

/// What this store says of a certificate to a client of this policy.
fn held(store: &TrustStore, c: &Certificate, question: &Question, policy: &Policy) -> Hold {
    if !store.holds(c) {
        return Hold::No;
    }
    let Some(uses) = store.uses(c) else {
        return Hold::Anchor;
    };
    let purpose = match question.purpose {
        Some(Purpose::Server) => oid::KP_SERVER_AUTH,
        Some(Purpose::Client) => oid::KP_CLIENT_AUTH,
        None => oid::ANY_EXTENDED_KEY_USAGE,
    };
    match policy.engine {
        Engine::Rfc5280 | Engine::Openssl | Engine::Boringssl if uses.allow(purpose) => {
            Hold::OnlyOpenssl {
                meant: uses.name(purpose),
            }
        }
        Engine::Rfc5280 | Engine::Openssl | Engine::Boringssl => Hold::OtherUse,
        _ => Hold::No,
    }
}

fn judge_one(
    chain: &Chain,
    store: &Arc<TrustStore>,
    question: &Question,
    facts: &Facts,
) -> Verdict {
    let policy = Policy::default();
    let dialect = dialect(store);
    let anchors = anchors(chain, &[(store.as_ref(), dialect)], question, &policy);
    let input = Input {
        chain,
        anchors: &anchors,
        question,
        policy: &policy,
        facts,
    };
    let answer = engine::rfc5280(&input);
    let pretended = answer.accepted && !question.pretend.is_empty() && {
        let anchors = Anchors::of(chain, |c| match store.shows(c, dialect) {
            true => held(store, c, question, &policy),
            false => Hold::No,
        });
        !engine::rfc5280(&Input {
            anchors: &anchors,
            ..input
        })
        .accepted
    };
    let policy = Policy::webpki();
    let webpki = engine::webpki_says(
        &Input {
            anchors: &self::anchors(chain, &[(store.as_ref(), dialect)], question, &policy),
            ..input
        },
        &answer.path,
    );
    Verdict {
        store: store.id.clone(),
        store_title: store.title.clone(),
        accepted: answer.accepted,
        profile: profile::against(chain, &answer.path),
        steps: answer.steps,
        path: answer.path,
        reasons: answer.failures,
        webpki_reason: webpki.as_ref().err().map(|(_, reason)| reason.clone()),
        webpki: webpki.map_err(|(words, _)| words),
        pretended,
    }
}
