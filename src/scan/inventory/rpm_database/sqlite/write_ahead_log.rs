//! The write-ahead log beside a database: whole pages, newer than those of the file (section 4).
//!
//! Frames count up to the last one that ends a change, and only while salts and checksums hold: what follows is a
//! change that was cut off, or a leftover of an earlier use of the file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{SqliteError, beside};
use crate::host::blocks::BlockFile;

/// Bytes of the log's header (section 4.1) and of a frame's, before its page.
const HEADER: usize = 32;
const FRAME: usize = 24;

/// The log of a database, with the place of the newest page of each number.
pub(super) struct Log {
    path: PathBuf,
    file: BlockFile,
    page_size: usize,
    page_count: u32,
    offsets: HashMap<u32, u64>,
    page: Vec<u8>,
}

/// Reads the log beside a database; `None` where there is none, or none with a finished change.
pub(super) fn open_log(database: &Path) -> Result<Option<Log>, SqliteError> {
    let path = beside(database, "-wal");
    let reading = |source| SqliteError::Read { path: path.clone(), source };
    let file = match BlockFile::open(&path) {
        Ok(file) => file,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(reading(error)),
    };
    let mut log = Log { path, file, page_size: 0, page_count: 0, offsets: HashMap::new(), page: Vec::new() };
    log.replay()?;
    Ok((!log.offsets.is_empty()).then_some(log))
}

impl Log {
    /// Returns the size of its pages in bytes.
    pub(super) fn page_size(&self) -> usize {
        self.page_size
    }

    /// Returns the number of pages of the database after the last finished change.
    pub(super) fn page_count(&self) -> u32 {
        self.page_count
    }

    /// Returns where the newest copy of a page stands, where the log has one.
    pub(super) fn offset_of(&self, page: u32) -> Option<u64> {
        self.offsets.get(&page).copied()
    }

    /// Returns bytes of the log; fewer where it ends.
    pub(super) fn read(&mut self, offset: u64, length: usize) -> Result<&[u8], SqliteError> {
        self.page.clear();
        while self.page.len() < length {
            let from = offset + self.page.len() as u64;
            let piece = self
                .file
                .read(from, length - self.page.len())
                .map_err(|source| SqliteError::Read { path: self.path.clone(), source })?;
            if piece.is_empty() {
                break;
            }
            self.page.extend_from_slice(piece);
        }
        Ok(&self.page)
    }

    /// Follows the frames. A header that does not hold means an empty log, as it does to SQLite: it is written anew
    /// only when everything before it has reached the database.
    fn replay(&mut self) -> Result<(), SqliteError> {
        let header = self.read(0, HEADER)?.to_vec();
        let Some(mut checksum) = Checksum::of_header(&header) else { return Ok(()) };
        let page_size = number(&header, 8) as usize;
        if !(512..=65_536).contains(&page_size) || !page_size.is_power_of_two() {
            return Ok(());
        }
        self.page_size = page_size;
        let salts = header[16..24].to_vec();
        let mut unfinished: Vec<(u32, u64)> = Vec::new();
        let mut offset = HEADER as u64;
        loop {
            let frame = self.read(offset, FRAME + page_size)?;
            if frame.len() < FRAME + page_size || frame[8..16] != salts {
                return Ok(());
            }
            checksum.add(&frame[..8]);
            checksum.add(&frame[FRAME..]);
            if !checksum.is(&frame[16..24]) {
                return Ok(());
            }
            let (page, pages_after) = (number(frame, 0), number(frame, 4));
            unfinished.push((page, offset + FRAME as u64));
            // The last frame of a change says how large the database is then (section 4.2).
            if pages_after != 0 {
                self.offsets.extend(unfinished.drain(..));
                self.page_count = pages_after;
            }
            offset += (FRAME + page_size) as u64;
        }
    }
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// The running checksum of section 4.2, which goes over the log's header and every frame so far.
struct Checksum {
    big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    /// Begins with the log's header; `None` where that is none, or its own checksum does not hold.
    fn of_header(header: &[u8]) -> Option<Self> {
        if header.len() < HEADER {
            return None;
        }
        // The last bit of the magic number tells in which byte order the words are added.
        let big_endian = match number(header, 0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let mut checksum = Self { big_endian, sums: (0, 0) };
        checksum.add(&header[..24]);
        // The version of the format, the only one there is.
        (number(header, 4) == 3_007_000 && checksum.is(&header[24..32])).then_some(checksum)
    }

    fn add(&mut self, bytes: &[u8]) {
        let word = |four: &[u8]| {
            let four = [four[0], four[1], four[2], four[3]];
            if self.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let (mut first, mut second) = self.sums;
        for eight in bytes.chunks_exact(8) {
            first = first.wrapping_add(word(&eight[..4])).wrapping_add(second);
            second = second.wrapping_add(word(&eight[4..])).wrapping_add(first);
        }
        self.sums = (first, second);
    }

    fn is(&self, stated: &[u8]) -> bool {
        (number(stated, 0), number(stated, 4)) == self.sums
    }
}
