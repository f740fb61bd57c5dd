//! Opening an index: everything that is read is checked before the first lookup.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use chrono::DateTime;

use super::format::{
    self, COVERED, HEADER, IndexError, MAGIC, NAME, Provenance, ROW, SIZES, VERSION, header, name, number_at,
};
use super::lookup::{Entry, Index, Table};
use crate::model::advisory::Subject;
use crate::model::digest::Sha256;

/// Where the bytes of an index lie: in memory, or in a file of which only what is needed is read.
pub trait IndexBytes {
    /// Returns how many bytes there are; `None` where that cannot be told.
    fn length(&self) -> Option<usize>;

    /// Fills a buffer from a place on; `None` where that cannot be read.
    fn read(&self, from: usize, into: &mut [u8]) -> Option<()>;
}

impl IndexBytes for [u8] {
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }

    fn read(&self, from: usize, into: &mut [u8]) -> Option<()> {
        into.copy_from_slice(self.get(from..)?.get(..into.len())?);
        Some(())
    }
}

impl IndexBytes for File {
    fn length(&self) -> Option<usize> {
        usize::try_from(self.metadata().ok()?.len()).ok()
    }

    fn read(&self, from: usize, into: &mut [u8]) -> Option<()> {
        self.read_exact_at(into, from as u64).ok()
    }
}

/// Which names are wanted; statements about all names of a beginning always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'w> {
    /// Every one.
    All,
    /// These, sorted.
    Names(&'w [Cow<'w, str>]),
}

impl Index {
    /// Opens the bytes of an index file and checks all of it: checksums, bounds, order, texts.
    ///
    /// # Errors
    /// See [`IndexError`]; whatever is wrong, the index can be built again.
    pub fn open(bytes: &[u8]) -> Result<Self, IndexError> {
        Self::open_for(bytes, Wanted::All)
    }

    /// Opens what an index says about the wanted names, and checks that: of the rest, no row is read. A name that was
    /// not wanted is one that the index does not speak of.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for(file: &(impl IndexBytes + ?Sized), wanted: Wanted<'_>) -> Result<Self, IndexError> {
        let head = Head::read(file)?;
        let [names, details, vulnerabilities, bounds, texts, rows] = head.tables;
        let Head { bytes: mut head, provenance, .. } = head;
        let texts = String::from_utf8(head.split_off(texts.start))
            .map_err(|_| IndexError::Damaged { what: "a text is not UTF-8" })?;
        let selection = Selection::of(&head[names.start..details.start], &texts, (rows.count, wanted))
            .ok_or(IndexError::Damaged { what: "a name points outside, or is out of order" })?;
        let rows = selection.rows(file, rows)?;
        let Selection { names, subjects, .. } = selection;
        let index = Self { names, subjects, rows, head, details, vulnerabilities, bounds, texts, provenance };
        if index.is_sound() {
            return Ok(index);
        }
        Err(IndexError::Damaged { what: "an entry points outside" })
    }

    fn is_sound(&self) -> bool {
        (0..self.len()).all(|at| self.statement("", at).is_some_and(|row| row.is_sound()))
            && (0..self.vulnerabilities.count).all(|at| self.vulnerability(at).is_some())
    }
}

/// Everything before the rows.
struct Head {
    bytes: Vec<u8>,
    /// In the order of the file.
    tables: [Table; 6],
    provenance: Provenance,
}

impl Head {
    fn read(file: &(impl IndexBytes + ?Sized)) -> Result<Self, IndexError> {
        let cut = IndexError::Damaged { what: "the header is cut" };
        let length = file.length().ok_or(cut)?;
        let mut header = [0; HEADER];
        let known = length.min(HEADER);
        file.read(0, &mut header[..known]).ok_or(cut)?;
        check_kind(&header[..known])?;
        let tables = tables(&header[..known]).ok_or(cut)?;
        let rows = tables[5];
        if rows.count.checked_mul(ROW).and_then(|size| rows.start.checked_add(size)) != Some(length) {
            return Err(IndexError::Damaged { what: "the counts do not fit the size" });
        }
        let mut bytes = vec![0; rows.start];
        file.read(0, &mut bytes).ok_or(cut)?;
        if number_at(&bytes, header::CHECKSUM) != Some(format::checksum(&bytes[COVERED..])) {
            return Err(IndexError::Damaged { what: "its checksum does not match" });
        }
        let provenance = provenance(&bytes).ok_or(cut)?;
        Ok(Self { bytes, tables, provenance })
    }
}

fn check_kind(header: &[u8]) -> Result<(), IndexError> {
    if header.get(..MAGIC.len()) != Some(MAGIC.as_slice()) {
        return Err(IndexError::NotAnIndex);
    }
    match number_at(header, MAGIC.len()) {
        Some(VERSION) => Ok(()),
        Some(found) => Err(IndexError::OtherVersion { found }),
        None => Err(IndexError::Damaged { what: "the header is cut" }),
    }
}

/// Reads where every part begins and how many entries it has.
fn tables(header: &[u8]) -> Option<[Table; 6]> {
    let mut start = HEADER;
    let mut tables = [Table { start, count: 0 }; 6];
    for (at, (table, size)) in tables.iter_mut().zip(SIZES).enumerate() {
        let count = number_at(header, header::COUNTS + 4 * at)? as usize;
        *table = Table { start, count };
        start = start.checked_add(count.checked_mul(size)?)?;
    }
    Some(tables)
}

fn provenance(bytes: &[u8]) -> Option<Provenance> {
    let content = Sha256::from_bytes(*bytes.get(header::CONTENT..)?.first_chunk()?);
    let published = i64::from_le_bytes(*bytes.get(header::PUBLISHED..)?.first_chunk()?);
    let scheme = format::scheme(*bytes.get(header::SCHEME)?)?;
    Some(Provenance { content, published: DateTime::from_timestamp(published, 0), scheme })
}

/// The names that are wanted, and where their rows lie.
#[derive(Default)]
struct Selection {
    /// Their entries, with the first row counted among the rows of this selection.
    names: Vec<u8>,
    /// Which of them are of each subject.
    subjects: [Range<usize>; format::SUBJECTS.len()],
    /// The rows of each in the file, first and end, and the checksum of them.
    rows: Vec<(usize, usize, u32)>,
    count: usize,
}

/// Both lists of names are sorted: one walk through them finds what they share, subject by subject.
struct Merge<'w> {
    wanted: Wanted<'w>,
    subject: Option<Subject>,
    at: usize,
}

impl Merge<'_> {
    fn wants(&mut self, subject: Subject, name: &str) -> bool {
        let Wanted::Names(names) = self.wanted else { return true };
        if self.subject.replace(subject) != Some(subject) {
            self.at = 0;
        }
        while names.get(self.at).is_some_and(|wanted| **wanted < *name) {
            self.at += 1;
        }
        subject == Subject::SourcePrefix || names.get(self.at).is_some_and(|wanted| **wanted == *name)
    }
}

impl Selection {
    /// Goes through all names: they are in order, and their rows follow each other up to the last one.
    fn of(names: &[u8], texts: &str, (rows, wanted): (usize, Wanted<'_>)) -> Option<Self> {
        let (mut selection, mut merge) = (Self::default(), Merge { wanted, subject: None, at: 0 });
        let (mut next_row, mut last) = (0, None);
        for bytes in names.as_chunks::<NAME>().0 {
            let entry = Entry::read(bytes, texts)?;
            let key = Some((entry.subject, entry.name));
            if key <= last || entry.first != next_row {
                return None;
            }
            last = key;
            next_row = entry.first.checked_add(entry.count)?;
            if merge.wants(entry.subject, entry.name) {
                selection.add(bytes, entry)?;
            }
        }
        (next_row == rows).then_some(selection)
    }

    fn add(&mut self, bytes: &[u8; NAME], entry: Entry<'_>) -> Option<()> {
        let mut kept = *bytes;
        kept[name::FIRST_ROW..][..4].copy_from_slice(&u32::try_from(self.count).ok()?.to_le_bytes());
        self.names.extend_from_slice(&kept);
        let (of_subject, at) = (&mut self.subjects[usize::from(bytes[name::SUBJECT])], self.rows.len());
        *of_subject = if of_subject.start == of_subject.end { at..at + 1 } else { of_subject.start..at + 1 };
        self.rows.push((entry.first, entry.first + entry.count, number_at(bytes, name::CHECKSUM)?));
        self.count += entry.count;
        Some(())
    }

    fn rows(&self, file: &(impl IndexBytes + ?Sized), table: Table) -> Result<Vec<u8>, IndexError> {
        let at = |row: usize| table.start + row * ROW;
        let mut window = Window { file, end: at(table.count), start: 0, bytes: Vec::new() };
        let mut rows = Vec::with_capacity(self.count * ROW);
        for (first, end, stated) in &self.rows {
            let of_name = rows.len();
            let copied = window.copy(at(*first)..at(*end), &mut rows);
            copied.ok_or(IndexError::Damaged { what: "rows cannot be read" })?;
            if format::checksum(&rows[of_name..]) != *stated {
                return Err(IndexError::Damaged { what: "the checksum of a name does not match" });
            }
        }
        Ok(rows)
    }
}

/// Bytes that are read at once: what is wanted lies a few kilobytes apart, and a call costs as much as copying so many.
const WINDOW: usize = 16 * 1024;

/// The part of a file that was read last.
struct Window<'f, F: ?Sized> {
    file: &'f F,
    /// Where the file ends.
    end: usize,
    start: usize,
    bytes: Vec<u8>,
}

impl<F: IndexBytes + ?Sized> Window<'_, F> {
    /// Copies a stretch of the file; stretches come in the order of the file.
    fn copy(&mut self, stretch: Range<usize>, into: &mut Vec<u8>) -> Option<()> {
        let mut at = stretch.start;
        while at < stretch.end {
            if at >= self.start + self.bytes.len() {
                self.bytes.resize(WINDOW.min(self.end.checked_sub(at)?), 0);
                self.file.read(at, &mut self.bytes)?;
                self.start = at;
            }
            let held = self.bytes.get(at - self.start..)?;
            let count = held.len().min(stretch.end - at);
            into.extend_from_slice(held.get(..count)?);
            at += count;
        }
        Some(())
    }
}
