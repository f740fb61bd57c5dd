//! Plots as inline SVG: classes for the colours of the theme, a title and a description to be read aloud, and the same
//! numbers as a table below.

use std::io::{self, Write};

use chrono::{DateTime, Utc};

use super::super::background::Survey;
use super::super::compliance::{is_left, since};
use super::super::documents::RunEntry;
use super::super::words;
use crate::model::finding::Finding;
use crate::model::severity::Severity;
use crate::model::transaction::Phase;

/// The ages that are told apart, in days, each up to and including its last.
const AGES: [(&str, i64); 4] =
    [("up to 7 days", 7), ("8 to 30 days", 30), ("31 to 90 days", 90), ("more than 90 days", i64::MAX)];

/// Findings of one severity by age; the last place is for those without a date.
type Ages = [u64; AGES.len() + 1];

/// Draws the open findings by severity and age.
pub(super) fn ages(findings: &[Finding], now: DateTime<Utc>, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<(Severity, Ages)> = Severity::ALL
        .iter()
        .map(|severity| (*severity, of_severity(findings, *severity, now)))
        .filter(|(_, ages)| ages.iter().any(|count| *count > 0))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<figure class=\"card plot\"><figcaption><h3>Open findings by severity and age</h3></figcaption>"
    )?;
    bars(&rows, out)?;
    legend(out)?;
    numbers(&rows, out)?;
    writeln!(out, "</figure>")
}

fn of_severity(findings: &[Finding], severity: Severity, now: DateTime<Utc>) -> Ages {
    let mut ages = Ages::default();
    for finding in findings.iter().filter(|finding| finding.severity == severity && is_left(finding)) {
        let place = since(finding).map_or(AGES.len(), |since| {
            let days = (now - since).num_days();
            AGES.iter().position(|(_, last)| days <= *last).unwrap_or(AGES.len() - 1)
        });
        ages[place] += 1;
    }
    ages
}

/// One bar a severity, darker the older.
fn bars(rows: &[(Severity, Ages)], out: &mut dyn Write) -> io::Result<()> {
    const ROW: usize = 30;
    const LEFT: f64 = 86.0;
    const WIDTH: f64 = 330.0;
    let most = rows.iter().map(|(_, ages)| ages.iter().sum::<u64>()).max().unwrap_or(1).max(1) as f64;
    let height = rows.len() * ROW + 4;
    writeln!(
        out,
        "<svg viewBox=\"0 0 480 {height}\" role=\"img\" aria-labelledby=\"ages-t ages-d\"><title id=\"ages-t\">Open \
         findings by severity and age</title><desc id=\"ages-d\">{}</desc>",
        said(rows)
    )?;
    for (place, (severity, ages)) in rows.iter().enumerate() {
        let top = place * ROW + 4;
        let middle = top + 16;
        writeln!(
            out,
            "<text x=\"{}\" y=\"{middle}\" class=\"label end\">{}</text>",
            LEFT - 8.0,
            words::severity(*severity)
        )?;
        let mut left = LEFT;
        for (age, number) in ages.iter().enumerate().filter(|(_, number)| **number > 0) {
            let width = *number as f64 / most * WIDTH;
            let name = AGES.get(age).map_or("without a date", |(name, _)| name);
            writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"22\" class=\"fill {} age{age}\"><title>{}, \
                 {name}: {number}</title></rect>",
                severity.word(),
                words::severity(*severity)
            )?;
            left += width;
        }
        let total = words::thousands(ages.iter().sum());
        writeln!(out, "<text x=\"{:.1}\" y=\"{middle}\" class=\"label\">{total}</text>", left + 6.0)?;
    }
    writeln!(out, "</svg>")
}

fn said(rows: &[(Severity, Ages)]) -> String {
    let one = |(severity, ages): &(Severity, Ages)| {
        let old = ages[AGES.len() - 1];
        format!(
            "{} {}, {old} of them more than 90 days old",
            words::severity(*severity),
            ages.iter().sum::<u64>()
        )
    };
    rows.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn legend(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<p class=\"legend\" aria-hidden=\"true\">")?;
    for (age, (name, _)) in AGES.iter().enumerate() {
        write!(
            out,
            "<span><svg viewBox=\"0 0 12 12\"><rect width=\"12\" height=\"12\" class=\"fill unknown age{age}\"/></svg> {name}</span> "
        )?;
    }
    writeln!(out, "</p>")
}

fn numbers(rows: &[(Severity, Ages)], out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<details><summary>The numbers</summary><table><thead><tr><th scope=\"col\">severity</th>")?;
    for (name, _) in AGES {
        write!(out, "<th scope=\"col\">{name}</th>")?;
    }
    writeln!(out, "<th scope=\"col\">no date</th></tr></thead><tbody>")?;
    for (severity, ages) in rows {
        write!(out, "<tr><th scope=\"row\">{}</th>", words::severity(*severity))?;
        for number in ages {
            write!(out, "<td>{number}</td>")?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></details>")
}

/// Where a time stands on an axis from 0 to 1.
struct Axis {
    first: DateTime<Utc>,
    seconds: f64,
}

impl Axis {
    fn over(times: impl Iterator<Item = DateTime<Utc>>) -> Option<Self> {
        let mut times: Vec<DateTime<Utc>> = times.collect();
        times.sort();
        let (first, last) = (*times.first()?, *times.last()?);
        Some(Self { first, seconds: ((last - first).num_seconds().max(1)) as f64 })
    }

    fn place(&self, time: DateTime<Utc>, (left, width): (f64, f64)) -> f64 {
        left + (time - self.first).num_seconds() as f64 / self.seconds * width
    }

    fn dates(&self, out: &mut dyn Write, y: usize) -> io::Result<()> {
        let last = self.first + chrono::Duration::seconds(self.seconds as i64);
        let day = |time: DateTime<Utc>| time.format("%Y-%m-%d");
        writeln!(
            out,
            "<text x=\"30\" y=\"{y}\" class=\"label\">{}</text><text x=\"470\" y=\"{y}\" class=\"label end\">{}</text>",
            day(self.first),
            day(last)
        )
    }
}

/// Draws how many holes were open, and how many of them overdue, at each scan.
pub(super) fn open_over_time(surveys: &[Survey], out: &mut dyn Write) -> io::Result<()> {
    let Some(axis) = Axis::over(surveys.iter().map(|survey| survey.at)) else { return Ok(()) };
    let most = surveys.iter().map(|survey| survey.summary.open_vulnerabilities).max().unwrap_or(1).max(1);
    let height = |number: u64| 110.0 - number as f64 / most as f64 * 96.0;
    let line = |number: &dyn Fn(&Survey) -> u64| {
        let point = |survey: &Survey| {
            format!("{:.1},{:.1}", axis.place(survey.at, (30.0, 440.0)), height(number(survey)))
        };
        surveys.iter().map(point).collect::<Vec<_>>().join(" ")
    };
    let (open, overdue) =
        (line(&|survey| survey.summary.open_vulnerabilities), line(&|survey| survey.summary.overdue));
    let last = surveys.last().map_or(0, |survey| survey.summary.open_vulnerabilities);
    writeln!(
        out,
        "<figure class=\"card plot\"><figcaption><h3>Open vulnerabilities over time</h3></figcaption><svg viewBox=\"0 0 480 \
         134\" role=\"img\" aria-labelledby=\"open-t\"><title id=\"open-t\">Open vulnerabilities at {} scans: at most {most}, \
         {last} at the last</title><path d=\"M30 110H470\" class=\"axis\"/><text x=\"24\" y=\"18\" class=\"label \
         end\">{most}</text><text x=\"24\" y=\"113\" class=\"label end\">0</text><polyline points=\"{open}\" class=\"line \
         open\"/><polyline points=\"{overdue}\" class=\"line overdue\"/>",
        surveys.len()
    )?;
    axis.dates(out, 128)?;
    writeln!(
        out,
        "</svg><p class=\"legend\"><span><svg viewBox=\"0 0 20 12\"><path d=\"M0 6H20\" class=\"line open\"/></svg> open</span> \
         <span><svg viewBox=\"0 0 20 12\"><path d=\"M0 6H20\" class=\"line overdue\"/></svg> overdue</span></p></figure>"
    )
}

/// Draws the runs of the host: what went well, what was taken back, what waits for a person.
pub(super) fn runs(runs: &[RunEntry], out: &mut dyn Write) -> io::Result<()> {
    let Some(axis) = Axis::over(runs.iter().map(|run| run.started)) else { return Ok(()) };
    writeln!(
        out,
        "<figure class=\"card plot\"><figcaption><h3>Runs</h3></figcaption><svg viewBox=\"0 0 480 64\" role=\"img\" \
         aria-labelledby=\"runs-t\"><title id=\"runs-t\">{} runs; the table below lists them</title><path d=\"M30 24H470\" \
         class=\"axis\"/>",
        runs.len()
    )?;
    for run in runs {
        let (x, (shape, word)) = (axis.place(run.started, (36.0, 428.0)), fate(run));
        let path = match shape {
            "good" => format!("M{x:.1} 17a7 7 0 1 0 .01 0z"),
            "back" => format!("M{:.1} 24l7-7 7 7-7 7z", x - 7.0),
            _ => format!("M{:.1} 18h12v12h-12z", x - 6.0),
        };
        writeln!(
            out,
            "<path d=\"{path}\" class=\"run {shape}\"><title>run {}: {word}</title></path>",
            run.run
        )?;
    }
    axis.dates(out, 54)?;
    writeln!(
        out,
        "</svg><p class=\"legend\" aria-hidden=\"true\"><span>● done</span> <span>◆ taken back</span> <span>■ not \
                   over, or left to a person</span></p></figure>"
    )
}

/// Shape and words for how a run ended.
pub(super) fn fate(run: &RunEntry) -> (&'static str, &'static str) {
    match run.phase {
        Phase::Commit => ("good", "done"),
        Phase::Returned => ("back", "taken back"),
        Phase::Abandoned => ("good", "given up before anything changed"),
        Phase::Operator => ("open", "a person is needed"),
        _ => ("open", "not over"),
    }
}
