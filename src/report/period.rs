//! What happened in a period, from what is stored: how many holes were open at each look, and what the runs did.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::background::Background;
use super::documents::{Identity, RunEntry};
use super::format::Format;
use super::lifetimes::{ClosedWindow, Closure, windows};
use super::{csv, html, markdown};
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
    /// The name of the host.
    pub host: String,
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
    /// How long what was closed in it had been open, worst severity first. Counts are of findings: one statement in one
    /// package.
    #[serde(default)]
    pub exposure: Vec<ClosedWindow>,
    /// The findings that were closed in it, oldest first.
    #[serde(default)]
    pub closures: Vec<Closure>,
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
    /// Puts a period together from what was stored in it.
    pub fn of(
        identity: Identity,
        (since, until): (Option<DateTime<Utc>>, DateTime<Utc>),
        host: String,
        stored: Background,
    ) -> Self {
        let Background { runs, surveys, closures } = stored;
        let looks = surveys.iter().map(|survey| Look::of(survey.at, &survey.summary)).collect();
        let done = runs.iter().filter(|run| run.phase == Phase::Commit && run.command == "apply");
        let closed = done.map(|run| run.closed).sum();
        let taken_back = runs.iter().filter(|run| run.phase == Phase::Returned).count() as u64;
        let exposure = windows(&closures);
        Self { identity, host, since, until, looks, runs, closed, taken_back, exposure, closures }
    }

    /// Writes the period in another form; `None` where it has none.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> Option<io::Result<()>> {
        Some(match format {
            Format::Html => html::period::write(self, out),
            Format::Csv => csv::closures(self, out),
            Format::Markdown => markdown::period(self, out),
            _ => return None,
        })
    }

    /// Returns the span in words, such as `2026-10-01 00:00 to 2026-10-31 23:59 UTC`.
    pub(super) fn span(&self) -> String {
        let since =
            self.since.map_or("the beginning".to_owned(), |since| since.format("%Y-%m-%d %H:%M").to_string());
        format!("{since} to {}", self.until.format("%Y-%m-%d %H:%M UTC"))
    }
}
