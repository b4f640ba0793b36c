//! The chain as rows of a tree: root first as certificate viewers draw it, or flipped; cross-signed
//! parents as siblings; certificates that belong to no path below.

use std::collections::{BTreeSet, HashSet};

use crate::chain::{Chain, NodeId, Origin, SignatureCheck};
use crate::inspect::Inspection;
use crate::judge::ReasonKind;
use crate::moment::{Moment, span_short};
use crate::text;

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
    /// No sibling follows below it.
    pub last: bool,
    /// Bit *n*: a sibling of the row's ancestor at level *n* follows further down.
    pub rails: u32,
}

impl Row {
    fn flat(node: Option<NodeId>, depth: usize) -> Self {
        Self {
            node,
            depth,
            folded: false,
            parent: false,
            broken: false,
            last: true,
            rails: 0,
        }
    }
}

/// The names of all rows in lower case, in one piece, so that a search of 200,000 takes no time.
#[derive(Clone, Debug, Default)]
pub struct Names {
    text: String,
    /// Where the name of each row begins.
    starts: Vec<usize>,
    /// What was asked for last, and where it is.
    needle: String,
    found: Vec<usize>,
}

impl Names {
    /// The names of these rows.
    pub fn of(inspection: &Inspection, rows: &[Row]) -> Self {
        let mut names = Self::default();
        for row in rows {
            names.starts.push(names.text.len());
            if let Some(node) = row.node.and_then(|id| inspection.chain.node(id)) {
                names.text.push_str(&node.title().to_lowercase());
            }
            names.text.push('\n');
        }
        names
    }

    /// The rows whose names hold `needle`, which is in lower case; kept for the next question.
    pub fn matches(&mut self, needle: &str) -> &[usize] {
        if self.needle != needle {
            self.needle = needle.to_owned();
            self.found.clear();
            for (at, _) in self.text.match_indices(needle) {
                let row = self.row_at(at);
                if self.found.last() != Some(&row) {
                    self.found.push(row);
                }
            }
        }
        &self.found
    }

    /// The first row from `row` on, or else from the top, whose name holds `needle`.
    pub fn first_from(&self, row: usize, needle: &str) -> Option<usize> {
        let start = self.starts.get(row).copied().unwrap_or(0);
        let below = self.text.get(start..)?.find(needle).map(|at| start + at);
        below
            .or_else(|| self.text.find(needle))
            .map(|at| self.row_at(at))
    }

    fn row_at(&self, at: usize) -> usize {
        self.starts
            .partition_point(|&start| start <= at)
            .saturating_sub(1)
    }
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
            .map(|(id, _)| Row::flat(Some(id), 0))
            .collect();
    }
    let mut tree = Tree::new(chain, flipped);
    let mut rows = Vec::new();
    for top in tree.tops() {
        let place = Place {
            above: None,
            depth: 0,
            last: true,
            rails: 0,
        };
        tree.grow(top, place, folded, &mut rows);
    }
    let rest: Vec<NodeId> = chain
        .iter()
        .filter(|(id, n)| n.is_sent() && !tree.reached.contains(id))
        .map(|(id, _)| id)
        .collect();
    if !rest.is_empty() {
        rows.push(Row::flat(None, 0));
        let count = rest.len();
        rows.extend(rest.into_iter().enumerate().map(|(i, id)| Row {
            last: i + 1 == count,
            ..Row::flat(Some(id), 1)
        }));
    }
    rows
}

/// Where a row grows.
#[derive(Clone, Copy)]
struct Place {
    above: Option<NodeId>,
    depth: usize,
    last: bool,
    rails: u32,
}

/// Columns that the first rows ask for: branches, mark, name, and the shortest of what stands behind.
pub fn breadth(inspection: &Inspection, rows: &[Row]) -> u16 {
    let wanted = rows.iter().take(64).filter_map(|row| {
        let id = row.node?;
        let name = text::width(&inspection.chain.node(id)?.title());
        let tail = text::width(&validity(inspection, id)).max("in store".len());
        Some(2 * row.depth + 2 + name + 2 + tail)
    });
    u16::try_from(wanted.max().unwrap_or(0)).unwrap_or(u16::MAX)
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

    fn grow(&mut self, id: NodeId, place: Place, folded: &HashSet<NodeId>, rows: &mut Vec<Row>) {
        let Place {
            above,
            depth,
            last,
            rails,
        } = place;
        let below = self.below(id);
        let first_time = self.reached.insert(id);
        let is_folded = folded.contains(&id) && !below.is_empty();
        rows.push(Row {
            node: Some(id),
            depth,
            folded: is_folded,
            parent: !below.is_empty(),
            broken: above.is_some_and(|above| self.is_broken(id, above)),
            last,
            rails,
        });
        // A node under two parents is drawn under both, but grows only once: loops end here.
        if is_folded {
            self.mark_reached(id);
        } else if first_time || depth < 2 {
            let count = below.len();
            let own = if last || depth == 0 { 0 } else { 1 << depth };
            for (i, next) in below.into_iter().enumerate() {
                if depth < crate::chain::MOST_DEPTH {
                    let place = Place {
                        above: Some(id),
                        depth: depth + 1,
                        last: i + 1 == count,
                        rails: rails | own,
                    };
                    self.grow(next, place, folded, rows);
                }
            }
        }
    }

    /// The link between a row and the one it hangs on does not hold: a bad signature, or a ghost.
    fn is_broken(&self, id: NodeId, above: NodeId) -> bool {
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
        Origin::Assumed => "as if sent".to_owned(),
        Origin::Fetched(_) => "fetched".to_owned(),
        Origin::Missing => "missing".to_owned(),
    }
}

/// Now is outside of the validity, or it ends within two weeks.
pub fn is_pressing(inspection: &Inspection, id: NodeId) -> bool {
    let dates = inspection
        .chain
        .certificate(id)
        .and_then(|c| Some((c.not_before?, c.not_after?)));
    let at = inspection.at;
    dates.is_some_and(|(from, to)| at < from || at.until(to) < 14 * crate::moment::DAY)
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
        format!("expired {}", span_short(to.until(at)))
    } else if at < from {
        format!("valid in {}", span_short(at.until(from)))
    } else {
        format!("{} left", span_short(at.until(to)))
    }
}
