//! The known text that an unknown one is most like: by the words that they share.

use std::collections::HashSet;

use super::pattern::Prepared;
use super::table::{self, KnownError};

/// A known error, and how much of one of its texts is in the unknown one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeness {
    /// Which error.
    pub error: &'static KnownError,
    /// Its text.
    pub words: &'static str,
    /// How alike, in percent.
    pub percent: u8,
}

/// Less alike than this is not worth naming, in percent.
const LEAST: usize = 60;
/// At most so many are named.
const MOST: usize = 3;

/// The likest known errors, each once.
pub(super) fn nearest(text: &Prepared) -> Vec<Likeness> {
    let pasted: HashSet<String> = words(text.text()).map(stem).collect();
    let mut found: Vec<Likeness> = table::table()
        .errors
        .iter()
        .filter_map(|error| {
            let all = error.says.iter().map(|p| {
                let percent = percent(&pasted, p.words());
                (percent, p.words())
            });
            let (percent, words) = all.max_by_key(|(percent, words)| (*percent, words.len()))?;
            (percent >= LEAST).then_some(Likeness {
                error,
                words,
                percent: u8::try_from(percent).unwrap_or(100),
            })
        })
        .collect();
    // Among equals, the text that shares the most.
    found.sort_by_key(|one| std::cmp::Reverse((one.percent, one.words.len())));
    found.truncate(MOST);
    found
}

/// How many of a text's letters stand in words that were pasted. Texts of one word alone say nothing.
fn percent(pasted: &HashSet<String>, known: &str) -> usize {
    let known = known.to_lowercase();
    let (mut all, mut shared, mut count) = (0, 0, 0);
    for word in words(&known) {
        let stem = stem(word);
        all += word.len();
        count += 1;
        if pasted.contains(&stem) {
            shared += word.len();
        }
    }
    if count < 2 || all == 0 {
        return 0;
    }
    (shared * 100 / all).min(99)
}

/// The words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

/// The beginning of a word: forms of one word count as one.
fn stem(word: &str) -> String {
    word.chars().take(5).collect()
}
