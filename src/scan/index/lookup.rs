//! Reading an index: everything is checked when it is opened, so that a lookup cannot fail.

use chrono::DateTime;

use super::format::{
    self, BOUNDS, COVERED, DETAILS, HEADER, IndexError, MAGIC, NAME, Provenance, ROW, SIZES, VERSION,
    VULNERABILITY, header, name, number_at,
};
use super::statement::Statement;
use crate::model::advisory::Subject;
use crate::model::digest::Sha256;
use crate::model::vulnerability::{CveId, Identifier};

/// An opened index.
#[derive(Clone, Debug)]
pub struct Index {
    tables: Vec<u8>,
    texts: String,
    /// Entries of each table, and where it begins.
    names: Table,
    rows: Table,
    details: Table,
    vulnerabilities: Table,
    bounds: Table,
    provenance: Provenance,
}

/// Entries of one size, one after the other.
#[derive(Clone, Copy, Debug)]
struct Table {
    start: usize,
    count: usize,
}

/// The statements about one package.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    subject: Subject,
    name: &'a str,
    first: usize,
    count: usize,
}

impl Index {
    /// Opens the bytes of an index file and checks all of it: checksum, bounds, order, texts.
    ///
    /// # Errors
    /// See [`IndexError`]; whatever is wrong, the index can be built again.
    pub fn open(mut bytes: Vec<u8>) -> Result<Self, IndexError> {
        let damaged = |what| IndexError::Damaged { what };
        check_checksum(&bytes)?;
        let cut = damaged("the header is cut");
        let [names, rows, details, vulnerabilities, bounds, texts] = tables(&bytes).ok_or(cut)?;
        let provenance = provenance(&bytes).ok_or(cut)?;
        if texts.start.checked_add(texts.count) != Some(bytes.len()) {
            return Err(damaged("the counts do not fit the size"));
        }
        let texts =
            String::from_utf8(bytes.split_off(texts.start)).map_err(|_| damaged("a text is not UTF-8"))?;
        let index = Self { tables: bytes, texts, names, rows, details, vulnerabilities, bounds, provenance };
        index.check_tables().ok_or(damaged("an entry points outside, or is out of order"))?;
        Ok(index)
    }

    fn check_tables(&self) -> Option<()> {
        let mut next_row = 0;
        let mut last = (Subject::Source, "");
        for at in 0..self.names.count {
            let entry = self.entry(at)?;
            if (entry.subject, entry.name) <= last || entry.first != next_row {
                return None;
            }
            last = (entry.subject, entry.name);
            next_row = entry.first.checked_add(entry.count)?;
        }
        let rows_are_sound =
            (0..self.rows.count).all(|at| self.statement("", at).is_some_and(|row| row.is_sound()));
        let identifiers_are_sound =
            (0..self.vulnerabilities.count).all(|at| self.vulnerability(at).is_some());
        (next_row == self.rows.count && rows_are_sound && identifiers_are_sound).then_some(())
    }

    /// Returns what the index was built from.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Returns the number of statements.
    pub fn len(&self) -> usize {
        self.rows.count
    }

    /// Tells whether there is no statement.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns what is stated about a package, by its source or binary name.
    pub fn lookup<'a>(
        &'a self,
        subject: Subject,
        name: &str,
    ) -> impl Iterator<Item = Statement<'a>> + use<'a> {
        self.entry_rows(self.find(subject, name))
    }

    /// Returns what is stated about every source whose name begins as this one does.
    pub fn lookup_prefixes<'a>(&'a self, source: &str) -> impl Iterator<Item = Statement<'a>> + use<'a> {
        let start = self.partition((Subject::SourcePrefix, ""));
        let entries: Vec<Entry<'a>> = (start..self.names.count)
            .filter_map(|at| self.entry(at))
            .filter(|entry| source.starts_with(entry.name))
            .collect();
        entries.into_iter().flat_map(|entry| self.entry_rows(Some(entry)))
    }

    /// Tells whether anything is stated by this kind of name.
    pub fn speaks_of(&self, subject: Subject) -> bool {
        self.entry(self.partition((subject, ""))).is_some_and(|entry| entry.subject == subject)
    }

    /// Returns every statement, by package.
    pub fn statements(&self) -> impl Iterator<Item = Statement<'_>> {
        (0..self.names.count).filter_map(|at| self.entry(at)).flat_map(|entry| self.entry_rows(Some(entry)))
    }

    fn entry_rows<'a>(&'a self, entry: Option<Entry<'a>>) -> impl Iterator<Item = Statement<'a>> + use<'a> {
        let (name, rows) = entry.map_or(("", 0..0), |e| (e.name, e.first..e.first + e.count));
        rows.filter_map(move |row| self.statement(name, row))
    }

    fn find(&self, subject: Subject, name: &str) -> Option<Entry<'_>> {
        self.entry(self.partition((subject, name)))
            .filter(|entry| entry.subject == subject && entry.name == name)
    }

    /// Returns the first entry that is not before the wanted one.
    fn partition(&self, wanted: (Subject, &str)) -> usize {
        let (mut low, mut high) = (0, self.names.count);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle) {
                Some(entry) if (entry.subject, entry.name) < wanted => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        let entry: &[u8; NAME] = self.part(self.names, at)?;
        Some(Entry {
            subject: format::subject(entry[name::SUBJECT])?,
            name: self.text(entry, name::TEXT)?,
            first: number_at(entry, name::FIRST_ROW)? as usize,
            count: number_at(entry, name::ROWS)? as usize,
        })
    }

    fn statement<'a>(&'a self, name: &'a str, at: usize) -> Option<Statement<'a>> {
        Some(Statement::new(self, name, self.part::<ROW>(self.rows, at)?))
    }

    pub(super) fn vulnerability(&self, at: usize) -> Option<Identifier<'_>> {
        let entry: &[u8; VULNERABILITY] = self.part(self.vulnerabilities, at)?;
        self.identifier(u64::from_le_bytes(*entry))
    }

    pub(super) fn details(&self, at: usize) -> Option<&[u8; DETAILS]> {
        self.part(self.details, at)
    }

    pub(super) fn bounds(&self, at: usize) -> Option<&[u8; BOUNDS]> {
        self.part(self.bounds, at)
    }

    fn part<const SIZE: usize>(&self, table: Table, at: usize) -> Option<&[u8; SIZE]> {
        if at >= table.count {
            return None;
        }
        self.tables.get(table.start + at * SIZE..)?.first_chunk()
    }

    pub(super) fn identifier(&self, bits: u64) -> Option<Identifier<'_>> {
        if bits & format::TEXT_IDENTIFIER == 0 {
            return CveId::from_bits(bits).map(Identifier::Cve);
        }
        self.text(&bits.to_le_bytes(), 0).filter(|text| !text.is_empty()).map(Identifier::Text)
    }

    /// Tells whether the text that six bytes of an entry point to lies within the texts.
    pub(super) fn holds_text(&self, entry: &[u8], at: usize) -> bool {
        let end = |place: &[u8; 6]| {
            let [a, b, c, d, e, f] = *place;
            u64::from(u32::from_le_bytes([a, b, c, d])) + u64::from(u16::from_le_bytes([e, f]))
        };
        let place = entry.get(at..).and_then(|rest| rest.first_chunk());
        place.is_some_and(|place| end(place) <= self.texts.len() as u64)
    }

    /// Reads the text that six bytes of an entry point to.
    pub(super) fn text(&self, entry: &[u8], at: usize) -> Option<&str> {
        let [a, b, c, d, e, f] = *entry.get(at..)?.first_chunk()?;
        let start = u32::from_le_bytes([a, b, c, d]) as usize;
        self.texts.get(start..start.checked_add(usize::from(u16::from_le_bytes([e, f])))?)
    }
}

fn check_checksum(bytes: &[u8]) -> Result<(), IndexError> {
    if bytes.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(IndexError::NotAnIndex);
    }
    let damaged = |what| IndexError::Damaged { what };
    let version = number_at(bytes, MAGIC.len()).ok_or(damaged("the header is cut"))?;
    if version != VERSION {
        return Err(IndexError::OtherVersion { found: version });
    }
    match (number_at(bytes, header::CHECKSUM), bytes.get(COVERED..)) {
        (Some(stated), Some(covered)) if stated == format::checksum(covered) => Ok(()),
        (Some(_), Some(_)) => Err(damaged("its checksum does not match")),
        _ => Err(damaged("the header is cut")),
    }
}

/// Reads where every part begins and how many entries it has.
fn tables(bytes: &[u8]) -> Option<[Table; 6]> {
    let offsets = [
        header::NAMES,
        header::ROWS,
        header::DETAILS,
        header::VULNERABILITIES,
        header::BOUNDS,
        header::TEXTS,
    ];
    let mut start = HEADER;
    let mut tables = [Table { start, count: 0 }; 6];
    for ((table, offset), size) in tables.iter_mut().zip(offsets).zip(SIZES) {
        let count = number_at(bytes, offset)? as usize;
        *table = Table { start, count };
        start = start.checked_add(count.checked_mul(size)?)?;
    }
    (tables[5].start <= bytes.len()).then_some(tables)
}

fn provenance(bytes: &[u8]) -> Option<Provenance> {
    let content = Sha256::from_bytes(*bytes.get(header::CONTENT..)?.first_chunk()?);
    let published = i64::from_le_bytes(*bytes.get(header::PUBLISHED..)?.first_chunk()?);
    let scheme = format::scheme(*bytes.get(header::SCHEME)?)?;
    Some(Provenance { content, published: DateTime::from_timestamp(published, 0), scheme })
}
