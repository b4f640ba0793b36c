//! Through proxies: CONNECT and SOCKS5, willing and unwilling; chosen as curl would choose.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use whycert::capture::{Failure, ProxyFailure};
use whycert::inspect::{Inspection, Outcome};
use whycert::net::{ProxyTrouble, Route};
use whycert::target::StartTls;

use super::{
    Family, Look, drain, evidence, failure, head_of_request, ids, join, name, say_and_close, serve,
};
use crate::support::programs::{SServer, peer, whycert};

fn upstream(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
}

/// A server with a trusted chain.
fn tls(family: &Family) -> Option<SServer> {
    let openssl = peer("openssl")?;
    std::fs::copy(family.path("leaf.pem"), family.path("cert.pem")).unwrap();
    let more = ["-cert_chain", "issuing.pem"];
    Some(SServer::start(&openssl, family.folder.path(), &more))
}

/// A CONNECT proxy that takes everyone to `to`; what each asked for comes out of the other end.
fn connect_proxy(to: u16) -> (u16, Receiver<String>) {
    let (asked, told) = channel();
    let port = serve(move |mut stream| {
        let _ = asked.send(head_of_request(&stream)?);
        let server = upstream(to)?;
        stream.write_all(b"HTTP/1.1 200 Connection established\r\nX-Proxy: test\r\n\r\n")?;
        join(stream, server)
    });
    (port, told)
}

fn trouble(seen: &Inspection) -> &ProxyTrouble {
    match failure(seen) {
        Failure::Proxy(ProxyFailure::Answered(trouble)) => trouble,
        other => panic!("{other:?}"),
    }
}

#[test]
fn connect_goes_through_with_a_login_and_the_route_is_kept() {
    let family = Family::new();
    let Some(server) = tls(&family) else { return };
    let (port, told) = connect_proxy(server.port);
    let seen = Look::at(server.port)
        .proxy(&format!("http://user:p%40ss@127.0.0.1:{port}"))
        .trusting(&family.root.der)
        .inspect();
    assert_eq!(ids(&seen), Vec::<&str>::new());
    assert_eq!(seen.outcome, Outcome::Trusted);
    let request = told.recv().unwrap();
    let wanted = format!("CONNECT localhost:{} HTTP/1.1\r\n", server.port);
    assert!(request.starts_with(&wanted), "{request}");
    // user:p@ss
    assert!(
        request
            .to_lowercase()
            .contains("proxy-authorization: basic dxnlcjpwqhnz"),
        "{request}"
    );
    assert_eq!(
        seen.capture.route,
        Route::Proxy {
            url: format!("http://127.0.0.1:{port}"),
            because: "--proxy".to_owned(),
            variables: Vec::new(),
        }
    );
    let stages: Vec<&str> = seen.capture.timings.iter().map(|(s, _)| s.id()).collect();
    assert_eq!(stages, ["connect", "proxy", "handshake"]);
}

#[test]
fn refusals_are_told_in_the_proxys_words() {
    let answer = |bytes: &'static [u8]| {
        serve(move |stream| {
            head_of_request(&stream)?;
            say_and_close(&stream, bytes)
        })
    };
    for (bytes, rule, label, says) in [
        (
            &b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\n\r\n"[..],
            "proxy.authentication",
            "wants",
            "Basic realm=\"corp\"",
        ),
        (
            b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n",
            "proxy.authentication",
            "answer",
            "407 Who are you",
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\r\n<html><h1>Blocked</h1> by <b>policy 7</b></html>",
            "proxy.refused",
            "answer",
            "403 Forbidden: Blocked by policy 7",
        ),
        // The page is longer than what comes of it.
        (
            b"HTTP/1.1 503 Busy\r\nContent-Length: 90000\r\n\r\ntry later",
            "proxy.refused",
            "answer",
            "503 Busy: try later",
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "proxy.not-a-proxy", "answer", "SSH-2.0-OpenSSH_9.2"),
        (b"", "proxy.not-a-proxy", "answer", "it closed the connection without a word"),
        // "Yes", and then a page of its own: a captive portal.
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><title>Please log in</title>",
            "proxy.not-a-proxy",
            "answer",
            "200, and then a page: <html><title>Please log in</title>",
        ),
    ] {
        let port = answer(bytes);
        let seen = Look::at(443).proxy(&format!("127.0.0.1:{port}")).inspect();
        assert_eq!(ids(&seen), [rule], "{:?}", seen.capture.outcome);
        assert_eq!(evidence(&seen, label), Some(says));
        assert_eq!(seen.outcome, Outcome::Unreachable);
        assert!(!seen.findings[0].fixes.is_empty());
    }
}

#[test]
fn a_proxy_that_says_nothing_or_is_not_there_is_told() {
    let silent = serve(|stream| drain(&stream));
    let seen = Look::at(443)
        .proxy(&format!("127.0.0.1:{silent}"))
        .within(Duration::from_secs(1))
        .inspect();
    assert_eq!(ids(&seen), ["net.timed-out"]);
    assert!(seen.findings[0].summary.contains("proxy"));

    let closed = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let seen = Look::at(443).proxy(&format!("127.0.0.1:{port}")).inspect();
    assert_eq!(ids(&seen), ["proxy.unreachable"]);

    let seen = Look::at(443).proxy("http://user:secret@").inspect();
    assert_eq!(ids(&seen), ["proxy.unreachable"]);
    assert!(!format!("{:?}", seen.findings).contains("secret"));
}

/// A mail server in the clear that begins TLS with this one.
fn smtp(to: u16) -> u16 {
    serve(move |mut stream| {
        stream.write_all(b"220 mail ready\r\n")?;
        let mut line = Vec::new();
        let mut byte = [0];
        while stream.read(&mut byte)? > 0 {
            line.push(byte[0]);
            if byte != *b"\n" {
                continue;
            }
            if line.starts_with(b"STARTTLS") {
                stream.write_all(b"220 go\r\n")?;
                return join(stream, upstream(to)?);
            }
            stream.write_all(b"250 STARTTLS\r\n")?;
            line.clear();
        }
        Ok(())
    })
}

/// Reads what the server says first, so that it can be sent in one piece with the proxy's answer.
fn greeting(server: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut buffer = vec![0; 512];
    let n = server.read(&mut buffer)?;
    buffer.truncate(n);
    Ok(buffer)
}

#[test]
fn what_comes_together_with_the_answer_is_not_lost() {
    let family = Family::new();
    let Some(server) = tls(&family) else { return };
    let mail = smtp(server.port);
    let http = serve(move |mut stream| {
        head_of_request(&stream)?;
        let mut server = upstream(mail)?;
        let mut both = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        both.extend(greeting(&mut server)?);
        stream.write_all(&both)?;
        join(stream, server)
    });
    let socks = serve(move |mut stream| {
        let mut request = [0; 3];
        stream.read_exact(&mut request)?;
        stream.write_all(&[5, 0])?;
        let mut head = [0; 5];
        stream.read_exact(&mut head)?;
        let mut rest = vec![0; usize::from(head[4]) + 2];
        stream.read_exact(&mut rest)?;
        let mut server = upstream(mail)?;
        let mut both = vec![5, 0, 0, 1, 127, 0, 0, 1, 0, 0];
        both.extend(greeting(&mut server)?);
        stream.write_all(&both)?;
        join(stream, server)
    });
    for proxy in [
        format!("http://127.0.0.1:{http}"),
        format!("socks5h://127.0.0.1:{socks}"),
    ] {
        let seen = Look::at(mail)
            .starttls(StartTls::Smtp)
            .proxy(&proxy)
            .trusting(&family.root.der)
            .inspect();
        assert_eq!(
            seen.outcome,
            Outcome::Trusted,
            "{proxy} {:?}",
            seen.findings
        );
    }
}

/// A SOCKS5 proxy that wants `login` when given, answers with `reply`, and hands out the requests.
fn socks_proxy(to: u16, login: Option<&'static [u8]>, reply: u8) -> (u16, Receiver<Vec<u8>>) {
    let (asked, told) = channel();
    let port = serve(move |mut stream| {
        let mut head = [0; 2];
        stream.read_exact(&mut head)?;
        let mut methods = vec![0; usize::from(head[1])];
        stream.read_exact(&mut methods)?;
        if let Some(login) = login {
            if !methods.contains(&2) {
                stream.write_all(&[5, 0xff])?;
                return drain(&stream);
            }
            stream.write_all(&[5, 2])?;
            let mut given = vec![0; login.len()];
            stream.read_exact(&mut given)?;
            stream.write_all(&[1, u8::from(given != login)])?;
            if given != login {
                return drain(&stream);
            }
        } else {
            stream.write_all(&[5, 0])?;
        }
        let mut request = vec![0; 5];
        stream.read_exact(&mut request)?;
        let more = match request[3] {
            1 => 5,
            3 => usize::from(request[4]) + 2,
            _ => 17,
        };
        let mut rest = vec![0; more];
        stream.read_exact(&mut rest)?;
        request.extend(rest);
        let _ = asked.send(request);
        // Bound to an IPv6 address, which is longer.
        let mut answer = vec![5, reply, 0, 4];
        answer.extend([0; 18]);
        stream.write_all(&answer)?;
        if reply == 0 {
            join(stream, upstream(to)?)
        } else {
            drain(&stream)
        }
    });
    (port, told)
}

#[test]
fn socks_resolves_where_it_is_told_to() {
    let family = Family::new();
    let Some(server) = tls(&family) else { return };
    let [high, low] = server.port.to_be_bytes();
    let by_name = [&[5, 1, 0, 3, 9][..], b"localhost", &[high, low]].concat();
    let four = vec![5, 1, 0, 1, 127, 0, 0, 1, high, low];
    let six = [
        &[5, 1, 0, 4][..],
        &std::net::Ipv6Addr::LOCALHOST.octets(),
        &[high, low],
    ]
    .concat();
    for (scheme, wanted) in [("socks5h", vec![by_name]), ("socks5", vec![four, six])] {
        let (port, told) = socks_proxy(server.port, Some(b"\x01\x04user\x04pass"), 0);
        let seen = Look::at(server.port)
            .proxy(&format!("{scheme}://user:pass@127.0.0.1:{port}"))
            .trusting(&family.root.der)
            .inspect();
        assert_eq!(seen.outcome, Outcome::Trusted, "{:?}", seen.findings);
        let request = told.recv().unwrap();
        assert!(wanted.contains(&request), "{request:?}");
    }
}

#[test]
fn socks_refusals_are_told_in_words() {
    let at = |proxy: String| {
        Look::at(443)
            .host(name("www.example.test"))
            .proxy(&proxy)
            .inspect()
    };
    let (port, _told) = socks_proxy(0, None, 5);
    let seen = at(format!("socks5h://127.0.0.1:{port}"));
    assert_eq!(ids(&seen), ["proxy.refused"]);
    assert_eq!(evidence(&seen, "answer"), Some("connection refused"));

    let (port, _told) = socks_proxy(0, Some(b"\x01\x04user\x04pass"), 0);
    for login in ["", "user:wrong@"] {
        let seen = at(format!("socks5h://{login}127.0.0.1:{port}"));
        assert_eq!(ids(&seen), ["proxy.authentication"], "{login}");
    }

    // Resolved here, a name that does not exist never reaches the proxy.
    let (port, told) = socks_proxy(0, None, 0);
    let seen = Look::at(443)
        .host(name("does-not-exist.invalid"))
        .proxy(&format!("socks5://127.0.0.1:{port}"))
        .inspect();
    assert!(
        matches!(trouble(&seen), ProxyTrouble::Socks(words) if words.contains("does not resolve"))
    );
    assert!(told.try_recv().is_err());

    let http = serve(|mut stream| {
        let mut seen = [0; 3];
        stream.read_exact(&mut seen)?;
        say_and_close(&stream, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    });
    let seen = at(format!("socks5h://127.0.0.1:{http}"));
    assert_eq!(ids(&seen), ["proxy.not-a-proxy"]);
    assert_eq!(evidence(&seen, "answer"), Some("HTTP/1.1 400 Bad Request"));
}

/// Runs the binary with these variables; its JSON.
fn inspected(port: u16, family: &Family, variables: &[(&str, &str)]) -> serde_json::Value {
    let home = tempfile::tempdir().unwrap();
    let mut command: Command = whycert(home.path());
    command
        .args(["inspect", "--format", "json", "--ca"])
        .arg(family.path("root.pem"))
        .arg(format!("https://localhost:{port}"))
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

#[test]
fn the_environment_names_the_proxy_as_for_curl() {
    let family = Family::new();
    let Some(server) = tls(&family) else { return };
    let (port, told) = connect_proxy(server.port);
    let (proxy, dead) = (format!("http://127.0.0.1:{port}"), "http://127.0.0.1:9");
    let through = |variables: &[(&str, &str)]| {
        let json = inspected(server.port, &family, variables);
        assert!(
            json["certificates"]
                .as_array()
                .is_some_and(|c| c.len() >= 2),
            "{json}"
        );
        let asked = told.try_recv().is_ok();
        (
            asked,
            json["connection"]["proxy"]["because"]
                .as_str()
                .map(str::to_owned),
        )
    };
    let because = |name: &str| (true, Some(name.to_owned()));
    assert_eq!(through(&[("HTTPS_PROXY", &proxy)]), because("HTTPS_PROXY"));
    assert_eq!(through(&[("ALL_PROXY", &proxy)]), because("ALL_PROXY"));
    // The small letters win, and what is empty does not count.
    assert_eq!(
        through(&[("https_proxy", &proxy), ("HTTPS_PROXY", dead)]),
        because("https_proxy")
    );
    assert_eq!(
        through(&[
            ("https_proxy", ""),
            ("HTTPS_PROXY", &proxy),
            ("ALL_PROXY", dead)
        ]),
        because("HTTPS_PROXY")
    );
    assert!(
        !through(&[
            ("HTTPS_PROXY", dead),
            ("NO_PROXY", "example.test,localhost")
        ])
        .0
    );
    assert!(!through(&[("HTTPS_PROXY", dead), ("no_proxy", "*")]).0);
    assert!(!through(&[("HTTP_PROXY", dead)]).0);

    // An address that is none is an error, not a straight connection.
    let json = inspected(
        server.port,
        &family,
        &[("HTTPS_PROXY", "http://:not a proxy")],
    );
    assert_eq!(json["findings"][0]["id"], "proxy.unreachable");
}
