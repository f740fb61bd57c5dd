//! What is kept of old runs and reports, and for how long: `[snapshot] keep` and `[retention]`.

use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::context::Context;
use super::{past, runs, signature, snapshots};
use crate::apply::journal::{self, JournalError};
use crate::config::layout::{Layout, RunFolder};
use crate::config::settings::Retention;
use crate::host::left_behind;
use crate::host::storage::{self, StorageError};
use crate::model::run::RunId;
use crate::observe::Event;

/// How the time stands in the name of a report: `scan-20261122T020000Z.json`.
pub const TIME_IN_NAME: &str = "%Y%m%dT%H%M%SZ";

/// Prunes what is older than the settings keep. The newest run, an open one and one whose journal cannot be read are
/// never touched; what cannot be pruned is told and no failure.
pub fn prune(context: &Context<'_>) {
    let ways_back = context.settings.snapshots_kept as usize;
    let pruned = prune_runs(context, ways_back, context.settings.retention)
        .and_then(|()| prune_reports(&context.layout, context.settings.retention.days, context.clock.real()))
        .and_then(|()| prune_plans(&context.layout, context.settings.retention.days, context.clock.real()))
        .and_then(|()| {
            prune_evidence(&context.layout, context.settings.retention.days, context.clock.real())
        });
    if let Err(error) = pruned {
        context.observer.event(&Event::Note(format!("old records cannot be pruned: {error}")));
    }
}

fn prune_runs(context: &Context<'_>, ways_back: usize, retention: Retention) -> Result<(), StorageError> {
    let layout = &context.layout;
    let newest_first: Vec<RunId> = runs::known(layout).into_iter().rev().collect();
    let mut with_way_back = 0;
    for (age, id) in newest_first.iter().enumerate() {
        let folder = layout.run(*id);
        if has_way_back(&folder) {
            with_way_back += 1;
        }
        let is_forgotten = age >= retention.runs as usize;
        let is_due = age > 0 && is_over(&folder) && (is_forgotten || with_way_back > ways_back);
        // The note of a snapshot that cannot be removed has to stay: without it nobody knows whose it is.
        if !is_due || !snapshots::discard(context, &folder) {
            continue;
        }
        if is_forgotten { forget(layout, *id)? } else { drop_way_back(&folder)? }
    }
    Ok(())
}

fn has_way_back(folder: &RunFolder) -> bool {
    storage::exists(&folder.old_archives())
}

/// A run that never began is over, too.
fn is_over(folder: &RunFolder) -> bool {
    match journal::replay(&folder.journal()) {
        Ok(replay) => replay.phase.is_final(),
        Err(JournalError::NotBegun { .. }) => true,
        Err(_) => !storage::exists(&folder.journal()),
    }
}

/// Plan, journal, log and report stay: they tell what was done.
fn drop_way_back(folder: &RunFolder) -> Result<(), StorageError> {
    for part in [folder.archives(), folder.before(), folder.live()] {
        storage::remove_folder(&part)?;
    }
    Ok(())
}

fn forget(layout: &Layout, id: RunId) -> Result<(), StorageError> {
    let link = layout.reports().join(format!("{id}.json"));
    signature::forget(&link)?;
    storage::remove_file(&link)?;
    storage::remove_folder(layout.run(id).path())
}

/// Removes reports of verbs that are no run once they are older than so many days; the newest report stays.
///
/// # Errors
/// A report cannot be removed.
pub fn prune_reports(layout: &Layout, days: u32, now: DateTime<Utc>) -> Result<(), StorageError> {
    let Some(oldest) = now.checked_sub_signed(TimeDelta::days(i64::from(days))) else { return Ok(()) };
    let latest = storage::link_target(&layout.latest_report()).ok();
    let is_old = |path: &PathBuf| {
        let is_of_latest = |latest: &PathBuf| path == latest || *path == signature::of(latest);
        written_at(path).is_some_and(|written| written < oldest) && !latest.as_ref().is_some_and(is_of_latest)
    };
    let old: Vec<PathBuf> = storage::list(&layout.reports())?.into_iter().filter(is_old).collect();
    if old.is_empty() {
        return Ok(());
    }
    // Where what is left of earlier ones is damaged, none goes before somebody has looked at it.
    let Ok(past) = past::read(layout) else { return Ok(()) };
    past::keep(layout, past, &old)?;
    old.iter().try_for_each(|path| storage::remove_file(path))
}

/// Removes patchctl's own copies of plans that are older than so many days; each run keeps its plan itself.
///
/// # Errors
/// A plan cannot be removed.
pub fn prune_plans(layout: &Layout, days: u32, now: DateTime<Utc>) -> Result<(), StorageError> {
    prune_older(&layout.plans(), days, now)
}

/// Removes evidence of this host that is older than so many days.
fn prune_evidence(layout: &Layout, days: u32, now: DateTime<Utc>) -> Result<(), StorageError> {
    prune_older(&layout.evidence(), days, now)
}

fn prune_older(folder: &Path, days: u32, now: DateTime<Utc>) -> Result<(), StorageError> {
    let Some(oldest) = now.checked_sub_signed(TimeDelta::days(i64::from(days))) else { return Ok(()) };
    for path in storage::list(folder)? {
        if storage::stamp(&path).seconds < oldest.timestamp() {
            storage::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Removes what killed writes left in patchctl's own folders.
///
/// # Errors
/// A folder cannot be listed, or a file not removed.
pub fn sweep_left_behind(layout: &Layout, now: DateTime<Utc>) -> Result<(), StorageError> {
    let folders =
        [layout.state().to_owned(), layout.reports(), layout.plans(), layout.ledger(), layout.quarantine()];
    folders.iter().try_for_each(|folder| left_behind::sweep(folder, now.into()))
}

/// Reads when a report was written from its name, or from that of its signature.
pub(super) fn written_at(report: &Path) -> Option<DateTime<Utc>> {
    let (stem, _) = report.file_name()?.to_str()?.split_once('.')?;
    let (_, time) = stem.rsplit_once('-')?;
    NaiveDateTime::parse_from_str(time, TIME_IN_NAME).ok().map(|time| time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_tells_its_time_by_its_name() {
        let time = |name: &str| written_at(Path::new(name)).map(|time| time.to_rfc3339());
        assert_eq!(time("/r/scan-20261122T020304Z.json").as_deref(), Some("2026-11-22T02:03:04+00:00"));
        let signature = time("/r/scan-aside-20261122T020304Z.json.asc");
        assert_eq!(signature.as_deref(), Some("2026-11-22T02:03:04+00:00"));
        assert_eq!(time("/r/0042.json"), None);
    }
}
