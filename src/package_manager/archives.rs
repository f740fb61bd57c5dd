//! What the rest asks of package archives, whatever their format: names, identity, content, and the files they brought.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::host::storage::{self, StorageError};
use crate::model::decision::ConffilePolicy;
use crate::model::package::PackageKey;
use crate::model::plan::ArchiveDigest;
use crate::model::version::Version;

/// An archive, or what it is compared with, that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {path}")]
pub struct ArchiveFault {
    /// What was wanted: `verify the files of`, `read the archive`.
    pub operation: &'static str,
    /// The archive, or the file beside it.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl ArchiveFault {
    /// Names what was wanted of a path when something failed.
    pub fn at<E: Error + Send + Sync + 'static>(
        operation: &'static str,
        path: &Path,
    ) -> impl FnOnce(E) -> Self {
        let path = path.to_owned();
        move |source| Self { operation, path, source: Box::new(source) }
    }
}

/// What verifying the files of some packages gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Paths that were compared.
    pub compared: u64,
    /// Paths that do not hold what their archive brought, sorted.
    pub damaged: BTreeSet<PathBuf>,
    /// Configuration files that were edited.
    pub edited: BTreeSet<PathBuf>,
}

impl Proof {
    /// Returns the damage that was not there before: what failed before a run cannot fail it.
    pub fn damage_beyond(&self, baseline: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
        self.damaged.difference(baseline).cloned().collect()
    }
}

/// What is known of the work of a package manager in one run.
#[derive(Clone, Copy, Debug)]
pub struct WorkLog<'a> {
    /// Everything it said.
    pub said: &'a str,
    /// When its log was made, before it changed anything; `None` where the file system does not keep that.
    pub began: Option<SystemTime>,
    /// The archives of what it was to replace.
    pub replaced: &'a [PathBuf],
}

/// The archives of one package family, and the files of a root that came from them.
///
/// Nothing here installs anything. Errors say that something cannot be told; what differs is a value.
pub trait ArchiveFormat: Sync {
    /// Returns the name that an archive has in every folder of patchctl.
    fn file_name(&self, package: &PackageKey, version: &Version) -> String;

    /// Returns the digest of an archive in the form in which the index of its repository states it.
    ///
    /// # Errors
    /// It cannot be read.
    fn digest(&self, archive: &Path) -> Result<ArchiveDigest, StorageError> {
        storage::digest(archive).map(ArchiveDigest::Sha256)
    }

    /// Returns where the package manager itself may have kept an archive of that name.
    fn kept(&self, name: &str) -> Vec<PathBuf>;

    /// Tells whether a file is the archive of exactly what is installed.
    fn is_of_installed(&self, archive: &Path) -> bool;

    /// Tells whether anything is recorded that an archive could be rebuilt by.
    fn may_rebuild(&self, package: &PackageKey) -> bool;

    /// Tells whether one can be rebuilt although its configuration was edited.
    fn rebuilds_edited(&self) -> bool {
        false
    }

    /// Tells, for people, why nothing can be rebuilt where [`ArchiveFormat::may_rebuild`] is false.
    fn no_rebuilding(&self) -> &'static str {
        "no digests to rebuild one from"
    }

    /// Returns why no archive can be rebuilt from the installed files of each package; `None` where one can. What this
    /// user may not read is found out by root, before the first change. Takes as long as reading the files.
    fn rebuild_obstacles(&self, packages: &[PackageKey]) -> Vec<Option<String>>;

    /// Rebuilds the archive of an installed package in a folder, or says why it cannot be.
    ///
    /// # Errors
    /// The obstacle, for people.
    fn rebuild(&self, package: &PackageKey, version: &Version, folder: &Path) -> Result<PathBuf, String>;

    /// Checks the vendor's own signature in each of some archives, where the format has one: what the signed index states
    /// is checked by the caller.
    ///
    /// # Errors
    /// One is missing, or not by a key that the host trusts.
    fn check_signatures(&self, archives: &[PathBuf]) -> Result<(), ArchiveFault>;

    /// Returns the configuration files that an archive brings.
    ///
    /// # Errors
    /// It cannot be read.
    fn configuration_files(&self, archive: &Path) -> Result<Vec<PathBuf>, ArchiveFault>;

    /// Tells whether installing moves edited configuration aside that is to stay (rpm(8), `.rpmsave`). dpkg is told to
    /// keep it and does.
    fn moves_configuration_aside(&self) -> bool;

    /// Does again what an interrupted installation decided about configuration files and a power cut took away: archives of
    /// the versions `before` and of those that are installed `now`. Most formats decide about nothing beside their database.
    ///
    /// # Errors
    /// An archive cannot be read, or a file not be written.
    fn decide_again(
        &self,
        _before: &[PathBuf],
        _now: &[PathBuf],
        _policy: ConffilePolicy,
    ) -> Result<(), ArchiveFault> {
        Ok(())
    }

    /// Compares the files of the root with some archives, which are those of what is installed now.
    ///
    /// # Errors
    /// An archive or a file cannot be read.
    fn compare(&self, archives: &[PathBuf]) -> Result<Proof, ArchiveFault>;

    /// Finds what an interrupted unpacking of some archives left behind.
    ///
    /// # Errors
    /// An archive cannot be read.
    fn litter(&self, archives: &[PathBuf]) -> Result<Vec<PathBuf>, ArchiveFault>;

    /// Finds the drafts that the package manager said it could not rename, although it went on, each with the name that it was
    /// to have.
    fn not_renamed(&self, _said: &str) -> Vec<(PathBuf, PathBuf)> {
        Vec::new()
    }

    /// Finds the files and folders that the package manager was to remove and could not, although it went on; some may be of
    /// a package after all.
    ///
    /// # Errors
    /// An archive cannot be read.
    fn not_removed(&self, work: &WorkLog<'_>) -> Result<BTreeSet<PathBuf>, ArchiveFault>;

    /// Finds the files, links and folders that lie in the root as one of the archives brought them, whoever owns them now.
    /// Configuration is none of them.
    ///
    /// # Errors
    /// An archive, or what lies there, cannot be read.
    fn lying(&self, archives: &[PathBuf]) -> Result<BTreeSet<PathBuf>, ArchiveFault>;
}
