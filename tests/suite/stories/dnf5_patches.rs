//! An operator patches a host of dnf 5 and rpm 6 with the same verbs: planned, applied, verified, taken back.

use std::fs;
use std::time::Duration;

use super::dnf_applies::{State, apply, latest};
use super::dnf_plans::{changes, held, manifest, planned};
use crate::lab::dnf5_root;

const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-kernel", "lab-conf"];

#[test]
fn a_plan_is_what_dnf5_would_do_and_changes_nothing() {
    let Some(root) = dnf5_root::with(&[FIXTURES, &["lab-held", "lab-former"]].concat()) else { return };
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
    assert_eq!(held(&plan)["lab-held"], "package-hold: dnf versionlock delete lab-held would release it");
    let plan = planned(&root, &["--cve", "CVE-2026-20001"]);
    assert_eq!(changes(&plan), ["upgrade lab-plain rpm:1.0-1 rpm:2.0-1"]);
    // An exclude in a file that is read before the main one keeps the library back, and with it the program.
    root.write("etc/dnf/libdnf5.conf.d/10-lab.conf", "[main]\nexcludepkgs=lab-library\n");
    let excluded = planned(&root, &["--package", "lab-program,lab-plain"]);
    assert_eq!(changes(&excluded), ["upgrade lab-plain rpm:1.0-1 rpm:2.0-1"]);
    assert!(held(&excluded)["lab-program"].starts_with("dependency: "), "{:?}", held(&excluded));
}

#[test]
fn a_plan_is_carried_out_exactly_and_taken_back_wholly() {
    let Some(root) = dnf5_root::with(FIXTURES) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    let before = State::of(&root);
    let plan = planned(&root, &["--all-updates"]);
    apply(&root, &["--all-updates"]).expect_code(0);
    let builds = root.builds();
    for build in
        ["lab-grows-2.0-1", "lab-extra-1.0-1", "lab-epoch-1.0-1", "lab-kernel-1.0-1", "lab-kernel-2.0-1"]
    {
        assert!(builds.contains(&format!("{build}.noarch")), "{build}: {builds:?}");
    }
    assert_eq!(latest(&root)["plan"]["steps"], plan["steps"], "what was planned, in that order");
    assert_eq!(root.read("etc/lab-conf.conf"), "mine\n");
    let reasons = root.read("usr/lib/sysimage/libdnf5/packages.toml");
    assert!(reasons.contains("\"lab-extra.noarch\" = {reason = \"Dependency\"}"), "{reasons}");
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
    let history = root.run(&["dnf5", "history", "list"]).expect_code(0).stdout;
    assert!(history.lines().count() >= 5, "dnf's own history has both ways: {history}");
}

#[test]
fn a_script_that_fails_takes_the_run_back() {
    for culprit in ["lab-badpost", "lab-badpre"] {
        let Some(root) = dnf5_root::with(&["lab-plain", culprit]) else { return };
        let before = State::of(&root);
        let ran = apply(&root, &[]).expect_code(3);
        assert!(ran.stdout.contains(culprit), "{ran}");
        before.is_same_in(&root);
        // The culprit alone is left out the next time.
        apply(&root, &[]).expect_code(0);
        let builds = root.builds();
        assert!(builds.contains(&"lab-plain-2.0-1.noarch".to_owned()), "{builds:?}");
        assert!(builds.contains(&format!("{culprit}-1.0-1.noarch")), "{builds:?}");
    }
}

#[test]
fn what_is_unsigned_or_not_the_listed_one_is_refused() {
    let Some(root) = dnf5_root::with(&["lab-plain", "lab-unsigned"]) else { return };
    let before = State::of(&root);
    let archive = root.path("srv/lab/updates/lab-plain-2.0-1.noarch.rpm");
    let mut bytes = fs::read(&archive).unwrap();
    let end = bytes.len() - 20;
    bytes[end] ^= 1;
    fs::write(&archive, bytes).unwrap();
    let ran = apply(&root, &["--no-refresh", "--package", "lab-plain"]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    let ran = apply(&root, &["--no-refresh", "--package", "lab-unsigned"]).expect_code(9);
    assert!(ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_plan_of_another_host_state_is_refused() {
    let Some(root) = dnf5_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    root.run(&["dnf5", "-y", "upgrade", "lab-conf"]).expect_code(0);
    let before = State::of(&root);
    let ran = apply(&root, &["/root/plan.json"]).expect_code(8);
    assert!(ran.stderr.contains("lab-conf"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_transaction_of_somebody_else_is_waited_for_and_then_named() {
    let Some(root) = dnf5_root::with(&["lab-plain", "lab-slow"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json", "--package", "lab-plain"]).expect_code(0);
    let other = root.command(&["dnf5", "-y", "upgrade", "lab-slow"]).timeout(Duration::from_secs(60)).start();
    other.wait_until("rpm runs a script", || root.path("usr/share/lab-slow/file-2.0").exists());
    let arguments = ["patchctl", "apply", "--yes", "--no-refresh", "--lock-timeout", "1s", "/root/plan.json"];
    let ran = root.command(&arguments).beside(&other).run();
    assert_eq!(ran.code, 7, "{ran}");
    assert!(root.builds().contains(&"lab-plain-1.0-1.noarch".to_owned()));
    other.wait();
}
