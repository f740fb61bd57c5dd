//! A run that came to its end and was cut off before its report: the report is completed from the journal.

use super::super::context::Context;
use super::super::{plan as plans, quarantine, records, runs};
use crate::apply::journal::{self, Replay, RunKind};
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::plan::PatchPlan;
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::report::schema::Report;
use crate::report::transaction::TransactionReport;

/// Completes the report of the newest run where that is missing, and returns it.
///
/// # Errors
/// The report cannot be stored.
pub(super) fn complete(context: &Context<'_>) -> Result<Option<Report>, Failure> {
    let Some(id) = runs::list(&context.layout)?.pop() else { return Ok(None) };
    let Ok(replay) = journal::replay(&context.layout.run(id).journal()) else { return Ok(None) };
    if !replay.phase.is_final() || is_told(context, id, &replay) {
        return Ok(None);
    }
    let plan = plans::load(&context.layout.run(id).plan()).ok();
    if let (RunKind::Rollback { .. }, Phase::Returned, Some(plan)) = (replay.kind, replay.phase, &plan) {
        let actions: Vec<_> = plan.actions().cloned().collect();
        quarantine::add_upgrades(context, id, &actions)?;
    }
    let report = told(context, (id, &replay), plan);
    runs::told(records::store_run(context, &report))?;
    Ok(Some(report))
}

/// A report that tells the end of a run names the last record of its journal.
fn is_told(context: &Context<'_>, id: RunId, replay: &Replay) -> bool {
    let report = records::load(&context.layout.run(id).report()).ok();
    report.and_then(|report| report.transaction).and_then(|told| told.journal_head) == Some(replay.told_head)
}

fn told(context: &Context<'_>, (id, replay): (RunId, &Replay), plan: Option<PatchPlan>) -> Report {
    let is_apply = replay.kind == RunKind::Apply;
    let mut report = context.report(if is_apply { "apply" } else { "rollback" });
    records::name_run(context, &mut report, id);
    report.started = replay.started().unwrap_or(report.started);
    report.plan = plan.filter(|_| is_apply);
    report.transaction = Some(TransactionReport {
        finished: replay.finished(),
        log: Some(context.layout.run(id).log().display().to_string()),
        ..TransactionReport::unproven(replay.phase, replay.told_head, report.started)
    });
    if is_apply && replay.phase == Phase::Returned {
        let reason = replay.last_reason().unwrap_or_else(|| "the run was stopped".to_owned());
        let failure = Failure::new(
            FailureKind::RolledBack,
            format!("{reason}; everything was taken back and the report of run {id} was cut off"),
        );
        records::fail(context, &mut report, &failure);
    } else {
        records::conclude(context, &mut report, Outcome::Recovered, ExitCode::Done);
    }
    report
}
