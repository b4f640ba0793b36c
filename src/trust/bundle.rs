//! Bundles: public roots first, then each added certificate between its own two marks. Most programs that
//! are given a bundle use it instead of the public roots, so that a bundle must hold them.

use std::sync::Arc;

use crate::cert::{Certificate, pem};
use crate::moment::Moment;
use crate::store::Stores;
use crate::text;

use super::file::{self, State};
use super::journal::{Journal, Lock, digest};
use super::step::{Change, Part, Step};
use super::{Place, TrustError, shown};

/// What a certificate's own part of the bundle begins with.
const BEGIN: &str = "# >>> whycert ";
/// What it ends with.
const END: &str = "# <<< whycert ";
/// What names the public roots that a bundle was made of.
const ROOTS: &str = "# Public roots: ";

/// What `refresh` did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// There is no bundle.
    None,
    /// The public roots are the same as before.
    Same {
        /// How many.
        roots: usize,
    },
    /// They changed, and the bundle was written anew.
    Anew {
        /// How many there were.
        before: usize,
        /// How many there are.
        roots: usize,
        /// How many certificates of the user's it holds.
        own: usize,
    },
}

/// The step that puts a certificate into the user's bundle; `None` when it is there already.
///
/// # Errors
/// When the bundle cannot be read.
pub(super) fn step(
    place: &Place,
    public_roots: &[Arc<[u8]>],
    certificate: &Certificate,
    target: &str,
    now: Moment,
) -> Result<Option<Step>, TrustError> {
    let path = file::real(&place.bundle())?;
    let before = file::read(&path)?;
    let sha256 = text::hex(&certificate.sha256);
    let mut blocks = blocks(&String::from_utf8_lossy(before.bytes()));
    if blocks.iter().any(|(known, _)| *known == sha256) {
        return Ok(None);
    }
    blocks.push((sha256.clone(), block(certificate, target, now)));
    let after = before.with(compose(public_roots, &blocks).into_bytes(), 0o644);
    Ok(Some(Step::Files {
        changes: vec![Change {
            path,
            before,
            after,
        }],
        part: Part::Bundle { sha256 },
    }))
}

/// Writes the public roots of the user's bundle anew when the system's have changed.
///
/// # Errors
/// [`TrustError`]; the bundle is untouched then.
pub fn refresh(place: &Place, stores: &Stores) -> Result<Refreshed, TrustError> {
    let path = place.bundle();
    if !path.exists() {
        return Ok(Refreshed::None);
    }
    let _lock = Lock::take(&place.folder)?;
    Journal::read(&place.folder)?;
    let path = file::real(&path)?;
    let before = file::read(&path)?;
    let text = String::from_utf8_lossy(before.bytes()).into_owned();
    let roots = stores.public_roots();
    if text.lines().any(|line| line == names(&roots)) {
        return Ok(Refreshed::Same { roots: roots.len() });
    }
    let blocks = blocks(&text);
    let own = blocks.len();
    let all = text.matches("-----BEGIN CERTIFICATE-----").count();
    let after = before.with(compose(&roots, &blocks).into_bytes(), 0o644);
    let beside = path.with_file_name(".whycert-refresh.new");
    file::put(&path, &after, &beside)?;
    Ok(Refreshed::Anew {
        before: all.saturating_sub(own),
        roots: roots.len(),
        own,
    })
}

/// A bundle of the public roots and these certificates, which is nobody's but one command's.
pub(super) fn alone(public_roots: &[Arc<[u8]>], ders: &[&[u8]]) -> String {
    let mut out = String::new();
    for der in public_roots
        .iter()
        .map(AsRef::as_ref)
        .chain(ders.iter().copied())
    {
        out.push_str(&pem::encode(der));
    }
    out
}

/// The whole bundle.
fn compose(public_roots: &[Arc<[u8]>], blocks: &[(String, String)]) -> String {
    let mut out = String::with_capacity(public_roots.len() * 2_000);
    out.push_str(&format!(
        "# Made by whycert: {}, then what you added between marks.\n\
         # To take something out: whycert trust undo ID (whycert trust list shows the ids)\n{}\n",
        text::count(public_roots.len(), "public root"),
        names(public_roots),
    ));
    for der in public_roots {
        out.push_str(&pem::encode(der));
    }
    for (_, block) in blocks {
        out.push_str(block);
    }
    out
}

/// The line that tells one set of public roots from another.
fn names(public_roots: &[Arc<[u8]>]) -> String {
    let all: Vec<u8> = public_roots
        .iter()
        .flat_map(|der| der.iter().copied())
        .collect();
    format!("{ROOTS}{}", digest(&all))
}

/// One added certificate with its marks.
fn block(certificate: &Certificate, target: &str, now: Moment) -> String {
    let sha256 = text::hex(&certificate.sha256);
    format!(
        "{BEGIN}{sha256}\n# {}, for {target}, {}\n{}{END}{sha256}\n",
        certificate.subject.rfc4514(),
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

/// A bundle holds the block of this certificate.
pub(super) fn holds(bundle: &str, sha256: &str) -> bool {
    blocks(bundle).iter().any(|(known, _)| known == sha256)
}

/// The user's bundle holds this certificate among the user's own.
pub(super) fn is_in(place: &Place, certificate: &Certificate) -> bool {
    file::read(&place.bundle()).is_ok_and(|state| {
        holds(
            &String::from_utf8_lossy(state.bytes()),
            &text::hex(&certificate.sha256),
        )
    })
}

/// The bundle without one block; `None` when nothing that was added is left in it.
pub(super) fn without(bundle: &str, sha256: &str) -> Option<String> {
    let blocks = blocks(bundle);
    if blocks.iter().all(|(known, _)| known == sha256) {
        return None;
    }
    let ours = blocks.iter().filter(|(known, _)| known == sha256);
    Some(ours.fold(bundle.to_owned(), |rest, (_, block)| {
        rest.replacen(block, "", 1)
    }))
}

/// The step that writes a file of one certificate, in PEM, for programs that want just that.
///
/// # Errors
/// When what stands there cannot be read.
pub(super) fn own_file(
    place: &Place,
    path: &std::path::Path,
    bytes: Vec<u8>,
) -> Result<Step, TrustError> {
    let _ = place;
    let path = file::real(path)?;
    let before = file::read(&path)?;
    if before.is_there() && before.bytes() != bytes.as_slice() {
        return Err(TrustError::Planted {
            path: shown(&path),
            why: "something else stands there already".to_owned(),
        });
    }
    Ok(Step::Files {
        changes: vec![Change {
            after: match &before {
                State::Absent => State::new(bytes, 0o644),
                there => there.clone(),
            },
            before,
            path,
        }],
        part: Part::Whole,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(sha256: &str) -> String {
        format!("{BEGIN}{sha256}\n# one\nPEM\n{END}{sha256}\n")
    }

    #[test]
    fn taking_out_a_block_leaves_the_rest_byte_for_byte() {
        let both = format!("# roots\n{}{}", one("aa"), one("bb"));
        assert!(holds(&both, "aa") && holds(&both, "bb") && !holds(&both, "cc"));
        assert_eq!(
            without(&both, "aa"),
            Some(format!("# roots\n{}", one("bb")))
        );
        assert_eq!(without(&both, "cc"), Some(both));
    }

    #[test]
    fn without_its_last_block_nothing_of_ours_is_left() {
        assert_eq!(without(&format!("# roots\n{}", one("aa")), "aa"), None);
    }

    #[test]
    fn a_block_without_its_end_is_none() {
        assert!(blocks(&format!("{BEGIN}aa\nPEM\n")).is_empty());
        assert!(blocks(&format!("{BEGIN}aa\nPEM\n{END}bb\n")).is_empty());
    }
}
