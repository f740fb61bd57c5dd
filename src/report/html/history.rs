//! What came before: runs and earlier scans, where they are known.

use std::io::{self, Write};

use super::super::background::Background;
use super::super::schema::Report;
use super::chart;
use super::part::{end_section, end_table, row, section, table, text};

/// Runs that are listed: the rest is `patchctl history`'s.
const NEWEST: usize = 20;

/// Writes the history, where there is any.
pub(super) fn write(report: &Report, background: &Background, out: &mut dyn Write) -> io::Result<()> {
    let surveys = background.surveys.len() > 1;
    if !surveys && background.runs.is_empty() {
        return Ok(());
    }
    section(out, "history", "History")?;
    writeln!(out, "<div class=\"pair\">")?;
    if surveys {
        chart::open_over_time(&background.surveys, out)?;
    }
    if background.runs.len() > 1 {
        chart::runs(&background.runs, out)?;
    }
    writeln!(out, "</div>")?;
    if !background.runs.is_empty() {
        list(report, background, out)?;
    }
    end_section(out)
}

fn list(report: &Report, background: &Background, out: &mut dyn Write) -> io::Result<()> {
    table(out, "Runs, newest first", &["run", "began", "command", "ended", "packages", "closed"])?;
    for run in background.runs.iter().rev().take(NEWEST) {
        let this = if report.run_id == Some(run.run) { " (this report)" } else { "" };
        row(
            out,
            &[
                format!("{}{this}", run.run),
                run.started.format("%Y-%m-%d %H:%M").to_string(),
                text(&run.command),
                run.problem.as_deref().map_or_else(|| chart::fate(run).1.to_owned(), text),
                run.packages.to_string(),
                run.closed.to_string(),
            ],
        )?;
    }
    end_table(out)
}
