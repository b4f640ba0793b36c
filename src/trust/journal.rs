//! The journal of what was added to a bundle and taken out again: one JSON file beside it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::save;

use super::{Entry, TrustError, shown};

/// A journal larger than this is not ours.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The journal of one bundle.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    pub entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    schema: u32,
    entries: Vec<Entry>,
}

impl Journal {
    /// Reads the journal; an absent one is empty.
    pub fn read(path: &Path) -> Result<Self, TrustError> {
        let unreadable = |error: io::Error| TrustError::Unreadable {
            path: shown(path),
            words: error.to_string(),
        };
        let damaged = |words: String| TrustError::Journal {
            path: shown(path),
            words,
        };
        let entries = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(unreadable(error)),
            Ok(meta) if meta.len() > MOST_BYTES => {
                return Err(damaged("it is too large".to_owned()));
            }
            Ok(_) => {
                let bytes = fs::read(path).map_err(unreadable)?;
                let written: Written =
                    serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
                if written.schema != 1 {
                    return Err(damaged(format!("schema {} is not known", written.schema)));
                }
                written.entries
            }
        };
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    /// Writes it back, whole or not at all.
    pub fn write(&self) -> Result<(), TrustError> {
        let written = Written {
            schema: 1,
            entries: self.entries.clone(),
        };
        let mut text =
            serde_json::to_vec_pretty(&written).map_err(|error| TrustError::Journal {
                path: shown(&self.path),
                words: error.to_string(),
            })?;
        text.push(b'\n');
        Ok(save::replace(&self.path, &text)?)
    }
}

/// Held while a bundle is changed; a second whycert is told that it is busy.
#[derive(Debug)]
pub(super) struct Lock(#[allow(dead_code)] File);

impl Lock {
    /// Takes the lock at once or not at all.
    pub fn take(path: &Path) -> Result<Self, TrustError> {
        let unreadable = |error: io::Error| TrustError::Unreadable {
            path: shown(path),
            words: error.to_string(),
        };
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(unreadable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => Err(TrustError::Busy),
            Err(fs::TryLockError::Error(error)) => Err(unreadable(error)),
        }
    }
}
