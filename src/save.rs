//! Saving bytes as a file: whole or not at all, and never over something that is already there.
//!
//! What is saved, and under which name, is for [`crate::export`] and [`crate::trust`] to say.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::text;

/// How many names `name-2.pem`, `name-3.pem`… are tried.
const NAMES: u32 = 999;

/// Why a file was not saved. The words are safe to display.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SaveError {
    #[error("{path} is there already, and is never overwritten")]
    Exists { path: String },
    #[error("there is no folder {folder}")]
    NoFolder { folder: String },
    #[error("the folder {folder} may not be written")]
    Forbidden { folder: String },
    #[error("the disk is full: {path} was not written")]
    Full { path: String },
    #[error("{path} cannot be written: {words}")]
    System { path: String, words: String },
}

/// Saves under this name, or under `name-2.pem`, `name-3.pem`… when it is taken; the name used.
///
/// # Errors
/// [`SaveError`]; nothing is left behind then.
pub fn save(path: &Path, bytes: &[u8]) -> Result<PathBuf, SaveError> {
    let mut written = write(path, bytes)?;
    for number in 1..=NAMES {
        let name = numbered(path, number);
        match written.persist_noclobber(&name) {
            Ok(_) => return Ok(name),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                written = error.file;
            }
            Err(error) => return Err(explain(path, &error.error)),
        }
    }
    Err(SaveError::Exists { path: shown(path) })
}

/// Saves under exactly this name.
///
/// # Errors
/// [`SaveError`], also when the name is taken.
pub fn save_new(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    let written = write(path, bytes)?;
    match written.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(explain(path, &error.error)),
    }
}

/// Puts these bytes in the place of a file that is ours, whole or not at all.
///
/// # Errors
/// [`SaveError`]; the old file is untouched then.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), SaveError> {
    let written = write(path, bytes)?;
    match written.persist(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(explain(path, &error.error)),
    }
}

/// Says before any work whether [`save_new`] would refuse: the name is taken, or its folder is not there.
///
/// # Errors
/// [`SaveError::Exists`] or [`SaveError::NoFolder`].
pub fn check_new(path: &Path) -> Result<(), SaveError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(SaveError::Exists { path: shown(path) });
    }
    if !folder(path).is_dir() {
        return Err(SaveError::NoFolder {
            folder: shown(folder(path)),
        });
    }
    Ok(())
}

/// Writes a temporary file in the folder of `path`; it vanishes unless it is given its name.
fn write(path: &Path, bytes: &[u8]) -> Result<NamedTempFile, SaveError> {
    let fail = |error: io::Error| explain(path, &error);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".whycert-");
    // Certificates are public: as readable as the person's umask lets any new file be.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder(path)).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.as_file().sync_all().map_err(fail)?;
    Ok(file)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// `name.pem` itself for 1, then `name-2.pem`, `name-3.pem`…
fn numbered(path: &Path, number: u32) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let mut name: OsString = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// What an error of the system means for saving under this name.
pub(crate) fn explain(path: &Path, error: &io::Error) -> SaveError {
    let folder = || shown(folder(path));
    match error.kind() {
        io::ErrorKind::AlreadyExists => SaveError::Exists { path: shown(path) },
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            SaveError::NoFolder { folder: folder() }
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            SaveError::Forbidden { folder: folder() }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            SaveError::Full { path: shown(path) }
        }
        _ => SaveError::System {
            path: shown(path),
            words: error.to_string(),
        },
    }
}

fn shown(path: &Path) -> String {
    text::safe(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.b.pem");
        assert_eq!(save(&path, b"1").unwrap(), path);
        assert_eq!(save(&path, b"2").unwrap(), folder.path().join("a.b-2.pem"));
        assert_eq!(save(&path, b"3").unwrap(), folder.path().join("a.b-3.pem"));
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn an_exact_name_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        save_new(&path, b"1").unwrap();
        assert!(matches!(
            save_new(&path, b"2"),
            Err(SaveError::Exists { .. })
        ));
        assert!(matches!(check_new(&path), Err(SaveError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"1");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone/a.pem");
        let error = save(&path, b"1").unwrap_err();
        assert!(matches!(&error, SaveError::NoFolder { folder } if folder.ends_with("gone")));
    }

    #[test]
    fn replacing_leaves_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        replace(&path, b"1").unwrap();
        replace(&path, b"2").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
