//! One archive of pacman: a tar archive with the package's own description in front (alpm-package(7)), read once and
//! digested whole.
//!
//! `.PKGINFO` says what it is, `.MTREE` lists its files with their digests, `.INSTALL` holds its scripts; every other
//! entry is unpacked.

use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use super::super::deb::compression::Compression;
use super::super::deb::error::ArchiveError;
use super::super::deb::tarball::{self, Entry, Source};
use super::super::unpacked::Unpacked;
use crate::host::storage::{self, StorageError};

/// What an archive may unpack to: the largest packages of Arch have some 4 GiB.
const MAX_FILES: u64 = 16 << 30;
/// What the description and the list of files may have.
const MAX_META: u64 = 64 << 20;

/// An archive that was read.
#[derive(Debug, Default)]
pub(super) struct Archive {
    /// `name-version`, as the package's folder in the database is called.
    pub(super) folder: String,
    /// Its architecture.
    pub(super) architecture: String,
    /// Its configuration files, with a leading slash.
    pub(super) configuration: Vec<PathBuf>,
    /// The list of files as it is packed.
    pub(super) mtree: Vec<u8>,
    /// What is unpacked, in the archive's order.
    pub(super) contents: Vec<Unpacked>,
}

impl Archive {
    /// Reads an archive.
    ///
    /// # Errors
    /// It cannot be read, or is no archive of pacman.
    pub(super) fn read(path: &Path) -> Result<Self, ArchiveError> {
        let mut file = storage::open(path)?;
        let at = |source| StorageError { operation: "read", path: path.to_owned(), source };
        let mut begin = Vec::new();
        (&mut file).take(6).read_to_end(&mut begin).map_err(at)?;
        file.rewind().map_err(at)?;
        let source = Source { archive: path, member: "the package" };
        let plain = Compression::of_begin(&begin).decoder(file, MAX_FILES);
        let plain = plain.map_err(|error| source.unreadable(error))?;
        let mut archive = Self::default();
        let unreadable = |error| source.unreadable(error);
        tarball::walk(plain, source, &mut |entry, content| archive.take(entry, content).map_err(unreadable))?;
        if archive.folder.len() < 2 {
            let reason = io::Error::new(io::ErrorKind::InvalidData, "it has no description of a package");
            return Err(source.unreadable(reason));
        }
        Ok(archive)
    }

    fn take(&mut self, entry: &Entry, content: &mut dyn Read) -> io::Result<()> {
        let name = entry.path.to_string_lossy().into_owned();
        match name.as_str() {
            "/.PKGINFO" => self.take_description(&String::from_utf8_lossy(&capped(content)?)),
            "/.MTREE" => self.mtree = capped(content)?,
            // pacman unpacks nothing at the top whose name begins with a dot (`add.c`, `extract_single_file`).
            _ if name.starts_with("/.") => {}
            _ => {
                let unpacked = Unpacked::read(&self.contents, entry, content)?;
                self.contents.push(unpacked);
            }
        }
        Ok(())
    }

    fn take_description(&mut self, text: &str) {
        let mut parts = [String::new(), String::new()];
        for (key, value) in text.lines().filter_map(|line| line.split_once(" = ")) {
            match key {
                "pkgname" => parts[0] = value.to_owned(),
                "pkgver" => parts[1] = value.to_owned(),
                "arch" => self.architecture = value.to_owned(),
                "backup" => self.configuration.push(Path::new("/").join(value)),
                _ => {}
            }
        }
        self.folder = parts.join("-");
    }
}

fn capped(content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(MAX_META).read_to_end(&mut bytes)?;
    Ok(bytes)
}
