//! The dead-man timer: a transient timer of the service manager that goes on looking at a run when patchctl cannot.
//!
//! It is set before the first change and taken away when the run is over. Each time it fires, `patchctl recover` looks
//! whether the run is still in somebody's hands and within its time, and decides it otherwise.

use std::path::Path;
use std::time::Duration;

use super::journal::{Event, Replay};
use super::systemd;
use crate::host::environment;
use crate::host::facts;
use crate::host::runner::{self, CommandSpec, RunError};
use crate::model::run::RunId;
use crate::model::transaction::Phase;

const SYSTEMD_RUN: &str = "/usr/bin/systemd-run";
const SYSTEMCTL: &str = "/usr/bin/systemctl";

/// How often the timer fires at most and at least: half of the 30 seconds within which a run is decided after its deadline
/// (safety design, P31), and no oftener than a look takes.
const EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(15));

/// What a run in its trial is given beyond its deadline: the longest built-in probe and the record of the result.
const GRACE: Duration = Duration::from_secs(10);

/// A timer that cannot be set. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
pub enum DeadManError {
    /// The program that it would call is not known.
    #[error("cannot tell which program the dead-man timer has to call")]
    OwnProgram(#[source] std::io::Error),
    /// systemd-run cannot be started.
    #[error("cannot set the dead-man timer")]
    Run(#[source] RunError),
    /// systemd refuses it.
    #[error("systemd refuses the dead-man timer: {}", words.join("; "))]
    Refused {
        /// Its last words.
        words: Vec<String>,
    },
}

/// Returns the name of the timer of a run, without its ending.
pub fn unit(run: RunId) -> String {
    format!("patchctl-dead-man-{run}")
}

/// Sets the timer of a run whose trial may take as long as `deadline`; `None` where the host has no systemd.
///
/// # Errors
/// systemd is there and the timer cannot be set.
pub fn arm(run: RunId, deadline: Duration) -> Result<Option<String>, DeadManError> {
    if !systemd::is_running() {
        return Ok(None);
    }
    let program = environment::own_program().map_err(DeadManError::OwnProgram)?;
    let unit = unit(run);
    let output = runner::run(&set(&unit, &program, (run, deadline))).map_err(DeadManError::Run)?;
    if output.is_success() {
        Ok(Some(unit))
    } else {
        Err(DeadManError::Refused { words: output.last_words(3) })
    }
}

fn set(unit: &str, program: &Path, (run, deadline): (RunId, Duration)) -> CommandSpec {
    let every = (deadline / 4).clamp(EVERY.0, EVERY.1).as_secs();
    let spec = CommandSpec::new(SYSTEMD_RUN).args(["--quiet", &format!("--unit={unit}")]);
    let spec = spec.args([format!("--on-active={every}s"), format!("--on-unit-inactive={every}s")]);
    // Without an accuracy systemd may let a timer wait for a minute (systemd.timer(5), AccuracySec=).
    let spec = spec.arg("--timer-property=AccuracySec=1s");
    // Code 3 says that the run was taken back, which is what the timer is for.
    let spec = spec.args(["--property=Type=exec", "--property=SuccessExitStatus=3"]);
    spec.arg(program.display().to_string()).args(["recover", "--dead-man"]).arg(run.to_string())
}

/// Takes the timer of a run away; one that is gone already is no matter.
pub fn disarm(run: RunId) {
    if systemd::is_running() {
        // A timer that stays finds the run closed the next time and takes itself away.
        let _ = runner::run(&CommandSpec::new(SYSTEMCTL).args(["stop", &format!("{}.timer", unit(run))]));
    }
}

/// What a run may take from one phase to the next before the dead man ends it.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// All batches at twice their limit: until then a package manager may be inside a maintainer script.
    pub batches: Duration,
    /// All restarts of a pass.
    pub restarts: Duration,
    /// The trial with its longest look.
    pub trial: Duration,
}

/// Tells whether a run that somebody still holds is past its time. Only what happened in this boot is counted.
pub fn is_overdue(replay: &Replay, now: Duration, allowance: Allowance) -> bool {
    let Some(entered) = replay.records.iter().rev().find(|r| matches!(r.event, Event::Entered { .. })) else {
        return false;
    };
    let limit = match replay.phase {
        Phase::Applying => allowance.batches,
        Phase::Applied | Phase::Restart => allowance.restarts,
        Phase::Trial => allowance.trial,
        // The way back is bounded by its own attempts, and killing it helps nobody.
        _ => return false,
    };
    entered.boot_id == facts::boot_id() && now > Duration::from_secs(entered.boot_seconds) + limit + GRACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_calls_this_program_for_its_run() {
        let spec = set(
            "patchctl-dead-man-0042",
            Path::new("/usr/bin/patchctl"),
            (RunId::new(42), Duration::from_secs(300)),
        );
        let shown = spec.shown();
        assert!(shown.ends_with("/usr/bin/patchctl recover --dead-man 0042"), "{shown}");
        assert!(shown.contains("--on-active=15s --on-unit-inactive=15s"), "{shown}");
    }
}
