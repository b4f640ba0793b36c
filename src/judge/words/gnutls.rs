//! GnuTLS's status flags, and what wget and libcurl make of them.

use super::event::{Event, Rejected};
use super::names;
use crate::cert::TimeForm;
use crate::judge::policy::NameCheck;
use crate::judge::{ReasonKind, StapleFault, engine, facts};

/// One flag of `gnutls_certificate_status_t`, in the order in which GnuTLS prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flag {
    Revoked,
    Superseded,
    SignerNotFound,
    SignerNotCa,
    InsecureAlgorithm,
    Constraints,
    NotActivated,
    Expired,
    Signature,
    Purpose,
    Owner,
    MissingOcsp,
    BadOcsp,
    CriticalExtension,
}

impl Flag {
    fn of(kind: &ReasonKind) -> Option<Self> {
        Some(match kind {
            ReasonKind::NoCertificate
            | ReasonKind::MissingIssuer
            | ReasonKind::UnknownRoot
            | ReasonKind::SelfSignedLeaf
            | ReasonKind::HeldLeafRefused
            | ReasonKind::Distrusted(_) => Self::SignerNotFound,
            ReasonKind::TooDeep { .. }
            | ReasonKind::NoCertSign
            | ReasonKind::PathTooLong { .. }
            | ReasonKind::Policy(_)
            | ReasonKind::TlsFeature
            | ReasonKind::NameConstraint { .. } => Self::Constraints,
            ReasonKind::Expired { .. } | ReasonKind::ReversedValidity => Self::Expired,
            ReasonKind::NotYetValid { .. } => Self::NotActivated,
            ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. } => {
                Self::Owner
            }
            ReasonKind::BadSignature
            | ReasonKind::UncheckedSignature(_)
            | ReasonKind::AlgorithmMismatch => Self::Signature,
            ReasonKind::WeakHash(_) | ReasonKind::WeakKey { .. } | ReasonKind::BadKey(_) => {
                Self::InsecureAlgorithm
            }
            ReasonKind::NotACa | ReasonKind::CaAsLeaf | ReasonKind::Version { .. } => {
                Self::SignerNotCa
            }
            ReasonKind::NotForServers { .. } | ReasonKind::NotForClients { .. } => Self::Purpose,
            ReasonKind::MustStaple => Self::MissingOcsp,
            ReasonKind::Revoked { .. } => Self::Revoked,
            ReasonKind::BadStaple(StapleFault::Expired { .. }) => Self::Superseded,
            ReasonKind::BadStaple(_) => Self::BadOcsp,
            ReasonKind::UnknownCriticalExtension { .. } => Self::CriticalExtension,
            _ => return None,
        })
    }

    fn words(self) -> &'static str {
        match self {
            Self::Revoked => "The certificate chain is revoked.",
            Self::Superseded => "The revocation or OCSP data are old and have been superseded.",
            Self::SignerNotFound => "The certificate issuer is unknown.",
            Self::SignerNotCa => "The certificate issuer is not a CA.",
            Self::InsecureAlgorithm => "The certificate chain uses insecure algorithm.",
            Self::Constraints => "The certificate chain violates the signer's constraints.",
            Self::NotActivated => "The certificate chain uses not yet valid certificate.",
            Self::Expired => "The certificate chain uses expired certificate.",
            Self::Signature => "The signature in the certificate is invalid.",
            Self::Purpose => "The certificate chain does not match the intended purpose.",
            Self::Owner => "The name in the certificate does not match the expected.",
            Self::MissingOcsp => {
                "The certificate requires the server to include an OCSP status in its response, but the OCSP status is missing."
            }
            Self::BadOcsp => "The received OCSP status response is invalid.",
            Self::CriticalExtension => "The certificate contains an unknown critical extension.",
        }
    }
}

/// What a program on GnuTLS met.
pub(super) fn event(rejected: &Rejected<'_>) -> Event {
    match rejected.first().map(|r| &r.kind) {
        // It was not imported, so that the handshake ended.
        Some(ReasonKind::DuplicateExtension { .. }) => {
            return Event::new(["duplicate-extension", "unparsable", "tls"]);
        }
        Some(
            ReasonKind::Version { .. } | ReasonKind::AlgorithmMismatch | ReasonKind::Unreadable(_),
        ) => return Event::new(["unparsable", "tls"]),
        Some(ReasonKind::NoValidity) if rejected.first_has_offset() => {
            return Event::new(["time-offset", "unparsable", "tls"]);
        }
        Some(ReasonKind::NoValidity) => {
            return Event::new(["unparsable-time", "unparsable", "tls"]);
        }
        // Nothing was verified: the call itself failed.
        Some(ReasonKind::TooDeep { .. }) => return Event::new(["too-deep", "certificate"]),
        _ => {}
    }
    let mut flags: Vec<Flag> = rejected
        .answer
        .failures
        .iter()
        // One by an algorithm that it does not know is no wrong signature to it.
        .filter(|r| rejected.cut_hash(r).is_none())
        .filter_map(|r| Flag::of(&r.kind))
        .collect();
    flags.sort_unstable();
    flags.dedup();
    // A hash that is refused needs no check of its signature: what cannot be checked here could be there.
    let unchecked = |r: &crate::judge::Reason| {
        matches!(
            r.kind,
            ReasonKind::BadSignature | ReasonKind::AlgorithmMismatch
        )
    };
    if flags.contains(&Flag::InsecureAlgorithm) && !rejected.answer.failures.iter().any(unchecked) {
        flags.retain(|&f| f != Flag::Signature);
    }
    let afterwards = rejected.profile.policy.name_check == NameCheck::Afterwards;
    let status: Vec<&str> = flags.iter().map(|f| f.words()).collect();
    let wrong_name = flags == [Flag::Owner];
    let event = if wrong_name && afterwards {
        Event::new(["name", "certificate"])
    } else {
        Event::new(["certificate"])
    };
    let common_name = rejected.leaf().map(names::common_name).unwrap_or_default();
    event
        .with("GNUTLS_STATUS", status.join(" "))
        .with("LIBCURL_CAUSE", libcurl(&flags))
        .with("WGET_LINES", wget(rejected, &flags))
        .with("SUBJECT_CN", common_name)
}

impl Rejected<'_> {
    /// A time of the certificate that is refused first is not in UTC.
    fn first_has_offset(&self) -> bool {
        let node = self.first().and_then(|r| r.node);
        node.and_then(|id| self.certificate(id))
            .is_some_and(|c| facts::has_odd_time(c, &[TimeForm::NotUtc]))
    }
}

/// libcurl names one flag, in its own order, and has words for four.
fn libcurl(flags: &[Flag]) -> &'static str {
    if flags.contains(&Flag::Expired) {
        "certificate has expired"
    } else if flags.contains(&Flag::SignerNotFound) {
        "certificate signer not trusted"
    } else if flags.contains(&Flag::InsecureAlgorithm) {
        "certificate uses insecure algorithm"
    } else {
        "certificate error, no details available"
    }
}

/// wget prints a line for each flag it knows, then looks at the leaf's dates and name itself.
fn wget(rejected: &Rejected<'_>, flags: &[Flag]) -> String {
    let host = rejected.host();
    let mut lines = Vec::new();
    if flags.iter().any(|&f| f != Flag::Owner) {
        lines.push(format!(
            "ERROR: The certificate of ‘{host}’ is not trusted."
        ));
    }
    for (flag, words) in [
        (Flag::SignerNotFound, "doesn't have a known issuer."),
        (Flag::Revoked, "has been revoked."),
    ] {
        if flags.contains(&flag) {
            lines.push(format!("ERROR: The certificate of ‘{host}’ {words}"));
        }
    }
    if flags.contains(&Flag::SignerNotCa) {
        lines.push(format!(
            "ERROR: The certificate signer of ‘{host}’ was not a CA."
        ));
    }
    for (flag, words) in [
        (
            Flag::InsecureAlgorithm,
            "was signed using an insecure algorithm.",
        ),
        (Flag::NotActivated, "is not yet activated."),
        (Flag::Expired, "has expired."),
    ] {
        if flags.contains(&flag) {
            lines.push(format!("ERROR: The certificate of ‘{host}’ {words}"));
        }
    }
    if let Some(leaf) = rejected.leaf() {
        let at = rejected.question.at;
        if leaf.not_before.is_some_and(|t| at < t) {
            lines.push("The certificate has not yet been activated".to_owned());
        }
        if leaf.not_after.is_some_and(|t| at >= t) {
            lines.push("The certificate has expired".to_owned());
        }
        let wrong = |name| !engine::gnutls_has_name(leaf, name);
        let name = rejected.question.name.as_ref();
        if flags.contains(&Flag::Owner) || flags != [Flag::Owner] && name.is_some_and(wrong) {
            lines.push(format!(
                "The certificate's owner does not match hostname ‘{host}’"
            ));
        }
    }
    lines.join(" | ")
}
