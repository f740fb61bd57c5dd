//! `scan`: what is vulnerable here.

use super::context::Context;
use super::ledger::{self, Gone};
use super::request::{Answer, Keep, ScanRequest};
use super::survey::{Survey, counted, survey};
use super::{records, rules, runs};
use crate::host::storage::{self, StorageError};
use crate::model::decision::Selection;
use crate::model::exit_code::ExitCode;
use crate::model::failure::Failure;
use crate::model::feed::CompletenessLevel;
use crate::model::offer::RepositoryView;
use crate::model::outcome::Outcome;
use crate::model::package::{InstalledPackage, Inventory};
use crate::model::severity::Severity;
use crate::model::summary::Summary;
use crate::observe::Event;
use crate::report::policy::PolicyReport;
use crate::report::schema::{Coverage, Report, ReportPackage};
use crate::scan::support;

/// Scans the root and returns the report, which is stored unless that was not wanted.
///
/// # Errors
/// The root cannot be judged at all; what is only incomplete is told in the report.
pub fn scan(context: &Context<'_>, request: &ScanRequest) -> Result<Report, Failure> {
    let mut report = context.report("scan");
    // A history that cannot be believed stops what changes the host, not a look at it.
    if let Err(open) = runs::refuse_while_open(&context.layout) {
        context.observer.event(&Event::Note(format!("{open} (patchctl recover)")));
    }
    if is_counted_only(request) && context.rules.waivers.is_empty() {
        let (survey, summary) = counted(context)?;
        report_ground(context, &mut report, survey, summary);
    } else {
        let mut survey = survey(context)?;
        if request.keep == Keep::Record {
            note_failure(context, "first-seen dates are not stored", remember(context, &survey));
        }
        survey.assessment.findings.retain(|finding| request.selection.selects(finding));
        fill(context, &mut report, survey);
    }
    conclude(context, &mut report, request.fail_on);
    if request.keep == Keep::Record {
        note_failure(context, "the report is not stored", keep(context, request, &report));
    }
    Ok(report)
}

/// A scan that was asked for a part of the findings, or for another time, does not tell how the host stands.
fn keep(context: &Context<'_>, request: &ScanRequest, report: &Report) -> Result<(), StorageError> {
    if !request.selection.is_everything() {
        return records::store_aside(context, report).map(|_| ());
    }
    records::publish_summary(context, report);
    records::store(context, report).map(|_| ())
}

/// Counts alone need no findings, unless they are kept or some of them are left out.
fn is_counted_only(request: &ScanRequest) -> bool {
    request.answer == Answer::Counts
        && request.keep == Keep::Nothing
        && request.selection == Selection::default()
}

/// Puts what a survey found into a report.
pub fn fill(context: &Context<'_>, report: &mut Report, mut survey: Survey) {
    let findings = std::mem::take(&mut survey.assessment.findings);
    let packages = survey.inventory.packages.len() as u64;
    let summary = Summary::count(packages, &findings, context.now().date_naive());
    report.packages = Some(survey.inventory.packages.iter().map(package).collect());
    report_ground(context, report, survey, summary);
    report.findings = Some(findings);
}

/// Puts everything but packages and findings into a report.
fn report_ground(context: &Context<'_>, report: &mut Report, survey: Survey, mut summary: Summary) {
    let Survey { inventory, view, mut assessment, not_refreshed, .. } = survey;
    for problem in not_refreshed {
        assessment.completeness.lack(format!("the repositories' lists are not all up to date: {problem}"));
    }
    summary.pending_updates = pending_updates(&inventory, &view);
    summary.reboot_required =
        inventory.kernels.reboot_pending() || storage::exists(&context.layout.target("run/reboot-required"));
    report.host = Some(context.report_host(&inventory));
    let overrides = report.policy.take().map(|policy| policy.overrides).unwrap_or_default();
    let policy = PolicyReport { overrides, ..rules::told(context, &inventory) };
    report.policy = Some(policy).filter(|policy| !policy.is_empty());
    report.completeness = Some(assessment.completeness);
    let mut feeds = assessment.feeds;
    feeds.extend(
        view.stamps
            .iter()
            .filter(|stamp| !feeds.iter().any(|known| known.name == stamp.name))
            .cloned()
            .collect::<Vec<_>>(),
    );
    report.feeds = Some(feeds);
    let limited_support = support::limits(context.layout.root(), &inventory);
    report.coverage = Some(Coverage { not_covered: assessment.not_covered, limited_support });
    report.summary = Some(summary);
}

fn package(package: &InstalledPackage) -> ReportPackage {
    ReportPackage {
        name: package.name.clone(),
        version: package.version.clone(),
        architecture: package.architecture.clone(),
        source: package.source.clone(),
    }
}

fn pending_updates(inventory: &Inventory, view: &RepositoryView) -> u64 {
    let newer = |package: &&InstalledPackage| {
        view.candidates
            .get(&package.key())
            .is_some_and(|candidate| package.version.is_older_than(&candidate.version))
    };
    inventory.packages.iter().filter(newer).count() as u64
}

/// Findings that the caller wants to fail on win over an incomplete result; the report tells both.
fn conclude(context: &Context<'_>, report: &mut Report, fail_on: Option<Severity>) {
    let summary = report.summary.clone().unwrap_or_default();
    let reaches = |least: Severity| {
        summary.known_exploited > 0 || summary.by_severity.keys().any(|severity| *severity >= least)
    };
    let incomplete = report.completeness.as_ref().is_some_and(|c| c.level == CompletenessLevel::Incomplete);
    let any_open = summary.open_vulnerabilities > 0;
    let outcome = match (incomplete, any_open) {
        (true, _) => Outcome::Incomplete,
        (false, true) => Outcome::Findings,
        (false, false) => Outcome::Clean,
    };
    let code = ExitCode::of_scan(outcome, fail_on.is_some_and(reaches));
    records::conclude(context, report, outcome, code);
}

/// Records first-seen dates; only the running system has a history, and no other time than its own.
fn remember(context: &Context<'_>, survey: &Survey) -> Result<(), StorageError> {
    if !context.layout.is_live() || context.invocation.as_of.is_some() {
        return Ok(());
    }
    let gone = match survey.assessment.completeness.level {
        CompletenessLevel::Full => Gone::Forget,
        CompletenessLevel::UpdatesOnly | CompletenessLevel::Incomplete => Gone::Keep,
    };
    ledger::record(&context.layout, (&survey.first_seen, gone), &survey.assessment.findings, context.now())
}

/// A user without a place for reports still gets the result.
fn note_failure(context: &Context<'_>, what: &str, stored: Result<(), StorageError>) {
    if let Err(error) = stored {
        let reason = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
        context.observer.event(&Event::Note(format!("{what}: {error}{reason}")));
    }
}
