//! Texts to find in a text: without regard to case, quotes and white space, with `*` for a short gap.

/// The most characters that `*` stands for.
const GAP: usize = 200;
/// What makes of a number a code, right before it.
const CODES: [&str; 8] = [
    "code", "error", "errno", "errno]", "status", "winerror", "http", "code=",
];

/// A text made ready for being searched, and for nothing else: it may hold secrets.
#[derive(Debug)]
pub(super) struct Prepared(String);

impl Prepared {
    /// Lower case, every quote `'`, every run of white space and control characters one space; without
    /// the escape sequences that colour a terminal.
    pub fn of(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\u{1b}' => skip_escape(&mut chars),
                // Of a string inside a string: \" and \n.
                '\\' if chars.peek().is_some_and(|n| is_quote(*n)) => {}
                '\\' if chars.peek() == Some(&'n') => {
                    chars.next();
                    space(&mut out);
                }
                c if is_quote(c) => out.push('\''),
                c if c.is_whitespace() || c.is_control() => space(&mut out),
                c if crate::text::is_unsafe(c) => {}
                c => out.push(c.to_ascii_lowercase()),
            }
        }
        out.truncate(out.trim_end().len());
        Self(out)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn space(out: &mut String) {
    if !out.is_empty() && !out.ends_with(' ') {
        out.push(' ');
    }
}

fn is_quote(c: char) -> bool {
    matches!(
        c,
        '\'' | '"' | '`' | '´' | '‘' | '’' | '“' | '”' | '‹' | '›'
    )
}

/// Skips the rest of an escape sequence: `[31m`, `]0;title BEL`, or one character.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match chars.next() {
        Some('[') => {
            // Parameters are few; what is longer is no sequence, and is not swallowed.
            for _ in 0..32 {
                match chars.peek() {
                    Some('\u{20}'..='\u{3f}') => chars.next(),
                    Some('\u{40}'..='\u{7e}') => {
                        chars.next();
                        return;
                    }
                    _ => return,
                };
            }
        }
        Some(']') => {
            for _ in 0..256 {
                match chars.next() {
                    None | Some('\u{7}' | '\u{1b}') => return,
                    Some(_) => {}
                }
            }
        }
        _ => {}
    }
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Pattern {
    words: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// These parts after each other, each at most [`GAP`] behind the one before.
    Parts(Vec<String>),
    /// The whole text.
    Whole(String),
    /// A number that the text calls a code.
    Code(String),
}

impl Pattern {
    /// A pattern as the table writes it.
    pub fn new(written: &str) -> Self {
        let (words, kind) = match (written.strip_prefix('='), written.strip_prefix('#')) {
            (Some(whole), _) => (whole, Kind::Whole(Prepared::of(whole).0)),
            (_, Some(number)) => (number, Kind::Code(number.to_owned())),
            _ => {
                let parts = written.split('*').map(part_of).collect();
                (written, Kind::Parts(parts))
            }
        };
        Self {
            words: words.to_owned(),
            kind,
        }
    }

    /// The words for people, with `…` for a gap.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Whether it is in the text.
    pub fn is_in(&self, text: &Prepared) -> bool {
        let text = text.text();
        match &self.kind {
            Kind::Whole(whole) => text == whole,
            Kind::Code(number) => text == number || is_code_in(text, number),
            Kind::Parts(parts) => {
                let Some((first, rest)) = parts.split_first() else {
                    return false;
                };
                places_of(text, first).any(|end| follow(text, end, rest))
            }
        }
    }
}

/// A part of a pattern: prepared, with the spaces at its ends, which matter.
fn part_of(part: &str) -> String {
    let mut out = Prepared::of(part).0;
    if part.ends_with(' ') && !out.is_empty() {
        out.push(' ');
    }
    if part.starts_with(' ') && !out.starts_with(' ') {
        out.insert(0, ' ');
    }
    out
}

/// The ends of all occurrences of a part that stands by itself: no letter or digit runs on.
fn places_of<'t>(text: &'t str, part: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(part)
        .map(move |(at, _)| (at, at + part.len()))
        .filter(move |&(at, end)| !runs_on(text, part, at, end))
        .map(|(_, end)| end)
}

fn runs_on(text: &str, part: &str, at: usize, end: usize) -> bool {
    let alike = |a: Option<&u8>, b: Option<&u8>| {
        a.is_some_and(u8::is_ascii_alphanumeric) && b.is_some_and(u8::is_ascii_alphanumeric)
    };
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let before = at.checked_sub(1).and_then(|i| text.get(i));
    alike(before, part.first()) || alike(part.last(), text.get(end))
}

/// Whether the parts follow from `end` on.
fn follow(text: &str, mut end: usize, parts: &[String]) -> bool {
    for part in parts {
        let until = text.floor_char_boundary((end + GAP + part.len()).min(text.len()));
        let Some(window) = text.get(end..until) else {
            return false;
        };
        let next = window
            .match_indices(part.as_str())
            .map(|(at, _)| (end + at, end + at + part.len()))
            .find(|&(at, to)| !runs_on(text, part, at, to));
        match next {
            Some((_, to)) => end = to,
            None => return false,
        }
    }
    true
}

fn is_code_in(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let after = text.as_bytes().get(at + number.len());
        if after.is_some_and(u8::is_ascii_alphanumeric) {
            return false;
        }
        let before = text.get(..at).unwrap_or("");
        if before.ends_with('(') {
            return true;
        }
        let before = before.trim_end_matches([' ', ':', '=', '(', '#']);
        before.len() < at && CODES.iter().any(|code| before.ends_with(code))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).is_in(&Prepared::of(text))
    }

    #[test]
    fn case_quotes_white_space_and_colours_do_not_matter() {
        assert!(is_in("Hostname 'a'", "x hostname\n\t “A” y"));
        assert!(is_in(
            "self signed",
            "\u{1b}[31mself\u{1b}[0m \u{1b}[1msigned"
        ));
        assert!(is_in("says \"a\"", r#"{"m": "it says \"a\""}"#));
        assert!(is_in("a b", "a\\nb"));
        assert_eq!(
            Prepared::of("\u{1b}]0;evil\u{7}a\u{0}b\u{202e}c").text(),
            "a bc"
        );
    }

    #[test]
    fn words_and_numbers_end_where_the_text_ends() {
        assert!(is_in("num=2:", "error:num=2:x"));
        assert!(!is_in("num=2", "error:num=20:x"));
        assert!(is_in("CERT_HAS_EXPIRED", "ERR_CERT_HAS_EXPIRED_X"));
        assert!(!is_in("EOF", "eofs"));
        assert!(is_in("-9813", "CFStream, -9813)"));
        assert!(!is_in("-9813", "-98131"));
    }

    #[test]
    fn a_gap_is_short() {
        assert!(is_in("a * b", "a x b"));
        assert!(is_in("a*b", &format!("a{} b", " x".repeat(90))));
        assert!(!is_in("a*b", &format!("a{} b", " x".repeat(200))));
        assert!(!is_in("a*b", "b a"));
        // An earlier beginning that leads nowhere does not hide a later one.
        assert!(is_in("a*b", &format!("a{} a b", " x".repeat(200))));
    }

    #[test]
    fn a_number_counts_as_a_code_only_when_it_is_called_one() {
        assert!(is_in("#12175", "error 12175"));
        assert!(is_in("#12175", "[WinError 12175] x"));
        assert!(is_in("#12175", "failed (12175)"));
        assert!(is_in("#12175", "12175"));
        assert!(!is_in("#12175", "localhost:12175"));
        assert!(!is_in("#12175", "line 12175"));
        assert!(!is_in("#407", "error 4071"));
    }

    #[test]
    fn a_whole_text_is_all_of_it() {
        assert!(is_in("=EOF", " eof\n"));
        assert!(!is_in("=EOF", "x eof"));
    }
}
