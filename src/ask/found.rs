//! What a client that was found is written down as, and how versions are read.

use std::path::Path;

use crate::judge::client::{Edition, Installed, by_id};
use crate::text;

/// A client of this profile at this program; whether the profile was measured on this line of versions.
pub(super) fn one(
    client: &str,
    program: &Path,
    version: &str,
    same_line: bool,
) -> Option<Installed> {
    let known = by_id(client)?;
    Some(Installed {
        client: known.id.as_str(),
        program: program.to_owned(),
        version: text::clip(&text::safe(version.trim()), 80).into_owned(),
        same_line,
        edition: Edition::default(),
        others: 0,
        unasked: None,
    })
}

/// The same in another edition.
pub(super) fn edition(found: Option<Installed>, edition: Edition) -> Option<Installed> {
    found.map(|found| Installed { edition, ..found })
}

/// The number that follows a prefix: 24 in `go1.24.4`.
pub(super) fn number(text: &str, prefix: &str) -> Option<u32> {
    let (_, rest) = text.split_once(prefix)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The client that stands for a curl of this version with this library.
pub(super) fn curl_line(version: &str, library: &str) -> &'static str {
    let major = number(version, "").unwrap_or_default();
    let minor = number(version, "8.").unwrap_or_default();
    match (library.starts_with("GnuTLS"), major) {
        (true, _) => "curl8-gnutls",
        (_, ..8) => "curl7-openssl",
        // Since 8.17 it says other words, and looks at the name first.
        (_, 8) if minor < 17 => "curl8-openssl",
        _ => "curl817-openssl",
    }
}
