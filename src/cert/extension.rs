//! Extensions of RFC 5280 and the common others, as values.

use std::net::IpAddr;

use super::asn1::{Element, UTF8_STRING};
use super::name::Name;
use super::oid::Oid;
use crate::moment::Moment;
use crate::text::Untrusted;

/// One extension.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Its type.
    pub oid: Oid,
    /// Marked critical.
    pub critical: bool,
    /// The decoded value.
    pub value: ExtensionValue,
    /// Content of the extension's OCTET STRING.
    pub raw: Vec<u8>,
    /// Where the whole extension lies in the certificate's DER.
    pub range: std::ops::Range<usize>,
    /// What is against the rules although the value has one clear meaning: a BOOLEAN that is neither
    /// 00 nor FF, a minimum in name constraints, bytes after the value… A value that has no clear
    /// meaning is [`ExtensionValue::Malformed`] instead.
    pub faults: Vec<&'static str>,
}

/// Faults of name constraints, among [`Extension::faults`].
pub mod constraint_fault {
    /// A minimum is spelt out that is meant anyway.
    pub const MINIMUM_ZERO: &str = "it has a minimum, which RFC 5280 forbids to write";
    /// A minimum that says something.
    pub const MINIMUM: &str = "it has a minimum other than zero, which RFC 5280 forbids";
    /// A maximum.
    pub const MAXIMUM: &str = "it has a maximum, which RFC 5280 forbids";
    /// A list of names that is there and has none.
    pub const EMPTY_LIST: &str = "a list in it is empty";
}

/// Faults of BOOLEANs, among [`Extension::faults`]: values that only BER has.
pub mod boolean_fault {
    /// In basic constraints.
    pub const VALUE: &str = "a BOOLEAN in it is neither 00 nor FF, as DER demands";
    /// The mark of being critical.
    pub const CRITICAL: &str = "the mark “critical” is neither 00 nor FF, as DER demands";
}

/// Decoded values.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum ExtensionValue {
    BasicConstraints {
        ca: bool,
        path_len: Option<u32>,
    },
    KeyUsage(KeyUsage),
    ExtendedKeyUsage(Vec<Oid>),
    SubjectAltName(Vec<GeneralName>),
    IssuerAltName(Vec<GeneralName>),
    SubjectKeyId(Vec<u8>),
    AuthorityKeyId {
        key_id: Option<Vec<u8>>,
        issuer: Vec<GeneralName>,
        serial: Option<Vec<u8>>,
    },
    /// Each entry is a base name (RFC 5280 section 4.2.1.10); minimum and maximum, which the RFC
    /// forbids, are [`Extension::faults`].
    NameConstraints {
        permitted: Vec<GeneralName>,
        excluded: Vec<GeneralName>,
    },
    CertificatePolicies(Vec<Policy>),
    PolicyMappings(Vec<(Oid, Oid)>),
    PolicyConstraints {
        require_explicit: Option<u32>,
        inhibit_mapping: Option<u32>,
    },
    InhibitAnyPolicy(u32),
    AuthorityInfoAccess(Vec<AccessDescription>),
    SubjectInfoAccess(Vec<AccessDescription>),
    /// Addresses of every distribution point.
    CrlDistributionPoints(Vec<GeneralName>),
    FreshestCrl(Vec<GeneralName>),
    /// Embedded certificate timestamps (RFC 6962).
    SignedCertificateTimestamps(Vec<Sct>),
    /// TLS feature numbers (RFC 7633); 5 is must-staple.
    TlsFeature(Vec<u16>),
    /// The poison of a precertificate (RFC 6962 section 3.1).
    CtPoison,
    NetscapeCertType(u8),
    NetscapeComment(Untrusted),
    /// Not decoded; the bytes are in [`Extension::raw`].
    Unknown,
    /// A known extension whose value does not decode: why.
    Malformed(String),
}

/// KeyUsage bits as in RFC 5280 section 4.2.1.3: bit 0 is digitalSignature, bit 8 decipherOnly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage(pub u16);

impl KeyUsage {
    /// digitalSignature.
    pub const DIGITAL_SIGNATURE: u16 = 1;
    /// keyEncipherment.
    pub const KEY_ENCIPHERMENT: u16 = 1 << 2;
    /// keyCertSign.
    pub const KEY_CERT_SIGN: u16 = 1 << 5;

    /// All of `bits` are set.
    pub fn has(self, bits: u16) -> bool {
        self.0 & bits == bits
    }
}

/// A name in one of the forms of RFC 5280 section 4.2.1.6.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum GeneralName {
    Dns(Untrusted),
    Ip(IpAddr),
    /// An address with a mask, as in name constraints.
    IpRange {
        address: IpAddr,
        mask: IpAddr,
    },
    Email(Untrusted),
    Uri(Untrusted),
    Directory(Name),
    RegisteredId(Oid),
    Other {
        oid: Oid,
        raw: Vec<u8>,
    },
    X400(Vec<u8>),
    EdiParty(Vec<u8>),
    /// A form that does not decode (an IP of 5 bytes): number of the form and its bytes.
    Invalid {
        tag: u8,
        raw: Vec<u8>,
    },
}

/// id-on-SmtpUTF8Mailbox, RFC 9598 section 3.
const SMTP_UTF8_MAILBOX: &str = "1.3.6.1.5.5.7.8.9";

impl Extension {
    /// Its value could not be read, or there is more than that value.
    pub fn is_unreadable(&self) -> bool {
        let whole = Element::read(&self.raw, 0).map(|value| value.whole.len());
        matches!(self.value, ExtensionValue::Malformed(_)) || whole != Some(self.raw.len())
    }

    /// A BOOLEAN in it is not encoded as DER demands.
    pub fn has_odd_boolean(&self) -> bool {
        let odd = [boolean_fault::VALUE, boolean_fault::CRITICAL];
        self.faults.iter().any(|fault| odd.contains(fault))
    }
}

impl GeneralName {
    /// The mailbox of an internationalised mail address (RFC 9598); empty when its value is no
    /// UTF8String. `None` for other names.
    pub fn utf8_mailbox(&self) -> Option<&str> {
        match self {
            Self::Other { oid, raw } if oid.as_str() == SMTP_UTF8_MAILBOX => {
                let value = Element::read(raw, 0).filter(|e| e.tag == UTF8_STRING);
                let text = value.and_then(|e| std::str::from_utf8(e.content).ok());
                Some(text.unwrap_or_default())
            }
            _ => None,
        }
    }
}

/// A certificate policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The policy.
    pub oid: Oid,
    /// Qualifiers: CPS addresses and user notices as text.
    pub qualifiers: Vec<Untrusted>,
}

/// One entry of an information-access extension.
#[derive(Clone, Debug)]
pub struct AccessDescription {
    /// What is there.
    pub method: Oid,
    /// Where.
    pub location: GeneralName,
}

/// A signed certificate timestamp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sct {
    /// Version on the wire (0 is v1).
    pub version: u8,
    /// SHA-256 of the log's key.
    pub log_id: [u8; 32],
    /// When the log promised, whole seconds.
    pub at: Moment,
    /// The same in milliseconds since the epoch, as signed.
    pub millis: u64,
    /// The extensions' bytes, as signed.
    pub extensions: Vec<u8>,
    /// TLS hash algorithm number (RFC 5246 section 7.4.1.4.1); 4 is SHA-256.
    pub hash: u8,
    /// TLS signature algorithm number; 1 is RSA, 3 is ECDSA.
    pub signature_kind: u8,
    /// The log's signature.
    pub signature: Vec<u8>,
}

impl std::fmt::Display for GeneralName {
    /// The value alone, as people write it; safe to display.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dns(n) | Self::Email(n) | Self::Uri(n) => write!(f, "{n}"),
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::IpRange { address, mask } => write!(f, "{address}/{mask}"),
            Self::Directory(n) => f.write_str(&n.rfc4514()),
            Self::RegisteredId(o) => write!(f, "{o}"),
            Self::Other { oid, .. } => write!(f, "{oid}"),
            Self::X400(_) => f.write_str("(X.400 address)"),
            Self::EdiParty(_) => f.write_str("(EDI party)"),
            Self::Invalid { raw, .. } => write!(f, "(invalid: {})", crate::text::hex(raw)),
        }
    }
}
