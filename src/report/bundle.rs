//! The document of `bundle`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Identity;

/// Name of [`BundleDocument`].
pub const BUNDLE_SCHEMA: &str = "patchctl.bundle-content/1";

/// What a bundle holds: everything that patches a host without a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BundleDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// What was done with it.
    pub action: BundleAction,
    /// The file.
    pub file: String,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// Fingerprint of the key that signed it; absent where no key is configured to prove it by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
    /// The feeds.
    pub feeds: Vec<String>,
    /// The archives of packages, by their file names.
    pub archives: Vec<String>,
    /// How many files by which a package manager knows what its repositories offer.
    pub lists: u64,
    /// It has a sealed plan.
    pub has_plan: bool,
    /// The file of the central policy.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<String>,
}

/// What `patchctl bundle` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BundleAction {
    /// Wrote it.
    Create,
    /// Proved that every member is what the manifest says.
    Verify,
}
