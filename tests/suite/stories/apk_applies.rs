//! An operator patches a host of apk: applied, verified from apk's database and the files, taken back.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::apk_plans::{changes, manifest, planned};
use crate::lab::apk_root::{self, ApkRoot, NEW};
use crate::lab::namespace::Ran;
use crate::lab::oracle::{Change, Manifest};

/// The files of a root, and what apk's database says of packages.
pub struct State {
    pub files: Manifest,
    pub database: String,
}

impl State {
    pub fn of(root: &ApkRoot) -> Self {
        // Beside its database, 2.14 has a folder in which it runs scripts, and leaves it there.
        let files = manifest(root).without_below("usr/lib/apk/db").without_below("usr/lib/apk/exec");
        Self { files, database: root.database() }
    }

    #[track_caller]
    pub fn is_same_in(&self, root: &ApkRoot) {
        let now = Self::of(root);
        assert_eq!(self.database, now.database);
        assert_eq!(self.files.diff(&now.files), Vec::<Change>::new());
    }
}

/// What apk said in the first run is shown with what patchctl said.
fn apply(root: &ApkRoot, arguments: &[&str]) -> Ran {
    let mut ran = root.run(&[&["patchctl", "apply", "--yes"], arguments].concat());
    let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log")).unwrap_or_default();
    ran.stderr.push_str(&format!("--- log\n{log}"));
    ran
}

fn latest(root: &ApkRoot) -> Value {
    let shown = root.run(&["cat", "/var/lib/patchctl/latest.json"]).expect_code(0).stdout;
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn a_plan_is_carried_out_exactly_and_taken_back_wholly() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-grows", "lab-conf", "lab-noarch", "lab-shrinks", "lab-pinned"];
    let Some(root) = apk_root::with(&fixtures) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    let world = "lab-conf\nlab-grows\nlab-noarch\nlab-pinned=1.0-r0\nlab-plain\nlab-program\nlab-shrinks\n";
    root.write("etc/apk/world", world);
    let before = State::of(&root);
    let plan = planned(&root, &["--allow-removals"]);
    let ran = apply(&root, &["--allow-removals"]).expect_code(0);
    assert!(!ran.stdout.contains("dpkg"), "{ran}");
    let wanted = [
        "lab-conf-2.0-r0",
        "lab-extra-1.0-r0",
        "lab-grows-2.0-r0",
        "lab-library-2.0-r0",
        "lab-noarch-2.0-r0",
        "lab-pinned-1.0-r0",
        "lab-plain-2.0-r0",
        "lab-program-2.0-r0",
        "lab-shrinks-2.0-r0",
    ];
    assert_eq!(root.versions(), wanted);
    assert_eq!(latest(&root)["plan"]["steps"], plan["steps"], "what was planned, in that order");
    assert_eq!(root.read("etc/apk/world"), world, "no archive became a pin");
    assert_eq!(root.read("etc/lab-conf.conf"), "mine\n");
    assert_eq!(root.read("etc/lab-conf.conf.apk-new"), "made by 2.0-r0\n");
    assert_eq!(root.run(&["apk", "audit", "--system"]).expect_code(0).stdout, "");
    assert!(
        root.run(&["apk", "upgrade", "-s"]).expect_code(0).stdout.starts_with("OK: "),
        "nothing is left to do"
    );
    root.run(&["patchctl", "rollback", "--check"]).expect_code(0);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
    assert_eq!(root.read("etc/apk/world"), world);
    // What was taken back is not tried again.
    let ran = root.run(&["patchctl", "plan"]).expect_code(0);
    assert!(ran.stdout.contains("nothing to do") || ran.stdout.contains("rolled back here"), "{ran}");
}

#[test]
fn a_script_that_fails_takes_the_run_back_although_apk_goes_on() {
    for culprit in ["lab-badpost", "lab-badpre"] {
        let Some(root) = apk_root::with(&["lab-plain", culprit]) else { return };
        let before = State::of(&root);
        let ran = apply(&root, &[]).expect_code(3);
        assert!(ran.said().contains(culprit), "{ran}");
        before.is_same_in(&root);
        assert_eq!(latest(&root)["outcome"], "rolled-back", "{ran}");
        // The culprit alone is left out the next time.
        apply(&root, &[]).expect_code(0);
        let versions = root.versions();
        assert!(root.has("lab-plain-2.0-r0") && root.has(&format!("{culprit}-1.0-r0")), "{versions:?}");
    }
}

#[test]
fn a_commit_hook_that_fails_takes_the_run_back_although_apk_calls_it_done() {
    let Some(root) = apk_root::with(&["lab-plain"]) else { return };
    root.write(
        "etc/apk/commit_hooks.d/lab",
        "#!/bin/sh\n[ \"$1\" != post-commit ] || grep -q 1.0 /usr/share/lab-plain/file\n",
    );
    root.run(&["chmod", "755", "/etc/apk/commit_hooks.d/lab"]).expect_code(0);
    let before = State::of(&root);
    let ran = apply(&root, &[]).expect_code(3);
    assert!(ran.said().contains("the hook \"lab\""), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_package_that_a_stranger_signed_is_refused_and_nothing_changes() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-foreign"]) else { return };
    let before = State::of(&root);
    let ran = apply(&root, &[]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    apply(&root, &["--exclude", "lab-foreign"]).expect_code(0);
    assert!(root.has("lab-plain-2.0-r0") && root.has("lab-foreign-1.0-r0"), "{:?}", root.versions());
}

#[test]
fn an_archive_that_is_not_the_listed_one_is_refused() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-conf"]) else { return };
    let before = State::of(&root);
    let archive = root.path(NEW).join("x86_64/lab-plain-2.0-r0.apk");
    let sound = fs::read(&archive).unwrap();
    let mut bytes = sound.clone();
    let end = bytes.len() - 20;
    bytes[end] ^= 1;
    fs::write(&archive, bytes).unwrap();
    let ran = apply(&root, &[]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    // Another archive that the same key signed, under the name of this one.
    fs::copy(root.path(NEW).join("x86_64/lab-conf-2.0-r0.apk"), &archive).unwrap();
    let ran = apply(&root, &[]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    fs::write(&archive, sound).unwrap();
    apply(&root, &[]).expect_code(0);
}

#[test]
fn a_version_that_is_in_no_cache_is_held() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["sh", "-c", "rm /var/cache/apk/lab-plain-*.apk"]).expect_code(0);
    let ran = apply(&root, &[]).expect_code(0);
    let said = ran.said().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("no way back") && said.contains("setup-apkcache"), "{ran}");
    assert!(root.has("lab-plain-1.0-r0") && root.has("lab-conf-2.0-r0"), "{:?}", root.versions());
    apply(&root, &["--accept-no-rollback", "lab-plain"]).expect_code(0);
    assert!(root.has("lab-plain-2.0-r0"));
}

#[test]
fn a_plan_of_another_host_state_is_refused() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    root.run(&["apk", "upgrade", "lab-conf"]).expect_code(0);
    let before = State::of(&root);
    let ran = apply(&root, &["/root/plan.json"]).expect_code(8);
    assert!(ran.stderr.contains("lab-conf"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_transaction_of_somebody_else_is_waited_for_and_then_named() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-slow"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let other = root.command(&["apk", "upgrade", "lab-slow"]).timeout(Duration::from_secs(60)).start();
    other.wait_until_says("slowly");
    let wait =
        ["patchctl", "apply", "--yes", "--no-refresh", "--exclude", "lab-slow", "--lock-timeout", "1s"];
    let ran = root.command(&wait).beside(&other).run();
    assert_eq!(ran.code, 7, "{ran}");
    assert!(ran.said().contains("(apk) holds /lib/apk/db/lock"), "{ran}");
    other.wait();
    assert!(root.has("lab-plain-1.0-r0"));
}

#[test]
fn a_package_that_apk_calls_broken_stops_a_run_before_it_begins() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-badpost"]) else { return };
    root.run(&["apk", "upgrade", "lab-badpost"]);
    let ran = apply(&root, &[]).expect_code(10);
    assert!(ran.said().contains("lab-badpost is half configured") && ran.said().contains("apk fix"), "{ran}");
    assert_eq!(changes(&planned(&root, &[])), ["upgrade lab-plain 1.0-r0 2.0-r0"]);
}
