//! Values on the command line, understood: targets with their options, times, sizes.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::diagnosis::pasted::Pasted;
use crate::inspect::{Assumption, Fingerprint, Options, WhatIf};
use crate::moment::Moment;
use crate::net::{Family, ProxyChoice, Reach};
use crate::target::{Host, ServerNameChoice, Source, StartTls, Target};
use crate::text;
use crate::tui::theme::{self, Look, Theme};

use super::args::{Judging, Reaching, Screen, Supposing, ThemeChoice};
use super::usage::Usage;

/// The longest time limit of one stage that can be asked for.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Every target as typed, with the options for reaching it.
pub(super) fn targets(typed: &[String], reaching: &Reaching) -> Result<Vec<Target>, Usage> {
    let targets: Vec<Target> = typed
        .iter()
        .map(|one| target(one, reaching))
        .collect::<Result<_, _>>()?;
    servers_only(&targets, reaching)?;
    let from_stdin = targets.iter().filter(|t| t.source == Source::Stdin).count();
    if from_stdin > 1 {
        return Err(Usage::new(
            "standard input (-) is named twice",
            "name it once: it can be read only once",
        ));
    }
    Ok(targets)
}

/// A single target as typed, with the options for reaching it.
pub(super) fn one_target(typed: &str, reaching: &Reaching) -> Result<Target, Usage> {
    let target = target(typed, reaching)?;
    servers_only(std::slice::from_ref(&target), reaching)?;
    Ok(target)
}

fn target(typed: &str, reaching: &Reaching) -> Result<Target, Usage> {
    let mut target = Target::parse(typed).map_err(|wrong| {
        // An error of some program, where a target was to stand.
        let known = !Pasted::read(typed).matches.is_empty();
        let hint = match known && typed.contains(char::is_whitespace) {
            true => "to have an error explained: whycert explain '…', in quotes".to_owned(),
            false => wrong.hint,
        };
        Usage::new(wrong.problem, hint)
    })?;
    // certs.d/chain reads as a server and a path; where there is such a file, the file is meant.
    if typed.contains('/') && !typed.contains("://") && Path::new(typed).is_file() {
        target.source = Source::File(PathBuf::from(typed));
        typed.clone_into(&mut target.typed);
    }
    let Source::Endpoint(endpoint) = &mut target.source else {
        return Ok(target);
    };
    if let Some(name) = &reaching.sni {
        endpoint.server_name = ServerNameChoice::Named(server_name(name)?);
    }
    if reaching.no_sni {
        endpoint.server_name = ServerNameChoice::Omitted;
    }
    if let Some(address) = &reaching.connect {
        endpoint.connect = Some(connect(address)?);
    }
    if let Some(protocol) = &reaching.starttls {
        let protocol = starttls(protocol)?;
        endpoint.upgrade = Some(protocol);
        if !Target::names_port(typed) {
            endpoint.port = usual_port(protocol);
        }
    }
    Ok(target)
}

/// Options for reaching a server are a mistake when there is none to reach.
fn servers_only(targets: &[Target], reaching: &Reaching) -> Result<(), Usage> {
    match (targets.first(), for_servers_only(reaching)) {
        (Some(first), Some((option, instead)))
            if targets.iter().all(|t| t.endpoint().is_none()) =>
        {
            Err(Usage::new(
                format!("{option} is for servers, and “{}” is none", first.typed),
                instead,
            ))
        }
        _ => Ok(()),
    }
}

/// The first option given that has no meaning without a server, and what to do instead.
fn for_servers_only(reaching: &Reaching) -> Option<(&'static str, &'static str)> {
    let leave_out = "leave it out";
    let host = "leave it out, or check the name with: whycert verify --chain FILE --host NAME";
    [
        (reaching.sni.is_some(), "--sni", host),
        (reaching.no_sni, "--no-sni", leave_out),
        (reaching.connect.is_some(), "--connect", leave_out),
        (reaching.ipv4, "--ipv4", leave_out),
        (reaching.ipv6, "--ipv6", leave_out),
        (reaching.proxy.is_some(), "--proxy", leave_out),
        (reaching.starttls.is_some(), "--starttls", leave_out),
    ]
    .into_iter()
    .find_map(|(given, option, instead)| given.then_some((option, instead)))
}

/// How to inspect.
pub(super) fn options(reaching: &Reaching, judging: &Judging) -> Result<Options, Usage> {
    let family = match (reaching.ipv4, reaching.ipv6) {
        (true, _) => Family::V4,
        (_, true) => Family::V6,
        _ => Family::Any,
    };
    let proxy = match (&reaching.proxy, reaching.no_proxy) {
        (Some(url), _) => ProxyChoice::Given(proxy(url)?),
        (None, true) => ProxyChoice::Direct,
        (None, false) => ProxyChoice::Environment,
    };
    Ok(Options {
        reach: Reach {
            family,
            timeout: timeout(&reaching.timeout)?,
            proxy,
        },
        what_if: WhatIf::at_moment(at(judging.at.as_deref())?),
        resolve_names: reaching.resolve_names,
        compare: reaching.compare.as_deref().map(compared).transpose()?,
        ..Options::default()
    })
}

/// `--what-if` and `--fetch`, beside the other options.
pub(super) fn suppose(options: &mut Options, supposing: &Supposing) -> Result<(), Usage> {
    options.fetch = supposing.fetch;
    for typed in &supposing.what_if {
        for assumption in assumptions(typed)? {
            options.what_if.assume(assumption);
        }
    }
    Ok(())
}

/// One `--what-if`; a file may hold several certificates.
fn assumptions(typed: &str) -> Result<Vec<Assumption>, Usage> {
    let wrong = |problem: String, hint: &str| Usage::new(format!("--what-if: {problem}"), hint);
    let digest = |value: &str| {
        Fingerprint::parse(value).ok_or_else(|| {
            wrong(
                format!("“{value}” is no SHA-256"),
                "give at least the first eight digits, as the report and Y in the screen show them",
            )
        })
    };
    let (what, value) = typed.split_once('=').unwrap_or((typed, ""));
    Ok(match (what, value.trim()) {
        ("trust", value) => vec![Assumption::Trust(digest(value)?)],
        ("without", value) => vec![Assumption::Without(digest(value)?)],
        ("at", value) => vec![Assumption::At(
            Moment::parse(value, Moment::now()).map_err(|error| {
                wrong(
                    error.to_string(),
                    "use at=2027-01-31, at=2027-01-31T12:00:00Z, at=+30d or at=-2h",
                )
            })?,
        )],
        ("host", value) => vec![Assumption::Host(host_of("--what-if: host", value)?)],
        ("unset", value) if !value.is_empty() => vec![Assumption::Unset(value.to_owned())],
        ("send", value) => sent(value)?.into_iter().map(Assumption::Send).collect(),
        _ => {
            return Err(wrong(
                format!("“{typed}” is no assumption"),
                "use trust=SHA256, send=FILE, at=TIME, host=NAME, unset=VARIABLE or without=SHA256",
            ));
        }
    })
}

/// The certificates of a file that the server is taken to send.
fn sent(path: &str) -> Result<Vec<std::sync::Arc<[u8]>>, Usage> {
    let hint = "name a file of certificates, PEM or DER";
    let fail = |why: String| Usage::new(format!("--what-if: send: “{path}” {why}"), hint);
    crate::capture::certificates(Path::new(path))
        .map_err(|why| fail(format!("gives no certificate: {why}")))
}

/// `--compare`: a server.
fn compared(typed: &str) -> Result<Target, Usage> {
    let mistake = |problem: String| {
        Usage::new(
            format!("--compare: {problem}"),
            "name a public server that has nothing to do with this one: --compare https://example.com",
        )
    };
    let target = Target::parse(typed).map_err(|error| mistake(error.problem))?;
    if target.endpoint().is_none() {
        return Err(mistake(format!("“{typed}” is no server")));
    }
    Ok(target)
}

/// `--at`.
pub(super) fn at(typed: Option<&str>) -> Result<Option<Moment>, Usage> {
    typed
        .map(|typed| {
            Moment::parse(typed, Moment::now()).map_err(|error| {
                Usage::new(
                    format!("--at: {error}"),
                    "use 2027-01-31, 2027-01-31T12:00:00Z, +30d or -2h",
                )
            })
        })
        .transpose()
}

/// The files of `--ca` and `--roots`: a name that is plainly no file is a mistake now, not later.
pub(super) fn given_files(option: &str, files: &[PathBuf]) -> Result<(), Usage> {
    for file in files {
        if !file.exists() {
            return Err(Usage::new(
                format!("{option}: there is no file “{}”", file.display()),
                "name a file of certificates, PEM or DER",
            ));
        }
        if file.is_dir() {
            return Err(Usage::new(
                format!("{option}: “{}” is a folder", file.display()),
                "name a file of certificates, PEM or DER",
            ));
        }
    }
    Ok(())
}

/// `--host` of `verify`: a name or an address without a port.
pub(super) fn host(typed: &str) -> Result<Host, Usage> {
    host_of("--host", typed)
}

fn host_of(option: &str, typed: &str) -> Result<Host, Usage> {
    let hint = "use a name such as localhost or an address such as 127.0.0.1";
    if Target::names_port(typed) {
        return Err(Usage::new(
            format!("{option}: “{typed}” names a port"),
            "leave the port out: certificates name hosts only",
        ));
    }
    match Target::parse(typed).map(|target| target.source) {
        Ok(Source::Endpoint(endpoint)) => Ok(endpoint.host),
        _ => Err(Usage::new(
            format!("{option}: “{typed}” is no host name"),
            hint,
        )),
    }
}

/// `--size`: columns and rows.
pub(super) fn size(typed: &str) -> Result<(u16, u16), Usage> {
    let parts = typed
        .split_once(['x', 'X'])
        .and_then(|(columns, rows)| Some((columns.parse().ok()?, rows.parse().ok()?)));
    match parts {
        Some((columns @ 40..=400, rows @ 10..=200)) => Ok((columns, rows)),
        _ => Err(Usage::new(
            format!("--size: “{typed}” is no size between 40x10 and 400x200"),
            "use columns and rows, such as 120x36",
        )),
    }
}

/// Words in lines of at most so many columns, broken between them: what the first line begins with, and
/// the others. Ends in a line feed.
pub(super) fn folded(words: &str, (first, rest): (&str, &str), columns: usize) -> String {
    let mut out = first.to_owned();
    let (mut used, mut fresh) = (text::width(first), true);
    for word in words.split_whitespace() {
        let width = text::width(word);
        if !fresh && used + 1 + width > columns {
            out.push_str(&format!("\n{rest}"));
            (used, fresh) = (text::width(rest), true);
        }
        if !fresh {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        (used, fresh) = (used + width, false);
    }
    out.push('\n');
    out
}

/// Standard output is a terminal that can draw a screen; a dumb one prints line after line.
pub(super) fn has_screen() -> bool {
    std::io::stdout().is_terminal() && std::env::var("TERM").as_deref() != Ok("dumb")
}

/// `--theme` and `--ascii`, else what the environment says: `NO_COLOR`, a locale without UTF-8.
pub(super) fn look(screen: &Screen) -> Look {
    let variable = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    let theme = match screen.theme {
        ThemeChoice::Auto if anstyle_query::no_color() => Theme::Mono,
        ThemeChoice::Auto => Theme::Terminal,
        ThemeChoice::Dark => Theme::Dark,
        ThemeChoice::Light => Theme::Light,
        ThemeChoice::Mono => Theme::Mono,
    };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(variable)
        .unwrap_or_default();
    let utf8 = cfg!(windows)
        || locale
            .to_ascii_lowercase()
            .replace('-', "")
            .contains("utf8");
    let glyphs = if screen.ascii || !utf8 {
        &theme::ASCII
    } else {
        &theme::UNICODE
    };
    Look { theme, glyphs }
}

/// `10`, `1.5s`, `500ms`, `2m`, `1h`.
fn timeout(typed: &str) -> Result<Duration, Usage> {
    let fail = || {
        Usage::new(
            format!("--timeout: “{typed}” is no time between 1ms and 1 hour"),
            "use seconds, such as 10 or 1.5s, or milliseconds, such as 500ms",
        )
    };
    let (number, unit) = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0)]
        .iter()
        .find_map(|(suffix, unit)| Some((typed.strip_suffix(suffix)?, *unit)))
        .unwrap_or((typed, 1.0));
    let number: f64 = number.trim().parse().map_err(|_| fail())?;
    let limit = Duration::try_from_secs_f64(number * unit).map_err(|_| fail())?;
    if limit < Duration::from_millis(1) || limit > LONGEST {
        return Err(fail());
    }
    Ok(limit)
}

fn server_name(typed: &str) -> Result<String, Usage> {
    match Target::parse(typed).map(|target| target.source) {
        Ok(Source::Endpoint(endpoint)) if !Target::names_port(typed) => match endpoint.host {
            Host::Name { ascii, .. } => Ok(ascii),
            Host::Ip(_) => Err(Usage::new(
                format!("--sni: “{typed}” is an address, and TLS sends names only (RFC 6066)"),
                "use a name, or --no-sni to send none",
            )),
        },
        _ => Err(Usage::new(
            format!("--sni: “{typed}” is no host name"),
            "use a name such as api.example.com, or --no-sni to send none",
        )),
    }
}

fn connect(typed: &str) -> Result<(Host, Option<u16>), Usage> {
    match Target::parse(typed).map(|target| target.source) {
        Ok(Source::Endpoint(endpoint)) if !typed.contains("://") => Ok((
            endpoint.host,
            Target::names_port(typed).then_some(endpoint.port),
        )),
        _ => Err(Usage::new(
            format!("--connect: “{typed}” is no address"),
            "use an address or name, with a port if it differs: 127.0.0.1:8443, [::1]:8443",
        )),
    }
}

fn proxy(typed: &str) -> Result<String, Usage> {
    const SCHEMES: [&str; 5] = ["http", "https", "socks5", "socks5h", "socks"];
    let hint = "use http://host:port, socks5://host:port or socks5h://host:port";
    let with_scheme = if typed.contains("://") {
        typed.to_owned()
    } else {
        format!("http://{typed}")
    };
    let wrong = |why: String| Usage::new(format!("--proxy: {why}"), hint);
    let url =
        url::Url::parse(&with_scheme).map_err(|error| wrong(format!("not a URL: {error}")))?;
    if !SCHEMES.contains(&url.scheme()) {
        return Err(wrong(format!("“{}” proxies are not known", url.scheme())));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("the URL names no host".to_owned()));
    }
    Ok(with_scheme)
}

const PROTOCOLS: [(&str, StartTls, u16); 9] = [
    ("smtp", StartTls::Smtp, 25),
    ("imap", StartTls::Imap, 143),
    ("pop3", StartTls::Pop3, 110),
    ("ftp", StartTls::Ftp, 21),
    ("postgres", StartTls::Postgres, 5432),
    ("postgresql", StartTls::Postgres, 5432),
    ("mysql", StartTls::Mysql, 3306),
    ("mariadb", StartTls::Mysql, 3306),
    ("ldap", StartTls::Ldap, 389),
];

fn starttls(typed: &str) -> Result<StartTls, Usage> {
    let lower = typed.to_ascii_lowercase();
    PROTOCOLS
        .iter()
        .find(|(name, ..)| *name == lower)
        .map(|(_, protocol, _)| *protocol)
        .ok_or_else(|| {
            Usage::new(
                format!("--starttls cannot be “{typed}”"),
                format!(
                    "use {}",
                    text::list_or(&["smtp", "imap", "pop3", "ftp", "postgres", "mysql", "ldap"])
                ),
            )
        })
}

fn usual_port(protocol: StartTls) -> u16 {
    PROTOCOLS
        .iter()
        .find(|(_, known, _)| *known == protocol)
        .map_or(443, |(.., port)| *port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_seconds_unless_it_says_otherwise() {
        assert_eq!(timeout("10"), Ok(Duration::from_secs(10)));
        assert_eq!(timeout("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(timeout("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(timeout("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(timeout("1h"), Ok(LONGEST));
        for wrong in [
            "",
            "0",
            "-1",
            "2h",
            "ten",
            "NaN",
            "inf",
            "1e9",
            "99999999999",
        ] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_size_has_limits() {
        assert_eq!(size("120x36"), Ok((120, 36)));
        for wrong in [
            "", "x", "120", "39x24", "80x9", "401x24", "80x24x2", "-80x24",
        ] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_proxy_is_a_url_with_a_known_scheme() {
        assert_eq!(proxy("127.0.0.1:8080"), Ok("http://127.0.0.1:8080".into()));
        assert!(proxy("socks5h://127.0.0.1:1080").is_ok());
        for wrong in ["ftp://127.0.0.1", "http://", "http://a b"] {
            assert!(proxy(wrong).is_err(), "{wrong}");
        }
    }
}
