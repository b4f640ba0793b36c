//! The databases of Firefox and Chromium. Trust in them is signed, so that only `certutil` writes it: into
//! a copy, which then takes the place of the file.

use std::path::Path;

use crate::store::{BrowserDatabase, browser_databases, nss_trust};
use crate::trust::file;
use crate::trust::step::{Change, Part, Step};
use crate::trust::{Refusal, refuse, shown, tool};

use super::{Case, Made, World};

/// The files of a database that change, in the order in which they are written: trust without its
/// signature is no trust, a signature without trust is nothing.
const FILES: [&str; 2] = ["key4.db", "cert9.db"];

pub(super) fn made(case: &Case<'_>) -> Result<Made, Refusal> {
    let machine = &case.place.machine;
    let found: Vec<BrowserDatabase> = browser_databases(machine)
        .into_iter()
        .filter(|found| found.shadowed.is_none() && found.folder.join("cert9.db").is_file())
        .collect();
    if found.is_empty() {
        return Err(refuse(
            "There is no database of Firefox or Chromium in this home folder.",
            "Start the browser once, close it, and try again.",
        ));
    }
    let certutil = tool::find(machine, "certutil")?
        .to_string_lossy()
        .into_owned();
    let nick = format!("whycert {}", case.short());
    let flags = nss_trust(case.certificate.is_ca());
    let mut made = Made {
        undo: "Takes it out of each database again, by its name.".to_owned(),
        spares: vec![
            "Programs that are no browsers; a browser that runs already shows it after a restart."
                .to_owned(),
        ],
        ..Made::default()
    };
    for database in found {
        closed(case, &database.folder)?;
        made.affects
            .push(format!("{} ({})", database.users, shown(&database.folder)));
        made.steps
            .push(step(case, &certutil, &nick, flags, &database.folder)?);
        made.world.browser(&database);
    }
    Ok(made)
}

fn step(
    case: &Case<'_>,
    certutil: &str,
    nick: &str,
    flags: &str,
    folder: &Path,
) -> Result<Step, Refusal> {
    let command = |more: &[&str]| -> Vec<String> {
        [certutil, "-d", "sql:{folder}"]
            .into_iter()
            .chain(more.iter().copied())
            .map(str::to_owned)
            .collect()
    };
    let mut paths = Vec::new();
    let mut before = Vec::new();
    for name in FILES {
        let path = file::real(&folder.join(name))?;
        before.push(file::read(&path)?);
        paths.push(path);
    }
    let pem = case.pem();
    let mut copies: Vec<(&str, &[u8], bool)> = FILES
        .into_iter()
        .zip(&before)
        .map(|(name, state)| (name, state.bytes(), state.is_there()))
        .collect();
    if tool::on_copies(
        &case.place.machine,
        &copies,
        &[command(&["-L", "-n", nick])],
    )
    .is_ok()
    {
        return Err(refuse(
            format!("It is in the database {} already.", shown(folder)),
            "Restart the browser; “whycert trust list” shows what you added.",
        ));
    }
    copies.push(("whycert.pem", pem.as_bytes(), true));
    let add = command(&["-A", "-t", flags, "-n", nick, "-i", "{folder}/whycert.pem"]);
    let after = tool::on_copies(&case.place.machine, &copies, &[add])?;
    let changes = paths
        .into_iter()
        .zip(before)
        .zip(after)
        .map(|((path, before), bytes)| Change {
            after: before.with(bytes, 0o600),
            before,
            path,
        })
        .collect();
    Ok(Step::Files {
        changes,
        part: Part::Tool {
            check: command(&["-L", "-n", nick]),
            undo: command(&["-D", "-n", nick]),
        },
    })
}

/// Refuses while the browser runs: it would write over what is changed, or not see it.
pub(super) fn closed(case: &Case<'_>, folder: &Path) -> Result<(), Refusal> {
    let open = |suffix: &str| {
        folder
            .join(format!("cert9.db{suffix}"))
            .metadata()
            .is_ok_and(|meta| meta.len() > 0)
    };
    // Firefox: a link that names the process; Chromium: the same in its configuration.
    let mut locks = vec![folder.join("lock")];
    if folder.ends_with("nssdb")
        && let Some(config) = case.place.machine.config()
    {
        for browser in [
            "chromium",
            "google-chrome",
            "microsoft-edge",
            "BraveSoftware/Brave-Browser",
        ] {
            locks.push(config.join(browser).join("SingletonLock"));
        }
    }
    let runs = locks.iter().any(|lock| {
        std::fs::read_link(lock).is_ok_and(|end| {
            let end = end.to_string_lossy();
            let id = end.rsplit(['+', '-']).next().unwrap_or_default();
            id.parse::<u32>().is_ok() && Path::new("/proc").join(id).exists()
        })
    });
    if runs || open("-wal") || open("-journal") {
        return Err(refuse(
            format!("A browser is using {} at this moment.", shown(folder)),
            "Close it, and try again.",
        ));
    }
    Ok(())
}

impl World {
    fn browser(&mut self, database: &BrowserDatabase) {
        let id = match database.users.starts_with("Chromium") {
            true => "chromium",
            false => "firefox",
        };
        self.add_to(id);
    }
}
