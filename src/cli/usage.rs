//! Mistakes on the command line: one line of what is wrong, one line of what to type instead.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::target::TargetError;
use crate::text;

/// A mistake. Both parts are one line and safe to display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// What is wrong.
    pub problem: String,
    /// What to type instead.
    pub hint: String,
}

impl Usage {
    /// A mistake in these words, escaped.
    pub fn new(problem: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
        Self {
            problem: text::safe(problem.as_ref()).into_owned(),
            hint: text::safe(hint.as_ref()).into_owned(),
        }
    }

    /// A mistake that clap found, in our words. `command` is the whole command line's description.
    pub fn from_clap(error: &clap::Error, command: &Command, typed: &[String]) -> Self {
        let help = format!("{} --help", command_path(command, typed));
        let invalid = context(error, ContextKind::InvalidArg);
        let value = context(error, ContextKind::InvalidValue);
        let near = context(error, ContextKind::SuggestedArg)
            .or_else(|| context(error, ContextKind::SuggestedValue))
            .or_else(|| context(error, ContextKind::SuggestedSubcommand));
        let option = invalid.clone().unwrap_or_default();
        match error.kind() {
            ErrorKind::UnknownArgument => {
                if let Some((problem, hint)) = habit(&option) {
                    return Self::new(format!("there is no option {option} here{problem}"), hint);
                }
                let hint = match (near, owner(command, typed, &option)) {
                    (_, Some(owner)) => owner,
                    (Some(near), None) => format!("did you mean {near}?"),
                    (None, None) => format!("{help} lists the options"),
                };
                if option.starts_with('-') {
                    Self::new(format!("there is no option {option} here"), hint)
                } else {
                    Self::new(
                        format!("“{option}” is one argument too many"),
                        help_hint(&help),
                    )
                }
            }
            ErrorKind::InvalidSubcommand => {
                let wrong = context(error, ContextKind::InvalidSubcommand).unwrap_or_default();
                let hint = match near {
                    Some(near) => format!("did you mean {near}?"),
                    None => help_hint(&help),
                };
                Self::new(format!("there is no command “{wrong}” here"), hint)
            }
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                let path = command_path(command, typed);
                let known: Vec<String> = named(command, typed)
                    .pop()
                    .unwrap_or(command)
                    .get_subcommands()
                    .map(Command::get_name)
                    .filter(|name| *name != "help")
                    .map(|name| format!("{path} {name}"))
                    .collect();
                Self::new(
                    format!("{path} needs to know what to do"),
                    format!("use {}", text::list_or(&known)),
                )
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let value = value.unwrap_or_default();
                let valid = context(error, ContextKind::ValidValue);
                let problem = if value.is_empty() {
                    format!("{} needs a value", name_of(&option))
                } else {
                    format!("{} cannot be “{value}”", name_of(&option))
                };
                let hint = match (near, valid) {
                    (Some(near), _) => format!("did you mean {near}?"),
                    (None, Some(valid)) => format!("use {valid}"),
                    (None, None) if name_of(&option) == "--port" => {
                        "ports are numbers from 1 to 65535, such as 9443".to_owned()
                    }
                    (None, None) => help_hint(&help),
                };
                Self::new(problem, hint)
            }
            ErrorKind::MissingRequiredArgument => {
                let what = invalid.unwrap_or_else(|| "an argument".to_owned());
                let example = example(command, typed);
                Self::new(
                    format!("{} is missing", bare(&what)),
                    example.map_or_else(|| help_hint(&help), |e| format!("for example: {e}")),
                )
            }
            ErrorKind::ArgumentConflict => {
                let prior = context(error, ContextKind::PriorArg);
                match prior {
                    Some(prior) if prior != option => Self::new(
                        format!("{} and {} exclude each other", bare(&option), bare(&prior)),
                        "leave one of them out",
                    ),
                    Some(_) => Self::new(
                        format!("{} is given twice", bare(&option)),
                        "leave one of them out",
                    ),
                    None => Self::new(
                        "options stand before the command that they are for",
                        "type the command first, its options after it: whycert inspect TARGET --ca FILE",
                    ),
                }
            }
            ErrorKind::InvalidUtf8 => Self::new(
                "an argument is not valid UTF-8",
                "type it again in plain letters, or rename the file",
            ),
            ErrorKind::NoEquals
            | ErrorKind::TooManyValues
            | ErrorKind::TooFewValues
            | ErrorKind::WrongNumberOfValues => Self::new(
                format!("{} has the wrong number of values", name_of(&option)),
                help_hint(&help),
            ),
            _ => Self::new("the command line is not understood", help_hint(&help)),
        }
    }
}

impl From<TargetError> for Usage {
    fn from(error: TargetError) -> Self {
        Self::new(error.problem, error.hint)
    }
}

/// Options of other programs that fingers know: what they lack here, and what to type instead.
fn habit(option: &str) -> Option<(&'static str, &'static str)> {
    Some(match option {
        "-k" | "--insecure" | "--no-verify" | "--no-check-certificate" => (
            ": every chain is shown, also one that is rejected",
            "leave it out: nothing needs to be switched off to look",
        ),
        "-v" | "--verbose" | "-q" | "--quiet" => (
            ": the report is always whole",
            "leave it out, or use --format json for programs; -V shows the version",
        ),
        "--json" => ("", "use: whycert inspect TARGET --format json"),
        "--markdown" => ("", "use: whycert inspect TARGET --format markdown"),
        "--cacert" | "--cafile" | "--CAfile" | "--ca-certificate" => ("", "use --ca FILE"),
        "--servername" | "--server-name" => ("", "use --sni NAME"),
        "--resolve" | "--connect-to" => ("", "use --connect ADDR[:PORT]"),
        "--socks5" | "--socks5-hostname" | "-x" => ("", "use --proxy URL"),
        "--port" | "-p" => ("", "write the port behind the host: localhost:8443"),
        "--time" | "--date" => ("", "use --at TIME, such as --at 2027-01-31 or --at +30d"),
        _ => return None,
    })
}

fn help_hint(help: &str) -> String {
    format!("{help} shows what can be typed")
}

/// Clap's context value as words: lists are joined with "or".
fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(one) => Some(one.clone()),
        ContextValue::Strings(many) if !many.is_empty() => Some(text::list_or(many)),
        ContextValue::StyledStr(styled) => Some(styled.to_string()),
        ContextValue::StyledStrs(many) if !many.is_empty() => {
            let many: Vec<String> = many.iter().map(ToString::to_string).collect();
            Some(text::list_or(&many))
        }
        ContextValue::Number(n) => Some(n.to_string()),
        _ => None,
    }
    .filter(|text| !text.is_empty())
}

/// `--format <FORMAT>` as `--format`.
fn name_of(option: &str) -> &str {
    option.split_whitespace().next().unwrap_or(option)
}

/// `<TARGET>...` as `TARGET`, `--chain <FILE>` as `--chain FILE`.
fn bare(option: &str) -> String {
    option
        .replace(['<', '>', '[', ']'], "")
        .trim_end_matches("...")
        .to_owned()
}

/// `whycert inspect` for what was typed, as far as commands were named.
fn command_path(command: &Command, typed: &[String]) -> String {
    let mut path = command.get_name().to_owned();
    for sub in named(command, typed) {
        path.push(' ');
        path.push_str(sub.get_name());
    }
    path
}

/// The last line of the help of the command that was typed: its example.
fn example(command: &Command, typed: &[String]) -> Option<String> {
    let last = named(command, typed).pop().unwrap_or(command);
    let help = last.get_after_help()?.to_string();
    help.lines().last().map(|line| line.trim().to_owned())
}

/// Where an option that is not known here belongs: `whycert inspect TARGET --format json`.
fn owner(command: &Command, typed: &[String], option: &str) -> Option<String> {
    if !named(command, typed).is_empty() {
        return None;
    }
    let long = option.strip_prefix("--")?;
    let sub = command.get_subcommands().find(|sub| {
        sub.get_arguments()
            .any(|argument| argument.get_long() == Some(long))
    })?;
    let help = sub.get_after_help()?.to_string();
    let example = help.lines().last()?.trim().to_owned();
    Some(format!(
        "{option} belongs to whycert {}, for example: {example}",
        sub.get_name()
    ))
}

fn named<'c>(command: &'c Command, typed: &[String]) -> Vec<&'c Command> {
    let mut found = Vec::new();
    let mut here = command;
    for word in typed.iter().skip(1) {
        let Some(sub) = here.find_subcommand(word) else {
            break;
        };
        found.push(sub);
        here = sub;
    }
    found
}
