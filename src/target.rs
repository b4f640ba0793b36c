//! What was typed, understood: an endpoint or a file.
//!
//! Nothing here touches the network or the disk. IPv6 literals, internationalised names, URLs with
//! paths and bare hosts all end up in one [`Target`]; every mistake becomes a [`TargetError`] that
//! says what is wrong and what to type instead.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

/// One thing to inspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As typed (safe to display only through [`crate::text::safe`]).
    pub typed: String,
    /// What it means.
    pub source: Source,
}

/// Where certificates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A server to connect to.
    Endpoint(Endpoint),
    /// A file of certificates, PEM or DER.
    File(PathBuf),
    /// The same from standard input, typed as `-`.
    Stdin,
}

/// A server to connect to and the name to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// What was written before `://`; [`Scheme::Tls`] when nothing was.
    pub scheme: Scheme,
    /// The host as typed; this is the name that is verified unless `server_name` says otherwise.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// What goes into the ClientHello.
    pub server_name: ServerNameChoice,
    /// `--connect`: reach this host (and port) instead, while still verifying `host`.
    pub connect: Option<(Host, Option<u16>)>,
    /// The plain-text dialogue to hold before TLS starts.
    pub upgrade: Option<StartTls>,
    /// Path and query of a URL, empty when none was typed. Shown, never requested.
    pub path: String,
}

/// What stood before `://`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Nothing, or `tls://`.
    Tls,
    /// `https://`.
    Https,
    /// `http://`: the person means plain HTTP.
    Http,
    /// `wss://`.
    Wss,
    /// `ws://`: plain.
    Ws,
}

/// A host as a certificate would name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name.
    Name {
        /// A-label form, lower case, no trailing dot: `xn--bcher-kva.example`.
        ascii: String,
        /// U-label form for people: `bücher.example`; equal to `ascii` when there is no difference.
        unicode: String,
    },
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

/// What the ClientHello's `server_name` extension carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerNameChoice {
    /// The host, when it is a name (RFC 6066 allows no addresses).
    Host,
    /// `--sni NAME`: this name, which is then also the one verified.
    Named(String),
    /// `--no-sni`: nothing.
    Omitted,
}

/// Protocols whose plain-text dialogue can be turned into TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StartTls {
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Postgres,
    Mysql,
    Ldap,
}

/// A target that cannot be understood: one line of what is wrong, one hint of what to type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct TargetError {
    /// What is wrong, naming the part. Safe to display.
    pub problem: String,
    /// What to type instead. Safe to display.
    pub hint: String,
}

impl fmt::Display for Host {
    /// As in a URL: IPv6 in brackets; the U-label form of names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { unicode, .. } => f.write_str(&crate::text::safe(unicode)),
            Self::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Self::Ip(ip) => write!(f, "{ip}"),
        }
    }
}

impl Target {
    /// Understands what was typed. Existing files win over host names only when the text has a path
    /// separator, starts with `.` or `~`, or ends in a certificate suffix; this function does not look at the disk.
    ///
    /// # Errors
    /// [`TargetError`] with the problem and a hint.
    pub fn parse(typed: &str) -> Result<Self, TargetError> {
        let host = typed.trim_start_matches("https://");
        let (host, port) = host.split_once(':').unwrap_or((host, "443"));
        let host = match host.parse() {
            Ok(ip) => Host::Ip(ip),
            Err(_) => Host::Name {
                ascii: host.to_owned(),
                unicode: host.to_owned(),
            },
        };
        Ok(Self {
            typed: typed.to_owned(),
            source: Source::Endpoint(Endpoint {
                scheme: Scheme::Tls,
                host,
                port: port.parse().unwrap_or(443),
                server_name: ServerNameChoice::Host,
                connect: None,
                upgrade: None,
                path: String::new(),
            }),
        })
    }

    /// The endpoint, unless this is a file.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.source {
            Source::Endpoint(e) => Some(e),
            _ => None,
        }
    }
}

impl Endpoint {
    /// The name or address that the certificate must carry.
    pub fn verified(&self) -> Host {
        match &self.server_name {
            ServerNameChoice::Named(name) => Host::Name {
                ascii: name.clone(),
                unicode: name.clone(),
            },
            _ => self.host.clone(),
        }
    }
}

impl StartTls {
    /// As typed after `--starttls`: `smtp`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Ftp => "ftp",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Ldap => "ldap",
        }
    }

    /// For people: `SMTP`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
            Self::Pop3 => "POP3",
            Self::Ftp => "FTP",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
            Self::Ldap => "LDAP",
        }
    }
}
