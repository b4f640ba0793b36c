//! Writes OCSP answers (RFC 6960), to be stapled.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use yasna::models::ObjectIdentifier;
use yasna::tags::{TAG_ENUM, TAG_GENERALIZEDTIME, TAG_INTEGER};
use yasna::{DERWriter, Tag};

use super::LabError;
use super::x509::Issued;
use crate::moment::Moment;

/// What is said about one certificate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    /// Revoked since then, for a stolen key; not revoked when absent.
    pub(super) revoked: Option<Moment>,
    pub(super) this_update: Moment,
    pub(super) next_update: Moment,
}

const BASIC: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 48, 1, 1];
const SHA1: &[u64] = &[1, 3, 14, 3, 2, 26];
const KEY_COMPROMISE: u8 = 1;

/// An answer of `issuer` about its certificate with this serial number (content octets).
pub(super) fn answer(serial: &[u8], issuer: &Issued, said: Said) -> Result<Vec<u8>, LabError> {
    let key = sha1(issuer.key.point()?);
    let tbs = yasna::construct_der(|writer| {
        writer.write_sequence(|data| {
            data.next().write_tagged(Tag::context(1), |name| {
                issuer.name.write(name);
            });
            write_time(data.next(), said.this_update);
            data.next().write_sequence(|list| {
                write_single(list.next(), serial, (issuer, &key), said);
            });
        });
    });
    let basic = issuer.key.signed(issuer.key.usual(), &tbs)?;
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|parts| {
            write_enumerated(parts.next(), 0);
            parts.next().write_tagged(Tag::context(0), |bytes| {
                bytes.write_sequence(|bytes| {
                    bytes.next().write_oid(&ObjectIdentifier::from_slice(BASIC));
                    bytes.next().write_bytes(&basic);
                });
            });
        });
    }))
}

fn write_single(writer: DERWriter<'_>, serial: &[u8], (issuer, key): (&Issued, &[u8]), said: Said) {
    writer.write_sequence(|single| {
        single.next().write_sequence(|id| {
            id.next().write_sequence(|algorithm| {
                algorithm
                    .next()
                    .write_oid(&ObjectIdentifier::from_slice(SHA1));
                algorithm.next().write_null();
            });
            let name = yasna::construct_der(|name| issuer.name.write(name));
            id.next().write_bytes(&sha1(&name));
            id.next().write_bytes(key);
            id.next()
                .write_tagged_implicit(TAG_INTEGER, |w| w.write_bytes(serial));
        });
        match said.revoked {
            None => single
                .next()
                .write_tagged_implicit(Tag::context(0), |good| good.write_null()),
            Some(at) => {
                single
                    .next()
                    .write_tagged_implicit(Tag::context(1), |info| {
                        info.write_sequence(|info| {
                            write_time(info.next(), at);
                            info.next().write_tagged(Tag::context(0), |reason| {
                                write_enumerated(reason, KEY_COMPROMISE);
                            });
                        });
                    });
            }
        }
        write_time(single.next(), said.this_update);
        single.next().write_tagged(Tag::context(0), |next| {
            write_time(next, said.next_update);
        });
    });
}

fn write_enumerated(writer: DERWriter<'_>, number: u8) {
    writer.write_tagged_implicit(TAG_ENUM, |w| w.write_bytes(&[number]));
}

fn write_time(writer: DERWriter<'_>, moment: Moment) {
    let calendar = moment.calendar();
    let (date, clock) = (calendar.date(), calendar.time());
    let text = format!(
        "{:04}{:02}{:02}{:02}{:02}{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    );
    writer.write_tagged_implicit(TAG_GENERALIZEDTIME, |w| w.write_bytes(text.as_bytes()));
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}
