//! OCSP answers (RFC 6960): what a responder says about certificates, decoded and owned.
//!
//! As with certificates, reading never fails: what cannot be read is a fault of an answer that still
//! has its bytes. Who may say it, and whether it is true of a certificate, is not judged here.

use std::ops::Range;
use std::sync::Arc;

use super::asn1::{self, Element, Elements};
use super::key::{self, SignatureAlgorithm};
use super::{Certificate, Name, oid, time};
use crate::moment::Moment;

/// One answer, as a server staples it.
#[derive(Clone, Debug)]
pub struct OcspResponse {
    /// Its DER, as received.
    pub der: Arc<[u8]>,
    /// What the responder makes of the question; `None` when that could not be read.
    pub status: Option<ResponseStatus>,
    /// What it says, when it says something and that could be read.
    pub basic: Option<BasicResponse>,
    /// Why it could not be read as a whole, in words that follow "the answer": `is cut off`.
    pub fault: Option<&'static str>,
}

/// OCSPResponseStatus (RFC 6960, section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ResponseStatus {
    Successful,
    MalformedRequest,
    InternalError,
    TryLater,
    SignatureRequired,
    Unauthorized,
    /// A number that the standard does not know.
    Unknown(u8),
}

/// What a responder says and signs (RFC 6960, section 4.2.1).
#[derive(Clone, Debug)]
pub struct BasicResponse {
    /// How it names itself.
    pub responder: ResponderId,
    /// When it said so.
    pub produced_at: Option<Moment>,
    /// What it says of each certificate, in order.
    pub singles: Vec<SingleResponse>,
    /// The signature's algorithm.
    pub signature_algorithm: SignatureAlgorithm,
    /// The signature's octets.
    pub signature: Vec<u8>,
    /// Certificates that came along, to check the signature with.
    pub certificates: Vec<Arc<Certificate>>,
    /// It has an extension that is marked critical; none that may be is known.
    pub critical_extension: bool,
    /// Where the signed part lies in the answer.
    tbs: Range<usize>,
}

/// Who answers.
#[derive(Clone, Debug)]
pub enum ResponderId {
    /// By the subject name of its certificate.
    Name(Name),
    /// By the SHA-1 of its key.
    Key(Vec<u8>),
}

/// What is said about one certificate.
#[derive(Clone, Debug)]
pub struct SingleResponse {
    /// Which certificate.
    pub id: CertId,
    /// What of it.
    pub status: CertStatus,
    /// The moment for which this is known to be right.
    pub this_update: Moment,
    /// When newer word is due; absent when it can be had at any time.
    pub next_update: Option<Moment>,
}

/// How an answer names a certificate (RFC 6960, section 4.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    /// The hash function, by its dotted OID.
    pub hash: Box<str>,
    /// Hash of the issuer's name.
    pub issuer_name: Vec<u8>,
    /// Hash of the issuer's key.
    pub issuer_key: Vec<u8>,
    /// Content octets of the serial number.
    pub serial: Vec<u8>,
}

/// CertStatus (RFC 6960, section 4.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertStatus {
    /// Not revoked.
    Good,
    /// Revoked: since when, and the reason in words, empty when none is given.
    Revoked {
        /// Since when.
        at: Option<Moment>,
        /// Why, such as `key compromise`.
        why: &'static str,
    },
    /// The responder does not know this certificate.
    Unknown,
}

const BASIC: &str = "1.3.6.1.5.5.7.48.1.1";
const ENUMERATED: u8 = 0x0a;
/// Certificates and single answers of one answer that are read.
const MOST_CERTIFICATES: usize = 16;
const MOST_SINGLES: usize = 4_096;

impl ResponseStatus {
    /// Its name in RFC 6960: `tryLater`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SignatureRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
            Self::Unknown(_) => "unknown",
        }
    }

    fn of(number: u8) -> Self {
        match number {
            0 => Self::Successful,
            1 => Self::MalformedRequest,
            2 => Self::InternalError,
            3 => Self::TryLater,
            5 => Self::SignatureRequired,
            6 => Self::Unauthorized,
            other => Self::Unknown(other),
        }
    }
}

impl OcspResponse {
    /// Reads an answer. What cannot be read is [`OcspResponse::fault`].
    pub fn read(der: impl Into<Arc<[u8]>>) -> Self {
        let der = der.into();
        let mut status = None;
        let (basic, fault) = match whole(&der, &mut status) {
            Ok(basic) => (basic, None),
            Err(fault) => (None, Some(fault)),
        };
        Self {
            der,
            status,
            basic,
            fault,
        }
    }

    /// The bytes that the responder signed.
    pub fn signed(&self) -> &[u8] {
        let range = self.basic.as_ref().map(|basic| basic.tbs.clone());
        range
            .and_then(|range| self.der.get(range))
            .unwrap_or_default()
    }
}

/// OCSPResponse and ResponseBytes.
fn whole(
    der: &[u8],
    status: &mut Option<ResponseStatus>,
) -> Result<Option<BasicResponse>, &'static str> {
    const CUT: &str = "is no OCSP answer, or is cut off";
    let outer = Element::read(der, 0)
        .filter(|e| e.tag == asn1::SEQUENCE)
        .ok_or(CUT)?;
    let mut parts = outer.inside();
    let number = parts.take_tag(ENUMERATED).ok_or(CUT)?;
    let &[number] = number.content else {
        return Err("has a status that is no number");
    };
    *status = Some(ResponseStatus::of(number));
    if outer.whole.len() != der.len() {
        return Err("has bytes after its end");
    }
    if number != 0 {
        return Ok(None);
    }
    let bytes = parts
        .take_tag(0xa0)
        .and_then(|e| e.inside().take_tag(asn1::SEQUENCE))
        .ok_or("claims success and says nothing")?;
    let mut bytes = bytes.inside();
    let kind = bytes
        .take_tag(asn1::OID)
        .and_then(|o| asn1::dotted(o.content));
    if kind.as_deref() != Some(BASIC) {
        return Err("is of a type that nobody knows");
    }
    let content = bytes.take_tag(asn1::OCTET_STRING).ok_or(CUT)?;
    let basic = Elements::new(content.content, content.offset + content.header)
        .next()
        .filter(|e| e.tag == asn1::SEQUENCE && e.whole.len() == content.content.len())
        .ok_or("holds something that could not be read")?;
    basic_response(&basic).map(Some)
}

fn basic_response(element: &Element<'_>) -> Result<BasicResponse, &'static str> {
    const BROKEN: &str = "lacks a part that every answer has";
    let mut parts = element.inside();
    let tbs = parts.take_tag(asn1::SEQUENCE).ok_or(BROKEN)?;
    let algorithm = parts.take_tag(asn1::SEQUENCE).ok_or(BROKEN)?;
    let bits = parts.take_tag(asn1::BIT_STRING).ok_or(BROKEN)?;
    let signature = match bits.content.split_first() {
        Some((0, octets)) => octets.to_vec(),
        _ => return Err("has a signature that could not be read"),
    };
    let mut certificates = Vec::new();
    if let Some(list) = parts.take_tag(0xa0) {
        let mut list = list
            .inside()
            .take_tag(asn1::SEQUENCE)
            .ok_or(BROKEN)?
            .inside();
        for one in list.by_ref() {
            if certificates.len() == MOST_CERTIFICATES {
                return Err("brings more certificates than are read");
            }
            certificates.push(Arc::new(Certificate::read(one.whole)));
        }
        if !list.rest().is_empty() {
            return Err("brings a certificate that is cut off");
        }
    }
    if !parts.rest().is_empty() {
        return Err("has a part that no answer has");
    }
    let mut said = tbs.inside();
    // The version: only the first is known, and its number is left out by DER.
    if let Some(version) = said.take_tag(0xa0)
        && version.content != [asn1::INTEGER, 1, 0]
    {
        return Err("is of a version that nobody knows");
    }
    let responder = match said.next() {
        Some(name) if name.tag == 0xa1 => {
            let name = name.inside().next().ok_or(BROKEN)?;
            ResponderId::Name(Name::read(&name))
        }
        Some(key) if key.tag == 0xa2 => {
            let key = key.inside().take_tag(asn1::OCTET_STRING).ok_or(BROKEN)?;
            ResponderId::Key(key.content.to_vec())
        }
        _ => return Err("does not say who answers"),
    };
    let produced_at = said
        .take_tag(asn1::GENERALIZED_TIME)
        .ok_or("does not say when it was made")?;
    let mut list = said.take_tag(asn1::SEQUENCE).ok_or(BROKEN)?.inside();
    let mut critical_extension = said.take_tag(0xa1).is_some_and(|e| is_critical(&e));
    let mut singles = Vec::new();
    for one in list.by_ref() {
        // After certID and certStatus, which may have the same tag.
        let mut after = one.inside().skip(2);
        critical_extension |= after.any(|part| part.tag == 0xa1 && is_critical(&part));
        if singles.len() == MOST_SINGLES {
            return Err("speaks of more certificates than are read");
        }
        singles.push(single(&one).ok_or("says something that could not be read")?);
    }
    if !list.rest().is_empty() {
        return Err("says something that is cut off");
    }
    Ok(BasicResponse {
        responder,
        produced_at: time::generalized(produced_at.content),
        singles,
        signature_algorithm: key::signature_algorithm(&algorithm),
        signature,
        certificates,
        critical_extension,
        tbs: tbs.range(),
    })
}

fn single(element: &Element<'_>) -> Option<SingleResponse> {
    if element.tag != asn1::SEQUENCE {
        return None;
    }
    let mut parts = element.inside();
    let mut id = parts.take_tag(asn1::SEQUENCE)?.inside();
    let hash = id.take_tag(asn1::SEQUENCE)?.inside().take_tag(asn1::OID)?;
    let id = CertId {
        hash: asn1::dotted(hash.content)?,
        issuer_name: id.take_tag(asn1::OCTET_STRING)?.content.to_vec(),
        issuer_key: id.take_tag(asn1::OCTET_STRING)?.content.to_vec(),
        serial: id.take_tag(asn1::INTEGER)?.content.to_vec(),
    };
    let status = parts.next()?;
    let status = match status.tag {
        0x80 => CertStatus::Good,
        0xa1 => revoked(&status),
        0x82 => CertStatus::Unknown,
        _ => return None,
    };
    let time = |e: Element<'_>| time::generalized(e.content);
    let this_update = time(parts.take_tag(asn1::GENERALIZED_TIME)?)?;
    let next_update = match parts.take_tag(0xa0) {
        Some(next) => Some(time(next.inside().take_tag(asn1::GENERALIZED_TIME)?)?),
        None => None,
    };
    Some(SingleResponse {
        id,
        status,
        this_update,
        next_update,
    })
}

/// One of these extensions is marked critical.
fn is_critical(extensions: &Element<'_>) -> bool {
    let list = extensions.inside().take_tag(asn1::SEQUENCE);
    list.is_some_and(|list| {
        list.inside()
            .any(|one| one.inside().any(|part| part.tag == asn1::BOOLEAN))
    })
}

/// RevokedInfo. Whatever it holds, the certificate is revoked.
fn revoked(info: &Element<'_>) -> CertStatus {
    let mut parts = info.inside();
    let at = parts
        .take_tag(asn1::GENERALIZED_TIME)
        .and_then(|t| time::generalized(t.content));
    let code = parts
        .take_tag(0xa0)
        .and_then(|r| r.inside().take_tag(ENUMERATED))
        .and_then(|c| asn1::small(c.content));
    CertStatus::Revoked {
        at,
        why: code
            .and_then(|code| u8::try_from(code).ok())
            .map_or("", oid::revocation_reason),
    }
}
