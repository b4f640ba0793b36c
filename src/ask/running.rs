//! What runs at this moment, and the folders it works in, so that nothing of it stays when whycert is told
//! to end while it asks: programs run in groups of their own, which no Ctrl-C reaches.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static RUNNING: Mutex<Running> = Mutex::new(Running {
    stopped: false,
    groups: Vec::new(),
    folders: Vec::new(),
});

struct Running {
    /// Nothing is started any more.
    stopped: bool,
    groups: Vec<u32>,
    folders: Vec<PathBuf>,
}

/// How often a folder is tried to be removed: what was ended may still be writing into it.
const TRIES: u32 = 20;
/// The time between.
const PAUSE: Duration = Duration::from_millis(50);

/// A thread that died while it held the lock left whole lists.
fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program that is being asked, with all it started, and removes their folders. Nothing is
/// started afterwards: for the end of whycert itself.
pub fn stop() {
    let mut running = running();
    running.stopped = true;
    for group in &running.groups {
        end(*group);
    }
    for folder in &running.folders {
        remove(folder);
    }
}

/// Starts a program whose group is ended by [`stop`]; [`forget`] it once it has ended.
///
/// # Errors
/// When it does not start, or everything was stopped.
pub(super) fn spawn(command: &mut Command) -> std::io::Result<Child> {
    // Held while it starts: nothing slips by `stop`.
    let mut running = running();
    if running.stopped {
        return Err(std::io::Error::other("whycert is ending"));
    }
    let child = command.spawn()?;
    running.groups.push(child.id());
    Ok(child)
}

/// The program of this group has ended.
pub(super) fn forget(group: u32) {
    running().groups.retain(|known| *known != group);
}

/// A folder for one client, removed when it is dropped, and by [`stop`].
pub(super) struct Folder(tempfile::TempDir);

impl Folder {
    /// Makes one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> std::io::Result<Self> {
        let folder = tempfile::tempdir()?;
        running().folders.push(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(self.path());
        running().folders.retain(|known| known != self.0.path());
    }
}

fn remove(folder: &Path) {
    for _ in 0..TRIES {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                std::thread::sleep(PAUSE);
            }
            _ => return,
        }
    }
}

/// Ends a program and what it started.
#[cfg(unix)]
pub(super) fn end(group: u32) {
    let group = i32::try_from(group)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Without process groups the program ends when it will; its answer is no longer waited for.
#[cfg(not(unix))]
pub(super) fn end(_: u32) {}
