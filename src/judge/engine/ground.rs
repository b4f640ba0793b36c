//! What the engines stand on: the certificates of one question, who is trusted, and which of them
//! could have issued which. Nothing here decides; an implementation's own rules are in its own file.

use super::Input;
use crate::cert::extension::constraint_fault::{EMPTY_LIST, MAXIMUM, MINIMUM, MINIMUM_ZERO};
use crate::cert::{Certificate, ExtensionValue, GeneralName, KeyFault, KeyKind, Name};
use crate::chain::{Link, NameMatch, Node, NodeId, SignatureCheck};
use crate::judge::{ConstraintFault, Reason, ReasonKind};
use crate::moment::Moment;

/// One question's certificates.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) input: &'a Input<'a>,
}

impl<'a> Ground<'a> {
    pub(super) fn of(input: &'a Input<'a>) -> Self {
        Self { input }
    }

    pub(super) fn certificate(self, id: NodeId) -> Option<&'a Certificate> {
        self.input.chain.certificate(id).map(AsRef::as_ref)
    }

    pub(super) fn is_anchor(self, id: NodeId) -> bool {
        self.input.anchors.holds(id)
    }

    /// What came with the leaf, in order, without the leaf.
    pub(super) fn sent(self) -> Vec<NodeId> {
        let leaf = self.input.chain.leaf;
        self.input
            .chain
            .iter()
            .filter(|&(id, n)| n.is_sent() && Some(id) != leaf)
            .map(|(id, _)| id)
            .collect()
    }

    /// The server sent it.
    pub(super) fn is_sent(self, id: NodeId) -> bool {
        let node = self.input.chain.node(id);
        node.is_some_and(Node::is_sent)
    }

    /// Links to certificates whose subject is the issuer of `child`, in the order of the nodes: sent
    /// ones as they were sent, then anchors as the store has them.
    pub(super) fn issuers(self, child: NodeId) -> Vec<&'a Link> {
        let mut links: Vec<&Link> = self
            .input
            .chain
            .issuers(child)
            .filter(|l| self.input.chain.certificate(l.issuer).is_some())
            .collect();
        links.sort_by_key(|l| l.issuer);
        links
    }

    /// The same, for implementations that compare names byte by byte.
    pub(super) fn issuers_by_bytes(self, child: NodeId) -> Vec<&'a Link> {
        let mut links = self.issuers(child);
        links.retain(|l| l.name == NameMatch::Same);
        links
    }

    fn signed_itself(self, id: NodeId) -> bool {
        let own = self.input.chain.link(id, id);
        own.is_some_and(|l| l.signature == SignatureCheck::Verified)
    }

    fn same_key(self, one: NodeId, other: NodeId) -> bool {
        let key = |id| self.certificate(id).and_then(|c| c.spki_sha256);
        key(one).is_some() && key(one) == key(other)
    }

    /// What stands against the signature of `child` by `issuer`.
    pub(super) fn signature(self, child: NodeId, issuer: NodeId) -> Result<(), ReasonKind> {
        match self.input.chain.link(child, issuer).map(|l| &l.signature) {
            Some(SignatureCheck::Verified) => Ok(()),
            Some(SignatureCheck::Bad) => Err(ReasonKind::BadSignature),
            Some(SignatureCheck::CannotCheck(why)) => {
                Err(ReasonKind::UncheckedSignature(why.clone()))
            }
            Some(SignatureCheck::NotChecked) => Err(ReasonKind::BudgetSpent),
            // The graph holds no other issuer of a certificate that signed itself.
            None if self.signed_itself(child) => match self.same_key(child, issuer) {
                true => Ok(()),
                false => Err(ReasonKind::BadSignature),
            },
            None => Err(ReasonKind::BudgetSpent),
        }
    }

    /// The kind of a path that ends at `top` without an anchor.
    pub(super) fn unanchored(self, path: &[NodeId]) -> Reason {
        let Some(&top) = path.last() else {
            return Reason::no_certificate();
        };
        let self_signed = self
            .certificate(top)
            .is_some_and(Certificate::is_self_issued);
        let kind = match (self_signed, path.len()) {
            (true, 1) => ReasonKind::SelfSignedLeaf,
            (true, _) => ReasonKind::UnknownRoot,
            (false, _) => ReasonKind::MissingIssuer,
        };
        Reason::on(top, kind)
    }
}

/// Both names are the same bytes; what Go, GnuTLS and webpki compare.
pub(super) fn same_bytes(one: &Name, other: &Name) -> bool {
    one.der == other.der
}

/// The authority key identifier of `child` does not speak against `issuer`: key identifiers, and issuer
/// and serial number, agree where both sides have them.
pub(super) fn fits_key_id(issuer: &Certificate, child: &Certificate) -> bool {
    let found = child.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::AuthorityKeyId {
            key_id,
            issuer,
            serial,
        } => Some((key_id, issuer, serial)),
        _ => None,
    });
    let Some((key_id, names, serial)) = found else {
        return true;
    };
    if let (Some(wanted), Some(own)) = (key_id, issuer.subject_key_id())
        && wanted != own
    {
        return false;
    }
    if let Some(serial) = serial
        && !same_number(serial, &issuer.serial)
    {
        return false;
    }
    let directory = names.iter().find_map(|n| match n {
        GeneralName::Directory(name) => Some(name),
        _ => None,
    });
    directory.is_none_or(|name| name.matches(&issuer.issuer))
}

/// Equal as INTEGERs: leading zeros do not count.
fn same_number(one: &[u8], other: &[u8]) -> bool {
    let bare = |n: &'_ [u8]| {
        let zeros = n.iter().take_while(|b| **b == 0).count();
        n.get(zeros..).unwrap_or_default().to_vec()
    };
    bare(one) == bare(other)
}

/// A name constraint has a maximum, or a minimum that says something: hardly anybody supports either.
pub(super) fn is_bounded(issuer: &Certificate) -> bool {
    constraint_faults(issuer).any(|f| [MAXIMUM, MINIMUM].contains(&f))
}

/// A name constraint spells out a minimum or a maximum, also the minimum that is meant anyway.
pub(super) fn spells_bounds(issuer: &Certificate) -> bool {
    constraint_faults(issuer).any(|f| [MAXIMUM, MINIMUM, MINIMUM_ZERO].contains(&f))
}

/// A name constraint that strict readers do not read: with bounds, or with no name in it.
pub(super) fn has_odd_constraints(issuer: &Certificate) -> bool {
    let nothing = issuer.extensions.iter().any(|e| match &e.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => permitted.is_empty() && excluded.is_empty(),
        _ => false,
    });
    nothing || spells_bounds(issuer) || constraint_faults(issuer).any(|f| f == EMPTY_LIST)
}

fn constraint_faults(issuer: &Certificate) -> impl Iterator<Item = &'static str> {
    let all = issuer.extensions.iter();
    all.filter(|e| matches!(e.value, ExtensionValue::NameConstraints { .. }))
        .flat_map(|e| e.faults.iter().copied())
}

/// The key is on one of the three curves that everybody knows, or on none.
pub(super) fn has_common_curve(certificate: &Certificate) -> bool {
    match &certificate.key.kind {
        KeyKind::Ec { curve } => matches!(curve.as_str(), "P-256" | "P-384" | "P-521"),
        _ => true,
    }
}

/// An Ed25519 or Ed448 key, which browsers do not take in CAs.
pub(super) fn is_edwards(certificate: &Certificate) -> bool {
    matches!(certificate.key.kind, KeyKind::Ed25519 | KeyKind::Ed448)
}

/// The reason against a key on another curve.
pub(super) fn other_curve() -> ReasonKind {
    ReasonKind::BadKey("it is on a curve that this client does not know".to_owned())
}

/// [`is_bounded`] as a reason against the certificates below.
pub(super) fn bounded(issuer: &Certificate) -> Option<ReasonKind> {
    is_bounded(issuer).then(bounds)
}

/// The reason against what stands below a constraint with bounds.
pub(super) fn bounds() -> ReasonKind {
    ReasonKind::NameConstraint {
        name: "any name".to_owned(),
        fault: ConstraintFault::Bounds,
        detail: "its constraint has a minimum or maximum".to_owned(),
    }
}

/// What stands against the dates when both ends belong to the validity, as most have it.
pub(super) fn dates(certificate: &Certificate, at: Moment) -> Option<ReasonKind> {
    let (Some(not_before), Some(not_after)) = (certificate.not_before, certificate.not_after)
    else {
        return Some(ReasonKind::NoValidity);
    };
    if at < not_before {
        Some(ReasonKind::NotYetValid { not_before })
    } else if at > not_after {
        Some(ReasonKind::Expired { not_after })
    } else {
        None
    }
}

/// Which kind of key an algorithm's signatures are made with: the families that OpenSSL tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Rsa,
    RsaPss,
    Ec,
    Ed25519,
    Ed448,
    Dsa,
    MlDsa,
}

impl Family {
    /// Of the signature on this certificate; `None` for algorithms that nobody knows.
    pub(super) fn of_signature(certificate: &Certificate) -> Option<Self> {
        let oid = certificate.signature_algorithm.oid.as_str();
        Some(match oid {
            "1.2.840.113549.1.1.10" => Self::RsaPss,
            "1.3.101.112" => Self::Ed25519,
            "1.3.101.113" => Self::Ed448,
            "1.2.840.10040.4.3" => Self::Dsa,
            "2.16.840.1.101.3.4.3.17" | "2.16.840.1.101.3.4.3.18" | "2.16.840.1.101.3.4.3.19" => {
                Self::MlDsa
            }
            _ if oid.starts_with("1.2.840.113549.1.1.") => Self::Rsa,
            _ if oid.starts_with("1.2.840.10045.4.") => Self::Ec,
            // SM2 with SM3: OpenSSL holds such keys as keys on a curve.
            "1.2.156.10197.1.501" => Self::Ec,
            _ if oid.starts_with("2.16.840.1.101.3.4.3.") => Self::Dsa,
            _ => return None,
        })
    }

    /// Of the certificate's own key; `None` when it could not be read.
    pub(super) fn of_key(certificate: &Certificate) -> Option<Self> {
        // The sign of RSA's numbers is not looked at.
        let broken = [KeyFault::NoPoint, KeyFault::Empty, KeyFault::Unreadable];
        if certificate.key.faults.iter().any(|f| broken.contains(f)) {
            return None;
        }
        Some(match &certificate.key.kind {
            KeyKind::Rsa { .. } => Self::Rsa,
            KeyKind::RsaPss { .. } => Self::RsaPss,
            KeyKind::Ec { .. } => Self::Ec,
            KeyKind::Ed25519 => Self::Ed25519,
            KeyKind::Ed448 => Self::Ed448,
            KeyKind::Dsa => Self::Dsa,
            KeyKind::MlDsa { .. } => Self::MlDsa,
            KeyKind::Unknown => return None,
        })
    }
}
