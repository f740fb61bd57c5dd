//! The part of a report that tells what still runs replaced code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::package::PackageName;

/// What has to be restarted before the patches take effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestartReport {
    /// Services whose processes use replaced files.
    pub services: Vec<OldCode>,
    /// Processes that no service owns and that use replaced files.
    pub processes: Vec<OldCode>,
    /// Why the host has to be rebooted, when it has to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reboot: Option<String>,
}

impl RestartReport {
    /// Returns how many services and processes run old code.
    pub fn count(&self) -> usize {
        self.services.len() + self.processes.len()
    }
}

/// A service or process that still runs replaced code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OldCode {
    /// The unit, or the command where no unit owns the process.
    pub name: String,
    /// Its processes.
    pub processes: Vec<u32>,
    /// The packages whose replaced files it uses.
    pub packages: Vec<PackageName>,
    /// The vulnerabilities that stay open until it is restarted.
    pub keeps_open: Vec<String>,
}
