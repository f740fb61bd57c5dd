//! An operator patches a host of pacman: applied, verified from pacman's database and the files, taken back.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::pacman_plans::{changes, manifest, planned};
use crate::lab::namespace::Ran;
use crate::lab::oracle::{Change, Manifest};
use crate::lab::pacman_root::{self, NEW, PacmanRoot};

/// The files of a root, and what pacman's database says of packages.
pub struct State {
    pub files: Manifest,
    pub database: String,
}

impl State {
    pub fn of(root: &PacmanRoot) -> Self {
        Self { files: manifest(root).without_below("var/lib/pacman/local"), database: root.database() }
    }

    #[track_caller]
    pub fn is_same_in(&self, root: &PacmanRoot) {
        let now = Self::of(root);
        assert_eq!(self.database, now.database);
        assert_eq!(self.files.diff(&now.files), Vec::<Change>::new());
    }
}

/// What pacman said in the first run is shown with what patchctl said.
fn apply(root: &PacmanRoot, arguments: &[&str]) -> Ran {
    let mut ran = root.run(&[&["patchctl", "apply", "--yes"], arguments].concat());
    let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log")).unwrap_or_default();
    ran.stderr.push_str(&format!("--- log\n{log}"));
    ran
}

fn latest(root: &PacmanRoot) -> Value {
    let shown = root.run(&["cat", "/var/lib/patchctl/latest.json"]).expect_code(0).stdout;
    serde_json::from_str(&shown).unwrap()
}

#[test]
fn a_plan_is_carried_out_exactly_and_taken_back_wholly() {
    let fixtures =
        ["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-epoch", "lab-conf", "lab-drops"];
    let Some(root) = pacman_root::with(&fixtures) else { return };
    root.write("etc/lab-conf.conf", "mine\n");
    root.write("etc/lab-drops.conf", "mine\n");
    root.run(&["pacman", "-D", "--asdeps", "lab-library"]).expect_code(0);
    let before = State::of(&root);
    let plan = planned(&root, &[]);
    let ran = apply(&root, &[]).expect_code(0);
    assert!(!ran.stdout.contains("dpkg") && !ran.stdout.contains("apt "), "{ran}");
    let wanted = [
        "lab-conf 2.0-1",
        "lab-drops 2.0-1",
        "lab-epoch 1:1.0-1",
        "lab-extra 1.0-1",
        "lab-grows 2.0-1",
        "lab-library 2.0-1",
        "lab-plain 2.0-1",
        "lab-program 2.0-1",
    ];
    assert_eq!(root.versions(), wanted);
    assert_eq!(latest(&root)["plan"]["steps"], plan["steps"], "what was planned, in that order");
    assert_eq!(root.read("etc/lab-conf.conf"), "mine\n");
    assert_eq!(root.read("etc/lab-conf.conf.pacnew"), "made by 2.0-1\n");
    assert_eq!(root.read("etc/lab-drops.conf.pacsave"), "mine\n");
    let dependencies = root.run(&["pacman", "-Qdq"]).expect_code(0).stdout;
    assert_eq!(dependencies, "lab-extra\nlab-library\n");
    root.run(&["patchctl", "rollback", "--check"]).expect_code(0);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
    let log = root.read("var/log/pacman.log");
    assert!(log.contains("upgraded lab-plain") && log.contains("downgraded lab-plain"), "{log}");
    // What was taken back is not tried again.
    let ran = root.run(&["patchctl", "plan"]).expect_code(0);
    assert!(ran.stdout.contains("nothing to do") || ran.stdout.contains("rolled back here"), "{ran}");
}

#[test]
fn a_script_that_fails_takes_the_run_back_although_pacman_calls_it_done() {
    for culprit in ["lab-badpost", "lab-badpre"] {
        let Some(root) = pacman_root::with(&["lab-plain", culprit]) else { return };
        let before = State::of(&root);
        let ran = apply(&root, &[]).expect_code(3);
        assert!(ran.said().contains(&format!("a script failed of {culprit}")), "{ran}");
        before.is_same_in(&root);
        assert_eq!(latest(&root)["outcome"], "rolled-back", "{ran}");
        // The culprit alone is left out the next time.
        apply(&root, &[]).expect_code(0);
        assert!(
            root.has("lab-plain 2.0-1") && root.has(&format!("{culprit} 1.0-1")),
            "{:?}",
            root.versions()
        );
    }
}

#[test]
fn a_hook_that_fails_takes_the_run_back() {
    let Some(root) = pacman_root::with(&["lab-plain"]) else { return };
    let hook = "[Trigger]\nType = Package\nOperation = Upgrade\nTarget = lab-plain\n\n[Action]\n\
        Description = Building the first file system...\nWhen = PostTransaction\nExec = /bin/sh -c 'grep -q 1.0 /usr/share/lab-plain/file'\n";
    root.write("etc/pacman.d/hooks/90-lab.hook", hook);
    let before = State::of(&root);
    let ran = apply(&root, &[]).expect_code(3);
    assert!(ran.said().contains("the hook \"Building the first file system\""), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_package_without_a_signature_is_refused_and_nothing_changes() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-unsigned"]) else { return };
    let before = State::of(&root);
    let ran = apply(&root, &[]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    apply(&root, &["--exclude", "lab-unsigned"]).expect_code(0);
    assert!(root.has("lab-plain 2.0-1") && root.has("lab-unsigned 1.0-1"), "{:?}", root.versions());
}

#[test]
fn an_archive_that_is_not_the_listed_one_or_bears_another_signature_is_refused() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-conf"]) else { return };
    let before = State::of(&root);
    let archive = root.path(NEW).join("lab-plain-2.0-1-any.pkg.tar.zst");
    let (sound, signature) = (fs::read(&archive).unwrap(), archive.with_extension("zst.sig"));
    let mut bytes = sound.clone();
    let end = bytes.len() - 20;
    bytes[end] ^= 1;
    fs::write(&archive, bytes).unwrap();
    let ran = apply(&root, &[]);
    assert!([1, 9].contains(&ran.code) && ran.said().contains("nothing was changed"), "{ran}");
    before.is_same_in(&root);
    // The right archive in pacman's cache, where a signature by nobody lies beside it.
    fs::write(&archive, &sound).unwrap();
    let cache = root.path("var/cache/pacman/pkg");
    fs::write(cache.join("lab-plain-2.0-1-any.pkg.tar.zst"), &sound).unwrap();
    let other = fs::read(root.path(NEW).join("lab-conf-2.0-1-any.pkg.tar.zst.sig")).unwrap();
    fs::write(cache.join("lab-plain-2.0-1-any.pkg.tar.zst.sig"), other).unwrap();
    fs::remove_file(&signature).unwrap();
    let ran = apply(&root, &[]).expect_code(9);
    assert!(ran.said().contains("nothing was changed") && ran.said().contains("signature"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_version_that_is_in_no_cache_is_held() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-conf"]) else { return };
    fs::remove_file(root.path("var/cache/pacman/pkg/lab-plain-1.0-1-any.pkg.tar.zst")).unwrap();
    let ran = apply(&root, &[]).expect_code(0);
    assert!(ran.said().contains("no way back"), "{ran}");
    assert!(root.has("lab-plain 1.0-1") && root.has("lab-conf 2.0-1"), "{:?}", root.versions());
    apply(&root, &["--accept-no-rollback", "lab-plain"]).expect_code(0);
    assert!(root.has("lab-plain 2.0-1"));
}

#[test]
fn a_replacement_is_made_and_taken_back_where_removals_are_allowed() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-former"]) else { return };
    let before = State::of(&root);
    apply(&root, &["--allow-removals"]).expect_code(0);
    assert_eq!(root.versions(), ["lab-plain 2.0-1", "lab-renamed 2.0-1"]);
    root.run(&["patchctl", "rollback", "--yes"]).expect_code(0);
    before.is_same_in(&root);
}

#[test]
fn a_plan_of_another_host_state_is_refused() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-conf"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    root.run(&["patchctl", "plan", "-o", "/root/plan.json"]).expect_code(0);
    root.run(&["pacman", "-U", "--noconfirm", "/srv/lab/new/lab-conf-2.0-1-any.pkg.tar.zst"]).expect_code(0);
    let before = State::of(&root);
    let ran = apply(&root, &["/root/plan.json"]).expect_code(8);
    assert!(ran.stderr.contains("lab-conf"), "{ran}");
    before.is_same_in(&root);
}

#[test]
fn a_transaction_of_somebody_else_is_waited_for_and_then_named() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-slow"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let slow = ["pacman", "-U", "--noconfirm", "/srv/lab/new/lab-slow-2.0-1-any.pkg.tar.zst"];
    let other = root.command(&slow).timeout(Duration::from_secs(60)).start();
    other.wait_until_says("upgrading");
    let wait =
        ["patchctl", "apply", "--yes", "--no-refresh", "--exclude", "lab-slow", "--lock-timeout", "1s"];
    let ran = root.command(&wait).beside(&other).run();
    assert_eq!(ran.code, 7, "{ran}");
    assert!(ran.said().contains("(pacman) holds /var/lib/pacman/db.lck"), "{ran}");
    other.wait();
    assert!(root.has("lab-plain 1.0-1"));
}

#[test]
fn a_lock_that_somebody_else_left_is_explained_and_not_removed() {
    let Some(root) = pacman_root::with(&["lab-plain"]) else { return };
    root.write("var/lib/pacman/db.lck", "");
    let ran = apply(&root, &["--lock-timeout", "1s"]).expect_code(7);
    let said = ran.said().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("was cut off") && said.contains("rm /var/lib/pacman/db.lck"), "{ran}");
    assert!(root.path("var/lib/pacman/db.lck").exists());
    fs::remove_file(root.path("var/lib/pacman/db.lck")).unwrap();
    apply(&root, &[]).expect_code(0);
    assert_eq!(changes(&planned(&root, &[])), Vec::<String>::new());
}
