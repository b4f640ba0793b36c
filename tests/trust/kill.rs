//! Killed at any moment, each file is the old or the new one, and the next run takes back what was begun.

use std::process::Command;

use super::{assert_same, bundle, newest, tree, trust, trusting};
use crate::headless::{Bench, see};

/// More moments than a run has.
const MOST: usize = 60;

/// Killed at its `at`th moment; false when it came to its end.
fn killed(mut command: Command, at: usize) -> bool {
    let seen = see(command.env("WHYCERT_KILL_AT", at.to_string()));
    // No clients are asked here: killed, or done.
    assert!(seen.code == -1 || seen.code == 0, "{seen:?}");
    seen.code == -1
}

/// A run that finds no client to ask, which is quicker.
fn alone(mut command: Command, bench: &Bench) -> Command {
    command.env("PATH", bench.home.path());
    command
}

#[test]
fn killed_while_it_writes() {
    let bench = Bench::with(&["private-root"]);
    let home = bench.home.path();
    let env = home.join(".env");
    std::fs::write(&env, "A=1\n").unwrap();
    // Killed before the first word of the journal, nobody knows who made the folder above ours.
    std::fs::create_dir(home.join("data")).unwrap();
    let before = tree(home);
    let whole = trusting(&bench, "private-root", 1, "project");
    let arguments: Vec<String> = whole
        .get_args()
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut moments = 0;
    for at in 1..MOST {
        if !killed(alone(bench.command(&arguments), &bench), at) {
            break;
        }
        moments = at;
        let text = std::fs::read_to_string(&env).unwrap();
        let new = text.starts_with("A=1\n# >>> whycert")
            && text.ends_with('\n')
            && text.contains("# <<< whycert");
        assert!(text == "A=1\n" || new, "at {at}: {text}");
        if let Ok(bundle) = std::fs::read_to_string(bundle(&bench)) {
            let counts =
                ["-----BEGIN", "-----END", "# >>>", "# <<<"].map(|w| bundle.matches(w).count());
            assert!(
                counts[0] == counts[1] && counts[0] > 50 && counts[2..] == [1, 1],
                "at {at}: {counts:?}"
            );
        }
        let listed = see(&mut bench.command(&["trust", "list"]));
        assert_eq!(listed.code, 0, "at {at}: {listed:?}");
        // Undoing, or nothing to undo: no trace but an empty journal's folder either way.
        let undone = see(&mut bench.command(&["trust", "undo", "--all", "--yes"]));
        assert_eq!(undone.code, 0, "at {at}: {undone:?}");
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "A=1\n", "at {at}");
        assert!(!bundle(&bench).exists(), "at {at}");
    }
    assert!(moments > 12, "only {moments} moments");
    // The last run came to its end; undone, nothing is left of all of them.
    let undone = see(&mut bench.command(&["trust", "undo", "--all", "--yes"]));
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_same(&before, home, "after all");
}

#[test]
fn killed_while_it_undoes() {
    let bench = Bench::with(&["private-root"]);
    let home = bench.home.path();
    let env = home.join(".env");
    std::fs::write(&env, "A=1\n").unwrap();
    let before = tree(home);
    let mut moments = 0;
    for at in 1..MOST {
        let seen = see(&mut alone(
            trusting(&bench, "private-root", 1, "project"),
            &bench,
        ));
        assert_eq!(seen.code, 0, "{seen:?}");
        let id = newest(&bench);
        if !killed(bench.command(&["trust", "undo", &id, "--yes"]), at) {
            break;
        }
        moments = at;
        // Once more, to its end.
        let undone = see(&mut bench.command(&["trust", "undo", "--all", "--yes"]));
        assert_eq!(undone.code, 0, "at {at}: {undone:?}");
        assert_eq!(std::fs::read_to_string(&env).unwrap(), "A=1\n", "at {at}");
        assert!(!bundle(&bench).exists(), "at {at}");
    }
    assert!(moments > 6, "only {moments} moments");
    assert_same(&before, home, "after all");
}

/// What was begun and not finished is taken back before anything new is done.
#[test]
fn the_next_run_takes_back_what_was_begun() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    let env = bench.home.path().join(".env");
    std::fs::write(&env, "A=1\n").unwrap();
    let begun = (1..MOST).any(|at| {
        killed(
            alone(trusting(&bench, "private-root", 1, "project"), &bench),
            at,
        );
        bundle(&bench).exists()
    });
    assert!(begun);
    let listed = see(&mut bench.command(&["trust", "list"])).out;
    assert!(listed.contains("was interrupted"), "{listed}");
    let seen = trust(&bench, "self-signed", 0, "podman");
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(!bundle(&bench).exists());
    assert_eq!(std::fs::read_to_string(&env).unwrap(), "A=1\n");
}
