//! The command line of `report`. Definitions, nothing else.

use clap::{Args, ValueHint};

use super::values;
use crate::ops::request::{ReportRequest, ReportSubject};

/// `report`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl report --format markdown            the newest report, for a summary page
  patchctl report 0042 --format sarif          that of a run
  patchctl report scan.json --format csv -o scan.csv")]
pub struct ReportArgs {
    /// A run, such as 0042, or the file of a report (default: the newest report)
    #[arg(value_name = "RUN|FILE", value_parser = values::report, value_hint = ValueHint::FilePath)]
    pub subject: Option<ReportSubject>,
}

impl From<ReportArgs> for ReportRequest {
    fn from(args: ReportArgs) -> Self {
        Self { subject: args.subject.unwrap_or(ReportSubject::Latest) }
    }
}
