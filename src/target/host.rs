//! Host and port, and the mistakes people make in them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::parse::{mistake, shown};
use super::{Host, TargetError};
use crate::text;

/// Names of ports that people write.
const SERVICES: [(&str, u16); 9] = [
    ("https", 443),
    ("http", 80),
    ("imaps", 993),
    ("pop3s", 995),
    ("smtps", 465),
    ("smtp", 25),
    ("submission", 587),
    ("ldaps", 636),
    ("ldap", 389),
];

/// Reads `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
pub(super) fn host_and_port(
    authority: &str,
    usual: u16,
    whole: &dyn Fn(&str) -> String,
) -> Result<(Host, Option<u16>), TargetError> {
    if let Some(inside) = authority.strip_prefix('[') {
        return bracketed(inside, usual, whole);
    }
    if let Ok(ip) = authority.parse::<Ipv6Addr>() {
        return Ok((Host::Ip(ip.into()), None));
    }
    if let Some((address, _)) = authority.split_once('%')
        && address.parse::<Ipv6Addr>().is_ok()
    {
        return Err(zone(authority));
    }
    if authority.contains(']') {
        return Err(mistake(
            format!("“{}” has a ] without a [", shown(authority)),
            format!("did you mean {}?", whole(&shown(&format!("[{authority}")))),
        ));
    }
    let (host, port) = match authority.rsplit_once(':') {
        None => (authority, None),
        Some((host, port)) => (host, Some(port)),
    };
    if host.contains(':') {
        return Err(many_colons(authority, whole));
    }
    if host.is_empty() {
        let port = port.unwrap_or_default();
        let hint = match port.parse::<u16>() {
            Ok(port) => format!("did you mean {}?", whole(&format!("localhost:{port}"))),
            Err(_) => "name one: localhost:8443".to_owned(),
        };
        return Err(mistake("no host stands before the port", hint));
    }
    let host = self::host(host)?;
    let port = port
        .map(|port| self::port(port, &host, usual, whole))
        .transpose()?;
    Ok((host, port))
}

fn host(typed: &str) -> Result<Host, TargetError> {
    match typed.strip_suffix('.').unwrap_or(typed).parse::<Ipv4Addr>() {
        Ok(ip) => Ok(Host::Ip(IpAddr::V4(ip))),
        Err(_) => name(typed),
    }
}

fn bracketed(
    inside: &str,
    usual: u16,
    whole: &dyn Fn(&str) -> String,
) -> Result<(Host, Option<u16>), TargetError> {
    let Some((address, after)) = inside.split_once(']') else {
        return Err(mistake(
            "the [ of the address is never closed",
            "write IPv6 addresses with a port as [::1]:8443",
        ));
    };
    if address.contains('%') {
        return Err(zone(address));
    }
    let Ok(ip) = address.parse::<Ipv6Addr>() else {
        let hint = if self::host(address).is_ok() {
            format!(
                "did you mean {}?",
                whole(&shown(&format!("{address}{after}")))
            )
        } else {
            "write IPv6 addresses with a port as [::1]:8443".to_owned()
        };
        return Err(mistake(
            format!("“{}” in brackets is no IPv6 address", shown(address)),
            hint,
        ));
    };
    let host = Host::Ip(ip.into());
    if after.is_empty() {
        return Ok((host, None));
    }
    let Some(typed) = after.strip_prefix(':') else {
        return Err(mistake(
            format!(
                "“{}” stands behind the address without a colon",
                shown(after)
            ),
            format!(
                "did you mean {}?",
                whole(&format!("[{ip}]:{}", shown(after)))
            ),
        ));
    };
    let port = port(typed, &host, usual, whole)?;
    Ok((host, Some(port)))
}

fn many_colons(authority: &str, whole: &dyn Fn(&str) -> String) -> TargetError {
    let seen = shown(authority);
    let trimmed = authority.trim_end_matches(':');
    if trimmed.matches(':').count() <= 1 {
        return mistake(
            format!("“{seen}” ends with a colon too many"),
            format!("did you mean {}?", whole(&shown(trimmed))),
        );
    }
    let like_v6 = authority
        .bytes()
        .all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.'));
    if like_v6 {
        return mistake(
            format!("“{seen}” is no IPv6 address"),
            "an IPv6 address is like ::1 or 2001:db8::1, and with a port like [::1]:8443",
        );
    }
    let mut parts = authority.split(':').filter(|part| !part.is_empty());
    let host = parts.next();
    let port = parts.find(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let hint = match (host, port) {
        (Some(host), Some(port)) => {
            format!("did you mean {}?", whole(&shown(&format!("{host}:{port}"))))
        }
        _ => "write host:port".to_owned(),
    };
    mistake(format!("“{seen}” has more than one colon"), hint)
}

fn port(
    typed: &str,
    host: &Host,
    usual: u16,
    whole: &dyn Fn(&str) -> String,
) -> Result<u16, TargetError> {
    let seen = shown(typed);
    if typed.is_empty() {
        return Err(mistake(
            "no port follows the colon",
            format!("did you mean {}?", whole(&format!("{host}:{usual}"))),
        ));
    }
    if typed.bytes().all(|b| b.is_ascii_digit()) {
        return match typed.parse::<u16>() {
            Ok(port @ 1..) => Ok(port),
            _ => Err(mistake(
                format!("there is no port {}", text::clip(&seen, 24)),
                format!(
                    "ports are 1 to 65535: {}",
                    whole(&format!("{host}:{usual}"))
                ),
            )),
        };
    }
    let lower = typed.to_ascii_lowercase();
    let service = SERVICES.iter().find(|(name, _)| *name == lower);
    let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
    let hint = match (service, digits.parse::<u16>()) {
        (Some((_, port)), _) => format!("did you mean {}?", whole(&format!("{host}:{port}"))),
        (None, Ok(port @ 1..)) => format!("did you mean {}?", whole(&format!("{host}:{port}"))),
        _ => format!("ports are numbers: {}", whole(&format!("{host}:{usual}"))),
    };
    Err(mistake(format!("“{seen}” is no port"), hint))
}

fn zone(address: &str) -> TargetError {
    let zone = address.split_once('%').map_or("", |(_, zone)| zone);
    mistake(
        format!(
            "the zone “%{}” of an address cannot be used here",
            shown(zone)
        ),
        "use the machine's name, or an address of it that needs no zone",
    )
}

/// A host name in both its forms.
fn name(typed: &str) -> Result<Host, TargetError> {
    let bare = typed.strip_suffix('.').unwrap_or(typed);
    let shown = shown(typed);
    if bare.is_empty() {
        return Err(mistake(
            "the host name is empty",
            "name a server: localhost:8443, https://example.com",
        ));
    }
    if bare.contains('*') {
        return Err(mistake(
            format!("“{shown}” is a pattern, not a host"),
            format!(
                "name one host, such as {}",
                shown.replace('*', "www").trim_matches('.')
            ),
        ));
    }
    let ascii = idna::domain_to_ascii(bare).map_err(|_| {
        mistake(
            format!("“{shown}” is not a valid host name"),
            "check it for letters that do not belong together; letters, digits, - and . are always fine",
        )
    })?;
    if let Some(c) = ascii
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')))
    {
        let without: String = ascii
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
            .collect();
        return Err(mistake(
            format!("a host name has no “{}”: {shown}", shown_char(c)),
            if without.is_empty() {
                "name a server: localhost:8443, https://example.com".to_owned()
            } else {
                format!("did you mean {}?", without.trim_matches(['-', '.']))
            },
        ));
    }
    labels(&ascii, &shown)?;
    numbers(&ascii, &shown)?;
    let (unicode, _) = idna::domain_to_unicode(&ascii);
    Ok(Host::Name { ascii, unicode })
}

fn labels(ascii: &str, shown: &str) -> Result<(), TargetError> {
    if ascii.len() > 253 {
        return Err(mistake(
            format!(
                "the host name is {} bytes long; 253 is the most",
                ascii.len()
            ),
            "check that only the host was pasted",
        ));
    }
    for label in ascii.split('.') {
        if label.is_empty() {
            let one: Vec<&str> = ascii.split('.').filter(|l| !l.is_empty()).collect();
            return Err(mistake(
                format!("“{shown}” has two dots with nothing between"),
                format!("did you mean {}?", one.join(".")),
            ));
        }
        if label.len() > 63 {
            return Err(mistake(
                format!(
                    "a part of the host name is {} bytes long; 63 is the most",
                    label.len()
                ),
                "check the name for a missing dot",
            ));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(mistake(
                format!("“{label}” starts or ends with a dash, which no host name does"),
                format!(
                    "did you mean {}?",
                    ascii.replace(label, label.trim_matches('-'))
                ),
            ));
        }
    }
    Ok(())
}

/// Names of numbers alone are addresses written in a way that programs read differently.
fn numbers(ascii: &str, shown: &str) -> Result<(), TargetError> {
    let last = ascii.rsplit('.').next().unwrap_or(ascii);
    let is_number = last.bytes().all(|b| b.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
    if !is_number {
        return Ok(());
    }
    if !ascii.contains('.')
        && let Ok(port @ 1..) = ascii.parse::<u16>()
    {
        return Err(mistake(
            format!("“{shown}” is a port without a host"),
            format!("did you mean localhost:{port}?"),
        ));
    }
    // Browsers read 127.1 and 0x7f000001 as addresses; what they would read is the best guess.
    let hint = match url::Host::parse(ascii) {
        Ok(url::Host::Ipv4(ip)) => format!("did you mean {ip}?"),
        _ => "an IPv4 address is four numbers from 0 to 255, such as 127.0.0.1".to_owned(),
    };
    Err(mistake(format!("“{shown}” is no IPv4 address"), hint))
}

fn shown_char(c: char) -> String {
    text::safe(&c.to_string()).into_owned()
}
