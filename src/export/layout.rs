//! Sections of a report, laid out as text for people or as Markdown. Knows nothing of certificates.

use crate::text;

/// The widest page of the text form, in terminal columns; only commands may be wider, to stay whole.
pub const WIDEST: usize = 100;

/// A report: its first line, and what follows.
#[derive(Debug)]
pub(super) struct Page {
    pub title: String,
    pub sections: Vec<Section>,
}

/// A part of a report; the first may have no heading.
#[derive(Debug)]
pub(super) struct Section {
    pub heading: &'static str,
    pub blocks: Vec<Block>,
}

/// What a section is made of. All text is safe to display.
#[derive(Debug)]
pub(super) enum Block {
    /// A paragraph.
    Words(String),
    /// A smaller heading inside a section.
    Head(String),
    /// Labels with values.
    Facts(Vec<(String, String)>),
    /// The same where the labels are names, and longer.
    Rows(Vec<(String, String)>),
    /// Lines that keep their shape.
    Drawing(Vec<String>),
    /// Lines to copy.
    Commands(Vec<String>),
    /// Something to do, with the line to copy that does it.
    Step {
        label: &'static str,
        words: String,
        command: Option<String>,
    },
}

impl Page {
    /// Plain text, at most so many columns wide.
    pub fn text(&self, columns: usize) -> String {
        let mut out = String::new();
        wrap(&mut out, &self.title, (0, 2), columns);
        for section in &self.sections {
            out.push('\n');
            if !section.heading.is_empty() {
                out.push_str(section.heading);
                out.push('\n');
            }
            for (i, block) in section.blocks.iter().enumerate() {
                let parted = matches!(block, Block::Head(_)) || section.heading.is_empty();
                if i > 0 && parted {
                    out.push('\n');
                }
                block.text(&mut out, columns);
            }
        }
        out
    }

    /// Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# {}\n", markdown(&self.title));
        for section in &self.sections {
            if !section.heading.is_empty() {
                out.push_str(&format!("\n## {}\n", markdown(section.heading)));
            }
            for block in &section.blocks {
                out.push('\n');
                block.markdown(&mut out);
            }
        }
        out
    }
}

impl Block {
    fn text(&self, out: &mut String, columns: usize) {
        match self {
            Self::Words(words) => wrap(out, words, (2, 2), columns),
            Self::Head(words) => wrap(out, words, (2, 4), columns),
            Self::Facts(facts) => pairs(out, facts, 40, columns),
            Self::Rows(facts) => pairs(out, facts, 48, columns),
            Self::Drawing(lines) => {
                for line in lines {
                    out.push_str("  ");
                    out.push_str(&text::clip(line, columns.saturating_sub(2)));
                    out.push('\n');
                }
            }
            Self::Step {
                label,
                words,
                command,
            } => {
                wrap(out, &format!("{label:<5}{words}"), (4, 9), columns);
                if let Some(line) = command {
                    out.push_str(&format!("           {line}\n"));
                }
            }
            Self::Commands(lines) => {
                for line in lines {
                    out.push_str("    ");
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
    }

    fn markdown(&self, out: &mut String) {
        match self {
            Self::Words(words) => out.push_str(&format!("{}\n", markdown(words))),
            Self::Head(words) => out.push_str(&format!("### {}\n", markdown(words))),
            Self::Facts(facts) | Self::Rows(facts) => {
                out.push_str("| | |\n|---|---|\n");
                for (label, value) in facts {
                    out.push_str(&format!("| {} | {} |\n", markdown(label), markdown(value)));
                }
            }
            Self::Drawing(lines) => fenced(out, "text", lines),
            Self::Commands(lines) => fenced(out, "sh", lines),
            Self::Step {
                label,
                words,
                command,
            } => {
                out.push_str(&format!("**{label}:** {}\n", markdown(words)));
                if let Some(line) = command {
                    out.push('\n');
                    fenced(out, "sh", std::slice::from_ref(line));
                }
            }
        }
    }
}

/// Labels and values side by side, the labels in at most so many hundredths of the page.
fn pairs(out: &mut String, facts: &[(String, String)], most: usize, columns: usize) {
    let widest = facts.iter().map(|(l, _)| text::width(l)).max().unwrap_or(0);
    let indent = (widest + 6).min(most * columns / 100);
    for (label, value) in facts {
        let gap = indent.saturating_sub(4 + text::width(label)).max(2);
        let line = format!("{label}{}{value}", " ".repeat(gap));
        wrap(out, &line, (4, indent), columns);
    }
}

/// A code block whose fence is longer than any run of backticks inside.
fn fenced(out: &mut String, language: &str, lines: &[String]) {
    let mut fence = "```".to_owned();
    while lines.iter().any(|line| line.contains(&fence)) {
        fence.push('`');
    }
    out.push_str(&format!("{fence}{language}\n"));
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out.push_str(&format!("{fence}\n"));
}

/// Escapes what Markdown would read as its own.
fn markdown(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        if "\\`*_[]<>|#~&$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Appends `words` in lines of at most so many columns, broken between words, or inside one that is
/// longer than a line. Runs of spaces in the first line are kept: they align values.
fn wrap(out: &mut String, words: &str, (first, rest): (usize, usize), columns: usize) {
    use unicode_segmentation::UnicodeSegmentation;
    let mut line = " ".repeat(first);
    let mut used = first;
    let mut fresh = true;
    for word in words.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if !fresh && used + text::width(bare) > columns && rest + text::width(bare) <= columns {
            finish(out, &line);
            line = " ".repeat(rest);
            used = rest;
        }
        for cluster in word.graphemes(true) {
            let width = text::width(cluster);
            if used + width > columns {
                if cluster == " " {
                    continue;
                }
                finish(out, &line);
                line = " ".repeat(rest);
                used = rest;
            }
            line.push_str(cluster);
            used += width;
        }
        fresh = false;
    }
    finish(out, &line);
}

fn finish(out: &mut String, line: &str) {
    out.push_str(line.trim_end_matches(' '));
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_page() {
        for words in [
            "word ".repeat(200),
            "x".repeat(1_000),
            "漢字 ".repeat(300),
            "漢".repeat(500),
        ] {
            for columns in [WIDEST, 80, 40] {
                let mut out = String::new();
                wrap(&mut out, &words, (2, 30), columns);
                assert!(out.lines().all(|l| text::width(l) <= columns), "{out}");
                let kept: String = out.split_whitespace().collect();
                assert_eq!(kept, words.split_whitespace().collect::<String>());
            }
        }
    }

    #[test]
    fn values_are_aligned_and_hang() {
        let facts = vec![
            ("Short".to_owned(), "one".to_owned()),
            ("Much longer".to_owned(), "two ".repeat(40)),
        ];
        let mut out = String::new();
        Block::Facts(facts).text(&mut out, WIDEST);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.first(), Some(&"    Short        one"));
        assert!(
            lines
                .iter()
                .skip(2)
                .all(|l| l.starts_with("                 two")),
            "{out}"
        );
    }

    #[test]
    fn markdown_of_others_stays_text() {
        assert_eq!(markdown("a*b|c<d"), "a\\*b\\|c\\<d");
        let mut out = String::new();
        fenced(&mut out, "text", &["```".to_owned()]);
        assert_eq!(out, "````text\n```\n````\n");
    }
}
