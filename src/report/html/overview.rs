//! The first screen: where the host stands, what is overdue, what to do.

use std::io::{self, Write};

use super::super::background::Background;
use super::super::compliance::{Compliance, ComplianceState};
use super::super::group::groups;
use super::super::rehearsal::{RehearsalReport, RehearsalVerdict};
use super::super::schema::Report;
use super::super::words::{self, count};
use super::chart;
use super::part::{code, end_section, section, text};
use crate::model::feed::CompletenessLevel;
use crate::model::outcome::Outcome;
use crate::model::severity::Severity;
use crate::model::summary::Summary;

/// Tone, mark and word of a state; colour only repeats the other two.
type Told = (&'static str, &'static str, &'static str);

/// Groups that are named on the first screen.
const FIRST: usize = 6;

/// Writes the first screen.
pub(super) fn write(report: &Report, background: &Background, out: &mut dyn Write) -> io::Result<()> {
    section(out, "overview", "Overview")?;
    let compliance = report.compliance();
    banner(report, compliance.as_ref(), out)?;
    incomplete(report, out)?;
    if let Some(summary) = &report.summary {
        figures(summary, out)?;
    }
    writeln!(out, "<div class=\"pair\"><div>")?;
    next(report, out)?;
    dues(report, out)?;
    if let Some(compliance) = &compliance {
        exposure(compliance, out)?;
    }
    writeln!(out, "</div><div>")?;
    if let Some(findings) = &report.findings {
        chart::ages(findings, report.finished, out)?;
        chart::burn_down(findings, report.finished, &background.surveys, out)?;
    }
    writeln!(out, "</div></div>")?;
    end_section(out)
}

/// The state of the host in a word and a sentence.
fn banner(report: &Report, compliance: Option<&Compliance>, out: &mut dyn Write) -> io::Result<()> {
    let (tone, mark, word) = match (&report.error, compliance.map(|compliance| compliance.state)) {
        (Some(_), _) => ("bad", "✗", outcome(report.outcome)),
        (None, Some(ComplianceState::NonCompliant)) => ("bad", "✗", "Overdue"),
        (None, Some(ComplianceState::Unknown)) => ("warn", "?", "Not known"),
        (None, Some(ComplianceState::PendingReboot)) => ("warn", "↻", "Reboot due"),
        (None, Some(ComplianceState::Compliant)) => ("good", "✓", "Nothing overdue"),
        (None, None) => ("plain", "·", outcome(report.outcome)),
    };
    // A run is told by what it did, a rehearsal by what it found.
    if let Some(rehearsal) = &report.rehearsal {
        return tried(rehearsal, out);
    }
    let (tone, mark, word) = match (&report.transaction, report.outcome) {
        (Some(_), Outcome::Patched | Outcome::Recovered) => (tone, mark, outcome(report.outcome)),
        (Some(_), _) => (if tone == "bad" { "bad" } else { "warn" }, "!", outcome(report.outcome)),
        (None, _) => (tone, mark, word),
    };
    let mut sentences = Vec::new();
    sentences.extend(report.error.iter().map(|error| text(&error.message)));
    sentences.extend(report.summary.as_ref().map(open_sentence));
    sentences.extend(compliance.iter().flat_map(|compliance| &compliance.reasons).map(|reason| text(reason)));
    state(out, (tone, mark, word), &sentences.join(" · "))
}

fn tried(rehearsal: &RehearsalReport, out: &mut dyn Write) -> io::Result<()> {
    let (tone, mark, word) = match rehearsal.verdict {
        RehearsalVerdict::Passed => ("good", "✓", "Rehearsal passed"),
        RehearsalVerdict::Failed => ("bad", "✗", "Rehearsal failed"),
    };
    let told = match rehearsal.run.complaints() {
        complaints if complaints.is_empty() => "the plan was carried out and proved in a clone".to_owned(),
        complaints => text(&complaints.join(" · ")),
    };
    state(out, (tone, mark, word), &format!("{told} · the host itself was not touched"))
}

fn state(out: &mut dyn Write, (tone, mark, word): Told, sentence: &str) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"state {tone}\" role=\"status\"><p class=\"mark\" aria-hidden=\"true\">{mark}</p><div>"
    )?;
    writeln!(out, "<p class=\"word\">{word}</p>\n<p>{sentence}.</p></div></div>")
}

fn open_sentence(summary: &Summary) -> String {
    let open = summary.open_vulnerabilities;
    match open {
        0 => "no known hole is open".to_owned(),
        _ => format!(
            "{} open, {} can be closed now",
            count(open, "vulnerability", "vulnerabilities"),
            summary.installable
        ),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Clean => "Clean",
        Outcome::Findings => "Findings",
        Outcome::Planned => "Planned",
        Outcome::Rehearsed => "Rehearsed",
        Outcome::Patched => "Patched",
        Outcome::NothingToDo => "Nothing to do",
        Outcome::RebootPending => "Patched, reboot due",
        Outcome::RolledBack => "Rolled back",
        Outcome::Recovered => "Recovered",
        Outcome::Interrupted => "Interrupted",
        Outcome::Refused => "Refused",
        Outcome::Incomplete => "Incomplete",
        Outcome::Stuck => "A person is needed",
        Outcome::Failed => "Failed",
    }
}

fn incomplete(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(completeness) = &report.completeness else { return Ok(()) };
    let loud = match completeness.level {
        CompletenessLevel::Full => return Ok(()),
        CompletenessLevel::UpdatesOnly => {
            "Updates only: pending fixes are known, holes without a fix are not."
        }
        CompletenessLevel::Incomplete => "Incomplete: what is not shown here is not known to be safe.",
    };
    writeln!(out, "<div class=\"alert\"><p><strong>{loud}</strong></p><ul>")?;
    for reason in &completeness.reasons {
        writeln!(out, "<li>{}</li>", text(reason))?;
    }
    writeln!(out, "</ul></div>")
}

fn figures(summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<dl class=\"figures\">")?;
    let figures = [
        ("open", summary.open_vulnerabilities, ""),
        ("overdue", summary.overdue, "bad"),
        ("due in 7 days", summary.due_soon, "warn"),
        ("exploited", summary.known_exploited, "bad"),
        ("closable now", summary.installable, ""),
        ("no fix yet", summary.open_ends.no_fix, ""),
        ("verdict unknown", summary.open_ends.unknown, "warn"),
        ("waived", summary.open_ends.waived, ""),
    ];
    for (name, number, tone) in figures {
        let tone = if number == 0 { "zero" } else { tone };
        writeln!(out, "<div class=\"{tone}\"><dt>{name}</dt><dd>{}</dd></div>", words::thousands(number))?;
    }
    writeln!(out, "</dl>\n<p class=\"severities\">{}</p>", severities(summary))
}

fn severities(summary: &Summary) -> String {
    let told = Severity::ALL.iter().filter_map(|severity| {
        let open = summary.open_by_severity.get(severity)?;
        Some(format!("<span class=\"tag {}\">{} {open}</span>", severity.word(), words::severity(*severity)))
    });
    told.collect::<Vec<_>>().join(" ")
}

/// What leads on, most urgent first; the first line is what to do.
fn next(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<div class=\"card\"><h3>What to do next</h3>\n<ol class=\"next\">")?;
    let steps = steps(report);
    for (sentence, command) in &steps {
        let command = command.as_ref().map_or_else(String::new, |command| format!("<br>{}", code(command)));
        writeln!(out, "<li>{}{command}</li>", text(sentence))?;
    }
    if steps.is_empty() {
        writeln!(out, "<li>Nothing: scan again tomorrow.<br>{}</li>", code("patchctl scan"))?;
    }
    writeln!(out, "</ol></div>")
}

fn steps(report: &Report) -> Vec<(String, Option<String>)> {
    let mut steps = Vec::new();
    let mut add =
        |sentence: String, command: Option<&str>| steps.push((sentence, command.map(str::to_owned)));
    for hint in report.error.iter().flat_map(|error| &error.hints) {
        add(hint.clone(), None);
    }
    let summary = report.summary.as_ref();
    let level = report.completeness.as_ref().map(|completeness| completeness.level);
    if summary.is_some() && level != Some(CompletenessLevel::Full) {
        add(
            "Fetch what is missing: until then more may be open than is shown.".to_owned(),
            Some("patchctl feeds refresh"),
        );
    }
    if let (Outcome::Planned | Outcome::Rehearsed, Some(plan)) = (report.outcome, &report.plan) {
        let packages = words::packages(plan.actions().count());
        let file = report.files.as_ref().and_then(|files| files.plan.as_deref());
        let command =
            file.map_or_else(|| "patchctl apply".to_owned(), |file| format!("patchctl apply {file}"));
        add(format!("Carry out the plan: {packages}."), Some(&command));
    } else if let Some(summary) = summary.filter(|summary| summary.installable_findings > 0) {
        let sentence = match summary.overdue {
            0 => format!("Close what an update closes: {} now.", summary.installable),
            overdue => {
                format!("Close what an update closes, {overdue} of it overdue: {} now.", summary.installable)
            }
        };
        add(sentence, Some("patchctl plan"));
    }
    if let Some(restart) = report.restart.as_ref().filter(|restart| restart.count() > 0) {
        let services = count(restart.count() as u64, "service or process runs", "services and processes run");
        add(format!("Restart what runs old code: {services} it."), Some("patchctl needs-restart"));
    }
    let by_run = report.restart.as_ref().and_then(|restart| restart.reboot.clone());
    if let Some(reason) = by_run.or_else(|| {
        summary
            .filter(|s| s.reboot_required)
            .map(|_| "what is installed takes effect with the next boot".to_owned())
    }) {
        add(format!("Reboot: {reason}."), None);
    }
    steps
}

/// What has to be closed first: groups with a due date, the most urgent on top.
fn dues(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let today = report.finished.date_naive();
    let mut dated: Vec<_> = groups(report.findings.as_deref().unwrap_or_default())
        .into_iter()
        .filter_map(|group| Some((group.due?, group)))
        .collect();
    if dated.is_empty() {
        return Ok(());
    }
    dated.sort_by_key(|(due, _)| *due);
    writeln!(out, "<div class=\"card\"><h3>Due first</h3><table class=\"plain\"><tbody>")?;
    for (due, group) in dated.iter().take(FIRST) {
        let days = (*due - today).num_days();
        let tone = if days < 0 { " class=\"late\"" } else { "" };
        let when = match days {
            ..0 => format!("{} late", count(days.unsigned_abs(), "day", "days")),
            0 => "today".to_owned(),
            _ => format!("in {}", count(days.unsigned_abs(), "day", "days")),
        };
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td><span class=\"tag {}\">{}</span></td><td{tone}>{when}</td></tr>",
            text(group.source.as_str()),
            group.severity.word(),
            words::severity(group.severity)
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    if dated.len() > FIRST {
        writeln!(out, "<p class=\"small\">and {} more below</p>", dated.len() - FIRST)?;
    }
    writeln!(out, "</div>")
}

/// How long what is open has been open.
fn exposure(compliance: &Compliance, out: &mut dyn Write) -> io::Result<()> {
    if compliance.exposure.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<div class=\"card\"><h3>Exposure in days</h3><table class=\"plain\"><thead><tr><th scope=\"col\">severity</th>\
         <th scope=\"col\">open</th><th scope=\"col\">median</th><th scope=\"col\">longest</th></tr></thead><tbody>"
    )?;
    for window in &compliance.exposure {
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            words::severity(window.severity),
            window.open,
            window.median_days,
            window.longest_days
        )?;
    }
    writeln!(
        out,
        "</tbody></table><p class=\"small\">Findings, one for each statement and package; open since the vendor's date, or \
         since this host saw it first.</p></div>"
    )
}
