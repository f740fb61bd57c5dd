//! Numbers, ages, dates and sizes as people read them.

use chrono::{DateTime, NaiveDate, Utc};

use super::documents::RunEntry;
use crate::model::finding::UNNAMED_UPDATE;
use crate::model::severity::Severity;

/// Writes a count with its noun, such as `1 package` or `2 118 files`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// Writes a count of vulnerabilities.
pub(super) fn cves(number: usize) -> String {
    count(number as u64, "CVE", "CVEs")
}

/// What a run closed; where no feed names that, how many of its updates are for security.
pub(super) fn closed(run: &RunEntry) -> String {
    match (run.closed, run.security) {
        (0, 0) => "-".to_owned(),
        (0, updates) => format!("{updates} security"),
        (closed, _) => cves(usize::try_from(closed).unwrap_or(usize::MAX)),
    }
}

/// How people know a finding that the reports call `feed/advisory/package`.
pub(super) fn finding(id: &str) -> String {
    let parts = id.split_once('/').and_then(|(_, rest)| rest.rsplit_once('/'));
    match parts {
        Some((UNNAMED_UPDATE, package)) => format!("security update of {package}"),
        Some((advisory, package)) => format!("{advisory} in {package}"),
        None => id.to_owned(),
    }
}

/// Writes a count of packages.
pub(super) fn packages(number: usize) -> String {
    count(number as u64, "package", "packages")
}

/// Groups digits by threes from 10 000 on, with a space (ISO 80000-1).
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let head = digits.len() % 3;
    let mut groups = vec![&digits[..head]];
    groups.extend((head..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.retain(|group| !group.is_empty());
    groups.join(" ")
}

/// Writes a size in binary units (IEC 80000-13).
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(value < 9.95);
    format!("{value:.digits$} {}", UNITS[unit])
}

/// Writes a span of seconds in its largest unit, such as `2 h` or `3 days`.
pub(super) fn span(seconds: i64) -> String {
    match seconds.max(0) {
        0..=59 => format!("{} s", seconds.max(0)),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=172_799 => format!("{} h", seconds / 3_600),
        _ => count((seconds / 86_400).unsigned_abs(), "day", "days"),
    }
}

/// Seconds that clocks may differ without a word (safety design, P16).
const TOLERANCE: i64 = 600;

/// Writes how old content is; of a time that somebody asked for (`--as-of`) it may be ahead.
pub(super) fn old(age_seconds: i64) -> String {
    if age_seconds < -TOLERANCE {
        "newer than the time asked for".to_owned()
    } else {
        format!("{} old", span(age_seconds))
    }
}

/// Writes how long ago a time was.
pub(super) fn ago(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (now - time).num_seconds();
    if seconds < 0 { "in the future".to_owned() } else { format!("{} ago", span(seconds)) }
}

/// Writes how a due date stands to today.
pub(super) fn due(date: NaiveDate, now: DateTime<Utc>) -> String {
    match (date - now.date_naive()).num_days() {
        days if days < 0 => format!("overdue by {}", count(days.unsigned_abs(), "day", "days")),
        0 => "due today".to_owned(),
        1 => "due tomorrow".to_owned(),
        days if days <= 14 => format!("due in {days} days"),
        _ => format!("due {date}"),
    }
}

/// Writes a priority: whole from ten on, one digit below, so that small differences stay visible.
pub(super) fn score(score: f64) -> String {
    let digits = usize::from(score < 9.95);
    format!("{score:.digits$}")
}

/// Returns the vendor's severity in words; a missing one is called by its name, apart from unknown verdicts.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "not rated",
        other => other.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1, "file", "files"), "1 file");
        assert_eq!(count(2118, "file", "files"), "2118 files");
        assert_eq!(thousands(1_234_567), "1 234 567");
        assert_eq!(thousands(123_456), "123 456");
        assert_eq!(
            [size(0), size(1536), size(84_934_656), size(u64::MAX)],
            ["0 B", "1.5 KiB", "81 MiB", "16777216 TiB"]
        );
        assert_eq!([score(100.0), score(14.0), score(5.6), score(0.1)], ["100", "14", "5.6", "0.1"]);
        assert_eq!([span(5), span(1_200), span(7_300), span(864_000)], ["5 s", "20 min", "2 h", "10 days"]);
    }

    #[test]
    fn dates_are_told_from_today() {
        let now = DateTime::UNIX_EPOCH;
        let day = |days: i64| now.date_naive() + chrono::Duration::days(days);
        assert_eq!(
            [due(day(-1), now), due(day(0), now), due(day(6), now)],
            ["overdue by 1 day", "due today", "due in 6 days"]
        );
        assert_eq!(due(day(90), now), "due 1970-04-01");
        assert_eq!(ago(now + chrono::Duration::hours(1), now), "in the future");
    }
}
