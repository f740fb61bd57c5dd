//! `status`: one screen, from what is known already.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::context::Context;
use super::{history, reboot, records, runs, survey};
use crate::config::layout::Layout;
use crate::host::{clock, storage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::report::documents::{Identity, RunEntry, STATUS_SCHEMA, StatusDocument};
use crate::report::motd::{PublicSummary, SUMMARY_SCHEMA};
use crate::report::schema::{Report, ReportPackage};
use crate::scan::refresh::RefreshMode;

/// Gathers the last scan, the last run, the open run and the feeds.
///
/// # Errors
/// The root cannot be judged at all.
pub fn status(context: &Context<'_>) -> Result<StatusDocument, Failure> {
    let inventory = survey::inventory(context)?;
    let sources = context.sources(&inventory.distribution);
    let feeds = survey::stamps(context, &inventory, &sources, (RefreshMode::Never, &[]));
    let last = last_survey(context);
    let all = runs::list(&context.layout)?;
    let open = runs::open_run(&context.layout)?;
    let reboot = inventory
        .kernels
        .reboot_pending()
        .then(|| "a newer kernel is installed than the one that runs".to_owned());
    let replaced = runs::root_before(&context.layout)
        .ok()
        .flatten()
        .map(|run| format!("the next boot starts from the root as it was before run {run}"));
    let reboot = replaced.or(reboot).or_else(|| {
        storage::exists(&context.layout.target("run/reboot-required"))
            .then(|| "a package asked for it (/run/reboot-required)".to_owned())
    });
    let reboot = match reboot::pending(context)? {
        Some(waiting) => Some(format!("{}; it waits, patchctl reboot tells for what", waiting.reason)),
        None => reboot,
    };
    let changed = last
        .as_ref()
        .and_then(|report| report.packages.as_ref())
        .is_some_and(|packages| !same(packages, &inventory));
    Ok(StatusDocument {
        identity: Identity::of(STATUS_SCHEMA, context.now()),
        host: context.report_host(&inventory),
        scanned: last.as_ref().map(|report| report.finished),
        changed_since_scan: changed,
        completeness: last.as_ref().and_then(|report| report.completeness.clone()),
        summary: last.and_then(|report| report.summary),
        feeds,
        last_run: all.last().map(|run| history::entry(context, *run)),
        open_run: open.map(|open| -> RunEntry { history::entry(context, open.id) }),
        reboot,
    })
}

/// The largest summary that is read: it holds counts alone.
const LARGEST_SUMMARY: u64 = 64 << 10;

/// Returns the line at login, from what the last scan or run as root left for everybody; `None` where there is nothing
/// that can be read. Nothing else is looked at: it must hold up nobody.
pub fn motd(layout: &Layout, now: DateTime<Utc>) -> Option<String> {
    let bytes = storage::read_at_most(&layout.summary(), LARGEST_SUMMARY).ok()?;
    let summary: PublicSummary = serde_json::from_slice(&bytes).ok()?;
    (summary.schema == SUMMARY_SCHEMA).then(|| summary.line(now))
}

/// How often a run that is waited for is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Waits until no run is at work, and returns the exit code of the one that was waited for; `None` when there was none.
///
/// # Errors
/// The lock cannot be tried, or a signal asked to stop.
pub fn wait(context: &Context<'_>) -> Result<Option<u8>, Failure> {
    let mut has_waited = false;
    while runs::holder(context)?.is_some() {
        has_waited = true;
        if context.signals.stop().is_some() {
            return Err(Failure::new(FailureKind::Interrupted, "stopped waiting; the run goes on"));
        }
        clock::pause(LOOK_AGAIN);
    }
    let newest = || records::load(&context.layout.latest_report()).ok().map(|report| report.exit_code);
    Ok(if has_waited { newest() } else { None })
}

/// The newest stored report that judged the whole host.
fn last_survey(context: &Context<'_>) -> Option<Report> {
    let report = records::load(&context.layout.latest_report()).ok()?;
    (report.findings.is_some() && report.outcome != Outcome::Failed).then_some(report)
}

fn same(packages: &[ReportPackage], inventory: &crate::model::package::Inventory) -> bool {
    packages.len() == inventory.packages.len()
        && packages
            .iter()
            .zip(&inventory.packages)
            .all(|(known, now)| known.name == now.name && known.version == now.version)
}
