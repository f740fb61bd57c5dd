//! Feeds brought up to date: transport, trust, cache and index joined. A feed that fails is a stamp that says so,
//! never an error that stops a scan.

mod compiled;
mod follow;
mod import;
mod stamp;
#[cfg(test)]
mod tests;
mod threats;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub use self::compiled::load_index;
use self::follow::follow;
pub use self::import::{FeedCheck, import_file, verify};
use self::stamp::stamp;
pub use self::threats::load_threats;
use super::assess::open_holes;
use super::feed::cache::{CacheError, CacheRecord, FeedCache, StoredContent, StoredFailure};
use super::feed::registry::{self, Format};
use super::feed::trust::{self, Gate, LARGEST_CONTENT, Refusal};
use super::index::Index;
use crate::config::layout::Layout;
use crate::host::clock::Clock;
use crate::host::environment::Environment;
use crate::host::storage::StorageError;
use crate::host::transport::{
    self, Content, FetchRequest, Fetched, Limits, Pace, TransportError, Validators,
};
use crate::model::distro::Distribution;
use crate::model::feed::{Authenticity, FeedRole, FeedStamp, SourceSettings};
use crate::model::package::Inventory;

/// How long a failed refresh is not tried again, unless asked for (product design, section 5: remembered failures).
const RETRY_AFTER: TimeDelta = TimeDelta::minutes(15);
/// Longest wait for a connection: a scan without a network must not feel slow.
const CONNECT: Duration = Duration::from_secs(4);

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

/// A refresh or import that failed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// There is no feed of that name.
    #[error("there is no feed named {name:?}")]
    UnknownFeed {
        /// The name.
        name: String,
    },
    /// The feed does not speak about this distribution.
    #[error("{feed} does not speak about {distribution}")]
    NotCovered {
        /// The feed.
        feed: String,
        /// The distribution, for people.
        distribution: String,
    },
    /// The content could not be had.
    #[error("cannot refresh {feed}")]
    Fetch {
        /// The feed.
        feed: String,
        /// What failed.
        #[source]
        source: TransportError,
    },
    /// The content was not believed.
    #[error("the content for {feed} is refused")]
    Refused {
        /// The feed.
        feed: String,
        /// Which step it failed.
        #[source]
        source: Refusal,
    },
    /// The cache cannot be used.
    #[error("cannot keep {feed}")]
    Cache {
        /// The feed.
        feed: String,
        /// What failed.
        #[source]
        source: CacheError,
    },
    /// The index cannot be written.
    #[error("cannot write the index of {feed}")]
    Index {
        /// The feed.
        feed: String,
        /// What the system answered.
        #[source]
        source: StorageError,
    },
}

impl RefreshError {
    /// Tells whether an administrator who knows better may take the content all the same.
    pub fn is_acceptable(&self) -> bool {
        matches!(self, Self::Refused { source, .. } if source.is_acceptable())
    }

    /// Returns the whole chain in one line, for a record.
    fn reason(&self) -> String {
        match self {
            Self::Fetch { source, .. } => source.reason(),
            Self::Refused { feed, source } if source.is_acceptable() => {
                format!("{} (believe it: patchctl feeds refresh --accept-older {feed})", source.reason())
            }
            Self::Refused { source, .. } => source.reason(),
            other => {
                let cause =
                    std::error::Error::source(other).map_or(String::new(), |cause| format!(": {cause}"));
                format!("{other}{cause}")
            }
        }
    }
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
    std::thread::scope(|scope| {
        let begin = |source| scope.spawn(move || refresh_source(&request, source));
        let begun: Vec<_> = request.sources.iter().map(begin).collect();
        let ended = begun.into_iter().zip(request.sources);
        ended.map(|(thread, source)| thread.join().unwrap_or_else(|_| stamp::defect(source))).collect()
    })
}

fn refresh_source(request: &RefreshRequest<'_>, source: &SourceSettings) -> FeedStamp {
    let cache = FeedCache::new(request.layout, &source.name);
    // A damaged record is as good as none: the cache may be deleted at any time.
    let mut record = cache.read().unwrap_or_default();
    let (now, release) = (request.clock.now(), request.distribution.release_key());
    if is_due(request, source, &record) {
        match update(request, source, &record) {
            Ok(updated) => record = updated,
            Err(error) => remember(&cache, &mut record, &error, now),
        }
    }
    if let Err(error) = count_release(request, source, &mut record) {
        record.failure.get_or_insert(failure(&error, now));
    }
    stamp(source, &record, &release, now)
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

/// Tells whether content came from where the source is now, with the digest that is configured now.
fn is_of_source(content: &StoredContent, source: &SourceSettings) -> bool {
    content.location == source.location && source.sha256.is_none_or(|pin| pin == content.sha256)
}

/// Keeps a failure for later scans. When even that cannot be written, this scan still tells it. That a release is
/// not in the feed concerns this root only, and other roots may share the cache.
fn remember(cache: &FeedCache, record: &mut CacheRecord, error: &RefreshError, now: DateTime<Utc>) {
    record.failure = Some(failure(error, now));
    if !matches!(error, RefreshError::Refused { source: Refusal::Release { .. }, .. }) {
        let _ = cache.write(record);
    }
}

fn failure(error: &RefreshError, now: DateTime<Utc>) -> StoredFailure {
    let refused = matches!(error, RefreshError::Refused { .. });
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
    let known = reusable.map_or(Validators::default(), StoredContent::validators);
    match fetch(request, source, (&source.location, known))? {
        Fetched::Unchanged => note_unchanged(request, source, record),
        Fetched::New(content) => {
            let content = follow(request, source, (format, content))?;
            let accept_older = request.accept_older.contains(&source.name);
            let last_good = record.content.as_ref();
            keep(Keeping { request, format, source, accept_older, last_good, by_hand: false }, &content)
        }
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

fn fetch(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    (location, known): (&str, Validators),
) -> Result<Fetched, RefreshError> {
    let connect = CONNECT.min(request.patience);
    transport::fetch(FetchRequest {
        location,
        pinned: source.sha256.is_some(),
        limits: Limits { bytes: LARGEST_CONTENT, deadline: request.patience, connect, pace: Pace::LOWEST },
        known: &known,
        environment: request.environment,
    })
    .map_err(|error| RefreshError::Fetch { feed: source.name.clone(), source: error })
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

/// Where content goes, and what it is measured against.
#[derive(Clone, Copy)]
struct Keeping<'a> {
    request: &'a RefreshRequest<'a>,
    format: Format,
    source: &'a SourceSettings,
    accept_older: bool,
    last_good: Option<&'a StoredContent>,
    /// Root brought it as a file.
    by_hand: bool,
}

impl Keeping<'_> {
    fn authenticity(&self) -> Authenticity {
        if self.source.sha256.is_some() {
            Authenticity::Pinned
        } else if self.by_hand || transport::local_path(&self.source.location).is_some() {
            Authenticity::Local
        } else {
            Authenticity::Tls
        }
    }
}

/// Takes content through trust, then writes content, record and index, in this order: an index is never newer than
/// the content it can be built from again.
fn keep(keeping: Keeping<'_>, content: &Content) -> Result<CacheRecord, RefreshError> {
    let Keeping { request, source, .. } = keeping;
    let (release, now) = (request.distribution, request.clock.now());
    let gate = Gate {
        format: keeping.format,
        release,
        pin: source.sha256,
        last_good: keeping.last_good,
        accept_older: keeping.accept_older,
        now,
    };
    let refused = |refusal| RefreshError::Refused { feed: source.name.clone(), source: refusal };
    let admitted = trust::admit(&content.bytes, content.published, gate).map_err(refused)?;
    check_upheaval(keeping, &admitted.index).map_err(refused)?;
    let mut stored = StoredContent {
        location: source.location.clone(),
        fetched: now,
        checked: now,
        published: content.published,
        etag: content.validators.etag.clone(),
        last_modified: content.validators.last_modified.clone(),
        sha256: admitted.sha256,
        authenticity: keeping.authenticity(),
        entries: admitted.entries,
        advisories: BTreeMap::new(),
        unread: BTreeMap::new(),
    };
    stored.note_release(release.release_key(), admitted.advisories, admitted.unread);
    let cache = FeedCache::new(request.layout, &source.name);
    let record = cache.store(stored, &content.bytes).map_err(caching(&source.name))?;
    compiled::write(request.layout, source, release, &admitted.index)?;
    Ok(record)
}

/// Counts this host's open holes by the content in use and by the new one, where there are both.
fn check_upheaval(keeping: Keeping<'_>, index: &[u8]) -> Result<(), Refusal> {
    let Keeping { request, source, .. } = keeping;
    if keeping.accept_older || keeping.last_good.is_none() || source.role != FeedRole::Verdicts {
        return Ok(());
    }
    // An index in use that cannot be read is no reason to refuse the one that replaces it.
    let Ok(Some(known)) = load_index(request.layout, source, request.distribution) else { return Ok(()) };
    let found = Index::open(index.to_vec()).map_err(|source| Refusal::Compile { source })?;
    let holes = |index: &Index| open_holes(request.inventory, index);
    trust::check_upheaval(holes(&found), holes(&known))
}
