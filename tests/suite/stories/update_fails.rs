//! An update fails: the host is exactly as before, the reason is shown, and the same mistake is not made twice.

use std::time::Duration;

use super::records::{assert_says, refused_unchanged, report_of_run};
use crate::lab::debian;
use crate::lab::oracle::Manifest;
use crate::lab::repository::Suite;

#[test]
fn a_failing_script_takes_the_whole_run_back() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-chain-a", "lab-bad"]) else { return };
    let failed = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 3);
    assert_says(&failed, "lab-bad: cannot migrate the store");
    assert_says(&failed, "the host is as before");
    assert_eq!(root.audit(), "");
    let report = report_of_run(&root, "0001");
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"rolled-back".into(), &3.into()));
    assert_eq!(report["transaction"]["phase"], "returned");
}

#[test]
fn a_failed_version_is_held_until_a_newer_one_appears() {
    let Some(root) = debian::small_with(&["lab-bad"]) else { return };
    root.run(&["patchctl", "apply", "--yes"]).expect_code(3);
    let again = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 0);
    assert_says(&again, "nothing to do");
    assert_says(&again, "run 0001 took 2.0 back");
    root.repository().add(Suite::Security, "lab-bad", "3.0");
    root.apt(&["update"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-bad").as_deref(), Some("3.0"));
}

#[test]
fn only_what_failed_is_held_the_rest_is_patched_next_time() {
    for bad in ["lab-bad", "lab-badpre"] {
        let Some(root) = debian::small_with(&["lab-plain", "lab-conf", bad]) else { return };
        root.run(&["patchctl", "apply", "--yes"]).expect_code(3);
        root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
        let versions = ["lab-plain", "lab-conf", bad].map(|name| root.installed(name));
        assert_eq!(versions, ["2.0", "2.0", "1.0"].map(|version| Some(version.to_owned())));
    }
}

#[test]
fn a_failing_preinst_changes_nothing() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-badpre"]) else { return };
    let failed = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 3);
    assert_says(&failed, "lab-badpre: unfit host");
}

#[test]
fn a_hanging_script_is_ended_at_the_time_limit() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-hang"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[apply]\nbatch_timeout = \"5s\"\n");
    let before = Manifest::of(&root);
    let apply = root.command(&["patchctl", "apply", "--yes"]).timeout(Duration::from_secs(120));
    let failed = apply.run().expect_code(3);
    assert_says(&failed, "time limit reached");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    assert_eq!(root.audit(), "");
    let log = root.read("var/lib/patchctl/runs/0001/log");
    assert!(log.contains("lab-hang: waiting"), "{log}");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let versions = ["lab-plain", "lab-hang"].map(|name| root.installed(name));
    assert_eq!(versions, ["2.0", "1.0"].map(|version| Some(version.to_owned())), "only what hung is held");
}

#[test]
fn a_corrupted_download_is_refused_before_any_change() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    root.repository().corrupt(Suite::Security, "lab-plain", "2.0");
    let before = Manifest::of(&root);
    let refused = root.run(&["patchctl", "apply", "--yes"]);
    assert!([1, 9].contains(&refused.code), "{refused}");
    assert_says(&refused, "lab-plain");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    assert_eq!(report_of_run(&root, "0001")["transaction"]["phase"], "abandoned");
    root.run(&["patchctl", "history", "verify"]).expect_code(0);
    root.run(&["patchctl", "recover"]).expect_code(0);
}
