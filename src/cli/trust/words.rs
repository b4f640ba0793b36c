//! What `whycert trust` prints.

use std::path::Path;

use crate::chain::NodeId;
use crate::cli::values;
use crate::headless;
use crate::inspect::Inspection;
use crate::text;
use crate::trust::prove::{Again, Answer, Applied, Outcome, Undone};
use crate::trust::{
    self, Entry, Place, Plan, Record, Rung, Shell, Standing, Turn, said, usage_lines,
};

/// So many clients are named, then counted.
const NAMED: usize = 12;

/// The whole plan; `typed` is the command line that asked for it.
pub(super) fn plan(plan: &Plan, typed: &str) -> String {
    let mut out = format!(
        "{}\n    SHA-256  {}\n    Rung     {}: {}\n\n{}\n",
        plan.certificate.subject.rfc4514(),
        text::hex(&plan.certificate.sha256),
        plan.rung.id(),
        plan.rung.title(),
        plan.scope
    );
    section(&mut out, "Reaches", &plan.affects);
    section(&mut out, "Does not reach", &plan.spares);
    let mut changes = Vec::new();
    for change in plan.changes() {
        let path = text::safe(&change.path.to_string_lossy()).into_owned();
        changes.push(match change.before.is_there() {
            true => format!(
                "change  {path}  ({} → {} bytes)",
                change.before.bytes().len(),
                change.after.bytes().len()
            ),
            false => format!("new     {path}  ({} bytes)", change.after.bytes().len()),
        });
    }
    changes.extend(
        plan.commands()
            .map(|command| format!("run     {}", said(command))),
    );
    section(&mut out, "Writes and runs", &changes);
    section(&mut out, "Keeps", &plan.stays);
    if plan.is_forbidden() {
        out.push_str(&format!(
            "Needs root, and you are not. As root:\n    sudo {typed}\n"
        ));
    } else if plan.needs_root {
        out.push_str("Needs root.\n");
    }
    if plan.untried {
        out.push_str(
            "Note: taken from the system's documentation; not tried on such a machine here.\n",
        );
    }
    for warning in &plan.warnings {
        out.push_str(&format!("Note: {warning}\n"));
    }
    out.push_str(&turns(&plan.turns));
    section(&mut out, "Lines", &plan.lines);
    out.push_str(&format!("Undo: {}\n", plan.undo));
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    out.push_str(&format!("{title}\n"));
    for line in lines {
        out.push_str(&format!("    {line}\n"));
    }
}

/// Which clients turn, as predicted.
fn turns(turns: &[Turn]) -> String {
    let named = |which: &dyn Fn(&&Turn) -> bool| -> Vec<&str> {
        turns.iter().filter(which).map(|turn| turn.client).collect()
    };
    let cured = named(&|turn| !turn.before && turn.after);
    let lost = named(&|turn| turn.before && !turn.after);
    if turns.is_empty() {
        return String::new();
    }
    let listed = |names: &[&str]| {
        let mut out = names
            .iter()
            .take(NAMED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ");
        if names.len() > NAMED {
            out.push_str(&format!(" and {} more", names.len() - NAMED));
        }
        out
    };
    let mut out = String::new();
    match cured.len() {
        0 => out.push_str("Predicted: no client whose rules are known here changes its verdict.\n"),
        n => out.push_str(&format!(
            "Predicted: {} that {} now {} then: {}\n",
            text::count(n, "client"),
            if n == 1 { "fails" } else { "fail" },
            if n == 1 { "accepts" } else { "accept" },
            listed(&cured)
        )),
    }
    if !lost.is_empty() {
        out.push_str(&format!("Predicted: fails then: {}\n", listed(&lost)));
    }
    out
}

/// Every rung in one line: what it is, or why not.
pub(super) fn ladder(place: &Place, inspection: &Inspection, id: NodeId) -> String {
    let columns = headless::columns();
    let title = inspection.chain.node(id).map(crate::chain::Node::title);
    let mut out = format!(
        "The ladder for “{}”, least invasive first\n\n",
        title.unwrap_or_default()
    );
    // Each reason once, with all rungs that it stands against.
    let mut refused: Vec<((String, String), Vec<&str>)> = Vec::new();
    for rung in Rung::ALL {
        match trust::plan(place, inspection, id, rung) {
            Ok(plan) => {
                let cured = plan.turns.iter().filter(|t| !t.before && t.after).count();
                let mut more = Vec::new();
                if cured > 0 {
                    more.push(format!(
                        "{} would accept it (predicted)",
                        text::count(cured, "client")
                    ));
                }
                if plan.needs_root {
                    more.push("needs root".to_owned());
                }
                if plan.steps.is_empty() {
                    more.push("by hand".to_owned());
                }
                let more = match more.is_empty() {
                    true => String::new(),
                    false => format!(": {}", more.join(", ")),
                };
                let line = format!("{}{more}", rung.title());
                let first = format!("  {:<10} ", rung.id());
                let rest = " ".repeat(first.len());
                out.push_str(&values::folded(&line, (&first, &rest), columns));
            }
            Err(refusal) => {
                let why = (refusal.reason, refusal.instead);
                match refused.iter_mut().find(|(its, _)| *its == why) {
                    Some((_, rungs)) => rungs.push(rung.id()),
                    None => refused.push((why, vec![rung.id()])),
                }
            }
        }
    }
    if !refused.is_empty() {
        out.push_str("\nNot these\n");
    }
    for ((reason, instead), rungs) in refused {
        let indent = ("    ", "    ");
        out.push_str(&values::folded(&rungs.join(", "), ("  ", "  "), columns));
        out.push_str(&values::folded(&reason, indent, columns));
        out.push_str(&values::folded(&instead, indent, columns));
    }
    out.push_str("\nSee one: add --rung RUNG --dry-run\n");
    out
}

/// That it was written.
pub(super) fn written(plan: &Plan, entry: &Entry) -> String {
    let mut out = format!("\nWritten, as {} in the journal.\n", entry.id);
    for change in plan.changes() {
        out.push_str(&format!(
            "    {}\n",
            text::safe(&change.path.to_string_lossy())
        ));
    }
    out
}

/// Before and after, by each client that was asked.
pub(super) fn proof(plan: &Plan, applied: &Applied) -> String {
    let mut out = String::new();
    let public = applied.public.as_ref();
    if !applied.after.is_empty() {
        out.push_str("\nAsked new processes (measured)\n");
        out.push_str(&row(
            "",
            &plan.target,
            public.map(|server| &*server.host),
            "a wrong name",
        ));
    }
    for (b, a) in applied.before.iter().zip(&applied.after) {
        let both = |b: &Answer, a: &Answer| match b.words() == a.words() {
            true => a.words().to_owned(),
            false => format!("{} → {}", b.words(), a.words()),
        };
        out.push_str(&row(
            a.client,
            &both(&b.endpoint, &a.endpoint),
            public.map(|_| both(&b.public, &a.public)).as_deref(),
            &both(&b.wrong_name, &a.wrong_name),
        ));
        if let Answer::Refused(words) | Answer::Unclear(words) = &a.endpoint {
            out.push_str(&format!("        {words}\n"));
        }
    }
    out.push_str(&format!("{}\n", applied.roots_told()));
    out.push_str(&format!("{}\n", applied.outcome.words()));
    match applied.outcome {
        Outcome::Helped => {}
        Outcome::NobodyAsked => out.push_str(&turns(&plan.turns)),
        _ => out.push_str(&format!("    whycert trust undo {}\n", applied.entry.id)),
    }
    out
}

/// A client and what it says of each server that was asked.
fn row(client: &str, endpoint: &str, public: Option<&str>, wrong_name: &str) -> String {
    let public = public.map_or(String::new(), |words| format!("{:<22} ", text::safe(words)));
    format!("    {client:<20} {endpoint:<20} {public}{wrong_name}\n")
}

/// What is in the journal.
pub(super) fn listed(entries: &[(Entry, Standing)]) -> String {
    let mut out = String::new();
    for (entry, standing) in entries {
        out.push_str(&format!(
            "{}  {:<9} {}\n    {}, valid until {}\n    for {} ({}), {}\n    SHA-256 {}\n",
            entry.id,
            entry.rung.id(),
            standing.words(),
            text::safe(&entry.subject),
            text::safe(&entry.not_after),
            text::safe(&entry.target),
            text::safe(&entry.finding),
            text::safe(&entry.added),
            text::safe(&entry.sha256),
        ));
        for path in paths(entry) {
            out.push_str(&format!("    {path}\n"));
        }
    }
    out.push_str("\nTo undo one: whycert trust undo ID\n");
    out
}

fn paths(entry: &Entry) -> Vec<String> {
    entry
        .records
        .iter()
        .flat_map(|record| match record {
            Record::Files { files, .. } => files
                .iter()
                .map(|file| text::safe(&file.path.to_string_lossy()).into_owned())
                .collect(),
            Record::Run { command, .. } => vec![format!("ran {}", said(command))],
        })
        .collect()
}

/// What would be undone.
pub(super) fn to_undo(entry: &Entry) -> String {
    let mut out = format!(
        "{}  {}: {}\n",
        entry.id,
        entry.rung.id(),
        text::safe(&entry.subject)
    );
    for (verb, object) in entry.undoing() {
        out.push_str(&format!("    {verb}  {object}\n"));
    }
    out
}

/// That it was undone, which variables still point to what is gone, and what the clients say now.
pub(super) fn undone(undone: &Undone) -> String {
    let entry = &undone.entry;
    let mut out = format!(
        "Undone: {} ({}), {}.\n",
        entry.id,
        entry.rung.id(),
        text::safe(&entry.subject)
    );
    for record in &entry.records {
        let Record::Files { files, .. } = record else {
            continue;
        };
        for file in files.iter().filter(|file| !file.path.exists()) {
            let path = file.path.to_string_lossy();
            let set: Vec<String> = std::env::vars_os()
                .filter(|(_, value)| value.to_string_lossy().contains(&*path))
                .map(|(name, _)| text::safe(&name.to_string_lossy()).into_owned())
                .collect();
            if !set.is_empty() {
                out.push_str(&format!(
                    "Note: {} still names {}, which is gone: unset {}.\n",
                    text::list_and(&set),
                    text::safe(&path),
                    set.join(" ")
                ));
            }
        }
    }
    if let Again::Asked(turned) = &undone.again {
        for one in turned {
            out.push_str(&format!("    {:<20} {}\n", one.client, one.words()));
        }
    }
    out.push_str(&format!("{}\n", undone.again.words()));
    out
}

/// The lines for each program, in the syntax of a shell.
pub(super) fn lines(bundle: &Path, shell: Shell) -> String {
    let mut out =
        "\nTo use it, one of these lines. It adds to the roots of that program, or replaces them; \
                   the public roots are in it either way.\n"
            .to_owned();
    for usage in usage_lines(bundle, shell) {
        out.push_str(&format!(
            "    {:<22} {:<8}  {}\n",
            usage.program,
            usage.effect.words(),
            usage.line
        ));
        let mut note = usage.note.to_owned();
        if !usage.measured {
            note = match note.is_empty() {
                true => "from the documentation; not tried".to_owned(),
                false => format!("{note} (from the documentation; not tried)"),
            };
        }
        if !note.is_empty() {
            out.push_str(&format!("    {:<22} {:<8}  ({note})\n", "", ""));
        }
    }
    out
}
