//! Content that came goes through trust into cache and index.

use std::collections::BTreeMap;

use super::question::Arrived;
use super::{RefreshError, RefreshRequest, caching, compiled, load_index};
use crate::host::transport;
use crate::model::feed::{Authenticity, FeedRole, SourceSettings};
use crate::scan::assess::open_holes;
use crate::scan::feed::cache::{CacheRecord, FeedCache, StoredChanges, StoredContent};
use crate::scan::feed::registry::Format;
use crate::scan::feed::trust::{self, Gate, Refusal};
use crate::scan::index::Index;
use crate::threads;

/// Where content goes, and what it is measured against.
#[derive(Clone, Copy)]
pub(super) struct Keeping<'a> {
    pub(super) request: &'a RefreshRequest<'a>,
    pub(super) format: Format,
    pub(super) source: &'a SourceSettings,
    pub(super) accept_older: bool,
    pub(super) last_good: Option<&'a StoredContent>,
    /// Root brought it as a file.
    pub(super) by_hand: bool,
}

impl Keeping<'_> {
    fn authenticity(&self, arrived: &Arrived) -> Authenticity {
        if arrived.signer.is_some() {
            Authenticity::Signed
        } else if self.source.sha256.is_some() {
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
pub(super) fn keep(keeping: Keeping<'_>, arrived: Arrived) -> Result<CacheRecord, RefreshError> {
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
    let cache = FeedCache::new(request.layout, &source.name);
    let authenticity = keeping.authenticity(&arrived);
    let Arrived { received, validators, published, fetched, signer, unread } = arrived;
    // The disk is busy with it while it is read.
    let (synced, admitted) =
        threads::both(|| FeedCache::sync(&received), || trust::admit(&received, published, gate));
    let mut admitted = admitted.map_err(refused)?;
    admitted.unread.join(unread);
    check_upheaval(keeping, &admitted.index).map_err(refused)?;
    let mut stored = StoredContent {
        location: source.location.clone(),
        fetched: fetched.unwrap_or(now),
        checked: now,
        published,
        etag: validators.etag,
        last_modified: validators.last_modified,
        sha256: received.sha256,
        changes: received.changes.as_ref().map(|changes| StoredChanges {
            sha256: changes.sha256,
            reached: changes.reached,
            documents: changes.documents,
        }),
        authenticity,
        signed_by: signer.map(|signer| signer.fingerprint),
        entries: admitted.entries,
        advisories: BTreeMap::new(),
        unread: BTreeMap::new(),
    };
    stored.note_release(release.release_key(), admitted.advisories, admitted.unread);
    // Only a panic leaves no answer.
    synced.unwrap_or_else(|| FeedCache::sync(&received)).map_err(caching(&source.name))?;
    let record = cache.store(stored, &received).map_err(caching(&source.name))?;
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
    let found = Index::open(index).map_err(|source| Refusal::Compile { source })?;
    let holes = |index: &Index| open_holes(request.inventory, index);
    trust::check_upheaval(holes(&found), holes(&known))
}
