//! Lessons: one page of plain words for each rule, compiled in.

/// A lesson, split at its fixed headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Rule id.
    pub id: &'static str,
    /// First line, without `# `.
    pub title: &'static str,
    /// `What you see`, `Why it matters`, `How it happens`, `How to repair`, `Try it`: heading and Markdown text.
    pub sections: Vec<(&'static str, &'static str)>,
}

/// The lesson of a rule.
pub fn lesson(id: &str) -> Option<Lesson> {
    let _ = id;
    None
}
