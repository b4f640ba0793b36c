//! What if: the menu of assumptions, and judging anew by what is assumed.

use std::path::PathBuf;
use std::sync::Arc;

use tui_input::Input;

use super::{further, time};
use crate::chain::{NodeId, Origin};
use crate::inspect::events::{self, Turn};
use crate::inspect::{self, Ask, Assumption, Fingerprint, Inspection};
use crate::moment::Moment;
use crate::target::{Source, Target};
use crate::text;
use crate::tui::line::Link;
use crate::tui::message::Effect;
use crate::tui::model::{Choice, Focus, Model, Overlay, State, Typing, Value, WhatIfMenu};

/// Names of the certificate offered in the menu at most.
const MOST_NAMES: usize = 6;
/// Variables offered in the menu at most.
const MOST_SETTINGS: usize = 8;

/// Judges the shown inspection again with what is assumed now.
pub(super) fn reassess(model: &mut Model) {
    let now = model.now;
    let Some(session) = model.session() else {
        return;
    };
    let options = model.options_of(session);
    if let State::Ready(inspection) = &session.state {
        let again = inspect::reassess(inspection, &options, now);
        show(model, again);
    }
}

/// Puts another inspection of the same target in the place of the one shown. Certificates keep their
/// selection and folds, whatever number they have now.
pub(super) fn show(model: &mut Model, again: Inspection) {
    let flipped = model.flipped;
    if let Some(session) = model.session_mut()
        && let State::Ready(before) = &session.state
    {
        let moved = |id: NodeId| match before.chain.certificate(id) {
            Some(certificate) => again.chain.find(&certificate.sha256),
            None => again.chain.node(id).filter(|n| n.is_ghost()).map(|_| id),
        };
        let selected = session.rows.get(session.row).and_then(|r| r.node);
        let selected = selected.and_then(moved);
        session.folded = session.folded.iter().filter_map(|&id| moved(id)).collect();
        session.turn = turn(&again);
        session.plant(&again, flipped);
        let row = session
            .rows
            .iter()
            .position(|r| r.node == selected && r.node.is_some());
        session.row = row.unwrap_or(session.row.min(session.rows.len().saturating_sub(1)));
        session.state = State::Ready(Arc::new(again));
    }
    model.refresh();
}

/// The next date at which a verdict turns, while another time is judged.
pub(super) fn turn(inspection: &Inspection) -> Option<Turn> {
    inspection.at_given.then(|| events::next_turn(inspection))?
}

/// Assumes something, or no more.
pub(super) fn toggle(model: &mut Model, assumption: Assumption) {
    let mut what_if = model.what_if();
    if what_if.holds(&assumption) {
        what_if.drop(&assumption);
    } else {
        what_if.assume(assumption);
    }
    set(model, what_if);
}

pub(super) fn set(model: &mut Model, what_if: inspect::WhatIf) {
    if let Some(session) = model.session_mut() {
        session.what_if = Some(what_if);
    }
    reassess(model);
    if let Some(words) = model.inspection().and_then(|i| followed(i)) {
        model.say(true, words);
    }
}

/// What the assumptions turn, in one sentence.
fn followed(inspection: &Inspection) -> Option<String> {
    inspection.actual.as_ref()?;
    let changed = inspection.changed();
    let count = |accepts: bool| changed.iter().filter(|c| c.accepts == accepts).count();
    let words = match (count(true), count(false)) {
        (0, 0) => "That changes no verdict.".to_owned(),
        (more, 0) => format!("{} then.", they(more, "accept")),
        (0, less) => format!("{} then.", they(less, "reject")),
        (more, less) => format!("{more} would accept it then, and {less} reject it."),
    };
    Some(words)
}

/// Stores and clients alike.
fn they(count: usize, verb: &str) -> String {
    match count {
        1 => format!("One more would {verb} it"),
        _ => format!("{count} more would {verb} it"),
    }
}

/// `W`.
pub(super) fn forget(model: &mut Model) {
    if let Some(session) = model.session_mut() {
        session.what_if = Some(inspect::WhatIf::default());
    }
    reassess(model);
    model.say(true, "Nothing is assumed any more.");
}

// ── the menu ──

/// Opens the menu on what is selected.
pub(super) fn open(model: &mut Model) {
    let Some(inspection) = model.inspection().cloned() else {
        model.say(false, "There is nothing to assume anything about yet.");
        return;
    };
    let mut choices = choices(model, &inspection);
    if let Some(kind) = fact(model) {
        // What fits the fact under the cursor comes first; the rest keeps its order.
        choices.sort_by_key(|(_, choice)| kind_of(choice) != Some(kind));
    }
    model.overlays.push(Overlay::WhatIf(Box::new(WhatIfMenu {
        choices,
        picked: 0,
        typing: None,
    })));
}

/// Kinds of facts that a choice may fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Trust,
    Sent,
    Time,
    Name,
    Setting,
}

fn kind_of(choice: &Choice) -> Option<Kind> {
    Some(match choice {
        Choice::Toggle(Assumption::Trust(_) | Assumption::Without(_)) => Kind::Trust,
        Choice::Toggle(Assumption::Send(_)) | Choice::Type(Value::File) => Kind::Sent,
        Choice::Ask(Ask::Fetch) => Kind::Sent,
        Choice::Toggle(Assumption::At(_)) | Choice::Type(Value::Date) | Choice::NextDate => {
            Kind::Time
        }
        Choice::Toggle(Assumption::Host(_)) | Choice::Type(Value::Host) => Kind::Name,
        Choice::Ask(Ask::Names) => Kind::Name,
        Choice::Toggle(Assumption::Unset(_)) => Kind::Setting,
        _ => return None,
    })
}

/// What the line under the cursor is about, when the pane has the focus.
fn fact(model: &Model) -> Option<Kind> {
    if model.focus != Focus::Pane {
        return None;
    }
    let session = model.session()?;
    let line = session.lines.get(session.place(model.pane).line)?;
    let id = match &line.link {
        Some(Link::Lesson(id) | Link::Explain(id)) => *id,
        _ => return None,
    };
    let about = |words: &[&str]| words.iter().any(|w| id.contains(w));
    if about(&["env."]) {
        Some(Kind::Setting)
    } else if about(&["missing-issuer", "authority-info", "aia"]) {
        Some(Kind::Sent)
    } else if about(&[
        "expire",
        "valid",
        "not-before",
        "not-after",
        "clock",
        "cross-sign",
    ]) {
        Some(Kind::Time)
    } else if about(&[
        "name.mismatch",
        "ip-not-in-san",
        "alternative",
        "common-name",
        "san",
    ]) {
        Some(Kind::Name)
    } else if about(&["root", "self-signed", "re-signed", "store."]) {
        Some(Kind::Trust)
    } else {
        None
    }
}

fn choices(model: &Model, inspection: &Inspection) -> Vec<(String, Choice)> {
    let mut out = Vec::new();
    let selected = model.selected();
    about_node(inspection, selected, &mut out);
    not_sent(inspection, selected, &mut out);
    out.push(("it is another day…".to_owned(), Choice::Type(Value::Date)));
    let dates = events::events(&inspection.chain);
    if let Some(event) = dates.iter().find(|e| e.at > inspection.at) {
        let words = format!("it is {}, the next date of the chain", event.at.long());
        out.push((words, Choice::NextDate));
    }
    names(inspection, &mut out);
    settings(inspection, &mut out);
    out.push((
        "compare with an unrelated server…".to_owned(),
        Choice::Type(Value::Server),
    ));
    let what_if = model.what_if();
    for (assumption, words) in what_if.iter().zip(inspection.assumed()) {
        let choice = Choice::Toggle(assumption.clone());
        if !out.iter().any(|(_, c)| *c == choice) {
            out.push((words, choice));
        }
    }
    if !what_if.is_empty() {
        out.push(("assume nothing any more".to_owned(), Choice::Clear));
    }
    out
}

fn quoted(inspection: &Inspection, id: NodeId) -> String {
    let title = inspection.chain.node(id).map(crate::chain::Node::title);
    format!("“{}”", text::clip(&title.unwrap_or_default(), 34))
}

fn about_node(inspection: &Inspection, selected: Option<NodeId>, out: &mut Vec<(String, Choice)>) {
    let chain = &inspection.chain;
    let Some((id, certificate)) = selected.and_then(|id| Some((id, chain.certificate(id)?))) else {
        return;
    };
    let print = Fingerprint::of(&certificate.sha256);
    let name = quoted(inspection, id);
    out.push((
        format!("I trust {name}"),
        Choice::Toggle(Assumption::Trust(print.clone())),
    ));
    if chain.leaf != Some(id) {
        let words = match chain.node(id).map(|n| &n.origin) {
            Some(Origin::Sent(_)) => format!("{name} was not sent, and in no store"),
            _ => format!("{name} was gone"),
        };
        out.push((words, Choice::Toggle(Assumption::Without(print))));
    }
}

/// What the server should have sent: what a store holds or was fetched, between the leaf and a root.
fn not_sent(inspection: &Inspection, selected: Option<NodeId>, out: &mut Vec<(String, Choice)>) {
    let chain = &inspection.chain;
    let on_path = |id: NodeId| chain.paths.iter().any(|p| p.nodes.contains(&id));
    for (id, node) in chain.iter().filter(|(id, _)| on_path(*id)) {
        let from = match &node.origin {
            Origin::Store(stores) => match stores.first() {
                Some(store) => format!("from {}", text::clip(store, 30)),
                None => continue,
            },
            Origin::Fetched(_) => "fetched".to_owned(),
            _ => continue,
        };
        let Some(certificate) = &node.certificate else {
            continue;
        };
        // A root need not be sent; the one under the cursor may be tried all the same.
        if certificate.is_self_issued() && selected != Some(id) {
            continue;
        }
        out.push((
            format!("the server sent {} ({from})", quoted(inspection, id)),
            Choice::Toggle(Assumption::Send(certificate.der.clone())),
        ));
    }
    for (id, _) in chain.iter().filter(|(id, n)| n.is_ghost() && on_path(*id)) {
        let name = quoted(inspection, id);
        out.push((
            format!("the server sent {name}, which is in a file…"),
            Choice::Type(Value::File),
        ));
    }
    if !inspect::to_fetch(inspection).is_empty() {
        out.push((
            "fetch what is missing from where its child says…".to_owned(),
            Choice::Ask(Ask::Fetch),
        ));
    }
}

fn names(inspection: &Inspection, out: &mut Vec<(String, Choice)>) {
    let leaf = inspection.chain.leaf;
    let Some(leaf) = leaf.and_then(|id| inspection.chain.certificate(id)) else {
        return;
    };
    let mut offered = 0;
    for name in leaf.subject_alt_names() {
        let shown = match name {
            crate::cert::GeneralName::Dns(name) => name.raw().to_owned(),
            crate::cert::GeneralName::Ip(ip) => ip.to_string(),
            _ => continue,
        };
        let Some(host) = host(&shown).filter(|h| Some(h) != inspection.name.as_ref()) else {
            continue;
        };
        if offered == MOST_NAMES {
            break;
        }
        offered += 1;
        let shown = text::safe(&shown).into_owned();
        let words = format!("I asked for {}", text::clip(&shown, 40));
        out.push((words, Choice::Toggle(Assumption::Host(host))));
    }
    out.push((
        "I asked for another name…".to_owned(),
        Choice::Type(Value::Host),
    ));
    if further::is_name_wrong(inspection) {
        out.push((
            "ask the resolver where the names lead…".to_owned(),
            Choice::Ask(Ask::Names),
        ));
    }
}

fn settings(inspection: &Inspection, out: &mut Vec<(String, Choice)>) {
    let actual = inspection.actual.as_deref().unwrap_or(inspection);
    let Some(environment) = actual.stores.environment() else {
        return;
    };
    let mut seen: Vec<&str> = Vec::new();
    for setting in &environment.settings {
        let name = setting.known.name.as_str();
        if seen.contains(&name) || seen.len() == MOST_SETTINGS {
            continue;
        }
        seen.push(name);
        out.push((
            format!("{name} was not set"),
            Choice::Toggle(Assumption::Unset(name.to_owned())),
        ));
    }
}

fn host(typed: &str) -> Option<crate::target::Host> {
    if Target::names_port(typed) || typed.contains('*') {
        return None;
    }
    match Target::parse(typed).map(|t| t.source) {
        Ok(Source::Endpoint(endpoint)) => Some(endpoint.host),
        _ => None,
    }
}

/// Opens a line to type a value in.
pub(super) fn open_typing(model: &mut Model, value: Value) {
    if model.inspection().is_none() {
        model.say(false, "There is nothing to compare with yet.");
        return;
    }
    model.overlays.push(Overlay::WhatIf(Box::new(WhatIfMenu {
        choices: Vec::new(),
        picked: 0,
        typing: Some(typing(value)),
    })));
}

fn typing(value: Value) -> Typing {
    Typing {
        value,
        input: Input::default(),
        wrong: None,
    }
}

/// Enter in the menu, or in its line.
pub(super) fn accept(model: &mut Model, mut menu: Box<WhatIfMenu>) -> Vec<Effect> {
    if let Some(typing) = &mut menu.typing {
        let typed = typing.input.value().trim().to_owned();
        match entered(model, typing.value, &typed) {
            Ok(effects) => return effects,
            Err(why) => typing.wrong = Some(why),
        }
        model.overlays.push(Overlay::WhatIf(menu));
        return Vec::new();
    }
    let Some((_, choice)) = menu.choices.get(menu.picked).cloned() else {
        return Vec::new();
    };
    match choice {
        Choice::Toggle(assumption) => toggle(model, assumption),
        Choice::NextDate => time::jump(model, true),
        Choice::Clear => forget(model),
        Choice::Ask(ask) => further::offer(model, ask),
        Choice::Type(value) => {
            menu.typing = Some(typing(value));
            model.overlays.push(Overlay::WhatIf(menu));
        }
    }
    Vec::new()
}

/// A value was entered.
fn entered(model: &mut Model, value: Value, typed: &str) -> Result<Vec<Effect>, String> {
    match value {
        Value::Date => {
            let at = Moment::parse(typed, model.now)
                .map_err(|e| format!("{e}; try 2027-01-31, +30d or -2h"))?;
            time::go_to(model, at);
        }
        Value::Host => {
            let host = host(typed).ok_or("that is no host name and no address")?;
            let mut what_if = model.what_if();
            what_if.assume(Assumption::Host(host));
            set(model, what_if);
        }
        Value::File => {
            if typed.is_empty() {
                return Err("type the path of a PEM or DER file".to_owned());
            }
            let job = model.fresh_job();
            if let Some(session) = model.session_mut() {
                session.beyond = Some((job, "reading the file".to_owned()));
            }
            let path = PathBuf::from(typed);
            return Ok(vec![Effect::Read { job, path }]);
        }
        Value::Server => {
            let target = Target::parse(typed).map_err(|e| e.problem)?;
            if target.endpoint().is_none() {
                return Err("that is no server; try https://example.com".to_owned());
            }
            return Ok(further::ask(model, Ask::Compare(Box::new(target))));
        }
    }
    Ok(Vec::new())
}
