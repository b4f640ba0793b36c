//! `whycert trust`, `whycert run` and `whycert bundle`: the ladder, headless.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::Path;

use crate::chain::NodeId;
use crate::headless::{self, Judges};
use crate::inspect::Inspection;
use crate::store::Stores;
use crate::target::Target;
use crate::text;
use crate::trust::prove::{self, Server};
use crate::trust::{self, Place, Plan, Refreshed, Rung, Shell, TrustError};

use super::args::{BundleAction, Trust, TrustAction};
use super::usage::Usage;
use super::{Failure, values};

mod words;

pub(super) fn run(typed: Trust) -> Result<u8, Failure> {
    match &typed.action {
        Some(TrustAction::List) => list(),
        Some(TrustAction::Undo { id, all, yes }) => undo(id.as_deref(), *all, *yes),
        None => climb(&typed),
    }
}

impl From<TrustError> for Failure {
    fn from(error: TrustError) -> Self {
        let listed = "whycert trust list shows what you trusted";
        match error {
            TrustError::NotAnId { .. } | TrustError::Ambiguous { .. } => {
                Usage::new(error.to_string(), listed).into()
            }
            TrustError::Unknown { .. } => Self::could_not(error, listed),
            TrustError::Journal { .. } => Self::could_not(
                error,
                "nothing was changed; put the file right or move it away, and try again",
            ),
            TrustError::Busy => Self::could_not(error, "wait a moment and try again"),
            TrustError::NoHome => Self::could_not(error, "set HOME or XDG_DATA_HOME"),
            TrustError::NeedsRoot => Self::could_not(error, format!("sudo {}", as_typed())),
            TrustError::Planted { .. } => Self::could_not(
                error,
                "put a plain file in a folder of your own in its place",
            ),
            TrustError::Changed { .. } => {
                Self::could_not(error, "nothing was changed; look at the plan again")
            }
            TrustError::Entangled { .. } => Self::could_not(
                error,
                "the rest of the entry stays in the journal until that is done",
            ),
            _ => Self::could_not(error, ""),
        }
    }
}

/// This very command line, for a shell; done, not only shown.
fn as_typed() -> String {
    let words: Vec<OsString> = std::env::args_os()
        .filter(|word| word != "--dry-run")
        .collect();
    trust::said(&words)
}

/// `whycert run`.
pub(super) fn start(file: &Path, command: &[OsString]) -> Result<u8, Failure> {
    trust::run(file, command).map_err(|error| Failure::could_not(&error.problem, &error.hint))
}

/// `whycert bundle …`.
pub(super) fn bundle(action: &BundleAction) -> Result<u8, Failure> {
    let place = Place::this()?;
    let out = match action {
        BundleAction::Refresh => match trust::refresh(&place, &Stores::load(&[]))? {
            Refreshed::None => {
                "You have no bundle: whycert trust TARGET --rung bundle makes one.\n".to_owned()
            }
            Refreshed::Same { roots } => {
                format!(
                    "The bundle is fresh: {}.\n",
                    text::count(roots, "public root")
                )
            }
            Refreshed::Anew { before, roots, own } => format!(
                "Written anew: {} instead of {before}, and {} of your own.\n",
                text::count(roots, "public root"),
                text::count(own, "certificate")
            ),
        },
        BundleAction::Lines { shell } => {
            let shell = match shell {
                Some(name) => Shell::named(name).ok_or_else(|| {
                    Usage::new(
                        format!("--shell: there is no shell “{name}” here"),
                        "sh, fish, powershell or cmd",
                    )
                })?,
                None => own_shell(),
            };
            let path = place.bundle();
            if !path.exists() {
                return Err(Failure::could_not(
                    "you have no bundle yet",
                    "whycert trust TARGET --rung bundle makes one",
                ));
            }
            words::lines(&path, shell)
        }
    };
    headless::print(out.as_bytes())?;
    Ok(0)
}

fn own_shell() -> Shell {
    Shell::from_variable(std::env::var("SHELL").ok().as_deref())
}

fn list() -> Result<u8, Failure> {
    let place = Place::this()?;
    let entries = trust::list(&place)?;
    let mut out = if entries.is_empty() {
        "Nothing that you trusted stands.\n".to_owned()
    } else {
        words::listed(&entries)
    };
    if place.hides_root() {
        out.push_str("What root trusted is not for you to read: sudo whycert trust list\n");
    }
    headless::print(out.as_bytes())?;
    Ok(0)
}

fn undo(id: Option<&str>, all: bool, yes: bool) -> Result<u8, Failure> {
    let place = Place::this()?;
    let entries = trust::list(&place)?;
    let wanted: Vec<String> = match id {
        Some(id) => vec![id.to_owned()],
        None => entries
            .iter()
            .rev()
            .map(|(entry, _)| entry.id.clone())
            .collect(),
    };
    if all && wanted.is_empty() {
        headless::print(b"Nothing that you trusted stands.\n")?;
        return Ok(0);
    }
    if !yes {
        let mut out = String::new();
        for (entry, _) in entries.iter().rev() {
            let named = |id: &String| {
                let id = id.replace(':', "").to_ascii_lowercase();
                entry.id.starts_with(&id) || entry.sha256.starts_with(&id)
            };
            if wanted.iter().any(named) {
                out.push_str(&words::to_undo(entry));
            }
        }
        headless::print(out.as_bytes())?;
        if !out.is_empty() && !agrees("Undo this? Type y: ", "y")? {
            headless::print(b"Nothing was changed. Add --yes to undo it without being asked.\n")?;
            return Ok(0);
        }
    }
    // One that cannot be undone does not keep the others.
    let mut first = None;
    for id in wanted {
        match prove::undo(&place, &id) {
            Ok(undone) => {
                headless::print(words::undone(&undone).as_bytes())?;
            }
            Err(error) => {
                first.get_or_insert(error);
            }
        }
    }
    match first {
        Some(error) => Err(error.into()),
        None => Ok(0),
    }
}

/// Asks on the terminal; without one nobody agrees.
fn agrees(question: &str, wanted: &str) -> Result<bool, Failure> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Ok(false);
    }
    // Standard error: standard output may go into a file.
    let _ = std::io::stderr().write_all(question.as_bytes());
    let mut line = String::new();
    if input.read_line(&mut line).is_err() {
        return Ok(false);
    }
    Ok(line.trim().eq_ignore_ascii_case(wanted))
}

/// Plans, shows, asks, applies and proves.
fn climb(typed: &Trust) -> Result<u8, Failure> {
    let name = typed.target.as_deref().unwrap_or_default();
    let rung = typed.rung.as_deref().map(rung).transpose()?;
    let target = values::one_target(name, &typed.reaching)?;
    let public = typed.public.as_deref().map(public).transpose()?;
    let options = values::options(&typed.reaching, &typed.judging)?;
    values::given_files("--ca", &typed.judging.ca)?;
    let mut given = typed.judging.ca.clone();
    if let Some(from) = &typed.from {
        values::given_files("--from", std::slice::from_ref(from))?;
        given.push(from.clone());
    }
    let inspection = headless::look(target, options, Judges::Machine(given))?;
    let id = match &typed.certificate {
        Some(certificate) => node(&inspection, certificate)?,
        None => usual(&inspection)?,
    };
    if typed.letter {
        headless::print(trust::letter(&inspection, Some(id)).as_bytes())?;
        return Ok(0);
    }
    let place = Place::this()?;
    let Some(rung) = rung else {
        let ladder = words::ladder(&place, &inspection, id);
        headless::print(ladder.as_bytes())?;
        return Ok(0);
    };
    let plan = trust::plan(&place, &inspection, id, rung)
        .map_err(|refusal| Failure::could_not(&refusal.reason, &refusal.instead))?;
    shown_before(typed, &plan)?;
    headless::print(words::plan(&plan, &as_typed()).as_bytes())?;
    if plan.steps.is_empty() {
        headless::print(b"\nNothing was written: this rung is done by hand.\n")?;
        return Ok(0);
    }
    if typed.dry_run {
        headless::print(b"\nNothing was written.\n")?;
        return Ok(0);
    }
    if plan.is_forbidden() {
        return Err(TrustError::NeedsRoot.into());
    }
    if !typed.yes && !confirmed(&plan)? {
        let out = format!(
            "\nNothing was written. Add --yes --sha256 {} to write it.\n",
            text::hex(&plan.certificate.sha256)
        );
        headless::print(out.as_bytes())?;
        return Ok(0);
    }
    carry_out(&place, &plan, public.as_ref())
}

/// `--sha256` names what was shown before; another certificate is another question.
fn shown_before(typed: &Trust, plan: &Plan) -> Result<(), Failure> {
    let Some(sha256) = &typed.sha256 else {
        return Ok(());
    };
    let wanted = sha256.replace(':', "").to_ascii_lowercase();
    if wanted.len() != 64 {
        return Err(Usage::new(
            "--sha256 is the whole SHA-256, 64 hex digits",
            "leave out --yes to see it",
        )
        .into());
    }
    let now = text::hex(&plan.certificate.sha256);
    if wanted != now {
        return Err(Failure::could_not(
            "this is not the certificate that was shown: its SHA-256 is another",
            format!("it is {now} now; find out why before you trust it"),
        ));
    }
    Ok(())
}

fn confirmed(plan: &Plan) -> Result<bool, Failure> {
    if plan.rung.touches_others() {
        let wanted = plan.last_four();
        return agrees(
            "\nOther programs change what they do. To agree, type the last four characters of the SHA-256: ",
            &wanted,
        );
    }
    agrees("\nWrite it? Type y: ", "y")
}

fn carry_out(place: &Place, plan: &Plan, public: Option<&Server>) -> Result<u8, Failure> {
    let mut told = None;
    let applied = prove::apply(place, plan, public, &mut |entry| {
        told = Some(headless::print(words::written(plan, entry).as_bytes()));
    })?;
    told.transpose()?;
    headless::print(words::proof(plan, &applied).as_bytes())?;
    if matches!(plan.rung, Rung::Bundle) {
        headless::print(words::lines(&place.bundle(), own_shell()).as_bytes())?;
    }
    let helped = applied.outcome.is_good();
    if !helped && agrees("Undo it? Type y: ", "y")? {
        let undone = prove::undo(place, &applied.entry.id)?;
        headless::print(words::undone(&undone).as_bytes())?;
    }
    Ok(u8::from(!helped))
}

/// A public server, as it was typed.
fn public(typed: &str) -> Result<Server, Failure> {
    let hint = "name a host, such as --public example.com";
    let target = Target::parse(typed)
        .map_err(|wrong| Usage::new(format!("--public: {}", wrong.problem), hint))?;
    let endpoint = target
        .endpoint()
        .ok_or_else(|| Usage::new(format!("--public: “{}” is a file", text::safe(typed)), hint))?;
    Ok(Server::of(endpoint))
}

fn rung(typed: &str) -> Result<Rung, Failure> {
    Rung::named(typed).ok_or_else(|| {
        let ids: Vec<&str> = Rung::ALL.iter().map(|rung| rung.id()).collect();
        let hint = match text::nearest(typed, ids.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => ids.join(", "),
        };
        Usage::new(format!("--rung: there is no rung “{typed}”"), hint).into()
    })
}

/// What is trusted when none is named: the root of the first path, or a leaf that signed itself.
fn usual(inspection: &Inspection) -> Result<NodeId, Failure> {
    seen(inspection)?;
    let chain = &inspection.chain;
    let roots = chain
        .paths
        .iter()
        .filter_map(|path| path.nodes.last().copied())
        .find(|id| chain.is_self_signed(*id));
    roots.or(chain.leaf).ok_or_else(|| {
        Usage::new(
            "the chain has no root that could be trusted",
            "name a certificate with --certificate, or the root's file with --from",
        )
        .into()
    })
}

/// Some certificate was seen.
fn seen(inspection: &Inspection) -> Result<(), Failure> {
    if !inspection.chain.nodes.is_empty() {
        return Ok(());
    }
    let hint = "whycert inspect shows what was found";
    Err(match inspection.findings.first() {
        Some(cause) => Failure::could_not(super::in_one_line(cause), hint),
        None => Failure::could_not("no certificate was seen", hint),
    })
}

/// The certificate that was named by number or by the start of its SHA-256.
fn node(inspection: &Inspection, typed: &str) -> Result<NodeId, Failure> {
    seen(inspection)?;
    let chain = &inspection.chain;
    if let Some(number) = typed
        .parse()
        .ok()
        .filter(|n: &usize| *n < chain.nodes.len())
    {
        return Ok(NodeId(number));
    }
    let wanted = typed.replace(':', "").to_ascii_lowercase();
    let mut found = chain.iter().filter(|(_, node)| {
        let certificate = node.certificate.as_ref();
        wanted.len() >= 4 && certificate.is_some_and(|c| text::hex(&c.sha256).starts_with(&wanted))
    });
    match (found.next(), found.next()) {
        (Some((id, _)), None) => Ok(id),
        _ => Err(Usage::new(
            format!("--certificate: there is no certificate “{typed}” in this chain"),
            format!(
                "use a number from 0 to {}, or the first digits of a SHA-256; --from FILE adds those of a file",
                chain.nodes.len() - 1
            ),
        )
        .into()),
    }
}
