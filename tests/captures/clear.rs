//! Servers that misbehave below TLS: silent, slow, endless, broken; greetings of other protocols.

use std::io::Write;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use whycert::capture::{Failure, MOST_FIRST_BYTES, Speaks};
use whycert::inspect::Outcome;
use whycert::target::Scheme;

use super::{Look, drain, evidence, failure, ids, say_and_close, serve};

/// Long enough for a loaded machine to connect, short enough to wait for.
const LIMIT: Duration = Duration::from_secs(2);

#[test]
fn greetings_are_named_with_their_first_line() {
    for (greeting, speaks, rule, says) in [
        (
            &b"SSH-2.0-OpenSSH_9.2p1\r\n"[..],
            Speaks::Ssh,
            "tls.not-tls",
            "SSH",
        ),
        (
            b"220 mx.example.test ESMTP Postfix\r\n",
            Speaks::Smtp,
            "tls.needs-starttls",
            "--starttls smtp",
        ),
        (
            b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n",
            Speaks::Imap,
            "tls.needs-starttls",
            "--starttls imap",
        ),
        (
            b"+OK Dovecot ready.\r\n",
            Speaks::Pop3,
            "tls.needs-starttls",
            "--starttls pop3",
        ),
        (
            b"220 (vsFTPd 3.0.5)\r\n",
            Speaks::Ftp,
            "tls.needs-starttls",
            "--starttls ftp",
        ),
        (
            b"\x4a\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xff\xff\x02\x00",
            Speaks::Mysql,
            "tls.needs-starttls",
            "--starttls mysql",
        ),
        (
            b"-ERR wrong number of arguments\r\n",
            Speaks::Redis,
            "tls.not-tls",
            "redis://",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
            Speaks::Http,
            "tls.plain-http",
            "http://localhost:",
        ),
        (
            b"<!DOCTYPE html><html><title>no</title>",
            Speaks::Http,
            "tls.plain-http",
            "http://localhost:",
        ),
    ] {
        let port = serve(move |stream| say_and_close(&stream, greeting));
        let seen = Look::at(port).inspect();
        let Failure::NotTls { speaks: named, .. } = failure(&seen) else {
            panic!("{speaks:?}: {:?}", seen.capture.outcome);
        };
        assert_eq!(*named, speaks);
        assert_eq!(ids(&seen), [rule]);
        assert_eq!(seen.outcome, Outcome::NoCertificate);
        let finding = &seen.findings[0];
        let all: String = finding
            .fixes
            .iter()
            .map(|f| format!("{} {} ", f.action, f.command.as_deref().unwrap_or("")))
            .collect();
        assert!(
            format!("{} {all}", finding.summary).contains(says),
            "{finding:?}"
        );
        assert!(seen.capture.first_bytes.starts_with(&greeting[..10]));
    }
}

#[test]
fn a_greeting_is_named_also_when_the_server_then_waits() {
    let port = serve(|mut stream| {
        stream.write_all(b"220 mx.example.test ESMTP\r\n")?;
        drain(&stream)
    });
    let seen = Look::at(port).inspect();
    assert_eq!(ids(&seen), ["tls.needs-starttls"]);
    assert_eq!(
        evidence(&seen, "first line"),
        Some("220 mx.example.test ESMTP")
    );
}

#[test]
fn what_a_server_says_cannot_act_on_the_terminal() {
    let port =
        serve(|stream| say_and_close(&stream, b"SSH-2.0-\x1b]52;c;aGk=\x07\x1b[2J\xc2\x9b31m\r\n"));
    let seen = Look::at(port).inspect();
    for finding in &seen.findings {
        let shown = format!("{} {:?}", finding.summary, finding.evidence);
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
    }
    assert_eq!(
        evidence(&seen, "first line"),
        Some("SSH-2.0-\\x1b]52;c;aGk=\\x07\\x1b[2J\\x9b31m")
    );
}

#[test]
fn http_typed_and_http_spoken_is_no_error() {
    let port = serve(|stream| say_and_close(&stream, b"HTTP/1.0 400 Bad request\r\n\r\n"));
    let seen = Look::at(port).scheme(Scheme::Http).inspect();
    assert_eq!(ids(&seen), ["tls.plain-http"]);
    assert_eq!(seen.findings[0].severity.id(), "note");
}

#[test]
fn silence_is_told_from_stalling_and_from_slowness() {
    let silent = serve(|stream| drain(&stream));
    // The head of a ServerHello record, and then nothing.
    let stalled = serve(|mut stream| {
        stream.write_all(&[0x16, 3, 3, 0, 0x7a, 2, 0, 0])?;
        drain(&stream)
    });
    // One byte at a time; reading with a time limit is the clock.
    let slow = serve(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        for byte in [0x16, 3, 3, 0x3f, 0xff, 2, 0, 0x3f]
            .into_iter()
            .chain([0; 4000])
        {
            stream.write_all(&[byte])?;
            let mut gone = [0; 1024];
            if matches!(std::io::Read::read(&mut stream, &mut gone), Ok(0)) {
                break;
            }
        }
        Ok(())
    });
    for (port, rule) in [
        (silent, "tls.silent"),
        (stalled, "net.timed-out"),
        (slow, "net.timed-out"),
    ] {
        let began = Instant::now();
        let seen = Look::at(port).within(LIMIT).inspect();
        assert_eq!(ids(&seen), [rule], "{:?}", seen.capture.outcome);
        let took = began.elapsed();
        assert!(took >= LIMIT && took < 3 * LIMIT, "{rule}: {took:?}");
        assert!(evidence(&seen, "waited").is_some());
        assert_eq!(seen.outcome, Outcome::NoCertificate);
    }
}

#[test]
fn closing_resetting_and_breaking_off_are_told_apart() {
    let closed = serve(|stream| {
        stream.shutdown(Shutdown::Write)?;
        drain(&stream)
    });
    let broken_off =
        serve(|stream| say_and_close(&stream, &[0x16, 3, 3, 0, 0x7a, 2, 0, 0, 0x76, 3, 3]));
    // Closing with unread bytes in the socket makes the system send a reset.
    let reset = serve(|mut stream| {
        let mut byte = [0];
        std::io::Read::read_exact(&mut stream, &mut byte)?;
        Ok(())
    });
    for (port, expected, rule) in [
        (closed, Failure::ClosedAtOnce, "tls.closed-at-once"),
        (broken_off, Failure::Truncated, "tls.handshake"),
        (reset, Failure::Reset, "tls.reset"),
    ] {
        let seen = Look::at(port).inspect();
        assert_eq!(failure(&seen), &expected);
        assert_eq!(ids(&seen), [rule]);
    }
}

#[test]
fn garbage_is_shown_as_bytes() {
    let port =
        serve(|stream| say_and_close(&stream, &[0x9d, 0x01, 0xfe, 0x83, 0xc6, 0x00, 0xb2, 0x97]));
    let seen = Look::at(port).inspect();
    assert_eq!(ids(&seen), ["tls.garbage"]);
    assert_eq!(
        evidence(&seen, "first bytes"),
        Some("9D:01:FE:83:C6:00:B2:97")
    );
}

/// Sends until the client hangs up or until far more was taken than may be; then it says so.
fn endless(head: &'static [u8], body: &'static [u8]) -> (u16, std::sync::mpsc::Receiver<u64>) {
    let (taken, told) = std::sync::mpsc::channel();
    let port = serve(move |mut stream| {
        stream.write_all(head)?;
        let mut sent = 0;
        while sent < 256 * 1024 * 1024 && stream.write_all(body).is_ok() {
            sent += body.len() as u64;
        }
        let _ = taken.send(sent);
        Ok(())
    });
    (port, told)
}

#[test]
fn data_without_end_is_left_unread() {
    static RECORD: [u8; 16_389] = {
        let mut record = [0; 16_389];
        (record[0], record[1], record[2], record[3], record[4]) = (0x16, 3, 3, 0x40, 0);
        record
    };
    static TEXT: [u8; 65_536] = [b'x'; 65_536];
    for (head, body, rules) in [
        (
            &[0x16, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff][..],
            &RECORD[..],
            &["tls.too-much-data"][..],
        ),
        (b"HTTP/1.1 200 OK\r\n\r\n", &TEXT, &["tls.plain-http"]),
        (b"\x00\x01", &TEXT, &["tls.garbage"]),
    ] {
        let (port, told) = endless(head, body);
        let began = Instant::now();
        let seen = Look::at(port).inspect();
        assert_eq!(ids(&seen), rules, "{:?}", seen.capture.outcome);
        assert!(seen.capture.first_bytes.len() <= MOST_FIRST_BYTES);
        assert!(began.elapsed() < Duration::from_secs(20));
        // What the system's buffers hold was sent, and not much more.
        let sent = told.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(sent < 64 * 1024 * 1024, "{sent}");
    }
}
