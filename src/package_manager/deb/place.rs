//! Where a package's path is inside a root, when folders on the way are links: `/lib/x` is `ROOT/usr/lib/x` after
//! the merge of `/usr`, and an absolute link stays inside the root.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::host::storage::{self, StorageError};

/// Links that are followed for one path (MAXSYMLINKS of Linux, path_resolution(7)).
const MAX_LINKS: usize = 40;

/// Finds paths inside one root; remembers each folder it has found.
pub(in crate::package_manager) struct Places<'a> {
    root: &'a Path,
    folders: BTreeMap<PathBuf, PathBuf>,
}

impl<'a> Places<'a> {
    pub(in crate::package_manager) fn new(root: &'a Path) -> Self {
        Self { root, folders: BTreeMap::new() }
    }

    /// Returns the real place of an absolute path; its last part is not followed.
    pub(in crate::package_manager) fn find(&mut self, path: &Path) -> Result<PathBuf, StorageError> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(self.root.to_owned());
        };
        if let Some(real) = self.folders.get(folder) {
            return Ok(real.join(name));
        }
        let real = self.resolve(folder)?;
        let place = real.join(name);
        self.folders.insert(folder.to_owned(), real);
        Ok(place)
    }

    /// Follows every link of a folder's path, inside the root.
    fn resolve(&self, folder: &Path) -> Result<PathBuf, StorageError> {
        let mut inside = PathBuf::new();
        let mut left: Vec<PathBuf> = parts(folder);
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part.as_os_str() == ".." {
                inside.pop();
                continue;
            }
            let place = self.root.join(&inside).join(&part);
            if storage::metadata(&place)?.is_none_or(|found| !found.is_symlink()) {
                inside.push(part);
                continue;
            }
            links += 1;
            let target = storage::link_target(&place)?;
            if links > MAX_LINKS {
                let source = std::io::Error::from_raw_os_error(nix::libc::ELOOP);
                return Err(StorageError { operation: "resolve", path: folder.to_owned(), source });
            }
            if target.is_absolute() {
                inside = PathBuf::new();
            }
            left.extend(parts(&target));
        }
        Ok(self.root.join(inside))
    }
}

/// The parts of a path, the first one last.
fn parts(path: &Path) -> Vec<PathBuf> {
    let keep = |part: Component<'_>| match part {
        Component::Normal(name) => Some(PathBuf::from(name)),
        Component::ParentDir => Some(PathBuf::from("..")),
        _ => None,
    };
    path.components().rev().filter_map(keep).collect()
}
