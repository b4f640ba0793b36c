//! The clients of this machine, asked themselves: which are there, with which command each is asked, and
//! what it said. The commands are shown before anything runs; only then [`ask`] runs them.
//!
//! Every client gets the user's variables, because their effect is what is measured; but an empty home, so
//! that no credentials, cookies or caches are touched, and no terminal to ask for any.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::judge::client::{Measured, Said};
use crate::text;

mod browser;
mod chromium;
mod devtools;
mod find;
mod firefox;
mod found;
mod given;
mod go;
mod marionette;
mod perl;
mod php;
mod python;
mod read;
mod run;
mod running;
mod table;
mod ways;

pub use find::find;
pub use given::Made;
pub use running::{call_off, stop};
pub use ways::{Asking, Left, NOTHING_JUDGED, Way, obstacle, ways};

/// Clients that run beside each other at most.
const SIDE_BY_SIDE: usize = 3;

/// Variables that could lead to credentials, to another server, or to no verification at all.
const NOT_FOR_THEM: &[&str] = &[
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "GIT_ASKPASS",
    "SSH_ASKPASS",
    "WGETRC",
    "SYSTEM_WGETRC",
    "CURL_HOME",
    "XDG_CONFIG_HOME",
    "GIT_CONFIG_GLOBAL",
    "PYTHONSTARTUP",
    "GITHUB_TOKEN",
    "NPM_TOKEN",
    "KUBECONFIG",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_FIND_LINKS",
    "PIP_FIND_LINKS",
    "DENO_AUTH_TOKENS",
    "CHROME_USER_FLAGS",
];

/// Runs them, a few beside each other, and tells each answer as it comes. Blocking.
///
/// A server that serves one at a time lets the others wait for longer than they do. Where some were
/// answered, those that were not are asked again, each alone, as long as that helps.
pub fn ask(ways: &[Way], told: &(dyn Fn(Measured) + Sync)) {
    running::sweep();
    let before = running::called_off();
    let goes_on = || running::called_off() == before;
    let next = AtomicUsize::new(0);
    let (answered, late) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(ways.len()) {
            scope.spawn(|| {
                while let Some(way) = ways.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !goes_on() {
                        break;
                    }
                    let measured = one(way);
                    // What was ended in the middle has said nothing.
                    if !goes_on() {
                        break;
                    }
                    match (waited(&measured.said), late.lock()) {
                        (true, Ok(mut late)) => late.push((way, measured)),
                        _ => {
                            answered.store(true, Ordering::Relaxed);
                            told(measured);
                        }
                    }
                }
            });
        }
    });
    let mut helps = answered.into_inner();
    for (way, mut measured) in late.into_inner().unwrap_or_default() {
        if !goes_on() {
            break;
        }
        if helps {
            measured = one(way);
            helps = !waited(&measured.said);
        }
        if goes_on() {
            told(measured);
        }
    }
}

/// The client gave up waiting, by its own words or ours.
fn waited(said: &Said) -> bool {
    let words = match said {
        Said::Rejected { message, cause } => format!("{message} {cause}").to_lowercase(),
        Said::NotAsked(why) => why.to_lowercase(),
        Said::Accepted => return false,
    };
    ["timed out", "timeout", "time-out", "did not answer within"]
        .iter()
        .any(|sign| words.contains(sign))
}

fn one(way: &Way) -> Measured {
    let (said, took) = match said(way) {
        Ok((said, took)) => (said, took),
        Err(error) => (
            Said::NotAsked(text::safe(&error.to_string()).into_owned()),
            Duration::ZERO,
        ),
    };
    Measured {
        client: way.client,
        program: way.program.clone(),
        version: way.version.clone(),
        command: way.command(),
        took,
        said,
    }
}

fn said(way: &Way) -> std::io::Result<(Said, Duration)> {
    let home = running::Folder::new()?;
    let folder = home.path().join("work");
    std::fs::create_dir(&folder)?;
    if let Some(own) = &way.profile {
        firefox::copy(own, &folder)?;
    }
    if let Some((name, text)) = way.file {
        let file = folder.join(name);
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(file, text)?;
    }
    if let Some(made) = &way.made {
        std::fs::write(folder.join(made.name), &made.bytes)?;
    }
    if let Some(place) = way.home
        && let Ok(real) = etcetera::home_dir()
        && real.join(place).is_file()
    {
        // A copy of whom it trusts; no keys, no passwords.
        let copy = home.path().join(place);
        copy.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::copy(real.join(place), copy)?;
    }
    if let Some(database) = &way.database {
        database.make(home.path())?;
    }
    let mut command = Command::new(&way.program);
    command.args(&way.arguments).current_dir(&folder);
    surroundings(&mut command, home.path());
    for (name, value) in &way.variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(control) = way.control {
        return browser::ask(control, &mut command, &folder, &way.url, way.limit);
    }
    let ran = run::run(&mut command, way.limit)?;
    if ran.timed_out {
        let limit = way.limit.as_secs();
        let words = format!("it did not answer within {limit} seconds");
        return Ok((Said::NotAsked(words), ran.took));
    }
    Ok(((way.reads)(&ran), ran.took))
}

/// The user's variables, but nobody's secrets.
fn surroundings(command: &mut Command, home: &Path) {
    // Go compiles: with what is compiled already it takes seconds instead of minutes.
    let cache = std::env::var_os("GOCACHE").or_else(|| {
        let real = etcetera::home_dir().ok()?.join(".cache/go-build");
        real.is_dir().then(|| real.into_os_string())
    });
    command.env(
        "GOCACHE",
        cache.unwrap_or_else(|| home.join("go").into_os_string()),
    );
    for name in NOT_FOR_THEM {
        command.env_remove(name);
    }
    command
        .env("HOME", home)
        // What they leave behind goes with it.
        .env("TMPDIR", home)
        .env("LC_ALL", "C.UTF-8")
        .env("NO_COLOR", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("NETRC", home.join("no-netrc"))
        // Outside of modules programs are built with the defaults of old Go.
        .env("GO111MODULE", "on")
        .env("GOTOOLCHAIN", "local")
        .env("DENO_NO_UPDATE_CHECK", "1")
        .env("UV_PYTHON_DOWNLOADS", "never");
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    /// A script that notes each time it runs in `folder`.
    fn script(folder: &Path, client: &'static str, then: &str) -> Way {
        let log = folder.join(client);
        let log = log.to_string_lossy();
        Way {
            client,
            version: client.to_owned(),
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), format!("echo >> {log}; {then}")],
            file: None,
            home: None,
            variables: Vec::new(),
            profile: None,
            made: None,
            database: None,
            control: None,
            url: String::new(),
            sends: "nothing",
            limit: Duration::from_secs(20),
            reads: read::script,
        }
    }

    fn asked(folder: &Path, ways: &[Way]) -> Vec<(&'static str, bool, usize)> {
        let told = Mutex::new(Vec::new());
        ask(ways, &|measured| told.lock().unwrap().push(measured));
        let mut told = told.into_inner().unwrap();
        told.sort_by_key(|measured| measured.client);
        let times = |client| std::fs::read_to_string(folder.join(client)).unwrap().len();
        told.iter()
            .map(|m| (m.client, m.said == Said::Accepted, times(m.client)))
            .collect()
    }

    #[test]
    fn who_waited_for_others_is_asked_again_as_long_as_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let late = "echo 'Read timed out.' >&2; exit 1";
        // The second time it is its turn.
        let turn = format!(
            "[ $(wc -l < {}/b) -gt 1 ] || {{ {late}; }}",
            folder.display()
        );
        let answered = script(folder, "a", "exit 0");
        let ways = [answered.clone(), script(folder, "b", &turn)];
        assert_eq!(asked(folder, &ways), [("a", true, 1), ("b", true, 2)]);

        // Where it does not help, the others are not made to wait again.
        let ways = [
            answered,
            script(folder, "c", late),
            script(folder, "d", late),
        ];
        let again: usize = asked(folder, &ways)[1..].iter().map(|(.., n)| n).sum();
        assert_eq!(again, 3);

        // Where nobody was answered, the server is silent.
        let folder = tempfile::tempdir().unwrap();
        let ways = [
            script(folder.path(), "e", late),
            script(folder.path(), "f", late),
        ];
        let all = asked(folder.path(), &ways);
        assert_eq!(all, [("e", false, 1), ("f", false, 1)]);
    }
}
