//! A walk over DER and BER that never fails: it gives what is there, with offsets, and stops where the
//! bytes stop making sense. No values are decoded here, except the few basic types that all share.

/// One element: tag, length, content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Identifier octet; tags above 30 are not used in certificates and end the walk.
    pub tag: u8,
    /// The content octets.
    pub content: &'a [u8],
    /// Identifier, length and content octets.
    pub whole: &'a [u8],
    /// Where `whole` begins, counted from the start of the outermost bytes.
    pub offset: usize,
    /// Number of octets before `content`: identifier and length.
    pub header: usize,
    /// The length is encoded in the shortest form, as DER demands; BER's indefinite form is not.
    pub minimal: bool,
}

/// The identifier bit of elements that hold elements.
const CONSTRUCTED: u8 = 0x20;

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// UTF8String.
pub const UTF8_STRING: u8 = 0x0c;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// SET.
pub const SET: u8 = 0x31;

impl<'a> Element<'a> {
    /// The first element of `bytes`, which begin at `offset`; `None` when they hold no whole one.
    pub fn read(bytes: &'a [u8], offset: usize) -> Option<Self> {
        let (&tag, rest) = bytes.split_first()?;
        let (&first, rest) = rest.split_first()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest, minimal) = match first {
            0..=0x7f => (usize::from(first), rest, true),
            0x80 if tag & CONSTRUCTED != 0 => return Self::indefinite(bytes, offset, tag),
            0x81..=0x88 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let shortest = digits.first() != Some(&0);
                let length = digits.iter().try_fold(0usize, |n, &d| {
                    n.checked_mul(256)?.checked_add(usize::from(d))
                })?;
                (length, rest, shortest && length > 0x7f)
            }
            _ => return None,
        };
        let header = bytes.len() - rest.len();
        Some(Self {
            tag,
            content: rest.get(..length)?,
            whole: bytes.get(..header.checked_add(length)?)?,
            offset,
            header,
            minimal,
        })
    }

    /// An element of which the end may be missing: its content is then all that is there.
    pub fn read_cut(bytes: &'a [u8], offset: usize) -> Option<Self> {
        if let Some(whole) = Self::read(bytes, offset) {
            return Some(whole);
        }
        let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
        if tag & 0x1f == 0x1f || first > 0x88 {
            return None;
        }
        let header = 2 + if first > 0x80 {
            usize::from(first & 0x7f)
        } else {
            0
        };
        Some(Self {
            tag,
            content: bytes.get(header..)?,
            whole: bytes,
            offset,
            header,
            minimal: false,
        })
    }

    /// BER's indefinite form: the content ends at its end-of-contents octets. Elements inside are
    /// skipped over without recursion, so that deep nesting costs no stack.
    fn indefinite(bytes: &'a [u8], offset: usize, tag: u8) -> Option<Self> {
        let mut at = 2;
        let mut open = 1usize;
        while open > 0 {
            match *bytes.get(at..)? {
                [0, 0, ..] => {
                    open -= 1;
                    at += 2;
                }
                [inner, 0x80, ..] if inner & CONSTRUCTED != 0 => {
                    open += 1;
                    at += 2;
                }
                _ => at += Self::read(bytes.get(at..)?, 0)?.whole.len(),
            }
        }
        Some(Self {
            tag,
            content: bytes.get(2..at - 2)?,
            whole: bytes.get(..at)?,
            offset,
            header: 2,
            minimal: false,
        })
    }

    /// What lies inside of a constructed element.
    pub fn inside(&self) -> Elements<'a> {
        Elements::new(self.content, self.offset + self.header)
    }

    /// Where the element lies in the outermost bytes.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.whole.len()
    }
}

/// Elements one after the other.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Elements<'a> {
    /// Those in `bytes`, which begin at `offset`.
    pub fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self {
            rest: bytes,
            offset,
        }
    }

    /// Bytes that were not walked over yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Where the bytes that were not walked over yet begin.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The next element if it is a string with this tag, also when it is written in parts.
    pub fn take_string(&mut self, tag: u8) -> Option<Element<'a>> {
        let first = *self.rest.first()?;
        if first & !CONSTRUCTED == tag {
            self.next()
        } else {
            None
        }
    }

    /// The next element if it has this tag; otherwise nothing is taken.
    pub fn take_tag(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) {
            self.next()
        } else {
            None
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let element = Element::read(self.rest, self.offset)?;
        self.rest = self.rest.get(element.whole.len()..).unwrap_or_default();
        self.offset += element.whole.len();
        Some(element)
    }
}

/// Whether all lengths are in the shortest form. Looks into constructed elements, down to a depth that
/// no certificate needs; what is deeper is not looked at.
pub fn is_strict(bytes: &[u8]) -> bool {
    fn below(bytes: &[u8], depth: u32) -> bool {
        Elements::new(bytes, 0).all(|e| {
            e.minimal && (e.tag & CONSTRUCTED == 0 || depth == 0 || below(e.content, depth - 1))
        })
    }
    below(bytes, 24)
}

/// Octets of an OBJECT IDENTIFIER read at most; the longest in use have about twenty.
const LONGEST_OID: usize = 64;

/// Content of an OBJECT IDENTIFIER in dotted form; `None` when it is malformed or absurdly long.
pub fn dotted(content: &[u8]) -> Option<Box<str>> {
    if content.is_empty() || content.len() > LONGEST_OID || content.last()? & 0x80 != 0 {
        return None;
    }
    // One octet gives at most three digits and a dot. A certificate has dozens of these: no
    // formatting machinery and one allocation.
    let mut out = [0u8; 4 * LONGEST_OID + 4];
    let mut length = 0;
    // Wide enough for the UUIDs below 2.25.
    let mut value: u128 = 0;
    for &byte in content {
        if value == 0 && byte == 0x80 {
            // Padding in front of a number.
            return None;
        }
        value = value
            .checked_mul(128)?
            .checked_add(u128::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        if length == 0 {
            let top = (value / 40).min(2);
            length = digits(&mut out, length, top)?;
            value -= top * 40;
        }
        *out.get_mut(length)? = b'.';
        length = digits(&mut out, length + 1, value)?;
        value = 0;
    }
    std::str::from_utf8(out.get(..length)?).ok().map(Box::from)
}

/// Whether [`dotted`] reads it; cheaper.
pub fn is_oid(content: &[u8]) -> bool {
    // Numbers of nine octets may be too large: those are tried.
    let plain = content.len() <= LONGEST_OID
        && content.last().is_some_and(|b| b & 0x80 == 0)
        && content
            .split(|b| b & 0x80 == 0)
            .all(|n| n.len() < 8 && n.first() != Some(&0x80));
    plain || dotted(content).is_some()
}

/// Writes a number at `at`; gives where it ends.
fn digits(out: &mut [u8], at: usize, value: u128) -> Option<usize> {
    const HALF: u128 = 1_000_000_000_000_000_000;
    let Ok(mut value) = u64::try_from(value) else {
        // Two steps, since 64-bit divisions are many times cheaper.
        let middle = digits(out, at, value / HALF)?;
        let end = digits(out, middle, value % HALF + HALF)?;
        // The second number was written with a 1 in front, to keep its zeros.
        out.get_mut(middle..end)?.rotate_left(1);
        return Some(end - 1);
    };
    let start = at;
    let mut end = at;
    loop {
        *out.get_mut(end)? = b'0' + (value % 10) as u8;
        end += 1;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.get_mut(start..end)?.reverse();
    Some(end)
}

/// The octets of an OCTET STRING or the content of a BIT STRING, put together when BER wrote them in
/// parts (X.690 section 8.7.3). `None` when a part is of another type.
pub fn octets<'a>(element: &Element<'a>) -> Option<std::borrow::Cow<'a, [u8]>> {
    if element.tag & CONSTRUCTED == 0 {
        return Some(element.content.into());
    }
    let mut whole = Vec::new();
    for part in element.inside() {
        match part.tag {
            OCTET_STRING => whole.extend_from_slice(part.content),
            // The count of unused bits is the last part's.
            BIT_STRING => {
                let (&unused, bits) = part.content.split_first()?;
                match whole.first_mut() {
                    Some(count) => *count = unused,
                    None => whole.push(unused),
                }
                whole.extend_from_slice(bits);
            }
            _ => return None,
        }
    }
    Some(whole.into())
}

/// Content of a small non-negative INTEGER.
pub fn small(content: &[u8]) -> Option<u32> {
    if content.is_empty() || content.first()? & 0x80 != 0 {
        return None;
    }
    let digits = content.iter().skip_while(|&&b| b == 0);
    if digits.clone().count() > 4 {
        return None;
    }
    Some(digits.fold(0, |n, &b| (n << 8) | u32::from(b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_know_where_they_are() {
        let bytes = [0x30, 5, 2, 1, 7, 5, 0, 0xff];
        let outer = Element::read(&bytes, 0).unwrap();
        assert_eq!(outer.range(), 0..7);
        let inner: Vec<_> = outer.inside().map(|e| (e.tag, e.offset)).collect();
        assert_eq!(inner, [(2, 2), (5, 5)]);
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        for bytes in [
            &[0x30][..],
            &[0x30, 5, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0],
            &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x04, 0x80, 0, 0],
            &[0x30, 0x80, 0],
            &[0x1f, 1, 0],
        ] {
            assert_eq!(Element::read(bytes, 0), None);
        }
        assert!(!Element::read(&[4, 0x81, 1, 0], 0).unwrap().minimal);
    }

    #[test]
    fn indefinite_lengths_end_at_their_own_end() {
        let bytes = [0x30, 0x80, 0x30, 0x80, 2, 1, 0, 0, 0, 2, 1, 9, 0, 0, 0xff];
        let outer = Element::read(&bytes, 0).unwrap();
        assert_eq!(outer.range(), 0..14);
        assert!(!outer.minimal);
        let inner: Vec<_> = outer.inside().map(|e| (e.tag, e.range())).collect();
        assert_eq!(inner, [(0x30, 2..9), (2, 9..12)]);
        let deep = [0x30u8, 0x80].repeat(50_000);
        assert_eq!(Element::read(&deep, 0), None);
    }

    #[test]
    fn what_is_cut_off_still_shows_its_beginning() {
        let cut = Element::read_cut(&[0x30, 0x82, 1, 0, 2, 1, 7], 10).unwrap();
        assert_eq!(cut.range(), 10..17);
        assert_eq!(cut.inside().map(|e| e.range()).next(), Some(14..17));
        assert_eq!(Element::read_cut(&[0x30], 0), None);
    }

    #[test]
    fn strings_in_parts_are_put_together() {
        let bits = [0x23, 0x80, 3, 2, 0, 0xaa, 3, 2, 4, 0xb0, 0, 0];
        let element = Elements::new(&bits, 0).take_string(BIT_STRING).unwrap();
        assert_eq!(octets(&element).unwrap()[..], [4, 0xaa, 0xb0]);
        assert_eq!(
            octets(&Element::read(&[4, 1, 7], 0).unwrap()).unwrap()[..],
            [7]
        );
        assert_eq!(
            octets(&Element::read(&[0x24, 3, 2, 1, 7], 0).unwrap()),
            None
        );
    }

    #[test]
    fn strictness_looks_inside() {
        assert!(is_strict(&[0x30, 3, 2, 1, 7]));
        assert!(!is_strict(&[0x30, 4, 2, 0x81, 1, 7]));
    }

    #[test]
    fn object_identifiers_become_dotted() {
        const HALF_AND_ZEROS: u128 = 123_000_000_000_000_000_000_000_000_007;
        assert_eq!(dotted(&[0x55, 0x1d, 0x11]).as_deref(), Some("2.5.29.17"));
        assert_eq!(
            dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]).as_deref(),
            Some("1.2.840.113549")
        );
        assert_eq!(dotted(&[0x88, 0x37]).as_deref(), Some("2.999"));
        assert_eq!(dotted(&[0x86]), None);
        assert_eq!(dotted(&[]), None);
        assert_eq!(dotted(&[0x2a, 0x80, 0x01]), None);
        assert_eq!(dotted(&[0x2a; 64]).unwrap().len(), 3 + 63 * 3);
        assert_eq!(dotted(&[0x2a; 65]), None);
        let largest = [
            0x2a, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
        ];
        assert_eq!(
            dotted(&largest).as_deref(),
            Some("1.2.18446744073709551615")
        );
        for number in [
            u128::MAX,
            9_999_999_999_999_999_999_999,
            1 << 64,
            HALF_AND_ZEROS,
        ] {
            let mut out = [0; 64];
            let end = digits(&mut out, 3, number).unwrap();
            assert_eq!(
                std::str::from_utf8(&out[3..end]),
                Ok(number.to_string().as_str())
            );
        }
        // A UUID below 2.25: 128 bits, all set.
        let uuid = [&[0x69, 0x83][..], &[0xff; 17], &[0x7f]].concat();
        assert_eq!(
            dotted(&uuid).as_deref(),
            Some("2.25.340282366920938463463374607431768211455")
        );
    }
}
