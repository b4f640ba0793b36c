//! `whycert run`: starts one command whose programs trust a file's certificates beside the public roots.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use crate::capture;
use crate::cert::Certificate;
use crate::diagnosis::interception;
use crate::moment::Moment;
use crate::store::{Machine, Stores};
use crate::text;

use super::rungs::assignments;
use super::{bundle, shown, tool};

/// A file of certificates larger than this is none.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Why a command was not started. The words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct RunError {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub hint: String,
}

fn error(problem: impl Into<String>, hint: impl Into<String>) -> RunError {
    RunError {
        problem: problem.into(),
        hint: hint.into(),
    }
}

/// Programs that run on Java, by the start of their names.
const JAVA: &[&str] = &[
    "java", "mvn", "gradle", "gradlew", "sbt", "kotlin", "ant", "lein",
];

/// Runs a command, and answers with its exit code; 128 and the signal when one ended it.
///
/// # Errors
/// [`RunError`]; the command was not started then.
pub fn run(file: &Path, command: &[OsString]) -> Result<u8, RunError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(error(
            "no command is named",
            "whycert run --trust FILE -- COMMAND",
        ));
    };
    let ders = certificates(file)?;
    let refs: Vec<&[u8]> = ders.iter().map(AsRef::as_ref).collect();
    let system = |problem: std::io::Error| {
        error(
            format!("the folder for the bundle cannot be made: {problem}"),
            "make room on the disk, or set TMPDIR",
        )
    };
    let folder = tempfile::Builder::new()
        .prefix("whycert-")
        .tempdir()
        .map_err(system)?;
    let mut roots = Stores::load(&[]).public_roots();
    roots.retain(|root| !refs.contains(&root.as_ref()));
    let path = folder.path().join("bundle.pem");
    std::fs::write(&path, bundle::alone(&roots, &refs)).map_err(system)?;

    let mut child = Command::new(program);
    child.args(arguments).envs(assignments(&path));
    let name = Path::new(program).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let machine = Machine::this();
    if name.starts_with("wget") {
        child.env(
            "WGETRC",
            wgetrc(&machine, folder.path(), &path).map_err(system)?,
        );
    }
    if JAVA.contains(&name.as_ref()) {
        let store = truststore(&machine, folder.path(), &refs)?;
        let mut option = format!("-Djavax.net.ssl.trustStore={}", store.to_string_lossy());
        if let Some(others) = machine.variable("JAVA_TOOL_OPTIONS") {
            option = format!("{} {option}", others.to_string_lossy());
        }
        child.env("JAVA_TOOL_OPTIONS", option);
    }
    let status = wait(&mut child).map_err(|problem| {
        error(
            format!("{} cannot be started: {problem}", text::safe(&name)),
            "name a program on your PATH after --",
        )
    })?;
    Ok(code(status))
}

/// The certificates of a file, none of which everybody can sign with.
fn certificates(file: &Path) -> Result<Vec<Arc<[u8]>>, RunError> {
    let name = shown(file);
    let unreadable = |words: String| {
        error(
            format!("{name} cannot be read: {words}"),
            "name a PEM or DER file after --trust",
        )
    };
    let meta = std::fs::metadata(file).map_err(|problem| unreadable(problem.to_string()))?;
    if meta.len() > MOST_BYTES {
        return Err(unreadable("it is too large".to_owned()));
    }
    let bytes = std::fs::read(file).map_err(|problem| unreadable(problem.to_string()))?;
    let ders: Vec<Arc<[u8]>> = capture::pem::decode(&bytes)
        .certificates
        .into_iter()
        .map(Arc::from)
        .collect();
    if ders.is_empty() {
        return Err(error(
            format!("there is no certificate in {name}"),
            "whycert export TARGET --what N -o FILE writes one",
        ));
    }
    let now = Moment::now();
    for der in &ders {
        let certificate = Certificate::read(der.clone());
        if let Some(whose) = interception::denied(&certificate) {
            return Err(error(
                format!(
                    "everybody has the private key of a certificate in {name}: it belongs to {whose}"
                ),
                "never trust it",
            ));
        }
        if ders.len() == 1 && certificate.not_after.is_some_and(|until| now > until) {
            return Err(error(
                format!("the certificate in {name} has expired: trust does not turn back time"),
                "ask whoever issued it for a new one",
            ));
        }
    }
    Ok(ders)
}

/// wget reads no variable but the one that names its settings: the person's own, and the bundle.
fn wgetrc(machine: &Machine, folder: &Path, bundle: &Path) -> std::io::Result<std::path::PathBuf> {
    let own = machine
        .variable("WGETRC")
        .map(std::path::PathBuf::from)
        .or_else(|| machine.home.as_ref().map(|home| home.join(".wgetrc")));
    let mut text = own
        .and_then(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("ca_certificate = {}\n", bundle.to_string_lossy()));
    let path = folder.join("wgetrc");
    std::fs::write(&path, text)?;
    Ok(path)
}

/// A trust store for Java: its own, and the certificates.
fn truststore(
    machine: &Machine,
    folder: &Path,
    ders: &[&[u8]],
) -> Result<std::path::PathBuf, RunError> {
    let keytool = tool::find(machine, "keytool").map_err(|no| error(no.reason, no.instead))?;
    let path = folder.join("truststore");
    let failed = |words: String| {
        error(
            format!("the copy of Java's trust store cannot be made: {words}"),
            "",
        )
    };
    let own = super::rungs::java_store(machine).map_err(|no| error(no.reason, no.instead))?;
    std::fs::copy(&own, &path).map_err(|problem| failed(problem.to_string()))?;
    for (at, der) in ders.iter().enumerate() {
        let pem = folder.join("one.der");
        std::fs::write(&pem, der).map_err(|problem| failed(problem.to_string()))?;
        let command: Vec<String> = [
            &*keytool.to_string_lossy(),
            "-importcert",
            "-noprompt",
            "-storepass",
            "changeit",
            "-alias",
            &format!("whycert-{at}"),
            "-file",
            &pem.to_string_lossy(),
            "-keystore",
            &path.to_string_lossy(),
        ]
        .map(str::to_owned)
        .to_vec();
        let answer = tool::run(machine, &command, None).map_err(|e| failed(e.to_string()))?;
        if !answer.ok {
            return Err(failed(answer.words));
        }
    }
    Ok(path)
}

/// Waits for the command; a signal that asks us to end is handed on to it, so that it ends first.
#[cfg(unix)]
fn wait(command: &mut Command) -> std::io::Result<ExitStatus> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let mut child = command.spawn()?;
    let id = rustix::process::Pid::from_child(&child);
    let handle = signals.handle();
    let hands_on = std::thread::spawn(move || {
        for signal in signals.forever() {
            // Ctrl-C reaches the command by the terminal.
            let wanted = match signal {
                SIGTERM => rustix::process::Signal::TERM,
                SIGHUP => rustix::process::Signal::HUP,
                _ => continue,
            };
            let _ = rustix::process::kill_process(id, wanted);
        }
    });
    let status = child.wait();
    handle.close();
    let _ = hands_on.join();
    status
}

#[cfg(not(unix))]
fn wait(command: &mut Command) -> std::io::Result<ExitStatus> {
    command.spawn()?.wait()
}

fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return u8::try_from(128 + signal).unwrap_or(u8::MAX);
        }
    }
    status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(u8::MAX)
}
