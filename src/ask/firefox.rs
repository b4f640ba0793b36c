//! Firefox starts without a window in a profile made for it, with the one page to open, and says through its
//! remote control what came of it: the code that its error page shows, or the name of that page.
//!
//! It opens the source of the page: as a page it would load what that names, style sheets, frames, fonts and
//! sounds, which no setting forbids. The remote control itself opens no source, the command line does.

use std::io;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::marionette::{Marionette, Refused};
use super::read;
use super::run::{self, Started};
use crate::judge::client::Said;
use crate::text;

/// The profile, in the folder that Firefox runs in.
pub(super) const PROFILE: &str = "profile";
/// Where Firefox writes the port it listens on.
const PORT: &str = "MarionetteActivePort";
/// How often that file is looked for.
const BEAT: Duration = Duration::from_millis(50);
/// Longest time for the page, as for other clients.
const PAGE_TIME: Duration = Duration::from_secs(8);
/// Files of the profile's list of revoked and preloaded certificates that are copied at most, and the
/// bytes of each.
const MOST_FILES: usize = 256;
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What the error page knows of itself; a code only when the fault is one of TLS.
const PAGE: &str = "\
let code = '';
try { code = (document.getFailedCertSecurityInfo?.() ?? document.getNetErrorInfo?.()).errorCodeString; } catch {}
return [document.documentURI, code ?? ''];";

/// Error pages that are about an answer: TLS was fine.
const ANSWERED: &[&str] = &[
    "httpErrorPage",
    "serverError",
    "redirectLoop",
    "contentEncodingError",
    "corruptedContentErrorv2",
    "unsafeContentType",
    "cspBlocked",
    "xfoBlocked",
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

/// Starts it with the page that its command names, looks what it shows, and ends it. Blocking.
///
/// # Errors
/// When it does not start.
pub(super) fn ask(
    command: &mut Command,
    folder: &Path,
    limit: Duration,
) -> io::Result<(Said, Duration)> {
    let deadline = Instant::now() + limit;
    let mut firefox = run::start(command)?;
    let said = talk(&mut firefox, &folder.join(PROFILE), deadline);
    let ran = firefox.end();
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
    Ok((said, ran.took))
}

fn talk(firefox: &mut Started, profile: &Path, deadline: Instant) -> io::Result<Said> {
    let port = port(firefox, &profile.join(PORT), deadline)?;
    let mut control = Marionette::connect(port, deadline)?;
    let wishes = json!({"acceptInsecureCerts": false});
    if let Err(refused) = control.command("WebDriver:NewSession", &wishes)? {
        return Ok(not_asked(&refused));
    }
    let shown = shown(&mut control)?;
    let _ = control.command("WebDriver:DeleteSession", &json!({}));
    Ok(match shown {
        Ok(page) => outcome(&page),
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

/// What the page says, once there is one. A question for a password that stands in the way is closed by
/// asking; other refusals are those of a page that is just being changed for another.
fn shown(control: &mut Marionette) -> io::Result<Result<Value, Refused>> {
    let script = json!({"script": PAGE, "args": []});
    let end = Instant::now() + PAGE_TIME;
    loop {
        let answer = control.command("WebDriver:ExecuteScript", &script)?;
        let there = |page: &Value| page["value"][0] != "about:blank";
        if answer.as_ref().is_ok_and(there) || Instant::now() >= end {
            return Ok(answer);
        }
        std::thread::sleep(BEAT);
    }
}

/// What came of it, from what the page says: its address, and the code.
fn outcome(shown: &Value) -> Said {
    let part = |place: usize| shown["value"][place].as_str().unwrap_or_default();
    let (address, code) = (part(0), part(1));
    match error_page(address) {
        Some(name) if ANSWERED.contains(&name) => Said::Accepted,
        Some(_) if !code.is_empty() => read::rejected([format!("Error code: {code}").as_str()], ""),
        Some(_) => read::rejected(address.split('&').next(), ""),
        None if address.starts_with("view-source:https:") => Said::Accepted,
        // Neither refused nor taken: a server may be silent, or answer with nothing to show.
        None if address == "about:blank" => {
            let seconds = PAGE_TIME.as_secs();
            Said::NotAsked(format!("no page came within {seconds} seconds"))
        }
        None => Said::NotAsked("it showed no page and no error".to_owned()),
    }
}

/// The name of the error page at this address: `nssFailure2`.
fn error_page(address: &str) -> Option<&str> {
    let query = ["about:neterror?", "about:certerror?"]
        .iter()
        .find_map(|start| address.strip_prefix(start))?;
    let name = query.split('&').find_map(|part| part.strip_prefix("e="));
    Some(name.unwrap_or_default())
}

fn not_asked(refused: &Refused) -> Said {
    let words = format!("{}: {}", refused.error, refused.message);
    Said::NotAsked(text::safe(words.trim_end_matches(": ")).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(address: &str, code: &str) -> Said {
        outcome(&json!({"value": [address, code]}))
    }

    fn rejected(message: &str) -> Said {
        Said::Rejected {
            message: message.to_owned(),
            cause: String::new(),
        }
    }

    #[test]
    fn the_error_page_has_the_words() {
        assert_eq!(
            said(
                "about:certerror?e=nssBadCert&u=view-source%3Ahttps%3A//x/&d=%20",
                "SEC_ERROR_UNKNOWN_ISSUER"
            ),
            rejected("Error code: SEC_ERROR_UNKNOWN_ISSUER")
        );
        assert_eq!(
            said("about:neterror?e=dnsNotFound&u=x", ""),
            rejected("about:neterror?e=dnsNotFound")
        );
        assert_eq!(
            said("about:blank", ""),
            Said::NotAsked("no page came within 8 seconds".to_owned())
        );
    }

    #[test]
    fn only_a_page_of_the_server_means_that_tls_was_fine() {
        for address in [
            "view-source:https://x/robots.txt",
            "about:neterror?e=httpErrorPage&u=x",
        ] {
            assert_eq!(said(address, ""), Said::Accepted, "{address}");
        }
        for address in ["about:blank", "", "about:home", "view-source:http://x/"] {
            assert!(matches!(said(address, ""), Said::NotAsked(_)), "{address}");
        }
        assert!(matches!(outcome(&json!(null)), Said::NotAsked(_)));
    }
}
