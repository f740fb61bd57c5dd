//! The runs of this host: numbers, folders, locks, and the run that is still open.

use std::path::PathBuf;
use std::time::Duration;

use super::context::Context;
use crate::apply::journal::{self, Journal, JournalError, Opening, Replay, RunKind};
use crate::apply::rehearsal::litter;
use crate::apply::{RunError, Tools, boot_recovery, direction};
use crate::config::layout::{Layout, RunFolder};
use crate::host::facts;
use crate::host::full_disk;
use crate::host::lock::{self, Holder, LockError, RecordLock, RunLock};
use crate::host::storage::{self, StorageError};
use crate::model::failure::{Failure, FailureKind};
use crate::model::package::{Inventory, PackageName};
use crate::model::plan::PatchPlan;
use crate::model::run::RunId;
use crate::observe::Event;
use crate::package_manager::PackageManager;
use crate::package_manager::records::HostRecords;
use crate::plan::seal;

/// Makes patchctl's own folders, private from the start.
///
/// # Errors
/// A folder cannot be made.
pub fn prepare(layout: &Layout) -> Result<(), StorageError> {
    for folder in [layout.state().to_owned(), layout.runs(), layout.plans(), layout.reports()] {
        storage::create_folder(&folder, 0o700)?;
    }
    storage::create_folder(layout.cache(), 0o755)?;
    storage::create_folder(layout.volatile(), 0o755)
}

/// Lists the runs that have a folder, oldest first. To who may not list them there are none: nothing is decided by them then,
/// for only root may change anything.
///
/// # Errors
/// Their folder cannot be read: none of them may be believed to be absent.
pub fn list(layout: &Layout) -> Result<Vec<RunId>, Failure> {
    let folders = match storage::list(&layout.runs()) {
        Err(error) if error.is_permission_denied() => Vec::new(),
        listed => listed.map_err(|error| {
            Failure::new(FailureKind::StateCorrupt, "the runs of this host cannot be listed")
                .caused_by(error)
                .hint("nothing is changed until their folder can be read")
        })?,
    };
    let mut runs: Vec<RunId> =
        folders.iter().filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect();
    runs.sort_unstable();
    Ok(runs)
}

/// Lists the runs that can be listed, for what nothing depends on.
pub fn known(layout: &Layout) -> Vec<RunId> {
    list(layout).unwrap_or_default()
}

/// A run whose first record is durable.
pub struct Begun {
    /// Its number.
    pub id: RunId,
    /// Its folder, with the plan.
    pub folder: RunFolder,
    /// Its journal, open.
    pub journal: Journal,
}

/// Begins a run: the next number, a folder of its own with its plan, and the first record of its journal. Before that
/// record the next boot is told to end it: from there on no cut leaves a run open that nobody closes.
///
/// # Errors
/// Something of it cannot be written; nothing of it stays.
pub fn begin(
    context: &Context<'_>,
    layout: &Layout,
    (kind, plan): (RunKind, &PatchPlan),
) -> Result<Begun, Failure> {
    prepare(layout).map_err(state_unwritable)?;
    full_disk::reserve(&layout.reserve()).map_err(state_unwritable)?;
    let id = list(layout)?.last().map_or(RunId::new(1), |last| last.next());
    let folder = layout.run(id);
    boot_recovery::arm(layout.root()).map_err(|error| {
        Failure::new(FailureKind::Host, "the run cannot be watched; nothing was changed").caused_by(error)
    })?;
    match open_journal(context, (id, &folder), (kind, plan)) {
        Ok(journal) => Ok(Begun { id, folder, journal }),
        Err(failure) => {
            boot_recovery::disarm(layout.root());
            let _ = storage::remove_folder(folder.path());
            Err(failure)
        }
    }
}

fn open_journal(
    context: &Context<'_>,
    (run, folder): (RunId, &RunFolder),
    (kind, plan): (RunKind, &PatchPlan),
) -> Result<Journal, Failure> {
    storage::create_new_folder(folder.path(), 0o700).map_err(state_unwritable)?;
    storage::sync_folder_of(folder.path()).map_err(state_unwritable)?;
    storage::replace(&folder.plan(), seal::to_json(plan).as_bytes(), storage::PRIVATE)
        .map_err(state_unwritable)?;
    let opening = Opening { run, kind, plan: plan.id };
    Journal::begin(&folder.journal(), context.clock, opening).map_err(journal_failed)
}

/// A run that has begun and not ended.
#[derive(Debug)]
pub struct OpenRun {
    /// Its number.
    pub id: RunId,
    /// Its journal, read from the start.
    pub replay: Replay,
}

/// Finds the run that is still open; a run without a journal never began.
///
/// # Errors
/// The journal of the newest run cannot be believed.
pub fn open_run(layout: &Layout) -> Result<Option<OpenRun>, Failure> {
    for id in list(layout)?.into_iter().rev() {
        let folder = layout.run(id);
        let path = folder.journal();
        let was_begun = storage::exists(&folder.archives()) || storage::exists(&folder.before());
        if !storage::exists(&path) && !was_begun {
            continue;
        }
        match journal::replay(&path) {
            Ok(replay) if replay.phase.is_final() => {}
            Ok(replay) => return Ok(Some(OpenRun { id, replay })),
            // Archives are secured after the first record: here the journal itself was lost.
            Err(JournalError::NotBegun { .. }) if !was_begun => {}
            Err(error) => return Err(corrupt(error)),
        }
    }
    Ok(None)
}

/// A journal that cannot be believed, for people.
pub fn corrupt(error: JournalError) -> Failure {
    Failure::new(FailureKind::StateCorrupt, "the history of this host cannot be believed")
        .caused_by(error)
        .hint("patchctl history verify tells which journals are whole; nothing is changed until this one is moved away by hand")
}

/// Refuses to begin while the running root is not the one that the next boot starts from: what is changed here would be
/// lost.
///
/// # Errors
/// The root was exchanged for a snapshot, or nobody can tell.
pub fn refuse_before_reboot(layout: &Layout) -> Result<(), Failure> {
    let before = root_before(layout).map_err(|error| {
        Failure::new(FailureKind::StateCorrupt, "which root the next boot starts from cannot be told")
            .caused_by(error)
    })?;
    match before {
        None => Ok(()),
        Some(run) => Err(Failure::new(
            FailureKind::OpenRun,
            format!("the root as it was before run {run} is in place: the next boot starts from it"),
        )
        .hint("what is changed until then is lost; reboot first: systemctl reboot")),
    }
}

/// Returns the run before which the root was that the next boot starts from, when it is not the running one.
///
/// # Errors
/// It is recorded and cannot be read.
pub fn root_before(layout: &Layout) -> Result<Option<String>, StorageError> {
    let noted = if layout.is_live() { storage::read_if_present(&layout.replaced_root())? } else { None };
    Ok(noted.map(|text| String::from_utf8_lossy(&text).trim().to_owned()))
}

/// Refuses to begin while an earlier run is open.
///
/// # Errors
/// There is one, or a journal cannot be believed.
pub fn refuse_while_open(layout: &Layout) -> Result<(), Failure> {
    refuse_before_reboot(layout)?;
    open_run(layout)?.map_or(Ok(()), |open| Err(is_open(open.id)))
}

/// Refuses to begin while an earlier run is open that is not simply given up: it may have changed the host.
///
/// # Errors
/// There is one, or a journal cannot be believed.
pub fn refuse_amid_changes(layout: &Layout) -> Result<(), Failure> {
    refuse_before_reboot(layout)?;
    match open_run(layout)? {
        Some(open) if !direction::gives_itself_up(open.replay.kind, open.replay.phase) => {
            Err(is_open(open.id))
        }
        _ => Ok(()),
    }
}

fn is_open(run: RunId) -> Failure {
    Failure::new(FailureKind::OpenRun, format!("run {run} was interrupted and is still open"))
        .hint("patchctl recover brings it to its end: fully old or fully new")
}

/// Takes patchctl's own lock.
///
/// # Errors
/// Another run holds it and did not let go in time.
pub fn take_lock(context: &Context<'_>, command: &str) -> Result<RunLock, Failure> {
    storage::create_folder(context.layout.volatile(), 0o755).map_err(state_unwritable)?;
    let lock = RunLock::take(&context.layout.lock(), command, context.lock_patience()).map_err(locked)?;
    sweep_rehearsal(context);
    Ok(lock)
}

/// Removes what a rehearsal that was killed left behind: whoever holds the lock knows that none goes on.
fn sweep_rehearsal(context: &Context<'_>) {
    if !litter::is_there(&context.layout) {
        return;
    }
    let note = match litter::sweep(&context.layout.rehearsal()) {
        Ok(()) => "what a rehearsal left that was cut off is removed".to_owned(),
        Err(error) => {
            let path = context.layout.rehearsal().path().display().to_string();
            format!("a rehearsal that was cut off left {path}, which cannot be removed: {error}")
        }
    };
    context.observer.event(&Event::Note(note));
}

/// Returns who holds patchctl's own lock now, if anybody does.
///
/// # Errors
/// The lock cannot be tried.
pub fn holder(context: &Context<'_>) -> Result<Option<Holder>, Failure> {
    storage::create_folder(context.layout.volatile(), 0o755).map_err(state_unwritable)?;
    match RunLock::take(&context.layout.lock(), "recover", Duration::ZERO) {
        Ok(_) => Ok(None),
        Err(LockError::Held { holder, .. }) => Ok(Some(holder)),
        Err(error) => Err(locked(error)),
    }
}

/// Ends the process that holds patchctl's own lock.
pub fn end_holder(holder: &Holder) {
    lock::end_holder(holder);
}

/// Tells whether the package manager itself works on its database, whoever called it.
pub fn is_package_manager_at_work(context: &Context<'_>) -> bool {
    manager_of_root(context).is_ok_and(|manager| manager.records().is_at_work())
}

/// The package manager of the root, found without its database.
fn manager_of_root(context: &Context<'_>) -> Result<Box<dyn PackageManager>, Failure> {
    let distribution = facts::distribution(context.layout.root()).map_err(|error| {
        Failure::new(FailureKind::Host, "the distribution cannot be told").caused_by(error)
    })?;
    context.package_manager(&distribution)
}

/// Takes the lock of the package database, as far as there is one that patchctl can hold itself.
///
/// # Errors
/// There is no package manager, or another tool holds it and did not let go in time.
pub fn take_database_lock(context: &Context<'_>) -> Result<Option<RecordLock>, Failure> {
    manager_of_root(context)?.records().take_lock(context.lock_patience()).map_err(locked)
}

/// Takes the lock of the lists, which everything takes that fetches them.
///
/// # Errors
/// Another tool holds it and did not let go in time.
pub fn take_lists_lock(
    context: &Context<'_>,
    records: &dyn HostRecords,
) -> Result<Option<RecordLock>, Failure> {
    let take = |path: PathBuf| RecordLock::take(&path, context.lock_patience()).map_err(locked);
    records.lists_lock().map(take).transpose()
}

/// Tells who holds a lock, and what to do.
pub(super) fn locked(error: LockError) -> Failure {
    match error {
        LockError::Held { path, holder } => {
            Failure::new(FailureKind::Lock, format!("{holder} holds {}", path.display()))
                .hint("wait for it, or for longer: --lock-timeout 30m")
        }
        LockError::Left { path } => {
            let path = path.display();
            let message = format!("a package manager that was cut off left {path}: no process has it open");
            Failure::new(FailureKind::Lock, message)
                .hint(format!("where none works any more, in a container either: rm {path}"))
                .hint("pacman -Dk tells whether the database is whole")
        }
        other => Failure::new(FailureKind::Host, "a lock cannot be used").caused_by(other),
    }
}

/// Where a run was cut off.
pub enum Cut {
    /// Before its first change.
    Before(Failure),
    /// After it: the run is still open.
    Amid(Failure),
}

impl From<Failure> for Cut {
    fn from(failure: Failure) -> Self {
        Self::Before(failure)
    }
}

/// Gathers what the stages of a run work with.
///
/// # Errors
/// There is no package manager for the distribution, or the work fails.
pub fn with_tools<T, E: From<Failure>>(
    context: &Context<'_>,
    (inventory, accepted): (&Inventory, &[PackageName]),
    work: impl FnOnce(&Tools<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let manager = context.package_manager(&inventory.distribution)?;
    let rules = context.apply_rules(accepted);
    work(&Tools {
        manager: manager.as_ref(),
        layout: &context.layout,
        clock: context.clock,
        observer: context.observer,
        signals: &context.signals,
        rules: &rules,
    })
}

/// Downloads have served when the run has its own copies.
pub fn clear_downloads(layout: &Layout) {
    // What stays is cleared by the next run.
    let _ = storage::remove_folder(&layout.downloads());
}

/// A failure of patchctl's own state before anything was changed.
pub fn state_unwritable(error: StorageError) -> Failure {
    let kind = if error.is_no_space() { FailureKind::Space } else { FailureKind::Host };
    Failure::new(kind, "patchctl cannot write its own state; the host was not changed").caused_by(error)
}

/// A failure of the journal.
pub fn journal_failed(error: JournalError) -> Failure {
    let kind = match &error {
        JournalError::Storage { source, .. } if source.is_no_space() => FailureKind::Space,
        JournalError::Storage { .. } => FailureKind::Host,
        _ => FailureKind::StateCorrupt,
    };
    Failure::new(kind, "the journal of the run cannot be written").caused_by(error)
}

/// A failure in the middle of a run: it stays open.
pub fn left_open(error: RunError) -> Failure {
    Failure::new(FailureKind::Operator, "the run was cut off and is still open")
        .caused_by(error)
        .hint("patchctl recover brings it to its end: fully old or fully new")
}

/// A failure after the first change that is not the end of the run: it is open, whatever the cause.
pub fn still_open(failure: Failure) -> Failure {
    match failure.kind() {
        FailureKind::Operator => failure,
        _ => Failure::new(FailureKind::Operator, "the run was cut off and is still open")
            .caused_by(failure)
            .hint("patchctl recover brings it to its end: fully old or fully new"),
    }
}

/// A run came to its end and what tells of it cannot be stored: not the same as an unchanged host.
///
/// # Errors
/// It was not stored.
pub fn told<T>(stored: Result<T, StorageError>) -> Result<T, Failure> {
    stored.map_err(|error| {
        Failure::new(FailureKind::Operator, "the run came to its end, and that cannot be stored")
            .caused_by(error)
            .hint("patchctl recover completes the report; patchctl history tells how the run ended")
    })
}

/// A report that cannot be stored after a run is a failure of its own: nothing may seem not to have happened.
///
/// # Errors
/// The report was not stored.
pub fn stored(result: Result<PathBuf, StorageError>) -> Result<(), Failure> {
    result
        .map(|_| ())
        .map_err(|error| Failure::new(FailureKind::Host, "the report cannot be stored").caused_by(error))
}
