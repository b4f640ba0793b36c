//! What is wrong with a file of roots that a client is given, as the client meets it.

use super::{Profile, Quiet, machine};
use crate::capture::pem::Flaw;
use crate::store::{Dialect, TrustStore, Unusable};

/// What is wrong with a CA file that a client is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileTrouble {
    /// It does not exist.
    Missing,
    /// It is a folder.
    Folder,
    /// It must not be read.
    Denied,
    /// It holds no certificate in PEM.
    NotPem,
    /// A block in it is damaged, and the client complains about that.
    Damaged {
        /// What is wrong with the block.
        flaw: Flaw,
        /// The client reads no certificate of the file.
        nothing_read: bool,
    },
}

impl FileTrouble {
    /// What a client meets of which nothing could be read here.
    pub(super) fn of_unusable(what: &Unusable, dialect: Dialect) -> Self {
        match what {
            Unusable::Folder => Self::Folder,
            Unusable::Denied => Self::Denied,
            Unusable::Empty(spoilt) => {
                let of = spoilt.iter().find(|(known, _)| *known == dialect);
                of.map_or(Self::NotPem, |&(_, flaw)| Self::Damaged {
                    flaw,
                    nothing_read: true,
                })
            }
        }
    }

    /// What a client meets that is given this file by an option.
    pub fn of_file(store: &TrustStore, profile: &Profile) -> Option<Self> {
        Self::of_store(store, machine::dialect(profile))
    }

    /// What a client meets that reads files in this way.
    pub(super) fn of_store(store: &TrustStore, dialect: Dialect) -> Option<Self> {
        let nothing_read = store.anchors.is_empty() || !store.is_read_by(dialect);
        match store.spoilt_for(dialect) {
            Some(flaw) => Some(Self::Damaged { flaw, nothing_read }),
            None => nothing_read.then_some(Self::NotPem),
        }
    }

    /// The client finds no certificate there.
    pub fn is_of_no_use(self) -> bool {
        !matches!(
            self,
            Self::Damaged {
                nothing_read: false,
                ..
            }
        )
    }

    /// The event's names, the most special first.
    pub fn names(self) -> Vec<&'static str> {
        let special: &[&str] = match self {
            Self::Missing => &["ca-file-missing"],
            Self::Folder => &["ca-file-folder"],
            Self::Denied => &["ca-file-denied"],
            Self::NotPem => &["ca-file-not-pem"],
            Self::Damaged { flaw, nothing_read } => match (flaw, nothing_read) {
                (Flaw::Letter(_, b'='), true) => &["ca-file-padding-alone", "ca-file-base64-alone"],
                (Flaw::Letter(_, b'='), false) => &["ca-file-padding", "ca-file-base64"],
                (Flaw::Letter(..), true) => &["ca-file-letter-alone", "ca-file-base64-alone"],
                (Flaw::Letter(..), false) => &["ca-file-letter", "ca-file-base64"],
                (Flaw::Length, true) => &["ca-file-base64-alone"],
                (Flaw::Length, false) => &["ca-file-base64"],
                (
                    Flaw::NextBegins {
                        padding: Some(_), ..
                    },
                    true,
                ) => &["ca-file-premature-alone", "ca-file-base64-alone"],
                (
                    Flaw::NextBegins {
                        padding: Some(_), ..
                    },
                    false,
                ) => &["ca-file-premature", "ca-file-base64"],
                (Flaw::NoEnd { .. }, true) => &["ca-file-no-end-alone"],
                (Flaw::NoEnd { .. }, false) => &["ca-file-no-end"],
                (Flaw::EndNotAlone, true) => &["ca-file-tail-alone", "ca-file-no-end-alone"],
                (Flaw::EndNotAlone, false) => &["ca-file-tail", "ca-file-no-end"],
                (Flaw::Cut | Flaw::NextBegins { .. }, true) => &["ca-file-cut-alone"],
                (Flaw::Cut | Flaw::NextBegins { .. }, false) => &["ca-file-cut"],
                (Flaw::Other, true) => &["ca-file-other-alone"],
                (Flaw::Other, false) => &["ca-file-other"],
                (Flaw::Empty, true) => &["ca-file-empty-alone"],
                (Flaw::Empty, false) => &["ca-file-empty"],
            },
        };
        let mut out = special.to_vec();
        if let Self::Damaged { nothing_read, .. } = self {
            // Each goes for the one without its ending as well.
            let plain = special.iter().filter_map(|n| n.strip_suffix("-alone"));
            out.extend(plain);
            out.push("ca-file-damaged");
            if nothing_read {
                out.push("ca-file-not-pem");
            }
        }
        out.push("ca-file");
        out
    }

    /// In two or three words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "nothing is there",
            Self::Folder => "a folder",
            Self::Denied => "no access",
            Self::NotPem => "no certificate in it as PEM",
            Self::Damaged {
                nothing_read: true, ..
            } => "damaged: nothing of it is read",
            Self::Damaged { .. } => "damaged: not all of it is read",
        }
    }

    /// The letter that is none of base64, and its place.
    pub(super) fn letter(self) -> Option<(usize, u8)> {
        match self {
            Self::Damaged { flaw, .. } => match flaw {
                Flaw::Letter(at, letter) => Some((at, letter)),
                Flaw::NextBegins { padding, .. } => padding.map(|at| (at, b'=')),
                _ => None,
            },
            _ => None,
        }
    }

    /// The client says something about it before it connects; `by` names the file.
    pub(super) fn is_loud(self, profile: &Profile, by: &str) -> bool {
        let has = |name: &&str| {
            let of_this = format!("{name}@{by}");
            let speech = &profile.speech;
            speech.has("message", name) || speech.has("message", &of_this)
        };
        self.is_of_no_use() && self.names().iter().any(has)
    }

    /// The client passes over it without a word.
    pub(super) fn is_silent(self, quiet: Option<Quiet>) -> bool {
        match quiet {
            None => false,
            Some(Quiet::Always) => true,
            Some(Quiet::UnlessDamaged) => !matches!(self, Self::Damaged { .. }),
        }
    }
}
