//! Carrying out a plan: the journal first, then each step; what fails or was killed is taken back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::moment::Moment;
use crate::save;
use crate::text;

use super::checkpoint::checkpoint;
use super::file::{self, State};
use super::journal::{Asking, Entry, FileRecord, Journal, Kept, Lock, Progress, Record, digest};
use super::step::{Change, Step};
use super::{Place, Plan, TrustError, shown, tool, undo};

/// Carries out a plan; the entry of the journal.
///
/// # Errors
/// [`TrustError`]; everything is as it was then.
pub fn apply(place: &Place, plan: &Plan, now: Moment) -> Result<Entry, TrustError> {
    apply_asked(place, plan, now, None)
}

/// The same; the entry notes how clients were asked before.
pub(super) fn apply_asked(
    place: &Place,
    plan: &Plan,
    now: Moment,
    asking: Option<Asking>,
) -> Result<Entry, TrustError> {
    if plan.is_forbidden() {
        return Err(TrustError::NeedsRoot);
    }
    let folder = place.state_of(plan.rung);
    let made = file::missing_folders(&folder.join("journal.json"));
    make_folder(&folder)?;
    checkpoint();
    let lock = Lock::take(&folder)?;
    let mut journal = Journal::read(&folder)?;
    if journal.made.is_empty() {
        journal.made = made;
    }
    let result = within(place, plan, now, asking, &mut journal);
    if journal.entries.is_empty() {
        journal.vanish(lock);
    }
    result
}

fn within(
    place: &Place,
    plan: &Plan,
    now: Moment,
    asking: Option<Asking>,
    journal: &mut Journal,
) -> Result<Entry, TrustError> {
    undo::recover(place, journal)?;
    for change in plan.changes() {
        if !file::read(&change.path)?.same(&change.before) {
            return Err(TrustError::Changed {
                path: shown(&change.path),
            });
        }
    }
    let mut entry = begin(plan, now, journal)?;
    entry.asking = asking;
    journal.entries.push(entry.clone());
    journal.write()?;
    if let Err(error) = carry_out(place, plan, &entry.id) {
        // The error that stopped it is the one to tell; if taking back fails too, the entry stays and
        // the next run tries again.
        undo::take_back(place, journal, &entry.id)?;
        return Err(error);
    }
    checkpoint();
    let mut done = entry;
    done.progress = Progress::Done;
    for noted in &mut journal.entries {
        if noted.id == done.id {
            noted.progress = Progress::Done;
        }
    }
    journal.write()?;
    Ok(done)
}

/// The entry of a plan, with what stood there before kept beside the journal.
fn begin(plan: &Plan, now: Moment, journal: &Journal) -> Result<Entry, TrustError> {
    let sha256 = text::hex(&plan.certificate.sha256);
    let mut seed = format!("{sha256} {} {}", plan.rung.id(), now.rfc3339());
    seed.push_str(&format!(
        " {} {}",
        std::process::id(),
        journal.entries.len()
    ));
    let id: String = digest(seed.as_bytes()).chars().take(8).collect();
    let backups = journal.backups(&id);
    let mut records = Vec::new();
    let mut kept = 0;
    for step in &plan.steps {
        records.push(match step {
            Step::Run { command, undo } => Record::Run {
                command: command.clone(),
                undo: undo.clone(),
            },
            Step::Files { changes, part } => {
                let mut files = Vec::new();
                for change in changes {
                    files.push(record(change, &backups, &mut kept)?);
                }
                Record::Files {
                    files,
                    part: part.clone(),
                }
            }
        });
    }
    Ok(Entry {
        id,
        rung: plan.rung,
        sha256,
        subject: plan.certificate.subject.rfc4514(),
        not_after: plan
            .certificate
            .not_after
            .map(Moment::rfc3339)
            .unwrap_or_default(),
        added: now.rfc3339(),
        target: plan.target.clone(),
        finding: plan.finding.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        progress: Progress::Begun,
        uses_bundle: plan.uses_bundle,
        asking: None,
        records,
    })
}

fn record(change: &Change, backups: &Path, kept: &mut usize) -> Result<FileRecord, TrustError> {
    let before = match &change.before {
        State::Absent => None,
        State::File { bytes, mode, owner } => {
            make_private_folder(backups)?;
            let backup = backups.join(kept.to_string());
            *kept += 1;
            save::replace(&backup, bytes)?;
            checkpoint();
            Some(Kept {
                sha256: digest(bytes),
                mode: *mode,
                owner: *owner,
                backup,
            })
        }
    };
    let (after, after_mode) = match &change.after {
        State::Absent => (String::new(), 0),
        State::File { bytes, mode, .. } => (digest(bytes), *mode),
    };
    Ok(FileRecord {
        path: change.path.clone(),
        before,
        after,
        after_mode,
        folders: file::missing_folders(&change.path),
        ours: false,
    })
}

fn carry_out(place: &Place, plan: &Plan, id: &str) -> Result<(), TrustError> {
    for step in &plan.steps {
        checkpoint();
        match step {
            Step::Files { changes, .. } => {
                for change in changes {
                    if let Some(folder) = change.path.parent() {
                        make_folder(folder)?;
                    }
                    file::put(&change.path, &change.after, &beside(&change.path, id))?;
                    checkpoint();
                }
            }
            Step::Run { command, .. } => {
                let answer = tool::run(&place.machine, command, None)?;
                if !answer.ok {
                    return Err(TrustError::Command {
                        command: tool::said(command),
                        words: answer.words,
                    });
                }
            }
        }
    }
    Ok(())
}

/// The name of a new file until it is complete; also where a run that was killed left it.
pub(super) fn beside(path: &Path, id: &str) -> PathBuf {
    path.with_file_name(format!(".whycert-{id}.new"))
}

pub(super) fn make_folder(folder: &Path) -> Result<(), TrustError> {
    fs::create_dir_all(folder).map_err(|error| TrustError::from(save::explain(folder, &error)))
}

/// What is kept may hold secrets, as a project's `.env` does.
fn make_private_folder(folder: &Path) -> Result<(), TrustError> {
    make_folder(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|error| TrustError::from(save::explain(folder, &error)))?;
    }
    Ok(())
}
