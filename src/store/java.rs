//! The trust store of each Java on this machine, read without keytool: JKS and JCEKS hold their
//! certificates in the clear (the password only guards against change), PKCS#12 may be encrypted.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use p12_keystore::{Pkcs12Archive, error::Error};

use super::machine::{Machine, folders_in};
use super::reading::{self, Pool, Reading};
use super::{StoreKind, TrustStore};
use crate::text;

/// The password of every trust store that a JDK brings along.
const PASSWORD: &str = "changeit";
/// Entries of one store read at most.
const MOST_ENTRIES: u32 = 100_000;

/// What a keystore holds for Java's default trust manager.
#[derive(Debug, Default)]
pub(super) struct Keystore {
    /// DER of its anchors: trusted entries, and the first certificate of each key's chain.
    pub certificates: Vec<Vec<u8>>,
    /// What could not be read, safe to display.
    pub problems: Vec<String>,
}

/// Where Javas live, each with the store it uses (`jssecacerts` wins over `cacerts`).
pub(super) fn found(machine: &Machine) -> Vec<(PathBuf, PathBuf)> {
    let mut homes: Vec<PathBuf> = machine.path("JAVA_HOME").into_iter().collect();
    for folder in [
        "/usr/lib/jvm",
        "/usr/java",
        "/opt/java",
        "/usr/local/openjdk",
    ] {
        homes.extend(folders_in(&machine.at(folder)));
    }
    for folder in [".sdkman/candidates/java", ".jdks", ".asdf/installs/java"] {
        homes.extend(machine.in_home(folder).iter().flat_map(|f| folders_in(f)));
    }
    for machines in folders_in(&machine.at("/Library/Java/JavaVirtualMachines")) {
        homes.push(machines.join("Contents/Home"));
    }
    if cfg!(windows) {
        for variable in ["ProgramFiles", "LOCALAPPDATA"] {
            for vendor in [
                "Java",
                "Eclipse Adoptium",
                "Microsoft",
                "Zulu",
                "Programs/Eclipse Adoptium",
            ] {
                let folder = machine.path(variable).map(|p| p.join(vendor));
                homes.extend(folder.iter().flat_map(|f| folders_in(f)));
            }
        }
    }
    // A java on the path belongs to the folder above its own, when that has a store.
    for program in machine.programs(if cfg!(windows) { "java.exe" } else { "java" }) {
        let real = program.canonicalize().unwrap_or(program);
        homes.extend(real.parent().and_then(Path::parent).map(Path::to_owned));
    }
    homes
        .into_iter()
        .filter_map(|home| {
            let store = ["lib/security", "jre/lib/security"]
                .iter()
                .flat_map(|folder| {
                    ["jssecacerts", "cacerts"].map(|name| home.join(folder).join(name))
                })
                .find(|file| file.symlink_metadata().is_ok())?;
            Some((home, store))
        })
        .collect()
}

/// The store in a file, for these Javas.
pub(super) fn store(path: &Path, homes: &[PathBuf], pool: &Pool) -> TrustStore {
    let shown = text::safe(&path.to_string_lossy()).into_owned();
    let mut reading = Reading {
        modified: reading::modified(path),
        ..Reading::default()
    };
    match reading::read_bounded(path) {
        Ok(bytes) => {
            let read = read(&bytes, None);
            reading.anchors = pool.keep(read.certificates);
            reading
                .problems
                .extend(read.problems.iter().map(|p| format!("{shown}: {p}")));
        }
        Err(why) => reading.problems.push(format!("{shown}: {why}")),
    }
    let users: Vec<String> = homes
        .iter()
        .map(|home| format!("Java in {}", text::safe(&home.to_string_lossy())))
        .collect();
    reading
        .store(
            StoreKind::Java,
            &format!("java:{shown}"),
            "Java's trust store",
            Some(path.to_owned()),
        )
        .used_by(users.iter().map(String::as_str))
}

/// It begins as a keystore does, JKS, JCEKS or PKCS#12. A certificate in DER begins as the last does, and is
/// no file that anybody keeps roots in.
pub(super) fn is_keystore(path: &Path) -> bool {
    let mut first = [0; 1];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut first));
    read.is_ok() && matches!(first, [0xfe | 0xce | 0x30])
}

/// Reads a keystore of any format. Without a password, Java's usual one and the empty one are tried.
pub(super) fn read(bytes: &[u8], password: Option<&str>) -> Keystore {
    match bytes {
        [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => jks(bytes, password),
        [0x30, ..] => pkcs12(bytes, password),
        [] => Keystore::broken("it is empty"),
        _ => Keystore::broken("neither a JKS, a JCEKS nor a PKCS#12 keystore"),
    }
}

impl Keystore {
    fn broken(why: &str) -> Self {
        Self {
            certificates: Vec::new(),
            problems: vec![why.to_owned()],
        }
    }
}

/// Format of `sun.security.provider.JavaKeyStore`: magic, version, entries, SHA-1 over all of it.
fn jks(bytes: &[u8], password: Option<&str>) -> Keystore {
    let mut out = Keystore::default();
    let mut rest = Bytes(bytes.get(4..).unwrap_or_default());
    let whole = (|| {
        let version = rest.number()?;
        if !(1..=2).contains(&version) {
            out.problems
                .push(format!("version {version} of the format is not known"));
            return None;
        }
        let count = rest.number()?;
        for _ in 0..count.min(MOST_ENTRIES) {
            match rest.number()? {
                // A private key with its chain, of which Java trusts the first certificate.
                1 => {
                    rest.name_and_date()?;
                    let length = rest.number()?;
                    rest.take(length as usize)?;
                    for place in 0..rest.number()? {
                        let der = rest.certificate(version)?;
                        if place == 0 {
                            out.certificates.push(der.to_vec());
                        }
                    }
                }
                2 => {
                    rest.name_and_date()?;
                    out.certificates.push(rest.certificate(version)?.to_vec());
                }
                // A secret key of JCEKS is a serialised Java object, whose length nothing states.
                3 => {
                    out.problems.push("it holds a secret key, and what comes after that cannot be found without Java".to_owned());
                    return Some(false);
                }
                tag => {
                    out.problems
                        .push(format!("an entry of an unknown kind ({tag})"));
                    return None;
                }
            }
        }
        if count > MOST_ENTRIES {
            out.problems.push(format!(
                "only the first {MOST_ENTRIES} of {count} entries were read"
            ));
            return Some(false);
        }
        Some(true)
    })();
    match whole {
        Some(true) if !is_intact(bytes, rest.0, password) => out.problems.push(match password {
            None => format!("its password is not “{PASSWORD}”, or it was changed or damaged; its certificates were read without the password"),
            Some(_) => "the password does not fit: Java will refuse to open it".to_owned(),
        }),
        Some(_) => {}
        None if out.problems.is_empty() => out.problems.push("it is cut off or damaged".to_owned()),
        None => {}
    }
    out
}

/// SHA-1 over the password in UTF-16, a phrase, and everything before the digest.
fn is_intact(bytes: &[u8], digest: &[u8], password: Option<&str>) -> bool {
    use sha1::Digest;
    let Some(signed) = bytes.len().checked_sub(20).and_then(|end| bytes.get(..end)) else {
        return false;
    };
    let mut hash = sha1::Sha1::new();
    for unit in password.unwrap_or(PASSWORD).encode_utf16() {
        hash.update(unit.to_be_bytes());
    }
    hash.update(b"Mighty Aphrodite");
    hash.update(signed);
    hash.finalize().as_slice() == digest
}

/// Big-endian numbers and counted strings, as Java's DataOutputStream writes them.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn name(&mut self) -> Option<&'b [u8]> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::from(length))
    }

    fn name_and_date(&mut self) -> Option<()> {
        self.name()?;
        self.take(8).map(|_| ())
    }

    fn certificate(&mut self, version: u32) -> Option<&'b [u8]> {
        if version == 2 {
            self.name()?;
        }
        let length = self.number()?;
        self.take(length as usize)
    }
}

fn pkcs12(bytes: &[u8], password: Option<&str>) -> Keystore {
    let tried: &[&str] = match &password {
        Some(password) => &[password],
        None => &[PASSWORD, ""],
    };
    let mut why = String::new();
    for password in tried {
        match Pkcs12Archive::from_pkcs12(bytes, password) {
            Ok(archive) => return from_archive(&archive),
            Err(Error::MacError(_)) => {
                why = match tried.len() {
                    1 => "the password does not fit".to_owned(),
                    _ => format!("its password is neither “{PASSWORD}” nor empty"),
                };
            }
            Err(error) if why.is_empty() => why = text::safe(&error.to_string()).into_owned(),
            Err(_) => {}
        }
    }
    Keystore::broken(&format!("the PKCS#12 keystore cannot be opened: {why}"))
}

/// Java trusts certificates with its own mark, and the certificate of each key; what `openssl pkcs12
/// -export -nokeys` writes has neither.
fn from_archive(archive: &Pkcs12Archive) -> Keystore {
    let mut out = Keystore::default();
    let mut ignored = 0;
    for bag in &archive.certs {
        let of_key = bag.local_key_id.as_ref().is_some_and(|id| {
            archive
                .keys
                .iter()
                .any(|key| key.local_key_id.as_ref().is_some_and(|k| k.0 == *id))
        });
        if bag.trusted || of_key {
            out.certificates.push(bag.cert.as_der().to_vec());
        } else {
            ignored += 1;
        }
    }
    if ignored > 0 && archive.keys.is_empty() {
        out.problems.push(format!("{} without Java's mark for trusted ones: Java does not trust {} (import with keytool -importcert)", text::count(ignored, "certificate"), if ignored == 1 { "it" } else { "them" }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_keystore_is_said() {
        for bytes in [
            &b""[..],
            b"hello",
            b"\x30\x03\x02\x01\x03",
            b"\xfe\xed\xfe\xed",
            b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01\0\0\0\x02",
        ] {
            let read = read(bytes, None);
            assert!(read.certificates.is_empty());
            assert_eq!(read.problems.len(), 1, "{bytes:?}: {:?}", read.problems);
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_keystores_end(mut noise in proptest::collection::vec(proptest::num::u8::ANY, 0..600), kind in 0..3) {
            let magic: &[u8] = match kind {
                0 => b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x02\0\0\0\x02",
                1 => b"\xce\xce\xce\xce\0\0\0\x01\0\0\0\x02\0\0\0\x01",
                _ => b"\x30\x82\x02\x00\x02\x01\x03",
            };
            noise.splice(0..0, magic.iter().copied());
            let _ = read(&noise, None);
        }
    }

    #[test]
    fn a_count_that_lies_ends_at_the_end() {
        let mut bytes = b"\xfe\xed\xfe\xed\0\0\0\x02\xff\xff\xff\xff".to_vec();
        bytes.extend_from_slice(&[0, 0, 0, 2, 0xff, 0xff]);
        assert_eq!(read(&bytes, None).problems, ["it is cut off or damaged"]);
    }
}
