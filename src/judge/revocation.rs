//! Revocation by lists that were given (RFC 5280, section 6.3). Nothing is fetched.
//!
//! A certificate whose issuer gave no list stays unknown, which stands against nothing; a list that
//! its issuer did give must be usable.

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
            match status(input, *child, *issuer) {
                Status::Bad(kind) => Some(Reason::on(*child, kind)),
                Status::NoList | Status::Good => None,
            }
        })
        .collect()
}

/// What the lists say about `child`, issued by `issuer`.
pub(super) fn status(input: &Input<'_>, child: NodeId, issuer: NodeId) -> Status {
    let question = input.question;
    if question.crls.is_empty() {
        return Status::NoList;
    }
    let (Some(certificate), Some(signer)) = (
        input.chain.certificate(child),
        input.chain.certificate(issuer),
    ) else {
        return Status::NoList;
    };
    let mut status = Status::NoList;
    let lists = question.crls.iter();
    for list in lists.filter(|l| l.issuer.matches(&certificate.issuer)) {
        if !list.covers(certificate) {
            continue;
        }
        if let Err(kind) = usable(list, signer, question.at) {
            if status == Status::NoList {
                status = Status::Bad(kind);
            }
            continue;
        }
        match list.entry(&certificate.serial) {
            Some(entry) => {
                return Status::Bad(ReasonKind::Revoked {
                    at: Some(entry.at),
                    why: entry.why.clone(),
                });
            }
            // A usable list makes up for an unusable one.
            None => status = Status::Good,
        }
    }
    status
}

fn usable(list: &Crl, signer: &Certificate, at: Moment) -> Result<(), ReasonKind> {
    let unknown = |why: &str| Err(ReasonKind::RevocationUnknown(why.to_owned()));
    if let Some(why) = &list.unusable {
        return unknown(why);
    }
    if signer
        .key_usage()
        .is_some_and(|usage| !usage.has(facts::CRL_SIGN))
    {
        return unknown("the list's issuer lacks the key usage cRLSign");
    }
    match verify(list.signed(), &list.algorithm, &list.signature, signer) {
        SignatureCheck::Verified => {}
        SignatureCheck::Bad => {
            return unknown("the list's signature does not match its issuer's key");
        }
        SignatureCheck::CannotCheck(_) | SignatureCheck::NotChecked => {
            return unknown("the list's signature cannot be checked");
        }
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
