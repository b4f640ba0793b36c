//! Rules about speaking TLS: versions and suites, alerts, client certificates, proof of the key.

use super::{Case, Finding, Severity, Subject, Who, rule};
use crate::capture::{ClientAuth, Outcome, Possession, Seen};
use crate::target::{Endpoint, Scheme};
use crate::text;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(endpoint) = case.capture.target.endpoint() else {
        return found;
    };
    let session = &case.capture.session;
    let at = format!("{}:{}", endpoint.host, endpoint.port);
    let complete = case.capture.outcome == Outcome::Complete;
    if complete && matches!(endpoint.scheme, Scheme::Http | Scheme::Ws) {
        let url = format!("https://{at}{}", text::safe(&endpoint.path));
        found.push(
            Finding::new(
                &rule::HTTPS_ON_HTTP_URL,
                Subject::Connection,
                format!("You typed http://, but {at} speaks TLS: use https://."),
            )
            .fix_by(
                Who::You,
                "Write https:// instead of http://.",
                format!("curl {}", text::shell_quote(&url)),
            ),
        );
    }
    if is_old(case) {
        let version = session
            .version
            .clone()
            .unwrap_or_else(|| "an old TLS version".to_owned());
        let suite = session.cipher_suite.clone();
        found.push(
            Finding::new(
                &rule::OLD_VERSION,
                Subject::Connection,
                match &suite {
                    Some(suite) if version == "TLS 1.2" => format!(
                        "{at} offers only old cipher suites such as {suite}, which many programs refuse."
                    ),
                    Some(suite) => format!(
                        "{at} speaks only {version} with {suite}, which current programs refuse."
                    ),
                    None => format!("{at} speaks only {version}, which current programs refuse."),
                },
            )
            .severity(Severity::Error)
            .saw("version", version)
            .saw_some("suite", suite.clone())
            .saw(
                "who fails",
                who_refuses(session.version.as_deref(), suite.as_deref().unwrap_or("")),
            )
            .saw_some(
                "alert to a current client",
                session.alert.as_ref().map(|a| a.name.clone()),
            )
            .fix(
                Who::ServerOwner,
                "Turn on TLS 1.2 or 1.3 with ECDHE suites.",
            ),
        );
    }
    if let Some(auth) = session.client_auth.as_ref() {
        found.push(client_certificate(&at, auth, case));
    }
    if let Possession::Failed(words) = &session.possession {
        found.push(
            Finding::new(
                &rule::KEY_NOT_PROVED,
                case.chain.leaf.map_or(Subject::Connection, Subject::Node),
                format!("{at} shows a certificate, but does not prove that it holds its private key."),
            )
            .saw("check", words.clone())
            .fix(Who::ServerOwner, "Make sure certificate and private key belong together.")
            .fix(Who::You, "Do not trust this server: someone may be replaying a certificate that is not theirs."),
        );
    }
    found
}

pub(super) fn alert(case: &Case<'_>, endpoint: &Endpoint) -> Option<Finding> {
    if case
        .capture
        .session
        .client_auth
        .as_ref()
        .is_some_and(|c| c.required)
    {
        return None;
    }
    if is_old(case) {
        return None;
    }
    let alert = case.capture.session.alert.as_ref()?;
    let at = format!("{}:{}", endpoint.host, endpoint.port);
    let finding = Finding::new(
        &rule::ALERT,
        Subject::Connection,
        format!("{at} ends the handshake with the alert “{}”.", alert.name),
    )
    .saw("alert", format!("{} ({})", alert.name, alert.code));
    if case.capture.seen_by == Seen::Clear {
        return Some(seen_all_the_same(case, finding));
    }
    Some(match alert.code {
        112 => finding
            .fix(Who::You, "The server knows no certificate for this name; check the name, or ask with another one (--sni).")
            .fix(Who::ServerOwner, "Add this name to the server's configuration."),
        70 => finding.fix(Who::ServerOwner, "Turn on TLS 1.2 or 1.3."),
        40 => finding.fix(Who::ServerOwner, "Turn on current cipher suites (ECDHE with AES-GCM or ChaCha20)."),
        _ => finding.fix(Who::ServerOwner, "Look in the server's log for this moment."),
    })
}

pub(super) fn handshake(case: &Case<'_>, endpoint: &Endpoint, words: &str) -> Option<Finding> {
    if is_old(case) {
        return None;
    }
    let finding = Finding::new(
        &rule::HANDSHAKE,
        Subject::Connection,
        format!(
            "The TLS handshake with {}:{} fails.",
            endpoint.host, endpoint.port
        ),
    )
    .saw("library", words.to_owned());
    Some(if case.capture.seen_by == Seen::Clear {
        seen_all_the_same(case, finding)
    } else {
        finding.fix(
            Who::ServerOwner,
            "Look in the server's log for this moment.",
        )
    })
}

/// Version and suite are current, and still it does not work with the TLS library of Rust programs: then
/// it is the key or the curve.
fn seen_all_the_same(case: &Case<'_>, finding: Finding) -> Finding {
    let key = case.chain.leaf.and_then(|l| case.chain.certificate(l));
    finding
        .saw_some("key", key.map(|c| c.key.title()))
        .saw(
            "who fails",
            "Rust programs (rustls); programs with OpenSSL may connect",
        )
        .fix(
            Who::ServerOwner,
            "Use a certificate with a P-256 or P-384 key, or with RSA of at least 2048 bits.",
        )
}

/// The closer look got the certificate by a version before TLS 1.2, or a suite without forward secrecy
/// or authenticated encryption.
fn is_old(case: &Case<'_>) -> bool {
    let session = &case.capture.session;
    let current = session.version.as_deref() == Some("TLS 1.2")
        && session.cipher_suite.as_ref().is_some_and(|s| {
            s.contains("_ECDHE_") && (s.contains("_GCM_") || s.contains("_CHACHA20_"))
        });
    case.capture.seen_by == Seen::Clear && case.capture.outcome != Outcome::Complete && !current
}

/// Who does not connect with a version and suite, and who still does.
fn who_refuses(version: Option<&str>, suite: &str) -> &'static str {
    match version {
        Some("TLS 1.2")
            if ["_RC4_", "_3DES_", "_DES", "_NULL"]
                .iter()
                .any(|s| suite.contains(s)) =>
        {
            "nearly all current programs fail"
        }
        Some("TLS 1.2") if suite.contains("_ECDHE_") => {
            "Rust programs fail; browsers, OpenSSL and Java still connect"
        }
        Some("TLS 1.2") if suite.contains("_DHE_") => {
            "browsers, Rust and Go programs fail; OpenSSL and Java still connect"
        }
        Some("TLS 1.2") => {
            "Rust programs and Go since 1.22 fail; OpenSSL and most browsers still connect"
        }
        _ => "current programs fail; old ones, and OpenSSL at security level 0, connect",
    }
}

/// Demanded: an error. Asked for only: a note, since the refusal may come with the first request.
fn client_certificate(at: &str, auth: &ClientAuth, case: &Case<'_>) -> Finding {
    let named = auth.authorities.len();
    let from = if named == 0 {
        "any CA; it names none".to_owned()
    } else {
        text::count(named, "CA")
    };
    let finding = |words: &str| {
        Finding::new(
            &rule::CLIENT_CERTIFICATE,
            Subject::Connection,
            format!("{at} {words}"),
        )
        .saw("accepts certificates of", from.clone())
    };
    if auth.required {
        let alert = case.capture.session.alert.as_ref();
        finding("demands a certificate from you (mutual TLS) and refuses to go on without one.")
            .saw_some("alert", alert.map(|a| a.name.clone()))
            .fix(Who::You, "Ask the server's owner for a client certificate and key, and give both to your program (curl: --cert and --key).")
    } else {
        finding("asks for a certificate from you and goes on without one; it may still refuse requests (nginx answers 400).")
            .severity(Severity::Note)
            .fix(Who::You, "If requests are refused, ask the server's owner for a client certificate and key (curl: --cert and --key).")
    }
}
