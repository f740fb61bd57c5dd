//! The world while apk works: every archive that is named as a file becomes a pin in it, so that it is kept before and put
//! back after, byte for byte.
//!
//! The copy is also the mark by which an apk of patchctl that was cut off is known.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::lock;
use crate::host::storage::{self, StorageError};

/// What the administrator asked for, below a root.
pub(super) const WORLD: &str = "etc/apk/world";

/// The world of one root, and the copy of it.
#[derive(Clone, Debug)]
pub(super) struct KeptWorld {
    world: PathBuf,
    copy: PathBuf,
    /// What our apk holds as long as it lives.
    guard: PathBuf,
}

impl KeptWorld {
    pub(super) fn new(root: &Path, (copy, guard): (PathBuf, PathBuf)) -> Self {
        Self { world: root.join(WORLD), copy, guard }
    }

    /// Tells whether our apk was cut off and none has ended by itself since.
    pub(super) fn was_cut_off(&self) -> bool {
        storage::exists(&self.copy) && lock::wait_until_free(&self.guard, "", Duration::ZERO).is_ok()
    }

    /// Keeps a copy, unless there is one of before an apk that was cut off.
    ///
    /// # Errors
    /// The world cannot be read, or the copy not be written.
    pub(super) fn keep(&self) -> Result<(), StorageError> {
        if storage::exists(&self.copy) {
            return Ok(());
        }
        let bytes = storage::read(&self.world)?;
        storage::replace(&self.copy, &bytes, storage::PRIVATE)
    }

    /// Puts the world back as it was kept. The copy stays until [`KeptWorld::forget`].
    ///
    /// # Errors
    /// The copy cannot be read, or the world not be written.
    pub(super) fn put_back(&self) -> Result<(), StorageError> {
        let Some(kept) = storage::read_if_present(&self.copy)? else { return Ok(()) };
        if storage::read_if_present(&self.world)?.as_ref() == Some(&kept) {
            return Ok(());
        }
        // The mode that apk gives it (apk-tools, `src/database.c`, `apk_db_write_config`).
        storage::replace(&self.world, &kept, storage::PUBLIC)
    }

    /// Removes the copy: apk has ended by itself.
    ///
    /// # Errors
    /// It cannot be removed.
    pub(super) fn forget(&self) -> Result<(), StorageError> {
        storage::remove_file(&self.copy)
    }
}
