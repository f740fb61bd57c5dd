//! An operator plans on a host of dnf: the plan is what dnf itself would do, says what stays and why, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::lab::oracle::Manifest;
use crate::lab::rpm_root::{self, RpmRoot};

/// Plans as root and returns the plan of the report.
#[track_caller]
pub fn planned(root: &RpmRoot, arguments: &[&str]) -> Value {
    let ran = root.run(&[&["patchctl", "plan", "--format", "json"], arguments].concat()).expect_code(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    report["plan"].clone()
}

/// The files of a root without SQLite's shared memory, which every reader of a database writes to and which holds nothing
/// of it (SQLite, "Write-Ahead Logging", the WAL-index).
pub fn manifest(root: &RpmRoot) -> Manifest {
    let shared = [
        "var/lib/rpm/rpmdb.sqlite-shm",
        "var/lib/dnf/history.sqlite-shm",
        "usr/lib/sysimage/libdnf5/transaction_history.sqlite-shm",
    ];
    Manifest::of_folder(&root.path("/")).without(&shared)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub fn actions(plan: &Value) -> Vec<&Value> {
    plan["steps"].as_array().unwrap().iter().flat_map(|step| step["actions"].as_array().unwrap()).collect()
}

/// Every change as `kind package from to`, sorted.
pub fn changes(plan: &Value) -> Vec<String> {
    let told = |action: &&Value| {
        format!(
            "{} {} {} {}",
            text(&action["kind"]),
            text(&action["package"]),
            action["from"].as_str().unwrap_or("-"),
            action["to"].as_str().unwrap_or("-")
        )
    };
    let mut changes: Vec<String> = actions(plan).iter().map(told).collect();
    changes.sort();
    changes
}

/// The held packages, each with the words of reason and root cause.
pub fn held(plan: &Value) -> BTreeMap<String, String> {
    let entry = |held: &Value| {
        let chain = held["cause_chain"].as_array().unwrap();
        let last = chain.last().unwrap();
        (text(&held["package"]), format!("{}: {}", text(&last["reason"]), text(&last["detail"])))
    };
    plan["held"].as_array().unwrap().iter().map(entry).collect()
}

#[test]
fn a_plan_is_what_dnf_would_do_and_changes_nothing() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];
    let Some(root) = rpm_root::with(&fixtures) else { return };
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
    assert!(shown.contains("installs beside the present version: lab-kernel"), "{shown}");
    assert!(!shown.contains("apt") && !shown.contains("dpkg"), "{shown}");
}

#[test]
fn without_further_words_a_plan_takes_security_and_what_it_needs() {
    let fixtures = ["lab-plain", "lab-program", "lab-library", "lab-epoch"];
    let Some(root) = rpm_root::with(&fixtures) else { return };
    let plan = planned(&root, &[]);
    let names: Vec<String> = actions(&plan).iter().map(|action| text(&action["package"])).collect();
    assert!(!names.contains(&"lab-epoch".to_owned()), "an update without a hole stays: {names:?}");
    assert_eq!(names.len(), 3);
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
    let fixtures = ["lab-plain", "lab-held", "lab-former", "lab-program", "lab-library"];
    let Some(root) = rpm_root::with(&fixtures) else { return };
    let locked = planned(&root, &["--all-updates"]);
    assert_eq!(held(&locked)["lab-held"], "package-hold: dnf versionlock delete lab-held would release it");
    assert!(!changes(&locked).iter().any(|change| change.contains("lab-former")), "{:?}", changes(&locked));
    // An exclude keeps the library back, and with it the program that needs it.
    root.write("etc/dnf/dnf.conf", "[main]\ngpgcheck=True\nbest=True\nexcludepkgs=lab-library\n");
    let excluded = planned(&root, &["--all-updates"]);
    assert_eq!(changes(&excluded), ["upgrade lab-plain rpm:1.0-1 rpm:2.0-1"]);
    assert!(held(&excluded)["lab-program"].starts_with("dependency: "), "{:?}", held(&excluded));
    // A repository whose signatures are not checked is none to plan from.
    let unchecked = root.read("etc/yum.repos.d/lab.repo").replace("gpgcheck=1", "gpgcheck=0");
    root.write("etc/yum.repos.d/lab.repo", &unchecked);
    let unsigned = planned(&root, &[]);
    assert_eq!(changes(&unsigned), Vec::<String>::new());
    assert!(held(&unsigned)["lab-plain"].contains("which is not signed"), "{:?}", held(&unsigned));
}

#[test]
fn edited_configuration_is_foreseen_as_rpm_treats_it() {
    let Some(root) = rpm_root::with(&["lab-conf", "lab-moved"]) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    root.write("etc/lab-moved.conf", "mine\n");
    let plan = planned(&root, &[]);
    let told: Vec<String> = plan["conffiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| format!("{} {}", text(&file["path"]), text(&file["outcome"])))
        .collect();
    assert!(
        told[0].starts_with("/etc/lab-conf.conf edited by you: stays") && told[0].contains(".rpmnew"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("/etc/lab-moved.conf edited by you") && told[1].contains(".rpmsave"),
        "{told:?}"
    );
}

/// The list of packages of the repository with the updates.
fn primary(root: &RpmRoot) -> PathBuf {
    let below = |folder: &Path, is_it: &dyn Fn(&str) -> bool| {
        let mut entries = fs::read_dir(folder).unwrap().filter_map(Result::ok).map(|entry| entry.path());
        entries.find(|path| is_it(&path.to_string_lossy())).unwrap()
    };
    let updates = below(&root.path("var/cache/dnf"), &|path| path.contains("/updates-"));
    below(&updates.join("repodata"), &|path| path.ends_with("primary.xml.gz"))
}

#[test]
fn metadata_that_is_missing_or_not_the_listed_one_is_told() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    let (cache, primary) = (root.path("var/cache/dnf"), primary(&root));
    let mut bytes = fs::read(&primary).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&primary, bytes).unwrap();
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(
        ran.stderr.contains("is not what the repository lists") && ran.stderr.contains("dnf clean metadata"),
        "{ran}"
    );
    fs::remove_dir_all(&cache).unwrap();
    let ran = root.run(&["patchctl", "plan"]);
    assert!(ran.code == 9 && ran.stderr.contains("dnf makecache"), "{ran}");
}

#[test]
fn lists_of_packages_are_not_read_again_while_the_metadata_stays() {
    let Some(root) = rpm_root::with(&["lab-plain", "lab-conf"]) else { return };
    let offered = |root: &RpmRoot| {
        let ran = root.run(&["patchctl", "scan", "--format", "json"]);
        let report: Value = serde_json::from_str(&ran.stdout).expect("a report");
        let findings = report["findings"].as_array().expect("findings").clone();
        findings.iter().map(|finding| text(&finding["candidate"]["version"])).collect::<Vec<_>>()
    };
    let both = offered(&root);
    assert_eq!(both.len(), 2, "{both:?}");
    let primary = primary(&root);
    fs::rename(&primary, primary.with_extension("away")).expect("the list goes");
    root.run(&["rpm", "-e", "--nodeps", "lab-conf"]).expect_code(0);
    assert_eq!(offered(&root).len(), 1);
    let list = primary.with_file_name("repomd.xml");
    let bytes = fs::read(&list).expect("the list of metadata");
    fs::remove_file(&list).and_then(|()| fs::write(&list, bytes)).expect("fetched anew");
    let ran = root.run(&["patchctl", "scan"]).expect_code(9);
    assert!(ran.stderr.contains("cannot read the repository metadata"), "{ran}");
}

#[test]
fn a_host_booted_from_an_image_is_refused_with_the_right_command() {
    let Some(root) = rpm_root::with(&["lab-plain"]) else { return };
    root.write("run/ostree-booted", "");
    let ran = root.run(&["patchctl", "plan"]).expect_code(1);
    assert!(ran.stderr.contains("booted from an image") && ran.stderr.contains("bootc upgrade"), "{ran}");
    root.write("usr/bin/rpm-ostree", "");
    let ran = root.run(&["patchctl", "apply", "--yes"]).expect_code(1);
    assert!(ran.stderr.contains("rpm-ostree upgrade"), "{ran}");
}
