//! What is known of an endpoint beside its certificates: how far a connection comes, what answers, and
//! what the handshake would have to agree on. A capture fills it; so can a file of facts.

use std::net::IpAddr;

use crate::capture::{Alert, Capture, Failure, Outcome, ProxyFailure, Seen, Session, Speaks};
use crate::cert::{Certificate, KeyKind};
use crate::net::{ProxyTrouble, Route};
use crate::target::{Host, Scheme, Source};

/// An endpoint as clients meet it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The host in the URL.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// The port stands in the URL although it is 443. Clients that are asked get the URL without it.
    pub names_port: bool,
    /// The address reached.
    pub address: Option<IpAddr>,
    /// `http://` was typed.
    pub plain_url: bool,
    /// The proxy that the environment names.
    pub proxy: Option<Proxy>,
    /// How far a connection comes.
    pub reach: Reach,
    /// What comes first.
    pub first: FirstAnswer,
    /// What the handshake would have to agree on.
    pub limits: Limits,
    /// What comes once the handshake is over.
    pub afterwards: Afterwards,
}

/// A proxy on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What it does.
    pub answer: ProxyAnswer,
    /// The variables that name it; none: every client that uses proxies is given it.
    pub variables: Vec<String>,
}

/// What a proxy does when asked for a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyAnswer {
    /// It opens one.
    Tunnel,
    /// Nothing listens there.
    Refused,
    /// It closes the connection without an answer.
    Closed,
    /// It answers with this status and reason.
    Status(u16, String),
}

/// How far a connection comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Reach {
    #[default]
    Connected,
    NoSuchName,
    Refused,
    Unreachable,
    TimedOut,
}

/// What comes first on the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FirstAnswer {
    /// A ServerHello, if the two agree.
    #[default]
    Tls,
    /// It is closed before anything is read.
    ClosedAtOnce,
    /// It is closed once the ClientHello was read.
    ClosedAfterHello,
    /// It is closed in the middle of the server's part of the handshake.
    ClosedMidway,
    /// It is reset.
    Reset,
    /// Nothing.
    Silent,
    /// HTTP in clear.
    Http,
    /// Another protocol's greeting.
    Banner,
    /// A fatal alert, whatever the client offers.
    Alert(u8),
}

/// What the handshake would have to agree on; the default is a modern server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The newest version that the server speaks.
    pub newest: Version,
    /// A client that wants a newer one gets the alert `protocol_version`; else a ServerHello of the
    /// old version.
    pub alerts_on_version: bool,
    /// The only key exchange it does, when that is an old one.
    pub key_exchange: KeyExchange,
    /// It has only CBC suites.
    pub only_cbc: bool,
    /// It has only CBC suites with SHA-256 or SHA-384.
    pub only_cbc_sha256: bool,
    /// It has only 3DES.
    pub only_triple_des: bool,
    /// It has only ciphers that no client offers any more, or hardly one: RC4, Camellia, NULL.
    pub only_unusual_cipher: bool,
    /// It accepts only secp521r1.
    pub only_p521: bool,
    /// It accepts only X448.
    pub only_x448: bool,
    /// It knows RFC 5746.
    pub secure_renegotiation: bool,
}

/// Versions of the protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[allow(missing_docs)]
pub enum Version {
    #[serde(rename = "SSL 3.0")]
    Ssl3,
    #[serde(rename = "TLS 1.0")]
    Tls10,
    #[serde(rename = "TLS 1.1")]
    Tls11,
    #[serde(rename = "TLS 1.2")]
    Tls12,
    #[serde(rename = "TLS 1.3")]
    Tls13,
}

/// Key exchanges that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyExchange {
    /// On elliptic curves.
    Ecdhe,
    /// In a finite field of so many bits.
    Dhe(u32),
    /// The client encrypts to the certificate's key.
    StaticRsa,
}

/// What comes once the handshake is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Afterwards {
    /// An answer.
    #[default]
    Answer,
    /// It wants the client's certificate: TLS 1.3 says so by an alert after the handshake.
    ClientCertificate,
    /// The same in TLS 1.2: an alert during the handshake, after the server's certificate.
    ClientCertificateEarly(u8),
    /// Nothing.
    Silent,
    /// An answer that ends without close_notify.
    NoCloseNotify,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            newest: Version::Tls13,
            alerts_on_version: true,
            key_exchange: KeyExchange::Ecdhe,
            only_cbc: false,
            only_cbc_sha256: false,
            only_triple_des: false,
            only_unusual_cipher: false,
            only_p521: false,
            only_x448: false,
            secure_renegotiation: true,
        }
    }
}

impl Peer {
    /// A modern server behind this name.
    pub fn modern(host: Host, port: u16) -> Self {
        Self {
            host,
            port,
            names_port: false,
            address: None,
            plain_url: false,
            proxy: None,
            reach: Reach::default(),
            first: FirstAnswer::default(),
            limits: Limits::default(),
            afterwards: Afterwards::default(),
        }
    }

    /// What a capture of an endpoint tells; `None` for files.
    pub fn of(capture: &Capture) -> Option<Self> {
        let Source::Endpoint(endpoint) = &capture.target.source else {
            return None;
        };
        let mut peer = Self::modern(endpoint.host.clone(), endpoint.port);
        peer.plain_url = matches!(endpoint.scheme, Scheme::Http | Scheme::Ws);
        match &capture.route {
            Route::Direct => peer.address = capture.peer.map(|address| address.ip()),
            Route::Proxy { url, variables, .. } => {
                let (host, port) = host_and_port(url);
                peer.proxy = Some(Proxy {
                    host,
                    port,
                    answer: ProxyAnswer::Tunnel,
                    variables: variables.iter().map(|name| (*name).to_owned()).collect(),
                });
            }
        }
        peer.limits = limits(&capture.session);
        // Before TLS 1.3 the groups that a client offers are also the curves that a certificate may have
        // (RFC 8422, section 5.3): OpenSSL as a server then finds none for it.
        let leaf = capture.presented.first();
        let has_p521_key = || {
            leaf.is_some_and(|der| {
                let key = Certificate::read(der.clone()).key.kind;
                matches!(key, KeyKind::Ec { curve } if curve == "P-521")
            })
        };
        if peer.limits.newest < Version::Tls13 && has_p521_key() {
            peer.limits.only_p521 = true;
        }
        if let Outcome::Failed { failure, .. } = &capture.outcome {
            match (failure, capture.seen_by) {
                // The modern handshake was refused and an older one answered: what that one agreed on
                // says who can connect, not how this program's own offer was refused.
                (Failure::Alert, Seen::Clear) => {}
                (_, Seen::Clear) => peer.limits.alerts_on_version = false,
                _ => peer.fail(
                    failure,
                    capture.session.alert.as_ref(),
                    capture.presented.is_empty(),
                ),
            }
        }
        // In TLS 1.3 the client learns it after its own handshake.
        let demands = capture.session.client_auth.as_ref();
        if demands.is_some_and(|asked| asked.required) && peer.limits.newest == Version::Tls13 {
            peer.afterwards = Afterwards::ClientCertificate;
        }
        Some(peer)
    }

    fn fail(&mut self, failure: &Failure, alert: Option<&Alert>, saw_nothing: bool) {
        match failure {
            Failure::NoSuchName { .. } | Failure::NoAddressOfFamily => {
                self.reach = Reach::NoSuchName;
            }
            Failure::Refused => self.reach = Reach::Refused,
            Failure::Unreachable { .. } => self.reach = Reach::Unreachable,
            Failure::TimedOut => self.reach = Reach::TimedOut,
            Failure::Proxy(failure) => {
                let answer = match failure {
                    ProxyFailure::Answered(ProxyTrouble::Status { code, words, .. }) => {
                        let words = words.raw().lines().next().unwrap_or_default();
                        // What follows a colon is from the page.
                        let words = words.split_once(": ").map_or(words, |(reason, _)| reason);
                        ProxyAnswer::Status(*code, words.to_owned())
                    }
                    // Whatever it said was no answer, and nothing more came.
                    ProxyFailure::Answered(ProxyTrouble::NotAProxy(_)) => ProxyAnswer::Closed,
                    _ => ProxyAnswer::Refused,
                };
                if let Some(proxy) = &mut self.proxy {
                    proxy.answer = answer;
                }
            }
            Failure::Reset => self.first = FirstAnswer::Reset,
            // Closed in order, so that the ClientHello had been read; else it would have been a reset.
            Failure::ClosedAtOnce => self.first = FirstAnswer::ClosedAfterHello,
            Failure::Truncated if saw_nothing => self.first = FirstAnswer::ClosedMidway,
            Failure::Silent => self.first = FirstAnswer::Silent,
            Failure::NotTls {
                speaks: Speaks::Http,
                ..
            } => self.first = FirstAnswer::Http,
            Failure::NotTls { .. } | Failure::Garbage | Failure::UpgradeRefused { .. } => {
                self.first = FirstAnswer::Banner;
            }
            Failure::Alert if saw_nothing => {
                let code = alert.map_or(40, |a| a.code);
                self.first = FirstAnswer::Alert(code);
            }
            Failure::Alert => {
                let code = alert.map_or(40, |a| a.code);
                self.afterwards = Afterwards::ClientCertificateEarly(code);
            }
            _ => {}
        }
    }
}

/// The host and port in a proxy's URL.
fn host_and_port(url: &str) -> (String, u16) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or(rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    match rest.rsplit_once(':') {
        Some((host, port)) => (host.to_owned(), port.parse().unwrap_or(0)),
        None => (rest.to_owned(), 80),
    }
}

/// A server that was offered everything and chose something old has nothing newer.
fn limits(session: &Session) -> Limits {
    let newest = match session.version.as_deref() {
        Some("SSL 3.0") => Version::Ssl3,
        Some("TLS 1.0") => Version::Tls10,
        Some("TLS 1.1") => Version::Tls11,
        Some("TLS 1.2") => Version::Tls12,
        _ => Version::Tls13,
    };
    let mut out = Limits {
        newest,
        ..Limits::default()
    };
    let suite = session.cipher_suite.as_deref().unwrap_or_default();
    if suite.starts_with("TLS_RSA_WITH") {
        out.key_exchange = KeyExchange::StaticRsa;
    } else if suite.starts_with("TLS_DHE_") {
        // A group whose size was not seen: the smallest that most clients take.
        out.key_exchange = KeyExchange::Dhe(session.dh_bits.unwrap_or(2048));
    }
    out.secure_renegotiation = session.secure_renegotiation != Some(false);
    out.only_unusual_cipher = [
        "CAMELLIA", "RC4", "_NULL_", "SEED", "IDEA", "_DES_", "EXPORT",
    ]
    .iter()
    .any(|name| suite.contains(name));
    out.only_cbc = suite.contains("_CBC_");
    out.only_cbc_sha256 = out.only_cbc && !suite.ends_with("_SHA");
    out.only_triple_des = suite.contains("3DES");
    out.only_p521 = matches!(session.group.as_deref(), Some("secp521r1" | "P-521"));
    out.only_x448 = session.group.as_deref() == Some("X448");
    out
}
