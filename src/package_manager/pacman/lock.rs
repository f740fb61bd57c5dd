//! pacman's lock: a file that exists as long as a transaction, and that pacman holds open (alpm, `_alpm_handle_lock`). It
//! has nothing in it, and stays when pacman is killed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::host::clock;
use crate::host::lock::{LockError, holder_of_open_file, wait_until_free};
use crate::host::storage::{self, StorageError};

/// The lock, below a root.
const LOCK: &str = "var/lib/pacman/db.lck";
/// How often a lock that is held is looked at again.
const RETRY: Duration = Duration::from_millis(200);

/// The lock of one root, and the marks by which one that our own pacman left is known.
#[derive(Clone, Debug)]
pub(super) struct DatabaseLock {
    path: PathBuf,
    /// Exists while our pacman works, and stays when it is killed.
    mark: PathBuf,
    /// What our pacman holds as long as it lives.
    guard: PathBuf,
}

impl DatabaseLock {
    pub(super) fn new(root: &Path, (mark, guard): (PathBuf, PathBuf)) -> Self {
        Self { path: root.join(LOCK), mark, guard }
    }

    /// Waits until nobody has the lock. One that our own pacman left when it was killed is removed.
    ///
    /// # Errors
    /// It is held for longer, or was left by a pacman that was not ours.
    pub(super) fn wait(&self, patience: Duration) -> Result<(), LockError> {
        wait_until_free(&self.guard, "the package manager of a run that was killed", patience)?;
        let give_up = Instant::now() + patience;
        loop {
            let _ = self.clear_own();
            if !storage::exists(&self.path) {
                return Ok(());
            }
            match holder_of_open_file(&self.path) {
                Some(holder) if Instant::now() >= give_up => {
                    return Err(LockError::Held { path: self.path.clone(), holder });
                }
                // It may have ended between the two looks.
                None if storage::exists(&self.path) => {
                    return Err(LockError::Left { path: self.path.clone() });
                }
                _ => clock::pause(RETRY),
            }
        }
    }

    /// Tells whether a living pacman has it.
    pub(super) fn is_held(&self) -> bool {
        storage::exists(&self.path) && holder_of_open_file(&self.path).is_some()
    }

    /// Tells whether our pacman was cut off and none has ended by itself since: scripts and hooks may not have run,
    /// although every package is in place.
    pub(super) fn was_cut_off(&self) -> bool {
        storage::exists(&self.mark) && wait_until_free(&self.guard, "", Duration::ZERO).is_ok()
    }

    /// Notes that our pacman is about to work, and clears away what one before it left.
    ///
    /// # Errors
    /// The mark cannot be written.
    pub(super) fn begin(&self) -> Result<(), StorageError> {
        self.clear_own()?;
        storage::replace(&self.mark, b"", storage::PRIVATE)
    }

    /// Notes that it has ended; one that did not end by itself left its lock.
    ///
    /// # Errors
    /// The mark cannot be removed.
    pub(super) fn end(&self) -> Result<(), StorageError> {
        if storage::exists(&self.path) {
            return Ok(());
        }
        storage::remove_file(&self.mark)
    }

    /// Removes a lock that nobody holds and that our own pacman left. The mark stays until one has ended by itself.
    fn clear_own(&self) -> Result<(), StorageError> {
        let is_ours = self.was_cut_off() && !self.is_held();
        if is_ours { storage::remove_file(&self.path) } else { Ok(()) }
    }
}
