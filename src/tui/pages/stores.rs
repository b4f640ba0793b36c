//! The trust stores of this machine, and which of them hold the chain shown.

use super::fact;
use crate::chain::{Chain, Node};
use crate::export::stores::{
    GROUPS, PROBLEM, SETTINGS, facts, head, not_read, setting_facts, title,
};
use crate::inspect::Inspection;
use crate::store::{Environment, Found, TrustStore};
use crate::tui::line::{Line, Meaning};
use crate::tui::model::Model;

/// Columns of the labels of a store, and of a setting.
const LABELS: usize = 7;
const SETTING_LABELS: usize = 21;
/// Certificates of the chain named for a store; the others are counted.
const MOST_HELD: usize = 3;

/// The lines of the page, not wrapped. While the stores are still being read, those that decide are shown.
pub fn stores(model: &Model) -> Vec<Line> {
    let chain = model.inspection().and_then(|i| of_one_server(i));
    let deciding = model.stores.as_ref();
    let Some(survey) = &model.survey else {
        let machine = deciding.is_none_or(|s| s.environment().is_some());
        let words = match machine {
            true => "The stores of this machine are being read…",
            false => "This is judged by stores of its own, not by those of this machine.",
        };
        let mut lines = vec![Line::of(Meaning::Muted, words)];
        for store in deciding.iter().flat_map(|s| &s.0) {
            lines.push(Line::blank());
            lines.extend(of_store(model, store, chain));
        }
        return lines;
    };
    let mut lines = vec![Line::of(Meaning::Strong, title(survey))];
    if let Some(chain) = chain {
        let holding = survey.stores.iter().filter(|s| holds_any(s, chain)).count();
        let words = match holding {
            0 => "None of them holds anything of this chain.".to_owned(),
            1 => "One of them holds something of this chain.".to_owned(),
            n => format!("{n} of them hold something of this chain."),
        };
        lines.push(Line::of(Meaning::Plain, words));
    }
    for (heading, kinds) in GROUPS {
        let mut group = survey
            .stores
            .iter()
            .filter(|s| kinds.contains(&s.kind))
            .peekable();
        if group.peek().is_some() {
            lines.extend([Line::blank(), Line::of(Meaning::Accent, *heading)]);
        }
        lines.extend(group.flat_map(|store| of_store(model, store, chain)));
    }
    if let Some(words) = not_read(survey) {
        lines.extend([Line::blank(), Line::of(Meaning::Warn, words)]);
    }
    lines.extend(settings(model, &survey.environment, chain));
    lines
}

/// The chain, unless it is a list, which no store holds as a whole.
fn of_one_server(inspection: &Inspection) -> Option<&Chain> {
    (!inspection.is_list()).then_some(&inspection.chain)
}

fn of_store(model: &Model, store: &TrustStore, chain: Option<&Chain>) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let facts = facts(store);
    let (mark, meaning) = match store.problems.is_empty() {
        true => (glyphs.neutral, Meaning::Muted),
        false => (glyphs.bad, Meaning::Bad),
    };
    let mut lines = vec![
        Line::of(meaning, format!("{mark} "))
            .and(Meaning::Strong, head(store))
            .hanging(2),
    ];
    if store.hidden.is_none() {
        lines.extend(chain.map(|chain| held(model, store, chain, LABELS)));
    }
    let told = |(label, value): &(String, String)| told(label, value, LABELS);
    lines.extend(facts.iter().flat_map(told));
    lines
}

/// A fact below its heading; what is wrong looks so.
fn told(label: &str, value: &str, columns: usize) -> Vec<Line> {
    let mut lines = fact(&format!("  {label}"), value, columns + 2);
    if label == PROBLEM {
        for span in lines.iter_mut().flat_map(|l| l.spans.iter_mut().skip(1)) {
            span.meaning = Meaning::Bad;
        }
    }
    lines
}

/// What of the chain is in a store.
fn held(model: &Model, store: &TrustStore, chain: &Chain, columns: usize) -> Line {
    let held: Vec<String> = chain
        .iter()
        .filter(|(_, node)| holds(store, node))
        .map(|(_, node)| node.title())
        .collect();
    let label = format!("  {:<columns$}  ", "holds");
    if held.is_empty() {
        return Line::of(Meaning::Muted, label)
            .and(Meaning::Muted, "nothing of this chain")
            .hanging(columns + 4);
    }
    let more = held.len().saturating_sub(MOST_HELD);
    let mut words = held[..held.len() - more].join("; ");
    if more > 0 {
        words.push_str(&format!("; and {more} more"));
    }
    Line::of(Meaning::Muted, label)
        .and(Meaning::Good, format!("{} ", model.look.glyphs.good))
        .and(Meaning::Plain, format!("{words}, of this chain"))
        .hanging(columns + 4)
}

fn holds_any(store: &TrustStore, chain: &Chain) -> bool {
    chain.iter().any(|(_, node)| holds(store, node))
}

/// The very certificate is an anchor, or one of the name and key that the chain misses.
fn holds(store: &TrustStore, node: &Node) -> bool {
    match (&node.certificate, &node.ghost) {
        (Some(certificate), _) => store.holds(certificate),
        (None, Some(ghost)) => store.has_issuer(&ghost.name, ghost.key_id.as_deref()),
        (None, None) => false,
    }
}

fn settings(model: &Model, environment: &Environment, chain: Option<&Chain>) -> Vec<Line> {
    let mut lines = vec![Line::blank(), Line::of(Meaning::Accent, SETTINGS)];
    if environment.settings.is_empty() {
        lines.push(Line::of(
            Meaning::Muted,
            "No variable and no configuration file changes who reads which store.",
        ));
    }
    for setting in &environment.settings {
        let (mark, meaning) = match &setting.found {
            Found::Missing(_) | Found::Unreadable(..) | Found::Off => {
                (model.look.glyphs.bad, Meaning::Bad)
            }
            _ => (model.look.glyphs.neutral, Meaning::Muted),
        };
        lines.push(
            Line::of(meaning, format!("{mark} "))
                .and(Meaning::Strong, setting.title())
                .hanging(2),
        );
        if let (Some(chain), Found::Anchors(store)) = (chain, &setting.found) {
            lines.push(held(model, store, chain, SETTING_LABELS));
        }
        let told = |(label, value): &(String, String)| told(label, value, SETTING_LABELS);
        lines.extend(setting_facts(setting, environment).iter().flat_map(told));
    }
    lines
}
