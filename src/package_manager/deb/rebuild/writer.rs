//! Writes the container of an archive: whole members, and one that is streamed and whose size is filled in later.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::container::{HEADER_LENGTH, MAGIC, header};
use super::RebuildError;
use crate::host::storage::{self, StorageError};

/// Speed before size: the archive lives as long as its run does. Every dpkg can read gzip; zstd only since 1.21.18.
const LEVEL: u32 = 1;

/// The tar stream inside the archive.
pub(super) type TarStream = tar::Builder<GzEncoder<BufWriter<File>>>;

/// An archive that is being written.
pub(super) struct ArchiveWriter {
    path: PathBuf,
    file: File,
}

impl ArchiveWriter {
    /// Creates the file; it must not exist yet.
    pub(super) fn create(path: &Path) -> Result<Self, StorageError> {
        let mut file = storage::create_new(path, storage::PRIVATE)?;
        file.write_all(MAGIC).map_err(|source| unwritable(path, source))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes a member whose content is at hand.
    pub(super) fn member(&mut self, name: &str, content: &[u8]) -> Result<(), StorageError> {
        let mut bytes = header(name, content.len() as u64).to_vec();
        bytes.extend_from_slice(content);
        if content.len() % 2 == 1 {
            bytes.push(b'\n');
        }
        self.file.write_all(&bytes).map_err(|source| unwritable(&self.path, source))
    }

    /// Writes a member that `fill` streams.
    pub(super) fn streamed(
        &mut self,
        name: &str,
        fill: &mut dyn FnMut(&mut TarStream) -> Result<(), RebuildError>,
    ) -> Result<(), RebuildError> {
        let path = self.path.clone();
        let at = |source| unwritable(&path, source);
        let begin = self.file.stream_position().map_err(at)?;
        self.file.write_all(&header(name, 0)).map_err(at)?;
        let buffered = BufWriter::with_capacity(256 * 1024, self.file.try_clone().map_err(at)?);
        let mut builder = tar::Builder::new(GzEncoder::new(buffered, Compression::new(LEVEL)));
        fill(&mut builder)?;
        end_stream(builder).map_err(at)?;
        self.fill_in_size(name, begin).map_err(at)?;
        Ok(())
    }

    fn fill_in_size(&mut self, name: &str, begin: u64) -> io::Result<()> {
        let end = self.file.stream_position()?;
        let size = end - begin - HEADER_LENGTH;
        self.file.write_all_at(&header(name, size), begin)?;
        if size % 2 == 1 { self.file.write_all(b"\n") } else { Ok(()) }
    }

    /// Makes the content durable.
    pub(super) fn finish(self) -> Result<(), StorageError> {
        self.file.sync_all().map_err(|source| unwritable(&self.path, source))
    }
}

fn end_stream(builder: TarStream) -> io::Result<()> {
    let mut buffered = builder.into_inner()?.finish()?;
    buffered.flush()
}

fn unwritable(path: &Path, source: io::Error) -> StorageError {
    StorageError { operation: "write", path: path.to_owned(), source }
}
