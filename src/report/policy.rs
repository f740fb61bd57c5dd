//! What policy had to say about a scan, a plan or a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part of a report that tells about policy; absent where there is nothing to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyReport {
    /// The ring of the host, where there are rings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ring: Option<String>,
    /// Rules that the operator set aside for this run.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub overrides: Vec<OverrideReport>,
    /// Rules that need somebody's attention: waivers that end, blocks that are over or name nothing installed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remarks: Vec<String>,
}

/// A rule that the operator set aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OverrideReport {
    /// `window`, `freeze` or `approval`.
    pub rule: String,
    /// Why, in the operator's words.
    pub reason: String,
}

impl PolicyReport {
    /// Tells whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
