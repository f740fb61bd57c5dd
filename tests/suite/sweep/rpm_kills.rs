//! Kills of the whole tree of a run and of a way back on hosts of dnf and zypper, at every call that changes a file: the
//! package manager, rpm and patchctl die together, and `recover` ends in the old or in the new state.
//!
//! rpm alone leaves a third of such points between both (`rpm_yardstick`).

use std::time::Instant;

use super::campaign::{self, Choice, Tally};
use super::rpm_world::{APPLY, FIXTURES, RpmWorld, count, is_point};
use super::world::ROLLBACK;
use crate::lab::rpm_root::{self, RpmRoot};
use crate::lab::{dnf5_root, zypp_root};

fn sweep(name: &'static str, root: Option<RpmRoot>, (of_apply, of_rollback): (usize, usize)) {
    let began = Instant::now();
    let Some(world) = RpmWorld::of(name, root) else { return };
    let mut tally = Tally::default();
    let choice = Choice::of(world.changes, of_apply);
    let points = campaign::cut_off_at(&world.before(), APPLY, (choice, is_point));
    world.judge_all("apply", points, &mut tally);
    tally.close(&format!("kill of the whole tree, {name}, apply ({} calls)", world.changes), began);
    let (began, mut tally) = (Instant::now(), Tally::default());
    let changes = count(&world.after(), ROLLBACK);
    let choice = Choice::of(changes, of_rollback);
    let points = campaign::cut_off_at(&world.after(), ROLLBACK, (choice, is_point));
    world.judge_all("rollback", points, &mut tally);
    tally.close(&format!("kill of the whole tree, {name}, rollback ({changes} calls)"), began);
}

#[test]
fn a_run_of_dnf_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    sweep("dnf 4", rpm_root::with(FIXTURES), (20, 10));
}

#[test]
fn a_run_of_dnf5_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    sweep("dnf 5", dnf5_root::with(FIXTURES), (32, 16));
}

#[test]
fn a_run_of_zypper_and_its_way_back_that_are_cut_off_anywhere_end_old_or_new() {
    sweep("zypper", zypp_root::with(FIXTURES), (16, 8));
}
