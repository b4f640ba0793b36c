//! Understanding what was typed, and naming mistakes.
//!
//! User names and passwords of a URL are dropped at once: no [`Target`] and no message holds them.

use std::path::PathBuf;

use super::host::host_and_port;
use super::{Endpoint, Scheme, ServerNameChoice, Source, StartTls, Target, TargetError};
use crate::text;

/// Suffixes that no top-level domain has: text ending in one names a file.
const FILE_SUFFIXES: [&str; 15] = [
    "pem",
    "crt",
    "cer",
    "cert",
    "der",
    "p7b",
    "p7c",
    "p7s",
    "p12",
    "pfx",
    "jks",
    "jceks",
    "key",
    "ca-bundle",
    "txt",
];

/// What may stand before `://`: the scheme, the plain-text dialogue, the usual port.
const SCHEMES: [(&str, Scheme, Option<StartTls>, u16); 36] = [
    ("https", Scheme::Https, None, 443),
    ("http", Scheme::Http, None, 80),
    ("wss", Scheme::Wss, None, 443),
    ("ws", Scheme::Ws, None, 80),
    ("tls", Scheme::Tls, None, 443),
    ("ssl", Scheme::Tls, None, 443),
    ("tcp", Scheme::Tls, None, 443),
    ("grpcs", Scheme::Tls, None, 443),
    ("grpc+tls", Scheme::Tls, None, 443),
    ("smtps", Scheme::Tls, None, 465),
    ("submissions", Scheme::Tls, None, 465),
    ("imaps", Scheme::Tls, None, 993),
    ("pop3s", Scheme::Tls, None, 995),
    ("pops", Scheme::Tls, None, 995),
    ("ftps", Scheme::Tls, None, 990),
    ("ldaps", Scheme::Tls, None, 636),
    ("rediss", Scheme::Tls, None, 6379),
    ("valkeys", Scheme::Tls, None, 6379),
    ("mqtts", Scheme::Tls, None, 8883),
    ("amqps", Scheme::Tls, None, 5671),
    ("ircs", Scheme::Tls, None, 6697),
    ("sips", Scheme::Tls, None, 5061),
    ("nntps", Scheme::Tls, None, 563),
    ("mongodb", Scheme::Tls, None, 27017),
    ("smtp", Scheme::Tls, Some(StartTls::Smtp), 25),
    ("submission", Scheme::Tls, Some(StartTls::Smtp), 587),
    ("imap", Scheme::Tls, Some(StartTls::Imap), 143),
    ("pop3", Scheme::Tls, Some(StartTls::Pop3), 110),
    ("pop", Scheme::Tls, Some(StartTls::Pop3), 110),
    ("ftp", Scheme::Tls, Some(StartTls::Ftp), 21),
    ("postgres", Scheme::Tls, Some(StartTls::Postgres), 5432),
    ("postgresql", Scheme::Tls, Some(StartTls::Postgres), 5432),
    ("mysql", Scheme::Tls, Some(StartTls::Mysql), 3306),
    ("mariadb", Scheme::Tls, Some(StartTls::Mysql), 3306),
    ("ldap", Scheme::Tls, Some(StartTls::Ldap), 389),
    ("dot", Scheme::Tls, None, 853),
];

/// Schemes without TLS, and the one with it.
const PLAIN: [(&str, &str); 6] = [
    ("redis", "rediss"),
    ("valkey", "valkeys"),
    ("mqtt", "mqtts"),
    ("amqp", "amqps"),
    ("irc", "ircs"),
    ("sip", "sips"),
];

/// Programs whose whole command line gets pasted.
const PROGRAMS: [&str; 18] = [
    "curl", "wget", "openssl", "whycert", "git", "http", "https", "nc", "ncat", "telnet", "ssh",
    "pip", "pip3", "npm", "ping", "docker", "$", "sudo",
];

/// The longest text that is looked at.
const LONGEST: usize = 8_192;

/// Understands what was typed. See [`Target::parse`].
pub(super) fn parse(typed: &str) -> Result<Target, TargetError> {
    let text = without_quotes(typed.trim());
    if text.is_empty() {
        return Err(mistake(
            "the target is empty",
            "name a server or a file: localhost:8443, https://example.com, chain.pem",
        ));
    }
    if text.len() > LONGEST {
        return Err(mistake(
            format!("the target is {} bytes long", text.len()),
            "name one server or one file: localhost:8443, https://example.com, chain.pem",
        ));
    }
    if text == "-" {
        return Ok(target(text, Source::Stdin));
    }
    if text.starts_with("-----BEGIN") {
        return Err(mistake(
            "this is the text of a certificate, not the name of a file",
            "save it as a file and name that, or pipe it: whycert inspect - < chain.pem",
        ));
    }
    if let Some(path) = file(text)? {
        return Ok(target(text, Source::File(path)));
    }
    pasted_command(text)?;
    let (before, rest) = scheme(text)?;
    endpoint(before, rest)
}

/// A port was typed: `host:8443`, `[::1]:8443`, `https://host:8443/`, but not `::1`.
pub(super) fn names_port(typed: &str) -> bool {
    let text = without_quotes(typed.trim());
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = Parts::of(rest).authority;
    match authority.rsplit_once(']') {
        Some((_, after)) => after.starts_with(':'),
        None => authority.matches(':').count() == 1,
    }
}

/// The path of a file, when the text is plainly one.
fn file(text: &str) -> Result<Option<PathBuf>, TargetError> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("file:") {
        return file_url(text).map(Some);
    }
    if lower.contains("://") {
        return Ok(None);
    }
    if let Some(rest) = text.strip_prefix("//") {
        return Err(mistake(
            format!("“{}” has no scheme before the //", shown(text)),
            format!("did you mean https://{}?", shown(&without_user(rest))),
        ));
    }
    let bytes = text.as_bytes();
    let drive = bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.get(1) == Some(&b':')
        && matches!(bytes.get(2), Some(b'\\' | b'/'));
    let starts = text.starts_with(['/', '~', '.']) || text.starts_with("\\\\") || drive;
    let suffix = lower
        .rsplit_once('.')
        .is_some_and(|(_, suffix)| FILE_SUFFIXES.contains(&suffix));
    let Some((first, _)) = text.split_once('/') else {
        return Ok((starts || suffix).then(|| PathBuf::from(text)));
    };
    let is_file = starts || (suffix && !first.contains(':')) || !like_server(first);
    Ok(is_file.then(|| PathBuf::from(text)))
}

/// What stands before a slash looks like a server: `localhost/…`, `host:8443/…`, `example.com/…`, `http:/…`.
fn like_server(first: &str) -> bool {
    first.contains([':', '.', '@', '[', ' ', ';'])
        || first.eq_ignore_ascii_case("localhost")
        || ["http", "https"].contains(&first.to_ascii_lowercase().as_str())
}

fn file_url(text: &str) -> Result<PathBuf, TargetError> {
    let fail = || {
        mistake(
            format!("“{}” names no file of this machine", shown(text)),
            "write three slashes before the path, as in file:///home/me/chain.pem, or the path alone",
        )
    };
    let url = url::Url::parse(text).map_err(|_| fail())?;
    if !text.get(5..).is_some_and(|rest| rest.starts_with('/')) {
        return Err(fail());
    }
    url.to_file_path().map_err(|()| fail())
}

/// A whole command, or words: never echoed, as it may hold a password.
fn pasted_command(text: &str) -> Result<(), TargetError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [first, others @ ..] = words.as_slice() else {
        return Ok(());
    };
    if others.is_empty() {
        return Ok(());
    }
    let good = |word: &&str| {
        let word = without_quotes(word);
        let named = word.contains("://") || word.contains(':') || word.contains('.');
        match parse(word).map(|t| t.source) {
            Ok(Source::Endpoint(_)) if named && !word.starts_with('-') => {
                Some(shown(&without_user(word)))
            }
            _ => None,
        }
    };
    if PROGRAMS.contains(first) {
        let hint = others.iter().find_map(good).map_or_else(
            || "type the address alone: https://example.com".to_owned(),
            |address| format!("type the address alone: {address}"),
        );
        return Err(mistake(
            format!("this is a whole {} command", shown(first)),
            hint,
        ));
    }
    if let [host, port] = words.as_slice()
        && port.bytes().all(|b| b.is_ascii_digit())
        && parse(host.trim_end_matches(':')).is_ok()
    {
        let host = shown(&without_user(host));
        return Err(mistake(
            "there is a space between host and port",
            format!("did you mean {}:{port}?", host.trim_end_matches(':')),
        ));
    }
    if words.iter().filter_map(good).count() > 1 {
        return Err(mistake(
            "these are several targets in one",
            "name each by itself, without quotes around all of them",
        ));
    }
    let joined: String = words.concat();
    let hint = match parse(&joined) {
        Ok(found) if found.endpoint().is_some() => {
            format!("did you mean {}?", text::safe(&found.typed))
        }
        _ => "name one server, such as https://example.com, or a file, such as ./chain.pem"
            .to_owned(),
    };
    Err(mistake("there is a space in the target", hint))
}

/// The scheme, and what stands behind it.
fn scheme(text: &str) -> Result<(Option<Known>, &str), TargetError> {
    if let Some((before, rest)) = text.split_once("://") {
        if !before.contains(['/', '?', '#', '@']) {
            return Ok((Some(known(before, rest)?), rest));
        }
        return Ok((None, text));
    }
    // What a slip makes of ://
    let lower = text.to_ascii_lowercase();
    for (name, ..) in SCHEMES.iter().take(4) {
        let Some(rest) = lower.strip_prefix(name) else {
            continue;
        };
        let marks = rest.len()
            - rest
                .trim_start_matches([':', '/', '\\', ';', '.', ',', ' '])
                .len();
        let mark = rest.get(..marks).unwrap_or_default();
        let host = text.get(name.len() + marks..).unwrap_or_default();
        let slip = mark.contains(['/', '\\', ';'])
            || (mark == ":" && !host.starts_with(|c: char| c.is_ascii_digit()));
        if slip && !host.is_empty() {
            return Err(mistake(
                format!("“{name}{mark}” should be “{name}://”"),
                format!("did you mean {name}://{}?", shown(&without_user(host))),
            ));
        }
    }
    Ok((None, text))
}

/// A known scheme as typed.
struct Known {
    word: String,
    scheme: Scheme,
    upgrade: Option<StartTls>,
    port: u16,
}

fn known(before: &str, rest: &str) -> Result<Known, TargetError> {
    let rest = shown(&without_user(rest));
    let lower = before.to_ascii_lowercase();
    let word = lower.strip_prefix("jdbc:").unwrap_or(&lower);
    let find = |word: &str| SCHEMES.iter().find(|(name, ..)| *name == word);
    // postgresql+psycopg://, as SQLAlchemy writes it.
    let driver = word.split_once('+').map_or(word, |(database, _)| database);
    if let Some((_, scheme, upgrade, port)) = find(word).or_else(|| find(driver)) {
        return Ok(Known {
            word: lower.clone(),
            scheme: *scheme,
            upgrade: *upgrade,
            port: *port,
        });
    }
    let seen = shown(before);
    if before.is_empty() {
        return Err(mistake(
            "nothing stands before “://”",
            format!("did you mean https://{rest}?"),
        ));
    }
    if let Some((_, with)) = PLAIN.iter().find(|(plain, _)| *plain == lower) {
        return Err(mistake(
            format!("{lower}:// is without TLS, so there is no certificate to see"),
            format!("if the port speaks TLS, type {with}://{rest}"),
        ));
    }
    if ["ssh", "sftp", "scp", "git+ssh"].contains(&lower.as_str()) {
        return Err(mistake(
            format!("{lower}:// uses keys of its own, not TLS certificates"),
            "name a server that speaks TLS, such as https://example.com",
        ));
    }
    let near = text::nearest(&lower, SCHEMES.iter().map(|(name, ..)| *name));
    let hint = match near {
        Some(near) => format!("did you mean {near}://{rest}?"),
        None => format!("type tls://{rest} if TLS starts at once, with the port"),
    };
    Err(mistake(format!("{seen}:// is not known here"), hint))
}

/// Authority and path of what follows the scheme.
struct Parts<'t> {
    /// Host and port, without user and password.
    authority: &'t str,
    /// There was a user, a password, or both.
    had_user: bool,
    /// Path and query, without fragment.
    path: &'t str,
}

impl<'t> Parts<'t> {
    fn of(rest: &'t str) -> Self {
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (before, path) = rest.split_at(end);
        let authority = before.rsplit_once('@').map_or(before, |(_, host)| host);
        Self {
            authority,
            had_user: authority.len() != before.len(),
            path: path.split('#').next().unwrap_or_default(),
        }
    }
}

fn endpoint(before: Option<Known>, rest: &str) -> Result<Target, TargetError> {
    let parts = Parts::of(rest);
    let word = before
        .as_ref()
        .map_or(String::new(), |k| format!("{}://", k.word));
    let whole = |host: &str| format!("{word}{host}{}", shown(parts.path));
    if parts.authority.is_empty() {
        let path = parts.path.trim_start_matches(['/', '\\']);
        let slashes = !path.is_empty() && !parts.had_user;
        return Err(mistake(
            "no host is named",
            if slashes {
                format!("did you mean {word}{}?", shown(path))
            } else {
                format!(
                    "name one: {}localhost:8443",
                    if word.is_empty() { "https://" } else { &word }
                )
            },
        ));
    }
    let usual = before.as_ref().map_or(443, |k| k.port);
    let read = host_and_port(parts.authority, usual, &whole);
    let (host, port) = read.map_err(|error| {
        // A password with a slash or question mark in it ends the authority early: do not echo its start.
        if parts.path.contains('@') && !parts.had_user {
            mistake(
                "the user name or password in this address breaks it",
                "leave user and password out: https://host:port",
            )
        } else {
            error
        }
    })?;
    let typed = format!("{word}{}{}", parts.authority, parts.path);
    let (scheme, upgrade) = before.map_or((Scheme::Tls, None), |k| (k.scheme, k.upgrade));
    Ok(target(
        &typed,
        Source::Endpoint(Endpoint {
            scheme,
            host,
            port: port.unwrap_or(usual),
            server_name: ServerNameChoice::Host,
            connect: None,
            upgrade,
            path: parts.path.replace('\\', "/"),
        }),
    ))
}

fn target(typed: &str, source: Source) -> Target {
    Target {
        typed: typed.to_owned(),
        source,
    }
}

/// Without quotes or angle brackets around it, as copied from code, chat or mail.
fn without_quotes(text: &str) -> &str {
    const PAIRS: [(char, char); 6] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('<', '>'),
        ('“', '”'),
        ('‘', '’'),
    ];
    PAIRS
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
        .map_or(text, str::trim)
}

/// What may be echoed of an address: no user, no password.
fn without_user(text: &str) -> String {
    let (before, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    match rest.rsplit_once('@') {
        // An @ in a path is no password, but a password may have a slash in it: leave it out.
        Some((_, host)) => format!("{before}{host}"),
        None => text.to_owned(),
    }
}

/// For messages: safe, short, and without user and password.
pub(super) fn shown(text: &str) -> String {
    text::clip(&text::safe(&without_user(text)), 80).into_owned()
}

pub(super) fn mistake(problem: impl Into<String>, hint: impl Into<String>) -> TargetError {
    TargetError {
        problem: problem.into(),
        hint: hint.into(),
    }
}
