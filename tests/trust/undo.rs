//! Undo restores bytes and permissions, also when others changed the files since; and what goes wrong in
//! between changes nothing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{assert_same, bundle, newest, sha256, tree, trusting};
use crate::headless::{Bench, Seen, see};
use crate::support::peer;

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// `whycert trust` that finds no client to ask, which is quicker; git's step needs git.
fn trust(bench: &Bench, id: &str, certificate: usize, rung: &str) -> Seen {
    let mut command = trusting(bench, id, certificate, rung);
    if rung != "git" {
        command.env("PATH", bench.home.path());
    }
    see(&mut command)
}

fn undo(bench: &Bench, id: &str) {
    let seen = see(&mut bench.command(&["trust", "undo", id, "--yes"]));
    assert_eq!(seen.code, 0, "{seen:?}");
}

#[test]
fn every_file_is_as_before() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    let home = bench.home.path();
    write(&home.join(".env"), "SECRET=1\r\nB=2", 0o640);
    write(&home.join(".npmrc"), "fund=false\n", 0o600);
    write(&home.join(".gitconfig"), "[user]\n\tname = A\n", 0o664);
    let before = tree(home);
    for rung in [
        "command", "git", "podman", "pnpm", "poetry", "postgres", "project", "bundle",
    ] {
        let seen = trust(&bench, "private-root", 1, rung);
        assert!(seen.code == 0 || rung == "bundle", "{rung}: {seen:?}");
        if rung == "bundle" {
            assert!(seen.err.contains("in your bundle already"), "{seen:?}");
            continue;
        }
        assert!(seen.out.contains("Written, as "), "{rung}: {}", seen.out);
        assert_ne!(tree(home), before, "{rung}");
        if rung != "project" {
            undo(&bench, &newest(&bench));
            assert_same(&before, home, rung);
        }
    }
    let env = std::fs::read_to_string(home.join(".env")).unwrap();
    assert!(
        env.starts_with("SECRET=1\r\nB=2\r\n# >>> whycert "),
        "{env:?}"
    );
    let mode = home.join(".env").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(trust(&bench, "self-signed", 0, "bundle").code, 0);
    let all = see(&mut bench.command(&["trust", "undo", "--all", "--yes"]));
    assert_eq!(all.code, 0, "{all:?}");
    assert_same(&before, home, "all");
}

/// Access lists and attributes stay with a file, through the change and its undoing.
#[test]
#[cfg(target_os = "linux")]
fn what_a_file_has_beside_its_bytes_stays() {
    let bench = Bench::with(&["private-root"]);
    let env = bench.home.path().join(".env");
    write(&env, "A=1\n", 0o600);
    let none = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&env, "user.note", b"mine", none).is_err() {
        eprintln!("skipped: this file system keeps no attributes");
        return;
    }
    let note = || {
        let mut bytes = [0; 16];
        let length = rustix::fs::getxattr(&env, "user.note", &mut bytes[..]).unwrap_or(0);
        bytes[..length].to_vec()
    };
    let seen = trust(&bench, "private-root", 1, "project");
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(
        seen.out
            .contains(".env: permissions and attribute user.note stay"),
        "{}",
        seen.out
    );
    assert_ne!(std::fs::read_to_string(&env).unwrap(), "A=1\n");
    assert_eq!(note(), b"mine");
    undo(&bench, &newest(&bench));
    assert_eq!(std::fs::read_to_string(&env).unwrap(), "A=1\n");
    assert_eq!(note(), b"mine");
}

#[test]
fn only_our_part_is_taken_out_of_what_others_changed() {
    let bench = Bench::with(&["private-root"]);
    let env = bench.home.path().join(".env");
    write(&env, "A=1\n", 0o600);
    assert_eq!(trust(&bench, "private-root", 1, "project").code, 0);
    let ours = std::fs::read_to_string(&env).unwrap();
    write(&env, &format!("FIRST=0\n{ours}LAST=9\n"), 0o600);
    let listed = see(&mut bench.command(&["trust", "list"])).out;
    assert!(listed.contains("changed since by others"), "{listed}");
    undo(&bench, &newest(&bench));
    assert_eq!(
        std::fs::read_to_string(&env).unwrap(),
        "FIRST=0\nA=1\nLAST=9\n"
    );
    assert!(!bundle(&bench).exists());
}

#[test]
fn what_was_ours_and_is_no_longer_is_left_and_named() {
    let bench = Bench::with(&["private-root"]);
    assert_eq!(trust(&bench, "private-root", 1, "podman").code, 0);
    let id = newest(&bench);
    let name = format!("whycert-{}.crt", &sha256(&bench, "private-root", 1)[..8]);
    let file = bench
        .home
        .path()
        .join("config/containers/certs.d")
        .join(format!("localhost:{}", bench.port("private-root")))
        .join(name);
    std::fs::write(&file, "another").unwrap();
    let seen = see(&mut bench.command(&["trust", "undo", &id, "--yes"]));
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(
        seen.err.contains("another program changed this file"),
        "{}",
        seen.err
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "another");
    std::fs::remove_file(&file).unwrap();
    undo(&bench, &id);
    assert!(!bench.home.path().join("config").exists());
}

/// The bundle of a project stays while another entry needs it.
#[test]
fn what_another_entry_needs_stays() {
    let bench = Bench::with(&["private-root"]);
    let before = tree(bench.home.path());
    assert_eq!(trust(&bench, "private-root", 1, "bundle").code, 0);
    let first = newest(&bench);
    assert_eq!(trust(&bench, "private-root", 1, "project").code, 0);
    undo(&bench, &first);
    assert!(bundle(&bench).exists(), "the project needs it");
    undo(&bench, &newest(&bench));
    assert_same(&before, bench.home.path(), "both");
}

#[test]
fn a_link_that_somebody_could_plant_is_not_followed() {
    let bench = Bench::with(&["private-root"]);
    let home = bench.home.path();
    write(&home.join("target"), "A=1\n", 0o600);
    std::os::unix::fs::symlink(home.join("target"), home.join(".env")).unwrap();
    let seen = trust(&bench, "private-root", 1, "project");
    let text = std::fs::read_to_string(home.join("target")).unwrap();
    // Root follows no link at all; others their own, and the link stays one.
    if rustix::process::geteuid().is_root() {
        assert_eq!(seen.code, 3, "{seen:?}");
        assert!(seen.err.contains("it is a link"), "{}", seen.err);
        assert_eq!(text, "A=1\n");
    } else {
        assert!(text.starts_with("A=1\n# >>> whycert"), "{text}");
        undo(&bench, &newest(&bench));
    }
    assert!(home.join(".env").is_symlink());
    std::fs::remove_file(home.join(".env")).unwrap();
    let open = home.join("open");
    std::fs::create_dir(&open).unwrap();
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = trusting(&bench, "private-root", 1, "project");
    let seen = see(command.current_dir(&open));
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(
        seen.err.contains("everybody may change names"),
        "{}",
        seen.err
    );
    assert!(std::fs::read_dir(&open).unwrap().next().is_none());
}

/// Undo asks the clients that were asked when it was applied, in new processes.
#[test]
fn undo_asks_the_clients_again() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    assert_eq!(trust(&bench, "private-root", 1, "git").code, 0);
    let seen = see(&mut bench.command(&["trust", "undo", &newest(&bench), "--yes"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    if peer("git").is_some() {
        let line = seen
            .out
            .lines()
            .find(|l| l.trim_start().starts_with("git "));
        assert!(
            line.is_some_and(|l| l.contains("passes → refused, as before")),
            "{}",
            seen.out
        );
        assert!(seen.out.contains("each says what it said before"));
    }
    assert_eq!(trust(&bench, "self-signed", 0, "git").code, 0);
    let id = newest(&bench);
    let config = bench.home.path().join(".gitconfig");
    // A server that does not answer any more is said, and the undoing is done.
    let target = bench.target("self-signed").to_owned();
    let home = bench.stopped();
    let mut command = crate::support::programs::whycert(home.path());
    let seen = see(command
        .current_dir(home.path())
        .args(["trust", "undo", &id, "--yes"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    if peer("git").is_some() {
        let server = target.trim_start_matches("https://");
        assert!(
            seen.out.contains(&format!("{server} does not answer now")),
            "{}",
            seen.out
        );
    }
    assert!(!config.exists());
}

#[test]
fn a_second_run_waits_for_nobody_and_changes_nothing() {
    let bench = Bench::with(&["private-root"]);
    let folder = bench.home.path().join("data/whycert");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let before = tree(bench.home.path());
    let seen = trust(&bench, "private-root", 1, "bundle");
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(seen.err.contains("another whycert"), "{}", seen.err);
    assert_same(&before, bench.home.path(), "busy");
}

#[test]
fn a_missing_tool_is_named_and_nothing_is_changed() {
    let bench = Bench::with(&["private-root"]);
    let profile = bench.home.path().join(".pki/nssdb");
    write(&profile.join("cert9.db"), "", 0o600);
    let before = tree(bench.home.path());
    let mut command = trusting(&bench, "private-root", 1, "nss");
    let seen = see(command.env("PATH", bench.home.path()));
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(
        seen.err.contains("certutil is missing") && seen.err.contains("libnss3-tools"),
        "{}",
        seen.err
    );
    assert_same(&before, bench.home.path(), "no certutil");
}

/// A disk that takes no more: here, a limit on the size of a file.
#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    let bench = Bench::with(&["private-root"]);
    let env = bench.home.path().join(".env");
    write(&env, "A=1\n", 0o600);
    let before = tree(bench.home.path());
    let whole = trusting(&bench, "private-root", 1, "project");
    let mut limited = bench.command(&[]);
    limited = {
        let mut shell = std::process::Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh"])
            .arg(whole.get_program())
            .args(whole.get_args())
            .current_dir(bench.home.path());
        for (name, value) in limited.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
    };
    let seen = see(&mut limited);
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(seen.err.contains("bundle.pem"), "{}", seen.err);
    assert_same(&before, bench.home.path(), "no room");
}

#[test]
fn a_damaged_journal_is_an_error_and_changes_nothing() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    assert_eq!(trust(&bench, "private-root", 1, "bundle").code, 0);
    let id = newest(&bench);
    let before = std::fs::read(bundle(&bench)).unwrap();
    let journal = bundle(&bench).with_file_name("journal.json");
    let whole = std::fs::read_to_string(&journal).unwrap();
    for damaged in ["", "{", "[1, 2]", &whole[..whole.len() / 2]] {
        std::fs::write(&journal, damaged).unwrap();
        for seen in [
            see(&mut bench.command(&["trust", "list"])),
            see(&mut bench.command(&["trust", "undo", &id, "--yes"])),
            trust(&bench, "self-signed", 0, "bundle"),
        ] {
            assert_eq!(seen.code, 3, "{damaged:?}: {seen:?}");
            assert!(
                seen.err.contains("journal") && seen.err.contains("damaged"),
                "{}",
                seen.err
            );
            assert!(seen.err.contains("\nhint: "), "{}", seen.err);
        }
        assert_eq!(std::fs::read(bundle(&bench)).unwrap(), before);
        assert_eq!(std::fs::read_to_string(&journal).unwrap(), damaged);
    }
    std::fs::write(&journal, whole).unwrap();
    undo(&bench, &id);
}
