//! GnuTLS 3.7 and 3.8: gnutls_x509_trust_list_verify_crt2, as its TLS clients call it.
//!
//! What was sent is put in order by names and key identifiers (the first fitting issuer, no way back),
//! cut where an anchor issued it, then verified from the top down; the first certificate that fails
//! ends it, with all that stands against it. Purpose and name of the leaf are added to that. Name
//! constraints are gathered on the way down and held against the leaf alone.
//!
//! Of the policy it reads `common_name`, `extended_key_usage`, `least_rsa_bits` (0: no profile is asked
//! for, and keys are not looked at), `leaf_key_usage`, `max_depth` (certificates beside the leaf, which
//! TLS limits and the call itself does not), `name_check`, `sha1`, `stapled`.

use super::ground::{Ground, dates, same_bytes};
use super::{Answer, Input, sent};
use crate::cert::extension::KeyUsage;
use crate::cert::{Certificate, Hash, KeyKind, Name, Oid};
use crate::chain::NodeId;
use crate::judge::policy::{ExtendedKeyUsage, NameCheck, Sha1};
use crate::judge::{Purpose, Reason, ReasonKind, facts};

mod names;
mod one;
mod staple;

use names::Constraints;
pub(super) use one::has_name;
use one::{as_told, fits, is_unreadable, knows_signature, same_name, unknown_critical, unparsable};

/// Certificates that GnuTLS puts in order; more are left as they came.
const MOST_SORTED: usize = 16;
/// Certificates that are looked at here; GnuTLS itself has no limit.
const MOST: usize = 200;
/// Certificates below each other at most.
const MOST_BELOW: usize = 4_096;

/// What GnuTLS answers.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer::without_certificate();
    };
    let verify = Verify {
        ground: Ground::of(input),
    };
    let (path, mut failures) = verify.run(leaf);
    failures.dedup();
    Answer {
        accepted: failures.is_empty(),
        path,
        failures,
        ..Answer::default()
    }
}

#[derive(Clone, Copy)]
struct Verify<'a> {
    ground: Ground<'a>,
}

impl<'a> Verify<'a> {
    fn run(self, leaf: NodeId) -> (Vec<NodeId>, Vec<Reason>) {
        // What does not parse ends the handshake.
        for id in std::iter::once(leaf).chain(self.ground.sent()) {
            if let Some(kind) = self.ground.certificate(id).and_then(unparsable) {
                return (vec![leaf], vec![Reason::on(id, kind)]);
            }
        }
        let mut list = self.ordered(leaf);
        self.shorten(&mut list);
        let input = self.ground.input;
        let beside = sent(input.chain).len().saturating_sub(1);
        if let Some(most) = input.policy.max_depth
            && u32::try_from(beside).is_ok_and(|beside| beside > most)
        {
            let kind = ReasonKind::TooDeep { most };
            return (vec![leaf], vec![Reason::on(leaf, kind)]);
        }
        if beside >= MOST {
            return (vec![leaf], vec![Reason::on(leaf, ReasonKind::BudgetSpent)]);
        }
        let (mut path, mut failures) = self.twice(&list);
        if path.is_empty() {
            path = vec![leaf];
        }
        self.leaf(leaf, &mut failures);
        self.stapled(leaf, &mut failures);
        if failures.is_empty() {
            let below = path.split_last().map_or(&[][..], |(_, below)| below);
            failures.extend(below.iter().filter_map(|&id| self.revoked(id)));
        }
        if failures.is_empty() && input.policy.name_check == NameCheck::Afterwards {
            self.name(leaf, &mut failures);
        }
        (path, failures)
    }

    /// GnuTLS keeps one list of an issuer, the newest and of equals the last, and looks for the serial number
    /// alone: reasons, scopes and deltas count for nothing, and the list's signature neither (measured with
    /// 3.7.9 and 3.8.9: `gnutls_x509_trust_list_add_trust_file` without `GNUTLS_TL_VERIFY_CRL`, which is how
    /// `certtool --load-ca-certificate` and TLS programs read lists).
    fn revoked(self, child: NodeId) -> Option<Reason> {
        let certificate = self.certificate(child)?;
        let lists = self.ground.input.question.crls.iter();
        let list = lists
            .filter(|list| same_bytes(&list.issuer, &certificate.issuer))
            .max_by_key(|list| list.this_update)?;
        let (at, why) = list.names(&certificate.serial)?;
        let why = why.to_owned();
        Some(Reason::on(child, ReasonKind::Revoked { at, why }))
    }

    fn certificate(self, id: NodeId) -> Option<&'a Certificate> {
        self.ground.certificate(id)
    }

    /// Names but for the types of their strings, and key identifiers when both are there.
    fn is_issuer(self, child: NodeId, issuer: NodeId) -> bool {
        let (Some(lower), Some(upper)) = (self.certificate(child), self.certificate(issuer)) else {
            return false;
        };
        same_name(&lower.issuer, &upper.subject)
            && match (lower.authority_key_id(), upper.subject_key_id()) {
                (Some(wanted), Some(own)) => wanted == own,
                _ => true,
            }
    }

    fn has_bytes_of(self, child: NodeId, anchor: NodeId) -> bool {
        match (self.certificate(child), self.certificate(anchor)) {
            (Some(lower), Some(upper)) => same_bytes(&lower.issuer, &upper.subject),
            _ => false,
        }
    }

    /// Those that GnuTLS reads.
    fn anchors(self) -> impl Iterator<Item = NodeId> + 'a {
        let ground = self.ground;
        let anchors = ground.input.anchors.iter();
        anchors.filter(move |&id| {
            let anchor = ground.certificate(id);
            anchor.is_none_or(|c| unparsable(c).is_none())
        })
    }

    fn known_issuer(self, child: NodeId) -> bool {
        // Anchors are found by the bytes of their names.
        self.anchors()
            .any(|anchor| self.has_bytes_of(child, anchor) && self.is_issuer(child, anchor))
    }

    // ---- the list

    /// _gnutls_sort_clist and the loop around it.
    fn ordered(self, leaf: NodeId) -> Vec<NodeId> {
        let mut list = vec![leaf];
        list.extend(self.ground.sent());
        let mut seen: Vec<NodeId> = Vec::new();
        let mut done = 0;
        while done < list.len() {
            let rest = list.split_off(done);
            let (sorted, segment) = self.sort(rest);
            list.extend(sorted);
            let repeated = (1..segment)
                .map(|j| done + j)
                .find(|&i| list.get(i).is_some_and(|id| seen.contains(id)));
            if let Some(index) = repeated {
                list.remove(index);
                continue;
            }
            seen.extend(list.iter().skip(done).take(segment));
            done += segment;
            let Some(&last) = list.get(done - 1) else {
                break;
            };
            if self.known_issuer(last) {
                list.truncate(done);
                break;
            }
        }
        list
    }

    /// The list with its first segment in order, and the length of that segment.
    fn sort(self, list: Vec<NodeId>) -> (Vec<NodeId>, usize) {
        if list.len() > MOST_SORTED {
            return (list, 1);
        }
        let issuer_of = |i: usize| {
            let child = *list.get(i)?;
            if self.is_issuer(child, child) {
                return None;
            }
            (1..list.len()).find(|&j| {
                j != i
                    && list
                        .get(j)
                        .is_some_and(|&issuer| self.is_issuer(child, issuer))
            })
        };
        let mut order = vec![0];
        let mut at = 0;
        while order.len() < list.len() {
            match issuer_of(at) {
                // A circle: GnuTLS would go on until the list is full.
                Some(next) if order.contains(&next) => break,
                Some(next) => {
                    order.push(next);
                    at = next;
                }
                None => break,
            }
        }
        let segment = order.len();
        order.extend(
            (1..list.len())
                .filter(|j| !order.contains(j))
                .collect::<Vec<_>>(),
        );
        let sorted = order.iter().filter_map(|&i| list.get(i).copied()).collect();
        (sorted, segment)
    }

    /// A self-signed certificate at the end is dropped, and all that is above a trusted one.
    fn shorten(self, list: &mut Vec<NodeId>) {
        self.drop_self_signed(list);
        let trusted = list
            .iter()
            .skip(1)
            .position(|&id| self.ground.is_anchor(id));
        if let Some(index) = trusted {
            list.truncate(index + 2);
        }
    }

    fn drop_self_signed(self, list: &mut Vec<NodeId>) {
        if list.len() > 1 && list.last().is_some_and(|&last| self.is_issuer(last, last)) {
            list.pop();
        }
    }

    // ---- the chain

    /// Against the anchors of the last one's issuer name; when they are unknown, expired or weak, against
    /// those of its own name.
    fn twice(self, list: &[NodeId]) -> (Vec<NodeId>, Vec<Reason>) {
        let Some(last) = list.last().and_then(|&id| self.certificate(id)) else {
            return (list.to_vec(), Vec::new());
        };
        let first = self.chain(list, &last.issuer);
        let old = first.1.iter().any(|r| {
            is_unknown(&r.kind)
                || matches!(
                    r.kind,
                    ReasonKind::Expired { .. }
                        | ReasonKind::WeakHash(_)
                        | ReasonKind::WeakKey { .. }
                )
        });
        if !old || same_bytes(&last.issuer, &last.subject) {
            return first;
        }
        let second = self.chain(list, &last.subject);
        let was_known = !first.1.iter().any(|r| is_unknown(&r.kind));
        match second.1.is_empty() || !was_known {
            true => second,
            false => first,
        }
    }

    /// _gnutls_verify_crt_status: the path and what stands against it, with the anchors of this name.
    fn chain(self, list: &[NodeId], name: &Name) -> (Vec<NodeId>, Vec<Reason>) {
        let anchors: Vec<NodeId> = self
            .anchors()
            .filter(|&id| {
                self.certificate(id)
                    .is_some_and(|c| same_bytes(&c.subject, name))
            })
            .collect();
        let mut list = list.to_vec();
        self.drop_self_signed(&mut list);
        let mut top = None;
        for i in 0..list.len() {
            let Some(&id) = list.get(i) else { break };
            if let Some(&anchor) = anchors.iter().find(|&&anchor| self.same(id, anchor, i > 0)) {
                let kinds = self.anchor_sanity(anchor);
                if !kinds.is_empty() {
                    let mut path: Vec<NodeId> = list.iter().copied().take(i).collect();
                    path.push(anchor);
                    let of = |kind| Reason::on(anchor, kind);
                    return (path, kinds.into_iter().map(of).collect());
                }
                list.truncate(i);
                top = Some(anchor);
                break;
            }
        }
        if list.is_empty() {
            return (top.into_iter().collect(), Vec::new());
        }
        let mut down = Down::default();
        let mut path = list.clone();
        let Some((&last, below)) = list.split_last() else {
            return (path, Vec::new());
        };
        let issuer = self.find_issuer(last, &anchors);
        path.extend(issuer);
        let failures = self.one(last, issuer, &path, below.is_empty(), false, &mut down);
        if !failures.is_empty() {
            return (path, failures);
        }
        for i in (1..list.len()).rev() {
            let (Some(&issuer), Some(&child)) = (list.get(i), list.get(i - 1)) else {
                break;
            };
            if let Some(kind) = self.purpose(issuer, false) {
                return (path, vec![Reason::on(issuer, kind)]);
            }
            // The one above is only asked when name and key identifier fit: else there is no issuer.
            let issuer = self.is_issuer(child, issuer).then_some(issuer);
            let failures = self.one(child, issuer, &path, i == 1, true, &mut down);
            if !failures.is_empty() {
                return (path, failures);
            }
        }
        (path, Vec::new())
    }

    /// The same certificate; above the leaf, the same name and key is enough.
    fn same(self, id: NodeId, anchor: NodeId, name_and_key: bool) -> bool {
        if id == anchor {
            return true;
        }
        name_and_key
            && match (self.certificate(id), self.certificate(anchor)) {
                (Some(one), Some(other)) => {
                    same_name(&one.subject, &other.subject)
                        && one.spki_sha256.is_some()
                        && one.spki_sha256 == other.spki_sha256
                }
                _ => false,
            }
    }

    fn anchor_sanity(self, anchor: NodeId) -> Vec<ReasonKind> {
        let Some(certificate) = self.certificate(anchor) else {
            return Vec::new();
        };
        let mut kinds: Vec<ReasonKind> = dates(certificate, self.ground.input.question.at)
            .into_iter()
            .collect();
        kinds.extend(self.weak_key(certificate));
        kinds
    }

    /// The first fitting anchor, or a later one that is valid now.
    fn find_issuer(self, child: NodeId, anchors: &[NodeId]) -> Option<NodeId> {
        let at = self.ground.input.question.at;
        let mut found = None;
        for &anchor in anchors.iter().filter(|&&a| self.is_issuer(child, a)) {
            let valid = self
                .certificate(anchor)
                .is_some_and(|c| dates(c, at).is_none());
            if found.is_none() || valid {
                found = Some(anchor);
            }
        }
        found
    }

    /// verify_crt: everything against one certificate and its issuer.
    #[allow(clippy::too_many_arguments)]
    fn one(
        self,
        child: NodeId,
        issuer: Option<NodeId>,
        path: &[NodeId],
        end: bool,
        sent: bool,
        down: &mut Down,
    ) -> Vec<Reason> {
        let mut failures = Vec::new();
        let Some(lower) = self.certificate(child) else {
            return failures;
        };
        let at = self.ground.input.question.at;
        if down.left == 0 {
            let allowed = u32::try_from(MOST_BELOW).unwrap_or(u32::MAX);
            failures.push(Reason::on(
                issuer.unwrap_or(child),
                ReasonKind::PathTooLong { allowed },
            ));
            return failures;
        }
        down.left -= 1;
        match issuer.and_then(|id| Some((id, self.certificate(id)?))) {
            None if sent => failures.push(Reason::on(child, ReasonKind::MissingIssuer)),
            None => failures.push(self.ground.unanchored(path)),
            Some((id, upper)) => {
                if let Err(kind) = down.constraints.add(upper) {
                    failures.push(Reason::on(id, kind));
                } else if end && let Err(kind) = down.constraints.hold(lower) {
                    failures.push(Reason::on(id, kind));
                }
                down.features
                    .extend(upper.tls_features().unwrap_or_default());
                let own = lower.tls_features().unwrap_or_default();
                if down.features.iter().any(|feature| !own.contains(feature)) {
                    failures.push(Reason::on(child, ReasonKind::TlsFeature));
                }
                self.signer(child, id, sent, &mut down.left, &mut failures);
                if let Some(oid) = unknown_critical(upper) {
                    let kind = ReasonKind::UnknownCriticalExtension { oid };
                    failures.push(Reason::on(id, kind));
                }
            }
        }
        if end && let Some(oid) = unknown_critical(lower) {
            failures.push(Reason::on(
                child,
                ReasonKind::UnknownCriticalExtension { oid },
            ));
        }
        failures.extend(self.weak(child, issuer));
        if let Some((id, upper)) = issuer.and_then(|id| Some((id, self.certificate(id)?)))
            && let Some(kind) = dates(upper, at)
        {
            failures.push(Reason::on(id, kind));
        }
        if let Some(kind) = dates(lower, at) {
            failures.push(Reason::on(child, kind));
        }
        failures
    }

    /// What stands against `issuer` as a signer, and the signature.
    fn signer(
        self,
        child: NodeId,
        issuer: NodeId,
        sent: bool,
        left: &mut usize,
        failures: &mut Vec<Reason>,
    ) {
        let Some(upper) = self.certificate(issuer) else {
            return;
        };
        if sent || upper.version != Some(1) {
            let constraints = upper.basic_constraints();
            // A trusted root without basic constraints passes as one of old.
            let none = constraints.is_none() && !is_unreadable(upper, "2.5.29.19");
            let old = none && !sent && self.is_issuer(issuer, issuer);
            let is_ca = matches!(constraints, Some((true, _))) || old || child == issuer;
            if let Some((true, Some(allowed))) = constraints {
                *left = (*left).min(usize::try_from(allowed).unwrap_or(usize::MAX));
            }
            if !is_ca {
                failures.push(Reason::on(issuer, ReasonKind::NotACa));
            }
            if facts::lacks_cert_sign(upper) || is_unreadable(upper, "2.5.29.15") {
                failures.push(Reason::on(issuer, ReasonKind::NoCertSign));
            }
        }
        if let Err(kind) = self.ground.signature(child, issuer) {
            let kind = self
                .certificate(child)
                .map_or(kind.clone(), |c| as_told(kind, c));
            failures.push(Reason::on(child, kind));
        }
    }

    // ---- keys and hashes

    fn weak_key(self, certificate: &Certificate) -> Option<ReasonKind> {
        let bits = certificate.key.bits;
        let least = self.ground.input.policy.least_rsa_bits;
        if least == 0 {
            return None;
        }
        if let KeyKind::Ec { curve } = &certificate.key.kind
            && !curve.starts_with("P-")
        {
            let why = format!("it lies on {curve}, which GnuTLS does not know");
            return Some(ReasonKind::BadKey(why));
        }
        (matches!(
            certificate.key.kind,
            KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } | KeyKind::Dsa
        ) && bits > 0
            && bits < least)
            .then_some(ReasonKind::WeakKey { bits })
    }

    fn weak(self, child: NodeId, issuer: Option<NodeId>) -> Vec<Reason> {
        let mut weak = Vec::new();
        let Some(certificate) = self.certificate(child) else {
            return weak;
        };
        if !knows_signature(certificate) {
            return weak;
        }
        for id in std::iter::once(child).chain(issuer) {
            let kind = self.certificate(id).and_then(|c| self.weak_key(c));
            weak.extend(kind.map(|kind| Reason::on(id, kind)));
        }
        let broken = match certificate.signature_algorithm.hash {
            Some(hash @ (Hash::Md2 | Hash::Md5)) => Some(hash),
            Some(Hash::Sha1) if self.ground.input.policy.sha1 == Sha1::Refused => Some(Hash::Sha1),
            _ => None,
        };
        if let Some(hash) = broken
            && !self.is_issuer(child, child)
        {
            weak.push(Reason::on(child, ReasonKind::WeakHash(hash)));
        }
        weak
    }

    // ---- the leaf

    fn leaf(self, leaf: NodeId, failures: &mut Vec<Reason>) {
        let input = self.ground.input;
        let policy = input.policy;
        if let Some(kind) = self.purpose(leaf, true) {
            failures.push(Reason::on(leaf, kind));
        }
        if policy.name_check == NameCheck::Inside {
            self.name(leaf, failures);
        }
        let Some(certificate) = self.certificate(leaf) else {
            return;
        };
        if policy.leaf_key_usage
            && let Some(usage) = certificate.key_usage()
        {
            let (bit, wanted) = match input.facts.static_rsa {
                true => (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
                false => (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
            };
            if !usage.has(bit) {
                failures.push(Reason::on(leaf, ReasonKind::KeyUsageForbids { wanted }));
            }
        }
    }

    fn purpose(self, id: NodeId, leaf: bool) -> Option<ReasonKind> {
        let input = self.ground.input;
        if input.policy.extended_key_usage == ExtendedKeyUsage::Ignored {
            return None;
        }
        let purpose = input.question.purpose?;
        let certificate = self.certificate(id)?;
        if fits(certificate, purpose, leaf) {
            return None;
        }
        let usages = certificate.extended_key_usage().unwrap_or_default();
        let usages = usages.iter().map(Oid::title).collect();
        Some(match purpose {
            Purpose::Server => ReasonKind::NotForServers { usages },
            Purpose::Client => ReasonKind::NotForClients { usages },
        })
    }

    fn name(self, leaf: NodeId, failures: &mut Vec<Reason>) {
        let (Some(wanted), Some(certificate)) =
            (&self.ground.input.question.name, self.certificate(leaf))
        else {
            return;
        };
        if has_name(certificate, wanted) {
            return;
        }
        let kind = facts::wrong_name(certificate, wanted);
        failures.push(Reason::on(leaf, kind));
    }
}

/// What is gathered on the way down a path.
struct Down {
    constraints: Constraints,
    /// The TLS features of the CAs above, which all certificates below must have (RFC 7633, section
    /// 4.2.2).
    features: Vec<u16>,
    /// Certificates that may yet come.
    left: usize,
}

impl Default for Down {
    fn default() -> Self {
        Self {
            constraints: Constraints::default(),
            features: Vec::new(),
            left: MOST_BELOW,
        }
    }
}

fn is_unknown(kind: &ReasonKind) -> bool {
    matches!(
        kind,
        ReasonKind::MissingIssuer | ReasonKind::UnknownRoot | ReasonKind::SelfSignedLeaf
    )
}
