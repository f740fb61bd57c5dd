//! The changes themselves, from the first batch to the proof.

use super::super::context::Context;
use super::super::{closing, runs};
use crate::apply::Tools;
use crate::apply::engine::{self, Ending, Performed};
use crate::apply::journal::Journal;
use crate::apply::protect::ProtectedPlan;
use crate::host::storage;
use crate::model::failure::Failure;
use crate::model::transaction::Phase;
use crate::observe::Event;

/// Does what the plan says and proves it, or takes it back.
///
/// # Errors
/// The run is cut off and still open.
pub(super) fn change(
    context: &Context<'_>,
    tools: &Tools<'_>,
    protected: &ProtectedPlan,
    journal: &mut Journal,
) -> Result<Performed, Failure> {
    let plan = protected.staged().plan();
    let began = context.clock.since_boot();
    tools.observer.event(&Event::StageBegan {
        stage: "applying",
        detail: match plan.steps.len() {
            1 => "in one step".to_owned(),
            steps => format!("in {steps} steps"),
        },
    });
    let performed = engine::perform(tools, protected, journal).map_err(runs::left_open)?;
    if let Ending::Patched(verified) = &performed.ending {
        storage::sync_all();
        closing::keep_marks(plan, protected.remembered())?;
        journal.enter(Phase::Commit).map_err(runs::journal_failed)?;
        let took = context.clock.since_boot().saturating_sub(began);
        let detail = format!("{} packages, {} files", verified.packages, verified.files);
        tools.observer.event(&Event::StageEnded { stage: "verified", detail, took });
    }
    Ok(performed)
}
