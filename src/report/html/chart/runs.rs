//! The runs of a host: what went well, what was taken back, what waits for a person.

use std::io::{self, Write};

use super::{Axis, LEFT, Plot, RIGHT};
use crate::model::transaction::Phase;
use crate::report::documents::RunEntry;
use crate::report::words::count;

/// Draws the runs of the host; the table below them on the page has the numbers.
pub(in crate::report::html) fn runs(runs: &[RunEntry], out: &mut dyn Write) -> io::Result<()> {
    let Some(axis) = Axis::over(runs.iter().map(|run| run.started)) else { return Ok(()) };
    let with = |shape: &str| runs.iter().filter(|run| fate(run).0 == shape).count();
    let said = format!(
        "{}: {} done, {} taken back, {} not over or left to a person; the table below lists them",
        count(runs.len() as u64, "run", "runs"),
        with("good"),
        with("back"),
        with("open")
    );
    Plot { id: "runs", title: "Runs", said: &said, height: 64.0 }.begin(out)?;
    writeln!(out, "<path d=\"M{LEFT} 24H{RIGHT}\" class=\"axis\"/>")?;
    for run in runs {
        let (x, (shape, word)) = (axis.place(run.started).clamp(LEFT + 8.0, RIGHT - 8.0), fate(run));
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
    axis.dates(out, 54.0)?;
    writeln!(
        out,
        "</svg>\n<p class=\"legend\" aria-hidden=\"true\"><span>● done</span> <span>◆ taken back</span> <span>■ not over, or \
         left to a person</span></p></figure>"
    )
}

/// Shape and words for how a run ended.
pub(in crate::report::html) fn fate(run: &RunEntry) -> (&'static str, &'static str) {
    match run.phase {
        Phase::Commit => ("good", "done"),
        Phase::Returned => ("back", "taken back"),
        Phase::Abandoned => ("good", "given up before anything changed"),
        Phase::Operator => ("open", "a person is needed"),
        _ => ("open", "not over"),
    }
}
