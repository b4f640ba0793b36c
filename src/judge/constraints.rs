//! Name constraints, RFC 5280 section 4.2.1.10: what a CA may sign for.

use std::net::IpAddr;

use crate::cert::{Certificate, Extension, ExtensionValue, GeneralName, Name};

/// The first name of `certificate` that `issuer`'s constraints forbid: the name and why, both safe to
/// display. `None` when all are allowed.
pub(super) fn violation(
    issuer: &Certificate,
    certificate: &Certificate,
    is_leaf: bool,
) -> Option<(String, String)> {
    let (permitted, excluded) = issuer.extensions.iter().find_map(constraints)?;
    for name in names(certificate, is_leaf) {
        if let Some(base) = excluded
            .iter()
            .find(|base| within(&name, base, Reading::Excluded))
        {
            return Some((name.to_string(), format!("{base} is excluded")));
        }
        let same_form: Vec<&GeneralName> = permitted
            .iter()
            .filter(|base| same_form(&name, base))
            .collect();
        if !same_form.is_empty()
            && !same_form
                .iter()
                .any(|base| within(&name, base, Reading::Permitted))
        {
            let list: Vec<String> = same_form.iter().take(5).map(|b| b.to_string()).collect();
            return Some((
                name.to_string(),
                format!("only {} is permitted", crate::text::list_or(&list)),
            ));
        }
        let unknown = permitted
            .iter()
            .chain(excluded)
            .any(|base| same_form_unsupported(&name, base));
        if unknown {
            return Some((
                name.to_string(),
                "the constraint has a form that cannot be checked".to_owned(),
            ));
        }
    }
    None
}

fn constraints(extension: &Extension) -> Option<(&[GeneralName], &[GeneralName])> {
    match &extension.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => Some((permitted, excluded)),
        _ => None,
    }
}

/// The names a constraint applies to: the subject (when not empty) and all alternative names. A leaf
/// without DNS names is also held to its common name when that looks like a host, as OpenSSL does.
fn names(certificate: &Certificate, is_leaf: bool) -> Vec<GeneralName> {
    let mut names = Vec::new();
    if !certificate.subject.rdns.is_empty() {
        names.push(GeneralName::Directory(certificate.subject.clone()));
    }
    names.extend(certificate.subject_alt_names().iter().cloned());
    let has_dns = names.iter().any(|n| matches!(n, GeneralName::Dns(_)));
    if is_leaf && !has_dns {
        let hosts = certificate
            .subject
            .common_names()
            .filter(|cn| cn.raw().contains('.') && !cn.raw().contains(' '));
        names.extend(hosts.cloned().map(GeneralName::Dns));
    }
    names
}

fn same_form(name: &GeneralName, base: &GeneralName) -> bool {
    matches!(
        (name, base),
        (GeneralName::Dns(_), GeneralName::Dns(_))
            | (GeneralName::Ip(_), GeneralName::IpRange { .. })
            | (GeneralName::Email(_), GeneralName::Email(_))
            | (GeneralName::Uri(_), GeneralName::Uri(_))
            | (GeneralName::Directory(_), GeneralName::Directory(_))
    )
}

/// Forms that a constraint may have and that are not compared here.
fn same_form_unsupported(name: &GeneralName, base: &GeneralName) -> bool {
    match (name, base) {
        (GeneralName::Other { oid: a, .. }, GeneralName::Other { oid: b, .. }) => a == b,
        (GeneralName::RegisteredId(_), GeneralName::RegisteredId(_))
        | (GeneralName::X400(_), GeneralName::X400(_))
        | (GeneralName::EdiParty(_), GeneralName::EdiParty(_)) => true,
        (_, GeneralName::Invalid { .. }) => true,
        _ => false,
    }
}

/// A wildcard name is many names: all of them must be permitted, none of them may be excluded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Permitted,
    Excluded,
}

fn within(name: &GeneralName, base: &GeneralName, reading: Reading) -> bool {
    match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => {
            dns_within(name.raw(), base.raw(), reading)
        }
        (GeneralName::Ip(ip), GeneralName::IpRange { address, mask }) => {
            ip_within(*ip, *address, *mask)
        }
        (GeneralName::Email(name), GeneralName::Email(base)) => {
            email_within(name.raw(), base.raw())
        }
        (GeneralName::Uri(name), GeneralName::Uri(base)) => {
            host_of_uri(name.raw()).is_some_and(|host| host_within(host, base.raw()))
        }
        (GeneralName::Directory(name), GeneralName::Directory(base)) => {
            directory_within(name, base)
        }
        _ => false,
    }
}

/// A DNS name lies within a base when labels can be added on its left; the empty base holds all. A
/// leading dot is not in the RFC; like most verifiers, it is read as "at least one more label".
fn dns_within(name: &str, base: &str, reading: Reading) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let base = base.trim_end_matches('.').to_ascii_lowercase();
    match base.strip_prefix('.') {
        Some(parent) => name
            .strip_suffix(parent)
            .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        None if base.is_empty() => true,
        None => {
            name == base
                || name
                    .strip_suffix(&base)
                    .is_some_and(|front| front.ends_with('.'))
                || (reading == Reading::Excluded
                    && name
                        .strip_prefix("*.")
                        .is_some_and(|rest| base.split_once('.').is_some_and(|(_, up)| up == rest)))
        }
    }
}

fn ip_within(ip: IpAddr, address: IpAddr, mask: IpAddr) -> bool {
    match (ip, address, mask) {
        (IpAddr::V4(i), IpAddr::V4(a), IpAddr::V4(m)) => {
            u32::from(i) & u32::from(m) == u32::from(a) & u32::from(m)
        }
        (IpAddr::V6(i), IpAddr::V6(a), IpAddr::V6(m)) => {
            u128::from(i) & u128::from(m) == u128::from(a) & u128::from(m)
        }
        _ => false,
    }
}

fn email_within(mailbox: &str, base: &str) -> bool {
    let Some((local, host)) = mailbox.rsplit_once('@') else {
        return false;
    };
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => {
            local == base_local && host.eq_ignore_ascii_case(base_host)
        }
        None => host_within(host, base),
    }
}

/// For mail and URIs: a base without a leading dot is one host, with it all hosts below.
fn host_within(host: &str, base: &str) -> bool {
    let (host, base) = (host.to_ascii_lowercase(), base.to_ascii_lowercase());
    if base.starts_with('.') {
        host.len() > base.len() && host.ends_with(&base)
    } else {
        base.is_empty() || host == base
    }
}

fn host_of_uri(uri: &str) -> Option<&str> {
    let after = uri.split_once("://")?.1;
    let authority = after.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    (!host.is_empty() && !host.starts_with('[')).then_some(host)
}

/// The base's RDNs are a prefix of the name's.
fn directory_within(name: &Name, base: &Name) -> bool {
    name.rdns.get(..base.rdns.len()).is_some_and(|front| {
        let front = Name {
            der: Vec::new(),
            rdns: front.to_vec(),
        };
        front.matches(base)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_bases_hold_their_subdomains() {
        for (name, base, expected) in [
            ("example.com", "example.com", true),
            ("a.example.com", "example.com", true),
            ("badexample.com", "example.com", false),
            ("a.example.com", ".example.com", true),
            ("example.com", ".example.com", false),
            ("anything.test", "", true),
            ("*.example.com", "example.com", true),
            ("*.example.com", "a.example.com", false),
            ("EXAMPLE.com", "example.COM", true),
        ] {
            assert_eq!(
                dns_within(name, base, Reading::Permitted),
                expected,
                "{name} in {base}"
            );
        }
        assert!(dns_within(
            "*.example.com",
            "a.example.com",
            Reading::Excluded
        ));
    }

    #[test]
    fn addresses_are_masked() {
        let ip = |s: &str| s.parse::<IpAddr>().unwrap();
        assert!(ip_within(ip("10.1.2.3"), ip("10.0.0.0"), ip("255.0.0.0")));
        assert!(!ip_within(ip("11.1.2.3"), ip("10.0.0.0"), ip("255.0.0.0")));
        assert!(!ip_within(ip("::1"), ip("10.0.0.0"), ip("255.0.0.0")));
    }

    #[test]
    fn mail_and_uri_bases_are_hosts_unless_they_start_with_a_dot() {
        assert!(email_within("a@host.example", "host.example"));
        assert!(!email_within("a@sub.host.example", "host.example"));
        assert!(email_within("a@sub.host.example", ".host.example"));
        assert_eq!(host_of_uri("https://user@h.example:8/x"), Some("h.example"));
    }
}
