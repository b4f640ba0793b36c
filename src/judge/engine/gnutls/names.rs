//! Name constraints as GnuTLS gathers them on the way down and holds them against the leaf.
//!
//! Permitted names of two CAs are intersected, for DNS, mail and addresses; where nothing is left,
//! everything of that kind is excluded. Directory names and URIs are not compared: where the leaf has
//! a URI, excluded ones of that kind refuse it.

use std::net::IpAddr;

use super::one::fits;
use crate::cert::{Certificate, ExtensionValue, GeneralName};
use crate::judge::{ConstraintFault, Purpose, ReasonKind};
use crate::text;

/// emailAddress in a subject, PKCS #9.
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

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
        Ok(match name {
            GeneralName::Dns(n) => Self::Dns(n.raw().to_owned()),
            GeneralName::Email(n) => Self::Email(n.raw().to_owned()),
            GeneralName::IpRange { address, mask } if is_prefix(mask) => Self::Ip(*address, *mask),
            GeneralName::Directory(_) => Self::Other(4),
            GeneralName::Uri(_) => Self::Other(6),
            GeneralName::Other { .. } => Self::Other(0),
            broken => {
                return Err(ReasonKind::NameConstraint {
                    name: "any name".to_owned(),
                    fault: ConstraintFault::Syntax,
                    detail: format!(
                        "its constraint {} cannot be read",
                        text::clip(&broken.to_string(), 80)
                    ),
                });
            }
        })
    }

    fn intersect(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Dns(wide), Self::Dns(narrow)) => dns(narrow, wide).then(|| other.clone()),
            (Self::Email(wide), Self::Email(narrow)) => email(narrow, wide).then(|| other.clone()),
            (Self::Ip(a, m), Self::Ip(b, n)) => ranges(*a, *m, *b, *n),
            _ => None,
        }
    }
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
        if new.is_empty() {
            return Ok(());
        }
        if self.permitted.len().saturating_mul(new.len()) > MOST_CHECKS {
            return Err(refused(
                ConstraintFault::NotPermitted,
                "any name",
                "there are too many constraints to intersect",
            ));
        }
        let of_kind = |list: &[Base], kind: u8| list.iter().any(|b| b.kind() == kind);
        let old = std::mem::take(&mut self.permitted);
        let kept = |b: &Base| !b.is_compared() || !of_kind(&new, b.kind());
        let rest: Vec<&Base> = old.iter().filter(|b| !kept(b)).collect();
        let mut permitted: Vec<Base> = old.iter().filter(|b| kept(b)).cloned().collect();
        for base in &new {
            // With nothing to compare with at all, the new one is taken as it is; one of a kind that
            // only the new ones have is lost where there is anything (so in 3.7).
            if rest.is_empty() {
                permitted.push(base.clone());
                continue;
            }
            permitted.extend(rest.iter().filter_map(|b| b.intersect(base)));
        }
        for kind in [1, 2, 7] {
            let had = rest.iter().any(|b| b.kind() == kind);
            if had && !of_kind(&permitted, kind) {
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
        for kind in [4, 6] {
            if has_uri && self.excluded.contains(&Base::Other(kind)) {
                return Err(refused(
                    ConstraintFault::Excluded,
                    "its URI",
                    "names of a kind that cannot be checked are excluded",
                ));
            }
        }
        // A directory name: the subject is one, and an excluded base of that kind cannot be compared.
        if !leaf.subject.rdns.is_empty() && self.excluded.contains(&Base::Other(4)) {
            return Err(refused(
                ConstraintFault::Excluded,
                "its subject",
                "directory names are excluded",
            ));
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
            (Some(only), None) => self.email(only.value.raw()),
            _ => Ok(()),
        }
    }

    fn dns(&self, name: &str) -> Result<(), ReasonKind> {
        let mut allowed = None;
        for base in &self.excluded {
            if let Base::Dns(base) = base
                && (base.is_empty() || dns(name, base))
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
                if dns(name, base) {
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
                && (base.is_empty() || email(name, base))
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
                if email(name, base) {
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

/// Case counts. A leading dot of the base is overlooked.
fn dns(name: &str, base: &str) -> bool {
    if name == base {
        return true;
    }
    if base.len() >= name.len() {
        return false;
    }
    let base = base.strip_prefix('.').unwrap_or(base);
    name.strip_suffix(base)
        .is_some_and(|front| front.ends_with('.'))
}

fn email(name: &str, base: &str) -> bool {
    if name == base {
        return true;
    }
    let Some(front) = name.strip_suffix(base).filter(|f| !f.is_empty()) else {
        return false;
    };
    (base.len() > 1 && base.starts_with('.')) || front.ends_with('@')
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
        assert!(dns("a.example.com", "example.com") && dns("a.example.com", ".example.com"));
        assert!(!dns("A.EXAMPLE.COM", "example.com") && !dns("badexample.com", "example.com"));
        assert!(email("a@h", "h") && email("a@b.h", ".h") && !email("a@b.h", "h"));
    }

    #[test]
    fn what_two_cas_permit_is_intersected() {
        let mut both = Constraints {
            permitted: vec![Base::Dns("example.com".to_owned())],
            excluded: Vec::new(),
        };
        both.intersect(vec![Base::Dns("a.example.com".to_owned())])
            .unwrap();
        assert_eq!(both.permitted, [Base::Dns("a.example.com".to_owned())]);
        both.intersect(vec![Base::Dns("other.test".to_owned())])
            .unwrap();
        assert!(both.permitted.is_empty());
        assert_eq!(both.excluded, [Base::Dns(String::new())]);
    }
}
