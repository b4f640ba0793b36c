//! `whycert explain`: a rule's lesson, or the list of all rules.

use crate::diagnosis::lesson::lesson;
use crate::diagnosis::rule::{RULES, rule};
use crate::headless;
use crate::text;

use super::Failure;
use super::usage::Usage;

/// Prints the lesson of a rule; without one, all rules.
pub(super) fn explain(id: Option<&str>) -> Result<u8, Failure> {
    let page = match id {
        None => list(),
        Some(id) => page(id)?,
    };
    headless::print(page.as_bytes())?;
    Ok(0)
}

fn list() -> String {
    let longest = RULES.iter().map(|r| r.id.len()).max().unwrap_or(0);
    RULES
        .iter()
        .map(|r| format!("{:<longest$}  {:<7}  {}\n", r.id, r.severity, r.title))
        .collect()
}

fn page(id: &str) -> Result<String, Failure> {
    let Some(rule) = rule(id) else {
        let hint = match nearest(id) {
            Some(near) => format!("did you mean {near}?"),
            None => "whycert explain lists the rules".to_owned(),
        };
        return Err(Usage::new(format!("there is no rule “{id}”"), hint).into());
    };
    let Some(lesson) = lesson(rule.id) else {
        return Err(Failure::could_not(
            format!("there is no lesson for {id}"),
            "",
        ));
    };
    let mut out = format!("{}\n{} ({})\n", lesson.title, rule.id, rule.severity);
    for (heading, words) in &lesson.sections {
        out.push_str(&format!("\n{heading}\n"));
        for line in words.trim().lines() {
            if line.is_empty() {
                out.push('\n');
            } else {
                out.push_str(&format!("  {line}\n"));
            }
        }
    }
    Ok(out)
}

fn nearest(id: &str) -> Option<&'static str> {
    text::nearest(id, RULES.iter().map(|rule| rule.id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_is_offered() {
        assert_eq!(nearest("chain.missing-isuer"), Some("chain.missing-issuer"));
        assert_eq!(nearest("missing-issuer"), Some("chain.missing-issuer"));
        assert_eq!(nearest("xyzzy"), None);
        assert_eq!(nearest(""), None);
    }
}
