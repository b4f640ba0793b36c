//! What a stapled OCSP answer says of the leaf, by the rules of RFC 6960. Nothing is fetched.
//!
//! What single clients make of an answer, and in which order they look, is in their engines; who may
//! answer and whether the signature holds is found here for all of them.

use std::sync::Arc;

use aws_lc_rs::digest::{self, Algorithm};

use super::facts;
use crate::cert::extension::KeyUsage;
use crate::cert::ocsp::{
    BasicResponse, CertId, CertStatus, OcspResponse, ResponderId, ResponseStatus, SingleResponse,
};
use crate::cert::{Certificate, oid};
use crate::chain::{Chain, SignatureCheck, key_octets, verify};
use crate::moment::{DAY, Moment};

/// A stapled answer and what it comes to.
#[derive(Clone, Debug)]
pub struct Staple {
    /// The answer.
    pub response: Arc<OcspResponse>,
    /// What it says of the leaf, so far as it may be believed.
    pub says: Says,
    /// The moments of what it says of the leaf, when it speaks of it.
    pub updates: Option<(Moment, Option<Moment>)>,
}

/// What may be believed of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// Not revoked.
    Good,
    /// Revoked: since when, and why (empty when no reason is given).
    Revoked {
        /// Since when.
        at: Option<Moment>,
        /// Why, in words.
        why: &'static str,
    },
    /// Nothing, because of this.
    Nothing(StapleFault),
}

/// Why an answer says nothing of the leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StapleFault {
    /// It cannot be read: why, as the end of a sentence about it.
    Malformed(&'static str),
    /// The responder gave no answer but this.
    Refused(ResponseStatus),
    /// It is for another certificate.
    OtherCertificate,
    /// The responder does not know the certificate.
    UnknownCertificate,
    /// Who signed it may not speak for the issuer: why, as the end of a sentence about it.
    NotAllowed(&'static str),
    /// Its signature does not hold.
    BadSignature,
    /// Its signature cannot be checked: why.
    Unchecked(String),
    /// It holds only from a later moment on.
    NotYetValid {
        /// From when on.
        this_update: Moment,
    },
    /// It is out of date.
    Expired {
        /// The last moment for which it held.
        until: Moment,
    },
}

/// An answer that does not say when the next is due counts as long as the longest that public CAs
/// may give (Baseline Requirements of the CA/Browser Forum, section 4.9.10).
const LONGEST: i64 = 10 * DAY;

impl Staple {
    /// What this answer says of the chain's leaf at this moment; `None` without a leaf.
    pub fn of(chain: &Chain, response: &Arc<OcspResponse>, at: Moment) -> Option<Self> {
        let id = chain.leaf?;
        let leaf = chain.certificate(id)?;
        let issuers = chain
            .issuers(id)
            .filter(|link| link.issuer != id && link.signature == SignatureCheck::Verified);
        let issuer = issuers
            .filter_map(|link| chain.certificate(link.issuer))
            .next();
        let about = response
            .basic
            .as_ref()
            .zip(issuer)
            .and_then(|(basic, issuer)| about(basic, leaf, issuer));
        Some(Self {
            response: response.clone(),
            says: says(response, leaf, issuer, at),
            updates: about.map(|single| (single.this_update, single.next_update)),
        })
    }
}

/// RFC 6960, section 3.2.
fn says(
    response: &OcspResponse,
    leaf: &Certificate,
    issuer: Option<&Arc<Certificate>>,
    at: Moment,
) -> Says {
    let basic = match read(response) {
        Ok(basic) => basic,
        Err(fault) => return Says::Nothing(fault),
    };
    let Some(issuer) = issuer else {
        let why = "the issuer of the certificate is not known";
        return Says::Nothing(StapleFault::Unchecked(why.to_owned()));
    };
    if let Err(fault) = authentic(response, basic, issuer, at) {
        return Says::Nothing(fault);
    }
    let Some(single) = about(basic, leaf, issuer) else {
        return Says::Nothing(StapleFault::OtherCertificate);
    };
    let until = single
        .next_update
        .unwrap_or_else(|| single.this_update.plus(LONGEST));
    match &single.status {
        // What was revoked stays revoked, also when the answer is old.
        CertStatus::Revoked { at, why } => Says::Revoked { at: *at, why },
        _ if single.this_update > at => Says::Nothing(StapleFault::NotYetValid {
            this_update: single.this_update,
        }),
        _ if until < at => Says::Nothing(StapleFault::Expired { until }),
        CertStatus::Unknown => Says::Nothing(StapleFault::UnknownCertificate),
        CertStatus::Good => Says::Good,
    }
}

/// What the responder says, if it says anything that can be read.
pub(super) fn read(response: &OcspResponse) -> Result<&BasicResponse, StapleFault> {
    if let Some(why) = response.fault {
        return Err(StapleFault::Malformed(why));
    }
    match (response.status, &response.basic) {
        (_, Some(basic)) if basic.critical_extension => Err(StapleFault::Malformed(
            "has an extension that is marked critical and not known",
        )),
        (_, Some(basic)) => Ok(basic),
        (Some(status), None) => Err(StapleFault::Refused(status)),
        (None, None) => Err(StapleFault::Malformed("could not be read")),
    }
}

/// What is said about this certificate. Of several answers, one that says revoked is the one.
pub(super) fn about<'a>(
    basic: &'a BasicResponse,
    certificate: &Certificate,
    issuer: &Certificate,
) -> Option<&'a SingleResponse> {
    let key = key_of(issuer)?;
    let fits = |id: &CertId| {
        is_name_and_number(id, certificate)
            && hash(id).is_some_and(|h| is_hash(h, key, &id.issuer_key))
    };
    let mut fitting = basic.singles.iter().filter(|single| fits(&single.id));
    let first = fitting.next()?;
    let revoked = |single: &&SingleResponse| matches!(single.status, CertStatus::Revoked { .. });
    match revoked(&first) {
        true => Some(first),
        false => fitting.find(revoked).or(Some(first)),
    }
}

/// The answer is about a certificate of this issuer's name and this number.
pub(super) fn is_name_and_number(id: &CertId, certificate: &Certificate) -> bool {
    id.serial == certificate.serial
        && hash(id).is_some_and(|h| is_hash(h, &certificate.issuer.der, &id.issuer_name))
}

/// The issuer itself signed the answer, or one that it allowed to (section 4.2.2.2).
pub(super) fn authentic(
    response: &OcspResponse,
    basic: &BasicResponse,
    issuer: &Arc<Certificate>,
    at: Moment,
) -> Result<(), StapleFault> {
    if is_responder(&basic.responder, issuer) {
        return signed_by(response, basic, issuer);
    }
    let mut fault = StapleFault::NotAllowed("is signed by somebody whose certificate is not there");
    for signer in &basic.certificates {
        if !is_responder(&basic.responder, signer) {
            continue;
        }
        match delegated(signer, issuer, at) {
            Ok(()) => return signed_by(response, basic, signer),
            Err(why) => fault = StapleFault::NotAllowed(why),
        }
    }
    Err(fault)
}

/// The signature is of this certificate's key.
pub(super) fn signed_by(
    response: &OcspResponse,
    basic: &BasicResponse,
    signer: &Certificate,
) -> Result<(), StapleFault> {
    let signed = response.signed();
    match verify(signed, &basic.signature_algorithm, &basic.signature, signer) {
        SignatureCheck::Verified => Ok(()),
        SignatureCheck::Bad => Err(StapleFault::BadSignature),
        SignatureCheck::CannotCheck(why) => Err(StapleFault::Unchecked(why)),
        SignatureCheck::NotChecked => Err(StapleFault::Unchecked("nobody did".to_owned())),
    }
}

/// The issuer allowed this certificate to sign answers, or why it did not.
fn delegated(signer: &Certificate, issuer: &Certificate, at: Moment) -> Result<(), &'static str> {
    if !may_answer(signer) {
        return Err("is signed by a certificate that may not sign OCSP answers");
    }
    if !is_issued_by(signer, issuer) {
        return Err("is signed by somebody whom the certificate's issuer did not appoint");
    }
    if facts::dates(signer, at).is_some() {
        return Err("is signed by a certificate that is not valid at this time");
    }
    if signer
        .key_usage()
        .is_some_and(|usage| !usage.has(KeyUsage::DIGITAL_SIGNATURE))
    {
        return Err("is signed by a key that may not sign");
    }
    Ok(())
}

/// Its extended key usage names OCSP answers; any usage at all is not enough.
pub(super) fn may_answer(signer: &Certificate) -> bool {
    signer
        .extended_key_usage()
        .is_some_and(|usages| usages.iter().any(|u| u.as_str() == oid::KP_OCSP_SIGNING))
}

/// The issuer's name and key signed this certificate.
pub(super) fn is_issued_by(signer: &Certificate, issuer: &Certificate) -> bool {
    let signed = signer.der.get(signer.tbs.clone()).unwrap_or_default();
    signer.issuer.matches(&issuer.subject)
        && verify(
            signed,
            &signer.signature_algorithm,
            &signer.signature,
            issuer,
        ) == SignatureCheck::Verified
}

/// The answer names this certificate as its signer.
fn is_responder(responder: &ResponderId, certificate: &Certificate) -> bool {
    match responder {
        ResponderId::Name(name) => name.matches(&certificate.subject),
        ResponderId::Key(id) => is_key(id, certificate),
    }
}

/// The SHA-1 of this certificate's key.
pub(super) fn is_key(id: &[u8], certificate: &Certificate) -> bool {
    let sha1 = &digest::SHA1_FOR_LEGACY_USE_ONLY;
    key_of(certificate).is_some_and(|key| is_hash(sha1, key, id))
}

fn key_of(certificate: &Certificate) -> Option<&[u8]> {
    key_octets(certificate.der.get(certificate.spki.clone())?)
}

fn is_hash(algorithm: &'static Algorithm, of: &[u8], hash: &[u8]) -> bool {
    digest::digest(algorithm, of).as_ref() == hash
}

/// The hash function of a certificate's identifier, where it is one that is used.
fn hash(id: &CertId) -> Option<&'static Algorithm> {
    Some(match &*id.hash {
        "1.3.14.3.2.26" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "2.16.840.1.101.3.4.2.1" => &digest::SHA256,
        "2.16.840.1.101.3.4.2.2" => &digest::SHA384,
        "2.16.840.1.101.3.4.2.3" => &digest::SHA512,
        _ => return None,
    })
}

impl StapleFault {
    /// What is wrong with the answer, as the end of a sentence about it. Safe to display.
    pub fn words(&self) -> String {
        match self {
            Self::Malformed(why) | Self::NotAllowed(why) => (*why).to_owned(),
            Self::Refused(ResponseStatus::Unknown(number)) => {
                format!("holds only an error of the responder (number {number})")
            }
            Self::Refused(status) => {
                format!("holds only an error of the responder ({})", status.id())
            }
            Self::OtherCertificate => "is for another certificate".to_owned(),
            Self::UnknownCertificate => {
                "says that the responder does not know this certificate".to_owned()
            }
            Self::BadSignature => "has a signature that does not match its signer's key".to_owned(),
            Self::Unchecked(why) => format!("has a signature that cannot be checked: {why}"),
            Self::NotYetValid { this_update } => {
                format!("holds only from {} on", this_update.long())
            }
            Self::Expired { until } => format!("is out of date since {}", until.long()),
        }
    }
}

impl Says {
    /// In a few words, for facts. Safe to display.
    pub fn words(&self) -> String {
        match self {
            Self::Good => "not revoked".to_owned(),
            Self::Revoked { at, why } => {
                let since = at.map_or_else(String::new, |at| format!(" on {}", at.long()));
                let because = match *why {
                    "" => String::new(),
                    why => format!(": {why}"),
                };
                format!("revoked{since}{because}")
            }
            Self::Nothing(fault) => format!("the answer {}", fault.words()),
        }
    }

    /// `good`, `revoked`, or what is wrong with the answer: `expired`, `other-certificate`…
    pub fn id(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked { .. } => "revoked",
            Self::Nothing(fault) => match fault {
                StapleFault::Malformed(_) => "malformed",
                StapleFault::Refused(_) => "refused",
                StapleFault::OtherCertificate => "other-certificate",
                StapleFault::UnknownCertificate => "unknown-certificate",
                StapleFault::NotAllowed(_) => "signer-not-allowed",
                StapleFault::BadSignature => "bad-signature",
                StapleFault::Unchecked(_) => "unchecked-signature",
                StapleFault::NotYetValid { .. } => "not-yet-valid",
                StapleFault::Expired { .. } => "expired",
            },
        }
    }
}
