//! The rungs that work by variables: one command, the project's file, the user's bundle.

use std::path::{Path, PathBuf};

use crate::text;
use crate::trust::bundle;
use crate::trust::file;
use crate::trust::step::{Change, Part, Step};
use crate::trust::{Refusal, TrustError, refuse, shown};

use super::{Case, Made, Rooted};

/// Variables that name a bundle. Each was tried with the programs that read it: with a bundle that holds
/// the public roots too, the private and the public servers pass. `SSL_CERT_DIR` is left alone: beside
/// `SSL_CERT_FILE` it takes the public roots away.
pub(in crate::trust) const NAMES: &[&str] = &[
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "DENO_CERT",
    "npm_config_cafile",
    "HTTPLIB2_CA_CERTS",
    "PERL_LWP_SSL_CA_FILE",
    "COMPOSER_CAFILE",
    "YARN_HTTPS_CA_FILE_PATH",
    "BUNDLE_SSL_CA_CERT",
];

/// Each variable with this bundle.
pub(in crate::trust) fn assignments(bundle: &Path) -> Vec<(String, String)> {
    let value = bundle.to_string_lossy();
    NAMES
        .iter()
        .map(|name| ((*name).to_owned(), value.clone().into_owned()))
        .collect()
}

/// What no variable reaches.
fn not_reached() -> Vec<String> {
    vec![
        "Browsers, Java, and wget and PHP's curl (no variable of theirs names a bundle)."
            .to_owned(),
        "Programs with compiled-in roots (Rust with webpki-roots): nothing outside of them helps."
            .to_owned(),
        "Programs that run already: they read their roots once.".to_owned(),
    ]
}

/// Who starts programs of one kind, and the variables for these.
const KINDS: &[(&str, &[&str])] = &[
    ("python script.py", &["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"]),
    ("curl URL", &["CURL_CA_BUNDLE"]),
    ("git fetch", &["GIT_SSL_CAINFO"]),
    ("node script.js", &["NODE_EXTRA_CA_CERTS"]),
    ("pip install PACKAGE", &["PIP_CERT"]),
    ("cargo build", &["CARGO_HTTP_CAINFO"]),
];

pub(super) fn command(case: &Case<'_>) -> Result<Made, Refusal> {
    let path = case
        .place
        .folder
        .join(format!("command-{}.pem", case.short()));
    let bytes = bundle::alone(case.public_roots, &[&case.certificate.der]);
    let step = bundle::own_file(case.place, &path, bytes.into_bytes())?;
    let quoted = text::shell_quote(&path.to_string_lossy());
    let mut lines = vec![format!("whycert run --trust {quoted} -- COMMAND")];
    for (typed, names) in KINDS {
        let set: Vec<String> = names
            .iter()
            .map(|name| format!("{name}={quoted}"))
            .collect();
        lines.push(format!("env {} {typed}", set.join(" ")));
    }
    let variables = assignments(&path);
    Ok(Made {
        steps: vec![step],
        affects: vec!["The command that is started this way, and what it starts.".to_owned()],
        spares: not_reached(),
        undo: "Ends with the command; undoing removes the file.".to_owned(),
        lines,
        world: super::World::variables(&variables, &path, case),
        variables,
        roots: Some(Rooted::of(&path, case.public_roots)),
        ..Made::default()
    })
}

pub(super) fn bundle(case: &Case<'_>) -> Result<Made, Refusal> {
    let path = case.place.bundle();
    let step = bundle::step(
        case.place,
        case.public_roots,
        case.certificate,
        case.target,
        case.now,
    )?;
    let Some(step) = step else {
        return Err(refuse(
            "It is in your bundle already.",
            "Give the bundle to the program that fails; whycert bundle lines prints the line for each.",
        ));
    };
    let variables = assignments(&path);
    Ok(Made {
        steps: vec![step],
        affects: vec![
            "Programs that you point to the bundle, by a variable or in their settings; nothing else.".to_owned(),
        ],
        spares: not_reached(),
        undo: "Takes it out of the bundle; a bundle that holds nothing else of yours is removed. Unset the \
               variables first: curl and git stop when their file is gone."
            .to_owned(),
        world: super::World::variables(&variables, &path, case),
        variables,
        uses_bundle: true,
        roots: Some(Rooted::of(&path, case.public_roots)),
        ..Made::default()
    })
}

pub(super) fn project(case: &Case<'_>) -> Result<Made, Refusal> {
    let Some(folder) = case.place.machine.current.clone() else {
        return Err(refuse(
            "The folder that you stand in cannot be told.",
            "Change to the folder of your project and try again.",
        ));
    };
    let direnv = folder.join(".envrc").exists();
    let path = folder.join(if direnv { ".envrc" } else { ".env" });
    let bundle = case.place.bundle();
    let mut steps = Vec::new();
    let added = bundle::step(
        case.place,
        case.public_roots,
        case.certificate,
        case.target,
        case.now,
    )?;
    // A bundle that is used as it is may be older than the system's roots: it shall keep its own.
    let roots = Some(match &added {
        Some(_) => Rooted::of(&bundle, case.public_roots),
        None => Rooted::as_in(&bundle, &bundle),
    });
    steps.extend(added);
    let (step, overridden) = block(&path, &bundle, direnv, &case.short())?;
    steps.push(step);
    let mut warnings = Vec::new();
    for (line, name) in overridden {
        warnings.push(format!(
            "Line {line} of {} sets {name} already; ours comes after it, and the last one counts.",
            shown(&path)
        ));
    }
    if folder.join(".git").exists() {
        warnings.push(format!(
            "The path in {} is right on this machine only: keep the file out of version control.",
            shown(&path)
        ));
    }
    let variables = assignments(&bundle);
    let mut spares = not_reached();
    if direnv {
        spares.push(
            "Shells in which direnv has not allowed the file: run “direnv allow”.".to_owned(),
        );
    } else {
        spares.extend([
            "Node and Bun, although they read .env: their TLS is set up before. Use “whycert run”, or direnv."
                .to_owned(),
            "Programs that read no .env (curl, git, pip, Go and most others), unless something sets its variables \
             before it starts them, as uv run --env-file and docker compose do."
                .to_owned(),
        ]);
    }
    let world = super::World::variables(&in_effect(&variables, direnv), &bundle, case);
    Ok(Made {
        steps,
        affects: vec![format!(
            "Programs that are started with {} ({}).",
            shown(&path),
            if direnv {
                "by direnv"
            } else {
                "python-dotenv before the client is made, deno --env-file"
            }
        )],
        spares,
        warnings,
        undo: format!(
            "Takes the marked lines out of {}, and it out of the bundle.",
            shown(&path)
        ),
        world: match direnv {
            true => world,
            false => world.only(READ_DOTENV),
        },
        variables: in_effect(&variables, direnv),
        roots,
        uses_bundle: true,
        ..Made::default()
    })
}

/// Clients whose program reads a `.env` before their TLS is set up, by how their ids begin. Bun reads one too,
/// too late (measured with 1.4.5), and so does Node with `--env-file` (measured with 20, 22 and 24).
const READ_DOTENV: &[&str] = &["python3", "deno"];

/// The variables that have an effect: Node's are not read early enough from a `.env`.
fn in_effect(variables: &[(String, String)], direnv: bool) -> Vec<(String, String)> {
    let mut out = variables.to_vec();
    out.retain(|(name, _)| {
        direnv || !["NODE_EXTRA_CA_CERTS", "npm_config_cafile"].contains(&name.as_str())
    });
    out
}

/// The step that adds our marked lines, and the lines of others that set the same.
fn block(
    path: &Path,
    bundle: &Path,
    direnv: bool,
    short: &str,
) -> Result<(Step, Vec<(usize, String)>), TrustError> {
    let path: PathBuf = file::real(path)?;
    let before = file::read(&path)?;
    let Ok(text) = String::from_utf8(before.bytes().to_vec()) else {
        return Err(TrustError::Unreadable {
            path: shown(&path),
            words: "it is no text".to_owned(),
        });
    };
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let begin = format!("# >>> whycert {short}");
    let close = format!("# <<< whycert {short}");
    let mut ours = String::new();
    if !text.is_empty() && !text.ends_with('\n') {
        ours.push_str(end);
    }
    let export = if direnv { "export " } else { "" };
    let value = quoted(&bundle.to_string_lossy());
    ours.push_str(&format!("{begin}{end}"));
    for name in NAMES {
        ours.push_str(&format!("{export}{name}={value}{end}"));
    }
    ours.push_str(&format!("{close}{end}"));
    let overridden = text
        .lines()
        .enumerate()
        .filter_map(|(at, line)| {
            let line = line.trim_start();
            let (name, _) = line
                .strip_prefix("export ")
                .unwrap_or(line)
                .split_once('=')?;
            let name = name.trim();
            NAMES.contains(&name).then(|| (at + 1, name.to_owned()))
        })
        .collect();
    let after = before.with(format!("{text}{ours}").into_bytes(), 0o600);
    let step = match text.lines().any(|line| line == begin) {
        true => Step::Files {
            changes: Vec::new(),
            part: Part::Whole,
        },
        false => Step::Files {
            changes: vec![Change {
                path,
                before,
                after,
            }],
            part: Part::Block {
                text: ours,
                begin,
                end: close,
            },
        },
    };
    Ok((step, overridden))
}

/// A value as both shells and readers of `.env` understand it.
fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    match value.chars().all(plain) {
        true => value.to_owned(),
        // Within single quotes nothing is expanded; a path with such a quote is quoted as a shell does.
        false => text::shell_quote(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_disturbs_no_other_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        for (there, joined) in [
            ("", ""),
            ("A=1\n", "A=1\n"),
            ("A=1", "A=1\n"),
            ("A=1\r\nB=2", "A=1\r\nB=2\r\n"),
        ] {
            std::fs::write(&path, there).unwrap();
            let (step, _) = block(&path, Path::new("/b.pem"), false, "aabbccdd").unwrap();
            let Step::Files { changes, .. } = step else {
                panic!("{step:?}")
            };
            let after = String::from_utf8(changes[0].after.bytes().to_vec()).unwrap();
            assert!(
                after.starts_with(&format!("{joined}# >>> whycert aabbccdd")),
                "{after:?}"
            );
            assert_eq!(after.contains('\r'), there.contains('\r'));
        }
    }

    #[test]
    fn what_others_set_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "A=1\nexport SSL_CERT_FILE=/x\n").unwrap();
        let (_, overridden) = block(&path, Path::new("/b.pem"), false, "aabbccdd").unwrap();
        assert_eq!(overridden, [(2, "SSL_CERT_FILE".to_owned())]);
    }

    #[test]
    fn values_are_quoted_when_they_must() {
        assert_eq!(quoted("/a/b.pem"), "/a/b.pem");
        assert_eq!(quoted("/a b"), "'/a b'");
    }
}
