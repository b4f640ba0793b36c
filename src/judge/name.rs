//! Does a certificate carry a name? RFC 9525 rules: only Subject Alternative Names count, a wildcard
//! is the whole leftmost label and stands for exactly one label.

use std::net::IpAddr;

use super::policy::{CommonName, Engine, NameCheck, Policy};
use crate::cert::{Certificate, GeneralName};
use crate::target::Host;

/// What came of looking for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameAnswer {
    /// A Subject Alternative Name matches.
    Matches,
    /// No alternative name matches, and there is no DNS or IP one at all, but the common name would.
    OnlyCommonName,
    /// Nothing matches.
    Mismatch,
}

/// Looks for `wanted`.
pub fn find(certificate: &Certificate, wanted: &Host) -> NameAnswer {
    let names = certificate.subject_alt_names();
    let found = names.iter().any(|name| match (name, wanted) {
        (GeneralName::Dns(pattern), Host::Name { ascii, .. }) => dns_matches(pattern.raw(), ascii),
        (GeneralName::Ip(ip), Host::Ip(address)) => same_address(*ip, *address),
        _ => false,
    });
    if found {
        return NameAnswer::Matches;
    }
    let has_names = names
        .iter()
        .any(|n| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_)));
    let in_common_name = certificate.subject.common_names().any(|cn| match wanted {
        Host::Name { ascii, .. } => dns_matches(cn.raw(), ascii),
        Host::Ip(address) => address_matches(cn.raw(), *address),
    });
    if in_common_name && !has_names {
        NameAnswer::OnlyCommonName
    } else {
        NameAnswer::Mismatch
    }
}

/// The certificate carries `wanted` by the rules of one client.
pub fn accepts(certificate: &Certificate, wanted: &Host, policy: &Policy) -> bool {
    let names = certificate.subject_alt_names();
    let matches = |pattern: &str, host: &str| client_matches(pattern, host, policy);
    let found = names.iter().any(|name| match (name, wanted) {
        (GeneralName::Dns(pattern), Host::Name { ascii, .. }) => matches(pattern.raw(), ascii),
        (GeneralName::Ip(ip), Host::Ip(address)) => same_address(*ip, *address),
        (GeneralName::Dns(name), Host::Ip(address)) => {
            policy.address_as_name && address_matches(name.raw(), *address)
        }
        _ => false,
    });
    if found {
        return true;
    }
    let counts = match (policy.common_name, wanted) {
        (CommonName::Never, _) | (CommonName::Names, Host::Ip(_)) => false,
        (CommonName::Names, Host::Name { .. }) => {
            !names.iter().any(|n| matches!(n, GeneralName::Dns(_)))
        }
        (CommonName::NamesAndAddresses, _) => !names
            .iter()
            .any(|n| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_))),
    };
    counts
        && certificate.subject.common_names().any(|cn| match wanted {
            Host::Name { ascii, .. } => matches(cn.raw(), ascii),
            Host::Ip(address) => address_matches(cn.raw(), *address),
        })
}

/// A common name is this very host.
pub fn common_name_matches(certificate: &Certificate, wanted: &Host) -> bool {
    certificate.subject.common_names().any(|cn| match wanted {
        Host::Name { ascii, .. } => dns_matches(cn.raw(), ascii),
        Host::Ip(address) => address_matches(cn.raw(), *address),
    })
}

fn address_matches(text: &str, address: IpAddr) -> bool {
    text.parse::<IpAddr>()
        .is_ok_and(|ip| same_address(ip, address))
}

/// [`dns_matches`] with what some clients overlook.
fn client_matches(pattern: &str, name: &str, policy: &Policy) -> bool {
    let pattern = match pattern.strip_suffix('.') {
        Some(short) if policy.trailing_dot => short,
        _ => pattern,
    };
    if dns_matches(pattern, name) {
        return !pattern.starts_with("*.") || star_takes(name, policy);
    }
    if policy.bare_wildcard && pattern == "*" {
        return !name.contains('.');
    }
    let (Some((first, base)), Some((label, rest))) =
        (pattern.split_once('.'), name.split_once('.'))
    else {
        return false;
    };
    policy.partial_wildcards
        && base.contains('.')
        && !base.contains('*')
        && rest.eq_ignore_ascii_case(base)
        && first.split_once('*').is_some_and(|(before, after)| {
            let label = label.to_ascii_lowercase();
            let (before, after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
            // A part of an encoded label is no part of a name.
            let encoded = |text: &str| text.starts_with("xn--");
            !after.contains('*')
                && !encoded(&before)
                && !label.get(before.len()..).is_some_and(encoded)
                && label.len() > before.len() + after.len()
                && label.starts_with(&before)
                && label.ends_with(&after)
        })
}

/// OpenSSL's own check lets a star stand for letters, digits and hyphens only.
fn star_takes(name: &str, policy: &Policy) -> bool {
    let openssl = policy.engine == Engine::Openssl && policy.name_check == NameCheck::Inside;
    let label = name.split('.').next().unwrap_or_default();
    !openssl
        || label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// The names the certificate is good for, safe to display, in their order; at most `most`, then how
/// many more there are.
pub fn presented(certificate: &Certificate, most: usize) -> Vec<String> {
    let names: Vec<&GeneralName> = certificate
        .subject_alt_names()
        .iter()
        .filter(|n| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_)))
        .collect();
    let mut shown: Vec<String> = names
        .iter()
        .take(most)
        .map(|n| crate::text::clip(&n.to_string(), 80).into_owned())
        .collect();
    if names.len() > most {
        shown.push(format!("{} more", names.len() - most));
    }
    shown
}

/// `pattern` from a certificate, `name` in lower-case A-labels without trailing dot.
pub fn dns_matches(pattern: &str, name: &str) -> bool {
    if pattern.is_empty() || !pattern.is_ascii() {
        return false;
    }
    match pattern.strip_prefix("*.") {
        None => pattern.eq_ignore_ascii_case(name),
        // The base of a wildcard has at least two labels: *.com is good for nothing.
        Some(base) => {
            base.contains('.')
                && !base.contains('*')
                && name.split_once('.').is_some_and(|(label, rest)| {
                    !label.is_empty() && rest.eq_ignore_ascii_case(base)
                })
        }
    }
}

/// IPv4-mapped IPv6 addresses are different bytes in a certificate, hence different names.
fn same_address(a: IpAddr, b: IpAddr) -> bool {
    a == b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_one_label() {
        for (pattern, name, expected) in [
            ("a.example", "a.example", true),
            ("A.Example", "a.example", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("f*.example.com", "foo.example.com", false),
            ("*.com", "example.com", false),
            ("*", "localhost", false),
            ("*.*.example.com", "a.b.example.com", false),
            ("a.example.", "a.example", false),
            ("", "", false),
        ] {
            assert_eq!(dns_matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn some_clients_overlook_more() {
        let lax = Policy {
            partial_wildcards: true,
            bare_wildcard: true,
            trailing_dot: true,
            ..Policy::default()
        };
        for (pattern, name) in [
            ("fo*.lab.test", "foobar.lab.test"),
            ("*", "labhost"),
            ("a.test.", "a.test"),
        ] {
            assert!(client_matches(pattern, name, &lax), "{pattern} {name}");
            assert!(
                !client_matches(pattern, name, &Policy::default()),
                "{pattern} {name}"
            );
        }
        assert!(!client_matches("fo*.lab.test", "bar.lab.test", &lax));
        assert!(!client_matches("*", "a.test", &lax));
        assert!(!client_matches("xn--*.lab.test", "xn--a-b.lab.test", &lax));
        assert!(!client_matches("x*.lab.test", "xxn--a-b.lab.test", &lax));
    }

    #[test]
    fn the_star_of_openssl_stands_for_no_underscore() {
        let openssl = Policy {
            engine: Engine::Openssl,
            ..Policy::default()
        };
        assert!(client_matches("*.lab.test", "a-b.lab.test", &openssl));
        assert!(!client_matches("*.lab.test", "_a.lab.test", &openssl));
        assert!(client_matches("_a.lab.test", "_a.lab.test", &openssl));
        assert!(client_matches(
            "*.lab.test",
            "_a.lab.test",
            &Policy::default()
        ));
    }
}
