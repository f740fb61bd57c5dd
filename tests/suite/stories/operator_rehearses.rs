//! A plan is tried in a clone of the host before it is carried out: what would fail is found, and the host stays as it is.

use super::records::{assert_says, checked_report};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::Ran;
use crate::lab::oracle::Manifest;

/// Runs a rehearsal and proves that no byte of the host changed, and that nothing is left of the clone.
fn rehearsed(root: &DebianRoot, arguments: &[&str], code: i32) -> Ran {
    let before = Manifest::of(root);
    let ran = root.run(&[&["patchctl", "rehearse"], arguments].concat());
    assert_eq!(before.diff(&Manifest::of(root)), [], "{ran}");
    assert!(!root.path("var/lib/patchctl/rehearsal").exists(), "litter: {ran}");
    ran.expect_code(code)
}

#[test]
fn a_good_plan_passes_and_the_host_is_not_touched() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf", "lab-service"]) else { return };
    let ran = rehearsed(&root, &[], 0);
    eprintln!("{ran}");
    assert_says(&ran, "passed; this host was not touched");
    let ran = rehearsed(&root, &["--format", "json"], 0);
    let report = checked_report(&ran.stdout);
    assert_eq!(report["outcome"], "rehearsed");
    assert_eq!(report["rehearsal"]["verdict"], "passed");
    let changed = report["rehearsal"]["changes"]["changed"].to_string();
    assert!(changed.contains("/usr/share/lab-plain/version"), "{changed}");
}
