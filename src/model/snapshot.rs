//! What protects a run: what the way back covers, and what it does not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
