//! How many points are tried, which ones, and the tally of their ends.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use super::calls::{Call, Kind, Stops};
use super::tracer::{Answer, watch};
use super::world::{End, Host, World};
use crate::lab::namespace::{InRoot, Ran};

/// Which of many calls are points: every `stride`-th from `offset` on.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    stride: usize,
    offset: usize,
}

/// What came of the points of one campaign.
#[derive(Default)]
pub struct Tally {
    ends: BTreeMap<End, usize>,
    failures: Vec<String>,
}

/// After how many points a campaign says that it goes on: a full one takes hours.
const EACH: usize = 100;

/// Tells whether every point is asked for (`tests/run --sweep full`) instead of the sample that a build can wait for.
pub fn is_full() -> bool {
    std::env::var("PATCHCTL_SWEEP").is_ok_and(|value| value == "full")
}

/// The sample of a build: the same each time, so that a build that fails fails again when it is repeated. Change it to
/// look elsewhere.
const SEED: usize = 20_261_122;

/// The seed of this process: `PATCHCTL_SWEEP_SEED` where it is given; a campaign (`PATCHCTL_SWEEP`) looks elsewhere each
/// time.
pub fn seed() -> usize {
    static CHOSEN: OnceLock<usize> = OnceLock::new();
    *CHOSEN.get_or_init(|| {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let by_time = || {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            now.subsec_micros() as usize % 100_000
        };
        let is_campaign = std::env::var_os("PATCHCTL_SWEEP").is_some();
        number("PATCHCTL_SWEEP_SEED").unwrap_or_else(|| if is_campaign { by_time() } else { SEED })
    })
}

impl Choice {
    /// Spreads `sample` points evenly over `count` calls, moved by the seed; all of them in a full sweep, and as many as
    /// `PATCHCTL_SWEEP` says where that is a number.
    pub fn of(count: usize, sample: usize) -> Self {
        let asked = std::env::var("PATCHCTL_SWEEP").ok().and_then(|text| text.parse().ok());
        let stride = if is_full() { 1 } else { (count / asked.unwrap_or(sample).max(1)).max(1) };
        Self { stride, offset: seed() % stride }
    }

    pub fn takes(self, number: usize) -> bool {
        number % self.stride == self.offset
    }
}

/// Runs a command on a copy of `start` to its end and counts its calls that change files.
pub fn count_changes(start: &Host, command: &[&str]) -> usize {
    count(start.copy().command(command), Stops::Changing, |call| call.kind == Kind::Change)
}

/// Runs a command to its end and counts some of its calls.
pub fn count(command: InRoot, stops: Stops, mut counts: impl FnMut(&Call) -> bool + Send) -> usize {
    let mut count = 0;
    watch(command, stops, &mut |call: &Call| {
        count += usize::from(counts(call));
        Answer::Go
    });
    count
}

/// Runs a command on `host` and copies the host right before the chosen calls: each copy is what a kill of everything
/// there leaves.
pub fn cut_off(host: &Host, command: &[&str], choice: Choice) -> Vec<(String, Host)> {
    cut_off_at(host, command, (choice, |call| call.kind == Kind::Change))
}

/// The same at some of the calls.
pub fn cut_off_at(
    host: &Host,
    command: &[&str],
    (choice, is_point): (Choice, fn(&Call) -> bool),
) -> Vec<(String, Host)> {
    let mut number = 0;
    let mut copies = Vec::new();
    watch(host.command(command), Stops::Changing, &mut |call: &Call| {
        if is_point(call) {
            if choice.takes(number) {
                let place = format!("change {number}: {}", call.described());
                copies.push((place, host.copy()));
            }
            number += 1;
        }
        Answer::Go
    });
    copies
}

/// Runs a command on a host and does something at one call; returns what it said, and where that was.
pub fn disturb(
    command: InRoot,
    stops: Stops,
    mut at: impl FnMut(&Call) -> Option<Answer> + Send,
) -> (Ran, Option<String>) {
    let mut place = None;
    let ran = watch(command, stops, &mut |call: &Call| match place.is_none().then(|| at(call)).flatten() {
        Some(answer) => {
            place = Some(call.described());
            answer
        }
        None => Answer::Go,
    });
    (ran, place)
}

impl Tally {
    /// Judges each host and counts how it ended.
    pub fn judge(&mut self, world: &World, what: &str, points: Vec<(String, Host)>) {
        for (place, host) in points {
            match world.judge(&host) {
                Ok(end) => self.record(Ok(end)),
                Err(reason) => self.record(Err(format!("{}, {what}, {place}: {reason}", world.name))),
            }
        }
    }

    pub fn record(&mut self, end: Result<End, String>) {
        match end {
            Ok(end) => *self.ends.entry(end).or_default() += 1,
            Err(failure) => self.fail(failure),
        }
        if self.points().is_multiple_of(EACH) {
            println!("{} points, {} FAIL so far", self.points(), self.failures.len());
        }
    }

    fn fail(&mut self, failure: String) {
        println!("FAIL {failure}");
        self.failures.push(failure);
    }

    pub fn points(&self) -> usize {
        self.ends.values().sum::<usize>() + self.failures.len()
    }

    /// Prints the figures, and fails where a point was neither old nor new.
    #[track_caller]
    pub fn close(self, title: &str, began: Instant) {
        let of = |end| self.ends.get(&end).copied().unwrap_or_default();
        println!(
            "{title}: {} points, {} old, {} new, {} FAIL, seed {}, {:.1?}",
            self.points(),
            of(End::Old),
            of(End::New),
            self.failures.len(),
            seed(),
            Duration::from_millis(u64::try_from(began.elapsed().as_millis()).unwrap_or_default())
        );
        assert!(
            self.failures.is_empty(),
            "{} points failed; the first: {}",
            self.failures.len(),
            self.failures[0]
        );
    }
}
