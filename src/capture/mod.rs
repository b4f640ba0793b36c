//! What the server (or a file) showed: raw certificates in order, facts of the session, the stage
//! reached and how it ended. **A failed handshake is still a [`Capture`].**
//!
//! Nothing here judges; nothing here decodes certificates.

mod alert;
mod clear;
mod closer;
mod ending;
mod exchange;
mod file;
mod flaw;
mod handshake;
mod look;
pub mod pem;
mod plaintext;
mod tee;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::net::{Attempt, ProxyTrouble, Route, Stage};
use crate::target::{StartTls, Target};
use crate::text::Untrusted;

pub use alert::Alert;
pub use file::certificates;
pub use look::look;

/// Certificates of one handshake kept at most; the rest are counted.
pub const MOST_CERTIFICATES: usize = 100;
/// First bytes kept in [`Capture::first_bytes`].
pub const MOST_FIRST_BYTES: usize = 4096;

/// Everything seen of one target.
#[derive(Clone, Debug)]
pub struct Capture {
    /// What was asked for.
    pub target: Target,
    /// The way taken.
    pub route: Route,
    /// Every address tried, in order of their start.
    pub attempts: Vec<Attempt>,
    /// The address of the peer that answered (the proxy's when there was one).
    pub peer: Option<SocketAddr>,
    /// DER of each certificate as sent, in order; also when the handshake failed later.
    pub presented: Vec<Arc<[u8]>>,
    /// Certificates cut off by a limit: how many more there were.
    pub not_kept: usize,
    /// Which mechanism saw `presented`.
    pub seen_by: Seen,
    /// Facts of the TLS session, as far as it went.
    pub session: Session,
    /// How it ended.
    pub outcome: Outcome,
    /// Time spent in each stage reached, in order.
    pub timings: Vec<(Stage, Duration)>,
    /// The first bytes received on the connection after any proxy and STARTTLS, at most 4096.
    pub first_bytes: Vec<u8>,
    /// Parts of a file that could not be read as certificates, safe to display.
    pub notes: Vec<String>,
}

/// Which mechanism saw the certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// None were seen.
    Nothing,
    /// The TLS library's handshake.
    Handshake,
    /// The clear-text Certificate message of TLS 1.2 and older, read from the socket.
    Clear,
    /// A file or standard input.
    File,
}

/// Facts of the session; what was not reached is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// `TLS 1.3`, `TLS 1.2`, `TLS 1.0`…
    pub version: Option<String>,
    /// IANA name of the suite.
    pub cipher_suite: Option<String>,
    /// Key-exchange group, such as `X25519MLKEM768`.
    pub group: Option<String>,
    /// Bits of the prime of a key exchange in a finite field.
    pub dh_bits: Option<u32>,
    /// In TLS 1.2 and older: the server knows RFC 5746.
    pub secure_renegotiation: Option<bool>,
    /// ALPN protocol chosen.
    pub alpn: Option<Untrusted>,
    /// Name sent in the ClientHello, `None` when none was.
    pub server_name: Option<String>,
    /// Stapled OCSP response, DER.
    pub ocsp_staple: Option<Vec<u8>>,
    /// The server asked for a client certificate.
    pub client_auth: Option<ClientAuth>,
    /// Did the server prove that it holds the leaf's private key?
    pub possession: Possession,
    /// An alert the server sent.
    pub alert: Option<Alert>,
}

/// The server's request for a client certificate.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ClientAuth {
    /// Names of the authorities it accepts, DER; empty means any.
    pub authorities: Vec<Vec<u8>>,
    /// The server refused to go on without one (seen, not assumed).
    pub required: bool,
}

/// Proof that the server holds the private key of its certificate.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Possession {
    /// The handshake did not come that far, or there was no handshake.
    #[default]
    NotReached,
    /// The handshake signature verified.
    Proved,
    /// The signature did not verify with the leaf's key.
    Failed(String),
    /// The key or scheme is one that cannot be checked here.
    CannotCheck(String),
}

/// How the look ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The handshake finished, or the file was read.
    Complete,
    /// It stopped at `stage`.
    Failed {
        /// Where.
        stage: Stage,
        /// Why.
        failure: Failure,
    },
}

/// Why a look stopped. Words in here are safe to display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
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
    /// The proxy did not open the way.
    Proxy(ProxyFailure),
    /// The server does not do STARTTLS, or answered something else.
    UpgradeRefused {
        /// Which dialogue.
        protocol: StartTls,
        /// Its answer.
        words: Untrusted,
    },
    /// The connection was reset.
    Reset,
    /// Closed without sending a single byte.
    ClosedAtOnce,
    /// Connected, but sent nothing until the time limit.
    Silent,
    /// Closed in the middle of the handshake.
    Truncated,
    /// It speaks something that is not TLS.
    NotTls {
        /// What it speaks.
        speaks: Speaks,
        /// Its first line.
        first_line: Untrusted,
    },
    /// Neither TLS nor anything known.
    Garbage,
    /// More data than the limits allow without finishing the handshake.
    TooMuchData,
    /// The server sent a fatal alert; see [`Session::alert`].
    Alert,
    /// The TLS library stopped; its words.
    Library(String),
    /// The server sent no certificate.
    NoCertificate,
    /// A file could not be read: the system's words.
    File(String),
    /// A file or standard input held no certificate: what it looked like.
    NothingInFile(String),
}

impl Failure {
    /// Nothing that could have shown a certificate was reached.
    pub fn is_out_of_reach(&self, stage: Stage) -> bool {
        match self {
            Self::NoSuchName { .. }
            | Self::NoAddressOfFamily
            | Self::Refused
            | Self::Unreachable { .. }
            | Self::Proxy(_)
            | Self::File(_) => true,
            Self::TimedOut => stage < Stage::Upgrading,
            _ => false,
        }
    }
}

/// What a proxy did instead of opening the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyFailure {
    /// It could not be reached: why.
    Unreachable(String),
    /// It did something else.
    Answered(ProxyTrouble),
}

/// Protocols told apart by their first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Speaks {
    Http,
    Ssh,
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Postgres,
    Mysql,
    Ldap,
    Redis,
}
