//! The pages of a database as its last finished change left them: from the write-ahead log where it has a newer one.

use std::path::{Path, PathBuf};

use super::SqliteError;
use super::write_ahead_log::{Log, open_log};
use crate::host::blocks::BlockFile;

/// Bytes of the database's header, at the beginning of page 1 (section 1.3).
pub(super) const HEADER: usize = 100;

/// The first bytes of every database (section 1.3.1).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The newest way of keeping changes, and the newest form of the schema, that SQLite had when this was written.
const NEWEST_READ: u8 = 2;
const NEWEST_SCHEMA: u32 = 4;

/// Every page of a database.
pub(super) struct Pages {
    path: PathBuf,
    file: BlockFile,
    log: Option<Log>,
    size: usize,
    usable: usize,
    count: u32,
}

impl Pages {
    /// Opens a database with its write-ahead log.
    pub(super) fn open(path: &Path) -> Result<Self, SqliteError> {
        let reading = |source| SqliteError::Read { path: path.to_owned(), source };
        let mut log = open_log(path)?;
        let mut file = BlockFile::open(path).map_err(reading)?;
        let header = match log.as_mut().and_then(|log| log.offset_of(1).map(|at| (log, at))) {
            Some((log, offset)) => log.read(offset, HEADER)?.to_vec(),
            None => file.read(0, HEADER).map_err(reading)?.to_vec(),
        };
        let damaged = |reason| SqliteError::Damaged { path: path.to_owned(), page: 1, reason };
        let (size, usable) = sizes(&header).map_err(damaged)?;
        if log.as_ref().is_some_and(|log| log.page_size() != size) {
            return Err(damaged("the write-ahead log has pages of another size"));
        }
        let in_file = file.size() / size as u64;
        if log.is_none() && stated_count(&header).is_some_and(|stated| u64::from(stated) > in_file) {
            return Err(damaged("the file has fewer pages than its header says: it was cut off"));
        }
        let count = log.as_ref().map_or(in_file, |log| u64::from(log.page_count()));
        let count = u32::try_from(count).map_err(|_| damaged("the file is larger than a database can be"))?;
        Ok(Self { path: path.to_owned(), file, log, size, usable, count })
    }

    /// Returns the database's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns how many bytes of a page are used (section 1.3.4).
    pub(super) fn usable(&self) -> usize {
        self.usable
    }

    /// Returns the number of pages.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Returns the used bytes of a page.
    pub(super) fn page(&mut self, number: u32) -> Result<&[u8], SqliteError> {
        let damaged = |reason| SqliteError::Damaged { path: self.path.clone(), page: number, reason };
        if number == 0 || number > self.count {
            return Err(damaged("a page is named that the file does not have"));
        }
        let cut = damaged("the file ends in the middle of this page");
        let read = match self.log.as_mut().and_then(|log| log.offset_of(number).map(|at| (log, at))) {
            Some((log, offset)) => log.read(offset, self.size)?,
            None => {
                let offset = u64::from(number - 1) * self.size as u64;
                let reading = |source| SqliteError::Read { path: self.path.clone(), source };
                self.file.read(offset, self.size).map_err(reading)?
            }
        };
        if read.len() == self.size { Ok(&read[..self.usable]) } else { Err(cut) }
    }
}

/// Reads the page size and the part of it that is used, and refuses what is no database of text in UTF-8.
fn sizes(header: &[u8]) -> Result<(usize, usize), &'static str> {
    if header.len() < HEADER {
        return Err("the file is shorter than a database's header");
    }
    if &header[..16] != MAGIC {
        return Err("the file is no SQLite database");
    }
    // Sections 1.3.3 and 1.3.9: what says so is left to newer readers.
    if header[19] > NEWEST_READ || number(header, 44) > NEWEST_SCHEMA {
        return Err("the database has a newer format than this program reads");
    }
    // Section 1.3.2: 1 stands for 65,536.
    let size = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => usize::from(size),
    };
    if size < 512 || !size.is_power_of_two() {
        return Err("the header names a page size that no database has");
    }
    let usable = size - usize::from(header[20]);
    // Section 1.3.4.
    if usable < 480 {
        return Err("the header reserves more of each page than a database can");
    }
    // Section 1.3.13.
    if number(header, 56) > 1 {
        return Err("the database's text is not UTF-8");
    }
    Ok((size, usable))
}

/// Returns the number of pages that the header states; `None` where an SQLite that did not keep it wrote last (section
/// 1.3.8: both counters of changes agree where it is kept).
fn stated_count(header: &[u8]) -> Option<u32> {
    (number(header, 24) == number(header, 92)).then_some(number(header, 28))
}

fn number(header: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}
