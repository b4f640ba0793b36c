//! OpenSSL 3's X509_verify_cert, as its TLS clients and `openssl verify` call it (trusted first).
//!
//! It never goes back: one chain is built, by names, key identifiers and dates alone, and then judged
//! in a fixed order: the leaf's key, extensions from the leaf up, key and hash floors, the name,
//! revocation, signatures and dates from the top down, name constraints. A good chain beside the one
//! it happened to build does not help. Certificate policies are not looked at unless a program asks.
//!
//! Of the policy it reads `common_name`, `extended_key_usage`, `max_depth`, `name_check`,
//! `partial_chain`, `partial_wildcards`, `report`, `security_level`, `strict`, `trailing_dot`,
//! `bare_wildcard`, `stapled`. A callback that lets verification run on (Node's) sees the last error; the first
//! of [`Answer::failures`] is then the last that was met.

use super::ground::Ground;
use super::{Answer, Input};
use crate::chain::NodeId;
use crate::judge::policy::{ExtendedKeyUsage, NameCheck, Report};
use crate::judge::{Purpose, Reason, ReasonKind, StrictRule, facts, name};

mod crl;
mod names;
mod staple;
mod traits;

use traits::Traits;

/// What OpenSSL answers.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer::without_certificate();
    };
    if let Some(answer) = Answer::unread(input, facts::padded_serial) {
        return answer;
    }
    let mut verify = Verify {
        ground: Ground::of(input),
        path: vec![leaf],
        untrusted: 1,
        failures: Vec::new(),
    };
    verify.key_level(0, true);
    verify.build();
    verify.extensions();
    verify.levels();
    if input.policy.name_check == NameCheck::Inside {
        verify.name();
    }
    verify.revocation();
    verify.signatures();
    verify.constraints();
    match input.policy.name_check {
        NameCheck::Afterwards if verify.failures.is_empty() => verify.name(),
        NameCheck::Before => {
            let others = std::mem::take(&mut verify.failures);
            verify.name();
            verify.failures.extend(others);
        }
        _ => {}
    }
    if verify.failures.is_empty() {
        verify.stapled();
    }
    let Verify {
        path, mut failures, ..
    } = verify;
    failures = without_idle_checks(failures);
    if input.policy.report == Report::Last {
        failures.reverse();
        // Measured with Node 24: a leaf key below the level is what is left standing.
        failures.sort_by_key(|r| {
            !(matches!(r.kind, ReasonKind::WeakKey { .. }) && r.node == Some(leaf))
        });
    }
    Answer {
        accepted: failures.is_empty(),
        path,
        failures,
        ..Answer::default()
    }
}

/// A hash that is refused needs no check of its signature (OpenSSL would have made it).
fn without_idle_checks(mut failures: Vec<Reason>) -> Vec<Reason> {
    let refused: Vec<_> = failures
        .iter()
        .filter(|r| matches!(r.kind, ReasonKind::WeakHash(_)))
        .map(|r| r.node)
        .collect();
    failures.retain(|r| {
        !matches!(r.kind, ReasonKind::UncheckedSignature(_)) || !refused.contains(&r.node)
    });
    failures
}

/// One run.
struct Verify<'a> {
    ground: Ground<'a>,
    /// Leaf first.
    path: Vec<NodeId>,
    /// So many of the path came from the server; those above came from the store.
    untrusted: usize,
    failures: Vec<Reason>,
}

/// The depth without any setting.
const DEPTH: usize = 100;

impl<'a> Verify<'a> {
    fn traits(&self, id: NodeId) -> Traits<'a> {
        Traits::of(self.ground, id)
    }

    fn at(&self, depth: usize) -> Option<(NodeId, Traits<'a>)> {
        let id = *self.path.get(depth)?;
        Some((id, self.traits(id)))
    }

    fn fail(&mut self, id: NodeId, kind: ReasonKind) {
        self.failures.push(Reason::on(id, kind));
    }

    // ---- the chain

    fn depth(&self) -> usize {
        let input = self.ground.input;
        let most = input.question.max_depth.or(input.policy.max_depth);
        most.map_or(DEPTH, |most| usize::try_from(most).unwrap_or(DEPTH)) + 1
    }

    fn build(&mut self) {
        let partial = self.ground.input.policy.partial_chain;
        let depth = self.depth();
        let mut sent = self.ground.sent();
        let mut from_server = true;
        let mut from_store = true;
        let mut trusted = false;
        loop {
            let Some(&top) = self.path.last() else { return };
            if from_store {
                let found = (self.path.len() <= depth)
                    .then(|| self.trusted_issuer(top))
                    .flatten();
                if let Some(issuer) = found {
                    let mut self_signed = self.traits(top).is_self_signed();
                    // A self-signed certificate is only ever replaced by itself.
                    let mimic = self_signed && issuer != top;
                    if !mimic {
                        if self_signed {
                            self.untrusted = self.path.len() - 1;
                        } else {
                            self.path.push(issuer);
                            self_signed = self.traits(issuer).is_self_signed();
                        }
                        from_server = false;
                        trusted = partial || self.new_root_is_trusted() || self.is_meant(issuer);
                        if trusted || self.path.len() > self.ground.input.chain.nodes.len() {
                            break;
                        }
                        if !self_signed {
                            continue;
                        }
                    }
                }
                if !from_server {
                    break;
                }
            }
            let found = (self.path.len() <= depth && !self.traits(top).is_self_signed())
                .then(|| self.sent_issuer(top, &sent))
                .flatten();
            match found {
                Some(issuer) => {
                    sent.retain(|&id| id != issuer);
                    self.path.push(issuer);
                    self.untrusted += 1;
                }
                None => {
                    from_server = false;
                    from_store = true;
                }
            }
        }
        // With partial chains a leaf that stands in the store is trusted as it is.
        if !trusted && partial && self.path.len() <= depth && self.untrusted == self.path.len() {
            trusted = self
                .path
                .first()
                .is_some_and(|&leaf| self.ground.is_anchor(leaf));
            if trusted {
                self.untrusted = 0;
            }
        }
        if !trusted {
            self.not_trusted(depth);
        }
    }

    fn not_trusted(&mut self, depth: usize) {
        let Some((top, traits)) = self.path.len().checked_sub(1).and_then(|d| self.at(d)) else {
            return;
        };
        let kind = if self.path.len() > depth {
            let most = u32::try_from(depth - 1).unwrap_or(u32::MAX);
            ReasonKind::TooDeep { most }
        } else if !traits.is_self_signed() {
            ReasonKind::MissingIssuer
        } else if self.path.len() == 1 {
            ReasonKind::SelfSignedLeaf
        } else {
            ReasonKind::UnknownRoot
        };
        self.fail(top, kind);
    }

    /// A certificate from the store is a root when it is self-signed and its extensions are sound.
    fn new_root_is_trusted(&self) -> bool {
        self.path
            .iter()
            .skip(self.untrusted)
            .any(|&id| self.traits(id).is_self_signed())
    }

    /// An anchor whose file says that it is meant for this use needs no root above it, and its own
    /// extended key usage counts for nothing.
    fn is_meant(&self, id: NodeId) -> bool {
        self.ground.input.anchors.is_for_this_use(id)
    }

    /// The first anchor that fits and is valid now, else the one that expired last.
    fn trusted_issuer(&self, child: NodeId) -> Option<NodeId> {
        let anchors = self.ground.issuers(child).into_iter().map(|l| l.issuer);
        self.best(child, anchors.filter(|&id| self.ground.is_anchor(id)))
    }

    fn sent_issuer(&self, child: NodeId, sent: &[NodeId]) -> Option<NodeId> {
        let links = self.ground.issuers(child);
        let named = |id: NodeId| links.iter().any(|l| l.issuer == id);
        let free = |id: &NodeId| named(*id) && !self.path.contains(id);
        self.best(child, sent.iter().copied().filter(free))
    }

    fn best(&self, child: NodeId, candidates: impl Iterator<Item = NodeId>) -> Option<NodeId> {
        let at = self.ground.input.question.at;
        let lower = self.traits(child);
        let mut best = None;
        for id in candidates {
            let upper = self.traits(id);
            if !upper.likely_issued(&lower) {
                continue;
            }
            if upper.dates(at).is_none() {
                return Some(id);
            }
            let until = upper.certificate.not_after;
            if best.is_none_or(|(_, latest)| until > latest) {
                best = Some((id, until));
            }
        }
        best.map(|(id, _)| id)
    }

    // ---- extensions, from the leaf up

    fn extensions(&mut self) {
        let count = self.path.len();
        let mut below: u32 = 0;
        for depth in 0..count {
            let Some((id, traits)) = self.at(depth) else {
                continue;
            };
            self.extensions_of(id, &traits, depth, count);
            if let Some(allowed) = traits.path_length()
                && depth > 1
                && below > allowed
            {
                self.fail(id, ReasonKind::PathTooLong { allowed });
            }
            if depth > 0 && !traits.is_self_issued() {
                below += 1;
            }
        }
    }

    fn extensions_of(&mut self, id: NodeId, traits: &Traits<'a>, depth: usize, count: usize) {
        let strict = self.ground.input.policy.strict;
        if let Some(oid) = traits.unknown_critical() {
            self.fail(id, ReasonKind::UnknownCriticalExtension { oid });
        }
        if traits.is_proxy() {
            self.fail(id, ReasonKind::ProxyCertificate);
        }
        let ca = traits.ca();
        let above_proxy = depth > 0 && self.at(depth - 1).is_some_and(|(_, t)| t.is_proxy());
        let refused = match depth {
            // What issues a proxy certificate is none; that the proxy is refused was said.
            _ if above_proxy => false,
            0 => strict && ca > 1,
            _ => ca == 0 || ((depth + 1 < count || strict) && ca != 1),
        };
        if refused {
            self.fail(id, traits.not_a_ca());
        }
        if count > 1 && traits.certificate.key.explicit_parameters {
            let why = "it spells its curve out instead of naming it".to_owned();
            self.fail(id, ReasonKind::BadKey(why));
        }
        // A certificate that stands alone is not held to the profile: RFC 6818, section 2, exempts
        // self-issued end entities, and OpenSSL also lets a CA pass that way.
        if strict && count > 1 {
            for kind in strict_rules(traits, depth + 1 == count) {
                self.fail(id, kind);
            }
        }
        self.purpose(id, traits, depth, depth > 0 && !above_proxy);
    }

    fn purpose(&mut self, id: NodeId, traits: &Traits<'a>, depth: usize, as_ca: bool) {
        let input = self.ground.input;
        if input.policy.extended_key_usage == ExtendedKeyUsage::Ignored {
            return;
        }
        let Some(purpose) = input.question.purpose else {
            return;
        };
        // Extensions that cannot be read are let pass, except by strict programs.
        let fits = match traits.is_invalid() {
            true => !input.policy.strict,
            false => {
                let meant = depth >= self.untrusted && self.is_meant(id);
                meant || traits.fits(purpose, as_ca)
            }
        };
        if !fits {
            let usages = traits.usages();
            self.fail(
                id,
                match purpose {
                    Purpose::Server => ReasonKind::NotForServers { usages },
                    Purpose::Client => ReasonKind::NotForClients { usages },
                },
            );
        }
    }

    // ---- keys and hashes

    fn key_level(&mut self, depth: usize, leaf: bool) {
        let level = self.ground.input.policy.security_level;
        let Some((id, traits)) = self.at(depth) else {
            return;
        };
        if (leaf || depth > 0) && traits.key_bits() < least_bits(level) {
            let bits = traits.certificate.key.bits;
            self.fail(id, ReasonKind::WeakKey { bits });
        }
    }

    fn levels(&mut self) {
        let level = self.ground.input.policy.security_level;
        if level == 0 {
            return;
        }
        for depth in 0..self.path.len() {
            self.key_level(depth, false);
            let Some((id, traits)) = self.at(depth) else {
                continue;
            };
            if depth + 1 < self.path.len() && traits.signature_bits() < least_bits(level) {
                let kind = match traits.certificate.signature_algorithm.hash {
                    Some(hash) => ReasonKind::WeakHash(hash),
                    None => ReasonKind::UnsupportedSignature {
                        algorithm: traits.certificate.signature_algorithm.name.clone(),
                    },
                };
                self.fail(id, kind);
            }
        }
    }

    // ---- the name

    fn name(&mut self) {
        let input = self.ground.input;
        let Some((leaf, traits)) = self.at(0) else {
            return;
        };
        let Some(wanted) = &input.question.name else {
            return;
        };
        if name::accepts(traits.certificate, wanted, input.policy) {
            return;
        }
        let kind = facts::wrong_name(traits.certificate, wanted);
        self.fail(leaf, kind);
    }

    // ---- revocation: with lists, the leaf's

    fn revocation(&mut self) {
        let input = self.ground.input;
        if input.question.crls.is_empty() {
            return;
        }
        if let Some(&leaf) = self.path.first()
            && let Some(kind) = crl::refusal(input, &self.path)
        {
            self.fail(leaf, kind);
        }
    }

    // ---- signatures and dates, from the top down

    fn signatures(&mut self) {
        let at = self.ground.input.question.at;
        let Some((top, traits)) = self.path.len().checked_sub(1).and_then(|d| self.at(d)) else {
            return;
        };
        let mut depth = self.path.len() - 1;
        // The top's own signature adds nothing; only its dates are looked at. A top that did not issue
        // itself is looked at only where partial chains are allowed, or when it stands alone.
        if traits.likely_issued(&traits) || self.ground.input.policy.partial_chain {
            if let Some(kind) = traits.dates(at) {
                self.fail(top, kind);
            }
        } else if depth == 0 {
            self.fail(top, ReasonKind::MissingIssuer);
            if let Some(kind) = traits.dates(at) {
                self.fail(top, kind);
            }
        }
        while depth > 0 {
            let upper = depth;
            depth -= 1;
            let (Some((issuer, above)), Some((child, lower))) = (self.at(upper), self.at(depth))
            else {
                return;
            };
            if !lower.is_proxy() && facts::lacks_cert_sign(above.certificate) {
                self.fail(issuer, ReasonKind::NoCertSign);
            }
            if lower.algorithms_differ() {
                self.fail(child, ReasonKind::AlgorithmMismatch);
            } else if let Err(kind) = self.ground.signature(child, issuer) {
                self.fail(child, kind);
            }
            if let Some(kind) = lower.dates(at) {
                self.fail(child, kind);
                // Whoever goes on looks at the other end as well.
                if let Some(not_after) = lower.certificate.not_after
                    && lower.certificate.not_before.is_some_and(|first| at < first)
                    && at >= not_after
                {
                    self.fail(child, ReasonKind::Expired { not_after });
                }
            }
        }
    }

    // ---- name constraints

    fn constraints(&mut self) {
        let common_name =
            self.ground.input.policy.common_name != crate::judge::policy::CommonName::Never;
        for depth in (0..self.path.len()).rev() {
            let Some((id, traits)) = self.at(depth) else {
                continue;
            };
            if depth > 0 && traits.is_self_issued() {
                continue;
            }
            if traits.is_proxy() && !traits.follows_proxy_name() {
                self.fail(id, ReasonKind::ProxyName);
            }
            for upper in (depth + 1..self.path.len()).rev() {
                let Some((_, above)) = self.at(upper) else {
                    continue;
                };
                let cn = common_name && depth == 0;
                if let Err(kind) = names::check(traits.certificate, above.certificate, cn) {
                    self.fail(id, kind);
                }
            }
        }
    }
}

/// The rules of X509_V_FLAG_X509_STRICT in OpenSSL's order.
fn strict_rules(traits: &Traits<'_>, top: bool) -> Vec<ReasonKind> {
    let mut broken: Vec<ReasonKind> = facts::strict(traits.certificate, false, top)
        .into_iter()
        .map(ReasonKind::Strict)
        .collect();
    if traits.algorithms_differ() {
        let late = |kind: &ReasonKind| {
            matches!(
                kind,
                ReasonKind::Strict(
                    StrictRule::AuthorityKeyIdCritical
                        | StrictRule::SubjectKeyIdCritical
                        | StrictRule::NoAuthorityKeyId
                        | StrictRule::NoSubjectKeyId
                        | StrictRule::ExtensionsWithoutVersion3
                )
            )
        };
        let place = broken.iter().position(late).unwrap_or(broken.len());
        broken.insert(place, ReasonKind::AlgorithmMismatch);
    }
    broken
}

/// Bits of security that a level asks for.
fn least_bits(level: u8) -> u32 {
    match level {
        0 => 0,
        1 => 80,
        2 => 112,
        3 => 128,
        4 => 192,
        _ => 256,
    }
}
