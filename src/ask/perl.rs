//! LWP of Perl: which version it is, where it finds its roots, and the line of its source that it names when
//! it cannot connect.

use std::path::Path;

use super::found::one;
use crate::judge::client::{Edition, Installed};

/// Prints the versions of LWP and of what speaks TLS in it, and the file that connects.
pub(super) const LOOK: &[&str] = &[
    "-MLWP::UserAgent",
    "-MLWP::Protocol::https",
    "-e",
    "print join qq(\\n), LWP::UserAgent->VERSION, LWP::Protocol::https->VERSION, $INC{'LWP/Protocol/http.pm'}",
];

/// Where it gives up.
const GIVES_UP: &str = r#"die "$status\n\n$@""#;
/// The profile was measured with this version and later ones of LWP::Protocol::https; earlier ones name a file
/// of roots to OpenSSL, so that its own variables do not count: seen with 6.10 of Debian 12.
const LEAVES_ROOTS_TO_OPENSSL: f32 = 6.11;

/// What its look at itself says.
pub(super) fn lwp(program: &Path, out: &str) -> Option<Installed> {
    let mut lines = out.lines();
    let (version, speaks, source) = (lines.next()?, lines.next()?, lines.next()?);
    let names_a_file = speaks
        .parse()
        .is_ok_and(|v: f32| v < LEAVES_ROOTS_TO_OPENSSL);
    let found = one("perl-lwp", program, &format!("LWP {version}"), true)?;
    let text = std::fs::read_to_string(source).unwrap_or_default();
    let line = text.lines().position(|line| line.contains(GIVES_UP));
    let place = line.map(|line| ("HTTP".to_owned(), format!("at {source} line {}.", line + 1)));
    Some(Installed {
        edition: Edition {
            source: names_a_file.then_some("perl-with-file"),
            values: place.into_iter().collect(),
            ..Edition::default()
        },
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_one_names_its_file_of_roots() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("http.pm");
        std::fs::write(&source, format!("sub x {{\n  {GIVES_UP};\n")).unwrap();
        let found = |speaks: &str| {
            let out = format!("6.68\n{speaks}\n{}", source.display());
            lwp(Path::new("/usr/bin/perl"), &out).unwrap()
        };
        let old = found("6.10").edition;
        assert!(old.is_known());
        assert_eq!(old.source, Some("perl-with-file"));
        let place = format!("at {} line 2.", source.display());
        assert_eq!(old.values["HTTP"], place);
        assert_eq!(found("6.14").edition.source, None);
    }
}
