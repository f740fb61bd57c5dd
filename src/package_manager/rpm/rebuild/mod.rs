//! Makes an archive from installed files, for a build whose archive is nowhere to be had.
//!
//! rpm keeps the header of what it installed byte for byte, with the vendor's signature of it, and in it the digest of every
//! file. So the payload alone is written anew, and only from files that have these digests: what rpm installs from it is on
//! its records the vendor's build again. The payload is packed differently than the vendor's was, so its own digest does not
//! fit: rpm is told to overlook that of archives that are labelled as rebuilt ([`is_rebuilt`]), and holds each file that it
//! unpacks against the header all the same (rpm, `lib/fsm.c`). What no digest speaks about is rpm's to set: modes and owners.

mod container;
mod payload;
mod record;

use std::path::{Path, PathBuf};

use self::container::Packing;
pub(super) use self::container::is_rebuilt;
use self::payload::File;
use self::record::Record;
use super::builds;
use crate::host::runner::RunError;
use crate::host::storage::{self, StorageError};
use crate::model::package::PackageKey;
use crate::model::rpm_header::{Header, Tag};
use crate::package_manager::Target;

/// Why an archive was not rebuilt.
#[derive(Debug, thiserror::Error)]
pub(super) enum RebuildError {
    /// rpm cannot be started.
    #[error("cannot ask rpm about what is installed")]
    Ask {
        /// Why.
        #[source]
        source: RunError,
    },
    /// It is not installed, or rpm recorded no header with a digest (rpm before 4.14 wrote none).
    #[error("its archive is nowhere, and rpm has no record of {build} to rebuild one by")]
    Absent {
        /// The build, or the package.
        build: String,
    },
    /// What rpm recorded cannot be read.
    #[error("its archive is nowhere, and rpm's record of it is damaged: {reason}")]
    Record {
        /// What is wrong.
        reason: &'static str,
    },
    /// An installed file is not the vendor's.
    #[error("its archive is nowhere, and cannot be rebuilt: {path} {fault}")]
    Altered {
        /// The file.
        path: PathBuf,
        /// What is the matter with it.
        fault: &'static str,
    },
    /// It is of a kind that is not rebuilt.
    #[error("its archive is nowhere, and is not rebuilt: {reason}")]
    Unsupported {
        /// Which.
        reason: &'static str,
    },
    /// A file cannot be read, or the archive not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl RebuildError {
    /// Tells whether the caller may not read what it takes.
    fn is_permission_denied(&self) -> bool {
        matches!(self, Self::Storage(error) if error.is_permission_denied())
    }
}

/// Returns why no archive can be rebuilt of each package, in their order; `None` where one can, or where only root can tell.
pub(super) fn obstacles(root: &Path, packages: &[PackageKey]) -> Vec<Option<String>> {
    let names: Vec<String> =
        packages.iter().map(|key| format!("{}.{}", key.name, key.architecture)).collect();
    let records = match record::read(root, &names) {
        Ok(records) => records,
        Err(error) => return vec![Some(error.to_string()); packages.len()],
    };
    let obstacle = |name: String| match records.get(&name) {
        None => Some(RebuildError::Absent { build: name }),
        Some(record) => Source::of(record).and_then(|source| source.verify(root)).err(),
    };
    let obstacles = names.into_iter().map(obstacle);
    obstacles
        .map(|error| error.filter(|error| !error.is_permission_denied()).map(|e| e.to_string()))
        .collect()
}

/// Rebuilds the archive of an installed build as `path`.
///
/// After `Ok` it survives a power cut; after an error nothing is left of it.
///
/// # Errors
/// It is not installed, a file is not the vendor's, or reading or writing fails.
pub(super) fn rebuild(root: &Path, build: &Target, path: &Path) -> Result<(), RebuildError> {
    let name = builds::nevra(build);
    let records = record::read(root, std::slice::from_ref(&name))?;
    let record = records.into_values().next().ok_or(RebuildError::Absent { build: name })?;
    let source = Source::of(&record)?;
    source.verify(root)?;
    let draft = path.with_extension("draft");
    storage::remove_file(&draft)?;
    let mut fill = |to: &mut dyn std::io::Write| payload::write(root, &source.files, to);
    let written = container::write(&draft, (&record, source.packing), &mut fill);
    match written.and_then(|()| Ok(storage::rename(&draft, path)?)) {
        Ok(()) => Ok(()),
        Err(error) => {
            storage::remove_file(&draft)?;
            Err(error)
        }
    }
}

/// What an archive is made from.
struct Source {
    files: Vec<File>,
    packing: Packing,
}

impl Source {
    fn of(record: &Record) -> Result<Self, RebuildError> {
        let damaged = |reason| RebuildError::Record { reason };
        if !record.is_whole() {
            return Err(damaged("the digest of its header does not fit"));
        }
        let header = Header::of(&record.header).map_err(damaged)?;
        let word =
            |tag| header.texts(tag).map(|texts| texts.first().copied().unwrap_or_default()).map_err(damaged);
        if ![&b""[..], b"cpio"].contains(&word(Tag::PayloadFormat)?) {
            return Err(RebuildError::Unsupported { reason: "its payload is no archive of cpio" });
        }
        let packing = Packing::named(word(Tag::PayloadCompressor)?).ok_or(RebuildError::Unsupported {
            reason: "its payload is packed in a way that is not written here",
        })?;
        Ok(Self { files: payload::files(&header)?, packing })
    }

    fn verify(&self, root: &Path) -> Result<(), RebuildError> {
        payload::verify(root, &self.files)
    }
}
