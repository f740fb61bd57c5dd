//! zypper is killed by itself while patchctl lives on. Kills of everything are swept in `sweep::rpm_kills`.
//!
//! zypper lets rpm install one package after another, each in a transaction and a process of its own: what is cut off
//! between two of them has no dependency in order, and rpm's database is sound.

use super::zypper_applies::State;
use crate::lab::rpm_root::RpmRoot;
use crate::lab::zypp_root;

const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-conf", "lab-moved", "lab-kernel"];
const APPLY: &[&str] = &["patchctl", "apply", "--yes", "--no-refresh"];
const EDITED: &str = "edited by the administrator\n";

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
