//! Text that is safe to display, and the few ways to shape it.
//!
//! Everything that a certificate, a server, a proxy or a file said is [`Untrusted`] until it is
//! displayed; its `Display` is the only way out and escapes what could act on a terminal, a log or a
//! reader's eye. Nothing here knows what the text means.

use std::borrow::Cow;
use std::fmt;

/// Text from outside. `Display` and `Debug` escape it; [`Untrusted::raw`] is for comparing only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Untrusted(String);

impl Untrusted {
    /// Wraps text from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Wraps bytes from outside; what is not UTF-8 is read as Latin-1, so that no byte is lost.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self(text.to_owned()),
            Err(_) => Self(bytes.iter().copied().map(char::from).collect()),
        }
    }

    /// The text as it came. For comparing and for machine formats that escape by themselves, never
    /// for a terminal, a file name or a log.
    pub fn raw(&self) -> &str {
        &self.0
    }

    /// The text with everything dangerous escaped.
    pub fn shown(&self) -> Cow<'_, str> {
        safe(&self.0)
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&safe(&self.0))
    }
}

impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "‹{}›", safe(&self.0))
    }
}

/// True for a character that may not reach a terminal: controls (C0, C1, DEL), bidi controls,
/// zero-width and other invisible format characters, line and paragraph separators, variation
/// selectors, private use, noncharacters, and everything from the plane of the tags on.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{10ffff}')
        || (c as u32 & 0xfffe) == 0xfffe
}

/// Escapes what [`is_unsafe`] names as `\u{…}` (`\n`, `\r`, `\t` and `\x1b` in their usual short
/// forms). Borrowed when there is nothing to escape.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_unsafe(c) && (c as u32) < 0x100 => {
                out.push_str(&format!("\\x{:02x}", c as u32))
            }
            c if is_unsafe(c) => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Bytes as upper-case hex pairs joined by colons, as OpenSSL prints fingerprints.
pub fn hex_colon(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (i, b) in bytes.iter().enumerate() {
        if i > 0 {
            out.push(':');
        }
        out.push_str(&format!("{b:02X}"));
    }
    out
}

/// Bytes as lower-case hex without separators.
pub fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// Joins as in a sentence: `a`, `a or b`, `a, b or c`.
pub fn list_or<T: AsRef<str>>(items: &[T]) -> String {
    join_sentence(items, "or")
}

/// Joins as in a sentence: `a`, `a and b`, `a, b and c`.
pub fn list_and<T: AsRef<str>>(items: &[T]) -> String {
    join_sentence(items, "and")
}

fn join_sentence<T: AsRef<str>>(items: &[T], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", most.join(", "), last.as_ref())
        }
    }
}

/// `1 certificate`, `2 certificates`: a count with its noun, which takes a plain *s*.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}

/// The known word that is most like what was typed, if any is like it at all: for "did you mean".
pub fn nearest<'k>(typed: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Longer than any word is no slip of the finger, and the distance takes time with it.
    let typed: String = typed.chars().take(64).collect::<String>().to_lowercase();
    let score = |word: &str| {
        let (shorter, longer) = if word.len() < typed.len() {
            (word, typed.as_str())
        } else {
            (typed.as_str(), word)
        };
        if shorter.len() >= 4 && longer.contains(shorter) {
            return 1;
        }
        distance(word, &typed)
    };
    known
        .into_iter()
        .map(|word| (score(word), word))
        // Among equals, the one that begins alike: people rarely miss the first letter.
        .min_by_key(|(score, word)| {
            let alike = word
                .bytes()
                .zip(typed.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            (*score, std::cmp::Reverse(alike))
        })
        .filter(|(score, word)| *score <= (word.len() / 3).max(1) && !typed.is_empty())
        .map(|(_, word)| word)
}

/// Levenshtein distance by bytes; two neighbours swapped count as one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let at = |row: &[usize], i: usize| row.get(i).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (at(&row, j) + usize::from(x != y))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(0)
}

/// Display width in terminal columns.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.len();
    }
    unicode_width::UnicodeWidthStr::width(text)
}

/// Printable ASCII alone: one byte, one character, one column. Most text is, and needs no tables.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Cuts to at most `columns` terminal columns by whole grapheme clusters; `…` marks the cut.
pub fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    use unicode_segmentation::UnicodeSegmentation;
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut out = String::new();
    for cluster in text.graphemes(true) {
        let w = width(cluster);
        if used + w > columns - 1 {
            break;
        }
        used += w;
        out.push_str(cluster);
    }
    out.push('…');
    Cow::Owned(out)
}

/// Turns outside text into a part of a file name: ASCII letters, digits, `.`, `-` and `_` stay,
/// everything else becomes `_`; never empty, never starts with a dot or dash, at most 64 bytes.
pub fn file_name_part(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(64)
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .collect();
    if out.is_empty() || out.starts_with(['.', '-']) {
        out.insert(0, '_');
        out.truncate(64);
    }
    out
}

/// Quotes for a POSIX shell when quoting is needed.
pub fn shell_quote(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c));
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
