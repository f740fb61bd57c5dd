//! Kills of the whole tree of a run and of a way back on a host of pacman, at every call that changes a file: pacman writes its
//! database package by package, and each record as several files.

use super::family_world::{Family, sweep};
use super::world::{Host, swept_pool};
use crate::lab::pacman_root;

/// What is installed and pending, taken as one whole upgrade: plain files, two packages that need each other in one version,
/// edited configuration, and a new epoch.
const FIXTURES: &[&str] = &["lab-plain", "lab-program", "lab-library", "lab-conf", "lab-epoch"];

const PACMAN: Family = Family {
    name: "pacman",
    apply: &["patchctl", "apply", "--yes", "--no-refresh"],
    // Every record without the time of the installation and how the archive was proved.
    packages: "cd /var/lib/pacman/local; for entry in */; do echo \"$entry\"; \
        awk 'BEGIN { RS = \"\" } !/^%(INSTALLDATE|VALIDATION)%/ { gsub(\"\\n\", \"|\"); print }' \"$entry/desc\"; \
        sha256sum < \"$entry/files\"; done",
    records: &["var/lib/pacman", "var/log"],
};

#[test]
fn a_run_of_pacman_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    let (Some(pool), Some(root)) = (swept_pool(), pacman_root::with(FIXTURES)) else { return };
    root.run(&["patchctl", "feeds", "refresh"]);
    sweep(PACMAN, Some(Host::of(pool, &root.path("/"))), (14, 6));
}
