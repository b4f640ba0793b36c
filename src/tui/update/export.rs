//! The export chooser.

use tui_input::Input;

use crate::export::{self, Format, What};
use crate::text;
use crate::tui::message::Effect;
use crate::tui::model::{ExportChoice, Model, Overlay};

/// Opens the export chooser on the selected certificate.
pub(super) fn open(model: &mut Model) {
    let Some(inspection) = model.inspection().cloned() else {
        model.say(false, "There is nothing to export yet.");
        return;
    };
    let mut whats: Vec<(What, String)> = Vec::new();
    if let Some(id) = model
        .selected()
        .filter(|&id| inspection.chain.certificate(id).is_some())
    {
        let title = inspection
            .chain
            .node(id)
            .map(|n| text::clip(&n.title(), 40).into_owned())
            .unwrap_or_default();
        whats.push((What::Node(id), format!("this certificate: {title}")));
        whats.push((
            What::RootsPlus(id),
            "the public roots and this certificate: a bundle that adds".to_owned(),
        ));
    }
    whats.push((What::Chain, "the chain as it was sent".to_owned()));
    whats.push((
        What::Repaired,
        "the chain as it should be served: complete, in order, without root".to_owned(),
    ));
    whats.push((What::Root, "the root alone".to_owned()));
    let mut choice = ExportChoice {
        whats,
        what: 0,
        formats: vec![
            (Format::Pem, "PEM"),
            (Format::Der, "DER (one certificate)"),
            (Format::Text, "text, as OpenSSL prints it"),
            (Format::Json, "JSON"),
            (Format::Markdown, "report in Markdown"),
        ],
        format: 0,
        name: Input::default(),
        edited: false,
        field: 0,
    };
    if let Some((what, _)) = choice.whats.first() {
        choice.name = Input::new(export::file_name(&inspection, *what, Format::Pem));
    }
    model.overlays.push(Overlay::Export(Box::new(choice)));
}

/// Suggests a file name for what is chosen, until one was typed.
pub(super) fn suggest_name(model: &mut Model) {
    let Some(inspection) = model.inspection().cloned() else {
        return;
    };
    if let Some(Overlay::Export(choice)) = model.overlays.last_mut()
        && !choice.edited
        && let (Some((what, _)), Some((format, _))) = (
            choice.whats.get(choice.what),
            choice.formats.get(choice.format),
        )
    {
        choice.name = Input::new(export::file_name(&inspection, *what, *format));
    }
}

/// Enter in the chooser.
pub(super) fn chosen(model: &Model, choice: &ExportChoice) -> Vec<Effect> {
    let (Some(inspection), Some((what, _)), Some((format, _))) = (
        model.inspection().cloned(),
        choice.whats.get(choice.what),
        choice.formats.get(choice.format),
    ) else {
        return Vec::new();
    };
    vec![Effect::Save {
        inspection,
        what: *what,
        format: *format,
        name: choice.name.value().to_owned(),
    }]
}
