//! BoringSSL's `X509_verify_cert` as Bun uses it: the trust store is asked first at every step, and a
//! callback lets verification run on, so that what is reported is the last error.
//!
//! Of the policy it reads `name_check`, `partial_chain`, `report` and what [`name::accepts`] reads.

use super::{Answer, Input, ground, sent};
use crate::cert::{Certificate, ExtensionValue, GeneralName, Hash, KeyKind, TimeForm, oid};
use crate::chain::{KeyIdMatch, NameMatch, NodeId, SignatureCheck};
use crate::judge::constraints::{self, MOST_COMPARISONS};
use crate::judge::policy::{NameCheck, Report};
use crate::judge::{
    ConstraintFault, PolicyFault, Purpose, Reason, ReasonKind, facts, name, policies,
};

/// Certificates in a chain at most.
const MOST_CERTIFICATES: usize = 100;

/// BoringSSL's verdict.
pub(super) fn judge(input: &Input<'_>) -> Answer {
    let Some(leaf) = input.chain.leaf else {
        return Answer::without_certificate();
    };
    if let Some(answer) = Answer::unread(input, unparsable) {
        return answer;
    }
    let path = build(input, leaf);
    let mut failures = trust(input, &path);
    failures.extend(extensions(input, &path));
    failures.extend(names(input, &path));
    failures.extend(signatures(input, &path));
    if failures.is_empty() {
        failures.extend(policies(input, &path));
    }
    if input.policy.report == Report::Last {
        failures.reverse();
    }
    if failures.is_empty()
        && input.policy.name_check != NameCheck::Never
        && let (Some(wanted), Some(certificate)) =
            (&input.question.name, input.chain.certificate(leaf))
        && !name::accepts(certificate, wanted, input.policy)
    {
        failures.push(Reason::on(leaf, facts::name_mismatch(certificate, wanted)));
    }
    Answer {
        accepted: failures.is_empty(),
        path,
        failures,
        ..Answer::default()
    }
}

/// What does not parse ends the handshake.
fn unparsable(certificate: &Certificate) -> Option<ReasonKind> {
    let serial = facts::padded_serial(certificate);
    if serial.is_some() {
        return serial;
    }
    match certificate.version {
        Some(3) => {}
        Some(1 | 2) if certificate.extensions.is_empty() => {}
        Some(version) => {
            let why = "extensions belong to version 3, which is the last".to_owned();
            return Some(ReasonKind::Version { version, why });
        }
        None => {}
    }
    if facts::has_odd_time(certificate, &[TimeForm::NoSeconds, TimeForm::Fraction]) {
        return Some(ReasonKind::Unreadable(
            "a time is not in its one form".to_owned(),
        ));
    }
    matches!(certificate.basic_constraints(), Some((false, Some(_))))
        .then(|| ReasonKind::Unreadable("a path length stands there without a CA".to_owned()))
}

/// Policies are looked at in every chain that is good so far.
fn policies(input: &Input<'_>, path: &[NodeId]) -> Vec<Reason> {
    let below: Vec<&Certificate> = path
        .iter()
        .filter(|&&id| !input.anchors.holds(id))
        .filter_map(|&id| input.chain.certificate(id).map(AsRef::as_ref))
        .collect();
    // The whole chain is named, not one certificate.
    let broken = below.iter().any(|c| {
        let mut all = c.extensions.iter();
        all.any(|e| {
            e.oid.as_str() == "2.5.29.32" && matches!(e.value, ExtensionValue::Malformed(_))
        })
    });
    let broken = broken.then_some((0, PolicyFault::Unreadable));
    broken
        .or_else(|| policies::fault(&below))
        .and_then(|(_, fault)| Some(Reason::on(*path.first()?, ReasonKind::Policy(fault))))
        .into_iter()
        .collect()
}

/// `issuer` could have issued `child`: the names are equal, the key identifiers do not differ, and the
/// key may sign certificates. The signature comes later.
fn issued(input: &Input<'_>, child: NodeId, issuer: NodeId) -> bool {
    let link = input.chain.link(child, issuer);
    link.is_some_and(|l| l.name != NameMatch::Different && l.key_id != KeyIdMatch::Different)
        && match (
            input.chain.certificate(child),
            input.chain.certificate(issuer),
        ) {
            (Some(lower), Some(upper)) => {
                !facts::lacks_cert_sign(upper) && ground::fits_key_id(upper, lower)
            }
            _ => false,
        }
}

/// P-224 is known besides those that all know.
fn has_known_curve(issuer: &Certificate) -> bool {
    let old = matches!(&issuer.key.kind, KeyKind::Ec { curve } if curve == "P-224");
    old || ground::has_common_curve(issuer)
}

fn is_self_issued(input: &Input<'_>, id: NodeId) -> bool {
    input
        .chain
        .certificate(id)
        .is_some_and(|c| c.is_self_issued())
}

fn build(input: &Input<'_>, leaf: NodeId) -> Vec<NodeId> {
    let mut path = vec![leaf];
    let in_order = sent(input.chain);
    while path.len() < MOST_CERTIFICATES {
        let Some(&top) = path.last() else { break };
        if is_self_issued(input, top) {
            break;
        }
        let fits = |&id: &NodeId| !path.contains(&id) && issued(input, top, id);
        let valid = |id: &NodeId| {
            let certificate = input.chain.certificate(*id);
            certificate.is_some_and(|c| facts::dates(c, input.question.at).is_none())
        };
        let trusted: Vec<NodeId> = input.anchors.iter().filter(fits).collect();
        let untrusted: Vec<NodeId> = in_order.iter().copied().filter(fits).collect();
        let pick = |list: &[NodeId]| {
            let found = list.iter().copied().find(valid);
            found.or_else(|| list.first().copied())
        };
        match pick(&trusted).or_else(|| pick(&untrusted)) {
            Some(next) => path.push(next),
            None => break,
        }
    }
    path
}

fn trust(input: &Input<'_>, path: &[NodeId]) -> Vec<Reason> {
    let Some(&top) = path.last() else {
        return Vec::new();
    };
    let known = path.iter().any(|&id| input.anchors.holds(id));
    let self_issued = is_self_issued(input, top);
    if input.anchors.holds(top) && (self_issued || input.policy.partial_chain)
        || known && input.policy.partial_chain
    {
        return Vec::new();
    }
    // One that may not sign certificates has not signed itself either.
    let signed_itself = self_issued && issued(input, top, top);
    let kind = match (signed_itself, path.len()) {
        (true, 1) => ReasonKind::SelfSignedLeaf,
        (true, _) => ReasonKind::UnknownRoot,
        (false, _) => ReasonKind::MissingIssuer,
    };
    vec![Reason::on(top, kind)]
}

fn extensions(input: &Input<'_>, path: &[NodeId]) -> Vec<Reason> {
    let mut out = Vec::new();
    let wanted = match input.question.purpose {
        Some(Purpose::Client) => oid::KP_CLIENT_AUTH,
        _ => oid::KP_SERVER_AUTH,
    };
    let mut below = 0_u32;
    for (depth, &id) in path.iter().enumerate() {
        let Some(certificate) = input.chain.certificate(id) else {
            continue;
        };
        let list_of_points = || {
            facts::extension(certificate, "2.5.29.31")
                .filter(|e| e.critical)
                .map(|e| e.oid.title())
        };
        if let Some(oid) = facts::unknown_critical(certificate).or_else(list_of_points) {
            out.push(Reason::on(id, ReasonKind::UnknownCriticalExtension { oid }));
        }
        // A root of version 1 may sign; of version 3 without basicConstraints, when it signed itself.
        let old_root = certificate.is_self_issued()
            && (certificate.version == Some(1) || certificate.basic_constraints().is_none());
        let not_a_ca = depth > 0 && !certificate.is_ca() && !old_root;
        if not_a_ca {
            out.push(Reason::on(id, ReasonKind::NotACa));
        }
        let lacks = input
            .question
            .purpose
            .and_then(|_| facts::lacks_purpose(certificate, wanted, false));
        if let Some(usages) = lacks {
            out.push(Reason::on(id, ReasonKind::NotForServers { usages }));
        } else if not_a_ca {
            // The purpose of a CA includes being one.
            out.push(Reason::on(
                id,
                ReasonKind::NotForServers { usages: Vec::new() },
            ));
        }
        if depth > 0
            && let Some((true, Some(allowed))) = certificate.basic_constraints()
            && below > allowed
        {
            out.push(Reason::on(id, ReasonKind::PathTooLong { allowed }));
        }
        if depth > 0 && !certificate.is_self_issued() {
            below += 1;
        }
    }
    out
}

fn names(input: &Input<'_>, path: &[NodeId]) -> Vec<Reason> {
    let mut left = MOST_COMPARISONS;
    for (depth, &id) in path.iter().enumerate() {
        let Some(certificate) = input.chain.certificate(id) else {
            continue;
        };
        if depth > 0 && certificate.is_self_issued() {
            continue;
        }
        for &above in path.iter().skip(depth + 1) {
            let Some(issuer) = input.chain.certificate(above) else {
                continue;
            };
            if let Some(kind) = ground::spells_bounds(issuer)
                .then(ground::bounds)
                .or_else(|| address_constraint(issuer, certificate))
            {
                return vec![Reason::on(id, kind)];
            }
            match constraints::violation(issuer, certificate, true, &mut left) {
                Ok(None) => {}
                Ok(Some(kind)) => return vec![Reason::on(id, kind)],
                Err(_) => return vec![Reason::on(id, ReasonKind::BudgetSpent)],
            }
        }
    }
    Vec::new()
}

/// Addresses are not compared: where one is constrained and one is there, that is an error.
fn address_constraint(issuer: &Certificate, below: &Certificate) -> Option<ReasonKind> {
    let constrains = issuer.extensions.iter().any(|e| match &e.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => permitted
            .iter()
            .chain(excluded)
            .any(|b| matches!(b, GeneralName::IpRange { .. })),
        _ => false,
    });
    let mut names = below.subject_alt_names().iter();
    let address = names.find(|n| matches!(n, GeneralName::Ip(_)))?;
    constrains.then(|| ReasonKind::NameConstraint {
        name: address.to_string(),
        fault: ConstraintFault::Type,
        detail: "constraints of addresses are not supported".to_owned(),
    })
}

fn dates(input: &Input<'_>, certificate: &Certificate) -> Option<ReasonKind> {
    match facts::has_odd_time(certificate, &[TimeForm::NotUtc]) {
        true => Some(ReasonKind::NoValidity),
        false => facts::dates(certificate, input.question.at),
    }
}

/// From the top down: the signature of each certificate below the top, then its dates. A top that did
/// not sign itself is not looked at, unless it is all there is.
fn signatures(input: &Input<'_>, path: &[NodeId]) -> Vec<Reason> {
    let mut out = Vec::new();
    let Some(&top) = path.last() else {
        return out;
    };
    let self_issued = is_self_issued(input, top) && issued(input, top, top);
    let only = path.len() == 1;
    if !self_issued && only && !input.anchors.holds(top) {
        out.push(Reason::on(top, ReasonKind::MissingIssuer));
    }
    for (depth, &id) in path.iter().enumerate().rev() {
        let is_top = depth + 1 == path.len();
        let Some(certificate) = input.chain.certificate(id) else {
            continue;
        };
        if let Some(&above) = path.get(depth + 1) {
            let unknown = matches!(
                certificate.signature_algorithm.hash,
                Some(Hash::Md2 | Hash::Md5)
            );
            let verified = input
                .chain
                .link(id, above)
                .is_some_and(|l| l.signature == SignatureCheck::Verified);
            let names_two =
                certificate.signature_algorithm.der != certificate.inner_signature_algorithm.der;
            let issuer = input.chain.certificate(above);
            if issuer.is_some_and(|issuer| !has_known_curve(issuer)) {
                out.push(Reason::on(id, ground::other_curve()));
            } else if unknown || names_two || !verified {
                out.push(Reason::on(id, ReasonKind::BadSignature));
            }
        }
        if (!is_top || self_issued || only)
            && let Some(kind) = dates(input, certificate)
        {
            out.push(Reason::on(id, kind));
        }
    }
    out
}
