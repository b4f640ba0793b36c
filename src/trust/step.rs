//! The steps of a plan, and how the own part of a file is found again after others changed the file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::store::Machine;

use super::bundle;
use super::file::State;
use super::tool;
use super::{TrustError, shown};

/// One step of a plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// Files that change together.
    Files {
        /// Each with what stands there now and what shall.
        changes: Vec<Change>,
        /// What of it is ours.
        part: Part,
    },
    /// A command that is run.
    Run {
        /// What is run.
        command: Vec<String>,
        /// What is run to undo it, after the files are put back.
        undo: Vec<Inverse>,
    },
}

/// One file, before and after.
#[derive(Clone, Debug)]
pub struct Change {
    /// Where, with links followed.
    pub path: PathBuf,
    /// What stands there now.
    pub before: State,
    /// What shall stand there.
    pub after: State,
}

impl Step {
    /// The files that change in it.
    pub fn changes(&self) -> &[Change] {
        match self {
            Self::Files { changes, .. } => changes,
            Self::Run { .. } => &[],
        }
    }
}

/// A command that undoes another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inverse {
    /// The command.
    pub command: Vec<String>,
    /// What it reads on its standard input.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub input: String,
}

/// What of the files is ours, so that undoing can take out that much and no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Part {
    /// All of it.
    Whole,
    /// This text, which begins and ends with marked lines.
    Block {
        /// What was put in, to the byte.
        text: String,
        /// The first line.
        begin: String,
        /// The last line.
        end: String,
    },
    /// This line.
    Line {
        /// Without its end.
        line: String,
    },
    /// The block of one certificate in the user's bundle.
    Bundle {
        /// The certificate's SHA-256, hex.
        sha256: String,
    },
    /// What a tool put in. The commands work on copies in `{folder}`.
    Tool {
        /// Succeeds when it is still there.
        check: Vec<String>,
        /// Takes it out.
        undo: Vec<String>,
    },
}

impl Part {
    /// Whether our part stands in files that others changed; `files` are their names and states.
    pub(super) fn stands(
        &self,
        machine: &Machine,
        files: &[(String, State)],
    ) -> Result<bool, TrustError> {
        let text = || text_of(files);
        Ok(match self {
            Self::Whole => files.iter().all(|(_, state)| state.is_there()),
            Self::Block { begin, end, .. } => {
                let text = text();
                text.lines().any(|line| line == begin) && text.lines().any(|line| line == end)
            }
            Self::Line { line } => text().lines().any(|here| here == line),
            Self::Bundle { sha256 } => bundle::holds(&text(), sha256),
            Self::Tool { check, .. } => {
                files.iter().all(|(_, state)| state.is_there())
                    && on_copies(machine, files, std::slice::from_ref(check)).is_ok()
            }
        })
    }

    /// The files without our part, after others changed them.
    ///
    /// # Errors
    /// [`TrustError::Entangled`] when it cannot be told from what is not ours.
    pub(super) fn taken_out(
        &self,
        machine: &Machine,
        files: &[(String, State)],
        paths: &[PathBuf],
    ) -> Result<Vec<State>, TrustError> {
        let entangled = |why: &str| TrustError::Entangled {
            path: paths.first().map(|p| shown(p)).unwrap_or_default(),
            why: why.to_owned(),
        };
        let unchanged = || files.iter().map(|(_, state)| state.clone()).collect();
        if !self.stands(machine, files)? {
            return Ok(unchanged());
        }
        let again = |text: String| -> Vec<State> {
            files
                .iter()
                .map(|(_, state)| state.with(text.clone().into_bytes(), 0o644))
                .collect()
        };
        let text = text_of(files);
        match self {
            Self::Whole => Err(entangled(
                "another program changed this file, which was ours, since; look at it and remove it yourself",
            )),
            Self::Block {
                text: ours,
                begin,
                end,
            } => {
                if text.contains(ours.as_str()) {
                    return Ok(again(text.replacen(ours.as_str(), "", 1)));
                }
                without_block(&text, begin, end).map(again).ok_or_else(|| {
                    entangled("the marks around our lines are no longer in order; remove the lines between them yourself")
                })
            }
            Self::Line { line } => Ok(again(
                text.split_inclusive('\n')
                    .filter(|here| here.trim_end_matches(['\n', '\r']) != line)
                    .collect(),
            )),
            Self::Bundle { sha256 } => match bundle::without(&text, sha256) {
                Some(rest) => Ok(again(rest)),
                None => Ok(vec![State::Absent; files.len()]),
            },
            Self::Tool { undo, .. } => {
                let after = on_copies(machine, files, std::slice::from_ref(undo))?;
                Ok(files
                    .iter()
                    .zip(after)
                    .map(|((_, state), bytes)| state.with(bytes, 0o600))
                    .collect())
            }
        }
    }
}

fn text_of(files: &[(String, State)]) -> String {
    let bytes = files.first().map(|(_, state)| state.bytes());
    String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
}

fn on_copies(
    machine: &Machine,
    files: &[(String, State)],
    commands: &[Vec<String>],
) -> Result<Vec<Vec<u8>>, TrustError> {
    let files: Vec<(&str, &[u8], bool)> = files
        .iter()
        .map(|(name, state)| (name.as_str(), state.bytes(), state.is_there()))
        .collect();
    tool::on_copies(machine, &files, commands)
}

/// The text without the lines from `begin` to `end`; `None` when they are not both there, in this order.
fn without_block(text: &str, begin: &str, end: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is = |line: &str, mark: &str| line.trim_end_matches(['\n', '\r']) == mark;
    let from = lines.iter().position(|line| is(line, begin))?;
    let to = lines.iter().skip(from).position(|line| is(line, end))? + from;
    let kept = lines.iter().take(from).chain(lines.iter().skip(to + 1));
    Some(kept.copied().collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn machine() -> Machine {
        Machine::other(Path::new("/"), Path::new("/nonexistent"), [])
    }

    fn taken_out(part: &Part, text: &str) -> Result<String, TrustError> {
        let files = [("f".to_owned(), State::new(text.as_bytes().to_vec(), 0o600))];
        part.taken_out(&machine(), &files, &[PathBuf::from("f")])
            .map(|out| String::from_utf8_lossy(out[0].bytes()).into_owned())
    }

    #[test]
    fn a_block_is_taken_out_wherever_it_moved() {
        let part = Part::Block {
            text: "\n# >>> a\nx\n# <<< a\n".into(),
            begin: "# >>> a".into(),
            end: "# <<< a".into(),
        };
        let whole = taken_out(&part, "one\n# >>> a\nx\n# <<< a\ntwo\n").unwrap();
        assert_eq!(whole, "onetwo\n");
        let changed = taken_out(&part, "one\n# >>> a\ny\nz\n# <<< a\ntwo").unwrap();
        assert_eq!(changed, "one\ntwo");
        assert_eq!(taken_out(&part, "one\n").unwrap(), "one\n");
        let torn = taken_out(&part, "# <<< a\none\n# >>> a\n");
        assert!(matches!(torn, Err(TrustError::Entangled { .. })));
    }

    #[test]
    fn a_line_is_taken_out_and_a_whole_file_is_not() {
        let part = Part::Line { line: "b".into() };
        assert_eq!(taken_out(&part, "a\nb\r\nc").unwrap(), "a\nc");
        let whole = taken_out(&Part::Whole, "not ours any more");
        assert!(matches!(whole, Err(TrustError::Entangled { .. })));
    }
}
