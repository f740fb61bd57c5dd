//! Kernels: the one that runs, the one that boots next, and the ones left over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kernel releases (`uname -r` form) of a root.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kernels {
    /// What runs now; absent for a root that is not the running system, and where the running kernel is none of
    /// the root's own (a container).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub running: Option<String>,
    /// The newest installed one, which the boot loader takes by default.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_boot: Option<String>,
    /// Installed and neither running nor next.
    pub leftover: Vec<String>,
}

impl Kernels {
    /// Tells whether a newer kernel waits for a reboot.
    pub fn reboot_pending(&self) -> bool {
        matches!((&self.running, &self.next_boot), (Some(running), Some(next)) if running != next)
    }
}
