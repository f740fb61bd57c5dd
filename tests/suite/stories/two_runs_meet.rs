//! Two tools want the same host at the same time: one works, the other waits or says who is in the way.

use super::records::{assert_says, refused_unchanged};
use crate::lab::oracle::Manifest;
use crate::lab::{debian, faults};

#[test]
fn a_held_lock_names_its_holder_and_changes_nothing() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let before = Manifest::of(&root);
    let holder = faults::holds_lock(&root, faults::FRONTEND_LOCK);
    let apply = ["patchctl", "apply", "--yes", "--lock-timeout", "1s"];
    let refused = root.command(&apply).beside(&holder).run().expect_code(7);
    assert_says(&refused, "(perl) holds /var/lib/dpkg/lock-frontend");
    drop(holder);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
    refused_unchanged(&root, &["patchctl", "recover"], 0);
}

#[test]
fn a_run_waits_for_a_lock_that_is_let_go() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let holder = faults::holds_lock(&root, faults::FRONTEND_LOCK);
    let waiting = root.command(&["patchctl", "apply", "--yes", "--lock-timeout", "60s"]).start();
    waiting.wait_until("the archives are staged", || {
        root.path("var/lib/patchctl/runs/0001/archives/old/lab-plain_1.0_all.deb").exists()
    });
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    drop(holder);
    waiting.wait().expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn of_two_applies_one_wins() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-slow"]) else { return };
    let first = root.command(&["patchctl", "apply", "--yes"]).start();
    let second = root.command(&["patchctl", "apply", "--yes", "--lock-timeout", "1s"]).run();
    let first = first.wait();
    let codes = [first.code, second.code];
    assert!(codes == [0, 7] || codes == [7, 0] || codes == [0, 0], "{first}{second}");
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"));
    assert!(!root.path("var/lib/patchctl/runs/0002").exists(), "exactly one run changed the host");
    root.run(&["patchctl", "recover"]).expect_code(0);
}

#[test]
fn a_second_apply_that_waits_finds_the_work_done() {
    let Some(root) = debian::small_with(&["lab-slow"]) else { return };
    let first = root.command(&["patchctl", "apply", "--yes"]).start();
    first.wait_until("the run has begun", || root.path("var/lib/patchctl/runs/0001/journal").exists());
    let second = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&second, "nothing to do");
    first.wait().expect_code(0);
}
