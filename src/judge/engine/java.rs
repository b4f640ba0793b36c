//! Java's PKIX validator as JSSE uses it. A chain in order that ends at or below something trusted is
//! validated, from the top down, and the first fault is named; any other chain goes to the path
//! builder, which names none. Then come the leaf's usages and its name.
//!
//! Anchors are neither dated nor constrained. Of the policy it reads `leaf_key_usage`, `name_check`,
//! `sha1`, `least_rsa_bits` and what [`name::accepts`] reads.

use std::collections::HashMap;

use super::{Answer, Input, ground, sent};
use crate::cert::extension::KeyUsage;
use crate::cert::{Certificate, ExtensionValue, GeneralName, Hash, KeyKind, oid};
use crate::chain::{KeyIdMatch, NameMatch, NodeId, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{NameCheck, Policy, Sha1};
use crate::judge::{Purpose, Reason, ReasonKind, StrictRule, facts, name, policies};

/// Server Gated Crypto, Microsoft's and Netscape's: as good as serverAuth.
const GATED_CRYPTO: &[&str] = &["1.3.6.1.4.1.311.10.3.3", "2.16.840.1.113730.4.1"];
/// Candidate paths that the builder tries at most.
const MOST_TRIED: usize = 200;
/// Intermediates at most, Java's default.
const MOST_DEPTH: usize = 5;

/// Java's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let list = sent(input.chain);
    let Some(&leaf) = list.first() else {
        return Answer::without_certificate();
    };
    if let Some(answer) = Answer::unread(input, |c| unparsable(c, input.policy)) {
        return answer;
    }
    let (path, fault) = chain(input, &list);
    let fault = fault
        .or_else(|| end_entity(input, &path))
        .or_else(|| host(input, leaf));
    Answer {
        accepted: fault.is_none(),
        failures: fault.into_iter().collect(),
        path,
        ..Answer::default()
    }
}

/// An empty name of the issuer.
pub(in crate::judge) const NAMELESS_ISSUER: &str = "its issuer has no name";

/// What X509CertImpl does not read.
fn unparsable(certificate: &Certificate, policy: &Policy) -> Option<ReasonKind> {
    if certificate.issuer.rdns.is_empty() {
        return Some(ReasonKind::Unreadable(NAMELESS_ISSUER.to_owned()));
    }
    let has_extensions = !certificate.extensions.is_empty();
    match certificate.version {
        Some(3) | None => {}
        Some(version) if has_extensions => {
            return Some(ReasonKind::Version {
                version,
                why: "only version 3 has extensions".to_owned(),
            });
        }
        Some(_) => {}
    }
    if certificate.signature_algorithm.der != certificate.inner_signature_algorithm.der {
        return Some(ReasonKind::AlgorithmMismatch);
    }
    if let Some(oid) = facts::duplicate_extension(certificate) {
        return Some(ReasonKind::DuplicateExtension { oid });
    }
    let alternative = facts::extension(certificate, "2.5.29.17");
    let nothing = alternative.is_some_and(
        |e| matches!(&e.value, ExtensionValue::SubjectAltName(names) if names.is_empty()),
    );
    if nothing && !policy.empty_alt_names {
        return Some(ReasonKind::Unreadable(
            "its list of alternative names is empty".to_owned(),
        ));
    }
    if !certificate.subject.rdns.is_empty() {
        return None;
    }
    let rule = match alternative {
        None => StrictRule::EmptySubject,
        Some(names) if !names.critical => StrictRule::AltNameNotCritical,
        Some(_) => return None,
    };
    Some(ReasonKind::Strict(rule))
}

/// Critical extensions that a validator without revocation does not process.
const NOT_PROCESSED: &str = "2.5.29.31";

fn unknown_critical(certificate: &Certificate) -> Option<String> {
    facts::unknown_critical(certificate).or_else(|| {
        facts::extension(certificate, NOT_PROCESSED)
            .filter(|e| e.critical)
            .map(|e| e.oid.title())
    })
}

/// The path and what stands against it.
fn chain(input: &Input<'_>, list: &[NodeId]) -> (Vec<NodeId>, Option<Reason>) {
    let chain = input.chain;
    for (i, &id) in list.iter().enumerate() {
        let below = i.checked_sub(1).and_then(|b| list.get(b));
        if below.is_some_and(|&b| !same_name(input, b, id)) {
            return build(input, list);
        }
        if is_trusted(input, id) {
            let path: Vec<NodeId> = list.iter().copied().take(i + 1).collect();
            // A trusted leaf is taken as it is.
            return match i {
                0 => (path, None),
                _ => {
                    let fault = validate(input, &path);
                    (path, fault)
                }
            };
        }
    }
    let Some(&last) = list.last() else {
        return (Vec::new(), None);
    };
    let named: Vec<NodeId> = input
        .anchors
        .iter()
        .filter(|&a| same_name(input, last, a))
        .collect();
    if named.is_empty() {
        return build(input, list);
    }
    let fits = |a: &NodeId| {
        chain
            .link(last, *a)
            .is_some_and(|l| l.key_id != KeyIdMatch::Different)
    };
    let Some(anchor) = named.iter().copied().find(fits) else {
        // Right name, other key: the chain hangs in the air.
        let mut path = list.to_vec();
        path.extend(named.first());
        return (path, Some(Reason::on(last, ReasonKind::BadSignature)));
    };
    let mut path = list.to_vec();
    path.push(anchor);
    let fault = validate(input, &path);
    (path, fault)
}

/// `issuer`'s subject is the name that `child` gives.
fn same_name(input: &Input<'_>, child: NodeId, issuer: NodeId) -> bool {
    match input.chain.link(child, issuer) {
        Some(link) => link.name != NameMatch::Different,
        None => {
            let child = input.chain.certificate(child);
            let issuer = input.chain.certificate(issuer);
            matches!((child, issuer), (Some(c), Some(i)) if c.issuer.matches(&i.subject))
        }
    }
}

/// This certificate, or one of its name and key, is trusted.
fn is_trusted(input: &Input<'_>, id: NodeId) -> bool {
    let Some(certificate) = input.chain.certificate(id) else {
        return false;
    };
    input.anchors.holds(id)
        || input.anchors.iter().any(|a| {
            input.chain.certificate(a).is_some_and(|c| {
                c.spki_sha256.is_some()
                    && c.spki_sha256 == certificate.spki_sha256
                    && c.subject.matches(&certificate.subject)
            })
        })
}

/// Certificates by their subjects, each list in the order given.
fn by_subject(
    input: &Input<'_>,
    ids: impl Iterator<Item = NodeId>,
) -> HashMap<Vec<u8>, Vec<NodeId>> {
    let mut all: HashMap<Vec<u8>, Vec<NodeId>> = HashMap::new();
    for id in ids {
        if let Some(certificate) = input.chain.certificate(id) {
            let subject = certificate.subject.canonical();
            all.entry(subject).or_default().push(id);
        }
    }
    all
}

/// Any path through what was sent will do; what is wrong with the others is not said.
fn build(input: &Input<'_>, list: &[NodeId]) -> (Vec<NodeId>, Option<Reason>) {
    let (sent, anchors) = (
        by_subject(input, list.iter().copied()),
        by_subject(input, input.anchors.iter()),
    );
    let mut tried = 0;
    let mut open: Vec<Vec<NodeId>> = vec![list.iter().copied().take(1).collect()];
    while let Some(path) = open.pop() {
        tried += 1;
        if tried > MOST_TRIED || path.len() > MOST_DEPTH + 1 {
            continue;
        }
        let top = path.last().and_then(|&top| input.chain.certificate(top));
        let Some(issuer) = top.map(|top| top.issuer.canonical()) else {
            continue;
        };
        for &anchor in anchors.get(&issuer).into_iter().flatten() {
            let mut whole = path.clone();
            whole.push(anchor);
            if validate(input, &whole).is_none() {
                return (whole, None);
            }
        }
        let above = sent.get(&issuer).into_iter().flatten();
        for &next in above.filter(|n| !path.contains(n)) {
            let mut longer = path.clone();
            longer.push(next);
            open.push(longer);
        }
    }
    let path: Vec<NodeId> = list.iter().copied().take(1).collect();
    let reason = path
        .first()
        .map(|&leaf| Reason::on(leaf, ReasonKind::MissingIssuer));
    (path, reason)
}

/// The first fault of a path that ends at an anchor, from the top down.
fn validate(input: &Input<'_>, path: &[NodeId]) -> Option<Reason> {
    let mut left = MOST_COMPARISONS;
    let anchor = path.len().checked_sub(1)?;
    let below: Vec<&Certificate> = path
        .iter()
        .take(anchor)
        .filter_map(|&id| input.chain.certificate(id).map(AsRef::as_ref))
        .collect();
    let policy = policies::fault(&below);
    // The anchor's key is what the first signature is checked with.
    let &top = path.get(anchor)?;
    let small = input.chain.certificate(top).and_then(|c| small(input, c));
    if let Some(kind) = small.filter(|_| anchor > 0) {
        return Some(Reason::on(top, kind));
    }
    for depth in (0..anchor).rev() {
        let (&id, &above) = (path.get(depth)?, path.get(depth + 1)?);
        let certificate = input.chain.certificate(id)?;
        let kind = algorithm(input, certificate)
            .or_else(|| {
                (depth > 0 && facts::lacks_cert_sign(certificate)).then_some(ReasonKind::NoCertSign)
            })
            .or_else(|| {
                (depth > 0)
                    .then(|| ca(input, path, depth, certificate))
                    .flatten()
            })
            .or_else(|| constrained(input, path, depth, certificate, &mut left))
            .or_else(|| {
                let (_, fault) = policy.filter(|(place, _)| *place == depth)?;
                Some(ReasonKind::Policy(fault))
            })
            .or_else(|| ground::dates(certificate, input.question.at))
            .or_else(|| {
                // The issuer's curve is none of those that the provider knows.
                let issuer = input.chain.certificate(above)?;
                (!ground::has_common_curve(issuer)).then_some(ReasonKind::BadSignature)
            })
            .or_else(|| match &input.chain.link(id, above)?.signature {
                SignatureCheck::Verified => None,
                SignatureCheck::CannotCheck(why) => {
                    Some(ReasonKind::UncheckedSignature(why.clone()))
                }
                _ => Some(ReasonKind::BadSignature),
            })
            .or_else(|| {
                unknown_critical(certificate)
                    .map(|oid| ReasonKind::UnknownCriticalExtension { oid })
            });
        if let Some(kind) = kind {
            return Some(Reason::on(id, kind));
        }
    }
    let certificate = input.chain.certificate(top)?;
    if certificate.version != Some(3) {
        return None;
    }
    let kind = if !certificate.is_ca() {
        ReasonKind::NotACa
    } else if facts::lacks_cert_sign(certificate) {
        ReasonKind::NoCertSign
    } else {
        return None;
    };
    Some(Reason::on(top, kind))
}

fn algorithm(input: &Input<'_>, certificate: &Certificate) -> Option<ReasonKind> {
    match certificate.signature_algorithm.hash {
        Some(hash @ (Hash::Md2 | Hash::Md5)) => return Some(ReasonKind::WeakHash(hash)),
        Some(Hash::Sha1) if input.policy.sha1 == Sha1::Refused => {
            return Some(ReasonKind::WeakHash(Hash::Sha1));
        }
        _ => {}
    }
    small(input, certificate)
}

fn small(input: &Input<'_>, certificate: &Certificate) -> Option<ReasonKind> {
    let key = &certificate.key;
    let small = matches!(key.kind, KeyKind::Rsa { .. } | KeyKind::RsaPss { .. })
        && key.bits < input.policy.least_rsa_bits;
    small.then_some(ReasonKind::WeakKey { bits: key.bits })
}

fn ca(
    input: &Input<'_>,
    path: &[NodeId],
    depth: usize,
    certificate: &Certificate,
) -> Option<ReasonKind> {
    let Some((true, length)) = certificate.basic_constraints() else {
        return Some(ReasonKind::NotACa);
    };
    let allowed = length?;
    let below = path
        .iter()
        .take(depth)
        .skip(1)
        .filter_map(|&id| input.chain.certificate(id))
        .filter(|c| !c.is_self_issued())
        .count();
    (below > allowed as usize).then_some(ReasonKind::PathTooLong { allowed })
}

fn constrained(
    input: &Input<'_>,
    path: &[NodeId],
    depth: usize,
    certificate: &Certificate,
    left: &mut usize,
) -> Option<ReasonKind> {
    if depth > 0 && certificate.is_self_issued() {
        return None;
    }
    // The anchor's own constraints do not count.
    let anchor = path.len().checked_sub(1)?;
    let above = path.get(depth + 1..anchor)?;
    above.iter().find_map(|&id| {
        let issuer = input.chain.certificate(id)?;
        if let Some(kind) = ground::bounded(issuer) {
            return Some(kind);
        }
        // DNSName.constrains looks at the first character of the base.
        let mut names = certificate.subject_alt_names().iter();
        if has_empty_base(issuer) && names.any(|n| matches!(n, GeneralName::Dns(_))) {
            let why = "Java fails at a constraint without a name above it";
            return Some(ReasonKind::Unreadable(why.to_owned()));
        }
        match constraints::violation(issuer, certificate, true, left) {
            Ok(found) => found,
            Err(_) => Some(ReasonKind::BudgetSpent),
        }
    })
}

/// A constraint of DNS names has the empty name, which holds all.
fn has_empty_base(issuer: &Certificate) -> bool {
    issuer.extensions.iter().any(|e| match &e.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => permitted
            .iter()
            .chain(excluded)
            .any(|b| matches!(b, GeneralName::Dns(base) if base.raw().is_empty())),
        _ => false,
    })
}

/// The leaf's usages; a leaf that is trusted itself is not asked.
fn end_entity(input: &Input<'_>, path: &[NodeId]) -> Option<Reason> {
    let (&leaf, true) = (path.first()?, path.len() > 1) else {
        return None;
    };
    let certificate = input.chain.certificate(leaf)?;
    if input.policy.leaf_key_usage
        && let Some(usage) = certificate.key_usage()
    {
        let (bit, wanted) = match input.facts.static_rsa {
            true => (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
            false => (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
        };
        if !usage.has(bit) {
            return Some(Reason::on(leaf, ReasonKind::KeyUsageForbids { wanted }));
        }
    }
    let (wanted, is_client) = match input.question.purpose? {
        Purpose::Client => (oid::KP_CLIENT_AUTH, true),
        Purpose::Server => (oid::KP_SERVER_AUTH, false),
    };
    let gated = |c: &Certificate| {
        let usages = c.extended_key_usage().unwrap_or_default();
        !is_client && usages.iter().any(|u| GATED_CRYPTO.contains(&u.as_str()))
    };
    let lacking = facts::lacks_purpose(certificate, wanted, true).filter(|_| !gated(certificate));
    let Some(usages) = lacking else {
        let netscape = certificate.extensions.iter().find_map(|e| match e.value {
            ExtensionValue::NetscapeCertType(bits) => Some(bits),
            _ => None,
        });
        let bit = if is_client { 0x80 } else { 0x40 };
        return netscape.is_some_and(|bits| bits & bit == 0).then(|| {
            let wanted = facts::NETSCAPE_SERVER;
            Reason::on(leaf, ReasonKind::KeyUsageForbids { wanted })
        });
    };
    let kind = match is_client {
        true => ReasonKind::NotForClients { usages },
        false => ReasonKind::NotForServers { usages },
    };
    Some(Reason::on(leaf, kind))
}

fn host(input: &Input<'_>, leaf: NodeId) -> Option<Reason> {
    let wanted = input.question.name.as_ref()?;
    let certificate = input.chain.certificate(leaf)?;
    let refused = input.policy.name_check != NameCheck::Never
        && !name::accepts(certificate, wanted, input.policy);
    refused.then(|| Reason::on(leaf, facts::name_mismatch(certificate, wanted)))
}
