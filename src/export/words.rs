//! Short words for values, shared by the formats. Everything here is safe to display.

use crate::capture::{ClientAuth, Failure, ProxyFailure, Speaks};
use crate::cert::asn1::Element;
use crate::cert::{Certificate, ExtensionValue, Hash, Key, KeyKind, Name, Oid, oid};
use crate::chain::Chain;
use crate::judge::{Reason, ReasonKind, Step, StepState};
use crate::net::ProxyTrouble;
use crate::target::StartTls;
use crate::text;

/// KeyUsage bits by their number (RFC 5280, section 4.2.1.3).
pub(super) const KEY_USAGES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// A key in a few words: `RSA 2048 bits`, `EC P-256`.
pub(super) fn key(key: &Key) -> String {
    match &key.kind {
        KeyKind::Rsa { .. } => format!("RSA {} bits", key.bits),
        KeyKind::RsaPss { .. } => format!("RSA-PSS {} bits", key.bits),
        KeyKind::Ec { curve } => format!("EC {curve}"),
        KeyKind::Ed25519 => "Ed25519".to_owned(),
        KeyKind::Ed448 => "Ed448".to_owned(),
        KeyKind::Dsa => format!("DSA {} bits", key.bits),
        KeyKind::MlDsa { level } => format!("ML-DSA-{level}"),
        KeyKind::Unknown => format!("unknown key type {}", key.oid),
    }
}

/// An extended key usage by its name in RFC 5280, or its dotted OID.
pub(super) fn purpose(usage: &Oid) -> String {
    match usage.as_str() {
        oid::KP_SERVER_AUTH => "serverAuth",
        oid::KP_CLIENT_AUTH => "clientAuth",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        oid::ANY_EXTENDED_KEY_USAGE => "anyExtendedKeyUsage",
        dotted => dotted,
    }
    .to_owned()
}

/// OCSP addresses of Authority Information Access.
pub(super) fn ocsp(certificate: &Certificate) -> Vec<String> {
    certificate
        .extensions
        .iter()
        .filter_map(|extension| match &extension.value {
            ExtensionValue::AuthorityInfoAccess(list) => Some(list),
            _ => None,
        })
        .flatten()
        .filter(|access| access.method.as_str() == oid::AD_OCSP)
        .map(|access| access.location.to_string())
        .collect()
}

/// The authorities whose client certificates a server accepts, as names where they decode.
pub(super) fn authorities(asked: &ClientAuth) -> Vec<String> {
    asked
        .authorities
        .iter()
        .map(|der| match Element::read(der, 0) {
            Some(whole) if Name::is_whole(&whole) => {
                text::safe(&Name::read(&whole).rfc4514()).into_owned()
            }
            _ => format!("#{}", text::hex(der)),
        })
        .collect()
}

/// What a step saw. When it noted nothing: the reason it failed for, or that it was not looked at.
pub fn evidence(step: &Step, reasons: &[Reason]) -> String {
    let its = |r: &&Reason| r.node == Some(step.node) && r.kind.check() == step.check;
    match (step.evidence.as_str(), step.state) {
        ("", StepState::Skipped) => "not looked at".to_owned(),
        ("", StepState::Failed) => reasons
            .iter()
            .find(its)
            .map(|r| reason(&r.kind))
            .unwrap_or_default(),
        (seen, _) => seen.to_owned(),
    }
}

/// One reason against a path, with the certificate that it is about.
pub(super) fn about(chain: &Chain, found: &Reason) -> String {
    let Some(node) = found.node.and_then(|id| chain.node(id)) else {
        return reason(&found.kind);
    };
    let words = match &found.kind {
        ReasonKind::MissingIssuer if node.is_ghost() => {
            "it was not sent and is not in this store".to_owned()
        }
        kind => reason(kind),
    };
    format!("{}: {words}", node.title())
}

/// One reason against a path, as a clause.
pub(super) fn reason(kind: &ReasonKind) -> String {
    match kind {
        ReasonKind::NoCertificate => "there is no certificate to judge".to_owned(),
        ReasonKind::MissingIssuer => "its issuer was not sent and is not in this store".to_owned(),
        ReasonKind::UnknownRoot => {
            "the path ends at a root that this store does not hold".to_owned()
        }
        ReasonKind::SelfSignedLeaf => {
            "it signed itself, and is not in this store".to_owned()
        }
        ReasonKind::HeldLeafRefused => {
            "it signed itself; this store holds it, but this client does not trust such a certificate for itself".to_owned()
        }
        ReasonKind::HeldForOtherUse => {
            "the file that holds it (BEGIN TRUSTED CERTIFICATE) says that it is not for this use"
                .to_owned()
        }
        ReasonKind::Expired { not_after } => format!("expired on {}", not_after.long()),
        ReasonKind::NotYetValid { not_before } => {
            format!("not valid before {}", not_before.long())
        }
        ReasonKind::NoValidity => "its validity cannot be read".to_owned(),
        ReasonKind::ReversedValidity => "its validity ends before it begins".to_owned(),
        ReasonKind::NameMismatch { wanted, presented } if presented.is_empty() => {
            format!("it is not for {wanted}, and names no server at all")
        }
        ReasonKind::NameMismatch { wanted, presented } => format!(
            "it is not for {wanted}, but for {}",
            text::list_and(&shortened(presented))
        ),
        ReasonKind::NameOnlyInCommonName { wanted } => {
            format!("{wanted} stands only in the common name")
        }
        ReasonKind::BadSignature => "its signature does not match its issuer's key".to_owned(),
        ReasonKind::UncheckedSignature(why) => format!("its signature cannot be checked: {why}"),
        ReasonKind::AlgorithmMismatch => "it names two different signature algorithms".to_owned(),
        ReasonKind::NotACa => "it signed another certificate without being a CA".to_owned(),
        ReasonKind::NoCertSign => "its key usage does not allow signing certificates".to_owned(),
        ReasonKind::PathTooLong { allowed } => format!(
            "it allows {} below it, and there are more",
            text::count(usize::try_from(*allowed).unwrap_or(usize::MAX), "CA")
        ),
        ReasonKind::NameConstraint { name, detail, .. } => {
            format!("it may not sign for {name}: {detail}")
        }
        ReasonKind::NotForServers { usages } if usages.is_empty() => {
            "it may not be used by servers".to_owned()
        }
        ReasonKind::NotForServers { usages } => format!(
            "it may not be used by servers, only for {}",
            text::list_and(usages)
        ),
        ReasonKind::UnknownCriticalExtension { oid } => {
            format!("extension {oid} is marked critical and not known")
        }
        ReasonKind::ProxyCertificate => {
            "it is a proxy certificate (RFC 3820), which is not allowed here".to_owned()
        }
        ReasonKind::ProxyName => {
            "it is a proxy certificate whose name does not follow from its issuer's".to_owned()
        }
        ReasonKind::WeakHash(hash) => {
            format!("it is signed with {}, which is broken", hash_name(*hash))
        }
        ReasonKind::WeakKey { bits } => format!("its key of {bits} bits is too small"),
        ReasonKind::Unreadable(why) => format!("it cannot be read: {why}"),
        ReasonKind::BudgetSpent => "there are too many possible paths to try them all".to_owned(),
        ReasonKind::TooDeep { most } => format!(
            "the path has more than {}",
            text::count(usize::try_from(*most).unwrap_or(usize::MAX), "intermediate")
        ),
        ReasonKind::Distrusted(who) => format!("{who} refuses it by name"),
        ReasonKind::UnsupportedSignature { algorithm } => {
            format!("its signature algorithm {algorithm} is not supported")
        }
        ReasonKind::BadKey(why) => format!("its key is no good: {why}"),
        ReasonKind::CaAsLeaf => "it is marked as a CA and used as a server's own".to_owned(),
        ReasonKind::Policy(fault) => format!("its certificate policies do not allow it: {}", fault.words()),
        ReasonKind::NotForClients { usages } if usages.is_empty() => {
            "it may not be used by clients".to_owned()
        }
        ReasonKind::NotForClients { usages } => format!(
            "it may not be used by clients, only for {}",
            text::list_and(usages)
        ),
        ReasonKind::KeyUsageForbids { wanted } => {
            format!("its key usage lacks {wanted}, which the handshake needs")
        }
        ReasonKind::MustStaple => {
            "it demands a stapled OCSP answer, and the server stapled none".to_owned()
        }
        ReasonKind::TlsFeature => {
            "it lacks TLS features that its issuer demands of all below it".to_owned()
        }
        ReasonKind::BadStaple(fault) => {
            format!("the OCSP answer that the server staples {}", fault.words())
        }
        ReasonKind::Revoked { at, why } => {
            let since = at.map_or_else(String::new, |at| format!(" on {}", at.long()));
            let because = if why.is_empty() {
                String::new()
            } else {
                format!(": {why}")
            };
            format!("it was revoked{since}{because}")
        }
        ReasonKind::RevocationUnknown(why) => {
            format!("whether it is revoked is not known: {}", why.words())
        }
        ReasonKind::CrlExpired { next_update } => format!(
            "the list of revoked certificates is out of date since {}",
            next_update.long()
        ),
        ReasonKind::DuplicateExtension { oid } => format!("extension {oid} stands in it twice"),
        ReasonKind::Version { version, why } => format!("its version is {version}: {why}"),
        ReasonKind::Serial(fault) => format!("its serial number {}", fault.words()),
        ReasonKind::Strict(rule) => format!("it {}", rule.words()),
        ReasonKind::Profile(rule) => format!("it {}", rule.words()),
    }
}

/// At most this many names are listed in a sentence.
const NAMES: usize = 6;

/// The first names, and how many more there are.
fn shortened(names: &[String]) -> Vec<String> {
    let mut some: Vec<String> = names.iter().take(NAMES).cloned().collect();
    if names.len() > NAMES {
        some.push(text::count(names.len() - NAMES, "more name"));
    }
    some
}

fn hash_name(hash: Hash) -> &'static str {
    match hash {
        Hash::Md2 => "MD2",
        Hash::Md5 => "MD5",
        Hash::Sha1 => "SHA-1",
        Hash::Sha224 => "SHA-224",
        Hash::Sha256 => "SHA-256",
        Hash::Sha384 => "SHA-384",
        Hash::Sha512 => "SHA-512",
    }
}

/// Why a look stopped, in one clause.
pub(super) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::NoSuchName { words } => format!("the name does not resolve ({words})"),
        Failure::NoAddressOfFamily => "the name has no address of that family".to_owned(),
        Failure::Refused => "connection refused".to_owned(),
        Failure::Unreachable { words } => format!("cannot be reached ({words})"),
        Failure::TimedOut => "no answer within the time limit".to_owned(),
        Failure::Proxy(failure) => proxy(failure),
        Failure::UpgradeRefused { protocol, words } => {
            format!("{} was refused: {words}", starttls(*protocol))
        }
        Failure::Reset => "the connection was reset".to_owned(),
        Failure::ClosedAtOnce => "closed without a single byte".to_owned(),
        Failure::Silent => "connected, and nothing came".to_owned(),
        Failure::Truncated => "closed in the middle of the handshake".to_owned(),
        Failure::NotTls { speaks, first_line } => {
            format!("it speaks {}, not TLS: {first_line}", protocol(*speaks))
        }
        Failure::Garbage => "the answer is no known protocol".to_owned(),
        Failure::TooMuchData => "it sent more than a handshake may hold".to_owned(),
        Failure::Alert => "the server ended the handshake with an alert".to_owned(),
        Failure::Library(words) => format!("the handshake failed: {words}"),
        Failure::NoCertificate => "the server sent no certificate".to_owned(),
        Failure::File(words) => format!("the file cannot be read: {words}"),
        Failure::NothingInFile(words) => format!("no certificate in it: {words}"),
    }
}

fn proxy(failure: &ProxyFailure) -> String {
    match failure {
        ProxyFailure::Unreachable(words) => format!("the proxy cannot be reached: {words}"),
        ProxyFailure::Answered(ProxyTrouble::Status { code, words, .. }) => {
            format!("the proxy answered {code}: {words}")
        }
        ProxyFailure::Answered(ProxyTrouble::NotAProxy(words)) => {
            format!("that is no proxy; it answered: {words}")
        }
        ProxyFailure::Answered(ProxyTrouble::Socks(words)) => {
            format!("the SOCKS proxy refused: {words}")
        }
        ProxyFailure::Answered(ProxyTrouble::SocksLogin(words)) => {
            format!("the SOCKS proxy asks for a login: {words}")
        }
        ProxyFailure::Answered(ProxyTrouble::BadUrl(words)) => {
            format!("the proxy's URL is not understood: {words}")
        }
    }
}

fn starttls(protocol: StartTls) -> &'static str {
    match protocol {
        StartTls::Smtp => "STARTTLS for SMTP",
        StartTls::Imap => "STARTTLS for IMAP",
        StartTls::Pop3 => "STLS for POP3",
        StartTls::Ftp => "AUTH TLS for FTP",
        StartTls::Postgres => "SSLRequest for PostgreSQL",
        StartTls::Mysql => "TLS for MySQL",
        StartTls::Ldap => "StartTLS for LDAP",
    }
}

fn protocol(speaks: Speaks) -> &'static str {
    match speaks {
        Speaks::Http => "HTTP",
        Speaks::Ssh => "SSH",
        Speaks::Smtp => "SMTP",
        Speaks::Imap => "IMAP",
        Speaks::Pop3 => "POP3",
        Speaks::Ftp => "FTP",
        Speaks::Postgres => "PostgreSQL",
        Speaks::Mysql => "MySQL",
        Speaks::Ldap => "LDAP",
        Speaks::Redis => "Redis",
    }
}
