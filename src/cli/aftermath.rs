//! The command line of what comes after a run: `recover` and `needs-restart`. Definitions, nothing else.

use clap::Args;

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
