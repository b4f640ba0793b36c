//! The dialog on the screen: rungs by key, a plan for each, and no yes without the four characters.

use std::path::Path;

use whycert::store::Machine;
use whycert::trust::prove::{Again, Answer, Turned, Undone};
use whycert::trust::{self, Entry, Place, Rung, Standing};
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
    assert!(!matches!(driven.effects.last(), Some(Effect::Trust { .. })));
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
    assert!(!matches!(driven.effects.last(), Some(Effect::Trust { .. })));
    assert!(
        driven.status().contains("nothing is written"),
        "{}",
        driven.status()
    );
    driven.press("<backspace><backspace><backspace><backspace>");
    driven.press(&format!("{four}<enter>"));
    assert!(matches!(driven.effects.last(), Some(Effect::Trust { .. })));
    // Once is enough.
    let effects = driven.effects.len();
    driven.press("<enter>");
    assert_eq!(driven.effects.len(), effects);
    driven.send(Message::Trusted(Box::new(Err(
        "the disk is full".to_owned()
    ))));
    assert!(driven.screen().contains("the disk is full"));
}

#[test]
fn a_public_name_is_asked_only_when_the_person_wants_it() {
    let sent = [der("leaf.pem"), der("issuing.pem"), der("root.pem")];
    let mut driven = Driven::of(inspection(URL, &sent, &[], NOW), (100, 40));
    // Where no client is asked, the key arms nothing behind one's back.
    driven.press("gtp<down>");
    let Some(Effect::Plan { node, .. }) = driven.effects.last() else {
        panic!("{:?}", driven.effects.last())
    };
    let node = *node;
    let home = tempfile::tempdir().unwrap();
    let place = Place::on(Machine::other(Path::new("/"), home.path(), []));
    let inspection = driven.model.inspection().unwrap().clone();
    let plan = trust::plan(&place, &inspection, node, Rung::Command);
    driven.send(Message::Planned(Rung::Command, Box::new(plan)));
    let asks = |driven: &Driven, words: &str| {
        let screen = driven.screen();
        assert!(screen.contains(words), "{screen}");
    };
    asks(&driven, "about this server only (p: about example.com too)");
    driven.press("p");
    asks(&driven, "about this server and example.com");
    driven.press("p");
    for (keys, wanted) in [("<enter>", false), ("p<enter>", true)] {
        driven.press(keys);
        match driven.effects.last() {
            Some(Effect::Trust { public, .. }) => assert_eq!(*public, wanted),
            other => panic!("{other:?}"),
        }
        // Not while it is carried out.
        driven.press("p");
        driven.send(Message::Trusted(Box::new(Err("no".to_owned()))));
        driven.press("<esc>gt<down>");
        let plan = trust::plan(&place, &inspection, node, Rung::Command);
        driven.send(Message::Planned(Rung::Command, Box::new(plan)));
    }
}

fn listed(entries: Result<Vec<(Entry, Standing)>, String>) -> Message {
    Message::Listed {
        entries,
        hides_root: false,
    }
}

#[test]
fn what_is_trusted_is_listed_and_undone_by_key() {
    let sent = [der("leaf.pem"), der("issuing.pem"), der("root.pem")];
    let mut driven = Driven::of(inspection(URL, &sent, &[], NOW), (100, 40));
    driven.press("T");
    assert!(matches!(driven.effects.last(), Some(Effect::List)));
    driven.send(listed(Err("the journal is damaged".to_owned())));
    assert!(driven.screen().contains("the journal is damaged"));
    driven.press("<enter>");
    assert!(!matches!(driven.effects.last(), Some(Effect::Undo(_))));
    let entry = |id: &str, added: &str| Entry {
        id: id.to_owned(),
        rung: Rung::Podman,
        sha256: "ab".repeat(32),
        subject: "CN=Home".to_owned(),
        not_after: String::new(),
        added: added.to_owned(),
        target: URL.to_owned(),
        finding: "chain.unknown-root".to_owned(),
        version: String::new(),
        progress: trust::Progress::Done,
        uses_bundle: false,
        asking: None,
        records: vec![trust::Record::Run {
            command: Vec::new(),
            undo: vec![trust::Inverse {
                command: vec!["update-ca-certificates".to_owned()],
                input: String::new(),
            }],
        }],
    };
    let (older, newer) = (entry("11111111", "2026"), entry("22222222", "2027"));
    let stands = |entry: &Entry| (entry.clone(), Standing::Stands);
    driven.send(listed(Ok(vec![stands(&older), stands(&newer)])));
    let screen = driven.screen();
    let at = |words: &str| {
        screen
            .find(words)
            .unwrap_or_else(|| panic!("{words}: {screen}"))
    };
    assert!(at("22222222") < at("11111111"), "the newest first");
    assert!(at("run      update-ca-certificates") > at("1 of 2"));
    driven.press("<down><enter>");
    assert!(matches!(driven.effects.last(), Some(Effect::Undo(id)) if id == "11111111"));
    // Once is enough.
    let effects = driven.effects.len();
    driven.press("<enter>");
    assert_eq!(driven.effects.len(), effects);
    let turned = Turned {
        client: "curl",
        once: "refused".to_owned(),
        trusted: Answer::Passed,
        now: Answer::Refused("certificate".to_owned()),
    };
    driven.send(Message::Undone(Box::new(Ok(Undone {
        entry: older,
        again: Again::Asked(vec![turned]),
    }))));
    assert!(matches!(driven.effects.last(), Some(Effect::List)));
    driven.send(listed(Ok(vec![stands(&newer)])));
    let screen = driven.screen();
    assert!(screen.contains("passes → refused, as before"), "{screen}");
    assert!(screen.contains("1 of 1"), "{screen}");
    driven.press("<enter>");
    assert!(matches!(driven.effects.last(), Some(Effect::Undo(id)) if id == "22222222"));
    let why = "only root may do this: sudo whycert trust undo 22222222".to_owned();
    driven.send(Message::Undone(Box::new(Err(why.clone()))));
    assert!(driven.screen().contains(&why), "{}", driven.screen());
    assert!(!driven.screen().contains("What root trusted"));
    driven.send(Message::Listed {
        entries: Ok(Vec::new()),
        hides_root: true,
    });
    let screen = driven.screen();
    assert!(screen.contains("sudo whycert trust list"), "{screen}");
}
