//! Does a certificate carry a name? RFC 9525 rules: only Subject Alternative Names count, a wildcard
//! is the whole leftmost label and stands for exactly one label.

use std::net::IpAddr;

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
        Host::Ip(address) => cn
            .raw()
            .parse::<IpAddr>()
            .is_ok_and(|ip| same_address(ip, *address)),
    });
    if in_common_name && !has_names {
        NameAnswer::OnlyCommonName
    } else {
        NameAnswer::Mismatch
    }
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
}
