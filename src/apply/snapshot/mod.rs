//! File system snapshots around a run: which provider there is, what it covers, and what it does with a snapshot.
//!
//! A snapshot stands beside the package archives, never in their place: an automatic way back uses the archives, which
//! works on a running system. A snapshot is for what they cannot bring back, and a running root is exchanged for it at
//! the next boot only.

mod ask;
pub mod boot;
pub mod btrfs;
pub mod changes;
mod ground;
pub mod lvm;
mod packages;
pub mod record;
pub mod registry;
pub mod snapper;
pub mod zfs;

use std::path::{Path, PathBuf};

pub use ground::Ground;

use crate::host::runner::RunError;
use crate::host::storage::StorageError;
use crate::model::run::RunId;
use crate::model::snapshot::SnapshotRef;

/// One kind of file system snapshot.
pub trait SnapshotProvider: Sync {
    /// Returns its name, as settings and plans spell it.
    fn name(&self) -> &'static str;

    /// Finds out what it would cover. Changes nothing; what only root may ask is left out for other users.
    ///
    /// # Errors
    /// Why it cannot protect this root, for people.
    fn probe(&self, ground: &Ground) -> Result<Coverage, Unfit>;

    /// Returns what a snapshot of a run will be called, and what it will be of. Changes nothing, so that it can be
    /// written down first.
    ///
    /// # Errors
    /// The tools do not answer.
    fn name_for(&self, ground: &Ground, run: RunId) -> Result<Naming, SnapshotError>;

    /// Takes a snapshot that nothing can write to, and returns its identity. When this has returned, the snapshot
    /// survives a power cut.
    ///
    /// # Errors
    /// It was not taken.
    fn create(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<String, SnapshotError>;

    /// Proves that the snapshot is there and the one that was written down.
    ///
    /// # Errors
    /// It is gone, or another one bears its name.
    fn check(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError>;

    /// Removes the snapshot; one that is gone, or was never taken, is no matter.
    ///
    /// # Errors
    /// Another one bears its name, or the tools refuse.
    fn discard(&self, ground: &Ground, snapshot: &SnapshotRef) -> Result<(), SnapshotError>;

    /// Returns how the root is exchanged for a snapshot.
    fn restoring(&self) -> Restoring<'_>;
}

/// How a root is exchanged for a snapshot of it.
pub enum Restoring<'a> {
    /// patchctl does it.
    ByPatchctl(&'a dyn Restorer),
    /// A person does it, with these commands: what was not tried for real is not done to a root unasked.
    ByHand(fn(&SnapshotRef) -> Vec<String>),
}

/// Exchanges a root for a snapshot of it.
pub trait Restorer {
    /// Lets `look` see the files of a snapshot, below the path that it is given.
    ///
    /// # Errors
    /// The snapshot cannot be seen.
    fn look_into(
        &self,
        ground: &Ground,
        snapshot: &SnapshotRef,
        look: &mut dyn FnMut(&Path),
    ) -> Result<(), SnapshotError>;

    /// Makes a root from the snapshot, lets `furnish` finish it, and puts it in the place of the present one in one
    /// indivisible change: the next mount of the root sees it. Returns what was replaced, as people would name it.
    ///
    /// # Errors
    /// The present root is still in its place.
    fn restore(
        &self,
        ground: &Ground,
        snapshot: &SnapshotRef,
        furnish: &mut dyn FnMut(&Path) -> Result<(), SnapshotError>,
    ) -> Result<String, SnapshotError>;
}

/// What a snapshot is called, and the identity of what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Its name, as the provider spells it.
    pub name: String,
    /// The identity of what it will be a snapshot of.
    pub origin: String,
}

/// What a snapshot brings back, and what it does not, in words for a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// What it brings back.
    pub covers: Vec<String>,
    /// What it does not.
    pub does_not_cover: Vec<String>,
}

/// Why a provider cannot protect a root, as a half sentence for people: `btrfs-progs is not installed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

impl Unfit {
    /// A reason in plain words.
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// A snapshot that could not be taken, proved, removed or restored.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The root is no longer one that the provider can protect.
    #[error("{provider} cannot protect this root: {reason}")]
    Unfit {
        /// The provider.
        provider: &'static str,
        /// Why.
        reason: String,
    },
    /// A tool cannot be started.
    #[error("the tool of the file system cannot be run")]
    Run(#[source] RunError),
    /// A tool refuses.
    #[error("{command} failed: {}", words.join("; "))]
    Refused {
        /// What was run.
        command: String,
        /// Its last words.
        words: Vec<String>,
    },
    /// A tool says something that cannot be understood.
    #[error("the answer of {command} has no {field}")]
    Answer {
        /// What was run.
        command: String,
        /// What was looked for.
        field: &'static str,
    },
    /// The snapshot is gone.
    #[error("the snapshot {name} is gone")]
    Gone {
        /// Its name.
        name: String,
    },
    /// More was written since than the snapshot has room for.
    #[error("the snapshot {name} ran full, and what it held is lost")]
    Full {
        /// Its name.
        name: String,
    },
    /// Another snapshot bears the name.
    #[error("{name} is not the snapshot that the run took: it is {found}, the run took {expected}")]
    Foreign {
        /// The name.
        name: String,
        /// Its identity.
        found: String,
        /// The identity that was written down.
        expected: String,
    },
    /// A file system cannot be mounted, a path not read or written.
    #[error("a path of the snapshot cannot be used")]
    Storage(#[source] StorageError),
    /// What is written down of a snapshot cannot be read.
    #[error("{path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The restored root could not be furnished with the state of patchctl.
    #[error("the records of patchctl cannot be carried over")]
    Furnish(#[source] Box<dyn std::error::Error + Send + Sync>),
}
