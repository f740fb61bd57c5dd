//! A root on btrfs whose snapshots snapper keeps: patchctl asks it for one, marks it, finds it again and removes no other.

use std::fs;

use super::records::assert_says;
use crate::lab::btrfs_root::{OnBtrfs, on_btrfs};
use crate::lab::namespace::on_host;
use crate::lab::oracle::Manifest;

/// What the program needs beside its libraries (`dpkg -L snapper`).
const FILES: &[&str] = &[
    "/usr/bin/snapper",
    "/usr/share/snapper/config-templates/default",
    "/usr/share/snapper/filters/base.txt",
];

/// Installs the machine's snapper, which is of the same release, and lets it keep `/`.
fn kept_by_snapper(fixtures: &[&str], keep: u32) -> Option<OnBtrfs> {
    let host = on_btrfs(fixtures)?;
    if fs::metadata(FILES[0]).is_err() {
        println!("not run: snapper is not on this machine");
        return None;
    }
    let libraries = on_host(&["ldd", FILES[0]]);
    let libraries =
        libraries.lines().filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    for file in FILES.iter().copied().chain(libraries) {
        let to = host.root.path(file);
        if !to.exists() {
            fs::create_dir_all(to.parent().expect("a file lies in a folder")).expect("a folder can be made");
            fs::copy(file, to).expect("the tool can be installed");
        }
    }
    host.root.write("etc/default/snapper", "SNAPPER_CONFIGS=\"\"\n");
    host.run("ln -sf ../proc/self/mounts /etc/mtab; mkdir -p /etc/snapper/configs; snapper --no-dbus -c root create-config /").expect_code(0);
    let settings = format!("[snapshot]\nprovider = \"snapper\"\nkeep = {keep}\n");
    host.root.write("etc/patchctl/patchctl.toml", &settings);
    Some(host)
}

/// Numbers and user data of all snapshots.
fn listed(host: &OnBtrfs) -> Vec<String> {
    let said = host.run("snapper --no-dbus -c root --csvout list --columns number,userdata").expect_code(0);
    said.stdout.lines().skip(1).filter(|line| !line.starts_with('0')).map(str::to_owned).collect()
}

#[test]
fn a_snapshot_of_snapper_bears_the_run_and_holds_what_was_before_it() {
    let Some(host) = kept_by_snapper(&["lab-plain"], 3) else { return };
    host.run("snapper --no-dbus -c root create --description theirs").expect_code(0);
    let old = Manifest::of(&host.root);
    let applied = host.run("patchctl apply --yes").expect_code(0);
    assert_says(&applied, "packages + snapper");
    assert_eq!(listed(&host), ["1,", "2,patchctl=0001"]);
    let status = host.root.path(".snapshots/2/snapshot/var/lib/dpkg/status");
    assert!(fs::read_to_string(status).expect("a snapshot can be read").contains("Version: 1.0"));

    let told = host.run("patchctl rollback --snapshot --yes").expect_code(4);
    assert_says(&told, "snapper --ambit classic rollback 2");
    host.run("patchctl rollback --yes").expect_code(0);
    assert_eq!(host.root.installed("lab-plain").as_deref(), Some("1.0"));
    // What the snapshots hold is no part of the host.
    let left = Manifest::of(&host.root).without_below(".snapshots");
    assert_eq!(old.without_below(".snapshots").diff(&left), []);
}

#[test]
fn of_the_snapshots_of_snapper_only_those_of_pruned_runs_go() {
    let Some(host) = kept_by_snapper(&["lab-plain", "lab-conf"], 1) else { return };
    host.run("snapper --no-dbus -c root create --description theirs --userdata important=yes").expect_code(0);
    host.run("patchctl apply --yes --package lab-plain").expect_code(0);
    host.run("patchctl apply --yes").expect_code(0);
    assert_eq!(listed(&host), ["1,important=yes", "3,patchctl=0002"]);
}
