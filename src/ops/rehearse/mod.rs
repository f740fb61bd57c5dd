//! `rehearse`: a plan carried out in a throw-away clone of the host, by the engine that would carry it out here.

mod boot;
mod calls;
mod clone;
mod inside;

use std::path::PathBuf;
use std::time::Duration;

use self::clone::Wanted;
use super::apply::{self, gates};
use super::context::Context;
use super::evidence::Proof;
use super::plan::{self, Planned};
use super::request::Wish;
use super::way_back::Lost;
use super::{evidence, lists, mend, records, recover, runs, scan, survey};
use crate::apply::health::checks::{self, Check};
use crate::apply::rehearsal::boots;
use crate::model::decision::RehearsalBoot;
use crate::model::evidence::EvidenceKind;
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::observe::Event;
use crate::report::health::CheckState;
use crate::report::rehearsal::{RehearsalReport, RehearsalVerdict};
use crate::report::schema::{Report, ReportFiles};

/// Tries a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearseRequest {
    /// The sealed plan; absent, one is made.
    pub plan: Option<PathBuf>,
    /// What a plan is asked for.
    pub wish: Wish,
    /// Boot the clone, whatever the policy says.
    pub boot: bool,
}

/// The whole of a rehearsal, or a part that patchctl asks itself for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything.
    Whole(Box<RehearseRequest>),
    /// In new namespaces: the clone of a design is put together and gone into.
    Assemble(PathBuf),
    /// In the clone: the plan is carried out and tested.
    Inside,
    /// In new namespaces: the clone of a design is booted.
    Boot(PathBuf),
}

/// Does a part of a rehearsal; the whole has a report.
///
/// # Errors
/// As [`rehearse`]; for the other parts, what keeps them from their end.
pub fn part(context: &Context<'_>, part: &Part) -> Result<Option<Report>, Failure> {
    match part {
        Part::Whole(request) => rehearse(context, request).map(Some),
        Part::Assemble(design) => match clone::assemble(context, design)? {},
        Part::Inside => inside::carry_out(context).map(|()| None),
        Part::Boot(design) => boot::live(context, design).map(|()| None),
    }
}

/// Tries a plan in a clone and returns the report, which is stored. The host's packages and files stay as they are.
///
/// # Errors
/// There is no clone to be had, or the plan cannot be made or staged: nothing was tried. That a plan fails in the clone is
/// told by the report.
pub fn rehearse(context: &Context<'_>, request: &RehearseRequest) -> Result<Report, Failure> {
    context.require_power_over_host("rehearse")?;
    own_checks(context)?;
    let asked = request.plan.as_deref().map(plan::load).transpose()?;
    let _lock = runs::take_lock(context, "rehearse")?;
    recover::make_way(context)?;
    let mut report = context.report("rehearse");
    let not_refreshed = match asked {
        None => lists::refresh(context, &survey::inventory(context)?.distribution)?,
        Some(_) => Vec::new(),
    };
    let mut lost = Lost::new();
    loop {
        let wish = plan::wish_for(request.wish.clone(), asked.as_ref());
        let mut planned = plan::make_without(context, &wish, &lost)?;
        planned.survey.not_refreshed.clone_from(&not_refreshed);
        gates::refuse_wrong_clock(planned.survey.clock_doubt.as_ref())?;
        if let Some(asked) = &asked {
            gates::refuse_drift(asked, &planned.plan)?;
            planned.plan = asked.clone();
        }
        mend::refuse_unfinished(&planned.survey.inventory)?;
        if planned.plan.is_empty() {
            apply::finish_without_work(context, planned, &mut report)?;
            return Ok(report);
        }
        let before = lost.len();
        let wanted = match request.boot {
            true => RehearsalBoot::Always,
            false => context.settings.policy.evidence.rehearsal_boot,
        };
        let wanted = Wanted { accepted: &wish.accept_no_rollback, boot: wanted };
        match try_it(context, (&planned, wanted), &mut lost) {
            Ok(rehearsal) => {
                // What is applied next is best the very plan that was tried.
                report.files = request.plan.as_ref().map(|plan| ReportFiles {
                    plan: Some(plan.display().to_string()),
                    ..ReportFiles::default()
                });
                return tell(context, planned, (rehearsal, report));
            }
            Err(failure) if lost.len() == before => return Err(failure),
            Err(_) => {
                let names: Vec<&str> = lost.keys().map(|key| key.name.as_str()).collect();
                let note = format!("no way back for {}: the rest is planned without it", names.join(", "));
                context.observer.event(&Event::Note(note));
            }
        }
    }
}

/// Tries a plan before it is carried out by itself, and keeps what came of it as evidence. The caller holds the lock.
///
/// # Errors
/// There is no clone to be had, or the plan cannot be staged. That it fails in the clone is told by the evidence.
pub(super) fn before_apply(context: &Context<'_>, planned: &Planned, wish: &Wish) -> Result<(), Failure> {
    own_checks(context)?;
    let boot = context.settings.policy.evidence.rehearsal_boot;
    let wanted = Wanted { accepted: &wish.accept_no_rollback, boot };
    let rehearsal = try_it(context, (planned, wanted), &mut Lost::new())?;
    evidence::keep(context, &planned.plan, proof(&rehearsal)).map(drop).map_err(runs::state_unwritable)
}

/// The administrator's own checks, which nobody else may have written.
fn own_checks(context: &Context<'_>) -> Result<Vec<Check>, Failure> {
    checks::find_for_rehearsals(&context.layout).map_err(|error| {
        let hint = error.hint();
        let message = "a check for rehearsals cannot be used; nothing was changed";
        Failure::new(FailureKind::InsecureConfig, message).caused_by(error).hint(hint)
    })
}

/// Makes the clone, lets the plan be carried out in it, and reads what came of it.
fn try_it(
    context: &Context<'_>,
    (planned, wanted): (&Planned, Wanted<'_>),
    lost: &mut Lost,
) -> Result<RehearsalReport, Failure> {
    let began = context.clock.since_boot();
    let stage = |detail: String, took: Duration| {
        context.observer.event(&Event::StageEnded { stage: "staged", detail, took });
    };
    let prepared = clone::prepare(context, planned, wanted);
    let prepared = prepared.map_err(|unprepared| unprepared.into_failure(lost))?;
    gates::stop_if_asked(context)?;
    stage(prepared.told(), context.clock.since_boot().saturating_sub(began));
    let began = context.clock.since_boot();
    let detail = "in a clone of this host".to_owned();
    context.observer.event(&Event::StageBegan { stage: "rehearsed", detail });
    let rehearsed = prepared.rehearse(context, planned, wanted.boot);
    let took = context.clock.since_boot().saturating_sub(began);
    match &rehearsed {
        Ok(rehearsal) if rehearsal.verdict == RehearsalVerdict::Passed => {
            let ran = rehearsal.run.checks.iter().filter(|check| check.state != CheckState::NotRun);
            let detail = format!("{} checks, the clone is gone", ran.count());
            context.observer.event(&Event::StageEnded { stage: "rehearsed", detail, took });
        }
        Ok(rehearsal) => {
            let detail = rehearsal.run.complaints().into_iter().next().unwrap_or_default();
            context.observer.event(&Event::StageFailed { stage: "rehearsed", detail });
        }
        Err(failure) => {
            let detail = failure.to_string();
            context.observer.event(&Event::StageFailed { stage: "rehearsed", detail });
        }
    }
    rehearsed
}

fn proof(rehearsal: &RehearsalReport) -> Proof {
    let booted = boots::were_compared(&rehearsal.run.checks);
    Proof { kind: EvidenceKind::Rehearsal, complaints: rehearsal.run.complaints(), booted }
}

fn tell(
    context: &Context<'_>,
    planned: Planned,
    (mut rehearsal, mut report): (RehearsalReport, Report),
) -> Result<Report, Failure> {
    let complaints = rehearsal.run.complaints();
    let kept = evidence::keep(context, &planned.plan, proof(&rehearsal));
    rehearsal.evidence = Some(kept.map_err(runs::state_unwritable)?);
    let verdict = rehearsal.verdict;
    report.plan = Some(planned.plan);
    scan::fill(context, &mut report, planned.survey);
    report.rehearsal = Some(rehearsal);
    match verdict {
        RehearsalVerdict::Passed => {
            records::conclude(context, &mut report, Outcome::Rehearsed, ExitCode::Done);
        }
        RehearsalVerdict::Failed => {
            let message = format!("the rehearsal failed: {}", complaints.join("; "));
            records::fail(context, &mut report, &Failure::new(FailureKind::Rehearsal, message));
        }
    }
    runs::stored(records::store(context, &report))?;
    Ok(report)
}
