//! What is trusted: the list, and undoing one of it.

use crate::tui::message::Effect;
use crate::tui::model::{JournalDialog, Model, Overlay};

use crate::trust::prove::Undone;
use crate::trust::{Entry, Standing};

/// Opens the list; over the trust dialog too, which then has nothing left to say.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if matches!(model.overlays.last(), Some(Overlay::Trust(_))) {
        model.overlays.pop();
    }
    model
        .overlays
        .push(Overlay::Journal(Box::<JournalDialog>::default()));
    vec![Effect::List]
}

/// The journal was read, the newest first.
pub(super) fn listed(
    model: &mut Model,
    result: Result<Vec<(Entry, Standing)>, String>,
    hides_root: bool,
) {
    if let Some(Overlay::Journal(dialog)) = model.overlays.last_mut() {
        let result = result.map(|mut all| {
            all.reverse();
            all
        });
        let count = result.as_ref().map_or(0, Vec::len);
        dialog.picked = dialog.picked.min(count.saturating_sub(1));
        dialog.entries = Some(result);
        dialog.hides_root = hides_root;
    }
}

/// Enter: undoes the entry that is picked, whose undoing stands below the list.
pub(super) fn accept(model: &mut Model, mut dialog: Box<JournalDialog>) -> Vec<Effect> {
    let mut effects = Vec::new();
    if !dialog.busy
        && let Some(entry) = dialog.entry()
    {
        effects.push(Effect::Undo(entry.id.clone()));
        dialog.busy = true;
        dialog.undone = None;
    }
    model.overlays.push(Overlay::Journal(dialog));
    effects
}

/// It was undone, or why not; the list is read again.
pub(super) fn undone(model: &mut Model, result: Result<Undone, String>) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Journal(dialog)) => {
            dialog.busy = false;
            dialog.undone = Some(result);
            vec![Effect::List]
        }
        // The list was closed meanwhile: what came of it is said all the same.
        _ => {
            let (good, words) = match result {
                Ok(undone) => (true, format!("Undone: {}.", undone.entry.rung.title())),
                Err(why) => (false, format!("Not undone: {why}")),
            };
            model.say(good, words);
            Vec::new()
        }
    }
}
