//! Certificates from a file or standard input.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, pem};
use crate::text;

/// More than this is not read.
const MOST_BYTES: u64 = 512 * 1024 * 1024;

/// What a file held.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) certificates: Vec<Arc<[u8]>>,
    pub(super) notes: Vec<String>,
}

/// Reads a file. Blocking.
///
/// # Errors
/// When it cannot be read, or holds no certificate.
pub(super) fn read(path: &Path) -> Result<Held, Failure> {
    let words = |e: std::io::Error| Failure::File(text::safe(&e.to_string()).into_owned());
    let path = &from_home(path);
    let meta = std::fs::metadata(path).map_err(words)?;
    if meta.is_dir() {
        return Err(Failure::File("it is a folder".to_owned()));
    }
    // Devices and pipes may never end; standard input is the way for those.
    if !meta.is_file() {
        return Err(Failure::File(
            "it is no ordinary file; use - and pipe it in".to_owned(),
        ));
    }
    let file = std::fs::File::open(path).map_err(words)?;
    held(file)
}

/// The certificates of a file, for other uses than looking at it. Blocking.
///
/// # Errors
/// Why there are none, in words that are safe to display.
pub fn certificates(path: &Path) -> Result<Vec<Arc<[u8]>>, String> {
    match read(path) {
        Ok(held) => Ok(held.certificates),
        Err(Failure::File(why) | Failure::NothingInFile(why)) => Err(why),
        Err(other) => Err(format!("{other:?}")),
    }
}

/// `~/x` as a shell would expand it: on the screen there is no shell between the person and us.
fn from_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) if !path.exists() => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Reads standard input to its end. Blocking.
///
/// # Errors
/// As [`read`].
pub(super) fn read_stdin() -> Result<Held, Failure> {
    held(std::io::stdin().lock())
}

fn held(source: impl Read) -> Result<Held, Failure> {
    let mut bytes = Vec::new();
    source
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::File(text::safe(&e.to_string()).into_owned()))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Failure::File(format!(
            "it is larger than {} MiB",
            MOST_BYTES / 1024 / 1024
        )));
    }
    let decoded = pem::decode(&bytes);
    if decoded.certificates.is_empty() {
        return Err(Failure::NothingInFile(pem::looks_like(
            &bytes,
            &decoded.notes,
        )));
    }
    Ok(Held {
        certificates: decoded.certificates.into_iter().map(Arc::from).collect(),
        notes: decoded.notes,
    })
}
