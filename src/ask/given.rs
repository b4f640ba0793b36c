//! Roots that clients are given for the asking (`--ca`, the lab's): in a file as they take it, by the
//! variables and options that each has for that. Which these are is known by
//! [`Source::hands`](crate::judge::client::Source::hands); nothing is written here.

use std::ffi::OsString;
use std::sync::Arc;

use aws_lc_rs::digest;

use super::browser::Database;
use super::table::Row;
use crate::judge::client::{GIVEN_FILE, Handed, NO_CERTIFICATES, Profile};
use crate::store::{Machine, TrustStore};
use crate::text;

/// A file that is made for a client.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its name, in the folder of the client.
    pub name: &'static str,
    /// What is in it, in words; safe to display.
    pub words: String,
    pub(super) bytes: Arc<[u8]>,
}

/// How one client is given roots.
#[derive(Debug, Default)]
pub(super) struct Hand {
    pub variables: Vec<(String, Option<OsString>)>,
    /// A setting that the client has as an option, by its name in [`Row::setting`], with the file.
    pub setting: Option<String>,
    /// Further options.
    pub options: Vec<String>,
    pub made: Option<Made>,
    pub database: Option<Database>,
}

/// Why a browser cannot be given roots.
const NO_CERTUTIL: &str = "its roots are in a database, and certutil, which writes it, is not here \
                           (libnss3-tools, nss-tools)";
/// Java's own form of a trust store.
const KEYSTORE: &str = "given.jks";
/// The password of every trust store of Java; it protects nothing.
const PASSWORD: &str = "changeit";

/// How a client is given these roots, or why it cannot be.
pub(super) fn hand(row: &Row, profile: &Profile, roots: &TrustStore) -> Result<Hand, &'static str> {
    let own = roots.path.as_ref().filter(|_| roots.one_file);
    let file = own.map_or_else(
        || GIVEN_FILE.into(),
        |path| path.to_string_lossy().into_owned(),
    );
    let mut out = Hand {
        made: own.is_none().then(|| pem(roots)),
        ..Hand::default()
    };
    let hands = profile.source.hands();
    for (one, handed) in &hands {
        let is_setting = one.name.contains(':');
        let value = match handed {
            Handed::File if is_setting => {
                let name = one.name.replacen(':', " ", 1);
                if row.setting.is_none_or(|(known, _)| known != name) {
                    return Err("no option of it names a file of roots");
                }
                out.setting = Some(file.clone());
                continue;
            }
            Handed::File => match &one.contains {
                Some(option) => {
                    out.made = Some(keystore(roots));
                    Some(format!(
                        "{option}{KEYSTORE} -Djavax.net.ssl.trustStorePassword={PASSWORD}"
                    ))
                }
                None => Some(file.clone()),
            },
            Handed::Nothing => Some(NO_CERTIFICATES.to_owned()),
            Handed::Unset => None,
        };
        if !is_setting {
            out.variables
                .push((one.name.clone(), value.map(OsString::from)));
        }
    }
    if hands.is_empty() {
        if let Some(place) = row.database {
            let certutil = Machine::this().programs("certutil").into_iter().next();
            return Ok(Hand {
                database: Some(Database {
                    certutil: certutil.ok_or(NO_CERTUTIL)?,
                    place,
                    roots: roots.anchors.clone(),
                    words: format!(
                        "its database is new, made by certutil, and {}",
                        words(roots)
                    ),
                }),
                ..Hand::default()
            });
        }
        if row.roots.is_empty() {
            return Err("it takes no file of roots");
        }
        let filled = row.roots.iter().map(|word| word.replace("{CA}", &file));
        out.options = filled.collect();
    }
    Ok(out)
}

fn words(roots: &TrustStore) -> String {
    let count = text::count(roots.anchors.len(), "root");
    format!("holds {count}: {}", roots.title)
}

fn pem(roots: &TrustStore) -> Made {
    let ders = roots.anchors.iter().map(|anchor| anchor.der.as_ref());
    Made {
        name: GIVEN_FILE,
        words: words(roots),
        bytes: ders
            .map(crate::cert::pem::encode)
            .collect::<String>()
            .into_bytes()
            .into(),
    }
}

/// A JKS, which holds its certificates in the clear and ends with a digest over them and the password:
/// `sun.security.provider.JavaKeyStore` of OpenJDK.
fn keystore(roots: &TrustStore) -> Made {
    const MAGIC: u32 = 0xfeed_feed;
    const VERSION: u32 = 2;
    const TRUSTED: u32 = 2;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes();
    let word = |out: &mut Vec<u8>, word: &str| {
        out.extend(u16::try_from(word.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(word.as_bytes());
    };
    let mut out = Vec::new();
    out.extend(MAGIC.to_be_bytes());
    out.extend(VERSION.to_be_bytes());
    out.extend(number(roots.anchors.len()));
    for (place, anchor) in roots.anchors.iter().enumerate() {
        out.extend(TRUSTED.to_be_bytes());
        word(&mut out, &format!("given{place}"));
        // When it was put in: nobody asks.
        out.extend(0_u64.to_be_bytes());
        word(&mut out, "X.509");
        out.extend(number(anchor.der.len()));
        out.extend(anchor.der.as_ref());
    }
    let mut guarded: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_be_bytes).collect();
    guarded.extend(b"Mighty Aphrodite");
    guarded.extend(&out);
    out.extend(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &guarded).as_ref());
    Made {
        name: KEYSTORE,
        words: words(roots),
        bytes: out.into(),
    }
}
