//! The power fails while zypper and rpm work: whatever point it is, `recover` ends in the old or in the new state.
//!
//! zypper lets rpm install one package after another, each in a transaction and a process of its own: what is cut off
//! between two of them has no dependency in order, and rpm's database is sound.

use std::fs;

use super::dnf_power_fails::numbers;
use super::zypper_applies::State;
use crate::lab::faults::{Point, Traced, count_calls, power_cut_at};
use crate::lab::rpm_root::RpmRoot;
use crate::lab::zypp_root;

const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-conf", "lab-moved", "lab-kernel"];
const APPLY: &[&str] = &["patchctl", "apply", "--yes", "--no-refresh"];
const EDITED: &str = "edited by the administrator\n";

/// The calls that move a transaction on: files put in place and taken away, and the commits of rpm's database.
/// strace counts each of them by itself, in each process by itself.
const CALLS: [&str; 3] = ["fdatasync", "renameat", "unlinkat"];

/// Packages whose files appear one after another, each in a transaction of its own; `PATCHCTL_SWEEP=full` tries them all.
const BETWEEN: [&str; 5] = ["lab-plain", "lab-grows", "lab-library", "lab-conf", "lab-program"];

fn old_root() -> Option<RpmRoot> {
    let root = zypp_root::with(FIXTURES)?;
    root.write("etc/lab-conf.conf", EDITED);
    root.write("etc/lab-moved.conf", EDITED);
    Some(root)
}

/// Returns the old state and, from a copy, the new one.
fn both_ends(root: &RpmRoot) -> (State, State) {
    let (old, rehearsal) = (State::of(root), root.copy());
    rehearsal.run(APPLY).expect_code(0);
    (old, State::of(&rehearsal))
}

/// One early and one late point, or all of them.
fn points(total: usize) -> Vec<u32> {
    let all = numbers(total);
    let is_full = all.len() == total;
    let last = u32::try_from(total).unwrap();
    if is_full { all } else { vec![last.div_ceil(3), last - 1] }
}

/// Boots a root that was cut off, recovers it, and returns on which side it ended.
#[track_caller]
fn recovered(copy: &RpmRoot, (old, new): (&State, &State), point: &str) -> &'static str {
    copy.reboot();
    let ran = copy.run(&["patchctl", "recover"]);
    let log = fs::read_to_string(copy.path("var/lib/patchctl/runs/0001/log")).unwrap_or_default();
    assert!([0, 3].contains(&ran.code), "{point}: {ran}\n{log}");
    let now = State::of(copy);
    let is_at = |end: &State| end.builds == now.builds && end.files.diff(&now.files).is_empty();
    let side = match (is_at(old), is_at(new)) {
        (true, _) => "old",
        (_, true) => "new",
        _ => panic!(
            "{point}: {:?}\nfrom old {:?}\nfrom new {:?}\n{ran}\n{log}",
            now.builds,
            old.files.diff(&now.files),
            new.files.diff(&now.files)
        ),
    };
    assert_eq!(copy.read("etc/lab-conf.conf"), EDITED, "{point}");
    assert_eq!(copy.read("etc/lab-moved.conf"), EDITED, "{point}");
    let again = copy.run(&["patchctl", "recover"]).expect_code(0);
    assert!(again.said().contains("nothing to do"), "{point}: {again}");
    side
}

#[test]
fn wherever_a_process_of_zypper_is_cut_off_recover_ends_old_or_new() {
    let Some(root) = old_root() else { return };
    let (old, new) = both_ends(&root);
    let mut ended = Vec::new();
    for calls in CALLS {
        let (ran, total) = count_calls(root.copy().command(APPLY), calls, Traced::Tree);
        ran.expect_code(0);
        for number in points(total) {
            let copy = root.copy();
            let point = Point { calls, number, traced: Traced::Tree };
            match power_cut_at(copy.command(APPLY), &point) {
                Some(_) => ended.push(recovered(&copy, (&old, &new), &format!("{calls} {number}"))),
                None => println!("{calls} {number}: never reached"),
            }
        }
        println!("{calls}: {total} points in the busiest process");
    }
    println!("zypper cut off: {ended:?}, 0 FAIL");
    assert!(!ended.is_empty());
}

#[test]
fn wherever_zypper_is_cut_off_between_two_packages_recover_ends_old_or_new() {
    let Some(root) = old_root() else { return };
    let (old, new) = both_ends(&root);
    let mut ended = Vec::new();
    let is_full = std::env::var("PATCHCTL_SWEEP").is_ok_and(|value| value == "full");
    for package in &BETWEEN[..if is_full { BETWEEN.len() } else { 2 }] {
        let copy = root.copy();
        let running = copy.command(APPLY).start();
        let file = copy.path(&format!("usr/share/{package}/file-2.0"));
        running.wait_until(package, || file.exists());
        running.kill();
        ended.push(recovered(&copy, (&old, &new), package));
    }
    println!("zypper cut off amid packages: {ended:?}, 0 FAIL");
}

#[test]
fn zypper_that_is_killed_alone_is_taken_back_or_finished_by_the_run_itself() {
    let Some(root) = old_root() else { return };
    let (old, new) = both_ends(&root);
    let running = root.command(APPLY).start();
    running.wait_until("zypper works", || root.path("usr/share/lab-library/file-2.0").exists());
    running.signal("zypper", nix::sys::signal::Signal::SIGKILL);
    let ran = running.wait();
    assert!([0, 3].contains(&ran.code), "{ran}");
    let now = State::of(&root);
    let end = if ran.code == 0 { &new } else { &old };
    assert_eq!(end.builds, now.builds, "{ran}");
    assert_eq!(end.files.diff(&now.files), [], "{ran}");
}
