//! A run goes on without its terminal, asks the host to stay up, and is tried also where a reboot cut it off; a run that was
//! asked to go back leaves no old code behind.

use std::fs;

use serde_json::Value;

use super::records::{assert_says, report_of_run};
use crate::lab::booted::booted;
use crate::lab::debian::{self, DebianRoot};

const QUICK: &str = "[health]\ndeadline = \"8s\"\npoll = \"1s\"\n";

#[test]
fn without_a_service_manager_a_detached_run_has_a_session_of_its_own() {
    let Some(root) = debian::small_with(&["lab-slow"]) else { return };
    let line = "patchctl apply --yes --detach; echo begun $?; patchctl apply --yes --detach; echo second $?; \
                patchctl status --wait; echo ended $?";
    let ran = root.shell(line);
    for told in ["goes on in the background", "begun 0", "second 7", "patchctl status --wait", "ended 0"] {
        assert_says(&ran, told);
    }
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"), "{ran}");
    assert!(root.read("var/lib/patchctl/detached.log").contains("patched"));
}

#[test]
fn who_waits_for_a_run_that_fails_gets_its_code() {
    let Some(root) = debian::small_with(&["lab-bad", "lab-slow"]) else { return };
    let ran =
        root.shell("patchctl apply --yes --detach --format json; patchctl status --wait; echo ended $?");
    assert_says(&ran, "\"schema\": \"patchctl.detached/1\"");
    assert_says(&ran, "ended 3");
}

#[test]
fn a_detached_run_is_a_unit_and_keeps_the_host_from_shutting_down() {
    // Slow enough to be seen at work, with a deadline that a busy machine keeps.
    let Some(host) = booted("[health]\ndeadline = \"120s\"\npoll = \"1s\"\n") else { return };
    host.check("required.d", "slow", "sleep 1");
    let begun = host.run(&["patchctl", "apply", "--yes", "--offline", "--package", "lab-web", "--detach"]);
    assert_eq!(begun.code, 0, "{begun}");
    assert_says(&begun, "patchctl-apply-");
    let locks = std::cell::RefCell::new(String::new());
    host.wait_until("the login manager is asked", |host| {
        locks.replace(host.run(&["systemd-inhibit", "--list", "--no-pager"]).stdout);
        locks.borrow().contains("patchctl") || host.installed("lab-web") == "2.0"
    });
    let locks = locks.take();
    assert!(locks.contains("patchctl") && locks.contains("shutdown:sleep"), "{locks}");
    let waited = host.run(&["patchctl", "status", "--wait"]);
    assert_eq!(waited.code, 0, "{waited}");
    assert_eq!(host.installed("lab-web"), "2.0");
    let after = host.run(&["systemd-inhibit", "--list", "--no-pager"]).stdout;
    assert!(!after.contains("patchctl"), "the request ends with the run: {after}");
}

#[test]
fn a_rollback_restarts_what_runs_the_new_code_and_looks_at_the_host() {
    let Some(host) = booted(QUICK) else { return };
    let main =
        || host.run(&["systemctl", "show", "--property=MainPID", "--value", "lab-clock.service"]).stdout;
    let applied = host.run(&["patchctl", "apply", "--yes", "--offline", "--package", "lab-clock"]);
    assert_eq!(applied.code, 0, "{applied}");
    let patched = main();
    let back = host.run(&["patchctl", "rollback", "--yes"]);
    assert_eq!(back.code, 0, "{back}");
    assert_ne!(patched, main(), "the service runs the old code again: {back}");
    let report: Value = serde_json::from_str(&host.read("var/lib/patchctl/runs/0002/report.json")).unwrap();
    assert_eq!(report["health"]["verdict"], "healthy", "{back}");
    assert_eq!(report["health"]["dead_man"], "patchctl-dead-man-0002.timer", "{back}");
    assert_eq!(report["restart"]["services"], Value::Array(Vec::new()), "{back}");
}

#[test]
fn a_rollback_whose_patchctl_is_killed_is_ended_by_the_dead_mans_timer() {
    let Some(host) = booted(QUICK) else { return };
    host.run(&["patchctl", "apply", "--yes", "--offline", "--package", "lab-clock"]).expect_code(0);
    let line = "patchctl rollback --yes >/dev/null 2>&1 & pid=$!; \
        until grep -q back-intended /var/lib/patchctl/runs/0002/journal 2>/dev/null; do :; done; \
        kill -KILL $pid; wait $pid; echo killed $?";
    assert_says(&host.run(&["sh", "-c", line]), "killed 137");
    host.wait_until("an end without patchctl", |host| {
        let report = host.path("var/lib/patchctl/runs/0002/report.json");
        let timers = host.run(&["systemctl", "list-timers", "--all", "--no-legend", "patchctl*"]);
        report.exists() && timers.stdout.is_empty()
    });
    assert_eq!(host.installed("lab-clock"), "1.0");
    let report: Value = serde_json::from_str(&host.read("var/lib/patchctl/runs/0002/report.json")).unwrap();
    assert_eq!(report["transaction"]["phase"], "returned", "{report}");
    assert_eq!(report["health"]["verdict"], "healthy", "{report}");
    assert_eq!(report["restart"]["services"], Value::Array(Vec::new()), "it runs the old code: {report}");
}

/// Kills a run amid its batch, and makes its baseline that of another boot.
fn cut_off_by_a_reboot(root: &DebianRoot) {
    root.write("etc/ok", "");
    root.write("etc/patchctl/checks.d/required.d/ok", "#!/bin/sh\ntest -e /etc/ok\n");
    root.shell("chmod 755 /etc/patchctl/checks.d/required.d/ok").expect_code(0);
    root.write("etc/patchctl/patchctl.toml", "[health]\ndeadline = \"4s\"\npoll = \"1s\"\n");
    let running = root.command(&["patchctl", "apply", "--yes"]).start();
    running.wait_until("the script waits", || {
        let log = root.path("var/lib/patchctl/runs/0001/log");
        fs::read_to_string(log).is_ok_and(|log| log.contains("lab-slow: waiting"))
    });
    running.kill();
    root.reboot();
    let baseline = root.read("var/lib/patchctl/runs/0001/baseline.json");
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("readable");
    let other = baseline.replace(boot.trim(), "00000000-0000-4000-8000-000000000000");
    assert_ne!(other, baseline);
    root.write("var/lib/patchctl/runs/0001/baseline.json", &other);
}

#[test]
fn after_a_reboot_a_run_is_kept_only_when_it_passes_its_trial() {
    let Some(root) = debian::small_with(&["lab-slow", "lab-plain"]) else { return };
    cut_off_by_a_reboot(&root);
    root.run(&["patchctl", "recover"]).expect_code(0);
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"));
    assert_eq!(report_of_run(&root, "0001")["health"]["verdict"], "healthy");
}

#[test]
fn after_a_reboot_a_host_that_is_unwell_goes_back() {
    let Some(root) = debian::small_with(&["lab-slow", "lab-plain"]) else { return };
    cut_off_by_a_reboot(&root);
    fs::remove_file(root.path("etc/ok")).expect("removable");
    let recovered = root.run(&["patchctl", "recover"]).expect_code(3);
    assert_says(&recovered, "ok: exit code 1");
    assert_eq!(root.installed("lab-slow").as_deref(), Some("1.0"), "{recovered}");
    assert_eq!(root.audit(), "");
}

#[test]
fn a_report_that_was_changed_afterwards_is_found_by_its_journal() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    root.run(&["patchctl", "history", "verify"]).expect_code(0);
    let path = "var/lib/patchctl/runs/0001/report.json";
    let report = root.read(path);
    root.write(path, &report.replacen("\"patched\"", "\"rolled-back\"", 1));
    let verified = root.run(&["patchctl", "history", "verify"]).expect_code(10);
    assert_says(&verified, "changed afterwards");
    fs::remove_file(root.path(path)).expect("removable");
    let verified = root.run(&["patchctl", "history", "verify"]).expect_code(10);
    assert_says(&verified, "is gone");
}
