//! Revocation of the leaf by the lists that were given, as OpenSSL looks for them with `-crl_check`: the list
//! that scores best is taken, again and again until all reasons of revocation are told. Indirect lists, lists
//! for some reasons only and lists that change others need support that no program turns on: they count for
//! nothing. After `check_cert`, `get_crl_score` and `check_crl` of `crypto/x509/x509_vfy.c`, OpenSSL 3.0; all
//! of NIST's PKITS was compared, texts too.

use crate::cert::Certificate;
use crate::chain::{NodeId, SignatureCheck, verify};
use crate::judge::points::{self, ALL_REASONS};
use crate::judge::{Crl, Input, ListFault, ReasonKind, facts};
use crate::moment::Moment;

/// The score of one list, as OpenSSL's `CRL_SCORE_`; more is better.
mod score {
    pub(super) const NO_CRITICAL: u32 = 0x100;
    pub(super) const SCOPE: u32 = 0x80;
    pub(super) const TIME: u32 = 0x40;
    pub(super) const ISSUER_NAME: u32 = 0x20;
    /// The issuer of the certificate signs the list.
    pub(super) const ISSUER_CERTIFICATE: u32 = 0x18;
    /// Another certificate of the path does.
    pub(super) const SAME_PATH: u32 = 0x08;
    pub(super) const KEY_ID: u32 = 0x04;
}

/// A list that may do.
struct Candidate<'a> {
    list: &'a Crl,
    score: u32,
    /// Reasons of revocation that are told with it.
    told: u16,
    signer: &'a Certificate,
}

/// What the lists say against the first certificate of the path.
pub(super) fn refusal(input: &Input<'_>, path: &[NodeId]) -> Option<ReasonKind> {
    let certificates: Vec<&Certificate> = path
        .iter()
        .filter_map(|&id| input.chain.certificate(id))
        .map(AsRef::as_ref)
        .collect();
    let leaf = *certificates.first()?;
    let unknown = |fault| Some(ReasonKind::RevocationUnknown(fault));
    let mut told = 0;
    while told != ALL_REASONS {
        let Some(found) = best(input, &certificates, told) else {
            return unknown(ListFault::NoneCovers);
        };
        if let Some(kind) = against(&found, input.question.at) {
            return Some(kind);
        }
        if found.list.critical {
            return unknown(ListFault::Critical);
        }
        if let Some(entry) = found.list.entry(leaf) {
            return Some(ReasonKind::Revoked {
                at: Some(entry.at),
                why: entry.why.clone(),
            });
        }
        if found.told == told {
            return unknown(ListFault::NoneCovers);
        }
        told = found.told;
    }
    None
}

/// The list with the best score, of equals the newest.
fn best<'a>(input: &'a Input<'_>, path: &[&'a Certificate], told: u16) -> Option<Candidate<'a>> {
    let mut best: Option<Candidate<'a>> = None;
    for list in &input.question.crls {
        let Some(next) = candidate(list, path, told, input.question.at) else {
            continue;
        };
        let better = best.as_ref().is_none_or(|b| {
            next.score > b.score
                || next.score == b.score && next.list.this_update > b.list.this_update
        });
        if better {
            best = Some(next);
        }
    }
    best
}

fn candidate<'a>(
    list: &'a Crl,
    path: &[&'a Certificate],
    told: u16,
    at: Moment,
) -> Option<Candidate<'a>> {
    let certificate = path.first()?;
    let unsupported = list.indirect || list.reasons != ALL_REASONS || list.delta.is_some();
    if unsupported || !list.issuer.matches(&certificate.issuer) {
        return None;
    }
    let mut score = score::ISSUER_NAME;
    if !list.critical {
        score |= score::NO_CRITICAL;
    }
    if late_or_early(list, at).is_none() {
        score |= score::TIME;
    }
    let issuer = path.get(1).or(path.first())?;
    let signer = if list.key.fits(issuer) {
        score |= score::KEY_ID | score::ISSUER_CERTIFICATE;
        issuer
    } else {
        score |= score::KEY_ID | score::SAME_PATH;
        let mut above = path.iter().skip(2);
        above.find(|c| c.subject.matches(&list.issuer) && list.key.fits(c))?
    };
    let mut all = told;
    if let Some(reasons) = scope(list, certificate) {
        if reasons & !told == 0 {
            return None;
        }
        all |= reasons;
        score |= score::SCOPE;
    }
    Some(Candidate {
        list,
        score,
        told: all,
        signer,
    })
}

/// The reasons that a list of the certificate's issuer tells of it, if it speaks of it.
fn scope(list: &Crl, certificate: &Certificate) -> Option<u16> {
    if !list.covers_kind(certificate) {
        return None;
    }
    let points = points::written(certificate);
    let point = points.iter().find(|point| {
        let issued =
            point.issuers.is_empty() || point.issuers.iter().any(|n| list.issuer.matches(n));
        issued && (!point.named || list.has_no_point() || list.is_at(point))
    });
    match point {
        Some(point) => Some(point.reasons),
        None => list.has_no_point().then_some(ALL_REASONS),
    }
}

/// What stands against the list itself.
fn against(found: &Candidate<'_>, at: Moment) -> Option<ReasonKind> {
    let (list, signer) = (found.list, found.signer);
    let unknown = |fault| Some(ReasonKind::RevocationUnknown(fault));
    if signer
        .key_usage()
        .is_some_and(|usage| !usage.has(facts::CRL_SIGN))
    {
        return unknown(ListFault::NoCrlSign);
    }
    if found.score & score::SCOPE == 0 {
        return unknown(ListFault::OtherScope);
    }
    if let Some(kind) = late_or_early(list, at) {
        return Some(kind);
    }
    match verify(list.signed(), &list.algorithm, &list.signature, signer) {
        SignatureCheck::Verified => None,
        _ => unknown(ListFault::BadSignature),
    }
}

/// OpenSSL counts the last second as over; a list need not say when the next is due.
fn late_or_early(list: &Crl, at: Moment) -> Option<ReasonKind> {
    if list.this_update > at {
        return Some(ReasonKind::RevocationUnknown(ListFault::NotYetValid));
    }
    list.next_update
        .filter(|&next_update| next_update <= at)
        .map(|next_update| ReasonKind::CrlExpired { next_update })
}
