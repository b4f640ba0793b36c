//! The engines: each emulates one implementation's path building, order of checks and choice of the
//! error it reports (`webpki` is no emulation: it asks the library itself).
//!
//! To add one: write `engine/<name>.rs` with `pub(super) fn judge(input: &Input<'_>) -> Answer`, add
//! it to [`ask`]. It walks [`Chain::issuers`] (links hold name match, key-id match and the checked
//! signature; never verify again), ends paths at [`Anchors::holds`], and answers in [`Reason`]s, the
//! first being what that implementation prints. Facts about single certificates that several engines
//! need live in `facts`, not in an engine. What an engine cannot know it says as
//! `BudgetSpent` or `UncheckedSignature`; it never accepts for want of knowledge.

use std::sync::Arc;

use super::Question;
use super::policy::{Engine, Policy};
use super::reason::{Reason, ReasonKind};
use crate::cert::{Certificate, Hash, KeyKind, OcspResponse};
use crate::chain::{Chain, NodeId, Origin};
use crate::target::Host;

mod boringssl;
mod chromium;
mod gnutls;
mod go;
mod ground;
mod java;
mod nss;
mod openssl;
mod rfc5280;
mod rounds;
mod steps;
mod unasked;
mod webpki;

pub(super) use java::NAMELESS_ISSUER;

/// Everything an engine judges from.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Everything sent, and the anchors that could matter, with links between them.
    pub chain: &'a Chain,
    /// Which nodes this client trusts.
    pub anchors: &'a Anchors,
    /// What is asked.
    pub question: &'a Question,
    /// How this client judges.
    pub policy: &'a Policy,
    /// What the handshake showed beside the certificates.
    pub facts: &'a Facts,
}

/// What the handshake showed that bears on the verdict.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The stapled OCSP answer.
    pub stapled: Option<Arc<OcspResponse>>,
    /// The key exchange was static RSA, so that the leaf needs keyEncipherment, not
    /// digitalSignature.
    pub static_rsa: bool,
    /// There was no handshake: the certificates are from files, and what a server would staple is
    /// not known.
    pub offline: bool,
}

impl Facts {
    /// The server was seen to staple nothing.
    fn lacks_stapled(&self) -> bool {
        self.stapled.is_none() && !self.offline
    }
}

/// The nodes of one chain that one client trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anchors(Vec<Hold>);

/// What a client's stores say of one certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// It is in none of them, or not in a form that this client reads.
    No,
    /// It is an anchor.
    Anchor,
    /// It is one, in a block that OpenSSL alone reads; whether that names this use.
    OnlyOpenssl {
        /// The use is named, not just allowed.
        meant: bool,
    },
    /// It is there, for other uses than this one: what goes through it is refused.
    OtherUse,
}

/// What an engine answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// This client goes on.
    pub accepted: bool,
    /// The path taken, leaf first: the accepted one, or the one the failures are about.
    pub path: Vec<NodeId>,
    /// What stands against it, in the order in which this implementation meets it; the first is what
    /// it prints. Empty when accepted.
    pub failures: Vec<Reason>,
    /// What was checked on `path`, with evidence, for people.
    pub steps: Vec<Step>,
    /// The implementation's own error, where it was asked itself.
    pub spoken: Option<Spoken>,
}

/// The error of an implementation that was asked itself, as its programs print it; not yet safe to
/// display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// The text.
    Text(String),
    /// A wrong extended key usage; `named` says which are there.
    Purpose {
        /// The text of programs that name the usages.
        named: String,
    },
    /// A signature algorithm that the program's provider does not have; programs list those it has.
    UnsupportedSignature {
        /// Content of its AlgorithmIdentifier.
        algorithm: Vec<u8>,
    },
}

/// One check of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which check: `signature`, `dates`, `name`, `basic-constraints`…
    pub check: &'static str,
    /// The certificate it is about.
    pub node: NodeId,
    /// How it went.
    pub state: StepState,
    /// What was seen, safe to display.
    pub evidence: String,
}

impl Step {
    /// The client would look, and whycert does not: what it would see could turn the verdict.
    pub fn is_left_out(&self) -> bool {
        self.state == StepState::Unknown && unasked::CHECKS.contains(&self.check)
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// In order.
    Passed,
    /// It stands against the path.
    Failed,
    /// It could not be decided.
    Unknown,
    /// This client does not look at it.
    Skipped,
}

impl StepState {
    /// `passed`, `failed`, `unknown`, `skipped`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
        }
    }
}

impl Answer {
    /// Nothing was sent.
    fn without_certificate() -> Self {
        Self {
            failures: vec![Reason::no_certificate()],
            ..Self::default()
        }
    }

    /// The first certificate sent that is not read at all, which ends it before anything is judged.
    fn unread(
        input: &Input<'_>,
        unparsable: impl Fn(&Certificate) -> Option<ReasonKind>,
    ) -> Option<Self> {
        let reason = sent(input.chain).into_iter().find_map(|id| {
            let kind = unparsable(input.chain.certificate(id)?)?;
            Some(Reason::on(id, kind))
        })?;
        Some(Self {
            path: input.chain.leaf.into_iter().collect(),
            failures: vec![reason],
            ..Self::default()
        })
    }
}

impl Anchors {
    /// What `hold` says of each node.
    pub fn of(chain: &Chain, hold: impl Fn(&Certificate) -> Hold) -> Self {
        let nodes = chain.nodes.iter();
        let holds = nodes.map(|n| n.certificate.as_ref().map_or(Hold::No, |c| hold(c)));
        Self(holds.collect())
    }

    /// The node is an anchor, also one for another use: a path ends there, to be refused.
    pub fn holds(&self, id: NodeId) -> bool {
        self.0.get(id.0).is_some_and(|&hold| hold != Hold::No)
    }

    fn is_for_this_use(&self, id: NodeId) -> bool {
        self.0.get(id.0) == Some(&Hold::OnlyOpenssl { meant: true })
    }

    fn is_only_openssl(&self, id: NodeId) -> bool {
        matches!(self.0.get(id.0), Some(Hold::OnlyOpenssl { .. }))
    }

    fn is_for_other_use(&self, id: NodeId) -> bool {
        self.0.get(id.0) == Some(&Hold::OtherUse)
    }

    /// All anchors of the chain.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> {
        self.0
            .iter()
            .enumerate()
            .filter_map(|(i, &hold)| (hold != Hold::No).then_some(NodeId(i)))
    }
}

/// Asks the engine of the policy. `None`: that engine is not written yet, so nothing is known of
/// this client; it is left out, never guessed.
pub fn ask(input: &Input<'_>) -> Option<Answer> {
    let engine = input.policy.engine;
    let usual = input
        .chain
        .with_usual_signatures(|child, issuer| checks(engine, child, issuer));
    let input = &Input {
        chain: usual.as_ref().unwrap_or(input.chain),
        ..*input
    };
    let answer = match input.policy.engine {
        Engine::Rfc5280 => rfc5280::verdict(input),
        Engine::Webpki => webpki::judge(input),
        Engine::Java => java::judge(input),
        Engine::Nss => nss::judge(input),
        Engine::Chromium => chromium::judge(input),
        Engine::Boringssl => boringssl::judge(input),
        Engine::Go => go::judge(input),
        Engine::Gnutls => gnutls::judge(input),
        Engine::Openssl => openssl::judge(input),
    };
    let mut answer = told_truly(input, answer);
    unasked::add(input, &mut answer);
    Some(answer)
}

/// The engine checks signatures of this kind, of those that few do. Seen with GnuTLS 3.7.9, Go 1.19,
/// Java 17 and Bun 1.4.5; what the engine refuses for its own reasons it says elsewhere.
fn checks(engine: Engine, child: &Certificate, issuer: &Certificate) -> bool {
    let by = &child.signature_algorithm;
    let (is_pss, is_sha224) = (by.pss.is_some(), by.hash == Some(Hash::Sha224));
    match (engine, &issuer.key.kind) {
        (Engine::Rfc5280 | Engine::Openssl, _) => true,
        (Engine::Gnutls | Engine::Java, KeyKind::Dsa) => true,
        (Engine::Gnutls, KeyKind::Ec { curve }) => matches!(curve.as_str(), "P-192" | "P-224"),
        // Small keys are a matter of the policy.
        (Engine::Go, KeyKind::Rsa { .. }) => issuer.key.bits < 1024 && !is_pss && !is_sha224,
        (Engine::Go | Engine::Boringssl, KeyKind::Ec { curve }) => curve == "P-224",
        (Engine::Java, KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }) => is_pss || is_sha224,
        (Engine::Gnutls, KeyKind::Rsa { .. }) => !is_pss,
        // Below a key for any use of RSA it takes the salt to be as long as the hash, whatever is written.
        (Engine::Gnutls, KeyKind::RsaPss { .. }) => {
            matches!(by.hash, Some(Hash::Sha256 | Hash::Sha384 | Hash::Sha512))
        }
        (Engine::Boringssl, KeyKind::Rsa { .. }) => !is_pss,
        _ => false,
    }
}

/// Engines say of every self-signed leaf that they do not trust that it is unknown. Where the store
/// holds it, that is not the reason. And what a store holds for another use is refused first of all,
/// wherever it stands in the path. The steps are made from what is left.
fn told_truly(input: &Input<'_>, mut answer: Answer) -> Answer {
    let mut path = answer.path.iter().copied();
    if let Some(id) = path.find(|&id| input.anchors.is_for_other_use(id)) {
        let reason = Reason::on(id, ReasonKind::HeldForOtherUse);
        answer.accepted = false;
        answer.failures.retain(|r| *r != reason);
        answer.failures.insert(0, reason);
    }
    for reason in &mut answer.failures {
        if reason.kind == ReasonKind::SelfSignedLeaf
            && reason.node.is_some_and(|id| input.anchors.holds(id))
        {
            reason.kind = ReasonKind::HeldLeafRefused;
        }
    }
    answer.steps = steps::of(input, &answer.path, &answer.failures);
    answer
}

/// The certificates as sent, leaf first; one that was sent twice stands twice.
fn sent(chain: &Chain) -> Vec<NodeId> {
    let mut places: Vec<(usize, NodeId)> = chain
        .iter()
        .flat_map(|(id, node)| {
            let places: &[usize] = match &node.origin {
                Origin::Sent(places) => places,
                // Taken to be sent after all that was.
                Origin::Assumed => &[usize::MAX],
                _ => &[],
            };
            places.iter().map(move |&place| (place, id))
        })
        .collect();
    places.sort_unstable();
    places.into_iter().map(|(_, id)| id).collect()
}

/// The RFC's own rules.
pub(super) fn rfc5280(input: &Input<'_>) -> Answer {
    told_truly(input, rfc5280::judge(input))
}

/// The key is on a curve that everybody knows, or on none.
pub(super) fn has_common_curve(certificate: &Certificate) -> bool {
    ground::has_common_curve(certificate)
}

/// A name constraint of this CA has a maximum, or a minimum that says something.
pub(super) fn is_bounded(issuer: &Certificate) -> bool {
    ground::is_bounded(issuer)
}

/// GnuTLS finds this name in the certificate.
pub(super) fn gnutls_has_name(certificate: &Certificate, wanted: &Host) -> bool {
    gnutls::has_name(certificate, wanted)
}

/// What `rustls-webpki` says, in its own word, and the reason behind it.
pub(super) fn webpki_says(input: &Input<'_>, path: &[NodeId]) -> Result<(), (String, Reason)> {
    webpki::says(input, path)
}
