//! What came before: runs and earlier scans, where they are known.

use std::io::{self, Write};

use super::super::background::Background;
use super::super::documents::RunEntry;
use super::super::period::Look;
use super::super::schema::Report;
use super::super::words;
use super::chart;
use super::part::{end_section, end_table, row, section, table, text};

/// Runs that are listed: the rest is `patchctl history`'s.
const NEWEST: usize = 20;

/// Writes the history, where there is any.
pub(super) fn write(report: &Report, background: &Background, out: &mut dyn Write) -> io::Result<()> {
    if !has_any(background) {
        return Ok(());
    }
    section(out, "history", "History")?;
    plots(background, out)?;
    if !background.runs.is_empty() {
        list(report, background, out)?;
    }
    end_section(out)
}

/// Tells whether there is a history to show.
pub(super) fn has_any(background: &Background) -> bool {
    background.surveys.len() > 1 || !background.runs.is_empty()
}

/// Draws what can be drawn of a history.
fn plots(background: &Background, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<div class=\"pair plots\">")?;
    let looks: Vec<Look> =
        background.surveys.iter().map(|survey| Look::of(survey.at, &survey.summary)).collect();
    chart::open_over_time(&looks, out)?;
    chart::exposure(&background.closures, out)?;
    chart::latency(&background.closures, out)?;
    if background.runs.len() > 1 {
        chart::runs(&background.runs, out)?;
    }
    writeln!(out, "</div>")
}

fn list(report: &Report, background: &Background, out: &mut dyn Write) -> io::Result<()> {
    table(out, RUNS.0, &RUNS.1)?;
    for run in background.runs.iter().rev().take(NEWEST) {
        let this = if report.run_id == Some(run.run) { " (this report)" } else { "" };
        row(out, &cells(run, this))?;
    }
    end_table(out)
}

/// The caption of a table of runs, and its columns.
pub(super) const RUNS: (&str, [&str; 6]) =
    ("Runs, newest first", ["run", "began", "command", "ended", "packages", "closed"]);

/// The row of a run; `mark` follows its number.
pub(super) fn cells(run: &RunEntry, mark: &str) -> [String; 6] {
    [
        format!("{}{mark}", run.run),
        run.started.format("%Y-%m-%d %H:%M").to_string(),
        text(&run.command),
        run.problem.as_deref().map_or_else(|| chart::fate(run).1.to_owned(), text),
        run.packages.to_string(),
        words::closed(run),
    ]
}
