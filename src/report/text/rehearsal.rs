//! A rehearsal: the verdict first, then what was proven and tried, which files would change, and what to do next.

use super::header;
use super::policy;
use super::sheet::{Sheet, Tone, Word};
use super::words;
use crate::model::plan::PatchPlan;
use crate::report::health::{CheckState, HealthCheck};
use crate::report::rehearsal::{
    FileChanges, RehearsalGround, RehearsalReport, RehearsalVerdict, RehearsedEnding, RehearsedRun,
};
use crate::report::schema::Report;

/// Configuration files named before the rest becomes a number.
const NAMED: usize = 12;

/// Renders the report of a rehearsal.
pub(super) fn render(report: &Report, rehearsal: &RehearsalReport, sheet: &mut Sheet<'_>) {
    title(report, rehearsal, sheet);
    sheet.gap();
    verdict(rehearsal, sheet);
    checks(&rehearsal.run, sheet);
    ground(rehearsal, sheet);
    sheet.gap();
    // What a failed run left is no answer to what the plan would change.
    if rehearsal.run.ending == RehearsedEnding::Patched {
        changes(&rehearsal.changes, sheet);
    }
    policy::notes(report, sheet);
    header::incomplete(report, sheet);
    records(report, rehearsal, sheet);
    sheet.gap();
    header::next(&next_command(report, rehearsal), sheet);
}

fn title(report: &Report, rehearsal: &RehearsalReport, sheet: &mut Sheet<'_>) {
    let mut items = vec![Word::new(format!("rehearsal of plan {}", rehearsal.plan.short()), Tone::Strong)];
    items.extend(report.plan.as_ref().map(|plan| Word::plain(words::packages(plan.actions().count()))));
    items.push(Word::plain(format!("took {:.1} s", rehearsal.seconds)));
    sheet.items("", &items);
}

fn verdict(rehearsal: &RehearsalReport, sheet: &mut Sheet<'_>) {
    let style = sheet.style();
    let (mark, text, tone) = match rehearsal.verdict {
        RehearsalVerdict::Passed => (style.tick(), "passed; this host was not touched", Tone::Good),
        RehearsalVerdict::Failed => {
            (style.cross(), "FAILED in the clone; this host was not touched", Tone::Bad)
        }
    };
    sheet.prose(&format!(" {mark} "), &[Word::new(text, tone)]);
    let run = &rehearsal.run;
    if let (RehearsedEnding::Patched, Some(verified)) = (run.ending, run.verified) {
        let packages = words::count(verified.packages, "package", "packages");
        let files = words::count(verified.files, "file", "files");
        let text = format!("carried out and verified: {packages}, {files}");
        sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
        return;
    }
    if let Some(reason) = &run.reason {
        sheet.prose("   ", &[Word::plain(reason.as_str())]);
    }
    for line in &run.last_words {
        sheet.prose("   | ", &[Word::new(line.as_str(), Tone::Dim)]);
    }
    match (run.ending, run.not_restored.is_empty()) {
        (RehearsedEnding::Returned, true) => {
            let text = "the way back was tried, too: the clone was as before";
            sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
        }
        (RehearsedEnding::Returned, false) => {
            for path in &run.not_restored {
                let text = format!("the way back would not restore {}: {}", path.path, path.reason);
                header::alert(&text, sheet);
            }
        }
        _ => header::alert("the way back failed in the clone, too: an apply would need a person", sheet),
    }
}

fn checks(run: &RehearsedRun, sheet: &mut Sheet<'_>) {
    let passed: Vec<Word> = run
        .checks
        .iter()
        .filter(|check| check.state == CheckState::Pass)
        .map(|check| Word::plain(check.name.as_str()))
        .collect();
    if !passed.is_empty() {
        sheet.list(&format!(" {} as before: ", sheet.style().tick()), &passed);
    }
    for check in run.checks.iter().filter(|check| check.state != CheckState::Pass) {
        let text = described(check);
        match check.state {
            CheckState::Fail => {
                sheet.prose(&format!(" {} ", sheet.style().cross()), &[Word::new(text, Tone::Bad)]);
            }
            _ => sheet.prose(&format!(" {} ", sheet.style().dot()), &[Word::plain(text)]),
        }
    }
}

fn described(check: &HealthCheck) -> String {
    let state = match check.state {
        CheckState::Pass => "as before",
        CheckState::Fail => "fails with the plan",
        CheckState::FailedBefore => "failed before the plan too",
        CheckState::CannotTell => "cannot tell",
        CheckState::NotRun => "not run",
    };
    let detail =
        if check.detail.is_empty() { String::new() } else { format!(": {}", check.detail.join(", ")) };
    format!("{} {state}{detail}", check.name)
}

fn ground(rehearsal: &RehearsalReport, sheet: &mut Sheet<'_>) {
    let dot = format!(" {} ", sheet.style().dot());
    if rehearsal.ground == RehearsalGround::LiveRoot {
        let text = "best effort: the host was in use, and no snapshot could be taken";
        sheet.prose(&dot, &[Word::new(text, Tone::Dim)]);
    }
    if !rehearsal.left_out.is_empty() {
        let places: Vec<Word> = rehearsal.left_out.iter().map(|place| Word::plain(place.as_str())).collect();
        sheet.list(&format!("{dot}not in the clone: "), &places);
    }
}

fn changes(changes: &FileChanges, sheet: &mut Sheet<'_>) {
    let number = |paths: &[String]| words::thousands(paths.len() as u64);
    let items = [
        Word::plain(format!("{} changed", number(&changes.changed))),
        Word::plain(format!("{} added", number(&changes.added))),
        Word::plain(format!("{} removed", number(&changes.removed))),
    ];
    sheet.facts("files", &items);
    let configuration = changes.configuration();
    for (mark, path) in configuration.iter().take(NAMED) {
        sheet.prose(&format!("        {mark} "), &[Word::plain(*path)]);
    }
    if configuration.len() > NAMED {
        let text = format!("and {} more below /etc", configuration.len() - NAMED);
        sheet.prose("          ", &[Word::new(text, Tone::Dim)]);
    }
}

fn records(report: &Report, rehearsal: &RehearsalReport, sheet: &mut Sheet<'_>) {
    if let Some(evidence) = &rehearsal.evidence {
        let signed = if evidence.signed { " (signed)" } else { "" };
        sheet.fact("evidence", &[Word::plain(format!("{}{signed}", evidence.path))]);
    }
    if let Some(path) = report.files.as_ref().and_then(|files| files.report.as_deref()) {
        sheet.fact("report", &[Word::plain(path)]);
    }
}

fn next_command(report: &Report, rehearsal: &RehearsalReport) -> String {
    if rehearsal.verdict == RehearsalVerdict::Passed {
        let file = report.files.as_ref().and_then(|files| files.plan.as_deref());
        return file.map_or_else(|| "patchctl apply".to_owned(), |file| format!("patchctl apply {file}"));
    }
    let packages = report.plan.iter().flat_map(PatchPlan::actions);
    let mentioned = |name: &str| rehearsal.run.complaints().iter().any(|told| told.contains(name));
    let blamed = packages.map(|action| action.package.as_str()).find(|name| mentioned(name));
    match blamed {
        Some(name) => format!("patchctl rehearse --exclude {name}"),
        None => "patchctl report --format json".to_owned(),
    }
}
