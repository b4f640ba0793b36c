//! Whether the public roots still stand where a rung wrote. Read back from what was written, so that nobody
//! on the network is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::store::Stores;
use crate::text;

use super::shown;

/// A store that others use, and what it must still hold afterwards.
#[derive(Clone, Debug)]
pub(super) struct Rooted {
    path: PathBuf,
    were: Vec<Arc<[u8]>>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    /// Every one of them stands there.
    Kept {
        /// The file, safe to display.
        path: String,
        /// How many.
        roots: usize,
    },
    /// Some of them are no longer there.
    Lost {
        /// The file, safe to display.
        path: String,
        /// How many are gone.
        gone: usize,
        /// Of how many.
        of: usize,
    },
    /// There was none in it before.
    Nowhere {
        /// The file, safe to display.
        path: String,
    },
    /// What was written is about one server, or beside the public roots: they are where they were.
    Untouched,
}

impl Rooted {
    /// A file that shall hold these.
    pub fn of(path: &Path, were: &[Arc<[u8]>]) -> Self {
        Self {
            path: path.to_owned(),
            were: were.to_vec(),
        }
    }

    /// A file that shall hold what `source` holds now.
    pub fn as_in(path: &Path, source: &Path) -> Self {
        let were = Stores::of_file(source).anchors.into_iter();
        Self {
            path: path.to_owned(),
            were: were.map(|anchor| anchor.der).collect(),
        }
    }

    /// Reads the file again.
    pub fn look(&self) -> Roots {
        if self.were.is_empty() {
            return Roots::Nowhere {
                path: shown(&self.path),
            };
        }
        let now: std::collections::HashSet<Arc<[u8]>> = Stores::of_file(&self.path)
            .anchors
            .into_iter()
            .map(|anchor| anchor.der)
            .collect();
        let gone = self.were.iter().filter(|der| !now.contains(*der)).count();
        let path = shown(&self.path);
        match gone {
            0 => Roots::Kept {
                path,
                roots: self.were.len(),
            },
            gone => Roots::Lost {
                path,
                gone,
                of: self.were.len(),
            },
        }
    }
}

impl Roots {
    /// In one sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Kept { path, roots } => format!(
                "{} still in {path}, as whycert reads it.",
                match roots {
                    1 => "The public root is".to_owned(),
                    n => format!("All {} are", text::count(*n, "public root")),
                }
            ),
            Self::Lost { path, gone, of } => format!(
                "{gone} of {} are no longer in {path}.",
                text::count(*of, "public root")
            ),
            Self::Nowhere { path } => format!("There was no public root in {path} before."),
            Self::Untouched => "The public roots are not touched by this step.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_that_are_gone_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let (all, fewer) = (
            folder.path().join("all.pem"),
            folder.path().join("fewer.pem"),
        );
        let roots: Vec<Arc<[u8]>> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .take(3)
            .map(|der| Arc::from(der.as_ref()))
            .collect();
        let pem = |ders: &[Arc<[u8]>]| -> String {
            ders.iter()
                .map(|der| crate::cert::pem::encode(der))
                .collect()
        };
        std::fs::write(&all, pem(&roots)).unwrap();
        std::fs::write(&fewer, pem(&roots[..1])).unwrap();
        assert!(matches!(
            Rooted::of(&all, &roots).look(),
            Roots::Kept { roots: 3, .. }
        ));
        let lost = Rooted::as_in(&fewer, &all).look();
        assert!(
            matches!(lost, Roots::Lost { gone: 2, of: 3, .. }),
            "{lost:?}"
        );
        let nothing = Rooted::of(&folder.path().join("none.pem"), &roots).look();
        assert!(matches!(nothing, Roots::Lost { gone: 3, of: 3, .. }));
    }
}
