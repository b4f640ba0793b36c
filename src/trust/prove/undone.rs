//! The proof of an undo: the clients that were asked when it was applied are asked again, before and after.

use std::net::SocketAddr;

use crate::text;
use crate::trust::journal::Asking;
use crate::trust::{Entry, Place, TrustError, undo as journal};

use super::{Answer, Questions, Server, Setting, installed, reaches};

/// What was undone, and what the clients say now.
#[derive(Clone, Debug)]
pub struct Undone {
    /// The entry, which the journal no longer holds.
    pub entry: Entry,
    /// What they say.
    pub again: Again,
}

/// Whether the clients could be asked again.
#[derive(Clone, Debug)]
pub enum Again {
    /// They were.
    Asked(Vec<Turned>),
    /// The server does not answer now; safe to display.
    Silent(String),
    /// None was asked when it was applied, or none of them is here any more.
    Nobody,
}

/// How the verdict of one client turned back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// The client.
    pub client: &'static str,
    /// What it said before it was ever trusted.
    pub once: String,
    /// What it said until now.
    pub trusted: Answer,
    /// What it says now.
    pub now: Answer,
}

impl Turned {
    /// It says again what it said before.
    pub fn is_as_before(&self) -> bool {
        self.now.words() == self.once
    }

    /// In words: `passes → refused, as before`.
    pub fn words(&self) -> String {
        let turned = format!("{} → {}", self.trusted.words(), self.now.words());
        if self.is_as_before() {
            return format!("{turned}, as before");
        }
        let once = text::safe(&self.once);
        match self.now {
            Answer::Passed => format!("{turned} (before: {once}; something else lets it pass)"),
            _ => format!("{turned} (before: {once})"),
        }
    }
}

impl Again {
    /// In one sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Asked(turned) if turned.iter().all(Turned::is_as_before) => {
                "Asked again, in new processes: each says what it said before.".to_owned()
            }
            Self::Asked(turned) if turned.iter().any(|t| t.now == Answer::Passed) => {
                "Asked again, in new processes: some do not say what they said before. What else is trusted is in \
                 whycert trust list and whycert stores."
                    .to_owned()
            }
            Self::Asked(_) => {
                "Asked again, in new processes: some do not say what they said before.".to_owned()
            }
            Self::Silent(server) => {
                format!("{server} does not answer now, so the clients were not asked again.")
            }
            Self::Nobody => "No client was asked again: none was asked when it was applied, or it \
                             is no longer here."
                .to_owned(),
        }
    }
}

/// Undoes one entry, and asks its clients before and after.
///
/// # Errors
/// As [`crate::trust::undo()`]'s.
pub fn undo(place: &Place, named: &str) -> Result<Undone, TrustError> {
    let entry = journal::find(place, named)?;
    let asking = entry.asking.as_ref().filter(|a| !a.clients.is_empty());
    let Some(asking) = asking else {
        return Ok(Undone {
            entry: journal::undo(place, &entry.id)?,
            again: Again::Nobody,
        });
    };
    let questions = again(place, asking);
    if !reaches(&asking.host, asking.port) {
        let server = format!("{}:{}", text::safe(&asking.host), asking.port);
        return Ok(Undone {
            entry: journal::undo(place, &entry.id)?,
            again: Again::Silent(server),
        });
    }
    let trusted = endpoint(
        &questions,
        Setting {
            set: &asking.variables,
            unset: &[],
        },
    );
    let undone = journal::undo(place, &entry.id)?;
    // What a shell still sets to a file that is gone is to be unset, and is not the answer.
    let unset: Vec<String> = asking
        .variables
        .iter()
        .filter(|(name, value)| std::env::var(name).is_ok_and(|now| now == *value))
        .map(|(name, _)| name.clone())
        .collect();
    let now = endpoint(
        &questions,
        Setting {
            set: &[],
            unset: &unset,
        },
    );
    let turned = questions
        .clients
        .iter()
        .zip(trusted.into_iter().zip(now))
        .map(|(client, (trusted, now))| Turned {
            client: client.title,
            once: asking
                .clients
                .iter()
                .find(|said| said.client == client.id)
                .map(|said| said.said.clone())
                .unwrap_or_default(),
            trusted,
            now,
        })
        .collect::<Vec<_>>();
    Ok(Undone {
        entry: undone,
        again: match turned.is_empty() {
            true => Again::Nobody,
            false => Again::Asked(turned),
        },
    })
}

/// The same on this machine.
///
/// # Errors
/// As [`undo`]'s.
pub fn undo_here(named: &str) -> Result<Undone, TrustError> {
    undo(&Place::this()?, named)
}

/// The same questions as when it was applied.
fn again(place: &Place, asking: &Asking) -> Questions {
    let server = Server {
        host: asking.host.clone(),
        port: asking.port,
    };
    Questions {
        clients: installed(place, |id| asking.clients.iter().any(|c| c.client == id)),
        endpoint: Some((server, asking.address)),
        public: Err("it is not asked when something is undone"),
        place: place.clone(),
    }
}

/// What each makes of the endpoint alone.
fn endpoint(questions: &Questions, setting: Setting<'_>) -> Vec<Answer> {
    let Some((server, address)) = &questions.endpoint else {
        return Vec::new();
    };
    let address: Option<SocketAddr> = *address;
    questions.each(|client| questions.answer(client, server, &server.host, address, setting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_turn_back_is_said() {
        let turned = |once: &str, now: Answer| Turned {
            client: "curl",
            once: once.to_owned(),
            trusted: Answer::Passed,
            now,
        };
        let back = turned("refused", Answer::Refused("certificate".into()));
        assert_eq!(back.words(), "passes → refused, as before");
        let still = turned("refused", Answer::Passed);
        assert!(still.words().contains("something else lets it pass"));
        assert!(!still.is_as_before());
        let words = |all: Vec<Turned>| Again::Asked(all).words();
        assert!(words(vec![back.clone()]).contains("each says what it said before"));
        assert!(words(vec![back, still]).contains("whycert trust list"));
    }
}
