//! Lists of revoked certificates, read for judging (RFC 5280, section 5).

use std::collections::HashMap;
use std::sync::Arc;

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::cert::Name;
use crate::moment::Moment;

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
    entries: HashMap<Vec<u8>, Entry>,
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
        let (_, list) = CertificateRevocationList::from_der(&der)
            .map_err(|e| crate::text::safe(&e.to_string()).into_owned())?;
        let entries = list
            .iter_revoked_certificates()
            .map(|r| {
                let why = r
                    .extensions()
                    .iter()
                    .find_map(|e| match e.parsed_extension() {
                        ParsedExtension::ReasonCode(code) => Some(words(code.0)),
                        _ => None,
                    });
                let entry = Entry {
                    at: Moment::from_unix(r.revocation_date.timestamp()),
                    why: why.unwrap_or_default().to_owned(),
                };
                (r.raw_serial().to_vec(), entry)
            })
            .collect();
        let issuer = Name {
            der: list.issuer().as_raw().to_vec(),
            rdns: Vec::new(),
        };
        let this_update = Moment::from_unix(list.last_update().timestamp());
        let next_update = list.next_update().map(|t| Moment::from_unix(t.timestamp()));
        Ok(Self {
            issuer,
            this_update,
            next_update,
            entries,
            der: der.clone(),
        })
    }

    /// The entry of this serial number (content octets), if it is listed.
    pub fn entry(&self, serial: &[u8]) -> Option<&Entry> {
        self.entries.get(serial)
    }
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
        8 => "removed from the list",
        9 => "privilege withdrawn",
        10 => "AA compromise",
        _ => "",
    }
}
