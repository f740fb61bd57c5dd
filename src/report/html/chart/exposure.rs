//! Exposure windows over time: for each day on which holes were closed, how long they had been open, by severity.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chrono::{NaiveDate, NaiveTime};

use super::{Axis, LEFT, Plot, RIGHT, legend, level, numbers};
use crate::model::severity::Severity;
use crate::report::lifetimes::{ClosedWindow, Closure, middle, windows};
use crate::report::words;

/// Where zero days stand, and the longest.
const ZERO: f64 = 150.0;
const TOP: f64 = 12.0;

/// What was closed on one day of one severity.
struct Point {
    severity: Severity,
    day: NaiveDate,
    closed: usize,
    median: i64,
    longest: i64,
}

/// Draws the exposure windows of what was closed; nothing where nothing was.
pub(in crate::report::html) fn exposure(closures: &[Closure], out: &mut dyn Write) -> io::Result<()> {
    let points = points(closures);
    let moment = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    let Some(axis) = Axis::over(points.iter().map(|point| moment(point.day))) else { return Ok(()) };
    let told = |window: &ClosedWindow| {
        let name = words::severity(window.severity);
        format!(
            "{name}: {} closed, half of them within {} days, the longest {}",
            window.closed, window.median_days, window.longest_days
        )
    };
    let said: Vec<String> = windows(closures).iter().map(told).collect();
    let title = "Exposure window: days from published to fixed";
    Plot { id: "exposure", title, said: &said.join("; "), height: ZERO + 24.0 }.begin(out)?;
    let longest = points.iter().map(|point| point.longest).max().unwrap_or(1).max(7);
    levels(longest, out)?;
    let mut keys = Vec::new();
    for (place, severity) in Severity::ALL.into_iter().enumerate() {
        let these: Vec<&Point> = points.iter().filter(|point| point.severity == severity).collect();
        if !these.is_empty() {
            series(&these, &|day| beside(axis.place(moment(day)), place), longest, out)?;
            let mark =
                format!("<path d=\"{}\" class=\"fill {}\"/>", shape(severity, (10.0, 6.0)), severity.word());
            keys.push((mark, words::severity(severity).to_owned()));
        }
    }
    axis.dates(out, ZERO + 18.0)?;
    keys.push(("<path d=\"M10 0V12\" class=\"reach\"/>".to_owned(), "median to longest".to_owned()));
    legend(&keys, out)?;
    let row = |point: &Point| {
        vec![
            point.day.to_string(),
            words::severity(point.severity).to_owned(),
            point.closed.to_string(),
            point.median.to_string(),
            point.longest.to_string(),
        ]
    };
    numbers(
        &["closed on", "severity", "findings", "median days", "longest"],
        &points.iter().rev().map(row).collect::<Vec<_>>(),
        out,
    )
}

fn points(closures: &[Closure]) -> Vec<Point> {
    let mut days: BTreeMap<(NaiveDate, Severity), Vec<i64>> = BTreeMap::new();
    for closure in closures {
        if let Some(exposed) = closure.exposed_days() {
            days.entry((closure.closed.date_naive(), closure.severity)).or_default().push(exposed);
        }
    }
    let point = |((day, severity), mut days): ((NaiveDate, Severity), Vec<i64>)| {
        let median = middle(&mut days)?;
        Some(Point { severity, day, closed: days.len(), median, longest: *days.last()? })
    };
    days.into_iter().filter_map(point).collect()
}

/// Marks of one day stand side by side, each severity in its place, and none on the numbers of the axis.
fn beside(x: f64, place: usize) -> f64 {
    const MARGIN: f64 = 18.0;
    let share = (x - LEFT) / (RIGHT - LEFT);
    LEFT + MARGIN + share * (RIGHT - LEFT - 2.0 * MARGIN) + (place as f64 - 2.5) * 5.0
}

/// Days grow by their logarithm: a week and a year are both to be read.
fn height(days: i64, longest: i64) -> f64 {
    let grown = |days: i64| (1.0 + days as f64).ln();
    ZERO - grown(days) / grown(longest) * (ZERO - TOP)
}

fn levels(longest: i64, out: &mut dyn Write) -> io::Result<()> {
    const LEVELS: [(i64, &str); 7] =
        [(0, "0 d"), (1, "1 d"), (7, "7 d"), (30, "30 d"), (90, "90 d"), (365, "1 y"), (1461, "4 y")];
    for (days, label) in LEVELS.iter().filter(|(days, _)| *days <= longest) {
        level(out, height(*days, longest), label)?;
    }
    Ok(())
}

/// A line through the medians, with a mark at each and a reach to the longest.
fn series(
    points: &[&Point],
    place: &dyn Fn(NaiveDate) -> f64,
    longest: i64,
    out: &mut dyn Write,
) -> io::Result<()> {
    let at = |point: &Point| (place(point.day), height(point.median, longest));
    let Some(severity) = points.first().map(|point| point.severity) else { return Ok(()) };
    let line: Vec<String> =
        points.iter().map(|point| at(point)).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    writeln!(out, "<polyline points=\"{}\" class=\"thread {}\"/>", line.join(" "), severity.word())?;
    for point in points {
        let (x, y) = at(point);
        writeln!(
            out,
            "<path d=\"M{x:.1} {y:.1}V{:.1}\" class=\"reach {1}\"/><path d=\"{2}\" class=\"fill {1}\"><title>{3}, {4}: {5} closed, \
             median {6} days, longest {7}</title></path>",
            height(point.longest, longest),
            severity.word(),
            shape(severity, (x, y)),
            point.day,
            words::severity(severity),
            point.closed,
            point.median,
            point.longest
        )?;
    }
    Ok(())
}

/// The shape of a severity around a point, so that colour is never alone.
fn shape(severity: Severity, (x, y): (f64, f64)) -> String {
    match severity {
        Severity::Critical => format!("M{:.1} {y:.1}l6-6 6 6-6 6z", x - 6.0),
        Severity::High => format!("M{:.1} {:.1}l6-10 6 10z", x - 6.0, y + 5.0),
        Severity::Medium => format!("M{x:.1} {:.1}a5 5 0 1 0 .01 0z", y - 5.0),
        Severity::Unknown => format!("M{:.1} {:.1}h9v9h-9z", x - 4.5, y - 4.5),
        Severity::Low => format!("M{:.1} {:.1}l6 10 6-10z", x - 6.0, y - 5.0),
        Severity::Negligible => format!("M{:.1} {:.1}h10v4h-10z", x - 5.0, y - 2.0),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;

    #[test]
    fn a_day_without_dates_is_no_point_and_heights_stay_in_the_drawing() {
        let closure = |published: Option<DateTime<Utc>>| Closure {
            id: String::new(),
            severity: Severity::High,
            published,
            first_seen: None,
            due: None,
            closed: DateTime::UNIX_EPOCH,
        };
        assert_eq!(points(&[closure(None)]).len(), 0);
        assert_eq!(points(&[closure(None), closure(Some(DateTime::UNIX_EPOCH))])[0].closed, 1);
        assert_eq!((height(0, 7), height(7, 7)), (ZERO, TOP));
    }
}
