//! Programs that change stores: found by name, run on a copy, bounded in time and in what they say.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::text;

use super::{Refusal, TrustError};
use crate::store::Machine;

/// No tool may take longer.
const LIMIT: Duration = Duration::from_secs(120);
/// What a tool says is kept up to here.
const MOST_WORDS: u64 = 64 * 1024;

/// A tool and the packages that bring it.
const PACKAGES: &[(&str, &str)] = &[
    (
        "certutil",
        "libnss3-tools (Debian, Ubuntu), nss-tools (Fedora), nss (Arch) or mozilla-nss-tools (SUSE)",
    ),
    (
        "keytool",
        "a Java runtime, such as default-jre-headless (Debian, Ubuntu) or java-latest-openjdk-headless (Fedora)",
    ),
    ("update-ca-certificates", "ca-certificates"),
    ("update-ca-trust", "ca-certificates"),
    ("git", "git"),
];

/// What a tool answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// It ended well.
    pub ok: bool,
    /// Both of its outputs, safe to display.
    pub words: String,
}

/// Where a tool is; a refusal that says what brings it when it is nowhere.
pub(super) fn find(machine: &Machine, name: &str) -> Result<PathBuf, Refusal> {
    if let Some(found) = machine.programs(name).into_iter().next() {
        return Ok(found);
    }
    // The administrator's tools are often not on a user's path.
    let known =
        ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(|folder| Path::new(folder).join(name));
    if let Some(found) = known.into_iter().find(|path| path.is_file()) {
        return Ok(found);
    }
    let package = PACKAGES.iter().find(|(tool, _)| *tool == name);
    let package = package.map_or(name, |(_, package)| package);
    Err(Refusal {
        reason: format!("The program {name} is missing, and this needs it. Nothing was changed."),
        instead: format!("Install {package}, and try again."),
    })
}

/// Runs a command to its end.
///
/// # Errors
/// When it does not start, or takes too long.
pub(super) fn run(
    machine: &Machine,
    command: &[String],
    input: Option<&str>,
) -> Result<Answer, TrustError> {
    let failed = |words: String| TrustError::Command {
        command: said(command),
        words,
    };
    let Some((program, arguments)) = command.split_first() else {
        return Err(failed("it is empty".to_owned()));
    };
    let mut prepared = Command::new(program);
    prepared.args(arguments).env("LC_ALL", "C");
    if let Some(home) = &machine.home {
        prepared.env("HOME", home);
    }
    let answer = finish(prepared, input.map(str::as_bytes), LIMIT)
        .map_err(|words| failed(text::safe(&words).into_owned()))?;
    Ok(answer)
}

/// Starts a prepared command and waits for its end, no longer than `limit`.
///
/// # Errors
/// In words, when it does not start or does not end.
pub(super) fn finish(
    mut command: Command,
    input: Option<&[u8]>,
    limit: Duration,
) -> Result<Answer, String> {
    let mut child = command
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        // A tool that reads nothing closes early; its answer tells.
        let _ = stdin.write_all(input);
    }
    let (sender, receiver) = mpsc::channel();
    for stream in [
        child
            .stdout
            .take()
            .map(|s| Box::new(s) as Box<dyn Read + Send>),
        child
            .stderr
            .take()
            .map(|s| Box::new(s) as Box<dyn Read + Send>),
    ]
    .into_iter()
    .flatten()
    {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut stream = stream;
            let mut kept = Vec::new();
            let _ = stream.by_ref().take(MOST_WORDS).read_to_end(&mut kept);
            // Read on: a tool whose output is closed dies of it half way.
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
            let _ = sender.send(kept);
        });
    }
    drop(sender);
    let began = std::time::Instant::now();
    let mut words = Vec::new();
    loop {
        match receiver.recv_timeout(limit.saturating_sub(began.elapsed())) {
            Ok(kept) => words.extend(kept),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("it did not end within {} s", limit.as_secs()));
            }
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let words = String::from_utf8_lossy(&words);
    let lines: Vec<String> = words
        .lines()
        .map(|line| text::safe(line.trim_end()).into_owned())
        .filter(|line| !line.is_empty())
        .collect();
    Ok(Answer {
        ok: status.success(),
        words: lines.join("\n"),
    })
}

/// Runs a command on copies of files, in a folder of its own that vanishes; what they are afterwards, in
/// the order of `files`. In the command, `{folder}` is that folder.
///
/// # Errors
/// When the copy cannot be made or the command fails.
pub(super) fn on_copies(
    machine: &Machine,
    files: &[(&str, &[u8], bool)],
    commands: &[Vec<String>],
) -> Result<Vec<Vec<u8>>, TrustError> {
    let failed = |error: std::io::Error| TrustError::Unreadable {
        path: "a folder for copies".to_owned(),
        words: error.to_string(),
    };
    let folder = tempfile::Builder::new()
        .prefix("whycert-")
        .tempdir()
        .map_err(failed)?;
    for (name, bytes, there) in files {
        if *there {
            std::fs::write(folder.path().join(name), bytes).map_err(failed)?;
        }
    }
    for command in commands {
        let command: Vec<String> = command
            .iter()
            .map(|word| word.replace("{folder}", &folder.path().to_string_lossy()))
            .collect();
        let answer = run(machine, &command, None)?;
        if !answer.ok {
            return Err(TrustError::Command {
                command: said(&command),
                words: answer.words,
            });
        }
    }
    files
        .iter()
        .map(|(name, ..)| match std::fs::read(folder.path().join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other.map_err(failed),
        })
        .collect()
}

/// A command as it would be typed.
pub fn said<S: AsRef<OsStr>>(command: &[S]) -> String {
    let words: Vec<String> = command
        .iter()
        .map(|word| text::shell_quote(&text::safe(&word.as_ref().to_string_lossy())))
        .collect();
    words.join(" ")
}
