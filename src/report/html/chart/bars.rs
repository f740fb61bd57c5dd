//! Bars by severity, parted by days: how old open findings are, and how long closed ones took.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::{Key, Plot, legend, numbers};
use crate::model::finding::Finding;
use crate::model::severity::Severity;
use crate::report::compliance::{is_left, since};
use crate::report::lifetimes::Closure;
use crate::report::words;

/// The parts of a bar: a name, and a class that is darker the older.
type Part = (&'static str, &'static str);

/// The ages that are told apart; the first part is for what has no date.
const AGES: [Part; 5] = [
    ("no date", "age0"),
    ("up to 7 days", "age1"),
    ("8 to 30 days", "age2"),
    ("31 to 90 days", "age3"),
    ("more than 90 days", "age4"),
];
/// The times to a fix that are told apart.
const TIMES: [Part; 5] = [
    ("the same day", "age0"),
    ("1 to 7 days", "age1"),
    ("8 to 30 days", "age2"),
    ("31 to 90 days", "age3"),
    ("more than 90 days", "age4"),
];

/// How many of one severity fall into each part.
type Row = (Severity, [u64; 5]);

/// Draws the open findings by severity and age.
pub(in crate::report::html) fn ages(
    findings: &[Finding],
    now: DateTime<Utc>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = |finding: &Finding| match since(finding).map(|since| (now - since).num_days()) {
        None => 0,
        Some(..=7) => 1,
        Some(..=30) => 2,
        Some(..=90) => 3,
        Some(_) => 4,
    };
    let left = findings.iter().filter(|finding| is_left(finding));
    let rows = rows(left.map(|finding| (finding.severity, place(finding))));
    let said = |(severity, ages): &Row| {
        let total: u64 = ages.iter().sum();
        format!("{} {total}, {} of them more than 90 days old", words::severity(*severity), ages[4])
    };
    let said: Vec<String> = rows.iter().map(said).collect();
    let heading = ("ages", "Open findings by severity and age");
    bars(heading, (&said.join("; "), &AGES), &rows, out)
}

/// Draws how many days closed findings took, from when this host saw them first.
pub(in crate::report::html) fn latency(closures: &[Closure], out: &mut dyn Write) -> io::Result<()> {
    let place = |days: i64| match days {
        ..=0 => 0,
        1..=7 => 1,
        8..=30 => 2,
        31..=90 => 3,
        91.. => 4,
    };
    let dated =
        closures.iter().filter_map(|closure| Some((closure.severity, place(closure.latency_days()?))));
    let rows = rows(dated);
    let lates: Vec<bool> = closures.iter().filter_map(Closure::is_late).collect();
    let late = lates.iter().filter(|late| **late).count();
    let said = format!("Of {} closed findings with a due date, {late} were closed after it", lates.len());
    bars(("latency", "Patch latency: from first seen here to closed"), (&said, &TIMES), &rows, out)
}

/// Counts by severity, worst first; a severity without any has no row.
fn rows(places: impl Iterator<Item = (Severity, usize)>) -> Vec<Row> {
    let mut rows = Severity::ALL.map(|severity| (severity, [0; 5]));
    for (severity, place) in places {
        rows.iter_mut().filter(|row| row.0 == severity).for_each(|row| row.1[place] += 1);
    }
    rows.into_iter().filter(|(_, counts)| counts.iter().any(|count| *count > 0)).collect()
}

fn bars(
    (id, title): (&str, &str),
    (said, parts): (&str, &[Part; 5]),
    rows: &[Row],
    out: &mut dyn Write,
) -> io::Result<()> {
    const ROW: usize = 30;
    if rows.is_empty() {
        return Ok(());
    }
    Plot { id, title, said, height: (rows.len() * ROW + 4) as f64 }.begin(out)?;
    let most = rows.iter().map(|(_, counts)| counts.iter().sum::<u64>()).max().unwrap_or(1).max(1);
    for (place, row) in rows.iter().enumerate() {
        bar(row, (parts, most), place * ROW + 4, out)?;
    }
    let used = |place: usize| rows.iter().any(|(_, counts)| counts[place] > 0);
    let keys: Vec<Key> = (0..parts.len())
        .filter(|place| used(*place))
        .map(|place| {
            let (name, class) = parts[place];
            (format!("<rect width=\"12\" height=\"12\" class=\"fill unknown {class}\"/>"), name.to_owned())
        })
        .collect();
    legend(&keys, out)?;
    let columns: Vec<&str> = std::iter::once("severity").chain(parts.iter().map(|(name, _)| *name)).collect();
    let cells = |(severity, counts): &Row| {
        let name = words::severity(*severity).to_owned();
        std::iter::once(name).chain(counts.iter().map(u64::to_string)).collect()
    };
    numbers(&columns, &rows.iter().map(cells).collect::<Vec<_>>(), out)
}

/// One bar: its name, its parts, its sum.
fn bar(
    (severity, counts): &Row,
    (parts, most): (&[Part; 5], u64),
    top: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    const LEFT: f64 = 86.0;
    const WIDTH: f64 = 330.0;
    let (middle, name) = (top + 16, words::severity(*severity));
    writeln!(out, "<text x=\"{}\" y=\"{middle}\" class=\"label end\">{name}</text>", LEFT - 8.0)?;
    let mut left = LEFT;
    // The oldest stand at the axis, so that they can be compared from bar to bar.
    for place in (0..counts.len()).rev() {
        let (number, (age, class)) = (counts[place], parts[place]);
        if number == 0 {
            continue;
        }
        let width = number as f64 / most as f64 * WIDTH;
        writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"22\" class=\"fill {} {class}\"><title>{name}, \
             {age}: {number}</title></rect>",
            severity.word()
        )?;
        left += width;
    }
    let total = words::thousands(counts.iter().sum());
    writeln!(out, "<text x=\"{:.1}\" y=\"{middle}\" class=\"label\">{total}</text>", left + 6.0)
}
