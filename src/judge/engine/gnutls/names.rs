//! Name constraints as GnuTLS gathers them on the way down and holds them against the leaf: 3.8.9 and
//! 3.7.9 with Debian's repairs of 2026.
//!
//! Permitted names of two CAs are intersected, for DNS, mail and addresses; where nothing is left,
//! everything of that kind is excluded. Directory names, URIs and a few other names are not compared:
//! excluded directory names refuse every leaf, excluded URIs a leaf that has one.

use std::net::IpAddr;

use super::one::fits;
use crate::cert::{Certificate, ExtensionValue, GeneralName};
use crate::judge::{ConstraintFault, Purpose, ReasonKind};
use crate::text;

/// emailAddress in a subject, PKCS #9.
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

const IA5_STRING: u8 = 22;

/// Names times constraints beyond which GnuTLS refuses.
const MOST_CHECKS: usize = 1 << 20;

/// One base.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Base {
    Dns(String),
    Email(String),
    Ip(IpAddr, IpAddr),
    /// A kind that is not compared; its number among the kinds of GeneralName.
    Other(u8),
}

impl Base {
    fn kind(&self) -> u8 {
        match self {
            Self::Dns(_) => 2,
            Self::Email(_) => 1,
            Self::Ip(..) => 7,
            Self::Other(kind) => *kind,
        }
    }

    fn is_compared(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    fn of(name: &GeneralName) -> Result<Self, ReasonKind> {
        let read = match name {
            GeneralName::Dns(n) if is_spelled(n.raw()) => Some(Self::Dns(n.raw().to_owned())),
            GeneralName::Email(n) if is_spelled(n.raw()) => Some(Self::Email(n.raw().to_owned())),
            GeneralName::IpRange { address, mask } if is_prefix(mask) => {
                Some(Self::Ip(*address, *mask))
            }
            GeneralName::Directory(_) => Some(Self::Other(4)),
            GeneralName::Uri(_) => Some(Self::Other(6)),
            GeneralName::Other { oid, .. } if KNOWN_OTHERS.contains(&oid.as_str()) => {
                Some(Self::Other(0))
            }
            _ => None,
        };
        read.ok_or_else(|| ReasonKind::NameConstraint {
            name: "any name".to_owned(),
            fault: ConstraintFault::Syntax,
            detail: format!(
                "its constraint {} cannot be read",
                text::clip(&name.to_string(), 80)
            ),
        })
    }

    /// The narrower of the two, where one lies within the other.
    fn intersect(&self, other: &Self) -> Option<Self> {
        let relation = match (self, other) {
            (Self::Dns(one), Self::Dns(other)) => dns(one, other),
            (Self::Email(one), Self::Email(other)) => email(one, other),
            (Self::Ip(a, m), Self::Ip(b, n)) => return ranges(*a, *m, *b, *n),
            _ => return None,
        };
        match relation {
            Relation::Within | Relation::Equal => Some(self.clone()),
            Relation::Holds => Some(other.clone()),
            Relation::Apart => None,
        }
    }
}

/// Other names that may stand in a constraint: principals of Microsoft and names of services.
const KNOWN_OTHERS: &[&str] = &["1.3.6.1.4.1.311.20.2.3", "1.3.6.1.5.5.7.8.7"];

/// How the first of two names lies to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Within,
    Equal,
    Holds,
    Apart,
}

/// What CAs above allow and forbid.
#[derive(Default)]
pub(super) struct Constraints {
    permitted: Vec<Base>,
    excluded: Vec<Base>,
}

impl Constraints {
    /// Adds those of one more CA, from the top down.
    pub(super) fn add(&mut self, issuer: &Certificate) -> Result<(), ReasonKind> {
        let found = issuer.extensions.iter().find_map(|e| match &e.value {
            ExtensionValue::NameConstraints {
                permitted,
                excluded,
            } => Some(Ok((permitted, excluded))),
            ExtensionValue::Malformed(why) if e.oid.as_str() == "2.5.29.30" => Some(Err(why)),
            _ => None,
        });
        let (permitted, excluded) = match found {
            None => return Ok(()),
            Some(Err(why)) => {
                return Err(ReasonKind::NameConstraint {
                    name: "any name".to_owned(),
                    fault: ConstraintFault::Syntax,
                    detail: why.clone(),
                });
            }
            Some(Ok(lists)) => lists,
        };
        let read = |list: &[GeneralName]| list.iter().map(Base::of).collect::<Result<Vec<_>, _>>();
        let (permitted, excluded) = (read(permitted)?, read(excluded)?);
        if self.permitted.is_empty() && self.excluded.is_empty() {
            self.permitted = permitted;
            self.excluded = excluded;
            return Ok(());
        }
        self.intersect(permitted)?;
        self.excluded.extend(excluded);
        Ok(())
    }

    fn intersect(&mut self, new: Vec<Base>) -> Result<(), ReasonKind> {
        if self.permitted.len().saturating_mul(new.len()) > MOST_CHECKS {
            return Err(ReasonKind::BudgetSpent);
        }
        let of_kind = |list: &[Base], kind: u8| list.iter().any(|b| b.kind() == kind);
        let old = std::mem::take(&mut self.permitted);
        // What the other side says nothing about stays as it is.
        let alone = |b: &&Base, others: &[Base]| !b.is_compared() || !of_kind(others, b.kind());
        let mut permitted: Vec<Base> = old.iter().filter(|b| alone(b, &new)).cloned().collect();
        permitted.extend(new.iter().filter(|b| alone(b, &old)).cloned());
        for kind in [1, 2, 7] {
            if !of_kind(&old, kind) || !of_kind(&new, kind) {
                continue;
            }
            let both = old.iter().flat_map(|one| {
                let others = new.iter().filter(|other| other.kind() == kind);
                others.filter_map(|other| one.intersect(other))
            });
            let before = permitted.len();
            permitted.extend(both);
            if permitted.len() == before {
                self.excluded.extend(everything(kind));
            }
        }
        self.permitted = permitted;
        Ok(())
    }

    fn of(&self, kind: u8) -> bool {
        self.permitted
            .iter()
            .chain(&self.excluded)
            .any(|b| b.kind() == kind)
    }

    /// Holds the leaf's names against all of them.
    pub(super) fn hold(&self, leaf: &Certificate) -> Result<(), ReasonKind> {
        let names = leaf.subject_alt_names();
        let constraints = self.permitted.len() + self.excluded.len();
        if constraints.saturating_mul(names.len()) > MOST_CHECKS {
            return Err(refused(
                ConstraintFault::NotPermitted,
                "its names",
                "there are too many names and constraints to compare",
            ));
        }
        if self.of(2) {
            let dns: Vec<&str> = names
                .iter()
                .filter_map(|n| match n {
                    GeneralName::Dns(n) => Some(n.raw()),
                    _ => None,
                })
                .collect();
            for name in &dns {
                self.dns(name)?;
            }
            if dns.is_empty() && fits(leaf, Purpose::Server, true) {
                let mut common = leaf.subject.common_names();
                match (common.next(), common.next()) {
                    (Some(only), None) => self.dns(only.raw())?,
                    (Some(_), Some(_)) => {
                        return Err(refused(
                            ConstraintFault::NotPermitted,
                            "several common names",
                            "only one is permitted",
                        ));
                    }
                    _ => {}
                }
            }
        }
        if self.of(1) {
            self.mail(leaf)?;
        }
        let has_uri = names.iter().any(|n| matches!(n, GeneralName::Uri(_)));
        for (kind, name, meets) in [(4, "its subject", true), (6, "its URI", has_uri)] {
            if meets && self.excluded.contains(&Base::Other(kind)) {
                return Err(refused(
                    ConstraintFault::Excluded,
                    name,
                    "names of a kind that cannot be checked are excluded",
                ));
            }
        }
        if self.of(7) {
            for name in names {
                if let GeneralName::Ip(ip) = name {
                    self.address(*ip)?;
                }
            }
        }
        Ok(())
    }

    fn mail(&self, leaf: &Certificate) -> Result<(), ReasonKind> {
        let mut found = false;
        for name in leaf.subject_alt_names() {
            if let GeneralName::Email(n) = name {
                found = true;
                self.email(n.raw())?;
            }
        }
        if found {
            return Ok(());
        }
        let mut subject = leaf
            .subject
            .rdns
            .iter()
            .flatten()
            .filter(|a| a.oid.as_str() == EMAIL_ADDRESS);
        match (subject.next(), subject.next()) {
            (Some(_), Some(_)) => Err(refused(
                ConstraintFault::NotPermitted,
                "several mail addresses",
                "only one is permitted",
            )),
            // One that is no IA5String shows as its bytes, which are on no host.
            (Some(only), None) if only.tag != IA5_STRING => self.email("#"),
            (Some(only), None) => self.email(only.value.raw()),
            _ => Ok(()),
        }
    }

    fn dns(&self, name: &str) -> Result<(), ReasonKind> {
        let mut allowed = None;
        for base in &self.excluded {
            if let Base::Dns(base) = base
                && (base.is_empty() || dns(name, base).is_inside())
            {
                return Err(refused(
                    ConstraintFault::Excluded,
                    name,
                    &format!("{} is excluded", shown(base)),
                ));
            }
        }
        for base in &self.permitted {
            if let Base::Dns(base) = base
                && !base.is_empty()
            {
                if dns(name, base).is_inside() {
                    return Ok(());
                }
                allowed = Some(base);
            }
        }
        allowed.map_or(Ok(()), |base| {
            Err(refused(
                ConstraintFault::NotPermitted,
                name,
                &format!("only {} is permitted", shown(base)),
            ))
        })
    }

    fn email(&self, name: &str) -> Result<(), ReasonKind> {
        let mut allowed = None;
        for base in &self.excluded {
            if let Base::Email(base) = base
                && (base.is_empty() || email(name, base).is_inside())
            {
                return Err(refused(
                    ConstraintFault::Excluded,
                    name,
                    &format!("{} is excluded", shown(base)),
                ));
            }
        }
        for base in &self.permitted {
            if let Base::Email(base) = base
                && !base.is_empty()
            {
                if email(name, base).is_inside() {
                    return Ok(());
                }
                allowed = Some(base);
            }
        }
        allowed.map_or(Ok(()), |base| {
            Err(refused(
                ConstraintFault::NotPermitted,
                name,
                &format!("only {} is permitted", shown(base)),
            ))
        })
    }

    fn address(&self, ip: IpAddr) -> Result<(), ReasonKind> {
        let name = ip.to_string();
        let mut allowed = None;
        for base in &self.excluded {
            if let Base::Ip(address, mask) = base
                && within(ip, *address, *mask) == Some(true)
            {
                return Err(refused(
                    ConstraintFault::Excluded,
                    &name,
                    &format!("{address}/{mask} is excluded"),
                ));
            }
        }
        for base in &self.permitted {
            if let Base::Ip(address, mask) = base {
                match within(ip, *address, *mask) {
                    Some(true) => return Ok(()),
                    Some(false) => allowed = Some(format!("only {address}/{mask} is permitted")),
                    None => {}
                }
            }
        }
        allowed.map_or(Ok(()), |why| {
            Err(refused(ConstraintFault::NotPermitted, &name, &why))
        })
    }
}

fn refused(fault: ConstraintFault, name: &str, detail: &str) -> ReasonKind {
    ReasonKind::NameConstraint {
        name: shown(name),
        fault,
        detail: detail.to_owned(),
    }
}

fn shown(raw: &str) -> String {
    text::safe(&text::clip(raw, 80)).into_owned()
}

fn everything(kind: u8) -> Vec<Base> {
    use std::net::{Ipv4Addr, Ipv6Addr};
    match kind {
        1 => vec![Base::Email(String::new())],
        2 => vec![Base::Dns(String::new())],
        _ => vec![
            Base::Ip(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()),
            Base::Ip(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()),
        ],
    }
}

fn is_prefix(mask: &IpAddr) -> bool {
    match mask {
        IpAddr::V4(m) => u32::from(*m).leading_ones() + u32::from(*m).trailing_zeros() >= 32,
        IpAddr::V6(m) => u128::from(*m).leading_ones() + u128::from(*m).trailing_zeros() >= 128,
    }
}

impl Relation {
    fn is_inside(self) -> bool {
        matches!(self, Self::Within | Self::Equal)
    }
}

/// Nothing at all, or labels that are not empty but for the dots at either end.
fn is_spelled(base: &str) -> bool {
    !base.contains("..") && base != "."
}

/// Label by label from the right; case and dots at the end do not count. A dot in front stands for one
/// label or more.
fn dns(one: &str, other: &str) -> Relation {
    let mut labels = one.trim_end_matches('.').rsplit('.');
    let mut others = other.trim_end_matches('.').rsplit('.');
    let mut is_first = true;
    loop {
        return match (labels.next(), others.next()) {
            (Some(label), Some(other)) if label.eq_ignore_ascii_case(other) => {
                is_first = false;
                continue;
            }
            (None, None) => Relation::Equal,
            (None, Some(_)) => Relation::Holds,
            (Some(_), None) => Relation::Within,
            (Some(_), Some(_)) if is_first => Relation::Apart,
            (Some(""), Some(_)) if labels.next().is_none() => Relation::Holds,
            (Some(_), Some("")) if others.next().is_none() => Relation::Within,
            (Some(_), Some(_)) => Relation::Apart,
        };
    }
}

/// A base without a dot in front is one host, with it all hosts below; a mailbox lies within its host.
fn email(one: &str, other: &str) -> Relation {
    fn split(name: &str) -> (Option<&str>, &str) {
        match name.rsplit_once('@') {
            Some((local, host)) => (Some(local), host),
            None => (None, name),
        }
    }
    let ((local, host), (other_local, other_host)) = (split(one), split(other));
    let hosts = match dns(host, other_host) {
        Relation::Within if !other_host.starts_with('.') => Relation::Apart,
        Relation::Holds if !host.starts_with('.') => Relation::Apart,
        relation => relation,
    };
    match (local, other_local) {
        (None, None) => hosts,
        (Some(_), None) if hosts.is_inside() => Relation::Within,
        (None, Some(_)) if hosts == Relation::Equal => Relation::Holds,
        (Some(local), Some(other)) if hosts == Relation::Equal && local == other => Relation::Equal,
        _ => Relation::Apart,
    }
}

/// `None` for addresses of different lengths.
fn within(ip: IpAddr, address: IpAddr, mask: IpAddr) -> Option<bool> {
    match (ip, address, mask) {
        (IpAddr::V4(i), IpAddr::V4(a), IpAddr::V4(m)) => {
            Some(u32::from(i) & u32::from(m) == u32::from(a) & u32::from(m))
        }
        (IpAddr::V6(i), IpAddr::V6(a), IpAddr::V6(m)) => {
            Some(u128::from(i) & u128::from(m) == u128::from(a) & u128::from(m))
        }
        _ => None,
    }
}

fn ranges(a: IpAddr, m: IpAddr, b: IpAddr, n: IpAddr) -> Option<Base> {
    match (a, m, b, n) {
        (IpAddr::V4(a), IpAddr::V4(m), IpAddr::V4(b), IpAddr::V4(n)) => {
            let (a, m, b, n) = (u32::from(a), u32::from(m), u32::from(b), u32::from(n));
            ((a ^ b) & m & n == 0).then(|| {
                Base::Ip(
                    IpAddr::V4(((b & n) | (a & m)).into()),
                    IpAddr::V4((n | m).into()),
                )
            })
        }
        (IpAddr::V6(a), IpAddr::V6(m), IpAddr::V6(b), IpAddr::V6(n)) => {
            let (a, m, b, n) = (u128::from(a), u128::from(m), u128::from(b), u128::from(n));
            ((a ^ b) & m & n == 0).then(|| {
                Base::Ip(
                    IpAddr::V6(((b & n) | (a & m)).into()),
                    IpAddr::V6((n | m).into()),
                )
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lie_within_bases() {
        use Relation::{Apart, Equal, Holds, Within};
        for (name, base, expected) in [
            ("a.example.com", "example.com", Within),
            ("a.example.com", ".example.com", Within),
            ("example.com", ".example.com", Holds),
            ("A.EXAMPLE.com.", "example.COM", Within),
            ("example.com", "example.com.", Equal),
            ("example.com", "a.example.com", Holds),
            ("badexample.com", "example.com", Apart),
            ("", "example.com", Apart),
        ] {
            assert_eq!(dns(name, base), expected, "{name} in {base}");
        }
        for (name, base, expected) in [
            ("a@h", "H", Within),
            ("a@b.h", ".h", Within),
            ("a@b.h", "h", Apart),
            ("a@h", ".h", Apart),
            ("A@h", "a@h", Apart),
            ("a@h", "a@H", Equal),
            ("h", "a@h", Holds),
        ] {
            assert_eq!(email(name, base), expected, "{name} in {base}");
        }
    }

    #[test]
    fn what_two_cas_permit_is_intersected() {
        let mut both = Constraints {
            permitted: vec![Base::Dns("example.com".to_owned())],
            excluded: Vec::new(),
        };
        let mail = Base::Email("example.com".to_owned());
        both.intersect(vec![Base::Dns("a.EXAMPLE.com".to_owned()), mail.clone()])
            .unwrap();
        assert_eq!(
            both.permitted,
            [mail, Base::Dns("a.EXAMPLE.com".to_owned())]
        );
        both.intersect(vec![Base::Dns("other.test".to_owned())])
            .unwrap();
        assert!(!both.permitted.iter().any(|base| base.kind() == 2));
        assert_eq!(both.excluded, [Base::Dns(String::new())]);
    }
}
