//! Do it, prove it, or take it back.

pub mod archive_digests;
pub mod back;
pub mod boot_recovery;
pub mod configuration;
pub mod dead_man;
pub mod direction;
pub mod engine;
pub mod extent;
pub mod fetch;
pub mod forward;
pub mod health;
pub mod hooks;
pub mod journal;
pub mod kernels;
pub mod modules;
pub mod old_archives;
pub mod precheck;
pub mod protect;
pub mod reboot;
pub mod rehearsal;
mod remains;
pub mod restart;
pub mod snapshot;
pub mod space;
pub mod stage;
mod stored_archives;
pub mod systemd;
pub mod time_left;

use std::time::Duration;

use crate::config::layout::Layout;
use crate::config::settings::HealthSettings;
use crate::host::clock::Clock;
use crate::host::signals::Signals;
use crate::model::decision::{ConffilePolicy, RestartPolicy};
use crate::model::package::PackageName;
use crate::observe::Observer;
use crate::package_manager::PackageManager;

/// What every stage of a run works with.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// The host's package manager.
    pub manager: &'a dyn PackageManager,
    /// Every path.
    pub layout: &'a Layout,
    /// What time it is.
    pub clock: Clock,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// What asked to stop.
    pub signals: &'a Signals,
    /// What the administrator wants.
    pub rules: &'a ApplyRules,
}

/// The settings that a run obeys.
#[derive(Clone, Debug)]
pub struct ApplyRules {
    /// After this long a step is asked to end.
    pub batch_timeout: Duration,
    /// What happens to edited configuration files.
    pub conffiles: ConffilePolicy,
    /// Archives rebuilt from installed files count as a way back.
    pub accept_reconstructed: bool,
    /// Packages that may be changed although no way back was proved.
    pub accept_no_rollback: Vec<PackageName>,
    /// What happens to services on replaced code.
    pub restart: RestartPolicy,
    /// Units that are never restarted.
    pub restart_deny: Vec<String>,
    /// How the host is watched afterwards.
    pub health: HealthSettings,
}

impl RunError {
    /// Tells whether an error comes from a run that failed and cannot all be taken back.
    pub fn is_no_way_back(error: &(dyn std::error::Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if matches!(error.downcast_ref::<Self>(), Some(Self::NoWayBack { .. })) {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// What ends a run where it stands; it stays open for `recover`.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal cannot be written: nothing may go on.
    #[error("the journal of the run cannot be used")]
    Journal(#[from] journal::JournalError),
    /// The package database cannot be read.
    #[error("the package database cannot be read")]
    Inventory(#[from] crate::scan::inventory::InventoryError),
    /// The lists of files cannot be read.
    #[error("whose the files are that stayed cannot be told")]
    Owners(#[from] crate::scan::inventory::dpkg_files::DpkgFilesError),
    /// The package manager cannot be asked.
    #[error("the package manager cannot be used")]
    PackageManager(#[from] crate::package_manager::PackageManagerError),
    /// What was saved before the run cannot be used.
    #[error("what was saved before the run cannot be used")]
    Protect(#[from] protect::ProtectError),
    /// The saved configuration cannot be read.
    #[error("the saved configuration cannot be read")]
    Saved(#[source] configuration::save::SavedError),
    /// A run has no saved configuration.
    #[error("{folder} holds no saved configuration")]
    NothingSaved {
        /// The folder.
        folder: std::path::PathBuf,
    },
    /// A file cannot be read or written.
    #[error("the state of the run cannot be stored")]
    Storage(#[source] crate::host::storage::StorageError),
    /// A step failed, and what it changed cannot all be taken back.
    #[error("{reason}; there is no way back for all of it")]
    NoWayBack {
        /// Why the step failed.
        reason: String,
    },
    /// Files cannot be verified.
    #[error("the files of the plan cannot be verified")]
    Proof(#[from] crate::package_manager::archives::ArchiveFault),
}
