//! The digests of the old archives of a run, written when they were proved, so that `sha256sum -c` can prove them again.

use std::path::{Path, PathBuf};

use crate::config::layout::RunFolder;
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;

/// Writes the digests of archives that were just proved.
///
/// # Errors
/// An archive cannot be read, or the list not written.
pub fn write<'a>(
    folder: &RunFolder,
    archives: impl Iterator<Item = &'a PathBuf>,
) -> Result<(), StorageError> {
    let mut list = String::new();
    for path in archives {
        list.push_str(&format!("{}  {}\n", storage::digest(path)?, name_of(path)));
    }
    storage::replace(&folder.old_digests(), list.as_bytes(), storage::PRIVATE)
}

/// Returns one sentence for each archive that is not what it was when it was proved.
pub fn complaints(folder: &RunFolder, archives: &[PathBuf]) -> Vec<String> {
    let stored = storage::read(&folder.old_digests()).unwrap_or_default();
    let list = String::from_utf8_lossy(&stored);
    let stated = |name: &str| -> Option<Sha256> {
        let line = list.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix("  "))?;
        line.parse().ok()
    };
    let complaint = |path: &PathBuf| match (stated(name_of(path)), storage::digest(path)) {
        (_, Err(error)) => Some(error.to_string()),
        (None, _) => Some(format!("{} has no recorded digest", path.display())),
        (Some(stated), Ok(found)) if stated != found => {
            Some(format!("{} was changed or damaged since it was stored", path.display()))
        }
        _ => None,
    };
    archives.iter().filter_map(complaint).collect()
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}
