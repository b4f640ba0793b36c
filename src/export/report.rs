//! The report for people, as text and as Markdown, from the same sections: the answer first, depth below.

use crate::capture::{Outcome as Ended, Possession};
use crate::cert::Certificate;
use crate::chain::{Chain, NodeId, Origin, Path, PathEnd};
use crate::diagnosis::{Finding, Fix, Severity, Subject, Who};
use crate::inspect::{Inspection, Outcome};
use crate::moment::{self, Moment, NO_EXPIRY};
use crate::net::{AttemptResult, Route};
use crate::target::Source;
use crate::text;

use super::layout::{Block, Page, Section};
use super::{commands, supposed, verdicts, words};

/// At most this many paths are drawn.
const PATHS: usize = 4;
/// At most this many names of a certificate are listed.
const NAMES: usize = 20;
/// Above this many certificates each gets one line.
const WHOLE: usize = 12;

/// Text of at most so many columns (commands stay whole), ending in a line feed. `ascii`: the drawing
/// uses ASCII characters only.
pub fn text(inspection: &Inspection, ascii: bool, columns: usize) -> String {
    page(inspection, ascii).text(columns)
}

/// Markdown, ending in a line feed.
pub fn markdown(inspection: &Inspection) -> String {
    page(inspection, false).markdown()
}

fn page(inspection: &Inspection, ascii: bool) -> Page {
    let sections = [
        answer(inspection),
        supposed::section(inspection),
        findings(inspection),
        chain(inspection, ascii),
        certificates(inspection),
        verdicts::section(inspection),
        session(inspection),
        timings(inspection),
        reproduce(inspection),
    ];
    Page {
        title: title(inspection),
        sections: sections
            .into_iter()
            .filter(|section| !section.blocks.is_empty())
            .collect(),
    }
}

/// The verdict and the target: `Not trusted: https://localhost:8443`.
fn title(inspection: &Inspection) -> String {
    let file = !matches!(inspection.capture.target.source, Source::Endpoint(_));
    let verdict = match inspection.outcome {
        _ if inspection.is_list() => "List of certificates",
        Outcome::Trusted => "Trusted",
        Outcome::TrustedIf => "Would be trusted (pretended)",
        Outcome::Untrusted => "Not trusted",
        Outcome::NoCertificate => "No certificate",
        Outcome::Unreachable if file => "Not readable",
        Outcome::Unreachable => "Not reached",
    };
    format!(
        "{verdict}: {}",
        text::safe(&inspection.capture.target.typed)
    )
}

/// Root cause, its evidence, and the smallest fix.
fn answer(inspection: &Inspection) -> Section {
    let mut blocks = Vec::new();
    if let Some(list) = &inspection.list {
        blocks.push(Block::Words(list.sentences().join(" ")));
    }
    match inspection.findings.first() {
        Some(cause) if tells_cause(inspection) => {
            blocks.push(Block::Words(cause.summary.clone()));
            if !cause.evidence.is_empty() {
                blocks.push(Block::Facts(evidence(cause)));
            }
            if let Some(fix) = cause.fixes.first() {
                blocks.push(Block::Words(format!(
                    "Smallest fix{}: {}",
                    for_whom(fix),
                    fix.action
                )));
                blocks.extend(fix.command.clone().map(|line| Block::Commands(vec![line])));
            }
        }
        Some(_) | None => blocks.extend(accepted(inspection).map(Block::Words)),
    }
    if inspection.at_given {
        blocks.push(Block::Words(format!(
            "Judged as of {}, as asked, not as of now.",
            inspection.at.long()
        )));
    }
    blocks.extend(supposed::next_change(inspection).map(Block::Words));
    Section {
        heading: "",
        blocks,
    }
}

fn accepted(inspection: &Inspection) -> Option<String> {
    let titles: Vec<&str> = inspection
        .verdicts
        .iter()
        .filter(|verdict| verdict.accepted)
        .map(|verdict| verdict.store_title.as_str())
        .collect();
    if titles.is_empty() {
        return None;
    }
    let leaf = inspection.chain.leaf;
    let leaf = leaf.and_then(|id| inspection.chain.certificate(id));
    let titles = text::list_and(&titles);
    if let Some(first) = leaf.filter(|_| inspection.is_list()) {
        let name = first.short_name();
        return Some(format!("The first, “{name}”, is accepted by {titles}."));
    }
    let mut words = format!("Accepted by {titles}.");
    if let Some(until) = leaf.and_then(|leaf| leaf.not_after) {
        words.push_str(&format!(
            " The certificate is valid until {}{}.",
            until.long(),
            relative(until, inspection.at)
        ));
    }
    Some(words)
}

fn relative(until: Moment, at: Moment) -> String {
    if until == NO_EXPIRY {
        String::new()
    } else {
        format!(" ({})", until.relative(at))
    }
}

fn for_whom(fix: &Fix) -> &'static str {
    match fix.who {
        Who::You => "",
        Who::ServerOwner => ", for whoever runs the server",
        Who::NetworkOwner => ", for whoever runs the network",
    }
}

fn evidence(finding: &Finding) -> Vec<(String, String)> {
    let pairs = finding.evidence.iter();
    pairs.map(|e| (e.label.clone(), e.value.clone())).collect()
}

/// The first finding is why it is not trusted.
fn tells_cause(inspection: &Inspection) -> bool {
    !matches!(inspection.outcome, Outcome::Trusted | Outcome::TrustedIf)
}

fn findings(inspection: &Inspection) -> Section {
    let mut blocks = Vec::new();
    let told = tells_cause(inspection);
    for (index, finding) in inspection.findings.iter().enumerate() {
        let about = match &finding.subject {
            Subject::Node(id) => inspection
                .chain
                .node(*id)
                .map(|node| format!(", about {} ({})", node.title(), id.0))
                .unwrap_or_default(),
            Subject::Store(id) => format!(", about the store {id}"),
            Subject::Connection | Subject::Machine => String::new(),
        };
        let severity = match finding.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Note => "Note",
        };
        blocks.push(Block::Head(format!(
            "{severity} {}{about}",
            finding.rule.id
        )));
        // The cause, its evidence and its smallest fix stand at the top of the report.
        let above = told && index == 0;
        let mut facts = Vec::new();
        if above {
            blocks.push(Block::Words("This is the cause told above.".to_owned()));
        } else {
            blocks.push(Block::Words(finding.summary.clone()));
            facts = evidence(finding);
        }
        if !facts.is_empty() {
            blocks.push(Block::Facts(facts));
        }
        let fixes = finding.fixes.iter().enumerate();
        for (i, fix) in fixes.skip(usize::from(above)) {
            let label = if i == 0 { "Fix" } else { "Or" };
            let who = match fix.who {
                Who::You => "",
                Who::ServerOwner => "The server's owner: ",
                Who::NetworkOwner => "The network's owner: ",
            };
            blocks.push(Block::Step {
                label,
                words: format!("{who}{}", fix.action),
                command: fix.command.clone(),
            });
        }
    }
    if let Some(first) = inspection.findings.first() {
        blocks.push(Block::Words(format!(
            "More about a finding: whycert explain {}",
            first.rule.id
        )));
    }
    Section {
        heading: "Findings",
        blocks,
    }
}

fn chain(inspection: &Inspection, ascii: bool) -> Section {
    let chain = &inspection.chain;
    let mut blocks = Vec::new();
    for (i, path) in chain.paths.iter().take(PATHS).enumerate() {
        if i > 0 {
            blocks.push(Block::Words("Another path:".to_owned()));
        }
        blocks.push(Block::Drawing(ladder(inspection, path, ascii)));
    }
    if chain.paths.len() > PATHS {
        blocks.push(Block::Words(format!(
            "{} more are in the JSON.",
            text::count(chain.paths.len() - PATHS, "path")
        )));
    }
    if chain.cut {
        blocks.push(Block::Words(
            "The search for paths was cut: there are too many to try them all.".to_owned(),
        ));
    }
    let on_path = |id: NodeId| chain.paths.iter().any(|path| path.nodes.contains(&id));
    let others: Vec<String> = chain
        .iter()
        .filter(|(id, node)| node.is_sent() && !on_path(*id))
        .map(|(id, _)| node_line(inspection, id, 0))
        .collect();
    if !others.is_empty() && !chain.presentation.bundle {
        if !chain.paths.is_empty() {
            blocks.push(Block::Words("Sent, but on no path:".to_owned()));
        }
        blocks.push(Block::Drawing(others));
    }
    Section {
        heading: "Chain",
        blocks,
    }
}

/// A path, root first, each certificate below its issuer.
fn ladder(inspection: &Inspection, path: &Path, ascii: bool) -> Vec<String> {
    let corner = if ascii { "`- " } else { "└ " };
    let rungs = path.nodes.iter().rev().enumerate();
    let prefixed: Vec<(String, NodeId)> = rungs
        .map(|(depth, id)| match depth {
            0 => (String::new(), *id),
            _ => (format!("{}{corner}", "  ".repeat(depth - 1)), *id),
        })
        .collect();
    let width = |(prefix, id): &(String, NodeId)| {
        text::width(prefix) + text::width(&title_of(&inspection.chain, *id))
    };
    let widest = prefixed.iter().map(width).max().unwrap_or(0).min(56);
    let mut lines: Vec<String> = prefixed
        .iter()
        .map(|(prefix, id)| {
            let room = widest.saturating_sub(text::width(prefix));
            format!("{prefix}{}", node_line(inspection, *id, room))
        })
        .collect();
    if path.end == PathEnd::Anchor {
        lines.push("(the first one is an anchor itself, and no root)".to_owned());
    }
    lines
}

pub(super) fn title_of(chain: &Chain, id: NodeId) -> String {
    chain
        .node(id)
        .map(crate::chain::Node::title)
        .unwrap_or_default()
}

/// Title, number, origin and time left; `room` is the width for the title.
fn node_line(inspection: &Inspection, id: NodeId, room: usize) -> String {
    let chain = &inspection.chain;
    let Some(node) = chain.node(id) else {
        return String::new();
    };
    let title = node.title();
    let title = text::clip(&title, room.max(20));
    let gap = room.saturating_sub(text::width(&title));
    let mut notes = vec![origin(chain, id)];
    if let Some(certificate) = &node.certificate {
        notes.extend(time_left(certificate, inspection.at));
    }
    format!(
        "{title}{}   {:>2}  {}",
        " ".repeat(gap),
        id.0,
        notes.join(", ")
    )
}

fn origin(chain: &Chain, id: NodeId) -> String {
    let Some(node) = chain.node(id) else {
        return String::new();
    };
    let held = text::list_and(&node.anchored_in);
    match &node.origin {
        Origin::Sent(places) if places.len() > 1 => format!("sent {} times", places.len()),
        Origin::Sent(_) if held.is_empty() => "sent".to_owned(),
        Origin::Sent(_) => format!("sent, and in {held}"),
        Origin::Assumed => "not sent, assumed".to_owned(),
        Origin::Fetched(from) => format!("not sent, fetched from {from}"),
        Origin::Store(stores) => format!("not sent, in {}", text::list_and(stores)),
        Origin::Missing => "missing".to_owned(),
    }
}

/// `41 days left`, `expired 3 days ago`, `valid in 2 hours`.
fn time_left(certificate: &Certificate, at: Moment) -> Option<String> {
    let (from, until) = (certificate.not_before?, certificate.not_after?);
    Some(if at < from {
        format!("valid {}", from.relative(at))
    } else if until == NO_EXPIRY {
        "never expires".to_owned()
    } else if at > until {
        format!("expired {}", until.relative(at))
    } else {
        format!("{} left", moment::span(at.until(until)))
    })
}

fn certificates(inspection: &Inspection) -> Section {
    let chain = &inspection.chain;
    let mut blocks = Vec::new();
    if chain.nodes.len() > WHOLE {
        let all = chain.iter().map(|(id, _)| node_line(inspection, id, 48));
        blocks.push(Block::Drawing(all.collect()));
        blocks.push(Block::Words(format!(
            "One line each, because there are {}. One in full: {}",
            chain.nodes.len(),
            format_args!(
                "whycert export {} --what 0 --format text",
                text::safe(&text::shell_quote(&inspection.capture.target.typed))
            )
        )));
    } else {
        for (id, node) in chain.iter() {
            let Some(certificate) = &node.certificate else {
                continue;
            };
            blocks.push(Block::Head(format!("{}  {}", id.0, node.title())));
            blocks.push(Block::Facts(facts(certificate, &origin(chain, id))));
        }
    }
    blocks.extend(inspection.capture.notes.iter().cloned().map(Block::Words));
    if inspection.capture.not_kept > 0 {
        blocks.push(Block::Words(format!(
            "{} came and were not kept: the limit was reached.",
            text::count(inspection.capture.not_kept, "more certificate")
        )));
    }
    Section {
        heading: "Certificates",
        blocks,
    }
}

fn facts(certificate: &Certificate, origin: &str) -> Vec<(String, String)> {
    let mut facts = vec![
        ("Origin", origin.to_owned()),
        ("Subject", certificate.subject.rfc4514()),
        ("Issuer", certificate.issuer.rfc4514()),
        ("Names", names(certificate)),
        ("Valid", validity(certificate)),
        ("Serial", text::hex(&certificate.serial)),
        ("Key", words::key(&certificate.key)),
        ("Signature", certificate.signature_algorithm.name.clone()),
        ("Usage", usage(certificate)),
        ("SHA-256", text::hex(&certificate.sha256)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    let mut facts: Vec<(String, String)> = facts
        .into_iter()
        .map(|(label, value)| (label.to_owned(), value))
        .collect();
    for defect in &certificate.defects {
        facts.push(("Defect".to_owned(), defect.words.clone()));
    }
    facts
}

fn names(certificate: &Certificate) -> String {
    let all = certificate.subject_alt_names();
    let mut some: Vec<String> = all.iter().take(NAMES).map(ToString::to_string).collect();
    if all.len() > NAMES {
        some.push(format!(
            "and {} more (all are in the JSON)",
            all.len() - NAMES
        ));
    }
    some.join(", ")
}

fn validity(certificate: &Certificate) -> String {
    let word = |moment: Option<Moment>| match moment {
        Some(moment) => moment.long(),
        None => "(cannot be read)".to_owned(),
    };
    format!(
        "{} to {}",
        word(certificate.not_before),
        word(certificate.not_after)
    )
}

fn usage(certificate: &Certificate) -> String {
    let mut parts = Vec::new();
    match certificate.basic_constraints() {
        Some((true, Some(depth))) => parts.push(format!("CA, path length {depth}")),
        Some((true, None)) => parts.push("CA".to_owned()),
        _ => {}
    }
    if let Some(usage) = certificate.key_usage() {
        let bits = words::KEY_USAGES.iter().enumerate();
        let set = bits.filter(|(bit, _)| usage.has(1 << bit));
        parts.extend(set.map(|(_, name)| (*name).to_owned()));
    }
    if let Some(purposes) = certificate.extended_key_usage() {
        parts.extend(purposes.iter().map(words::purpose));
    }
    parts.join(", ")
}

fn session(inspection: &Inspection) -> Section {
    let capture = &inspection.capture;
    let session = &capture.session;
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(peer) = capture.peer {
        facts.push(("Address", peer.to_string()));
    }
    if let Route::Proxy { url, because, .. } = &capture.route {
        facts.push(("Route", format!("through proxy {url} because {because}")));
    }
    if let Ended::Failed { stage, failure } = &capture.outcome {
        let words = words::failure(failure);
        facts.push(("Stopped at", format!("{}: {words}", stage.waiting())));
    }
    for attempt in &capture.attempts {
        if let AttemptResult::Failed(words) = &attempt.result {
            facts.push(("Tried", format!("{}: {words}", attempt.address)));
        }
    }
    let parts = [&session.version, &session.cipher_suite, &session.group];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if !parts.is_empty() {
        facts.push(("TLS", parts.join(", ")));
    }
    if let Some(alpn) = &session.alpn {
        facts.push(("ALPN", alpn.to_string()));
    }
    match &session.server_name {
        Some(name) => facts.push(("Name sent", text::safe(name).into_owned())),
        None if session.version.is_some() => facts.push(("Name sent", "none".to_owned())),
        None => {}
    }
    match &session.possession {
        Possession::NotReached => {}
        Possession::Proved => {
            facts.push(("Private key", "the server proved that it holds it".into()))
        }
        Possession::Failed(why) => facts.push(("Private key", format!("not proved: {why}"))),
        Possession::CannotCheck(why) => {
            facts.push(("Private key", format!("cannot be checked: {why}")));
        }
    }
    if let Some(staple) = &inspection.staple {
        facts.push(("OCSP staple", staple.says.words()));
    }
    if let Some(asked) = &session.client_auth {
        facts.push(("Client certificate", client_certificate(asked)));
    }
    if let Some(alert) = &session.alert {
        facts.push(("Alert", format!("{} ({})", alert.name, alert.code)));
    }
    let facts: Vec<(String, String)> = facts
        .into_iter()
        .map(|(label, value)| (label.to_owned(), value))
        .collect();
    Section {
        heading: "Session",
        blocks: if facts.is_empty() {
            Vec::new()
        } else {
            vec![Block::Facts(facts)]
        },
    }
}

fn client_certificate(asked: &crate::capture::ClientAuth) -> String {
    let word = if asked.required {
        "demanded"
    } else {
        "asked for"
    };
    let mut from = words::authorities(asked);
    let more = from.len().saturating_sub(NAMES);
    from.truncate(NAMES);
    if from.is_empty() {
        return format!("{word}, from any CA");
    }
    let tail = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!("{word}, from {}{tail}", from.join("; "))
}

fn timings(inspection: &Inspection) -> Section {
    let ms = |time: std::time::Duration| format!("{:.1} ms", time.as_secs_f64() * 1_000.0);
    let stages = inspection.capture.timings.iter();
    let mut parts: Vec<String> = stages
        .map(|(stage, took)| format!("{} {}", stage.id(), ms(*took)))
        .collect();
    parts.push(format!("all {}", ms(inspection.took)));
    Section {
        heading: "Timings",
        blocks: vec![Block::Words(parts.join(", "))],
    }
}

fn reproduce(inspection: &Inspection) -> Section {
    let lines = commands::reproduce(inspection);
    Section {
        heading: "The same with other programs",
        blocks: if lines.is_empty() {
            Vec::new()
        } else {
            vec![Block::Commands(lines)]
        },
    }
}
