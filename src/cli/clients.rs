//! `whycert clients`: who accepts a target and who rejects it; and asking those that are on this machine.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::Mutex;

use super::{Failure, ReportFormat, Usage, announce_stdin, args, values};
use crate::ask::{self, Asking, Way};
use crate::export;
use crate::headless::{self, Judges};
use crate::inspect::{self, Inspection, Options};
use crate::judge::client::Measured;
use crate::moment::Moment;
use crate::store::{Machine, Stores, Survey};
use crate::target::Target;
use crate::text;

pub(super) fn run(typed: args::Clients) -> Result<u8, Failure> {
    let target = values::one_target(&typed.target, &typed.reaching)?;
    let mut options = values::options(&typed.reaching, &typed.judging)?;
    values::suppose(&mut options, &typed.supposing)?;
    values::given_files("--ca", &typed.judging.ca)?;
    if typed.ask {
        may_ask(&target, &typed, &options)?;
    }
    announce_stdin([&target]);
    let machine = Machine::this();
    // Looking, reading every store and looking for clients take place beside each other.
    let (look, (survey, installed)) = std::thread::scope(|scope| {
        let found = scope.spawn(|| ask::find(&machine));
        let survey = scope.spawn(|| Survey::of(&machine, &typed.judging.ca).stores());
        let options = Options {
            direct: true,
            ..options.clone()
        };
        let judges = Judges::Machine(typed.judging.ca.clone());
        let look = headless::look(target, options, judges);
        let survey = survey.join().unwrap_or_default();
        (look, (survey, found.join().unwrap_or_default()))
    });
    let mut options = Options {
        grid: true,
        installed: installed.into(),
        ..options
    };
    let mut inspection = inspect::survey(&look?, &survey, &options, Moment::now());
    if typed.ask {
        let asking = asking(&inspection, &survey)?;
        agreed(&asking, typed.yes)?;
        end_with_us()?;
        options.measured = asked(&asking.ways);
        inspection = inspect::survey(&inspection, &survey, &options, Moment::now());
    }
    let out = match typed.format {
        ReportFormat::Text => export::clients::text(&inspection, headless::columns()),
        ReportFormat::Json => export::clients::json(&inspection),
        ReportFormat::Markdown => export::clients::markdown(&inspection),
    };
    headless::print(out.unwrap_or_default().as_bytes())?;
    Ok(inspection.outcome.exit_code())
}

/// Whether clients can be asked about what was typed; said before anything is looked at.
fn may_ask(target: &Target, typed: &args::Clients, options: &Options) -> Result<(), Usage> {
    if !options.what_if.is_empty() {
        return Err(Usage::new(
            "--ask goes with neither --what-if nor --at: clients answer for what is, not for what is assumed",
            "leave one of them out",
        ));
    }
    if let Some(why) = ask::obstacle(target.endpoint()) {
        return Err(Usage::new(
            format!("--ask: {why}"),
            "name a server: whycert clients https://localhost:8443 --ask",
        ));
    }
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !typed.yes && !terminal {
        return Err(Usage::new(
            "--ask runs programs, and there is no terminal to ask you whether it may",
            "add --yes to run them",
        ));
    }
    Ok(())
}

fn asking(inspection: &Inspection, survey: &Stores) -> Result<Asking, Failure> {
    let endpoint = inspection.capture.target.endpoint();
    let asking = endpoint.map_or_else(Asking::default, |endpoint| {
        let rows = inspection.grid.iter().flat_map(|grid| &grid.rows);
        let here: Vec<_> = rows.filter_map(|row| row.installed.clone()).collect();
        ask::ways(endpoint, &here, survey)
    });
    if inspection.grid.is_none() {
        return Err(Failure::could_not(
            ask::NOTHING_JUDGED,
            "whycert inspect tells what the server showed",
        ));
    }
    if asking.ways.is_empty() {
        return Err(Failure::could_not(
            "none of the clients that whycert can ask is on this machine",
            "leave --ask out for what is predicted of them",
        ));
    }
    Ok(asking)
}

/// Whatever ends us ends the clients first: they run in groups of their own, which no Ctrl-C reaches.
#[cfg(unix)]
fn end_with_us() -> Result<(), Failure> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]);
    let mut signals = signals.map_err(|error| {
        Failure::could_not(format!("cannot wait for signals: {error}"), "try again")
    })?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            ask::stop();
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}

/// Elsewhere they end when they have answered.
#[cfg(not(unix))]
fn end_with_us() -> Result<(), Failure> {
    Ok(())
}

/// Shows the commands and waits for a yes.
fn agreed(asking: &Asking, yes: bool) -> Result<(), Failure> {
    let ways = &asking.ways;
    let mut out = String::from("These commands ask the clients of this machine:\n\n");
    let mut files: Vec<(&str, &str)> = Vec::new();
    for way in ways {
        out.push_str(&format!(
            "  {} (sends {})\n    {}\n",
            way.version,
            way.sends,
            way.command()
        ));
        for note in way.notes() {
            out.push_str(&format!("    ({note})\n"));
        }
        files.extend(way.file.filter(|file| !files.contains(file)));
    }
    for (name, body) in files {
        out.push_str(&format!("\n  {name} is this file:\n"));
        for line in body.lines() {
            out.push_str(&format!("    {line}\n"));
        }
    }
    for made in asking.made() {
        out.push_str(&format!("\n  {}\n", made));
    }
    for left in &asking.left {
        out.push_str(&format!("\n  {} is not asked: {}.", left.version, left.why));
    }
    if !asking.left.is_empty() {
        out.push('\n');
    }
    out.push_str(
        "\nThey get your variables, whose effect is measured, and an empty home: no credentials of yours.\n",
    );
    let mut err = std::io::stderr().lock();
    // What cannot be shown is not run: a closed standard error ends here.
    let shown = err.write_all(out.as_bytes());
    if yes {
        return Ok(());
    }
    let count = text::count(ways.len(), "command");
    let asked =
        shown.and_then(|()| write!(err, "\nRun {count}? [y/N] ").and_then(|()| err.flush()));
    let mut answer = String::new();
    let read = asked.and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    match read {
        Ok(_) if ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) => Ok(()),
        _ => Err(Failure::could_not(
            "nothing was run",
            "leave --ask out for what is predicted, or answer y",
        )),
    }
}

fn asked(ways: &[Way]) -> Vec<Measured> {
    let answers = Mutex::new(Vec::with_capacity(ways.len()));
    ask::ask(ways, &|measured| {
        if let Ok(mut all) = answers.lock() {
            all.push(measured);
        }
    });
    answers.into_inner().unwrap_or_default()
}
