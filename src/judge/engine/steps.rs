//! What was checked on a path, for people: every check with its evidence, whether it held or not.

use super::ground::Ground;
use super::{Input, Step, StepState};
use crate::cert::{Certificate, ExtensionValue};
use crate::chain::{KeyIdMatch, NameMatch, NodeId};
use crate::judge::policy::Engine;
use crate::judge::revocation::{self, Status};
use crate::judge::{Reason, ReasonKind, facts, name};
use crate::text;

impl ReasonKind {
    /// The check that this reason comes from, as in [`Step::check`].
    pub fn check(&self) -> &'static str {
        match self {
            Self::NoCertificate
            | Self::MissingIssuer
            | Self::UnknownRoot
            | Self::SelfSignedLeaf
            | Self::HeldLeafRefused
            | Self::HeldForOtherUse
            | Self::BudgetSpent
            | Self::Distrusted(_) => "anchor",
            Self::TooDeep { .. } | Self::PathTooLong { .. } => "path-length",
            Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::NoValidity
            | Self::ReversedValidity => "dates",
            Self::NameMismatch { .. } | Self::NameOnlyInCommonName { .. } => "name",
            Self::BadSignature
            | Self::UncheckedSignature(_)
            | Self::UnsupportedSignature { .. }
            | Self::AlgorithmMismatch => "signature",
            Self::WeakHash(_) => "hash",
            Self::WeakKey { .. } | Self::BadKey(_) => "key",
            Self::NotACa | Self::CaAsLeaf => "basic-constraints",
            Self::NoCertSign | Self::KeyUsageForbids { .. } => "key-usage",
            Self::NameConstraint { .. } => "name-constraints",
            Self::Policy(_) => "policies",
            Self::NotForServers { .. } | Self::NotForClients { .. } => "extended-key-usage",
            Self::MustStaple | Self::TlsFeature => "must-staple",
            Self::Revoked { .. }
            | Self::BadStaple(_)
            | Self::RevocationUnknown(_)
            | Self::CrlExpired { .. } => "revocation",
            Self::UnknownCriticalExtension { .. }
            | Self::DuplicateExtension { .. }
            | Self::ProxyCertificate
            | Self::ProxyName => "extensions",
            Self::Version { .. } | Self::Serial(_) | Self::Unreadable(_) => "encoding",
            Self::Strict(_) => "strict",
            Self::Profile(_) => "profile",
        }
    }
}

/// The checks of a path that was judged with these failures. Every failure about a certificate of the path has
/// a failed step there; one without evidence is told by its reason alone.
pub(super) fn of(input: &Input<'_>, path: &[NodeId], failures: &[Reason]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(path.len() * 10);
    for (depth, &node) in path.iter().enumerate() {
        let mut maker = Maker {
            node,
            failures,
            steps: &mut steps,
        };
        let first = maker.steps.len();
        // Of one that is missing there is nothing but the reason.
        if let Some(certificate) = input.chain.certificate(node) {
            one(input, path, depth, certificate, &mut maker);
        }
        maker.rest(first);
    }
    steps
}

struct Maker<'a> {
    node: NodeId,
    failures: &'a [Reason],
    steps: &'a mut Vec<Step>,
}

impl Maker<'_> {
    /// A check that failed when a reason of it stands against this certificate.
    fn check(&mut self, check: &'static str, evidence: String) {
        let state = if self.stands(check) {
            StepState::Failed
        } else {
            StepState::Passed
        };
        self.add(check, state, evidence);
    }

    /// A reason of this check stands against this certificate.
    fn stands(&self, check: &str) -> bool {
        let mut failures = self.failures.iter();
        failures.any(|r| r.node == Some(self.node) && r.kind.check() == check)
    }

    /// Failures of this certificate that no step since `first` shows.
    fn rest(&mut self, first: usize) {
        let (failures, node) = (self.failures, self.node);
        for reason in failures.iter().filter(|r| r.node == Some(node)) {
            let check = reason.kind.check();
            let made = self.steps.get(first..).unwrap_or_default();
            if !made
                .iter()
                .any(|s| s.check == check && s.state == StepState::Failed)
            {
                self.add(check, StepState::Failed, String::new());
            }
        }
    }

    fn add(&mut self, check: &'static str, state: StepState, evidence: String) {
        self.steps.push(Step {
            check,
            node: self.node,
            state,
            evidence,
        });
    }
}

fn one(
    input: &Input<'_>,
    path: &[NodeId],
    depth: usize,
    certificate: &Certificate,
    maker: &mut Maker<'_>,
) {
    if depth > 0
        && input.anchors.holds(maker.node)
        && takes_anchors_as_they_are(input.policy.engine)
    {
        return anchor(input, maker);
    }
    let unread = certificate.defects.first();
    maker.check(
        "encoding",
        unread.map_or_else(|| "in order".to_owned(), |d| d.words.clone()),
    );
    signature(input, path, depth, certificate, maker);
    let when = |moment: Option<crate::moment::Moment>| {
        moment.map_or_else(|| "unreadable".to_owned(), crate::moment::Moment::rfc3339)
    };
    let until = when(certificate.not_after);
    maker.check(
        "dates",
        format!("{} to {until}", when(certificate.not_before)),
    );
    if depth == 0
        && let Some(wanted) = &input.question.name
    {
        let names = name::presented(certificate, 4);
        let held = match names.is_empty() {
            true => "no alternative names".to_owned(),
            false => names.join(", "),
        };
        maker.check("name", format!("{} against {held}", facts::host(wanted)));
    }
    maker.check("key", certificate.key.title());
    if depth > 0 {
        let said = match certificate.basic_constraints() {
            Some((true, Some(most))) => format!("CA, at most {most} below"),
            Some((true, None)) => "CA".to_owned(),
            Some((false, _)) => "not a CA".to_owned(),
            None => "absent".to_owned(),
        };
        maker.check("basic-constraints", said.clone());
        maker.check("path-length", said);
        let usage = match certificate.key_usage() {
            None => "absent, so everything is allowed",
            Some(_) if facts::lacks_cert_sign(certificate) => "keyCertSign is missing",
            Some(_) => "keyCertSign",
        };
        match input.policy.engine {
            Engine::Webpki => maker.add("key-usage", StepState::Skipped, String::new()),
            _ => maker.check("key-usage", usage.to_owned()),
        }
    }
    if let Some(usages) = certificate.extended_key_usage() {
        let titles: Vec<String> = usages.iter().map(crate::cert::Oid::title).collect();
        maker.check("extended-key-usage", titles.join(", "));
    }
    for extension in &certificate.extensions {
        if let ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } = &extension.value
        {
            let evidence = format!("{} permitted, {} excluded", permitted.len(), excluded.len());
            maker.check("name-constraints", evidence);
        }
    }
    let critical: Vec<String> = certificate
        .extensions
        .iter()
        .filter(|e| e.critical)
        .map(|e| e.oid.title())
        .collect();
    let evidence = match critical.is_empty() {
        true => "none is critical".to_owned(),
        false => format!("critical: {}", critical.join(", ")),
    };
    maker.check("extensions", evidence);
    // What this engine has against it by the lists is told by its reason.
    let stopped = maker.stands("revocation");
    let unread = input.question.crls.is_empty();
    if let (Some(&issuer), false) = (path.get(depth + 1), unread || stopped) {
        match revocation::status(input, path, maker.node, issuer) {
            Status::NoList => maker.add(
                "revocation",
                StepState::Unknown,
                "no list of its issuer was given".to_owned(),
            ),
            Status::Good => maker.check("revocation", "not listed".to_owned()),
            Status::Bad(_) => {}
        }
    }
}

/// These take from an anchor little more than its name and key: what else stands in it, its dates among them,
/// counts for nothing.
fn takes_anchors_as_they_are(engine: Engine) -> bool {
    matches!(
        engine,
        Engine::Webpki | Engine::Java | Engine::Chromium | Engine::Nss
    )
}

/// The end of the path.
fn anchor(input: &Input<'_>, maker: &mut Maker<'_>) {
    let words = match input.anchors.holds(maker.node) {
        true => "trusted as it stands; nobody relies on its signature",
        false => "nothing above it was found",
    };
    maker.check("anchor", words.to_owned());
}

fn signature(
    input: &Input<'_>,
    path: &[NodeId],
    depth: usize,
    certificate: &Certificate,
    maker: &mut Maker<'_>,
) {
    let algorithm = text::safe(&certificate.signature_algorithm.name).into_owned();
    let Some(&issuer) = path.get(depth + 1) else {
        return anchor(input, maker);
    };
    if input.chain.certificate(issuer).is_none() {
        return;
    }
    let (state, mut words) = match Ground::of(input).signature(maker.node, issuer) {
        Ok(()) => (
            StepState::Passed,
            format!("{algorithm}, verified with the issuer's key"),
        ),
        Err(ReasonKind::BadSignature) => (
            StepState::Failed,
            format!("{algorithm}, does not match the issuer's key"),
        ),
        Err(ReasonKind::UncheckedSignature(why)) => (
            StepState::Unknown,
            format!("{algorithm}, cannot be checked: {why}"),
        ),
        Err(_) => (StepState::Unknown, format!("{algorithm}, not checked")),
    };
    if let Some(link) = input.chain.link(maker.node, issuer) {
        if link.name == NameMatch::Folded {
            words.push_str("; issuer and subject are the same name in different encodings");
        }
        if link.key_id == KeyIdMatch::Different {
            words.push_str("; the key identifiers differ");
        }
    }
    maker.add("signature", state, words);
    maker.check("hash", algorithm);
}
