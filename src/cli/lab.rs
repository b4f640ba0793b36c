//! `whycert lab`: failing servers on this machine, on the screen or served for other programs.

use std::io::Write;
use std::path::PathBuf;

use crate::headless::{self, Format, Judges};
use crate::inspect::Options;
use crate::lab::{Lab, LabError, SCENARIOS, Scenario};
use crate::save;
use crate::store::{Anchor, StoreKind, Stores, TrustStore};
use crate::target::Target;
use crate::text;
use crate::tui;

use super::args::{self, LabAction};
use super::usage::Usage;
use super::{Failure, screen, values};

/// What to do when the root cannot be saved.
const ROOT_HINT: &str = "name another file with --root, or leave --root out";

/// Columns that a story is wrapped at.
const COLUMNS: usize = 92;

pub(super) fn run(typed: args::Lab) -> Result<u8, Failure> {
    match typed.action {
        Some(LabAction::List { scenarios }) => list(&scenarios),
        Some(LabAction::Serve {
            scenarios,
            port,
            root,
        }) => serve(&scenarios, port, root),
        None => open(&typed),
    }
}

impl From<LabError> for Failure {
    fn from(error: LabError) -> Self {
        let hint = match &error {
            LabError::Port { source, .. }
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                "ports below 1024 need rights of their own; use --port 9443, or leave it out for free ports"
            }
            LabError::Port { .. } => {
                "another program listens there; use another --port, or leave it out for free ports"
            }
            LabError::TooFewPorts { .. } => {
                "use a smaller --port, name fewer scenarios, or leave --port out for free ports"
            }
            LabError::Minting { .. } | LabError::System(_) => "",
        };
        Self::could_not(error, hint)
    }
}

/// On the screen; in a pipe the reports of the scenarios that are named, or else the list.
fn open(typed: &args::Lab) -> Result<u8, Failure> {
    let chosen = chosen(&typed.scenarios)?;
    let picture = typed.screen.screenshot.is_some();
    let on_screen = picture || values::has_screen();
    if !on_screen && typed.scenarios.is_empty() {
        let code = list(&[])?;
        // A word beside the list, which is lost when nobody reads it.
        let _ = std::io::stderr().write_all(
            b"hint: in a terminal whycert lab opens them all; whycert lab expired | cat prints one report; \
              whycert lab serve runs the servers\n",
        );
        return Ok(code);
    }
    let lab = Lab::start(&chosen, None)?;
    let stores = stores(&lab);
    let mut entries = Vec::new();
    for running in lab.running() {
        entries.push(tui::Entry {
            target: Target::parse(&running.target).map_err(Usage::from)?,
            label: Some(running.scenario.title.to_owned()),
            story: Some(running.scenario.story.to_owned()),
        });
    }
    if !on_screen {
        let targets = entries.into_iter().map(|entry| entry.target).collect();
        let format = Format::Text {
            ascii: typed.screen.ascii,
        };
        let judges = Judges::Fixed(stores);
        return Ok(headless::inspect(targets, direct(), judges, format)?);
    }
    let start = tui::Start {
        entries,
        options: direct(),
        stores: tui::StoreSource::Fixed(stores),
        look: values::look(&typed.screen),
    };
    // The servers run until the screen is left.
    screen(start, &typed.screen)
}

/// The lab is on this machine: no proxy has a part in it.
fn direct() -> Options {
    let mut options = Options::default();
    options.reach.proxy = crate::net::ProxyChoice::Direct;
    options
}

/// The lab's own roots, as the only store.
fn stores(lab: &Lab) -> Stores {
    let anchors = lab.roots().iter().map(|der| Anchor {
        der: der.clone().into(),
    });
    let title = "the lab's roots";
    let kind = StoreKind::Given;
    Stores::only(TrustStore::new(
        kind,
        "lab",
        title,
        None,
        anchors.collect(),
        Vec::new(),
    ))
}

/// One line for each; with names, their stories too.
fn list(names: &[String]) -> Result<u8, Failure> {
    let chosen = chosen(names)?;
    let longest = |of: fn(&Scenario) -> &str| chosen.iter().map(|s| of(s).len()).max().unwrap_or(0);
    let id = longest(|s| s.id);
    let mut out = String::new();
    for scenario in &chosen {
        if names.is_empty() {
            out.push_str(&format!("{:<id$}  {}\n", scenario.id, scenario.title));
            continue;
        }
        let rules = match scenario.expects {
            [] => "nothing, all is well".to_owned(),
            rules => rules.join(", "),
        };
        out.push_str(&format!(
            "{}: {}\n{}  whycert finds: {rules}\n\n",
            scenario.id,
            scenario.title,
            values::folded(
                scenario.story,
                ("  ", "  "),
                COLUMNS.min(headless::columns())
            )
        ));
    }
    headless::print(out.trim_end().as_bytes())?;
    headless::print(b"\n")?;
    Ok(0)
}

/// Runs the servers until a signal ends them.
fn serve(names: &[String], port: Option<u16>, root: Option<PathBuf>) -> Result<u8, Failure> {
    let chosen = chosen(names)?;
    if let Some(path) = &root {
        save::check_new(path).map_err(|error| Failure::could_not(error, ROOT_HINT))?;
    }
    // Heard from here on: whoever reads the first line may already ask to end.
    let signals = Signals::hear()?;
    let lab = Lab::start(&chosen, port)?;
    if let Some(path) = &root {
        let pem = lab.root_pem();
        save::save_new(path, pem.as_bytes())
            .map_err(|error| Failure::could_not(error, ROOT_HINT))?;
    }
    let longest = chosen.iter().map(|s| s.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    for running in lab.running() {
        let scenario = running.scenario;
        out.push_str(&format!("{:<longest$}  {}\n", scenario.id, running.target));
    }
    if !headless::print(out.as_bytes())? {
        return Ok(0);
    }
    let trust = match &root {
        Some(path) => {
            let path = text::shell_quote(&path.to_string_lossy());
            format!(
                "Programs that trust {path} accept the healthy ones: --cacert in curl, --ca in whycert."
            )
        }
        None => {
            "Add --root FILE to get the root that programs must trust to accept the healthy ones."
                .to_owned()
        }
    };
    // Nobody is left to be told when standard error is closed.
    let _ = std::io::stderr()
        .write_all(format!("{}\nCtrl-C ends them.\n", text::safe(&trust)).as_bytes());
    signals.wait();
    Ok(0)
}

/// The scenarios with these names, or all.
fn chosen(names: &[String]) -> Result<Vec<&'static Scenario>, Usage> {
    if names.is_empty() {
        return Ok(SCENARIOS.iter().collect());
    }
    names.iter().map(|name| scenario(name)).collect()
}

fn scenario(name: &str) -> Result<&'static Scenario, Usage> {
    if let Some(scenario) = Scenario::named(name) {
        return Ok(scenario);
    }
    let ids = SCENARIOS.iter().map(|s| s.id);
    let hint = match text::nearest(name, ids.chain(["list", "serve"])) {
        Some(near @ ("list" | "serve")) => format!("did you mean whycert lab {near}?"),
        Some(near) => format!("did you mean {near}?"),
        None => "whycert lab list names them all".to_owned(),
    };
    Err(Usage::new(
        format!("there is no scenario “{}”", text::clip(name, 60)),
        hint,
    ))
}

/// Ctrl-C, SIGTERM and SIGHUP: an ordinary end.
#[cfg(unix)]
struct Signals(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Signals {
    fn hear() -> Result<Self, Failure> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
            .map_err(LabError::System)?;
        Ok(Self(signals))
    }

    fn wait(mut self) {
        self.0.forever().next();
    }
}

/// Elsewhere Ctrl-C ends the process, and with it the servers.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn hear() -> Result<Self, Failure> {
        Ok(Self)
    }

    fn wait(self) {
        loop {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gets_the_nearest_scenario() {
        for (typed, hint) in [
            ("exipred", "did you mean expired?"),
            ("self-singed", "did you mean self-signed?"),
            ("lst", "did you mean whycert lab list?"),
            ("server", "did you mean whycert lab serve?"),
            ("xyzzy", "whycert lab list names them all"),
        ] {
            let wrong = scenario(typed).unwrap_err();
            assert_eq!(wrong.hint, hint, "{typed}");
        }
    }

    #[test]
    fn stories_are_wrapped() {
        for scenario in SCENARIOS {
            let wrapped = values::folded(scenario.story, ("  ", "  "), COLUMNS);
            assert!(
                wrapped
                    .lines()
                    .all(|l| text::width(l) <= COLUMNS && l.starts_with("  "))
            );
            let words = |t: &str| t.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&wrapped), words(scenario.story));
        }
    }
}
