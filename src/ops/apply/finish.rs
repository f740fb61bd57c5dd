//! After a run: a fresh scan, the fate of each finding, the report.

use super::super::closing::{self, Before};
use super::super::context::Context;
use super::super::request::ApplyRequest;
use super::super::{evidence, quarantine, records, retention, runs};
use super::Run;
use super::gates::kind_of;
use crate::apply::engine::Ending;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::PackageKey;
use crate::model::plan::Action;
use crate::observe::Event;
use crate::plan::policy::Quarantined;
use crate::report::schema::Report;
use crate::report::transaction::{StepOutcome, TransactionReport};

/// After the run: a fresh scan, the fate of each finding, the report.
pub(super) fn finish(
    context: &Context<'_>,
    request: &ApplyRequest,
    report: &mut Report,
    run: Run,
) -> Result<Report, Failure> {
    report.plan = Some(run.finished_plan.clone());
    report.transaction = Some(transaction(context, report, &run));
    report.health = Some(run.changed.proven.health.clone());
    let (code, findings) = (run.changed.watch.code().clone(), run.planned_findings.clone());
    let before = Before { code, findings, not_refreshed: run.not_refreshed.clone() };
    closing::assess_again(context, report, &before);
    closing::tell_restarts(report, &run.changed.proven);
    let code = match &run.changed.performed.ending {
        Ending::Patched(_) => {
            let (outcome, code) = closing::success(report, request.detailed_exit_code);
            records::conclude(context, report, outcome, code);
            evidence::keep_of_run(context, &run.finished_plan, Vec::new());
            code
        }
        Ending::Returned { reason, stopped, not_restored, .. } => {
            let is_to_blame = stopped.is_none() && !run.changed.performed.out_of_time;
            if is_to_blame {
                quarantine_failed(context, &run);
                evidence::keep_of_run(context, &run.finished_plan, vec![reason.clone()]);
            }
            let kind = stopped.map_or(FailureKind::RolledBack, kind_of);
            let state =
                if not_restored.is_empty() { "the host is as before" } else { "not everything is as before" };
            let failure = Failure::new(kind, format!("{reason}; everything was taken back and {state}"))
                .hint(format!("what the package manager said: {}", run.folder.log().display()));
            records::fail(context, report, &failure);
            kind.into()
        }
        Ending::Stuck { reason, commands } => {
            let mut failure =
                Failure::new(FailureKind::Operator, format!("neither forward nor back worked: {reason}"));
            for command in commands {
                failure = failure.hint(command.clone());
            }
            records::fail(context, report, &failure);
            ExitCode::Operator
        }
    };
    report.exit_code = code.number();
    runs::told(records::store_run(context, report))?;
    records::publish_summary(context, report);
    runs::clear_downloads(&context.layout);
    retention::prune(context);
    Ok(report.clone())
}

/// A version that failed here is not tried again until a newer one appears; one that was only interrupted is.
fn quarantine_failed(context: &Context<'_>, run: &Run) {
    let failed = failed_packages(run);
    let versions = run.finished_plan.actions().filter(|action| failed.contains(&action.key()));
    let versions = versions.filter_map(|action| {
        Some(Quarantined {
            package: action.key(),
            version: action.to.clone()?,
            run: run.id,
            since: context.now(),
        })
    });
    if let Err(error) = quarantine::add(&context.layout, versions.collect()) {
        context.observer.event(&Event::Note(format!("the quarantine cannot be written: {error}")));
    }
}

/// The packages that are to blame, else those of the step that failed, else all: without any, the next run would fail
/// in the same way.
fn failed_packages(run: &Run) -> Vec<PackageKey> {
    if !run.changed.performed.culprits.is_empty() {
        return run.changed.performed.culprits.clone();
    }
    let failed = run.changed.performed.steps.iter().find(|step| step.outcome != StepOutcome::New);
    let of_failed_step = |ordinal: u32| failed.is_none_or(|step| step.ordinal == ordinal);
    let steps = run.finished_plan.steps.iter().filter(|step| of_failed_step(step.ordinal));
    steps.flat_map(|step| step.actions.iter().map(Action::key)).collect()
}

fn transaction(context: &Context<'_>, report: &Report, run: &Run) -> TransactionReport {
    let (verified, not_restored, reopened) = match &run.changed.performed.ending {
        Ending::Patched(verified) => (Some(*verified), Vec::new(), Vec::new()),
        Ending::Returned { verified, not_restored, .. } => {
            (Some(*verified), not_restored.clone(), Vec::new())
        }
        Ending::Stuck { .. } => (None, Vec::new(), Vec::new()),
    };
    TransactionReport {
        phase: run.phase,
        started: report.started,
        finished: Some(context.now()),
        steps: run.changed.performed.steps.clone(),
        provider: run.finished_plan.snapshot.provider.clone(),
        journal_head: Some(run.head),
        verified,
        not_restored,
        reopened,
        log: Some(run.folder.log().display().to_string()),
        last_words: run.changed.performed.last_words.clone(),
    }
}
