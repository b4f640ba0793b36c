//! The remote control that Chromium brings along: messages of JSON, each ended by a zero byte, through two
//! pipes. A command has a number and is answered with it; what has none is an event. Nothing here knows what
//! is asked.
//!
//! The protocol: <https://chromedevtools.github.io/devtools-protocol/>.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::mpsc;
use std::time::Instant;

use serde_json::{Value, json};

/// A message longer than this is not read.
const MOST_BYTES: u64 = 1024 * 1024;

/// Both pipes of a Chromium.
pub(super) struct DevTools<W> {
    to: W,
    from: mpsc::Receiver<io::Result<Value>>,
    number: u64,
    deadline: Instant,
}

impl<W: Write> DevTools<W> {
    /// What is written to `to` is answered in `from`; everything has to be over at `deadline`.
    pub fn new(to: W, from: impl Read + Send + 'static, deadline: Instant) -> Self {
        let (sender, messages) = mpsc::channel();
        // Reading a pipe knows no time limit: it ends with the program.
        std::thread::spawn(move || {
            let mut from = BufReader::new(from);
            loop {
                let message = read(&mut from);
                let is_last = message.is_err();
                if sender.send(message).is_err() || is_last {
                    break;
                }
            }
        });
        Self {
            to,
            from: messages,
            number: 0,
            deadline,
        }
    }

    /// Gives a command, to a page or to the browser itself, and goes on. Its number.
    ///
    /// # Errors
    /// When the pipe is closed.
    pub fn tell(&mut self, page: Option<&str>, name: &str, parameters: &Value) -> io::Result<u64> {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": name, "params": parameters});
        if let Some(page) = page {
            message["sessionId"] = json!(page);
        }
        self.to.write_all(format!("{message}\0").as_bytes())?;
        self.to.flush()?;
        Ok(self.number)
    }

    /// Gives a command and waits for its answer; events before it are dropped.
    ///
    /// # Errors
    /// When the pipe is closed, time is over, or the command is refused: in Chromium's words.
    pub fn command(
        &mut self,
        page: Option<&str>,
        name: &str,
        parameters: &Value,
    ) -> io::Result<Value> {
        let number = self.tell(page, name, parameters)?;
        loop {
            let message = self.next(self.deadline)?;
            if message["id"] == number {
                return answer(&message);
            }
        }
    }

    /// The next message, whatever it is, that comes before `end`.
    ///
    /// # Errors
    /// When the pipe is closed or time is over.
    pub fn next(&mut self, end: Instant) -> io::Result<Value> {
        let left = end
            .min(self.deadline)
            .saturating_duration_since(Instant::now());
        match self.from.recv_timeout(left) {
            Ok(message) => message,
            Err(mpsc::RecvTimeoutError::Timeout) => Err(io::ErrorKind::TimedOut.into()),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// What a command was answered.
///
/// # Errors
/// When it was refused: in Chromium's words.
pub(super) fn answer(message: &Value) -> io::Result<Value> {
    match message["error"]["message"].as_str() {
        Some(words) => Err(io::Error::other(words.to_owned())),
        None => Ok(message["result"].clone()),
    }
}

fn read(from: &mut impl BufRead) -> io::Result<Value> {
    let mut message = Vec::new();
    from.take(MOST_BYTES).read_until(0, &mut message)?;
    match message.pop() {
        Some(0) => serde_json::from_slice(&message)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "no JSON")),
        Some(_) if message.len() as u64 + 1 == MOST_BYTES => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "too long a message",
        )),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn with(said: &'static [u8]) -> DevTools<Vec<u8>> {
        let deadline = Instant::now() + Duration::from_secs(20);
        DevTools::new(Vec::new(), said, deadline)
    }

    #[test]
    fn commands_are_numbered_and_their_answers_found() {
        let mut chromium = with(
            b"{\"method\":\"some.event\"}\0{\"id\":1,\"result\":{\"a\":7}}\0{\"id\":2,\"error\":{\"message\":\"no such page\"}}\0",
        );
        let first = chromium.command(None, "A.b", &json!({"c": "\u{e9}"}));
        assert_eq!(first.unwrap(), json!({"a": 7}));
        let second = chromium.command(Some("page"), "D.e", &json!({}));
        assert_eq!(second.unwrap_err().to_string(), "no such page");
        let heard = String::from_utf8(chromium.to).unwrap();
        let heard: Vec<Value> = heard
            .split_terminator('\0')
            .map(|m| serde_json::from_str(m).unwrap())
            .collect();
        assert_eq!(
            heard,
            [
                json!({"id": 1, "method": "A.b", "params": {"c": "\u{e9}"}}),
                json!({"id": 2, "method": "D.e", "params": {}, "sessionId": "page"}),
            ]
        );
    }

    #[test]
    fn what_is_not_the_protocol_is_an_error() {
        let long = vec![b'1'; 2 * 1024 * 1024].leak();
        for said in [b"{]}\0".as_slice(), b"{\"id\":1", b"", long] {
            assert!(with(said).command(None, "A.b", &json!({})).is_err());
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        struct Silent;
        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                loop {
                    std::thread::park();
                }
            }
        }
        let deadline = Instant::now() + Duration::from_millis(20);
        let mut chromium = DevTools::new(Vec::new(), Silent, deadline);
        let late = chromium.command(None, "A.b", &json!({})).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }
}
