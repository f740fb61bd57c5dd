//! `rollback`: the state before a run, from what that run secured.

use super::context::Context;
use super::plan as plans;
use super::request::{RollbackReach, RollbackRequest};
use super::{closing, foresight, quarantine, records, runs, survey};
use crate::apply::RunError;
use crate::apply::back::{self, Arrived, Extent, WayBack};
use crate::apply::configuration::decide::Decision;
use crate::apply::journal::{self, Journal, Opening, RunKind};
use crate::apply::precheck;
use crate::apply::restart;
use crate::apply::verify;
use crate::config::layout::RunFolder;
use crate::host::{processes, storage};
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::package::{Inventory, PackageName};
use crate::model::plan::{Action, ActionKind, PatchPlan};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::plan::policy::Quarantined;
use crate::plan::seal;
use crate::report::documents::{Identity, ROLLBACK_PREVIEW_SCHEMA, RollbackPreview};
use crate::report::schema::Report;
use crate::report::transaction::{TransactionReport, Verified};

/// Shows what a way back would do and asks; `false` is a no.
pub type Approve<'a> = &'a dyn Fn(&RollbackPreview) -> Result<bool, Failure>;

/// What `rollback` answers.
pub enum Answer {
    /// What would happen, for `--preview` and `--check`.
    Preview(Box<RollbackPreview>),
    /// What happened.
    Report(Box<Report>),
}

/// A run that is to be taken back.
struct Past {
    id: RunId,
    folder: RunFolder,
    plan: PatchPlan,
    way: WayBack,
    extent: Extent,
    inventory: Inventory,
}

impl Past {
    /// The way back with the folder of the run that goes it.
    fn way_in(&self, work: &RunFolder) -> Result<WayBack, RunError> {
        let way = WayBack::new(&self.folder, work, self.way.actions().to_vec())?;
        Ok(if self.extent == Extent::Part { way.of_part() } else { way })
    }
}

/// Takes a run back, or shows what that would mean.
///
/// # Errors
/// Nothing was changed: there is no such run, it was taken back already, the host has moved on, no root, a lock.
pub fn rollback(
    context: &Context<'_>,
    request: &RollbackRequest,
    approve: Approve<'_>,
) -> Result<Answer, Failure> {
    context.require_power_over_host("rollback")?;
    let _lock = match request.reach {
        RollbackReach::Everything => Some(runs::take_lock(context, "rollback")?),
        RollbackReach::Preview | RollbackReach::Check => None,
    };
    runs::refuse_while_open(&context.layout)?;
    let past = find(context, request)?;
    let mut preview = preview(context, &past)?;
    match request.reach {
        RollbackReach::Preview => return Ok(Answer::Preview(Box::new(preview))),
        RollbackReach::Check => {
            preview.obstacles.extend(unreadable_archives(&past));
            return Ok(Answer::Preview(Box::new(preview)));
        }
        RollbackReach::Everything => {}
    }
    if !preview.obstacles.is_empty() {
        return Err(Failure::new(
            FailureKind::NoWayBack,
            format!("run {} cannot be taken back: {}", past.id, preview.obstacles.join("; ")),
        )
        .hint("take back what still can be: patchctl rollback --only PACKAGE"));
    }
    if !approve(&preview)? {
        return Err(Failure::new(FailureKind::Policy, "not approved; nothing was changed"));
    }
    run(context, past, preview.reopens).map(|report| Answer::Report(Box::new(report)))
}

/// Finds the run and proves that it can be taken back.
fn find(context: &Context<'_>, request: &RollbackRequest) -> Result<Past, Failure> {
    let id = match request.run {
        Some(id) => id,
        None => newest(context).ok_or_else(|| {
            Failure::new(FailureKind::Usage, "no run has changed this host, so there is nothing to take back")
        })?,
    };
    let folder = context.layout.run(id);
    if !storage::exists(&folder.journal()) {
        return Err(Failure::new(FailureKind::Usage, format!("there is no run {id}"))
            .hint("patchctl history lists the runs"));
    }
    let replay = journal::replay(&folder.journal()).map_err(|error| {
        Failure::new(FailureKind::StateCorrupt, format!("run {id} cannot be taken back")).caused_by(error)
    })?;
    if replay.kind != RunKind::Apply || replay.phase != Phase::Commit {
        let hint = "patchctl history lists the runs; only one that was carried out can be taken back";
        return Err(Failure::new(
            FailureKind::Usage,
            format!("run {id} did not change the host, or was taken back already"),
        )
        .hint(hint));
    }
    let plan = plans::load(&folder.plan())?;
    let inventory = survey::inventory(context)?;
    let actions = actions_to_take_back(&plan, &inventory, &request.only)?;
    let way = WayBack::new(&folder, &folder, actions).map_err(|error| {
        Failure::new(FailureKind::NoWayBack, format!("what run {id} saved cannot be used")).caused_by(error)
    })?;
    let extent = if request.only.is_empty() { Extent::Whole } else { Extent::Part };
    let way = if extent == Extent::Part { way.of_part() } else { way };
    Ok(Past { id, folder, plan, way, extent, inventory })
}

/// The newest run that was carried out and whose packages are not all back already.
fn newest(context: &Context<'_>) -> Option<RunId> {
    let taken_back = taken_back(context);
    let carried_out = |id: &RunId| {
        let replay = journal::replay(&context.layout.run(*id).journal());
        replay.is_ok_and(|replay| replay.kind == RunKind::Apply && replay.phase == Phase::Commit)
    };
    runs::list(&context.layout).into_iter().rev().filter(|id| !taken_back.contains(id)).find(carried_out)
}

fn taken_back(context: &Context<'_>) -> Vec<RunId> {
    let replays = runs::list(&context.layout)
        .into_iter()
        .filter_map(|id| journal::replay(&context.layout.run(id).journal()).ok());
    replays
        .filter_map(|replay| match replay.kind {
            RunKind::Rollback { of } if replay.phase == Phase::Returned => Some(of),
            _ => None,
        })
        .collect()
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
    if remaining.is_empty() {
        return Err(Failure::new(
            FailureKind::Usage,
            "every package of that run is back in its old version already",
        ));
    }
    if moved_on.is_empty() {
        return Ok(remaining);
    }
    Err(Failure::new(
        FailureKind::Drift,
        format!("packages have changed since that run: {}", moved_on.join(", ")),
    )
    .hint("take back the newer run first (patchctl history), or name what is to go back: --only PACKAGE"))
}

fn preview(context: &Context<'_>, past: &Past) -> Result<RollbackPreview, Failure> {
    let decided = past.way.configuration(context.layout.root()).map_err(|error| {
        Failure::new(FailureKind::Host, "the configuration cannot be read").caused_by(error)
    })?;
    let keys = past.way.actions().iter().map(Action::key);
    let users = restart::foresee(&processes::list(), &foresight::owners(context.layout.root(), keys));
    let with = |wanted: &dyn Fn(Decision) -> bool| -> Vec<String> {
        decided
            .iter()
            .filter(|(_, decision)| wanted(*decision))
            .map(|(path, _)| path.display().to_string())
            .collect()
    };
    let lost = past.way.lost();
    Ok(RollbackPreview {
        identity: Identity::of(ROLLBACK_PREVIEW_SCHEMA, context.now()),
        run: past.id,
        actions: past.way.actions().iter().map(reversed).collect(),
        configuration: with(&|decision| matches!(decision, Decision::PutBack | Decision::Remove)),
        services: users.into_iter().map(|user| user.name).collect(),
        reopens: reopened(past.way.actions()),
        not_restored: with(&|decision| {
            !matches!(decision, Decision::PutBack | Decision::Remove | Decision::Unchanged)
        })
        .into_iter()
        .map(|path| format!("{path}: edited since the run, stays"))
        .chain(past.plan.snapshot.does_not_cover.iter().cloned())
        .collect(),
        obstacles: lost.iter().map(|key| format!("the old archive of {key} is missing")).collect(),
    })
}

/// The same change the other way round.
fn reversed(action: &Action) -> Action {
    let kind = match action.kind {
        ActionKind::Upgrade => ActionKind::Downgrade,
        ActionKind::Downgrade => ActionKind::Upgrade,
        ActionKind::Install => ActionKind::Remove,
        ActionKind::Remove => ActionKind::Install,
    };
    let why = "taken back".to_owned();
    Action {
        kind,
        from: action.to.clone(),
        to: action.from.clone(),
        artifact: None,
        security: false,
        closes: Vec::new(),
        why,
        ..action.clone()
    }
}

fn reopened(actions: &[Action]) -> Vec<String> {
    let mut ids: Vec<String> = actions.iter().flat_map(|action| action.closes.iter().cloned()).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// Reads every stored archive to its end.
fn unreadable_archives(past: &Past) -> Vec<String> {
    let archives = past.way.archives().iter().map(std::path::PathBuf::as_path);
    match verify::readable(archives) {
        Ok(()) => Vec::new(),
        Err(error) => vec![format!("an old archive cannot be read: {error}")],
    }
}

/// A way back is a run of its own, with its own journal.
fn run(context: &Context<'_>, past: Past, reopens: Vec<String>) -> Result<Report, Failure> {
    let mut report = context.report("rollback");
    let (id, folder) = runs::begin(&context.layout)?;
    report.run_id = Some(id);
    storage::replace(&folder.plan(), seal::to_json(&past.plan).as_bytes(), storage::PRIVATE)
        .map_err(runs::state_unwritable)?;
    let opening = Opening { run: id, kind: RunKind::Rollback { of: past.id }, plan: past.plan.id };
    let mut journal =
        Journal::begin(&folder.journal(), context.clock, opening).map_err(runs::journal_failed)?;
    let arrived = runs::with_tools(context, (&past.inventory, &[]), |tools| {
        let ready = ready(context, &past, &mut journal);
        let lock = match ready {
            Ok(lock) => lock,
            Err(failure) => {
                let _ = journal.enter(Phase::Abandoned);
                return Err(failure);
            }
        };
        let way = past.way_in(&folder).map_err(runs::left_open)?;
        journal.enter(Phase::Applying).map_err(runs::journal_failed)?;
        let arrived = back::go(tools, &way, &mut journal, &format!("run {} is taken back", past.id))
            .map_err(runs::left_open)?;
        storage::sync_all();
        drop(lock);
        Ok(arrived)
    })?;
    finish(context, &past, (&folder, &journal, &mut report), (arrived, reopens))?;
    Ok(report)
}

/// Everything a way back needs is here already: the phases before the first change are entered at once.
fn ready(
    context: &Context<'_>,
    past: &Past,
    journal: &mut Journal,
) -> Result<crate::host::lock::RecordLock, Failure> {
    let lock = runs::take_dpkg_lock(context)?;
    if survey::inventory(context)?.digest != past.inventory.digest {
        return Err(Failure::new(
            FailureKind::Drift,
            "packages changed meanwhile; nothing was changed by patchctl",
        ));
    }
    for phase in [Phase::Fetched, Phase::Preflight, Phase::Snapped] {
        journal.enter(phase).map_err(runs::journal_failed)?;
    }
    Ok(lock)
}

fn finish(
    context: &Context<'_>,
    past: &Past,
    (folder, journal, report): (&RunFolder, &Journal, &mut Report),
    (arrived, reopens): (Arrived, Vec<String>),
) -> Result<(), Failure> {
    let (verified, not_restored, stuck): (Option<Verified>, _, _) = match arrived {
        Arrived::Old { verified, not_restored } => (Some(verified), not_restored, None),
        Arrived::Nowhere { reason, commands } => (None, Vec::new(), Some((reason, commands))),
    };
    let undone = PatchPlan { steps: past.plan.steps.clone(), ..past.plan.clone() };
    report.plan = None;
    report.transaction = Some(TransactionReport {
        phase: journal.phase(),
        started: report.started,
        finished: Some(context.now()),
        steps: Vec::new(),
        provider: undone.snapshot.provider.clone(),
        journal_head: Some(journal.head()),
        verified,
        not_restored,
        reopened: reopens,
        log: Some(folder.log().display().to_string()),
        last_words: Vec::new(),
    });
    if stuck.is_none() {
        quarantine_all(context, past, report.run_id)?;
    }
    let changed: Vec<_> = past.way.actions().iter().map(Action::key).collect();
    closing::assess_again(context, report, &changed)?;
    match stuck {
        None => records::conclude(context, report, Outcome::RolledBack, ExitCode::Done),
        Some((reason, commands)) => {
            let failure = commands.into_iter().fold(
                Failure::new(FailureKind::Operator, format!("the old state was not reached: {reason}")),
                Failure::hint,
            );
            records::fail(context, report, &failure);
        }
    }
    runs::stored(context, records::store_run(context, report))?;
    records::publish_summary(context, report);
    Ok(())
}

/// The next run must not install again what was just taken back.
fn quarantine_all(context: &Context<'_>, past: &Past, run: Option<RunId>) -> Result<(), Failure> {
    let entries =
        past.way.actions().iter().filter(|action| action.kind == ActionKind::Upgrade).filter_map(|action| {
            Some(Quarantined {
                package: action.key(),
                version: action.to.clone()?,
                run: run?,
                since: context.now(),
            })
        });
    quarantine::add(&context.layout, entries.collect()).map_err(runs::state_unwritable)
}
