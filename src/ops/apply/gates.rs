//! What has to be true before a run may go on: the plan is still the right one, the database is clean, there is room.

use super::super::context::Context;
use super::super::plan::Planned;
use super::super::survey;
use crate::apply::space;
use crate::host::signals::Stop;
use crate::model::failure::{Failure, FailureKind};
use crate::model::plan::PatchPlan;
use crate::plan::difference;

/// A plan that was made before is carried out exactly, or not at all.
pub(super) fn refuse_drift(asked: &PatchPlan, now: &PatchPlan) -> Result<(), Failure> {
    if asked.host != now.host {
        let named = |plan: &PatchPlan| format!("{} ({})", plan.host.name, plan.host.distribution);
        return Err(Failure::new(
            FailureKind::Drift,
            format!("the plan is for the host {}, this is {}", named(asked), named(now)),
        )
        .hint("make a plan on this host: patchctl plan -o FILE"));
    }
    let drift = difference::actions(asked, now);
    if drift.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = drift.iter().take(8).map(ToString::to_string).collect();
    let rest = drift.len().saturating_sub(shown.len());
    let more = if rest > 0 { format!("; and {rest} more") } else { String::new() };
    Err(Failure::new(
        FailureKind::Drift,
        format!("the host has changed since the plan was made: {}{more}", shown.join("; ")),
    )
    .hint("make a new plan: patchctl plan -o FILE; compare them: patchctl plan --diff OLD NEW"))
}

pub(super) fn refuse_without_room(plan: &PatchPlan) -> Result<(), Failure> {
    let shortages = space::shortages(&plan.space);
    if shortages.is_empty() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Space, shortages.join("; "))
        .hint("make room there (apt-get clean, old kernels), or patch fewer packages: patchctl apply --package NAME"))
}

pub(super) fn stop_if_asked(context: &Context<'_>) -> Result<(), Failure> {
    match context.signals.stop() {
        None => Ok(()),
        Some(stop) => {
            Err(Failure::new(kind_of(stop), "stopped before the first change; the host is as before"))
        }
    }
}

pub(super) fn kind_of(stop: Stop) -> FailureKind {
    match stop {
        Stop::Interrupt => FailureKind::Interrupted,
        Stop::Terminate => FailureKind::Terminated,
    }
}

/// Between the plan and the lock another tool may have changed packages.
pub(super) fn refuse_if_changed(context: &Context<'_>, planned: &Planned) -> Result<(), Failure> {
    let now = survey::inventory(context)?;
    if now.digest == planned.survey.inventory.digest {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Drift,
        "packages changed between plan and apply; nothing was changed by patchctl",
    )
    .hint("run patchctl apply again"))
}
