//! Rules of the certificate profile (RFC 5280, sections 4.1 and 4.2; RFC 9525) that do not decide the
//! verdict here, because only some verifiers enforce them: what they will refuse, and on which
//! certificate.

use super::facts;
use super::{Reason, ReasonKind, SerialFault};
use crate::cert::{Certificate, ExtensionValue, GeneralName, KeyKind, oid};
use crate::chain::{Chain, NodeId};

/// Rules that pyca/cryptography, Java, public CAs' linters or single versions of Go enforce, and that
/// OpenSSL's strict mode does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileRule {
    /// Name constraints that are not critical (section 4.2.1.10).
    NameConstraintsNotCritical,
    /// Name constraints in a certificate that is no CA.
    NameConstraintsInLeaf,
    /// Policy constraints or inhibitAnyPolicy that are not critical (sections 4.2.1.11, 4.2.1.14).
    PolicyConstraintsNotCritical,
    /// An authority key identifier without key identifier (section 4.2.1.1).
    AuthorityKeyIdWithoutKey,
    /// A root whose authority key identifier names another certificate or key than its own.
    RootNamesAnotherKey,
    /// Alternative names that are critical although there is a subject (section 4.2.1.6).
    AltNameCritical,
    /// An alternative DNS name with an underscore, or one that is no host name.
    OddDnsName,
    /// A common name that is a host name or an address and stands in no alternative name.
    CommonNameNotListed,
    /// anyExtendedKeyUsage in a server's certificate.
    AnyUsage,
    /// A server's certificate without extended key usage.
    NoUsage,
    /// A critical extended key usage.
    UsageCritical,
    /// A root with extended key usage.
    RootWithUsage,
    /// A RSA modulus whose length is no multiple of eight bits.
    OddRsaSize,
    /// A serial number that is zero, negative or too long (section 4.1.2.2).
    Serial(SerialFault),
    /// The leaf is marked as a CA.
    CaAsLeaf,
    /// An extension that does not decode, or decodes to something that the standard forbids.
    OddExtension,
}

impl ProfileRule {
    /// What is wrong, as the end of a sentence about the certificate.
    pub fn words(self) -> String {
        match self {
            Self::NameConstraintsNotCritical => "has name constraints that are not critical",
            Self::NameConstraintsInLeaf => "has name constraints without being a CA",
            Self::PolicyConstraintsNotCritical => "has policy constraints that are not critical",
            Self::AuthorityKeyIdWithoutKey => {
                "has an authorityKeyIdentifier without a key identifier"
            }
            Self::RootNamesAnotherKey => {
                "is a root whose authorityKeyIdentifier does not name its own key alone"
            }
            Self::AltNameCritical => "has a critical subjectAltName although it has a subject",
            Self::OddDnsName => "has an alternative name that is no proper host name",
            Self::CommonNameNotListed => {
                "has a host as its common name that is no alternative name, letter for letter"
            }
            Self::AnyUsage => "allows every extended key usage",
            Self::NoUsage => "has no extended key usage",
            Self::UsageCritical => "has a critical extended key usage",
            Self::RootWithUsage => "is a root with extended key usage",
            Self::OddRsaSize => "has an RSA key whose length is no multiple of eight bits",
            Self::Serial(fault) => return format!("has a serial number that {}", fault.words()),
            Self::CaAsLeaf => "is marked as a CA and used as a server's own",
            Self::OddExtension => "has an extension that is empty or does not decode",
        }
        .to_owned()
    }
}

/// What strict verifiers hold against the certificates of a path, leaf first: the rules of OpenSSL's
/// strict mode as [`ReasonKind::Strict`], all others as [`ReasonKind::Profile`].
pub(super) fn against(chain: &Chain, path: &[NodeId]) -> Vec<Reason> {
    let mut found = Vec::new();
    let last = path.len().saturating_sub(1);
    // OpenSSL holds nothing of this against a certificate that is trusted alone.
    if last == 0 {
        return found;
    }
    for (depth, &id) in path.iter().enumerate() {
        let Some(certificate) = chain.certificate(id) else {
            continue;
        };
        let strict = facts::strict(certificate, depth == 0, depth == last);
        found.extend(
            strict
                .into_iter()
                .map(|rule| Reason::on(id, ReasonKind::Strict(rule))),
        );
        let root = chain.is_self_signed(id);
        let rules = rules(certificate, depth == 0, root);
        found.extend(
            rules
                .into_iter()
                .map(|rule| Reason::on(id, ReasonKind::Profile(rule))),
        );
    }
    found
}

fn rules(c: &Certificate, leaf: bool, root: bool) -> Vec<ProfileRule> {
    let mut broken = Vec::new();
    let not_critical = |oid: &str| facts::extension(c, oid).is_some_and(|e| !e.critical);
    if facts::extension(c, "2.5.29.30").is_some() && !c.is_ca() {
        broken.push(ProfileRule::NameConstraintsInLeaf);
    }
    if not_critical("2.5.29.30") {
        broken.push(ProfileRule::NameConstraintsNotCritical);
    }
    if not_critical("2.5.29.36") || not_critical("2.5.29.54") {
        broken.push(ProfileRule::PolicyConstraintsNotCritical);
    }
    authority_key_id(c, root, &mut broken);
    let names = facts::extension(c, "2.5.29.17");
    if names.is_some_and(|e| e.critical) && !c.subject.rdns.is_empty() {
        broken.push(ProfileRule::AltNameCritical);
    }
    if c.subject_alt_names()
        .iter()
        .any(|n| matches!(n, GeneralName::Dns(dns) if !is_host(dns.raw())))
    {
        broken.push(ProfileRule::OddDnsName);
    }
    let usages = c.extended_key_usage();
    if leaf {
        if common_name_not_listed(c) {
            broken.push(ProfileRule::CommonNameNotListed);
        }
        if usages.is_none() {
            broken.push(ProfileRule::NoUsage);
        }
        let any = |u: &crate::cert::Oid| u.as_str() == oid::ANY_EXTENDED_KEY_USAGE;
        if usages.is_some_and(|list| list.iter().any(any)) {
            broken.push(ProfileRule::AnyUsage);
        }
        if c.is_ca() {
            broken.push(ProfileRule::CaAsLeaf);
        }
    }
    if facts::extension(c, "2.5.29.37").is_some_and(|e| e.critical) {
        broken.push(ProfileRule::UsageCritical);
    }
    if root && !leaf && usages.is_some() {
        broken.push(ProfileRule::RootWithUsage);
    }
    if matches!(c.key.kind, KeyKind::Rsa { .. }) && !c.key.bits.is_multiple_of(8) {
        broken.push(ProfileRule::OddRsaSize);
    }
    if let Some(fault) = serial(c) {
        broken.push(ProfileRule::Serial(fault));
    }
    if c.extensions
        .iter()
        .any(|e| !e.faults.is_empty() || matches!(e.value, ExtensionValue::Malformed(_)))
    {
        broken.push(ProfileRule::OddExtension);
    }
    broken
}

fn authority_key_id(c: &Certificate, root: bool, broken: &mut Vec<ProfileRule>) {
    let found = c.extensions.iter().find_map(|e| match &e.value {
        ExtensionValue::AuthorityKeyId {
            key_id,
            issuer,
            serial,
        } => Some((key_id, !issuer.is_empty() || serial.is_some())),
        _ => None,
    });
    let Some((key_id, names_certificate)) = found else {
        return;
    };
    let own = c.subject_key_id();
    let other = key_id.is_some() && own.is_some() && key_id.as_deref() != own;
    if root && (names_certificate || key_id.is_none() || other) {
        broken.push(ProfileRule::RootNamesAnotherKey);
    } else if key_id.is_none() && !root {
        broken.push(ProfileRule::AuthorityKeyIdWithoutKey);
    }
}

/// What is wrong with the serial number.
pub(super) fn serial(c: &Certificate) -> Option<SerialFault> {
    let digits = c.serial.strip_prefix(&[0]).unwrap_or(&c.serial);
    match c.serial.as_slice() {
        [] => Some(SerialFault::Missing),
        [first, ..] if first & 0x80 != 0 => Some(SerialFault::Negative),
        _ if digits.iter().all(|&b| b == 0) => Some(SerialFault::Zero),
        // The octets of the encoding count, also the one that keeps the number positive.
        all if all.len() > 20 => Some(SerialFault::Long),
        _ => None,
    }
}

/// Letters, digits and hyphens in labels (RFC 1034, section 3.5), after a leftmost `*` if any.
fn is_host(name: &str) -> bool {
    let name = name.strip_prefix("*.").unwrap_or(name);
    !name.is_empty()
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

/// Public CAs must repeat the common name as an alternative name, letter for letter.
fn common_name_not_listed(c: &Certificate) -> bool {
    c.subject.common_names().any(|cn| {
        let cn = cn.raw();
        let looks_like_a_name = (cn.contains('.') || cn.contains(':')) && !cn.contains(' ');
        looks_like_a_name
            && !c.subject_alt_names().iter().any(|name| match name {
                GeneralName::Dns(dns) => dns.raw() == cn,
                GeneralName::Ip(ip) => ip.to_string() == cn,
                _ => false,
            })
    })
}
