//! The pane Handshake: the stages as bars of time, every address tried, facts of the session.

use std::time::Duration;

use crate::capture::{Outcome, Possession, Seen};
use crate::inspect::Inspection;
use crate::judge::Staple;
use crate::net::{AttemptResult, Route};
use crate::text;
use crate::tui::line::{Line, Meaning};
use crate::tui::theme::Glyphs;

/// The lines of a finished inspection.
pub(super) fn lines(inspection: &Inspection, glyphs: &Glyphs, width: usize) -> Vec<Line> {
    let capture = &inspection.capture;
    if capture.target.endpoint().is_none() {
        return vec![Line::of(
            Meaning::Muted,
            "This came from a file: there was no handshake.",
        )];
    }
    let mut lines = timings(inspection, glyphs, width);
    if let Route::Proxy { url, because, .. } = &capture.route {
        let words = format!("through {url} because of {because}");
        lines.extend(super::facts([("route", words.as_str())].into_iter(), width));
    }
    if !capture.attempts.is_empty() {
        lines.push(Line::blank());
        lines.push(Line::of(Meaning::Strong, "Addresses"));
        for attempt in &capture.attempts {
            let (symbol, meaning, words) = match &attempt.result {
                AttemptResult::Connected => (glyphs.good, Meaning::Good, "connected".to_owned()),
                AttemptResult::Abandoned => (
                    glyphs.neutral,
                    Meaning::Muted,
                    "another one was faster".to_owned(),
                ),
                AttemptResult::Failed(why) => (glyphs.bad, Meaning::Bad, why.clone()),
            };
            lines.push(
                Line::of(meaning, format!("{symbol} "))
                    .and(Meaning::Plain, attempt.address.to_string())
                    .and(
                        Meaning::Muted,
                        format!("  {}  {words}", millis(attempt.took)),
                    )
                    .hanging(4),
            );
        }
    }
    lines.push(Line::blank());
    lines.push(Line::of(Meaning::Strong, "Session"));
    let session = session(inspection);
    let pairs = session.iter().map(|(l, v)| (*l, v.as_str()));
    lines.extend(super::facts(pairs, width));
    lines
}

/// Each stage as a bar that begins where the one before it ended.
fn timings(inspection: &Inspection, glyphs: &Glyphs, width: usize) -> Vec<Line> {
    let timings = &inspection.capture.timings;
    if timings.is_empty() {
        return Vec::new();
    }
    let total: f64 = timings.iter().map(|(_, t)| t.as_secs_f64()).sum();
    let label = timings
        .iter()
        .map(|(s, _)| text::width(s.waiting()))
        .chain([text::width(EVERYTHING)])
        .max()
        .unwrap_or(0);
    let room = width.saturating_sub(label + 12).clamp(4, 60);
    let columns = |seconds: f64| {
        let share = if total > 0.0 { seconds / total } else { 0.0 };
        (room as f64 * share).round() as usize
    };
    let mut lines = vec![Line::of(Meaning::Strong, "Stages")];
    let mut before = 0.0;
    for (stage, took) in timings {
        let start = columns(before).min(room - 1);
        before += took.as_secs_f64();
        let end = columns(before).clamp(start + 1, room.max(start + 1));
        lines.push(
            Line::of(Meaning::Plain, format!("{:<label$}", stage.waiting()))
                .and(Meaning::Muted, format!("{:>9}  ", millis(*took)))
                .and(Meaning::Muted, " ".repeat(start))
                .and(Meaning::Accent, glyphs.bar.repeat(end - start))
                .fixed(),
        );
    }
    lines.push(
        Line::of(
            Meaning::Muted,
            format!("{EVERYTHING:<label$}{:>9}", millis(inspection.took)),
        )
        .fixed(),
    );
    lines
}

/// The row below the stages.
const EVERYTHING: &str = "everything";

fn millis(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

/// Label and value of each fact.
fn session(inspection: &Inspection) -> Vec<(&'static str, String)> {
    let capture = &inspection.capture;
    let session = &capture.session;
    let mut lines = Vec::new();
    let mut add = |label: &'static str, value: Option<String>| {
        if let Some(value) = value {
            lines.push((label, value));
        }
    };
    add("peer", capture.peer.map(|p| p.to_string()));
    add("version", session.version.clone());
    add("suite", session.cipher_suite.clone());
    add("key exchange", session.group.clone());
    add("ALPN", session.alpn.as_ref().map(ToString::to_string));
    if capture.target.endpoint().is_some() {
        add(
            "name sent (SNI)",
            Some(
                session
                    .server_name
                    .as_deref()
                    .map_or_else(|| "none".to_owned(), |n| text::safe(n).into_owned()),
            ),
        );
    }
    add(
        "certificates",
        (!capture.presented.is_empty()).then(|| certificates(inspection)),
    );
    add(
        "private key",
        match &session.possession {
            Possession::NotReached => None,
            Possession::Proved => Some("the server proved that it holds it".to_owned()),
            Possession::Failed(why) => Some(format!("NOT proved: {why}")),
            Possession::CannotCheck(why) => Some(format!("cannot be checked: {why}")),
        },
    );
    add("OCSP staple", inspection.staple.as_ref().map(staple));
    add(
        "client certificate",
        session.client_auth.as_ref().map(|auth| {
            let word = if auth.required {
                "demanded"
            } else {
                "asked for, not demanded"
            };
            match auth.authorities.len() {
                0 => format!("{word}, of any CA"),
                n => format!("{word}, of {}", text::count(n, "CA")),
            }
        }),
    );
    add(
        "alert",
        session
            .alert
            .as_ref()
            .map(|a| format!("{} ({})", text::safe(&a.name), a.code)),
    );
    if let Outcome::Failed { stage, .. } = &capture.outcome {
        add("stopped while", Some(stage.waiting().to_owned()));
    }
    lines
}

/// What the answer says, and until when.
fn staple(staple: &Staple) -> String {
    let next = staple.updates.and_then(|(_, next)| next);
    let until = next.map_or_else(String::new, |next| {
        format!("; next one due {}", next.long())
    });
    format!("{}{until}", staple.says.words())
}

fn certificates(inspection: &Inspection) -> String {
    let capture = &inspection.capture;
    let bytes: usize = capture.presented.iter().map(|c| c.len()).sum();
    let how = match capture.seen_by {
        Seen::Clear => ", read from the unencrypted part of the handshake",
        _ => "",
    };
    let cut = if capture.not_kept > 0 {
        format!(", and {} more that were not kept", capture.not_kept)
    } else {
        String::new()
    };
    format!(
        "{}, {bytes} bytes{how}{cut}",
        text::count(capture.presented.len(), "certificate")
    )
}
