//! Many hosts are patched by Ansible: the real ansible-core, the collection of this source tree, its modules run inside real
//! roots. One host fails, and the hosts after it are not touched.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::lab::debian::DebianRoot;
use crate::lab::fleet::{Fleet, Recap, Told};
use crate::lab::oracle::Manifest;
use crate::lab::rpm_root;

const RINGS: &str = "patchctl.patchctl.rings";

fn roll_out(fleet: &Fleet, more: &[&str]) -> Told {
    let reports = format!("patchctl_reports={}", fleet.path("reports").display());
    let fixed = ["-e", "patchctl_hosts=fleet", "-e", &reports];
    fleet.play(RINGS, &[&fixed[..], more].concat())
}

fn outcome(fleet: &Fleet, host: &str) -> String {
    let file = fleet.path(&format!("reports/{host}.json"));
    let report: Value = serde_json::from_slice(&fs::read(&file).expect("a report was gathered")).unwrap();
    report["outcome"].as_str().unwrap_or_default().to_owned()
}

fn version(root: &DebianRoot, package: &str) -> String {
    root.installed(package).unwrap_or_default()
}

#[test]
fn a_roll_out_stops_at_the_host_that_fails_and_later_hosts_are_not_touched() {
    let hosts: [(&str, &[&str]); 4] = [
        ("canary", &["lab-plain"]),
        ("early", &["lab-plain", "lab-bad"]),
        ("main-1", &["lab-plain"]),
        ("main-2", &["lab-plain"]),
    ];
    let Some(fleet) = Fleet::of(&hosts) else { return };
    let before: Vec<Manifest> = hosts.iter().map(|(name, _)| Manifest::of(fleet.host(name))).collect();

    let foreseen = roll_out(&fleet, &["--check", "--diff"]).expect_code(0);
    assert!(foreseen.text.contains("+lab-plain:all 2.0"), "{}", foreseen.text);
    for ((name, _), manifest) in hosts.iter().zip(&before) {
        assert_eq!(foreseen.recap(name), Some(Recap { changed: 1, failed: 0 }), "{}", foreseen.text);
        assert_eq!(manifest.diff(&Manifest::of(fleet.host(name))), [], "check mode changed {name}");
        assert!(!fleet.host(name).path("var/lib/patchctl/runs").exists(), "check mode began a run on {name}");
    }

    let batches = ["-e", r#"{"patchctl_batches": [1, 1, "100%"]}"#];
    let told = roll_out(&fleet, &batches).expect_code(2);
    assert_eq!(told.recap("canary"), Some(Recap { changed: 1, failed: 0 }), "{}", told.text);
    assert_eq!(told.recap("early"), Some(Recap { changed: 0, failed: 1 }), "{}", told.text);
    assert!(told.text.contains("failed and rolled back; the host is as before"), "{}", told.text);
    assert_eq!(version(fleet.host("canary"), "lab-plain"), "2.0");
    for ((name, _), manifest) in hosts.iter().zip(&before).skip(1) {
        assert_eq!(manifest.diff(&Manifest::of(fleet.host(name))), [], "{name} is not as it was");
    }
    for name in ["main-1", "main-2"] {
        assert_eq!(told.recap(name), None, "{}", told.text);
        assert!(!fleet.host(name).path("var/lib/patchctl/runs").exists(), "a run began on {name}");
    }
    let gathered = ["canary", "early"].map(|name| outcome(&fleet, name));
    assert_eq!(gathered, ["patched", "rolled-back"]);
    let page = fs::read_to_string(fleet.path("reports/fleet.html")).expect("the reports were put together");
    assert!(page.contains("canary") && page.contains("early"));

    // The bad version is in quarantine: the same roll-out now goes through, and the canary has nothing to do.
    let told = roll_out(&fleet, &batches).expect_code(0);
    let changed = hosts.map(|(name, _)| told.recap(name).map(|recap| recap.changed));
    assert_eq!(changed, [Some(0), Some(1), Some(1), Some(1)], "{}", told.text);
    assert_eq!(version(fleet.host("early"), "lab-bad"), "1.0");
    assert_eq!(version(fleet.host("main-2"), "lab-plain"), "2.0");
}

#[test]
fn every_verb_of_the_module_tells_exactly_whether_something_changed() {
    let Some(fleet) = Fleet::of(&[("verbs", &["lab-plain", "lab-conf"])]) else { return };
    let before = Manifest::of(fleet.host("verbs"));
    let told = fleet.play("verbs.yml", &[]).expect_code(0);
    assert!(told.recap("verbs").is_some_and(|recap| recap.failed == 0), "{}", told.text);
    let after = Manifest::of(fleet.host("verbs")).without(&["var/tmp/sunday.json"]);
    assert_eq!(before.diff(&after), []);
}

#[test]
fn a_role_sets_a_host_up_once_and_takes_a_refused_configuration_back() {
    let Some(fleet) = Fleet::of(&[("role", &["lab-plain"])]) else { return };
    let host = fleet.host("role");
    fs::remove_file(host.path("usr/bin/patchctl")).expect("the laboratory's own copy goes");
    let program = crate::lab::debian::binary_under_test().display().to_string();
    let good = settings(&program, "[policy]\nminimum_severity = \"medium\"\n");
    fleet.play("role.yml", &["-e", &good, "--check"]).expect_code(0);
    assert!(!host.path("usr/bin/patchctl").exists());
    let told = fleet.play("role.yml", &["-e", &good]).expect_code(0);
    assert!(told.recap("role").is_some_and(|recap| recap.changed > 0), "{}", told.text);
    let shown = host.run(&["/usr/bin/patchctl", "policy", "show"]).expect_code(0);
    assert!(shown.stdout.contains("50-fleet.toml"), "{shown}");
    let told = fleet.play("role.yml", &["-e", &good]).expect_code(0);
    assert_eq!(told.recap("role"), Some(Recap { changed: 0, failed: 0 }), "{}", told.text);

    let before = host.read("etc/patchctl/conf.d/50-fleet.toml");
    let bad = settings(&program, "[policy]\nminimum_severity = \"rather bad\"\n");
    let told = fleet.play("role.yml", &["-e", &bad]).expect_code(2);
    assert!(told.text.contains("50-fleet.toml, line 2"), "{}", told.text);
    assert_eq!(host.read("etc/patchctl/conf.d/50-fleet.toml"), before);
    host.run(&["/usr/bin/patchctl", "policy", "check"]).expect_code(0);
    let left = host.shell("ls /etc/patchctl/conf.d").expect_code(0).stdout;
    assert_eq!(left, "50-fleet.toml\n");
}

#[test]
fn a_role_brings_the_package_of_the_controller_once() {
    let Some(fleet) = Fleet::of(&[("packaged", &["lab-plain"])]) else { return };
    let host = fleet.host("packaged");
    fs::remove_file(host.path("usr/bin/patchctl")).expect("the laboratory's own copy goes");
    let packages = crate::contracts::packages::built("role");
    let wanted = serde_json::json!({
        "patchctl_install": "package",
        "patchctl_source": text(&packages.file(".deb")),
        "patchctl_configuration": { "conf.d/50-fleet.toml": "[policy]\nminimum_severity = \"medium\"\n" },
    })
    .to_string();
    fleet.play("role.yml", &["-e", &wanted, "--check"]).expect_code(0);
    assert!(!host.path("usr/bin/patchctl").exists(), "check mode installs nothing");
    let told = fleet.play("role.yml", &["-e", &wanted]).expect_code(0);
    assert!(told.recap("packaged").is_some_and(|recap| recap.changed > 0), "{}", told.text);
    let owner = host.run(&["dpkg-query", "--search", "/usr/bin/patchctl"]).expect_code(0);
    assert!(owner.stdout.starts_with("patchctl: "), "{owner}");
    assert_eq!(host.audit(), "");
    let shown = host.run(&["patchctl", "policy", "show"]).expect_code(0);
    assert!(shown.stdout.contains("50-fleet.toml"), "{shown}");
    let told = fleet.play("role.yml", &["-e", &wanted]).expect_code(0);
    assert_eq!(told.recap("packaged"), Some(Recap { changed: 0, failed: 0 }), "{}", told.text);
}

#[test]
fn a_role_brings_the_package_of_the_controller_to_a_host_of_rpm_once() {
    let Some(host) = rpm_root::with(&["lab-plain"]) else { return };
    fs::remove_file(host.path("usr/bin/patchctl")).expect("the laboratory's own copy goes");
    let fleet = Fleet::around("packaged-rpm", &host);
    let packages = crate::contracts::packages::built("role-rpm");
    let wanted = serde_json::json!({
        "patchctl_install": "package",
        "patchctl_source": text(&packages.file(".rpm")),
        "patchctl_configuration": { "conf.d/50-fleet.toml": "[policy]\nminimum_severity = \"medium\"\n" },
    })
    .to_string();
    let configuration = host.read("etc/patchctl/patchctl.toml");
    fleet.play("role.yml", &["-e", &wanted, "--check"]).expect_code(0);
    assert!(!host.path("usr/bin/patchctl").exists(), "check mode installs nothing");
    let told = fleet.play("role.yml", &["-e", &wanted]).expect_code(0);
    assert!(told.recap("packaged-rpm").is_some_and(|recap| recap.changed > 0), "{}", told.text);
    let owner = host.run(&["rpm", "-qf", "/usr/bin/patchctl"]).expect_code(0);
    assert!(owner.stdout.starts_with("patchctl-"), "{owner}");
    assert_eq!(host.read("etc/patchctl/patchctl.toml"), configuration, "what was configured before stays");
    let shown = host.run(&["patchctl", "policy", "show"]).expect_code(0);
    assert!(shown.stdout.contains("50-fleet.toml"), "{shown}");
    let told = fleet.play("role.yml", &["-e", &wanted]).expect_code(0);
    assert_eq!(told.recap("packaged-rpm"), Some(Recap { changed: 0, failed: 0 }), "{}", told.text);

    // What somebody took away is brought again.
    host.run(&["rpm", "-e", "patchctl"]).expect_code(0);
    assert!(!host.path("usr/bin/patchctl").exists());
    let told = fleet.play("role.yml", &["-e", &wanted]).expect_code(0);
    assert!(told.recap("packaged-rpm").is_some_and(|recap| recap.changed > 0), "{}", told.text);
}

fn settings(program: &str, fragment: &str) -> String {
    serde_json::json!({
        "patchctl_install": "program",
        "patchctl_source": program,
        "patchctl_configuration": { "conf.d/50-fleet.toml": fragment, "blocks.d/gone.toml": "" },
        "patchctl_schedule": "present",
    })
    .to_string()
}

/// The tests of `ansible-test sanity` that need nothing from a package index.
const SANITY: [&str; 9] = [
    "action-plugin-docs",
    "compile",
    "future-import-boilerplate",
    "line-endings",
    "metaclass-boilerplate",
    "no-assert",
    "shebang",
    "symlinks",
    "use-argspec-type-path",
];

#[test]
fn the_collection_is_sane_as_far_as_that_runs_here() {
    let Some(fleet) = Fleet::of(&[]) else { return };
    let collection = fleet.path("collections/ansible_collections/patchctl/patchctl");
    let built = fleet.ansible("ansible-galaxy", &["collection", "build", text(&collection)]);
    built.expect_code(0);
    for module in ["patchctl", "patchctl_facts"] {
        let name = format!("patchctl.patchctl.{module}");
        let told = fleet.ansible("ansible-doc", &["-t", "module", &name]).expect_code(0);
        assert!(told.text.contains("RETURN VALUES"), "{}", told.text);
    }
    let line = format!(
        "cd '{}' && ansible-test sanity --color no {}",
        collection.display(),
        SANITY.map(|name| format!("--test {name}")).join(" ")
    );
    fleet.ansible("sh", &["-c", &line]).expect_code(0);
    let line = format!("cd '{}' && ansible-test sanity --color no", collection.display());
    let told = fleet.ansible("sh", &["-c", &line]);
    if told.text.contains("Download failed") {
        eprintln!("not run: the tests of ansible-test that want a package index ({} were run)", SANITY.len());
        return;
    }
    told.expect_code(0);
}

fn text(path: &Path) -> &str {
    path.to_str().expect("plain text")
}
