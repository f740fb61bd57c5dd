//! The part of a report that tells what still runs replaced code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::package::PackageName;

/// What has to be restarted before the patches take effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestartReport {
    /// Services whose processes use replaced files.
    pub services: Vec<OldCode>,
    /// Processes that no service of the system owns and that use replaced files.
    pub processes: Vec<OldCode>,
    /// Processes of containers and sandboxes that use replaced files of their own: listed, never counted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub elsewhere: Vec<OldCode>,
    /// What the run restarted, or started again.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub restarted: Vec<Restarted>,
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
    /// Why it was not restarted, where that was decided.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub left_because: Option<String>,
}

/// A unit that a run restarted, or started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restarted {
    /// The unit.
    pub name: String,
    /// Why.
    pub because: RestartedBecause,
    /// It runs afterwards.
    pub runs: bool,
    /// What kept it from being restarted, or what is wrong since.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
}

impl Restarted {
    /// Tells whether it runs and nothing is wrong with it.
    pub fn is_well(&self) -> bool {
        self.runs && self.problem.is_none()
    }
}

/// Why a unit was restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestartedBecause {
    /// Its processes ran replaced code.
    OldCode,
    /// It ran before the run, and the run stopped it.
    StoppedByTheRun,
}
