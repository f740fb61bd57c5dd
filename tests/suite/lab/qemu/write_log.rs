//! Answers for the log of a guest's writes (the format of the kernel's dm-log-writes, written by QEMU's driver
//! blklogwrites), and for the disk that a power cut after one of them leaves.
//!
//! What was written before the last flush is there. Of what came after it each block of 4 KiB may be lost, in any
//! combination: a disk reorders what it holds in its cache. A block itself is never torn.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::Disk;
use super::root::MARK_BLOCK;

/// Sectors of the log and of its entries.
const SECTOR: u64 = 512;

/// What a disk writes as one (its physical sector).
const BLOCK: usize = 4096;

/// Flag of an entry that is a flush (`LOG_FLUSH_FLAG` in drivers/md/dm-log-writes.c of Linux).
const FLUSH: u64 = 1;

/// First bytes of such a log, in the order of its numbers (`WRITE_LOG_MAGIC` there).
const MAGIC: u64 = 0x006a_7366_7773_6872;

/// Everything that a guest wrote, in the order in which the disk got it.
pub struct WriteLog {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// One write, or a flush.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where on the disk, in bytes.
    to: u64,
    bytes: u64,
    is_flush: bool,
    /// Where the content stands in the log, in bytes.
    content: u64,
}

/// A place where the power is cut.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// How many entries of the log were made.
    pub at: usize,
    /// Decides which blocks after the last flush are lost; without it none is, as when QEMU is killed.
    pub loss: Option<u64>,
}

/// What a cut took away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lost {
    pub blocks: usize,
    pub of: usize,
}

impl WriteLog {
    pub fn read(path: &Path) -> Self {
        let mut file = File::open(path).expect("the log is there");
        let end = file.metadata().expect("the log has a size").len();
        assert_eq!(number(&mut file, 0), MAGIC, "QEMU's log is of another format");
        let (mut entries, mut at) = (Vec::new(), SECTOR);
        while at + SECTOR <= end {
            let [sector, sectors, flags] = [0, 8, 16].map(|field| number(&mut file, at + field));
            if (sector, sectors, flags) == (0, 0, 0) {
                break;
            }
            let (content, bytes) = (at + SECTOR, sectors * SECTOR);
            if content + bytes > end {
                break; // cut off in the entry itself
            }
            entries.push(Entry { to: sector * SECTOR, bytes, is_flush: flags & FLUSH != 0, content });
            at = content + bytes;
        }
        Self { path: path.to_owned(), entries }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns how many entries came before the mark of that text.
    pub fn place_of(&self, mark: &str) -> Option<usize> {
        let file = File::open(&self.path).expect("the log is there");
        let wanted = format!("LAB-MARK {mark}");
        let is_mark = |entry: &&Entry| entry.to == MARK_BLOCK * BLOCK as u64 && entry.bytes >= BLOCK as u64;
        self.entries.iter().position(|entry| {
            let mut content = vec![0; wanted.len()];
            is_mark(&entry)
                && file.read_exact_at(&mut content, entry.content).is_ok()
                && content == wanted.as_bytes()
        })
    }

    /// Returns how many entries came before the first that holds a text, as a file system holds what is in a file.
    pub fn place_with(&self, text: &str) -> Option<usize> {
        let file = File::open(&self.path).expect("the log is there");
        self.entries.iter().position(|entry| {
            let mut content = vec![0; usize::try_from(entry.bytes).expect("a write fits into memory")];
            file.read_exact_at(&mut content, entry.content).expect("the log is whole");
            memchr::memmem::find(&content, text.as_bytes()).is_some()
        })
    }

    /// Returns how many entries were made before the first flush at or behind a place.
    pub fn before_next_flush(&self, at: usize) -> usize {
        self.entries[at..]
            .iter()
            .position(|entry| entry.is_flush)
            .map_or(self.entries.len(), |next| at + next)
    }

    /// Counts the flushes between two places.
    pub fn flushes(&self, (from, to): (usize, usize)) -> usize {
        self.entries[from..to].iter().filter(|entry| entry.is_flush).count()
    }

    /// Makes of the disk as it was before the log what the cut leaves.
    pub fn replay(&self, cut: Cut, disk: &Disk) -> Lost {
        let log = File::open(&self.path).expect("the log is there");
        let disk = fs::OpenOptions::new().write(true).open(&disk.path).expect("the disk is there");
        let made = &self.entries[..cut.at];
        let flushed = made.iter().rposition(|entry| entry.is_flush).map_or(0, |last| last + 1);
        let mut lost = Lost::default();
        let mut chance = Chance(cut.loss.unwrap_or_default());
        for (number, entry) in made.iter().enumerate() {
            let mut content = vec![0; usize::try_from(entry.bytes).expect("a write fits into memory")];
            log.read_exact_at(&mut content, entry.content).expect("the log is whole");
            for (index, block) in content.chunks(BLOCK).enumerate() {
                let is_held = number >= flushed && cut.loss.is_some();
                lost.of += usize::from(is_held);
                if is_held && chance.next() & 1 == 0 {
                    lost.blocks += 1;
                    continue;
                }
                disk.write_all_at(block, entry.to + (index * BLOCK) as u64).expect("the disk can be written");
            }
        }
        lost
    }
}

/// Throws a coin, the same for the same seed (SplitMix64, Steele and others 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) >> 17
    }
}

fn number(file: &mut File, at: u64) -> u64 {
    let mut bytes = [0; 8];
    file.seek(SeekFrom::Start(at)).expect("the log can be read");
    file.read_exact(&mut bytes).expect("the log is whole");
    u64::from_le_bytes(bytes)
}
