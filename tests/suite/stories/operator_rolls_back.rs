//! An operator takes a run back: whole or in part, looked at first, without a network, and never over later work.

use std::fs;

use super::records::{assert_says, refused_unchanged, report_of_run};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::oracle::Manifest;
use crate::lab::repository::Suite;

const ROLLBACK: &[&str] = &["patchctl", "rollback", "--yes"];

/// A root with some fixtures patched, and what it was before.
fn patched(names: &[&str]) -> Option<(DebianRoot, Manifest)> {
    let root = debian::small_with(names)?;
    let before = Manifest::of(&root);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    Some((root, before))
}

#[test]
fn a_whole_run_goes_back_without_repository_or_cache() {
    let names = ["lab-plain", "lab-chain-a", "lab-hardlink", "lab-divert", "lab-service"];
    let Some((root, before)) = patched(&names) else { return };
    for gone in ["srv/lab", "var/lib/apt/lists", "var/cache/apt", "var/cache/patchctl"] {
        fs::remove_dir_all(root.path(gone)).expect("a folder of the root can be removed");
    }
    root.run(ROLLBACK).expect_code(0);
    let ignored = ["var/lib/apt/lists", "var/cache/apt", "var/cache/patchctl", "srv/lab"];
    let changed: Vec<_> = before
        .diff(&Manifest::of(&root))
        .into_iter()
        .filter(|c| !ignored.contains(&c.path.as_str()))
        .collect();
    assert_eq!(changed, []);
    let report = report_of_run(&root, "0002");
    assert_eq!(
        (&report["outcome"], &report["transaction"]["phase"]),
        (&"rolled-back".into(), &"returned".into())
    );
}

#[test]
fn one_package_goes_back_and_the_rest_stays() {
    let Some((root, before)) = patched(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "rollback", "--yes", "--only", "lab-plain"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(root.installed("lab-conf").as_deref(), Some("2.0"));
    assert!(root.read("etc/lab-conf.conf").contains("lab-conf 2.0"), "the other package's file stays new");
    root.run(ROLLBACK).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn a_preview_tells_packages_files_and_holes_and_changes_nothing() {
    let Some((root, _)) = patched(&["lab-plain", "lab-conf"]) else { return };
    let preview = refused_unchanged(&root, &["patchctl", "rollback", "--preview"], 0);
    for told in ["lab-plain", "lab-conf", "/etc/lab-conf.conf", "2.0", "1.0"] {
        assert_says(&preview, told);
    }
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_check_proves_every_stored_archive() {
    let Some((root, _)) = patched(&["lab-plain", "lab-conf"]) else { return };
    refused_unchanged(&root, &["patchctl", "rollback", "--check"], 0);
    let archive = root.path("var/lib/patchctl/runs/0001/archives/old/lab-plain_1.0_all.deb");
    let mut bytes = fs::read(&archive).expect("the old archive is stored");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&archive, &bytes).expect("it can be damaged");
    let checked = refused_unchanged(&root, &["patchctl", "rollback", "--check"], 10);
    assert_says(&checked, "lab-plain_1.0_all.deb");
    let refused = refused_unchanged(&root, ROLLBACK, 10);
    assert_says(&refused, "lab-plain");
    fs::remove_file(&archive).expect("it can be lost");
    refused_unchanged(&root, &["patchctl", "rollback", "--check"], 10);
    root.run(&["patchctl", "rollback", "--yes", "--only", "lab-conf"]).expect_code(0);
    assert_eq!(root.installed("lab-conf").as_deref(), Some("1.0"));
}

#[test]
fn what_was_edited_after_the_run_stays_with_the_old_version_beside_it() {
    let Some((root, _)) = patched(&["lab-conf", "lab-plain"]) else { return };
    root.write("etc/lab-conf.conf", "mine, after the run\n");
    let back = root.run(ROLLBACK).expect_code(0);
    assert_says(&back, "/etc/lab-conf.conf");
    assert_eq!(root.read("etc/lab-conf.conf"), "mine, after the run\n");
    assert!(root.read("etc/lab-conf.conf.patchctl-before").contains("lab-conf 1.0"));
}

#[test]
fn later_work_of_another_tool_is_not_undone() {
    let Some((root, _)) = patched(&["lab-plain", "lab-conf"]) else { return };
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.apt(&["update"]).expect_code(0);
    root.apt(&["install", "-y", "lab-plain=3.0"]).expect_code(0);
    let refused = refused_unchanged(&root, ROLLBACK, 8);
    assert_says(&refused, "is 3.0, not 2.0");
    root.run(&["patchctl", "rollback", "--yes", "--only", "lab-conf"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("3.0"));
}

#[test]
fn a_run_is_taken_back_once_and_not_applied_again() {
    let Some((root, _)) = patched(&["lab-plain"]) else { return };
    root.run(ROLLBACK).expect_code(0);
    // Asking twice is as good as asking once.
    let twice = refused_unchanged(&root, ROLLBACK, 0);
    assert_says(&twice, "nothing that a run changed is left on this host");
    let twice = refused_unchanged(&root, &["patchctl", "rollback", "--yes", "0001"], 0);
    assert_says(&twice, "every package of run 0001 is back in its old version already");
    refused_unchanged(&root, &["patchctl", "rollback", "--yes", "0042"], 2);
    let again = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 0);
    assert_says(&again, "run 0002 took 2.0 back");
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.apt(&["update"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("3.0"));
}

#[test]
fn two_runs_go_back_one_after_the_other() {
    let Some((root, before)) = patched(&["lab-plain"]) else { return };
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.apt(&["update"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    refused_unchanged(&root, &["patchctl", "rollback", "--yes", "0001"], 8);
    root.run(ROLLBACK).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    root.run(ROLLBACK).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn what_scripts_changed_stays_and_is_named_where_only_some_packages_go_back() {
    let Some((root, before)) = patched(&["lab-conf", "lab-generates", "lab-plain"]) else { return };
    let preview = root.run(&["patchctl", "rollback", "--preview", "--only", "lab-conf"]).expect_code(0);
    let back = root.run(&["patchctl", "rollback", "--yes", "--only", "lab-conf"]).expect_code(0);
    for told in [&preview, &back] {
        assert_says(told, "/etc/lab-generated.conf: changed by the run");
        assert!(!told.said().contains("/etc/lab-conf.conf: changed by the run"), "{told}");
    }
    let report = report_of_run(&root, "0002");
    let left = report["transaction"]["not_restored"].to_string();
    assert!(
        left.contains("/etc/lab-generated.list") && left.contains("/etc/lab-generated.d/root-2"),
        "{left}"
    );
    root.run(ROLLBACK).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn naming_every_package_of_a_run_takes_it_back_whole() {
    let Some((root, before)) = patched(&["lab-conf", "lab-generates"]) else { return };
    root.run(&["patchctl", "rollback", "--yes", "--only", "lab-conf,lab-generates"]).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
