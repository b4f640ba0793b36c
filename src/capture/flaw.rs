//! What is wrong with a block of PEM, as strict readers see it.

use super::pem::{Begins, DASHES, Flaw, base64, element, is_certificate_like};

/// The flaw of one block, if it has one: its label, where it begins, what is between its lines, whether no other
/// begins after it, and the certificate that was read of it.
///
/// `ending` is what follows the dashes before the label of the END line.
pub(super) fn of(
    label: &[u8],
    begins: Begins,
    content: &[u8],
    ending: Option<&[u8]>,
    is_last: bool,
    certificate: Option<&Vec<u8>>,
) -> Option<Flaw> {
    let of_certificate = label.ends_with(b"CERTIFICATE");
    let whole = |der: &&Vec<u8>| element(der).is_some() && is_certificate_like(der);
    let in_its_place = begins == Begins::Inside || content.ends_with(b"\n");
    let Some(ending) = ending.filter(|e| in_its_place && e.starts_with(label)) else {
        let whole = certificate.is_some_and(|der| whole(&der));
        return Some(if is_last {
            Flaw::NoEnd { whole }
        } else {
            let padding = letters(content).position(|b| b == b'=');
            Flaw::NextBegins { whole, padding }
        });
    };
    let rest = ending
        .get(label.len()..)
        .and_then(|e| e.strip_prefix(DASHES));
    let rest = rest.and_then(|rest| rest.split(|&b| b == b'\n').next());
    if !rest.is_some_and(|rest| rest.trim_ascii().is_empty()) {
        return Some(Flaw::EndNotAlone);
    }
    // Headers of old PEM: an encrypted key, which nobody looks into.
    if !of_certificate && content.contains(&b':') {
        return None;
    }
    if let Some(flaw) = no_base64(content) {
        return Some(flaw);
    }
    match certificate {
        _ if label.ends_with(b"PRIVATE KEY") => {
            let der = base64(content);
            let whole =
                der.is_some_and(|der| der.first() == Some(&0x30) && element(&der).is_some());
            (!whole).then_some(Flaw::Other)
        }
        Some(der) if of_certificate && !whole(&der) => Some(if is_certificate_like(der) {
            Flaw::Cut
        } else {
            Flaw::Other
        }),
        None if of_certificate => Some(Flaw::Other),
        _ => None,
    }
}

/// What is between the lines of a block, without white space.
fn letters(content: &[u8]) -> impl Iterator<Item = u8> {
    content.iter().copied().filter(|b| !b.is_ascii_whitespace())
}

/// Why this is no base64, as strict readers see it.
fn no_base64(content: &[u8]) -> Option<Flaw> {
    let count = letters(content).count();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"+/".contains(&b);
    let padding = letters(content).position(|b| b == b'=');
    let wrong = letters(content).position(|b| !is_plain(b) && b != b'=');
    let after = padding.map_or(0, |at| count - at);
    let padding_is_last = letters(content).skip(count - after).all(|b| b == b'=');
    match (wrong, padding) {
        _ if count == 0 => Some(Flaw::Empty),
        (Some(at), _) => Some(Flaw::Letter(at, letters(content).nth(at)?)),
        (None, Some(at)) if after > 2 || !padding_is_last || !count.is_multiple_of(4) => {
            Some(Flaw::Letter(at, b'='))
        }
        _ => (!count.is_multiple_of(4)).then_some(Flaw::Length),
    }
}
