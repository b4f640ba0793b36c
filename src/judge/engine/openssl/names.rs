//! Name constraints as OpenSSL compares them.

use super::super::ground::is_bounded;
use crate::cert::{Certificate, ExtensionValue, GeneralName, Name};
use crate::judge::{ConstraintFault, ReasonKind};
use crate::text;

/// Names times constraints beyond which OpenSSL gives up.
const MOST_CHECKS: usize = 1 << 20;
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";
const IA5_STRING: u8 = 22;

/// How a name and a base compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Inside,
    Outside,
    /// X509_V_ERR_UNSUPPORTED_NAME_SYNTAX.
    Syntax,
    /// X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE.
    Type,
}

/// One name in the form that is compared.
enum Subject<'a> {
    Dns(&'a str),
    Email(&'a str),
    /// An internationalised mail address, held against constraints for mail.
    Mailbox(&'a str),
    /// An address in the subject that is no IA5String.
    ForeignEmail,
    Directory(&'a Name),
    General(&'a GeneralName),
}

/// Holds the names of `certificate` against the constraints of `issuer`.
pub(super) fn check(
    certificate: &Certificate,
    issuer: &Certificate,
    common_name: bool,
) -> Result<(), ReasonKind> {
    let Some((permitted, excluded)) = issuer.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::NameConstraints {
            permitted,
            excluded,
        } => Some((permitted, excluded)),
        _ => None,
    }) else {
        return Ok(());
    };
    let limits = is_bounded(issuer);
    let bases = Bases {
        permitted,
        excluded,
        limits,
    };
    let subject = &certificate.subject;
    let alternative = certificate.subject_alt_names();
    let entries: usize = subject.rdns.iter().map(Vec::len).sum();
    let names = entries + alternative.len();
    let constraints = permitted.len() + excluded.len();
    if names > 0 && constraints > MOST_CHECKS / names {
        return Err(ReasonKind::BudgetSpent);
    }
    if entries > 0 {
        bases.hold(&Subject::Directory(subject))?;
        for attribute in subject.rdns.iter().flatten() {
            if attribute.oid.as_str() != EMAIL_ADDRESS {
                continue;
            }
            bases.hold(&match attribute.tag {
                IA5_STRING => Subject::Email(attribute.value.raw()),
                _ => Subject::ForeignEmail,
            })?;
        }
    }
    for name in alternative {
        bases.hold(&match name {
            GeneralName::Dns(n) => Subject::Dns(n.raw()),
            GeneralName::Email(n) => Subject::Email(n.raw()),
            GeneralName::Directory(n) => Subject::Directory(n),
            other => match other.utf8_mailbox() {
                Some(mailbox) => Subject::Mailbox(mailbox),
                None => Subject::General(other),
            },
        })?;
    }
    let has_dns = alternative.iter().any(|n| matches!(n, GeneralName::Dns(_)));
    if common_name && !has_dns {
        for name in subject.common_names() {
            if looks_like_a_host(name.raw()) {
                bases.hold(&Subject::Dns(name.raw()))?;
            }
        }
    }
    Ok(())
}

struct Bases<'a> {
    permitted: &'a [GeneralName],
    excluded: &'a [GeneralName],
    /// There is a maximum, or a minimum that says something: OpenSSL supports neither.
    limits: bool,
}

impl Bases<'_> {
    fn hold(&self, name: &Subject<'_>) -> Result<(), ReasonKind> {
        let shown = || text::clip(&name.shown(), 80).into_owned();
        let fails = |fault, detail: &str| {
            Err(ReasonKind::NameConstraint {
                name: shown(),
                fault,
                detail: detail.to_owned(),
            })
        };
        let syntax = || {
            let detail = "its syntax is not one that can be compared";
            fails(ConstraintFault::Syntax, detail)
        };
        let kind = || {
            let detail = "a constraint of this type is not supported";
            fails(ConstraintFault::Type, detail)
        };
        let bounds = || {
            let detail = "its constraint has a maximum, which is not supported";
            fails(ConstraintFault::Bounds, detail)
        };
        let mut inside = None;
        let mut allowed = Vec::new();
        for base in self.permitted.iter().filter(|b| name.same_type(b)) {
            if self.limits {
                return bounds();
            }
            if inside == Some(true) {
                continue;
            }
            inside = Some(false);
            match name.compare(base) {
                Outcome::Inside => inside = Some(true),
                Outcome::Outside => {
                    if allowed.len() < 5 {
                        allowed.push(text::clip(&base.to_string(), 80).into_owned());
                    }
                }
                Outcome::Syntax => return syntax(),
                Outcome::Type => return kind(),
            }
        }
        if inside == Some(false) {
            let detail = format!("only {} is permitted", text::list_or(&allowed));
            return fails(ConstraintFault::NotPermitted, &detail);
        }
        for base in self.excluded.iter().filter(|b| name.same_type(b)) {
            if self.limits {
                return bounds();
            }
            match name.compare(base) {
                Outcome::Inside => {
                    let base = base.to_string();
                    let detail = format!("{} is excluded", text::clip(&base, 80));
                    return fails(ConstraintFault::Excluded, &detail);
                }
                Outcome::Outside => {}
                Outcome::Syntax => return syntax(),
                Outcome::Type => return kind(),
            }
        }
        Ok(())
    }
}

impl Subject<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Dns(n) | Self::Email(n) | Self::Mailbox(n) => text::safe(n).into_owned(),
            Self::ForeignEmail => "the mail address in its subject".to_owned(),
            Self::Directory(n) => n.rfc4514(),
            Self::General(n) => n.to_string(),
        }
    }

    fn same_type(&self, base: &GeneralName) -> bool {
        use GeneralName as G;
        match (self, base) {
            (Self::Dns(_), G::Dns(_))
            | (Self::Email(_) | Self::Mailbox(_) | Self::ForeignEmail, G::Email(_))
            | (Self::Directory(_), G::Directory(_)) => true,
            (Self::General(name), base) => match (name, base) {
                (G::Uri(_), G::Uri(_))
                | (G::RegisteredId(_), G::RegisteredId(_))
                | (G::X400(_), G::X400(_))
                | (G::EdiParty(_), G::EdiParty(_)) => true,
                (G::Other { oid: one, .. }, G::Other { oid: other, .. }) => one == other,
                (name, base) => is_address(name) && is_address(base),
            },
            _ => false,
        }
    }

    fn compare(&self, base: &GeneralName) -> Outcome {
        let inside = |is: bool| match is {
            true => Outcome::Inside,
            false => Outcome::Outside,
        };
        match (self, base) {
            (Self::Dns(name), GeneralName::Dns(base)) => inside(dns(name, base.raw())),
            (Self::Email(name), GeneralName::Email(base)) => email(name, base.raw()),
            (Self::Mailbox(name), GeneralName::Email(base)) => mailbox(name, base.raw()),
            (Self::Directory(name), GeneralName::Directory(base)) => {
                inside(name.canonical().starts_with(&base.canonical()))
            }
            (Self::General(GeneralName::Uri(name)), GeneralName::Uri(base)) => {
                uri(name.raw(), base.raw())
            }
            (Self::General(name), base) if is_address(base) => address(name, base),
            (Self::ForeignEmail, _) => Outcome::Syntax,
            _ => Outcome::Type,
        }
    }
}

fn is_address(name: &GeneralName) -> bool {
    matches!(
        name,
        GeneralName::Ip(_) | GeneralName::IpRange { .. } | GeneralName::Invalid { tag: 7, .. }
    )
}

/// Both have one length or the other's twice: an address and a base of its kind.
fn address(name: &GeneralName, base: &GeneralName) -> Outcome {
    use std::net::IpAddr;
    let (address, mask, ip) = match (name, base) {
        (GeneralName::Ip(ip), GeneralName::IpRange { address, mask }) => (address, mask, ip),
        _ => return Outcome::Syntax,
    };
    let inside = match (ip, address, mask) {
        (IpAddr::V4(i), IpAddr::V4(a), IpAddr::V4(m)) => {
            u32::from(*i) & u32::from(*m) == u32::from(*a) & u32::from(*m)
        }
        (IpAddr::V6(i), IpAddr::V6(a), IpAddr::V6(m)) => {
            u128::from(*i) & u128::from(*m) == u128::from(*a) & u128::from(*m)
        }
        _ => false,
    };
    match inside {
        true => Outcome::Inside,
        false => Outcome::Outside,
    }
}

/// Labels may be added on the left; a base with a leading dot is compared as it is.
fn dns(name: &str, base: &str) -> bool {
    let (name, base) = (name.as_bytes(), base.as_bytes());
    let Some(extra) = name.len().checked_sub(base.len()) else {
        return false;
    };
    if base.is_empty() {
        return true;
    }
    let dotted = extra == 0
        || base.first() == Some(&b'.')
        || extra.checked_sub(1).and_then(|i| name.get(i)) == Some(&b'.');
    dotted
        && name
            .get(extra..)
            .is_some_and(|end| end.eq_ignore_ascii_case(base))
}

fn email(name: &str, base: &str) -> Outcome {
    let Some((local, host)) = name.rsplit_once('@') else {
        return Outcome::Syntax;
    };
    let inside = match base.rsplit_once('@') {
        None if base.starts_with('.') => name.len() > base.len() && ends_with(name, base),
        None => host.eq_ignore_ascii_case(base),
        Some((base_local, base_host)) => {
            (base_local.is_empty() || base_local == local) && host.eq_ignore_ascii_case(base_host)
        }
    };
    match inside {
        true => Outcome::Inside,
        false => Outcome::Outside,
    }
}

/// The base is put into U-labels and compared with what follows the `@`, a base that is a mailbox too; one
/// with a leading dot gets a second one, and so holds nothing.
fn mailbox(name: &str, base: &str) -> Outcome {
    let Some((_, host)) = name.rsplit_once('@') else {
        return Outcome::Syntax;
    };
    let unicode: Vec<String> = base.split('.').map(u_label).collect();
    let base = unicode.join(".");
    let inside = match base.starts_with('.') {
        true => {
            let doubled = format!(".{base}");
            let end = name.len().checked_sub(doubled.len());
            end.is_some_and(|end| end > 0 && ends_with(name, &doubled))
        }
        false => host.eq_ignore_ascii_case(&base),
    };
    match inside {
        true => Outcome::Inside,
        false => Outcome::Outside,
    }
}

/// A label out of its Punycode; as it is where there is none, or none that can be read.
fn u_label(label: &str) -> String {
    let code = label.strip_prefix("xn--");
    let decoded = code.and_then(idna::punycode::decode_to_string);
    decoded.unwrap_or_else(|| label.to_owned())
}

fn ends_with(name: &str, end: &str) -> bool {
    let from = name.len().checked_sub(end.len());
    from.and_then(|from| name.as_bytes().get(from..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
}

fn uri(name: &str, base: &str) -> Outcome {
    let Some((_, after)) = name.split_once(':') else {
        return Outcome::Syntax;
    };
    let Some(authority) = after.strip_prefix("//") else {
        return Outcome::Syntax;
    };
    let host = match authority.split_once(':') {
        Some((host, _)) => host,
        None => authority
            .split_once('/')
            .map_or(authority, |(host, _)| host),
    };
    if host.is_empty() {
        return Outcome::Syntax;
    }
    let inside = match base.starts_with('.') {
        true => host.len() > base.len() && ends_with(host, base),
        false => host.eq_ignore_ascii_case(base),
    };
    match inside {
        true => Outcome::Inside,
        false => Outcome::Outside,
    }
}

/// A common name counts as a DNS name when it has two labels or more and looks like one.
fn looks_like_a_host(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut dotted = false;
    for (i, &byte) in bytes.iter().enumerate() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            continue;
        }
        let (Some(before), Some(after)) = (
            i.checked_sub(1).and_then(|i| bytes.get(i)),
            bytes.get(i + 1),
        ) else {
            return false;
        };
        match byte {
            b'-' => {}
            b'.' if *after != b'.' && *before != b'-' && *after != b'-' => dotted = true,
            _ => return false,
        }
    }
    dotted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_bases_take_labels_on_the_left() {
        for (name, base, expected) in [
            ("example.com", "example.com", true),
            ("a.EXAMPLE.com", "example.com", true),
            ("badexample.com", "example.com", false),
            ("a.example.com", ".example.com", true),
            ("example.com", ".example.com", false),
            ("anything", "", true),
            ("", "", true),
        ] {
            assert_eq!(dns(name, base), expected, "{name} in {base}");
        }
    }

    #[test]
    fn mail_and_uris_are_compared_by_host() {
        assert_eq!(email("a@host.example", "host.example"), Outcome::Inside);
        assert_eq!(
            email("a@sub.host.example", "host.example"),
            Outcome::Outside
        );
        assert_eq!(
            email("a@sub.host.example", ".host.example"),
            Outcome::Inside
        );
        assert_eq!(email("a@h", "b@h"), Outcome::Outside);
        assert_eq!(email("nobody", "h"), Outcome::Syntax);
        assert_eq!(uri("https://h.example:8/x", "h.example"), Outcome::Inside);
        assert_eq!(uri("https://a.h.example/x", ".h.example"), Outcome::Inside);
        assert_eq!(uri("mailto:x", "h.example"), Outcome::Syntax);
    }

    #[test]
    fn mail_in_unicode_is_compared_by_host() {
        assert_eq!(mailbox("ä@h.example", "H.example"), Outcome::Inside);
        assert_eq!(mailbox("ä@h.example", "other.example"), Outcome::Outside);
        assert_eq!(
            mailbox("ä@bücher.example", "xn--bcher-kva.example"),
            Outcome::Inside
        );
        assert_eq!(mailbox("ä@a.h.example", ".h.example"), Outcome::Outside);
        assert_eq!(mailbox("", "h.example"), Outcome::Syntax);
    }

    #[test]
    fn common_names_of_two_labels_are_hosts() {
        assert!(looks_like_a_host("a.example"));
        assert!(looks_like_a_host("a-b_c.example"));
        for name in ["localhost", "A Name", "a..b", "-a.b", "a.-b", "a.b."] {
            assert!(!looks_like_a_host(name), "{name}");
        }
    }
}
