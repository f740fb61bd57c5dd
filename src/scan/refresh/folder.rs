//! A vendor's folder of CSAF documents: its archive once, then document by document what changed since.
//!
//! What changed lies in an archive of its own beside the vendor's, which stays as it came and as it was signed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

use super::authenticate::authenticate;
use super::question::{Arrived, Question};
use super::{RefreshError, caching};
use crate::host::storage::{self, StorageError};
use crate::host::transport::{Download, Fetched, TransportError, Validators};
use crate::model::feed::Unread;
use crate::scan::feed::cache::{CacheError, FeedCache, StoredContent};
use crate::scan::feed::container::{ContainerError, LARGEST_DOCUMENT, Members};
use crate::scan::feed::csaf_changes::{
    Archive, Change, ChangesError, Listing, MOST_SINGLE, Work, read_archive, read_changes, refuse_mixed, work,
};
use crate::scan::feed::signature::Signer;
use crate::scan::feed::trust::{Changes, Received, Refusal};
use crate::scan::feed::{ArchivePlace, FeedError};

/// Largest list of changes. Red Hat's has a row of some 60 bytes for each CVE: 20 MB.
const LARGEST_LIST: u64 = 64 * 1024 * 1024;
/// Largest sum of the documents that are kept beside an archive: as many as are fetched one by one, of 40 kB and room.
const LARGEST_CHANGES: u64 = 512 * 1024 * 1024;

/// How long before the date of an archive without a day in its name a document may have changed that it lacks: SUSE packs
/// all of them once a day.
const PACKING: TimeDelta = TimeDelta::days(1);
/// The same where the server tells no date of the archive.
const UNTOLD_PACKING: TimeDelta = TimeDelta::days(30);

/// A file that was fetched and proved: what came, who signed it, and the server's date of it.
type Downloaded = (Received, Option<Signer>, Option<DateTime<Utc>>);

/// A folder while it is read.
struct Folder<'a> {
    question: Question<'a>,
    place: ArchivePlace,
    cache: FeedCache,
    /// Its address, with the slash.
    address: &'a str,
    began: Instant,
    /// What is listed and could not be had.
    unread: Unread,
    /// The archive, where it was fetched to learn its date.
    archive: Option<(Received, Option<Signer>)>,
}

/// Fetches what changed; `None` where the list of changes is the one that is known.
///
/// # Errors
/// A list, an archive or a document cannot be had, is not signed as configured, or is older than what was seen.
pub(super) fn fetch(
    (question, place): (Question<'_>, ArchivePlace),
    last: Option<&StoredContent>,
) -> Result<Option<Arrived>, RefreshError> {
    let cache = FeedCache::new(question.request.layout, &question.source.name);
    let address = question.source.location.strip_suffix(place.list()).unwrap_or(&question.source.location);
    let (began, unread) = (Instant::now(), Unread::default());
    let mut folder = Folder { question, place, cache, address, began, unread, archive: None };
    let known = last.map_or(Validators::default(), StoredContent::validators);
    let Some((lists, validators)) = folder.lists(known)? else { return Ok(None) };
    let is_begun_anew = question.request.accept_older.contains(&question.source.name);
    let last = last.filter(|last| !is_begun_anew && lists.can_follow(last));
    let listing = folder.listing(lists, last)?;
    let work = folder.work(&listing, last)?;
    let (base, signer) = folder.base(&work, last)?;
    let changes = folder.changes(&work, last)?;
    let published = Some(changes.reached);
    // Who stopped on the way asks for the same list again.
    let is_whole = changes.reached == work.reached;
    let validators = if is_whole { validators } else { Validators::default() };
    let received = Received { changes: Some(changes), ..base };
    Ok(Some(Arrived { received, validators, published, fetched: None, signer, unread: folder.unread }))
}

/// What changed and what is gone, as the vendor lists it.
struct Lists {
    changes: Vec<Change>,
    deletions: Vec<Change>,
}

impl Lists {
    /// Tells whether content goes on from what is here; when too much has gathered beside its archive, the vendor's next one
    /// is cheaper.
    fn can_follow(&self, last: &StoredContent) -> bool {
        let Some(known) = &last.changes else { return false };
        let new = self.changes.iter().filter(|change| change.time >= known.reached).count() as u64;
        new == 0 || known.documents + new <= MOST_SINGLE as u64
    }
}

impl Folder<'_> {
    fn lists(&self, known: Validators) -> Result<Option<(Lists, Validators)>, RefreshError> {
        let changes = format!("{}changes.csv", self.address);
        let unfetched = |error| self.question.unfetched(error);
        let changes = match self.question.ask((&changes, &known), LARGEST_LIST).map_err(unfetched)? {
            Fetched::Unchanged => return Ok(None),
            Fetched::New(content) => content,
        };
        let deletions = match self.question.fetch(&format!("{}deletions.csv", self.address), LARGEST_LIST) {
            Err(error) if error.is_absent() => Vec::new(),
            fetched => fetched.map_err(unfetched)?,
        };
        let rows = |bytes: &[u8]| match bytes.trim_ascii().is_empty() {
            true => Ok(Vec::new()),
            false => read_changes(bytes),
        };
        let read = || -> Result<Lists, FeedError> {
            Ok(Lists { changes: read_changes(&changes.bytes)?, deletions: rows(&deletions)? })
        };
        let lists = read().map_err(|source| self.refused(Refusal::Shape { source }))?;
        Ok(Some((lists, changes.validators)))
    }

    /// Adds the archive to the lists. One that has no day in its name is fetched for its date, where it is needed at all.
    fn listing(&mut self, lists: Lists, last: Option<&StoredContent>) -> Result<Listing, RefreshError> {
        let Lists { changes, deletions } = lists;
        let reached = last.and_then(|last| last.changes.as_ref()).map(|changes| changes.reached);
        let archive = match (self.place, reached) {
            (ArchivePlace::Named, _) => {
                let name = self.question.fetch(&self.question.source.location, LARGEST_LIST);
                let name = name.map_err(|error| self.question.unfetched(error))?;
                let archive =
                    read_archive(&name).map_err(|source| self.refused(Refusal::Shape { source }))?;
                refuse_mixed(&archive, &changes).map_err(|error| self.unfollowed(error))?;
                archive
            }
            (ArchivePlace::Beside, Some(reached)) => {
                Archive { name: self.beside(), day: reached.date_naive() }
            }
            (ArchivePlace::Beside, None) => {
                let name = self.beside();
                let (received, signer, published) = self.download(&name)?;
                self.archive = Some((received, signer));
                let newest = changes.iter().map(|change| change.time).max().ok_or_else(|| self.empty())?;
                let before = published.map_or(newest - UNTOLD_PACKING, |published| published - PACKING);
                Archive { name, day: before.date_naive() }
            }
        };
        Ok(Listing { archive, changes, deletions })
    }

    /// The address of an archive that lies beside the folder.
    fn beside(&self) -> String {
        format!("{}.tar.bz2", self.address.trim_end_matches('/'))
    }

    /// What is to be done.
    fn work(&self, listing: &Listing, last: Option<&StoredContent>) -> Result<Work, RefreshError> {
        let reached = last.and_then(|last| last.changes.as_ref()).map(|changes| changes.reached);
        work(listing, reached).map_err(|error| self.unfollowed(error))
    }

    /// Returns the vendor's archive: fetched and verified, or the one that is here.
    fn base(
        &mut self,
        work: &Work,
        last: Option<&StoredContent>,
    ) -> Result<(Received, Option<Signer>), RefreshError> {
        let feed = &self.question.source.name;
        let Some(name) = &work.archive else {
            let stored = last.ok_or_else(|| self.empty())?;
            let received = self.cache.content(stored).map_err(caching(feed))?;
            return Ok((received, stored.signed_by.clone().map(|fingerprint| Signer { fingerprint })));
        };
        if let Some(fetched) = self.archive.take() {
            return Ok(fetched);
        }
        let location = match self.place {
            ArchivePlace::Named => format!("{}{name}", self.address),
            ArchivePlace::Beside => name.clone(),
        };
        self.download(&location).map(|(received, signer, _)| (received, signer))
    }

    /// Fetches an archive and proves it; its date comes with it.
    fn download(&self, location: &str) -> Result<Downloaded, RefreshError> {
        let path = self.cache.incoming();
        match self.question.download((location, Validators::default()), &path)? {
            Fetched::New(Download { size, sha256, published, .. }) => {
                let signer = authenticate(self.question, (location, &path))?;
                Ok((Received { path, size, sha256, changes: None }, signer, published))
            }
            Fetched::Unchanged => Err(self.empty()),
        }
    }

    /// Gathers what changed since the archive: what was gathered before, what is new, and what is gone.
    fn changes(&mut self, work: &Work, last: Option<&StoredContent>) -> Result<Changes, RefreshError> {
        let path = self.cache.incoming_changes();
        storage::remove_file(&path).map_err(|source| self.unkept(source))?;
        let mut gathered = Gathered::begin(&path).map_err(|source| self.unkept(source))?;
        let reached = self.gather_new(work, &mut gathered)?;
        let renewed: BTreeSet<String> = gathered.names.iter().chain(&work.drop).cloned().collect();
        if let Some(last) = last.filter(|_| work.archive.is_none()) {
            self.gather_earlier(last, (&renewed, &mut gathered))?;
        }
        for name in &work.drop {
            gathered.add(name, b"").map_err(|source| self.unkept(source))?;
        }
        let documents = gathered.names.len() as u64;
        gathered.finish().map_err(|source| self.unkept(source))?;
        let sha256 = storage::digest(&path).map_err(|source| self.unkept(source))?;
        Ok(Changes { path, sha256, reached, documents })
    }

    /// Fetches what is new, and returns the time that everything up to is here. When it takes too long or breaks off, what
    /// came is kept and the rest is counted; the next refresh goes on there.
    fn gather_new(&mut self, work: &Work, gathered: &mut Gathered) -> Result<DateTime<Utc>, RefreshError> {
        let mut reached = work.begun;
        for (number, change) in work.fetch.iter().enumerate() {
            match self.gather(&change.path, gathered) {
                Ok(()) => reached = change.time,
                Err(RefreshError::Fetch { source, .. }) if number > 0 || work.archive.is_some() => {
                    let left = work.fetch.len() - number;
                    let reason = format!(
                        "{left} changed documents are left for the next refresh: {}",
                        source.reason()
                    );
                    self.unread.add("changes.csv", reason);
                    return Ok(reached);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(work.reached)
    }

    fn gather(&mut self, name: &str, gathered: &mut Gathered) -> Result<(), RefreshError> {
        if self.began.elapsed() >= self.question.request.patience {
            let location = format!("{}{name}", self.address);
            return Err(self.question.unfetched(TransportError::OutOfTime { location }));
        }
        if let Some(content) = self.document(name)? {
            gathered.add(name, &content).map_err(|source| self.unkept(source))?;
        }
        match gathered.size > LARGEST_CHANGES {
            true => Err(self.refused(Refusal::TooLarge { limit: LARGEST_CHANGES })),
            false => Ok(()),
        }
    }

    /// Fetches one document; none where the vendor lists it and does not have it, which is counted.
    fn document(&mut self, name: &str) -> Result<Option<Vec<u8>>, RefreshError> {
        let location = format!("{}{name}", self.address).replace(' ', "%20");
        let content = match self.question.fetch(&location, LARGEST_DOCUMENT) {
            Err(error) if error.is_absent() => {
                self.unread.add(name, "listed as changed, and not there");
                return Ok(None);
            }
            fetched => fetched.map_err(|error| self.question.unfetched(error))?,
        };
        if self.question.source.key.is_some() {
            let file = self.cache.folder().join("document");
            storage::replace(&file, &content, storage::PUBLIC).map_err(|source| self.unkept(source))?;
            let verified = authenticate(self.question, (&location, &file));
            let _ = storage::remove_file(&file);
            verified?;
        }
        Ok(Some(content))
    }

    /// Gathers what was gathered before and is not there anew.
    fn gather_earlier(
        &self,
        last: &StoredContent,
        (renewed, gathered): (&BTreeSet<String>, &mut Gathered),
    ) -> Result<(), RefreshError> {
        let stored = self.cache.content(last).map_err(caching(&self.question.source.name))?;
        let Some(changes) = stored.changes.filter(|changes| changes.documents > 0) else { return Ok(()) };
        let file = storage::open(&changes.path).map_err(|source| self.unkept(source))?;
        let unpack = |error: ContainerError| {
            self.refused(Refusal::Shape { source: error.into_feed_error("csaf-changes") })
        };
        let mut members = Members::new(file);
        while let Some(member) = members.advance().map_err(unpack)? {
            let mut content = Vec::new();
            members.pour(&mut content).map_err(unpack)?;
            if !renewed.contains(&member.name) {
                gathered.add(&member.name, &content).map_err(|source| self.unkept(source))?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> RefreshError {
        self.refused(Refusal::Shape { source: FeedError::Empty { feed: "csaf-changes" } })
    }

    fn unfollowed(&self, error: ChangesError) -> RefreshError {
        match error {
            ChangesError::OlderThanSeen { newest, reached } => {
                self.refused(Refusal::Older { published: newest, known: reached })
            }
            ChangesError::Mixed { newest, day } => {
                self.refused(Refusal::Mixed { oldest: newest, newest: day })
            }
            ChangesError::NoRows => self.empty(),
        }
    }

    fn refused(&self, source: Refusal) -> RefreshError {
        RefreshError::Refused { feed: self.question.source.name.clone(), source }
    }

    fn unkept(&self, source: StorageError) -> RefreshError {
        caching(&self.question.source.name)(CacheError::Storage { source })
    }
}

/// An archive of documents while it is written.
struct Gathered {
    path: PathBuf,
    builder: tar::Builder<File>,
    size: u64,
    names: Vec<String>,
}

impl Gathered {
    fn begin(path: &Path) -> Result<Self, StorageError> {
        let builder = tar::Builder::new(storage::create_new(path, storage::PUBLIC)?);
        Ok(Self { path: path.to_owned(), builder, size: 0, names: Vec::new() })
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), StorageError> {
        let mut header = tar::Header::new_gnu();
        header.set_mode(storage::PUBLIC);
        header.set_size(content.len() as u64);
        self.builder.append_data(&mut header, name, content).map_err(|source| self.at(source))?;
        self.size += content.len() as u64;
        self.names.push(name.to_owned());
        Ok(())
    }

    fn finish(self) -> Result<(), StorageError> {
        let path = self.path;
        let at = |source| StorageError { operation: "write", path: path.clone(), source };
        let file = self.builder.into_inner().map_err(at)?;
        file.sync_all().map_err(at)
    }

    fn at(&self, source: io::Error) -> StorageError {
        StorageError { operation: "write", path: self.path.clone(), source }
    }
}
