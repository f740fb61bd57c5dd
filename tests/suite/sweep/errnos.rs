//! Calls that fail: whatever error the system gives at whatever call, no success is told that is none.
//!
//! The calls that change files and those that open them to read are sampled apart: the former are one in ten, and the ones
//! that matter most. Memory that a program asks for itself (`mmap`, `brk`) is never refused here: dpkg and patchctl end
//! themselves without it, which is a kill of one process, and those are tried in [`super::kills`].

use std::time::Instant;

use nix::errno::Errno;

use super::calls::{Call, Kind, Stops};
use super::campaign::{self, Choice, Tally};
use super::tracer::Answer;
use super::world::{APPLY, End, Host, ROLLBACK, SOUND, World};

/// Calls of one kind and the errors that they are given in turn (safety design, P6).
struct Part {
    name: &'static str,
    stops: Stops,
    holds: fn(&Call) -> bool,
    errors: &'static [Errno],
}

/// What a full disk, a quota, a mount and a kernel short of memory give.
const WRITING: Part = Part {
    name: "writing",
    stops: Stops::Changing,
    holds: |call| matches!(call.kind, Kind::Change | Kind::Sync),
    errors: &[Errno::ENOSPC, Errno::EIO, Errno::EROFS, Errno::EDQUOT, Errno::ENOMEM],
};

/// What a failing disk, a full table of open files and a kernel short of memory give.
const READING: Part = Part {
    name: "reading and starting",
    stops: Stops::Touching,
    holds: |call| matches!(call.kind, Kind::Open | Kind::Start),
    errors: &[Errno::EIO, Errno::EMFILE, Errno::ENOMEM],
};

/// Tells whether the kernel gives that call such an error: no memory only where it looks a path up or makes a process, a
/// full table of files only where it opens one.
fn can_fail(call: &Call, error: Errno) -> bool {
    match error {
        Errno::ENOMEM => call.has_path() || call.kind == Kind::Start,
        Errno::EAGAIN => call.kind == Kind::Start,
        Errno::EMFILE => call.name.starts_with("open"),
        Errno::EROFS => call.kind == Kind::Change,
        _ => call.kind != Kind::Start,
    }
}

/// Makes the first call of a part from `number` on that can fail so do it.
fn fail_one(
    world: &World,
    (host, verb): (&Host, &[&str]),
    (part, number, error): (&Part, usize, Errno),
) -> Result<End, String> {
    let mut seen = 0;
    let (ran, place) = campaign::disturb(host.command(verb), part.stops, |call| {
        seen += usize::from((part.holds)(call));
        (seen > number && (part.holds)(call) && can_fail(call, error)).then_some(Answer::Fail(error))
    });
    let told =
        |reason: String| format!("{} with {error:?} at call {number}, {place:?}: {reason}\n{ran}", verb[1]);
    world.judge_told(host, verb, &ran).map_err(told)
}

fn sweep(verb: &[&str], samples: [(&Part, usize); 2]) {
    let Some(world) = World::of(&SOUND[0]) else { return };
    let start = || if verb == ROLLBACK { world.after() } else { world.before() };
    for (part, sample) in samples {
        let began = Instant::now();
        let count = campaign::count(start().command(verb), part.stops, part.holds);
        let choice = Choice::of(count, sample);
        let mut tally = Tally::default();
        for (turn, number) in (0..count).filter(|number| choice.takes(*number)).enumerate() {
            let error = part.errors[(turn + campaign::seed()) % part.errors.len()];
            tally.record(fail_one(&world, (&start(), verb), (part, number, error)));
        }
        tally.close(&format!("errors at calls, {}, {}", verb[1], part.name), began);
    }
}

#[test]
fn a_call_that_fails_during_a_run_never_leads_to_a_false_success() {
    sweep(APPLY, [(&WRITING, 90), (&READING, 45)]);
}

#[test]
fn a_call_that_fails_during_a_way_back_never_leads_to_a_false_success() {
    sweep(ROLLBACK, [(&WRITING, 45), (&READING, 20)]);
}

/// Calls over which dpkg only warns, and forgets the file: what a downgrade takes away, and the drafts of configuration.
const WARNED: [&str; 4] = [
    "dpkg unlink(/usr/lib/lab-plain/new-",
    "dpkg rmdir(/usr/lib/lab-plain)",
    "dpkg rename(/etc/lab-conf.conf.dpkg-dist)",
    "dpkg unlink(/etc/lab-conf-steady.conf.dpkg-new)",
];
const WARNS: Part = Part {
    name: "a warning",
    stops: Stops::Changing,
    holds: |call| WARNED.iter().any(|begin| call.described().starts_with(begin)),
    errors: &[Errno::EROFS],
};

#[test]
fn what_dpkg_only_warns_about_is_done_before_a_run_ends() {
    let Some(world) = World::of(&SOUND[0]) else { return };
    for (start, verb, end) in [(world.before(), APPLY, End::New), (world.after(), ROLLBACK, End::Old)] {
        let count = campaign::count(start.copy().command(verb), WARNS.stops, WARNS.holds);
        assert!(count >= 2, "{count} calls of {verb:?}");
        for number in 0..count {
            assert_eq!(fail_one(&world, (&start.copy(), verb), (&WARNS, number, Errno::EROFS)), Ok(end));
        }
    }
}

/// Where the runs of a host are listed and their journals read: what a verb knows of the past.
const THE_PAST: Part = Part {
    name: "the past",
    stops: Stops::Touching,
    holds: |call| {
        call.kind == Kind::Open && call.described().starts_with("patchctl openat(/var/lib/patchctl/runs")
    },
    errors: &[Errno::EIO],
};

#[test]
fn runs_that_cannot_be_read_are_not_taken_for_none() {
    let Some(world) = World::of(&SOUND[0]) else { return };
    let count = campaign::count(world.after().command(ROLLBACK), THE_PAST.stops, THE_PAST.holds);
    assert!(count >= 3, "{count} calls");
    for number in 0..count.min(6) {
        let end = fail_one(&world, (&world.after(), ROLLBACK), (&THE_PAST, number, Errno::EIO));
        assert!(end.is_ok(), "{end:?}");
    }
}

/// dpkg opens a new configuration file to write it, to wait for the disk and to digest it. Over the last one it goes on
/// with a warning and exit code 0, and records no digest.
const DIGESTED: Part = Part {
    name: "a digest",
    stops: Stops::Touching,
    holds: |call| {
        call.kind == Kind::Open && call.described().starts_with("dpkg openat(/etc/lab-conf.conf.dpkg-new")
    },
    errors: &[Errno::EIO],
};

#[test]
fn a_digest_that_dpkg_cannot_take_is_no_success() {
    let Some(world) = World::of(&SOUND[0]) else { return };
    for (verb, start) in [(APPLY, world.before()), (ROLLBACK, world.after())] {
        let count = campaign::count(start.copy().command(verb), DIGESTED.stops, DIGESTED.holds);
        assert!(count >= 2, "dpkg opens the file {count} times");
        for number in 0..count {
            fail_one(&world, (&start.copy(), verb), (&DIGESTED, number, DIGESTED.errors[0])).unwrap();
        }
    }
}

/// A thread that a kernel short of memory refuses is done without.
const THREADS: Part = Part {
    name: "threads",
    stops: Stops::Touching,
    holds: |call| call.kind == Kind::Start && call.described() == "patchctl clone3()",
    errors: &[Errno::EAGAIN],
};

#[test]
fn a_thread_that_is_refused_stops_nothing() {
    let Some(world) = World::of(&SOUND[0]) else { return };
    let count = campaign::count(world.before().command(APPLY), THREADS.stops, THREADS.holds);
    let choice = Choice::of(count, 4);
    assert!(count > 0, "patchctl has threads");
    for number in (0..count).filter(|number| choice.takes(*number)) {
        fail_one(&world, (&world.before(), APPLY), (&THREADS, number, THREADS.errors[0])).unwrap();
    }
}
