//! The bundle file: public roots first, then each added certificate between its own two marks.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;

use crate::capture;
use crate::cert::{Certificate, pem};
use crate::inspect;
use crate::moment::Moment;
use crate::save;
use crate::store::{Anchor, StoreKind, Stores, TrustStore};
use crate::text;

use super::journal::{Journal, Lock};
use super::{Applied, Entry, Plan, TrustError, shown};

/// A bundle larger than this is not ours.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// What a certificate's own part of the bundle begins with.
const BEGIN: &str = "# >>> whycert ";
/// What it ends with.
const END: &str = "# <<< whycert ";

/// A bundle with its journal, its lock and its previous state, all in one folder.
#[derive(Clone, Debug)]
pub struct Bundle {
    path: PathBuf,
}

impl Bundle {
    /// The bundle at this path; nothing is read or made yet.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds the certificate of a plan, and judges again against what is then on disk.
    ///
    /// # Errors
    /// [`TrustError`]; the bundle is untouched then.
    pub fn apply(&self, plan: &Plan, now: Moment) -> Result<Applied, TrustError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(|error| TrustError::Unreadable {
            path: shown(folder),
            words: error.to_string(),
        })?;
        let _lock = self.lock()?;
        let before = self.read()?;
        let mut journal = Journal::read(&self.beside("journal.json"))?;
        let sha256 = text::hex(&plan.certificate.sha256);
        let mut blocks = blocks(before.as_deref().unwrap_or_default());
        if blocks.iter().any(|(known, _)| *known == sha256) {
            return Err(TrustError::AlreadyThere);
        }
        blocks.push((sha256.clone(), block(&plan.certificate, plan, now)));
        let after = compose(&plan.public_roots, &blocks);

        let backup = match &before {
            Some(before) => {
                let path = self.beside("bundle.previous.pem");
                save::replace(&path, before.as_bytes())?;
                Some(path)
            }
            None => None,
        };
        // The journal first: an entry without its certificate is seen and harmless, the reverse is neither.
        journal.entries.push(Entry {
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
            bundle: self.path.clone(),
            bundle_before: before.as_deref().map(fingerprint).unwrap_or_default(),
            bundle_after: fingerprint(&after),
            removed: None,
        });
        journal.write()?;
        save::replace(&self.path, after.as_bytes())?;

        let stores = Stores::only(self.load()?);
        Ok(Applied {
            bundle: self.path.clone(),
            backup,
            inspection: inspect::assemble(plan.capture.clone(), &stores, &plan.options, now),
        })
    }

    /// What it holds beside the public roots, oldest first.
    ///
    /// # Errors
    /// When the bundle or its journal cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, TrustError> {
        let journal = Journal::read(&self.beside("journal.json"))?;
        let text = self.read()?.unwrap_or_default();
        let held = blocks(&text);
        let mut entries = journal.entries;
        entries.retain(|entry| {
            entry.removed.is_none() && held.iter().any(|(sha256, _)| *sha256 == entry.sha256)
        });
        Ok(entries)
    }

    /// Takes out what was added under this start of a SHA-256. The rest stays byte for byte; the
    /// public roots stay too, because programs that were told to use the bundle fail without it.
    ///
    /// # Errors
    /// When nothing, or more than one thing, matches; when the bundle cannot be written.
    pub fn remove(&self, prefix: &str, now: Moment) -> Result<Entry, TrustError> {
        let wanted = prefix.replace(':', "").to_ascii_lowercase();
        if wanted.len() < 4 || !wanted.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(TrustError::NotAFingerprint {
                prefix: text::safe(prefix).into_owned(),
            });
        }
        let unknown = || TrustError::Unknown {
            prefix: wanted.clone(),
        };
        if !self.path.exists() {
            return Err(unknown());
        }
        let _lock = self.lock()?;
        let mut found: Vec<Entry> = self.list()?;
        found.retain(|entry| entry.sha256.starts_with(&wanted));
        let entry = match found.as_slice() {
            [one] => one.clone(),
            [] => return Err(unknown()),
            many => {
                return Err(TrustError::Ambiguous {
                    prefix: wanted,
                    count: many.len(),
                });
            }
        };
        let before = self.read()?.unwrap_or_default();
        save::replace(&self.beside("bundle.previous.pem"), before.as_bytes())?;
        save::replace(&self.path, without(&before, &entry.sha256).as_bytes())?;

        let mut journal = Journal::read(&self.beside("journal.json"))?;
        for noted in &mut journal.entries {
            if noted.sha256 == entry.sha256 && noted.removed.is_none() {
                noted.removed = Some(now.rfc3339());
            }
        }
        journal.write()?;
        Ok(entry)
    }

    /// The store that the bundle makes, as read from disk.
    fn load(&self) -> Result<TrustStore, TrustError> {
        let text = self.read()?.unwrap_or_default();
        let decoded = capture::pem::decode(text.as_bytes());
        let ders = decoded.certificates.into_iter();
        let anchors = ders
            .map(|der| Anchor {
                der: Arc::from(der),
            })
            .collect();
        Ok(TrustStore::new(
            StoreKind::Bundle,
            "bundle",
            "my bundle",
            Some(self.path.clone()),
            anchors,
            decoded.notes,
        ))
    }

    fn read(&self) -> Result<Option<String>, TrustError> {
        let unreadable = |words: String| TrustError::Unreadable {
            path: shown(&self.path),
            words,
        };
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(meta) if meta.len() > MOST_BYTES => {
                return Err(unreadable("it is too large".into()));
            }
            _ => {}
        }
        fs::read_to_string(&self.path)
            .map(Some)
            .map_err(|error| unreadable(error.to_string()))
    }

    fn lock(&self) -> Result<Lock, TrustError> {
        Lock::take(&self.beside("lock"))
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.path.with_file_name(name)
    }
}

/// The whole bundle.
fn compose(public_roots: &[Arc<[u8]>], blocks: &[(String, String)]) -> String {
    let mut out = String::with_capacity(public_roots.len() * 2_000);
    out.push_str(&format!(
        "# Made by whycert: {}, then what you added between marks.\n\
         # To take something out: whycert trust remove SHA256\n",
        text::count(public_roots.len(), "public root")
    ));
    for der in public_roots {
        out.push_str(&pem::encode(der));
    }
    for (_, block) in blocks {
        out.push_str(block);
    }
    out
}

/// One added certificate with its marks.
fn block(certificate: &Certificate, plan: &Plan, now: Moment) -> String {
    let sha256 = text::hex(&certificate.sha256);
    format!(
        "{BEGIN}{sha256}\n# {}, for {}, {}\n{}{END}{sha256}\n",
        certificate.subject.rfc4514(),
        plan.target,
        now.date(),
        pem::encode(&certificate.der)
    )
}

/// The added certificates of a bundle: SHA-256 and the whole block, marks included.
fn blocks(bundle: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in bundle.split_inclusive('\n') {
        if let Some(sha256) = line.strip_prefix(BEGIN) {
            open = Some((sha256.trim().to_owned(), String::new()));
        }
        if let Some((sha256, block)) = &mut open {
            block.push_str(line);
            if line.strip_prefix(END).map(str::trim) == Some(sha256) {
                found.extend(open.take());
            }
        }
    }
    found
}

/// The bundle without one block.
fn without(bundle: &str, sha256: &str) -> String {
    blocks(bundle)
        .iter()
        .filter(|(known, _)| known == sha256)
        .fold(bundle.to_owned(), |rest, (_, block)| {
            rest.replacen(block, "", 1)
        })
}

fn fingerprint(bundle: &str) -> String {
    text::hex(digest::digest(&digest::SHA256, bundle.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks_of(bundle: &str) -> Vec<String> {
        blocks(bundle)
            .into_iter()
            .map(|(sha256, _)| sha256)
            .collect()
    }

    #[test]
    fn taking_out_a_block_leaves_the_rest_byte_for_byte() {
        let one = format!(
            "{BEGIN}aa
# one
PEM\n{END}aa\n"
        );
        let two = format!(
            "{BEGIN}bb
# two
PEM\n{END}bb\n"
        );
        let both = format!("# roots\n{one}{two}");
        assert_eq!(blocks_of(&both), ["aa", "bb"]);
        assert_eq!(without(&both, "aa"), format!("# roots\n{two}"));
        assert_eq!(without(&both, "bb"), format!("# roots\n{one}"));
        assert_eq!(without(&both, "cc"), both);
    }

    #[test]
    fn a_block_without_its_end_is_none() {
        assert!(
            blocks_of(&format!(
                "{BEGIN}aa
PEM
"
            ))
            .is_empty()
        );
        assert!(
            blocks_of(&format!(
                "{BEGIN}aa
PEM
{END}bb
"
            ))
            .is_empty()
        );
    }
}
