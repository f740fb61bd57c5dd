//! Tables: trees of pages whose leaves hold the rows (section 1.6), and the rows' columns (section 2.1).

use std::path::Path;

use super::pages::{HEADER, Pages};
use super::{OnRow, SqliteError};

/// The deepest tree that SQLite itself follows (`BTCURSOR_MAX_DEPTH` of its btree.c).
const DEEPEST: usize = 20;

pub(super) fn damaged(path: &Path, page: u32, reason: &'static str) -> SqliteError {
    SqliteError::Damaged { path: path.to_owned(), page, reason }
}

/// Finds the root page of a table in the schema, whose own root is page 1 (section 2.6).
pub(super) fn find_table(pages: &mut Pages, name: &'static str) -> Result<u32, SqliteError> {
    let mut found = None;
    let path = pages.path().to_owned();
    walk(pages, 1, &mut |_, row| {
        let columns = Columns::of(row).map_err(|reason| damaged(&path, 1, reason))?;
        let [kind, own_name, _, root] = columns.first_four().map_err(|reason| damaged(&path, 1, reason))?;
        if kind == b"table" && own_name == name.as_bytes() {
            found = Some(root.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte)));
        }
        Ok::<(), SqliteError>(())
    })?;
    let root = found.ok_or(SqliteError::NoTable { path: path.clone(), table: name })?;
    u32::try_from(root).map_err(|_| damaged(&path, 1, "a table begins at a page that no file has"))
}

/// Calls `visit` with the number and the record of every row, in the order of the numbers.
pub(super) fn walk<E: From<SqliteError>>(
    pages: &mut Pages,
    root: u32,
    visit: OnRow<'_, (), E>,
) -> Result<(), E> {
    let mut walk = Walk { seen: vec![false; pages.count() as usize + 1], payload: Vec::new(), pages };
    walk.descend(root, 0, visit)
}

struct Walk<'a> {
    pages: &'a mut Pages,
    /// Pages that were visited: in a sound database each has one place, so a circle is damage.
    seen: Vec<bool>,
    payload: Vec<u8>,
}

/// A row of a leaf page: where the part of its record that lies in the page is, and where the rest begins.
struct Cell {
    row: i64,
    length: usize,
    local: std::ops::Range<usize>,
    overflow: u32,
}

impl Walk<'_> {
    fn descend<E: From<SqliteError>>(
        &mut self,
        number: u32,
        depth: usize,
        visit: OnRow<'_, (), E>,
    ) -> Result<(), E> {
        self.enter(number)?;
        let page = self.pages.page(number)?.to_vec();
        if depth > DEEPEST {
            return Err(self.damaged(number, "the tree of pages is deeper than SQLite makes one").into());
        }
        // The database's header comes before that of page 1.
        let start = if number == 1 { HEADER } else { 0 };
        match page.get(start) {
            // Section 1.6: 5 an inner page of a table, 13 a leaf.
            Some(5) => {
                for child in children(&page, start).map_err(|reason| self.damaged(number, reason))? {
                    self.descend(child, depth + 1, visit)?;
                }
                Ok(())
            }
            Some(13) => {
                let usable = self.pages.usable();
                for at in pointers(&page, start, 8).map_err(|reason| self.damaged(number, reason))? {
                    let cell = cell(&page, at, usable).map_err(|reason| self.damaged(number, reason))?;
                    let row = cell.row;
                    self.collect(&page, number, cell)?;
                    visit(row, &self.payload)?;
                }
                Ok(())
            }
            _ => Err(self.damaged(number, "the page is none of a table").into()),
        }
    }

    fn damaged(&self, page: u32, reason: &'static str) -> SqliteError {
        damaged(self.pages.path(), page, reason)
    }

    /// Notes that a page is used; one that is named and not there is refused when it is read.
    fn enter(&mut self, number: u32) -> Result<(), SqliteError> {
        match self.seen.get_mut(number as usize) {
            Some(true) => Err(self.damaged(number, "the page has two places in the file")),
            Some(seen) => {
                *seen = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Puts a record together from its page and the chain of pages that follow (section 1.7).
    fn collect(&mut self, page: &[u8], number: u32, cell: Cell) -> Result<(), SqliteError> {
        self.payload.clear();
        self.payload.extend_from_slice(&page[cell.local]);
        let (mut next, mut last) = (cell.overflow, number);
        while self.payload.len() < cell.length {
            if next == 0 {
                return Err(self.damaged(last, "a row ends before its length"));
            }
            self.enter(next)?;
            let page = self.pages.page(next)?;
            let missing = cell.length - self.payload.len();
            self.payload.extend_from_slice(&page[4..page.len().min(4 + missing)]);
            (last, next) = (next, number_at(page, 0));
        }
        Ok(())
    }
}

fn number_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Returns where the cells of a page are (section 1.6); `header` is the length of the page's own header.
fn pointers(page: &[u8], start: usize, header: usize) -> Result<Vec<usize>, &'static str> {
    let count = page.get(start + 3..start + 5).ok_or("the page has no header")?;
    let count = usize::from(u16::from_be_bytes([count[0], count[1]]));
    let first = start + header;
    let pointers = page.get(first..first + 2 * count).ok_or("the page holds fewer rows than it says")?;
    Ok(pointers.chunks_exact(2).map(|two| usize::from(u16::from_be_bytes([two[0], two[1]]))).collect())
}

/// Returns the children of an inner page, in the order of their rows.
fn children(page: &[u8], start: usize) -> Result<Vec<u32>, &'static str> {
    let child = |at: usize| {
        let bytes = page.get(at..at + 4).ok_or("a child lies outside the page")?;
        Ok(number_at(bytes, 0))
    };
    let mut children: Vec<u32> =
        pointers(page, start, 12)?.into_iter().map(child).collect::<Result<_, &'static str>>()?;
    children.push(child(start + 8)?);
    Ok(children)
}

/// Reads a row's number, and how much of its record lies in the page (section 1.6, "B-tree Cell Format").
fn cell(page: &[u8], at: usize, usable: usize) -> Result<Cell, &'static str> {
    const OUTSIDE: &str = "a row lies outside the page";
    let rest = page.get(at..).ok_or(OUTSIDE)?;
    let (length, after_length) = varint(rest).ok_or(OUTSIDE)?;
    let (row, after_row) = varint(&rest[after_length..]).ok_or(OUTSIDE)?;
    let length = usize::try_from(length).ok().filter(|length| *length <= i32::MAX as usize);
    let length = length.ok_or("a row is longer than a database allows")?;
    let local = local_length(length, usable);
    let begin = at + after_length + after_row;
    let end = begin + local;
    let overflow = match page.get(begin..end + if local < length { 4 } else { 0 }) {
        Some(_) if local == length => 0,
        Some(_) => number_at(page, end),
        None => return Err(OUTSIDE),
    };
    Ok(Cell { row: row.cast_signed(), length, local: begin..end, overflow })
}

/// How much of a record of `length` bytes a leaf page of a table keeps (same section: U, P, X, M and K).
fn local_length(length: usize, usable: usize) -> usize {
    let most = usable - 35;
    if length <= most {
        return length;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let rest = least + (length - least) % (usable - 4);
    if rest <= most { rest } else { least }
}

/// Reads a number of one to nine bytes; returns it and its length (section 1.6).
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for at in 0..8 {
        let byte = *bytes.get(at)?;
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    Some((value << 8 | u64::from(*bytes.get(8)?), 9))
}

/// Returns the second column of a record, which has to be a blob or a text.
pub(super) fn second_column(record: &[u8]) -> Result<&[u8], &'static str> {
    let mut columns = Columns::of(record)?;
    columns.next().ok_or("a row has no columns")??;
    columns.next().ok_or("a row has one column only")?
}

/// The columns of a record, as their bytes (section 2.1).
struct Columns<'a> {
    types: &'a [u8],
    values: &'a [u8],
}

impl<'a> Columns<'a> {
    fn of(record: &'a [u8]) -> Result<Self, &'static str> {
        const BROKEN: &str = "a row's header is longer than the row";
        let (length, begin) = varint(record).ok_or("a row is empty")?;
        let length = usize::try_from(length).map_err(|_| BROKEN)?;
        let types = record.get(begin..length).ok_or(BROKEN)?;
        Ok(Self { types, values: record.get(length..).ok_or(BROKEN)? })
    }

    fn first_four(mut self) -> Result<[&'a [u8]; 4], &'static str> {
        let mut column = || self.next().ok_or("a row of the schema has fewer than four columns")?;
        Ok([column()?, column()?, column()?, column()?])
    }
}

impl<'a> Iterator for Columns<'a> {
    type Item = Result<&'a [u8], &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.types.is_empty() {
            return None;
        }
        let Some((kind, length)) = varint(self.types) else { return Some(Err("a column's type is cut off")) };
        self.types = &self.types[length..];
        let Some(size) = size_of(kind) else { return Some(Err("a column has a type that there is not")) };
        if size > self.values.len() {
            return Some(Err("a column is longer than its row"));
        }
        let (value, rest) = self.values.split_at(size);
        self.values = rest;
        Some(Ok(value))
    }
}

/// How many bytes a column of a type takes (section 2.1, "Serial Type Codes").
fn size_of(kind: u64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((kind - 12) / 2).ok(),
    }
}
