//! Rules about the path that are met seldom: revocation, policies, keys that are no good, odd
//! encodings. [`super::path`] hands these over.

use super::{Case, Finding, Severity, Subject, Who, clip, profile, rule, sentence, staple};
use crate::chain::NodeId;
use crate::judge::{ReasonKind, Says};
use crate::text;

const REISSUE: &str = "Have it issued again by a CA that encodes it correctly.";

/// The finding of a reason that [`super::path`] has no sentence for.
pub(super) fn finding(case: &Case<'_>, node: Option<NodeId>, kind: &ReasonKind) -> Option<Finding> {
    let subject = node.map_or(Subject::Connection, Subject::Node);
    let called = node.map_or_else(|| "the chain".to_owned(), |n| case.called(n));
    let upper = sentence(&called);
    let new = |rule, summary: String| Finding::new(rule, subject.clone(), summary);
    let broken = |summary: String| {
        new(&rule::BROKEN_ENCODING, summary)
            .severity(Severity::Error)
            .fix(Who::ServerOwner, REISSUE)
    };
    Some(match kind {
        ReasonKind::TooDeep { most } => new(
            &rule::PATH_LENGTH,
            format!(
                "The path has more than {}, which is the limit asked for.",
                text::count(usize::try_from(*most).unwrap_or(usize::MAX), "intermediate")
            ),
        )
        .fix(
            Who::ServerOwner,
            "Get a certificate from a CA nearer to its root.",
        ),
        ReasonKind::Distrusted(who) => new(
            &rule::UNKNOWN_ROOT,
            format!("{upper} is refused by name by {}.", clip(who)),
        )
        .fix(Who::ServerOwner, "Get a certificate from another CA."),
        ReasonKind::HeldForOtherUse => new(
            &rule::UNKNOWN_ROOT,
            format!("The file that holds {called} says that it is not for this use."),
        )
        .saw(
            "its block",
            "BEGIN TRUSTED CERTIFICATE, with OpenSSL's trust settings",
        )
        .fix_by(
            Who::You,
            "If it may be used, write it again without these settings.",
            "openssl x509 -in FILE -clrtrust -clrreject -out anchor.pem",
        ),
        ReasonKind::UnsupportedSignature { algorithm } => new(
            &rule::UNCHECKED_SIGNATURE,
            format!(
                "{upper} is signed with {}, which is not supported.",
                clip(algorithm)
            ),
        )
        .severity(Severity::Error)
        .fix(
            Who::ServerOwner,
            "Use a certificate with an RSA, ECDSA or Ed25519 signature.",
        ),
        ReasonKind::BadKey(why) => new(
            &rule::WEAK_KEY,
            format!("The key of {called} is no good: {}.", clip(why)),
        )
        .saw_some(
            "key",
            node.and_then(|n| case.chain.certificate(n))
                .map(|c| c.key.title()),
        )
        .fix(
            Who::ServerOwner,
            "Make a new key: RSA with at least 2048 bits, or P-256.",
        ),
        ReasonKind::CaAsLeaf => new(
            &rule::CA_AS_LEAF,
            format!("{upper} is marked as a CA, and some clients refuse that for a server."),
        )
        .severity(Severity::Error)
        .fix(
            Who::ServerOwner,
            "Have it issued again as an end-entity certificate (CA:FALSE).",
        ),
        ReasonKind::Policy(fault) => new(
            &rule::POLICY,
            format!(
                "The certificate policies do not allow this chain: {}.",
                fault.words()
            ),
        )
        .saw("policies", fault.words())
        .fix(
            Who::ServerOwner,
            "Get a certificate that carries a policy its CAs allow.",
        ),
        ReasonKind::NotForClients { usages } => new(
            &rule::NOT_FOR_SERVERS,
            format!(
                "{upper} may be used for {} only, not by clients.",
                text::list_and(usages)
            ),
        )
        .saw("extended key usage", usages.join(", "))
        .fix(
            Who::ServerOwner,
            "Have it issued again with the usage “TLS client authentication”.",
        ),
        ReasonKind::KeyUsageForbids { wanted } => new(
            &rule::NOT_FOR_SERVERS,
            format!("{upper} lacks the key usage {wanted}, which the handshake needs."),
        )
        .fix(
            Who::ServerOwner,
            "Have it issued again with the key usage digitalSignature.",
        ),
        ReasonKind::MustStaple => staple::missing(case, node?),
        ReasonKind::BadStaple(fault) => staple::bad(case, node?, fault, false),
        ReasonKind::TlsFeature => new(
            &rule::MUST_STAPLE,
            format!("{upper} lacks TLS features that its issuer demands of all below it."),
        )
        .fix(
            Who::ServerOwner,
            "Have it issued again with the TLS features of its issuer, and turn on OCSP stapling.",
        ),
        ReasonKind::Revoked { at, why } => new(
            &rule::REVOKED,
            match at {
                Some(at) => format!("{upper} was revoked on {}.", at.date()),
                None => format!("{upper} was revoked."),
            },
        )
        .saw_some("reason", (!why.is_empty()).then(|| why.clone()))
        .saw_some(
            "said by",
            (node == case.chain.leaf
                && case
                    .staple
                    .is_some_and(|s| matches!(s.says, Says::Revoked { .. })))
            .then_some("the OCSP answer of its CA, which the server itself staples"),
        )
        .fix(Who::ServerOwner, "Replace the certificate, with a new key."),
        ReasonKind::RevocationUnknown(why) => new(
            &rule::REVOCATION_UNKNOWN,
            format!(
                "Whether {called} is revoked is not known: {}.",
                clip(why.words())
            ),
        )
        .fix(
            Who::You,
            "Give the current list of its issuer too: --crl FILE.",
        ),
        ReasonKind::CrlExpired { next_update } => new(
            &rule::REVOCATION_UNKNOWN,
            format!("The list that should say whether {called} is revoked is out of date."),
        )
        .saw("next list was due", next_update.rfc3339())
        .fix(Who::You, "Get the current list of its issuer."),
        ReasonKind::DuplicateExtension { oid } => {
            broken(format!("{upper} has the extension {} twice.", clip(oid)))
        }
        ReasonKind::Version { version, why } => broken(format!(
            "{upper} is a certificate of version {version}: {}.",
            clip(why)
        )),
        ReasonKind::Serial(fault) => {
            broken(format!("The serial number of {called} {}.", fault.words()))
        }
        ReasonKind::Strict(_) | ReasonKind::Profile(_) => {
            profile::finding(case, node?, std::slice::from_ref(kind))?
        }
        _ => return None,
    })
}
