//! The run: each step with what was there before and what was found after it, restarts, health.

use std::io::{self, Write};

use super::super::health::{CheckState, HealthCheck, HealthReport, HealthVerdict};
use super::super::restart::RestartReport;
use super::super::schema::Report;
use super::super::transaction::{NotRestored, StepOutcome, StepReport, TransactionReport};
use super::part::{code, end_section, end_table, fact, row, section, table, text};
use super::plan::names;
use crate::model::plan::PatchPlan;

/// Writes what a run did, where there was one.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(transaction) = &report.transaction else { return Ok(()) };
    section(out, "run", "Run")?;
    facts(transaction, out)?;
    steps(&transaction.steps, report.plan.as_ref(), out)?;
    remains(transaction, out)?;
    if let Some(health) = &report.health {
        self::health(health, out)?;
    }
    if let Some(restart) = &report.restart {
        restarts(restart, out)?;
    }
    end_section(out)
}

fn facts(transaction: &TransactionReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<dl class=\"facts card\">")?;
    let phase = serde_json::to_value(transaction.phase).unwrap_or_default();
    fact(out, "ended in phase", text(phase.as_str().unwrap_or_default()))?;
    fact(out, "began", transaction.started.format("%Y-%m-%d %H:%M:%S"))?;
    if let Some(finished) = transaction.finished {
        fact(out, "ended", finished.format("%Y-%m-%d %H:%M:%S"))?;
    }
    if let Some(verified) = &transaction.verified {
        fact(
            out,
            "proved",
            format!(
                "{} packages in the planned version, {} files by their digest",
                verified.packages, verified.files
            ),
        )?;
    }
    if let Some(head) = &transaction.journal_head {
        fact(out, "journal sealed by", code(&head.to_string()))?;
    }
    writeln!(out, "</dl>")
}

/// Writes each step with what was there before and what was found after it.
pub(super) fn steps(steps: &[StepReport], plan: Option<&PatchPlan>, out: &mut dyn Write) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    table(
        out,
        "Steps, with what the package database said after each",
        &["package", "step", "before", "after", "found", "seconds"],
    )?;
    for step in steps {
        for observed in &step.observed {
            let action = plan.and_then(|plan| plan.actions().find(|action| action.key() == observed.package));
            let before = action
                .and_then(|action| action.from.as_ref())
                .map_or("–".to_owned(), |from| code(from.as_str()));
            let after = observed
                .version
                .as_ref()
                .map_or("not installed".to_owned(), |version| code(version.as_str()));
            let clean = if observed.clean { "" } else { ", <strong>not clean</strong>" };
            row(
                out,
                &[
                    text(observed.package.name.as_str()),
                    step.ordinal.to_string(),
                    before,
                    after,
                    format!("{}{clean}", found(step)),
                    format!("{:.1}", step.seconds),
                ],
            )?;
        }
    }
    end_table(out)
}

fn found(step: &StepReport) -> &'static str {
    match step.outcome {
        StepOutcome::NotBegun => "never begun",
        StepOutcome::New => "new",
        StepOutcome::Old => "old",
        StepOutcome::Mixed => "<strong>neither old nor new</strong>",
    }
}

/// What a way back could not put back, what it opened again, and what the tools said last.
fn remains(transaction: &TransactionReport, out: &mut dyn Write) -> io::Result<()> {
    not_restored(&transaction.not_restored, out)?;
    if !transaction.reopened.is_empty() {
        writeln!(
            out,
            "<div class=\"alert\"><p><strong>Open again:</strong> {}</p></div>",
            names(&transaction.reopened)
        )?;
    }
    last_words(&transaction.last_words, out)
}

/// Writes the paths that a way back could not put back.
pub(super) fn not_restored(paths: &[NotRestored], out: &mut dyn Write) -> io::Result<()> {
    if paths.is_empty() {
        return Ok(());
    }
    table(out, "Paths that are not as before", &["path", "why"])?;
    for path in paths {
        row(out, &[code(&path.path), text(&path.reason)])?;
    }
    end_table(out)
}

/// Writes what the package tools said before they failed.
pub(super) fn last_words(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = lines.iter().map(|line| text(line)).collect();
    writeln!(out, "<h3>What the package tools said last</h3>\n<pre>{}</pre>", lines.join("\n"))
}

fn health(health: &HealthReport, out: &mut dyn Write) -> io::Result<()> {
    let verdict = match health.verdict {
        HealthVerdict::Healthy => "as well as before",
        HealthVerdict::Unhealthy => "worse than before",
        HealthVerdict::NotRun => "not watched",
    };
    writeln!(out, "<h3>Health: {verdict}</h3>")?;
    checks("Checks, compared with before the run", &health.checks, out)?;
    checks("Checks after the way back", &health.after_rollback, out)?;
    for reason in &health.not_run {
        writeln!(out, "<p class=\"small\">Not run: {}</p>", text(reason))?;
    }
    Ok(())
}

/// Writes checks, each compared with before.
pub(super) fn checks(caption: &str, checks: &[HealthCheck], out: &mut dyn Write) -> io::Result<()> {
    if checks.is_empty() {
        return Ok(());
    }
    table(out, caption, &["check", "says", "required", "detail"])?;
    for check in checks {
        let state = match check.state {
            CheckState::Pass => "pass",
            CheckState::Fail => "<strong>worse</strong>",
            CheckState::FailedBefore => "failed before, too",
            CheckState::CannotTell => "cannot tell",
            CheckState::NotRun => "not run",
        };
        let detail: Vec<String> = check.detail.iter().map(|line| text(line)).collect();
        let required = if check.required { "yes" } else { "no" };
        row(out, &[text(&check.name), state.to_owned(), required.to_owned(), detail.join("<br>")])?;
    }
    end_table(out)
}

fn restarts(restart: &RestartReport, out: &mut dyn Write) -> io::Result<()> {
    let old: Vec<_> = restart.services.iter().chain(&restart.processes).collect();
    if !old.is_empty() {
        table(
            out,
            "Still on replaced code",
            &["service or process", "processes", "packages", "keeps open", "left because"],
        )?;
        for old in old {
            let packages: Vec<String> = old.packages.iter().map(|name| text(name.as_str())).collect();
            row(
                out,
                &[
                    text(&old.name),
                    old.processes.len().to_string(),
                    packages.join(", "),
                    names(&old.keeps_open),
                    old.left_because.as_deref().map_or_else(|| "–".to_owned(), text),
                ],
            )?;
        }
        end_table(out)?;
    }
    if !restart.restarted.is_empty() {
        let names: Vec<String> = restart.restarted.iter().map(|restarted| text(&restarted.name)).collect();
        writeln!(out, "<p>Restarted: {}.</p>", names.join(", "))?;
    }
    Ok(())
}
