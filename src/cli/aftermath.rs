//! The command line of what comes after a run: `recover`, `needs-restart` and `history`. Definitions, nothing else.

use clap::{Args, Subcommand};

use crate::model::run::RunId;

/// `recover`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Example:\n  patchctl recover")]
pub struct RecoverArgs {
    /// Change nothing where a person is needed: for the boot unit
    #[arg(long)]
    pub unattended: bool,
    /// Decide this run only when nobody holds it any more or its time is up (for the dead man's timer)
    #[arg(long, value_name = "RUN", hide = true)]
    pub dead_man: Option<RunId>,
}

/// `needs-restart`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl needs-restart             services, processes and kernel
  patchctl needs-restart --reboot    exit 102 when a reboot is due, 0 otherwise")]
pub struct NeedsRestartArgs {
    /// Tell by the exit code whether a reboot is due: 102, or 0
    #[arg(long)]
    pub reboot: bool,
}

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
