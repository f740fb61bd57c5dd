//! What has to be true before a run may go on: the plan is still the right one, the database is clean, there is room.

use std::collections::BTreeSet;

use super::super::context::Context;
use super::super::plan::Planned;
use super::super::survey;
use crate::apply::{kernels, space};
use crate::host::signals::Stop;
use crate::model::decision::{Held, HoldReason};
use crate::model::failure::{Failure, FailureKind};
use crate::model::kernel::Kernels;
use crate::model::package::Inventory;
use crate::model::plan::{PatchPlan, SpaceNeed};
use crate::plan::difference;

/// A plan that was made before is carried out exactly, or not at all.
pub(in crate::ops) fn refuse_drift(asked: &PatchPlan, now: &PatchPlan) -> Result<(), Failure> {
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
    if let Some(held) = without_way_back(asked, now).or_else(|| held_by_rule(asked, now)) {
        return Err(held);
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

/// Refuses a plan that was to change packages which have no way back any more.
fn without_way_back(asked: &PatchPlan, now: &PatchPlan) -> Option<Failure> {
    let was_planned = |held: &&Held| asked.actions().any(|action| action.package == held.package);
    let lost: Vec<&Held> = now.held.iter().filter(is_without_way_back).filter(was_planned).collect();
    if lost.is_empty() {
        return None;
    }
    let told: Vec<String> = lost.iter().map(|held| told(held)).collect();
    let message = format!("some changes of the plan have no way back any more: {}", told.join("; "));
    Some(
        Failure::new(FailureKind::Drift, message)
            .hint("make a new plan, which leaves them out: patchctl plan -o FILE")
            .hint(format!("or patch them all the same: --accept-no-rollback {}", roots(&lost))),
    )
}

/// Refuses a plan that was to change packages which a rule of the administrator holds now.
fn held_by_rule(asked: &PatchPlan, now: &PatchPlan) -> Option<Failure> {
    let by_rule = |held: &&Held| {
        held.cause_chain.last().is_some_and(|root| root.rule.is_some() && root.reason.is_ours())
    };
    let was_planned = |held: &&Held| asked.actions().any(|action| action.package == held.package);
    let told: Vec<String> = now.held.iter().filter(by_rule).filter(was_planned).map(told).collect();
    if told.is_empty() {
        return None;
    }
    let message = format!("policy holds some changes of the plan now: {}", told.join("; "));
    Some(
        Failure::new(FailureKind::Policy, message)
            .hint("make a new plan, which leaves them out: patchctl plan -o FILE"),
    )
}

fn is_without_way_back(held: &&Held) -> bool {
    held.cause_chain.last().is_some_and(|root| root.reason == HoldReason::NoWayBack)
}

/// A held package with what is in its way, down to the root.
fn told(held: &Held) -> String {
    let causes = held.cause_chain.iter().map(|cause| format!("{}: {}", cause.subject, cause.detail));
    causes.collect::<Vec<_>>().join(": ")
}

fn roots(lost: &[&Held]) -> String {
    let subjects: BTreeSet<&str> =
        lost.iter().filter_map(|held| Some(held.cause_chain.last()?.subject.as_str())).collect();
    subjects.into_iter().collect::<Vec<_>>().join(",")
}

/// Where nothing remains but packages without a way back, what was asked for was not done (safety design, P29).
pub(super) fn refuse_when_only_held(plan: &PatchPlan) -> Result<(), Failure> {
    if !plan.is_empty() {
        return Ok(());
    }
    refuse_when_frozen(plan)?;
    let lost: Vec<&Held> = plan.held.iter().filter(is_without_way_back).collect();
    if lost.is_empty() {
        return Ok(());
    }
    let message = "what remains to be patched has no way back; nothing was changed";
    let hint = format!("patch it all the same: patchctl apply --accept-no-rollback {}", roots(&lost));
    Err(Failure::new(FailureKind::NoWayBack, message).hint(hint))
}

/// Where nothing remains but what a freeze does not let through, the run is refused by policy.
fn refuse_when_frozen(plan: &PatchPlan) -> Result<(), Failure> {
    let root = |held: &Held| held.cause_chain.last().cloned();
    let frozen = plan.held.iter().filter_map(root).find(|root| root.reason == HoldReason::Frozen);
    let Some(frozen) = frozen else { return Ok(()) };
    let message = format!("nothing may be patched now: frozen {}; nothing was changed", frozen.detail);
    Err(Failure::new(FailureKind::Policy, message)
        .hint("to go ahead now: patchctl apply --override freeze --reason TEXT"))
}

/// By a wrong clock nobody knows how old the lists are that would decide what is installed.
pub(in crate::ops) fn refuse_wrong_clock(doubt: Option<&String>) -> Result<(), Failure> {
    match doubt {
        None => Ok(()),
        Some(doubt) => Err(Failure::new(FailureKind::Clock, format!("{doubt}; nothing was changed"))
            .hint("set the clock: timedatectl, chronyc makestep or date")),
    }
}

pub(super) fn refuse_without_room(inventory: &Inventory, plan: &PatchPlan) -> Result<(), Failure> {
    let shortages = space::shortages(&plan.space);
    if shortages.is_empty() {
        return Ok(());
    }
    let is_for_kernels = |need: &SpaceNeed| !need.fits() && need.purpose.iter().any(|what| what == "kernels");
    let old = kernels::that_may_go(&inventory.kernels, &inventory.distribution)
        .filter(|_| plan.space.iter().any(is_for_kernels));
    let failure = Failure::new(FailureKind::Space, shortages.join("; "));
    let closed: Vec<&SpaceNeed> = plan.space.iter().filter(|need| need.read_only).collect();
    if !closed.is_empty() {
        let hint = |need: &SpaceNeed| format!("make it writable: mount -o remount,rw {}", need.mount);
        return Err(closed.into_iter().map(hint).fold(failure, Failure::hint));
    }
    Err(old.into_iter().fold(failure, Failure::hint).hint(format!(
        "make room there ({}, old logs), or patch fewer packages: patchctl apply --package NAME",
        inventory.distribution.advice().clean
    )))
}

/// The kernel that runs stays, whatever is allowed to be removed.
pub(super) fn refuse_losing_kernel(plan: &PatchPlan, kernels: &Kernels) -> Result<(), Failure> {
    match kernels::removal_of_running(plan, kernels) {
        None => Ok(()),
        Some(package) => Err(Failure::new(
            FailureKind::Policy,
            format!("the plan would remove the running kernel: {package}"),
        )
        .hint("boot another kernel first, or leave it out: patchctl plan --exclude NAME")),
    }
}

pub(in crate::ops) fn stop_if_asked(context: &Context<'_>) -> Result<(), Failure> {
    match context.signals.stop() {
        None => Ok(()),
        Some(stop) => {
            Err(Failure::new(kind_of(stop), "stopped before the first change; the host is as before"))
        }
    }
}

pub(in crate::ops) fn kind_of(stop: Stop) -> FailureKind {
    match stop {
        Stop::Interrupt => FailureKind::Interrupted,
        Stop::Terminate => FailureKind::Terminated,
    }
}

/// Between the plan and the lock another tool may have changed packages.
pub(in crate::ops) fn refuse_if_changed(context: &Context<'_>, planned: &Planned) -> Result<(), Failure> {
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
