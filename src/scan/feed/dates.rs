//! Dates as vendors write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};

/// The years that a vendor can mean: Debian's first advisory is of 1997, the CVE list begins in 1999 with holes of the
/// years before, and what lies beyond the end is a slip of a generator.
const YEARS: std::ops::RangeInclusive<i32> = 1990..=2100;

/// Reads a date in any spelling that is known: seconds or milliseconds since 1970, RFC 3339, `YYYY-MM-DD` alone or
/// with `hh:mm`, `hh:mm:ss`, `UTC` or an offset behind it. What names no zone is taken for UTC. Another text, or a
/// year that no advisory has, is none.
pub(super) fn read_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let date = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        since_1970(text.parse().ok()?)?
    } else {
        written(text)?
    };
    is_plausible(date.date_naive()).then_some(date)
}

/// Reads a count since 1970: seconds, or milliseconds where seconds would lie in a far future.
pub(super) fn since_1970(count: i64) -> Option<DateTime<Utc>> {
    /// The first second of the year 5138; AlmaLinux's older errata count milliseconds.
    const FAR_FUTURE: i64 = 100_000_000_000;
    let date = match count {
        FAR_FUTURE.. => DateTime::from_timestamp_millis(count),
        _ => DateTime::from_timestamp(count, 0),
    };
    date.filter(|date| is_plausible(date.date_naive()))
}

/// Reads `YYYY-MM-DD` and nothing else.
pub(super) fn read_day(text: &str) -> Option<NaiveDate> {
    let is_plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (is_plain && is_plausible(day)).then_some(day)
}

/// Tells whether a vendor can mean the day.
pub(super) fn is_plausible(day: NaiveDate) -> bool {
    YEARS.contains(&day.year())
}

fn written(text: &str) -> Option<DateTime<Utc>> {
    let text = text.strip_suffix("UTC").or_else(|| text.strip_suffix("GMT")).unwrap_or(text).trim_end();
    if let Ok(date) = DateTime::parse_from_rfc3339(text) {
        return Some(date.to_utc());
    }
    if let Ok(date) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z") {
        return Some(date.to_utc());
    }
    let without_zone = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let time = without_zone.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    Some(time.or_else(day)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_vendors_is_one_instant() {
        for text in [
            "2022-05-10 08:02:00",
            "2022-05-10 08:02",
            "2022-05-10 08:02:00 UTC",
            "2022-05-10 10:02:00 +0200",
            "2022-05-10T08:02:00Z",
            "2022-05-10T08:02:00.000+00:00",
            "1652169720",
            "1652169720000",
            " 2022-05-10 08:02:00 ",
        ] {
            assert_eq!(read_date(text).map(|date| date.timestamp()), Some(1_652_169_720), "{text}");
        }
        assert_eq!(read_date("2022-05-10").map(|date| date.timestamp()), Some(1_652_140_800));
    }

    #[test]
    fn absurd_dates_are_none() {
        for text in [
            "",
            "0",
            "yesterday",
            "9999-01-01",
            "2022-13-01",
            "1",
            "99999999999999999999",
            "2022-05-10 25:00",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
        assert_eq!(since_1970(i64::MIN), None);
        assert!(read_day("2026-07-23").is_some());
        for text in ["2026-02-30", "0001-01-01", "9999-12-31", "+2026-7-23", "2026-7-23", "", "2026-07-23 "] {
            assert_eq!(read_day(text), None, "{text:?}");
        }
    }
}
