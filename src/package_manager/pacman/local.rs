//! pacman's local database, as far as a run needs it: which packages are recorded, and over which pacman was cut off.

use std::path::{Path, PathBuf};

use crate::host::storage::{self, StorageError};
use crate::model::package::{PackageKey, PackageName};
use crate::model::version::Version;

/// The database, below a root.
pub(super) const LOCAL: &str = "var/lib/pacman/local";

/// The folder of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: PackageName,
    pub(super) version: Version,
    pub(super) path: PathBuf,
}

impl Entry {
    fn of(path: PathBuf) -> Option<Self> {
        let folder = path.file_name()?.to_str()?;
        let release = folder.rfind('-')?;
        let at = folder[..release].rfind('-')?;
        let version = Version::alpm(&folder[at + 1..]).ok()?;
        Some(Self { name: PackageName::from(&folder[..at]), version, path })
    }

    /// Reads one of its files; nothing where there is none.
    pub(super) fn file(&self, name: &str) -> Option<Vec<u8>> {
        storage::read(&self.path.join(name)).ok()
    }

    /// Tells whether pacman wrote all of it. It writes the list of files last; what a power cut left of a file ends
    /// within a line.
    pub(super) fn is_whole(&self) -> bool {
        let ends_well = |bytes: Vec<u8>| bytes.last() == Some(&b'\n');
        self.file("desc").is_some_and(ends_well) && storage::exists(&self.path.join("files"))
    }

    /// The architecture that is recorded.
    pub(super) fn key(&self) -> PackageKey {
        let text = self.file("desc").unwrap_or_default();
        let architecture = values(&text, "ARCH").next().unwrap_or("any").into();
        PackageKey { name: self.name.clone(), architecture }
    }

    /// Tells whether it came as a dependency only (`alpm_pkgreason_t`).
    pub(super) fn is_dependency(&self) -> bool {
        values(&self.file("desc").unwrap_or_default(), "REASON").next() == Some("1")
    }
}

/// Returns the values of a section that are text.
pub(super) fn values<'a>(bytes: &'a [u8], section: &str) -> impl Iterator<Item = &'a str> {
    let heading = format!("%{section}%");
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let _ = lines.by_ref().find(|line| *line == heading.as_bytes());
    lines.take_while(|line| !line.is_empty()).filter_map(|line| std::str::from_utf8(line).ok())
}

/// Lists the folders of all packages.
///
/// # Errors
/// The database cannot be listed.
pub(super) fn entries(root: &Path) -> Result<Vec<Entry>, StorageError> {
    Ok(storage::list(&root.join(LOCAL))?.into_iter().filter_map(Entry::of).collect())
}

/// Returns the folders that a package has; more than one where pacman was cut off.
pub(super) fn of_package(root: &Path, name: &str) -> Result<Vec<Entry>, StorageError> {
    Ok(entries(root)?.into_iter().filter(|entry| entry.name.as_str() == name).collect())
}

/// Tells whether a package is recorded whole, in whatever version.
pub(super) fn is_installed(root: &Path, name: &PackageName) -> bool {
    of_package(root, name.as_str()).is_ok_and(|found| found.iter().any(Entry::is_whole))
}
