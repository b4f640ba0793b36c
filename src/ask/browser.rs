//! Browsers are asked by their remote control: they start without a window on an empty page, and are told to
//! ask for one thing. Their roots are in a database, which only `certutil` writes: what they are given goes
//! into a new one.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::devtools::DevTools;
use super::run::{self, Ran, Started};
use super::{chromium, firefox, read};
use crate::cert::Certificate;
use crate::judge::client::Said;
use crate::store::{self, Anchor};
use crate::text;

/// Longest time for `certutil`.
const DATABASE_TIME: Duration = Duration::from_secs(20);
/// The file with its commands, in the home of the client.
const BATCH: &str = "given.batch";

/// Which remote control a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Firefox's, a port on this machine.
    Marionette,
    /// Chromium's, two pipes.
    DevTools,
}

impl Control {
    /// What is done by it, in words: `it is told …`.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Marionette => {
                "through its remote control (Marionette) it is told to make this request with its own network \
                 code"
            }
            Self::DevTools => {
                "through its remote control (DevTools) it is told to go there, and stopped once the server answers"
            }
        }
    }
}

/// A database with roots that are given.
#[derive(Clone, Debug)]
pub struct Database {
    /// Writes it.
    pub(super) certutil: PathBuf,
    /// Its folder, below the home of the client.
    pub(super) place: &'static str,
    pub(super) roots: Vec<Anchor>,
    /// What is in it, in words; safe to display.
    pub(super) words: String,
}

impl Database {
    /// Makes it. Blocking.
    ///
    /// # Errors
    /// When it cannot be written, or `certutil` does not take the roots: in its words.
    pub(super) fn make(&self, home: &Path) -> io::Result<()> {
        let folder = home.join(self.place);
        std::fs::create_dir_all(&folder)?;
        let place = format!("sql:{}", folder.display());
        let certutil = |arguments: &[&str]| -> io::Result<()> {
            let mut command = Command::new(&self.certutil);
            command.args(arguments).args(["-d", &place]);
            command.env("HOME", home).current_dir(home);
            let ran = run::run(&mut command, DATABASE_TIME)?;
            if ran.code == Some(0) {
                return Ok(());
            }
            let words = read::last_error(&ran).unwrap_or("it did not end well");
            Err(io::Error::other(format!("certutil: {words}")))
        };
        certutil(&["-N", "--empty-password"])?;
        let mut batch = String::new();
        for (at, root) in self.roots.iter().enumerate() {
            let file = format!("given{at}.der");
            std::fs::write(home.join(&file), &root.der)?;
            let trust = store::nss_trust(Certificate::read(Arc::clone(&root.der)).is_ca());
            batch.push_str(&format!("-A -n given{at} -t {trust} -i {file}\n"));
        }
        std::fs::write(home.join(BATCH), batch)?;
        certutil(&["-B", "-i", BATCH])
    }
}

/// Starts the program that `command` is for, tells it to ask for `url`, and ends it. Blocking.
///
/// # Errors
/// When it does not start.
pub(super) fn ask(
    control: Control,
    command: &mut Command,
    folder: &Path,
    url: &str,
    limit: Duration,
) -> io::Result<(Said, Duration)> {
    let deadline = Instant::now() + limit;
    let (program, said) = match control {
        Control::Marionette => {
            let mut firefox = run::start(command)?;
            let said = firefox::talk(&mut firefox, &folder.join(firefox::PROFILE), url, deadline);
            (firefox, said)
        }
        Control::DevTools => {
            let (program, to, from) = run::start_on_pipes(command)?;
            let said = chromium::talk(&mut DevTools::new(to, from, deadline), url);
            (program, said)
        }
    };
    Ok(ended(program, said, limit))
}

/// Ends it, and tells what it said, or why it did not.
fn ended(program: Started, said: io::Result<Said>, limit: Duration) -> (Said, Duration) {
    let ran: Ran = program.end();
    let said = said.unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Said::NotAsked(format!(
            "it did not answer within {} seconds",
            limit.as_secs()
        )),
        _ => {
            let last = read::last_error(&ran);
            let words = last.map_or_else(|| error.to_string(), str::to_owned);
            Said::NotAsked(text::safe(&words).into_owned())
        }
    });
    (said, ran.took)
}
