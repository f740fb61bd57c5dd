//! How many holes were open, and how many of them overdue, at each scan.

use std::io::{self, Write};

use super::{Axis, Plot, legend, level, numbers};
use crate::report::period::Look;
use crate::report::words::thousands;

/// Where zero and the highest number stand.
const ZERO: f64 = 120.0;
const TOP: f64 = 14.0;

/// Draws how many vulnerabilities were open, and how many of them overdue, at each scan; nothing for a single one.
pub(in crate::report::html) fn open_over_time(looks: &[Look], out: &mut dyn Write) -> io::Result<()> {
    if looks.len() < 2 {
        return Ok(());
    }
    let Some(axis) = Axis::over(looks.iter().map(|look| look.at)) else { return Ok(()) };
    let open = |look: &Look| look.open;
    let overdue = |look: &Look| look.overdue;
    let most = looks.iter().map(open).max().unwrap_or(0).max(1);
    let line = |number: &dyn Fn(&Look) -> u64| {
        let point = |look: &Look| {
            let y = ZERO - number(look) as f64 / most as f64 * (ZERO - TOP);
            format!("{:.1},{y:.1}", axis.place(look.at))
        };
        looks.iter().map(point).collect::<Vec<_>>().join(" ")
    };
    let ends = looks.first().zip(looks.last()).map_or((0, 0), |(first, last)| (open(first), open(last)));
    let said = format!(
        "{} at the first of {} scans, {} at the last, never more than {most}",
        ends.0,
        looks.len(),
        ends.1
    );
    Plot { id: "open", title: "Open vulnerabilities over time", said: &said, height: ZERO + 24.0 }
        .begin(out)?;
    level(out, TOP, &thousands(most))?;
    level(out, ZERO, "0")?;
    writeln!(
        out,
        "<polyline points=\"{}\" class=\"line open\"/><polyline points=\"{}\" class=\"line overdue\"/>",
        line(&open),
        line(&overdue)
    )?;
    axis.dates(out, ZERO + 18.0)?;
    let key =
        |class: &str, word: &str| (format!("<path d=\"M0 6H20\" class=\"line {class}\"/>"), word.to_owned());
    legend(&[key("open", "open"), key("overdue", "overdue")], out)?;
    let row = |look: &Look| {
        vec![look.at.format("%Y-%m-%d %H:%M").to_string(), open(look).to_string(), overdue(look).to_string()]
    };
    let rows: Vec<_> = looks.iter().rev().map(row).collect();
    numbers(&["scan of", "open", "overdue"], &rows, out)
}
