//! After a run: a fresh look, what became of each finding, and what still runs old code.

use std::collections::{BTreeSet, HashSet};

use super::context::Context;
use super::trial::Proven;
use super::{foresight, records, scan, survey};
use crate::apply::health::Baseline;
use crate::apply::protect::Remembered;
use crate::apply::restart::{self, CodeUser, Owners};
use crate::config::layout::RunFolder;
use crate::host::processes::{self, Owner};
use crate::model::exit_code::ExitCode;
use crate::model::failure::{Failure, FailureKind};
use crate::model::finding::{Finding, StateAfter, Verdict};
use crate::model::outcome::Outcome;
use crate::model::package::{PackageKey, PackageName};
use crate::model::plan::{ActionKind, PatchPlan};
use crate::observe::Event;
use crate::package_manager::records::HostRecords;
use crate::report::restart::{OldCode, RestartReport};
use crate::report::schema::Report;

/// What the package manager had installed by itself stays so, and what the run added for others is so too.
///
/// # Errors
/// The package manager refuses.
pub fn keep_marks(
    records: &dyn HostRecords,
    plan: &PatchPlan,
    remembered: &Remembered,
) -> Result<(), Failure> {
    let before = &remembered.auto_marked;
    let changed: HashSet<&PackageName> = plan.actions().map(|action| &action.package).collect();
    let added = plan
        .actions()
        .filter(|action| action.kind == ActionKind::Install)
        .map(crate::model::plan::Action::key);
    let kept = before.iter().filter(|key| changed.contains(&key.name)).cloned();
    let marks = kept.chain(added).collect();
    records.set_automatic(&marks).map_err(|error| {
        Failure::new(FailureKind::Host, "the marks of automatic packages cannot be kept").caused_by(error)
    })
}

/// What is known from before a run, or before a way back.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// The code of the packages that it was to change, old and new, by file.
    pub code: Owners,
    /// The findings that it was to close.
    pub findings: Vec<Finding>,
    /// What could not be brought up to date first.
    pub not_refreshed: Vec<String>,
}

/// Scans again and tells for each finding what became of it; those that are gone are told as closed.
///
/// A host that cannot be judged any more is told so; the run has its report all the same.
pub fn assess_again(context: &Context<'_>, report: &mut Report, before: &Before) {
    let mut survey = match survey::survey(context) {
        Ok(survey) => survey,
        Err(failure) => {
            let reason = records::error_of(&failure).message;
            context.observer.event(&Event::Note(format!("the host cannot be scanned again: {reason}")));
            return;
        }
    };
    survey.not_refreshed.clone_from(&before.not_refreshed);
    let mut restart = old_code(report.plan.as_ref(), &before.code);
    let kernels = survey.inventory.kernels.clone();
    for finding in &mut survey.assessment.findings {
        finding.state_after = Some(state_after(finding, report.plan.as_ref()));
    }
    let gone = gone(&before.findings, &survey.assessment.findings, &restart);
    scan::fill(context, report, survey);
    report.findings.get_or_insert_default().extend(gone);
    if restart.reboot.is_none() && kernels.reboot_pending() {
        restart.reboot = Some("a newer kernel is installed than the one that runs".to_owned());
    }
    if let Some(summary) = &mut report.summary {
        summary.restarts_required = restart.count() as u64;
        summary.reboot_required |= restart.reboot.is_some();
    }
    report.restart = Some(restart);
}

/// Findings from before that a fresh scan no longer has.
fn gone(before: &[Finding], now: &[Finding], restart: &RestartReport) -> Vec<Finding> {
    let still: HashSet<&str> = now.iter().map(|finding| finding.id.as_str()).collect();
    let on_old_code: HashSet<&PackageName> =
        restart.services.iter().chain(&restart.processes).flat_map(|user| &user.packages).collect();
    let told = before.iter().filter(|finding| !still.contains(finding.id.as_str())).map(|finding| {
        let name = &finding.package.name;
        let state = match on_old_code.contains(name) {
            true if restart::needs_reboot(name) => StateAfter::PendingReboot,
            true => StateAfter::OldCodeInMemory,
            false => StateAfter::Closed,
        };
        Finding { verdict: Verdict::Fixed, state_after: Some(state), ..finding.clone() }
    });
    told.collect()
}

fn state_after(finding: &Finding, plan: Option<&PatchPlan>) -> StateAfter {
    let held = plan.is_some_and(|plan| plan.held.iter().any(|held| held.package == finding.package.name));
    let planned =
        plan.is_some_and(|plan| plan.actions().any(|action| action.package == finding.package.name));
    if finding.closed_by_reboot || finding.verdict == Verdict::MitigatedLive {
        StateAfter::PendingReboot
    } else if held && !planned {
        StateAfter::Held
    } else {
        StateAfter::StillOpen
    }
}

/// Returns the code of some packages as it is now, with what it was before a run where that run knew.
pub fn code_of(context: &Context<'_>, run: Option<&RunFolder>, packages: Vec<PackageKey>) -> Owners {
    let before = run.and_then(|folder| Baseline::load(folder).ok().flatten()).unwrap_or_default();
    before.code.into_iter().chain(foresight::owners(context.layout.root(), packages.into_iter())).collect()
}

/// Finds services and processes that still run files which were replaced.
fn old_code(plan: Option<&PatchPlan>, code: &Owners) -> RestartReport {
    let users = restart::on_old_code(processes::list().here(), code);
    let closes = |packages: &BTreeSet<PackageName>| -> Vec<String> {
        let actions =
            plan.into_iter().flat_map(PatchPlan::actions).filter(|action| packages.contains(&action.package));
        let mut ids: Vec<String> = actions.flat_map(|action| action.closes.iter().cloned()).collect();
        ids.sort();
        ids.dedup();
        ids
    };
    let of_the_run = users.into_iter().filter(|user| !user.packages.is_empty());
    let (services, processes): (Vec<_>, Vec<_>) =
        of_the_run.partition(|user| matches!(user.owner, Owner::Unit(_)));
    let told = |users: Vec<CodeUser>| -> Vec<OldCode> {
        let tell = |user: CodeUser| OldCode {
            keeps_open: closes(&user.packages),
            name: user.name(),
            processes: user.processes,
            packages: user.packages.into_iter().collect(),
            left_because: None,
        };
        users.into_iter().map(tell).collect()
    };
    let of_packages = |plan: &PatchPlan| restart::reboot_reason(plan.actions().map(|action| &action.package));
    // The vendor's notices may ask for one too, and the plan says so.
    let reboot = plan.and_then(|plan| of_packages(plan).or_else(|| plan.reboot.clone()));
    RestartReport { services: told(services), processes: told(processes), reboot, ..RestartReport::default() }
}

/// Adds what a run restarted, and why it left the rest.
pub fn tell_restarts(report: &mut Report, proven: &Proven) {
    let Some(restart) = &mut report.restart else { return };
    restart.restarted.clone_from(&proven.restarted);
    for service in &mut restart.services {
        let left = proven.left.iter().find(|(unit, _)| *unit == service.name);
        service.left_because = left.map(|(_, reason)| reason.clone());
    }
}

/// How a run ends whose plan was carried out and proven.
pub fn success(report: &Report, detailed: bool) -> (Outcome, ExitCode) {
    let reboot = report.summary.as_ref().is_some_and(|summary| summary.reboot_required);
    let restarts = report.restart.as_ref().is_some_and(|restart| restart.count() > 0);
    let outcome = if reboot { Outcome::RebootPending } else { Outcome::Patched };
    let code = ExitCode::of(outcome, None);
    let code = if detailed { code.detailed(reboot, restarts) } else { code };
    (outcome, code)
}
