//! The plain-text dialogues that end in TLS. Each is the shortest polite one; every read is bounded.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Stream;
use crate::target::StartTls;
use crate::text::Untrusted;

/// A server's answer longer than this ends the dialogue.
const MOST_ANSWER: usize = 16 * 1024;

/// The server's refusal, or what broke.
#[derive(Debug)]
pub enum Refused {
    /// Its words.
    Words(Untrusted),
    /// The connection broke.
    Broken(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// Holds the dialogue up to the point where TLS begins.
///
/// # Errors
/// [`Refused`].
pub async fn upgrade(stream: &mut dyn Stream, protocol: StartTls) -> Result<(), Refused> {
    match protocol {
        StartTls::Smtp => {
            expect(stream, "220").await?;
            say(stream, "EHLO whycert.invalid\r\n").await?;
            expect(stream, "250").await?;
            say(stream, "STARTTLS\r\n").await?;
            expect(stream, "220").await
        }
        StartTls::Ftp => {
            expect(stream, "220").await?;
            say(stream, "AUTH TLS\r\n").await?;
            expect(stream, "234").await
        }
        StartTls::Pop3 => {
            expect(stream, "+OK").await?;
            say(stream, "STLS\r\n").await?;
            expect(stream, "+OK").await
        }
        StartTls::Imap => {
            expect(stream, "* OK").await?;
            say(stream, "a STARTTLS\r\n").await?;
            loop {
                let line = read_line(stream).await?;
                if line.starts_with(b"a OK") {
                    return Ok(());
                }
                if line.starts_with(b"a ") {
                    return Err(Refused::Words(Untrusted::from_bytes(trimmed(&line))));
                }
            }
        }
        StartTls::Postgres => {
            // SSLRequest: length 8, code 80877103.
            stream.write_all(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]).await?;
            match stream.read_u8().await? {
                b'S' => Ok(()),
                b'N' => Err(Refused::Words(Untrusted::new(
                    "N: this server has TLS turned off",
                ))),
                other => Err(Refused::Words(Untrusted::from_bytes(&[other]))),
            }
        }
        StartTls::Mysql => mysql(stream).await,
        StartTls::Ldap => ldap(stream).await,
    }
}

async fn say(stream: &mut dyn Stream, line: &str) -> io::Result<()> {
    stream.write_all(line.as_bytes()).await?;
    stream.flush().await
}

/// Reads a reply of one or more lines and checks how it begins. After `220-…` everything up to `220 …`
/// belongs to it; lines between may be bare text (RFC 959, section 4.2).
async fn expect(stream: &mut dyn Stream, code: &str) -> Result<(), Refused> {
    let mut read = 0;
    let mut within = false;
    loop {
        let line = read_line(stream).await?;
        read += line.len();
        let begins = line.starts_with(code.as_bytes());
        if (!begins && !within) || read > MOST_ANSWER {
            return Err(Refused::Words(Untrusted::from_bytes(trimmed(&line))));
        }
        if begins && line.get(code.len()) != Some(&b'-') {
            return Ok(());
        }
        within = true;
    }
}

/// One line, byte by byte, so that nothing after it is lost to TLS.
async fn read_line(stream: &mut dyn Stream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.len() < MOST_ANSWER {
        let byte = stream.read_u8().await?;
        line.push(byte);
        if byte == b'\n' {
            break;
        }
    }
    Ok(line)
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
        .get(..300)
        .unwrap_or_else(|| line.trim_ascii_end())
}

/// Greeting, then an SSLRequest packet when the server's capabilities hold CLIENT_SSL.
async fn mysql(stream: &mut dyn Stream) -> Result<(), Refused> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let length =
        usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
    if length > MOST_ANSWER {
        return Err(Refused::Words(Untrusted::new(
            "a greeting that is too long",
        )));
    }
    let mut greeting = vec![0; length];
    stream.read_exact(&mut greeting).await?;
    if greeting.first() == Some(&0xff) {
        return Err(Refused::Words(Untrusted::from_bytes(trimmed(
            greeting.get(3..).unwrap_or_default(),
        ))));
    }
    // protocol version, server version up to NUL, thread id (4), scramble (8), filler, capabilities (2)
    let version = greeting.iter().position(|&b| b == 0).unwrap_or(0);
    let capabilities = greeting.get(version + 14..version + 16).unwrap_or(&[0, 0]);
    if capabilities.get(1).is_none_or(|c| c & 0x08 == 0) {
        return Err(Refused::Words(Untrusted::new(
            "this server has TLS turned off",
        )));
    }
    let mut request = vec![32, 0, 0, 1];
    request.extend_from_slice(&0x0000_aa85_u32.to_le_bytes());
    request.extend_from_slice(&0x0100_0000_u32.to_le_bytes());
    request.push(33);
    request.extend_from_slice(&[0; 23]);
    stream.write_all(&request).await?;
    Ok(stream.flush().await?)
}

/// ExtendedRequest for 1.3.6.1.4.1.1466.20037 (RFC 4511 section 4.14).
async fn ldap(stream: &mut dyn Stream) -> Result<(), Refused> {
    let oid = b"1.3.6.1.4.1.1466.20037";
    let mut request = vec![0x30, 29, 0x02, 1, 1, 0x77, 24, 0x80, 22];
    request.extend_from_slice(oid);
    stream.write_all(&request).await?;
    stream.flush().await?;
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    let [tag, first] = head;
    // Active Directory writes every length in four bytes, also the small ones.
    let mut length = usize::from(first & 0x7f);
    if first >= 0x80 {
        let bytes = length;
        length = 0;
        for _ in 0..bytes.min(4) {
            length = length << 8 | usize::from(stream.read_u8().await?);
        }
    }
    if tag != 0x30 || length > MOST_ANSWER {
        return Err(Refused::Words(Untrusted::new(
            "an answer that is no LDAP message",
        )));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    // messageID, then [APPLICATION 24] with resultCode ENUMERATED; 0 is success.
    let code = body.windows(3).find_map(|w| match w {
        [0x0a, 1, code] => Some(*code),
        _ => None,
    });
    match code {
        Some(0) => Ok(()),
        Some(code) => Err(Refused::Words(Untrusted::new(format!(
            "LDAP result {code}"
        )))),
        None => Err(Refused::Words(Untrusted::new("an answer without a result"))),
    }
}
