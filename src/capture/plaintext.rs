//! What a peer speaks that is not TLS, by its first bytes.

use super::Speaks;
use crate::text::Untrusted;

/// What came instead of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    /// TLS records: nothing to name.
    Tls,
    /// A known protocol, with its first line.
    Known(Speaks, Untrusted),
    /// Something else.
    Unknown,
}

/// Names what `bytes` are; `port` decides between greetings that look alike.
pub(super) fn name(bytes: &[u8], port: u16) -> Spoken {
    let line = first_line(bytes);
    let known = |speaks| Spoken::Known(speaks, Untrusted::from_bytes(line));
    let starts = |prefix: &[u8]| bytes.starts_with(prefix);
    let lower = String::from_utf8_lossy(bytes.get(..512).unwrap_or(bytes)).to_lowercase();
    match bytes {
        [0x14..=0x17, 3, 0..=4, ..] => Spoken::Tls,
        _ if starts(b"HTTP/")
            || lower.trim_start().starts_with("<!doctype html")
            || lower.trim_start().starts_with("<html") =>
        {
            known(Speaks::Http)
        }
        _ if starts(b"SSH-") => known(Speaks::Ssh),
        _ if starts(b"+OK") => known(Speaks::Pop3),
        _ if starts(b"* OK") || starts(b"* PREAUTH") || starts(b"* BYE") => known(Speaks::Imap),
        _ if starts(b"220") || starts(b"421") || starts(b"554") => {
            let ftp = lower.contains("ftp") || (port == 21 && !lower.contains("smtp"));
            known(if ftp { Speaks::Ftp } else { Speaks::Smtp })
        }
        _ if starts(b"500 ") || starts(b"502 ") || starts(b"530 ") => known(if port == 21 {
            Speaks::Ftp
        } else {
            Speaks::Smtp
        }),
        _ if starts(b"-ERR") || starts(b"-NOAUTH") || starts(b"-DENIED") => {
            // POP3 refuses with -ERR as well; Redis says what it did not understand.
            known(if matches!(port, 110 | 995) {
                Speaks::Pop3
            } else {
                Speaks::Redis
            })
        }
        // Length, sequence number 0, protocol 10 (or an error packet, 0xff), then the version in ASCII.
        [_, _, 0, 0, 10 | 0xff, rest @ ..]
            if rest
                .iter()
                .take(3)
                .all(|b| b.is_ascii_graphic() || *b < 0x20) =>
        {
            let version: Vec<u8> = rest
                .iter()
                .copied()
                .take_while(|&b| b != 0)
                .take(80)
                .collect();
            Spoken::Known(Speaks::Mysql, Untrusted::from_bytes(&version))
        }
        // ErrorResponse, or N and S to an SSLRequest.
        [b'E', 0, _, _, _, ..] => known(Speaks::Postgres),
        [0x30, ..] if lower.contains("1.3.6.1.4.1.1466") => known(Speaks::Ldap),
        _ => Spoken::Unknown,
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes
        .split(|&b| b == b'\n')
        .next()
        .unwrap_or(bytes)
        .trim_ascii_end();
    line.get(..200).unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_named() {
        for (bytes, port, expected) in [
            (&b"HTTP/1.1 400 Bad Request\r\nx"[..], 443, Speaks::Http),
            (b"SSH-2.0-OpenSSH_9.6\r\n", 22, Speaks::Ssh),
            (b"220 mail.example ESMTP Postfix\r\n", 25, Speaks::Smtp),
            (b"220 (vsFTPd 3.0.5)\r\n", 21, Speaks::Ftp),
            (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", 143, Speaks::Imap),
            (b"+OK POP3 ready\r\n", 110, Speaks::Pop3),
            (b"-ERR unknown command\r\n", 6379, Speaks::Redis),
            (b"\x4a\0\0\0\x0a8.0.36\0xxxx", 3306, Speaks::Mysql),
        ] {
            let Spoken::Known(speaks, _) = name(bytes, port) else {
                panic!("{bytes:?}")
            };
            assert_eq!(speaks, expected);
        }
        assert_eq!(name(b"\x15\x03\x01\x00\x02\x02\x46", 443), Spoken::Tls);
        assert_eq!(name(b"\x00\x01\x02", 443), Spoken::Unknown);
    }

    #[test]
    fn first_lines_are_cut() {
        let long = [b"HTTP/1.1 200 ".as_slice(), &[b'a'; 5000]].concat();
        let Spoken::Known(_, line) = name(&long, 80) else {
            panic!()
        };
        assert_eq!(line.raw().len(), 200);
    }
}
