//! The pane Why: verdict, root cause, smallest fix; then everything else that was found.

use crate::diagnosis::{Finding, Fix, Severity, Who};
use crate::inspect::{Inspection, Outcome};
use crate::moment::{Moment, NO_EXPIRY};
use crate::text;
use crate::tui::line::{Line, Link, Meaning};
use crate::tui::model::{Session, State};
use crate::tui::theme::Glyphs;

/// The lines of a finished inspection.
pub(super) fn lines(
    inspection: &Inspection,
    session: &Session,
    glyphs: &Glyphs,
    width: usize,
) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(list) = &inspection.list {
        let sentences = list.sentences();
        lines.extend(sentences.into_iter().map(|s| Line::of(Meaning::Plain, s)));
        lines.push(Line::blank());
    }
    match inspection.findings.split_first() {
        Some((first, rest)) => {
            if let Some(line) = trusted_by(inspection, glyphs) {
                // The first line leads to the lesson, whether it is this one or the finding.
                lines.push(line.to(Link::Lesson(first.rule.id)));
                lines.push(Line::blank());
            }
            lines.extend(root_cause(first, glyphs, width));
            if !rest.is_empty() {
                lines.push(Line::blank());
                lines.push(Line::of(Meaning::Strong, "Also found"));
                lines.extend(
                    rest.iter()
                        .map(|f| headline(f, glyphs).to(Link::Lesson(f.rule.id))),
                );
            }
        }
        None if inspection.is_list() => lines.extend(why_trusted(inspection)),
        None if matches!(inspection.outcome, Outcome::Trusted | Outcome::TrustedIf) => {
            let words = match inspection.outcome {
                Outcome::TrustedIf => "Nothing would be wrong here.",
                _ => "Nothing is wrong here.",
            };
            let line = Line::of(Meaning::Good, format!("{} {words}", glyphs.good));
            lines.push(line.hanging(2));
            lines.push(Line::blank());
            lines.extend(why_trusted(inspection));
        }
        None => lines.push(Line::of(
            Meaning::Plain,
            "There is nothing to say about this target.",
        )),
    }
    lines.extend(stores(inspection, glyphs));
    if let Some(story) = &session.entry.story {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Strong, "The story"));
        lines.push(Line::of(Meaning::Plain, text::safe(story).into_owned()));
    }
    lines
}

/// By whom it is trusted and until when, before what is to be said all the same.
fn trusted_by(inspection: &Inspection, glyphs: &Glyphs) -> Option<Line> {
    let verb = match inspection.outcome {
        _ if inspection.is_list() => return None,
        Outcome::Trusted => "Trusted",
        Outcome::TrustedIf => "Would be trusted",
        _ => return None,
    };
    let verdict = inspection.verdicts.first().filter(|v| v.accepted)?;
    let leaf = inspection.chain.leaf;
    let until = leaf
        .and_then(|leaf| inspection.chain.certificate(leaf)?.not_after)
        .filter(|until| *until != NO_EXPIRY)
        .map(|until| format!(", until {}", until.date()));
    let words = format!(
        "{verb} by {}{}.",
        verdict.store_title,
        until.unwrap_or_default()
    );
    let line = Line::of(Meaning::Good, format!("{} ", glyphs.good)).and(Meaning::Plain, words);
    Some(line.hanging(2))
}

fn root_cause(finding: &Finding, glyphs: &Glyphs, width: usize) -> Vec<Line> {
    let mut lines = vec![
        headline(finding, glyphs).to(Link::Lesson(finding.rule.id)),
        Line::blank(),
    ];
    let mut fixes = finding.fixes.iter();
    if let Some(fix) = fixes.next() {
        let who = match fix.who {
            Who::You => String::new(),
            other => format!(", by {}", other.words()),
        };
        lines.push(Line::of(Meaning::Strong, "Smallest fix").and(Meaning::Muted, who));
        lines.push(Line::of(Meaning::Plain, fix.action.clone()));
        lines.extend(command_line(fix));
        lines.push(Line::blank());
    }
    if !finding.evidence.is_empty() {
        lines.push(Line::of(Meaning::Strong, "Evidence"));
        let evidence = finding.evidence.iter();
        let pairs = evidence.map(|e| (e.label.as_str(), e.value.as_str()));
        lines.extend(super::facts(pairs, width));
    }
    let others: Vec<&Fix> = fixes.collect();
    if !others.is_empty() {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Strong, "Or"));
        others.iter().for_each(|fix| lines.extend(other_fix(fix)));
    }
    lines.push(Line::blank());
    lines.push(
        Line::of(Meaning::Muted, "Enter opens the lesson ")
            .and(Meaning::Accent, finding.rule.id)
            .to(Link::Lesson(finding.rule.id)),
    );
    lines
}

/// One of the further fixes: who, unless it is you; what; the command.
fn other_fix(fix: &Fix) -> Vec<Line> {
    let mut line = Line::of(Meaning::Muted, "- ").hanging(2);
    if fix.who != Who::You {
        line = line.and(Meaning::Muted, format!("{}: ", fix.who.words()));
    }
    let mut lines = vec![line.and(Meaning::Plain, fix.action.clone())];
    lines.extend(command_line(fix));
    lines
}

fn command_line(fix: &Fix) -> Option<Line> {
    let command = fix.command.as_ref()?;
    let shown = Line::of(Meaning::Code, format!("  {command}"));
    Some(shown.hanging(4).to(Link::Copy(command.clone())))
}

/// Symbol and summary of a finding.
fn headline(finding: &Finding, glyphs: &Glyphs) -> Line {
    let (symbol, meaning) = match finding.severity {
        Severity::Error => (glyphs.bad, Meaning::Bad),
        Severity::Warning => (glyphs.warn, Meaning::Warn),
        Severity::Note => (glyphs.note, Meaning::Muted),
    };
    let words = if finding.severity == Severity::Error {
        Meaning::Strong
    } else {
        Meaning::Plain
    };
    Line::of(meaning, format!("{symbol} "))
        .and(words, finding.summary.clone())
        .hanging(2)
}

fn why_trusted(inspection: &Inspection) -> Vec<Line> {
    let Some(verdict) = inspection.verdicts.first() else {
        return Vec::new();
    };
    let names: Vec<String> = verdict
        .path
        .iter()
        .filter_map(|&id| inspection.chain.node(id))
        .map(|n| text::clip(&n.title(), 50).into_owned())
        .collect();
    let root = verdict.path.last();
    let is_pretended = root.is_some_and(|root| inspection.pretended.contains(root));
    let mut lines = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let words = match index {
            0 if inspection.is_list() => {
                format!("Judged here: “{name}”, the first of them.")
            }
            0 if inspection.name.is_none() => {
                format!("No name was asked for: “{name}” is judged without one.")
            }
            0 => format!("“{name}” carries the name you asked for."),
            _ if index + 1 == names.len() => {
                let held = if is_pretended {
                    "as if it were"
                } else {
                    "which is"
                };
                format!("Signed by “{name}”, {held} in {}.", verdict.store_title)
            }
            _ => format!("Signed by “{name}”."),
        };
        lines.push(Line::of(Meaning::Plain, words));
    }
    lines
}

fn stores(inspection: &Inspection, glyphs: &Glyphs) -> Vec<Line> {
    if inspection.verdicts.is_empty() {
        return Vec::new();
    }
    let changed = inspection.changed();
    let mut lines = vec![Line::blank(), Line::of(Meaning::Strong, "Trust stores")];
    for (index, verdict) in inspection.verdicts.iter().enumerate() {
        let (symbol, meaning) = if verdict.accepted {
            (glyphs.good, Meaning::Good)
        } else {
            (glyphs.bad, Meaning::Bad)
        };
        let mut line = Line::of(meaning, format!("{symbol} "))
            .and(Meaning::Plain, verdict.store_title.clone());
        if let Some(turned) = changed.iter().find(|c| c.id == verdict.store) {
            let was = if turned.accepts { "rejects" } else { "accepts" };
            line = line.and(Meaning::Warn, format!("  as it is: {was}"));
        } else if verdict.pretended {
            line = line.and(Meaning::Warn, "  pretended");
        }
        if index == 0 && inspection.verdicts.len() > 1 {
            line = line.and(Meaning::Muted, "  decides");
        }
        lines.push(line.hanging(2));
    }
    lines
}

/// The lines while an inspection runs.
pub(super) fn waiting(session: &Session, now: Moment, glyphs: &Glyphs) -> Vec<Line> {
    let mut lines = Vec::new();
    match &session.state {
        State::Waiting { stages, .. } => {
            let last = stages.len().saturating_sub(1);
            for (index, (stage, began)) in stages.iter().enumerate() {
                let name = stage.waiting();
                let line = if index == last {
                    let waited = began.until(now);
                    let since = if waited > 0 {
                        format!("  {waited} s")
                    } else {
                        String::new()
                    };
                    Line::of(Meaning::Accent, format!("{name}{}", glyphs.waiting))
                        .and(Meaning::Muted, since)
                } else {
                    Line::of(Meaning::Good, format!("{} ", glyphs.good)).and(Meaning::Muted, name)
                };
                lines.push(line);
            }
            if stages.is_empty() {
                lines.push(Line::of(
                    Meaning::Accent,
                    format!("starting{}", glyphs.waiting),
                ));
            }
        }
        _ => lines.push(Line::of(Meaning::Muted, "waiting for its turn")),
    }
    if let Some(story) = &session.entry.story {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Plain, text::safe(story).into_owned()));
    }
    lines
}
