//! `/boot` beside a snapshot: where it lies on another file system it is copied with the run, so that a restored root finds
//! the kernels of its modules (peers that did not had hosts that no longer booted).

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Ground, SnapshotError};
use crate::config::layout::RunFolder;
use crate::host::copies;
use crate::host::left_behind;
use crate::host::ownership::{self, Rights};
use crate::host::storage;

fn copy(folder: &RunFolder) -> PathBuf {
    folder.before().join("boot")
}

/// Tells whether `/boot` lies outside a snapshot of the root.
pub fn is_outside(ground: &Ground) -> bool {
    storage::exists(&ground.root.join("boot")) && !ground.holds("boot")
}

/// Returns how many bytes of files `/boot` holds itself, what is mounted below it left out.
pub fn size(ground: &Ground) -> u64 {
    let mut total = 0;
    // What cannot be looked at cannot be copied either, and then the run stops.
    let _ = files(&ground.root.join("boot"), &mut |_, size| {
        total += size;
        Ok(())
    });
    total
}

/// Copies `/boot` into the folder of a run, where it lies outside the snapshot.
///
/// # Errors
/// A file cannot be read or stored.
pub fn save(ground: &Ground, folder: &RunFolder) -> Result<(), SnapshotError> {
    if !is_outside(ground) {
        return Ok(());
    }
    let (from, draft) = (ground.root.join("boot"), folder.before().join("boot.part"));
    let copied = || {
        storage::remove_folder(&draft)?;
        storage::create_folder(&draft, 0o700)?;
        files(&from, &mut |inside, _| {
            let target = draft.join(inside);
            storage::create_folder(target.parent().unwrap_or(&draft), 0o700)?;
            copies::synced(&from.join(inside), &target, storage::PRIVATE).map(drop)
        })?;
        // Half a copy has another name: nothing of it is ever put back.
        storage::rename(&draft, &copy(folder))
    };
    copied().map_err(SnapshotError::Storage)
}

/// Puts back the files of `/boot` that differ from the copy, each as a whole, and removes none: a kernel too many does not
/// keep a host from booting. Returns what was put back.
///
/// # Errors
/// A file cannot be read or written.
pub fn put_back(ground: &Ground, folder: &RunFolder) -> Result<Vec<PathBuf>, SnapshotError> {
    let (from, to) = (copy(folder), ground.root.join("boot"));
    let mut changed = Vec::new();
    if !storage::exists(&from) {
        return Ok(changed);
    }
    files(&from, &mut |inside, _| {
        let (saved, live) = (from.join(inside), to.join(inside));
        if live.parent().is_some_and(storage::exists) {
            left_behind::clear(&live)?;
        }
        if storage::exists(&live) && storage::digest(&live)? == storage::digest(&saved)? {
            return Ok(());
        }
        let rights = match storage::metadata(&live)? {
            Some(found) => {
                let attributes = ownership::attributes(&live)?;
                Rights { uid: found.uid(), gid: found.gid(), mode: found.mode() & 0o7777, attributes }
            }
            // What the run took away came from a package, and packages bring kernels and their parts so.
            None => Rights { uid: 0, gid: 0, mode: 0o644, attributes: ownership::Attributes::new() },
        };
        storage::create_folder(live.parent().unwrap_or(&to), 0o755)?;
        ownership::replace(&live, &storage::read(&saved)?, &rights)?;
        changed.push(Path::new("/boot").join(inside));
        Ok(())
    })
    .map_err(SnapshotError::Storage)?;
    Ok(changed)
}

/// Visits each regular file below a folder with its path inside and its size, on the folder's own file system alone.
fn files(folder: &Path, visit: &mut dyn FnMut(&Path, u64) -> storage::Result<()>) -> storage::Result<()> {
    let device = storage::metadata(folder)?.map(|found| found.dev());
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in storage::list(&next)? {
            let Some(found) = storage::metadata(&path)? else { continue };
            if found.is_dir() && Some(found.dev()) == device {
                open.push(path);
            } else if found.is_file() {
                visit(path.strip_prefix(folder).unwrap_or(&path), found.len())?;
            }
        }
    }
    Ok(())
}
