//! Maintenance windows against a walk through every minute: what a wall clock on the wall would say.
//!
//! The walk knows nothing but the wall clock of a zone at each minute, and takes it from another reader of other tables
//! (chrono-tz) than the program does. A window opens at the first minute of one of its
//! days at which that clock shows its start or later, and stays open for its duration.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use patchctl::model::rule::RulePlace;
use patchctl::model::window::{Days, Window};
use patchctl::plan::policy::calendar::{State, state};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Zones with every kind of change that there was in those ten years: whole hours on both halves of the globe, half an
/// hour (Lord Howe), two hours (Troll), at midnight (Tehran, Havana, Sao Paulo), twice a year around Ramadan
/// (Casablanca), odd offsets (Chatham), a change of the base offset (Volgograd), and none at all (Kolkata).
const ZONES: [Tz; 11] = [
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::America__Havana,
    Tz::Australia__Lord_Howe,
    Tz::Antarctica__Troll,
    Tz::Africa__Casablanca,
    Tz::Asia__Tehran,
    Tz::Pacific__Chatham,
    Tz::Europe__Volgograd,
    Tz::Asia__Kolkata,
];
const YEARS: std::ops::Range<i32> = 2016..2026;
const DAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn window(zone: Tz, days: &[Weekday], start_minute: u32, minutes: u64) -> Window {
    let start = NaiveTime::from_hms_opt(start_minute / 60, start_minute % 60, 0).expect("a time of day");
    Window {
        days: Days::Weekly(days.to_vec()),
        start,
        duration: Duration::from_secs(minutes * 60),
        timezone: zone.name().parse().expect("a zone"),
        place: RulePlace::default(),
    }
}

fn beginning_of(year: i32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().expect("a year begins")
}

/// The times at which a window is open, joined where they touch: found minute by minute.
fn walked(window: &Window, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let length = TimeDelta::from_std(window.duration).expect("short");
    let clock: Tz = window.timezone.name().parse().expect("a zone");
    let mut opened = BTreeSet::new();
    let mut open: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    let mut now = from - TimeDelta::days(9);
    while now < to {
        let wall = now.with_timezone(&clock).naive_local();
        let is_due = wall.hour() * 60 + wall.minute() >= window.start.hour() * 60 + window.start.minute();
        if is_due && window.days.include(wall.date()) && opened.insert(wall.date().num_days_from_ce()) {
            match open.last_mut() {
                Some(last) if last.1 >= now => last.1 = last.1.max(now + length),
                _ => open.push((now, now + length)),
            }
        }
        now += TimeDelta::minutes(1);
    }
    open
}

/// Compares at every edge, a minute around it, and at every `step`th minute between.
fn agree(window: &Window, (from, to): (DateTime<Utc>, DateTime<Utc>), step: i64) -> Result<u64, String> {
    let open = walked(window, from, to);
    let mut times: BTreeSet<DateTime<Utc>> = BTreeSet::new();
    for (start, end) in &open {
        times.extend([*start, *end].iter().flat_map(|at| [-1, 0, 1].map(|by| *at + TimeDelta::minutes(by))));
    }
    let mut at = from;
    while at < to {
        times.insert(at);
        at += TimeDelta::minutes(step);
    }
    // Near the end of the walk what follows is not known.
    let known = to - TimeDelta::days(40);
    let mut compared = 0;
    for now in times.into_iter().filter(|now| (from..known).contains(now)) {
        let at = open.partition_point(|(start, _)| *start <= now);
        let current = at.checked_sub(1).map(|at| open[at]).filter(|(_, end)| now < *end);
        let told = state(std::slice::from_ref(window), now);
        let is_right = match (told, current) {
            // What never closes is followed for five weeks.
            (State::Open { until }, Some((_, end))) => until == end || until >= now + TimeDelta::days(35),
            (State::Closed { next }, None) => next == open.get(at).map(|(start, _)| *start),
            _ => false,
        };
        if !is_right {
            return Err(format!(
                "{window} at {now}: told {told:?}, walked {current:?} and then {:?}",
                open.get(at)
            ));
        }
        compared += 1;
    }
    Ok(compared)
}

fn year_of(year: i32) -> (DateTime<Utc>, DateTime<Utc>) {
    (beginning_of(year), beginning_of(year + 1) + TimeDelta::days(40))
}

#[test]
fn windows_open_as_a_walk_through_sampled_years_says() {
    let strategy = (0..ZONES.len(), YEARS, 1u8..128, 0u32..1_440, 1u64..=10_080);
    let config = Config { cases: 16, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let run = runner.run(&strategy, |(zone, year, days, start, minutes)| {
        let days: Vec<Weekday> = (0..7).filter(|bit| days & (1 << bit) != 0).map(|bit| DAYS[bit]).collect();
        let window = window(ZONES[zone], &days, start, minutes);
        let compared = agree(&window, year_of(year), 611).map_err(TestCaseError::fail)?;
        prop_assert!(compared > 100);
        Ok(())
    });
    run.expect("the calendar is right in every sampled year");
}

#[test]
fn every_zone_opens_right_in_its_own_lost_and_doubled_hours() {
    for zone in ZONES {
        for start in [30, 150, 1_425] {
            agree(&window(zone, &DAYS, start, 45), year_of(2018), 10_007).expect("right around every change");
        }
    }
}

#[test]
#[ignore = "walks 58 million minutes for each of four windows: minutes of one core"]
fn windows_open_as_a_walk_through_ten_years_and_eleven_zones_says() {
    let whole = (beginning_of(YEARS.start), beginning_of(YEARS.end));
    let mut compared = 0;
    for zone in ZONES {
        for (days, start, minutes) in [
            (&DAYS[..], 150, 60),
            (&DAYS[5..], 120, 240),
            (&DAYS[6..], 0, 1_440),
            (&DAYS[..1], 1_410, 10_080),
        ] {
            compared += agree(&window(zone, days, start, minutes), whole, 17).expect("right in ten years");
        }
    }
    println!("compared at {compared} minutes");
}
