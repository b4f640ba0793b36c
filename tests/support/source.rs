//! Rust source as text: enough of a lexer to look at code without its comments, strings and tests.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below these folders and files of the repository, as path from its root and
/// text, in order of their names. Files that are no text are left out.
pub fn files(roots: &[&str]) -> Vec<(String, String)> {
    let mut waiting: Vec<PathBuf> = roots.iter().map(|r| repository().join(r)).collect();
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .expect("a readable folder")
                    .map(|entry| entry.expect("a readable entry").path()),
            );
        } else if let Ok(text) = fs::read_to_string(&path) {
            let below = path.strip_prefix(repository()).expect("below the root");
            found.push((below.to_string_lossy().replace('\\', "/"), text));
        }
    }
    found.sort();
    found
}

/// The code with comments and the contents of strings and characters blanked, lines kept.
pub fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let blank = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            quoted(rest)
        } else if !word(before) && (rest.starts_with("r\"") || rest.starts_with("r#")) {
            raw(rest, 1)
        } else if !word(before) && (rest.starts_with("br\"") || rest.starts_with("br#")) {
            raw(rest, 2)
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        let (gone, after) = rest.split_at(blank);
        out.extend(gone.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = after;
        if blank == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
        before = if blank == 0 { c } else { ' ' };
    }
    out
}

/// [`code`] without items under `#[cfg(test)]`.
pub fn shipped(text: &str) -> String {
    let mut code = code(text);
    const MARK: &str = "#[cfg(test)]";
    while let Some(start) = code.find(MARK) {
        let end = item_end(&code[start + MARK.len()..]) + start + MARK.len();
        let blank: String = code[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// Whether `name` stands in the code as a word of its own.
pub fn names(code: &str, name: &str) -> bool {
    places(code, name).next().is_some()
}

/// Where `name` stands as a word of its own (its ends are checked only where they are words).
pub fn places<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(name).map(|(at, _)| at).filter(|&at| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let after = code[at + name.len()..].chars().next().unwrap_or(' ');
        let longer = word(before) && name.starts_with(word) || word(after) && name.ends_with(word);
        !longer
    })
}

/// The number of the line at this byte.
pub fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

fn word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A raw string, or 0 for a raw identifier such as `r#type`.
fn raw(text: &str, prefix: usize) -> usize {
    let hashes = text[prefix..].chars().take_while(|&c| c == '#').count();
    let open = prefix + hashes;
    if !text[open..].starts_with('"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    text[open + 1..]
        .find(&close)
        .map_or(text.len(), |at| open + 1 + at + close.len())
}

/// A character literal, or 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            chars.find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// The end of the item that begins here: its closing brace, or its semicolon.
fn item_end(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

#[test]
fn code_is_seen_without_words() {
    let text = "a // b\n\"c \\\" d\" /* e /* f */ g */ h 'i' '\\'' &'j k r#\"l\"# m r#type br\"n\"";
    let seen: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(seen, ["a", "h", "&'j", "k", "m", "r#type"]);
    assert_eq!(code("a\n/*\n*/b").matches('\n').count(), 2);
    let text =
        "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { x } }\nfn c() {}\n#[cfg(test)]\nuse d;\ne";
    let seen: Vec<String> = shipped(text)
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    assert_eq!(seen, ["fn", "a()", "{}", "fn", "c()", "{}", "e"]);
    assert!(names("use tokio::net", "tokio") && !names("use my_tokio", "tokio"));
    assert_eq!(places("a.unwrap() b.unwrap()", ".unwrap()").count(), 2);
}
