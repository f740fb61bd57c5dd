//! Whether a run may begin now: a window is open, and there is time enough left in it to finish, or to go back.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::request::{Override, Overrides};
use super::{expectation, rules};
use crate::apply::time_left::TimeLeft;
use crate::model::failure::{Failure, FailureKind};
use crate::model::plan::PatchPlan;
use crate::plan::policy::calendar::{self, State};

/// Tells whether there are windows and none is open.
pub fn is_closed(context: &Context<'_>) -> bool {
    let windows = &context.settings.policy.windows;
    matches!(calendar::state(windows, context.now()), State::Closed { .. })
}

/// Refuses to begin while no window is open.
///
/// # Errors
/// There are windows, none is open, and that was not set aside.
pub fn refuse_closed(context: &Context<'_>, overrides: Option<&Overrides>) -> Result<(), Failure> {
    let windows = &context.settings.policy.windows;
    match calendar::state(windows, context.now()) {
        State::Closed { next } if !rules::is_overridden(overrides, Override::Window) => {
            let place = windows.first().map_or_else(String::new, |window| format!(" ({})", window.place));
            let message = format!("no maintenance window is open; nothing was changed{place}");
            Err(refused(message, next, context.now()))
        }
        _ => Ok(()),
    }
}

/// Refuses to begin what may not be over when the window closes.
///
/// # Errors
/// The time that is left is shorter than what the plan may need, its way back included.
pub fn refuse_without_time(
    context: &Context<'_>,
    overrides: Option<&Overrides>,
    plan: &PatchPlan,
) -> Result<(), Failure> {
    let (windows, now) = (&context.settings.policy.windows, context.now());
    let State::Open { until } = calendar::state(windows, now) else { return Ok(()) };
    if rules::is_overridden(overrides, Override::Window) {
        return Ok(());
    }
    let expected = expectation::of(context, plan);
    let left = (until - now).to_std().unwrap_or(Duration::ZERO);
    if expected.total() <= left {
        return Ok(());
    }
    let message = format!(
        "the window closes in {}, and this plan may need {}; nothing was changed",
        minutes(left),
        minutes(expected.total())
    );
    let next = calendar::upcoming(windows, now, 1).first().map(|opening| opening.start);
    let parts = format!(
        "counted: {} to patch, {} to watch the host, {} to go back, {} to reboot",
        minutes(expected.forward),
        minutes(expected.health),
        minutes(expected.back),
        minutes(expected.reboot)
    );
    Err(refused(message, next, now).hint(parts).hint("patch fewer packages: patchctl apply --package NAME"))
}

/// What is left of the window for the batches of a run that begins now; without end where no window closes, or that was set
/// aside.
pub fn time_left(context: &Context<'_>, overrides: Option<&Overrides>, plan: &PatchPlan) -> TimeLeft {
    let now = context.now();
    let State::Open { until } = calendar::state(&context.settings.policy.windows, now) else {
        return TimeLeft::default();
    };
    if rules::is_overridden(overrides, Override::Window) {
        return TimeLeft::default();
    }
    let expected = expectation::of(context, plan);
    let left = (until - now).to_std().unwrap_or(Duration::ZERO);
    TimeLeft {
        closes: Some(context.clock.since_boot() + left),
        after: expected.health + expected.reboot,
        steps: expected.steps,
    }
}

fn refused(message: String, next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Failure {
    let next = match next {
        Some(next) => format!("the next window opens {} ({})", told(next), ahead(next - now)),
        None => "no window opens any more: patchctl policy show".to_owned(),
    };
    Failure::new(FailureKind::Policy, message)
        .hint(next)
        .hint("to go ahead now: patchctl apply --override window --reason TEXT")
}

/// Writes a time so that nobody has to guess its zone.
pub fn told(time: DateTime<Utc>) -> String {
    time.format("%a %Y-%m-%d %H:%M UTC").to_string()
}

fn ahead(span: TimeDelta) -> String {
    match (span.num_days(), span.num_hours(), span.num_minutes()) {
        (0, 0, minutes) => format!("in {minutes} min"),
        (0, hours, _) => format!("in {hours} h"),
        (1, ..) => "in 1 day".to_owned(),
        (days, ..) => format!("in {days} days"),
    }
}

fn minutes(span: Duration) -> String {
    format!("{} min", span.as_secs().div_ceil(60))
}
