//! The proof: new processes of the real clients are asked before and after. The endpoint must pass, a public
//! server must still pass (the roots were not replaced), and a wrong name must still fail (verification was
//! not switched off). Where no client of a rung is installed, the verdict is predicted, and marked so.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use crate::moment::Moment;
use crate::target::{Endpoint, Host};
use crate::text;

use super::{Entry, Place, Plan, Rung, TrustError, tool};

mod clients;

use clients::{CLIENTS, Client};

/// A name that no certificate is for (RFC 2606).
pub const WRONG_NAME: &str = "wrong-name.invalid";

/// No client may take longer to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// A network that does not answer within this is not there.
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
    pub fn words(&self) -> &str {
        match self {
            Self::Passed => "passes",
            Self::Refused(_) => "refused",
            Self::Unclear(_) => "unclear",
            Self::NotAsked(_) => "not asked",
        }
    }
}

/// What one client makes of the three servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The client.
    pub client: &'static str,
    /// The endpoint itself.
    pub endpoint: Answer,
    /// A public server.
    pub public: Answer,
    /// The endpoint under a name that its certificate is not for.
    pub wrong_name: Answer,
}

/// What is asked: which clients, about which servers.
#[derive(Clone, Debug)]
pub struct Questions {
    clients: Vec<&'static Client>,
    endpoint: Option<(Server, Option<SocketAddr>)>,
    public: Option<Server>,
    place: Place,
}

/// One server and the name to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub host: String,
    pub port: u16,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every client that was asked passes the endpoint now, and nothing else changed.
    Helped,
    /// The endpoint is still refused, by at least one client that the rung should reach.
    DidNotHelp,
    /// A public server that passed before is refused: the public roots were replaced.
    ReplacedRoots,
    /// The wrong name passes: verification is switched off.
    NotVerified,
    /// No client of this rung is installed, or none could be asked.
    NobodyAsked,
}

impl Questions {
    /// For a plan; `public` is a public server to ask about, when there is a network.
    pub fn of(place: &Place, plan: &Plan, public: Option<(&str, u16)>) -> Self {
        let real = place.machine.root == std::path::Path::new("/");
        let endpoint = plan.capture.target.endpoint();
        let plain = |e: &&Endpoint| e.upgrade.is_none() && e.connect.is_none();
        let endpoint = endpoint.filter(plain).map(|e| {
            let server = Server {
                host: bare(&e.host),
                port: e.port,
            };
            (server, plan.capture.peer)
        });
        let wanted = ids(plan.rung);
        let clients = CLIENTS
            .iter()
            .filter(|client| real && wanted.contains(&client.id))
            .filter(|client| client.is_installed(&place.machine))
            .collect();
        Self {
            clients,
            endpoint,
            public: public
                .filter(|(host, port)| reaches(host, *port))
                .map(|(host, port)| Server {
                    host: host.to_owned(),
                    port,
                }),
            place: place.clone(),
        }
    }

    /// Whether any client can be asked.
    pub fn any(&self) -> bool {
        self.endpoint.is_some() && !self.clients.is_empty()
    }

    /// Asks all of them, beside each other, with these variables set on top of the environment.
    pub fn ask(&self, variables: &[(String, String)]) -> Vec<Asked> {
        let Some((server, address)) = &self.endpoint else {
            return Vec::new();
        };
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for (place, client) in self.clients.iter().enumerate() {
                let sender = sender.clone();
                scope.spawn(move || {
                    let asked = self.one(client, server, *address, variables);
                    let _ = sender.send((place, asked));
                });
            }
        });
        drop(sender);
        let mut all: Vec<(usize, Asked)> = receiver.iter().collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, asked)| asked).collect()
    }

    fn one(
        &self,
        client: &'static Client,
        server: &Server,
        address: Option<SocketAddr>,
        variables: &[(String, String)],
    ) -> Asked {
        let put = |server: &Server, name: &str| -> Answer {
            let Some(mut command) = (client.command)(&self.place.machine, server, name, address)
            else {
                return Answer::NotAsked("this client cannot be asked for it");
            };
            if let Some(home) = &self.place.machine.home {
                command.env("HOME", home);
            }
            command.envs(variables.iter().map(|(name, value)| (name, value)));
            answer(client, command)
        };
        Asked {
            client: client.title,
            endpoint: put(server, &server.host),
            public: match &self.public {
                Some(public) => put(public, &public.host),
                None => Answer::NotAsked("no network, or none wanted"),
            },
            wrong_name: put(server, WRONG_NAME),
        }
    }
}

/// What came of it, from the answers before and after.
pub fn outcome(before: &[Asked], after: &[Asked]) -> Outcome {
    if after.is_empty() {
        return Outcome::NobodyAsked;
    }
    if after.iter().any(|asked| asked.wrong_name == Answer::Passed) {
        return Outcome::NotVerified;
    }
    let lost = before
        .iter()
        .zip(after)
        .any(|(b, a)| b.public == Answer::Passed && matches!(a.public, Answer::Refused(_)));
    if lost {
        return Outcome::ReplacedRoots;
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
    /// What came of it.
    pub outcome: Outcome,
}

/// A public server, for the question whether the public roots were replaced.
pub const PUBLIC: (&str, u16) = ("example.com", 443);

/// Carries a plan out on this machine, and asks the clients before and after.
///
/// # Errors
/// [`TrustError`]; everything is as it was then.
pub fn apply_here(plan: &Plan) -> Result<Applied, TrustError> {
    let place = Place::this()?;
    let questions = Questions::of(&place, plan, Some(PUBLIC));
    let before = questions.ask(&[]);
    let entry = super::apply(&place, plan, Moment::now())?;
    let after = questions.ask(&plan.variables);
    let outcome = outcome(&before, &after);
    Ok(Applied {
        entry,
        before,
        after,
        outcome,
    })
}

impl Outcome {
    /// In one sentence.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Helped => "It helped: every client that was asked accepts it now.",
            Self::NobodyAsked => {
                "Written. No client of this rung could be asked here; the verdicts are predicted."
            }
            Self::DidNotHelp => "It did not help everywhere; take it back.",
            Self::ReplacedRoots => {
                "A public server is refused now: the public roots were replaced. Take it back."
            }
            Self::NotVerified => {
                "A wrong name passes: verification is switched off somewhere. Take it back."
            }
        }
    }
}

/// The clients that a rung reaches.
fn ids(rung: Rung) -> &'static [&'static str] {
    match rung {
        Rung::Command | Rung::Bundle => &[
            "curl", "urllib", "requests", "httpx", "node", "git", "openssl",
        ],
        Rung::Project => &["curl", "urllib", "requests", "httpx", "git", "openssl"],
        Rung::Git => &["git"],
        Rung::Java | Rung::JavaOwn => &["java"],
        Rung::System => &["curl", "wget", "urllib", "git", "openssl"],
        _ => &[],
    }
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
    fn the_three_questions_decide() {
        let no = || Answer::Refused("certificate".into());
        let before = [asked(no(), Answer::Passed, no())];
        let after = |e: Answer, p: Answer, w: Answer| outcome(&before, &[asked(e, p, w)]);
        let passed = || Answer::Passed;
        assert_eq!(after(passed(), passed(), no()), Outcome::Helped);
        assert_eq!(after(no(), passed(), no()), Outcome::DidNotHelp);
        assert_eq!(after(passed(), no(), no()), Outcome::ReplacedRoots);
        assert_eq!(after(passed(), passed(), passed()), Outcome::NotVerified);
        assert_eq!(outcome(&before, &[]), Outcome::NobodyAsked);
    }
}
