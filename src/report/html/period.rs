//! A period of one host on one page: did exposure shrink, and by which runs.

use std::io::{self, Write};

use super::super::period::Period;
use super::super::words::{self, count};
use super::frame::{self, Page};
use super::part::{end_section, end_table, row, section, table, text};
use super::{chart, history};

/// Closed findings that are listed, the newest; the rest is in the CSV and JSON forms.
const ROWS: usize = 500;

/// Writes a period as one HTML page.
///
/// # Errors
/// `out` cannot be written.
pub(in crate::report) fn write(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    let heading = text(&period.host);
    frame::begin(
        &Page {
            title: format!("{heading}: {} · patchctl", period.span()),
            brand: "period report".to_owned(),
            heading,
            about: period.span(),
            places: vec![("overview", "Overview"), ("runs", "Runs"), ("closed", "Closed findings")],
        },
        out,
    )?;
    section(out, "overview", "Overview")?;
    figures(period, out)?;
    writeln!(out, "<div class=\"pair plots\">")?;
    chart::open_over_time(&period.looks, out)?;
    chart::exposure(&period.closures, out)?;
    chart::latency(&period.closures, out)?;
    windows(period, out)?;
    writeln!(out, "</div>")?;
    end_section(out)?;
    runs(period, out)?;
    closed(period, out)?;
    let identity = &period.identity;
    frame::end(&format!("patchctl {} from {}", text(&identity.tool_version), text(&identity.schema)), out)
}

/// What was open first and last, in words, with what was done in between.
fn figures(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    let (first, last) = (period.looks.first(), period.looks.last());
    let change = |number: fn(&super::super::period::Look) -> u64| match (first, last) {
        (Some(first), Some(last)) => format!("{} → {}", number(first), number(last)),
        _ => "–".to_owned(),
    };
    let late: u64 = period.exposure.iter().map(|window| window.late).sum();
    let figures = [
        ("open", change(|look| look.open)),
        ("overdue", change(|look| look.overdue)),
        ("exploited", change(|look| look.known_exploited)),
        ("findings closed", words::thousands(period.closures.len() as u64)),
        ("closed late", words::thousands(late)),
        ("runs", period.runs.len().to_string()),
        ("taken back", period.taken_back.to_string()),
    ];
    writeln!(out, "<dl class=\"figures\">")?;
    for (name, figure) in figures {
        let tone = if figure == "0" { "zero" } else { "" };
        writeln!(out, "<div class=\"{tone}\"><dt>{name}</dt><dd>{figure}</dd></div>")?;
    }
    writeln!(out, "</dl>")
}

fn windows(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    if period.exposure.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"card\"><h3>Exposure of what was closed, in days</h3><table class=\"plain\"><thead><tr><th \
         scope=\"col\">severity</th><th scope=\"col\">closed</th><th scope=\"col\">median</th><th \
         scope=\"col\">longest</th><th scope=\"col\">late</th></tr></thead><tbody>"
    )?;
    for window in &period.exposure {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            words::severity(window.severity),
            window.closed,
            window.median_days,
            window.longest_days,
            window.late
        )?;
    }
    writeln!(
        out,
        "</tbody></table><p class=\"small\">Findings, one for each statement and package; from the vendor\u{2019}s date, or from \
         when this host saw it first.</p></div>"
    )
}

fn runs(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    section(out, "runs", "Runs")?;
    if period.runs.is_empty() {
        writeln!(out, "<p>No run began in this period.</p>")?;
        return end_section(out);
    }
    table(out, history::RUNS.0, &history::RUNS.1)?;
    for run in period.runs.iter().rev() {
        row(out, &history::cells(run, ""))?;
    }
    end_table(out)?;
    end_section(out)
}

fn closed(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    section(out, "closed", "Closed findings")?;
    if period.closures.is_empty() {
        writeln!(out, "<p>No finding was closed in this period, as far as the stored reports tell.</p>")?;
        return end_section(out);
    }
    let caption = format!("{}, newest first", count(period.closures.len() as u64, "finding", "findings"));
    table(out, &caption, &["finding", "severity", "closed", "days exposed", "due"])?;
    for closure in period.closures.iter().rev().take(ROWS) {
        let due = closure.due.map_or("–".to_owned(), |due| due.to_string());
        let late = if closure.is_late() == Some(true) { " <span class=\"late\">late</span>" } else { "" };
        let severity = closure.severity.word();
        let cells = [
            text(&words::finding(&closure.id)),
            format!("<span class=\"tag {severity}\">{}</span>", words::severity(closure.severity)),
            closure.closed.format("%Y-%m-%d %H:%M").to_string(),
            closure.exposed_days().map_or("–".to_owned(), |days| days.to_string()),
            format!("{due}{late}"),
        ];
        row(out, &cells)?;
    }
    end_table(out)?;
    if period.closures.len() > ROWS {
        writeln!(
            out,
            "<p class=\"small\">and {} more in the CSV and JSON forms</p>",
            period.closures.len() - ROWS
        )?;
    }
    end_section(out)
}
