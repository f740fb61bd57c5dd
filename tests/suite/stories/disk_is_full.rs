//! A disk is full: named before anything is changed; and when it fills later, the host goes back.

use std::fs;

use super::records::assert_says;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::faults::{self, Injected, Point, Traced};
use crate::lab::oracle::{Manifest, Verdict, classify};

const APPLY: &[&str] = &["patchctl", "apply", "--yes"];

fn refused_with_mount_named(root: &DebianRoot, mount: &str) {
    let before = Manifest::of(root);
    let refused = root.run(APPLY).expect_code(10);
    assert_says(&refused, mount);
    assert_eq!(before.diff(&Manifest::of(root)), [], "{refused}");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
}

#[test]
fn a_full_cache_is_named_before_any_change() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    fs::create_dir_all(root.path("var/cache/patchctl")).expect("the folder can be made");
    let _full = faults::small_disk(&root, "/var/cache/patchctl", 1 << 20);
    refused_with_mount_named(&root, "/var/cache/patchctl needs");
}

#[test]
fn a_full_state_folder_is_named_before_any_change() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    fs::create_dir_all(root.path("var/lib/patchctl")).expect("the folder can be made");
    let _full = faults::small_disk(&root, "/var/lib/patchctl", 1 << 20);
    refused_with_mount_named(&root, "/var/lib/patchctl");
}

#[test]
fn a_file_system_without_inodes_is_named_before_any_change() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    fs::create_dir_all(root.path("var/lib/patchctl")).expect("the folder can be made");
    let _full = faults::few_inodes(&root, "/var/lib/patchctl", 100);
    refused_with_mount_named(&root, "inodes for old and new archives");
}

#[test]
fn a_tight_usr_is_named_before_any_change() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let used: u64 = used_bytes(&root, "usr");
    let _tight = faults::tight_disk(&root, "/usr", used + (24 << 20));
    refused_with_mount_named(&root, "/usr needs");
}

fn used_bytes(root: &DebianRoot, folder: &str) -> u64 {
    let shown = root.run(&["du", "-s", "--block-size=1", &format!("/{folder}")]).expect_code(0).stdout;
    shown.split_whitespace().next().and_then(|number| number.parse().ok()).expect("du tells a number")
}

#[test]
fn a_package_folder_that_fills_during_the_run_leads_back() {
    let Some(root) = debian::small_with(&["lab-conf", "lab-plain"]) else { return };
    // The preflight looks at /usr; what is full lies below it.
    let _full = faults::tight_disk(&root, "/usr/share/lab-plain", 116 << 10);
    let before = Manifest::of(&root);
    let failed = root.run(APPLY).expect_code(3);
    assert_says(&failed, "No space left on device");
    assert_eq!(before.diff(&Manifest::of(&root)), [], "{failed}");
    assert_eq!(root.audit(), "");
}

#[test]
fn a_journal_without_room_is_ended_with_the_reserve() {
    let Some(root) = debian::small_with(&["lab-conf", "lab-plain"]) else { return };
    let old = Manifest::of(&root);
    root.run(APPLY).expect_code(0);
    let new = Manifest::of(&root);
    for number in [2, 6, 7, 8, 9] {
        let Some(root) = debian::small_with(&["lab-conf", "lab-plain"]) else { return };
        let point = Point { calls: "fdatasync", number, traced: Traced::Program };
        let ended = faults::at_call(root.command(APPLY), &point, Injected::Errno("ENOSPC")).run();
        let verdict = classify(&old, &new, &Manifest::of(&root));
        let (code, end) = (ended.code, format!("write {number}: {verdict:?} {ended}"));
        assert!(matches!((code, verdict), (3 | 10, Verdict::Old) | (0, Verdict::New)), "{end}");
        assert_eq!(root.audit(), "", "{end}");
        root.run(&["patchctl", "recover"]).expect_code(0);
    }
}
