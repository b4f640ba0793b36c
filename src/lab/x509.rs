//! Writes certificates, right or wrong. A certificate library keeps its user from mistakes; the lab
//! needs exactly those mistakes (a negative serial, SHA-1, an unknown key), so it writes its own DER.
//! What to write is decided in `recipes`; keys and signatures are in `key`.

use std::net::IpAddr;

use aws_lc_rs::digest;
use yasna::models::ObjectIdentifier;
use yasna::tags::{TAG_GENERALIZEDTIME, TAG_INTEGER, TAG_UTCTIME};
use yasna::{DERWriter, Tag};

use super::LabError;
use super::key::{Key, SignatureKind};
use crate::moment::{DAY, Moment, NO_EXPIRY};

/// What stands in one certificate.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    /// Two's complement, as it goes into the DER.
    pub(super) serial: Vec<u8>,
    pub(super) subject: Name,
    pub(super) not_before: Moment,
    pub(super) not_after: Moment,
    pub(super) extensions: Vec<Extension>,
}

/// A name of organisation and common name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) organisation: &'static str,
    pub(super) common_name: String,
}

/// One extension, its value already encoded.
#[derive(Clone, Debug)]
pub(super) struct Extension {
    oid: &'static [u64],
    critical: bool,
    value: Vec<u8>,
}

/// A certificate with the key that belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) der: Vec<u8>,
    pub(super) name: Name,
    pub(super) key: Key,
}

const SUBJECT_KEY_ID: &[u64] = &[2, 5, 29, 14];
const KEY_USAGE: &[u64] = &[2, 5, 29, 15];
const ALTERNATIVE_NAMES: &[u64] = &[2, 5, 29, 17];
const BASIC_CONSTRAINTS: &[u64] = &[2, 5, 29, 19];
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];
const AUTHORITY_KEY_ID: &[u64] = &[2, 5, 29, 35];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
const AUTHORITY_INFORMATION: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 1];
const TLS_FEATURE: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
const CA_ISSUERS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 2];
const SERVER_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];

impl Name {
    pub(super) fn new(organisation: &'static str, common_name: &str) -> Self {
        Self {
            organisation,
            common_name: common_name.to_owned(),
        }
    }

    pub(super) fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|rdns| {
            for (last, value) in [(10, self.organisation), (3, self.common_name.as_str())] {
                if value.is_empty() {
                    continue;
                }
                rdns.next().write_set(|set| {
                    set.next().write_sequence(|pair| {
                        pair.next().write_oid(&oid(&[2, 5, 4, last]));
                        pair.next().write_utf8_string(value);
                    });
                });
            }
        });
    }
}

impl Spec {
    /// A server's certificate for these names, valid for 90 days, begun a week ago.
    pub(super) fn server(now: Moment, names: &[&str]) -> Result<Self, LabError> {
        let first = names.first().copied().unwrap_or("localhost");
        let mut spec = Self::bare(now, Name::new("whycert lab", first))?;
        spec.extensions = vec![
            Extension::basic_constraints(false, None),
            Extension::key_usage(&[0]),
            Extension::server_auth(),
        ];
        if !names.is_empty() {
            spec.extensions.push(Extension::alternative_names(names));
        }
        Ok(spec)
    }

    /// A CA's certificate, valid for ten years, begun a year ago.
    pub(super) fn authority(now: Moment, name: Name, path: Option<u8>) -> Result<Self, LabError> {
        let mut spec = Self::bare(now, name)?;
        spec.not_before = now.plus(-365 * DAY);
        spec.not_after = now.plus(9 * 365 * DAY);
        spec.extensions = vec![
            Extension::basic_constraints(true, path),
            Extension::key_usage(&[5, 6]),
        ];
        Ok(spec)
    }

    fn bare(now: Moment, subject: Name) -> Result<Self, LabError> {
        let mut serial = vec![0u8; 16];
        aws_lc_rs::rand::fill(&mut serial).map_err(|_| LabError::minting("random numbers"))?;
        if let Some(first) = serial.first_mut() {
            // Positive, and never shortened: between 0x40 and 0x7f.
            *first = (*first & 0x3f) | 0x40;
        }
        Ok(Self {
            serial,
            subject,
            not_before: now.plus(-7 * DAY),
            not_after: now.plus(83 * DAY),
            extensions: Vec::new(),
        })
    }

    /// The same, valid from and until these moments.
    #[must_use]
    pub(super) fn between(mut self, not_before: Moment, not_after: Moment) -> Self {
        self.not_before = not_before;
        self.not_after = not_after;
        self
    }

    /// The same with this extension, in place of the one of its kind.
    #[must_use]
    pub(super) fn with(mut self, extension: Extension) -> Self {
        self.extensions.retain(|e| e.oid != extension.oid);
        self.extensions.push(extension);
        self
    }

    /// Signed by `issuer`, for the public half of `key`.
    pub(super) fn issue(&self, key: Key, issuer: &Issued) -> Result<Issued, LabError> {
        self.sign(key, &issuer.name, &issuer.key, issuer.key.usual())
    }

    /// Signed by its own key.
    pub(super) fn self_signed(&self, key: Key) -> Result<Issued, LabError> {
        let signer = key.clone();
        self.sign(key, &self.subject, &signer, signer.usual())
    }

    /// Signed by any key in any issuer's name.
    pub(super) fn sign(
        &self,
        key: Key,
        issuer: &Name,
        signer: &Key,
        kind: SignatureKind,
    ) -> Result<Issued, LabError> {
        let tbs = self.to_be_signed(&key, issuer, signer, kind);
        let der = signer.signed(kind, &tbs)?;
        Ok(Issued {
            der,
            name: self.subject.clone(),
            key,
        })
    }

    fn to_be_signed(&self, key: &Key, issuer: &Name, signer: &Key, kind: SignatureKind) -> Vec<u8> {
        let self_signed = key.spki() == signer.spki();
        yasna::construct_der(|writer| {
            writer.write_sequence(|tbs| {
                tbs.next()
                    .write_tagged(Tag::context(0), |version| version.write_u8(2));
                tbs.next()
                    .write_tagged_implicit(TAG_INTEGER, |w| w.write_bytes(&self.serial));
                kind.write(tbs.next());
                issuer.write(tbs.next());
                tbs.next().write_sequence(|validity| {
                    write_time(validity.next(), self.not_before);
                    write_time(validity.next(), self.not_after);
                });
                self.subject.write(tbs.next());
                tbs.next().write_der(key.spki());
                tbs.next().write_tagged(Tag::context(3), |outer| {
                    outer.write_sequence(|list| {
                        for extension in &self.extensions {
                            extension.write(list.next());
                        }
                        Extension::subject_key_id(key).write(list.next());
                        if !self_signed {
                            Extension::authority_key_id(signer).write(list.next());
                        }
                    });
                });
            });
        })
    }
}

impl Extension {
    pub(super) fn basic_constraints(ca: bool, path: Option<u8>) -> Self {
        Self::new(BASIC_CONSTRAINTS, true, |writer| {
            writer.write_sequence(|parts| {
                if ca {
                    parts.next().write_bool(true);
                }
                if let Some(path) = path {
                    parts.next().write_u8(path);
                }
            });
        })
    }

    /// By bit numbers of RFC 5280, section 4.2.1.3: 0 digitalSignature, 5 keyCertSign, 6 cRLSign.
    pub(super) fn key_usage(bits: &[u8]) -> Self {
        let used = bits.iter().copied().max().map_or(0, |b| usize::from(b) + 1);
        let byte = bits.iter().fold(0u8, |all, &bit| all | (0x80 >> bit));
        Self::new(KEY_USAGE, true, |writer| {
            writer.write_bitvec_bytes(&[byte], used);
        })
    }

    fn server_auth() -> Self {
        Self::usage(SERVER_AUTH)
    }

    pub(super) fn client_auth() -> Self {
        Self::usage(CLIENT_AUTH)
    }

    fn usage(purpose: &'static [u64]) -> Self {
        Self::new(EXTENDED_KEY_USAGE, false, |writer| {
            writer.write_sequence(|list| list.next().write_oid(&oid(purpose)));
        })
    }

    /// DNS names and IP addresses, told apart by their form.
    fn alternative_names(names: &[&str]) -> Self {
        Self::new(ALTERNATIVE_NAMES, false, |writer| {
            writer.write_sequence(|list| {
                for name in names {
                    match name.parse() {
                        Ok(IpAddr::V4(ip)) => implicit(list.next(), 7, &ip.octets()),
                        Ok(IpAddr::V6(ip)) => implicit(list.next(), 7, &ip.octets()),
                        Err(_) => implicit(list.next(), 2, name.as_bytes()),
                    }
                }
            });
        })
    }

    /// Only DNS names below this one are permitted.
    pub(super) fn permitted_name(name: &str) -> Self {
        Self::new(NAME_CONSTRAINTS, true, |writer| {
            writer.write_sequence(|parts| {
                parts
                    .next()
                    .write_tagged_implicit(Tag::context(0), |permitted| {
                        permitted.write_sequence(|list| {
                            list.next().write_sequence(|subtree| {
                                implicit(subtree.next(), 2, name.as_bytes());
                            });
                        });
                    });
            });
        })
    }

    /// The issuer's certificate is found at this address (RFC 5280, section 4.2.2.1).
    pub(super) fn issuer_at(address: &str) -> Self {
        Self::new(AUTHORITY_INFORMATION, false, |writer| {
            writer.write_sequence(|list| {
                list.next().write_sequence(|description| {
                    description.next().write_oid(&oid(CA_ISSUERS));
                    implicit(description.next(), 6, address.as_bytes());
                });
            });
        })
    }

    /// The server must staple an answer (RFC 7633).
    pub(super) fn must_staple() -> Self {
        Self::new(TLS_FEATURE, false, |writer| {
            writer.write_sequence(|features| features.next().write_u8(5));
        })
    }

    /// An extension that nobody knows, under the documentation's private arc.
    pub(super) fn unknown_critical() -> Self {
        Self::new(&[1, 3, 6, 1, 4, 1, 32473, 1, 77], true, |writer| {
            writer.write_utf8_string("nobody knows this");
        })
    }

    fn subject_key_id(key: &Key) -> Self {
        Self::new(SUBJECT_KEY_ID, false, |writer| {
            writer.write_bytes(&key_id(key))
        })
    }

    fn authority_key_id(key: &Key) -> Self {
        Self::new(AUTHORITY_KEY_ID, false, |writer| {
            writer.write_sequence(|parts| implicit(parts.next(), 0, &key_id(key)));
        })
    }

    fn new(oid: &'static [u64], critical: bool, value: impl FnOnce(DERWriter<'_>)) -> Self {
        Self {
            oid,
            critical,
            value: yasna::construct_der(value),
        }
    }

    fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|parts| {
            parts.next().write_oid(&oid(self.oid));
            if self.critical {
                parts.next().write_bool(true);
            }
            parts.next().write_bytes(&self.value);
        });
    }
}

/// RFC 7093, section 2, method 1, over the whole key info: the leftmost 160 bits of SHA-256.
fn key_id(key: &Key) -> Vec<u8> {
    let hash = digest::digest(&digest::SHA256, key.spki());
    hash.as_ref().iter().copied().take(20).collect()
}

fn implicit(writer: DERWriter<'_>, tag: u64, bytes: &[u8]) {
    writer.write_tagged_implicit(Tag::context(tag), |inner| inner.write_bytes(bytes));
}

fn oid(parts: &[u64]) -> ObjectIdentifier {
    ObjectIdentifier::from_slice(parts)
}

/// UTCTime until 2049, GeneralizedTime after (RFC 5280, section 4.1.2.5).
fn write_time(writer: DERWriter<'_>, moment: Moment) {
    let calendar = Moment::from_unix(moment.unix().min(NO_EXPIRY.unix())).calendar();
    let (date, clock) = (calendar.date(), calendar.time());
    let day = format!("{:02}{:02}", u8::from(date.month()), date.day());
    let time = format!(
        "{:02}{:02}{:02}Z",
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    if (1950..2050).contains(&date.year()) {
        let text = format!("{:02}{day}{time}", date.year().rem_euclid(100));
        writer.write_tagged_implicit(TAG_UTCTIME, |w| w.write_bytes(text.as_bytes()));
    } else {
        let text = format!("{:04}{day}{time}", date.year());
        writer.write_tagged_implicit(TAG_GENERALIZEDTIME, |w| w.write_bytes(text.as_bytes()));
    }
}
