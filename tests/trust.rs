//! `whycert trust`, on homes that are thrown away: what is refused, what real clients make of each rung,
//! and that nothing is left after undo.

mod kill;
mod p11;
mod person;
mod screen;
mod stores;
mod undo;
mod unprivileged;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::headless::{Bench, Seen, see};
use crate::support::{peer, programs};

/// A digest that is no certificate's.
const OTHER: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

pub fn bundle(bench: &Bench) -> PathBuf {
    bench.home.path().join("data/whycert/bundle.pem")
}

/// `whycert trust` on one rung, agreed to with the certificate's own SHA-256.
pub fn trust(bench: &Bench, id: &str, certificate: usize, rung: &str) -> Seen {
    see(&mut trusting(bench, id, certificate, rung))
}

pub fn trusting(bench: &Bench, id: &str, certificate: usize, rung: &str) -> Command {
    let sha256 = sha256(bench, id, certificate);
    let number = certificate.to_string();
    bench.command(&[
        "trust",
        bench.target(id),
        "--certificate",
        &number,
        "--rung",
        rung,
        "--yes",
        "--sha256",
        &sha256,
    ])
}

pub fn sha256(bench: &Bench, id: &str, certificate: usize) -> String {
    let seen = see(&mut bench.command(&["inspect", bench.target(id), "--format", "json"]));
    let report = crate::headless::json(&seen);
    report["certificates"][certificate]["sha256"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The id of the newest entry of the journal.
pub fn newest(bench: &Bench) -> String {
    let listed = see(&mut bench.command(&["trust", "list"])).out;
    let line = listed.lines().rfind(|line| line.contains("  stands"));
    line.unwrap_or_else(|| panic!("{listed}"))[..8].to_owned()
}

/// Everything below a folder: kind, permissions, bytes or where a link leads.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    fn walk(folder: &Path, out: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            let meta = path.symlink_metadata().unwrap();
            let mode = std::os::unix::fs::MetadataExt::mode(&meta);
            if meta.is_dir() {
                out.insert(path.clone(), (mode, Vec::new()));
                walk(&path, out);
            } else if meta.is_symlink() {
                let end = path.read_link().unwrap().to_string_lossy().into_owned();
                out.insert(path, (mode, end.into_bytes()));
            } else {
                out.insert(path.clone(), (mode, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(folder, &mut out);
    out
}

/// The same, told apart in words.
pub fn assert_same(before: &BTreeMap<PathBuf, (u32, Vec<u8>)>, folder: &Path, when: &str) {
    let after = tree(folder);
    let paths: Vec<&PathBuf> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(paths.is_empty(), "{when}: not as before: {paths:?}");
}

fn certificates(pem: &str) -> usize {
    pem.matches("-----BEGIN CERTIFICATE-----").count()
}

#[test]
fn what_cannot_help_is_refused_with_the_reason() {
    let ids = [
        "expired",
        "healthy",
        "private-root",
        "unrelated",
        "plain-http",
        "refused",
    ];
    let bench = Bench::with(&ids);
    let issued = "do not accept such a certificate on its own";
    for (id, certificate, rung, reason, instead) in [
        ("expired", "0", "bundle", "expired", "renew"),
        ("private-root", "0", "bundle", issued, "certificate 1"),
        (
            "private-root",
            "1",
            "firefox",
            "this is not it",
            "certificate 0",
        ),
        ("healthy", "1", "bundle", "intermediate", "--from"),
        ("healthy", "2", "bundle", "is missing", "Ask"),
        (
            "unrelated",
            "2",
            "bundle",
            "no part of this failure",
            "on the path",
        ),
        ("plain-http", "0", "bundle", "plain HTTP", "whycert inspect"),
        (
            "refused",
            "0",
            "bundle",
            "Nothing listens",
            "whycert inspect",
        ),
    ] {
        let target = bench.target(id);
        let arguments = [
            "trust",
            target,
            "--certificate",
            certificate,
            "--rung",
            rung,
            "--yes",
            "--sha256",
            OTHER,
        ];
        let seen = see(&mut bench.command(&arguments));
        assert_eq!(
            (seen.code, seen.out.as_str()),
            (3, ""),
            "{id} {certificate}: {seen:?}"
        );
        assert!(
            seen.err.contains(reason),
            "{id} {certificate}: {}",
            seen.err
        );
        let hint = seen.err.lines().last().unwrap();
        assert!(
            hint.starts_with("hint: ") && hint.contains(instead),
            "{id}: {}",
            seen.err
        );
    }
    for certificate in ["9", "zz", "", "abcdef"] {
        let target = bench.target("private-root");
        let seen = see(&mut bench.command(&[
            "trust",
            target,
            "--certificate",
            certificate,
            "--rung",
            "bundle",
        ]));
        assert_eq!(seen.code, 2, "{seen:?}");
        assert!(seen.err.contains("--certificate"), "{}", seen.err);
    }
    assert!(!bundle(&bench).exists(), "a refusal writes nothing");
}

#[test]
fn nobody_agrees_by_accident() {
    let bench = Bench::with(&["private-root"]);
    let target = bench.target("private-root");
    let before = tree(bench.home.path());
    let asked = |more: &[&str]| {
        let mut command = bench.command(&["trust", target, "--rung", "bundle"]);
        see(command.args(more))
    };
    let shown = asked(&[]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let sha256 = sha256(&bench, "private-root", 1);
    for words in [
        "Example Home Root",
        &sha256,
        &bundle(&bench).to_string_lossy(),
        "can impersonate every website",
        "Nothing was written. Add --yes --sha256",
    ] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    let dry = asked(&["--dry-run"]);
    assert!(
        dry.code == 0 && dry.out.ends_with("\nNothing was written.\n"),
        "{dry:?}"
    );
    let alone = asked(&["--yes"]);
    assert_eq!(alone.code, 2, "{alone:?}");
    let changed = asked(&["--yes", "--sha256", OTHER]);
    assert_eq!(changed.code, 3, "{changed:?}");
    assert!(
        changed.err.contains("not the certificate that was shown"),
        "{}",
        changed.err
    );
    let half = asked(&["--yes", "--sha256", &sha256[..8]]);
    assert_eq!(half.code, 2, "{half:?}");
    let ladder = see(&mut bench.command(&["trust", target]));
    assert_eq!(ladder.code, 0, "{ladder:?}");
    for rung in whycert::trust::Rung::ALL {
        assert!(
            ladder.out.lines().any(|line| {
                let mut words = line.trim().split([' ', ',']);
                line.starts_with("  ") && words.any(|word| word == rung.id())
            }),
            "{}: {}",
            rung.id(),
            ladder.out
        );
    }
    // A reason that stands against several rungs is told once.
    for line in ladder.out.lines().filter(|line| line.starts_with("    ")) {
        let same = ladder.out.lines().filter(|other| *other == line);
        assert_eq!(same.count(), 1, "{}", ladder.out);
    }
    let odd = see(&mut bench.command(&["trust", target, "--rung", "sistem"]));
    assert!(
        odd.code == 2 && odd.err.contains("did you mean system?"),
        "{odd:?}"
    );
    let listed = see(&mut bench.command(&["trust", "list"]));
    assert_eq!(
        (listed.code, listed.out.as_str()),
        (0, "Nothing is trusted by way of whycert.\n")
    );
    assert_same(&before, bench.home.path(), "nothing was agreed to");
}

/// A root that the server does not send is found in a file.
#[test]
fn the_root_may_come_from_a_file() {
    let bench = Bench::with(&["healthy"]);
    let root = bench.root.to_string_lossy().into_owned();
    let target = bench.target("healthy");
    let seen = see(&mut bench.command(&["trust", target, "--from", &root, "--rung", "bundle"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(seen.out.contains("Lab Root"), "{}", seen.out);
}

#[test]
fn the_letter_names_the_certificate_and_what_to_do() {
    let bench = Bench::with(&["missing-intermediate"]);
    let seen =
        see(&mut bench.command(&["trust", bench.target("missing-intermediate"), "--letter"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    for words in [
        "Serve the full chain",
        "SHA-256",
        "ssl_certificate ",
        "kubectl create secret tls",
        "--what repaired",
    ] {
        assert!(seen.out.contains(words), "{words}: {}", seen.out);
    }
}

/// What each client says about a URL: accepted or not. `prepare` gives each its trust.
fn clients(bench: &Bench, url: &str, prepare: &dyn Fn(Command) -> Command) -> Vec<(String, bool)> {
    let mut answers = Vec::new();
    let mut ask = |name: &str, program: PathBuf, arguments: &[&str]| {
        let mut command = programs::clean(program);
        command
            .args(arguments)
            .env("HOME", bench.home.path())
            .current_dir(bench.home.path());
        let seen = see(&mut prepare(command));
        let words = format!("{}{}", seen.out, seen.err);
        let lower = words.to_lowercase();
        // git finds no repository where it found the server.
        let accepted = seen.code == 0
            || (name == "git" && is_no_repository(&lower))
            || (name == "pip" && is_no_index(&lower));
        let refused = ["certificate", "unable_to", "self_signed", "cert_", "pkix"]
            .iter()
            .any(|w| lower.contains(w));
        assert!(accepted || refused, "{name}: {words}");
        answers.push((name.to_owned(), accepted));
    };
    if let Some(curl) = peer("curl") {
        ask("curl", curl, &["-sS", "--noproxy", "*", url]);
    }
    if let Some(python) = peer("python3") {
        let urllib = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])";
        ask("Python urllib", python, &["-c", urllib, url]);
    }
    for module in ["requests", "httpx"] {
        if let Some(python) = programs::python_with(module) {
            let script = format!("import sys, {module}; {module}.get(sys.argv[1])");
            ask(&format!("Python {module}"), python, &["-c", &script, url]);
        }
    }
    if let Some(python) = programs::python_with("pip") {
        let index = format!("{url}/simple");
        let mut arguments = vec!["-m", "pip", "download", "--no-cache-dir", "--retries", "0"];
        arguments.extend(["--disable-pip-version-check", "--index-url", &index, "x"]);
        ask("pip", python, &arguments);
    }
    if let Some(node) = peer("node") {
        let script = "require('https').get(process.argv[1], r => r.resume()).on('error', e => { \
                      console.error(e.code, e.message); process.exit(1); })";
        ask("Node", node, &["-e", script, url]);
    }
    if let Some(git) = peer("git") {
        ask("git", git, &["ls-remote", &format!("{url}/x.git")]);
    }
    answers
}

/// What git says of a server that it accepts, and that has no repository.
pub fn is_no_repository(words: &str) -> bool {
    words.contains("not found") || words.contains("is this a git repository")
}

/// What pip says of a server that it accepts, and that has no packages.
fn is_no_index(words: &str) -> bool {
    words.contains("no matching distribution") && !words.contains("certificate")
}

fn expect(answers: Vec<(String, bool)>, wanted: bool, when: &str) {
    for (client, accepted) in answers {
        assert_eq!(accepted, wanted, "{client}, {when}");
    }
}

/// Fail before, succeed after, fail again after undo; a wrong name and another server fail throughout.
#[test]
fn clients_accept_with_the_bundle_what_they_refused_before() {
    let bench = Bench::with(&["private-root", "wrong-host", "self-signed"]);
    let url = bench.target("private-root");
    let path = bundle(&bench);
    let with_bundle = |mut command: Command| {
        for name in [
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "GIT_SSL_CAINFO",
            "PIP_CERT",
        ] {
            command.env(name, &path);
        }
        command
    };
    expect(clients(&bench, url, &|c| c), false, "before");
    let seen = trust(&bench, "private-root", 1, "bundle");
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(seen.out.contains("It helped"), "{}", seen.out);
    let python = programs::found("python3");
    for (client, module) in [("Python httpx", "httpx"), ("pip", "pip"), ("curl", "")] {
        let there = match module {
            "" => programs::found("curl").is_some(),
            module => python
                .as_deref()
                .is_some_and(|python| programs::has_module(python, module)),
        };
        let row = format!("    {client:<20} refused → passes");
        assert!(!there || seen.out.contains(&row), "{client}: {}", seen.out);
    }
    let line = format!("export REQUESTS_CA_BUNDLE={}", path.display());
    assert!(seen.out.contains(&line), "{}", seen.out);
    expect(clients(&bench, url, &with_bundle), true, "with the bundle");
    for id in ["wrong-host", "self-signed"] {
        expect(clients(&bench, bench.target(id), &with_bundle), false, id);
    }
    let undone = see(&mut bench.command(&["trust", "undo", &newest(&bench), "--yes"]));
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!(!path.exists());
    expect(clients(&bench, url, &|c| c), false, "after undo");
}

/// The same by `whycert run`, also for wget and Java, which no variable reaches.
#[test]
fn one_command_is_run_with_the_right_variables() {
    let bench = Bench::with(&["private-root", "wrong-host"]);
    let root =
        see(&mut bench.command(&["export", bench.target("private-root"), "--what", "1"])).out;
    std::fs::write(bench.home.path().join("ca.pem"), root).unwrap();
    let before = tree(bench.home.path());
    let run = |command: Command| {
        let mut through = bench.command(&["run", "--trust", "ca.pem", "--"]);
        through.arg(command.get_program()).args(command.get_args());
        through
    };
    expect(
        clients(&bench, bench.target("private-root"), &run),
        true,
        "by whycert run",
    );
    expect(
        clients(&bench, bench.target("wrong-host"), &run),
        false,
        "a wrong name",
    );
    if let Some(wget) = peer("wget") {
        let mut command = programs::clean(wget);
        command.args(["-q", "-O", "/dev/null", bench.target("private-root")]);
        assert_ne!(see(command.env("HOME", bench.home.path())).code, 0);
        assert_eq!(see(&mut run(command)).code, 0);
    }
    for (command, code) in [("exit 7", 7), ("kill -TERM $$", 143)] {
        let seen =
            see(&mut bench.command(&["run", "--trust", "ca.pem", "--", "sh", "-c", command]));
        assert_eq!(seen.code, code, "{command}: {seen:?}");
    }
    let none = see(&mut bench.command(&["run", "--trust", "ca.pem", "--", "no-such-program"]));
    assert!(
        none.code == 3 && none.err.contains("cannot be started"),
        "{none:?}"
    );
    assert_same(&before, bench.home.path(), "whycert run leaves nothing");
}

#[test]
fn the_bundle_holds_the_public_roots_and_ours() {
    let bench = Bench::with(&["private-root"]);
    assert_eq!(trust(&bench, "private-root", 1, "bundle").code, 0);
    let text = std::fs::read_to_string(bundle(&bench)).unwrap();
    let public =
        see(&mut bench.command(&["export", bench.target("private-root"), "--what", "roots+1"])).out;
    assert!(certificates(&public) > 50);
    assert_eq!(certificates(&text), certificates(&public));
    let block = "-----END CERTIFICATE-----\n";
    assert!(public.split_inclusive(block).all(|pem| text.contains(pem)));
    if let Some(openssl) = peer("openssl") {
        let mut command = programs::clean(openssl);
        command
            .args(["storeutl", "-noout", "-certs"])
            .arg(bundle(&bench));
        let found = format!("Total found: {}", certificates(&text));
        assert!(see(&mut command).out.contains(&found));
    }
    // Public roots of another day are replaced, and ours stays.
    let fresh = see(&mut bench.command(&["bundle", "refresh"]));
    assert!(
        fresh.code == 0 && fresh.out.contains("is fresh"),
        "{fresh:?}"
    );
    let end = text.find(block).unwrap() + block.len();
    let start = text.find("-----BEGIN").unwrap();
    let stale = format!(
        "{}{}",
        text[..start].replace("Public roots: ", "Public roots: 0"),
        &text[end..]
    );
    std::fs::write(bundle(&bench), stale).unwrap();
    let again = see(&mut bench.command(&["bundle", "refresh"]));
    assert!(
        again.code == 0 && again.out.contains("Written anew"),
        "{again:?}"
    );
    assert_eq!(std::fs::read_to_string(bundle(&bench)).unwrap(), text);
}

/// Nobody but the target is contacted, unless a public name is given; then it is asked of the same clients.
#[test]
fn a_public_server_is_asked_only_when_it_is_named() {
    let bench = Bench::with(&["private-root", "self-signed"]);
    let seen = trust(&bench, "private-root", 1, "command");
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(
        seen.out.contains("public roots are still in")
            && seen.out.contains("No other server was asked"),
        "{}",
        seen.out
    );
    assert!(!seen.out.contains("example.com"), "{}", seen.out);
    let all = ["trust", "undo", "--all", "--yes"];
    assert_eq!(see(&mut bench.command(&all)).code, 0);
    let port = bench.port("self-signed");
    let name = format!("localhost:{port}");
    let mut command = trusting(&bench, "private-root", 1, "command");
    let seen = see(command.args(["--public", &name]));
    // This one is refused before and after: nothing was taken away from it.
    assert_eq!(seen.code, 0, "{seen:?}");
    if peer("curl").is_some() {
        let line = seen
            .out
            .lines()
            .find(|l| l.trim_start().starts_with("curl "));
        let words: Vec<&str> = line.unwrap().split_whitespace().collect();
        assert_eq!(
            words,
            ["curl", "refused", "→", "passes", "refused", "refused"]
        );
    }
    for wrong in ["", "https://", "./file.pem"] {
        let mut command = trusting(&bench, "private-root", 1, "bundle");
        let seen = see(command.args(["--public", wrong]));
        assert_eq!(seen.code, 2, "{wrong}: {seen:?}");
        assert!(seen.err.contains("--public"), "{}", seen.err);
    }
}

/// A `.env` is read by few programs, and by Node and Bun too late: nothing else is promised.
#[test]
fn a_dotenv_promises_no_more_than_it_does() {
    let bench = Bench::with(&["private-root"]);
    let shown = |bench: &Bench| {
        let target = bench.target("private-root");
        let seen = see(&mut bench.command(&["trust", target, "--rung", "project", "--dry-run"]));
        assert_eq!(seen.code, 0, "{seen:?}");
        let line = seen.out.lines().find(|l| l.starts_with("Predicted: "));
        line.unwrap().to_owned()
    };
    let dotenv = shown(&bench);
    assert!(
        dotenv.contains("Deno, ") && dotenv.contains("Python 3.1"),
        "{dotenv}"
    );
    for other in ["Bun", "Node", "curl", "git", "Go ", "PHP", ".NET", "pip"] {
        assert!(!dotenv.contains(other), "{other}: {dotenv}");
    }
    // direnv sets them in the shell, before anything starts.
    std::fs::write(bench.home.path().join(".envrc"), "").unwrap();
    let direnv = shown(&bench);
    assert!(
        direnv.contains("Bun") && direnv.contains("Node"),
        "{direnv}"
    );
    // The real Bun, where there is one.
    std::fs::remove_file(bench.home.path().join(".envrc")).unwrap();
    let Some(bun) = programs::found("bun") else {
        eprintln!("skipped: bun is not installed");
        return;
    };
    assert_eq!(trust(&bench, "private-root", 1, "project").code, 0);
    let script = "fetch(process.argv[1]).then(() => process.exit(0), e => { console.error(e.code); process.exit(1); })";
    let mut asked = programs::clean(bun);
    asked
        .args(["-e", script, bench.target("private-root")])
        .env("HOME", bench.home.path())
        .current_dir(bench.home.path());
    let without = see(&mut asked);
    assert_eq!(without.code, 1, "{without:?}");
    assert!(without.err.contains("SELF_SIGNED"), "{without:?}");
    let with = see(asked.env("NODE_EXTRA_CA_CERTS", bundle(&bench)));
    assert_eq!(with.code, 0, "{with:?}");
}
