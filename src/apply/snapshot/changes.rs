//! What was written since a snapshot and would be lost with the root: the two trees held against each other.
//!
//! A snapshot keeps the time at which each inode last changed (`ctime`, inode(7)), and nobody can set that time: a file is
//! as it was exactly when it has the same one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::host::storage;

/// Folders and files whose content is made again by itself, belongs to the packages that go back as a whole, or is carried over.
const NOT_MISSED: &[&str] = &[
    "tmp",
    "run",
    "var/tmp",
    "var/cache",
    "var/lib/dpkg",
    "var/lib/apt",
    "var/lib/patchctl",
    "var/lib/rpm",
    "usr/lib/sysimage/rpm",
    // The unit that ends an open run at the next boot: a snapshot is taken amid a run.
    "etc/systemd/system/patchctl-recover-run.service",
    "etc/systemd/system/multi-user.target.wants/patchctl-recover-run.service",
];

/// Lists the paths that were made, changed or removed since the snapshot `then` and that the run itself did not plan to
/// change, as paths inside the root, sorted.
///
/// # Errors
/// A folder cannot be listed.
pub fn lost(now: &Path, then: &Path, planned: &BTreeSet<PathBuf>) -> storage::Result<Vec<PathBuf>> {
    let device = storage::metadata(now)?.map(|found| found.dev());
    let mut walk = Walk { now, then, planned, device, found: Vec::new() };
    walk.folder(Path::new(""))?;
    walk.found.sort();
    Ok(walk.found)
}

struct Walk<'a> {
    now: &'a Path,
    then: &'a Path,
    planned: &'a BTreeSet<PathBuf>,
    device: Option<u64>,
    found: Vec<PathBuf>,
}

impl Walk<'_> {
    /// Compares one folder that both trees have.
    fn folder(&mut self, inside: &Path) -> storage::Result<()> {
        let (mut now, then) = (entries(&self.now.join(inside))?, entries(&self.then.join(inside))?);
        for (name, before) in then {
            let path = inside.join(&name);
            let after = now.remove(&name);
            if self.is_not_missed(&path) {
                continue;
            }
            match after {
                // Mounted over: another file system, which stays as it is.
                Some(after) if after.is_dir() && Some(after.dev()) != self.device => {}
                Some(after) if after.is_dir() && before.is_dir() => self.folder(&path)?,
                Some(after) if is_same(&before, &after) => {}
                Some(_) | None => self.note(path),
            }
        }
        for (name, after) in now {
            let path = inside.join(name);
            if Some(after.dev()) == self.device && !self.is_not_missed(&path) {
                self.note(path);
            }
        }
        Ok(())
    }

    fn is_not_missed(&self, path: &Path) -> bool {
        NOT_MISSED.iter().any(|folder| path == Path::new(folder))
    }

    fn note(&mut self, inside: PathBuf) {
        let path = Path::new("/").join(inside);
        if !self.planned.contains(&path) {
            self.found.push(path);
        }
    }
}

fn entries(folder: &Path) -> storage::Result<BTreeMap<PathBuf, Metadata>> {
    let mut entries = BTreeMap::new();
    for path in storage::list(folder)? {
        // What vanishes meanwhile is not there.
        if let (Some(name), Some(found)) = (path.file_name(), storage::metadata(&path)?) {
            entries.insert(PathBuf::from(name), found);
        }
    }
    Ok(entries)
}

fn is_same(before: &Metadata, after: &Metadata) -> bool {
    (before.ctime(), before.ctime_nsec(), before.size()) == (after.ctime(), after.ctime_nsec(), after.size())
}
