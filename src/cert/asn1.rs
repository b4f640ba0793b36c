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
    /// The length is encoded in the shortest form, as DER demands.
    pub minimal: bool,
}

/// BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

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
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = digits.iter().fold(0usize, |n, &d| (n << 8) | usize::from(d));
                let shortest = digits.first() != Some(&0) && length > 0x7f;
                (length, rest, shortest)
            }
            _ => return None,
        };
        let content = rest.get(..length)?;
        let whole = bytes.get(..bytes.len() - rest.len() + length)?;
        Some(Self { tag, content, whole, offset, minimal })
    }

    /// What lies inside of a constructed element.
    pub fn inside(&self) -> Elements<'a> {
        let header = self.whole.len() - self.content.len();
        Elements::new(self.content, self.offset + header)
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
        Self { rest: bytes, offset }
    }

    /// Bytes that were not walked over yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next element if it has this tag; otherwise nothing is taken.
    pub fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.rest.first() == Some(&tag) { self.next() } else { None }
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

/// Content of an OBJECT IDENTIFIER in dotted form; `None` when it is malformed or absurdly long.
pub fn dotted(content: &[u8]) -> Option<String> {
    use std::fmt::Write;
    if content.is_empty() || content.len() > 64 || content.last()? & 0x80 != 0 {
        return None;
    }
    let mut out = String::with_capacity(content.len() * 3);
    let mut value: u128 = 0;
    let mut first = true;
    for &byte in content {
        value = value.checked_mul(128)?.checked_add(u128::from(byte & 0x7f))?;
        if byte & 0x80 != 0 {
            continue;
        }
        if first {
            let top = (value / 40).min(2);
            let _ = write!(out, "{top}.{}", value - top * 40);
            first = false;
        } else {
            let _ = write!(out, ".{value}");
        }
        value = 0;
    }
    Some(out)
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
        for bytes in [&[0x30][..], &[0x30, 5, 1], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0], &[0x30, 0x80, 0, 0], &[0x1f, 1, 0]] {
            assert_eq!(Element::read(bytes, 0), None);
        }
        assert!(!Element::read(&[4, 0x81, 1, 0], 0).unwrap().minimal);
    }

    #[test]
    fn object_identifiers_become_dotted() {
        assert_eq!(dotted(&[0x55, 0x1d, 0x11]).as_deref(), Some("2.5.29.17"));
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]).as_deref(), Some("1.2.840.113549"));
        assert_eq!(dotted(&[0x88, 0x37]).as_deref(), Some("2.999"));
        assert_eq!(dotted(&[0x86]), None);
        assert_eq!(dotted(&[]), None);
    }
}
