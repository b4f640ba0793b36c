//! PHP: its streams speak TLS by OpenSSL, its curl extension by the libcurl it was linked with, whose words
//! it passes on.

use std::path::Path;

use super::found::{curl_line, one};
use crate::judge::client::{Edition, Installed, by_id};

/// Prints the version and what it was built with.
pub(super) const LOOK: &[&str] = &[
    "-r",
    "echo PHP_VERSION, PHP_EOL, extension_loaded('openssl') ? 'streams' : '', PHP_EOL, \
     extension_loaded('curl') ? curl_version()['version'] . PHP_EOL . curl_version()['ssl_version'] : '';",
];

/// What its look at itself says.
pub(super) fn php(program: &Path, out: &str) -> Vec<Installed> {
    let mut lines = out.lines().map(str::trim);
    let mut next = || lines.next().unwrap_or_default();
    let (version, streams, curl, library) = (next(), next(), next(), next());
    let shown = format!("PHP {version}");
    let same_line = version.starts_with("8.4");
    let streams = (streams == "streams")
        .then(|| one("php-streams", program, &shown, same_line))
        .flatten();
    let curl = (!curl.is_empty())
        .then(|| {
            let shown = format!("{shown}, curl {curl}, {}", library.replace('/', " "));
            one("php-curl", program, &shown, same_line)
        })
        .flatten()
        .map(|found| Installed {
            edition: as_curl(curl, library),
            ..found
        });
    streams.into_iter().chain(curl).collect()
}

/// The rules and words of the curl with this version and library.
fn as_curl(version: &str, library: &str) -> Edition {
    let line = curl_line(version, library);
    let values = by_id(line).map(|profile| profile.values.clone());
    let mut values = values.unwrap_or_default();
    values.insert("OPENSSL".to_owned(), library.to_owned());
    let (policy, tls, vocabulary) = match line {
        "curl7-openssl" => (None, Some("openssl30"), Some("openssl30")),
        "curl817-openssl" => (Some("curl817"), None, Some("openssl36")),
        _ => (None, None, None),
    };
    Edition {
        policy,
        tls,
        vocabulary,
        values,
        ..Edition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_curl_speaks_as_that_curl_does() {
        let at = Path::new("/usr/bin/php");
        let found = php(at, "8.2.36\nstreams\n7.88.1\nOpenSSL/3.0.22");
        let ids: Vec<&str> = found.iter().map(|one| one.client).collect();
        assert_eq!(ids, ["php-streams", "php-curl"]);
        let edition = &found[1].edition;
        assert!(edition.is_known());
        assert_eq!(edition.values["TARGET"], "target host name");
        assert_eq!(edition.values["OPENSSL"], "OpenSSL/3.0.22");
        assert_eq!(php(at, "8.4.28\nstreams\n").len(), 1);
        let new = php(at, "8.4.28\n\n8.14.1\nOpenSSL/3.5.9");
        assert_eq!(new.len(), 1);
        assert_eq!(new[0].edition.values["TARGET"], "target {HOST_KIND}");
    }
}
