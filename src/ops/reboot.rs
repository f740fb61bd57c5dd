//! `reboot`: a reboot that is due begins when policy lets it, and is kept until then.
//!
//! `apply` only asks for it. What waits lies in a file that outlives everything but the reboot itself, and a timer or cron calls
//! `patchctl reboot --scheduled` until the system goes down.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::request::{Begins, RebootRequest};
use super::{needs_restart, records, runs};
use crate::apply::hooks::{self, Turn};
use crate::apply::reboot as order;
use crate::host::lock::RecordLock;
use crate::host::{facts, people, storage};
use crate::model::decision::RebootPolicy;
use crate::model::failure::{Failure, FailureKind};
use crate::model::outcome::Outcome;
use crate::model::run::RunId;
use crate::observe::Event;
use crate::plan::policy::calendar;
use crate::plan::policy::reboot::{self, Notice, Verdict};
use crate::report::documents::Identity;
use crate::report::reboot::{REBOOT_SCHEMA, RebootDocument, RebootState};
use crate::report::schema::Report;

/// The entries of a schedule under cron; one of them looks after a reboot.
const CRON: &str = "/etc/cron.d/patchctl";
/// Name of [`Pending`].
const PENDING_SCHEMA: &str = "patchctl.pending-reboot/1";

/// A reboot that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    schema: String,
    /// The boot that it ends.
    boot_id: String,
    /// Why.
    pub reason: String,
    /// The run that asked for it.
    run: Option<RunId>,
    /// What people who are logged in were told.
    notice: Option<Notice>,
}

/// Looks after a reboot that is due.
///
/// # Errors
/// No root, a corrupt record, a run that is open, or nobody takes the order.
pub fn reboot(context: &Context<'_>, request: RebootRequest) -> Result<RebootDocument, Failure> {
    context.require_power_over_host("reboot")?;
    let waiting = pending(context)?;
    let RebootRequest::WhenItMay(begins) = request else {
        let state = if waiting.is_some() { RebootState::Cancelled } else { RebootState::NotDue };
        forget(context)?;
        return Ok(told(context, waiting, state));
    };
    let waiting = match (waiting, begins) {
        (None, Begins::ByHand) => due(context)?,
        (waiting, _) => waiting,
    };
    let Some(mut waiting) = waiting else {
        // The timer that called is of a reboot that is over or called off.
        order::stop_looking();
        return Ok(told(context, None, RebootState::NotDue));
    };
    keep(context, &waiting)?;
    let state = go_on(context, &mut waiting)?;
    if state != RebootState::Rebooting {
        look_again(context);
    }
    Ok(told(context, Some(waiting), state))
}

/// After a run: keeps the wish for a reboot where the policy or the command line has one, and tells when it begins.
pub fn ask_after(context: &Context<'_>, wanted: RebootPolicy, report: &Report) {
    let is_wanted = match wanted {
        RebootPolicy::Never => false,
        RebootPolicy::IfNeeded => report.outcome == Outcome::RebootPending,
        RebootPolicy::Always => matches!(report.outcome, Outcome::RebootPending | Outcome::Patched),
    };
    let Some(run) = report.run_id.filter(|_| is_wanted) else { return };
    let reason = report.restart.as_ref().and_then(|restart| restart.reboot.clone());
    let reason = reason.unwrap_or_else(|| format!("asked for after run {run}"));
    let note = match keep(context, &wish(reason, Some(run))) {
        Ok(()) if look_again(context) => format!("the host reboots {}", when(context)),
        Ok(()) => "a reboot is asked for, and nothing here begins it by itself: patchctl reboot".to_owned(),
        Err(failure) => format!("the reboot is due and cannot be kept: {failure}"),
    };
    context.observer.event(&Event::Note(note));
}

/// Sets the timer of a reboot that waits, in case somebody took it away.
pub fn resume(context: &Context<'_>) {
    if facts::is_root() && context.layout.is_live() && pending(context).is_ok_and(|waiting| waiting.is_some())
    {
        look_again(context);
    }
}

/// Returns the reboot that waits; one that another boot fulfilled does not.
///
/// # Errors
/// Its record cannot be believed.
pub fn pending(context: &Context<'_>) -> Result<Option<Pending>, Failure> {
    let kept: Option<Pending> = records::state(&context.layout.reboot(), PENDING_SCHEMA)?;
    Ok(kept.filter(|kept| kept.boot_id == facts::boot_id()))
}

fn wish(reason: String, run: Option<RunId>) -> Pending {
    Pending { schema: PENDING_SCHEMA.to_owned(), boot_id: facts::boot_id(), reason, run, notice: None }
}

/// A person may ask for a reboot that no run asked for.
fn due(context: &Context<'_>) -> Result<Option<Pending>, Failure> {
    let reason = needs_restart::needs_restart(context)?.restart.reboot;
    Ok(reason.map(|reason| wish(reason, runs::known(&context.layout).last().copied())))
}

fn keep(context: &Context<'_>, waiting: &Pending) -> Result<(), Failure> {
    // Strings and times always have a JSON form.
    let json = serde_json::to_vec(waiting).unwrap_or_default();
    runs::prepare(&context.layout)
        .and_then(|()| storage::replace(&context.layout.reboot(), &json, storage::PRIVATE))
        .map_err(runs::state_unwritable)
}

fn forget(context: &Context<'_>) -> Result<(), Failure> {
    order::stop_looking();
    storage::remove_file(&context.layout.reboot()).map_err(runs::state_unwritable)
}

/// Gives the order where nothing is in its way.
fn go_on(context: &Context<'_>, waiting: &mut Pending) -> Result<RebootState, Failure> {
    let (policy, now) = (&context.settings.policy, context.now());
    let there = people::logged_in();
    let wait = TimeDelta::from_std(policy.reboot_wait).unwrap_or(TimeDelta::MAX);
    let window = calendar::state(policy.windows_for_reboots(), now);
    // Where nobody can tell who is logged in, somebody may be.
    let somebody = there.as_ref().is_none_or(|people| !people.is_empty());
    match reboot::decide(window, now, (somebody, wait), waiting.notice) {
        Verdict::OutsideWindow { next } => Ok(RebootState::OutsideWindow { next }),
        Verdict::Waits { notice } => {
            if notice.told == now {
                people::tell(&notice_of(waiting, notice));
                waiting.notice = Some(notice);
                keep(context, waiting)?;
            }
            Ok(RebootState::People { people: there.unwrap_or_default(), until: notice.until })
        }
        Verdict::Now => begin(context, waiting),
    }
}

fn notice_of(waiting: &Pending, notice: Notice) -> String {
    let minutes = (notice.until - notice.told).num_minutes();
    format!("patchctl: this host reboots in {minutes} min, or when nobody is logged in ({})", waiting.reason)
}

/// The last looks, and the order.
fn begin(context: &Context<'_>, waiting: &Pending) -> Result<RebootState, Failure> {
    if let Some(holder) = runs::holder(context)? {
        return Ok(RebootState::Busy { with: format!("{} is at work", holder.command) });
    }
    let _lock = runs::take_lock(context, "reboot")?;
    if let Some(open) = runs::open_run(&context.layout)? {
        let message =
            format!("run {} was interrupted and is still open: the reboot waits for its end", open.id);
        return Err(Failure::new(FailureKind::OpenRun, message).hint("patchctl recover brings it to its end"));
    }
    if let Some(run) = waiting.run
        && let Err(error) = hooks::run(&context.layout, Turn::PreReboot, run)
    {
        return Ok(RebootState::Busy { with: error.to_string() });
    }
    // No other tool is in the middle of a change.
    let _database: Option<RecordLock> = runs::take_database_lock(context)?;
    people::tell(&format!("patchctl: this host reboots now ({})", waiting.reason));
    order::order().map_err(|words| {
        Failure::new(FailureKind::Host, format!("the host does not reboot: {words}"))
            .hint("patchctl tries again every minute; systemd-inhibit --list names who holds it up")
    })?;
    Ok(RebootState::Rebooting)
}

/// Tells whether something looks again by itself.
fn look_again(context: &Context<'_>) -> bool {
    match order::look_again() {
        Ok(true) => true,
        Ok(false) => is_in_cron(),
        Err(words) => {
            let note = format!("no timer for the reboot can be set: {words}");
            context.observer.event(&Event::Note(note));
            false
        }
    }
}

fn is_in_cron() -> bool {
    let entries = storage::read(Path::new(CRON)).unwrap_or_default();
    String::from_utf8_lossy(&entries).contains(" reboot --scheduled")
}

fn when(context: &Context<'_>) -> String {
    let policy = &context.settings.policy;
    let people = match policy.reboot_wait.as_secs() {
        0 => String::new(),
        seconds => format!("; people who are logged in have {} min", seconds.div_ceil(60)),
    };
    let window = match calendar::state(policy.windows_for_reboots(), context.now()) {
        calendar::State::Closed { next: Some(next) } => format!("in its next window, {}", shown(next)),
        calendar::State::Closed { next: None } => "in no window: none opens any more".to_owned(),
        calendar::State::Unlimited | calendar::State::Open { .. } => "in a minute".to_owned(),
    };
    format!("{window}{people} (patchctl reboot --cancel calls it off)")
}

fn shown(time: DateTime<Utc>) -> String {
    time.format("%a %Y-%m-%d %H:%M UTC").to_string()
}

fn told(context: &Context<'_>, waiting: Option<Pending>, state: RebootState) -> RebootDocument {
    RebootDocument {
        identity: Identity::of(REBOOT_SCHEMA, context.now()),
        reason: waiting.map(|waiting| waiting.reason),
        goes_on: order::is_set() || is_in_cron(),
        state,
    }
}
