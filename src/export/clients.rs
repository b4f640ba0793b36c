//! The grid of clients as a report, or as JSON: who accepts, who rejects, with which store, in which words.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::{self, Cert, Checked, Reason, SCHEMA, Supposed, Turn};
use super::layout::{Block, Page, Section};
pub use super::words::evidence;
use super::{supposed, words};
use crate::inspect::Inspection;
use crate::judge::ReasonKind;
use crate::judge::client::{Basis, ClientRow, Difference, Grid, KEY_NOT_PROVED, Kind, Said};
use crate::judge::words::is_placeholder;
use crate::text;

/// The report for people, at most so many columns wide. `None` when no clients were judged.
pub fn text(inspection: &Inspection, columns: usize) -> Option<String> {
    Some(page(inspection, inspection.grid.as_deref()?).text(columns))
}

/// The same in Markdown.
pub fn markdown(inspection: &Inspection) -> Option<String> {
    Some(page(inspection, inspection.grid.as_deref()?).markdown())
}

/// What stands against it first, in a few words; what stopped the client when that is no certificate.
/// Empty when it accepts. Safe to display.
pub fn first_reason(row: &ClientRow) -> String {
    if row.accepted() {
        return String::new();
    }
    let predicted = &row.predicted;
    match predicted.reasons.first() {
        // What it said itself goes before what was thought.
        _ if row.difference() == Some(Difference::Verdict) => row.words().0.to_owned(),
        Some(reason) => words::reason(&reason.kind),
        None if predicted.stopped_by == KEY_NOT_PROVED => {
            "the server did not prove that it holds its private key".to_owned()
        }
        None if predicted.message.is_empty() => {
            text::safe(&predicted.stopped_by.replace('-', " ")).into_owned()
        }
        None => readable(&predicted.message),
    }
}

/// [`first_reason`] in two or three words, for narrow columns.
pub fn brief_reason(row: &ClientRow) -> String {
    match row.predicted.reasons.first() {
        Some(reason) if !row.accepted() && row.difference() != Some(Difference::Verdict) => {
            match &reason.kind {
                // A root that is not there is one too.
                ReasonKind::MissingIssuer => "issuer not found".to_owned(),
                ReasonKind::Strict(_) | ReasonKind::Profile(_) => "breaks RFC 5280".to_owned(),
                kind => kind.id().replace('-', " "),
            }
        }
        _ => first_reason(row),
    }
}

/// Words as people read them: what cannot be known before, such as `{DATE}`, is an ellipsis.
pub fn readable(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut rest = words;
    while let Some((before, open)) = rest.split_once('{') {
        out.push_str(before);
        match open.split_once('}') {
            Some((name, after)) if is_placeholder(name) => {
                out.push('…');
                rest = after;
            }
            _ => {
                out.push('{');
                rest = open;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The lines of what a client prints, as people read them; empty ones are left out.
pub fn lines_of(message: &str) -> impl Iterator<Item = String> {
    message
        .split(" | ")
        .map(|line| line.trim_matches(['|', ' ']))
        .filter(|line| !line.is_empty())
        .map(readable)
}

/// Every reason of the prediction, each with the certificate it is about.
pub fn reasons(row: &ClientRow, grid: &Grid) -> Vec<String> {
    let all = row.predicted.reasons.iter();
    all.map(|reason| words::about(&grid.chain, reason))
        .collect()
}

/// What it really does, where the assumptions turn its verdict.
pub fn turned(row: &ClientRow) -> Option<&'static str> {
    match row.actually.filter(|_| row.is_turned())? {
        true => Some("as it is: accepts"),
        false => Some("as it is: rejects"),
    }
}

/// `rejected by 7 of 9 clients`.
pub fn headline(grid: &Grid) -> String {
    match grid.rejected() {
        (_, 0) => "no client is known that could be asked".to_owned(),
        (0, all) => format!("accepted by all {}", text::count(all, "client")),
        // There was no certificate to reject.
        (no, all) if no == all && grid.chain.leaf.is_none() => {
            format!("none of {} gets through", text::count(all, "client"))
        }
        (no, all) if no == all => format!("rejected by all {}", text::count(all, "client")),
        (no, all) => format!("rejected by {no} of {}", text::count(all, "client")),
    }
}

/// Where clients say otherwise than was predicted, each in one sentence.
pub fn differences(grid: &Grid) -> Vec<String> {
    grid.differing()
        .map(|(row, difference)| {
            let title = row.title();
            let other = match &row.installed {
                Some(found) if !found.same_line => {
                    format!(
                        " Its version ({}) is not the one that the prediction was measured with.",
                        found.version
                    )
                }
                _ => String::new(),
            };
            match difference {
                Difference::Verdict if row.accepted() => {
                    format!("{title} accepts it, and was predicted to reject it.{other}")
                }
                Difference::Verdict => {
                    format!("{title} rejects it, and was predicted to accept it.{other}")
                }
                Difference::Words => {
                    format!("{title} rejects it as predicted, but in other words.{other}")
                }
            }
        })
        .collect()
}

/// How the verdict is known, in one word.
pub fn how(row: &ClientRow) -> &'static str {
    match (row.kind(), row.client().basis) {
        (Kind::Measured, _) => "measured",
        (Kind::Predicted, Basis::Measured) => "predicted",
        (Kind::Predicted, Basis::Documentation) => "from docs",
    }
}

/// The store in effect and what made it so: `system store (default)`; `~` when it is assumed.
pub fn store(row: &ClientRow) -> String {
    let predicted = &row.predicted;
    let assumed = if predicted.store_assumed { "~ " } else { "" };
    let store = match predicted.store.as_str() {
        "" => "no store",
        store => store,
    };
    format!("{assumed}{store} ({})", predicted.store_why)
}

fn page(inspection: &Inspection, grid: &Grid) -> Page {
    let target = text::safe(&inspection.capture.target.typed);
    let mut first = Vec::new();
    let differing = differences(grid);
    if !differing.is_empty() {
        first.push(Block::Head("NOT AS PREDICTED".to_owned()));
        first.extend(differing.into_iter().map(Block::Words));
    }
    first.extend(supposed::next_change(inspection).map(Block::Words));
    let mut sections = vec![
        Section {
            heading: "",
            blocks: first,
        },
        supposed::section(inspection),
    ];
    let no = match grid.chain.leaf {
        Some(_) => "Rejected by",
        None => "What they say",
    };
    for (heading, accepted) in [(no, false), ("Accepted by", true)] {
        let rows = grid.rows.iter().filter(|r| r.accepted() == accepted);
        let facts: Vec<(String, String)> = rows
            .map(|row| {
                let parts = [
                    turned(row).unwrap_or_default().to_owned(),
                    first_reason(row),
                ];
                let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
                (name(row), parts.join("; "))
            })
            .collect();
        if !facts.is_empty() {
            sections.push(Section {
                heading,
                blocks: vec![Block::Rows(facts)],
            });
        }
    }
    sections.push(Section {
        heading: "",
        blocks: legend(grid),
    });
    sections.push(Section {
        heading: "Which store each reads",
        blocks: stores(grid),
    });
    sections.push(Section {
        heading: "In their own words",
        blocks: spoken(grid),
    });
    sections.push(Section {
        heading: "Not checked here",
        blocks: unchecked(grid),
    });
    sections.push(Section {
        heading: "Asked",
        blocks: asked(grid),
    });
    sections.retain(|section| !section.blocks.is_empty());
    Page {
        title: format!("{target}: {}", headline(grid)),
        sections,
    }
}

/// The client, marked: `=` it was asked itself, `*` it is on this machine, `?` from documents only.
fn name(row: &ClientRow) -> String {
    let mark = match (row.kind(), &row.installed, row.client().basis) {
        (Kind::Measured, ..) => "=",
        (_, Some(_), _) => "*",
        (_, None, Basis::Documentation) => "?",
        _ => " ",
    };
    format!("{mark} {}", row.title())
}

fn legend(grid: &Grid) -> Vec<Block> {
    let any = |is: fn(&ClientRow) -> bool| grid.rows.iter().any(is);
    let mut parts = Vec::new();
    if any(|row| row.kind() == Kind::Measured) {
        parts.push("= measured: it was asked itself");
    }
    if any(|row| row.installed.is_some() && row.kind() == Kind::Predicted) {
        parts.push("* on this machine, and predicted (--ask measures it)");
    }
    if any(|row| row.installed.is_none() && row.client().basis == Basis::Documentation) {
        parts.push("? predicted from documents alone");
    }
    if parts.is_empty() {
        return Vec::new();
    }
    parts.push("the others are predicted");
    vec![Block::Words(format!("{}.", parts.join("; ")))]
}

/// Every store once, with what makes it so and all clients that read it.
fn stores(grid: &Grid) -> Vec<Block> {
    let mut order: Vec<String> = Vec::new();
    let mut readers: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for row in &grid.rows {
        let store = store(row);
        let clients = readers.entry(store.clone()).or_default();
        if clients.is_empty() {
            order.push(store);
        }
        clients.push(row.title());
    }
    let mut blocks = Vec::new();
    for store in order {
        let clients = readers.get(&store).map(|c| c.join(", "));
        let facts = vec![(String::new(), clients.unwrap_or_default())];
        blocks.push(Block::Head(store));
        blocks.push(Block::Facts(facts));
    }
    if grid.rows.iter().any(|row| row.predicted.store_assumed) {
        let words = "~ the store itself could not be read, so one much like it stands for it.";
        blocks.push(Block::Words(words.to_owned()));
    }
    blocks
}

/// Every text once, with all clients that print it.
fn spoken(grid: &Grid) -> Vec<Block> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut by_words: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for row in grid.rows.iter().filter(|row| !row.accepted()) {
        let words = row.words();
        if words.0.is_empty() {
            continue;
        }
        let clients = by_words.entry(words).or_default();
        if clients.is_empty() {
            order.push(words);
        }
        clients.push(row.title());
    }
    let mut blocks = Vec::new();
    for words in order {
        let clients = by_words.get(&words).map(|c| c.join(", "));
        blocks.push(Block::Head(clients.unwrap_or_default()));
        let mut lines: Vec<(String, String)> = Vec::new();
        lines.extend(lines_of(words.0).map(|line| (String::new(), line)));
        if !words.1.is_empty() {
            lines.push((String::new(), format!("cause: {}", readable(words.1))));
        }
        blocks.push(Block::Facts(lines));
    }
    blocks
}

/// Everything that clients look at and whycert does not, with all clients it is said of.
fn unchecked(grid: &Grid) -> Vec<Block> {
    let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in grid.rows.iter().filter(|row| row.kind() == Kind::Predicted) {
        for step in row.predicted.steps.iter().filter(|s| s.is_left_out()) {
            let clients = said.entry(&step.evidence).or_default();
            if clients.last() != Some(&row.client().title.as_str()) {
                clients.push(&row.client().title);
            }
        }
    }
    said.into_iter()
        .flat_map(|(evidence, clients)| {
            [
                Block::Head(clients.join(", ")),
                Block::Facts(vec![(String::new(), evidence.to_owned())]),
            ]
        })
        .collect()
}

/// Which clients were asked, with which commands.
fn asked(grid: &Grid) -> Vec<Block> {
    let rows = grid.rows.iter();
    let asked = rows.filter_map(|row| Some((row, row.measured.as_ref()?)));
    asked
        .flat_map(|(row, measured)| {
            let words = match &measured.said {
                Said::Accepted => "accepted".to_owned(),
                Said::Rejected { .. } => "rejected".to_owned(),
                Said::NotAsked(why) => format!("not asked: {why}"),
            };
            let seconds = measured.took.as_secs_f64();
            [
                Block::Head(format!(
                    "{} ({}): {words}, in {seconds:.1} s",
                    row.title(),
                    measured.version
                )),
                Block::Commands(vec![measured.command.clone()]),
            ]
        })
        .collect()
}

/// One JSON object on one line, with its line feed. `None` when no clients were judged.
///
/// `certificates` are those that any client could use; `verdicts[].path` and `reasons[].certificate` count
/// in them.
pub fn json(inspection: &Inspection) -> Option<String> {
    let grid = inspection.grid.as_deref()?;
    let (rejected, clients) = grid.rejected();
    Some(json::with_line_feed(&Report {
        schema: SCHEMA,
        target: text::safe(&inspection.capture.target.typed).into_owned(),
        outcome: inspection.outcome.id(),
        judged_at: inspection.at.rfc3339(),
        judged_at_given: inspection.at_given,
        what_if: json::supposed(inspection),
        next_change: json::next_change(inspection),
        clients,
        rejected,
        certificates: grid.chain.nodes.iter().map(json::node).collect(),
        verdicts: grid.rows.iter().map(Verdict::of).collect(),
    }))
}

#[derive(Serialize)]
struct Report {
    schema: u32,
    target: String,
    outcome: &'static str,
    judged_at: String,
    judged_at_given: bool,
    /// What is assumed, and what that changes; `null` when nothing is.
    what_if: Option<Supposed>,
    /// The next date at which some verdict turns by itself.
    next_change: Option<Turn>,
    clients: usize,
    rejected: usize,
    certificates: Vec<Cert>,
    verdicts: Vec<Verdict>,
}

#[derive(Serialize)]
struct Verdict {
    client: &'static str,
    title: String,
    version: String,
    /// The profile was measured with this line of versions; null when it is not on this machine.
    version_measured: Option<bool>,
    /// The program on this machine.
    program: Option<String>,
    kind: &'static str,
    /// `documentation` when the rules of this client were not measured either.
    basis: &'static str,
    store: String,
    store_because: String,
    store_assumed: bool,
    accepted: bool,
    /// Whether its rules accept without what is assumed; `null` when nothing is.
    actually_accepted: Option<bool>,
    path: Vec<usize>,
    reasons: Vec<Reason>,
    steps: Vec<Checked>,
    stopped_by: Option<String>,
    message: Option<String>,
    cause: Option<String>,
    /// What was predicted, where the client was asked.
    predicted: Option<Predicted>,
    /// `verdict` or `words`, where the client itself says otherwise than was predicted.
    differs: Option<&'static str>,
    command: Option<String>,
    not_asked: Option<String>,
}

#[derive(Serialize)]
struct Predicted {
    accepted: bool,
    message: Option<String>,
    cause: Option<String>,
}

impl Verdict {
    fn of(row: &ClientRow) -> Self {
        let (predicted, client) = (&row.predicted, row.client());
        let some = |words: &str| (!words.is_empty()).then(|| words.to_owned());
        let (message, cause) = row.words();
        let measured = row.kind() == Kind::Measured;
        Self {
            client: &client.id,
            title: row.title().to_owned(),
            version: row.version(),
            program: row
                .installed
                .as_ref()
                .map(|i| text::safe(&i.program.to_string_lossy()).into_owned()),
            version_measured: row.installed.as_ref().map(|i| i.same_line),
            kind: if measured { "measured" } else { "predicted" },
            basis: match client.basis {
                Basis::Measured => "measured",
                Basis::Documentation => "documentation",
            },
            store: predicted.store.clone(),
            store_because: predicted.store_why.clone(),
            store_assumed: predicted.store_assumed,
            accepted: row.accepted(),
            actually_accepted: row.actually,
            path: json::indices(&predicted.path),
            reasons: json::reasons(&predicted.reasons),
            steps: json::steps(&predicted.steps, &predicted.reasons),
            stopped_by: some(&predicted.stopped_by),
            message: some(message),
            cause: some(cause),
            predicted: measured.then(|| Predicted {
                accepted: predicted.accepted,
                message: some(&predicted.message),
                cause: some(&predicted.cause),
            }),
            differs: row.difference().map(|d| match d {
                Difference::Verdict => "verdict",
                Difference::Words => "words",
            }),
            command: row.measured.as_ref().map(|m| m.command.clone()),
            not_asked: row.measured.as_ref().and_then(|m| match &m.said {
                Said::NotAsked(why) => Some(why.clone()),
                _ => None,
            }),
        }
    }
}
