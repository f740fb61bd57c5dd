//! The files by which a package manager knows what its repositories offer, as they are carried to another host: of enabled
//! repositories alone, each under its path below the folder in which that host keeps its own.

use std::path::{Path, PathBuf};

use super::{apk_repository, pacman_repository, repository, rpm_repository};
use crate::config::layout::Layout;
use crate::host::storage::{self, StorageError};
use crate::model::distro::{Distribution, PackageFamily};

/// What a package manager keeps of its repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptLists {
    /// The folder that all names are below.
    pub folder: PathBuf,
    /// The files: name, and where each lies.
    pub files: Vec<(PathBuf, PathBuf)>,
    /// Folders that the package manager makes anew from those files, and believes as long as they are there.
    pub derived: Vec<PathBuf>,
}

impl KeptLists {
    /// Finds the lists of a root; `None` where nobody knows how its package manager keeps them.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn of(layout: &Layout, distribution: &Distribution) -> Result<Option<Self>, StorageError> {
        match distribution.family() {
            Some(PackageFamily::Dpkg) => repository::kept_lists(layout.root()).map(Some),
            Some(PackageFamily::Pacman) => Ok(Some(pacman_repository::kept_lists(layout))),
            Some(PackageFamily::Rpm) => rpm_repository::kept_lists(layout.root(), distribution).map(Some),
            Some(PackageFamily::Apk) => Ok(Some(apk_repository::kept_lists(layout))),
            None => Ok(None),
        }
    }

    /// Adds every file below one of the folder's own folders, but for what is in `without`.
    ///
    /// # Errors
    /// It cannot be listed.
    pub(super) fn add_below(&mut self, folder: &Path, without: &str) -> Result<(), StorageError> {
        let (top, files) = (self.folder.clone(), &mut self.files);
        storage::walk(folder, &mut |path, metadata| {
            let Ok(name) = path.strip_prefix(&top) else { return Ok(()) };
            if metadata.is_file() && !name.components().any(|part| part.as_os_str() == without) {
                files.push((name.to_owned(), path.to_owned()));
            }
            Ok(())
        })
    }
}
