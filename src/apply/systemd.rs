//! The service manager: what its units are doing, and the few orders that a run gives it.
//!
//! Its tools are asked with a time limit; what an order did is read from a fresh look, not from an exit code.

use std::path::Path;
use std::time::Duration;

use crate::host::inhibitor::Inhibitor;
use crate::host::runner::{self, CommandOutput, CommandSpec};
use crate::host::storage;

const SYSTEMCTL: &str = "/usr/bin/systemctl";

/// A manager that does not answer a question for this long is not going to.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What a run needs to know of a unit (systemctl(1) `show`; the properties of org.freedesktop.systemd1(5)).
const PROPERTIES: &str = "Id,Names,Type,ActiveState,UnitFileState,Transient,TriggeredBy,WantedBy,RequiredBy,After,\
    CanStop,RefuseManualStop,NeedDaemonReload,Job";

/// What systemctl is asked for every loaded unit; [`parse`] reads the answer.
pub const LISTING: [&str; 6] = ["show", "--all", "--no-pager", "--property", PROPERTIES, "*"];

/// A loaded unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// Its other names.
    pub names: Vec<String>,
    /// How a service begins, such as `notify`, `oneshot` or `dbus`; empty for other units.
    pub kind: String,
    /// `active`, `failed`, `inactive` and the like.
    pub state: String,
    /// `enabled`, `static` and the like.
    pub enablement: String,
    /// Made at run time, not from a file.
    pub transient: bool,
    /// Units that start it when something asks for it.
    pub triggered_by: Vec<String>,
    /// Other units want or require it.
    pub wanted: bool,
    /// Units that its start waits for, as long as they are being started themselves.
    pub after: Vec<String>,
    /// Whether it may be stopped by hand.
    pub can_stop: bool,
    /// Its files changed since the manager read them.
    pub outdated: bool,
    /// The manager has something to do with it still, such as to start it.
    pub has_job: bool,
}

impl Unit {
    /// Tells whether it runs, or did its work and counts as running.
    pub fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// Tells whether it failed.
    pub fn has_failed(&self) -> bool {
        self.state == "failed"
    }

    /// Tells whether a timer starts it for a piece of work that ends.
    pub fn is_timed_work(&self) -> bool {
        self.kind == "oneshot" && self.triggered_by.iter().any(|name| name.ends_with(".timer"))
    }
}

/// Tells whether systemd manages this host (sd_booted(3)).
pub fn is_running() -> bool {
    storage::metadata(Path::new("/run/systemd/system")).is_ok_and(|found| found.is_some_and(|m| m.is_dir()))
}

/// Tells whether a unit is there and started by a target, as `systemctl enable` leaves it in `units` (systemd.unit(5)).
pub fn is_wanted(units: &Path, unit: &str) -> bool {
    let is_by = |folder: &Path| folder.extension().is_some_and(|end| end == "wants");
    let folders = storage::list(units).unwrap_or_default();
    folders.iter().any(|folder| is_by(folder) && storage::exists(&folder.join(unit)))
}

/// Asks the login manager not to shut down or sleep while packages change; `None` where there is none. What shuts down
/// all the same is met by recovery.
pub fn inhibit(because: &str) -> Option<Inhibitor> {
    if is_running() { Inhibitor::ask(because) } else { None }
}

/// Returns every loaded unit; `None` when the manager does not answer.
pub fn units() -> Option<Vec<Unit>> {
    if !is_running() {
        return None;
    }
    let spec = systemctl(&LISTING);
    let output = runner::run(&spec.time_limit(ANSWER_LIMIT)).ok().filter(CommandOutput::is_success)?;
    Some(parse(&output.text()))
}

fn systemctl(arguments: &[&str]) -> CommandSpec {
    CommandSpec::new(SYSTEMCTL).args(arguments.iter().copied())
}

/// Reads the blocks of `systemctl show`, one a unit, with an empty line between them.
pub fn parse(text: &str) -> Vec<Unit> {
    let units = text.split("\n\n").map(parse_unit);
    units.filter(|unit| !unit.name.is_empty()).collect()
}

fn parse_unit(block: &str) -> Unit {
    let mut unit = Unit { can_stop: true, ..Unit::default() };
    for (key, value) in block.lines().filter_map(|line| line.split_once('=')) {
        let words = || value.split_ascii_whitespace().map(str::to_owned).collect();
        match key {
            "Id" => value.clone_into(&mut unit.name),
            "Names" => unit.names = words(),
            "Type" => value.clone_into(&mut unit.kind),
            "ActiveState" => value.clone_into(&mut unit.state),
            "UnitFileState" => value.clone_into(&mut unit.enablement),
            "Transient" => unit.transient = value == "yes",
            "TriggeredBy" => unit.triggered_by = words(),
            "WantedBy" | "RequiredBy" => unit.wanted |= !value.is_empty(),
            "After" => unit.after = words(),
            "CanStop" => unit.can_stop &= value == "yes",
            "RefuseManualStop" => unit.can_stop &= value == "no",
            "NeedDaemonReload" => unit.outdated = value == "yes",
            "Job" => unit.has_job = !matches!(value, "" | "0"),
            _ => {}
        }
    }
    unit
}

/// Lets the manager read its files again.
pub fn reload() {
    // Whether it worked is seen by what the units do afterwards.
    let _ = runner::run(&systemctl(&["daemon-reload"]).time_limit(Duration::from_secs(90)));
}

/// Enables units and starts those that are timers.
///
/// # Errors
/// The manager refuses; its words are returned.
pub fn switch_on(units: &[&str]) -> Result<(), String> {
    let timers: Vec<&str> = units.iter().copied().filter(|unit| unit.ends_with(".timer")).collect();
    told(&systemctl(&["enable", "--quiet", "--"]).args(units.iter().copied()))?;
    told(&systemctl(&["restart", "--"]).args(timers))
}

/// Disables units and stops those that are timers; one that is not there needs nothing.
pub fn switch_off(units: &[&str]) {
    let timers = units.iter().copied().filter(|unit| unit.ends_with(".timer"));
    // A unit without a file is refused, and is as it should be.
    let _ = told(&systemctl(&["stop", "--"]).args(timers));
    for unit in units {
        let _ = told(&systemctl(&["disable", "--quiet", "--", unit]));
    }
}

fn told(spec: &CommandSpec) -> Result<(), String> {
    let output = runner::run(&spec.clone().time_limit(ANSWER_LIMIT)).map_err(|error| error.to_string())?;
    if output.is_success() { Ok(()) } else { Err(output.last_words(3).join("; ")) }
}

/// What is done to units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Stop and start.
    Restart,
    /// Start what was stopped.
    Start,
}

/// Gives one order for several units at once, so that the manager sorts them by their dependencies, and waits for it.
///
/// The counters of their start limits are set back first (systemctl(1) `reset-failed`): what a package's own script
/// restarted already must not use them up.
pub fn give(order: Order, units: &[&str], patience: Duration) {
    if units.is_empty() {
        return;
    }
    let word = match order {
        Order::Restart => "restart",
        Order::Start => "start",
    };
    let call = |word: &str| {
        let spec = systemctl(&[word, "--"]).args(units.iter().copied()).time_limit(patience);
        // What it did is read from the units by the caller.
        let _ = runner::run(&spec);
    };
    call("reset-failed");
    call(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_from_the_answer_of_systemctl() {
        let text = "Type=notify\nCanStop=yes\nRefuseManualStop=no\nId=ssh.service\nNames=ssh.service sshd.service\n\
                    ActiveState=active\nUnitFileState=enabled\nTransient=no\nTriggeredBy=\nWantedBy=multi-user.target\n\
                    NeedDaemonReload=no\n\nType=oneshot\nId=apt-daily.service\nNames=apt-daily.service\n\
                    ActiveState=failed\nUnitFileState=static\nTriggeredBy=apt-daily.timer\nRefuseManualStop=yes\n\n\
                    Id=tmp.mount\nActiveState=inactive\nJob=\n\n\
                    Id=late.service\nActiveState=inactive\nJob=417\nAfter=multi-user.target basic.target\n";
        let units = parse(text);
        assert_eq!(units.iter().map(|unit| unit.has_job).collect::<Vec<_>>(), [false, false, false, true]);
        assert_eq!(units.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().len(), 4);
        assert_eq!(units[3].after, ["multi-user.target", "basic.target"]);
        assert!(units[0].is_active() && units[0].wanted && units[0].can_stop);
        assert_eq!(units[0].names, ["ssh.service", "sshd.service"]);
        assert!(units[1].is_timed_work() && units[1].has_failed() && !units[1].can_stop);
    }
}
