//! Whether this host's clock can be believed (safety design, P16): ages, expiry and due dates are worth nothing by a wrong
//! one.
//!
//! The measure are dates that vendors gave: signed ones of repositories, and those that came over verified TLS. The
//! newest ever seen is remembered, so that older lists cannot make an old clock look right.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::host::{facts, storage};
use crate::model::feed::{Authenticity, FeedStamp};

/// How far a vendor's date may be ahead of this host (safety design, P16).
const BEHIND: TimeDelta = TimeDelta::minutes(10);
/// How far this host may be ahead of the newest date of any vendor (safety design, T22).
const AHEAD: TimeDelta = TimeDelta::days(400);

const SCHEMA: &str = "patchctl.state/1";

/// What outlives runs and caches.
#[derive(Serialize, Deserialize)]
struct State {
    schema: String,
    /// The newest date of a vendor that this host has seen.
    verified: DateTime<Utc>,
}

/// Returns why the clock of the running system cannot be believed. Another root and another time (`--as-of`) say nothing
/// about the clock.
pub fn doubt(context: &Context<'_>, stamps: &[FeedStamp]) -> Option<String> {
    if !tells_of_now(context) {
        return None;
    }
    judge(remembered(context).max(newest(stamps))?, context.now())
}

/// Remembers the newest date of a vendor, unless it is ahead of the clock: a wrong date must not make the right clock
/// wrong for ever. Only root's memory counts; where it cannot be written, the next look measures by what it finds.
pub fn remember(context: &Context<'_>, stamps: &[FeedStamp]) {
    let Some(verified) = newest(stamps).filter(|newest| *newest <= context.now()) else { return };
    if !tells_of_now(context) || !facts::is_root() || remembered(context) >= Some(verified) {
        return;
    }
    let state = State { schema: SCHEMA.to_owned(), verified };
    let bytes = serde_json::to_vec(&state).unwrap_or_default();
    let _ = storage::replace(&context.layout.state_file(), &bytes, storage::PRIVATE);
}

fn tells_of_now(context: &Context<'_>) -> bool {
    context.layout.is_live() && context.invocation.as_of.is_none()
}

fn newest(stamps: &[FeedStamp]) -> Option<DateTime<Utc>> {
    let of_vendor =
        |stamp: &&FeedStamp| matches!(stamp.authenticity, Some(Authenticity::Signed | Authenticity::Tls));
    stamps.iter().filter(of_vendor).filter_map(|stamp| stamp.published).max()
}

fn judge(newest: DateTime<Utc>, now: DateTime<Utc>) -> Option<String> {
    if now + BEHIND < newest {
        return Some(format!(
            "the clock of this host says {now}, and content of {newest} was verified already"
        ));
    }
    (now > newest + AHEAD).then(|| {
        format!("the clock of this host says {now}, more than 400 days after the newest date of any vendor, {newest}")
    })
}

/// A state that is absent or cannot be understood remembers nothing.
fn remembered(context: &Context<'_>) -> Option<DateTime<Utc>> {
    let bytes = storage::read_if_present(&context.layout.state_file()).ok()??;
    let state: State = serde_json::from_slice(&bytes).ok()?;
    (state.schema == SCHEMA).then_some(state.verified)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_believed_within_its_limits() {
        let newest = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let is_believed = |offset: TimeDelta| judge(newest, newest + offset).is_none();
        assert!(is_believed(TimeDelta::zero()) && is_believed(-BEHIND) && is_believed(AHEAD));
        assert!(!is_believed(-BEHIND - TimeDelta::seconds(1)) && !is_believed(AHEAD + TimeDelta::seconds(1)));
    }
}
