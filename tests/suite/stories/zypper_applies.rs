//! An operator patches a host of zypper: applied, verified from rpm's database and the files, taken back.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::dnf_plans::planned;
use super::zypper_plans::manifest;
use crate::lab::namespace::Ran;
use crate::lab::oracle::{Change, Manifest};
use crate::lab::rpm_root::{self, RpmRoot, UPDATES};
use crate::lab::zypp_root;

/// What zypper and rpm write although packages and files are the same again: the databases and their copy, which are
/// compared by what they say, and the history, which tells of both ways.
const RECORDS: [&str; 14] = [
    "var/lib/rpm",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "var/lib/rpm/.rpm.lock",
    "var/lib/zypp/AutoInstalled",
    "var/cache/zypp/solv/@System/cookie",
    "var/cache/zypp/solv/@System/solv",
    "var/cache/zypp/solv/@System/solv.idx",
    // Where zypp keeps %posttrans scripts while they run.
    "var/adm",
    "var/adm/update-scripts",
    "var/cache/zypper",
    "var/cache/zypper/RPMS",
    "var/log/zypp/history",
    "var/log/zypper.log",
];

/// The files of a root, and what rpm and zypp say of packages: builds, and which came unasked.
pub struct State {
    pub files: Manifest,
    pub builds: Vec<String>,
    automatic: Vec<String>,
}

impl State {
    pub fn of(root: &RpmRoot) -> Self {
        let listed = root.read("var/lib/zypp/AutoInstalled");
        let mut names: Vec<&str> = listed.lines().filter(|line| line.starts_with("lab-")).collect();
        names.sort_unstable();
        Self {
            files: manifest(root).without(&RECORDS),
            builds: root.builds(),
            automatic: names.into_iter().map(str::to_owned).collect(),
        }
    }

    #[track_caller]
    pub fn is_same_in(&self, root: &RpmRoot) {
        let now = Self::of(root);
        assert_eq!(self.builds, now.builds);
        assert_eq!(self.automatic, now.automatic);
        assert_eq!(self.files.diff(&now.files), Vec::<Change>::new());
    }
}

/// What zypper and rpm said in the first run is shown with what patchctl said.
fn apply(root: &RpmRoot, arguments: &[&str]) -> Ran {
    let mut ran = root.run(&[&["patchctl", "apply", "--yes"], arguments].concat());
    let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log")).unwrap_or_default();
    ran.stderr.push_str(&format!("--- log\n{log}"));
    ran
}

fn latest(root: &RpmRoot) -> Value {
    let shown = root.run(&["cat", "/var/lib/patchctl/latest.json"]).expect_code(0).stdout;
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn a_plan_is_carried_out_exactly_and_taken_back_wholly() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];
    let Some(root) = zypp_root::with(&fixtures) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    root.write("var/lib/zypp/AutoInstalled", "lab-library\n");
    let before = State::of(&root);
    let plan = planned(&root, &["--all-updates"]);
    let ran = apply(&root, &["--all-updates"]).expect_code(0);
    assert!(
        !ran.stdout.contains("dpkg") && !ran.stdout.contains("apt ") && !ran.stdout.contains("dnf"),
        "{ran}"
    );
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
    assert_eq!(State::of(&root).automatic, ["lab-extra", "lab-library"]);
    for cache in ["var/cache/zypp/raw/base", "var/cache/zypp/solv/updates"] {
        assert!(root.path(cache).exists(), "zypp's own {cache} stays");
    }
    root.run(&["patchctl", "rollback", "--check"]).expect_code(0);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
    let history = root.read("var/log/zypp/history");
    for line in ["|install|lab-plain|2.0-1|", "|remove |lab-extra|1.0-1|", "|install|lab-plain|1.0-1|"] {
        assert!(history.contains(line), "zypp's own history has both ways: {line} {history}");
    }
}

#[test]
fn a_script_that_fails_takes_the_run_back_whatever_zypper_calls_it() {
    for culprit in ["lab-badpost", "lab-badpre", "lab-badposttrans"] {
        let Some(root) = zypp_root::with(&["lab-plain", culprit]) else { return };
        let before = State::of(&root);
        let ran = apply(&root, &[]).expect_code(3);
        assert!(ran.stdout.contains(culprit), "{ran}");
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
    let Some(root) = zypp_root::with(&["lab-plain", "lab-unsigned"]) else { return };
    let before = State::of(&root);
    let ran = apply(&root, &[]).expect_code(9);
    assert!(ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    apply(&root, &["--exclude", "lab-unsigned"]).expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()));
}

#[test]
fn an_archive_that_is_not_the_listed_one_is_refused() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
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
    let Some(root) = zypp_root::with(&["lab-plain", "lab-conf"]) else { return };
    fs::remove_file(root.path("srv/lab/base/lab-plain-1.0-1.noarch.rpm")).unwrap();
    rpm_root::publish(&root.path("/"), "srv/lab/base", "");
    root.run(&["zypper", "--non-interactive", "refresh"]).expect_code(0);
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
    let Some(root) = zypp_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    root.run(&["zypper", "--non-interactive", "update", "lab-conf"]).expect_code(0);
    let before = State::of(&root);
    let ran = apply(&root, &["/root/plan.json"]).expect_code(8);
    assert!(ran.stderr.contains("lab-conf"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn whoever_works_with_zypp_is_waited_for_and_then_named() {
    let Some(root) = zypp_root::with(&["lab-plain", "lab-slow"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json", "--package", "lab-plain"]).expect_code(0);
    let other = root
        .command(&["zypper", "--non-interactive", "update", "lab-slow"])
        .timeout(Duration::from_secs(60))
        .start();
    other.wait_until("rpm runs a script", || root.path("usr/share/lab-slow/file-2.0").exists());
    let arguments = ["patchctl", "apply", "--yes", "--no-refresh", "--lock-timeout", "1s", "/root/plan.json"];
    let ran = root.command(&arguments).beside(&other).run();
    assert_eq!(ran.code, 7, "{ran}");
    assert!(ran.said().contains("zypper"), "the holder is named: {ran}");
    assert!(root.builds().contains(&"lab-plain-1.0-1.noarch".to_owned()));
    other.wait();
}

#[test]
fn what_a_new_version_moves_aside_is_told_and_put_back_by_a_rollback() {
    let Some(root) = zypp_root::with(&["lab-moved"]) else { return };
    root.write("etc/lab-moved.conf", "mine\n");
    let before = State::of(&root);
    apply(&root, &[]).expect_code(0);
    assert_eq!(root.read("etc/lab-moved.conf"), "mine\n", "the administrator's file is in place");
    assert_eq!(root.read("etc/lab-moved.conf.rpmnew"), "made by 2.0\n");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
}
