//! What an archive of dpkg, apk or pacman unpacks: a path with its kind and digest, and whether it lies there as it was packed.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256 as Hasher};

use super::deb::place::Places;
use super::deb::tarball::{Entry, EntryKind};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;

/// A path that is unpacked.
#[derive(Clone, Debug)]
pub(super) struct Unpacked {
    pub(super) path: PathBuf,
    pub(super) kind: EntryKind,
    /// The digest of a regular file, and of what a hard link is another name of.
    pub(super) sha256: Option<Sha256>,
}

impl Unpacked {
    /// Reads the next entry of an archive, behind those before it.
    ///
    /// # Errors
    /// Its content cannot be read.
    pub(super) fn read(before: &[Self], entry: &Entry, content: &mut dyn Read) -> io::Result<Self> {
        let sha256 = match &entry.kind {
            EntryKind::File => Some(digest(content)?),
            EntryKind::HardLink(first) => {
                before.iter().find(|other| other.path == *first).and_then(|other| other.sha256)
            }
            _ => None,
        };
        Ok(Self { path: entry.path.clone(), kind: entry.kind.clone(), sha256 })
    }

    /// Tells whether it lies in a root as it was packed. Modes and owners are set by scripts too; the content is the
    /// package's.
    ///
    /// # Errors
    /// What lies there cannot be read.
    pub(super) fn lies_in(&self, places: &mut Places<'_>) -> Result<bool, StorageError> {
        let place = places.find(&self.path)?;
        let Some(found) = storage::metadata(&place)? else { return Ok(false) };
        match &self.kind {
            EntryKind::File | EntryKind::HardLink(_) => {
                Ok(found.is_file() && Some(storage::digest(&place)?) == self.sha256)
            }
            EntryKind::Symlink(target) => {
                Ok(found.is_symlink() && storage::link_target(&place)?.as_os_str() == target.as_os_str())
            }
            EntryKind::Folder => Ok(found.is_dir() || found.is_symlink()),
            EntryKind::Special => Ok(true),
        }
    }
}

/// Returns the paths that lie in a root as they were packed; a link to a folder is no folder here.
///
/// # Errors
/// What lies there cannot be read.
pub(super) fn lying(
    root: &Path,
    contents: impl IntoIterator<Item = Unpacked>,
) -> Result<BTreeSet<PathBuf>, StorageError> {
    let mut places = Places::new(root);
    let mut found = BTreeSet::new();
    for content in contents {
        let lies = match content.kind {
            EntryKind::Special => false,
            EntryKind::Folder => {
                storage::metadata(&places.find(&content.path)?)?.is_some_and(|found| found.is_dir())
            }
            _ => content.lies_in(&mut places)?,
        };
        if lies {
            found.insert(content.path);
        }
    }
    Ok(found)
}

fn digest(content: &mut dyn Read) -> io::Result<Sha256> {
    let mut hash = Hasher::new();
    let mut buffer = vec![0u8; 64 * 1024];
    loop {
        match content.read(&mut buffer)? {
            0 => return Ok(Sha256::from_bytes(hash.finalize().into())),
            count => hash.update(&buffer[..count]),
        }
    }
}
