//! The snapshot of a run as it is written down in the run's folder, before it is taken and after.

use std::path::PathBuf;

use super::{Ground, SnapshotError, SnapshotProvider, registry};
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::snapshot::SnapshotRef;

fn file(folder: &RunFolder) -> PathBuf {
    folder.before().join("snapshot.json")
}

/// Reads what is written down of the snapshot of a run; `None` when it took none.
///
/// # Errors
/// The file cannot be read or understood.
pub fn load(folder: &RunFolder) -> Result<Option<SnapshotRef>, SnapshotError> {
    let path = file(folder);
    let Some(bytes) = storage::read_if_present(&path).map_err(SnapshotError::Storage)? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| SnapshotError::Unreadable { path, reason: error.to_string() })
}

/// Takes the snapshot of a run: writes down what it will be, takes it, and completes the note. What was cut off in
/// between is found by its name and its origin, and removed with the run.
///
/// # Errors
/// It was not taken; the host is unchanged.
pub fn take(
    provider: &dyn SnapshotProvider,
    ground: &Ground,
    (folder, intended): (&RunFolder, SnapshotRef),
) -> Result<SnapshotRef, SnapshotError> {
    store(folder, &intended)?;
    // What is still in memory belongs to the state before the run.
    storage::sync_all();
    let id = provider.create(ground, &intended)?;
    let taken = SnapshotRef { id: Some(id), ..intended };
    provider.check(ground, &taken)?;
    store(folder, &taken)?;
    storage::sync_all();
    Ok(taken)
}

fn store(folder: &RunFolder, snapshot: &SnapshotRef) -> Result<(), SnapshotError> {
    // Names, numbers and times always have a JSON form.
    let json = serde_json::to_vec(snapshot).unwrap_or_default();
    storage::replace(&file(folder), &json, storage::PRIVATE).map_err(SnapshotError::Storage)
}

/// Removes the snapshot of a run, where it took one.
///
/// # Errors
/// The note cannot be read, or the snapshot not be removed.
pub fn discard(ground: &Ground, folder: &RunFolder) -> Result<(), SnapshotError> {
    let Some(snapshot) = load(folder)? else { return Ok(()) };
    if let Some(provider) = registry::find(&snapshot.provider) {
        provider.discard(ground, &snapshot)?;
    }
    storage::remove_file(&file(folder)).map_err(SnapshotError::Storage)
}
