//! The servers: each accepts on loopback and misbehaves in its one way. Every connection has a time
//! limit and reads into a small buffer; a server never ends because a client did something odd.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig, version};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::LabError;
use super::flights;
use super::x509::Issued;

/// What a scenario runs.
pub(super) enum Plan {
    /// A TLS server.
    Tls(Tls),
    /// Something else on a TCP port.
    Raw(Raw),
    /// A port that is taken, so that nobody else can listen there, but where nobody listens.
    NotListening,
    /// Nothing at all: the target alone is the scenario.
    Nothing,
    /// A file with these bytes, or one that is not there.
    File(Option<Vec<u8>>),
}

/// A TLS server: chain, key, and how it differs from a usual one.
pub(super) struct Tls {
    certified: Arc<CertifiedKey>,
    only_tls12: bool,
    client_root: Option<Vec<u8>>,
}

/// Servers that do not speak TLS, or only its first bytes.
#[derive(Clone)]
pub(super) enum Raw {
    /// Answers HTTP/1.1 in the clear.
    Http,
    /// Answers HTTP/1.1 in the clear with this certificate.
    Publishes(Vec<u8>),
    /// Greets with these bytes.
    Greeting(&'static [u8]),
    /// A mail server; with STARTTLS or without.
    Smtp(Option<TlsAcceptor>),
    /// Reads and says nothing.
    Silent,
    /// Begins a ServerHello and says no more.
    Stalled,
    /// Closes before a byte was said.
    CloseAtOnce,
    /// Resets after the ClientHello.
    Reset,
    /// Answers the ClientHello with these bytes and closes.
    Answer(&'static [u8]),
    /// Answers with handshake data that never ends.
    Endless,
    /// Answers in TLS 1.0, to those who still speak it.
    OldVersion(Vec<u8>),
}

/// One running server.
#[derive(Clone)]
pub(super) enum Server {
    Tls(TlsAcceptor),
    Raw(Raw),
}

/// Longest a connection lives.
const LIFE: Duration = Duration::from_secs(120);
/// Connections at one time, per scenario and address.
const MOST_CONNECTIONS: usize = 64;
/// Most that is read of what a client says before it is answered.
const MOST_READ: usize = 64 * 1024;
/// The endless server gives up after this: it is bounded too.
const ENDLESS: usize = 64 * 1024 * 1024;

impl Tls {
    /// Serves these certificates, in this order, with the key of `leaf`.
    pub(super) fn new(leaf: &Issued, sent: &[&Issued]) -> Result<Self, LabError> {
        let chain = sent
            .iter()
            .map(|c| CertificateDer::from(c.der.clone()))
            .collect();
        Ok(Self {
            certified: Arc::new(CertifiedKey::new(chain, leaf.key.signing_key()?)),
            only_tls12: false,
            client_root: None,
        })
    }

    /// The same, stapling this OCSP answer.
    pub(super) fn stapling(mut self, answer: Vec<u8>) -> Self {
        let mut certified = (*self.certified).clone();
        certified.ocsp = Some(answer);
        self.certified = Arc::new(certified);
        self
    }

    /// The same without TLS 1.3.
    pub(super) fn only_tls12(mut self) -> Self {
        self.only_tls12 = true;
        self
    }

    /// The same, refusing clients without a certificate below this root. TLS 1.3 only.
    pub(super) fn demanding_certificates_of(mut self, root: Vec<u8>) -> Self {
        self.client_root = Some(root);
        self
    }

    /// Ready to accept.
    pub(super) fn acceptor(self) -> Result<TlsAcceptor, LabError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions: &[&'static rustls::SupportedProtocolVersion] =
            match (self.only_tls12, &self.client_root) {
                (true, _) => &[&version::TLS12],
                (false, Some(_)) => &[&version::TLS13],
                (false, None) => &[&version::TLS13, &version::TLS12],
            };
        let fail = |_| LabError::minting("a TLS server");
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(versions)
            .map_err(fail)?;
        let builder = match self.client_root {
            None => builder.with_no_client_auth(),
            Some(root) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from(root)).map_err(fail)?;
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|_| LabError::minting("a TLS server"))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let resolver = Arc::new(SingleCertAndKey::from(self.certified));
        let mut config = builder.with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls(_) => "Tls",
            Self::Raw(_) => "Raw",
        })
    }
}

/// Accepts until it is dropped.
pub(super) async fn serve(listener: TcpListener, server: Server) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let server = server.clone();
                connections.spawn(async move {
                    // A client that goes away early is no concern of the server's.
                    let _ = timeout(LIFE, answer(stream, server)).await;
                    drop(place);
                });
            }
            // Out of file descriptors, say: wait for connections to end rather than spin.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn answer(mut stream: TcpStream, server: Server) -> io::Result<()> {
    let raw = match server {
        Server::Tls(acceptor) => return secured(stream, &acceptor).await,
        Server::Raw(raw) => raw,
    };
    match raw {
        Raw::Http => http(&mut stream, HELLO).await?,
        Raw::Publishes(der) => http(&mut stream, &published(&der)).await?,
        Raw::Greeting(bytes) => stream.write_all(bytes).await?,
        Raw::Smtp(acceptor) => return smtp(stream, acceptor).await,
        Raw::Silent => {}
        Raw::Stalled => {
            some(&mut stream).await?;
            stream.write_all(flights::HALF_SERVER_HELLO).await?;
        }
        Raw::CloseAtOnce => stream.shutdown().await?,
        Raw::Reset => {
            some(&mut stream).await?;
            return stream.set_zero_linger();
        }
        Raw::Answer(bytes) => {
            some(&mut stream).await?;
            stream.write_all(bytes).await?;
            stream.shutdown().await?;
        }
        Raw::Endless => {
            some(&mut stream).await?;
            endless(&mut stream).await?;
        }
        Raw::OldVersion(flight) => {
            let hello = client_hello(&mut stream).await?;
            if flights::offers_old_suite(&hello) {
                stream.write_all(&flight).await?;
            } else {
                stream.write_all(flights::HANDSHAKE_FAILURE).await?;
            }
            stream.shutdown().await?;
        }
    }
    // Read to the end, so that closing does not turn into a reset that swallows the answer.
    drain(&mut stream).await
}

async fn secured<S>(stream: S, acceptor: &TlsAcceptor) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = acceptor.accept(stream).await?;
    http(&mut stream, HELLO).await?;
    drain(&mut stream).await
}

const HELLO: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 26\r\nConnection: close\r\n\r\nHello from whycert's lab.\n";

/// A certificate as CAs publish it.
fn published(der: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        der.len()
    );
    [head.as_bytes(), der].concat()
}

/// One answer for one request, so that curl and browsers have something to show.
async fn http<S>(stream: &mut S, answer: &[u8]) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    const BAD: &[u8] =
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let mut seen = Vec::new();
    loop {
        let more = some(stream).await?;
        if more.is_empty() {
            return Ok(());
        }
        seen.extend_from_slice(&more);
        let is_text = seen.first().is_some_and(u8::is_ascii_alphabetic);
        if !is_text || seen.len() > MOST_READ {
            stream.write_all(BAD).await?;
            break;
        }
        if seen.windows(4).any(|w| w == b"\r\n\r\n") {
            stream.write_all(answer).await?;
            break;
        }
    }
    stream.shutdown().await
}

/// As much of SMTP (RFC 5321, RFC 3207) as it takes to reach TLS, or to be told that there is none.
async fn smtp(mut stream: TcpStream, acceptor: Option<TlsAcceptor>) -> io::Result<()> {
    stream
        .write_all(b"220 mail.lab.example ESMTP ready\r\n")
        .await?;
    let mut seen: Vec<u8> = Vec::new();
    loop {
        let Some(end) = seen.iter().position(|&b| b == b'\n') else {
            let more = some(&mut stream).await?;
            if more.is_empty() || seen.len() > MOST_READ {
                return Ok(());
            }
            seen.extend_from_slice(&more);
            // Not a line of text: a ClientHello, most likely.
            if seen.first().is_some_and(|b| !b.is_ascii_alphabetic()) {
                stream
                    .write_all(b"500 5.5.1 Command unrecognized\r\n")
                    .await?;
                stream.shutdown().await?;
                return drain(&mut stream).await;
            }
            continue;
        };
        let line: Vec<u8> = seen.drain(..=end).collect();
        let word: String = line
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .map(|b| char::from(b.to_ascii_uppercase()))
            .collect();
        match (word.as_str(), &acceptor) {
            ("EHLO", Some(_)) => {
                stream
                    .write_all(b"250-mail.lab.example\r\n250 STARTTLS\r\n")
                    .await?;
            }
            ("EHLO" | "HELO", _) => stream.write_all(b"250 mail.lab.example\r\n").await?,
            ("STARTTLS", Some(acceptor)) => {
                stream
                    .write_all(b"220 2.0.0 Ready to start TLS\r\n")
                    .await?;
                let mut secured = acceptor.accept(stream).await?;
                return drain(&mut secured).await;
            }
            ("STARTTLS", None) => {
                stream
                    .write_all(b"502 5.5.1 STARTTLS is not offered here\r\n")
                    .await?;
            }
            ("QUIT", _) => {
                stream.write_all(b"221 2.0.0 Bye\r\n").await?;
                stream.shutdown().await?;
                return drain(&mut stream).await;
            }
            _ => stream.write_all(b"502 5.5.1 Not implemented\r\n").await?,
        }
    }
}

async fn endless(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(flights::START_OF_ENDLESS).await?;
    let body = vec![0u8; 16_384];
    let mut sent = 0;
    while sent < ENDLESS {
        stream.write_all(flights::RECORD_HEAD).await?;
        stream.write_all(&body).await?;
        sent += body.len();
    }
    stream.shutdown().await
}

/// The first record, whole if it comes.
async fn client_hello(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut seen = Vec::new();
    loop {
        let more = some(stream).await?;
        seen.extend_from_slice(&more);
        let wanted = match seen.get(3..5) {
            Some(&[high, low]) => 5 + usize::from(u16::from_be_bytes([high, low])),
            _ => 5,
        };
        if more.is_empty() || seen.len() >= wanted {
            return Ok(seen);
        }
    }
}

/// What comes next; empty at the end.
async fn some(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; 4_096];
    let n = stream.read(&mut buffer).await?;
    buffer.truncate(n);
    Ok(buffer)
}

/// Reads and forgets until the client is done.
async fn drain(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let mut buffer = vec![0; 4_096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
