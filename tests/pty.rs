//! The binary in a real pseudo-terminal: it starts, obeys keys, and gives the terminal back whatever
//! happens. Tests wait for what the terminal shows and never sleep.
#![cfg(unix)]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{MouseProtocolMode, Parser, Screen};

use crate::support::programs::{AMBIENT, clean, peer, run};

/// A machine under load is slow; what asks no client takes less than a second on an idle one.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came out of the terminal so far.
pub struct Seen {
    pub parser: Parser,
    pub raw: Vec<u8>,
    closed: bool,
}

pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    pub home: tempfile::TempDir,
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Pty {
    /// The binary on these arguments, in an empty home that is also the current folder.
    fn whycert(arguments: &[&str]) -> Self {
        Self::start(env!("CARGO_BIN_EXE_whycert"), arguments, &[])
    }

    pub fn start(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        for name in AMBIENT.iter().chain(&[
            "TMUX",
            "SSH_TTY",
            "SSH_CONNECTION",
            "DISPLAY",
            "WAYLAND_DISPLAY",
        ]) {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("HOME", home.path());
        for (name, folder) in [
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
        ] {
            command.env(name, home.path().join(folder));
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(home.path());
        let pair = native_pty_system().openpty(size(80, 24)).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let writer = pair.master.take_writer().unwrap();
        let reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::new((
            Mutex::new(Seen {
                parser: Parser::new(cells(24), cells(80), 0),
                raw: Vec::new(),
                closed: false,
            }),
            Condvar::new(),
        ));
        let shared = seen.clone();
        std::thread::spawn(move || read(reader, &shared));
        Self {
            master: pair.master,
            writer,
            child,
            seen,
            home,
        }
    }

    pub fn send(&mut self, keys: &str) -> &mut Self {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Waits until the terminal is in some state.
    pub fn wait_for(&mut self, what: &str, ready: impl Fn(&Screen) -> bool) -> &mut Self {
        self.wait_until(what, |seen| ready(seen.parser.screen()));
        self
    }

    pub fn wait_text(&mut self, text: &str) -> &mut Self {
        self.wait_for(text, |screen| screen.contents().contains(text))
    }

    pub fn wait_until(&self, what: &str, ready: impl Fn(&Seen) -> bool) {
        let (lock, changed) = &*self.seen;
        let end = Instant::now() + PATIENCE;
        let mut seen = lock.lock().unwrap();
        while !ready(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !seen.closed,
                "waited in vain for {what}:\n{}",
                seen.parser.screen().contents()
            );
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        let (lock, _) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        seen.parser
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        self.master.resize(size(columns, rows)).unwrap();
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        run(Command::new("kill").args([name, &pid]));
    }

    /// Every byte that came so far.
    pub fn raw(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().raw.clone()
    }

    /// Something of what stands on the screen now.
    pub fn screen<T>(&self, read: impl Fn(&Screen) -> T) -> T {
        read(self.seen.0.lock().unwrap().parser.screen())
    }

    pub fn contents(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// Waits for the end and checks that the terminal is as it was found; gives the exit code.
    pub fn ends_clean(mut self) -> u32 {
        // The line discipline is the slave's: asked for while the master still holds it open.
        let status = self.ended();
        self.wait_for("the terminal to be given back", is_given_back);
        let modes = self.master.get_termios().expect("a terminal");
        let modes = format!("{:?}", modes.local_flags);
        assert!(
            modes.contains("ICANON") && modes.contains("ECHO"),
            "{modes}"
        );
        status
    }

    /// Waits for the end of the program; its exit code. One that does not end is ended, and fails.
    fn ended(&mut self) -> u32 {
        let (ends, waits) = mpsc::channel::<()>();
        let mut killer = self.child.clone_killer();
        let watch = std::thread::spawn(move || {
            let late = waits.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
            if late {
                let _ = killer.kill();
            }
            late
        });
        let status = self.child.wait().unwrap();
        drop(ends);
        assert!(!watch.join().unwrap(), "no end:\n{}", self.contents());
        status.exit_code()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn read(mut reader: Box<dyn Read + Send>, seen: &(Mutex<Seen>, Condvar)) {
    let mut bytes = [0; 8192];
    loop {
        let n = reader.read(&mut bytes).unwrap_or(0);
        let mut seen_now = seen.0.lock().unwrap();
        seen_now.raw.extend(&bytes[..n]);
        seen_now.parser.process(&bytes[..n]);
        seen_now.closed = n == 0;
        seen.1.notify_all();
        if n == 0 {
            return;
        }
    }
}

fn is_taken(screen: &Screen) -> bool {
    screen.alternate_screen()
        && screen.hide_cursor()
        && screen.bracketed_paste()
        && screen.mouse_protocol_mode() != MouseProtocolMode::None
}

fn is_given_back(screen: &Screen) -> bool {
    !screen.alternate_screen()
        && !screen.hide_cursor()
        && !screen.bracketed_paste()
        && screen.mouse_protocol_mode() == MouseProtocolMode::None
}

fn chain() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/verify/chain.pem");
    path.to_string_lossy().into_owned()
}

/// The screen on a file, once the verdict stands there.
fn opened() -> Pty {
    let mut pty = Pty::whycert(&[&chain()]);
    pty.wait_text(" clients").wait_for("taken", is_taken);
    pty
}

fn written(folder: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path());
    all.filter(|p| p.extension().is_some_and(|e| e == "pem"))
        .collect()
}

#[test]
fn keys_reach_the_screen_and_quit_restores_the_terminal() {
    let mut pty = opened();
    pty.send("4").wait_text("-----BEGIN CERTIFICATE-----");
    pty.send("?").wait_text("next row or line");
    pty.send("\x1b").wait_for("help to close", |s| {
        !s.contents().contains("next row or line")
    });
    pty.send("q");
    assert_eq!(pty.ends_clean(), 0);
}

/// The escape key in the middle of asking ends the program that is being asked, and whycert goes on.
#[test]
fn escape_ends_a_client_that_is_being_asked() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (curl, number) = (folder.path().join("curl"), folder.path().join("number"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n*https://*) echo $$ > {}; exec /bin/sleep 60;;\n*) echo 'curl 8.14.1 (x86_64-pc-linux-gnu) libcurl/8.14.1 OpenSSL/3.5.1';;\nesac\n",
        number.display()
    );
    std::fs::write(&curl, script).unwrap();
    std::fs::set_permissions(&curl, std::fs::Permissions::from_mode(0o755)).unwrap();
    let bench = crate::headless::Bench::with(&["healthy"]);
    let path = folder.path().to_string_lossy().into_owned();
    let mut pty = Pty::start(
        env!("CARGO_BIN_EXE_whycert"),
        &[bench.target("healthy")],
        &[("PATH", &path)],
    );
    pty.wait_text(" clients").send("a").wait_text("Ask ");
    pty.send("\r").wait_text("still to answer");
    let pid = std::cell::Cell::new(0);
    let read = || {
        let read = std::fs::read_to_string(&number).unwrap_or_default();
        pid.set(read.trim().parse().unwrap_or(0));
        pid.get() > 0
    };
    let end = Instant::now() + PATIENCE;
    while !read() {
        assert!(Instant::now() < end, "it was not started");
        std::thread::yield_now();
    }
    pty.send("\x1b").wait_text("No more clients are asked");
    let pid = rustix::process::Pid::from_raw(pid.get()).unwrap();
    while rustix::process::test_kill_process(pid).is_ok() {
        assert!(Instant::now() < end, "it still runs");
        std::thread::yield_now();
    }
    pty.send("q");
    pty.ends_clean();
}

#[test]
fn a_report_is_as_wide_as_the_terminal() {
    for (arguments, last) in [
        (["verify", "--chain", &chain()].as_slice(), "The same with"),
        (&["explain", "chain.expired-cross-sign"], "Two parents"),
        (
            &["explain", "--offline", "certificate has expired"],
            "The lesson of",
        ),
        (&["lab", "list", "missing-intermediate"], "whycert finds"),
    ] {
        let mut pty = Pty::whycert(arguments);
        pty.wait_text(last);
        let raw = String::from_utf8(pty.raw()).unwrap();
        assert!(raw.lines().count() > 4, "{raw}");
        // Lines to copy stay whole.
        let words = raw.lines().filter(|line| !line.contains("openssl "));
        for line in words {
            assert!(whycert::text::width(line) <= 80, "{line}");
        }
    }
}

#[test]
fn a_dumb_terminal_gets_lines_and_no_screen() {
    let mut pty = Pty::start(
        env!("CARGO_BIN_EXE_whycert"),
        &[&chain()],
        &[("TERM", "dumb")],
    );
    pty.wait_text("The same with other programs");
    assert!(!pty.raw().contains(&0x1b), "{}", pty.contents());
    pty.ends_clean();
}

#[test]
fn one_key_exports_a_pem_that_openssl_reads() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let mut pty = opened();
    pty.send("e").wait_text("Wrote ");
    let files = written(pty.home.path());
    let [file] = files.as_slice() else {
        panic!("{files:?}")
    };
    let subject = run(clean(openssl)
        .args(["x509", "-noout", "-subject", "-in"])
        .arg(file));
    assert!(subject.contains("Example Test"), "{subject}");
    let before = std::fs::read(file).unwrap();
    // Again: nothing is overwritten.
    pty.send("j").send("e");
    let folder = pty.home.path().to_owned();
    pty.wait_until("a second file", |_| written(&folder).len() == 2);
    assert_eq!(std::fs::read(file).unwrap(), before);
    pty.send("q");
    pty.ends_clean();
}

#[test]
fn a_forbidden_folder_is_a_plain_sentence() {
    let mut pty = opened();
    pty.send("E\t\t\x15/nowhere/at/all.pem\r").wait_text("✗");
    pty.wait_text("/nowhere/at");
    pty.send("q");
    pty.ends_clean();
}

#[test]
fn over_ssh_copies_go_by_osc_52_and_in_tmux_wrapped() {
    let cases: [(&[(&str, &str)], &[u8]); 2] = [
        (
            &[("SSH_TTY", "/dev/pts/0"), ("DISPLAY", ":99")],
            b"\x1b]52;c;LS0tLS1CRUdJTi",
        ),
        (
            &[("SSH_TTY", "/dev/pts/0"), ("TMUX", "/tmp/x,1,0")],
            b"\x1bPtmux;\x1b\x1b]52;c;LS0tLS1CRUdJTi",
        ),
    ];
    for (variables, expected) in cases {
        let mut pty = Pty::start(env!("CARGO_BIN_EXE_whycert"), &[&chain()], variables);
        pty.wait_text(" clients");
        pty.send("y").wait_text("cannot be confirmed");
        pty.wait_until("the sequence", |seen| {
            seen.raw.windows(expected.len()).any(|w| w == expected)
        });
        pty.send("q");
        pty.ends_clean();
    }
}

#[test]
fn without_any_clipboard_the_copy_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut pty = Pty::start(
        env!("CARGO_BIN_EXE_whycert"),
        &[&chain()],
        &[
            ("TERM", "linux"),
            ("TMPDIR", &folder.path().to_string_lossy()),
        ],
    );
    pty.wait_text(" clients");
    pty.send("y")
        .wait_text("There is no clipboard here; wrote the PEM");
    pty.send("q");
    pty.ends_clean();
}

#[test]
fn interrupt_and_signals_end_it_and_restore_the_terminal() {
    let mut pty = opened();
    pty.send("o").wait_text("Inspect").send("\x03");
    pty.ends_clean();
    for name in ["-TERM", "-HUP", "-INT"] {
        let pty = opened();
        pty.signal(name);
        pty.ends_clean();
    }
}

#[test]
fn resizing_draws_anew() {
    let mut pty = opened();
    pty.resize(120, 40);
    pty.wait_for("the wide screen", |s| {
        let wide = s.rows(0, 120).next().unwrap_or_default();
        wide.trim_end().ends_with(" clients") && wide.len() > 100
    });
    pty.resize(40, 10);
    pty.wait_text(" TLS ");
    pty.resize(15, 3);
    pty.wait_text("too small");
    pty.resize(80, 24);
    pty.wait_text(" PEM ");
    pty.send("q");
    pty.ends_clean();
}

#[test]
fn suspending_gives_the_terminal_back_until_fg() {
    let Some(bash) = peer("bash") else { return };
    let mut pty = Pty::start(
        &bash.to_string_lossy(),
        &["--norc", "--noprofile", "-i"],
        &[("PS1", "ready> ")],
    );
    pty.wait_text("ready> ");
    pty.send(&format!(
        "'{}' '{}'\r",
        env!("CARGO_BIN_EXE_whycert"),
        chain()
    ));
    pty.wait_for("taken", is_taken).wait_text(" clients");
    for stop in ["\x1a", ""] {
        if stop.is_empty() {
            // From outside: the process in the foreground is whycert.
            let pid = pty.master.process_group_leader().unwrap().to_string();
            run(Command::new("kill").args(["-TSTP", &pid]));
        } else {
            pty.send(stop);
        }
        pty.wait_for("the shell", |s| {
            !s.alternate_screen() && s.contents().trim_end().ends_with("ready>")
        });
        // Bash turns bracketed paste on for its own prompt; the rest must be off.
        pty.wait_for("given back", |s| {
            !s.hide_cursor() && s.mouse_protocol_mode() == MouseProtocolMode::None
        });
        pty.send("fg\r");
        pty.wait_for("taken again", is_taken).wait_text(" clients");
    }
    pty.send("q");
    // Until the prompt is there again, what is typed may still be whycert's.
    pty.wait_for("the shell", |s| {
        !s.alternate_screen() && s.contents().trim_end().ends_with("ready>")
    });
    pty.send("exit 7\r");
    assert_eq!(pty.ended(), 7);
}

#[test]
fn a_silent_server_has_a_name_on_screen_and_can_be_left_at_once() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut pty = Pty::whycert(&[&format!("https://127.0.0.1:{port}")]);
    let (_kept, _) = listener.accept().unwrap();
    pty.wait_text("shaking hands…").wait_text("1 s");
    pty.send("\x03");
    pty.ends_clean();
}

#[test]
fn pasted_garbage_stays_in_the_input_line() {
    let mut pty = opened();
    let garbage =
        "\x1b[200~".to_owned() + &"line with\nbreaks and \u{202e}bidi ".repeat(400) + "\x1b[201~";
    pty.send(&garbage).wait_text("Inspect");
    pty.send("\r").wait_text("hint:");
    pty.send("\x1b")
        .wait_for("the dialog to close", |s| !s.contents().contains("hint:"));
    assert!(!pty.contents().contains('\u{202e}'));
    pty.send("q");
    pty.ends_clean();
}

#[test]
fn an_explained_error_opens_its_server_and_stays_above_the_prompt() {
    let error = "HTTPSConnectionPool(host='127.0.0.1', port=1): certificate has expired";
    let mut pty = Pty::whycert(&["explain", error, "--no-proxy"]);
    pty.wait_for("taken", is_taken).wait_text("You pasted");
    pty.send("q").wait_text("whycert explain cert.expired");
    pty.ends_clean();
    // Through a pipe, the keyboard is still the terminal's.
    let line = format!(
        "printf %s \"{error}\" | {} explain - --no-proxy",
        env!("CARGO_BIN_EXE_whycert")
    );
    let mut pty = Pty::start("sh", &["-c", &line], &[]);
    pty.wait_text("You pasted").send("q");
    pty.wait_text("whycert explain cert.expired");
    pty.ends_clean();
}

#[test]
fn a_panic_restores_the_terminal_and_is_told() {
    let fifo = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("panic-{}", std::process::id()));
    let _ = std::fs::remove_file(&fifo);
    run(Command::new("mkfifo").arg(&fifo));
    let own = std::env::current_exe().unwrap();
    let mut pty = Pty::start(
        &own.to_string_lossy(),
        &[
            "--exact",
            "pty::child_that_panics",
            "--ignored",
            "--nocapture",
        ],
        &[("WHYCERT_TEST_FIFO", &fifo.to_string_lossy())],
    );
    pty.wait_text(" clients").wait_for("taken", is_taken);
    std::fs::write(&fifo, "now").unwrap();
    pty.wait_for("given back", is_given_back)
        .wait_text("on purpose");
    assert_ne!(pty.ends_clean(), 0);
    let _ = std::fs::remove_file(fifo);
}

/// Not a test: the program that the test above runs in a pseudo-terminal.
#[test]
#[ignore = "a part of a_panic_restores_the_terminal_and_is_told"]
fn child_that_panics() {
    let Some(fifo) = std::env::var_os("WHYCERT_TEST_FIFO") else {
        return;
    };
    std::thread::spawn(|| {
        let start = whycert::tui::Start {
            entries: vec![whycert::tui::Entry {
                target: whycert::target::Target::parse(&chain()).unwrap(),
                label: None,
                story: None,
            }],
            options: whycert::inspect::Options::default(),
            stores: whycert::tui::StoreSource::Fixed(whycert::store::Stores::default()),
            look: whycert::tui::theme::Look {
                theme: whycert::tui::theme::Theme::Terminal,
                glyphs: &whycert::tui::theme::UNICODE,
            },
        };
        whycert::tui::run(start)
    });
    // Reading ends when the other side has seen the screen and writes.
    std::fs::read(fifo).unwrap();
    panic!("on purpose");
}
