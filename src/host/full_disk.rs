//! A full disk: telling that it is the cause, and the room that is kept back for the last records.

use std::error::Error;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::posix_fallocate;

use super::storage::{self, StorageError};

/// Enough for the journal, the report and the copies of configuration that a way back writes.
const RESERVED: i64 = 8 * 1024 * 1024;

/// Tells whether an error comes from a disk or quota without room.
pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
    let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| full.contains(&error.kind())) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Keeps room back in a file; one that is there already is enough.
///
/// # Errors
/// There is no room, or the file cannot be made.
pub fn reserve(path: &Path) -> Result<(), StorageError> {
    if storage::exists(path) {
        return Ok(());
    }
    let at = || StorageError::at("keep room back in", path);
    let options = &mut OpenOptions::new();
    let file = options.write(true).create_new(true).mode(storage::PRIVATE).open(path).map_err(at())?;
    if let Err(errno) = posix_fallocate(&file, 0, RESERVED) {
        storage::remove_file(path)?;
        return Err(at()(errno.into()));
    }
    Ok(())
}

/// Gives the room up.
///
/// # Errors
/// The file cannot be removed.
pub fn give_up(path: &Path) -> Result<(), StorageError> {
    storage::remove_file(path)?;
    storage::sync_folder_of(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_kept_back_once_and_given_up() {
        let folder = std::env::temp_dir().join(format!("patchctl-reserve-{}", std::process::id()));
        storage::create_folder(&folder, 0o700).expect("a scratch folder can be made");
        let path = folder.join("reserve");
        reserve(&path).expect("there is room");
        reserve(&path).expect("once is enough");
        let size = storage::metadata(&path).expect("readable").map(|found| found.len());
        assert_eq!(size, Some(8 * 1024 * 1024));
        give_up(&path).expect("removable");
        assert!(!storage::exists(&path));
        storage::remove_folder(&folder).expect("removable");
    }

    #[test]
    fn the_cause_is_found_at_the_end_of_a_chain() {
        let chain = |kind| StorageError::at("write", Path::new("/x"))(io::Error::from(kind));
        assert!(is_cause_of(&chain(io::ErrorKind::StorageFull)));
        assert!(!is_cause_of(&chain(io::ErrorKind::PermissionDenied)));
    }
}
