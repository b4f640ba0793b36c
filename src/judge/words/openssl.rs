//! OpenSSL's verify codes, and what the programs on top of it make of a wrong name.

use std::fmt::Write as _;

use super::event::{Event, Rejected};
use super::names;
use crate::cert::asn1::Element;
use crate::cert::{GeneralName, KeyKind};
use crate::judge::policy::{CommonName, Report, WhichCommonName};
use crate::judge::{
    ConstraintFault, Engine, ListFault, PolicyFault, Reason, ReasonKind, SerialFault, StapleFault,
    StrictRule,
};
use crate::target::Host;

/// What OpenSSL (or BoringSSL) met, named by its code (`X509_V_ERR_…`).
pub(super) fn event(rejected: &Rejected<'_>) -> Event {
    let Some(reason) = rejected.first() else {
        return Event::new(["1", "certificate"]);
    };
    if matches!(
        reason.kind,
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. }
    ) {
        return name(rejected);
    }
    let unread = matches!(
        reason.kind,
        ReasonKind::Version { .. }
            | ReasonKind::Unreadable(_)
            | ReasonKind::Serial(SerialFault::Padded)
    );
    if unread && rejected.profile.policy.engine == Engine::Boringssl {
        return Event::new(["unparsable", "tls"]);
    }
    // The words of OpenSSL's reader, which few programs show alike, are not predicted.
    if reason.kind == ReasonKind::Serial(SerialFault::Padded) {
        return Event::new(["unread"]);
    }
    if reason.kind == ReasonKind::BadStaple(StapleFault::UnknownCertificate) {
        return Event::new(["ocsp-unknown", "certificate"]);
    }
    let code = code(rejected, reason).to_string();
    let trace = if code == "7" {
        signature_trace(rejected, reason)
    } else {
        None
    };
    let hint = matches!(code.as_str(), "2" | "18" | "21").then_some("certificate-hint");
    let names = trace
        .into_iter()
        .chain([code.as_str()])
        .chain(hint)
        .chain(["certificate"])
        .map(str::to_owned)
        .collect();
    Event {
        names,
        ..Event::default()
    }
    .with("NODE_CODE", node_code(&code))
}

/// The code that OpenSSL gives this reason.
fn code(rejected: &Rejected<'_>, reason: &Reason) -> u32 {
    let is_leaf = rejected.is_leaf(reason);
    match &reason.kind {
        ReasonKind::NoCertificate | ReasonKind::MissingIssuer => missing_issuer(rejected),
        ReasonKind::BudgetSpent => 1,
        ReasonKind::SelfSignedLeaf | ReasonKind::HeldLeafRefused => 18,
        ReasonKind::UnknownRoot => 19,
        ReasonKind::TooDeep { .. } => 22,
        ReasonKind::Distrusted(_) | ReasonKind::HeldForOtherUse => 28,
        ReasonKind::Expired { .. } => 10,
        ReasonKind::NotYetValid { .. } => 9,
        ReasonKind::ReversedValidity => 10,
        ReasonKind::NoValidity => {
            let of_the_end = reason
                .node
                .and_then(|id| rejected.certificate(id))
                .is_some_and(|c| !c.defects.iter().any(|d| d.field == "validity.notBefore"));
            if of_the_end { 14 } else { 13 }
        }
        ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. } => 62,
        ReasonKind::BadSignature
        | ReasonKind::UncheckedSignature(_)
        | ReasonKind::UnsupportedSignature { .. } => 7,
        ReasonKind::AlgorithmMismatch if rejected.profile.policy.strict => 78,
        ReasonKind::AlgorithmMismatch => 7,
        ReasonKind::WeakHash(_) => 68,
        ReasonKind::WeakKey { .. } if is_leaf => 66,
        ReasonKind::WeakKey { .. } => 67,
        ReasonKind::BadKey(_) if rejected.profile.policy.engine == Engine::Boringssl => 6,
        ReasonKind::BadKey(_) => 94,
        ReasonKind::NotACa => 79,
        // The CA check comes before the one for signatures; only who sees the last error sees 32.
        ReasonKind::NoCertSign if rejected.profile.policy.report == Report::Last => 32,
        ReasonKind::NoCertSign => 79,
        ReasonKind::CaAsLeaf => 79,
        ReasonKind::PathTooLong { .. } => 25,
        ReasonKind::NameConstraint { fault, .. } => match fault {
            ConstraintFault::NotPermitted => 47,
            ConstraintFault::Excluded => 48,
            ConstraintFault::Bounds => 49,
            ConstraintFault::Type => 51,
            ConstraintFault::Syntax => 53,
        },
        ReasonKind::Policy(PolicyFault::Unreadable) => 42,
        ReasonKind::Policy(_) => 43,
        ReasonKind::NotForServers { .. }
        | ReasonKind::NotForClients { .. }
        | ReasonKind::KeyUsageForbids { .. } => 26,
        ReasonKind::MustStaple | ReasonKind::TlsFeature => 96,
        ReasonKind::Revoked { .. } => 23,
        ReasonKind::RevocationUnknown(fault) => match fault {
            ListFault::NoneCovers | ListFault::Other(_) => 3,
            ListFault::BadSignature => 8,
            ListFault::NotYetValid => 11,
            ListFault::NoCrlSign => 35,
            ListFault::Critical => 36,
            ListFault::OtherScope => 44,
        },
        ReasonKind::BadStaple(_) => 3,
        ReasonKind::CrlExpired { .. } => 12,
        ReasonKind::UnknownCriticalExtension { .. } => 34,
        ReasonKind::ProxyCertificate => 40,
        ReasonKind::ProxyName => 72,
        ReasonKind::DuplicateExtension { .. } | ReasonKind::Unreadable(_) => 41,
        ReasonKind::Version { .. } => 93,
        ReasonKind::Serial(_) | ReasonKind::Profile(_) => 41,
        ReasonKind::Strict(rule) => strict(*rule),
    }
}

/// 20 when nothing of the path is known, 2 when it ends above something trusted, 21 for whoever sees
/// the last error and has only the leaf.
fn missing_issuer(rejected: &Rejected<'_>) -> u32 {
    let path = &rejected.answer.path;
    // What was sent counts as sent, also where the store holds it; the leaf always was.
    if path.iter().skip(1).any(|&n| rejected.anchors.holds(n)) {
        return 2;
    }
    let certificates = path
        .iter()
        .filter(|&&n| rejected.certificate(n).is_some())
        .count();
    if rejected.profile.policy.report == Report::Last && certificates <= 1 {
        21
    } else {
        20
    }
}

fn strict(rule: StrictRule) -> u32 {
    match rule {
        StrictRule::PathLengthWithoutCa => 80,
        StrictRule::PathLengthWithoutCertSign => 81,
        StrictRule::CertSignWithoutCa => 82,
        StrictRule::EmptyIssuer => 83,
        StrictRule::EmptySubject => 84,
        StrictRule::NoAuthorityKeyId => 85,
        StrictRule::NoSubjectKeyId => 86,
        StrictRule::EmptyAltName => 87,
        StrictRule::AltNameNotCritical => 88,
        StrictRule::BasicConstraintsNotCritical => 89,
        StrictRule::AuthorityKeyIdCritical => 90,
        StrictRule::SubjectKeyIdCritical => 91,
        StrictRule::CaWithoutKeyUsage => 92,
        StrictRule::ExtensionsWithoutVersion3 => 93,
    }
}

/// An RSA signature that does not verify leaves errors on OpenSSL's queue, and some programs print
/// those. The padding is not found when the signature's bytes are damaged or another key made it, the
/// usual cases; were only the signed part damaged, it would be the digest that differs. ECDSA leaves
/// none.
fn signature_trace(rejected: &Rejected<'_>, reason: &Reason) -> Option<&'static str> {
    let child = reason.node?;
    let issuer = rejected.issuer_of(child)?;
    let (key, signature) = (rejected.certificate(issuer)?, rejected.certificate(child)?);
    match key.key.kind {
        _ if reason.kind == ReasonKind::AlgorithmMismatch => return None,
        KeyKind::Rsa { .. } => {}
        // Two numbers that do not fit; what cannot be read as such leaves more.
        KeyKind::Ec { .. } => {
            let whole = Element::read(&signature.signature, 0);
            let numbers = whole.map_or(0, |pair| pair.inside().filter(|n| n.tag == 0x02).count());
            return (numbers == 2).then_some("ec-signature");
        }
        _ => return None,
    }
    // A number that is larger than the modulus is not even decrypted.
    let zeros = signature.signature.iter().take_while(|b| **b == 0).count();
    let number = signature.signature.get(zeros..).unwrap_or_default();
    let modulus = key.key.modulus.as_slice();
    let is_larger = (number.len(), number) >= (modulus.len(), modulus);
    Some(if is_larger {
        "rsa-modulus"
    } else {
        "rsa-padding"
    })
}

/// A wrong name, in the words of whoever compares names.
fn name(rejected: &Rejected<'_>) -> Event {
    let Some(leaf) = rejected.leaf() else {
        return Event::new(["62", "name", "certificate"]);
    };
    let wanted = rejected.question.name.as_ref();
    let is_address = matches!(wanted, Some(Host::Ip(_)));
    let host = wanted.map(names::host).unwrap_or_default();
    let dns = names::dns_names(leaf);
    let addresses = names::addresses(leaf);
    let common_name = match rejected.profile.policy.which_common_name {
        WhichCommonName::Last => {
            let last = leaf.subject.common_names().last();
            last.map(|n| n.raw().to_owned()).unwrap_or_default()
        }
        _ => names::common_name(leaf),
    };
    let has_names = !dns.is_empty() || !addresses.is_empty();
    let mut event = if is_address {
        Event::new(["64", "address", "name", "certificate"])
    } else {
        Event::new(["62", "name", "certificate"])
    };
    let names = leaf.subject_alt_names();
    // An address of a wrong length is one, and PHP takes URIs for names.
    let has_odd_names = names.iter().any(|n| match n {
        GeneralName::Invalid { tag, .. } => *tag == 7,
        GeneralName::Uri(_) => rejected.profile.policy.common_name == CommonName::BesideAddresses,
        _ => false,
    });
    if !has_names && !has_odd_names {
        let shown = match common_name.is_empty() {
            true => "no-common-name",
            false => "common-name",
        };
        event.names.insert(1, shown.to_owned());
    }
    let node = if is_address {
        format!(
            "IP: {host} is not in the cert's list: {}",
            addresses.join(", ")
        )
    } else if has_names {
        format!(
            "Host: {host}. is not in the cert's altnames: {}",
            node_alt_names(rejected)
        )
    } else if common_name.is_empty() {
        "Cert does not contain a DNS name".to_owned()
    } else {
        format!("Host: {host}. is not cert's CN: {common_name}")
    };
    event
        .with(
            "MISMATCH",
            if is_address {
                "IP address mismatch"
            } else {
                "Hostname mismatch"
            },
        )
        .with("SUBJECT_CN", common_name)
        .with("NODE_MISMATCH", node.trim_end())
        .with("NODE_CODE", "ERR_TLS_CERT_ALTNAME_INVALID")
        .with("PIP_MISMATCH", match_hostname(rejected, &host))
        .with(
            "PIP_MISMATCH_REPR",
            names::python_repr(&match_hostname(rejected, &host)),
        )
        .with("PEER_CERTIFICATE", names::python_certificate(leaf))
}

fn node_alt_names(rejected: &Rejected<'_>) -> String {
    let names = rejected
        .leaf()
        .map(|c| c.subject_alt_names())
        .unwrap_or_default();
    let shown: Vec<String> = names
        .iter()
        .filter_map(|name| match name {
            GeneralName::Dns(name) => Some(format!("DNS:{}", node_quoted(name.raw()))),
            GeneralName::Ip(ip) => Some(format!("IP Address:{ip}")),
            GeneralName::Email(name) => Some(format!("email:{}", node_quoted(name.raw()))),
            GeneralName::Uri(name) => Some(format!("URI:{}", node_quoted(name.raw()))),
            GeneralName::Directory(name) => Some(format!(
                "DirName:{}",
                node_quoted(&names::java_name(name).replace(", ", ","))
            )),
            _ => None,
        })
        .collect();
    shown.join(", ")
}

/// As JSON, once there is something that could be taken for a separator; commas are spelled out.
fn node_quoted(name: &str) -> String {
    let plain = |b: u8| (0x20..0x7f).contains(&b) && !b"\"\\,'".contains(&b);
    if name.bytes().all(plain) {
        return name.to_owned();
    }
    let mut out = String::from("\"");
    for b in name.bytes() {
        match b {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(b));
            }
            b if plain(b) => out.push(char::from(b)),
            b => {
                let _ = write!(out, "\\u{b:04x}");
            }
        }
    }
    out.push('"');
    out
}

/// The text of `ssl.match_hostname`, which pip 23 brings along.
fn match_hostname(rejected: &Rejected<'_>, host: &str) -> String {
    let Some(leaf) = rejected.leaf() else {
        return String::new();
    };
    let mut seen = names::dns_names(leaf);
    seen.extend(names::addresses(leaf));
    if seen.is_empty() {
        let common_name = names::common_name(leaf);
        seen.extend((!common_name.is_empty()).then_some(common_name));
    }
    let host = names::python_repr(host);
    match seen.as_slice() {
        [] => "no appropriate subjectAltName fields were found".to_owned(),
        [one] => format!("hostname {host} doesn't match {}", names::python_repr(one)),
        many => {
            let all: Vec<String> = many.iter().map(|n| names::python_repr(n)).collect();
            format!("hostname {host} doesn't match either of {}", all.join(", "))
        }
    }
}

/// Node's name for the code.
fn node_code(code: &str) -> &'static str {
    match code {
        "2" => "UNABLE_TO_GET_ISSUER_CERT",
        "3" => "UNABLE_TO_GET_CRL",
        "6" => "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
        "7" => "CERT_SIGNATURE_FAILURE",
        "9" => "CERT_NOT_YET_VALID",
        "10" => "CERT_HAS_EXPIRED",
        "12" => "CRL_HAS_EXPIRED",
        "13" => "ERROR_IN_CERT_NOT_BEFORE_FIELD",
        "14" => "ERROR_IN_CERT_NOT_AFTER_FIELD",
        "18" => "DEPTH_ZERO_SELF_SIGNED_CERT",
        "19" => "SELF_SIGNED_CERT_IN_CHAIN",
        "20" => "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "21" => "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "22" => "CERT_CHAIN_TOO_LONG",
        "23" => "CERT_REVOKED",
        "25" => "PATH_LENGTH_EXCEEDED",
        "26" => "INVALID_PURPOSE",
        "28" => "CERT_REJECTED",
        "62" => "HOSTNAME_MISMATCH",
        "79" => "INVALID_CA",
        _ => "UNSPECIFIED",
    }
}
