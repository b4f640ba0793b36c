//! What several test modules share: foreign programs, and the binary, in a clean environment.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Variables that change whom a program trusts or how it connects; tests set their own.
pub const AMBIENT: &[&str] = &[
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "HTTPLIB2_CA_CERTS",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "FORCE_COLOR",
    "COLUMNS",
    "LANG",
    "LC_ALL",
];

/// A foreign program by name. `None` (and a word on standard error) when it is not installed, which
/// is a failure where `CI=true`.
pub fn peer(name: &str) -> Option<PathBuf> {
    let found = found(name);
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{name} is not installed"
        );
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// A foreign program that no distribution packages; tests use it where it is.
pub fn found(name: &str) -> Option<PathBuf> {
    all_found(name).next()
}

fn all_found(name: &str) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let files = folders.into_iter().map(move |folder| folder.join(name));
    files.filter(|file| file.is_file())
}

/// The first Python on the path that has this module, which need not be the first Python. As with
/// [`peer`], none is a failure where `CI=true`.
pub fn python_with(module: &str) -> Option<PathBuf> {
    let found = all_found("python3").find(|python| has_module(python, module));
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "Python's {module} is not installed"
        );
        eprintln!("skipped: Python's {module} is not installed");
    }
    found
}

/// This Python has this module.
pub fn has_module(python: &Path, module: &str) -> bool {
    let mut asked = clean(python);
    let asked = asked.args(["-c", &format!("import {module}")]).output();
    asked.is_ok_and(|asked| asked.status.success())
}

/// A command without ambient trust and proxy settings.
pub fn clean(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in AMBIENT {
        command.env_remove(name);
    }
    command
}

/// The binary, with its files under `home`.
pub fn whycert(home: &Path) -> Command {
    let mut command = clean(env!("CARGO_BIN_EXE_whycert"));
    command
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_STATE_HOME", home.join("state"))
        .env("WHYCERT_ROOTS_FOLDER", home.join("of-root"))
        .stdin(Stdio::null());
    command
}

/// Runs a program that must succeed; its standard output.
pub fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A certificate and key made by `openssl req -x509`: `cert.pem` and `key.pem` in `folder`.
pub fn self_signed(openssl: &Path, folder: &Path, extensions: &[&str]) {
    let mut command = clean(openssl);
    command
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ])
        .args(["-nodes", "-days", "30", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(extensions.iter().flat_map(|e| ["-addext", e]))
        .arg("-keyout")
        .arg(folder.join("key.pem"))
        .arg("-out")
        .arg(folder.join("cert.pem"));
    run(&mut command);
}

/// `openssl s_server -www` on a free port of 127.0.0.1; ends when dropped.
pub struct SServer {
    child: Child,
    /// Where it listens.
    pub port: u16,
}

impl SServer {
    /// Starts it with `cert.pem` and `key.pem` of `folder`, and further arguments.
    pub fn start(openssl: &Path, folder: &Path, more: &[&str]) -> Self {
        let mut child = clean(openssl)
            .args(["s_server", "-accept", "127.0.0.1:0", "-www"])
            .args(["-cert", "cert.pem", "-key", "key.pem"])
            .args(more)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("ACCEPT ")?
                    .rsplit(':')
                    .next()?
                    .parse()
                    .ok()
            })
            .expect("openssl says where it listens");
        // What it prints later is read and dropped, so that it never waits for a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, port }
    }
}

impl Drop for SServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
