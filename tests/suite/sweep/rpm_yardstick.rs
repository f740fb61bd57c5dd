//! The yardstick: rpm by itself, killed at the same calls, and whether anything then tells that its transaction was cut off.

use std::time::Instant;

use super::campaign::{self, Choice};
use super::rpm_world::{FIXTURES, State, builds_of, count, edited, is_point};
use super::world::{Host, swept_pool};
use crate::lab::oracle::{Manifest, Memory};
use crate::lab::rpm_root;

const INSTALL: &[&str] = &[
    "sh",
    "-c",
    "cd /srv/lab/updates && exec rpm -U lab-plain-2*.rpm lab-program-2*.rpm lab-library-2*.rpm lab-conf-2*.rpm",
];

/// rpm's own check of its database, dnf's check of dependencies and of packages that are recorded twice, and the check of
/// every file that somebody has to think of; edited configuration is told of a sound host too.
const ASKED: &str = "rpm -qa | sort; echo =; rpmdb --verifydb 2>&1; echo =; dnf -C check 2>&1; echo =; \
    rpm -Va --nomtime | grep -v ' c /etc/'; true";

/// How the killed roots are.
#[derive(Default, Debug)]
struct Figures {
    points: usize,
    old: usize,
    new: usize,
    between: usize,
    both_versions_recorded: usize,
    told_by_the_database: usize,
    told_by_dnf_check: usize,
    told_by_the_files: usize,
    told_by_nothing: usize,
}

impl Figures {
    fn add(&mut self, host: &Host, (old, new): (&State, &State), memory: &Memory) {
        self.points += 1;
        let now = State::of(host, memory, builds_of(host));
        if now.is_same(old) || now.is_same(new) {
            self.old += usize::from(now.is_same(old));
            self.new += usize::from(!now.is_same(old));
            return;
        }
        let said = host.command(&["sh", "-c", ASKED]).run().stdout;
        let told: Vec<bool> = said.split("=\n").skip(1).map(|part| !part.trim().is_empty()).collect();
        let [database, check, files] = told[..] else { panic!("four answers: {said}") };
        self.between += 1;
        self.both_versions_recorded += usize::from(now.records_two());
        self.told_by_the_database += usize::from(database);
        self.told_by_dnf_check += usize::from(check);
        self.told_by_the_files += usize::from(files);
        self.told_by_nothing += usize::from(!database && !check && !files);
    }
}

#[test]
fn bare_rpm_is_left_between_old_and_new_and_its_database_tells_nothing() {
    let began = Instant::now();
    let (Some(pool), Some(root)) = (swept_pool(), rpm_root::with(FIXTURES)) else { return };
    let root = edited(root);
    let files = Manifest::of_folder(&root.path("/"));
    let memory = Memory::of(&root.path("/"), &files);
    let (before, after) = (Host::of(pool, &root.path("/")), Host::of(pool, &root.path("/")));
    let old = State::of(&before, &memory, builds_of(&before));
    let changes = count(&after, INSTALL);
    let new = State::of(&after, &memory, builds_of(&after));
    let choice = Choice::of(changes, 30);
    let mut figures = Figures::default();
    for (_, killed) in campaign::cut_off_at(&before.copy(), INSTALL, (choice, is_point)) {
        figures.add(&killed, (&old, &new), &memory);
    }
    println!("bare rpm, {changes} calls: {figures:?}, seed {}, {:.1?}", campaign::seed(), began.elapsed());
    assert!(figures.between * 5 > figures.points, "it is left between old and new: {figures:?}");
    assert_eq!(figures.told_by_the_database, 0, "{figures:?}");
}
