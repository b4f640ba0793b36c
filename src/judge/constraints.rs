//! Name constraints, RFC 5280 section 4.2.1.10: what a CA may sign for.

use std::net::IpAddr;

use super::{ConstraintFault, ReasonKind, engine};
use crate::cert::{Certificate, ExtensionValue, GeneralName, Name};
use crate::text;

/// Comparisons of a name with a constraint, for all certificates of a question together (webpki and
/// Go until 1.25 allow as many).
pub(super) const MOST_COMPARISONS: usize = 250_000;

/// emailAddress in a subject, PKCS #9.
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

/// The budget of comparisons is spent: nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spent;

/// The first name of `certificate` that `issuer`'s constraints forbid, as a reason. `None` when all are allowed. With `common_name`, a common name that looks like a host
/// counts as a DNS name where there is none, as OpenSSL has it.
///
/// # Errors
/// When `left` comparisons were not enough.
pub(super) fn violation(
    issuer: &Certificate,
    certificate: &Certificate,
    common_name: bool,
    left: &mut usize,
) -> Result<Option<ReasonKind>, Spent> {
    let constraints = issuer.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => Some((permitted, excluded)),
        _ => None,
    });
    let Some((permitted, excluded)) = constraints else {
        return Ok(None);
    };
    if let Some(broken) = permitted.iter().chain(excluded).find(|b| is_broken(b)) {
        return Ok(Some(ReasonKind::NameConstraint {
            name: "any name".to_owned(),
            fault: ConstraintFault::Syntax,
            detail: format!(
                "its constraint {} cannot be read",
                text::clip(&broken.to_string(), 80)
            ),
        }));
    }
    let permitted: Vec<Form<'_>> = permitted.iter().map(Form::of_base).collect();
    let excluded: Vec<Form<'_>> = excluded.iter().map(Form::of_base).collect();
    for name in names(certificate, common_name) {
        let form = Form::of(&name);
        let mut compare = |base: &Form<'_>, reading| {
            *left = left.checked_sub(1).ok_or(Spent)?;
            Ok(form.within(base, reading))
        };
        let fails = |fault, detail| {
            Ok(Some(ReasonKind::NameConstraint {
                name: text::clip(&name.to_string(), 80).into_owned(),
                fault,
                detail,
            }))
        };
        let mut same_form = 0;
        for base in excluded.iter().filter(|b| b.same_form(&form)) {
            same_form += 1;
            if compare(base, Reading::Excluded)? {
                let detail = format!("{} is excluded", base.shown());
                return fails(ConstraintFault::Excluded, detail);
            }
        }
        let mut allowed = Vec::new();
        let mut inside = false;
        for base in permitted.iter().filter(|b| b.same_form(&form)) {
            same_form += 1;
            if compare(base, Reading::Permitted)? {
                inside = true;
                break;
            }
            if allowed.len() < 5 {
                allowed.push(base.shown());
            }
        }
        if !inside && !allowed.is_empty() {
            let detail = format!("only {} is permitted", text::list_or(&allowed));
            return fails(ConstraintFault::NotPermitted, detail);
        }
        if same_form > 0 && engine::is_bounded(issuer) {
            let detail = "its constraint has a minimum or maximum";
            return fails(ConstraintFault::Bounds, detail.to_owned());
        }
        if same_form > 0 && !form.is_sound() {
            let detail = "it is no name that could be held against the constraints";
            return fails(ConstraintFault::Syntax, detail.to_owned());
        }
        if same_form > 0 && matches!(form, Form::Uncompared(..)) {
            let detail = "the constraint has a form that cannot be checked";
            return fails(ConstraintFault::Type, detail.to_owned());
        }
    }
    Ok(None)
}

/// A constraint without one clear meaning: it must not be read as none at all.
fn is_broken(base: &GeneralName) -> bool {
    match base {
        GeneralName::Invalid { .. } => true,
        // For these, constraints are written for mail (RFC 9598, section 6).
        GeneralName::Other { .. } => base.utf8_mailbox().is_some(),
        GeneralName::Dns(base) | GeneralName::Uri(base) => {
            let base = base.raw();
            base.ends_with('.') || base.contains(['*', '/', ':', '@']) || !base.is_ascii()
        }
        GeneralName::Email(base) => base.raw().matches('@').count() > 1 || !base.raw().is_ascii(),
        GeneralName::IpRange { mask, .. } => match mask {
            IpAddr::V4(m) => u32::from(*m).leading_ones() + u32::from(*m).trailing_zeros() < 32,
            IpAddr::V6(m) => u128::from(*m).leading_ones() + u128::from(*m).trailing_zeros() < 128,
        },
        _ => false,
    }
}

/// The names a constraint applies to: the subject (when not empty), all alternative names, and the
/// mail addresses of the subject where there is no alternative one (section 4.2.1.10).
fn names(certificate: &Certificate, common_name: bool) -> Vec<GeneralName> {
    let mut names = Vec::new();
    if !certificate.subject.rdns.is_empty() {
        names.push(GeneralName::Directory(certificate.subject.clone()));
    }
    names.extend(certificate.subject_alt_names().iter().cloned());
    if !names.iter().any(|n| matches!(n, GeneralName::Email(_))) {
        let mail = certificate.subject.rdns.iter().flatten();
        let mail = mail.filter(|a| a.oid.as_str() == EMAIL_ADDRESS);
        names.extend(mail.map(|a| GeneralName::Email(a.value.clone())));
    }
    if common_name && !names.iter().any(|n| matches!(n, GeneralName::Dns(_))) {
        let hosts = certificate
            .subject
            .common_names()
            .filter(|cn| cn.raw().contains('.') && !cn.raw().contains(' '));
        names.extend(hosts.cloned().map(GeneralName::Dns));
    }
    names
}

/// A name or a base, made ready for comparing.
enum Form<'a> {
    /// Lower case.
    Dns(String),
    Ip(IpAddr),
    IpRange(IpAddr, IpAddr),
    /// The local part as it is, the host in lower case.
    Email(String),
    /// The host; `None` when there is none that could be compared.
    Uri(Option<String>, &'a GeneralName),
    /// In its canonical form, in which the RDNs follow each other.
    Directory(Vec<u8>, &'a Name),
    /// A form that is never compared here; the label tells forms apart.
    Uncompared(String, &'a GeneralName),
}

/// A wildcard name is many names: all of them must be permitted, none of them may be excluded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    Permitted,
    Excluded,
}

impl<'a> Form<'a> {
    /// Of a base: a URI's is a host, not a URI.
    fn of_base(base: &'a GeneralName) -> Self {
        match base {
            GeneralName::Uri(host) => Self::Uri(Some(host.raw().to_ascii_lowercase()), base),
            other => Self::of(other),
        }
    }

    fn of(name: &'a GeneralName) -> Self {
        match name {
            GeneralName::Dns(n) => Self::Dns(n.raw().to_ascii_lowercase()),
            GeneralName::Ip(ip) => Self::Ip(*ip),
            GeneralName::IpRange { address, mask } => Self::IpRange(*address, *mask),
            GeneralName::Email(n) => Self::of_mailbox(n.raw()),
            GeneralName::Uri(n) => {
                Self::Uri(host_of_uri(n.raw()).map(str::to_ascii_lowercase), name)
            }
            GeneralName::Directory(n) => Self::Directory(n.canonical(), n),
            // Constraints for mail hold for these as well (RFC 9598, section 6).
            GeneralName::Other { oid, .. } => match name.utf8_mailbox() {
                Some(mailbox) => Self::of_mailbox(mailbox),
                None => Self::Uncompared(oid.as_str().to_owned(), name),
            },
            GeneralName::RegisteredId(_) => Self::Uncompared("registered id".to_owned(), name),
            GeneralName::X400(_) => Self::Uncompared("x400".to_owned(), name),
            GeneralName::EdiParty(_) => Self::Uncompared("edi".to_owned(), name),
            GeneralName::Invalid { tag, .. } => Self::Uncompared(format!("tag {tag}"), name),
        }
    }

    fn of_mailbox(mailbox: &str) -> Self {
        Self::Email(match mailbox.rsplit_once('@') {
            Some((local, host)) => format!("{local}@{}", host.to_ascii_lowercase()),
            None => mailbox.to_ascii_lowercase(),
        })
    }

    fn same_form(&self, name: &Self) -> bool {
        match (self, name) {
            (Self::Dns(_), Self::Dns(_))
            | (Self::IpRange(..), Self::Ip(_))
            | (Self::Email(_), Self::Email(_))
            | (Self::Uri(..), Self::Uri(..))
            | (Self::Directory(..), Self::Directory(..)) => true,
            // An address that could not be read is held against constraints for addresses, and so on.
            (base, Self::Uncompared(label, _)) => match (base, label.as_str()) {
                (Self::Uncompared(own, _), label) => own == label,
                (Self::IpRange(..), "tag 7") | (Self::Directory(..), "tag 4") => true,
                _ => false,
            },
            _ => false,
        }
    }

    /// Only a well-formed name can be said to lie within or outside of a base.
    fn is_sound(&self) -> bool {
        match self {
            Self::Dns(name) => is_host(name.strip_prefix("*.").unwrap_or(name)),
            Self::Email(mailbox) => mailbox
                .rsplit_once('@')
                .is_some_and(|(local, host)| is_local_part(local) && is_host(host)),
            Self::Uri(host, _) => host.is_some(),
            Self::Uncompared(label, _) => !label.starts_with("tag "),
            _ => true,
        }
    }

    fn within(&self, base: &Self, reading: Reading) -> bool {
        match (self, base) {
            (Self::Dns(name), Self::Dns(base)) => dns_within(name, base, reading),
            (Self::Ip(ip), Self::IpRange(address, mask)) => ip_within(*ip, *address, *mask),
            (Self::Email(name), Self::Email(base)) => email_within(name, base, reading),
            (Self::Uri(Some(host), _), Self::Uri(Some(base), _)) => {
                host_within(host, base, reading)
            }
            // A URI without a host cannot be shown to lie outside of what is excluded.
            (Self::Uri(None, _), Self::Uri(..)) => reading == Reading::Excluded,
            // The base's RDNs are a prefix of the name's.
            (Self::Directory(name, _), Self::Directory(base, _)) => name.starts_with(base),
            _ => false,
        }
    }

    fn shown(&self) -> String {
        let text = match self {
            Self::Dns(t) | Self::Email(t) => t.clone(),
            Self::Ip(ip) => ip.to_string(),
            Self::IpRange(address, mask) => format!("{address}/{mask}"),
            Self::Uri(_, name) | Self::Uncompared(_, name) => name.to_string(),
            Self::Directory(_, name) => name.rfc4514(),
        };
        text::safe(&text::clip(&text, 80)).into_owned()
    }
}

/// Labels that are not empty, of letters, digits, hyphens and (seen in the wild) underscores.
fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        })
}

/// The part of a mailbox before its `@`, which may hold another one only in quotes (RFC 5321, section
/// 4.1.2).
fn is_local_part(local: &str) -> bool {
    match local.strip_prefix('"') {
        Some(rest) => rest.ends_with('"'),
        None => !local.is_empty() && !local.contains('@'),
    }
}

/// A DNS name lies within a base when labels can be added on its left; the empty base holds all. A
/// leading dot is not in the RFC; like most verifiers, it is read as "at least one more label".
/// Both are in lower case. A dot at the end of the name makes it none that is sound, and hides nothing.
fn dns_within(name: &str, base: &str, reading: Reading) -> bool {
    let name = name.trim_end_matches('.');
    match base.strip_prefix('.') {
        Some(parent) => name
            .strip_suffix(parent)
            .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        None if base.is_empty() => true,
        None => {
            name == base
                || name
                    .strip_suffix(base)
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

fn email_within(mailbox: &str, base: &str, reading: Reading) -> bool {
    let Some((local, host)) = mailbox.rsplit_once('@') else {
        return false;
    };
    match base.rsplit_once('@') {
        Some((base_local, base_host)) => local == base_local && host == base_host,
        None => host_within(host, base, reading),
    }
}

/// For mail and URIs: a base without a leading dot is one host, with it all hosts below. The empty base
/// is no host, so it permits none; one that is excluded is meant to exclude all. Both are in lower case.
fn host_within(host: &str, base: &str, reading: Reading) -> bool {
    match base.starts_with('.') {
        true => host.len() > base.len() && host.ends_with(base),
        false if base.is_empty() => reading == Reading::Excluded,
        false => host == base,
    }
}

fn host_of_uri(uri: &str) -> Option<&str> {
    let after = uri.split_once("://")?.1;
    let authority = after.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // An address is no host that a constraint could be held against (section 4.2.1.10).
    (!host.is_empty() && !host.starts_with('[') && host.parse::<IpAddr>().is_err()).then_some(host)
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
            ("", "example.com", false),
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
    fn a_mailbox_has_one_at_outside_of_quotes() {
        let sound = |mail: &str| Form::Email(mail.to_owned()).is_sound();
        assert!(sound("a@lab.test") && sound("\"a@b\"@lab.test"));
        for bad in ["a@b@lab.test", "@lab.test", "\"@lab.test", "lab.test", "a@"] {
            assert!(!sound(bad), "{bad}");
        }
    }

    #[test]
    fn mail_and_uri_bases_are_hosts_unless_they_start_with_a_dot() {
        let within = |mail, base| email_within(mail, base, Reading::Permitted);
        assert!(within("a@host.example", "host.example"));
        assert!(!within("a@sub.host.example", "host.example"));
        assert!(within("a@sub.host.example", ".host.example"));
        assert!(!within("a@host.example", ""));
        assert!(email_within("a@host.example", "", Reading::Excluded));
        assert_eq!(host_of_uri("https://user@h.example:8/x"), Some("h.example"));
        assert_eq!(host_of_uri("urn:h.example"), None);
        assert_eq!(host_of_uri("https://h.example:8b/x"), None);
    }
}
