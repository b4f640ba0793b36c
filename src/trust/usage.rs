//! The exact lines that make programs use a bundle, and servers send the full chain, as data:
//! `assets/usage.toml`. Text only; nothing is run or written.

use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

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
    /// The command prompt of Windows.
    Cmd,
}

impl Shell {
    /// The shell that `SHELL` names (the variable's value), else the platform's usual one.
    pub fn from_variable(shell: Option<&str>) -> Self {
        match shell.and_then(|path| path.rsplit(['/', '\\']).next()) {
            Some("fish") => Self::Fish,
            Some("pwsh" | "pwsh.exe" | "powershell.exe") => Self::PowerShell,
            Some("cmd" | "cmd.exe") => Self::Cmd,
            None if cfg!(windows) => Self::PowerShell,
            _ => Self::Posix,
        }
    }

    /// The shell with this name: `sh`, `fish`, `powershell`, `cmd`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sh" | "bash" | "zsh" => Self::Posix,
            "fish" => Self::Fish,
            "powershell" | "pwsh" => Self::PowerShell,
            "cmd" => Self::Cmd,
            _ => return None,
        })
    }

    /// The line that sets a variable.
    pub fn set(self, variable: &str, value: &str) -> String {
        match self {
            Self::Posix => format!("export {variable}={}", text::shell_quote(value)),
            Self::Fish => format!("set -gx {variable} {}", fish(value)),
            Self::PowerShell => format!("$env:{variable} = {}", powershell(value)),
            Self::Cmd => format!("set \"{variable}={}\"", value.replace('%', "%%")),
        }
    }

    fn quote(self, value: &str) -> String {
        match self {
            Self::Posix => text::shell_quote(value),
            Self::Fish => fish(value),
            Self::PowerShell => powershell(value),
            Self::Cmd => format!("\"{}\"", value.replace('%', "%%")),
        }
    }
}

fn fish(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    match value.chars().all(plain) {
        true => value.to_owned(),
        // Within single quotes fish knows the backslash, which sh does not.
        false => format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'")),
    }
}

fn powershell(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// What a program does with a bundle that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// What else to know; empty when nothing.
    pub note: &'static str,
    /// It was tried with the program itself.
    pub measured: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "use")]
    uses: Vec<Use>,
    server: Vec<Server>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Use {
    program: String,
    variable: Option<String>,
    line: Option<String>,
    effect: Effect,
    #[serde(default)]
    note: String,
    basis: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    program: String,
    lines: Vec<String>,
}

const TEXT: &str = include_str!("../../assets/usage.toml");

/// Empty only when the compiled-in file does not parse; a test sees to it that it does.
static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(TEXT).unwrap_or_default());

/// The lines for a bundle at this (absolute) path.
pub fn usage_lines(bundle: &Path, shell: Shell) -> Vec<UsageLine> {
    let path = bundle.to_string_lossy();
    // Debug of a string is a literal that these languages read the same way.
    let literal = format!("{path:?}");
    FILE.uses
        .iter()
        .map(|one| {
            let line = match (&one.variable, &one.line) {
                (Some(variable), _) => shell.set(variable, &path),
                (None, Some(line)) => line
                    .replace("{path}", &path)
                    .replace("{quoted}", &shell.quote(&path))
                    .replace("{literal}", &literal),
                (None, None) => String::new(),
            };
            UsageLine {
                program: &one.program,
                line: text::safe(&line).into_owned(),
                effect: one.effect,
                note: &one.note,
                measured: one.basis.is_none(),
            }
        })
        .collect()
}

/// For whoever runs the server: what makes each kind of server send a chain from this file, program and lines.
pub fn server_lines(chain: &Path, key: &Path) -> Vec<(&'static str, Vec<String>)> {
    FILE.server
        .iter()
        .map(|server| {
            let lines = server.lines.iter().map(|line| {
                let line = line
                    .replace("{chain}", &chain.to_string_lossy())
                    .replace("{key}", &key.to_string_lossy());
                text::safe(&line).into_owned()
            });
            (server.program.as_str(), lines.collect())
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
        assert_eq!(
            line(Shell::Fish),
            r"set -gx REQUESTS_CA_BUNDLE '/home/o\'neil x/bundle.pem'"
        );
        assert_eq!(
            line(Shell::Cmd),
            r#"set "REQUESTS_CA_BUNDLE=/home/o'neil x/bundle.pem""#
        );
    }

    #[test]
    fn the_shell_is_known_by_its_name() {
        assert_eq!(Shell::from_variable(Some("/usr/bin/fish")), Shell::Fish);
        assert_eq!(Shell::from_variable(Some("/bin/zsh")), Shell::Posix);
        assert_eq!(Shell::from_variable(Some("pwsh")), Shell::PowerShell);
    }

    #[test]
    fn every_row_says_one_thing_and_no_line_switches_verification_off() {
        let file: File = toml::from_str(TEXT).unwrap();
        for one in &file.uses {
            assert!(
                one.variable.is_some() != one.line.is_some(),
                "{}",
                one.program
            );
            assert!(one.basis.as_deref().is_none_or(|b| b == "documentation"));
        }
        assert!(file.server.len() >= 6);
        let lower = TEXT.to_lowercase();
        for word in [
            "insecure",
            "verify=false",
            "no-check",
            "reject_unauthorized",
            "strict-ssl",
        ] {
            assert!(!lower.contains(word), "{word}");
        }
    }

    #[test]
    fn every_program_that_people_ask_about_is_there() {
        let lines = usage_lines(Path::new("/b.pem"), Shell::Posix);
        for program in [
            "requests",
            "httpx",
            "aiohttp",
            "urllib",
            "OpenAI",
            "Anthropic",
            "LiteLLM",
            "huggingface_hub",
            "pip",
            "uv",
            "poetry",
            "conda",
            "curl",
            "wget",
            "git",
            "Node",
            "npm",
            "yarn",
            "pnpm",
            "Deno",
            "Bun",
            "Java",
            "Maven",
            "Gradle",
            "Go",
            "Rust",
            "cargo",
            "Ruby",
            "PHP",
            ".NET",
            "Docker daemon",
            "Docker build",
            "Podman",
            "kubectl",
            "Terraform",
            "psql",
            "mysql",
            "VS Code",
        ] {
            assert!(
                lines.iter().any(|l| l.program.contains(program)),
                "{program}"
            );
        }
    }
}
