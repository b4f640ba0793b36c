//! A screen without a terminal: the same model, fed with keys, drawn into a picture.

use std::path::Path;
use std::sync::Arc;

use crossterm::event::Event;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::message::{Effect, Message};
use super::model::Model;
use super::update::update;
use super::{Start, StoreSource, TuiError, parse_keys, svg, translate, view};
use crate::moment::Moment;
use crate::store::{Machine, Stores, Survey};
use crate::{inspect, save};

/// Inspects all targets, presses `keys`, and writes the screen of `size` columns and rows as SVG.
///
/// # Errors
/// When a key has no meaning, or the file cannot be written.
pub fn screenshot(start: Start, size: (u16, u16), keys: &str, path: &Path) -> Result<(), TuiError> {
    let keys = parse_keys(keys)
        .map_err(|key| TuiError(format!("{} is no key", crate::text::safe(&key))))?;
    let (stores, survey) = match start.stores {
        StoreSource::Fixed(stores) => (stores, None),
        StoreSource::Machine(given) => {
            let survey = Survey::of(&Machine::this(), &given);
            (Stores::load(&given), Some(Box::new(survey)))
        }
    };
    let mut model = Model::new(
        start.entries,
        start.options,
        start.look,
        size,
        Moment::now(),
    );
    let effects = update(&mut model, Message::Stores(stores.clone()));
    settle(&mut model, effects, &stores)?;
    if let Some(survey) = survey {
        let effects = update(&mut model, Message::Surveyed(survey));
        settle(&mut model, effects, &stores)?;
    }
    for key in keys {
        if let Some(message) = translate(&Event::Key(key), &model) {
            let effects = update(&mut model, message);
            settle(&mut model, effects, &stores)?;
        }
    }
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    view::draw(&model, area, &mut buffer);
    save::replace(path, svg::svg(&buffer, model.look.theme).as_bytes())
        .map_err(|e| TuiError(e.to_string()))
}

/// Answers effects until none is left. Only looking is done: nothing is written, copied or trusted.
fn settle(model: &mut Model, effects: Vec<Effect>, stores: &Stores) -> Result<(), TuiError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|e| TuiError(e.to_string()))?;
    let mut effects = effects;
    while let Some(effect) = effects.pop() {
        let answer = match effect {
            Effect::Inspect {
                job,
                target,
                options,
            } => {
                let stores = std::future::ready(stores.clone());
                let inspection = runtime.block_on(inspect::run(&target, &options, stores, &|_| {}));
                Message::Inspected {
                    job,
                    inspection: Arc::new(inspection),
                }
            }
            Effect::Further {
                job,
                inspection,
                ask,
            } => Message::Further {
                job,
                further: Box::new(runtime.block_on(inspect::ask(&inspection, &ask))),
            },
            Effect::Read { job, path } => Message::Read {
                job,
                result: crate::capture::certificates(&path),
            },
            Effect::Plan {
                inspection,
                node,
                rung,
            } => {
                let plan = crate::trust::plan_here(&inspection, node, rung);
                Message::Planned(rung, Box::new(plan))
            }
            _ => continue,
        };
        effects.extend(update(model, answer));
    }
    Ok(())
}
