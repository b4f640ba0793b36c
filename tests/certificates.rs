//! Reading certificates: OpenSSL as the peer on every certificate of the system and of Mozilla, then
//! everything that can be wrong with one.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use whycert::cert::fields::{explain, fields};
use whycert::cert::{Certificate, ExtensionValue, GeneralName, KeyKind, PointForm};
use whycert::moment::Moment;

use crate::support::draft::{Draft, extension, oid, rdn, seq, tlv};
use crate::support::peer;

/// What `openssl x509` says of a certificate.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    sha256: String,
}

/// What it is asked; together with `-fingerprint` and the hash.
const QUESTIONS: &str = "-subject -issuer -serial -dates -dateopt iso_8601 -fingerprint -sha256";

/// `None` when OpenSSL does not open it.
fn openssl(program: &Path, der: &[u8]) -> Option<Seen> {
    run(program, QUESTIONS, der).map(|text| seen(&text))
}

fn seen(text: &str) -> Seen {
    let mut seen = Seen::default();
    // Long serial numbers are folded.
    for line in text.replace("\\\n", "").lines() {
        let Some((label, value)) = line.split_once('=') else {
            continue;
        };
        let place = match label {
            "subject" => &mut seen.subject,
            "issuer" => &mut seen.issuer,
            "serial" => &mut seen.serial,
            "notBefore" => &mut seen.not_before,
            "notAfter" => &mut seen.not_after,
            "sha256 Fingerprint" => &mut seen.sha256,
            _ => continue,
        };
        *place = value.to_owned();
    }
    seen
}

fn run(program: &Path, arguments: &str, der: &[u8]) -> Option<String> {
    let mut child = Command::new(program)
        .args("x509 -noout -inform DER -nameopt RFC2253,utf8,-esc_msb".split(' '))
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It may stop reading early when it does not like what it gets.
    let _ = child.stdin.take().unwrap().write_all(der);
    let output = child.wait_with_output().unwrap();
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The same from our reading.
fn ours(c: &Certificate) -> Seen {
    let serial = match c.serial.as_slice() {
        [first, ..] if first & 0x80 != 0 => {
            let n = c
                .serial
                .iter()
                .fold(0u128, |n, &b| (n << 8) | u128::from(b));
            let bits = c.serial.len() * 8;
            format!("-{:02X}", (1u128 << bits) - n)
        }
        [0, rest @ ..] if !rest.is_empty() => data_encoding::HEXUPPER.encode(rest),
        other => data_encoding::HEXUPPER.encode(other),
    };
    let date = |m: Option<Moment>| match m {
        Some(m) => m.rfc3339().replace('T', " "),
        None => "Bad time value".to_owned(),
    };
    Seen {
        subject: c.subject.rfc4514(),
        issuer: c.issuer.rfc4514(),
        serial,
        not_before: date(c.not_before),
        not_after: date(c.not_after),
        sha256: whycert::text::hex_colon(&c.sha256),
    }
}

/// Every certificate of the system's bundle.
fn system() -> Vec<Vec<u8>> {
    let places = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ];
    let Some(pem) = places.iter().find_map(|p| std::fs::read_to_string(p).ok()) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "there is no CA bundle of the system"
        );
        eprintln!("skipped: the CA bundle of the system");
        return Vec::new();
    };
    pem.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|block| {
            let body = block.split("-----END").next().unwrap();
            let body: String = body.split_whitespace().collect();
            data_encoding::BASE64.decode(body.as_bytes()).unwrap()
        })
        .collect()
}

#[test]
fn what_openssl_says_of_every_root_we_say_too() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|c| c.to_vec());
    let mut all: Vec<Vec<u8>> = mozilla.chain(system()).collect();
    all.sort();
    all.dedup();
    assert!(all.len() >= 100, "only {} certificates", all.len());
    for der in all {
        let c = Certificate::read(der.as_slice());
        let text = run(&program, &format!("-text {QUESTIONS}"), &der).unwrap();
        assert_eq!(ours(&c), seen(&text));
        let sha1 = run(&program, "-fingerprint -sha1", &der).unwrap();
        assert!(sha1.contains(&whycert::text::hex_colon(&c.sha1)));
        assert!(
            text.contains(&format!("({} bit)", c.key.bits)),
            "{}",
            c.short_name()
        );
        let algorithm = format!("Signature Algorithm: {}", c.signature_algorithm.name);
        assert!(text.contains(&algorithm), "{algorithm} {text}");
        assert_eq!(c.is_ca(), text.contains("CA:TRUE"));
        let id = c.subject_key_id().map(whycert::text::hex_colon);
        assert!(id.is_none_or(|id| text.contains(&id)), "{}", c.short_name());
        // Those that OpenSSL calls critical are critical here.
        let critical = text.matches(": critical").count();
        let ours = c.extensions.iter().filter(|e| e.critical).count();
        assert_eq!(ours, critical, "{}", c.short_name());
    }
}

/// One change of a draft, and a part of the words it must be told in; no words: nothing is wrong.
fn cases() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut cases = Vec::new();
    let mut case = |name, words, change: &dyn Fn(&mut Draft)| {
        let mut draft = Draft::new();
        change(&mut draft);
        cases.push((name, draft.der(), words));
    };
    let times = |before: &[u8], after: &[u8]| seq(&[&tlv(23, before), &tlv(23, after)]);
    let subject = |tag, value: &[u8]| seq(&[&rdn("2.5.4.3", tag, value)]);
    let san = |names: &[&[u8]]| extension("2.5.29.17", false, &seq(names));

    case("healthy", "", &|_| ());
    case("month 13", "time could not be read", &|d| {
        d.validity = times(b"261301000000Z", b"261231235959Z");
    });
    case("31 April", "time could not be read", &|d| {
        d.validity = times(b"260431000000Z", b"261231235959Z");
    });
    case("no digits", "time could not be read", &|d| {
        d.validity = times(b"junk", b"261231235959Z");
    });
    case("no seconds", "no seconds", &|d| {
        d.validity = times(b"2601010000Z", b"261231235959Z");
    });
    case("offset", "not in UTC", &|d| {
        d.validity = times(b"260101000000+0100", b"261231235959Z");
    });
    case("fraction", "fraction of a second", &|d| {
        d.validity = seq(&[&tlv(24, b"20500101000000.5Z"), &tlv(24, b"20511231235959Z")]);
    });
    case("generalized too early", "wrong type for its year", &|d| {
        d.validity = seq(&[&tlv(24, b"20260101000000Z"), &tlv(23, b"261231235959Z")]);
    });
    case("date as text", "no time", &|d| {
        d.validity = seq(&[&tlv(12, b"260101000000Z"), &tlv(23, b"261231235959Z")]);
    });
    case("never expires", "", &|d| {
        d.validity = seq(&[&tlv(23, b"260101000000Z"), &tlv(24, b"99991231235959Z")]);
    });
    case("year 0000", "", &|d| {
        d.validity = seq(&[&tlv(24, b"00000101000000Z"), &tlv(23, b"261231235959Z")]);
    });
    case("version 4", "no version 4", &|d| {
        d.version = tlv(0xa0, &tlv(2, &[3]))
    });
    case("version 1 written", "may not be written", &|d| {
        d.version = tlv(0xa0, &tlv(2, &[0]));
        d.extensions.clear();
    });
    case("version 1 with extensions", "Only version 3", &|d| {
        d.version.clear()
    });
    case("version 1", "", &|d| {
        d.version.clear();
        d.extensions.clear();
    });
    case("negative serial", "negative", &|d| {
        d.serial = tlv(2, &[0x80, 1])
    });
    case("zero serial", "zero", &|d| d.serial = tlv(2, &[0]));
    case("padded serial", "shortest form", &|d| {
        d.serial = tlv(2, &[0, 1])
    });
    case("serial of 1,000 bytes", "1000 octets", &|d| {
        d.serial = tlv(2, &[0x55; 1_000])
    });
    case("empty serial", "empty", &|d| d.serial = tlv(2, &[]));
    case("serial as text", "another type", &|d| {
        d.serial = tlv(12, b"1234")
    });
    case("empty subject", "", &|d| d.subject = seq(&[]));
    case("empty issuer", "issuer's name is empty", &|d| {
        d.issuer = seq(&[])
    });
    case(
        "empty RDN in the middle",
        "part of the name is empty",
        &|d| {
            let (first, last) = (rdn("2.5.4.6", 19, b"XX"), rdn("2.5.4.3", 12, b"after"));
            d.subject = seq(&[&first, &tlv(0x31, &[]), &last]);
        },
    );
    case("two attributes in one RDN", "", &|d| {
        let part = |o, v: &[u8]| seq(&[&oid(o), &tlv(12, v)]);
        d.subject = seq(&[&tlv(
            0x31,
            &[part("2.5.4.3", b"cn"), part("2.5.4.11", b"ou")].concat(),
        )]);
    });
    case("teletex", "", &|d| d.subject = subject(20, b"M\xfcnchen"));
    case("bmp", "", &|d| d.subject = subject(30, b"\0M\0\xfc"));
    case("universal", "", &|d| {
        d.subject = subject(28, b"\0\0\0M\0\x01\xf6\x00")
    });
    case("escapes of RFC 4514", "", &|d| {
        d.subject = subject(12, b"# a,b+c\"d\\e<f>g;h=i ");
    });
    case("attribute without a name", "", &|d| {
        d.subject = seq(&[&rdn("1.2.3.4", 12, b"x"), &rdn("2.5.4.3", 12, b"y")]);
    });
    case("two lists of names", "is there twice", &|d| {
        d.extensions.push(d.extensions[0].clone())
    });
    case("empty list of names", "it is empty", &|d| {
        d.extensions = vec![san(&[])]
    });
    case(
        "address of 5 bytes",
        "a name in it could not be read",
        &|d| {
            d.extensions = vec![san(&[&tlv(0x87, &[1; 5]), &tlv(0x82, b"draft.example")])];
        },
    );
    case("name outside of ASCII", "outside of ASCII", &|d| {
        d.extensions = vec![san(&[&tlv(0x82, "münchen.example".as_bytes())])];
    });
    case("bytes after a value", "bytes after its value", &|d| {
        let value = [seq(&[&tlv(0x82, b"draft.example")]), vec![5, 0]].concat();
        d.extensions = vec![extension("2.5.29.17", false, &value)];
    });
    case("constraints of another type", "another type", &|d| {
        d.extensions
            .push(extension("2.5.29.19", true, &tlv(4, b"x")));
    });
    case("CA as 01", "neither 00 nor FF", &|d| {
        d.extensions
            .push(extension("2.5.29.19", true, &seq(&[&[1, 1, 1]])));
    });
    case("critical as 01", "neither 00 nor FF", &|d| {
        let value = tlv(4, &seq(&[]));
        d.extensions
            .push(seq(&[&oid("2.5.29.19"), &[1, 1, 1], &value]));
    });
    case("not critical written out", "written out", &|d| {
        let value = tlv(4, &seq(&[]));
        d.extensions
            .push(seq(&[&oid("2.5.29.19"), &[1, 1, 0], &value]));
    });
    case("negative path length", "negative", &|d| {
        d.extensions.push(extension(
            "2.5.29.19",
            true,
            &seq(&[&[1, 1, 0xff, 2, 1, 0xff]]),
        ));
    });
    case("key usage without bits", "allows no use", &|d| {
        d.extensions
            .push(extension("2.5.29.15", true, &tlv(3, &[7, 0])));
    });
    case("minimum in constraints", "minimum", &|d| {
        let subtree = seq(&[&tlv(0x82, b"example"), &tlv(0x80, &[1])]);
        d.extensions
            .push(extension("2.5.29.30", true, &seq(&[&tlv(0xa0, &subtree)])));
    });
    case("mask with holes", "mask in it has holes", &|d| {
        let subtree = seq(&[&tlv(0x87, &[10, 0, 0, 0, 255, 0, 255, 0])]);
        d.extensions
            .push(extension("2.5.29.30", true, &seq(&[&tlv(0xa0, &subtree)])));
    });
    case("policy twice", "policy twice", &|d| {
        let policy = seq(&[&oid("2.23.140.1.2.1")]);
        d.extensions
            .push(extension("2.5.29.32", false, &seq(&[&policy, &policy])));
    });
    case("timestamps cut off", "timestamp", &|d| {
        let list = [0, 9, 0, 7, 1, 2, 3, 4, 5, 6, 7];
        d.extensions
            .push(extension("1.3.6.1.4.1.11129.2.4.2", false, &tlv(4, &list)));
    });
    case("empty key", "public key is empty", &|d| {
        let ec = seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]);
        d.key = seq(&[&ec, &tlv(3, &[0])]);
    });
    case(
        "extension of an unreadable type",
        "type could not be read",
        &|d| {
            d.extensions
                .push(seq(&[&tlv(6, &[0x2a, 0x80, 1]), &tlv(4, b"kept")]));
        },
    );
    case("values in parts", "shortest form", &|d| {
        let (front, back) = (tlv(4, &[0x30, 0x0f, 0x82]), tlv(4, b"\x0ddraft.example"));
        let parts = [&[0x24, 0x80][..], &front, &back, &[0, 0]].concat();
        d.extensions = vec![seq(&[&oid("2.5.29.17"), &parts])];
    });
    case("algorithms that differ", "", &|_| ());
    let (name, der, words) = cases.pop().unwrap();
    let _ = (der, words);
    let draft = Draft::new();
    let outer = seq(&[&oid("1.2.840.10045.4.3.3")]);
    cases.push((
        name,
        seq(&[&draft.tbs(), &outer, &tlv(3, &[0; 72])]),
        "differs from the algorithm",
    ));
    let der = draft.der();
    cases.push((
        "bytes after the end",
        [&der[..], b"hi"].concat(),
        "2 bytes after its end",
    ));
    // BER's indefinite length around the whole.
    let inside = &der[4..];
    cases.push((
        "indefinite length",
        [&[0x30, 0x80][..], inside, &[0, 0]].concat(),
        "shortest form",
    ));
    cases.push(("cut off", der[..der.len() - 80].to_vec(), "cut off"));
    cases.push(("nothing", Vec::new(), "does not begin like a certificate"));
    cases.push((
        "no certificate",
        b"-----BEGIN CERTIFICATE-----".to_vec(),
        "does not begin",
    ));
    cases.push((
        "4 GB promised",
        [0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 2, 1, 1].to_vec(),
        "cut off",
    ));
    cases.push(("deep nesting", [0x30, 0x80].repeat(20_000), "cut off"));
    cases
}

#[test]
fn broken_certificates_are_shown_with_their_defects() {
    let program = peer("openssl");
    let (mut opened, mut differ) = (0, Vec::new());
    for (name, der, words) in cases() {
        let c = Certificate::read(der.as_slice());
        assert_eq!(&c.der[..], der, "{name}");
        let told: Vec<&str> = c.defects.iter().map(|d| d.words.as_str()).collect();
        if words.is_empty() {
            assert!(told.is_empty(), "{name}: {told:?}");
        } else {
            assert!(told.iter().any(|t| t.contains(words)), "{name}: {told:?}");
        }
        for field in fields(&c) {
            assert!(explain(field.id).is_some());
        }
        let Some(theirs) = program.as_ref().and_then(|p| openssl(p, &der)) else {
            continue;
        };
        opened += 1;
        let mut mine = ours(&c);
        match name {
            // OpenSSL reads the first certificate and ignores the bytes after it.
            "bytes after the end" => mine.sha256 = theirs.sha256.clone(),
            // It hashes what it would write, not what it was given.
            "indefinite length" => mine.sha256 = theirs.sha256.clone(),
            "year 0000" => mine.not_before = mine.not_before.replace("0000-", "   0-"),
            // Moments are whole seconds here; the defect tells of the fraction.
            "fraction" => mine.not_before = mine.not_before.replace("00Z", "00.5Z"),
            _ => {}
        }
        if mine != theirs {
            differ.push((name, mine, theirs));
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
    assert!(
        program.is_none() || opened > 35,
        "OpenSSL opened only {opened}"
    );
}

#[test]
fn whatever_openssl_opens_of_a_damaged_certificate_we_show_as_it_does() {
    let Some(program) = peer("openssl") else {
        return;
    };
    let whole = Draft::new().der();
    let (mut opened, mut differ) = (0, Vec::new());
    for at in 0..whole.len() {
        let mut der = whole.clone();
        der[at] ^= if at % 2 == 0 { 0x55 } else { 0x80 };
        let c = Certificate::read(der.as_slice());
        assert_eq!(&c.der[..], der);
        let Some(theirs) = openssl(&program, &der) else {
            continue;
        };
        opened += 1;
        let mine = ours(&c);
        if mine != theirs {
            differ.push((at, mine, theirs));
        }
    }
    assert!(opened > 100, "OpenSSL opened only {opened}");
    assert!(differ.is_empty(), "{opened} {differ:#?}");
    for end in 0..whole.len() {
        let c = Certificate::read(&whole[..end]);
        assert_eq!(&c.der[..], &whole[..end]);
        assert!(!c.defects.is_empty(), "cut at {end}");
    }
}

#[test]
fn what_stands_before_a_cut_is_still_read() {
    let draft = Draft::new();
    let der = draft.der();
    let find = |part: &[u8]| der.windows(part.len()).rposition(|w| w == part).unwrap() + part.len();
    let subject = find(&draft.subject);
    let c = Certificate::read(&der[..subject]);
    assert_eq!(c.subject.rfc4514(), "CN=draft.example,C=XX");
    assert_eq!(c.not_after.unwrap().rfc3339(), "2026-12-31T23:59:59Z");
    assert_eq!(c.spki_sha256, None);
    let names = find(&draft.extensions[0]);
    let c = Certificate::read(&der[..names]);
    assert_eq!(c.subject_alt_names().len(), 1);
    assert_eq!(c.key.title(), "EC P-256");
    assert!(c.signature.is_empty());
}

#[test]
fn keys_tell_what_a_judge_asks() {
    let point = |octets: &[u8]| tlv(3, &[&[0][..], octets].concat());
    let read = |algorithm: &[u8], bits: &[u8]| {
        let mut draft = Draft::new();
        draft.key = seq(&[algorithm, bits]);
        Certificate::read(draft.der())
    };
    let ec = oid("1.2.840.10045.2.1");
    let p256 = seq(&[&ec, &oid("1.2.840.10045.3.1.7")]);
    assert_eq!(
        read(&p256, &point(&[3; 33])).key.point,
        Some(PointForm::Compressed)
    );
    assert!(read(&p256, &point(&[3; 33])).defects.is_empty());
    assert_eq!(
        read(&p256, &point(&[4; 64])).key.point,
        Some(PointForm::Invalid)
    );
    assert_eq!(
        read(&p256, &point(&[0])).key.point,
        Some(PointForm::Infinity)
    );
    let field = seq(&[&oid("1.2.840.10045.1.1"), &tlv(2, &[0x7f; 32])]);
    let explicit = read(
        &seq(&[&ec, &seq(&[&tlv(2, &[1]), &field])]),
        &point(&[4; 65]),
    )
    .key;
    assert!(explicit.explicit_parameters);
    assert_eq!(explicit.bits, 255);
    assert!(matches!(explicit.kind, KeyKind::Ec { .. }));
    let rsa = seq(&[&oid("1.2.840.113549.1.1.1"), &[5, 0]]);
    let even = read(&rsa, &point(&seq(&[&tlv(2, &[0x40; 256]), &tlv(2, &[1])]))).key;
    assert_eq!((even.bits, even.modulus.len()), (2_047, 256));
    assert_eq!(even.kind, KeyKind::Rsa { exponent: 1 });
    assert_eq!(even.faults.len(), 2);
}

#[test]
fn what_cannot_be_named_or_comes_in_parts_is_kept() {
    let find = |name| cases().into_iter().find(|c| c.0 == name).unwrap().1;
    let c = Certificate::read(find("extension of an unreadable type"));
    assert_eq!(c.extensions[1].oid.as_str(), "unreadable-2a8001");
    assert_eq!(c.extensions[1].raw, b"kept");
    let c = Certificate::read(find("values in parts"));
    assert_eq!(c.subject_alt_names()[0].to_string(), "draft.example");
}

#[test]
fn malformed_is_not_absent() {
    let mut draft = Draft::new();
    draft.extensions = vec![extension("2.5.29.19", true, b"junk")];
    let c = Certificate::read(draft.der());
    assert_eq!(c.basic_constraints(), None);
    assert!(matches!(
        c.extensions[0].value,
        ExtensionValue::Malformed(_)
    ));
    assert!(c.extensions[0].critical);
    assert_eq!(&c.der[c.extensions[0].range.clone()], draft.extensions[0]);
    draft.extensions = vec![extension("2.5.29.17", false, &seq(&[&tlv(0x87, &[1; 3])]))];
    let c = Certificate::read(draft.der());
    assert!(matches!(
        c.subject_alt_names(),
        [GeneralName::Invalid { tag: 7, .. }]
    ));
    assert_eq!(c.extensions[0].faults, ["a name in it could not be read"]);
}
