//! An operator plans on a host of pacman: a whole upgrade, as pacman itself would do it, with what closes holes marked, and
//! nothing is changed.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::lab::oracle::Manifest;
use crate::lab::pacman_root::{self, NEW, PacmanRoot};

/// Plans as root from fresh databases and returns the plan of the report.
#[track_caller]
pub fn planned(root: &PacmanRoot, arguments: &[&str]) -> Value {
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    planned_again(root, arguments)
}

#[track_caller]
pub fn planned_again(root: &PacmanRoot, arguments: &[&str]) -> Value {
    let ran = root.run(&[&["patchctl", "plan", "--format", "json"], arguments].concat()).expect_code(0);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    report["plan"].clone()
}

/// The files of a root without the keys by which pacman checks signatures: gpg locks them, and notes when it last looked.
pub fn manifest(root: &PacmanRoot) -> Manifest {
    Manifest::of_folder(&root.path("/")).without_below("etc/pacman.d/gnupg")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn actions(plan: &Value) -> Vec<&Value> {
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

fn held(plan: &Value) -> BTreeMap<String, String> {
    let entry = |held: &Value| {
        let chain = held["cause_chain"].as_array().unwrap();
        let last = chain.last().unwrap();
        (text(&held["package"]), format!("{}: {}", text(&last["reason"]), text(&last["detail"])))
    };
    plan["held"].as_array().unwrap().iter().map(entry).collect()
}

fn warnings(plan: &Value) -> String {
    plan["warnings"].as_array().unwrap().iter().map(text).collect::<Vec<_>>().join("\n")
}

/// What one bare `pacman -Sup` would bring, by name and version, in a folder of its own.
fn of_pacman(root: &PacmanRoot) -> Vec<String> {
    let ask = "mkdir -p /tmp/db/sync && ln -sfn /var/lib/pacman/local /tmp/db/local && \
        pacman -Sy --dbpath /tmp/db --logfile /dev/null >/dev/null && \
        pacman -Sup --dbpath /tmp/db --logfile /dev/null --print-format '%n %v' | grep -v '^::'";
    let ran = root.run(&["sh", "-c", ask]).expect_code(0);
    let mut brought: Vec<String> = ran.stdout.lines().map(str::to_owned).collect();
    brought.sort();
    brought
}

#[test]
fn a_plan_is_the_whole_upgrade_of_pacman_and_changes_nothing() {
    let fixtures = ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-conf"];
    let Some(root) = pacman_root::with(&fixtures) else { return };
    let (before, database) = (manifest(&root), fs::read(root.path("var/lib/pacman/sync/core.db")).unwrap());
    let plan = planned(&root, &[]);
    assert_eq!(before.diff(&manifest(&root)), []);
    assert_eq!(
        fs::read(root.path("var/lib/pacman/sync/core.db")).unwrap(),
        database,
        "the live database stays"
    );
    assert_eq!(
        changes(&plan),
        [
            "install lab-extra - alpm:1.0-1",
            "upgrade lab-conf alpm:1.0-1 alpm:2.0-1",
            "upgrade lab-epoch alpm:9.0-1 alpm:1:1.0-1",
            "upgrade lab-grows alpm:1.0-1 alpm:2.0-1",
            "upgrade lab-library alpm:1.0-1 alpm:2.0-1",
            "upgrade lab-plain alpm:1.0-1 alpm:2.0-1",
            "upgrade lab-program alpm:1.0-1 alpm:2.0-1",
        ]
    );
    let mut planned: Vec<String> = actions(&plan)
        .iter()
        .map(|a| format!("{} {}", text(&a["package"]), text(&a["to"]).trim_start_matches("alpm:")))
        .collect();
    planned.sort();
    assert_eq!(planned, of_pacman(&root));
    let marked = |name: &str| actions(&plan).into_iter().find(|a| a["package"] == name).unwrap().clone();
    assert_eq!(marked("lab-plain")["closes"][0], "CVE-2026-30001");
    assert_eq!(
        (&marked("lab-plain")["security"], &marked("lab-epoch")["security"]),
        (&true.into(), &false.into())
    );
    assert!(actions(&plan).iter().all(|action| action["reversible"] == "reversible"), "{plan:#}");
    let shown = root.run(&["patchctl", "plan"]).expect_code(0).stdout;
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(shown.contains("adds packages that were not installed: lab-extra"), "{shown}");
    assert!(!shown.contains("apt") && !shown.contains("dpkg") && !shown.contains("partial"), "{shown}");
}

#[test]
fn a_part_of_an_upgrade_is_refused() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let ran = root.run(&["patchctl", "plan", "--package", "lab-plain"]).expect_code(2);
    assert!(ran.stderr.contains("whole upgrades only") && ran.stderr.contains("--exclude"), "{ran}");
}

#[test]
fn what_is_ignored_stays_and_the_danger_is_named() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-program", "lab-library"]) else { return };
    root.option("IgnorePkg = lab-lib*");
    let plan = planned(&root, &[]);
    assert_eq!(changes(&plan), ["upgrade lab-plain alpm:1.0-1 alpm:2.0-1"]);
    let held = held(&plan);
    assert_eq!(
        held["lab-library"],
        "package-hold: in /etc/pacman.conf, IgnorePkg without lab-library would release it"
    );
    assert!(held["lab-program"].starts_with("package-hold: "), "{held:?}");
    let warnings = warnings(&plan);
    assert!(warnings.contains("partial upgrade, which Arch Linux does not support"), "{warnings}");
    assert!(warnings.contains("lab-library") && warnings.contains("lab-program"), "{warnings}");
}

#[test]
fn a_package_that_was_replaced_stays_unless_removals_are_allowed() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-former"]) else { return };
    let plan = planned(&root, &[]);
    assert_eq!(changes(&plan), ["upgrade lab-plain alpm:1.0-1 alpm:2.0-1"]);
    let refused = &held(&plan)["lab-former"];
    assert!(refused.contains("lab-renamed takes its place (--allow-removals lets it)"), "{refused}");
    let plan = planned_again(&root, &["--allow-removals"]);
    assert_eq!(
        changes(&plan),
        [
            "install lab-renamed - alpm:2.0-1",
            "remove lab-former alpm:1.0-1 -",
            "upgrade lab-plain alpm:1.0-1 alpm:2.0-1"
        ]
    );
    assert!(warnings(&plan).contains("removes packages: lab-former"), "{plan:#}");
}

#[test]
fn what_nobody_signs_and_what_was_built_here_is_told() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-own"]) else { return };
    let settings = root.read("etc/pacman.conf");
    root.write("etc/pacman.conf", &settings.replace("Server =", "SigLevel = PackageOptional\nServer ="));
    let plan = planned(&root, &[]);
    assert_eq!(changes(&plan), Vec::<String>::new());
    assert!(held(&plan)["lab-plain"].contains("which is not signed"), "{:?}", held(&plan));
    let ran = root.run(&["patchctl", "scan", "--format", "json", "--no-refresh"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    let foreign = report["coverage"]["not_covered"].as_array().unwrap();
    assert!(foreign.iter().any(|package| package["name"] == "lab-own"), "{foreign:?}");
}

#[test]
fn edited_configuration_is_foreseen_as_pacman_treats_it() {
    let Some(root) = pacman_root::with(&["lab-conf", "lab-plain"]) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    let plan = planned(&root, &[]);
    let file = &plan["conffiles"][0];
    assert_eq!(file["path"], "/etc/lab-conf.conf");
    assert!(text(&file["outcome"]).contains("stays") && text(&file["outcome"]).contains(".pacnew"), "{file}");
}

#[test]
fn databases_that_are_missing_or_broken_are_told() {
    let Some(root) = pacman_root::with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let own = root.path("var/cache/patchctl/pacman/sync/core.db");
    let mut bytes = fs::read(&own).unwrap();
    bytes.truncate(bytes.len() / 2);
    fs::write(&own, bytes).unwrap();
    let ran = root.run(&["patchctl", "plan"]).expect_code(9);
    assert!(ran.stderr.contains("core.db") && ran.stderr.contains("patchctl feeds refresh"), "{ran}");
    fs::remove_file(&own).unwrap();
    fs::remove_file(root.path("var/lib/pacman/sync/core.db")).unwrap();
    let ran = root.run(&["patchctl", "plan"]);
    assert!(ran.code == 9 && ran.stderr.contains("patchctl feeds refresh"), "{ran}");
    // A repository that cannot be reached is told, and the last databases stay.
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    fs::rename(root.path(NEW), root.path("srv/lab/away")).unwrap();
    let ran = root.run(&["patchctl", "feeds", "refresh"]);
    assert!(ran.said().contains("core"), "{ran}");
    root.run(&["patchctl", "plan"]).expect_code(0);
}
