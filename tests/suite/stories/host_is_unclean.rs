//! A host that cannot be patched as it is: another tool left the package database unfinished, or a mount is read-only. That is
//! told with the way out, and never walked over.

use super::records::{assert_says, refused_unchanged};
use crate::lab::repository::Suite;
use crate::lab::{debian, faults};

const APPLY: [&str; 3] = ["patchctl", "apply", "--yes"];

#[test]
fn what_another_tool_unpacked_is_finished_on_request() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    let archive = root.repository().archive(Suite::Security, "lab-plain", "2.0");
    let archive = archive.strip_prefix(root.path("/")).expect("it lies in the root").to_owned();
    let archive = format!("/{}", archive.display());
    root.run(&["dpkg", "--unpack", &archive]).expect_code(0);
    assert_eq!(root.state("lab-plain"), "iU");
    let refused = refused_unchanged(&root, &APPLY, 10);
    assert_says(&refused, "lab-plain is unpacked and not configured");
    assert_says(&refused, "patchctl recover");
    assert_says(&root.run(&["patchctl", "recover"]).expect_code(0), "clean again");
    assert_eq!((root.state("lab-plain").as_str(), root.audit().as_str()), ("ii", ""));
    root.run(&APPLY).expect_code(0);
    assert_eq!(root.installed("lab-conf").as_deref(), Some("2.0"));
}

#[test]
fn what_cannot_be_finished_is_named_with_the_way_out() {
    let Some(root) = debian::small_with(&["lab-bad"]) else { return };
    root.apt(&["install", "-y", "lab-bad=2.0"]).expect_code(100);
    assert_eq!(root.state("lab-bad"), "iF");
    refused_unchanged(&root, &APPLY, 10);
    let recovered = root.run(&["patchctl", "recover"]).expect_code(10);
    assert_says(&recovered, "lab-bad is half configured");
    assert_says(&recovered, "apt-get install --reinstall lab-bad");
}

#[test]
fn a_read_only_mount_is_told_by_the_plan_and_refused_before_any_change() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    for closed in ["usr", "usr/share/lab-plain"] {
        let laid = faults::read_only(&root, closed);
        let said = format!("/{closed} is mounted read-only");
        assert_says(&root.run(&["patchctl", "plan"]).expect_code(0), &said);
        let refused = refused_unchanged(&root, &APPLY, 10);
        assert_says(&refused, &said);
        assert_says(&refused, &format!("mount -o remount,rw /{closed}"));
        drop(laid);
    }
    root.run(&APPLY).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}
