//! Two paths in each other's place, in one indivisible change.

use std::path::Path;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};

use super::storage::{self, Result, StorageError};

/// Exchanges two paths of one file system (renameat2(2), `RENAME_EXCHANGE`), and makes it durable: a power cut leaves both
/// as they were, or both exchanged.
///
/// # Errors
/// They are not exchanged, or it cannot be made durable.
pub fn exchange(one: &Path, other: &Path) -> Result<()> {
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).map_err(|error| {
        StorageError { operation: "exchange", path: one.to_owned(), source: error.into() }
    })?;
    storage::sync_folder_of(one)?;
    storage::sync_folder_of(other)
}
