//! Where things are changed and where the journals are: this machine, or one that a test made.

use std::path::{Path, PathBuf};

use crate::store::{Machine, user_bundle_path};

use super::{Rung, TrustError};

/// The machine, the user's folder and the one that belongs to root.
#[derive(Clone, Debug)]
pub struct Place {
    /// The machine.
    pub machine: Machine,
    /// The user's folder: bundle, journal, backups.
    pub folder: PathBuf,
}

impl Place {
    /// This machine, for this user.
    ///
    /// # Errors
    /// [`TrustError::NoHome`].
    pub fn this() -> Result<Self, TrustError> {
        let bundle = user_bundle_path().ok_or(TrustError::NoHome)?;
        Ok(Self {
            machine: Machine::this(),
            folder: bundle.parent().unwrap_or(Path::new("/")).to_owned(),
        })
    }

    /// Another machine, with the user's folder in its home.
    pub fn on(machine: Machine) -> Self {
        let data = machine.data().unwrap_or_else(|| machine.root.clone());
        Self {
            folder: data.join("whycert"),
            machine,
        }
    }

    /// The user's bundle.
    pub fn bundle(&self) -> PathBuf {
        self.folder.join("bundle.pem")
    }

    /// The folder of the journal for a rung.
    pub(super) fn state_of(&self, rung: Rung) -> PathBuf {
        match rung {
            Rung::System | Rung::JavaOwn | Rung::Docker => self.of_root(),
            _ => self.folder.clone(),
        }
    }

    /// The folders of all journals that this user may read.
    pub(super) fn states(&self) -> Vec<PathBuf> {
        let mut all = vec![self.folder.clone()];
        if !self.hides_root() {
            all.push(self.of_root());
        }
        all
    }

    /// Root keeps a journal of its own, and this user may not read it.
    pub fn hides_root(&self) -> bool {
        let journal = self.of_root().join("journal.json");
        !super::file::is_root()
            && std::fs::File::open(journal)
                .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    }

    /// The journal in this folder is of what only root may change.
    pub(super) fn is_for_root(&self, folder: &Path) -> bool {
        folder == self.of_root() && self.machine.root == Path::new("/")
    }

    fn of_root(&self) -> PathBuf {
        // Tests run the program as root too, and must find no journal but their own.
        #[cfg(debug_assertions)]
        if let Some(folder) = std::env::var_os("WHYCERT_ROOTS_FOLDER") {
            return PathBuf::from(folder);
        }
        self.machine.at("/var/lib/whycert")
    }

    /// What belongs to the system can be changed by root only.
    pub(super) fn needs_root(&self) -> bool {
        self.machine.root == Path::new("/")
    }
}
