//! What one client's verifier insists on, as data: which engine it runs and with which switches.
//!
//! A policy says nothing about words, stores or variables; those are the client profile's. Every
//! field has a default, so that a profile names only what differs. Fields that an engine has no use
//! for are ignored by it (each engine's header says which it reads).

use serde::Deserialize;

use crate::chain::Chain;

/// The rules of one verifier.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Whose path building and order of checks.
    pub engine: Engine,
    /// A path may end at any trusted certificate, not only at a self-signed one.
    pub partial_chain: bool,
    /// OpenSSL's `X509_V_FLAG_X509_STRICT`; for the RFC engine: the same rules as reasons.
    pub strict: bool,
    /// OpenSSL's security level: 1 allows RSA 1024, 2 wants RSA 2048 and no SHA-1.
    pub security_level: u8,
    /// When the common name stands in for missing alternative names.
    pub common_name: CommonName,
    /// Which common name counts, when several stand there.
    pub which_common_name: WhichCommonName,
    /// `fo*.example.com` matches.
    pub partial_wildcards: PartialWildcards,
    /// A wildcard stands for letters, digits and dashes only, not for an underscore.
    pub wildcard_for_letters: bool,
    /// `*.test` matches a name of two labels.
    pub wildcard_for_any_domain: bool,
    /// A wildcard may stand in every label.
    pub wildcard_in_any_label: bool,
    /// `::ffff:127.0.0.1` in a certificate is the address `127.0.0.1`.
    pub mapped_addresses: bool,
    /// Go 1.27: a certificate with such an address among its names or constraints is not read.
    pub refuses_mapped_addresses: bool,
    /// Go before 1.23: a serial number below zero is read.
    pub negative_serials: bool,
    /// A bare `*` matches a name of one label.
    pub bare_wildcard: bool,
    /// A dot at the end of a name in the certificate is overlooked.
    pub trailing_dot: bool,
    /// An address that stands among the DNS names counts.
    pub address_as_name: bool,
    /// Who checks the name, and when.
    pub name_check: NameCheck,
    /// Which of several errors is reported.
    pub report: Report,
    /// Intermediates between leaf and anchor at most; `None` leaves it to the engine.
    pub max_depth: Option<u32>,
    /// RSA keys below this many bits are refused; 0 allows all.
    pub least_rsa_bits: u32,
    /// What is done about SHA-1 in signatures.
    pub sha1: Sha1,
    /// How extended key usage is enforced.
    pub extended_key_usage: ExtendedKeyUsage,
    /// `anyExtendedKeyUsage` stands for every purpose.
    pub any_extended_key_usage: bool,
    /// The leaf's key usage must fit the handshake (digitalSignature).
    pub leaf_key_usage: bool,
    /// Go 1.26 and later: names are held against constraints once whole chains stand, permitted ones
    /// before excluded ones and however many there are; a spent budget of signatures ends the search.
    pub constraints_last: bool,
    /// What is made of a stapled OCSP answer.
    pub stapled: Stapled,
    /// Missing issuers are fetched from their published address.
    pub fetches_issuers: bool,
    /// An anchor's own dates count.
    pub anchor_dates: bool,
    /// An anchor's own constraints (CA flag, path length, name constraints, key usage) count.
    pub anchor_constraints: bool,
    /// A list of alternative names without any is read.
    pub empty_alt_names: bool,
    /// A critical list of signed certificate timestamps is processed.
    pub critical_scts: bool,
    /// When a leaf that stands in the trust store is accepted as it is.
    pub trusted_leaf: TrustedLeaf,
}

/// An implementation of path validation. `engine/<name>.rs` holds each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// RFC 5280 with today's floors for keys and hashes: our own walk.
    Rfc5280,
    /// OpenSSL 3.
    Openssl,
    /// GnuTLS.
    Gnutls,
    /// Go's crypto/x509.
    Go,
    /// rustls-webpki itself.
    Webpki,
    /// Java's PKIX.
    Java,
    /// mozilla::pkix in NSS.
    Nss,
    /// Chromium's own verifier.
    Chromium,
    /// BoringSSL's X509_verify_cert.
    Boringssl,
}

/// When the common name counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommonName {
    /// Never (RFC 9525).
    Never,
    /// For DNS names, when there is no DNS alternative name.
    Names,
    /// For DNS names and for addresses, when there is neither among the alternative names.
    NamesAndAddresses,
    /// For DNS names and for addresses, when there is neither a DNS name nor a URI.
    BesideAddresses,
    /// For DNS names, when there is no DNS alternative name; for addresses always.
    AddressesAlways,
}

/// Which common name counts, when several stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhichCommonName {
    /// Each of them.
    Any,
    /// The first one.
    First,
    /// The last one, which is the most specific.
    Last,
}

/// What of a label a wildcard may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartialWildcards {
    /// The whole label only.
    Refused,
    /// Its beginning or its end.
    AtAnEdge,
    /// Any part of it.
    Anywhere,
}

/// Who checks the name, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NameCheck {
    /// Nobody.
    Never,
    /// The verifier itself, at its own place among the checks.
    Inside,
    /// The program, once the verifier has accepted.
    Afterwards,
    /// The program, before it looks at what the verifier found.
    Before,
}

/// Which error is reported when there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Report {
    /// The first one met; verification stops there.
    First,
    /// The last one: a callback lets verification run on.
    Last,
    /// All of them.
    All,
}

/// What is done about SHA-1 in the signatures of leaf and intermediates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sha1 {
    /// Refused.
    Refused,
    /// Accepted (below private roots).
    Accepted,
}

/// How extended key usage is enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtendedKeyUsage {
    /// Not at all.
    Ignored,
    /// On the leaf only.
    Leaf,
    /// On the leaf and on every CA that limits it, the anchor too where its constraints count.
    Nested,
}

/// What is made of a stapled OCSP answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stapled {
    /// Nobody looks at it.
    Ignored,
    /// A certificate that it calls revoked is refused; otherwise it decides nothing.
    Revoked,
    /// A certificate that it calls revoked is refused while the answer is in force and was given while the
    /// certificate was; otherwise it decides nothing.
    RevokedInForce,
    /// A certificate that it calls revoked or does not know is refused, however old the answer.
    NotGood,
    /// It must be in order, and it must be there when the certificate demands it.
    Judged,
    /// It is read, and what is made of it is not predicted.
    Unpredicted,
}

/// When a leaf that stands in the trust store is accepted as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustedLeaf {
    /// Never.
    Never,
    /// When it signed itself.
    SelfSigned,
    /// When it signed itself and is no CA.
    SelfSignedNotCa,
    /// Whoever signed it.
    Any,
}

impl Default for Policy {
    /// The profile `rfc5280`: the RFC's rules with current floors for keys and hashes.
    fn default() -> Self {
        Self {
            engine: Engine::Rfc5280,
            partial_chain: true,
            strict: false,
            security_level: 2,
            common_name: CommonName::Never,
            which_common_name: WhichCommonName::Any,
            partial_wildcards: PartialWildcards::Refused,
            wildcard_for_letters: false,
            wildcard_for_any_domain: false,
            wildcard_in_any_label: false,
            mapped_addresses: false,
            refuses_mapped_addresses: false,
            negative_serials: false,
            bare_wildcard: false,
            trailing_dot: false,
            address_as_name: false,
            name_check: NameCheck::Inside,
            report: Report::First,
            max_depth: None,
            least_rsa_bits: 2048,
            sha1: Sha1::Refused,
            extended_key_usage: ExtendedKeyUsage::Nested,
            any_extended_key_usage: true,
            leaf_key_usage: false,
            constraints_last: false,
            stapled: Stapled::Revoked,
            fetches_issuers: false,
            anchor_dates: true,
            anchor_constraints: true,
            empty_alt_names: true,
            critical_scts: true,
            trusted_leaf: TrustedLeaf::SelfSigned,
        }
    }
}

impl Policy {
    /// What of a chain this client sees: without what was fetched, unless it fetches itself.
    pub fn sees<'c>(&self, chain: &'c Chain) -> &'c Chain {
        if self.fetches_issuers {
            chain
        } else {
            chain.unfetched()
        }
    }

    /// The rules of `rustls-webpki` as rustls uses it.
    pub fn webpki() -> Self {
        Self {
            engine: Engine::Webpki,
            max_depth: Some(6),
            any_extended_key_usage: false,
            anchor_dates: false,
            anchor_constraints: false,
            trusted_leaf: TrustedLeaf::SelfSignedNotCa,
            ..Self::default()
        }
    }

    /// Go 1.27.
    pub fn go() -> Self {
        Self {
            engine: Engine::Go,
            name_check: NameCheck::Inside,
            refuses_mapped_addresses: true,
            least_rsa_bits: 1024,
            trusted_leaf: TrustedLeaf::Any,
            constraints_last: true,
            ..Self::default()
        }
    }

    /// OpenSSL with `-x509_strict`; weak keys and hashes are left to the rules that ask.
    pub fn openssl_strict() -> Self {
        Self {
            engine: Engine::Openssl,
            strict: true,
            security_level: 0,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_names_only_what_differs() {
        let policy: Policy = toml::from_str("engine = \"openssl\"\nstrict = true").unwrap();
        assert_eq!(policy.engine, Engine::Openssl);
        assert!(policy.strict && policy.anchor_dates);
        assert!(toml::from_str::<Policy>("stric = true").is_err());
        assert_eq!(toml::from_str::<Policy>("").unwrap(), Policy::default());
    }
}
