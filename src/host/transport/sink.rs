//! Where received bytes go: into memory, or into a file with their digest.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};

use super::partial::Partial;
use crate::host::storage::{self, PUBLIC, Result, StorageError};
use crate::model::digest::Sha256;

/// Bytes that are copied at once.
const PIECE: usize = 256 * 1024;

/// Takes what comes.
pub(super) trait Sink {
    /// Returns the part that is there already and may be gone on with.
    fn partial(&self, _location: &str) -> Option<Partial> {
        None
    }

    /// Drops that part.
    fn drop_partial(&mut self) {}

    /// Begins anew; address and strong validator, where there is one, tell how to go on if it breaks off.
    fn begin(&mut self, resume: Option<(&str, &str)>) -> Result<()>;

    /// Goes on behind the part that is there already.
    fn go_on(&mut self) -> Result<()> {
        Ok(())
    }

    /// Takes the next bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<()>;
}

impl Sink for Vec<u8> {
    fn begin(&mut self, _: Option<(&str, &str)>) -> Result<()> {
        self.clear();
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// A file that grows, and its digest.
#[derive(Debug)]
pub(super) struct FileSink {
    path: PathBuf,
    open: Option<(File, Hasher, u64)>,
}

impl FileSink {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: None }
    }

    /// Returns size and digest of the file, which is whole and not yet synced.
    pub(super) fn finish(self) -> Result<(u64, Sha256)> {
        Partial::drop_note(&self.path)?;
        let Some((_, hasher, size)) = self.open else { return Ok((0, Sha256::of(b""))) };
        Ok((size, Sha256::from_bytes(hasher.finalize().into())))
    }
}

impl Sink for FileSink {
    fn partial(&self, location: &str) -> Option<Partial> {
        Partial::of(&self.path, location)
    }

    fn drop_partial(&mut self) {
        let _ = Partial::forget(&self.path);
    }

    fn begin(&mut self, resume: Option<(&str, &str)>) -> Result<()> {
        Partial::forget(&self.path)?;
        if let Some((location, etag)) = resume {
            Partial::note(&self.path, location, etag)?;
        }
        self.open = Some((storage::create_new(&self.path, PUBLIC)?, Hasher::new(), 0));
        Ok(())
    }

    fn go_on(&mut self) -> Result<()> {
        let at = || StorageError::at("go on with", &self.path);
        let options = &mut OpenOptions::new();
        options.read(true).append(true).custom_flags(nix::libc::O_NOFOLLOW);
        let mut file = options.open(&self.path).map_err(at())?;
        let (mut hasher, mut size, mut piece) = (Hasher::new(), 0, vec![0; PIECE]);
        loop {
            let count = file.read(&mut piece).map_err(at())?;
            if count == 0 {
                break;
            }
            hasher.update(&piece[..count]);
            size += count as u64;
        }
        self.open = Some((file, hasher, size));
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let Some((file, hasher, size)) = &mut self.open else { return Ok(()) };
        file.write_all(bytes).map_err(StorageError::at("write", &self.path))?;
        hasher.update(bytes);
        *size += bytes.len() as u64;
        Ok(())
    }
}

/// Copies a file of at most `limit` bytes; a larger one is an error.
pub(super) fn copy(file: &mut File, sink: &mut dyn Sink, (path, limit): (&Path, u64)) -> Result<()> {
    let at = || StorageError::at("read", path);
    let (mut piece, mut size) = (vec![0; PIECE], 0);
    loop {
        let count = file.read(&mut piece).map_err(at())?;
        if count == 0 {
            return Ok(());
        }
        size += count as u64;
        if size > limit {
            let text = format!("it has more than {limit} bytes");
            return Err(at()(std::io::Error::new(std::io::ErrorKind::FileTooLarge, text)));
        }
        sink.take(&piece[..count])?;
    }
}
