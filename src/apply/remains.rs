//! What the package manager was to remove or to rename and could not: dpkg and rpm warn about such a file, forget it, and end
//! with success (dpkg 1.21.22, `src/main/unpack.c`, `pkg_remove_old_files`, and `configure.c`; rpm 4.18, `lib/fsm.c`,
//! `rpmPackageFilesRemove`). pacman calls it an error and ends with success, apk says nothing.

use std::path::{Path, PathBuf};

use super::{RunError, Tools};
use crate::host::storage;
use crate::package_manager::archives::WorkLog;
use crate::scan::inventory::files;

/// Renames and removes what a package manager of this run said that it could not, where no package owns it now. Returns what
/// cannot be done even now, in words: the host is then neither old nor new. `replaced` are the archives of what was there
/// before.
///
/// # Errors
/// The log of the run, an archive or the package database cannot be read.
pub(super) fn clear(tools: &Tools<'_>, log: &Path, replaced: &[PathBuf]) -> Result<Option<String>, RunError> {
    let (root, format) = (tools.layout.root(), tools.manager.archives());
    let said = storage::read_if_present(log).map_err(RunError::Storage)?.unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let mut left: Vec<String> =
        format.not_renamed(&said).iter().filter_map(|(from, to)| rename(root, from, to)).collect();
    let began = storage::metadata(log).ok().flatten().and_then(|found| found.created().ok());
    let named = format.not_removed(&WorkLog { said: &said, began, replaced })?;
    if !named.is_empty() {
        // After the merge of `/usr` a file may be known by another path.
        let real = |path: &Path| real(root, path);
        let asked = named.iter().cloned().chain(named.iter().map(|path| real(path))).collect();
        let owners = files::owners(root, &asked)?;
        let is_owned = |path: &Path| owners.contains_key(path) || owners.contains_key(&real(path));
        // What lies in a folder sorts behind it and goes first.
        let unowned = named.iter().rev().filter(|path| !is_owned(path));
        left.extend(unowned.filter_map(|path| remove(root, path)));
    }
    let told = format!("{} files could not be removed: {}", left.len(), left.join(", "));
    Ok((!left.is_empty()).then_some(told))
}

/// Gives a draft the name that it was to have; `None` where it is not there any more.
fn rename(root: &Path, from: &Path, to: &Path) -> Option<String> {
    let [place, target] = [from, to].map(|path| placed(root, path));
    let renamed = if storage::exists(&place) { storage::rename(&place, &target) } else { Ok(()) };
    renamed.err().map(|error| format!("{} ({})", from.display(), error.source))
}

/// Removes a file, a link or an empty folder; `None` where it is gone, or holds what is not the package's.
fn remove(root: &Path, path: &Path) -> Option<String> {
    let place = placed(root, path);
    let removed = storage::metadata(&place).and_then(|found| match found {
        None => Ok(()),
        Some(found) if found.is_dir() => storage::remove_empty_folder(&place),
        Some(_) => storage::remove_file(&place),
    });
    removed.err().map(|error| format!("{} ({})", path.display(), error.source))
}

fn placed(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// The path of a file of the root when no link leads to it.
fn real(root: &Path, path: &Path) -> PathBuf {
    let place = placed(root, path);
    let folder = place.parent().and_then(|folder| storage::canonical(folder).ok());
    let inside = folder.as_deref().and_then(|folder| folder.strip_prefix(root).ok());
    let name = path.file_name().unwrap_or_default();
    inside.map_or_else(|| path.to_owned(), |inside| Path::new("/").join(inside).join(name))
}
