//! Kills at calls that change files: the whole tree at once, one process while the others live on, and recovery itself.

use std::time::Instant;

use super::calls::{Call, Kind, Stops};
use super::campaign::{self, Choice, Tally, is_full};
use super::tracer::Answer;
use super::world::{APPLY, End, FAILING, Host, RECOVER, ROLLBACK, SOUND, Scenario, World};

/// Levels of recovery that are cut off within one another.
const LEVELS: usize = 3;

fn sweep_whole_tree(scenario: &Scenario, verb: &[&str], sample: usize) {
    let began = Instant::now();
    let Some(world) = World::of(scenario) else { return };
    let host = if verb == ROLLBACK { world.after() } else { world.before() };
    let changes = campaign::count_changes(&host, verb);
    let mut tally = Tally::default();
    tally.judge(&world, verb[1], campaign::cut_off(&host, verb, Choice::of(changes, sample)));
    let what = format!("kill of the whole tree, {}, {} ({changes} calls)", scenario.name, verb[1]);
    tally.close(&what, began);
}

#[test]
fn a_run_over_files_that_is_cut_off_anywhere_ends_old_or_new() {
    sweep_whole_tree(&SOUND[0], APPLY, 60);
}

#[test]
fn a_run_over_scripts_that_is_cut_off_anywhere_ends_old_or_new() {
    sweep_whole_tree(&SOUND[1], APPLY, 30);
}

#[test]
fn a_run_over_links_that_is_cut_off_anywhere_ends_old_or_new() {
    sweep_whole_tree(&SOUND[2], APPLY, 30);
}

#[test]
fn a_run_that_fails_by_itself_and_is_cut_off_anywhere_ends_old() {
    sweep_whole_tree(&FAILING, APPLY, 15);
}

#[test]
fn a_way_back_over_files_that_is_cut_off_anywhere_ends_old_or_is_given_up() {
    sweep_whole_tree(&SOUND[0], ROLLBACK, 25);
}

#[test]
fn a_way_back_over_scripts_that_is_cut_off_anywhere_ends_old_or_is_given_up() {
    sweep_whole_tree(&SOUND[1], ROLLBACK, 15);
}

#[test]
fn a_way_back_over_links_that_is_cut_off_anywhere_ends_old_or_is_given_up() {
    sweep_whole_tree(&SOUND[2], ROLLBACK, 15);
}

/// Cuts a recovery off at chosen calls, judges what each leaves, and goes on with one of them a level deeper.
fn nest(tally: &mut Tally, world: &World, (mut host, verb): (Host, &str), sample: usize) {
    for level in 1..=LEVELS {
        host.reboot();
        let choice = Choice::of(campaign::count_changes(&host, RECOVER), sample);
        let mut points = campaign::cut_off(&host.copy(), RECOVER, choice);
        // The deeper the run is in its changes, the more there is to go wrong.
        let (_, next) = points.swap_remove(points.len() * 2 / 3);
        tally.judge(world, &format!("{verb}, recover at level {level}"), points);
        host = next;
    }
    tally.judge(world, &format!("{verb}, after {LEVELS} levels"), vec![("the last".to_owned(), host)]);
}

#[test]
fn a_recovery_that_is_cut_off_three_levels_deep_ends_old_or_new() {
    let began = Instant::now();
    let mut tally = Tally::default();
    let Some(world) = World::of(&SOUND[0]) else { return };
    for (host, verb) in [(world.before(), APPLY), (world.after(), ROLLBACK)] {
        let choice = Choice::of(campaign::count_changes(&host, verb), 3);
        let mut points = campaign::cut_off(&host, verb, choice);
        let starts = if is_full() { 12 } else { 1 };
        for at in (1..=starts).rev() {
            let (_, start) = points.remove(points.len() * at * 2 / (starts * 3 + 1));
            nest(&mut tally, &world, (start, verb[1]), 8);
        }
    }
    tally.close("recovery cut off within recovery", began);
}

/// Kills one process at one of its calls, while what it started and what started it live on.
fn kill_one(world: &World, (host, verb): (&Host, &[&str]), number: usize) -> Result<End, String> {
    let mut seen = 0;
    let (ran, place) = campaign::disturb(host.command(verb), Stops::Changing, |call| {
        seen += usize::from(call.kind == Kind::Change);
        (seen == number + 1).then_some(Answer::KillProcess)
    });
    let place = place.unwrap_or_else(|| "after the last call".to_owned());
    let told = |reason: String| {
        format!("{}, one process killed at change {number}, {place}: {reason}\n{ran}", verb[1])
    };
    match verb {
        RECOVER => world.may_say(host, &ran).map_err(&told)?,
        _ => world.agrees(host, verb, &ran).map(drop).map_err(&told)?,
    }
    world.judge(host).map_err(&told)
}

/// Kills one process at chosen calls of a verb, each on a copy of the same host.
fn kill_some(tally: &mut Tally, world: &World, (start, verb): (&Host, &[&str]), sample: usize) {
    let count = campaign::count_changes(start, verb);
    let choice = Choice::of(count, sample);
    for number in (0..count).filter(|number| choice.takes(*number)) {
        tally.record(kill_one(world, (&start.copy(), verb), number));
    }
}

#[test]
fn a_process_that_is_killed_while_the_others_live_leaves_the_host_old_or_new() {
    let began = Instant::now();
    let mut tally = Tally::default();
    let Some(world) = World::of(&SOUND[0]) else { return };
    kill_some(&mut tally, &world, (&world.before(), APPLY), 15);
    kill_some(&mut tally, &world, (&world.after(), ROLLBACK), 8);
    tally.close("kill of one process, apply and rollback", began);
}

#[test]
fn a_process_that_is_killed_in_a_recovery_leaves_the_host_old_or_new() {
    let began = Instant::now();
    let mut tally = Tally::default();
    let Some(world) = World::of(&SOUND[0]) else { return };
    for (host, verb) in [(world.before(), APPLY), (world.after(), ROLLBACK)] {
        let choice = Choice::of(campaign::count_changes(&host, verb), 3);
        let mut points = campaign::cut_off(&host, verb, choice);
        let (_, start) = points.swap_remove(points.len() * 2 / 3);
        start.reboot();
        kill_some(&mut tally, &world, (&start, RECOVER), 6);
    }
    tally.close("kill of one process, recover", began);
}

/// dpkg puts a new database in place of the old one: its very last call.
fn puts_database_in_place(call: &Call) -> bool {
    call.kind == Kind::Change && call.described() == "dpkg rename(/var/lib/dpkg/status)"
}

/// A recovery lets dpkg put its notes into its database, and dpkg is killed over that as well.
#[test]
fn a_dpkg_that_is_killed_as_it_settles_is_asked_again() {
    let Some(world) = World::of(&SOUND[0]) else { return };
    let every = Choice::of(1, 1);
    let mut points = campaign::cut_off_at(&world.before(), APPLY, (every, puts_database_in_place));
    let (_, start) = points.pop().expect("dpkg writes its database");
    start.reboot();
    let count = campaign::count(start.copy().command(RECOVER), Stops::Changing, puts_database_in_place);
    assert!(count > 0, "the recovery lets dpkg write its database");
    for number in 0..count {
        let (host, mut seen) = (start.copy(), 0);
        let (ran, _) = campaign::disturb(host.command(RECOVER), Stops::Changing, |call| {
            seen += usize::from(puts_database_in_place(call));
            (seen > number).then_some(Answer::KillProcess)
        });
        world.may_say(&host, &ran).and_then(|()| world.judge(&host)).unwrap_or_else(|reason| {
            panic!("dpkg killed at its end, call {number} of {count}: {reason}\n{ran}");
        });
    }
}

/// patchctl alone is killed; apt and dpkg work on without it while `recover` begins beside them.
fn recover_beside_orphans(world: &World, number: usize) -> Result<End, String> {
    let host = world.before();
    let line =
        "patchctl apply --yes >/tmp/run 2>&1; patchctl recover >/tmp/beside 2>&1; echo $?; cat /tmp/beside";
    let mut seen = 0;
    let (ran, place) =
        campaign::disturb(host.command(&["sh", "-c", line]), Stops::Changing, |call: &Call| {
            seen += usize::from(call.kind == Kind::Change && call.program() == "dpkg");
            (seen == number).then_some(Answer::KillProgram("patchctl"))
        });
    let told =
        |reason: String| format!("patchctl killed at change {number} of dpkg, {place:?}: {reason}\n{ran}");
    if !ran.stdout.starts_with("0\n") && !ran.stdout.starts_with("3\n") {
        return Err(told("recover beside what lived on did not end it".to_owned()));
    }
    world.judge(&host).map_err(told)
}

#[test]
fn a_recovery_waits_for_the_package_manager_of_a_killed_run() {
    let began = Instant::now();
    let mut tally = Tally::default();
    let Some(world) = World::of(&SOUND[0]) else { return };
    let points = if is_full() { 60 } else { 5 };
    for point in 0..points {
        tally.record(recover_beside_orphans(&world, 1 + (point * 311 + campaign::seed()) % 400));
    }
    tally.close("patchctl killed alone", began);
}
