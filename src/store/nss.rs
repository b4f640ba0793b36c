//! The certificate databases of Firefox and Chromium on Linux (`cert9.db`), read from the file itself.
//!
//! They hold what the user added or distrusted; the roots that a browser brings along are in the browser.
//! Trust is written only by the browser or `certutil`, never from here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::machine::{Machine, folders_in};
use super::reading::{self, Pool, Reading};
use super::sqlite::{self, Value};
use super::{StoreKind, TrustStore, profiles};
use crate::text;

// Numbers of PKCS #11 and of NSS's own range (nss/lib/util/pkcs11n.h), as they stand in the database.
const CERTIFICATE: [u8; 4] = [0, 0, 0, 1];
const TRUST: [u8; 4] = [0xce, 0x53, 0x43, 0x53];
/// The trust object of PKCS #11 3.2, which newer NSS may write instead.
const NEW_TRUST: [u8; 4] = [0, 0, 0, 0x0b];
const TRUSTED_PEER: [u8; 4] = [0xce, 0x53, 0x43, 0x51];
const TRUSTED_CA: [u8; 4] = [0xce, 0x53, 0x43, 0x52];
const DISTRUSTED: [u8; 4] = [0xce, 0x53, 0x43, 0x5a];

/// Who reads a profile with which no Firefox starts by itself.
pub(super) const OTHER_PROFILE: &str = "Firefox, when started with this profile";

/// What `certutil` is told for a certificate that is to be trusted for servers: as a CA, and what is none
/// also as itself.
pub fn trust(is_ca: bool) -> &'static str {
    if is_ca { "C,," } else { "CP,," }
}

/// One profile with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The folder that holds it.
    pub folder: PathBuf,
    /// Which browsers read it.
    pub users: &'static str,
    /// Why the browser does not read it, although it is there.
    pub shadowed: Option<String>,
}

/// The certificate databases of this user's browsers.
pub fn found(machine: &Machine) -> Vec<Profile> {
    const CHROMIUM: &str = "Chromium, Chrome, Edge and Electron programs";
    let mut out: Vec<Profile> = Vec::new();
    // If both folders are there, Chromium reads the first.
    for folder in [
        machine.in_home(".pki/nssdb"),
        machine.data().map(|d| d.join("pki/nssdb")),
    ]
    .into_iter()
    .flatten()
    {
        let first = out.first().map(|p| p.folder.clone());
        out.push(Profile {
            shadowed: first.filter(|f| is_database(f)).map(|f| {
                format!(
                    "not read by Chromium, because {} is there as well",
                    text::safe(&f.to_string_lossy())
                )
            }),
            folder,
            users: CHROMIUM,
        });
    }
    for snap in ["chromium", "brave"] {
        out.extend(
            machine
                .in_home(&format!("snap/{snap}/current/.pki/nssdb"))
                .map(|folder| Profile {
                    folder,
                    users: "Chromium or Brave as a snap",
                    shadowed: None,
                }),
        );
    }
    for app in [
        "org.chromium.Chromium",
        "com.google.Chrome",
        "com.brave.Browser",
    ] {
        out.extend(
            machine
                .in_home(&format!(".var/app/{app}/.pki/nssdb"))
                .map(|folder| Profile {
                    folder,
                    users: "Chromium, Chrome or Brave as a flatpak",
                    shadowed: None,
                }),
        );
    }
    out.push(Profile {
        folder: machine.at("/etc/pki/nssdb"),
        users: "NSS programs of every user",
        shadowed: None,
    });
    for (parent, users, others) in [
        (".mozilla/firefox", "Firefox", OTHER_PROFILE),
        (".config/mozilla/firefox", "Firefox", OTHER_PROFILE),
        (".thunderbird", "Thunderbird", "Thunderbird"),
        (".librewolf", "LibreWolf", "LibreWolf"),
        (
            "snap/firefox/common/.mozilla/firefox",
            "Firefox as a snap",
            OTHER_PROFILE,
        ),
        (
            ".var/app/org.mozilla.firefox/.mozilla/firefox",
            "Firefox as a flatpak",
            OTHER_PROFILE,
        ),
        (
            "Library/Application Support/Firefox/Profiles",
            "Firefox",
            OTHER_PROFILE,
        ),
        (
            "AppData/Roaming/Mozilla/Firefox/Profiles",
            "Firefox",
            OTHER_PROFILE,
        ),
    ] {
        let Some(parent) = machine.in_home(parent) else {
            continue;
        };
        let files = match parent.ends_with("Profiles") {
            true => parent.parent().unwrap_or(&parent),
            false => &parent,
        };
        let default = profiles::default(files);
        let mut folders = folders_in(&parent);
        if let Some(default) = &default {
            // It may lie elsewhere.
            folders.retain(|folder| folder != default);
            folders.insert(0, default.clone());
        }
        out.extend(folders.into_iter().map(|folder| Profile {
            users: match &default {
                Some(default) if *default != folder => others,
                _ => users,
            },
            folder,
            shadowed: None,
        }));
    }
    out.retain(|profile| is_database(&profile.folder));
    out
}

fn is_database(folder: &Path) -> bool {
    folder.join("cert9.db").is_file() || folder.join("cert8.db").is_file()
}

/// What the user added to a profile.
pub(super) fn store(profile: &Profile, pool: &Pool) -> TrustStore {
    let path = profile.folder.join("cert9.db");
    let shown = text::safe(&profile.folder.to_string_lossy()).into_owned();
    let mut reading = Reading {
        modified: reading::modified(&path),
        ..Reading::default()
    };
    let mut notes = Vec::from_iter(profile.shadowed.clone());
    if path.is_file() {
        match reading::read_bounded(&path).and_then(|bytes| read(&bytes)) {
            Ok(read) => {
                reading.anchors = pool.keep(read.trusted);
                reading.problems = read.problems;
                if read.distrusted > 0 {
                    notes.push(format!(
                        "{} distrusted here",
                        text::count(read.distrusted, "certificate")
                    ));
                }
            }
            Err(why) => reading.problems.push(why),
        }
        if path
            .with_file_name("cert9.db-wal")
            .metadata()
            .is_ok_and(|m| m.len() > 0)
        {
            reading.problems.push(
                "the browser has changes that are not in the file yet; close it to see them"
                    .to_owned(),
            );
        }
    } else {
        reading
            .problems
            .push("an old database (cert8.db), which current browsers do not read".to_owned());
    }
    for problem in &mut reading.problems {
        *problem = format!("{shown}: {problem}");
    }
    let title = match profile.users.starts_with("Chromium") {
        true => "Chromium's database".to_owned(),
        false => format!(
            "{}'s database",
            profile.users.split([' ', ',']).next().unwrap_or("NSS")
        ),
    };
    let mut store = reading
        .store(
            StoreKind::Nss,
            &format!("nss:{shown}"),
            &title,
            Some(profile.folder.clone()),
        )
        .used_by([profile.users]);
    notes.insert(
        0,
        "beside the roots that the browser brings along".to_owned(),
    );
    store.notes = notes;
    store
}

#[derive(Debug, Default)]
struct Read {
    trusted: Vec<Vec<u8>>,
    distrusted: usize,
    problems: Vec<String>,
}

/// Certificates that are trusted for servers, as a CA or as themselves.
fn read(file: &[u8]) -> Result<Read, String> {
    let table = sqlite::table(file, "nssPublic")?;
    let column = |name: &str| {
        table
            .column(name)
            .ok_or_else(|| format!("its table has no column {name}"))
    };
    let (class, value) = (column("a0")?, column("a11")?);
    let (issuer, serial, server) = (column("a81")?, column("a82")?, column("ace536358")?);
    let bytes = |row: &[Value], at: usize| match row.get(at) {
        Some(Value::Bytes(bytes)) => Some(bytes.clone()),
        _ => None,
    };
    let mut trust = HashMap::new();
    let mut out = Read::default();
    let mut new_form = 0;
    for row in &table.rows {
        let kind = bytes(row, class).unwrap_or_default();
        if kind == TRUST {
            trust.insert(
                (bytes(row, issuer), bytes(row, serial)),
                bytes(row, server).unwrap_or_default(),
            );
        } else if kind == NEW_TRUST {
            new_form += 1;
        }
    }
    for row in &table.rows {
        if bytes(row, class).as_deref() != Some(&CERTIFICATE) {
            continue;
        }
        let Some(der) = bytes(row, value) else {
            continue;
        };
        let flag = trust.get(&(bytes(row, issuer), bytes(row, serial)));
        match flag.map(Vec::as_slice) {
            Some(flag) if flag == TRUSTED_CA || flag == TRUSTED_PEER => out.trusted.push(der),
            Some(flag) if flag == DISTRUSTED => out.distrusted += 1,
            _ => {}
        }
    }
    if new_form > 0 && trust.is_empty() {
        out.problems.push(format!(
            "{} in a form that is not read here; certutil -L shows them",
            text::count(new_form, "trust setting")
        ));
    }
    Ok(out)
}
