//! A rehearsal boots its clone, once as the host is and once with the plan: a service that no longer comes up is found before the
//! host is touched.

use std::fs;

use super::records::{assert_says, checked_report};
use super::rehearsal_is_killed::{KILLS_OF_BOOTS, kill_boots};
use crate::lab::booted::{self, Booted};
use crate::lab::debian;
use crate::lab::oracle::Manifest;

/// A running host that has systemd-nspawn: the machine's own, of the same release.
pub(super) fn host(configuration: &str) -> Option<Booted> {
    let host = booted::booted(configuration)?;
    fs::copy("/usr/bin/systemd-nspawn", host.path("usr/bin/systemd-nspawn")).expect("it can be installed");
    Some(host)
}

#[test]
fn a_unit_that_no_longer_starts_is_found_and_what_starts_is_not_blamed() {
    let Some(host) = host("") else { return };
    let before = host.manifest();
    let booted = |package: &str, more: &[&str]| {
        // As from a login or a unit: with a control group of its own.
        let run = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect"];
        let verb = ["patchctl", "rehearse", "--boot", "--package", package];
        host.run(&[&run[..], &verb, more].concat())
    };
    let sound = booted("lab-clock", &["--format", "json"]);
    let report = checked_report(&sound.expect_code(0).stdout);
    let checks = report["rehearsal"]["run"]["checks"].as_array().expect("checks");
    let boot = checks.iter().find(|check| check["name"] == "units of the booted clone").expect("it is told");
    assert_eq!((&boot["state"], &boot["required"]), (&"pass".into(), &true.into()), "{boot}");

    // No service runs in the clone where the plan is carried out, so nothing there can tell.
    host.run(&["patchctl", "rehearse", "--package", "lab-dies"]).expect_code(0);
    let ran = booted("lab-dies", &[]).expect_code(1);
    assert_says(&ran, "FAILED in the clone; this host was not touched");
    assert_says(&ran, "units of the booted clone fails with the plan: lab-dies.service fails");
    assert_says(&ran, "patchctl rehearse --exclude lab-dies");
    assert_eq!(host.installed("lab-dies"), "1.0");
    assert_eq!(host.run(&["systemctl", "is-active", "lab-dies.service"]).stdout.trim(), "active");
    assert!(!host.path("var/lib/patchctl/rehearsal").exists(), "litter: {ran}");
    kill_boots(&host, (KILLS_OF_BOOTS, 0));
    assert_eq!(host.changes_since(&before), []);
}

#[test]
fn without_the_means_a_boot_is_never_a_pass() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let before = Manifest::of(&root);
    let refused = root.run(&["patchctl", "rehearse", "--boot"]).expect_code(10);
    assert_says(&refused, "the clone cannot be booted, so nothing is proved: this host has no systemd");
    assert_says(&refused, "leave --boot out");
    root.write("etc/patchctl/patchctl.toml", "[policy]\nrehearsal_boot = \"if-possible\"\n");
    let told = root.run(&["patchctl", "rehearse"]).expect_code(0);
    assert_says(&told, "units of the booted clone not run: this host has no systemd");
    let report =
        checked_report(&root.run(&["patchctl", "rehearse", "--format", "json"]).expect_code(0).stdout);
    let checks = report["rehearsal"]["run"]["checks"].as_array().expect("checks");
    let boot = checks.iter().find(|check| check["name"] == "units of the booted clone").expect("it is told");
    assert_eq!((&boot["state"], &boot["required"]), (&"not-run".into(), &false.into()), "{boot}");
    root.write(
        "etc/patchctl/patchctl.toml",
        "[policy]\nrehearsal_boot = \"always\"\nrequire_rehearsal = true\n",
    );
    let scheduled = ["patchctl", "apply", "--yes", "--quiet", "--scheduled"];
    assert_says(&root.run(&scheduled).expect_code(10), "the clone cannot be booted");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("1.0"));
    fs::remove_dir_all(root.path("etc/patchctl")).expect("removed");
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}
