//! Sentences of the report that must be true of what was seen, and commands that stand where they belong.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::{Bench, json, see, see_with_input};

/// A port that answers every request with this status, as a proxy or a web server does.
fn answering(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            // Read before the answer: a connection closed with unread bytes is reset.
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        }
    });
    port
}

#[test]
fn proxies_that_do_not_open_the_way_are_told_apart() {
    let bench = Bench::with(&[]);
    for (status, rule, told, not) in [
        (
            "403 Forbidden",
            "proxy.refused",
            "to be allowed",
            "could not connect",
        ),
        (
            "502 Bad Gateway",
            "proxy.refused",
            "could not connect to",
            "to be allowed",
        ),
        (
            "504 Gateway Timeout",
            "proxy.refused",
            "could not connect to",
            "to be allowed",
        ),
        (
            "400 Bad Request",
            "proxy.not-a-proxy",
            "as a web server would",
            "to be allowed",
        ),
        (
            "405 Method Not Allowed",
            "proxy.not-a-proxy",
            "as a web server would",
            "to be allowed",
        ),
    ] {
        let proxy = format!("http://127.0.0.1:{}", answering(status));
        let arguments = ["inspect", "https://www.example.test", "--proxy", &proxy];
        let seen = see(&mut bench.command(&arguments));
        assert_eq!(seen.code, 3, "{seen:?}");
        let words = seen.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(rule), "{status}: {words}");
        assert!(
            words.contains(told) && !words.contains(not),
            "{status}: {words}"
        );
    }
}

#[test]
fn verify_names_the_option_that_was_typed() {
    let bench = Bench::with(&["healthy"]);
    let chain = [
        "export",
        bench.target("healthy"),
        "--what",
        "chain",
        "-o",
        "chain.pem",
    ];
    assert_eq!(see(&mut bench.command(&chain)).code, 0);
    let arguments = ["verify", "--chain", "chain.pem", "--roots", "root.pem"];
    let seen = see(&mut bench.command(&arguments));
    assert_eq!(seen.code, 0, "{seen:?}");
    assert!(
        seen.out.contains("Accepted by --roots root.pem"),
        "{}",
        seen.out
    );
    assert!(!seen.out.contains("--ca"), "{}", seen.out);
}

#[test]
fn each_command_stands_below_what_it_does() {
    let bench = Bench::with(&["wrong-host"]);
    let seen = see(&mut bench.trusting(&["inspect", bench.target("wrong-host")]));
    let at = |part: &str| {
        let mut lines = seen.out.lines();
        let found = lines.position(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("no {part} in {}", seen.out))
    };
    assert!(at("hosts file") < at("127.0.0.1 "), "{}", seen.out);
    assert!(at("127.0.0.1 ") < at("Ask the resolver"), "{}", seen.out);
    assert!(
        at("Ask the resolver") < at("--resolve-names"),
        "{}",
        seen.out
    );
}

#[test]
fn other_programs_are_given_the_same_file_and_proxy() {
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let seen = see(&mut bench.command(&["inspect", target, "--ca", "root.pem"]));
    assert!(seen.out.contains(" -CAfile root.pem "), "{}", seen.out);
    assert!(
        seen.out.contains("curl -v --cacert root.pem https://"),
        "{}",
        seen.out
    );
    let bare = see(&mut bench.command(&["inspect", target]));
    assert!(
        !bare.out.contains("-CAfile") && !bare.out.contains("--cacert"),
        "{}",
        bare.out
    );
    let proxy = format!("http://127.0.0.1:{}", answering("403 Forbidden"));
    let seen = see(&mut bench.command(&["inspect", target, "--proxy", &proxy]));
    let at = proxy.trim_start_matches("http://");
    assert!(seen.out.contains(&format!(" -proxy {at} ")), "{}", seen.out);
    assert!(
        seen.out.contains(&format!(" --proxy {proxy} ")),
        "{}",
        seen.out
    );
}

#[test]
fn a_root_that_the_system_lacks_too_fails_with_more_than_own_roots() {
    let bench = Bench::with(&["healthy"]);
    let report = json(&see(&mut bench.trusting(&[
        "inspect",
        bench.target("healthy"),
        "--format",
        "json",
    ])));
    let findings = report["findings"].as_array().unwrap();
    let one = findings.iter().find(|f| f["id"] == "store.disagree");
    let words = one.unwrap().to_string();
    assert!(
        words.contains("with the system's roots (git, wget)"),
        "{words}"
    );
}

#[test]
fn a_server_that_asks_for_a_certificate_names_its_authorities() {
    let bench = Bench::with(&["client-certificate"]);
    let seen = see(&mut bench.trusting(&["inspect", bench.target("client-certificate")]));
    let line = seen
        .out
        .lines()
        .find(|l| l.contains("Client certificate  "));
    assert!(line.unwrap().contains("CN="), "{}", seen.out);
}

#[test]
fn an_empty_pipe_is_no_question() {
    let bench = Bench::with(&[]);
    for arguments in [["explain", "-"].as_slice(), &["explain"]] {
        let seen = see_with_input(&mut bench.command(arguments), b"\n");
        assert_eq!((seen.code, seen.out.as_str()), (3, ""), "{seen:?}");
        assert!(seen.err.contains("2>&1"), "{}", seen.err);
    }
}

#[test]
fn an_error_in_the_place_of_a_target_is_sent_to_explain() {
    let bench = Bench::with(&[]);
    let text = "curl: (60) SSL certificate problem: certificate has expired";
    for arguments in [[text].as_slice(), &["inspect", text]] {
        let seen = see(&mut bench.command(arguments));
        assert_eq!(seen.code, 2, "{seen:?}");
        assert!(seen.err.contains("whycert explain '…'"), "{}", seen.err);
    }
    let seen = see(&mut bench.command(&["inspect", "two words"]));
    assert!(!seen.err.contains("explain"), "{}", seen.err);
}

#[test]
fn a_server_that_does_not_answer_before_tls_is_no_mere_silence() {
    let bench = Bench::with(&["silent"]);
    let target = bench.target("silent").replace("https://", "");
    let arguments = ["inspect", &target, "--starttls", "smtp", "--timeout", "1"];
    let seen = see(&mut bench.command(&arguments));
    assert_eq!(seen.code, 1, "{seen:?}");
    assert!(seen.out.contains("does not answer in SMTP"), "{}", seen.out);
    assert!(seen.out.contains("Leave out STARTTLS"), "{}", seen.out);
}

#[test]
fn a_folder_is_no_file_of_certificates() {
    let bench = Bench::with(&[]);
    let seen = see(&mut bench.command(&["inspect", "."]));
    assert_eq!(seen.code, 3, "{seen:?}");
    assert!(
        seen.out.contains("Name one of the files in it."),
        "{}",
        seen.out
    );
}

#[test]
fn an_error_names_its_program_and_its_server() {
    let bench = Bench::with(&[]);
    for (text, client, server) in [
        (
            "fatal: unable to access 'https://git.corp.example/r.git/': server certificate verification failed. CAfile: none",
            "git: server certificate verification failed",
            "server  https://git.corp.example\n",
        ),
        (
            "ERROR: cannot verify files.corp.example's certificate, issued by 'CN=x':\n  Unable to locally verify the issuer's authority.",
            "wget: ",
            "server  files.corp.example\n",
        ),
        (
            "W: Failed to fetch https://apt.corp.example/InRelease  The certificate is NOT trusted. The certificate issuer is unknown.",
            "apt: ",
            "server  https://apt.corp.example\n",
        ),
        ("-9807", "macOS or iOS: ", ""),
    ] {
        let seen = see(&mut bench.command(&["explain", "--offline", text]));
        assert_eq!(seen.code, 0, "{seen:?}");
        assert!(seen.out.starts_with(client), "{}", seen.out);
        assert!(seen.out.contains(server), "{}", seen.out);
    }
}
