//! Which clients one Python brings along: what `find.py` says of it, and the profiles that stand for its
//! version, its OpenSSL and its packages.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::found::{number, one};
use crate::judge::client::{Edition, Installed};

/// What `assets/ask/find.py` prints.
#[derive(Deserialize)]
pub(super) struct Python {
    program: PathBuf,
    python: String,
    openssl: String,
    /// It offers suites in which the client encrypts to the server's key: as OpenSSL does by itself, or
    /// as Python did before 3.10.
    static_rsa: bool,
    /// Its own settings do not rule out versions before TLS 1.2.
    old_tls: bool,
    packages: BTreeMap<String, String>,
    files: BTreeMap<String, PathBuf>,
    lines: BTreeMap<String, String>,
}

impl Python {
    /// Every client of it.
    pub(super) fn clients(&self) -> Vec<Installed> {
        let minor = self.minor();
        let mut out = Vec::new();
        let urllib = match minor {
            ..=8 => "python38-urllib",
            9..=11 if self.static_rsa && minor == 11 => "python311-urllib-debian",
            9..=11 => "python311-urllib",
            12 => "python312-urllib",
            _ => "python313-urllib",
        };
        let words = (urllib == "python311-urllib-debian" && !self.ends_loudly())
            .then_some("urllib-debian311")
            .or((urllib == "python311-urllib-debian").then_some("urllib"));
        out.extend(self.client(urllib, "urllib", None, |edition| edition.words = words));
        for (package, version) in &self.packages {
            out.extend(self.of_package(package, version));
        }
        if minor >= 13 && self.packages.contains_key("truststore") {
            for package in ["urllib", "requests", "httpx", "aiohttp"] {
                let version = self.packages.get(package).map(String::as_str);
                if package == "urllib" || version.is_some() {
                    let id = format!("python313-{package}-truststore");
                    out.extend(self.client(&id, package, version, |edition| {
                        let title = format!("{} with truststore", self.title(package));
                        edition.title = Some(title);
                    }));
                }
            }
        }
        out
    }

    fn of_package(&self, package: &str, version: &str) -> Option<Installed> {
        let minor = self.minor();
        let line = if minor < 13 { "python311" } else { "python313" };
        match package {
            "pip" => {
                let truststore =
                    (number(version, "") >= Some(25) || version.starts_with("24.2")) && minor >= 10;
                let id = if truststore { "pip26" } else { "pip23" };
                let found = self.client(id, "pip", Some(version), |edition| {
                    edition.title = None;
                    let old = truststore && number(version, "") < Some(26);
                    edition.words = old.then_some("pip24");
                    edition.tls = Some(match self.openssl_35() {
                        true => "openssl35",
                        false => "openssl30-no-tls10",
                    });
                });
                let measured = ["23.", "24.2", "26."];
                let same_line = measured.iter().any(|line| version.starts_with(line));
                found.map(|found| Installed { same_line, ..found })
            }
            "requests" => self.client(&format!("{line}-requests"), package, Some(version), |e| {
                // urllib3 1 looks at the names itself, the common name too.
                let old = self
                    .packages
                    .get("urllib3")
                    .is_some_and(|v| v.starts_with("1."));
                e.policy = old.then_some("python-match");
                e.words = old.then_some("requests-urllib3-1");
                if old {
                    e.tls = Some("openssl30-no-tls10");
                }
            }),
            "openai" => self.client(
                &format!("{line}-openai"),
                package,
                Some(version),
                |edition| {
                    // Before version 3 it spoke through httpx, which reads certifi.
                    if !self.packages.contains_key("httpx2") {
                        edition.source = Some("httpx");
                    }
                },
            ),
            "httpx" => self.client(
                &format!("{line}-httpx"),
                package,
                Some(version),
                |edition| {
                    // Before 0.24 the common name counted for nothing.
                    let old = (0..24).any(|minor| version.starts_with(&format!("0.{minor}.")));
                    edition.policy = old.then_some(match minor {
                        ..13 => "python-san-only",
                        _ => "python-strict-san-only",
                    });
                },
            ),
            "aiohttp" => self.client(&format!("{line}-aiohttp"), package, Some(version), |_| {}),
            "urllib3" if minor >= 13 => {
                self.client("python313-urllib3", package, Some(version), |_| {})
            }
            _ => None,
        }
    }

    fn client(
        &self,
        id: &str,
        package: &str,
        version: Option<&str>,
        differs: impl FnOnce(&mut Edition),
    ) -> Option<Installed> {
        let here = format!("Python {}, {}", self.python, self.openssl_name());
        let shown = match version {
            Some(version) => format!("{package} {version}, {here}"),
            None => here,
        };
        let mut edition = Edition {
            title: Some(self.title(package)),
            tls: Some(self.tls()),
            vocabulary: Some(match self.openssl_35() {
                true => "openssl35",
                false => "python-openssl30",
            }),
            values: self.lines.clone().into_iter().collect(),
            files: self.files(),
            ..Edition::default()
        };
        differs(&mut edition);
        let same_line = self.openssl.starts_with("OpenSSL 3.0.") || self.openssl_35();
        let found = one(id, &self.program, &shown, same_line)?;
        Some(Installed { edition, ..found })
    }

    fn title(&self, package: &str) -> String {
        let minor = self.minor();
        match package {
            "urllib" => format!("Python 3.{minor} urllib"),
            package => format!("{package} on Python 3.{minor}"),
        }
    }

    fn files(&self) -> BTreeMap<&'static str, PathBuf> {
        ["certifi", "pip-certifi"]
            .into_iter()
            .filter_map(|name| Some((name, self.files.get(name)?.clone())))
            .collect()
    }

    fn tls(&self) -> &'static str {
        match (self.static_rsa, self.old_tls, self.openssl_35()) {
            (false, ..) => "python-own-suites",
            (true, _, true) => "openssl35",
            (true, true, false) => "openssl30",
            (true, false, false) => "openssl30-no-tls10",
        }
    }

    /// The number after `3.`; nothing older is known here.
    fn minor(&self) -> u32 {
        number(&self.python, "3.").unwrap_or_default()
    }

    /// 3.11.3 and later tell an end of the connection as an error of SSL.
    fn ends_loudly(&self) -> bool {
        let patch = self.python.rsplit('.').next();
        let patch = patch.and_then(|p| p.parse::<u32>().ok());
        self.minor() > 11 || (self.minor() == 11 && patch >= Some(3))
    }

    fn openssl_35(&self) -> bool {
        let minor = number(&self.openssl, "OpenSSL 3.");
        minor >= Some(2)
    }

    fn openssl_name(&self) -> String {
        let words: Vec<&str> = self.openssl.split(' ').take(2).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(version: &str, openssl: &str, static_rsa: bool, packages: &[(&str, &str)]) -> Python {
        Python {
            program: PathBuf::from("/p"),
            python: version.to_owned(),
            openssl: openssl.to_owned(),
            static_rsa,
            old_tls: static_rsa,
            packages: packages
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
            files: [("certifi".to_owned(), PathBuf::from("/c.pem"))].into(),
            lines: [("SSLC".to_owned(), "1020".to_owned())].into(),
        }
    }

    fn ids(found: &[Installed]) -> Vec<&str> {
        found.iter().map(|f| f.client).collect()
    }

    #[test]
    fn versions_lead_to_profiles() {
        let own = |version| python(version, "OpenSSL 3.0.22 x", false, &[]).clients();
        assert_eq!(ids(&own("3.8.18")), ["python38-urllib"]);
        assert_eq!(ids(&own("3.10.13")), ["python311-urllib"]);
        assert_eq!(ids(&own("3.12.1")), ["python312-urllib"]);
        assert_eq!(ids(&own("3.14.0")), ["python313-urllib"]);
        let debian = python("3.11.2", "OpenSSL 3.0.22 x", true, &[]).clients();
        assert_eq!(ids(&debian), ["python311-urllib-debian"]);
        let packages = [
            ("requests", "2.34"),
            ("pip", "26.3"),
            ("truststore", "0.10"),
        ];
        let new = python("3.13.0", "OpenSSL 3.0.22 x", false, &packages).clients();
        assert_eq!(
            ids(&new),
            [
                "python313-urllib",
                "pip26",
                "python313-requests",
                "python313-urllib-truststore",
                "python313-requests-truststore",
            ]
        );
        let old = python("3.12.1", "OpenSSL 3.0.22 x", false, &packages).clients();
        assert_eq!(
            ids(&old),
            ["python312-urllib", "pip26", "python311-requests"]
        );
    }

    #[test]
    fn an_edition_tells_what_this_python_has() {
        let found = python("3.13.0", "OpenSSL 3.0.22 x", false, &[("requests", "2.34")]).clients();
        for one in &found {
            assert!(one.edition.is_known(), "{one:?}");
            assert_eq!(one.edition.tls, Some("python-own-suites"));
            assert_eq!(one.edition.vocabulary, Some("python-openssl30"));
            assert_eq!(one.edition.values["SSLC"], "1020");
        }
        let title = found[1].edition.title.as_deref();
        assert_eq!(title, Some("requests on Python 3.13"));
        let packages = [
            ("requests", "2.28.1"),
            ("urllib3", "1.26.12"),
            ("httpx", "0.23.3"),
        ];
        for one in python("3.11.2", "OpenSSL 3.0.22 x", true, &packages).clients() {
            assert!(one.edition.is_known(), "{one:?}");
        }
    }
}
