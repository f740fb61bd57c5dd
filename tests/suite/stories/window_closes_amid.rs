//! The window is asked before every batch: a run that is slower than it was expected to be stops between two of them, takes back
//! what it did, and says so.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use chrono::{Duration, Timelike, Utc};

use super::records::assert_says;
use super::zypper_applies::State;
use crate::lab::faults;
use crate::lab::rpm_root::RpmRoot;
use crate::lab::zypp_root;

/// What a command that is moved by faketime reads its offset from, again and again.
const CLOCK: &str = "srv/lab/clock";

/// The real zypper, that takes thirteen minutes for its first batch.
const SLOW: &str = "#!/bin/sh\ncase \"$*\" in *--oldpackage*lab-stack*) echo +800 > /srv/lab/clock;; esac\n\
                    exec /usr/bin/zypper-real \"$@\"\n";

/// A host whose window closes in twenty minutes, with updates in two batches: those of the package manager itself go first.
fn host() -> Option<RpmRoot> {
    let root = zypp_root::with(&["lab-stack", "lab-plain"])?;
    let now = Utc::now();
    let opened = now - Duration::hours(1);
    let days = if opened.date_naive() == now.date_naive() { vec![now] } else { vec![opened, now] };
    let days: Vec<String> =
        days.iter().map(|day| format!("\"{}\"", chrono::Datelike::weekday(&day.date_naive()))).collect();
    let open_for = 3_600 + 1_200 + i64::from(opened.second());
    let settings = root.read("etc/patchctl/patchctl.toml");
    let window = format!(
        "{settings}\n[[policy.window]]\ndays = [{}]\nstart = \"{}\"\nduration = \"{open_for}s\"\n\
         [health]\ndeadline = \"10m\"\n",
        days.join(", "),
        opened.format("%H:%M")
    );
    root.write("etc/patchctl/patchctl.toml", &window);
    root.write(CLOCK, "+0\n");
    Some(root)
}

#[test]
fn a_run_whose_window_closes_between_two_batches_goes_back_and_says_why() {
    let Some(root) = host() else { return };
    // Its cache of the installed packages is as new as the database.
    root.run(&["patchctl", "plan"]).expect_code(0);
    let before = State::of(&root);
    let zypper = root.path("usr/bin/zypper");
    fs::rename(&zypper, root.path("usr/bin/zypper-real")).expect("renamed");
    fs::write(&zypper, SLOW).expect("written");
    fs::set_permissions(&zypper, fs::Permissions::from_mode(0o755)).expect("a mode can be set");
    let command = root.command(&["patchctl", "apply", "--yes"]);
    let ran = faults::clock_read_from(&root.path("/"), command, CLOCK).run().expect_code(3);
    assert_says(&ran, "the window closes in ");
    assert_says(&ran, "and what is left to do may need ");
    assert_says(&ran, "everything was taken back and the host is as before");
    let log = root.read("var/lib/patchctl/runs/0001/log");
    assert!(!log.contains("lab-plain-2.0"), "the second batch never began: {log}");
    assert_eq!(root.read("srv/lab/clock"), "+800\n", "the first batch began: {log}");

    fs::rename(root.path("usr/bin/zypper-real"), &zypper).expect("renamed");
    root.write(CLOCK, "+0\n");
    before.is_same_in(&root);
    // It is nobody's fault: the same versions are tried again in the next window.
    root.write(CLOCK, "+800\n");
    let again = root.command(&["patchctl", "apply", "--yes", "--override", "window", "--reason", "a test"]);
    faults::clock_read_from(&root.path("/"), again, CLOCK).run().expect_code(0);
    assert!(root.builds().contains(&"lab-plain-2.0-1.noarch".to_owned()), "{:?}", root.builds());
}
