//! The pane Certificate: validity as a bar, then every field as a tree that folds and explains itself.

use crate::cert::Certificate;
use crate::cert::fields::{Field, fields};
use crate::chain::NodeId;
use crate::inspect::Inspection;
use crate::judge::Says;
use crate::moment::span;
use crate::text;
use crate::tui::line::{Line, Link, Meaning};
use crate::tui::model::Session;
use crate::tui::theme::Glyphs;

/// The lines for the selected certificate.
pub(super) fn lines(
    inspection: &Inspection,
    selected: Option<NodeId>,
    session: &Session,
    glyphs: &Glyphs,
    width: usize,
) -> Vec<Line> {
    let Some(id) = selected else {
        return vec![Line::of(Meaning::Muted, "No certificate is selected.")];
    };
    let Some(certificate) = inspection.chain.certificate(id) else {
        return ghost(inspection, id);
    };
    let mut lines = vec![Line::of(Meaning::Strong, certificate.short_name())];
    lines.extend(validity(inspection, certificate, glyphs, width));
    lines.extend(stapled(inspection, id));
    lines.push(Line::blank());
    for defect in &certificate.defects {
        lines.push(
            Line::of(Meaning::Warn, format!("{} {}: ", glyphs.warn, defect.field))
                .and(Meaning::Plain, defect.words.clone())
                .hanging(2),
        );
    }
    let all = fields(certificate);
    for (index, field) in all.iter().enumerate() {
        add(field, &mut vec![index], session, glyphs, &mut lines);
    }
    lines
}

/// What the stapled answer says of this certificate.
fn stapled(inspection: &Inspection, id: NodeId) -> Option<Line> {
    let staple = inspection.staple.as_ref()?;
    if inspection.chain.leaf != Some(id) {
        return None;
    }
    let meaning = match staple.says {
        Says::Good => Meaning::Good,
        Says::Revoked { .. } => Meaning::Bad,
        Says::Nothing(_) => Meaning::Warn,
    };
    let line = Line::of(Meaning::Muted, "Stapled OCSP answer: ");
    Some(line.and(meaning, staple.says.words()).hanging(2))
}

fn add(
    field: &Field,
    path: &mut Vec<usize>,
    session: &Session,
    glyphs: &Glyphs,
    lines: &mut Vec<Line>,
) {
    let depth = path.len() - 1;
    let folded = session.folded_fields.contains(path);
    let indent = "  ".repeat(depth);
    let arrow = match (field.children.is_empty(), folded) {
        (true, _) => "  ".to_owned(),
        (false, true) => format!("{} ", glyphs.folded),
        (false, false) => format!("{} ", glyphs.unfolded),
    };
    let label = if field.children.is_empty() {
        Meaning::Muted
    } else {
        Meaning::Strong
    };
    let mut line =
        Line::of(Meaning::Muted, format!("{indent}{arrow}")).and(label, field.label.clone());
    if field.critical {
        line = line.and(Meaning::Warn, " critical");
    }
    if !field.value.is_empty() {
        line = line.and(
            Meaning::Plain,
            format!(
                "{}{}",
                if field.label.is_empty() { "" } else { "  " },
                field.value
            ),
        );
    }
    let link = if field.children.is_empty() {
        Link::Explain(field.id)
    } else {
        Link::Fold(path.clone())
    };
    lines.push(line.hanging(indent.len() + 4).to(link));
    if !folded {
        for (index, child) in field.children.iter().enumerate() {
            path.push(index);
            add(child, path, session, glyphs, lines);
            path.pop();
        }
    }
}

/// The validity as a bar from first to last second, with the judged time marked on it.
fn validity(
    inspection: &Inspection,
    certificate: &Certificate,
    glyphs: &Glyphs,
    width: usize,
) -> Vec<Line> {
    let (Some(from), Some(to)) = (certificate.not_before, certificate.not_after) else {
        return vec![Line::of(
            Meaning::Bad,
            "The dates of this certificate cannot be read.",
        )];
    };
    let at = inspection.at;
    let meaning = if at < from || at > to {
        Meaning::Bad
    } else if at.until(to) < 14 * crate::moment::DAY {
        Meaning::Warn
    } else {
        Meaning::Good
    };
    let room = width.saturating_sub(2).clamp(10, 60);
    let total = from.until(to).max(1);
    let share = (from.until(at) as f64 / total as f64).clamp(0.0, 1.0);
    let spot = ((room - 1) as f64 * share).round() as usize;
    let mut bar = Line::default().fixed();
    if at < from {
        bar = bar
            .and(meaning, glyphs.today)
            .and(Meaning::Muted, format!(" {}", glyphs.bar.repeat(room)));
    } else if at > to {
        bar = bar
            .and(Meaning::Muted, glyphs.rest.repeat(room))
            .and(meaning, format!(" {}", glyphs.today));
    } else {
        bar = bar
            .and(Meaning::Muted, glyphs.rest.repeat(spot))
            .and(meaning, glyphs.today)
            .and(meaning, glyphs.bar.repeat(room - 1 - spot));
    }
    let (first, last) = (from.date(), to.date());
    let gap = room
        .saturating_sub(text::width(&first) + text::width(&last))
        .max(1);
    let words = if at < from {
        format!("valid in {}", span(at.until(from)))
    } else if at > to {
        format!("expired {} ago", span(to.until(at)))
    } else {
        format!("{} left", span(at.until(to)))
    };
    let judged = if inspection.at_given {
        "the time judged for"
    } else {
        "today"
    };
    vec![
        bar,
        Line::of(Meaning::Muted, format!("{first}{}{last}", " ".repeat(gap))).fixed(),
        Line::of(meaning, words).and(
            Meaning::Muted,
            format!(", of {}; {} is {judged}", span(total), glyphs.today),
        ),
    ]
}

fn ghost(inspection: &Inspection, id: NodeId) -> Vec<Line> {
    let Some(ghost) = inspection.chain.node(id).and_then(|n| n.ghost.as_ref()) else {
        return Vec::new();
    };
    let mut lines = vec![
        Line::of(Meaning::Strong, "This certificate is missing."),
        Line::of(
            Meaning::Plain,
            "It was not sent, and no store of this machine has it. What its child says of it:",
        ),
        Line::blank(),
        Line::of(Meaning::Muted, "Name  ")
            .and(Meaning::Plain, ghost.name.rfc4514())
            .hanging(6),
    ];
    if let Some(key_id) = &ghost.key_id {
        lines.push(
            Line::of(Meaning::Muted, "Key identifier  ")
                .and(Meaning::Code, text::hex_colon(key_id))
                .hanging(16),
        );
    }
    for address in &ghost.addresses {
        lines.push(
            Line::of(Meaning::Muted, "To be had at  ")
                .and(Meaning::Accent, address.to_string())
                .hanging(14),
        );
    }
    if ghost.addresses.is_empty() {
        lines.push(Line::of(
            Meaning::Muted,
            "The child gives no address where it could be had.",
        ));
    }
    lines
}
