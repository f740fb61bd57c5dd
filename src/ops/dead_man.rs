//! What the dead man's timer asks each time it fires: is this run still in somebody's hands, and within its time?

use super::context::Context;
use super::{plan, runs};
use crate::apply::dead_man::{self, Allowance};
use crate::apply::health::baseline::Baseline;
use crate::apply::health::{checks, trial};
use crate::apply::restart::pass;
use crate::config::layout::RunFolder;
use crate::model::failure::Failure;
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;

/// Tells whether a run has to be decided now: nobody holds it any more, or its holder is past its time and was ended.
/// The timer of a run that is over is taken away.
///
/// # Errors
/// The lock cannot be tried, or a journal cannot be believed.
pub fn is_abandoned(context: &Context<'_>, run: RunId) -> Result<bool, Failure> {
    let Some(open) = runs::open_run(&context.layout)?.filter(|open| open.id == run) else {
        dead_man::disarm(run);
        return Ok(false);
    };
    if open.replay.phase == Phase::Operator {
        dead_man::disarm(run);
        return Ok(false);
    }
    let folder = context.layout.run(run);
    match runs::holder(context)? {
        // A package manager that outlived patchctl is left to finish what it does; the timer fires again.
        None => Ok(!runs::is_package_manager_at_work(context)),
        Some(holder)
            if dead_man::is_overdue(
                &open.replay,
                context.clock.since_boot(),
                allowance(context, &folder),
            ) =>
        {
            context.observer.event(&Event::Note(format!("run {run} is past its time: {holder} is ended")));
            runs::end_holder(&holder);
            Ok(true)
        }
        Some(_) => Ok(false),
    }
}

fn allowance(context: &Context<'_>, folder: &RunFolder) -> Allowance {
    let steps = plan::load(&folder.plan()).map_or(1, |plan| plan.steps.len().max(1));
    let deadline = Baseline::load(folder)
        .ok()
        .flatten()
        .map_or_else(|| context.settings.health.deadline, |baseline| baseline.deadline);
    let checks = checks::find(&context.layout, &context.settings.health.checks).unwrap_or_default();
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    Allowance {
        batches: context.settings.apply.batch_timeout.saturating_mul(2).saturating_mul(steps),
        restarts: pass::longest(),
        trial: deadline + trial::longest_look(&checks),
    }
}
