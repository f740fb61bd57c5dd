//! Somebody stops a run: it ends at a clean boundary, old, and says so.

use nix::sys::signal::Signal;

use super::records::{assert_says, report_of_run};
use crate::lab::debian;
use crate::lab::oracle::Manifest;

fn stopped_during_a_script(signal: Signal, code: i32) {
    let Some(root) = debian::small_with(&["lab-slow", "lab-plain"]) else { return };
    let before = Manifest::of(&root);
    let running = root.command(&["patchctl", "apply", "--yes"]).start();
    running.wait_until("the script waits", || {
        let log = root.path("var/lib/patchctl/runs/0001/log");
        std::fs::read_to_string(log).is_ok_and(|log| log.contains("lab-slow: waiting"))
    });
    running.signal("patchctl", signal);
    let stopped = running.wait().expect_code(code);
    assert_says(&stopped, "stopped");
    assert_eq!(root.audit(), "");
    assert_eq!(before.diff(&Manifest::of(&root)), [], "{stopped}");
    let report = report_of_run(&root, "0001");
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"interrupted".into(), &code.into()));
    let again = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"), "what was stopped did not fail: {again}");
}

#[test]
fn a_recovery_waits_for_what_a_killed_run_left_working() {
    let Some(root) = debian::small_with(&["lab-slow", "lab-plain"]) else { return };
    let line = "patchctl apply --yes >/dev/null 2>&1; patchctl recover";
    let running = root.command(&["sh", "-c", line]).start();
    running.wait_until("the script waits", || {
        let log = root.path("var/lib/patchctl/runs/0001/log");
        std::fs::read_to_string(log).is_ok_and(|log| log.contains("lab-slow: waiting"))
    });
    running.signal("patchctl", Signal::SIGKILL);
    let recovered = running.wait().expect_code(0);
    assert_says(&recovered, "finished");
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"), "{recovered}");
    assert_eq!(root.audit(), "");
}

#[test]
fn an_interrupt_ends_the_run_at_a_clean_boundary() {
    stopped_during_a_script(Signal::SIGINT, 130);
}

#[test]
fn a_termination_ends_the_run_at_a_clean_boundary() {
    stopped_during_a_script(Signal::SIGTERM, 143);
}

#[test]
fn a_terminal_that_goes_away_ends_the_run_at_a_clean_boundary() {
    stopped_during_a_script(Signal::SIGHUP, 143);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let ran =
        root.run(&["bash", "-c", "patchctl apply --yes | true; echo \"${PIPESTATUS[0]}\""]).expect_code(0);
    assert_eq!(ran.stdout.trim(), "0", "{ran}");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}
