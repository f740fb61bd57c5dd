//! A file that is read piece by piece, into the same memory: touching new memory costs more than reading it.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::storage::{self, Result, StorageError};

/// Bytes that are read at once; where nothing of a piece is taken, it grows.
const PIECE: usize = 64 * 1024;

/// A stretch of a file, and the part of it that was read and not yet taken.
#[derive(Debug)]
pub struct Pieces {
    path: PathBuf,
    file: File,
    /// What was not read yet.
    rest: Range<u64>,
    memory: Vec<u8>,
    held: usize,
}

impl Pieces {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of(path, storage::open(path)?, 0..u64::MAX))
    }

    fn of(path: &Path, file: File, rest: Range<u64>) -> Self {
        Self { path: path.to_owned(), file, rest, memory: vec![0; PIECE], held: 0 }
    }

    /// Returns the size of the file in bytes, 0 where that is not known.
    pub fn size(&self) -> usize {
        self.file.metadata().ok().and_then(|of| usize::try_from(of.len()).ok()).unwrap_or_default()
    }

    /// Returns the two halves of the same file, for two readers: the second begins behind the first `end` that follows
    /// the middle. `None` where there is none close by, or the file cannot be told.
    pub fn halves(&self, end: &[u8]) -> Option<(Self, Self)> {
        let middle = (self.size() / 2) as u64;
        let mut memory = vec![0; PIECE];
        let count = self.file.read_at(&mut memory, middle).ok()?;
        let place = memchr::memmem::find(&memory[..count], end)?;
        let cut = middle + (place + end.len()) as u64;
        let half = |rest| Some(Self::of(&self.path, self.file.try_clone().ok()?, rest));
        Some((half(0..cut)?, half(cut..u64::MAX)?))
    }

    /// Reads on, and tells whether there was more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&mut self) -> Result<bool> {
        if self.held == self.memory.len() {
            self.memory.resize(2 * self.held, 0);
        }
        let room = (self.memory.len() - self.held) as u64;
        let wanted = room.min(self.rest.end - self.rest.start) as usize;
        loop {
            match self.file.read_at(&mut self.memory[self.held..][..wanted], self.rest.start) {
                Ok(count) => {
                    self.held += count;
                    self.rest.start += count as u64;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(StorageError::at("read", &self.path)(error)),
            }
        }
    }

    /// Returns what was read and not yet taken.
    pub fn held(&self) -> &[u8] {
        &self.memory[..self.held]
    }

    /// Takes bytes off the beginning of what is held.
    pub fn take(&mut self, count: usize) {
        let count = count.min(self.held);
        self.memory.copy_within(count..self.held, 0);
        self.held -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_any_length_come_whole() {
        let path = std::env::temp_dir().join(format!("patchctl-pieces-{}", std::process::id()));
        let lines: Vec<String> = (0..200).map(|length| "x".repeat(length * length * 5)).collect();
        std::fs::write(&path, lines.join("\n") + "\n").expect("writable");
        let mut pieces = Pieces::open(&path).expect("there");
        let mut found = Vec::new();
        while pieces.read().expect("readable") {
            let end = pieces.held().iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            found.extend_from_slice(&pieces.held()[..end]);
            pieces.take(end);
        }
        assert_eq!((pieces.held(), pieces.size()), (&b""[..], found.len()));
        assert!(String::from_utf8(found).expect("ASCII").lines().eq(lines));
        std::fs::remove_file(&path).expect("removable");
    }

    #[test]
    fn two_halves_are_the_whole() {
        let path = std::env::temp_dir().join(format!("patchctl-halves-{}", std::process::id()));
        let text: String = (0..20_000).map(|number| format!("stanza {number}\n\n")).collect();
        std::fs::write(&path, &text).expect("writable");
        let whole = Pieces::open(&path).expect("there");
        let (mut first, mut second) = whole.halves(b"\n\n").expect("it has two");
        for half in [&mut first, &mut second] {
            while half.read().expect("readable") {}
        }
        assert!(first.held().ends_with(b"\n\n") && second.held().starts_with(b"stanza "));
        assert!(first.held().len().abs_diff(second.held().len()) < 100);
        assert_eq!([first.held(), second.held()].concat(), text.as_bytes());
        assert!(whole.halves(b"no such end").is_none());
        std::fs::remove_file(&path).expect("removable");
    }
}
