//! What can be wrong with a path: the one vocabulary that all engines answer in, and that findings,
//! reports and the words of clients are made from.

use super::{ProfileRule, StapleFault};
use crate::cert::Hash;
use crate::chain::NodeId;
use crate::moment::Moment;

/// One reason against a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What is wrong.
    pub kind: ReasonKind,
    /// The certificate it is about.
    pub node: Option<NodeId>,
}

impl Reason {
    /// A reason about one certificate.
    pub fn on(node: NodeId, kind: ReasonKind) -> Self {
        Self {
            kind,
            node: Some(node),
        }
    }

    /// There is no certificate to judge.
    pub(super) fn no_certificate() -> Self {
        Self {
            kind: ReasonKind::NoCertificate,
            node: None,
        }
    }
}

/// In what a name fails against the constraints of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintFault {
    /// It is outside of what is permitted.
    NotPermitted,
    /// It is excluded.
    Excluded,
    /// The constraint has a minimum or maximum.
    Bounds,
    /// Names or constraints of this type are not compared.
    Type,
    /// The name or the constraint cannot be read.
    Syntax,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident $(($tuple:ty))? $({$($field:ident: $of:ty),* $(,)?})? = $id:literal;)*) => {
        /// What can be wrong with a path. Texts inside are safe to display.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum ReasonKind {
            $($(#[$doc])* $name $(($tuple))? $({$($field: $of),*})?,)*
        }

        impl ReasonKind {
            /// Stable id in JSON, such as `expired`.
            pub fn id(&self) -> &'static str {
                match self {
                    $(kinds!(@pattern $name $(($tuple))? $({$($field),*})?) => $id,)*
                }
            }
        }
    };
    (@pattern $name:ident) => { Self::$name };
    (@pattern $name:ident ($tuple:ty)) => { Self::$name(_) };
    (@pattern $name:ident {$($field:ident),*}) => { Self::$name { .. } };
}

kinds! {
    // where the path leads
    /// There is no certificate to judge.
    NoCertificate = "no-certificate";
    /// The issuer of `node` was not sent and is in no store.
    MissingIssuer = "missing-issuer";
    /// The path ends at a root that this store does not hold.
    UnknownRoot = "unknown-root";
    /// The leaf signed itself and this store does not hold it.
    SelfSignedLeaf = "self-signed-leaf";
    /// The leaf signed itself and this store holds it, but the client takes no such certificate from
    /// it: only CAs, or only leaves that are none.
    HeldLeafRefused = "held-leaf-refused";
    /// This store holds it, but its file says that it is not for this use (OpenSSL's `TRUSTED
    /// CERTIFICATE`).
    HeldForOtherUse = "held-for-other-use";
    /// More intermediates than the client or the question allows.
    TooDeep { most: u32 } = "too-deep";
    /// The search budget was spent.
    BudgetSpent = "budget-spent";
    /// The client refuses this certificate by name.
    Distrusted(String) = "distrusted";

    // time
    Expired { not_after: Moment } = "expired";
    NotYetValid { not_before: Moment } = "not-yet-valid";
    /// The validity could not be read.
    NoValidity = "no-validity";
    /// notAfter lies before notBefore.
    ReversedValidity = "reversed-validity";

    // the name asked for
    /// No name in the certificate matches; `presented` holds what would.
    NameMismatch { wanted: String, presented: Vec<String> } = "name-mismatch";
    /// The name stands only in the common name.
    NameOnlyInCommonName { wanted: String } = "name-only-in-common-name";

    // signatures, keys and hashes
    BadSignature = "bad-signature";
    /// The signature could not be checked: why.
    UncheckedSignature(String) = "unchecked-signature";
    /// The client does not know this signature algorithm, or not for this key.
    UnsupportedSignature { algorithm: String } = "unsupported-signature";
    /// Inner and outer signature algorithm differ.
    AlgorithmMismatch = "algorithm-mismatch";
    WeakHash(Hash) = "weak-hash";
    WeakKey { bits: u32 } = "weak-key";
    /// A key that is no good whatever its size: an exponent of 1, a point off its curve, explicit
    /// parameters. Why.
    BadKey(String) = "bad-key";

    // what a CA may do
    NotACa = "not-a-ca";
    /// A CA whose KeyUsage lacks keyCertSign.
    NoCertSign = "no-cert-sign";
    /// The leaf is marked as a CA, and the client refuses that.
    CaAsLeaf = "ca-as-leaf";
    PathTooLong { allowed: u32 } = "path-too-long";
    NameConstraint { name: String, fault: ConstraintFault, detail: String } = "name-constraint";
    /// Certificate policies leave nothing that is valid, and one is demanded, or break their rules.
    Policy(PolicyFault) = "policy";

    // what a certificate may be used for
    /// The extended key usage lacks serverAuth.
    NotForServers { usages: Vec<String> } = "not-for-servers";
    /// The extended key usage lacks clientAuth.
    NotForClients { usages: Vec<String> } = "not-for-clients";
    /// The leaf's KeyUsage forbids what the handshake needs: `digitalSignature`.
    KeyUsageForbids { wanted: &'static str } = "key-usage-forbids";
    /// The certificate demands a stapled answer, and none was stapled.
    MustStaple = "must-staple";
    /// An issuer has features of TLS in its certificate that this one lacks (RFC 7633, section 4.2.2).
    TlsFeature = "tls-feature";

    // revocation
    Revoked { at: Option<Moment>, why: String } = "revoked";
    /// The stapled answer is no good.
    BadStaple(StapleFault) = "bad-staple";
    /// No list says whether it is revoked: why.
    RevocationUnknown(ListFault) = "revocation-unknown";
    /// The issuer's list of revoked certificates is out of date.
    CrlExpired { next_update: Moment } = "crl-expired";

    // encoding
    UnknownCriticalExtension { oid: String } = "unknown-critical-extension";
    DuplicateExtension { oid: String } = "duplicate-extension";
    /// A proxy certificate (RFC 3820), which the client takes from nobody.
    ProxyCertificate = "proxy-certificate";
    /// A proxy certificate whose subject is not its issuer's with a common name more (RFC 3820, section 3.4).
    ProxyName = "proxy-name";
    /// A version that does not fit its content, or that the client does not take: why.
    Version { version: u32, why: String } = "version";
    /// A serial number that is negative, zero or too long: which.
    Serial(SerialFault) = "serial";
    /// A rule of RFC 5280 that only strict clients enforce.
    Strict(StrictRule) = "strict";
    /// Another rule of the profile that few verifiers enforce.
    Profile(ProfileRule) = "profile";
    /// A certificate so broken that it cannot be judged: why.
    Unreadable(String) = "unreadable";
}

/// Why lists of revoked certificates do not tell whether a certificate is revoked (RFC 5280, section 6.3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFault {
    /// No list that was given speaks of it.
    NoneCovers,
    /// The list's signature does not match its issuer's key.
    BadSignature,
    /// The list is of a later time.
    NotYetValid,
    /// Its issuer may not sign lists.
    NoCrlSign,
    /// It has an unknown critical part.
    Critical,
    /// It speaks of other certificates.
    OtherScope,
    /// Something else, safe to display.
    Other(String),
}

impl ListFault {
    /// The end of a sentence: not known, because…
    pub fn words(&self) -> &str {
        match self {
            Self::NoneCovers => "no list that covers it was given",
            Self::BadSignature => "the list's signature does not match its issuer's key",
            Self::NotYetValid => "the list is of a later time",
            Self::NoCrlSign => "the list's issuer lacks the key usage cRLSign",
            Self::Critical => "the list has an unknown critical part",
            Self::OtherScope => "the list of its issuer speaks of other certificates",
            Self::Other(why) => why,
        }
    }
}

/// What is wrong with certificate policies (RFC 5280, sections 4.2.1.4, 4.2.1.5 and 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// One is demanded, and none is left that all above allow.
    NoneAllowed,
    /// A mapping from or to anyPolicy.
    MapsAny,
    /// One policy stands there twice.
    Repeated,
    /// The extension could not be read.
    Unreadable,
}

impl PolicyFault {
    /// What is wrong, as a sentence about the certificate.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoneAllowed => "none of its policies is allowed by the CAs above",
            Self::MapsAny => "it maps anyPolicy, which RFC 5280 forbids",
            Self::Repeated => "it lists a policy twice, which RFC 5280 forbids",
            Self::Unreadable => "its policies cannot be read",
        }
    }
}

/// What is wrong with a serial number (RFC 5280, section 4.1.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum SerialFault {
    Negative,
    Zero,
    /// More than 20 octets.
    Long,
    Missing,
    /// Not in the shortest form, as DER demands.
    Padded,
}

impl SerialFault {
    /// `is negative`, as the end of a sentence about the serial number.
    pub fn words(self) -> &'static str {
        match self {
            Self::Negative => "is negative",
            Self::Zero => "is zero",
            Self::Long => "is longer than 20 bytes",
            Self::Missing => "is missing",
            Self::Padded => "is not written in its shortest form, as DER demands",
        }
    }
}

/// Rules that RFC 5280 lays on issuers and that only strict verifiers enforce: the ones of OpenSSL's
/// `X509_V_FLAG_X509_STRICT`, default in Python 3.13, in the order in which it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StrictRule {
    /// An end-entity certificate with a path length.
    PathLengthWithoutCa,
    /// A path length, and no keyCertSign.
    PathLengthWithoutCertSign,
    /// A CA whose basicConstraints is not critical.
    BasicConstraintsNotCritical,
    /// A CA without keyUsage.
    CaWithoutKeyUsage,
    /// keyCertSign without the CA flag.
    CertSignWithoutCa,
    /// No issuer name.
    EmptyIssuer,
    /// A CA (or any certificate without alternative names) without subject name.
    EmptySubject,
    /// No subject name, and the alternative names are not critical.
    AltNameNotCritical,
    /// An empty list of alternative names.
    EmptyAltName,
    /// The authority key identifier is critical.
    AuthorityKeyIdCritical,
    /// The subject key identifier is critical.
    SubjectKeyIdCritical,
    /// An issued certificate without authority key identifier.
    NoAuthorityKeyId,
    /// A CA without subject key identifier.
    NoSubjectKeyId,
    /// Extensions in a certificate that is not version 3.
    ExtensionsWithoutVersion3,
}

impl StrictRule {
    /// What is wrong, as the end of a sentence about the certificate.
    pub fn words(self) -> &'static str {
        match self {
            Self::PathLengthWithoutCa => "has a path length without being a CA",
            Self::PathLengthWithoutCertSign => {
                "has a path length without the key usage keyCertSign"
            }
            Self::BasicConstraintsNotCritical => "is a CA whose basicConstraints is not critical",
            Self::CaWithoutKeyUsage => "is a CA without the extension keyUsage",
            Self::CertSignWithoutCa => "has the key usage keyCertSign without being a CA",
            Self::EmptyIssuer => "names no issuer",
            Self::EmptySubject => "names no subject",
            Self::AltNameNotCritical => "has no subject, and its subjectAltName is not critical",
            Self::EmptyAltName => "has an empty subjectAltName",
            Self::AuthorityKeyIdCritical => "has a critical authorityKeyIdentifier",
            Self::SubjectKeyIdCritical => "has a critical subjectKeyIdentifier",
            Self::NoAuthorityKeyId => "lacks the authorityKeyIdentifier of its issuer's key",
            Self::NoSubjectKeyId => "is a CA without subjectKeyIdentifier",
            Self::ExtensionsWithoutVersion3 => "has extensions without being version 3",
        }
    }
}
