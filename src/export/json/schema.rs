//! The members of the JSON, in their order. What they mean is said in the README.

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

#[derive(Serialize)]
pub(super) struct Report {
    pub schema: u32,
    pub target: String,
    pub outcome: &'static str,
    pub judged_at: String,
    pub judged_at_given: bool,
    pub what_if: Option<Supposed>,
    pub next_change: Option<Turn>,
    pub fetched: Vec<Fetch>,
    pub connection: Connection,
    pub session: Option<Session>,
    pub timings_ms: Timings,
    pub certificates: Vec<Cert>,
    pub paths: Vec<Path>,
    pub verdicts: Vec<Judgement>,
    pub findings: Vec<Found>,
}

#[derive(Serialize)]
pub(in crate::export) struct Supposed {
    pub assumed: Vec<Assumed>,
    pub without_effect: Vec<String>,
    pub actual_outcome: &'static str,
    pub changed: Vec<Change>,
}

#[derive(Serialize)]
pub(in crate::export) struct Assumed {
    pub what: &'static str,
    pub value: String,
    pub message: String,
}

#[derive(Serialize)]
pub(in crate::export) struct Change {
    pub id: String,
    pub title: String,
    pub before: bool,
    pub after: bool,
}

#[derive(Serialize)]
pub(in crate::export) struct Turn {
    pub at: String,
    pub certificate: usize,
    pub because: &'static str,
    pub accepted: bool,
    pub lost: Vec<String>,
    pub gained: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Fetch {
    pub address: String,
    pub wanted: String,
    pub certificates: usize,
    pub message: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Selection {
    pub schema: u32,
    pub target: String,
    pub certificates: Vec<Cert>,
}

#[derive(Serialize)]
pub(super) struct Connection {
    pub kind: &'static str,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub verified_name: Option<String>,
    pub proxy: Option<Proxy>,
    pub peer: Option<String>,
    pub attempts: Vec<Attempt>,
    pub ended: Ended,
}

#[derive(Serialize)]
pub(super) struct Proxy {
    pub url: String,
    pub because: String,
}

#[derive(Serialize)]
pub(super) struct Attempt {
    pub address: String,
    pub began_ms: f64,
    pub took_ms: f64,
    pub result: &'static str,
    pub message: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Ended {
    pub complete: bool,
    pub stage: Option<&'static str>,
    pub failure: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Session {
    pub version: Option<String>,
    pub cipher_suite: Option<String>,
    pub group: Option<String>,
    pub alpn: Option<String>,
    pub server_name: Option<String>,
    pub ocsp_staple: Option<String>,
    pub ocsp_answer: Option<OcspAnswer>,
    pub client_certificate: Option<ClientCertificate>,
    pub key_possession: &'static str,
    pub key_possession_message: Option<String>,
    pub alert: Option<Alert>,
    pub certificates_seen_by: &'static str,
    pub certificates_not_kept: usize,
}

#[derive(Serialize)]
pub(super) struct OcspAnswer {
    pub says: &'static str,
    pub message: String,
    pub revoked_at: Option<String>,
    pub reason: Option<&'static str>,
    pub this_update: Option<String>,
    pub next_update: Option<String>,
    pub responder: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ClientCertificate {
    pub required: bool,
    pub authorities: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Alert {
    pub code: u8,
    pub name: String,
}

#[derive(Serialize)]
pub(in crate::export) struct Cert {
    pub origin: &'static str,
    pub positions: Vec<usize>,
    pub stores: Vec<String>,
    pub fetched_from: Option<String>,
    pub anchored_in: Vec<String>,
    pub subject: String,
    pub issuer: Option<String>,
    pub serial: Option<String>,
    pub version: Option<u32>,
    pub not_before: Option<String>,
    pub not_after: Option<String>,
    pub san: Vec<String>,
    pub key: Option<PublicKey>,
    pub signature_algorithm: Option<String>,
    pub sha256: Option<String>,
    pub sha1: Option<String>,
    pub spki_sha256: Option<String>,
    pub pin_sha256: Option<String>,
    pub is_ca: Option<bool>,
    pub path_len: Option<u32>,
    pub key_usage: Option<Vec<&'static str>>,
    pub extended_key_usage: Option<Vec<String>>,
    pub subject_key_id: Option<String>,
    pub authority_key_id: Option<String>,
    pub ca_issuers: Vec<String>,
    pub ocsp: Vec<String>,
    pub crl_distribution_points: Vec<String>,
    pub must_staple: bool,
    pub scts: usize,
    pub extensions: Vec<Extension>,
    pub pem: Option<String>,
    pub defects: Vec<Defect>,
}

#[derive(Serialize)]
pub(in crate::export) struct PublicKey {
    pub algorithm: String,
    pub bits: u32,
    pub curve: Option<String>,
}

#[derive(Serialize)]
pub(in crate::export) struct Extension {
    pub oid: String,
    pub critical: bool,
}

#[derive(Serialize)]
pub(in crate::export) struct Defect {
    pub field: &'static str,
    pub message: String,
}

#[derive(Serialize)]
pub(super) struct Path {
    pub certificates: Vec<usize>,
    pub end: &'static str,
}

#[derive(Serialize)]
pub(super) struct Judgement {
    pub client: String,
    pub version: String,
    pub kind: &'static str,
    pub store: String,
    pub store_title: String,
    pub accepted: bool,
    pub pretended: bool,
    pub path: Vec<usize>,
    pub reasons: Vec<Reason>,
    pub steps: Vec<Checked>,
    pub message: Option<String>,
}

#[derive(Serialize)]
pub(in crate::export) struct Checked {
    pub check: &'static str,
    pub certificate: usize,
    pub state: &'static str,
    pub evidence: String,
}

#[derive(Serialize)]
pub(in crate::export) struct Reason {
    pub id: &'static str,
    pub certificate: Option<usize>,
    pub message: String,
}

#[derive(Serialize)]
pub(super) struct Found {
    pub id: &'static str,
    pub severity: &'static str,
    pub about: &'static str,
    pub certificate: Option<usize>,
    pub store: Option<String>,
    pub summary: String,
    pub evidence: Vec<Fact>,
    pub fixes: Vec<Remedy>,
}

#[derive(Serialize)]
pub(super) struct Fact {
    pub label: String,
    pub value: String,
}

#[derive(Serialize)]
pub(super) struct Remedy {
    pub who: &'static str,
    pub action: String,
    pub command: Option<String>,
}

/// Milliseconds by stage, in the order in which the stages were reached.
pub(super) struct Timings(pub Vec<(&'static str, f64)>);

impl Serialize for Timings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (stage, ms) in &self.0 {
            map.serialize_entry(stage, ms)?;
        }
        map.end()
    }
}
