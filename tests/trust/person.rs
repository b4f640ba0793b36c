//! One person with the keyboard only: six programs refuse a private CA; each is cured by the smallest step
//! that reaches it, that is seen to hold, and after undo no trace is left.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use whycert::trust::Rung;

use super::{is_no_repository, sha256, tree};
use crate::headless::{Bench, see};
use crate::pty::Pty;
use crate::support::{peer, programs};

/// The lines that were copied.
struct Copied(Vec<String>);

impl Copied {
    /// What the terminal was last asked to put on the clipboard.
    fn last(pty: &Pty) -> Self {
        let code = |raw: &[u8]| -> Option<String> {
            let all = String::from_utf8_lossy(raw);
            let rest = all.rsplit_once("\x1b]52;c;")?.1;
            let end = rest.find(['\x07', '\x1b'])?;
            Some(rest[..end].to_owned())
        };
        pty.wait_until("the copied lines", |seen| code(&seen.raw).is_some());
        let bytes = data_encoding::BASE64
            .decode(code(&pty.raw()).unwrap().as_bytes())
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        Self(text.lines().map(str::to_owned).collect())
    }

    /// The variables of the line for a program.
    fn variables(&self, program: &str) -> Vec<(String, String)> {
        let ends = format!(" {program}");
        let line = self
            .0
            .iter()
            .find(|line| line.starts_with("env ") && line.contains(&ends))
            .unwrap_or_else(|| panic!("{program}: {:?}", self.0));
        line.split(' ')
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// How each program is started: with these variables, or by `whycert run`.
type Ways = BTreeMap<&'static str, Vec<(String, String)>>;

struct Person<'b> {
    bench: &'b Bench,
    home: PathBuf,
}

impl Person<'_> {
    /// What the programs say of a server: accepted or not. `bundle`: what wget is given by `whycert run`.
    fn asks(&self, url: &str, ways: &Ways, bundle: Option<&Path>) -> BTreeMap<&'static str, bool> {
        let mut said = BTreeMap::new();
        let urllib = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])";
        let requests = "import sys, requests; requests.get(sys.argv[1])";
        let node = "require('https').get(process.argv[1], r => r.resume()).on('error', e => { \
                    console.error(e.code, e.message); process.exit(1); })";
        let repository = format!("{url}/x.git");
        let source = self.bench.home.path().join("Ask.java");
        std::fs::write(&source, super::stores::ASK).unwrap();
        let source = source.to_string_lossy().into_owned();
        let all: [(&'static str, &str, Vec<&str>); 7] = [
            ("curl", "curl", vec!["-sS", "--noproxy", "*", url]),
            ("urllib", "python3", vec!["-c", urllib, url]),
            ("requests", "python3", vec!["-c", requests, url]),
            ("Node", "node", vec!["-e", node, url]),
            ("git", "git", vec!["ls-remote", &repository]),
            ("Java", "java", vec![&source, url]),
            ("wget", "wget", vec!["-q", "-O", "/dev/null", url]),
        ];
        for (name, program, arguments) in all {
            let found = match name {
                "requests" => programs::python_with(name),
                _ => peer(program),
            };
            let Some(program) = found else {
                continue;
            };
            let mut command = match (name, bundle) {
                ("wget", Some(bundle)) => {
                    let mut run = programs::whycert(&self.home);
                    run.args(["run", "--trust"])
                        .arg(bundle)
                        .arg("--")
                        .arg(program);
                    run
                }
                _ => programs::clean(program),
            };
            command
                .args(arguments)
                .env("HOME", &self.home)
                .env_remove("JAVA_TOOL_OPTIONS")
                .current_dir(&self.home)
                .stdin(Stdio::null());
            command.envs(ways.get(name).into_iter().flatten().cloned());
            said.insert(name, accepted(name, &mut command));
        }
        assert!(
            said.len() >= 6 || std::env::var("CI").as_deref() != Ok("true"),
            "only {said:?}"
        );
        said
    }
}

fn accepted(name: &str, command: &mut Command) -> bool {
    let seen = see(command);
    let words = format!("{}{}", seen.out, seen.err).to_lowercase();
    let accepted = seen.code == 0 || (name == "git" && is_no_repository(&words));
    // wget -q says nothing: 5 is its word for a certificate.
    let refused = seen.code == 5
        || ["certificate", "unable_to", "self_signed", "pkix", "no name"]
            .iter()
            .any(|w| words.contains(w));
    assert!(accepted || refused, "{name}: {seen:?}");
    accepted
}

fn expect(said: &BTreeMap<&str, bool>, wanted: bool, when: &str) {
    for (client, accepted) in said {
        assert_eq!(*accepted, wanted, "{client}, {when}");
    }
}

/// All below the home, but the list of what was looked at, which is no trust and stays.
fn traces(home: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = tree(home);
    all.retain(|path, _| !path.starts_with(home.join("state")));
    all
}

#[test]
fn six_programs_by_the_smallest_step_each_and_no_trace_is_left() {
    let bench = Bench::with(&["private-root", "wrong-host"]);
    let url = bench.target("private-root");
    let of_root = bench.home.path().join("of-root");
    let mut pty = Pty::start(
        env!("CARGO_BIN_EXE_whycert"),
        &[url],
        &[
            ("WHYCERT_ROOTS_FOLDER", &*of_root.to_string_lossy()),
            ("SSH_TTY", "/dev/pts/0"),
            ("JAVA_TOOL_OPTIONS", ""),
        ],
    );
    pty.resize(120, 50);
    pty.wait_text(" clients");
    let home = pty.home.path().to_owned();
    std::fs::write(home.join(".gitconfig"), "[user]\n\tname = A\n").unwrap();
    std::fs::write(home.join(".profile"), "# mine\n").unwrap();
    let before = traces(&home);
    let person = Person {
        bench: &bench,
        home: home.clone(),
    };
    let nothing = Ways::new();
    expect(&person.asks(url, &nothing, None), false, "before");

    // curl, Python, Node: one command. wget too, by “whycert run”.
    let climb = |pty: &mut Pty, rung: Rung, shows: &str| {
        let steps = Rung::ALL.iter().position(|r| *r == rung).unwrap();
        pty.send("gt").wait_text("by one of");
        pty.send(&"j".repeat(steps)).wait_text(shows).send("\r");
    };
    climb(&mut pty, Rung::Command, "whycert run --trust");
    pty.wait_text("It helped").wait_text("refused → passes");
    pty.wait_text("public roots are still in");
    pty.send("y").wait_text("Sent lines by OSC 52");
    let lines = Copied::last(&pty);
    let mut ways = Ways::new();
    for (client, program) in [
        ("curl", "curl"),
        ("urllib", "python"),
        ("requests", "python"),
        ("Node", "node"),
    ] {
        ways.insert(client, lines.variables(program));
    }
    let bundle = PathBuf::from(&ways["curl"][0].1);
    pty.send("\x1b").wait_for("the dialog to close", closed);

    // git: for this server only, by the last four characters.
    climb(&mut pty, Rung::Git, ".gitconfig");
    pty.wait_text("last four characters");
    pty.send("nono\r").wait_text("nothing is written");
    assert_eq!(
        traces(&home).get(&home.join(".gitconfig")),
        before.get(&home.join(".gitconfig"))
    );
    let four = sha256(&bench, "private-root", 1)[60..].to_owned();
    let refused = |screen: &vt100::Screen| -> Option<usize> {
        let all = screen.contents();
        let words = all.lines().next()?.split_once("rejected by ")?.1;
        words.split(' ').next()?.parse().ok()
    };
    let many = pty.screen(refused).unwrap();
    pty.send("\x15").send(&format!("{four}\r"));
    pty.wait_text("It helped");
    pty.send("\x1b").wait_for("the dialog to close", closed);
    // What is on the screen follows, without another look at the server.
    pty.wait_for("fewer clients that refuse", |screen| {
        refused(screen).is_some_and(|now| now < many)
    });

    // Java: a copy of its store.
    let java = peer("java").is_some() && peer("keytool").is_some();
    if java {
        climb(&mut pty, Rung::Java, "whycert/truststore");
        pty.wait_text("It helped");
        pty.send("y").wait_text("Sent lines by OSC 52");
        let option = format!(
            "-Djavax.net.ssl.trustStore={}",
            home.join("data/whycert/truststore").display()
        );
        assert!(
            Copied::last(&pty)
                .0
                .iter()
                .any(|line| line.contains(&option))
        );
        ways.insert("Java", vec![("JAVA_TOOL_OPTIONS".to_owned(), option)]);
        pty.send("\x1b").wait_for("the dialog to close", closed);
    }
    let mut said = person.asks(url, &ways, Some(&bundle));
    if !java {
        said.remove("Java");
    }
    expect(&said, true, "trusted");
    let wrong = person.asks(bench.target("wrong-host"), &ways, Some(&bundle));
    expect(&wrong, false, "another server, with a wrong name");

    // Everything back, by keys.
    let entries = if java { 3 } else { 2 };
    pty.send("T");
    for left in (1..=entries).rev() {
        pty.wait_text(&format!("1 of {left}")).send("\r");
        let gone = match left {
            1 => "Nothing is trusted by way of whycert".to_owned(),
            more => format!("1 of {}", more - 1),
        };
        pty.wait_text(&gone)
            .wait_text("passes → refused, as before");
        assert!(
            pty.contents().contains("each says what it said before"),
            "{}",
            pty.contents()
        );
    }
    pty.send("\x1b").wait_for("the list to close", closed);
    pty.wait_for("as many clients as before", |screen| {
        refused(screen) == Some(many)
    });
    expect(&person.asks(url, &nothing, None), false, "after undo");
    let after = traces(&home);
    let other: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(other.is_empty(), "traces: {other:?}");
    assert!(!of_root.exists());
    pty.send("q");
    assert_eq!(pty.ends_clean(), 0);
}

fn closed(screen: &vt100::Screen) -> bool {
    !screen.contents().contains("esc close")
}
