//! Lists of revoked certificates, read for judging (RFC 5280, section 5).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::cert::asn1::Element;
use crate::cert::{Certificate, ExtensionValue, GeneralName, Name, SignatureAlgorithm, key};
use crate::moment::Moment;

const CRL_NUMBER: &str = "2.5.29.20";
const DELTA: &str = "2.5.29.27";
const DISTRIBUTION_POINT: &str = "2.5.29.28";
/// The reason by which a delta takes a certificate off the list.
const REMOVED: &str = "removed from the list";
const CERTIFICATE_ISSUER: &str = "2.5.29.29";
const AUTHORITY_KEY_ID: &str = "2.5.29.35";

/// One list.
#[derive(Clone, Debug)]
pub struct Crl {
    /// Its DER.
    pub der: Arc<[u8]>,
    /// Who issued it.
    pub issuer: Name,
    /// When it was issued.
    pub this_update: Moment,
    /// When the next one is due.
    pub next_update: Option<Moment>,
    /// Why it cannot be used to judge, if so: no number, an unknown critical part.
    pub unusable: Option<String>,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signature: Vec<u8>,
    tbs: Range<usize>,
    scope: Scope,
    /// It lists some reasons of revocation only: not to be on it proves nothing.
    pub(super) partial: bool,
    /// The addresses of its issuing distribution point, if it has any.
    points: Vec<String>,
    entries: HashMap<Vec<u8>, Entry>,
}

/// Which certificates a list speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    Users,
    Cas,
    /// None that a path holds: attribute certificates, or changes to another list.
    Nothing,
}

/// One revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since when.
    pub at: Moment,
    /// The reason given, such as `key compromise`; empty when none is.
    pub why: String,
}

impl Crl {
    /// Reads a list.
    ///
    /// # Errors
    /// When it is not a list of revoked certificates that can be read: why, safe to display.
    pub fn read(der: Arc<[u8]>) -> Result<Self, String> {
        let (rest, list) = CertificateRevocationList::from_der(&der)
            .map_err(|e| crate::text::safe(&e.to_string()).into_owned())?;
        if !rest.is_empty() {
            return Err("there are bytes after its end".to_owned());
        }
        let mut entries = HashMap::new();
        let mut unusable = None;
        // In an indirect list an entry may name another issuer, which then holds for those after it.
        let mut of_another = false;
        for revoked in list.iter_revoked_certificates() {
            let mut why = "";
            for extension in revoked.extensions() {
                match extension.parsed_extension() {
                    ParsedExtension::ReasonCode(code) => why = words(code.0),
                    ParsedExtension::InvalidityDate(_) => {}
                    _ if extension.oid.to_id_string() == CERTIFICATE_ISSUER => of_another = true,
                    _ if extension.critical => {
                        unusable = Some("an entry has an unknown critical part".to_owned());
                    }
                    _ => {}
                }
            }
            if of_another || why == REMOVED {
                continue;
            }
            let entry = Entry {
                at: Moment::from_unix(revoked.revocation_date.timestamp()),
                why: why.to_owned(),
            };
            entries.insert(revoked.raw_serial().to_vec(), entry);
        }
        let reach = reach(&list, &mut unusable);
        let element = |raw: &[u8]| Element::read(raw, 0).map(|e| Name::read(&e));
        let issuer = element(list.issuer().as_raw()).ok_or("its issuer could not be read")?;
        let this_update = Moment::from_unix(list.last_update().timestamp());
        let next_update = list.next_update().map(|t| Moment::from_unix(t.timestamp()));
        let (tbs, algorithm) = parts(&der).ok_or("its signed part could not be found")?;
        Ok(Self {
            issuer,
            this_update,
            next_update,
            unusable,
            algorithm,
            signature: list.signature_value.data.to_vec(),
            tbs,
            scope: reach.scope,
            partial: reach.partial,
            points: reach.points,
            entries,
            der: der.clone(),
        })
    }

    /// The entry of this serial number (content octets), if it is listed.
    pub fn entry(&self, serial: &[u8]) -> Option<&Entry> {
        self.entries.get(serial)
    }

    /// How many certificates it names.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// It names none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The list speaks of certificates of this kind.
    pub(super) fn covers(&self, certificate: &Certificate) -> bool {
        let of_kind = match self.scope {
            Scope::All => true,
            Scope::Users => !certificate.is_ca(),
            Scope::Cas => certificate.is_ca(),
            Scope::Nothing => false,
        };
        of_kind
            && (self.points.is_empty()
                || certificate.extensions.iter().any(|e| match &e.value {
                    ExtensionValue::CrlDistributionPoints(names) => {
                        names.iter().any(|n| self.points.contains(&raw(n)))
                    }
                    _ => false,
                }))
    }

    pub(super) fn signed(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }
}

/// Where the signed part lies, and the algorithm of the signature.
fn parts(der: &[u8]) -> Option<(Range<usize>, SignatureAlgorithm)> {
    let mut parts = Element::read(der, 0)?.inside();
    let tbs = parts.next()?.range();
    let algorithm = key::signature_algorithm(&parts.next()?);
    Some((tbs, algorithm))
}

/// How far a list reaches.
struct Reach {
    scope: Scope,
    partial: bool,
    points: Vec<String>,
}

/// What the list's extensions say about what it speaks of, and whether it can be used at all.
fn reach(list: &CertificateRevocationList<'_>, unusable: &mut Option<String>) -> Reach {
    let mut reach = Reach {
        scope: Scope::All,
        partial: false,
        points: Vec::new(),
    };
    let mut numbered = false;
    let mut refuse = |why: &str| {
        unusable.get_or_insert_with(|| why.to_owned());
    };
    for extension in list.extensions() {
        match extension.oid.to_id_string().as_str() {
            CRL_NUMBER => {
                numbered = true;
                if extension.critical {
                    refuse("its number is marked critical, which RFC 5280 forbids");
                }
            }
            DELTA => reach.scope = Scope::Nothing,
            AUTHORITY_KEY_ID => {}
            DISTRIBUTION_POINT => match extension.parsed_extension() {
                ParsedExtension::IssuingDistributionPoint(point) => {
                    reach.partial = point.only_some_reasons.is_some();
                    reach.scope = match (
                        reach.scope,
                        point.only_contains_user_certs,
                        point.only_contains_ca_certs,
                        point.only_contains_attribute_certs,
                    ) {
                        (scope, false, false, false) => scope,
                        (Scope::All, true, false, false) => Scope::Users,
                        (Scope::All, false, true, false) => Scope::Cas,
                        _ => Scope::Nothing,
                    };
                    reach.points = points(extension.value);
                }
                _ => refuse("its distribution point could not be read"),
            },
            _ if extension.critical => refuse("it has an unknown critical part"),
            _ => {}
        }
    }
    if !numbered {
        refuse("it has no number, which RFC 5280 demands");
    }
    reach
}

/// The names of an issuing distribution point, in a form to be compared by. A name relative to the
/// issuer is compared by its bytes and so matches nothing: the list then covers no certificate.
fn points(value: &[u8]) -> Vec<String> {
    let point = Element::read(value, 0).and_then(|e| e.inside().take_tag(0xa0));
    let Some(point) = point else {
        return Vec::new();
    };
    let mut inside = point.inside();
    match inside.take_tag(0xa0) {
        Some(names) => names
            .inside()
            .map(|n| match n.tag {
                0x86 => format!("uri:{}", String::from_utf8_lossy(n.content)),
                0xa4 => match n.inside().next() {
                    Some(name) => directory(&Name::read(&name)),
                    None => crate::text::hex(n.whole),
                },
                _ => crate::text::hex(n.whole),
            })
            .collect(),
        None => vec![crate::text::hex(point.whole)],
    }
}

fn raw(name: &GeneralName) -> String {
    match name {
        GeneralName::Uri(uri) => format!("uri:{}", uri.raw()),
        GeneralName::Directory(name) => directory(name),
        _ => String::new(),
    }
}

fn directory(name: &Name) -> String {
    format!("name:{}", crate::text::hex(&name.canonical()))
}

/// CRLReason of RFC 5280, section 5.3.1.
fn words(code: u8) -> &'static str {
    match code {
        1 => "key compromise",
        2 => "CA compromise",
        3 => "affiliation changed",
        4 => "superseded",
        5 => "cessation of operation",
        6 => "certificate hold",
        8 => REMOVED,
        9 => "privilege withdrawn",
        10 => "AA compromise",
        _ => "",
    }
}
