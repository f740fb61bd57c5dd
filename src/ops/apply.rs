//! `apply`: the plan carried out, proven, or taken back.

use std::path::Path;

use super::context::Context;
use super::plan::{self, Planned, Wish};
use super::request::{ApplyRequest, Reach};
use super::{closing, quarantine, records, runs, scan};
use crate::apply::engine::{self, Ending, Performed};
use crate::apply::journal::{Journal, Opening, RunKind};
use crate::apply::protect::{self, ProtectedPlan};
use crate::apply::{Tools, fetch, space, stage};
use crate::config::layout::RunFolder;
use crate::host::lock::RecordLock;
use crate::host::signals::Stop;
use crate::host::storage;
use crate::model::digest::Sha256;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::plan::PatchPlan;
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::plan::policy::Quarantined;
use crate::plan::{difference, seal};
use crate::report::schema::Report;
use crate::report::transaction::TransactionReport;

/// Shows a plan and returns the digest that was approved; an error is a no.
pub type Approve<'a> = &'a dyn Fn(&PatchPlan) -> Result<Sha256, Failure>;

/// Carries out a plan and returns the report, which is stored with the run.
///
/// # Errors
/// Nothing was changed: wrong usage, no root, a lock, drift, no way back, no room. What happens after the first
/// change is told by the report's outcome.
pub fn apply(context: &Context<'_>, request: &ApplyRequest, approve: Approve<'_>) -> Result<Report, Failure> {
    let mut report = context.report("apply");
    if request.reach != Reach::DryRun {
        context.require_power_over_host("apply")?;
    }
    let asked = request.plan.as_deref().map(plan::load).transpose()?;
    if request.reach == Reach::DryRun {
        return dry_run(context, request, asked, report);
    }
    let _lock = runs::take_lock(context, "apply")?;
    runs::refuse_while_open(&context.layout)?;
    let planned = plan::make(context, &wish(request, asked.as_ref()))?;
    if let Some(asked) = &asked {
        refuse_drift(asked, &planned.plan)?;
    }
    refuse_unclean(&planned)?;
    if planned.plan.is_empty() {
        return finish_without_work(context, planned, report);
    }
    refuse_without_room(&planned.plan)?;
    if approve(&planned.plan)? != planned.plan.id {
        return Err(Failure::new(FailureKind::Drift, "another plan was approved than the one at hand"));
    }
    if request.reach == Reach::DownloadOnly {
        return download_only(context, planned, report);
    }
    let performed = run(context, request, planned, &mut report)?;
    finish(context, request, &mut report, performed)
}

fn wish(request: &ApplyRequest, asked: Option<&PatchPlan>) -> Wish {
    Wish {
        selection: asked.map_or_else(|| request.selection.clone(), |plan| plan.selection.clone()),
        removals: request.removals,
        accept_no_rollback: request.accept_no_rollback.clone(),
    }
}

/// A dry run goes the same way up to the first change.
fn dry_run(
    context: &Context<'_>,
    request: &ApplyRequest,
    asked: Option<PatchPlan>,
    mut report: Report,
) -> Result<Report, Failure> {
    let planned = plan::make(context, &wish(request, asked.as_ref()))?;
    if let Some(asked) = &asked {
        refuse_drift(asked, &planned.plan)?;
    }
    refuse_unclean(&planned)?;
    let outcome = if planned.plan.is_empty() { Outcome::NothingToDo } else { Outcome::Planned };
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, outcome, ExitCode::Done);
    Ok(report)
}

/// A plan that was made before is carried out exactly, or not at all.
fn refuse_drift(asked: &PatchPlan, now: &PatchPlan) -> Result<(), Failure> {
    if asked.host != now.host {
        let named = |plan: &PatchPlan| format!("{} ({})", plan.host.name, plan.host.distribution);
        return Err(Failure::new(
            FailureKind::Drift,
            format!("the plan is for the host {}, this is {}", named(asked), named(now)),
        )
        .hint("make a plan on this host: patchctl plan -o FILE"));
    }
    let drift = difference::actions(asked, now);
    if drift.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = drift.iter().take(8).map(ToString::to_string).collect();
    let rest = drift.len().saturating_sub(shown.len());
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    Err(Failure::new(
        FailureKind::Drift,
        format!("the host has changed since the plan was made: {}{more}", shown.join("; ")),
    )
    .hint("make a new plan: patchctl plan -o FILE; compare them: patchctl plan --diff OLD NEW"))
}

/// An unfinished package database is mended first, never walked over.
fn refuse_unclean(planned: &Planned) -> Result<(), Failure> {
    let unclean =
        planned.survey.inventory.packages.iter().filter(|p| !p.state.is_clean() || p.reinstall_required);
    let names: Vec<String> =
        unclean.map(|package| format!("{} is {:?}", package.name, package.state).to_lowercase()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::HostUnclean,
        format!("the package database is not clean: {}", names.join(", ")),
    )
    .hint("dpkg --configure -a finishes what was begun; then dpkg --audit must print nothing")
    .hint("a half-installed package is cured by apt-get install --reinstall NAME"))
}

fn refuse_without_room(plan: &PatchPlan) -> Result<(), Failure> {
    let shortages = space::shortages(&plan.space);
    if shortages.is_empty() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Space, shortages.join("; "))
        .hint("make room there (apt-get clean, old kernels), or patch fewer packages: patchctl apply --package NAME"))
}

fn finish_without_work(
    context: &Context<'_>,
    planned: Planned,
    mut report: Report,
) -> Result<Report, Failure> {
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, Outcome::NothingToDo, ExitCode::Done);
    runs::stored(context, records::store(context, &report))?;
    Ok(report)
}

fn download_only(context: &Context<'_>, planned: Planned, mut report: Report) -> Result<Report, Failure> {
    let began = std::time::Instant::now();
    with_tools(context, &planned, &[], |tools| {
        let wanted = fetch::new_archives(&planned.plan);
        fetch::fetch(tools, &wanted).map_err(not_fetched)?;
        let detail = format!("{} archives verified", wanted.len());
        tools.observer.event(&Event::StageEnded { stage: "downloaded", detail, took: began.elapsed() });
        Ok(())
    })?;
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, Outcome::Planned, ExitCode::Done);
    runs::stored(context, records::store(context, &report))?;
    Ok(report)
}

fn not_fetched(error: fetch::FetchError) -> Failure {
    let kind = match &error {
        fetch::FetchError::Digest { .. } => FailureKind::Signature,
        fetch::FetchError::Prepare(source) if source.is_no_space() => FailureKind::Space,
        _ => FailureKind::Host,
    };
    Failure::new(kind, "the archives cannot be fetched; nothing was changed")
        .caused_by(error)
        .hint("apt-get update fetches the lists anew; then make a new plan")
}

fn with_tools<T>(
    context: &Context<'_>,
    planned: &Planned,
    accepted: &[crate::model::package::PackageName],
    work: impl FnOnce(&Tools<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    runs::with_tools(context, (&planned.survey.inventory, accepted), work)
}

/// What a run did, with its number and folder.
struct Run {
    id: RunId,
    folder: RunFolder,
    performed: Performed,
    head: Sha256,
    phase: Phase,
    finished_plan: PatchPlan,
}

/// Everything from the run's first record to its last.
fn run(
    context: &Context<'_>,
    request: &ApplyRequest,
    planned: Planned,
    report: &mut Report,
) -> Result<Run, Failure> {
    let (id, folder) = runs::begin(&context.layout)?;
    report.run_id = Some(id);
    let journal = write_plan(&folder, &planned.plan).and_then(|()| {
        let opening = Opening { run: id, kind: RunKind::Apply, plan: planned.plan.id };
        Journal::begin(&folder.journal(), context.clock, opening).map_err(runs::journal_failed)
    });
    let mut journal = match journal {
        Ok(journal) => journal,
        Err(failure) => {
            let _ = storage::remove_folder(folder.path());
            return Err(failure);
        }
    };
    let plan = planned.plan.clone();
    let performed = with_tools(context, &planned, &request.accept_no_rollback, |tools| {
        let prepared = prepare(context, tools, &planned, (&folder, &mut journal));
        let (protected, lock) = match prepared {
            Ok(ready) => ready,
            Err(failure) => return Err(abandon(context, &folder, (&mut journal, failure), report)),
        };
        let performed = change(context, tools, &protected, &mut journal);
        drop(lock);
        performed
    })?;
    Ok(Run { id, folder, performed, head: journal.head(), phase: journal.phase(), finished_plan: plan })
}

fn write_plan(folder: &RunFolder, plan: &PatchPlan) -> Result<(), Failure> {
    storage::replace(&folder.plan(), seal::to_json(plan).as_bytes(), storage::PRIVATE)
        .map_err(runs::state_unwritable)
}

/// Before the first change: every archive here, the database checked under the lock, everything saved.
fn prepare(
    context: &Context<'_>,
    tools: &Tools<'_>,
    planned: &Planned,
    (folder, journal): (&RunFolder, &mut Journal),
) -> Result<(ProtectedPlan, RecordLock), Failure> {
    let count = planned.plan.actions().count();
    let began = context.clock.since_boot();
    let took = |since: std::time::Duration| context.clock.since_boot().saturating_sub(since);
    tools.observer.event(&Event::StageBegan { stage: "staged", detail: format!("{count} packages") });
    let staged = stage::stage(tools, &planned.survey.view, planned.plan.clone(), folder.clone())
        .map_err(not_staged)?;
    journal.enter(Phase::Fetched).map_err(runs::journal_failed)?;
    let detail = format!(
        "{} new and {} old archives verified",
        fetch::new_archives(&planned.plan).len(),
        staged.old().len()
    );
    tools.observer.event(&Event::StageEnded { stage: "staged", detail, took: took(began) });
    stop_if_asked(context)?;
    let lock = runs::take_dpkg_lock(context)?;
    refuse_if_changed(context, planned)?;
    journal.enter(Phase::Preflight).map_err(runs::journal_failed)?;
    let began = context.clock.since_boot();
    tools
        .observer
        .event(&Event::StageBegan { stage: "protected", detail: "configuration and marks".to_owned() });
    let protected = protect::protect(&context.layout, staged).map_err(|error| {
        Failure::new(FailureKind::Host, "the state before the run cannot be saved; nothing was changed")
            .caused_by(error)
    })?;
    journal.enter(Phase::Snapped).map_err(runs::journal_failed)?;
    let detail = format!("way back proved; not covered: {}", planned.plan.snapshot.does_not_cover.join(", "));
    tools.observer.event(&Event::StageEnded { stage: "protected", detail, took: took(began) });
    stop_if_asked(context)?;
    Ok((protected, lock))
}

fn not_staged(error: stage::StageError) -> Failure {
    match error {
        stage::StageError::Fetch(error) => not_fetched(error),
        stage::StageError::NoWayBack { packages } => {
            let names: Vec<&str> = packages.iter().map(|(key, _)| key.name.as_str()).collect();
            let hint = format!(
                "patch them without one: --accept-no-rollback {}; or leave them out: --exclude {}",
                names.join(","),
                names.join(",")
            );
            let failure = Failure::new(
                FailureKind::NoWayBack,
                "the installed version of some packages cannot be had again; nothing was changed",
            );
            failure.caused_by(stage::StageError::NoWayBack { packages }).hint(hint)
        }
        stage::StageError::Store(source) if source.is_no_space() => {
            Failure::new(FailureKind::Space, "there is no room for the run's archives; nothing was changed")
                .caused_by(source)
        }
        other => Failure::new(FailureKind::Host, "the archives cannot be staged; nothing was changed")
            .caused_by(other),
    }
}

fn stop_if_asked(context: &Context<'_>) -> Result<(), Failure> {
    match context.signals.stop() {
        None => Ok(()),
        Some(stop) => {
            Err(Failure::new(kind_of(stop), "stopped before the first change; the host is as before"))
        }
    }
}

fn kind_of(stop: Stop) -> FailureKind {
    match stop {
        Stop::Interrupt => FailureKind::Interrupted,
        Stop::Terminate => FailureKind::Terminated,
    }
}

/// Between the plan and the lock another tool may have changed packages.
fn refuse_if_changed(context: &Context<'_>, planned: &Planned) -> Result<(), Failure> {
    let now = super::survey::inventory(context)?;
    if now.digest == planned.survey.inventory.digest {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Drift,
        "packages changed between plan and apply; nothing was changed by patchctl",
    )
    .hint("run patchctl apply again"))
}

/// A run that ends before its first change leaves its report and nothing else.
fn abandon(
    context: &Context<'_>,
    folder: &RunFolder,
    (journal, failure): (&mut Journal, Failure),
    report: &mut Report,
) -> Failure {
    if let Err(error) = journal.enter(Phase::Abandoned) {
        context.observer.event(&Event::Note(format!("the run's journal cannot be closed: {error}")));
    }
    for archives in [folder.old_archives(), folder.new_archives()] {
        let _ = storage::remove_folder(&archives);
    }
    records::fail(context, report, &failure);
    if let Err(error) = records::store_run(context, report) {
        context.observer.event(&Event::Note(format!("the report is not stored: {error}")));
    }
    failure
}

fn change(
    context: &Context<'_>,
    tools: &Tools<'_>,
    protected: &ProtectedPlan,
    journal: &mut Journal,
) -> Result<Performed, Failure> {
    let plan = protected.staged().plan();
    let began = context.clock.since_boot();
    tools
        .observer
        .event(&Event::StageBegan { stage: "applying", detail: format!("{} batches", plan.steps.len()) });
    let performed = engine::perform(tools, protected, journal).map_err(runs::left_open)?;
    if let Ending::Patched(verified) = &performed.ending {
        storage::sync_all();
        closing::keep_marks(tools, protected)?;
        journal.enter(Phase::Commit).map_err(runs::journal_failed)?;
        let took = context.clock.since_boot().saturating_sub(began);
        let detail = format!("{} packages, {} files", verified.packages, verified.files);
        tools.observer.event(&Event::StageEnded { stage: "verified", detail, took });
    }
    Ok(performed)
}

/// After the run: a fresh scan, the fate of each finding, the report.
fn finish(
    context: &Context<'_>,
    request: &ApplyRequest,
    report: &mut Report,
    run: Run,
) -> Result<Report, Failure> {
    let changed: Vec<_> = run.finished_plan.actions().map(crate::model::plan::Action::key).collect();
    report.plan = Some(run.finished_plan.clone());
    report.transaction = Some(transaction(context, report, &run));
    closing::assess_again(context, report, &changed)?;
    let code = match &run.performed.ending {
        Ending::Patched(_) => {
            let (outcome, code) = closing::success(report, request.detailed_exit_code);
            records::conclude(context, report, outcome, code);
            code
        }
        Ending::Returned { reason, stopped, .. } => {
            quarantine_unless_stopped(context, &run, *stopped);
            let kind = stopped.map_or(FailureKind::RolledBack, kind_of);
            let failure =
                Failure::new(kind, format!("{reason}; everything was taken back and the host is as before"))
                    .hint(format!("what apt and dpkg said: {}", run.folder.log().display()));
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
    runs::stored(context, records::store_run(context, report))?;
    records::publish_summary(context, report);
    runs::clear_downloads(&context.layout);
    Ok(report.clone())
}

/// A version that failed here is not tried again until a newer one appears; one that was only interrupted is.
fn quarantine_unless_stopped(context: &Context<'_>, run: &Run, stopped: Option<Stop>) {
    if stopped.is_some() {
        return;
    }
    let failed_steps: Vec<u32> = run.performed.steps.iter().map(|step| step.ordinal).collect();
    let last = failed_steps.last().copied().unwrap_or_default();
    let steps = run.finished_plan.steps.iter().filter(|step| step.ordinal == last);
    let versions = steps.flat_map(|step| step.actions.iter()).filter_map(|action| {
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

fn transaction(context: &Context<'_>, report: &Report, run: &Run) -> TransactionReport {
    let (verified, not_restored, reopened) = match &run.performed.ending {
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
        steps: run.performed.steps.clone(),
        provider: run.finished_plan.snapshot.provider.clone(),
        journal_head: Some(run.head),
        verified,
        not_restored,
        reopened,
        log: Some(shown(&run.folder.log())),
        last_words: run.performed.last_words.clone(),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
