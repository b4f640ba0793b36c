//! Questions that go beyond the server: what would be asked, asking it, and what comes of it.

use std::sync::Arc;

use super::overlay::open_ask;
use super::what_if::{set, show};
use crate::diagnosis::Further;
use crate::inspect::{self, Ask, Assumption, Inspection};
use crate::text;
use crate::tui::line::{Line, Meaning};
use crate::tui::message::{Effect, JobId};
use crate::tui::model::Model;

/// Shows what would be asked, before it is.
pub(super) fn offer(model: &mut Model, ask: Ask) {
    let Some(inspection) = model.inspection().cloned() else {
        model.say(false, "There is nothing to ask about yet.");
        return;
    };
    let plain = |words: String| Line::of(Meaning::Plain, words).hanging(2);
    let (title, mut lines) = match &ask {
        Ask::Fetch => {
            let wanted = inspect::to_fetch(&inspection);
            if wanted.is_empty() {
                model.say(true, nothing_to_fetch(&inspection));
                return;
            }
            let lines = wanted.into_iter().map(|(address, title)| {
                Line::of(
                    Meaning::Plain,
                    format!("“{}” from ", text::clip(&title, 40)),
                )
                .and(Meaning::Code, address)
                .hanging(2)
            });
            ("Fetch what is missing", lines.collect::<Vec<_>>())
        }
        Ask::Names => {
            if !is_name_wrong(&inspection) {
                model.say(
                    true,
                    "The name is not what is wrong here; there is nothing to ask.",
                );
                return;
            }
            let words = "Asks this machine's resolver for the names in the certificate.".to_owned();
            ("Where do the names lead?", vec![plain(words)])
        }
        Ask::Direct => (
            "Without the proxy",
            vec![plain(format!(
                "Connects to {} without the proxy.",
                text::safe(&inspection.capture.target.typed)
            ))],
        ),
        Ask::Compare(target) => (
            "Compare",
            vec![plain(format!("Connects to {}.", text::safe(&target.typed)))],
        ),
    };
    if ask == Ask::Fetch {
        lines.push(Line::blank());
        lines.push(Line::of(
            Meaning::Muted,
            "Over plain http: whoever runs that server, or listens on the way, sees that you ask. What \
             comes counts only if its key made the signature.",
        ));
    }
    open_ask(model, title, lines, ask);
}

fn nothing_to_fetch(inspection: &Inspection) -> String {
    let missing = inspection
        .chain
        .nodes
        .iter()
        .any(|n| n.ghost.as_ref().is_some_and(|g| g.addresses.is_empty()));
    if missing {
        "The certificate does not say where its issuer is: there is nothing to fetch.".to_owned()
    } else {
        "Nothing is missing here: there is nothing to fetch.".to_owned()
    }
}

/// Asks on the network.
pub(super) fn ask(model: &mut Model, ask: Ask) -> Vec<Effect> {
    let Some(inspection) = model.inspection().cloned() else {
        return Vec::new();
    };
    let job = model.fresh_job();
    let words = match &ask {
        Ask::Direct => "looking without the proxy",
        Ask::Fetch => "fetching what is missing",
        Ask::Names => "asking where the names lead",
        Ask::Compare(_) => "looking at the other server",
    };
    if let Some(session) = model.session_mut() {
        session.beyond = Some((job, words.to_owned()));
    }
    vec![Effect::Further {
        job,
        inspection,
        ask: Box::new(ask),
    }]
}

/// Does something in the session that waits for this job, if one still does, whichever is shown.
fn answered(model: &mut Model, job: JobId, then: impl FnOnce(&mut Model)) {
    let waiting =
        |s: &crate::tui::model::Session| s.beyond.as_ref().is_some_and(|(own, _)| *own == job);
    let Some(index) = model.sessions.iter().position(waiting) else {
        return;
    };
    let shown = std::mem::replace(&mut model.current, index);
    if let Some(session) = model.session_mut() {
        session.beyond = None;
    }
    then(model);
    if shown != index {
        model.current = shown;
        model.refresh();
    }
}

/// A question beyond the server is answered.
pub(super) fn asked(model: &mut Model, job: JobId, further: Further) {
    answered(model, job, |model| {
        let now = model.now;
        let Some((session, inspection)) = model.session().and_then(|s| Some((s, s.inspection()?)))
        else {
            return;
        };
        let options = model.options_of(session);
        // That clients see something else without the proxy is seen in the grid.
        let said = (inspection.further.direct.is_some() || further.direct.is_none())
            .then(|| answer(&inspection.further, &further));
        let again = inspect::with_further(inspection, further, &options, now);
        show(model, again);
        if let Some((good, words)) = said {
            model.say(good, words);
        }
    });
}

/// What came of it, in one sentence.
fn answer(before: &Further, after: &Further) -> (bool, String) {
    if before.fetched != after.fetched {
        let got = after.fetched.iter().find(|f| f.got.is_ok());
        let failed = after
            .fetched
            .iter()
            .find_map(|f| Some((f, f.got.as_ref().err()?)));
        return match (got, failed) {
            (Some(one), _) => (
                true,
                format!(
                    "Fetched “{}” from {}. Programs that do not fetch still fail; E exports the repaired chain.",
                    text::clip(&one.wanted, 40),
                    one.address
                ),
            ),
            (None, Some((one, why))) => (false, format!("{}: {why}.", one.address)),
            (None, None) => (false, "Nothing could be fetched.".to_owned()),
        };
    }
    let words = if before.resolved != after.resolved {
        "The pane Why says where the names lead."
    } else {
        "The pane Why says what the other server shows."
    };
    (true, words.to_owned())
}

/// The certificates of a file are read.
pub(super) fn read(model: &mut Model, job: JobId, result: Result<Vec<Arc<[u8]>>, String>) {
    answered(model, job, |model| match result {
        Ok(certificates) => {
            let mut what_if = model.what_if();
            for der in certificates {
                what_if.assume(Assumption::Send(der));
            }
            set(model, what_if);
        }
        Err(why) => model.say(false, format!("The file gives no certificate: {why}")),
    });
}

/// The certificate is for other names, of which the resolver may know more.
pub(super) fn is_name_wrong(inspection: &Inspection) -> bool {
    let wrong = ["name.mismatch", "name.ip-not-in-san"];
    let mut findings = inspection.findings.iter();
    findings.any(|f| wrong.contains(&f.rule.id))
}
