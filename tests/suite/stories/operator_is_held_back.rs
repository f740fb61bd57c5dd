//! What apply does not do, and why: holds, removals, and packages that nothing could bring back.

use std::fs;

use serde_json::Value;

use super::records::{assert_says, checked_report, refused_unchanged};
use crate::lab::debian::{self, DebianRoot};
use crate::lab::handmade::{Handmade, pending};
use crate::lab::oracle::Manifest;
use crate::lab::repository::Suite;

#[test]
fn a_held_package_is_kept_and_named() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-held"]) else { return };
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "lab-held");
    assert_eq!((root.state("lab-held").as_str(), root.installed("lab-held").as_deref()), ("hi", Some("1.0")));
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
}

#[test]
fn a_removal_is_refused_with_its_chain_of_causes_unless_allowed() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-remover"]) else { return };
    let only = ["patchctl", "apply", "--yes", "--package", "lab-remover"];
    let refused = refused_unchanged(&root, &only, 0);
    assert_says(
        &refused,
        "lab-remover 1.0 → 2.0 would remove packages: cannot be installed beside lab-plain",
    );
    assert_says(&refused, "lab-plain: would have to be removed");
    let before = Manifest::of(&root);
    root.run(&[&only[..], &["--allow-removals"]].concat()).expect_code(0);
    assert_eq!((root.installed("lab-plain"), root.installed("lab-remover").as_deref()), (None, Some("2.0")));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    assert_eq!(before.diff(&Manifest::of(&root)), []);
}

fn forget_cached(root: &DebianRoot, name: &str) {
    for entry in fs::read_dir(root.path("var/cache/apt/archives")).expect("the cache can be listed") {
        let entry = entry.expect("an entry of the cache can be read");
        if entry.file_name().to_string_lossy().starts_with(name) {
            fs::remove_file(entry.path()).expect("a cached archive can be removed");
        }
    }
}

#[test]
fn a_vanished_archive_is_rebuilt_from_the_installed_files() {
    let Some(root) = debian::small_with(&["lab-gone"]) else { return };
    forget_cached(&root, "lab-gone_");
    let before = Manifest::of(&root);
    let planned = root.run(&["patchctl", "plan", "--format", "json"]).expect_code(0);
    assert!(
        planned.stdout.contains("\"reversible\": \"reconstructed\"")
            || planned.stdout.contains("\"reversible\":\"reconstructed\""),
        "{planned}"
    );
    assert_says(&root.run(&["patchctl", "plan"]), "rebuilt");
    root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_eq!(root.installed("lab-gone").as_deref(), Some("2.0"));
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    let changed: Vec<String> = before.diff(&Manifest::of(&root)).into_iter().map(|one| one.path).collect();
    assert_eq!(
        changed,
        ["var/lib/dpkg/status"],
        "the database tells that the archive was rebuilt, and no more"
    );
    let told = root.run(&["dpkg", "-s", "lab-gone"]).expect_code(0);
    assert_says(&told, "Patchctl-Reconstructed: yes");
}

#[test]
fn what_nothing_could_bring_back_is_held_until_accepted_by_name() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-gone"]) else { return };
    forget_cached(&root, "lab-gone_");
    fs::remove_file(root.path("var/lib/dpkg/info/lab-gone.md5sums")).expect("digests can be lost");
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "--accept-no-rollback lab-gone");
    assert_eq!(root.installed("lab-gone").as_deref(), Some("1.0"));
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    root.run(&["patchctl", "apply", "--yes", "--accept-no-rollback", "lab-gone"]).expect_code(0);
    assert_eq!(root.installed("lab-gone").as_deref(), Some("2.0"));
}

#[test]
fn a_change_that_a_way_back_does_not_wholly_undo_says_so_at_its_step() {
    let Some(root) = debian::small_with(&["lab-plain"]) else { return };
    let version = |version| Handmade { name: "slapd", version, ..Handmade::default() };
    pending(&root, &version("1.0"), &version("2.0"));
    let planned = root.run(&["patchctl", "plan"]).expect_code(0);
    assert_says(&planned, "slapd 1.0 → 2.0 a way back does not undo what a newer version does to its data");
    let ran = root.run(&["patchctl", "plan", "--format", "json"]).expect_code(0);
    let steps = checked_report(&ran.stdout)["plan"]["steps"].clone();
    let actions: Vec<&Value> = steps
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|step| step["actions"].as_array().expect("a list"))
        .collect();
    let said = |name: &str| {
        let action = actions.iter().find(|action| action["package"] == name).expect("a change");
        action["not_undone"].as_str().map(str::to_owned)
    };
    assert_eq!(said("slapd").as_deref(), Some("what a newer version does to its data"));
    assert_eq!(said("lab-plain"), None);
}

#[test]
fn damaged_files_without_an_archive_hold_their_package_and_the_rest_is_patched() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-gone"]) else { return };
    forget_cached(&root, "lab-gone_");
    root.write("usr/share/lab-gone/version", "changed by hand\n");
    let planned = root.run(&["patchctl", "plan"]).expect_code(0);
    for told in [
        "1 package held back",
        "no way back: its archive is nowhere, and cannot be rebuilt: /usr/share/lab-gone/version is not as it was",
        "--accept-no-rollback lab-gone",
    ] {
        assert_says(&planned, told);
    }
    let applied = root.run(&["patchctl", "apply", "--yes", "--format", "json"]).expect_code(0);
    let report = checked_report(&applied.stdout);
    let held = &report["plan"]["held"][0];
    assert_eq!(
        (&held["package"], &held["cause_chain"][0]["reason"]),
        (&"lab-gone".into(), &"no-way-back".into())
    );
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    assert_eq!(root.installed("lab-gone").as_deref(), Some("1.0"));
    let refused = refused_unchanged(&root, &["patchctl", "apply", "--yes"], 10);
    assert_says(&refused, "what remains to be patched has no way back");
    assert_says(&refused, "patchctl apply --accept-no-rollback lab-gone");
    let plan = ["patchctl", "plan", "-o", "/root/plan.json", "--accept-no-rollback", "lab-gone"];
    assert_says(&root.run(&plan).expect_code(0), "NO WAY BACK");
    root.run(&["patchctl", "apply", "--yes", "/root/plan.json"]).expect_code(0);
    assert_eq!(root.installed("lab-gone").as_deref(), Some("2.0"));
}

#[test]
fn what_needs_a_package_without_a_way_back_is_held_with_it() {
    let names = ["lab-plain", "lab-chain-a", "lab-chain-b", "lab-chain-c"];
    let Some(root) = debian::small_with(&names) else { return };
    forget_cached(&root, "lab-chain-c_");
    root.repository().withdraw(Suite::Bookworm, "lab-chain-c", "1.0");
    root.apt(&["update"]).expect_code(0);
    root.write("usr/share/lab-chain-c/version", "changed by hand\n");
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "cannot be installed without lab-chain-c");
    for (name, version) in
        [("lab-plain", "2.0"), ("lab-chain-a", "1.0"), ("lab-chain-b", "1.0"), ("lab-chain-c", "1.0")]
    {
        assert_eq!(root.installed(name).as_deref(), Some(version), "{name}");
    }
}

#[test]
fn what_only_staging_finds_out_is_left_out_and_the_rest_is_planned_again() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-gone"]) else { return };
    let archive = root.path("var/cache/apt/archives/lab-gone_1.0_all.deb");
    fs::write(archive, "an archive of this name that is none\n").expect("the cache can be written");
    root.write("usr/share/lab-gone/version", "changed by hand\n");
    let planned = root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    assert_says(&planned, "lab-gone");
    let refused = refused_unchanged(&root, &["patchctl", "apply", "--yes", "/root/plan.json"], 8);
    assert_says(&refused, "some changes of the plan have no way back any more: lab-gone");
    assert_says(&refused, "--accept-no-rollback lab-gone");
    let applied = root.run(&["patchctl", "apply", "--yes"]).expect_code(0);
    assert_says(&applied, "no way back for lab-gone: the rest is planned without it");
    assert_eq!(root.installed("lab-plain").as_deref(), Some("2.0"));
    assert_eq!(root.installed("lab-gone").as_deref(), Some("1.0"));
}

#[test]
fn a_plan_sealed_with_a_removal_is_carried_out_as_it_was_sealed() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-remover"]) else { return };
    root.run(&["patchctl", "plan", "-o", "/root/plan.json", "--allow-removals", "lab-remover"])
        .expect_code(0);
    root.run(&["patchctl", "apply", "--yes", "/root/plan.json"]).expect_code(0);
    assert_eq!((root.installed("lab-plain"), root.installed("lab-remover").as_deref()), (None, Some("2.0")));
}

/// Publishes a 3.0 of a fixture that the vendor gives to no host yet, outside the security pocket, which apt never
/// phases, as it never phases what a security update came before; a laboratory's root has no machine id, so its apt is told to obey.
fn publish_phased(root: &DebianRoot, name: &str) {
    let control = format!(
        "Package: {name}\nVersion: 3.0\nArchitecture: all\nMaintainer: Laboratory <lab@example.org>\n\
         Phased-Update-Percentage: 0\nDescription: phased\n"
    );
    root.write("root/phased/DEBIAN/control", &control);
    let archive = format!("/srv/lab/pool/bookworm/{name}_3.0_all.deb");
    root.run(&["dpkg-deb", "--build", "/root/phased", &archive]).expect_code(0);
    fs::remove_dir_all(root.path("root/phased")).expect("it was only packed");
    root.repository().publish(Suite::Bookworm);
    root.repository().withdraw(Suite::Security, name, "2.0");
    root.write("etc/apt/apt.conf.d/95phased", "APT::Get::Never-Include-Phased-Updates \"true\";\n");
    root.apt(&["update"]).expect_code(0);
}

#[test]
fn what_the_vendor_phases_is_held_until_it_is_named() {
    let Some(root) = debian::small_with(&["lab-plain", "lab-conf"]) else { return };
    publish_phased(&root, "lab-conf");
    let all = root.run(&["patchctl", "plan", "--all-updates"]).expect_code(0);
    assert_says(&all, "lab-plain 1.0 → 2.0");
    let without = root.run(&["patchctl", "plan", "--all-updates", "--exclude", "lab-plain"]).expect_code(0);
    assert_says(&without, "nothing to do");
    for planned in [all, without] {
        assert_says(&planned, "phased by the vendor, not this host's turn: 0 % of hosts get it already");
    }
    let named = root.run(&["patchctl", "plan", "lab-conf=3.0"]).expect_code(0);
    assert_says(&named, "lab-conf 1.0 → 3.0");
}
