//! The screen without a terminal: messages in, effects and whole screens out. Time and certificates are
//! fixed, so that every snapshot is the same on every machine.

use ratatui::style::{Color, Modifier};
use whycert::export::{Format, What};
use whycert::inspect::Outcome;
use whycert::moment::Moment;
use whycert::net::Stage;
use whycert::text;
use whycert::tui::Entry;
use whycert::tui::message::{Effect, Message};
use whycert::tui::model::{CopyRoute, Focus, Overlay, Pane, State};
use whycert::tui::theme::{ASCII, Look, Theme, UNICODE};

use crate::support::driven::{
    Driven, NOW, PLAIN, URL, der, entry, expired, healthy, inspection, missing_intermediate,
    with_clients,
};
use crate::support::mint::{self, Minted};

// ── whole screens ──

#[test]
fn the_first_screen_answers_at_every_size() {
    for (columns, rows) in [(80, 24), (120, 40), (40, 10)] {
        let name = format!("missing_intermediate_{columns}x{rows}");
        let screen = Driven::of(missing_intermediate(), (columns, rows)).screen();
        insta::assert_snapshot!(name, screen);
    }
}

#[test]
fn the_first_screen_of_other_outcomes() {
    insta::assert_snapshot!("healthy_80x24", Driven::of(healthy(), (80, 24)).screen());
    insta::assert_snapshot!("expired_80x24", Driven::of(expired(), (80, 24)).screen());
    insta::assert_snapshot!("expired_40x10", Driven::of(expired(), (40, 10)).screen());
}

#[test]
fn panes_and_overlays() {
    for (name, keys) in [
        ("certificate_80x24", "2"),
        ("handshake_80x24", "3"),
        ("pem_zoomed_80x24", "4z"),
        ("help_80x24", "?"),
        ("palette_80x24", ":expo"),
        ("export_80x24", "E"),
        ("copy_80x24", "Y"),
        ("trust_80x24", "t"),
        ("open_typo_80x24", "ohttps://<enter>"),
        ("search_80x24", "/issuing"),
        ("lesson_80x24", "1<enter>"),
    ] {
        let mut driven = Driven::of(expired(), (80, 24));
        driven.press(keys);
        insta::assert_snapshot!(name, driven.screen());
    }
}

#[test]
fn a_list_of_certificates_is_not_judged_as_a_chain() {
    let root = |name: &str, from, to| Minted::root(mint::dated(mint::ca(name), from, to)).der;
    let roots = [
        root("First Root", -400, 4_000),
        root("Old Root", -800, -3),
        root("Ending Root", -400, 20),
    ];
    let seen = inspection("./roots.pem", &roots, &roots[..1], NOW);
    let seen = with_clients(&seen, &[], &[]);
    assert!(seen.is_list() && seen.grid.is_none());
    let report = whycert::export::report::text(&seen, false, whycert::export::WIDEST);
    assert!(
        report.starts_with("List of certificates: ./roots.pem"),
        "{report}"
    );

    let mut driven = Driven::of(seen, (100, 24));
    let screen = driven.screen();
    for words in [
        "list of 3 certificates",
        "A list of 3 certificates, not the chain of one server.",
        "Among them: 1 expired, 1 ending within 30 days.",
        "Judged here: “First Root”, the first of them.",
    ] {
        assert!(screen.contains(words), "{words}\n{screen}");
    }
    assert!(!screen.contains("the name you asked for"), "{screen}");
    driven.press("5");
    let screen = driven.screen();
    assert!(screen.contains("clients judge"), "{screen}");
}

#[test]
fn ascii_is_ascii() {
    let look = Look {
        theme: Theme::Mono,
        glyphs: &ASCII,
    };
    let driven = Driven::looking(missing_intermediate(), (80, 24), look);
    let screen = driven.screen();
    assert!(screen.is_ascii(), "{screen}");
    insta::assert_snapshot!("ascii_80x24", screen);
}

#[test]
fn without_colour_there_is_no_colour_and_marks_still_speak() {
    let look = Look {
        theme: Theme::Mono,
        glyphs: &UNICODE,
    };
    let driven = Driven::looking(expired(), (80, 24), look);
    let buffer = driven.buffer();
    for cell in &buffer.content {
        assert!(
            matches!(cell.fg, Color::Reset) && matches!(cell.bg, Color::Reset),
            "{cell:?}"
        );
    }
    assert!(
        buffer
            .content
            .iter()
            .any(|c| c.modifier.contains(Modifier::BOLD))
    );
    assert!(driven.screen().contains("✗ not trusted"));
}

#[test]
fn every_size_draws_and_names_the_verdict() {
    for (columns, rows) in [(20, 5), (40, 10), (71, 11), (72, 12), (200, 60), (300, 100)] {
        for keys in ["", "2", "3", "4", "?", "E", "t", "o", ":", "Y", "z"] {
            let mut driven = Driven::of(expired(), (columns, rows));
            driven.press(keys);
            let screen = driven.screen();
            assert_eq!(
                screen.lines().count(),
                usize::from(rows),
                "{columns}x{rows} {keys}"
            );
            if keys.is_empty() && columns >= 40 {
                assert!(screen.contains("not trusted"), "{screen}");
                assert!(screen.contains("Smallest fix"), "{screen}");
            }
        }
    }
    for (columns, rows) in [(1, 1), (19, 40), (100, 4), (2, 200)] {
        let mut driven = Driven::of(expired(), (columns, rows));
        driven.press("?");
        driven.screen();
    }
}

#[test]
fn resizing_keeps_the_selection_in_sight() {
    let mut driven = Driven::of(expired(), (120, 40));
    driven.press("2G");
    driven.send(Message::Resized(40, 10));
    let place = driven.model.session().unwrap().place(Pane::Certificate);
    assert!(
        place.line >= place.offset && place.line < place.offset + 10,
        "{place:?}"
    );
    driven.send(Message::Resized(300, 100));
    assert!(driven.screen().contains("not trusted"));
}

// ── keys to model ──

#[test]
fn tab_goes_round_and_back() {
    let mut driven = Driven::of(healthy(), (80, 24));
    assert_eq!(driven.model.focus, Focus::Tree);
    let stops = Pane::ALL.len() + 1;
    for _ in 0..stops {
        driven.press("<tab>");
    }
    assert_eq!(driven.model.focus, Focus::Tree);
    driven.press("<shift-tab>");
    assert_eq!(
        (driven.model.focus, driven.model.pane),
        (Focus::Pane, Pane::ALL[Pane::ALL.len() - 1])
    );
}

#[test]
fn the_chain_folds_and_flips() {
    let mut driven = Driven::of(healthy(), (80, 24));
    let names = |d: &Driven| -> Vec<String> {
        let session = d.model.session().unwrap();
        let chain = &session.inspection().unwrap().chain;
        let nodes = session.rows.iter().filter_map(|r| chain.node(r.node?));
        nodes.map(whycert::chain::Node::title).collect()
    };
    let upright = names(&driven);
    assert_eq!(upright.len(), 3);
    driven.press("gh");
    assert_eq!(names(&driven), upright[..1]);
    driven.press("l");
    assert_eq!(names(&driven), upright);
    driven.press("v");
    let flipped: Vec<String> = upright.iter().rev().cloned().collect();
    assert_eq!(names(&driven), flipped);
}

#[test]
fn search_highlights_counts_and_comes_round() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("g/example");
    let found = PLAIN.found().bg;
    let lit = |d: &Driven| {
        let buffer = d.buffer();
        buffer
            .content
            .iter()
            .filter(|c| Some(c.bg) == found)
            .count()
    };
    assert!(lit(&driven) >= 3 * "example".len());
    driven.press("<enter>");
    assert!(driven.status().contains("3 matches"), "{}", driven.status());
    for row in [1, 2, 0, 1] {
        driven.press("n");
        assert_eq!(driven.model.session().unwrap().row, row);
    }
    driven.press("N");
    assert_eq!(driven.model.session().unwrap().row, 0);
    driven.press("<esc>");
    assert_eq!(lit(&driven), 0);
    driven.press("/nowhere<enter>");
    assert!(driven.status().contains("not found"));
}

#[test]
fn export_is_one_key_and_says_what_to_do_next() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("Ge");
    let Some(Effect::Save {
        what, format, name, ..
    }) = driven.effects.last()
    else {
        panic!("{:?}", driven.effects);
    };
    assert_eq!(*format, Format::Pem);
    assert!(
        name.starts_with("api.example.test-leaf-") && name.ends_with(".pem"),
        "{name}"
    );
    let what = *what;
    driven.send(Message::Saved {
        what,
        format: Format::Pem,
        result: Ok("leaf.pem".into()),
    });
    assert_eq!(
        driven.status(),
        "Wrote leaf.pem. Now: openssl x509 -in leaf.pem -noout -text"
    );
    driven.press("ge");
    let Some(Effect::Save {
        what: What::Node(root),
        ..
    }) = driven.effects.last()
    else {
        panic!("{:?}", driven.effects);
    };
    let what = What::Node(*root);
    driven.send(Message::Saved {
        what,
        format: Format::Pem,
        result: Ok("a root.pem".into()),
    });
    assert_eq!(
        driven.status(),
        format!("Wrote a root.pem. Now: curl --cacert 'a root.pem' {URL}")
    );
    driven.send(Message::Saved {
        what,
        format: Format::Pem,
        result: Err("the disk is full".to_owned()),
    });
    assert!(driven.screen().contains("✗ the disk is full"));
}

#[test]
fn the_export_name_can_be_edited_and_follows_the_choice_until_then() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("E<tab><down>");
    let name = |d: &Driven| match d.model.overlays.last() {
        Some(Overlay::Export(choice)) => choice.name.value().to_owned(),
        other => panic!("{other:?}"),
    };
    assert!(name(&driven).ends_with(".der"));
    driven.press("<tab><ctrl-u>mine.der<enter>");
    assert!(matches!(driven.effects.last(), Some(Effect::Save { name, .. }) if name == "mine.der"));
}

#[test]
fn copying_tells_the_way_it_went() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.press("y");
    assert!(
        matches!(driven.effects.last(), Some(Effect::Copy { text, .. }) if text.starts_with("-----BEGIN"))
    );
    let copied = |result| Message::Copied {
        what: "the PEM".to_owned(),
        result,
    };
    driven.send(copied(Ok(CopyRoute::Terminal {
        bytes: 7,
        tmux: true,
    })));
    assert!(driven.status().contains("cannot be confirmed"));
    assert!(driven.status().contains("allow-passthrough"));
    driven.send(copied(Ok(CopyRoute::File("/tmp/x".into()))));
    assert!(driven.status().contains("/tmp/x"));
    driven.press("Y<down><enter>");
    assert!(matches!(driven.effects.last(), Some(Effect::Copy { what, .. }) if what == "SHA-256"));
}

#[test]
fn pretending_turns_the_verdict_and_w_takes_it_back() {
    let sent = [der("leaf.pem"), der("issuing.pem"), der("root.pem")];
    let mut driven = Driven::of(inspection(URL, &sent, &[], NOW), (80, 24));
    let outcome = |d: &Driven| d.model.inspection().unwrap().outcome;
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    driven.press("gt<enter>");
    assert_eq!(outcome(&driven), Outcome::TrustedIf);
    let screen = driven.screen();
    assert!(screen.contains("What if “"), "{screen}");
    assert!(screen.contains("trusted, pretended"), "{screen}");
    driven.press("W");
    assert_eq!(outcome(&driven), Outcome::Untrusted);
    assert!(!driven.screen().contains("What if"));
}

#[test]
fn a_typo_keeps_what_was_typed_and_a_good_target_opens() {
    let mut driven = Driven::new(Vec::new(), (80, 24), PLAIN);
    driven.press("https://<enter>");
    let screen = driven.screen();
    assert!(screen.contains("hint: "), "{screen}");
    assert!(screen.contains("> https://"), "{screen}");
    driven.press("<esc>");
    assert_eq!(
        driven.model.overlays.len(),
        1,
        "nothing lies below the input line"
    );
    driven.press("api.example.test:8443<enter>");
    assert!(
        driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Remember(t) if t.ends_with("8443")))
    );
    assert!(
        driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Inspect { .. }))
    );
}

#[test]
fn interrupt_quits_from_everywhere() {
    for keys in ["", "o", "/x", ":x", "E<tab><tab>", "t", "?", "Y"] {
        let mut driven = Driven::of(healthy(), (80, 24));
        driven.press(keys).press("<ctrl-c>");
        assert!(
            matches!(driven.effects.last(), Some(Effect::Quit)),
            "{keys}"
        );
    }
    let mut driven = Driven::new(vec![entry(URL)], (80, 24), PLAIN);
    driven.press("<ctrl-c>");
    assert!(matches!(driven.effects.last(), Some(Effect::Quit)));
}

#[test]
fn waiting_has_a_name_and_forgotten_answers_are_dropped() {
    let mut driven = Driven::new(vec![entry(URL)], (80, 24), PLAIN);
    let first = driven.job();
    driven.send(Message::Stage {
        job: first,
        stage: Stage::Resolving,
    });
    driven.send(Message::Stage {
        job: first,
        stage: Stage::Connecting,
    });
    driven.send(Message::Tick(Moment::from_unix(NOW.unix() + 3)));
    let screen = driven.screen();
    assert!(screen.contains("connecting…  3 s"), "{screen}");
    driven.press("r");
    assert!(
        driven
            .effects
            .iter()
            .any(|e| matches!(e, Effect::Cancel(j) if *j == first))
    );
    let second = driven.job();
    assert_ne!(first, second);
    driven.answer(first, healthy());
    assert!(matches!(
        driven.model.session().unwrap().state,
        State::Waiting { .. }
    ));
    driven.answer(second, healthy());
    assert!(driven.model.inspection().is_some());
    assert!(!driven.model.waits());
}

#[test]
fn several_targets_have_a_sidebar_and_the_shown_one_goes_first() {
    let entries: Vec<Entry> = (0..60).map(|i| entry(&format!("host{i}.test"))).collect();
    let mut driven = Driven::new(entries, (80, 24), PLAIN);
    assert!(driven.screen().contains("host3.test"));
    let asked = driven
        .effects
        .iter()
        .filter(|e| matches!(e, Effect::Inspect { .. }))
        .count();
    assert_eq!(asked, whycert::tui::update::SIDE_BY_SIDE);
    driven.press("[");
    assert_eq!(driven.model.current, 59);
    assert!(driven.screen().contains("60/60"));
}

// ── the mouse ──

#[test]
fn clicks_choose_rows_tabs_and_choices() {
    let mut driven = Driven::of(healthy(), (80, 24));
    let spot = |d: &Driven, words: &str| {
        let screen = d.screen();
        let (y, line) = screen
            .lines()
            .enumerate()
            .find(|(_, l)| l.contains(words))
            .expect("it is shown");
        let x = text::width(&line[..line.find(words).unwrap()]);
        (u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
    };
    let click = |d: &mut Driven, words: &str| {
        let (x, y) = spot(d, words);
        d.send(Message::Click { x, y });
    };
    click(&mut driven, "Example Test Root");
    assert_eq!(driven.model.session().unwrap().row, 0);
    click(&mut driven, "TLS ─ PEM");
    assert_eq!(driven.model.pane, Pane::Handshake);
    driven.press("Y");
    click(&mut driven, "SHA-1 ");
    click(&mut driven, "SHA-1 ");
    assert!(matches!(driven.effects.last(), Some(Effect::Copy { what, .. }) if what == "SHA-1"));
    driven.press("?");
    driven.send(Message::Click { x: 0, y: 0 });
    driven.send(Message::Resized(120, 40));
    driven.press("<esc>t");
    driven.send(Message::Click { x: 0, y: 0 });
    assert!(driven.model.overlays.is_empty(), "a click outside closes");
    driven.press("m");
    assert!(matches!(driven.effects.last(), Some(Effect::Mouse(false))));
}

#[test]
fn the_wheel_scrolls_what_lies_below_it() {
    let mut driven = Driven::of(missing_intermediate(), (80, 24));
    let first = |d: &Driven| {
        let screen = d.screen();
        screen.lines().nth(2).unwrap_or_default().to_owned()
    };
    let before = first(&driven);
    driven.send(Message::Wheel {
        x: 60,
        y: 10,
        lines: 3,
    });
    assert_ne!(first(&driven), before);
    assert_eq!(driven.model.focus, Focus::Tree, "the focus stays");
    driven.send(Message::Wheel {
        x: 60,
        y: 10,
        lines: -3,
    });
    assert_eq!(first(&driven), before);
    driven.send(Message::Wheel {
        x: 5,
        y: 5,
        lines: -3,
    });
    assert_eq!(driven.model.session().unwrap().row, 0);
}

// ── hostile input ──

#[test]
fn nothing_hostile_reaches_a_cell() {
    let evil =
        "\u{1b}[2J\u{1b}]52;c;eA==\u{7}\u{9b}31m\u{202e}gpj\u{200b}\r\u{90}q\u{300}\u{300}漢字";
    let mut params = mint::server(&["evil.test"]);
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, evil);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, evil);
    let root = Minted::root(mint::ca(evil));
    let leaf = root.issue(params);
    let mut driven = Driven::of(
        inspection(URL, &[leaf.der.clone(), root.der.clone()], &[], NOW),
        (80, 24),
    );
    for keys in ["", "2", "3", "4", "Y", "<esc>E", "<esc>t", "<esc>v", "gg2"] {
        driven.press(keys);
        for size in [(80, 24), (40, 10), (120, 40)] {
            driven.send(Message::Resized(size.0, size.1));
            for cell in &driven.buffer().content {
                assert!(
                    !cell.symbol().chars().any(text::is_unsafe),
                    "{:?}",
                    cell.symbol()
                );
            }
        }
    }
    driven.press("e");
    let Some(Effect::Save { name, .. }) = driven.effects.last() else {
        panic!("{:?}", driven.effects.last());
    };
    assert!(
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c)),
        "{name}"
    );
}

#[test]
fn pasted_garbage_is_bounded_and_shown_safely() {
    let mut driven = Driven::of(healthy(), (80, 24));
    driven.send(Message::Paste("\u{1b}[31m漢e\u{301}\n".repeat(50_000)));
    let Some(Overlay::Open { input, .. }) = driven.model.overlays.last() else {
        panic!("pasting opens the input line");
    };
    assert!(input.value().chars().count() <= 4096);
    let screen = driven.screen();
    assert!(!screen.contains('\u{1b}'));
    driven.press("<enter>");
    assert!(driven.screen().contains("hint: "), "{}", driven.screen());
}

#[test]
fn a_trusted_server_says_by_whom_first_and_that_line_opens_the_lesson() {
    let root = Minted::root(mint::ca("Some Root"));
    let leaf = root.issue(mint::server(&["api.example.test"]));
    // Sent along: a note, and no more.
    let presented = [leaf.der.clone(), root.der.clone()];
    let seen = inspection(URL, &presented, std::slice::from_ref(&root.der), mint::NOW);
    assert_eq!(seen.outcome, Outcome::Trusted);
    let mut driven = Driven::of(seen, (80, 24));
    let screen = driven.screen();
    assert!(
        screen.contains("✓ Trusted by the system's store, until "),
        "{screen}"
    );
    driven.press("1<enter>");
    assert!(
        driven.screen().contains("What you see"),
        "{}",
        driven.screen()
    );
}
