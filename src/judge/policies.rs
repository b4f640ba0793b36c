//! Certificate policies (RFC 5280, section 6.1): is anything left of them where one is demanded?
//!
//! The initial values are the usual ones: any policy will do, none is demanded, mapping and
//! anyPolicy are allowed. Then only certificates that demand a policy can make a path fail.
//!
//! The RFC's tree has one node for each way to a policy and can grow without bounds; whether it is
//! empty depends on its lowest level alone, and there nodes of one policy are alike. So only that
//! level is kept, as a map: memory and time stay linear in the size of the certificates.

use std::collections::{BTreeMap, BTreeSet};

use super::PolicyFault;
use crate::cert::{Certificate, ExtensionValue};

const ANY: &str = "2.5.29.32.0";

/// The lowest level of the tree: each valid policy with the policies expected of the next
/// certificate.
type Level<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The certificate (by its place in `path`, which is leaf first and ends below the anchor) at which
/// the policies fail, and why. `None` when they hold.
pub(super) fn fault(path: &[&Certificate]) -> Option<(usize, PolicyFault)> {
    // Nobody demands a policy: nothing can fail but a mapping that the RFC forbids.
    let demanded = path.iter().any(|c| {
        c.extensions.iter().any(|e| {
            matches!(
                e.value,
                ExtensionValue::PolicyConstraints { .. } | ExtensionValue::PolicyMappings(_)
            )
        })
    });
    if !demanded {
        return None;
    }
    let n = path.len();
    let mut level: Level<'_> = BTreeMap::from([(ANY, BTreeSet::from([ANY]))]);
    let (mut explicit, mut inhibit_any, mut mapping) = (n + 1, n + 1, n + 1);
    for (place, certificate) in path.iter().enumerate().rev() {
        let last = place == 0;
        let self_issued = certificate.is_self_issued();
        let any_allowed = inhibit_any > 0 || (!last && self_issued);
        level = descend(&level, certificate, any_allowed);
        if explicit == 0 && level.is_empty() {
            return Some((place, PolicyFault::NoneAllowed));
        }
        if last {
            break;
        }
        if let Some(mappings) = mappings(certificate) {
            if mappings.iter().any(|(from, to)| *from == ANY || *to == ANY) {
                return Some((place, PolicyFault::MapsAny));
            }
            map(&mut level, &mappings, mapping > 0);
        }
        if !self_issued {
            explicit = explicit.saturating_sub(1);
            inhibit_any = inhibit_any.saturating_sub(1);
            mapping = mapping.saturating_sub(1);
        }
        for extension in &certificate.extensions {
            match &extension.value {
                ExtensionValue::PolicyConstraints {
                    require_explicit,
                    inhibit_mapping,
                } => {
                    let least = |now: usize, given: Option<u32>| {
                        given.map_or(now, |g| now.min(usize::try_from(g).unwrap_or(usize::MAX)))
                    };
                    explicit = least(explicit, *require_explicit);
                    mapping = least(mapping, *inhibit_mapping);
                }
                ExtensionValue::InhibitAnyPolicy(skip) => {
                    inhibit_any = inhibit_any.min(usize::try_from(*skip).unwrap_or(usize::MAX));
                }
                _ => {}
            }
        }
    }
    // Section 6.1.5: the leaf's own demand counts too.
    explicit = explicit.saturating_sub(1);
    let own = path.first()?.extensions.iter().any(|e| {
        matches!(
            e.value,
            ExtensionValue::PolicyConstraints {
                require_explicit: Some(0),
                ..
            }
        )
    });
    ((explicit == 0 || own) && level.is_empty()).then_some((0, PolicyFault::NoneAllowed))
}

/// Section 6.1.3 (d) and (e): the next level.
fn descend<'a>(above: &Level<'a>, certificate: &'a Certificate, any_allowed: bool) -> Level<'a> {
    let mut below: Level<'a> = BTreeMap::new();
    let Some(policies) = certificate.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::CertificatePolicies(list) => Some(list),
        _ => None,
    }) else {
        return below;
    };
    for policy in policies
        .iter()
        .map(|p| p.oid.as_str())
        .filter(|p| *p != ANY)
    {
        let expected = above.values().any(|set| set.contains(policy));
        if expected || above.contains_key(ANY) {
            below.insert(policy, BTreeSet::from([policy]));
        }
    }
    if any_allowed && policies.iter().any(|p| p.oid.as_str() == ANY) {
        for expected in above.values().flatten() {
            below
                .entry(expected)
                .or_insert_with(|| BTreeSet::from([*expected]));
        }
    }
    below
}

fn mappings(certificate: &Certificate) -> Option<Vec<(&str, &str)>> {
    certificate.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::PolicyMappings(list) => Some(
            list.iter()
                .map(|(from, to)| (from.as_str(), to.as_str()))
                .collect(),
        ),
        _ => None,
    })
}

/// Section 6.1.4 (b).
fn map<'a>(level: &mut Level<'a>, mappings: &[(&'a str, &'a str)], allowed: bool) {
    let issuers: BTreeSet<&'a str> = mappings.iter().map(|(from, _)| *from).collect();
    for from in issuers {
        if !allowed {
            level.remove(from);
            continue;
        }
        let to: BTreeSet<&'a str> = mappings
            .iter()
            .filter(|(f, _)| *f == from)
            .map(|(_, to)| *to)
            .collect();
        if level.contains_key(from) || level.contains_key(ANY) {
            level.insert(from, to);
        }
    }
}
