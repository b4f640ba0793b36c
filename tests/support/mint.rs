//! Certificates for tests, minted with rcgen. Each function takes only what a test wants to vary.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::OffsetDateTime;
use whycert::moment::Moment;

/// The moment that all minted certificates are valid around: 2026-11-24T00:00:00Z.
pub const NOW: Moment = Moment::from_unix(1_795_478_400);

/// One certificate with its key and the parameters it was made from.
pub struct Minted {
    pub der: Vec<u8>,
    pub params: CertificateParams,
    pub key: KeyPair,
}

/// Parameters of a CA, valid from a year before [`NOW`] to nine years after.
pub fn ca(name: &str) -> CertificateParams {
    let mut params = dated(CertificateParams::default(), -365, 9 * 365);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Parameters of a server's certificate, valid from 30 days before [`NOW`] to 60 days after.
pub fn server(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let mut params = dated(CertificateParams::new(names.clone()).unwrap(), -30, 60);
    params.distinguished_name.push(
        DnType::CommonName,
        names.first().map_or("server", String::as_str),
    );
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// The same with other dates, in days from [`NOW`].
pub fn dated(mut params: CertificateParams, from: i64, to: i64) -> CertificateParams {
    let at = |days: i64| OffsetDateTime::from_unix_timestamp(NOW.unix() + days * 86_400).unwrap();
    params.not_before = at(from);
    params.not_after = at(to);
    params
}

impl Minted {
    /// Signed by its own key.
    pub fn root(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { der, params, key }
    }

    /// Signed by this one.
    pub fn issue(&self, params: CertificateParams) -> Self {
        self.issue_with(params, KeyPair::generate().unwrap())
    }

    /// Signed by this one, for a key that exists already (cross-signing).
    pub fn issue_with(&self, params: CertificateParams, key: KeyPair) -> Self {
        let issuer = Issuer::from_params(&self.params, &self.key);
        let der = params.signed_by(&key, &issuer).unwrap().der().to_vec();
        Self { der, params, key }
    }
}
