//! Object identifiers and their names.

use std::fmt;

/// An object identifier in dotted form, such as `2.5.29.17`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Box<str>);

/// id-ad-caIssuers, RFC 5280 section 4.2.2.1.
pub const AD_CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
/// id-ad-ocsp, RFC 5280 section 4.2.2.1.
pub const AD_OCSP: &str = "1.3.6.1.5.5.7.48.1";
/// id-kp-serverAuth, RFC 5280 section 4.2.1.12.
pub const KP_SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// id-kp-clientAuth, RFC 5280 section 4.2.1.12.
pub const KP_CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// anyExtendedKeyUsage, RFC 5280 section 4.2.1.12.
pub const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";

impl Oid {
    /// From dotted form.
    pub fn new(dotted: impl Into<Box<str>>) -> Self {
        Self(dotted.into())
    }

    /// Dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Oid {
    /// Its usual name (`TLS server authentication`), else the dotted form.
    pub fn title(&self) -> String {
        self.0.to_string()
    }
}
