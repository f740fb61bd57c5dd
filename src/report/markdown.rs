//! Markdown for the summary page of a pipeline: the state, the counts, the worst groups, and what is missing.
//!
//! Foreign text stands in code spans: there it makes no link, no picture, no table cell and no mention of a person
//! (CommonMark 0.31, section 6.1; a code span is found before any other inline).

use std::io::{self, Write};

use super::group::{Group, Remedy, groups};
use super::health::CheckState;
use super::lifetimes::ClosedWindow;
use super::period::Period;
use super::rehearsal::{RehearsalReport, RehearsalVerdict};
use super::schema::Report;
use super::text::sanitize::{Repertoire, clean};
use super::words::{self, count};
use super::xml::shortened;
use crate::model::feed::CompletenessLevel;
use crate::model::plan::PatchPlan;
use crate::model::severity::Severity;
use crate::model::summary::Summary;

/// Rows of a table: a summary page is read on one screen.
const ROWS: usize = 25;

/// Writes the report as Markdown.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let host = report.host.as_ref().map_or("unknown host", |host| &host.name);
    let outcome = serde_json::to_value(report.outcome).unwrap_or_default();
    let outcome = outcome.as_str().unwrap_or_default().replace('-', " ");
    writeln!(out, "## {}: {outcome}\n", code(host))?;
    about(report, out)?;
    missing(report, out)?;
    if let Some(summary) = &report.summary {
        counts(summary, out)?;
    }
    if let Some(rehearsal) = &report.rehearsal {
        rehearsed(rehearsal, out)?;
    }
    if let Some(plan) = &report.plan {
        planned(plan, out)?;
    }
    worst(report, out)
}

/// Writes a period as Markdown.
///
/// # Errors
/// `out` cannot be written.
pub(super) fn period(period: &Period, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## {}: {}\n", code(&period.host), period.span())?;
    let (looks, runs) = (period.looks.len() as u64, period.runs.len() as u64);
    let told = [
        count(looks, "look", "looks"),
        count(runs, "run", "runs"),
        count(period.taken_back, "taken back", "taken back"),
    ];
    writeln!(out, "{}\n", told.join(" · "))?;
    if let (Some(first), Some(last)) = (period.looks.first(), period.looks.last()) {
        writeln!(out, "| | at first | at last |\n|---|--:|--:|")?;
        let rows = [
            ("open", first.open, last.open),
            ("overdue", first.overdue, last.overdue),
            ("exploited", first.known_exploited, last.known_exploited),
        ];
        for (name, before, after) in rows {
            writeln!(out, "| {name} | {before} | {after} |")?;
        }
        writeln!(out)?;
    }
    if period.exposure.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "| closed findings | number | median days from published | longest | median days from first seen here | late |"
    )?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|")?;
    for window in &period.exposure {
        let ClosedWindow { severity, closed, median_days, longest_days, median_latency_days, late } = window;
        let name = words::severity(*severity);
        writeln!(
            out,
            "| {name} | {closed} | {median_days} | {longest_days} | {median_latency_days} | {late} |"
        )?;
    }
    Ok(())
}

fn about(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let time = report.finished.format("%Y-%m-%d %H:%M UTC");
    let system = report
        .host
        .as_ref()
        .map_or_else(String::new, |host| format!("{} · ", code(&host.distribution.title())));
    writeln!(out, "{system}{} · {time} · patchctl {}\n", code(&report.command), code(&report.tool_version))
}

fn missing(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    if let Some(error) = &report.error {
        writeln!(out, "> **Failed:** {}\n", code(&error.message))?;
    }
    let Some(completeness) = &report.completeness else { return Ok(()) };
    let loud = match completeness.level {
        CompletenessLevel::Full => return Ok(()),
        CompletenessLevel::UpdatesOnly => {
            "Updates only: pending fixes are known, holes without a fix are not"
        }
        CompletenessLevel::Incomplete => "Incomplete: what is not shown here is not known to be safe",
    };
    writeln!(out, "> **{loud}.**")?;
    for reason in &completeness.reasons {
        writeln!(out, ">\n> {}", code(reason))?;
    }
    writeln!(out)
}

fn counts(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "| open | overdue | due in 7 days | exploited | closable now | no fix | unknown |")?;
    writeln!(out, "|--:|--:|--:|--:|--:|--:|--:|")?;
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} |\n",
        summary.open_vulnerabilities,
        summary.overdue,
        summary.due_soon,
        summary.known_exploited,
        summary.installable,
        summary.open_ends.no_fix,
        summary.open_ends.unknown,
    )?;
    let parts: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| Some((severity, summary.open_by_severity.get(severity)?)))
        .map(|(severity, count)| format!("{} {count}", words::severity(*severity)))
        .collect();
    if !parts.is_empty() {
        writeln!(out, "{}\n", parts.join(" · "))?;
    }
    if summary.reboot_required {
        writeln!(out, "A reboot is due.\n")?;
    }
    Ok(())
}

fn rehearsed(rehearsal: &RehearsalReport, out: &mut dyn Write) -> io::Result<()> {
    let verdict = match rehearsal.verdict {
        RehearsalVerdict::Passed => "Rehearsal passed",
        RehearsalVerdict::Failed => "Rehearsal failed",
    };
    let checks = rehearsal.run.checks.iter().filter(|check| check.state == CheckState::Pass).count() as u64;
    let changes = &rehearsal.changes;
    let files = changes.added.len() + changes.changed.len() + changes.removed.len();
    let told = [
        format!("**{verdict}**, the host was not touched"),
        format!("{} as before", count(checks, "test", "tests")),
        format!("{} would change", count(files as u64, "file", "files")),
        format!("{} below `/etc`", changes.configuration().len()),
    ];
    writeln!(out, "{}\n", told.join(" · "))?;
    for complaint in rehearsal.run.complaints() {
        writeln!(out, "- {}", code(&complaint))?;
    }
    if rehearsal.verdict == RehearsalVerdict::Failed {
        writeln!(out)?;
    }
    if let Some(evidence) = &rehearsal.evidence {
        let signed = if evidence.signed { "signed" } else { "not signed" };
        writeln!(
            out,
            "Evidence {}, {signed}, sealed by {}\n",
            code(&evidence.path),
            code(&evidence.sha256.short())
        )?;
    }
    Ok(())
}

fn planned(plan: &PatchPlan, out: &mut dyn Write) -> io::Result<()> {
    let changes = plan.actions().count();
    writeln!(
        out,
        "Plan {}: {} · closes {} · {} to download · {} held\n",
        code(&plan.id.short()),
        words::packages(changes),
        words::cves(plan.closes().len()),
        words::size(plan.download_bytes),
        plan.held.len(),
    )?;
    if changes == 0 {
        return Ok(());
    }
    writeln!(out, "| package | from | to | closes |\n|---|---|---|---|")?;
    let none = "–";
    for action in plan.actions().take(ROWS) {
        let version = |version: &Option<_>| {
            version.as_ref().map_or(none.to_owned(), |v: &crate::model::version::Version| code(v.as_str()))
        };
        let (from, to) = (version(&action.from), version(&action.to));
        writeln!(out, "| {} | {from} | {to} | {} |", code(action.package.as_str()), names(&action.closes))?;
    }
    rest(out, changes)
}

fn worst(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let groups = groups(report.findings.as_deref().unwrap_or_default());
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "| source | severity | open | installed | fix | due |\n|---|---|---|---|---|---|")?;
    for group in groups.iter().take(ROWS) {
        writeln!(
            out,
            "| {} | {}{} | {} | {} | {} | {} |",
            code(group.source.as_str()),
            words::severity(group.severity),
            if group.exploited.is_empty() { "" } else { ", **exploited**" },
            names(&group.vulnerabilities.iter().copied().collect::<Vec<_>>()),
            code(group.worst.package.version.as_str()),
            remedy(group),
            group.due.map_or_else(|| "–".to_owned(), |due| due.to_string()),
        )?;
    }
    rest(out, groups.len())
}

fn remedy(group: &Group<'_>) -> String {
    match group.remedy {
        Remedy::Installable => group.target().map_or_else(String::new, code),
        Remedy::NotOffered => "known, not offered".to_owned(),
        Remedy::None => "none yet".to_owned(),
        Remedy::Unknown => "unknown".to_owned(),
    }
}

fn rest(out: &mut dyn Write, all: usize) -> io::Result<()> {
    match all.saturating_sub(ROWS) {
        0 => writeln!(out),
        more => writeln!(out, "\n… and {}\n", count(more as u64, "more", "more")),
    }
}

/// The first names, and how many more there are.
fn names(names: &[impl AsRef<str>]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|name| code(name.as_ref())).collect();
    match names.len().saturating_sub(3) {
        0 if names.is_empty() => "–".to_owned(),
        0 => shown.join(" "),
        more => format!("{} +{more}", shown.join(" ")),
    }
}

/// Puts a text into a code span. A backtick would end it and becomes an apostrophe; a bar would end a table cell and is
/// escaped as GitHub's tables want (GFM 0.29, 4.10).
fn code(text: &str) -> String {
    let text = clean(&shortened(text), Repertoire::Unicode).replace('`', "'").replace('|', "\\|");
    format!("`{}`", if text.is_empty() { " " } else { &text })
}
