//! One file per kind of rung: what it would write and run, whom it reaches, how it is undone. Nothing is
//! changed here; tools work on copies.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cert::{Certificate, pem};
use crate::moment::Moment;
use crate::target::Endpoint;

use super::bundle;
use super::reach::World;
use super::roots::Rooted;
use super::step::Step;
use super::{Place, Refusal, Rung, TrustError, refuse};

mod container;
mod java;
mod nss;
mod scoped;
mod system;
mod variables;

pub(super) use java::own_store as java_store;
pub(super) use variables::assignments;

/// What a rung is asked to plan.
pub(super) struct Case<'a> {
    pub place: &'a Place,
    pub certificate: &'a Certificate,
    pub public_roots: &'a [Arc<[u8]>],
    pub endpoint: Option<&'a Endpoint>,
    /// Safe to display.
    pub target: &'a str,
    /// The number of the certificate in the chain.
    pub number: usize,
    pub now: Moment,
}

/// What a rung plans.
#[derive(Default)]
pub(super) struct Made {
    pub steps: Vec<Step>,
    pub affects: Vec<String>,
    pub spares: Vec<String>,
    pub warnings: Vec<String>,
    pub undo: String,
    pub lines: Vec<String>,
    pub variables: Vec<(String, String)>,
    pub needs_root: bool,
    pub untried: bool,
    pub uses_bundle: bool,
    /// Where the public roots must still stand.
    pub roots: Option<Rooted>,
    /// What clients see afterwards.
    pub world: World,
}

impl Case<'_> {
    /// The first eight hex digits of the SHA-256.
    pub fn short(&self) -> String {
        let all = crate::text::hex(&self.certificate.sha256);
        all.chars().take(8).collect()
    }

    /// The certificate as a file holds it.
    pub fn pem(&self) -> String {
        pem::encode(&self.certificate.der)
    }

    /// The server; a refusal when there is none.
    pub fn server(&self) -> Result<&Endpoint, Refusal> {
        self.endpoint.ok_or_else(|| {
            refuse(
                "This rung is for one server, and a file names none.",
                "Name the server instead of the file, or take another rung.",
            )
        })
    }

    /// A file of the certificate alone, in our own folder, and the step that writes it.
    pub fn own_file(&self, rung: Rung) -> Result<(PathBuf, Step), TrustError> {
        let name = format!("{}-{}.pem", rung.id(), self.short());
        let path = self.place.folder.join(name);
        let step = bundle::own_file(self.place, &path, self.pem().into_bytes())?;
        Ok((path, step))
    }
}

/// What a rung would do.
///
/// # Errors
/// [`Refusal`] when it cannot, with what can.
pub(super) fn made(rung: Rung, case: &Case<'_>) -> Result<Made, Refusal> {
    match rung {
        Rung::Pretend => Ok(Made {
            affects: vec!["This session of whycert only.".to_owned()],
            spares: vec!["Every other program.".to_owned()],
            undo: "Ends with the session.".to_owned(),
            lines: vec![format!(
                "whycert {}    then t, and the first choice",
                crate::text::shell_quote(case.target)
            )],
            ..Made::default()
        }),
        Rung::Command => variables::command(case),
        Rung::Project => variables::project(case),
        Rung::Bundle => variables::bundle(case),
        Rung::Git => scoped::git(case),
        Rung::Docker => scoped::docker(case),
        Rung::Podman => scoped::podman(case),
        Rung::Firefox => scoped::firefox(case),
        Rung::Pnpm => scoped::pnpm(case),
        Rung::Poetry => scoped::poetry(case),
        Rung::Postgres => scoped::postgres(case),
        Rung::Nss => nss::made(case),
        Rung::Java => java::copy(case),
        Rung::JavaOwn => java::own(case),
        Rung::System => system::made(case),
        Rung::Container => Ok(container::made(case)),
    }
}
