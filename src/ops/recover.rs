//! `recover`: brings an interrupted run to its end.
//!
//! Before the first change a run is given up. After it, the run goes back: the old archives are all here, the way is
//! offline, and it can be repeated. A run whose every package is observed new and verified is finished instead.

use super::closing::Before;
use super::context::Context;
use super::dead_man as decides;
use super::plan as plans;
use super::request::RecoverRequest;
use super::trial::{Proven, Watch};
use super::{closing, mend, quarantine, records, retention, runs, survey};
use crate::apply::back::{self, Arrived, WayBack};
use crate::apply::extent::Extent;
use crate::apply::journal::{self, Event, Journal, Replay, RunKind};
use crate::apply::precheck::{self, Standing};
use crate::apply::verify;
use crate::apply::{Tools, dead_man, protect};
use crate::config::layout::RunFolder;
use crate::host::{full_disk, storage};
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::package::Inventory;
use crate::model::plan::{Action, PatchPlan};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event as Told;
use crate::package_manager::deb;
use crate::report::schema::Report;
use crate::report::transaction::{NotRestored, TransactionReport, Verified};

/// Where a recovery ended.
enum End {
    /// The run had changed nothing; it is given up.
    Abandoned,
    /// The run is finished: the host is new.
    New(Verified),
    /// The host is old again.
    Old(Verified, Vec<NotRestored>),
    /// A person is needed.
    Stuck(String, Vec<String>),
}

/// Brings the open run to its end and returns the report. Where none is open, what another tool left unfinished in
/// the package database is finished.
///
/// # Errors
/// No root, a lock, a journal that cannot be believed.
pub fn recover(context: &Context<'_>, request: RecoverRequest) -> Result<Report, Failure> {
    context.require_power_over_host("recover")?;
    if let Some(run) = request.dead_man_of
        && !decides::is_abandoned(context, run)?
    {
        let mut report = context.report("recover");
        records::conclude(context, &mut report, Outcome::NothingToDo, ExitCode::Done);
        return Ok(report);
    }
    let _lock = runs::take_lock(context, "recover")?;
    let mut report = context.report("recover");
    bring_to_end(context, &mut report)?;
    Ok(report)
}

/// The same under a lock that is held already, into a report that was begun.
///
/// # Errors
/// The lock of the package manager, a journal that cannot be believed, a disk that is full.
pub fn bring_to_end(context: &Context<'_>, report: &mut Report) -> Result<(), Failure> {
    let Some(open) = runs::open_run(&context.layout)? else {
        return mend::mend(context, report);
    };
    report.run_id = Some(open.id);
    let folder = context.layout.run(open.id);
    let (mut journal, replay) =
        Journal::resume(&folder.journal(), context.clock).map_err(runs::journal_failed)?;
    let (end, proven) = if replay.phase.may_have_changed_the_host() {
        finish_or_go_back(context, &folder, (&mut journal, &replay))?
    } else {
        journal.enter(Phase::Abandoned).map_err(runs::journal_failed)?;
        (End::Abandoned, None)
    };
    dead_man::disarm(open.id);
    report.health = proven.as_ref().map(|proven| proven.health.clone());
    report.plan = plans::load(&folder.plan()).ok().filter(|_| replay.kind == RunKind::Apply);
    tell(context, (open.id, &folder), (&journal, end, proven.as_ref()), report)?;
    retention::prune(context);
    Ok(())
}

/// A run that is still open, told in its report. On a full disk the reserve makes room to bring it to its end at once;
/// otherwise `recover` does that when the reason is gone.
pub fn cut_off(context: &Context<'_>, failure: &Failure, report: &mut Report) {
    if full_disk::is_cause_of(failure) && full_disk::give_up(&context.layout.reserve()).is_ok() {
        let reason = "the disk is full: the reserve is given up to bring the run to its end";
        context.observer.event(&Told::Note(reason.to_owned()));
        if bring_to_end(context, report).is_ok() {
            return;
        }
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

fn finish_or_go_back(
    context: &Context<'_>,
    folder: &RunFolder,
    (journal, replay): (&mut Journal, &Replay),
) -> Result<(End, Option<Proven>), Failure> {
    let lock = runs::take_dpkg_lock(context)?;
    let taken_back = match replay.kind {
        RunKind::Apply => folder.clone(),
        RunKind::Rollback { of } => context.layout.run(of),
    };
    let plan = plans::load(&folder.plan())?;
    // A database in pieces still lists its packages; only one that cannot be read at all stops recovery.
    let inventory = survey::inventory(context)?;
    let end = runs::with_tools(context, (&inventory, &[]), |tools| {
        let mut reason = "the run was interrupted".to_owned();
        let mut watch = None;
        if replay.kind == RunKind::Apply && replay.phase != Phase::Back && is_new(tools, &plan, folder)? {
            match forward(tools, folder, &plan, journal)? {
                Forward::Done(end, proven) => return Ok((end, proven)),
                Forward::Unwell(complaint, mut judge) => {
                    judge.0.goes_back(tools);
                    (reason, watch) = (complaint, Some(judge));
                }
            }
        }
        let actions = begun(&plan, replay, &inventory);
        let way =
            WayBack::new(&taken_back, folder, (actions, extent(&plan, replay))).map_err(runs::left_open)?;
        let way = way.after_a_crash(&taken_back);
        let end = match back::go(tools, &way, journal, &reason).map_err(runs::left_open)? {
            Arrived::Old { verified, not_restored } => {
                // What only was cut off is tried again; what made the host unwell is not.
                if watch.is_some() || matches!(replay.kind, RunKind::Rollback { .. }) {
                    quarantine::add_upgrades(context, replay.run, way.actions())?;
                }
                End::Old(verified, not_restored)
            }
            Arrived::Nowhere { reason, commands } => End::Stuck(reason, commands),
        };
        let proven = watch.map(|judge| {
            let (mut watch, proven) = *judge;
            watch.prove_return(tools, proven)
        });
        Ok((end, proven))
    })?;
    storage::sync_all();
    drop(lock);
    Ok(end)
}

/// The actions of every batch that was begun, or that the host shows to be; a run that takes another back began all
/// of them.
fn begun(plan: &PatchPlan, replay: &Replay, inventory: &Inventory) -> Vec<Action> {
    let is_apply = replay.kind == RunKind::Apply;
    let intended = |ordinal: u32| {
        replay
            .records
            .iter()
            .any(|record| matches!(record.event, Event::BatchIntended { batch, .. } if batch == ordinal))
    };
    plan.steps
        .iter()
        .filter(|step| !is_apply || intended(step.ordinal) || is_touched(inventory, &step.actions))
        .flat_map(|step| step.actions.iter().cloned())
        .collect()
}

/// The plan of a run that takes named packages back names them as its selection.
fn extent(plan: &PatchPlan, replay: &Replay) -> Extent {
    match replay.kind {
        RunKind::Rollback { .. } if !plan.selection.packages.is_empty() => Extent::Named,
        _ => Extent::Whole,
    }
}

/// A record that was lost with the storage under it does not hide what the package database shows.
fn is_touched(inventory: &Inventory, actions: &[Action]) -> bool {
    precheck::standing(&precheck::observe(inventory, actions), actions) != Standing::Ready
}

/// Tells whether every package of the plan is new, the database clean and every file that of its archive.
fn is_new(tools: &Tools<'_>, plan: &PatchPlan, folder: &RunFolder) -> Result<bool, Failure> {
    let inventory = crate::scan::inventory::read(tools.layout.root(), true).map_err(|error| {
        Failure::new(FailureKind::HostUnclean, "the package database cannot be read").caused_by(error)
    })?;
    let actions: Vec<Action> = plan.actions().cloned().collect();
    let observed = precheck::observe(&inventory, &actions);
    if precheck::standing(&observed, &actions) != Standing::Done {
        return Ok(false);
    }
    let Ok(remembered) = protect::remembered(folder) else { return Ok(false) };
    if !remembered.new_complaints(tools.manager).is_ok_and(|complaints| complaints.is_empty()) {
        return Ok(false);
    }
    let proof = new_files(tools, &actions, folder);
    Ok(proof.is_ok_and(|proof| proof.damage_beyond(&remembered.damaged).is_empty()))
}

fn new_files(
    tools: &Tools<'_>,
    actions: &[Action],
    folder: &RunFolder,
) -> Result<verify::Proof, verify::ProofError> {
    let named = actions.iter().filter_map(|action| Some(deb::file_name(&action.key(), action.to.as_ref()?)));
    let archives: Vec<_> = named.map(|name| folder.new_archives().join(name)).collect();
    verify::files(tools.layout.root(), archives.iter().map(std::path::PathBuf::as_path))
}

/// Where a run came whose every package is new.
enum Forward {
    /// To its end.
    Done(End, Option<Proven>),
    /// The host is not as well as before, and why.
    Unwell(String, Box<(Watch, Proven)>),
}

/// Goes on where the run was cut off: restarts, the trial, and the commit. What was taken down in another boot cannot be
/// compared with this one; then the verified packages alone decide.
fn forward(
    tools: &Tools<'_>,
    folder: &RunFolder,
    plan: &PatchPlan,
    journal: &mut Journal,
) -> Result<Forward, Failure> {
    let actions: Vec<Action> = plan.actions().cloned().collect();
    let proof = new_files(tools, &actions, folder).map_err(|error| {
        Failure::new(FailureKind::Host, "the files of the run cannot be verified").caused_by(error)
    })?;
    if journal.phase() == Phase::Applying {
        journal.enter(Phase::Applied).map_err(runs::journal_failed)?;
    }
    let after = protect::remember_after(tools.layout, folder).and_then(|()| protect::remembered(folder));
    let remembered = after.map_err(|error| {
        Failure::new(FailureKind::Host, "the configuration cannot be listed").caused_by(error)
    })?;
    closing::keep_marks(plan, &remembered)?;
    let mut proven = None;
    if let Some(mut watch) = Watch::resume(tools, folder, plan)? {
        let found = watch.prove(tools, journal).map_err(runs::journal_failed)?;
        if let Some(complaint) = found.complaint.clone() {
            return Ok(Forward::Unwell(complaint, Box::new((watch, found))));
        }
        proven = Some(found);
    }
    if journal.phase() == Phase::Restart {
        journal.enter(Phase::Trial).map_err(runs::journal_failed)?;
    }
    journal.enter(Phase::Commit).map_err(runs::journal_failed)?;
    let verified = Verified { packages: actions.len() as u64, files: proof.compared };
    Ok(Forward::Done(End::New(verified), proven))
}

fn tell(
    context: &Context<'_>,
    (id, folder): (RunId, &RunFolder),
    (journal, end, proven): (&Journal, End, Option<&Proven>),
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
    closing::assess_again(context, report, &Before { code, findings: Vec::new() });
    proven.iter().for_each(|proven| closing::tell_restarts(report, proven));
    match end {
        End::Abandoned | End::New(_) => {
            records::conclude(context, report, Outcome::Recovered, ExitCode::Done)
        }
        End::Old(..) => {
            let why = proven.and_then(|proven| proven.complaint.as_deref());
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
    runs::stored(records::store_run(context, report))?;
    records::publish_summary(context, report);
    Ok(())
}
