//! Firefox starts without a window in a profile made for it, and through its remote control is told to make one
//! HEAD request with its own network code. As a page it would load what the answer names, and ask for
//! passwords. The fault is told as its error page tells it: by the code, else by the name of the page.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::marionette::{Marionette, Refused};
use super::read::{self, PAGE_TIME};
use super::run::Started;
use crate::judge::client::Said;
use crate::text;

/// The profile, in the folder that Firefox runs in.
pub(super) const PROFILE: &str = "profile";
/// Where Firefox writes the port it listens on.
const PORT: &str = "MarionetteActivePort";
/// How often that file is looked for.
const BEAT: Duration = Duration::from_millis(50);
/// Files of the profile's list of revoked and preloaded certificates that are copied at most, and the
/// bytes of each.
const MOST_FILES: usize = 256;
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Makes the request.
const HEAD: &str = include_str!("../../assets/ask/firefox-head.js");

/// The names of error pages without a code, by the name of what happened: `nsDocShell::DisplayLoadError`.
const PAGES: &[(&str, &str)] = &[
    ("NS_ERROR_UNKNOWN_HOST", "dnsNotFound"),
    ("NS_ERROR_CONNECTION_REFUSED", "connectionFailure"),
    ("NS_ERROR_NET_INTERRUPT", "netInterrupt"),
    ("NS_ERROR_NET_TIMEOUT", "netTimeout"),
    ("NS_ERROR_NET_RESET", "netReset"),
    ("NS_ERROR_UNKNOWN_PROXY_HOST", "proxyResolveFailure"),
    ("NS_ERROR_PROXY_CONNECTION_REFUSED", "proxyConnectFailure"),
    ("NS_ERROR_PORT_ACCESS_NOT_ALLOWED", "deniedPortAccess"),
];

/// Copies into a fresh profile what decides whom Firefox trusts: the certificates with their trust, the
/// exceptions, the lists of revoked and preloaded ones. No keys, passwords or modules.
///
/// # Errors
/// When the profile cannot be written; what cannot be read is left out.
pub(super) fn copy(from: &Path, folder: &Path) -> io::Result<()> {
    let profile = folder.join(PROFILE);
    let state = "security_state";
    std::fs::create_dir_all(profile.join(state))?;
    let lists = std::fs::read_dir(from.join(state)).into_iter().flatten();
    let lists = lists.filter_map(Result::ok).take(MOST_FILES);
    let lists = lists.map(|entry| Path::new(state).join(entry.file_name()));
    for name in ["cert9.db", "cert_override.txt"]
        .map(Into::into)
        .into_iter()
        .chain(lists)
    {
        let file = from.join(&name);
        let fits = |meta: &std::fs::Metadata| meta.is_file() && meta.len() <= MOST_BYTES;
        if file.metadata().as_ref().is_ok_and(fits) {
            let _ = std::fs::copy(file, profile.join(name));
        }
    }
    Ok(())
}

/// Waits until it listens, has it ask, and tells what came of it.
///
/// # Errors
/// When Firefox ends, hangs up, or needs longer than it may.
pub(super) fn talk(
    firefox: &mut Started,
    profile: &Path,
    url: &str,
    deadline: Instant,
) -> io::Result<Said> {
    let port = port(firefox, &profile.join(PORT), deadline)?;
    let mut control = Marionette::connect(port, deadline)?;
    let limit = PAGE_TIME.as_millis();
    let wishes = json!({"acceptInsecureCerts": false, "timeouts": {"script": limit}});
    let own = json!({"value": "chrome"});
    let request = json!({"script": HEAD, "args": [url]});
    let mut last = Ok(Value::Null);
    for (name, parameters) in [
        ("WebDriver:NewSession", wishes),
        // Where Firefox's own code runs, not that of a page.
        ("Marionette:SetContext", own),
        ("WebDriver:ExecuteAsyncScript", request),
    ] {
        last = control.command(name, &parameters)?;
        if last.is_err() {
            break;
        }
    }
    let _ = control.command("WebDriver:DeleteSession", &json!({}));
    Ok(match last {
        Ok(answer) => outcome(&answer["value"]),
        Err(refused) if refused.error == "script timeout" => read::no_answer(),
        Err(refused) => not_asked(&refused),
    })
}

/// Waits until it listens.
fn port(firefox: &mut Started, file: &Path, deadline: Instant) -> io::Result<u16> {
    loop {
        let written = std::fs::read_to_string(file).unwrap_or_default();
        if let Ok(port) = written.trim().parse() {
            return Ok(port);
        }
        if firefox.has_ended() {
            return Err(io::Error::other("it ended at once"));
        }
        if Instant::now() >= deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        std::thread::sleep(BEAT);
    }
}

/// What came of it: the name of how the request ended, the status of HTTP, the code of a fault of TLS.
fn outcome(answer: &Value) -> Said {
    let word = |place: usize| answer[place].as_str().unwrap_or_default();
    let (name, code) = (word(0), word(2));
    let page = PAGES.iter().find(|(known, _)| *known == name);
    if answer[1].as_u64().is_some_and(|status| status != 0) {
        // Whatever the server answered, TLS was fine.
        return Said::Accepted;
    }
    match (code, page) {
        ("", Some((_, page))) => read::rejected([format!("about:neterror?e={page}").as_str()], ""),
        ("", None) if name.starts_with("NS_ERROR_") => {
            read::rejected([format!("Error code: {name}").as_str()], "")
        }
        ("", None) => Said::NotAsked("it told neither an answer nor an error".to_owned()),
        (code, _) => read::rejected([format!("Error code: {code}").as_str()], ""),
    }
}

fn not_asked(refused: &Refused) -> Said {
    let words = format!("{}: {}", refused.error, refused.message);
    Said::NotAsked(text::safe(words.trim_end_matches(": ")).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(name: &str, status: u16, code: &str) -> Said {
        outcome(&json!([name, status, code]))
    }

    fn rejected(message: &str) -> Said {
        Said::Rejected {
            message: message.to_owned(),
            cause: String::new(),
        }
    }

    #[test]
    fn a_fault_has_the_words_of_the_error_page() {
        for (name, code, words) in [
            (
                "",
                "SEC_ERROR_UNKNOWN_ISSUER",
                "Error code: SEC_ERROR_UNKNOWN_ISSUER",
            ),
            (
                "NS_ERROR_NET_RESET",
                "PR_END_OF_FILE_ERROR",
                "Error code: PR_END_OF_FILE_ERROR",
            ),
            ("NS_ERROR_UNKNOWN_HOST", "", "about:neterror?e=dnsNotFound"),
            (
                "NS_ERROR_PROXY_FORBIDDEN",
                "",
                "Error code: NS_ERROR_PROXY_FORBIDDEN",
            ),
        ] {
            assert_eq!(said(name, 0, code), rejected(words));
        }
    }

    #[test]
    fn only_an_answer_of_the_server_means_that_tls_was_fine() {
        for (name, status) in [
            ("NS_OK", 200),
            ("NS_OK", 401),
            ("NS_ERROR_REDIRECT_LOOP", 302),
        ] {
            assert_eq!(said(name, status, ""), Said::Accepted, "{name}");
        }
        for nothing in [json!(["NS_OK", 0, ""]), json!(["", 0, ""]), json!(null)] {
            assert!(matches!(outcome(&nothing), Said::NotAsked(_)), "{nothing}");
        }
    }
}
