//! What a file has beside its bytes, permissions and owner: access lists (POSIX ACLs), security labels
//! (SELinux) and attributes of its owner's. A file that takes another's place takes these over, or is not
//! written.

use std::fs::File;
use std::io;
use std::path::Path;

/// Computed by the kernel over the bytes: no other bytes can keep them.
#[cfg(target_os = "linux")]
const OF_BYTES: [&str; 2] = ["security.ima", "security.evm"];

/// The names of a file's attributes; none where the file or its file system has none.
///
/// # Errors
/// When they cannot be read.
#[cfg(target_os = "linux")]
pub(super) fn names(path: &Path) -> io::Result<Vec<String>> {
    of(&open(path)?)
}

#[cfg(target_os = "linux")]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

#[cfg(target_os = "linux")]
fn of(file: &File) -> io::Result<Vec<String>> {
    let mut bytes = vec![0; 65_536]; // Linux lists no more
    let length = match rustix::fs::flistxattr(file, bytes.as_mut_slice()) {
        Err(rustix::io::Errno::OPNOTSUPP) => return Ok(Vec::new()),
        other => other?,
    };
    bytes.truncate(length);
    Ok(bytes
        .split(|byte| *byte == 0)
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .filter(|name| !name.is_empty() && !OF_BYTES.contains(&name.as_str()))
        .collect())
}

#[cfg(target_os = "linux")]
fn value(file: &File, name: &str) -> rustix::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 65_536]; // nor is a value larger
    let length = rustix::fs::fgetxattr(file, name, bytes.as_mut_slice())?;
    bytes.truncate(length);
    Ok(bytes)
}

/// Gives a new file the attributes of the one whose place it takes; the name of the first that cannot be kept.
///
/// # Errors
/// When those of the old file cannot be read.
#[cfg(target_os = "linux")]
pub(super) fn keep(old: &Path, new: &File) -> io::Result<Option<String>> {
    use rustix::fs::XattrFlags;
    let old = open(old)?;
    let has = of(new)?;
    for name in of(&old)? {
        let wanted = value(&old, &name)?;
        if has.contains(&name) && value(new, &name).is_ok_and(|now| now == wanted) {
            continue;
        }
        if rustix::fs::fsetxattr(new, &name, &wanted, XattrFlags::empty()).is_err() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Elsewhere none are known here.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(super) fn names(_: &Path) -> io::Result<Vec<String>> {
    Ok(Vec::new())
}

/// Elsewhere none are known here.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep(_: &Path, _: &File) -> io::Result<Option<String>> {
    Ok(None)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use rustix::fs::XattrFlags;

    use super::*;

    #[test]
    fn attributes_and_access_lists_are_kept_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&old, "old").unwrap();
        let file = File::create(&new).unwrap();
        assert_eq!(names(&old).unwrap(), Vec::<String>::new());
        assert_eq!(keep(&old, &file).unwrap(), None);
        // Version 2: owner and group as they are, user 4242 may read, others nothing.
        let entry = |tag: u16, rights: u16, id: u32| {
            let mut bytes = tag.to_le_bytes().to_vec();
            bytes.extend(rights.to_le_bytes());
            bytes.extend(id.to_le_bytes());
            bytes
        };
        let mut acl = 2u32.to_le_bytes().to_vec();
        for (tag, rights, id) in [
            (0x01, 6, u32::MAX),
            (0x02, 4, 4242),
            (0x04, 0, u32::MAX),
            (0x10, 4, u32::MAX),
            (0x20, 0, u32::MAX),
        ] {
            acl.extend(entry(tag, rights, id));
        }
        let none = XattrFlags::empty();
        let set = |name: &str, value: &[u8]| rustix::fs::setxattr(&old, name, value, none);
        if set("system.posix_acl_access", &acl).is_err() || set("user.note", b"mine").is_err() {
            eprintln!("skipped: this file system keeps no attributes");
            return;
        }
        assert_eq!(keep(&old, &file).unwrap(), None);
        let mut kept = names(&new).unwrap();
        kept.sort();
        assert_eq!(kept, ["system.posix_acl_access", "user.note"]);
        let again = open(&new).unwrap();
        assert_eq!(value(&again, "system.posix_acl_access").unwrap(), acl);
        assert_eq!(value(&again, "user.note").unwrap(), b"mine");
    }
}
