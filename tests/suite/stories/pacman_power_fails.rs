//! The power fails while pacman works: whatever point it is, `recover` ends in the old or in the new state.
//!
//! pacman takes a package's old files and record away before it puts the new ones there, and leaves its lock behind: nothing
//! but the archives of both versions leads out.

use std::fs;

use super::pacman_applies::State;
use crate::lab::faults::{Point, Traced, count_calls, power_cut_at};
use crate::lab::pacman_root::{self, PacmanRoot};

const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-conf", "lab-drops", "lab-epoch"];
const APPLY: &[&str] = &["patchctl", "apply", "--yes", "--no-refresh"];
const EDITED: &str = "edited by the administrator\n";

/// The calls that move a transaction on and that pacman makes far more often than patchctl: files and records taken away,
/// and the times that a new file is given when it is written.
const CALLS: &str = "unlink,rmdir,utimensat";
/// Points in each build; `PATCHCTL_SWEEP=full` tries every one.
const SAMPLE: usize = 8;

fn old_root() -> Option<PacmanRoot> {
    let root = pacman_root::with(FIXTURES)?;
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
fn wherever_pacman_is_cut_off_recover_ends_old_or_new() {
    let Some(root) = old_root() else { return };
    let old = State::of(&root);
    let rehearsal = root.copy();
    let (ran, total) = count_calls(rehearsal.command(APPLY), CALLS, Traced::Tree);
    ran.expect_code(0);
    let new = State::of(&rehearsal);
    assert!(total > 40, "the transaction makes {total} such calls");
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
        assert!(!copy.path("var/lib/pacman/db.lck").exists(), "call {number}");
        let again = copy.run(&["patchctl", "recover"]).expect_code(0);
        assert!(again.said().contains("nothing to do"), "call {number}: {again}");
    }
    println!("pacman cut off: {ended_old} old, {ended_new} new of {total} points, 0 FAIL");
    assert!(ended_old + ended_new > 0);
}

#[test]
fn pacman_that_is_killed_alone_is_taken_back_by_the_run_itself() {
    let Some(root) = pacman_root::with(&["lab-plain", "lab-slow", "lab-conf"]) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    let old = State::of(&root);
    let running = root.command(APPLY).start();
    running.wait_until("pacman works", || {
        let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log"));
        log.is_ok_and(|log| log.contains("upgrading lab-slow"))
    });
    running.signal("pacman", nix::sys::signal::Signal::SIGKILL);
    let ran = running.wait();
    assert_eq!(ran.code, 3, "{ran}");
    let now = State::of(&root);
    assert_eq!(old.database, now.database);
    assert_eq!(old.files.diff(&now.files), []);
    assert!(!root.path("var/lib/pacman/db.lck").exists());
}

#[test]
fn what_a_power_cut_brings_back_is_removed_where_pacman_has_no_record_of_it() {
    let Some(root) = old_root() else { return };
    let hook = "[Trigger]\nType = Package\nOperation = Upgrade\nTarget = lab-plain\n\n[Action]\n\
        Description = Waiting...\nWhen = PostTransaction\nExec = /bin/sh -c 'test ! -e /root/wait || sleep 60'\n";
    root.write("etc/pacman.d/hooks/90-lab.hook", hook);
    let old = State::of(&root);
    root.run(APPLY).expect_code(0);
    root.run(&["sh", "-c", "cp -a /usr/share/lab-plain /root/as-before; touch /root/wait"]).expect_code(0);
    let running = root.command(&["patchctl", "rollback", "--yes"]).start();
    running.wait_until("pacman has removed the files and written its records", || {
        let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0002/log"));
        log.is_ok_and(|log| log.contains("Waiting..."))
    });
    running.kill();
    // A folder that is renamed leaves the files in it as old as they were.
    let revive = "rm -rf /usr/share/lab-plain /root/wait; mv /root/as-before /usr/share/lab-plain";
    root.run(&["sh", "-c", revive]).expect_code(0);
    root.reboot();
    root.run(&["patchctl", "recover"]).expect_code(3);
    let now = State::of(&root);
    assert_eq!(old.database, now.database);
    assert_eq!(old.files.diff(&now.files), []);
}
