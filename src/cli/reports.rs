//! The command line of what is stored: `history` and `report`. Definitions, nothing else.

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
#[command(after_help = "Examples:
  patchctl report --format html -o report.html  the newest report as one page, with the history of the host
  patchctl report --format markdown            the same for the summary page of a pipeline
  patchctl report 0042 --format sarif          that of a run
  patchctl report scan.json --format csv -o scan.csv")]
pub struct ReportArgs {
    /// A run, such as 0042, or the file of a report (default: the newest report)
    #[arg(value_name = "RUN|FILE", value_parser = values::report, value_hint = ValueHint::FilePath)]
    pub subject: Option<ReportSubject>,
}

impl ReportArgs {
    /// Reads the arguments; the global `--format` says what the report is read for.
    pub(super) fn request(self, global: &GlobalArgs) -> ReportRequest {
        let format = match global.format.form() {
            Form::OfReport(format) => Some(format),
            Form::Text | Form::Json => None,
        };
        ReportRequest { subject: self.subject.unwrap_or(ReportSubject::Latest), format }
    }
}
