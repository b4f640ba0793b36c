//! The grid: every client with its verdict on one chain, those found on this machine marked, and beside
//! the prediction what the client itself said where it was asked.

use std::path::PathBuf;
use std::time::Duration;

use super::verdict::{Ask, ClientVerdict, Direct, Kind, Trusted, verdicts_as_found};
use super::{Edition, Peer, Profile, SeenSettings};
use crate::chain::Chain;
use crate::judge::words::is_placeholder;
use crate::judge::{Facts, Question};
use crate::store::Stores;
use crate::text;

/// A client found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// [`Profile::id`] of the profile that fits best.
    pub client: &'static str,
    /// The program.
    pub program: PathBuf,
    /// What it says of itself, safe to display.
    pub version: String,
    /// The profile was measured on this very line of versions; else it is the nearest one known.
    pub same_line: bool,
    /// In what it differs from the profile.
    pub edition: Edition,
    /// Further programs on this machine that give the same answer for the same reasons.
    pub others: usize,
    /// Why it cannot be asked, when its kind of installation does not let it.
    pub unasked: Option<&'static str>,
}

/// What a client itself said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// [`Profile::id`].
    pub client: &'static str,
    /// The program that was run: a machine may have several of one profile.
    pub program: PathBuf,
    /// What it is and which version, safe to display.
    pub version: String,
    /// The command, as a shell takes it, safe to display.
    pub command: String,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub said: Said,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It went on.
    Accepted,
    /// It refused, in these words (lines joined by ` | `), with the nested cause where it has one; both
    /// safe to display.
    Rejected {
        /// What it prints.
        message: String,
        /// The nested error.
        cause: String,
    },
    /// It could not be asked: why, safe to display.
    NotAsked(String),
}

/// One client.
#[derive(Clone, Debug)]
pub struct ClientRow {
    /// What its rules say.
    pub predicted: ClientVerdict,
    /// It is on this machine.
    pub installed: Option<Installed>,
    /// It was asked.
    pub measured: Option<Measured>,
    /// Whether its rules accept without what is assumed; `None` when nothing is.
    pub actually: Option<bool>,
}

/// Where the client itself says otherwise than was predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Accepted instead of rejected, or the other way round.
    Verdict,
    /// The same verdict in other words.
    Words,
}

/// All clients.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Those that fail first; of each kind those on this machine first.
    pub rows: Vec<ClientRow>,
    /// The chain they were judged on: with the anchors of all stores in [`Grid::stores`].
    pub chain: Chain,
    /// The stores that were known.
    pub stores: Stores,
    /// Every store of this machine was read, not only those that decide.
    pub surveyed: bool,
}

/// [`ClientVerdict::stopped_by`] when the server's signature in the handshake is wrong.
pub const KEY_NOT_PROVED: &str = "key-not-proved";

/// What a grid is made of, beside the chain.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Name, time, purpose.
    pub question: &'a Question,
    /// The endpoint; `None` for files.
    pub peer: Option<&'a Peer>,
    /// What the handshake showed beside the certificates.
    pub facts: &'a Facts,
    /// What clients see that do not use the proxy on the way, when somebody looked.
    pub direct: Option<Direct<'a>>,
    /// The server could not show that it holds the key of its certificate.
    pub key_not_proved: bool,
    /// Clients found on this machine.
    pub installed: &'a [Installed],
    /// What clients said of this endpoint. Left out when the question is about another world: another
    /// time, pretended trust.
    pub measured: &'a [Measured],
}

impl Grid {
    /// Judges by all clients. A store that was given (`--ca`), and stores that belong to no machine, are
    /// given to each of them.
    pub fn of(chain: Chain, stores: Stores, surveyed: bool, asked: &Asked<'_>) -> Self {
        let settings;
        let given = stores.given();
        let trusted = match (stores.environment(), given.or(stores.deciding())) {
            (Some(found), Some(store)) if given.is_some() => Trusted::Handed {
                store,
                stores: &stores,
                hashed_folder: found.openssl_folder,
            },
            (Some(found), _) => {
                settings = SeenSettings::of(found, asked.peer);
                Trusted::Machine {
                    stores: &stores,
                    settings: &settings,
                    hashed_folder: found.openssl_folder,
                }
            }
            (_, Some(store)) => Trusted::Given {
                store,
                trouble: None,
            },
            (_, None) => {
                settings = SeenSettings::empty();
                Trusted::Machine {
                    stores: &stores,
                    settings: &settings,
                    hashed_folder: false,
                }
            }
        };
        let judged = verdicts_as_found(
            &Ask {
                chain: &chain,
                direct: asked.direct,
                question: asked.question,
                peer: asked.peer,
                facts: asked.facts,
                trusted,
            },
            asked.installed,
        );
        let mut rows: Vec<ClientRow> = Vec::with_capacity(judged.len());
        for (mut predicted, installed) in judged {
            if asked.key_not_proved && predicted.accepted {
                // Every client checks this signature, after the certificate; its words are not known.
                predicted.accepted = false;
                predicted.stopped_by = KEY_NOT_PROVED.to_owned();
            }
            let row = ClientRow::of(predicted, installed, asked.measured);
            // A second program that judges the same is no row of its own.
            match rows.iter_mut().find(|first| first.stands_for(&row)) {
                Some(first) => first.installed.iter_mut().for_each(|i| i.others += 1),
                None => rows.push(row),
            }
        }
        rows.sort_by_key(|row| (row.accepted(), row.installed.is_none()));
        tell_apart(&mut rows);
        Self {
            rows,
            chain,
            stores,
            surveyed,
        }
    }

    /// How many reject, and how many there are.
    pub fn rejected(&self) -> (usize, usize) {
        let no = self.rows.iter().filter(|row| !row.accepted()).count();
        (no, self.rows.len())
    }

    /// Remembers with every client what its rules say without what is assumed here.
    pub fn compare(&mut self, actual: &Self) {
        for row in &mut self.rows {
            let program = |r: &ClientRow| r.installed.as_ref().map(|i| i.program.clone());
            let here = program(row);
            let same =
                |r: &&ClientRow| r.client().id == row.predicted.client.id && program(r) == here;
            row.actually = actual.rows.iter().find(same).map(|r| r.predicted.accepted);
        }
    }

    /// Clients that say otherwise than was predicted.
    pub fn differing(&self) -> impl Iterator<Item = (&ClientRow, Difference)> {
        self.rows
            .iter()
            .filter_map(|row| Some((row, row.difference()?)))
    }
}

/// Rows with the same title say which version they are of; if that is the same too, which program.
fn tell_apart(rows: &mut [ClientRow]) {
    for nearer in [Installed::with_version, Installed::with_program] {
        let titles: Vec<String> = rows.iter().map(|row| row.title().to_owned()).collect();
        for row in &mut *rows {
            let title = row.title().to_owned();
            let alike = titles.iter().filter(|other| **other == title).count() > 1;
            if let (true, Some(found)) = (alike, &mut row.installed) {
                found.edition.title = Some(nearer(found, &title));
            }
        }
    }
}

impl Installed {
    /// `Python 3.11.7 urllib` for `Python 3.11 urllib`: numbers of the title as its version spells them out.
    fn with_version(&self, title: &str) -> String {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let whole = |word: &str| {
            let mut numbers = self.version.split(|c| !is_number(c));
            numbers.find(|n| {
                n.strip_prefix(word)
                    .is_some_and(|rest| rest.starts_with('.'))
            })
        };
        let mut out = String::with_capacity(title.len() + 4);
        for part in title.split_inclusive(|c| !is_number(c)) {
            let number = part.trim_end_matches(|c| !is_number(c));
            out.push_str(
                whole(number)
                    .filter(|_| number.contains('.'))
                    .unwrap_or(number),
            );
            out.push_str(part.get(number.len()..).unwrap_or_default());
        }
        out
    }

    fn with_program(&self, title: &str) -> String {
        format!("{title} ({})", text::safe(&self.program.to_string_lossy()))
    }
}

impl ClientRow {
    fn of(predicted: ClientVerdict, installed: Option<Installed>, measured: &[Measured]) -> Self {
        let id = predicted.client.id.as_str();
        let program = installed.as_ref().map(|i| &i.program);
        let asked = |m: &&Measured| m.client == id && program.is_none_or(|p| *p == m.program);
        Self {
            measured: measured.iter().find(asked).cloned(),
            installed,
            actually: None,
            predicted,
        }
    }

    /// Both are the same client on this machine and judge the same on the same path; the other was not
    /// asked itself.
    fn stands_for(&self, other: &Self) -> bool {
        let (mine, its) = (&self.predicted, &other.predicted);
        mine.client.id == its.client.id
            && self.installed.is_some()
            && other.installed.is_some()
            && other.measured.is_none()
            && mine.accepted == its.accepted
            && mine.stopped_by == its.stopped_by
            && mine.reasons == its.reasons
            && mine.path == its.path
    }

    /// The client.
    pub fn client(&self) -> &'static Profile {
        self.predicted.client
    }

    /// Its title for people: that of the edition found, else of the profile.
    pub fn title(&self) -> &str {
        let found = self.installed.as_ref();
        found
            .and_then(|i| i.edition.title.as_deref())
            .unwrap_or(&self.client().title)
    }

    /// What the client itself said, if it did.
    fn answer(&self) -> Option<&Said> {
        self.measured
            .as_ref()
            .map(|m| &m.said)
            .filter(|said| !matches!(said, Said::NotAsked(_)))
    }

    /// It goes on: by its own word, else by prediction.
    pub fn accepted(&self) -> bool {
        match self.answer() {
            Some(said) => *said == Said::Accepted,
            None => self.predicted.accepted,
        }
    }

    /// The assumptions turn its verdict.
    pub fn is_turned(&self) -> bool {
        self.actually
            .is_some_and(|was| was != self.predicted.accepted)
    }

    /// How the verdict is known.
    pub fn kind(&self) -> Kind {
        match self.answer() {
            Some(_) => Kind::Measured,
            None => Kind::Predicted,
        }
    }

    /// What it prints, and the nested error: its own words, else the predicted ones. Empty when it
    /// accepts.
    pub fn words(&self) -> (&str, &str) {
        match self.answer() {
            Some(Said::Rejected { message, cause }) => (message, cause),
            Some(_) => ("", ""),
            None => (&self.predicted.message, &self.predicted.cause),
        }
    }

    /// The version found, else the one that was measured for the profile.
    pub fn version(&self) -> String {
        match (&self.measured, &self.installed) {
            (Some(measured), _) if self.answer().is_some() => measured.version.clone(),
            (_, Some(installed)) => installed.version.clone(),
            _ => self.client().versions.join("; "),
        }
    }

    /// Whether its own word differs from the prediction.
    pub fn difference(&self) -> Option<Difference> {
        let said = self.answer()?;
        let predicted = &self.predicted;
        match said {
            _ if (*said == Said::Accepted) != predicted.accepted => Some(Difference::Verdict),
            // Which words was not predicted.
            Said::Rejected { .. } if predicted.message.is_empty() => None,
            // Without a word: some programs lose theirs when they end (wget2).
            Said::Rejected { message, cause } if message.is_empty() && cause.is_empty() => None,
            Said::Rejected { message, cause } => {
                let same = same_words(&predicted.message, message)
                    && (cause.is_empty()
                        || predicted.cause.is_empty()
                        || same_words(&predicted.cause, cause));
                (!same).then_some(Difference::Words)
            }
            _ => None,
        }
    }
}

/// A text is the predicted one: placeholders for what changes from run to run, such as `{DATE}` or
/// `{N}`, stand for anything, and moments (`2026-11-24T10:00:00Z`, seconds since 1970) for each other. How far
/// a line is indented says nothing, nor does an empty line.
pub fn same_words(predicted: &str, said: &str) -> bool {
    let even = |words: &str| {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines = words.split('|').map(str::trim);
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        timeless(&lines.join(" | "))
    };
    fits(&even(predicted), &even(said))
}

/// With `#` for every moment: an RFC 3339 time, a number of six digits and more, or seconds from now.
fn timeless(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(first) = rest.chars().next() {
        let end = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        let digits = end(|c| c.is_ascii_digit());
        let long = end(|c| c.is_ascii_digit() || "-T:Z+".contains(c));
        let moment = match digits {
            4 if long >= 19 && rest.get(10..11) == Some("T") => Some(long),
            6.. => Some(digits),
            // Where in a script of the program that was: another release has it elsewhere.
            1.. if out.ends_with(" line ") => Some(digits),
            // How long ago that was, or how long it will be.
            1.. if counts_seconds(rest.get(digits..).unwrap_or_default()) => Some(digits),
            _ => None,
        };
        let used = moment.unwrap_or(digits.max(first.len_utf8()));
        out.push_str(match moment {
            Some(_) => "#",
            None => rest.get(..used).unwrap_or_default(),
        });
        rest = rest.get(used..).unwrap_or_default();
    }
    out
}

fn counts_seconds(after: &str) -> bool {
    after.starts_with(" seconds ago") || after.starts_with(" seconds in future")
}

fn fits(predicted: &str, said: &str) -> bool {
    let mut fixed: Vec<&str> = Vec::new();
    let mut rest = predicted;
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|r| r.find('{')).map(|a| a + from) {
        let Some((before, open)) = rest.split_at_checked(at) else {
            break;
        };
        let name = open.get(1..).and_then(|o| o.split_once('}'));
        match name {
            Some((name, after)) if is_placeholder(name) => {
                fixed.push(before);
                rest = after;
                from = 0;
            }
            _ => from = at + 1,
        }
    }
    let Some((first, others)) = fixed.split_first() else {
        return predicted == said;
    };
    let Some(mut left) = said.strip_prefix(first) else {
        return false;
    };
    for part in others {
        let Some(at) = left.find(part) else {
            return false;
        };
        left = left.get(at + part.len()..).unwrap_or_default();
    }
    left.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_anything() {
        assert!(same_words("a {N} b", "a 12 b"));
        assert!(same_words("{DATE} is after {DATE}", "x is after y"));
        assert!(same_words("no {braces} here", "no {braces} here"));
        assert!(!same_words("a {N} b", "a 12 c"));
        assert!(!same_words("a {N} b", "b 12 b"));
        assert!(!same_words("plain", "plainer"));
        assert!(same_words("500 no | | at x |", "500 no |  | at x"));
        assert!(!same_words("500 no | at x", "500 no at x"));
        assert!(same_words("x {a} {N}", "x {a} 7"));
        assert!(same_words("", ""));
        assert!(same_words("a | b | |", "a |  b"));
        assert!(same_words(
            "error at f | error b",
            "error     at f |  error b"
        ));
    }

    #[test]
    fn moments_are_the_same_whenever() {
        let go = "current time 2026-11-24T10:00:00Z is after 2026-10-25T09:59:59+01:00";
        let later = "current time 2026-11-24T10:00:07Z is after 2026-10-25T09:59:59+01:00";
        assert!(same_words(go, later));
        assert!(same_words(
            "at 1795532063 (2592003 s)",
            "at 1795532099 (2592039 s)"
        ));
        assert!(!same_words("_ssl.c:1006", "_ssl.c:992"));
        assert!(same_words("at http.pm line 49.", "at http.pm line 50."));
        assert!(!same_words("at http.pm line 49.", "at https.pm line 50."));
        assert!(!same_words("port 8443", "port 8444"));
    }
}
