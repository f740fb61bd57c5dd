//! An operator plans on a host of zypper: the plan is what zypper itself would do, says what stays and why, and changes
//! nothing.

use std::fs;

use serde_json::Value;

use super::dnf_plans::{actions, changes, held, planned};
use crate::lab::oracle::Manifest;
use crate::lab::rpm_root::RpmRoot;
use crate::lab::zypp_root;

/// The files of a root without what every caller of zypper writes, also one that only asks: the number of its process, and
/// SQLite's shared memory.
pub fn manifest(root: &RpmRoot) -> Manifest {
    Manifest::of_folder(&root.path("/")).without(&["var/lib/rpm/rpmdb.sqlite-shm", "run/zypp.pid"])
}

#[test]
fn a_plan_is_what_zypper_would_do_and_changes_nothing() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];
    let Some(root) = zypp_root::with(&fixtures) else { return };
    let before = manifest(&root);
    let plan = planned(&root, &["--all-updates"]);
    assert_eq!(before.diff(&manifest(&root)), []);
    assert_eq!(
        changes(&plan),
        [
            "add lab-kernel - rpm:2.0-1",
            "install lab-extra - rpm:1.0-1",
            "upgrade lab-conf rpm:1.0-1 rpm:2.0-1",
            "upgrade lab-epoch rpm:9.0-1 rpm:1:1.0-1",
            "upgrade lab-grows rpm:1.0-1 rpm:2.0-1",
            "upgrade lab-library rpm:1.0-1 rpm:2.0-1",
            "upgrade lab-plain rpm:1.0-1 rpm:2.0-1",
            "upgrade lab-program rpm:1.0-1 rpm:2.0-1",
        ]
    );
    let sizes: u64 = actions(&plan).iter().map(|action| action["artifact"]["size"].as_u64().unwrap()).sum();
    assert_eq!(plan["download_bytes"].as_u64(), Some(sizes));
    assert!(actions(&plan).iter().all(|action| action["reversible"] == "reversible"), "{plan:#}");
    let shown = root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0).stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(!shown.contains("apt") && !shown.contains("dpkg") && !shown.contains("dnf"), "{shown}");
}

#[test]
fn without_further_words_a_plan_takes_security_and_what_it_needs() {
    let fixtures = ["lab-plain", "lab-program", "lab-library", "lab-epoch"];
    let Some(root) = zypp_root::with(&fixtures) else { return };
    let plan = planned(&root, &[]);
    assert_eq!(
        changes(&plan),
        [
            "upgrade lab-library rpm:1.0-1 rpm:2.0-1",
            "upgrade lab-plain rpm:1.0-1 rpm:2.0-1",
            "upgrade lab-program rpm:1.0-1 rpm:2.0-1",
        ]
    );
    let plain = actions(&plan).into_iter().find(|action| action["package"] == "lab-plain").unwrap();
    assert_eq!(
        (plain["closes"][0].as_str(), plain["security"].as_bool()),
        (Some("CVE-2026-20001"), Some(true))
    );
    let plan = planned(&root, &["--cve", "CVE-2026-20001"]);
    assert_eq!(changes(&plan), ["upgrade lab-plain rpm:1.0-1 rpm:2.0-1"]);
}

#[test]
fn what_stays_is_told_with_its_reason() {
    let fixtures = ["lab-plain", "lab-held", "lab-former", "lab-foreign", "lab-other", "lab-wants-old"];
    let Some(root) = zypp_root::with(&fixtures) else { return };
    let plan = planned(&root, &["--all-updates"]);
    assert_eq!(changes(&plan), ["upgrade lab-plain rpm:1.0-1 rpm:2.0-1"]);
    let why = held(&plan);
    assert_eq!(why["lab-held"], "package-hold: zypper removelock lab-held would release it");
    assert!(why["lab-other"].starts_with("would-remove: "), "{why:?}");
    assert!(why["lab-foreign"].contains("zypper search"), "another vendor's build is not taken: {why:?}");
    // The administrator lets vendors change.
    root.write("etc/zypp/zypp.conf", "[main]\nsolver.allowVendorChange = true\n");
    let plan = planned(&root, &["--package", "lab-foreign"]);
    assert_eq!(changes(&plan), ["upgrade lab-foreign rpm:1.0-1 rpm:2.0-1"]);
    let plan = planned(&root, &["--package", "lab-other", "--allow-removals"]);
    assert_eq!(changes(&plan), ["remove lab-wants-old rpm:1.0-1 -", "upgrade lab-other rpm:1.0-1 rpm:2.0-1"]);
    // A repository whose signatures are not checked is none to plan from.
    let unchecked = root.read("etc/zypp/repos.d/updates.repo").replace("gpgcheck=1", "gpgcheck=0");
    root.write("etc/zypp/repos.d/updates.repo", &unchecked);
    let plan = planned(&root, &[]);
    assert_eq!(changes(&plan), Vec::<String>::new());
    assert!(held(&plan)["lab-plain"].contains("which is not signed"), "{:?}", held(&plan));
}

#[test]
fn edited_configuration_is_foreseen_as_rpm_treats_it() {
    let Some(root) = zypp_root::with(&["lab-conf", "lab-moved"]) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    root.write("etc/lab-moved.conf", "mine\n");
    let plan = planned(&root, &[]);
    let told: Vec<&Value> = plan["conffiles"].as_array().unwrap().iter().collect();
    let outcome = |at: usize| told[at]["outcome"].as_str().unwrap();
    assert!(outcome(0).contains(".rpmnew") && outcome(1).contains(".rpmsave"), "{told:?}");
}

#[test]
fn metadata_that_is_missing_or_not_the_listed_one_is_told() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
    let folder = root.path("var/cache/zypp/raw/updates/repodata");
    let listed = fs::read_dir(&folder).unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let primary = listed.into_iter().find(|path| path.to_string_lossy().ends_with("primary.xml.gz")).unwrap();
    let mut bytes = fs::read(&primary).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&primary, bytes).unwrap();
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(
        ran.stderr.contains("is not what the repository lists")
            && ran.stderr.contains("zypper refresh --force"),
        "{ran}"
    );
    fs::remove_dir_all(root.path("var/cache/zypp")).unwrap();
    let ran = root.run(&["patchctl", "plan"]);
    assert!(ran.code == 9 && ran.stderr.contains("zypper refresh"), "{ran}");
}

#[test]
fn a_host_that_changes_in_snapshots_is_refused_with_the_right_command() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
    root.write("usr/sbin/transactional-update", "");
    root.run(&["patchctl", "plan"]).expect_code(0);
    let line = "mount -o remount,ro,bind / && patchctl plan";
    let ran = root.shell(line).expect_code(1);
    assert!(ran.stderr.contains("transactional-update patch"), "{ran}");
}

#[test]
fn updates_of_the_package_manager_itself_go_first_and_reboots_are_foreseen() {
    let Some(root) = zypp_root::with(&["lab-stack", "lab-core", "lab-plain"]) else { return };
    let plan = planned(&root, &[]);
    let names = |step: usize| -> Vec<&str> {
        let actions = plan["steps"][step]["actions"].as_array().unwrap();
        actions.iter().map(|action| action["package"].as_str().unwrap()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["lab-stack"], vec!["lab-core", "lab-plain"]), "{plan:#}");
    assert!(plan["reboot"].as_str().is_some_and(|reason| reason.contains("lab-core")), "{plan:#}");
    let warnings = plan["warnings"].as_array().unwrap();
    let is_told = |warning: &Value| warning.as_str().unwrap().ends_with("in a step of its own: lab-stack");
    assert!(warnings.iter().any(is_told), "{warnings:?}");
    let ran = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(ran.stdout.contains("reboot"), "{ran}");
    let log = root.read("var/lib/patchctl/runs/0001/log");
    assert_eq!(log.matches("$ /usr/bin/zypper").count(), 2, "one zypper a step: {log}");
}

#[test]
fn a_licence_that_nobody_agreed_to_holds_its_package_alone() {
    let Some(root) = zypp_root::with(&["lab-licensed", "lab-plain"]) else { return };
    let plan = planned(&root, &[]);
    assert_eq!(changes(&plan), ["upgrade lab-plain rpm:1.0-1 rpm:2.0-1"]);
    assert!(held(&plan)["lab-licensed"].contains("autoAgreeWithLicenses"), "{:?}", held(&plan));
    root.write("etc/zypp/zypper.conf", "[commit]\nautoAgreeWithLicenses = yes\n");
    let plan = planned(&root, &["--package", "lab-licensed"]);
    assert_eq!(changes(&plan), ["upgrade lab-licensed rpm:1.0-1 rpm:2.0-1"]);
}

#[test]
fn a_plan_waits_for_whoever_works_with_zypp_and_names_him() {
    let Some(root) = zypp_root::with(&["lab-plain"]) else { return };
    let line = "sleep 30 & echo $! > /run/zypp.pid; patchctl plan --lock-timeout 1s";
    let ran = root.shell(line).expect_code(7);
    assert!(ran.stderr.contains("sleep") && ran.stderr.contains("/run/zypp.pid"), "{ran}");
}
