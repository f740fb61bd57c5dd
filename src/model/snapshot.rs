//! What protects a run: what the way back covers, and what it does not.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::run::RunId;

/// How the way back works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackKind {
    /// The old packages are installed again and changed configuration is put back, on the running system.
    PackagesOnly,
    /// A file system snapshot that is restored on the running system.
    Live,
    /// A file system snapshot that the next boot starts from.
    NextBoot,
}

/// What a run is protected by, as the plan foresees it and the run keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Protection {
    /// The provider, such as `packages`.
    pub provider: String,
    /// How the way back works.
    pub rollback: RollbackKind,
    /// What it brings back.
    pub covers: Vec<String>,
    /// What it does not.
    pub does_not_cover: Vec<String>,
}

/// A file system snapshot of a run: written down before it is taken, and completed afterwards. Only a snapshot that is
/// written down so is ever touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRef {
    /// The provider, such as `btrfs`.
    pub provider: String,
    /// The run that it belongs to.
    pub run: RunId,
    /// When it was decided on.
    pub created: DateTime<Utc>,
    /// Its name, as the provider spells it.
    pub name: String,
    /// The identity of what it is a snapshot of.
    pub origin: String,
    /// Its own identity; absent when patchctl was cut off while it was taken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
}
