//! Kills at calls that change files: the whole tree at once, or one process while the others live on.

use std::time::Instant;

use super::campaign::{self, Choice, Tally};
use super::world::{APPLY, FAILING, ROLLBACK, SOUND, World};

#[test]
fn a_run_that_is_cut_off_anywhere_ends_old_or_new() {
    let began = Instant::now();
    let mut tally = Tally::default();
    for scenario in SOUND.iter().chain([&FAILING]) {
        let Some(world) = World::of(scenario) else { return };
        let host = world.before();
        let choice = Choice::of(campaign::count_changes(&host, APPLY), 40);
        tally.judge(&world, "apply", campaign::cut_off(&host, APPLY, choice));
        if scenario.fixtures == FAILING.fixtures {
            continue;
        }
        let host = world.after();
        let choice = Choice::of(campaign::count_changes(&host, ROLLBACK), 20);
        tally.judge(&world, "rollback", campaign::cut_off(&host, ROLLBACK, choice));
    }
    tally.close("kill of the whole tree", began);
}
