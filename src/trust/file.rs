//! Files as they are and as they shall be: read with their permissions, written whole or not at all.
//!
//! A write goes to a new file beside the old one, gets the old one's permissions and owner, reaches the
//! disk with what else the old one has, and then takes its name. Links are followed only where nobody
//! else could have planted them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::text;

use super::checkpoint::checkpoint;
use super::{TrustError, shown};

mod attributes;

/// A file larger than this is none of those that are changed here.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Absent,
    /// A file.
    File {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its permission bits; 0 where the system has none.
        mode: u32,
        /// Its owner and group; `None` where the system has none, or for a new file: the writer's.
        owner: Option<(u32, u32)>,
    },
}

impl State {
    /// A new file with these permissions, which belongs to whoever writes it.
    pub(super) fn new(bytes: Vec<u8>, mode: u32) -> Self {
        Self::File {
            bytes,
            mode,
            owner: None,
        }
    }

    /// The same file with other bytes; a new one gets `mode`.
    pub(super) fn with(&self, bytes: Vec<u8>, new_mode: u32) -> Self {
        match self {
            Self::Absent => Self::new(bytes, new_mode),
            Self::File { mode, owner, .. } => Self::File {
                bytes,
                mode: *mode,
                owner: *owner,
            },
        }
    }

    /// Its bytes; none when it is absent.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Absent => &[],
            Self::File { bytes, .. } => bytes,
        }
    }

    /// It is there.
    pub fn is_there(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// The same bytes with the same permissions, or both absent. Who owns it is left aside.
    pub(super) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) => true,
            (
                Self::File { bytes, mode, .. },
                Self::File {
                    bytes: others,
                    mode: other,
                    ..
                },
            ) => bytes == others && mode == other,
            _ => false,
        }
    }
}

/// What stands under this name now.
///
/// # Errors
/// When it cannot be read, is no plain file, or is too large.
pub(super) fn read(path: &Path) -> Result<State, TrustError> {
    let unreadable = |words: String| TrustError::Unreadable {
        path: shown(path),
        words,
    };
    let meta = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::Absent),
        Err(error) => return Err(unreadable(error.to_string())),
        Ok(meta) => meta,
    };
    if !meta.is_file() {
        return Err(unreadable("it is no plain file".to_owned()));
    }
    if meta.len() > MOST_BYTES {
        return Err(unreadable("it is too large".to_owned()));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    Ok(State::File {
        bytes,
        mode: mode_of(&meta),
        owner: owner_of(&meta),
    })
}

/// The name under which a file shall be changed: itself, or what a link of this user's leads to.
///
/// # Errors
/// [`TrustError::Planted`] when somebody else could have made the link or may change the folder.
pub(super) fn real(path: &Path) -> Result<PathBuf, TrustError> {
    let planted = |why: &str| TrustError::Planted {
        path: shown(path),
        why: why.to_owned(),
    };
    let folder = existing(path);
    let folder = fs::canonicalize(&folder).map_err(|error| TrustError::Unreadable {
        path: shown(&folder),
        words: error.to_string(),
    })?;
    let within = path
        .strip_prefix(existing(path))
        .unwrap_or(Path::new(""))
        .to_owned();
    let whole = folder.join(&within);
    let is_link = fs::symlink_metadata(&whole).is_ok_and(|meta| meta.file_type().is_symlink());
    open_to_others(&folder).map_or(Ok(()), |why| Err(planted(&why)))?;
    if !is_link {
        if fs::metadata(&whole).is_ok_and(|meta| links(&meta) > 1) {
            return Err(planted(
                "it has a second name (a hard link), which would go on with the old content",
            ));
        }
        return Ok(whole);
    }
    if is_root() {
        return Err(planted(
            "it is a link, and root follows none: name the file that it leads to",
        ));
    }
    if fs::symlink_metadata(&whole).is_ok_and(|meta| !is_mine(&meta)) {
        return Err(planted("it is a link that somebody else made"));
    }
    let end = fs::canonicalize(&whole).map_err(|_| planted("it is a link that leads nowhere"))?;
    let folder = end.parent().unwrap_or(Path::new("/"));
    open_to_others(folder).map_or(Ok(end.clone()), |why| Err(planted(&why)))
}

/// The nearest folder above a path that exists.
fn existing(path: &Path) -> PathBuf {
    let mut folder = path.parent();
    while let Some(here) = folder {
        if here.as_os_str().is_empty() {
            return PathBuf::from(".");
        }
        if here.is_dir() {
            return here.to_owned();
        }
        folder = here.parent();
    }
    PathBuf::from("/")
}

/// The folders above `path` that are not there yet, outermost first.
pub(super) fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .map(Path::to_owned)
        .collect();
    out.reverse();
    out
}

/// Makes a file what it shall be. `beside` is the name of the new file until it is complete.
///
/// # Errors
/// [`TrustError`]; what stood there stands still.
pub(super) fn put(path: &Path, state: &State, beside: &Path) -> Result<(), TrustError> {
    let fail = |error: &io::Error| TrustError::from(crate::save::explain(path, error));
    let State::File { bytes, mode, owner } = state else {
        checkpoint();
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(fail(&error)),
            _ => sync_folder(path),
        };
    };
    let _ = fs::remove_file(beside);
    let written = write_new(beside, bytes, *mode, *owner)
        .map_err(|error| fail(&error))
        .and_then(|file| take_over(path, &file))
        .and_then(|()| {
            checkpoint();
            fs::rename(beside, path).map_err(|error| fail(&error))
        });
    if let Err(error) = written {
        let _ = fs::remove_file(beside);
        return Err(error);
    }
    sync_folder(path)
}

/// The new file takes over what the old one has beside its bytes, and reaches the disk.
fn take_over(path: &Path, new: &File) -> Result<(), TrustError> {
    let lost = match path.try_exists() {
        Ok(true) => attributes::keep(path, new),
        _ => Ok(None),
    };
    let why = match lost {
        Ok(None) => {
            return new
                .sync_all()
                .map_err(|error| TrustError::from(crate::save::explain(path, &error)));
        }
        Ok(Some(name)) => format!("its attribute {} cannot be kept", text::safe(&name)),
        Err(error) => format!("its attributes cannot be read: {error}"),
    };
    Err(TrustError::Planted {
        path: shown(path),
        why,
    })
}

/// What stays with a file when its bytes change, in words.
pub(super) fn stays(path: &Path) -> String {
    let mut all = vec!["permissions".to_owned()];
    for name in attributes::names(path).unwrap_or_default() {
        all.push(match &*name {
            "system.posix_acl_access" => "access list".to_owned(),
            "security.selinux" => "security label".to_owned(),
            other => format!("attribute {}", text::safe(other)),
        });
    }
    format!("{} stay", text::list_and(&all))
}

fn write_new(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    set_owner(&file, owner)?;
    set_mode(&file, mode)?;
    Ok(file)
}

/// Makes the new name last through a crash; not every file system can.
fn sync_folder(path: &Path) -> Result<(), TrustError> {
    #[cfg(unix)]
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Why others than this user may change names in a folder or one above it.
#[cfg(unix)]
fn open_to_others(folder: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    const STICKY: u32 = 0o1000;
    const GROUP: u32 = 0o020;
    /// Groups of people begin here; those below are the system's, such as Debian's staff.
    const PEOPLE: u32 = 1000;
    // As root every folder on the way counts; else the one itself, and above it what anybody may write.
    for (steps, here) in folder.ancestors().enumerate() {
        let Ok(meta) = fs::metadata(here) else {
            continue;
        };
        let why = if is_root() && meta.uid() != 0 {
            "which belongs to another user than root"
        } else if steps == 0 && meta.uid() != 0 && !is_mine(&meta) {
            "which belongs to another user"
        } else if meta.mode() & 0o002 != 0 && meta.mode() & STICKY == 0 {
            "in which everybody may change names"
        } else if is_root()
            && meta.mode() & GROUP != 0
            && meta.gid() >= PEOPLE
            && meta.mode() & STICKY == 0
        {
            "in which a group of people may change names"
        } else {
            continue;
        };
        return Some(format!("it lies below {}, {why}", shown(here)));
    }
    None
}

#[cfg(not(unix))]
fn open_to_others(_: &Path) -> Option<String> {
    None
}

/// This process is root's.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    {
        rustix::process::geteuid().is_root()
    }
    #[cfg(not(unix))]
    false
}

#[cfg(unix)]
fn is_mine(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    meta.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(not(unix))]
fn is_mine(_: &fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
fn links(meta: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    meta.nlink()
}

#[cfg(not(unix))]
fn links(_: &fs::Metadata) -> u64 {
    1
}

#[cfg(unix)]
fn mode_of(meta: &fs::Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt;
    meta.mode() & 0o7777
}

#[cfg(not(unix))]
fn mode_of(_: &fs::Metadata) -> u32 {
    0
}

#[cfg(unix)]
fn owner_of(meta: &fs::Metadata) -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    Some((meta.uid(), meta.gid()))
}

#[cfg(not(unix))]
fn owner_of(_: &fs::Metadata) -> Option<(u32, u32)> {
    None
}

#[cfg(unix)]
fn set_owner(file: &File, owner: Option<(u32, u32)>) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let Some((user, group)) = owner else {
        return Ok(());
    };
    let meta = file.metadata()?;
    if (meta.uid(), meta.gid()) == (user, group) {
        return Ok(());
    }
    fchown(file, Some(user), Some(group))
}

#[cfg(not(unix))]
fn set_owner(_: &File, _: Option<(u32, u32)>) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn permissions_are_kept_and_no_other_file_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let before = read(&path).unwrap();
        let after = before.with(b"new".to_vec(), 0o600);
        put(&path, &after, &folder.path().join(".new")).unwrap();
        assert!(read(&path).unwrap().same(&after));
        let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        put(&path, &State::Absent, &folder.path().join(".new")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn links_and_open_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let target = folder.join("target");
        fs::write(&target, "x").unwrap();
        let link = folder.join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        match real(&link) {
            Ok(end) => assert!(!is_root() && end == target),
            Err(error) => {
                assert!(
                    is_root() && matches!(error, TrustError::Planted { .. }),
                    "{error}"
                );
            }
        }
        assert_eq!(real(&target).unwrap(), target);
        assert_eq!(
            real(&folder.join("new/one")).unwrap(),
            folder.join("new/one")
        );
        fs::hard_link(&target, folder.join("second")).unwrap();
        assert!(matches!(real(&target), Err(TrustError::Planted { .. })));
        let open = folder.join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            real(&open.join("a")),
            Err(TrustError::Planted { .. })
        ));
    }
}
