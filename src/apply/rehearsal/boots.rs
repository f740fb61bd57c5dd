//! Two boots of a clone, without the plan and with it: what has to run and does not, and what fails, is the plan's doing.

use std::time::Duration;

use crate::apply::health;
use crate::apply::systemd::{self, Unit};
use crate::report::health::{CheckState, HealthCheck};

/// The name of the test.
const NAME: &str = "units of the booted clone";

/// How long units are given to die after the last of them was started: systemd gives up a service that falls five times within
/// ten seconds and restarts it after 100 ms (systemd.unit(5), `DefaultStartLimitBurst`; systemd.service(5), `RestartSec`).
const SETTLE: Duration = Duration::from_secs(3);

/// A host of a thousand units boots in less than a minute; where one of them waits for a device that a clone does not have it
/// takes 90 s more (systemd-system.conf(5), `DefaultTimeoutStartSec`).
pub const LIMIT: Duration = Duration::from_secs(300);

/// The units of patchctl itself: a clone neither scans nor patches nor recovers.
pub const MASKED: [&str; 6] = [
    "patchctl-scan.timer",
    "patchctl-scan.service",
    "patchctl-apply.timer",
    "patchctl-apply.service",
    "patchctl-recover.service",
    "patchctl-boot-check.service",
];

/// A shell script that waits until the clone has come up, as far as it does (systemctl(1), `is-system-running`), and prints
/// what its service manager says of every unit.
pub fn script() -> String {
    let listing: Vec<String> = systemd::LISTING.iter().map(|word| format!("'{word}'")).collect();
    format!(
        "until case $(systemctl is-system-running) in running|degraded|maintenance) true;; *) false;; esac\n\
         do sleep 0.2; done\nsleep {}\nexec systemctl {}\n",
        SETTLE.as_secs(),
        listing.join(" ")
    )
}

/// Compares what two boots told.
pub fn compared(before: &str, after: &str) -> HealthCheck {
    let (before, after) = (systemd::parse(before), systemd::parse(after));
    let worse = health::worse(&before, &after);
    let state = if worse.is_empty() { CheckState::Pass } else { CheckState::Fail };
    let detail = if worse.is_empty() { vec![told(&after)] } else { worse };
    HealthCheck { name: NAME.to_owned(), required: true, state, detail }
}

fn told(units: &[Unit]) -> String {
    format!("{} units run", units.iter().filter(|unit| unit.is_active()).count())
}

/// The clone came up without the plan and does not with it.
pub fn never_came_up(words: String) -> HealthCheck {
    let detail = vec![format!("the clone does not boot: {words}")];
    HealthCheck { name: NAME.to_owned(), required: true, state: CheckState::Fail, detail }
}

/// Tells whether some tests of a rehearsal have this one among them, and it was run.
pub fn were_compared(checks: &[HealthCheck]) -> bool {
    checks.iter().any(|check| check.name == NAME && check.state != CheckState::NotRun)
}

/// Nothing was compared, and why.
pub fn not_run(reason: String) -> HealthCheck {
    HealthCheck { name: NAME.to_owned(), required: false, state: CheckState::NotRun, detail: vec![reason] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, state: &str) -> String {
        format!("Id={name}\nNames={name}\nActiveState={state}\nUnitFileState=enabled\n\n")
    }

    #[test]
    fn what_ran_and_does_not_and_what_fails_anew_speaks_against_the_plan() {
        let before =
            unit("web.service", "active") + &unit("old.service", "failed") + &unit("db.service", "active");
        let same = compared(&before, &before);
        assert_eq!((same.state, same.detail.as_slice()), (CheckState::Pass, &["2 units run".to_owned()][..]));
        let after = unit("web.service", "failed")
            + &unit("old.service", "failed")
            + &unit("db.service", "activating");
        let worse = compared(&before, &after);
        assert_eq!(worse.state, CheckState::Fail);
        assert_eq!(worse.detail, ["web.service fails", "db.service does not run"]);
        assert_eq!(compared(&after, &before).state, CheckState::Pass);
    }

    #[test]
    fn the_script_is_one_that_a_shell_reads() {
        let script = script();
        let spec = crate::host::runner::CommandSpec::new("/bin/sh").args(["-n", "-c", &script]);
        assert!(crate::host::runner::run(&spec).is_ok_and(|output| output.is_success()), "{script}");
    }
}
