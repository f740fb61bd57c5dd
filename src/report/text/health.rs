//! Restarts and the trial of a run: one line where all is well, each complaint where it is not.

use super::header;
use super::sheet::{Sheet, Tone, Word};
use super::words;
use crate::report::health::{CheckState, HealthCheck, HealthReport, HealthVerdict};
use crate::report::restart::{RestartReport, Restarted, RestartedBecause};

/// Renders what was restarted and whether the host is as well as before.
pub(super) fn render(health: &HealthReport, restart: Option<&RestartReport>, sheet: &mut Sheet<'_>) {
    restarts(restart.map(|restart| restart.restarted.as_slice()).unwrap_or_default(), sheet);
    trial(health, sheet);
    restarts(&health.restarted_after_rollback, sheet);
    let worse: Vec<&HealthCheck> = failed(&health.after_rollback).collect();
    if worse.is_empty() && !health.after_rollback.is_empty() {
        let text = format!("after the way back: {} as before", number(&health.after_rollback));
        sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
    }
    for check in worse {
        header::alert(&format!("after the way back, {}", described(check)), sheet);
    }
    for reason in &health.not_run {
        sheet.prose(&format!(" {} ", sheet.style().dot()), &[Word::new(reason.as_str(), Tone::Dim)]);
    }
}

fn trial(health: &HealthReport, sheet: &mut Sheet<'_>) {
    match health.verdict {
        HealthVerdict::NotRun => {}
        HealthVerdict::Healthy => {
            let looks = words::count(u64::from(health.looks), "look", "looks");
            let text = format!("healthy: {} as before, {looks}", number(&health.checks));
            sheet.prose(&format!(" {} ", sheet.style().tick()), &[Word::new(text, Tone::Good)]);
        }
        HealthVerdict::Unhealthy => {
            for check in failed(&health.checks) {
                header::alert(&described(check), sheet);
            }
        }
    }
    let odd = |check: &&HealthCheck| {
        !matches!(check.state, CheckState::Pass | CheckState::Fail) && !check.detail.is_empty()
            || check.state == CheckState::Fail && !check.required
    };
    for check in health.checks.iter().filter(odd) {
        sheet.prose(&format!(" {} ", sheet.style().dot()), &[Word::plain(described(check))]);
    }
}

fn failed(checks: &[HealthCheck]) -> impl Iterator<Item = &HealthCheck> {
    checks.iter().filter(|check| check.required && check.state == CheckState::Fail)
}

fn number(checks: &[HealthCheck]) -> String {
    let passed = checks.iter().filter(|check| check.state == CheckState::Pass).count();
    words::count(passed as u64, "check", "checks")
}

fn described(check: &HealthCheck) -> String {
    let state = match check.state {
        CheckState::Pass => "as before",
        CheckState::Fail if check.required => "worse than before",
        CheckState::Fail => "failed, which is only told",
        CheckState::FailedBefore => "failed before the run too",
        CheckState::CannotTell => "cannot tell",
        CheckState::NotRun => "not run",
    };
    let detail =
        if check.detail.is_empty() { String::new() } else { format!(": {}", check.detail.join(", ")) };
    format!("{} {state}{detail}", check.name)
}

fn restarts(restarted: &[Restarted], sheet: &mut Sheet<'_>) {
    let runs = |because| restarted.iter().filter(move |unit| unit.because == because && unit.is_well());
    for (because, text) in [
        (RestartedBecause::OldCode, "restarted: "),
        (RestartedBecause::StoppedByTheRun, "started again, because the update stopped them: "),
    ] {
        let names: Vec<Word> = runs(because).map(|unit| Word::plain(unit.name.as_str())).collect();
        if !names.is_empty() {
            sheet.list(&format!(" {} {text}", sheet.style().tick()), &names);
        }
    }
    for unit in restarted.iter().filter(|unit| !unit.is_well()) {
        let problem = unit.problem.as_deref().unwrap_or("it does not run");
        header::alert(&format!("{} after its restart: {problem}", unit.name), sheet);
    }
}
