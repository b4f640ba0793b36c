//! Real stores of real programs, in homes and roots that are thrown away: refused before, accepted after,
//! refused again after undo, and every file as it was.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use whycert::headless::{self, Judges};
use whycert::inspect::{Inspection, Options};
use whycert::moment::Moment;
use whycert::store::Machine;
use whycert::target::Target;
use whycert::trust::{self, Place, Rung};

use super::{assert_same, is_no_repository, newest, tree, trust};
use crate::headless::{Bench, see};
use crate::support::{peer, programs};

fn undo_all(bench: &Bench) {
    let seen = see(&mut bench.command(&["trust", "undo", "--all", "--yes"]));
    assert_eq!(seen.code, 0, "{seen:?}");
}

#[test]
fn a_database_of_nss() {
    let (Some(certutil), Some(tstclnt)) = (peer("certutil"), peer("tstclnt")) else {
        return;
    };
    let bench = Bench::with(&["private-root", "self-signed"]);
    let home = bench.home.path();
    let databases = [".pki/nssdb", ".config/mozilla/firefox/a.default"].map(|name| home.join(name));
    for folder in &databases {
        std::fs::create_dir_all(folder).unwrap();
        let mut command = programs::clean(&certutil);
        command
            .args(["-N", "--empty-password", "-d"])
            .arg(format!("sql:{}", folder.display()));
        programs::run(&mut command);
    }
    let before = tree(home);
    let accepts = |folder: &Path, id: &str| {
        let mut command = programs::clean(&tstclnt);
        command
            .args([
                "-h",
                "localhost",
                "-p",
                &bench.port(id).to_string(),
                "-4",
                "-Q",
                "-d",
            ])
            .arg(format!("sql:{}", folder.display()))
            .stdin(std::process::Stdio::null());
        see(&mut command).code == 0
    };
    for (id, certificate) in [("private-root", 1), ("self-signed", 0)] {
        for folder in &databases {
            assert!(!accepts(folder, id), "before: {id}");
        }
        let seen = trust(&bench, id, certificate, "nss");
        assert_eq!(seen.code, 0, "{seen:?}");
        for folder in &databases {
            assert!(accepts(folder, id), "after: {id} {}", folder.display());
        }
    }
    // The first of two: the files were changed since, and only it is taken out.
    let listed = see(&mut bench.command(&["trust", "list"])).out;
    let seen = see(&mut bench.command(&["trust", "undo", &listed[..8], "--yes"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    for folder in &databases {
        assert!(!accepts(folder, "private-root") && accepts(folder, "self-signed"));
    }
    undo_all(&bench);
    for folder in &databases {
        assert!(!accepts(folder, "self-signed"), "after undo");
    }
    // Alone, it is restored to the byte.
    assert_eq!(trust(&bench, "self-signed", 0, "nss").code, 0);
    let now = tree(home);
    assert_ne!(now, before);
    undo_all(&bench);
    let restored = tree(home);
    assert_eq!(
        restored.keys().collect::<Vec<_>>(),
        before.keys().collect::<Vec<_>>()
    );
}

#[test]
fn a_database_of_nss_is_restored_to_the_byte() {
    let Some(certutil) = peer("certutil") else {
        return;
    };
    let bench = Bench::with(&["private-root"]);
    let folder = bench.home.path().join(".pki/nssdb");
    std::fs::create_dir_all(&folder).unwrap();
    let mut command = programs::clean(&certutil);
    command
        .args(["-N", "--empty-password", "-d"])
        .arg(format!("sql:{}", folder.display()));
    programs::run(&mut command);
    let before = tree(bench.home.path());
    assert_eq!(trust(&bench, "private-root", 1, "nss").code, 0);
    assert_ne!(tree(bench.home.path()), before);
    undo_all(&bench);
    assert_same(&before, bench.home.path(), "nss");
}

#[test]
fn a_copy_of_javas_store() {
    let (Some(java), Some(_)) = (peer("java"), peer("keytool")) else {
        return;
    };
    let bench = Bench::with(&["private-root", "self-signed", "wrong-host"]);
    let home = bench.home.path();
    let before = tree(home);
    let compiles = see(programs::clean(&java).arg("--list-modules"))
        .out
        .contains("jdk.compiler");
    let source = home
        .parent()
        .unwrap()
        .join(format!("Ask{}.java", std::process::id()));
    let store = home.join("data/whycert/truststore");
    let accepts = |id: &str| {
        std::fs::write(&source, ASK).unwrap();
        let mut command = programs::clean(&java);
        if store.exists() {
            command.arg(format!("-Djavax.net.ssl.trustStore={}", store.display()));
        }
        let seen = see(command.arg(&source).arg(bench.target(id)));
        std::fs::remove_file(&source).unwrap();
        assert!(
            seen.code == 0 || seen.err.contains("PKIX") || seen.err.contains("No name"),
            "{seen:?}"
        );
        seen.code == 0
    };
    if !compiles {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "this Java compiles no source"
        );
        eprintln!("skipped: this Java compiles no source");
        return;
    }
    assert!(!accepts("private-root"));
    assert_eq!(trust(&bench, "private-root", 1, "java").code, 0);
    let first = newest(&bench);
    assert!(accepts("private-root") && !accepts("wrong-host"));
    assert_eq!(trust(&bench, "self-signed", 0, "java").code, 0);
    assert!(accepts("self-signed"));
    let seen = see(&mut bench.command(&["trust", "undo", &first, "--yes"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(!accepts("private-root") && accepts("self-signed"));
    undo_all(&bench);
    assert!(!accepts("self-signed"));
    assert_same(&before, home, "java");
}

pub const ASK: &str = "public class Ask { public static void main(String[] a) throws Exception { \
    javax.net.ssl.HttpsURLConnection c = (javax.net.ssl.HttpsURLConnection) new java.net.URL(a[0]).openConnection(); \
    c.connect(); c.disconnect(); } }";

#[test]
fn one_server_for_git() {
    let Some(git) = peer("git") else {
        return;
    };
    let bench = Bench::with(&["private-root", "self-signed"]);
    std::fs::write(
        bench.home.path().join(".gitconfig"),
        "[alias]\n\tst = status\n",
    )
    .unwrap();
    let before = tree(bench.home.path());
    let accepts = |id: &str| {
        let mut command = programs::clean(&git);
        command
            .args(["ls-remote", &format!("{}/x.git", bench.target(id))])
            .current_dir(bench.home.path())
            .env("HOME", bench.home.path());
        let seen = see(&mut command);
        assert!(
            is_no_repository(&seen.err) || seen.err.contains("certificate"),
            "{seen:?}"
        );
        is_no_repository(&seen.err)
    };
    assert!(!accepts("private-root"));
    let seen = trust(&bench, "private-root", 1, "git");
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(accepts("private-root") && !accepts("self-signed"));
    undo_all(&bench);
    assert!(!accepts("private-root"));
    assert_same(&before, bench.home.path(), "git");
}

/// Debian's store below another root, with the command of the distribution.
struct System {
    folder: tempfile::TempDir,
    update: PathBuf,
}

impl System {
    /// `None` where the command is not installed.
    fn new() -> Option<Self> {
        let known = Path::new("/usr/sbin/update-ca-certificates");
        let update = match known.is_file() {
            true => known.to_owned(),
            false => peer("update-ca-certificates")?,
        };
        let system = Self {
            folder: tempfile::tempdir().unwrap(),
            update,
        };
        for name in [
            "etc/ssl/certs",
            "usr/local/share/ca-certificates",
            "etc/ca-certificates/update.d",
            "home",
        ] {
            std::fs::create_dir_all(system.at(name)).unwrap();
        }
        std::fs::copy(
            "/etc/ca-certificates.conf",
            system.at("etc/ca-certificates.conf"),
        )
        .unwrap();
        // The hook of Java stands in for the real one, which knows one place only: it notes what it is told.
        let hook = system.at("etc/ca-certificates/update.d/jks-keystore");
        std::fs::write(
            &hook,
            format!("#!/bin/sh\ncat >> {}\n", system.at("told").display()),
        )
        .unwrap();
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = programs::clean(&system.update);
        command
            .arg("--certsconf")
            .arg(system.at("etc/ca-certificates.conf"))
            .arg("--localcertsdir")
            .arg(system.at("usr/local/share/ca-certificates"))
            .arg("--etccertsdir")
            .arg(system.at("etc/ssl/certs"))
            .arg("--hooksdir")
            .arg(system.at("etc/ca-certificates/update.d"));
        programs::run(&mut command);
        std::fs::write(system.at("told"), "").unwrap();
        Some(system)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn place(&self) -> Place {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let machine = Machine::other(self.folder.path(), &self.at("home"), [("PATH", path)]);
        Place::on(machine)
    }

    /// What clients that read only this store say of a server.
    fn accepts(&self, url: &str) -> Vec<(&'static str, bool)> {
        let bundle = self.at("etc/ssl/certs/ca-certificates.crt");
        let mut out = Vec::new();
        let mut ask = |name, command: &mut Command| out.push((name, see(command).code == 0));
        if let Some(curl) = peer("curl") {
            let mut command = programs::clean(curl);
            command.args([
                "-sS",
                "--noproxy",
                "*",
                "--capath",
                "/nonexistent",
                "--cacert",
            ]);
            ask("curl", command.arg(&bundle).arg(url));
        }
        if let Some(wget) = peer("wget") {
            let mut command = programs::clean(wget);
            command.args(["-q", "-O", "/dev/null", "--ca-directory=/nonexistent"]);
            ask(
                "wget",
                command
                    .arg(format!("--ca-certificate={}", bundle.display()))
                    .arg(url),
            );
        }
        if let Some(openssl) = peer("openssl") {
            let mut command = programs::clean(openssl);
            command.args([
                "s_client",
                "-verify_return_error",
                "-servername",
                "localhost",
                "-CApath",
            ]);
            command
                .arg(self.at("etc/ssl/certs"))
                .arg("-connect")
                .arg(url.trim_start_matches("https://"));
            // The folder of hashed links alone.
            ask(
                "openssl",
                command
                    .env("SSL_CERT_FILE", "/nonexistent")
                    .stdin(std::process::Stdio::null()),
            );
        }
        out
    }
}

pub fn looked(bench: &Bench, id: &str) -> Inspection {
    let target = Target::parse(bench.target(id)).unwrap();
    headless::look(target, Options::default(), Judges::Machine(Vec::new())).unwrap()
}

#[test]
fn the_store_of_debian() {
    let Some(system) = System::new() else {
        return;
    };
    let bench = Bench::with(&["private-root"]);
    let url = bench.target("private-root");
    let place = system.place();
    let before = tree(system.folder.path());
    let inspection = looked(&bench, "private-root");
    let plan = trust::plan(&place, &inspection, whycert::chain::NodeId(1), Rung::System).unwrap();
    assert!(!plan.untried && !plan.needs_root);
    for (client, accepted) in system.accepts(url) {
        assert!(!accepted, "before: {client}");
    }
    let entry = trust::apply(&place, &plan, Moment::now()).unwrap();
    for (client, accepted) in system.accepts(url) {
        assert!(accepted, "after: {client}");
    }
    let standing: Vec<_> = trust::list(&place)
        .unwrap()
        .into_iter()
        .map(|(_, s)| s)
        .collect();
    assert_eq!(standing, [trust::Standing::Stands]);
    trust::undo(&place, &entry.id).unwrap();
    for (client, accepted) in system.accepts(url) {
        assert!(!accepted, "after undo: {client}");
    }
    // Without this line Java would go on trusting it.
    let told = std::fs::read_to_string(system.at("told")).unwrap();
    let line = format!("-/etc/ssl/certs/whycert-{}.pem", &entry.sha256[..8]);
    assert_eq!(told.lines().last(), Some(line.as_str()), "{told}");
    std::fs::write(system.at("told"), "").unwrap();
    assert_same(&before, system.folder.path(), "debian");
}

/// The other distributions, from their documentation: where the file goes and which command is run.
#[test]
fn the_stores_of_others_are_planned() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    let inspection = looked(&bench, "private-root");
    let leaf = looked(&bench, "self-signed");
    for (folder, also, command, only_ca) in [
        (
            "etc/pki/ca-trust/source/anchors",
            None,
            "update-ca-trust",
            true,
        ),
        (
            "etc/ca-certificates/trust-source/anchors",
            None,
            "update-ca-trust",
            true,
        ),
        (
            "etc/pki/trust/anchors",
            None,
            "update-ca-certificates",
            true,
        ),
        (
            "usr/local/share/ca-certificates",
            Some("etc/alpine-release"),
            "update-ca-certificates",
            false,
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let tools = root.path().join("tools");
        std::fs::create_dir_all(root.path().join(folder)).unwrap();
        std::fs::create_dir_all(&tools).unwrap();
        std::fs::write(tools.join(command), "").unwrap();
        if let Some(also) = also {
            std::fs::create_dir_all(root.path().join("etc")).unwrap();
            std::fs::write(root.path().join(also), "").unwrap();
        }
        let home = root.path().join("home");
        let place = Place::on(Machine::other(
            root.path(),
            &home,
            [("PATH", tools.clone().into_os_string())],
        ));
        let plan =
            trust::plan(&place, &inspection, whycert::chain::NodeId(1), Rung::System).unwrap();
        assert!(plan.untried, "{folder}");
        let path = &plan.changes().next().unwrap().path;
        assert_eq!(
            path.parent().unwrap(),
            root.path().canonicalize().unwrap().join(folder)
        );
        assert!(
            plan.commands().next().unwrap()[0].ends_with(command),
            "{folder}"
        );
        let of_leaf = trust::plan(&place, &leaf, whycert::chain::NodeId(0), Rung::System);
        assert_eq!(of_leaf.is_err(), only_ca, "{folder}");
    }
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("etc")).unwrap();
    std::fs::write(root.path().join("etc/NIXOS"), "").unwrap();
    let place = Place::on(Machine::other(root.path(), root.path(), []));
    let plan = trust::plan(&place, &inspection, whycert::chain::NodeId(1), Rung::System).unwrap();
    assert!(
        plan.steps.is_empty()
            && plan
                .lines
                .iter()
                .any(|l| l.contains("security.pki.certificateFiles"))
    );
}
