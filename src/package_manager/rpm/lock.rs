//! The lock of rpm's transactions.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::lock::{LockError, RecordLock};
use crate::host::storage;

/// Where distributions keep rpm's database; its lock lies in it (rpm, `lib/rpmlock.c`, `%{_rpmlock_path}`).
const DATABASES: [&str; 2] = ["usr/lib/sysimage/rpm", "var/lib/rpm"];

fn place(root: &Path) -> Option<PathBuf> {
    let folders = DATABASES.iter().map(|folder| root.join(folder));
    folders.map(|folder| folder.join(".rpm.lock")).find(|path| storage::exists(path))
}

/// Waits until no transaction of rpm runs in a root, whoever began it. The lock itself is not kept: rpm takes it in each
/// of its own transactions.
///
/// # Errors
/// One still runs after `patience`.
pub(in super::super) fn wait(root: &Path, patience: Duration) -> Result<(), LockError> {
    if let Some(path) = place(root) {
        drop(RecordLock::take(&path, patience)?);
    }
    Ok(())
}

/// Tells whether a transaction of rpm runs in a root.
pub(in super::super) fn is_held(root: &Path) -> bool {
    let taken = place(root).map(|path| RecordLock::take(&path, Duration::ZERO));
    matches!(taken, Some(Err(LockError::Held { .. })))
}
