//! What has to be remembered before the first change: configuration, marks, and what was damaged already.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Tools;
use super::configuration::manifest::{Manifest, ManifestError, Scope};
use super::configuration::save;
use super::stage::StagedPlan;
use crate::config::layout::{Layout, RunFolder};
use crate::host::storage::{self, StorageError};
use crate::model::package::PackageKey;
use crate::model::plan::{ActionKind, PatchPlan};
use crate::package_manager::archives::ArchiveFault;
use crate::package_manager::records::HostRecords;
use crate::package_manager::{PackageManager, PackageManagerError};

/// What kept a run from being protected. The host is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum ProtectError {
    /// Something cannot be read or stored.
    #[error("cannot save the state before the run")]
    Store(#[source] StorageError),
    /// The list of the configuration that the run left cannot be read.
    #[error("cannot read the configuration that the run left")]
    After(#[source] ManifestError),
    /// The installed files cannot be compared with their archives.
    #[error("cannot tell which installed files are damaged already")]
    Baseline(#[source] ArchiveFault),
    /// The package database cannot be asked for its complaints.
    #[error("cannot tell what the package database complains of already")]
    Audit(#[source] PackageManagerError),
    /// What was saved cannot be read again.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// What was true before the run, beside archives and configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Packages that the package manager had installed by itself.
    pub auto_marked: BTreeSet<PackageKey>,
    /// Files that did not hold what their package brought, before anything was changed.
    pub damaged: BTreeSet<PathBuf>,
    /// What the package database complained of already, one a line.
    #[serde(default)]
    pub complaints: BTreeSet<String>,
    /// Packages that the plan adds and whose configuration was left over from an earlier time.
    pub leftover_configuration: BTreeSet<PackageKey>,
}

impl Remembered {
    /// Returns the complaints of the package database that are not from before the run: what failed before a run
    /// cannot fail it.
    ///
    /// # Errors
    /// The package manager cannot be asked.
    pub fn new_complaints(&self, manager: &dyn PackageManager) -> Result<Vec<String>, PackageManagerError> {
        let complaints = manager.audit()?;
        Ok(complaints.into_iter().filter(|complaint| !self.complaints.contains(complaint)).collect())
    }
}

/// A staged plan with everything saved that the way back needs. Only [`protect`] makes one.
#[derive(Debug)]
pub struct ProtectedPlan {
    staged: StagedPlan,
    remembered: Remembered,
}

impl ProtectedPlan {
    /// The staged plan.
    pub fn staged(&self) -> &StagedPlan {
        &self.staged
    }

    /// What was true before the run.
    pub fn remembered(&self) -> &Remembered {
        &self.remembered
    }
}

/// Saves configuration, marks and the files that are damaged already.
///
/// # Errors
/// Something cannot be read or stored; the run must not go on.
pub fn protect(tools: &Tools<'_>, staged: StagedPlan) -> Result<ProtectedPlan, ProtectError> {
    let root = tools.layout.root();
    let before = staged.folder().before();
    storage::create_folder(&before, 0o700).map_err(ProtectError::Store)?;
    save::save(&Scope::etc(root), &before).map_err(ProtectError::Store)?;
    let archives: Vec<PathBuf> = staged.old().values().cloned().collect();
    let (records, format) = (tools.manager.records(), tools.manager.archives());
    let remembered = Remembered {
        auto_marked: records.automatic().map_err(ProtectError::Audit)?,
        damaged: format.compare(&archives).map_err(ProtectError::Baseline)?.damaged,
        complaints: tools.manager.audit().map_err(ProtectError::Audit)?.into_iter().collect(),
        leftover_configuration: leftovers(records, staged.plan()),
    };
    write(&remembered_file(staged.folder()), &remembered)?;
    storage::sync_folder(&before).map_err(ProtectError::Store)?;
    Ok(ProtectedPlan { staged, remembered })
}

fn leftovers(records: &dyn HostRecords, plan: &PatchPlan) -> BTreeSet<PackageKey> {
    let added = plan
        .actions()
        .filter(|action| action.kind == ActionKind::Install)
        .map(crate::model::plan::Action::key);
    added.filter(|key| records.has_leftovers(key)).collect()
}

fn remembered_file(folder: &RunFolder) -> PathBuf {
    folder.before().join("remembered.json")
}

/// Reads what an earlier run remembered.
///
/// # Errors
/// The file is missing or cannot be understood.
pub fn remembered(folder: &RunFolder) -> Result<Remembered, ProtectError> {
    read(&remembered_file(folder))
}

fn after_file(folder: &RunFolder) -> PathBuf {
    folder.before().join("configuration-after")
}

/// Lists the configuration as a run leaves it, so that a later way back can tell its changes from edits.
///
/// # Errors
/// The configuration cannot be read, or the list not stored.
pub fn remember_after(layout: &Layout, folder: &RunFolder) -> Result<(), ProtectError> {
    let manifest = Manifest::capture(&Scope::etc(layout.root())).map_err(ProtectError::Store)?;
    storage::replace(&after_file(folder), &manifest.to_lines(), storage::PRIVATE).map_err(ProtectError::Store)
}

/// Reads the configuration as a run left it; `None` when the run ended before it could be listed.
///
/// # Errors
/// The list cannot be read, or was cut or changed.
pub fn after(folder: &RunFolder) -> Result<Option<Manifest>, ProtectError> {
    let path = after_file(folder);
    let bytes = storage::read_if_present(&path).map_err(ProtectError::Store)?;
    bytes.map(|bytes| Manifest::parse(&bytes, &path).map_err(ProtectError::After)).transpose()
}

fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), ProtectError> {
    let json = serde_json::to_vec(value);
    let json =
        json.map_err(|error| ProtectError::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    storage::replace(path, &json, storage::PRIVATE).map_err(ProtectError::Store)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ProtectError> {
    let bytes = storage::read(path).map_err(ProtectError::Store)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ProtectError::Unreadable { path: path.to_owned(), reason: error.to_string() })
}
