//! Lessons: one page of plain words for each rule, compiled in.
//!
//! The pages are `assets/lessons/<id>.md`; the table of rules includes them. Their Markdown is small:
//! a title, sections, paragraphs, lists, code indented by four spaces, `code` and **strong** words.

use super::rule;

/// The headings of every lesson, in this order.
pub const SECTIONS: [&str; 5] = [
    "What you see",
    "Why it matters",
    "How it happens",
    "How to repair",
    "Try it",
];

/// A lesson, split at its headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Rule id.
    pub id: &'static str,
    /// First line, without `# `.
    pub title: &'static str,
    /// Heading and Markdown text of each section; the headings are [`SECTIONS`].
    pub sections: Vec<(&'static str, &'static str)>,
}

/// The lesson of a rule; `None` when there is no rule of this id.
pub fn lesson(id: &str) -> Option<Lesson> {
    let (id, page) = rule::page(id)?;
    Some(read(id, page))
}

/// Splits a page at its headings.
fn read(id: &'static str, page: &'static str) -> Lesson {
    let mut parts = page.split("\n## ");
    let title = parts.next().unwrap_or_default().trim();
    let sections = parts
        .map(|part| part.split_once('\n').unwrap_or((part, "")))
        .map(|(heading, body)| (heading.trim_end(), body.trim_matches('\n')))
        .collect();
    Lesson {
        id,
        title: title.strip_prefix("# ").unwrap_or(title),
        sections,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::RULES;

    #[test]
    fn a_page_is_split_at_its_headings() {
        let lesson = read("x.y", "# Title\n\n## One\n\nA\n    B\n\n## Two\nC ## D\n");
        assert_eq!((lesson.id, lesson.title), ("x.y", "Title"));
        assert_eq!(lesson.sections, [("One", "A\n    B"), ("Two", "C ## D")]);
    }

    #[test]
    fn every_rule_has_a_lesson_with_all_sections() {
        for rule in RULES {
            let lesson = lesson(rule.id).expect(rule.id);
            let headings: Vec<&str> = lesson.sections.iter().map(|(h, _)| *h).collect();
            assert_eq!(headings, SECTIONS, "{}", rule.id);
        }
        assert_eq!(lesson("no.such-rule"), None);
    }
}
