//! The pane Clients: who accepts it, who rejects it, and with a row opened why, and in which words.

use crate::ask::{Asking, Left};
use crate::chain::Origin;
use crate::export::clients as words;
use crate::inspect::Inspection;
use crate::judge::StepState;
use crate::judge::client::{ClientRow, Difference, Grid, Kind, Said};
use crate::text;
use crate::tui::line::{Line, Link, Meaning};
use crate::tui::model::{Finding, Model, Session};
use crate::tui::theme::Glyphs;

/// The lines of a finished inspection.
pub(super) fn lines(
    model: &Model,
    session: &Session,
    inspection: &Inspection,
    width: usize,
) -> Vec<Line> {
    if inspection.is_list() {
        let words = "This file is a list of certificates, not the chain of one server: clients judge chains.";
        return vec![
            Line::of(Meaning::Plain, words),
            Line::blank(),
            Line::of(Meaning::Muted, "Open the server itself with ")
                .and(Meaning::Accent, "o")
                .and(Meaning::Muted, ", or a file with one chain in it."),
        ];
    }
    let Some(grid) = &inspection.grid else {
        return vec![Line::of(Meaning::Muted, "No clients were judged.")];
    };
    let glyphs = model.look.glyphs;
    let mut lines = head(model, session, grid);
    if grid.rows.is_empty() {
        return lines;
    }
    lines.push(Line::blank());
    lines.extend(rows(grid, glyphs, width));
    lines.push(Line::blank());
    lines.push(legend(grid));
    lines
}

/// How many, what is still missing, what did not come as predicted.
fn head(model: &Model, session: &Session, grid: &Grid) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let meaning = match grid.rejected() {
        (0, all) if all > 0 => Meaning::Good,
        (no, all) if no == all => Meaning::Bad,
        _ => Meaning::Warn,
    };
    let mut headline = words::headline(grid);
    if let Some(first) = headline.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut lines = vec![Line::of(meaning, format!("{headline}."))];
    for sentence in words::differences(grid) {
        let line = Line::of(Meaning::Bad, format!("{} Not as predicted: ", glyphs.bad));
        lines.push(line.and(Meaning::Plain, sentence).hanging(2));
    }
    if grid.stores.environment().is_some() && !grid.surveyed {
        lines.push(Line::of(
            Meaning::Muted,
            format!("Reading the other stores of this machine{}", glyphs.waiting),
        ));
    }
    if let Some((_, left)) = session.asking {
        let line = Line::of(
            Meaning::Accent,
            format!(
                "Asking: {} still to answer{}",
                text::count(left, "client"),
                glyphs.waiting
            ),
        );
        lines.push(
            line.and(Meaning::Accent, " esc")
                .and(Meaning::Muted, " stops it."),
        );
    } else if matches!(model.finding, Finding::UnderWay { .. }) {
        lines.push(Line::of(
            Meaning::Muted,
            format!("Looking for clients on this machine{}", glyphs.waiting),
        ));
    } else if model.finding == Finding::Done && session.measured.is_empty() {
        let here = grid.rows.iter().filter(|row| row.installed.is_some());
        let count = text::count(here.count(), "client");
        lines.push(
            Line::of(Meaning::Muted, format!("{count} found on this machine: "))
                .and(Meaning::Accent, "a")
                .and(Meaning::Muted, " asks them."),
        );
    }
    lines
}

/// One line a client, as much of it as the width allows.
fn rows(grid: &Grid, glyphs: &Glyphs, width: usize) -> Vec<Line> {
    let widest = |of: fn(&ClientRow) -> String| {
        let all = grid.rows.iter().map(|row| text::width(&of(row)));
        all.max().unwrap_or(0)
    };
    let room = width.saturating_sub(4);
    let name: fn(&ClientRow) -> String = |row| row.title().to_owned();
    let reasons = grid
        .rows
        .iter()
        .any(|row| !row.accepted() || row.difference().is_some() || words::turned(row).is_some());
    let names = match room {
        // Nothing stands behind the names.
        ..76 if !reasons => widest(name).min(room),
        ..60 => widest(name).min((room * 11 / 20).max(12)),
        _ => widest(name).min(room * 2 / 5),
    };
    let hows = match room {
        76.. => grid
            .rows
            .iter()
            .map(|row| text::width(words::how(row)))
            .max(),
        _ => None,
    }
    .unwrap_or(0);
    let stores = match room {
        96.. => widest(words::store).min(room / 4),
        _ => 0,
    };
    let all = grid.rows.iter();
    all.enumerate()
        .map(|(index, row)| {
            let (symbol, meaning) = if row.accepted() {
                (glyphs.good, Meaning::Good)
            } else {
                (glyphs.bad, Meaning::Bad)
            };
            let here = match (row.kind(), &row.installed) {
                (Kind::Measured, _) => "=",
                (_, Some(_)) => "*",
                _ => " ",
            };
            let mut line = Line::of(meaning, format!("{symbol} "))
                .and(Meaning::Accent, format!("{here} "))
                .and(Meaning::Plain, padded(row.title(), names));
            if hows > 0 {
                line = line.and(
                    Meaning::Muted,
                    format!("  {}", padded(words::how(row), hows)),
                );
            }
            if stores > 0 {
                line = line.and(
                    Meaning::Muted,
                    format!("  {}", padded(&words::store(row), stores)),
                );
            }
            if let Some(difference) = row.difference() {
                let word = match difference {
                    Difference::Verdict => "  not as predicted",
                    Difference::Words => "  other words than predicted",
                };
                line = line.and(Meaning::Bad, word);
            }
            if let Some(words) = words::turned(row) {
                line = line.and(Meaning::Warn, format!("  {words}"));
            }
            let left = room.saturating_sub(names + 2);
            let whole = words::first_reason(row);
            let reason = match hows {
                0 if text::width(&whole) > left => words::brief_reason(row),
                _ => whole,
            };
            if !reason.is_empty() {
                line = line.and(Meaning::Muted, format!("  {reason}"));
            }
            line.fixed().to(Link::Client(index))
        })
        .collect()
}

fn padded(words: &str, columns: usize) -> String {
    let shown = text::clip(words, columns);
    let gap = columns.saturating_sub(text::width(&shown));
    format!("{shown}{}", " ".repeat(gap))
}

fn legend(grid: &Grid) -> Line {
    let any = |is: fn(&ClientRow) -> bool| grid.rows.iter().any(is);
    let mut parts: Vec<&str> = Vec::new();
    if any(|row| row.kind() == Kind::Measured) {
        parts.push("= measured: it was asked itself");
    }
    if any(|row| row.installed.is_some() && row.kind() == Kind::Predicted) {
        parts.push("* on this machine");
    }
    parts.push("all others are predicted");
    Line::of(
        Meaning::Muted,
        format!("{}. Enter shows what a client checked.", parts.join("; ")),
    )
}

/// The page of one client.
pub(in crate::tui) fn client(row: &ClientRow, grid: &Grid, glyphs: &Glyphs) -> Vec<Line> {
    let (symbol, meaning, verb) = if row.accepted() {
        (glyphs.good, Meaning::Good, "accepts it")
    } else {
        (glyphs.bad, Meaning::Bad, "rejects it")
    };
    let how = match &row.measured {
        Some(m) if row.kind() == Kind::Measured => {
            format!("measured: asked just now, in {:.1} s", m.took.as_secs_f64())
        }
        _ => format!("{}, not measured", words::how(row)),
    };
    let mut lines = vec![
        Line::of(meaning, format!("{symbol} "))
            .and(Meaning::Strong, verb)
            .and(Meaning::Muted, format!("  {how}")),
    ];
    if let Some(words) = words::turned(row) {
        lines.push(Line::of(Meaning::Warn, format!("{} {words}", glyphs.warn)).hanging(2));
    }
    if let Some(difference) = row.difference() {
        let predicted = match (difference, row.predicted.accepted) {
            (Difference::Words, _) => "It was predicted to say:",
            (_, true) => "It was predicted to accept.",
            (_, false) => "It was predicted to reject, saying:",
        };
        lines.push(Line::of(Meaning::Bad, format!("{} {predicted}", glyphs.bad)).hanging(2));
        lines.extend(spoken(&row.predicted.message));
    }
    lines.push(Line::blank());
    lines.extend(facts(row));
    lines.extend(path(row, grid));
    lines.extend(checks(row, grid, glyphs));
    let reasons = words::reasons(row, grid);
    if !reasons.is_empty() {
        lines.push(Line::blank());
        lines.push(Line::of(
            Meaning::Strong,
            "What stands against it, the first first",
        ));
        for reason in reasons {
            lines.push(
                Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                    .and(Meaning::Plain, reason)
                    .hanging(2),
            );
        }
    }
    let (message, cause) = row.words();
    if !message.is_empty() {
        lines.push(Line::blank());
        lines
            .push(Line::of(Meaning::Strong, "In its words").and(Meaning::Muted, "  y copies them"));
        lines.extend(spoken(message));
        if !cause.is_empty() && cause != message {
            lines.push(Line::of(Meaning::Muted, "caused by"));
            lines.extend(spoken(cause));
        }
    }
    lines
}

fn spoken(message: &str) -> impl Iterator<Item = Line> {
    words::lines_of(message).map(|line| Line::of(Meaning::Code, format!("  {line}")).hanging(4))
}

fn facts(row: &ClientRow) -> Vec<Line> {
    let predicted = &row.predicted;
    let mut pairs: Vec<(&str, String)> = Vec::new();
    match &row.installed {
        Some(found) => {
            pairs.push(("on this machine", found.version.clone()));
            let path = text::safe(&found.program.to_string_lossy()).into_owned();
            pairs.push(("program", path));
            if found.others > 0 {
                let more = text::count(found.others, "other program");
                pairs.push((
                    "beside it",
                    format!("{more} on this machine, judged the same way"),
                ));
            }
            if !found.same_line {
                pairs.push((
                    "nearest known",
                    format!(
                        "{}; this version may differ",
                        row.client().versions.join("; ")
                    ),
                ));
            }
        }
        None => pairs.push(("versions", row.client().versions.join("; "))),
    }
    let store = match predicted.store.as_str() {
        "" => "no store".to_owned(),
        store => store.to_owned(),
    };
    pairs.push(("store in effect", store));
    pairs.push(("because of", predicted.store_why.clone()));
    if predicted.store_assumed {
        pairs.push((
            "assumed",
            "its own store could not be read; one much like it stands for it".to_owned(),
        ));
    }
    if predicted.bypasses_proxy {
        pairs.push((
            "proxy",
            "it does not use the proxy, and may see another chain".to_owned(),
        ));
    }
    if let Some(m) = &row.measured {
        pairs.push(("command", m.command.clone()));
        if let Said::NotAsked(why) = &m.said {
            pairs.push(("not measured", why.clone()));
        }
    }
    let columns = pairs.iter().map(|(label, _)| text::width(label)).max();
    let columns = columns.unwrap_or(0);
    pairs
        .iter()
        .flat_map(|(label, value)| super::fact(label, value, columns))
        .collect()
}

fn path(row: &ClientRow, grid: &Grid) -> Vec<Line> {
    let nodes = &row.predicted.path;
    if nodes.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        Line::blank(),
        Line::of(Meaning::Strong, "The path it walked"),
    ];
    for (depth, node) in nodes
        .iter()
        .filter_map(|&id| grid.chain.node(id))
        .enumerate()
    {
        let origin = match &node.origin {
            Origin::Sent(_) => "sent".to_owned(),
            Origin::Assumed => "assumed to be sent".to_owned(),
            Origin::Fetched(from) => format!("fetched from {from}"),
            Origin::Store(stores) => format!("in {}", stores.first().map_or("a store", |s| s)),
            Origin::Missing => "missing".to_owned(),
        };
        let indent = " ".repeat(depth.min(10) * 2);
        lines.push(
            Line::of(
                Meaning::Plain,
                format!("{indent}{}", text::clip(&node.title(), 60)),
            )
            .and(Meaning::Muted, format!("  {origin}"))
            .hanging(depth.min(10) * 2 + 2),
        );
    }
    lines
}

fn checks(row: &ClientRow, grid: &Grid, glyphs: &Glyphs) -> Vec<Line> {
    let steps = &row.predicted.steps;
    if steps.is_empty() {
        return Vec::new();
    }
    let unchecked = steps.iter().all(|s| s.state == StepState::Unknown);
    let heading = match unchecked {
        true => "Not checked here",
        false => "What it checked",
    };
    let mut lines = vec![Line::blank(), Line::of(Meaning::Strong, heading)];
    let mut about = None;
    for step in steps {
        if about != Some(step.node) {
            about = Some(step.node);
            let title = grid.chain.node(step.node).map(crate::chain::Node::title);
            lines.push(Line::of(Meaning::Muted, title.unwrap_or_default()));
        }
        let (symbol, meaning) = match step.state {
            StepState::Passed => (glyphs.good, Meaning::Good),
            StepState::Failed => (glyphs.bad, Meaning::Bad),
            StepState::Unknown => (glyphs.warn, Meaning::Warn),
            StepState::Skipped => (glyphs.neutral, Meaning::Muted),
        };
        let name = step.check.replace('-', " ");
        let words = words::evidence(step, &row.predicted.reasons);
        lines.push(
            Line::of(meaning, format!("  {symbol} "))
                .and(Meaning::Plain, format!("{name}  "))
                .and(Meaning::Muted, words)
                .hanging(6),
        );
    }
    lines
}

/// The page on which clients are asked: every command before it runs.
pub(in crate::tui) fn asking(asking: &Asking) -> Vec<Line> {
    let Asking { ways, left } = asking;
    let mut lines = vec![
        Line::of(
            Meaning::Plain,
            "These commands will run here, each with a time limit. They get your variables, because \
             their effect is what is measured, and an empty home folder: no credentials, cookies or \
             caches of yours are touched. Nothing else is sent.",
        ),
        Line::blank(),
    ];
    let mut files: Vec<(&str, &str)> = Vec::new();
    for way in ways {
        lines.push(
            Line::of(Meaning::Strong, way.version.clone())
                .and(Meaning::Muted, format!("  sends {}", way.sends)),
        );
        for part in way.command().split("\\n") {
            lines.push(Line::of(Meaning::Code, format!("  {part}")).hanging(4));
        }
        for note in way.notes() {
            lines.push(Line::of(Meaning::Muted, format!("  {note}")).hanging(4));
        }
        files.extend(way.file.filter(|file| !files.contains(file)));
    }
    for (name, body) in files {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Strong, name).and(Meaning::Muted, "  is this file"));
        lines.extend(body.lines().map(|l| {
            let shown = l.replace('\t', "    ");
            Line::of(Meaning::Code, format!("  {shown}")).hanging(4)
        }));
    }
    for made in asking.made() {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Muted, made).hanging(2));
    }
    if !left.is_empty() {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Strong, "Found and not asked"));
    }
    for Left { version, why } in left {
        lines.push(Line::of(Meaning::Muted, format!("  {version}: {why}")).hanging(4));
    }
    lines
}
