//! The trust dialog.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::overlay::{choice_row, open};
use super::put;
use crate::text;
use crate::trust::prove::{self, Answer, Applied, PUBLIC};
use crate::trust::{Plan, Rung, said};
use crate::tui::line::{Line, Meaning, wrap};
use crate::tui::model::{Model, RUNGS, TrustDialog};

/// Rows above the plan: the title, the rungs, an empty one.
const HEAD: u16 = 7;

pub(super) fn draw(model: &Model, dialog: &TrustDialog, screen: Rect, buffer: &mut Buffer) {
    let (width, lines) = laid_out(model, dialog);
    let rows = u16::try_from(lines.len() + usize::from(HEAD)).unwrap_or(u16::MAX);
    let keys = if matches!(&dialog.applied, Some(Ok(applied)) if !applied.lines.is_empty()) {
        "y copy the lines   T see and undo   esc close"
    } else if dialog.applied.is_some() {
        "T see and undo   esc close"
    } else if dialog.busy {
        "esc close"
    } else if dialog.agreeing.is_some() {
        "enter agree   esc close"
    } else if prove::asks(dialog.rung()) {
        "↑↓ choose   enter do it   p ask a public name too   esc close"
    } else {
        "↑↓ choose   enter do it   esc close"
    };
    let inner = open(model, screen, width, rows, "Trust", keys, buffer);
    let shown = format!(
        ", by one of {} steps, the smallest first ({}-{})",
        Rung::ALL.len(),
        dialog.first() + 1,
        (dialog.first() + RUNGS).min(Rung::ALL.len())
    );
    let title = Line::of(Meaning::Muted, "Trust ")
        .and(Meaning::Strong, text::clip(&dialog.title, 24))
        .and(Meaning::Muted, shown);
    put(buffer, inner, 0, &title, model.look);
    for (row, (at, rung)) in Rung::ALL
        .into_iter()
        .enumerate()
        .skip(dialog.first())
        .take(RUNGS)
        .enumerate()
    {
        let title = match rung {
            Rung::Pretend if dialog.pretended => "stop pretending",
            rung => rung.title(),
        };
        let line = Line::of(Meaning::Muted, format!("{:>2}  ", at + 1)).and(Meaning::Plain, title);
        choice_row(
            model,
            inner,
            row + 1,
            &line,
            at == dialog.picked,
            true,
            buffer,
        );
    }
    for (index, line) in lines.iter().enumerate() {
        put(
            buffer,
            inner,
            HEAD + u16::try_from(index).unwrap_or(u16::MAX - HEAD),
            line,
            model.look,
        );
    }
}

/// Columns and rows of the dialog's inside.
pub(super) fn size(model: &Model, dialog: &TrustDialog) -> (u16, u16) {
    let (width, lines) = laid_out(model, dialog);
    (
        width,
        u16::try_from(lines.len() + usize::from(HEAD)).unwrap_or(u16::MAX),
    )
}

fn laid_out(model: &Model, dialog: &TrustDialog) -> (u16, Vec<Line>) {
    let width = 78u16.min(model.size.0.saturating_sub(4));
    (width, wrap(&lines(model, dialog), usize::from(width)))
}

fn lines(model: &Model, dialog: &TrustDialog) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    if let Some(applied) = &dialog.applied {
        return match applied {
            Err(why) => vec![
                Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                    .and(Meaning::Plain, why.clone())
                    .hanging(2),
            ],
            Ok(applied) => applied_lines(model, applied),
        };
    }
    if dialog.busy {
        return vec![Line::of(Meaning::Muted, "Writing, and asking the clients…")];
    }
    if dialog.rung() == Rung::Pretend {
        return vec![Line::of(
            Meaning::Muted,
            "Every verdict is computed again as if this certificate were trusted, and shown as pretended. W takes it back.",
        )];
    }
    match &dialog.plan {
        None => vec![Line::of(Meaning::Muted, "Looking whether that would help…")],
        Some(Err(refusal)) => vec![
            Line::of(Meaning::Bad, format!("{} ", glyphs.bad))
                .and(Meaning::Plain, refusal.reason.clone())
                .hanging(2),
            Line::of(Meaning::Muted, "Instead: ")
                .and(Meaning::Plain, refusal.instead.clone())
                .hanging(9),
        ],
        Some(Ok(plan)) => plan_lines(model, dialog, plan),
    }
}

/// A word before a text, which hangs below itself.
fn told(word: &str, meaning: Meaning, text: impl Into<String>) -> Line {
    Line::of(Meaning::Muted, format!("{word:<9}"))
        .and(meaning, text.into())
        .hanging(9)
}

fn plan_lines(model: &Model, dialog: &TrustDialog, plan: &Plan) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let mut lines = vec![told(
        "SHA-256",
        Meaning::Code,
        text::hex_colon(&plan.certificate.sha256),
    )];
    // What is asked for stands first: a small screen cuts the end.
    if let Some(typed) = &dialog.agreeing {
        lines.push(
            Line::of(
                Meaning::Warn,
                "Other programs change what they do. Type the last four characters: ",
            )
            .and(Meaning::Strong, format!("{}_", text::safe(typed.value())))
            .hanging(2),
        );
    }
    for change in plan.changes() {
        let path = text::safe(&change.path.to_string_lossy()).into_owned();
        lines.push(told("Writes", Meaning::Code, path));
    }
    for words in &plan.stays {
        lines.push(told("Keeps", Meaning::Plain, words.clone()));
    }
    for command in plan.commands() {
        lines.push(told("Runs", Meaning::Code, said(command)));
    }
    if plan.is_forbidden() {
        lines.push(told("Needs", Meaning::Warn, "root; as root:"));
        lines.push(told("", Meaning::Code, plan.as_root()));
    } else if plan.needs_root {
        lines.push(told("Needs", Meaning::Warn, "root"));
    }
    if prove::asks(plan.rung) {
        let words = match dialog.public {
            false => format!("your clients, about this server only (p: about {PUBLIC} too)"),
            true => format!("your clients, about this server and {PUBLIC} (p: not {PUBLIC})"),
        };
        lines.push(told("Asks", Meaning::Plain, words));
    }
    lines.push(told("Means", Meaning::Plain, plan.scope.clone()));
    lines.extend(
        plan.affects
            .iter()
            .map(|l| told("Reaches", Meaning::Plain, l.clone())),
    );
    let cured = plan.turns.iter().filter(|t| !t.before && t.after).count();
    if !plan.turns.is_empty() {
        let words = format!(
            "{} that {} now would accept (predicted)",
            text::count(cured, "client"),
            if cured == 1 { "fails" } else { "fail" }
        );
        lines.push(told("Cures", Meaning::Plain, words));
    }
    lines.push(told("Undo", Meaning::Plain, plan.undo.clone()));
    for warning in &plan.warnings {
        lines.push(
            Line::of(Meaning::Warn, format!("{} ", glyphs.warn))
                .and(Meaning::Plain, warning.clone())
                .hanging(2),
        );
    }
    lines.extend(
        plan.spares
            .iter()
            .map(|l| told("Not", Meaning::Plain, l.clone())),
    );
    lines.extend(
        plan.lines
            .iter()
            .map(|l| told("Line", Meaning::Code, l.clone())),
    );
    lines
}

fn applied_lines(model: &Model, applied: &Applied) -> Vec<Line> {
    let glyphs = model.look.glyphs;
    let mut lines = Vec::new();
    let (meaning, sign) = match applied.outcome.is_good() {
        true => (Meaning::Good, glyphs.good),
        false => (Meaning::Bad, glyphs.bad),
    };
    lines.push(
        Line::of(meaning, format!("{sign} "))
            .and(Meaning::Plain, applied.outcome.words())
            .hanging(2),
    );
    for (before, after) in applied.before.iter().zip(&applied.after) {
        let mut words = format!("{} → {}", before.endpoint.words(), after.endpoint.words());
        if let Some(public) = &applied.public {
            let public = text::safe(&public.host);
            words.push_str(&format!("; {public}: {}", after.public.words()));
        }
        if !matches!(after.wrong_name, Answer::NotAsked(_)) {
            words.push_str(&format!("; a wrong name: {}", after.wrong_name.words()));
        }
        lines.push(
            Line::of(Meaning::Muted, format!("{:<21}", after.client)).and(Meaning::Plain, words),
        );
    }
    lines.push(Line::of(Meaning::Plain, applied.roots_told()));
    lines.push(told(
        "Undo",
        Meaning::Code,
        format!("T here, or whycert trust undo {}", applied.entry.id),
    ));
    for line in &applied.lines {
        lines.push(told("Use it", Meaning::Code, line.clone()));
    }
    if matches!(applied.entry.rung, Rung::Bundle | Rung::Project) {
        lines.push(told("Use it", Meaning::Code, "whycert bundle lines"));
    }
    lines
}
