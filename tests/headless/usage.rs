//! Mistakes on the command line, and the examples of every `--help`.

use std::process::Stdio;

use super::{Bench, interrupt, line_with, see};

/// What is typed; a part of the problem; a part of the hint.
const MISTAKES: &[(&[&str], &str, &str)] = &[
    (&[], "no target is named", "whycert https://localhost:8443"),
    (&[""], "the target is empty", "localhost:8443"),
    (
        &["inspect"],
        "TARGET is missing",
        "whycert inspect https://localhost:8443",
    ),
    (
        &["inspect", "htps://h"],
        "htps:// is not known",
        "https://h?",
    ),
    (&["inspect", "h:99999"], "no port 99999", "1 to 65535"),
    (&["inspect", "http:/h"], "should be “http://”", "http://h?"),
    (
        &["inspect", "curl -u a:hunter2 https://h"],
        "whole curl command",
        "https://h",
    ),
    (
        &["inspect", "-", "-"],
        "standard input (-) is named twice",
        "once",
    ),
    (
        &["inspct", "localhost"],
        "no command “inspct”",
        "did you mean inspect?",
    ),
    (
        &["--ca", "root.pem", "inspect", "h"],
        "commands come first",
        "whycert inspect …",
    ),
    (
        &["h", "inspect"],
        "commands come first",
        "whycert -- inspect",
    ),
    (
        &["--format", "json", "h"],
        "no option --format here",
        "whycert inspect",
    ),
    (
        &["inspect", "h", "--fromat", "json"],
        "no option --fromat",
        "did you mean --format?",
    ),
    (
        &["inspect", "h", "--format", "xml"],
        "--format cannot be “xml”",
        "text, json or markdown",
    ),
    (
        &["inspect", "h", "--format"],
        "--format needs a value",
        "text, json or markdown",
    ),
    (
        &["inspect", "h", "-k"],
        "no option -k",
        "nothing needs to be switched off",
    ),
    (
        &["inspect", "h", "--insecure"],
        "no option --insecure",
        "nothing needs to be switched off",
    ),
    (
        &["inspect", "h", "--json"],
        "no option --json",
        "--format json",
    ),
    (
        &["inspect", "h", "--cacert", "x"],
        "no option --cacert",
        "--ca FILE",
    ),
    (
        &["inspect", "h", "--resolve", "x"],
        "no option --resolve",
        "--connect",
    ),
    (
        &["inspect", "h", "--ca", "nope.pem"],
        "there is no file “nope.pem”",
        "PEM or DER",
    ),
    (&["inspect", "h", "--ca", "."], "is a folder", "PEM or DER"),
    (
        &["inspect", "h", "--at", "tomorrow"],
        "“tomorrow” is not a time",
        "2027-01-31",
    ),
    (
        &["inspect", "h", "--at", "2027-02-30"],
        "is not a time",
        "2027-01-31",
    ),
    (
        &["inspect", "h", "--timeout", "0"],
        "“0” is no time",
        "1.5s",
    ),
    (
        &["inspect", "h", "--timeout", "-1"],
        "“-1” is no time",
        "1.5s",
    ),
    (
        &["inspect", "h", "--sni", "127.0.0.1"],
        "is an address",
        "--no-sni",
    ),
    (
        &["inspect", "h", "--sni", "a:1"],
        "is no host name",
        "api.example.com",
    ),
    (
        &["inspect", "h", "--sni", "a", "--no-sni"],
        "exclude each other",
        "leave one",
    ),
    (
        &["inspect", "h", "-4", "-6"],
        "exclude each other",
        "leave one",
    ),
    (
        &["inspect", "h", "--connect", "https://x"],
        "is no address",
        "127.0.0.1:8443",
    ),
    (
        &["inspect", "h", "--connect", ""],
        "is no address",
        "127.0.0.1:8443",
    ),
    (
        &["inspect", "h", "--proxy", "ftp://x"],
        "“ftp” proxies",
        "socks5h://",
    ),
    (
        &["inspect", "h", "--proxy", "x", "--no-proxy"],
        "exclude each other",
        "leave one",
    ),
    (
        &["inspect", "h", "--starttls", "telnet"],
        "cannot be “telnet”",
        "smtp, imap",
    ),
    (
        &["inspect", "root.pem", "--sni", "x"],
        "--sni is for servers",
        "--host",
    ),
    (&["export"], "TARGET is missing", "whycert export"),
    (
        &["export", "root.pem", "--what", "twig"],
        "“twig” cannot be exported",
        "leaf, chain",
    ),
    (&["export", "root.pem", "--what", "-1"], "", ""),
    (
        &["export", "root.pem", "--format", "pkcs12"],
        "cannot be “pkcs12”",
        "pem, der",
    ),
    (
        &["verify"],
        "--chain FILE is missing",
        "whycert verify --chain",
    ),
    (
        &["verify", "--chain", "root.pem", "--host", "a:1"],
        "names a port",
        "leave the port out",
    ),
    (
        &["verify", "--chain", "root.pem", "--host", "a b"],
        "is no host name",
        "127.0.0.1",
    ),
    (
        &["verify", "--chain", "root.pem", "--roots", "x"],
        "there is no file “x”",
        "PEM or DER",
    ),
    (
        &["bundle"],
        "needs to know what to do",
        "whycert bundle refresh",
    ),
    (
        &["trust", "undo", "xyz", "--yes"],
        "is no id",
        "whycert trust list",
    ),
    (
        &["trust", "localhost:1", "--rung", "bundel"],
        "no rung “bundel”",
        "did you mean bundle?",
    ),
    (
        &["explain", "chain.missing-isuer"],
        "no rule",
        "did you mean chain.missing-issuer?",
    ),
    (
        &["lab", "serve", "--port", "0"],
        "--port cannot be “0”",
        "1 to 65535",
    ),
    (
        &["lab", "serve", "--port", "x"],
        "--port cannot be “x”",
        "1 to 65535",
    ),
    (
        &["h", "--size", "80x24"],
        "--screenshot FILE.svg is missing",
        "",
    ),
    (
        &["h", "--screenshot", "x.svg", "--size", "huge"],
        "is no size",
        "120x36",
    ),
    (&["inspect", "h\u{1b}[2J"], "\\x1b", "did you mean"),
];

#[test]
fn every_mistake_is_named_with_what_to_type_instead() {
    let bench = Bench::with(&[]);
    for (typed, problem, hint) in MISTAKES {
        let seen = see(&mut bench.command(typed));
        assert_eq!(
            (seen.code, seen.out.as_str()),
            (2, ""),
            "{typed:?}: {seen:?}"
        );
        let lines: Vec<&str> = seen.err.lines().collect();
        let [first, second] = lines.as_slice() else {
            panic!("{typed:?}: {:?}", seen.err);
        };
        let first = first.strip_prefix("whycert: ").expect("the problem");
        let second = second.strip_prefix("hint: ").expect("the hint");
        assert!(first.contains(problem), "{typed:?}: {first}");
        assert!(second.contains(hint), "{typed:?}: {second}");
        assert!(
            !seen.err.contains('\u{1b}') && !seen.err.contains("hunter2"),
            "{:?}",
            seen.err
        );
        for words in [first, second] {
            assert!(whycert::text::width(words) <= 160, "{typed:?}: {words}");
        }
    }
}

/// Every command there is, as its help lists them.
fn commands(bench: &Bench, path: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
    arguments.push("--help");
    let seen = see(&mut bench.command(&arguments));
    assert_eq!((seen.code, seen.err.as_str()), (0, ""), "{path:?}");
    let below: Vec<String> = seen
        .out
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    found.push((path.to_vec(), seen.out));
    for name in below {
        let mut path = path.to_vec();
        path.push(name);
        commands(bench, &path, found);
    }
}

#[test]
fn every_help_ends_with_an_example_that_runs() {
    let bench = Bench::with(&["healthy"]);
    // What the examples name.
    std::fs::copy(&bench.root, bench.home.path().join("chain.pem")).unwrap();
    std::fs::copy(&bench.root, bench.home.path().join("ca.pem")).unwrap();
    let mut found = Vec::new();
    commands(&bench, &[], &mut found);
    assert!(found.len() >= 12, "{found:?}");
    for (path, help) in found {
        let example = help.trim_end().lines().last().unwrap_or_default();
        let words: Vec<&str> = example.split_whitespace().collect();
        let ["whycert", arguments @ ..] = words.as_slice() else {
            panic!("{path:?} ends with {example:?}");
        };
        assert!(
            path.iter().zip(arguments).all(|(a, b)| a == b),
            "{path:?}: {example}"
        );
        if arguments.first() == Some(&"lab") && arguments.get(1) == Some(&"serve") {
            // It serves until it is told to end. The port may be taken: its own test asks for free ones.
            let free: Vec<&str> = arguments
                .iter()
                .copied()
                .take_while(|word| *word != "--port")
                .collect();
            let mut child = bench
                .command(&free)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let (_, _rest) = line_with(&mut child, "https://localhost:");
            interrupt(&child, rustix::process::Signal::TERM);
            assert_eq!(child.wait().unwrap().code(), Some(0));
            continue;
        }
        let seen = see(&mut bench.command(arguments));
        // Nothing may listen at its address, but nothing in it is a mistake.
        let of_command = arguments.first() == Some(&"run") && seen.code != 2;
        assert!(
            of_command || [0, 1, 3].contains(&seen.code),
            "{example}: {seen:?}"
        );
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let bench = Bench::with(&[]);
    let seen = see(&mut bench.command(&["--version"]));
    assert_eq!(seen.out, format!("whycert {}\n", env!("CARGO_PKG_VERSION")));
}
