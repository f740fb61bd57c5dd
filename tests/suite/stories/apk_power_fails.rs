//! The power fails while apk works: whatever point it is, `recover` ends in the old or in the new state.
//!
//! apk writes its database once, at the very end: until then the files are new and nothing says so but patchctl's mark.

use std::fs;

use super::apk_applies::State;
use crate::lab::apk_root::{self, ApkRoot};
use crate::lab::faults::{Point, Traced, count_calls, power_cut_at};

const FIXTURES: &[&str] = &["lab-plain", "lab-program", "lab-grows", "lab-conf", "lab-noarch"];
const APPLY: &[&str] = &["patchctl", "apply", "--yes", "--no-refresh"];
const EDITED: &str = "edited by the administrator\n";

/// The calls by which apk puts files and its records in place.
const CALLS: &str = "rename,renameat,renameat2,unlinkat";
/// Points in each build; `PATCHCTL_SWEEP=full` tries every one.
const SAMPLE: usize = 8;

fn old_root() -> Option<ApkRoot> {
    let root = apk_root::with(FIXTURES)?;
    root.write("etc/lab-conf.conf", EDITED);
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    Some(root)
}

/// `Ok` with the side on which the host is, or what is neither old nor new.
fn side(now: &State, (old, new): (&State, &State)) -> Result<&'static str, String> {
    for (name, end) in [("old", old), ("new", new)] {
        if end.database == now.database && end.files.diff(&now.files).is_empty() {
            return Ok(name);
        }
    }
    Err(format!(
        "{}\nfrom old {:?}\nfrom new {:?}",
        now.database,
        old.files.diff(&now.files),
        new.files.diff(&now.files)
    ))
}

fn numbers(total: usize) -> Vec<u32> {
    let all = 1..=u32::try_from(total).unwrap();
    if std::env::var("PATCHCTL_SWEEP").is_ok_and(|value| value == "full") {
        return all.collect();
    }
    // Spread evenly, the last ones included: there the database says "new" already.
    let step = (total / SAMPLE).max(1);
    all.skip(step / 2).step_by(step).collect()
}

#[test]
fn wherever_apk_is_cut_off_recover_ends_old_or_new() {
    let Some(root) = old_root() else { return };
    let old = State::of(&root);
    let rehearsal = root.copy();
    let (ran, total) = count_calls(rehearsal.command(APPLY), CALLS, Traced::Tree);
    ran.expect_code(0);
    let new = State::of(&rehearsal);
    drop(rehearsal);
    let (mut ended_old, mut ended_new) = (0, 0);
    for number in numbers(total) {
        let copy = root.copy();
        let point = Point { calls: CALLS, number, traced: Traced::Tree };
        if power_cut_at(copy.command(APPLY), &point).is_none() {
            println!("call {number}: never reached");
            continue;
        }
        copy.reboot();
        let ran = copy.run(&["patchctl", "recover"]);
        let log = fs::read_to_string(copy.path("var/lib/patchctl/runs/0001/log")).unwrap_or_default();
        assert!([0, 3].contains(&ran.code), "call {number}: {ran}\n{log}");
        let found = side(&State::of(&copy), (&old, &new))
            .unwrap_or_else(|e| panic!("call {number}: {e}\n{ran}\n{log}"));
        println!("call {number}: {found}");
        if found == "old" {
            ended_old += 1
        } else {
            ended_new += 1
        }
        assert_eq!(copy.read("etc/lab-conf.conf"), EDITED, "call {number}");
        let again = copy.run(&["patchctl", "recover"]).expect_code(0);
        assert!(again.said().contains("nothing to do"), "call {number}: {again}");
    }
    println!("apk cut off: {ended_old} old, {ended_new} new of {total} points, 0 FAIL");
    assert!(ended_old + ended_new > 0);
}

#[test]
fn apk_that_is_killed_alone_is_taken_back_by_the_run_itself() {
    let Some(root) = apk_root::with(&["lab-plain", "lab-slow", "lab-conf"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let old = State::of(&root);
    let running = root.command(APPLY).start();
    running.wait_until("apk works", || {
        let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log"));
        log.is_ok_and(|log| log.contains("slowly"))
    });
    running.signal("apk", nix::sys::signal::Signal::SIGKILL);
    let ran = running.wait();
    assert_eq!(ran.code, 3, "{ran}");
    let now = State::of(&root);
    assert_eq!(old.database, now.database);
    assert_eq!(old.files.diff(&now.files), []);
}

#[test]
fn what_a_power_cut_brings_back_is_removed_where_apk_has_no_record_of_it() {
    let Some(root) = old_root() else { return };
    let hook = "etc/apk/commit_hooks.d/wait";
    root.write(
        hook,
        "#!/bin/sh\n[ ! -e /root/wait ] || [ \"$1\" = pre-commit ] || { echo waiting; sleep 60; }\n",
    );
    root.run(&["chmod", "755", "/etc/apk/commit_hooks.d/wait"]).expect_code(0);
    let old = State::of(&root);
    root.run(APPLY).expect_code(0);
    root.run(&["sh", "-c", "cp -a /usr/share/lab-plain /root/as-before; touch /root/wait"]).expect_code(0);
    let running = root.command(&["patchctl", "rollback", "--yes"]).start();
    running.wait_until("apk has removed the files and written its records", || {
        let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0002/log"));
        log.is_ok_and(|log| log.contains("waiting"))
    });
    running.kill();
    let records = root.read("lib/apk/db/installed");
    assert!(records.contains("file-1.0-r0") && !records.contains("file-2.0-r0"), "{records}");
    // A folder that is renamed leaves the files in it as old as they were.
    let revive = "rm -rf /usr/share/lab-plain /root/wait; mv /root/as-before /usr/share/lab-plain";
    root.run(&["sh", "-c", revive]).expect_code(0);
    root.reboot();
    root.run(&["patchctl", "recover"]).expect_code(3);
    let now = State::of(&root);
    assert_eq!(old.database, now.database);
    assert_eq!(old.files.diff(&now.files), []);
}
