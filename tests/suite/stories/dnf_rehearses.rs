//! A plan of a dnf host is tried in a clone of it: by the real dnf and rpm, and the host stays as it is.

use super::dnf_applies::State;
use super::records::{assert_says, checked_report};
use crate::lab::namespace::Ran;
use crate::lab::rpm_root::{self, RpmRoot};

fn rehearsed(root: &RpmRoot, arguments: &[&str], code: i32) -> Ran {
    let before = State::of(root);
    let ran = root.run(&[&["patchctl", "rehearse"], arguments].concat());
    let after = State::of(root);
    assert_eq!(before.files.diff(&after.files), [], "{ran}");
    assert_eq!(before.builds, after.builds, "{ran}");
    assert!(!root.path("var/lib/patchctl/rehearsal").exists(), "litter: {ran}");
    ran.expect_code(code)
}

#[test]
fn a_good_plan_passes_and_a_script_that_fails_does_not() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-conf", "lab-badpost"]) else { return };
    let ran = rehearsed(&root, &["--exclude", "lab-badpost", "--format", "json"], 0);
    let report = checked_report(&ran.stdout);
    assert_eq!(report["rehearsal"]["verdict"], "passed");
    let changed = report["rehearsal"]["changes"]["changed"].to_string();
    assert!(changed.contains("/usr/share/lab-plain/"), "{changed}");
    let ran = rehearsed(&root, &[], 1);
    assert_says(&ran, "FAILED in the clone; this host was not touched");
    assert_says(&ran, "lab-badpost");
}
