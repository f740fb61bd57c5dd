//! The feeds of this host become a bundle.

use std::io::{self, Write};
use std::path::Path;

use super::super::{RefreshError, RefreshRequest, caching};
use super::payload;
use super::{
    BundleError, BundledChanges, BundledFeed, BundledFile, BundledMember, MANIFEST, Manifest, Payload, SCHEMA,
};
use crate::host::outlet;
use crate::host::storage;
use crate::model::feed::SourceSettings;
use crate::scan::feed::cache::{FeedCache, StoredContent};
use crate::scan::feed::trust::Received;

/// zstd's own default: most content is compressed already.
const LEVEL: i32 = 3;

/// What went into a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The feeds in it.
    pub feeds: Vec<String>,
    /// Feeds of which nothing is here.
    pub missing: Vec<String>,
}

/// A feed that goes into a bundle, and its files.
struct Packed {
    feed: BundledFeed,
    received: Received,
}

/// Writes the content in use of every source into one file, after checking its digests, and other files after it.
///
/// # Errors
/// There is nothing to write, stored content was changed, or the file cannot be written. An older file of that name stays.
pub fn export_bundle(
    request: &RefreshRequest<'_>,
    bundle: &Path,
    payload: &[Payload],
) -> Result<Exported, BundleError> {
    let (mut packed, mut missing, mut locks) = (Vec::new(), Vec::new(), Vec::new());
    for source in request.sources {
        let failed = |error| BundleError::Feed { feed: source.name.clone(), source: Box::new(error) };
        let cache = FeedCache::new(request.layout, &source.name);
        let in_cache = |error| failed(caching(&source.name)(error));
        // A refresh would take the files away while they are read. Who cannot lock cannot be disturbed by a refresh of
        // his own either.
        locks.extend(cache.lock(request.patience).ok());
        let Some(stored) = cache.read().map_err(in_cache)?.content else {
            missing.push(source.name.clone());
            continue;
        };
        packed.push(pack(source, &cache, &stored).map_err(failed)?);
    }
    if packed.is_empty() && payload.is_empty() {
        return Err(BundleError::Nothing);
    }
    let feeds = packed.iter().map(|packed| packed.feed.name.clone()).collect();
    let members = payload.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    payload::check(&members)?;
    let manifest = Manifest {
        schema: SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created: request.clock.now(),
        feeds: packed.iter().map(|packed| packed.feed.clone()).collect(),
        payload: members,
    };
    let written =
        outlet::write_file(bundle, storage::PUBLIC, |file| write(&manifest, (&packed, payload), file));
    written.map_err(BundleError::storage)?;
    Ok(Exported { feeds, missing })
}

fn pack(source: &SourceSettings, cache: &FeedCache, stored: &StoredContent) -> Result<Packed, RefreshError> {
    let received = cache.content(stored).map_err(caching(&source.name))?;
    let changes = received.changes.as_ref().map(|changes| BundledChanges {
        file: BundledFile { size: storage::stamp(&changes.path).size, sha256: changes.sha256 },
        reached: changes.reached,
        documents: changes.documents,
    });
    let feed = BundledFeed {
        name: source.name.clone(),
        format: source.format.clone(),
        location: stored.location.clone(),
        published: stored.published,
        fetched: stored.fetched,
        authenticity: stored.authenticity,
        signed_by: stored.signed_by.clone(),
        content: BundledFile { size: received.size, sha256: received.sha256 },
        changes,
    };
    Ok(Packed { feed, received })
}

fn member(payload: &Payload) -> Result<BundledMember, BundleError> {
    let sha256 = storage::digest(&payload.path).map_err(BundleError::storage)?;
    let stamp = storage::stamp(&payload.path);
    let file = BundledFile { size: stamp.size, sha256 };
    Ok(BundledMember { name: payload.name.clone(), file, modified: Some(stamp.seconds) })
}

fn write(
    manifest: &Manifest,
    (packed, payload): (&[Packed], &[Payload]),
    file: &mut dyn Write,
) -> io::Result<()> {
    let mut builder = tar::Builder::new(zstd::Encoder::new(file, LEVEL)?);
    let text = serde_json::to_vec_pretty(manifest)?;
    builder.append_data(&mut header(text.len() as u64), MANIFEST, &text[..])?;
    for Packed { feed, received } in packed {
        let paths = [Some(&received.path), received.changes.as_ref().map(|changes| &changes.path)];
        for ((name, listed), path) in feed.members().into_iter().zip(paths.into_iter().flatten()) {
            let content = storage::open(path).map_err(|error| error.source)?;
            builder.append_data(&mut header(listed.size), name, content)?;
        }
    }
    for (listed, payload) in manifest.payload.iter().zip(payload) {
        let content = storage::open(&payload.path).map_err(|error| error.source)?;
        builder.append_data(&mut header(listed.file.size), &listed.name, content)?;
    }
    builder.into_inner()?.finish()?.flush()
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(storage::PUBLIC);
    header.set_size(size);
    header
}
