//! The RFC's own rules (RFC 5280, section 6) with today's floors for keys and hashes, on every
//! candidate path: the engine whose word is the exit code of `whycert verify`.
//!
//! Where the RFC leaves something open, the verifiers of the field decide: what OpenSSL (strict), Go
//! and webpki all refuse is refused here. Of the policy it reads `anchor_dates`,
//! `anchor_constraints`, `any_extended_key_usage`, `common_name`, `extended_key_usage`,
//! `least_rsa_bits`, `leaf_key_usage`, `max_depth`, `name_check`, `partial_chain`, `sha1`,
//! `stapled`, `strict`, `trusted_leaf`.
//!
//! The search goes in two rounds. The first looks for a path without fault and leaves every branch at
//! its first fault; the second, when there is none, names everything that stands against the best of
//! the candidates. Both are bounded; a bound that was met is a reason of its own.

use super::{Answer, Input, ask, openssl, rounds};
use crate::cert::Certificate;
use crate::cert::extension::KeyUsage;
use crate::chain::{MOST_DEPTH, MOST_STEPS, NodeId, Path, PathEnd, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::name::{self, NameAnswer};
use crate::judge::policy::{
    CommonName, ExtendedKeyUsage, NameCheck, Policy, Sha1, Stapled, TrustedLeaf,
};
use crate::judge::{PolicyFault, Purpose, Reason, ReasonKind, facts, policies, revocation};

/// The verdict by the RFC: its rules, and nothing that all the others refuse. These do not use what was fetched.
pub(super) fn verdict(input: &Input<'_>) -> Answer {
    let mut answer = judge(input);
    if answer.accepted && !input.policy.fetches_issuers {
        answer.failures = refused_by_all(input, &answer.path);
        answer.accepted = answer.failures.is_empty();
    }
    answer
}

/// What the RFC's rules say; other engines walk by them, too.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer::without_certificate();
    };
    let mut rules = Rules {
        input,
        comparisons: MOST_COMPARISONS,
        refused: input
            .anchors
            .iter()
            .filter(|&id| input.anchors.is_for_other_use(id))
            .collect(),
    };
    let (path, mut failures) = search(&mut rules, leaf);
    // An anchor that OpenSSL alone reads counts as far as OpenSSL, at its strictest, goes along.
    let top = path.last().copied();
    if failures.is_empty() && top.is_some_and(|id| input.anchors.is_only_openssl(id)) {
        let policy = &Policy::openssl_strict();
        failures = openssl::judge(&Input { policy, ..*input }).failures;
    }
    failures.dedup();
    Answer {
        accepted: failures.is_empty(),
        path,
        failures,
        ..Answer::default()
    }
}

/// What OpenSSL, at its strictest, has against this path when Go and webpki refuse it as well; empty when one of
/// them accepts it. Rules of ours that are too kind do not make it trusted.
fn refused_by_all(input: &Input<'_>, path: &[NodeId]) -> Vec<Reason> {
    // What is wrong with a certificate that was sent for nothing says nothing of the path.
    let refuses = |answer: &Answer| {
        let on_path = |r: &Reason| r.node.is_none_or(|id| path.contains(&id));
        !answer.accepted && answer.failures.iter().any(on_path)
    };
    let asked = |policy: &Policy| ask(&Input { policy, ..*input });
    let policy = &Policy::openssl_strict();
    let strict = openssl::judge(&Input { policy, ..*input });
    let others = [Policy::go(), Policy::webpki()];
    if refuses(&strict) && others.iter().all(|p| asked(p).is_some_and(|a| refuses(&a))) {
        return strict.failures;
    }
    Vec::new()
}

/// The accepted path, or the best of those that failed with everything against it.
fn search(rules: &mut Rules<'_>, leaf: NodeId) -> (Vec<NodeId>, Vec<Reason>) {
    let input = rules.input;
    if rules.is_trusted_leaf(leaf) {
        let reasons = rules.all(&[leaf], true);
        return (vec![leaf], reasons);
    }
    // Its issuer is itself: OpenSSL, Go and webpki do not take another certificate of its name and key.
    if input.chain.is_self_signed(leaf) {
        let mut reasons = rules.all(&[leaf], false);
        reasons.insert(0, unanchored(input, &[leaf], PathEnd::SelfSigned));
        return (vec![leaf], reasons);
    }
    let first = rounds::first(rules, leaf);
    if let Some(path) = first.path {
        return (path, Vec::new());
    }
    let mut best: Option<(Rank, Vec<NodeId>, Vec<Reason>)> = None;
    for path in &input.chain.paths {
        let (nodes, anchored) = rules.cut_at_anchor(path);
        let mut reasons = rules.all(&nodes, anchored);
        if !anchored {
            reasons.insert(0, unanchored(input, &nodes, path.end));
        }
        if reasons.is_empty() {
            return (nodes, reasons);
        }
        let rank = Rank::of(anchored, &reasons);
        if best.as_ref().is_none_or(|(b, _, _)| rank < *b) {
            best = Some((rank, nodes, reasons));
        }
    }
    let spent = Reason {
        kind: ReasonKind::BudgetSpent,
        node: None,
    };
    match best {
        Some((_, path, mut reasons)) => {
            let said = reasons.iter().any(|r| r.kind == ReasonKind::BudgetSpent);
            if (input.chain.cut || first.spent) && !said {
                reasons.push(spent);
            }
            (path, reasons)
        }
        None => (vec![leaf], vec![spent]),
    }
}

/// Which failing path is shown: one that reaches an anchor, with sound signatures, with the fewest
/// reasons.
#[derive(PartialEq, PartialOrd)]
struct Rank(bool, bool, usize);

impl Rank {
    fn of(anchored: bool, reasons: &[Reason]) -> Self {
        let unsound = reasons.iter().any(|r| r.kind == ReasonKind::BadSignature);
        Self(!anchored, unsound, reasons.len())
    }
}

/// What one client asks of certificates and paths.
pub(super) struct Rules<'a> {
    pub(super) input: &'a Input<'a>,
    comparisons: usize,
    /// Anchors for other uses than this one.
    refused: Vec<NodeId>,
}

/// Where a certificate stands in a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Leaf,
    Issuer,
    Anchor,
    /// A leaf that is trusted as it stands.
    TrustedLeaf,
}

impl Rules<'_> {
    fn is_trusted_leaf(&self, leaf: NodeId) -> bool {
        let chain = self.input.chain;
        let self_signed = || chain.is_self_signed(leaf);
        self.input.anchors.holds(leaf)
            && match self.input.policy.trusted_leaf {
                TrustedLeaf::Never => false,
                TrustedLeaf::Any => true,
                TrustedLeaf::SelfSigned => self_signed(),
                TrustedLeaf::SelfSignedNotCa => {
                    self_signed() && chain.certificate(leaf).is_some_and(|c| !c.is_ca())
                }
            }
    }

    /// It is an anchor for other uses, or the same CA (name and key) by another certificate that is no anchor.
    fn is_refused(&self, id: NodeId, certificate: &Certificate) -> bool {
        let same_ca = |other: &Certificate| {
            other.spki_sha256.is_some()
                && other.spki_sha256 == certificate.spki_sha256
                && other.subject.matches(&certificate.subject)
        };
        self.refused.contains(&id)
            || !self.input.anchors.holds(id)
                && self.refused.iter().any(|&other| {
                    let other = self.input.chain.certificate(other);
                    other.is_some_and(|other| same_ca(other))
                })
    }

    /// The path may end here.
    pub(super) fn ends_at(&self, id: NodeId) -> bool {
        self.input.anchors.holds(id)
            && (self.input.policy.partial_chain || self.input.chain.is_self_signed(id))
    }

    /// The path up to the first issuer that is an anchor.
    fn cut_at_anchor(&self, path: &Path) -> (Vec<NodeId>, bool) {
        let anchor = path.nodes.iter().skip(1).position(|&id| self.ends_at(id));
        match anchor {
            Some(index) => (path.nodes.iter().copied().take(index + 2).collect(), true),
            None => (path.nodes.clone(), false),
        }
    }

    /// Everything that stands against a path, from the leaf up.
    fn all(&mut self, nodes: &[NodeId], anchored: bool) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let last = nodes.len().saturating_sub(1);
        for (depth, &id) in nodes.iter().enumerate() {
            let place = match depth {
                0 if anchored && last == 0 => Place::TrustedLeaf,
                0 => Place::Leaf,
                _ if anchored && depth == last => Place::Anchor,
                _ => Place::Issuer,
            };
            reasons.extend(self.alone(id, place, depth == last));
            if let Some(&above) = nodes.get(depth + 1) {
                reasons.extend(self.link(id, above));
            }
        }
        reasons.extend(self.together(nodes, anchored));
        reasons
    }

    /// What stands against a certificate in its place, whatever the path.
    pub(super) fn alone(&self, id: NodeId, place: Place, top: bool) -> Vec<Reason> {
        let Some(certificate) = self.input.chain.certificate(id) else {
            return Vec::new();
        };
        let policy = self.input.policy;
        let trusted = matches!(place, Place::Anchor | Place::TrustedLeaf);
        let mut kinds = facts::unreadable(certificate);
        // No path goes through it; another may do.
        if self.is_refused(id, certificate) {
            kinds.push(ReasonKind::HeldForOtherUse);
        }
        if !trusted || policy.anchor_dates {
            kinds.extend(facts::dates(certificate, self.input.question.at));
        }
        match place {
            Place::Leaf | Place::TrustedLeaf => self.leaf(certificate, &mut kinds),
            Place::Issuer => self.issuer(certificate, &mut kinds),
            Place::Anchor if policy.anchor_constraints => self.anchor(certificate, &mut kinds),
            Place::Anchor => {}
        }
        // Nobody relies on the signature of what signed itself, where the path ends with it.
        let kept = top && self.input.chain.is_self_signed(id);
        if !trusted
            && !kept
            && let Some(hash) = facts::weak_hash(certificate)
            && !(policy.sha1 == Sha1::Accepted && hash == crate::cert::Hash::Sha1)
        {
            kinds.push(ReasonKind::WeakHash(hash));
        }
        if !trusted && facts::repeats_policy(certificate) {
            kinds.push(ReasonKind::Policy(PolicyFault::Repeated));
        }
        if let Some(oid) = facts::unknown_critical(certificate) {
            kinds.push(ReasonKind::UnknownCriticalExtension { oid });
        }
        kinds.extend(facts::key(certificate, policy));
        if policy.strict && !(place == Place::TrustedLeaf) {
            let leaf = place == Place::Leaf;
            let broken = facts::strict(certificate, leaf, top);
            kinds.extend(broken.into_iter().map(ReasonKind::Strict));
        }
        kinds.into_iter().map(|kind| Reason::on(id, kind)).collect()
    }

    fn leaf(&self, certificate: &Certificate, kinds: &mut Vec<ReasonKind>) {
        let (question, policy) = (self.input.question, self.input.policy);
        if let (Some(wanted), true) = (&question.name, policy.name_check != NameCheck::Never) {
            let words = || facts::host(wanted);
            match name::find(certificate, wanted) {
                NameAnswer::Matches => {}
                NameAnswer::OnlyCommonName if policy.common_name != CommonName::Never => {}
                NameAnswer::OnlyCommonName => {
                    kinds.push(ReasonKind::NameOnlyInCommonName { wanted: words() })
                }
                NameAnswer::Mismatch => kinds.push(ReasonKind::NameMismatch {
                    wanted: words(),
                    presented: name::presented(certificate, 8),
                }),
            }
        }
        if policy.extended_key_usage != ExtendedKeyUsage::Ignored {
            self.purpose(certificate, kinds);
        }
        if policy.leaf_key_usage
            && let Some(usage) = certificate.key_usage()
        {
            let (bit, wanted) = match self.input.facts.static_rsa {
                true => (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
                false => (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
            };
            if !usage.has(bit) {
                kinds.push(ReasonKind::KeyUsageForbids { wanted });
            }
        }
        if policy.stapled == Stapled::Judged
            && certificate.must_staple()
            && self.input.facts.lacks_stapled()
        {
            kinds.push(ReasonKind::MustStaple);
        }
    }

    fn purpose(&self, certificate: &Certificate, kinds: &mut Vec<ReasonKind>) {
        use crate::cert::oid::{KP_CLIENT_AUTH, KP_SERVER_AUTH};
        let any = self.input.policy.any_extended_key_usage;
        match self.input.question.purpose {
            None => {}
            Some(Purpose::Server) => kinds.extend(
                facts::lacks_purpose(certificate, KP_SERVER_AUTH, any)
                    .map(|usages| ReasonKind::NotForServers { usages }),
            ),
            Some(Purpose::Client) => kinds.extend(
                facts::lacks_purpose(certificate, KP_CLIENT_AUTH, any)
                    .map(|usages| ReasonKind::NotForClients { usages }),
            ),
        }
    }

    /// Section 6.1.4 (k), (n) and, as every verifier does, the nesting of extended key usage.
    fn issuer(&self, certificate: &Certificate, kinds: &mut Vec<ReasonKind>) {
        if !certificate.is_ca() || certificate.version != Some(3) {
            kinds.push(ReasonKind::NotACa);
        }
        if facts::lacks_cert_sign(certificate) {
            kinds.push(ReasonKind::NoCertSign);
        }
        if self.input.policy.extended_key_usage == ExtendedKeyUsage::Nested {
            self.purpose(certificate, kinds);
        }
    }

    /// An anchor of version 3 must be a CA like any other; older ones could not say so.
    fn anchor(&self, certificate: &Certificate, kinds: &mut Vec<ReasonKind>) {
        if certificate.version == Some(3) && !certificate.is_ca() {
            kinds.push(ReasonKind::NotACa);
        }
        if facts::lacks_cert_sign(certificate) {
            kinds.push(ReasonKind::NoCertSign);
        }
        // OpenSSL, Go and NSS hold a root to its own usages too; the RFC leaves it open.
        if self.input.policy.extended_key_usage == ExtendedKeyUsage::Nested {
            self.purpose(certificate, kinds);
        }
    }

    /// What stands against the link between a certificate and its issuer.
    fn link(&self, child: NodeId, issuer: NodeId) -> Option<Reason> {
        let chain = self.input.chain;
        if chain.node(issuer).is_some_and(crate::chain::Node::is_ghost) {
            return None;
        }
        let kind = match &chain.link(child, issuer)?.signature {
            SignatureCheck::Verified => return None,
            SignatureCheck::Bad => ReasonKind::BadSignature,
            SignatureCheck::CannotCheck(why) => ReasonKind::UncheckedSignature(why.clone()),
            SignatureCheck::NotChecked => {
                ReasonKind::UncheckedSignature("too many candidates to check them all".to_owned())
            }
        };
        Some(Reason::on(child, kind))
    }

    /// What only the path as a whole can tell: path lengths, depth, name constraints, policies,
    /// revocation.
    pub(super) fn together(&mut self, nodes: &[NodeId], anchored: bool) -> Vec<Reason> {
        let mut reasons = Vec::new();
        self.lengths(nodes, anchored, &mut reasons);
        self.name_constraints(nodes, anchored, &mut reasons);
        if anchored {
            let chain = self.input.chain;
            let below: Vec<&Certificate> = nodes
                .iter()
                .take(nodes.len().saturating_sub(1))
                .filter_map(|&id| chain.certificate(id).map(AsRef::as_ref))
                .collect();
            if let Some((place, why)) = policies::fault(&below)
                && let Some(&id) = nodes.get(place)
            {
                reasons.push(Reason::on(id, ReasonKind::Policy(why)));
            }
        }
        reasons.extend(revocation::reasons(self.input, nodes));
        reasons
    }

    /// Sections 4.2.1.9 and 6.1.4 (l), (m): self-issued intermediates do not count.
    fn lengths(&self, nodes: &[NodeId], anchored: bool, reasons: &mut Vec<Reason>) {
        let chain = self.input.chain;
        let last = nodes.len().saturating_sub(1);
        let mut below: u32 = 0;
        for (depth, &id) in nodes.iter().enumerate().skip(1) {
            let Some(certificate) = chain.certificate(id) else {
                continue;
            };
            let anchor = anchored && depth == last;
            let counts = !anchor || self.input.policy.anchor_constraints;
            if let Some((true, Some(allowed))) = certificate.basic_constraints()
                && counts
                && below > allowed
            {
                reasons.push(Reason::on(id, ReasonKind::PathTooLong { allowed }));
            }
            if !anchor && !certificate.is_self_issued() {
                below += 1;
            }
        }
        let most = self
            .input
            .question
            .max_depth
            .or(self.input.policy.max_depth);
        if let Some(most) = most
            && below > most
        {
            let node = nodes.first().copied();
            let kind = ReasonKind::TooDeep { most };
            reasons.push(Reason { kind, node });
        }
    }

    fn name_constraints(&mut self, nodes: &[NodeId], anchored: bool, reasons: &mut Vec<Reason>) {
        let chain = self.input.chain;
        let common_name = self.input.policy.common_name != CommonName::Never;
        let last = nodes.len().saturating_sub(1);
        for (depth, &id) in nodes.iter().enumerate().skip(1) {
            let Some(issuer) = chain.certificate(id) else {
                continue;
            };
            if anchored && depth == last && !self.input.policy.anchor_constraints {
                continue;
            }
            for (below, &lower) in nodes.iter().enumerate().take(depth) {
                let Some(certificate) = chain.certificate(lower) else {
                    continue;
                };
                // Self-issued intermediates are exempt (section 6.1.3 (b)).
                if below > 0 && certificate.is_self_issued() {
                    continue;
                }
                let cn = common_name && below == 0;
                let left = &mut self.comparisons;
                match constraints::violation(issuer, certificate, cn, left) {
                    Ok(None) => {}
                    Ok(Some(kind)) => reasons.push(Reason::on(id, kind)),
                    Err(constraints::Spent) => {
                        reasons.push(Reason::on(id, ReasonKind::BudgetSpent));
                        return;
                    }
                }
            }
        }
    }
}

/// Bounds of the first round: shared with the graph, so that one number is stated.
pub(super) const BOUNDS: (usize, usize) = (MOST_STEPS, MOST_DEPTH);

fn unanchored(input: &Input<'_>, nodes: &[NodeId], end: PathEnd) -> Reason {
    let top = nodes.last().copied();
    let kind = match end {
        PathEnd::SelfSigned if nodes.len() == 1 => ReasonKind::SelfSignedLeaf,
        PathEnd::SelfSigned | PathEnd::Anchor => ReasonKind::UnknownRoot,
        // A lone leaf says nothing about what is above it; above a CA, most likely its root.
        PathEnd::Missing => match nodes.len() {
            0..=2 => ReasonKind::MissingIssuer,
            n if below_names_addresses(input, nodes, n) => ReasonKind::MissingIssuer,
            _ => ReasonKind::UnknownRoot,
        },
    };
    Reason { kind, node: top }
}

/// The certificate below the ghost says where its issuer can be had, and that issuer is not a root
/// by name: another intermediate is missing.
fn below_names_addresses(input: &Input<'_>, nodes: &[NodeId], n: usize) -> bool {
    nodes
        .get(n - 2)
        .and_then(|&id| input.chain.certificate(id))
        .is_some_and(|c| {
            !c.ca_issuers().is_empty()
                && !c
                    .issuer
                    .short()
                    .is_some_and(|n| n.to_ascii_lowercase().contains("root"))
        })
}
