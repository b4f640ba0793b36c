//! Names, constraints and encodings that verifiers do not agree on, as suites of others showed them: what
//! OpenSSL, Go and webpki all refuse, the standard's verdict refuses, and each client says its own.

use rcgen::string::Ia5String;
use rcgen::{CustomExtension, OtherNameValue, SanType};
use whycert::judge::client::by_id;

use super::{Line, MintedLine, answer, question, reasons};
use crate::support::draft::tlv;

const DNS: u8 = 0x82;
const MAIL: u8 = 0x81;
const URI: u8 = 0x86;
const PERMITTED: u8 = 0xa0;
const EXCLUDED: u8 = 0xa1;

/// Name constraints with one base, and what stands behind it in its subtree.
fn constraint(list: u8, kind: u8, base: &str, bounds: &[u8]) -> CustomExtension {
    let subtree = tlv(
        0x30,
        &[tlv(kind, base.as_bytes()), bounds.to_vec()].concat(),
    );
    critical(&[2, 5, 29, 30], tlv(0x30, &tlv(list, &subtree)))
}

fn critical(oid: &[u64], value: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, value);
    extension.set_criticality(true);
    extension
}

/// A server with one more name, below an issuing CA with this extension.
fn below(extension: CustomExtension, name: Option<SanType>) -> MintedLine {
    let mut line = Line::new();
    line.issuing.custom_extensions.push(extension);
    line.leaf.subject_alt_names.extend(name);
    line.mint()
}

fn says(line: &MintedLine, client: &str) -> Vec<(&'static str, Option<usize>)> {
    let policy = &by_id(client).unwrap().policy;
    let sent = line.sent();
    reasons(&answer(&sent, &[&line.root.der], &question(), policy))
}

fn mailbox(text: &str) -> Option<SanType> {
    let oid = vec![1, 3, 6, 1, 5, 5, 7, 8, 9];
    let value = OtherNameValue::Utf8String(text.to_owned());
    Some(SanType::OtherName((oid, value)))
}

fn uri(text: &str) -> Option<SanType> {
    Some(SanType::URI(Ia5String::try_from(text).unwrap()))
}

#[test]
fn constraints_for_mail_hold_for_mail_in_unicode() {
    let below = |list, base, name| below(constraint(list, MAIL, base, &[]), mailbox(name));
    for (line, refused) in [
        (below(PERMITTED, "lab.test", "\u{e4}@lab.test"), false),
        (below(PERMITTED, "lab.test", "\u{e4}@other.test"), true),
        (below(PERMITTED, "a@lab.test", "\u{e4}@lab.test"), true),
        (below(EXCLUDED, "lab.test", "\u{e4}@LAB.test"), true),
        (below(EXCLUDED, "lab.test", "\u{e4}@other.test"), false),
    ] {
        for client in ["rfc5280", "openssl"] {
            // A base that is a mailbox is compared with a host by OpenSSL; it never fits.
            assert_eq!(!says(&line, client).is_empty(), refused, "{client}");
        }
    }
}

#[test]
fn a_name_that_cannot_be_compared_is_not_outside_of_what_is_excluded() {
    for (list, kind, base, name, refused) in [
        (EXCLUDED, URI, ".lab.test", "urn:lab:server", true),
        (EXCLUDED, URI, ".lab.test", "https://a.other.test:x/", true),
        (EXCLUDED, URI, ".lab.test", "https://a.other.test:8/", false),
        (PERMITTED, URI, "lab.test", "https://lab.test/x", false),
        (
            PERMITTED,
            URI,
            "https://lab.test",
            "https://lab.test/x",
            true,
        ),
        (PERMITTED, DNS, "lab.test.", "https://lab.test/x", true),
        (PERMITTED, DNS, "lab.test", "https://lab.test/x", false),
        (PERMITTED, MAIL, "", "https://lab.test/x", false),
    ] {
        let line = below(constraint(list, kind, base, &[]), uri(name));
        let seen = says(&line, "rfc5280");
        assert_eq!(!seen.is_empty(), refused, "{base} {name}: {seen:?}");
    }
}

#[test]
fn a_constraint_with_bounds_is_refused_where_it_bears_on_a_name() {
    let minimum = tlv(0x80, &[1]);
    let dns = below(constraint(PERMITTED, DNS, "lab.test", &minimum), None);
    assert_eq!(says(&dns, "rfc5280"), [("name-constraint", Some(1))]);
    let mail = below(constraint(PERMITTED, MAIL, "lab.test", &minimum), None);
    assert_eq!(says(&mail, "rfc5280"), []);
}

/// As measured with GnuTLS 3.7.9 and 3.8.9 of Debian, repaired in 2026.
#[test]
fn gnutls_compares_names_without_case_and_reads_few_forms() {
    let host = |base| below(constraint(PERMITTED, DNS, base, &[]), None);
    for (base, refused) in [
        ("LAB.Test", false),
        ("lab.test.", false),
        ("a..lab.test", true),
        ("other.test", true),
    ] {
        let seen = says(&host(base), "gnutls");
        assert_eq!(!seen.is_empty(), refused, "{base}: {seen:?}");
    }
    let id = below(constraint(PERMITTED, 0x88, "*", &[]), None);
    assert_ne!(says(&id, "gnutls"), []);
    let empty = below(constraint(EXCLUDED, DNS, "a.test", &[]), uri(""));
    assert_eq!(says(&empty, "gnutls"), [("unreadable", Some(0))]);
}

#[test]
fn gnutls_itself_asks_for_no_profile_and_its_programs_do() {
    let gnutls = &by_id("gnutls").unwrap().policy;
    let program = &by_id("gnutls-cli").unwrap().policy;
    assert_eq!((gnutls.least_rsa_bits, gnutls.max_depth), (0, None));
    assert_eq!(
        (program.least_rsa_bits, program.max_depth),
        (1024, Some(15))
    );
}

#[test]
fn go_reads_no_address_that_maps_an_older_one_since_1_27() {
    let mapped = SanType::IpAddress("::ffff:192.0.2.1".parse().unwrap());
    let mut line = Line::new();
    line.leaf.subject_alt_names.push(mapped);
    let line = line.mint();
    assert_eq!(says(&line, "go"), [("unreadable", Some(0))]);
    assert_eq!(says(&line, "go125"), []);
}

#[test]
fn a_boolean_that_is_not_der_is_refused_by_all_but_openssl_and_gnutls() {
    let mut line = Line::new();
    line.issuing.is_ca = rcgen::IsCa::NoCa;
    let constraints = tlv(0x30, &tlv(1, &[1]));
    let extension = critical(&[2, 5, 29, 19], constraints);
    line.issuing.custom_extensions.push(extension);
    let line = line.mint();
    for client in ["rfc5280", "go"] {
        let first = says(&line, client).first().map(|(id, _)| *id);
        assert_eq!(first, Some("unreadable"), "{client}");
    }
    assert_eq!(says(&line, "rustls").len(), 1);
    for client in ["python312", "gnutls"] {
        assert_eq!(says(&line, client), [], "{client}");
    }
}

#[test]
fn go_looks_at_the_numbers_of_policy_constraints_only() {
    for (value, refused) in [(tlv(0xa0, &[1, 0xff]), false), (tlv(0x80, &[]), true)] {
        let extension = critical(&[2, 5, 29, 36], tlv(0x30, &value));
        assert_eq!(!says(&below(extension, None), "go").is_empty(), refused);
    }
}

#[test]
fn openssl_reads_no_point_without_a_place_and_no_party_without_a_name() {
    let reasons_only = tlv(0x30, &tlv(0x30, &tlv(0x81, &[6, 0x40])));
    let mut line = Line::new();
    let points = CustomExtension::from_oid_content(&[2, 5, 29, 31], reasons_only);
    line.leaf.custom_extensions.push(points);
    assert_ne!(says(&line.mint(), "openssl"), []);
    let party = constraint(EXCLUDED, 0xa5, "0\0", &[]);
    assert_ne!(says(&below(party, None), "openssl"), []);
}
