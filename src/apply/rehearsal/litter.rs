//! What a rehearsal leaves on the host when it is over, or killed: one folder, and nothing that is mounted.

use std::time::Duration;

use super::ground;
use crate::config::layout::{Layout, RehearsalFolder};
use crate::host::clock;
use crate::host::storage::{self, StorageError};

/// How often and after which pause the folder is tried again: the processes of a clone whose first one was killed may write
/// for a moment more (pid_namespaces(7): the kernel kills them all).
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Tells whether a rehearsal left its folder.
pub fn is_there(layout: &Layout) -> bool {
    storage::exists(layout.rehearsal().path())
}

/// Removes the folder of a rehearsal with everything in it. The caller holds patchctl's own lock, so no rehearsal goes on.
///
/// # Errors
/// Something in it cannot be removed.
pub fn sweep(folder: &RehearsalFolder) -> Result<(), StorageError> {
    for _ in 1..ATTEMPTS {
        if remove(folder).is_ok() {
            return Ok(());
        }
        clock::pause(PAUSE);
    }
    remove(folder)
}

fn remove(folder: &RehearsalFolder) -> Result<(), StorageError> {
    ground::discard_snapshots(folder);
    storage::remove_folder(folder.path())
}

/// The folder of a rehearsal that goes on: removed at the latest when the value goes.
#[derive(Debug)]
pub struct Litter {
    folder: RehearsalFolder,
}

impl Litter {
    /// Makes the folder.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn begin(folder: RehearsalFolder) -> Result<Self, StorageError> {
        storage::create_folder(folder.path(), 0o700)?;
        Ok(Self { folder })
    }

    /// Returns the folder.
    pub fn folder(&self) -> &RehearsalFolder {
        &self.folder
    }

    /// Removes it, and tells when that fails.
    ///
    /// # Errors
    /// Something in it cannot be removed.
    pub fn clear(&self) -> Result<(), StorageError> {
        sweep(&self.folder)
    }
}

impl Drop for Litter {
    fn drop(&mut self) {
        // What stays is swept by the next command that takes the lock.
        let _ = sweep(&self.folder);
    }
}
