//! A package that is installed for two architectures is planned, changed and taken back for both together. SUSE gives the
//! second architecture a name of its own (`-32bit`): its solver lets one take the place of the other.

use super::dnf_plans::{changes, planned};
use crate::lab::dnf5_root;
use crate::lab::rpm_packages::{PLAIN, RpmFixture};
use crate::lab::rpm_root::{self, BASE, RpmRoot, UPDATES};

const BOTH: [&str; 2] = ["i686", "x86_64"];

/// Builds both architectures of both versions, announces the last one, and installs the first.
fn publish(root: &RpmRoot, vendor: &str, refresh: &[&str], install: &[&str]) {
    let fixture = RpmFixture { name: "lab-multi", ..PLAIN };
    let mut built = Vec::new();
    for (version, repository) in [("1.0", BASE), ("2.0", UPDATES)] {
        let place = (&*root.path(repository), vendor);
        built.extend(BOTH.map(|architecture| fixture.build_for(architecture, version, place)));
    }
    rpm_root::sign(&root.path("/"), &built);
    let package = |architecture: &str| {
        format!(
            "<package name=\"lab-multi\" version=\"2.0\" release=\"1\" epoch=\"0\" arch=\"{architecture}\"><filename>\
             lab-multi-2.0-1.{architecture}.rpm</filename></package>"
        )
    };
    let own = format!(
        "<update from=\"lab@example.org\" status=\"final\" type=\"security\" version=\"1\"><id>LABSA-2026:9100</id>\
         <title>lab-multi update</title><issued date=\"2026-09-01 00:00:00\"/><severity>Important</severity><references>\
         <reference href=\"https://example.org\" id=\"CVE-2026-21100\" type=\"cve\"/></references><pkglist>\
         <collection short=\"lab\"><name>lab</name>{}</collection></pkglist></update>",
        BOTH.map(package).concat()
    );
    let all = rpm_root::announcements().replace("</updates>", &format!("{own}\n</updates>"));
    rpm_root::publish(&root.path("/"), BASE, "");
    rpm_root::publish(&root.path("/"), UPDATES, &all);
    root.run(refresh).expect_code(0);
    root.run(install).expect_code(0);
}

fn builds(root: &RpmRoot) -> Vec<String> {
    root.builds().into_iter().filter(|build| build.starts_with("lab-multi")).collect()
}

fn both_change_together(root: &RpmRoot) {
    let old = builds(root);
    assert_eq!(old, ["lab-multi-1.0-1.i686", "lab-multi-1.0-1.x86_64"]);
    // What is named for one architecture cannot come without the other: they share a file.
    for asked in [&["--all-updates"][..], &["--cve", "CVE-2026-21100"], &["--package", "lab-multi"]] {
        let plan = planned(root, asked);
        assert_eq!(changes(&plan), ["upgrade lab-multi rpm:1.0-1 rpm:2.0-1"; 2], "{asked:?}");
        let steps = plan["steps"].as_array().expect("steps");
        assert_eq!(steps.len(), 1, "in one step: {plan:#}");
        let mut architectures: Vec<&str> = steps[0]["actions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|a| a["architecture"].as_str().unwrap())
            .collect();
        architectures.sort_unstable();
        assert_eq!(architectures, BOTH);
    }
    root.run(&["patchctl", "apply", "--yes", "--no-refresh"]).expect_code(0);
    assert_eq!(builds(root), ["lab-multi-2.0-1.i686", "lab-multi-2.0-1.x86_64"]);
    assert_eq!(root.read("usr/share/lab-multi/file"), "lab-multi 2.0\n");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(builds(root), old);
    assert_eq!(root.read("usr/share/lab-multi/file"), "lab-multi 1.0\n");
    assert!(!root.path("usr/share/lab-multi/file-2.0").exists());
    assert_eq!(root.verified(), "", "every file is its package's");
}

fn is_of_two_architectures() -> bool {
    let is_here = cfg!(target_arch = "x86_64");
    if !is_here {
        println!("not run: i686 beside x86_64 needs a machine of x86-64");
    }
    is_here
}

const WANTED: [&str; 2] = ["lab-multi-1.0-1.i686", "lab-multi-1.0-1.x86_64"];

#[test]
fn dnf_changes_both_architectures_of_a_package_together() {
    let Some(root) = rpm_root::with(&["lab-extra"]).filter(|_| is_of_two_architectures()) else { return };
    let install = [&["dnf", "-y", "install"], &WANTED[..]].concat();
    publish(&root, "CentOS", &["dnf", "-y", "--refresh", "makecache"], &install);
    both_change_together(&root);
}

#[test]
fn dnf5_changes_both_architectures_of_a_package_together() {
    let Some(root) = dnf5_root::with(&["lab-extra"]).filter(|_| is_of_two_architectures()) else { return };
    let install = [&["dnf5", "-y", "install"], &WANTED[..]].concat();
    publish(&root, "Fedora Project", &["dnf5", "-y", "--refresh", "makecache"], &install);
    both_change_together(&root);
}
