//! Certificates as a graph: who could have issued whom, with the evidence for each link, every
//! candidate path, what is missing and what was sent for nothing.
//!
//! Nothing here says whether a path is trusted; that is [`crate::judge`].

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::cert::{Certificate, Name};

mod build;
mod rare;
mod signature;

pub(crate) use signature::{key_octets, verify};

pub use build::Beyond;
pub use build::{MOST_CHILDREN, MOST_DEPTH, MOST_ISSUERS, MOST_PATHS, MOST_SIGNATURES, MOST_STEPS};

/// Index of a node in [`Chain::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub usize);

/// The graph.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// All certificates concerned and the ghosts of missing ones. Sent ones come first, in the order
    /// of their first appearance.
    pub nodes: Vec<Node>,
    /// Every pair where `issuer` could have issued `child`.
    pub links: Vec<Link>,
    /// The server's own certificate.
    pub leaf: Option<NodeId>,
    /// Candidate paths from the leaf, best first.
    pub paths: Vec<Path>,
    /// How the certificates were presented.
    pub presentation: Presentation,
    /// The search was cut by its budget: there may be more paths.
    pub cut: bool,
    /// The same without what was fetched, for clients that do not fetch; the numbers of its nodes are
    /// the same. `None` when nothing was fetched.
    plain: Option<Arc<Chain>>,
    /// Where the links of each child stand in `links`: they are neighbours.
    links_of: HashMap<NodeId, Range<usize>>,
}

/// One node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it comes from.
    pub origin: Origin,
    /// The certificate; `None` for a ghost.
    pub certificate: Option<Arc<Certificate>>,
    /// What is known of a certificate that is missing; only for ghosts.
    pub ghost: Option<Ghost>,
    /// Titles of the stores that hold this very certificate as an anchor, in order of the stores.
    pub anchored_in: Vec<String>,
}

/// Where a node comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Sent by the server, at these positions (0 is the leaf); more than one means duplicates.
    Sent(Vec<usize>),
    /// Taken as if the server had sent it: it did not.
    Assumed,
    /// Fetched from this address, which a certificate below it names; safe to display. Not sent.
    Fetched(String),
    /// Found in these stores, not sent.
    Store(Vec<String>),
    /// Needed, and nowhere to be found.
    Missing,
}

/// A certificate that is needed and not there.
#[derive(Clone, Debug)]
pub struct Ghost {
    /// The name its child gives as issuer.
    pub name: Name,
    /// The key identifier its child gives.
    pub key_id: Option<Vec<u8>>,
    /// Addresses its child gives for it (Authority Information Access).
    pub addresses: Vec<crate::text::Untrusted>,
}

/// A possible link with its evidence.
#[derive(Clone, Debug)]
pub struct Link {
    /// The certificate that was issued.
    pub child: NodeId,
    /// The one that could have issued it.
    pub issuer: NodeId,
    /// Issuer name and subject name.
    pub name: NameMatch,
    /// AKI of the child and SKI of the issuer.
    pub key_id: KeyIdMatch,
    /// The signature.
    pub signature: SignatureCheck,
}

/// How two names compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameMatch {
    /// Byte for byte.
    Same,
    /// Equal by RFC 5280 section 7.1, but encoded differently; strict clients refuse.
    Folded,
    /// Not equal.
    Different,
}

/// How two key identifiers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIdMatch {
    /// Equal.
    Same,
    /// Both there and different.
    Different,
    /// One of them is absent, so nothing is said.
    Absent,
}

/// What came of checking a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignatureCheck {
    /// Verified with the issuer's key.
    Verified,
    /// Does not verify with the issuer's key.
    Bad,
    /// Cannot be checked here: why.
    CannotCheck(String),
    /// Not checked: a ghost, or the budget was spent.
    NotChecked,
}

/// One candidate path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// From the leaf upwards.
    pub nodes: Vec<NodeId>,
    /// How it ends.
    pub end: PathEnd,
}

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathEnd {
    /// At a certificate that signed itself.
    SelfSigned,
    /// At an anchor of some store that is not self-signed.
    Anchor,
    /// At a ghost.
    Missing,
}

/// How the certificates were presented.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presentation {
    /// The order as sent differs from the order of issuing.
    pub out_of_order: bool,
    /// Sent more than once.
    pub duplicates: Vec<NodeId>,
    /// Sent, but on no path from the leaf.
    pub unrelated: Vec<NodeId>,
    /// A self-signed root that was sent although every client must already have it.
    pub redundant_root: Option<NodeId>,
    /// A file of certificates that do not belong to one leaf (a CA bundle).
    pub bundle: bool,
}

impl Chain {
    /// The node, if the id belongs to this chain.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0)
    }

    /// The certificate of a node; `None` for ghosts.
    pub fn certificate(&self, id: NodeId) -> Option<&Arc<Certificate>> {
        self.node(id)?.certificate.as_ref()
    }

    /// The chain as clients see it that fetch nothing.
    pub fn unfetched(&self) -> &Self {
        self.plain.as_deref().unwrap_or(self)
    }

    /// The chain for verifiers that know the usual algorithms, and the signatures that `known` names by
    /// child and issuer: others cannot be checked there. `None` when there are none.
    pub fn with_usual_signatures(
        &self,
        known: impl Fn(&Certificate, &Certificate) -> bool,
    ) -> Option<Self> {
        let unusual = |link: &Link| match link.signature {
            SignatureCheck::Verified | SignatureCheck::Bad => {
                let child = self.certificate(link.child)?;
                let issuer = self.certificate(link.issuer)?;
                signature::unusual(child, issuer).filter(|_| !known(child, issuer))
            }
            _ => None,
        };
        let found: Vec<_> = self.links.iter().map(unusual).collect();
        if found.iter().all(Option::is_none) {
            return None;
        }
        let mut out = self.clone();
        for (link, why) in out.links.iter_mut().zip(found) {
            if let Some(why) = why {
                link.signature = SignatureCheck::CannotCheck(why);
            }
        }
        Some(out)
    }

    /// The node of this certificate.
    pub fn find(&self, sha256: &[u8; 32]) -> Option<NodeId> {
        self.iter()
            .find(|(_, n)| n.certificate.as_ref().is_some_and(|c| c.sha256 == *sha256))
            .map(|(id, _)| id)
    }

    /// Possible issuers of a node.
    pub fn issuers(&self, child: NodeId) -> impl Iterator<Item = &Link> {
        let range = self.links_of.get(&child).cloned().unwrap_or(0..0);
        self.links.get(range).unwrap_or_default().iter()
    }

    /// The link from `child` to `issuer`, if there is one.
    pub fn link(&self, child: NodeId, issuer: NodeId) -> Option<&Link> {
        self.issuers(child).find(|l| l.issuer == issuer)
    }

    /// The node signed itself (its own key verifies its signature).
    pub fn is_self_signed(&self, id: NodeId) -> bool {
        self.link(id, id)
            .is_some_and(|l| l.signature != SignatureCheck::Bad)
    }

    /// Ids and nodes in order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, n)| (NodeId(i), n))
    }
}

impl Node {
    /// The name for lists, safe to display; ghosts are called by the name their child gives.
    pub fn title(&self) -> String {
        match (&self.certificate, &self.ghost) {
            (Some(c), _) => c.short_name(),
            (None, Some(g)) => g.name.short().unwrap_or_else(|| "(no name)".to_owned()),
            (None, None) => "(nothing)".to_owned(),
        }
    }

    /// The server sent it, or is taken to have sent it.
    pub fn is_sent(&self) -> bool {
        matches!(self.origin, Origin::Sent(_) | Origin::Assumed)
    }

    /// It was fetched.
    pub fn is_fetched(&self) -> bool {
        matches!(self.origin, Origin::Fetched(_))
    }

    /// It is missing.
    pub fn is_ghost(&self) -> bool {
        self.certificate.is_none()
    }
}
