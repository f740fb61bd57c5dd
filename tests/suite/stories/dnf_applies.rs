//! An operator patches a host of dnf: applied, verified from rpm's database and the files, taken back.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::dnf_plans::{manifest, planned};
use crate::lab::namespace::Ran;
use crate::lab::oracle::{Change, Manifest};
use crate::lab::rpm_root::{self, RpmRoot, UPDATES};

/// What dnf and rpm write although packages and files are the same again: the databases, which are compared by what they
/// say, and dnf's history, which tells of both ways.
const RECORDS: [&str; 14] = [
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "var/lib/rpm/.rpm.lock",
    "var/lib/dnf/history.sqlite",
    "var/lib/dnf/history.sqlite-wal",
    "var/lib/dnf/rpmdb_lock.pid",
    "var/lib/dnf",
    "var/lib/rpm",
    "usr/lib/sysimage/libdnf5",
    "usr/lib/sysimage/libdnf5/nevras.toml",
    "usr/lib/sysimage/libdnf5/packages.toml",
    "usr/lib/sysimage/libdnf5/system.toml",
    "usr/lib/sysimage/libdnf5/transaction_history.sqlite",
    "usr/lib/sysimage/libdnf5/transaction_history.sqlite-wal",
];

/// The files of a root, and what rpm and dnf say of packages: builds, reasons.
pub struct State {
    pub files: Manifest,
    pub builds: Vec<String>,
    reasons: String,
}

impl State {
    pub fn of(root: &RpmRoot) -> Self {
        let (dnf, format) = match root.path("usr/bin/dnf5").exists() {
            true => ("dnf5", "%{name} %{reason}\\n"),
            false => ("dnf", "%{name} %{reason}"),
        };
        let asked = [dnf, "-C", "--disablerepo=*", "repoquery", "--installed", "--qf", format];
        Self {
            files: manifest(root).without(&RECORDS),
            builds: root.builds(),
            // dnf forgets the reason of a kernel when another one goes, and keeps what has none as if it was wanted.
            reasons: root.run(&asked).expect_code(0).stdout.replace(" unknown", " user"),
        }
    }

    #[track_caller]
    pub fn is_same_in(&self, root: &RpmRoot) {
        let now = Self::of(root);
        assert_eq!(self.builds, now.builds);
        assert_eq!(self.reasons, now.reasons);
        assert_eq!(self.files.diff(&now.files), Vec::<Change>::new());
    }
}

/// What dnf and rpm said in the first run is shown with what patchctl said.
pub fn apply(root: &RpmRoot, arguments: &[&str]) -> Ran {
    let mut ran = root.run(&[&["patchctl", "apply", "--yes"], arguments].concat());
    let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log")).unwrap_or_default();
    ran.stderr.push_str(&format!("--- log\n{log}"));
    ran
}

pub fn latest(root: &RpmRoot) -> Value {
    let shown = root.run(&["cat", "/var/lib/patchctl/latest.json"]).expect_code(0).stdout;
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn a_plan_is_carried_out_exactly_and_taken_back_wholly() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];
    let Some(root) = rpm_root::with(&fixtures) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    let before = State::of(&root);
    let plan = planned(&root, &["--all-updates"]);
    let ran = apply(&root, &["--all-updates"]).expect_code(0);
    assert!(!ran.stdout.contains("dpkg") && !ran.stdout.contains("apt "), "{ran}");
    let builds = root.builds();
    for build in [
        "lab-plain-2.0-1.noarch",
        "lab-program-2.0-1.noarch",
        "lab-library-2.0-1.noarch",
        "lab-grows-2.0-1.noarch",
        "lab-extra-1.0-1.noarch",
        "lab-epoch-1.0-1.noarch",
        "lab-kernel-1.0-1.noarch",
        "lab-kernel-2.0-1.noarch",
        "lab-conf-2.0-1.noarch",
    ] {
        assert!(builds.contains(&build.to_owned()), "{build}: {builds:?}");
    }
    let report = latest(&root);
    assert_eq!(report["plan"]["steps"], plan["steps"], "what was planned, in that order");
    assert_eq!(root.read("etc/lab-conf.conf"), "mine\n");
    assert!(root.path("etc/lab-conf.conf.rpmnew").exists());
    let reasons = State::of(&root).reasons;
    assert!(reasons.contains("lab-extra dependency") && reasons.contains("lab-plain user"), "{reasons}");
    root.run(&["patchctl", "rollback", "--check"]).expect_code(0);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
    let history = root.run(&["dnf", "history", "list"]).expect_code(0).stdout;
    assert!(history.lines().count() >= 5, "dnf's own history has both ways: {history}");
    // What was taken back is not tried again.
    let ran = root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
    assert!(ran.stdout.contains("nothing to do") || ran.stdout.contains("rolled back here"), "{ran}");
}

#[test]
fn a_script_that_fails_takes_the_run_back_whatever_dnf_calls_it() {
    for culprit in ["lab-badpost", "lab-badpre"] {
        let Some(root) = rpm_root::with(&["lab-plain", culprit]) else { return };
        let before = State::of(&root);
        let ran = apply(&root, &[]).expect_code(3);
        assert!(
            ran.stdout.contains("a script failed of lab-badpost") || ran.stdout.contains("lab-badpre"),
            "{ran}"
        );
        before.is_same_in(&root);
        let report = latest(&root);
        assert_eq!(report["outcome"], "rolled-back", "{ran}");
        // The culprit alone is left out the next time.
        apply(&root, &[]).expect_code(0);
        let builds = root.builds();
        assert!(builds.contains(&"lab-plain-2.0-1.noarch".to_owned()), "{builds:?}");
        assert!(builds.contains(&format!("{culprit}-1.0-1.noarch")), "{builds:?}");
    }
}

#[test]
fn a_package_without_a_signature_is_refused_and_nothing_changes() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-unsigned"]) else { return };
    let before = State::of(&root);
    let ran = apply(&root, &[]).expect_code(9);
    assert!(ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    // A plain update beside it goes through.
    apply(&root, &["--exclude", "lab-unsigned"]).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()));
}

#[test]
fn an_archive_that_is_not_the_listed_one_is_refused() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    let before = State::of(&root);
    let archive = root.path(UPDATES).join("lab-plain-2.0-1.noarch.rpm");
    let mut bytes = fs::read(&archive).unwrap();
    let end = bytes.len() - 20;
    bytes[end] ^= 1;
    fs::write(&archive, bytes).unwrap();
    let ran = root.run(&["patchctl", "apply", "--yes", "--no-refresh"]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_version_that_nobody_offers_and_nothing_can_be_rebuilt_from_is_held() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-conf"]) else { return };
    fs::remove_file(root.path("srv/lab/base/lab-plain-1.0-1.noarch.rpm")).unwrap();
    rpm_root::publish(&root.path("/"), "srv/lab/base", "");
    root.run(&["dnf", "makecache", "--refresh"]).expect_code(0);
    root.write("usr/share/lab-plain/file", "no longer the vendor's\n");
    let ran = apply(&root, &[]).expect_code(0);
    assert!(ran.said().contains("no way back"), "{ran}");
    let builds = root.builds();
    assert!(builds.contains(&"lab-plain-1.0-1.noarch".to_owned()), "{builds:?}");
    assert!(builds.contains(&"lab-conf-2.0-1.noarch".to_owned()), "{builds:?}");
    apply(&root, &["--accept-no-rollback", "lab-plain"]).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()));
}

#[test]
fn a_plan_of_another_host_state_is_refused() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    root.run(&["dnf", "-y", "upgrade", "lab-conf"]).expect_code(0);
    let before = State::of(&root);
    let ran = apply(&root, &["/root/plan.json"]).expect_code(8);
    assert!(ran.stderr.contains("lab-conf"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_transaction_of_somebody_else_is_waited_for_and_then_named() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-slow"]) else { return };
    let other = root.command(&["dnf", "-y", "upgrade", "lab-slow"]).timeout(Duration::from_secs(60)).start();
    other.wait_until_says("Upgrading");
    let ran = root
        .command(&[
            "patchctl",
            "apply",
            "--yes",
            "--no-refresh",
            "--package",
            "lab-plain",
            "--lock-timeout",
            "1s",
        ])
        .beside(&other)
        .run();
    assert_eq!(ran.code, 7, "{ran}");
    assert!(root.builds().contains(&"lab-plain-1.0-1.noarch".to_owned()));
    other.wait();
}

#[test]
fn what_a_new_version_moves_aside_is_told_and_put_back_by_a_rollback() {
    let Some(root) = rpm_root::with(&["lab-moved"]) else { return };
    root.write("etc/lab-moved.conf", "mine\n");
    let before = State::of(&root);
    apply(&root, &[]).expect_code(0);
    assert_eq!(root.read("etc/lab-moved.conf"), "mine\n", "the administrator's file is in place");
    assert_eq!(root.read("etc/lab-moved.conf.rpmnew"), "made by 2.0\n");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
}
