//! An operator applies pending updates: each is proven, recorded, and can be taken back exactly.

use std::fs;

use super::records::{assert_says, checked_report, mode, refused_unchanged, report_of_run};
use crate::lab::debian;
use crate::lab::oracle::Manifest;

#[test]
fn updates_are_applied_proven_and_taken_back_exactly() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-chain-a", "lab-conf", "lab-generates"]) else {
        return;
    };
    root.write("etc/lab-conf.conf", "edited by the administrator\n");
    let before = Manifest::of(&root);
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert!(applied.stdout.contains("verified"), "{}", applied.said());
    for name in ["lab-plain", "lab-chain-a", "lab-chain-b", "lab-chain-c", "lab-conf", "lab-generates"] {
        assert_eq!(root.installed(name).as_deref(), Some("2.0"), "{name}");
    }
    assert_eq!(root.read("etc/lab-conf.conf"), "edited by the administrator\n");
    assert_eq!(root.audit(), "");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn a_second_apply_finds_nothing_to_do() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let again = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 0);
    assert_says(&again, "nothing to do");
    assert!(!root.path("var/lib/patchctl/runs/0002").exists(), "a run that does nothing has no number");
    let quiet = root.run(&["patchctl", "-q", "apply", "--yes"]).expect_code(0);
    assert_eq!(quiet.said(), "", "cron hears nothing of nothing");
}

#[test]
fn the_report_is_private_fits_its_schema_and_is_the_latest() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    let folder = "var/lib/patchctl/runs/0001";
    assert_eq!((mode(&root, folder), mode(&root, &format!("{folder}/report.json"))), (0o700, 0o600));
    for name in ["plan.json", "journal", "log"] {
        assert_eq!(mode(&root, &format!("{folder}/{name}")), 0o600, "{name}");
    }
    let report = report_of_run(&root, "0001");
    assert_eq!((&report["outcome"], &report["exit_code"]), (&"patched".into(), &0.into()));
    assert_eq!(report["transaction"]["phase"], "commit");
    let link = fs::read_link(root.path("var/lib/patchctl/latest.json")).expect("latest.json is a link");
    assert!(link.ends_with("runs/0001/report.json"), "{}", link.display());
}

#[test]
fn each_finding_of_the_plan_is_told_to_be_closed() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-held"]) else { return };
    let applied = root.run(&["patchctl", "apply", "--yes", "--format", "json"]).expect_code(0);
    let report = checked_report(&applied.stdout);
    let state_of = |name: &str| {
        let findings = report["findings"].as_array().expect("a list");
        let found = findings.iter().find(|finding| finding["package"]["name"] == name);
        found.map(|finding| finding["state_after"].clone())
    };
    assert_eq!(state_of("lab-plain"), Some("closed".into()), "{}", applied.stdout);
    assert_eq!(state_of("lab-held"), Some("held".into()));
}

#[test]
fn marks_of_automatic_packages_outlive_apply_and_rollback() {
    let Some(root) = debian::small_with(&["lab-chain-a", "lab-plain"]) else { return };
    let marked = || root.run(&["apt-mark", "showauto"]).expect_code(0).stdout;
    let before = marked();
    assert!(before.contains("lab-chain-b"), "apt installed it by itself: {before}");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(marked(), before);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(marked(), before);
}

#[test]
fn an_edited_configuration_file_stays_with_the_new_one_beside_it() {
    let Some(root) = debian::small_with(&["lab-conf"]) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    let foreseen = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&foreseen, "/etc/lab-conf.conf");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.read("etc/lab-conf.conf"), "mine\n");
    assert!(root.read("etc/lab-conf.conf.dpkg-dist").contains("lab-conf 2.0"));
}

#[test]
fn an_addition_is_named_marked_automatic_and_purged_on_the_way_back() {
    let Some(root) = debian::small_with(&["lab-needsnew"]) else { return };
    let before = Manifest::of(&root);
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "lab-extra");
    assert_eq!(root.installed("lab-extra").as_deref(), Some("2.0"));
    assert!(root.run(&["apt-mark", "showauto"]).stdout.contains("lab-extra"));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(root.state("lab-extra"), "");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

#[test]
fn looking_and_fetching_change_nothing() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    let looked = refused_unchanged(&root, &["patchctl", "apply", "--dry-run"], 0);
    assert_says(&looked, "lab-plain");
    let fetched = refused_unchanged(&root, &["patchctl", "apply", "--download-only"], 0);
    assert_says(&fetched, "verified");
    assert!(!root.path("var/lib/patchctl/runs/0001").exists());
    fs::remove_dir_all(root.path("srv/lab/pool/bookworm-security")).expect("the repository can vanish");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn nobody_to_ask_is_wrong_usage_and_nobody_but_root_may() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let unasked = refused_unchanged(&root, &["patchctl", "apply"], 2);
    assert_says(&unasked, "--yes");
    let user = ["setpriv", "--reuid", "65534", "--clear-groups", "env", "HOME=/tmp"];
    for verb in [&["apply", "--yes"][..], &["rollback", "--yes"], &["recover"]] {
        let ran = refused_unchanged(&root, &[&user[..], &["patchctl"], verb].concat(), 5);
        assert_says(&ran, "needs root");
    }
}

#[test]
fn a_detailed_exit_code_tells_of_a_reboot_or_of_nothing_more() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "apply", "--yes", "--detailed-exitcode"]).expect_code(0);
    let Some(root) = debian::small_with(&["lab-service"]) else { return };
    let daemon = root.command(&["sh", "-c", "echo up; exec /usr/sbin/lab-service"]).start();
    daemon.wait_until_says("up");
    let apply = ["patchctl", "apply", "--yes", "--detailed-exitcode"];
    let applied = root.command(&apply).beside(&daemon).run();
    assert!([0, 103].contains(&applied.code), "{applied}");
}

#[test]
fn the_plan_that_was_given_is_the_one_that_is_done_and_told() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "plan", "--output", "/tmp/sunday.json"]).expect_code(0);
    let given: serde_json::Value = serde_json::from_str(&root.read("tmp/sunday.json")).expect("JSON");
    // A plan that is made now would be another one: it has its own date.
    root.shell("sleep 1.1").expect_code(0);
    let dry = ["patchctl", "apply", "--dry-run", "/tmp/sunday.json", "--format", "json"];
    let foreseen = checked_report(&root.run(&dry).expect_code(0).stdout)["plan"].clone();
    root.run(&["patchctl", "apply", "--yes", "/tmp/sunday.json"]).expect_code(0);
    let done = report_of_run(&root, "0001")["plan"].clone();
    let kept: serde_json::Value =
        serde_json::from_str(&root.read("var/lib/patchctl/runs/0001/plan.json")).expect("JSON");
    for told in [&foreseen, &done, &kept] {
        assert_eq!((&told["id"], &told["created"]), (&given["id"], &given["created"]));
    }
}
