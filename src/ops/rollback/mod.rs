//! `rollback`: the state before a run, from what that run secured.

mod left;
mod past;
mod whole;

use std::path::Path;

use self::past::{Found, Past};
use super::closing::Before;
use super::context::Context;
use super::request::{RollbackLevel, RollbackReach, RollbackRequest};
use super::runs::{Begun, Cut};
use super::trial::{Proven, Watch};
use super::{closing, foresight, notify, quarantine, records, recover, retention, runs, survey};
use crate::apply::back::{self, Arrived, WayBack};
use crate::apply::configuration::decide::Decision;
use crate::apply::journal::{Journal, RunKind};
use crate::apply::{RunError, Tools, archive_digests, boot_recovery, dead_man, restart, systemd};
use crate::config::layout::RunFolder;
use crate::host::lock::RecordLock;
use crate::host::{processes, storage};
use crate::model::decision::Selection;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, ActionKind, PatchPlan, Step};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::plan::seal;
use crate::report::documents::{Identity, ROLLBACK_PREVIEW_SCHEMA, RollbackPreview};
use crate::report::schema::Report;
use crate::report::transaction::{NotRestored, TransactionReport, Verified};

/// Shows what a way back would do and asks; `false` is a no.
pub type Approve<'a> = &'a dyn Fn(&RollbackPreview) -> Result<bool, Failure>;

/// What `rollback` answers.
pub enum Answer {
    /// What would happen, for `--preview` and `--check`.
    Preview(Box<RollbackPreview>),
    /// What happened.
    Report(Box<Report>),
}

/// Takes a run back, or shows what that would mean.
///
/// # Errors
/// Nothing was changed: there is no such run, the host has moved on, no root, a lock. Where a run is taken back already there
/// is nothing to do, so that asking twice is as good as asking once.
pub fn rollback(
    context: &Context<'_>,
    request: &RollbackRequest,
    approve: Approve<'_>,
) -> Result<Answer, Failure> {
    let result = go(context, request, approve);
    match &result {
        Ok(Answer::Preview(_)) => {}
        Ok(Answer::Report(report)) => notify::after(context, Ok(report)),
        Err(failure) if request.reach == RollbackReach::Everything => notify::after(context, Err(failure)),
        Err(_) => {}
    }
    result
}

fn go(context: &Context<'_>, request: &RollbackRequest, approve: Approve<'_>) -> Result<Answer, Failure> {
    if request.level == RollbackLevel::Snapshot {
        return whole::rollback(context, request, approve);
    }
    context.require_power_over_host("rollback")?;
    let _lock = match request.reach {
        RollbackReach::Everything => {
            let lock = runs::take_lock(context, "rollback")?;
            recover::make_way(context)?;
            Some(lock)
        }
        RollbackReach::Preview | RollbackReach::Check => None,
    };
    runs::refuse_amid_changes(&context.layout)?;
    let past = match past::find(context, request)? {
        Found::There(past) => *past,
        Found::Gone(reason) => return Ok(nothing_left(context, &reason)),
    };
    let mut preview = preview(context, &past)?;
    match request.reach {
        RollbackReach::Preview => return Ok(Answer::Preview(Box::new(preview))),
        RollbackReach::Check | RollbackReach::Everything => {}
    }
    preview.obstacles.extend(archive_digests::complaints(&past.folder, past.way.archives()));
    if request.reach == RollbackReach::Check {
        return Ok(Answer::Preview(Box::new(preview)));
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

/// The old state is there already. The report is not kept: it judged nothing.
fn nothing_left(context: &Context<'_>, reason: &str) -> Answer {
    context.observer.event(&Event::Note(reason.to_owned()));
    let mut report = context.report("rollback");
    records::conclude(context, &mut report, Outcome::NothingToDo, ExitCode::Done);
    Answer::Report(Box::new(report))
}

fn preview(context: &Context<'_>, past: &Past) -> Result<RollbackPreview, Failure> {
    let root = context.layout.root();
    let decided = past.way.configuration(root).map_err(unreadable)?;
    let left = left::files(root, past).map_err(unreadable)?;
    let keys = past.way.actions().iter().map(Action::key);
    let users = restart::foresee(processes::list().here(), &foresight::owners(context.layout.root(), keys));
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
        .chain(left.iter().map(|path| format!("{}: {}", path.display(), left::REASON)))
        .chain(past.plan.snapshot.does_not_cover.iter().cloned())
        .collect(),
        snapshot: None,
        lost: Vec::new(),
        obstacles: lost.iter().map(|key| format!("the old archive of {key} is missing")).collect(),
    })
}

fn unreadable(error: RunError) -> Failure {
    Failure::new(FailureKind::Host, "the configuration cannot be read").caused_by(error)
}

/// The same change the other way round.
fn reversed(action: &Action) -> Action {
    let kind = match action.kind {
        ActionKind::Upgrade => ActionKind::Downgrade,
        ActionKind::Downgrade => ActionKind::Upgrade,
        ActionKind::Install | ActionKind::Add => ActionKind::Remove,
        ActionKind::Remove => ActionKind::Install,
    };
    let why = "taken back".to_owned();
    Action {
        kind,
        from: action.to.clone(),
        to: action.from.clone(),
        artifact: None,
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

/// What this run does: the packages that go back, and the ones that were named as its selection.
fn plan_of_return(past: &Past) -> PatchPlan {
    let going_back = past.way.actions();
    let step = |step: &Step| {
        let actions = step.actions.iter().filter(|action| going_back.contains(action)).cloned();
        Step { ordinal: step.ordinal, actions: actions.collect() }
    };
    let steps = past.plan.steps.iter().map(step).filter(|step| !step.actions.is_empty());
    let selection = Selection { packages: past.only.clone(), ..Selection::default() };
    seal::sealed(PatchPlan { steps: steps.collect(), selection, ..past.plan.clone() })
}

/// A way back is a run of its own, with its own journal.
fn run(context: &Context<'_>, past: Past, reopens: Vec<String>) -> Result<Report, Failure> {
    let mut report = context.report("rollback");
    let plan = plan_of_return(&past);
    let kind = RunKind::Rollback { of: past.id };
    let Begun { id, folder, mut journal } = runs::begin(context, &context.layout, (kind, &plan))?;
    records::name_run(context, &mut report, id);
    let arrived = runs::with_tools(context, (&past.inventory, &[]), |tools| {
        let (lock, mut watch) = prepare(context, tools, (&past, &plan), (id, &folder, &mut journal))
            .map_err(|failure| Cut::Before(give_up(context, &mut journal, failure, &mut report)))?;
        let _inhibitor = systemd::inhibit("patches are being taken back");
        watch.goes_back(tools);
        let arrived = go_back(tools, &past, (&folder, &mut journal));
        drop(lock);
        let arrived = arrived.map_err(|error| Cut::Amid(runs::left_open(error)))?;
        let proven = match arrived {
            Arrived::Old { .. } => watch.prove_rollback(tools),
            Arrived::Nowhere { .. } => watch.untried(),
        };
        Ok((arrived, proven))
    });
    match arrived {
        Ok((arrived, proven)) => {
            dead_man::disarm(id);
            report.health = Some(proven.health.clone());
            finish(context, &past, (&folder, &journal, &mut report), (arrived, reopens, proven))?;
        }
        Err(Cut::Before(failure)) => return Err(failure),
        Err(Cut::Amid(failure)) => recover::cut_off(context, &failure, &mut report),
    }
    Ok(report)
}

/// Before the first change: the locks, the state to compare with, and the timer that decides when patchctl cannot.
fn prepare(
    context: &Context<'_>,
    tools: &Tools<'_>,
    (past, plan): (&Past, &PatchPlan),
    (id, folder, journal): (RunId, &RunFolder, &mut Journal),
) -> Result<(Option<RecordLock>, Watch), Failure> {
    let watch = Watch::begin(tools, plan)?;
    let lock = ready(context, past, journal)?;
    // One look is enough: nothing but the report follows from what is worse afterwards.
    Ok((lock, watch.arm((id, folder))?))
}

/// A way back that ends before its first change leaves its report and nothing else.
fn give_up(context: &Context<'_>, journal: &mut Journal, failure: Failure, report: &mut Report) -> Failure {
    report.run_id.iter().for_each(|run| dead_man::disarm(*run));
    boot_recovery::disarm(context.layout.root());
    // The report tells why, also where the journal cannot.
    let _ = journal.enter(Phase::Abandoned);
    let told = TransactionReport::unproven(journal.phase(), journal.head(), report.started);
    report.transaction = Some(TransactionReport { finished: Some(context.now()), ..told });
    records::fail(context, report, &failure);
    let _ = records::store_run(context, report);
    failure
}

fn go_back(
    tools: &Tools<'_>,
    past: &Past,
    (folder, journal): (&RunFolder, &mut Journal),
) -> Result<Arrived, RunError> {
    let actions = past.way.actions().to_vec();
    let format = tools.manager.archives();
    let way = WayBack::new(format, (&past.folder, folder), (actions, past::extent(&past.only)))?;
    journal.enter(Phase::Applying)?;
    let arrived = back::go(tools, &way, journal, &format!("run {} is taken back", past.id))?;
    storage::sync_all();
    Ok(arrived)
}

/// Everything a way back needs is here already: the phases before the first change are entered at once.
fn ready(context: &Context<'_>, past: &Past, journal: &mut Journal) -> Result<Option<RecordLock>, Failure> {
    let lock = runs::take_database_lock(context)?;
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

/// What the way back of named packages did not touch; where it cannot be told, that is told.
fn left_behind(context: &Context<'_>, past: &Past) -> Vec<NotRestored> {
    let told = |path: &Path, reason: &str| NotRestored {
        path: path.display().to_string(),
        reason: reason.to_owned(),
    };
    match left::files(context.layout.root(), past) {
        Ok(files) => files.iter().map(|path| told(path, left::REASON)).collect(),
        Err(error) => {
            vec![told(Path::new("/etc"), &format!("what the run changed there cannot be told: {error}"))]
        }
    }
}

fn finish(
    context: &Context<'_>,
    past: &Past,
    (folder, journal, report): (&RunFolder, &Journal, &mut Report),
    (arrived, reopens, proven): (Arrived, Vec<String>, Proven),
) -> Result<(), Failure> {
    boot_recovery::disarm(context.layout.root());
    let (verified, not_restored, stuck): (Option<Verified>, _, _) = match arrived {
        Arrived::Old { verified, mut not_restored } => {
            not_restored.extend(left_behind(context, past));
            (Some(verified), not_restored, None)
        }
        Arrived::Nowhere { reason, commands } => (None, Vec::new(), Some((reason, commands))),
    };
    report.transaction = Some(TransactionReport {
        phase: journal.phase(),
        started: report.started,
        finished: Some(context.now()),
        steps: Vec::new(),
        provider: past.plan.snapshot.provider.clone(),
        journal_head: Some(journal.head()),
        verified,
        not_restored,
        reopened: reopens,
        log: Some(folder.log().display().to_string()),
        last_words: Vec::new(),
    });
    if let (None, Some(run)) = (&stuck, report.run_id) {
        quarantine::add_upgrades(context, run, past.way.actions())?;
    }
    let changed = past.way.actions().iter().map(Action::key).collect();
    let code = closing::code_of(context, Some(&past.folder), changed);
    closing::assess_again(context, report, &Before { code, ..Before::default() });
    closing::tell_restarts(report, &proven);
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
    runs::told(records::store_run(context, report))?;
    records::publish_summary(context, report);
    retention::prune(context);
    Ok(())
}
