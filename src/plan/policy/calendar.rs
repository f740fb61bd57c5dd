//! When the host may be changed: is a window open, until when, and when does the next one open. Pure: the time comes in.

use chrono::{DateTime, Days, Duration, NaiveDate, TimeDelta, Utc};

use crate::model::window::{self, Window};
use crate::model::zone::Zone;

/// How far ahead one more opening is looked for. A weekly window opens within two weeks, even where a zone skips a whole
/// day (Pacific/Apia left out 30 December 2011).
const HORIZON_DAYS: u64 = 15;
/// How far an open time is followed through windows that overlap or touch.
const FOLLOWED: TimeDelta = TimeDelta::days(35);

/// A time in which a window is open: from the first instant up to, and without, the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// When it opens.
    pub start: DateTime<Utc>,
    /// When it closes.
    pub end: DateTime<Utc>,
}

impl Opening {
    fn contains(&self, time: DateTime<Utc>) -> bool {
        self.start <= time && time < self.end
    }
}

/// How the windows stand at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There are none: the host may be changed at any time.
    Unlimited,
    /// One is open, and what follows without a gap keeps it so until then.
    Open {
        /// When no window is open any more.
        until: DateTime<Utc>,
    },
    /// None is open.
    Closed {
        /// When the next one opens; nothing where none ever does.
        next: Option<DateTime<Utc>>,
    },
}

/// Tells how windows stand at a time.
pub fn state(windows: &[Window], now: DateTime<Utc>) -> State {
    if windows.is_empty() {
        return State::Unlimited;
    }
    match open_until(windows, now) {
        Some(until) => State::Open { until },
        None => State::Closed { next: upcoming(windows, now, 1).first().map(|opening| opening.start) },
    }
}

/// Returns the openings that begin after a time, in order, at most `count` of them.
pub fn upcoming(windows: &[Window], after: DateTime<Utc>, count: usize) -> Vec<Opening> {
    let mut found: Vec<Opening> = windows
        .iter()
        .flat_map(|window| openings(window, after, count as u64 * HORIZON_DAYS))
        .filter(|opening| opening.start > after)
        .collect();
    found.sort_unstable_by_key(|opening| (opening.start, std::cmp::Reverse(opening.end)));
    found.dedup_by_key(|opening| opening.start);
    found.truncate(count);
    found
}

fn open_until(windows: &[Window], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut until = last_end(windows, now)?;
    while until < now + FOLLOWED {
        match last_end(windows, until) {
            Some(later) => until = later,
            None => break,
        }
    }
    Some(until)
}

/// The latest end of all openings that contain a time.
fn last_end(windows: &[Window], time: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let all = windows.iter().flat_map(|window| openings(window, time, 1));
    all.filter(|opening| opening.contains(time)).map(|opening| opening.end).max()
}

/// The openings of a window that began before a time and may still be open, and those of the days ahead.
fn openings(window: &Window, time: DateTime<Utc>, ahead: u64) -> Vec<Opening> {
    let zone = &window.timezone;
    match window.days {
        window::Days::Once(date) => opening_on(window, date).into_iter().collect(),
        window::Days::Weekly(_) => {
            let length = TimeDelta::from_std(window.duration).unwrap_or(TimeDelta::MAX);
            let reached = zone.day(time.checked_sub_signed(length).unwrap_or(time));
            let first = reached.checked_sub_days(Days::new(1)).unwrap_or_default();
            let last = zone.day(time).checked_add_days(Days::new(ahead));
            let days = first.iter_days().take_while(|day| last.is_some_and(|last| *day <= last));
            days.filter(|day| window.days.include(*day)).filter_map(|day| opening_on(window, day)).collect()
        }
    }
}

/// The opening that begins on a local day: none where the clock never shows `start` or later on it.
fn opening_on(window: &Window, day: NaiveDate) -> Option<Opening> {
    let start = first_instant(&window.timezone, day, window.start)?;
    let end = start.checked_add_signed(TimeDelta::from_std(window.duration).ok()?)?;
    Some(Opening { start, end })
}

/// The first instant at which the wall clock of a zone shows that day and that time or later.
fn first_instant(zone: &Zone, day: NaiveDate, start: chrono::NaiveTime) -> Option<DateTime<Utc>> {
    let mut wall = day.and_time(start);
    // A lost hour is left minute by minute; the longest one known was a whole day.
    while wall.date() == day {
        if let Some(time) = zone.first_showing(wall) {
            return Some(time);
        }
        wall = wall.checked_add_signed(Duration::minutes(1))?;
    }
    None
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;
    use crate::model::rule::RulePlace;

    fn window(days: window::Days, start: &str, hours: u64, zone: &str) -> Window {
        Window {
            days,
            start: start.parse().expect("a time of day"),
            duration: std::time::Duration::from_secs(hours * 3_600),
            timezone: zone.parse().expect("a zone"),
            place: RulePlace::default(),
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    const ALL: [Weekday; 7] =
        [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

    #[test]
    fn a_start_in_the_lost_hour_opens_when_that_hour_is_over() {
        // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC.
        let windows = [window(window::Days::Weekly(vec![Weekday::Sun]), "02:30:00", 2, "Europe/Berlin")];
        let saturday = at("2026-03-28T12:00:00Z");
        assert_eq!(state(&windows, saturday), State::Closed { next: Some(at("2026-03-29T01:00:00Z")) });
        let open = state(&windows, at("2026-03-29T01:00:00Z"));
        assert_eq!(open, State::Open { until: at("2026-03-29T03:00:00Z") });
    }

    #[test]
    fn a_start_in_the_doubled_hour_opens_once_at_its_first_passing() {
        // Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00 UTC.
        let windows = [window(window::Days::Weekly(vec![Weekday::Sun]), "02:30:00", 1, "Europe/Berlin")];
        let open = state(&windows, at("2026-10-25T00:30:00Z"));
        assert_eq!(open, State::Open { until: at("2026-10-25T01:30:00Z") });
        let second = state(&windows, at("2026-10-25T01:30:00Z"));
        assert_eq!(second, State::Closed { next: Some(at("2026-11-01T01:30:00Z")) });
    }

    #[test]
    fn a_day_that_a_zone_left_out_has_no_window() {
        // Apia had no 30 December 2011, a Friday: the window waits for the next Friday.
        let windows = [window(window::Days::Weekly(vec![Weekday::Fri]), "10:00:00", 1, "Pacific/Apia")];
        let thursday = at("2011-12-30T01:00:00Z");
        assert_eq!(state(&windows, thursday), State::Closed { next: Some(at("2012-01-05T20:00:00Z")) });
    }

    #[test]
    fn windows_that_touch_are_one_and_windows_that_never_close_have_an_end() {
        let whole_days = [window(window::Days::Weekly(ALL.to_vec()), "00:00:00", 24, "UTC")];
        let now = at("2026-11-22T03:00:00Z");
        assert!(
            matches!(state(&whole_days, now), State::Open { until } if until > now + TimeDelta::days(30))
        );
        let sunday = window::Days::Weekly(vec![Weekday::Sun]);
        let two = [window(sunday.clone(), "02:00:00", 2, "UTC"), window(sunday, "04:00:00", 1, "UTC")];
        assert_eq!(state(&two, now), State::Open { until: at("2026-11-22T05:00:00Z") });
    }

    #[test]
    fn a_window_of_one_day_opens_once() {
        let day = NaiveDate::from_ymd_opt(2026, 12, 24).expect("a day");
        let windows = [window(window::Days::Once(day), "22:00:00", 4, "Asia/Tokyo")];
        let next = at("2026-12-24T13:00:00Z");
        assert_eq!(state(&windows, at("2026-11-22T03:00:00Z")), State::Closed { next: Some(next) });
        assert_eq!(state(&windows, at("2026-12-24T17:00:00Z")), State::Closed { next: None });
    }

    #[test]
    fn without_windows_there_is_no_limit() {
        assert_eq!(state(&[], at("2026-11-22T03:00:00Z")), State::Unlimited);
    }
}
