//! What if on the screen: the menu, the moment judged for, and what is asked beyond the server.

use whycert::cert::pem;
use whycert::diagnosis::{Fetched, Further};
use whycert::inspect::{Ask, Inspection, Outcome};
use whycert::moment::{DAY, Moment};
use whycert::tui::message::{Effect, Message};
use whycert::tui::model::Overlay;
use whycert::tui::theme::{ASCII, Look, Theme};

use super::of;
use crate::support::driven::{self, Driven, der, expired, healthy, missing_intermediate};
use crate::support::mint::{self, Minted, NOW};

fn outcome(driven: &Driven) -> Outcome {
    driven.model.inspection().unwrap().outcome
}

fn at(driven: &Driven) -> Moment {
    driven.model.inspection().unwrap().at
}

fn menu(driven: &Driven) -> Vec<String> {
    match driven.model.overlays.last() {
        Some(Overlay::WhatIf(menu)) => menu
            .choices
            .iter()
            .map(|(words, _)| words.clone())
            .collect(),
        other => panic!("{other:?}"),
    }
}

/// Presses `w` and chooses what begins like this.
fn choose(driven: &mut Driven, words: &str) {
    driven.press("w");
    let menu = menu(driven);
    let place = menu.iter().position(|w| w.starts_with(words));
    let place = place.unwrap_or_else(|| panic!("{words} is not in {menu:#?}"));
    driven.press(&"<down>".repeat(place)).press("<enter>");
}

#[test]
fn days_weeks_and_dates_move_the_moment_and_one_key_brings_it_back() {
    let mut driven = Driven::of(healthy(), (80, 24));
    for (keys, from_now) in [
        (">", DAY),
        (">>", 3 * DAY),
        ("<lt>", 2 * DAY),
        ("}", 9 * DAY),
        ("{", 2 * DAY),
    ] {
        driven.press(keys);
        assert_eq!(at(&driven), NOW.plus(from_now), "{keys}");
    }
    driven.press(")");
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    assert!(
        driven.status().contains("has expired by"),
        "{}",
        driven.status()
    );
    let screen = driven.screen();
    assert!(screen.contains("Judged for"), "{screen}");
    driven.press("(");
    assert!(at(&driven) < NOW);
    driven.press("=");
    assert_eq!((at(&driven), outcome(&driven)), (NOW, Outcome::Trusted));
    assert!(!driven.model.inspection().unwrap().at_given);
    // The far ends of time are ends.
    for keys in [")))))))))))))", "(((((((((((((((("] {
        driven.press(keys);
        driven.screen();
    }
    driven.press("W");
    assert_eq!(at(&driven), NOW);
}

#[test]
fn the_menu_offers_what_makes_sense_here() {
    let mut driven = Driven::of(missing_intermediate(), (80, 24));
    driven.press("w");
    let here = menu(&driven);
    for words in [
        "I trust “",
        "the server sent “",
        "it is another day",
        "I asked for another name",
    ] {
        assert!(
            here.iter().any(|w| w.starts_with(words)),
            "{words}: {here:#?}"
        );
    }
    driven.press("<esc>");
    assert!(driven.model.overlays.is_empty());
    // On a line about the name, names come first; about dates, dates.
    let sent = [der("leaf.pem"), der("issuing.pem")];
    let wrong = driven::inspection("https://wrong.example.test", &sent, &[der("root.pem")], NOW);
    let mut driven = Driven::of(wrong, (80, 24));
    driven.press("1w");
    assert!(
        menu(&driven)[0].starts_with("I asked for"),
        "{:#?}",
        menu(&driven)
    );
    let mut driven = Driven::of(expired(), (80, 24));
    driven.press("1w");
    assert!(
        menu(&driven)[0].starts_with("it is another day"),
        "{:#?}",
        menu(&driven)
    );
}

#[test]
fn a_name_from_the_certificate_or_typed_turns_the_verdict() {
    let sent = [der("leaf.pem"), der("issuing.pem")];
    let wrong = || driven::inspection("https://wrong.example.test", &sent, &[der("root.pem")], NOW);
    let mut driven = Driven::of(wrong(), (80, 24));
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    choose(&mut driven, "I asked for api.example.test");
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
    let screen = driven.screen();
    assert!(
        screen.contains("What if api.example.test was asked for"),
        "{screen}"
    );
    assert!(screen.contains("trusted, pretended"), "{screen}");
    assert!(screen.contains("as it is: rejects"), "{screen}");
    // Chosen again, it is assumed no more.
    choose(&mut driven, "api.example.test was asked for");
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    choose(&mut driven, "I asked for another name…");
    driven.press("not a name<enter>");
    assert!(
        driven.screen().contains("no host name"),
        "{}",
        driven.screen()
    );
    driven.press("<ctrl-u>api.example.test<enter>");
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
    driven.press("W");
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    assert!(!driven.screen().contains("What if"));
}

#[test]
fn a_file_gives_the_missing_one_and_a_bad_one_says_why() {
    let mut driven = Driven::of(missing_intermediate(), (80, 24));
    choose(&mut driven, "the server sent “");
    driven.press("issuing.pem<enter>");
    let Some(Effect::Read { job, path }) = driven.effects.last().cloned() else {
        panic!("{:?}", driven.effects);
    };
    assert_eq!(path.to_str(), Some("issuing.pem"));
    driven.send(Message::Read {
        job,
        result: Ok(vec![der("issuing.pem").into()]),
    });
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
    assert!(
        driven.screen().contains("as if sent"),
        "{}",
        driven.screen()
    );
    // A late answer to the same question is dropped.
    driven.press("W");
    driven.send(Message::Read {
        job,
        result: Ok(vec![der("issuing.pem").into()]),
    });
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    choose(&mut driven, "the server sent “");
    driven.press("nowhere<enter>");
    let Some(Effect::Read { job, .. }) = driven.effects.last().cloned() else {
        panic!("{:?}", driven.effects);
    };
    driven.send(Message::Read {
        job,
        result: Err("it is not there".to_owned()),
    });
    assert!(driven.status().contains("it is not there"));
    // A real file is read, and nonsense is not.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pem");
    std::fs::write(&path, pem::encode(&der("issuing.pem"))).unwrap();
    assert_eq!(whycert::capture::certificates(&path).unwrap().len(), 1);
    std::fs::write(&path, "nothing").unwrap();
    assert!(whycert::capture::certificates(&path).is_err());
}

#[test]
fn pretending_through_t_and_through_w_is_the_same() {
    let sent = [der("leaf.pem"), der("issuing.pem"), der("root.pem")];
    let mut driven = Driven::of(driven::inspection(driven::URL, &sent, &[], NOW), (80, 24));
    driven.press("gt<enter>");
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
    assert!(
        driven.screen().contains("as if trusted"),
        "{}",
        driven.screen()
    );
    choose(&mut driven, "I trust “");
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    driven.press("w<enter>");
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
    // The selection stays on the certificate.
    assert_eq!(driven.model.session().unwrap().row, 0);
}

/// An inspection whose missing issuer can be had somewhere.
fn fetchable() -> (Inspection, Minted) {
    let root = Minted::root(mint::ca("Some Root"));
    let issuing = root.issue(mint::ca("Some Issuing CA"));
    let mut params = mint::server(&["www.site.example.org"]);
    let value = {
        use crate::support::draft::{oid, seq, tlv};
        let place = tlv(0x86, b"http://ca.example/issuing.cer");
        seq(&[&seq(&[&oid("1.3.6.1.5.5.7.48.2"), &place])])
    };
    let aia = [1, 3, 6, 1, 5, 5, 7, 1, 1];
    params
        .custom_extensions
        .push(rcgen::CustomExtension::from_oid_content(&aia, value));
    let leaf = issuing.issue(params);
    (of(&[&leaf], &[&root]), issuing)
}

#[test]
fn fetching_shows_the_address_first_and_then_what_came() {
    let (seen, issuing) = fetchable();
    let mut driven = Driven::of(seen, (80, 24));
    driven.press("f");
    let screen = driven.screen();
    assert!(screen.contains("http://ca.example/issuing.cer"), "{screen}");
    assert!(
        !driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Further { .. })),
        "not asked yet"
    );
    insta::assert_snapshot!("fetch_80x24", screen);
    driven.press("<esc>");
    assert!(
        !driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Further { .. }))
    );
    driven.press("f<enter>");
    let Some(Effect::Further { job, ask, .. }) = driven.effects.last().cloned() else {
        panic!("{:?}", driven.effects);
    };
    assert_eq!(*ask, Ask::Fetch);
    assert!(
        driven.screen().contains("fetching what is missing"),
        "{}",
        driven.screen()
    );
    let answer = |got| Further {
        fetched: vec![Fetched {
            address: "http://ca.example/issuing.cer".to_owned(),
            wanted: "Some Issuing CA".to_owned(),
            got,
        }],
        ..Further::default()
    };
    let further = Box::new(answer(Err(
        "nothing listens there; ask the owner".to_owned()
    )));
    driven.send(Message::Further { job, further });
    assert!(
        driven.status().contains("nothing listens there"),
        "{}",
        driven.status()
    );
    driven.press("f<enter>");
    let Some(Effect::Further { job, .. }) = driven.effects.last().cloned() else {
        panic!("{:?}", driven.effects);
    };
    let further = Box::new(answer(Ok(vec![issuing.der.into()])));
    driven.send(Message::Further { job, further });
    assert!(
        driven.status().starts_with("Fetched “Some Issuing CA”"),
        "{}",
        driven.status()
    );
    driven.press("g");
    let screen = driven.screen();
    assert!(screen.contains("fetched"), "{screen}");
    insta::assert_snapshot!("fetched_80x24", screen);
    driven.press("f");
    assert!(
        driven.status().contains("Nothing is missing"),
        "{}",
        driven.status()
    );
    // Sent, it would cure.
    choose(&mut driven, "the server sent “Some Issuing CA”");
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
}

#[test]
fn names_and_an_unrelated_server_are_asked_on_request() {
    let sent = [der("leaf.pem"), der("issuing.pem")];
    let wrong = driven::inspection("https://wrong.example.test", &sent, &[der("root.pem")], NOW);
    let mut driven = Driven::of(wrong, (80, 24));
    driven.press("d<enter>");
    assert!(
        matches!(driven.effects.last(), Some(Effect::Further { ask, .. }) if **ask == Ask::Names)
    );
    driven.press("uhttps://unrelated.example<enter>");
    assert!(
        matches!(driven.effects.last(), Some(Effect::Further { ask, .. }) if matches!(&**ask, Ask::Compare(t) if t.typed.contains("unrelated")))
    );
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("d");
    assert!(
        driven.status().contains("not what is wrong"),
        "{}",
        driven.status()
    );
}

#[test]
fn the_strip_and_the_menu_fit_every_screen() {
    for (columns, rows) in [(80, 24), (40, 10), (200, 60)] {
        let name = format!("another_day_{columns}x{rows}");
        let mut driven = Driven::of(healthy(), (columns, rows));
        driven.press("}}");
        insta::assert_snapshot!(name, driven.screen());
        driven.press("w");
        insta::assert_snapshot!(format!("what_if_{columns}x{rows}"), driven.screen());
    }
    for (columns, rows) in [(20, 5), (40, 10), (71, 11), (72, 16), (80, 24), (200, 60)] {
        for keys in [
            ">",
            "}w",
            "}w<down><down>",
            ")W>",
            "w<esc>f",
            "u",
            "z>",
            "<tab>>w",
        ] {
            let mut driven = Driven::of(expired(), (columns, rows));
            driven.press(keys);
            assert_eq!(
                driven.screen().lines().count(),
                usize::from(rows),
                "{columns}x{rows} {keys}"
            );
        }
    }
    let look = Look {
        theme: Theme::Mono,
        glyphs: &ASCII,
    };
    let mut driven = Driven::looking(healthy(), (80, 24), look);
    driven.press("}}w");
    assert!(driven.screen().is_ascii(), "{}", driven.screen());
}

#[test]
fn looking_again_keeps_what_is_assumed() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("}r");
    let Some(Effect::Inspect { options, .. }) = driven.effects.last() else {
        panic!("{:?}", driven.effects);
    };
    assert_eq!(options.what_if.at(), Some(NOW.plus(7 * DAY)));
    let job = driven.job();
    // The answer was made before the person went on.
    driven.answer(job, healthy());
    assert_eq!(at(&driven), NOW.plus(7 * DAY));
}
