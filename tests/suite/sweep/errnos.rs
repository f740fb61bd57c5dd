//! Calls that fail: whatever error the system gives at whatever call, no success is told that is none.

use std::time::Instant;

use nix::errno::Errno;

use super::calls::{Call, Kind};
use super::campaign::{self, Choice, Tally};
use super::tracer::Answer;
use super::world::{APPLY, End, ROLLBACK, SOUND, World};

/// What a disk, a quota, a mount and a table of open files give (safety design, P6), in turn.
const ERRORS: [Errno; 5] = [Errno::ENOSPC, Errno::EIO, Errno::EROFS, Errno::EDQUOT, Errno::EMFILE];

/// Tells whether a call can fail so.
fn can_fail(call: &Call, error: Errno) -> bool {
    match error {
        Errno::EMFILE => call.name.starts_with("open"),
        Errno::EIO => true,
        Errno::EROFS => call.kind == Kind::Change,
        _ => call.kind != Kind::Open,
    }
}

/// Makes the first call from `number` on that can fail so do it.
fn fail_one(world: &World, verb: &[&str], (number, error): (usize, Errno)) -> Result<End, String> {
    let host = if verb == ROLLBACK { world.after() } else { world.before() };
    let mut seen = 0;
    let (ran, place) = campaign::disturb(host.command(verb), |call| {
        seen += 1;
        (seen > number && can_fail(call, error)).then_some(Answer::Fail(error))
    });
    let told =
        |reason: String| format!("{} with {error:?} at call {number}, {place:?}: {reason}\n{ran}", verb[1]);
    world.agrees(&host, verb, &ran).map_err(&told)?;
    world.judge(&host).map_err(&told)
}

fn sweep(verb: &[&str], sample: usize) {
    let began = Instant::now();
    let Some(world) = World::of(&SOUND[0]) else { return };
    let start = if verb == ROLLBACK { world.after() } else { world.before() };
    let count = campaign::count_calls(&start, verb);
    let choice = Choice::of(count, sample);
    let mut tally = Tally::default();
    for (turn, number) in (0..count).filter(|number| choice.takes(*number)).enumerate() {
        let error = ERRORS[(turn + campaign::seed()) % ERRORS.len()];
        tally.record(fail_one(&world, verb, (number, error)));
    }
    tally.close(&format!("errors at calls, {}", verb[1]), began);
}

#[test]
fn a_call_that_fails_during_a_run_never_leads_to_a_false_success() {
    sweep(APPLY, 60);
}

#[test]
fn a_call_that_fails_during_a_way_back_never_leads_to_a_false_success() {
    sweep(ROLLBACK, 20);
}
