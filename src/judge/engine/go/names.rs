//! Names as Go compares them: host names with patterns, alternative names with constraints.

use std::net::IpAddr;

use crate::cert::{Certificate, GeneralName};
use crate::judge::{ConstraintFault, ReasonKind};
use crate::target::Host;
use crate::text;

/// Comparisons for one certificate of a chain at most.
const MOST_COMPARISONS: usize = 250_000;

/// Certificate.VerifyHostname. `mapped`: certificates may have IPv4 addresses in the form of IPv6.
pub(super) fn matches(certificate: &Certificate, wanted: &Host, mapped: bool) -> bool {
    // Only version 3 has extensions; others are not looked at.
    let names = match certificate.version {
        Some(3) => certificate.subject_alt_names(),
        _ => &[],
    };
    let of = |own: &IpAddr| if mapped { own.to_canonical() } else { *own };
    match wanted {
        // An IPv4 address in the form of IPv6 is that IPv4 address; since 1.27 no certificate may have
        // one in that form.
        Host::Ip(ip) => names
            .iter()
            .any(|n| matches!(n, GeneralName::Ip(own) if of(own) == ip.to_canonical())),
        Host::Name { ascii, .. } => {
            let host = ascii.to_ascii_lowercase();
            let sound = is_host(&host, false);
            names.iter().any(|n| match n {
                GeneralName::Dns(pattern) if sound && is_host(pattern.raw(), true) => {
                    pattern_matches(pattern.raw(), &host)
                }
                GeneralName::Dns(pattern) => {
                    !host.is_empty() && host != "." && pattern.raw().eq_ignore_ascii_case(&host)
                }
                _ => false,
            })
        }
    }
}

fn is_host(host: &str, pattern: bool) -> bool {
    let host = match pattern {
        true => host,
        false => host.strip_suffix('.').unwrap_or(host),
    };
    if host.is_empty() || host == "*" {
        return false;
    }
    host.split('.').enumerate().all(|(i, label)| {
        (pattern && i == 0 && label == "*")
            || (!label.is_empty()
                && label
                    .bytes()
                    .enumerate()
                    .all(|(j, b)| b.is_ascii_alphanumeric() || b == b'_' || (b == b'-' && j != 0)))
    })
}

fn pattern_matches(pattern: &str, host: &str) -> bool {
    let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    let (pattern, host) = (bare(pattern), bare(host));
    let patterns: Vec<&str> = pattern.split('.').collect();
    let hosts: Vec<&str> = host.split('.').collect();
    !pattern.is_empty()
        && !host.is_empty()
        && patterns.len() == hosts.len()
        && patterns
            .iter()
            .zip(&hosts)
            .enumerate()
            .all(|(i, (p, h))| (i == 0 && *p == "*") || p == h)
}

/// Until Go 1.25: holds the alternative names of everything below against the constraints of `issuer`.
/// Directory names are not constrained by Go (a critical constraint of that kind is an unhandled extension).
pub(super) fn check(issuer: &Certificate, below: &[&Certificate]) -> Result<(), ReasonKind> {
    let Some((permitted, excluded)) = super::constraints(issuer) else {
        return Ok(());
    };
    let mut count = 0;
    for certificate in below {
        for name in certificate.subject_alt_names() {
            let Some(form) = Form::of(name)? else {
                continue;
            };
            form.hold(permitted, excluded, &mut count)?;
        }
    }
    Ok(())
}

/// Since Go 1.26: holds the alternative names of a whole chain, leaf first, against all constraints above
/// them.
///
/// # Errors
/// The place of the constraints in the chain, and what they have against a name.
pub(super) fn check_chain(chain: &[&Certificate]) -> Result<(), (usize, ReasonKind)> {
    let constraining: Vec<(usize, Lists<'_>)> = chain
        .iter()
        .enumerate()
        .filter_map(|(place, c)| Some((place, super::constraints(c)?)))
        .collect();
    for (place, certificate) in chain.iter().enumerate() {
        let mut above = constraining.iter().filter(|(p, _)| *p > place).peekable();
        let Some(&&(nearest, _)) = above.peek() else {
            return Ok(());
        };
        let mut forms = Vec::new();
        for name in certificate.subject_alt_names() {
            // What cannot be parsed is said where it would be compared.
            let form = match (name, Form::of(name)) {
                (_, Ok(Some(form))) => form,
                (_, Ok(None)) => continue,
                (GeneralName::Dns(n), Err(_)) => Form::Dns(n.raw()),
                (_, Err(kind)) => return Err((nearest, kind)),
            };
            form.is_comparable().map_err(|kind| (nearest, kind))?;
            forms.push(form);
        }
        forms.sort_by_key(Form::rank);
        for (issuer, (permitted, excluded)) in above {
            for form in &forms {
                form.hold_since_1_26(permitted, excluded)
                    .map_err(|kind| (*issuer, kind))?;
            }
        }
    }
    Ok(())
}

/// Permitted and excluded subtrees.
type Lists<'a> = (&'a [GeneralName], &'a [GeneralName]);

/// A name that can be constrained, with what it is compared by.
enum Form<'a> {
    Dns(&'a str),
    Email {
        whole: &'a str,
        local: String,
        host: &'a str,
    },
    Uri {
        whole: &'a str,
        host: &'a str,
    },
    Ip(IpAddr),
}

impl<'a> Form<'a> {
    fn of(name: &'a GeneralName) -> Result<Option<Self>, ReasonKind> {
        Ok(Some(match name {
            GeneralName::Dns(n) => {
                if labels(n.raw()).is_none() {
                    return Err(unparsable("dnsName", n.raw()));
                }
                Self::Dns(n.raw())
            }
            GeneralName::Email(n) => {
                let (local, host) =
                    mailbox(n.raw()).ok_or_else(|| unparsable("rfc822Name", n.raw()))?;
                Self::Email {
                    whole: n.raw(),
                    local,
                    host,
                }
            }
            GeneralName::Uri(n) => Self::Uri {
                whole: n.raw(),
                host: host_of(n.raw()),
            },
            GeneralName::Ip(ip) => Self::Ip(*ip),
            _ => return Ok(None),
        }))
    }

    fn same_type(&self, base: &GeneralName) -> bool {
        matches!(
            (self, base),
            (Self::Dns(_), GeneralName::Dns(_))
                | (Self::Email { .. }, GeneralName::Email(_))
                | (Self::Uri { .. }, GeneralName::Uri(_))
                | (Self::Ip(_), GeneralName::IpRange { .. })
        )
    }

    fn hold(
        &self,
        permitted: &[GeneralName],
        excluded: &[GeneralName],
        count: &mut usize,
    ) -> Result<(), ReasonKind> {
        let of_type = |list: &'_ [GeneralName]| list.iter().filter(|b| self.same_type(b)).count();
        *count += of_type(excluded);
        if *count > MOST_COMPARISONS {
            return Err(ReasonKind::BudgetSpent);
        }
        for base in excluded.iter().filter(|b| self.same_type(b)) {
            let overreached = match (self, base) {
                (Self::Dns(name), GeneralName::Dns(base)) => wildcard_overreaches(name, base.raw()),
                _ => false,
            };
            if self.within(base, true)? || overreached {
                let shown = text::clip(&constraint(base), 120).into_owned();
                return Err(self.refused(
                    ConstraintFault::Excluded,
                    format!("is excluded by constraint \"{shown}\""),
                ));
            }
        }
        *count += of_type(permitted);
        if *count > MOST_COMPARISONS {
            return Err(ReasonKind::BudgetSpent);
        }
        let mut inside = true;
        for base in permitted.iter().filter(|b| self.same_type(b)) {
            inside = self.within(base, false)?;
            if inside {
                break;
            }
        }
        match inside {
            true => Ok(()),
            false => Err(self.refused(
                ConstraintFault::NotPermitted,
                "is not permitted by any constraint".to_owned(),
            )),
        }
    }

    /// The order in which kinds of names are looked at since Go 1.26.
    fn rank(&self) -> u8 {
        match self {
            Self::Ip(_) => 0,
            Self::Dns(_) => 1,
            Self::Uri { .. } => 2,
            Self::Email { .. } => 3,
        }
    }

    /// The host of a URI must be one that could lie in a domain.
    fn is_comparable(&self) -> Result<(), ReasonKind> {
        let Self::Uri { host, .. } = self else {
            return Ok(());
        };
        if host.is_empty() {
            return Err(self.incomparable("with empty host"));
        }
        match host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            true => Err(self.incomparable("with IP")),
            false => Ok(()),
        }
    }

    fn incomparable(&self, what: &str) -> ReasonKind {
        let detail = format!("{what} cannot be matched against constraints");
        self.refused(ConstraintFault::Syntax, detail)
    }

    fn hold_since_1_26(
        &self,
        permitted: &[GeneralName],
        excluded: &[GeneralName],
    ) -> Result<(), ReasonKind> {
        if let Self::Dns(name) = self
            && labels(name).is_none()
        {
            return Err(unparsable("dnsName", name));
        }
        let mut asked = false;
        let mut inside = false;
        for base in permitted.iter().filter(|b| self.same_type(b)) {
            asked = true;
            inside = inside || self.within(base, false)?;
        }
        if asked && !inside {
            return Err(self.refused(
                ConstraintFault::NotPermitted,
                "is not permitted by any constraint".to_owned(),
            ));
        }
        // Of several that hold it, the widest is named.
        let mut widest: Option<&GeneralName> = None;
        for base in excluded.iter().filter(|b| self.same_type(b)) {
            if self.within(base, true)? && widest.is_none_or(|w| width(base) < width(w)) {
                widest = Some(base);
            }
        }
        match widest {
            None => Ok(()),
            Some(base) => {
                let shown = text::clip(&constraint(base), 120).into_owned();
                let detail = format!("is excluded by constraint \"{shown}\"");
                Err(self.refused(ConstraintFault::Excluded, detail))
            }
        }
    }

    fn refused(&self, fault: ConstraintFault, detail: String) -> ReasonKind {
        let (kind, name) = match self {
            Self::Dns(n) => ("DNS name", (*n).to_owned()),
            Self::Email { whole, .. } => ("email address", (*whole).to_owned()),
            Self::Uri { whole, .. } => ("URI", (*whole).to_owned()),
            Self::Ip(ip) => ("IP address", ip.to_string()),
        };
        let name = text::safe(&name).into_owned();
        ReasonKind::NameConstraint {
            name: format!("{kind} \"{name}\""),
            fault,
            detail,
        }
    }

    fn within(&self, base: &GeneralName, excluded: bool) -> Result<bool, ReasonKind> {
        Ok(match (self, base) {
            (Self::Dns(name), GeneralName::Dns(base)) => {
                domain(name, base.raw()) || (excluded && wildcard_reaches(name, base.raw()))
            }
            (Self::Email { local, host, .. }, GeneralName::Email(base)) => {
                match base.raw().contains('@') {
                    true => mailbox(base.raw())
                        .is_some_and(|(l, h)| l == *local && h.eq_ignore_ascii_case(host)),
                    false => domain(host, base.raw()),
                }
            }
            (Self::Uri { host, .. }, GeneralName::Uri(base)) => {
                self.is_comparable()?;
                domain(host, base.raw())
            }
            (Self::Ip(ip), GeneralName::IpRange { address, mask }) => match (ip, address, mask) {
                (IpAddr::V4(i), IpAddr::V4(a), IpAddr::V4(m)) => {
                    u32::from(*i) & u32::from(*m) == u32::from(*a) & u32::from(*m)
                }
                (IpAddr::V6(i), IpAddr::V6(a), IpAddr::V6(m)) => {
                    u128::from(*i) & u128::from(*m) == u128::from(*a) & u128::from(*m)
                }
                _ => false,
            },
            _ => false,
        })
    }
}

fn unparsable(kind: &str, name: &str) -> ReasonKind {
    let shown = text::safe(&text::clip(name, 120)).into_owned();
    ReasonKind::NameConstraint {
        name: format!("{kind} \"{shown}\""),
        fault: ConstraintFault::Syntax,
        detail: "cannot be parsed".to_owned(),
    }
}

/// How much a base pins down: the shorter, the more names lie within it.
fn width(base: &GeneralName) -> usize {
    match base {
        GeneralName::IpRange { mask, .. } => usize::try_from(ones(mask)).unwrap_or(0),
        GeneralName::Dns(n) | GeneralName::Uri(n) | GeneralName::Email(n) => n.raw().len(),
        _ => usize::MAX,
    }
}

fn ones(mask: &IpAddr) -> u32 {
    match mask {
        IpAddr::V4(m) => u32::from(*m).leading_ones(),
        IpAddr::V6(m) => u128::from(*m).leading_ones(),
    }
}

/// The network of an address.
fn network(address: &IpAddr, mask: &IpAddr) -> IpAddr {
    match (address, mask) {
        (IpAddr::V4(a), IpAddr::V4(m)) => {
            IpAddr::from((u32::from(*a) & u32::from(*m)).to_be_bytes())
        }
        (IpAddr::V6(a), IpAddr::V6(m)) => {
            IpAddr::from((u128::from(*a) & u128::from(*m)).to_be_bytes())
        }
        _ => *address,
    }
}

/// A constraint as Go prints it: networks with the length of their prefix.
fn constraint(base: &GeneralName) -> String {
    match base {
        GeneralName::IpRange { address, mask } => {
            format!("{}/{}", network(address, mask), ones(mask))
        }
        other => other.to_string(),
    }
}

/// domainToReverseLabels, without the reversing; `None` when it is no domain.
pub(super) fn labels(domain: &str) -> Option<Vec<&str>> {
    if domain.is_empty() {
        return Some(Vec::new());
    }
    let labels: Vec<&str> = domain.split('.').collect();
    let sound = |label: &&str| !label.is_empty() && label.bytes().all(|b| (33..=126).contains(&b));
    labels.iter().all(sound).then_some(labels)
}

/// `name` lies within `base`; both are domains (what is none was refused before).
fn domain(name: &str, base: &str) -> bool {
    let (name, base) = (name.as_bytes(), base.as_bytes());
    if base.is_empty() {
        return true;
    }
    let Some(extra) = name.len().checked_sub(base.len()) else {
        return false;
    };
    // A leading dot asks for at least one more label.
    let whole = extra == 0 && base.first() != Some(&b'.')
        || base.first() == Some(&b'.') && extra > 0
        || extra.checked_sub(1).and_then(|i| name.get(i)) == Some(&b'.');
    whole
        && name
            .get(extra..)
            .is_some_and(|end| end.eq_ignore_ascii_case(base))
}

/// A wildcard stands for names that an excluded base holds (since Go 1.24.11 and 1.25.5).
fn wildcard_reaches(name: &str, base: &str) -> bool {
    let (Some(parent), Some((_, above))) = (name.strip_prefix("*."), base.split_once('.')) else {
        return false;
    };
    parent.eq_ignore_ascii_case(above)
}

/// Go 1.24.11 and 1.25.5 leave out the first label of both, and so refuse siblings too; 1.26 does not.
fn wildcard_overreaches(name: &str, base: &str) -> bool {
    let bare = base.strip_prefix('.').unwrap_or(base);
    let labels = |name: &str| name.split('.').count();
    let spare = labels(name).checked_sub(labels(bare));
    if !name.starts_with('*') || spare.is_none_or(|n| n == 0 && bare != base) {
        return false;
    }
    let Some((_, parent)) = name.split_once('.') else {
        return false;
    };
    let above = bare.split_once('.');
    above.is_none_or(|(_, above)| domain(parent, above))
}

/// parseRFC2821Mailbox: local part and domain; the local part loses its quotes and backslashes.
pub(super) fn mailbox(address: &str) -> Option<(String, &str)> {
    let quoted = address.starts_with('"');
    let mut rest = address.strip_prefix('"').unwrap_or(address).char_indices();
    let start = usize::from(quoted);
    let mut local = String::new();
    let host = loop {
        let (at, c) = rest.next()?;
        match c {
            '\\' => {
                let (_, next) = rest.next()?;
                if quoted && matches!(next, '\0' | '\n' | '\r' | '\u{80}'..) {
                    return None;
                }
                local.push(next);
            }
            '"' if quoted => break address.get(start + at + 1..)?.strip_prefix('@')?,
            '@' if !quoted => break address.get(at + 1..)?,
            c if quoted && !matches!(c, '\0' | '\t' | '\n' | '\r' | '\u{80}'..) => local.push(c),
            c if c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) => local.push(c),
            _ => return None,
        }
    };
    let dots = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    if !quoted && (local.is_empty() || dots) {
        return None;
    }
    // The domain may hold an `@`, as odd as that is.
    labels(host).filter(|l| !l.is_empty())?;
    Some((local, host))
}

/// The host of a URL, without port; brackets stay.
pub(super) fn host_of(uri: &str) -> &str {
    let Some((_, rest)) = uri.split_once("://") else {
        return "";
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, h)| h);
    match host.rfind(']') {
        Some(end) => host.get(..=end).unwrap_or(host),
        None => host.split_once(':').map_or(host, |(h, _)| h),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_lie_within_bases() {
        for (name, base, expected) in [
            ("example.com", "example.com", true),
            ("a.Example.com", "example.com", true),
            ("badexample.com", "example.com", false),
            ("example.com", ".example.com", false),
            ("a.example.com", ".example.com", true),
            ("x", "", true),
        ] {
            assert_eq!(domain(name, base), expected, "{name} in {base}");
        }
        assert!(wildcard_reaches("*.example.com", "a.example.com"));
        assert!(!wildcard_reaches("*.example.com", "a.b.example.com"));
        for (name, base, expected) in [
            ("*.bar.example.com", "foo.example.com", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "com", true),
            ("*.example.com", ".a.example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "a.example.org", false),
            ("x.bar.example.com", "foo.example.com", false),
        ] {
            assert_eq!(wildcard_overreaches(name, base), expected, "{name} {base}");
        }
    }

    #[test]
    fn patterns_are_whole_labels() {
        assert!(pattern_matches("*.example.com", "A.example.com."));
        assert!(!pattern_matches("*.example.com", "a.b.example.com"));
        assert!(is_host("*.com", true) && !is_host("*", true) && !is_host("a..b", true));
    }

    #[test]
    fn mailboxes_and_hosts() {
        for (address, local) in [
            ("a@h", "a"),
            ("\"a b\"@h", "a b"),
            ("\"\\a\\\"b\"@h", "a\"b"),
            ("\\a@h", "a"),
        ] {
            assert_eq!(mailbox(address), Some((local.to_owned(), "h")), "{address}");
        }
        for bad in ["a", "@h", ".a@h", "a..b@h", "a@", "a b@h", "\"a@h", "a\\"] {
            assert_eq!(mailbox(bad), None, "{bad}");
        }
        assert_eq!(host_of("http://u@h.example:8/x"), "h.example");
        assert_eq!(host_of("http://[::1]:8/x"), "[::1]");
        assert_eq!(host_of("mailto:x"), "");
    }
}
