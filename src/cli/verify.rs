//! `whycert verify`: files, judged offline, by the RFC's rules and by every implementation known.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Failure, Usage, announce_stdin, args, format, values};
use crate::headless::{self, Judges};
use crate::inspect::{Options, WhatIf};
use crate::judge::client::{self, Profile};
use crate::judge::{Crl, Purpose};
use crate::target::{Source, Target};
use crate::text;

pub(super) fn verify(typed: args::Verify) -> Result<u8, Failure> {
    let source = if typed.chain == "-" {
        Source::Stdin
    } else {
        Source::File(PathBuf::from(&typed.chain))
    };
    let target = Target {
        typed: typed.chain,
        source,
    };
    let purpose = typed.purpose.map(|purpose| match purpose {
        args::Purpose::Server => Purpose::Server,
        args::Purpose::Client => Purpose::Client,
    });
    let (clients, decides) = clients(typed.client.as_deref())?;
    values::given_files("--roots", &typed.roots)?;
    values::given_files("--crl", &typed.crl)?;
    let options = Options {
        what_if: WhatIf::at_moment(values::at(typed.at.as_deref())?),
        name: typed.host.as_deref().map(values::host).transpose()?,
        purpose,
        max_depth: typed.max_depth,
        crls: lists(&typed.crl)?,
        leaf_first: true,
        clients,
        decides,
        ..Options::default()
    };
    let judges = if typed.roots.is_empty() {
        Judges::Machine(Vec::new())
    } else {
        Judges::Only(typed.roots)
    };
    announce_stdin([&target]);
    let format = format(typed.format, typed.ascii);
    Ok(headless::inspect(vec![target], options, judges, format)?)
}

/// Whose verdicts are asked for, and whose decides the exit code: the one named, else all and the
/// RFC's.
fn clients(named: Option<&str>) -> Result<(Vec<&'static Profile>, Option<&'static str>), Usage> {
    let Some(id) = named else {
        // The plain implementations first.
        let (plain, programs): (Vec<_>, Vec<_>) = client::profiles().iter().partition(|p| p.plain);
        return Ok((plain.into_iter().chain(programs).collect(), None));
    };
    if let Some(profile) = client::by_id(id) {
        return Ok((vec![profile], Some(profile.id.as_str())));
    }
    let ids = || client::profiles().iter().map(|p| p.id.as_str());
    let hint = match text::nearest(id, ids()) {
        Some(near) => format!("did you mean {near}?"),
        None => {
            let plain: Vec<&str> = client::profiles()
                .iter()
                .filter(|p| p.plain)
                .map(|p| p.id.as_str())
                .collect();
            format!(
                "use one of {}, or the id of a program as the verdicts show it",
                plain.join(", ")
            )
        }
    };
    Err(Usage::new(
        format!("--client: there is no client “{}”", text::safe(id)),
        hint,
    ))
}

/// `--crl`: every list in these files.
fn lists(files: &[PathBuf]) -> Result<Vec<Arc<Crl>>, Failure> {
    let mut found = Vec::new();
    for file in files {
        found.extend(read(file)?);
    }
    Ok(found)
}

fn read(file: &Path) -> Result<Vec<Arc<Crl>>, Failure> {
    let shown = file.display();
    let hint = "name a list of revoked certificates, PEM (BEGIN X509 CRL) or DER";
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::could_not(format!("--crl: “{shown}” cannot be read: {error}"), hint)
    })?;
    let ders: Vec<Vec<u8>> = if bytes.first() == Some(&0x30) {
        vec![bytes]
    } else {
        x509_parser::pem::Pem::iter_from_buffer(&bytes)
            .filter_map(Result::ok)
            .filter(|pem| pem.label == "X509 CRL")
            .map(|pem| pem.contents)
            .collect()
    };
    if ders.is_empty() {
        let problem = format!("--crl: “{shown}” holds no list of revoked certificates");
        return Err(Failure::could_not(problem, hint));
    }
    ders.into_iter()
        .map(|der| {
            Crl::read(der.into()).map(Arc::new).map_err(|why| {
                Failure::could_not(format!("--crl: “{shown}” cannot be read: {why}"), hint)
            })
        })
        .collect()
}
