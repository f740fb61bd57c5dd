//! Feeds by hand: a file brought in, and everything that is cached checked again.

use std::path::Path;

use super::authenticate::authenticate;
use super::compiled::load_index;
use super::keep::{Keeping, keep};
use super::question::{Arrived, Question};
use super::stamp::stamp;
use super::{RefreshError, RefreshRequest, caching, format_of};
use crate::host::transport::{Fetched, Validators};
use crate::model::feed::{FeedStamp, SourceSettings};
use crate::scan::feed::cache::FeedCache;

/// Takes a file as the content of a source. It goes through the same trust as content from the network; its date is
/// the date of the file.
///
/// # Errors
/// The file cannot be read, is refused, or cannot be kept. The last good content is still there.
pub fn import_file(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    file: &Path,
) -> Result<FeedStamp, RefreshError> {
    let format = format_of(source, request.distribution)?;
    let cache = FeedCache::new(request.layout, &source.name);
    let _lock = cache.lock(request.patience).map_err(caching(&source.name))?;
    let record = cache.read().unwrap_or_default();
    let question = Question { request, source, format };
    let location = file.to_string_lossy();
    let fetched = question.download((&location, Validators::default()), &cache.incoming())?;
    let record = match fetched {
        Fetched::Unchanged => record,
        Fetched::New(mut download) => {
            // The validators belong to the file, not to the source that is asked next time.
            download.validators = Validators::default();
            let accept_older = request.accept_older.contains(&source.name);
            let last_good = record.content.as_ref();
            let keeping = Keeping { request, format, source, accept_older, last_good, by_hand: true };
            let arrived = authenticate(question, (&location, &cache.incoming()))
                .map(|signer| Arrived::file(&cache.incoming(), download, signer));
            arrived.and_then(|arrived| keep(keeping, arrived)).inspect_err(|_| cache.drop_incoming())?
        }
    };
    Ok(stamp(source, &record, &request.distribution.release_key(), request.clock.now()))
}

/// What became of checking one feed.
#[derive(Debug)]
pub struct FeedCheck {
    /// The feed.
    pub name: String,
    /// Statements for this release; `None` when nothing was ever fetched.
    pub result: Result<Option<u64>, RefreshError>,
}

/// Checks what is cached: digest of the content, and an index that belongs to it.
pub fn verify(request: &RefreshRequest<'_>) -> Vec<FeedCheck> {
    let check =
        |source: &SourceSettings| FeedCheck { name: source.name.clone(), result: check(request, source) };
    request.sources.iter().map(check).collect()
}

fn check(request: &RefreshRequest<'_>, source: &SourceSettings) -> Result<Option<u64>, RefreshError> {
    let name = &source.name;
    let cache = FeedCache::new(request.layout, name);
    let record = cache.read().map_err(caching(name))?;
    let Some(content) = record.content else { return Ok(None) };
    cache.content(&content).map_err(caching(name))?;
    let index = load_index(request.layout, source, request.distribution)?;
    Ok(index.map(|index| index.len() as u64))
}
