//! The command line of what comes after a run: `recover`, `needs-restart` and `status`. Definitions, nothing else.

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

/// `status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl status --format json
  patchctl status --nagios       one line and numbers for Nagios, Icinga and their kin; exit 0 to 3 as they expect")]
pub struct StatusArgs {
    /// Answer as a monitoring plugin: OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3
    #[arg(long)]
    pub nagios: bool,
}
