//! The handshake by the TLS library, with a verifier that records and accepts every chain.
//!
//! This is the only file that says `dangerous`. Nothing is sent after the handshake, the proof of the
//! private key is really checked, and the judging happens later and elsewhere.

use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Alert, ClientAuth, MOST_CERTIFICATES, Possession, Session, exchange};
use crate::net::Stream;
use crate::text::Untrusted;

/// After a TLS 1.3 handshake with a request for a client certificate, the refusal comes within this, or
/// within twice the time that the handshake took.
const REFUSAL: Duration = Duration::from_millis(400);

/// What the verifier saw; it lives on when the connection fails.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) chain: Vec<Arc<[u8]>>,
    pub(super) not_kept: usize,
    pub(super) staple: Option<Vec<u8>>,
    pub(super) possession: Possession,
    pub(super) client_auth: Option<ClientAuth>,
}

/// How a handshake is asked for.
pub(super) struct Ask {
    /// The name for SNI; `None` sends none.
    pub(super) server_name: Option<String>,
    /// Offer `h2` and `http/1.1`.
    pub(super) alpn: bool,
}

/// Shakes hands. The record is filled as far as it went, also when the result is an error.
///
/// # Errors
/// The library's error, or the stream's.
pub(super) async fn shake(
    stream: Box<dyn Stream>,
    ask: &Ask,
    record: &Arc<Mutex<Record>>,
) -> Result<Session, io::Error> {
    let connector = TlsConnector::from(Arc::new(config(ask, record)));
    // Without a name to send any address does: the recording verifier does not look at it.
    let fallback = || ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into());
    let name = ask
        .server_name
        .clone()
        .and_then(|n| ServerName::try_from(n).ok())
        .unwrap_or_else(fallback);
    let began = Instant::now();
    let mut tls = connector.connect(name, stream).await?;
    let patience = REFUSAL.max(2 * began.elapsed());
    let mut session = facts(&tls);
    session.server_name.clone_from(&ask.server_name);
    let asked = lock(record).client_auth.is_some();
    if asked && let Some(refusal) = refusal(&mut tls, patience).await {
        if let Some(auth) = &mut lock(record).client_auth {
            auth.required = true;
        }
        session.alert = refusal;
    }
    Ok(session)
}

/// A name that the `server_name` extension can carry.
pub(super) fn is_sendable(name: &str) -> bool {
    matches!(ServerName::try_from(name), Ok(ServerName::DnsName(_)))
}

/// The error as rustls's own, when it is one.
pub(super) fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|e| e.downcast_ref())
}

/// The provider with every group it has, so that more servers can be talked to, and with the system's
/// random numbers where it matters ([`exchange`]).
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.secure_random = &exchange::System;
    let ours: [&'static dyn SupportedKxGroup; 2] = [&exchange::Hybrid, &exchange::X25519];
    let theirs = rustls::crypto::aws_lc_rs::ALL_KX_GROUPS.iter().copied();
    let is_ours = |g: &&'static dyn SupportedKxGroup| ours.iter().any(|o| o.name() == g.name());
    provider.kx_groups = ours
        .into_iter()
        .chain(theirs.filter(|g| !is_ours(g)))
        .chain([&exchange::P521 as &'static dyn SupportedKxGroup])
        .collect();
    Arc::new(provider)
});

fn config(ask: &Ask, record: &Arc<Mutex<Record>>) -> ClientConfig {
    let verifier = Recorder {
        record: record.clone(),
        algorithms: PROVIDER.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(PROVIDER.clone());
    let builder = match builder.with_safe_default_protocol_versions() {
        Ok(builder) => builder,
        // The provider has suites for both versions, so this is only for the type.
        Err(_) => ClientConfig::builder(),
    };
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(Requests(record.clone())));
    // A resumed handshake shows no certificate.
    config.resumption = Resumption::disabled();
    config.enable_sni = ask.server_name.is_some();
    if ask.alpn {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    config
}

fn facts(tls: &TlsStream<Box<dyn Stream>>) -> Session {
    let (_, connection) = tls.get_ref();
    Session {
        version: connection.protocol_version().map(|v| match v {
            rustls::ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
            rustls::ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
            other => format!("{other:?}"),
        }),
        cipher_suite: connection
            .negotiated_cipher_suite()
            .map(|s| iana(&format!("{:?}", s.suite()))),
        group: connection
            .negotiated_key_exchange_group()
            .map(|g| format!("{:?}", g.name())),
        alpn: connection.alpn_protocol().map(Untrusted::from_bytes),
        ..Session::default()
    }
}

/// rustls names suites of TLS 1.3 `TLS13_…`; IANA does not.
fn iana(name: &str) -> String {
    name.replacen("TLS13_", "TLS_", 1)
}

/// In TLS 1.3 the server's refusal of a missing client certificate comes after the handshake: an
/// alert, or the end of the connection without one.
async fn refusal(
    tls: &mut TlsStream<Box<dyn Stream>>,
    patience: Duration,
) -> Option<Option<Alert>> {
    let mut byte = [0];
    match timeout(patience, tls.read(&mut byte)).await {
        Ok(Err(error)) => match tls_error(&error) {
            Some(rustls::Error::AlertReceived(description)) => {
                Some(Some(Alert::of((*description).into())))
            }
            _ => Some(None),
        },
        Ok(Ok(0)) => Some(None),
        // Either it said something, or it waits for a request: it went on without a certificate.
        Ok(Ok(_)) | Err(_) => None,
    }
}

/// Takes every chain, and checks only that the server holds the key.
#[derive(Debug)]
struct Recorder {
    record: Arc<Mutex<Record>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        ocsp_response: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut record = lock(&self.record);
        let all = std::iter::once(end_entity).chain(intermediates);
        record.chain = all
            .take(MOST_CERTIFICATES)
            .map(|c| Arc::from(c.as_ref()))
            .collect();
        record.not_kept = (intermediates.len() + 1).saturating_sub(MOST_CERTIFICATES);
        record.staple = (!ocsp_response.is_empty()).then(|| ocsp_response.to_vec());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let result =
            rustls::crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms);
        self.note(result.err(), message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let result =
            rustls::crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms);
        self.note(result.err(), message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.algorithms.supported_schemes();
        // So that servers with such keys send their certificate at all: Ed448, RSA-PSS keys, SHA-1.
        schemes.extend([
            SignatureScheme::ED448,
            SignatureScheme::Unknown(0x0809),
            SignatureScheme::Unknown(0x080a),
            SignatureScheme::Unknown(0x080b),
            SignatureScheme::ECDSA_SHA1_Legacy,
            SignatureScheme::RSA_PKCS1_SHA1,
        ]);
        schemes
    }
}

impl Recorder {
    /// Records what came of the check; the handshake goes on in any case.
    fn note(
        &self,
        error: Option<rustls::Error>,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let possession = match error {
            None => Possession::Proved,
            // The library also refuses leaves that it cannot parse (v1, odd extensions): ask the key alone.
            Some(error) => self.by_key_alone(&error, message, certificate, signed),
        };
        lock(&self.record).possession = possession;
        Ok(HandshakeSignatureValid::assertion())
    }

    fn by_key_alone(
        &self,
        error: &rustls::Error,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Possession {
        use x509_parser::prelude::{FromDer, X509Certificate};
        let Some((_, algorithms)) = self
            .algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == signed.scheme)
        else {
            return Possession::CannotCheck(format!(
                "the signature scheme {:?} is not supported here",
                signed.scheme
            ));
        };
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else {
            return Possession::CannotCheck("the certificate's key could not be read".to_owned());
        };
        let key = parsed.public_key();
        if let Ok(x509_parser::public_key::PublicKey::RSA(rsa)) = key.parsed()
            && rsa.key_size() < 2048
        {
            return Possession::CannotCheck(format!("an RSA key of {} bits", rsa.key_size()));
        }
        let proved = algorithms.iter().any(|a| {
            a.verify_signature(&key.subject_public_key.data, message, signed.signature())
                .is_ok()
        });
        if proved {
            Possession::Proved
        } else {
            Possession::Failed(crate::text::safe(&error.to_string()).into_owned())
        }
    }
}

/// Records the server's request for a client certificate, and sends none.
#[derive(Debug)]
struct Requests(Arc<Mutex<Record>>);

impl ResolvesClientCert for Requests {
    fn resolve(&self, authorities: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // All of them: a handshake message has at most 64 KB.
        let authorities = authorities.iter().map(|a| a.to_vec()).collect();
        lock(&self.0).client_auth = Some(ClientAuth {
            authorities,
            required: false,
        });
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A record is whole after every write, so a panic elsewhere does not spoil it.
pub(super) fn lock(record: &Mutex<Record>) -> std::sync::MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}
