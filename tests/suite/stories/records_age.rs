//! Records are kept as long as the settings say, and read by those whom they name.

use std::fs;
use std::path::PathBuf;

use super::records::{assert_says, mode, refused_unchanged};
use super::watch::import_tracker;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::repository::Suite;

#[test]
fn old_runs_give_up_their_way_back_and_then_their_records() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[snapshot]\nkeep = 1\n[retention]\nruns = 2\n");
    root.write("var/lib/patchctl/reports/scan-20200101T000000Z.json", "{}");
    root.run(&["patchctl", "apply", "--yes", "--package", "lab-plain"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/reports/scan-20200101T000000Z.json").exists(), "an old report goes");
    root.run(&["patchctl", "apply", "--yes", "--package", "lab-conf"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/runs/0001/archives").exists(), "one way back is kept");
    assert!(root.path("var/lib/patchctl/runs/0002/archives").exists());
    let refused = refused_unchanged(&root, &["patchctl", "rollback", "--yes", "0001"], 10);
    assert_says(&refused, "run 0001 no longer has its way back");
    root.run(&["patchctl", "history", "verify"]).expect_code(0);
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.apt(&["update"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/runs/0001").exists(), "two runs are remembered");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_group_may_read_reports_and_nothing_else() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("etc/patchctl/patchctl.toml", "[report]\ngroup = \"adm\"\n");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let as_member = |path: &str| {
        root.run(&[
            "setpriv",
            "--reuid",
            "65534",
            "--regid",
            "adm",
            "--clear-groups",
            "head",
            "-c",
            "1",
            path,
        ])
    };
    as_member("/var/lib/patchctl/latest.json").expect_code(0);
    as_member("/var/lib/patchctl/reports/0001.json").expect_code(0);
    for private in ["runs/0001/journal", "runs/0001/log", "runs/0001/plan.json", "reserve"] {
        as_member(&format!("/var/lib/patchctl/{private}")).expect_code(1);
    }
    root.write("etc/patchctl/patchctl.toml", "");
    root.run(&["patchctl", "scan"]).expect_code(0);
    assert_eq!(mode(&root, "var/lib/patchctl"), 0o700, "a group that is no longer named is shut out");
}

/// What tells how the host stands, and since when its holes are known.
fn standing(root: &DebianRoot) -> (PathBuf, String, String) {
    let latest = fs::read_link(root.path("var/lib/patchctl/latest.json")).expect("latest.json is a link");
    (latest, root.read("run/patchctl/summary.json"), root.read("var/lib/patchctl/ledger/first-seen.json"))
}

#[test]
fn a_look_at_a_part_or_at_another_time_does_not_tell_how_the_host_stands() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    import_tracker(&root);
    root.run(&["patchctl", "scan"]).expect_code(0);
    let before = standing(&root);
    for part in [&["--package", "lab-conf"][..], &["--cve", "CVE-2026-10001"], &["--severity", "critical"]] {
        root.run(&[&["patchctl", "scan"], part].concat()).expect_code(0);
        assert_eq!(standing(&root), before, "{part:?}");
    }
    root.run(&["patchctl", "scan", "--as-of", "2031-01-01T00:00:00Z"]);
    assert_eq!(standing(&root), before);
    let refused =
        refused_unchanged(&root, &["patchctl", "apply", "--yes", "--as-of", "2031-01-01T00:00:00Z"], 2);
    assert_says(&refused, "not at another time");
}

#[test]
fn a_feed_that_is_gone_does_not_make_holes_new_again() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    import_tracker(&root);
    root.run(&["patchctl", "scan"]).expect_code(0);
    let seen = || root.read("var/lib/patchctl/ledger/first-seen.json");
    let before = seen();
    fs::remove_dir_all(root.path("var/cache/patchctl")).expect("the cache may be deleted at any time");
    root.run(&["patchctl", "scan"]).expect_code(0);
    import_tracker(&root);
    root.run(&["patchctl", "scan"]).expect_code(0);
    let dates = |text: &str| -> serde_json::Value {
        let ledger: serde_json::Value = serde_json::from_str(text).expect("the ledger is JSON");
        ledger["first_seen"].clone()
    };
    assert_eq!(dates(&seen()), dates(&before));
}

#[test]
fn old_copies_of_plans_go() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.write("var/lib/patchctl/plans/0badf00d.json", "{}");
    root.shell("touch -d '3 years ago' /var/lib/patchctl/plans/0badf00d.json").expect_code(0);
    root.run(&["patchctl", "plan"]).expect_code(0);
    let left = fs::read_dir(root.path("var/lib/patchctl/plans")).expect("the folder can be listed").count();
    assert!(left == 1 && !root.path("var/lib/patchctl/plans/0badf00d.json").exists());
}

#[test]
fn a_run_that_ends_within_a_second_of_the_scan_before_it_has_closed_its_holes() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    import_tracker(&root);
    root.run(&["patchctl", "scan"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let same = r#"s/"finished":[^,]*,/"finished":"2026-11-20T03:00:00Z",/"#;
    let edited = format!(
        "cd /var/lib/patchctl/reports && sed -i '{same}' scan-*.json 0001.json && \
         touch -d '2026-11-20T03:00:00.2Z' scan-*.json && touch -d '2026-11-20T03:00:00.9Z' 0001.json && \
         grep -l 2026-11-20T03:00:00Z *.json | wc -l"
    );
    assert_eq!(root.shell(&edited).expect_code(0).stdout.trim(), "2");
    let line = ["patchctl", "report", "--since", "2026-01-01", "--format", "json"];
    let told: serde_json::Value = serde_json::from_str(&root.run(&line).expect_code(0).stdout).expect("JSON");
    assert_eq!(told["closures"].as_array().map(Vec::len), Some(1), "{}", told["looks"]);
}

#[test]
fn what_a_pruned_report_told_of_closed_holes_is_still_told_of_the_period() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    import_tracker(&root);
    root.run(&["patchctl", "scan"]).expect_code(0);
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let period = || {
        let line = ["patchctl", "report", "--since", "2026-01-01", "--format", "json"];
        let told: serde_json::Value =
            serde_json::from_str(&root.run(&line).expect_code(0).stdout).expect("JSON");
        (told["closures"].clone(), told["exposure"].clone(), told["looks"][0].clone())
    };
    let before = period();
    assert_eq!(before.0.as_array().map(Vec::len), Some(1), "{before:?}");
    root.shell("cd /var/lib/patchctl/reports && mv scan-*.json scan-20200101T000000Z.json").expect_code(0);
    root.run(&["patchctl", "scan"]).expect_code(0);
    assert!(!root.path("var/lib/patchctl/reports/scan-20200101T000000Z.json").exists(), "it is pruned");
    assert_eq!(period(), before);
    let past = "var/lib/patchctl/ledger/past.json";
    root.write(past, "{");
    let ran = root.run(&["patchctl", "report", "--since", "2026-01-01"]).expect_code(0);
    assert_says(&ran, "past.json cannot be used");
}
