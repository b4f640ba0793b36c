//! Settings of one program for one server: every other server is judged as before.

use std::path::{Path, PathBuf};

use crate::text;
use crate::trust::file::{self, State};
use crate::trust::step::{Change, Part, Step};
use crate::trust::{Refusal, Rung, TrustError, bundle, refuse, shown, tool};

use super::{Case, Made, World};

fn home(case: &Case<'_>) -> Result<PathBuf, Refusal> {
    case.place.machine.home.clone().ok_or_else(|| {
        refuse(
            "There is no home folder with settings in it.",
            "Set HOME and try again.",
        )
    })
}

/// `host:port`, as registries and Firefox name a server.
fn authority(case: &Case<'_>) -> Result<String, Refusal> {
    let server = case.server()?;
    Ok(format!("{}:{}", server.host, server.port))
}

pub(super) fn git(case: &Case<'_>) -> Result<Made, Refusal> {
    let machine = &case.place.machine;
    let git = tool::find(machine, "git")?;
    let config = home(case)?.join(".gitconfig");
    let (pem, own) = case.own_file(Rung::Git)?;
    let key = format!("http.https://{}/.sslCAInfo", authority(case)?);
    let path = file::real(&config)?;
    let before = file::read(&path)?;
    let name = ".gitconfig".to_owned();
    let on_copy = |more: &[&str]| -> Vec<String> {
        [
            &git.to_string_lossy(),
            "config",
            "--file",
            "{folder}/.gitconfig",
        ]
        .into_iter()
        .chain(more.iter().copied())
        .map(str::to_owned)
        .collect()
    };
    let there = [(name.as_str(), before.bytes(), before.is_there())];
    let other = tool::on_copies(machine, &there, &[on_copy(&["--get", &key])]);
    if before.is_there() && other.is_ok() {
        return Err(refuse(
            format!("git has a CA file for this server already ({key})."),
            format!("See it with “git config --global --get {key}”, and remove it first."),
        ));
    }
    let value = pem.to_string_lossy();
    let after = tool::on_copies(machine, &there, &[on_copy(&[&key, &value])])?;
    let bytes = after.into_iter().next().unwrap_or_default();
    Ok(Made {
        steps: vec![
            own,
            Step::Files {
                changes: vec![Change {
                    after: before.with(bytes, 0o644),
                    before,
                    path,
                }],
                part: Part::Tool {
                    check: on_copy(&["--get", &key]),
                    undo: on_copy(&["--unset", &key]),
                },
            },
        ],
        affects: vec![format!("git, for https://{}/ only.", authority(case)?)],
        spares: vec!["git for every other server, and every other program.".to_owned()],
        undo: "Takes the setting out of .gitconfig.".to_owned(),
        lines: vec![format!(
            "git config --global {} {}",
            text::shell_quote(&key),
            text::shell_quote(&value)
        )],
        world: World::variables(
            &[("git:http.sslCAInfo".to_owned(), value.to_string())],
            &pem,
            case,
        ),
        ..Made::default()
    })
}

pub(super) fn docker(case: &Case<'_>) -> Result<Made, Refusal> {
    let folder = case.place.machine.at("/etc/docker/certs.d");
    let mut made = registry(case, &folder, "The Docker daemon")?;
    made.needs_root = case.place.needs_root();
    made.spares = vec![
        "The daemon for every other registry, programs inside of containers, and every other program.".to_owned(),
        "Docker Desktop: it takes what the system trusts when it starts.".to_owned(),
    ];
    Ok(made)
}

pub(super) fn podman(case: &Case<'_>) -> Result<Made, Refusal> {
    let folder = case
        .place
        .machine
        .config()
        .map(|c| c.join("containers/certs.d"));
    let folder = match folder {
        Some(folder) => folder,
        None => home(case)?.join(".config/containers/certs.d"),
    };
    let mut made = registry(case, &folder, "Podman, Skopeo and Buildah of this user")?;
    made.spares =
        vec!["The same programs for every other registry, and every other program.".to_owned()];
    Ok(made)
}

fn registry(case: &Case<'_>, folder: &Path, who: &str) -> Result<Made, Refusal> {
    let authority = authority(case)?;
    let path = folder
        .join(&authority)
        .join(format!("whycert-{}.crt", case.short()));
    Ok(Made {
        steps: vec![bundle::own_file(
            case.place,
            &path,
            case.pem().into_bytes(),
        )?],
        affects: vec![format!(
            "{who}, for the registry {authority} only; no restart is needed."
        )],
        undo: "Removes the file.".to_owned(),
        ..Made::default()
    })
}

/// Where Firefox keeps its profiles.
const FIREFOX: &[&str] = &[
    ".config/mozilla/firefox",
    ".mozilla/firefox",
    "snap/firefox/common/.mozilla/firefox",
    ".var/app/org.mozilla.firefox/.mozilla/firefox",
    "Library/Application Support/Firefox/Profiles",
    "AppData/Roaming/Mozilla/Firefox/Profiles",
];

/// The object identifier of SHA-256, as Firefox writes it.
const SHA256: &str = "OID.2.16.840.1.101.3.4.2.1";

pub(super) fn firefox(case: &Case<'_>) -> Result<Made, Refusal> {
    let home = home(case)?;
    let mut profiles: Vec<PathBuf> = Vec::new();
    for parent in FIREFOX {
        let Ok(entries) = std::fs::read_dir(home.join(parent)) else {
            continue;
        };
        profiles.extend(
            entries
                .filter_map(Result::ok)
                .map(|entry| entry.path())
                .filter(|path| path.join("cert9.db").is_file() || path.join("prefs.js").is_file()),
        );
    }
    profiles.sort();
    if profiles.is_empty() {
        return Err(refuse(
            "There is no profile of Firefox in this home folder.",
            "Start Firefox once, close it, and try again.",
        ));
    }
    let line = format!(
        "{}:\t{SHA256}\t{}\t",
        authority(case)?,
        text::hex_colon(&case.certificate.sha256)
    );
    let mut steps = Vec::new();
    for profile in &profiles {
        super::nss::closed(case, profile)?;
        steps.push(with_line(&profile.join("cert_override.txt"), &line)?);
    }
    Ok(Made {
        steps,
        affects: vec![format!(
            "Firefox ({}), for {} and this one certificate only.",
            text::count(profiles.len(), "profile"),
            authority(case)?
        )],
        spares: vec![
            "Firefox for every other server and certificate, and every other program.".to_owned(),
            "Sites that demand HTTPS for good (HSTS): Firefox takes no exception for them."
                .to_owned(),
        ],
        undo: "Takes the line out of cert_override.txt, with Firefox closed.".to_owned(),
        ..Made::default()
    })
}

/// The step that adds one line to a text file.
fn with_line(path: &Path, line: &str) -> Result<Step, TrustError> {
    let path = file::real(path)?;
    let before = file::read(&path)?;
    let mut bytes = before.bytes().to_vec();
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    let held = String::from_utf8_lossy(before.bytes())
        .lines()
        .any(|l| l == line);
    let after: State = if held {
        before.clone()
    } else {
        before.with(bytes, 0o600)
    };
    Ok(Step::Files {
        changes: vec![Change {
            path,
            before,
            after,
        }],
        part: Part::Line {
            line: line.to_owned(),
        },
    })
}

pub(super) fn pnpm(case: &Case<'_>) -> Result<Made, Refusal> {
    let (pem, own) = case.own_file(Rung::Pnpm)?;
    let authority = authority(case)?;
    let line = format!("//{authority}/:cafile={}", pem.to_string_lossy());
    let path = home(case)?.join(".npmrc");
    Ok(Made {
        steps: vec![own, with_line(&path, &line)?],
        affects: vec![format!("pnpm, for the registry {authority} only.")],
        spares: vec![
            "npm, which knows no CA file for a single registry; pnpm for every other one."
                .to_owned(),
        ],
        undo: format!("Takes the line out of {}.", shown(&path)),
        ..Made::default()
    })
}

pub(super) fn poetry(case: &Case<'_>) -> Result<Made, Refusal> {
    let (pem, own) = case.own_file(Rung::Poetry)?;
    let pem = text::shell_quote(&pem.to_string_lossy());
    Ok(Made {
        steps: vec![own],
        affects: vec!["Poetry, for the source that you name.".to_owned()],
        spares: vec!["Poetry for every other source, and every other program.".to_owned()],
        undo: "poetry config --unset certificates.NAME.cert, then undoing removes the file."
            .to_owned(),
        lines: vec![format!("poetry config certificates.NAME.cert {pem}")],
        ..Made::default()
    })
}

pub(super) fn postgres(case: &Case<'_>) -> Result<Made, Refusal> {
    let (pem, own) = case.own_file(Rung::Postgres)?;
    let pem = text::shell_quote(&pem.to_string_lossy());
    Ok(Made {
        steps: vec![own],
        affects: vec![
            "psql and programs built on libpq that are started with these variables.".to_owned(),
        ],
        spares: vec!["Every other program.".to_owned()],
        undo: "Unset both variables; undoing removes the file.".to_owned(),
        lines: vec![
            format!("export PGSSLROOTCERT={pem} PGSSLMODE=verify-full"),
            format!("psql \"host=HOST sslmode=verify-full sslrootcert={pem}\""),
        ],
        ..Made::default()
    })
}
