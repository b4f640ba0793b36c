//! The dialog on the screen: rungs by key, a plan for each, and no yes without the four characters.

use std::path::Path;

use whycert::store::Machine;
use whycert::trust::{self, Place, Rung};
use whycert::tui::message::{Effect, Message};

use crate::support::driven::{Driven, NOW, der, inspection};

const URL: &str = "https://api.example.test";

#[test]
fn a_rung_that_touches_others_wants_the_four_characters() {
    let sent = [der("leaf.pem"), der("issuing.pem"), der("root.pem")];
    let mut driven = Driven::of(inspection(URL, &sent, &[], NOW), (100, 40));
    driven.press("gt");
    let asked = |driven: &Driven| match driven.effects.last() {
        Some(Effect::Plan { rung, node, .. }) => (*rung, *node),
        other => panic!("{other:?}"),
    };
    let mut node = asked(&driven).1;
    while asked(&driven).0 != Rung::Podman {
        driven.press("<down>");
        node = asked(&driven).1;
    }
    let home = tempfile::tempdir().unwrap();
    let place = Place::on(Machine::other(Path::new("/"), home.path(), []));
    let inspection = driven.model.inspection().unwrap().clone();
    let planned = |rung| trust::plan(&place, &inspection, node, rung);
    // An answer for a rung that is no longer picked is dropped.
    let late = planned(Rung::Bundle);
    driven.send(Message::Planned(Rung::Bundle, Box::new(late)));
    driven.press("<enter>");
    assert!(!matches!(driven.effects.last(), Some(Effect::Trust(_))));
    let plan = planned(Rung::Podman).unwrap();
    let four = plan.last_four();
    driven.send(Message::Planned(Rung::Podman, Box::new(Ok(plan))));
    let screen = driven.screen();
    assert!(screen.contains("containers/certs.d"), "{screen}");
    driven.press("<enter>");
    assert!(
        driven.screen().contains("last four characters"),
        "{}",
        driven.screen()
    );
    driven.press("nono<enter>");
    assert!(!matches!(driven.effects.last(), Some(Effect::Trust(_))));
    assert!(
        driven.status().contains("nothing is written"),
        "{}",
        driven.status()
    );
    driven.press("<backspace><backspace><backspace><backspace>");
    driven.press(&format!("{four}<enter>"));
    assert!(matches!(driven.effects.last(), Some(Effect::Trust(_))));
    // Once is enough.
    let effects = driven.effects.len();
    driven.press("<enter>");
    assert_eq!(driven.effects.len(), effects);
    driven.send(Message::Trusted(Box::new(Err(
        "the disk is full".to_owned()
    ))));
    assert!(driven.screen().contains("the disk is full"));
}
