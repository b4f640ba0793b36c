//! Running one program: with a time limit, its output bounded, everything it started ended with it.

use std::io::Read;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::running;

/// Bytes of each stream that are kept; what follows is read and dropped.
const MOST_OUTPUT: u64 = 256 * 1024;

/// How a program ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Ran {
    /// Its exit code; `None` when a signal or the time limit ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// It did not end in time.
    pub timed_out: bool,
    /// From start to end.
    pub took: Duration,
}

/// How long the streams of a program that was ended are waited for.
const GRACE: Duration = Duration::from_secs(5);

/// Runs it without input.
///
/// # Errors
/// When it does not start.
pub(super) fn run(command: &mut Command, limit: Duration) -> std::io::Result<Ran> {
    Ok(start(command)?.wait(limit))
}

/// A program that runs, with all that it starts.
pub(super) struct Started {
    began: Instant,
    group: u32,
    events: mpsc::Receiver<Event>,
    /// Of both streams and the end itself, those that are still to come.
    awaited: usize,
    ran: Ran,
    has_ended: bool,
}

/// Starts it without input, in a group of its own.
///
/// # Errors
/// When it does not start.
pub(super) fn start(command: &mut Command) -> std::io::Result<Started> {
    Ok(launch(command.stdin(Stdio::null()))?.follow())
}

/// Starts it with two pipes more, of which it reads commands from the first (3) and writes answers to the
/// second (4).
///
/// # Errors
/// When it does not start, or this system knows no such pipes.
pub(super) fn start_on_pipes(
    command: &Command,
) -> std::io::Result<(Started, ChildStdin, ChildStdout)> {
    if !cfg!(unix) {
        return Err(std::io::ErrorKind::Unsupported.into());
    }
    // The shell makes them of the two that every program has.
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >&2"#]);
    shell.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let mut launched = launch(shell.stdin(Stdio::piped()))?;
    let pipes = launched
        .child
        .stdin
        .take()
        .zip(launched.child.stdout.take());
    let (to, from) = pipes.ok_or(std::io::ErrorKind::BrokenPipe)?;
    Ok((launched.follow(), to, from))
}

/// A program that was started, and nobody listens to yet.
struct Launched {
    began: Instant,
    child: Child,
}

fn launch(command: &mut Command) -> std::io::Result<Launched> {
    let began = Instant::now();
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let child = running::spawn(command)?;
    Ok(Launched { began, child })
}

impl Launched {
    /// Keeps what it writes, and waits for its end.
    fn follow(self) -> Started {
        let Self { began, mut child } = self;
        let group = child.id();
        let (sender, events) = mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|s| Box::new(s) as Box<_>),
            child.stderr.take().map(|s| Box::new(s) as Box<_>),
        ];
        for (place, stream) in streams.into_iter().enumerate() {
            let sender = sender.clone();
            std::thread::spawn(move || {
                let text = stream.map(read_all).unwrap_or_default();
                let _ = sender.send(Event::Read(place, text));
            });
        }
        std::thread::spawn(move || {
            let _ = sender.send(Event::Ended(ended(child)));
        });
        Started {
            began,
            group,
            events,
            awaited: 3,
            ran: Ran::default(),
            has_ended: false,
        }
    }
}

impl Started {
    /// Waits for its end, at most so long since its start; then it is ended.
    pub fn wait(mut self, limit: Duration) -> Ran {
        let mut deadline = self.began + limit;
        while self.awaited > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(event) => self.take(event),
                Err(_) if self.ran.timed_out => break,
                Err(_) => {
                    self.ran.timed_out = true;
                    running::end(self.group);
                    // With everything ended the streams close soon: what was said until now is kept.
                    deadline = Instant::now() + GRACE;
                }
            }
        }
        self.ran.took = self.began.elapsed();
        if self.ran.timed_out {
            self.ran.code = None;
        }
        std::mem::take(&mut self.ran)
    }

    /// Ends it with all that it started.
    pub fn end(self) -> Ran {
        running::end(self.group);
        let limit = self.began.elapsed() + GRACE;
        self.wait(limit)
    }

    /// It has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        while let Ok(event) = self.events.try_recv() {
            self.take(event);
        }
        self.has_ended
    }

    fn take(&mut self, event: Event) {
        self.awaited = self.awaited.saturating_sub(1);
        match event {
            Event::Read(0, text) => self.ran.stdout = text,
            Event::Read(_, text) => self.ran.stderr = text,
            Event::Ended(code) => {
                self.ran.code = code;
                self.has_ended = true;
            }
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        running::forget(self.group);
    }
}

enum Event {
    Read(usize, String),
    Ended(Option<i32>),
}

fn ended(mut child: Child) -> Option<i32> {
    child.wait().ok().and_then(|status| status.code())
}

fn read_all(stream: Box<dyn Read + Send>) -> String {
    let mut kept = Vec::new();
    let mut stream = stream.take(MOST_OUTPUT);
    let _ = stream.read_to_end(&mut kept);
    let _ = std::io::copy(&mut stream.into_inner(), &mut std::io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Ran {
        run(Command::new("/bin/sh").args(["-c", script]), limit).unwrap()
    }

    #[test]
    fn output_and_exit_code_are_kept() {
        let ran = shell("echo out; echo err >&2; exit 3", Duration::from_secs(20));
        assert_eq!(
            (
                ran.code,
                ran.stdout.as_str(),
                ran.stderr.as_str(),
                ran.timed_out
            ),
            (Some(3), "out\n", "err\n", false)
        );
    }

    #[test]
    fn what_does_not_end_is_ended_with_its_children() {
        let began = Instant::now();
        let ran = shell("echo early; sleep 600 & wait", Duration::from_secs(2));
        assert!(ran.timed_out && ran.code.is_none());
        assert_eq!(ran.stdout, "early\n");
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn endless_output_is_cut() {
        let ran = shell("head -c 3000000 /dev/zero", Duration::from_secs(20));
        assert_eq!(ran.stdout.len() as u64, MOST_OUTPUT);
    }
}
