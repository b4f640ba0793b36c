//! What if: every assumption alone and together, what it changes and what it never claims; the dates of
//! the chain; the menu, the strip and the keys on the screen; the options in a pipe.

use std::sync::Arc;

use whycert::cert::pem;
use whycert::chain::Origin;
use whycert::diagnosis::{Fetched, Further};
use whycert::export::report;
use whycert::inspect::{self, Ask, Assumption, Fingerprint, Inspection, Options, Outcome, events};
use whycert::moment::{DAY, Moment};
use whycert::target::{Host, Source, Target};
use whycert::tui::message::{Effect, Message};
use whycert::tui::model::Overlay;
use whycert::tui::theme::{ASCII, Look, Theme};

use crate::headless::{Bench, json, see};
use crate::support::driven::{self, Driven, der, expired, healthy, missing_intermediate};
use crate::support::machine::{Place, SITE, capture, lacks, site};
use crate::support::mint::{self, Minted, NOW};

fn supposing(seen: &Inspection, assumptions: impl IntoIterator<Item = Assumption>) -> Inspection {
    let mut options = Options::default();
    for assumption in assumptions {
        options.what_if.assume(assumption);
    }
    inspect::reassess(seen, &options, NOW)
}

fn print_of(minted: &Minted) -> Fingerprint {
    Fingerprint::of(&whycert::cert::Certificate::read(minted.der.clone()).sha256)
}

fn host(name: &str) -> Host {
    match Target::parse(name).unwrap().source {
        Source::Endpoint(endpoint) => endpoint.host,
        other => panic!("{other:?}"),
    }
}

fn rules(seen: &Inspection) -> Vec<&'static str> {
    seen.findings.iter().map(|f| f.rule.id).collect()
}

fn of(presented: &[&Minted], anchors: &[&Minted]) -> Inspection {
    let anchors: Vec<Vec<u8>> = anchors.iter().map(|m| m.der.clone()).collect();
    let stores = driven::stores(&anchors);
    let seen = Arc::new(capture(SITE, presented));
    inspect::assemble(seen, &stores, &Options::default(), NOW)
}

// ── each assumption ──

#[test]
fn a_sent_intermediate_cures_and_is_never_called_trusted() {
    let root = Minted::root(mint::ca("Some Root"));
    let issuing = root.issue(mint::ca("Some Issuing CA"));
    let leaf = issuing.issue(mint::server(&["www.site.example.org"]));
    let seen = of(&[&leaf], &[&root]);
    assert_eq!(rules(&seen), ["chain.missing-issuer"]);
    let then = supposing(&seen, [Assumption::Send(issuing.der.clone().into())]);
    assert_eq!(rules(&then), Vec::<&str>::new());
    assert_eq!(
        (then.outcome, then.outcome.exit_code()),
        (Outcome::TrustedIf, 1)
    );
    assert!(then.verdicts[0].pretended && then.verdicts[0].webpki.is_ok());
    assert_eq!(
        then.chain.node(then.pretended[0]).unwrap().origin,
        Origin::Assumed
    );
    assert_eq!(then.changed().len(), 1);
    // What was seen stays beside it, and comes back unchanged.
    assert_eq!(then.actual.as_ref().unwrap().outcome, Outcome::Untrusted);
    let back = supposing(&then, []);
    assert_eq!((back.outcome, rules(&back)), (seen.outcome, rules(&seen)));
    assert_eq!(back.chain.nodes.len(), seen.chain.nodes.len());
    assert!(back.actual.is_none());
    // What belongs to another chain changes nothing, and that is said.
    let stranger = Minted::root(mint::ca("Stranger"));
    let then = supposing(&seen, [Assumption::Send(stranger.der.into())]);
    assert_eq!(then.outcome, Outcome::Untrusted);
    assert!(
        then.idle[0].contains("belongs to no path"),
        "{:?}",
        then.idle
    );
}

#[test]
fn another_name_and_another_day_are_judged() {
    let root = Minted::root(mint::ca("Some Root"));
    let leaf = root.issue(mint::server(&["other.example.org"]));
    let seen = of(&[&leaf], &[&root]);
    assert_eq!(rules(&seen), ["name.mismatch"]);
    let named = Assumption::Host(host("other.example.org"));
    let then = supposing(&seen, [named.clone()]);
    assert_eq!((then.outcome, rules(&then)), (Outcome::TrustedIf, vec![]));
    let late = Assumption::At(NOW.plus(61 * DAY));
    let then = supposing(&seen, [named, late.clone()]);
    assert_eq!(
        (then.outcome, rules(&then)),
        (Outcome::Untrusted, vec!["cert.expired"])
    );
    // Only the time: as `--at` always was.
    let good = root.issue(mint::server(&["www.site.example.org"]));
    let seen = of(&[&good], &[&root]);
    let soon = supposing(&seen, [Assumption::At(NOW.plus(DAY))]);
    assert_eq!((soon.outcome, soon.at_given), (Outcome::Trusted, true));
    let then = supposing(&seen, [late]);
    assert_eq!(then.outcome, Outcome::Untrusted);
    assert!(!then.changed()[0].accepts);
}

#[test]
fn a_variable_that_was_unset_gives_the_roots_back() {
    let root = Minted::root(mint::ca("Public Root"));
    let leaf = site(&root);
    let place = Place::trusting(&[&root]);
    let wrong = place.pem_of(&Minted::root(mint::ca("Only This")));
    let folder = place.write("certs/readme", "no certificate");
    let stores = place.stores(&[
        ("SSL_CERT_FILE", &wrong),
        ("SSL_CERT_DIR", folder.parent().unwrap()),
    ]);
    let seen = inspect::assemble(
        Arc::new(capture(SITE, &[&leaf])),
        &stores,
        &Options::default(),
        NOW,
    );
    assert_eq!(seen.outcome, Outcome::Untrusted);
    assert_eq!(seen.verdicts[0].store, "environment");
    let unset = |name: &str| Assumption::Unset(name.to_owned());
    // The folder is still set: it decides, and holds nothing.
    let half = supposing(&seen, [unset("SSL_CERT_FILE")]);
    assert_eq!(half.outcome, Outcome::Untrusted);
    assert!(half.verdicts[0].store_title.starts_with("SSL_CERT_DIR="));
    let then = supposing(&seen, [unset("SSL_CERT_FILE"), unset("SSL_CERT_DIR")]);
    assert_eq!(then.outcome, Outcome::TrustedIf);
    assert_eq!(then.verdicts[0].store, "system");
    lacks(&then, "env.replaced-roots");
    let idle = supposing(&seen, [unset("NODE_EXTRA_CA_CERTS")]);
    assert!(idle.idle[0].contains("not set anyway"), "{:?}", idle.idle);
    assert_eq!(idle.outcome, Outcome::Untrusted);
}

#[test]
fn an_expired_root_that_was_gone_leaves_the_other_path() {
    let old = Minted::root(mint::dated(mint::ca("Old Root"), -4000, -10));
    let new = Minted::root(mint::ca("New Root"));
    let key = rcgen::KeyPair::from_pem(&new.key.serialize_pem()).unwrap();
    let cross = old.issue_with(mint::dated(mint::ca("New Root"), -4000, 100), key);
    let leaf = new.issue(mint::server(&["www.site.example.org"]));
    let seen = of(&[&leaf, &cross], &[&old, &new]);
    assert_eq!(seen.chain.paths.len(), 2);
    let gone = Assumption::Without(print_of(&old));
    let then = supposing(&seen, [gone]);
    assert!(then.chain.find(&[0; 32]).is_none());
    assert!(
        !then
            .chain
            .nodes
            .iter()
            .any(|n| n.certificate.is_some() && n.title() == "Old Root")
    );
    assert_eq!(then.verdicts[0].path.len(), 2);
    let crossed = supposing(&seen, [Assumption::Without(print_of(&cross))]);
    assert_eq!(crossed.chain.paths.len(), 1);
    // Without the new root, nothing is left that is trusted.
    let then = supposing(&seen, [Assumption::Without(print_of(&new))]);
    assert_eq!(then.outcome, Outcome::Untrusted);
    // The server's own certificate cannot be gone.
    let then = supposing(&seen, [Assumption::Without(print_of(&leaf))]);
    assert_eq!(then.chain.nodes.len(), seen.chain.nodes.len());
    assert!(then.idle[0].contains("cannot be gone"), "{:?}", then.idle);
}

#[test]
fn trust_in_what_is_not_there_has_no_effect_and_says_so() {
    let leaf = Minted::root(mint::ca("Nobody")).issue(mint::server(&["www.site.example.org"]));
    let seen = of(&[&leaf], &[]);
    let stranger = Minted::root(mint::ca("Stranger"));
    let then = supposing(&seen, [Assumption::Trust(print_of(&stranger))]);
    assert!(
        then.idle[0].contains("no certificate of the chain"),
        "{:?}",
        then.idle
    );
    assert_eq!(then.outcome, Outcome::Untrusted);
    let text = report::text(&then, true);
    assert!(text.contains("without effect"), "{text}");
}

// ── dates ──

#[test]
fn the_next_turn_is_found_with_who_and_why() {
    let seen = healthy();
    let dates = events::events(&seen.chain);
    assert!(dates.is_sorted() && dates.len() == 6, "{dates:?}");
    let turn = events::next_turn(&seen).unwrap();
    assert!(!turn.accepted && turn.decides && !turn.event.begins);
    assert_eq!((turn.lost.len(), turn.gained.len()), (1, 0));
    assert_eq!(Some(turn.event.node), seen.chain.leaf);
    // One second before, all is well; then no more.
    let before = supposing(&seen, [Assumption::At(turn.event.at.plus(-1))]);
    let after = supposing(&seen, [Assumption::At(turn.event.at)]);
    assert_eq!(
        (before.outcome, after.outcome),
        (Outcome::Trusted, Outcome::Untrusted)
    );
    let text = report::text(&seen, true);
    assert!(text.contains("Next change: "), "{text}");
    assert!(
        text.contains("from then on the system's store rejects"),
        "{text}"
    );
    // What has expired for good turns no more.
    assert_eq!(events::next_turn(&expired()), None);
    assert!(!report::text(&expired(), true).contains("Next change"));
    // Before it begins, the next turn is for the better.
    let early = supposing(
        &seen,
        [Assumption::At(dates[dates.len() - 3].at.plus(-3000 * DAY))],
    );
    let turn = events::next_turn(&early).unwrap();
    assert!(turn.accepted && turn.event.begins && turn.gained.len() == 1);
}

// ── the screen ──

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

// ── in a pipe ──

#[test]
fn what_if_in_a_pipe_is_marked_everywhere_and_never_exits_with_0() {
    let bench = Bench::with(&[
        "healthy",
        "missing-intermediate",
        "wrong-host",
        "private-root",
    ]);
    let ask = |arguments: &[&str]| {
        see(bench
            .trusting(&["inspect", "--format", "json"])
            .args(arguments))
    };
    let plain = ask(&[bench.target("private-root")]);
    let before = json(&plain);
    assert!(before["what_if"].is_null());
    let root = before["certificates"].as_array().unwrap().iter();
    let root = root.last().unwrap()["sha256"].as_str().unwrap().to_owned();
    let trust = format!("trust={}", &root[..12]);
    let seen = ask(&[bench.target("private-root"), "--what-if", &trust]);
    let after = json(&seen);
    assert_eq!((seen.code, &after["outcome"]), (1, &"trusted-if".into()));
    assert_eq!(after["what_if"]["actual_outcome"], "untrusted");
    assert_eq!(after["what_if"]["assumed"][0]["what"], "trust");
    assert_eq!(after["what_if"]["changed"][0]["after"], true);
    assert_eq!(after["verdicts"][0]["pretended"], true);
    let text = see(bench
        .trusting(&["inspect", bench.target("private-root"), "--what-if", &trust])
        .args(["--ascii"]));
    assert!(
        text.out.starts_with("Would be trusted (pretended): "),
        "{}",
        text.out
    );
    assert!(text.out.contains("Nothing was changed"), "{}", text.out);

    let other = ask(&[
        bench.target("wrong-host"),
        "--what-if",
        "host=www.example.com",
    ]);
    assert_eq!(json(&other)["outcome"], "trusted-if");
    // The time has two names and one meaning.
    let one = json(&ask(&[bench.target("healthy"), "--at", "2100-01-01"]));
    let two = json(&ask(&[
        bench.target("healthy"),
        "--what-if",
        "at=2100-01-01",
    ]));
    assert_eq!(one["judged_at"], two["judged_at"]);
    assert_eq!(
        (&one["outcome"], &two["outcome"]),
        (&"untrusted".into(), &"untrusted".into())
    );
    let soon = ask(&[bench.target("healthy"), "--what-if", "at=+1d"]);
    assert_eq!((soon.code, &json(&soon)["outcome"]), (0, &"trusted".into()));
    assert_eq!(json(&soon)["next_change"]["because"], "expires");
}

#[test]
fn wrong_assumptions_are_mistakes_with_a_way_out() {
    let bench = Bench::with(&["healthy"]);
    for (typed, words) in [
        ("trust=xyz", "is no SHA-256"),
        ("trust=1234567", "is no SHA-256"),
        ("send=/nonexistent.pem", "gives no certificate"),
        ("at=tomorrow", "is not a time"),
        ("host=a:443", "names a port"),
        ("unset=", "is no assumption"),
        ("hope", "is no assumption"),
    ] {
        let seen =
            see(&mut bench.trusting(&["inspect", bench.target("healthy"), "--what-if", typed]));
        assert_eq!(seen.code, 2, "{typed}: {}", seen.err);
        assert!(
            seen.err.contains(words) && seen.err.contains("hint: "),
            "{}",
            seen.err
        );
    }
}

#[test]
fn a_file_that_the_server_did_not_send_and_the_fetched_chain_are_exported() {
    let bench = Bench::with(&["issuer-to-fetch"]);
    let target = bench.target("issuer-to-fetch");
    let failed = see(&mut bench.trusting(&["export", target, "--what", "repaired"]));
    assert_eq!(failed.code, 3);
    let seen = see(&mut bench.trusting(&["export", target, "--what", "repaired", "--fetch"]));
    assert_eq!(seen.code, 0, "{}", seen.err);
    assert_eq!(seen.out.matches("BEGIN CERTIFICATE").count(), 2);
    let chain = bench.home.path().join("chain.pem");
    std::fs::write(&chain, &seen.out).unwrap();
    let send = format!("send={}", chain.display());
    let seen = see(bench
        .trusting(&["inspect", target, "--format", "json", "--what-if", &send])
        .args(["--fetch"]));
    let found = json(&seen);
    assert_eq!(found["outcome"], "trusted-if", "{found}");
    assert_eq!(found["fetched"][0]["certificates"], 1);
    let text = see(&mut bench.trusting(&["inspect", target, "--fetch"]));
    assert!(
        text.out.contains("fetched from http://127.0.0.1:"),
        "{}",
        text.out
    );
    assert_eq!(text.code, 1);
}
