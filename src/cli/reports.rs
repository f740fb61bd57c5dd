//! The command line of what is stored: `history` and `report`. Definitions, nothing else.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueHint};

use super::args::GlobalArgs;
use super::forms::Form;
use super::values::{self, Span};
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

/// How reports are used, in the terminal and by jq.
const EXAMPLES: &str = "Examples:
  patchctl report --format html -o report.html   one page, with the history
  patchctl report --format markdown              for the summary of a pipeline
  patchctl report 0042 --format sarif            that of a run
  patchctl report scan.json --format csv -o scan.csv
  patchctl report --period 2026-10               what October brought
  patchctl report --period 2026-Q4 --format csv  every finding that was closed
  patchctl report diff monday.json latest.json   what opened, what was closed
  patchctl report merge /srv/reports --format html -o fleet.html

With jq (patchctl report --format json | jq ...):
  open vulnerabilities by severity
    jq '.summary.open_by_severity'
  what can be closed now, most urgent first
    jq -r '.findings[] | select(.candidate) | .package.name'
  what is past its due date
    jq '[.findings[] | select(.days_overdue > 0)] | length'
  holes without a fix
    jq -r '.findings[] | select(.verdict == \"vulnerable-no-fix\") | .cves[]'
  which feeds the result rests on
    jq -r '.feeds[] | [.name, .state] | @tsv'
  what a run closed
    jq -r '.findings[] | select(.state_after == \"closed\") | .cves[]'
  does it stand well (exit code 1 when not)
    jq -e '.compliance.state == \"compliant\"'";

/// `report`.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = EXAMPLES)]
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
    /// Tell of a month (2026-10), a quarter (2026-Q4) or a year (2026)
    #[arg(long, value_name = "PERIOD", value_parser = values::period)]
    #[arg(conflicts_with_all = ["subject", "since", "until"])]
    pub period: Option<Span>,
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
        self.since.is_some() || self.until.is_some() || self.period.is_some()
    }

    /// Reads the arguments; the global `--format` says what the report is read for.
    pub(super) fn request(self, global: &GlobalArgs) -> ReportRequest {
        let format = match global.format.form() {
            Form::OfReport(format) => Some(format),
            Form::Text | Form::Json => None,
        };
        let (since, until) =
            self.period.map_or((self.since, self.until), |(first, last)| (Some(first), Some(last)));
        match self.verb {
            Some(ReportVerb::Diff { before, after }) => ReportRequest::Difference { before, after },
            Some(ReportVerb::Merge { folder }) => ReportRequest::Merge { folder },
            None if since.is_some() || until.is_some() => ReportRequest::Period { since, until },
            None => ReportRequest::Anew { subject: self.subject.unwrap_or(ReportSubject::Latest), format },
        }
    }
}
