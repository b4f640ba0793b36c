//! The rows of one table of an SQLite database file, read and nothing else: enough for NSS.
//!
//! A whole database engine in C would be a large dependency for one table of certificates, and NSS's own
//! `certutil` is rarely installed. The file format is fixed (<https://www.sqlite.org/fileformat2.html>).
//! Nothing is locked or written; a database with an unfinished journal is said to be in use.

/// Rows read at most.
const MOST_ROWS: usize = 100_000;
/// Levels of a B-tree at most.
const MOST_DEPTH: usize = 20;

/// One column of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Bytes(Vec<u8>),
}

/// The rows of a table with the names of its columns.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// The place of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }
}

/// Reads the table called `name`.
///
/// # Errors
/// In words: what is wrong with the file.
pub(super) fn table(file: &[u8], name: &str) -> Result<Table, String> {
    let database = Database::open(file).ok_or("it is no SQLite database")?;
    let schema = database.rows(1).ok_or("its table of tables is damaged")?;
    let entry = schema.iter().find_map(|row| match row.as_slice() {
        [
            Value::Bytes(kind),
            Value::Bytes(called),
            _,
            Value::Integer(root),
            Value::Bytes(sql),
            ..,
        ] if kind == b"table" && called == name.as_bytes() => {
            Some((*root, String::from_utf8_lossy(sql).into_owned()))
        }
        _ => None,
    });
    let (root, sql) = entry.ok_or_else(|| format!("it has no table {name}"))?;
    let root = usize::try_from(root).map_err(|_| "its table of tables is damaged")?;
    let columns = sql
        .split_once('(')
        .map(|(_, list)| list)
        .unwrap_or_default()
        .split(',')
        .filter_map(|column| {
            let name = column.split_whitespace().next()?;
            Some(name.trim_matches(['"', '`', '[', ']', ')', ';']).to_owned())
        })
        .collect();
    let rows = database.rows(root).ok_or("its pages are damaged")?;
    Ok(Table { columns, rows })
}

struct Database<'f> {
    file: &'f [u8],
    page_size: usize,
    usable: usize,
}

impl<'f> Database<'f> {
    fn open(file: &'f [u8]) -> Option<Self> {
        if !file.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let page_size = match u16_at(file, 16)? {
            1 => 65_536,
            size => usize::from(size),
        };
        let reserved = usize::from(*file.get(20)?);
        let usable = page_size.checked_sub(reserved)?;
        (page_size >= 512 && usable >= 480).then_some(Self {
            file,
            page_size,
            usable,
        })
    }

    fn page(&self, number: usize) -> Option<&'f [u8]> {
        let start = number.checked_sub(1)?.checked_mul(self.page_size)?;
        self.file.get(start..start.checked_add(self.page_size)?)
    }

    /// All rows of the table whose tree begins at this page.
    fn rows(&self, root: usize) -> Option<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        self.walk(root, 0, &mut rows)?;
        Some(rows)
    }

    fn walk(&self, number: usize, depth: usize, rows: &mut Vec<Vec<Value>>) -> Option<()> {
        if depth > MOST_DEPTH || rows.len() > MOST_ROWS {
            return None;
        }
        let page = self.page(number)?;
        // The first page begins with the header of the file.
        let header = if number == 1 { 100 } else { 0 };
        let cells = usize::from(u16_at(page, header + 3)?);
        let (first, inner) = match page.get(header)? {
            0x0d => (header + 8, false),
            0x05 => (header + 12, true),
            _ => return None,
        };
        for cell in 0..cells {
            let at = usize::from(u16_at(page, first + 2 * cell)?);
            if inner {
                let child = usize::try_from(u32_at(page, at)?).ok()?;
                self.walk(child, depth + 1, rows)?;
            } else {
                rows.push(record(&self.payload(page, at)?)?);
            }
        }
        if inner {
            let last = usize::try_from(u32_at(page, header + 8)?).ok()?;
            self.walk(last, depth + 1, rows)?;
        }
        Some(())
    }

    /// The payload of a cell, gathered from its overflow pages.
    fn payload(&self, page: &[u8], at: usize) -> Option<Vec<u8>> {
        let (length, used) = varint(page, at)?;
        let (_, more) = varint(page, at + used)?;
        let start = at + used + more;
        let length = usize::try_from(length).ok()?;
        if length > self.file.len() {
            return None;
        }
        let most = self.usable - 35;
        if length <= most {
            return page
                .get(start..start.checked_add(length)?)
                .map(<[u8]>::to_vec);
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (length - least) % (self.usable - 4);
        let local = if local <= most { local } else { least };
        let mut out = page.get(start..start + local)?.to_vec();
        let mut next = u32_at(page, start + local)?;
        while out.len() < length {
            let overflow = self.page(usize::try_from(next).ok()?)?;
            let take = (length - out.len()).min(self.usable - 4);
            out.extend_from_slice(overflow.get(4..4 + take)?);
            next = u32_at(overflow, 0)?;
        }
        Some(out)
    }
}

/// A record: the types of its columns, then their values.
fn record(payload: &[u8]) -> Option<Vec<Value>> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok()?;
    let mut body = header;
    let mut values = Vec::new();
    while at < header {
        let (kind, used) = varint(payload, at)?;
        at += used;
        let width = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            12.. => usize::try_from((kind - 12) / 2).ok()?,
            _ => return None,
        };
        let bytes = payload.get(body..body.checked_add(width)?)?;
        body += width;
        values.push(match kind {
            0 => Value::Null,
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            1..=6 => {
                let negative = bytes.first().is_some_and(|b| b & 0x80 != 0);
                let start = if negative { -1 } else { 0 };
                Value::Integer(
                    bytes
                        .iter()
                        .fold(start, |n: i64, &b| (n << 8) | i64::from(b)),
                )
            }
            _ => Value::Bytes(bytes.to_vec()),
        });
    }
    Some(values)
}

/// A number of one to nine bytes, and how many it took.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for used in 0..8 {
        let byte = *bytes.get(at + used)?;
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, used + 1));
        }
    }
    Some(((value << 8) | u64::from(*bytes.get(at + 8)?), 9))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(
        bytes.get(at..at.checked_add(4)?)?.try_into().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_database_is_said() {
        assert_eq!(table(b"", "t").unwrap_err(), "it is no SQLite database");
        let mut file = b"SQLite format 3\0".to_vec();
        file.resize(1024, 0);
        file[16] = 2;
        assert_eq!(
            table(&file, "t").unwrap_err(),
            "its table of tables is damaged"
        );
    }

    #[test]
    fn numbers_of_every_length() {
        assert_eq!(varint(&[0x7f], 0), Some((127, 1)));
        assert_eq!(varint(&[0x81, 0x00], 0), Some((128, 2)));
        assert_eq!(varint(&[0xff; 9], 0), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0x80], 0), None);
    }

    #[test]
    fn records_hold_what_they_say() {
        // header of 5 bytes: NULL, one byte, text of 2, integer 1
        let record = record(&[5, 0, 1, 17, 9, 0xfe, b'h', b'i']).unwrap();
        assert_eq!(
            record,
            [
                Value::Null,
                Value::Integer(-2),
                Value::Bytes(b"hi".to_vec()),
                Value::Integer(1)
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn damaged_files_end(mut noise in proptest::collection::vec(proptest::num::u8::ANY, 600..3000)) {
            noise[..16].copy_from_slice(b"SQLite format 3\0");
            noise[16] = 2;
            noise[17] = 0;
            noise[20] = 0;
            noise[100] = 0x05;
            let _ = table(&noise, "nssPublic");
        }
    }
}
