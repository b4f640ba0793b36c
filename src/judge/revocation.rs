//! Revocation by lists that were given (RFC 5280, section 6.3). Nothing is fetched.
//!
//! A certificate whose issuer gave no list stays unknown, which stands against nothing; a list that
//! its issuer did give must be usable.

use std::sync::Arc;

use super::{Crl, Input, Reason, ReasonKind, facts};
use crate::cert::Certificate;
use crate::chain::{NodeId, SignatureCheck, verify};
use crate::moment::Moment;

/// What the lists say about one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// No list covers it.
    NoList,
    /// A usable list covers it and does not name it.
    Good,
    /// It does not pass: revoked, or its issuer's list is unusable or out of date.
    Bad(ReasonKind),
}

/// What the lists say against a path that ends at its last certificate.
pub(super) fn reasons(input: &Input<'_>, nodes: &[NodeId]) -> Vec<Reason> {
    nodes
        .windows(2)
        .filter_map(|pair| {
            let [child, issuer] = pair else { return None };
            match status(input, nodes, *child, *issuer) {
                Status::Bad(kind) => Some(Reason::on(*child, kind)),
                Status::NoList | Status::Good => None,
            }
        })
        .collect()
}

/// What the lists say about `child`, issued by `issuer`.
pub(super) fn status(input: &Input<'_>, path: &[NodeId], child: NodeId, issuer: NodeId) -> Status {
    let question = input.question;
    if question.crls.is_empty() {
        return Status::NoList;
    }
    let Some(certificate) = input.chain.certificate(child) else {
        return Status::NoList;
    };
    let signers = signers(input, path, issuer);
    let mut status = Status::NoList;
    let lists = question.crls.iter();
    for list in lists.filter(|l| l.issuer.matches(&certificate.issuer)) {
        let mut answers = signers.iter().map(|s| authentic(list, s));
        let first = answers.next().unwrap_or(Ok(()));
        let authentic = first.is_ok() || answers.any(|a| a.is_ok());
        // A serial number that its issuer calls revoked is revoked, wherever the issuer says so.
        if let (true, Some(entry)) = (authentic, list.entry(&certificate.serial)) {
            return Status::Bad(ReasonKind::Revoked {
                at: Some(entry.at),
                why: entry.why.clone(),
            });
        }
        if !list.covers(certificate) {
            continue;
        }
        let answer = match authentic {
            true => usable(list, question.at),
            false => first,
        };
        match answer {
            Err(kind) if status == Status::NoList => status = Status::Bad(kind),
            Err(_) => {}
            // A usable list makes up for an unusable one.
            Ok(()) if !list.partial => status = Status::Good,
            Ok(()) => {}
        }
    }
    status
}

/// Whose signature a list may carry: the issuer's, or that of another certificate of the same name
/// that a certificate of the path vouches for (section 6.3.3 (f); a CA may sign its lists with
/// another key than its certificates).
fn signers<'a>(input: &Input<'a>, path: &[NodeId], issuer: NodeId) -> Vec<&'a Arc<Certificate>> {
    let chain = input.chain;
    let Some(own) = chain.certificate(issuer) else {
        return Vec::new();
    };
    let above: Vec<NodeId> = path
        .iter()
        .copied()
        .skip_while(|&id| id != issuer)
        .collect();
    let vouched = |id: NodeId| {
        chain
            .issuers(id)
            .any(|l| l.signature == SignatureCheck::Verified && above.contains(&l.issuer))
    };
    let others = chain
        .iter()
        .filter(|&(id, _)| id != issuer)
        .filter_map(|(id, n)| Some((id, n.certificate.as_ref()?)))
        .filter(|(id, c)| c.subject.matches(&own.subject) && vouched(*id))
        .filter(|(_, c)| facts::dates(c, input.question.at).is_none())
        .map(|(_, c)| c);
    std::iter::once(own).chain(others.take(8)).collect()
}

/// The list is the signer's.
fn authentic(list: &Crl, signer: &Certificate) -> Result<(), ReasonKind> {
    let unknown = |why: &str| Err(ReasonKind::RevocationUnknown(why.to_owned()));
    if signer
        .key_usage()
        .is_some_and(|usage| !usage.has(facts::CRL_SIGN))
    {
        return unknown("the list's issuer lacks the key usage cRLSign");
    }
    match verify(list.signed(), &list.algorithm, &list.signature, signer) {
        SignatureCheck::Verified => Ok(()),
        SignatureCheck::Bad => unknown("the list's signature does not match its issuer's key"),
        SignatureCheck::CannotCheck(_) | SignatureCheck::NotChecked => {
            unknown("the list's signature cannot be checked")
        }
    }
}

/// Not to be on the list means something at this moment.
fn usable(list: &Crl, at: Moment) -> Result<(), ReasonKind> {
    let unknown = |why: &str| Err(ReasonKind::RevocationUnknown(why.to_owned()));
    if let Some(why) = &list.unusable {
        return unknown(why);
    }
    if list.this_update > at {
        return unknown("the list is of a later time");
    }
    match list.next_update {
        Some(next_update) if next_update < at => Err(ReasonKind::CrlExpired { next_update }),
        Some(_) => Ok(()),
        None => unknown("the list does not say when the next one is due"),
    }
}
