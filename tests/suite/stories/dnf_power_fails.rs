//! dnf is killed by itself while patchctl lives on, and a file system loses what rpm removed. Kills of everything are swept in
//! `sweep::rpm_kills`.

use std::fs;

use super::dnf_applies::State;
use crate::lab::rpm_root::{self, RpmRoot};

const FIXTURES: &[&str] =
    &["lab-plain", "lab-program", "lab-library", "lab-grows", "lab-conf", "lab-moved", "lab-kernel"];
const APPLY: &[&str] = &["patchctl", "apply", "--yes", "--no-refresh"];
const EDITED: &str = "edited by the administrator\n";

fn old_root() -> Option<RpmRoot> {
    let root = rpm_root::with(FIXTURES)?;
    root.write("etc/lab-conf.conf", EDITED);
    root.write("etc/lab-moved.conf", EDITED);
    Some(root)
}

#[test]
fn rpm_that_is_killed_alone_is_taken_back_or_finished_by_the_run_itself() {
    let Some(root) = old_root() else { return };
    let old = State::of(&root);
    let running = root.command(APPLY).start();
    running.wait_until("rpm works", || {
        let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0001/log"));
        log.is_ok_and(|log| log.contains("Running transaction\n"))
    });
    running.signal("dnf-3", nix::sys::signal::Signal::SIGKILL);
    let ran = running.wait();
    assert_eq!(ran.code, 3, "{ran}");
    let now = State::of(&root);
    assert_eq!(old.builds, now.builds);
    assert_eq!(old.files.diff(&now.files), []);
}

#[test]
fn what_a_power_cut_brings_back_is_removed_where_rpm_has_no_record_of_it() {
    let Some(root) = old_root() else { return };
    let old = State::of(&root);
    root.run(APPLY).expect_code(0);
    root.shell("cp -a /usr/share/lab-plain /root/as-before").expect_code(0);
    let running = root.command(&["patchctl", "rollback", "--yes"]).start();
    running.wait_until("rpm has removed the files", || {
        let log = fs::read_to_string(root.path("var/lib/patchctl/runs/0002/log"));
        log.is_ok_and(|log| log.contains("Verifying"))
    });
    running.kill();
    // A folder that is renamed leaves the files in it as old as they were.
    root.shell("rm -rf /usr/share/lab-plain && mv /root/as-before /usr/share/lab-plain").expect_code(0);
    root.run(&["patchctl", "recover"]).expect_code(3);
    let now = State::of(&root);
    assert_eq!(old.builds, now.builds);
    assert_eq!(old.files.diff(&now.files), []);
}
