//! Does a certificate carry a name? RFC 9525 rules: only Subject Alternative Names count, a wildcard
//! is the whole leftmost label and stands for exactly one label.

use std::net::IpAddr;

use super::policy::{CommonName, PartialWildcards, Policy, WhichCommonName};
use crate::cert::{Certificate, GeneralName};
use crate::target::Host;
use crate::text::Untrusted;

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
        (GeneralName::Ip(ip), Host::Ip(address)) => {
            same_address(*ip, *address)
                || (policy.mapped_addresses && ip.to_canonical() == *address)
        }
        (GeneralName::Dns(name), Host::Ip(address)) => {
            policy.address_as_name && address_matches(name.raw(), *address)
        }
        _ => false,
    });
    if found {
        return true;
    }
    if !common_name_counts(names, wanted, policy) {
        return false;
    }
    let mut common_names = certificate.subject.common_names();
    let fits = |cn: &Untrusted| match wanted {
        Host::Name { ascii, .. } => matches(cn.raw(), ascii),
        Host::Ip(address) => address_matches(cn.raw(), *address),
    };
    match policy.which_common_name {
        WhichCommonName::Any => common_names.any(fits),
        WhichCommonName::First => common_names.next().is_some_and(fits),
        WhichCommonName::Last => common_names.last().is_some_and(fits),
    }
}

/// What stands among the alternative names leaves room for the common name.
fn common_name_counts(names: &[GeneralName], wanted: &Host, policy: &Policy) -> bool {
    let has = |kind: fn(&GeneralName) -> bool| names.iter().any(kind);
    let has_dns = has(|n| matches!(n, GeneralName::Dns(_)));
    match (policy.common_name, wanted) {
        (CommonName::Never, _) | (CommonName::Names, Host::Ip(_)) => false,
        (CommonName::AddressesAlways, Host::Ip(_)) => true,
        (CommonName::Names | CommonName::AddressesAlways, Host::Name { .. }) => !has_dns,
        // An address of a wrong length is one all the same.
        (CommonName::NamesAndAddresses, _) => {
            !has_dns
                && !has(|n| matches!(n, GeneralName::Ip(_) | GeneralName::Invalid { tag: 7, .. }))
        }
        (CommonName::BesideAddresses, _) => !has_dns && !has(|n| matches!(n, GeneralName::Uri(_))),
    }
}

/// The last common name, which is the most specific, is this very host.
pub fn common_name_matches(certificate: &Certificate, wanted: &Host) -> bool {
    let last = certificate.subject.common_names().last();
    last.is_some_and(|cn| match wanted {
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
    if policy.wildcard_for_letters && pattern.contains('*') {
        let label = name.split('.').next().unwrap_or_default();
        if !label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        {
            return false;
        }
    }
    if dns_matches(pattern, name) {
        return true;
    }
    if policy.bare_wildcard && pattern == "*" {
        return !name.contains('.');
    }
    if policy.wildcard_in_any_label {
        let (patterns, labels) = (pattern.split('.'), name.split('.'));
        return patterns.clone().count() == labels.clone().count()
            // The last label, which no dot follows, is no place for one.
            && !pattern.rsplit('.').next().unwrap_or_default().contains('*')
            && patterns
                .zip(labels)
                .all(|(pattern, label)| label_matches(pattern, label, policy.partial_wildcards));
    }
    let (Some((first, base)), Some((label, rest))) =
        (pattern.split_once('.'), name.split_once('.'))
    else {
        return false;
    };
    (base.contains('.') || policy.wildcard_for_any_domain)
        && first.contains('*')
        && !base.contains('*')
        && rest.eq_ignore_ascii_case(base)
        && label_matches(first, label, policy.partial_wildcards)
}

/// One label of a pattern stands for one of a name. Part of an A-label means nothing.
fn label_matches(pattern: &str, label: &str, partial: PartialWildcards) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return pattern.eq_ignore_ascii_case(label);
    };
    if before.is_empty() && after.is_empty() {
        return !label.is_empty();
    }
    let is_encoded = |text: &str| {
        text.get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
    };
    let allowed = match partial {
        PartialWildcards::Refused => false,
        PartialWildcards::AtAnEdge => before.is_empty() || after.is_empty(),
        PartialWildcards::Anywhere => true,
    };
    let label = label.to_ascii_lowercase();
    let (before, after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
    allowed
        && !is_encoded(pattern)
        && !is_encoded(&label)
        && !label.get(before.len()..).is_some_and(is_encoded)
        && !after.contains('*')
        && label.len() > before.len() + after.len()
        && label.starts_with(&before)
        && label.ends_with(&after)
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
            partial_wildcards: PartialWildcards::Anywhere,
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
        for (pattern, name) in [
            ("fo*.lab.test", "bar.lab.test"),
            ("xn--*.lab.test", "xn--bcher-kva.lab.test"),
            ("x*.lab.test", "xn--bcher-kva.lab.test"),
            ("*.test", "lab.test"),
            ("*.*.lab.test", "a.b.lab.test"),
        ] {
            assert!(!client_matches(pattern, name, &lax), "{pattern} {name}");
        }
        let edges = Policy {
            partial_wildcards: PartialWildcards::AtAnEdge,
            ..Policy::default()
        };
        assert!(client_matches("fo*.lab.test", "foobar.lab.test", &edges));
        assert!(!client_matches("f*r.lab.test", "foobar.lab.test", &edges));
        let openssl = Policy {
            wildcard_for_letters: true,
            ..Policy::default()
        };
        assert!(client_matches("*.lab.test", "a-b.lab.test", &openssl));
        assert!(client_matches("a_b.lab.test", "a_b.lab.test", &openssl));
        assert!(!client_matches("*.lab.test", "a_b.lab.test", &openssl));
        let java = Policy {
            wildcard_in_any_label: true,
            wildcard_for_any_domain: true,
            ..lax.clone()
        };
        assert!(client_matches("a.*.lab.test", "a.b.lab.test", &java));
        assert!(client_matches("*.test", "lab.test", &java));
        assert!(!client_matches("lab.*", "lab.test", &java));
        assert!(!client_matches("*", "a.test", &lax));
        assert!(!client_matches("xn--*.lab.test", "xn--a-b.lab.test", &lax));
        assert!(!client_matches("x*.lab.test", "xxn--a-b.lab.test", &lax));
    }
}
