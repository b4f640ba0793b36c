//! The recipe: capture, read, build, judge, diagnose. Makes the one immutable [`Inspection`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::capture::{self, Capture, Possession};
use crate::cert::Certificate;
use crate::chain::{Beyond, Chain, NodeId};
use crate::diagnosis::{self, Case, Finding, Further};
use crate::judge::client::{self, ClientVerdict, Grid, Installed, Measured, Profile};
use crate::judge::{self, Crl, Purpose, Question, Verdict};
use crate::moment::Moment;
use crate::net::{Reach, Stage};
use crate::store::Stores;
use crate::target::{Endpoint, Host, Target};

mod changed;
pub mod events;
mod fetch;
mod further;
mod ground;
mod list;
mod what_if;

pub use changed::Changed;
pub use fetch::{MOST_FETCH_DEPTH, MOST_FETCHES};
pub use further::{Ask, ask, goes_round_a_proxy, to_fetch};
use further::{direct, of_other, resolved};
use ground::Ground;
pub use list::List;
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
    /// Look without the proxy that the environment names as well, for the clients that do not use it.
    pub direct: bool,
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
    /// Counts, when it is a list of certificates and not the chain of one server.
    pub list: Option<List>,
    /// Root cause first.
    pub findings: Vec<Finding>,
    /// The whole in one word.
    pub outcome: Outcome,
    /// The OCSP answer that the server staples, and what it says at that time.
    pub staple: Option<judge::Staple>,
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
        direct: None,
    };
    if options.direct {
        further.direct = direct(&inspection.capture, options).await;
    }
    if options.fetch {
        // What is missing is missing, whatever is assumed.
        let actual = inspection.actually();
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
    let clients = of_deciding(stores, options);
    assemble_with(capture, stores, clients, Arc::default(), options, now)
}

/// The stores that clients read, as far as they are known with the deciding ones, where a grid is wished.
fn of_deciding(stores: &Stores, options: &Options) -> Option<(Stores, bool)> {
    options.grid.then(|| (stores.with_settings(), false))
}

/// `clients` are the stores that clients read, where a grid is wished, and whether these are all of them.
fn assemble_with(
    capture: Arc<Capture>,
    stores: &Stores,
    clients: Option<(Stores, bool)>,
    further: Arc<Further>,
    options: &Options,
    now: Moment,
) -> Inspection {
    let seen = options.without_assumptions();
    let chain = build(&capture, stores, &further, &seen, &[]);
    let seen_with = |all: &Stores| build(&capture, all, &further, &seen, &[]);
    let ground = clients
        .filter(|_| !chain.presentation.bundle)
        .map(|(all, surveyed)| Ground::of(&chain, stores, all, surveyed, seen_with));
    let actual = conclude(
        capture.clone(),
        chain,
        stores,
        ground,
        &seen,
        now,
        further.clone(),
    );
    suppose(actual, options, now)
}

/// Judges and diagnoses the chain of an earlier inspection again, with other options (another time,
/// other assumptions). Pure, and cheap: nothing is decoded, and no signature checked anew unless the
/// assumptions make another chain.
pub fn reassess(inspection: &Inspection, options: &Options, now: Moment) -> Inspection {
    let ground = inspection.actually().ground();
    again(inspection, ground, options, now)
}

/// The same inspection with the grid of clients made from every store of this machine. What decides the
/// outcome stays as it is. A list ([`Inspection::is_list`]) has no grid, whatever stores there are.
pub fn survey(
    inspection: &Inspection,
    stores: &Stores,
    options: &Options,
    now: Moment,
) -> Inspection {
    let actual = inspection.actually();
    let seen = options.without_assumptions();
    let seen_with = |all: &Stores| build(&actual.capture, all, &actual.further, &seen, &[]);
    let ground = (!inspection.is_list()).then(|| {
        let all = stores.clone();
        Ground::of(&actual.chain, &actual.stores, all, true, seen_with)
    });
    again(inspection, ground, options, now)
}

fn again(
    inspection: &Inspection,
    ground: Option<Ground>,
    options: &Options,
    now: Moment,
) -> Inspection {
    let actual = inspection.actually();
    let mut again = conclude(
        actual.capture.clone(),
        actual.chain.clone(),
        &actual.stores,
        ground,
        &options.without_assumptions(),
        now,
        actual.further.clone(),
    );
    again.took = inspection.took;
    suppose(again, options, now)
}

/// The same inspection with what is known further. Pure.
pub fn with_further(
    inspection: &Inspection,
    further: Further,
    options: &Options,
    now: Moment,
) -> Inspection {
    let actual = inspection.actually();
    let known = actual.grid.as_ref();
    let clients = known.map(|g| (g.stores.clone(), g.surveyed));
    let clients = clients.or_else(|| of_deciding(&actual.stores, options));
    let mut again = assemble_with(
        actual.capture.clone(),
        &actual.stores,
        clients,
        Arc::new(further),
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
    let mut stores = actual.stores.clone();
    let mut chain = actual.chain.clone();
    let mut ground = actual.ground();
    if what_if.reshapes() {
        let known = actual.widest().nodes.iter();
        let known: Vec<[u8; 32]> = known
            .filter_map(|n| Some(n.certificate.as_ref()?.sha256))
            .collect();
        let without = what_if.without(known.iter());
        let made = |all: &Stores| build(&actual.capture, all, &actual.further, options, &without);
        stores = what_if.stores(&stores);
        chain = made(&stores);
        ground = ground
            .map(|g| Ground::of(&chain, &stores, what_if.stores(&g.stores), g.surveyed, made));
    }
    let capture = actual.capture.clone();
    let further = actual.further.clone();
    let mut supposed = conclude(capture, chain, &stores, ground, options, now, further);
    supposed.took = actual.took;
    supposed.idle = what_if.idle(supposed.widest(), actual.widest(), &actual.stores);
    if what_if.is_beyond_time() {
        if supposed.outcome == Outcome::Trusted {
            supposed.outcome = Outcome::TrustedIf;
        }
        for verdict in &mut supposed.verdicts {
            let before = actual.verdicts.iter().find(|v| v.store == verdict.store);
            verdict.pretended |= verdict.accepted && !before.is_some_and(|v| v.accepted);
        }
    }
    if let (Some(grid), Some(real)) = (&mut supposed.grid, &actual.grid) {
        Arc::make_mut(grid).compare(real);
    }
    supposed.actual = Some(Arc::new(actual));
    supposed
}

fn build(
    capture: &Capture,
    stores: &Stores,
    further: &Further,
    options: &Options,
    without: &[[u8; 32]],
) -> Chain {
    let presented: Vec<Arc<Certificate>> = capture
        .presented
        .iter()
        .map(|der| Arc::new(Certificate::read(der.clone())))
        .collect();
    let fetched: Vec<(String, Arc<Certificate>)> = further
        .fetched
        .iter()
        .flat_map(|one| {
            let got = one.got.as_deref().unwrap_or_default();
            got.iter().map(|der| {
                (
                    one.address.clone(),
                    Arc::new(Certificate::read(der.clone())),
                )
            })
        })
        .collect();
    let any_order = capture.target.endpoint().is_none() && !options.leaf_first;
    Chain::build_with(
        &presented,
        any_order,
        stores,
        &Beyond {
            assumed: &options.what_if.sent(),
            fetched: &fetched,
            without,
        },
    )
}

/// Every verdict at one moment: of the stores, of the clients that are asked, and the grid.
struct Judged {
    verdicts: Vec<Verdict>,
    compared: Vec<ClientVerdict>,
    grid: Option<Grid>,
}

/// What is judged.
struct Matter<'a> {
    capture: &'a Capture,
    chain: &'a Chain,
    stores: &'a Stores,
    ground: Option<Ground>,
    further: &'a Further,
    facts: &'a judge::Facts,
    name: Option<&'a Host>,
}

fn judged(matter: Matter<'_>, options: &Options, at: Moment) -> Judged {
    let Matter { chain, name, .. } = matter;
    let question = |chain: &Chain| Question {
        name: name.cloned(),
        at,
        pretend: options.what_if.trusted(chain),
        // Only an endpoint (or a file that a host is named for) is surely a server.
        purpose: options.purpose.or(name.map(|_| Purpose::Server)),
        max_depth: options.max_depth,
        crls: options.crls.clone(),
    };
    let grid = matter.ground.map(|ground| {
        let question = question(&ground.chain);
        ground.grid(matter.capture, matter.further, &question, options)
    });
    if chain.leaf.is_none() {
        return Judged {
            verdicts: Vec::new(),
            compared: Vec::new(),
            grid,
        };
    }
    let question = question(chain);
    let verdicts = judge::judge(chain, matter.stores, &question, matter.facts);
    let compared = match matter.stores.deciding() {
        Some(store) => {
            let ask = client::Ask {
                chain,
                direct: None,
                question: &question,
                peer: None,
                facts: matter.facts,
                trusted: client::Trusted::Given {
                    store,
                    trouble: None,
                },
            };
            client::verdicts_of(options.clients.iter().copied(), &ask)
        }
        None => Vec::new(),
    };
    Judged {
        verdicts,
        compared,
        grid,
    }
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

/// The one place where verdicts, grid, findings and outcome come from.
fn conclude(
    capture: Arc<Capture>,
    chain: Chain,
    stores: &Stores,
    ground: Option<Ground>,
    options: &Options,
    now: Moment,
    further: Arc<Further>,
) -> Inspection {
    let assumed = options.what_if.at();
    let at = assumed.unwrap_or(now);
    let name = options.what_if.host().or(options.name.as_ref()).cloned();
    let name = name.or_else(|| capture.target.endpoint().map(Endpoint::verified));
    let facts = ground::facts(&capture);
    let response = facts.stapled.as_ref();
    let staple = response.and_then(|response| judge::Staple::of(&chain, response, at));
    let matter = Matter {
        capture: &capture,
        chain: &chain,
        stores,
        ground,
        further: &further,
        facts: &facts,
        name: name.as_ref(),
    };
    let Judged {
        verdicts,
        compared,
        grid,
    } = judged(matter, options, at);
    let accepted = match options.decides {
        Some(id) => compared.iter().any(|c| c.client.id == id && c.accepted),
        None => verdicts.first().is_some_and(|v| v.accepted),
    };
    let case = Case {
        capture: &capture,
        chain: &chain,
        stores,
        verdicts: &verdicts,
        staple: staple.as_ref(),
        name: name.as_ref(),
        at,
        at_given: assumed.is_some(),
        further: &further,
    };
    let findings = diagnosis::diagnose(&case);
    let outcome = outcome(&capture, &chain, accepted);
    let pretended = options.what_if.nodes(&chain);
    Inspection {
        list: List::of(&chain, at),
        capture,
        chain,
        stores: stores.clone(),
        verdicts,
        compared,
        grid: grid.map(Arc::new),
        findings,
        outcome,
        staple,
        at,
        at_given: assumed.is_some(),
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
