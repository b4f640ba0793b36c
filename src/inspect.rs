//! The recipe: capture, read, build, judge, diagnose. Makes the one immutable [`Inspection`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::capture::{self, Capture, Possession};
use crate::chain::{Chain, NodeId};
use crate::diagnosis::{self, Case, Finding, Further};
use crate::judge::client::{ClientVerdict, Grid, Installed, Measured, Profile};
use crate::judge::{Crl, Purpose, Verdict};
use crate::moment::Moment;
use crate::net::{Reach, Stage};
use crate::store::Stores;
use crate::target::{Host, Target};

pub mod events;
mod fetch;
mod further;
mod judged;
mod what_if;

pub use fetch::{MOST_FETCH_DEPTH, MOST_FETCHES};
pub use further::{Ask, ask, to_fetch};
use further::{of_other, resolved};
pub use judged::Changed;
use judged::build;
pub use what_if::{Assumption, Fingerprint, WhatIf};

/// How to inspect; the same for all targets of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How to reach targets.
    pub reach: Reach,
    /// The name the certificate must carry, for files; endpoints bring their own.
    pub name: Option<Host>,
    /// What is assumed instead of seen: `--what-if`, `--at`, pretended trust.
    pub what_if: WhatIf,
    /// Fetch missing issuers from the addresses that certificates name for them.
    pub fetch: bool,
    /// What the leaf is used for; `None`: a server, when a name is asked for.
    pub purpose: Option<Purpose>,
    /// At most so many intermediates.
    pub max_depth: Option<u32>,
    /// Lists of revoked certificates to check against.
    pub crls: Vec<Arc<Crl>>,
    /// A file's first certificate is its leaf, whatever it looks like.
    pub leaf_first: bool,
    /// Ask the resolver for the names that the certificate is for, when it is not for the one asked for.
    pub resolve_names: bool,
    /// Look at this server as well, to see whether the same CA signs for both.
    pub compare: Option<Target>,
    /// Clients whose verdicts on the deciding store are asked for too.
    pub clients: Vec<&'static Profile>,
    /// The id of the one among them whose verdict is the outcome; `None`: the RFC's rules.
    pub decides: Option<&'static str>,
    /// Judge by every client with the store that it reads on this machine ([`Inspection::grid`]).
    pub grid: bool,
    /// Clients found on this machine, to be marked in the grid.
    pub installed: Arc<[Installed]>,
    /// What clients themselves said of this endpoint.
    pub measured: Vec<Measured>,
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
    /// What single clients say when they are given the deciding store, where that was asked for.
    pub compared: Vec<ClientVerdict>,
    /// Every client with the store that it reads here, where that was asked for.
    pub grid: Option<Arc<Grid>>,
    /// Root cause first.
    pub findings: Vec<Finding>,
    /// The whole in one word.
    pub outcome: Outcome,
    /// The time it was judged for.
    pub at: Moment,
    /// `at` was given with `--at` or by the user, and is not the clock's.
    pub at_given: bool,
    /// The name that the certificate must carry; `None` for files, unless one is named.
    pub name: Option<Host>,
    /// How it was asked, with everything that is assumed.
    pub asked: Arc<Options>,
    /// The same without any assumption; `None` when nothing is assumed.
    pub actual: Option<Arc<Inspection>>,
    /// Certificates that are trusted, or there at all, only by assumption.
    pub pretended: Vec<NodeId>,
    /// Assumptions that mean nothing here, each with why. Safe to display.
    pub idle: Vec<String>,
    /// What was asked beyond the server itself.
    pub further: Arc<Further>,
    /// Time from the start to this result.
    pub took: Duration,
}

/// The whole in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the deciding store.
    Trusted,
    /// Would be accepted if what is assumed were so. Never said when only the time is another one.
    TrustedIf,
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
            Self::TrustedIf => "trusted-if",
            Self::Untrusted => "untrusted",
            Self::NoCertificate => "no-certificate",
            Self::Unreachable => "unreachable",
        }
    }

    /// The exit code: 0 trusted, 1 looked and not trusted, 3 could not look.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Trusted => 0,
            Self::TrustedIf | Self::Untrusted | Self::NoCertificate => 1,
            Self::Unreachable => 3,
        }
    }
}

/// Looks at a target and makes its inspection. `stores` runs beside the connection; `progress` is told
/// of each stage. Never fails: what went wrong is in the inspection. Dropping the future cancels.
pub async fn run(
    target: &Target,
    options: &Options,
    stores: impl Future<Output = Stores>,
    progress: &(dyn Fn(Stage) + Send + Sync),
) -> Inspection {
    let began = Instant::now();
    let look = capture::look(target, &options.reach, progress);
    let other = async {
        match &options.compare {
            Some(target) => Some(capture::look(target, &options.reach, &|_| {}).await),
            None => None,
        }
    };
    let (capture, stores, other) = tokio::join!(look, stores, other);
    let now = Moment::now();
    let mut inspection = assemble(Arc::new(capture), &stores, options, now);
    let mut further = Further {
        resolved: if options.resolve_names {
            resolved(&inspection, options).await
        } else {
            Vec::new()
        },
        other: other.map(of_other),
        fetched: Vec::new(),
    };
    if options.fetch {
        // What is missing is missing, whatever is assumed.
        let actual = inspection.actual.as_deref().unwrap_or(&inspection);
        further.fetched = fetch::missing(actual, &options.reach, progress).await;
    }
    if further != Further::default() {
        inspection = with_further(&inspection, further, options, now);
    }
    inspection.took = began.elapsed();
    inspection
}

/// Makes an inspection of a capture: decode, build, judge, diagnose. Pure: the same input gives the
/// same inspection. `now` is the clock's, used unless another time is assumed.
pub fn assemble(
    capture: Arc<Capture>,
    stores: &Stores,
    options: &Options,
    now: Moment,
) -> Inspection {
    assemble_with(capture, stores, Arc::default(), None, options, now)
}

/// Which stores the grid of clients is made from: every one of this machine, or those known so far.
struct Surveyed {
    stores: Stores,
    whole: bool,
}

fn assemble_with(
    capture: Arc<Capture>,
    stores: &Stores,
    further: Arc<Further>,
    surveyed: Option<Surveyed>,
    options: &Options,
    now: Moment,
) -> Inspection {
    let seen = options.without_assumptions();
    let chain = build(&capture, stores, &further, &seen, &[]);
    let mut actual = conclude(capture, chain, stores, &seen, now, further);
    if options.grid {
        let surveyed = surveyed.unwrap_or_else(|| Surveyed {
            stores: stores.with_settings(),
            whole: false,
        });
        let grid = judged::grid(&actual, surveyed.stores, surveyed.whole, None);
        actual.grid = Some(Arc::new(grid));
    }
    suppose(actual, options, now)
}

/// The same inspection with the grid of clients made anew from every store of this machine. What decides
/// the outcome stays as it is.
pub fn survey(
    inspection: &Inspection,
    stores: &Stores,
    options: &Options,
    now: Moment,
) -> Inspection {
    let mut actual = inspection.actual.as_deref().unwrap_or(inspection).clone();
    actual.asked = Arc::new(options.without_assumptions());
    actual.grid = Some(Arc::new(judged::grid(&actual, stores.clone(), true, None)));
    suppose(actual, options, now)
}

/// Judges and diagnoses the chain of an earlier inspection again, with other options (another time,
/// other assumptions). Pure, and cheap: nothing is decoded, and no signature checked anew unless the
/// assumptions make another chain.
pub fn reassess(inspection: &Inspection, options: &Options, now: Moment) -> Inspection {
    let before = inspection.actual.as_deref().unwrap_or(inspection);
    let mut actual = conclude(
        before.capture.clone(),
        before.chain.clone(),
        &before.stores,
        &options.without_assumptions(),
        now,
        inspection.further.clone(),
    );
    actual.took = inspection.took;
    if let Some(known) = &before.grid {
        let stores = known.stores.clone();
        let grid = judged::grid(&actual, stores, known.surveyed, Some(known.chain.clone()));
        actual.grid = Some(Arc::new(grid));
    }
    suppose(actual, options, now)
}

/// The same inspection with what is known further. Pure.
pub fn with_further(
    inspection: &Inspection,
    further: Further,
    options: &Options,
    now: Moment,
) -> Inspection {
    let before = inspection.actual.as_deref().unwrap_or(inspection);
    let surveyed = before.grid.as_ref().map(|grid| Surveyed {
        stores: grid.stores.clone(),
        whole: grid.surveyed,
    });
    let mut again = assemble_with(
        before.capture.clone(),
        &before.stores,
        Arc::new(further),
        surveyed,
        options,
        now,
    );
    again.took = inspection.took;
    again
}

/// What follows from the assumptions of `options`, beside what is seen without them.
fn suppose(actual: Inspection, options: &Options, now: Moment) -> Inspection {
    let what_if = &options.what_if;
    if what_if.is_empty() {
        return actual;
    }
    let other = |stores: &Stores, chain: &Chain| {
        if !what_if.reshapes() {
            return (stores.clone(), chain.clone());
        }
        let stores = what_if.stores(stores);
        let known = chain.nodes.iter().filter_map(|n| n.certificate.as_ref());
        let without = what_if.without(known.map(|c| &c.sha256));
        let chain = build(&actual.capture, &stores, &actual.further, options, &without);
        (stores, chain)
    };
    let (stores, chain) = other(&actual.stores, &actual.chain);
    let capture = actual.capture.clone();
    let further = actual.further.clone();
    let mut supposed = conclude(capture, chain, &stores, options, now, further);
    supposed.took = actual.took;
    if let Some(known) = &actual.grid {
        let (stores, chain) = other(&known.stores, &known.chain);
        let grid = judged::grid(&supposed, stores, known.surveyed, Some(chain));
        supposed.grid = Some(Arc::new(grid));
    }
    supposed.idle = what_if.idle(&supposed.chain, &actual.chain, &actual.stores);
    if what_if.is_beyond_time() {
        if supposed.outcome == Outcome::Trusted {
            supposed.outcome = Outcome::TrustedIf;
        }
        for verdict in &mut supposed.verdicts {
            let before = actual.verdicts.iter().find(|v| v.store == verdict.store);
            verdict.pretended |= verdict.accepted && !before.is_some_and(|v| v.accepted);
        }
    }
    supposed.actual = Some(Arc::new(actual));
    supposed
}

impl Options {
    /// The same with nothing assumed.
    fn without_assumptions(&self) -> Self {
        Self {
            what_if: WhatIf::default(),
            ..self.clone()
        }
    }
}

fn conclude(
    capture: Arc<Capture>,
    chain: Chain,
    stores: &Stores,
    options: &Options,
    now: Moment,
    further: Arc<Further>,
) -> Inspection {
    let question = judged::question(&capture, &chain, options, now);
    let (name, at) = (question.name.clone(), question.at);
    let at_given = options.what_if.at().is_some();
    let (verdicts, compared) = judged::verdicts(&chain, stores, options, &question);
    let accepted = judged::decides(options, &verdicts, &compared);
    let case = Case {
        capture: &capture,
        chain: &chain,
        stores,
        verdicts: &verdicts,
        name: name.as_ref(),
        at,
        at_given,
        further: &further,
    };
    let findings = diagnosis::diagnose(&case);
    let outcome = outcome(&capture, &chain, accepted);
    let pretended = options.what_if.nodes(&chain);
    Inspection {
        capture,
        chain,
        stores: stores.clone(),
        verdicts,
        compared,
        grid: None,
        findings,
        outcome,
        at,
        at_given,
        name,
        asked: Arc::new(options.clone()),
        actual: None,
        pretended,
        idle: Vec::new(),
        further,
        took: Duration::ZERO,
    }
}

/// Trusted needs everything: the deciding store's verdict, a finished handshake (or one that stopped
/// only because the server wants a certificate from the client) and proof of the private key.
fn outcome(capture: &Capture, chain: &Chain, accepted: bool) -> Outcome {
    if chain.leaf.is_none() {
        return match &capture.outcome {
            capture::Outcome::Failed { stage, failure } if failure.is_out_of_reach(*stage) => {
                Outcome::Unreachable
            }
            _ => Outcome::NoCertificate,
        };
    }
    let endpoint = capture.target.endpoint().is_some();
    let client_auth = capture
        .session
        .client_auth
        .as_ref()
        .is_some_and(|c| c.required);
    let finished = capture.outcome == capture::Outcome::Complete || client_auth;
    let proved = !endpoint || capture.session.possession == Possession::Proved;
    if finished && proved && accepted {
        Outcome::Trusted
    } else {
        Outcome::Untrusted
    }
}
