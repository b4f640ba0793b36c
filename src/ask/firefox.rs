//! Firefox is asked through its remote control: it starts without a window in a profile made for it, opens
//! one page, and says what came of it: the code that its error page shows, or the name of that page.

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
const PAGE_MILLISECONDS: u32 = 8000;
/// Files of the profile's list of revoked and preloaded certificates that are copied at most, and the
/// bytes of each.
const MOST_FILES: usize = 256;
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How often the page is looked at until it is there.
const MOST_BEATS: u32 = 40;

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

/// Starts it, has it open the page, and ends it. Blocking.
///
/// # Errors
/// When it does not start.
pub(super) fn ask(
    command: &mut Command,
    page: &str,
    folder: &Path,
    limit: Duration,
) -> io::Result<(Said, Duration)> {
    let deadline = Instant::now() + limit;
    let mut firefox = run::start(command)?;
    let said = talk(&mut firefox, page, &folder.join(PROFILE), deadline);
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

fn talk(firefox: &mut Started, page: &str, profile: &Path, deadline: Instant) -> io::Result<Said> {
    let port = port(firefox, &profile.join(PORT), deadline)?;
    let mut control = Marionette::connect(port, deadline)?;
    let wishes = json!({
        "acceptInsecureCerts": false,
        "timeouts": {"pageLoad": PAGE_MILLISECONDS},
    });
    if let Err(refused) = control.command("WebDriver:NewSession", &wishes)? {
        return Ok(not_asked(&refused));
    }
    let opened = control.command("WebDriver:Navigate", &json!({"url": page}))?;
    // Also of a page that opened: whether it is the server's.
    let shown = shown(&mut control)?;
    let _ = control.command("WebDriver:DeleteSession", &json!({}));
    Ok(outcome(opened.err().as_ref(), shown.ok().as_ref()))
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

/// What the page says. A question for a password is closed when it stands in the way, and the page that
/// is there without one waited for.
fn shown(control: &mut Marionette) -> io::Result<Result<Value, Refused>> {
    let script = json!({"script": PAGE, "args": []});
    for _ in 0..MOST_BEATS {
        match control.command("WebDriver:ExecuteScript", &script)? {
            Err(refused) if refused.error == "unexpected alert open" => {}
            Ok(page) if page["value"][0] == "about:blank" => {}
            answer => return Ok(answer),
        }
        std::thread::sleep(BEAT);
    }
    control.command("WebDriver:ExecuteScript", &script)
}

/// What came of it, from the error of the command and what the page says.
fn outcome(refused: Option<&Refused>, shown: Option<&Value>) -> Said {
    let shown = shown.and_then(|result| result.get("value"));
    let part = |place: usize| shown.and_then(|s| s.get(place)).and_then(Value::as_str);
    let (address, code) = (part(0).unwrap_or_default(), part(1).unwrap_or_default());
    match (error_page(address), refused) {
        (Some(name), _) if ANSWERED.contains(&name) => Said::Accepted,
        (Some(_), _) if !code.is_empty() => {
            read::rejected([format!("Error code: {code}").as_str()], "")
        }
        (Some(_), _) => read::rejected(address.split('&').next(), ""),
        (None, Some(refused)) if refused.error == "insecure certificate" => {
            read::rejected([refused.error.as_str()], "")
        }
        // Neither refused nor taken: a server may be silent, or answer with nothing to show.
        (None, Some(refused)) if refused.error == "timeout" => {
            let seconds = PAGE_MILLISECONDS / 1000;
            Said::NotAsked(format!("no page came within {seconds} seconds"))
        }
        (None, Some(refused)) => not_asked(refused),
        (None, None) if address.starts_with("https:") => Said::Accepted,
        (None, None) => Said::NotAsked("it showed no page and no error".to_owned()),
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

    fn said(error: Option<(&str, &str)>, address: &str, code: &str) -> Said {
        let refused = error.map(|(error, message)| Refused {
            error: error.to_owned(),
            message: message.to_owned(),
        });
        outcome(refused.as_ref(), Some(&json!({"value": [address, code]})))
    }

    fn rejected(message: &str) -> Said {
        Said::Rejected {
            message: message.to_owned(),
            cause: String::new(),
        }
    }

    #[test]
    fn the_error_page_has_the_words() {
        let insecure = Some(("insecure certificate", ""));
        assert_eq!(
            said(
                insecure,
                "about:certerror?e=nssBadCert&u=https%3A//x/&d=%20",
                "SEC_ERROR_UNKNOWN_ISSUER"
            ),
            rejected("Error code: SEC_ERROR_UNKNOWN_ISSUER")
        );
        let reached = Some(("unknown error", "Reached error page: about:neterror?…"));
        assert_eq!(
            said(reached, "about:neterror?e=dnsNotFound&u=x", ""),
            rejected("about:neterror?e=dnsNotFound")
        );
        let late = Some(("timeout", "Navigation timed out after 8000 ms"));
        assert_eq!(
            said(late, "about:blank", ""),
            Said::NotAsked("no page came within 8 seconds".to_owned())
        );
    }

    #[test]
    fn only_a_page_of_the_server_means_that_tls_was_fine() {
        assert_eq!(said(None, "https://x/robots.txt", ""), Said::Accepted);
        let reached = Some(("unknown error", "Reached error page: about:neterror?…"));
        assert_eq!(
            said(reached, "about:neterror?e=httpErrorPage&u=x", ""),
            Said::Accepted
        );
        for (error, address) in [
            (None, "about:blank"),
            (None, ""),
            (Some(("unknown error", "x")), "about:blank"),
        ] {
            assert!(
                matches!(said(error, address, ""), Said::NotAsked(_)),
                "{address}"
            );
        }
    }
}
