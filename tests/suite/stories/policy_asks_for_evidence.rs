//! A policy that wants proof first: a rehearsal on the host itself, or the evidence of the ring that goes before.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::records::{assert_says, checked_report, refused_unchanged};
use super::reports_are_signed;
use crate::lab::debian::{self, DebianRoot};
use crate::lab::namespace::on_host;

const APPLY: [&str; 3] = ["patchctl", "apply", "--yes"];

fn configured(root: &DebianRoot, text: &str) {
    root.write("etc/patchctl/patchctl.toml", text);
}

#[test]
fn without_a_rehearsal_of_exactly_these_changes_nothing_is_applied() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-slow"]) else { return };
    configured(&root, "[policy]\nminimum_severity = \"low\"\nrequire_rehearsal = true\n");
    let only = ["--package", "lab-plain"];
    let apply = [&APPLY[..], &only].concat();
    let refused = refused_unchanged(&root, &apply, 8);
    for told in [
        "policy.require_rehearsal, /etc/patchctl/patchctl.toml, line 3",
        "no rehearsal of exactly these changes is kept",
        "patchctl rehearse --package lab-plain",
        "--override evidence --reason TEXT",
    ] {
        assert_says(&refused, told);
    }
    let ran = root.run(&[&["patchctl", "rehearse", "--format", "json"], &only[..]].concat()).expect_code(0);
    let evidence = checked_report(&ran.stdout)["rehearsal"]["evidence"]["path"].clone();
    assert!(root.path(evidence.as_str().expect("a path")).exists(), "{evidence}");
    refused_unchanged(&root, &APPLY, 8);
    root.run(&apply).expect_code(0);
    assert_eq!(
        (root.installed("lab-plain").as_deref(), root.installed("lab-slow").as_deref()),
        (Some("2.0"), Some("1.0"))
    );
    let given = [&APPLY[..], &["--override", "evidence", "--reason", "a test"]].concat();
    root.run(&given).expect_code(0);
    assert_eq!(root.installed("lab-slow").as_deref(), Some("2.0"));
}

#[test]
fn a_rehearsal_that_failed_or_is_too_old_or_of_other_packages_does_not_count() {
    let Some(root) = debian::small_with(&["lab-bad", "lab-plain"]) else { return };
    configured(&root, "[policy]\nrequire_rehearsal = true\n");
    root.run(&["patchctl", "rehearse"]).expect_code(1);
    let refused = refused_unchanged(&root, &APPLY, 8);
    assert_says(&refused, "their rehearsal failed: lab-bad");
    let only = [&APPLY[..], &["--package", "lab-plain"]].concat();
    root.run(&["patchctl", "rehearse", "--package", "lab-plain"]).expect_code(0);
    root.apt(&["install", "-y", "lab-extra"]).expect_code(0);
    let refused = refused_unchanged(&root, &only, 8);
    assert_says(&refused, "no rehearsal of exactly these changes is kept");
    configured(&root, "[policy]\nrequire_rehearsal = true\nevidence_max_age = \"1s\"\n");
    root.run(&["patchctl", "rehearse", "--package", "lab-plain"]).expect_code(0);
    root.shell("sleep 2").expect_code(0);
    let refused = refused_unchanged(&root, &only, 8);
    assert_says(&refused, "their rehearsal is not of the last 1s");
}

#[test]
fn a_scheduled_run_rehearses_by_itself() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-bad"]) else { return };
    configured(&root, "[policy]\nrequire_rehearsal = true\n");
    let scheduled = ["patchctl", "apply", "--yes", "--quiet", "--scheduled"];
    let refused = refused_unchanged(&root, &scheduled, 8);
    assert_says(&refused, "their rehearsal failed: lab-bad");
    configured(&root, "[policy]\nrequire_rehearsal = true\n[policy.packages]\nnever = [\"lab-bad\"]\n");
    root.run(&scheduled).expect_code(0);
    assert_eq!(
        (root.installed("lab-plain").as_deref(), root.installed("lab-bad").as_deref()),
        (Some("2.0"), Some("1.0"))
    );
}

const RINGS: &str = "[host]\nring = \"RING\"\n[policy]\nrings = [\"canary:5\", \"main:95\"]\nrequire_evidence = \"ring:canary\"\n";

/// What a host of the first ring leaves behind after it was patched: the text of its document.
fn evidence_of_canary() -> Option<String> {
    let canary = debian::small_with(&["lab-plain"])?;
    configured(&canary, &RINGS.replace("RING", "canary"));
    canary.run(&APPLY).expect_code(0);
    let listed =
        fs::read_dir(canary.path("var/lib/patchctl/evidence")).expect("a ring's run leaves evidence");
    let found = listed.filter_map(Result::ok).next().expect("one document").path();
    Some(fs::read_to_string(found).expect("readable"))
}

#[test]
fn the_evidence_of_one_ring_unlocks_the_next() {
    let Some(evidence) = evidence_of_canary() else { return };
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    configured(&root, &RINGS.replace("RING", "main"));
    let only = [&APPLY[..], &["--package", "lab-plain"]].concat();
    let refused = refused_unchanged(&root, &only, 8);
    assert_says(&refused, "policy.require_evidence, /etc/patchctl/patchctl.toml, line 5");
    assert_says(&refused, "not proved there: lab-plain 2.0");
    let place = "etc/patchctl/evidence.d/canary.json";
    root.write(place, &evidence.replace("\"passed\": true", "\"passed\": true "));
    fs::set_permissions(root.path(place), fs::Permissions::from_mode(0o666)).expect("a mode can be set");
    assert_says(&refused_unchanged(&root, &only, 8), "can be written by its group or by everyone");
    fs::set_permissions(root.path(place), fs::Permissions::from_mode(0o600)).expect("a mode can be set");
    root.write(place, &evidence.replace("lab-plain", "lab-conf"));
    assert_says(&refused_unchanged(&root, &only, 8), "its seal is broken");
    root.write(place, &evidence);
    let refused = refused_unchanged(&root, &APPLY, 8);
    assert_says(&refused, "not proved there: lab-conf 2.0");
    root.run(&only).expect_code(0);
}

#[test]
fn with_a_key_only_signed_evidence_counts() {
    let Some(evidence) = evidence_of_canary() else { return };
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let rules = RINGS.replace("RING", "main") + "evidence_key = \"/usr/share/keyrings/lab.gpg\"\n";
    configured(&root, &rules);
    let place = "etc/patchctl/evidence.d/canary.json";
    root.write(place, &evidence);
    assert_says(&refused_unchanged(&root, &APPLY, 8), "it is not signed");
    let sign = |keys: &str| {
        let path = |inside: &str| root.path(inside).display().to_string();
        let (home, output) = (path(&format!("srv/lab/{keys}")), path(&format!("{place}.asc")));
        let verb = ["--batch", "--yes", "--armor", "--output", &output, "--detach-sign", &path(place)];
        on_host(&[&["gpg", "--homedir", &home], &verb[..]].concat());
    };
    sign("wrong-keys");
    assert_says(&refused_unchanged(&root, &APPLY, 8), "the signature is not good");
    sign("keys");
    root.run(&APPLY).expect_code(0);
}

#[test]
fn a_host_signs_its_own_evidence_and_the_next_ring_believes_that_key_alone() {
    let Some(canary) = reports_are_signed::with_a_key() else { return };
    let signing = "evidence_sign_with = \"reports@example.org\"\n";
    configured(&canary, &(RINGS.replace("RING", "canary") + signing));
    let ran = canary.run(&["patchctl", "rehearse", "--format", "json"]).expect_code(0);
    let evidence = checked_report(&ran.stdout)["rehearsal"]["evidence"].clone();
    assert_eq!(evidence["signed"], true, "{ran}");
    let path = evidence["path"].as_str().expect("a path").to_owned();
    // What an auditor types who has no patchctl.
    canary.run(&["gpg", "--batch", "--verify", &format!("{path}.asc"), &path]).expect_code(0);
    canary.run(&APPLY).expect_code(0);
    let of_run =
        canary.shell("ls /var/lib/patchctl/evidence/*.json | grep -v rehearsal").expect_code(0).stdout;
    let of_run = of_run.trim();

    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let carry = |from: &str, to: &str| fs::copy(canary.path(from), root.path(to)).expect("it can be carried");
    fs::create_dir_all(root.path("etc/patchctl/evidence.d")).expect("a folder can be made");
    carry(of_run, "etc/patchctl/evidence.d/canary.json");
    carry(&format!("{of_run}.asc"), "etc/patchctl/evidence.d/canary.json.asc");
    carry("etc/patchctl/report-key.asc", "etc/patchctl/evidence-key.asc");
    let asking = |key: &str| configured(&root, &(RINGS.replace("RING", "main") + key));
    asking("evidence_key = \"/usr/share/keyrings/lab.gpg\"\n");
    assert_says(&refused_unchanged(&root, &APPLY, 8), "the signature is not good");
    asking("evidence_key = \"/etc/patchctl/evidence-key.asc\"\n");
    root.run(&APPLY).expect_code(0);
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn evidence_that_cannot_be_signed_is_kept_and_that_is_said() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    configured(&root, "[policy]\nevidence_sign_with = \"nobody@example.org\"\n");
    let ran = root.run(&["patchctl", "rehearse", "--format", "json"]).expect_code(0);
    assert_says(&ran, "is written and not signed");
    let evidence = checked_report(&ran.stdout)["rehearsal"]["evidence"].clone();
    assert_eq!(evidence["signed"], false, "{ran}");
}
