//! Building the graph: from the leaf upwards through everything sent and every store, within a
//! stated budget.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use super::signature;
use super::{
    Chain, Ghost, KeyIdMatch, Link, NameMatch, Node, NodeId, Origin, Path, PathEnd, Presentation,
    SignatureCheck,
};
use crate::cert::{Certificate, Name};
use crate::store::Stores;

/// Signatures checked at most; the rest are [`SignatureCheck::NotChecked`] and the chain is `cut`.
pub const MOST_SIGNATURES: usize = 120;
/// Paths kept at most.
pub const MOST_PATHS: usize = 32;
/// Steps of the path search at most.
pub const MOST_STEPS: usize = 4_000;
/// Certificates in one path at most.
pub const MOST_DEPTH: usize = 110;
/// Certificates whose issuers are looked for at most.
pub const MOST_CHILDREN: usize = 500;
/// Certificates of one name considered as issuers of one child at most.
pub const MOST_ISSUERS: usize = 32;

/// Certificates beyond those that were sent and the stores'.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beyond<'a> {
    /// Taken as if the server had sent them too.
    pub assumed: &'a [Arc<Certificate>],
    /// Fetched, each with the address it came from, safe to display.
    pub fetched: &'a [(String, Arc<Certificate>)],
    /// SHA-256 of those that are taken to be nowhere. The leaf cannot be among them.
    pub without: &'a [[u8; 32]],
}

impl Chain {
    /// Builds the graph of certificates in the order they were presented, completed from `stores`.
    /// `from_file` says that the order carries no promise: the leaf is then the first certificate
    /// that is no CA.
    pub fn build(presented: &[Arc<Certificate>], from_file: bool, stores: &Stores) -> Self {
        Self::build_with(presented, from_file, stores, &Beyond::default())
    }

    /// The same with certificates beyond these.
    pub fn build_with(
        presented: &[Arc<Certificate>],
        from_file: bool,
        stores: &Stores,
        beyond: &Beyond<'_>,
    ) -> Self {
        let mut without: Vec<[u8; 32]> = beyond.without.to_vec();
        if !without.is_empty() {
            // Without its leaf a chain would be another chain.
            let all = Builder::new(presented, stores, &[]);
            let leaf = all.choose_leaf(from_file);
            let leaf = leaf
                .and_then(|id| all.chain.certificate(id))
                .map(|c| c.sha256);
            without.retain(|digest| Some(*digest) != leaf);
        }
        let mut builder = Builder::new(presented, stores, &without);
        let Some(leaf) = builder.choose_leaf(from_file) else {
            return builder.chain;
        };
        for certificate in beyond.assumed {
            builder.add_at_hand(certificate, Origin::Assumed);
        }
        builder.chain.leaf = Some(leaf);
        if from_file && builder.is_bundle(leaf) {
            builder.chain.presentation.bundle = true;
        }
        let plain = builder.finish(leaf, from_file);
        if beyond.fetched.is_empty() {
            return plain;
        }
        let mut builder = Builder::upon(&plain, stores, &without);
        let known = builder.chain.nodes.len();
        for (address, certificate) in beyond.fetched {
            builder.add_at_hand(certificate, Origin::Fetched(address.clone()));
        }
        if builder.chain.nodes.len() == known {
            return plain;
        }
        let mut whole = builder.finish(leaf, from_file);
        whole.plain = Some(Arc::new(plain));
        whole
    }
}

struct Builder<'a> {
    stores: &'a Stores,
    without: &'a [[u8; 32]],
    chain: Chain,
    by_digest: HashMap<[u8; 32], NodeId>,
    /// What was sent, is taken to be sent, or was fetched.
    at_hand: HashMap<Vec<u8>, Vec<NodeId>>,
    signatures: usize,
    checked: HashMap<(NodeId, Option<[u8; 32]>), SignatureCheck>,
}

impl<'a> Builder<'a> {
    fn new(presented: &[Arc<Certificate>], stores: &'a Stores, without: &'a [[u8; 32]]) -> Self {
        let mut builder = Self {
            stores,
            without,
            chain: Chain::default(),
            by_digest: HashMap::new(),
            at_hand: HashMap::new(),
            signatures: 0,
            checked: HashMap::new(),
        };
        for (position, certificate) in presented.iter().enumerate() {
            builder.add_sent(position, certificate);
        }
        builder
    }

    /// Goes on from a chain that was built: its nodes keep their numbers, links and paths are made anew.
    fn upon(plain: &Chain, stores: &'a Stores, without: &'a [[u8; 32]]) -> Self {
        let mut builder = Self::new(&[], stores, without);
        builder.chain.nodes.clone_from(&plain.nodes);
        builder.chain.leaf = plain.leaf;
        builder.chain.presentation.bundle = plain.presentation.bundle;
        for (id, node) in plain.iter() {
            let Some(certificate) = &node.certificate else {
                continue;
            };
            builder.by_digest.insert(certificate.sha256, id);
            if node.is_sent() {
                let subject = certificate.subject.canonical();
                builder.at_hand.entry(subject).or_default().push(id);
            }
        }
        builder
    }

    fn finish(mut self, leaf: NodeId, from_file: bool) -> Chain {
        self.climb(leaf);
        self.check_waiting();
        self.paths(leaf);
        self.chain.presentation = self.presentation(leaf, from_file);
        self.chain
    }

    /// One that was not sent, unless it is here already.
    fn add_at_hand(&mut self, certificate: &Arc<Certificate>, origin: Origin) {
        let digest = &certificate.sha256;
        if self.by_digest.contains_key(digest) || self.without.contains(digest) {
            return;
        }
        let id = self.add(certificate.clone(), origin);
        let subject = certificate.subject.canonical();
        self.at_hand.entry(subject).or_default().push(id);
    }

    fn add_sent(&mut self, position: usize, certificate: &Arc<Certificate>) {
        if self.without.contains(&certificate.sha256) {
            return;
        }
        if let Some(&id) = self.by_digest.get(&certificate.sha256) {
            if let Some(Origin::Sent(positions)) =
                self.chain.nodes.get_mut(id.0).map(|n| &mut n.origin)
            {
                positions.push(position);
            }
            return;
        }
        let id = self.add(certificate.clone(), Origin::Sent(vec![position]));
        self.at_hand
            .entry(certificate.subject.canonical())
            .or_default()
            .push(id);
    }

    fn add(&mut self, certificate: Arc<Certificate>, origin: Origin) -> NodeId {
        let id = NodeId(self.chain.nodes.len());
        let anchored_in = self
            .stores
            .0
            .iter()
            .filter(|s| s.holds(&certificate))
            .map(|s| s.title.clone())
            .collect();
        self.by_digest.insert(certificate.sha256, id);
        self.chain.nodes.push(Node {
            origin,
            certificate: Some(certificate),
            ghost: None,
            anchored_in,
        });
        id
    }

    /// A server's leaf is its first certificate (RFC 8446 section 4.4.2). A file may hold any order:
    /// there it is the first certificate that is no CA, else the one that issued no other.
    fn choose_leaf(&self, from_file: bool) -> Option<NodeId> {
        let first = self.chain.nodes.first().map(|_| NodeId(0))?;
        if !from_file {
            return Some(first);
        }
        let no_ca = self.chain.iter().find(|(_, n)| {
            n.certificate
                .as_ref()
                .is_some_and(|c| !c.is_ca() && !c.is_self_issued())
        });
        if let Some((id, _)) = no_ca {
            return Some(id);
        }
        let issuers: HashSet<Vec<u8>> = self
            .chain
            .nodes
            .iter()
            .filter_map(|n| n.certificate.as_ref())
            .filter(|c| !c.is_self_issued())
            .map(|c| c.issuer.canonical())
            .collect();
        self.chain
            .iter()
            .find(|(_, n)| {
                n.certificate.as_ref().is_some_and(|c| {
                    !c.is_self_issued() && !issuers.contains(&c.subject.canonical())
                })
            })
            .map(|(id, _)| id)
            .or(Some(first))
    }

    /// More than one certificate that no other one here was issued by: not one server's chain.
    fn is_bundle(&self, leaf: NodeId) -> bool {
        let self_issued = |n: &Node| n.certificate.as_ref().is_some_and(|c| c.is_self_issued());
        let roots = self.chain.nodes.iter().filter(|n| self_issued(n)).count();
        roots > 1
            && self.chain.node(leaf).is_some_and(|n| {
                n.certificate.as_ref().is_some_and(|c| c.is_ca()) || self_issued(n)
            })
    }

    /// Finds issuers breadth first, so that near links get the budget before far ones.
    fn climb(&mut self, leaf: NodeId) {
        let mut queue = VecDeque::from([(leaf, 0)]);
        let mut seen = HashSet::from([leaf]);
        let mut children = 0;
        while let Some((child, depth)) = queue.pop_front() {
            children += 1;
            if children > MOST_CHILDREN {
                self.chain.cut = true;
                break;
            }
            let first = self.chain.links.len();
            let Some(certificate) = self.chain.certificate(child).cloned() else {
                continue;
            };
            let found = self.find_issuers(child, &certificate);
            let mut usable = false;
            let mut self_signed = false;
            for link in found {
                usable |= link.signature != SignatureCheck::Bad || link.key_id == KeyIdMatch::Same;
                self_signed |= link.issuer == child && link.signature != SignatureCheck::Bad;
                let issuer = link.issuer;
                self.chain.links.push(link);
                if depth + 1 >= MOST_DEPTH {
                    self.chain.cut = true;
                } else if seen.insert(issuer) {
                    queue.push_back((issuer, depth + 1));
                }
            }
            let anchored = self
                .chain
                .node(child)
                .is_some_and(|n| !n.anchored_in.is_empty());
            if !usable && !self_signed && !anchored {
                self.add_ghost(child, &certificate);
            }
            let range = first..self.chain.links.len();
            self.chain.links_of.insert(child, range);
        }
    }

    fn find_issuers(&mut self, child: NodeId, certificate: &Arc<Certificate>) -> Vec<Link> {
        let mut candidates: Vec<NodeId> = self
            .at_hand
            .get(&certificate.issuer.canonical())
            .cloned()
            .unwrap_or_default();
        // A self-issued certificate needs no other issuer than itself when its own key signed it.
        if certificate.is_self_issued() {
            let own = self.link(child, child);
            if own
                .as_ref()
                .is_some_and(|l| l.signature != SignatureCheck::Bad)
            {
                let mut links: Vec<Link> = own.into_iter().collect();
                // A self-signed server certificate may also stand below an anchor of its own name and
                // key (a root that was issued anew).
                if self.chain.leaf == Some(child) {
                    for id in self.anchors_named(&certificate.issuer) {
                        let link = (id != child).then(|| self.link(child, id)).flatten();
                        links.extend(link.filter(|l| l.signature == SignatureCheck::Verified));
                    }
                }
                return links;
            }
        }
        for id in self.anchors_named(&certificate.issuer) {
            if !candidates.contains(&id) {
                candidates.push(id);
            }
        }
        candidates.retain(|&id| id != child || certificate.is_self_issued());
        // Key identifiers first, so that the budget goes to the likely ones.
        // Then what leads on: a self-issued certificate leads to its own name again.
        candidates.sort_by_cached_key(|&id| {
            let key_id = match self.key_id(child, id) {
                KeyIdMatch::Same => 0,
                KeyIdMatch::Absent => 1,
                KeyIdMatch::Different => 2,
            };
            let node = self.chain.node(id);
            let anchored = node.is_some_and(|n| !n.anchored_in.is_empty());
            let turns = self
                .chain
                .certificate(id)
                .is_some_and(|c| c.is_self_issued());
            (key_id, !anchored && turns)
        });
        if candidates.len() > MOST_ISSUERS {
            self.chain.cut = true;
            candidates.truncate(MOST_ISSUERS);
        }
        let mut found = Vec::with_capacity(candidates.len());
        // Once the right key is found, others of this name wait for what is left of the budget.
        let mut sure = false;
        for issuer in candidates {
            let waits = sure && self.key_id(child, issuer) == KeyIdMatch::Different;
            let link = match waits {
                true => self.unchecked(child, issuer),
                false => self.link(child, issuer),
            };
            sure |= link.as_ref().is_some_and(|l| {
                l.key_id == KeyIdMatch::Same && l.signature == SignatureCheck::Verified
            });
            found.extend(link);
        }
        found
    }

    /// Spends what is left of the budget on links that waited.
    fn check_waiting(&mut self) {
        let mut links = std::mem::take(&mut self.chain.links);
        let waits = |l: &&mut Link| l.signature == SignatureCheck::NotChecked;
        for link in links.iter_mut().filter(waits) {
            if let Some(checked) = self.link(link.child, link.issuer) {
                link.signature = checked.signature;
            }
        }
        self.chain.links = links;
    }

    /// Anchors of any store with this subject, as nodes.
    fn anchors_named(&mut self, name: &Name) -> Vec<NodeId> {
        let mut found: Vec<NodeId> = Vec::new();
        let stores = self.stores;
        for store in &stores.0 {
            for anchor in store.candidates(name).take(MOST_ISSUERS) {
                let certificate = Certificate::read(anchor.der.clone());
                if !certificate.subject.matches(name) || self.without.contains(&certificate.sha256)
                {
                    continue;
                }
                let id = match self.by_digest.get(&certificate.sha256) {
                    Some(&id) => id,
                    None => self.add(Arc::new(certificate), Origin::Store(Vec::new())),
                };
                if let Some(Origin::Store(titles)) =
                    self.chain.nodes.get_mut(id.0).map(|n| &mut n.origin)
                    && !titles.contains(&store.title)
                {
                    titles.push(store.title.clone());
                }
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        }
        found
    }

    fn link(&mut self, child: NodeId, issuer: NodeId) -> Option<Link> {
        let lower = self.chain.certificate(child)?.clone();
        let upper = self.chain.certificate(issuer)?.clone();
        // Certificates of one key answer alike: a crowd of them costs one check.
        let asked = (child, upper.spki_sha256);
        let signature = match self.checked.get(&asked) {
            Some(known) => known.clone(),
            None if self.signatures < MOST_SIGNATURES => {
                self.signatures += 1;
                let answer = signature::check(&lower, &upper);
                self.checked.insert(asked, answer.clone());
                answer
            }
            None => {
                self.chain.cut = true;
                SignatureCheck::NotChecked
            }
        };
        let link = self.unchecked(child, issuer)?;
        Some(Link { signature, ..link })
    }

    fn unchecked(&self, child: NodeId, issuer: NodeId) -> Option<Link> {
        let lower = self.chain.certificate(child)?;
        let upper = self.chain.certificate(issuer)?;
        let name = if lower.issuer.der == upper.subject.der {
            NameMatch::Same
        } else {
            NameMatch::Folded
        };
        Some(Link {
            child,
            issuer,
            name,
            key_id: self.key_id(child, issuer),
            signature: SignatureCheck::NotChecked,
        })
    }

    fn key_id(&self, child: NodeId, issuer: NodeId) -> KeyIdMatch {
        let wanted = self
            .chain
            .certificate(child)
            .and_then(|c| c.authority_key_id());
        let offered = self
            .chain
            .certificate(issuer)
            .and_then(|c| c.subject_key_id());
        match (wanted, offered) {
            (Some(a), Some(b)) if a == b => KeyIdMatch::Same,
            (Some(_), Some(_)) => KeyIdMatch::Different,
            _ => KeyIdMatch::Absent,
        }
    }

    fn add_ghost(&mut self, child: NodeId, certificate: &Certificate) {
        let key_id = certificate.authority_key_id().map(<[u8]>::to_vec);
        let same = self.chain.iter().find_map(|(id, n)| {
            let ghost = n.ghost.as_ref()?;
            (ghost.key_id == key_id && ghost.name.matches(&certificate.issuer)).then_some(id)
        });
        let issuer = same.unwrap_or_else(|| {
            let id = NodeId(self.chain.nodes.len());
            let ghost = Ghost {
                name: certificate.issuer.clone(),
                key_id,
                addresses: certificate.ca_issuers().into_iter().cloned().collect(),
            };
            self.chain.nodes.push(Node {
                origin: Origin::Missing,
                certificate: None,
                ghost: Some(ghost),
                anchored_in: Vec::new(),
            });
            id
        });
        self.chain.links.push(Link {
            child,
            issuer,
            name: NameMatch::Same,
            key_id: KeyIdMatch::Absent,
            signature: SignatureCheck::NotChecked,
        });
    }

    /// Every path from the leaf, depth first, within the budget; then the best first.
    fn paths(&mut self, leaf: NodeId) {
        let mut found = Vec::new();
        let mut steps = 0;
        let mut stack = vec![vec![leaf]];
        while let Some(nodes) = stack.pop() {
            steps += 1;
            if steps > MOST_STEPS || found.len() >= MOST_PATHS {
                self.chain.cut = true;
                break;
            }
            let Some(&top) = nodes.last() else { continue };
            let node = self.chain.node(top);
            if node.is_none_or(Node::is_ghost) {
                found.push(Path {
                    nodes,
                    end: PathEnd::Missing,
                });
                continue;
            }
            let anchored = node.is_some_and(|n| !n.anchored_in.is_empty());
            let mut self_signed = false;
            let mut extended = false;
            let links: Vec<&Link> = self.chain.issuers(top).collect();
            for link in links.into_iter().rev() {
                if link.issuer == top {
                    self_signed = true;
                } else if !nodes.contains(&link.issuer) {
                    extended = true;
                    let mut longer = nodes.clone();
                    longer.push(link.issuer);
                    stack.push(longer);
                }
            }
            if self_signed {
                found.push(Path {
                    nodes,
                    end: PathEnd::SelfSigned,
                });
            } else if anchored || !extended {
                let end = if anchored {
                    PathEnd::Anchor
                } else {
                    PathEnd::Missing
                };
                found.push(Path { nodes, end });
            }
        }
        found.sort_by_key(|path| {
            let bad = path.nodes.windows(2).filter(|w| self.is_bad(w)).count();
            let anchored = path
                .nodes
                .last()
                .and_then(|&n| self.chain.node(n))
                .is_some_and(|n| !n.anchored_in.is_empty());
            (
                bad,
                path.end == PathEnd::Missing,
                !anchored,
                path.nodes.len(),
            )
        });
        self.chain.paths = found;
    }

    fn is_bad(&self, pair: &[NodeId]) -> bool {
        let [child, issuer] = pair else { return false };
        self.chain
            .link(*child, *issuer)
            .is_some_and(|l| l.signature == SignatureCheck::Bad)
    }

    fn presentation(&self, leaf: NodeId, from_file: bool) -> Presentation {
        let bundle = self.chain.presentation.bundle;
        if bundle {
            return Presentation {
                bundle,
                ..Presentation::default()
            };
        }
        let position = |id: NodeId| match self.chain.node(id).map(|n| &n.origin) {
            Some(Origin::Sent(positions)) => positions.first().copied(),
            _ => None,
        };
        let on_path: HashSet<NodeId> = self
            .chain
            .paths
            .iter()
            .flat_map(|p| p.nodes.iter().copied())
            .collect();
        let out_of_order = self
            .chain
            .paths
            .iter()
            .flat_map(|p| p.nodes.windows(2))
            .any(|w| match w {
                [child, issuer] => {
                    matches!((position(*child), position(*issuer)), (Some(c), Some(i)) if i < c)
                }
                _ => false,
            });
        let sent = || self.chain.iter().filter(|(_, n)| n.is_sent());
        Presentation {
            out_of_order: out_of_order || (from_file && position(leaf) != Some(0)),
            duplicates: sent()
                .filter(|(_, n)| matches!(&n.origin, Origin::Sent(p) if p.len() > 1))
                .map(|(id, _)| id)
                .collect(),
            unrelated: if self.chain.cut {
                Vec::new()
            } else {
                sent()
                    .map(|(id, _)| id)
                    .filter(|id| !on_path.contains(id))
                    .collect()
            },
            redundant_root: sent()
                .filter(|&(id, n)| id != leaf && !n.anchored_in.is_empty() && on_path.contains(&id))
                .find(|&(id, _)| self.chain.link(id, id).is_some())
                .map(|(id, _)| id),
            bundle,
        }
    }
}
