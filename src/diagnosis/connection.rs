//! Rules about reaching the server and speaking TLS with it.

use super::{Case, Finding, Severity, Subject, Who, clock, local, rule, session};
use crate::capture::{Failure, Outcome, ProxyFailure, Speaks};
use crate::net::{AttemptResult, ProxyTrouble, Route, Stage};
use crate::target::{Endpoint, Scheme, Source, StartTls};
use crate::text;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    if let Outcome::Failed { stage, failure } = &case.capture.outcome {
        found.extend(failed(case, *stage, failure));
    }
    found.extend(session::findings(case));
    found.extend(clock::from_server(case));
    if let Some(first) = case.capture.notes.first() {
        let more = case.capture.notes.len() - 1;
        let finding = Finding::new(
            &rule::FILE_PARTS,
            Subject::Connection,
            "A part of the file could not be read as a certificate.",
        )
        .saw(
            "where",
            if more > 0 {
                format!("{first} (and {more} more)")
            } else {
                first.clone()
            },
        )
        .fix(
            Who::You,
            "Look at that place in the file, or ask for a fresh copy.",
        );
        found.push(finding);
    }
    found
}

fn failed(case: &Case<'_>, stage: Stage, failure: &Failure) -> Option<Finding> {
    let Source::Endpoint(endpoint) = &case.capture.target.source else {
        return file_failed(case, failure);
    };
    let host = endpoint.host.to_string();
    let port = endpoint.port;
    let finding = |rule, summary: String| Finding::new(rule, Subject::Connection, summary);
    Some(match failure {
        Failure::NoSuchName { words } => finding(&rule::NO_SUCH_NAME, format!("The name {host} does not resolve to any address."))
            .saw("resolver", words.clone())
            .fix(Who::You, if words.contains("emporary") {
                "The resolver itself did not answer: check the network, then try again."
            } else {
                "Check the spelling, and whether you need a VPN for this name."
            })
            .fix_by(Who::You, "See what your resolver says.", format!("getent hosts {}", text::shell_quote(&host))),
        Failure::NoAddressOfFamily => finding(&rule::NO_SUCH_NAME, format!("{host} has no address of the family you asked for."))
            .fix(Who::You, "Leave out -4 or -6."),
        Failure::Refused => local::nothing_listens(
            endpoint,
            finding(&rule::REFUSED, format!("Nothing listens on port {port} of {host}."))
                .saw_some("tried", attempts(case)),
        )
        .fix(Who::You, "Check the port number, and whether the server is running."),
        Failure::Unreachable { words } => finding(&rule::UNREACHABLE, format!("{host} cannot be reached from this machine."))
            .saw("system", words.clone())
            .saw_some("tried", attempts(case))
            .fix(Who::You, "Check your network, VPN and firewall."),
        Failure::TimedOut => timed_out(case, endpoint, stage),
        Failure::Proxy(failure) => proxy(case, endpoint, failure),
        Failure::UpgradeRefused { protocol, words } => finding(
            &rule::STARTTLS_REFUSED,
            format!("The server at {host}:{port} does not start TLS when asked in {}.", protocol.title()),
        )
        .saw("answer", words.to_string())
        .fix(Who::ServerOwner, "Turn on STARTTLS, or use the port where TLS starts at once."),
        Failure::Reset => finding(&rule::RESET, format!("{host}:{port} cut the connection {}.", during(stage)))
            .saw("stage", stage.waiting())
            .fix(Who::You, "Try again; if it stays, a firewall or the server itself refuses you.")
            .fix(Who::You, "Check the server name: some servers cut connections for names they do not know (--sni)."),
        Failure::ClosedAtOnce => finding(&rule::CLOSED_AT_ONCE, format!("{host}:{port} accepts the connection and closes it at once."))
            .fix(Who::You, "Check the port; the program behind it may have failed, or not speak TLS there.")
            .fix(Who::ServerOwner, "Look in the server's log for this moment."),
        Failure::Silent if stage == Stage::Upgrading => {
            let protocol = endpoint.upgrade.map_or("the protocol", StartTls::title);
            finding(&rule::SILENT, format!("{host}:{port} accepts the connection and does not answer in {protocol}."))
                .saw("waited", format!("{} s", spent(case, stage).as_secs_f32().round()))
                .fix(Who::You, "Leave out STARTTLS: a server that starts TLS at once waits for the client.")
                .fix(Who::You, "Check the port, or give it longer with --timeout.")
        }
        Failure::Silent => finding(&rule::SILENT, format!("{host}:{port} accepts the connection and then says nothing."))
            .saw("waited", format!("{} s", spent(case, stage).as_secs_f32().round()))
            .fix(Who::You, if matches!(port, 6379 | 16379 | 26379) {
                "On this port Redis is usual; without TLS it waits in silence: use redis:// instead of rediss://."
            } else {
                "Check the port: the program there may be waiting for something other than TLS, or hang."
            })
            .fix(Who::You, "Give it longer with --timeout."),
        Failure::Truncated => finding(&rule::HANDSHAKE, format!("{host}:{port} closed the connection in the middle of the handshake."))
            .fix(Who::ServerOwner, "Look in the server's log for this moment."),
        Failure::NotTls { speaks, first_line } => not_tls(case, endpoint, *speaks, &first_line.to_string()),
        Failure::Garbage => finding(&rule::GARBAGE, format!("{host}:{port} answers with bytes that are no protocol known here."))
            .saw("first bytes", first_bytes(case))
            .fix(Who::You, "Check the port number and what should run there."),
        Failure::TooMuchData if case.chain.leaf.is_some() => finding(&rule::TOO_MUCH_DATA, format!("{host}:{port} sends more certificates than a handshake may hold; current programs give up."))
            .saw("sent", text::count(case.capture.presented.len() + case.capture.not_kept, "certificate"))
            .fix(Who::ServerOwner, "Serve only the server's certificate and its intermediates."),
        Failure::TooMuchData => finding(&rule::TOO_MUCH_DATA, format!("{host}:{port} keeps sending data and never finishes the handshake."))
            .saw("first bytes", first_bytes(case))
            .fix(Who::You, "Check the port number and what should run there."),
        Failure::Alert => return session::alert(case, endpoint),
        Failure::Library(words) => return session::handshake(case, endpoint, words),
        Failure::NoCertificate => finding(&rule::NO_CERTIFICATE, format!("{host}:{port} shakes hands without sending a certificate."))
            .fix(Who::ServerOwner, "Give the server a certificate and turn off anonymous suites."),
        Failure::File(words) => finding(&rule::FILE_UNREADABLE, words.clone()),
        Failure::NothingInFile(words) => finding(&rule::FILE_EMPTY, words.clone()),
    })
}

fn file_failed(case: &Case<'_>, failure: &Failure) -> Option<Finding> {
    let shown = match &case.capture.target.source {
        Source::File(path) => format!("The file {}", text::safe(&path.to_string_lossy())),
        _ => "Standard input".to_owned(),
    };
    match failure {
        Failure::NothingInFile(words) => Some(
            Finding::new(
                &rule::FILE_EMPTY,
                Subject::Connection,
                format!("{shown} holds no certificate."),
            )
            .saw("found", words.clone())
            .fix(Who::You, "Give a PEM or DER file that holds certificates."),
        ),
        Failure::File(words) => Some(
            Finding::new(
                &rule::FILE_UNREADABLE,
                Subject::Connection,
                format!("{shown} cannot be read."),
            )
            .saw("system", words.clone())
            .fix(
                Who::You,
                if words.contains("folder") {
                    "Name one of the files in it."
                } else {
                    "Check the path and your permissions."
                },
            ),
        ),
        _ => None,
    }
}

fn during(stage: Stage) -> &'static str {
    match stage {
        Stage::Handshake => "during the handshake",
        Stage::Upgrading => "before TLS could start",
        _ => "before saying anything",
    }
}

fn timed_out(case: &Case<'_>, endpoint: &Endpoint, stage: Stage) -> Finding {
    let host = endpoint.host.to_string();
    let what = match stage {
        Stage::Resolving => format!("The resolver gave no answer for {host} in time."),
        Stage::Connecting => format!("{host} did not answer on port {} in time.", endpoint.port),
        Stage::Proxy => "The proxy did not answer in time.".to_owned(),
        _ => format!(
            "{host}:{} did not finish {} in time.",
            endpoint.port,
            stage.waiting()
        ),
    };
    Finding::new(&rule::TIMED_OUT, Subject::Connection, what)
        .saw("stage", stage.waiting())
        .saw(
            "waited",
            format!("{:.1} s", spent(case, stage).as_secs_f32()),
        )
        .saw_some("tried", attempts(case))
        .fix(
            Who::You,
            "Check the address, your VPN and firewall; a dropped packet looks like this.",
        )
        .fix(Who::You, "Give it longer with --timeout.")
}

fn spent(case: &Case<'_>, stage: Stage) -> std::time::Duration {
    case.capture
        .timings
        .iter()
        .filter(|(s, _)| *s == stage)
        .map(|(_, took)| *took)
        .sum()
}

fn attempts(case: &Case<'_>) -> Option<String> {
    let shown: Vec<String> = case
        .capture
        .attempts
        .iter()
        .take(6)
        .map(|a| match &a.result {
            AttemptResult::Failed(words) => format!("{} ({words})", a.address),
            AttemptResult::Connected | AttemptResult::Abandoned => a.address.to_string(),
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join(", "))
}

fn proxy(case: &Case<'_>, endpoint: &Endpoint, failure: &ProxyFailure) -> Finding {
    let (url, because) = match &case.capture.route {
        Route::Proxy { url, because, .. } => (url.clone(), because.clone()),
        Route::Direct => ("the proxy".to_owned(), String::new()),
    };
    let finding = |rule, summary: String| {
        Finding::new(rule, Subject::Connection, summary).saw(
            "proxy",
            format!(
                "{url}{}",
                if because.is_empty() {
                    String::new()
                } else {
                    format!(" (because of {because})")
                }
            ),
        )
    };
    let to = format!("{}:{}", endpoint.host, endpoint.port);
    let without = |f: Finding| {
        f.fix_by(
            Who::You,
            "Try without the proxy.",
            format!("whycert --no-proxy {}", case.typed()),
        )
    };
    match failure {
        ProxyFailure::Unreachable(words) => without(
            finding(
                &rule::PROXY_UNREACHABLE,
                format!("The proxy {url} cannot be reached."),
            )
            .saw("system", words.clone())
            .fix(
                Who::You,
                format!("Check the address{}.", set_in(&because)),
            ),
        ),
        ProxyFailure::Answered(ProxyTrouble::BadUrl(words)) => without(
            finding(
                &rule::PROXY_UNREACHABLE,
                "The proxy's address is not understood.".to_owned(),
            )
            .saw("problem", words.clone()),
        ),
        ProxyFailure::Answered(ProxyTrouble::Status {
            code: 407,
            words,
            authenticate,
        }) => finding(
            &rule::PROXY_AUTHENTICATION,
            format!(
                "The proxy {url} asks for a user name and password before it connects to {to}."
            ),
        )
        .saw("answer", format!("407 {words}"))
        .saw_some("wants", authenticate.as_ref().map(ToString::to_string))
        .fix_by(
            Who::You,
            "Give them in the proxy's address.",
            format!(
                "whycert --proxy http://USER:PASSWORD@PROXY:PORT {}",
                case.typed()
            ),
        ),
        // What web servers answer to CONNECT; a proxy that does not want to says 403.
        ProxyFailure::Answered(ProxyTrouble::Status {
            code: code @ (400 | 404 | 405 | 501),
            words,
            ..
        }) => without(
            finding(
                &rule::PROXY_NOT_A_PROXY,
                format!("{url} does not connect to {to}; it answers as a web server would, not a proxy."),
            )
            .saw("answer", format!("{code} {words}"))
            .fix(
                Who::You,
                format!("Check the proxy's address and port{}.", set_in(&because)),
            ),
        ),
        ProxyFailure::Answered(ProxyTrouble::Status {
            code: code @ (502..=504),
            words,
            ..
        }) => without(
            finding(
                &rule::PROXY_REFUSED,
                format!("The proxy {url} could not connect to {to} itself."),
            )
            .saw("answer", format!("{code} {words}"))
            .fix(
                Who::You,
                "Check the spelling of the name, and whether the server is running.",
            )
            .fix(
                Who::NetworkOwner,
                format!("Look why the proxy does not reach {to}."),
            ),
        ),
        ProxyFailure::Answered(ProxyTrouble::Status { code, words, .. }) => without(
            finding(
                &rule::PROXY_REFUSED,
                format!("The proxy {url} refuses to connect to {to}."),
            )
            .saw("answer", format!("{code} {words}"))
            .fix(Who::NetworkOwner, format!("Ask for {to} to be allowed.")),
        ),
        ProxyFailure::Answered(ProxyTrouble::NotAProxy(words)) => without(
            finding(
                &rule::PROXY_NOT_A_PROXY,
                format!("{url} does not answer like a proxy."),
            )
            .saw("answer", words.to_string())
            .fix(
                Who::You,
                "Check the proxy's port and scheme (http://, socks5://).",
            ),
        ),
        ProxyFailure::Answered(ProxyTrouble::SocksLogin(words)) => finding(
            &rule::PROXY_AUTHENTICATION,
            format!(
                "The SOCKS proxy {url} asks for a user name and password before it connects to {to}."
            ),
        )
        .saw("answer", words.clone())
        .fix_by(
            Who::You,
            "Give them in the proxy's address.",
            format!(
                "whycert --proxy socks5h://USER:PASSWORD@PROXY:PORT {}",
                case.typed()
            ),
        ),
        ProxyFailure::Answered(ProxyTrouble::Socks(words)) => without(
            finding(
                &rule::PROXY_REFUSED,
                format!("The SOCKS proxy {url} does not connect to {to}."),
            )
            .saw("answer", words.clone()),
        ),
    }
}

/// ` in HTTPS_PROXY`, when it is known what named the proxy.
fn set_in(because: &str) -> String {
    if because.is_empty() {
        String::new()
    } else {
        format!(" in {because}")
    }
}

fn not_tls(case: &Case<'_>, endpoint: &Endpoint, speaks: Speaks, first_line: &str) -> Finding {
    let (host, port) = (endpoint.host.to_string(), endpoint.port);
    let at = format!("{host}:{port}");
    let first_line = crate::text::clip(first_line, 120).into_owned();
    let starttls = match speaks {
        Speaks::Smtp => Some(StartTls::Smtp),
        Speaks::Imap => Some(StartTls::Imap),
        Speaks::Pop3 => Some(StartTls::Pop3),
        Speaks::Ftp => Some(StartTls::Ftp),
        Speaks::Postgres => Some(StartTls::Postgres),
        Speaks::Mysql => Some(StartTls::Mysql),
        Speaks::Ldap => Some(StartTls::Ldap),
        Speaks::Http | Speaks::Ssh | Speaks::Redis => None,
    };
    if let Some(protocol) = starttls {
        return Finding::new(
            &rule::NEEDS_STARTTLS,
            Subject::Connection,
            format!(
                "{at} speaks {} first; TLS starts there only after STARTTLS.",
                protocol.title()
            ),
        )
        .saw("first line", first_line)
        .fix_by(
            Who::You,
            "Ask it to start TLS.",
            format!(
                "whycert --starttls {} {}",
                protocol.id(),
                text::shell_quote(&at)
            ),
        );
    }
    if speaks == Speaks::Http {
        let plain = matches!(endpoint.scheme, Scheme::Http | Scheme::Ws);
        let url = format!("http://{at}{}", text::safe(&endpoint.path));
        let summary = if plain {
            format!(
                "{at} speaks plain HTTP, as you typed: there is no TLS and no certificate to look at."
            )
        } else {
            format!("This server speaks plain HTTP on port {port}, not TLS: use http://{at}.")
        };
        let finding = Finding::new(&rule::PLAIN_HTTP, Subject::Connection, summary)
            .saw("first line", first_line);
        return if plain {
            finding.severity(Severity::Note).fix(Who::You, "Nothing to repair; on an untrusted network, ask the owner for an https:// address.")
        } else {
            let finding = finding.fix_by(
                Who::You,
                "Write http:// instead of https://.",
                format!("curl {}", text::shell_quote(&url)),
            );
            let known = local::plain_http(case, endpoint, finding);
            if known.fixes.iter().any(|f| f.who == Who::ServerOwner) {
                return known;
            }
            known.fix(
                Who::ServerOwner,
                "If it should be encrypted, turn on TLS on this port.",
            )
        };
    }
    let (name, advice) = match speaks {
        Speaks::Ssh => (
            "SSH",
            "Use an SSH client; SSH has its own keys and no certificates of this kind.",
        ),
        _ => (
            "Redis without TLS",
            "Use redis:// instead of rediss://, or turn on TLS in the server.",
        ),
    };
    Finding::new(
        &rule::NOT_TLS,
        Subject::Connection,
        format!("{at} speaks {name}, not TLS."),
    )
    .saw("first line", first_line)
    .fix(Who::You, advice)
}

fn first_bytes(case: &Case<'_>) -> String {
    let bytes = case
        .capture
        .first_bytes
        .get(..24)
        .unwrap_or(&case.capture.first_bytes);
    text::hex_colon(bytes)
}
