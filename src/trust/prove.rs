//! The proof: new processes of the real clients are asked before and after. The endpoint must pass, and a
//! wrong name must still fail (verification was not switched off). Whether the public roots stand is read back
//! from what was written; a public server is asked only when the person wants that. Where no client of a rung
//! is installed, the verdict is predicted, and marked so.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use crate::moment::Moment;
use crate::target::{Endpoint, Host};
use crate::text;

use super::journal::{Asking, Said};
use super::{Entry, Place, Plan, Roots, Rung, TrustError, tool};

mod clients;
mod undone;

use clients::{CLIENTS, Client};
pub use undone::{Again, Turned, Undone, undo, undo_here};

/// A name that no certificate is for (RFC 2606).
pub const WRONG_NAME: &str = "wrong-name.invalid";

/// The public server that the screen offers to ask.
pub const PUBLIC: &str = "example.com";

/// No client may take longer to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// A server that does not answer within this is not there.
const NETWORK: Duration = Duration::from_secs(3);

/// What a client made of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It went on.
    Passed,
    /// It refused the certificate; in its words, safe to display.
    Refused(String),
    /// Something else was in the way; in its words, safe to display.
    Unclear(String),
    /// It was not asked, and why.
    NotAsked(&'static str),
}

impl Answer {
    /// In words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Passed => "passes",
            Self::Refused(_) => "refused",
            Self::Unclear(_) => "unclear",
            Self::NotAsked(_) => "not asked",
        }
    }
}

/// What one client makes of the servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The client.
    pub client: &'static str,
    /// The endpoint itself.
    pub endpoint: Answer,
    /// A public server, when one is asked.
    pub public: Answer,
    /// The endpoint under a name that its certificate is not for.
    pub wrong_name: Answer,
}

/// One server and the name to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Server {
    /// The server of an endpoint.
    pub fn of(endpoint: &Endpoint) -> Self {
        Self {
            host: bare(&endpoint.host),
            port: endpoint.port,
        }
    }
}

/// What is asked: which clients, about which servers.
#[derive(Clone, Debug)]
struct Questions {
    clients: Vec<&'static Client>,
    endpoint: Option<(Server, Option<SocketAddr>)>,
    public: Result<Server, &'static str>,
    place: Place,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every client that was asked passes the endpoint now, and nothing else changed.
    Helped,
    /// The endpoint is still refused, by at least one client that the rung should reach.
    DidNotHelp,
    /// Public roots are gone, or a public server that passed before is refused.
    ReplacedRoots,
    /// The wrong name passes: verification is switched off.
    NotVerified,
    /// No client of this rung is installed, or none could be asked.
    NobodyAsked,
}

/// The variables that a client is started with.
#[derive(Clone, Copy, Debug, Default)]
struct Setting<'a> {
    set: &'a [(String, String)],
    unset: &'a [String],
}

impl Questions {
    /// For a plan; `public` is a public server to ask about too.
    fn of(place: &Place, plan: &Plan, public: Option<&Server>) -> Self {
        let endpoint = plan.capture.target.endpoint();
        let plain = |e: &&Endpoint| e.upgrade.is_none() && e.connect.is_none();
        let endpoint = endpoint
            .filter(plain)
            .map(|e| (Server::of(e), plan.capture.peer));
        let wanted = ids(plan.rung);
        // What does not read a .env by itself is not asked as if it did.
        let dotenv = plan.rung == Rung::Project
            && !plan
                .variables
                .iter()
                .any(|(n, _)| n == "NODE_EXTRA_CA_CERTS");
        let reads = |id: &str| !dotenv || DOTENV.contains(&id);
        Self {
            clients: installed(place, |id| wanted.contains(&id) && reads(id)),
            endpoint,
            public: match public {
                None => Err("nobody asked for it"),
                Some(server) if reaches(&server.host, server.port) => Ok(server.clone()),
                Some(_) => Err("it does not answer"),
            },
            place: place.clone(),
        }
    }

    /// Asks all of them about all servers.
    fn ask(&self, setting: Setting<'_>) -> Vec<Asked> {
        let Some((server, address)) = &self.endpoint else {
            return Vec::new();
        };
        self.each(|client| {
            let put =
                |server: &Server, name: &str| self.answer(client, server, name, *address, setting);
            Asked {
                client: client.title,
                endpoint: put(server, &server.host),
                public: match &self.public {
                    Ok(public) => put(public, &public.host),
                    Err(why) => Answer::NotAsked(why),
                },
                wrong_name: put(server, WRONG_NAME),
            }
        })
    }

    /// Every client beside the others; what each made, in their order.
    fn each<T: Send>(&self, ask: impl Fn(&'static Client) -> T + Sync) -> Vec<T> {
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for (place, client) in self.clients.iter().enumerate() {
                let (sender, ask) = (sender.clone(), &ask);
                scope.spawn(move || {
                    let _ = sender.send((place, ask(client)));
                });
            }
        });
        drop(sender);
        let mut all: Vec<(usize, T)> = receiver.iter().collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, made)| made).collect()
    }

    fn answer(
        &self,
        client: &Client,
        server: &Server,
        name: &str,
        address: Option<SocketAddr>,
        setting: Setting<'_>,
    ) -> Answer {
        let Some(mut command) = client.command(&self.place.machine, server, name, address) else {
            return Answer::NotAsked("this client cannot be asked for it");
        };
        if let Some(home) = &self.place.machine.home {
            command.env("HOME", home);
        }
        for name in setting.unset {
            command.env_remove(name);
        }
        command.envs(setting.set.iter().map(|(name, value)| (name, value)));
        answer(client, command)
    }

    /// What is noted of them, so that they can be asked again.
    fn noted(&self, plan: &Plan, before: &[Asked]) -> Option<Asking> {
        let (server, address) = self.endpoint.as_ref()?;
        let clients = self.clients.iter().zip(before);
        Some(Asking {
            host: server.host.clone(),
            port: server.port,
            address: *address,
            variables: plan.variables.clone(),
            clients: clients
                .map(|(client, asked)| Said {
                    client: client.id.to_owned(),
                    said: asked.endpoint.words().to_owned(),
                })
                .collect(),
        })
    }
}

/// The clients of this machine among the wanted; none of a machine that is not this one.
fn installed(place: &Place, wanted: impl Fn(&str) -> bool) -> Vec<&'static Client> {
    let real = place.machine.root == std::path::Path::new("/");
    CLIENTS
        .iter()
        .filter(|client| real && wanted(client.id))
        .filter(|client| client.is_installed(&place.machine))
        .collect()
}

/// What came of it, from the answers before and after and what was read back.
pub fn outcome(before: &[Asked], after: &[Asked], roots: &Roots) -> Outcome {
    if after.iter().any(|asked| asked.wrong_name == Answer::Passed) {
        return Outcome::NotVerified;
    }
    let lost = before
        .iter()
        .zip(after)
        .any(|(b, a)| b.public == Answer::Passed && matches!(a.public, Answer::Refused(_)));
    if lost || matches!(roots, Roots::Lost { .. }) {
        return Outcome::ReplacedRoots;
    }
    if after.is_empty() {
        return Outcome::NobodyAsked;
    }
    match after.iter().all(|asked| asked.endpoint == Answer::Passed) {
        true => Outcome::Helped,
        false => Outcome::DidNotHelp,
    }
}

/// What was done, and what came of it.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The entry of the journal.
    pub entry: Entry,
    /// What the clients said before.
    pub before: Vec<Asked>,
    /// What they say now.
    pub after: Vec<Asked>,
    /// Whether the public roots stand where it was written.
    pub roots: Roots,
    /// The public server that was asked too.
    pub public: Option<Server>,
    /// What came of it.
    pub outcome: Outcome,
    /// Lines to use it, as the plan had them; none where programs see it by themselves.
    pub lines: Vec<String>,
}

impl Applied {
    /// Whether the public roots stand, and how that is known, in words.
    pub fn roots_told(&self) -> String {
        let words = self.roots.words();
        match (&self.roots, &self.public) {
            (Roots::Kept { .. }, None) => format!("{words} No other server was asked."),
            _ => words,
        }
    }
}

/// Carries a plan out, and asks the clients before and after; `written` is told in between. Nobody but the
/// endpoint is contacted, unless a `public` server is named.
///
/// # Errors
/// [`TrustError`]; everything is as it was then.
pub fn apply(
    place: &Place,
    plan: &Plan,
    public: Option<&Server>,
    written: &mut dyn FnMut(&Entry),
) -> Result<Applied, TrustError> {
    if plan.is_forbidden() {
        return Err(TrustError::NeedsRoot);
    }
    let questions = Questions::of(place, plan, public);
    let before = questions.ask(Setting::default());
    let asking = questions.noted(plan, &before);
    let entry = super::apply::apply_asked(place, plan, Moment::now(), asking)?;
    written(&entry);
    let after = questions.ask(Setting {
        set: &plan.variables,
        unset: &[],
    });
    let roots = plan.roots.as_ref().map_or(Roots::Untouched, |r| r.look());
    Ok(Applied {
        outcome: outcome(&before, &after, &roots),
        entry,
        before,
        after,
        roots,
        public: public.cloned(),
        // Where programs see it by themselves, nothing is left to type.
        lines: match plan.rung.touches_others() {
            true => Vec::new(),
            false => plan.lines.clone(),
        },
    })
}

/// The same on this machine; `public`: ask [`PUBLIC`] too.
///
/// # Errors
/// As [`apply`]'s.
pub fn apply_here(plan: &Plan, public: bool) -> Result<Applied, TrustError> {
    let server = Server {
        host: PUBLIC.to_owned(),
        port: 443,
    };
    let public = public.then_some(&server);
    apply(&Place::this()?, plan, public, &mut |_| ())
}

impl Outcome {
    /// In one sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Helped => "It helped: every client that was asked accepts it now.",
            Self::NobodyAsked => {
                "Written. No client of this step could be asked here; the verdicts are predicted."
            }
            Self::DidNotHelp => "It did not help everywhere; take it back.",
            Self::ReplacedRoots => {
                "The public roots were replaced: public servers are refused now. Take it back."
            }
            Self::NotVerified => {
                "A wrong name passes: verification is switched off somewhere. Take it back."
            }
        }
    }

    /// Nothing needs to be taken back.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Helped | Self::NobodyAsked)
    }
}

/// Of these, those whose programs read a `.env`, with python-dotenv.
const DOTENV: &[&str] = &["urllib", "requests", "httpx"];

/// The clients that a rung reaches.
fn ids(rung: Rung) -> &'static [&'static str] {
    match rung {
        Rung::Command | Rung::Project | Rung::Bundle => &[
            "curl", "urllib", "requests", "httpx", "pip", "node", "git", "openssl",
        ],
        Rung::Git => &["git"],
        Rung::Java | Rung::JavaOwn => &["java"],
        Rung::System => &["curl", "wget", "urllib", "git", "openssl"],
        _ => &[],
    }
}

/// Clients are asked when something is done on this rung.
pub fn asks(rung: Rung) -> bool {
    !ids(rung).is_empty()
}

fn bare(host: &Host) -> String {
    match host {
        Host::Name { ascii, .. } => ascii.clone(),
        Host::Ip(ip) => ip.to_string(),
    }
}

/// A server answers; asked on a thread of its own, because resolvers know no limit.
fn reaches(host: &str, port: u16) -> bool {
    let (sender, receiver) = mpsc::channel();
    let host = host.to_owned();
    std::thread::spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs();
        let reached = found.is_ok_and(|mut all| {
            all.any(|address| TcpStream::connect_timeout(&address, NETWORK).is_ok())
        });
        let _ = sender.send(reached);
    });
    receiver.recv_timeout(NETWORK).unwrap_or(false)
}

/// Runs a client and understands how it ended.
fn answer(client: &Client, command: Command) -> Answer {
    let ended = match tool::finish(command, None, LIMIT) {
        Ok(ended) => ended,
        Err(words) => return Answer::Unclear(text::safe(&words).into_owned()),
    };
    if ended.ok {
        return Answer::Passed;
    }
    let lower = ended.words.to_lowercase();
    let line = ended
        .words
        .lines()
        .rev()
        .find(|line| is_about_certificates(&line.to_lowercase()))
        .or_else(|| ended.words.lines().last())
        .unwrap_or_default();
    let line = text::clip(line, 200).into_owned();
    if is_about_certificates(&lower) {
        return Answer::Refused(line);
    }
    // What speaks TLS but not what the client wanted to hear has passed.
    if client.after_tls.iter().any(|words| lower.contains(words)) {
        return Answer::Passed;
    }
    Answer::Unclear(line)
}

fn is_about_certificates(lower: &str) -> bool {
    [
        "certificate",
        "cert_",
        "pkix",
        "ssl:",
        "self_signed",
        "unable_to_",
        "altname",
        "hostname mismatch",
    ]
    .iter()
    .any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(endpoint: Answer, public: Answer, wrong_name: Answer) -> Asked {
        Asked {
            client: "curl",
            endpoint,
            public,
            wrong_name,
        }
    }

    #[test]
    fn the_questions_decide() {
        let no = || Answer::Refused("certificate".into());
        let before = [asked(no(), Answer::Passed, no())];
        let kept = Roots::Untouched;
        let after = |e: Answer, p: Answer, w: Answer| outcome(&before, &[asked(e, p, w)], &kept);
        let passed = || Answer::Passed;
        assert_eq!(after(passed(), passed(), no()), Outcome::Helped);
        assert_eq!(after(no(), passed(), no()), Outcome::DidNotHelp);
        assert_eq!(after(passed(), no(), no()), Outcome::ReplacedRoots);
        assert_eq!(after(passed(), passed(), passed()), Outcome::NotVerified);
        assert_eq!(outcome(&before, &[], &kept), Outcome::NobodyAsked);
        let lost = Roots::Lost {
            path: "bundle.pem".into(),
            gone: 1,
            of: 2,
        };
        let helped = [asked(passed(), passed(), no())];
        assert_eq!(outcome(&before, &helped, &lost), Outcome::ReplacedRoots);
        assert_eq!(outcome(&[], &[], &lost), Outcome::ReplacedRoots);
    }
}
