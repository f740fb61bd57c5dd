//! The command line of what is stored: `history` and `report`. Definitions, nothing else.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueHint};

use super::args::GlobalArgs;
use super::forms::Form;
use super::values;
use crate::model::run::RunId;
use crate::ops::request::{ReportRequest, ReportSubject};

/// `history`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Examples:\n  patchctl history\n  patchctl history show 0042\n  patchctl history verify"
)]
pub struct HistoryArgs {
    /// What to do; the list when nothing is said.
    #[command(subcommand)]
    pub verb: Option<HistoryVerb>,
}

/// What `history` does.
#[derive(Clone, Debug, Subcommand)]
pub enum HistoryVerb {
    /// List the runs, newest first
    List,
    /// Show one run in full
    Show {
        /// The run, such as 0042
        #[arg(value_name = "RUN")]
        run: RunId,
    },
    /// Prove that no journal was changed afterwards
    Verify,
}

/// `report`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:
  patchctl report --format html -o report.html   the newest report as one page, with the history of the host
  patchctl report --format markdown              the same for the summary page of a pipeline
  patchctl report 0042 --format sarif            that of a run
  patchctl report scan.json --format csv -o scan.csv
  patchctl report --since 2026-10-01 --until 2026-11-01   what October brought
  patchctl report diff monday.json latest.json   what opened, what was closed
  patchctl report merge /srv/reports --format html -o fleet.html")]
pub struct ReportArgs {
    /// A run, such as 0042, or the file of a report (default: the newest report)
    #[arg(value_name = "RUN|FILE", value_parser = values::report, value_hint = ValueHint::FilePath)]
    pub subject: Option<ReportSubject>,
    /// Tell of a period from then on, instead of one report
    #[arg(long, value_name = "TIME", value_parser = values::time, conflicts_with = "subject")]
    pub since: Option<DateTime<Utc>>,
    /// Tell of a period up to then (default: now)
    #[arg(long, value_name = "TIME", value_parser = values::time, conflicts_with = "subject")]
    pub until: Option<DateTime<Utc>>,
    /// Something else than one report.
    #[command(subcommand)]
    pub verb: Option<ReportVerb>,
}

/// What `report` does beside writing one report anew.
#[derive(Clone, Debug, Subcommand)]
pub enum ReportVerb {
    /// Compare two reports: what opened, what was closed, what nobody can tell any more
    Diff {
        /// The earlier one: a run or a file
        #[arg(value_name = "RUN|FILE", value_parser = values::report, value_hint = ValueHint::FilePath)]
        before: ReportSubject,
        /// The later one
        #[arg(value_name = "RUN|FILE", value_parser = values::report, value_hint = ValueHint::FilePath)]
        after: ReportSubject,
    },
    /// Put the reports of many hosts together: a table, the worst hosts, common holes, version skew
    Merge {
        /// The folder with one file a host, such as web-01.json
        #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

impl ReportArgs {
    /// Tells whether a period is asked for.
    pub(super) fn is_period(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    /// Reads the arguments; the global `--format` says what the report is read for.
    pub(super) fn request(self, global: &GlobalArgs) -> ReportRequest {
        let format = match global.format.form() {
            Form::OfReport(format) => Some(format),
            Form::Text | Form::Json => None,
        };
        match self.verb {
            Some(ReportVerb::Diff { before, after }) => ReportRequest::Difference { before, after },
            Some(ReportVerb::Merge { folder }) => ReportRequest::Merge { folder },
            None if self.is_period() => ReportRequest::Period { since: self.since, until: self.until },
            None => ReportRequest::Anew { subject: self.subject.unwrap_or(ReportSubject::Latest), format },
        }
    }
}
