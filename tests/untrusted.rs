//! Nothing that a certificate says reaches a terminal, a file name or a log as it came.

use proptest::prelude::*;
use whycert::cert::fields::{Field, fields};
use whycert::cert::{Certificate, ExtensionValue};
use whycert::text::{self, Untrusted};

use crate::support::draft::{Draft, extension, oid, rdn, seq, tlv};

/// What terminals and readers act on. Written down here anew, not taken from the program.
fn dangerous(c: char) -> bool {
    let n = u32::from(c);
    n < 0x20
        || (0x7f..0xa0).contains(&n)
        || n == 0xad
        || n == 0x61c
        || (0x200b..=0x200f).contains(&n)
        || (0x2028..=0x202e).contains(&n)
        || (0x2060..=0x206f).contains(&n)
        || (0xfe00..=0xfe0f).contains(&n)
        || n == 0xfeff
        || (0xfff0..=0xfffb).contains(&n)
        || (0x1bca0..=0x1bca3).contains(&n)
        || (0x1d173..=0x1d17a).contains(&n)
        || n >= 0xe0000
}

const ATTACKS: &[&str] = &[
    "\x1b[31m",
    "\x1b[2J\x1b[H",
    "\x1b]52;c;aGFja2Vk\x07",
    "\x1b]52;c;aGFja2Vk\x1b\\",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1bP$q q\x1b\\",
    "\u{9b}31m",
    "\u{9d}52;c;aGFja2Vk\u{9c}",
    "\x07",
    "\r",
    "\nSHA-256: 00:11",
    "\x08\x08\x08",
    "\0",
    "\x7f",
    "\u{202e}gpj.exe",
    "\u{2066}a\u{2069}",
    "\u{200b}",
    "\u{200d}",
    "\u{feff}",
    "\u{e0041}\u{e007f}",
    "../../etc/passwd",
    "-rf",
    "`id`$(id)",
    "日本語",
    "e\u{301}",
    " ",
    ",+\"\\<>;#=",
];

fn hostile() -> impl Strategy<Value = String> {
    let attack = prop::sample::select(ATTACKS).prop_map(str::to_owned);
    let any = any::<char>().prop_map(String::from);
    let plain = "[a-z.]{1,8}".prop_map(String::from);
    prop::collection::vec(prop_oneof![3 => attack, 2 => any, 1 => plain], 0..12)
        .prop_map(|parts| parts.concat())
}

/// A certificate that says `words` wherever it can.
fn saying(words: &[u8], tag: u8) -> Certificate {
    let mut draft = Draft::new();
    let name = seq(&[
        &rdn("2.5.4.10", tag, words),
        &rdn("1.2.3", tag, words),
        &rdn("2.5.4.3", tag, words),
    ]);
    let names = seq(&[
        &tlv(0x82, words),
        &tlv(0x81, words),
        &tlv(0x86, words),
        &tlv(0xa4, &name),
        &tlv(0xa0, &[oid("1.2.3"), tlv(0xa0, &tlv(12, words))].concat()),
        &tlv(0x87, words),
        &tlv(0x88, words),
        &tlv(0xa3, words),
    ]);
    let notice = seq(&[&oid("1.3.6.1.5.5.7.2.2"), &seq(&[&tlv(tag, words)])]);
    let cps = seq(&[&oid("1.3.6.1.5.5.7.2.1"), &tlv(22, words)]);
    let policy = seq(&[&oid("1.2.3"), &seq(&[&cps, &notice])]);
    let uri = tlv(0x86, words);
    let access = seq(&[&oid("1.3.6.1.5.5.7.48.2"), &uri]);
    let point = seq(&[&tlv(0xa0, &tlv(0xa0, &uri))]);
    let base = seq(&[&tlv(0x82, words)]);
    draft.issuer = name.clone();
    draft.subject = name;
    draft.validity = seq(&[&tlv(23, words), &tlv(24, words)]);
    draft.extensions = vec![
        extension("2.5.29.17", false, &names),
        extension("2.5.29.32", false, &seq(&[&policy])),
        extension("1.3.6.1.5.5.7.1.1", false, &seq(&[&access])),
        extension("2.5.29.31", false, &seq(&[&point])),
        extension(
            "2.5.29.30",
            true,
            &seq(&[&tlv(0xa0, &base), &tlv(0xa1, &base)]),
        ),
        extension("2.16.840.1.113730.1.13", false, &tlv(tag, words)),
        extension("1.2.3.4", false, &tlv(tag, words)),
        extension("2.5.29.19", false, words),
    ];
    Certificate::read(draft.der())
}

/// Everything of a certificate that is made to be displayed.
fn displayed(c: &Certificate) -> Vec<String> {
    fn collect(fields: &[Field], out: &mut Vec<String>) {
        for field in fields {
            out.push(field.label.clone());
            out.push(field.value.clone());
            collect(&field.children, out);
        }
    }
    let mut out = vec![
        c.short_name(),
        c.subject.rfc4514(),
        c.issuer.rfc4514(),
        format!("{:?}", c.subject),
        c.key.title(),
    ];
    out.extend(c.subject.short());
    out.extend(c.subject_alt_names().iter().map(ToString::to_string));
    out.extend(c.ca_issuers().iter().map(ToString::to_string));
    out.extend(c.defects.iter().map(|d| d.words.clone()));
    out.extend(c.extensions.iter().map(|e| e.oid.title()));
    collect(&fields(c), &mut out);
    out
}

fn assert_safe(shown: &str, of: &str) {
    if let Some(c) = shown.chars().find(|&c| dangerous(c)) {
        panic!("U+{:04X} got out of {of:?} in {shown:?}", u32::from(c));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_dangerous_is_displayed(words in hostile(), tag in prop::sample::select(&[12u8, 19, 20, 22, 26, 4][..])) {
        let c = saying(words.as_bytes(), tag);
        for shown in displayed(&c) {
            assert_safe(&shown, &words);
        }
    }

    #[test]
    fn wide_strings_are_no_way_around(words in hostile()) {
        let bmp: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let universal: Vec<u8> = words.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        for (bytes, tag) in [(bmp, 30), (universal, 28)] {
            let c = saying(&bytes, tag);
            let read = c.subject.common_names().next().map(Untrusted::raw);
            prop_assert_eq!(read, Some(words.as_str()));
            for shown in displayed(&c) {
                assert_safe(&shown, &words);
            }
        }
    }

    #[test]
    fn bytes_without_sense_are_no_way_around(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let c = saying(&bytes, 12);
        for shown in displayed(&c) {
            assert_safe(&shown, "bytes");
        }
        for shown in displayed(&Certificate::read(bytes)) {
            assert_safe(&shown, "bytes");
        }
    }

    #[test]
    fn text_comes_out_safe_and_text_that_is_safe_as_it_was(words in hostile()) {
        let untrusted = Untrusted::new(words.clone());
        for shown in [untrusted.to_string(), format!("{untrusted:?}"), format!("{untrusted:>40}")] {
            assert_safe(&shown, &words);
        }
        if !words.chars().any(text::is_unsafe) {
            prop_assert_eq!(untrusted.to_string(), words.clone());
        }
        let once = text::safe(&words).into_owned();
        prop_assert_eq!(text::safe(&once), once.as_str());
        for columns in [0, 1, 7, 40] {
            prop_assert!(text::width(&text::clip(&once, columns)) <= columns);
        }
    }

    #[test]
    fn file_names_are_plain(words in hostile()) {
        let part = text::file_name_part(&words);
        prop_assert!(!part.is_empty() && part.len() <= 64);
        prop_assert!(!part.starts_with(['.', '-']));
        prop_assert!(part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{}", part);
    }

    #[test]
    fn names_differ_in_rfc_4514_when_they_differ(a in hostile(), b in hostile()) {
        let name = |words: &str| saying(words.as_bytes(), 12).subject.rfc4514();
        prop_assert_eq!(a == b, name(&a) == name(&b));
    }
}

#[test]
fn huge_names_are_read_whole() {
    let long = "\x1b]52;c;x\x07".repeat(8_192);
    assert!(long.len() >= 65_536);
    let c = saying(long.as_bytes(), 12);
    assert_eq!(c.subject.common_names().next().unwrap().raw(), long);
    for shown in displayed(&c) {
        assert_safe(&shown, "64 KB");
    }
    let names: Vec<Vec<u8>> = (0..10_000)
        .map(|n| tlv(0x82, format!("\x1b[{n}m.example").as_bytes()))
        .collect();
    let mut draft = Draft::new();
    draft.extensions = vec![extension("2.5.29.17", false, &tlv(0x30, &names.concat()))];
    let c = Certificate::read(draft.der());
    assert!(c.defects.is_empty());
    assert!(
        matches!(&c.extensions[0].value, ExtensionValue::SubjectAltName(all) if all.len() == 10_000)
    );
    for shown in displayed(&c) {
        assert_safe(&shown, "10,000 names");
    }
}
