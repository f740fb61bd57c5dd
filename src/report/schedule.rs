//! The document of `schedule`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::Identity;

/// Name of [`ScheduleDocument`].
pub const SCHEDULE_SCHEMA: &str = "patchctl.schedule/1";

/// What begins by itself on a host, and the files that say so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduleDocument {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// Who starts it.
    pub method: Method,
    /// The files.
    pub files: Vec<ScheduledFile>,
    /// What begins when, as systemd writes times (systemd.time(7)).
    pub times: Vec<String>,
    /// What needs somebody's attention.
    pub remarks: Vec<String>,
}

/// Who starts what is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Timers of systemd.
    Systemd,
    /// Entries of cron.
    Cron,
}

/// A file of the schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScheduledFile {
    /// Where it is.
    pub path: String,
    /// How it stands.
    pub state: FileState,
    /// What the policy wants in it.
    pub text: String,
}

/// How a file of the schedule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileState {
    /// Not there.
    Absent,
    /// There, as the policy wants it.
    Current,
    /// There, and not as the policy wants it.
    Different,
    /// Written just now.
    Written,
    /// Removed just now.
    Removed,
}
