//! The part of a report that tells whether the host is as well as before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::restart::Restarted;

/// What was watched after a run, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthReport {
    /// How the trial ended.
    pub verdict: HealthVerdict,
    /// How long it could have taken.
    pub deadline_seconds: u64,
    /// How often the host was looked at.
    pub looks: u32,
    /// Every probe and check as the last look found it.
    pub checks: Vec<HealthCheck>,
    /// The same after the way back, where the run was taken back.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub after_rollback: Vec<HealthCheck>,
    /// What was restarted after the way back.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub restarted_after_rollback: Vec<Restarted>,
    /// The timer that would have decided without patchctl; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dead_man: Option<String>,
    /// What was not watched, and why: this host has no means for it, or the boot starts it later.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub not_run: Vec<String>,
}

/// How a trial ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HealthVerdict {
    /// Nothing required is worse than before.
    Healthy,
    /// Something required stayed worse until the deadline.
    Unhealthy,
    /// There was no trial: the run did not come so far.
    #[default]
    NotRun,
}

/// One probe or check, compared with before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthCheck {
    /// Its name.
    pub name: String,
    /// Its failure takes a run back.
    pub required: bool,
    /// What it says.
    pub state: CheckState,
    /// What is different, or what the check said.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub detail: Vec<String>,
}

/// What a probe or check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckState {
    /// As well as before.
    Pass,
    /// Worse than before.
    Fail,
    /// It failed before the run too, and so cannot fail it.
    FailedBefore,
    /// It cannot tell, and so takes nothing back.
    CannotTell,
    /// There are no means for it here, and so it says nothing.
    NotRun,
}
