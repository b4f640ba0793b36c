//! A machine in a folder, and what an inspection of a capture made by hand finds on it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use whycert::capture::{Capture, Possession, Seen, Session};
use whycert::cert::{Certificate, pem};
use whycert::diagnosis::Finding;
use whycert::inspect::{self, Inspection, Options};
use whycert::store::{Machine, StoreKind, Stores, Survey, TrustStore};
use whycert::target::Target;

use super::mint::{self, Minted, NOW};

/// A machine in a folder, whose system trusts these certificates.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn trusting(roots: &[&Minted]) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let bundle: String = roots.iter().map(|r| pem::encode(&r.der)).collect();
        // A system that trusts nobody still has a bundle with someone in it.
        let filler = pem::encode(&Minted::root(mint::ca("Nobody's Root")).der);
        place.write("root/etc/ssl/certs/ca-certificates.crt", bundle + &filler);
        place
    }

    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn pem_of(&self, minted: &Minted) -> PathBuf {
        let name = Certificate::read(minted.der.clone()).short_fingerprint();
        self.write(&format!("{name}.pem"), pem::encode(&minted.der))
    }

    /// A machine without anything on it.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("home")).unwrap();
        Self { folder }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Every store of it.
    pub fn survey(&self, variables: &[(&str, &Path)]) -> Survey {
        Survey::of(&self.machine(variables), &[])
    }

    fn machine(&self, variables: &[(&str, &Path)]) -> Machine {
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, OsString::from(value)));
        Machine::other(&self.root(), &self.home(), variables)
    }

    /// The stores of it that decide, when this file is given.
    pub fn given(&self, file: &Path) -> Stores {
        Stores::load_on(&self.machine(&[]), &[file.to_owned()])
    }

    /// The stores of it that decide.
    pub fn stores(&self, variables: &[(&str, &Path)]) -> Stores {
        Stores::load_on(&self.machine(variables), &[])
    }
}

pub fn capture(typed: &str, presented: &[&Minted]) -> Capture {
    Capture {
        peer: Some("192.0.2.7:443".parse().unwrap()),
        presented: presented
            .iter()
            .map(|m| Arc::from(m.der.as_slice()))
            .collect(),
        seen_by: Seen::Handshake,
        session: Session {
            possession: Possession::Proved,
            ..Session::default()
        },
        ..Capture::empty(&Target::parse(typed).unwrap())
    }
}

pub fn inspected(capture: Capture, stores: &Stores) -> Inspection {
    inspect::assemble(Arc::new(capture), stores, &Options::default(), NOW)
}

pub fn finding<'i>(inspection: &'i Inspection, id: &str) -> &'i Finding {
    let mut found = inspection.findings.iter().filter(|f| f.rule.id == id);
    let one = found
        .next()
        .unwrap_or_else(|| panic!("no {id} in {:#?}", inspection.findings));
    assert!(found.next().is_none(), "{id} twice");
    one
}

pub fn lacks(inspection: &Inspection, id: &str) {
    assert!(
        !inspection.findings.iter().any(|f| f.rule.id == id),
        "{:#?}",
        inspection.findings
    );
}

pub fn evidence<'f>(finding: &'f Finding, label: &str) -> &'f str {
    let mut found = finding.evidence.iter().filter(|e| e.label == label);
    &found
        .next()
        .unwrap_or_else(|| panic!("no {label} in {finding:#?}"))
        .value
}

pub fn command(finding: &Finding, part: &str) {
    let mut commands = finding.fixes.iter().filter_map(|f| f.command.as_deref());
    assert!(
        commands.any(|c| c.contains(part)),
        "no {part} in {:#?}",
        finding.fixes
    );
}

pub const SITE: &str = "https://www.site.example.org";

pub fn site(root: &Minted) -> Minted {
    root.issue(mint::server(&["www.site.example.org"]))
}

pub fn of_kind(survey: &Survey, kind: StoreKind) -> Vec<&Arc<TrustStore>> {
    survey.stores.iter().filter(|s| s.kind == kind).collect()
}
