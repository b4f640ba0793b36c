//! A lesson as lines. Our lessons use a small part of Markdown: paragraphs, lists, indented code,
//! `code` and **strong** words.

use crate::diagnosis::lesson::Lesson;
use crate::tui::line::{Line, Link, Meaning};

/// The lines of a lesson, not wrapped.
pub fn lesson(lesson: &Lesson) -> Vec<Line> {
    let mut lines = vec![Line::of(Meaning::Muted, lesson.id), Line::blank()];
    for (heading, body) in &lesson.sections {
        lines.push(Line::of(Meaning::Strong, *heading));
        lines.extend(markdown(body));
        lines.push(Line::blank());
    }
    lines
}

/// Paragraphs are joined, so that they wrap to the screen and not to the file.
fn markdown(body: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut paragraph = String::new();
    let mut hang = 0;
    let mut fenced = false;
    for raw in body.trim_matches('\n').lines() {
        let fence = raw.trim_start().starts_with("```");
        let code = fenced || raw.starts_with("    ");
        let item = raw.trim_start().starts_with("- ") || starts_with_number(raw.trim_start());
        if fence || code || item || raw.trim().is_empty() {
            flush(&mut paragraph, hang, &mut lines);
            hang = 0;
        }
        if fence {
            fenced = !fenced;
        } else if code {
            let text = raw.strip_prefix("    ").unwrap_or(raw);
            lines.push(
                Line::of(Meaning::Code, format!("  {text}"))
                    .hanging(4)
                    .to(Link::Copy(text.to_owned())),
            );
        } else if raw.trim().is_empty() {
            lines.push(Line::blank());
        } else {
            if item {
                hang = 2;
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(raw.trim());
        }
    }
    flush(&mut paragraph, hang, &mut lines);
    lines
}

fn starts_with_number(text: &str) -> bool {
    text.split_once(". ")
        .is_some_and(|(n, _)| !n.is_empty() && n.len() < 3 && n.bytes().all(|b| b.is_ascii_digit()))
}

fn flush(paragraph: &mut String, hang: usize, lines: &mut Vec<Line>) {
    if !paragraph.is_empty() {
        lines.push(inline(paragraph).hanging(hang));
        paragraph.clear();
    }
}

/// `code` and **strong** inside a paragraph.
fn inline(text: &str) -> Line {
    let mut line = Line::default();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            line = line.and(Meaning::Code, part);
            continue;
        }
        for (index, part) in part.split("**").enumerate() {
            let meaning = if index % 2 == 1 {
                Meaning::Strong
            } else {
                Meaning::Plain
            };
            if !part.is_empty() {
                line = line.and(meaning, part);
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_join_and_code_stays() {
        let lines = markdown("One\ntwo `x`.\n\n    curl -v\n\n- a\n  b\n- c\n");
        let text: Vec<String> = lines.iter().map(Line::text).collect();
        assert_eq!(text, ["One two x.", "", "  curl -v", "", "- a b", "- c"]);
    }
}
