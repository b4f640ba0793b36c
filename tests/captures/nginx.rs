//! nginx with throw-away configurations, and Python's own web server.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;

use whycert::capture::{Failure, Outcome as Ended, Speaks};
use whycert::inspect::Outcome;

use super::{Family, Look, evidence, failure, ids, presented};
use crate::support::mint::server;
use crate::support::nginx::{self, Nginx};
use crate::support::programs::{clean, peer};

/// nginx, with these lines in its `server` block.
struct Server {
    _nginx: Nginx,
    port: u16,
}

impl Server {
    fn start(program: &Path, family: &Family, tls: bool, lines: &str) -> Self {
        // Another program may take the free port before nginx does: then once more.
        (0..5)
            .find_map(|_| Self::on_free_port(program, family, tls, lines))
            .expect("nginx starts")
    }

    fn on_free_port(program: &Path, family: &Family, tls: bool, lines: &str) -> Option<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let ssl = if tls { " ssl" } else { "" };
        let block = format!(
            "server {{ listen 127.0.0.1:{port}{ssl} default_server; return 200 hello;\n{lines} }}"
        );
        let nginx = Nginx::start(program, family.folder.path(), &block)?;
        Some(Self {
            _nginx: nginx,
            port,
        })
    }
}

#[test]
fn nginx_with_the_whole_chain_is_trusted() {
    let Some(program) = nginx::program() else {
        return;
    };
    let family = Family::new();
    let lines = "ssl_certificate chain.pem; ssl_certificate_key key.pem;";
    let server = Server::start(&program, &family, true, lines);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(ids(&seen), Vec::<&str>::new(), "{:?}", seen.capture.outcome);
    assert_eq!(seen.outcome, Outcome::Trusted);
    assert_eq!(
        presented(&seen.capture),
        [&family.leaf.der[..], &family.issuing.der]
    );
    assert_eq!(
        seen.capture.session.alpn.as_ref().map(|a| a.raw()),
        Some("http/1.1")
    );
}

#[test]
fn nginx_without_the_intermediate_lacks_it() {
    let Some(program) = nginx::program() else {
        return;
    };
    let family = Family::new();
    let lines = "ssl_certificate leaf.pem; ssl_certificate_key key.pem;";
    let server = Server::start(&program, &family, true, lines);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(ids(&seen), ["chain.missing-issuer"]);
    assert!(seen.findings[0].summary.contains("“Capture Issuing CA”"));
    assert_eq!(presented(&seen.capture), [&family.leaf.der[..]]);
}

#[test]
fn nginx_that_wants_a_client_certificate_asks_and_goes_on() {
    let Some(program) = nginx::program() else {
        return;
    };
    let family = Family::new();
    let lines = "ssl_certificate chain.pem; ssl_certificate_key key.pem;\n\
                 ssl_verify_client on; ssl_client_certificate root.pem;";
    let server = Server::start(&program, &family, true, lines);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    let auth = seen.capture.session.client_auth.as_ref().expect("it asked");
    assert!(
        !auth.required,
        "nginx says 400 to the request, which is never sent"
    );
    assert_eq!(auth.authorities.len(), 1);
    assert_eq!(ids(&seen), ["tls.client-certificate"]);
    assert_eq!(seen.findings[0].severity.id(), "note");
    assert!(seen.findings[0].summary.contains("400"));
    assert_eq!(seen.outcome, Outcome::Trusted);
    assert_eq!(seen.capture.outcome, Ended::Complete);
}

#[test]
fn nginx_in_the_clear_is_told_with_its_status_line() {
    let Some(program) = nginx::program() else {
        return;
    };
    let family = Family::new();
    let server = Server::start(&program, &family, false, "");
    let seen = Look::at(server.port).inspect();
    assert_eq!(ids(&seen), ["tls.plain-http"]);
    assert_eq!(
        evidence(&seen, "first line"),
        Some("HTTP/1.1 400 Bad Request")
    );
    let says = format!("use http://localhost:{}", server.port);
    assert!(
        seen.findings[0].summary.contains(&says),
        "{}",
        seen.findings[0].summary
    );
}

#[test]
fn nginx_answers_an_unknown_name_with_its_default_server() {
    let Some(program) = nginx::program() else {
        return;
    };
    let family = Family::new();
    let other = family.issuing.issue(server(&["shop.test"]));
    std::fs::write(
        family.path("other.pem"),
        super::pem(&other.der) + &super::pem(&family.issuing.der),
    )
    .unwrap();
    std::fs::write(family.path("other.key"), other.key.serialize_pem()).unwrap();
    let lines = "ssl_certificate other.pem; ssl_certificate_key other.key;";
    let server = Server::start(&program, &family, true, lines);
    let seen = Look::at(server.port).trusting(&family.root.der).inspect();
    assert_eq!(ids(&seen), ["name.mismatch"]);
    assert!(
        seen.findings[0]
            .summary
            .contains("shop.test, not for localhost")
    );

    // Strict: a default server that refuses.
    let strict = Server::start(&program, &family, true, "ssl_reject_handshake on;");
    let seen = Look::at(strict.port).inspect();
    assert_eq!(ids(&seen), ["tls.alert"]);
    assert_eq!(failure(&seen), &Failure::Alert);
}

#[test]
fn pythons_web_server_in_the_clear_is_told() {
    let Some(python) = peer("python3") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut child = clean(python)
        .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    // Serving HTTP on 127.0.0.1 port 40123 (http://127.0.0.1:40123/) ...
    let port = line
        .split_whitespace()
        .skip_while(|word| *word != "port")
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    // It answers when a line ends, and a random byte of the ClientHello does that nearly always.
    let seen = (0..5).map(|_| {
        Look::at(port)
            .within(std::time::Duration::from_secs(5))
            .inspect()
    });
    let seen = seen
        .into_iter()
        .find(|seen| *failure(seen) != Failure::Silent)
        .expect("it answers");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        matches!(
            failure(&seen),
            Failure::NotTls {
                speaks: Speaks::Http,
                ..
            }
        ),
        "{:?}",
        seen.capture.outcome
    );
    assert_eq!(ids(&seen), ["tls.plain-http"]);
}
