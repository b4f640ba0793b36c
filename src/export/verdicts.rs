//! The verdicts as a section of the report: one for each store, then one for each implementation asked.

use crate::inspect::Inspection;
use crate::judge::Verdict;
use crate::judge::client::ClientVerdict;

use super::layout::{Block, Section};
use super::words;

/// What each store leads to, and what the implementations say that were asked.
pub(super) fn section(inspection: &Inspection) -> Section {
    let facts = inspection
        .verdicts
        .iter()
        .flat_map(|v| verdict(inspection, v));
    let mut facts: Vec<(String, String)> = facts.collect();
    facts.extend(
        inspection
            .compared
            .iter()
            .flat_map(|one| compared(inspection, one)),
    );
    Section {
        heading: "Verdicts",
        blocks: if facts.is_empty() {
            Vec::new()
        } else {
            vec![Block::Facts(facts)]
        },
    }
}

fn verdict(inspection: &Inspection, verdict: &Verdict) -> Vec<(String, String)> {
    let pretended = if verdict.pretended {
        " (pretended)"
    } else {
        ""
    };
    let mut lines = vec![(
        verdict.store_title.clone(),
        if verdict.accepted {
            format!("accepts{pretended}")
        } else {
            format!("rejects{pretended}")
        },
    )];
    for reason in &verdict.reasons {
        lines.push((String::new(), words::about(&inspection.chain, reason)));
    }
    let webpki = match &verdict.webpki {
        Ok(()) => "Rust programs (rustls-webpki): accept".to_owned(),
        Err(error) => format!("Rust programs (rustls-webpki): {error}"),
    };
    lines.push((String::new(), webpki));
    lines
}

/// One client's word, and what it prints.
fn compared(inspection: &Inspection, one: &ClientVerdict) -> Vec<(String, String)> {
    let says = if one.accepted { "accepts" } else { "rejects" };
    let mut lines = vec![(one.client.title.clone(), says.to_owned())];
    if let Some(first) = one.reasons.first() {
        lines.push((String::new(), words::about(&inspection.chain, first)));
    }
    if !one.message.is_empty() {
        lines.push((String::new(), format!("prints: {}", one.message)));
    }
    lines
}
