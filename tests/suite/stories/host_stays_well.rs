//! After an update the host is watched: what runs old code is restarted once, and an update that makes the host worse is
//! taken back by itself, also when patchctl is killed.

use std::fs;
use std::process::Child;

use serde_json::Value;

use super::records::checked_report;
use crate::lab::booted::{Booted, booted};
use crate::lab::namespace::Ran;

/// A short trial: the laboratory's services are up within a second.
const QUICK: &str = "[health]\ndeadline = \"8s\"\npoll = \"1s\"\n";

/// The same where the host is to be found well: three looks end it, and on a busy machine they take longer than a second.
const PATIENT: &str = "[health]\ndeadline = \"60s\"\npoll = \"1s\"\n";

fn apply(host: &Booted, packages: &str) -> Ran {
    host.run(&["patchctl", "apply", "--yes", "--offline", "--package", packages])
}

fn report(host: &Booted, run: &str) -> Value {
    checked_report(&host.read(&format!("var/lib/patchctl/runs/{run}/report.json")))
}

fn main_process(host: &Booted, unit: &str) -> String {
    host.run(&["systemctl", "show", "--property=MainPID", "--value", unit]).stdout.trim().to_owned()
}

fn is_active(host: &Booted, unit: &str) -> bool {
    host.run(&["systemctl", "is-active", unit]).stdout.trim() == "active"
}

/// Applies an update that must be taken back because of `blamed`, and proves the old state.
#[track_caller]
fn taken_back(host: &Booted, package: &str, blamed: &str) {
    let before = host.manifest();
    let ran = apply(host, package);
    assert_eq!(ran.code, 3, "{ran}");
    let report = report(host, "0001");
    assert_eq!(
        (&report["outcome"], &report["transaction"]["phase"]),
        (&"rolled-back".into(), &"returned".into())
    );
    let message = report["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(blamed), "{message} lacks {blamed}");
    let after = report["health"]["after_rollback"].as_array().expect("the old state is looked at too");
    assert!(after.iter().all(|check| check["state"] != "fail"), "{after:?}");
    assert_eq!(host.installed(package), "1.0");
    assert_eq!(host.changes_since(&before), [], "{ran}");
    let again = apply(host, package);
    assert_eq!((again.code, host.installed(package).as_str()), (0, "1.0"), "not tried again: {again}");
}

/// Starts a unit as often as the manager allows it in ten minutes (systemd.unit(5), `StartLimitBurst=`).
fn used_up_its_starts(host: &Booted, unit: &str) {
    let limit = "[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=3\n";
    host.write(&format!("etc/systemd/system/{unit}.d/limit.conf"), limit);
    let line =
        format!("systemctl daemon-reload; for n in 1 2 3; do systemctl restart {unit} || exit 1; done");
    host.run(&["sh", "-c", &line]).expect_code(0);
}

#[test]
fn services_on_old_code_are_restarted_once_and_the_host_is_found_healthy() {
    let Some(host) = booted(PATIENT) else { return };
    used_up_its_starts(&host, "lab-clock.service");
    let before = (main_process(&host, "lab-clock.service"), main_process(&host, "lab-web.service"));
    let ran = apply(&host, "lab-clock,lab-web");
    assert_eq!(ran.code, 0, "{ran}");
    let after = (main_process(&host, "lab-clock.service"), main_process(&host, "lab-web.service"));
    assert!(before.0 != after.0 && before.1 != after.1 && after.0 != "0", "{before:?} {after:?} {ran}");
    let report = report(&host, "0001");
    assert_eq!(report["health"]["verdict"], "healthy");
    assert_eq!(report["restart"]["services"], Value::Array(Vec::new()), "{ran}");
    let restarts =
        host.run(&["systemctl", "show", "--property=NRestarts", "--value", "lab-web.service"]).stdout;
    assert_eq!(restarts.trim(), "0", "systemd itself had nothing to restart");
    let timers = host.run(&["systemctl", "list-timers", "--all", "--no-legend", "patchctl*"]).stdout;
    assert_eq!(timers, "", "the dead man's timer is gone");
    assert!(!is_active(&host, "nothing.service"));
}

/// Starts the program of lab-clock with mounts of its own, as a container has them.
fn in_a_sandbox(host: &Booted) -> Child {
    let sandbox = host.start_command(&["unshare", "--mount", "/usr/lib/lab-clock/clock", "infinity"]);
    host.wait_until("the sandbox", |host| host.run(&["pgrep", "-c", "-x", "clock"]).stdout.trim() == "2");
    sandbox
}

#[test]
fn needs_restart_names_unit_package_and_hole_until_it_is_restarted() {
    let Some(host) = booted(&format!("{PATIENT}[apply]\nrestart = \"list\"\n")) else { return };
    let mut sandbox = in_a_sandbox(&host);
    let applied = apply(&host, "lab-clock,lab-web");
    assert_eq!(applied.code, 0, "{applied}");
    let document = || -> Value {
        let ran = host.run(&["patchctl", "needs-restart", "--format", "json"]);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"))
    };
    let services = |document: &Value| -> Vec<String> {
        let list = document["services"].as_array().expect("a list").iter();
        list.map(|service| format!("{} {}", service["name"], service["packages"])).collect()
    };
    let found = services(&document());
    let expected = ["\"lab-clock.service\" [\"lab-clock\"]", "\"lab-web.service\" [\"lab-web\"]"];
    assert_eq!(found, expected, "{applied}");
    let elsewhere = document()["elsewhere"].clone();
    assert_eq!(elsewhere[0]["name"], "clock", "what has files of its own is listed: {elsewhere}");
    assert_eq!(elsewhere[0]["packages"].as_array().map_or(0, Vec::len), 0, "and no package is blamed for it");
    let reboot = host.run(&["patchctl", "needs-restart", "--reboot"]);
    assert_eq!(reboot.code, 0, "{reboot}");
    host.run(&["systemctl", "restart", "lab-clock.service", "lab-web.service"]).expect_code(0);
    assert_eq!(services(&document()), Vec::<String>::new());
    assert!(sandbox.try_wait().expect("it can be asked").is_none(), "nor was it ended");
    let _ = sandbox.kill();
    host.write("run/reboot-required", "*** System restart required ***\n");
    host.run(&["touch", "/run/reboot-required"]).expect_code(0);
    host.run(&["patchctl", "needs-restart", "--reboot"]).expect_code(102);
}

#[test]
fn a_service_that_the_update_stopped_is_started_again() {
    let Some(host) = booted(PATIENT) else { return };
    let ran = apply(&host, "lab-stopper");
    assert_eq!(ran.code, 0, "{ran}");
    assert!(is_active(&host, "lab-web.service"), "{ran}");
    let restarted = &report(&host, "0001")["restart"]["restarted"];
    assert_eq!(
        (&restarted[0]["name"], &restarted[0]["because"]),
        (&"lab-web.service".into(), &"stopped-by-the-run".into())
    );
}

#[test]
fn a_service_that_does_not_come_back_takes_the_run_back() {
    let Some(host) = booted(QUICK) else { return };
    taken_back(&host, "lab-dies", "lab-dies.service");
    assert!(is_active(&host, "lab-dies.service"), "the old version runs again");
}

#[test]
fn a_port_that_vanishes_takes_the_run_back() {
    let Some(host) = booted(QUICK) else { return };
    taken_back(&host, "lab-mute", "tcp 8082");
}

#[test]
fn an_sshd_that_would_not_start_again_takes_the_run_back() {
    let Some(host) = booted(QUICK) else { return };
    taken_back(&host, "lab-sshbreak", "sshd");
    assert!(is_active(&host, "ssh.service"));
}

#[test]
fn a_check_of_the_administrator_that_fails_takes_the_run_back() {
    let Some(host) = booted(QUICK) else { return };
    host.check(
        "required.d",
        "version",
        "grep -qx 1.0 /usr/share/lab-plain/version || { echo too new; exit 1; }",
    );
    host.check("required.d", "always-red", "exit 1");
    host.check("required.d", "unsure", "exit 2");
    host.check("wanted.d", "wanted", "grep -qx 1.0 /usr/share/lab-plain/version");
    taken_back(&host, "lab-plain", "version: too new");
    let checks = report(&host, "0001")["health"]["checks"].clone();
    let state = |name: &str| {
        let found = checks.as_array().expect("a list").iter().find(|check| check["name"] == name);
        found.map(|check| check["state"].clone())
    };
    assert_eq!(state("always-red"), Some("failed-before".into()));
    assert_eq!(state("unsure"), Some("cannot-tell".into()));
}

#[test]
fn a_check_that_hangs_takes_the_run_back_in_time() {
    let check =
        "[[health.check]]\nname = \"hangs\"\ncommand = [\"/usr/local/sbin/hangs\"]\ntimeout = \"2s\"\n";
    let Some(host) = booted(&format!("{QUICK}{check}")) else { return };
    let script =
        "#!/bin/sh\ngrep -qx 1.0 /usr/share/lab-plain/version && exit 0\nsetsid sleep 600 & sleep 600\n";
    host.write("usr/local/sbin/hangs", script);
    host.run(&["chmod", "755", "/usr/local/sbin/hangs"]).expect_code(0);
    taken_back(&host, "lab-plain", "hangs: it did not end within 2 s");
}

#[test]
fn nothing_that_a_check_started_outlives_it() {
    let Some(host) = booted(PATIENT) else { return };
    // A daemon of the look before would be found by the next one. One leaves the session, one the process group.
    let daemons = "setsid -f sleep 4711 >/dev/null 2>&1; sleep 4711 >/dev/null 2>&1 &";
    let script = format!("if pgrep -fx 'sleep 4711' >&2; then exit 1; fi\n{daemons}\nexit 0");
    host.check("required.d", "forks", &script);
    let line =
        ["systemd-run", "--quiet", "--wait", "--unit=forks", "--", "patchctl", "apply", "--yes", "--offline"];
    let ran = host.run(&[&line[..], &["--package", "lab-plain"]].concat());
    let health = report(&host, "0001")["health"].clone();
    if health["not_run"].to_string().contains("no control group") {
        return println!("not run: no control group can be made in this container");
    }
    assert_eq!((ran.code, host.installed("lab-plain").as_str()), (0, "2.0"), "{ran} {health}");
    let checks = health["checks"].as_array().expect("a list");
    let forks = checks.iter().find(|check| check["name"] == "forks").expect("the check is told");
    assert_eq!((&forks["state"], health["looks"].as_u64() >= Some(3)), (&"pass".into(), true), "{health}");
    // Where containers share the hierarchy, the groups of other tests show as well: those of this unit are looked for.
    let groups =
        ["find", "/sys/fs/cgroup", "-type", "d", "-regex", ".*/forks.service/patchctl-[0-9]+-[0-9]+"];
    let left = host.run(&groups).stdout + &host.run(&["pgrep", "-fx", "sleep 4711"]).stdout;
    assert_eq!(left, "", "{ran}");
}

#[test]
fn a_check_that_others_could_change_is_refused_before_anything_is_changed() {
    let Some(host) = booted(QUICK) else { return };
    host.check("required.d", "open", "exit 0");
    host.run(&["chmod", "777", "/etc/patchctl/checks.d/required.d/open"]).expect_code(0);
    let ran = apply(&host, "lab-plain");
    assert_eq!((ran.code, host.installed("lab-plain").as_str()), (2, "1.0"), "{ran}");
    assert!(ran.said().contains("chmod go-w /etc/patchctl/checks.d/required.d/open"), "{ran}");
}

/// Kills patchctl in its trial and waits for the dead man's timer to decide.
fn killed_in_the_trial(host: &Booted) {
    let mut running =
        host.start_command(&["patchctl", "apply", "--yes", "--offline", "--package", "lab-plain"]);
    let journal = "var/lib/patchctl/runs/0001/journal";
    host.wait_until("the trial", |host| {
        fs::read_to_string(host.path(journal)).is_ok_and(|text| text.contains("\"phase\":\"trial\""))
    });
    host.run(&["sh", "-c", "kill -KILL $(pidof patchctl)"]).expect_code(0);
    running.wait().expect("it can be waited for");
    host.wait_until("an end without patchctl", |host| {
        let text = fs::read_to_string(host.path(journal)).unwrap_or_default();
        text.contains("\"phase\":\"returned\"") || text.contains("\"phase\":\"commit\"")
    });
    host.wait_until("the report of the recovery", |host| {
        host.path("var/lib/patchctl/runs/0001/report.json").exists()
    });
    host.wait_until("the end of the timer", |host| {
        host.run(&["systemctl", "list-timers", "--all", "--no-legend", "patchctl*"]).stdout.is_empty()
    });
}

#[test]
fn a_killed_patchctl_is_replaced_by_the_dead_mans_timer_which_goes_back() {
    let Some(host) = booted(QUICK) else { return };
    host.check(
        "required.d",
        "version",
        "grep -qx 1.0 /usr/share/lab-plain/version || { echo too new; exit 1; }",
    );
    let before = host.manifest();
    killed_in_the_trial(&host);
    assert_eq!(host.installed("lab-plain"), "1.0");
    assert_eq!(host.changes_since(&before), []);
    let message = report(&host, "0001")["error"]["message"].to_string();
    assert!(message.contains("version: too new"), "{message}");
}

#[test]
fn a_killed_patchctl_is_replaced_by_the_dead_mans_timer_which_finishes() {
    let Some(host) = booted("[health]\ndeadline = \"8s\"\npoll = \"3s\"\n") else { return };
    killed_in_the_trial(&host);
    assert_eq!(host.installed("lab-plain"), "2.0");
    assert_eq!(report(&host, "0001")["health"]["verdict"], "healthy");
}

/// Applies sound updates again and again; none may be taken back.
fn healthy_repeats(times: usize) {
    let Some(host) = booted(PATIENT) else { return };
    // apt's own cache may be of the second before the update, and know the old versions.
    let line = "apt-get -qq -y -o Dir::Cache::pkgcache= --allow-downgrades install lab-clock=1.0 lab-web=1.0";
    for number in 1..=times {
        let ran = apply(&host, "lab-clock,lab-web");
        assert_eq!(ran.code, 0, "repeat {number} of {times} was taken back: {ran}");
        assert_eq!(host.installed("lab-web"), "2.0", "repeat {number} of {times} did nothing: {ran}");
        host.run(&["sh", "-c", line]).expect_code(0);
    }
    println!("{times} healthy repeats, no false rollback");
}

#[test]
fn sound_updates_are_never_taken_back() {
    healthy_repeats(3);
}

#[test]
#[ignore = "the full count: a quarter of an hour"]
fn a_hundred_sound_updates_are_never_taken_back() {
    healthy_repeats(100);
}
