//! The trust stores of this machine as a report or as JSON.

use std::path::Path;

use serde::Serialize;

use super::json::SCHEMA;
use super::layout::{Block, Page, Section};
use crate::store::{Environment, Found, Place, Setting, StoreKind, Survey, TrustStore};
use crate::text;

/// The heading of the settings.
pub(crate) const SETTINGS: &str = "Settings in effect";

/// The label of what is wrong with a store.
pub(crate) const PROBLEM: &str = "problem";

/// The report for people, at most so many columns wide.
pub fn text(survey: &Survey, columns: usize) -> String {
    page(survey).text(columns)
}

/// The same in Markdown.
pub fn markdown(survey: &Survey) -> String {
    page(survey).markdown()
}

/// One JSON object on one line, with its line feed.
pub fn json(survey: &Survey) -> String {
    let report = Report {
        schema: SCHEMA,
        stores: survey.stores.iter().map(|s| Store::of(s)).collect(),
        stores_not_read: survey.not_read,
        settings: survey
            .environment
            .settings
            .iter()
            .map(|s| Set::of(s, &survey.environment))
            .collect(),
        took_ms: survey.took.as_secs_f64() * 1e3,
    };
    // Strings, numbers and lists only: this cannot fail.
    let mut line = serde_json::to_string(&report).unwrap_or_default();
    line.push('\n');
    line
}

/// Groups of kinds with their headings, in the order of report and screen.
pub(crate) const GROUPS: &[(&str, &[StoreKind])] = &[
    (
        "Stores that decide",
        &[
            StoreKind::Given,
            StoreKind::Environment,
            StoreKind::System,
            StoreKind::Mozilla,
            StoreKind::Bundle,
        ],
    ),
    (
        "Files that variables and configuration name",
        &[StoreKind::Setting],
    ),
    ("OpenSSL", &[StoreKind::OpenSsl]),
    ("Python", &[StoreKind::Python]),
    ("Node", &[StoreKind::Node]),
    ("Java", &[StoreKind::Java]),
    ("Browsers", &[StoreKind::Nss]),
];

/// How many there are, how long reading them took, and how many have problems.
pub(crate) fn title(survey: &Survey) -> String {
    let unread = survey.stores.iter().filter(|s| !s.problems.is_empty());
    let troubled = unread.count();
    let mut title = format!(
        "{} on this machine, read in {} ms",
        text::count(survey.stores.len(), "trust store"),
        survey.took.as_millis()
    );
    if troubled > 0 {
        title.push_str(&format!("; {troubled} with problems"));
    }
    title
}

/// What was found and not read, if anything.
pub(crate) fn not_read(survey: &Survey) -> Option<String> {
    (survey.not_read > 0).then(|| format!("{} more were found and not read.", survey.not_read))
}

fn page(survey: &Survey) -> Page {
    let mut sections: Vec<Section> = GROUPS
        .iter()
        .map(|(heading, kinds)| Section {
            heading,
            blocks: survey
                .stores
                .iter()
                .filter(|s| kinds.contains(&s.kind))
                .flat_map(|s| [Block::Head(head(s)), Block::Facts(facts(s))])
                .collect(),
        })
        .collect();
    sections.extend(not_read(survey).map(|words| Section {
        heading: "",
        blocks: vec![Block::Words(words)],
    }));
    sections.push(Section {
        heading: SETTINGS,
        blocks: survey
            .environment
            .settings
            .iter()
            .flat_map(|s| {
                let facts = setting_facts(s, &survey.environment);
                [Block::Head(s.title()), Block::Facts(facts)]
            })
            .collect(),
    });
    sections.retain(|section| !section.blocks.is_empty());
    Page {
        title: title(survey),
        sections,
    }
}

/// What a store is, how many anchors it has, and its date.
pub(crate) fn head(store: &TrustStore) -> String {
    let count = match &store.hidden {
        Some(_) => "anchors known only to itself".to_owned(),
        None => text::count(store.anchors.len(), "anchor"),
    };
    let date = store
        .modified
        .map_or_else(String::new, |at| format!(", of {}", at.date()));
    format!("{}: {count}{date}", store.title)
}

/// A store's path, its users, notes and problems, with their labels. All text is safe to display.
pub(crate) fn facts(store: &TrustStore) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |label: &str, value: String| facts.push((label.to_owned(), value));
    if let Some(path) = &store.path {
        fact("path", shown(path));
    }
    if !store.used_by.is_empty() {
        fact("used by", cut(&store.used_by));
    }
    for note in store.hidden.iter().chain(&store.notes).chain(&store.unread) {
        fact("note", note.clone());
    }
    for problem in store.problems.iter().take(3) {
        fact(PROBLEM, problem.clone());
    }
    if store.problems.len() > 3 {
        fact(PROBLEM, format!("and {} more", store.problems.len() - 3));
    }
    facts
}

/// At most eight items in full; what is cut is counted.
fn cut(items: &[String]) -> String {
    const MOST: usize = 8;
    let mut shown: Vec<String> = items.iter().take(MOST).cloned().collect();
    if items.len() > MOST {
        shown.push(format!("{} more", items.len() - MOST));
    }
    shown.join("; ")
}

/// What a setting names, and whose roots it changes, with their labels. All text is safe to display.
pub(crate) fn setting_facts(setting: &Setting, environment: &Environment) -> Vec<(String, String)> {
    let mut facts = vec![(
        "value".to_owned(),
        text::clip(&setting.value.shown(), 200).into_owned(),
    )];
    facts.push(("found".to_owned(), found(setting)));
    let ignored = setting.known.ignored.iter().map(String::as_str).collect();
    for (label, who) in [
        ("replaces the roots of", environment.replaced(setting)),
        ("adds to the roots of", environment.added(setting)),
        ("ignored by", ignored),
    ] {
        if !who.is_empty() {
            facts.push((label.to_owned(), who.join("; ")));
        }
    }
    let value = setting.value.raw();
    for meaning in setting
        .known
        .means
        .iter()
        .filter(|m| value.contains(&m.word))
    {
        facts.push(("means".to_owned(), meaning.words.clone()));
    }
    for winner in &setting.overridden {
        let programs = winner.programs.join("; ");
        facts.push((
            "overridden by".to_owned(),
            format!("{} (for {programs})", winner.by),
        ));
    }
    facts
}

fn found(setting: &Setting) -> String {
    match &setting.found {
        Found::Nothing => "empty: it names nothing".to_owned(),
        Found::Word => "no path, and verification stays on".to_owned(),
        Found::Off => "this turns verification off".to_owned(),
        Found::Missing(path) => format!("nothing is at {}", shown(path)),
        Found::Unreadable(_, why, _) => why.clone(),
        Found::Anchors(store) => format!(
            "{}, of which {} public",
            text::count(store.anchors.len(), "anchor"),
            match setting.public_roots() {
                0 => "none is".to_owned(),
                1 => "1 is".to_owned(),
                n => format!("{n} are"),
            }
        ),
    }
}

fn shown(path: &Path) -> String {
    text::safe(&path.to_string_lossy()).into_owned()
}

#[derive(Serialize)]
struct Report {
    schema: u32,
    stores: Vec<Store>,
    stores_not_read: usize,
    settings: Vec<Set>,
    took_ms: f64,
}

#[derive(Serialize)]
struct Store {
    id: String,
    kind: &'static str,
    title: String,
    path: Option<String>,
    /// `null` when only the program itself knows.
    anchors: Option<usize>,
    modified: Option<String>,
    used_by: Vec<String>,
    notes: Vec<String>,
    problems: Vec<String>,
}

impl Store {
    fn of(store: &TrustStore) -> Self {
        Self {
            id: store.id.clone(),
            kind: store.kind.id(),
            title: store.title.clone(),
            path: store.path.as_deref().map(shown),
            anchors: store.hidden.is_none().then_some(store.anchors.len()),
            modified: store.modified.map(|at| at.rfc3339()),
            used_by: store.used_by.clone(),
            notes: store
                .hidden
                .iter()
                .chain(&store.notes)
                .chain(&store.unread)
                .cloned()
                .collect(),
            problems: store.problems.clone(),
        }
    }
}

#[derive(Serialize)]
struct Set {
    name: String,
    file: Option<String>,
    line: Option<usize>,
    only_for: Option<String>,
    value: String,
    found: &'static str,
    anchors: Option<usize>,
    public_roots: Option<usize>,
    problem: Option<String>,
    replaces: Vec<String>,
    adds: Vec<String>,
    ignored_by: Vec<String>,
    overridden: Vec<Overridden>,
}

impl Set {
    fn of(setting: &Setting, environment: &Environment) -> Self {
        let (file, line) = match &setting.place {
            Place::Variable => (None, None),
            Place::File { path, line } => (Some(shown(path)), Some(*line)),
        };
        let owned = |who: Vec<&str>| who.into_iter().map(str::to_owned).collect();
        let anchors = setting.anchors();
        Self {
            name: setting.known.name.clone(),
            file,
            line,
            only_for: setting.only_for.as_ref().map(ToString::to_string),
            value: setting.value.to_string(),
            found: match setting.found {
                Found::Nothing => "empty",
                Found::Word => "word",
                Found::Off => "verification-off",
                Found::Missing(_) => "missing",
                Found::Unreadable(..) => "unreadable",
                Found::Anchors(_) => "anchors",
            },
            anchors: anchors.map(|s| s.anchors.len()),
            public_roots: anchors.map(|_| setting.public_roots()),
            problem: match &setting.found {
                Found::Missing(_) | Found::Unreadable(..) => Some(found(setting)),
                _ => None,
            },
            replaces: owned(environment.replaced(setting)),
            adds: owned(environment.added(setting)),
            ignored_by: setting.known.ignored.clone(),
            overridden: setting
                .overridden
                .iter()
                .map(|o| Overridden {
                    by: o.by.clone(),
                    programs: owned(o.programs.clone()),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Overridden {
    by: String,
    programs: Vec<String>,
}
