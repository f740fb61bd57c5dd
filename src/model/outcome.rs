//! How a command ended, in one word.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The report's `outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A scan found nothing open.
    Clean,
    /// A scan found something.
    Findings,
    /// A plan was made.
    Planned,
    /// A plan was carried out and proven in a clone of the host.
    Rehearsed,
    /// Every planned change was made and proven.
    Patched,
    /// There was nothing to do.
    NothingToDo,
    /// Patched; a reboot makes it effective.
    RebootPending,
    /// The host is as it was before the run.
    RolledBack,
    /// An interrupted run was brought to its end.
    Recovered,
    /// Stopped by a signal at a clean boundary.
    Interrupted,
    /// Refused by policy, drift or preflight; nothing changed.
    Refused,
    /// A feed is missing, stale or refused; nothing changed.
    Incomplete,
    /// Neither forward nor back converged: a person is needed.
    Stuck,
    /// Failed; nothing changed.
    Failed,
}
