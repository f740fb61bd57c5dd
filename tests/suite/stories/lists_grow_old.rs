//! What is offered changes behind the operator's back: apply and `feeds refresh` look again, a scan does not, and what
//! could not be looked at is told.

use super::records::{assert_says, checked_report, refused_unchanged};
use super::watch::{TRACKER, as_nobody};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::faults;
use crate::lab::repository::Suite;

const LISTS_LOCK: &str = "/var/lib/apt/lists/lock";

fn index_time(root: &DebianRoot) -> std::time::SystemTime {
    let list = root.path("var/lib/apt/lists/_srv_lab_dists_bookworm-security_InRelease");
    list.metadata().and_then(|found| found.modified()).expect("the list was fetched")
}

/// Lets the host have a tracker that can be reached, so that nothing else is missing.
fn with_tracker(root: &DebianRoot) {
    root.write("srv/tracker.json", TRACKER);
    let source = "[[feeds.source]]\nname = \"debian-tracker\"\nlocation = \"/srv/tracker.json\"\n";
    root.write("etc/patchctl/conf.d/tracker.toml", source);
}

#[test]
fn apply_sees_what_was_published_since_unless_told_not_to_look() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.run(&["patchctl", "apply", "--yes", "--no-refresh"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    root.run(&["patchctl", "apply", "--yes", "--dry-run"]).expect_code(0);
    assert_says(&root.run(&["patchctl", "plan"]).expect_code(0), "nothing to do");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("3.0"));
}

#[test]
fn a_sealed_plan_is_carried_out_from_the_lists_that_it_was_made_from() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.run(&["patchctl", "apply", "--yes", "/root/plan.json"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_refresh_as_root_fetches_the_lists_and_a_scan_does_not() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    with_tracker(&root);
    let before = index_time(&root);
    root.repository().add(Suite::Security, "lab-plain", "3.0");
    root.run(&["patchctl", "scan"]).expect_code(0);
    as_nobody(&root, &["patchctl", "feeds", "refresh"]).run().expect_code(0);
    root.run(&["patchctl", "feeds", "refresh", "--offline"]).expect_code(0);
    assert_eq!(index_time(&root), before);
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    assert!(index_time(&root) > before);
    assert_says(&root.run(&["patchctl", "plan"]).expect_code(0), "lab-plain 1.0 → 3.0");
}

#[test]
fn lists_that_cannot_be_fetched_make_a_run_incomplete_and_do_not_stop_it() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    with_tracker(&root);
    root.repository().publish_with_wrong_key(Suite::Security);
    let applied = root.run(&["patchctl", "apply", "--yes", "--format", "json"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"), "the old lists are still good");
    let report = checked_report(&applied.stdout);
    assert_eq!(
        (&report["outcome"], &report["completeness"]["level"]),
        (&"patched".into(), &"incomplete".into())
    );
    let reasons = report["completeness"]["reasons"].to_string();
    assert!(reasons.contains("not all up to date") && reasons.contains("bookworm-security"), "{reasons}");
    let again = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 9);
    assert_says(&again, "INCOMPLETE");
    assert_says(&again, "the repositories' lists are not all up to date");
    let refresh = root.run(&["patchctl", "feeds", "refresh"]).expect_code(9);
    assert_says(&refresh, "not refreshed: lists:");
}

#[test]
fn lists_that_another_tool_is_fetching_are_waited_for() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let holder = faults::holds_lock(&root, LISTS_LOCK);
    let apply = ["patchctl", "apply", "--yes", "--lock-timeout", "1s"];
    let refused = root.command(&apply).beside(&holder).run().expect_code(7);
    assert_says(&refused, "(perl) holds /var/lib/apt/lists/lock");
    drop(holder);
    root.run(&apply).expect_code(0);
}

#[test]
fn an_older_feed_is_refused_until_the_operator_believes_it_by_name() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    with_tracker(&root);
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    root.shell("touch -d '2 days ago' /srv/tracker.json").expect_code(0);
    let refused = root.run(&["patchctl", "feeds", "refresh"]).expect_code(9);
    assert_says(&refused, "patchctl feeds refresh --accept-older debian-tracker");
    assert_says(&root.run(&["patchctl", "scan"]).expect_code(9), "suspect, the last good content is used");
    root.run(&["patchctl", "feeds", "refresh", "--accept-older", "debian-tracker"]).expect_code(0);
    root.run(&["patchctl", "scan"]).expect_code(0);
    let unknown = root.run(&["patchctl", "feeds", "refresh", "--accept-older", "nvd"]).expect_code(2);
    assert_says(&unknown, "feeds of this host: debian-tracker");
}

#[test]
fn by_a_clock_that_went_back_nothing_is_installed_and_nothing_is_called_whole() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    root.run(&["patchctl", "scan"]).expect_code(0);
    let behind = |arguments: &[&str]| faults::clock_moved(&root, root.command(arguments), "-3650d").run();
    let scanned = behind(&["patchctl", "scan"]).expect_code(9);
    assert_says(&scanned, "the clock of this host says");
    let refused = behind(&["patchctl", "apply", "--yes", "--no-refresh"]).expect_code(9);
    assert_says(&refused, "set the clock");
    let stored = || root.read("var/lib/patchctl/state.json");
    let verified = stored();
    let ahead =
        faults::clock_moved(&root, root.command(&["patchctl", "scan"]), "+3650d").run().expect_code(9);
    assert_says(&ahead, "more than 400 days after the newest date of any vendor");
    assert_eq!(stored(), verified, "a wrong clock leaves no trace");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn another_time_is_planning_and_says_what_is_newer_than_it() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let past = root.run(&["patchctl", "scan", "--as-of", "2001-01-01"]);
    assert_says(&past, "apt newer than the time asked for");
    assert!(!past.said().contains("the clock of this host"), "{past}");
}

#[test]
fn verify_tells_who_signed_the_lists_and_finds_one_that_changed_on_the_disk() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    with_tracker(&root);
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let verified = root.run(&["patchctl", "feeds", "verify", "--format", "json"]).expect_code(0);
    let document: serde_json::Value = serde_json::from_str(&verified.stdout).expect("JSON");
    let feeds = document["feeds"].as_array().expect("feeds");
    let signers: Vec<&str> = feeds.iter().filter_map(|feed| feed["signed_by"].as_str()).collect();
    assert!(!signers.is_empty() && signers.iter().all(|signer| signer.len() == 40), "{signers:?}");
    let told = root.run(&["patchctl", "feeds", "verify"]).expect_code(0);
    assert_says(&told, "what is stored is what was fetched");
    assert_says(&told, "signatures and digests proved: apt:");

    let list = "var/lib/apt/lists/_srv_lab_dists_bookworm-security_main_binary-amd64_Packages";
    let honest = std::fs::read_to_string(root.path(list)).expect("the list was fetched");
    root.write(list, &honest.replace("Version: 2.0", "Version: 9.0"));
    let refused = root.run(&["patchctl", "feeds", "verify"]).expect_code(9);
    assert_says(&refused, "are not what was signed");
    assert_says(&refused, "Packages is not what was signed: its SHA-256 is ");
    assert_says(&refused, "apt-get update fetches the lists anew");
    root.write(list, &honest);
    let release = "var/lib/apt/lists/_srv_lab_dists_bookworm-security_InRelease";
    let signed = std::fs::read_to_string(root.path(release)).expect("the release was fetched");
    root.write(release, &signed.replacen("Label: ", "Label: x", 1));
    assert_says(&root.run(&["patchctl", "feeds", "verify"]).expect_code(9), "the signature is not good");
}
