//! Past runs: one line each, and what a check of their journals found.

use std::collections::BTreeMap;

use super::header;
use super::sheet::{Sheet, Tone, Word, left, right};
use super::words;
use crate::model::outcome::Outcome;
use crate::model::transaction::Phase;
use crate::report::documents::{HistoryDocument, JournalCheck, RunEntry, SignatureCheck};

/// Renders the list of runs, or the check of their journals.
pub(super) fn render(document: &HistoryDocument, sheet: &mut Sheet<'_>) {
    if let Some(checks) = &document.verification {
        verification(checks, sheet);
        signatures(&document.signatures, sheet);
        sheet.gap();
        header::next("patchctl history", sheet);
        return;
    }
    if document.runs.is_empty() {
        sheet.prose("", &[Word::plain("no run has changed this host yet")]);
        sheet.gap();
        header::next("patchctl plan", sheet);
        return;
    }
    for run in &document.runs {
        entry(run, sheet);
    }
    sheet.gap();
    let is_open = document.runs.iter().any(|run| !run.phase.is_final());
    let newest = document.runs.first().map(|run| run.run.to_string()).unwrap_or_default();
    let command =
        if is_open { "patchctl recover".to_owned() } else { format!("patchctl history show {newest}") };
    header::next(&command, sheet);
}

/// One run in one line: number, time, verb, packages, what it closed, ending.
pub(super) fn entry(run: &RunEntry, sheet: &mut Sheet<'_>) {
    let (ending, tone) = ending(run);
    let when = (sheet.style().local)(run.started);
    let packages = words::packages(usize::try_from(run.packages).unwrap_or(usize::MAX));
    let counts = format!("{}  {}  ", right(&packages, 12), right(&words::closed(run), 11));
    sheet.line(&[
        Word::new(format!(" {}  ", run.run), Tone::Strong),
        Word::plain(format!("{when}  {}  {counts}", left(&run.command, 8))),
        Word::new(ending, tone),
    ]);
    if let Some(problem) = &run.problem {
        sheet.prose("       ! ", &[Word::new(problem.as_str(), Tone::Warn)]);
    }
}

fn ending(run: &RunEntry) -> (&'static str, Tone) {
    match (run.phase, run.outcome) {
        (Phase::Operator, _) => ("NEEDS A PERSON", Tone::Alarm),
        (phase, _) if !phase.is_final() => ("OPEN", Tone::Bad),
        (Phase::Returned, _) => ("rolled back", Tone::Warn),
        (Phase::Abandoned, _) => ("given up unchanged", Tone::Dim),
        (_, Some(Outcome::RebootPending)) => ("reboot due", Tone::Warn),
        (_, Some(Outcome::Recovered)) => ("recovered", Tone::Good),
        _ => ("patched", Tone::Good),
    }
}

fn verification(checks: &[JournalCheck], sheet: &mut Sheet<'_>) {
    let (tick, cross) = (sheet.style().tick(), sheet.style().cross());
    for check in checks {
        let entries = words::count(check.entries, "entry", "entries");
        let (mark, text, tone) = match (&check.problem, &check.signed_by) {
            (None, None) => (tick, format!("run {}: {entries}, unbroken", check.run), Tone::Good),
            (None, Some(signer)) => {
                let text = format!("run {}: {entries}, unbroken; signed by {signer}", check.run);
                (tick, text, Tone::Good)
            }
            (Some(problem), _) => {
                (cross, format!("run {}: {problem} (proven: {entries})", check.run), Tone::Bad)
            }
        };
        sheet.prose(&format!(" {mark} "), &[Word::new(text, tone)]);
    }
    if checks.is_empty() {
        sheet.prose("", &[Word::plain("there is no journal to check")]);
    }
}

/// Reports of no run: those that prove nothing by name, the rest counted by who signed them.
fn signatures(checks: &[SignatureCheck], sheet: &mut Sheet<'_>) {
    let (tick, cross) = (sheet.style().tick(), sheet.style().cross());
    let mut signed: BTreeMap<&str, u64> = BTreeMap::new();
    for check in checks {
        if let Some(signer) = &check.signed_by {
            *signed.entry(signer).or_default() += 1;
        }
        if let Some(problem) = &check.problem {
            let text = format!("{}: {problem}", check.report);
            sheet.prose(&format!(" {cross} "), &[Word::new(text, Tone::Bad)]);
        }
    }
    for (signer, number) in signed {
        let text = format!("{} of no run, signed by {signer}", words::count(number, "report", "reports"));
        sheet.prose(&format!(" {tick} "), &[Word::new(text, Tone::Good)]);
    }
}
