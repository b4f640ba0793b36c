//! The errors of Go's crypto/x509, with the hint it adds about the issuer it could not use.

use super::event::{Event, Rejected};
use super::names;
use crate::cert::{Certificate, KeyKind};
use crate::judge::{Reason, ReasonKind, SerialFault, StrictRule};
use crate::moment::Moment;
use crate::target::Host;

/// What Go met.
pub(super) fn event(rejected: &Rejected<'_>) -> Event {
    let Some(reason) = rejected.first() else {
        return Event::new(["certificate"])
            .with("NATIVE", "x509: certificate signed by unknown authority");
    };
    if let Some(words) = unparsable(&reason.kind) {
        return Event::new(["unparsable", "certificate"]).with("NATIVE", words);
    }
    Event::new(["certificate"]).with("NATIVE", words(rejected, reason))
}

/// Go refuses to parse these at all.
fn unparsable(kind: &ReasonKind) -> Option<String> {
    Some(match kind {
        ReasonKind::Strict(StrictRule::AuthorityKeyIdCritical) => {
            "x509: authority key identifier incorrectly marked critical".to_owned()
        }
        ReasonKind::Strict(StrictRule::SubjectKeyIdCritical) => {
            "x509: subject key identifier incorrectly marked critical".to_owned()
        }
        ReasonKind::Serial(SerialFault::Negative) => "x509: negative serial number".to_owned(),
        ReasonKind::Serial(_) => "x509: malformed serial number".to_owned(),
        ReasonKind::DuplicateExtension { oid } => {
            format!("x509: certificate contains duplicate extension with OID \"{oid}\"")
        }
        ReasonKind::Version { .. } => "x509: invalid version".to_owned(),
        // The engine says it in Go's words, as far as it knows them.
        ReasonKind::Unreadable(words) if words.starts_with("x509: ") => words.clone(),
        ReasonKind::Unreadable(_) => "x509: malformed certificate".to_owned(),
        ReasonKind::AlgorithmMismatch => {
            "x509: inner and outer signature algorithm identifiers don't match".to_owned()
        }
        _ => return None,
    })
}

fn words(rejected: &Rejected<'_>, reason: &Reason) -> String {
    match &reason.kind {
        ReasonKind::Expired { not_after } => dates(rejected.question.at, "after", *not_after),
        ReasonKind::NotYetValid { not_before } => {
            dates(rejected.question.at, "before", *not_before)
        }
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. } => name(rejected),
        ReasonKind::PathTooLong { .. } | ReasonKind::TooDeep { .. } => {
            "x509: too many intermediates for path length constraint".to_owned()
        }
        ReasonKind::NameConstraint { name, detail, .. } => {
            constraint(name, detail, rejected.profile.policy.constraints_last)
        }
        ReasonKind::BudgetSpent if rejected.profile.policy.constraints_last => {
            "x509: signature check attempts limit reached while verifying certificate chain"
                .to_owned()
        }
        ReasonKind::NotForServers { .. } | ReasonKind::NotForClients { .. } => {
            "x509: certificate specifies an incompatible key usage".to_owned()
        }
        ReasonKind::UnknownCriticalExtension { .. } => {
            "x509: unhandled critical extension".to_owned()
        }
        ReasonKind::Policy(_) if rejected.profile.policy.constraints_last => {
            "x509: no valid chains built: 1 candidate chains with invalid policies".to_owned()
        }
        ReasonKind::Policy(_) => {
            "x509: no valid chains built: all candidate chains have invalid policies".to_owned()
        }
        // Named first, it is no hint about a candidate.
        ReasonKind::NotACa => {
            "x509: certificate is not authorized to sign other certificates".to_owned()
        }
        _ => unknown_authority(rejected),
    }
}

fn dates(now: Moment, which: &str, limit: Moment) -> String {
    format!(
        "x509: certificate has expired or is not yet valid: current time {} is {which} {}",
        now.rfc3339(),
        limit.rfc3339()
    )
}

/// An error about name constraints; `since_1_26` words what cannot be parsed in the newer way.
fn constraint(name: &str, detail: &str, since_1_26: bool) -> String {
    const BASE: &str =
        "x509: a root or intermediate certificate is not authorized to sign for this name";
    let unparsed = detail == "cannot be parsed";
    match name.strip_prefix("URI ") {
        _ if unparsed && !since_1_26 => format!("x509: cannot parse {name}"),
        _ if unparsed && name.starts_with("dnsName") => {
            format!("{BASE}: x509: cannot parse {name}")
        }
        _ if unparsed => format!("{BASE}: cannot parse {name}"),
        Some(uri) if detail.starts_with("with ") => {
            let (what, rest) = detail.split_once(" cannot").unwrap_or((detail, ""));
            format!("{BASE}: URI {what} ({uri}) cannot{rest}")
        }
        _ => format!("{BASE}: {name} {detail}"),
    }
}

/// From so many names on, Go only counts them.
const MOST_NAMES: usize = 100;

/// `x509.HostnameError`.
fn name(rejected: &Rejected<'_>) -> String {
    let (Some(leaf), Some(wanted)) = (rejected.leaf(), rejected.question.name.as_ref()) else {
        return "x509: certificate is not valid for any names".to_owned();
    };
    let host = names::host(wanted);
    // Only version 3 has extensions; others are not looked at.
    let has_names = leaf.version == Some(3) && names::has_alt_names(leaf);
    if !has_names && crate::judge::name::common_name_matches(leaf, wanted) {
        return "x509: certificate relies on legacy Common Name field, use SANs instead".to_owned();
    }
    let (valid, kind) = match wanted {
        Host::Ip(_) => {
            let addresses = names::addresses(leaf);
            if addresses.is_empty() {
                return format!(
                    "x509: cannot validate certificate for {host} because it doesn't contain any IP SANs"
                );
            }
            (addresses, "IP SANs")
        }
        Host::Name { .. } => (names::dns_names(leaf), "names"),
    };
    if valid.len() >= MOST_NAMES {
        return format!(
            "x509: certificate is valid for {} {kind}, but none matched {host}",
            valid.len()
        );
    }
    if valid.is_empty() {
        return format!("x509: certificate is not valid for any names, but wanted to match {host}");
    }
    format!(
        "x509: certificate is valid for {}, not {host}",
        valid.join(", ")
    )
}

/// `x509.UnknownAuthorityError` with the first candidate issuer that could not be used, and why.
fn unknown_authority(rejected: &Rejected<'_>) -> String {
    const BASE: &str = "x509: certificate signed by unknown authority";
    match hint(rejected).or_else(|| namesake(rejected)) {
        Some((why, candidate)) => {
            let name = match names::common_name(candidate) {
                empty if empty.is_empty() => candidate.subject.short().unwrap_or_default(),
                name => name,
            };
            format!(
                "{BASE} (possibly because of \"{why}\" while trying to verify candidate authority certificate \"{name}\")"
            )
        }
        None => BASE.to_owned(),
    }
}

fn hint<'a>(rejected: &'a Rejected<'_>) -> Option<(String, &'a Certificate)> {
    rejected.answer.failures.iter().find_map(|reason| {
        let node = reason.node?;
        match &reason.kind {
            // These name the candidate itself …
            ReasonKind::NotACa | ReasonKind::NoCertSign => Some((
                "x509: invalid signature: parent certificate cannot sign this kind of certificate"
                    .to_owned(),
                rejected.certificate(node)?,
            )),
            ReasonKind::WeakKey { bits } => Some((
                format!("crypto/rsa: {bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"),
                rejected.certificate(node)?,
            )),
            // … these the certificate whose signature it is.
            ReasonKind::BadSignature
            | ReasonKind::WeakHash(_)
            | ReasonKind::UnsupportedSignature { .. }
            | ReasonKind::UncheckedSignature(_) => {
                let child = rejected.certificate(node)?;
                let candidate = rejected.certificate(rejected.issuer_of(node)?)?;
                Some((signature(rejected, &reason.kind, child, candidate), candidate))
            }
            _ => None,
        }
    })
}

/// A trusted certificate of the name that a self-signed leaf says issued it: Go tries it, in vain.
fn namesake<'a>(rejected: &'a Rejected<'_>) -> Option<(String, &'a Certificate)> {
    let leaf = rejected.leaf().filter(|leaf| leaf.is_self_issued())?;
    let mut anchors = rejected.anchors.iter();
    let candidate = anchors.find_map(|id| {
        let anchor = rejected.certificate(id)?;
        (anchor.subject.der == leaf.issuer.der && anchor.der != leaf.der).then_some(anchor)
    })?;
    let why = signature(rejected, &ReasonKind::BadSignature, leaf, candidate);
    Some((why, candidate))
}

fn signature(
    rejected: &Rejected<'_>,
    kind: &ReasonKind,
    child: &Certificate,
    candidate: &Certificate,
) -> String {
    let name = child.signature_algorithm.name.to_lowercase();
    let is_ecdsa = name.contains("ecdsa");
    let is_rsa = name.contains("rsa") && !is_ecdsa;
    match kind {
        ReasonKind::WeakHash(_) => {
            let algorithm = algorithm(child);
            // Before 1.24 SHA-1 could be allowed.
            let hint = rejected.profile.speech.value("SHA1_HINT");
            let hint = hint.filter(|_| algorithm.contains("SHA1"));
            let hint = hint.map_or_else(String::new, |hint| format!(" {hint}"));
            format!("x509: cannot verify signature: insecure algorithm {algorithm}{hint}")
        }
        ReasonKind::UnsupportedSignature { .. } | ReasonKind::UncheckedSignature(_) => {
            "x509: cannot verify signature: algorithm unimplemented".to_owned()
        }
        _ => match &candidate.key.kind {
            KeyKind::Rsa { .. } if is_rsa => "crypto/rsa: verification error".to_owned(),
            KeyKind::Ec { .. } if is_ecdsa => "x509: ECDSA verification failure".to_owned(),
            KeyKind::Ed25519 if name.contains("ed25519") => {
                "x509: Ed25519 verification failure".to_owned()
            }
            other => format!(
                "x509: signature algorithm specifies an {} public key, but have public key of type {}",
                if is_ecdsa {
                    "ECDSA"
                } else if is_rsa {
                    "RSA"
                } else {
                    "Ed25519"
                },
                go_type(other)
            ),
        },
    }
}

fn go_type(kind: &KeyKind) -> &'static str {
    match kind {
        KeyKind::Rsa { .. } => "*rsa.PublicKey",
        KeyKind::Ec { .. } => "*ecdsa.PublicKey",
        KeyKind::Ed25519 => "ed25519.PublicKey",
        KeyKind::Dsa => "*dsa.PublicKey",
        _ => "<nil>",
    }
}

/// Go's name of a weak signature algorithm.
fn algorithm(certificate: &Certificate) -> String {
    let name = certificate.signature_algorithm.name.to_lowercase();
    let is_ecdsa = name.contains("ecdsa");
    let hash = if name.contains("md5") {
        "MD5"
    } else if name.contains("md2") {
        "MD2"
    } else {
        "SHA1"
    };
    if is_ecdsa {
        format!("ECDSA-{hash}")
    } else {
        format!("{hash}-RSA")
    }
}
