//! Lines of text with meanings instead of colours, and their wrapping. The theme turns meanings into
//! styles; nothing here knows the terminal.

use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// What a piece of text means; never colour alone, the words or a symbol say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// Ordinary text.
    Plain,
    /// Less important.
    Muted,
    /// Titles and names.
    Strong,
    /// Accepted, valid.
    Good,
    /// Works, with a catch.
    Warn,
    /// Refused, broken.
    Bad,
    /// Keys, links, the thing in focus.
    Accent,
    /// Something to copy: a command, a fingerprint.
    Code,
}

/// A piece of text of one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its meaning.
    pub meaning: Meaning,
    /// Safe to display.
    pub text: String,
}

/// One line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pieces.
    pub spans: Vec<Span>,
    /// Columns by which continued lines are indented when it is wrapped.
    pub hang: usize,
    /// Never wrapped, cut instead (drawings, PEM).
    pub fixed: bool,
    /// What Enter does here.
    pub link: Option<Link>,
}

/// What a line leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The lesson of a rule.
    Lesson(&'static str),
    /// The explanation of a field.
    Explain(&'static str),
    /// A group of fields that folds, by its path in the tree.
    Fold(Vec<usize>),
    /// A command to copy.
    Copy(String),
    /// What a client checked and what it prints, by its row in the grid.
    Client(usize),
}

impl Line {
    /// An empty line.
    pub fn blank() -> Self {
        Self::default()
    }

    /// A line of one meaning.
    pub fn of(meaning: Meaning, text: impl Into<String>) -> Self {
        Self::default().and(meaning, text)
    }

    /// With another piece at its end.
    #[must_use]
    pub fn and(mut self, meaning: Meaning, text: impl Into<String>) -> Self {
        self.spans.push(Span {
            meaning,
            text: text.into(),
        });
        self
    }

    /// With continued lines indented.
    #[must_use]
    pub fn hanging(mut self, columns: usize) -> Self {
        self.hang = columns;
        self
    }

    /// Cut instead of wrapped.
    #[must_use]
    pub fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// Leading somewhere.
    #[must_use]
    pub fn to(mut self, link: Link) -> Self {
        self.link = Some(link);
        self
    }

    /// The text without meanings.
    pub fn text(&self) -> String {
        self.spans.iter().map(|s| s.text.as_str()).collect()
    }
}

/// Wraps lines to a width in columns, at spaces where possible, else inside words.
pub fn wrap(lines: &[Line], columns: usize) -> Vec<Line> {
    let columns = columns.max(4);
    let mut out = Vec::with_capacity(lines.len());
    for line in lines {
        if line.fixed
            || line
                .spans
                .iter()
                .map(|s| text::width(&s.text))
                .sum::<usize>()
                <= columns
        {
            out.push(line.clone());
        } else {
            wrap_one(line, columns, &mut out);
        }
    }
    out
}

fn wrap_one(line: &Line, columns: usize, out: &mut Vec<Line>) {
    let hang = line.hang.min(columns / 2);
    let fresh = |indent: usize| {
        let mut next = Line {
            hang: line.hang,
            link: line.link.clone(),
            ..Line::default()
        };
        if indent > 0 {
            next.spans.push(Span {
                meaning: Meaning::Plain,
                text: " ".repeat(indent),
            });
        }
        next
    };
    let mut current = fresh(0);
    let mut used = 0;
    let mut empty = true;
    for span in &line.spans {
        for word in span.text.split_inclusive(' ') {
            let bare = text::width(word.trim_end_matches(' '));
            // A word longer than any line (a fingerprint, a path) is broken where it stands.
            let fits_alone = bare <= columns - hang;
            if used + bare > columns && !empty && (fits_alone || used + 8 > columns) {
                out.push(trimmed(std::mem::replace(&mut current, fresh(hang))));
                used = hang;
                empty = true;
            }
            let mut rest = word;
            while used + text::width(rest.trim_end_matches(' ')) > columns {
                let (head, tail) = split_at_width(rest, columns.saturating_sub(used));
                push(&mut current, span.meaning, head);
                out.push(std::mem::replace(&mut current, fresh(hang)));
                used = hang;
                rest = tail;
            }
            push(&mut current, span.meaning, rest);
            used += text::width(rest);
            empty &= rest.trim().is_empty();
        }
    }
    out.push(trimmed(current));
}

/// Without the spaces at its end, which would count as columns and be cut visibly.
fn trimmed(mut line: Line) -> Line {
    if let Some(last) = line.spans.last_mut() {
        last.text.truncate(last.text.trim_end_matches(' ').len());
    }
    line
}

fn push(line: &mut Line, meaning: Meaning, text: &str) {
    if text.is_empty() {
        return;
    }
    match line.spans.last_mut() {
        Some(last) if last.meaning == meaning => last.text.push_str(text),
        _ => line.spans.push(Span {
            meaning,
            text: text.to_owned(),
        }),
    }
}

/// Splits so that the head is at most `columns` wide, behind a `:`, `/` or the like when one is near
/// the end; at least one cluster, so that it always advances.
fn split_at_width(word: &str, columns: usize) -> (&str, &str) {
    let (mut used, mut joint) = (0, None);
    for (at, cluster) in word.grapheme_indices(true) {
        let w = text::width(cluster);
        if used + w > columns && at > 0 {
            return word.split_at(joint.unwrap_or(at));
        }
        used += w;
        if used * 2 > columns && matches!(cluster, ":" | "/" | "-" | "_" | "," | "&" | "?" | "=") {
            joint = Some(at + cluster.len());
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, columns: usize, hang: usize) -> Vec<String> {
        let line = Line::of(Meaning::Plain, text).hanging(hang);
        wrap(&[line], columns).iter().map(Line::text).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_hang() {
        assert_eq!(wrapped("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(wrapped("short", 8, 2), ["short"]);
    }

    #[test]
    fn long_words_are_cut_and_wide_ones_advance() {
        assert_eq!(wrapped("abcdefghij", 4, 0), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("漢字漢字漢字", 5, 0), ["漢字", "漢字", "漢字"]);
    }

    #[test]
    fn long_words_break_where_they_stand_and_behind_a_joint() {
        assert_eq!(
            wrapped("SHA-256 AA:BB:CC:DD:EE:FF:00", 18, 8),
            ["SHA-256 AA:BB:CC:", "        DD:EE:FF:", "        00"]
        );
    }

    #[test]
    fn spaces_alone_end_too() {
        assert_eq!(wrapped(&" ".repeat(30), 8, 0).concat().trim(), "");
    }

    #[test]
    fn meanings_survive_wrapping() {
        let line = Line::of(Meaning::Bad, "aa ").and(Meaning::Good, "bb cc");
        let out = wrap(&[line], 5);
        assert_eq!(out.len(), 2);
        assert_eq!(out[1].spans[0].meaning, Meaning::Good);
    }
}
