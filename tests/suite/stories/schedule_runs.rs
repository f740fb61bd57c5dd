//! Scans and runs begin by themselves, in a booted system with a real service manager, and on one without.

use std::thread;
use std::time::{Duration, Instant};

use chrono::{Datelike, Days, TimeDelta, Timelike, Utc};

use super::records::{assert_says, refused_unchanged};
use super::watch::document;
use crate::lab::booted::{Booted, booted};
use crate::lab::debian;

/// A short trial, and of the fixtures the one that goes well.
const QUICK: &str = "[health]\ndeadline = \"8s\"\npoll = \"1s\"\n[policy.packages]\nonly = [\"lab-plain\"]\n";
const TIMERS: [&str; 2] = ["patchctl-scan.timer", "patchctl-apply.timer"];

/// A timer of the kind that another updater has.
const RIVAL: &str = "[Timer]\nOnCalendar=*-*-1\n[Install]\nWantedBy=timers.target\n";

/// A timer that has not fired so long after its time never will.
const PATIENCE: Duration = Duration::from_secs(240);

fn window(days_ahead: u64, hour: u32, minute: u32) -> String {
    let day = Utc::now().date_naive().checked_add_days(Days::new(days_ahead)).expect("a day").weekday();
    format!(
        "{QUICK}[[policy.window]]\ndays = [\"{day}\"]\nstart = \"{hour:02}:{minute:02}\"\nduration = \"4h\"\n"
    )
}

fn unit(host: &Booted, unit: &str, property: &str) -> String {
    let said = host.run(&["systemctl", "show", "--value", "--property", property, unit]);
    said.stdout.trim().to_owned()
}

#[test]
fn the_schedule_of_a_policy_is_one_that_systemd_accepts_and_carries_out() {
    let rules = format!("[policy]\nother_updaters = \"refuse\"\n{}", window(3, 2, 0));
    let Some(host) = booted(&rules) else { return };
    let rival = "dnf-automatic.timer";
    host.write(&format!("etc/systemd/system/{rival}"), RIVAL);
    host.write("etc/systemd/system/dnf-automatic.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n");
    assert_eq!(host.run(&["systemctl", "enable", "--now", rival]).code, 0);
    let installed = host.run(&["patchctl", "schedule", "install"]);
    assert_says(&installed, "dnf-automatic.timer is switched off; patchctl schedule remove switches it on");
    assert_eq!((unit(&host, rival, "ActiveState"), unit(&host, rival, "UnitFileState")), off());
    assert_eq!(installed.code, 0, "{installed}");
    assert_says(&installed, "written /etc/systemd/system/patchctl-apply.timer");
    for name in TIMERS {
        assert_eq!(unit(&host, name, "ActiveState"), "active", "{installed}");
        let path = format!("/etc/systemd/system/{name}");
        let verified = host.run(&["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", &path]);
        assert_eq!((verified.code, verified.stderr.as_str()), (0, ""), "{verified}");
    }
    let again = host.run(&["patchctl", "schedule"]);
    assert_says(&again, "in place /etc/systemd/system/patchctl-scan.timer");
    let exposure =
        host.run(&["systemd-analyze", "security", "--threshold=30", "--no-pager", "patchctl-scan.service"]);
    assert_eq!(exposure.code, 0, "{exposure}");
    host.run(&["systemctl", "start", "patchctl-scan.service"]);
    let log = host.run(&["journalctl", "--no-pager", "-u", "patchctl-scan.service"]);
    assert_eq!(unit(&host, "patchctl-scan.service", "Result"), "success", "{log}");
    let latest = host.run(&["cat", "/var/lib/patchctl/latest.json"]);
    assert!(latest.stdout.contains("patchctl.report/1"), "{latest}");
    host.run(&["systemctl", "start", "patchctl-apply.service"]);
    assert_eq!(unit(&host, "patchctl-apply.service", "Result"), "success", "no window is open");
    assert_eq!(host.installed("lab-plain"), "1.0");
    let removed = host.run(&["patchctl", "schedule", "remove"]);
    assert_eq!(removed.code, 0, "{removed}");
    for name in TIMERS {
        assert_eq!(unit(&host, name, "LoadState"), "not-found", "{removed}");
    }
    assert_eq!(unit(&host, rival, "ActiveState"), "active", "what was switched off is on again: {removed}");
    assert!(!host.path("var/lib/patchctl/switched-off.json").exists(), "{removed}");
}

fn off() -> (String, String) {
    ("inactive".to_owned(), "disabled".to_owned())
}

#[test]
fn a_timer_fires_in_its_window_and_the_host_is_patched_without_anybody() {
    let soon = Utc::now() + TimeDelta::seconds(75);
    let today = u64::from(soon.date_naive() != Utc::now().date_naive());
    let Some(host) = booted(&window(today, soon.hour(), soon.minute())) else { return };
    let installed = host.run(&["patchctl", "schedule", "install"]);
    assert_eq!(installed.code, 0, "{installed}");
    let began = Instant::now();
    while host.installed("lab-plain") != "2.0"
        || unit(&host, "patchctl-apply.service", "ActiveState") != "inactive"
    {
        let log = || {
            host.run(&[
                "journalctl",
                "--no-pager",
                "-u",
                "patchctl-apply.service",
                "-u",
                "patchctl-apply.timer",
            ])
        };
        assert!(began.elapsed() < PATIENCE, "the timer never fired: {}", log());
        thread::sleep(Duration::from_secs(1));
    }
    let result = unit(&host, "patchctl-apply.service", "Result");
    let log = host.run(&["journalctl", "--no-pager", "-u", "patchctl-apply.service"]);
    assert_eq!(result, "success", "{log}");
}

#[test]
fn a_scan_of_cron_is_silent_until_something_changed_or_failed() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let scan = || root.run(&["patchctl", "scan", "--quiet", "--summary"]);
    let silent = |ran: &crate::lab::namespace::Ran| (ran.stdout.as_str(), ran.stderr.as_str()) == ("", "");
    let first = scan().expect_code(0);
    assert!(!silent(&first), "what nobody was told yet is told");
    let again = scan().expect_code(0);
    assert!(silent(&again), "{again}");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let after = scan().expect_code(0);
    assert!(silent(&after), "the run told what it closed: {after}");
    root.apt(&["install", "-y", "--allow-downgrades", "lab-plain=1.0"]).expect_code(0);
    let opened = scan().expect_code(0);
    assert!(!silent(&opened), "what opened again is told");
    root.shell("rm -rf /var/lib/apt/lists/*").expect_code(0);
    for _ in 0..2 {
        let failed = scan().expect_code(9);
        assert!(!silent(&failed), "what failed is told each time");
    }
}

#[test]
fn without_systemd_cron_gets_entries_that_keep_to_the_windows() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let shown = root.run(&["patchctl", "schedule", "--format", "json"]).expect_code(0);
    let shown = document(&shown, "schedule-1.json");
    assert_eq!((&shown["method"], &shown["files"][0]["state"]), (&"cron".into(), &"absent".into()));
    assert_says(&root.run(&["patchctl", "schedule"]), "nothing is patched unasked");
    root.shell("mkdir -p /etc/patchctl").expect_code(0);
    root.write("etc/patchctl/patchctl.toml", &window(3, 2, 0));
    let refused = refused_unchanged(&root, &["patchctl", "schedule", "install"], 1);
    assert_says(&refused, "neither systemd nor cron");
    root.shell("mkdir /etc/cron.d").expect_code(0);
    root.run(&["patchctl", "schedule", "install"]).expect_code(0);
    let entries = root.read("etc/cron.d/patchctl");
    let line = entries.lines().find(|line| line.contains(" apply ")).expect("an entry for runs");
    assert!(line.contains(" * * * * root /usr/bin/patchctl apply --yes --quiet --scheduled"), "{entries}");
    let ran = refused_unchanged(&root, &["patchctl", "apply", "--yes", "--quiet", "--scheduled"], 0);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""), "outside its windows cron is silent");
    root.run(&["patchctl", "schedule", "remove"]).expect_code(0);
    root.shell("test ! -e /etc/cron.d/patchctl").expect_code(0);
}
