//! The clone's side of a rehearsal: the same engine carries the plan out, and tests follow. What came of it is written down for
//! the host's side.

use super::super::context::Context;
use super::super::{closing, plan, records, runs, survey};
use super::clone::RUN;
use crate::apply::engine::{self, Ending, Performed};
use crate::apply::journal::{Journal, Opening, RunKind};
use crate::apply::rehearsal::smoke;
use crate::apply::time_left::TimeLeft;
use crate::apply::{Tools, protect, stage};
use crate::config::layout::RunFolder;
use crate::host::{clone, mounts, storage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::plan::{Action, PatchPlan};
use crate::model::transaction::Phase;
use crate::report::rehearsal::{RehearsedEnding, RehearsedRun};
use crate::scan::inventory::files;

/// Carries out the plan that lies in the clone.
///
/// # Errors
/// This is no clone, or what was laid into it cannot be used: nothing was tried. That the plan fails is told.
pub(super) fn carry_out(context: &Context<'_>) -> Result<(), Failure> {
    if !clone::is_clone(&mounts::list().unwrap_or_default()) {
        let message = "this part of a rehearsal runs in a clone only";
        return Err(Failure::new(FailureKind::Usage, message).hint("patchctl rehearse makes one"));
    }
    runs::prepare(&context.layout).map_err(runs::state_unwritable)?;
    let folder = context.layout.run(RUN);
    let plan = plan::load(&folder.plan())?;
    let inventory = survey::inventory(context)?;
    let accepted = plan::accepted(&plan);
    let told =
        runs::with_tools(context, (&inventory, &accepted), |tools| rehearse(context, tools, (plan, folder)))?;
    // Strings and numbers always have a JSON form.
    let json = serde_json::to_vec(&told).unwrap_or_default();
    storage::replace(&context.layout.rehearsed(), &json, storage::PRIVATE).map_err(runs::state_unwritable)
}

fn rehearse(
    context: &Context<'_>,
    tools: &Tools<'_>,
    (plan, folder): (PatchPlan, RunFolder),
) -> Result<RehearsedRun, Failure> {
    let before = smoke::before(&super::own_checks(context)?);
    let opening = Opening { run: RUN, kind: RunKind::Apply, plan: plan.id };
    let mut journal =
        Journal::begin(&folder.journal(), context.clock, opening).map_err(runs::journal_failed)?;
    let unstaged = |error| Failure::new(FailureKind::Host, "the archives cannot be used").caused_by(error);
    let staged = stage::stored(tools.manager.archives(), plan, folder).map_err(unstaged)?;
    journal.enter(Phase::Fetched).map_err(runs::journal_failed)?;
    let lock = runs::take_database_lock(context)?;
    journal.enter(Phase::Preflight).map_err(runs::journal_failed)?;
    let unsaved =
        |error| Failure::new(FailureKind::Host, "the state before cannot be saved").caused_by(error);
    let protected = protect::protect(tools, staged).map_err(unsaved)?;
    journal.enter(Phase::Snapped).map_err(runs::journal_failed)?;
    let performed = match engine::perform(tools, &protected, &mut journal, &TimeLeft::default()) {
        Ok(performed) => performed,
        // The plan failed in a way that a run on the host would have to be recovered from.
        Err(error) => return Ok(stuck(records::error_of(&runs::left_open(error)).message)),
    };
    drop(lock);
    let plan = protected.staged().plan();
    let mut told = told(performed);
    if told.ending == RehearsedEnding::Patched {
        closing::keep_marks(tools.manager.records(), plan, protected.remembered())?;
        let changed = plan.actions().map(Action::key).collect();
        let brought = files::of_packages(tools.layout.root(), changed);
        let brought: Vec<_> = brought.into_iter().map(|(_, path)| path).collect();
        told.checks = smoke::after(&before, &brought);
    }
    Ok(told)
}

fn stuck(reason: String) -> RehearsedRun {
    RehearsedRun {
        ending: RehearsedEnding::Stuck,
        reason: Some(reason),
        steps: Vec::new(),
        verified: None,
        not_restored: Vec::new(),
        last_words: Vec::new(),
        checks: Vec::new(),
    }
}

fn told(performed: Performed) -> RehearsedRun {
    let (ending, reason, verified, not_restored) = match performed.ending {
        Ending::Patched(verified) => (RehearsedEnding::Patched, None, Some(verified), Vec::new()),
        Ending::Returned { reason, verified, not_restored, .. } => {
            (RehearsedEnding::Returned, Some(reason), Some(verified), not_restored)
        }
        Ending::Stuck { reason, .. } => (RehearsedEnding::Stuck, Some(reason), None, Vec::new()),
    };
    RehearsedRun {
        ending,
        reason,
        steps: performed.steps,
        verified,
        not_restored,
        last_words: performed.last_words,
        checks: Vec::new(),
    }
}
