//! The run that is to be taken back: which one it is, and which of its changes are still there.

use std::collections::{BTreeMap, BTreeSet};

use super::super::context::Context;
use super::super::plan as plans;
use super::super::request::RollbackRequest;
use super::super::{runs, survey};
use crate::apply::back::WayBack;
use crate::apply::extent::Extent;
use crate::apply::journal::{self, JournalError, Replay, RunKind};
use crate::apply::precheck;
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::{Inventory, PackageKey, PackageName};
use crate::model::plan::{Action, ActionKind, PatchPlan};
use crate::model::run::RunId;
use crate::model::transaction::Phase;

/// What there is to take back.
pub(super) enum Found {
    /// A run whose changes are there.
    There(Box<Past>),
    /// Nothing of it is left on the host, for this reason: who asks for the old state has it.
    Gone(String),
}

/// A run that is to be taken back.
pub(super) struct Past {
    pub(super) id: RunId,
    pub(super) folder: RunFolder,
    pub(super) plan: PatchPlan,
    /// The packages that were named; none when the whole run goes back.
    pub(super) only: Vec<PackageName>,
    pub(super) way: WayBack,
    pub(super) inventory: Inventory,
}

/// Finds the run and proves that it can be taken back, where anything of it is left.
pub(super) fn find(context: &Context<'_>, request: &RollbackRequest) -> Result<Found, Failure> {
    let wanted = match request.run {
        Some(id) => Some(id),
        None => newest(context)?,
    };
    let Some(id) = wanted else {
        return Ok(Found::Gone("nothing that a run changed is left on this host".to_owned()));
    };
    let folder = context.layout.run(id);
    if !storage::exists(&folder.journal()) {
        return Err(Failure::new(FailureKind::Usage, format!("there is no run {id}"))
            .hint("patchctl history lists the runs"));
    }
    let replay = journal::replay(&folder.journal()).map_err(|error| {
        Failure::new(FailureKind::StateCorrupt, format!("run {id} cannot be taken back")).caused_by(error)
    })?;
    match (&replay.kind, replay.phase) {
        (RunKind::Apply, Phase::Commit) => {}
        (RunKind::Apply, Phase::Returned | Phase::Abandoned) => {
            return Ok(Found::Gone(format!("run {id} left the host as it was before")));
        }
        _ => {
            let hint = "patchctl history lists the runs; only one that was carried out can be taken back";
            let message = format!("run {id} was not carried out");
            return Err(Failure::new(FailureKind::Usage, message).hint(hint));
        }
    }
    let plan = plans::load(&folder.plan())?;
    let inventory = survey::inventory(context)?;
    let actions = actions_to_take_back(&plan, &inventory, &request.only);
    if actions.as_ref().is_ok_and(Vec::is_empty) {
        let whose = if request.only.is_empty() { "every package" } else { "every package named" };
        return Ok(Found::Gone(format!("{whose} of run {id} is back in its old version already")));
    }
    refuse_pruned(context, (id, &folder))?;
    let actions = actions?;
    // Everything that a run changed belongs to its packages: naming all of them is taking the run back.
    let names_all = plan.actions().all(|action| request.only.contains(&action.package));
    let only = if names_all { Vec::new() } else { request.only.clone() };
    let manager = context.package_manager(&inventory.distribution)?;
    let way = WayBack::new(manager.archives(), (&folder, &folder), (actions, extent(&only)));
    let way = way.map_err(|error| {
        Failure::new(FailureKind::NoWayBack, format!("what run {id} saved cannot be used")).caused_by(error)
    })?;
    Ok(Found::There(Box::new(Past { id, folder, plan, only, way, inventory })))
}

pub(super) fn extent(only: &[PackageName]) -> Extent {
    if only.is_empty() { Extent::Whole } else { Extent::Named }
}

/// Old runs give their archives up, so that the disk does not fill with them.
fn refuse_pruned(context: &Context<'_>, (id, folder): (RunId, &RunFolder)) -> Result<(), Failure> {
    if storage::exists(&folder.before()) {
        return Ok(());
    }
    let kept = context.settings.snapshots_kept;
    Err(Failure::new(FailureKind::NoWayBack, format!("run {id} no longer has its way back"))
        .hint(format!("the newest {kept} runs keep theirs ([snapshot] keep in the configuration)")))
}

/// The newest run that was carried out and whose packages are not all back already.
fn newest(context: &Context<'_>) -> Result<Option<RunId>, Failure> {
    let begun = begun(context)?;
    let taken_back = taken_back(context, &begun);
    let is_carried_out = |replay: &Replay| replay.kind == RunKind::Apply && replay.phase == Phase::Commit;
    let mut newest_first = begun.iter().rev().filter(|(id, _)| !taken_back.contains(id));
    Ok(newest_first.find(|(_, replay)| is_carried_out(replay)).map(|(id, _)| *id))
}

/// Every run with what its journal says. One that cannot be read may be the one that was carried out.
fn begun(context: &Context<'_>) -> Result<Vec<(RunId, Replay)>, Failure> {
    let mut begun = Vec::new();
    for id in runs::list(&context.layout)? {
        let path = context.layout.run(id).journal();
        match journal::replay(&path) {
            Ok(replay) => begun.push((id, replay)),
            Err(JournalError::NotBegun { .. }) => {}
            Err(_) if !storage::exists(&path) => {}
            Err(error) => return Err(runs::corrupt(error)),
        }
    }
    Ok(begun)
}

/// The runs of which nothing is left: everything they changed was taken back, at once or package by package.
fn taken_back(context: &Context<'_>, begun: &[(RunId, Replay)]) -> Vec<RunId> {
    let mut back: BTreeMap<RunId, BTreeSet<PackageKey>> = BTreeMap::new();
    for (id, replay) in begun {
        if let (RunKind::Rollback { of }, Phase::Returned) = (replay.kind, replay.phase) {
            let plan = plans::load(&context.layout.run(*id).plan()).ok();
            back.entry(of).or_default().extend(plan.iter().flat_map(PatchPlan::actions).map(Action::key));
        }
    }
    let is_whole = |(of, packages): &(RunId, BTreeSet<PackageKey>)| {
        let plan = plans::load(&context.layout.run(*of).plan());
        plan.is_ok_and(|plan| plan.actions().all(|action| packages.contains(&action.key())))
    };
    back.into_iter().filter(is_whole).map(|(of, _)| of).collect()
}

/// The run's actions that are still as the run left them; others were changed since and are refused unless named.
fn actions_to_take_back(
    plan: &PatchPlan,
    inventory: &Inventory,
    only: &[PackageName],
) -> Result<Vec<Action>, Failure> {
    if let Some(unknown) = only.iter().find(|name| !plan.actions().any(|action| action.package == **name)) {
        return Err(Failure::new(
            FailureKind::Usage,
            format!("{unknown} is not among the packages of that run"),
        ));
    }
    let chosen: Vec<Action> =
        plan.actions().filter(|action| only.is_empty() || only.contains(&action.package)).cloned().collect();
    let observed = precheck::observe(inventory, &chosen);
    let there: Vec<bool> = observed
        .iter()
        .zip(&chosen)
        .map(|(seen, action)| seen.version == action.from && action.kind != ActionKind::Remove)
        .collect();
    let remaining: Vec<Action> =
        chosen.iter().zip(&there).filter(|(_, there)| !**there).map(|(action, _)| action.clone()).collect();
    let observed = precheck::observe(inventory, &remaining);
    let moved_on = precheck::deviations(&observed, &remaining, |action| action.to.as_ref());
    if moved_on.is_empty() {
        return Ok(remaining);
    }
    Err(Failure::new(
        FailureKind::Drift,
        format!("packages have changed since that run: {}", moved_on.join(", ")),
    )
    .hint("take back the newer run first (patchctl history), or name what is to go back: --only PACKAGE"))
}
