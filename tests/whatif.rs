//! What if: every assumption alone and together, what it changes and what it never claims; the dates of
//! the chain; the menu, the strip and the keys on the screen; the options in a pipe.

mod screen;

use std::sync::Arc;

use whycert::chain::Origin;
use whycert::export::{WIDEST, report};
use whycert::inspect::{self, Assumption, Fingerprint, Inspection, Options, Outcome, events};
use whycert::moment::DAY;
use whycert::target::{Host, Source, Target};

use crate::headless::{Bench, json, see};
use crate::support::driven::{self, expired, healthy};
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
    let text = report::text(&then, true, WIDEST);
    assert!(text.contains("without effect"), "{text}");
}

/// Who accepts and who rejects, and why first.
fn grid(seen: &Inspection) -> Vec<(&'static str, bool, Option<&'static str>)> {
    let grid = seen.grid.as_ref().unwrap();
    let mut rows: Vec<_> = grid
        .rows
        .iter()
        .map(|row| {
            let first = row.predicted.reasons.first().map(|r| r.kind.id());
            (row.client().id.as_str(), row.accepted(), first)
        })
        .collect();
    rows.sort_unstable();
    rows
}

#[test]
fn every_client_judges_what_is_assumed_as_if_it_were_so() {
    let root = Minted::root(mint::ca("Some Root"));
    let issuing = root.issue(mint::ca("Some Issuing CA"));
    let leaf = issuing.issue(mint::server(&["www.site.example.org"]));
    let stores = driven::stores(std::slice::from_ref(&root.der));
    let look = |presented: &[&Minted], assumptions: &[Assumption], now| {
        let mut options = Options {
            grid: true,
            ..Options::default()
        };
        for assumption in assumptions {
            options.what_if.assume(assumption.clone());
        }
        inspect::assemble(Arc::new(capture(SITE, presented)), &stores, &options, now)
    };
    let whole = look(&[&leaf, &issuing], &[], NOW);
    let alone = look(&[&leaf], &[], NOW);
    assert_ne!(grid(&whole), grid(&alone));
    let send = Assumption::Send(issuing.der.clone().into());
    let sent = look(&[&leaf], &[send], NOW);
    assert_eq!(grid(&sent), grid(&whole));
    let gone = look(
        &[&leaf, &issuing],
        &[Assumption::Without(print_of(&issuing))],
        NOW,
    );
    assert_eq!(grid(&gone), grid(&alone));
    let late = NOW.plus(70 * DAY);
    let then = look(&[&leaf, &issuing], &[Assumption::At(late)], NOW);
    assert_eq!(grid(&then), grid(&look(&[&leaf, &issuing], &[], late)));
    // Those that turn are named, stores and clients alike.
    let turned = sent.changed();
    assert!(
        turned.len() > 20 && turned.iter().all(|c| c.accepts),
        "{turned:?}"
    );
    assert!(turned.iter().any(|c| c.id == "system"));
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
    let text = report::text(&seen, true, WIDEST);
    assert!(text.contains("Next change: "), "{text}");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("from then on the system's store rejects"),
        "{text}"
    );
    // What has expired for good turns no more.
    assert_eq!(events::next_turn(&expired()), None);
    assert!(!report::text(&expired(), true, WIDEST).contains("Next change"));
    // Before it begins, the next turn is for the better.
    let early = supposing(
        &seen,
        [Assumption::At(dates[dates.len() - 3].at.plus(-3000 * DAY))],
    );
    let turn = events::next_turn(&early).unwrap();
    assert!(turn.accepted && turn.event.begins && turn.gained.len() == 1);
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
