//! What a package manager keeps on a host beside the packages: locks, marks, leftovers, and what it was cut off over.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::PackageManagerError;
use crate::host::lock::{LockError, RecordLock};
use crate::host::storage::StorageError;
use crate::host::{draft, storage};
use crate::model::package::PackageKey;

/// The records of one root. Reading them changes nothing.
pub trait HostRecords {
    /// Takes the lock that keeps every other tool off the database while patchctl works, and waits up to `patience` for
    /// those that hold one. `None` where children of the package manager need every lock themselves (rpm, dnf): then
    /// what they find is compared before each step.
    ///
    /// # Errors
    /// Another tool did not let go in time.
    fn take_lock(&self, patience: Duration) -> Result<Option<RecordLock>, LockError>;

    /// Waits up to `patience` until the package manager can be asked, where asking takes its lock too (zypp, dnf 5). Most
    /// can be asked at any time.
    ///
    /// # Errors
    /// Another tool did not let go in time.
    fn wait_to_ask(&self, patience: Duration) -> Result<(), LockError> {
        let _ = patience;
        Ok(())
    }

    /// Tells whether the package manager changes the database at this moment, whoever called it.
    fn is_at_work(&self) -> bool;

    /// Returns the lock that everything takes which fetches lists, where the package manager does not take it itself.
    fn lists_lock(&self) -> Option<PathBuf>;

    /// Returns the packages that came as dependencies only.
    ///
    /// # Errors
    /// They cannot be read.
    fn automatic(&self) -> Result<BTreeSet<PackageKey>, PackageManagerError>;

    /// Marks packages as dependencies only: naming one to the package manager makes it a wanted one.
    ///
    /// # Errors
    /// The package manager cannot be asked or refuses.
    fn set_automatic(&self, packages: &BTreeSet<PackageKey>) -> Result<(), PackageManagerError>;

    /// Forgets marks of packages that are gone, where the lowest tool knows nothing of them.
    ///
    /// # Errors
    /// They cannot be read or written.
    fn forget(&self, gone: &[PackageKey]) -> Result<(), PackageManagerError>;

    /// Tells whether anything at all is recorded of a package.
    fn is_known(&self, package: &PackageKey) -> bool;

    /// Tells whether configuration of a removed package was left.
    fn has_leftovers(&self, package: &PackageKey) -> bool;

    /// Tells whether a package manager of patchctl was cut off whose database says nothing of what it had begun: then any
    /// package of the run may be half there.
    fn was_cut_off(&self) -> bool {
        false
    }

    /// Finds what the package manager was writing when it was cut off and would itself overwrite or forget, and what
    /// patchctl was writing of its records ([`own_drafts`]).
    ///
    /// # Errors
    /// A folder cannot be listed.
    fn drafts(&self) -> Result<Vec<PathBuf>, PackageManagerError>;

    /// Tells whether it noted changes that are not in its database yet: it puts them there at its next work, and until
    /// then whoever reads the database alone reads the past.
    ///
    /// # Errors
    /// A folder cannot be listed.
    fn is_unsettled(&self) -> Result<bool, PackageManagerError>;
}

/// Finds the drafts of a record that patchctl, killed while it wrote it, left beside it. The next one to write it has a
/// name of its own.
///
/// # Errors
/// The folder cannot be listed.
pub(super) fn own_drafts(record: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let mut beside = storage::list(record.parent().unwrap_or(record))?;
    beside.retain(|path| draft::meant_by(path).is_some_and(|meant| meant == record));
    Ok(beside)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "drafts in a folder of this test")]
mod tests {
    use super::*;

    #[test]
    fn only_drafts_of_the_record_itself_are_found() {
        let folder = std::env::temp_dir().join(format!("patchctl-own-drafts-{}", std::process::id()));
        storage::create_folder(&folder, 0o700).expect("writable");
        for name in ["AutoInstalled", ".AutoInstalled.22.tmp", ".AutoInstalled.tmp", ".other.22.tmp"] {
            storage::replace(&folder.join(name), b"x", storage::PRIVATE).expect("writable");
        }
        let found = own_drafts(&folder.join("AutoInstalled")).expect("there");
        assert_eq!(found, [folder.join(".AutoInstalled.22.tmp")]);
        assert!(own_drafts(Path::new("/no/such/folder/AutoInstalled")).expect("absent").is_empty());
        storage::remove_folder(&folder).expect("removable");
    }
}
