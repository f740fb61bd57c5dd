//! `doctor` finds what would stop a run before a run does, says what to do, and changes nothing.

use std::fs;
use std::os::unix::fs::symlink;

use super::records::{assert_says, refused_unchanged};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::faults;
use crate::lab::oracle::Manifest;

fn preconditions(root: &DebianRoot) -> serde_json::Value {
    let ran = root.run(&["patchctl", "doctor", "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"))
}

/// State, finding and fix of a precondition; of several with one id, the worst.
fn found(root: &DebianRoot, id: &str) -> (String, String, String) {
    let document = preconditions(root);
    let all = document["preconditions"].as_array().expect("a list");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut with_id = all.iter().filter(|one| one["id"] == id).collect::<Vec<_>>();
    with_id.sort_by_key(|one| one["state"] == "met");
    let one = with_id.first().unwrap_or_else(|| panic!("no {id} in {document}"));
    (text(&one["state"]), text(&one["finding"]), text(&one["fix"]))
}

#[test]
fn a_sound_host_is_well_and_stays_untouched() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let before = Manifest::of(&root);
    let ran = root.run(&["patchctl", "doctor"]).expect_code(0);
    assert_says(&ran, "nothing stops an apply");
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{ran}");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    let document = preconditions(&root);
    let schema = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/schemas/doctor-1.json")).unwrap();
    let schema = serde_json::from_slice(&schema).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&document), "{document}");
}

#[test]
fn an_unfinished_package_a_held_lock_and_an_open_run_stop_an_apply() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-bad"]) else { return };
    let locked = faults::holds_lock(&root, "var/lib/dpkg/lock-frontend");
    let beside = root.command(&["patchctl", "doctor"]).beside(&locked).run().expect_code(10);
    assert_says(&beside, "holds /var/lib/dpkg/lock-frontend");
    drop(locked);
    root.apt(&["install", "-y", "lab-bad=2.0"]);
    let (state, finding, fix) = found(&root, "package-database");
    assert_eq!((state.as_str(), finding.contains("lab-bad")), ("stops", true), "{finding}");
    assert!(fix.contains("patchctl recover"), "{fix}");
    root.write("var/lib/patchctl/runs/0007/journal", "not a journal\nat all\n");
    let (state, _, fix) = found(&root, "journal");
    assert_eq!((state.as_str(), fix.contains("history verify")), ("stops", true), "{fix}");
    refused_unchanged(&root, &["patchctl", "doctor"], 10);
}

#[test]
fn a_full_boot_names_the_kernels_that_may_go_and_never_the_next_one() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let status = root.read("var/lib/dpkg/status");
    let mut stanzas = String::new();
    for release in ["6.1.0-41-amd64", "6.1.0-43-amd64", "6.1.0-47-amd64"] {
        stanzas.push_str(&format!(
            "Package: linux-image-{release}\nStatus: install ok installed\nPriority: optional\nSection: kernel\n\
             Maintainer: Lab <lab@example.org>\nArchitecture: amd64\nVersion: 6.1.1-1\nDescription: kernel\n\n"
        ));
    }
    root.write("var/lib/dpkg/status", &format!("{}\n\n{stanzas}", status.trim_end()));
    let boot = faults::small_disk(&root, "boot", 4 << 20);
    for release in ["6.1.0-41-amd64", "6.1.0-43-amd64", "6.1.0-47-amd64"] {
        root.write(&format!("boot/vmlinuz-{release}"), "kernel");
    }
    let (state, finding, fix) = found(&root, "boot");
    assert_eq!(state, "stops", "{finding}");
    assert!(finding.contains("/boot has"), "{finding}");
    assert_eq!(fix, "these may go: apt-get purge linux-image-6.1.0-41-amd64 linux-image-6.1.0-43-amd64");
    drop(boot);
}

#[test]
fn a_read_only_mount_and_missing_lists_are_told() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let laid = faults::read_only(&root, "usr");
    let (state, finding, fix) = found(&root, "space");
    assert_eq!((state.as_str(), finding.as_str()), ("stops", "/usr is read-only"));
    assert!(fix.contains("remount,rw"), "{fix}");
    drop(laid);
    fs::remove_dir_all(root.path("var/lib/apt/lists")).expect("removable");
    let (state, finding, _) = found(&root, "lists");
    assert_eq!((state.as_str(), finding.starts_with("missing: ")), ("attention", true), "{finding}");
}

#[test]
fn rivals_recovery_and_foreign_checks_are_told_with_what_to_do() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let wants = root.path("etc/systemd/system/timers.target.wants");
    fs::create_dir_all(&wants).expect("a folder can be made");
    let timer = wants.join("apt-daily-upgrade.timer");
    // apt's own package has enabled it already, in roots where something enables units.
    let _ = fs::remove_file(&timer);
    symlink("/lib/systemd/system/apt-daily-upgrade.timer", timer).expect("linked");
    root.write("usr/bin/unattended-upgrade", "#!/bin/sh\n");
    root.write("etc/apt/apt.conf.d/20auto-upgrades", "APT::Periodic::Unattended-Upgrade \"1\";\n");
    let (state, finding, fix) = found(&root, "rivals");
    assert_eq!(state, "attention");
    assert!(finding.contains("unattended-upgrades may install by itself"), "{finding}");
    assert!(fix.contains("systemctl disable --now apt-daily-upgrade.timer"), "{fix}");
    root.write("etc/apt/apt.conf.d/99off", "APT::Periodic::Unattended-Upgrade \"0\";\n");
    assert_eq!(found(&root, "rivals").0, "met");

    root.write("etc/patchctl/checks.d/required.d/web", "#!/bin/sh\n");
    root.shell("chmod 777 /etc/patchctl/checks.d/required.d/web").expect_code(0);
    let (state, finding, _) = found(&root, "configuration");
    assert_eq!((state.as_str(), finding.contains("required.d/web")), ("stops", true), "{finding}");
    assert_eq!(found(&root, "recovery").0, "attention");
    fs::remove_file(root.path("usr/bin/gpgv")).expect("removable");
    assert_eq!(found(&root, "signatures").0, "stops");
}

#[test]
fn modules_snapshots_and_a_clock_that_is_wrong_are_told() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("var/lib/dkms/zfs/2.1.11/build/x", "");
    let (state, finding, _) = found(&root, "modules");
    assert_eq!((state.as_str(), finding.as_str()), ("attention", "built for each kernel: zfs 2.1.11"));
    let (state, finding, _) = found(&root, "snapshot");
    assert_eq!(
        (state.as_str(), finding.contains("btrfs-progs is not installed")),
        ("met", true),
        "{finding}"
    );
    root.write("etc/patchctl/patchctl.toml", "[snapshot]\nprovider = \"btrfs\"\n");
    assert_eq!(found(&root, "snapshot").0, "stops");
    let late = faults::clock_moved(&root, root.command(&["patchctl", "doctor"]), "-30d").run();
    assert_says(&late, "the clock of this host says");
}

#[test]
fn another_user_is_told_what_only_root_can_see() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let ran = root.run(&[
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "env",
        "HOME=/tmp",
        "patchctl",
        "doctor",
    ]);
    assert_says(&ran, "only root can tell who holds it");
}
