//! The last good content of a feed, and what went wrong since.
//!
//! A folder for each feed: `meta.json`, and the content as it was received in a file named by its digest. The record
//! is replaced after the content is on disk and before the old content goes, so a power cut leaves one of the two.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::trust::{Changes, Received, identity};
use crate::config::layout::Layout;
use crate::host::lock::{LockError, RunLock};
use crate::host::storage::{self, StorageError};
use crate::host::transport::Validators;
use crate::model::digest::Sha256;
use crate::model::feed::{Authenticity, Unread};

/// Largest record that is read; a real one has under 2 KiB.
const LARGEST_RECORD: u64 = 256 * 1024;
/// Name of the lock in the folder.
const LOCK: &str = "lock";
/// Mode of the folders: the cache holds public content only.
const FOLDER: u32 = 0o755;

/// What is known of a feed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheRecord {
    /// The last content that was believed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub content: Option<StoredContent>,
    /// What went wrong since; gone with the next success.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<StoredFailure>,
}

/// Content that was believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredContent {
    /// Where it came from.
    pub location: String,
    /// When it was fetched.
    pub fetched: DateTime<Utc>,
    /// When its source was last asked, changed or not.
    pub checked: DateTime<Utc>,
    /// The vendor's date of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub published: Option<DateTime<Utc>>,
    /// `ETag`, or the stamp of a local file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub etag: Option<String>,
    /// `Last-Modified`, as it was sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_modified: Option<String>,
    /// Digest of the bytes as received.
    pub sha256: Sha256,
    /// What changed since, where the source is brought up to date document by document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub changes: Option<StoredChanges>,
    /// How it was authenticated.
    pub authenticity: Authenticity,
    /// Fingerprint of the key that signed it, where a signature was verified.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
    /// Statements in it, all releases together.
    pub entries: u64,
    /// Statements by release, for the releases that were compiled.
    pub advisories: BTreeMap<String, u64>,
    /// What could not be read, by release.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub unread: BTreeMap<String, Unread>,
}

/// Documents that came after an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredChanges {
    /// Digest of the archive that they are in.
    pub sha256: Sha256,
    /// The time of the last change that is in it.
    pub reached: DateTime<Utc>,
    /// How many documents it has.
    pub documents: u64,
}

impl StoredContent {
    /// Returns the digest of everything, changes included.
    pub fn identity(&self) -> Sha256 {
        identity(self.sha256, self.changes.as_ref().map(|changes| changes.sha256))
    }

    /// Returns what to send back to the server.
    pub fn validators(&self) -> Validators {
        Validators { etag: self.etag.clone(), last_modified: self.last_modified.clone() }
    }

    /// Notes what was compiled from it for a release.
    pub fn note_release(&mut self, release: String, advisories: u64, unread: Unread) {
        if !unread.is_nothing() {
            self.unread.insert(release.clone(), unread);
        }
        self.advisories.insert(release, advisories);
    }

    /// Returns the date that its age is counted from.
    pub fn dated(&self) -> DateTime<Utc> {
        self.published.unwrap_or(self.fetched)
    }
}

/// A refresh that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFailure {
    /// When.
    pub time: DateTime<Utc>,
    /// Why, in a few words.
    pub reason: String,
    /// Content came and was refused, as opposed to no content.
    pub refused: bool,
}

/// What kept the cache from being read or written.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// A file of the cache cannot be read or written.
    #[error("cannot use the feed cache")]
    Storage {
        /// What the system answered.
        #[source]
        source: StorageError,
    },
    /// The record is damaged.
    #[error("cannot read the record {path} of the feed cache")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Another process refreshes the feed.
    #[error("another refresh of it has not ended")]
    Busy {
        /// Who.
        #[source]
        source: LockError,
    },
    /// The content is not what the record says.
    #[error("{path} was changed: its digest is not the one recorded")]
    Changed {
        /// The content file.
        path: PathBuf,
    },
}

/// The folder of one feed.
#[derive(Clone, Debug)]
pub struct FeedCache {
    folder: PathBuf,
}

impl FeedCache {
    /// The cache of the feed of that name.
    pub fn new(layout: &Layout, feed: &str) -> Self {
        Self { folder: layout.feed(feed) }
    }

    /// Reads the record; an absent one is empty.
    ///
    /// # Errors
    /// It cannot be read, or is damaged.
    pub fn read(&self) -> Result<CacheRecord, CacheError> {
        let path = self.record_path();
        if !storage::exists(&path) {
            return Ok(CacheRecord::default());
        }
        let bytes = storage::read_at_most(&path, LARGEST_RECORD).map_err(storing)?;
        serde_json::from_slice(&bytes).map_err(|source| CacheError::Record { path, source })
    }

    /// Replaces the record.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write(&self, record: &CacheRecord) -> Result<(), CacheError> {
        let path = self.record_path();
        let bytes = serde_json::to_vec_pretty(record)
            .map_err(|source| CacheError::Record { path: path.clone(), source })?;
        storage::create_folder(&self.folder, FOLDER).map_err(storing)?;
        storage::replace(&path, &bytes, storage::PUBLIC).map_err(storing)
    }

    /// Takes the lock of the feed, so that one refresh at a time writes its folder.
    ///
    /// # Errors
    /// The folder cannot be written, or another refresh did not end in time.
    pub fn lock(&self, patience: Duration) -> Result<RunLock, CacheError> {
        storage::create_folder(&self.folder, FOLDER).map_err(storing)?;
        RunLock::take(&self.folder.join(LOCK), "feeds refresh", patience)
            .map_err(|source| CacheError::Busy { source })
    }

    /// Returns the folder, for what is needed while content is looked at.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns where content is received, before it is believed.
    pub fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    /// Returns where changes are gathered, before they are believed.
    pub fn incoming_changes(&self) -> PathBuf {
        self.folder.join("incoming.changes")
    }

    /// Drops what was received and is not believed.
    pub fn drop_incoming(&self) {
        for path in [self.incoming(), self.incoming_changes()] {
            // What cannot be removed is replaced by the next refresh.
            let _ = storage::remove_file(&path);
        }
    }

    /// Makes what was received survive a power cut: due before it is stored.
    ///
    /// # Errors
    /// The system cannot write it.
    pub fn sync(received: &Received) -> Result<(), CacheError> {
        let changes = received.changes.as_ref().map(|changes| &changes.path);
        [&received.path]
            .into_iter()
            .chain(changes)
            .try_for_each(|path| storage::sync_file(path))
            .map_err(storing)
    }

    /// Stores what was received, believed and [synced](Self::sync), then its record, then drops older content.
    ///
    /// # Errors
    /// The folder cannot be written; the last content is still there.
    pub fn store(&self, content: StoredContent, received: &Received) -> Result<CacheRecord, CacheError> {
        let mut came = vec![(&received.path, self.content_path(&content.sha256))];
        if let Some(changes) = &received.changes {
            came.push((&changes.path, self.changes_path(&changes.sha256)));
        }
        for (path, to) in came.iter().filter(|(path, to)| *path != to) {
            storage::rename(path, to).map_err(storing)?;
        }
        let record = CacheRecord { content: Some(content), failure: None };
        self.write(&record)?;
        let content = came.into_iter().map(|(_, path)| path);
        let kept: Vec<PathBuf> = content.chain([self.record_path(), self.folder.join(LOCK)]).collect();
        self.drop_others(&kept)?;
        Ok(record)
    }

    fn drop_others(&self, kept: &[PathBuf]) -> Result<(), CacheError> {
        for path in storage::list(&self.folder).map_err(storing)? {
            if !kept.contains(&path) {
                storage::remove_file(&path).map_err(storing)?;
            }
        }
        Ok(())
    }

    /// Returns the content after checking that it is the one recorded.
    ///
    /// # Errors
    /// It cannot be read, or was changed.
    pub fn content(&self, stored: &StoredContent) -> Result<Received, CacheError> {
        let path = self.content_path(&stored.sha256);
        check(&path, stored.sha256)?;
        let changes = stored.changes.as_ref().map(|changes| {
            let path = self.changes_path(&changes.sha256);
            check(&path, changes.sha256)?;
            let StoredChanges { sha256, reached, documents } = *changes;
            Ok(Changes { path, sha256, reached, documents })
        });
        let size = storage::stamp(&path).size;
        Ok(Received { path, size, sha256: stored.sha256, changes: changes.transpose()? })
    }

    fn record_path(&self) -> PathBuf {
        self.folder.join("meta.json")
    }

    fn changes_path(&self, digest: &Sha256) -> PathBuf {
        self.folder.join(format!("{digest}.changes"))
    }

    fn content_path(&self, digest: &Sha256) -> PathBuf {
        self.folder.join(format!("{digest}.content"))
    }
}

fn check(path: &Path, expected: Sha256) -> Result<(), CacheError> {
    match storage::digest(path).map_err(storing)? == expected {
        true => Ok(()),
        false => Err(CacheError::Changed { path: path.to_owned() }),
    }
}

fn storing(source: StorageError) -> CacheError {
    CacheError::Storage { source }
}
