//! `whycert explain`: a rule's lesson, or the list of all rules.

use crate::diagnosis::lesson::lesson;
use crate::diagnosis::rule::{RULES, rule};
use crate::headless;

use super::Failure;
use super::usage::Usage;

/// Prints the lesson of a rule; without one, all rules.
pub(super) fn explain(id: Option<&str>) -> Result<u8, Failure> {
    let text = match id {
        None => list(),
        Some(id) => page(id)?,
    };
    headless::print(text.as_bytes())?;
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

/// The rule whose id is most like what was typed, if any is like it at all.
fn nearest(typed: &str) -> Option<&'static str> {
    let score = |id: &str| {
        let (shorter, longer) = if id.len() < typed.len() {
            (id, typed)
        } else {
            (typed, id)
        };
        if shorter.len() >= 4 && longer.contains(shorter) {
            return 1;
        }
        distance(id, typed)
    };
    RULES
        .iter()
        .map(|r| (score(r.id), r.id))
        .min()
        .filter(|(score, id)| *score <= id.len() / 3)
        .map(|(_, id)| id)
}

/// Levenshtein distance by bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for (pair, y) in row.windows(2).zip(b.bytes()) {
            let [corner, above] = pair else { continue };
            let left = next.last().copied().unwrap_or(usize::MAX - 1);
            next.push((corner + usize::from(x != y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
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

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
