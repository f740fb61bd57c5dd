//! Facts about units: which have to run, and which failed.

use std::collections::BTreeSet;

use crate::apply::systemd::Unit;

/// Units that run, as facts: each by every name that it has, and those that wake on demand also by what wakes them.
pub(super) fn running(units: &[Unit]) -> BTreeSet<String> {
    let is_active = |name: &String| units.iter().any(|unit| unit.name == *name && unit.is_active());
    let stands = |unit: &&Unit| {
        let sleeps = unit.state == "inactive" && unit.triggered_by.iter().any(is_active);
        unit.is_active() || sleeps
    };
    units.iter().filter(stands).flat_map(|unit| unit.names.iter().chain([&unit.name])).cloned().collect()
}

/// Units of a login: wanted by its session, gone with it (user@.service(5)).
const OF_LOGINS: &[&str] = &["user@", "user-runtime-dir@"];

/// Units that run and have to go on running: those that something wants at every boot. What the bus, a timer or a login
/// starts for a while, and what was made at run time, comes and goes by itself.
pub fn wanted_running(units: &[Unit]) -> Vec<String> {
    let lasting = units.iter().filter(|unit| unit.is_active() && is_lasting(unit));
    lasting.map(|unit| unit.name.clone()).collect()
}

fn is_lasting(unit: &Unit) -> bool {
    let kinds = [".service", ".socket", ".timer"];
    let enabled = unit.enablement.starts_with("enabled") || unit.enablement == "generated";
    let wanted = unit.wanted && unit.triggered_by.is_empty() && unit.kind != "dbus";
    let is_of_login = OF_LOGINS.iter().any(|prefix| unit.name.starts_with(prefix));
    let is_kept = kinds.iter().any(|kind| unit.name.ends_with(kind)) && !unit.transient && !is_of_login;
    is_kept && (enabled || wanted)
}

/// Units that failed. Work that a timer starts may fail for reasons outside the host, so it counts only when something
/// wants it beside the timer.
pub(super) fn failed(units: &[Unit]) -> BTreeSet<String> {
    let failed = units.iter().filter(|unit| unit.has_failed() && !unit.transient && !unit.is_timed_work());
    failed.map(|unit| unit.name.clone()).collect()
}

/// Names what is worse in one system than in another: what had to run and does not, and what failed anew.
pub fn worse(before: &[Unit], after: &[Unit]) -> Vec<String> {
    let (failed_before, failed_after, runs) = (failed(before), failed(after), running(after));
    let stopped = wanted_running(before).into_iter().filter(|name| !runs.contains(name));
    let stopped: BTreeSet<String> = stopped.filter(|name| !failed_after.contains(name)).collect();
    let failed = failed_after.difference(&failed_before).map(|name| format!("{name} fails"));
    failed.chain(stopped.iter().map(|name| format!("{name} does not run"))).collect()
}

/// Units that wait for their start: they are behind others in the order of the boot.
pub(super) fn owed(units: &[Unit]) -> BTreeSet<String> {
    names(units.iter().filter(|unit| waits(unit)))
}

/// Units that cannot start before `own` has, whose start goes on while it looks at the host: they are ordered behind it, or
/// behind others that wait for it (systemd.unit(5), `After=`). To wait for them would be to wait for oneself.
pub(super) fn behind(units: &[Unit], own: Option<&str>) -> BTreeSet<String> {
    let own = units.iter().filter(|unit| own == Some(unit.name.as_str()) && unit.has_job);
    let mut reached = names(own.clone());
    loop {
        let is_behind = |unit: &&Unit| waits(unit) && unit.after.iter().any(|name| reached.contains(name));
        let found = names(units.iter().filter(is_behind));
        if found.is_subset(&reached) {
            return &reached - &names(own);
        }
        reached.extend(found);
    }
}

fn waits(unit: &Unit) -> bool {
    unit.state == "inactive" && unit.has_job
}

/// Every name of each.
fn names<'a>(units: impl Iterator<Item = &'a Unit>) -> BTreeSet<String> {
    units.flat_map(|unit| unit.names.iter().chain([&unit.name])).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, state: &str, enablement: &str) -> Unit {
        Unit {
            name: name.into(),
            names: vec![name.into()],
            state: state.into(),
            enablement: enablement.into(),
            ..Unit::default()
        }
    }

    #[test]
    fn what_sleeps_until_it_is_asked_counts_as_running() {
        let sleeper =
            Unit { triggered_by: vec!["cups.socket".into()], ..unit("cups.service", "inactive", "enabled") };
        let units =
            [sleeper, unit("cups.socket", "active", "enabled"), unit("web.service", "failed", "enabled")];
        let running = running(&units);
        assert!(running.contains("cups.service") && !running.contains("web.service"));
    }

    #[test]
    fn only_what_is_wanted_at_every_boot_has_to_go_on() {
        let on_the_bus =
            Unit { kind: "dbus".into(), wanted: true, ..unit("hostname1.service", "active", "static") };
        let made = Unit { transient: true, ..unit("run-1.service", "active", "transient") };
        let logind = Unit { wanted: true, ..unit("logind.service", "active", "static") };
        let units = [
            on_the_bus,
            made,
            logind,
            Unit { wanted: true, ..unit("user@0.service", "active", "static") },
            unit("web.service", "active", "enabled"),
            unit("x.path", "active", "enabled"),
        ];
        assert_eq!(wanted_running(&units), ["logind.service", "web.service"]);
    }

    #[test]
    fn what_waits_for_its_turn_is_owed() {
        let waiting = Unit { has_job: true, ..unit("late.service", "inactive", "enabled") };
        let starting = Unit { has_job: true, ..unit("web.service", "activating", "enabled") };
        let units = [waiting, starting, unit("off.service", "inactive", "disabled")];
        assert_eq!(owed(&units), BTreeSet::from(["late.service".to_owned()]));
    }

    #[test]
    fn what_the_boot_starts_after_the_recovery_is_behind_it_and_nothing_else_that_waits() {
        let waiting = |name: &str, after: &str| Unit {
            has_job: true,
            after: vec![after.to_owned()],
            ..unit(name, "inactive", "enabled")
        };
        let recovery = Unit { has_job: true, ..unit("patchctl-recover.service", "activating", "enabled") };
        let units = [
            waiting("late.timer", "late.service"),
            waiting("late.service", "multi-user.target"),
            waiting("multi-user.target", "patchctl-recover.service"),
            waiting("web.service", "network-online.target"),
            Unit { after: vec!["patchctl-recover.service".into()], ..unit("off.service", "inactive", "") },
            recovery,
        ];
        let behind = |own| behind(&units, own).into_iter().collect::<Vec<_>>();
        let late = ["late.service", "late.timer", "multi-user.target"];
        assert_eq!(behind(Some("patchctl-recover.service")), late);
        assert!(behind(Some("ssh.service")).is_empty() && behind(None).is_empty(), "nobody waits for those");
    }

    #[test]
    fn timed_work_that_fails_is_not_held_against_a_run() {
        let work = Unit {
            kind: "oneshot".into(),
            triggered_by: vec!["apt-daily.timer".into()],
            ..unit("apt-daily.service", "failed", "static")
        };
        let units = [work, unit("web.service", "failed", "enabled")];
        assert_eq!(failed(&units), BTreeSet::from(["web.service".to_owned()]));
    }
}
