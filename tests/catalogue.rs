//! Rule ⇄ lesson ⇄ scenario ⇄ the code that emits it: an orphan on any side fails. And the README's
//! generated parts are what the code generates; `UPDATE_README=1 cargo test` rewrites them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use whycert::cli::command_line;
use whycert::diagnosis::lesson::{Lesson, SECTIONS, lesson};
use whycert::diagnosis::pasted::Pasted;
use whycert::diagnosis::{RULES, Severity};
use whycert::lab::{SCENARIOS, Scenario, WITHOUT_SCENARIO};
use whycert::tui::keymap::{BINDINGS, Group};

use crate::support::source::{files, names, repository, shipped};

/// Words of a lesson, headings and all.
const WORDS: std::ops::RangeInclusive<usize> = 150..=350;

/// What turns verification off, in the languages of the lessons.
const INSECURE: &[&str] = &[
    "curl -k",
    " -k ",
    "--insecure",
    "--no-check-certificate",
    "verify=False",
    "CERT_NONE",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "rejectUnauthorized",
    "sslVerify",
    "InsecureSkipVerify",
    "GIT_SSL_NO_VERIFY",
    "--trusted-host",
];

#[test]
fn ids_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        let (family, name) = rule.id.split_once('.').expect(rule.id);
        for part in [family, name] {
            assert!(
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                "{}",
                rule.id
            );
        }
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        assert!(
            !rule.title.is_empty() && !rule.title.ends_with('.'),
            "{}",
            rule.id
        );
    }
    let mut seen = BTreeSet::new();
    for scenario in SCENARIOS {
        assert!(seen.insert(scenario.id), "{} is there twice", scenario.id);
        assert!(
            scenario.story.ends_with('?'),
            "{} asks nothing",
            scenario.id
        );
    }
}

#[test]
fn every_rule_has_a_lesson_and_every_lesson_a_rule() {
    let mut lessons: Vec<String> = files(&["assets/lessons"])
        .iter()
        .map(|(path, _)| {
            path.strip_prefix("assets/lessons/")
                .and_then(|name| name.strip_suffix(".md"))
                .expect("only lessons here")
                .to_owned()
        })
        .collect();
    let mut rules: Vec<&str> = RULES.iter().map(|r| r.id).collect();
    rules.sort_unstable();
    lessons.sort_unstable();
    assert_eq!(lessons, rules);
}

#[test]
fn every_lesson_is_whole() {
    let mut said = String::new();
    for (path, text) in files(&["assets/lessons"]) {
        for fault in lesson_faults(&text) {
            said.push_str(&format!("{path}: {fault}\n"));
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// What is wrong with a lesson's text. The Markdown is what the screen draws and nothing else.
fn lesson_faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let words = text.split_whitespace().count();
    if !WORDS.contains(&words) {
        faults.push(format!("{words} words"));
    }
    if !text.starts_with("# ") {
        faults.push("no title".to_owned());
    }
    let headings: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix("## ")).collect();
    if headings != SECTIONS {
        faults.push(format!("sections {headings:?}"));
    }
    for paragraph in paragraphs(text) {
        let code = paragraph.starts_with("    ");
        if code {
            for word in INSECURE {
                if paragraph.contains(word) && !takes_back(&paragraph) {
                    faults.push(format!("offers {word}"));
                }
            }
            continue;
        }
        if paragraph.matches('`').count() % 2 != 0 || paragraph.contains("``") {
            faults.push(format!("backticks: {paragraph}"));
        }
        if paragraph.matches("**").count() % 2 != 0 {
            faults.push(format!("strong words: {paragraph}"));
        }
        for mark in ["### ", "](", "| ", "> ", "* ", "<br"] {
            if paragraph.starts_with(mark) || (mark == "](" && paragraph.contains(mark)) {
                faults.push(format!("not drawn on the screen: {paragraph}"));
            }
        }
    }
    faults
}

/// The line undoes what it names, looks for it, or sets it for whycert alone, which reports it.
fn takes_back(line: &str) -> bool {
    let line = line.trim();
    let first = line.split(' ').next().unwrap_or_default();
    first == "unset"
        || first == "grep"
        || line.starts_with("env | grep")
        // What a program prints, not what is typed.
        || line.starts_with("Warning: ")
        || line.contains(" --unset ")
        || line.contains(" http.sslVerify true")
        || line.contains(" whycert ")
}

/// Paragraphs, list items and lines of code.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            open = false;
        } else if open && !line.starts_with("    ") && !line.starts_with("- ") {
            let last = found.last_mut().expect("an open paragraph");
            last.push(' ');
            last.push_str(line.trim());
        } else {
            found.push(line.to_owned());
            open = !line.starts_with("    ") && !line.starts_with('#');
        }
    }
    found
}

#[test]
fn faults_of_lessons_are_found() {
    let filler = "word ".repeat(160);
    let with = |body: &str| {
        format!(
            "# T\n\n## What you see\n\n{filler}\n\n## Why it matters\n\nB\n\n## How it happens\n\nC\n\n\
             ## How to repair\n\n{body}\n\n## Try it\n\nE\n"
        )
    };
    assert_eq!(lesson_faults(&with("Not `curl -k`.")), Vec::<String>::new());
    for wrong in [
        "    curl -k https://HOST",
        "    export NODE_TLS_REJECT_UNAUTHORIZED=0",
        "one ` too few",
        "a **word",
        "[a](b)",
        "### deeper",
    ] {
        assert_ne!(lesson_faults(&with(wrong)), Vec::<String>::new(), "{wrong}");
    }
    assert_ne!(lesson_faults(&filler), Vec::<String>::new());
    assert_ne!(
        lesson_faults(&with("").replace("## Try it", "## Try")),
        Vec::<String>::new()
    );
}

#[test]
fn every_rule_has_a_scenario_or_a_reason() {
    let shown: BTreeSet<&str> = SCENARIOS.iter().flat_map(|s| s.expects).copied().collect();
    let excused: BTreeMap<&str, &str> = WITHOUT_SCENARIO.iter().copied().collect();
    let rules: BTreeSet<&str> = RULES.iter().map(|r| r.id).collect();
    for id in shown.iter().chain(excused.keys()) {
        assert!(rules.contains(id), "{id} is no rule");
    }
    let mut said = String::new();
    for id in rules {
        match (shown.contains(id), excused.get(id)) {
            (false, None) => said.push_str(&format!("{id}: neither scenario nor reason\n")),
            (true, Some(_)) => said.push_str(&format!("{id}: a scenario and an excuse\n")),
            (false, Some(&"")) => {
                said.push_str(&format!("{id}: an empty reason\n"));
            }
            _ => {}
        }
    }
    assert!(said.is_empty(), "{said}");
}

/// Each rule is named by code of the diagnosis room, outside of its tests.
#[test]
fn every_rule_is_emitted_by_code() {
    let table = include_str!("../src/diagnosis/rule.rs");
    let code: String = files(&["src/diagnosis"])
        .iter()
        .filter(|(path, _)| path != "src/diagnosis/rule.rs")
        .map(|(_, text)| shipped(text))
        .collect();
    for rule in RULES {
        let name = table
            .lines()
            .find_map(|l| l.trim().split_once(&format!(" = \"{}\" ", rule.id)))
            .map(|(name, _)| name)
            .expect(rule.id);
        assert!(
            names(&code, &format!("rule::{name}")),
            "{} ({name}) is emitted nowhere",
            rule.id
        );
    }
}

/// “Try it” leads to a scenario that shows the rule, where there is one.
#[test]
fn every_lesson_can_be_tried() {
    for rule in RULES {
        let lesson = lesson(rule.id).expect(rule.id);
        let body = section(&lesson, "Try it");
        let tried = commands(body);
        assert!(!tried.is_empty(), "{}: nothing to type", rule.id);
        let shows = |scenario: &Scenario| scenario.expects.contains(&rule.id);
        if SCENARIOS.iter().any(shows) {
            assert!(
                tried.iter().any(|words| {
                    words.get(1).is_some_and(|w| w == "lab")
                        && words.iter().any(|w| Scenario::named(w).is_some_and(shows))
                }),
                "{}: no scenario that shows it: {tried:?}",
                rule.id
            );
        }
    }
}

fn section(lesson: &Lesson, heading: &str) -> &'static str {
    lesson
        .sections
        .iter()
        .find(|(h, _)| *h == heading)
        .map_or("", |(_, body)| body)
}

/// Commands of lessons, README and findings' fixes that begin with `whycert` are understood.
#[test]
fn every_command_is_understood() {
    let mut count = 0;
    let mut said = String::new();
    for (path, text) in files(&["assets/lessons", "README.md"]) {
        for words in commands(&text) {
            count += 1;
            if let Some(fault) = command_fault(&words) {
                said.push_str(&format!("{path}: {}: {fault}\n", words.join(" ")));
            }
        }
    }
    assert!(said.is_empty(), "{said}");
    assert!(count > RULES.len(), "{count} commands were found");
}

#[test]
fn faults_of_commands_are_found() {
    let fault = |line: &str| {
        let found = commands(&format!("    {line}\n"));
        found.first().map(|words| command_fault(words).is_some())
    };
    assert_eq!(fault("whycert lab expired"), Some(false));
    assert_eq!(
        fault("A=b whycert export x --what chain | grep -c B"),
        Some(false)
    );
    assert_eq!(fault("whycert lab no-such"), Some(true));
    assert_eq!(fault("whycert inspect x --no-such"), Some(true));
    assert_eq!(fault("whycert explain no.such"), Some(true));
    assert_eq!(fault("curl x"), None);
}

/// The `whycert` commands among the indented or fenced lines, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            let mut words = words(line.trim().trim_start_matches("$ "));
            while words
                .first()
                .is_some_and(|w| w.split_once('=').is_some_and(|(n, _)| !n.starts_with('-')))
            {
                words.remove(0);
            }
            if words.first().is_some_and(|w| w == "whycert") {
                found.push(words);
            }
        }
    }
    found
}

/// Splits as a shell does, up to a pipe, redirection or comment.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, ' ') => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            (None, '|' | '>' | '<' | '#' | ';' | '&') => break,
            (None, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

fn command_fault(words: &[String]) -> Option<String> {
    let matches = match command_line().try_get_matches_from(words) {
        Ok(matches) => matches,
        Err(error) => return Some(error.to_string()),
    };
    match matches.subcommand() {
        Some(("lab", lab)) => {
            let lab = lab.subcommand().map_or(lab, |(_, inner)| inner);
            let named = lab.try_get_many::<String>("scenarios").ok().flatten();
            named
                .into_iter()
                .flatten()
                .find(|name| Scenario::named(name).is_none())
                .map(|name| format!("no scenario {name}"))
        }
        Some(("explain", explain)) => explain
            .get_many::<String>("words")
            .filter(|words| words.len() == 1)
            .and_then(|mut words| words.next())
            .filter(|id| Pasted::read(id).matches.is_empty())
            .filter(|id| RULES.iter().all(|r| r.id != id.as_str()))
            .map(|id| format!("no rule {id}")),
        _ => None,
    }
}

/// The parts of the README that are made from the code, by the word in their markers.
fn generated() -> Vec<(&'static str, String)> {
    vec![
        ("rules", rules()),
        ("keys", keys()),
        ("commands", command_table()),
        ("exit-codes", exit_codes()),
    ]
}

fn rules() -> String {
    let mut out = String::from("| rule | | what it finds |\n|---|---|---|\n");
    for rule in RULES {
        out.push_str(&format!(
            "| [`{0}`](assets/lessons/{0}.md) | {1} | {2} |\n",
            rule.id, rule.severity, rule.title
        ));
    }
    let grave = RULES
        .iter()
        .filter(|r| r.severity == Severity::Error)
        .count();
    out.push_str(&format!(
        "\n{} rules, {grave} of them errors.\n",
        RULES.len()
    ));
    out
}

fn keys() -> String {
    let mut out = String::from("| keys | |\n|---|---|\n");
    for group in Group::ALL {
        for row in BINDINGS.iter().filter(|b| b.group == group) {
            let keys: Vec<String> = row.keys.split(' ').map(|k| format!("`{k}`")).collect();
            out.push_str(&format!("| {} | {} |\n", keys.join(" "), row.help));
        }
    }
    out
}

fn command_table() -> String {
    let line = command_line();
    let mut out = String::from("| command | |\n|---|---|\n");
    out.push_str("| `whycert TARGET…` | the screen; in a pipe, the report of `inspect` |\n");
    for command in line.get_subcommands().filter(|c| c.get_name() != "help") {
        let about = command.get_about().map(ToString::to_string);
        out.push_str(&format!(
            "| `whycert {}` | {} |\n",
            command.get_name(),
            about.unwrap_or_default()
        ));
    }
    out
}

/// From the sentence in `--help`.
fn exit_codes() -> String {
    let help = command_line()
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    let sentence = help
        .split_once("Exit codes: ")
        .and_then(|(_, rest)| rest.split_once('.'))
        .map(|(sentence, _)| sentence)
        .expect("--help names the exit codes");
    let (codes, worst) = sentence
        .split_once("; ")
        .expect("and what several targets give");
    let mut out = String::from("| code | |\n|--:|---|\n");
    for code in codes.split(", ") {
        let (number, words) = code.split_once(' ').expect("a number and words");
        out.push_str(&format!("| {number} | {words} |\n"));
    }
    out.push_str(&format!(
        "\n{}{}.\n",
        worst[..1].to_uppercase(),
        &worst[1..]
    ));
    out
}

#[test]
fn the_readme_says_what_the_code_says() {
    let path = repository().join("README.md");
    let text = fs::read_to_string(&path)
        .expect("README.md")
        .replace("\r\n", "\n");
    let mut made = text.clone();
    for (name, part) in generated() {
        let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
        let start = made.find(&open).expect(&open) + open.len();
        let end = made.find(&close).expect(&close);
        made.replace_range(start..end, &part);
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, made).expect("README.md can be written");
        return;
    }
    let pairs = text.lines().zip(made.lines()).enumerate();
    let differing = pairs.filter(|(_, (is, should))| is != should).take(1);
    let first: Vec<String> = differing
        .map(|(at, (is, should))| format!("line {}: {is}\n  is to be: {should}", at + 1))
        .collect();
    assert!(
        text == made,
        "README.md is not what the code generates: run UPDATE_README=1 cargo test readme\n{}",
        first.concat()
    );
}

/// Pictures that the README shows are there and are pictures.
#[test]
fn the_readmes_pictures_are_there() {
    let text = fs::read_to_string(repository().join("README.md")).expect("README.md");
    let pictures: Vec<&str> = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("assets/"))
        .collect();
    assert!(pictures.iter().any(|p| p.ends_with(".svg")), "no picture");
    for path in pictures {
        let file = fs::read_to_string(repository().join(path)).expect(path);
        assert!(!path.ends_with(".svg") || file.contains("<svg"), "{path}");
    }
}

/// `.ci/run` installs every foreign program that a test asks for, so that none is skipped there.
#[test]
fn ci_installs_every_peer() {
    let script = fs::read_to_string(repository().join(".ci/run")).expect(".ci/run");
    let installed: BTreeSet<&str> = script
        .split_once("packages=(")
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(list, _)| list.split_whitespace().collect())
        .expect("a list of packages");
    let ask = concat!("peer", "(\"");
    let mut peers = BTreeSet::new();
    for (_, text) in files(&["tests"]) {
        for rest in text.split(ask).skip(1) {
            peers.extend(rest.split_once('"').map(|(name, _)| name.to_owned()));
        }
    }
    assert!(peers.contains("openssl"), "{peers:?}");
    let missing: Vec<&str> = peers
        .iter()
        .map(|peer| {
            PACKAGES
                .iter()
                .find(|(program, _)| program == peer)
                .map_or(peer.as_str(), |(_, package)| *package)
        })
        .filter(|package| !installed.contains(package))
        .collect();
    assert!(missing.is_empty(), ".ci/run does not install {missing:?}");
}

/// Programs that come in a package of another name.
const PACKAGES: &[(&str, &str)] = &[
    ("certtool", "gnutls-bin"),
    ("certutil", "libnss3-tools"),
    ("gnutls-cli", "gnutls-bin"),
    ("gnutls-serv", "gnutls-bin"),
    ("go", "golang-go"),
    ("java", "default-jdk-headless"),
    ("keytool", "default-jdk-headless"),
    ("nc", "netcat-openbsd"),
    ("nginx", "nginx-light"),
    ("node", "nodejs"),
    ("ssh-keygen", "openssh-client"),
    ("setpriv", "util-linux"),
    ("sshd", "openssh-server"),
    ("stunnel", "stunnel4"),
    ("trust", "p11-kit"),
    ("tstclnt", "libnss3-tools"),
    ("update-ca-certificates", "ca-certificates"),
];

/// Every `--help` ends with an example that is understood.
#[test]
fn every_help_ends_with_an_example() {
    fn visit(command: &clap::Command, path: &str) {
        let path = format!("{path}{}", command.get_name());
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let last = help.lines().last().unwrap_or_default();
        let words = words(last.trim());
        assert!(
            words.first().is_some_and(|w| w == "whycert"),
            "{path}: {last:?}"
        );
        assert_eq!(command_fault(&words), None, "{path}");
        for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
            visit(inner, &format!("{path} "));
        }
    }
    visit(&command_line(), "");
}
