//! When a reboot that is due begins: in a window, and not before the people who are logged in had their time. Pure: the time
//! comes in.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::calendar::State;

/// People are reminded this often: seldom enough to be read.
const REMINDED: TimeDelta = TimeDelta::minutes(15);
/// The last word before the end, and the shortest notice that anybody gets who was not there for the first
/// (shutdown(8) gives one minute; five are enough to save and leave).
const LAST_WORD: TimeDelta = TimeDelta::minutes(5);

/// What people who are logged in were told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The reboot does not wait for them longer than until then.
    pub until: DateTime<Utc>,
    /// When they were told last.
    pub told: DateTime<Utc>,
}

/// What becomes of a reboot that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No window is open.
    OutsideWindow {
        /// When the next one opens.
        next: Option<DateTime<Utc>>,
    },
    /// People are logged in and have time left.
    Waits {
        /// The notice that holds now; it was given just now where its `told` is now.
        notice: Notice,
    },
    /// It begins.
    Now,
}

/// Tells what becomes of a reboot at a time. Where nobody can tell whether people are logged in, some may be: then the caller
/// says so in `people`. They have `wait` from their first notice on; who was not there for it has five minutes.
pub fn decide(
    window: State,
    now: DateTime<Utc>,
    (people, wait): (bool, TimeDelta),
    given: Option<Notice>,
) -> Verdict {
    if let State::Closed { next } = window {
        return Verdict::OutsideWindow { next };
    }
    if !people || wait <= TimeDelta::zero() {
        return Verdict::Now;
    }
    let notice = match given {
        None => Notice { until: now + wait, told: now },
        Some(given) if now < given.until => {
            let is_last_word = given.until - now <= LAST_WORD && given.until - given.told > LAST_WORD;
            let is_due = is_last_word || now - given.told >= REMINDED;
            Notice { told: if is_due { now } else { given.told }, ..given }
        }
        Some(given) if now - given.told < REMINDED * 2 => return Verdict::Now,
        // Their time ran out while no window was open: whoever is there now knows of nothing.
        Some(_) => Notice { until: now + wait.min(LAST_WORD), told: now },
    };
    Verdict::Waits { notice }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: State = State::Unlimited;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).expect("a time") + TimeDelta::minutes(minutes)
    }

    fn waits(until: i64, told: i64) -> Verdict {
        Verdict::Waits { notice: Notice { until: at(until), told: at(told) } }
    }

    #[test]
    fn nothing_begins_outside_a_window() {
        let closed = State::Closed { next: Some(at(60)) };
        let wait = TimeDelta::minutes(10);
        for people in [true, false] {
            let verdict = decide(closed, at(0), (people, wait), None);
            assert_eq!(verdict, Verdict::OutsideWindow { next: Some(at(60)) });
        }
        assert_eq!(decide(OPEN, at(0), (false, wait), None), Verdict::Now);
        assert_eq!(decide(OPEN, at(0), (true, TimeDelta::zero()), None), Verdict::Now);
    }

    #[test]
    fn people_are_told_have_their_time_and_a_last_word() {
        let (wait, notice) =
            (TimeDelta::minutes(40), |until, told| Notice { until: at(until), told: at(told) });
        let decided = |now, given| decide(OPEN, at(now), (true, wait), given);
        assert_eq!(decided(0, None), waits(40, 0));
        assert_eq!(decided(1, Some(notice(40, 0))), waits(40, 0));
        assert_eq!(decided(15, Some(notice(40, 0))), waits(40, 15));
        assert_eq!(decided(35, Some(notice(40, 30))), waits(40, 35), "the last word");
        assert_eq!(decided(36, Some(notice(40, 35))), waits(40, 35));
        assert_eq!(decided(40, Some(notice(40, 35))), Verdict::Now);
        assert_eq!(decide(OPEN, at(3), (false, wait), Some(notice(40, 0))), Verdict::Now, "they left");
    }

    #[test]
    fn who_was_not_there_for_the_notice_has_five_minutes() {
        let given = Notice { until: at(40), told: at(35) };
        let wait = TimeDelta::minutes(40);
        assert_eq!(decide(OPEN, at(7 * 1440), (true, wait), Some(given)), waits(7 * 1440 + 5, 7 * 1440));
    }
}
