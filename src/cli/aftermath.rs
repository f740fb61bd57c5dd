//! The command line of what comes after a run: `rollback`, `recover`, `needs-restart`, `reboot`, `status`. Definitions, nothing
//! else.

use clap::Args;

use super::values;
use crate::model::package::PackageName;
use crate::model::run::RunId;

/// `rollback`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl rollback --preview          what would change, and what opens again
  patchctl rollback 0042               take run 0042 back
  patchctl rollback --only libssl3     only one package of the last run
  patchctl rollback 0042 --snapshot    the whole root, at the next boot")]
pub struct RollbackArgs {
    /// The run (default: the newest that changed something)
    #[arg(value_name = "RUN")]
    pub run: Option<RunId>,
    /// Show what would change and what opens again
    #[arg(long)]
    pub preview: bool,
    /// Prove archives and room, change nothing
    #[arg(long, conflicts_with = "preview")]
    pub check: bool,
    /// Put the whole root back from the run's snapshot, at the next boot; of a mounted --root at once
    #[arg(long, conflicts_with = "only")]
    pub snapshot: bool,
    /// Lose what was changed since the snapshot
    #[arg(long, requires = "snapshot")]
    pub accept_lost: bool,
    /// Only these packages
    #[arg(long, value_name = "PACKAGE", value_delimiter = ',', value_parser = values::package)]
    pub only: Vec<PackageName>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

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

/// `reboot`.
#[derive(Clone, Copy, Debug, Args)]
#[command(after_help = "Examples:
  patchctl reboot             now, or what it waits for
  patchctl reboot --cancel    call off the one that waits")]
pub struct RebootArgs {
    /// Only one that was asked for, and say nothing while it waits: for timers and cron
    #[arg(long)]
    pub scheduled: bool,
    /// Call off the reboot that waits
    #[arg(long, conflicts_with = "scheduled")]
    pub cancel: bool,
}

/// `status`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Examples:
  patchctl status --format json
  patchctl status --wait      until no run is at work; exit code of that run
  patchctl status --nagios    one line and numbers for Nagios, Icinga and kin
  patchctl status --motd      one line for the message of the day")]
pub struct StatusArgs {
    /// Wait until no run is at work, and exit with the code of the one that was
    #[arg(long)]
    pub wait: bool,
    /// Answer as a monitoring plugin: OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3
    #[arg(long, conflicts_with = "wait")]
    pub nagios: bool,
    /// Print one line for the message of the day, from the last scan as root; never fail
    #[arg(long, conflicts_with_all = ["wait", "nagios"])]
    pub motd: bool,
}
