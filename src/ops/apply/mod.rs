//! `apply`: the plan carried out, proven, or taken back.

mod change;
mod finish;
mod gates;
mod prepare;

use self::change::Changed;
use super::context::Context;
use super::plan::{self, Planned};
use super::request::{ApplyRequest, Reach, Wish};
use super::runs::Cut;
use super::{mend, records, recover, runs, scan};
use crate::apply::journal::{Journal, Opening, RunKind};
use crate::apply::{dead_man, fetch};
use crate::config::layout::RunFolder;
use crate::host::storage;
use crate::model::decision::Disposition;
use crate::model::digest::Sha256;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::finding::Finding;
use crate::model::outcome::Outcome;
use crate::model::plan::PatchPlan;
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::plan::seal;
use crate::report::schema::Report;

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
        gates::refuse_drift(asked, &planned.plan)?;
    }
    mend::refuse_unfinished(&planned.survey.inventory)?;
    if planned.plan.is_empty() {
        return finish_without_work(context, planned, report);
    }
    gates::refuse_without_room(&planned.plan)?;
    if approve(&planned.plan)? != planned.plan.id {
        return Err(Failure::new(FailureKind::Drift, "another plan was approved than the one at hand"));
    }
    if request.reach == Reach::DownloadOnly {
        return download_only(context, planned, report);
    }
    match run(context, request, planned, &mut report)? {
        Reached::End(run) => finish::finish(context, request, &mut report, *run),
        Reached::Reported => Ok(report),
    }
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
        gates::refuse_drift(asked, &planned.plan)?;
    }
    mend::refuse_unfinished(&planned.survey.inventory)?;
    let outcome = if planned.plan.is_empty() { Outcome::NothingToDo } else { Outcome::Planned };
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, outcome, ExitCode::Done);
    Ok(report)
}

fn finish_without_work(
    context: &Context<'_>,
    planned: Planned,
    mut report: Report,
) -> Result<Report, Failure> {
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, Outcome::NothingToDo, ExitCode::Done);
    runs::stored(records::store(context, &report))?;
    Ok(report)
}

fn download_only(context: &Context<'_>, planned: Planned, mut report: Report) -> Result<Report, Failure> {
    let began = std::time::Instant::now();
    runs::with_tools(context, (&planned.survey.inventory, &[]), |tools| {
        let wanted = fetch::new_archives(&planned.plan);
        fetch::fetch(tools, &wanted).map_err(prepare::not_fetched)?;
        let detail = format!("{} archives verified", wanted.len());
        tools.observer.event(&Event::StageEnded { stage: "downloaded", detail, took: began.elapsed() });
        Ok::<(), Failure>(())
    })?;
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, Outcome::Planned, ExitCode::Done);
    runs::stored(records::store(context, &report))?;
    Ok(report)
}

/// What a run did, with its number and folder.
struct Run {
    id: RunId,
    folder: RunFolder,
    changed: Changed,
    head: Sha256,
    phase: Phase,
    finished_plan: PatchPlan,
    planned_findings: Vec<Finding>,
}

/// How far a run came.
enum Reached {
    /// To an end that it recorded.
    End(Box<Run>),
    /// Not to its own end: given up before the first change, or cut off amid the changes. The report is stored and
    /// tells which, and how that ended.
    Reported,
}

/// Everything from the run's first record to its last.
fn run(
    context: &Context<'_>,
    request: &ApplyRequest,
    planned: Planned,
    report: &mut Report,
) -> Result<Reached, Failure> {
    let (id, folder) = runs::begin(&context.layout)?;
    report.run_id = Some(id);
    let mut journal = match begin_journal(context, (id, &folder), &planned.plan) {
        Ok(journal) => journal,
        Err(failure) => {
            let _ = storage::remove_folder(folder.path());
            return Err(failure);
        }
    };
    let inventory = &planned.survey.inventory;
    let performed = runs::with_tools(context, (inventory, &request.accept_no_rollback), |tools| {
        let prepared = prepare::prepare(context, tools, &planned, (id, &folder, &mut journal));
        let prepared = match prepared {
            Ok(ready) => ready,
            Err(failure) => {
                return Err(Cut::Before(prepare::abandon(context, &folder, (&mut journal, failure), report)));
            }
        };
        change::change(context, tools, prepared, &mut journal).map_err(Cut::Amid)
    });
    let changed = match performed {
        Ok(changed) => changed,
        Err(Cut::Before(_)) if report.error.is_some() => return Ok(Reached::Reported),
        Err(Cut::Before(failure)) => return Err(failure),
        Err(Cut::Amid(failure)) => {
            recover::cut_off(context, &failure, report);
            return Ok(Reached::Reported);
        }
    };
    dead_man::disarm(id);
    let Planned { survey, plan } = planned;
    let is_planned = |finding: &Finding| finding.disposition.as_ref().is_some_and(Disposition::is_patch);
    Ok(Reached::End(Box::new(Run {
        id,
        folder,
        changed,
        head: journal.head(),
        phase: journal.phase(),
        finished_plan: plan,
        planned_findings: survey.assessment.findings.into_iter().filter(is_planned).collect(),
    })))
}

fn begin_journal(
    context: &Context<'_>,
    (id, folder): (RunId, &RunFolder),
    plan: &PatchPlan,
) -> Result<Journal, Failure> {
    storage::replace(&folder.plan(), seal::to_json(plan).as_bytes(), storage::PRIVATE)
        .map_err(runs::state_unwritable)?;
    let opening = Opening { run: id, kind: RunKind::Apply, plan: plan.id };
    Journal::begin(&folder.journal(), context.clock, opening).map_err(runs::journal_failed)
}
