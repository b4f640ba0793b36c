//! The rules of the house, kept. Each is a function over one file; a self-test feeds each of them a
//! file that breaks it and one that keeps it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::support::source::{code, files, line, names, places, shipped};

/// No file is longer.
const MOST_LINES: usize = 600;

/// What a file does wrong: the line, and what stands there.
type Faults = Vec<(usize, String)>;

/// A file as the rules see it: its path from the root of the repository, and its text.
type File<'a> = (&'a str, &'a str);

/// One rule of the house.
struct Rule {
    /// What must hold.
    says: &'static str,
    /// What breaks it in one file.
    faults: fn(&str, &str) -> Faults,
    /// A file that breaks it.
    breaks: File<'static>,
    /// A file that keeps it, by a hair.
    keeps: File<'static>,
}

const RULES: &[Rule] = &[
    Rule {
        says: "a file imports only from lower ranks and its own room",
        faults: imports,
        breaks: ("src/cert/key.rs", "use crate::judge::Verdict;"),
        keeps: (
            "src/judge/walk.rs",
            "//! See [`crate::tui`].\nuse crate::judge::name;\nuse crate::{cert::Certificate, text};\nuse super::name;",
        ),
    },
    Rule {
        says: "the two front ends never import each other",
        faults: imports,
        breaks: ("src/tui/view.rs", "use crate::{text, headless::Format};"),
        keeps: ("src/tui/view.rs", "use crate::{text, export::Format};"),
    },
    Rule {
        says: "the lab is used by the command line only",
        faults: imports,
        breaks: ("src/tui/model.rs", "fn f() { crate::lab::Lab::start() }"),
        keeps: ("src/cli/lab.rs", "fn f() { crate::lab::Lab::start() }"),
    },
    Rule {
        says: "another room is named from the crate, not by climbing",
        faults: imports,
        breaks: ("src/cert/key.rs", "use super::super::text;"),
        keeps: ("src/tui/view/frame.rs", "use super::super::model;"),
    },
    Rule {
        says: "pure rooms know no runtime, clock, file, network, process or environment",
        faults: purity,
        breaks: ("src/judge/mod.rs", "fn now() { let at = Moment::now(); }"),
        keeps: (
            "src/judge/mod.rs",
            "// Not std::fs, nor tokio.\nuse std::net::IpAddr;\nfn f() { \"Instant::now\"; }\n#[cfg(test)]\nmod tests { use std::fs; }",
        ),
    },
    Rule {
        says: "pure rooms open no file",
        faults: purity,
        breaks: ("src/cert/pem.rs", "use std::{fmt, fs};"),
        keeps: ("src/store/load.rs", "use std::{fmt, fs};"),
    },
    Rule {
        says: "pure rooms ask nobody on the network",
        faults: purity,
        breaks: ("src/target.rs", "use std::net::{IpAddr, TcpStream};"),
        keeps: ("src/target.rs", "use std::net::{IpAddr, Ipv6Addr};"),
    },
    Rule {
        says: "only the screen knows the terminal",
        faults: terminal,
        breaks: ("src/headless.rs", "use crossterm::style::Stylize;"),
        keeps: ("src/tui/theme.rs", "use ratatui::style::Color;"),
    },
    Rule {
        says: "verification is switched off in one file only",
        faults: dangerous,
        breaks: (
            "src/net/dial.rs",
            "config.dangerous().set_certificate_verifier(v);",
        ),
        keeps: (
            "src/capture/handshake.rs",
            "config.dangerous().set_certificate_verifier(v);",
        ),
    },
    Rule {
        says: "nothing panics outside of tests",
        faults: panics,
        breaks: ("src/cert/read.rs", "fn f() { g().unwrap() }"),
        keeps: (
            "src/cert/read.rs",
            "/// Never `unwrap()`s.\nfn f() { g().unwrap_or(\"panic!\") }\n#[cfg(test)]\nmod tests { fn t() { g().unwrap() } }",
        ),
    },
    Rule {
        says: "nothing is left for later in the code",
        faults: panics,
        breaks: ("src/cert/read.rs", "fn f() { todo!() }"),
        keeps: ("src/cert/read.rs", "fn todo() {}"),
    },
    Rule {
        says: "nothing is left for later in comments",
        faults: promises,
        breaks: ("tests/lab.rs", concat!("// TO", "DO: more")),
        keeps: ("tests/lab.rs", "// more to do in a garden"),
    },
    Rule {
        says: "no file is longer than 600 lines",
        faults: length,
        breaks: ("tests/lab.rs", LONG),
        keeps: ("tests/lab.rs", "one\ntwo\n"),
    },
    Rule {
        says: "names say what a thing is",
        faults: vague,
        breaks: ("src/cert/utils.rs", ""),
        keeps: ("src/cert/oid.rs", "fn together() {}"),
    },
    Rule {
        says: "nothing is called get_",
        faults: vague,
        breaks: ("src/cert/key.rs", "pub fn get_bits() {}"),
        keeps: ("src/cert/key.rs", "pub fn bits() { map.get_or_insert(1); }"),
    },
    Rule {
        says: "no path of a particular machine is named",
        faults: machine,
        breaks: ("assets/lessons/a.md", concat!("see /wo", "rk/shared")),
        keeps: ("assets/lessons/a.md", "see /etc/ssl/certs, or work/shared"),
    },
];

/// 601 lines.
const LONG: &str = concat_lines();

const fn concat_lines() -> &'static str {
    const BYTES: [u8; MOST_LINES + 1] = [b'\n'; MOST_LINES + 1];
    match str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
}

#[test]
fn the_house_keeps_its_rules() {
    let mut said = String::new();
    for (path, text) in files(&["src", "tests", "assets", ".ci", "README.md", "CHANGELOG.md"]) {
        for rule in RULES {
            for (line, what) in (rule.faults)(&path, &text) {
                let fault = format!("{path}:{line}: {what}\n");
                if !said.contains(&fault) {
                    said.push_str(&fault);
                }
            }
        }
    }
    assert!(
        said.is_empty(),
        "the rules of the house are broken:\n{said}"
    );
}

#[test]
fn every_rule_fails_when_it_is_broken() {
    for rule in RULES {
        let (path, text) = rule.breaks;
        assert_ne!((rule.faults)(path, text), [], "{}", rule.says);
        let (path, text) = rule.keeps;
        assert_eq!((rule.faults)(path, text), [], "{}", rule.says);
    }
}

/// Each word that a rule forbids is noticed, not only the one in its sample.
#[test]
fn every_forbidden_word_is_noticed() {
    for (words, _) in IMPURE {
        let code = format!("fn f() {{ {words} }}");
        assert_ne!(purity("src/chain/build.rs", &code), [], "{words}");
        assert_eq!(purity("src/net/dial.rs", &code), [], "{words}");
    }
    for word in PANICS {
        assert_ne!(panics("src/text.rs", &format!("fn f() {{ x{word} }}")), []);
    }
}

/// `src/lib.rs` names every room, and every room that it names is there.
#[test]
fn the_map_is_true() {
    let rooms: Vec<String> = MAP.keys().cloned().collect();
    let mut there: Vec<String> = files(&["src"])
        .iter()
        .filter_map(|(path, _)| room(path).map(str::to_owned))
        .collect();
    there.sort();
    there.dedup();
    assert_eq!(rooms, there);
    for pure in [
        "text",
        "target",
        "cert",
        "chain",
        "judge",
        "diagnosis",
        "export",
    ] {
        assert!(MAP[pure].pure, "{pure}");
    }
    assert!(!MAP["trust"].pure && !MAP["store"].pure && !MAP["inspect"].pure);
    let lib = include_str!("../src/lib.rs");
    assert!(lib.contains("#![forbid(unsafe_code)]"));
    assert!(lib.contains("#![warn(missing_docs)]"));
}

/// What the map says about a room.
struct Room {
    /// `None`: a side room.
    rank: Option<u32>,
    pure: bool,
}

/// The table of `src/lib.rs`: `| rank | rooms | what | I/O |`.
static MAP: LazyLock<BTreeMap<String, Room>> = LazyLock::new(|| {
    let mut map = BTreeMap::new();
    for row in include_str!("../src/lib.rs").lines() {
        let Some(row) = row.strip_prefix("//! | ") else {
            continue;
        };
        let cells: Vec<&str> = row
            .trim_end_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        let [rank, rooms, _, io] = cells[..] else {
            continue;
        };
        for name in rooms.split('`').skip(1).step_by(2) {
            // “trust: yes” speaks of one room of the row.
            let pure = match io.split_once(':') {
                Some((only, _)) => only != name,
                None => io == "no",
            };
            let rank = rank.parse().ok();
            map.insert(name.to_owned(), Room { rank, pure });
        }
    }
    map
});

/// The room of a source file; `None` outside of `src/` and for the two files that are no room.
fn room(path: &str) -> Option<&str> {
    let name = path.strip_prefix("src/")?.split('/').next()?;
    let name = name.strip_suffix(".rs").unwrap_or(name);
    (!["lib", "main"].contains(&name)).then_some(name)
}

fn imports(path: &str, text: &str) -> Faults {
    let Some(here) = room(path) else {
        return Vec::new();
    };
    let text = code(text);
    let mut faults = Vec::new();
    for at in places(&text, "crate::") {
        for there in first_names(&text[at + "crate::".len()..]) {
            if there == here || may_import(here, there) {
                continue;
            }
            faults.push((line(&text, at), format!("{here} may not import {there}")));
        }
    }
    // `super` from the first file of a room is the crate.
    let module = path.trim_end_matches("/mod.rs");
    let depth = module.split('/').count() - 1;
    let shipped = shipped(&text);
    let climb = "super::".repeat(depth);
    for at in places(&shipped, &climb) {
        faults.push((line(&shipped, at), format!("{climb} leaves the room")));
    }
    faults
}

fn may_import(here: &str, there: &str) -> bool {
    let (Some(from), Some(to)) = (MAP.get(here), MAP.get(there)) else {
        // A macro or a constant of the crate itself would be a surprise: say so.
        return false;
    };
    match (from.rank, to.rank) {
        (Some(from), Some(to)) => to < from,
        (Some(_), None) => here == "cli",
        // A side room stands beside the front ends and below the command line.
        (None, Some(to)) => to < MAP["tui"].rank.unwrap_or(0),
        (None, None) => false,
    }
}

/// The first name of a path, or of each path of a list in braces.
fn first_names(path: &str) -> Vec<&str> {
    fn head(text: &str) -> &str {
        let text = text.trim_start();
        let end = text
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(text.len());
        &text[..end]
    }
    let Some(list) = path.strip_prefix('{') else {
        return vec![head(path)];
    };
    let mut names = Vec::new();
    let mut depth = 0;
    let mut start = 0;
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' if depth == 0 => {
                names.push(head(&list[start..at]));
                start = at + 1;
            }
            '}' => {
                names.push(head(&list[start..at]));
                break;
            }
            _ => {}
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

/// Words that no pure room uses, and what they reach.
const IMPURE: &[(&str, &str)] = &[
    ("tokio", "the runtime"),
    ("Instant::now", "the clock"),
    ("SystemTime", "the clock"),
    ("Moment::now", "the clock"),
    ("now_utc", "the clock"),
    ("now_local", "the clock"),
    ("std::fs", "files"),
    ("fs::read", "files"),
    ("File::open", "files"),
    (".canonicalize()", "files"),
    ("TcpStream", "the network"),
    ("TcpListener", "the network"),
    ("UdpSocket", "the network"),
    ("ToSocketAddrs", "the network"),
    ("std::env", "the environment"),
    ("env::var", "the environment"),
    ("env::var_os", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("thread::spawn", "threads"),
];

fn purity(path: &str, text: &str) -> Faults {
    // The clock is read in one function, which is here; the map says who calls it.
    if path == "src/moment.rs" || !room(path).is_some_and(|r| MAP.get(r).is_some_and(|r| r.pure)) {
        return Vec::new();
    }
    let text = shipped(text);
    let mut faults: Faults = IMPURE
        .iter()
        .flat_map(|(word, what)| places(&text, word).map(move |at| (at, *what)))
        .map(|(at, what)| (line(&text, at), format!("a pure room reaches {what}")))
        .collect();
    for at in places(&text, "std::{") {
        for name in first_names(&text[at + "std::".len()..]) {
            if ["fs", "env", "process", "thread"].contains(&name) {
                faults.push((line(&text, at), format!("a pure room uses std::{name}")));
            }
        }
    }
    faults
}

fn terminal(path: &str, text: &str) -> Faults {
    if !path.starts_with("src/") || room(path) == Some("tui") {
        return Vec::new();
    }
    let text = code(text);
    ["ratatui", "crossterm"]
        .iter()
        .flat_map(|name| places(&text, name).map(move |at| (at, *name)))
        .map(|(at, name)| (line(&text, at), format!("{name} outside of the screen")))
        .collect()
}

fn dangerous(path: &str, text: &str) -> Faults {
    if !path.starts_with("src/") || path == "src/capture/handshake.rs" {
        return Vec::new();
    }
    let text = code(text);
    places(&text, "dangerous")
        .map(|at| (line(&text, at), "dangerous".to_owned()))
        .collect()
}

/// What must not stand in code that is shipped.
const PANICS: &[&str] = &[
    ".unwrap()",
    ".unwrap_err()",
    ".expect(",
    ".expect_err(",
    " panic!",
    " todo!",
    " unimplemented!",
    " unreachable!",
];

fn panics(path: &str, text: &str) -> Faults {
    if !path.starts_with("src/") {
        return Vec::new();
    }
    let text = shipped(text);
    PANICS
        .iter()
        .flat_map(|word| places(&text, word.trim_start()))
        .map(|at| (line(&text, at), "this can panic".to_owned()))
        .collect()
}

fn promises(_: &str, text: &str) -> Faults {
    [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("HA", "CK:"),
    ]
    .iter()
    .filter(|word| names(text, word))
    .map(|word| (1, format!("{word}: do it, or leave it out")))
    .collect()
}

fn length(path: &str, text: &str) -> Faults {
    let lines = text.lines().count();
    if path.ends_with(".rs") && lines > MOST_LINES {
        return vec![(lines, format!("{lines} lines"))];
    }
    Vec::new()
}

fn vague(path: &str, text: &str) -> Faults {
    if !path.ends_with(".rs") {
        return Vec::new();
    }
    let mut faults = Faults::new();
    for word in ["util", "helper", "manager", "handler", "misc", "common"] {
        if path.contains(word) {
            faults.push((1, format!("a file called {word}")));
        }
    }
    let text = code(text);
    faults.extend(
        text.match_indices("fn get_")
            .map(|(at, _)| (line(&text, at), "get_ says nothing".to_owned())),
    );
    faults
}

fn machine(_: &str, text: &str) -> Faults {
    [
        concat!("/wo", "rk/"),
        concat!("/tmp/", "wt/"),
        concat!("/tmp/", "brief"),
        concat!(".li", "brary/"),
    ]
    .iter()
    .filter_map(|path| text.find(path).map(|at| (path, at)))
    .map(|(path, at)| (line(text, at), format!("{path} is a path of one machine")))
    .collect()
}
