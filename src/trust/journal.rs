//! The journal of what was trusted, where, when and why, with what is needed to undo it; and the lock.
//!
//! An entry is written before anything else is, so that a run that was killed can be undone.

use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::save;
use crate::text;

use super::checkpoint::checkpoint;
use super::file::{self, State};
use super::step::{Inverse, Part};
use super::{Rung, TrustError, shown, tool};

/// A journal larger than this is not ours.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The version of the file's format that is written and read.
const SCHEMA: u32 = 2;

/// What was done for one certificate on one rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Names it in `whycert trust undo`: eight hex digits.
    pub id: String,
    /// The rung.
    pub rung: Rung,
    /// SHA-256 of the certificate, hex.
    pub sha256: String,
    /// Its subject in RFC 4514 form, safe to display.
    pub subject: String,
    /// Last second of its validity, RFC 3339; empty when it could not be read.
    pub not_after: String,
    /// When it was applied, RFC 3339.
    pub added: String,
    /// The target whose failure it was for, safe to display.
    pub target: String,
    /// The id of the finding it was for; empty when there was none.
    pub finding: String,
    /// The version of whycert that wrote it.
    pub version: String,
    /// How far it came.
    pub progress: Progress,
    /// Its certificate must stay in the user's bundle.
    #[serde(default)]
    pub uses_bundle: bool,
    /// How the clients were asked, so that they can be asked again; `None` when no server was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
    /// What was done, in order.
    pub records: Vec<Record>,
}

/// How clients were asked about the endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Where it was reached.
    pub address: Option<SocketAddr>,
    /// The variables under which programs see what was trusted.
    pub variables: Vec<(String, String)>,
    /// What each said before.
    pub clients: Vec<Said>,
}

/// What one client said before it was trusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The client's id.
    pub client: String,
    /// In a word.
    pub said: String,
}

/// How far an entry came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Begun, and not known to be complete.
    Begun,
    /// Complete.
    Done,
    /// Being undone.
    Undoing,
}

/// One step that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// Files that changed together.
    Files {
        /// Each of them.
        files: Vec<FileRecord>,
        /// What of them is ours.
        part: Part,
    },
    /// A command that was run.
    Run {
        /// The command.
        command: Vec<String>,
        /// What undoes it.
        undo: Vec<Inverse>,
    },
}

/// One file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Where.
    pub path: PathBuf,
    /// What stood there; `None`: nothing.
    pub before: Option<Kept>,
    /// SHA-256 of what was written, hex.
    pub after: String,
    /// Its permission bits.
    pub after_mode: u32,
    /// Folders that were made for it, outermost first.
    #[serde(default)]
    pub folders: Vec<PathBuf>,
    /// It was made by an entry that is undone by now: without our parts there is no file.
    #[serde(default)]
    pub ours: bool,
}

/// What stood there before, and where its bytes are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// SHA-256 of the bytes, hex.
    pub sha256: String,
    /// The permission bits.
    pub mode: u32,
    /// Owner and group.
    pub owner: Option<(u32, u32)>,
    /// The file that keeps the bytes.
    pub backup: PathBuf,
}

impl Entry {
    /// What undoing it does, in order: a verb, and a path or a command, safe to display.
    pub fn undoing(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        for record in &self.records {
            match record {
                Record::Files { files, .. } => out.extend(files.iter().map(|file| {
                    let verb = match file.before {
                        Some(_) => "put back",
                        None => "remove",
                    };
                    (verb, shown(&file.path))
                })),
                Record::Run { undo, .. } => {
                    out.extend(undo.iter().map(|i| ("run", tool::said(&i.command))));
                }
            }
        }
        out
    }
}

impl FileRecord {
    /// What stood there, with its bytes.
    pub(super) fn before(&self) -> Result<State, TrustError> {
        let Some(kept) = &self.before else {
            return Ok(State::Absent);
        };
        let State::File { bytes, .. } = file::read(&kept.backup)? else {
            return Err(TrustError::Unreadable {
                path: shown(&kept.backup),
                words: "the backup is gone".to_owned(),
            });
        };
        if digest(&bytes) != kept.sha256 {
            return Err(TrustError::Unreadable {
                path: shown(&kept.backup),
                words: "the backup is not what was kept".to_owned(),
            });
        }
        Ok(State::File {
            bytes,
            mode: kept.mode,
            owner: kept.owner,
        })
    }

    /// This is what was written.
    pub(super) fn is_after(&self, now: &State) -> bool {
        match now {
            State::Absent => self.after.is_empty(),
            State::File { bytes, mode, .. } => {
                *mode == self.after_mode && digest(bytes) == self.after
            }
        }
    }
}

/// SHA-256 in hex.
pub(super) fn digest(bytes: &[u8]) -> String {
    text::hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref())
}

/// The journal of one folder.
#[derive(Clone, Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    /// Folders that were made to hold it, outermost first.
    pub made: Vec<PathBuf>,
    pub entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    schema: u32,
    #[serde(default)]
    made: Vec<PathBuf>,
    entries: Vec<Entry>,
}

impl Journal {
    /// Reads the journal in a folder; an absent one is empty.
    pub fn read(folder: &Path) -> Result<Self, TrustError> {
        let path = folder.join("journal.json");
        let unreadable = |error: io::Error| TrustError::Unreadable {
            path: shown(&path),
            words: error.to_string(),
        };
        let damaged = |words: String| TrustError::Journal {
            path: shown(&path),
            words,
        };
        let mut journal = Self {
            folder: folder.to_owned(),
            made: Vec::new(),
            entries: Vec::new(),
        };
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(error)),
            Ok(meta) if meta.len() > MOST_BYTES => {
                return Err(damaged("it is too large".to_owned()));
            }
            Ok(_) => {
                let bytes = fs::read(&path).map_err(unreadable)?;
                let written: Written =
                    serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
                if written.schema != SCHEMA {
                    return Err(damaged(format!("schema {} is not known", written.schema)));
                }
                journal.entries = written.entries;
                journal.made = written.made;
            }
        }
        Ok(journal)
    }

    /// Writes it back, whole or not at all.
    pub fn write(&self) -> Result<(), TrustError> {
        let path = self.folder.join("journal.json");
        let written = Written {
            schema: SCHEMA,
            made: self.made.clone(),
            entries: self.entries.clone(),
        };
        let mut text =
            serde_json::to_vec_pretty(&written).map_err(|error| TrustError::Journal {
                path: shown(&path),
                words: error.to_string(),
            })?;
        text.push(b'\n');
        checkpoint();
        save::replace(&path, &text)?;
        checkpoint();
        Ok(())
    }

    /// Where the previous content of an entry's files is kept.
    pub fn backups(&self, id: &str) -> PathBuf {
        self.folder.join("backup").join(id)
    }

    /// Removes an entry and what was kept for it.
    pub fn forget(&mut self, id: &str) -> Result<(), TrustError> {
        self.entries.retain(|entry| entry.id != id);
        self.write()?;
        let _ = fs::remove_dir_all(self.backups(id));
        let _ = fs::remove_dir(self.folder.join("backup"));
        Ok(())
    }

    /// Removes what was kept for entries that were never written down.
    pub fn sweep(&self) {
        let Ok(folders) = fs::read_dir(self.folder.join("backup")) else {
            return;
        };
        for folder in folders.filter_map(Result::ok) {
            let name = folder.file_name();
            if !self.entries.iter().any(|entry| *entry.id == *name) {
                let _ = fs::remove_dir_all(folder.path());
            }
        }
        let _ = fs::remove_dir(self.folder.join("backup"));
    }

    /// When nothing is left to undo: no trace is left either.
    pub fn vanish(self, lock: Lock) {
        if !self.entries.is_empty() {
            return;
        }
        let _ = fs::remove_file(self.folder.join("journal.json"));
        let _ = fs::remove_file(self.folder.join("lock"));
        drop(lock);
        let _ = fs::remove_dir(&self.folder);
        for folder in self.made.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// Held while anything is changed; a second whycert is told that it is busy.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code)] File);

impl Lock {
    /// Takes the lock of a folder at once or not at all.
    pub fn take(folder: &Path) -> Result<Self, TrustError> {
        let path = folder.join("lock");
        let unreadable = |error: io::Error| TrustError::Unreadable {
            path: shown(&path),
            words: error.to_string(),
        };
        // Another run may have removed the file between our opening and our locking it: then it is
        // no lock, and the next one counts.
        for _ in 0..8 {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .map_err(unreadable)?;
            match file.try_lock() {
                Ok(()) if is_still(&file, &path) => return Ok(Self(file)),
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Err(TrustError::Busy),
                Err(fs::TryLockError::Error(error)) => return Err(unreadable(error)),
            }
        }
        Err(TrustError::Busy)
    }
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> bool {
    true
}
