//! What is known around a report: the runs of the host, and how many holes were open at earlier scans. A page shows it as
//! a history; a report alone has none.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::documents::RunEntry;
use super::lifetimes::Closure;
use crate::model::summary::Summary;

/// The history around a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Background {
    /// The runs of the host, oldest first.
    pub runs: Vec<RunEntry>,
    /// Surveys of the host up to the report, oldest first.
    pub surveys: Vec<Survey>,
    /// Findings that were closed between them, oldest first.
    pub closures: Vec<Closure>,
}

/// What one stored report counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What it counted.
    pub summary: Summary,
    /// Open findings with a due date.
    pub dated: u64,
}
