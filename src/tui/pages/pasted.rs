//! What a pasted error means, as lines.

use crate::diagnosis::pasted::{Pasted, sign};
use crate::diagnosis::rule::rule;
use crate::tui::line::{Line, Link, Meaning};

/// The lines of an explanation, not wrapped; `None` when nothing in the text is known.
pub fn pasted(pasted: &Pasted) -> Option<Vec<Line>> {
    let answer = pasted.matches.first()?;
    let mut lines = vec![
        Line::of(Meaning::Strong, answer.words.replace('*', "…")),
        Line::blank(),
        Line::of(Meaning::Plain, answer.error.meaning.clone()),
        Line::blank(),
    ];
    if let Some(client) = pasted.client {
        lines.push(
            Line::of(Meaning::Muted, "printed by  ").and(Meaning::Plain, client.name.clone()),
        );
    }
    lines.push(match pasted.places.as_slice() {
        [] => Line::of(
            Meaning::Muted,
            "The text names no server; o opens the one it is about.",
        ),
        [one] => Line::of(Meaning::Muted, "server      ").and(Meaning::Accent, one.typed()),
        several => {
            let typed: Vec<String> = several.iter().map(|place| place.typed()).collect();
            Line::of(Meaning::Muted, "several servers are named; o opens one: ")
                .and(Meaning::Plain, typed.join("  "))
        }
    });
    lines.push(Line::blank());
    lines.push(Line::of(Meaning::Strong, "What causes it, likeliest first"));
    for (at, id) in pasted.causes().into_iter().enumerate() {
        let (Some(rule), Some(sign)) = (rule(id), sign(id)) else {
            continue;
        };
        lines.push(
            Line::of(Meaning::Plain, format!("{}. {}  ", at + 1, rule.title))
                .and(Meaning::Accent, rule.id)
                .hanging(3)
                .to(Link::Lesson(rule.id)),
        );
        lines.push(
            Line::of(Meaning::Muted, "   tell  ")
                .and(Meaning::Plain, sign.sign.clone())
                .hanging(9),
        );
        lines.push(
            Line::of(Meaning::Muted, "   do    ")
                .and(Meaning::Plain, sign.step.clone())
                .hanging(9),
        );
    }
    let others: Vec<Line> = pasted
        .matches
        .iter()
        .skip(1)
        .map(|one| {
            Line::of(
                Meaning::Plain,
                format!("“{}”: {}", one.words.replace('*', "…"), one.error.meaning),
            )
        })
        .collect();
    if !others.is_empty() {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Strong, "The text also says"));
        lines.extend(others);
    }
    Some(lines)
}
