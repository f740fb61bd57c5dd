//! A run: how it ended first, then what was proven, what is left to do, and where the records are.

use super::header;
use super::plan::told;
use super::sheet::{Sheet, Tone, Word};
use super::{health, policy, words};
use crate::model::finding::{Finding, StateAfter, Verdict};
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, PatchPlan};
use crate::model::summary::distinct;
use crate::model::transaction::Phase;
use crate::report::documents::DetachedDocument;
use crate::report::restart::{OldCode, RestartReport};
use crate::report::schema::Report;
use crate::report::transaction::{StepOutcome, StepReport, TransactionReport};

/// Renders the report of `apply`, `rollback` or `recover`.
pub(super) fn render(report: &Report, transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    title(report, transaction, sheet);
    ending(report, transaction, sheet);
    failure(report, transaction, sheet);
    proven(report, transaction, sheet);
    if let Some(health) = &report.health {
        health::render(health, report.restart.as_ref(), sheet);
    }
    if let Some(restart) = &report.restart {
        old_code(restart, sheet);
    }
    policy::notes(report, sheet);
    header::incomplete(report, sheet);
    losses(transaction, sheet);
    records(report, transaction, sheet);
    sheet.gap();
    header::next(&next_command(report, transaction.phase), sheet);
}

/// Renders the answer of `apply --detach`.
pub(super) fn detached(document: &DetachedDocument, sheet: &mut Sheet<'_>) {
    let lead = format!(" {} ", sheet.style().tick());
    sheet.prose(&lead, &[Word::new("the run goes on in the background", Tone::Good)]);
    sheet.gap();
    if let Some(unit) = &document.unit {
        sheet.fact("unit", &[Word::plain(unit.as_str())]);
        sheet.fact("log", &[Word::plain(format!("journalctl -u {unit}"))]);
    }
    if let Some(log) = &document.log {
        sheet.fact("log", &[Word::plain(log.as_str())]);
    }
    sheet.gap();
    header::next("patchctl status --wait", sheet);
}

/// Renders the answer of `recover` where no run is open, of a scheduled `apply` where no window is, and of a `rollback` of what
/// is taken back already.
pub(super) fn nothing_to_do(command: &str, sheet: &mut Sheet<'_>) {
    let (text, next) = match command {
        "apply" => ("nothing to do now: no window is open", "patchctl policy preview"),
        "rollback" => ("nothing to do: what was asked for is taken back already", "patchctl history"),
        _ => ("nothing to do: no run is open", "patchctl status"),
    };
    sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
    sheet.gap();
    header::next(next, sheet);
}

/// Renders the answer of `recover` where dpkg finished what another tool had begun.
pub(super) fn mended(sheet: &mut Sheet<'_>) {
    let text = "the package database is clean again: dpkg finished what was begun";
    sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
    sheet.gap();
    header::next("patchctl scan", sheet);
}

fn title(report: &Report, transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    let run = report.run_id.map_or_else(|| report.command.clone(), |run| format!("run {run}"));
    let mut items = vec![Word::new(run, Tone::Strong)];
    if let Some(plan) = &report.plan {
        items.push(Word::plain(format!("plan {}", plan.id.short())));
        items.push(Word::plain(words::packages(plan.actions().count())));
    }
    items.push(Word::plain(format!("way back: {}", transaction.provider)));
    if let Some(finished) = transaction.finished {
        let seconds = (finished - transaction.started).num_seconds();
        items.push(Word::plain(format!("took {}", words::span(seconds))));
    }
    sheet.items("", &items);
}

/// One line: how it ended, and in which state the host is.
fn ending(report: &Report, transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    let style = sheet.style();
    let (mark, text, tone) = match report.outcome {
        Outcome::Patched => (style.tick(), "patched", Tone::Good),
        Outcome::RebootPending => (style.tick(), "patched; a reboot makes it effective", Tone::Good),
        Outcome::NothingToDo => (style.tick(), "nothing to do", Tone::Good),
        Outcome::Recovered => (style.tick(), recovered(transaction.phase), Tone::Good),
        Outcome::RolledBack if !transaction.not_restored.is_empty() => {
            (style.cross(), "rolled back; not everything is as before", Tone::Bad)
        }
        Outcome::RolledBack if report.restart.as_ref().is_some_and(|restart| restart.reboot.is_some()) => {
            (style.tick(), "the root as it was is in place: the next boot starts from it", Tone::Good)
        }
        Outcome::RolledBack if report.error.is_none() => {
            (style.tick(), "rolled back: the host is as before", Tone::Good)
        }
        Outcome::RolledBack => (style.cross(), "failed and rolled back: the host is as before", Tone::Bad),
        Outcome::Interrupted => (style.cross(), "stopped at a clean boundary", Tone::Warn),
        Outcome::Refused => (style.cross(), "refused; nothing was changed", Tone::Bad),
        Outcome::Stuck => ("!", "A PERSON IS NEEDED: neither forward nor back worked", Tone::Alarm),
        Outcome::Incomplete => (style.cross(), "incomplete; nothing was changed", Tone::Bad),
        Outcome::Failed => (style.cross(), failed(transaction.phase), Tone::Bad),
        Outcome::Clean | Outcome::Findings | Outcome::Planned | Outcome::Rehearsed => {
            (style.tick(), "done", Tone::Plain)
        }
    };
    sheet.prose(&format!(" {mark} "), &[Word::new(text, tone)]);
}

fn recovered(phase: Phase) -> &'static str {
    match phase {
        Phase::Commit | Phase::Applied => "the interrupted run was finished: the host is patched",
        Phase::Abandoned => "the interrupted run was given up: it had changed nothing",
        _ => "the interrupted run was taken back: the host is as before",
    }
}

fn failed(phase: Phase) -> &'static str {
    if phase.may_have_changed_the_host() { "failed" } else { "failed; nothing was changed" }
}

fn failure(report: &Report, transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    if let Some(error) = &report.error {
        sheet.prose("   ", &[Word::plain(error.message.as_str())]);
        for hint in &error.hints {
            sheet.prose("   hint: ", &[Word::plain(hint.as_str())]);
        }
    }
    for step in transaction.steps.iter().filter(|step| step.outcome == StepOutcome::Mixed) {
        sheet.list(&format!("   step {} is mixed: ", step.ordinal), &unclean(step));
    }
    for line in &transaction.last_words {
        sheet.prose("   | ", &[Word::new(line.as_str(), Tone::Dim)]);
    }
}

fn unclean(step: &StepReport) -> Vec<Word> {
    let text = |observed: &crate::model::transaction::Observed| {
        let version =
            observed.version.as_ref().map_or_else(|| "not installed".to_owned(), ToString::to_string);
        let state = if observed.clean { "" } else { ", unfinished" };
        format!("{} ({version}{state})", observed.package)
    };
    step.observed.iter().map(|observed| Word::plain(text(observed))).collect()
}

/// What a fresh look at the host proved.
fn proven(report: &Report, transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    let tick = format!(" {} ", sheet.style().tick());
    if let Some(verified) = transaction.verified {
        let packages = words::count(verified.packages, "package", "packages");
        let files = words::count(verified.files, "file", "files");
        sheet.prose(&tick, &[Word::new(format!("verified: {packages}, {files}"), Tone::Good)]);
    }
    let findings = report.findings.as_deref().unwrap_or_default();
    let ended = |state: StateAfter| amount(findings, |finding| finding.state_after == Some(state));
    if let Some(closed) = ended(StateAfter::Closed) {
        sheet.prose(&tick, &[Word::new(format!("{closed} closed"), Tone::Good)]);
    }
    if transaction.phase != Phase::Commit {
        return;
    }
    let is_still_open = |finding: &Finding| finding.state_after == Some(StateAfter::StillOpen);
    let is_broken_promise =
        |finding: &Finding| is_still_open(finding) && was_to_be_closed(finding, report.plan.as_ref());
    for (open, text) in [
        (ended(StateAfter::PendingReboot), "until a reboot"),
        (ended(StateAfter::OldCodeInMemory), "until services restart"),
        (amount(findings, is_broken_promise), "although the plan should have closed them"),
    ] {
        if let Some(open) = open {
            header::alert(&format!("{open} open {text}"), sheet);
        }
    }
    let dot = format!(" {} ", sheet.style().dot());
    if let Some(held) = ended(StateAfter::Held) {
        sheet.prose(&dot, &[Word::plain(format!("{held} held back"))]);
    }
    if let Some(rest) = amount(findings, |finding| is_still_open(finding) && !is_broken_promise(finding)) {
        sheet.prose(&dot, &[Word::plain(format!("{rest} open that no step of the plan was to close"))]);
    }
}

/// Tells whether a step of the plan was to close a finding: the one it names, or the unnamed one of its package.
fn was_to_be_closed(finding: &Finding, plan: Option<&PatchPlan>) -> bool {
    let closes = |action: &Action| {
        action.package == finding.package.name
            && (finding.is_unnamed()
                || finding.identifiers().any(|id| action.closes.iter().any(|closed| closed == id)))
    };
    finding.verdict == Verdict::Vulnerable && plan.is_some_and(|plan| plan.actions().any(closes))
}

/// How many vulnerabilities some findings have: those with a name, and updates that close something unnamed.
fn amount(findings: &[Finding], passes: impl Fn(&Finding) -> bool) -> Option<String> {
    let named = distinct(findings, |finding| passes(finding) && !finding.is_unnamed());
    let unnamed = distinct(findings, |finding| passes(finding) && finding.is_unnamed());
    let updates = words::count(unnamed as u64, "security update", "security updates");
    match (named, unnamed) {
        (0, 0) => None,
        (_, 0) => Some(words::cves(named)),
        (0, _) => Some(updates),
        (_, _) => Some(format!("{} and {updates}", words::cves(named))),
    }
}

fn old_code(restart: &RestartReport, sheet: &mut Sheet<'_>) {
    if let Some(reason) = &restart.reboot {
        header::alert(&format!("reboot due: {reason}"), sheet);
    }
    for (what, items) in [("services", &restart.services), ("processes", &restart.processes)] {
        if !items.is_empty() {
            let names: Vec<Word> = items.iter().map(|item| Word::plain(described(item))).collect();
            sheet.list(&format!(" ! {what} on old code: "), &names);
        }
    }
}

fn described(item: &OldCode) -> String {
    let open = (!item.keeps_open.is_empty()).then(|| words::cves(item.keeps_open.len()));
    let remarks: Vec<String> = open.into_iter().chain(item.left_because.clone()).collect();
    if remarks.is_empty() { item.name.clone() } else { format!("{} ({})", item.name, remarks.join("; ")) }
}

/// What a way back did not bring back, and what it opened again.
fn losses(transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    for path in &transaction.not_restored {
        header::alert(&format!("not as before: {}: {}", path.path, path.reason), sheet);
    }
    if !transaction.reopened.is_empty() {
        let number = words::cves(transaction.reopened.len());
        sheet.list(&format!(" ! {number} open again: "), &told(&transaction.reopened));
    }
}

fn records(report: &Report, transaction: &TransactionReport, sheet: &mut Sheet<'_>) {
    sheet.gap();
    let file = report.files.as_ref().and_then(|files| files.report.as_deref());
    for (label, path) in [("report", file), ("log", transaction.log.as_deref())] {
        if let Some(path) = path {
            sheet.fact(label, &[Word::plain(path)]);
        }
    }
}

fn next_command(report: &Report, phase: Phase) -> String {
    let run = report.run_id.map(|run| format!(" {run}")).unwrap_or_default();
    let restart = report.restart.as_ref();
    let services = restart.map(|restart| restart.services.as_slice()).unwrap_or_default();
    match report.outcome {
        _ if !phase.is_final() => "patchctl recover".to_owned(),
        Outcome::RolledBack if restart.is_some_and(|restart| restart.reboot.is_some()) => {
            "systemctl reboot".to_owned()
        }
        Outcome::RolledBack | Outcome::Failed | Outcome::Refused | Outcome::Interrupted => {
            format!("patchctl history show{run}")
        }
        _ if restart.is_some_and(|restart| restart.reboot.is_some()) => "systemctl reboot".to_owned(),
        _ if services.iter().any(|service| service.left_because.is_none()) => {
            let to_restart = services.iter().filter(|service| service.left_because.is_none());
            let names: Vec<&str> = to_restart.map(|service| service.name.as_str()).collect();
            format!("systemctl restart {}", names.join(" "))
        }
        _ => "patchctl status".to_owned(),
    }
}
