//! The rehearsal: what became of the plan in a clone of the host, and which files it would change.

use std::io::{self, Write};

use super::super::rehearsal::{
    FileChanges, RehearsalGround, RehearsalReport, RehearsalVerdict, RehearsedEnding,
};
use super::super::schema::Report;
use super::super::words;
use super::part::{code, end_section, end_table, fact, row, section, table, text};
use super::run;

/// Writes what a rehearsal found, where there was one.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Some(rehearsal) = &report.rehearsal else { return Ok(()) };
    section(out, "rehearsal", "Rehearsal")?;
    facts(rehearsal, out)?;
    complaints(rehearsal, out)?;
    run::steps(&rehearsal.run.steps, report.plan.as_ref(), out)?;
    run::not_restored(&rehearsal.run.not_restored, out)?;
    run::last_words(&rehearsal.run.last_words, out)?;
    run::checks("Tests in the clone, compared with before the plan", &rehearsal.run.checks, out)?;
    if rehearsal.run.ending == RehearsedEnding::Patched {
        configuration(&rehearsal.changes, out)?;
    }
    end_section(out)
}

fn facts(rehearsal: &RehearsalReport, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<dl class=\"facts card\">")?;
    let verdict = match rehearsal.verdict {
        RehearsalVerdict::Passed => "passed",
        RehearsalVerdict::Failed => "<strong>failed</strong>",
    };
    fact(out, "verdict", format!("{verdict}; the host itself was not touched"))?;
    fact(out, "plan", code(&rehearsal.plan.to_string()))?;
    fact(out, "in the clone", ending(rehearsal))?;
    let ground = match rehearsal.ground {
        RehearsalGround::Snapshot => "a read-only snapshot",
        RehearsalGround::LiveRoot => "the running root, which was in use: best effort",
    };
    fact(out, "the clone stood on", ground)?;
    if !rehearsal.left_out.is_empty() {
        let places: Vec<String> = rehearsal.left_out.iter().map(|place| text(place)).collect();
        fact(out, "not in the clone", places.join(", "))?;
    }
    fact(out, "took", format!("{:.1} s", rehearsal.seconds))?;
    if rehearsal.run.ending == RehearsedEnding::Patched {
        fact(out, "files", counted(&rehearsal.changes))?;
    }
    if let Some(evidence) = &rehearsal.evidence {
        let signed = if evidence.signed { "signed" } else { "not signed" };
        fact(out, "evidence", format!("{}, {signed}", code(&evidence.path)))?;
        fact(out, "sealed by", code(&evidence.sha256.to_string()))?;
    }
    writeln!(out, "</dl>")
}

fn ending(rehearsal: &RehearsalReport) -> String {
    match (rehearsal.run.ending, rehearsal.run.verified) {
        (RehearsedEnding::Patched, Some(verified)) => format!(
            "carried out and proved: {} and {} by their digest",
            words::count(verified.packages, "package", "packages"),
            words::count(verified.files, "file", "files")
        ),
        (RehearsedEnding::Patched, None) => "carried out".to_owned(),
        (RehearsedEnding::Returned, _) => "failed, and the way back worked".to_owned(),
        (RehearsedEnding::Stuck, _) => "<strong>failed, and the way back too</strong>".to_owned(),
    }
}

fn counted(changes: &FileChanges) -> String {
    let number = |paths: &[String]| words::thousands(paths.len() as u64);
    let (changed, added) = (number(&changes.changed), number(&changes.added));
    format!("{changed} changed, {added} added, {} removed", number(&changes.removed))
}

fn complaints(rehearsal: &RehearsalReport, out: &mut dyn Write) -> io::Result<()> {
    let complaints = rehearsal.run.complaints();
    if complaints.is_empty() {
        return Ok(());
    }
    writeln!(out, "<div class=\"alert\"><p><strong>What speaks against the plan</strong></p><ul>")?;
    for complaint in &complaints {
        writeln!(out, "<li>{}</li>", text(complaint))?;
    }
    writeln!(out, "</ul></div>")
}

fn configuration(changes: &FileChanges, out: &mut dyn Write) -> io::Result<()> {
    let found = changes.configuration();
    if found.is_empty() {
        return Ok(());
    }
    table(out, "Files below /etc that would change", &["file", "what happens"])?;
    for (mark, path) in found {
        let word = match mark {
            '+' => "added",
            '-' => "removed",
            _ => "changed",
        };
        row(out, &[code(path), word.to_owned()])?;
    }
    end_table(out)
}
