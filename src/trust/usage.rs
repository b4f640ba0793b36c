//! The exact lines that make programs use a bundle. Text only; nothing is run or written.
//!
//! Which variable a program reads, and whether it adds to or replaces the public roots, was measured
//! with the programs themselves; a bundle that holds the public roots too is safe either way.

use std::path::Path;

use crate::text;

/// A shell whose syntax the lines use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// sh, bash, zsh.
    Posix,
    /// fish.
    Fish,
    /// PowerShell.
    PowerShell,
}

impl Shell {
    /// The shell that `SHELL` names (the variable's value), else the platform's usual one.
    pub fn from_variable(shell: Option<&str>) -> Self {
        match shell.and_then(|path| path.rsplit('/').next()) {
            Some("fish") => Self::Fish,
            Some("pwsh") => Self::PowerShell,
            None if cfg!(windows) => Self::PowerShell,
            _ => Self::Posix,
        }
    }

    fn set(self, variable: &str, value: &str) -> String {
        match self {
            Self::Posix => format!("export {variable}={}", text::shell_quote(value)),
            Self::Fish => format!("set -gx {variable} {}", text::shell_quote(value)),
            Self::PowerShell => format!("$env:{variable} = '{}'", value.replace('\'', "''")),
        }
    }
}

/// What a program does with a bundle that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Its own roots stay; the bundle is added.
    Adds,
    /// The bundle is used instead of its own roots.
    Replaces,
}

impl Effect {
    /// `adds` or `replaces`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Adds => "adds",
            Self::Replaces => "replaces",
        }
    }
}

/// One line to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageLine {
    /// The program, such as `Python requests`.
    pub program: &'static str,
    /// The line: a shell command, or a parameter in the program's own language. Safe to display.
    pub line: String,
    /// What the program does with the bundle.
    pub effect: Effect,
}

/// The lines for a bundle at this (absolute) path.
pub fn usage_lines(bundle: &Path, shell: Shell) -> Vec<UsageLine> {
    let path = bundle.to_string_lossy();
    let quoted = text::shell_quote(&path);
    // Debug of a string is a literal that Python reads the same way.
    let literal = format!("{path:?}");
    let lines = [
        (
            "Python requests",
            shell.set("REQUESTS_CA_BUNDLE", &path),
            Effect::Replaces,
        ),
        (
            "Python requests",
            format!("requests.get(url, verify={literal})"),
            Effect::Replaces,
        ),
        (
            "Python httpx, urllib",
            shell.set("SSL_CERT_FILE", &path),
            Effect::Replaces,
        ),
        (
            "Python httpx",
            format!("httpx.Client(verify=ssl.create_default_context(cafile={literal}))"),
            Effect::Replaces,
        ),
        ("curl", shell.set("CURL_CA_BUNDLE", &path), Effect::Replaces),
        (
            "curl",
            format!("curl --cacert {quoted} URL"),
            Effect::Replaces,
        ),
        (
            "Node",
            shell.set("NODE_EXTRA_CA_CERTS", &path),
            Effect::Adds,
        ),
        ("git", shell.set("GIT_SSL_CAINFO", &path), Effect::Replaces),
        (
            "git",
            format!("git config --global http.sslCAInfo {quoted}"),
            Effect::Replaces,
        ),
    ];
    lines
        .into_iter()
        .map(|(program, line, effect)| UsageLine {
            program,
            line: text::safe(&line).into_owned(),
            effect,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_quoted_for_their_shell() {
        let path = Path::new("/home/o'neil x/bundle.pem");
        let line = |shell| {
            let lines = usage_lines(path, shell);
            lines.first().map(|l| l.line.clone()).unwrap()
        };
        assert_eq!(
            line(Shell::Posix),
            r"export REQUESTS_CA_BUNDLE='/home/o'\''neil x/bundle.pem'"
        );
        assert_eq!(
            line(Shell::PowerShell),
            "$env:REQUESTS_CA_BUNDLE = '/home/o''neil x/bundle.pem'"
        );
        assert!(line(Shell::Fish).starts_with("set -gx REQUESTS_CA_BUNDLE "));
    }

    #[test]
    fn the_shell_is_known_by_its_name() {
        assert_eq!(Shell::from_variable(Some("/usr/bin/fish")), Shell::Fish);
        assert_eq!(Shell::from_variable(Some("/bin/zsh")), Shell::Posix);
        assert_eq!(Shell::from_variable(Some("pwsh")), Shell::PowerShell);
    }
}
