//! What a pasted error means, as text for people: the answer, what causes it, how to tell, what to do.
//!
//! Nothing of the pasted text is repeated but the host and the port: it may hold secrets.

use crate::diagnosis::Finding;
use crate::diagnosis::pasted::{self, HEAD, Level, Match, Pasted, TAIL};
use crate::diagnosis::rule::rule;
use crate::text;

use super::layout::{Block, Page, Section};

/// At most so many causes are told at length; the others are named.
const AT_LENGTH: usize = 6;
/// The same where the text leaves nearly everything open.
const OF_ANYTHING: usize = 3;

/// What is known of the server, and what is done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is looked at now: what was typed or found, safe to display.
    Looking(String),
    /// `--offline`: it could be looked at.
    Offline(String),
    /// The text names several; the person has to choose.
    Several(Vec<String>),
    /// None is named.
    Unnamed,
}

/// The explanation, at most so many columns wide, ending in a line feed. When nothing is known, it says so
/// and names what is nearest.
pub fn text(pasted: &Pasted, next: &Next, columns: usize) -> String {
    let sections = match pasted.matches.first() {
        Some(answer) => vec![
            meaning(pasted, answer),
            causes(pasted),
            others(pasted),
            next_step(pasted, next),
        ],
        None => vec![unknown(pasted), next_step(pasted, next)],
    };
    Page {
        title: title(pasted),
        sections: sections
            .into_iter()
            .filter(|section| !section.blocks.is_empty())
            .collect(),
    }
    .text(columns)
}

/// The answer in one paragraph, for where there is little room.
pub fn in_short(pasted: &Pasted) -> Option<String> {
    let answer = pasted.matches.first()?;
    Some(format!(
        "You pasted “{}”. {}",
        shown(answer.words),
        answer.error.meaning
    ))
}

/// What a look found, held against the causes of what was pasted: one sentence.
pub fn compared(pasted: &Pasted, findings: &[Finding]) -> String {
    let causes = pasted.causes();
    let found: Vec<&str> = causes
        .iter()
        .copied()
        .filter(|cause| findings.iter().any(|f| f.rule.id == *cause))
        .collect();
    if pasted.matches.is_empty() {
        return "The error is unknown; this is what a look at the server finds.".to_owned();
    }
    match (found.as_slice(), findings.first()) {
        ([], None) => {
            "The look finds nothing wrong from here: the fault is gone, or it lies with that \
            program's own store, proxy or clock."
                .to_owned()
        }
        ([], Some(first)) => format!(
            "The look finds none of these causes from here, but {} ({}). That program may use another store, \
                proxy or clock than this look.",
            first.rule.title, first.rule.id
        ),
        ([one], _) => format!("The look finds one of these causes: {one}."),
        (several, _) => format!(
            "The look finds some of these causes: {}.",
            text::list_and(several)
        ),
    }
}

fn title(pasted: &Pasted) -> String {
    match (pasted.matches.first(), pasted.client) {
        (Some(answer), Some(client)) => format!("{}: {}", client.name, shown(answer.words)),
        (Some(answer), None) => shown(answer.words),
        (None, Some(client)) => format!("{}: an error that whycert does not know", client.name),
        (None, None) => "An error that whycert does not know".to_owned(),
    }
}

/// A text of the table, as people read it.
fn shown(words: &str) -> String {
    words.replace('*', "…")
}

fn meaning(pasted: &Pasted, answer: &Match) -> Section {
    let mut blocks = vec![Block::Words(answer.error.meaning.clone())];
    let mut facts = Vec::new();
    if pasted.client.is_none() {
        let who = text::list_and(&answer.error.families);
        facts.push(("printed by".to_owned(), who));
    }
    if let Some(place) = pasted.place() {
        facts.push(("server".to_owned(), text::safe(&place.typed()).into_owned()));
    }
    if pasted.cut {
        facts.push(("read".to_owned(), left_out()));
    }
    if !facts.is_empty() {
        blocks.push(Block::Facts(facts));
    }
    Section {
        heading: "",
        blocks,
    }
}

fn left_out() -> String {
    format!(
        "the first {} and the last {} kB; the middle was left out",
        HEAD / 1024,
        TAIL / 1024
    )
}

fn causes(pasted: &Pasted) -> Section {
    let causes = pasted.causes();
    let open = pasted
        .error()
        .is_some_and(|error| error.level != Level::Exact);
    let at_length = if open { OF_ANYTHING } else { AT_LENGTH };
    let mut blocks = Vec::new();
    for (at, id) in causes.iter().take(at_length).enumerate() {
        let (Some(rule), Some(sign)) = (rule(id), pasted::sign(id)) else {
            continue;
        };
        blocks.push(Block::Head(format!(
            "{}. {}  {}",
            at + 1,
            rule.title,
            rule.id
        )));
        blocks.push(Block::Facts(vec![
            ("tell".to_owned(), sign.sign.clone()),
            ("do".to_owned(), sign.step.clone()),
        ]));
    }
    if let Some(more) = causes.get(at_length..).filter(|more| !more.is_empty()) {
        blocks.push(Block::Head(format!(
            "Also possible: {}",
            text::list_or(more)
        )));
    }
    Section {
        heading: match (causes.len(), open) {
            (1, _) => "What causes it",
            (_, true) => "What may be below it, likeliest first",
            (_, false) => "What causes it, likeliest first",
        },
        blocks,
    }
}

/// Further errors in the same text.
fn others(pasted: &Pasted) -> Section {
    let blocks = pasted
        .matches
        .iter()
        .skip(1)
        .map(|one| {
            Block::Facts(vec![(
                format!("“{}”", shown(one.words)),
                one.error.meaning.clone(),
            )])
        })
        .collect();
    Section {
        heading: "The text also says",
        blocks,
    }
}

fn unknown(pasted: &Pasted) -> Section {
    let mut blocks = vec![Block::Words(
        "No text that whycert knows stands in what was pasted, so it does not guess what it means."
            .to_owned(),
    )];
    if pasted.near.is_empty() {
        blocks.push(Block::Words(
            "Nothing that it knows is like it either. Paste the whole error with the lines around it: the \
                reason often stands a few lines above or below."
                .to_owned(),
        ));
    } else {
        blocks.push(Block::Words("The nearest that it knows:".to_owned()));
        let near = pasted.near.iter().map(|one| {
            let label = format!("{} % alike", one.percent);
            (
                label,
                format!("“{}”: {}", shown(one.words), one.error.meaning),
            )
        });
        blocks.push(Block::Facts(near.collect()));
    }
    if pasted.cut {
        blocks.push(Block::Facts(vec![("read".to_owned(), left_out())]));
    }
    Section {
        heading: "",
        blocks,
    }
}

fn next_step(pasted: &Pasted, next: &Next) -> Section {
    let mut blocks = Vec::new();
    let causes = pasted.causes();
    if let Some(error) = pasted.error() {
        let step = match (&error.next, causes.as_slice()) {
            (Some(step), _) => step.clone(),
            (None, [one]) => pasted::sign(one).map(|s| s.step.clone()).unwrap_or_default(),
            (None, _) => "Find out which of these it is before anything is changed: whycert tells them apart by \
                looking at the server."
                .to_owned(),
        };
        blocks.push(Block::Words(step));
    }
    match next {
        Next::Looking(target) => blocks.push(Block::Words(format!(
            "Looking at {target} now, because the text names it (--offline does not)."
        ))),
        Next::Offline(target) => blocks.push(Block::Commands(vec![format!(
            "whycert inspect {}",
            text::shell_quote(target)
        )])),
        Next::Several(targets) => {
            blocks.push(Block::Words(
                "The text names several servers, and none was contacted. Choose one:".to_owned(),
            ));
            let lines = targets.iter().map(|target| {
                let target = text::shell_quote(target);
                format!("whycert inspect {target}")
            });
            blocks.push(Block::Commands(lines.collect()));
        }
        Next::Unnamed => blocks.push(Block::Words(
            "The text names no server, so none was contacted; --target HOST:PORT names one."
                .to_owned(),
        )),
    }
    if let Some(first) = causes.first() {
        let line = format!("whycert explain {first}");
        blocks.push(Block::Words("The lesson of the first cause:".to_owned()));
        blocks.push(Block::Commands(vec![line]));
    }
    Section {
        heading: "Next",
        blocks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_text_is_repeated_but_the_server() {
        let secret = "curl -H 'Authorization: Bearer s3cr3t-t0k3n' https://me:hunter2@api.internal:8443/x?key=abcdef \
            curl: (60) SSL certificate problem: self-signed certificate";
        let pasted = Pasted::read(secret);
        let target = pasted.place().unwrap().typed();
        let out = text(&pasted, &Next::Looking(target), 100);
        for part in ["s3cr3t", "hunter2", "abcdef", "Bearer"] {
            assert!(!out.contains(part), "{out}");
        }
        assert!(out.contains("https://api.internal:8443"), "{out}");
        assert!(out.contains("leaf.self-signed"), "{out}");
        assert!(out.lines().all(|line| text::width(line) <= 100), "{out}");
    }

    #[test]
    fn a_look_is_held_against_the_causes() {
        let pasted = Pasted::read("CERT_HAS_EXPIRED");
        assert!(compared(&pasted, &[]).contains("nothing wrong from here"));
        assert!(compared(&Pasted::read("zzz"), &[]).contains("unknown"));
    }
}
