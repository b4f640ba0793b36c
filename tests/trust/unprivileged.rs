//! Someone who is not root: what belongs to the system is shown with the line for root and left alone, what
//! is their own works.
#![cfg(unix)]

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use super::{assert_same, sha256, tree};
use crate::headless::{Bench, Seen, see};
use crate::support::{peer, programs};

/// Nobody's number on every Linux.
const NOBODY: u32 = 65_534;

/// The binary in a home of somebody who is not root.
struct Somebody {
    home: tempfile::TempDir,
    program: tempfile::TempDir,
    /// What takes root's rights away; none is needed when the tests run without them.
    setpriv: Option<std::path::PathBuf>,
}

impl Somebody {
    fn new() -> Option<Self> {
        let root = rustix::process::geteuid().is_root();
        let setpriv = match root {
            true => Some(peer("setpriv")?),
            false => None,
        };
        let somebody = Self {
            home: tempfile::tempdir().unwrap(),
            program: tempfile::tempdir().unwrap(),
            setpriv,
        };
        // The folder that it was built in may be closed to others.
        std::fs::copy(env!("CARGO_BIN_EXE_whycert"), somebody.binary()).unwrap();
        if root {
            chown(somebody.home.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            let open = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(somebody.program.path(), open).unwrap();
        }
        Some(somebody)
    }

    fn binary(&self) -> std::path::PathBuf {
        self.program.path().join("whycert")
    }

    fn whycert(&self, arguments: &[&str]) -> Seen {
        let as_it_is = programs::whycert(self.home.path());
        let mut command = match &self.setpriv {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args([
                    "--reuid=65534",
                    "--regid=65534",
                    "--clear-groups",
                    "--inh-caps=-all",
                ]);
                command.arg(self.binary());
                command
            }
            None => Command::new(self.binary()),
        };
        for (name, value) in as_it_is.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Programs that only root can start are not there for others.
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        see(command.args(arguments).current_dir(self.home.path()))
    }
}

#[test]
fn without_root_the_systems_store_is_left_and_ones_own_bundle_works() {
    let Some(somebody) = Somebody::new() else {
        return;
    };
    let bench = Bench::with(&["private-root"]);
    let target = bench.target("private-root");
    let sha256 = sha256(&bench, "private-root", 1);
    let yes = ["--yes", "--sha256", &sha256];
    let home = somebody.home.path();
    let before = tree(home);
    let trust = |rung: &str, more: &[&str]| {
        let mut arguments = vec!["trust", target, "--certificate", "1", "--rung", rung];
        arguments.extend(more);
        somebody.whycert(&arguments)
    };
    let mut of_root = vec!["docker"];
    if Path::new("/usr/local/share/ca-certificates").is_dir()
        && peer("update-ca-certificates").is_some()
    {
        of_root.push("system");
    }
    for rung in of_root {
        let line = format!("whycert trust {target} --certificate 1 --rung {rung}");
        let shown = trust(rung, &["--dry-run"]);
        assert_eq!(shown.code, 0, "{shown:?}");
        let after = shown
            .out
            .split("Needs root, and you are not. As root:\n    sudo ");
        let told = after.last().unwrap().lines().next().unwrap();
        assert!(told.ends_with(&line), "{told}");
        let refused = trust(rung, &yes);
        assert_eq!(refused.code, 3, "{refused:?}");
        assert!(refused.err.contains("only root may do this"), "{refused:?}");
        let hint = refused.err.lines().last().unwrap();
        assert!(
            hint.starts_with("hint: sudo ") && hint.contains(&line),
            "{hint}"
        );
        assert!(!refused.out.contains("Written"), "{}", refused.out);
        assert_same(&before, home, rung);
    }
    let done = trust("bundle", &yes);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("Written, as "), "{}", done.out);
    assert!(home.join("data/whycert/bundle.pem").is_file());
    let undone = somebody.whycert(&["trust", "undo", "--all", "--yes"]);
    assert_eq!(undone.code, 0, "{undone:?}");
    assert_same(&before, home, "the bundle");

    // What root keeps to itself is no error, and said.
    let of_root = home.join("of-root");
    std::fs::create_dir(&of_root).unwrap();
    std::fs::write(of_root.join("journal.json"), "{}").unwrap();
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(&of_root, closed).unwrap();
    let listed = somebody.whycert(&["trust", "list"]);
    let open = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(&of_root, open).unwrap();
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(
        listed
            .out
            .contains("What root trusted is not for you to read: sudo whycert trust list"),
        "{listed:?}"
    );
}
