//! What a client can meet, by name. Names run from special to general; the tables of `assets/words/`
//! are asked for each in turn, `any` last:
//!
//! - certificate: `name` (or `address` and `name`, `common-name`), the library's own code or word,
//!   `certificate`;
//! - TLS: `alert-40`, `unsupported-version`, `legacy-signature`, `small-dh`, `unsafe-renegotiation`,
//!   `not-tls-http` / `not-tls-banner` (`not-tls`), `key-usage`: all `tls`;
//!   `client-certificate-required`, `no-close-notify`;
//! - connection: `closed-at-once`, `closed-after-hello`, `reset` (`closed`), `silent`,
//!   `silent-after-handshake`, `timed-out`, `refused`, `unreachable`, `no-such-name`,
//!   `proxy-refused`, `proxy-status-407` (`proxy-status`);
//! - configuration: the names of `FileTrouble` (`ca-file`), `plain-http-url`, `url-refused`.

use super::{Facts, browsers, gnutls, go, java, openssl, plain, platforms, rustls};
use crate::capture::Alert;
use crate::cert::Certificate;
use crate::chain::{Chain, NodeId};
use crate::judge::client::{Family, Profile};
use crate::judge::{Anchors, Answer, Engine, Question, Reason, ReasonKind, facts};

/// What a client met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its names, special first.
    pub names: Vec<String>,
    /// What is particular about it.
    pub values: Facts,
}

impl Event {
    /// An event of these names, special first.
    pub fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            names: names.into_iter().map(str::to_owned).collect(),
            values: Facts::new(),
        }
    }

    /// With one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.insert(name, value.into());
        self
    }

    /// A fatal alert of the server (RFC 8446, section 6).
    pub fn alert(code: u8) -> Self {
        let own = format!("alert-{code}");
        Self::alert_as(&[own.as_str(), "alert", "tls"], code)
    }

    /// The alert by which a TLS 1.3 server asks for the client's certificate, once the handshake is
    /// over.
    pub fn client_certificate_required() -> Self {
        Self::alert_as(
            &["client-certificate-required", "alert-116", "alert", "tls"],
            116,
        )
    }

    fn alert_as(names: &[&str], code: u8) -> Self {
        let rfc = Alert::rfc_name(code).unwrap_or("unknown_alert");
        let mut out = Self {
            names: names.iter().map(|&n| n.to_owned()).collect(),
            values: Facts::new(),
        };
        let camel = rfc.split('_').map(|word| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |first| {
                first.to_uppercase().chain(letters).collect()
            })
        });
        out.values.extend([
            ("ALERT", code.to_string()),
            (
                "ALERT_CODE",
                format!("{:08X}", 0x0a00_0000 + 1000 + u32::from(code)),
            ),
            ("ALERT_WORDS", rfc.replace('_', " ")),
            ("ALERT_NAME", rfc.to_uppercase()),
            ("ALERT_RFC", rfc.to_owned()),
            ("ALERT_CAMEL", camel.collect()),
        ]);
        out
    }
}

/// A rejected chain, as one client sees it.
#[derive(Clone, Copy, Debug)]
pub struct Rejected<'a> {
    /// The client.
    pub profile: &'a Profile,
    /// The graph.
    pub chain: &'a Chain,
    /// What the client trusts.
    pub anchors: &'a Anchors,
    /// What was asked.
    pub question: &'a Question,
    /// What its engine answered.
    pub answer: &'a Answer,
}

impl Rejected<'_> {
    /// The reason that the client prints.
    pub(super) fn first(&self) -> Option<&Reason> {
        self.answer.failures.first()
    }

    /// The name that the certificate should have, as it is printed; empty when none was asked for.
    pub(super) fn host(&self) -> String {
        let name = self.question.name.as_ref();
        name.map(super::names::host).unwrap_or_default()
    }

    /// SHA-512 cut to a shorter hash, as Java names it, where the signature that could not be checked has one:
    /// few programs know it.
    pub(super) fn cut_hash(&self, reason: &Reason) -> Option<&'static str> {
        if !matches!(reason.kind, ReasonKind::UncheckedSignature(_)) {
            return None;
        }
        facts::cut_hash(self.certificate(reason.node?)?)
    }

    pub(super) fn leaf(&self) -> Option<&Certificate> {
        let id = self.chain.leaf?;
        self.chain.certificate(id).map(AsRef::as_ref)
    }

    pub(super) fn certificate(&self, id: NodeId) -> Option<&Certificate> {
        self.chain.certificate(id).map(AsRef::as_ref)
    }

    pub(super) fn is_leaf(&self, reason: &Reason) -> bool {
        reason.node.is_none() || reason.node == self.chain.leaf
    }

    /// Who the walked path says issued `child`; else whoever could have.
    pub(super) fn issuer_of(&self, child: NodeId) -> Option<NodeId> {
        let path = &self.answer.path;
        let place = path.iter().position(|&n| n == child);
        place.and_then(|i| path.get(i + 1).copied()).or_else(|| {
            let mut links = self.chain.issuers(child);
            links
                .find(|l| l.issuer != child && self.certificate(l.issuer).is_some())
                .map(|l| l.issuer)
        })
    }
}

/// What the client met in a chain that it rejects.
pub fn certificate(rejected: &Rejected<'_>) -> Event {
    let family = rejected.profile.family;
    match rejected.profile.policy.engine {
        _ if family == Family::Dotnet => platforms::dotnet(rejected),
        _ if family == Family::Platform => platforms::platform(rejected),
        Engine::Openssl | Engine::Boringssl => openssl::event(rejected),
        Engine::Gnutls => gnutls::event(rejected),
        Engine::Go => go::event(rejected),
        Engine::Webpki => rustls::event(rejected),
        Engine::Java => java::event(rejected),
        Engine::Nss => browsers::firefox(rejected),
        Engine::Chromium => browsers::chromium(rejected),
        Engine::Rfc5280 => plain::event(rejected),
    }
}
