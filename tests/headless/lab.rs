//! `whycert lab`, headless.

use std::io::Read;
use std::process::Stdio;

use super::{Bench, interrupt, line_with, see};
use crate::support::{peer, programs};

#[test]
fn the_list_names_every_scenario() {
    let bench = Bench::with(&[]);
    for arguments in [&["lab", "list"][..], &["lab"]] {
        let seen = see(&mut bench.command(arguments));
        assert_eq!(seen.code, 0);
        assert_eq!(seen.out.lines().count(), whycert::lab::SCENARIOS.len());
        for (line, scenario) in seen.out.lines().zip(whycert::lab::SCENARIOS) {
            assert!(
                line.starts_with(scenario.id) && line.ends_with(scenario.title),
                "{line}"
            );
        }
        // In a pipe, `whycert lab` says how to get more than the list.
        assert_eq!(seen.err.contains("whycert lab serve"), arguments.len() == 1);
    }
    let told = see(&mut bench.command(&["lab", "list", "expired"])).out;
    assert!(
        told.contains("A shop renewed") && told.contains("cert.expired"),
        "{told}"
    );
}

#[test]
fn a_named_scenario_is_reported_in_a_pipe() {
    let bench = Bench::with(&[]);
    let seen = see(&mut bench.command(&["lab", "healthy", "expired"]));
    assert_eq!(seen.code, 1);
    assert!(
        seen.out.starts_with("Trusted: https://localhost:"),
        "{}",
        seen.out
    );
    assert!(
        seen.out.contains("\nNot trusted: https://localhost:"),
        "{}",
        seen.out
    );
    assert!(seen.out.contains("the lab's roots"));
}

#[test]
fn a_typo_gets_the_nearest_scenario() {
    let bench = Bench::with(&[]);
    for arguments in [
        &["lab", "exipred"][..],
        &["lab", "serve", "exipred"],
        &["lab", "list", "exipred"],
    ] {
        let seen = see(&mut bench.command(arguments));
        assert_eq!(seen.code, 2);
        let words = "whycert: there is no scenario “exipred”\nhint: did you mean expired?\n";
        assert_eq!((seen.out.as_str(), seen.err.as_str()), ("", words));
    }
}

#[test]
fn it_serves_until_a_signal_ends_it() {
    let Some(curl) = peer("curl") else { return };
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let bench = Bench::with(&[]);
        let root = bench.home.path().join("lab-root.pem");
        let mut child = bench
            .command(&[
                "lab",
                "serve",
                "healthy",
                "expired",
                "--root",
                "lab-root.pem",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (line, mut rest) = line_with(&mut child, "healthy");
        let url = line.split_whitespace().last().unwrap().to_owned();
        let mut command = programs::clean(&curl);
        let seen = see(command
            .args(["-sS", "--noproxy", "*", "--cacert"])
            .arg(&root)
            .arg(&url));
        assert_eq!(
            (seen.code, seen.out.as_str()),
            (0, "Hello from whycert's lab.\n"),
            "{seen:?}"
        );
        // The root does not make everything trusted.
        let (_, expired) = {
            let mut line = String::new();
            std::io::BufRead::read_line(&mut rest, &mut line).unwrap();
            let url = line.split_whitespace().last().unwrap().to_owned();
            (line, url)
        };
        let mut command = programs::clean(&curl);
        let seen = see(command
            .args(["-sS", "--noproxy", "*", "--cacert"])
            .arg(&root)
            .arg(expired));
        assert_eq!(seen.code, 60, "{seen:?}");
        interrupt(&child, signal);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(0));
        let mut more = String::new();
        rest.read_to_string(&mut more).unwrap();
        assert_eq!(more, "");
    }
}

#[test]
fn ports_and_files_that_are_taken_are_said_with_what_to_do() {
    let bench = Bench::with(&["healthy"]);
    let port = bench.port("healthy").to_string();
    let seen = see(&mut bench.command(&["lab", "serve", "expired", "--port", &port]));
    assert_eq!(seen.code, 3);
    assert!(
        seen.err.contains(&format!("port {port}")) && seen.err.contains("\nhint: "),
        "{}",
        seen.err
    );
    let seen = see(&mut bench.command(&["lab", "serve", "healthy", "expired", "--port", "65535"]));
    assert_eq!(seen.code, 3);
    assert!(seen.err.contains("more ports"), "{}", seen.err);
    let before = std::fs::read(&bench.root).unwrap();
    let seen = see(&mut bench.command(&["lab", "serve", "healthy", "--root", "root.pem"]));
    assert_eq!(seen.code, 3);
    assert!(
        seen.err.contains("never overwritten") && seen.err.contains("--root"),
        "{}",
        seen.err
    );
    assert_eq!(std::fs::read(&bench.root).unwrap(), before);
}
