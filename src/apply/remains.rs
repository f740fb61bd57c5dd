//! What is there although the package manager has done with it.
//!
//! Some of it was to be removed or renamed and could not: dpkg and rpm warn about such a file, forget it, and end with
//! success (dpkg 1.21.22, `src/main/unpack.c`, `pkg_remove_old_files`, and `configure.c`; rpm 4.18, `lib/fsm.c`,
//! `rpmPackageFilesRemove`). pacman calls it an error and ends with success, apk says nothing. Some of it was removed, and a
//! power cut brought it back.

use std::collections::{BTreeSet, HashMap};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{RunError, Tools};
use crate::host::storage;
use crate::model::package::PackageName;
use crate::package_manager::archives::WorkLog;
use crate::scan::inventory::files;

/// Folders that packages of every family own: an answer about owners that knows none at all is no answer.
const OWNED: &[&str] = &["/usr", "/usr/bin", "/usr/share"];

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
    let named = format.not_removed(&WorkLog { said: &said, began: began(log), replaced })?;
    if !named.is_empty() {
        let owners = files::owners(root, &with_real(root, &named))?;
        // What lies in a folder sorts behind it and goes first.
        let unowned = named.iter().rev().filter(|path| !is_owned(root, &owners, path));
        left.extend(unowned.filter_map(|path| remove(root, path)));
    }
    let told = format!("{} files could not be removed: {}", left.len(), left.join(", "));
    Ok((!left.is_empty()).then_some(told))
}

/// Removes what a power cut brought back: a package manager waits for the disk before it notes that a file is gone, and not for
/// the removal itself, so that a file system may keep the note and lose the removal (seen on btrfs under dpkg 1.21.22). Such a
/// file lies as one of the archives `of_before` brought it, is no configuration, and no package owns it now. What was
/// changed since `began` was made by a script. Returns what cannot be removed, in words.
///
/// # Errors
/// An archive or the package database cannot be read.
pub(super) fn clear_revived(
    tools: &Tools<'_>,
    of_before: &[PathBuf],
    began: Option<SystemTime>,
) -> Result<Option<String>, RunError> {
    let root = tools.layout.root();
    let mut lying = tools.manager.archives().lying(of_before)?;
    lying.retain(|path| !path.starts_with("/etc"));
    let mut asked = with_real(root, &lying);
    asked.extend(OWNED.iter().map(PathBuf::from));
    let owners = files::owners(root, &asked)?;
    if owners.is_empty() {
        return Ok(None);
    }
    lying.retain(|path| !is_owned(root, &owners, path));
    let look = |path: &Path| storage::metadata(&placed(root, path)).ok().flatten();
    let (folders, files): (Vec<_>, Vec<_>) =
        lying.into_iter().partition(|path| look(path).is_some_and(|found| found.is_dir()));
    let is_revived = |path: &&PathBuf| {
        let is_older = |found: &Metadata| began.is_none_or(|began| changed(found) < began);
        look(path).is_some_and(|found| is_older(&found) && (found.is_file() || is_deep(path)))
    };
    // An empty folder elsewhere may be one that a script made for its program.
    let is_left = |folder: &&PathBuf| is_deep(folder) && folder.starts_with("/usr");
    // What lies in a folder sorts behind it and goes first.
    let all = files.iter().filter(is_revived).chain(folders.iter().rev().filter(is_left));
    let left: Vec<String> = all.filter_map(|path| remove(root, path)).collect();
    let told = format!("{} files came back and could not be removed: {}", left.len(), left.join(", "));
    Ok((!left.is_empty()).then_some(told))
}

/// Tells whether it is none of the folders and links that a root stands on, such as `/lib` and `/usr/lib`.
fn is_deep(path: &Path) -> bool {
    path.components().count() > 3
}

/// The path itself and the one without links: after the merge of `/usr` a file may be known by either.
fn with_real(root: &Path, paths: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    paths.iter().cloned().chain(paths.iter().map(|path| real(root, path))).collect()
}

fn is_owned(root: &Path, owners: &HashMap<PathBuf, PackageName>, path: &Path) -> bool {
    owners.contains_key(path) || owners.contains_key(&real(root, path))
}

/// When a file was last touched in any way.
fn changed(found: &Metadata) -> SystemTime {
    UNIX_EPOCH + Duration::new(found.ctime().unsigned_abs(), found.ctime_nsec().unsigned_abs() as u32)
}

/// When a log was made, where the file system keeps that.
pub(super) fn began(log: &Path) -> Option<SystemTime> {
    storage::metadata(log).ok().flatten().and_then(|found| found.created().ok())
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
