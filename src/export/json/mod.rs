//! The JSON of an inspection, schema 1. The only file that serialises one; its structs are the schema.
//!
//! Text from outside is escaped as on screen, so that a consumer that prints a value is safe; `pem`
//! holds the exact bytes. Members may be added within a schema number, never removed or changed.

use std::time::Duration;

use serde::Serialize;

use crate::capture::{Outcome, Possession, Seen};
use crate::cert::ocsp::ResponderId;
use crate::cert::{
    Certificate, ExtensionValue, GeneralName, Key, KeyKind, extension::KeyUsage, pem,
};
use crate::chain::{Node, NodeId, Origin, PathEnd};
use crate::diagnosis::{Finding, Subject, Who};
use crate::inspect::Inspection;
use crate::judge::client::{ClientVerdict, Kind};
use crate::judge::{self, Engine, Says, Staple};
use crate::moment::Moment;
use crate::net::{AttemptResult, Route};
use crate::text;

use super::words;
use schema::{
    Alert, Attempt, ClientCertificate, Connection, Defect, Ended, Extension, Fact, Found,
    Judgement, OcspAnswer, Path, Proxy, PublicKey, Remedy, Report, Selection, Session, Timings,
};
pub(super) use schema::{Cert, Checked, Reason, Supposed, Turn};
pub(super) use supposed::{next_change, supposed};

mod schema;
mod supposed;

/// The number of the schema written here.
pub const SCHEMA: u32 = 1;

/// One inspection as one line, with its line feed.
pub fn line(inspection: &Inspection) -> String {
    with_line_feed(&report(inspection))
}

/// Some certificates of an inspection as one line: `{schema, target, certificates}`.
pub(super) fn certificates(inspection: &Inspection, ids: &[NodeId]) -> String {
    with_line_feed(&Selection {
        schema: SCHEMA,
        target: text::safe(&inspection.capture.target.typed).into_owned(),
        certificates: ids
            .iter()
            .filter_map(|id| inspection.chain.node(*id))
            .map(node)
            .collect(),
    })
}

pub(super) fn with_line_feed(value: &impl Serialize) -> String {
    // Strings, numbers and lists only: there is nothing in these structs that can fail to serialise.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}

fn report(inspection: &Inspection) -> Report {
    Report {
        schema: SCHEMA,
        target: text::safe(&inspection.capture.target.typed).into_owned(),
        outcome: inspection.outcome.id(),
        judged_at: inspection.at.rfc3339(),
        judged_at_given: inspection.at_given,
        what_if: supposed(inspection),
        next_change: next_change(inspection),
        fetched: inspection
            .further
            .fetched
            .iter()
            .map(supposed::fetch)
            .collect(),
        connection: connection(inspection),
        session: session(inspection),
        timings_ms: timings(inspection),
        certificates: inspection.chain.nodes.iter().map(node).collect(),
        paths: inspection
            .chain
            .paths
            .iter()
            .map(|path| Path {
                certificates: indices(&path.nodes),
                end: match path.end {
                    PathEnd::SelfSigned => "self-signed",
                    PathEnd::Anchor => "anchor",
                    PathEnd::Missing => "missing",
                },
            })
            .collect(),
        verdicts: judgements(inspection),
        findings: inspection.findings.iter().map(found).collect(),
    }
}

fn connection(inspection: &Inspection) -> Connection {
    use crate::target::Source;
    let capture = &inspection.capture;
    let endpoint = capture.target.endpoint();
    let (complete, stage, failure) = match &capture.outcome {
        Outcome::Complete => (true, None, None),
        Outcome::Failed { stage, failure } => {
            (false, Some(stage.id()), Some(words::failure(failure)))
        }
    };
    Connection {
        kind: match capture.target.source {
            Source::Endpoint(_) => "endpoint",
            Source::File(_) => "file",
            Source::Stdin => "stdin",
        },
        host: endpoint.map(|e| e.host.to_string()),
        port: endpoint.map(|e| e.port),
        verified_name: endpoint.map(|e| e.verified().to_string()),
        proxy: match &capture.route {
            Route::Direct => None,
            Route::Proxy { url, because, .. } => Some(Proxy {
                url: url.clone(),
                because: because.clone(),
            }),
        },
        peer: capture.peer.map(|peer| peer.to_string()),
        attempts: capture
            .attempts
            .iter()
            .map(|attempt| Attempt {
                address: attempt.address.to_string(),
                began_ms: ms(attempt.began),
                took_ms: ms(attempt.took),
                result: match attempt.result {
                    AttemptResult::Connected => "connected",
                    AttemptResult::Abandoned => "abandoned",
                    AttemptResult::Failed(_) => "failed",
                },
                message: match &attempt.result {
                    AttemptResult::Failed(words) => Some(words.clone()),
                    _ => None,
                },
            })
            .collect(),
        ended: Ended {
            complete,
            stage,
            failure,
        },
    }
}

/// The session; `null` for files, and when no server was reached.
fn session(inspection: &Inspection) -> Option<Session> {
    let capture = &inspection.capture;
    capture.peer?;
    let session = &capture.session;
    let (key_possession, key_possession_message) = match &session.possession {
        Possession::NotReached => ("not-reached", None),
        Possession::Proved => ("proved", None),
        Possession::Failed(why) => ("failed", Some(why.clone())),
        Possession::CannotCheck(why) => ("cannot-check", Some(why.clone())),
    };
    Some(Session {
        version: session.version.clone(),
        cipher_suite: session.cipher_suite.clone(),
        group: session.group.clone(),
        alpn: session.alpn.as_ref().map(ToString::to_string),
        server_name: session
            .server_name
            .as_deref()
            .map(|name| text::safe(name).into_owned()),
        ocsp_staple: session
            .ocsp_staple
            .as_deref()
            .map(|der| data_encoding::BASE64.encode(der)),
        ocsp_answer: inspection.staple.as_ref().map(answer),
        client_certificate: session.client_auth.as_ref().map(|asked| ClientCertificate {
            required: asked.required,
            authorities: words::authorities(asked),
        }),
        key_possession,
        key_possession_message,
        alert: session.alert.as_ref().map(|alert| Alert {
            code: alert.code,
            name: alert.name.clone(),
        }),
        certificates_seen_by: match capture.seen_by {
            Seen::Nothing => "nothing",
            Seen::Handshake => "handshake",
            Seen::Clear => "clear-text",
            Seen::File => "file",
        },
        certificates_not_kept: capture.not_kept,
    })
}

fn answer(staple: &Staple) -> OcspAnswer {
    let (revoked_at, reason) = match &staple.says {
        Says::Revoked { at, why } => (*at, (!why.is_empty()).then_some(*why)),
        Says::Good | Says::Nothing(_) => (None, None),
    };
    let basic = staple.response.basic.as_ref();
    OcspAnswer {
        says: staple.says.id(),
        message: staple.says.words(),
        revoked_at: revoked_at.map(Moment::rfc3339),
        reason,
        this_update: staple.updates.map(|(this, _)| this.rfc3339()),
        next_update: staple
            .updates
            .and_then(|(_, next)| next)
            .map(Moment::rfc3339),
        responder: basic.map(|basic| match &basic.responder {
            ResponderId::Name(name) => name.rfc4514(),
            ResponderId::Key(id) => text::hex(id),
        }),
    }
}

/// Milliseconds of each stage reached, and `total`.
fn timings(inspection: &Inspection) -> Timings {
    let stages = inspection.capture.timings.iter();
    let mut timings: Vec<_> = stages
        .map(|(stage, took)| (stage.id(), ms(*took)))
        .collect();
    timings.push(("total", ms(inspection.took)));
    Timings(timings)
}

/// Milliseconds, rounded to whole microseconds.
fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

pub(super) fn indices(ids: &[NodeId]) -> Vec<usize> {
    ids.iter().map(|id| id.0).collect()
}

pub(super) fn node(node: &Node) -> Cert {
    let none = Vec::new;
    let (origin, positions, stores, fetched_from) = match &node.origin {
        Origin::Sent(positions) => ("sent", positions.clone(), Vec::new(), None),
        Origin::Assumed => ("assumed", none(), Vec::new(), None),
        Origin::Fetched(from) => ("fetched", none(), Vec::new(), Some(from.clone())),
        Origin::Store(stores) => ("store", none(), stores.clone(), None),
        Origin::Missing => ("missing", none(), Vec::new(), None),
    };
    let blank = Cert {
        origin,
        positions,
        stores,
        fetched_from,
        anchored_in: node.anchored_in.clone(),
        subject: String::new(),
        issuer: None,
        serial: None,
        version: None,
        not_before: None,
        not_after: None,
        san: Vec::new(),
        key: None,
        signature_algorithm: None,
        sha256: None,
        sha1: None,
        spki_sha256: None,
        pin_sha256: None,
        is_ca: None,
        path_len: None,
        key_usage: None,
        extended_key_usage: None,
        subject_key_id: None,
        authority_key_id: None,
        ca_issuers: Vec::new(),
        ocsp: Vec::new(),
        crl_distribution_points: Vec::new(),
        must_staple: false,
        scts: 0,
        extensions: Vec::new(),
        pem: None,
        defects: Vec::new(),
    };
    match (&node.certificate, &node.ghost) {
        (Some(certificate), _) => full(certificate, blank),
        (None, Some(ghost)) => Cert {
            subject: ghost.name.rfc4514(),
            subject_key_id: ghost.key_id.as_deref().map(text::hex),
            ..blank
        },
        (None, None) => blank,
    }
}

fn full(certificate: &Certificate, blank: Cert) -> Cert {
    let mut crls = Vec::new();
    let mut scts = 0;
    for extension in &certificate.extensions {
        match &extension.value {
            ExtensionValue::CrlDistributionPoints(names) => {
                crls.extend(names.iter().map(ToString::to_string));
            }
            ExtensionValue::SignedCertificateTimestamps(list) => scts = list.len(),
            _ => {}
        }
    }
    Cert {
        subject: certificate.subject.rfc4514(),
        issuer: Some(certificate.issuer.rfc4514()),
        serial: Some(text::hex(&certificate.serial)),
        version: certificate.version,
        not_before: certificate.not_before.map(|at| at.rfc3339()),
        not_after: certificate.not_after.map(|at| at.rfc3339()),
        san: certificate.subject_alt_names().iter().map(san).collect(),
        key: Some(key(&certificate.key)),
        signature_algorithm: Some(certificate.signature_algorithm.name.clone()),
        sha256: Some(text::hex(&certificate.sha256)),
        sha1: Some(text::hex(&certificate.sha1)),
        spki_sha256: certificate.spki_sha256.map(|pin| text::hex(&pin)),
        pin_sha256: certificate
            .spki_sha256
            .map(|pin| data_encoding::BASE64.encode(&pin)),
        is_ca: Some(certificate.is_ca()),
        path_len: certificate.basic_constraints().and_then(|(_, len)| len),
        key_usage: certificate.key_usage().map(usages),
        extended_key_usage: certificate
            .extended_key_usage()
            .map(|oids| oids.iter().map(words::purpose).collect()),
        subject_key_id: certificate.subject_key_id().map(text::hex),
        authority_key_id: certificate.authority_key_id().map(text::hex),
        ca_issuers: certificate
            .ca_issuers()
            .iter()
            .map(ToString::to_string)
            .collect(),
        ocsp: words::ocsp(certificate),
        crl_distribution_points: crls,
        must_staple: certificate.must_staple(),
        scts,
        extensions: certificate
            .extensions
            .iter()
            .map(|extension| Extension {
                oid: extension.oid.to_string(),
                critical: extension.critical,
            })
            .collect(),
        pem: Some(pem::encode(&certificate.der)),
        defects: certificate
            .defects
            .iter()
            .map(|defect| Defect {
                field: defect.field,
                message: defect.words.clone(),
            })
            .collect(),
        ..blank
    }
}

/// As in OpenSSL's configuration: `DNS:localhost`, `IP:127.0.0.1`.
fn san(name: &GeneralName) -> String {
    let kind = match name {
        GeneralName::Dns(_) => "DNS",
        GeneralName::Ip(_) | GeneralName::IpRange { .. } => "IP",
        GeneralName::Email(_) => "email",
        GeneralName::Uri(_) => "URI",
        GeneralName::Directory(_) => "dirName",
        GeneralName::RegisteredId(_) => "RID",
        GeneralName::Other { .. } => "otherName",
        GeneralName::X400(_) => "x400Name",
        GeneralName::EdiParty(_) => "ediPartyName",
        GeneralName::Invalid { .. } => "invalid",
    };
    format!("{kind}:{name}")
}

fn key(key: &Key) -> PublicKey {
    PublicKey {
        algorithm: match &key.kind {
            KeyKind::Rsa { .. } => "RSA".to_owned(),
            KeyKind::RsaPss { .. } => "RSA-PSS".to_owned(),
            KeyKind::Ec { .. } => "EC".to_owned(),
            KeyKind::Ed25519 => "Ed25519".to_owned(),
            KeyKind::Ed448 => "Ed448".to_owned(),
            KeyKind::Dsa => "DSA".to_owned(),
            KeyKind::MlDsa { level } => format!("ML-DSA-{level}"),
            KeyKind::Unknown => key.oid.to_string(),
        },
        bits: key.bits,
        curve: match &key.kind {
            KeyKind::Ec { curve } => Some(curve.clone()),
            _ => None,
        },
    }
}

fn usages(usage: KeyUsage) -> Vec<&'static str> {
    words::KEY_USAGES
        .iter()
        .enumerate()
        .filter(|(bit, _)| usage.has(1 << bit))
        .map(|(_, name)| *name)
        .collect()
}

/// Two entries a store: what Rust's verifier says, and our own walk of RFC 5280.
fn judgements(inspection: &Inspection) -> Vec<Judgement> {
    if !inspection.compared.is_empty() {
        let changed = inspection.changed();
        let pretended = |one: &ClientVerdict| {
            inspection.asked.what_if.is_beyond_time()
                && one.accepted
                && changed.iter().any(|c| c.id == one.client.id)
        };
        return inspection
            .compared
            .iter()
            .map(|one| compared(one, pretended(one)))
            .collect();
    }
    inspection
        .verdicts
        .iter()
        .flat_map(|verdict| {
            let webpki = Judgement {
                client: "rustls-webpki".to_owned(),
                version: String::new(),
                kind: "measured",
                store: verdict.store.clone(),
                store_title: verdict.store_title.clone(),
                accepted: verdict.webpki.is_ok(),
                pretended: verdict.pretended,
                path: Vec::new(),
                reasons: Vec::new(),
                steps: Vec::new(),
                message: verdict.webpki.clone().err(),
            };
            let reasons = reasons(&verdict.reasons);
            let walk = Judgement {
                client: "rfc5280".to_owned(),
                version: String::new(),
                kind: "measured",
                store: verdict.store.clone(),
                store_title: verdict.store_title.clone(),
                accepted: reasons.is_empty(),
                pretended: verdict.pretended,
                path: indices(&verdict.path),
                message: reasons.first().map(|reason| reason.message.clone()),
                reasons,
                steps: steps(&verdict.steps, &verdict.reasons),
            };
            [webpki, walk]
        })
        .collect()
}

/// What one client says.
fn compared(one: &ClientVerdict, pretended: bool) -> Judgement {
    let engine = one.client.policy.engine;
    let asked_itself = one.client.plain && matches!(engine, Engine::Rfc5280 | Engine::Webpki);
    Judgement {
        client: one.client.id.clone(),
        version: one.client.versions.join("; "),
        // The RFC's rules are our own and webpki is asked itself; a program around it is not.
        kind: match one.kind {
            Kind::Predicted if !asked_itself => "predicted",
            Kind::Predicted | Kind::Measured => "measured",
        },
        store: one.store.clone(),
        store_title: one.store.clone(),
        accepted: one.accepted,
        pretended,
        path: indices(&one.path),
        reasons: reasons(&one.reasons),
        steps: match one.client.policy.engine {
            Engine::Rfc5280 => steps(&one.steps, &one.reasons),
            _ => Vec::new(),
        },
        message: (!one.accepted).then(|| one.message.clone()),
    }
}

pub(super) fn reasons(all: &[judge::Reason]) -> Vec<Reason> {
    all.iter()
        .map(|reason| Reason {
            id: reason.kind.id(),
            certificate: reason.node.map(|id| id.0),
            message: words::reason(&reason.kind),
        })
        .collect()
}

pub(super) fn steps(all: &[judge::Step], reasons: &[judge::Reason]) -> Vec<Checked> {
    all.iter()
        .map(|step| Checked {
            check: step.check,
            certificate: step.node.0,
            state: step.state.id(),
            evidence: words::evidence(step, reasons),
        })
        .collect()
}

fn found(finding: &Finding) -> Found {
    let (about, certificate, store) = match &finding.subject {
        Subject::Connection => ("connection", None, None),
        Subject::Node(id) => ("certificate", Some(id.0), None),
        Subject::Store(id) => ("store", None, Some(id.clone())),
        Subject::Machine => ("machine", None, None),
    };
    Found {
        id: finding.rule.id,
        severity: finding.severity.id(),
        about,
        certificate,
        store,
        summary: finding.summary.clone(),
        evidence: finding
            .evidence
            .iter()
            .map(|fact| Fact {
                label: fact.label.clone(),
                value: fact.value.clone(),
            })
            .collect(),
        fixes: finding
            .fixes
            .iter()
            .map(|fix| Remedy {
                who: match fix.who {
                    Who::You => "you",
                    Who::ServerOwner => "server-owner",
                    Who::NetworkOwner => "network-owner",
                },
                action: fix.action.clone(),
                command: fix.command.clone(),
            })
            .collect(),
    }
}
