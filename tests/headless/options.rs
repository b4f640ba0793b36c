//! Each option of reaching and judging does what `--help` says, against servers nobody here wrote
//! and the lab.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::sync::mpsc;

use serde_json::Value;

use super::{Bench, json, see};
use crate::support::{peer, programs};

fn report(bench: &Bench, arguments: &[&str]) -> Value {
    let mut command = bench.trusting(&["inspect", "--format", "json"]);
    json(&see(command.args(arguments)))
}

fn rules(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|f| f["id"].as_str().unwrap()).collect()
}

#[test]
fn at_judges_as_of_then() {
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    assert_eq!(report(&bench, &[target])["outcome"], "trusted");
    let later = report(&bench, &[target, "--at", "+10y"]);
    assert_eq!(later["outcome"], "untrusted");
    assert!(rules(&later).contains(&"cert.expired"));
    assert_eq!(later["judged_at_given"], true);
    let earlier = report(&bench, &[target, "--at", "-1y"]);
    assert!(
        rules(&earlier).contains(&"cert.not-yet-valid"),
        "{:?}",
        rules(&earlier)
    );
}

#[test]
fn ca_decides() {
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let without = json(&see(
        &mut bench.command(&["inspect", target, "--format", "json"])
    ));
    assert_eq!(without["outcome"], "untrusted");
    assert_eq!(report(&bench, &[target])["verdicts"][0]["store"], "ca");
}

#[test]
fn connect_reaches_here_and_verifies_there() {
    let bench = Bench::with(&["wrong-host"]);
    let port = bench.port("wrong-host");
    let there = format!("shop.example.com:{port}");
    let found = report(&bench, &[&there, "--connect", "127.0.0.1"]);
    assert_eq!(found["outcome"], "trusted", "{found}");
    assert_eq!(found["session"]["server_name"], "shop.example.com");
    assert_eq!(found["connection"]["peer"], format!("127.0.0.1:{port}"));
    let other = format!("localhost:{port}");
    let found = report(&bench, &["https://shop.example.com", "--connect", &other]);
    assert_eq!(found["outcome"], "trusted", "{found}");
    let six = format!("[::1]:{port}");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let found = report(&bench, &["shop.example.com", "--connect", &six]);
        assert_eq!(found["connection"]["peer"], six);
    }
}

#[test]
fn sni_chooses_the_certificate_of_openssl() {
    let Some(openssl) = peer("openssl") else {
        return;
    };
    let bench = Bench::with(&[]);
    let one = tempfile::tempdir().unwrap();
    programs::self_signed(&openssl, one.path(), &[]);
    let other = tempfile::tempdir().unwrap();
    programs::self_signed(&openssl, other.path(), &["extendedKeyUsage=serverAuth"]);
    let path = |file: &str| other.path().join(file).to_string_lossy().into_owned();
    let (cert2, key2) = (path("cert.pem"), path("key.pem"));
    let server = programs::SServer::start(
        &openssl,
        one.path(),
        &[
            "-servername",
            "other.example",
            "-cert2",
            &cert2,
            "-key2",
            &key2,
        ],
    );
    let target = format!("localhost:{}", server.port);
    let first = |arguments: &[&str]| {
        let mut all = vec![target.as_str(), "-4"];
        all.extend(arguments);
        let found = report(&bench, &all);
        let sha256 = found["certificates"][0]["sha256"]
            .as_str()
            .unwrap()
            .to_owned();
        (
            sha256,
            found["session"]["server_name"].clone(),
            found["connection"]["verified_name"].clone(),
        )
    };
    let (plain, sent, verified) = first(&[]);
    assert_eq!((sent, verified), ("localhost".into(), "localhost".into()));
    let (named, sent, verified) = first(&["--sni", "other.example"]);
    assert_eq!(
        (sent, verified),
        ("other.example".into(), "other.example".into())
    );
    assert_ne!(plain, named);
    let (none, sent, verified) = first(&["--no-sni"]);
    assert_eq!((sent, verified), (Value::Null, "localhost".into()));
    assert_eq!(none, plain);
}

#[test]
fn four_and_six_choose_the_family() {
    let bench = Bench::with(&["healthy"]);
    let target = bench.target("healthy");
    let port = bench.port("healthy");
    let four = report(&bench, &[target, "-4"]);
    assert_eq!(four["connection"]["peer"], format!("127.0.0.1:{port}"));
    let wrong = report(&bench, &[&format!("127.0.0.1:{port}"), "-6"]);
    assert_eq!(wrong["outcome"], "unreachable");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let six = report(&bench, &[&format!("[::1]:{port}"), "-6"]);
        assert_eq!(six["outcome"], "trusted", "{six}");
        let wrong = report(&bench, &[&format!("[::1]:{port}"), "-4"]);
        assert_eq!(wrong["outcome"], "unreachable");
    }
}

#[test]
fn timeout_ends_each_stage() {
    let bench = Bench::with(&["silent"]);
    let began = std::time::Instant::now();
    let found = report(&bench, &[bench.target("silent"), "--timeout", "200ms"]);
    assert!(rules(&found).contains(&"tls.silent"), "{:?}", rules(&found));
    assert!(began.elapsed().as_secs() < 8, "the usual limit is 10 s");
}

/// A proxy that says what it was asked for, and connects to `to` whatever that was.
fn proxy(to: u16) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(client.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    break;
                }
            }
            if sender.send(head).is_err() {
                return;
            }
            tunnel(client, b"HTTP/1.1 200 OK\r\n\r\n", to);
        }
    });
    (port, asked)
}

/// Answers `hello` and joins the client with a port of this machine.
fn tunnel(mut client: TcpStream, hello: &[u8], to: u16) {
    client.write_all(hello).unwrap();
    let server = TcpStream::connect(("127.0.0.1", to)).unwrap();
    let pairs = [
        (client.try_clone().unwrap(), server.try_clone().unwrap()),
        (server, client),
    ];
    for (mut from, mut into) in pairs {
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut into);
            let _ = into.shutdown(std::net::Shutdown::Write);
        });
    }
}

#[test]
fn proxies_are_used_as_curl_would() {
    let bench = Bench::with(&["healthy"]);
    let target = format!("https://localhost:{}", bench.port("healthy"));
    let (port, asked) = proxy(bench.port("healthy"));
    let proxy = format!("http://me:hunter2@127.0.0.1:{port}");
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = bench.trusting(&["inspect", &target, "--format", "json"]);
        let seen = see(command.envs(variables.iter().copied()).args(arguments));
        assert!(
            !seen.out.contains("hunter2") && !seen.err.contains("hunter2"),
            "{seen:?}"
        );
        json(&seen)
    };
    // Named on the command line.
    let found = run(&[], &["--proxy", &proxy]);
    assert_eq!(found["outcome"], "trusted", "{found}");
    assert_eq!(found["connection"]["proxy"]["because"], "--proxy");
    let head = asked.recv().unwrap();
    let host = format!("localhost:{}", bench.port("healthy"));
    assert!(
        head.starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.to_ascii_lowercase()
            .contains("proxy-authorization: basic "),
        "{head}"
    );
    // Named by the environment, and why is shown.
    let found = run(&[("HTTPS_PROXY", &proxy)], &[]);
    assert_eq!(found["connection"]["proxy"]["because"], "HTTPS_PROXY");
    asked.recv().unwrap();
    // Not used: asked for, or exempt.
    for (variables, arguments) in [
        (&[("HTTPS_PROXY", proxy.as_str())][..], &["--no-proxy"][..]),
        (&[("HTTPS_PROXY", &proxy), ("NO_PROXY", "localhost")], &[]),
    ] {
        let found = run(variables, arguments);
        assert_eq!(found["outcome"], "trusted");
        assert_eq!(found["connection"]["proxy"], Value::Null);
        assert!(asked.try_recv().is_err());
    }
}

#[test]
fn starttls_is_spoken_before_tls() {
    let bench = Bench::with(&["healthy"]);
    let to = bench.port("healthy");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let mut verbs = Vec::new();
        for _ in 0..2 {
            let (mut client, _) = listener.accept().unwrap();
            client.write_all(b"220 mail.example ESMTP\r\n").unwrap();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            for answer in ["250-mail.example\r\n250 STARTTLS\r\n", ""] {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                verbs.push(
                    line.split_whitespace()
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                );
                client.write_all(answer.as_bytes()).unwrap();
            }
            tunnel(client, b"220 go ahead\r\n", to);
        }
        verbs
    });
    for arguments in [
        vec![
            format!("localhost:{port}"),
            "--starttls".into(),
            "smtp".into(),
        ],
        vec![format!("smtp://localhost:{port}")],
    ] {
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.push("-4");
        let found = report(&bench, &arguments);
        assert_eq!(found["outcome"], "trusted", "{found}");
    }
    assert_eq!(
        server.join().unwrap(),
        ["EHLO", "STARTTLS", "EHLO", "STARTTLS"]
    );
}

#[test]
fn names_with_letters_beyond_ascii_are_shown_both_ways() {
    let bench = Bench::with(&["healthy"]);
    let to = format!("127.0.0.1:{}", bench.port("healthy"));
    let seen = see(&mut bench.trusting(&["inspect", "https://bücher.example", "--connect", &to]));
    assert_eq!(seen.code, 1);
    assert!(seen.out.contains("bücher.example"), "{}", seen.out);
    assert!(seen.out.contains("xn--bcher-kva.example"), "{}", seen.out);
}

#[test]
fn nothing_but_the_handshake_is_sent() {
    // What arrives at the server after a refusal of everything: one ClientHello, and no request.
    let bench = Bench::with(&[]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!(
        "https://127.0.0.1:{}/secret/path?token=1",
        listener.local_addr().unwrap().port()
    );
    let server = std::thread::spawn(move || {
        let mut all = Vec::new();
        let (mut client, _) = listener.accept().unwrap();
        let mut buffer = [0; 4096];
        let n = client.read(&mut buffer).unwrap();
        all.extend_from_slice(&buffer[..n]);
        drop(client);
        all
    });
    see(&mut bench.command(&["inspect", &target, "--timeout", "2s"]));
    let sent = server.join().unwrap();
    assert_eq!(sent.first(), Some(&22), "a TLS handshake record");
    assert!(!sent.windows(5).any(|w| w == b"token"));
}
