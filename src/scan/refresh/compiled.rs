//! The compiled index of a feed for a release: opened when it belongs to the content in use, else built again.

use std::path::Path;

use super::{RefreshError, caching, format_of};
use crate::config::layout::Layout;
use crate::host::storage::{self, StorageError};
use crate::model::distro::Distribution;
use crate::model::feed::SourceSettings;
use crate::scan::feed::cache::{FeedCache, StoredContent};
pub(super) use crate::scan::feed::reading::LARGEST_INDEX;
use crate::scan::feed::trust::{self, Admitted, Gate, Refusal};
use crate::scan::index::{Index, Wanted};

/// Opens the whole index of a feed for a release.
///
/// # Errors
/// As [`load_index_for`].
pub fn load_index(
    layout: &Layout,
    source: &SourceSettings,
    release: &Distribution,
) -> Result<Option<Index>, RefreshError> {
    load_index_for(layout, source, release, Wanted::All)
}

/// Opens what the index of a feed for a release says about the wanted names. One that is absent, damaged, of another version or of other content is
/// built again from the content in the cache. `None` when nothing was ever fetched.
///
/// # Errors
/// The cached content cannot be read, was changed, or says nothing about the release.
pub fn load_index_for(
    layout: &Layout,
    source: &SourceSettings,
    release: &Distribution,
    wanted: Wanted<'_>,
) -> Result<Option<Index>, RefreshError> {
    let name = &source.name;
    let record = FeedCache::new(layout, name).read().map_err(caching(name))?;
    let Some(content) = record.content else { return Ok(None) };
    let known = open(&layout.index(name, &release.release_key()), wanted);
    if let Some(index) = known.filter(|index| index.provenance().content == content.identity()) {
        return Ok(Some(index));
    }
    let bytes = rebuild(layout, source, release, &content)?.index;
    let defect =
        |error| RefreshError::Refused { feed: name.clone(), source: Refusal::Compile { source: error } };
    Index::open_for(bytes.as_slice(), wanted).map(Some).map_err(defect)
}

/// Opens the file as it is; any fault makes it absent, because it can be built again.
fn open(path: &Path, wanted: Wanted<'_>) -> Option<Index> {
    let file = storage::open(path).ok()?;
    let is_too_large = file.metadata().ok()?.len() > LARGEST_INDEX;
    if is_too_large { None } else { Index::open_for(&file, wanted).ok() }
}

/// Compiles the content in the cache again, and writes the index.
pub(super) fn rebuild(
    layout: &Layout,
    source: &SourceSettings,
    release: &Distribution,
    content: &StoredContent,
) -> Result<Admitted, RefreshError> {
    let (format, name) = (format_of(source, release)?, &source.name);
    let received = FeedCache::new(layout, name).content(content).map_err(caching(name))?;
    let gate = Gate {
        format,
        release,
        pin: Some(content.sha256),
        last_good: None,
        accept_older: true,
        now: content.fetched,
    };
    let refused = |source| RefreshError::Refused { feed: name.clone(), source };
    let admitted = trust::admit(&received, content.published, gate).map_err(refused)?;
    // A cache that cannot be written costs time at the next scan, and nothing else.
    let _ = write(layout, source, release, &admitted.index);
    Ok(admitted)
}

/// Writes an index file.
pub(super) fn write(
    layout: &Layout,
    source: &SourceSettings,
    release: &Distribution,
    bytes: &[u8],
) -> Result<(), RefreshError> {
    let path = layout.index(&source.name, &release.release_key());
    let failed = |error: StorageError| RefreshError::Index { feed: source.name.clone(), source: error };
    if let Some(folder) = path.parent() {
        storage::create_folder(folder, 0o755).map_err(failed)?;
    }
    storage::replace(&path, bytes, storage::PUBLIC).map_err(failed)
}
