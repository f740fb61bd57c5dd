//! Before the first change: every archive here and proved, the locks taken, everything saved.

use super::super::context::Context;
use super::super::plan::Planned;
use super::super::trial::Watch;
use super::super::way_back::Lost;
use super::super::{records, runs, snapshots};
use super::gates;
use crate::apply::hooks::{self, HookError, Turn};
use crate::apply::journal::Journal;
use crate::apply::protect::{self, ProtectedPlan};
use crate::apply::time_left::TimeLeft;
use crate::apply::{Tools, boot_recovery, dead_man, fetch, stage};
use crate::config::layout::RunFolder;
use crate::host::lock::RecordLock;
use crate::host::storage;
use crate::model::distro::Distribution;
use crate::model::failure::{Failure, FailureKind};
use crate::model::run::RunId;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::report::schema::Report;
use crate::report::transaction::TransactionReport;

/// A run that may begin to change the host.
pub(super) struct Prepared {
    /// The plan with its way back.
    pub(super) protected: ProtectedPlan,
    /// The package manager's lock.
    pub(super) lock: Option<RecordLock>,
    /// What the host is judged by afterwards.
    pub(super) watch: Watch,
    /// What is left of the window.
    pub(super) time_left: TimeLeft,
}

/// Why a run cannot begin; the host is unchanged.
pub(in crate::ops) enum Unprepared {
    /// For any reason but the next one.
    Failed(Failure),
    /// The installed version of some packages cannot be had again: the rest can be patched without them.
    NoWayBack(Lost),
}

impl From<Failure> for Unprepared {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Unprepared {
    /// Returns the failure for the report of the run, and what was lost in `lost`.
    pub(in crate::ops) fn into_failure(self, lost: &mut Lost) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::NoWayBack(found) => {
                let told: Vec<String> =
                    found.iter().map(|(key, why)| format!("{}: {why}", key.name)).collect();
                lost.extend(found);
                Failure::new(
                    FailureKind::NoWayBack,
                    format!(
                        "the installed version of some packages cannot be had again: {}",
                        told.join("; ")
                    ),
                )
            }
        }
    }
}

/// Before the first change: every archive here, the database checked under the lock, everything saved.
pub(super) fn prepare(
    context: &Context<'_>,
    tools: &Tools<'_>,
    planned: &Planned,
    (run, folder, journal): (RunId, &RunFolder, &mut Journal),
) -> Result<Prepared, Unprepared> {
    hooks::run(&context.layout, Turn::PreApply, run).map_err(vetoed)?;
    let watch = Watch::begin(tools, &planned.plan)?;
    let count = planned.plan.actions().count();
    let began = context.clock.since_boot();
    let took = |since: std::time::Duration| context.clock.since_boot().saturating_sub(since);
    tools.observer.event(&Event::StageBegan { stage: "staged", detail: format!("{count} packages") });
    let staged = stage::stage(tools, &planned.survey.view, planned.plan.clone(), folder.clone())
        .map_err(|error| not_staged(&planned.survey.inventory.distribution, error))?;
    journal.enter(Phase::Fetched).map_err(runs::journal_failed)?;
    let detail = format!(
        "{} new and {} old archives verified",
        fetch::new_archives(&planned.plan).len(),
        staged.old().len()
    );
    tools.observer.event(&Event::StageEnded { stage: "staged", detail, took: took(began) });
    gates::stop_if_asked(context)?;
    let lock = runs::take_database_lock(context)?;
    gates::refuse_if_changed(context, planned)?;
    journal.enter(Phase::Preflight).map_err(runs::journal_failed)?;
    let began = context.clock.since_boot();
    tools
        .observer
        .event(&Event::StageBegan { stage: "protected", detail: "configuration and marks".to_owned() });
    let protected = protect::protect(tools, staged).map_err(|error| {
        Failure::new(FailureKind::Host, "the state before the run cannot be saved; nothing was changed")
            .caused_by(error)
    })?;
    let snapshot = snapshots::take(context, (run, folder))?;
    journal.enter(Phase::Snapped).map_err(runs::journal_failed)?;
    let snapshot = snapshot.map_or_else(String::new, |taken| format!("; snapshot {}", taken.name));
    let detail = format!("way back proved{snapshot}");
    tools.observer.event(&Event::StageEnded { stage: "protected", detail, took: took(began) });
    let watch = watch.look_again(tools).arm((run, folder))?;
    gates::stop_if_asked(context)?;
    Ok(Prepared { protected, lock, watch, time_left: TimeLeft::default() })
}

/// A hook that fails, and one that root must not run, stop the run alike.
fn vetoed(error: HookError) -> Failure {
    let failure = Failure::new(FailureKind::Policy, "a hook stopped the run; nothing was changed");
    match &error {
        HookError::Distrusted(reason) => failure.hint(reason.hint()),
        _ => failure,
    }
    .caused_by(error)
}

/// Puts into words why a plan cannot be staged.
pub(in crate::ops) fn not_staged(distribution: &Distribution, error: stage::StageError) -> Unprepared {
    let failure = match error {
        stage::StageError::NoWayBack { packages } => {
            return Unprepared::NoWayBack(packages.into_iter().collect());
        }
        stage::StageError::Fetch(error) => not_fetched(distribution, error),
        stage::StageError::Store(source) if source.is_no_space() => {
            Failure::new(FailureKind::Space, "there is no room for the run's archives; nothing was changed")
                .caused_by(source)
        }
        unsigned @ stage::StageError::Unsigned(_) => {
            Failure::new(FailureKind::Signature, "the archives cannot be believed; nothing was changed")
                .caused_by(unsigned)
        }
        other => Failure::new(FailureKind::Host, "the archives cannot be staged; nothing was changed")
            .caused_by(other),
    };
    Unprepared::Failed(failure)
}

pub(super) fn not_fetched(distribution: &Distribution, error: fetch::FetchError) -> Failure {
    let kind = match &error {
        fetch::FetchError::Digest { .. } => FailureKind::Signature,
        fetch::FetchError::Prepare(source) if source.is_no_space() => FailureKind::Space,
        _ => FailureKind::Host,
    };
    Failure::new(kind, "the archives cannot be fetched; nothing was changed")
        .caused_by(error)
        .hint(format!("{} fetches the lists anew; then make a new plan", distribution.advice().refresh))
}

/// A run that ends before its first change leaves its report and nothing else.
pub(super) fn abandon(
    context: &Context<'_>,
    folder: &RunFolder,
    (journal, failure): (&mut Journal, Failure),
    report: &mut Report,
) -> Failure {
    if let Err(error) = journal.enter(Phase::Abandoned) {
        context.observer.event(&Event::Note(format!("the run's journal cannot be closed: {error}")));
    }
    if let Some(run) = report.run_id {
        dead_man::disarm(run);
        boot_recovery::disarm(context.layout.root());
    }
    snapshots::discard(context, folder);
    for archives in [folder.old_archives(), folder.new_archives()] {
        let _ = storage::remove_folder(&archives);
    }
    let told = TransactionReport::unproven(journal.phase(), journal.head(), report.started);
    report.transaction = Some(TransactionReport { finished: Some(context.now()), ..told });
    records::fail(context, report, &failure);
    if let Err(error) = records::store_run(context, report) {
        context.observer.event(&Event::Note(format!("the report is not stored: {error}")));
    }
    failure
}
