//! Feeds brought up to date: transport, trust, cache and index joined. A feed that fails is a stamp that says so,
//! never an error that stops a scan.

mod authenticate;
pub mod bundle;
mod compiled;
mod error;
mod folder;
mod follow;
mod import;
mod keep;
mod question;
mod stamp;
#[cfg(test)]
mod tests;
mod threats;

use std::io;
use std::thread::{self, Builder, ScopedJoinHandle};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::compiled::{load_index, load_index_for};
pub use self::error::RefreshError;
use self::follow::follow;
pub use self::import::{FeedCheck, import_file, verify};
use self::keep::{Keeping, keep};
use self::question::{Arrived, Question};
use self::stamp::stamp;
pub use self::threats::{ThreatsOf, load_threats};
use super::feed::Addressing;
use super::feed::cache::{CacheError, CacheRecord, FeedCache, StoredContent, StoredFailure};
use super::feed::registry::{self, Format};
use super::feed::trust::Refusal;
use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::lock::LockError;
use crate::host::transport::{Fetched, Validators};
use crate::model::distro::Distribution;
use crate::model::feed::{FeedRole, FeedStamp, SourceSettings};
use crate::model::package::Inventory;

/// How long a failed refresh is not tried again, unless asked for (product design, section 5: remembered failures).
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(15);

/// When sources are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshMode {
    /// Not at all: what is here is used.
    Never,
    /// When the interval is over.
    WhenDue,
    /// Now, whatever failed before.
    Now,
}

/// What is to be brought up to date.
#[derive(Clone, Copy, Debug)]
pub struct RefreshRequest<'a> {
    /// Where the cache is.
    pub layout: &'a Layout,
    /// The clock.
    pub clock: &'a Clock,
    /// Where the proxy is configured.
    pub environment: &'a Environment,
    /// The distribution whose release is compiled.
    pub distribution: &'a Distribution,
    /// What is installed, so that content which turns this host's holes upside down is noticed.
    pub inventory: &'a Inventory,
    /// The sources.
    pub sources: &'a [SourceSettings],
    /// When they are asked.
    pub mode: RefreshMode,
    /// How often they are asked.
    pub every: Duration,
    /// The longest that one source may take.
    pub patience: Duration,
    /// Feeds whose older or smaller content is accepted this time.
    pub accept_older: &'a [String],
}

/// Returns the sources that a distribution has without any configuration.
pub fn default_sources(distribution: &Distribution, max_age: Duration) -> Vec<SourceSettings> {
    registry::published(distribution)
        .into_iter()
        .map(|(format, published)| SourceSettings {
            name: published.name,
            format: format.name().to_owned(),
            role: format.role(),
            location: published.location,
            sha256: None,
            key: None,
            max_age,
            configured_by_admin: false,
        })
        .collect()
}

/// Brings every source up to date that is due, all at the same time, and tells the state of each. Failures are
/// remembered and told in the stamps.
pub fn refresh(request: RefreshRequest<'_>) -> Vec<FeedStamp> {
    if request.mode == RefreshMode::Never {
        return request.sources.iter().map(|source| refresh_source(&request, source)).collect();
    }
    thread::scope(|scope| {
        let begin = |source| Builder::new().spawn_scoped(scope, move || refresh_source(&request, source));
        let begun: Vec<_> = request.sources.iter().map(begin).collect();
        let end = |(begun, source): (io::Result<ScopedJoinHandle<'_, FeedStamp>>, _)| match begun {
            Ok(thread) => thread.join().unwrap_or_else(|_| stamp::defect(source)),
            // A system that is short of memory refuses a thread.
            Err(_) => refresh_source(&request, source),
        };
        begun.into_iter().zip(request.sources).map(end).collect()
    })
}

fn refresh_source(request: &RefreshRequest<'_>, source: &SourceSettings) -> FeedStamp {
    let cache = FeedCache::new(request.layout, &source.name);
    // A damaged record is as good as none: the cache may be deleted at any time.
    let mut record = cache.read().unwrap_or_default();
    let (now, release) = (request.clock.now(), request.distribution.release_key());
    if is_due(request, source, &record) {
        match update_alone(request, source, &record) {
            Ok(updated) => record = updated,
            Err(error) => {
                // What another refresh wrote meanwhile is the better record.
                record = cache.read().unwrap_or(record);
                record.failure = Some(failure(&error, now));
            }
        }
    }
    if let Err(error) = count_release(request, source, &mut record) {
        record.failure.get_or_insert(failure(&error, now));
    }
    stamp(source, &record, &release, now)
}

/// Updates a source while no other process does. What another process just did is not done again.
fn update_alone(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    record: &CacheRecord,
) -> Result<CacheRecord, RefreshError> {
    let (cache, began) = (FeedCache::new(request.layout, &source.name), request.clock.now());
    let is_asked = request.mode == RefreshMode::Now || record.content.is_none();
    let patience = if is_asked { request.patience } else { Duration::ZERO };
    let _lock = match cache.lock(patience) {
        // A scan has better things to do than to wait for what it can do without.
        Err(CacheError::Busy { source: LockError::Held { .. } }) if !is_asked => return Ok(record.clone()),
        lock => lock.map_err(caching(&source.name))?,
    };
    let record = cache.read().unwrap_or_default();
    match &record.content {
        Some(content) if content.checked > began && is_of_source(content, source) => Ok(record),
        _ => update(request, source, &record)
            .inspect_err(|error| remember(&cache, record, failure(error, began), error)),
    }
}

/// Compiles the content in use for a release that it was not compiled for yet, such as that of another root.
fn count_release(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    record: &mut CacheRecord,
) -> Result<(), RefreshError> {
    let release = request.distribution.release_key();
    let Some(content) = &mut record.content else { return Ok(()) };
    if source.role == FeedRole::Threats || content.advisories.contains_key(&release) {
        return Ok(());
    }
    let compiled = compiled::rebuild(request.layout, source, request.distribution, content)?;
    content.note_release(release, compiled.advisories, compiled.unread);
    // A cache that cannot be written costs time at the next scan, and nothing else.
    let _ = FeedCache::new(request.layout, &source.name).write(record);
    Ok(())
}

fn is_due(request: &RefreshRequest<'_>, source: &SourceSettings, record: &CacheRecord) -> bool {
    let now = request.clock.now();
    let since = |time: DateTime<Utc>| now.signed_duration_since(time);
    match (request.mode, &record.failure, &record.content) {
        (RefreshMode::Never, _, _) => false,
        (RefreshMode::Now, _, _) => true,
        (RefreshMode::WhenDue, Some(failure), _) => since(failure.time).abs() >= RETRY_AFTER,
        (RefreshMode::WhenDue, None, None) => true,
        (RefreshMode::WhenDue, None, Some(content)) => {
            let every = TimeDelta::from_std(request.every).unwrap_or(TimeDelta::MAX);
            since(content.checked).abs() >= every || !is_of_source(content, source)
        }
    }
}

/// Tells whether content came from where the source is now, with the digest or a signature as configured now.
fn is_of_source(content: &StoredContent, source: &SourceSettings) -> bool {
    content.location == source.location
        && source.sha256.is_none_or(|pin| pin == content.sha256)
        && (source.key.is_none() || content.signed_by.is_some())
}

/// Keeps a failure for later scans. When even that cannot be written, this scan still tells it. That a release is
/// not in the feed concerns this root only, and other roots may share the cache.
fn remember(cache: &FeedCache, record: CacheRecord, failure: StoredFailure, error: &RefreshError) {
    if !matches!(error, RefreshError::Refused { source: Refusal::Release { .. }, .. }) {
        let _ = cache.write(&CacheRecord { failure: Some(failure), ..record });
    }
}

fn failure(error: &RefreshError, now: DateTime<Utc>) -> StoredFailure {
    let refused = match error {
        RefreshError::Refused { source: Refusal::Reader { source }, .. } => source.is_of_content(),
        RefreshError::Refused { .. } => true,
        RefreshError::Signature { source, .. } => source.is_of_content(),
        _ => false,
    };
    StoredFailure { time: now, reason: error.reason(), refused }
}

/// Asks one source and takes what is new through trust into cache and index.
fn update(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    record: &CacheRecord,
) -> Result<CacheRecord, RefreshError> {
    let format = format_of(source, request.distribution)?;
    let reusable = record.content.as_ref().filter(|content| is_of_source(content, source));
    let cache = FeedCache::new(request.layout, &source.name);
    let arrived = arrive(Question { request, source, format }, (&cache, reusable));
    let kept = arrived.and_then(|arrived| match arrived {
        None => note_unchanged(request, source, record),
        Some(arrived) => {
            let accept_older = request.accept_older.contains(&source.name);
            let last_good = record.content.as_ref();
            keep(Keeping { request, format, source, accept_older, last_good, by_hand: false }, arrived)
        }
    });
    match &kept {
        // A part to go on with the next time may lie there.
        Ok(_) | Err(RefreshError::Fetch { .. }) => {}
        Err(_) => cache.drop_incoming(),
    }
    kept
}

/// Fetches what is new; `None` where nothing is.
fn arrive(
    question: Question<'_>,
    (cache, last): (&FeedCache, Option<&StoredContent>),
) -> Result<Option<Arrived>, RefreshError> {
    let (source, incoming) = (question.source, cache.incoming());
    if let Addressing::Folder(archive) = question.format.addressing()
        && source.location.ends_with(archive.list())
    {
        return folder::fetch((question, archive), last);
    }
    let known = last.map_or(Validators::default(), StoredContent::validators);
    match question.download((&source.location, known), &incoming)? {
        Fetched::Unchanged => Ok(None),
        Fetched::New(download) => follow(question, download, &incoming).map(Some),
    }
}

fn format_of(source: &SourceSettings, distribution: &Distribution) -> Result<Format, RefreshError> {
    let unknown = || RefreshError::UnknownFeed { name: source.format.clone() };
    let format = registry::find(&source.format).ok_or_else(unknown)?;
    if format.covers(distribution) {
        return Ok(format);
    }
    Err(RefreshError::NotCovered { feed: source.name.clone(), distribution: distribution.title() })
}

fn note_unchanged(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    record: &CacheRecord,
) -> Result<CacheRecord, RefreshError> {
    let mut content = record.content.clone();
    if let Some(content) = &mut content {
        content.checked = request.clock.now();
    }
    let record = CacheRecord { content, failure: None };
    let cache = FeedCache::new(request.layout, &source.name);
    cache.write(&record).map_err(caching(&source.name))?;
    Ok(record)
}

fn caching(feed: &str) -> impl FnOnce(CacheError) -> RefreshError + '_ {
    move |source| RefreshError::Cache { feed: feed.to_owned(), source }
}
