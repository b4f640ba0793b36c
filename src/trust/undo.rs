//! Undoing: exactly what stood there before, or, where others changed the file since, our part and no more.

use std::fs;
use std::path::PathBuf;

use crate::text;

use super::apply::beside;
use super::checkpoint::checkpoint;
use super::file::{self, State};
use super::journal::{Entry, FileRecord, Journal, Lock, Progress, Record};
use super::step::Part;
use super::{Place, TrustError, tool};

/// Whether what was done still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it was left.
    Stands,
    /// It stands, in a file that others changed since.
    Among,
    /// It is no longer there.
    Gone,
    /// The run that did it did not come to its end.
    Interrupted,
}

impl Standing {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stands => "stands",
            Self::Among => "stands; the file was changed since by others",
            Self::Gone => "no longer there",
            Self::Interrupted => "was interrupted: undo it",
        }
    }
}

/// Everything in the journals, oldest first, and whether it stands.
///
/// # Errors
/// When a journal cannot be read.
pub fn list(place: &Place) -> Result<Vec<(Entry, Standing)>, TrustError> {
    let mut out = Vec::new();
    for folder in place.states() {
        for entry in Journal::read(&folder)?.entries {
            let standing = standing(place, &entry)?;
            out.push((entry, standing));
        }
    }
    out.sort_by(|a, b| a.0.added.cmp(&b.0.added));
    Ok(out)
}

fn standing(place: &Place, entry: &Entry) -> Result<Standing, TrustError> {
    if entry.progress != Progress::Done {
        return Ok(Standing::Interrupted);
    }
    let mut out = Standing::Stands;
    for record in &entry.records {
        let Record::Files { files, part } = record else {
            continue;
        };
        let now = states(files)?;
        if files.iter().zip(&now).all(|(f, (_, s))| f.is_after(s)) {
            continue;
        }
        out = match part.stands(&place.machine, &now)? {
            true if out != Standing::Gone => Standing::Among,
            _ => Standing::Gone,
        };
    }
    Ok(out)
}

/// Undoes one entry, named by its id or by the start of its certificate's SHA-256; the entry.
///
/// # Errors
/// [`TrustError`]; when something could not be put back, the entry stays.
pub fn undo(place: &Place, named: &str) -> Result<Entry, TrustError> {
    let (folder, entry) = found(place, named)?;
    undo_in(place, &folder, &entry)?;
    Ok(entry)
}

/// The entry with this name, when this user may undo it.
///
/// # Errors
/// As [`undo()`]'s; nothing is changed.
pub(super) fn find(place: &Place, named: &str) -> Result<Entry, TrustError> {
    let (folder, entry) = found(place, named)?;
    may(place, &folder)?;
    Ok(entry)
}

fn found(place: &Place, named: &str) -> Result<(PathBuf, Entry), TrustError> {
    let wanted = named.replace(':', "").to_ascii_lowercase();
    if wanted.len() < 4 || !wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(TrustError::NotAnId {
            typed: text::safe(named).into_owned(),
        });
    }
    let mut found = Vec::new();
    for folder in place.states() {
        for entry in Journal::read(&folder)?.entries {
            if entry.id.starts_with(&wanted) || entry.sha256.starts_with(&wanted) {
                found.push((folder.clone(), entry));
            }
        }
    }
    match found.as_slice() {
        [] => Err(TrustError::Unknown { typed: wanted }),
        [one] => Ok(one.clone()),
        many => Err(TrustError::Ambiguous {
            typed: wanted,
            ids: many.iter().map(|(_, entry)| entry.id.clone()).collect(),
        }),
    }
}

fn undo_in(place: &Place, folder: &std::path::Path, entry: &Entry) -> Result<(), TrustError> {
    may(place, folder)?;
    let lock = Lock::take(folder)?;
    let mut journal = Journal::read(folder)?;
    take_back(place, &mut journal, &entry.id)?;
    journal.vanish(lock);
    Ok(())
}

fn may(place: &Place, folder: &std::path::Path) -> Result<(), TrustError> {
    match place.is_for_root(folder) && !file::is_root() {
        true => Err(TrustError::NeedsRoot),
        false => Ok(()),
    }
}

/// Takes back what runs that were killed left half done.
///
/// # Errors
/// When that fails; nothing new may be done before.
pub(super) fn recover(place: &Place, journal: &mut Journal) -> Result<(), TrustError> {
    journal.sweep();
    let interrupted: Vec<String> = journal
        .entries
        .iter()
        .filter(|entry| entry.progress != Progress::Done)
        .map(|entry| entry.id.clone())
        .collect();
    for id in interrupted {
        take_back(place, journal, &id)?;
    }
    Ok(())
}

/// Undoes one entry of a journal that is locked, and forgets it.
pub(super) fn take_back(place: &Place, journal: &mut Journal, id: &str) -> Result<(), TrustError> {
    hand_over(journal, id);
    let Some(noted) = journal.entries.iter_mut().find(|entry| entry.id == id) else {
        return Ok(());
    };
    noted.progress = Progress::Undoing;
    let entry = noted.clone();
    journal.write()?;
    let mut runs = Vec::new();
    for record in entry.records.iter().rev() {
        match record {
            Record::Files { files, part } => {
                let alone = !journal
                    .entries
                    .iter()
                    .any(|other| other.id != id && of_others(other, files).next().is_some());
                put_back(place, files, part, id, alone)?;
                if !alone {
                    leave_to_others(journal, files, id);
                }
            }
            Record::Run { undo, .. } => runs.push(undo),
        }
        checkpoint();
    }
    for inverse in runs.into_iter().flatten() {
        let input = (!inverse.input.is_empty()).then_some(inverse.input.as_str());
        let answer = tool::run(&place.machine, &inverse.command, input)?;
        checkpoint();
        if !answer.ok {
            return Err(TrustError::Command {
                command: tool::said(&inverse.command),
                words: answer.words,
            });
        }
    }
    journal.forget(id)
}

/// The records of an entry that are about one of these files.
fn of_others<'e>(
    entry: &'e Entry,
    files: &'e [FileRecord],
) -> impl Iterator<Item = &'e FileRecord> {
    entry.records.iter().flat_map(move |record| {
        let theirs = match record {
            Record::Files { files, .. } => files.as_slice(),
            Record::Run { .. } => &[],
        };
        theirs
            .iter()
            .filter(|one| files.iter().any(|file| file.path == one.path))
    })
}

/// Files that this entry made, and others still use, are removed with the last of them.
fn leave_to_others(journal: &mut Journal, files: &[FileRecord], id: &str) {
    for other in journal.entries.iter_mut().filter(|other| other.id != id) {
        for record in &mut other.records {
            let Record::Files { files: theirs, .. } = record else {
                continue;
            };
            for one in theirs {
                let made = files
                    .iter()
                    .find(|file| file.path == one.path && (file.before.is_none() || file.ours));
                if let Some(made) = made {
                    one.ours = true;
                    one.folders = made.folders.clone();
                }
            }
        }
    }
}

/// A certificate in the bundle that another entry needs too stays there, as that entry's own.
fn hand_over(journal: &mut Journal, id: &str) {
    let Some(entry) = journal.entries.iter().find(|entry| entry.id == id).cloned() else {
        return;
    };
    let of_bundle = |record: &Record| {
        matches!(
            record,
            Record::Files {
                part: Part::Bundle { .. },
                ..
            }
        )
    };
    let Some(heir) = journal.entries.iter_mut().find(|other| {
        other.id != id
            && other.uses_bundle
            && other.sha256 == entry.sha256
            && !other.records.iter().any(of_bundle)
    }) else {
        return;
    };
    let mut inherited: Vec<Record> = entry
        .records
        .iter()
        .filter(|r| of_bundle(r))
        .cloned()
        .collect();
    if inherited.is_empty() {
        return;
    }
    // The first of an entry's records is undone last: what its other files point to goes after them.
    inherited.append(&mut heir.records);
    heir.records = inherited;
    for noted in &mut journal.entries {
        if noted.id == id {
            noted.records.retain(|record| !of_bundle(record));
        }
    }
}

fn states(files: &[FileRecord]) -> Result<Vec<(String, State)>, TrustError> {
    files
        .iter()
        .map(|file| {
            let name = file.path.file_name().unwrap_or_default();
            Ok((name.to_string_lossy().into_owned(), file::read(&file.path)?))
        })
        .collect()
}

fn put_back(
    place: &Place,
    files: &[FileRecord],
    part: &Part,
    id: &str,
    alone: bool,
) -> Result<(), TrustError> {
    let now = states(files)?;
    let before: Result<Vec<State>, _> = files.iter().map(FileRecord::before).collect();
    // What was handed over by another entry is kept by nobody; our block in the bundle is found anyway.
    let before = match (before, part) {
        (Err(_), Part::Bundle { .. }) => None,
        (before, _) => Some(before?),
    };
    // A run that was killed between two files left one of them old: each must be one or the other.
    let before = before.filter(|before| {
        let mut all = files.iter().zip(before).zip(&now);
        all.all(|((file, before), (_, now))| file.is_after(now) || now.same(before))
    });
    let wanted = if let Some(before) = before {
        before
    } else {
        let paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
        let out = part.taken_out(&place.machine, &now, &paths)?;
        let tool = matches!(part, Part::Tool { .. });
        match tool && alone && files.iter().all(|file| file.ours) {
            true => vec![State::Absent; out.len()],
            false => out,
        }
    };
    for ((file, wanted), (_, now)) in files.iter().zip(&wanted).zip(&now).rev() {
        let left = beside(&file.path, id);
        if !now.same(wanted) {
            file::put(&file.path, wanted, &left)?;
        }
        let _ = fs::remove_file(&left);
        checkpoint();
        for folder in file.folders.iter().rev() {
            // One that others use by now is not empty, and stays.
            let _ = fs::remove_dir(folder);
        }
    }
    Ok(())
}
