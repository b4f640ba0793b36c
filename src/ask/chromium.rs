//! Chromium starts without a window, and through its remote control goes to one page. It is stopped as soon
//! as the server has answered, with whatever: nothing that the answer names is loaded, no script runs, no
//! redirection is followed. What it says of a failure is what its error page says.

use std::io::{self, Write};
use std::time::Instant;

use serde_json::{Value, json};

use super::devtools::{self, DevTools};
use super::read::{self, PAGE_TIME};
use crate::judge::client::Said;

/// Goes there and tells what came of it.
///
/// # Errors
/// When Chromium hangs up, refuses, or needs longer than it may.
pub(super) fn talk<W: Write>(control: &mut DevTools<W>, url: &str) -> io::Result<Said> {
    let blank = json!({"url": "about:blank"});
    let made = control.command(None, "Target.createTarget", &blank)?;
    let attach = json!({"targetId": made["targetId"], "flatten": true});
    let attached = control.command(None, "Target.attachToTarget", &attach)?;
    let page = attached["sessionId"].as_str().unwrap_or_default();
    let answers = json!({"patterns": [{"urlPattern": "*", "requestStage": "Response"}]});
    control.command(Some(page), "Fetch.enable", &answers)?;
    let went = control.tell(Some(page), "Page.navigate", &json!({"url": url}))?;
    let end = Instant::now() + PAGE_TIME;
    loop {
        let message = match control.next(end) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                return Ok(read::no_answer());
            }
            other => other?,
        };
        if message["method"] == "Fetch.requestPaused" {
            let paused = &message["params"];
            if paused["responseStatusCode"].is_u64() {
                return Ok(Said::Accepted);
            }
            // It failed: how, the navigation tells.
            let go_on = json!({"requestId": paused["requestId"]});
            control.tell(Some(page), "Fetch.continueRequest", &go_on)?;
        } else if message["id"] == went {
            return Ok(outcome(&devtools::answer(&message)?));
        }
    }
}

/// How a navigation ended that nobody answered.
fn outcome(navigation: &Value) -> Said {
    match navigation["errorText"].as_str() {
        Some(words) => read::rejected([words], ""),
        None => Said::NotAsked("it showed no page and no error".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What comes of these messages after those of the beginning.
    fn said(messages: &str) -> (io::Result<Said>, String) {
        let all = format!(
            "{}{messages}",
            "{\"id\":1,\"result\":{\"targetId\":\"t\"}}\0{\"id\":2,\"result\":{\"sessionId\":\"p\"}}\0{\"id\":3,\"result\":{}}\0"
        );
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut heard = Vec::new();
        let mut control = DevTools::new(&mut heard, io::Cursor::new(all.into_bytes()), deadline);
        let said = talk(&mut control, "https://x/robots.txt");
        (said, String::from_utf8(heard).unwrap())
    }

    #[test]
    fn an_answer_of_the_server_means_that_tls_was_fine_and_ends_it() {
        for status in [200, 204, 302, 401, 500] {
            let paused = format!(
                "{{\"method\":\"Fetch.requestPaused\",\"params\":{{\"requestId\":\"r\",\"responseStatusCode\":{status}}}}}\0"
            );
            let (said, heard) = said(&paused);
            assert_eq!(said.unwrap(), Said::Accepted);
            assert!(!heard.contains("continueRequest"), "{heard}");
        }
    }

    #[test]
    fn a_failure_is_told_in_the_words_of_the_error_page() {
        let (said, heard) = said(
            "{\"method\":\"Fetch.requestPaused\",\"params\":{\"requestId\":\"r\",\"responseErrorReason\":\"Failed\"}}\0{\"id\":5,\"result\":{}}\0{\"id\":4,\"result\":{\"errorText\":\"net::ERR_CERT_DATE_INVALID\"}}\0",
        );
        let words = Said::Rejected {
            message: "net::ERR_CERT_DATE_INVALID".to_owned(),
            cause: String::new(),
        };
        assert_eq!(said.unwrap(), words);
        assert!(heard.contains("continueRequest"), "{heard}");
    }

    #[test]
    fn neither_answer_nor_error_is_no_verdict() {
        let (ended, _) = said("{\"id\":4,\"result\":{}}\0");
        assert!(matches!(ended, Ok(Said::NotAsked(_))));
        let (refused, _) = said("{\"id\":4,\"error\":{\"message\":\"no\"}}\0");
        assert!(refused.is_err());
        assert!(said("").0.is_err());
    }
}
