//! Every archive of a run in the run's own folder: the new ones verified against the signed index, the old ones
//! against what is installed. After this the run needs no network, forward or back.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::fetch::{self, FetchError, Wanted};
use super::old_archives::{Places, Source};
use super::stored_archives::old_archive;
use super::{Tools, archive_digests};
use crate::config::layout::RunFolder;
use crate::host::copies;
use crate::host::storage::{self, StorageError};
use crate::host::whole_file;
use crate::model::offer::RepositoryView;
use crate::model::package::PackageKey;
use crate::model::plan::{Action, ArchiveDigest, PatchPlan};
use crate::model::version::Version;
use crate::package_manager::Target;
use crate::package_manager::archives::{ArchiveFault, ArchiveFormat};

/// What kept a plan from being staged. The host is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A new archive cannot be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The run's folder cannot be written.
    #[error("cannot store the archives of the run")]
    Store(#[source] StorageError),
    /// An archive changed between its verification and its storing.
    #[error("{path} changed while it was stored")]
    Changed {
        /// The archive.
        path: PathBuf,
    },
    /// A new archive bears no signature that the host trusts.
    #[error("an archive of the plan is not signed by a key that this host trusts")]
    Unsigned(#[source] ArchiveFault),
    /// What was stored for a run is not what it was.
    #[error("the archives that were stored for the run cannot be used: {reason}")]
    Stored {
        /// What is wrong with them.
        reason: String,
    },
    /// The installed version of some packages cannot be had again.
    #[error("no way back for {}", packages.iter().map(|(key, why)| format!("{key} ({why})")).collect::<Vec<_>>().join(", "))]
    NoWayBack {
        /// Each package, with the reason.
        packages: Vec<(PackageKey, String)>,
    },
}

/// A plan whose every archive, old and new, is stored and verified. Only [`stage`] and [`stored`] make one.
#[derive(Debug)]
pub struct StagedPlan {
    plan: PatchPlan,
    folder: RunFolder,
    old: Secured,
}

impl StagedPlan {
    /// The plan.
    pub fn plan(&self) -> &PatchPlan {
        &self.plan
    }

    /// The run's folder.
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// The stored archives of the installed versions.
    pub fn old(&self) -> &BTreeMap<PackageKey, PathBuf> {
        &self.old
    }
}

/// Stores every archive of a plan in a run's folder.
///
/// # Errors
/// A new archive cannot be had or is not the one of the index; an installed version has no way back that was not
/// waived by name.
pub fn stage(
    tools: &Tools<'_>,
    view: &RepositoryView,
    plan: PatchPlan,
    folder: RunFolder,
) -> Result<StagedPlan, StageError> {
    let (wanted, format) = (fetch::new_archives(&plan), tools.manager.archives());
    let downloads = fetch::fetch(tools, &wanted)?;
    for place in [folder.new_archives(), folder.old_archives()] {
        storage::create_folder(&place, 0o700).map_err(StageError::Store)?;
    }
    let place = folder.new_archives();
    let stored = |archive: &Wanted| {
        store(&downloads.join(archive.file_name(format)), &place, (format, archive.artifact.digest))
    };
    let new = wanted.iter().map(stored).collect::<Result<Vec<PathBuf>, StageError>>()?;
    format.check_signatures(&new).map_err(StageError::Unsigned)?;
    let old = secure_old(tools, view, &plan, &folder)?;
    archive_digests::write(&folder, old.values()).map_err(StageError::Store)?;
    // All at once: a disk takes as long for one file.
    whole_file::sync_file_system(&place).map_err(StageError::Store)?;
    Ok(StagedPlan { plan, folder, old })
}

/// Takes up a plan whose archives [`stage`] stored in a folder before, and proves each of them again.
///
/// # Errors
/// One is missing, or not what it was.
pub fn stored(
    format: &dyn ArchiveFormat,
    plan: PatchPlan,
    folder: RunFolder,
) -> Result<StagedPlan, StageError> {
    for archive in fetch::new_archives(&plan) {
        let path = folder.new_archives().join(archive.file_name(format));
        if format.digest(&path).map_err(StageError::Store)? != archive.artifact.digest {
            return Err(StageError::Changed { path });
        }
    }
    let secured = |action: &Action| Some((action.key(), old_archive(format, &folder, action)?));
    let old: Secured = plan.actions().filter_map(secured).collect();
    let paths: Vec<PathBuf> = old.values().cloned().collect();
    let complaints = archive_digests::complaints(&folder, &paths);
    if !complaints.is_empty() {
        return Err(StageError::Stored { reason: complaints.join("; ") });
    }
    Ok(StagedPlan { plan, folder, old })
}

/// Copies an archive into the run and checks what was written, not what was read before.
fn store(
    from: &Path,
    folder: &Path,
    (format, stated): (&dyn ArchiveFormat, ArchiveDigest),
) -> Result<PathBuf, StageError> {
    let to = folder.join(from.file_name().unwrap_or_default());
    let (_, written) = copies::unsynced(from, &to, storage::PRIVATE).map_err(StageError::Store)?;
    let is_stated = match stated {
        ArchiveDigest::Sha256(stated) => written == stated,
        stated => format.digest(&to).map_err(StageError::Store)? == stated,
    };
    if !is_stated {
        storage::remove_file(&to).map_err(StageError::Store)?;
        return Err(StageError::Changed { path: from.to_owned() });
    }
    Ok(to)
}

type Secured = BTreeMap<PackageKey, PathBuf>;

/// An installed version that a plan replaces, and where its archive may be.
struct Old<'a> {
    action: &'a Action,
    /// The package as it is installed: its architecture may change with its version.
    installed: PackageKey,
    version: &'a Version,
    places: Vec<Source>,
}

impl<'a> Old<'a> {
    fn of(tools: &Tools<'_>, view: &RepositoryView, action: &'a Action) -> Option<Self> {
        let version = action.from.as_ref()?;
        let key = action.key();
        let shelf = Places { layout: tools.layout, view, format: tools.manager.archives() };
        let places = |key: &PackageKey| shelf.sources(key, version);
        let found = places(&key);
        if !found.is_empty() {
            return Some(Self { action, installed: key, version, places: found });
        }
        let other = tools.manager.other_architecture(&key.architecture);
        let alternative = PackageKey { name: key.name.clone(), architecture: other };
        let found = places(&alternative);
        let installed = if found.is_empty() { key } else { alternative };
        Some(Self { action, installed, version, places: found })
    }

    /// The archives of its name that lie on this host.
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.places.iter().filter_map(|place| match place {
            Source::File(path) => Some(path),
            Source::Repository(_) | Source::InstalledFiles => None,
        })
    }

    /// Takes an archive that lies on this host, when it is the one that is installed.
    fn take_file(
        &self,
        format: &dyn ArchiveFormat,
        folder: &RunFolder,
    ) -> Result<Option<PathBuf>, StageError> {
        let name = format.file_name(&self.installed, self.version);
        for path in self.files() {
            // What a package manager keeps may have another name.
            let stored = folder.old_archives().join(&name);
            copies::unsynced(path, &stored, storage::PRIVATE).map_err(StageError::Store)?;
            if format.is_of_installed(&stored) {
                return Ok(Some(stored));
            }
            storage::remove_file(&stored).map_err(StageError::Store)?;
        }
        Ok(None)
    }

    fn offered(&self) -> Option<Wanted> {
        let artifact = self.places.iter().find_map(|place| match place {
            Source::Repository(artifact) => Some(artifact.clone()),
            Source::File(_) | Source::InstalledFiles => None,
        });
        let target = Target { package: self.installed.clone(), version: self.version.clone() };
        Some(Wanted { target, artifact: artifact? })
    }
}

fn secure_old(
    tools: &Tools<'_>,
    view: &RepositoryView,
    plan: &PatchPlan,
    folder: &RunFolder,
) -> Result<Secured, StageError> {
    let mut secured = Secured::new();
    let mut offered: HashMap<PackageKey, Wanted> = HashMap::new();
    let replaced: Vec<Old<'_>> = plan.actions().filter_map(|action| Old::of(tools, view, action)).collect();
    for old in &replaced {
        match old.take_file(tools.manager.archives(), folder)? {
            Some(path) => _ = secured.insert(old.action.key(), path),
            None => offered.extend(old.offered().map(|wanted| (old.action.key(), wanted))),
        }
    }
    secured.extend(fetch_offered(tools, offered, folder)?);
    let mut lost = Vec::new();
    for old in &replaced {
        if secured.contains_key(&old.action.key()) {
            continue;
        }
        match rebuild_installed(tools, &old.installed, old.version, folder) {
            Ok(path) => _ = secured.insert(old.action.key(), path),
            Err(_) if tools.rules.accept_no_rollback.contains(&old.action.package) => {}
            Err(reason) => lost.push((old.action.key(), reason)),
        }
    }
    if lost.is_empty() { Ok(secured) } else { Err(StageError::NoWayBack { packages: lost }) }
}

/// Finds the archives of installed versions that a plan replaces, where not every host could rebuild them: one that is like this
/// one and has no repository needs them for its way back. Each has its name here and its place; what cannot be had is left out.
pub fn irreplaceable(tools: &Tools<'_>, view: &RepositoryView, plan: &PatchPlan) -> Vec<(String, PathBuf)> {
    let format = tools.manager.archives();
    let replaced = plan.actions().filter_map(|action| Old::of(tools, view, action));
    let replaced: Vec<Old<'_>> =
        replaced.filter(|old| !format.rebuilds_edited() || !format.may_rebuild(&old.installed)).collect();
    let kept = |old: &Old<'_>| {
        let path = old.files().find(|path| format.is_of_installed(path))?;
        Some((format.file_name(&old.installed, old.version), path.clone()))
    };
    let mut found = Vec::new();
    let mut offered = Vec::new();
    for old in &replaced {
        match kept(old) {
            Some(archive) => found.push(archive),
            None => offered.extend(old.offered()),
        }
    }
    let are_all_here = offered.is_empty() || fetch::fetch(tools, &offered).is_ok();
    for wanted in offered {
        if are_all_here || fetch::fetch(tools, std::slice::from_ref(&wanted)).is_ok() {
            let name = wanted.file_name(format);
            found.push((name.clone(), tools.layout.downloads().join(name)));
        }
    }
    found
}

/// Downloads old versions that are still offered; one that cannot be had is left for the next source.
fn fetch_offered(
    tools: &Tools<'_>,
    offered: HashMap<PackageKey, Wanted>,
    folder: &RunFolder,
) -> Result<Secured, StageError> {
    let mut secured = Secured::new();
    let all: Vec<Wanted> = offered.values().cloned().collect();
    let are_all_here = all.is_empty() || fetch::fetch(tools, &all).is_ok();
    for (key, wanted) in offered {
        if are_all_here || fetch::fetch(tools, std::slice::from_ref(&wanted)).is_ok() {
            let path = tools.layout.downloads().join(wanted.file_name(tools.manager.archives()));
            let stated = (tools.manager.archives(), wanted.artifact.digest);
            let stored = store(&path, &folder.old_archives(), stated)?;
            secured.insert(key, stored);
        }
    }
    Ok(secured)
}

fn rebuild_installed(
    tools: &Tools<'_>,
    key: &PackageKey,
    from: &Version,
    folder: &RunFolder,
) -> Result<PathBuf, String> {
    if !tools.rules.accept_reconstructed {
        return Err("policy refuses rebuilt archives".to_owned());
    }
    tools.manager.archives().rebuild(key, from, &folder.old_archives())
}
