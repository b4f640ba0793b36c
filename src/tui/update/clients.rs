//! The clients: what becomes known of this machine, opening one, asking them.

use super::what_if::{reassess, show};
use super::{further, overlay};
use crate::ask::{self, Way};
use crate::inspect::{self, Inspection};
use crate::judge::client::{Installed, Measured};
use crate::store::Survey;
use crate::tui::message::{Effect, JobId};
use crate::tui::model::{Finding, Focus, Model, Offer, Overlay, Pane, Place, State};
use crate::tui::pages;

/// Every store of this machine is read.
pub(super) fn surveyed(model: &mut Model, survey: Box<Survey>) {
    model.survey = Some(survey);
    model.knowledge += 1;
    overlay::renew_stores(model);
}

/// The clients of this machine were looked for. When they were to be asked, the question comes now, unless
/// something else is on the screen.
pub(super) fn installed(model: &mut Model, found: Vec<Installed>) -> Vec<Effect> {
    let ask = model.finding == Finding::UnderWay { ask: true };
    model.options.installed = found.into();
    model.finding = Finding::Done;
    model.knowledge += 1;
    model.refresh();
    if !ask || model.pane != Pane::Clients || !model.overlays.is_empty() {
        return Vec::new();
    }
    let mut effects = freshen(model);
    model.status = None;
    effects.extend(open_ask(model));
    effects
}

/// A client has answered.
pub(super) fn asked(model: &mut Model, job: JobId, measured: Measured) {
    let mine = |asking: &Option<(JobId, usize)>| asking.is_some_and(|(own, _)| own == job);
    let found = model.sessions.iter().position(|s| mine(&s.asking));
    let Some(index) = found else { return };
    if let Some(session) = model.sessions.get_mut(index) {
        session
            .measured
            .retain(|m| (m.client, &m.program) != (measured.client, &measured.program));
        session.measured.push(measured);
        session.asking = session
            .asking
            .map(|(job, left)| (job, left.saturating_sub(1)))
            .filter(|(_, left)| *left > 0);
        // Its grid is made anew, now or when it is shown.
        session.knowledge = 0;
    }
    model.knowledge = model.knowledge.max(1);
}

/// Makes the grid of the session shown anew when more is known than it was made with, and looks for clients
/// once somebody wants to see them.
pub(super) fn freshen(model: &mut Model) -> Vec<Effect> {
    let (known, now) = (model.knowledge, model.now);
    let stale = model.session().filter(|s| s.knowledge != known);
    // A list has no grid to be made anew, and may be long.
    let stale = stale.filter(|s| s.inspection().is_none_or(|i| !i.is_list()));
    if let Some(session) = stale
        && let State::Ready(inspection) = &session.state
    {
        let options = model.options_of(session);
        let machine = inspection.stores.environment().is_some();
        let again = match &model.survey {
            Some(survey) if machine => inspect::survey(inspection, &survey.stores(), &options, now),
            _ => inspect::reassess(inspection, &options, now),
        };
        if let Some(session) = model.session_mut() {
            session.knowledge = known;
        }
        show(model, again);
    }
    if model.pane == Pane::Clients && model.finding == Finding::NotYet && !model.sessions.is_empty()
    {
        model.finding = Finding::UnderWay { ask: false };
        model.refresh();
        let mut effects = vec![Effect::FindClients];
        effects.extend(without_the_proxy(model));
        return effects;
    }
    without_the_proxy(model)
}

/// Some clients do not use the proxy on the way: what they see is looked at once somebody wants to know.
fn without_the_proxy(model: &mut Model) -> Vec<Effect> {
    let wanted = model.pane == Pane::Clients
        && model.session().is_some_and(|session| {
            session.beyond.is_none()
                && session.inspection().is_some_and(|i| {
                    i.further.direct.is_none() && inspect::goes_round_a_proxy(&i.capture)
                })
        });
    if wanted {
        further::ask(model, inspect::Ask::Direct)
    } else {
        Vec::new()
    }
}

/// Opens what one client checked.
pub(super) fn open_client(model: &mut Model, row: usize) {
    let Some(grid) = model.inspection().and_then(|i| i.grid.clone()) else {
        return;
    };
    let Some(row) = grid.rows.get(row) else {
        return;
    };
    let lines = pages::clients::client(row, &grid, model.look.glyphs);
    let (message, _) = row.words();
    let copy =
        (!message.is_empty()).then(|| (format!("the words of {}", row.title()), whole(message)));
    model.overlays.push(Overlay::Offer(Box::new(Offer {
        title: row.title().to_owned(),
        lines,
        place: Place::default(),
        ways: Vec::new(),
        copy,
    })));
}

/// The lines as the client prints them.
fn whole(message: &str) -> String {
    crate::export::clients::readable(&message.replace(" | ", "\n"))
}

/// The words of the client under the cursor, for the copy key.
pub(super) fn words_here(model: &mut Model) -> Option<(String, String)> {
    if model.focus != Focus::Pane || model.pane != Pane::Clients {
        return None;
    }
    let session = model.session()?;
    let line = session.lines.get(session.place(Pane::Clients).line)?;
    let Some(crate::tui::line::Link::Client(row)) = line.link else {
        return None;
    };
    let grid = session.inspection()?.grid.clone()?;
    let row = grid.rows.get(row)?;
    let (message, _) = row.words();
    (!message.is_empty()).then(|| (format!("the words of {}", row.title()), whole(message)))
}

/// Copies what the page offers.
pub(super) fn copy_offered(model: &mut Model) -> Vec<Effect> {
    match model.overlays.last() {
        Some(Overlay::Offer(offer)) => match offer.copy.clone() {
            Some((what, text)) => vec![Effect::Copy { what, text }],
            None => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Shows how the clients of this machine would be asked.
pub(super) fn open_ask(model: &mut Model) -> Vec<Effect> {
    model.pane = Pane::Clients;
    model.focus = Focus::Pane;
    model.refresh();
    let Some(session) = model.session() else {
        return Vec::new();
    };
    let Some(inspection) = session.inspection() else {
        model.say(false, "Wait until the server was looked at.");
        return Vec::new();
    };
    let obstacle = if session.asking.is_some() {
        Some("They are being asked already; esc stops it.")
    } else if inspection.grid.is_none() {
        Some(ask::NOTHING_JUDGED)
    } else {
        ask::obstacle(session.entry.target.endpoint())
    };
    if let Some(why) = obstacle {
        model.say(false, why);
        return Vec::new();
    }
    match model.finding {
        Finding::Done => {}
        Finding::NotYet | Finding::UnderWay { .. } => {
            let begun = model.finding != Finding::NotYet;
            model.finding = Finding::UnderWay { ask: true };
            model.say(
                true,
                "Looking for clients on this machine; what would run is shown once they are found.",
            );
            return if begun {
                Vec::new()
            } else {
                vec![Effect::FindClients]
            };
        }
    }
    let Some(endpoint) = session.entry.target.endpoint() else {
        return Vec::new();
    };
    let here = |i: &Inspection| -> Option<Vec<Installed>> {
        let rows = i.grid.as_ref()?.rows.iter();
        Some(rows.filter_map(|row| row.installed.clone()).collect())
    };
    let found = here(inspection).unwrap_or_default();
    let stores = inspection.grid.as_ref().map(|grid| &grid.stores);
    let asking = ask::ways(endpoint, &found, stores.unwrap_or(&inspection.stores));
    if asking.ways.is_empty() {
        model.say(
            false,
            "None of the clients that whycert can ask is on this machine.",
        );
        return Vec::new();
    }
    let lines = pages::clients::asking(&asking);
    model.overlays.push(Overlay::Offer(Box::new(Offer {
        title: format!("Ask {}?", crate::text::count(asking.ways.len(), "client")),
        lines,
        place: Place::default(),
        ways: asking.ways,
        copy: None,
    })));
    Vec::new()
}

/// Whoever is being asked is ended; what answered before stays.
pub(super) fn call_off(model: &mut Model) -> Vec<Effect> {
    let mut any = false;
    for session in &mut model.sessions {
        any |= session.asking.take().is_some();
    }
    if !any {
        return Vec::new();
    }
    model.refresh();
    model.say(
        true,
        "No more clients are asked. What answered before stays.",
    );
    vec![Effect::CallOff]
}

/// The commands were seen, and are to be run.
pub(super) fn accept(model: &mut Model, ways: Vec<Way>) -> Vec<Effect> {
    if ways.is_empty() {
        return Vec::new();
    }
    let job = model.fresh_job();
    if let Some(session) = model.session_mut() {
        session.measured.clear();
        session.asking = Some((job, ways.len()));
    }
    reassess(model);
    vec![Effect::Ask { job, ways }]
}
