//! Makes one path what a manifest entry says, or takes it away. Never through a link that stands where a folder
//! was.

use std::path::{Path, PathBuf};

use super::manifest::{Entry, Kind, Scope};
use crate::host::ownership;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;

/// Why a path could not be made what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Obstacle {
    /// The system refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A folder that should go has something in it that is to stay.
    #[error("the folder is not empty")]
    NotEmpty,
    /// A part of the path is no folder any more.
    #[error("{folder} is not a folder any more")]
    NoFolder {
        /// That part.
        folder: PathBuf,
    },
    /// It was a device, pipe or socket.
    #[error("it was neither file, link nor folder")]
    Special,
    /// Its content was too large to save.
    #[error("its content was not saved")]
    NotSaved,
    /// The saved content is not what the list says.
    #[error("the saved content does not have the recorded digest")]
    Damaged,
    /// It was written, and is something else now.
    #[error("it is not what was written")]
    Unproven,
}

/// Takes a path away: a folder only when it is empty.
pub(super) fn remove(scope: &Scope, entry: &Entry) -> Result<(), Obstacle> {
    let place = real_place(scope, &entry.path)?;
    if entry.kind != Kind::Folder {
        storage::remove_file(&place)?;
        return Ok(storage::sync_folder_of(&place)?);
    }
    if !ownership::remove_empty_folder(&place)? {
        return Err(Obstacle::NotEmpty);
    }
    Ok(storage::sync_folder_of(&place)?)
}

/// Makes `path` a folder with owner, mode and attributes; it may exist as one.
pub(super) fn make_folder(scope: &Scope, path: &Path, entry: &Entry) -> Result<(), Obstacle> {
    let place = real_place(scope, path)?;
    if storage::metadata(&place)?.is_none() {
        storage::create_new_folder(&place, 0o700)?;
        storage::sync_folder_of(&place)?;
    }
    Ok(ownership::give_folder(&place, &entry.rights())?)
}

/// Makes `path` a link with its target and owner.
pub(super) fn make_link(scope: &Scope, path: &Path, entry: &Entry) -> Result<(), Obstacle> {
    let Kind::Link { target } = &entry.kind else { return Err(Obstacle::Special) };
    let place = real_place(scope, path)?;
    storage::replace_link(&place, target)?;
    Ok(storage::set_link_owner(&place, entry.uid, entry.gid)?)
}

/// Makes `path` a file with content, owner, mode and attributes. The content is checked against the entry first.
pub(super) fn make_file(
    scope: &Scope,
    path: &Path,
    (entry, content): (&Entry, &[u8]),
) -> Result<(), Obstacle> {
    let Kind::File { size, sha256 } = entry.kind else { return Err(Obstacle::Special) };
    if size != content.len() as u64 || sha256 != Sha256::of(content) {
        return Err(Obstacle::Damaged);
    }
    Ok(ownership::replace(&real_place(scope, path)?, content, &entry.rights())?)
}

/// Returns the place of a path whose every folder, from the root down, is a real one.
fn real_place(scope: &Scope, path: &Path) -> Result<PathBuf, Obstacle> {
    let folders: Vec<&Path> = path.ancestors().skip(1).collect();
    for folder in folders.into_iter().rev() {
        let found = storage::metadata(&scope.place(folder))?;
        let is_root = folder.parent().is_none();
        if !is_root && !found.is_some_and(|metadata| metadata.is_dir()) {
            return Err(Obstacle::NoFolder { folder: folder.to_owned() });
        }
    }
    Ok(scope.place(path))
}
