//! An operator plans on a host of apk: what apk itself would do, pins of the world explained, and nothing is changed.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::lab::apk_root::{self, ApkRoot, NEW};
use crate::lab::oracle::Manifest;

/// Plans as root and returns the plan of the report.
#[track_caller]
pub fn planned(root: &ApkRoot, arguments: &[&str]) -> Value {
    let ran = root.run(&[&["patchctl", "plan", "--format", "json"], arguments].concat()).expect_code(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    report["plan"].clone()
}

/// The files of a root without the log that apk 3 keeps of every call.
pub fn manifest(root: &ApkRoot) -> Manifest {
    Manifest::of_folder(&root.path("/")).without_below("var/log")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn actions(plan: &Value) -> Vec<&Value> {
    plan["steps"].as_array().unwrap().iter().flat_map(|step| step["actions"].as_array().unwrap()).collect()
}

/// Every change as `kind package from to`, sorted.
pub fn changes(plan: &Value) -> Vec<String> {
    let version = |value: &Value| value.as_str().unwrap_or("-").trim_start_matches("apk:").to_owned();
    let told = |action: &&Value| {
        let (kind, package) = (text(&action["kind"]), text(&action["package"]));
        format!("{kind} {package} {} {}", version(&action["from"]), version(&action["to"]))
    };
    let mut changes: Vec<String> = actions(plan).iter().map(told).collect();
    changes.sort();
    changes
}

/// Each held package with the whole chain of its causes.
fn held(plan: &Value) -> BTreeMap<String, String> {
    let entry = |held: &Value| {
        let chain = held["cause_chain"].as_array().unwrap();
        let told = chain.iter().map(|cause| {
            format!("{} {}: {}", text(&cause["subject"]), text(&cause["reason"]), text(&cause["detail"]))
        });
        (text(&held["package"]), told.collect::<Vec<_>>().join(" < "))
    };
    plan["held"].as_array().unwrap().iter().map(entry).collect()
}

fn warnings(plan: &Value) -> String {
    plan["warnings"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("\n")
}

/// What apk itself would upgrade, by name and version.
fn of_apk(root: &ApkRoot) -> Vec<String> {
    let ran = root.run(&["apk", "upgrade", "-s"]).expect_code(0);
    let words = |line: &str| {
        let name = line.split_whitespace().nth_back(if line.contains("->") { 3 } else { 1 })?;
        Some(format!("{name} {}", line.rsplit(' ').next()?.trim_matches(['(', ')'])))
    };
    let mut all: Vec<String> =
        ran.stdout.lines().filter(|line| line.starts_with('(')).filter_map(words).collect();
    all.sort();
    all
}

#[test]
fn a_plan_is_what_apk_would_do_and_changes_nothing() {
    let fixtures = ["lab-plain", "lab-program", "lab-grows", "lab-conf", "lab-noarch"];
    let Some(root) = apk_root::with(&fixtures) else { return };
    let before = manifest(&root);
    let plan = planned(&root, &[]);
    assert_eq!(before.diff(&manifest(&root)), []);
    assert_eq!(
        changes(&plan),
        [
            "install lab-extra - 1.0-r0",
            "upgrade lab-conf 1.0-r0 2.0-r0",
            "upgrade lab-grows 1.0-r0 2.0-r0",
            "upgrade lab-library 1.0-r0 2.0-r0",
            "upgrade lab-noarch 1.0-r0 2.0-r0",
            "upgrade lab-plain 1.0-r0 2.0-r0",
            "upgrade lab-program 1.0-r0 2.0-r0",
        ]
    );
    let mut told: Vec<String> = actions(&plan)
        .iter()
        .map(|a| format!("{} {}", text(&a["package"]), text(&a["to"]).trim_start_matches("apk:")))
        .collect();
    told.sort();
    assert_eq!(told, of_apk(&root));
    let plain = actions(&plan).into_iter().find(|a| a["package"] == "lab-plain").unwrap().clone();
    assert_eq!((&plain["closes"][0], &plain["security"]), (&"CVE-2026-40001".into(), &true.into()));
    assert!(text(&plain["artifact"]["apk_checksum"]).starts_with("Q1"), "{plain}");
    assert!(actions(&plan).iter().all(|action| action["reversible"] == "reversible"), "{plan:#}");
    let shown = root.run(&["patchctl", "plan"]).expect_code(0).stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(!shown.contains("dpkg"), "{shown}");
    // What is blocked stays, with the words of who blocked it.
    let words = ["--until", "newer", "--reason", "breaks billing", "--owner", "anna"];
    root.run(&[&["patchctl", "block", "lab-plain"], &words[..]].concat()).expect_code(0);
    let plan = planned(&root, &[]);
    assert!(held(&plan)["lab-plain"].contains("breaks billing"), "{plan:#}");
    root.run(&["patchctl", "unblock", "lab-plain"]).expect_code(0);
    // One of all: nothing else comes with it that apk does not need.
    assert_eq!(changes(&planned(&root, &["--package", "lab-plain"])), ["upgrade lab-plain 1.0-r0 2.0-r0"]);
}

#[test]
fn pins_of_the_world_are_explained_down_to_their_root() {
    let fixtures = ["lab-plain", "lab-pinned", "lab-needspin", "lab-conf", "lab-enemy", "lab-noarch"];
    let Some(root) = apk_root::with(&fixtures) else { return };
    root.write(
        "etc/apk/world",
        "lab-plain\nlab-pinned=1.0-r0\nlab-needspin\nlab-conf<2\nlab-enemy\nlab-noarch~2\n",
    );
    let plan = planned(&root, &[]);
    let held = held(&plan);
    assert_eq!(
        changes(&plan),
        ["upgrade lab-noarch 1.0-r0 2.0-r0", "upgrade lab-plain 1.0-r0 2.0-r0"],
        "{held:#?}"
    );
    let release = "package-hold: a line of /etc/apk/world pins it; apk add lab-pinned would release it";
    assert!(held["lab-pinned"].contains(release), "{held:#?}");
    assert!(
        held["lab-needspin"].contains("needs lab-pinned>=2.0-r0") && held["lab-needspin"].ends_with(release),
        "{held:#?}"
    );
    assert!(
        held["lab-conf"].contains("pins prefer 1.0-r0") || held["lab-conf"].contains("/etc/apk/world"),
        "{held:#?}"
    );
    assert!(held["lab-enemy"].contains("lab-plain"), "{held:#?}");
}

#[test]
fn what_nothing_needs_any_more_goes_only_where_removals_are_allowed() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-shrinks"]) else { return };
    let plan = planned(&root, &[]);
    assert_eq!(changes(&plan), ["upgrade lab-plain 1.0-r0 2.0-r0"]);
    assert!(held(&plan)["lab-shrinks"].contains("--allow-removals"), "{:?}", held(&plan));
    let plan = planned(&root, &["--allow-removals"]);
    assert_eq!(
        changes(&plan),
        [
            "remove lab-orphan 1.0-r0 -",
            "upgrade lab-plain 1.0-r0 2.0-r0",
            "upgrade lab-shrinks 1.0-r0 2.0-r0"
        ]
    );
    assert!(warnings(&plan).contains("removes packages: lab-orphan"), "{plan:#}");
}

#[test]
fn edited_configuration_is_foreseen_as_apk_treats_it() {
    let Some(root) = apk_root::with(&["lab-conf", "lab-plain"]) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    let file = &planned(&root, &[])["conffiles"][0];
    assert_eq!(file["path"], "/etc/lab-conf.conf");
    assert!(
        text(&file["outcome"]).contains("stays") && text(&file["outcome"]).contains(".apk-new"),
        "{file}"
    );
}

#[test]
fn indexes_that_are_missing_or_broken_are_told() {
    let Some(root) = apk_root::with(&["lab-plain"]) else { return };
    let index = root.path(NEW).join("x86_64/APKINDEX.tar.gz");
    let sound = fs::read(&index).unwrap();
    fs::write(&index, &sound[..sound.len() / 2]).unwrap();
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(ran.stderr.contains("APKINDEX.tar.gz") && ran.stderr.contains("apk update -U"), "{ran}");
    fs::remove_file(&index).unwrap();
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(ran.stderr.contains("apk update -U"), "{ran}");
    // One that nobody signed is whole to patchctl and nothing to apk.
    let end = (10..sound.len()).find(|at| sound[*at..].starts_with(&[0x1f, 0x8b])).expect("a second part");
    fs::write(&index, &sound[end..]).unwrap();
    let ran = root.run(&["patchctl", "plan"]);
    assert!(ran.code == 10 && ran.stderr.contains("WARNING: opening"), "{ran}");
}
