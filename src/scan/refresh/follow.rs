//! From the address of an rpm repository to its statements: a list of mirrors leads to `repomd.xml`, and that lists the
//! file, its size and its digest.

use super::{RefreshError, RefreshRequest, fetch};
use crate::host::transport::{Content, Fetched, Validators};
use crate::model::feed::SourceSettings;
use crate::scan::feed::registry::Format;
use crate::scan::feed::repomd::{Record, Repomd, RepomdError};
use crate::scan::feed::trust::Refusal;
use crate::scan::feed::{Addressing, FeedError, mirror_list};

/// Where the statements lie, while they are looked for.
struct Trail<'a> {
    request: &'a RefreshRequest<'a>,
    source: &'a SourceSettings,
    location: String,
}

/// Returns the content that a fetched document leads to; the document itself where it is the content. What to send back
/// to the server next time stays that of the first document: while it is unchanged, so is all that it leads to.
///
/// # Errors
/// A document on the way is none, or what it leads to cannot be had or is not what it lists.
pub(super) fn follow(
    request: &RefreshRequest<'_>,
    source: &SourceSettings,
    (format, first): (Format, Content),
) -> Result<Content, RefreshError> {
    if format.addressing() == Addressing::Direct {
        return Ok(first);
    }
    let mut trail = Trail { request, source, location: source.location.clone() };
    let validators = first.validators.clone();
    let repomd = match trail.location.ends_with("mirror.list") {
        true => trail.by_mirror_list(&first)?,
        false => first,
    };
    if !is_repomd(&repomd.bytes) {
        return Ok(Content { validators, ..repomd });
    }
    let record = trail.listed(&repomd)?;
    let content = trail.next(record.location(&trail.location))?;
    record.check(&content.bytes).map_err(|error| trail.unlike(error))?;
    Ok(Content { bytes: content.bytes, validators, published: record.timestamp.or(content.published) })
}

/// An administrator may name the statements themselves.
fn is_repomd(bytes: &[u8]) -> bool {
    /// The root element stands behind the declaration and perhaps a comment.
    const HEAD: usize = 1024;
    let head = &bytes[..bytes.len().min(HEAD)];
    memchr::memmem::find(head, b"<repomd").is_some()
}

impl Trail<'_> {
    fn by_mirror_list(&mut self, list: &Content) -> Result<Content, RefreshError> {
        let mirrors = mirror_list::repomd_locations(&list.bytes, &self.location);
        let mirrors = mirrors.map_err(|error| self.refused(error))?;
        let mut last = None;
        for mirror in mirrors {
            match self.next(mirror) {
                Ok(content) => return Ok(content),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| self.refused(FeedError::Empty { feed: "mirror-list" })))
    }

    fn listed(&self, repomd: &Content) -> Result<Record, RefreshError> {
        let repomd = Repomd::parse(&repomd.bytes).map_err(|error| self.refused(error))?;
        repomd.updateinfo().cloned().map_err(|error| self.unlike(error))
    }

    /// Fetches the next document and remembers where it came from.
    fn next(&mut self, location: String) -> Result<Content, RefreshError> {
        self.location = location;
        match fetch(self.request, self.source, (&self.location, Validators::default()))? {
            Fetched::New(content) => Ok(content),
            Fetched::Unchanged => Err(self.refused(FeedError::Empty { feed: "repomd" })),
        }
    }

    fn refused(&self, error: FeedError) -> RefreshError {
        RefreshError::Refused { feed: self.source.name.clone(), source: Refusal::Shape { source: error } }
    }

    fn unlike(&self, error: RepomdError) -> RefreshError {
        RefreshError::Refused {
            feed: self.source.name.clone(),
            source: Refusal::Repository { source: error },
        }
    }
}
