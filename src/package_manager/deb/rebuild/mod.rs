//! Makes an archive from installed files, for a package whose archive is nowhere to be had.
//!
//! It is made only from files that match the recorded digests. What no digest speaks about is carried as it is on
//! disk and told: links, folders, modes, owners, and configuration files that the administrator edited. The result
//! is never byte-equal to the vendor's archive and says so in its control file.

mod control;
mod files;
mod writer;

use std::path::{Path, PathBuf};

use self::writer::ArchiveWriter;
use super::database::{Record, RecordError, RecordedConffile};
use super::file_name;
use super::md5sums::digest_of_file;
use super::place::Places;
use super::rules::DpkgRules;
use super::verify::{Fault, Mismatch, VerifyError, verify_against_md5sums};
use crate::host::storage::{self, StorageError};
use crate::model::digest::Sha256;
use crate::model::package::PackageKey;
use crate::model::version::{Version, VersionError};

/// The control field that labels a rebuilt archive. dpkg keeps fields that it does not know (deb-control(5)).
pub const LABEL: &str = "Patchctl-Reconstructed";

/// Why an archive was not rebuilt.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The installed files cannot be verified.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The package is not installed, or only half.
    #[error("{package} cannot be rebuilt: its state is {state:?}")]
    Unfinished {
        /// The package.
        package: PackageKey,
        /// The third word of its status.
        state: String,
    },
    /// Installed files are not those that the vendor shipped.
    #[error("its archive is nowhere, and cannot be rebuilt: {}", altered_words(mismatches, without_record))]
    Altered {
        /// The package.
        package: PackageKey,
        /// Files that are missing or different.
        mismatches: Vec<Mismatch>,
        /// Files without a recorded digest.
        without_record: Vec<PathBuf>,
    },
    /// The recorded version is none.
    #[error("{package}: the recorded version")]
    Version {
        /// The package.
        package: PackageKey,
        /// Why it is none.
        #[source]
        source: VersionError,
    },
    /// A file changed while it was read.
    #[error("{path} changed while it was read")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file or the archive cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RebuildError {
    /// Tells whether the caller may not read what it takes.
    pub fn is_permission_denied(&self) -> bool {
        match self {
            Self::Verify(VerifyError::Storage(error) | VerifyError::Record(RecordError::Storage(error)))
            | Self::Storage(error) => error.is_permission_denied(),
            _ => false,
        }
    }
}

/// Names the first file, and how many more there are.
fn altered_words(mismatches: &[Mismatch], without_record: &[PathBuf]) -> String {
    let first = match (mismatches.first(), without_record.first()) {
        (Some(Mismatch { path, fault: Fault::Missing }), _) => format!("{} is missing", path.display()),
        (Some(mismatch), _) => format!("{} is not as it was installed", mismatch.path.display()),
        (None, Some(path)) => format!("{} has no recorded digest", path.display()),
        (None, None) => String::new(),
    };
    match mismatches.len() + without_record.len() {
        0 | 1 => first,
        files => format!("{first}, nor are {} more files to be trusted", files - 1),
    }
}

/// A rebuilt archive, and what is not the vendor's in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Where it is.
    pub path: PathBuf,
    /// Which package.
    pub key: PackageKey,
    /// Which version.
    pub version: Version,
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub sha256: Sha256,
    /// Configuration files carried as the administrator edited them: the vendor's text is unknown.
    pub edited_conffiles: Vec<PathBuf>,
    /// Paths of the package that are not on disk and so not in the archive.
    pub absent: Vec<PathBuf>,
}

/// Makes the archive of an installed package in `folder`, under the name that apt would give it.
///
/// After `Ok` it survives a power cut; after an error nothing is left of it.
///
/// # Errors
/// The package is not fully installed, its files differ from the record, or reading or writing fails.
pub fn rebuild(
    root: &Path,
    key: &PackageKey,
    rules: &DpkgRules,
    folder: &Path,
) -> Result<Rebuilt, RebuildError> {
    let record = read_finished(root, key)?;
    refuse_altered(root, &record, rules)?;
    let version = Version::deb(record.status.get("Version").unwrap_or_default())
        .map_err(|source| RebuildError::Version { package: key.clone(), source })?;
    let conffiles = sort_conffiles(root, &record, rules)?;
    let path = folder.join(file_name(key, &version));
    let temporary = folder.join(format!(".{}.{}.tmp", key.name, key.architecture));
    storage::remove_file(&temporary)?;
    let request = Request { root, rules, record: &record, conffiles: &conffiles };
    let written = request.write(&temporary).and_then(|absent| {
        storage::rename(&temporary, &path)?;
        Ok(absent)
    });
    let absent = match written {
        Ok(absent) => absent,
        Err(error) => {
            storage::remove_file(&temporary)?;
            return Err(error);
        }
    };
    let size = storage::metadata(&path)?.map_or(0, |metadata| metadata.len());
    let sha256 = storage::digest(&path)?;
    let edited_conffiles = conffiles.edited;
    Ok(Rebuilt { path, key: key.clone(), version, size, sha256, edited_conffiles, absent })
}

/// What an archive is made from.
struct Request<'a> {
    root: &'a Path,
    rules: &'a DpkgRules,
    record: &'a Record,
    conffiles: &'a Conffiles,
}

impl Request<'_> {
    /// Writes the whole archive and returns the paths that are not on disk.
    fn write(&self, to: &Path) -> Result<Vec<PathBuf>, RebuildError> {
        let mut writer = ArchiveWriter::create(to)?;
        writer.member("debian-binary", b"2.0\n")?;
        writer.member("control.tar.gz", &control::tarball(self.record, &self.conffiles.present, to)?)?;
        let mut absent = Vec::new();
        writer.streamed("data.tar.gz", &mut |builder| {
            absent = files::append_all(self, builder)?;
            Ok(())
        })?;
        writer.finish()?;
        Ok(absent)
    }
}

/// Tells, without writing anything, whether the archive of an installed package can be rebuilt.
///
/// # Errors
/// As [`rebuild`].
pub fn check(root: &Path, key: &PackageKey, rules: &DpkgRules) -> Result<(), RebuildError> {
    refuse_altered(root, &read_finished(root, key)?, rules)
}

fn read_finished(root: &Path, key: &PackageKey) -> Result<Record, RebuildError> {
    let record = Record::read(root, key).map_err(VerifyError::from)?;
    match record.state() {
        "installed" | "triggers-awaited" | "triggers-pending" => Ok(record),
        state => Err(RebuildError::Unfinished { package: key.clone(), state: state.to_owned() }),
    }
}

fn refuse_altered(root: &Path, record: &Record, rules: &DpkgRules) -> Result<(), RebuildError> {
    let verification = verify_against_md5sums(root, record, rules)?;
    if verification.is_intact() {
        return Ok(());
    }
    Err(RebuildError::Altered {
        package: record.key.clone(),
        mismatches: verification.mismatches,
        without_record: verification.without_record,
    })
}

/// The configuration files of a package that are on disk, and those of them that were edited.
#[derive(Default)]
struct Conffiles {
    present: Vec<PathBuf>,
    edited: Vec<PathBuf>,
}

fn sort_conffiles(root: &Path, record: &Record, rules: &DpkgRules) -> Result<Conffiles, RebuildError> {
    let mut places = Places::new(root);
    let mut sorted = Conffiles::default();
    for RecordedConffile { path, md5, obsolete } in record.conffiles() {
        let place = places.find(rules.place_of(&path, record.key.name.as_str()))?;
        let Some(found) = storage::metadata(&place)?.filter(|_| !obsolete) else { continue };
        if !found.is_file() || md5 != Some(digest_of_file(&place)?) {
            sorted.edited.push(path.clone());
        }
        sorted.present.push(path);
    }
    Ok(sorted)
}

impl From<RecordError> for RebuildError {
    fn from(error: RecordError) -> Self {
        Self::Verify(error.into())
    }
}
