//! The text of panes and pages, as lines with meanings. Pure functions of what is known.

mod certificate;
pub mod clients;
mod handshake;
mod lesson;
mod pasted;
mod stores;
mod why;

use std::sync::Arc;

use super::keymap::{BINDINGS, Binding, Command, Group};
use super::line::{Line, Meaning, wrap};
use super::model::{Model, Pane};
use super::theme::Glyphs;
use crate::cert::fields::Explanation;
use crate::chain::NodeId;
use crate::inspect::Inspection;
use crate::text;

pub use lesson::lesson;
pub use pasted::pasted;
pub use stores::stores;

/// Columns of a line of PEM (RFC 7468 section 2).
const PEM_WIDTH: usize = 64;

/// A label and its value in two columns, the first `columns` wide; a label that is too long for it gets
/// a line of its own.
fn fact(label: &str, value: &str, columns: usize) -> Vec<Line> {
    let used = text::width(label);
    if used > columns {
        let indent = " ".repeat(columns + 2);
        return vec![
            Line::of(Meaning::Muted, label),
            Line::of(Meaning::Plain, format!("{indent}{value}")).hanging(columns + 2),
        ];
    }
    let gap = " ".repeat(columns - used + 2);
    vec![
        Line::of(Meaning::Muted, format!("{label}{gap}"))
            .and(Meaning::Plain, value)
            .hanging(columns + 2),
    ]
}

/// Labels and values in two columns, as wide as the labels ask and the page allows.
fn facts<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone, width: usize) -> Vec<Line> {
    let longest = pairs.clone().map(|(label, _)| text::width(label)).max();
    let columns = longest.unwrap_or(0).min(width * 2 / 5);
    pairs
        .flat_map(|(label, value)| fact(label, value, columns))
        .collect()
}

/// The lines of the pane shown, wrapped to a width in columns.
pub fn pane(model: &Model, width: usize) -> Vec<Line> {
    let Some(session) = model.session() else {
        return Vec::new();
    };
    let Some(inspection) = session.inspection() else {
        return wrap(&why::waiting(session, model.now, model.look.glyphs), width);
    };
    let lines = match model.pane {
        Pane::Why => why::lines(inspection, session, model.look.glyphs, width),
        Pane::Clients => clients::lines(model, session, inspection, width),
        Pane::Certificate => certificate::lines(
            inspection,
            model.selected(),
            session,
            model.look.glyphs,
            width,
        ),
        Pane::Handshake => handshake::lines(inspection, model.look.glyphs, width),
        Pane::Pem => pem(inspection, model.selected(), width),
    };
    wrap(&lines, width)
}

fn pem(inspection: &Inspection, selected: Option<NodeId>, width: usize) -> Vec<Line> {
    let Some(certificate) = selected.and_then(|id| inspection.chain.certificate(id)) else {
        return vec![Line::of(
            Meaning::Muted,
            "This certificate is missing: there is nothing to show.",
        )];
    };
    let text = crate::cert::pem::encode(&certificate.der);
    let mut lines: Vec<Line> = text
        .lines()
        .map(|l| Line::of(Meaning::Plain, l).fixed())
        .collect();
    lines.push(Line::blank());
    if width < PEM_WIDTH {
        lines.push(Line::of(
            Meaning::Muted,
            "The lines are cut here: z gives them room, y copies, e writes a file.",
        ));
    }
    lines.push(
        Line::of(Meaning::Muted, "SHA-256 ")
            .and(Meaning::Code, text::hex_colon(&certificate.sha256))
            .hanging(8),
    );
    lines
}

/// The help page.
pub fn help(glyphs: &Glyphs) -> Vec<Line> {
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(Line::of(Meaning::Strong, group.title()));
        for binding in BINDINGS.iter().filter(|b| b.group == group) {
            let keys = keys(binding, glyphs);
            let pad = 16usize.saturating_sub(text::width(&keys));
            lines.push(
                Line::of(Meaning::Accent, format!("  {keys}"))
                    .and(
                        Meaning::Plain,
                        format!("{}{}", " ".repeat(pad), binding.help),
                    )
                    .hanging(18),
            );
        }
        lines.push(Line::blank());
    }
    lines.push(Line::of(Meaning::Strong, "Marks"));
    for (mark, meaning, words) in [
        (
            glyphs.good,
            Meaning::Good,
            "accepted by the store that decides",
        ),
        (glyphs.bad, Meaning::Bad, "a reason for refusal lies here"),
        (glyphs.warn, Meaning::Warn, "works, but deserves a look"),
        (
            glyphs.missing,
            Meaning::Warn,
            "missing: needed, not sent and in no store",
        ),
        (glyphs.neutral, Meaning::Muted, "in no verdict"),
    ] {
        lines.push(Line::of(meaning, format!("  {mark}  ")).and(Meaning::Plain, words));
    }
    lines
}

/// The keys of a command as the help page writes them.
fn keys(binding: &Binding, glyphs: &Glyphs) -> String {
    let keys = binding.keys.replace(' ', ", ");
    if !glyphs.is_ascii() {
        return keys;
    }
    [("↑", "up"), ("↓", "down"), ("←", "left"), ("→", "right")]
        .iter()
        .fold(keys, |keys, (arrow, word)| keys.replace(arrow, word))
}

/// The explanation of a field.
pub fn explanation(explanation: &Explanation) -> Vec<Line> {
    vec![
        Line::of(Meaning::Plain, explanation.what),
        Line::blank(),
        Line::of(Meaning::Strong, "When it is wrong"),
        Line::of(Meaning::Plain, explanation.breaks),
        Line::blank(),
        Line::of(Meaning::Muted, explanation.source),
    ]
}

/// The commands that what is typed may mean, the likeliest first: every word stands in the command's
/// words, or its letters stand there in order.
pub fn palette(typed: &str) -> Vec<&'static Binding> {
    let words: Vec<String> = typed
        .to_lowercase()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let mut ranked: Vec<(usize, &Binding)> = BINDINGS
        .iter()
        .filter(|b| b.command != Command::Palette)
        .filter_map(|b| {
            let hay = format!("{} {}", b.short, b.help).to_lowercase();
            let ranks = words.iter().map(|w| rank(&hay, w));
            Some((ranks.sum::<Option<usize>>()?, b))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, b)| b).collect()
}

/// How far a word is from being said in `hay`: 0 at the start of a word of it, more inside, more
/// still when only its letters stand there in order; `None` when they do not.
fn rank(hay: &str, word: &str) -> Option<usize> {
    if let Some(at) = hay.find(word) {
        let starts = hay.split(' ').any(|w| w.starts_with(word));
        return Some(if starts { 0 } else { 10 } + at / 10);
    }
    let mut rest = hay.char_indices();
    let (mut first, mut last) = (None, 0);
    for c in word.chars() {
        let (at, _) = rest.find(|(_, h)| *h == c)?;
        first = first.or(Some(at));
        last = at;
    }
    Some(100 + last.saturating_sub(first.unwrap_or(0)))
}

/// What the copy menu offers: what it is, and the text.
pub fn copy_entries(
    inspection: &Arc<Inspection>,
    selected: Option<NodeId>,
) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    if let Some(certificate) = selected.and_then(|id| inspection.chain.certificate(id)) {
        entries.push(("PEM".to_owned(), crate::cert::pem::encode(&certificate.der)));
        entries.push(("SHA-256".to_owned(), text::hex_colon(&certificate.sha256)));
        entries.push(("SHA-1".to_owned(), text::hex_colon(&certificate.sha1)));
        if let Some(pin) = certificate.spki_sha256 {
            entries.push((
                "SPKI pin".to_owned(),
                format!("sha256//{}", data_encoding::BASE64.encode(&pin)),
            ));
        }
        entries.push((
            "serial number".to_owned(),
            text::hex_colon(&certificate.serial),
        ));
        entries.push(("subject".to_owned(), certificate.subject.rfc4514()));
        entries.push(("issuer".to_owned(), certificate.issuer.rfc4514()));
        let names: Vec<String> = certificate
            .subject_alt_names()
            .iter()
            .map(ToString::to_string)
            .collect();
        if !names.is_empty() {
            entries.push(("alternative names".to_owned(), names.join("\n")));
        }
    }
    if let Some(fix) = inspection
        .findings
        .first()
        .and_then(|f| f.fixes.iter().find_map(|x| x.command.clone()))
    {
        entries.push(("command of the smallest fix".to_owned(), fix));
    }
    entries.push((
        "report in Markdown".to_owned(),
        crate::export::report::markdown(inspection),
    ));
    entries
}
