//! What a client prints: an [`Event`] (what it met) and the tables of `assets/words/` make the text.
//!
//! Nothing here decides what a client meets; that is for the engines and [`super::client`]. What cannot
//! be known beforehand (milliseconds, thread ids, addresses of memory) stays a placeholder such as
//! `{N}`, so that nothing is invented.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::OnceLock;

use serde::Deserialize;

mod browsers;
mod event;
mod gnutls;
mod go;
mod java;
mod names;
mod openssl;
mod plain;
mod platforms;
mod rustls;

pub use event::{Event, Rejected, certificate};

/// What a client prints, and what it keeps beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The text that the person sees, safe to display; lines are joined by ` | `. Empty when the client
    /// prints nothing.
    pub message: String,
    /// The nested error (`__cause__`, `error.cause`, `getCause()`), if the client has one.
    pub cause: String,
}

/// One vocabulary or one set of words, as written in `assets/words/`.
#[derive(Clone, Debug, Default, Deserialize)]
struct Tables {
    #[serde(default)]
    vocabulary: HashMap<String, HashMap<String, Entry>>,
    #[serde(default)]
    words: HashMap<String, HashMap<String, Entry>>,
}

/// A text, or the parts of one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Text(String),
    Parts(HashMap<String, String>),
}

const FILES: [&str; 9] = [
    include_str!("../../../assets/words/openssl.toml"),
    include_str!("../../../assets/words/curl.toml"),
    include_str!("../../../assets/words/python.toml"),
    include_str!("../../../assets/words/node.toml"),
    include_str!("../../../assets/words/scripts.toml"),
    include_str!("../../../assets/words/gnutls.toml"),
    include_str!("../../../assets/words/go.toml"),
    include_str!("../../../assets/words/rustls.toml"),
    include_str!("../../../assets/words/java.toml"),
];
const BROWSERS: &str = include_str!("../../../assets/words/browsers.toml");

/// How deep definitions may refer to each other.
const MOST_DEPTH: usize = 8;

/// Reads all files; a broken one is left out (a test reads each of them).
fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut all = Tables::default();
        for file in FILES.iter().chain([&BROWSERS]) {
            let one: Tables = toml::from_str(file).unwrap_or_default();
            all.vocabulary.extend(one.vocabulary);
            all.words.extend(one.words);
        }
        all
    })
}

/// The tables that one client speaks with: its vocabulary and words with all they inherit, special
/// ones first.
#[derive(Clone, Debug)]
pub struct Speech {
    vocabulary: Vec<&'static HashMap<String, Entry>>,
    words: Vec<&'static HashMap<String, Entry>>,
    values: BTreeMap<String, String>,
}

impl Speech {
    /// The speech of a client; `None` when a table it names does not exist.
    pub fn of(vocabulary: &str, words: &str, values: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            vocabulary: inherited(&tables().vocabulary, vocabulary)?,
            words: inherited(&tables().words, words)?,
            values: values.clone(),
        })
    }

    /// The same client in another edition: with other tables where they are named and exist, and these
    /// values.
    pub fn with(
        &self,
        vocabulary: Option<&str>,
        words: Option<&str>,
        values: &BTreeMap<String, String>,
    ) -> Self {
        let named = |all: &'static HashMap<String, HashMap<String, Entry>>, name: Option<&str>| {
            name.and_then(|name| inherited(all, name))
        };
        Self {
            vocabulary: named(&tables().vocabulary, vocabulary)
                .unwrap_or_else(|| self.vocabulary.clone()),
            words: named(&tables().words, words).unwrap_or_else(|| self.words.clone()),
            values: values.clone(),
        }
    }

    /// The client has words of its own for this very event (not only for its group).
    pub fn has(&self, section: &str, name: &str) -> bool {
        self.words
            .iter()
            .any(|t| matches!(t.get(section), Some(Entry::Parts(p)) if p.contains_key(name)))
    }

    /// A value of the client's profile.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// What the client prints when it meets `event`; `tags` say in which state it is (`default`: it
    /// uses its own store; `proxy`: it went through one; `ca-file-missing`…). Everything is made safe to display.
    pub fn say(&self, event: &Event, facts: &Facts, tags: &[&str]) -> Said {
        let scope = Scope::of(self, event, facts, tags);
        let safe = |text: String| crate::text::safe(&text).into_owned();
        Said {
            message: safe(scope.section("message")),
            cause: safe(scope.section("cause")),
        }
    }
}

fn inherited(
    all: &'static HashMap<String, HashMap<String, Entry>>,
    name: &str,
) -> Option<Vec<&'static HashMap<String, Entry>>> {
    let mut out = Vec::new();
    let mut next = Some(name);
    while let Some(name) = next {
        let table = all.get(name)?;
        out.push(table);
        next = match table.get("inherit") {
            Some(Entry::Text(parent)) if out.len() < MOST_DEPTH => Some(parent),
            _ => None,
        };
    }
    Some(out)
}

/// Facts that fill placeholders, by name; their values are inserted as they are, never expanded.
pub type Facts = BTreeMap<&'static str, String>;

/// One event in the mouth of one client.
struct Scope<'a> {
    speech: &'a Speech,
    event: &'a Event,
    facts: &'a Facts,
    tags: &'a [&'a str],
    parts: BTreeMap<&'static str, &'static str>,
}

impl<'a> Scope<'a> {
    fn of(speech: &'a Speech, event: &'a Event, facts: &'a Facts, tags: &'a [&'a str]) -> Self {
        let mut parts = BTreeMap::new();
        // General before special, inherited before own: what comes last stands.
        for name in event.names.iter().rev() {
            for table in speech.vocabulary.iter().rev() {
                match table.get(name.as_str()) {
                    Some(Entry::Text(text)) => {
                        parts.insert("NATIVE", text.as_str());
                    }
                    Some(Entry::Parts(given)) => {
                        parts.extend(given.iter().map(|(k, v)| (k.as_str(), v.as_str())));
                    }
                    None => {}
                }
            }
        }
        Self {
            speech,
            event,
            facts,
            tags,
            parts,
        }
    }

    fn section(&self, section: &str) -> String {
        self.template(section)
            .map(|t| self.expand(t, MOST_DEPTH))
            .unwrap_or_default()
    }

    /// The template for the event: the special name first; of one name, the client's own table first.
    fn template(&self, section: &str) -> Option<&'static str> {
        let names = self.event.names.iter().map(String::as_str);
        names.chain(["any"]).find_map(|name| {
            let tagged = self.tags.iter().map(|tag| format!("{name}@{tag}"));
            tagged.chain([name.to_owned()]).find_map(|name| {
                self.speech.words.iter().find_map(|t| match t.get(section) {
                    Some(Entry::Parts(p)) => p.get(&name).map(String::as_str),
                    _ => None,
                })
            })
        })
    }

    fn expand(&self, template: &str, depth: usize) -> String {
        let mut out = String::with_capacity(template.len());
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let name = from.get(1..).and_then(|f| f.split_once('}'));
            match name {
                Some((name, after)) if is_placeholder(name) => {
                    match self.value(name, depth) {
                        Some(value) => out.push_str(&value),
                        None => {
                            let _ = write!(out, "{{{name}}}");
                        }
                    }
                    rest = after;
                }
                _ => {
                    out.push('{');
                    rest = from.get(1..).unwrap_or_default();
                }
            }
        }
        out.push_str(rest);
        out
    }

    fn value(&self, name: &str, depth: usize) -> Option<String> {
        if let Some(fact) = self.event.values.get(name).or_else(|| self.facts.get(name)) {
            return Some(fact.clone());
        }
        let depth = depth.checked_sub(1)?;
        match name {
            "EVENT" => return self.event.names.first().cloned(),
            "INNER" => return Some(self.expand(self.template("inner")?, depth)),
            "INNER_REPR" => return Some(names::python_repr(&self.value("INNER", depth)?)),
            "COLON_NAME" => {
                let name = self.value("NAME", depth).unwrap_or_default();
                return Some(if name.is_empty() {
                    name
                } else {
                    format!(": {name}")
                });
            }
            _ => {}
        }
        let defined = self
            .parts
            .get(name)
            .copied()
            .or_else(|| self.speech.values.get(name).map(String::as_str))
            .or_else(|| defined(&self.speech.words, name))
            .or_else(|| defined(&self.speech.vocabulary, name));
        match defined {
            // A profile may say that a part cannot be known: `SSLC = "{N}"`.
            Some(text) => Some(self.expand(text, depth)),
            None if matches!(name, "NATIVE" | "REASON") => Some(String::new()),
            None => None,
        }
    }
}

fn defined(tables: &[&'static HashMap<String, Entry>], name: &str) -> Option<&'static str> {
    tables.iter().find_map(|t| match t.get(name) {
        Some(Entry::Text(text)) => Some(text.as_str()),
        _ => None,
    })
}

/// Placeholders are written in capitals, so that braces in real texts stay what they are.
pub fn is_placeholder(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_reads_and_every_parent_exists() {
        for file in FILES.iter().chain([&BROWSERS]) {
            toml::from_str::<Tables>(file).unwrap();
        }
        for (all, name) in tables()
            .vocabulary
            .keys()
            .map(|n| (&tables().vocabulary, n))
            .chain(tables().words.keys().map(|n| (&tables().words, n)))
        {
            assert!(
                inherited(all, name).is_some(),
                "{name} inherits from nothing"
            );
        }
    }

    #[test]
    fn values_are_inserted_and_never_expanded() {
        let speech = Speech::of("openssl", "curl", &BTreeMap::new()).unwrap();
        let mut event = Event::new(["10", "certificate"]);
        event.values.insert("HOST", "{PORT}\u{1b}[2J".to_owned());
        let facts = Facts::from([("PORT", "443".to_owned())]);
        assert_eq!(
            speech.say(&event, &facts, &[]).message,
            "curl: (60) SSL certificate problem: certificate has expired"
        );
        let refused = Event {
            names: vec!["no-such-name".to_owned()],
            ..event
        };
        let said = speech.say(&refused, &facts, &[]).message;
        assert!(
            said.starts_with("curl: (6) Could not resolve host: {PORT}"),
            "{said}"
        );
        assert!(!said.contains('\u{1b}'));
    }
}
