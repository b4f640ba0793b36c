//! Rules about the path: every reason of the deciding verdict becomes one finding with its fixes.

use super::{
    Case, Finding, Severity, Subject, Who, clip, clock, environment, interception, names, rare,
    rule, sentence,
};
use crate::chain::NodeId;
use crate::judge::{Reason, ReasonKind, Verdict};
use crate::moment::{Moment, span};
use crate::text;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let Some(verdict) = case.deciding() else {
        return Vec::new();
    };
    let mut found: Vec<Finding> = Vec::new();
    for reason in &verdict.reasons {
        if let Some(finding) = finding(case, verdict, reason)
            && !found
                .iter()
                .any(|f| f.rule == finding.rule && f.subject == finding.subject)
        {
            found.push(finding);
        }
    }
    if let Some(suspect) = clock::from_chain(case, verdict) {
        found.insert(0, suspect);
    }
    if let (false, Ok(()), Some(first)) = (
        verdict.reasons.is_empty(),
        &verdict.webpki,
        found.first_mut(),
    ) {
        first.evidence.push(super::Evidence {
            label: "but".to_owned(),
            value:
                "rustls-webpki, the verifier of Rust programs, does not look at this and accepts"
                    .to_owned(),
        });
    }
    found
}

fn finding(case: &Case<'_>, verdict: &Verdict, reason: &Reason) -> Option<Finding> {
    let node = reason.node;
    let subject = node.map_or(Subject::Connection, Subject::Node);
    let called = node.map_or_else(|| "the chain".to_owned(), |n| case.called(n));
    let new = |rule, summary: String| Finding::new(rule, subject.clone(), summary);
    Some(match &reason.kind {
        ReasonKind::NoCertificate => return None,
        // Proxies and development servers often leave their own CA out.
        ReasonKind::MissingIssuer => {
            let ghost = node?;
            interception::finding(case, verdict, ghost)
                .unwrap_or_else(|| made(case, ghost, missing_issuer(case, verdict, ghost)))
        }
        ReasonKind::UnknownRoot => {
            let top = node?;
            interception::finding(case, verdict, top)
                .unwrap_or_else(|| made(case, top, unknown_root(case, verdict, top)))
        }
        ReasonKind::SelfSignedLeaf | ReasonKind::HeldLeafRefused => made(case, node?, self_signed(case, node?)),
        ReasonKind::Expired { not_after } => expired(case, node?, *not_after),
        ReasonKind::NotYetValid { not_before } => new(
            &rule::NOT_YET_VALID,
            format!("{} is not valid before {}, {}.", sentence(&called), not_before.long(), not_before.relative(case.at)),
        )
        .saw("not before", not_before.rfc3339())
        .saw("judged for", case.at.rfc3339())
        .fix_by(Who::You, "Check the clock of this machine.", "date -u")
        .fix(Who::ServerOwner, "Wait until then, or go back to the certificate before it."),
        ReasonKind::NoValidity => new(&rule::BROKEN_ENCODING, format!("The dates of {called} cannot be read."))
            .severity(Severity::Error)
            .fix(Who::ServerOwner, "Have it issued again by a CA that encodes it correctly."),
        ReasonKind::ReversedValidity => new(&rule::BROKEN_ENCODING, format!("{} ends before it begins.", sentence(&called)))
            .severity(Severity::Error)
            .fix(Who::ServerOwner, "Have it issued again."),
        ReasonKind::NameMismatch { wanted, presented } => names::mismatch(case, node?, wanted, presented),
        ReasonKind::NameOnlyInCommonName { wanted } => new(
            &rule::COMMON_NAME_ONLY,
            format!("The certificate names {} only in its common name; browsers, Go, Rust and requests ignore that.", clip(wanted)),
        )
        .saw("alternative names", "none")
        .fix(Who::ServerOwner, format!("Have it issued again with {} as Subject Alternative Name.", clip(wanted))),
        ReasonKind::BadSignature => bad_signature(case, verdict, node?),
        ReasonKind::UncheckedSignature(why) => new(&rule::UNCHECKED_SIGNATURE, format!("The signature of {called} cannot be checked here."))
            .severity(Severity::Error)
            .saw("why", why.clone())
            .fix(Who::ServerOwner, "Use a certificate with an RSA, ECDSA or Ed25519 signature."),
        ReasonKind::AlgorithmMismatch => new(
            &rule::BROKEN_ENCODING,
            format!("{} names two different signature algorithms; they must be equal.", sentence(&called)),
        )
        .severity(Severity::Error)
        .fix(Who::ServerOwner, "Have it issued again."),
        ReasonKind::NotACa | ReasonKind::NoCertSign => not_a_ca(case, node?, &reason.kind),
        ReasonKind::PathTooLong { allowed } => new(
            &rule::PATH_LENGTH,
            format!("{} may have {} below it, and the chain has more.", sentence(&called), text::count(*allowed as usize, "intermediate")),
        )
        .saw("path length", allowed.to_string())
        .fix(Who::ServerOwner, "Get a certificate from a CA that is allowed to sign this deep."),
        ReasonKind::NameConstraint { name, detail, .. } => new(
            &rule::NAME_CONSTRAINT,
            format!("{} may not sign for {}: {}.", sentence(&called), clip(name), clip(detail)),
        )
        .saw("name", name.clone())
        .saw("constraint", detail.clone())
        .fix(Who::ServerOwner, "Get a certificate from a CA that may sign for this name."),
        ReasonKind::NotForServers { usages } => new(
            &rule::NOT_FOR_SERVERS,
            format!("{} may be used for {} only, not by servers.", sentence(&called), text::list_and(usages)),
        )
        .saw("extended key usage", usages.join(", "))
        .fix(Who::ServerOwner, "Have it issued again with the usage “TLS server authentication”."),
        ReasonKind::UnknownCriticalExtension { oid } => new(
            &rule::CRITICAL_EXTENSION,
            format!("{} has an unknown extension that is marked critical, so clients must refuse it.", sentence(&called)),
        )
        .saw("extension", oid.clone())
        .fix(Who::ServerOwner, "Have it issued again without that extension, or with it not critical."),
        ReasonKind::ProxyCertificate | ReasonKind::ProxyName => new(
            &rule::CRITICAL_EXTENSION,
            format!("{} says that it is a proxy certificate (RFC 3820), which OpenSSL takes from no server.", sentence(&called)),
        )
        .fix(Who::ServerOwner, "Have it issued again without the extension proxyCertInfo."),
        ReasonKind::WeakHash(hash) => new(
            &rule::WEAK_HASH,
            format!("{} is signed with {}, which is broken.", sentence(&called), hash.title()),
        )
        .saw_some("algorithm", node.and_then(|n| case.chain.certificate(n)).map(|c| c.signature_algorithm.name.clone()))
        .fix(Who::ServerOwner, "Have it issued again with SHA-256 or better."),
        ReasonKind::WeakKey { bits } => new(&rule::WEAK_KEY, format!("The key of {called} is too small: {bits} bits."))
            .saw_some("key", node.and_then(|n| case.chain.certificate(n)).map(|c| c.key.title()))
            .fix(Who::ServerOwner, "Make a new key: RSA with at least 2048 bits, or P-256."),
        ReasonKind::Unreadable(why) => new(&rule::BROKEN_ENCODING, format!("{} is broken: clients cannot judge it.", sentence(&called)))
            .severity(Severity::Error)
            .saw("problem", why.clone())
            .fix(Who::ServerOwner, "Have it issued again by a CA that encodes it correctly."),
        ReasonKind::BudgetSpent => new(&rule::BUDGET, "There are too many possible paths to try them all; a good one may have been missed.".to_owned())
            .fix(Who::ServerOwner, "Serve only the certificates of one path."),
        other => return rare::finding(case, node, other),
    })
}

fn missing_issuer(case: &Case<'_>, verdict: &Verdict, ghost: NodeId) -> Finding {
    let missing = case.quoted(ghost);
    let below = verdict.path.iter().rev().nth(1).copied();
    let address = case
        .chain
        .node(ghost)
        .and_then(|n| n.ghost.as_ref())
        .and_then(|g| g.addresses.first());
    let mut finding = Finding::new(
        &rule::MISSING_ISSUER,
        Subject::Node(ghost),
        format!("The server did not send {missing}, the issuer of {}, so clients cannot follow the chain to a root.", below.map_or_else(|| "its certificate".to_owned(), |b| case.quoted(b))),
    )
    .saw("sent", text::count(case.capture.presented.len(), "certificate"))
    .saw("missing", case.chain.node(ghost).and_then(|n| n.ghost.as_ref()).map_or_else(String::new, |g| clip(&g.name.rfc4514())))
    .saw_some("it can be had at", address.map(ToString::to_string))
    .saw("who notices", if address.is_some() {
        "Python, curl, Node, Go and Java fail; browsers may have it already or fetch it"
    } else {
        "Python, curl, Node, Go and Java fail; browsers too, unless they have it already"
    });
    for one in &case.further.fetched {
        finding = match &one.got {
            Ok(_) => finding.saw(
                "fetched",
                format!("“{}” from {}", clip(&one.wanted), one.address),
            ),
            Err(why) => finding.saw("not fetched", format!("{}: {why}", one.address)),
        };
    }
    if case.further.fetched.iter().any(|one| one.got.is_ok()) {
        finding = finding.fix_by(
            Who::ServerOwner,
            format!("Serve the full chain: your certificate, then {missing}. It was fetched, so it can be exported."),
            format!("whycert export {} --fetch --what repaired -o fullchain.pem", case.typed()),
        );
    }
    let http = address.filter(|url| url.raw().to_ascii_lowercase().starts_with("http://"));
    let unasked = case.further.fetched.is_empty() && case.capture.target.endpoint().is_some();
    if unasked && http.is_some() {
        finding = finding.saw(
            "f or --fetch",
            "asks there, and shows what the chain would be",
        );
    }
    finding = match address {
        Some(url) => finding.fix_by(
            Who::ServerOwner,
            format!("Serve the full chain: your certificate, then {missing}."),
            format!("curl -sS -o issuer.der {}", text::shell_quote(&url.shown())),
        ),
        None => finding.fix(
            Who::ServerOwner,
            format!("Serve the full chain: your certificate, then {missing}."),
        ),
    };
    finding.fix_by(
        Who::You,
        format!("If {missing} is your own CA, give it to your client."),
        format!("whycert {} --ca ca.pem", case.typed()),
    )
}

fn unknown_root(case: &Case<'_>, verdict: &Verdict, top: NodeId) -> Finding {
    let sent = case
        .chain
        .node(top)
        .is_some_and(crate::chain::Node::is_sent);
    let holders = case
        .chain
        .node(top)
        .map(|n| n.anchored_in.clone())
        .unwrap_or_default();
    let name = case.quoted(top);
    let given = environment::naming_the_root(case);
    let finding = Finding::new(
        &rule::UNKNOWN_ROOT,
        Subject::Node(top),
        format!(
            "The chain ends at {name}, a root that {} does not hold.",
            store_in_sentence(verdict)
        ),
    )
    .saw(
        "root",
        match (sent, &given) {
            (true, _) => "sent by the server".to_owned(),
            (false, Some((setting, _))) => format!("not sent; {setting} names a file that has it"),
            (false, None) => "not sent, known only by name".to_owned(),
        },
    )
    .saw_some(
        "held by",
        (!holders.is_empty()).then(|| text::list_and(&holders)),
    )
    .saw_some(
        "SHA-256",
        case.chain
            .certificate(top)
            .map(|c| text::hex_colon(&c.sha256)),
    );
    let finding = if let Some((setting, file)) = given {
        finding.fix_by(
            Who::You,
            format!("Give your client the file that {setting} names: it has {name}, and only the programs that follow {setting} read it."),
            format!("whycert {} --ca {}", case.typed(), text::shell_quote(&file)),
        )
    } else if sent {
        finding.fix_by(
            Who::You,
            format!("Ask the owner whether {name} is theirs and compare the SHA-256; then export it and give it to your client."),
            format!("whycert export {} --what root -o root.pem", case.typed()),
        )
    } else {
        finding.fix_by(
            Who::You,
            format!("Get {name} from whoever runs this server, and give it to your client."),
            format!("whycert {} --ca root.pem", case.typed()),
        )
    };
    finding.fix(
        Who::ServerOwner,
        "If strangers should reach this server, use a certificate from a public CA.",
    )
}

/// With the maker of the certificate, when it is a known one.
fn made(case: &Case<'_>, top: NodeId, finding: Finding) -> Finding {
    let name = case.chain.node(top).and_then(|node| match &node.ghost {
        Some(ghost) => Some(&ghost.name),
        None => node.certificate.as_ref().map(|c| &c.subject),
    });
    let leaf = case.chain.leaf.and_then(|l| case.chain.certificate(l));
    match (leaf, name) {
        (Some(leaf), Some(name)) => match interception::maker(leaf, name) {
            Some(maker) => maker.told_by(finding, case),
            None => finding,
        },
        _ => finding,
    }
}

/// The store's title as it reads inside a sentence.
pub(super) fn store_in_sentence(verdict: &Verdict) -> String {
    match verdict.store.as_str() {
        "system" => "this machine's system store".to_owned(),
        "mozilla" => "Mozilla's list".to_owned(),
        "lab" => "the lab's trust store".to_owned(),
        "environment" => {
            let names = verdict.store_title.split(['=', ' ']);
            let names: Vec<&str> = names.filter(|word| word.starts_with("SSL_CERT_")).collect();
            format!(
                "the store that {} set",
                match names.as_slice() {
                    [one] => format!("{one} has"),
                    many => format!("{} have", text::list_and(many)),
                }
            )
        }
        _ => verdict.store_title.clone(),
    }
}

fn self_signed(case: &Case<'_>, leaf: NodeId) -> Finding {
    Finding::new(
        &rule::SELF_SIGNED,
        Subject::Node(leaf),
        format!("{} is signed by itself: nobody that your programs trust vouches for it.", sentence(&case.called(leaf))),
    )
    .saw_some("SHA-256", case.chain.certificate(leaf).map(|c| text::hex_colon(&c.sha256)))
    .fix_by(
        Who::You,
        "Compare the SHA-256 with the server's owner; then export this one certificate and give it to your client.",
        format!("whycert export {} --what leaf -o server.pem", case.typed()),
    )
    .fix(Who::ServerOwner, "Use a certificate from a CA that your users trust.")
}

fn expired(case: &Case<'_>, node: NodeId, not_after: Moment) -> Finding {
    let role = case.role(node);
    let finding = Finding::new(
        &rule::EXPIRED,
        Subject::Node(node),
        format!(
            "{} expired {}, on {}.",
            sentence(&case.called(node)),
            ago(case, not_after),
            not_after.date()
        ),
    )
    .saw("not after", not_after.rfc3339())
    .saw("judged for", case.at.rfc3339());
    match role {
        "the intermediate" => finding.fix(Who::ServerOwner, "Serve the current intermediate of the same CA instead of the expired one."),
        "the root" => finding
            .fix(Who::You, "Update the trust store (the package ca-certificates); a newer root of this CA may be in it.")
            .fix(Who::ServerOwner, "Serve a chain that leads to a current root."),
        _ => finding.fix(Who::ServerOwner, "Renew the certificate and restart or reload the server."),
    }
}

fn ago(case: &Case<'_>, then: Moment) -> String {
    format!(
        "{} {}",
        span(then.until(case.at)),
        if case.at_given {
            "before the time judged for"
        } else {
            "ago"
        }
    )
}

fn bad_signature(case: &Case<'_>, verdict: &Verdict, node: NodeId) -> Finding {
    let above = verdict
        .path
        .iter()
        .skip_while(|&&n| n != node)
        .nth(1)
        .copied();
    let issuer = above.map_or_else(|| "its issuer".to_owned(), |a| case.quoted(a));
    Finding::new(
        &rule::BAD_SIGNATURE,
        Subject::Node(node),
        format!(
            "The signature on {} does not match the key of {issuer}.",
            case.called(node)
        ),
    )
    .saw(
        "means",
        "it was changed after signing, or another CA with the same name signed it",
    )
    .fix(
        Who::ServerOwner,
        "Install the certificate again as the CA delivered it, with the issuer that belongs to it.",
    )
    .fix(
        Who::You,
        "Do not trust this chain; the certificate may be forged.",
    )
}

fn not_a_ca(case: &Case<'_>, node: NodeId, kind: &ReasonKind) -> Finding {
    let seen = match case
        .chain
        .certificate(node)
        .and_then(|c| c.basic_constraints())
    {
        _ if *kind == ReasonKind::NoCertSign => "its key usage lacks “certificate signing”",
        Some(_) => "its basic constraints say CA:FALSE",
        None => "it has no basic constraints",
    };
    Finding::new(
        &rule::NOT_A_CA,
        Subject::Node(node),
        format!("{} signed another certificate without being a CA.", sentence(&case.called(node))),
    )
    .saw("seen", seen)
    .fix(Who::ServerOwner, "Get a certificate from a real CA certificate: one with CA:TRUE and the usage “certificate signing”.")
}
