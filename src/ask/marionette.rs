//! The remote control that Firefox brings along: one TCP connection on this machine, and each message a
//! length in digits, a colon and JSON. `[0, number, command, parameters]` is answered by
//! `[1, number, error, result]`. Nothing here knows what is asked.
//!
//! The protocol: <https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html>.

use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A message longer than this is not read.
const MOST_BYTES: usize = 1024 * 1024;
/// Digits of a length at most.
const MOST_DIGITS: usize = 8;

/// A connection to the Firefox that listens on a port.
pub(super) struct Marionette {
    stream: BufReader<TcpStream>,
    number: u64,
    deadline: Instant,
}

/// Why a command was not carried out, in Firefox's words.
#[derive(Debug)]
pub(super) struct Refused {
    /// The kind of error: `insecure certificate`, `timeout`.
    pub error: String,
    /// What it says about it.
    pub message: String,
}

impl Marionette {
    /// Connects on this machine, and reads its greeting; everything has to be over at `deadline`.
    ///
    /// # Errors
    /// When nobody listens, or it speaks something else.
    pub fn connect(port: u16, deadline: Instant) -> io::Result<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let stream = TcpStream::connect_timeout(&address, left(deadline)?)?;
        let mut out = Self {
            stream: BufReader::new(stream),
            number: 0,
            deadline,
        };
        match out.read()?.get("marionetteProtocol") {
            Some(version) if *version == json!(3) => Ok(out),
            _ => Err(unexpected("another version of the protocol")),
        }
    }

    /// Gives a command and waits for its answer.
    ///
    /// # Errors
    /// When the connection breaks, time is over, or the answer is none.
    pub fn command(
        &mut self,
        name: &str,
        parameters: &Value,
    ) -> io::Result<Result<Value, Refused>> {
        self.number += 1;
        let message = json!([0, self.number, name, parameters]).to_string();
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(left(self.deadline)?))?;
        stream.write_all(format!("{}:{message}", message.len()).as_bytes())?;
        loop {
            let answer = self.read()?;
            if answer.get(0) != Some(&json!(1)) || answer.get(1) != Some(&json!(self.number)) {
                continue;
            }
            let words = |name: &str| {
                let word = answer.get(2)?.get(name)?.as_str()?;
                Some(word.to_owned())
            };
            return Ok(match words("error") {
                Some(error) => Err(Refused {
                    error,
                    message: words("message").unwrap_or_default(),
                }),
                None => Ok(answer.get(3).cloned().unwrap_or_default()),
            });
        }
    }

    fn read(&mut self) -> io::Result<Value> {
        let mut digits = String::new();
        loop {
            let mut byte = [0];
            self.fill(&mut byte)?;
            match byte {
                [b':'] => break,
                [digit] if digit.is_ascii_digit() && digits.len() < MOST_DIGITS => {
                    digits.push(char::from(digit));
                }
                _ => return Err(unexpected("no length")),
            }
        }
        let length = digits.parse().ok().filter(|length| *length <= MOST_BYTES);
        let mut body = vec![0; length.ok_or_else(|| unexpected("too long a message"))?];
        self.fill(&mut body)?;
        serde_json::from_slice(&body).map_err(|_| unexpected("no JSON"))
    }

    /// Fills it, however slowly the bytes come.
    fn fill(&mut self, mut room: &mut [u8]) -> io::Result<()> {
        while !room.is_empty() {
            let limit = left(self.deadline)?;
            self.stream.get_ref().set_read_timeout(Some(limit))?;
            match self.stream.read(room)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => room = room.get_mut(read..).unwrap_or_default(),
            }
        }
        Ok(())
    }
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(left)
}

fn unexpected(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A Firefox that says these bytes, and what it was told.
    fn with(said: &'static [u8]) -> (io::Result<Marionette>, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(said).unwrap();
            let mut heard = String::new();
            let _ = stream.read_to_string(&mut heard);
            heard
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        (Marionette::connect(port, deadline), heard)
    }

    #[test]
    fn commands_are_numbered_and_their_answers_found() {
        let (firefox, heard) = with(
            b"25:{\"marionetteProtocol\": 3}9:[0,1,\"x\"]19:[1,1,null,{\"a\": 7}]38:[1,2,{\"error\":\"e\",\"message\":\"m\"},null]",
        );
        let mut firefox = firefox.unwrap();
        let first = firefox.command("A:B", &json!({"c": "\u{e9}"})).unwrap();
        assert_eq!(first.unwrap(), json!({"a": 7}));
        let second = firefox.command("D", &json!({})).unwrap().unwrap_err();
        assert_eq!((second.error.as_str(), second.message.as_str()), ("e", "m"));
        drop(firefox);
        // The length counts bytes.
        assert_eq!(
            heard.join().unwrap(),
            "22:[0,1,\"A:B\",{\"c\":\"\u{e9}\"}]12:[0,2,\"D\",{}]"
        );
    }

    #[test]
    fn what_is_not_the_protocol_is_an_error() {
        for said in [
            b"HTTP/1.1 200 OK\r\n".as_slice(),
            b"99999999:{}",
            b"123456789:",
            b"2:{}",
            b"3:{]}",
            b"5:{}",
            b"",
        ] {
            assert!(with_end(said).is_err(), "{said:?}");
        }
    }

    /// The same from somebody who then hangs up.
    fn with_end(said: &'static [u8]) -> io::Result<Marionette> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || listener.accept().unwrap().0.write_all(said));
        Marionette::connect(port, Instant::now() + Duration::from_secs(20))
    }
}
