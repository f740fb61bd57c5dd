//! The yardstick: rpm by itself, killed at the same calls, and whether anything then tells that its transaction was cut off.

use std::fs;
use std::time::Instant;

use super::campaign::{self, Choice};
use super::family_world::{State, count, is_point};
use super::rpm_kills::{FIXTURES, RPM, host};
use super::world::Host;
use crate::lab::oracle::{Manifest, Memory};
use crate::lab::rpm_root;

const INSTALL: &[&str] = &[
    "sh",
    "-c",
    "cd /srv/lab/updates && exec rpm -U lab-plain-2*.rpm lab-program-2*.rpm lab-library-2*.rpm lab-conf-2*.rpm",
];

/// rpm's own check of its database, and the check of every file that somebody has to think of; edited configuration is told
/// of a sound host too. `dnf check` tells of packages that are recorded twice (as often as that is so, on 31 roots).
const ASKED: &str =
    "rpmdb --verifydb 2>&1; echo =; rpm -Va --nomtime --nodeps --noscripts | grep -v ' c /etc/'; true";

/// How the killed roots are.
#[derive(Default, Debug)]
struct Figures {
    points: usize,
    old: usize,
    new: usize,
    between: usize,
    both_versions_recorded: usize,
    told_by_the_database: usize,
    told_by_the_files: usize,
    told_by_nothing: usize,
}

impl Figures {
    fn add(&mut self, host: &Host, (old, new): (&State, &State), memory: &Memory) {
        self.points += 1;
        let now = state(host, memory);
        if now.is_same(old) || now.is_same(new) {
            self.old += usize::from(now.is_same(old));
            self.new += usize::from(!now.is_same(old));
            return;
        }
        let said = host.command(&["sh", "-c", ASKED]).run().stdout;
        let told: Vec<bool> = said.split("=\n").map(|part| !part.trim().is_empty()).collect();
        let [database, files] = told[..] else { panic!("two answers: {said}") };
        self.between += 1;
        self.both_versions_recorded += usize::from(now.records_two());
        self.told_by_the_database += usize::from(database);
        self.told_by_the_files += usize::from(files);
        self.told_by_nothing += usize::from(!database && !now.records_two() && !files);
    }
}

fn state(host: &Host, memory: &Memory) -> State {
    State::of(host, memory, (RPM, RPM.packages_of(host)))
}

#[test]
fn bare_rpm_is_left_between_old_and_new_and_its_database_tells_nothing() {
    let began = Instant::now();
    let Some(before) = host(rpm_root::with(FIXTURES)) else { return };
    fs::write(before.path().join("etc/lab-conf.conf"), "edited by the administrator\n")
        .expect("it can be edited");
    let files = Manifest::of_folder(before.path());
    let memory = Memory::of(before.path(), &files);
    let after = before.copy();
    let old = state(&before, &memory);
    let changes = count(&after, INSTALL);
    let new = state(&after, &memory);
    let choice = Choice::of(changes, 30);
    let mut figures = Figures::default();
    for (_, killed) in campaign::cut_off_at(&before.copy(), INSTALL, (choice, is_point)) {
        figures.add(&killed, (&old, &new), &memory);
    }
    println!("bare rpm, {changes} calls: {figures:?}, seed {}, {:.1?}", campaign::seed(), began.elapsed());
    assert!(figures.between * 5 > figures.points, "it is left between old and new: {figures:?}");
    assert_eq!(figures.told_by_the_database, 0, "{figures:?}");
}
