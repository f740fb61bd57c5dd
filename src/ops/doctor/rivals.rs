//! Other programs that change packages by themselves: each is welcome, and two at once are not.

use std::collections::BTreeSet;
use std::path::Path;

use crate::host::processes;
use crate::host::storage;

/// Whether a unit changes packages, or only fetches lists of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It installs updates.
    Installs,
    /// It fetches lists, for which it takes another lock than a run.
    Fetches,
}

/// Units that install or fetch unasked, and whose they are (the unit files of Debian's apt, of PackageKit,
/// dnf-automatic, dnf5, yum-cron and openSUSE's transactional-update).
const UNITS: &[(&str, &str, Work)] = &[
    ("apt-daily-upgrade.timer", "unattended-upgrades", Work::Installs),
    ("apt-daily.timer", "apt", Work::Fetches),
    ("packagekit-offline-update.service", "PackageKit", Work::Installs),
    ("dnf-automatic.timer", "dnf-automatic", Work::Installs),
    ("dnf-automatic-install.timer", "dnf-automatic", Work::Installs),
    ("dnf5-automatic.timer", "dnf5-automatic", Work::Installs),
    ("yum-cron.service", "yum-cron", Work::Installs),
    ("transactional-update.timer", "transactional-update", Work::Installs),
];

/// Programs that change packages while they run, by their short names (15 bytes at most, proc_pid_comm(5)).
const PROGRAMS: &[&str] = &[
    "apt",
    "apt-get",
    "aptitude",
    "dpkg",
    "unattended-upgr",
    "packagekitd",
    "dnf",
    "dnf5",
    "dnf5daemon-serv",
    "yum",
    "rpm",
    "zypper",
    "pacman",
    "apk",
];

/// What was found of other programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rivals {
    /// Units that the host starts by itself, each with what it belongs to.
    pub enabled: Vec<(&'static str, &'static str, Work)>,
    /// Programs that run now, with their process.
    pub running: Vec<(String, u32)>,
}

impl Rivals {
    /// Names them for people; `None` where there are none.
    pub fn told(&self) -> Option<String> {
        let running = self.running.iter().map(|(name, pid)| format!("{name} runs (process {pid})"));
        let enabled = self.enabled.iter().map(|(unit, whose, work)| match work {
            Work::Installs => format!("{whose} may install by itself ({unit})"),
            Work::Fetches => format!("{whose} fetches lists by itself ({unit})"),
        });
        let all: Vec<String> = running.chain(enabled).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// Tells whether one of them changes packages.
    pub fn are_at_odds(&self) -> bool {
        !self.running.is_empty() || self.installing().next().is_some()
    }

    /// Returns the units that install updates by themselves.
    pub fn installing(&self) -> impl Iterator<Item = &'static str> {
        self.enabled.iter().filter(|(_, _, work)| *work == Work::Installs).map(|(unit, ..)| *unit)
    }

    /// Returns the command that stops those which begin by themselves.
    pub fn fix(&self) -> Option<String> {
        let units: Vec<&str> = self.installing().collect();
        (!units.is_empty())
            .then(|| format!("to leave patching to patchctl: systemctl disable --now {}", units.join(" ")))
    }
}

/// Returns those that work on packages now.
pub fn at_work() -> Rivals {
    Rivals { enabled: Vec::new(), running: running() }
}

/// Looks for them in a root; running programs only where the root is the running system.
pub fn find(root: &Path, is_live: bool) -> Rivals {
    let wanted = wanted_units(root);
    let is_masked = |unit: &str| {
        storage::link_target(&root.join("etc/systemd/system").join(unit))
            .is_ok_and(|to| to == Path::new("/dev/null"))
    };
    let installs = |unit: &str| unit != "apt-daily-upgrade.timer" || upgrades_unattended(root);
    let enabled =
        UNITS.iter().filter(|(unit, ..)| wanted.contains(*unit) && !is_masked(unit) && installs(unit));
    Rivals { enabled: enabled.copied().collect(), running: if is_live { running() } else { Vec::new() } }
}

/// The units that some target of the root wants at boot.
fn wanted_units(root: &Path) -> BTreeSet<String> {
    let folders = storage::list(&root.join("etc/systemd/system")).unwrap_or_default();
    let wants = folders.into_iter().filter(|path| path.extension().is_some_and(|end| end == "wants"));
    let links = wants.flat_map(|folder| storage::list(&folder).unwrap_or_default());
    links.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

/// Whether apt's own timer installs updates: unattended-upgrades is there and switched on (apt.conf.d, the later file
/// wins; its README).
fn upgrades_unattended(root: &Path) -> bool {
    if !storage::exists(&root.join("usr/bin/unattended-upgrade")) {
        return false;
    }
    let files = storage::list(&root.join("etc/apt/apt.conf.d")).unwrap_or_default();
    let mut value = None;
    for path in files {
        let bytes = storage::read_at_most(&path, 1 << 20).unwrap_or_default();
        value = switched(&String::from_utf8_lossy(&bytes)).or(value);
    }
    value.unwrap_or(false)
}

fn switched(text: &str) -> Option<bool> {
    let mut values = text.lines().rev().filter_map(|line| {
        let value = line.trim().strip_prefix("APT::Periodic::Unattended-Upgrade")?;
        Some(value.trim().trim_matches([' ', '"', ';']) != "0")
    });
    values.next()
}

fn running() -> Vec<(String, u32)> {
    let own = std::process::id();
    let processes = processes::named(PROGRAMS);
    let found = processes.here().filter(|process| process.pid != own);
    found.map(|process| (process.command.clone(), process.pid)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_switch_of_a_file_counts() {
        let text = "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n";
        assert_eq!(switched(text), Some(true));
        assert_eq!(switched(&text.replace("Upgrade \"1\"", "Upgrade \"0\"")), Some(false));
        assert_eq!(switched("// nothing\n"), None);
    }

    #[test]
    fn rivals_are_named_with_what_stops_them() {
        let rivals = Rivals {
            enabled: vec![("dnf-automatic.timer", "dnf-automatic", Work::Installs)],
            running: vec![("packagekitd".into(), 812)],
        };
        let told = rivals.told().expect("there are some");
        assert_eq!(
            told,
            "packagekitd runs (process 812), dnf-automatic may install by itself (dnf-automatic.timer)"
        );
        assert!(rivals.fix().is_some_and(|fix| fix.ends_with("disable --now dnf-automatic.timer")));
        assert_eq!(Rivals::default().told(), None);
    }
}
