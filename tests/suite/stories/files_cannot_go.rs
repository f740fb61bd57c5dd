//! A file cannot be removed: dpkg and rpm warn, forget it and call that success, pacman calls it an error and ends with 0, apk
//! says nothing. For patchctl it is no success.

use super::records::assert_says;
use crate::lab::namespace::on_host;
use crate::lab::oracle::Manifest;
use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::{apk_root, debian, dnf5_root, pacman_root, zypp_root};

/// Sets or takes the attribute that keeps even root from removing a file (chattr(1)).
fn immutable(sign: &str, path: &std::path::Path) {
    on_host(&["chattr", sign, path.to_str().expect("the laboratory's paths are plain text")]);
}

#[test]
fn a_way_back_that_cannot_remove_a_new_file_is_finished_by_recover_when_it_can() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    let before = Manifest::of(&root);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let kept = root.path("usr/lib/lab-plain/new-3");
    immutable("+i", &kept);
    let stuck = root.run(&["patchctl", "rollback", "--yes"]).expect_code(4);
    assert_says(&stuck, "could not be removed: /usr/lib/lab-plain/new-3 (Operation not permitted");
    immutable("-i", &kept);
    root.run(&["patchctl", "recover"]).expect_code(3);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

/// An update that leaves a file of the old version behind is no success, and no way back works over that file either.
fn stuck(root: Option<RpmRoot>) {
    let Some(root) = root else { return };
    let before = root.builds();
    let kept = root.path("usr/share/lab-plain/file-1.0");
    immutable("+i", &kept);
    let ran = root.run(&["patchctl", "apply", "--yes", "--package", "lab-plain"]);
    immutable("-i", &kept);
    assert_says(&ran, "could not be removed: /usr/share/lab-plain/file-1.0 (Operation not permitted");
    ran.expect_code(4);
    root.run(&["patchctl", "recover"]).expect_code(3);
    let now = (root.builds(), kept.exists(), root.path("usr/share/lab-plain/file-2.0").exists());
    assert_eq!(now, (before, true, false));
}

#[test]
fn an_update_by_dnf_that_leaves_an_old_file_is_no_success() {
    stuck(rpm_root::with(&["lab-plain"]));
}

#[test]
fn an_update_by_dnf5_that_leaves_an_old_file_is_no_success() {
    stuck(dnf5_root::with(&["lab-plain"]));
}

#[test]
fn an_update_by_zypper_that_leaves_an_old_file_is_no_success() {
    stuck(zypp_root::with(&["lab-plain"]));
}

#[test]
fn an_upgrade_by_pacman_that_leaves_an_old_file_is_no_success() {
    let Some(root) = pacman_root::with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]);
    let kept = root.path("usr/share/lab-plain/file-1.0-1");
    immutable("+i", &kept);
    let ran = root.run(&["patchctl", "apply", "--yes", "--no-refresh"]);
    immutable("-i", &kept);
    assert_says(&ran, "could not be removed: /usr/share/lab-plain/file-1.0-1 (Operation not permitted");
    // pacman works around such a file on the way back, too: it holds already what it is to hold.
    ran.expect_code(3);
    let now = (root.versions(), kept.exists(), root.path("usr/share/lab-plain/file-2.0-1").exists());
    assert_eq!(now, (vec!["lab-plain 1.0-1".to_owned()], true, false));
}

#[test]
fn an_upgrade_by_apk_that_leaves_an_old_file_is_no_success() {
    let Some(root) = apk_root::with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]);
    let kept = root.path("usr/share/lab-plain/file-1.0-r0");
    immutable("+i", &kept);
    let ran = root.run(&["patchctl", "apply", "--yes", "--no-refresh", "--all-updates"]);
    immutable("-i", &kept);
    assert_says(&ran, "could not be removed: /usr/share/lab-plain/file-1.0-r0 (Operation not permitted");
    ran.expect_code(4);
    root.run(&["patchctl", "recover"]).expect_code(3);
    let now = (root.versions(), kept.exists(), root.path("usr/share/lab-plain/file-2.0-r0").exists());
    assert_eq!(now, (vec!["lab-plain-1.0-r0".to_owned()], true, false));
}
