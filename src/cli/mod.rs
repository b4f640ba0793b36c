//! The command line: what was typed becomes a command, and the command an exit code.
//!
//! Nothing here looks at a server or draws: [`crate::headless`] and [`crate::tui`] do.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::diagnosis::Finding;
use crate::export::{self, ExportError};
use crate::headless::{self, Format, Judges, Trouble};
use crate::inspect::{Inspection, Options};
use crate::save;
use crate::store::{Machine, Survey};
use crate::target::{Source, Target};
use crate::text;
use crate::tui;

mod args;
mod clients;
mod explain;
mod lab;
mod trust;
mod usage;
mod values;
mod verify;

use args::{Arguments, Command, ExportFormat, ReportFormat};
use usage::Usage;

/// The exit code of a mistake on the command line.
const USAGE: u8 = 2;

/// What to do when a file cannot be saved.
const SAVE_HINT: &str = "name another file with -o, or leave -o out to write to standard output";

/// Runs the program: reads the arguments, does what they say, and answers with the exit code.
pub fn main() -> ExitCode {
    let typed = explain::texts_are_no_options(std::env::args_os().collect());
    let code = run(typed).unwrap_or_else(|failure| {
        let code = failure.code();
        // Nobody is left to be told when standard error is closed.
        let _ = std::io::stderr().write_all(failure.words().as_bytes());
        code
    });
    ExitCode::from(code)
}

/// The whole command line as clap knows it, for completions, manual pages and tests.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Why a command did not do what it should.
enum Failure {
    /// The command line is wrong: exit code 2.
    Usage(Usage),
    /// It could not be done: exit code 3.
    CouldNot { problem: String, hint: String },
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::CouldNot { .. } => headless::COULD_NOT,
        }
    }

    fn words(&self) -> String {
        let (problem, hint) = match self {
            Self::Usage(usage) => (&usage.problem, &usage.hint),
            Self::CouldNot { problem, hint } => (problem, hint),
        };
        let problem = text::safe(problem);
        if hint.is_empty() {
            return format!("whycert: {problem}\n");
        }
        format!("whycert: {problem}\nhint: {}\n", text::safe(hint))
    }

    fn could_not(problem: impl ToString, hint: impl ToString) -> Self {
        Self::CouldNot {
            problem: problem.to_string(),
            hint: hint.to_string(),
        }
    }
}

impl From<Usage> for Failure {
    fn from(usage: Usage) -> Self {
        Self::Usage(usage)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::could_not(trouble, "")
    }
}

fn run(typed: Vec<OsString>) -> Result<u8, Failure> {
    let arguments = match Arguments::try_parse_from(&typed) {
        Ok(arguments) => arguments,
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            return match error.print() {
                Ok(()) => Ok(0),
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
                Err(error) => Err(Trouble::Output(error.to_string()).into()),
            };
        }
        Err(error) => {
            let typed: Vec<String> = typed
                .iter()
                .map(|word| word.to_string_lossy().into_owned())
                .collect();
            return Err(Usage::from_clap(&error, &Arguments::command(), &typed).into());
        }
    };
    match arguments.command {
        None => {
            commands_come_first(&arguments.targets, &typed)?;
            open(arguments)
        }
        Some(Command::Inspect(inspect)) => {
            let targets = values::targets(&inspect.targets, &inspect.reaching)?;
            let mut options = values::options(&inspect.reaching, &inspect.judging)?;
            values::suppose(&mut options, &inspect.supposing)?;
            values::given_files("--ca", &inspect.judging.ca)?;
            announce_stdin(&targets);
            let format = format(inspect.format, inspect.ascii);
            let judges = Judges::Machine(inspect.judging.ca);
            Ok(headless::inspect(targets, options, judges, format)?)
        }
        Some(Command::Clients(clients)) => self::clients::run(clients),
        Some(Command::Verify(verify)) => verify::verify(verify),
        Some(Command::Export(export)) => self::export(export),
        Some(Command::Trust(typed)) => trust::run(*typed),
        Some(Command::Run { trust, command }) => trust::start(&trust, &command),
        Some(Command::Bundle { action }) => trust::bundle(&action),
        Some(Command::Stores(stores)) => self::stores(&stores),
        Some(Command::Explain(explain)) => explain::explain(*explain),
        Some(Command::Lab(lab)) => self::lab::run(lab),
    }
}

/// A command's name among the targets is a slip (`whycert --ca FILE inspect host`), unless `--`
/// says that it is a host.
fn commands_come_first(targets: &[String], typed: &[OsString]) -> Result<(), Usage> {
    if typed.iter().any(|word| word == "--") {
        return Ok(());
    }
    let line = Arguments::command();
    if let [first, _, ..] = targets
        && let Some(near) = slip_of_command(first, &line)
    {
        return Err(Usage::new(
            format!("there is no command “{first}”"),
            format!("did you mean {near}? For a host of that name type whycert -- {first} …"),
        ));
    }
    match targets.iter().find(|t| line.find_subcommand(t).is_some()) {
        None => Ok(()),
        Some(name) => Err(Usage::new(
            format!("“{name}” is a command, and commands come first"),
            format!("type whycert {name} …, or whycert -- {name} for a host of that name"),
        )),
    }
}

/// The command that a first word of letters alone is a slip of: `inspct`.
fn slip_of_command(word: &str, line: &clap::Command) -> Option<String> {
    if word.len() < 5 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let commands: Vec<&str> = line
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let long = commands.into_iter().filter(|name| name.len() >= 5);
    let near = text::nearest(word, long)?;
    (near != word).then(|| near.to_owned())
}

/// `whycert TARGET…`: the screen in a terminal, else the text report.
fn open(arguments: Arguments) -> Result<u8, Failure> {
    let targets = values::targets(&arguments.targets, &arguments.reaching)?;
    let mut options = values::options(&arguments.reaching, &arguments.judging)?;
    values::suppose(&mut options, &arguments.supposing)?;
    values::given_files("--ca", &arguments.judging.ca)?;
    let picture = arguments.screen.screenshot.is_some();
    if picture || values::has_screen() {
        if !picture && std::io::stdin().is_terminal() && targets.iter().any(from_stdin) {
            return Err(Usage::new(
                "standard input (-) is the keyboard here, which the screen needs",
                "pipe the certificates: whycert - < chain.pem, or name the file",
            )
            .into());
        }
        let start = tui::Start {
            entries: targets
                .into_iter()
                .map(|target| tui::Entry {
                    target,
                    label: None,
                    story: None,
                })
                .collect(),
            options,
            stores: tui::StoreSource::Machine(arguments.judging.ca),
            look: values::look(&arguments.screen),
        };
        return screen(start, &arguments.screen);
    }
    if targets.is_empty() {
        return Err(Usage::new(
            "no target is named, and standard output is not a terminal with a screen",
            "name a server or a file: whycert https://localhost:8443",
        )
        .into());
    }
    let format = Format::Text {
        ascii: arguments.screen.ascii,
    };
    Ok(headless::inspect(
        targets,
        options,
        Judges::Machine(arguments.judging.ca),
        format,
    )?)
}

fn from_stdin(target: &Target) -> bool {
    target.source == Source::Stdin
}

/// Says what is waited for when certificates are to be typed or pasted.
fn announce_stdin<'t>(targets: impl IntoIterator<Item = &'t Target>) {
    if std::io::stdin().is_terminal() && targets.into_iter().any(from_stdin) {
        // A word beside the output; lost when standard error is closed.
        let _ = std::io::stderr().write_all(
            b"Reading certificates from standard input: paste them, then press Ctrl-D.\n",
        );
    }
}

/// The screen, or a picture of it.
fn screen(start: tui::Start, screen: &args::Screen) -> Result<u8, Failure> {
    let size = screen.size.as_deref().map_or(Ok((120, 36)), values::size)?;
    let Some(path) = &screen.screenshot else {
        return tui::run(start).map(|()| 0).map_err(|error| {
            Failure::could_not(error, "use whycert inspect for a report without a screen")
        });
    };
    let keys = screen.keys.as_deref().unwrap_or("");
    if let Err(key) = tui::parse_keys(keys) {
        return Err(Usage::new(
            format!("--keys: “{key}” is no key"),
            "use letters, and names such as <enter>, <tab>, <down>, <esc>; <lt> for <",
        )
        .into());
    }
    match tui::screenshot(start, size, keys, path) {
        Ok(()) => Ok(0),
        Err(tui::TuiError(problem)) => Err(Failure::could_not(
            problem,
            "name another file with --screenshot",
        )),
    }
}

/// `stores`: what this machine trusts, program by program.
fn stores(typed: &args::Stores) -> Result<u8, Failure> {
    values::given_files("--ca", &typed.ca)?;
    let survey = Survey::of(&Machine::this(), &typed.ca);
    let out = match typed.format {
        ReportFormat::Text => export::stores::text(&survey, headless::columns()),
        ReportFormat::Json => export::stores::json(&survey),
        ReportFormat::Markdown => export::stores::markdown(&survey),
    };
    headless::print(out.as_bytes())?;
    Ok(0)
}

fn export(typed: args::Export) -> Result<u8, Failure> {
    let what = typed
        .what
        .parse::<export::What>()
        .map_err(|ExportError(problem)| {
            Usage::new(
                format!("--what: {problem}"),
                "use leaf, chain, repaired, root, a number such as 0, or roots+0",
            )
        })?;
    let format = match typed.format {
        ExportFormat::Pem => export::Format::Pem,
        ExportFormat::Der => export::Format::Der,
        ExportFormat::Text => export::Format::Text,
        ExportFormat::Json => export::Format::Json,
        ExportFormat::Markdown => export::Format::Markdown,
    };
    let target = values::one_target(&typed.target, &typed.reaching)?;
    let mut options: Options = values::options(&typed.reaching, &typed.judging)?;
    values::suppose(&mut options, &typed.supposing)?;
    values::given_files("--ca", &typed.judging.ca)?;
    // What would be refused at the end is refused before the look.
    match &typed.output {
        Some(path) => {
            save::check_new(path).map_err(|error| Failure::could_not(error, SAVE_HINT))?
        }
        None if format == export::Format::Der && std::io::stdout().is_terminal() => {
            return Err(Usage::new(
                "DER is binary, and standard output is a terminal",
                "add -o FILE, or --format pem",
            )
            .into());
        }
        None => {}
    }
    announce_stdin([&target]);
    let inspection = headless::look(target, options, Judges::Machine(typed.judging.ca))?;
    let bytes = export::render(&inspection, what, format)
        .map_err(|ExportError(problem)| not_exported(&inspection, &problem))?;
    match typed.output {
        None => {
            headless::print(&bytes)?;
        }
        Some(path) => {
            save::save_new(&path, &bytes).map_err(|error| Failure::could_not(error, SAVE_HINT))?;
        }
    }
    Ok(0)
}

/// Why nothing was exported; when nothing was seen, the cause of that.
fn not_exported(inspection: &Inspection, problem: &str) -> Failure {
    let target = text::shell_quote(&inspection.capture.target.typed);
    let hint = format!("whycert inspect {target} shows what was found");
    match inspection.findings.first() {
        Some(cause) if inspection.chain.nodes.is_empty() => {
            Failure::could_not(in_one_line(cause), hint)
        }
        _ => Failure::could_not(problem, hint),
    }
}

/// A finding's sentence with its first fact, for a message of one line.
fn in_one_line(finding: &Finding) -> String {
    match finding.evidence.first() {
        Some(fact) => {
            let sentence = finding.summary.trim_end_matches('.');
            format!("{sentence} ({}: {})", fact.label, fact.value)
        }
        None => finding.summary.clone(),
    }
}

fn format(typed: ReportFormat, ascii: bool) -> Format {
    match typed {
        ReportFormat::Text => Format::Text { ascii },
        ReportFormat::Json => Format::Json,
        ReportFormat::Markdown => Format::Markdown,
    }
}
