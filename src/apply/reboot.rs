//! The order to reboot, and the transient timer that looks again and again whether it may be given.

use std::path::Path;
use std::time::Duration;

use super::systemd;
use crate::host::environment;
use crate::host::runner::{self, CommandSpec};
use crate::host::storage;

const SYSTEMD_RUN: &str = "/usr/bin/systemd-run";
const SYSTEMCTL: &str = "/usr/bin/systemctl";
/// Where there is no systemd (shutdown(8) of sysvinit and its kin).
const SHUTDOWN: &str = "/sbin/shutdown";
/// The name of the timer and of what it starts.
const UNIT: &str = "patchctl-reboot";
/// A minute is short against any window, and a look that finds nothing takes milliseconds.
const EVERY: &str = "60s";
/// The manager takes the order and answers at once.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Sets the timer, unless it is set; `false` where no systemd is there to set it.
///
/// # Errors
/// systemd is there and refuses; its words are returned.
pub fn look_again() -> Result<bool, String> {
    if !systemd::is_running() {
        return Ok(false);
    }
    if is_set() {
        return Ok(true);
    }
    let program = environment::own_program().map_err(|error| error.to_string())?;
    told(&timer(&program)).map(|()| true)
}

/// Tells whether the timer is set.
pub fn is_set() -> bool {
    let spec = CommandSpec::new(SYSTEMCTL).args(["is-active", "--quiet", &format!("{UNIT}.timer")]);
    systemd::is_running() && told(&spec).is_ok()
}

fn timer(program: &Path) -> CommandSpec {
    let spec = CommandSpec::new(SYSTEMD_RUN).args(["--quiet", &format!("--unit={UNIT}")]);
    let spec = spec.args([format!("--on-active={EVERY}"), format!("--on-unit-inactive={EVERY}")]);
    let spec = spec.args(["--timer-property=AccuracySec=1s", "--property=Type=exec"]);
    // A look that finds nothing leaves no line in the journal (systemd.exec(5), LogLevelMax=).
    let spec = spec.arg("--property=LogLevelMax=notice");
    spec.arg(program.display().to_string()).args(["reboot", "--scheduled", "--quiet"])
}

/// Takes the timer away; one that is not set is no matter.
pub fn stop_looking() {
    if systemd::is_running() {
        // A timer that stays finds nothing to do.
        let _ = told(&CommandSpec::new(SYSTEMCTL).args(["stop", &format!("{UNIT}.timer")]));
    }
}

/// Gives the order. It returns when the order was taken, and the system goes down afterwards.
///
/// # Errors
/// Nobody takes it; their words are returned.
pub fn order() -> Result<(), String> {
    storage::sync_all();
    if systemd::is_running() {
        return told(&CommandSpec::new(SYSTEMCTL).arg("reboot"));
    }
    told(&CommandSpec::new(SHUTDOWN).args(["-r", "now"]))
}

fn told(spec: &CommandSpec) -> Result<(), String> {
    let output = runner::run(&spec.clone().time_limit(ANSWER_LIMIT)).map_err(|error| error.to_string())?;
    if output.is_success() { Ok(()) } else { Err(output.last_words(3).join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timer_calls_this_program_every_minute() {
        let shown = timer(Path::new("/usr/bin/patchctl")).shown();
        assert!(shown.ends_with("/usr/bin/patchctl reboot --scheduled --quiet"), "{shown}");
        assert!(shown.contains("--on-active=60s --on-unit-inactive=60s"), "{shown}");
    }
}
