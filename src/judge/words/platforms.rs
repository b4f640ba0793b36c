//! .NET, Windows and Apple, from their documentation: nobody here measured them, and they say so.

use super::event::{Event, Rejected};
use crate::judge::ReasonKind;

/// .NET's `X509ChainStatusFlags`.
pub(super) fn dotnet(rejected: &Rejected<'_>) -> Event {
    let code = match rejected.first().map(|r| &r.kind) {
        Some(ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. }) => {
            return Event::new(["name", "certificate"]);
        }
        Some(
            ReasonKind::UnknownRoot | ReasonKind::SelfSignedLeaf | ReasonKind::HeldLeafRefused,
        ) => "untrusted-root",
        Some(ReasonKind::Expired { .. } | ReasonKind::NotYetValid { .. }) => "time",
        Some(ReasonKind::BadSignature) => "signature",
        Some(ReasonKind::NotForServers { .. } | ReasonKind::NotForClients { .. }) => "usage",
        Some(ReasonKind::NotACa | ReasonKind::PathTooLong { .. }) => "constraints",
        Some(ReasonKind::NameConstraint { .. }) => "name-constraint",
        Some(ReasonKind::UnknownCriticalExtension { .. }) => "extension",
        Some(ReasonKind::Revoked { .. }) => "revoked",
        Some(ReasonKind::RevocationUnknown(_) | ReasonKind::CrlExpired { .. }) => "revocation",
        Some(ReasonKind::WeakHash(_) | ReasonKind::WeakKey { .. }) => "weak",
        _ => "chain",
    };
    Event::new([code, "certificate"])
}

/// Schannel's and Apple's codes; each vocabulary has the ones it knows.
pub(super) fn platform(rejected: &Rejected<'_>) -> Event {
    let names: [&str; 3] = match rejected.first().map(|r| &r.kind) {
        Some(ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. }) => {
            ["name", "other", "certificate"]
        }
        Some(ReasonKind::Expired { .. } | ReasonKind::NotYetValid { .. }) => {
            ["expired", "other", "certificate"]
        }
        Some(ReasonKind::Revoked { .. }) => ["revoked", "other", "certificate"],
        Some(ReasonKind::RevocationUnknown(_)) => ["revocation", "other", "certificate"],
        Some(ReasonKind::NotForServers { .. } | ReasonKind::NotForClients { .. }) => {
            ["usage", "standards", "other"]
        }
        None
        | Some(
            ReasonKind::MissingIssuer
            | ReasonKind::UnknownRoot
            | ReasonKind::SelfSignedLeaf
            | ReasonKind::HeldLeafRefused,
        ) => ["untrusted", "other", "certificate"],
        Some(_) => ["standards", "other", "certificate"],
    };
    let leaf = rejected.leaf().map(|c| c.short_name()).unwrap_or_default();
    let mut event = Event::new(names).with("LEAF", leaf);
    if !event.names.iter().any(|n| n == "certificate") {
        event.names.push("certificate".to_owned());
    }
    event
}
