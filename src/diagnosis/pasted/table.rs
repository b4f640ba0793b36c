//! The table `assets/errors.toml`, read once.

use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::Pattern;
use super::place::Shape;
use crate::target::StartTls;

/// How much a text tells. Ordered: what tells most is the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It names the reason, or a narrow choice.
    #[default]
    Exact,
    /// It leaves the reason open.
    General,
    /// It only says that something below it failed.
    Wrapper,
}

/// One known error, in the words of every program that prints it.
#[derive(Debug)]
pub struct KnownError {
    /// Stable name, such as `chain.issuer-not-found`.
    pub id: String,
    /// Its texts.
    pub(super) says: Vec<Pattern>,
    /// Texts that mean something else although they contain one of these.
    pub(super) not: Vec<Pattern>,
    /// How much it tells.
    pub level: Level,
    /// Who prints it.
    pub families: Vec<String>,
    /// What it means, in plain words.
    pub meaning: String,
    /// Ids of the rules that produce it, likeliest first.
    pub causes: Vec<String>,
    /// The next step, when it is not that of the first cause.
    pub next: Option<String>,
}

impl PartialEq for KnownError {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

/// How a cause is told from others, and what to do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Rule id.
    pub rule: String,
    /// How to tell it.
    pub sign: String,
    /// The smallest safe step.
    pub step: String,
}

/// A program that prints errors.
#[derive(Debug)]
pub struct Client {
    /// Its name for people.
    pub name: String,
    /// Texts that give it away.
    pub(super) says: Vec<Pattern>,
    /// The plain-text dialogue that its servers begin with.
    pub starttls: Option<StartTls>,
    /// The port of its servers.
    pub port: Option<u16>,
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Everything.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub errors: Vec<KnownError>,
    pub causes: Vec<Sign>,
    pub clients: Vec<Client>,
    pub shapes: Vec<Shape>,
    pub never: Vec<String>,
}

/// How to tell a rule from others, and the step; `None` when no known error names the rule.
pub fn sign(rule: &str) -> Option<&'static Sign> {
    table().causes.iter().find(|cause| cause.rule == rule)
}

pub(super) fn table() -> &'static Table {
    &TABLE
}

/// Empty only when the compiled-in file does not parse; a test sees to it that it does.
static TABLE: LazyLock<Table> = LazyLock::new(|| read(FILE).unwrap_or_default());

const FILE: &str = include_str!("../../../assets/errors.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    error: Vec<WrittenError>,
    cause: Vec<Sign>,
    client: Vec<WrittenClient>,
    hosts: WrittenHosts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenError {
    id: String,
    says: Vec<String>,
    #[serde(default)]
    not: Vec<String>,
    #[serde(default)]
    level: Level,
    families: Vec<String>,
    meaning: String,
    causes: Vec<String>,
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClient {
    name: String,
    says: Vec<String>,
    starttls: Option<String>,
    port: Option<u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHosts {
    shapes: Vec<String>,
    never: Vec<String>,
}

fn read(file: &str) -> Result<Table, String> {
    let written: Written = toml::from_str(file).map_err(|error| error.to_string())?;
    let patterns = |says: &[String]| says.iter().map(|one| Pattern::new(one)).collect();
    let dialogue = |name: &str| match name {
        "postgres" => Ok(StartTls::Postgres),
        "mysql" => Ok(StartTls::Mysql),
        other => Err(format!("starttls = {other}")),
    };
    Ok(Table {
        errors: written
            .error
            .into_iter()
            .map(|e| KnownError {
                says: patterns(&e.says),
                not: patterns(&e.not),
                id: e.id,
                level: e.level,
                families: e.families,
                meaning: e.meaning,
                causes: e.causes,
                next: e.next,
            })
            .collect(),
        causes: written.cause,
        clients: written
            .client
            .into_iter()
            .map(|c| {
                Ok(Client {
                    says: patterns(&c.says),
                    name: c.name,
                    starttls: c.starttls.as_deref().map(dialogue).transpose()?,
                    port: c.port,
                })
            })
            .collect::<Result<_, String>>()?,
        shapes: written.hosts.shapes.iter().map(|s| Shape::new(s)).collect(),
        never: written.hosts.never,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::diagnosis::pasted::Pasted;
    use crate::diagnosis::rule::rule;

    #[test]
    fn the_table_is_whole() {
        let table = read(FILE).unwrap();
        let mut ids = HashSet::new();
        for error in &table.errors {
            assert!(ids.insert(&error.id), "{}: twice", error.id);
            assert!(!error.says.is_empty() && !error.families.is_empty());
            assert!(!error.causes.is_empty(), "{}: no cause", error.id);
            let causes: HashSet<&String> = error.causes.iter().collect();
            assert_eq!(
                causes.len(),
                error.causes.len(),
                "{}: a cause twice",
                error.id
            );
            for cause in &error.causes {
                assert!(rule(cause).is_some(), "{}: no rule {cause}", error.id);
                assert!(
                    table.causes.iter().any(|c| c.rule == *cause),
                    "{cause}: no sign"
                );
            }
        }
        let used: HashSet<&String> = table.errors.iter().flat_map(|e| &e.causes).collect();
        for cause in &table.causes {
            assert!(used.contains(&cause.rule), "{}: nobody's cause", cause.rule);
        }
    }

    #[test]
    fn every_sentence_is_short_and_ends() {
        let table = read(FILE).unwrap();
        let meanings = table.errors.iter().map(|e| &e.meaning);
        let steps = table.errors.iter().filter_map(|e| e.next.as_ref());
        let signs = table.causes.iter().flat_map(|c| [&c.sign, &c.step]);
        for words in meanings.chain(steps).chain(signs) {
            assert!(words.ends_with('.') || words.ends_with("NAME."), "{words}");
            assert!(words.len() <= 330, "{words}");
        }
    }

    #[test]
    fn no_text_stands_twice_or_is_hidden_by_another_meaning() {
        let table = read(FILE).unwrap();
        let mut seen = HashSet::new();
        for error in &table.errors {
            for says in &error.says {
                let words = says.words();
                assert!(seen.insert(words.to_lowercase()), "{words}: twice");
                if words.contains('*') {
                    continue;
                }
                let read = Pasted::read(words);
                let found = read.matches.iter().any(|m| m.error.id == error.id);
                // What is general gives way to what is narrow, and must still be found alone.
                assert!(
                    found,
                    "{words}: {} is hidden by {:?}",
                    error.id,
                    read.error().map(|e| &e.id)
                );
            }
        }
    }
}
