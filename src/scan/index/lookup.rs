//! Looking up in an index: everything was checked when it was opened, so that a lookup cannot fail.

use std::cmp::Ordering;
use std::ops::Range;

use super::format::{self, BOUNDS, DETAILS, NAME, Provenance, ROW, VULNERABILITY, name, number_at};
use super::statement::Statement;
use crate::model::advisory::Subject;
use crate::model::vulnerability::{CveId, Identifier};

/// An opened index: all of it, or what it says about certain names.
#[derive(Clone, Debug)]
pub struct Index {
    /// The entries of the names that are kept, their first rows counted within `rows`.
    pub(super) names: Vec<u8>,
    /// Which of them are of each subject, in the order of [`format::SUBJECTS`].
    pub(super) subjects: [Range<usize>; format::SUBJECTS.len()],
    pub(super) rows: Vec<u8>,
    /// The header and the tables that rows share.
    pub(super) head: Vec<u8>,
    pub(super) details: Table,
    pub(super) vulnerabilities: Table,
    pub(super) bounds: Table,
    pub(super) texts: String,
    pub(super) provenance: Provenance,
}

/// Entries of one size, one after the other: where they begin, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) start: usize,
    pub(super) count: usize,
}

/// The statements about one package.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) subject: Subject,
    pub(super) name: &'a str,
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Index {
    /// Returns what the index was built from.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Returns the number of statements that were read.
    pub fn len(&self) -> usize {
        self.rows.len() / ROW
    }

    /// Tells whether no statement was read.
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
        let entries: Vec<Entry<'a>> = self
            .entries_of(Subject::SourcePrefix)
            .filter_map(|at| self.entry(at))
            .filter(|entry| source.starts_with(entry.name))
            .collect();
        entries.into_iter().flat_map(|entry| self.entry_rows(Some(entry)))
    }

    /// Tells whether anything is stated by this kind of name.
    pub fn speaks_of(&self, subject: Subject) -> bool {
        !self.entries_of(subject).is_empty()
    }

    /// Returns every statement, by package.
    pub fn statements(&self) -> impl Iterator<Item = Statement<'_>> {
        (0..self.count()).filter_map(|at| self.entry(at)).flat_map(|entry| self.entry_rows(Some(entry)))
    }

    fn entry_rows<'a>(&'a self, entry: Option<Entry<'a>>) -> impl Iterator<Item = Statement<'a>> + use<'a> {
        let (name, first, count) = entry.map_or(("", 0, 0), |entry| (entry.name, entry.first, entry.count));
        let rows = self.rows.get(first * ROW..(first + count) * ROW).unwrap_or_default();
        rows.as_chunks().0.iter().map(move |row| Statement::new(self, name, row))
    }

    fn find(&self, subject: Subject, name: &str) -> Option<Entry<'_>> {
        let Range { start: mut low, end: mut high } = self.entries_of(subject);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.entry(middle)?;
            match entry.name.cmp(name) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(entry),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn entries_of(&self, subject: Subject) -> Range<usize> {
        self.subjects[usize::from(format::subject_number(subject))].clone()
    }

    /// The number of names.
    fn count(&self) -> usize {
        self.names.len() / NAME
    }

    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        Entry::read(self.names.get(at * NAME..)?.first_chunk()?, &self.texts)
    }

    pub(super) fn statement<'a>(&'a self, name: &'a str, at: usize) -> Option<Statement<'a>> {
        Some(Statement::new(self, name, self.rows.get(at * ROW..)?.first_chunk()?))
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
        self.head.get(table.start + at * SIZE..)?.first_chunk()
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
        text(&self.texts, entry, at)
    }
}

impl<'a> Entry<'a> {
    /// Reads an entry; its name lies in `texts`.
    pub(super) fn read(entry: &[u8; NAME], texts: &'a str) -> Option<Self> {
        Some(Self {
            subject: format::subject(entry[name::SUBJECT])?,
            name: text(texts, entry, name::TEXT)?,
            first: number_at(entry, name::FIRST_ROW)? as usize,
            count: number_at(entry, name::ROWS)? as usize,
        })
    }
}

fn text<'a>(texts: &'a str, entry: &[u8], at: usize) -> Option<&'a str> {
    let [a, b, c, d, e, f] = *entry.get(at..)?.first_chunk()?;
    let start = u32::from_le_bytes([a, b, c, d]) as usize;
    texts.get(start..start.checked_add(usize::from(u16::from_le_bytes([e, f])))?)
}
