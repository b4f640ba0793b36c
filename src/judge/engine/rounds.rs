//! The first round of the RFC's engine: a path without fault, depth first, each branch left at its
//! first fault.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use super::rfc5280::{BOUNDS, Place, Rules};
use crate::chain::{NodeId, SignatureCheck};

/// What the round found.
pub(super) struct Found {
    /// A path without fault, leaf first.
    pub(super) path: Option<Vec<NodeId>>,
    /// A bound was met: there may be a path that was not tried.
    pub(super) spent: bool,
}

/// Looks for a path without fault from `leaf`.
pub(super) fn first(rules: &mut Rules<'_>, leaf: NodeId) -> Found {
    if !rules.alone(leaf, Place::Leaf, false).is_empty() {
        return Found {
            path: None,
            spent: false,
        };
    }
    let mut search = Search {
        distance: distances(rules),
        rules,
        sound: HashMap::new(),
        steps: 0,
        spent: false,
    };
    let mut path = vec![leaf];
    let found = search.climb(&mut path);
    Found {
        path: found.then_some(path),
        spent: search.spent,
    }
}

/// How many links each certificate is away from the nearest anchor, over verified signatures. What
/// is not there leads to none.
fn distances(rules: &Rules<'_>) -> HashMap<NodeId, usize> {
    let chain = rules.input.chain;
    let mut below: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for link in &chain.links {
        if link.signature == SignatureCheck::Verified && link.child != link.issuer {
            below.entry(link.issuer).or_default().push(link.child);
        }
    }
    let ends = chain
        .iter()
        .map(|(id, _)| id)
        .filter(|&id| rules.ends_at(id));
    let mut queue: VecDeque<(NodeId, usize)> = ends.map(|id| (id, 0)).collect();
    let mut distance: HashMap<NodeId, usize> = queue.iter().copied().collect();
    while let Some((id, far)) = queue.pop_front() {
        for &child in below.get(&id).into_iter().flatten() {
            if let Entry::Vacant(free) = distance.entry(child) {
                free.insert(far + 1);
                queue.push_back((child, far + 1));
            }
        }
    }
    distance
}

struct Search<'r, 'a> {
    rules: &'r mut Rules<'a>,
    distance: HashMap<NodeId, usize>,
    /// Which certificates have no fault of their own in which place.
    sound: HashMap<(NodeId, Place), bool>,
    steps: usize,
    spent: bool,
}

impl Search<'_, '_> {
    /// Lengthens `path` until it ends at an anchor and holds as a whole.
    fn climb(&mut self, path: &mut Vec<NodeId>) -> bool {
        let Some(&top) = path.last() else {
            return false;
        };
        let chain = self.rules.input.chain;
        let mut issuers = Vec::new();
        for link in chain.issuers(top) {
            match link.signature {
                SignatureCheck::Verified => issuers.push(link.issuer),
                SignatureCheck::NotChecked if !self.is_ghost(link.issuer) => self.spent = true,
                _ => {}
            }
        }
        // The nearest way out first; what leads to no anchor is left out.
        issuers.retain(|id| self.distance.contains_key(id));
        issuers.sort_by_key(|id| self.distance.get(id).copied());
        for issuer in issuers {
            self.steps += 1;
            if self.steps > BOUNDS.0 || path.len() >= BOUNDS.1 {
                self.spent = true;
                return false;
            }
            if path.contains(&issuer) {
                continue;
            }
            if self.rules.ends_at(issuer) && self.is_sound(issuer, Place::Anchor) {
                path.push(issuer);
                if self.rules.together(path, true).is_empty() {
                    return true;
                }
                path.pop();
            }
            if self.is_sound(issuer, Place::Issuer) && !self.repeats(path, issuer) {
                path.push(issuer);
                if self.climb(path) {
                    return true;
                }
                path.pop();
            }
        }
        false
    }

    fn is_ghost(&self, id: NodeId) -> bool {
        let node = self.rules.input.chain.node(id);
        node.is_none_or(crate::chain::Node::is_ghost)
    }

    fn is_sound(&mut self, id: NodeId, place: Place) -> bool {
        if let Some(&known) = self.sound.get(&(id, place)) {
            return known;
        }
        let top = place == Place::Anchor;
        let sound = self.rules.alone(id, place, top).is_empty();
        self.sound.insert((id, place), sound);
        sound
    }

    /// The same CA (name and key) is on the path already: going through it again leads nowhere that
    /// it does not lead to from there (RFC 4158, section 5.2).
    fn repeats(&self, path: &[NodeId], issuer: NodeId) -> bool {
        let chain = self.rules.input.chain;
        let Some(new) = chain.certificate(issuer) else {
            return true;
        };
        path.iter()
            .filter_map(|&id| chain.certificate(id))
            .any(|c| c.spki_sha256 == new.spki_sha256 && c.subject.matches(&new.subject))
    }
}
