//! What a report says about a feed, from what the cache knows.

use chrono::{DateTime, Utc};

use super::is_of_source;
use crate::model::feed::{FeedStamp, FeedState, SourceSettings};
use crate::scan::feed::cache::{CacheRecord, StoredContent};
use crate::scan::feed::trust::state_by_age;

/// Makes the stamp of a source for one release.
pub(super) fn stamp(
    source: &SourceSettings,
    record: &CacheRecord,
    release: &str,
    now: DateTime<Utc>,
) -> FeedStamp {
    let problem = record.failure.as_ref().map(|failure| failure.reason.clone());
    let Some(content) = &record.content else { return missing(source, problem) };
    let state = state(source, record, content, now);
    FeedStamp {
        name: source.name.clone(),
        location: content.location.clone(),
        published: content.published,
        fetched: Some(content.fetched),
        age_seconds: Some(now.signed_duration_since(content.dated()).num_seconds()),
        sha256: Some(content.identity()),
        authenticity: Some(content.authenticity),
        signed_by: content.signed_by.clone(),
        advisories: content.advisories.get(release).copied().unwrap_or(0),
        unread: content.unread.get(release).cloned().unwrap_or_default(),
        state,
        problem,
    }
}

/// The stamp of a source whose refresh ended in a defect of patchctl.
pub(super) fn defect(source: &SourceSettings) -> FeedStamp {
    missing(source, Some("its refresh ended in a defect of patchctl".to_owned()))
}

fn missing(source: &SourceSettings, problem: Option<String>) -> FeedStamp {
    FeedStamp { problem, ..FeedStamp::missing(source.name.clone(), source.location.clone()) }
}

fn state(
    source: &SourceSettings,
    record: &CacheRecord,
    content: &StoredContent,
    now: DateTime<Utc>,
) -> FeedState {
    let refused = record.failure.as_ref().is_some_and(|failure| failure.refused);
    let is_guarded = source.sha256.is_some() || source.key.is_some();
    if refused || (is_guarded && !is_of_source(content, source)) {
        FeedState::Suspect
    } else {
        state_by_age(content, source.max_age, now)
    }
}
