//! Revocation by lists that were given (RFC 5280, section 6.3). Nothing is fetched.
//!
//! Where lists are given, the leaf must be covered by one, as with OpenSSL's `-crl_check`; a CA that no
//! list speaks of stays unknown, which stands against nothing. A list that an issuer did give must be
//! usable.

use std::sync::Arc;

use super::points::{self, ALL_REASONS};
use super::policy::Stapled;
use super::{Crl, Input, ListFault, Reason, ReasonKind, Says, Staple, facts};
use crate::cert::{Certificate, Name};
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

/// What the lists, and the answer that the server staples, say against a path that ends at its last
/// certificate.
pub(super) fn reasons(input: &Input<'_>, nodes: &[NodeId]) -> Vec<Reason> {
    let given = !input.question.crls.is_empty();
    let mut reasons: Vec<Reason> = stapled(input).into_iter().collect();
    let listed = nodes.windows(2).enumerate().filter_map(|(depth, pair)| {
        let [child, issuer] = pair else { return None };
        match status(input, nodes, *child, *issuer) {
            Status::Bad(kind) => Some(Reason::on(*child, kind)),
            Status::NoList if given && depth == 0 => Some(Reason::on(*child, no_list())),
            Status::NoList | Status::Good => None,
        }
    });
    for reason in listed {
        // Two sources may say the same thing.
        let same = |r: &Reason| r.node == reason.node && r.kind.id() == reason.kind.id();
        if !reasons.iter().any(same) {
            reasons.push(reason);
        }
    }
    reasons
}

/// The answer that the server staples says, and may be believed, that the leaf is revoked.
fn stapled(input: &Input<'_>) -> Option<Reason> {
    let only_in_force = match input.policy.stapled {
        Stapled::Revoked | Stapled::Judged => false,
        Stapled::RevokedInForce => true,
        Stapled::Ignored | Stapled::NotGood | Stapled::Unpredicted => return None,
    };
    let response = input.facts.stapled.as_ref()?;
    let at = input.question.at;
    let staple = Staple::of(input.chain, response, at)?;
    if only_in_force && !is_in_force(&staple, input.chain.certificate(input.chain.leaf?)?, at) {
        return None;
    }
    match staple.says {
        Says::Revoked { at, why } => Some(Reason::on(
            input.chain.leaf?,
            ReasonKind::Revoked {
                at,
                why: why.to_owned(),
            },
        )),
        _ => None,
    }
}

/// The answer counts at this moment, and was given while the certificate was valid: `CheckOCSP` of Chromium's
/// `bssl/pki/ocsp.cc`. How long ago that was does not matter (measured with Chromium 156).
fn is_in_force(staple: &Staple, leaf: &Certificate, at: Moment) -> bool {
    let Some((this_update, next_update)) = staple.updates else {
        return false;
    };
    let basic = staple.response.basic.as_ref();
    let given = basic.and_then(|basic| basic.produced_at);
    let is_of_leaf = |given: Moment| {
        leaf.not_before.is_some_and(|from| from <= given)
            && leaf.not_after.is_some_and(|until| given <= until)
    };
    this_update <= at && next_update.is_none_or(|next| at < next) && given.is_some_and(is_of_leaf)
}

/// What stands against a certificate that no list covers, where one must.
pub(super) fn no_list() -> ReasonKind {
    ReasonKind::RevocationUnknown(ListFault::NoneCovers)
}

/// What the lists say about `child`, issued by `issuer`.
pub(super) fn status(input: &Input<'_>, path: &[NodeId], child: NodeId, issuer: NodeId) -> Status {
    if input.question.crls.is_empty() {
        return Status::NoList;
    }
    let (Some(certificate), Some(above)) = (
        input.chain.certificate(child),
        input.chain.certificate(issuer),
    ) else {
        return Status::NoList;
    };
    let lists = Lists {
        input,
        path,
        certificate,
    };
    lists.status(above, true)
}

/// The lists of one question about one certificate.
struct Lists<'a> {
    input: &'a Input<'a>,
    path: &'a [NodeId],
    certificate: &'a Certificate,
}

impl<'a> Lists<'a> {
    /// Section 6.3.3. `others`: lists may be signed by another key than the issuer's.
    fn status(&self, issuer: &Arc<Certificate>, others: bool) -> Status {
        let (certificate, at) = (self.certificate, self.input.question.at);
        let points = points::of(certificate);
        let mut fault = None;
        let mut told = 0;
        let mut of_issuer: Option<Vec<&Arc<Certificate>>> = None;
        for list in &self.input.question.crls {
            let own = list.issuer.matches(&certificate.issuer);
            let points: Vec<_> = points
                .iter()
                .filter(|p| list.covers(certificate, p))
                .collect();
            if !own && points.is_empty() {
                continue;
            }
            let answer = if own {
                let signers = of_issuer
                    .get_or_insert_with(|| self.signers(issuer, &list.issuer, others))
                    .iter();
                let mut answers = std::iter::once(authentic(list, issuer))
                    .chain(signers.map(|s| authentic(list, s)));
                let first = answers.next().unwrap_or(Ok(()));
                match first.is_ok() || answers.any(|a| a.is_ok()) {
                    true => Ok(()),
                    false => first,
                }
            } else {
                let signers = self.signers(issuer, &list.issuer, others);
                match signers.iter().any(|s| authentic(list, s).is_ok()) {
                    true => Ok(()),
                    false => other("no certificate of the list's issuer vouches for it"),
                }
            };
            let entry = list.entry(certificate);
            // A serial number that its issuer calls revoked is revoked, wherever the issuer says so.
            if let (Ok(()), Some(entry)) = (&answer, entry)
                && !self.taken_off(list, issuer)
            {
                return Status::Bad(ReasonKind::Revoked {
                    at: Some(entry.at),
                    why: entry.why.clone(),
                });
            }
            if points.is_empty() || list.delta.is_some() {
                continue;
            }
            match answer.and_then(|()| usable(list, at)) {
                Ok(()) => {
                    told |= points
                        .iter()
                        .fold(0, |told, point| told | (point.reasons & list.reasons));
                }
                Err(kind) => fault = fault.or(Some(kind)),
            }
        }
        // Usable lists make up for an unusable one.
        match fault {
            _ if told == ALL_REASONS => Status::Good,
            Some(kind) => Status::Bad(kind),
            None => Status::NoList,
        }
    }

    /// A usable delta takes the certificate off this list.
    fn taken_off(&self, list: &Crl, issuer: &Certificate) -> bool {
        let at = self.input.question.at;
        self.input.question.crls.iter().any(|delta| {
            delta.changes(list)
                && delta.removes(self.certificate)
                && authentic(delta, issuer).is_ok()
                && usable(delta, at).is_ok()
        })
    }

    /// Whose signature a list of this issuer may carry, beside that of the certificate's own issuer:
    /// certificates of the list issuer's name that a certificate of the path vouches for (section
    /// 6.3.3 (f); a CA may sign its lists with another key than its certificates, or have another
    /// issue them) and that are not revoked themselves.
    fn signers(
        &self,
        issuer: &Certificate,
        name: &Name,
        others: bool,
    ) -> Vec<&'a Arc<Certificate>> {
        let chain = self.input.chain;
        if !others {
            return Vec::new();
        }
        let above: Vec<&Arc<Certificate>> = self
            .path
            .iter()
            .skip(1)
            .filter_map(|&id| chain.certificate(id))
            .collect();
        chain
            .iter()
            .filter_map(|(_, n)| n.certificate.as_ref())
            .filter(|c| c.sha256 != issuer.sha256 && c.subject.matches(name))
            .filter(|c| facts::dates(c, self.input.question.at).is_none())
            .take(MOST_SIGNERS)
            .filter(|c| self.vouched(c, &above))
            .collect()
    }

    /// One of these issued it, and no list calls it revoked.
    fn vouched(&self, signer: &Arc<Certificate>, above: &[&Arc<Certificate>]) -> bool {
        let on_path = above.iter().any(|c| c.sha256 == signer.sha256);
        let issuer = above.iter().find(|c| {
            c.subject.matches(&signer.issuer)
                && matches!(
                    verify(
                        signer.der.get(signer.tbs.clone()).unwrap_or_default(),
                        &signer.signature_algorithm,
                        &signer.signature,
                        c,
                    ),
                    SignatureCheck::Verified
                )
        });
        let Some(issuer) = issuer else {
            return on_path;
        };
        let lists = Lists {
            certificate: signer,
            ..*self
        };
        on_path
            || !matches!(
                lists.status(issuer, false),
                Status::Bad(ReasonKind::Revoked { .. })
            )
    }
}

/// Certificates of one name that are tried as signers of a list.
const MOST_SIGNERS: usize = 8;

fn unknown(fault: ListFault) -> Result<(), ReasonKind> {
    Err(ReasonKind::RevocationUnknown(fault))
}

fn other(why: &str) -> Result<(), ReasonKind> {
    unknown(ListFault::Other(why.to_owned()))
}

/// The list is the signer's.
fn authentic(list: &Crl, signer: &Certificate) -> Result<(), ReasonKind> {
    if signer
        .key_usage()
        .is_some_and(|usage| !usage.has(facts::CRL_SIGN))
    {
        return unknown(ListFault::NoCrlSign);
    }
    match verify(list.signed(), &list.algorithm, &list.signature, signer) {
        SignatureCheck::Verified => Ok(()),
        SignatureCheck::Bad => unknown(ListFault::BadSignature),
        SignatureCheck::CannotCheck(_) | SignatureCheck::NotChecked => {
            other("the list's signature cannot be checked")
        }
    }
}

/// Not to be on the list means something at this moment.
fn usable(list: &Crl, at: Moment) -> Result<(), ReasonKind> {
    if let Some(why) = &list.unusable {
        return other(why);
    }
    if list.this_update > at {
        return unknown(ListFault::NotYetValid);
    }
    match list.next_update {
        Some(next_update) if next_update < at => Err(ReasonKind::CrlExpired { next_update }),
        Some(_) => Ok(()),
        None => other("the list does not say when the next one is due"),
    }
}
