//! `recover`: brings an interrupted run to its end.
//!
//! Before the first change a run is given up. After it, the run is finished from its own archives, or goes back where
//! it failed of itself: [`crate::apply::direction`] decides. Either way is offline and can be repeated.

mod steer;
mod unreported;

use self::steer::{End, Interrupted};
use super::closing::Before;
use super::context::Context;
use super::request::RecoverRequest;
use super::trial::Proven;
use super::{closing, mend, notify, records, retention, runs, snapshots, survey};
use super::{dead_man as decides, plan as plans};
use crate::apply::dead_man;
use crate::apply::direction::Asked;
use crate::apply::journal::{self, Journal, Replay, RunKind};
use crate::apply::{RunError, boot_recovery, protect, systemd};
use crate::config::layout::RunFolder;
use crate::host::{full_disk, storage};
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, PatchPlan};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event as Told;
use crate::report::schema::Report;
use crate::report::transaction::TransactionReport;

/// Brings the open run to its end and returns the report. Where none is open, what another tool left unfinished in
/// the package database is finished.
///
/// # Errors
/// No root, a lock, a journal that cannot be believed.
pub fn recover(context: &Context<'_>, request: RecoverRequest) -> Result<Report, Failure> {
    let result = go(context, request);
    let is_news = match &result {
        Ok(report) => report.outcome != Outcome::NothingToDo,
        // The dead man's timer asks again and again, and is refused as long as the run is in somebody's hands.
        Err(_) => request.dead_man_of.is_none(),
    };
    if is_news {
        notify::after(context, result.as_ref());
    }
    result
}

fn go(context: &Context<'_>, request: RecoverRequest) -> Result<Report, Failure> {
    context.require_power_over_host("recover")?;
    let mut report = context.report("recover");
    if let Some(run) = request.dead_man_of
        && !decides::is_abandoned(context, run)?
    {
        records::conclude(context, &mut report, Outcome::NothingToDo, ExitCode::Done);
        return Ok(report);
    }
    runs::refuse_before_reboot(&context.layout)?;
    let _lock = runs::take_lock(context, "recover")?;
    bring_to_end(context, &mut report, request.asked)?;
    Ok(report)
}

/// Makes way for a run that is about to begin, under patchctl's own lock: an open run that was cut off before its first change
/// is given up, and its report completed. For any other a person or the next boot is asked.
///
/// # Errors
/// An earlier run changed something and is open, a journal cannot be believed, or what the run left cannot be ended.
pub fn make_way(context: &Context<'_>) -> Result<(), Failure> {
    runs::refuse_amid_changes(&context.layout)?;
    let Some(open) = runs::open_run(&context.layout)? else { return Ok(()) };
    bring_to_end(context, &mut context.report("recover"), Asked::ByMachine)?;
    let note = format!("run {} was cut off before its first change and is given up", open.id);
    context.observer.event(&Told::Note(note));
    Ok(())
}

/// Does what [`recover`] does under a lock that is held already, into a report that was begun.
///
/// # Errors
/// The lock of the package manager, a journal that cannot be believed, a disk that is full.
pub fn bring_to_end(context: &Context<'_>, report: &mut Report, asked: Asked) -> Result<(), Failure> {
    let Some(open) = runs::open_run(&context.layout)? else {
        // The power may have failed between the end of a run and this.
        boot_recovery::disarm(context.layout.root());
        return match unreported::complete(context)? {
            Some(completed) => {
                *report = completed;
                Ok(())
            }
            None => mend::mend(context, report),
        };
    };
    records::name_run(context, report, open.id);
    let folder = context.layout.run(open.id);
    let (mut journal, replay) =
        Journal::resume(&folder.journal(), context.clock).map_err(runs::journal_failed)?;
    let (end, tried) = if replay.phase.may_have_changed_the_host() {
        steer(context, (open.id, &replay), &mut journal, asked)?
    } else {
        if matches!(replay.kind, RunKind::Rollback { .. }) {
            snapshots::keep_boot(context, (&context.layout, &folder))?;
        }
        snapshots::discard(context, &folder);
        journal.enter(Phase::Abandoned).map_err(runs::journal_failed)?;
        (End::Abandoned, None)
    };
    dead_man::disarm(open.id);
    boot_recovery::disarm(context.layout.root());
    report.plan = plans::load(&folder.plan()).ok().filter(|_| replay.kind == RunKind::Apply);
    tell(context, (open.id, &folder), (&journal, end, tried.as_ref()), report)?;
    retention::prune(context);
    Ok(())
}

/// A run that is still open, told in its report. On a full disk the reserve makes room to bring it to its end at once,
/// and so it is ended where it cannot all be taken back; otherwise `recover` does that when the reason is gone.
pub fn cut_off(context: &Context<'_>, failure: &Failure, report: &mut Report) {
    let made_room = full_disk::is_cause_of(failure) && full_disk::give_up(&context.layout.reserve()).is_ok();
    if made_room {
        let reason = "the disk is full: the reserve is given up to bring the run to its end";
        context.observer.event(&Told::Note(reason.to_owned()));
    }
    if (made_room || RunError::is_no_way_back(failure))
        && bring_to_end(context, report, Asked::ByMachine).is_ok()
    {
        return tell_given_up(context, failure, report);
    }
    let journal = report.run_id.map(|run| context.layout.run(run).journal());
    report.transaction = journal
        .and_then(|path| journal::replay(&path).ok())
        .map(|replay| TransactionReport::unproven(replay.phase, replay.head, report.started));
    records::fail(context, report, failure);
    if let Err(error) = records::store_run(context, report) {
        context.observer.event(&Told::Note(format!("the report is not stored: {error}")));
    }
}

/// A run that ended before its first change did not do what it was asked for, though no harm is done: it failed.
fn tell_given_up(context: &Context<'_>, failure: &Failure, report: &mut Report) {
    let phase = report.transaction.as_ref().map(|transaction| transaction.phase);
    if phase != Some(Phase::Abandoned) {
        return;
    }
    let cause = std::error::Error::source(failure).map_or_else(|| failure.to_string(), ToString::to_string);
    let kind = if full_disk::is_cause_of(failure) { FailureKind::Space } else { FailureKind::NoWayBack };
    let message = format!("the run was given up before it changed anything: {cause}");
    records::fail(context, report, &Failure::new(kind, message));
    if let Err(error) = records::store_run(context, report) {
        context.observer.event(&Told::Note(format!("the report is not stored: {error}")));
    }
}

fn steer(
    context: &Context<'_>,
    (id, replay): (RunId, &Replay),
    journal: &mut Journal,
    asked: Asked,
) -> Result<(End, Option<Proven>), Failure> {
    let folder = context.layout.run(id);
    let taken_back = match replay.kind {
        RunKind::Apply => folder.clone(),
        RunKind::Rollback { of } => context.layout.run(of),
    };
    let plan = plans::load(&folder.plan())?;
    let remembered = protect::remembered(&taken_back).map_err(|error| runs::left_open(error.into()))?;
    let lock = runs::take_database_lock(context)?;
    // A database in pieces still lists its packages; only one that cannot be read at all stops recovery.
    let inventory = survey::inventory(context)?;
    let run = Interrupted { replay, plan, folder, taken_back, remembered, asked };
    let _inhibitor = systemd::inhibit("an interrupted patch run is brought to its end");
    let end = runs::with_tools(context, (&inventory, &[]), |tools| {
        run.steer(context, tools, journal).map_err(runs::still_open)
    })?;
    storage::sync_all();
    drop(lock);
    Ok(end)
}

fn tell(
    context: &Context<'_>,
    (id, folder): (RunId, &RunFolder),
    (journal, end, tried): (&Journal, End, Option<&Proven>),
    report: &mut Report,
) -> Result<(), Failure> {
    let (verified, not_restored) = match &end {
        End::New(verified) => (Some(*verified), Vec::new()),
        End::Old(verified, not_restored) => (Some(*verified), not_restored.clone()),
        End::Abandoned | End::Stuck(..) => (None, Vec::new()),
    };
    report.transaction = Some(TransactionReport {
        finished: Some(context.now()),
        verified,
        not_restored,
        log: Some(folder.log().display().to_string()),
        ..TransactionReport::unproven(journal.phase(), journal.head(), report.started)
    });
    let changed: Vec<_> = report.plan.iter().flat_map(PatchPlan::actions).map(Action::key).collect();
    let code = closing::code_of(context, Some(folder), changed);
    closing::assess_again(context, report, &Before { code, ..Before::default() });
    report.health = tried.map(|tried| tried.health.clone());
    tried.iter().for_each(|tried| closing::tell_restarts(report, tried));
    match end {
        End::Abandoned | End::New(_) => {
            records::conclude(context, report, Outcome::Recovered, ExitCode::Done)
        }
        End::Old(..) => {
            let why = tried.and_then(|tried| tried.complaint.as_deref());
            let why = why.map_or_else(String::new, |complaint| format!(", because {complaint}"));
            let message = format!("run {id} was interrupted and taken back{why}; the host is as before it");
            records::fail(context, report, &Failure::new(FailureKind::RolledBack, message));
            report.outcome = Outcome::Recovered;
        }
        End::Stuck(reason, commands) => {
            let failure =
                commands.into_iter().fold(Failure::new(FailureKind::Operator, reason), Failure::hint);
            records::fail(context, report, &failure);
        }
    }
    runs::told(records::store_run(context, report))?;
    records::publish_summary(context, report);
    Ok(())
}
