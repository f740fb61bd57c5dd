//! A plan of a zypper or a pacman host is tried in a clone of it, by the real tools, and the host stays as it is.

use serde_json::Value;

use super::records::{assert_says, checked_report};
use super::{pacman_applies, zypper_applies};
use crate::lab::namespace::Ran;
use crate::lab::{pacman_root, zypp_root};

const REHEARSE: &[&str] = &["patchctl", "rehearse", "--format", "json"];

#[track_caller]
fn assert_passed(ran: &Ran, changed: &str) {
    let report: Value = checked_report(&ran.stdout);
    assert_eq!(report["rehearsal"]["verdict"], "passed", "{ran}");
    let told = report["rehearsal"]["changes"]["changed"].to_string();
    assert!(told.contains(changed), "{told}");
}

#[test]
fn a_zypper_host_stays_as_it_is_and_a_script_that_fails_is_found() {
    let Some(root) = zypp_root::with(&["lab-plain", "lab-conf", "lab-badpost"]) else { return };
    let before = zypper_applies::State::of(&root);
    let sound = root.run(&[REHEARSE, &["--exclude", "lab-badpost"]].concat()).expect_code(0);
    assert_passed(&sound, "/usr/share/lab-plain/");
    let failed = root.run(&["patchctl", "rehearse"]).expect_code(1);
    assert_says(&failed, "FAILED in the clone; this host was not touched");
    assert_says(&failed, "lab-badpost");
    before.is_same_in(&root);
    assert!(!root.path("var/lib/patchctl/rehearsal").exists(), "litter: {failed}");
}

#[test]
fn a_pacman_host_stays_as_it_is_and_a_script_that_fails_is_found() {
    for (fixtures, code) in [(["lab-plain", "lab-conf"], 0), (["lab-plain", "lab-badpost"], 1)] {
        let Some(root) = pacman_root::with(&fixtures) else { return };
        let before = pacman_applies::State::of(&root);
        let ran = root.run(REHEARSE).expect_code(code);
        if code == 0 {
            assert_passed(&ran, "/usr/share/lab-plain/");
        } else {
            assert_says(&ran, "lab-badpost");
        }
        before.is_same_in(&root);
        assert!(!root.path("var/lib/patchctl/rehearsal").exists(), "litter: {ran}");
    }
}
