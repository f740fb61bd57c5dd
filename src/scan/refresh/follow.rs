//! From the address of an rpm repository to its statements: a list of mirrors leads to `repomd.xml`, and that lists the
//! file, its size and its digest.

use std::path::Path;

use super::authenticate::authenticate;
use super::question::{Arrived, Question};
use super::{RefreshError, caching};
use crate::host::storage;
use crate::host::transport::{Download, Fetched, Validators};
use crate::scan::feed::cache::CacheError;
use crate::scan::feed::repomd::{Record, Repomd, RepomdError};
use crate::scan::feed::trust::Refusal;
use crate::scan::feed::{Addressing, FeedError, mirror_list};

/// Largest list that leads on. A repository's has some kilobytes.
const LARGEST_LIST: u64 = 16 * 1024 * 1024;

/// Where the statements lie, while they are looked for. What is fetched lies in one file, one after the other.
struct Trail<'a> {
    question: Question<'a>,
    location: String,
    incoming: &'a Path,
}

/// Returns the content that a fetched document leads to; the document itself where it is the content. What is signed is
/// the content, or the `repomd.xml` that lists its digest. What to send back
/// to the server next time stays that of the first document: while it is unchanged, so is all that it leads to.
///
/// # Errors
/// A document on the way is none, or what it leads to cannot be had or is not what it lists.
pub(super) fn follow(
    question: Question<'_>,
    first: Download,
    incoming: &Path,
) -> Result<Arrived, RefreshError> {
    if question.format.addressing() != Addressing::Repository {
        let signer = authenticate(question, (&question.source.location, incoming))?;
        return Ok(Arrived::file(incoming, first, signer));
    }
    let mut trail = Trail { question, location: question.source.location.clone(), incoming };
    let validators = first.validators.clone();
    let mut found = first;
    if trail.location.ends_with("mirror.list") {
        found = trail.by_mirror_list()?;
    }
    let signer = authenticate(question, (&trail.location, incoming))?;
    if trail.is_repomd()? {
        let record = trail.listed()?;
        found = trail.next(record.location(&trail.location))?;
        trail.check(&record)?;
        found.published = record.timestamp.or(found.published);
    }
    Ok(Arrived::file(incoming, Download { validators, ..found }, signer))
}

impl Trail<'_> {
    /// An administrator may name the statements themselves.
    fn is_repomd(&self) -> Result<bool, RefreshError> {
        /// The root element stands behind the declaration and perhaps a comment.
        const HEAD: u64 = 1024;
        let head = storage::read_head(self.incoming, HEAD).map_err(|error| self.unreadable(error))?;
        Ok(memchr::memmem::find(&head, b"<repomd").is_some())
    }

    fn by_mirror_list(&mut self) -> Result<Download, RefreshError> {
        let mirrors = mirror_list::repomd_locations(&self.list()?, &self.location);
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

    fn listed(&self) -> Result<Record, RefreshError> {
        let repomd = Repomd::parse(&self.list()?).map_err(|error| self.refused(error))?;
        repomd.updateinfo().cloned().map_err(|error| self.unlike(error))
    }

    /// Reads the list that was fetched last.
    fn list(&self) -> Result<Vec<u8>, RefreshError> {
        storage::read_at_most(self.incoming, LARGEST_LIST).map_err(|error| self.unreadable(error))
    }

    fn check(&self, record: &Record) -> Result<(), RefreshError> {
        let bytes = storage::read(self.incoming).map_err(|error| self.unreadable(error))?;
        record.check(&bytes).map_err(|error| self.unlike(error))
    }

    /// Fetches the next document and remembers where it came from.
    fn next(&mut self, location: String) -> Result<Download, RefreshError> {
        self.location = location;
        match self.question.download((&self.location, Validators::default()), self.incoming)? {
            Fetched::New(download) => Ok(download),
            Fetched::Unchanged => Err(self.refused(FeedError::Empty { feed: "repomd" })),
        }
    }

    fn feed(&self) -> String {
        self.question.source.name.clone()
    }

    fn unreadable(&self, source: storage::StorageError) -> RefreshError {
        caching(&self.feed())(CacheError::Storage { source })
    }

    fn refused(&self, error: FeedError) -> RefreshError {
        RefreshError::Refused { feed: self.feed(), source: Refusal::Shape { source: error } }
    }

    fn unlike(&self, error: RepomdError) -> RefreshError {
        RefreshError::Refused { feed: self.feed(), source: Refusal::Repository { source: error } }
    }
}
