//! `apply`: the plan carried out, proven, or taken back.

mod change;
mod finish;
pub(super) mod gates;
pub(super) mod prepare;

use self::change::Changed;
use self::prepare::Prepared;
use super::central;
use super::context::Context;
use super::plan::{self, Planned};
use super::request::{ApplyRequest, Begins, Reach};
use super::runs::{Begun, Cut};
use super::way_back::Lost;
use super::{
    evidence, lists, mend, notify, reboot, records, recover, rehearse, rules, runs, scan, survey, trial,
    window,
};
use crate::apply::journal::RunKind;
use crate::apply::{boot_recovery, dead_man, fetch};
use crate::config::layout::RunFolder;
use crate::host::facts;
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
use crate::report::schema::Report;

/// Shows a plan and returns the digest that was approved; an error is a no.
pub type Approve<'a> = &'a dyn Fn(&PatchPlan) -> Result<Sha256, Failure>;

/// Carries out a plan and returns the report, which is stored with the run.
///
/// # Errors
/// Nothing was changed: wrong usage, no root, a lock, drift, no way back, no room. What happens after the first
/// change is told by the report's outcome.
pub fn apply(context: &Context<'_>, request: &ApplyRequest, approve: Approve<'_>) -> Result<Report, Failure> {
    let result = go(context, request, approve);
    if request.reach == Reach::Everything && context.layout.is_live() && facts::is_root() {
        notify::after(context, result.as_ref());
        if let Ok(report) = &result {
            reboot::ask_after(context, request.reboot.unwrap_or(context.settings.apply.reboot), report);
        }
        reboot::resume(context);
    }
    result
}

fn go(context: &Context<'_>, request: &ApplyRequest, approve: Approve<'_>) -> Result<Report, Failure> {
    let mut report = begin_report(context, request);
    if request.reach != Reach::DryRun {
        context.require_power_over_host("apply")?;
    }
    if request.reach == Reach::Everything {
        if request.begins == Begins::ByItself && window::is_closed(context) {
            records::conclude(context, &mut report, Outcome::NothingToDo, ExitCode::Done);
            return Ok(report);
        }
        central::refuse_without(context)?;
        window::refuse_closed(context, request.overrides.as_ref())?;
        trial::refuse_unusable_checks(context)?;
    }
    let asked = request.plan.as_deref().map(plan::load).transpose()?;
    if request.reach == Reach::DryRun {
        return dry_run(context, request, asked, report);
    }
    let _lock = runs::take_lock(context, "apply")?;
    recover::make_way(context)?;
    let not_refreshed = match asked {
        None => lists::refresh(context, &survey::inventory(context)?.distribution)?,
        // A sealed plan speaks of the lists that it was made from; newer ones could only make it refused.
        Some(_) => Vec::new(),
    };
    let mut lost = Lost::new();
    loop {
        let mut planned =
            plan::make_without(context, &plan::wish_for(request.wish(), asked.as_ref()), &lost)?;
        planned.survey.not_refreshed.clone_from(&not_refreshed);
        gates::refuse_wrong_clock(planned.survey.clock_doubt.as_ref())?;
        if let Some(asked) = &asked {
            gates::refuse_drift(asked, &planned.plan)?;
        }
        match carry_out(context, request, (planned, asked.as_ref(), approve), &mut report)? {
            Reached::End(run) => return finish::finish(context, request, &mut report, *run),
            Reached::Reported => return Ok(report),
            Reached::NoWayBack(found) => {
                let names: Vec<&str> = found.keys().map(|key| key.name.as_str()).collect();
                let note = format!("no way back for {}: the rest is planned without it", names.join(", "));
                context.observer.event(&Event::Note(note));
                lost.extend(found);
                report = begin_report(context, request);
            }
        }
    }
}

fn begin_report(context: &Context<'_>, request: &ApplyRequest) -> Report {
    let mut report = context.report("apply");
    rules::record_overrides(&mut report, request.overrides.as_ref());
    report
}

/// Does what a plan says as far as was asked, once it was approved. A plan that was given is the one that is approved, done
/// and told: the one that was made now only proves that it still fits.
fn carry_out(
    context: &Context<'_>,
    request: &ApplyRequest,
    (mut planned, asked, approve): (Planned, Option<&PatchPlan>, Approve<'_>),
    report: &mut Report,
) -> Result<Reached, Failure> {
    mend::refuse_unfinished(&planned.survey.inventory)?;
    if planned.plan.is_empty() {
        finish_without_work(context, planned, report)?;
        return Ok(Reached::Reported);
    }
    let inventory = &planned.survey.inventory;
    gates::refuse_losing_kernel(&planned.plan, &inventory.kernels)?;
    gates::refuse_without_room(inventory, &planned.plan)?;
    if let Some(asked) = asked {
        planned.plan.clone_from(asked);
    }
    if request.reach == Reach::Everything {
        if request.begins == Begins::ByItself && !evidence::is_rehearsed_as_wanted(context, &planned.plan) {
            rehearse::before_apply(context, &planned, &request.wish())?;
        }
        window::refuse_without_time(context, request.overrides.as_ref(), &planned.plan)?;
        let asked = (&planned.plan, request.plan.as_deref());
        evidence::refuse_without(context, request.overrides.as_ref(), asked)?;
    }
    if approve(&planned.plan)? != planned.plan.id {
        return Err(Failure::new(FailureKind::Drift, "another plan was approved than the one at hand"));
    }
    if request.reach == Reach::DownloadOnly {
        download_only(context, planned, report)?;
        return Ok(Reached::Reported);
    }
    run(context, request, planned, report)
}

/// A dry run goes the same way up to the first change.
fn dry_run(
    context: &Context<'_>,
    request: &ApplyRequest,
    asked: Option<PatchPlan>,
    mut report: Report,
) -> Result<Report, Failure> {
    let planned = plan::make(context, &plan::wish_for(request.wish(), asked.as_ref()))?;
    if let Some(asked) = &asked {
        gates::refuse_drift(asked, &planned.plan)?;
    }
    mend::refuse_unfinished(&planned.survey.inventory)?;
    if planned.plan.is_empty() {
        tell_no_work(context, planned, &mut report);
        return Ok(report);
    }
    report.plan = Some(asked.unwrap_or(planned.plan));
    scan::fill(context, &mut report, planned.survey);
    records::conclude(context, &mut report, Outcome::Planned, ExitCode::Done);
    Ok(report)
}

/// There is nothing to do, or nothing that could be taken back.
fn tell_no_work(context: &Context<'_>, planned: Planned, report: &mut Report) {
    let refusal = gates::refuse_when_only_held(&planned.plan);
    report.plan = Some(planned.plan);
    scan::fill(context, report, planned.survey);
    match refusal {
        Ok(()) => records::conclude_without_work(context, report),
        Err(failure) => records::fail(context, report, &failure),
    }
}

/// Ends a report of a plan that is empty, and stores it.
pub(super) fn finish_without_work(
    context: &Context<'_>,
    planned: Planned,
    report: &mut Report,
) -> Result<(), Failure> {
    tell_no_work(context, planned, report);
    runs::stored(records::store(context, report))
}

fn download_only(context: &Context<'_>, planned: Planned, report: &mut Report) -> Result<(), Failure> {
    let began = std::time::Instant::now();
    runs::with_tools(context, (&planned.survey.inventory, &[]), |tools| {
        let wanted = fetch::new_archives(&planned.plan);
        let distribution = &planned.survey.inventory.distribution;
        fetch::fetch(tools, &wanted).map_err(|error| prepare::not_fetched(distribution, error))?;
        let detail = format!("{} archives verified", wanted.len());
        tools.observer.event(&Event::StageEnded { stage: "downloaded", detail, took: began.elapsed() });
        Ok::<(), Failure>(())
    })?;
    report.plan = Some(planned.plan);
    scan::fill(context, report, planned.survey);
    records::conclude(context, report, Outcome::Planned, ExitCode::Done);
    runs::stored(records::store(context, report))
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
    not_refreshed: Vec<String>,
}

/// How far a run came.
enum Reached {
    /// To an end that it recorded.
    End(Box<Run>),
    /// Not to its own end: given up before the first change, or cut off amid the changes. The report is stored and
    /// tells which, and how that ended.
    Reported,
    /// Not to its first change: some packages have no way back, which no look at them could tell before.
    NoWayBack(Lost),
}

/// Everything from the run's first record to its last.
fn run(
    context: &Context<'_>,
    request: &ApplyRequest,
    planned: Planned,
    report: &mut Report,
) -> Result<Reached, Failure> {
    let Begun { id, folder, mut journal } =
        runs::begin(context, &context.layout, (RunKind::Apply, &planned.plan))?;
    records::name_run(context, report, id);
    let inventory = &planned.survey.inventory;
    let mut lost = Lost::new();
    let accepted = [&request.accept_no_rollback[..], &plan::accepted(&planned.plan)].concat();
    let performed = runs::with_tools(context, (inventory, &accepted), |tools| {
        let prepared = prepare::prepare(context, tools, &planned, (id, &folder, &mut journal));
        let prepared = match prepared {
            Ok(ready) => {
                let time_left = window::time_left(context, request.overrides.as_ref(), &planned.plan);
                Prepared { time_left, ..ready }
            }
            Err(unprepared) => {
                let failure = unprepared.into_failure(&mut lost);
                return Err(Cut::Before(prepare::abandon(context, &folder, (&mut journal, failure), report)));
            }
        };
        change::change(context, tools, prepared, &mut journal).map_err(Cut::Amid)
    });
    let changed = match performed {
        Ok(changed) => changed,
        Err(Cut::Before(_)) if !lost.is_empty() => return Ok(Reached::NoWayBack(lost)),
        Err(Cut::Before(_)) if report.error.is_some() => return Ok(Reached::Reported),
        Err(Cut::Before(failure)) => return Err(failure),
        Err(Cut::Amid(failure)) => {
            recover::cut_off(context, &runs::still_open(failure), report);
            return Ok(Reached::Reported);
        }
    };
    dead_man::disarm(id);
    boot_recovery::disarm(context.layout.root());
    let Planned { survey, plan } = planned;
    let is_planned = |finding: &Finding| finding.disposition.as_ref().is_some_and(Disposition::is_patch);
    Ok(Reached::End(Box::new(Run {
        id,
        folder,
        changed,
        head: journal.head(),
        phase: journal.phase(),
        finished_plan: plan,
        not_refreshed: survey.not_refreshed,
        planned_findings: survey.assessment.findings.into_iter().filter(is_planned).collect(),
    })))
}
