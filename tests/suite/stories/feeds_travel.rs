//! Feeds reach a host that has no network: in a bundle, from a host that has one.

use serde_json::Value;

use super::watch::{document, import_tracker};
use crate::lab::debian::{self, DebianRoot};

const PACKAGES: [&str; 3] = ["lab-plain", "lab-conf", "lab-service"];

/// What a scan without a network finds, without what differs from host to host.
fn findings(root: &DebianRoot) -> (Value, Vec<Value>) {
    let ran = root.run(&["patchctl", "scan", "--offline", "--format", "json"]);
    let report = document(&ran, "report-1.json");
    let findings = report["findings"].as_array().expect("a list").iter();
    let told = findings.map(|finding| {
        let keys = ["package", "advisory", "cves", "verdict", "vendor_state", "installed", "fixed"];
        keys.iter().map(|key| finding[key].clone()).collect()
    });
    let stamp = report["feeds"].as_array().expect("a list")[0].clone();
    (stamp, told.collect())
}

#[test]
fn findings_of_a_host_without_a_network_are_those_of_the_host_that_exported() {
    let (Some(near), Some(far)) = (debian::small_with(&PACKAGES), debian::small_with(&PACKAGES)) else {
        return;
    };
    import_tracker(&near);
    let (stamp, expected) = findings(&near);
    assert!(!expected.is_empty());
    let ran = near.run(&["patchctl", "feeds", "export", "/tmp/feeds.bundle"]).expect_code(0);
    assert!(ran.stderr.contains("/tmp/feeds.bundle holds debian-tracker"), "{ran}");

    let before = far.run(&["patchctl", "scan", "--offline"]);
    assert!(before.stdout.contains("UPDATES ONLY"), "{before}");
    std::fs::copy(near.path("tmp/feeds.bundle"), far.path("tmp/feeds.bundle")).unwrap();
    let ran =
        far.run(&["patchctl", "feeds", "import", "/tmp/feeds.bundle", "--format", "json"]).expect_code(0);
    assert_eq!(document(&ran, "feeds-1.json")["action"], "import");
    let (brought, found) = findings(&far);
    assert_eq!(found, expected);
    for key in ["sha256", "published", "fetched", "advisories", "state"] {
        assert_eq!(brought[key], stamp[key], "{key}");
    }
}

#[test]
fn damaged_bundle_is_one_error_and_nothing_of_it_is_taken() {
    let Some(root) = debian::small() else { return };
    import_tracker(&root);
    root.run(&["patchctl", "feeds", "export", "/tmp/feeds.bundle"]).expect_code(0);
    let whole = std::fs::read(root.path("tmp/feeds.bundle")).unwrap();
    std::fs::write(root.path("tmp/feeds.bundle"), &whole[..whole.len() - 9]).unwrap();
    let before = std::fs::read(root.path("var/cache/patchctl/feeds/debian-tracker/meta.json")).unwrap();
    let ran = root.run(&["patchctl", "feeds", "import", "/tmp/feeds.bundle"]).expect_code(9);
    assert!(ran.stderr.contains("the last good content stays") && ran.stderr.contains("hint: "), "{ran}");
    assert_eq!(ran.stderr.matches("error: ").count(), 1, "{ran}");
    let after = std::fs::read(root.path("var/cache/patchctl/feeds/debian-tracker/meta.json")).unwrap();
    assert_eq!(after, before);
}

#[test]
fn format_that_there_is_not_is_a_configuration_error_with_its_line() {
    let Some(root) = debian::small() else { return };
    for (source, place) in [
        ("name = \"x\"\nformat = \"nonsense\"", "patchctl.toml, line 3, column 10, key feeds.source.format"),
        (
            "name = \"x\"",
            "patchctl.toml, line 2, column 8, key feeds.source.name: name \"x\" tells no format",
        ),
    ] {
        root.write(
            "etc/patchctl/patchctl.toml",
            &format!("[[feeds.source]]\n{source}\nlocation = \"/srv/x\"\n"),
        );
        let ran = root.run(&["patchctl", "scan"]).expect_code(2);
        assert!(ran.stderr.contains(place) && ran.stderr.contains("debian-tracker, debian-lists"), "{ran}");
    }
}
