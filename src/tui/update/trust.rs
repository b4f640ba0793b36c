//! The trust dialog: opening it, its rungs, agreeing.

use tui_input::Input;

use super::what_if;
use crate::inspect::{Assumption, Fingerprint};
use crate::trust::{Rung, prove};
use crate::tui::message::Effect;
use crate::tui::model::{Model, Overlay, TrustDialog};

/// Opens the trust dialog on the selected certificate.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let (Some(inspection), Some(node)) = (model.inspection().cloned(), model.selected()) else {
        model.say(false, "There is no certificate to trust here.");
        return Vec::new();
    };
    let Some(certificate) = inspection.chain.certificate(node) else {
        model.say(false, "This certificate is missing; get it from the server's owner first, then use --ca FILE.");
        return Vec::new();
    };
    let trusted = Assumption::Trust(Fingerprint::of(&certificate.sha256));
    let pretended = model.what_if().holds(&trusted);
    let title = certificate.short_name();
    let dialog = TrustDialog {
        node,
        title,
        picked: 0,
        pretended,
        plan: None,
        agreeing: None,
        public: false,
        busy: false,
        applied: None,
    };
    model.overlays.push(Overlay::Trust(Box::new(dialog)));
    replan(model)
}

/// Asks for the plan of the rung picked, when it is not made yet.
pub(super) fn replan(model: &mut Model) -> Vec<Effect> {
    let inspection = model.inspection().cloned();
    match (model.overlays.last_mut(), inspection) {
        (Some(Overlay::Trust(dialog)), Some(inspection))
            if dialog.plan.is_none() && dialog.applied.is_none() =>
        {
            vec![Effect::Plan {
                inspection,
                node: dialog.node,
                rung: dialog.rung(),
            }]
        }
        _ => Vec::new(),
    }
}

/// Enter.
pub(super) fn accept(model: &mut Model, mut dialog: Box<TrustDialog>) -> Vec<Effect> {
    if dialog.applied.is_some() {
        return Vec::new();
    }
    if dialog.rung() == Rung::Pretend {
        let digest = model
            .inspection()
            .and_then(|i| i.chain.certificate(dialog.node))
            .map(|c| c.sha256);
        if let Some(digest) = digest {
            what_if::toggle(model, Assumption::Trust(Fingerprint::of(&digest)));
        }
        return Vec::new();
    }
    let mut effects = Vec::new();
    if let Some(Ok(plan)) = &dialog.plan
        && plan.is_forbidden()
    {
        model.say(
            false,
            "Only root may do this: the line to do it as root is in the dialog.",
        );
        model.overlays.push(Overlay::Trust(dialog));
        return effects;
    }
    match (&dialog.plan, &dialog.agreeing) {
        // What is done by hand is only read.
        (Some(Ok(plan)), _) if dialog.busy || plan.steps.is_empty() => {}
        (Some(Ok(plan)), None) if plan.rung.touches_others() => {
            dialog.agreeing = Some(Input::default());
        }
        (Some(Ok(plan)), Some(typed))
            if !typed.value().trim().eq_ignore_ascii_case(&plan.last_four()) =>
        {
            model.say(
                false,
                "These are not the last four characters of the SHA-256; nothing is written.",
            );
        }
        (Some(Ok(plan)), _) => {
            effects.push(Effect::Trust {
                plan: Box::new(plan.clone()),
                public: dialog.public,
            });
            dialog.agreeing = None;
            dialog.busy = true;
        }
        _ => {}
    }
    model.overlays.push(Overlay::Trust(dialog));
    effects
}

/// The public server is asked too, or no more; only where the dialog says so.
pub(super) fn toggle_public(model: &mut Model) {
    if let Some(Overlay::Trust(dialog)) = model.overlays.last_mut()
        && !dialog.busy
        && dialog.applied.is_none()
        && prove::asks(dialog.rung())
    {
        dialog.public = !dialog.public;
    }
}

/// The dialog tells what was done.
pub(super) fn is_done(model: &Model) -> bool {
    matches!(model.overlays.last(), Some(Overlay::Trust(dialog)) if dialog.applied.is_some())
}

/// Copies the lines to use what was done.
pub(super) fn copy(model: &mut Model) -> Vec<Effect> {
    let lines = match model.overlays.last() {
        Some(Overlay::Trust(dialog)) => match &dialog.applied {
            Some(Ok(applied)) => applied.lines.join("\n"),
            _ => String::new(),
        },
        _ => String::new(),
    };
    if lines.is_empty() {
        model.say(false, "There is no line to copy here.");
        return Vec::new();
    }
    vec![Effect::Copy {
        what: "lines".to_owned(),
        text: lines,
    }]
}

/// Another rung: its plan is not made yet.
pub(super) fn choose(dialog: &mut TrustDialog, picked: usize) {
    if dialog.picked != picked {
        dialog.picked = picked;
        dialog.plan = None;
        dialog.agreeing = None;
    }
}
