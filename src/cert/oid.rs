//! Object identifiers and their names.

use std::fmt;

use super::asn1;

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
/// id-kp-OCSPSigning, RFC 6960 section 4.2.2.2.
pub const KP_OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
/// anyExtendedKeyUsage, RFC 5280 section 4.2.1.12.
pub const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";

/// The reason of revocation by which a delta takes a certificate off a list.
pub const REMOVED: &str = "removed from the list";

/// The reason of a revocation in words, empty for none that says anything (CRLReason, RFC 5280,
/// section 5.3.1).
pub fn revocation_reason(code: u8) -> &'static str {
    match code {
        1 => "key compromise",
        2 => "CA compromise",
        3 => "affiliation changed",
        4 => "superseded",
        5 => "cessation of operation",
        6 => "certificate hold",
        8 => REMOVED,
        9 => "privilege withdrawn",
        10 => "AA compromise",
        _ => "",
    }
}

impl Oid {
    /// From dotted form.
    pub fn new(dotted: impl Into<Box<str>>) -> Self {
        Self(dotted.into())
    }

    /// From its content octets. One that cannot be read keeps them: `unreadable-` and hex, so that what
    /// it names is not lost.
    pub(super) fn read(content: &[u8]) -> Self {
        match asn1::dotted(content) {
            Some(dotted) => Self(dotted),
            None => {
                let first = content.get(..32).unwrap_or(content);
                let more = if content.len() > 32 { "…" } else { "" };
                Self::new(format!("unreadable-{}{more}", crate::text::hex(first)))
            }
        }
    }

    /// Dotted form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its usual name in words (`TLS server authentication`), else the dotted form.
    pub fn title(&self) -> String {
        find(TITLES, &self.0).unwrap_or(&self.0).to_owned()
    }

    /// Its name in a distinguished name, as OpenSSL writes it (`CN`, `emailAddress`), else the dotted form.
    pub fn attribute(&self) -> String {
        find(ATTRIBUTES, &self.0).unwrap_or(&self.0).to_owned()
    }

    /// A signature or key algorithm as OpenSSL writes it (`ecdsa-with-SHA256`), else the dotted form.
    pub fn algorithm(&self) -> String {
        find(ALGORITHMS, &self.0).unwrap_or(&self.0).to_owned()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn find(table: &'static [(&'static str, &'static str)], oid: &str) -> Option<&'static str> {
    table.iter().find(|(o, _)| *o == oid).map(|(_, name)| *name)
}

const ATTRIBUTES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.4", "SN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.41", "name"),
    ("2.5.4.42", "GN"),
    ("2.5.4.43", "initials"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.97", "organizationIdentifier"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.2.840.113549.1.9.2", "unstructuredName"),
    ("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL"),
    ("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST"),
    ("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC"),
];

const ALGORITHMS: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
    ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
    ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
    ("1.2.840.113549.1.1.10", "rsassaPss"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.1.12", "sha384WithRSAEncryption"),
    ("1.2.840.113549.1.1.13", "sha512WithRSAEncryption"),
    ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
    ("1.3.14.3.2.29", "sha1WithRSA"),
    ("1.2.840.10040.4.1", "dsaEncryption"),
    ("1.2.840.10040.4.3", "dsaWithSHA1"),
    ("2.16.840.1.101.3.4.3.2", "dsa_with_SHA256"),
    ("1.2.840.10045.2.1", "id-ecPublicKey"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.1", "ecdsa-with-SHA224"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
    ("2.16.840.1.101.3.4.3.17", "ML-DSA-44"),
    ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
    ("2.16.840.1.101.3.4.3.19", "ML-DSA-87"),
];

const TITLES: &[(&str, &str)] = &[
    // extended key usages
    ("1.3.6.1.5.5.7.3.1", "TLS server authentication"),
    ("1.3.6.1.5.5.7.3.2", "TLS client authentication"),
    ("1.3.6.1.5.5.7.3.3", "code signing"),
    ("1.3.6.1.5.5.7.3.4", "e-mail protection"),
    ("1.3.6.1.5.5.7.3.5", "IPsec end system"),
    ("1.3.6.1.5.5.7.3.6", "IPsec tunnel"),
    ("1.3.6.1.5.5.7.3.7", "IPsec user"),
    ("1.3.6.1.5.5.7.3.8", "time stamping"),
    ("1.3.6.1.5.5.7.3.9", "OCSP signing"),
    ("1.3.6.1.5.5.7.3.17", "IPsec IKE"),
    ("2.5.29.37.0", "any usage"),
    ("1.3.6.1.4.1.311.10.3.3", "Microsoft server-gated crypto"),
    ("1.3.6.1.4.1.311.10.3.4", "Microsoft encrypted file system"),
    ("1.3.6.1.4.1.311.20.2.2", "Microsoft smart-card logon"),
    ("2.16.840.1.113730.4.1", "Netscape server-gated crypto"),
    // extensions
    ("2.5.29.9", "subject directory attributes"),
    ("2.5.29.14", "subject key identifier"),
    ("2.5.29.15", "key usage"),
    ("2.5.29.16", "private key usage period"),
    ("2.5.29.17", "subject alternative names"),
    ("2.5.29.18", "issuer alternative names"),
    ("2.5.29.19", "basic constraints"),
    ("2.5.29.30", "name constraints"),
    ("2.5.29.31", "CRL distribution points"),
    ("2.5.29.32", "certificate policies"),
    ("2.5.29.33", "policy mappings"),
    ("2.5.29.35", "authority key identifier"),
    ("2.5.29.36", "policy constraints"),
    ("2.5.29.37", "extended key usage"),
    ("2.5.29.46", "freshest CRL"),
    ("2.5.29.54", "inhibit anyPolicy"),
    ("1.3.6.1.5.5.7.1.1", "authority information access"),
    ("1.3.6.1.5.5.7.1.3", "qualified certificate statements"),
    ("1.3.6.1.5.5.7.1.11", "subject information access"),
    ("1.3.6.1.5.5.7.1.24", "TLS features"),
    ("1.3.6.1.4.1.11129.2.4.2", "signed certificate timestamps"),
    ("1.3.6.1.4.1.11129.2.4.3", "precertificate poison"),
    (
        "1.3.6.1.4.1.311.20.2",
        "Microsoft certificate template name",
    ),
    ("1.3.6.1.4.1.311.21.1", "Microsoft CA version"),
    ("1.3.6.1.4.1.311.21.7", "Microsoft certificate template"),
    ("1.3.6.1.4.1.311.21.10", "Microsoft application policies"),
    ("1.3.6.1.4.1.311.84.1.1", "ASP.NET development certificate"),
    ("2.16.840.1.113730.1.1", "Netscape certificate type"),
    ("2.16.840.1.113730.1.13", "Netscape comment"),
    ("1.2.840.113533.7.65.0", "Entrust version"),
    // access methods
    ("1.3.6.1.5.5.7.48.1", "OCSP"),
    ("1.3.6.1.5.5.7.48.2", "CA issuers"),
    ("1.3.6.1.5.5.7.48.3", "time stamping"),
    ("1.3.6.1.5.5.7.48.5", "CA repository"),
    // policies
    ("2.5.29.32.0", "any policy"),
    ("2.23.140.1.1", "extended validation"),
    ("2.23.140.1.2.1", "domain validated"),
    ("2.23.140.1.2.2", "organisation validated"),
    ("2.23.140.1.2.3", "individual validated"),
    ("1.3.6.1.5.5.7.2.1", "certification practice statement"),
    ("1.3.6.1.5.5.7.2.2", "user notice"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_identifier_stands_twice_in_a_table() {
        for table in [ATTRIBUTES, ALGORITHMS, TITLES] {
            for (index, (oid, _)) in table.iter().enumerate() {
                assert!(table.iter().skip(index + 1).all(|(o, _)| o != oid), "{oid}");
            }
        }
    }

    #[test]
    fn unknown_identifiers_show_themselves() {
        assert_eq!(Oid::new("1.2.3").title(), "1.2.3");
        assert_eq!(Oid::new("2.5.4.3").attribute(), "CN");
    }
}
