//! `whycert explain`: an error that somebody pasted, a rule's lesson, or the list of all rules.

use std::ffi::OsString;
use std::io::{IsTerminal, Read, Write};

use crate::diagnosis::lesson::lesson;
use crate::diagnosis::pasted::{Level, Pasted, TAIL};
use crate::diagnosis::rule::{RULES, rule};
use crate::export::explanation::{self, Next};
use crate::export::report;
use crate::headless::{self, Judges};
use crate::target::{Source, Target};
use crate::text;
use crate::tui;

use super::usage::Usage;
use super::{Failure, args, values};

/// So much of standard input is read at most, in bytes; what runs on for longer is no error message.
const MOST_READ: u64 = 64 * 1024 * 1024;
/// So much of its beginning and of its end is kept: more than is looked at.
const KEPT: usize = 4 * TAIL;

/// A pasted text may begin with a dash, as in `- Status: …`; a space before it keeps it from being an option.
pub(super) fn texts_are_no_options(typed: Vec<OsString>) -> Vec<OsString> {
    if typed.get(1).is_none_or(|command| command != "explain") {
        return typed;
    }
    typed
        .into_iter()
        .map(|word| match word.to_str() {
            Some(text) if text.starts_with('-') && text.contains(char::is_whitespace) => {
                OsString::from(format!(" {text}"))
            }
            _ => word,
        })
        .collect()
}

/// Explains what was typed or piped; without either, lists the rules.
pub(super) fn explain(typed: args::Explain) -> Result<u8, Failure> {
    let words = match typed.words.as_slice() {
        [] if is_piped() => something(piped()?)?,
        [] => String::new(),
        [one] if one == "-" => something(piped()?)?,
        words => words.join(" "),
    };
    let words = words.trim();
    if words.is_empty() && typed.target.is_none() {
        headless::print(list().as_bytes())?;
        return Ok(0);
    }
    if let Some(page) = lesson_of(words)? {
        headless::print(page.as_bytes())?;
        return Ok(0);
    }
    pasted(&Pasted::read(words), &typed)
}

/// What came from standard input; errors are printed elsewhere, so an empty pipe is a common slip.
fn something(piped: String) -> Result<String, Failure> {
    if piped.trim().is_empty() {
        return Err(Failure::could_not(
            "nothing came from standard input",
            "errors are printed to standard error: put 2>&1 before the pipe",
        ));
    }
    Ok(piped)
}

/// The lesson, when the only word is a rule's id. A word that is neither that nor a known error is a slip.
fn lesson_of(words: &str) -> Result<Option<String>, Failure> {
    if words.contains(char::is_whitespace) || words.is_empty() {
        return Ok(None);
    }
    if rule(words).is_some() {
        return page(words).map(Some);
    }
    let like_an_id = words.len() <= 64
        && words.contains(|c: char| c.is_ascii_alphabetic())
        && !words.contains(|c: char| c.is_ascii_uppercase() || c == '_' || c == ':');
    if like_an_id && Pasted::read(words).matches.is_empty() {
        return page(words).map(Some);
    }
    Ok(None)
}

/// Explains an error, and looks at its server when there is one and nothing forbids it.
fn pasted(pasted: &Pasted, typed: &args::Explain) -> Result<u8, Failure> {
    let options = values::options(&typed.reaching, &typed.judging)?;
    values::given_files("--ca", &typed.judging.ca)?;
    let named = match &typed.target {
        Some(target) => Some(target.clone()),
        None => pasted.place().map(|place| place.typed()),
    };
    let target = match &named {
        Some(named) => Some(target(named, pasted, typed)?),
        None => None,
    };
    let next = match (&target, typed.offline) {
        (Some(target), false) => Next::Looking(text::safe(&target.typed).into_owned()),
        (Some(target), true) => Next::Offline(text::safe(&target.typed).into_owned()),
        (None, _) if pasted.places.len() > 1 => Next::Several(
            pasted
                .places
                .iter()
                .map(|place| text::safe(&place.typed()).into_owned())
                .collect(),
        ),
        (None, _) => Next::Unnamed,
    };
    let screen = typed.screen.screenshot.is_some() || values::has_screen();
    let known = pasted.error().is_some_and(|e| e.level != Level::Wrapper);
    if !headless::print(explanation::text(pasted, &next, headless::columns()).as_bytes())? {
        return Ok(0);
    }
    let (Some(target), Next::Looking(_)) = (target, next) else {
        // Nothing was looked at: what counts is whether the text was understood.
        let code = if known { 0 } else { headless::COULD_NOT };
        return Ok(code);
    };
    if screen {
        let start = tui::Start {
            entries: vec![tui::Entry {
                target,
                label: None,
                story: explanation::in_short(pasted),
            }],
            options,
            stores: tui::StoreSource::Machine(typed.judging.ca.clone()),
            look: values::look(&typed.screen),
        };
        return super::screen(start, &typed.screen);
    }
    let judges = Judges::Machine(typed.judging.ca.clone());
    let inspection = headless::look(target, options, judges)?;
    let report = report::text(&inspection, typed.screen.ascii, headless::columns());
    let compared = explanation::compared(pasted, &inspection.findings);
    headless::print(format!("\n{compared}\n\n{report}").as_bytes())?;
    Ok(inspection.outcome.exit_code())
}

/// The server to look at. The client that printed the error knows how its servers begin.
fn target(named: &str, pasted: &Pasted, typed: &args::Explain) -> Result<Target, Failure> {
    let mut target = values::one_target(named, &typed.reaching)?;
    if let (Some(client), Source::Endpoint(endpoint)) = (pasted.client, &mut target.source)
        && typed.reaching.starttls.is_none()
        && !named.contains("://")
    {
        endpoint.upgrade = endpoint.upgrade.or(client.starttls);
        if let (Some(port), false) = (client.port, Target::names_port(named)) {
            endpoint.port = port;
        }
    }
    Ok(target)
}

/// Standard input is a pipe or a file, from which an error can come; a closed or empty device is not waited for.
#[cfg(unix)]
fn is_piped() -> bool {
    use std::os::fd::AsFd;
    rustix::fs::fstat(std::io::stdin().as_fd()).is_ok_and(|stat| {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        kind.is_fifo() || kind.is_file() || kind.is_socket()
    })
}

#[cfg(not(unix))]
fn is_piped() -> bool {
    !std::io::stdin().is_terminal()
}

/// The beginning and the end of standard input; what is not UTF-8 is read as far as it is.
fn piped() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        // A word beside the output; lost when standard error is closed.
        let _ = std::io::stderr().write_all(b"Paste the error, then press Ctrl-D.\n");
    }
    let mut input = std::io::stdin().lock().take(MOST_READ);
    let (mut kept, mut last) = (Vec::new(), Vec::new());
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = input.read(&mut chunk).map_err(|error| {
            Failure::could_not(
                format!("standard input cannot be read: {error}"),
                "give the error as an argument, in quotes",
            )
        })?;
        let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
            break;
        };
        if kept.len() < KEPT {
            kept.extend_from_slice(bytes);
            continue;
        }
        last.extend_from_slice(bytes);
        if last.len() > 2 * KEPT {
            last.drain(..last.len() - KEPT);
        }
    }
    kept.append(&mut last);
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

fn list() -> String {
    let longest = RULES.iter().map(|r| r.id.len()).max().unwrap_or(0);
    RULES
        .iter()
        .map(|r| format!("{:<longest$}  {:<7}  {}\n", r.id, r.severity, r.title))
        .collect()
}

fn page(id: &str) -> Result<String, Failure> {
    let Some(rule) = rule(id) else {
        let hint = match nearest(id) {
            Some(near) => format!("did you mean {near}?"),
            None => "whycert explain lists the rules; an error is best pasted whole, in quotes"
                .to_owned(),
        };
        return Err(Usage::new(format!("there is no rule “{id}”"), hint).into());
    };
    let Some(lesson) = lesson(rule.id) else {
        return Err(Failure::could_not(
            format!("there is no lesson for {id}"),
            "",
        ));
    };
    let mut out = format!("{}\n{} ({})\n", lesson.title, rule.id, rule.severity);
    for (heading, words) in &lesson.sections {
        out.push_str(&format!("\n{heading}\n"));
        for line in words.trim().lines() {
            if line.is_empty() {
                out.push('\n');
            } else {
                out.push_str(&folded(line, headless::columns()));
            }
        }
    }
    Ok(out)
}

/// A line of a lesson, indented, in as many lines as the page needs; commands stay whole.
fn folded(line: &str, columns: usize) -> String {
    if line.starts_with("    ") {
        return format!("  {line}\n");
    }
    let hang = if line.starts_with("- ") { "    " } else { "  " };
    values::folded(line, ("  ", hang), columns)
}

fn nearest(id: &str) -> Option<&'static str> {
    text::nearest(id, RULES.iter().map(|rule| rule.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lessons_fold_between_words_and_commands_stay_whole() {
        let line = format!("- {}", "word ".repeat(40).trim());
        let out = folded(&line, 50);
        assert!(out.lines().all(|l| text::width(l) <= 50), "{out}");
        assert!(
            out.starts_with("  - word word") && out.contains("\n    word"),
            "{out}"
        );
        let kept: Vec<&str> = out.split_whitespace().collect();
        assert_eq!(kept, line.split_whitespace().collect::<Vec<_>>());
        let command = format!("    {}", "long ".repeat(40).trim());
        assert_eq!(folded(&command, 50), format!("  {command}\n"));
        assert_eq!(folded("short", 50), "  short\n");
    }

    #[test]
    fn the_nearest_rule_is_offered() {
        assert_eq!(nearest("chain.missing-isuer"), Some("chain.missing-issuer"));
        assert_eq!(nearest("missing-issuer"), Some("chain.missing-issuer"));
        assert_eq!(nearest("xyzzy"), None);
        assert_eq!(nearest(""), None);
    }
}
