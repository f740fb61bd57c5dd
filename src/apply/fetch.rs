//! Every archive of a plan in the download folder, each with the digest that the signed index states.
//!
//! The package manager downloads, with its own credentials, mirrors and sandbox; patchctl believes only the digest.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Tools;
use crate::host::copies;
use crate::host::names;
use crate::host::storage::{self, StorageError};
use crate::model::package::PackageKey;
use crate::model::plan::{ArchiveDigest, Artifact, PatchPlan};
use crate::model::version::Version;
use crate::observe::{Event, Unit};
use crate::package_manager::archives::ArchiveFormat;
use crate::package_manager::{FetchRequest, PackageManagerError, Target};

/// A plan of a hundred packages over a slow line; more than this is no download.
const TIME_LIMIT: Duration = Duration::from_secs(3600);

/// What kept the archives from being fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The download folder cannot be used.
    #[error("cannot prepare the download of the plan's archives")]
    Prepare(#[source] StorageError),
    /// The package manager cannot be asked.
    #[error("cannot download the plan's archives")]
    Download(#[source] PackageManagerError),
    /// An archive did not arrive.
    #[error("{package} {version} did not arrive: {words}")]
    Missing {
        /// The package.
        package: PackageKey,
        /// The version.
        version: Version,
        /// What the package manager said last.
        words: String,
    },
    /// An archive is not what the signed index says.
    #[error(
        "{package} {version} is not the archive of the signed index: it has the digest {}, not {}", digests.0, digests.1
    )]
    Digest {
        /// The package.
        package: PackageKey,
        /// The version.
        version: Version,
        /// The digest of what arrived, and that in the index.
        digests: Box<(ArchiveDigest, ArchiveDigest)>,
    },
}

/// An archive that has to be there.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which version of which package.
    pub target: Target,
    /// Its size and digest.
    pub artifact: Artifact,
}

impl Wanted {
    /// Returns its file name in every folder.
    pub fn file_name(&self, format: &dyn ArchiveFormat) -> String {
        format.file_name(&self.target.package, &self.target.version)
    }
}

/// Lists the archives that a plan installs.
pub fn new_archives(plan: &PatchPlan) -> Vec<Wanted> {
    let wanted = plan.actions().filter_map(|action| {
        let target = Target { package: action.key(), version: action.to.clone()? };
        Some(Wanted { target, artifact: action.artifact.clone()? })
    });
    wanted.collect()
}

/// Downloads what is not in the folder yet, and checks every digest.
///
/// # Errors
/// An archive did not arrive, or is not the one of the signed index.
pub fn fetch(tools: &Tools<'_>, wanted: &[Wanted]) -> Result<PathBuf, FetchError> {
    let folder = prepare(tools)?;
    let format = tools.manager.archives();
    for archive in wanted {
        take_kept(format, &folder, archive);
    }
    let is_here = |archive: &&Wanted| {
        let found = format.digest(&folder.join(archive.file_name(format)));
        found.is_ok_and(|found| found == archive.artifact.digest)
    };
    let missing: Vec<&Wanted> = wanted.iter().filter(|archive| !is_here(archive)).collect();
    let words = if missing.is_empty() { String::new() } else { download(tools, &folder, &missing)? };
    for archive in wanted {
        check(format, (&folder.join(archive.file_name(format)), archive), &words)?;
    }
    Ok(folder)
}

/// The folder belongs to apt's own download user, so that apt can keep its sandbox.
fn prepare(tools: &Tools<'_>) -> Result<PathBuf, FetchError> {
    let folder = tools.layout.downloads();
    storage::create_folder(&folder, 0o755).map_err(FetchError::Prepare)?;
    if let Some(user) = names::user("_apt") {
        storage::set_owner_and_mode(&folder, user, 0, 0o755).map_err(FetchError::Prepare)?;
    }
    Ok(folder)
}

/// Takes an archive that the package manager has in its cache already; its digest is checked like any other.
fn take_kept(format: &dyn ArchiveFormat, folder: &Path, archive: &Wanted) {
    let name = archive.file_name(format);
    let target = folder.join(&name);
    let kept = format.kept(&name).into_iter().find(|path| storage::exists(path));
    if let Some(kept) = kept.filter(|_| !storage::exists(&target)) {
        // An archive that cannot be copied is downloaded.
        let _ = copies::unsynced(&kept, &target, storage::PUBLIC);
    }
}

fn download(tools: &Tools<'_>, folder: &Path, missing: &[&Wanted]) -> Result<String, FetchError> {
    for archive in missing {
        // What is there under this name is not the archive of the index: a cut download, or an old one.
        let name = archive.file_name(tools.manager.archives());
        storage::remove_file(&folder.join(name)).map_err(FetchError::Prepare)?;
    }
    let targets: Vec<Target> = missing.iter().map(|archive| archive.target.clone()).collect();
    let total: u64 = missing.iter().map(|archive| archive.artifact.size).sum();
    let mut done = 0;
    let mut hear = |name: &str| {
        tools.observer.event(&Event::Progress { done, total, unit: Unit::Bytes, item: name.to_owned() });
        let size = missing.iter().find(|archive| archive.target.package.name.as_str() == name);
        done += size.map_or(0, |archive| archive.artifact.size);
    };
    let request = FetchRequest { targets: &targets, folder, time_limit: TIME_LIMIT };
    let output = tools.manager.fetch(&request, &mut hear).map_err(FetchError::Download)?;
    Ok(output.last_words(2).join("; "))
}

fn check(
    format: &dyn ArchiveFormat,
    (path, archive): (&Path, &Wanted),
    words: &str,
) -> Result<(), FetchError> {
    let Target { package, version } = archive.target.clone();
    match format.digest(path) {
        Ok(found) if found == archive.artifact.digest => Ok(()),
        Ok(found) => {
            storage::remove_file(path).map_err(FetchError::Prepare)?;
            let digests = Box::new((found, archive.artifact.digest));
            Err(FetchError::Digest { package, version, digests })
        }
        Err(error) if error.is_not_found() => {
            Err(FetchError::Missing { package, version, words: words.to_owned() })
        }
        Err(error) => Err(FetchError::Prepare(error)),
    }
}
