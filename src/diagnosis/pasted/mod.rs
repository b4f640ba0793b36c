//! An error that some program printed, understood: what it means, who printed it, which server it names.
//!
//! All knowledge is in `assets/errors.toml`. What was pasted may hold anything, secrets too: only words of
//! the table, a host and a port ever come out of it. Nothing is contacted here.

mod likeness;
mod pattern;
mod place;
mod table;

use std::collections::HashSet;

pub use likeness::Likeness;
pub use place::Place;
pub use table::{Client, KnownError, Level, Sign, sign};

use pattern::Prepared;

/// So much of the beginning and of the end of a long text is looked at: programs print the error first or
/// last, seldom in the middle.
pub const HEAD: usize = 16 * 1024;
/// See [`HEAD`].
pub const TAIL: usize = 48 * 1024;

/// At most so many servers are named.
const MOST_PLACES: usize = 8;

/// What a pasted text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pasted {
    /// What matched, the answer first; empty when nothing did.
    pub matches: Vec<Match>,
    /// Who printed it, where the text gives that away.
    pub client: Option<&'static Client>,
    /// The servers that it names, each once; most likely the failing one first.
    pub places: Vec<Place>,
    /// Known texts that are like it, when nothing matched; the likest first.
    pub near: Vec<Likeness>,
    /// The middle of a long text was left out.
    pub cut: bool,
}

/// A known error in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Which.
    pub error: &'static KnownError,
    /// The words of the table that stand in the text.
    pub words: &'static str,
}

impl Pasted {
    /// Reads a text. Never fails: what is not known is said to be so.
    pub fn read(text: &str) -> Self {
        let (text, cut) = shortened(text);
        let prepared = Prepared::of(&text);
        let table = table::table();
        let matches = matches(&prepared);
        let near = if matches.is_empty() {
            likeness::nearest(&prepared)
        } else {
            Vec::new()
        };
        Self {
            client: table
                .clients
                .iter()
                .find(|client| client.says.iter().any(|p| p.is_in(&prepared))),
            places: place::places(&prepared, MOST_PLACES),
            matches,
            near,
            cut,
        }
    }

    /// The answer; `None` when nothing is known.
    pub fn error(&self) -> Option<&'static KnownError> {
        self.matches.first().map(|m| m.error)
    }

    /// The rules that produce what was pasted, likeliest first: those of the answer, then those that
    /// other errors in the text add.
    pub fn causes(&self) -> Vec<&'static str> {
        let mut seen = HashSet::new();
        let all = self.matches.iter().flat_map(|m| &m.error.causes);
        all.map(String::as_str)
            .filter(|rule| seen.insert(*rule))
            .collect()
    }

    /// The one server that the text is about; `None` when it names none or several.
    pub fn place(&self) -> Option<&Place> {
        match self.places.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// What matches, without what gives way to it.
fn matches(text: &Prepared) -> Vec<Match> {
    let mut found: Vec<Match> = table::table()
        .errors
        .iter()
        .filter_map(|error| {
            let words = error.says.iter().find(|p| p.is_in(text))?;
            let other = error.not.iter().any(|p| p.is_in(text));
            (!other).then_some(Match {
                error,
                words: words.words(),
            })
        })
        .collect();
    if let Some(narrowest) = found.iter().map(|m| m.error.level).min() {
        found.retain(|m| m.error.level == narrowest);
    }
    if found.iter().any(|m| m.error.level != Level::Exact) {
        found.truncate(1);
    }
    found
}

/// The beginning and the end of a long text; whether something was left out.
fn shortened(text: &str) -> (std::borrow::Cow<'_, str>, bool) {
    if text.len() <= HEAD + TAIL {
        return (text.into(), false);
    }
    let head = text.get(..text.floor_char_boundary(HEAD)).unwrap_or("");
    let from = text.ceil_char_boundary(text.len().saturating_sub(TAIL));
    let tail = text.get(from..).unwrap_or("");
    (format!("{head}\n{tail}").into(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<&'static str> {
        Pasted::read(text).error().map(|e| e.id.as_str())
    }

    #[test]
    fn the_narrow_text_wins_over_what_wraps_it() {
        let text = "requests.exceptions.SSLError: HTTPSConnectionPool(host='api.internal', port=8443): Max retries \
            exceeded with url: / (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] \
            certificate verify failed: unable to get local issuer certificate (_ssl.c:1006)')))";
        let read = Pasted::read(text);
        assert_eq!(read.error().unwrap().id, "chain.issuer-not-found");
        assert_eq!(read.client.unwrap().name, "requests (Python)");
        assert_eq!(read.place().unwrap().typed(), "api.internal:8443");
        assert_eq!(read.matches.len(), 1);
        assert_eq!(
            read.matches[0].words,
            "unable to get local issuer certificate"
        );
        assert_eq!(id("TypeError: fetch failed"), Some("wrapper"));
        assert_eq!(
            id("curl: (60) SSL certificate problem"),
            Some("general.verify")
        );
    }

    #[test]
    fn self_signed_leaf_and_self_signed_root_are_told_apart() {
        let leaf = "certificate verify failed: self-signed certificate (_ssl.c:1006)";
        let root =
            "certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1006)";
        assert_eq!(id(leaf), Some("leaf.self-signed"));
        assert_eq!(id(root), Some("chain.unknown-root-sent"));
    }

    #[test]
    fn two_faults_in_one_text_are_both_named() {
        let text = "- Status: The certificate is NOT trusted. The certificate issuer is unknown. The certificate \
            chain uses expired certificate.";
        let read = Pasted::read(text);
        let ids: Vec<&str> = read.matches.iter().map(|m| m.error.id.as_str()).collect();
        assert_eq!(ids, ["dates.expired", "chain.unknown-authority"]);
        assert!(read.causes().contains(&"cert.expired"));
        assert!(read.causes().contains(&"chain.unknown-root"));
    }

    #[test]
    fn what_is_unknown_is_said_to_be_so() {
        let read = Pasted::read("the flux capacitor is misaligned");
        assert_eq!((read.error(), read.near.len()), (None, 0));
        let read = Pasted::read("unable to get the locale issuer certificat");
        assert_eq!(read.error(), None);
        assert_eq!(read.near[0].error.id, "chain.issuer-not-found");
        assert_eq!(id(""), None);
    }

    #[test]
    fn the_middle_of_a_long_text_is_left_out_and_that_is_said() {
        let long = format!("{}CERT_HAS_EXPIRED", "漢字 x ".repeat(200_000));
        let read = Pasted::read(&long);
        assert!(read.cut);
        assert_eq!(read.error().unwrap().id, "dates.expired");
        assert!(!Pasted::read("CERT_HAS_EXPIRED").cut);
    }
}
