//! A source while it is asked, and what came.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{RefreshError, RefreshMode, RefreshRequest};
use crate::host::transport::{
    self, Content, Download, FetchRequest, Fetched, Limits, Pace, TransportError, Validators,
};
use crate::model::feed::{SourceSettings, Unread};
use crate::scan::feed::registry::Format;
use crate::scan::feed::signature::Signer;
use crate::scan::feed::trust::{self, Received};

/// How often a refresh that was asked for tries; a scan tries once, and remembers what failed.
const ATTEMPTS: u32 = 3;
/// Longest wait for a connection: a scan without a network must not feel slow.
const CONNECT: Duration = Duration::from_secs(4);

/// What is asked for, while it is followed to where it lies.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) request: &'a RefreshRequest<'a>,
    pub(super) source: &'a SourceSettings,
    pub(super) format: Format,
}

/// Content that came, and who is proved to have signed it.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) received: Received,
    pub(super) validators: Validators,
    /// The vendor's date of it.
    pub(super) published: Option<DateTime<Utc>>,
    /// When another host fetched it; absent where this one did now.
    pub(super) fetched: Option<DateTime<Utc>>,
    pub(super) signer: Option<Signer>,
    /// What was listed and could not be had.
    pub(super) unread: Unread,
}

impl Arrived {
    /// One file.
    pub(super) fn file(path: &Path, download: Download, signer: Option<Signer>) -> Self {
        let Download { size, sha256, validators, published } = download;
        let received = Received { path: path.to_owned(), size, sha256, changes: None };
        Self { received, validators, published, fetched: None, signer, unread: Unread::default() }
    }
}

impl Question<'_> {
    /// Fetches a document of the source into a file.
    pub(super) fn download(
        self,
        (location, known): (&str, Validators),
        into: &Path,
    ) -> Result<Fetched<Download>, RefreshError> {
        let request = self.fetch_request((location, &known), trust::largest(self.format));
        transport::download(request, into).map_err(|error| self.unfetched(error))
    }

    /// Fetches a small document of the source into memory.
    pub(super) fn fetch(self, location: &str, largest: u64) -> Result<Vec<u8>, TransportError> {
        match self.ask((location, &Validators::default()), largest)? {
            Fetched::New(content) => Ok(content.bytes),
            Fetched::Unchanged => Ok(Vec::new()),
        }
    }

    /// Fetches a small document of the source into memory, or learns that it did not change.
    pub(super) fn ask(
        self,
        (location, known): (&str, &Validators),
        largest: u64,
    ) -> Result<Fetched<Content>, TransportError> {
        transport::fetch(self.fetch_request((location, known), largest))
    }

    fn fetch_request<'r>(self, (location, known): (&'r str, &'r Validators), bytes: u64) -> FetchRequest<'r>
    where
        Self: 'r,
    {
        let patience = self.request.patience;
        let attempts = if self.request.mode == RefreshMode::Now { ATTEMPTS } else { 1 };
        FetchRequest {
            location,
            pinned: self.source.sha256.is_some(),
            limits: Limits {
                bytes,
                deadline: patience,
                connect: CONNECT.min(patience),
                pace: Pace::LOWEST,
                attempts,
            },
            known,
            environment: self.request.environment,
        }
    }

    pub(super) fn unfetched(self, source: TransportError) -> RefreshError {
        RefreshError::Fetch { feed: self.source.name.clone(), source }
    }
}
