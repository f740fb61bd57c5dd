//! What apply does not do, and why: holds, removals, and packages that nothing could bring back.

use std::fs;

use super::records::{assert_says, refused_unchanged};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::oracle::Manifest;

#[test]
fn a_held_package_is_kept_and_named() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-held"]) else { return };
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "lab-held");
    assert_eq!((root.state("lab-held").as_str(), root.installed("lab-held").as_deref()), ("hi", Some("1.0")));
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_removal_is_refused_with_its_chain_of_causes_unless_allowed() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-remover"]) else { return };
    let only = ["patchctl", "apply", "--yes", "--package", "lab-remover"];
    let refused = refused_unchanged(&root, &only, 0);
    assert_says(
        &refused,
        "lab-remover 1.0 → 2.0 would remove packages: cannot be installed beside lab-plain",
    );
    assert_says(&refused, "lab-plain: would have to be removed");
    let before = Manifest::of(&root);
    root.run(&[&only[..], &["--allow-removals"]].concat()).expect_code(0);
    assert_eq!((root.installed("lab-plain"), root.installed("lab-remover").as_deref()), (None, Some("2.0")));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

fn forget_cached(root: &DebianRoot, name: &str) {
    for entry in fs::read_dir(root.path("var/cache/apt/archives")).expect("the cache can be listed") {
        let entry = entry.expect("an entry of the cache can be read");
        if entry.file_name().to_string_lossy().starts_with(name) {
            fs::remove_file(entry.path()).expect("a cached archive can be removed");
        }
    }
}

#[test]
fn a_vanished_archive_is_rebuilt_from_the_installed_files() {
    let Some(root) = debian::small_with(&["lab-gone"]) else { return };
    forget_cached(&root, "lab-gone_");
    let before = Manifest::of(&root);
    let planned = root.run(&["patchctl", "plan", "--format", "json"]).expect_code(0);
    assert!(
        planned.stdout.contains("\"reversible\": \"reconstructed\"")
            || planned.stdout.contains("\"reversible\":\"reconstructed\""),
        "{planned}"
    );
    assert_says(&root.run(&["patchctl", "plan"]), "rebuilt");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-gone").as_deref(), Some("2.0"));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    let changed: Vec<String> = before.diff(&Manifest::of(&root)).into_iter().map(|one| one.path).collect();
    assert_eq!(
        changed,
        ["var/lib/dpkg/status"],
        "the database tells that the archive was rebuilt, and no more"
    );
    let told = root.run(&["dpkg", "-s", "lab-gone"]).expect_code(0);
    assert_says(&told, "Patchctl-Reconstructed: yes");
}

#[test]
fn what_nothing_could_bring_back_is_held_until_accepted_by_name() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-gone"]) else { return };
    forget_cached(&root, "lab-gone_");
    fs::remove_file(root.path("var/lib/dpkg/info/lab-gone.md5sums")).expect("digests can be lost");
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "--accept-no-rollback lab-gone");
    assert_eq!(root.installed("lab-gone").as_deref(), Some("1.0"));
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    root.run(&["patchctl", "apply", "--yes", "--accept-no-rollback", "lab-gone"]).expect_code(0);
    assert_eq!(root.installed("lab-gone").as_deref(), Some("2.0"));
}

#[test]
fn installed_files_that_were_changed_are_no_way_back() {
    let Some(root) = debian::small_with(&["lab-gone"]) else { return };
    forget_cached(&root, "lab-gone_");
    root.write("usr/share/lab-gone/version", "changed by hand\n");
    let refused = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 10);
    assert_says(&refused, "--accept-no-rollback lab-gone");
}
