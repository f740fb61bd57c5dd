//! The root as it was before a run, from the snapshot that the run took: a mounted root at once, the running one at the
//! next boot.
//!
//! The records of patchctl are carried over into the restored root, with the end of this run already in them: so what is
//! booted next knows that it was taken back, and a cut before the exchange leaves the present root and a run that changed
//! nothing. So no dead man's timer watches it: a patchctl that is killed here leaves nothing that somebody had to decide.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::context::Context;
use super::super::request::{RollbackReach, RollbackRequest};
use super::super::runs::Begun;
use super::super::{plan as plans, quarantine, records, recover, runs, snapshots};
use super::{Answer, Approve, reopened, reversed};
use crate::apply::boot_recovery;
use crate::apply::journal::{self, Event, Journal, RunKind};
use crate::apply::snapshot::{Ground, Restorer, Restoring, SnapshotError, boot, changes, record, registry};
use crate::config::layout::{Layout, RunFolder};
use crate::host::runner::{self, CommandSpec};
use crate::host::{facts, storage};
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, ActionKind, PatchPlan};
use crate::model::run::RunId;
use crate::model::snapshot::SnapshotRef;
use crate::model::transaction::Phase;
use crate::plan::policy::Quarantined;
use crate::plan::seal;
use crate::report::documents::{Identity, ROLLBACK_PREVIEW_SCHEMA, RollbackPreview};
use crate::report::restart::RestartReport;
use crate::report::schema::Report;
use crate::report::transaction::TransactionReport;
use crate::scan::inventory::files;

/// The copy of the records: archives of a few runs, on one file system shared block by block.
const COPY_LIMIT: Duration = Duration::from_secs(900);

/// A run, its snapshot, and the records that tell of both.
struct Whole {
    id: RunId,
    folder: RunFolder,
    plan: PatchPlan,
    snapshot: SnapshotRef,
    layout: Layout,
    ground: Ground,
}

/// Exchanges the root for the snapshot of a run, or shows what that would mean.
///
/// # Errors
/// Nothing was changed: there is no such snapshot, changes since would be lost and that was not accepted, a lock.
pub(super) fn rollback(
    context: &Context<'_>,
    request: &RollbackRequest,
    approve: Approve<'_>,
) -> Result<Answer, Failure> {
    let layout = layout(context)?;
    let _lock = match request.reach {
        RollbackReach::Everything => Some(runs::take_lock(context, "rollback")?),
        RollbackReach::Preview | RollbackReach::Check => None,
    };
    let whole = find(request, layout)?;
    end_other_open_run(context, &whole, request.reach)?;
    let restorer = restorer(&whole)?;
    let preview = preview(context, &whole, restorer)?;
    if request.reach != RollbackReach::Everything {
        return Ok(Answer::Preview(Box::new(preview)));
    }
    if !preview.lost.is_empty() && !request.accept_lost {
        return Err(lost(&preview));
    }
    if !approve(&preview)? {
        return Err(Failure::new(FailureKind::Policy, "not approved; nothing was changed"));
    }
    // Nothing may write to the package database while the records are copied; another root has no lock of its own.
    let _database = if whole.layout.is_live() { runs::take_database_lock(context)? } else { None };
    restore(context, &whole, (restorer, preview)).map(|report| Answer::Report(Box::new(report)))
}

/// A mounted root keeps its records itself.
fn layout(context: &Context<'_>) -> Result<Layout, Failure> {
    if context.layout.is_live() {
        context.require_power_over_host("rollback")?;
        return Ok(context.layout.clone());
    }
    if !facts::is_root() {
        return Err(
            Failure::new(FailureKind::Privilege, "rollback needs root").hint("sudo patchctl rollback")
        );
    }
    Ok(Layout::inside(context.layout.root()))
}

fn find(request: &RollbackRequest, layout: Layout) -> Result<Whole, Failure> {
    runs::refuse_before_reboot(&layout)?;
    let taken = |id: &RunId| record::load(&layout.run(*id)).ok().flatten();
    let newest = runs::list(&layout)?.into_iter().rev().find(|id| taken(id).is_some());
    let id = request.run.or(newest).ok_or_else(|| {
        Failure::new(FailureKind::Usage, "no run of this host has a snapshot")
            .hint("patchctl rollback takes packages back; patchctl doctor tells what protects this host")
    })?;
    let folder = layout.run(id);
    let snapshot = record::load(&folder).map_err(|error| unusable(id, error))?.ok_or_else(|| {
        Failure::new(FailureKind::NoWayBack, format!("run {id} has no snapshot"))
            .hint(format!("its packages can be taken back: patchctl rollback {id}"))
    })?;
    let plan = plans::load(&folder.plan())?;
    let ground = Ground::of(&layout);
    Ok(Whole { id, folder, plan, snapshot, layout, ground })
}

fn unusable(id: RunId, error: SnapshotError) -> Failure {
    Failure::new(
        FailureKind::NoWayBack,
        format!("the snapshot of run {id} cannot be used; nothing was changed"),
    )
    .caused_by(error)
}

/// The run that is taken back may itself be open, where neither forward nor back worked. One that was cut off before its
/// first change is given up; any other is ended first. A mounted root is ended by its own boot.
fn end_other_open_run(context: &Context<'_>, whole: &Whole, reach: RollbackReach) -> Result<(), Failure> {
    let open = runs::open_run(&whole.layout)?;
    if open.is_some_and(|open| open.replay.phase == Phase::Operator && is_about(&open.replay, whole.id)) {
        return Ok(());
    }
    match reach {
        _ if !whole.layout.is_live() => runs::refuse_while_open(&whole.layout),
        RollbackReach::Everything => recover::make_way(context),
        RollbackReach::Preview | RollbackReach::Check => runs::refuse_amid_changes(&whole.layout),
    }
}

fn is_about(replay: &journal::Replay, run: RunId) -> bool {
    replay.run == run || replay.kind == RunKind::Rollback { of: run }
}

fn restorer(whole: &Whole) -> Result<&'static dyn Restorer, Failure> {
    let name = &whole.snapshot.provider;
    let provider = registry::find(name).ok_or_else(|| {
        Failure::new(FailureKind::NoWayBack, format!("this patchctl knows no snapshots of the kind {name}"))
    })?;
    provider.check(&whole.ground, &whole.snapshot).map_err(|error| unusable(whole.id, error))?;
    match provider.restoring() {
        Restoring::ByPatchctl(restorer) => Ok(restorer),
        Restoring::ByHand(commands) => Err(commands(&whole.snapshot).into_iter().fold(
            Failure::new(
                FailureKind::Operator,
                format!("a root on {name} is restored by hand; nothing was changed"),
            ),
            Failure::hint,
        )),
    }
}

fn preview(
    context: &Context<'_>,
    whole: &Whole,
    restorer: &dyn Restorer,
) -> Result<RollbackPreview, Failure> {
    let root = whole.layout.root();
    let mut lost = Ok(Vec::new());
    let looked = restorer.look_into(&whole.ground, &whole.snapshot, &mut |then| {
        lost = changes::lost(root, then, &planned(root, then, &whole.plan));
    });
    looked.map_err(|error| unusable(whole.id, error))?;
    let lost = lost.map_err(|error| unusable(whole.id, SnapshotError::Storage(error)))?;
    let actions: Vec<Action> = whole.plan.actions().cloned().collect();
    Ok(RollbackPreview {
        identity: Identity::of(ROLLBACK_PREVIEW_SCHEMA, context.now()),
        run: whole.id,
        reopens: reopened(&actions),
        actions: actions.iter().map(reversed).collect(),
        configuration: Vec::new(),
        services: Vec::new(),
        not_restored: whole.plan.snapshot.does_not_cover.clone(),
        obstacles: Vec::new(),
        snapshot: Some(whole.snapshot.name.clone()),
        lost: lost.iter().map(|path| path.display().to_string()).collect(),
    })
}

/// The files of the planned packages, old and new, also where folders were merged into `/usr`.
fn planned(now: &Path, then: &Path, plan: &PatchPlan) -> BTreeSet<PathBuf> {
    let mut planned = BTreeSet::new();
    for root in [now, then] {
        for (_, path) in files::of_packages(root, plan.actions().map(Action::key).collect()) {
            planned.insert(Path::new("/usr").join(path.strip_prefix("/").unwrap_or(&path)));
            planned.insert(path);
        }
    }
    planned
}

fn lost(preview: &RollbackPreview) -> Failure {
    let number = preview.lost.len();
    let shown: Vec<&str> = preview.lost.iter().take(6).map(String::as_str).collect();
    let more =
        if number > shown.len() { format!(" and {} more", number - shown.len()) } else { String::new() };
    Failure::new(
        FailureKind::Policy,
        format!(
            "{number} paths were changed since the snapshot and would be lost: {}{more}",
            shown.join(", ")
        ),
    )
    .hint(format!("all of them: patchctl rollback {} --snapshot --preview --format json", preview.run))
    .hint("save what you need, then: --accept-lost")
}

fn restore(
    context: &Context<'_>,
    whole: &Whole,
    (restorer, preview): (&dyn Restorer, RollbackPreview),
) -> Result<Report, Failure> {
    let mut report = context.report("rollback");
    let Begun { id, folder, mut journal } = begin(context, whole)?;
    records::name_run(context, &mut report, id);
    quarantine::add(&whole.layout, upgrades(context, whole, id))?;
    let is_carried = whole.ground.holds("var/lib/patchctl");
    let restored = restorer.restore(&whole.ground, &whole.snapshot, &mut |fresh| {
        let told = if is_carried {
            carry_over(whole.layout.state(), fresh)?;
            conclude(context, whole, (&Layout::inside(fresh), &preview), &mut report)
        } else {
            // The only journal tells of the exchange before it happens: a cut in between is settled by recover.
            begin_exchange(&mut journal, whole)
        };
        told.map_err(|failure| SnapshotError::Furnish(Box::new(failure)))?;
        // First, so that nothing is begun here after the exchange, even if patchctl ends in between.
        mark(&whole.layout, Some(whole.id)).map_err(SnapshotError::Storage)?;
        // The other file system cannot be exchanged in the same instant: what a cut in between has to undo is kept first.
        boot::save(&whole.ground, &folder)?;
        boot::put_back(&whole.ground, &whole.folder).map(drop)
    });
    let kept = match restored {
        Ok(kept) => kept,
        Err(error) => {
            let failure = unusable(whole.id, error);
            if journal.phase() == Phase::Snapped {
                snapshots::keep_boot(context, (&whole.layout, &folder))?;
            }
            let _ = mark(&whole.layout, None);
            let _ = journal.enter(Phase::Abandoned);
            boot_recovery::disarm(whole.layout.root());
            report.restart = None;
            report.transaction =
                Some(TransactionReport::unproven(journal.phase(), journal.head(), report.started));
            records::fail(context, &mut report, &failure);
            let _ = records::store_in(context, &whole.layout, &report);
            return Err(failure);
        }
    };
    if !is_carried {
        conclude(context, whole, (&whole.layout, &preview), &mut report)?;
    }
    boot_recovery::disarm(whole.layout.root());
    let note = format!("the root that was replaced is kept as {kept}: btrfs subvolume delete removes it");
    context.observer.event(&crate::observe::Event::Note(note));
    Ok(report)
}

/// Notes until the next boot that the running root is not the one that will be booted, or takes the note away.
fn mark(layout: &Layout, run: Option<RunId>) -> storage::Result<()> {
    match run {
        Some(run) if layout.is_live() => {
            storage::replace(&layout.replaced_root(), format!("{run}\n").as_bytes(), storage::PUBLIC)
        }
        Some(_) => Ok(()),
        None => storage::remove_file(&layout.replaced_root()),
    }
}

/// The run up to the point from which only the exchange is missing.
fn begin(context: &Context<'_>, whole: &Whole) -> Result<Begun, Failure> {
    let (plan, kind) = (seal::sealed(whole.plan.clone()), RunKind::Rollback { of: whole.id });
    let mut begun = runs::begin(context, &whole.layout, (kind, &plan))?;
    for phase in [Phase::Fetched, Phase::Preflight, Phase::Snapped] {
        begun.journal.enter(phase).map_err(runs::journal_failed)?;
    }
    Ok(begun)
}

fn begin_exchange(journal: &mut Journal, whole: &Whole) -> Result<(), Failure> {
    if journal.phase() != Phase::Snapped {
        return Ok(());
    }
    for phase in [Phase::Applying, Phase::Back] {
        journal.enter(phase).map_err(runs::journal_failed)?;
    }
    let reason = format!("the root goes back to the snapshot {}", whole.snapshot.name);
    journal.write(Event::BackIntended { attempt: 1, reason }).map_err(runs::journal_failed)
}

fn upgrades(context: &Context<'_>, whole: &Whole, run: RunId) -> Vec<Quarantined> {
    let upgrades = whole.plan.actions().filter(|action| action.kind == ActionKind::Upgrade);
    let entry = |action: &Action| {
        Some(Quarantined { package: action.key(), version: action.to.clone()?, run, since: context.now() })
    };
    upgrades.filter_map(entry).collect()
}

/// Puts the present records in the place of those that the snapshot holds.
fn carry_over(state: &Path, fresh: &Path) -> Result<(), SnapshotError> {
    let target = Layout::inside(fresh).state().to_owned();
    storage::remove_folder(&target).map_err(SnapshotError::Storage)?;
    let spec = CommandSpec::new("/bin/cp").args(["-a", "--reflink=auto", "--"]).time_limit(COPY_LIMIT);
    let spec = spec.args([state.display().to_string(), target.display().to_string()]);
    let output = runner::run(&spec).map_err(SnapshotError::Run)?;
    if output.is_success() {
        return Ok(());
    }
    Err(SnapshotError::Refused { command: spec.shown(), words: output.last_words(3) })
}

/// Writes the end of the run, and of the one that it takes back where that is open, into the records of `layout`.
fn conclude(
    context: &Context<'_>,
    whole: &Whole,
    (layout, preview): (&Layout, &RollbackPreview),
    report: &mut Report,
) -> Result<(), Failure> {
    let own = report.run_id.unwrap_or(whole.id);
    for id in runs::list(layout)?.into_iter().filter(|id| *id != own) {
        close(context, &layout.run(id), whole.id)?;
    }
    let (mut journal, _) =
        Journal::resume(&layout.run(own).journal(), context.clock).map_err(runs::journal_failed)?;
    begin_exchange(&mut journal, whole)?;
    journal.enter(Phase::Returned).map_err(runs::journal_failed)?;
    report.transaction = Some(TransactionReport {
        finished: Some(context.now()),
        provider: whole.snapshot.provider.clone(),
        reopened: preview.reopens.clone(),
        ..TransactionReport::unproven(journal.phase(), journal.head(), report.started)
    });
    report.restart = Some(RestartReport {
        reboot: Some(format!("the root as it was before run {} is what is mounted next", whole.id)),
        ..RestartReport::default()
    });
    records::conclude(context, report, Outcome::RolledBack, ExitCode::Done);
    runs::told(records::store_in(context, layout, report)).map(drop)
}

/// Closes an open journal about the run that is taken back.
fn close(context: &Context<'_>, folder: &RunFolder, run: RunId) -> Result<(), Failure> {
    let Ok(replay) = journal::replay(&folder.journal()) else { return Ok(()) };
    if replay.phase != Phase::Operator || !is_about(&replay, run) {
        return Ok(());
    }
    let (mut journal, _) = Journal::resume(&folder.journal(), context.clock).map_err(runs::journal_failed)?;
    for phase in [Phase::Back, Phase::Returned] {
        journal.enter(phase).map_err(runs::journal_failed)?;
    }
    Ok(())
}
