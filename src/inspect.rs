//! The recipe: capture, read, build, judge, diagnose. Makes the one immutable [`Inspection`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::capture::{self, Capture, Possession};
use crate::cert::{Certificate, GeneralName};
use crate::chain::{Chain, NodeId};
use crate::diagnosis::rule;
use crate::diagnosis::{self, Case, Finding, Further, Other};
use crate::judge::client::{self, ClientVerdict, Grid, Installed, Measured, Peer, Profile};
use crate::judge::{self, Crl, Purpose, Question, Verdict};
use crate::moment::Moment;
use crate::net::{Reach, Stage, dial};
use crate::store::Stores;
use crate::target::{Endpoint, Host, Target};
use crate::text;

/// How to inspect; the same for all targets of a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How to reach targets.
    pub reach: Reach,
    /// `--at`: judge as of then; `None` means now.
    pub at: Option<Moment>,
    /// The name the certificate must carry, for files; endpoints bring their own.
    pub name: Option<Host>,
    /// SHA-256 of certificates pretended to be trusted.
    pub pretend: Vec<[u8; 32]>,
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
    /// Certificates pretended to be trusted.
    pub pretended: Vec<NodeId>,
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
    let further = Further {
        resolved: resolved(&inspection, options).await,
        other: other.map(|capture| Other {
            typed: text::safe(&capture.target.typed).into_owned(),
            presented: capture.presented,
        }),
    };
    if further != Further::default() {
        inspection.further = Arc::new(further);
        inspection = reassess(&inspection, options, now);
    }
    inspection.took = began.elapsed();
    inspection
}

/// Names asked of the resolver at most.
const MOST_NAMES: usize = 8;

/// The names of the certificate with their addresses, when the user wishes it and the name is the trouble.
async fn resolved(inspection: &Inspection, options: &Options) -> Vec<(String, Vec<IpAddr>)> {
    let concerned = inspection
        .findings
        .iter()
        .any(|f| f.rule == &rule::NAME_MISMATCH || f.rule == &rule::IP_NOT_IN_SAN);
    let leaf = inspection
        .chain
        .leaf
        .and_then(|l| inspection.chain.certificate(l));
    let (true, true, Some(leaf)) = (options.resolve_names, concerned, leaf) else {
        return Vec::new();
    };
    let names = leaf
        .subject_alt_names()
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(name.raw().to_owned()),
            _ => None,
        });
    // Only what could be a host name reaches the resolver.
    let plain = |name: &String| {
        name.len() <= 253
            && name.contains(|c: char| c.is_ascii_alphanumeric())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c))
    };
    let limit = options.reach.timeout;
    let mut asking = JoinSet::new();
    for (place, name) in names.filter(plain).take(MOST_NAMES).enumerate() {
        asking.spawn(async move {
            let found = dial::resolve(&name, 443, limit).await;
            (place, name, found.unwrap_or_default())
        });
    }
    let mut answers = asking.join_all().await;
    answers.sort_by_key(|(place, ..)| *place);
    answers
        .into_iter()
        .map(|(_, name, addresses)| (name, addresses))
        .collect()
}

/// Makes an inspection of a capture: decode, build, judge, diagnose. Pure: the same input gives the
/// same inspection. `now` is the clock's, used unless [`Options::at`] says otherwise.
pub fn assemble(
    capture: Arc<Capture>,
    stores: &Stores,
    options: &Options,
    now: Moment,
) -> Inspection {
    let certificates: Vec<Arc<Certificate>> = capture
        .presented
        .iter()
        .map(|der| Arc::new(Certificate::read(der.clone())))
        .collect();
    let chain = Chain::build(&certificates, any_order(&capture, options), stores);
    let mut inspection = conclude(capture, chain, stores, options, now, Arc::default());
    if options.grid {
        add_grid(&mut inspection, stores.with_settings(), false, options, now);
    }
    inspection
}

/// A file's certificates may stand in any order.
fn any_order(capture: &Capture, options: &Options) -> bool {
    capture.target.endpoint().is_none() && !options.leaf_first
}

/// The same inspection with the grid of clients made anew from every store of this machine. What decides
/// the outcome stays as it is.
pub fn survey(
    inspection: &Inspection,
    stores: &Stores,
    options: &Options,
    now: Moment,
) -> Inspection {
    let mut again = inspection.clone();
    add_grid(&mut again, stores.clone(), true, options, now);
    again
}

/// Judges by every client. The chain is built with the anchors of all stores that clients read, so that
/// each finds its own.
fn add_grid(
    inspection: &mut Inspection,
    stores: Stores,
    surveyed: bool,
    options: &Options,
    now: Moment,
) {
    let known = inspection.chain.iter();
    let sent: Vec<Arc<Certificate>> = known
        .filter(|(_, node)| node.is_sent())
        .filter_map(|(_, node)| node.certificate.clone())
        .collect();
    let chain = if stores.0.len() == inspection.stores.0.len() {
        inspection.chain.clone()
    } else {
        Chain::build(&sent, any_order(&inspection.capture, options), &stores)
    };
    inspection.grid = Some(Arc::new(grid(
        &inspection.capture,
        chain,
        stores,
        surveyed,
        options,
        now,
    )));
}

fn grid(
    capture: &Capture,
    chain: Chain,
    stores: Stores,
    surveyed: bool,
    options: &Options,
    now: Moment,
) -> Grid {
    let peer = Peer::of(capture);
    let suite = capture.session.cipher_suite.as_deref().unwrap_or_default();
    let facts = judge::Facts {
        stapled: capture.session.ocsp_staple.as_deref().map(Arc::from),
        static_rsa: suite.starts_with("TLS_RSA_WITH"),
    };
    let measured = match options.at {
        Some(_) => &[][..],
        None => &options.measured,
    };
    let asked = client::Asked {
        question: &question(capture, options, now),
        peer: peer.as_ref(),
        facts: &facts,
        key_not_proved: matches!(capture.session.possession, Possession::Failed(_)),
        installed: &options.installed,
        measured,
    };
    Grid::of(chain, stores, surveyed, &asked)
}

/// Judges and diagnoses the chain of an earlier inspection again, with other options (pretended
/// trust, another time). Pure, and cheap: nothing is decoded and no signature checked anew.
pub fn reassess(inspection: &Inspection, options: &Options, now: Moment) -> Inspection {
    let mut again = conclude(
        inspection.capture.clone(),
        inspection.chain.clone(),
        &inspection.stores,
        options,
        now,
        inspection.further.clone(),
    );
    again.took = inspection.took;
    if let Some(known) = &inspection.grid {
        again.grid = Some(Arc::new(grid(
            &again.capture,
            known.chain.clone(),
            known.stores.clone(),
            known.surveyed,
            options,
            now,
        )));
    }
    again
}

/// What is asked of a chain: name, time, purpose.
fn question(capture: &Capture, options: &Options, now: Moment) -> Question {
    let name = options
        .name
        .clone()
        .or_else(|| capture.target.endpoint().map(Endpoint::verified));
    Question {
        // Only an endpoint (or a file that a host is named for) is surely a server.
        purpose: options.purpose.or(name.as_ref().map(|_| Purpose::Server)),
        name,
        at: options.at.unwrap_or(now),
        pretend: options.pretend.clone(),
        max_depth: options.max_depth,
        crls: options.crls.clone(),
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
    let question = question(&capture, options, now);
    let (name, at) = (question.name.clone(), question.at);
    let verdicts = if chain.leaf.is_some() {
        judge::judge(&chain, stores, &question)
    } else {
        Vec::new()
    };
    let compared = match stores.deciding() {
        Some(store) if chain.leaf.is_some() => {
            let facts = judge::Facts::default();
            let ask = client::Ask {
                chain: &chain,
                direct: None,
                question: &question,
                peer: None,
                facts: &facts,
                trusted: client::Trusted::Given {
                    store,
                    trouble: None,
                },
            };
            client::verdicts_of(options.clients.iter().copied(), &ask)
        }
        _ => Vec::new(),
    };
    let accepted = match options.decides {
        Some(id) => compared.iter().any(|c| c.client.id == id && c.accepted),
        None => verdicts.first().is_some_and(|v| v.accepted),
    };
    let case = Case {
        capture: &capture,
        chain: &chain,
        stores,
        verdicts: &verdicts,
        name: name.as_ref(),
        at,
        at_given: options.at.is_some(),
        further: &further,
    };
    let findings = diagnosis::diagnose(&case);
    let outcome = outcome(&capture, &chain, accepted);
    let pretended = chain
        .iter()
        .filter(|(_, n)| {
            n.certificate
                .as_ref()
                .is_some_and(|c| options.pretend.contains(&c.sha256))
        })
        .map(|(id, _)| id)
        .collect();
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
        at_given: options.at.is_some(),
        pretended,
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
