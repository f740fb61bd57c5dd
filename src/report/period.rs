//! What happened in a period, from what is stored: how many holes were open at each look, and what the runs did.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::documents::{Identity, RunEntry};
use crate::model::summary::Summary;
use crate::model::transaction::Phase;

/// Name of [`Period`].
pub const PERIOD_SCHEMA: &str = "patchctl.period/1";

/// A period of one host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// Name and version of the document.
    #[serde(flatten)]
    pub identity: Identity,
    /// Its first moment; absent when everything before its end counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<DateTime<Utc>>,
    /// Its last moment.
    pub until: DateTime<Utc>,
    /// Every look at the whole host, oldest first.
    pub looks: Vec<Look>,
    /// The runs that began in it, oldest first.
    pub runs: Vec<RunEntry>,
    /// Vulnerabilities that its runs closed, as far as a feed names them.
    pub closed: u64,
    /// Runs that were taken back.
    pub taken_back: u64,
}

/// What one scan or run counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Look {
    /// When.
    pub at: DateTime<Utc>,
    /// Open vulnerabilities.
    pub open: u64,
    /// Open past their due date.
    pub overdue: u64,
    /// Open and exploited in the wild.
    pub known_exploited: u64,
}

impl Look {
    /// Takes from a summary what a period tells.
    pub fn of(at: DateTime<Utc>, summary: &Summary) -> Self {
        let (open, overdue) = (summary.open_vulnerabilities, summary.overdue);
        Self { at, open, overdue, known_exploited: summary.known_exploited }
    }
}

impl Period {
    /// Puts a period together.
    pub fn of(
        identity: Identity,
        span: (Option<DateTime<Utc>>, DateTime<Utc>),
        (looks, runs): (Vec<Look>, Vec<RunEntry>),
    ) -> Self {
        let done = runs.iter().filter(|run| run.phase == Phase::Commit && run.command == "apply");
        let closed = done.map(|run| run.closed).sum();
        let taken_back = runs.iter().filter(|run| run.phase == Phase::Returned).count() as u64;
        Self { identity, since: span.0, until: span.1, looks, runs, closed, taken_back }
    }
}
