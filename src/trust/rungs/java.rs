//! Java: a copy of its trust store that a variable names, or its own.

use std::path::{Path, PathBuf};

use crate::store::Machine;
use crate::text;
use crate::trust::file::{self, State};
use crate::trust::step::{Change, Part, Step};
use crate::trust::{Refusal, refuse, shown, tool};

use super::{Case, Made, Rooted, World};

/// The password that every Java has by default; it protects nothing, the store holds public facts.
const PASSWORD: &str = "changeit";

/// The trust store of the Java that is used here.
pub(in crate::trust) fn own_store(machine: &Machine) -> Result<PathBuf, Refusal> {
    let mut candidates: Vec<PathBuf> = Vec::new();
    let below = |home: &Path| {
        [
            "lib/security/jssecacerts",
            "lib/security/cacerts",
            "jre/lib/security/cacerts",
        ]
        .map(|name| home.join(name))
    };
    if let Some(home) = machine
        .variable("JAVA_HOME")
        .filter(|home| !home.is_empty())
    {
        candidates.extend(below(Path::new(home)));
    }
    for java in machine.programs("java") {
        if let Some(home) = java
            .canonicalize()
            .ok()
            .as_deref()
            .and_then(|p| p.parent()?.parent())
        {
            candidates.extend(below(home));
        }
    }
    candidates.push(machine.at("/etc/ssl/certs/java/cacerts"));
    candidates
        .into_iter()
        .find(|path| path.is_file())
        .and_then(|path| path.canonicalize().ok())
        .ok_or_else(|| {
            refuse(
                "There is no Java on this machine whose trust store could be found.",
                "Set JAVA_HOME to its folder and try again.",
            )
        })
}

pub(super) fn copy(case: &Case<'_>) -> Result<Made, Refusal> {
    let source = own_store(&case.place.machine)?;
    let path = case.place.folder.join("truststore");
    let value = path.to_string_lossy();
    if value.contains(char::is_whitespace) {
        return Err(refuse(
            format!(
                "JAVA_TOOL_OPTIONS cannot name a path with a space in it: {}",
                shown(&path)
            ),
            "Set XDG_DATA_HOME to a folder without one, and try again.",
        ));
    }
    let step = step(case, &path, Some(&source))?;
    let option = format!("-Djavax.net.ssl.trustStore={value}");
    Ok(Made {
        steps: vec![step],
        affects: vec![
            "Java programs (Maven, Gradle and IDEs too) that are started with the option below.".to_owned(),
        ],
        spares: vec![
            "Every other program; Java that is started without the option; a Gradle daemon that runs already."
                .to_owned(),
        ],
        warnings: vec![format!(
            "It is a copy of {}, and does not follow it when Java is updated.",
            shown(&source)
        )],
        undo: "Takes it out of the copy, and removes a copy that holds nothing else of yours. Unset the \
               variable first."
            .to_owned(),
        lines: vec![
            format!("export JAVA_TOOL_OPTIONS={}", text::shell_quote(&option)),
            format!("java {} …", text::shell_quote(&option)),
        ],
        world: World::variables(&[("JAVA_TOOL_OPTIONS".to_owned(), option.clone())], &path, case),
        roots: Some(Rooted::as_in(
            &path,
            if path.exists() { &path } else { &source },
        )),
        variables: vec![("JAVA_TOOL_OPTIONS".to_owned(), option)],
        ..Made::default()
    })
}

pub(super) fn own(case: &Case<'_>) -> Result<Made, Refusal> {
    let path = own_store(&case.place.machine)?;
    let mut world = World::default();
    world.add_to("java");
    Ok(Made {
        steps: vec![step(case, &path, None)?],
        affects: vec![format!("Every program on the Java of {}, for every user.", shown(&path))],
        spares: vec!["Other Javas on this machine, and every other program.".to_owned()],
        warnings: vec![
            "An update of Java or of the system's certificates may write this file anew, without it.".to_owned(),
        ],
        undo: "Takes it out of the store again.".to_owned(),
        needs_root: case.place.needs_root(),
        roots: Some(Rooted::as_in(&path, &path)),
        world,
        ..Made::default()
    })
}

/// The step that puts the certificate into a store; `source`: what a new one is copied from.
fn step(case: &Case<'_>, path: &Path, source: Option<&Path>) -> Result<Step, Refusal> {
    let machine = &case.place.machine;
    let keytool = tool::find(machine, "keytool")?
        .to_string_lossy()
        .into_owned();
    let alias = format!("whycert-{}", case.short());
    let path = file::real(path)?;
    let before = file::read(&path)?;
    let base = match (&before, source) {
        (State::Absent, Some(source)) => file::read(source)?,
        (there, _) => there.clone(),
    };
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let command = |more: &[&str]| -> Vec<String> {
        let store = format!("{{folder}}/{name}");
        more.iter()
            .copied()
            .chain([
                "-alias",
                &alias,
                "-keystore",
                &store,
                "-storepass",
                PASSWORD,
            ])
            .map(str::to_owned)
            .collect()
    };
    let check = command(&[&keytool, "-list"]);
    let pem = case.pem();
    let copies = [(name.as_str(), base.bytes(), true)];
    if tool::on_copies(machine, &copies, std::slice::from_ref(&check)).is_ok() {
        return Err(refuse(
            format!("It is in {} already.", shown(&path)),
            "“whycert trust list” shows what you added.",
        ));
    }
    let copies = [copies[0], ("whycert.pem", pem.as_bytes(), true)];
    let import = command(&[
        &keytool,
        "-importcert",
        "-noprompt",
        "-file",
        "{folder}/whycert.pem",
    ]);
    let bytes = tool::on_copies(machine, &copies, &[import])?
        .into_iter()
        .next()
        .unwrap_or_default();
    Ok(Step::Files {
        changes: vec![Change {
            after: before.with(bytes, 0o644),
            before,
            path,
        }],
        part: Part::Tool {
            check,
            undo: command(&[&keytool, "-delete"]),
        },
    })
}
