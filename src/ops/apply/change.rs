//! The changes themselves, from the first batch to the proof, the restarts and the trial.

use super::super::context::Context;
use super::super::trial::{Proven, Watch};
use super::super::{closing, runs};
use super::prepare::Prepared;
use crate::apply::back::{self, Arrived, WayBack};
use crate::apply::engine::{self, Ending, Performed};
use crate::apply::extent::Extent;
use crate::apply::journal::Journal;
use crate::apply::protect::ProtectedPlan;
use crate::apply::{RunError, Tools, systemd};
use crate::host::storage;
use crate::model::failure::Failure;
use crate::model::plan::Action;
use crate::model::transaction::Phase;
use crate::observe::Event;
use crate::scan::inventory;

/// What a run did to the host, and how well the host is since.
pub(super) struct Changed {
    /// The batches, or the way back.
    pub(super) performed: Performed,
    /// Restarts and trial.
    pub(super) proven: Proven,
    /// What the host is judged by.
    pub(super) watch: Watch,
}

/// Does what the plan says and proves it, or takes it back.
///
/// # Errors
/// The run is cut off and still open.
pub(super) fn change(
    context: &Context<'_>,
    tools: &Tools<'_>,
    prepared: Prepared,
    journal: &mut Journal,
) -> Result<Changed, Failure> {
    let Prepared { protected, lock, mut watch, time_left } = prepared;
    let plan = protected.staged().plan();
    let began = context.clock.since_boot();
    tools.observer.event(&Event::StageBegan {
        stage: "applying",
        detail: match plan.steps.len() {
            1 => "in one step".to_owned(),
            steps => format!("in {steps} steps"),
        },
    });
    let _inhibitor = systemd::inhibit("packages are being patched");
    let mut performed = engine::perform(tools, &protected, journal, &time_left).map_err(runs::left_open)?;
    let mut proven = watch.untried();
    if let Ending::Patched(verified) = &performed.ending {
        closing::keep_marks(tools.manager.records(), plan, protected.remembered())?;
        // Behind the marks: the package manager does not wait for the disk when it writes them.
        storage::sync_all();
        let took = context.clock.since_boot().saturating_sub(began);
        let detail = format!("{} packages, {} files", verified.packages, verified.files);
        tools.observer.event(&Event::StageEnded { stage: "verified", detail, took });
        proven = watch.prove(tools, journal).map_err(runs::journal_failed)?;
        match proven.complaint.clone() {
            None => journal.enter(Phase::Commit).map_err(runs::journal_failed)?,
            Some(reason) => {
                watch.goes_back(tools);
                performed.ending = go_back(tools, &protected, journal, reason).map_err(runs::left_open)?;
            }
        }
    }
    if let Ending::Returned { .. } = performed.ending {
        proven = watch.prove_return(tools, proven);
    }
    drop(lock);
    Ok(Changed { performed, proven, watch })
}

/// Every batch was done, so all of them are taken back.
fn go_back(
    tools: &Tools<'_>,
    protected: &ProtectedPlan,
    journal: &mut Journal,
    reason: String,
) -> Result<Ending, RunError> {
    let folder = protected.staged().folder();
    let actions: Vec<Action> = protected.staged().plan().actions().cloned().collect();
    let way = WayBack::new(tools.manager.archives(), (folder, folder), (actions, Extent::Whole))?;
    if !way.is_whole(&inventory::read(tools.layout.root(), tools.layout.is_live())?) {
        journal.enter(Phase::Operator)?;
        return Ok(Ending::Stuck {
            reason: format!("{reason}; no way leads back"),
            commands: way.commands(tools),
        });
    }
    Ok(match back::go(tools, &way, journal, &reason)? {
        Arrived::Old { verified, not_restored } => {
            Ending::Returned { reason, stopped: tools.signals.stop(), verified, not_restored }
        }
        Arrived::Nowhere { reason: why, commands } => {
            Ending::Stuck { reason: format!("{reason}; {why}"), commands }
        }
    })
}
