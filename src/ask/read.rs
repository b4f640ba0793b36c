//! What a client that was run has said: accepted, or rejected in which words. Words are put as they were
//! measured: the lines that speak of the failure, joined by ` | `.

use std::time::Duration;

use super::run::Ran;
use crate::judge::client::Said;
use crate::text;

/// Reads the outcome of one run.
pub(super) type Reads = fn(&Ran) -> Said;

/// Characters of words that are kept.
const MOST_WORDS: usize = 4096;
/// Longest time for an answer of the server, as for other clients.
pub(super) const PAGE_TIME: Duration = Duration::from_secs(8);

/// It refused in these lines, over this error within the error.
pub(super) fn rejected<'l>(lines: impl IntoIterator<Item = &'l str>, cause: &str) -> Said {
    let joined = lines.into_iter().collect::<Vec<_>>().join(" | ");
    let kept =
        |words: &str| -> String { text::safe(words.trim()).chars().take(MOST_WORDS).collect() };
    Said::Rejected {
        message: kept(&joined),
        cause: kept(cause),
    }
}

/// A server that says nothing is neither refused nor taken.
pub(super) fn no_answer() -> Said {
    let seconds = PAGE_TIME.as_secs();
    Said::NotAsked(format!(
        "the server did not answer within {seconds} seconds"
    ))
}

/// Lines of standard error without what the launchers add.
fn errors(ran: &Ran) -> impl Iterator<Item = &str> {
    ran.stderr
        .lines()
        .map(str::trim_end)
        .filter(|l| !l.starts_with("Picked up ") && !l.starts_with("Warning: Ignoring extra certs"))
}

/// The last thing it complained of.
pub(super) fn last_error(ran: &Ran) -> Option<&str> {
    errors(ran).filter(|line| !line.is_empty()).last()
}

/// A script of ours: exit code 0, or its words on standard error.
pub(super) fn script(ran: &Ran) -> Said {
    if ran.code == Some(0) {
        return Said::Accepted;
    }
    rejected(errors(ran), "")
}

/// The same with the nested cause from the second line on.
pub(super) fn script_with_cause(ran: &Ran) -> Said {
    if ran.code == Some(0) {
        return Said::Accepted;
    }
    let mut lines = errors(ran);
    let message = lines.next();
    let cause: Vec<&str> = lines.collect();
    rejected(message, &cause.join(" | "))
}

/// `java Ask.java`, which needs a whole JDK.
pub(super) fn java(ran: &Ran) -> Said {
    let said = script_with_cause(ran);
    let compiler = [
        "Could not find or load main class",
        "jdk.compiler",
        "error: ",
    ];
    match &said {
        Said::Rejected { message, .. } if compiler.iter().any(|w| message.contains(w)) => {
            Said::NotAsked(format!("this Java cannot run a source file: {message}"))
        }
        _ => said,
    }
}

/// `go run`, which adds a line of its own and may fail to compile.
pub(super) fn go(ran: &Ran) -> Said {
    if ran.code == Some(0) {
        return Said::Accepted;
    }
    let lines: Vec<&str> = errors(ran)
        .filter(|l| !l.starts_with("exit status"))
        .collect();
    match lines.as_slice() {
        [message, cause] if message.starts_with("Get ") => {
            rejected([*message], if cause == message { "" } else { cause })
        }
        other => Said::NotAsked(format!(
            "go run did not get that far: {}",
            text::safe(&other.join(" | "))
        )),
    }
}

/// curl: one line, `curl: (60) …`; what follows is advice.
pub(super) fn curl(ran: &Ran) -> Said {
    if ran.code == Some(0) {
        return Said::Accepted;
    }
    let first = errors(ran).find(|l| l.starts_with("curl: "));
    rejected(first, "")
}

/// wget: exit code 8 is an answer of the server, so TLS was fine.
pub(super) fn wget(ran: &Ran) -> Said {
    if matches!(ran.code, Some(0 | 8)) {
        return Said::Accepted;
    }
    let starts = [
        "ERROR:",
        "The certificate",
        "GnuTLS:",
        "OpenSSL:",
        "Unable to establish",
        "WARNING:",
        "wget: ",
        "Read error",
        "Proxy tunneling",
    ];
    let lines = errors(ran).filter_map(|line| {
        if starts.iter().any(|s| line.starts_with(s)) {
            return Some(line);
        }
        // The end of “Connecting to host…”.
        let at = line
            .find("failed: ")
            .filter(|_| line.starts_with("Connecting to"))?;
        line.get(at..)
    });
    rejected(lines, "")
}

/// wget2, with the same exit codes.
pub(super) fn wget2(ran: &Ran) -> Said {
    let lines: Vec<&str> = errors(ran)
        .filter(|l| {
            ["ERROR:", "Failed to", "No CAs"]
                .iter()
                .any(|s| l.starts_with(s))
        })
        .collect();
    // It ends with 0 also when it did not reach anybody.
    let reached = !lines.iter().any(|l| l.starts_with("Failed to"));
    if ran.code == Some(8) || (ran.code == Some(0) && reached) {
        return Said::Accepted;
    }
    rejected(lines, "")
}

/// git: whatever the server answers, TLS was fine.
pub(super) fn git(ran: &Ran) -> Said {
    let fatal = errors(ran).find(|l| l.starts_with("fatal: "));
    let Some(words) = fatal.filter(|_| ran.code != Some(0)) else {
        return if ran.code == Some(0) {
            Said::Accepted
        } else {
            rejected(errors(ran), "")
        };
    };
    let answered = [
        "' not found",
        "not valid: is this a git repository",
        "The requested URL returned error",
        "Authentication failed",
        "could not read Username",
        "terminal prompts disabled",
    ];
    if answered.iter().any(|a| words.contains(a)) {
        return Said::Accepted;
    }
    rejected([words], "")
}

/// `openssl s_client -verify_return_error`.
pub(super) fn s_client(ran: &Ran) -> Said {
    let failed = |l: &&str| {
        l.starts_with("verify error:") || l.contains(":error:") || l.starts_with("connect:errno")
    };
    let mut lines: Vec<&str> = errors(ran).filter(failed).collect();
    lines.extend(
        ran.stdout
            .lines()
            .find(|l| l.starts_with("Verification error")),
    );
    if ran.code == Some(0) && lines.is_empty() {
        return Said::Accepted;
    }
    rejected(lines, "")
}

/// `gnutls-cli`, which ends when its input does.
pub(super) fn gnutls_cli(ran: &Ran) -> Said {
    if ran.code == Some(0) {
        return Said::Accepted;
    }
    let all = ran.stdout.lines().chain(errors(ran)).map(str::trim_end);
    let starts = ["*** ", "- Status:", "Cannot resolve", "Could not connect"];
    let lines = all.filter(|l| starts.iter().any(|s| l.starts_with(s)));
    rejected(lines, "")
}

/// A Python that ends with a traceback: its last line is the error, and the first error in it the root
/// cause.
pub(super) fn python(ran: &Ran) -> Said {
    let all: Vec<&str> = errors(ran).collect();
    if ran.code == Some(0) {
        return Said::Accepted;
    }
    let raised: Vec<(&str, &str)> = all.iter().filter_map(|l| exception(l)).collect();
    let Some((kind, message)) = raised.last() else {
        return rejected(all, "");
    };
    // An answer that is no proper HTTP came through TLS all the same.
    let answered = [
        "urllib.error.HTTPError",
        "ClientResponseError",
        "http_exceptions.",
    ];
    if answered.iter().any(|name| kind.contains(name)) {
        return Said::Accepted;
    }
    if kind.ends_with("ModuleNotFoundError") {
        return Said::NotAsked(text::safe(message).into_owned());
    }
    let cause = raised.first().map_or("", |(_, cause)| cause);
    rejected([*message], if cause == *message { "" } else { cause })
}

/// `ssl.SSLCertVerificationError: [SSL: …`: the class and its words.
fn exception(line: &str) -> Option<(&str, &str)> {
    let (kind, words) = line.split_once(": ").unwrap_or((line, ""));
    let last = kind.rsplit('.').next()?;
    let is_name = kind
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    let raised = last.ends_with("Error")
        || last.ends_with("error")
        || last.ends_with("Exception")
        || last.ends_with("Timeout")
        || last.ends_with("timeout")
        || last.ends_with("Disconnected");
    (is_name && raised).then_some((kind, words))
}

/// pip: only what speaks of the connection counts; a package that is not there means that TLS was fine.
pub(super) fn pip(ran: &Ran) -> Said {
    let all = ran.stdout.lines().chain(errors(ran)).map(str::trim);
    let lines: Vec<&str> = all
        .filter(|l| {
            [
                "Could not fetch",
                "WARNING: Retrying",
                "ERROR: ",
                "WARNING: Certificate",
                "OSError:",
            ]
            .iter()
            .any(|s| l.starts_with(s))
        })
        .collect();
    if !lines.iter().any(|l| {
        l.starts_with("Could not fetch") || l.contains("Retrying") || l.starts_with("OSError")
    }) {
        return Said::Accepted;
    }
    rejected(lines, "")
}

/// npm: an answer of the server means that TLS was fine.
pub(super) fn npm(ran: &Ran) -> Said {
    let lines: Vec<&str> = errors(ran)
        .filter(|l| l.starts_with("npm error") || l.starts_with("npm ERR!"))
        .filter(|l| !l.contains("complete log of this run") && !l.ends_with(".log"))
        .collect();
    let code = lines
        .iter()
        .find_map(|l| l.split_once(" code ").map(|(_, code)| code));
    let answered = code.is_some_and(|c| {
        c.strip_prefix('E')
            .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    });
    // What is no package description is an answer all the same.
    let answered = answered
        || lines
            .iter()
            .any(|l| l.contains("invalid json response body"));
    if ran.code == Some(0) || answered {
        return Said::Accepted;
    }
    rejected(lines, "")
}

/// uv: an answer of the server, whatever it is, means that TLS was fine.
pub(super) fn uv(ran: &Ran) -> Said {
    let lines: Vec<&str> = errors(ran)
        .map(str::trim)
        .filter(|l| {
            let starts = ["error:", "cause:", "Caused by:", "hint:", "warning:"];
            starts.iter().any(|s| l.starts_with(s))
        })
        .collect();
    let sending = ["error sending request", "error decoding response body"];
    let failed = |line: &&str| sending.iter().any(|words| line.contains(words));
    if ran.code == Some(0) || !lines.iter().any(failed) {
        let python = |l: &str| l.contains("No interpreter found") || l.contains("No system Python");
        return match lines.iter().find(|l| python(l)) {
            Some(why) => Said::NotAsked(text::safe(why).into_owned()),
            None => Said::Accepted,
        };
    }
    rejected(lines, "")
}

/// kubectl: what the server answers begins with `Error from server`, or is no list of paths.
pub(super) fn kubectl(ran: &Ran) -> Said {
    let starts = [
        "Unable to connect",
        "The connection to the server",
        "error: unable to",
    ];
    let failed = errors(ran).find(|l| starts.iter().any(|s| l.starts_with(s)));
    match failed {
        Some(words) => rejected([words], ""),
        None if ran.code == Some(0) || ran.stderr.contains("Error from server") => Said::Accepted,
        None => rejected(errors(ran), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(stdout: &str, stderr: &str) -> Ran {
        Ran {
            code: Some(1),
            stdout: stdout.to_owned(),
            stderr: stderr.to_owned(),
            ..Ran::default()
        }
    }

    fn words(said: Said) -> (String, String) {
        match said {
            Said::Rejected { message, cause } => (message, cause),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_traceback_ends_with_the_error_and_begins_with_its_cause() {
        let text = "Traceback (most recent call last):\n  File \"x\", line 1\nssl.SSLCertVerificationError: [SSL: X] certificate verify failed (_ssl.c:1006)\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nurllib.error.URLError: <urlopen error [SSL: X] certificate verify failed (_ssl.c:1006)>\n";
        let (message, cause) = words(python(&failed("", text)));
        assert_eq!(
            message,
            "<urlopen error [SSL: X] certificate verify failed (_ssl.c:1006)>"
        );
        assert_eq!(cause, "[SSL: X] certificate verify failed (_ssl.c:1006)");
        let answer = "urllib.error.HTTPError: HTTP Error 404: Not Found\n";
        assert_eq!(python(&failed("", answer)), Said::Accepted);
    }

    #[test]
    fn an_answer_of_the_server_means_that_tls_was_fine() {
        let git_words = "fatal: repository 'https://localhost/repo.git/' not found\n";
        assert_eq!(git(&failed("", git_words)), Said::Accepted);
        let npm_words = "npm error code E404\nnpm error 404 Not Found\n";
        assert_eq!(npm(&failed("", npm_words)), Said::Accepted);
        let pip_words = "ERROR: No matching distribution found for labpkg\n";
        assert_eq!(pip(&failed("", pip_words)), Said::Accepted);
    }

    #[test]
    fn only_lines_about_the_failure_are_kept() {
        let text = "Spider mode enabled.\nResolving localhost… 127.0.0.1\nConnecting to localhost… connected.\nERROR: The certificate of ‘localhost’ is not trusted.\nTo connect insecurely, use x.\n";
        assert_eq!(
            words(wget(&failed("", text))).0,
            "ERROR: The certificate of ‘localhost’ is not trusted."
        );
        let advice =
            "curl: (60) SSL certificate problem: certificate has expired\nMore details here: x\n";
        assert_eq!(
            words(curl(&failed("", advice))).0,
            "curl: (60) SSL certificate problem: certificate has expired"
        );
    }

    #[test]
    fn nothing_from_a_program_reaches_the_screen_raw() {
        let (message, _) = words(script(&failed("", "bad \u{1b}[2J words\n")));
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}
