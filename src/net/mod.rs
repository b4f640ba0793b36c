//! Reaching the target: names, addresses, TCP, proxies, STARTTLS.
//!
//! Hands on a byte stream together with every attempt and its timing. Knows nothing of TLS or
//! certificates.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::text::Untrusted;

pub mod dial;
pub mod get;
pub mod proxy;
mod socks;
pub mod starttls;

/// A byte stream, whatever it goes through.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Why nothing could be reached. Words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The name does not resolve.
    NoSuchName {
        /// The resolver's words.
        words: String,
    },
    /// The name has no address of the family asked for.
    NoAddressOfFamily,
    /// Every address refused.
    Refused,
    /// No route, network down, or the like.
    Unreachable {
        /// The system's words.
        words: String,
    },
    /// The stage's time limit passed.
    TimedOut,
}

/// What a proxy did instead of opening the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyTrouble {
    /// It answered CONNECT with this HTTP status and these words.
    Status {
        /// Such as 407.
        code: u16,
        /// Reason phrase and first words of the body.
        words: Untrusted,
        /// `Proxy-Authenticate`, when given.
        authenticate: Option<Untrusted>,
    },
    /// It answered something that is no proxy's answer (a banner, nothing at all).
    NotAProxy(Untrusted),
    /// SOCKS failure in words.
    Socks(String),
    /// A SOCKS proxy wants a login, or another one than it was given.
    SocksLogin(String),
    /// The proxy's address is not understood.
    BadUrl(String),
}

/// How to reach targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Only this family of addresses.
    pub family: Family,
    /// Limit for each stage (resolve, connect, proxy, handshake).
    pub timeout: Duration,
    /// Which proxy, if any.
    pub proxy: ProxyChoice,
}

impl Default for Reach {
    fn default() -> Self {
        Self {
            family: Family::Any,
            timeout: Duration::from_secs(10),
            proxy: ProxyChoice::Environment,
        }
    }
}

/// `-4`, `-6` or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Family {
    Any,
    V4,
    V6,
}

/// Which proxy to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyChoice {
    /// As the environment says (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), like curl.
    Environment,
    /// `--proxy URL`.
    Given(String),
    /// `--no-proxy`.
    Direct,
}

/// The way taken to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Straight to the address.
    Direct,
    /// Through a proxy.
    Proxy {
        /// The proxy's URL without its password, safe to display.
        url: String,
        /// Why: `HTTPS_PROXY`, `--proxy`.
        because: String,
        /// Every variable that names a proxy; none when one was given with `--proxy`.
        variables: Vec<&'static str>,
    },
}

/// One attempt at one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The address tried.
    pub address: SocketAddr,
    /// When it began, counted from the start of connecting.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub result: AttemptResult,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// Connected, and used.
    Connected,
    /// Another address answered first.
    Abandoned,
    /// Failed, in the operating system's words (safe to display).
    Failed(String),
}

/// A stage of reaching and shaking hands; each has a name on screen while it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Stage {
    Resolving,
    Connecting,
    Proxy,
    Upgrading,
    Handshake,
    /// Reading what the server says when the handshake could not be done by the TLS library.
    Probing,
    ReadingFile,
    /// Asking for issuers that were not sent.
    Fetching,
}

impl Stage {
    /// For the screen while it lasts: `resolving`, `connecting`…
    pub fn waiting(self) -> &'static str {
        match self {
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Proxy => "asking the proxy",
            Self::Upgrading => "starting TLS",
            Self::Handshake => "shaking hands",
            Self::Probing => "looking closer",
            Self::ReadingFile => "reading",
            Self::Fetching => "fetching what is missing",
        }
    }

    /// The stable name in JSON `timings_ms`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Resolving => "resolve",
            Self::Connecting => "connect",
            Self::Proxy => "proxy",
            Self::Upgrading => "starttls",
            Self::Handshake => "handshake",
            Self::Probing => "probe",
            Self::ReadingFile => "read",
            Self::Fetching => "fetch",
        }
    }
}
