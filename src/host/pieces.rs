//! A file that is read piece by piece, into the same memory: touching new memory costs more than reading it.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::storage::{self, Result, StorageError};

/// Bytes that are read at once; where nothing of a piece is taken, it grows.
const PIECE: usize = 64 * 1024;

/// A file, and the part of it that was read and not yet taken.
#[derive(Debug)]
pub struct Pieces {
    path: PathBuf,
    file: File,
    memory: Vec<u8>,
    held: usize,
}

impl Pieces {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let file = storage::open(path)?;
        Ok(Self { path: path.to_owned(), file, memory: vec![0; PIECE], held: 0 })
    }

    /// Returns the size of the file in bytes, 0 where that is not known.
    pub fn size(&self) -> usize {
        self.file.metadata().ok().and_then(|of| usize::try_from(of.len()).ok()).unwrap_or_default()
    }

    /// Reads on, and tells whether there was more.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&mut self) -> Result<bool> {
        if self.held == self.memory.len() {
            self.memory.resize(2 * self.held, 0);
        }
        loop {
            match self.file.read(&mut self.memory[self.held..]) {
                Ok(count) => {
                    self.held += count;
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
}
