//! One restart pass: what runs old code and what the run stopped, each at most once, the way in last.

use std::time::Duration;

use super::CodeUser;
use super::policy::{Treatment, treatment};
use crate::apply::health::ssh;
use crate::apply::systemd::{self, Order, Unit};
use crate::report::restart::{Restarted, RestartedBecause};

/// How long all restarts together may take: the start and stop limit of one unit (`DefaultTimeoutStartSec=` and
/// `DefaultTimeoutStopSec=` of systemd-system.conf(5)) is 90 seconds each, and the manager restarts them side by side.
const PATIENCE: Duration = Duration::from_secs(200);

/// Returns how long a whole pass can take: starting, restarting, and the way in.
pub fn longest() -> Duration {
    PATIENCE * 3
}

/// What a pass is to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Units on old code, in one order.
    pub restart: Vec<String>,
    /// The way in, afterwards.
    pub last: Vec<String>,
    /// Units that ran before the run and were stopped by it.
    pub start: Vec<String>,
    /// Units on old code that are left to a person, with the reason.
    pub left: Vec<(String, String)>,
}

impl Pass {
    /// Tells whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.restart.is_empty() && self.last.is_empty() && self.start.is_empty()
    }

    /// Returns every unit that it touches.
    pub fn units(&self) -> impl Iterator<Item = &String> {
        self.restart.iter().chain(&self.start).chain(&self.last)
    }
}

/// What a pass is decided from.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Who runs replaced code.
    pub users: &'a [CodeUser],
    /// What the manager knows.
    pub units: &'a [Unit],
    /// Units that have to run because they ran before the run.
    pub before: &'a [String],
    /// Units that began between the first change and the way back: they run what the run had brought, also where no
    /// mapping shows it. Empty on the way forward.
    pub begun_amid: &'a [String],
    /// The administrator's own exceptions.
    pub denied: &'a [String],
    /// Where the run stands.
    pub moment: Moment,
}

/// Where a run stands when its services are restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The new versions are in place. What failed with them failed.
    Forward,
    /// The old versions are in place again, and whatever failed with the new ones may run again.
    Returned,
}

/// Decides what a pass does: pure.
pub fn decide(situation: &Situation<'_>) -> Pass {
    let mut pass = Pass::default();
    let known = |name: &str| situation.units.iter().find(|unit| unit.name == name);
    let amid = situation.begun_amid.iter().map(String::as_str);
    let mut names: Vec<&str> =
        situation.users.iter().filter_map(|user| user.owner.unit()).chain(amid).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let treatment = match known(name) {
            Some(unit) if !unit.can_stop => Treatment::Leave("it refuses to be stopped by hand".to_owned()),
            Some(unit) if unit.kind == "oneshot" => Treatment::Leave("it is work that ends".to_owned()),
            Some(_) => treatment(name, situation.denied),
            None => Treatment::Leave("systemd does not know it any more".to_owned()),
        };
        match treatment {
            Treatment::Restart => pass.restart.push(name.to_owned()),
            Treatment::Last => pass.last.push(name.to_owned()),
            Treatment::Leave(reason) => pass.left.push((name.to_owned(), reason)),
        }
    }
    let is_down =
        |unit: &Unit| unit.state == "inactive" || situation.moment == Moment::Returned && unit.has_failed();
    let was_stopped = |name: &&String| known(name).is_some_and(is_down);
    pass.start = situation.before.iter().filter(was_stopped).cloned().collect();
    pass
}

/// Carries a pass out and tells what became of each unit.
pub fn carry_out(pass: &Pass) -> Vec<Restarted> {
    let names = |list: &[String]| list.iter().map(String::clone).collect::<Vec<_>>();
    if systemd::units().is_some_and(|units| units.iter().any(|unit| unit.outdated)) {
        systemd::reload();
    }
    order(Order::Start, &names(&pass.start));
    order(Order::Restart, &names(&pass.restart));
    let refused = if pass.last.is_empty() { None } else { ssh::complaint() };
    if refused.is_none() {
        order(Order::Restart, &names(&pass.last));
    }
    let units = systemd::units().unwrap_or_default();
    let outcome = |name: &String, because: RestartedBecause| Restarted {
        name: name.clone(),
        because,
        runs: units.iter().any(|unit| unit.name == *name && unit.is_active()),
        problem: pass.last.contains(name).then(|| refused.clone().or_else(ssh::silence)).flatten(),
    };
    let started = pass.start.iter().map(|name| outcome(name, RestartedBecause::StoppedByTheRun));
    let restarted = pass.restart.iter().chain(&pass.last);
    started.chain(restarted.map(|name| outcome(name, RestartedBecause::OldCode))).collect()
}

fn order(order: Order, units: &[String]) {
    let names: Vec<&str> = units.iter().map(String::as_str).collect();
    systemd::give(order, &names, PATIENCE);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::host::processes::Owner;

    fn user(owner: Owner) -> CodeUser {
        CodeUser {
            owner,
            command: "x".into(),
            processes: vec![1],
            packages: BTreeSet::new(),
            unowned: BTreeSet::new(),
            began: 0,
        }
    }

    fn unit(name: &str, state: &str) -> Unit {
        Unit { name: name.into(), state: state.into(), can_stop: true, ..Unit::default() }
    }

    #[test]
    fn each_unit_is_touched_once_and_the_way_in_is_last() {
        let on = |name: &str| user(Owner::Unit(name.into()));
        let users = [
            on("nginx.service"),
            on("ssh.service"),
            on("dbus.service"),
            on("gone.service"),
            user(Owner::UserUnit("user@0.service/nginx.service".into())),
            user(Owner::Nobody),
        ];
        let units = [
            unit("nginx.service", "active"),
            unit("ssh.service", "active"),
            unit("dbus.service", "active"),
            unit("docker.service", "inactive"),
            unit("broken.service", "failed"),
        ];
        let before = ["docker.service", "broken.service", "nginx.service"].map(str::to_owned);
        let situation = Situation {
            users: &users,
            units: &units,
            before: &before,
            begun_amid: &[],
            denied: &[],
            moment: Moment::Forward,
        };
        let pass = decide(&situation);
        assert_eq!(
            (pass.restart.as_slice(), pass.last.as_slice()),
            (["nginx.service".to_owned()].as_slice(), ["ssh.service".to_owned()].as_slice())
        );
        assert_eq!(
            pass.start,
            ["docker.service"],
            "what the update stopped is started; what failed is not tried again"
        );
        assert_eq!(
            pass.left.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["dbus.service", "gone.service"]
        );
    }

    #[test]
    fn after_the_way_back_what_failed_is_started_and_what_began_amid_is_restarted() {
        let units = [unit("dead.service", "failed"), unit("mute.service", "active")];
        let (before, amid) = (["dead.service".to_owned()], ["mute.service".to_owned()]);
        let situation = Situation {
            users: &[],
            units: &units,
            before: &before,
            begun_amid: &amid,
            denied: &[],
            moment: Moment::Returned,
        };
        let pass = decide(&situation);
        assert_eq!((pass.start, pass.restart), (before.to_vec(), amid.to_vec()));
    }

    #[test]
    fn a_unit_that_cannot_be_stopped_and_work_that_ends_are_left() {
        let users = [user(Owner::Unit("auditd.service".into())), user(Owner::Unit("backup.service".into()))];
        let units = [
            Unit { can_stop: false, ..unit("auditd.service", "active") },
            Unit { kind: "oneshot".into(), ..unit("backup.service", "activating") },
        ];
        let situation = Situation {
            users: &users,
            units: &units,
            before: &[],
            begun_amid: &[],
            denied: &[],
            moment: Moment::Forward,
        };
        let pass = decide(&situation);
        assert!(pass.is_empty());
        assert_eq!(pass.left.len(), 2);
    }
}
