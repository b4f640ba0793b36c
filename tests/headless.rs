//! The binary as a person uses it in a pipe: reports, exit codes, several targets, interruption.

mod export;
mod files;
mod lab;
mod options;
mod told;
mod usage;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use whycert::lab::{Lab, Scenario};

use crate::support::{peer, programs};

/// A lab, a home of its own, and the lab's root as a file in it.
pub struct Bench {
    pub home: TempDir,
    lab: Lab,
    pub root: PathBuf,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Seen {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub fn with(scenarios: &[&str]) -> Self {
        let scenarios: Vec<&'static Scenario> = scenarios
            .iter()
            .map(|id| Scenario::named(id).unwrap_or_else(|| panic!("{id}")))
            .collect();
        let lab = Lab::start(&scenarios, None).expect("the lab starts");
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("root.pem");
        std::fs::write(&root, lab.root_pem()).unwrap();
        Self { home, lab, root }
    }

    /// What to type for a scenario.
    pub fn target(&self, id: &str) -> &str {
        let mut running = self.lab.running().iter();
        &running.find(|r| r.scenario.id == id).expect(id).target
    }

    pub fn port(&self, id: &str) -> u16 {
        self.target(id).rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// The home, when its servers are gone.
    pub fn stopped(self) -> TempDir {
        self.home
    }

    /// The binary in the home folder, with the lab's root as `--ca`.
    pub fn trusting(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.arg("--ca").arg(&self.root);
        command
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = programs::whycert(self.home.path());
        command.current_dir(self.home.path()).args(arguments);
        command
    }
}

/// Runs to the end.
pub fn see(command: &mut Command) -> Seen {
    seen(command.output().expect("it starts"))
}

/// Runs to the end with this on standard input.
pub fn see_with_input(command: &mut Command, input: &[u8]) -> Seen {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input).unwrap();
    drop(stdin);
    seen(child.wait_with_output().unwrap())
}

fn seen(output: Output) -> Seen {
    Seen {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The only line of JSON.
pub fn json(seen: &Seen) -> Value {
    assert_eq!(seen.out.lines().count(), 1, "{seen:?}");
    serde_json::from_str(&seen.out).expect("JSON")
}

pub fn interrupt(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).expect("it runs");
}

#[test]
fn the_three_formats_tell_the_same() {
    let bench = Bench::with(&["expired"]);
    let target = bench.target("expired");
    let text = see(&mut bench.trusting(&["inspect", target]));
    assert_eq!((text.code, text.err.as_str()), (1, ""), "{text:?}");
    assert!(text.out.starts_with(&format!("Not trusted: {target}\n")));
    let markdown = see(&mut bench.trusting(&["inspect", target, "--format", "markdown"]));
    assert_eq!(markdown.code, 1);
    assert!(markdown.out.starts_with("# "), "{}", markdown.out);
    let report = json(&see(
        &mut bench.trusting(&["inspect", target, "--format", "json"])
    ));
    let summary = report["findings"][0]["summary"].as_str().unwrap();
    assert!(summary.contains("expired 30 days ago"), "{summary}");
    for report in [&text.out, &markdown.out] {
        let words = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(summary), "{words}");
        assert!(report.lines().all(|l| !l.ends_with(' ')), "{report}");
    }
    // Without a command and without a terminal, it is the text report.
    let bare = see(&mut bench.trusting(&[target]));
    assert_eq!(bare.code, 1);
    assert!(bare.out.starts_with(&format!("Not trusted: {target}\n")));
    assert!(!bare.out.contains('\u{1b}'));
}

#[test]
fn ascii_means_ascii() {
    let bench = Bench::with(&["wrong-host"]);
    let seen = see(&mut bench.trusting(&["inspect", bench.target("wrong-host"), "--ascii"]));
    let chain = seen.out.split("Chain\n").nth(1).expect("a chain");
    let drawing: Vec<char> = chain
        .chars()
        .filter(|c| ('\u{2500}'..'\u{25ff}').contains(c))
        .collect();
    assert!(drawing.is_empty(), "{drawing:?}");
}

#[test]
fn json_has_every_key() {
    let bench = Bench::with(&["missing-intermediate"]);
    let target = bench.target("missing-intermediate");
    let seen = see(&mut bench.trusting(&["inspect", target, "--format", "json"]));
    assert_eq!(seen.code, 1);
    let report = json(&seen);
    let has = |value: &Value, keys: &[&str]| {
        for key in keys {
            assert!(value.get(key).is_some(), "no {key}: {value}");
        }
    };
    has(
        &report,
        &[
            "schema",
            "target",
            "outcome",
            "session",
            "timings_ms",
            "certificates",
            "paths",
            "verdicts",
            "findings",
        ],
    );
    assert_eq!(report["schema"], 1);
    assert_eq!(report["target"], target);
    assert_eq!(report["outcome"], "untrusted");
    has(
        &report["session"],
        &["version", "cipher_suite", "group", "alpn", "server_name"],
    );
    assert!(
        report["timings_ms"]["handshake"].as_f64().unwrap() > 0.0,
        "{}",
        report["timings_ms"]
    );
    let leaf = &report["certificates"][0];
    has(
        leaf,
        &[
            "origin",
            "subject",
            "issuer",
            "serial",
            "not_before",
            "not_after",
            "san",
            "key",
            "signature_algorithm",
            "sha256",
            "sha1",
            "spki_sha256",
            "is_ca",
            "pem",
            "defects",
        ],
    );
    assert_eq!(leaf["origin"], "sent");
    assert_eq!(leaf["is_ca"], false);
    assert_eq!(leaf["san"][0], "DNS:localhost");
    assert_eq!(report["certificates"][1]["origin"], "missing");
    let verdict = &report["verdicts"][0];
    has(verdict, &["store", "accepted", "path", "reasons"]);
    assert_eq!(verdict["accepted"], false);
    let finding = &report["findings"][0];
    has(
        finding,
        &[
            "id",
            "severity",
            "certificate",
            "summary",
            "evidence",
            "fixes",
        ],
    );
    assert_eq!(finding["id"], "chain.missing-issuer");
    assert!(!finding["fixes"].as_array().unwrap().is_empty());
}

#[test]
fn json_is_read_by_python_and_agrees_with_openssl() {
    let (Some(python), Some(openssl)) = (peer("python3"), peer("openssl")) else {
        return;
    };
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let seen = see(&mut bench.trusting(&["inspect", target, "--format", "json"]));
    assert_eq!(seen.code, 0, "{seen:?}");
    let mut tool = programs::clean(python);
    tool.args(["-m", "json.tool"]);
    let read = see_with_input(&mut tool, seen.out.as_bytes());
    assert_eq!(read.code, 0, "{read:?}");
    let report = json(&seen);
    for certificate in report["certificates"].as_array().unwrap() {
        let Some(pem) = certificate["pem"].as_str() else {
            continue;
        };
        let ask = |arguments: &[&str]| {
            let mut command = programs::clean(&openssl);
            command.args(["x509", "-noout"]).args(arguments);
            let seen = see_with_input(&mut command, pem.as_bytes());
            assert_eq!(seen.code, 0, "{seen:?}");
            let value = seen
                .out
                .trim()
                .split_once('=')
                .expect("name=value")
                .1
                .to_owned();
            value.trim().to_owned()
        };
        let is = |key: &str| certificate[key].as_str().unwrap_or_default().to_owned();
        let hex = |text: String| text.replace(':', "").to_ascii_lowercase();
        assert_eq!(is("sha256"), hex(ask(&["-fingerprint", "-sha256"])));
        assert_eq!(is("sha1"), hex(ask(&["-fingerprint", "-sha1"])));
        assert_eq!(hex(is("serial")), hex(ask(&["-serial"])));
        assert_eq!(is("subject"), ask(&["-subject", "-nameopt", "RFC2253"]));
        assert_eq!(is("issuer"), ask(&["-issuer", "-nameopt", "RFC2253"]));
        let date = |option| ask(&["-dateopt", "iso_8601", option]).replace(' ', "T");
        assert_eq!(is("not_before"), date("-startdate"));
        assert_eq!(is("not_after"), date("-enddate"));
    }
}

#[test]
fn exit_codes_are_documented_and_the_worst_of_several_counts() {
    let bench = Bench::with(&["healthy", "expired", "refused", "plain-http"]);
    let run = |ids: &[&str]| {
        let targets: Vec<&str> = ids.iter().map(|id| bench.target(id)).collect();
        let mut command = bench.trusting(&["inspect"]);
        see(command.args(targets)).code
    };
    assert_eq!(run(&["healthy"]), 0);
    assert_eq!(run(&["expired"]), 1);
    assert_eq!(run(&["plain-http"]), 1);
    assert_eq!(run(&["refused"]), 3);
    assert_eq!(run(&["healthy", "expired"]), 1);
    assert_eq!(run(&["refused", "healthy", "expired"]), 3);
    assert_eq!(see(&mut bench.command(&["inspect"])).code, 2);
    assert_eq!(see(&mut bench.command(&["inspect", "nowhere.pem"])).code, 3);
    // The words of --help are these.
    let help = see(&mut bench.command(&["--help"])).out;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        help.contains("0 trusted, 1 looked and not trusted, 2 usage, 3 could not look"),
        "{help}"
    );
}

#[test]
fn several_targets_come_in_order_as_text_and_one_a_line_as_json() {
    let bench = Bench::with(&["silent", "healthy", "expired"]);
    let targets = ["silent", "healthy", "expired"].map(|id| bench.target(id));
    let mut command = bench.trusting(&["inspect", "--timeout", "500ms"]);
    let seen = see(command.args(targets));
    let places: Vec<usize> = targets
        .iter()
        .map(|t| seen.out.find(&format!(": {t}\n")).expect(t))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    let mut command = bench.trusting(&["inspect", "--timeout", "500ms", "--format", "json"]);
    let seen = see(command.args(targets));
    let mut found: Vec<String> = seen
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|report| report["target"].as_str().unwrap().to_owned())
        .collect();
    // The silent one comes when it is ready, which is last.
    assert_eq!(found.last().map(String::as_str), Some(targets[0]));
    found.sort();
    let mut expected = targets.map(str::to_owned);
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let bench = Bench::with(&["expired"]);
    for arguments in [
        vec!["inspect", bench.target("expired")],
        vec!["inspect", bench.target("expired"), "--format", "json"],
        vec!["lab", "list"],
        vec!["explain"],
        vec!["--help"],
        vec!["export", bench.target("expired")],
    ] {
        let mut child = bench
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut words = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut words)
            .unwrap();
        let status = child.wait().unwrap();
        let expected = i32::from(arguments[0] == "inspect");
        assert_eq!(
            (status.code(), words.as_str()),
            (Some(expected), ""),
            "{arguments:?}"
        );
    }
}

#[test]
fn ctrl_c_ends_a_look_at_once() {
    use std::os::unix::process::ExitStatusExt;
    let bench = Bench::with(&[]);
    // A server that says nothing: when it sees the connection, the look is under way.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = server.local_addr().unwrap().to_string();
    let began = std::time::Instant::now();
    let mut child = bench
        .command(&["inspect", &target, "--timeout", "10m"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let connection = server.accept().unwrap();
    interrupt(&child, rustix::process::Signal::INT);
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(2), "shells report that as 130");
    assert!(began.elapsed().as_secs() < 60);
    drop(connection);
}

#[test]
fn a_full_disk_is_said() {
    if !std::path::Path::new("/dev/full").exists() {
        eprintln!("skipped: no /dev/full");
        return;
    }
    let bench = Bench::with(&["healthy"]);
    for arguments in [
        vec!["inspect", bench.target("healthy")],
        vec!["export", bench.target("healthy")],
        vec!["lab", "list"],
    ] {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut command = bench.command(&arguments);
        let output = command
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert!(words.contains("No space left on device"), "{words}");
    }
}

#[test]
fn a_picture_is_drawn_without_a_terminal() {
    let bench = Bench::with(&["expired"]);
    let picture = bench.home.path().join("screen.svg");
    let mut command = bench.trusting(&[bench.target("expired"), "--size", "80x24", "--keys", "jj"]);
    let seen = see(command.arg("--screenshot").arg(&picture));
    assert_eq!(seen.code, 0, "{seen:?}");
    let svg = std::fs::read_to_string(&picture).unwrap();
    assert!(svg.starts_with("<svg"), "{}", &svg[..40]);
    assert!(svg.contains("expired"));
    let wrong = see(bench
        .command(&["--screenshot", "x.svg", "--keys", "<huh>", "localhost:1"])
        .arg("--no-proxy"));
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("<huh>"), "{wrong:?}");
}

/// Reads lines of a running child until one holds `wanted`.
pub fn line_with(child: &mut Child, wanted: &str) -> (String, impl BufRead + use<>) {
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    loop {
        line.clear();
        assert!(
            lines.read_line(&mut line).unwrap() > 0,
            "ended before {wanted}"
        );
        if line.contains(wanted) {
            return (line, lines);
        }
    }
}
