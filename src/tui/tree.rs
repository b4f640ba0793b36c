//! The chain as rows of a tree: root first as certificate viewers draw it, or flipped; cross-signed
//! parents as siblings; certificates that belong to no path below.

use std::collections::{BTreeSet, HashSet};

use crate::chain::{Chain, NodeId, Origin, SignatureCheck};
use crate::inspect::Inspection;
use crate::judge::ReasonKind;
use crate::moment::{Moment, span_short};

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The node; `None` for the heading above unrelated certificates.
    pub node: Option<NodeId>,
    /// Levels of indentation.
    pub depth: usize,
    /// Folded and holding rows below.
    pub folded: bool,
    /// It has rows below.
    pub parent: bool,
    /// The link to the row above it is broken.
    pub broken: bool,
}

/// The state of a node for its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Part of an accepted path.
    Good,
    /// Something on it deserves a look.
    Warn,
    /// A reason for refusal lies here.
    Bad,
    /// Not sent and nowhere to be found.
    Missing,
    /// Neither good nor bad: in no verdict.
    Neutral,
}

/// The rows of an inspection.
pub fn rows(inspection: &Inspection, folded: &HashSet<NodeId>, flipped: bool) -> Vec<Row> {
    let chain = &inspection.chain;
    if chain.presentation.bundle {
        return chain
            .iter()
            .filter(|(_, n)| n.is_sent())
            .map(|(id, _)| Row {
                node: Some(id),
                depth: 0,
                folded: false,
                parent: false,
                broken: false,
            })
            .collect();
    }
    let mut tree = Tree::new(chain, flipped);
    let mut rows = Vec::new();
    for top in tree.tops() {
        tree.grow(top, None, 0, folded, &mut rows);
    }
    let rest: Vec<NodeId> = chain
        .iter()
        .filter(|(id, n)| n.is_sent() && !tree.reached.contains(id))
        .map(|(id, _)| id)
        .collect();
    if !rest.is_empty() {
        rows.push(Row {
            node: None,
            depth: 0,
            folded: false,
            parent: false,
            broken: false,
        });
        rows.extend(rest.into_iter().map(|id| Row {
            node: Some(id),
            depth: 1,
            folded: false,
            parent: false,
            broken: false,
        }));
    }
    rows
}

struct Tree<'a> {
    chain: &'a Chain,
    flipped: bool,
    /// Pairs (child, issuer) that lie on a path.
    edges: BTreeSet<(NodeId, NodeId)>,
    reached: HashSet<NodeId>,
}

impl<'a> Tree<'a> {
    fn new(chain: &'a Chain, flipped: bool) -> Self {
        let pairs = chain.paths.iter().flat_map(|p| p.nodes.windows(2));
        let edges = pairs
            .filter_map(|w| Some((*w.first()?, *w.get(1)?)))
            .collect();
        Self {
            chain,
            flipped,
            edges,
            reached: HashSet::new(),
        }
    }

    fn tops(&self) -> Vec<NodeId> {
        if self.flipped {
            return self.chain.leaf.into_iter().collect();
        }
        let mut tops = Vec::new();
        for path in &self.chain.paths {
            if let Some(&top) = path.nodes.last()
                && !tops.contains(&top)
            {
                tops.push(top);
            }
        }
        tops
    }

    fn below(&self, id: NodeId) -> Vec<NodeId> {
        let pairs = self.edges.iter();
        if self.flipped {
            pairs
                .filter(|(child, _)| *child == id)
                .map(|(_, issuer)| *issuer)
                .collect()
        } else {
            pairs
                .filter(|(_, issuer)| *issuer == id)
                .map(|(child, _)| *child)
                .collect()
        }
    }

    fn grow(
        &mut self,
        id: NodeId,
        above: Option<NodeId>,
        depth: usize,
        folded: &HashSet<NodeId>,
        rows: &mut Vec<Row>,
    ) {
        let below = self.below(id);
        let first_time = self.reached.insert(id);
        let is_folded = folded.contains(&id) && !below.is_empty();
        let broken = above.is_some_and(|above| {
            let (child, issuer) = if self.flipped {
                (above, id)
            } else {
                (id, above)
            };
            let link = self.chain.link(child, issuer);
            link.is_none_or(|l| matches!(l.signature, SignatureCheck::Bad))
                || self
                    .chain
                    .node(issuer)
                    .is_some_and(crate::chain::Node::is_ghost)
        });
        rows.push(Row {
            node: Some(id),
            depth,
            folded: is_folded,
            parent: !below.is_empty(),
            broken,
        });
        // A node under two parents is drawn under both, but grows only once: loops end here.
        if is_folded {
            self.mark_reached(id);
        } else if first_time || depth < 2 {
            for next in below {
                if depth < crate::chain::MOST_DEPTH {
                    self.grow(next, Some(id), depth + 1, folded, rows);
                }
            }
        }
    }

    fn mark_reached(&mut self, id: NodeId) {
        for next in self.below(id) {
            if self.reached.insert(next) {
                self.mark_reached(next);
            }
        }
    }
}

/// The mark of a node, judged by the deciding store.
pub fn mark(inspection: &Inspection, id: NodeId) -> Mark {
    let Some(node) = inspection.chain.node(id) else {
        return Mark::Neutral;
    };
    if node.is_ghost() {
        return Mark::Missing;
    }
    let Some(verdict) = inspection.verdicts.first() else {
        return Mark::Neutral;
    };
    let about = verdict.reasons.iter().filter(|r| r.node == Some(id));
    if about.clone().count() > 0 {
        let only_trust = about
            .into_iter()
            .all(|r| matches!(r.kind, ReasonKind::UnknownRoot));
        return if only_trust && !node.is_sent() {
            Mark::Missing
        } else {
            Mark::Bad
        };
    }
    let warned = inspection.findings.iter().any(|f| {
        f.subject == crate::diagnosis::Subject::Node(id)
            && f.severity >= crate::diagnosis::Severity::Warning
    });
    if warned {
        return Mark::Warn;
    }
    if verdict.accepted && verdict.path.contains(&id) {
        Mark::Good
    } else {
        Mark::Neutral
    }
}

/// Where a node comes from, in a word: `sent`, `in system store`, `missing`.
pub fn origin(inspection: &Inspection, id: NodeId) -> String {
    let Some(node) = inspection.chain.node(id) else {
        return String::new();
    };
    match &node.origin {
        Origin::Sent(positions) if positions.len() > 1 => format!("sent {} times", positions.len()),
        Origin::Sent(_) if inspection.capture.target.endpoint().is_none() => {
            "in the file".to_owned()
        }
        Origin::Sent(_) => "sent".to_owned(),
        Origin::Store(titles) => titles
            .first()
            .map_or_else(|| "found".to_owned(), |t| format!("in {t}")),
        Origin::Missing => "missing".to_owned(),
    }
}

/// The validity as time left: `41 d left`, `expired 3 d`, `in 2 h`.
pub fn validity(inspection: &Inspection, id: NodeId) -> String {
    let Some(certificate) = inspection.chain.certificate(id) else {
        return String::new();
    };
    match (certificate.not_before, certificate.not_after) {
        (Some(from), Some(to)) => time_left(from, to, inspection.at),
        _ => "dates unreadable".to_owned(),
    }
}

fn time_left(from: Moment, to: Moment, at: Moment) -> String {
    if at > to {
        format!("expired {} ago", span_short(to.until(at)))
    } else if at < from {
        format!("valid in {}", span_short(at.until(from)))
    } else {
        format!("{} left", span_short(at.until(to)))
    }
}
