//! Go, and kubectl, which is built with it: what the version of Go that is found changes.

use std::collections::BTreeMap;
use std::path::Path;

use super::found::{edition, number, one};
use crate::judge::client::{Edition, Installed};

/// The words by which Go before 1.24 tells how to take SHA-1.
fn hint(minor: u32) -> BTreeMap<String, String> {
    let hint = "(temporarily override with GODEBUG=x509sha1=1)";
    let hint = (minor < 24).then(|| ("SHA1_HINT".to_owned(), hint.to_owned()));
    hint.into_iter().collect()
}

/// Before 1.20 the words did not say that it was TLS that failed. Static RSA was offered before 1.22, RSA keys of
/// any size were taken before 1.24, serial numbers below zero before 1.23.
pub(super) fn go(program: &Path, out: &str) -> Option<Installed> {
    let minor = number(out, "go1.")?;
    let shown = out.trim().trim_start_matches("go version ");
    edition(
        one("go124", program, shown, minor >= 24 || minor == 19),
        Edition {
            policy: match minor {
                26.. => Some("go"),
                24..26 => None,
                23 => Some("go119"),
                _ => Some("go122"),
            },
            values: hint(minor),
            tls: (minor < 22).then_some("kubectl"),
            words: (minor < 20).then_some("go119-http"),
            ..Edition::default()
        },
    )
}

/// kubectl says which Go built it; measured was Debian's 1.32, that 1.24 built with the defaults of old. Its go.mod asks
/// for those of 1.24 since 1.33.
pub(super) fn kubectl(program: &Path, out: &str) -> Option<Installed> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        client_version: Built,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Built {
        git_version: String,
        go_version: String,
    }
    let built = serde_json::from_str::<Version>(out).ok()?.client_version;
    let minor = number(&built.go_version, "go1.")?;
    let version = built.git_version.trim_start_matches('v');
    let shown = format!("kubectl {version}, {}", built.go_version);
    edition(
        one("kubectl", program, &shown, minor >= 24),
        Edition {
            policy: match minor {
                _ if number(version, "1.").is_none_or(|own| own < 33) => None,
                26.. => Some("go"),
                24..26 => Some("go124"),
                _ => None,
            },
            tls: number(version, "1.")
                .is_some_and(|own| own >= 33)
                .then_some("go"),
            words: (minor < 20).then_some("kubectl-go119"),
            values: hint(minor),
            ..Edition::default()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_versions_take_more() {
        let at = Path::new("/usr/bin/go");
        let go = |out: &str| go(at, out).map(|f| (f.edition.policy, f.edition.tls));
        for (version, policy, tls) in [
            ("go1.19.8", Some("go122"), Some("kubectl")),
            ("go1.23.9", Some("go119"), None),
            ("go1.24.11", None, None),
            ("go1.26.6", Some("go"), None),
        ] {
            let out = format!("go version {version} linux/amd64");
            assert_eq!(go(&out), Some((policy, tls)), "{version}");
        }
    }
}
