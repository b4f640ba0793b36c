//! One chain, all clients: who accepts it, who rejects it, and in which words.

use std::sync::Arc;

use super::edition::Edition;
use super::grid::Installed;
use super::peer::{Afterwards, Limits, Peer, Proxy, ProxyAnswer};
use super::shared::Known;
use super::source::SeenSettings;
use super::stack::{Met, Verifies};
use super::trouble::FileTrouble;
use super::trust::{Trust, trust};
use super::{Ipv6Literal, Profile, ProxyUse, Underscore, profiles};
use crate::cert::Certificate;
use crate::chain::{Chain, NodeId};
use crate::judge::engine::{Anchors, Facts, Step};
use crate::judge::words::{self, Event, Facts as Words, Said};
use crate::judge::{Question, Reason, ReasonKind};
use crate::store::{Stores, TrustStore};
use crate::target::Host;

/// What is asked of the clients.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The chain as it was seen.
    pub chain: &'a Chain,
    /// What clients see that do not use the proxy on the way, when that is known.
    pub direct: Option<Direct<'a>>,
    /// Name, time, purpose.
    pub question: &'a Question,
    /// The endpoint; `None` for files.
    pub peer: Option<&'a Peer>,
    /// What the handshake showed beside the certificates.
    pub facts: &'a Facts,
    /// What the clients trust.
    pub trusted: Trusted<'a>,
}

/// The endpoint without the proxy on the way.
#[derive(Clone, Copy, Debug)]
pub struct Direct<'a> {
    /// The chain.
    pub chain: &'a Chain,
    /// The endpoint.
    pub peer: &'a Peer,
    /// What the handshake showed beside the certificates.
    pub facts: &'a Facts,
}

/// What the clients trust.
#[derive(Clone, Copy, Debug)]
pub enum Trusted<'a> {
    /// Each is given this store and nothing else.
    Given {
        /// The store.
        store: &'a TrustStore,
        /// What is wrong with its file, if anything.
        trouble: Option<FileTrouble>,
    },
    /// Each is handed this store by the settings that it has for that: instead of its own where it can, else
    /// beside it.
    Handed {
        /// The store.
        store: &'a TrustStore,
        /// The stores of this machine.
        stores: &'a Stores,
        /// The system has a folder of hashed certificates beside its bundle.
        hashed_folder: bool,
    },
    /// Each reads the store that its defaults, the variables and the configuration lead to.
    Machine {
        /// The stores that were loaded.
        stores: &'a Stores,
        /// Variables and settings.
        settings: &'a SeenSettings,
        /// The system has a folder of hashed certificates beside its bundle.
        hashed_folder: bool,
    },
}

/// How a verdict came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From the client's rules.
    Predicted,
    /// The client itself was run.
    Measured,
}

/// The verdict of one client.
#[derive(Clone, Debug)]
pub struct ClientVerdict {
    /// The client.
    pub client: &'static Profile,
    /// The store in effect, safe to display.
    pub store: String,
    /// What made it so: `default`, `given`, or variables and settings.
    pub store_why: String,
    /// The store stands for one that was not loaded (an own bundle of Mozilla's roots, say).
    pub store_assumed: bool,
    /// The client goes on.
    pub accepted: bool,
    /// How it is known.
    pub kind: Kind,
    /// Every reason against the certificate, the one that is printed first; empty when something else
    /// stopped the client, or nothing.
    pub reasons: Vec<Reason>,
    /// What stopped it, by the event's name: `alert-40`, `small-dh`, `not-tls-http`; empty when
    /// accepted.
    pub stopped_by: String,
    /// What it prints, safe to display; empty when accepted.
    pub message: String,
    /// The nested error beside it.
    pub cause: String,
    /// The path it walked, leaf first.
    pub path: Vec<NodeId>,
    /// What it checked on that path.
    pub steps: Vec<Step>,
    /// It does not use the proxy on the way, and what it sees without is not known: the verdict is for
    /// the chain seen through the proxy.
    pub bypasses_proxy: bool,
}

/// All clients whose engine is written, plain implementations left out; those that fail first.
pub fn verdicts(ask: &Ask<'_>) -> Vec<ClientVerdict> {
    let mut known = Known::default();
    let mut out: Vec<ClientVerdict> = profiles()
        .iter()
        .filter(|p| !p.plain)
        .filter_map(|p| one(p, ask, &mut known))
        .collect();
    out.sort_by_key(|v| v.accepted);
    out
}

/// The same, with a verdict for every edition that was found on the machine.
pub(super) fn verdicts_as_found(
    ask: &Ask<'_>,
    installed: &[Installed],
) -> Vec<(ClientVerdict, Option<Installed>)> {
    let mut known = Known::default();
    let mut out = Vec::new();
    for profile in profiles().iter().filter(|p| !p.plain) {
        let mut here = installed
            .iter()
            .filter(|i| i.client == profile.id)
            .peekable();
        if here.peek().is_none() {
            out.extend(one(profile, ask, &mut known).map(|verdict| (verdict, None)));
        }
        for each in here {
            let verdict = found(profile, &each.edition, ask, &mut known);
            out.extend(verdict.map(|verdict| (verdict, Some(each.clone()))));
        }
    }
    out
}

/// These clients, in their order; those whose engine is not written are left out.
pub fn verdicts_of(
    clients: impl IntoIterator<Item = &'static Profile>,
    ask: &Ask<'_>,
) -> Vec<ClientVerdict> {
    let mut known = Known::default();
    clients
        .into_iter()
        .filter_map(|profile| one(profile, ask, &mut known))
        .collect()
}

/// One client. `None` when its engine is not written, or nothing is known that it could judge.
pub fn verdict(profile: &'static Profile, ask: &Ask<'_>) -> Option<ClientVerdict> {
    one(profile, ask, &mut Known::default())
}

fn one<'a>(
    profile: &'static Profile,
    ask: &Ask<'a>,
    known: &mut Known<'a>,
) -> Option<ClientVerdict> {
    found(profile, &Edition::default(), ask, known)
}

/// The client in the edition that was found.
fn found<'a>(
    base: &'static Profile,
    edition: &Edition,
    ask: &Ask<'a>,
    known: &mut Known<'a>,
) -> Option<ClientVerdict> {
    let profile = base.as_found(edition);
    let profile = profile.as_ref();
    let trust = trust(profile, edition, ask);
    let proxy = ask.peer.and_then(|p| p.proxy.as_ref());
    let by_proxy = proxy.is_some_and(|proxy| uses_proxy(profile, proxy, ask));
    let bypasses = proxy.is_some() && !by_proxy;
    let direct = ask.direct.filter(|_| bypasses);
    let (chain, peer, facts) = match direct {
        Some(direct) => (direct.chain, Some(direct.peer), direct.facts),
        None => (ask.chain, ask.peer, ask.facts),
    };
    let is_direct = direct.is_some();
    let mut out = ClientVerdict {
        client: base,
        store: trust.title.clone(),
        store_why: trust.in_effect.why.clone(),
        store_assumed: trust.assumed,
        accepted: true,
        kind: Kind::Predicted,
        reasons: Vec::new(),
        stopped_by: String::new(),
        message: String::new(),
        cause: String::new(),
        path: Vec::new(),
        steps: Vec::new(),
        bypasses_proxy: bypasses && !is_direct,
    };
    let client = Client {
        profile,
        ask,
        chain,
        peer,
        facts,
        is_direct,
        by_proxy,
        trust: &trust,
        anchors: known.anchors(ask, chain, is_direct, &trust.stores, &profile.policy),
    };
    if let Some(event) = client.meets(known, &mut out)? {
        let wants_certificate = peer.is_some_and(|p| p.afterwards == Afterwards::ClientCertificate);
        let of_file = trust.trouble.map(FileTrouble::names).unwrap_or_default();
        let named_by = of_file.iter().map(|n| format!("{n}@{}", trust.named_by));
        let named_by: Vec<String> = named_by.chain([trust.named_by.clone()]).collect();
        let mut tags = Vec::new();
        tags.extend(trust.in_effect.is_default.then_some("default"));
        tags.extend(named_by.iter().map(String::as_str));
        tags.extend(of_file);
        tags.extend(wants_certificate.then_some("client-certificate"));
        tags.extend(by_proxy.then_some("proxy"));
        let Said { message, cause } = profile.speech.say(&event, &client.words(), &tags);
        out.accepted = false;
        out.stopped_by = event.names.first().cloned().unwrap_or_default();
        out.message = message;
        out.cause = cause;
    }
    Some(out)
}

/// The client asks the proxy of the environment.
fn uses_proxy(profile: &Profile, proxy: &Proxy, ask: &Ask<'_>) -> bool {
    let reads = |name: &String| profile.proxy_variables.contains(name);
    if !proxy.variables.is_empty() && !proxy.variables.iter().any(reads) {
        return false;
    }
    match profile.proxy {
        ProxyUse::Honoured | ProxyUse::InClear => true,
        ProxyUse::Ignored => false,
        // Through a proxy the name is not looked up here; without it, it is.
        ProxyUse::NotForLoopback => {
            let direct = ask.direct.and_then(|direct| direct.peer.address);
            let address = direct.or(ask.peer.and_then(|p| p.address));
            !is_localhost(ask.peer) && !address.is_some_and(|address| address.is_loopback())
        }
        ProxyUse::NotForLocalhost => !is_localhost(ask.peer),
    }
}

/// The URL says `localhost`, or an address of this machine.
fn is_localhost(peer: Option<&Peer>) -> bool {
    peer.is_some_and(|p| match &p.host {
        Host::Name { ascii, .. } => ascii == "localhost",
        Host::Ip(ip) => ip.is_loopback(),
    })
}

struct Client<'a, 'b> {
    profile: &'b Profile,
    ask: &'b Ask<'a>,
    chain: &'b Chain,
    peer: Option<&'b Peer>,
    facts: &'b Facts,
    is_direct: bool,
    by_proxy: bool,
    trust: &'b Trust<'a>,
    anchors: Arc<Anchors>,
}

impl Client<'_, '_> {
    /// What stops this client, in the order in which it meets things; the outer `None` when nothing
    /// can be said.
    fn meets(&self, known: &mut Known<'_>, out: &mut ClientVerdict) -> Option<Option<Event>> {
        if let Some(event) = self.before_connecting() {
            return Some(Some(event));
        }
        if let Some(peer) = self.peer {
            if peer.plain_url {
                return Some(None);
            }
            if self.by_proxy {
                if let Some(event) = self.proxy() {
                    return Some(Some(event));
                }
                if self.profile.proxy == ProxyUse::InClear {
                    return Some(None);
                }
            }
        }
        let sent = self.sent();
        let stack = &self.profile.stack;
        let met = match self.peer {
            Some(peer) => stack.meets(peer, &sent),
            // An implementation's rules for certificates end where the handshake begins.
            None if self.profile.plain => Met::default(),
            None => stack.meets_file(&Limits::default(), &sent),
        };
        if met.before.is_some() {
            return Some(met.before);
        }
        let afterwards = self.profile.stack.verifies == Verifies::Afterwards;
        if afterwards && met.during.is_some() {
            return Some(met.during);
        }
        self.chain.leaf?;
        let event = self.certificate(known, out)?;
        Some(event.or(met.during).or(met.after))
    }

    /// What the client refuses without a connection: its own settings, the URL.
    fn before_connecting(&self) -> Option<Event> {
        let speech = &self.profile.speech;
        let quirks = self.profile.quirks;
        if quirks.underscore == Underscore::UrlRefused && self.has_underscore() {
            return Some(Event::new(["url-refused"]));
        }
        if let Some(trouble) = self.trust.trouble
            && trouble.is_loud(self.profile, &self.trust.named_by)
        {
            return Some(Event::new(trouble.names()));
        }
        let peer = self.peer?;
        if peer.plain_url && speech.has("message", "plain-http-url") {
            return Some(Event::new(["plain-http-url"]));
        }
        if quirks.ipv6 == Ipv6Literal::LookedUp && is_ipv6(&peer.host) {
            return Some(Event::new(["no-such-name"]));
        }
        None
    }

    fn proxy(&self) -> Option<Event> {
        match &self.peer?.proxy.as_ref()?.answer {
            ProxyAnswer::Tunnel => None,
            ProxyAnswer::Refused => Some(Event::new(["proxy-refused", "refused"])),
            ProxyAnswer::Closed => Some(Event::new(["proxy-closed", "proxy-refused", "refused"])),
            ProxyAnswer::Status(code, words) => {
                let own = format!("proxy-status-{code}");
                Some(
                    Event::new([own.as_str(), "proxy-status"])
                        .with("STATUS", code.to_string())
                        .with("STATUS_WORDS", words.clone()),
                )
            }
        }
    }

    fn certificate(&self, known: &mut Known<'_>, out: &mut ClientVerdict) -> Option<Option<Event>> {
        let policy = match &self.profile.overridden {
            Some(policy) if !self.trust.in_effect.is_default => policy,
            _ => &self.profile.policy,
        };
        let answer = known.answer(
            self.ask,
            (self.chain, self.facts),
            self.is_direct,
            policy,
            &self.anchors,
        )?;
        out.path.clone_from(&answer.path);
        out.steps.clone_from(&answer.steps);
        out.reasons.clone_from(&answer.failures);
        let wrong_name = answer.failures.first().is_some_and(|r| {
            matches!(
                r.kind,
                ReasonKind::NameMismatch { .. } | ReasonKind::NameOnlyInCommonName { .. }
            )
        });
        if answer.accepted || wrong_name {
            let quirks = self.profile.quirks;
            if quirks.underscore == Underscore::NameRefused && self.has_underscore() {
                return Some(Some(Event::new(["illegal-name", "certificate"])));
            }
            if quirks.ipv6 == Ipv6Literal::NameRefused
                && self.ask.question.name.as_ref().is_some_and(is_ipv6)
            {
                return Some(Some(Event::new(["closed"])));
            }
        }
        if answer.accepted {
            return Some(None);
        }
        let mut event = words::certificate(&words::Rejected {
            profile: self.profile,
            chain: self.chain,
            anchors: &self.anchors,
            question: self.ask.question,
            answer: &answer,
        });
        if self.by_proxy {
            let last = event.names.len().saturating_sub(1);
            event.names.insert(last, "proxy-certificate".to_owned());
        }
        Some(Some(event))
    }

    /// The certificates as sent, leaf first.
    fn sent(&self) -> Vec<&Certificate> {
        let leaf = self.chain.leaf;
        let others = self
            .chain
            .iter()
            .filter(|&(id, n)| Some(id) != leaf && n.is_sent());
        leaf.into_iter()
            .filter_map(|id| self.chain.certificate(id))
            .chain(others.filter_map(|(_, n)| n.certificate.as_ref()))
            .map(AsRef::as_ref)
            .collect()
    }

    fn has_underscore(&self) -> bool {
        let name = self.ask.question.name.as_ref();
        matches!(name, Some(Host::Name { ascii, .. }) if ascii.contains('_'))
    }

    /// What fills the placeholders.
    fn words(&self) -> Words {
        let mut out = Words::new();
        let host = match self.peer {
            Some(peer) => Some(&peer.host),
            None => self.ask.question.name.as_ref(),
        };
        if let Some(host) = host {
            let (bare, bracketed, kind) = match host {
                Host::Name { ascii, .. } => (ascii.clone(), ascii.clone(), "hostname"),
                Host::Ip(ip) if ip.is_ipv6() => (ip.to_string(), format!("[{ip}]"), "IPv6 address"),
                Host::Ip(ip) => (ip.to_string(), ip.to_string(), "IPv4 address"),
            };
            let port = self
                .ask
                .peer
                .map_or_else(|| "443".to_owned(), |p| p.port.to_string());
            let netloc = match port.as_str() {
                "443" => bracketed.clone(),
                port => format!("{bracketed}:{port}"),
            };
            let typed = match self.peer {
                Some(peer) if peer.names_port => format!("{bracketed}:{port}"),
                _ => netloc.clone(),
            };
            out.extend([
                ("HOST", bare),
                ("TYPED", typed),
                ("AUTHORITY", format!("{bracketed}:{port}")),
                ("NETLOC", netloc),
                ("BRACKETED", bracketed),
                ("HOST_KIND", kind.to_lowercase()),
                ("HOST_KIND817", kind.to_owned()),
                ("PORT", port),
            ]);
        }
        if let Some(peer) = self.peer {
            if let Some(address) = peer.address {
                let shown = if address.is_ipv6() {
                    format!("[{address}]")
                } else {
                    address.to_string()
                };
                out.extend([("ADDR", address.to_string()), ("PEERADDR", shown)]);
            }
            if let Some(proxy) = &peer.proxy {
                out.extend([
                    ("PROXY", proxy.host.clone()),
                    ("PROXYPORT", proxy.port.to_string()),
                ]);
            }
        }
        let file = self.trust.file.as_ref().map(|f| f.display().to_string());
        let default = self.profile.values.get("DEFAULT_CAFILE").cloned();
        if let Some(file) = file.or(default) {
            out.insert("CAFILE", file);
        }
        if let Some((at, letter)) = self.trust.trouble.and_then(FileTrouble::letter) {
            out.insert("LETTER_AT", at.to_string());
            out.insert("LETTER", letter.to_string());
        }
        out
    }
}

fn is_ipv6(host: &Host) -> bool {
    matches!(host, Host::Ip(ip) if ip.is_ipv6())
}
