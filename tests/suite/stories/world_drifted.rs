//! A plan meets another world than the one it was made for: it is refused, and the difference is told.

use super::records::{assert_says, refused_unchanged};
use crate::lab::debian::{self, DebianRoot};

const PLAN: &str = "root/p.json";

fn planned(names: &[&str]) -> Option<DebianRoot> {
    let root = debian::small_with(names)?;
    root.run(&["patchctl", "plan", "-o", "/root/p.json"]).expect_code(0);
    Some(root)
}

fn refusal(root: &DebianRoot, code: i32) -> crate::lab::namespace::Ran {
    refused_unchanged(root, &["patchctl", "apply", "--yes", "/root/p.json"], code)
}

#[test]
fn a_saved_plan_is_carried_out_exactly() {
    let Some(root) = planned(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "apply", "--yes", "/root/p.json"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn packages_changed_since_are_listed_as_drift() {
    let Some(root) = planned(&["lab-plain", "lab-conf"]) else { return };
    root.apt(&["install", "-y", "lab-plain=2.0"]).expect_code(0);
    let refused = refusal(&root, 8);
    assert_says(&refused, "the host has changed since the plan was made");
    assert_says(&refused, "lab-plain");
}

/// apt keeps what it read as long as size and second of dpkg's records are the same; an upgrade within one second changes
/// neither.
#[test]
fn what_changed_within_the_second_of_the_last_look_is_seen() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    let (status, cache) = ("/var/lib/dpkg/status", "/var/cache/patchctl/apt/pkgcache.bin");
    let size = || root.shell(&format!("stat -c %s {status}")).expect_code(0).stdout;
    root.apt(&["install", "-y", "lab-plain=2.0"]).expect_code(0);
    let planned = root.run(&["patchctl", "plan"]).expect_code(0);
    assert!(planned.stdout.contains("lab-conf") && !planned.stdout.contains("lab-plain"), "{planned}");
    let (second, before) = (root.shell(&format!("stat -c %Y {status}")).stdout, size());
    root.apt(&["install", "-y", "--allow-downgrades", "lab-plain=1.0"]).expect_code(0);
    assert_eq!(size(), before);
    let second = second.trim();
    root.shell(&format!("touch -d @{second}.9 {status}; touch -d @{second}.5 {cache}")).expect_code(0);
    let planned = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&planned, "lab-plain");
}

#[test]
fn a_plan_edited_by_one_byte_is_refused() {
    let Some(root) = planned(&["lab-plain"]) else { return };
    let text = root.read(PLAN);
    root.write(PLAN, &text.replacen("\"2.0\"", "\"2.1\"", 1));
    assert_says(&refusal(&root, 8), "the seal is broken");
}

#[test]
fn a_plan_of_another_host_is_refused() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    root.run(&["patchctl", "plan", "-o", "/root/p.json"]).expect_code(0);
    root.write("etc/machine-id", "fedcba9876543210fedcba9876543210\n");
    assert_says(&refusal(&root, 8), "the plan is for the host");
}

#[test]
fn a_plan_of_another_format_is_wrong_usage() {
    let Some(root) = planned(&["lab-plain"]) else { return };
    let text = root.read(PLAN);
    root.write(PLAN, &text.replacen("patchctl.plan/1", "patchctl.plan/9", 1));
    assert_says(&refusal(&root, 2), "patchctl.plan/9");
    root.write(PLAN, &text[..text.len() / 2]);
    assert_says(&refusal(&root, 2), "/root/p.json");
    root.write(PLAN, "");
    assert_says(&refusal(&root, 2), "/root/p.json");
}
