//! What runs at this moment, and the folders it works in, so that nothing of it stays when whycert is told
//! to end while it asks: programs run in groups of their own, which no Ctrl-C reaches.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
#[cfg(unix)]
use std::time::SystemTime;

static RUNNING: Mutex<Running> = Mutex::new(Running {
    stopped: false,
    called_off: 0,
    groups: Vec::new(),
    folders: Vec::new(),
});

struct Running {
    /// Nothing is started any more.
    stopped: bool,
    /// How often asking was called off.
    called_off: u64,
    groups: Vec<u32>,
    folders: Vec<PathBuf>,
}

/// How often a folder is tried to be removed: what was ended may still be writing into it.
const TRIES: u32 = 20;
/// The time between.
const PAUSE: Duration = Duration::from_millis(50);

/// How the name of a folder starts; its owner's number and a dash follow.
const PREFIX: &str = "whycert-ask-";
/// Younger folders are left alone, whoever made them: where temporary folders are shared between containers,
/// an owner may live whose number is unknown here. No client is asked for that long.
#[cfg(unix)]
const OLD: Duration = Duration::from_secs(600);

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

/// Ends every program that is being asked. Those that waited for their turn are not asked either; clients
/// can be asked again afterwards.
pub fn call_off() {
    let mut running = running();
    running.called_off += 1;
    for group in &running.groups {
        end(*group);
    }
}

/// How often asking was called off until now.
pub(super) fn called_off() -> u64 {
    running().called_off
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
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
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

/// Removes the folders of runs that were killed before they could. What does not go stays for the next time.
pub(super) fn sweep() {
    #[cfg(unix)]
    for folder in left_behind(&std::env::temp_dir(), SystemTime::now()) {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// Real folders in `parent` that are old, this user's, and named after an owner that runs no more.
#[cfg(unix)]
fn left_behind(parent: &Path, now: SystemTime) -> Vec<PathBuf> {
    use std::os::unix::fs::MetadataExt;

    let user = rustix::process::geteuid().as_raw();
    let entries = std::fs::read_dir(parent).into_iter().flatten();
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let owner = name.to_str().and_then(owner);
            // Of the entry itself: links are not followed.
            owner.is_some_and(has_ended)
                && entry.metadata().is_ok_and(|meta| {
                    let age = meta.modified().map(|made| now.duration_since(made));
                    let old = matches!(age, Ok(Ok(age)) if age >= OLD);
                    meta.is_dir() && meta.uid() == user && old
                })
        })
        .map(|entry| entry.path())
        .collect()
}

/// Whose folder has this name.
#[cfg(unix)]
fn owner(name: &str) -> Option<rustix::process::Pid> {
    let (number, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let number = number.parse().ok().filter(|number| *number > 0)?;
    rustix::process::Pid::from_raw(number)
}

/// There is no such process; one of somebody else is one.
#[cfg(unix)]
fn has_ended(owner: rustix::process::Pid) -> bool {
    rustix::process::test_kill_process(owner) == Err(rustix::io::Errno::SRCH)
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_folders_of_ended_runs_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        let ended = child.id();
        child.wait().unwrap();
        let own = std::process::id();
        let make = |name: String| {
            let folder = parent.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let stale = make(format!("{PREFIX}{ended}-a"));
        for other in [
            format!("{PREFIX}{own}-a"),
            format!("{PREFIX}{ended}"),
            format!("{PREFIX}-{ended}-a"),
            format!("{PREFIX}x-a"),
            format!("{PREFIX}0-a"),
            format!("other-{ended}-a"),
        ] {
            make(other);
        }
        std::fs::write(parent.path().join(format!("{PREFIX}{ended}-file")), "").unwrap();
        let link = parent.path().join(format!("{PREFIX}{ended}-link"));
        std::os::unix::fs::symlink(&stale, link).unwrap();

        let now = SystemTime::now();
        assert!(left_behind(parent.path(), now).is_empty());
        assert_eq!(left_behind(parent.path(), now + 2 * OLD), [stale]);
    }

    #[test]
    fn a_folder_is_named_after_this_process() {
        let folder = Folder::new().unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let owner = owner(name).unwrap();
        assert_eq!(owner.as_raw_pid().unsigned_abs(), std::process::id());
        assert!(!has_ended(owner));
    }
}
