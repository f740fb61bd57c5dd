//! Several runs at once, with apt and dpkg taking their locks in between: exactly one of them changes the host.

use std::time::Instant;

use super::campaign::{Tally, is_full};
use super::world::{End, SOUND, World};

/// Runs that meet, from the fewest to the most (safety design, P8).
const RUNS: [usize; 3] = [2, 4, 8];

/// Each second run gives up early; the others wait and find the work done.
const LINE: &str = "for n in $(seq 1 $RUNS); do \
    (patchctl apply --yes --lock-timeout $((n % 2 * 59 + 1))s >/tmp/run-$n 2>&1; echo $? >/tmp/code-$n) & done; \
    for n in 1 2 3 4 5 6; do apt-get -q check; dpkg --configure -a; apt-get -q -y autoremove; done >/dev/null 2>&1 & \
    wait; cat /tmp/code-*";

fn meet(world: &World, runs: usize) -> Result<End, String> {
    let host = world.before();
    let ran = host.command(&["sh", "-c", LINE]).env("RUNS", &runs.to_string()).run();
    let codes: Vec<&str> = ran.stdout.split_whitespace().collect();
    if codes.len() != runs || !codes.iter().all(|code| ["0", "7"].contains(code)) || !codes.contains(&"0") {
        return Err(format!("{runs} runs end with {codes:?}: {ran}"));
    }
    let began = host.runs().len();
    if began != 1 {
        return Err(format!("{began} of {runs} runs changed the host"));
    }
    match world.judge(&host)? {
        End::New => Ok(End::New),
        End::Old => Err("nobody won".to_owned()),
    }
}

#[test]
fn of_many_runs_beside_apt_and_dpkg_exactly_one_wins() {
    let began = Instant::now();
    let Some(world) = World::of(&SOUND[0]) else { return };
    let mut tally = Tally::default();
    for _ in 0..if is_full() { 30 } else { 1 } {
        for runs in RUNS {
            tally.record(meet(&world, runs));
        }
    }
    tally.close("runs that meet", began);
}
