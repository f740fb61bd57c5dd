//! Kills of the whole tree of a run and of a way back on a host of apk, at every call that changes a file: apk writes its
//! database at the very end of all, so that until then files are new of which it says the past.

use super::family_world::{Family, sweep};
use super::world::{Host, swept_pool};
use crate::lab::apk_root;

/// What is installed and pending: plain files, two packages that need each other in one version, an addition, a removal, edited
/// configuration, and a package for every architecture.
const FIXTURES: &[&str] = &["lab-plain", "lab-program", "lab-grows", "lab-shrinks", "lab-conf", "lab-noarch"];

const APK: Family = Family {
    name: "apk",
    apply: &["patchctl", "apply", "--yes", "--no-refresh", "--allow-removals"],
    // A record a line; an index says another architecture than an archive does.
    packages: "grep -v ^A: /lib/apk/db/installed | awk 'BEGIN { RS = \"\" } { gsub(\"\\n\", \"|\"); print $0 \".\" }' | sort",
    records: &["usr/lib/apk/db", "usr/lib/apk/exec", "var/log"],
};

#[test]
fn a_run_of_apk_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    let (Some(pool), Some(root)) = (swept_pool(), apk_root::with(FIXTURES)) else { return };
    root.run(&["patchctl", "feeds", "refresh"]).expect_code(0);
    sweep(APK, Some(Host::of(pool, &root.path("/"))), (20, 10));
}
