//! A reboot that is due begins in its window, when nobody is logged in or their time is over, and is never lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use chrono::{Datelike, Days, Utc};
use serde_json::Value;

use super::records::assert_says;
use super::watch::document;
use crate::lab::booted::booted;
use crate::lab::debian::{self, DebianRoot};

/// A root without a service manager cannot go down: what would be called is written down instead.
const STAND_IN: &str = "#!/bin/sh\necho \"$@\" >/went-down\n";

fn program(root: &DebianRoot, path: &str, text: &str) {
    let _ = fs::remove_file(root.path(path));
    root.write(path, text);
    fs::set_permissions(root.path(path), fs::Permissions::from_mode(0o755)).expect("a mode can be set");
}

/// Puts a person into the record of logins (utmp(5), x86-64), with a process that lives.
fn log_in(root: &Path, name: &str) {
    let mut record = [0_u8; 384];
    record[0] = 7;
    record[4] = 1;
    record[8..13].copy_from_slice(b"pts/0");
    record[44..44 + name.len()].copy_from_slice(name.as_bytes());
    record[340..344].copy_from_slice(&1_800_000_000_i32.to_ne_bytes());
    fs::write(root.join("run/utmp"), record).expect("writable");
}

fn state(root: &DebianRoot, arguments: &[&str]) -> Value {
    let ran = root.run(&[&["patchctl", "reboot", "--format", "json"], arguments].concat()).expect_code(0);
    document(&ran, "reboot-1.json")
}

fn configure(root: &DebianRoot, wait: &str, window: &str) {
    let text = format!("[apply]\nreboot = \"always\"\n[policy]\nreboot_wait = \"{wait}\"\n{window}");
    root.write("etc/patchctl/patchctl.toml", &text);
}

#[test]
fn a_reboot_waits_for_its_window_for_people_and_for_hooks_and_is_kept() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    program(&root, "sbin/shutdown", STAND_IN);
    let day = Utc::now().date_naive().checked_add_days(Days::new(3)).expect("a day").weekday();
    let later =
        format!("[[policy.reboot_window]]\ndays = [\"{day}\"]\nstart = \"02:00\"\nduration = \"1h\"\n");
    configure(&root, "10m", &later);
    let ran = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&ran, "nothing here begins it by itself: patchctl reboot");
    assert_says(&root.run(&["patchctl", "status"]), "it waits, patchctl reboot tells for what");
    assert_says(&root.run(&["patchctl", "policy", "preview"]), "people who are logged in have 10 min");
    assert_eq!(state(&root, &[])["state"], "outside-window");
    let silent = root.run(&["patchctl", "reboot", "--scheduled", "--quiet"]).expect_code(0);
    assert_eq!((silent.stdout.as_str(), silent.stderr.as_str()), ("", ""), "nobody is mailed while it waits");
    configure(&root, "1s", "");
    log_in(&root.path("/"), "anna");
    let waits = state(&root, &["--scheduled"]);
    assert_eq!((&waits["state"], &waits["people"][0]), (&"people".into(), &"anna on pts/0".into()));
    thread::sleep(Duration::from_secs(2));
    program(&root, "etc/patchctl/hooks.d/pre-reboot/ask", "#!/bin/sh\necho not now\nexit 1\n");
    let busy = state(&root, &["--scheduled"]);
    assert!(busy["with"].as_str().is_some_and(|with| with.contains("not now")), "{busy}");
    assert!(!root.path("went-down").exists(), "{busy}");
    program(&root, "etc/patchctl/hooks.d/pre-reboot/ask", "#!/bin/sh\nexit 0\n");
    assert_eq!(state(&root, &["--scheduled"])["state"], "rebooting");
    assert_eq!(root.read("went-down"), "-r now\n");
    assert_eq!(state(&root, &["--cancel"])["state"], "cancelled");
    assert_eq!(state(&root, &["--scheduled"])["state"], "not-due");
}

#[test]
fn under_cron_an_entry_looks_after_the_reboot() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    configure(&root, "0s", "");
    program(&root, "sbin/shutdown", STAND_IN);
    root.shell("mkdir -p /etc/cron.d").expect_code(0);
    root.run(&["patchctl", "schedule", "install"]).expect_code(0);
    let entries = root.read("etc/cron.d/patchctl");
    let entry = entries.lines().find(|line| line.contains("reboot")).expect("an entry");
    let command = entry.split_once(" root ").expect("a user").1;
    root.shell(command).expect_code(0);
    assert!(!root.path("went-down").exists(), "nothing was asked for");
    let ran = root.run(&["patchctl", "apply", "--yes", "--reboot", "if-needed"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/reboot.json").exists(), "none is due: {ran}");
    root.repository().add(crate::lab::repository::Suite::Security, "lab-plain", "3.0");
    root.apt(&["update"]).expect_code(0);
    let ran = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&ran, "the host reboots in a minute (patchctl reboot --cancel calls it off)");
    root.shell(command).expect_code(0);
    assert_eq!(root.read("went-down"), "-r now\n");
}

#[test]
fn a_booted_system_really_goes_down_after_the_run_that_asked_for_it() {
    let configuration =
        "[health]\ndeadline = \"8s\"\npoll = \"1s\"\n[policy.packages]\nonly = [\"lab-plain\"]\n";
    let Some(host) = booted(configuration) else { return };
    host.write("etc/patchctl/hooks.d/pre-reboot/note", "#!/bin/sh\ndate >/root/reboots\n");
    host.run(&["chmod", "755", "/etc/patchctl/hooks.d/pre-reboot/note"]).expect_code(0);
    let ran = host.run(&["patchctl", "apply", "--yes", "--reboot", "always"]).expect_code(0);
    assert_says(&ran, "the host reboots in a minute");
    host.run(&["systemctl", "is-active", "patchctl-reboot.timer"]).expect_code(0);
    host.run(&["patchctl", "reboot", "--cancel"]).expect_code(0);
    let stopped = host.run(&["systemctl", "is-active", "patchctl-reboot.timer"]);
    assert_eq!(stopped.stdout.trim(), "inactive", "{stopped}");
    assert!(!host.path("root/reboots").exists());
    host.run(&["touch", "/run/reboot-required"]).expect_code(0);
    let mut login = host.start_command(&["script", "-qc", "login -f root", "/dev/null"]);
    host.wait_until("somebody is logged in", |host| !host.run(&["who"]).stdout.is_empty());
    let waits =
        document(&host.run(&["patchctl", "reboot", "--format", "json"]).expect_code(0), "reboot-1.json");
    assert_eq!(waits["state"], "people", "{waits}");
    assert!(waits["people"][0].as_str().is_some_and(|who| who.starts_with("root on pts/")), "{waits}");
    let by_id = host.run(&["sh", "-c", "kill -KILL $(who -u | awk '{print $6}')"]);
    assert_eq!(by_id.code, 0, "{by_id}");
    login.wait().expect("it ends with the login");
    host.wait_until("nobody is logged in", |host| host.run(&["who"]).stdout.is_empty());
    // The command may be cut off by what it asked for.
    let ordered = host.run(&["patchctl", "reboot"]);
    host.wait_until("the system went down", |host| host.run(&["true"]).code != 0);
    assert!(host.path("root/reboots").exists(), "{ordered}");
    assert_eq!(host.read("var/lib/dpkg/status").matches("Package: lab-plain\n").count(), 1);
}
