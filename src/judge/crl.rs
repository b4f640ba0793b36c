//! Lists of revoked certificates, read for judging (RFC 5280, section 5).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::cert::asn1::Element;
use crate::cert::oid::{self, REMOVED};
use crate::cert::{self, Certificate, Name, SignatureAlgorithm};
use crate::judge::points::{self, ALL_REASONS, Point};
use crate::moment::Moment;

const CRL_NUMBER: &str = "2.5.29.20";
const DELTA: &str = "2.5.29.27";
const DISTRIBUTION_POINT: &str = "2.5.29.28";
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
    /// An unknown part of it, or of an entry, is marked critical.
    pub(super) critical: bool,
    /// The identifier of the key that signed it, and its certificate's serial number.
    pub(super) key: ListKey,
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signature: Vec<u8>,
    tbs: Range<usize>,
    scope: Scope,
    /// The reasons of revocation that it tells.
    pub(super) reasons: u16,
    /// It may name certificates of other issuers.
    pub(super) indirect: bool,
    /// What it changes, where it is a delta.
    pub(super) delta: Option<Delta>,
    number: Vec<u8>,
    /// The names of its issuing distribution point, if it has any.
    points: Vec<String>,
    /// The whole extensions that a delta must share with its base.
    shared: [Option<Vec<u8>>; 2],
    /// By issuer (canonical) and serial number.
    entries: HashMap<(Vec<u8>, Vec<u8>), Entry>,
}

/// A delta: changes to a complete list (RFC 5280, section 5.2.4).
#[derive(Clone, Debug)]
pub(super) struct Delta {
    /// The number of the list it changes, or of a later one.
    base: Vec<u8>,
    /// What it takes off the list, by issuer and serial number.
    removed: HashSet<(Vec<u8>, Vec<u8>)>,
}

/// Which certificates a list speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    All,
    Users,
    Cas,
    /// None that a path holds: attribute certificates.
    Nothing,
}

/// AuthorityKeyIdentifier of a list: what it tells of the key that signed it.
#[derive(Clone, Debug, Default)]
pub(super) struct ListKey {
    id: Option<Vec<u8>>,
    serial: Option<Vec<u8>>,
}

impl ListKey {
    fn read(value: &[u8]) -> Self {
        let Some(parts) = Element::read(value, 0) else {
            return Self::default();
        };
        let part = |tag| parts.inside().find(|p| p.tag == tag);
        Self {
            id: part(0x80).map(|p| p.content.to_vec()),
            serial: part(0x82).map(|p| bare(p.content)),
        }
    }

    /// Nothing in it speaks against this certificate.
    pub(super) fn fits(&self, signer: &Certificate) -> bool {
        let own = signer.subject_key_id();
        let id = self.id.as_deref().zip(own).is_none_or(|(a, b)| a == b);
        id && self
            .serial
            .as_ref()
            .is_none_or(|s| *s == bare(&signer.serial))
    }
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
        let element = |raw: &[u8]| Element::read(raw, 0).map(|e| Name::read(&e));
        let issuer = element(list.issuer().as_raw()).ok_or("its issuer could not be read")?;
        let mut entries = HashMap::new();
        let mut removed = HashSet::new();
        let mut unusable = None;
        let mut critical = false;
        // In an indirect list an entry may name another issuer, which then holds for those after it.
        let mut of = issuer.canonical();
        for revoked in list.iter_revoked_certificates() {
            let mut why = "";
            for extension in revoked.extensions() {
                match extension.parsed_extension() {
                    ParsedExtension::ReasonCode(code) => why = oid::revocation_reason(code.0),
                    ParsedExtension::InvalidityDate(_) => {}
                    _ if extension.oid.to_id_string() == CERTIFICATE_ISSUER => {
                        of = certificate_issuer(extension.value).unwrap_or_default();
                    }
                    _ if extension.critical => {
                        critical = true;
                        unusable = Some("an entry has an unknown critical part".to_owned());
                    }
                    _ => {}
                }
            }
            let key = (of.clone(), bare(revoked.raw_serial()));
            if why == REMOVED {
                removed.insert(key);
                continue;
            }
            let entry = Entry {
                at: Moment::from_unix(revoked.revocation_date.timestamp()),
                why: why.to_owned(),
            };
            entries.insert(key, entry);
        }
        let reach = reach(&list, &issuer, &mut unusable);
        let this_update = Moment::from_unix(list.last_update().timestamp());
        let next_update = list.next_update().map(|t| Moment::from_unix(t.timestamp()));
        let (tbs, algorithm) = parts(&der).ok_or("its signed part could not be found")?;
        Ok(Self {
            issuer,
            this_update,
            next_update,
            unusable,
            critical: critical || reach.critical,
            key: reach.key,
            algorithm,
            signature: list.signature_value.data.to_vec(),
            tbs,
            scope: reach.scope,
            reasons: reach.reasons,
            indirect: reach.indirect,
            delta: reach.base.map(|base| Delta { base, removed }),
            number: reach.number,
            points: reach.points,
            shared: reach.shared,
            entries,
            der: der.clone(),
        })
    }

    /// The entry of this certificate, if it is listed.
    pub fn entry(&self, certificate: &Certificate) -> Option<&Entry> {
        self.entries.get(&key(certificate))
    }

    /// This serial number stands in it, whoever issued that: since when and why, where it is told.
    pub(super) fn names(&self, serial: &[u8]) -> Option<(Option<Moment>, &str)> {
        let serial = bare(serial);
        let removed = self.delta.iter().flat_map(|delta| &delta.removed);
        self.entries
            .iter()
            .find(|((_, number), _)| *number == serial)
            .map(|(_, entry)| (Some(entry.at), entry.why.as_str()))
            .or_else(|| {
                removed
                    .into_iter()
                    .any(|(_, number)| *number == serial)
                    .then_some((None, ""))
            })
    }

    /// This delta takes the certificate off the list it changes.
    pub(super) fn removes(&self, certificate: &Certificate) -> bool {
        let delta = self.delta.as_ref();
        delta.is_some_and(|delta| delta.removed.contains(&key(certificate)))
    }

    /// This delta changes that complete list (section 5.2.4).
    pub(super) fn changes(&self, whole: &Crl) -> bool {
        let order = |n: &Vec<u8>| (n.len(), n.clone());
        self.delta.as_ref().is_some_and(|delta| {
            whole.delta.is_none()
                && self.issuer.matches(&whole.issuer)
                && self.shared == whole.shared
                && order(&delta.base) <= order(&whole.number)
                && order(&self.number) >= order(&whole.number)
        })
    }

    /// How many certificates it names.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// It names none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The list speaks of certificates of this kind: of CAs, or of others.
    pub(super) fn covers_kind(&self, certificate: &Certificate) -> bool {
        match self.scope {
            Scope::All => true,
            Scope::Users => !certificate.is_ca(),
            Scope::Cas => certificate.is_ca(),
            Scope::Nothing => false,
        }
    }

    /// It names no point of its own.
    pub(super) fn has_no_point(&self) -> bool {
        self.points.is_empty()
    }

    /// One of these names is that of its own point.
    pub(super) fn is_at(&self, point: &Point) -> bool {
        point.names.iter().any(|n| self.points.contains(n))
    }

    /// The list speaks of certificates of this kind, and from this point.
    pub(super) fn covers(&self, certificate: &Certificate, point: &Point) -> bool {
        let issued = match point.issuers.as_slice() {
            [] => self.issuer.matches(&certificate.issuer),
            others => {
                let own = self.issuer.matches(&certificate.issuer);
                (self.indirect || own) && others.iter().any(|n| self.issuer.matches(n))
            }
        };
        self.covers_kind(certificate) && issued && (self.has_no_point() || self.is_at(point))
    }

    pub(super) fn signed(&self) -> &[u8] {
        self.der.get(self.tbs.clone()).unwrap_or_default()
    }
}

/// Where the signed part lies, and the algorithm of the signature.
fn parts(der: &[u8]) -> Option<(Range<usize>, SignatureAlgorithm)> {
    let mut parts = Element::read(der, 0)?.inside();
    let tbs = parts.next()?.range();
    let algorithm = cert::key::signature_algorithm(&parts.next()?);
    Some((tbs, algorithm))
}

/// Who an entry is about.
fn key(certificate: &Certificate) -> (Vec<u8>, Vec<u8>) {
    (certificate.issuer.canonical(), bare(&certificate.serial))
}

/// An INTEGER without the leading zeros that say nothing.
fn bare(number: &[u8]) -> Vec<u8> {
    let mut rest = number;
    while let [0, next, ..] = rest
        && next & 0x80 == 0
    {
        rest = rest.get(1..).unwrap_or_default();
    }
    rest.to_vec()
}

/// The directory name of the extension certificateIssuer, to be compared.
fn certificate_issuer(value: &[u8]) -> Option<Vec<u8>> {
    let names = Element::read(value, 0)?;
    let name = names.inside().find(|n| n.tag == 0xa4)?;
    name.inside().next().map(|n| Name::read(&n).canonical())
}

/// How far a list reaches.
struct Reach {
    scope: Scope,
    reasons: u16,
    indirect: bool,
    points: Vec<String>,
    number: Vec<u8>,
    base: Option<Vec<u8>>,
    shared: [Option<Vec<u8>>; 2],
    critical: bool,
    key: ListKey,
}

/// What the list's extensions say about what it speaks of, and whether it can be used at all.
fn reach(
    list: &CertificateRevocationList<'_>,
    issuer: &Name,
    unusable: &mut Option<String>,
) -> Reach {
    let mut reach = Reach {
        scope: Scope::All,
        reasons: ALL_REASONS,
        indirect: false,
        points: Vec::new(),
        number: Vec::new(),
        base: None,
        shared: [None, None],
        critical: false,
        key: ListKey::default(),
    };
    let number = |value: &[u8]| Element::read(value, 0).map(|e| bare(e.content));
    let mut numbered = false;
    let mut refuse = |why: &str| {
        unusable.get_or_insert_with(|| why.to_owned());
    };
    for extension in list.extensions() {
        match extension.oid.to_id_string().as_str() {
            CRL_NUMBER => {
                numbered = true;
                reach.number = number(extension.value).unwrap_or_default();
                if extension.critical {
                    reach.critical = true;
                    refuse("its number is marked critical, which RFC 5280 forbids");
                }
            }
            DELTA => match number(extension.value) {
                Some(base) => reach.base = Some(base),
                None => refuse("the number of the list that it changes could not be read"),
            },
            AUTHORITY_KEY_ID => {
                reach.shared[0] = Some(extension.value.to_vec());
                reach.key = ListKey::read(extension.value);
            }
            DISTRIBUTION_POINT => {
                reach.shared[1] = Some(extension.value.to_vec());
                match extension.parsed_extension() {
                    ParsedExtension::IssuingDistributionPoint(point) => {
                        reach.indirect = point.indirect_crl;
                        reach.scope = match (
                            point.only_contains_user_certs,
                            point.only_contains_ca_certs,
                            point.only_contains_attribute_certs,
                        ) {
                            (false, false, false) => Scope::All,
                            (true, false, false) => Scope::Users,
                            (false, true, false) => Scope::Cas,
                            _ => Scope::Nothing,
                        };
                        place(extension.value, issuer, &mut reach);
                    }
                    _ => refuse("its distribution point could not be read"),
                }
            }
            _ if extension.critical => {
                reach.critical = true;
                refuse("it has an unknown critical part");
            }
            _ => {}
        }
    }
    if !numbered {
        refuse("it has no number, which RFC 5280 demands");
    }
    reach
}

/// The names of an issuing distribution point, and the reasons it is limited to.
fn place(value: &[u8], issuer: &Name, reach: &mut Reach) {
    let Some(point) = Element::read(value, 0) else {
        return;
    };
    for part in point.inside() {
        match part.tag {
            0xa0 => reach.points = points::names(part.inside(), issuer),
            0x83 => reach.reasons = points::reasons(part.content),
            _ => {}
        }
    }
}
